"""Rules of single machines: creation, change, sets, attach and detach, Spot, disks, interfaces, addresses, extensions."""

from __future__ import annotations

import itertools
from collections import Counter
from typing import Any

import pytest

from inventory.lifecycle import OPERATIONS
from queries import ResourceGraph
from tests.inventory.control.conftest import SIZE, WINDOWS, Yard

VM = "Microsoft.Compute/virtualMachines"
SET = "Microsoft.Compute/virtualMachineScaleSets"


def test_a_put_is_got_back_with_what_azure_fills_in(yard: Yard) -> None:
    more = {"userData": "aGk=", "diagnosticsProfile": {"bootDiagnostics": {"enabled": True}}, "x": {"deep": [1, {"y": False, "z": 2.5}]}}
    id_ = yard.id(VM, yard.name())
    operation = yard.control.put(id_, yard.machine(tags={"a": "b"}, **more))
    assert operation.created and operation.status == "InProgress"
    assert operation.document is not None and operation.document["properties"]["provisioningState"] == "Creating"
    yard.pass_time()
    made = yard.control.get(id_)
    assert made["type"] == VM and made["tags"] == {"a": "b"} and made["location"] == "eastus"
    properties = made["properties"]
    assert {name: properties[name] for name in more} == more, "nothing of the document is lost"
    assert properties["provisioningState"] == "Succeeded" and properties["vmId"] and properties["timeCreated"].endswith("Z")
    assert properties["storageProfile"]["osDisk"]["osType"] == "Linux"
    assert "adminPassword" not in properties["osProfile"], "secrets are not kept"
    assert yard.power(id_) == "running"
    again = yard.done("put", id_, yard.control.get(id_))
    assert not again.created and yard.control.get(id_)["properties"]["vmId"] == properties["vmId"]


def test_what_is_missing_is_named(yard: Yard) -> None:
    for left_out in ("hardwareProfile", "osProfile", "networkProfile"):
        document = yard.machine()
        del document["properties"][left_out]
        assert left_out in yard.refused("put", yard.id(VM, yard.name()), document).message
    nic = yard.id("Microsoft.Network/networkInterfaces", "nowhere")
    document = yard.machine(networkProfile={"networkInterfaces": [{"id": nic}]})
    assert yard.refused("put", yard.id(VM, yard.name()), document).code == "InvalidResourceReference"
    place = yard.group.replace("Yard", "Nowhere") + f"/providers/{VM}/x"
    error = yard.refused("put", place, yard.machine())
    assert (error.code, error.status) == ("ResourceGroupNotFound", 404)


@pytest.mark.parametrize("name", ["-a", "a.", "a" * 65, "a b", "a_"])
def test_names_of_machines(yard: Yard, name: str) -> None:
    if name == "a_":
        yard.done("put", yard.id(VM, name), yard.machine())
    else:
        assert yard.refused("put", yard.id(VM, name), yard.machine()).code == "InvalidParameter"


def test_windows_computer_names_have_15_characters(yard: Yard) -> None:
    windows = {"imageReference": dict(WINDOWS), "osDisk": {"createOption": "FromImage"}}
    document = yard.machine(storageProfile=windows, osProfile={"adminUsername": "joe", "computerName": "a" * 16})
    assert "15 characters" in yard.refused("put", yard.id(VM, yard.name()), document).message
    document["properties"]["osProfile"]["computerName"] = "a" * 15
    yard.done("put", yard.id(VM, yard.name()), document)


def test_a_machine_joins_a_set_of_its_region_zone_and_group(yard: Yard) -> None:
    set_id = yard.scale_set(zones=["1"])
    member = {"virtualMachineScaleSet": {"id": set_id}}
    id_ = yard.id(VM, yard.name())
    assert "region" in yard.refused("put", id_, yard.machine(location="westeurope", **member)).message
    assert "zone" in yard.refused("put", id_, yard.machine(zones=["2"], **member)).message.lower()
    other = yard.group.replace("Yard", "Yard2")
    yard.control.put(other, {"location": "eastus"})
    assert "resource group" in yard.refused("put", f"{other}/providers/{VM}/x", yard.machine(**member)).message
    nowhere = {"virtualMachineScaleSet": {"id": set_id + "x"}}
    assert "does not exist." in yard.refused("put", id_, yard.machine(**nowhere)).message
    uniform = {"virtualMachineScaleSet": {"id": yard.scale_set("Uniform", 0)}}
    assert "orchestration mode set to 'Flexible'." in yard.refused("put", id_, yard.machine(**uniform)).message
    yard.done("put", id_, yard.machine(**member))
    assert yard.control.get(id_)["zones"] == ["1"]


def test_fault_domains_are_chosen_or_spread_evenly(yard: Yard) -> None:
    set_id = yard.scale_set(platformFaultDomainCount=3)
    member: dict[str, Any] = {"virtualMachineScaleSet": {"id": set_id}}
    yard.vm(**member, platformFaultDomain=2)
    for _ in range(4):
        yard.vm(**member)
    spread = Counter(each["properties"]["platformFaultDomain"] for each in yard.machines_of(set_id))
    assert sorted(spread.values()) == [1, 2, 2]
    error = yard.refused("put", yard.id(VM, yard.name()), yard.machine(**member, platformFaultDomain=3))
    assert error.message == "The fault domain 3 must fall in the range 0 to 2."
    assert "Flexible" in yard.refused("put", yard.id(VM, yard.name()), yard.machine(platformFaultDomain=1)).message


