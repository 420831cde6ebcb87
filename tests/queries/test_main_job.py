"""The query of the source document against a plain Python pass over what the control plane knows."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest

from queries import Lag, ResourceGraph, saved_query

QUERY = saved_query("scale-set-power-states").text
DOCUMENT = Path(__file__).parents[3] / "shared" / "reference" / "source-document.md"

VMS = int(os.environ.get("LAZULITE_VMS", "1000"))
"""How many machines the query is asked over; LAZULITE_VMS=1000000 for two minutes."""


def in_index(graph: ResourceGraph) -> list[tuple[Any, ...]]:
    """The query in Python: machines with "demo" in their set's reference, by group and name, descending."""
    rows = graph.estate.cursor().execute(
        "SELECT name, resourceGroup, location, power_state.code, to_json(properties.virtualMachineScaleSet)::VARCHAR"
        " FROM world.virtual_machines"
    )
    found = [row[:4] for row in rows.fetchall() if row[4] is not None and "demo" in row[4].lower()]
    found.sort(key=lambda row: row[0].encode(), reverse=True)
    found.sort(key=lambda row: row[1].encode(), reverse=True)
    return found


def in_truth(graph: ResourceGraph) -> list[tuple[Any, ...]]:
    """The same rows with the power states that a strong read of each machine would show."""
    states = graph.estate.truth_of_power_states()
    rows = graph.estate.cursor().execute(
        "SELECT name, resourceGroup, location, id, to_json(properties.virtualMachineScaleSet)::VARCHAR"
        " FROM world.virtual_machines"
    )
    found = [
        (*row[:3], states.get(row[3])) for row in rows.fetchall() if row[4] is not None and "demo" in row[4].lower()
    ]
    found.sort(key=lambda row: (row[1].encode(), row[0].encode()), reverse=True)
    return found


def test_the_saved_query_is_the_document_s_byte_for_byte() -> None:
    if not DOCUMENT.exists():
        pytest.skip("the source document does not lie beside this checkout")
    block = re.search(
        r"### Query instances for power state.*?```[^\n]*\n(.*?)```", DOCUMENT.read_bytes().decode(), re.S
    )
    assert block is not None
    assert QUERY.endswith(block[1])
    assert all(line.startswith("//") for line in QUERY.removesuffix(block[1]).splitlines())


def test_it_has_four_columns_and_rows(graph: ResourceGraph) -> None:
    result = graph.query(QUERY)
    assert result.columns == (
        ("name", "string"),
        ("resourceGroup", "string"),
        ("location", "string"),
        ("powerState", "dynamic"),
    )
    assert 50 < len(result) < 500
    assert {str(state).partition("/")[0] for *_, state in result.rows()} == {"PowerState"}


def test_without_lag_it_shows_the_truth() -> None:
    with ResourceGraph.simulated(vms=VMS, seed=7, lag=Lag.none()) as graph:
        for seconds in (0, 20, 90):
            graph.advance(seconds)
            graph.estate.churn(0.1)
            assert graph.query(QUERY).rows() == in_truth(graph)


def test_with_lag_it_shows_what_is_old_enough() -> None:
    with ResourceGraph.simulated(vms=VMS, seed=7, lag=Lag(60)) as graph:
        assert graph.query(QUERY).pending > 0
        seen = graph.query(QUERY).rows()
        assert seen != in_truth(graph)
        for _ in range(4):
            graph.advance(15)
            graph.refresh()
            assert graph.query(QUERY).rows() == in_index(graph)
        graph.advance(600)  # every operation has ended and been seen
        result = graph.query(QUERY)
        assert result.rows() == in_truth(graph)


def test_a_stopped_machine_is_seen_after_its_lag(world: ResourceGraph) -> None:
    def state() -> object:
        return world.query(
            "declare query_parameters(machine: string); resources | where id =~ machine"
            " | project tostring(properties.extended.instanceView.powerState.code)",
            machine=machine,
        ).scalar()

    machine = world.query(
        "resources | where type =~ 'microsoft.compute/virtualmachines'"
        " | where properties.extended.instanceView.powerState.code == 'PowerState/running' | order by id asc | take 1"
        " | project id"
    ).scalar()
    world.advance(600)
    world.vm(machine).power_off()
    assert state() == "PowerState/running"
    world.advance(600)
    assert state() == "PowerState/stopped"
    assert (
        world.vm(machine).truth()["properties"]["extended"]["instanceView"]["powerState"]["code"]
        == "PowerState/stopped"
    )
