"""The rules of scale sets: what a document may ask for, in the mode and under the profile in force."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from inventory.control.addresses import unknown
from inventory.control.context import Context
from inventory.control.ids import ResourceId, parse
from inventory.control.machine_documents import operating_system
from inventory.control.records import Values
from inventory.errors import InventoryError
from inventory.resource_types import FEATURES, SCALE_SETS
from inventory.rules import comparison
from inventory.rules import profile as rules
from inventory.rules.refusals import refuse
from inventory.rules.regions import fault_domains

MODES = ("Uniform", "Flexible")
_REPAIRS = ("Replace", "Restart", "Reimage")
_UPGRADE_MODES = ("Automatic", "Manual", "Rolling")


def mode_of(document: Mapping[str, Any], earlier: Values | None) -> str:
    """The orchestration mode that a document means: what it says, what the set has, or Flexible for one without profile.

    The preview's documents do not name it: a set with singlePlacementGroup false and no profile is Flexible.
    """
    given = document["properties"].get("orchestrationMode")
    if given is not None:
        found = next((mode for mode in MODES if mode.lower() == str(given).lower()), None)
        if found is None:
            raise refuse("value", value=given, path="orchestrationMode", allowed=", ".join(MODES))
        return found
    if earlier is not None:
        return str(earlier["properties"]["orchestrationMode"])
    properties = document["properties"]
    return (
        "Uniform" if properties.get("virtualMachineProfile") or properties.get("singlePlacementGroup") else "Flexible"
    )


class SetRules:
    """One document of a scale set against the rules; `check` completes what the rules decide."""

    def __init__(
        self, context: Context, id_: ResourceId, made: dict[str, Any], earlier: Values | None, api_version: str | None
    ) -> None:
        self._context = context
        self._profile = context.rules
        self._id = id_
        self._made = made
        self._given = made["properties"]
        self._earlier = earlier
        self._api_version = api_version
        self._mode = mode_of(made, earlier)

    def check(self) -> None:
        """Raises what the service would refuse; fills in what follows from the rules."""
        if self._earlier is not None:
            self._keep_what_is_fixed()
        if self._mode == "Flexible":
            self._check_flexible()
        else:
            self._check_uniform()
        self._given["orchestrationMode"] = self._mode
        self._check_fault_domains()
        self._check_features()
        self._check_capacity()

    # ---- both modes ------------------------------------------------------------------------------------------------
    def _keep_what_is_fixed(self) -> None:
        assert self._earlier is not None
        before = self._earlier["properties"]
        kept = self._context.records.document(SCALE_SETS, self._earlier)
        if kept.get("sku") is not None:
            self._made["sku"] = {**kept["sku"], **(self._made.get("sku") or {})}
        if self._given.get("virtualMachineProfile") is None and kept["properties"].get("virtualMachineProfile"):
            self._given["virtualMachineProfile"] = kept["properties"]["virtualMachineProfile"]
        if before["orchestrationMode"] != self._mode:
            raise refuse("fixed", path="orchestrationMode")
        for name in ("platformFaultDomainCount", "singlePlacementGroup"):
            was = before[name]
            given = self._given.setdefault(name, was)
            may_change = name == "singlePlacementGroup" and was is True and given is False
            if given != was and was is not None and not may_change:
                raise refuse("fixed", path=name)
        if self._mode == "Uniform":
            self._keep_the_system(kept["properties"])
        zones = list((self._earlier or {}).get("zones") or ())
        if self._made.get("zones") is None:
            self._made["zones"] = zones or None
        elif list(self._made["zones"]) != zones and not set(zones) < set(self._made["zones"]):
            raise refuse("fixed", path="zones")

    def _keep_the_system(self, before: Mapping[str, Any]) -> None:
        """The instances of a Uniform set are of one operating system (the comparison's row Mix operating systems)."""
        systems = [
            operating_system(profile.get("storageProfile") or {}, profile.get("osProfile") or {})
            for profile in (before.get("virtualMachineProfile") or {}, self._given.get("virtualMachineProfile") or {})
            if profile
        ]
        if len(set(systems)) > 1 and not comparison.supported(self._profile.name, "Mix operating systems", self._mode):
            raise refuse("fixed", path="virtualMachineProfile.storageProfile.osDisk.osType")

    def _check_fault_domains(self) -> None:
        zonal = bool(self._made.get("zones"))
        count = self._given.get("platformFaultDomainCount")
        if self._mode == "Flexible":
            most = 1 if zonal else fault_domains(self._made["location"])
            count = self._given.setdefault("platformFaultDomainCount", 1)
            if not isinstance(count, int) or isinstance(count, bool) or not 1 <= count <= most:
                raise refuse("fault_domain_count", count=count, least=1, most=most)
            return
        allowed = self._profile.uniform_fault_domains_zonal if zonal else self._profile.uniform_fault_domains
        count = self._given.setdefault("platformFaultDomainCount", 1 if zonal else 5)
        if count not in allowed:
            raise refuse("value", value=count, path="platformFaultDomainCount", allowed=", ".join(map(str, allowed)))

    def _check_capacity(self) -> None:
        sku = self._made.get("sku")
        if sku is None:
            return
        if not sku.get("name"):
            raise refuse("missing", path="sku.name")
        capacity = sku.setdefault("capacity", 0)
        if not isinstance(capacity, int) or isinstance(capacity, bool) or capacity < 0:
            raise refuse("value", value=capacity, path="sku.capacity", allowed="whole numbers from 0")
        if capacity and not self._given.get("virtualMachineProfile"):
            raise refuse("missing", path="virtualMachineProfile")
        if self._mode == "Flexible":
            if capacity > rules.MOST_IN_A_FLEXIBLE_SET:
                raise refuse("too_many_flexible", name=self._id.name, capacity=capacity,
                             most=rules.MOST_IN_A_FLEXIBLE_SET)  # fmt: skip
            return
        single = self._given["singlePlacementGroup"]
        most = rules.MOST_IN_A_PLACEMENT_GROUP if single else rules.MOST_IN_A_UNIFORM_SET
        if capacity > most:
            raise refuse("too_many_uniform", name=self._id.name, placement=single, capacity=capacity, most=most)

    def _check_features(self) -> None:
        """Each property that asks for a feature of the comparison is allowed where its row says so."""
        for feature in comparison.asked_for(self._made):
            comparison.require(self._profile.name, feature, self._mode)
        upgrade = (self._given.get("upgradePolicy") or {}).get("mode")
        if upgrade is not None and upgrade not in _UPGRADE_MODES:
            raise refuse("value", value=upgrade, path="upgradePolicy.mode", allowed=", ".join(_UPGRADE_MODES))
        repairs = (self._given.get("automaticRepairsPolicy") or {}).get("repairAction")
        if repairs is not None and repairs not in _REPAIRS:
            raise refuse("value", value=repairs, path="automaticRepairsPolicy.repairAction", allowed=", ".join(_REPAIRS))
        profile = self._given.get("virtualMachineProfile") or {}
        priority = profile.get("priority", "Regular")
        if priority not in ("Regular", "Spot", "Low"):
            raise refuse("value", value=priority, path="priority", allowed="Regular, Low, Spot")
        if profile.get("evictionPolicy") and priority == "Regular":
            raise InventoryError(
                "OperationNotAllowed", "evictionPolicy can be set only on Azure Spot Virtual Machine Scale Sets."
            )
        size = (self._made.get("sku") or {}).get("name") or ""
        if size and self._mode == "Flexible":
            comparison.require_size(self._profile.name, size)
        if self._mode == "Uniform":
            if comparison.size_series(size) in comparison.INFINIBAND_SERIES and not self._given["singlePlacementGroup"]:
                self._refuse_feature("Infiniband")
            if "UltraSSD Disks" in comparison.asked_for(self._made) and not self._made.get("zones"):
                self._refuse_feature("UltraSSD Disks")
            if self._given.get("priorityMixPolicy"):
                self._refuse_feature("Spot instances and pricing")
        elif self._given.get("priorityMixPolicy") and self._profile.spreads_rigidly(
            int(self._given["platformFaultDomainCount"]), size
        ):
            self._refuse_feature("Spot instances and pricing")
        elif (profile.get("networkProfile") or {}).get("healthProbe"):
            self._refuse_feature("Monitor Application Health")
        self._check_load_balancers(profile)

    def _refuse_feature(self, feature: str) -> None:
        """That a feature is not there under these circumstances, though its row says yes."""
        says = comparison.says(self._profile.name, feature, self._mode)
        raise refuse("feature", feature=feature, what=f"this scale set in {self._mode} orchestration", says=says)

    def _check_load_balancers(self, profile: Mapping[str, Any]) -> None:
        """The load balancers that the profile names are of a kind that the mode takes."""
        for inside in comparison.ip_configurations(profile):
            for pool in inside.get("loadBalancerBackendAddressPools") or ():
                row = self._context.records.find(parse(parse(str(pool["id"])).parent))
                if row is None:
                    raise unknown(str(pool["id"]), self._made["id"])
                sku = self._context.records.loaded(row["sku"]).get("name") or "Basic"
                feature = "Basic SLB" if sku == "Basic" else "Azure Load Balancer Standard SKU"
                comparison.require(self._profile.name, feature, self._mode)

    # ---- Flexible --------------------------------------------------------------------------------------------------
    def _check_flexible(self) -> None:
        version = self._api_version
        if version is not None and version < self._profile.least_api_version:
            raise refuse("api_version", least=self._profile.least_api_version, given=version)
        if self._earlier is None:
            self._check_placement_group()
        zones = self._made.get("zones") or ()
        if len(zones) > self._profile.flexible_zones:
            raise refuse("feature", feature="Availability Zones", what="Flexible orchestration",
                         says=comparison.says(self._profile.name, "Availability Zones", "Flexible"))  # fmt: skip

    def _check_placement_group(self) -> None:
        single = self._given.get("singlePlacementGroup")
        if single is None and self._given.get("orchestrationMode") is not None:
            # the az CLI names the mode and sends null for this: what goes with the mode is meant
            single = self._given["singlePlacementGroup"] = False
        if single not in (True, False, None):
            raise refuse("value", value=single, path="singlePlacementGroup", allowed="True, False")
        missing = self._unregistered()
        if missing:
            if single is False:
                raise refuse("not_registered")
            raise refuse("feature_registration", feature=missing[0])
        if single is True or (single is None and not self._profile.null_placement_group):
            raise refuse("single_placement_group")
        if single is None:
            self._given["singlePlacementGroup"] = False

    def _unregistered(self) -> list[str]:
        if not self._profile.features:
            return []
        features = self._context.providers[FEATURES.type]
        return list(features.effective(self._id.subscription, self._profile.features))

    # ---- Uniform ---------------------------------------------------------------------------------------------------
    def _check_uniform(self) -> None:
        if not self._made.get("sku") or not self._made["sku"].get("name"):
            raise refuse("missing", path="sku")
        if not self._given.get("virtualMachineProfile"):
            raise refuse("missing", path="virtualMachineProfile")
        if self._earlier is None:
            zonal = len(self._made.get("zones") or ()) > 1
            self._given["singlePlacementGroup"] = self._given.get("singlePlacementGroup", not zonal)
            if self._given["singlePlacementGroup"] is None:
                self._given["singlePlacementGroup"] = not zonal
