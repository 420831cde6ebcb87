"""A whole inventory written into one file, in the forms in which other programs write and read inventories.

Every row that any table of Resource Graph shows goes in; what is read back by `ResourceGraph.imported` is the same.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from itertools import islice
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, BinaryIO

if TYPE_CHECKING:
    from queries.graph import ResourceGraph

Row = dict[str, Any]

HELD_AT_ONCE = 4096
"""Rows held as values in memory while a file is written."""


def export(
    graph: ResourceGraph,
    out: BinaryIO,
    form: str,
    *,
    tables: Iterable[str] | None = None,
    as_of: datetime | None = None,
    truth: bool = False,
) -> int:
    """Write all rows of some tables, or of all that have rows, in one of `FORMS`; returns how many.

    `as_of` and `truth` as in `ResourceGraph.query`. A KeyError names a form that there is not.
    """
    wanted = graph.schema.tables if tables is None else tables
    return FORMS[form](_rows(graph, wanted, as_of, truth), out)


def form_of_path(path: str) -> str | None:
    """The form that a file name's extension stands for."""
    return _EXTENSIONS.get(PurePath(path).suffix.lower())


def _rows(graph: ResourceGraph, tables: Iterable[str], as_of: datetime | None, truth: bool) -> Iterator[Row]:
    for table in tables:
        if any(column.name == "id" for column in graph.compile(table).columns):
            yield from graph.query(table, as_of=as_of, truth=truth).to_pylist()


# ---- forms ---------------------------------------------------------------------------------------------------------
def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _array(
    rows: Iterable[Row], out: BinaryIO, before: str = "[", after: Callable[[int], str] = lambda count: "]\n"
) -> int:
    count = 0
    out.write(before.encode())
    for row in rows:
        out.write(("," if count else "").encode() + b"\n" + _text(row).encode())
        count += 1
    out.write(("\n" + after(count)).encode())
    return count


def _az(rows: Iterable[Row], out: BinaryIO) -> int:
    return _array(
        rows, out, '{"data": [', lambda n: f'], "count": {n}, "total_records": {n}, "skip_token": null}}\n'
    )  # fmt: skip


def _rest(rows: Iterable[Row], out: BinaryIO) -> int:
    return _array(
        rows, out, '{"data": [', lambda n: f'], "totalRecords": {n}, "count": {n}, "facets": [], "resultTruncated": "false"}}\n'
    )  # fmt: skip


def _rest_table(rows: Iterable[Row], out: BinaryIO) -> int:
    from inventory.resource_types import BASE
    from inventory.shapes import TEXT

    names = {name: "string" if kind is TEXT else "object" for name, kind in BASE.items()}
    head = _text([{"name": name, "type": kind} for name, kind in names.items()])
    cells = ([row.get(name) for name in names] for row in rows)
    end = '}}, "totalRecords": {n}, "count": {n}, "facets": [], "resultTruncated": "false"}}\n'
    return _array(cells, out, f'{{"data": {{"columns": {head}, "rows": [', lambda n: "]" + end.format(n=n))  # type: ignore[arg-type]


def _lines(rows: Iterable[Row], out: BinaryIO) -> int:
    count = 0
    for count, row in enumerate(rows, 1):  # noqa: B007 (the count is what is wanted)
        out.write(_text(row).encode() + b"\n")
    return count


def _csv(rows: Iterable[Row], out: BinaryIO) -> int:
    from inventory.resource_types import BASE

    text = io.TextIOWrapper(out, "utf-8", newline="", write_through=True)
    writer = csv.writer(text)
    writer.writerow(BASE)
    count = 0
    for row in rows:
        writer.writerow(_cell(row.get(name)) for name in BASE)
        count += 1
    text.detach()
    return count


def _cell(value: Any) -> str:
    return "" if value is None else value if isinstance(value, str) else _text(value)


def _parquet(rows: Iterable[Row], out: BinaryIO) -> int:
    import pyarrow as pa
    import pyarrow.parquet as pq

    from inventory.resource_types import BASE
    from inventory.shapes import TEXT

    schema = pa.schema([(name, pa.string()) for name in BASE])
    dynamic = [name for name, kind in BASE.items() if kind is not TEXT]
    count, rows = 0, iter(rows)
    with pq.ParquetWriter(out, schema, compression="zstd") as writer:
        while batch := list(islice(rows, HELD_AT_ONCE)):
            made = [{**row, **{n: None if row[n] is None else _text(row[n]) for n in dynamic}} for row in batch]
            writer.write_table(pa.Table.from_pylist(made, schema))
            count += len(batch)
    return count


FORMS: dict[str, Callable[[Iterable[Row], BinaryIO], int]] = {
    "az": _az,
    "array": _array,
    "rest": _rest,
    "rest-table": _rest_table,
    "jsonl": _lines,
    "csv": _csv,
    "parquet": _parquet,
}
"""What `az graph query` prints, an array as of `az resource list`, a page of the REST interface with objects or as a
table, a document a line, CSV as the portal writes it (dynamic columns as JSON), Parquet (likewise)."""

_EXTENSIONS = {".json": "az", ".jsonl": "jsonl", ".ndjson": "jsonl", ".csv": "csv", ".parquet": "parquet"}
