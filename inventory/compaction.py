"""Dead rows are given back a little at a time, so that no refresh pays for all of them.

A changed row is written anew behind the others, and leaves a dead one in the group where it stood. A group goes for
nothing once all its rows are dead. DuckDB's own vacuum waits until a quarter of a stretch of groups is dead and then
rewrites the stretch: with 1,000,000 machines changing evenly that is the whole table at once, 11 to 15 s. Here a few
rows are moved each time, out of where the fewest are left, as the cleaner of a log does. Knows tables, not their meaning.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
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


TOGETHER = 61_440
"""Living rows in small groups from which on they are put together in a large one, which is read several times as fast:
what is compressed of a column holds for few rows of a small group. Costs each changed row another move."""


class Compaction:
    """Keeps the tables of a database in which rows are written anew small, and fast to read."""

    def __init__(self, database: str, read: Collection[str]) -> None:
        """`read` names the tables whose small groups are put together: those that people ask much."""
        self._database = database
        self._read = frozenset(read)
        self._ends: dict[str, int] = {}
        self._fresh: dict[str, int] = {}

    def gather(self, run: Callable[[str], Any]) -> int:
        """Move rows of the table that needs it most; returns how many. Within a transaction.

        Those written since the last time, once they are enough for a group, or else those of the emptiest stretches
        where much is dead. What anybody sees stays the same, and in the same order but for the moved rows.
        """
        stretches = self._look(run)
        ready: dict[str, int] = {}
        for name in self._read & stretches.keys():
            first = (self._ends[name] - self._fresh[name]) // STRETCH
            ready[name] = sum(living for stretch, living in stretches[name] if stretch >= first)
        if ready and ready[most := max(ready, key=ready.__getitem__)] >= TOGETHER:
            end = self._ends[most]
            self._move(run, most, f"rowid BETWEEN {end - self._fresh[most]} AND {end - 1}")
            self._ends[most] = end + ready[most]
            self._fresh[most] = 0
            return ready[most]
        return self._empty(run, stretches)

    def _look(self, run: Callable[[str], Any]) -> dict[str, list[tuple[int, int]]]:
        """The stretches of each table that has rows, with how many rows live there; notes what was added."""
        tables = f"SELECT table_name FROM duckdb_tables() WHERE database_name = '{self._database}'"
        counted = " UNION ALL ".join(
            f"SELECT '{name}', rowid // {STRETCH} AS stretch, count(*), max(rowid) FROM {self._database}.{name} GROUP BY stretch"
            for (name,) in run(tables).fetchall()
        )
        stretches: dict[str, list[tuple[int, int]]] = {}
        ends: dict[str, int] = {}
        for name, stretch, living, last in run(counted).fetchall():
            stretches.setdefault(name, []).append((stretch, living))
            ends[name] = max(ends.get(name, 0), last + 1)
        for name, end in ends.items():
            # where groups have gone meanwhile, less seems to have been added: what is missed stays in its small group
            added = max(0, end - self._ends.get(name, end))
            self._fresh[name] = min(end, self._fresh.get(name, 0) + added)
            self._ends[name] = end
        return stretches

    def _empty(self, run: Callable[[str], Any], stretches: Mapping[str, list[tuple[int, int]]]) -> int:
        """Move the rows of the emptiest stretches of the table that wastes most."""
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
            self._move(run, worst, f"rowid BETWEEN {stretch * STRETCH} AND {stretch * STRETCH + STRETCH - 1}")
            moved += living
        return moved

    def _move(self, run: Callable[[str], Any], name: str, where: str) -> None:
        run(f"INSERT INTO {self._database}.{name} SELECT * FROM {self._database}.{name} WHERE {where}")
        run(f"DELETE FROM {self._database}.{name} WHERE {where}")
