"""Instance views: what a machine is doing, in the form in which Azure tells it. Reads rows; changes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from inventory.control.failures import SILENT
from inventory.control.machine_documents import disks
from inventory.control.records import Values, written
from inventory.lifecycle import DISPLAY
from inventory.resource_types import SCALE_SET_INSTANCES, ResourceType

_DISPLAYED = {
    "succeeded": "Provisioning succeeded",
    "updating": "Updating",
    "creating": "Creating",
    "deleting": "Deleting",
    "failed": "Provisioning failed",
    "migrating": "Migrating",
}
HEALTH = {
    "healthy": "The VM is reporting itself as healthy or is known to be healthy.",
    "unhealthy": "The VM is reporting itself as unhealthy or is known to be unhealthy.",
    "initializing": "The VM is initializing and has not reported its health yet.",
    "unknown": "The health of the VM is not known.",
}


def machine_view(
    of: ResourceType, row: Values, properties: Mapping[str, Any], since: int, extensions: Sequence[tuple[str, Mapping[str, Any]]]
) -> dict[str, Any]:
    """The instance view of a virtual machine or of an instance of a Uniform set with these properties; `since` is when its
    state began, `extensions` are the names and properties of those that it has."""
    power = row["power_state"]["code"].split("/")[1] if row["power_state"] else None
    time = _moment(since)
    view: dict[str, Any] = {}
    if row.get("_update_domain") is not None:
        view["platformUpdateDomain"] = row["_update_domain"]
    chosen = None if of is SCALE_SET_INSTANCES else properties.get("platformFaultDomain")
    domain = row["_fault_domain"] if chosen is None else chosen
    if domain is not None:
        view["platformFaultDomain"] = domain
    reports = row["_agent_os_name"] is not None and power == "running" and row["_failure"] not in SILENT
    if reports or row["_hibernated"]:
        view["computerName"] = (properties.get("osProfile") or {}).get("computerName")
    if reports:
        view["osName"], view["osVersion"] = row["_agent_os_name"], row["_agent_os_version"]
    view["hyperVGeneration"] = row["hyper_v_generation"] or "V2"
    if power in ("running", "starting", "stopping"):
        view["vmAgent"] = _agent(extensions, reports, time)
    view["disks"] = [
        {"name": disk.get("name"), "statuses": [status("succeeded", time)]} for disk in disks(properties) if disk
    ]
    if extensions:
        view["extensions"] = [_extension(*each) for each in extensions]
    health = row.get("_health")
    if health is not None and power == "running":
        view["vmHealth"] = {
            "status": {"code": f"HealthState/{health}", "level": "Info", "displayStatus": HEALTH[health],
                       "time": _moment(row.get("_health_since") or since)}
        }  # fmt: skip
    if ((properties.get("diagnosticsProfile") or {}).get("bootDiagnostics") or {}).get("enabled"):
        view["bootDiagnostics"] = {}
    view["statuses"] = statuses(row, time)
    return view


def _moment(ticks: int) -> str:
    """A time as instance views write it."""
    return written(ticks)[:-2] + "+00:00"


def statuses(row: Values, time: str) -> list[dict[str, Any]]:
    """Provisioning with its time, power without, and hibernation where a machine hibernates."""
    state = (row["properties"]["provisioningState"] or "Succeeded").lower()
    power = row["power_state"]["code"].split("/")[1] if row["power_state"] else None
    first = status(state, time)
    if state == "failed" and row["_failure"]:
        first["code"] += f"/{row['_failure']}"
        first["level"] = "Error"
    elif state == "creating" and power in ("creating", "starting"):
        first["code"] += "/OSProvisioningInProgress" if power == "starting" else ""
    made = [first]
    if power is not None:
        made.append({"code": f"PowerState/{power}", "level": "Info", "displayStatus": DISPLAY[power]})
    if row["_hibernated"]:
        made.append({"code": "HibernationState/Hibernated", "level": "Info", "displayStatus": "VM hibernated"})
    return made


def status(state: str, time: str) -> dict[str, Any]:
    """A provisioning state; what is under way has no time yet, as captured."""
    told = {"code": f"ProvisioningState/{state}", "level": "Info", "displayStatus": _DISPLAYED[state]}
    return told if state == "updating" else {**told, "time": time}


def set_view(members: Sequence[tuple[str, int]], extensions: Sequence[str], state: str, since: int) -> dict[str, Any]:
    """The instance view of a Uniform set: how many instances are in which provisioning state, never a power state, and
    the same for each extension of its profile. `since` is when the set was last changed."""
    count = sum(count for _, count in members)
    return {
        "virtualMachine": {
            "statusesSummary": [
                {"code": f"ProvisioningState/{each.lower()}", "count": count} for each, count in members
            ]
        },
        "extensions": [
            {"name": each, "statusesSummary": [{"code": "ProvisioningState/succeeded", "count": count}] if count else []}
            for each in extensions
        ],
        "statuses": [status(state.lower(), _moment(since))],
    }


def _agent(extensions: Sequence[tuple[str, Mapping[str, Any]]], reports: bool, time: str) -> dict[str, Any]:
    if not reports:
        told = {
            "code": "ProvisioningState/Unavailable",
            "level": "Warning",
            "displayStatus": "Not Ready",
            "message": "VM status blob is found but not yet populated.",
            "time": time,
        }
        return {"vmAgentVersion": "Unknown", "statuses": [told]}
    told = {**status("succeeded", time), "displayStatus": "Ready", "message": "Guest Agent is running"}
    handlers = [
        {**_kind(properties), "status": {"code": "ProvisioningState/succeeded", "level": "Info", "displayStatus": "Ready"}}
        for _, properties in extensions
    ]
    return {"vmAgentVersion": "2.9.1.1", "statuses": [told], "extensionHandlers": handlers}


def _kind(extension: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": f"{extension.get('publisher')}.{extension.get('type')}",
        "typeHandlerVersion": extension.get("typeHandlerVersion"),
    }


def _extension(name: str, properties: Mapping[str, Any]) -> dict[str, Any]:
    state = (properties.get("provisioningState") or "Succeeded").lower()
    return {
        "name": name,
        **_kind(properties),
        "statuses": [{"code": f"ProvisioningState/{state}", "level": "Error" if state == "failed" else "Info",
                      "displayStatus": _DISPLAYED[state]}],
    }
