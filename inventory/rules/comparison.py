"""The comparison of Flexible orchestration, Uniform orchestration and availability sets, feature by feature.

The rows are those of the source document's two tables (`features`, and `availability` of its questions). The control
plane asks here whether something is allowed; queries can read the same rows in the table OrchestrationFeatures.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from inventory.rules.refusals import refuse

WAYS = ("Flexible", "Uniform", "AvailabilitySet")
PREVIEW, CURRENT = "2021-preview", "current"
_WORDS = {
    "Flexible": "Flexible orchestration",
    "Uniform": "Uniform orchestration",
    "AvailabilitySet": "availability sets",
}

_IAAS = "Standard virtual machines (Microsoft.Compute/virtualMachines)"
_INSTANCES = "Instances of the set (Microsoft.Compute/virtualMachineScaleSets/virtualMachines)"
_EXTENSION = "Application health extension"


@dataclass(frozen=True, slots=True)
class Feature:
    """One row. The cells are in the order of WAYS; `current` None: nothing is known that would differ from 2021."""

    name: str
    preview: tuple[str, str, str]
    current: tuple[str, str, str] | None = None
    comparison: str = "features"

    def cells(self, profile: str) -> tuple[str, str, str]:
        return self.current if profile == CURRENT and self.current is not None else self.preview

    def evidence(self, profile: str) -> str:
        """Where the cells come from."""
        if profile == PREVIEW:
            return "document of 2021-02-12"
        return "documents of 2024 to 2026" if self.current is not None else "as in 2021; nothing newer is known"


_A = "availability"
FEATURES = (
    Feature("Virtual machine type", (_IAAS, _INSTANCES, _IAAS)),
    Feature("SKUs supported", ("D, E, F, A and B series, Intel and AMD", "All SKUs", "All SKUs"),
            ("All SKUs", "All SKUs", "All SKUs")),
    Feature("Availability Zones", ("All instances in one zone, if wished", "Instances across 1, 2 or 3 zones", "No"),
            ("Instances across 1, 2 or 3 zones", "Instances across 1, 2 or 3 zones", "No")),
    Feature("Full control over VM, NICs, Disks", ("Yes", "Limited to the scale set VM API", "Yes")),
    Feature("Automatic Scaling", ("No", "Yes", "No"), ("Yes", "Yes", "No")),
    Feature("Assign VM to a Specific Fault Domain", ("Yes", "No", "No")),
    Feature("Remove NICs and Disks when deleting VM instances", ("No", "Yes", "No"),
            ("Yes, as deleteOption says", "Yes", "Yes, as deleteOption says")),
    Feature("Upgrade Policy (VM scale sets)", ("No", "Automatic, Rolling, Manual", "N/A"),
            ("Automatic, Rolling, Manual", "Automatic, Rolling, Manual", "N/A")),
    Feature("Automatic OS Updates (VM scale sets)", ("No", "Yes", "N/A"), ("No", "Yes", "N/A")),
    Feature("In Guest Security Patching", ("Yes", "No", "Yes")),
    Feature("Terminate Notifications (VM scale sets)", ("No", "Yes", "N/A"), ("Yes", "Yes", "N/A")),
    Feature("Instance Repair (VM scale sets)", ("No", "Yes", "N/A"), ("Yes", "Yes", "N/A")),
    Feature("Accelerated networking", ("Yes", "Yes", "Yes")),
    Feature("Spot instances and pricing",
            ("Yes, Spot and Regular side by side", "Yes, all Spot or all Regular", "No, Regular only"),
            ("Yes, Spot and Regular side by side", "Yes, all Spot or all Regular", "No, Regular only")),
    Feature("Mix operating systems", ("Yes, Linux and Windows side by side", "No, all the same", "Yes, Linux and Windows "
            "side by side")),
    Feature("Monitor Application Health", (_EXTENSION, f"{_EXTENSION}, or a load balancer probe", _EXTENSION)),
    Feature("UltraSSD Disks", ("Yes", "Yes, zonal deployments only", "No")),
    Feature("Infiniband", ("No", "Yes, single placement group only", "Yes"),
            ("No", "Yes, single placement group only", "Yes")),
    Feature("Write Accelerator", ("No", "Yes", "Yes")),
    Feature("Proximity Placement Groups", ("Yes", "Yes", "Yes"), ("Yes", "Yes", "Yes")),
    Feature("Azure Dedicated Hosts", ("No", "Yes", "Yes"), ("Yes", "Yes", "Yes")),
    Feature("Basic SLB", ("No", "Yes", "Yes"), ("No", "Yes", "Yes")),
    Feature("Azure Load Balancer Standard SKU", ("Yes", "Yes", "Yes")),
    Feature("Application Gateway", ("No", "Yes", "Yes"), ("Yes", "Yes", "Yes")),
    Feature("Maintenance Control", ("No", "Yes", "Yes")),
    Feature("List VMs in Set", ("Yes, their ids", "Yes", "Yes")),
    Feature("Azure Alerts", ("No", "Yes", "Yes")),
    Feature("VM Insights", ("No", "Yes", "Yes")),
    Feature("Azure Backup", ("Yes", "Yes", "Yes")),
    Feature("Azure Site Recovery", ("No", "No", "Yes")),
    Feature("Add/remove existing VM to the group", ("No", "No", "No"), ("Yes, one fault domain only", "No", "No")),
    Feature("Deploy across availability zones", ("No", "Yes", "No"), ("Yes", "Yes", "No"), _A),
    Feature("Fault domain availability guarantees within a region",
            ("Yes, up to 1000 instances on up to 3 fault domains, fewer in some regions", "Yes, up to 100 instances",
             "Yes, up to 200 instances"), None, _A),
    Feature("Placement groups", ("Multiple only (singlePlacementGroup = false)", "Single or multiple", "N/A"),
            ("Multiple (singlePlacementGroup = false), or left to the platform", "Single or multiple", "N/A"), _A),
    Feature("Update domains", ("None, maintenance goes fault domain by fault domain", "Up to 5", "Up to 20"), None, _A),
)  # fmt: skip
_BY_NAME = {feature.name: feature for feature in FEATURES}


def says(profile: str, feature: str, way: str) -> str:
    """The cell of a feature: its words."""
    return _BY_NAME[feature].cells(profile)[WAYS.index(way)]


def supported(profile: str, feature: str, way: str) -> bool:
    """Whether the cell says anything but no."""
    return is_yes(says(profile, feature, way))


def is_yes(cell: str) -> bool:
    return cell.split(",")[0].split(" ")[0] not in ("No", "None", "N/A")


def require(profile: str, feature: str, way: str) -> None:
    """Raises what the service says where a feature is not supported."""
    if not supported(profile, feature, way):
        raise refuse("feature", feature=feature, what=_WORDS[way], says=says(profile, feature, way))


def size_series(size: str) -> str:
    """The letter with which the name of a size begins: D for Standard_D2s_v5."""
    return size.removeprefix("Standard_").removeprefix("Basic_")[:1].upper()


def require_size(profile: str, size: str) -> None:
    """Raises where a size may not be in a Flexible set."""
    cell = says(profile, "SKUs supported", "Flexible")
    series = size_series(size)
    if series in INFINIBAND_SERIES:
        require(profile, "Infiniband", "Flexible")
    if cell != "All SKUs" and series not in cell.split(" series")[0].replace(" and ", ", ").split(", "):
        raise refuse("feature", feature=f"The size {size}", what=_WORDS["Flexible"], says=f"it supports {cell}")


INFINIBAND_SERIES = frozenset("H")
"""The first letter of the sizes that have InfiniBand."""


def _profile(document: Mapping[str, Any]) -> Mapping[str, Any]:
    return document["properties"].get("virtualMachineProfile") or {}


def _disks(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    storage = _profile(document).get("storageProfile") or {}
    return [disk for disk in [storage.get("osDisk"), *(storage.get("dataDisks") or ())] if disk]


def ip_configurations(profile: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The ip configurations of a scale set's profile."""
    for interface in (profile.get("networkProfile") or {}).get("networkInterfaceConfigurations") or ():
        for each in (interface.get("properties") or {}).get("ipConfigurations") or ():
            yield each.get("properties") or {}


