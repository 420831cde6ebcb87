"""Help, the generated reference and plans as text: complete, current, and their examples run."""

from __future__ import annotations

import inspect
from types import SimpleNamespace

import duckdb
import pytest

import kql
from kql import reference
from kql.functions import catalogue
from kql.operators import OPERATORS
from kql.schema import Schema, Table, TableColumn
from kql.types import DYNAMIC, STRING
from queries.profile import RESOURCE_GRAPH
from tests.kql.shared import NOTHING, answer

COLUMNS = ("id", "name", "type", "kind", "location", "resourceGroup", "subscriptionId")
SERVICE = Schema(
    Table(name, tuple(TableColumn(each, STRING) for each in COLUMNS) + tuple(TableColumn(each, DYNAMIC) for each in ("properties", "tags", "sku", "zones")), ())
    for name in ("Resources", "ResourceContainers", "SecurityResources")
)  # fmt: skip
OFFERED = [operator for operator in OPERATORS.values() if not operator.refused]


def examples(operator: type) -> list[str]:
    return inspect.cleandoc(operator.__doc__ or "").split("\n\n")[1:]


@pytest.mark.parametrize("operator", OFFERED, ids=lambda each: each.name)
def test_examples_of_operators_run(operator: type, engine: duckdb.DuckDBPyConnection) -> None:
    assert examples(operator), "an operator's docstring shows an example"
    for example in examples(operator):
        answer(engine, example, SERVICE)


def test_the_reference_is_current() -> None:
    written = reference.PAGE.read_text(encoding="utf-8")
    assert written == reference.reference(RESOURCE_GRAPH), "out of date: run python -m queries.reference"
    assert "### where\n" in written and written.count("Not offered by Resource Graph") > 20


def test_the_reference_names_everything() -> None:
    page = reference.reference()
    for name, row in catalogue.table().items():
        assert name.startswith("$") or f"{name}`" in page or f"### {name}\n" in page, name
        assert row.refused or row.doc in page or row.alias_of or name.startswith("$"), name
    assert all(f"### {operator.name}\n" in page for operator in OFFERED)


def test_what_a_service_does_not_offer_is_marked() -> None:
    profile = SimpleNamespace(operators=frozenset({"where"}), refused_functions={"strlen": "it is a test"})
    assert "Not offered" not in str(reference.help("where", profile))
    assert "Not offered by Resource Graph." in str(reference.help("extend", profile))
    assert "Not offered by Resource Graph: it is a test." in str(reference.help("strlen", profile))
    assert reference.reference(profile).count("Not offered") == len(OFFERED)


@pytest.mark.parametrize(
    ("name", "holds"),
    [
        ("where", "T | where condition"),
        ("filter", "T | where condition"),
        ("sort", "T | order by"),
        ("mvexpand", "T | mv-expand"),
        ("WHERE", "T | where"),
        ("strlen", "strlen(text:"),
        ("strlen(", "strlen(text:"),
        ("==", "letter case counts"),
        ("has", "has"),
        ("count", "count() -> long"),
        ("toreal", "toreal("),
    ],
)
def test_help(name: str, holds: str) -> None:
    text = kql.help(name)
    assert text is not None and holds in text


@pytest.mark.parametrize("name", ["", "nonsense", "$without_empty", "  ", "(", "where x"])
def test_no_help(name: str) -> None:
    assert kql.help(name) is None


def test_a_plan_as_text() -> None:
    text = """let n = 5;
Resources
| where type =~ 'A/b' and (name has 'x' or isempty(properties.a['b c'][0])) and id in ((ResourceContainers | project id))
| extend d = datetime(2020-01-01) + 90m, ['odd name'] = -strlen(name)
| join kind=leftouter (ResourceContainers | project subscriptionId, s = name) on subscriptionId
| mv-expand zone = zones
| summarize count(), countif(d > ago(2d)) by s, tostring(zone)
| order by count_
| take n"""
    assert kql.compile(text, SERVICE).plan_text() == PLAN.strip("\n")


PLAN = """
Limit 5
  Sort count_ desc nulls last
    Aggregate count_ = count(), countif_ = countif(d > ago(2d)) by s, zone = tostring(zone)
      Project *
        Unnest zone = zones
          Join leftouter on subscriptionId == subscriptionId
            Project *, d = datetime(2020-01-01T00:00:00.0000000Z) + 90m, ['odd name'] = -strlen(name)
              Filter (type =~ "A/b") and ((name has "x") or isempty(properties.a['b c'][0])) and id in (Project id <- Scan ResourceContainers, 0 parts)
                Scan Resources, 0 parts
            Project subscriptionId, s = name
              Scan ResourceContainers, 0 parts
"""


def test_every_relation_has_a_line() -> None:
    text = """let T = materialize(datatable(a: long, d: dynamic) [1, dynamic([1])]);
union (T | top 2 by a asc nulls last | distinct a), (T | join (range a from 1 to 3 step 1) on a | project a), (print a = 1)
| where a != toscalar(T | count)"""
    plan = kql.compile(text, NOTHING).plan_text()
    for word in ("Union of 3", "Shared #1", "the rows above", "Values a, d: 1 rows", "Join inner", "First row of each a", "Series a",
                 "Sort a asc nulls last", "Limit 2", "toscalar("):  # fmt: skip
        assert word in plan, plan


def test_a_long_pipeline_is_shown() -> None:
    text = "print a = 1" + " | extend a = a + 1" * 150
    assert kql.compile(text, NOTHING).plan_text().count("\n") >= 150
