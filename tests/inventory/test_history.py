"""The past, change records and health: what was shown is shown again, and what changed is told property by property."""

from __future__ import annotations

import itertools
import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inventory import Estate, History, InventoryError, Lag
from queries import ResourceGraph
from tests.inventory.test_lag import advance

EXAMPLES = Path(__file__).parents[3] / "shared" / "reference" / "arg-examples"
STATES = (
    "resources | where type =~ 'microsoft.compute/virtualmachines' or type =~ 'microsoft.compute/disks' "
    "| project id, properties | order by id asc"
)
HEALTH = "healthresources | project id, properties | order by id asc"
CHANGES = "resourcechanges | project id, properties | order by id asc"


def outline(value: Any) -> Any:
    """The keys of a document in their order; what stands below `changes` is compared by its first member."""
    if isinstance(value, dict):
        return {name: outline(inner) for name, inner in value.items()}
    return type(value).__name__ if value is not None else None


@settings(max_examples=3, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(
    moves=st.lists(
        st.tuples(st.sampled_from(["deallocate", "start", "delete", "restart"]), st.sampled_from([3, 25, 70, 400])),
        min_size=3,
        max_size=5,
    ),
    lost=st.sampled_from([0.0, 0.3]),
)
def test_a_query_as_of_an_earlier_time_answers_as_it_did_then(moves: list[tuple[str, int]], lost: float) -> None:
    with ResourceGraph.simulated(25, 5, lag=Lag(60, lost=lost, wandering_case=0.5)) as graph:
        answers: list[tuple[datetime, list[Any]]] = []
        for operation, seconds in moves:
            graph.estate.churn(0.4, operation)
            advance(graph.estate, seconds)
            asked = [graph.query(text) for text in (STATES, HEALTH, CHANGES)]
            answers.append((asked[0].as_of, [answer.rows() for answer in asked]))
        advance(graph.estate, 40 * 3600)
        graph.refresh()
        for then, before in answers:
            assert [graph.query(text, as_of=then).rows() for text in (STATES, HEALTH, CHANGES)] == before


def test_a_past_moment_does_not_depend_on_who_looked() -> None:
    def play(look: bool) -> ResourceGraph:
        graph = ResourceGraph.simulated(25, 5)
        for _ in range(4):
            graph.estate.churn(0.4)
            for _ in range(3):
                advance(graph.estate, 9)
                if look:
                    graph.refresh()
        advance(graph.estate, 1000)
        return graph

    with play(True) as watched, play(False) as unwatched:
        start = watched.clock.now() - timedelta(seconds=1108)
        for seconds in range(0, 200, 23):
            then = start + timedelta(seconds=seconds)
            assert watched.query(STATES, as_of=then).rows() == unwatched.query(STATES, as_of=then).rows()


def test_now_in_a_query_about_the_past_is_then() -> None:
    with ResourceGraph.simulated(5, 7) as graph:
        then = graph.clock.now()
        advance(graph.estate, 100)
        result = graph.query("print now()", as_of=then)
        assert result.scalar() == then == result.as_of


def test_the_history_has_a_beginning_and_an_end() -> None:
    with ResourceGraph.simulated(5, 7, history=History(days=1)) as graph:
        start = graph.clock.now()
        for wrong in (start - timedelta(seconds=1), start + timedelta(seconds=1)):
            with pytest.raises(InventoryError, match="HistoryUnavailable"):
                graph.query("resources", as_of=wrong)
        advance(graph.estate, 2 * 86400)
        graph.estate.churn(1.0, "restart")
        advance(graph.estate, 100)
        graph.refresh()
        with pytest.raises(InventoryError, match="the history reaches from"):
            graph.query("resources", as_of=start)
        assert len(graph.query("resources", as_of=graph.clock.now() - timedelta(hours=23))) > 0
    with ResourceGraph.simulated(5, 7, history=History.none()) as graph:
        graph.estate.churn(1.0, "restart")
        advance(graph.estate, 1000)
        assert len(graph.query("resourcechanges")) == 0
        with pytest.raises(InventoryError, match="without a history"):
            graph.query("resources", as_of=graph.clock.now())


def test_the_past_is_bounded_and_stays_right() -> None:
    with ResourceGraph.simulated(30, 7, history=History(most=400), lag=Lag(5)) as graph:
        answers = []
        for _ in range(8):
            graph.estate.churn(0.6)
            advance(graph.estate, 60)
            answer = graph.query(STATES)
            answers.append((answer.as_of, answer.rows()))
        begins = graph.estate._past.begins
        kept = [(then, rows) for then, rows in answers if then.timestamp() * 10**7 + 621355968000000000 >= begins]
        assert 1 < len(kept) < len(answers), "some of the past is gone, some is there"
        for then, rows in kept:
            assert graph.query(STATES, as_of=then).rows() == rows
        assert graph.estate._past._images <= 400 * 1.1 + 100


def changes_of(graph: ResourceGraph, id_: str) -> list[dict[str, Any]]:
    text = f"resourcechanges | where properties.targetResourceId =~ '{id_}' | order by tostring(properties.changeAttributes.timestamp) asc"
    return graph.query(text).to_pylist()


@pytest.fixture(scope="module")
def lived() -> Any:
    """A machine that was created, stopped and deleted, and the records that tell of it."""
    with ResourceGraph.simulated(10, 7, lag=Lag(5)) as graph:
        advance(graph.estate, 1000)
        group = graph.query("resourcecontainers | where type has 'resourcegroups' | project name | order by name asc").rows()[0][0]
        machine = graph.create_vm("tell-me", group, tags={"env": "prod"})
        advance(graph.estate, 100)
        machine.deallocate()
        advance(graph.estate, 100)
        health = graph.query(f"healthresources | where id startswith '{machine.id}/'").to_pylist()
        machine.delete()
        advance(graph.estate, 200)
        yield graph, machine, changes_of(graph, machine.id), health


def test_a_life_in_change_records(lived: Any) -> None:
    _graph, machine, records, _ = lived
    kinds = [record["properties"]["changeType"] for record in records]
    assert kinds[0] == "Create" and kinds[-1] == "Delete" and set(kinds[1:-1]) == {"Update"}
    attributes = [record["properties"]["changeAttributes"] for record in records]
    for before, after in itertools.pairwise(attributes):
        assert before["newResourceSnapshotId"] == after["previousResourceSnapshotId"]
    assert attributes[0]["previousResourceSnapshotId"] is None and attributes[-1]["newResourceSnapshotId"] is None
    operations = [attribute["operation"].removeprefix("microsoft.compute/virtualmachines/") for attribute in attributes]
    assert operations[0] == "write" and "deallocate/action" in operations and operations[-1] == "delete"
    seen = [record["properties"]["changes"] for record in records]
    power = [c["properties.extended.instanceView.powerState.code"] for c in seen if "properties.extended.instanceView.powerState.code" in c]
    assert [(p["previousValue"], p["newValue"]) for p in power[-2:]] == [
        ("PowerState/running", "PowerState/deallocating"), ("PowerState/deallocating", "PowerState/deallocated"),
    ]  # fmt: skip
    assert {p["changeCategory"] for p in power} == {"System"} and {p["propertyChangeType"] for p in power} == {"Update"}
    for record in records:
        assert record["properties"]["changeAttributes"]["changesCount"] == len(record["properties"]["changes"])
        assert record["id"].startswith(record["properties"]["targetResourceId"] + "/providers/Microsoft.Resources/changes/")
        assert record["resourceGroup"] == machine.id.split("/")[4].lower()


@pytest.mark.skipif(not EXAMPLES.exists(), reason="the recorded examples lie beside the checkout, and are not there")
def test_records_have_the_shape_of_the_service(lived: Any) -> None:
    _, _, records, health = lived
    examples = json.loads((EXAMPLES / "resourcechanges.json").read_text())
    for kind in ("Create", "Update", "Delete"):
        expected = next(each for each in examples if each["properties"]["changeType"] == kind)
        found = next(each for each in records if each["properties"]["changeType"] == kind)
        for document in (expected, found):
            document["properties"]["changes"] = dict(list(document["properties"]["changes"].items())[:1])
            document["properties"]["changes"] = list(document["properties"]["changes"].values())
        assert outline(found) == outline(expected)
        assert [outline(c) for c in found["properties"]["changes"]] == [outline(c) for c in expected["properties"]["changes"]]
    for expected in json.loads((EXAMPLES / "healthresources.json").read_text()):
        found = next(each for each in health if each["type"] == expected["type"])
        assert outline(found) == outline(expected)


def test_health_follows_power(lived: Any) -> None:
    graph, machine, _, health = lived
    said = {row["type"].rsplit("/", 1)[-1]: row["properties"] for row in health}
    assert (said["availabilitystatuses"]["previousAvailabilityState"], said["availabilitystatuses"]["availabilityState"]) == ("Available", "Unavailable")
    assert said["resourceannotations"]["annotationName"] == "VirtualMachineDeallocationInitiated"
    assert graph.query(f"healthresources | where id startswith '{machine.id}/'").rows() == []
    machines = graph.query("resources | where type =~ 'microsoft.compute/virtualmachines' | count").scalar()
    assert graph.query("healthresources | where type has 'availabilitystatuses' | count").scalar() == machines


def test_changes_of_tags_lists_and_documents_of_any_type(lived: Any) -> None:
    graph = lived[0]
    group = graph.query("resourcecontainers | where type has 'resourcegroups' | project id | order by id asc").rows()[0][0]
    id_ = f"{group}/providers/Microsoft.Web/sites/one"
    first = {"location": "eastus", "tags": {"a": "1", "b": "2"}, "properties": {"list": [{"x": 1}, {"x": 2}], "same": True}}
    second = {"location": "eastus", "tags": {"a": "1", "c": "3"}, "properties": {"list": [{"x": 1}, {"x": 5}, {"x": 6}], "same": True}}
    for document in (first, second):
        graph.estate.control.put(id_, document)
        advance(graph.estate, 100)
    (update,) = [r["properties"] for r in changes_of(graph, id_.replace("Microsoft.Web", "microsoft.web")) if r["properties"]["changeType"] == "Update"]
    told = {name: (c["previousValue"], c["newValue"], c["propertyChangeType"]) for name, c in update["changes"].items()}
    expected = {
        "tags.b": ("2", "null", "Remove"), "tags.c": ("null", "3", "Insert"),
        "properties.list[1].x": ("2", "5", "Update"), "properties.list[2].x": ("null", "6", "Insert"),
    }  # fmt: skip
    assert expected.items() <= told.items() and "properties.same" not in told


def test_a_still_estate_has_no_past() -> None:
    with Estate.simulated(20, 7) as estate:
        advance(estate, 1000)
        estate.refresh()
        before = estate._past._images
        for _ in range(5):
            advance(estate, 3000)
            estate.refresh()
        assert estate._past._images == before


def test_records_are_forgotten_after_their_time_though_nothing_happens() -> None:
    with ResourceGraph.simulated(10, 7) as graph:
        graph.estate.churn(1.0)
        advance(graph.estate, 1000)
        assert len(graph.query("resourcechanges")) > 0
        advance(graph.estate, 13 * 86400)
        assert len(graph.query("resourcechanges")) > 0
        advance(graph.estate, 2 * 86400)
        assert len(graph.query("resourcechanges")) == 0 and graph.estate._past._images == 0
