"""What a plausible estate is made of: regions, sizes, images, applications and how often each occurs.

Plain data; `generate` draws from it. Weights are relative. The order of rows is part of the seed: append, do not insert.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Region:
    name: str
    short: str
    weight: int
    zones: int
    """Availability zones; 0 where a region has none."""
    fault_domains: int
    """The most fault domains that a Flexible scale set without zones can have there."""


REGIONS = (
    Region("eastus", "eus", 24, 3, 3),
    Region("westeurope", "weu", 18, 3, 3),
    Region("northeurope", "neu", 12, 3, 3),
    Region("westus2", "wus2", 12, 3, 3),
    Region("uksouth", "uks", 8, 3, 2),
    Region("southeastasia", "sea", 7, 3, 2),
    Region("germanywestcentral", "gwc", 7, 3, 2),
    Region("westus", "wus", 6, 0, 3),
    Region("northcentralus", "ncus", 4, 0, 3),
    Region("ukwest", "ukw", 2, 0, 2),
)


@dataclass(frozen=True, slots=True)
class Size:
    name: str
    tier: str
    weight: int
    controller: str


SIZES = (
    Size("Standard_D2s_v5", "Standard", 26, "SCSI"),
    Size("Standard_D4s_v5", "Standard", 16, "SCSI"),
    Size("Standard_B2ms", "Standard", 14, "SCSI"),
    Size("Standard_D8s_v5", "Standard", 9, "SCSI"),
    Size("Standard_E4s_v5", "Standard", 8, "SCSI"),
    Size("Standard_D4as_v5", "Standard", 7, "SCSI"),
    Size("Standard_F4s_v2", "Standard", 6, "SCSI"),
    Size("Standard_E8s_v5", "Standard", 4, "SCSI"),
    Size("Standard_D4s_v6", "Standard", 4, "NVMe"),
    Size("Standard_B1s", "Standard", 4, "SCSI"),
    Size("Standard_E16s_v5", "Standard", 1, "SCSI"),
    Size("Standard_A2_v2", "Standard", 1, "SCSI"),
)


@dataclass(frozen=True, slots=True)
class Image:
    publisher: str
    offer: str
    sku: str
    exact_version: str
    os_type: str
    disk_gb: int
    os_name: str
    os_version: str
    license_type: str | None
    """The licence that some machines with this image bring along."""
    weight: int


IMAGES = (
    Image("Canonical", "0001-com-ubuntu-server-jammy", "22_04-lts-gen2", "22.04.202601100", "Linux", 30, "ubuntu",
          "22.04", None, 34),
    Image("MicrosoftWindowsServer", "WindowsServer", "2022-datacenter-g2", "20348.2527.260108", "Windows", 127,
          "Windows Server 2022 Datacenter", "10.0.20348.2527", "Windows_Server", 20),
    Image("Canonical", "ubuntu-24_04-lts", "server", "24.04.202601060", "Linux", 30, "ubuntu", "24.04", None, 14),
    Image("RedHat", "RHEL", "9-lvm-gen2", "9.4.2025110711", "Linux", 64, "redhat", "9.4", "RHEL_BYOS", 12),
    Image("MicrosoftWindowsServer", "WindowsServer", "2019-datacenter-gensecond", "17763.6532.260108", "Windows", 127,
          "Windows Server 2019 Datacenter", "10.0.17763.6532", "Windows_Server", 9),
    Image("MicrosoftSQLServer", "sql2022-ws2022", "standard-gen2", "16.0.251110", "Windows", 127,
          "Windows Server 2022 Datacenter", "10.0.20348.2527", "Windows_Server", 5),
    Image("Debian", "debian-12", "12-gen2", "0.20260105.2350", "Linux", 30, "debian", "12.9", None, 4),
    Image("SUSE", "sles-15-sp6", "gen2", "2025.11.18", "Linux", 30, "sles", "15.6", "SLES_BYOS", 2),
)  # fmt: skip

APPLICATIONS = (
    # name, weight
    ("demo", 12),
    ("shop", 14),
    ("billing", 10),
    ("web", 10),
    ("api", 10),
    ("search", 6),
    ("batch", 7),
    ("data", 8),
    ("auth", 5),
    ("mail", 4),
    ("build", 6),
    ("legacy", 8),
)

OWNERS = ("team-a", "team-b", "platform", "web-team", "data-team", "alice@contoso.example", "bob@contoso.example")
COST_CENTERS = ("CC-1001", "CC-1002", "CC-1207", "CC-2040", "CC-3300")


@dataclass(frozen=True, slots=True)
class Environment:
    name: str
    title: str
    management_group: str
    deallocated: int
    """Percent of its machines that are deallocated."""
    stopped: int
    """Percent that are stopped but still allocated."""


ENVIRONMENTS = (
    Environment("prod", "Prod", "mg-prod", 6, 3),
    Environment("dev", "Dev", "mg-nonprod", 26, 7),
    Environment("test", "Test", "mg-nonprod", 22, 6),
    Environment("shared", "Shared Services", "mg-platform", 4, 2),
)

MANAGEMENT_GROUPS = (
    # name, display name, parent ("" is the tenant root group)
    ("mg-platform", "Platform", ""),
    ("mg-landingzones", "Landing Zones", ""),
    ("mg-prod", "Production", "mg-landingzones"),
    ("mg-nonprod", "Non-Production", "mg-landingzones"),
)

POOL_SIZES = {
    # how many machines stand together, drawn evenly; multiplied by the estate's scale and cut at the limit
    "flexible": (2, 3, 3, 4, 5, 6, 6, 8, 8, 10, 12, 16, 20, 24, 32, 48),
    "availability_set": (2, 2, 2, 3, 3, 4, 4, 6),
    "standalone": (1, 1, 1, 2, 2, 3, 4, 6),
    "uniform": (2, 3, 3, 4, 5, 6, 8, 10),
}
POOL_LIMITS = {"flexible": 1000, "availability_set": 200, "standalone": 400, "uniform": 1000}
POOL_SHARES = (("flexible", 30), ("availability_set", 10), ("standalone", 60))
"""Percent of the pools; Flexible ones are larger, so that two machines in three are in a scale set."""
UNIFORM_SHARE = 15
"""Instances of Uniform scale sets for every 100 virtual machines."""

SCALES = ((500_000, 16), (50_000, 8), (5_000, 3), (0, 1))
"""From this many machines on, pools are this many times as large: a large estate has larger sets, not only more."""

INBOUND_RULES = (
    # name, port, source, access, priority
    ("AllowHttpsInbound", "443", "Internet", "Allow", 100),
    ("AllowHttpInbound", "80", "Internet", "Allow", 110),
    ("AllowSshFromCorp", "22", "203.0.113.0/24", "Allow", 200),
    ("AllowRdpFromCorp", "3389", "203.0.113.0/24", "Allow", 210),
    ("AllowSqlFromVnet", "1433", "VirtualNetwork", "Allow", 300),
    ("SSH", "22", "*", "Allow", 310),
)
"""The last one is the classic mistake; some groups have it."""
