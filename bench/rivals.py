"""What Lazulite is measured beside: hand-written SQL over typed tables and over JSON, duckdb-kql, adxlite.

Each rival is given the data in the form that suits it, made once, outside all timing.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable
from typing import Any

import duckdb

from bench.shapes import ADXLITE, Shape
from queries import ResourceGraph

Rows = list[tuple[Any, ...]]

COLUMNS = "id, name, type, tenantId, kind, location, resourceGroup, subscriptionId, tags, properties"


class Missing(Exception):
    """A rival that cannot take part, and why."""


def json_database(graph: ResourceGraph, note: Callable[[str], None]) -> duckdb.DuckDBPyConnection:
    """A database of its own in which every row of Resources stands with its documents as JSON text."""
    connection = duckdb.connect(":memory:", config={"late_materialization_max_rows": 1000})
    connection.execute("SET TimeZone = 'UTC'")
    names = [name.strip() for name in COLUMNS.split(",")]
    types = ["JSON" if name in ("tags", "properties") else "VARCHAR" for name in names]
    declared = ", ".join(f"{name} {type_}" for name, type_ in zip(names, types, strict=True))
    connection.execute(f"CREATE TABLE Resources ({declared})")
    for (type_,) in graph.query("Resources | distinct type | order by type asc").rows():
        note(f"  JSON text of {type_}")
        compiled = graph.compile(f"Resources | where type == '{type_}' | project {COLUMNS}")
        cursor = graph.estate.cursor()
        reader = cursor.execute(compiled.sql).to_arrow_reader(10_000)
        connection.register("incoming", reader)
        connection.execute("INSERT INTO Resources SELECT * FROM incoming")
        connection.unregister("incoming")
        cursor.close()
    return connection


def by_hand(connection: duckdb.DuckDBPyConnection, sql: str) -> Callable[[], Rows]:
    """SQL text in, rows out."""
    return lambda: connection.execute(sql).fetchall()


def by_hand_arrow(connection: duckdb.DuckDBPyConnection, sql: str) -> Callable[[], object]:
    """SQL text in, an Arrow table out."""
    return lambda: connection.sql(sql).to_arrow_table()


def duckdb_kql(connection: duckdb.DuckDBPyConnection, shape: Shape) -> Callable[[], Rows]:
    """The same KQL text (with its table's name where it has none) through PyPI's duckdb-kql."""
    peer = _imported("duckdb_kql")
    return lambda: list(peer.execute(connection, shape.named).fetchall())


def adxlite(json_: duckdb.DuckDBPyConnection) -> tuple[Callable[[], object], Callable[[], Rows]]:
    """The document's question, adapted by hand, through PyPI's adxlite: to its data frame, and to rows."""
    peer = _imported("adxlite")
    pandas = _imported("pandas")
    flat = json_.execute("""
        SELECT id, name, type, location, resourceGroup,
          coalesce(properties->>'$.virtualMachineScaleSet', '') AS scaleSet,
          properties->>'$.extended.instanceView.powerState.code' AS powerState
        FROM resources""").fetchall()
    names = ["id", "name", "type", "location", "resourceGroup", "scaleSet", "powerState"]
    client = peer.AdxLiteClient()
    client.ingest("Resources", pandas.DataFrame(flat, columns=names))

    def frame() -> object:
        return client.query(ADXLITE)

    def rows() -> Rows:
        return list(client.query(ADXLITE).itertuples(index=False, name=None))

    return frame, rows


def _imported(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise Missing(f"{name} is not installed (pip install '.[bench]')") from error


def differences(shape: Shape, ours: Rows, theirs: Rows, *, json_strings: bool = False) -> str:
    """How two answers differ, in a few words; nothing when they are the same.

    `json_strings`: the other engine shows the value of a dynamic as JSON text.
    """
    if json_strings:
        theirs = [
            tuple(
                json.loads(value) if place in shape.dynamic and isinstance(value, str) else value
                for place, value in enumerate(row)
            )
            for row in theirs
        ]
    if len(ours) != len(theirs):
        return f"{len(ours)} rows, the other has {len(theirs)}"
    if shape.order:
        keys = [[tuple(row[place] for place in shape.order) for row in rows] for rows in (ours, theirs)]
        if keys[0] != keys[1]:
            return "another order"
        if shape.limited and ours:  # any of those that tie with the last may be shown
            ours, theirs = (
                [row for row, key in zip(rows, found, strict=True) if key != keys[0][-1]]
                for rows, found in zip((ours, theirs), keys, strict=True)
            )
    mine, other = sorted(ours, key=repr), sorted(theirs, key=repr)
    for left, right in zip(mine, other, strict=True):
        if left != right:
            return f"a row is {left}, the other has {right}"
    return ""
