"""Nulls and types as declared, with values in the other places: for every scalar row, overload and argument."""

from __future__ import annotations

import duckdb
import pytest

import kql
from kql.functions import catalogue
from kql.functions.row import Function, Overload, Parameter
from kql.types import STRING, Type
from tests.kql.shared import NOTHING, NOW, hold_to

SAMPLES = {
    Type.BOOL: "true", Type.INT: "int(1)", Type.LONG: "2", Type.REAL: "1.5", Type.DECIMAL: "decimal(1.5)", Type.STRING: "'1'",
    Type.DATETIME: "datetime(2020-01-02)", Type.TIMESPAN: "1h", Type.GUID: "guid(74be27de-1e4e-49d9-b579-fe0b331d3642)",
    Type.DYNAMIC: "dynamic([1, 2])", Type.TYPE: "typeof(long)",
}  # fmt: skip
HELD = {
    "bool": {"BOOLEAN"}, "int": {"INTEGER"}, "long": {"BIGINT"}, "real": {"DOUBLE"}, "string": {"VARCHAR"}, "guid": {"VARCHAR"},
    "datetime": {"BIGINT"}, "timespan": {"BIGINT"}, "dynamic": {"VARCHAR", "BIGINT", "INTEGER", "BOOLEAN"},
}  # fmt: skip
ROWS = [
    row
    for row in catalogue.table().values()
    if row.kind == "scalar" and row.overloads and not row.refused and not row.alias_of and not row.name.startswith("$")
    and row.name != "assert"  # to make the query fail is its purpose
]


def calls(row: Function, overload: Overload) -> list[tuple[str, Parameter | None]]:
    """Calls of an overload: one with a value everywhere, then one with a null at each place in turn."""
    parameters = overload.parameters
    types = [min(parameter.classes, key=lambda type: (type is not STRING, type.value)) for parameter in parameters]
    made: list[tuple[str, Parameter | None]] = []
    for nulled in (None, *range(len(parameters))):
        arguments = [SAMPLES[type] for type in types]
        if nulled is not None:
            if types[nulled] in (STRING, Type.TYPE) or parameters[nulled].constant:
                continue  # a string is never null
            arguments[nulled] = f"{types[nulled].value}(null)"
        made.append((f"{row.name}({', '.join(arguments)})", None if nulled is None else parameters[nulled]))
    return made


def value(engine: duckdb.DuckDBPyConnection, call: str) -> tuple[object, str, str] | None:
    """The SQL value, its SQL type and its declared type; None where the arguments make no sense to the row."""
    try:
        compiled = kql.compile(f"print r = {call}", NOTHING)
    except kql.KqlError:
        return None
    cursor = engine.execute(compiled.sql, compiled.bind(NOW))
    assert cursor.description is not None
    return cursor.fetchall()[0][0], str(cursor.description[0][1]), compiled.columns[0].type


def wrong(row: Function, engine: duckdb.DuckDBPyConnection) -> str:
    """What is not as declared, or ''."""
    for overload in row.overloads:
        for call, nulled in calls(row, overload):
            try:
                found = value(engine, call)
            except duckdb.Error as error:
                return f"{call} fails: {str(error).splitlines()[0][:120]}"
            if found is None:
                continue
            result, held, declared = found
            if declared != "decimal" and held not in HELD[declared]:
                return f"{call} is {held}, not {declared}"
            if declared == "string" and result is None:
                return f"{call}: a string is never null"
            if declared != "string" and row.nulls == "total" and result is None:
                return f"{call}: declared total, gives null"
            lenient = declared == "string" or nulled is None or nulled.class_name == "typed"
            if not lenient and row.nulls == "strict" and result is not None:
                return f"{call}: declared strict, gives {result!r}"
    return ""


def test_nulls_and_types_are_as_declared(engine: duckdb.DuckDBPyConnection, pytestconfig: pytest.Config) -> None:
    failures = {row.name: found for row in ROWS if (found := wrong(row, engine))}
    hold_to("nulls.txt", failures, pytestconfig, "Declared nulls and types")