def _truth(document: Any, *path: str) -> bool:
    for name in path:
        document = document.get(name) if isinstance(document, Mapping) else None
    return bool(document)


_ASKS: dict[str, Callable[[Mapping[str, Any]], bool]] = {
    # what in a scale set's document asks for a feature
    # Manual is what a set without policy has; the az CLI sends it for every set
    "Upgrade Policy (VM scale sets)": lambda d: (d["properties"].get("upgradePolicy") or {}).get("mode", "Manual") != "Manual",
    "Automatic OS Updates (VM scale sets)": lambda d: _truth(
        d, "properties", "upgradePolicy", "automaticOSUpgradePolicy", "enableAutomaticOSUpgrade"),
    "In Guest Security Patching": lambda d: any(
        (((_profile(d).get("osProfile") or {}).get(each) or {}).get("patchSettings") or {}).get("patchMode")
        == "AutomaticByPlatform" for each in ("linuxConfiguration", "windowsConfiguration")),
    "Terminate Notifications (VM scale sets)": lambda d: _truth(
        _profile(d), "scheduledEventsProfile", "terminateNotificationProfile", "enable"),
    "Instance Repair (VM scale sets)": lambda d: _truth(d, "properties", "automaticRepairsPolicy", "enabled"),
    "Write Accelerator": lambda d: any(disk.get("writeAcceleratorEnabled") for disk in _disks(d)),
    "Proximity Placement Groups": lambda d: _truth(d, "properties", "proximityPlacementGroup", "id"),
    "Azure Dedicated Hosts": lambda d: _truth(d, "properties", "hostGroup", "id"),
    "Application Gateway": lambda d: any(
        each.get("applicationGatewayBackendAddressPools") for each in ip_configurations(_profile(d))),
    "UltraSSD Disks": lambda d: _truth(d, "properties", "additionalCapabilities", "ultraSSDEnabled"),
}  # fmt: skip


