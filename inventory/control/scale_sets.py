"""Scale sets: created empty or with a profile, scaled, changed, deleted. What a Flexible set holds are virtual machines;
what a Uniform set holds are instances of its own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from inventory.control import flexible, uniform, upgrades, views
from inventory.control.ids import ResourceId
from inventory.control.operation import Operation
from inventory.control.placement import members_of, type_of_members
from inventory.control.provider import Provider
from inventory.control.records import Image, Values, written
from inventory.control.set_rules import SetRules
from inventory.errors import InventoryError
from inventory.resource_types import SCALE_SET_INSTANCES, SCALE_SETS, ResourceType
from inventory.rules import pace, refusals

BATCH_ACTIONS = {
    "start": "start", "poweroff": "power_off", "deallocate": "deallocate", "restart": "restart", "redeploy": "redeploy",
    "reimage": "reimage", "reimageall": "reimage",
}  # fmt: skip
"""Operations of a Uniform set on all or some of its instances, as `lifecycle` spells them."""


class ScaleSets(Provider):
    kind = SCALE_SETS.type
    names = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,62}[A-Za-z0-9_])?")
    name_rule = "1 to 64 letters, digits, '-', '_' or '.', beginning with a letter or digit, not ending with '.' or '-'"

    def put(self, id_: ResourceId, document: Mapping[str, Any], api_version: str | None) -> Operation:
        group = self.group_of(id_)
        earlier = self.records.find(id_)
        if earlier is not None:
            self.check_free(SCALE_SETS, earlier, id_)
        elif not self.names.fullmatch(id_.name):
            raise InventoryError("InvalidParameter", f"The name '{id_.name}' is not allowed: {self.name_rule}.")
        made = self.framed(id_, document, earlier, group)
        self.check_place(id_, made, earlier)
        SetRules(self.context, id_, made, earlier, api_version).check()
        self.complete_set(made, earlier)
        now = self.context.now()
        verb = "create" if earlier is None else "update"
        failure = self.context.failures.drawn(id_, verb, now)
        wanted = (made.get("sku") or {}).get("capacity") or 0
        stays = failure is not None and earlier is not None and wanted <= members_of(self.context, earlier)
        if stays and earlier is not None:  # the set stays as it was, but for its state
            made = self.document(SCALE_SETS, earlier)
        row = self.row(SCALE_SETS, id_, made, earlier)
        row["_key"] = self.records.new_keys() if earlier is None else earlier["_key"]
        least = now + self.context.pace(pace.WRITES[self.kind], id_.text.lower(), now)
        ends = least if stays else max(least, self.scale(row, made, earlier, now, None if failure is None else failure.code))
        last = "Succeeded" if failure is None else "Failed"
        first = "Creating" if earlier is None else "Updating"
        images = [Image(0, {**self.at_work(SCALE_SETS, row, first), "_since": now}),
                  Image(ends - now, {**self.at_work(SCALE_SETS, row, last), "_since": ends})]  # fmt: skip
        self.records.write(SCALE_SETS, images, row["_key"])
        shown = self.document(SCALE_SETS, images[0].values or row)
        return self.context.ledger.enter(
            verb, made["id"], ends, document=shown, failure=failure, created=earlier is None
        )

    def complete_set(self, made: dict[str, Any], earlier: Values | None) -> None:
        """What Azure fills in."""
        given = made["properties"]
        before = {} if earlier is None else earlier["properties"]
        given["uniqueId"] = before.get("uniqueId") or self.context.guid("set", made["id"])
        given["timeCreated"] = before.get("timeCreated") or written(self.context.now())
        profile = given.get("virtualMachineProfile")
        if given["orchestrationMode"] == "Uniform":
            given.setdefault("overprovision", True)
            given.setdefault("doNotRunExtensionsOnOverprovisionedVMs", False)
        if profile is not None:
            given.setdefault("upgradePolicy", {"mode": "Manual"})
            _complete_profile(profile, made["name"])
        sku = made.get("sku")
        if sku is not None:
            sku.setdefault("tier", "Standard")

    def scale(self, row: Values, made: Mapping[str, Any], earlier: Values | None, now: int, fails: str | None) -> int:
        """Make or delete members until there are as many as the document says; when that has ended, in ticks."""
        capacity = (made.get("sku") or {}).get("capacity")
        if capacity is None:
            return now
        members = 0 if earlier is None else members_of(self.context, row)
        is_flexible = row["properties"]["orchestrationMode"] == "Flexible"
        ends = now
        if capacity < members:  # those that go need no upgrade
            scale_in = flexible.scale_in if is_flexible else uniform.scale_in
            ends = scale_in(self.context, row, members - capacity, now)
        if earlier is not None and not is_flexible and upgrades.changed(self.records.document(SCALE_SETS, earlier), made):
            ends = max(ends, upgrades.follow(self.context, row, made, now))
        if earlier is not None and earlier["properties"]["provisioningState"] == "Failed":
            ends = max(ends, self.try_again(row, now, fails))
        if capacity > members:
            scale_out = flexible.scale_out if is_flexible else uniform.scale_out
            return max(ends, scale_out(self.context, row, made, capacity - members, now, fails))
        return ends

    def try_again(self, row: Values, now: int, fails: str | None) -> int:
        """Start the members that failed with their set; when the last of them is up, in ticks."""
        failed = f"_set_key = {row['_key']} AND properties.\"provisioningState\" = 'Failed'"
        self.context.bulk.operate_where(type_of_members(row), failed, "start", now, fails=fails)
        return self.context.bulk.ends

    # ---- deletion --------------------------------------------------------------------------------------------------
    def check_deletable(self, id_: ResourceId, row: Values, force: bool) -> None:
        if row["properties"]["orchestrationMode"] == "Flexible" and not force and members_of(self.context, row):
            raise refusals.refuse("delete_with_machines")

    def remove(self, of: ResourceType, id_: ResourceId, row: Values) -> Operation:
        now = self.context.now()
        is_flexible = row["properties"]["orchestrationMode"] == "Flexible"
        least = now + self.context.pace(pace.DELETIONS[self.kind], "delete", id_.text.lower(), now)
        ends = max(least, (flexible if is_flexible else uniform).delete_all(self.context, row, now))
        self.context.ledger.overtake(row["id"])
        images = [Image(0, self.at_work(of, row, "Deleting")), Image(ends - now, None)]
        self.records.write(of, images, row["_key"])
        return self.context.ledger.enter("delete", row["id"], ends)

    # ---- actions ---------------------------------------------------------------------------------------------------
    def act(self, id_: ResourceId, action: str, body: Mapping[str, Any]) -> Operation | Any:
        row = self.found(id_)
        name = action.lower()
        is_flexible = row["properties"]["orchestrationMode"] == "Flexible"
        if name == "instanceview":
            if is_flexible:
                raise refusals.refuse("no_set_view", name=row["name"])
            return self.set_view(row)
        if name in ("delete", "deleteinstances"):
            if is_flexible and self.context.rules.batch_delete:
                return flexible.delete_some(self.context, row, body.get("instanceIds") or (), self.context.now())
            if not is_flexible:
                return uniform.delete_some(self.context, row, body.get("instanceIds") or ())
        if name == "manualupgrade" and not is_flexible:
            return upgrades.upgrade(self.context, row, body.get("instanceIds") or ())
        if name in (*BATCH_ACTIONS, "delete", "deleteinstances", "manualupgrade"):
            if is_flexible:
                raise refusals.refuse("no_batch", operation=action, name=row["name"])
            return uniform.operate(self.context, row, BATCH_ACTIONS[name], body.get("instanceIds"))
        if name == "listinstances":
            return self.context.providers[SCALE_SET_INSTANCES.type].listing(id_, SCALE_SET_INSTANCES.type)
        return super().act(id_, action, body)

    def set_view(self, row: Values) -> dict[str, Any]:
        summary = self.records.select(SCALE_SET_INSTANCES, f"_set_key = {row['_key']}", {})
        states: dict[str, int] = {}
        for each in summary:
            state = each["properties"]["provisioningState"]
            states[state] = states.get(state, 0) + 1
        extensions = [name for name, _ in self.extensions(row)]
        since = row["_since"] or self.context.now()
        return views.set_view(sorted(states.items()), extensions, row["properties"]["provisioningState"], since)

    def extensions(self, row: Values) -> list[tuple[str, Mapping[str, Any]]]:
        """The names and properties of the extensions that a set's profile gives to its machines."""
        profile = self.records.document(SCALE_SETS, row)["properties"].get("virtualMachineProfile") or {}
        listed = (profile.get("extensionProfile") or {}).get("extensions") or ()
        return [(str(each.get("name")), each.get("properties") or {}) for each in listed]


def _complete_profile(profile: dict[str, Any], name: str) -> None:
    from inventory.control.machine_documents import known_image, operating_system

    system_profile = profile.get("osProfile")
    storage = profile.setdefault("storageProfile", {})
    disk = storage.setdefault("osDisk", {})
    image = known_image(storage.get("imageReference"))
    disk.setdefault("createOption", "FromImage")
    disk.setdefault("osType", operating_system(storage, system_profile or {}))
    disk.setdefault("caching", "ReadWrite")
    disk.setdefault("managedDisk", {}).setdefault("storageAccountType", "Premium_LRS")
    disk.setdefault("diskSizeGB", image.disk_gb if image else 127 if disk["osType"] == "Windows" else 30)
    storage.setdefault("dataDisks", [])
    if system_profile is not None:
        system_profile.setdefault("computerNamePrefix", name[:9])
        system_profile.pop("adminPassword", None)
        system_profile.pop("customData", None)
        system_profile.setdefault("allowExtensionOperations", True)
        system_profile.setdefault("secrets", [])
    if profile.get("priority") in ("Spot", "Low"):
        profile.setdefault("evictionPolicy", "Deallocate")
