"""What of an existing machine may be changed, and how: its tags, size, disks, and the set that it belongs to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from inventory.control import machine_documents
from inventory.control.context import Context
from inventory.control.ids import ResourceId
from inventory.control.placement import Spreading, check_same_place, set_referred
from inventory.control.records import Values
from inventory.errors import InventoryError
from inventory.rows import merged
from inventory.rules import comparison

_FIXED = (
    # paths below properties that are chosen at creation
    ("availabilitySet", "id"),
    ("osProfile", "computerName"),
    ("osProfile", "adminUsername"),
    ("storageProfile", "imageReference", "publisher"),
    ("storageProfile", "imageReference", "offer"),
    ("storageProfile", "imageReference", "sku"),
    ("storageProfile", "osDisk", "osType"),
    ("storageProfile", "osDisk", "name"),
    ("priority",),
    ("platformFaultDomain",),
)


@dataclass(frozen=True, slots=True)
class Change:
    """A machine as it is to be, and how it gets there. `left` is the key of the set that it leaves."""

    document: dict[str, Any]
    operation: str
    set_key: int | None
    joined: bool = False
    left: int | None = None


def check_change(
    context: Context, id_: ResourceId, before: Mapping[str, Any], wanted: Mapping[str, Any], earlier: Values
) -> Change:
    """What a PUT or PATCH of an existing machine comes to. Raises what Azure would refuse."""
    old = before["properties"]
    new = dict(wanted["properties"])
    set_named = "virtualMachineScaleSet" in new
    set_wanted = new.pop("virtualMachineScaleSet", None)
    whole = {**before, **wanted, "properties": merged(old, {name: v for name, v in new.items() if v is not None})}
    whole.setdefault("tags", before.get("tags") or {})
    given = (new.get("storageProfile") or {}).get("dataDisks")
    if given is not None:
        whole["properties"]["storageProfile"]["dataDisks"] = _named_as_before(given, old)
    if list(wanted.get("zones") or before.get("zones") or ()) != list(before.get("zones") or ()):
        raise fixed("zones")
    for path in _FIXED:
        was, now = _at(old, path), _at(whole["properties"], path)
        if was is not None and str(now).lower() != str(was).lower():
            raise fixed(".".join(path))
        if was is None and now is not None and path[0] not in ("storageProfile", "osProfile"):
            raise fixed(".".join(path))
    unique = context.guid("disk", f"{before['id']}:{context.now()}").replace("-", "")
    whole["properties"] = machine_documents.completed(
        before["name"], id_.group_id, whole["properties"], unique=unique, before=old
    )
    power = earlier["power_state"]["code"].rsplit("/", 1)[-1]
    resized = _size(old) != _size(whole["properties"])
    operation = "resize" if resized and power == "running" else "update"
    current = (old.get("virtualMachineScaleSet") or {}).get("id")
    way = "Flexible" if current else "AvailabilitySet" if old.get("availabilitySet") else None
    if way is not None:
        comparison.check_machine(context.rules.name, way, whole["properties"], before=old)
    if not set_named:
        return Change(whole, operation, earlier["_set_key"])
    target = None if set_wanted is None else set_wanted.get("id") if isinstance(set_wanted, Mapping) else set_wanted
    if target is not None and (not isinstance(target, str) or not target.strip() or target.lower() == "null"):
        raise InventoryError(
            "InvalidParameter", "The value of parameter 'virtualMachineScaleSet.id' is invalid; null detaches a VM."
        )
    if (target or "").lower() == (current or "").lower():
        return Change(whole, operation, earlier["_set_key"])
    may = comparison.supported(context.rules.name, "Add/remove existing VM to the group", "Flexible")
    if not may or (target and current):
        raise fixed("virtualMachineScaleSet.id")
    if target is None:
        return _detached(context, whole, operation, earlier, str(current))
    return _attached(context, id_, whole, operation, target)


def _named_as_before(disks: list[dict[str, Any]], old: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Data disks that a document describes without naming are those which the machine has at the same lun."""
    held = {disk.get("lun"): disk for disk in (old.get("storageProfile") or {}).get("dataDisks") or ()}
    return [
        disk if disk.get("name") or (disk.get("managedDisk") or {}).get("id") else merged(held.get(disk.get("lun"), {}), disk)
        for disk in disks
    ]


