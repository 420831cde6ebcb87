"""The members of Flexible scale sets: virtual machines that scaling makes from the set's profile, and takes away."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from typing import Any

from inventory.control.addresses import Addresses
from inventory.control.context import Context
from inventory.control.extensions import APPLICATION_HEALTH
from inventory.control.ids import parse
from inventory.control.machines import Draft, VirtualMachines
from inventory.control.operation import Operation
from inventory.control.placement import Spreading, type_of_members
from inventory.control.records import Values
from inventory.errors import InventoryError
from inventory.lifecycle import OPERATIONS
from inventory.resource_types import EXTENSIONS, SCALE_SETS, VIRTUAL_MACHINES
from inventory.rules.profile import FLEXIBLE_NAME_LENGTH

_LETTERS = "0123456789abcdef"


def scale_out(context: Context, row: Values, made: Mapping[str, Any], count: int, now: int, fails: str | None) -> int:
    """Make `count` machines from the profile; when the last of them is up, in ticks."""
    machines: VirtualMachines = context.providers[VIRTUAL_MACHINES.type]
    profile = made["properties"]["virtualMachineProfile"]
    if not profile.get("networkProfile"):
        raise InventoryError(
            "InvalidParameter", "Required parameter 'virtualMachineProfile.networkProfile' is missing (null)."
        )
    spreading = Spreading(context, row)
    spreading.check_room(context, count, str(made["sku"]["name"]))
    addresses = Addresses(context.records)
    mix = _PriorityMix(context, row, made)
    drafts = []
    for name, computer in _names(context, row, profile, count, now):
        id_ = parse(f"{row['id'].rsplit('/', 2)[0]}/virtualMachines/{name}")
        properties = _from_profile(made, profile, computer, mix.next())
        document = {
            "id": id_.text, "name": name, "location": row["location"], "tags": made.get("tags") or {}, "properties": properties,
        }  # fmt: skip
        draft = machines.drafted(document, id_, spreading.place(), addresses, properties, profile=True)
        _extend(context, draft, profile, id_.text)
        drafts.append(draft)
    machines.create(drafts, now, fails, resize=False)
    return context.bulk.ends


def _names(context: Context, row: Values, profile: Mapping[str, Any], count: int, now: int) -> list[tuple[str, str]]:
    """(name, computer name) of so many new machines; no name is given twice."""
    where = '"resourceGroup" = $group AND "subscriptionId" = $sub'
    given = {"group": row["resourceGroup"], "sub": row["subscriptionId"]}
    taken = {each[0].lower() for each in context.records.ask(VIRTUAL_MACHINES, "name", where, given)}
    prefix = (profile.get("osProfile") or {}).get("computerNamePrefix") or row["name"][:9]
    found: list[tuple[str, str]] = []
    number = 0
    while len(found) < count:
        draw = int(context.draw("name", row["_key"], now, number) * (1 << 32))
        suffix = "".join(_LETTERS[draw >> shift & 15] for shift in range(28, -4, -4))
        words = {"set": row["name"][: FLEXIBLE_NAME_LENGTH - 9], "prefix": prefix, "suffix": suffix, "number": number}
        name = context.rules.flexible_name.format(**words)
        number += 1
        if name.lower() not in taken:
            taken.add(name.lower())
            computer = f"{prefix}{suffix[:6]}" if "suffix" in context.rules.flexible_name else name
            found.append((name, computer))
    return found


def _from_profile(made: Mapping[str, Any], profile: Mapping[str, Any], computer: str, priority: str) -> dict[str, Any]:
    """The properties of a member as the set's profile says."""
    taken = ("storageProfile", "networkProfile", "securityProfile", "diagnosticsProfile", "licenseType", "osProfile")
    given = {name: deepcopy(profile[name]) for name in taken if profile.get(name) is not None}
    given["hardwareProfile"] = {"vmSize": made["sku"]["name"]}
    system = dict(given.get("osProfile") or {})
    system.pop("computerNamePrefix", None)
    given["osProfile"] = {
        **system,
        "computerName": computer,
        "adminUsername": system.get("adminUsername") or "azureuser",
    }
    given["networkProfile"].pop("healthProbe", None)
    if priority != "Regular":
        given["priority"] = priority
        given["evictionPolicy"] = profile.get("evictionPolicy") or "Deallocate"
        given["billingProfile"] = profile.get("billingProfile") or {"maxPrice": -1}
    return given


class _PriorityMix:
    """Which of the new members are Spot: all or none as the profile says, or as the set's priority mix policy says."""

    def __init__(self, context: Context, row: Values, made: Mapping[str, Any]) -> None:
        profile = made["properties"]["virtualMachineProfile"]
        self._priority = str(profile.get("priority") or "Regular")
        self._policy = made["properties"].get("priorityMixPolicy")
        rows = context.records.ask(
            VIRTUAL_MACHINES, "properties.priority = 'Spot', count(*)", f"_set_key = {row['_key']}", {}, "GROUP BY 1"
        )
        self._spot = sum(count for spot, count in rows if spot)
        self._regular = sum(count for spot, count in rows if not spot)

    def next(self) -> str:
        if self._priority == "Regular" or not self._policy:
            return self._priority
        base = int(self._policy.get("baseRegularPriorityCount") or 0)
        percent = int(self._policy.get("regularPriorityPercentageAboveBase") or 0)
        above = max(0, self._regular - base)
        wants_regular = self._regular < base or (above * 100 < percent * (above + self._spot + 1) and percent > 0)
        if wants_regular:
            self._regular += 1
            return "Regular"
        self._spot += 1
        return "Spot"


