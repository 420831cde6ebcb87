"""Documents of any type: they come in by the feed like all others, and show in the table that their type belongs to."""

from __future__ import annotations

from typing import Any

import pytest

from inventory import Estate, Lag
from inventory.control.records import Image, Records
from inventory.generic import GENERIC, row_of, table_of
from queries import ResourceGraph
from tests.inventory.test_lag import advance

SITE = {
    "id": "/subscriptions/s/resourceGroups/RG/providers/Microsoft.Web/sites/x", "name": "x", "type": "Microsoft.Web/sites",
    "kind": "app", "location": "East US", "resourceGroup": "RG", "properties": {"hosts": ["a", None, 1.5], "deep": {"é": True}},
    "tags": {"env": "prod"},
}  # fmt: skip


def announce(estate: Estate, *documents: dict[str, Any]) -> None:
    records = Records(estate._store, estate._feed, estate.tenant_id)
    with estate._feed.writing():
        for document in documents:
            records.write(GENERIC, [Image(0, dict(row_of(document)))], records.new_keys())


def test_a_document_shows_after_its_lag_with_all_its_properties() -> None:
    with ResourceGraph.simulated(10, 7) as graph:
        advance(graph.estate, 100)
        ask = "resources | where type =~ 'microsoft.web/sites'"
        before = graph.schema
        announce(graph.estate, SITE)
        assert len(graph.query(ask)) == 0
        assert graph.schema is before, "nothing new can be asked as long as nothing shows"
        advance(graph.estate, 60)
        (row,) = graph.query(ask).to_pylist()
        assert row["properties"] == SITE["properties"] and row["tags"] == SITE["tags"]
        assert (row["type"], row["resourceGroup"], row["location"], row["kind"]) == (
            "microsoft.web/sites",
            "RG",
            "East US",
            "app",
        )
        assert (row["sku"], row["zones"], row["managedBy"]) == (None, None, "")
        assert graph.query(
            "resources | where properties.hosts[2] > 1 | project tags.env, properties.deep.é"
        ).rows() == [("prod", True)]


def test_documents_stand_beside_typed_rows() -> None:
    machine = {"id": "/m", "name": "m", "type": "microsoft.compute/virtualmachines",
               "properties": {"extended": {"instanceView": {"powerState": {"code": "PowerState/odd"}}}}}  # fmt: skip
    ask = "resources | where type =~ 'microsoft.compute/virtualmachines' | summarize n = count() by tostring(properties.extended.instanceView.powerState.code)"
    with ResourceGraph.simulated(10, 7, lag=Lag.none()) as graph:
        before = dict(graph.query(ask).rows())
        announce(graph.estate, machine)
        assert dict(graph.query(ask).rows()) == {**before, "PowerState/odd": 1}


def test_each_document_shows_in_the_table_of_its_type() -> None:
    advice = {"id": "/a", "name": "a", "type": "Microsoft.Advisor/recommendations", "properties": {"impact": "High"}}
    with ResourceGraph.simulated(5, 7, lag=Lag.none()) as graph:
        assert len(graph.query("advisorresources")) == 0
        announce(graph.estate, advice, SITE)
        assert graph.query("advisorresources | project name, properties.impact").rows() == [("a", "High")]
        assert graph.query("resources | where name in ('a', 'x') | project name").rows() == [("x",)]


@pytest.mark.parametrize(
    ("type_name", "changed", "table"),
    [
        ("Microsoft.Web/sites", "", "Resources"),
        ("microsoft.compute/virtualMachineScaleSets/virtualMachines/networkInterfaces", "", "ComputeResources"),
        ("microsoft.compute/virtualmachinescalesets", "", "Resources"),
        ("microsoft.resources/changes", "microsoft.compute/disks", "ResourceChanges"),
        ("microsoft.resources/changes", "microsoft.resources/subscriptions/resourcegroups", "ResourceContainerChanges"),
        ("microsoft.resources/subscriptions/resourceGroups", "", "ResourceContainers"),
        ("microsoft.resourcehealth/availabilitystatuses", "", "HealthResources"),
        ("microsoft.maintenance/maintenanceconfigurations", "", "Resources"),
        ("microsoft.maintenance/updates", "", "MaintenanceResources"),
    ],
)
def test_tables_of_types(type_name: str, changed: str, table: str) -> None:
    assert table_of(type_name, changed) == table


def test_a_reopened_estate_shows_its_documents(tmp_path: Any) -> None:
    path = tmp_path / "estate.duckdb"
    with Estate.create(path, 5, 7, lag=Lag.none()) as estate:
        announce(estate, SITE)
        estate.refresh()
    with ResourceGraph.open(path) as graph:
        assert graph.query("resources | where type == 'microsoft.web/sites' | project name").rows() == [("x",)]
