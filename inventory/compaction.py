"""Dead rows are given back a little at a time, so that no refresh pays for all of them.

A changed row is written anew behind the others, and leaves a dead one in the group of rows where it stood. A group goes
for nothing once all its rows are dead, and what is written between two checkpoints is a group of its own, however small.
DuckDB's own vacuum waits until a quarter of a stretch of groups is dead and then rewrites the stretch: with 1,000,000
machines changing evenly that is the whole table at once, 11 to 15 s. Here whole groups are emptied, those first in which
the fewest rows live, as the cleaner of a log does. Knows tables, not their meaning.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

GROUP = 122_880
"""Rows, living and dead, of a full group."""

WASTE = 0.25
"""Room that may lie beside the living rows, as a share of these. The more there may be, the emptier the groups out of
which rows are moved and the fewer rows, and the more of them a query reads for nothing."""

MOST_MOVED = 4 * GROUP
"""Rows moved at once, of all tables together, rounded up to what lies in one group."""

Run = Callable[[str], Any]


class Compaction:
    """Keeps the tables of a database in which rows are written anew small, and fast to read."""

    def __init__(self, database: str, read: Collection[str], order: str) -> None:
        """`read` names the tables that people ask much, and `order` the column by whose values their rows lie.

        In these a small group wastes as much room as one half empty, since it is read as slowly: what is compressed of a
        column holds for few rows of it. And rows are moved in their order, so that neighbours have values in common
        again: a condition on texts is tried once for each that is distinct."""
        self._database = database
        self._read = frozenset(read)
        self._order = order
        self._groups: dict[str, dict[int, int]] = {}
        """For each table the groups that were closed: the first row of each, and how many it has, living and dead. The
        engine does not tell where they begin, but fills one after the other, and row numbers stay what they are."""
        self._seen: dict[str, tuple[int, int]] = {}
        """For each table how many rows lived when it was last looked at, and where it ended."""

    def gather(self, run: Run) -> int:
        """Move rows out of the emptiest groups of those tables that waste too much; returns how many. Within a transaction,
        after which comes a checkpoint: that closes the group to which they were added, and drops those left behind.

        What anybody sees stays the same, and in the same order but for the moved rows."""
        tables = f"SELECT table_name FROM duckdb_tables() WHERE database_name = '{self._database}' ORDER BY table_name"
        counted = " UNION ALL ".join(
            f"SELECT '{name}', count(*), coalesce(max(rowid) + 1, 0) FROM {self._database}.{name}"
            for (name,) in run(tables).fetchall()
        )
        moved = 0
        for name, living, end in run(counted).fetchall():
            before = self._seen.get(name, (0, 0))
            if before == (living, end):
                continue
            here = self._empty(run, name, living) if moved < MOST_MOVED else 0
            groups = self._groups.setdefault(name, {})
            # few rows join those that were added meanwhile; as many as fill a group begin one of their own
            border = end if here >= GROUP else end + here
            for first, last in (before[1], border), (border, end + here):
                groups |= {start: min(GROUP, last - start) for start in range(first, last, GROUP)}
            self._seen[name] = living, max(end + here, before[1])
            moved += here
        return moved

    def _empty(self, run: Run, name: str, living: int) -> int:
        """Move rows of one table out of its closed groups until it wastes no more than it may, and half a group."""
        groups = self._groups.get(name, {})
        may = (1 + WASTE) * living + GROUP // 2
        if sum(self._room(name, held) for held in groups.values()) <= may:
            return 0
        counts = " UNION ALL ".join(
            f"SELECT {start}, count(*) FROM {self._database}.{name} WHERE rowid BETWEEN {start} AND {start + held - 1}"
            for start, held in groups.items()
        )
        alive = dict(run(counts).fetchall())
        for start in [start for start, rows in alive.items() if not rows]:
            del groups[start]
        room = {start: self._room(name, held) for start, held in groups.items()}
        excess = sum(room.values()) - may
        moved, left = 0, []
        for start in sorted(groups, key=lambda start: (alive[start] / room[start], start)):
            if excess <= 0 or moved >= MOST_MOVED or alive[start] == room[start]:
                break
            left.append(f"FROM {self._database}.{name} WHERE rowid BETWEEN {start} AND {start + groups[start] - 1}")
            moved += alive[start]
            excess -= room[start] - alive[start]
        if left:
            order = f" ORDER BY {self._order}" if name in self._read else ""
            run(f"INSERT INTO {self._database}.{name} {' UNION ALL '.join(f'SELECT * {rows}' for rows in left)}{order}")
        for rows in left:
            run(f"DELETE {rows}")
        return moved

    def _room(self, name: str, held: int) -> int:
        return GROUP if name in self._read else held
