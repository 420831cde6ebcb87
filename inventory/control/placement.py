"""Where a machine may stand: in which scale set or availability set, in which zone, on which fault domain.

Consults the rules; writes nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from inventory.control.context import Context
from inventory.control.ids import parse
from inventory.control.records import Values
from inventory.errors import InventoryError
from inventory.feed import WHEN_ALL_IS_DONE
from inventory.resource_types import SCALE_SET_INSTANCES, VIRTUAL_MACHINES, ResourceType
from inventory.rules import profile as rules


@dataclass(frozen=True, slots=True)
class Place:
    """Where one machine stands. `fault_domain` None: the platform does not say, as with zones."""

    set_id: str | None = None
    set_key: int | None = None
    zone: str | None = None
    fault_domain: int | None = None
    update_domain: int | None = None
    availability_set_id: str | None = None


def set_referred(context: Context, uri: str) -> Values:
    """The Flexible scale set that a machine refers to. Raises what Azure says where there is none."""
    row = context.records.find(parse(uri), at=WHEN_ALL_IS_DONE)
    if row is None:
        raise InventoryError(
            "InvalidParameter",
            f"The Virtual Machine Scale Set '{uri}' referenced by the Virtual Machine does not exist.",
        )
    if row["properties"]["orchestrationMode"] != "Flexible":
        raise InventoryError(
            "OperationNotAllowed",
            f"This operation is not allowed because referenced Virtual Machine Scale Set '{row['name']}' does not "
            "have orchestration mode set to 'Flexible'.",
        )
    return row


def check_same_place(chosen: Values, group_id: str, location: str, zones: Sequence[str] | None) -> None:
    """A member is in the resource group, region and zones of its set."""
    if not chosen["id"].lower().startswith(group_id.lower() + "/"):
        raise InventoryError(
            "InvalidParameter",
            f"The scale set '{chosen['name']}' is in another resource group: a VM must be in the resource group of its "
            "set.",
        )
    if chosen["location"] != location:
        raise InventoryError(
            "InvalidParameter",
            f"The scale set '{chosen['name']}' is in {chosen['location']}, the VM would be in {location}: a VM must be "
            "in the region of its set.",
        )
    for zone in zones or ():
        if zone not in (chosen["zones"] or ()):
            raise InventoryError(
                "InvalidParameter",
                f"Zone '{zone}' is none of the zones of the scale set '{chosen['name']}': "
                f"{', '.join(chosen['zones'] or ()) or 'none'}.",
            )


class Spreading:
    """Places for new members of one Flexible set, each where the fewest are."""

    def __init__(self, context: Context, chosen: Values) -> None:
        self.chosen = chosen
        self.domains = int(chosen["properties"]["platformFaultDomainCount"] or 1)
        self.zones: list[str] = list(chosen["zones"] or ())
        rows = context.records.ask(
            VIRTUAL_MACHINES,
            'properties."platformFaultDomain", zones[1], count(*)',
            f"_set_key = {chosen['_key']}",
            {},
            "GROUP BY ALL",
        )
        self._held: Counter[tuple[str, Any]] = Counter()
        for domain, zone, count in rows:
            self._held["domain", domain] += count
            self._held["zone", zone] += count
            self._held["all", None] += count

    @property
    def members(self) -> int:
        return self._held["all", None]

    def _rigid(self, context: Context, size: str) -> str | None:
        """The size, of a machine to come or of the set, for which the set spreads rigidly; None where it does not."""
        sizes = (size, str((self.chosen["sku"] or {}).get("name") or ""))
        return next((each for each in sizes if context.rules.spreads_rigidly(self.domains, each)), None)

    def check_room(self, context: Context, more: int, size: str) -> None:
        """Raises where the set would hold more machines than it can, when so many of a size come."""
        properties = self.chosen["properties"]
        most = rules.MOST_IN_A_FLEXIBLE_SET
        if self.members + more > most:
            raise InventoryError(
                "OperationNotAllowed",
                f"The Virtual Machine Scale Set '{self.chosen['name']}' in Flexible orchestration mode cannot hold "
                f"{self.members + more} VMs: {most} is the most.",
            )
        rigid, limit = self._rigid(context, size), context.rules.fixed_spreading_limit
        if rigid is not None and self.members + more > limit:
            raise InventoryError(
                "OperationNotAllowed",
                f"The Virtual Machine Scale Set '{self.chosen['name']}' with fixed spreading and size '{rigid}' cannot "
                f"hold {self.members + more} VMs: {limit} is the most "
                f"for {properties['platformFaultDomainCount']} fault domains.",
            )

    def check_mix(self, context: Context, size: str, spot: bool) -> None:
        """Raises where Spot and Regular members would stand in one set that cannot mix them: one with fixed spreading,
        of a size that is not updated with its memory preserved."""
        rigid = self._rigid(context, size)
        if rigid is not None:
            others = f"_set_key = {self.chosen['_key']} AND (coalesce(properties.priority, '') IN ('Spot', 'Low')) <> {spot}"
            if context.records.count(VIRTUAL_MACHINES, others, {}):
                raise InventoryError(
                    "OperationNotAllowed",
                    f"The Virtual Machine Scale Set '{self.chosen['name']}' with fixed spreading and size '{rigid}' cannot "
                    "mix Spot and Regular priority VMs.",
                )

    def place(self, zone: str | None = None, fault_domain: int | None = None) -> Place:
        """A place for one more machine; chosen by the platform where the caller leaves it open."""
        if fault_domain is not None and not 0 <= fault_domain < self.domains:
            raise InventoryError(
                "InvalidParameter", f"The fault domain {fault_domain} must fall in the range 0 to {self.domains - 1}."
            )
        domain = fault_domain
        if self.zones:
            if zone is None:
                zone = min(self.zones, key=lambda each: (self._held["zone", each], each))
            domain = None
        elif domain is None:
            domain = min(range(self.domains), key=lambda each: (self._held["domain", each], each))
        self._held["zone", zone] += 1
        self._held["domain", domain] += 1
        self._held["all", None] += 1
        return Place(self.chosen["id"], self.chosen["_key"], zone, domain)


def in_availability_set(context: Context, uri: str, group_id: str, location: str, mine: str) -> Place:
    """A place in an availability set, on the fault and update domains where the fewest are."""
    row = context.records.find(parse(uri), at=WHEN_ALL_IS_DONE)
    if row is None:
        raise InventoryError(
            "InvalidParameter", f"The Availability Set '{uri}' referenced by the Virtual Machine does not exist."
        )
    if not row["id"].lower().startswith(group_id.lower() + "/") or row["location"] != location:
        raise InventoryError(
            "InvalidParameter",
            f"The Availability Set '{row['name']}' is in another resource group or region than the Virtual Machine.",
        )
    members = context.records.ask(
        VIRTUAL_MACHINES,
        "_fault_domain, _update_domain, count(*)",
        '"subscriptionId" = $sub AND lower(properties."availabilitySet".id) = $set AND lower(id) <> $mine',
        {"sub": row["subscriptionId"], "set": row["id"].lower(), "mine": mine.lower()},
        "GROUP BY ALL",
    )
    total = sum(each[2] for each in members)
    if total >= rules.MOST_IN_AN_AVAILABILITY_SET:
        raise InventoryError(
            "OperationNotAllowed",
            f"The Availability Set '{row['name']}' cannot hold more than {rules.MOST_IN_AN_AVAILABILITY_SET} VMs.",
        )
    faults: Counter[int] = Counter()
    updates: Counter[int] = Counter()
    for fault, update, count in members:
        faults[fault] += count
        updates[update] += count
    properties: Mapping[str, Any] = row["properties"]
    fault = min(range(properties["platformFaultDomainCount"]), key=lambda each: (faults[each], each))
    update = min(range(properties["platformUpdateDomainCount"]), key=lambda each: (updates[each], each))
    return Place(fault_domain=fault, update_domain=update, availability_set_id=row["id"])


def type_of_members(chosen: Values) -> ResourceType:
    """What a scale set holds: virtual machines, or instances of its own."""
    return SCALE_SET_INSTANCES if chosen["properties"]["orchestrationMode"] == "Uniform" else VIRTUAL_MACHINES


def members_of(context: Context, chosen: Values) -> int:
    """How many machines a scale set holds, or will hold when all that is under way has ended."""
    return context.records.count(type_of_members(chosen), f"_set_key = {chosen['_key']}", {})
