"""The change feed: every accepted change, from the moment it is true until the index has seen it.

The feed holds, per type, the whole new row of each change. What is true of a resource is its latest row in the feed,
or else its row in the index; so the estate is not held twice. Knows lags and tables, not operations.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import duckdb

from inventory.clock import Clock
from inventory.lag import Lag
from inventory.resource_types import RESOURCE_TYPES, ResourceType
from inventory.shapes import quoted
from inventory.store import Store

_NEVER = 1 << 62


class Feed:
    """Accepted changes on their way to the index."""

    def __init__(self, store: Store, clock: Clock, lag: Lag, seed: int, last_number: int) -> None:
        self._store = store
        self._clock = clock
        self.lag = lag
        self._seed = str(seed)
        self.last_number = last_number
        self._due: dict[str, int] = {}
        self._touched: dict[str, ResourceType] = {}
        self._next_due = _NEVER
        self.seen_at = clock.ticks()
        """The time up to which the index has let changes in."""
        for resource_type in RESOURCE_TYPES:
            self.reckon(resource_type)

    def now(self) -> int:
        """The estate's time, in ticks."""
        return self._clock.ticks()

    @contextmanager
    def writing(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A transaction in which changes are announced: acknowledged when it ends, or never made."""
        with self._store.lock:
            with self._store.transaction() as writer:
                yield writer
            self.reckon_touched()

    def numbers(self, count: int) -> int:
        """Reserve `count` numbers for changes or new resources; returns the first. A number is never given twice."""
        first = self.last_number + 1
        self.last_number += count
        return first

    def truth(self, of: ResourceType, at: int, where: str = "TRUE") -> str:
        """A SELECT of all physical columns of what is true at a time (in ticks): the latest image, or the index row."""
        columns = f"_key, {of.column_list}"
        return f"""(
            SELECT {columns} FROM {of.source} WHERE ({where})
              AND _key NOT IN (SELECT _key FROM {of.feed} WHERE _true_at <= {at})
            UNION ALL
            SELECT {columns} FROM (
              SELECT * FROM {of.feed} WHERE _true_at <= {at}
              QUALIFY row_number() OVER (PARTITION BY _key ORDER BY _seq DESC) = 1
            ) WHERE NOT _deleted AND ({where}))"""

    def announce(
        self, of: ResourceType, target: str, after_ticks: int, changes: Mapping[str, str], *, deleted: bool = False
    ) -> int:
        """Write one change for each row of the temporary table `target`; returns how many.

        `target` holds the rows as they are, numbered by `_n` from 0, each with the time `_accepted`. The change is
        true `after_ticks` later; `changes` gives SQL for the columns that it alters. Within a transaction.
        The index never sees a change before an earlier one of the same resource.
        """
        count = self._count(target)
        if count == 0:
            return 0
        self._touched[of.physical] = of
        values = ", ".join(f"({changes.get(name, quoted(name))})" for name in of.physical_columns)
        delay = self.lag.delay_sql(self._draw("lag", "_seq"))
        self._store.writer.execute(f"""
            INSERT INTO {of.feed} (_key, _seq, _true_at, _visible_at, _deleted, {of.column_list})
            SELECT _key, _seq, _true, greatest(_floor, _true + {delay}), {deleted}, {values}
            FROM (
              SELECT t.*, t._n + {self.numbers(count)} AS _seq, t._accepted + {after_ticks} AS _true,
                coalesce(f.latest, 0) AS _floor
              FROM {target} t LEFT JOIN (
                SELECT _key, max(_visible_at) AS latest FROM {of.feed}
                WHERE _key IN (SELECT _key FROM {target}) GROUP BY _key) f USING (_key)
            ) ORDER BY _seq
        """)
        return count

    def announce_slow(self, of: ResourceType, target: str, after_ticks: int, values: Mapping[str, str]) -> None:
        """Write the slow fields of the change announced last: they travel apart and never overtake their row."""
        count = self._count(target)
        if count == 0:
            return
        self._touched[of.physical] = of
        slow = ", ".join(f"({values[name]})" for name in of.slow)
        delay = self.lag.slow_delay_sql(self._draw("slow", "_seq"))
        self._store.writer.execute(f"""
            INSERT INTO {of.slow_feed} (_key, _seq, _true_at, _visible_at, {", ".join(of.slow)})
            SELECT _key, _seq, _true, greatest(_floor, _true + {delay}), {slow}
            FROM (
              SELECT t.*, t._n + {self.numbers(count)} AS _seq, t._accepted + {after_ticks} AS _true,
                coalesce(f.latest, 0) AS _floor
              FROM {target} t LEFT JOIN (
                SELECT _key, max(_visible_at) AS latest FROM (
                  SELECT _key, _visible_at FROM {of.feed} UNION ALL SELECT _key, _visible_at FROM {of.slow_feed})
                WHERE _key IN (SELECT _key FROM {target}) GROUP BY _key) f USING (_key)
            ) ORDER BY _seq
        """)

    def forget_future(self, of: ResourceType, target: str) -> None:
        """Take back what was to become true of the targets after their `_accepted`: a new operation overrides it."""
        feeds = [of.feed, of.slow_feed] if of.slow else [of.feed]
        for feed in feeds:
            self._store.writer.execute(
                f"DELETE FROM {feed} USING {target} t WHERE {feed}._key = t._key AND {feed}._true_at > t._accepted"
            )

    def reckon_touched(self) -> None:
        """Note when the changes written since the last time are due; once they are committed."""
        touched, self._touched = self._touched, {}
        for of in touched.values():
            self.reckon(of)

    def reckon(self, of: ResourceType) -> None:
        """Note when the next change of a type is due."""
        slow = f"UNION ALL SELECT min(_visible_at) FROM {of.slow_feed}" if of.slow else ""
        row = self._store.writer.execute(
            f"SELECT min(due) FROM (SELECT min(_visible_at) AS due FROM {of.feed} {slow})"
        ).fetchone()
        self._due[of.physical] = _NEVER if row is None or row[0] is None else int(row[0])
        self._next_due = min(self._due.values())

    def refresh(self) -> int:
        """Let every due change into the index, all at once; returns how many rows of the index changed.

        Costs nothing when nothing is due, and otherwise grows with what is due. Readers see the index before or
        after, never between, and do not wait.
        """
        now = self._clock.ticks()
        if now < self._next_due:
            self.seen_at = max(self.seen_at, now)
            return 0
        with self._store.lock:
            due = [of for of in RESOURCE_TYPES if self._due[of.physical] <= now]
            if not due:
                return 0
            with self._store.transaction():
                changed = sum(self._let_in(of, now) for of in due)
                self._store.set_state({"clock": now})
            for of in due:
                self.reckon(of)
            self.seen_at = max(self.seen_at, now)
        return changed

    def pending(self) -> int:
        """How many changes are true but not yet seen by the index."""
        now = self._clock.ticks()
        feeds = [of.feed for of in RESOURCE_TYPES] + [of.slow_feed for of in RESOURCE_TYPES if of.slow]
        counts = " UNION ALL ".join(f"SELECT count(*) AS n FROM {feed} WHERE _true_at <= {now}" for feed in feeds)
        with self._store.lock:
            row = self._store.writer.execute(f"SELECT sum(n)::BIGINT FROM ({counts})").fetchone()
        return 0 if row is None else int(row[0])

    def _let_in(self, of: ResourceType, now: int) -> int:
        """Apply the due changes of one type: the latest image of each key replaces its row."""
        run = self._store.writer.execute
        kept = ", ".join(f"i.{name}" if name in of.slow else f"f.{quoted(name)}" for name in of.physical_columns)
        earlier = f"LEFT JOIN {of.source} i USING (_key)" if of.slow else ""
        run(f"""
            CREATE OR REPLACE TEMP TABLE due AS
            SELECT f._key, f._deleted, {kept} FROM (
              SELECT * FROM {of.feed} WHERE _visible_at <= {now}
              QUALIFY row_number() OVER (PARTITION BY _key ORDER BY _seq DESC) = 1) f {earlier}
        """)
        changed = self._count("due")
        if changed:
            run(f"DELETE FROM {of.source} WHERE _key IN (SELECT _key FROM due)")
            run(
                f"INSERT INTO {of.source} (_key, {of.column_list}) "
                f"SELECT _key, {of.column_list} FROM due WHERE NOT _deleted ORDER BY _key"
            )
            run(f"DELETE FROM {of.feed} WHERE _visible_at <= {now}")
        if of.slow:
            changed += self._let_in_slow(of, now)
        return changed

    def _let_in_slow(self, of: ResourceType, now: int) -> int:
        assigned = ", ".join(f"{name} = s.{name}" for name in of.slow)
        self._store.writer.execute(f"""
            CREATE OR REPLACE TEMP TABLE due AS SELECT * FROM {of.slow_feed} WHERE _visible_at <= {now}
            QUALIFY row_number() OVER (PARTITION BY _key ORDER BY _seq DESC) = 1
        """)
        count = self._count("due")
        if count:
            self._store.writer.execute(f"UPDATE {of.source} SET {assigned} FROM due s WHERE {of.source}._key = s._key")
            self._store.writer.execute(f"DELETE FROM {of.slow_feed} WHERE _visible_at <= {now}")
        return count

    def _count(self, table: str) -> int:
        row = self._store.writer.execute(f"SELECT count(*) FROM {table}").fetchone()
        return 0 if row is None else int(row[0])

    def _draw(self, stream: str, number: str) -> str:
        return f"(md5_number_lower(concat('{self._seed}:{stream}:', {number})) & 65535)::BIGINT"
