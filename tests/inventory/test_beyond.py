"""What a document has beyond the typed columns of its table is there for KQL as well as for the control plane."""

from __future__ import annotations

import json
from typing import Any

import pytest

from inventory import InventoryError, Lag
from inventory.beyond import MOST_PATHS, paths
from inventory.resource_types import DISKS, VIRTUAL_MACHINES
from queries import ResourceGraph
from tests.inventory.test_lag import advance

OF_MACHINE = "resources | where type =~ 'microsoft.compute/virtualmachines' and name == 'new-1'"


@pytest.fixture(scope="module")
def graph() -> Any:
    """40 machines, one of which has properties that no column holds."""
    with ResourceGraph.simulated(40, 7, lag=Lag.none()) as made:
        group = made.query("resourcecontainers | where type endswith 'resourcegroups' | project name | order by name asc").rows()[0][0]
        machine = made.create_vm("new-1", group)
        advance(made.estate, 600)
        change = {
            "kind": "odd", "managedBy": "somebody", "properties": {
                "someNewThing": {"deep": [1, {"x": None}], "a.b": "c", 'q"': 1.5}, "flag": False,
                "hardwareProfile": {"vmSizeProperties": {"vCPUsAvailable": 2}},
                "additionalCapabilities": {"hibernationEnabled": True},
            },
        }  # fmt: skip
        made.estate.control.patch(machine.id, change)
        advance(made.estate, 600)
        yield made


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("properties.someNewThing.deep[0]", 1),
        ("properties.someNewThing['a.b']", "c"),
        ("properties.someNewThing['q\"']", 1.5),
        ("properties['someNewThing'].deep[1]", {"x": None}),
        ("tostring(properties.someNewThing['a.b'])", "c"),
        ("tolong(properties.hardwareProfile.vmSizeProperties.vCPUsAvailable)", 2),
        ("properties.hardwareProfile", {"vmSize": "Standard_D2s_v5", "vmSizeProperties": {"vCPUsAvailable": 2}}),
        ("array_length(bag_keys(properties.hardwareProfile))", 2),
        ("bag_keys(properties) has 'someNewThing'", True),
        ("tostring(properties) contains 'vCPUsAvailable'", True),
        ("properties contains 'hibernationenabled'", True),
        ("properties.flag", False),
        ("kind", "odd"),
        ("managedBy", "somebody"),
        ("properties.hardwareProfile.vmSize", "Standard_D2s_v5"),
        ("properties.storageProfile.osDisk.nothing", None),
    ],
)  # fmt: skip
def test_kql_sees_what_no_column_holds(graph: ResourceGraph, expression: str, value: Any) -> None:
    assert graph.query(f"{OF_MACHINE} | project x = {expression}").rows() == [(value,)]


def test_the_whole_document_is_the_same_from_every_side(graph: ResourceGraph) -> None:
    (row,) = graph.query(OF_MACHINE).to_pylist()
    assert graph.query(OF_MACHINE, truth=True).to_pylist() == [row]
    assert graph.vm("new-1").truth() == row
    document = graph.estate.control.get(row["id"])
    row["properties"].pop("extended")
    assert document["properties"] == row["properties"]


def test_a_condition_finds_the_machine_among_all(graph: ResourceGraph) -> None:
    assert graph.query("resources | where isnotnull(properties.someNewThing) | project name").rows() == [("new-1",)]
    assert graph.query("resources | where kind == 'odd' | count").rows() == [(1,)]
    counted = "resources | where type =~ 'microsoft.compute/virtualmachines' | summarize count() by tostring(properties.flag)"
    assert sorted(graph.query(counted).rows()) == [("", 40), ("false", 1)]


def test_a_list_whose_elements_have_more_is_shown_whole(graph: ResourceGraph) -> None:
    interface = "properties.networkProfile.networkInterfaces"
    ((before,),) = graph.query(f"{OF_MACHINE} | project {interface}").rows()
    before[0]["properties"]["someNewThing"] = 7
    id_ = graph.vm("new-1").id
    graph.estate.control.patch(id_, {"properties": {"networkProfile": {"networkInterfaces": before}}})
    advance(graph.estate, 600)
    assert graph.query(f"{OF_MACHINE} | project {interface}").rows() == [(before,)]
    assert graph.query(f"{OF_MACHINE} | project {interface}[0].properties.someNewThing").rows() == [(7,)]
    assert graph.query(f"{OF_MACHINE} | mv-expand i = {interface} | project i.id").rows() == [(before[0]["id"],)]
    others = f"resources | where type =~ 'microsoft.compute/virtualmachines' | mv-expand i = {interface} | where isnull(i.id)"
    assert len(graph.query(others)) == 0


