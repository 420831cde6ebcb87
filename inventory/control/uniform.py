"""The instances of Uniform scale sets: made from the set's profile, operated through the set, taken away with it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import pyarrow as pa

from inventory.control import flexible, machine_documents
from inventory.control.addresses import Addresses
from inventory.control.context import Context
from inventory.control.extensions import APPLICATION_HEALTH
from inventory.control.flexible import choose, takes_the_oldest
from inventory.control.operation import Operation
from inventory.control.records import Image, Values, written
from inventory.errors import InventoryError
from inventory.resource_types import SCALE_SET_INSTANCE_NICS, SCALE_SET_INSTANCES
from inventory.rules.profile import MOST_UPDATE_DOMAINS

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def base36(number: int) -> str:
    """A number in base 36, as the service writes it into computer names."""
    text = ""
    while True:
        number, digit = divmod(number, 36)
        text = _DIGITS[digit] + text
        if not number:
            return text


def scale_out(context: Context, row: Values, made: Mapping[str, Any], count: int, now: int, fails: str | None) -> int:
    """Make `count` instances from the profile; when the last of them is up, in ticks."""
    records = context.records
    profile = made["properties"]["virtualMachineProfile"]
    rows = records.ask(
        SCALE_SET_INSTANCES,
        "split_part(id, '/virtualMachines/', 2)::BIGINT, _fault_domain, _update_domain, zones[1]",
        f"_set_key = {row['_key']}",
        {},
    )
    first = max([int(row.get("_next_instance") or 0), *(each[0] + 1 for each in rows)])
    row["_next_instance"] = first + count
    faults: Counter[Any] = Counter(each[1] for each in rows)
    updates: Counter[Any] = Counter(each[2] for each in rows)
    zones: Counter[Any] = Counter(each[3] for each in rows)
    domains = int(made["properties"]["platformFaultDomainCount"] or 1)
    addresses = Addresses(records)
    system = machine_documents.operating_system(profile["storageProfile"], profile.get("osProfile") or {})
    os_name, os_version = machine_documents.agent(profile["storageProfile"], system)
    instances: list[Values] = []
    interfaces: list[tuple[int, Image]] = []
    for number in range(first, first + count):
        fault = min(range(domains), key=lambda each: (faults[each], each))
        update = min(range(MOST_UPDATE_DOMAINS["Uniform"]), key=lambda each: (updates[each], each))
        zone = min(made.get("zones") or [None], key=lambda each: (zones[each], each))
        faults[fault] += 1
        updates[update] += 1
        zones[zone] += 1
        key = records.new_keys()
        made_nics = list(_interfaces(context, row, profile, number, key, addresses))
        document = _instance(context, row, made, profile, number, [nic["id"] for nic in made_nics], now)
        if zone is not None:
            document["zones"] = [zone]
        values = records.values(SCALE_SET_INSTANCES, document)
        instances.append({
            **values, "_key": key, "resourceGroup": row["resourceGroup"], "subscriptionId": row["subscriptionId"],
            "tags": values["tags"] or "{}", "hyper_v_generation": "V2", "power_state": _DEALLOCATED,
            "_agent_os_name": os_name, "_agent_os_version": os_version, "_set_key": row["_key"], "_since": now,
            "_fault_domain": fault, "_update_domain": update, "_operation": "create", "_accepted": now, "_fails": fails,
            "_health": "healthy" if _reports_health(profile) else None,
        })  # fmt: skip
        for nic in made_nics:
            nic_values = records.values(SCALE_SET_INSTANCE_NICS, nic)
            nic_values |= {
                "resourceGroup": row["resourceGroup"],
                "subscriptionId": row["subscriptionId"],
                "_vm_key": key,
            }
            interfaces.append((records.new_keys(), Image(0, nic_values)))
    records.write_many(SCALE_SET_INSTANCE_NICS, interfaces, now)
    more = {"_operation": pa.string(), "_accepted": pa.int64(), "_fails": pa.string()}
    records.stage(SCALE_SET_INSTANCES, "target", instances, more)
    context.bulk.carry_out(SCALE_SET_INSTANCES, {"create"})
    return context.bulk.ends


def _reports_health(profile: Mapping[str, Any]) -> bool:
    """By the health extension, or by a probe of the load balancer."""
    if (profile.get("networkProfile") or {}).get("healthProbe"):
        return True
    extensions = (profile.get("extensionProfile") or {}).get("extensions") or ()
    return any(str((each.get("properties") or {}).get("type", "")).lower() in APPLICATION_HEALTH for each in extensions)


def _instance(
    context: Context,
    row: Values,
    made: Mapping[str, Any],
    profile: Mapping[str, Any],
    number: int,
    nics: list[str],
    now: int,
) -> dict[str, Any]:
    """The document of one instance."""  # fmt: skip
    id_ = f"{row['id']}/virtualMachines/{number}"
    system = profile.get("osProfile") or {}
    storage = profile["storageProfile"]
    disk = storage["osDisk"]
    disk_name = f"{row['name']}_{row['name']}_{number}_OsDisk_1_{context.guid('osdisk', id_).replace('-', '')[:12]}"
    group = row["id"].split("/providers/")[0]
    properties = {
        "vmId": context.guid("vm", f"{id_}:{now}"), "latestModelApplied": True,
        "modelDefinitionApplied": "VirtualMachineScaleSet", "timeCreated": written(now), "hardwareProfile": {},
        "storageProfile": {
            **image_of(storage),
            "osDisk": {
                "name": disk_name, "osType": disk["osType"], "createOption": disk["createOption"],
                "caching": disk["caching"], "diskSizeGB": disk["diskSizeGB"],
                "managedDisk": {"id": f"{group}/providers/Microsoft.Compute/disks/{disk_name}",
                                "storageAccountType": disk["managedDisk"]["storageAccountType"]},
            },
            "dataDisks": data_disks(storage, f"{row['name']}_{number}"),
        },
        "osProfile": {
            "computerName": f"{system.get('computerNamePrefix') or row['name'][:9]}{base36(number).rjust(6, '0')}",
            "adminUsername": system.get("adminUsername") or "azureuser",
        },
        "networkProfile": {"networkInterfaces": [
            {"id": nic, "properties": {"primary": place == 0}} for place, nic in enumerate(nics)]},
    }  # fmt: skip
    sku = made["sku"]
    return {
        "id": id_, "name": f"{row['name']}_{number}", "location": row["location"], "tags": made.get("tags") or {},
        "sku": {"name": sku["name"], "tier": sku.get("tier") or "Standard"}, "properties": properties,
    }  # fmt: skip


def image_of(storage: Mapping[str, Any]) -> dict[str, Any]:
    """The image that the profile gives to an instance, with the version that it is."""
    reference = storage.get("imageReference")
    return {"imageReference": machine_documents.exact(reference)} if reference else {}


def data_disks(storage: Mapping[str, Any], instance: str) -> list[dict[str, Any]]:
    """The data disks that the profile gives to an instance."""
    return [{**each, "name": f"{instance}_disk{each['lun']}"} for each in storage.get("dataDisks") or ()]


def _interfaces(
    context: Context, row: Values, profile: Mapping[str, Any], number: int, key: int, addresses: Addresses
) -> Iterable[dict[str, Any]]:
    """The interfaces of one instance, as the profile describes them."""
    instance = f"{row['id']}/virtualMachines/{number}"
    for place, each in enumerate((profile.get("networkProfile") or {}).get("networkInterfaceConfigurations") or ()):
        name = each.get("name") or f"nic{place}"
        id_ = f"{instance}/networkInterfaces/{name}"
        configurations = []
        for spot, one in enumerate((each.get("properties") or {}).get("ipConfigurations") or ()):
            inside = one.get("properties") or {}
            subnet = (inside.get("subnet") or {}).get("id")
            label = one.get("name") or f"ip{spot}"
            configurations.append({"name": label, "id": f"{id_}/ipConfigurations/{label}", "properties": {
                "primary": spot == 0, "privateIPAddress": addresses.take(subnet, id_) if subnet else None,
                "privateIPAllocationMethod": "Dynamic", "subnet": {"id": subnet} if subnet else None}})  # fmt: skip
        yield {"id": id_, "name": name, "location": row["location"], "properties": {
            "primary": place == 0, "provisioningState": "Succeeded", "virtualMachine": {"id": instance},
            "ipConfigurations": configurations}}  # fmt: skip


def scale_in(context: Context, row: Values, count: int, now: int) -> int:
    """Delete `count` instances that nothing protects, evenly; when the last is gone, in ticks."""
    members = context.records.select(
        SCALE_SET_INSTANCES, f"_set_key = {row['_key']} AND properties.\"provisioningState\" <> 'Deleting'", {}
    )
    free = [
        (each["_key"], each["_fault_domain"], (each["zones"] or [None])[0])
        for each in members
        if not protected(context, each, "protectFromScaleIn")
    ]
    keys = choose(free, count, oldest=takes_the_oldest(context, row))
    if keys:
        where = f"_key IN ({', '.join(map(str, keys))})"
        context.bulk.operate_where(SCALE_SET_INSTANCES, where, "delete", now, resize=False)
    return context.bulk.ends


def protected(context: Context, row: Values, how: str) -> bool:
    """Whether an instance's protection policy keeps something from it: protectFromScaleIn, protectFromScaleSetActions."""
    rest = context.records.loaded(row["_rest"])
    return bool(((rest.get("properties") or {}).get("protectionPolicy") or {}).get(how))


