"""Where the text of a query comes from: an argument, a file, a folder, standard input."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import click


def text_of(file: str | None, text: str | None) -> str:
    """The query's text, wherever it stands."""
    from queries.texts import decode

    if text is not None:
        if file is not None:
            raise click.UsageError("a query comes from a file or from -q, not from both")
        return text
    if file is None and sys.stdin.isatty():
        raise click.UsageError("there is no query: give a FILE, -q TEXT, or text on standard input")
    return decode(bytes_of(file or "-"))


def bytes_of(name: str) -> bytes:
    if name == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(name).read_bytes()
    except OSError as error:
        hint = "; to ask a text, write -q TEXT" if "|" in name else ""
        raise click.UsageError(f"cannot read '{name}': {error.strerror}{hint}") from None


def expanded(files: tuple[str, ...]) -> Iterator[str]:
    for name in files:
        if name != "-" and Path(name).is_dir():
            yield from map(str, sorted(Path(name).rglob("*.kql")))
        else:
            yield name
