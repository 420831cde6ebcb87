"""What an accepted change leaves behind beside itself: its change record and, of a machine, its health.

Works on all changes of one announcement at once. What has happened just before an estate begins is recorded when
somebody first asks for it or something else happens: everything that it takes lies in the feed and in the past. Knows
the feed's tables, not its ways.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from inventory import changes, health
from inventory.changes import Cause
from inventory.history import CONCERNED, Past
from inventory.lag import Lag
from inventory.resource_types import VIRTUAL_MACHINES, ResourceType
from inventory.store import Store

_SHOWN_TO_RECORDS = ("id", "name", "location", "resourceGroup", "subscriptionId", "_vm_key", "power_state")

MANY = 12
"""Pieces of a row from which on it is asked first which of them differ at all."""


@dataclass(frozen=True, slots=True)
class _Owed:
    """What is needed to record the changes with the numbers `first` to `last` of a type later."""

    of: ResourceType
    changed: Mapping[str, str]
    lag: Lag
    cause: Cause
    first: int
    last: int


class Recorder:
    """Writes change records and health into their feeds."""

    def __init__(self, store: Store, past: Past, seed: str, begins: int) -> None:
        self._run = store.writer.execute
        self._past = past
        self._seed = seed
        self._begins = begins
        self._owed: list[_Owed] = []

    @property
    def owes(self) -> bool:
        """Whether there are changes that are still to be recorded."""
        return bool(self._owed)

    def owe(self, of: ResourceType, changed: Mapping[str, str], lag: Lag, cause: Cause, first: int, last: int) -> None:
        """Put off the recording of the first changes of some resources, which nothing may follow before `settle`."""
        if self._past.history.kept:
            self._owed.append(_Owed(of, changed, lag, cause, first, last))

    def settle(self) -> list[ResourceType]:
        """Record what has been put off; returns in which tables something was written. Within a transaction."""
        owed, self._owed = self._owed, []
        touched: list[ResourceType] = []
        for each in owed:
            of = each.of
            images = f"(FROM {of.images} WHERE _seq BETWEEN {each.first} AND {each.last})"
            # what was before the first change of a resource has been laid down under the negative of its number
            laid_down = f"_seq BETWEEN {-each.last} AND {-each.first}"
            before = f"(SELECT _key, {of.column_list}, -_seq AS _after FROM {of.images} WHERE {laid_down})"
            self._run(f"""
                CREATE OR REPLACE TEMP TABLE event AS SELECT _key, _seq AS _after, _true_at, _seq,
                  row_number() OVER (PARTITION BY _key ORDER BY _seq) = 1 AS _first, _lost, _visible_at
                FROM {images} ORDER BY _seq
            """)
            touched += self.record(of, before, each.changed, each.lag, each.cause, each.first - 1, images)
        self._run("DROP TABLE IF EXISTS temp.event")
        return touched

    def record(
        self,
        of: ResourceType,
        source: str,
        changed: Mapping[str, str],
        lag: Lag,
        cause: Cause,
        last_before: int,
        images: str | None = None,
    ) -> list[ResourceType]:
        """Record the changes that have just been announced; returns in which tables something was written.

        `source` is SQL for the rows as they were, the temporary table `event` holds the changes, and the feed of the
        type (or `images`, SQL for a table) their images, with numbers above `last_before`. Within a transaction.
        """
        if not self._past.history.kept:
            return []
        self._compare(of, source, changed, last_before, images or of.feed)
        self._run(changes.record_sql(of, cause, self._seed, lag.change_delay_sql("_drawn"), last_before))
        touched = [changes.records_of(of)]
        if of is VIRTUAL_MACHINES:
            self._run(health.base_sql())
            for kind in health.HEALTH:
                self._past.lay_down(
                    kind,
                    f"(SELECT s.*, t._seq FROM {kind.source} s JOIN transition t ON t._key = s._key AND t._first)",
                )
            delay = lag.health_delay_sql("_drawn")
            self._run(health.statuses_sql(self._seed, delay))
            self._run(health.remarks_sql(self._seed, delay, cause.changed_by_type, cause.action))
            touched += health.HEALTH
        self._run("DROP TABLE temp.transition")
        return touched

    def forget_future(self, of: ResourceType, target: str) -> None:
        """Take back what was recorded of changes that will not be: those of the targets after their `_accepted`."""
        if not self._past.history.kept:
            return
        never = f"SELECT f._seq FROM {of.feed} f JOIN {target} t ON t._key = f._key AND f._true_at > t._accepted"
        kinds = [changes.records_of(of), *(health.HEALTH if of is VIRTUAL_MACHINES else ())]
        for kind in kinds:
            self._run(f"DELETE FROM {kind.images} WHERE NOT _shown AND _seq IN ({never})")

    def _compare(
        self, of: ResourceType, source: str, changed: Mapping[str, str], last_before: int, images: str
    ) -> None:
        """Make the temporary table `transition`: for each change what was, what is, and which properties differ."""
        machine = of is VIRTUAL_MACHINES
        possible = changes.pieces(of, changed)
        values = [piece.old for piece in possible] + (["s.power_state"] if machine else [])
        named = "".join(f", {value} AS _p{place}" for place, value in enumerate(values))
        possible = [replace(piece, old=f"o._p{place}") for place, piece in enumerate(possible)]
        before = f"""
            SELECT e._seq, e._previous, e._previous_at{named}
            FROM {source} s JOIN event USING (_key, _after) JOIN _steps e USING (_seq) WHERE e._first
            UNION ALL
            SELECT e._seq, e._previous, e._previous_at{named} FROM _steps e JOIN {images} s ON s._seq = e._previous"""
        steps = """_steps AS (
              SELECT _seq, _key, _first, lag(_seq) OVER w AS _previous, lag(_true_at) OVER w AS _previous_at
              FROM event WINDOW w AS (PARTITION BY _key ORDER BY _seq))"""
        before_sql = f"{steps}, _before AS ({before})"
        if len(possible) > MANY:
            # to spell out what every leaf of a large document was would cost more than to ask first what differs
            self._run(f"CREATE OR REPLACE TEMP TABLE before AS WITH {steps} {before}")
            probes = ", ".join(f"coalesce(bool_or({piece.differs}), FALSE)" for piece in possible)
            seen = self._run(f"SELECT {probes} FROM before o JOIN {images} n USING (_seq)").fetchall()[0]
            possible = [piece for piece, differs in zip(possible, seen, strict=True) if differs]
            before_sql = "_before AS (FROM temp.before)"
        strict, loose = changes.pairs_sql(possible, False), changes.pairs_sql(possible, True)
        shown = "".join(f', n."{name}"' for name in _SHOWN_TO_RECORDS if name in of.physical_columns)
        of_machine = f", {health.CREATED} AS _made, o._p{len(values) - 1} AS _power_before" if machine else ""
        self._run(f"""
            CREATE OR REPLACE TEMP TABLE transition AS
            WITH {before_sql}, _earlier AS (
              SELECT _key, max(_seq) AS _seq, arg_max(_true_at, _seq) AS _true_at FROM {of.images}
              WHERE _seq BETWEEN 1 AND {last_before} AND {CONCERNED} GROUP BY _key
            )
            SELECT e._seq, e._key, e._true_at, e._visible_at, e._lost, e._first, n._deleted,
              e._first AND b._key IS NULL AND e._key NOT IN (SELECT _key FROM {of.source} WHERE {CONCERNED}) AS _created,
              coalesce(o._previous, b._seq, 0) AS _before_seq,
              coalesce(o._previous_at, b._true_at, {self._begins}) AS _before_at{shown}{of_machine},
              {strict} AS _pairs, {loose} AS _loose
            FROM event e JOIN {images} n ON n._seq = e._seq LEFT JOIN _before o ON o._seq = e._seq
            LEFT JOIN _earlier b ON b._key = e._key
        """)
        if any(leaf.loose for piece in possible for leaf in piece.leaves()):
            self._run(changes.look_into_sql())
