"""Laws over the whole catalogue and all operators: what a row declares is what the engine does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest

import kql
from kql.functions import catalogue
from kql.functions import template as template_notation
from kql.functions.row import Function, Overload, scalar
from kql.functions.shapes import SHAPES
from kql.functions.template import Each, Not, template
from kql.operators import OPERATORS
from kql.operators.evaluate import PLUGINS, Plugin
from kql.types import TYPE_NAMES
from tests.kql.shared import NOTHING, NOW, SHARED, answer, database, needs_shared

ROWS = [row for row in catalogue.table().values() if not row.name.startswith("$")]
SHOWN = [(row, example) for row in ROWS for example in row.examples]
GRAMMAR = (Path(kql.__file__).parent / "kql.lark").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def connection() -> duckdb.DuckDBPyConnection:
    return database()


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_every_row_is_told_and_shown(row: Function) -> None:
    assert row.doc.strip(), "a row has a sentence"
    if row.refused:
        assert not row.overloads, "a refused name computes nothing"
    elif not row.alias_of:
        assert row.examples, "a row has an example that holds"


@pytest.mark.parametrize(("row", "example"), SHOWN, ids=lambda each: getattr(each, "name", "")[:30])
def test_examples_hold(row: Function, example: str, connection: duckdb.DuckDBPyConnection) -> None:
    assert answer(connection, f"print holds = {example}")[1] == [(True,)], example


TYPED = [row for row in ROWS if row.kind == "scalar" and not row.refused and row.name != "assert"]  # which fails for null


@pytest.mark.parametrize("row", TYPED, ids=lambda row: row.name)
def test_the_declared_type_comes_out(row: Function, connection: duckdb.DuckDBPyConnection) -> None:
    """For each overload whose result is one type, a call over nulls has that type in SQL too."""
    kinds = {
        "bool": "BOOLEAN", "int": "INTEGER", "long": "BIGINT", "real": "DOUBLE", "string": "VARCHAR",
        "datetime": "BIGINT", "timespan": "BIGINT", "guid": "VARCHAR",
    }  # fmt: skip
    for overload in row.overloads:
        if overload.returns not in kinds or any(p.constant or p.class_name in ("type", "typed") for p in overload.parameters):
            continue
        arguments = []
        for parameter in overload.parameters:
            type = sorted(parameter.classes, key=lambda each: each.value)[0]
            type = TYPE_NAMES["string"] if TYPE_NAMES["string"] in parameter.classes else type
            arguments.append("'x'" if type.value == "string" else f"{type.value}(null)")
        text = f"print r = {row.name}({', '.join(arguments)})"
        compiled = kql.compile(text, NOTHING)
        if compiled.columns[0].type != overload.returns:
            continue  # another overload takes these arguments
        bound = compiled.bind(NOW)
        cursor = connection.execute(compiled.sql, bound) if bound else connection.execute(compiled.sql)
        assert str(cursor.description[0][1]) == kinds[overload.returns], overload.signature
        cursor.fetchall()


def test_strict_rows_give_null_for_null(connection: duckdb.DuckDBPyConnection) -> None:
    for row in ROWS:
        if row.kind != "scalar" or row.nulls != "strict" or row.refused or row.alias_of:
            continue
        for overload in row.overloads:
            typed = [p for p in overload.parameters if not p.text and TYPE_NAMES["string"] not in p.classes]
            if not typed or len(typed) != len(overload.parameters) or overload.returns == "string":
                continue
            arguments = []
            for parameter in overload.parameters:
                if parameter.class_name in ("typed", "type") or parameter.constant:
                    break
                type = next(iter(sorted(parameter.classes, key=lambda each: each.value)))
                arguments.append(f"{type.value}(null)")
            else:
                text = f"print isnull({row.name}({', '.join(arguments)}))"
                assert answer(connection, text)[1] == [(True,)], text


def test_operators_and_grammar_rules_are_one_set() -> None:
    for rule in OPERATORS:
        assert f"\n{rule}:" in GRAMMAR, f"no grammar rule {rule}"
    piped = GRAMMAR.split("_piped:")[1].split("\n\n")[0].replace("|", " ").split()
    assert not {rule for rule in piped if rule not in OPERATORS}


@pytest.mark.parametrize("operator", OPERATORS.values(), ids=lambda each: each.name)
def test_every_operator_has_help(operator: type) -> None:
    text = kql.help(operator.name)  # type: ignore[attr-defined]
    assert text and len(text.splitlines()) >= 3


@pytest.mark.parametrize("plugin", PLUGINS.values(), ids=lambda each: each.name)
def test_every_plugin_is_told_and_its_examples_run(plugin: Plugin, connection: duckdb.DuckDBPyConnection) -> None:
    text = kql.help(plugin.name)
    assert text
    if plugin.refused:
        assert plugin.refused in text
        with pytest.raises(kql.KqlError, match="KQL501"):
            answer(connection, f"print x = 1 | evaluate {plugin.name}()")
        return
    assert plugin.doc in text
    assert plugin.examples
    for example in plugin.examples:
        columns, rows = answer(connection, example)
        assert columns
        assert rows, example


@needs_shared
def test_every_official_plugin_is_known() -> None:
    symbols = json.loads((SHARED / "reference" / "kusto-symbols.json").read_text(encoding="utf-8"))
    assert {each["name"] for each in symbols["plugins"]} <= set(PLUGINS)


@needs_shared
def test_every_official_name_is_a_row_or_a_refusal() -> None:
    symbols = json.loads((SHARED / "reference" / "kusto-symbols.json").read_text(encoding="utf-8"))
    wanted = [each["name"] for kind in ("functions", "aggregates") for each in symbols[kind]]
    assert not [name for name in wanted if name not in catalogue.table()]


def test_files_stay_readable() -> None:
    """No file of the language is longer than 600 lines, generated ones aside."""
    long = {file.name: len(file.read_text(encoding="utf-8").splitlines()) for file in Path(kql.__file__).parent.rglob("*.py")}
    long["kql.lark"] = len(GRAMMAR.splitlines())
    assert not {name: lines for name, lines in long.items() if lines > 600}


def _coded(overload: Overload) -> bool:
    """Whether its SQL needs a Python function: one of its own, or that of the row whose opposite it is."""
    return callable(overload.sql) or (isinstance(overload.sql, Not) and _coded(overload.sql.of))


def test_rows_are_templates_where_they_can_be() -> None:
    """No row needs a function registered with the engine; how many write their SQL in Python may only shrink."""
    offered = [row for row in ROWS if not row.refused and not row.alias_of]
    written = [row for row in offered if any(_coded(overload) for overload in row.overloads)]
    own = [row for row in written if any(callable(overload.sql) for overload in row.overloads)]
    share = len(written) / len(offered)
    print(f"{len(written)} of {len(offered)} rows write their SQL in Python ({share:.1%}), {len(written) - len(own)} of them as opposites")
    assert not [row.name for row in offered if row.python]
    assert share < 0.15


def test_every_template_is_in_the_notation() -> None:
    """All parts of all templates are read: a name that is no parameter and no piece, or an unknown word, is an error."""
    for row in catalogue.table().values():
        for overload in row.overloads:
            assert callable(overload.maker), row.name


@pytest.mark.parametrize(
    "sql",
    ["{y}", "{x:nothing}", {"y": "1", "": "2"}, {"x is nothing": "1", "": "2"}, template("{p}", held="y:list"), Each("x", "1")],
    ids=repr,
)
def test_what_is_not_in_the_notation_is_told(sql: Any) -> None:
    with pytest.raises((ValueError, KeyError)):
        assert scalar(("f(x:long) -> long", sql), doc="A row.").overloads[0].maker


def test_the_notation_is_documented() -> None:
    told = template_notation.__doc__ or ""
    assert not [shape for shape in SHAPES if shape not in TYPE_NAMES and f"{{x:{shape}}}" not in told]
