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
from contextlib import ExitStack
from typing import Any

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

STACKS = int(os.environ.get("LAZULITE_STACKS", "40"))
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
ODD = (None, "", "x", 0, -1, 1.5, True, [], {}, [1, "a", None], {"id": "q"}, {"a": {"b": None}}, "2024-01-01T00:00:00Z", [{"id": "z"}])
VALUES = (
    "{p}", "{p}", "{p}", "tostring({p})", "tolower(tostring({p}))", "bag_pack('a', {p}, 'b', name)", "pack_array({p}, {q})",
    "iff(type has 'disks', {p}, {q})", "coalesce({p}, {q})", "isnull({p})", "isempty({p})", "toint({p})", "todatetime({p})",
    "array_length({p})", "gettype({p})", "bag_keys({p})", "strcat({p}, '-', name)", "bag_merge({p}, {q})", "{p}.id",
    "iff(type has 'disks', {p}, dynamic(null))", "{p}[strcat('i', 'd')]", "{p}[toint(name) + 1]", "bag_set_key({p}, 'k', {q})",
    "bag_remove_keys({p}, dynamic(['id']))", "bag_has_key({p}, 'id')", "array_concat({p}, {q})", "treepath({p})", "dynamic_to_json({p})",
    "{p} has 'a'", "{p} in~ ('x', 'succeeded')", "isnotempty({p})", "array_slice({p}, 0, 1)", "array_index_of({p}, '1')", "set_union({p}, {q})",
    "hash({p})", "tostring(bag_pack('p', {p}).p)", "strcat_array({p}, ',')", "todynamic(tostring({p}))", "extract_json('$.id', tostring({p}))",
    "case(name has 'a', {p}, name has 'b', tags, {q})", "{p} =~ 'x'", "{p} contains 'a'", "pack_all()", "parse_json(tostring({p}))",
)  # fmt: skip
OTHERS = "Resources | where type =~ 'Microsoft.{type}' | extend id = strcat(id, '-{salt}')"
STEPS = (
    "where type =~ 'Microsoft.{type}'", "where type in~ ('Microsoft.{type}', 'Microsoft.{other}')", "where isnotnull({p})",
    "where tostring({p}) contains 'a'", "where {p} == 'x' or name != ''", "extend {n} = {v}", "extend {n} = {v}, {n}2 = {w}",
    "extend {n} = {v} | where isnotempty({n})", "extend properties = {p}", "extend tags = {v}",
    "project id, name, type, properties, tags, zones, sku, identity, plan, subscriptionId", "project-reorder tags, properties",
    "take 1000", "top 9 by id asc", "order by id asc | take 5", "order by id asc | extend {n} = row_number()",
    "order by id asc | extend {n} = prev({p}, 1)", "order by id asc | serialize | extend {n} = next({p})",
    "union (" + OTHERS + ")", "union (" + OTHERS + " | top 4 by id asc)", "union (" + OTHERS + " | extend {n} = {v})",
    "join kind={half} (Resources | where type =~ 'Microsoft.{type}' | project id) on id",
    "join kind={kind} (Resources | where type =~ 'Microsoft.{type}' | project key{salt} = id, {n} = properties, beside = tags)"
    " on $left.id == $right.key{salt} | extend id = coalesce(id, key{salt})",
    "lookup (ResourceContainers | where type =~ 'Microsoft.Resources/subscriptions' | project subscriptionId, {n} = properties) on subscriptionId",
    "mv-expand with_itemindex=i {n} = {array} | extend id = strcat(id, '-', i)",
    "mv-apply {n} = {array} on (summarize many = count(), all = make_list({n}))",
    "summarize dcount({p}), count_distinct(tostring({q})), countif(isnull({p})), id = max(id) by type, name",
    "summarize {n} = array_sort_asc(make_set({p})), a1 = array_length(make_list({q})), a2 = make_bag({p}), id = min(id) by name, type",
    "summarize sum(toint({p})), avg(todouble({q})), min(tostring({p})), max({q}), id = min(id) by type, name = tolower(tostring({p}))",
    "summarize make_list_with_nulls({p}), buildschema({q}), arg_max(id, {p}, properties) by type, name",
    "distinct id, name, type, {n} = tostring({p})", "where {p} in ('1', 'Succeeded', 'PowerState/running')", "where {p} has_any ('a', 'running')",
    "parse tostring({p}) with * '/' {n} '-' *", "mv-expand kind=array {n} = tags | extend id = strcat(id, tostring({n}))",
    "extend {n} = {v} | project-away type | extend type = 'Microsoft.Compute/disks'", "order by tostring({p}) asc, id asc | take 9",
    "join kind=inner (Resources | where type =~ 'Microsoft.{type}' | extend key{salt} = tostring({p}) | summarize least = min(id) by key{salt})"
    " on $left.name == $right.key{salt}",
    "extend {n} = tostring({p}) | lookup (Resources | summarize many = count(), least = min(id) by {n} = tostring({q})) on {n}",
    "summarize arg_max(id, *) by type", "summarize arg_min(id, properties, tags, name) by type, subscriptionId",
    "summarize id = max(id), name = min(name), properties = make_list({p}), tags = make_set(tags.env) by type, subscriptionId, key = id",
)  # fmt: skip