def test_changes_of_it_are_recorded(graph: ResourceGraph) -> None:
    id_ = graph.vm("new-1").id
    graph.estate.control.patch(id_, {"properties": {"flag": True}})
    advance(graph.estate, 600)
    found = graph.query(f"""
        resourcechanges | where properties.targetResourceId =~ '{id_}' | mv-expand change = properties.changes
        | extend path = tostring(bag_keys(change)[0]) | where path == 'properties.flag'
        | project change[path].previousValue, change[path].newValue
    """).rows()
    assert ("false", "true") in found


def test_typed_paths_stay_plain_columns(graph: ResourceGraph) -> None:
    path = "properties.extended.instanceView.powerState.code"
    assert "_rest" not in graph.compile(f"resources | summarize count() by tostring({path})").sql
    assert "_rest" not in graph.compile("resources | where properties.storageProfile.osDisk.osType == 'Linux' | project name").sql
    with ResourceGraph.simulated(5, 7) as plain:
        assert "_rest" not in plain.compile("resources").sql


def test_it_is_known_again_after_a_restart_and_not_after_a_refusal(tmp_path: Any) -> None:
    with ResourceGraph.create(tmp_path / "estate.duckdb", vms=5, lag=Lag.none()) as graph:
        group = graph.query("resources | project resourceGroup, subscriptionId | take 1").rows()[0]
        graph.create_vm("new-1", group[0], subscription=group[1])
        advance(graph.estate, 600)
        version = graph.estate.schema_version()
        with pytest.raises(RuntimeError), graph.estate._feed.writing():
            graph.estate._feed.beyond.note(DISKS, [json.dumps({"properties": {"x": 1}})])
            raise RuntimeError
        assert graph.estate._feed.beyond.of(DISKS) == ()
        graph.estate.control.patch(graph.vm("new-1").id, {"properties": {"someNewThing": 1}})
        assert graph.estate.schema_version() != version
    with ResourceGraph.open(tmp_path / "estate.duckdb", lag=Lag.none()) as graph:
        advance(graph.estate, 600)
        assert graph.query(f"{OF_MACHINE} | project properties.someNewThing").rows() == [(1,)]


def test_where_a_document_leaves_its_columns() -> None:
    rest = {"properties": {"new": {"a": 1}, "hardwareProfile": {"b": 2}, "osProfile": None, "storageProfile": {"dataDisks": [{}]}}}
    rest |= {"kind": "x", "etag": "no column of Resource Graph"}
    assert paths(VIRTUAL_MACHINES, rest) == {
        ("properties", "new"), ("properties", "hardwareProfile", "b"), ("properties", "osProfile"),
        ("properties", "storageProfile", "dataDisks"), ("kind",),
    }  # fmt: skip
    assert paths(VIRTUAL_MACHINES, {"properties": {"extended": {"instanceView": {"osName": 7, "new": 1}}}}) == {
        ("properties", "extended", "instanceView", "osName"), ("properties", "extended", "instanceView", "new"),
    }  # fmt: skip


def test_many_different_properties_are_looked_at_together() -> None:
    with ResourceGraph.simulated(5, 7, lag=Lag.none()) as graph:
        (first, *_) = graph.query("resources | where type =~ 'microsoft.compute/disks' | project id | order by id asc").rows()
        more = {f"new-{number}": number for number in range(MOST_PATHS + 1)}
        graph.estate.control.patch(first[0], {"properties": {**more, "creationData": {"x": 1}}})
        advance(graph.estate, 600)
        found = graph.query(f"resources | where id == '{first[0]}' | project properties, properties['new-7'], properties.creationData.x, properties.diskState")
        ((whole, seven, inner, state),) = found.rows()
        assert (seven, inner, whole["diskState"]) == (7, 1, state) and more.items() <= whole.items()
        assert len(graph.estate._feed.beyond.of(DISKS)) <= MOST_PATHS


def test_another_size_is_recorded_as_a_change_of_the_property(graph: ResourceGraph) -> None:
    id_ = graph.vm("new-1").id
    graph.estate.control.patch(id_, {"properties": {"hardwareProfile": {"vmSize": "Standard_D4s_v5"}}})
    advance(graph.estate, 600)
    ((change,),) = graph.query(f"""
        resourcechanges | where properties.targetResourceId =~ '{id_}' | extend changes = properties.changes
        | where isnotnull(changes['properties.hardwareProfile.vmSize']) | project changes['properties.hardwareProfile.vmSize']
    """).rows()
    assert (change["previousValue"], change["newValue"]) == ("Standard_D2s_v5", "Standard_D4s_v5")


def test_a_refused_operation_is_no_reason_to_plan_anew(graph: ResourceGraph) -> None:
    version = graph.estate.schema_version()
    with pytest.raises(InventoryError):
        graph.estate.control.patch(graph.vm("new-1").id, {"properties": {"priority": "Nonsense", "notKept": 1}})
    assert graph.estate.schema_version() == version