def test_a_flexible_set_holds_1000_machines(yard: Yard) -> None:
    set_id = yard.scale_set(capacity=999)
    member = {"virtualMachineScaleSet": {"id": set_id}}
    yard.vm(**member)
    error = yard.refused("put", yard.id(VM, yard.name()), yard.machine(**member))
    assert error.code == "OperationNotAllowed" and "1000" in error.message
    assert yard.refused("patch", set_id, {"sku": {"capacity": 1001}}).code == "OperationNotAllowed"
    yard.done("patch", set_id, {"sku": {"capacity": 0}})
    assert yard.members(set_id) == []


def test_availability_sets(yard: Yard) -> None:
    kind = "Microsoft.Compute/availabilitySets"
    set_id = yard.id(kind, yard.name("as"))
    for name, value, most in [("platformFaultDomainCount", 4, 3), ("platformUpdateDomainCount", 21, 20)]:
        error = yard.refused("put", set_id, {"location": "eastus", "sku": {"name": "Aligned"}, "properties": {name: value}})
        assert error.message.endswith(f"count {value} must fall in the range 1 to {most}.")
    yard.done("put", set_id, {"location": "eastus", "sku": {"name": "Aligned"}, "properties": {"platformFaultDomainCount": 2, "platformUpdateDomainCount": 3}})
    member = {"availabilitySet": {"id": set_id}}
    machines = [yard.vm(**member) for _ in range(4)]
    views = [yard.control.act(each, "instanceView") for each in machines]
    assert [each["platformFaultDomain"] for each in views] == [0, 1, 0, 1]
    assert [each["platformUpdateDomain"] for each in views] == [0, 1, 2, 0]
    assert _held(yard, set_id) == machines
    yard.done("delete", machines.pop(1))
    assert _held(yard, set_id) == machines
    assert yard.refused("delete", set_id).code == "OperationNotAllowed"
    both = {**member, "virtualMachineScaleSet": {"id": yard.scale_set()}}
    assert "not in both" in yard.refused("put", yard.id(VM, yard.name()), yard.machine(**both)).message
    assert yard.refused("put", yard.id(VM, yard.name()), yard.machine(zones=["1"], **member)).code == "BadRequest"


def _held(yard: Yard, set_id: str) -> list[str]:
    """The machines that an availability set names, to those who get it and to those who query it alike."""
    got = [each["id"] for each in yard.control.get(set_id)["properties"]["virtualMachines"]]
    asked = f"resources | where id =~ '{set_id}' | mv-expand m = properties.virtualMachines | project m = tostring(m.id)"
    assert ResourceGraph(yard.estate).query(asked).rows() == [(each,) for each in got]
    return got


def test_an_availability_set_holds_200_machines(yard: Yard) -> None:
    from inventory.control import placement
    from inventory.rules import profile

    set_id = yard.id("Microsoft.Compute/availabilitySets", yard.name("as"))
    yard.done("put", set_id, {"location": "eastus", "properties": {}})
    yard.vm(availabilitySet={"id": set_id})
    assert profile.MOST_IN_AN_AVAILABILITY_SET == 200
    before = placement.rules.MOST_IN_AN_AVAILABILITY_SET
    try:
        placement.rules.MOST_IN_AN_AVAILABILITY_SET = 1  # 200 real ones would only take longer
        assert yard.refused("put", yard.id(VM, yard.name()), yard.machine(availabilitySet={"id": set_id})).code == "OperationNotAllowed"
    finally:
        placement.rules.MOST_IN_AN_AVAILABILITY_SET = before


def test_attach_and_detach_follow_todays_rules(yard: Yard) -> None:
    vm = yard.vm()
    set_id, other = yard.scale_set(), yard.scale_set()
    joins = {"properties": {"virtualMachineScaleSet": {"id": set_id}}}
    many = yard.scale_set(platformFaultDomainCount=2)
    assert "MultiFD" in yard.refused("patch", vm, {"properties": {"virtualMachineScaleSet": {"id": many}}}).code
    yard.done("patch", vm, joins)
    assert [each["id"] for each in yard.members(set_id)] == [vm]
    error = yard.refused("patch", vm, {"properties": {"virtualMachineScaleSet": {"id": other}}})
    assert str(error) == "PropertyChangeNotAllowed: Changing property 'virtualMachineScaleSet.id' is not allowed."
    for wrong in ("", "null"):
        assert yard.refused("patch", vm, {"properties": {"virtualMachineScaleSet": {"id": wrong}}}).code == "InvalidParameter"
    document = yard.control.get(vm)
    document["properties"]["virtualMachineScaleSet"] = None
    yard.done("put", vm, document)
    assert yard.members(set_id) == [] and "virtualMachineScaleSet" not in yard.control.get(vm)["properties"]
    yard.done("delete", set_id)


