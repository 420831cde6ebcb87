"""How an estate's documents are stored does not show: the same rows from typed columns, from JSON, and without rewrites.

Pipelines are stacked at random from steps that treat documents in every way: whole, by paths, handed on through orders,
limits, unions and joins, put into other documents. Each is asked of an estate as it lies, of copies of its tables whose
documents are plain JSON, and of the estate again with every rewrite of the plan left out.
"""

from __future__ import annotations

import collections
import json
import os
import random
from collections.abc import Iterator

import duckdb
import pytest

import kql
from kql import plan
from kql.forms import JSON
from kql.schema import Part, PhysicalColumn, Schema, Table, TableColumn
from kql.sql import emit
from kql.types import DYNAMIC, STRING
from queries import ResourceGraph
from tests.kql.shared import NOW
from tests.kql.test_properties import LEAVABLE, plain

STACKS = int(os.environ.get("LAZULITE_STACKS", "60"))
TABLES = ("Resources", "ResourceContainers")
PATHS = (
    "properties", "tags", "zones", "sku", "identity", "plan", "properties.hardwareProfile.vmSize", "properties.storageProfile",
    "properties.storageProfile.osDisk.diskSizeGB", "properties.extended.instanceView.powerState.code", "properties.extended",
    "properties.networkProfile.networkInterfaces", "properties.networkProfile.networkInterfaces[0].id", "properties.nothing",
    "properties.virtualMachineScaleSet.id", "properties.provisioningState", "properties.osProfile.linuxConfiguration",
    "properties.storageProfile.dataDisks", "properties.storageProfile.dataDisks[0].lun", "properties.timeCreated",
    "properties.diskSizeGB", "properties['diskState']", "tags.env", "sku.name", "zones[0]",
)  # fmt: skip
ARRAYS = ("properties.networkProfile.networkInterfaces", "zones", "properties.storageProfile.dataDisks", "properties.nothing")
TYPES = ("virtualMachines", "disks", "networkInterfaces", "virtualMachineScaleSets")
VALUES = (
    "{p}", "{p}", "{p}", "tostring({p})", "tolower(tostring({p}))", "bag_pack('a', {p}, 'b', name)", "pack_array({p}, {q})",
    "iff(type has 'disks', {p}, {q})", "coalesce({p}, {q})", "isnull({p})", "isempty({p})", "toint({p})", "todatetime({p})",
    "array_length({p})", "gettype({p})", "bag_keys({p})", "strcat({p}, '-', name)", "bag_merge({p}, {q})", "{p}.id",
    "case(name has 'a', {p}, name has 'b', tags, {q})", "{p} =~ 'x'", "{p} contains 'a'", "pack_all()", "parse_json(tostring({p}))",
)  # fmt: skip
OTHERS = "Resources | where type =~ 'Microsoft.{type}' | extend id = strcat(id, '-other')"
STEPS = (
    "where type =~ 'Microsoft.{type}'", "where type in~ ('Microsoft.{type}', 'Microsoft.{other}')", "where isnotnull({p})",
    "where tostring({p}) contains 'a'", "where {p} == 'x' or name != ''", "extend {n} = {v}", "extend {n} = {v}, {n}2 = {w}",
    "extend {n} = {v} | where isnotempty({n})", "extend properties = {p}", "extend tags = {v}",
    "project id, name, type, properties, tags, zones, sku, identity, plan, subscriptionId", "project-reorder tags, properties",
    "take 1000", "top 9 by id asc", "order by id asc | take 5", "order by id asc | extend {n} = row_number()",
    "order by id asc | extend {n} = prev({p}, 1)", "order by id asc | serialize | extend {n} = next({p})",
    "union (" + OTHERS + ")", "union (" + OTHERS + " | top 4 by id asc)", "union (" + OTHERS + " | extend {n} = {v})",
    "join kind={kind} (Resources | where type =~ 'Microsoft.{type}' | project id, other = properties, beside = tags) on id",
    "lookup (ResourceContainers | where type =~ 'Microsoft.Resources/subscriptions' | project subscriptionId, {n} = properties) on subscriptionId",
    "mv-expand with_itemindex=i {n} = {array} | extend id = strcat(id, '-', i)",
    "mv-apply {n} = {array} on (summarize many = count(), all = make_list({n}))",
    "summarize arg_max(id, *) by type", "summarize arg_min(id, properties, tags, name) by type, subscriptionId",
    "summarize id = max(id), name = min(name), properties = make_list({p}), tags = make_set(tags.env) by type, subscriptionId, key = id",
)  # fmt: skip


