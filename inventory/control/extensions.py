"""Extensions of virtual machines. One of them, Application Health, lets a machine say how its application is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from inventory.control.ids import ResourceId
from inventory.control.operation import Operation
from inventory.control.provider import Provider
from inventory.control.records import Values
from inventory.errors import InventoryError
from inventory.resource_types import EXTENSIONS, VIRTUAL_MACHINES

APPLICATION_HEALTH = frozenset({"applicationhealthlinux", "applicationhealthwindows"})


class Extensions(Provider):
    kind = EXTENSIONS.type

    def put(self, id_: ResourceId, document: Mapping[str, Any], api_version: str | None) -> Operation:
        machine = self.parent_of(id_)
        given = {"location": machine["location"], **document}
        return super().put(id_, given, api_version)

    def completed(
        self, id_: ResourceId, document: dict[str, Any], earlier: Values | None, api_version: str | None
    ) -> dict[str, Any]:
        given = document["properties"]
        machine = self.parent_of(id_)
        for name in ("publisher", "type", "typeHandlerVersion"):
            if not given.get(name):
                raise InventoryError("InvalidParameter", f"Required parameter '{name}' is missing (null).")
        if machine["power_state"]["code"] not in ("PowerState/running", "PowerState/starting"):
            raise InventoryError(
                "OperationNotAllowed",
                "Cannot modify extensions in the VM when the VM is not running.",
            )
        if machine["_agent_os_name"] is None:
            raise InventoryError(
                "OperationNotAllowed",
                f"This operation cannot be performed when extension operations are disallowed on VM '{machine['name']}': "
                "it has no agent.",
            )
        given.setdefault("autoUpgradeMinorVersion", False)
        given.setdefault("enableAutomaticUpgrade", False)
        given.setdefault("settings", {})
        given.pop("protectedSettings", None)
        given["provisioningState"] = "Succeeded"
        return document

    def inner(self, id_: ResourceId, document: Mapping[str, Any], earlier: Values | None) -> dict[str, Any]:
        machine = self.parent_of(id_)
        if document["properties"]["type"].lower() in APPLICATION_HEALTH and machine["_health"] is None:
            self.context.health.report(VIRTUAL_MACHINES, machine["_key"], "healthy")
        return {"_vm_key": machine["_key"]}
