"""Answers written down."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from queries import Column, ResourceGraph, Result, Timings
from queries.formats import FORMATS, Look, format_of_path


def result(columns: dict[str, str], forms: list[str], rows: list[tuple[Any, ...]]) -> Result:
    return Result(
        [Column(*pair) for pair in columns.items()],
        forms,
        rows,
        None,
        ["VARCHAR"] * len(columns),
        as_of=datetime(2026, 1, 15, 12, tzinfo=UTC),
        pending=lambda: 0,
        timings=Timings(0, 0, 0, False),
    )


NASTY = result(
    {"name": "string", "n": "long", "when": "datetime", "doc": "dynamic", "ok": "bool"},
    ["plain", "plain", "ticks", "json", "plain"],
    [
        ('a "quoted", text\nwith | lines', 1, 639_040_752_000_000_000, '{"k": "v"}', True),
        ("", None, None, None, None),
        ("日本 \x1b[31mred", -12, 0, '"text"', False),
    ],
)
EMPTY = result({"a": "string", "b": "long"}, ["plain", "plain"], [])


def written(name: str, answer: Result = NASTY, look: Look | None = None) -> bytes:
    out = io.BytesIO()
    FORMATS[name].write(answer, out, look)
    return out.getvalue()


def test_a_table_has_a_row_of_types_and_numbers_to_the_right() -> None:
    assert written("table").decode().splitlines() == [
        'name                               n  when                  doc         ok',
        'string                          long  datetime              dynamic     bool',
        'a "quoted", text\\nwith | lines     1  2026-01-15T12:00:00Z  {"k": "v"}  true',
        '                                null  null                  null        null',
        '日本 \\x1b[31mred                 -12  0001-01-01T00:00:00Z  text        false',
    ]  # fmt: skip


def test_nothing_in_the_data_can_speak_to_the_terminal() -> None:
    for name in ("table", "vertical"):
        assert b"\x1b" not in written(name)


def test_null_is_dim_and_the_header_bold_where_there_are_colours() -> None:
    text = written("table", look=Look(colour=True)).decode()
    assert "\x1b[2mnull\x1b[0m" in text
    assert text.startswith("\x1b[1mname")


def test_a_narrow_screen_cuts_the_broadest_columns_first() -> None:
    lines = written("table", look=Look(width=70)).decode().splitlines()
    assert "…" in lines[2]
    assert "2026-01-15T12:00:00Z" in lines[2]


def test_a_very_narrow_screen_gets_one_line_a_value() -> None:
    lines = written("table", look=Look(width=30)).decode().splitlines()
    assert lines[0] == "── row 1 ──"
    assert lines[2] == "n     long      1"


def test_a_table_can_be_cut() -> None:
    assert len(written("table", look=Look(max_rows=1)).splitlines()) == 3


def test_json_is_one_array_and_jsonl_one_object_a_line() -> None:
    expected = [
        {
            "name": 'a "quoted", text\nwith | lines',
            "n": 1,
            "when": "2026-01-15T12:00:00Z",
            "doc": {"k": "v"},
            "ok": True,
        },
        {"name": "", "n": None, "when": None, "doc": None, "ok": None},
        {"name": "日本 \x1b[31mred", "n": -12, "when": "0001-01-01T00:00:00Z", "doc": "text", "ok": False},
    ]
    assert json.loads(written("json")) == expected
    assert [json.loads(line) for line in written("jsonl").decode().split("\n")[:-1]] == expected


@pytest.mark.parametrize(("name", "delimiter"), [("csv", ","), ("tsv", "\t")])
def test_separated_values_come_back(name: str, delimiter: str) -> None:
    rows = list(csv.reader(io.StringIO(written(name).decode(), newline=""), delimiter=delimiter))
    assert rows[0] == ["name", "n", "when", "doc", "ok"]
    assert rows[1] == ['a "quoted", text\nwith | lines', "1", "2026-01-15T12:00:00Z", '{"k": "v"}', "true"]
    assert rows[2] == [""] * 5


def test_markdown_keeps_its_columns() -> None:
    lines = written("markdown").decode().splitlines()
    assert lines[:2] == ["| name | n | when | doc | ok |", "| --- | --: | --- | --- | --- |"]
    assert lines[2].count(" | ") == 4 and "\\|" in lines[2] and "<br>" in lines[2]


def test_parquet_and_arrow_come_back(graph: ResourceGraph) -> None:
    answer = graph.query("resources | take 20 | project id, tags, n = now(), d = 1d")
    for table in (
        pq.read_table(io.BytesIO(written("parquet", answer))),
        pa.ipc.open_stream(written("arrow", answer)).read_all(),
    ):
        assert table.num_rows == 20
        assert table.column("id").to_pylist() == [row[0] for row in answer.rows()]


@pytest.mark.parametrize("name", FORMATS)
def test_no_rows_can_be_written_in_every_format(name: str) -> None:
    assert name in ("jsonl", "vertical") or written(name, EMPTY)


def test_large_answers_are_written_whole(graph: ResourceGraph) -> None:
    answer = graph.query("range i from 1 to 9000 step 1 | extend t = now()")
    assert written("jsonl", answer).count(b"\n") == 9000
    assert written("csv", answer).count(b"\n") == 9001
    assert len(json.loads(written("json", answer))) == 9000


def test_an_extension_chooses_the_format() -> None:
    found = [format_of_path(path) for path in ("a.CSV", "b.md", "c.parquet", "d")]
    assert [row and row.name for row in found] == ["csv", "markdown", "parquet", None]
    extensions = [extension for row in FORMATS.values() for extension in row.extensions]
    assert len(extensions) == len(set(extensions))
