"""The machines of a scale set, seen through the set: all of them for a Uniform set, mere references for a Flexible one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from inventory.control import run_commands, uniform, views
from inventory.control.ids import ResourceId, parse
from inventory.control.operation import Operation
from inventory.control.provider import WHOLE, Page, Provider
from inventory.control.records import Image, Values, patched
from inventory.control.scale_sets import BATCH_ACTIONS
from inventory.errors import InventoryError
from inventory.lifecycle import OPERATIONS
from inventory.resource_types import (
    SCALE_SET_INSTANCE_NICS,
    SCALE_SET_INSTANCES,
    SCALE_SETS,
    VIRTUAL_MACHINES,
    ResourceType,
)
from inventory.rules.refusals import refuse

_CHANGEABLE = ("protectionPolicy",)
"""What the scale set VM API lets one change of a single instance."""


class Instances(Provider):
    kind = SCALE_SET_INSTANCES.type

    # ---- reading ---------------------------------------------------------------------------------------------------
    def get(self, id_: ResourceId, expand: str | None = None) -> dict[str, Any]:
        set_row = self.set_of(id_)
        if set_row["properties"]["orchestrationMode"] == "Flexible":
            member = self.member(set_row, id_)
            return {
                "id": id_.text, "name": member["name"], "instanceId": member["name"], "type": SCALE_SET_INSTANCES.name,
                "location": member["location"],
                "properties": {"virtualMachine": {"id": member["id"]},
                               "provisioningState": member["properties"]["provisioningState"]},
            }  # fmt: skip
        return self.document(SCALE_SET_INSTANCES, self.found(id_), expand)

    def document(self, of: ResourceType, row: Values, expand: str | None = None) -> dict[str, Any]:
        made = self.records.document(of, row)
        made["instanceId"] = row["id"].rsplit("/", 1)[-1]
        if expand and "instanceview" in expand.lower():
            made["properties"]["instanceView"] = self.view(row)
        return made

    def view(self, row: Values) -> dict[str, Any]:
        sets = self.records.select(SCALE_SETS, f"_key = {row['_set_key']}", {})
        extensions = self.context.providers[SCALE_SETS.type].extensions(sets[0]) if sets else []
        properties = self.records.document(SCALE_SET_INSTANCES, row)["properties"]
        made = views.machine_view(SCALE_SET_INSTANCES, row, properties, row["_since"] or self.context.now(), extensions)
        return {**made, "placementGroupId": self.context.guid("group", str(row["_set_key"]))}

    def listing(self, scope: ResourceId | None, kind: str, page: Page = WHOLE) -> list[dict[str, Any]]:
        """The instances of a Uniform set; of a Flexible one only the ids of its machines."""
        if scope is not None and scope.kind == SCALE_SETS.type:
            row = self.context.providers[SCALE_SETS.type].found(scope)
            if row["properties"]["orchestrationMode"] == "Flexible":
                found = self.records.select(VIRTUAL_MACHINES, f"_set_key = {row['_key']}", {}, order="lower(id)")
                return [{"id": each["id"]} for each in found]
            rows = self.records.select(SCALE_SET_INSTANCES, f"_set_key = {row['_key']}", {}, order="_key")
            return [self.document(SCALE_SET_INSTANCES, each) for each in rows]
        return super().listing(scope, kind, page)

    def set_of(self, id_: ResourceId) -> Values:
        return self.context.providers[SCALE_SETS.type].found(parse(id_.parent))  # type: ignore[no-any-return]

    def member(self, set_row: Values, id_: ResourceId) -> Values:
        """The machine with this name in a Flexible set."""
        found = self.records.select(
            VIRTUAL_MACHINES, f"_set_key = {set_row['_key']} AND lower(name) = $name", {"name": id_.name.lower()}
        )
        if not found:
            raise self.missing(id_)
        return found[0]

    # ---- writing ---------------------------------------------------------------------------------------------------
    def put(self, id_: ResourceId, document: Mapping[str, Any], api_version: str | None) -> Operation:
        """Only what protects an instance may be changed; the rest is the set's."""
        set_row = self.set_of(id_)
        if set_row["properties"]["orchestrationMode"] == "Flexible":
            raise refuse("no_batch", operation="update", name=set_row["name"])
        row = self.found(id_)
        self.check_free(SCALE_SET_INSTANCES, row, id_)
        before = self.document(SCALE_SET_INSTANCES, row)
        wanted = dict(document.get("properties") or {})
        for name, value in wanted.items():
            if name not in _CHANGEABLE and name != "instanceView" and before["properties"].get(name) != value:
                raise refuse("fixed", path=name)
        changes = {name: wanted[name] for name in _CHANGEABLE if name in wanted}
        after = patched(before, {"properties": changes})
        after.pop("instanceId", None)
        values = {**self.records.values(SCALE_SET_INSTANCES, after, row), "_key": row["_key"]}
        values |= {"resourceGroup": row["resourceGroup"], "subscriptionId": row["subscriptionId"]}
        self.records.write(SCALE_SET_INSTANCES, [Image(0, values)], row["_key"])
        shown = self.document(SCALE_SET_INSTANCES, values)
        return self.context.ledger.enter("update", row["id"], self.context.now(), document=shown)

    def delete(self, id_: ResourceId, force: bool) -> Operation:
        set_row = self.set_of(id_)
        if set_row["properties"]["orchestrationMode"] == "Flexible":
            member = self.member(set_row, id_)
            return self.context.providers[VIRTUAL_MACHINES.type].delete(parse(member["id"]), force)  # type: ignore[no-any-return]
        if self.records.find(id_) is None:
            return self.context.ledger.enter("delete", id_.text, 0)
        return uniform.delete_some(self.context, set_row, [id_.name])

    def act(self, id_: ResourceId, action: str, body: Mapping[str, Any]) -> Operation | Any:
        set_row = self.set_of(id_)
        name = action.lower()
        if set_row["properties"]["orchestrationMode"] == "Flexible":
            raise refuse("no_batch", operation=action, name=set_row["name"])
        row = self.found(id_)
        if name == "instanceview":
            return self.view(row)
        if name == "simulateeviction":
            return self._evict(set_row, row)
        if name == "runcommand":
            return run_commands.run(self, row, body)
        if name not in BATCH_ACTIONS:
            return super().act(id_, action, body)
        return self._operate(row, BATCH_ACTIONS[name])

    def _operate(self, row: Values, operation: str) -> Operation:
        now = self.context.now()
        failure = self.context.failures.drawn(parse(row["id"]), OPERATIONS[operation].name, now)
        fails = None if failure is None else failure.code
        if OPERATIONS[operation].overrides:
            self.context.ledger.overtake(row["id"])
        self.context.bulk.operate(SCALE_SET_INSTANCES, row["_key"], row["name"], operation, now, fails=fails)
        ends = self.context.feed.settled_at(SCALE_SET_INSTANCES, row["_key"])
        return self.context.ledger.enter(OPERATIONS[operation].name, row["id"], ends, failure=failure)

    def _evict(self, set_row: Values, row: Values) -> Operation:
        profile = set_row["properties"]["virtualMachineProfile"]
        if profile["priority"] not in ("Spot", "Low"):
            raise InventoryError(
                "OperationNotAllowed",
                f"The operation 'simulateEviction' is not allowed on VM '{row['name']}' since its priority is not Spot.",
            )
        return self._operate(row, "delete" if profile["evictionPolicy"] == "Delete" else "evict")


class InstanceInterfaces(Provider):
    """The interfaces of Uniform instances: to be read only."""

    kind = SCALE_SET_INSTANCE_NICS.type

    def put(self, id_: ResourceId, document: Mapping[str, Any], api_version: str | None) -> Operation:
        raise InventoryError("MethodNotAllowed", "the interfaces of instances belong to their scale set", 405)

    def delete(self, id_: ResourceId, force: bool) -> Operation:
        raise InventoryError("MethodNotAllowed", "the interfaces of instances belong to their scale set", 405)
