"""Rules of scale sets: modes, limits, fault domains, names, batch operations, views, autoscale, repair."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import pytest

from inventory import InventoryError
from queries import ResourceGraph
from tests.inventory.control.conftest import SIZE, WINDOWS, Yard

KIND = "Microsoft.Compute/virtualMachineScaleSets"


def codes(error: InventoryError) -> tuple[str, int]:
    return error.code, error.status


def test_the_mode_is_immutable(yard: Yard) -> None:
    set_id = yard.scale_set()
    error = yard.refused("patch", set_id, {"properties": {"orchestrationMode": "Uniform"}})
    assert codes(error) == ("PropertyChangeNotAllowed", 409) and "orchestrationMode" in error.message


def test_the_mode_of_the_previews_documents_is_understood(preview: Yard) -> None:
    empty = {"location": "eastus", "properties": {"singlePlacementGroup": False, "platformFaultDomainCount": 1}}
    made = preview.done("put", preview.id(KIND, preview.name()), empty).result()
    assert made["properties"]["orchestrationMode"] == "Flexible" and "sku" not in made
    profiled = {"location": "eastus", "sku": {"name": SIZE, "capacity": 1}, "properties": {"virtualMachineProfile": preview.profile()}}
    made = preview.done("put", preview.id(KIND, preview.name()), profiled).result()
    assert made["properties"]["orchestrationMode"] == "Uniform"


@pytest.mark.parametrize(("profile", "least"), [("2021-preview", "2019-12-01"), ("current", "2021-03-01")])
def test_the_least_api_version(profile: str, least: str, yard: Yard, preview: Yard) -> None:
    here = preview if profile == "2021-preview" else yard
    id_ = here.id(KIND, here.name())
    assert least in here.refused("put", id_, here.set(), api_version="2019-07-01").message
    here.done("put", id_, here.set(), api_version=least)


def test_a_flexible_set_is_created_empty_or_with_a_profile_and_capacity(yard: Yard) -> None:
    assert yard.members(yard.scale_set()) == []
    set_id = yard.scale_set(capacity=3)
    assert len(yard.members(set_id)) == 3 and yard.control.get(set_id)["sku"]["capacity"] == 3


def test_capacity_needs_a_profile(yard: Yard) -> None:
    document = yard.set(sku={"name": SIZE, "capacity": 2})
    assert "virtualMachineProfile" in yard.refused("put", yard.id(KIND, yard.name()), document).message
    del document["properties"]["singlePlacementGroup"]
    document["properties"]["orchestrationMode"] = "Uniform"
    assert "virtualMachineProfile" in yard.refused("put", yard.id(KIND, yard.name()), document).message


def test_scaling_out_and_in_keeps_fault_domains_even(yard: Yard) -> None:
    set_id = yard.scale_set(capacity=4, platformFaultDomainCount=3)
    for capacity in (8, 5, 7, 3):
        yard.done("patch", set_id, {"sku": {"capacity": capacity}})
        spread = Counter(each["properties"]["platformFaultDomain"] for each in yard.machines_of(set_id))
        assert sum(spread.values()) == capacity
        assert max(spread.values()) - min(spread.get(domain, 0) for domain in range(3)) <= 1
        assert yard.control.get(set_id)["sku"]["capacity"] == capacity


@pytest.mark.parametrize("mode", ["Flexible", "Uniform"])
@pytest.mark.parametrize("policy, stays", [("Default", 0), ("NewestVM", 0), ("OldestVM", 2)])
def test_scaling_in_takes_the_newest_or_the_oldest_as_the_policy_says(yard: Yard, mode: str, policy: str, stays: int) -> None:
    set_id = yard.scale_set(mode, 1, scaleInPolicy={"rules": [policy]}, zones=["1"])
    held = {each["id"] for each in yard.members(set_id)}
    made = list(held)
    for capacity in (2, 3):
        yard.done("patch", set_id, {"sku": {"capacity": capacity}})
        made += [each["id"] for each in yard.members(set_id) if each["id"] not in made]
    yard.done("patch", set_id, {"sku": {"capacity": 1}})
    assert [each["id"] for each in yard.members(set_id)] == [made[stays]]


def test_scaling_spreads_over_zones(yard: Yard) -> None:
    set_id = yard.scale_set(capacity=5, zones=["1", "2", "3"])
    zones = Counter(each["zones"][0] for each in yard.machines_of(set_id))
    assert sorted(zones.values()) == [1, 2, 2]
    assert all("platformFaultDomain" not in each["properties"] for each in yard.machines_of(set_id))


@pytest.mark.parametrize(("mode", "single", "most"), [("Flexible", False, 1000), ("Uniform", True, 100), ("Uniform", False, 1000)])
def test_a_set_holds_so_many_at_most(yard: Yard, mode: str, single: bool, most: int) -> None:
    document = yard.set(mode, most + 1, singlePlacementGroup=single)
    assert str(most) in yard.refused("put", yard.id(KIND, yard.name()), document).message


def test_a_flexible_set_with_fixed_spreading_and_certain_sizes_holds_200_today(yard: Yard) -> None:
    document = yard.set(capacity=201, platformFaultDomainCount=2, sku={"name": "Standard_NC4as_T4_v3", "capacity": 201})
    assert "200" in yard.refused("put", yard.id(KIND, yard.name()), document).message


def test_a_flexible_set_with_fixed_spreading_and_certain_sizes_does_not_mix_spot_today(yard: Yard) -> None:
    size = {"name": "Standard_NC4as_T4_v3", "capacity": 0}
    set_id = yard.scale_set(capacity=0, platformFaultDomainCount=2, sku=size)
    yard.vm(virtualMachineScaleSet={"id": set_id}, priority="Spot")
    joins = yard.machine(virtualMachineScaleSet={"id": set_id})
    error = yard.refused("put", yard.id("Microsoft.Compute/virtualMachines", yard.name()), joins)
    assert error.code == "OperationNotAllowed" and "cannot mix Spot and Regular" in error.message
    yard.vm(virtualMachineScaleSet={"id": set_id}, priority="Spot")
    sized: dict[str, Any] = {"hardwareProfile": {"vmSize": "Standard_NC4as_T4_v3"}}
    sized["virtualMachineScaleSet"] = {"id": yard.scale_set(platformFaultDomainCount=2)}  # a set that has no size of its own
    yard.vm(**sized, priority="Spot")
    assert "cannot mix" in yard.refused("put", yard.id("Microsoft.Compute/virtualMachines", yard.name()), yard.machine(**sized)).message
    profile = yard.profile(priority="Spot")
    mixed = yard.set(capacity=0, platformFaultDomainCount=2, sku=size, virtualMachineProfile=profile,
                     priorityMixPolicy={"baseRegularPriorityCount": 1})  # fmt: skip
    assert yard.refused("put", yard.id(KIND, yard.name()), mixed).code == "OperationNotAllowed"
    mixed["properties"]["platformFaultDomainCount"] = 1
    yard.done("put", yard.id(KIND, yard.name()), mixed)


def test_zones_of_a_flexible_set(yard: Yard, preview: Yard) -> None:
    error = preview.refused("put", preview.id(KIND, preview.name()), preview.set(zones=["1", "2"]))
    assert "Availability Zones" in error.message
    preview.done("put", preview.id(KIND, preview.name()), preview.set(zones=["2"]))
    yard.done("put", yard.id(KIND, yard.name()), yard.set(zones=["1", "2", "3"]))
    assert yard.refused("put", yard.id(KIND, yard.name()), yard.set(zones=["4"])).code == "InvalidAvailabilityZone"
    assert yard.refused("put", yard.id(KIND, yard.name()), yard.set(zones=["1"], location="westus")).code == "AvailabilityZoneNotSupported"


def test_fault_domains_of_a_uniform_set(yard: Yard) -> None:
    for count, zones, allowed in [(5, None, True), (2, None, True), (4, None, False), (5, ["1"], True), (2, ["1"], False)]:
        document = yard.set("Uniform", 0, platformFaultDomainCount=count, **({"zones": zones} if zones else {}))
        if allowed:
            yard.done("put", yard.id(KIND, yard.name()), document)
        else:
            assert "platformFaultDomainCount" in yard.refused("put", yard.id(KIND, yard.name()), document).message


def test_names_of_scaled_machines(yard: Yard, preview: Yard) -> None:
    set_id = yard.scale_set(capacity=3)
    name = set_id.rsplit("/", 1)[-1]
    for each in yard.machines_of(set_id):
        suffix = re.fullmatch(rf"{name}_([0-9a-f]{{8}})", each["name"])
        assert suffix and len(each["name"]) <= 44
        assert each["properties"]["osProfile"]["computerName"] == f"web{suffix[1][:6]}"
    for each in preview.machines_of(preview.scale_set(capacity=3)):
        assert re.fullmatch(r"web\d+", each["name"]) and each["properties"]["osProfile"]["computerName"] == each["name"]


def test_names_of_uniform_instances(yard: Yard) -> None:
    set_id = yard.scale_set("Uniform", 3)
    name = set_id.rsplit("/", 1)[-1]
    yard.done("act", set_id, "deleteInstances", {"instanceIds": ["1"]})
    yard.done("patch", set_id, {"sku": {"capacity": 4}})
    found = yard.members(set_id)
    assert [each["instanceId"] for each in found] == ["0", "2", "3", "4"], "an instance id is never given twice"
    assert [each["name"] for each in found] == [f"{name}_{number}" for number in (0, 2, 3, 4)]
    assert found[-1]["properties"]["osProfile"]["computerName"] == "web000004"


def test_computer_names_of_uniform_instances_count_in_base_36() -> None:
    from inventory.control.uniform import base36

    assert [base36(number) for number in (0, 9, 10, 35, 36, 1295)] == ["0", "9", "a", "z", "10", "zz"]


def test_batch_operations_are_for_uniform_sets(yard: Yard, preview: Yard) -> None:
    uniform = yard.scale_set("Uniform", 3)
    for action, ids, state in [("deallocate", None, "deallocated"), ("start", ["0", "2"], "running"), ("reimage", ["0"], "running"), ("powerOff", ["0"], "stopped")]:
        yard.done("act", uniform, action, {"instanceIds": ids} if ids else None)
        assert all(yard.power(f"{uniform}/virtualMachines/{each}") == state for each in ids or ["0", "1", "2"])
    assert yard.power(f"{uniform}/virtualMachines/1") == "deallocated"
    assert "7" in yard.refused("act", uniform, "start", {"instanceIds": ["7"]}).message
    flexible = yard.scale_set(capacity=2)
    for action in ("start", "powerOff", "deallocate", "restart", "reimage", "reimageAll", "redeploy", "manualUpgrade"):
        error = yard.refused("act", flexible, action)
        assert codes(error) == ("OperationNotAllowed", 409) and "Flexible" in error.message
    assert preview.refused("act", preview.scale_set(), "delete", {"instanceIds": ["x"]}).code == "OperationNotAllowed"


def test_several_machines_of_a_flexible_set_are_deleted_at_once_today(yard: Yard) -> None:
    set_id = yard.scale_set(capacity=3)
    names = [each["id"].rsplit("/", 1)[-1] for each in yard.members(set_id)]
    yard.done("act", set_id, "delete", {"instanceIds": names[:2]})
    assert [each["id"].rsplit("/", 1)[-1] for each in yard.members(set_id)] == names[2:]
    assert yard.control.get(set_id)["sku"]["capacity"] == 1


def test_the_list_of_a_flexible_set_gives_ids_only(yard: Yard) -> None:
    set_id = yard.scale_set(capacity=2)
    found = yard.members(set_id)
    assert all(list(each) == ["id"] and "/virtualMachines/" in each["id"] for each in found)
    name = found[0]["id"].rsplit("/", 1)[-1]
    assert yard.control.get(f"{set_id}/virtualMachines/{name}")["properties"]["virtualMachine"]["id"] == found[0]["id"]
    assert "hardwareProfile" in yard.members(yard.scale_set("Uniform", 1))[0]["properties"]


def test_instance_views(yard: Yard) -> None:
    uniform = yard.scale_set("Uniform", 3)
    view = yard.control.act(uniform, "instanceView")
    assert view["virtualMachine"]["statusesSummary"] == [{"code": "ProvisioningState/succeeded", "count": 3}]
    assert not any("PowerState" in str(each) for each in view.values()), "a set has no power state"
    assert yard.refused("act", yard.scale_set(), "instanceView").code == "OperationNotAllowed"
    one = yard.control.act(f"{uniform}/virtualMachines/1", "instanceView")
    assert one["placementGroupId"] and one["platformFaultDomain"] == 1 and one["platformUpdateDomain"] == 1
    first, second = one["statuses"]
    assert first["code"] == "ProvisioningState/succeeded" and "time" in first
    assert second == {"code": "PowerState/running", "level": "Info", "displayStatus": "VM running"}


def test_uniform_instances_are_changed_only_through_their_set(yard: Yard) -> None:
    instance = f"{yard.scale_set('Uniform', 2)}/virtualMachines/0"
    assert yard.refused("patch", instance, {"properties": {"licenseType": "None"}}).code == "PropertyChangeNotAllowed"
    yard.done("patch", instance, {"properties": {"protectionPolicy": {"protectFromScaleIn": True}}})
    set_id = instance.rsplit("/virtualMachines/", 1)[0]
    yard.done("patch", set_id, {"sku": {"capacity": 1}})
    assert [each["instanceId"] for each in yard.members(set_id)] == ["0"], "what is protected stays"


def models(yard: Yard, set_id: str) -> Counter[tuple[str, str, bool]]:
    """How many instances have which size and image, and whether they are of the latest model."""
    found = [(each["sku"]["name"], each["properties"]) for each in yard.members(set_id)]
    return Counter((size, of["storageProfile"]["imageReference"]["sku"], of["latestModelApplied"]) for size, of in found)


OLD, NEW = (SIZE, "22_04-lts-gen2"), ("Standard_D4s_v5", "24_04-lts")
MODEL = {"sku": {"name": NEW[0]}, "properties": {"virtualMachineProfile": {"storageProfile": {"imageReference": {"sku": NEW[1]}}}}}


def test_instances_fall_behind_their_model_and_are_upgraded_by_hand(yard: Yard) -> None:
    set_id = yard.scale_set("Uniform", 4, upgradePolicy={"mode": "Manual"})
    yard.done("patch", set_id, {"tags": {"nothing": "of the model"}})
    assert models(yard, set_id) == {(*OLD, True): 4}
    busy = yard.members(set_id)[3]["id"]
    yard.control.act(busy, "restart")
    yard.done("patch", set_id, MODEL)
    assert models(yard, set_id) == {(*OLD, False): 4}
    yard.done("act", set_id, "manualUpgrade", {"instanceIds": ["0", "1"]})
    yard.done("patch", set_id, {"sku": {"capacity": 5}})
    assert models(yard, set_id) == {(*OLD, False): 2, (*NEW, True): 3}
    yard.done("patch", set_id, {"sku": {"capacity": 2, "name": SIZE}})
    assert sum(models(yard, set_id).values()) == 2 and not any(latest for _, _, latest in models(yard, set_id))


def test_instances_take_the_disks_of_their_model(yard: Yard) -> None:
    set_id = yard.scale_set("Uniform", 2, upgradePolicy={"mode": "Automatic"})
    for size in (8, 16):
        disks = [{"lun": 0, "createOption": "Empty", "diskSizeGB": size, "diskIOPSReadWrite": size * 100}]
        yard.done("patch", set_id, {"properties": {"virtualMachineProfile": {"storageProfile": {"dataDisks": disks}}}})
        for each in yard.members(set_id):
            (disk,) = each["properties"]["storageProfile"]["dataDisks"]
            assert (disk["diskSizeGB"], disk["diskIOPSReadWrite"]) == (size, size * 100)


def test_instances_follow_their_model_at_once_where_the_policy_is_automatic(yard: Yard) -> None:
    set_id = yard.scale_set("Uniform", 3, upgradePolicy={"mode": "Automatic"})
    yard.done("patch", set_id, MODEL)
    assert models(yard, set_id) == {(*NEW, True): 3}
    assert {each["properties"]["provisioningState"] for each in yard.members(set_id)} == {"Succeeded"}


def test_instances_follow_their_model_in_batches_where_the_policy_is_rolling(yard: Yard) -> None:
    policy = {"mode": "Rolling", "rollingUpgradePolicy": {"maxBatchInstancePercent": 40, "pauseTimeBetweenBatches": "PT2M"}}
    set_id = yard.scale_set("Uniform", 5, upgradePolicy=policy)
    rolling = yard.control.patch(set_id, MODEL)
    seen = []
    for _ in range(40):
        yard.pass_time(15)
        seen.append(models(yard, set_id)[(*NEW, True)])
    assert list(dict.fromkeys(seen)) == [2, 4, 5] and rolling.status == "Succeeded"


def test_the_instances_of_a_uniform_set_stay_of_one_operating_system(yard: Yard, preview: Yard) -> None:
    system = {"storageProfile": {"imageReference": WINDOWS, "osDisk": {"osType": "Windows"}}}
    for here in (yard, preview):
        error = here.refused("patch", here.scale_set("Uniform", 1), {"properties": {"virtualMachineProfile": system}})
        assert error.code == "PropertyChangeNotAllowed" and "osType" in error.message


def test_what_fails_for_a_set_leaves_its_members(yard: Yard) -> None:
    set_id = yard.scale_set("Uniform", 3)
    for verb, words, unlike in (
        ("patch", ({"sku": {"capacity": 1}},), None), ("act", ("deallocate",), "deallocated"), ("act", ("delete", {"instanceIds": ["0"]}), None),
    ):  # fmt: skip
        yard.estate.fail("AllocationFailed", on=set_id)
        failing = getattr(yard.control, verb)(set_id, *words)
        yard.pass_time()
        assert failing.status == "Failed" and len(yard.members(set_id)) == 3 and yard.control.get(set_id)["sku"]["capacity"] == 3
        assert all(yard.power(each["id"]) != unlike for each in yard.members(set_id))
    yard.done("patch", set_id, {"sku": {"capacity": 1}})
    assert len(yard.members(set_id)) == 1


@pytest.mark.parametrize("mode", ["Flexible", "Uniform"])
def test_members_that_failed_with_their_set_are_tried_again_with_it(yard: Yard, mode: str) -> None:
    set_id = yard.id(KIND, yard.name())
    yard.estate.fail("AllocationFailed", on=set_id, times=2)
    for capacity in (1, 3, 3):
        last = yard.control.put(set_id, yard.set(mode, capacity))
        yard.pass_time()
    of = yard.machines_of if mode == "Flexible" else yard.members
    states = [(each["properties"]["provisioningState"], yard.power(each["id"])) for each in of(set_id)]
    assert last.status == "Succeeded" and states == [("Succeeded", "running")] * 3
    assert yard.control.get(set_id)["properties"]["provisioningState"] == "Succeeded"


def test_views_have_the_extensions_of_the_profile_and_a_time_that_stays(yard: Yard) -> None:
    set_id = yard.scale_set("Uniform", 2, virtualMachineProfile=yard.profile(extensionProfile=HEALTH))
    view = yard.control.act(set_id, "instanceView")
    (extension,) = HEALTH["extensions"]
    assert [(each["name"], each["statusesSummary"][0]["count"]) for each in view["extensions"]] == [(extension["name"], 2)]
    one = yard.control.act(yard.members(set_id)[0]["id"], "instanceView")
    kind = f"{extension['properties']['publisher']}.{extension['properties']['type']}"
    assert [each["type"] for each in (*one["extensions"], *one["vmAgent"]["extensionHandlers"])] == [kind, kind]
    yard.pass_time(40 * 3600)
    assert yard.control.act(set_id, "instanceView")["statuses"] == view["statuses"]


def test_uniform_instances_name_the_version_of_their_image(yard: Yard) -> None:
    set_id = yard.scale_set("Uniform", 1)
    (instance,) = yard.members(set_id)
    assert instance["properties"]["storageProfile"]["imageReference"]["exactVersion"].startswith("22.04.")


def test_spot_is_all_or_nothing_in_a_uniform_set_and_mixed_in_a_flexible_one(yard: Yard) -> None:
    spot = yard.profile(priority="Spot", evictionPolicy="Delete")
    policy = {"baseRegularPriorityCount": 1, "regularPriorityPercentageAboveBase": 50}
    error = yard.refused("put", yard.id(KIND, yard.name()), yard.set("Uniform", 2, virtualMachineProfile=spot, priorityMixPolicy=policy))
    assert "Spot" in error.message
    set_id = yard.scale_set(capacity=5, virtualMachineProfile=spot, priorityMixPolicy=policy)
    kinds = Counter(each["properties"].get("priority", "Regular") for each in yard.machines_of(set_id))
    assert kinds == {"Regular": 3, "Spot": 2}
    victim = next(each["id"] for each in yard.machines_of(set_id) if each["properties"].get("priority") == "Spot")
    yard.done("act", victim, "simulateEviction")
    assert not yard.exists(victim) and yard.control.get(set_id)["sku"]["capacity"] == 4


def test_operating_systems_mix_in_a_flexible_set(yard: Yard) -> None:
    set_id = yard.scale_set()
    yard.vm(virtualMachineScaleSet={"id": set_id})
    windows = {"imageReference": dict(WINDOWS), "osDisk": {"createOption": "FromImage"}}
    yard.vm("win", virtualMachineScaleSet={"id": set_id}, storageProfile=windows)
    systems = {each["properties"]["storageProfile"]["osDisk"]["osType"] for each in yard.machines_of(set_id)}
    assert systems == {"Linux", "Windows"}


def autoscale(yard: Yard, set_id: str) -> dict[str, object]:
    def rule(operator: str, threshold: int, direction: str) -> dict[str, object]:
        return {"metricTrigger": {"metricName": "Percentage CPU", "operator": operator, "threshold": threshold},
                "scaleAction": {"direction": direction, "type": "ChangeCount", "value": "1", "cooldown": "PT1M"}}  # fmt: skip

    return {"location": "eastus", "properties": {"enabled": True, "targetResourceUri": set_id, "profiles": [{
        "name": "auto", "capacity": {"minimum": "2", "maximum": "4", "default": "2"},
        "rules": [rule("GreaterThan", 70, "Increase"), rule("LessThan", 25, "Decrease")]}]}}  # fmt: skip


def authors(yard: Yard, target: str) -> set[tuple[str, str]]:
    """Who has changed a resource, and with what, as change records tell it."""
    asked = f"""resourcechanges | where properties.targetResourceId =~ '{target}'
        | project tostring(properties.changeAttributes.changedByType), tostring(properties.changeAttributes.clientType)"""
    return {(str(kind), str(client)) for kind, client in ResourceGraph(yard.estate).query(asked).rows()}


@pytest.mark.parametrize("mode", ["Flexible", "Uniform"])
def test_autoscale_follows_rules_over_simulated_load(yard: Yard, mode: str) -> None:
    set_id = yard.scale_set(mode, 1)
    settings = yard.id("Microsoft.Insights/autoscaleSettings", yard.name("auto"))
    yard.done("put", settings, autoscale(yard, set_id))
    assert yard.control.get(set_id)["sku"]["capacity"] == 2, "the minimum is kept without any load"
    yard.control.load(set_id, 250)
    yard.pass_time(1800)
    assert len(yard.members(set_id)) == yard.control.get(set_id)["sku"]["capacity"] == 4
    yard.control.load(set_id, 10)
    yard.pass_time(3600)
    assert len(yard.members(set_id)) == 2
    assert authors(yard, set_id) == {("User", "Azure CLI"), ("System", "Autoscale")}
    yard.done("delete", settings)


def test_autoscale_goes_out_by_any_rule_in_by_all_and_not_to_and_fro(yard: Yard) -> None:
    set_id = yard.scale_set("Uniform", 2)
    document = autoscale(yard, set_id)
    (profile,) = document["properties"]["profiles"]  # type: ignore[index]
    profile["capacity"] = {"minimum": "1", "maximum": "10", "default": "2"}
    more, less = profile["rules"]

    def like(rule: dict[str, dict[str, object]], threshold: int, value: str) -> dict[str, dict[str, object]]:
        return {"metricTrigger": {**rule["metricTrigger"], "threshold": threshold}, "scaleAction": {**rule["scaleAction"], "value": value}}

    profile["rules"] = [more, like(more, 80, "4"), like(less, 60, "1"), like(less, 50, "1")]
    yard.done("put", yard.id("Microsoft.Insights/autoscaleSettings", yard.name("auto")), document)
    yard.control.load(set_id, 180)
    yard.pass_time(60)
    assert yard.control.get(set_id)["sku"]["capacity"] == 6, "90 % asks for 1 more, and for 4"
    yard.control.load(set_id, 330)
    yard.pass_time(3600)
    assert yard.control.get(set_id)["sku"]["capacity"] == 6, "55 % asks one rule to go in, and not the other"
    yard.control.load(set_id, 90)
    yard.pass_time(3600)
    assert yard.control.get(set_id)["sku"]["capacity"] == 2, "45 % on two would be 90 % on one"


def test_autoscale_is_nothing_for_the_previews_flexible_sets(preview: Yard) -> None:
    set_id = preview.scale_set()
    error = preview.refused("put", preview.id("Microsoft.Insights/autoscaleSettings", "a"), autoscale(preview, set_id))
    assert "Automatic Scaling" in error.message


HEALTH = {"extensions": [{"name": "health", "properties": {"publisher": "Microsoft.ManagedServices", "type": "ApplicationHealthLinux", "typeHandlerVersion": "1.0"}}]}


@pytest.mark.parametrize("mode", ["Flexible", "Uniform"])
def test_an_unhealthy_instance_is_replaced_where_the_set_repairs(yard: Yard, mode: str) -> None:
    repairs = {"enabled": True, "gracePeriod": "PT10M"}
    set_id = yard.scale_set(mode, 2, virtualMachineProfile=yard.profile(extensionProfile=HEALTH), automaticRepairsPolicy=repairs)
    first, second = (each["id"] for each in yard.members(set_id))
    assert yard.control.act(first, "instanceView")["vmHealth"]["status"]["code"] == "HealthState/healthy"
    yard.control.report_health(first, "unhealthy")
    yard.pass_time(540)
    assert yard.exists(first), "within the grace period"
    yard.pass_time(600)
    yard.pass_time(120)
    left = [each["id"] for each in yard.members(set_id)]
    assert first not in left and second in left and len(left) == 2
    assert yard.control.get(set_id)["sku"]["capacity"] == 2
    assert ("System", "Platform") in authors(yard, first)


def test_a_repair_that_fails_is_tried_again(yard: Yard) -> None:
    repairs = {"enabled": True, "gracePeriod": "PT10M"}
    set_id = yard.scale_set("Uniform", 1, virtualMachineProfile=yard.profile(extensionProfile=HEALTH), automaticRepairsPolicy=repairs)
    (ill,) = (each["id"] for each in yard.members(set_id))
    yard.estate.fail("InternalExecutionError", on=ill)
    yard.control.report_health(ill, "unhealthy")
    yard.pass_time(720)
    assert yard.control.get(ill)["properties"]["provisioningState"] == "Failed"
    yard.pass_time(720)
    assert [each["id"] for each in yard.members(set_id)] == [ill.removesuffix("0") + "1"]


@pytest.mark.parametrize("action", ["Restart", "Reimage"])
def test_repairs_are_as_the_policy_says_and_leave_alone_what_is_protected_stopped_or_at_work(yard: Yard, action: str) -> None:
    repairs = {"enabled": True, "gracePeriod": "PT10M", "repairAction": action}
    set_id = yard.scale_set("Uniform", 3, virtualMachineProfile=yard.profile(extensionProfile=HEALTH), automaticRepairsPolicy=repairs)
    ill, protected, stopped = (each["id"] for each in yard.members(set_id))
    yard.done("put", protected, {"location": "eastus", "properties": {"protectionPolicy": {"protectFromScaleSetActions": True}}})
    yard.done("act", stopped, "deallocate")
    for each in (ill, protected, stopped):
        yard.control.report_health(each, "unhealthy")
    seen: dict[str, set[str]] = {each: set() for each in (ill, protected, stopped)}
    for _ in range(80):
        yard.pass_time(10)
        for each in seen:
            seen[each].add(yard.power(each))
    assert "starting" in seen[ill] and seen[protected] == {"running"} and seen[stopped] == {"deallocated"}
    assert [each["id"] for each in yard.members(set_id)] == [ill, protected, stopped]


def test_without_a_repair_policy_an_unhealthy_instance_stays(yard: Yard) -> None:
    set_id = yard.scale_set("Uniform", 1, virtualMachineProfile=yard.profile(extensionProfile=HEALTH))
    yard.control.report_health(f"{set_id}/virtualMachines/0", "unhealthy")
    yard.pass_time(7200)
    assert yard.control.act(f"{set_id}/virtualMachines/0", "instanceView")["vmHealth"]["status"]["code"] == "HealthState/unhealthy"


def test_a_machine_without_extension_or_probe_reports_no_health(yard: Yard) -> None:
    assert yard.refused("report_health", yard.vm(), "healthy").code == "OperationNotAllowed"


def test_no_two_sets_changes_at_once(yard: Yard) -> None:
    set_id = yard.id(KIND, yard.name())
    yard.control.put(set_id, yard.set(capacity=1))
    assert yard.refused("patch", set_id, {"sku": {"capacity": 2}}).code == "AnotherOperationInProgress"
    yard.pass_time()
