"""No text from a query reaches SQL but through the one quoting function: hostile texts in every place, executed.

Each query puts a text somewhere and reads it back. A text that broke out of its quotes would not come back as it was.
"""

from __future__ import annotations

import duckdb
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import kql
from kql.schema import Part, PhysicalColumn, Schema, Table, TableColumn
from kql.types import STRING
from tests.kql.shared import NOTHING, NOW, answer

HOSTILE = [
    "'", '"', "\\", "''", '""', "'; DROP TABLE t; --", '"; DROP TABLE t; --', "') OR ('1'='1", "--", "/* x */", "$now", "$1", "?",
    "$$a$$", "{left}", "{0}", "%s", "%", "_", ";", "|", "a.b", '$."a"', "$[0]", "a'b\"c\\d", "\\'", "\\", "x\\", "E'\\''", "\0", "a\0b",
    "\n", "\r\n", "\t", "\u2028", "\ufeff", "é", "😀", "a b", " a ", "-1", "null", "NULL", "select", "c0", "*", "a*", "[0]", "`", "```",
    "kql_parse('x')", "chr(39)", "{{", "}}", ":x", "@x", "#", "~1", "~0", "/", "a/b", "\u0130", "ß", "e\u0301",
]  # fmt: skip
TEXTS = st.sampled_from(HOSTILE) | st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.lists(
    st.sampled_from(HOSTILE), min_size=1, max_size=4
).map("".join)  # fmt: skip
NAMES = TEXTS.filter(lambda text: text.strip() and not set(text) & set("\0"))


def kql_string(text: str) -> str:
    """A text as a KQL literal."""
    special = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r"}
    return '"' + "".join(special.get(each, each if each.isprintable() else _escape(each)) for each in text) + '"'


def _escape(character: str) -> str:
    code = ord(character)
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def kql_name(text: str) -> str:
    return f"[{kql_string(text)}]"


# Each takes a text and gives it back in its first cell: ¤ is the text as a literal.
READ_BACK = [
    "print ¤",
    "print x = strcat('', ¤, '')",
    "let x = ¤; print x",
    "let f = (x: string) { x }; print f(¤)",
    "let f = (x: string = ¤) { x }; print f()",
    "declare query_parameters(x: string = ¤); print x",
    "datatable(x: string) [¤]",
    "datatable(x: string) ['', ¤] | where x == ¤ | where x in (¤, 'b') | where x =~ ¤ | take 1",
    "datatable(x: string) [¤] | summarize count() by x",
    "datatable(x: string) [¤] | summarize take_any(x)",
    "datatable(x: string) [¤] | distinct x",
    "datatable(x: string) [¤] | join kind=inner (datatable(x: string) [¤]) on x",
    "datatable(x: string) [¤] | union (datatable(x: string) [¤]) | take 1",
    "print x = tostring(dynamic([¤])[0])",
    "print x = tostring(dynamic({'a': ¤}).a)",
    "print x = tostring(pack_array(¤)[0])",
    "print x = tostring(bag_pack('a', ¤).a)",
    "print x = tostring(parse_json(tostring(bag_pack('a', ¤))).a)",
    "print x = iff(true, ¤, 'b')",
    "print x = case(false, 'a', ¤)",
    "print x = coalesce('', ¤)",
    "datatable(x: string) ['a'] | extend y = iff(x == 'a', ¤, x) | project y",
    "datatable(x: string) ['a'] | extend x = ¤ | order by x | project x",
    "print x = toscalar(print ¤)",
    "print x = tostring(split(strcat('a', ¤), 'a', 1)[0])",
]
# Each gives true: the text meets itself.
TRUE = [
    "print ¤ == ¤",
    "print strcat('a', ¤) endswith ¤",
    "print strcat(¤, 'a') startswith_cs ¤",
    "print strcat('a', ¤, 'a') contains_cs ¤",
    "print strcat('a', ¤) contains ¤",
    "datatable(x: string) [¤] | project x in (¤)",
    "datatable(x: string) [¤] | project x in~ (¤)",
    "datatable(x: string) [¤] | project x between (¤ .. ¤) or true",
    "datatable(x: dynamic) [dynamic([¤])] | project tostring(x[0]) == ¤",
    # the place of an empty text is null
    "print indexof(strcat('ab', ¤), ¤) >= 0 or ¤ == ''",
    "print strlen(¤) == strlen(strcat(¤))",
    "print replace_string(¤, ¤, 'z') == iff(¤ == '', '', 'z')",
    "print not(¤ matches regex '^xyz$') or true",
    "print set_has_element(dynamic([¤, 1]), ¤)",
]


@pytest.mark.parametrize("query", READ_BACK)
@settings(max_examples=12, deadline=None)
@given(text=TEXTS)
@example(text="'; DROP TABLE t; --\"\\")
@example(text="{left}$now")
@example(text="a\0'b")
def test_a_text_comes_back_as_it_was(query: str, text: str, engine: duckdb.DuckDBPyConnection) -> None:
    if "split" in query and "a" in text:
        return
    written = query.replace("¤", kql_string(text))
    assert answer(engine, written)[1][0][0] == text, written


