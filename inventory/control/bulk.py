"""The control plane: operations on machines, checked against the truth and written to the feed.

An operation works on a set of machines in a few statements, whether the set is one machine or a million. Knows
operations as data (`lifecycle`) and how machines, disks and interfaces hang together; the index is not its affair.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from inventory.changes import BY_THE_PLATFORM
from inventory.clock import seconds_to_ticks
from inventory.control.failures import IN_THE_GUEST, SILENT
from inventory.draws import bits_sql, draw_sql
from inventory.errors import InventoryError
from inventory.feed import WHEN_ALL_IS_DONE, Feed
from inventory.lifecycle import DISPLAY, OPERATIONS, SETTLED
from inventory.resource_types import (
    AVAILABILITY_SETS,
    DISKS,
    EXTENSIONS,
    NETWORK_INTERFACES,
    PUBLIC_IP_ADDRESSES,
    SCALE_SET_INSTANCE_NICS,
    SCALE_SETS,
    VIRTUAL_MACHINES,
    ResourceType,
)
from inventory.store import Store


def _listed(words: Iterable[str]) -> str:
    """Words of ours as a list in SQL."""
    return ", ".join(f"'{word}'" for word in sorted(words))


_STATE = "replace(power_state.code, 'PowerState/', '')"
_POWER = f"coalesce(_power, {_STATE})"
"""The power state that a step leads to."""
_REPORTS = f"{_POWER} = 'running' AND _agent_os_name IS NOT NULL AND coalesce(_ended_with, '') NOT IN ({_listed(SILENT)})"
_REPORTED = {
    # what the index may say of the operating system once a machine has settled: nothing unless its agent runs
    "computer_name": f'CASE WHEN {_REPORTS} THEN properties."osProfile"."computerName" END',
    "os_name": f"CASE WHEN {_REPORTS} THEN _agent_os_name END",
    "os_version": f"CASE WHEN {_REPORTS} THEN _agent_os_version END",
}
_UP = frozenset(name for name, each in OPERATIONS.items() if each.edges[-1].power == "running")
"""The operations that end with a running machine, whatever its guest does then."""

_SINCE = {"_since": "_accepted + _after"}
"""When the state of what changes began."""

_ACTIONS = {"create": "write", "update": "write", "resize": "write", "delete": "delete", "evict": "deallocate/action"}
"""How change records name operations that are no action of the same name."""
_BY_THE_PLATFORM = frozenset({"evict", "crash"})


def _action_of(operation: str) -> str:
    """How change records name an operation."""
    return _ACTIONS.get(operation) or f"{OPERATIONS[operation].name.lower()}/action"


class Control:
    """Start, power off, deallocate, restart and delete machines."""

    def __init__(self, store: Store, feed: Feed) -> None:
        self._store = store
        self._feed = feed
        self.keeps_parts = False
        """Whether disks and interfaces stay when their machine goes, whatever their deleteOption says (as in 2021)."""
        self.ends = 0
        """When the operations that were last carried out will have ended, in ticks."""
        store.writer.execute(
            "CREATE OR REPLACE TEMP TABLE step (_operation VARCHAR, _least BIGINT, _most BIGINT, _power VARCHAR, "
            "_display VARCHAR, _provisioning VARCHAR, _disks VARCHAR, _gone BOOLEAN, _settled BOOLEAN, "
            "_asleep BOOLEAN, _last BOOLEAN)"
        )
        steps: list[object] = []
        for name, operation in OPERATIONS.items():
            least = most = 0
            for edge in operation.edges:
                last = edge is operation.edges[-1]
                steps += [
                    name, least, most, edge.power, None if edge.power is None else DISPLAY[edge.power],
                    edge.provisioning, edge.disks, edge.gone, edge.power in SETTLED or (last and not edge.gone),
                    edge.hibernated, last,
                ]  # fmt: skip
                least, most = least + seconds_to_ticks(edge.lasts[0]), most + seconds_to_ticks(edge.lasts[1])
        row = f"({', '.join('?' * 11)})"
        store.writer.execute(f"INSERT INTO step VALUES {', '.join([row] * (len(steps) // 11))}", steps)
        # the machines that operations work on (temporary table `target`), once for each step; one draw of a machine
        # says how fast its whole operation goes
        pace = draw_sql(feed.seed, "pace", "_key, ':', _accepted")
        # an operation that is to fail leaves the machine as it was, but for its provisioning state; or up, where it is only
        # the guest that fails
        self._machines = f"""(
            SELECT * EXCLUDE (_least, _most, _last, _pace, _failed, _up)
              REPLACE (CASE WHEN _failed AND NOT _up THEN NULL ELSE _power END AS _power,
                CASE WHEN _failed THEN 'Failed' ELSE _provisioning END AS _provisioning,
                CASE WHEN _fails IS NOT NULL AND NOT _up THEN NULL ELSE _disks END AS _disks, _gone AND NOT _failed AS _gone),
              CASE WHEN _failed THEN _fails END AS _ended_with, _least + (_most - _least) * _pace // 65536 AS _after
            FROM (SELECT *, {pace} AS _pace, _last AND _fails IS NOT NULL AS _failed,
                    _operation IN ({_listed(_UP)}) AND _fails IN ({_listed(IN_THE_GUEST)}) AS _up
                  FROM target JOIN step USING (_operation))
        )"""

    def operate(
        self, of: ResourceType, key: int, name: str, operation: str, now: int, *, fails: str | None = None
    ) -> bool:
        """One operation on one machine; False when it is already so. Raises InventoryError when it is not allowed.

        `fails` is the code with which the operation shall end, though it is accepted.
        """
        asked = OPERATIONS[operation]
        with self._feed.writing() as writer:
            found = writer.execute(
                f"SELECT {_STATE}, EXISTS (SELECT 1 FROM {of.feed} WHERE _key = {key} AND _true_at > {now}), "
                f'properties."provisioningState" FROM {self._feed.truth(of, now, f"_key = {key}", ("properties", "power_state"))}'
            ).fetchall()
            if not found:
                raise InventoryError("ResourceNotFound", f"The virtual machine '{name}' no longer exists.")
            state, under_way, provisioning = found[0]
            if provisioning == "Deleting":
                raise InventoryError(
                    "OperationNotAllowed",
                    f"Operation '{asked.name}' is not allowed on VM '{name}' since the VM is marked for deletion.",
                )
            if under_way and not asked.overrides:
                raise InventoryError(
                    "Conflict",
                    f"The virtual machine '{name}' has another operation under way ({DISPLAY[state]}); "
                    f"'{asked.name}' can begin when that is done.",
                )
            if state in asked.already:
                return False
            if state not in asked.allowed:
                allowed = ", ".join(sorted(asked.allowed))
                raise InventoryError(
                    "OperationNotAllowed",
                    f"Operation '{asked.name}' is not allowed on VM '{name}' since it is {state}; "
                    f"it must be one of: {allowed}.",
                )
            self._target(f"SELECT *, '{operation}', {now} FROM {self._feed.truth(of, now, f'_key = {key}')}", of, fails)
            self.carry_out(of, {operation})
        return True

    def operate_on_many(self, of: ResourceType, operation: str, now: int, most: int) -> int:
        """One operation on a drawn choice of at most so many machines that it suits; returns on how many."""
        if operation not in OPERATIONS or not OPERATIONS[operation].allowed:
            known = ", ".join(name for name, each in OPERATIONS.items() if each.allowed)
            raise InventoryError("InvalidParameter", f"'{operation}' is nothing that can be done to machines: {known}")
        with self._feed.writing() as writer:
            draw = bits_sql(f"concat('{self._feed.last_number}:', _key)")
            # first the keys, from the narrow columns; then the rows
            writer.execute(
                f"CREATE OR REPLACE TEMP TABLE chosen AS SELECT _key FROM {self._feed.truth(of, now)} "
                f"WHERE {self._suits(of, now, operation)} ORDER BY {draw} LIMIT {most}"
            )
            chosen = self._feed.truth(of, now, "_key IN (SELECT _key FROM chosen)")
            self._target(f"SELECT *, '{operation}', {now} FROM {chosen}", of)
            return self.carry_out(of, {operation})

    def operate_where(
        self, of: ResourceType, where: str, operation: str, now: int, *, resize: bool = True, fails: str | None = None
    ) -> int:
        """One operation on all machines for which a condition holds and that it suits; returns on how many. With `fails`
        it ends so on each of them."""
        with self._feed.writing():
            suits = self._suits(of, now, operation)
            rows = self._feed.truth(of, now, where)
            self._target(f"SELECT *, '{operation}', {now} FROM (SELECT * FROM {rows} WHERE {suits})", of, fails)
            return self.carry_out(of, {operation}, resize=resize and fails is None)

    def set_in_motion(
        self, of: ResourceType, now: int, some: str, drawn: str, recent: Mapping[str, int], seconds: int
    ) -> int:
        """Let some machines to which nothing has happened yet have begun operations in the last so many seconds.

        `some` is a condition in SQL for which; `recent` gives the percentage for each operation, of the machines that
        it suits; `drawn` is SQL for 64 random bits of a key.
        """
        share = "(_drawn & 65535) * 100"
        choice, upto = "", 0
        for operation, percent in recent.items():
            states = _listed(OPERATIONS[operation].allowed)
            low, upto = upto, upto + percent * 65536
            choice += f" WHEN {_STATE} IN ({states}) AND {share} >= {low} AND {share} < {upto} THEN '{operation}'"
        ago = f"((_drawn >> 16) & 65535)::BIGINT * {seconds_to_ticks(seconds)} // 65536"
        with self._feed.writing() as writer:
            writer.execute(
                f"CREATE OR REPLACE TEMP TABLE chosen AS SELECT _key, _operation, {now} - {ago} AS _accepted "
                f"FROM (SELECT _key, _drawn, CASE {choice} END AS _operation FROM "
                f"(SELECT _key, power_state, {drawn} AS _drawn FROM {of.source} WHERE {some})) WHERE _operation IS NOT NULL"
            )
            self._target(f"SELECT r.*, _operation, _accepted FROM {of.source} r JOIN chosen USING (_key) WHERE {some}", of)
            return self.carry_out(of, set(recent))

    def carry_out(
        self, of: ResourceType, operations: set[str], *, resize: bool = True, changed: bool = False
    ) -> int:
        """Write the steps of what each machine in the temporary table `target` is to go through; returns how many.

        `resize` says whether the capacity of their scale sets follows when they go, `changed` that the rows there are
        otherwise than the machines have been up to now: it is a document that has been written.
        """
        if len(operations) == 1:
            (operation,) = operations
            by = BY_THE_PLATFORM if operation in _BY_THE_PLATFORM else None
            self._feed.because("write" if changed else _action_of(operation), by)
        if any(OPERATIONS[operation].overrides for operation in operations):
            self._feed.forget_future(of, "target")
        edges = [edge for operation in operations for edge in OPERATIONS[operation].edges]
        gone = any(edge.gone for edge in edges)
        if of is VIRTUAL_MACHINES:
            if gone or any(edge.disks for edge in edges):
                self._move_disks(gone)
            if gone:
                self._leave()
                self._leave_availability_sets()
        elif gone:
            self._follow(SCALE_SET_INSTANCE_NICS, "_gone", {}, deleted="TRUE")
        if gone and resize:
            self.resize_sets("_gone", -1)
        reported = {name: f"CASE WHEN _settled THEN {value} ELSE {name} END" for name, value in _REPORTED.items()}
        self._feed.announce(
            of,
            self._machines,
            {
                "properties": "struct_update(properties, provisioningState := _provisioning)",
                "power_state": "CASE WHEN _power IS NULL THEN power_state ELSE {'code': concat('PowerState/', _power), "
                "'displayStatus': _display, 'level': 'Info'} END",
                "_hibernated": "CASE WHEN _power IS NULL THEN _hibernated ELSE _asleep END",
                "_failure": "_ended_with",
                **_SINCE,
                **reported,
            },
            deleted="_gone",
            whole=changed,
        )
        self._feed.announce_slow(of, f"{self._machines} WHERE _settled", _REPORTED)
        ((count, ends),) = self._store.writer.execute(
            f"SELECT count(DISTINCT _key), max(_accepted + _after) FROM {self._machines}"
        ).fetchall()
        self.ends = int(ends or 0)
        for table in ("target", "following", "chosen", "event"):
            self._store.writer.execute(f"DROP TABLE IF EXISTS temp.{table}")
        return int(count)

    def _target(self, rows: str, of: ResourceType, fails: str | None = None) -> None:
        """The machines that an operation works on; `fails` is the code with which it ends on each."""
        columns = f"_key, {of.column_list}, _operation, _accepted"
        self._store.writer.execute(
            "CREATE OR REPLACE TEMP TABLE target AS "
            f"SELECT *, CAST(? AS VARCHAR) AS _fails FROM ({rows}) t({columns})",
            [fails],
        )

    def _suits(self, of: ResourceType, now: int, operation: str) -> str:
        states = _listed(OPERATIONS[operation].allowed)
        return (
            f"{_STATE} IN ({states}) AND properties.\"provisioningState\" <> 'Deleting' "
            f"AND _key NOT IN (SELECT _key FROM {of.feed} WHERE _true_at > {now})"
        )

    @property
    def _going(self) -> str:
        """The condition for what goes with its machine."""
        return "FALSE" if self.keeps_parts else "_goes_with_vm"

    def _move_disks(self, gone: bool) -> None:
        """The disks of machines that are started and deallocated change their state, those of machines that are no more
        go too or are left over."""
        moved = '_disks IS NOT NULL AND _disks <> r.properties."diskState"'
        if not gone:
            self._follow(DISKS, moved, {"properties": "struct_update(properties, diskState := _disks)"})
            return
        goes, stays = f"(_gone AND {self._going})", f"(_gone AND NOT {self._going})"
        state = f"CASE WHEN {stays} THEN 'Unattached' WHEN {goes} THEN properties.\"diskState\" ELSE _disks END"
        changes = {
            "_vm_key": f"CASE WHEN NOT {stays} THEN _vm_key END",
            "managedBy": f"CASE WHEN {stays} THEN '' ELSE \"managedBy\" END",
            "properties": f"struct_update(properties, diskState := {state})",
        }
        self._follow(DISKS, f"_gone OR ({moved})", changes, deleted=goes)

    def _leave(self) -> None:
        """What becomes of the things but disks that hang on machines which are no more."""
        ended = self._feed.truth(NETWORK_INTERFACES, WHEN_ALL_IS_DONE, f"{self._going} AND {self._hangs()}")
        free = "struct_update(properties, ipConfiguration := NULL)"
        holder = """regexp_replace(lower(r.properties."ipConfiguration".id), '/ipconfigurations/[^/]*$', '')"""
        freed = f"_gone AND {holder} IN (SELECT lower(id) FROM {ended})"
        self._follow(PUBLIC_IP_ADDRESSES, freed, {"_vm_key": "NULL", "properties": free}, deleted=self._going)
        alone = f'struct_update(properties, virtualMachine := CASE WHEN {self._going} THEN properties."virtualMachine" END)'
        left = {"_vm_key": f"CASE WHEN {self._going} THEN _vm_key END", "properties": alone}
        self._follow(NETWORK_INTERFACES, "_gone", left, deleted=self._going)
        self._follow(EXTENSIONS, "_gone", {}, deleted="TRUE")

    def _hangs(self) -> str:
        """The condition for what hangs on the targets. The range lets the engine skip what lies far from them."""
        least, most = self._store.writer.execute("SELECT min(_key), max(_key) FROM temp.target").fetchall()[0]
        if least is None:
            return "FALSE"
        return f"_vm_key BETWEEN {least} AND {most} AND _vm_key IN (SELECT _key FROM target)"

    def _follow(self, of: ResourceType, when: str, changes: Mapping[str, str], *, deleted: str = "FALSE") -> None:
        """At those steps of the targets for which `when` holds, what hangs on them changes too, or is `deleted`."""
        mine = self._feed.truth(of, WHEN_ALL_IS_DONE, self._hangs())
        found = self._store.writer.execute(f"""
            CREATE OR REPLACE TEMP TABLE following AS
            SELECT r.*, _accepted, _after, _disks, _gone FROM {mine} r
            JOIN (SELECT _key AS _vm_key, _accepted, _after, _disks, _gone FROM {self._machines}) USING (_vm_key) WHERE {when}
        """)
        if found.fetchall() != [(0,)]:
            self._feed.announce(of, "following", changes, deleted=deleted)

    def join_availability_sets(self) -> None:
        """New machines are named by the availability sets that they stand in."""
        self._regroup("_after = 0", 'list_concat(properties."virtualMachines", list_transform(_machines, lambda id: {\'id\': id}))')

    def _leave_availability_sets(self) -> None:
        left = "lambda held: NOT list_contains(list_transform(_machines, lambda id: lower(id)), lower(held.id))"
        self._regroup("_gone", f'list_filter(properties."virtualMachines", {left})')

    def _regroup(self, when: str, members: str) -> None:
        """The availability sets of the targets name others at those steps for which `when` holds."""
        mine = 'lower(properties."availabilitySet".id)'
        grouped = 'properties."availabilitySet" IS NOT NULL'
        if self._store.writer.execute(f"SELECT count(*) FROM target WHERE {grouped}").fetchall() == [(0,)]:
            return
        named = f"lower(id) IN (SELECT {mine} FROM target WHERE {grouped})"
        sets = self._feed.truth(AVAILABILITY_SETS, WHEN_ALL_IS_DONE, named)
        found = self._store.writer.execute(f"""
            CREATE OR REPLACE TEMP TABLE following AS
            SELECT s.*, _accepted, _after, _machines FROM {sets} s JOIN (
              SELECT {mine} AS _set, max(_accepted) AS _accepted, max(_after) AS _after, list(id ORDER BY _key) AS _machines
              FROM {self._machines} WHERE {when} AND {grouped} GROUP BY _set) ON lower(s.id) = _set
        """)
        if found.fetchall() != [(0,)]:
            changed = f"struct_update(properties, virtualMachines := {members})"
            self._feed.announce(AVAILABILITY_SETS, "following", {"properties": changed})

    def shrink_set(self, key: int, now: int) -> None:
        """One machine has left a Flexible set, though it is still there."""
        self._store.writer.execute(f"""
            CREATE OR REPLACE TEMP TABLE following AS SELECT *, {now}::BIGINT AS _accepted, 0::BIGINT AS _after
            FROM {self._feed.truth(SCALE_SETS, WHEN_ALL_IS_DONE, f"_key = {key} AND sku IS NOT NULL")}
        """)
        self._feed.announce(SCALE_SETS, "following", {"sku": "struct_update(sku, capacity := sku.capacity - 1)", **_SINCE})

    def resize_sets(self, when: str, by: int) -> None:
        """The capacity of the scale sets of the targets changes at those steps for which `when` holds."""
        least, most = self._store.writer.execute("SELECT min(_set_key), max(_set_key) FROM temp.target").fetchall()[0]
        if least is None:
            return
        sets = self._feed.truth(SCALE_SETS, WHEN_ALL_IS_DONE, f"_key BETWEEN {least} AND {most}")
        found = self._store.writer.execute(f"""
            CREATE OR REPLACE TEMP TABLE following AS
            SELECT s.*, _accepted, _after, _members FROM {sets} s JOIN (
              SELECT _set_key AS _key, max(_accepted) AS _accepted, max(_after) AS _after, count(*) AS _members
              FROM {self._machines} WHERE {when} AND _set_key IS NOT NULL GROUP BY _set_key) USING (_key)
            WHERE s.sku IS NOT NULL
        """)
        grown = f"struct_update(sku, capacity := (sku.capacity + {by} * _members)::BIGINT)"
        if found.fetchall() != [(0,)]:
            self._feed.announce(SCALE_SETS, "following", {"sku": grown, **_SINCE})