def test_machines_of_availability_sets_and_proximity_groups_cannot_attach(yard: Yard) -> None:
    set_id = yard.scale_set()
    joins = {"properties": {"virtualMachineScaleSet": {"id": set_id}}}
    group = yard.id("Microsoft.Compute/availabilitySets", yard.name("as"))
    yard.done("put", group, {"location": "eastus", "properties": {}})
    vm = yard.vm(availabilitySet={"id": group})
    assert yard.refused("patch", vm, joins).code == "VmssDoesNotSupportAttachingExistingAvsetVM"
    near = yard.id("Microsoft.Compute/proximityPlacementGroups", "near")
    vm = yard.vm(proximityPlacementGroup={"id": near})
    assert yard.refused("patch", vm, joins).code == "VmssDoesNotSupportAttachingPPGVM"


def test_the_preview_lets_machines_join_at_creation_only(preview: Yard) -> None:
    set_id = preview.scale_set()
    error = preview.refused("patch", preview.vm(), {"properties": {"virtualMachineScaleSet": {"id": set_id}}})
    assert str(error) == "PropertyChangeNotAllowed: Changing property 'virtualMachineScaleSet.id' is not allowed."


def test_size_tags_and_disks_change_and_the_rest_does_not(yard: Yard) -> None:
    vm = yard.vm()
    yard.done("patch", vm, {"tags": {"owner": "me"}})
    yard.done("patch", vm, {"properties": {"hardwareProfile": {"vmSize": "Standard_D4s_v5"}}})
    assert yard.control.get(vm)["tags"] == {"owner": "me"}
    assert yard.control.get(vm)["properties"]["hardwareProfile"]["vmSize"] == "Standard_D4s_v5"
    for change in ({"osProfile": {"adminUsername": "eve"}}, {"storageProfile": {"imageReference": {"sku": "other"}}}, {"priority": "Spot"}):
        assert yard.refused("patch", vm, {"properties": change}).code == "PropertyChangeNotAllowed"
    assert yard.refused("patch", vm, {"location": "westeurope"}).code == "InvalidResourceLocation"


def test_null_takes_a_machine_out_of_its_set_where_that_may_be(yard: Yard, preview: Yard) -> None:
    out = {"properties": {"virtualMachineScaleSet": None}}
    vm = yard.vm(virtualMachineScaleSet={"id": yard.scale_set(platformFaultDomainCount=1)})
    yard.done("patch", vm, out)
    assert "virtualMachineScaleSet" not in yard.control.get(vm)["properties"]
    spread = yard.vm(virtualMachineScaleSet={"id": yard.scale_set(platformFaultDomainCount=2)})
    assert yard.refused("patch", spread, out).code == "OperationNotAllowed"
    kept = preview.vm(virtualMachineScaleSet={"id": preview.scale_set(platformFaultDomainCount=1)})
    assert preview.refused("patch", kept, out).code == "PropertyChangeNotAllowed"


def test_data_disks_are_attached_and_detached(yard: Yard) -> None:
    vm, other = yard.vm(), yard.vm()
    disk = yard.id("Microsoft.Compute/disks", yard.name("disk"))
    yard.done("put", disk, {"location": "eastus", "sku": {"name": "Premium_LRS"}, "properties": {"creationData": {"createOption": "Empty"}, "diskSizeGB": 64}})
    assert yard.control.get(disk)["properties"]["diskState"] == "Unattached"
    attach = {"properties": {"storageProfile": {"dataDisks": [{"lun": 0, "createOption": "Attach", "managedDisk": {"id": disk}}]}}}
    yard.done("patch", vm, attach)
    assert yard.control.get(disk)["properties"]["diskState"] == "Attached" and yard.control.get(disk)["managedBy"] == vm
    assert "already owned" in yard.refused("patch", other, attach).message
    assert "is attached to VM" in yard.refused("delete", disk).message
    yard.done("act", vm, "deallocate")
    assert yard.control.get(disk)["properties"]["diskState"] == "Reserved"
    yard.done("patch", vm, {"properties": {"storageProfile": {"dataDisks": []}}})
    assert yard.control.get(disk)["properties"]["diskState"] == "Unattached" and "managedBy" not in yard.control.get(disk)
    yard.done("delete", disk)
    assert not yard.exists(disk)


@pytest.mark.parametrize("option", ["Delete", "Detach"])
def test_what_hangs_on_a_machine_goes_as_its_delete_option_says_today(yard: Yard, option: str) -> None:
    profile = yard.network_profile()
    profile["networkInterfaceConfigurations"][0]["properties"]["deleteOption"] = option
    storage = {**yard.machine()["properties"]["storageProfile"], "dataDisks": [{"lun": 0, "diskSizeGB": 8, "deleteOption": option}]}
    storage["osDisk"]["deleteOption"] = option
    vm = yard.vm(networkProfile=profile, storageProfile=storage)
    properties = yard.control.get(vm)["properties"]
    parts = [properties["networkProfile"]["networkInterfaces"][0]["id"], properties["storageProfile"]["osDisk"]["managedDisk"]["id"],
             properties["storageProfile"]["dataDisks"][0]["managedDisk"]["id"]]  # fmt: skip
    assert all(yard.exists(part) for part in parts)
    yard.done("delete", vm)
    assert [yard.exists(part) for part in parts] == [option == "Detach"] * 3
    if option == "Detach":
        assert "virtualMachine" not in yard.control.get(parts[0])["properties"]
        assert yard.control.get(parts[1])["properties"]["diskState"] == "Unattached"


