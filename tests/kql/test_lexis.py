"""How values and names are written (kql-semantics 14): each line is a proposition, or a text with the code it is refused by."""

from __future__ import annotations

import duckdb
import pytest

import kql
from kql import lexis
from tests.kql.shared import NOTHING, answer, database

HOLDS = (
    # texts
    r"'a\\b' == @'a\b' and strlen('\t\n\'') == 3 and '\u00e9' == 'é' and '\x41' == 'A'",
    r"'\101\7' == 'A\a' and '\86' == @'\86' and '\/' == '/'",
    r"'\ud83d\ude00' == '😀' and strlen('\\ud83d') == 6 and strlen('\ud83dx') == 2",
    "1 < 2 == true and false == 2 < 1 and 'ab' has 'b' == false and (1 == 2) != true",
    "'a' \"b\" // a comment between\n 'c' == 'abc'",
    "@'it''s' == \"it's\" and @\"q\"\"q\" == 'q\"q'",
    "h'secret' == 'secret' and H@'s\\x' == @'s\\x'",
    "```one\ntwo``` == 'one\\ntwo'",
    # numbers
    "0x1F == 31 and 0XFF == 255 and gettype(0xFF) == 'long'",
    "1.e3 == 1000.0 and 1.E-2 == 0.01 and 1.5e+3 == 1500.0 and gettype(1.) == 'real'",
    "gettype(int(5)) == 'int' and gettype(5) == 'long' and gettype(-int(5)) == 'int' and gettype(decimal(1e-3)) == 'decimal'",
    "isnull(-long(null)) and isnull(-real(null)) and -(-5) == 5",
    "True and bool(1) and boolean('true') and not(FALSE or bool(0))",
    # timespans
    "3hrs == 3h and 4millis == 4ms and 5microsec == 5microseconds and 250nanos == 2tick and 1nanosecond == 0s",
    "timespan(1.2:3) == 1d + 2h + 3m and time('1:2:3') == 1h + 2m + 3s and time(1:2:3:4) == 1d + 2h + 3m + 4s",
    "totimespan('1.2:3') == timespan(1.2:3) and totimespan('-0.12:30') == -12.5h and timespan(2) == 2d",
    # dynamic values
    "tostring(dynamic({'a': [1, 2.50, null, true, \"x\", datetime(2020-01-01)]})) == @'{\"a\":[1,2.5,null,true,\"x\",\"2020-01-01T00:00:00.0000000Z\"]}'",
    "tolong(dynamic([1d])[0]) == 864000000000 and gettype(dynamic('[1]')) == 'string'",
)  # fmt: skip
ROWS = (
    ("print ['a b'] = 1, [\"c\"] = 2 | project ['a b'] + c, ['c']", [(3, 2)]),
    ("// before\nprint x = 1 // behind\n// between\n| extend y = x + 1", [(1, 2)]),
    ("let x = 5; datatable(x: long)[1, 2,] | extend y = x", [(1, 1), (2, 2)]),
    ("let x = 5; let f = (x: long) { x + 1 }; print f(1), x", [(2, 5)]),
    ("print x = 1 | extend x = x + 1, y = x", [(2, 1)]),
    ("datatable(type: string, kind: string, count: long)['a', 'b', 3] | project type, kind, count", [("a", "b", 3)]),
    ("let f = (a: long, b: long = 5, c: string = 'z') { strcat(a, b, c) }; print f(1), f(1, c='q'), f(b=3, a=2)", [("15z", "15q", "23z")]),
)  # fmt: skip
REFUSED = (
    ("print first = 1", "KQL111"),
    ("print ToString(1)", "KQL203"),
    ("print 1L", "KQL201"),
    ("print 100ns", "KQL201"),
    ("print 'a' + 'b'", "KQL306"),
    ("print a = 1 | extend b = a + 1, c = b", "KQL201"),
    ("let x = 1; let x = 2; print x", "KQL206"),
    ("datatable(a: real)[0.0 / 0.0]", "KQL413"),
)


@pytest.fixture(scope="module")
def connection() -> duckdb.DuckDBPyConnection:
    return database()


@pytest.mark.parametrize("proposition", HOLDS)
def test_what_is_written_is_what_is_meant(proposition: str, connection: duckdb.DuckDBPyConnection) -> None:
    assert answer(connection, f"print holds = {proposition}")[1] == [(True,)]


@pytest.mark.parametrize(("text", "rows"), ROWS)
def test_names_and_scopes(text: str, rows: list[tuple[object, ...]], connection: duckdb.DuckDBPyConnection) -> None:
    assert answer(connection, text)[1] == rows


@pytest.mark.parametrize(("text", "code"), REFUSED)
def test_what_cannot_be_written(text: str, code: str) -> None:
    assert kql.check(text, NOTHING)[0].code == code


@pytest.mark.parametrize("text", ["1.02:03:04.5", "1.2:3", "1:2:3:4", "13:00", "-0.12:30", "1d", "2.5hours", "90s", "5millis", "24:00", "1:60", "x"])
def test_a_timespan_is_read_alike_by_the_compiler_and_by_the_engine(text: str, connection: duckdb.DuckDBPyConnection) -> None:
    ((read,),) = connection.execute("SELECT kql_string_to_timespan(?)", [text]).fetchall()
    assert read == lexis.timespan(text)
