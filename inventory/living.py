"""A day in the life of an estate: what happens to its machines by itself, minute by minute, all of it in SQL.

What may happen, how often and at which hours is data. A seed gives the same day, whoever watches. Knows operations and
tables; knows no single resource.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files

from inventory.clock import from_ticks, seconds_to_ticks
from inventory.control.bulk import Control
from inventory.control.records import FIRST_NEW_KEY, written
from inventory.draws import bits_sql
from inventory.errors import InventoryError
from inventory.feed import Feed
from inventory.lifecycle import OPERATIONS
from inventory.resource_types import (
    DISKS,
    NETWORK_INTERFACES,
    SCALE_SET_INSTANCES,
    SCALE_SETS,
    VIRTUAL_MACHINES,
    ResourceType,
)
from inventory.rules.profile import MOST_IN_A_FLEXIBLE_SET
from inventory.store import Store

MINUTE = seconds_to_ticks(60)

_EVEN = (1.0,) * 24
_EVENING = (1.0,) * 6 + (0.3,) * 12 + (2.0,) * 3 + (4.0,) * 2 + (2.0,)
_MORNING = (0.3,) * 6 + (4.0,) * 3 + (1.5,) * 3 + (1.0,) * 6 + (0.3,) * 6
_WORK = (0.4,) * 7 + (1.8,) * 11 + (0.7,) * 6


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that happens to machines: its share of all that happens, and how that goes up and down with the hour."""

    operation: str
    share: int
    hours: tuple[float, ...] = _EVEN
    only: str = "TRUE"
    """SQL over a machine's columns: those to which it can happen at all."""


HAPPENINGS = (
    Happening("deallocate", 24, _EVENING),
    Happening("start", 50, _MORNING, "coalesce(properties.priority, '') <> 'Spot'"),
    Happening("start", 12, _EVEN, "properties.priority = 'Spot'"),
    Happening("restart", 14, _WORK),
    Happening("power_off", 4, _WORK),
    Happening("shut_down", 2, _WORK),
    Happening("evict", 12, _EVEN, "properties.priority = 'Spot' AND properties.\"evictionPolicy\" = 'Deallocate'"),
    Happening("crash", 1),
    Happening("update", 14, _WORK),
    Happening("delete", 8, _WORK),
)
"""Of all that happens in a day. Deletions are made good by as many deployments and scale-outs."""

_PRIME = 1_000_003
SECTORS = 16
"""The keys of an estate are lived through in so many stretches, one a minute and one more for the machines that have come
since. Within a stretch `rate` times as many machines are concerned. Neighbours lie together, so the engine reads a part
of each table and not all of it: measured with 200,000 machines, half of the work."""


