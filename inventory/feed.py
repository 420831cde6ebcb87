"""The change feed: every accepted change, from the moment it is true until the index has seen it.

Each change leaves an image, the whole new row of its resource, which is written once: it waits until the index lets it
in, and is the past from then on. What is true of a resource is its latest waiting image, or else its row in the index;
so the estate is not held twice. Knows lags and tables, not operations.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace

import duckdb

from inventory.beyond import Beyond
from inventory.changes import Cause
from inventory.clock import TICKS_PER_SECOND, Clock
from inventory.draws import draw_sql
from inventory.generic import GENERIC, SPELLED
from inventory.history import Past
from inventory.lag import Lag
from inventory.recorder import Recorder
from inventory.resource_types import ResourceType
from inventory.shapes import quoted
from inventory.store import Store
from inventory.tables import RECORDS, TABLES

_NEVER = 1 << 62

WHEN_ALL_IS_DONE = 1 << 61
"""A time at which every operation now under way has ended."""


@dataclass(frozen=True, slots=True)
class Age:
    """How far the index is behind with one type of resource: changes that are true but not seen, how many of them it
    will not hear of before a full scan, and for how many seconds the oldest has been true."""

    type: str
    unseen: int
    lost: int
    oldest_seconds: float


class Feed:
    """Accepted changes on their way to the index."""

    def __init__(
        self, store: Store, clock: Clock, lag: Lag, seed: int, last_number: int, past: Past, scans_from: int
    ) -> None:
        self._store = store
        self.clock = clock
        self.lag = lag
        self.seed = str(seed)
        self._past = past
        self._recorder = Recorder(store, past, self.seed, scans_from)
        self._by = self._cause = Cause()
        self.beyond = Beyond(store)
        self._scans_from = scans_from
        self.last_number = last_number
        """The number of the latest change; numbers are never given twice, and lags are drawn from them."""
        self._due: dict[str, int] = {}
        self._touched: dict[str, ResourceType] = {}
        self._next_due = _NEVER
        self._writing = False
        self._recording_later = False
        self._moment: int | None = None
        self.seen_at = clock.ticks()
        """The time up to which the index has let changes in."""
        self.version = 0
        """How often the index has changed since it was opened: the same version, the same rows."""
        self.documented: tuple[str, ...] = ()
        """The logical tables in which the index shows documents of any type."""
        self._reckon(TABLES)
        self._look_at_documents()

    def now(self) -> int:
        """The estate's time, in ticks."""
        return self.clock.ticks() if self._moment is None else self._moment

    @contextmanager
    def moment(self, ticks: int) -> Iterator[None]:
        """Act as at an earlier time: what happened while nobody looked. The index does not follow."""
        with self._store.lock:
            self._moment = ticks
            try:
                yield
            finally:
                self._moment = None

    # writing

    @contextmanager
    def writing(self, cause: Cause | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
        """A transaction in which changes are announced: acknowledged when it ends, or never made. May be nested.

        `cause` is who wants them and with what, for the change records."""
        with self._store.lock:
            if self._writing:
                if cause is not None:
                    self._by = self._cause = cause
                yield self._store.writer
                return
            if not self._recording_later:
                self.settle()
            before = self.last_number
            self._writing = True
            self._by = self._cause = cause or Cause()
            try:
                with self._store.transaction() as writer:
                    yield writer
                    if self.last_number != before:
                        self._store.set_state({"last_number": self.last_number, "clock": self.now()})
            except BaseException:
                self._touched.clear()
                self.last_number = before
                self.beyond.reload()
                raise
            finally:
                self._writing = False
            touched, self._touched = self._touched, {}
            self._reckon(touched.values())
            self._store.compress_in_time(self.last_number - before)

    @contextmanager
    def recording_later(self) -> Iterator[None]:
        """What is announced within is not recorded before `settle`. For the changes with which an estate begins."""
        self._recording_later = True
        try:
            yield
        finally:
            self._recording_later = False

    def settle(self) -> None:
        """Record what is still to be recorded, and let in what of it was due by the last refresh: as if all had been
        recorded at once. To be called before anything else happens, and before anyone reads a table of `RECORDS`."""
        with self._store.lock:
            if not self._recorder.owes:
                return
            with self._store.transaction():
                touched = list(dict.fromkeys(self._recorder.settle()))
                for of in RECORDS:
                    if of in touched:
                        self._let_in(of, self.seen_at)
                self._past.trim(self.seen_at)
            self._reckon(touched)

    def because(self, action: str, by: Cause | None = None) -> None:
        """Say with what the changes that follow are made, and by whom if not by those who make the rest, for the change
        records. Within `writing`."""
        self._cause = replace(by or self._by, action=action)

    def numbers(self, count: int) -> int:
        """Reserve `count` numbers; returns the first."""
        first = self.last_number + 1
        self.last_number += count
        return first

    def truth(
        self, of: ResourceType, at: int | str, where: str = "TRUE", names: Collection[str] | None = None
    ) -> str:
        """SQL (in parentheses) for all physical columns of what is true at a time: the latest images, or index rows.

        `at` is now or later, in ticks, or SQL for that. `names` are the columns wanted beside the key: to ask for a few
        takes less than half the time, for the engine looks at each; `where` may then name no slow ones."""
        columns = f"_key, {of.column_list}" if names is None else ", ".join(map(quoted, ("_key", *names)))
        fast = names is not None and not set(names) & set(of.slow)
        rows = of.source if fast else self._index_row(of, at)
        return f"""(
            SELECT {columns} FROM {rows}
            WHERE ({where}) AND _key NOT IN (SELECT _key FROM {of.feed} WHERE _true_at <= {at})
            UNION ALL
            SELECT {columns} FROM {of.feed}
            WHERE _seq IN (SELECT max(_seq) FROM {of.feed} WHERE _true_at <= {at} GROUP BY _key)
              AND NOT _deleted AND ({where}))"""

    def _index_row(self, of: ResourceType, at: int | str) -> str:
        """The index rows; with slow fields that are true already, though the index has not seen them."""
        if not of.slow:
            return of.source
        fields = ", ".join(f"CASE WHEN l._seq IS NULL THEN i.{name} ELSE l.{name} END AS {name}" for name in of.slow)
        return f"""(
            SELECT i.* REPLACE ({fields}) FROM {of.source} i LEFT JOIN (
              SELECT * FROM {of.slow_feed}
              WHERE _seq IN (SELECT max(_seq) FROM {of.slow_feed} WHERE _true_at <= {at} GROUP BY _key)
            ) l ON l._key = i._key)"""

    def settled_at(self, of: ResourceType, key: int) -> int:
        """When the last accepted change of a resource becomes true."""
        return self._count_of(f"SELECT max(_true_at) FROM {of.feed} WHERE _key = {key}")

    def announce(
        self, of: ResourceType, source: str, changes: Mapping[str, str], *, deleted: str = "FALSE", whole: bool = False
    ) -> int:
        """Write one change for each row of `source`; returns how many. Within `writing`.

        `source` is SQL for rows as they are, each with `_accepted` (when it was asked for) and `_after` (ticks from
        then until it is true); a resource may have several, in the order of `_after`. `changes` gives SQL for the
        columns that change; with `whole` the rows of `source` are already as they will be. The index never sees a
        change before an earlier one of the same resource, except that it may not hear of one at all until the next
        full scan.
        The temporary table `event` holds when each becomes true and visible, for `announce_slow`.
        """
        run = self._store.writer.execute
        delay = self.lag.delay_sql("_drawn")
        scan = self.lag.next_scan_sql("_true_at", self._scans_from)
        run(f"""
            CREATE OR REPLACE TEMP TABLE event AS
            SELECT * EXCLUDE (_drawn, _floor, _heard_at),
              CASE WHEN _lost THEN greatest(_heard_at, {scan}) ELSE _heard_at END AS _visible_at
            FROM (
              SELECT *, greatest(_true_at, coalesce(_floor, 0), coalesce(
                max(CASE WHEN NOT _lost THEN _true_at + {delay} END) OVER (PARTITION BY _key ORDER BY _seq), 0)) AS _heard_at
              FROM (
                SELECT *, {self._draw("lag", "_seq")} AS _drawn, {self.lag.lost_sql(self._draw("lost", "_seq"))} AS _lost
                FROM (
                  SELECT _key, _after, _accepted + _after AS _true_at,
                    {self.last_number} + row_number() OVER (ORDER BY _after, _key) AS _seq,
                    row_number() OVER (PARTITION BY _key ORDER BY _after) = 1 AS _first FROM {source})
              ) LEFT JOIN (
                SELECT _key, max(_visible_at) AS _floor FROM {of.feed} WHERE NOT _lost GROUP BY _key) USING (_key))
        """)
        changed, earlier = changes, f"(SELECT * FROM {source})"
        if whole:
            mine = f"_key IN (SELECT _key FROM {source})"
            run(f"CREATE OR REPLACE TEMP TABLE were AS SELECT * FROM {self.truth(of, WHEN_ALL_IS_DONE, mine)}")
            changed = {name: name for name in of.physical_columns}
            earlier = f"(SELECT * FROM were JOIN (SELECT _key, _after FROM {source}) USING (_key))"
        self._past.lay_down(of, f"(SELECT * FROM {earlier} JOIN event USING (_key, _after) WHERE _first)")
        values = ", ".join(f"({changes.get(name, quoted(name))})" for name in of.physical_columns)
        count = self._count_of(f"""
            INSERT INTO {of.images} (_key, _seq, _true_at, _visible_at, _shown, _deleted, _lost, {of.column_list})
            SELECT _key, _seq, _true_at, _visible_at, FALSE, {deleted}, _lost, {values}
            FROM (SELECT * FROM {source}) JOIN event USING (_key, _after)
        """)
        if count:
            self._touched[of.physical] = of
            last = self.last_number
            # an id that wandered would be recorded as the index shows it, not as it is
            if self._recording_later and self.lag.wandering_case == 0:
                self._recorder.owe(of, changed, self.lag, self._cause, last + 1, last + count)
            else:
                for kind in self._recorder.record(of, earlier, changed, self.lag, self._cause, last):
                    self._touched[kind.physical] = kind
        self.numbers(count)
        return count

    def announce_slow(self, of: ResourceType, source: str, values: Mapping[str, str]) -> None:
        """Write the slow fields of changes just announced: they travel apart, and never overtake their row."""
        slow = ", ".join(f"({values[name]})" for name in of.slow)
        self._past.lay_down_slow(of)
        delay = self.lag.slow_delay_sql("_drawn")
        self._store.writer.execute(f"""
            INSERT INTO {of.slow_images} (_key, _seq, _true_at, _visible_at, _shown, {", ".join(of.slow)})
            SELECT _key, _seq, _true_at, greatest(_visible_at, coalesce(_floor, 0), _true_at + {delay}), FALSE, {slow}
            FROM (SELECT * FROM {source}) JOIN (SELECT *, {self._draw("slow", "_seq")} AS _drawn FROM event) USING (_key, _after)
            LEFT JOIN (
              SELECT _key, max(_visible_at) AS _floor FROM {of.slow_feed}
              WHERE _seq NOT IN (SELECT _seq FROM {of.feed} WHERE _lost) GROUP BY _key) USING (_key)
        """)

    def forget_future(self, of: ResourceType, target: str) -> None:
        """Take back what was to become true of the targets after their `_accepted`: a new operation overrides it."""
        self._recorder.forget_future(of, target)
        for images in of.all_images:
            self._store.writer.execute(
                f"DELETE FROM {images} i USING {target} t "
                "WHERE NOT i._shown AND i._key = t._key AND i._true_at > t._accepted"
            )

    # reading

    def pending(self) -> int:
        """How many changes of resources are true but not yet seen by the index; what is recorded of them not counted."""
        now = self.now()
        feeds = [feed for of in TABLES if of not in RECORDS for feed in of.feeds]
        counts = " UNION ALL ".join(f"SELECT count(*) AS n FROM {feed} WHERE _true_at <= {now}" for feed in feeds)
        with self._store.lock:
            return self._count_of(f"SELECT sum(n)::BIGINT FROM ({counts})")

    def ages(self, tables: Collection[str]) -> list[Age]:
        """For each type in some logical tables that the index is behind with: how far."""
        now = self.now()
        wanted = {table.lower() for table in tables}
        found = []
        for of in TABLES:
            if of.table.lower() in wanted or (of is GENERIC and wanted):
                mine = (
                    "_true_at <= $now" if of is not GENERIC else "_true_at <= $now AND list_contains($tables, _table)"
                )
                given: dict[str, object] = {"now": now} | ({"tables": sorted(wanted)} if of is GENERIC else {})
                with self._store.lock:
                    count, oldest, lost = self._store.writer.execute(
                        f"SELECT count(*), min(_true_at), count(*) FILTER (_lost) FROM {of.feed} WHERE {mine}", given
                    ).fetchall()[0]
                if count:
                    found.append(Age(of.type, count, lost, (now - oldest) / TICKS_PER_SECOND))
        return found

    def is_due(self, now: int) -> bool:
        """Whether a refresh would let something in. Never waits."""
        return now >= self._next_due or now >= self._past.due or (self._recorder.owes and now > self.seen_at)

    def refresh(self) -> int:
        """Let every due change into the index, all at once; returns how many rows of the index changed.

        Costs nothing when nothing is due, and otherwise grows with what is due. Readers see the index before or
        after, never between, and do not wait.
        """
        now = self.clock.ticks()
        if not self.is_due(now):
            self.seen_at = max(self.seen_at, now)
            return 0
        changed = 0
        with self._store.lock:
            if now > self.seen_at:
                self.settle()
            due = [of for of in TABLES if self._due[of.physical] <= now]
            if due or now >= self._past.due:
                with self._store.transaction():
                    changed = sum(self._let_in(of, now) for of in due)
                    self._past.trim(now)
                    if GENERIC in due:
                        self._look_at_documents()
                    self._store.set_state({"clock": now})
                self.version += 1  # before nothing is due any more: whoever sees that sees the new version too
                self._reckon(due)
            self.seen_at = max(self.seen_at, now)
        return changed

    def _let_in(self, of: ResourceType, now: int) -> int:
        """Apply the due changes of one type: the latest image of each key replaces its row."""
        run = self._store.writer.execute
        is_due = f"_visible_at <= {now}"
        if not of.has_past:
            return self._past.take_over(of.images, is_due)
        # the slow fields keep the values that the index has: theirs come by their own way
        kept = "".join(f", i.{name}" for name in of.slow)
        earlier = f"LEFT JOIN {of.source} i USING (_key)" if of.slow else ""
        run(f"""
            CREATE OR REPLACE TEMP TABLE due AS SELECT _key, _seq{kept} FROM (
              SELECT _key, max(_seq) AS _seq FROM {of.feed} WHERE {is_due} GROUP BY _key) {earlier}
        """)
        run(f"DELETE FROM {of.source} WHERE _key IN (SELECT _key FROM due)")
        held = {"id": self.lag.wandering_id_sql("f.id", self._draw("case", "f._seq"))}
        held |= {name: f"due.{name}" for name in of.slow}
        values = ", ".join(held.get(name, f"f.{quoted(name)}") for name in of.physical_columns)
        run(
            f"INSERT INTO {of.source} (_key, {of.column_list}) "
            f"SELECT f._key, {values} FROM {of.feed} f JOIN due USING (_seq) WHERE NOT f._deleted ORDER BY f._key"
        )
        wandered = {} if self.lag.wandering_case == 0 else {"id": self.lag.wandering_id_sql("id", self._draw("case", "_seq"))}
        self._past.take_over(of.images, is_due, wandered)
        self._overtaken(of.images)
        changed = self._count_of("SELECT count(*) FROM due")
        if of.slow:
            assigned = ", ".join(f"{name} = s.{name}" for name in of.slow)
            run(f"""
                CREATE OR REPLACE TEMP TABLE due AS SELECT * FROM {of.slow_feed}
                WHERE _seq IN (SELECT max(_seq) FROM {of.slow_feed} WHERE {is_due} GROUP BY _key)
            """)
            changed += self._count_of(f"UPDATE {of.source} SET {assigned} FROM due s WHERE {of.source}._key = s._key")
            self._past.take_over(of.slow_images, is_due)
            self._overtaken(of.slow_images)
        return changed

    def _overtaken(self, images: str) -> None:
        """What waits although a later image of its resource is in the index was lost: the later one tells of it too."""
        self._store.writer.execute(
            f"DELETE FROM {images} i USING due WHERE NOT i._shown AND i._key = due._key AND i._seq < due._seq"
        )

    def full_scan(self) -> int:
        """Let the index look at everything, as the service does now and then: whatever is true shows at once.

        Heals what was lost, and overtakes what is on its way. Returns how many rows of the index changed.
        """
        self.settle()
        now = self.clock.ticks()
        with self._store.lock:
            with self._store.transaction() as writer:
                for of in TABLES:
                    for images in of.all_images:
                        found = f"_true_at <= {now} AND _visible_at > {now}" + (" AND _lost" if of in RECORDS else "")
                        writer.execute(f"UPDATE {images} SET _visible_at = {now} WHERE NOT _shown AND {found}")
            self._reckon(TABLES)
            return self.refresh()

    def _look_at_documents(self) -> None:
        """Find out which logical tables have documents of any type; each gets a view of its own."""
        rows = self._store.writer.execute(f"SELECT DISTINCT _table FROM {GENERIC.source} ORDER BY _table").fetchall()
        found = tuple(SPELLED[name] for (name,) in rows)
        for table in found:
            if table not in self.documented:
                self._store.writer.execute(GENERIC.view_sql(table))
        self.documented = found

    def _reckon(self, types: Iterable[ResourceType]) -> None:
        """Note when the next change of each of some types is due."""
        feeds = [(of.physical, feed) for of in types for feed in of.feeds]
        if feeds:
            each = " UNION ALL ".join(
                f"SELECT '{name}' AS name, min(_visible_at) AS due FROM {feed}" for name, feed in feeds
            )
            for name, due in self._store.writer.execute(
                f"SELECT name, min(due) FROM ({each}) GROUP BY name"
            ).fetchall():
                self._due[name] = _NEVER if due is None else int(due)
            self._next_due = min(self._due.values())

    def _count_of(self, statement: str) -> int:
        rows = self._store.writer.execute(statement).fetchall()
        return 0 if not rows or rows[0][0] is None else int(rows[0][0])

    def _draw(self, stream: str, number: str) -> str:
        return draw_sql(self.seed, stream, number)