def test_interfaces_and_public_addresses_are_held_and_let_go(yard: Yard) -> None:
    address = yard.id("Microsoft.Network/publicIPAddresses", yard.name("ip"))
    yard.done("put", address, {"location": "eastus", "sku": {"name": "Standard"}, "properties": {}})
    nic = yard.id("Microsoft.Network/networkInterfaces", yard.name("nic"))
    inside = {"subnet": {"id": yard.subnet}, "publicIPAddress": {"id": address}}
    yard.done("put", nic, {"location": "eastus", "properties": {"ipConfigurations": [{"name": "a", "properties": inside}]}})
    assert yard.control.get(address)["properties"]["ipConfiguration"]["id"] == f"{nic}/ipConfigurations/a"
    vm = yard.vm(networkProfile={"networkInterfaces": [{"id": nic}]})
    assert yard.control.get(nic)["properties"]["virtualMachine"]["id"] == vm
    assert yard.refused("delete", nic).code == "NicInUse"
    assert yard.refused("put", yard.id(VM, yard.name()), yard.machine(networkProfile={"networkInterfaces": [{"id": nic}]})).code == "NicInUse"
    assert yard.refused("delete", address).code == "PublicIPAddressCannotBeDeleted"
    assert yard.refused("delete", yard.network).code == "InUseSubnetCannotBeDeleted"
    yard.done("delete", vm)
    yard.done("delete", nic)
    assert "ipConfiguration" not in yard.control.get(address)["properties"]
    yard.done("delete", address)


def test_addresses_are_given_once_and_lie_in_their_subnet(yard: Yard) -> None:
    found = []
    for _ in range(3):
        nic = yard.control.get(yard.vm())["properties"]["networkProfile"]["networkInterfaces"][0]["id"]
        found.append(yard.control.get(nic)["properties"]["ipConfigurations"][0]["properties"]["privateIPAddress"])
    assert len(set(found)) == 3 and all(each.startswith("10.1.") for each in found)


def test_spot_machines_are_evicted_as_their_policy_says(yard: Yard) -> None:
    stays = yard.vm(priority="Spot", evictionPolicy="Deallocate", billingProfile={"maxPrice": -1})
    goes = yard.vm(priority="Spot", evictionPolicy="Delete", billingProfile={"maxPrice": 0.05})
    assert yard.control.get(goes)["properties"]["billingProfile"] == {"maxPrice": 0.05}
    yard.done("act", stays, "simulateEviction")
    assert yard.power(stays) == "deallocated"
    yard.done("act", goes, "simulateEviction")
    assert not yard.exists(goes)
    assert "not Spot" in yard.refused("act", yard.vm(), "simulateEviction").message
    assert yard.refused("put", yard.id(VM, yard.name()), yard.machine(evictionPolicy="Delete")).code == "OperationNotAllowed"


def test_hibernation(yard: Yard) -> None:
    assert "hibernation enabled" in yard.refused("act", yard.vm(), "hibernate").message
    vm = yard.vm(additionalCapabilities={"hibernationEnabled": True})
    yard.done("act", vm, "deallocate", {"hibernate": True})
    codes = [each["code"] for each in yard.control.act(vm, "instanceView")["statuses"]]
    assert codes == ["ProvisioningState/succeeded", "PowerState/deallocated", "HibernationState/Hibernated"]
    yard.done("act", vm, "start")
    assert "HibernationState/Hibernated" not in str(yard.control.act(vm, "instanceView"))


@pytest.mark.parametrize("operation", [name for name in OPERATIONS if name not in ("create", "delete", "hibernate", "update", "resize", "evict", "shut_down", "crash")])
def test_each_operation_goes_along_its_edges(yard: Yard, operation: str) -> None:
    vm = yard.vm()
    asked = OPERATIONS[operation]
    if "running" not in asked.allowed:
        yard.done("act", vm, "deallocate")
    started = yard.control.act(vm, asked.name)
    least = sum(edge.lasts[0] for edge in asked.edges[:-1])
    most = sum(edge.lasts[1] for edge in asked.edges[:-1])
    assert least <= (started.ends_at - started.started_at).total_seconds() <= most
    seen = []
    while True:
        state = (yard.power(vm), yard.control.get(vm)["properties"]["provisioningState"])
        if not seen or seen[-1] != state:
            seen.append(state)
        if started.status != "InProgress":
            break
        yard.pass_time(1)
    expected = [(edge.power or "running", edge.provisioning) for edge in asked.edges]
    assert seen == expected and started.status == "Succeeded"


