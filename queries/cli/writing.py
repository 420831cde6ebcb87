"""Where an answer goes and how it looks there: data on standard output or in a file, notes on standard error."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, BinaryIO

import click

from queries.appearing import appearing
from queries.formats import FORMATS, Format, Look, format_of_path

if TYPE_CHECKING:
    from kql import Problem
    from queries.result import Result


def form_of(name: str | None, output: str | None, rows: int) -> tuple[Format, Look]:
    """The format and the look of an answer: as told, else by extension, else by where it goes."""
    found = FORMATS[name] if name else format_of_path(output) if output else None
    if found is None and output:
        raise click.UsageError(f"the name '{output}' says nothing of a format; choose one with --format")
    on_screen = output is None and sys.stdout.isatty()
    if found is None:
        found = FORMATS["table" if on_screen else "jsonl"]
    if found.binary and on_screen:
        raise click.UsageError(f"{found.name} is not for a screen; write it to a file with -o, or pipe it")
    shown = rows or None if found.name in ("table", "vertical") and output is None else None
    return found, replace(look_of(sys.stdout), max_rows=shown) if output is None else Look()


def _coloured(stream: Any) -> bool:
    """Whether a stream shows colours and nobody objects (https://no-color.org)."""
    return bool(stream.isatty()) and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def look_of(stream: Any) -> Look:
    if not stream.isatty():
        return Look()
    import shutil

    return Look(width=shutil.get_terminal_size().columns, colour=_coloured(stream))


@contextmanager
def sink(output: str | None) -> Iterator[BinaryIO]:
    """Where the bytes go."""
    if output is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    with appearing(output) as out:
        yield out


def notes(text: str, result: Result, look: Look) -> None:
    from queries.footer import footer
    from queries.profile import of_service

    for advice in result.advice:
        click.echo(advice.brief if of_service(advice) else advice.draw(text), err=True)
    if result.truncated:
        click.echo(f"only the first {look.max_rows:,} rows are shown; --rows 0 shows all", err=True)
    click.echo(click.style(footer(result), dim=True), err=True, color=_coloured(sys.stderr) or False)


def told(name: str, text: str, problem: Problem, form: str) -> str:
    from queries.texts import place

    line, column = place(text, problem.span[0])
    if form == "github":
        end_line, end_column = place(text, max(problem.span))
        level = "error" if problem.severity == "error" else "notice"
        message = f"{problem.message}. {problem.help}" if problem.help else problem.message
        message = message.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
        return (
            f"::{level} file={name},line={line},col={column},endLine={end_line},endColumn={end_column},"
            f"title={problem.code}::{message}"
        )
    if form == "line":
        help = f" ({problem.help})" if problem.help else ""
        return f"{name}:{line}:{column}: {problem.severity} {problem.code}: {problem.message}{help}"
    return f"{name}:{line}:{column}:\n{problem.draw(text)}"
