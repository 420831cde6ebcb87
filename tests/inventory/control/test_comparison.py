"""Each row of the comparison that has behaviour here behaves as the row says, under both profiles."""

from __future__ import annotations

from typing import Any

import pytest

from inventory import InventoryError
from inventory.rows import merged
from inventory.rules import comparison
from inventory.rules.comparison import CURRENT, FEATURES, PREVIEW, is_yes, says, supported
from tests.inventory.control.conftest import SIZE, Yard

SET = "Microsoft.Compute/virtualMachineScaleSets"
VM = "Microsoft.Compute/virtualMachines"


@pytest.fixture(params=[PREVIEW, CURRENT])
def here(request: pytest.FixtureRequest, yard: Yard, preview: Yard) -> Yard:
    return preview if request.param == PREVIEW else yard


def allows(yard: Yard, id_: str, document: dict[str, Any]) -> bool:
    """Whether a document is accepted; what refuses it must say that it is a feature that is missing."""
    try:
        yard.done("put", id_, document)
    except InventoryError as error:
        assert error.code == "OperationNotAllowed" and "is not supported for" in error.message, error
        return False
    return True


def row(here: Yard, feature: str, way: str) -> bool:
    return supported(here.control.profile.name, feature, way)


def test_the_table_has_all_rows_of_both_tables() -> None:
    assert [sum(each.comparison == name for each in FEATURES) for name in ("features", "availability")] == [31, 4]
    assert len({each.name for each in FEATURES}) == 35
    assert all(all(each.cells(profile)) for each in FEATURES for profile in (PREVIEW, CURRENT))


def test_queries_can_read_it(yard: Yard) -> None:
    from queries import ResourceGraph

    rows = ResourceGraph(yard.estate).query("""
        OrchestrationFeatures | where feature == 'Automatic Scaling' | project profile, flexible, flexibleSupported, uniformSupported
        | order by profile asc
    """).rows()
    assert rows == [("2021-preview", "No", False, True), ("current", "Yes", True, True)]
    assert ResourceGraph(yard.estate).query("OrchestrationFeatures | count").rows() == [(70,)]


def with_profile(yard: Yard, mode: str, profile: dict[str, Any] | None = None, **properties: Any) -> dict[str, Any]:
    document = yard.set(mode, 0, **properties)
    document["properties"]["virtualMachineProfile"] = yard.profile(**(profile or {}))
    return document


TERMINATE = {"scheduledEventsProfile": {"terminateNotificationProfile": {"enable": True, "notBeforeTimeout": "PT5M"}}}
PATCHES = {"osProfile": {"computerNamePrefix": "web", "adminUsername": "joe", "linuxConfiguration": {"patchSettings": {"patchMode": "AutomaticByPlatform"}}}}
ACCELERATED = {"storageProfile": {"imageReference": {"publisher": "Canonical", "offer": "o", "sku": "s"}, "dataDisks": [{"lun": 0, "createOption": "Empty", "diskSizeGB": 8, "writeAcceleratorEnabled": True}]}}
IN_DOCUMENTS = [
    # feature, what of the profile asks for it, what of the set
    ("Upgrade Policy (VM scale sets)", {}, {"upgradePolicy": {"mode": "Rolling"}}),
    ("Automatic OS Updates (VM scale sets)", {}, {"upgradePolicy": {"automaticOSUpgradePolicy": {"enableAutomaticOSUpgrade": True}}}),
    ("In Guest Security Patching", PATCHES, {}),
    ("Terminate Notifications (VM scale sets)", TERMINATE, {}),
    ("Instance Repair (VM scale sets)", {}, {"automaticRepairsPolicy": {"enabled": True, "gracePeriod": "PT10M"}}),
    ("Write Accelerator", ACCELERATED, {}),
    ("Proximity Placement Groups", {}, {"proximityPlacementGroup": {"id": "/subscriptions/x/resourceGroups/y/providers/Microsoft.Compute/proximityPlacementGroups/z"}}),
    ("Azure Dedicated Hosts", {}, {"hostGroup": {"id": "/subscriptions/x/resourceGroups/y/providers/Microsoft.Compute/hostGroups/z"}}),
]


@pytest.mark.parametrize("mode", ["Flexible", "Uniform"])
@pytest.mark.parametrize(("feature", "profile", "properties"), IN_DOCUMENTS, ids=[each[0] for each in IN_DOCUMENTS])
def test_what_a_sets_document_may_ask_for(here: Yard, mode: str, feature: str, profile: dict[str, Any], properties: dict[str, Any]) -> None:
    document = with_profile(here, mode, profile, **properties)
    assert allows(here, here.id(SET, here.name()), document) == row(here, feature, mode)


ASSIGNED = [
    ("Automatic Scaling", "Microsoft.Insights/autoscaleSettings", lambda target: {"targetResourceUri": target, "enabled": False}),
    ("Azure Alerts", "Microsoft.Insights/metricAlerts", lambda target: {"scopes": [target]}),
]