def test_an_agent_that_is_not_ready_says_so(yard: Yard) -> None:
    vm = yard.vm()
    yard.control.act(vm, "restart")
    agent = yard.control.act(vm, "instanceView")["vmAgent"]
    assert agent["vmAgentVersion"] == "Unknown" and agent["statuses"][0]["displayStatus"] == "Not Ready"
    assert agent["statuses"][0]["level"] == "Warning"
    yard.pass_time()
    assert yard.control.act(vm, "instanceView")["vmAgent"]["statuses"][0]["displayStatus"] == "Ready"


def test_boot_diagnostics(yard: Yard) -> None:
    on = yard.vm(diagnosticsProfile={"bootDiagnostics": {"enabled": True}})
    assert "serialConsoleLogBlobUri" in yard.control.act(on, "retrieveBootDiagnosticsData")
    assert "not enabled" in yard.refused("act", yard.vm(), "retrieveBootDiagnosticsData").message


def test_extensions_need_a_running_machine_with_an_agent(yard: Yard) -> None:
    vm = yard.vm()
    extension = {"location": "eastus", "properties": {"publisher": "Microsoft.ManagedServices", "type": "ApplicationHealthLinux", "typeHandlerVersion": "1.0", "protectedSettings": {"k": "v"}}}
    yard.done("put", f"{vm}/extensions/health", extension)
    assert "protectedSettings" not in yard.control.get(f"{vm}/extensions/health")["properties"]
    view = yard.control.act(vm, "instanceView")
    assert view["extensions"][0]["type"] == "Microsoft.ManagedServices.ApplicationHealthLinux"
    assert view["vmHealth"]["status"]["code"] == "HealthState/healthy"
    yard.done("act", vm, "deallocate")
    assert "not running" in yard.refused("put", f"{vm}/extensions/other", extension).message
    assert yard.refused("put", f"{vm}x/extensions/other", extension).code == "ParentResourceNotFound"
    yard.done("delete", vm)
    assert not yard.exists(f"{vm}/extensions/health")


@pytest.mark.parametrize(
    "code, state, agent",
    [("AllocationFailed", "deallocated", None), ("VMExtensionProvisioningError", "running", "Ready"),
     ("OSProvisioningTimedOut", "running", "Not Ready")],
)  # fmt: skip
def test_failures_on_demand_leave_the_machine_as_it_was_or_up_where_only_its_guest_fails(
    yard: Yard, code: str, state: str, agent: str | None
) -> None:
    vm = yard.vm()
    yard.done("act", vm, "deallocate")
    yard.estate.fail(code, on=vm, during="start")
    operation = yard.control.act(vm, "start")
    assert yard.power(vm) == "starting"
    yard.pass_time()
    assert operation.status == "Failed" and operation.error is not None and operation.error.code == code
    assert yard.power(vm) == state and yard.control.get(vm)["properties"]["provisioningState"] == "Failed"
    view = yard.control.act(vm, "instanceView")
    assert view["statuses"][0]["code"] == f"ProvisioningState/failed/{code}"
    assert (view["vmAgent"]["statuses"][0]["displayStatus"] if "vmAgent" in view else None) == agent
    asked = f"resources | where id =~ '{vm}' | project properties.extended.instanceView.osName"
    assert ResourceGraph(yard.estate).query(asked).rows() == [("ubuntu" if agent == "Ready" else None,)]
    assert system_disk(yard, vm) == ("Attached" if state == "running" else "Reserved")
    yard.done("patch" if state == "running" else "act", vm, {"tags": {}} if state == "running" else "start")
    assert yard.power(vm) == "running" and yard.control.get(vm)["properties"]["provisioningState"] == "Succeeded"


def test_a_creation_that_fails_leaves_a_failed_machine(yard: Yard) -> None:
    id_ = yard.id(VM, yard.name())
    yard.estate.fail("AllocationFailed", on=id_)
    operation = yard.control.put(id_, yard.machine())
    yard.pass_time()
    assert operation.status == "Failed" and yard.control.get(id_)["properties"]["provisioningState"] == "Failed"


def system_disk(yard: Yard, vm: str) -> str:
    """The state of a machine's system disk."""
    disk = yard.control.get(vm)["properties"]["storageProfile"]["osDisk"]["managedDisk"]["id"]
    return str(yard.control.get(disk)["properties"]["diskState"])


def test_a_creation_that_failed_is_tried_again(yard: Yard) -> None:
    id_ = yard.id(VM, yard.name())
    yard.estate.fail("AllocationFailed", on=id_, times=2)
    for _ in range(2):
        yard.control.put(id_, yard.machine())
        yard.pass_time()
        assert (yard.power(id_), system_disk(yard, id_)) == ("deallocated", "Reserved")
    yard.done("put", id_, yard.machine())
    assert (yard.power(id_), system_disk(yard, id_)) == ("running", "Attached")
    newest = itertools.islice(yard.control.operations(), 3)
    assert [each.name for each in newest] == ["create"] * 3
    yard.done("act", id_, "deallocate")
    yard.done("put", id_, yard.machine())
    assert yard.power(id_) == "deallocated"