@pytest.mark.parametrize("query", TRUE)
@settings(max_examples=8, deadline=None)
@given(text=TEXTS)
@example(text="'; DROP TABLE t; --\"\\")
@example(text="a\0'b")
def test_a_text_meets_itself(query: str, text: str, engine: duckdb.DuckDBPyConnection) -> None:
    written = query.replace("¤", kql_string(text))
    assert answer(engine, written)[1][0][0] is True, written


# ¤ is the text as a name; the column of that name comes back.
NAMED = [
    "print ¤ = 7",
    "datatable(¤: long) [7]",
    "datatable(a: long) [7] | project ¤ = a",
    "datatable(a: long) [7] | project-rename ¤ = a",
    "datatable(¤: long) [7] | where ¤ == 7 | order by ¤ | project ¤",
    "datatable(¤: long) [7] | summarize ¤ = max(¤)",
    "datatable(¤: long, b: long) [7, 1] | summarize count() by ¤ | project-away count_",
    "datatable(¤: long) [7] | join kind=leftouter (datatable(¤: long) [7]) on ¤ | project ¤",
    "datatable(¤: long) [7] | union (datatable(¤: long) []) | project ¤",
    "datatable(a: dynamic) [dynamic([7])] | mv-expand ¤ = a to typeof(long) | project ¤",
    "datatable(a: string) ['x7'] | parse a with 'x' ¤: long | project ¤",
    "range ¤ from 7 to 7 step 1",
    "let ¤ = 7; print ¤ = ¤",
    "datatable(a: long) [7] | extend ¤ = a | project-keep ¤",
    "datatable(¤: long) [7] | as T | distinct ¤",
]


@pytest.mark.parametrize("query", NAMED)
@settings(max_examples=8, deadline=None)
@given(text=NAMES)
@example(text="'; DROP TABLE t; --\"\\")
@example(text='a"b')
@example(text="{left}$now")
@example(text="]")
def test_a_name_comes_back_as_it_was(query: str, text: str, engine: duckdb.DuckDBPyConnection) -> None:
    if text in ("a", "b") or ("*" in text and "project-keep" in query):
        return
    written = query.replace("¤", kql_name(text))
    columns, rows = answer(engine, written)
    assert (columns, rows) == ([text], [(7,)]), written


@settings(max_examples=60, deadline=None)
@given(text=TEXTS)
@example(text="a\0'b")
@example(text='a"b')
def test_a_key_is_found_again(text: str, engine: duckdb.DuckDBPyConnection) -> None:
    key = kql_string(text)
    for query in (
        f"print dynamic({{{key}: 7}})[{key}]",
        f"datatable(d: dynamic) [dynamic({{{key}: 7}})] | project d[{key}]",
        f"datatable(d: dynamic, k: string) [dynamic({{{key}: 7}}), {key}] | project d[k]",
        f"print bag_pack({key}, 7)[{key}]",
        f"datatable(d: dynamic) [dynamic({{{key}: {{{key}: 7}}}})] | project d[{key}][{key}]",
    ):
        assert answer(engine, query)[1] == [(7,)], query


@settings(max_examples=40, deadline=None)
@given(text=TEXTS)
def test_a_parameter_is_bound_not_written(text: str, engine: duckdb.DuckDBPyConnection) -> None:
    compiled = kql.compile("declare query_parameters(x: string); print x, x == 'a', strlen(x)", NOTHING)
    rows = engine.execute(compiled.sql, compiled.bind(NOW, {"x": text})).fetchall()
    assert rows[0][0] == text
    assert len(text) < 4 or text not in compiled.sql


@settings(max_examples=40, deadline=None)
@given(table=NAMES, column=NAMES, limit=TEXTS)
@example(table='a"b', column="'; DROP TABLE t; --", limit="') OR ('1'='1")
def test_tables_columns_and_scopes_are_quoted(table: str, column: str, limit: str, engine: duckdb.DuckDBPyConnection) -> None:
    if "." in table:
        return  # a dot parts the names of a schema and its table
    quoted = ['"' + each.replace('"', '""') + '"' for each in (table, column)]
    part = Part(table, {"x": PhysicalColumn(column, None, True), "y": PhysicalColumn(None, None, False, limit)}, {})
    schema = Schema([Table("T", (TableColumn("x", STRING), TableColumn("y", STRING)), (part,))])
    try:
        engine.execute(f"CREATE OR REPLACE TABLE {quoted[0]} AS SELECT ? AS {quoted[1]}", [limit])
    except duckdb.Error:
        return  # the engine itself cannot have such a name
    try:
        assert answer(engine, "T", schema, scope={"x": [limit, "'"]})[1] == [(limit, limit)]
        assert answer(engine, f"T | where y == {kql_string(limit)} | project x", schema)[1] == [(limit,)]
    finally:
        engine.execute(f"DROP TABLE {quoted[0]}")
