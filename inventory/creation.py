"""The creation of one machine from a few words: the document that they stand for, put to the control plane.

Knows what a plain machine looks like; every rule is the control plane's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from inventory.control.addresses import subnets_of
from inventory.control.ids import parse
from inventory.control.plane import ControlPlane
from inventory.control.records import Records
from inventory.errors import InventoryError
from inventory.resource_types import RESOURCE_GROUPS, VIRTUAL_NETWORKS
from inventory.rules.regions import canonical

_IMAGE = {"publisher": "Canonical", "offer": "0001-com-ubuntu-server-jammy", "sku": "22_04-lts-gen2", "version": "latest"}


def create_machine(
    control: ControlPlane,
    records: Records,
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
) -> str:
    """Create a machine with its interface and disk, both of which go with it; returns its id."""
    group = _group(records, resource_group, subscription)
    place = canonical(location or group["location"])
    id_ = f"{group['id']}/providers/Microsoft.Compute/virtualMachines/{name}"
    if records.find(parse(id_)) is not None:
        raise InventoryError("Conflict", f"The virtual machine '{id_}' exists already.")
    properties: dict[str, Any] = {
        "hardwareProfile": {"vmSize": size},
        "storageProfile": {
            "imageReference": dict(_IMAGE),
            "osDisk": {"createOption": "FromImage", "deleteOption": "Delete"},
        },
        "osProfile": {"computerName": name[:63], "adminUsername": "azureuser", "linuxConfiguration": {"ssh": {"publicKeys": []}}},
        "networkProfile": {"networkInterfaceConfigurations": [{"name": "nic", "properties": {
            "primary": True,
            "enableAcceleratedNetworking": not size.startswith("Standard_B"),
            "ipConfigurations": [{"name": "ipconfig1", "properties": {"subnet": {"id": _subnet(control, records, group, place)}}}],
        }}]},
    }  # fmt: skip
    if scale_set:
        uri = scale_set if "/" in scale_set else (
            f"{group['id']}/providers/Microsoft.Compute/virtualMachineScaleSets/{scale_set}")  # fmt: skip
        properties["virtualMachineScaleSet"] = {"id": uri}
    if fault_domain is not None:
        properties["platformFaultDomain"] = fault_domain
    if spot:
        properties |= {"priority": "Spot", "evictionPolicy": "Deallocate", "billingProfile": {"maxPrice": -1}}
    document = {"location": place, "tags": dict(tags or {}), "properties": properties}
    if zone is not None:
        document["zones"] = [zone]
    return control.put(id_, document).resource_id


def _group(records: Records, name: str, subscription: str | None) -> dict[str, Any]:
    rows = records.select(
        RESOURCE_GROUPS,
        '"resourceGroup" = $name AND ($sub IS NULL OR "subscriptionId" = $sub)',
        {"name": name.lower(), "sub": subscription},
    )
    if not rows:
        raise InventoryError("ResourceGroupNotFound", f"Resource group '{name}' could not be found.")
    if len(rows) > 1:
        places = ", ".join(row["subscriptionId"] for row in rows)
        raise InventoryError("AmbiguousName", f"resource group '{name}' is in several subscriptions: {places}")
    return rows[0]


def _subnet(control: ControlPlane, records: Records, group: Mapping[str, Any], location: str) -> str:
    """A subnet of the group's network in that region; where there is none, one is made, as the service's tools do."""
    where = '"resourceGroup" = $group AND "subscriptionId" = $sub AND location = $location'
    given = {"group": group["resourceGroup"], "sub": group["subscriptionId"], "location": location}
    for network in records.select(VIRTUAL_NETWORKS, where, given):
        for subnet in subnets_of(records, network):
            return str(subnet["id"])
    id_ = f"{group['id']}/providers/Microsoft.Network/virtualNetworks/{group['name']}-{location}-vnet"
    control.put(id_, {"location": location, "properties": {
        "addressSpace": {"addressPrefixes": ["10.0.0.0/16"]},
        "subnets": [{"name": "default", "properties": {"addressPrefix": "10.0.0.0/20"}}],
    }})  # fmt: skip
    return f"{id_}/subnets/default"