def stacked(chance: random.Random) -> str:
    """A pipeline of some steps, each with its places filled."""

    def filled(template: str) -> str:
        kind = chance.choice(["inner", "leftouter", "rightouter", "fullouter", "leftsemi", "leftanti"])
        values = [chance.choice(VALUES).format(p=chance.choice(PATHS), q=chance.choice(PATHS)) for _ in "vw"]
        spaces = ["Network" if name.startswith("network") else "Compute" for name in TYPES]
        types = [f"{space}/{name}" for space, name in zip(spaces, TYPES, strict=True)]
        return template.format(
            p=chance.choice(PATHS), v=values[0], w=values[1], n=chance.choice("abcdef"), array=chance.choice(ARRAYS), kind=kind,
            type=chance.choice(types), other=chance.choice(types),
        )  # fmt: skip

    return "Resources | " + " | ".join(filled(chance.choice(STEPS)) for _ in range(chance.randint(2, 6)))


@pytest.fixture(scope="module")
def stores() -> Iterator[tuple[duckdb.DuckDBPyConnection, Schema, Schema]]:
    """A connection to an estate, its tables as they lie, and the same with all documents as JSON; without hidden columns."""
    with ResourceGraph.simulated(vms=30, seed=5) as graph:
        cursor = graph._cursors.lent()
        cursor.execute(kql.prelude())
        lying, copied = [], []
        for name in TABLES:
            table = graph.schema.table(name)
            assert table is not None
            columns = tuple(TableColumn(each.name, each.type) for each in table.columns if not each.hidden)
            lying.append(Table(name, columns, table.parts))
            kinds = ", ".join(f'"{each.name}" {"JSON" if each.type is DYNAMIC else "VARCHAR"}' for each in columns)
            cursor.execute(f"CREATE TEMP TABLE copy_of_{name} ({kinds})")
            cursor.execute(f"INSERT INTO copy_of_{name} {kql.compile(name, graph.schema).sql}")
            held = {each.name: PhysicalColumn(each.name, JSON if each.type is DYNAMIC else None, each.type is not STRING) for each in columns}
            copied.append(Table(name, columns, (Part(f"copy_of_{name}", held, {}),)))
        yield cursor, Schema(lying), Schema(copied)
        cursor.close()


def rows(cursor: duckdb.DuckDBPyConnection, relation: plan.Relation, *without: str) -> collections.Counter[str]:
    """The rows as JSON, whichever way a column holds its values."""
    emitted = emit.emit(relation, frozenset(without))

    def shown(value: object, form: str) -> object:
        value = plain(value)
        return json.dumps(json.loads(value) if form == "json" and isinstance(value, str) else value, sort_keys=True, default=str)

    bound = {"now": NOW} if "now" in emitted.parameters else {}
    found = cursor.execute(emitted.sql, bound).fetchall()
    return collections.Counter(repr([shown(value, form) for value, form in zip(row, emitted.forms, strict=True)]) for row in found)


@pytest.mark.parametrize("part", range(4))
def test_how_documents_are_stored_does_not_show(
    part: int, stores: tuple[duckdb.DuckDBPyConnection, Schema, Schema]
) -> None:
    cursor, lying, copied = stores
    ran = 0
    for number in range(part, STACKS, 4):
        text = stacked(random.Random(number))
        try:
            compiled = kql.compile(text, lying)
        except kql.KqlError:
            continue
        found = rows(cursor, compiled.relation)
        assert found == rows(cursor, kql.compile(text, copied).relation), text
        assert found == rows(cursor, compiled.relation, *LEAVABLE), f"without rewrites: {text}"
        ran += 1
    assert ran > STACKS // 8
