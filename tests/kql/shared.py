"""What the language's tests share: the folder of recorded cases, a database with the prelude, values as people write them."""

from __future__ import annotations

import datetime
import importlib.util
import json
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import duckdb
import pytest

import kql
from kql.schema import Schema, Table, TableColumn
from kql.types import TYPE_NAMES

ROOT = Path(__file__).parents[2]
SHARED = ROOT.parent / "shared"
NOTHING = Schema([])
NOW = 639_000_000_000_000_000
_EPOCH = datetime.datetime(1, 1, 1)

needs_shared = pytest.mark.skipif(
    not SHARED.is_dir(), reason="the folder of recorded cases does not lie beside this checkout"
)


def records(*path: str) -> list[dict[str, Any]]:
    """The records of a JSON-lines file of the shared folder; none where the folder is absent."""
    file = SHARED.joinpath(*path)
    if not file.exists():
        return []
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]


def database() -> duckdb.DuckDBPyConnection:
    """A database with the macros. In one thread, so that the order of rows that tie hangs on no load."""
    connection = duckdb.connect()
    connection.execute(kql.prelude())
    connection.execute("SET TimeZone = 'UTC'; SET threads = 1; SET memory_limit = '2GB'")
    return connection


def service_schema() -> Schema:
    """The tables that Microsoft's analyser was given, all empty, with the columns that the service hides."""
    columns = json.loads((SHARED / "oracle" / "arg_schema.json").read_text(encoding="utf-8"))
    hidden = (TableColumn("aliases", TYPE_NAMES["dynamic"], True), TableColumn("apiVersion", TYPE_NAMES["string"], True))
    return Schema(
        Table(name, tuple(TableColumn(column, TYPE_NAMES[type]) for column, type in each) + hidden, ())
        for name, each in columns.items()
    )


def comparer() -> ModuleType:
    """The comparer that comes with the recorded cases."""
    spec = importlib.util.spec_from_file_location("recorded_compare", SHARED / "conformance" / "compare.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    import sys

    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def cell(value: Any, column: kql.ResultColumn) -> Any:
    """A result value as people write it."""
    if value is None:
        return None
    if column.form == "json":
        return json.loads(value)
    if column.form == "ticks" and column.type == "datetime":
        moment = _EPOCH + datetime.timedelta(microseconds=value // 10)
        return f"{moment.isoformat(timespec='microseconds').rjust(26, '0')}{value % 10}Z"
    if column.form == "ticks":
        return timespan(value)
    return value


def timespan(ticks: int) -> str:
    days, rest = divmod(abs(ticks), 864_000_000_000)
    hours, rest = divmod(rest, 36_000_000_000)
    minutes, rest = divmod(rest, 600_000_000)
    seconds, fraction = divmod(rest, 10_000_000)
    text = f"{hours:02}:{minutes:02}:{seconds:02}" + (f".{fraction:07}" if fraction else "")
    return ("-" if ticks < 0 else "") + (f"{days}." if days else "") + text


def answer(
    connection: duckdb.DuckDBPyConnection, text: str, schema: Schema = NOTHING, **options: Any
) -> tuple[list[str], list[tuple[Any, ...]]]:
    """Column names and rows of a query."""
    compiled = kql.compile(text, schema, ask=lambda question: run(connection, question), **options)
    rows = run(connection, compiled)
    return [column.name for column in compiled.columns], [
        tuple(cell(value, column) for value, column in zip(row, compiled.columns, strict=True)) for row in rows
    ]


def run(connection: duckdb.DuckDBPyConnection, compiled: kql.Compiled) -> list[tuple[Any, ...]]:
    """The rows of a compiled text as the engine holds them."""
    bound = compiled.bind(NOW)
    return (connection.execute(compiled.sql, bound) if bound else connection.execute(compiled.sql)).fetchall()


def known_failures(name: str) -> dict[str, str]:
    """The checked-in list of what does not hold yet: id, tab, reason. It may only shrink."""
    file = Path(__file__).with_name(name)
    if not file.exists():
        return {}
    lines = (line for line in file.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#"))
    return dict(line.split("\t", 1) for line in lines)


def hold_to(name: str, failures: dict[str, str], config: pytest.Config, title: str) -> None:
    """Compare what fails with what is known to fail: nothing new, and nothing on the list that holds now."""
    file = Path(__file__).with_name(name)
    if config.getoption("--update"):
        lines = [f"# {title}: what does not hold, and why. This list may only shrink."]
        lines += [f"{key}\t{reason}" for key, reason in sorted(failures.items())]
        file.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return
    known = known_failures(name)
    new = sorted(set(failures) - set(known))
    gone = sorted(set(known) - set(failures))
    assert not new, f"{len(new)} new: " + "; ".join(f"{key}: {failures[key]}" for key in new[:5])
    assert not gone, f"{len(gone)} hold now and must leave {name} (run with --update): {', '.join(gone[:10])}"


def connections() -> Iterator[duckdb.DuckDBPyConnection]:
    connection = database()
    yield connection
    connection.close()