@pytest.mark.parametrize("mode", ["Flexible", "Uniform"])
@pytest.mark.parametrize(("feature", "kind", "about"), ASSIGNED, ids=[each[0] for each in ASSIGNED])
def test_what_may_be_assigned_to_a_set(here: Yard, mode: str, feature: str, kind: str, about: Any) -> None:
    set_id = here.scale_set(mode, 0)
    assert allows(here, here.id(kind, here.name()), {"location": "eastus", "properties": about(set_id)}) == row(here, feature, mode)


EXTENDING = [
    ("Maintenance Control", "Microsoft.Maintenance/configurationAssignments"),
    ("VM Insights", "Microsoft.Insights/dataCollectionRuleAssociations"),
]


@pytest.mark.parametrize("way", ["Flexible", "AvailabilitySet"])
@pytest.mark.parametrize(("feature", "kind"), EXTENDING, ids=[each[0] for each in EXTENDING])
def test_what_may_be_assigned_to_a_machine(here: Yard, way: str, feature: str, kind: str) -> None:
    vm = member(here, way)
    assert allows(here, f"{vm}/providers/{kind}/one", {"properties": {}}) == row(here, feature, way)


@pytest.mark.parametrize("way", ["Flexible", "AvailabilitySet"])
def test_backup_and_site_recovery(here: Yard, way: str) -> None:
    vm = member(here, way)
    vault = here.id("Microsoft.RecoveryServices/vaults", "v")
    here.done("put", vault, {"location": here.location if hasattr(here, "location") else "eastus"})
    backup = f"{vault}/backupFabrics/Azure/protectionContainers/c/protectedItems/{here.name()}"
    assert allows(here, backup, {"properties": {"sourceResourceId": vm}}) == row(here, "Azure Backup", way)
    replica = f"{vault}/replicationFabrics/f/replicationProtectionContainers/c/replicationProtectedItems/{here.name()}"
    inside = {"properties": {"providerSpecificDetails": {"fabricObjectId": vm}}}
    assert allows(here, replica, inside) == row(here, "Azure Site Recovery", way)


def member(here: Yard, way: str, **properties: Any) -> str:
    if way == "Flexible":
        return here.vm(virtualMachineScaleSet={"id": here.scale_set()}, **properties)
    group = here.id("Microsoft.Compute/availabilitySets", here.name("as"))
    here.done("put", group, {"location": "eastus", "properties": {}})
    return here.vm(availabilitySet={"id": group}, **properties)


ON_MACHINES = [
    ("Spot instances and pricing", {"priority": "Spot"}),
    ("UltraSSD Disks", {"additionalCapabilities": {"ultraSSDEnabled": True}}),
    ("Infiniband", {"hardwareProfile": {"vmSize": "Standard_HB120rs_v3"}}),
    ("Proximity Placement Groups", {"proximityPlacementGroup": {"id": "/subscriptions/x/resourceGroups/y/providers/Microsoft.Compute/proximityPlacementGroups/z"}}),
    ("Azure Dedicated Hosts", {"host": {"id": "/subscriptions/x/resourceGroups/y/providers/Microsoft.Compute/hostGroups/z/hosts/h"}}),
    ("Assign VM to a Specific Fault Domain", {"platformFaultDomain": 0}),
]


@pytest.mark.parametrize("way", ["Flexible", "AvailabilitySet"])
@pytest.mark.parametrize(("feature", "properties"), ON_MACHINES, ids=[each[0] for each in ON_MACHINES])
def test_what_a_member_may_ask_for(here: Yard, way: str, feature: str, properties: dict[str, Any]) -> None:
    try:
        member(here, way, **properties)
        allowed = True
    except InventoryError as error:
        assert "is not supported for" in error.message, error
        allowed = False
    assert allowed == row(here, feature, way)


LATER = [
    *ON_MACHINES[1:-1],
    ("Write Accelerator", {"storageProfile": {"osDisk": {"writeAcceleratorEnabled": True}}}),
]


@pytest.mark.parametrize("way", ["Flexible", "AvailabilitySet"])
@pytest.mark.parametrize(("feature", "properties"), LATER, ids=[each[0] for each in LATER])
def test_what_a_member_may_ask_for_later(here: Yard, way: str, feature: str, properties: dict[str, Any]) -> None:
    vm = member(here, way)
    whole = here.control.get(vm)
    whole["properties"] = merged(whole["properties"], properties)
    for verb, document in (("patch", {"properties": properties}), ("put", whole)):
        if row(here, feature, way):
            here.done(verb, vm, document)
        else:
            assert "is not supported for" in here.refused(verb, vm, document).message
    here.done("patch", vm, {"tags": {"any": "way"}})


