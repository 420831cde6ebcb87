"""Regions: how many fault domains and availability zones each has."""

from __future__ import annotations

from inventory.errors import InventoryError
from inventory.spreads import REGIONS

FAULT_DOMAINS = {
    **dict.fromkeys(
        ("eastus", "eastus2", "westus", "centralus", "northcentralus", "southcentralus", "canadacentral",
         "northeurope", "westeurope"), 3),
    **{region.name: region.fault_domains for region in REGIONS},
}  # fmt: skip
"""The most fault domains of a scale set or availability set; 2 in every region that is not named. (Microsoft's list of
fault domains per region, in its page on managing the availability of machines.)"""

ZONES = {region.name: region.zones for region in REGIONS}
"""How many availability zones a region has; 3 where it is not named."""

ELSEWHERE_FAULT_DOMAINS = 2
ELSEWHERE_ZONES = 3


def fault_domains(region: str) -> int:
    """The most fault domains that a region offers."""
    return FAULT_DOMAINS.get(region, ELSEWHERE_FAULT_DOMAINS)


def canonical(location: str) -> str:
    """A region's name as Azure keeps it: `East US` is `eastus`."""
    return location.lower().replace(" ", "")


def check_zones(location: str, zones: list[str] | None) -> None:
    """Raises InventoryError where a region does not have these zones."""
    most = ZONES.get(location, ELSEWHERE_ZONES)
    for zone in zones or ():
        if not most:
            raise InventoryError(
                "AvailabilityZoneNotSupported",
                f"The zone(s) '{zone}' are not supported: the location '{location}' has no availability zones.",
            )
        if zone not in {str(number) for number in range(1, most + 1)}:
            raise InventoryError(
                "InvalidAvailabilityZone",
                f"The zone(s) '{zone}' for the resource are not valid: '{location}' has the zones 1 to {most}.",
            )
