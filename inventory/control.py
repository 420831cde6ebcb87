"""The control plane: operations on machines, checked against the truth and written to the feed.

An operation works on a set of machines in a few statements, whether the set is one machine or a million. Knows
operations as data (`lifecycle`) and how machines, disks and interfaces hang together; the index is not its affair.
"""

from __future__ import annotations

from collections.abc import Mapping

from inventory.clock import seconds_to_ticks
from inventory.errors import InventoryError
from inventory.feed import Feed
from inventory.lifecycle import DISPLAY, OPERATIONS, Operation, Step
from inventory.resource_types import (
    DISKS,
    EXTENSIONS,
    NETWORK_INTERFACES,
    PUBLIC_IP_ADDRESSES,
    SCALE_SETS,
    VIRTUAL_MACHINES,
    ResourceType,
)
from inventory.store import Store

_STATE = "replace(power_state.code, 'PowerState/', '')"


class Control:
    """Start, power off, deallocate, restart and delete machines."""

    def __init__(self, store: Store, feed: Feed) -> None:
        self._store = store
        self._feed = feed

    def operate(self, of: ResourceType, key: int, name: str, operation: str, now: int) -> bool:
        """One operation on one machine; False when it is already so. Raises InventoryError when it is not allowed."""
        asked = OPERATIONS[operation]
        with self._feed.writing() as writer:
            row = writer.execute(
                f"SELECT {_STATE}, EXISTS (SELECT 1 FROM {of.feed} WHERE _key = {key} AND _true_at > {now}), "
                f'properties."provisioningState" FROM {self._feed.truth(of, now, f"_key = {key}")}'
            ).fetchone()
            if row is None:
                raise InventoryError("ResourceNotFound", f"The virtual machine '{name}' no longer exists.")
            state, under_way, provisioning = row
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
            self._carry_out(of, asked, f"_key = {key}", now, str(now))
        return True

    def operate_on_many(
        self, of: ResourceType, operation: str, now: int, *, where: str = "TRUE", most: int | None = None,
        accepted: str | None = None,
    ) -> int:
        """One operation on every machine that it suits and that `where` (SQL over its row) picks; returns how many.

        With `most`, a drawn choice of so many. `accepted` is SQL for the time of acceptance where that is not `now`.
        """  # fmt: skip
        asked = OPERATIONS[operation]
        states = ", ".join(f"'{state}'" for state in sorted(asked.allowed))
        suits = (
            f"({where}) AND {_STATE} IN ({states}) AND properties.\"provisioningState\" <> 'Deleting' "
            f"AND _key NOT IN (SELECT _key FROM {of.feed} WHERE _true_at > {now})"
        )
        with self._feed.writing():
            count = self._carry_out(of, asked, suits, now, accepted or str(now), most)
        return count

    def _carry_out(
        self, of: ResourceType, operation: Operation, where: str, now: int, accepted: str, most: int | None = None
    ) -> int:
        choice = "" if most is None else f"ORDER BY md5_number_lower(concat({self._feed.last_number}, ':', _key)), _key LIMIT {most}"
        self._store.writer.execute(f"""
            CREATE OR REPLACE TEMP TABLE target AS
            SELECT *, row_number() OVER (ORDER BY _key) - 1 AS _n, ({accepted})::BIGINT AS _accepted
            FROM (SELECT * FROM {self._feed.truth(of, now, where)} {choice}) ORDER BY _key
        """)
        if operation.overrides:
            self._feed.forget_future(of, "target")
        count = 0
        for step in operation.steps:
            count = self.step(of, step)
        self._store.set_state({"last_number": self._feed.last_number, "clock": now})
        return count

    def step(self, of: ResourceType, step: Step) -> int:
        """Write one step of the life of the machines in the temporary table `target`; returns how many."""
        after = seconds_to_ticks(step.after_seconds)
        changes = {"properties": f"struct_update(properties, provisioningState := '{step.provisioning}')"}
        if step.power is not None:
            changes["power_state"] = (
                f"{{'code': 'PowerState/{step.power}', 'displayStatus': '{DISPLAY[step.power]}', 'level': 'Info'}}"
            )
        agent = {"computer_name": "NULL", "os_name": "NULL", "os_version": "NULL"}
        if step.agent:
            agent["computer_name"] = (
                'CASE WHEN _agent_os_name IS NOT NULL THEN properties."osProfile"."computerName" END'
            )
            agent |= {"os_name": "_agent_os_name", "os_version": "_agent_os_version"}
        settled = step.power in ("running", "stopped", "deallocated")
        if settled:
            changes |= agent
        count = self._feed.announce(of, "target", after, changes, deleted=step.gone)
        if settled:
            self._feed.announce_slow(of, "target", after, agent)
        if of is VIRTUAL_MACHINES:
            if step.disks is not None:
                state = f"struct_update(properties, diskState := '{step.disks}')"
                differs = f"properties.\"diskState\" <> '{step.disks}'"
                self._follow(DISKS, after, {"properties": state}, differs)
            if step.gone:
                self._leave(after)
        return count

    def _leave(self, after: int) -> None:
        """What becomes of the things that hang on machines which are no more."""
        loose = {"_vm_key": "NULL"}
        unattached = "struct_update(properties, diskState := 'Unattached')"
        self._follow(DISKS, after, {}, "_goes_with_vm", deleted=True)
        self._follow(DISKS, after, {**loose, "managedBy": "''", "properties": unattached}, "NOT _goes_with_vm")
        ends = f"(SELECT _vm_key FROM {NETWORK_INTERFACES.source} WHERE _goes_with_vm)"
        free = "struct_update(properties, ipConfiguration := NULL)"
        self._follow(PUBLIC_IP_ADDRESSES, after, {**loose, "properties": free}, f"_vm_key IN {ends}")
        self._follow(NETWORK_INTERFACES, after, {}, "_goes_with_vm", deleted=True)
        alone = "struct_update(properties, virtualMachine := NULL)"
        self._follow(NETWORK_INTERFACES, after, {**loose, "properties": alone}, "NOT _goes_with_vm")
        self._follow(EXTENSIONS, after, {}, "TRUE", deleted=True)
        self.resize_sets(after, -1)

    def _follow(
        self, of: ResourceType, after: int, changes: Mapping[str, str], where: str, *, deleted: bool = False
    ) -> None:
        """The same moment for the resources that belong to the targets."""
        now = "(SELECT max(_accepted) FROM target)"
        mine = f"_vm_key IN (SELECT _key FROM target) AND ({where})"
        self._store.writer.execute(f"""
            CREATE OR REPLACE TEMP TABLE following AS
            SELECT r.*, row_number() OVER (ORDER BY r._key) - 1 AS _n, t._accepted
            FROM {self._truth_with_future(of, now, mine)} r JOIN target t ON t._key = r._vm_key
        """)
        self._feed.announce(of, "following", after, changes, deleted=deleted)

    def _truth_with_future(self, of: ResourceType, now: str, where: str) -> str:
        """What will be true when everything under way is done: what follows an operation builds on that."""
        return self._feed.truth(of, 1 << 61, where)

    def resize_sets(self, after: int, by: int) -> None:
        """The capacity of the Flexible scale sets of the targets grows or shrinks with them."""
        self._store.writer.execute(f"""
            CREATE OR REPLACE TEMP TABLE following AS
            SELECT s.*, row_number() OVER (ORDER BY s._key) - 1 AS _n, t._accepted, t.members
            FROM {self._feed.truth(SCALE_SETS, 1 << 61)} s JOIN (
              SELECT _set_key, count(*) AS members, max(_accepted) AS _accepted FROM target
              WHERE _set_key IS NOT NULL GROUP BY _set_key) t ON t._set_key = s._key
            WHERE s.sku IS NOT NULL
        """)
        grown = f"struct_update(sku, capacity := (sku.capacity + {by} * members)::BIGINT)"
        self._feed.announce(SCALE_SETS, "following", after, {"sku": grown})
