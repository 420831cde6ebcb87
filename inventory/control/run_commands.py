"""Run commands: a script is accepted by a machine's agent and ends. Nothing runs it here, so it ends well and says nothing.

Both forms of Azure are served: the action `runCommand`, which answers once, and the resource `runCommands`, which stays
and tells how it went in its instance view.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from inventory.control.ids import ResourceId
from inventory.control.operation import Operation
from inventory.control.provider import Provider
from inventory.control.records import Values, written
from inventory.errors import InventoryError
from inventory.resource_types import ResourceType
from inventory.rules import pace

_FAREWELL = "Enable succeeded: \n[stdout]\n\n[stderr]\n"
"""What the agent of Linux answers after a script that printed nothing; that of Windows answers each stream by itself."""


def check_takes_commands(row: Values) -> None:
    """Raises where a machine has no agent at work that could take a command."""
    if (row["power_state"] or {}).get("code") != "PowerState/running" or row["_agent_os_name"] is None:
        raise InventoryError("OperationNotAllowed", "Cannot modify extensions in the VM when the VM is not running.")


def run(provider: Provider, row: Values, body: Mapping[str, Any]) -> Operation:
    """The action `runCommand` on a row of machines or of instances of a set."""
    command = body.get("commandId")
    if not isinstance(command, str) or not command:
        raise InventoryError("InvalidParameter", "Required parameter 'runCommandInput.commandId' is missing (null).")
    check_takes_commands(row)
    context, now = provider.context, provider.context.now()
    takes = context.pace(pace.RUN_COMMAND, row["id"].lower(), now)
    windows = "windows" in row["_agent_os_name"].lower()
    codes = (
        ("ComponentStatus/StdOut/succeeded", "ComponentStatus/StdErr/succeeded")
        if windows
        else ("ProvisioningState/succeeded",)
    )
    told = [
        {
            "code": code,
            "level": "Info",
            "displayStatus": "Provisioning succeeded",
            "message": "" if windows else _FAREWELL,
        }
        for code in codes
    ]
    return context.ledger.enter("runCommand", row["id"], now + takes, document={"value": told}, answers=True)


class RunCommands(Provider):
    """Commands that stay beside the machine that ran them."""

    kind = "microsoft.compute/virtualmachines/runcommands"

    def spread(self, id_: ResourceId) -> tuple[float, float]:
        return pace.RUN_COMMAND

    def put(self, id_: ResourceId, document: Mapping[str, Any], api_version: str | None) -> Operation:
        given = {"location": self.parent_of(id_)["location"], **document}
        return super().put(id_, given, api_version)

    def completed(
        self, id_: ResourceId, document: dict[str, Any], earlier: Values | None, api_version: str | None
    ) -> dict[str, Any]:
        check_takes_commands(self.parent_of(id_))
        given = document["properties"]
        for secret in ("protectedParameters", "runAsPassword"):
            given.pop(secret, None)
        given.setdefault("asyncExecution", False)
        given.setdefault("timeoutInSeconds", 0)
        now = self.context.now()
        takes = self.context.pace(self.spread(id_), id_.text.lower(), now)
        given["instanceView"] = {
            "executionState": "Succeeded", "executionMessage": "", "exitCode": 0, "output": "", "error": "",
            "startTime": written(now), "endTime": written(now + takes),
        }  # fmt: skip
        return document

    def document(self, of: ResourceType, row: Values, expand: str | None = None) -> dict[str, Any]:
        made = super().document(of, row, expand)
        view = made["properties"].pop("instanceView", None)
        if view and expand and "instanceview" in expand.lower():
            if made["properties"]["provisioningState"] != "Succeeded":
                view = {"executionState": "Running", "startTime": view["startTime"]}
            made["properties"]["instanceView"] = view
        return made


class InstanceRunCommands(RunCommands):
    """The same for an instance of a Uniform set."""

    kind = "microsoft.compute/virtualmachinescalesets/virtualmachines/runcommands"