def spaced(name: str) -> str:
    """A type with the service that has it."""
    return ("Network/" if name.startswith("network") else "Compute/") + name


def stacked(chance: random.Random) -> str:
    """A pipeline of some steps, each with its places filled."""

    def filled(template: str) -> str:
        kind, half = chance.choice(["inner", "leftouter", "rightouter", "fullouter"]), chance.choice(["leftsemi", "leftanti"])
        values = [chance.choice(VALUES).format(p=chance.choice(PATHS), q=chance.choice(PATHS)) for _ in "vw"]
        types = [spaced(name) for name in TYPES]
        return template.format(
            p=chance.choice(PATHS), q=chance.choice(PATHS), v=values[0], w=values[1], n=chance.choice("abcdef"), array=chance.choice(ARRAYS), kind=kind,
            half=half, salt=chance.randint(1, 10**6), type=chance.choice(types), other=chance.choice(types),
        )  # fmt: skip

    return "Resources | " + " | ".join(filled(chance.choice(STEPS)) for _ in range(chance.randint(2, 6)))


def odd(documents: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The documents with values of any kind where others are usual, and properties that the typed columns do not know."""
    chance = random.Random(1)

    def change(node: Any) -> None:
        key = chance.choice(list(node)) if isinstance(node, dict) else chance.randrange(len(node))
        if isinstance(node[key], dict | list) and node[key] and chance.random() < 0.6:
            change(node[key])
        elif isinstance(node, dict) and chance.random() < 0.3:
            node[chance.choice(["extra", "vmSize", "ID", "id"])] = chance.choice(ODD)
        else:
            node[key] = chance.choice(ODD)

    for document in documents:
        for _ in range(chance.randint(1, 4)):
            change(document[chance.choice(["properties", "properties", "tags"])] or document["properties"] or document)
        document["properties"] = document["properties"] if isinstance(document["properties"], dict) else {}
    return [{name: value for name, value in document.items() if value not in (None, "")} for document in documents]


@pytest.fixture(scope="module", params=["simulated", "imported and odd"])
def stores(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[duckdb.DuckDBPyConnection, Schema, Schema]]:
    """A connection to an estate, its tables as they lie, and the same with all documents as JSON; without hidden columns."""
    with ExitStack() as opened:
        graph = opened.enter_context(ResourceGraph.simulated(vms=30, seed=5))
        if request.param != "simulated":
            file = tmp_path_factory.mktemp("odd") / "documents.json"
            types = ", ".join(f"'microsoft.{spaced(name)}'" for name in TYPES)
            file.write_text(json.dumps(odd(graph.query(f"Resources | where type in~ ({types})").to_pylist())), encoding="utf-8")
            graph = opened.enter_context(ResourceGraph.imported([file]))
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
