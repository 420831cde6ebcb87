"""The creation of one machine: checked as Azure checks it, then written as three new resources.

Knows documents and the rules of placement; the steps of its life are in `lifecycle`.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from inventory.clock import from_ticks
from inventory.control.bulk import Control
from inventory.errors import InventoryError
from inventory.feed import Feed
from inventory.resource_types import (
    DISKS,
    NETWORK_INTERFACES,
    RESOURCE_GROUPS,
    SCALE_SETS,
    VIRTUAL_MACHINES,
    VIRTUAL_NETWORKS,
    ResourceType,
)
from inventory.shapes import quoted, sql_type
from inventory.store import Store

MOST_IN_A_SET = 1000
"""Virtual machines in one Flexible scale set."""

_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,62}[A-Za-z0-9_-])?")
_FIRST_NEW_KEY = 1 << 40
"""Keys of created resources lie above those of generated ones."""


def create_machine(
    store: Store,
    feed: Feed,
    control: Control,
    now: int,
    name: str,
    resource_group: str,
    *,
    subscription: str | None,
    location: str | None,
    size: str,
    scale_set: str | None,
    zone: str | None,
    fault_domain: int | None,
    spot: bool,
    tags: Mapping[str, str] | None,
) -> tuple[ResourceType, int, str]:
    """Create a machine with its interface and disk; returns its type, key and id."""
    if not _NAME.fullmatch(name):
        raise InventoryError(
            "InvalidParameter",
            f"The name '{name}' is not allowed for a VM: 1 to 64 letters, digits, '-', '_' or '.', beginning with a "
            "letter or digit and not ending with '.'.",
        )
    with feed.writing() as writer:
        group = _group(store, resource_group, subscription)
        clash = feed.truth(VIRTUAL_MACHINES, now, 'lower(name) = $name AND "subscriptionId" = $sub')
        taken = writer.execute(
            f'SELECT id FROM {clash} WHERE "resourceGroup" = $group',
            {"name": name.lower(), "sub": group["subscriptionId"], "group": group["resourceGroup"]},
        ).fetchall()
        if taken:
            raise InventoryError("Conflict", f"The virtual machine '{taken[0][0]}' exists already.")
        place = location.lower().replace(" ", "") if location else str(group["location"])
        chosen = _scale_set(store, feed, now, group, scale_set, place, zone, fault_domain) if scale_set else None
        key = _FIRST_NEW_KEY + feed.numbers(1)
        rows = _rows(store, key, now, name, group, place, size, chosen, zone, fault_domain, spot, tags)
        for of in (NETWORK_INTERFACES, DISKS):
            _stage(store, of, "following", rows[of], now)
            feed.announce(of, "following", {})
        _stage(store, VIRTUAL_MACHINES, "target", rows[VIRTUAL_MACHINES], now)
        control.resize_sets("_after = 0", 1)
        control.carry_out(VIRTUAL_MACHINES, {"create"})
    return VIRTUAL_MACHINES, key, str(rows[VIRTUAL_MACHINES]["id"])


def _group(store: Store, name: str, subscription: str | None) -> dict[str, Any]:
    rows = _select(
        store,
        RESOURCE_GROUPS.source,
        ("id", "name", "location", "resourceGroup", "subscriptionId"),
        '"resourceGroup" = $name AND ($sub IS NULL OR "subscriptionId" = $sub)',
        {"name": name.lower(), "sub": subscription},
    )
    if not rows:
        raise InventoryError("ResourceGroupNotFound", f"Resource group '{name}' could not be found.")
    if len(rows) > 1:
        places = ", ".join(row["subscriptionId"] for row in rows)
        raise InventoryError("AmbiguousName", f"resource group '{name}' is in several subscriptions: {places}")
    return rows[0]


def _scale_set(
    store: Store,
    feed: Feed,
    now: int,
    group: Mapping[str, Any],
    name: str,
    location: str,
    zone: str | None,
    fault_domain: int | None,
) -> dict[str, Any]:
    """The Flexible set that the machine shall join, if the rules of placement let it."""  # fmt: skip
    short = name.rsplit("/", 1)[-1]
    found = _select(
        store,
        feed.truth(SCALE_SETS, now, 'lower(name) = $name AND "subscriptionId" = $sub'),
        ("_key", "id", "name", "location", "zones", "properties"),
        '"resourceGroup" = $group',
        {"name": short.lower(), "sub": group["subscriptionId"], "group": group["resourceGroup"]},
    )
    if not found:
        uri = f"{group['id']}/providers/Microsoft.Compute/virtualMachineScaleSets/{short}"
        raise InventoryError(
            "InvalidParameter",
            f"The Virtual Machine Scale Set '{uri}' referenced by the Virtual Machine does not exist.",
        )
    chosen = found[0]
    properties = chosen["properties"]
    if properties["orchestrationMode"] != "Flexible":
        raise InventoryError(
            "OperationNotAllowed",
            f"This operation is not allowed because referenced Virtual Machine Scale Set '{chosen['name']}' does not "
            "have orchestration mode set to 'Flexible'.",
        )
    if chosen["location"] != location:
        raise InventoryError(
            "InvalidParameter",
            f"The scale set '{chosen['name']}' is in {chosen['location']}, the VM would be in {location}: a VM must "
            "be in the region of its set.",
        )
    zones: Sequence[str] = chosen["zones"] or ()
    if zone is not None and zone not in zones:
        raise InventoryError(
            "InvalidParameter",
            f"Zone '{zone}' is none of the zones of the scale set '{chosen['name']}': {', '.join(zones) or 'none'}.",
        )
    most = properties["platformFaultDomainCount"]
    if fault_domain is not None and not 0 <= fault_domain < most:
        raise InventoryError(
            "InvalidParameter", f"The fault domain {fault_domain} must fall in the range 0 to {most - 1}."
        )
    members = feed.truth(VIRTUAL_MACHINES, now, f"_set_key = {chosen['_key']}")
    spread = store.writer.execute(
        f'SELECT properties."platformFaultDomain", count(*) FROM {members} GROUP BY 1 ORDER BY 1'
    ).fetchall()
    if sum(count for _, count in spread) >= MOST_IN_A_SET:
        raise InventoryError(
            "OperationNotAllowed", f"The scale set '{chosen['name']}' holds {MOST_IN_A_SET} VMs, the most it can."
        )
    # Azure spreads evenly: the new machine goes where the fewest are
    held = dict(spread)
    emptiest = min(range(most), key=lambda domain: (held.get(domain, 0), domain))
    chosen["fault_domain"] = None if zones else emptiest if fault_domain is None else fault_domain
    chosen["zone"] = zone or (zones[0] if zones else None)
    return chosen


def _rows(
    store: Store,
    key: int,
    now: int,
    name: str,
    group: Mapping[str, Any],
    location: str,
    size: str,
    chosen: Mapping[str, Any] | None,
    zone: str | None,
    fault_domain: int | None,
    spot: bool,
    tags: Mapping[str, str] | None,
) -> dict[ResourceType, dict[str, Any]]:
    """The new rows: the machine, its network interface and its disk."""  # fmt: skip
    compute = f"{group['id']}/providers/Microsoft.Compute"
    network = f"{group['id']}/providers/Microsoft.Network"
    vm_id = f"{compute}/virtualMachines/{name}"
    nic_id = f"{network}/networkInterfaces/{name}-nic"
    disk_id = f"{compute}/disks/{name}_OsDisk_1"
    created = from_ticks(now).strftime("%Y-%m-%dT%H:%M:%S.%f") + f"{now % 10}Z"
    zone = zone if chosen is None else chosen["zone"]
    base = {
        "location": location,
        "resourceGroup": group["resourceGroup"],
        "subscriptionId": group["subscriptionId"],
        "tags": json.dumps(dict(tags or {}), ensure_ascii=False),
        "zones": None if zone is None else [zone],
    }
    image = {
        "publisher": "Canonical",
        "offer": "0001-com-ubuntu-server-jammy",
        "sku": "22_04-lts-gen2",
        "version": "latest",
        "exactVersion": "22.04.202601100",
    }
    settings = {"patchMode": "ImageDefault", "assessmentMode": "ImageDefault"}
    machine: dict[str, Any] = {
        "vmId": _guid("vm", key),
        "timeCreated": created,
        "hardwareProfile": {"vmSize": size},
        "storageProfile": {
            "imageReference": image,
            "osDisk": {
                "name": f"{name}_OsDisk_1",
                "osType": "Linux",
                "createOption": "FromImage",
                "caching": "ReadWrite",
                "deleteOption": "Delete",
                "diskSizeGB": 30,
                "managedDisk": {"id": disk_id, "storageAccountType": "Premium_LRS"},
            },
            "dataDisks": [],
            "diskControllerType": "SCSI",
        },
        "osProfile": {
            "computerName": name[:63],
            "adminUsername": "azureuser",
            "allowExtensionOperations": True,
            "requireGuestProvisionSignal": True,
            "secrets": [],
            "linuxConfiguration": {
                "disablePasswordAuthentication": True,
                "provisionVMAgent": True,
                "ssh": {"publicKeys": []},
                "patchSettings": settings,
            },
        },
        "networkProfile": {
            "networkInterfaces": [{"id": nic_id, "properties": {"primary": True, "deleteOption": "Delete"}}]
        },
    }
    if chosen is not None:
        machine["virtualMachineScaleSet"] = {"id": chosen["id"]}
        machine["platformFaultDomain"] = chosen["fault_domain"]
    else:
        machine["platformFaultDomain"] = fault_domain
    if spot:
        machine |= {"priority": "Spot", "evictionPolicy": "Deallocate", "billingProfile": {"maxPrice": -1}}
    interface = {
        "provisioningState": "Succeeded",
        "resourceGuid": _guid("nic", key),
        "ipConfigurations": [
            {
                "name": "ipconfig1",
                "id": f"{nic_id}/ipConfigurations/ipconfig1",
                "type": "Microsoft.Network/networkInterfaces/ipConfigurations",
                "properties": {
                    "provisioningState": "Succeeded",
                    "privateIPAddressVersion": "IPv4",
                    "privateIPAllocationMethod": "Dynamic",
                    "primary": True,
                    **_address(store, group, key),
                },
            }
        ],
        "dnsSettings": {"dnsServers": [], "appliedDnsServers": []},
        "enableAcceleratedNetworking": not size.startswith("Standard_B"),
        "enableIPForwarding": False,
        "primary": True,
        "virtualMachine": {"id": vm_id},
        "hostedWorkloads": [],
        "tapConfigurations": [],
        "nicType": "Standard",
    }
    disk = {
        "osType": "Linux",
        "hyperVGeneration": "V2",
        "creationData": {"createOption": "FromImage"},
        "diskSizeGB": 30,
        "diskSizeBytes": 30 << 30,
        "diskIOPSReadWrite": 120,
        "diskMBpsReadWrite": 25,
        "tier": "P4",
        "encryption": {"type": "EncryptionAtRestWithPlatformKey"},
        "networkAccessPolicy": "AllowAll",
        "publicNetworkAccess": "Enabled",
        "timeCreated": created,
        "uniqueId": _guid("disk", key),
        "provisioningState": "Succeeded",
        "diskState": "Attached",
    }
    hangs = {"_vm_key": key, "_goes_with_vm": True, "_key": key}
    return {
        VIRTUAL_MACHINES: {
            **base, "_key": key, "id": vm_id, "name": name, "properties": machine, "hyper_v_generation": "V2",
            "_agent_os_name": "ubuntu", "_agent_os_version": "22.04",
            "_set_key": None if chosen is None else chosen["_key"],
        },
        NETWORK_INTERFACES: {**base, **hangs, "id": nic_id, "name": f"{name}-nic", "properties": interface},
        DISKS: {
            **base, **hangs, "id": disk_id, "name": f"{name}_OsDisk_1", "managedBy": vm_id,
            "sku": {"name": "Premium_LRS", "tier": "Premium"}, "properties": disk,
        },
    }  # fmt: skip


def _address(store: Store, group: Mapping[str, Any], key: int) -> dict[str, Any]:
    """A subnet of the group's network and an address in it; nothing where the group has no network."""
    found = _select(
        store,
        VIRTUAL_NETWORKS.source,
        ("properties",),
        '"resourceGroup" = $group AND "subscriptionId" = $sub',
        {"group": group["resourceGroup"], "sub": group["subscriptionId"]},
    )
    if not found:
        return {}
    subnet = found[0]["properties"]["subnets"][0]
    net = ".".join(subnet["properties"]["addressPrefix"].split(".")[:2])
    number = key % 4000
    return {
        "privateIPAddress": f"{net}.{40 + number // 250}.{number % 250 + 4}",
        "subnet": {"id": subnet["id"]},
    }


def _guid(stream: str, key: int) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_OID, f"{stream}:{key}"))


def _select(
    store: Store, source: str, columns: Sequence[str], where: str, parameters: Mapping[str, Any]
) -> list[dict[str, Any]]:
    listed = ", ".join(map(quoted, columns))
    rows = store.writer.execute(f"SELECT {listed} FROM {source} WHERE {where}", dict(parameters)).fetchall()
    return [dict(zip(columns, row, strict=True)) for row in rows]


def _stage(store: Store, of: ResourceType, table: str, row: Mapping[str, Any], now: int) -> None:
    """The one new row as the temporary table from which it is announced."""
    what = "'create' AS _operation, NULL::VARCHAR AS _fails" if of is VIRTUAL_MACHINES else "0::BIGINT AS _after"
    values = ", ".join(
        f"{f'${name}' if name in row else 'NULL'}::{sql_type(kind)} AS {quoted(name)}"
        for name, kind in of.physical_columns.items()
    )
    given = {name: row[name] for name in of.physical_columns if name in row}
    store.writer.execute(
        f"CREATE OR REPLACE TEMP TABLE {table} AS "
        f"SELECT {row['_key']}::BIGINT AS _key, {values}, {what}, {now}::BIGINT AS _accepted",
        given,
    )