def _detached(context: Context, whole: dict[str, Any], operation: str, earlier: Values, current: str) -> Change:
    chosen = set_referred(context, current)
    _check_single_domain(chosen, "DetachingVm")
    whole["properties"].pop("virtualMachineScaleSet", None)
    whole["properties"].pop("platformFaultDomain", None)
    return Change(whole, operation, None, left=earlier["_set_key"])


def _attached(context: Context, id_: ResourceId, whole: dict[str, Any], operation: str, target: str) -> Change:
    properties = whole["properties"]
    chosen = set_referred(context, target)
    check_same_place(chosen, id_.group_id, whole["location"], whole.get("zones"))
    if chosen["zones"] and not whole.get("zones"):
        raise InventoryError(
            "InvalidParameter",
            f"The scale set '{chosen['name']}' is zonal; a VM without a zone cannot be attached to it.",
        )
    if properties.get("availabilitySet"):
        raise _cannot("ExistingAvsetVM", "it is in an availability set")
    if properties.get("proximityPlacementGroup"):
        raise InventoryError(
            "VmssDoesNotSupportAttachingPPGVM", "A VM in a proximity placement group cannot be attached to a scale set."
        )
    if properties.get("host") or properties.get("hostGroup"):
        raise InventoryError("OperationNotAllowed", "A VM on a dedicated host cannot be attached to a scale set.")
    if any(
        disk.get("vhd") for disk in [properties["storageProfile"]["osDisk"], *properties["storageProfile"]["dataDisks"]]
    ):
        raise _cannot("UnmanagedDisk", "it has unmanaged disks")
    _check_single_domain(chosen, "Attaching")
    if chosen["properties"]["singlePlacementGroup"] is not False:
        raise InventoryError(
            "VmssDoesNotSupportAttachingWithSpg",
            f"The scale set '{chosen['name']}' must have singlePlacementGroup false for a VM to be attached.",
        )
    comparison.check_machine(context.rules.name, "Flexible", properties)
    spreading = Spreading(context, chosen)
    spreading.check_room(context, 1, _size(properties))
    properties["virtualMachineScaleSet"] = {"id": chosen["id"]}
    return Change(whole, operation, chosen["_key"], joined=True)


def _check_single_domain(chosen: Values, doing: str) -> None:
    if chosen["properties"]["platformFaultDomainCount"] != 1:
        code = "VmssDoesNotSupportAttachingExistingVMMultiFD" if doing == "Attaching" else "OperationNotAllowed"
        raise InventoryError(
            code,
            f"A VM can be attached to or detached from a scale set with one fault domain only; '{chosen['name']}' has "
            f"{chosen['properties']['platformFaultDomainCount']}.",
        )


def _cannot(what: str, why: str) -> InventoryError:
    known = {
        "ExistingAvsetVM": "VmssDoesNotSupportAttachingExistingAvsetVM",
        "UnmanagedDisk": "VmssDoesNotSupportAttachingExistingVMUnmanagedDisk",
    }
    return InventoryError(known[what], f"The VM cannot be attached to a scale set: {why}.")


def fixed(path: str) -> InventoryError:
    """That something cannot be changed any more, in Azure's words."""
    return InventoryError("PropertyChangeNotAllowed", f"Changing property '{path}' is not allowed.")


def _size(properties: Mapping[str, Any]) -> str:
    return str((properties.get("hardwareProfile") or {}).get("vmSize", "")).lower()


def _at(document: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        document = document.get(name) if isinstance(document, Mapping) else None
    return document