def test_a_machine_made_anew_does_not_collide_with_the_disks_that_it_left(yard: Yard) -> None:
    id_, machine = yard.id(VM, yard.name()), yard.machine()
    machine["properties"]["storageProfile"]["dataDisks"] = [{"lun": 0, "createOption": "Empty", "diskSizeGB": 8}]
    disks = set()
    for _ in range(2):
        for _ in range(2):  # a PUT repeated means the disks that there are
            yard.done("put", id_, machine)
            storage = yard.control.get(id_)["properties"]["storageProfile"]
            disks |= {each["managedDisk"]["id"] for each in (storage["osDisk"], *storage["dataDisks"])}
        yard.done("delete", id_)
    assert len(disks) == 4 and all(yard.exists(each) for each in disks)


def test_a_deletion_that_fails_leaves_what_there_was(yard: Yard) -> None:
    nic = yard.id("Microsoft.Network/networkInterfaces", yard.name("n"))
    yard.done("put", nic, {"location": "eastus", "properties": {"ipConfigurations": [{"name": "c", "properties": {"subnet": {"id": yard.subnet}}}]}})
    set_id = yard.scale_set("Uniform", 2)
    for each in (nic, set_id, yard.vm()):
        yard.estate.fail("InternalExecutionError", on=each, during="delete")
        failing = yard.control.delete(each)
        yard.pass_time()
        assert failing.status == "Failed" and yard.control.get(each)["properties"]["provisioningState"] == "Failed"
    assert len(yard.members(set_id)) == 2
    for each in (nic, set_id):
        yard.done("delete", each)
        assert not yard.exists(each)


def test_a_write_that_fails_changes_nothing(yard: Yard) -> None:
    address = yard.id("Microsoft.Network/publicIPAddresses", yard.name("ip"))
    yard.done("put", address, {"location": "eastus", "tags": {"a": "b"}, "properties": {}})
    yard.estate.fail("InternalExecutionError", on=address, during="write")
    failing = yard.control.patch(address, {"tags": {"a": "c"}})
    yard.pass_time()
    assert failing.status == "Failed" and yard.control.get(address)["tags"] == {"a": "b"}


def test_what_a_machine_described_once_is_not_made_twice(yard: Yard) -> None:
    """A PUT repeated, whether the first of them failed or not."""
    id_, machine = yard.id(VM, yard.name()), yard.machine()
    machine["properties"]["networkProfile"] = {"networkApiVersion": "2020-11-01", "networkInterfaceConfigurations": [
        {"name": "n", "properties": {"primary": True, "ipConfigurations": [{"name": "c", "properties": {"subnet": {"id": yard.subnet}}}]}}]}
    yard.estate.fail("AllocationFailed", on=id_)
    found = []
    for _ in range(3):
        yard.control.put(id_, machine)
        yard.pass_time()
        (nic,) = yard.control.get(id_)["properties"]["networkProfile"]["networkInterfaces"]
        found += [yard.control.get(nic["id"])["properties"]["ipConfigurations"][0]["properties"]["privateIPAddress"]]
        group = yard.control.list(yard.group, "Microsoft.Network/networkInterfaces")
        assert [each["id"] for each in group].count(nic["id"]) == 1
    assert len(set(found)) == 1 and yard.power(id_) == "running"


def test_disks_that_come_to_a_deallocated_machine_wait(yard: Yard) -> None:
    vm = yard.vm()
    yard.done("act", vm, "deallocate")
    yard.done("patch", vm, {"properties": {"storageProfile": {"dataDisks": [{"lun": 0, "createOption": "Empty", "diskSizeGB": 8}]}}})
    disk = yard.control.get(vm)["properties"]["storageProfile"]["dataDisks"][0]["managedDisk"]["id"]
    assert yard.control.get(disk)["properties"]["diskState"] == "Reserved"
    yard.done("act", vm, "start")
    assert yard.control.get(disk)["properties"]["diskState"] == "Attached"


def test_a_change_that_fails_changes_nothing(yard: Yard) -> None:
    vm = yard.vm()
    yard.done("act", vm, "deallocate")
    yard.estate.fail("AllocationFailed", on=vm, times=2)
    yard.control.act(vm, "start")
    yard.pass_time()
    assert system_disk(yard, vm) == "Reserved"
    before = yard.control.get(vm)
    set_id = yard.scale_set(platformFaultDomainCount=1)
    change = {"tags": {"a": "b"}, "properties": {
        "hardwareProfile": {"vmSize": "Standard_D4s_v5"}, "virtualMachineScaleSet": {"id": set_id},
        "storageProfile": {"dataDisks": [{"lun": 0, "createOption": "Empty", "diskSizeGB": 8}]}}}  # fmt: skip
    failing = yard.control.patch(vm, change)
    yard.pass_time()
    assert failing.status == "Failed" and yard.control.get(vm) == before and yard.members(set_id) == []
    yard.done("patch", vm, change)
    assert yard.control.get(vm)["tags"] == {"a": "b"} and len(yard.members(set_id)) == 1


