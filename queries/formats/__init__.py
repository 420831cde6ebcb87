"""Answers written down: one row of a table per format. Writers stream; none knows where the answer came from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import PurePath
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from queries.result import Result


@dataclass(frozen=True, slots=True)
class Look:
    """What the place that an answer is written to can show. None means no bound."""

    width: int | None = None
    colour: bool = False
    max_rows: int | None = None


@dataclass(frozen=True, slots=True)
class Format:
    """A way to write an answer down. `home` is module:function, loaded when used; `binary` is not for a screen."""

    name: str
    sentence: str
    extensions: tuple[str, ...]
    home: str
    binary: bool = False

    def write(self, result: Result, out: BinaryIO, look: Look | None = None) -> None:
        """Write the answer as bytes (text as UTF-8)."""
        module, _, function = self.home.partition(":")
        writer: Callable[[Result, BinaryIO, Look], None] = getattr(import_module(module), function)
        writer(result, out, look or Look())


FORMATS: dict[str, Format] = {
    row.name: row
    for row in (
        Format("table", "columns side by side under their types; for people", (".txt",), "queries.formats.table:table"),
        Format("vertical", "one line a value; for wide rows", (), "queries.formats.table:vertical"),
        Format("json", "one array of objects", (".json",), "queries.formats.lines:json"),
        Format("jsonl", "one object a line; for pipes", (".jsonl", ".ndjson"), "queries.formats.lines:jsonl"),
        Format("csv", "comma-separated, with a header; null is empty", (".csv",), "queries.formats.lines:csv"),
        Format("tsv", "tab-separated, with a header", (".tsv",), "queries.formats.lines:tsv"),
        Format("markdown", "a table for a document", (".md", ".markdown"), "queries.formats.lines:markdown"),
        Format("parquet", "a Parquet file", (".parquet",), "queries.formats.files:parquet", binary=True),
        Format("arrow", "an Arrow stream", (".arrow", ".arrows"), "queries.formats.files:arrow", binary=True),
    )
}


def format_of_path(path: str) -> Format | None:
    """The format that a file name's extension stands for."""
    extension = PurePath(path).suffix.lower()
    return next((row for row in FORMATS.values() if extension in row.extensions), None)
