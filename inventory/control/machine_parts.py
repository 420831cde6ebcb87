"""What hangs on a virtual machine: the interfaces and disks that its document names, as its own; those that it only
describes are made. Gives rows with their keys; nothing is written here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from inventory.control import machine_documents
from inventory.control.addresses import Addresses, unknown
from inventory.control.context import Context
from inventory.control.disks import disk_properties
from inventory.control.ids import ResourceId, parse
from inventory.control.network import NetworkInterfaces, PublicIPAddresses
from inventory.control.records import Values, written
from inventory.errors import InventoryError
from inventory.feed import WHEN_ALL_IS_DONE
from inventory.resource_types import DISKS, NETWORK_INTERFACES, REST


def interfaces(
    context: Context,
    whole: Mapping[str, Any],
    id_: ResourceId,
    key: int,
    addresses: Addresses,
    public: list[tuple[int, Values]],
    *,
    had: frozenset[str] | None = None,
    fresh: bool = False,
) -> list[tuple[int, Values]]:
    """The interfaces that a machine names, as its own; those that it only describes are made, and with them in `public`
    the addresses that they describe. `fresh` says that none of these can be there, so that nobody need look."""
    network = whole["properties"].get("networkProfile") or {}
    provider = NetworkInterfaces(context)
    found = []
    described = network.pop("networkInterfaceConfigurations", None) or ()
    names = network.setdefault("networkInterfaces", [])
    for number, each in enumerate(described):
        inside = dict(each.get("properties") or {})
        name = f"{whole['name']}-{each.get('name') or 'nic'}" if len(described) > 1 else f"{whole['name']}-nic"
        nic = parse(f"{id_.group_id}/providers/Microsoft.Network/networkInterfaces/{name}")
        if not fresh and context.records.find(nic, at=WHEN_ALL_IS_DONE) is not None:
            if nic.text.lower() not in [str(one.get("id")).lower() for one in names]:
                names.append({"id": nic.text, "properties": {"deleteOption": inside.get("deleteOption", "Delete")}})
            continue  # one of that name is there: it is meant
        properties = provider.filled(nic.text, {
            "ipConfigurations": inside.get("ipConfigurations"),
            "enableAcceleratedNetworking": bool(inside.get("enableAcceleratedNetworking", False)),
            **({"networkSecurityGroup": inside["networkSecurityGroup"]} if inside.get("networkSecurityGroup") else {}),
        }, None, addresses)  # fmt: skip
        document = {"id": nic.text, "name": name, "location": whole["location"], "tags": whole.get("tags") or {},
                    "properties": properties}  # fmt: skip
        wanted = [one["properties"].pop("publicIPAddressConfiguration", None) for one in properties["ipConfigurations"]]
        row = provider.row(NETWORK_INTERFACES, nic, document, None)
        for configuration, address in zip(properties["ipConfigurations"], wanted, strict=True):
            if address:
                made = PublicIPAddresses(context).described(configuration["id"], id_.group_id, whole, address, key)
                configuration["properties"]["publicIPAddress"] = {"id": made["id"]}
                public.append((context.records.new_keys(), made))
        if any(wanted):
            told = context.records.values(NETWORK_INTERFACES, document)
            row |= {column: told[column] for column in ("properties", REST)}
        option = inside.get("deleteOption", "Delete")
        names.append(
            {"id": nic.text, "properties": {"primary": inside.get("primary", number == 0), "deleteOption": option}}
        )
        found.append((context.records.new_keys(), _mine(row, whole["id"], key, names[-1])))
    if not names and had is None:
        raise machine_documents.missing("networkProfile")
    made_here = {row["id"].lower() for _, row in found}
    for reference in [one for one in names if str(one.get("id")).lower() not in made_here]:
        if not reference.get("id"):
            raise machine_documents.missing("networkProfile.networkInterfaces.id")
        known = context.records.find(parse(reference["id"]), at=WHEN_ALL_IS_DONE)
        if known is None and reference["id"].lower() in (had or ()):
            continue
        if known is None or known["location"] != whole["location"]:
            raise unknown(reference["id"], whole["id"])
        row = known
        holder = row["properties"]["virtualMachine"]
        if holder is not None and holder["id"].lower() != whole["id"].lower():
            raise InventoryError(
                "NicInUse",
                f"Network Interface {row['id']} is used by existing resource {holder['id']}. In order to delete "
                "the network interface, it must be dissociated from the resource. To learn more, see "
                "aka.ms/deletenic.",
            )
        reference["id"] = row["id"]
        inside = reference.setdefault("properties", {})
        inside.setdefault("primary", reference is names[0])
        inside.setdefault("deleteOption", "Detach")
        found.append((row["_key"], _mine(row, whole["id"], key, reference)))
    whole["properties"]["networkProfile"] = network
    return found


def _mine(row: Values, id_: str, key: int, reference: Mapping[str, Any]) -> Values:
    properties = {
        **row["properties"], "virtualMachine": {"id": id_}, "primary": reference["properties"]["primary"],
        "provisioningState": "Succeeded",
    }  # fmt: skip
    goes = reference["properties"]["deleteOption"] == "Delete"
    return {**row, "_vm_key": key, "_goes_with_vm": goes, "properties": properties}


def disks(
    context: Context,
    whole: Mapping[str, Any],
    id_: ResourceId,
    key: int,
    *,
    fresh: bool = False,
    had: frozenset[str] = frozenset(),
    power: str = "",
) -> list[tuple[int, Values]]:
    """The disks of a machine: those that it attaches are there already, the others are made.

    `fresh` says that none of them can be there, so that nobody need look; `power` is the machine's state, if it is there.
    """
    storage = whole["properties"]["storageProfile"]
    found = []
    for disk in [storage["osDisk"], *storage["dataDisks"]]:
        if disk.get("managedDisk") is None:
            continue
        place = parse(disk["managedDisk"]["id"])
        row = None if fresh else context.records.find(place, at=WHEN_ALL_IS_DONE)
        attaches = disk["createOption"] == "Attach"
        if row is None and place.text.lower() in had:
            continue
        if row is None and attaches:
            raise InventoryError(
                "NotFound",
                f"The entity name '{place.name}' was not found: the disk {place.text} does not exist.",
                404,
            )
        if row is not None and row["managedBy"] and row["managedBy"].lower() != whole["id"].lower():
            raise InventoryError(
                "ConflictingUserInput",
                f"Disk '{row['name']}' cannot be attached as the disk is already owned by VM '{row['managedBy']}'.",
                409,
            )
        if row is None:
            row = _new_disk(context, whole, disk, place, storage)
        elif not attaches and row["_vm_key"] != key:
            raise InventoryError(
                "ConflictingUserInput",
                f"A disk with name {row['name']} already exists in Resource Group {place.group.upper()}; 'Name' is "
                "an optional property for a disk and a unique name will be generated if not provided.",
                409,
            )
        disk["managedDisk"]["id"] = row["id"]
        disk["diskSizeGB"] = disk.get("diskSizeGB") or row["properties"]["diskSizeGB"]
        waits = power == "PowerState/deallocated" or row["properties"]["diskState"] == "Reserved"
        state = "Reserved" if waits else "Attached"
        properties = {**row["properties"], "diskState": state}
        number = row["_key"] if row.get("_key") is not None else context.records.new_keys()
        goes = disk["deleteOption"] == "Delete"
        found.append((number, {
            **row, "_vm_key": key, "_goes_with_vm": goes, "managedBy": whole["id"], "properties": properties,
        }))  # fmt: skip
    return found


def _new_disk(
    context: Context, whole: Mapping[str, Any], disk: Mapping[str, Any], place: ResourceId, storage: Mapping[str, Any]
) -> Values:
    kind = disk["managedDisk"]["storageAccountType"]
    system = disk is storage["osDisk"]
    properties: dict[str, Any] = {
        "creationData": {"createOption": disk["createOption"]},
        "encryption": {"type": "EncryptionAtRestWithPlatformKey"}, "networkAccessPolicy": "AllowAll",
        "publicNetworkAccess": "Enabled", "timeCreated": written(context.now()),
        "uniqueId": context.guid("disk", place.text), "provisioningState": "Succeeded",
        "diskState": "Attached", **disk_properties(int(disk.get("diskSizeGB") or 32), kind),
    }  # fmt: skip
    if system:
        properties |= {"osType": disk["osType"], "hyperVGeneration": "V2"}
    document = {
        "id": place.text, "name": place.name, "location": whole["location"], "tags": whole.get("tags") or {},
        "sku": {"name": kind, "tier": "Premium" if kind.startswith("Premium") else "Standard"},
        "zones": whole.get("zones"), "managedBy": whole["id"], "properties": properties,
    }  # fmt: skip
    return context.providers[DISKS.type].row(DISKS, place, document, None)  # type: ignore[no-any-return]