def _extend(context: Context, draft: Draft, profile: Mapping[str, Any], id_: str) -> None:
    """The extensions that the profile names, on a new member."""
    provider = context.providers[EXTENSIONS.type]
    for each in (profile.get("extensionProfile") or {}).get("extensions") or ():
        place = parse(f"{id_}/extensions/{each['name']}")
        inside = {
            "autoUpgradeMinorVersion": False, "enableAutomaticUpgrade": False, "settings": {},
            **(each.get("properties") or {}), "provisioningState": "Succeeded",
        }  # fmt: skip
        inside.pop("protectedSettings", None)
        document = {"id": place.text, "name": each["name"], "location": draft.machine["location"], "properties": inside}
        row = provider.records.values(EXTENSIONS, document)
        row |= {
            "subscriptionId": draft.machine["subscriptionId"], "resourceGroup": draft.machine["resourceGroup"],
            "tags": "{}", "_vm_key": draft.machine["_key"],
        }  # fmt: skip
        draft.extensions.append((context.records.new_keys(), row))
        if str(inside.get("type", "")).lower() in APPLICATION_HEALTH:
            draft.machine["_health"] = "healthy"


def scale_in(context: Context, row: Values, count: int, now: int) -> int:
    """Delete `count` members, so that the rest stays evenly spread; when the last is gone, in ticks."""
    members = context.records.ask(
        VIRTUAL_MACHINES,
        '_key, properties."platformFaultDomain", zones[1]',
        f"_set_key = {row['_key']} AND properties.\"provisioningState\" <> 'Deleting'",
        {},
        "ORDER BY _key",
    )
    keys = choose(members, count, oldest=takes_the_oldest(context, row))
    where = f"_key IN ({', '.join(map(str, keys))})"
    context.bulk.operate_where(VIRTUAL_MACHINES, where, "delete", now, resize=False)
    return context.bulk.ends


def takes_the_oldest(context: Context, row: Values) -> bool:
    """Whether a set's policy is to give up its oldest machines, and not its newest."""
    policy = context.records.document(SCALE_SETS, row)["properties"].get("scaleInPolicy") or {}
    return "OldestVM" in (policy.get("rules") or ())


def choose(members: Sequence[tuple[int, Any, Any]], count: int, *, oldest: bool) -> list[int]:
    """The keys of the members to go: always from where the most are; there the newest, or the oldest."""
    held = Counter((domain, zone) for _, domain, zone in members)
    there: dict[Any, list[int]] = {}
    for key, domain, zone in sorted(members, reverse=oldest):
        there.setdefault((domain, zone), []).append(key)
    chosen = []
    for _ in range(min(count, len(members))):
        fullest = max(held, key=lambda place: (held[place], str(place)))
        chosen.append(there[fullest].pop())
        held[fullest] -= 1
    return chosen


def delete_some(context: Context, row: Values, names: Iterable[str], now: int) -> Operation:
    """Delete the members with these names: the one batch operation that Flexible sets have."""
    wanted = [name.lower() for name in names]
    found = context.records.ask(VIRTUAL_MACHINES, "_key, lower(name)", f"_set_key = {row['_key']}", {})
    known = {name: key for key, name in found}
    for name in wanted:
        if name not in known and name != "*":
            raise InventoryError("InvalidParameter", f"The provided instanceId {name} is not an active Virtual Machine "
                                 "Scale Set VM instanceId.")  # fmt: skip
    keys = list(known.values()) if "*" in wanted else [known[name] for name in wanted]
    if not keys:
        raise InventoryError("InvalidParameter", "Required parameter 'instanceIds' is missing (null).")
    return operate(context, row, f"_key IN ({', '.join(map(str, keys))})", "delete", now)


def operate(context: Context, row: Values, where: str, operation: str, now: int) -> Operation:
    """One operation of a set, of either mode, on those of its members for which a condition holds and that it suits."""
    name = OPERATIONS[operation].name
    failure = context.failures.drawn(parse(row["id"]), name, now)
    fails = None if failure is None else failure.code
    context.bulk.operate_where(type_of_members(row), where, operation, now, fails=fails)
    return context.ledger.enter(name, row["id"], context.bulk.ends, failure=failure)


def delete_all(context: Context, row: Values, now: int) -> int:
    """Delete all members; when the last is gone, in ticks."""
    context.bulk.operate_where(VIRTUAL_MACHINES, f"_set_key = {row['_key']}", "delete", now, resize=False)
    return context.bulk.ends
