"""The query of the source document, byte for byte, against a plain Python pass over the control plane's truth."""

from __future__ import annotations

import pytest

from inventory import Lag
from queries import ResourceGraph
from queries.library import saved_queries

QUERY = """| where type =~ 'Microsoft.Compute/virtualMachines'
| where properties.virtualMachineScaleSet contains "demo"
| extend powerState = properties.extended.instanceView.powerState.code
| project name, resourceGroup, location, powerState
| order by resourceGroup desc, name desc
"""
TYPE = "microsoft.compute/virtualmachines"
Row = tuple[str, str, str, str]


def members(graph: ResourceGraph) -> dict[str, tuple[str, str, str]]:
    """id -> (name, resource group, location) of the machines in a set whose id holds 'demo', read without KQL."""
    with graph.estate.cursor() as cursor:
        rows = cursor.execute(
            'SELECT id, name, "resourceGroup", location, properties."virtualMachineScaleSet".id FROM '
            + graph.estate.truth(TYPE)
        ).fetchall()
    return {
        id_: (name, group, location)
        for id_, name, group, location, scale_set in rows
        if scale_set is not None and "demo" in ('{"id":"' + scale_set + '"}').lower()
    }


def in_order(rows: list[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: (row[1], row[0]), reverse=True)


def truth(graph: ResourceGraph) -> list[Row]:
    states = graph.estate.truth_of_power_states()
    return in_order([(*place, states[id_]) for id_, place in members(graph).items()])


@pytest.mark.parametrize("vms", [1_000, 20_000])
def test_without_lag_the_answer_is_the_truth(vms: int) -> None:
    with ResourceGraph.simulated(vms=vms, seed=7, lag=Lag.none()) as graph:
        for step in range(4):
            result = graph.query(QUERY)
            assert [name for name, _ in result.columns] == ["name", "resourceGroup", "location", "powerState"]
            rows = result.rows()
            assert rows == truth(graph), f"after {step} rounds"
            assert len(rows) > vms // 50
            graph.estate.churn(0.2)
            graph.clock.advance(7)


def test_with_lag_every_row_was_true_within_the_last_minute() -> None:
    with ResourceGraph.simulated(vms=600, seed=11) as graph:
        slowest = int(graph.estate.lag.seconds)
        assert slowest == 60
        past: list[frozenset[Row]] = []  # the truth at every second
        late = 0
        for second in range(100):
            if second % 5 == 0 and second < 70:
                graph.estate.churn(0.05)
            past.append(frozenset(truth(graph)))
            if second > slowest and second % 3 == 0:
                rows = graph.query(QUERY).rows()
                assert rows == in_order(rows)
                recent = frozenset[Row]().union(*past[second - slowest - 1 :])
                assert recent.issuperset(rows), f"at {second} s: {set(rows) - recent} was not true within the last minute"
                late += sum(row not in past[-1] for row in rows)
            graph.clock.advance(1)
        assert late > 0, "nothing was ever on its way: the lag was not tried"
        graph.clock.advance(600)
        assert graph.query(QUERY).rows() == truth(graph)


def test_a_change_shows_after_its_lag_and_not_before() -> None:
    with ResourceGraph.simulated(vms=200, seed=3, lag=Lag(seconds=60, quantiles=((0.0, 0.5), (1.0, 1.0)))) as graph:
        graph.clock.advance(600)
        name = next(row[0] for row in graph.query(QUERY).rows() if row[3] == "PowerState/running")
        graph.vm(name).deallocate()
        graph.clock.advance(29)
        assert {row[0]: row[3] for row in graph.query(QUERY).rows()}[name] == "PowerState/running"
        graph.clock.advance(600)
        assert {row[0]: row[3] for row in graph.query(QUERY).rows()}[name] == "PowerState/deallocated"


def test_it_is_a_saved_query() -> None:
    asked = " ".join(QUERY.split())
    assert any(" ".join(query.text.split()).endswith(asked) for query in saved_queries())
