"""Formats of text, a row a line. Each is written as the rows are read; memory does not grow with the answer."""

from __future__ import annotations

import csv as _csv
import io
import json as _json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, BinaryIO

from queries.formats import Look
from queries.values import jsoner, texter

if TYPE_CHECKING:
    from queries.result import Result

NUMERIC = frozenset({"int", "long", "real", "decimal"})


def text_rows(result: Result, null: str | None) -> Iterator[list[list[str | None]]]:
    """Batches of rows with every value as text, column functions applied once per column."""
    texters = [texter(column.type, form) for column, form in zip(result.columns, result.forms, strict=True)]
    for batch in result.batches():
        columns = [
            [null if value is None else text(value) for value in values]
            for text, values in zip(texters, zip(*batch, strict=True), strict=True)
        ]
        yield [list(row) for row in zip(*columns, strict=True)]


def _objects(result: Result) -> Iterator[str]:
    keys = [_json.dumps(column.name, ensure_ascii=False) + ":" for column in result.columns]
    writers = [jsoner(column.type, form) for column, form in zip(result.columns, result.forms, strict=True)]
    for batch in result.batches():
        for row in batch:
            yield "{%s}" % ",".join(  # noqa: UP031 (an f-string would need its braces doubled)
                key + ("null" if value is None else write(value))
                for key, write, value in zip(keys, writers, row, strict=True)
            )


def jsonl(result: Result, out: BinaryIO, look: Look) -> None:
    for line in _objects(result):
        out.write(line.encode("utf-8", "replace") + b"\n")


def json(result: Result, out: BinaryIO, look: Look) -> None:
    before = b"[\n"
    for line in _objects(result):
        out.write(before + line.encode("utf-8", "replace"))
        before = b",\n"
    out.write(b"\n]\n" if before != b"[\n" else b"[]\n")


def _separated(result: Result, out: BinaryIO, delimiter: str) -> None:
    buffer = io.StringIO(newline="")
    writer = _csv.writer(buffer, delimiter=delimiter, lineterminator="\n")
    writer.writerow([column.name for column in result.columns])
    for batch in text_rows(result, None):
        writer.writerows(batch)
        out.write(buffer.getvalue().encode("utf-8", "replace"))
        buffer.seek(0)
        buffer.truncate()
    out.write(buffer.getvalue().encode("utf-8", "replace"))


def csv(result: Result, out: BinaryIO, look: Look) -> None:
    _separated(result, out, ",")


def tsv(result: Result, out: BinaryIO, look: Look) -> None:
    _separated(result, out, "\t")


def markdown(result: Result, out: BinaryIO, look: Look) -> None:
    def line(cells: Sequence[str]) -> bytes:
        return f"| {' | '.join(cells)} |\n".encode("utf-8", "replace")

    out.write(line([_markdown_cell(column.name) for column in result.columns]))
    out.write(line(["--:" if column.type in NUMERIC else "---" for column in result.columns]))
    for batch in text_rows(result, "null"):
        for row in batch:
            out.write(line([_markdown_cell(cell or "") for cell in row]))


_MARKDOWN = str.maketrans({"|": "\\|", "\\": "\\\\", "\n": "<br>", "\r": None, "<": "&lt;", "&": "&amp;"})


def _markdown_cell(text: str) -> str:
    return text.translate(_MARKDOWN)