_MACHINE_ASKS: dict[str, Callable[[Mapping[str, Any]], bool]] = {
    # what in the properties of a virtual machine asks for a feature of the set that it is in
    "Spot instances and pricing": lambda p: str(p.get("priority") or "Regular") != "Regular",
    "UltraSSD Disks": lambda p: _truth(p, "additionalCapabilities", "ultraSSDEnabled"),
    "Infiniband": lambda p: size_series((p.get("hardwareProfile") or {}).get("vmSize") or "") in INFINIBAND_SERIES,
    "Write Accelerator": lambda p: any(
        disk.get("writeAcceleratorEnabled") for disk in _machine_disks(p)),
    "Proximity Placement Groups": lambda p: _truth(p, "proximityPlacementGroup", "id"),
    "Azure Dedicated Hosts": lambda p: _truth(p, "host", "id") or _truth(p, "hostGroup", "id"),
    "Assign VM to a Specific Fault Domain": lambda p: p.get("platformFaultDomain") is not None,
}  # fmt: skip


def _machine_disks(properties: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    storage = properties.get("storageProfile") or {}
    return [disk for disk in [storage.get("osDisk"), *(storage.get("dataDisks") or ())] if disk]


def check_machine(
    profile: str, way: str, properties: Mapping[str, Any], before: Mapping[str, Any] | None = None
) -> None:
    """Raises where a machine asks for what the set that it would be in does not have; where it is in it already
    (`before`), only for what it did not ask before."""
    for feature, asks in _MACHINE_ASKS.items():
        if asks(properties) and not (before is not None and asks(before)):
            require(profile, feature, way)
    size, was = ((each.get("hardwareProfile") or {}).get("vmSize") for each in (properties, before or {}))
    if size and size != was and way == "Flexible":
        require_size(profile, size)


def asked_for(document: Mapping[str, Any]) -> list[str]:
    """The features for which a scale set's document asks."""
    return [feature for feature, asks in _ASKS.items() if asks(document)]