def operate(context: Context, row: Values, operation: str, ids: Iterable[str] | None) -> Operation:
    """One operation on all instances of the set, or on some; those that are so already, or cannot, are left out."""
    where = f"_set_key = {row['_key']}"
    if ids and "*" not in ids:
        where += f" AND _key IN ({', '.join(map(str, keys_of(context, row, ids)))})"
    return flexible.operate(context, row, where, operation, context.now())


def keys_of(context: Context, row: Values, ids: Iterable[str]) -> list[int]:
    """The keys of instances by their ids within the set. Raises for one that is none."""
    known = dict(
        context.records.ask(
            SCALE_SET_INSTANCES, "split_part(id, '/virtualMachines/', 2), _key", f"_set_key = {row['_key']}", {}
        )
    )
    for each in ids:
        if str(each) not in known:
            raise InventoryError(
                "InvalidParameter",
                f"The provided instanceId {each} is not an active Virtual Machine Scale Set VM instanceId.",
            )
    return [known[str(each)] for each in ids]


def delete_some(context: Context, row: Values, ids: Iterable[str]) -> Operation:
    """Delete instances by their ids; the set's capacity follows."""
    wanted = list(ids)
    if not wanted:
        raise InventoryError("InvalidParameter", "Required parameter 'instanceIds' is missing (null).")
    return operate(context, row, "delete", wanted)


def delete_all(context: Context, row: Values, now: int) -> int:
    """Delete all instances; when the last is gone, in ticks."""
    context.bulk.operate_where(SCALE_SET_INSTANCES, f"_set_key = {row['_key']}", "delete", now, resize=False)
    return context.bulk.ends


_DEALLOCATED = {"code": "PowerState/deallocated", "displayStatus": "VM deallocated", "level": "Info"}