class Life:
    """Lets minutes pass. `rate` is the share of machines to which something happens in a minute, on average of a day."""

    def __init__(self, store: Store, feed: Feed, control: Control, rate: float) -> None:
        if not 0 < rate <= 0.5:
            raise InventoryError("InvalidParameter", f"a rate lies above 0 and not above 0.5 a minute, {rate} does not")
        self._store = store
        self._feed = feed
        self._control = control
        self.rate = rate
        self._ends = {of: self._end(of) for of in (VIRTUAL_MACHINES, SCALE_SET_INSTANCES)}
        self._owed = 0
        """Machines that were deleted and not yet made good."""

    def minute(self, now: int) -> int:
        """What happens in one minute that ends at `now` (ticks); returns to how many machines."""
        happened = 0
        with self._feed.writing():
            for of in (VIRTUAL_MACHINES, SCALE_SET_INSTANCES):
                chosen = [each for each in HAPPENINGS if of is VIRTUAL_MACHINES or each.only == "TRUE"]
                happened += self._happen(of, chosen, now)
            happened += self._deploy(now)
        return happened

    def _happen(self, of: ResourceType, happenings: list[Happening], now: int) -> int:
        run = self._store.writer.execute
        hour = from_ticks(now).hour
        minute = now // MINUTE
        # a machine in `rate` is looked at this minute: a step through the keys that is another one each minute
        step = 2 * (minute * 7919 % 400_000) + 100_003
        share = min(1.0, self.rate * (SECTORS + 1))
        low, high = self._stretch(of, minute)
        looked = (
            f"_key BETWEEN {low} AND {high} "
            f"AND (_key % {_PRIME} * {step} + {minute * 104_729 % _PRIME}) % {_PRIME} < {round(share * _PRIME)}"
        )
        draw = bits_sql(f"concat('{self._feed.seed}:life:{minute}:', _key)")
        weights = [each.share * each.hours[hour] * 24 / sum(each.hours) for each in happenings]
        total = max(sum(weights), float(sum(each.share for each in happenings)))
        choice, upto = "", 0.0
        state = "replace(power_state.code, 'PowerState/', '')"
        for each, weight in zip(happenings, weights, strict=True):
            begin, upto = upto, upto + weight / total * 65536
            states = ", ".join(f"'{word}'" for word in sorted(OPERATIONS[each.operation].allowed))
            choice += (
                f" WHEN _part >= {round(begin)} AND _part < {round(upto)} THEN "
                f"CASE WHEN {state} IN ({states}) AND {each.only} THEN '{each.operation}' END"
            )
        busy = f"_key NOT IN (SELECT _key FROM {of.feed} WHERE _true_at > {now})"
        source = self._feed.truth(of, now, looked)
        within = f"{now} - (((_draw >> 16) & 65535)::BIGINT * {MINUTE - 1} // 65536)"
        # the last operation of a machine may have ended within this minute: what happens next comes after it
        run(f"""
            CREATE OR REPLACE TEMP TABLE target AS
            SELECT * EXCLUDE (_draw, _part), greatest({within}, coalesce(_since, 0) + 1) AS _accepted, NULL::VARCHAR AS _fails
            FROM (
              SELECT *, CASE {choice} END AS _operation FROM (
                SELECT *, (_draw & 65535)::BIGINT AS _part FROM (SELECT *, {draw} AS _draw FROM {source}))
              WHERE properties."provisioningState" <> 'Deleting' AND {busy})
            WHERE _operation IS NOT NULL
        """)
        row = run("SELECT count(*), count(*) FILTER (_operation = 'delete') FROM temp.target").fetchone()
        if row is None or not row[0]:
            return 0
        if of is VIRTUAL_MACHINES:
            self._owed += int(row[1])
        operations = {each.operation for each in happenings}
        if not row[1]:
            operations.discard("delete")
        return self._control.carry_out(of, operations)

    def _deploy(self, now: int) -> int:
        """New machines in place of those that were deleted: each like one that is there, in its set or beside it."""
        run = self._store.writer.execute
        wanted = self._owed
        if wanted <= 0:
            return 0
        minute = now // MINUTE
        low, high = self._stretch(VIRTUAL_MACHINES, minute // (SECTORS + 1) * (SECTORS + 1) + minute % SECTORS)
        step = 2 * (minute * 104_729 % 400_000) + 100_019
        first = self._feed.numbers(wanted) + FIRST_NEW_KEY
        run(f"SET VARIABLE life_now = {now}")
        run(f"SET VARIABLE life_first = {first}")
        run(f"SET VARIABLE life_seed = '{self._feed.seed}:{minute}'")
        run(f"SET VARIABLE life_written = '{written(now)}'")
        run(f"SET VARIABLE life_most = {MOST_IN_A_FLEXIBLE_SET}")
        order = f"(_key % {_PRIME} * {step}) % {_PRIME}"
        near = f"_key BETWEEN {low} AND {high} AND {order} < {max(1000, 8 * wanted * _PRIME // max(1, high - low))}"
        run(f"""
            CREATE OR REPLACE TEMP TABLE model AS SELECT * FROM {self._feed.truth(VIRTUAL_MACHINES, now, near)}
            WHERE power_state.code = 'PowerState/running' AND _rest IS NULL AND properties."availabilitySet" IS NULL
            ORDER BY {order}, _key LIMIT {wanted}
        """)
        keys = run("SELECT min(_key), max(_key), min(_set_key), max(_set_key) FROM temp.model").fetchall()[0]
        if keys[0] is None:
            return 0
        first_set, last_set = (-1, -1) if keys[2] is None else keys[2:]
        members = f"_set_key BETWEEN {first_set} AND {last_set} AND _set_key IN (SELECT _set_key FROM model)"
        later = 1 << 61
        run(f"""
            CREATE OR REPLACE TEMP TABLE held AS
            SELECT _set_key, properties."platformFaultDomain" AS domain, count(*) AS machines
            FROM {self._feed.truth(VIRTUAL_MACHINES, later, members)} GROUP BY ALL
        """)
        run(f"""
            CREATE OR REPLACE TEMP TABLE domains AS
            SELECT s._key AS _set_key, d AS domain, coalesce(held.machines, 0) AS machines,
              row_number() OVER (PARTITION BY s._key ORDER BY coalesce(held.machines, 0), d) - 1 AS place,
              s.properties."platformFaultDomainCount" AS domains
            FROM (SELECT *, unnest(range(properties."platformFaultDomainCount")) AS d
                  FROM {self._feed.truth(SCALE_SETS, later, f"_key BETWEEN {first_set} AND {last_set}")}) s
            LEFT JOIN held ON held._set_key = s._key AND held.domain = d
        """)
        run((files("inventory") / "living.sql").read_text("utf-8"))
        for of in (NETWORK_INTERFACES, DISKS):
            mine = f"_vm_key BETWEEN {keys[0]} AND {keys[1]} AND _vm_key IN (SELECT _model_key FROM deployed)"
            parts = self._feed.truth(of, now, mine)
            run(f"""
                CREATE OR REPLACE TEMP TABLE following AS
                SELECT * REPLACE ({_PARTS[of]}, d._new_key AS _vm_key), 0::BIGINT AS _after, {now}::BIGINT AS _accepted
                FROM (SELECT p._key + d._new_key * 8 AS _key, {", ".join(f'p."{name}"' for name in of.physical_columns)}, d
                      FROM {parts} p JOIN deployed d ON p._vm_key = d._model_key)
            """)
            run("ALTER TABLE temp.following DROP COLUMN d")
            self._feed.announce(of, "following", {})
        run("CREATE OR REPLACE TEMP TABLE target AS SELECT * EXCLUDE (_model_key, _new_key, _old_name, _new_name) FROM deployed")
        self._control.resize_sets("_after = 0", 1)
        made = self._control.carry_out(VIRTUAL_MACHINES, {"create"})
        self._owed -= made
        for table in ("model", "held", "domains", "deployed"):
            run(f"DROP TABLE IF EXISTS temp.{table}")
        return made

    def _end(self, of: ResourceType) -> int:
        """The last key of the machines that an estate began with."""
        row = self._store.writer.execute(f"SELECT max(_key) FROM {of.source} WHERE _key < {FIRST_NEW_KEY}").fetchall()
        return int(row[0][0] or 0)

    def _stretch(self, of: ResourceType, minute: int) -> tuple[int, int]:
        """The first and last key of those that a minute is about."""
        sector = minute % (SECTORS + 1)
        if sector == SECTORS:
            return FIRST_NEW_KEY, 2 * FIRST_NEW_KEY
        width = self._ends[of] // SECTORS + 1
        return sector * width, (sector + 1) * width - 1


def _renamed(text: str) -> str:
    """SQL for a text in which the model's name gives way to the new machine's."""
    return f"replace({text}, d._old_name, d._new_name)"


_CONFIGURATION = (
    f"struct_update(c, id := {_renamed('c.id')}, properties := struct_update(c.properties, publicIPAddress := NULL))"
)
_NIC_OF = "properties.virtualMachine.id"
_PARTS = {
    # SQL for the columns of what comes with a new machine
    DISKS: f"{_renamed('id')} AS id, {_renamed('name')} AS name, {_renamed('managedBy')} AS managedBy, struct_update("
    "properties, diskState := 'Attached', timeCreated := getvariable('life_written')) AS properties",
    NETWORK_INTERFACES: f"{_renamed('id')} AS id, {_renamed('name')} AS name, struct_update(properties, "
    f"virtualMachine := {{'id': {_renamed(_NIC_OF)}}}, ipConfigurations := "
    f"list_transform(properties.ipConfigurations, lambda c: {_CONFIGURATION})) AS properties",
}