@pytest.mark.parametrize("mode", ["Flexible", "Uniform"])
@pytest.mark.parametrize(("feature", "sku"), [("Basic SLB", "Basic"), ("Azure Load Balancer Standard SKU", "Standard")])
def test_load_balancers(here: Yard, mode: str, feature: str, sku: str) -> None:
    balancer = here.id("Microsoft.Network/loadBalancers", here.name("lb"))
    here.done("put", balancer, {"location": "eastus", "sku": {"name": sku}, "properties": {"backendAddressPools": [{"name": "p"}]}})
    document = with_profile(here, mode)
    network = document["properties"]["virtualMachineProfile"]["networkProfile"]
    inside = network["networkInterfaceConfigurations"][0]["properties"]["ipConfigurations"][0]["properties"]
    inside["loadBalancerBackendAddressPools"] = [{"id": f"{balancer}/backendAddressPools/p"}]
    assert allows(here, here.id(SET, here.name()), document) == row(here, feature, mode)


@pytest.mark.parametrize("mode", ["Flexible", "Uniform"])
def test_application_gateways(here: Yard, mode: str) -> None:
    document = with_profile(here, mode)
    network = document["properties"]["virtualMachineProfile"]["networkProfile"]
    inside = network["networkInterfaceConfigurations"][0]["properties"]["ipConfigurations"][0]["properties"]
    inside["applicationGatewayBackendAddressPools"] = [{"id": here.id("Microsoft.Network/applicationGateways", "g") + "/backendAddressPools/p"}]
    assert allows(here, here.id(SET, here.name()), document) == row(here, "Application Gateway", mode)


def test_health_by_probe_is_for_uniform_sets(here: Yard) -> None:
    for mode in ("Flexible", "Uniform"):
        document = with_profile(here, mode)
        document["properties"]["virtualMachineProfile"]["networkProfile"]["healthProbe"] = {"id": "/p"}
        probe = "probe" in says(here.control.profile.name, "Monitor Application Health", mode)
        assert allows(here, here.id(SET, here.name()), document) == probe


def test_ultra_disks_in_uniform_sets_are_zonal(here: Yard) -> None:
    for zones, allowed in ((None, False), (["1"], True)):
        document = with_profile(here, "Uniform", additionalCapabilities={"ultraSSDEnabled": True}, **({"zones": zones} if zones else {}))
        assert allows(here, here.id(SET, here.name()), document) == allowed


def test_infiniband_in_uniform_sets_needs_a_single_placement_group(here: Yard) -> None:
    for single in (True, False):
        document = with_profile(here, "Uniform", sku={"name": "Standard_HB120rs_v3", "capacity": 0}, singlePlacementGroup=single)
        assert allows(here, here.id(SET, here.name()), document) == single
    flexible = with_profile(here, "Flexible", sku={"name": "Standard_HB120rs_v3", "capacity": 0})
    assert not allows(here, here.id(SET, here.name()), flexible)


def test_sizes(here: Yard) -> None:
    vm, change = member(here, "Flexible"), {"properties": {"hardwareProfile": {"vmSize": "Standard_L8s_v3"}}}
    if says(here.control.profile.name, "SKUs supported", "Flexible") == "All SKUs":
        here.done("patch", vm, change)
    else:
        assert "Standard_L8s_v3" in here.refused("patch", vm, change).message
    document = with_profile(here, "Flexible", sku={"name": "Standard_L8s_v3", "capacity": 0})
    assert allows(here, here.id(SET, here.name()), document) == (says(here.control.profile.name, "SKUs supported", "Flexible") == "All SKUs")
    assert allows(here, here.id(SET, here.name()), with_profile(here, "Uniform", sku={"name": "Standard_L8s_v3", "capacity": 0}))
    assert SIZE


@pytest.mark.parametrize("way", ["Flexible", "AvailabilitySet"])
def test_whether_interfaces_and_disks_go_with_a_machine(here: Yard, way: str) -> None:
    vm = member(here, way)
    properties = here.control.get(vm)["properties"]
    nic = properties["networkProfile"]["networkInterfaces"][0]
    assert nic["properties"]["deleteOption"] == "Delete"
    here.done("delete", vm)
    assert here.exists(nic["id"]) != row(here, "Remove NICs and Disks when deleting VM instances", way)


def test_what_a_machine_in_each_way_is(here: Yard) -> None:
    flexible, uniform = here.scale_set(capacity=1), here.scale_set("Uniform", 1)
    profile = here.control.profile.name
    assert here.control.get(here.members(flexible)[0]["id"])["type"] in says(profile, "Virtual machine type", "Flexible")
    assert here.members(uniform)[0]["type"] in says(profile, "Virtual machine type", "Uniform")


def test_existing_machines_join_where_the_row_says_so(here: Yard) -> None:
    set_id, vm = here.scale_set(), here.vm()
    change = {"properties": {"virtualMachineScaleSet": {"id": set_id}}}
    if row(here, "Add/remove existing VM to the group", "Flexible"):
        here.done("patch", vm, change)
    else:
        assert here.refused("patch", vm, change).code == "PropertyChangeNotAllowed"


def test_cells_that_begin_with_no_mean_no() -> None:
    assert [is_yes(cell) for cell in ("Yes", "No", "No, Regular only", "N/A", "None, x", "Up to 5", "Automatic, Rolling")] == [True, False, False, False, False, True, True]
    with pytest.raises(InventoryError, match="Automatic Scaling"):
        comparison.require(PREVIEW, "Automatic Scaling", "Flexible")
