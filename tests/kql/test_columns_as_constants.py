"""A function answers the same whether its arguments are written in the query or stand in columns.

Constants take other ways through the compiler than columns do: literals are read, folded and shared. Here each is the
oracle of the other, over the smallest, largest, emptiest and oddest values of each type.
"""

from __future__ import annotations

import math
import os
import random
from typing import Any

import duckdb
import pytest

import kql
from kql.functions import catalogue
from kql.functions.row import Function, Overload
from kql.types import Type
from tests.kql.shared import NOTHING, run
from tests.kql.test_extremes import EXTREMES, SIZES
from tests.kql.test_properties import written

TIMES = int(os.environ.get("LAZULITE_COLUMNS", "3"))
"""Argument lists for each signature; LAZULITE_COLUMNS=60 for the long run."""

ABOUT_COLUMNS = {"pack_all", "bag_pack_columns", "toscalar", "materialize", "assert", "column_ifexists"}
"""What they give hangs on there being columns, or they are no functions of values."""

MORE = {
    Type.STRING: ["'abc def'", "'Straße ÄÖ'", "'a.b.c'", "'2024-02-29T12:34:56.7891234Z'", "'-1.5'", "'{\"a\":[1,2]}'", "'  x '", "'true'", "'1'", "'İ ſ ς ᾀ ß'", "'[inf, nan]'"],
    Type.LONG: ["3", "-7", "100", "63", "64"],
    Type.REAL: ["1.5", "-2.25", "3.0"],
    Type.DATETIME: ["datetime(2024-05-06 07:08:09.1234567)"],
    Type.TIMESPAN: ["1d", "1.02:03:04.5", "-1h"],
    Type.DYNAMIC: ["dynamic([3, 1, 2])", "dynamic(['b', 'a'])", "dynamic({'b': 1, 'a': [1, 2]})", "dynamic(1.5)", "dynamic([[1], [2, 3]])"],
}  # fmt: skip
VALUES = {type: values + MORE.get(type, []) for type, values in EXTREMES.items()}
ROWS = [
    row for row in catalogue.table().values()
    if row.kind in ("scalar", "infix") and not (row.refused or row.volatile or row.alias_of or row.parts)
    and row.name not in SIZES | ABOUT_COLUMNS and not row.name.startswith(("$", "__"))
]  # fmt: skip


def drawn(overload: Overload, draw: random.Random) -> list[tuple[Type, str]] | None:
    """Values for a signature, each with its type; None where one has to be a constant."""
    parameters = overload.parameters
    choices = [[(type, value) for type in VALUES if type in each.classes for value in VALUES[type]] for each in parameters]
    if not choices or not all(choices) or any(each.constant for each in parameters):
        return None
    made = [draw.choice(each) for each in choices]
    if parameters[-1].repeated and draw.random() < 0.5:
        made.append(draw.choice(choices[-1]))
    if any(each.common for each in parameters):  # they share a type
        made = [(made[0][0], draw.choice(VALUES[made[0][0]])) for _ in made]
    return made


def asked(engine: duckdb.DuckDBPyConnection, text: str) -> tuple[str, list[Any]] | None:
    """The type and the values of a query's columns; None where the language refuses it."""
    try:
        compiled = kql.compile(text, NOTHING)
    except kql.KqlError:
        return None
    try:
        return ", ".join(each.type for each in compiled.columns), list(run(engine, compiled)[0])
    except duckdb.InvalidInputException as error:
        if "regex" in text or any(word in str(error) for word in ("missing", "trailing", "invalid", "bad repetition", "no argument")):
            return None  # a pattern that is none, in a column
        raise


