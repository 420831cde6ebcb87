"""What can be rented where: regions, sizes of machines, images. Data, and the listings that clients ask for before they create.

Cores and memory are Azure's; the selection is the estate's own, with the images for which `az vm create` has short names.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from inventory.spreads import IMAGES as IMAGES_OF_ESTATES
from inventory.spreads import REGIONS


@dataclass(frozen=True, slots=True)
class VmSize:
    """A size of machines; `memory` in MiB."""

    name: str
    cores: int
    memory: int
    data_disks: int
    family: str


SIZES = tuple(
    VmSize(*row)
    for row in (
        ("Standard_A1_v2", 1, 2048, 2, "standardAv2Family"),
        ("Standard_A2_v2", 2, 4096, 4, "standardAv2Family"),
        ("Standard_B1s", 1, 1024, 2, "standardBSFamily"),
        ("Standard_B1ms", 1, 2048, 2, "standardBSFamily"),
        ("Standard_B2s", 2, 4096, 4, "standardBSFamily"),
        ("Standard_B2ms", 2, 8192, 4, "standardBSFamily"),
        ("Standard_D2s_v3", 2, 8192, 4, "standardDSv3Family"),
        ("Standard_D4s_v3", 4, 16384, 8, "standardDSv3Family"),
        ("Standard_DS1_v2", 1, 3584, 4, "standardDSv2Family"),
        ("Standard_DS2_v2", 2, 7168, 8, "standardDSv2Family"),
        ("Standard_D2s_v5", 2, 8192, 4, "standardDSv5Family"),
        ("Standard_D4s_v5", 4, 16384, 8, "standardDSv5Family"),
        ("Standard_D8s_v5", 8, 32768, 16, "standardDSv5Family"),
        ("Standard_D4as_v5", 4, 16384, 8, "standardDASv5Family"),
        ("Standard_D2s_v6", 2, 8192, 8, "standardDSv6Family"),
        ("Standard_D4s_v6", 4, 16384, 12, "standardDSv6Family"),
        ("Standard_E4s_v5", 4, 32768, 8, "standardESv5Family"),
        ("Standard_E8s_v5", 8, 65536, 16, "standardESv5Family"),
        ("Standard_E16s_v5", 16, 131072, 32, "standardESv5Family"),
        ("Standard_F2s_v2", 2, 4096, 4, "standardFSv2Family"),
        ("Standard_F4s_v2", 4, 8192, 8, "standardFSv2Family"),
    )
)


@dataclass(frozen=True, slots=True)
class VmImage:
    """An image; `alias` is the short name that `az vm create --image` takes for it."""

    alias: str
    publisher: str
    offer: str
    sku: str
    version: str
    system: str
    """Linux or Windows."""
    disk_gb: int = 30
    generation: str = "V2"


_WINDOWS = ("MicrosoftWindowsServer", "WindowsServer")
IMAGES = (
    VmImage("UbuntuLTS", "Canonical", "UbuntuServer", "18.04-LTS", "18.04.202102100", "Linux", generation="V1"),
    VmImage("Ubuntu2204", "Canonical", "0001-com-ubuntu-server-jammy", "22_04-lts-gen2", "22.04.202601100", "Linux"),
    VmImage("Ubuntu2404", "Canonical", "ubuntu-24_04-lts", "server", "24.04.202601060", "Linux"),
    VmImage("Debian11", "Debian", "debian-11", "11-backports-gen2", "0.20260105.2350", "Linux"),
    VmImage("Debian12", "Debian", "debian-12", "12-gen2", "0.20260105.2350", "Linux"),
    VmImage("CentOS85Gen2", "OpenLogic", "CentOS", "8_5-gen2", "8.5.2022101401", "Linux"),
    VmImage("RHELRaw8LVMGen2", "RedHat", "RHEL", "8-lvm-gen2", "8.10.2025110711", "Linux", 64),
    VmImage("RHEL9", "RedHat", "RHEL", "9-lvm-gen2", "9.4.2025110711", "Linux", 64),
    VmImage("OpenSuseLeap154Gen2", "SUSE", "opensuse-leap-15-4", "gen2", "2025.11.18", "Linux"),
    VmImage("SuseSles15SP5", "SUSE", "sles-15-sp5", "gen2", "2025.11.18", "Linux"),
    VmImage("SuseSles15SP6", "SUSE", "sles-15-sp6", "gen2", "2025.11.18", "Linux"),
    VmImage("FlatcarLinuxFreeGen2", "kinvolk", "flatcar-container-linux-free", "stable-gen2", "4230.2.4", "Linux"),
    VmImage("Win2025Datacenter", *_WINDOWS, "2025-datacenter-g2", "26100.2894.260108", "Windows", 127),
    VmImage("Win2022Datacenter", *_WINDOWS, "2022-datacenter-g2", "20348.2527.260108", "Windows", 127),
    VmImage("Win2022AzureEditionCore", *_WINDOWS, "2022-datacenter-azure-edition-core", "20348.2527.260108", "Windows", 30),
    VmImage("Win2019Datacenter", *_WINDOWS, "2019-datacenter-gensecond", "17763.6532.260108", "Windows", 127),
    VmImage("Win2016Datacenter", *_WINDOWS, "2016-datacenter-gensecond", "14393.7699.260108", "Windows", 127),
)  # fmt: skip

@dataclass(frozen=True, slots=True)
class Extension:
    """A kind of extension of virtual machines."""

    publisher: str
    type: str
    version: str
    system: str


EXTENSIONS = tuple(
    Extension(*row)
    for row in (
        ("Microsoft.Azure.Extensions", "CustomScript", "2.1.13", "Linux"),
        ("Microsoft.Azure.Monitor", "AzureMonitorLinuxAgent", "1.33.4", "Linux"),
        ("Microsoft.Azure.Monitor", "AzureMonitorWindowsAgent", "1.31.0.0", "Windows"),
        ("Microsoft.Azure.Monitoring.DependencyAgent", "DependencyAgentLinux", "9.10.18", "Linux"),
        ("Microsoft.Azure.Monitoring.DependencyAgent", "DependencyAgentWindows", "9.10.18", "Windows"),
        ("Microsoft.Azure.NetworkWatcher", "NetworkWatcherAgentLinux", "1.4.3422", "Linux"),
        ("Microsoft.Azure.NetworkWatcher", "NetworkWatcherAgentWindows", "1.4.3422", "Windows"),
        ("Microsoft.Azure.ActiveDirectory", "AADSSHLoginForLinux", "1.0.2658", "Linux"),
        ("Microsoft.Azure.ActiveDirectory", "AADLoginForWindows", "2.2.0.0", "Windows"),
        ("Microsoft.Compute", "CustomScriptExtension", "1.10.18", "Windows"),
        ("Microsoft.CPlat.Core", "RunCommandLinux", "1.0.5", "Linux"),
        ("Microsoft.CPlat.Core", "RunCommandWindows", "1.1.18", "Windows"),
        ("Microsoft.ManagedServices", "ApplicationHealthLinux", "2.0.15", "Linux"),
        ("Microsoft.ManagedServices", "ApplicationHealthWindows", "2.0.10", "Windows"),
        ("Microsoft.OSTCExtensions", "VMAccessForLinux", "1.5.17", "Linux"),
    )
)

_TITLES = {
    "eastus": "East US", "eastus2": "East US 2", "westeurope": "West Europe", "northeurope": "North Europe",
    "westus2": "West US 2", "uksouth": "UK South", "southeastasia": "Southeast Asia", "centralus": "Central US",
    "germanywestcentral": "Germany West Central", "westus": "West US", "northcentralus": "North Central US",
    "ukwest": "UK West",
}  # fmt: skip


def locations(subscription: str) -> list[dict[str, Any]]:
    """Every region, as `GET /subscriptions/{id}/locations` lists them."""
    zones = {region.name: region.zones for region in REGIONS}
    found = []
    for name, title in _TITLES.items():
        made: dict[str, Any] = {
            "id": f"/subscriptions/{subscription}/locations/{name}",
            "name": name,
            "type": "Region",
            "displayName": title,
            "regionalDisplayName": title,
            "metadata": {"regionType": "Physical", "regionCategory": "Recommended", "pairedRegion": []},
        }
        if zones.get(name, 3):
            made["availabilityZoneMappings"] = [
                {"logicalZone": str(zone), "physicalZone": f"{name}-az{zone}"} for zone in (1, 2, 3)
            ]
        found.append(made)
    return found


def vm_sizes() -> list[dict[str, Any]]:
    """Every size, as `…/locations/{location}/vmSizes` lists them."""
    return [
        {"name": size.name, "numberOfCores": size.cores, "memoryInMB": size.memory, "osDiskSizeInMB": 1047552,
         "resourceDiskSizeInMB": 0, "maxDataDiskCount": size.data_disks}
        for size in SIZES
    ]  # fmt: skip


def set_skus() -> list[dict[str, Any]]:
    """Every size as a scale set may take it."""
    return [
        {
            "resourceType": "Microsoft.Compute/virtualMachineScaleSets",
            "sku": {"name": size.name, "tier": "Standard"},
            "capacity": {"minimum": 0, "maximum": 1000, "defaultCapacity": 1, "scaleType": "Automatic"},
        }
        for size in SIZES
    ]


def skus(location: str | None) -> Iterator[dict[str, Any]]:
    """Every size in every region (or in one), as `…/Microsoft.Compute/skus` lists them."""
    zones = {region.name: region.zones for region in REGIONS}
    for name in _TITLES:
        if location is not None and name != location:
            continue
        listed = [str(zone) for zone in range(1, zones.get(name, 3) + 1)]
        for size in SIZES:
            facts = {
                "vCPUs": size.cores, "MemoryGB": size.memory / 1024, "MaxDataDiskCount": size.data_disks,
                "PremiumIO": "s_v" in size.name or size.name.startswith("Standard_B"), "HyperVGenerations": "V1,V2",
                "CpuArchitectureType": "x64", "LowPriorityCapable": not size.name.startswith("Standard_B"),
                "AcceleratedNetworkingEnabled": not size.name.startswith("Standard_B"), "EncryptionAtHostSupported": True,
                "EphemeralOSDiskSupported": False, "MaxNetworkInterfaces": 2, "TrustedLaunchDisabled": False,
            }  # fmt: skip
            yield {
                "resourceType": "virtualMachines",
                "name": size.name,
                "tier": "Standard",
                "size": size.name.removeprefix("Standard_"),
                "family": size.family,
                "locations": [name],
                "locationInfo": [{"location": name, "zones": listed, "zoneDetails": []}],
                "capabilities": [{"name": key, "value": str(value)} for key, value in facts.items()],
                "restrictions": [],
            }


def images(publisher: str = "", offer: str = "", sku: str = "", version: str = "") -> list[VmImage]:
    """The images with these names; '' is any, and case does not matter."""
    others = [
        VmImage("", each.publisher, each.offer, each.sku, each.exact_version, each.os_type, each.disk_gb)
        for each in IMAGES_OF_ESTATES
    ]
    wanted = (publisher.lower(), offer.lower(), sku.lower(), version.lower())
    found: dict[tuple[str, ...], VmImage] = {}
    for image in (*IMAGES, *others):
        names = (image.publisher.lower(), image.offer.lower(), image.sku.lower(), image.version.lower())
        if all(want in ("", name) for want, name in zip(wanted, names, strict=True)):
            found.setdefault(names, image)
    return list(found.values())