def test_a_public_address_is_free_when_its_interface_goes_or_names_it_no_more(yard: Yard) -> None:
    address, nic = yard.id("Microsoft.Network/publicIPAddresses", yard.name("ip")), yard.id("Microsoft.Network/networkInterfaces", yard.name("n"))
    yard.done("put", address, {"location": "eastus", "properties": {}})
    inside = {"subnet": {"id": yard.subnet}}
    for bound in (True, False, True):
        named = {"publicIPAddress": {"id": address}} if bound else {}
        document = {"location": "eastus", "properties": {"ipConfigurations": [{"name": "c", "properties": {**inside, **named}}]}}
        yard.done("put", nic, document)
        assert ("ipConfiguration" in yard.control.get(address)["properties"]) is bound
    machine = yard.machine()
    machine["properties"]["networkProfile"] = {"networkInterfaces": [{"id": nic, "properties": {"deleteOption": "Delete"}}]}
    vm = yard.id(VM, yard.name())
    yard.done("put", vm, machine)
    yard.done("delete", vm)
    assert not yard.exists(nic) and "ipConfiguration" not in yard.control.get(address)["properties"]
    yard.done("delete", address)


@pytest.mark.parametrize("option", ["Delete", None])
def test_public_addresses_that_a_machine_describes_come_and_go_with_it(yard: Yard, preview: Yard, option: str | None) -> None:
    for here in (yard, preview):
        name, vm = here.name("ip"), here.id(VM, here.name())
        address = here.id("Microsoft.Network/publicIPAddresses", name)
        described = {"name": name, "sku": {"name": "Standard"}, "properties": {"idleTimeoutInMinutes": 7, **({"deleteOption": option} if option else {})}}
        inside = {"subnet": {"id": here.subnet}, "publicIPAddressConfiguration": described}
        machine = here.machine()
        machine["properties"]["networkProfile"] = {"networkApiVersion": "2020-11-01", "networkInterfaceConfigurations": [
            {"name": "n", "properties": {"primary": True, "deleteOption": "Delete", "ipConfigurations": [{"name": "c", "properties": inside}]}}]}
        here.done("put", vm, machine)
        nic = here.control.get(here.control.get(vm)["properties"]["networkProfile"]["networkInterfaces"][0]["id"])
        made = here.control.get(address)["properties"]
        assert made["idleTimeoutInMinutes"] == 7 and made["ipConfiguration"]["id"] == nic["properties"]["ipConfigurations"][0]["id"]
        assert nic["properties"]["ipConfigurations"][0]["properties"]["publicIPAddress"]["id"] == address
        here.done("delete", vm)
        assert here.exists(address) is (option is None or here is preview)


def test_interfaces_that_say_more_than_the_columns_hold_are_like_others(yard: Yard) -> None:
    """A configuration that names pools of a load balancer, as most do, stands beside the columns of its table."""
    more = {"subnet": {"id": yard.subnet}, "applicationSecurityGroups": [{"id": yard.id("Microsoft.Network/applicationSecurityGroups", "a")}]}
    described = {"name": yard.name("ip"), "properties": {"deleteOption": "Delete"}}
    machine = yard.machine()
    machine["properties"]["networkProfile"] = {"networkApiVersion": "2020-11-01", "networkInterfaceConfigurations": [
        {"name": "n", "properties": {"primary": True, "deleteOption": "Delete", "ipConfigurations": [
            {"name": "c", "properties": {**more, "publicIPAddressConfiguration": described}}]}}]}  # fmt: skip
    vm = yard.id(VM, yard.name())
    yard.done("put", vm, machine)
    (nic,) = yard.control.get(vm)["properties"]["networkProfile"]["networkInterfaces"]
    document = yard.control.get(nic["id"])
    (configuration,) = document["properties"]["ipConfigurations"]
    address = configuration["properties"]["publicIPAddress"]["id"]
    assert yard.control.get(address)["properties"]["ipConfiguration"]["id"] == configuration["id"]
    yard.done("put", nic["id"], document)
    assert yard.control.get(nic["id"])["properties"]["ipConfigurations"] == [configuration]
    other = yard.control.get(yard.vm())["properties"]["networkProfile"]["networkInterfaces"][0]["id"]
    (near,) = yard.control.get(other)["properties"]["ipConfigurations"]
    assert near["properties"]["privateIPAddress"] != configuration["properties"]["privateIPAddress"]
    yard.done("delete", vm)
    assert not yard.exists(nic["id"]) and not yard.exists(address)


def test_a_subnet_in_use_stays(yard: Yard) -> None:
    network = yard.id("Microsoft.Network/virtualNetworks", yard.name("net"))
    subnet = {"name": "s", "properties": {"addressPrefix": "10.9.0.0/24", "ipamPoolPrefixAllocations": [{"numberOfIpAddresses": "9"}]}}
    yard.done("put", network, {"location": "eastus", "properties": {"addressSpace": {"addressPrefixes": ["10.9.0.0/16"]}, "subnets": [subnet]}})
    inside = {"subnet": {"id": f"{network}/subnets/s"}, "applicationSecurityGroups": []}
    nic = yard.id("Microsoft.Network/networkInterfaces", yard.name("n"))
    yard.done("put", nic, {"location": "eastus", "properties": {"ipConfigurations": [{"name": "c", "properties": inside}]}})
    assert yard.refused("delete", network).code == "InUseSubnetCannotBeDeleted"
    yard.done("delete", nic)
    profile = yard.profile()
    (configuration,) = profile["networkProfile"]["networkInterfaceConfigurations"]
    configuration["properties"]["ipConfigurations"] = [{"name": "c", "properties": inside}]
    set_id = yard.scale_set("Uniform", 1, virtualMachineProfile=profile)
    assert yard.refused("delete", network).code == "InUseSubnetCannotBeDeleted"
    yard.done("delete", set_id)
    yard.done("delete", network)


