"""The two rule profiles: the preview of February 2021, and the service of today."""

from __future__ import annotations

from dataclasses import dataclass

from inventory.errors import InventoryError


@dataclass(frozen=True, slots=True)
class Profile:
    """What the service allows, as far as the two profiles differ in numbers and forms.

    What they differ in by feature is in `comparison`, and is asked there.
    """

    name: str
    least_api_version: str
    """Below which there is no Flexible orchestration."""
    features: tuple[str, ...]
    """What a subscription must have registered for Flexible orchestration."""
    flexible_zones: int
    """In how many availability zones one Flexible set may lie."""
    uniform_fault_domains: tuple[int, ...]
    uniform_fault_domains_zonal: tuple[int, ...]
    flexible_name: str
    """The name of a machine that scaling makes; `{set}`, `{prefix}`, `{number}` and `{suffix}` are filled in."""
    batch_delete: bool
    """Whether a Flexible set can delete several of its machines in one request."""
    null_placement_group: bool
    """Whether singlePlacementGroup may be left out of a Flexible set."""
    fixed_spreading_limit: int
    """The most machines in a set with more than one fault domain whose size is not kept through maintenance."""

    def spreads_rigidly(self, domains: int, size: str) -> bool:
        """Whether a Flexible set with so many fault domains and machines of this size is held to that limit, and cannot
        mix Spot and Regular machines."""
        limited = self.fixed_spreading_limit < MOST_IN_A_FLEXIBLE_SET
        return limited and domains > 1 and without_preserved_memory(size)


PREVIEW_2021 = Profile(
    name="2021-preview",
    least_api_version="2019-12-01",
    features=("VMOrchestratorSingleFD", "VMOrchestratorMultiFD"),
    flexible_zones=1,
    uniform_fault_domains=(2, 3, 5),
    uniform_fault_domains_zonal=(1, 5),
    flexible_name="{prefix}{number}",
    batch_delete=False,
    null_placement_group=False,
    fixed_spreading_limit=1000,
)
CURRENT = Profile(
    name="current",
    least_api_version="2021-03-01",
    features=(),
    flexible_zones=3,
    uniform_fault_domains=(2, 3, 5),
    uniform_fault_domains_zonal=(1, 5),
    flexible_name="{set}_{suffix}",
    batch_delete=True,
    null_placement_group=True,
    fixed_spreading_limit=200,
)
PROFILES = {profile.name: profile for profile in (PREVIEW_2021, CURRENT)}

MOST_IN_A_FLEXIBLE_SET = 1000
MOST_IN_A_PLACEMENT_GROUP = 100
MOST_IN_A_UNIFORM_SET = 1000
MOST_IN_AN_AVAILABILITY_SET = 200
MOST_UPDATE_DOMAINS = {"Uniform": 5, "AvailabilitySet": 20}
FLEXIBLE_NAME_LENGTH = 44
UNIFORM_NAME_LENGTH = 64


def profile_called(name: str) -> Profile:
    """A profile by its name. Raises InventoryError InvalidParameter with the names that there are."""
    try:
        return PROFILES[name]
    except KeyError:
        raise InventoryError(
            "InvalidParameter", f"there is no rule profile '{name}': it is one of {', '.join(PROFILES)}"
        ) from None


def without_preserved_memory(size: str) -> bool:
    """Whether machines of a size do not keep their memory through maintenance: those with graphics, storage or InfiniBand
    hardware of their own (the G, H, L, M and N series)."""
    family = size.lower().removeprefix("standard_").removeprefix("basic_")[:1]
    return family in set("ghlmn")
