"""Dead rows are given back a little at a time, so that no refresh pays for all of them.

A changed row is written anew behind the others, and leaves a dead one in the group where it stood. A group goes for
nothing once all its rows are dead. DuckDB's own vacuum waits until a quarter of a stretch of groups is dead and then
rewrites the stretch: with 1,000,000 machines changing evenly that is the whole table at once, 11 to 15 s. Here a few
rows are moved each time, out of where the fewest are left, as the cleaner of a log does. Knows tables, not their meaning.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

STRETCH = 10_240
"""Rows, living and dead, that are looked at together."""

WASTE = 1.0
"""Dead rows that may lie beside the living, as a share of these. The more there may be, the emptier the stretches out of
which rows are moved and the fewer rows: where changes fall evenly, some three for ten that change."""

MOST_MOVED = 10_240
"""Rows moved at once, of all tables together, rounded up to what lies in one stretch."""

_FULL = 0.8
"""A stretch of which so much lives is not worth moving."""


def gather(run: Callable[[str], Any], database: str) -> int:
    """Move rows of the table that wastes most out of its emptiest stretches; returns how many. Within a transaction.

    What anybody sees stays the same, and in the same order but for the moved rows.
    """
    names = [name for (name,) in run(f"SELECT table_name FROM duckdb_tables() WHERE database_name = '{database}'").fetchall()]
    counted = " UNION ALL ".join(
        f"SELECT '{name}' AS name, rowid // {STRETCH} AS stretch, count(*) AS living FROM {database}.{name} GROUP BY stretch"
        for name in names
    )
    stretches: dict[str, list[tuple[int, int]]] = {}
    for name, stretch, living in run(counted).fetchall():
        stretches.setdefault(name, []).append((stretch, living))
    worst, most = "", 0.0
    for name, found in stretches.items():
        found.sort()
        found.pop()  # where rows are being added: it is not full because it is not full yet
        living = sum(alive for _, alive in found)
        dead = len(found) * STRETCH - living
        if dead > max(WASTE * living, 2 * STRETCH, most):
            worst, most = name, dead
    moved = 0
    # neighbours lie in one group, so among stretches that are about as empty the older ones go first
    for stretch, living in sorted(stretches.get(worst, []), key=lambda each: (10 * each[1] // STRETCH, each[0])):
        if moved >= MOST_MOVED or living > _FULL * STRETCH:
            break
        there = f"rowid BETWEEN {stretch * STRETCH} AND {stretch * STRETCH + STRETCH - 1}"
        run(f"INSERT INTO {database}.{worst} SELECT * FROM {database}.{worst} WHERE {there}")
        run(f"DELETE FROM {database}.{worst} WHERE {there}")
        moved += living
    return moved