def test_the_view_has_disks_that_say_more_than_the_columns_hold(yard: Yard) -> None:
    machine = yard.machine()
    machine["properties"]["storageProfile"]["dataDisks"] = [{"lun": 3, "createOption": "Empty", "diskSizeGB": 8, "detachOption": "ForceDetach"}]
    vm = yard.id(VM, yard.name())
    yard.done("put", vm, machine)
    (disk,) = yard.control.get(vm)["properties"]["storageProfile"]["dataDisks"]
    assert disk["detachOption"] == "ForceDetach"
    assert [each["name"] for each in yard.control.act(vm, "instanceView")["disks"]][1:] == [disk["name"]]


def test_quota_refuses_at_once(yard: Yard) -> None:
    id_ = yard.id(VM, yard.name())
    yard.estate.fail("QuotaExceeded", on=id_)
    assert yard.refused("put", id_, yard.machine()).code == "QuotaExceeded" and not yard.exists(id_)
    yard.done("put", id_, yard.machine())


def test_a_deletion_overtakes_what_is_under_way(yard: Yard) -> None:
    vm = yard.vm()
    first = yard.control.act(vm, "deallocate")
    second = yard.control.delete(vm)
    assert first.status == "Canceled" and second.status == "InProgress"
    assert "marked for deletion" in yard.refused("act", vm, "start").message
    yard.pass_time()
    assert second.status == "Succeeded" and second.result() is None


def test_other_types_are_kept_as_they_are(yard: Yard) -> None:
    id_ = yard.id("Microsoft.Storage/storageAccounts", yard.name("store"))
    yard.done("put", id_, {"location": "East US", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}, "properties": {"a": [1, {"b": None}]}})
    made = yard.control.get(id_)
    assert made["type"] == "Microsoft.Storage/storageAccounts" and made["kind"] == "StorageV2" and made["location"] == "eastus"
    assert made["properties"] == {"a": [1, {"b": None}], "provisioningState": "Succeeded"}
    assert [each["id"] for each in yard.control.list(yard.group, "Microsoft.Storage/storageAccounts")].count(id_) == 1
    yard.done("delete", id_)
    assert not yard.exists(id_)


def test_a_resource_group_goes_with_all_that_lies_in_it(fresh: Yard) -> None:
    vm, set_id = fresh.vm(), fresh.scale_set("Uniform", 2)
    operation = fresh.control.delete(fresh.group)
    assert operation.status == "InProgress" and fresh.control.get(fresh.group)["properties"]["provisioningState"] == "Deleting"
    assert fresh.refused("put", fresh.id(VM, "late"), fresh.machine()).code == "ResourceGroupBeingDeleted"
    fresh.pass_time()
    for id_ in (vm, set_id, f"{set_id}/virtualMachines/0", fresh.network, fresh.group):
        assert not fresh.exists(id_)


def test_subscriptions_and_management_groups(fresh: Yard) -> None:
    group = "/providers/Microsoft.Management/managementGroups/mg-new"
    fresh.done("put", group, {"properties": {"displayName": "New", "details": {"parent": {"id": "/providers/Microsoft.Management/managementGroups/mg-prod"}}}})
    chain = fresh.control.get(group)["properties"]["details"]["managementGroupAncestorsChain"]
    assert [each["name"] for each in chain][:2] == ["mg-prod", "mg-landingzones"]
    subscription = "/subscriptions/12345678-1234-1234-1234-123456789abc"
    fresh.done("put", subscription, {"displayName": "Mine", "properties": {"managementGroupId": group}})
    assert fresh.control.get(subscription)["displayName"] == "Mine"
    assert "children" in fresh.refused("delete", group).message
    assert fresh.refused("put", "/subscriptions/no-guid", {}).code == "InvalidSubscriptionId"
    assert fresh.refused("put", f"/subscriptions/{'0' * 8}-0000-0000-0000-{'0' * 12}/resourceGroups/x", {"location": "eastus"}).code == "SubscriptionNotFound"


def test_sizes_of_the_previews_flexible_sets(preview: Yard) -> None:
    set_id = preview.scale_set()
    member = {"virtualMachineScaleSet": {"id": set_id}}
    assert SIZE.startswith("Standard_D")
    preview.vm(**member)
    for size in ("Standard_NC6", "Standard_H8", "Standard_L8s_v3"):
        document = preview.machine(hardwareProfile={"vmSize": size}, **member)
        assert preview.refused("put", preview.id(VM, preview.name()), document).code == "OperationNotAllowed"
