"""The model of a Uniform set and its instances: which are behind it, and how they come to it (Manual, Automatic, Rolling)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import ceil
from typing import Any

import pyarrow as pa

from inventory.clock import seconds_to_ticks
from inventory.control import machine_documents
from inventory.control.context import Context
from inventory.control.operation import Operation
from inventory.control.records import Image, Values
from inventory.control.uniform import data_disks, image_of, keys_of
from inventory.control.watching import duration
from inventory.feed import WHEN_ALL_IS_DONE
from inventory.lifecycle import OPERATIONS
from inventory.resource_types import REST, SCALE_SET_INSTANCES, SCALE_SETS

_BATCH = 20
"""The percentage of a set's instances that a rolling upgrade takes at a time, unless its policy says another."""
_STEP = seconds_to_ticks(max(sum(edge.lasts[1] for edge in OPERATIONS[name].edges) for name in ("update", "resize")))
"""The longest that one instance takes, in ticks."""


def changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Whether two documents of a set are of different models: its profile, or the size of its instances."""
    return _model(before) != _model(after)


def follow(context: Context, row: Values, made: Mapping[str, Any], now: int) -> int:
    """What becomes of the instances when their set has another model; when the last of it has ended, in ticks."""
    policy = made["properties"].get("upgradePolicy") or {}
    mode = policy.get("mode", "Manual")
    members = _members(context, row)
    if mode != "Automatic":  # all of them, or those whose turn has not come
        _leave_behind(context, row, now)
    return now if mode == "Manual" else _bring(context, made, members, now, policy if mode == "Rolling" else None)


def upgrade(context: Context, row: Values, ids: Iterable[str]) -> Operation:
    """Bring instances to the latest model of their set; those with another operation under way are left out."""
    now, wanted = context.now(), list(ids)
    members = _members(context, row)
    if wanted and "*" not in wanted:
        chosen = set(keys_of(context, row, wanted))
        members = [each for each in members if each["_key"] in chosen]
    ends = _bring(context, context.records.document(SCALE_SETS, row), members, now, None)
    return context.ledger.enter("manualUpgrade", row["id"], ends)


def _model(document: Mapping[str, Any]) -> tuple[Any, ...]:
    sku = document.get("sku") or {}
    return sku.get("name"), sku.get("tier"), document["properties"].get("virtualMachineProfile")


def _members(context: Context, row: Values) -> list[Values]:
    """The instances that nothing is happening to."""
    where = f"_set_key = {row['_key']} AND properties.\"provisioningState\" <> 'Deleting'"
    busy = context.records.settling(SCALE_SET_INSTANCES)
    return [each for each in context.records.select(SCALE_SET_INSTANCES, where, {}) if each["_key"] not in busy]


def _leave_behind(context: Context, row: Values, now: int) -> None:
    """Instances that are not of the latest model any more; those at work are so when they have ended."""
    records = context.records
    busy = records.settling(SCALE_SET_INSTANCES)
    images = []
    for each in records.select(SCALE_SET_INSTANCES, f"_set_key = {row['_key']}", {}, at=WHEN_ALL_IS_DONE):
        values = {**each, "properties": {**each["properties"], "latestModelApplied": False}}
        images.append((each["_key"], Image(max(busy.get(each["_key"], now) - now, 0), values)))
    records.write_many(SCALE_SET_INSTANCES, images, now, replaces=False)


def _bring(
    context: Context, document: Mapping[str, Any], members: list[Values], now: int, rolling: Mapping[str, Any] | None
) -> int:
    """Let instances become as the set's document says, all at once or in batches; when that has ended, in ticks."""
    if not members:
        return now
    policy = (rolling or {}).get("rollingUpgradePolicy") or {}
    percent = min(max(int(policy.get("maxBatchInstancePercent") or _BATCH), 1), 100)
    size = ceil(len(members) * percent / 100) if rolling is not None else len(members)
    pause = seconds_to_ticks(duration(policy.get("pauseTimeBetweenBatches"), 0)) + _STEP
    sku, profile = document["sku"], document["properties"]["virtualMachineProfile"]
    storage = profile["storageProfile"]
    system = machine_documents.operating_system(storage, profile.get("osProfile") or {})
    name, version = machine_documents.agent(storage, system)
    upgraded = []
    for place, each in enumerate(members):
        running = each["power_state"]["code"] == "PowerState/running"
        resized = (each["sku"] or {}).get("name") != sku["name"]
        instance = context.records.document(SCALE_SET_INSTANCES, each)
        instance["sku"] = {"name": sku["name"], "tier": sku.get("tier") or "Standard"}
        held = instance["properties"].get("storageProfile") or {}
        instance["properties"] |= {"latestModelApplied": True, "storageProfile": _storage(held, storage, each["name"])}
        model = context.records.values(SCALE_SET_INSTANCES, instance, each)
        upgraded.append({
            **each, **{column: model[column] for column in ("sku", "properties", REST)},
            "_agent_os_name": name, "_agent_os_version": version, "_operation": "resize" if resized and running else "update",
            "_accepted": now + place // size * pause, "_fails": None,
        })  # fmt: skip
    more = {"_operation": pa.string(), "_accepted": pa.int64(), "_fails": pa.string()}
    context.records.stage(SCALE_SET_INSTANCES, "target", upgraded, more)
    context.bulk.carry_out(SCALE_SET_INSTANCES, {each["_operation"] for each in upgraded}, changed=True)
    return context.bulk.ends


def _storage(held: Mapping[str, Any], model: Mapping[str, Any], instance: str) -> dict[str, Any]:
    """An instance's disks and image as the model has them; the disk of its system stays the one that it is."""
    disk, wanted = held.get("osDisk") or {}, model["osDisk"]
    managed = {**(disk.get("managedDisk") or {}), "storageAccountType": wanted["managedDisk"]["storageAccountType"]}
    kept = {"caching": wanted["caching"], "diskSizeGB": max(disk.get("diskSizeGB") or 0, wanted["diskSizeGB"]), "managedDisk": managed}
    return {**held, **image_of(model), "osDisk": {**disk, **kept}, "dataDisks": data_disks(model, instance)}
