"""An aggregate gives for a group what it gives for the rows of that group alone."""

from __future__ import annotations

import json
import os
import random
from typing import Any

import duckdb
import pytest

import kql
from kql.functions import catalogue
from kql.functions.row import Overload
from kql.types import Type
from tests.kql.shared import NOTHING, run
from tests.kql.test_columns_as_constants import VALUES, alike

TIMES = int(os.environ.get("LAZULITE_COLUMNS", "2"))
ANY_ROW = {"take_any", "take_anyif", "any", "anyif", "arg_max", "arg_min", "argmax", "argmin"}
UNORDERED = ("make_set", "makeset", "hll")
ROWS = [
    row for row in catalogue.table().values()
    if row.kind == "aggregate" and not (row.refused or row.volatile) and row.name not in ANY_ROW and row.name[0] not in "$_"
]  # fmt: skip
CONSTANTS = {Type.LONG: "3", Type.INT: "3", Type.REAL: "0.5", Type.STRING: "','", Type.DYNAMIC: "dynamic([5, 90])"}


def call(name: str, overload: Overload, draw: random.Random) -> tuple[str, list[Type]] | None:
    """A call over columns a0, a1 … of drawn types."""
    arguments, types = [], list[Type]()
    for parameter in overload.parameters:
        if parameter.optional and draw.random() < 0.5:
            break
        suits = [type for type in VALUES if type in parameter.classes]
        if not suits:
            return None
        type = draw.choice(suits)
        if parameter.constant:
            arguments.append(CONSTANTS.get(type, "3"))
        else:
            arguments.append(f"a{len(types)}")
            types.append(type)
    return (f"{name}({', '.join(arguments)})", types) if types else None


def answer(engine: duckdb.DuckDBPyConnection, text: str) -> list[tuple[Any, ...]] | None:
    try:
        compiled = kql.compile(text, NOTHING)
    except kql.KqlError:
        return None
    return run(engine, compiled)


def shown(text: str, value: Any) -> Any:
    """Of a set, which has no order, the elements; if it is cut off at a size, how many they are."""
    if not text.startswith(UNORDERED) or value is None:
        return value
    elements = sorted(map(str, json.loads(value)))
    return len(elements) if text.endswith(", 3)") else elements


@pytest.mark.parametrize("seed", range(2))
def test_a_group_is_as_its_rows_alone(seed: int, engine: duckdb.DuckDBPyConnection) -> None:
    draw, compared = random.Random(seed), 0
    for row in ROWS:
        for overload in row.overloads * TIMES:
            made = call(row.name, overload, draw)
            if made is None:
                continue
            text, types = made
            cells = [draw.choice("123") if type is None else draw.choice(VALUES[type]) for _ in range(9) for type in (None, *types)]
            columns = ", ".join(["k: long", *(f"a{place}: {type.value}" for place, type in enumerate(types))])
            table = f"let T = datatable({columns})[{', '.join(cells)}]; T "
            groups = answer(engine, table + f"| summarize r = {text} by k | sort by k asc")
            if groups is None:
                continue
            for key, *values in groups:
                alone = answer(engine, table + f"| where k == {key} | summarize r = {text}")
                assert alone is not None
                pairs = zip(alone[0], values, strict=True)
                assert all(alike(shown(text, one), shown(text, two)) for one, two in pairs), f"{table} {text} {alone} {values}"
                compared += 1
    assert compared > 100
