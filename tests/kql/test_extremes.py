"""No value makes the engine fail: every scalar row over the smallest, largest, emptiest and oddest values of its types."""

from __future__ import annotations

import itertools
import random

import duckdb
import pytest

import kql
from kql.functions.row import Function, Overload
from kql.types import Type
from tests.kql.shared import NOTHING, NOW, hold_to
from tests.kql.test_nulls import ROWS
from tests.kql.test_properties import usable, written

EXTREMES = {
    Type.BOOL: ["true", "false", "bool(null)"],
    Type.INT: ["int(0)", "int(1)", "int(-1)", "int(2147483647)", "int(-2147483648)", "int(null)"],
    Type.LONG: ["0", "1", "-1", "2", "9223372036854775807", "long(-9223372036854775808)", "long(null)"],
    Type.REAL: ["0.0", "-0.5", "1e308", "-1e308", "1e19", "real(nan)", "real(+inf)", "real(-inf)", "real(null)"],
    Type.DECIMAL: ["decimal(0)", "decimal(1.5)", "decimal(-12345678901234567890.5)", "decimal(null)"],
    Type.STRING: ["''", "'a'", "'(['", "'\\\\'", "'a,b;c=d'", "'10.0.0.1/33'", "'2020-13-45'", "'99999999999999999999'", "'{\"a\":'", "'é\\u0000😀'"],
    Type.DATETIME: ["datetime(0001-01-01)", "datetime(9999-12-31 23:59:59.9999999)", "datetime(2020-02-29)", "datetime(null)"],
    Type.TIMESPAN: ["0s", "1tick", "-10000000d", "10675199d", "timespan(null)"],
    Type.GUID: ["guid(00000000-0000-0000-0000-000000000000)", "guid(null)"],
    Type.DYNAMIC: ["dynamic(null)", "dynamic([])", "dynamic({})", "dynamic([1, 'a', null, [2], {'b': 1}])", "dynamic({'a': {'b': [1]}})",
                   "dynamic('text')", "dynamic(9223372036854775807)", "dynamic(true)", "dynamic([1.5, 1e300, -1])"],
}  # fmt: skip
SIZES = {"repeat", "strrep", "range"}  # a large count is refused by their own limits; see their rows


def tuples(overload: Overload) -> list[tuple[str, ...]]:
    """Argument lists over the extremes: all of them where they are few, a fixed choice elsewhere."""
    choices = [
        [value for type in sorted(parameter.classes & set(EXTREMES), key=lambda type: type.value) for value in EXTREMES[type]]
        for parameter in overload.parameters
    ]
    if not choices:
        return []
    every = list(itertools.islice(itertools.product(*choices), 3000))
    return random.Random(7).sample(every, min(len(every), 60))


def fails(engine: duckdb.DuckDBPyConnection, call: str) -> str:
    try:
        compiled = kql.compile(f"print r = {call}", NOTHING)
    except kql.KqlError:
        return ""
    try:
        engine.execute(compiled.sql, compiled.bind(NOW)).fetchall()
    except duckdb.Error as error:
        return f"{call} fails: {str(error).splitlines()[0][:120]}"
    return ""


def failure(row: Function, engine: duckdb.DuckDBPyConnection) -> str:
    for overload in row.overloads:
        calls = [written(row, list(arguments)) for arguments in tuples(overload)]
        try:  # all at once; one by one only to say which
            compiled = kql.compile("print " + ", ".join(calls), NOTHING)
            engine.execute(compiled.sql, compiled.bind(NOW)).fetchall()
        except (kql.KqlError, duckdb.Error):
            found = next(filter(None, (fails(engine, call) for call in calls)), "")
            if found:
                return found
    return ""


def test_no_value_makes_the_engine_fail(engine: duckdb.DuckDBPyConnection, pytestconfig: pytest.Config) -> None:
    rows = [row for row in ROWS if usable(row) and row.name not in SIZES]
    failures = {row.name: found for row in rows if (found := failure(row, engine))}
    hold_to("extremes.txt", failures, pytestconfig, "Values that make the engine fail")