def alike(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return one == other or (math.isnan(one) and math.isnan(other)) or math.isclose(one, other, rel_tol=1e-12)
    return type(one) is type(other) and one == other


def difference(row: Function, overload: Overload, engine: duckdb.DuckDBPyConnection, draw: random.Random) -> str:
    for _ in range(TIMES):
        values = drawn(overload, draw)
        if values is None:
            return ""
        call = written(row, [value for _, value in values])
        columns = ", ".join(f"a{place}: {type.value}" for place, (type, _) in enumerate(values))
        rows = ", ".join(value for _, value in values)
        try:
            plain = asked(engine, f"print r = {call}")
            held = asked(engine, f"datatable({columns})[{rows}] | project r = {written(row, [f'a{n}' for n in range(len(values))])}")
        except duckdb.Error as error:
            return f"{call}: {str(error).splitlines()[0][:150]}"
        if plain is None or held is None:
            continue  # texts that are constants are read as other types, and checked
        if plain[0] != held[0] or not all(alike(*pair) for pair in zip(plain[1], held[1], strict=True)):
            return f"{call} is {plain}, in columns {held}"
    return ""


@pytest.mark.parametrize("part", range(4))
def test_columns_and_constants_give_the_same(part: int, engine: duckdb.DuckDBPyConnection) -> None:
    draw = random.Random(part)
    found = [difference(row, overload, engine, draw) for row in ROWS[part::4] for overload in row.overloads]
    assert len(found) > 50
    assert not list(filter(None, found))


def test_a_value_is_among_values_of_other_types_by_its_text(engine: duckdb.DuckDBPyConnection) -> None:
    asked_of = "1 in ('a'), 1 in ('1'), 1 in (2, '1'), 3 !in (2, '1'), 1d in ('a'), true in (1), 'a' in~ (1, 'A'), 'a b' has_any (1, 'b')"
    assert asked(engine, f"print {asked_of}") == ("bool, " * 7 + "bool", [False, True, True, True, False, True, True, True])
    for text in ("1 in~ ('a')", "1d has_any ('a')", "1 !in~ ('a')"):
        with pytest.raises(kql.KqlError, match="KQL306"):
            kql.compile(f"print {text}", NOTHING)


def test_spans_beyond_the_longest_are_none(engine: duckdb.DuckDBPyConnection) -> None:
    spans = "totimespan('99999999.00:00:00'), totimespan('99999999'), ago(-10000000d), now(10675199d)"
    assert asked(engine, f"print {spans}") == ("timespan, timespan, datetime, datetime", [None] * 4)
    with pytest.raises(kql.KqlError, match="KQL107"):
        kql.compile("print 99999999999999d", NOTHING)


def test_a_value_and_a_table_meet_in_one_type(engine: duckdb.DuckDBPyConnection) -> None:
    tables = {"long": "2.5, 3.0", "int": "4294967297, 3", "decimal": "1.4, 3"}
    for type, other in (("long", "real"), ("int", "long"), ("decimal", "decimal")):
        text = f"datatable(x: {type})[1, 2, 3] | where x in ((datatable(y: {other})[{tables[type]}])) | project tolong(x)"
        assert asked(engine, text) == ("long", [3])
    kinds = "d.a in (1), d.a in (1.5), d.b in (1, 'x'), d.a !in (1), d.b in (dynamic([1]), 5)"
    text = f"print d = dynamic({{'a': 1.5, 'b': 1}}) | project {kinds}"
    assert asked(engine, text) == ("bool, bool, bool, bool, bool", [False, True, True, True, True])


def test_bins_of_decimals_are_exact(engine: duckdb.DuckDBPyConnection) -> None:
    bins = "bin(decimal(0.7), decimal(0.1)), bin(decimal(-0.7), decimal(0.5)), floor(decimal(12345678901234567.5), 1)"
    shown = asked(engine, f"print {bins}")
    assert shown is not None and [str(each).rstrip("0").rstrip(".") for each in shown[1]] == ["0.7", "-1", "12345678901234567"]


def test_moments_that_no_calendar_has_are_null(engine: duckdb.DuckDBPyConnection) -> None:
    calls = "startofmonth(datetime(9999-12-31), 1), startofyear(datetime(9999-12-01), 1), make_datetime(0, 1, 1), make_datetime(10000, 1, 1)"
    shown = asked(engine, f"print {calls}")
    assert shown is not None and shown[1] == [None] * 4


def test_the_largest_of_no_rows_has_empty_texts_beside_it(engine: duckdb.DuckDBPyConnection) -> None:
    text = "datatable(a: long, s: string)[] | summarize arg_max(a, s), arg_min(s, a) | project s == '' and isempty(s1), isnull(a)"
    assert asked(engine, text) == ("bool, bool", [True, True])


def test_the_least_numbers_have_no_opposite(engine: duckdb.DuckDBPyConnection) -> None:
    least = "-long(-9223372036854775808), -timespan(-10675199.02:48:05.4775808), bin(long(-9223372036854775808), -1)"
    assert asked(engine, f"print {least}") == ("long, timespan, long", [-(2**63)] * 3)
    assert asked(engine, "print x = int(-2147483648) | project -x") == asked(engine, "print -int(-2147483648)")
