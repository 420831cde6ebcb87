"""Imported machines live like those that were made here, where their documents say what that takes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from inventory import InventoryError, SimulatedClock
from queries import ResourceGraph
from tests.inventory.test_lag import advance

PLACE = "/subscriptions/s-1/resourceGroups/RG-Web/providers"
MACHINES = f"{PLACE}/Microsoft.Compute/virtualMachines"
POWER = "properties.extended.instanceView.powerState.code"


def document(id_: str, **more: Any) -> dict[str, Any]:
    words = id_.split("/providers/")[1].split("/")
    kind = "/".join([words[0], *words[1::2]]).lower()
    made = {"id": id_, "name": words[-1], "type": kind, "tenantId": "t", "location": "eastus", "resourceGroup": "rg-web"}
    return made | {"subscriptionId": "s-1", "tags": None, **more}


def machine(name: str, power: str | None, **properties: Any) -> dict[str, Any]:
    state = {"code": f"PowerState/{power}", "displayStatus": f"VM {power}", "level": "Info"}
    inside = {
        "provisioningState": "Succeeded", "vmId": "v", "hardwareProfile": {"vmSize": "Standard_D2s_v5", "vmSizeProperties": None},
        "storageProfile": {"osDisk": {"name": "os", "osType": "Linux", "deleteOption": "Delete",
                                      "managedDisk": {"id": f"{PLACE}/Microsoft.Compute/disks/{name}-os"}}},
        "networkProfile": {"networkInterfaces": [{"id": f"{PLACE}/Microsoft.Network/networkInterfaces/{name}-nic"}]},
        "someNewThing": {"a": None}, **properties,
    }  # fmt: skip
    if power is not None:
        inside["extended"] = {"instanceView": {"powerState": state, "somethingElse": 1}}
    return document(f"{MACHINES}/{name}", properties=inside)


def given() -> list[dict[str, Any]]:
    web = f"{PLACE}/Microsoft.Compute/virtualMachineScaleSets/web"
    uniform = f"{PLACE}/Microsoft.Compute/virtualMachineScaleSets/uniform"
    disk = {"diskState": "Attached", "diskSizeGB": 30, "provisioningState": "Succeeded"}
    nic = {"virtualMachine": {"id": f"{MACHINES}/web-1"}, "provisioningState": "Succeeded"}
    state = {"code": "PowerState/running", "displayStatus": "VM running", "level": "Info"}
    flexible = {"orchestrationMode": "Flexible", "platformFaultDomainCount": 1, "singlePlacementGroup": False, "provisioningState": "Succeeded"}
    return [
        machine("web-1", "running", virtualMachineScaleSet={"id": web}),
        machine("lone", "deallocated"),
        machine("mute", None),
        document(f"{PLACE}/Microsoft.Compute/disks/web-1-os", managedBy=f"{MACHINES}/web-1", properties=disk),
        document(f"{PLACE}/Microsoft.Network/networkInterfaces/web-1-nic", properties=nic),
        document(web, sku={"name": "Standard_D2s_v5", "tier": "Standard", "capacity": 1}, properties=flexible),
        document(uniform, sku={"name": "Standard_D2s_v5", "tier": "Standard", "capacity": 1},
                 properties={**flexible, "orchestrationMode": "Uniform"}),
        document(f"{uniform}/virtualMachines/0", name="uniform_0", properties={
            "provisioningState": "Succeeded", "extended": {"instanceView": {"powerState": state}}}),
        document(f"{PLACE}/Microsoft.Web/sites/site", properties={}),
        document(f"{PLACE}/Microsoft.Insights/autoscaleSettings/auto", properties={"enabled": False}),
    ]  # fmt: skip


@pytest.fixture
def graph(tmp_path: Path) -> Any:
    (tmp_path / "given.json").write_text(json.dumps(given()))
    with ResourceGraph.imported([tmp_path / "given.json"], clock=SimulatedClock()) as made:
        yield made


def power(graph: ResourceGraph, name: str) -> Any:
    return graph.query(f"union resources, computeresources | where name == '{name}' | project {POWER}").rows()[0][0]


def test_everything_comes_back_as_it_came(graph: ResourceGraph) -> None:
    rows = graph.query("union resources, computeresources | order by id asc").to_pylist()
    assert [{name: row[name] for name in each} for row, each in zip(rows, sorted(given(), key=lambda d: d["id"]), strict=True)] == sorted(
        given(), key=lambda each: each["id"]
    )
    assert graph.query("healthresources | count").rows() == [(0,)], "nothing that was not in the files"
    assert graph.query("resourcecontainers | count").rows() == [(0,)]


def test_an_imported_machine_is_started_and_stopped_and_the_index_follows(graph: ResourceGraph) -> None:
    control = graph.estate.control
    operation = control.act(f"{MACHINES}/WEB-1", "deallocate")
    assert operation.status == "InProgress" and power(graph, "web-1") == "PowerState/running"
    advance(graph.estate, 400)
    assert operation.status == "Succeeded" and power(graph, "web-1") == "PowerState/deallocated"
    view = control.act(f"{MACHINES}/web-1", "instanceView")
    assert [each["code"] for each in view["statuses"]] == ["ProvisioningState/succeeded", "PowerState/deallocated"]
    graph.vm("lone").start()
    advance(graph.estate, 400)
    assert power(graph, "lone") == "PowerState/running"
    (row,) = graph.query("resources | where name == 'lone'").to_pylist()
    wanted = machine("lone", "running")["properties"]
    assert {name: row["properties"][name] for name in wanted if name != "extended"} == {
        name: value for name, value in wanted.items() if name != "extended"
    }, "its other properties stay"
    states = "healthresources | where properties.targetResourceId endswith 'lone' and type endswith 'availabilitystatuses'"
    assert graph.query(f"{states} | project properties.availabilityState").rows() == [("Available",)]
    assert len(graph.query("resourcechanges | where properties.targetResourceId endswith 'lone'")) > 0


def test_its_disk_and_interface_go_and_stay_with_it(graph: ResourceGraph) -> None:
    graph.vm("web-1").deallocate()
    advance(graph.estate, 400)
    of = "resources | where type =~ 'microsoft.compute/disks' | project tostring(properties.diskState)"
    assert graph.query(of).rows() == [("Reserved",)]
    graph.vm("web-1").delete()
    advance(graph.estate, 400)
    assert graph.query(of).rows() == []
    interface = "resources | where type =~ 'microsoft.network/networkinterfaces' | project properties.virtualMachine"
    assert graph.query(interface).rows() == [(None,)]
    sets = "resources | where name == 'web' | project sku.capacity"
    assert graph.query(sets).rows() == [(0,)], "its scale set knows"


def test_instances_of_an_imported_uniform_set_are_stopped_through_it(graph: ResourceGraph) -> None:
    graph.estate.control.act(f"{PLACE}/Microsoft.Compute/virtualMachineScaleSets/uniform", "deallocate")
    advance(graph.estate, 400)
    assert power(graph, "uniform_0") == "PowerState/deallocated"


def test_a_flexible_set_refuses_to_go_before_its_imported_machines(graph: ResourceGraph) -> None:
    with pytest.raises(InventoryError, match="contains one or more VMs"):
        graph.estate.control.delete(f"{PLACE}/Microsoft.Compute/virtualMachineScaleSets/web")


def test_new_resources_stand_beside_imported_ones_though_their_group_was_not_imported(graph: ResourceGraph) -> None:
    made = graph.estate.control.put(f"{PLACE}/Microsoft.Web/sites/new", {"location": "eastus", "properties": {}})
    assert made.created
    with pytest.raises(InventoryError, match="could not be found"):
        graph.estate.control.put("/subscriptions/s-2/resourceGroups/x/providers/Microsoft.Web/sites/a", {"location": "eastus"})


def test_an_imported_machine_is_tagged_and_resized_though_its_document_is_sparse(graph: ResourceGraph) -> None:
    change = {"tags": {"owner": "me"}, "properties": {"hardwareProfile": {"vmSize": "Standard_D4s_v5"}}}
    graph.estate.control.patch(f"{MACHINES}/lone", change)
    advance(graph.estate, 400)
    ((tags, size, new),) = graph.query(
        "resources | where name == 'lone' | project tags, properties.hardwareProfile.vmSize, properties.someNewThing"
    ).rows()
    assert (tags, size, new) == ({"owner": "me"}, "Standard_D4s_v5", {"a": None})


@pytest.mark.parametrize("ask", [
    lambda graph: graph.vm("mute"),
    lambda graph: graph.estate.control.act(f"{MACHINES}/mute", "start"),
    lambda graph: graph.estate.control.patch(f"{MACHINES}/mute", {"tags": {"a": "b"}}),
])  # fmt: skip
def test_a_machine_without_a_power_state_is_refused_with_the_reason(graph: ResourceGraph, ask: Any) -> None:
    with pytest.raises(InventoryError, match=r"OperationNotAllowed.*imported.*powerState"):
        ask(graph)


def test_a_machine_without_a_power_state_is_read_listed_and_deleted(graph: ResourceGraph) -> None:
    control = graph.estate.control
    assert control.get(f"{MACHINES}/Mute")["properties"] == machine("mute", None)["properties"]
    assert [each["name"] for each in control.list("", "Microsoft.Compute/virtualMachines")] == ["lone", "web-1", "mute"]
    for kind in ("Microsoft.Web/sites", "Microsoft.Insights/autoscaleSettings"):
        assert len(control.list("", kind)) == 1, "what has no table is listed once"
    control.delete(f"{MACHINES}/mute")
    advance(graph.estate, 100)
    assert graph.query("resources | where name == 'mute'").rows() == []


def test_the_report_tells_which_machines_can_only_be_looked_at(tmp_path: Path) -> None:
    from inventory import ImportReport

    (tmp_path / "given.json").write_text(json.dumps(given()))
    report = ImportReport()
    ResourceGraph.imported([tmp_path / "given.json"], report=report).close()
    assert {oddity: count for oddity, count in report.odd.items() if "looked at" in oddity}.popitem()[1] == 1


def test_an_imported_estate_lives_on_in_its_file(tmp_path: Path) -> None:
    (tmp_path / "given.json").write_text(json.dumps(given()))
    file = tmp_path / "estate.duckdb"
    with ResourceGraph.imported([tmp_path / "given.json"], path=file, clock=SimulatedClock()) as graph:
        graph.vm("web-1").power_off()
    with ResourceGraph.open(file) as graph:
        advance(graph.estate, 400)
        assert power(graph, "web-1") == "PowerState/stopped"
        assert graph.query("resources | where name == 'web-1' | project properties.someNewThing").rows() == [({"a": None},)]


@pytest.mark.parametrize("storage", ["x", {"osDisk": "x"}, {"dataDisks": ["x"]}], ids=str)
def test_a_machine_of_another_form_does_not_keep_the_others_out(tmp_path: Path, storage: Any) -> None:
    odd = machine("odd", "running", storageProfile=storage)
    (tmp_path / "given.json").write_text(json.dumps([*given(), odd]))
    with ResourceGraph.imported([tmp_path / "given.json"], clock=SimulatedClock()) as graph:
        text = "resources | where name == 'odd' | project properties.storageProfile"
        assert graph.query(text).rows() == [(storage,)]
        assert power(graph, "web-1") == "PowerState/running"
