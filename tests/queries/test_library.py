"""The saved queries: each says what it is for, compiles, and answers something over the simulated estate."""

from __future__ import annotations

import pytest

from queries import ResourceGraph, SavedQuery, saved_queries, saved_query


def test_there_are_many_and_each_says_what_it_is() -> None:
    queries = saved_queries()
    assert len(queries) >= 12
    assert len({query.title for query in queries}) == len(queries)
    for query in queries:
        assert query.title != query.name and query.purpose, query.name
        assert query.text.endswith("\n") and len(query.purpose) <= 130, query.name


@pytest.mark.parametrize("query", saved_queries(), ids=lambda query: query.name)
def test_it_answers(graph: ResourceGraph, query: SavedQuery) -> None:
    result = graph.query(query.text)
    assert len(result)
    assert not any(row == (None,) * len(row) for row in result.rows())
    for parameter in query.parameters:
        assert parameter.default is not None, "a saved query can be asked without values"


# The service takes no parameters: its clients write the values into the text.
@pytest.mark.parametrize("query", [q for q in saved_queries() if not q.parameters], ids=lambda query: query.name)
def test_the_service_would_answer_it_too(graph: ResourceGraph, query: SavedQuery) -> None:
    graph.compile(query.text, profile="resource-graph")


def test_answers_agree_with_each_other(graph: ResourceGraph) -> None:
    def column(name: str, index: int, **parameters: object) -> list[object]:
        return [row[index] for row in graph.query(saved_query(name).text, parameters=parameters).rows()]

    machines = graph.query("resources | where type =~ 'microsoft.compute/virtualmachines' | count").scalar()
    assert machines == 1000
    assert sum(map(int, column("power-states-by-region", 1))) == machines
    assert sum(map(int, column("images", 3))) == machines
    assert sum(map(int, column("machines-per-subscription", 2))) == machines
    assert sum(map(int, column("machines-by-size", 1, most=1000))) == machines
    in_sets = graph.query(
        "resources | where type =~ 'microsoft.compute/virtualmachines'"
        " | where isnotempty(properties.virtualMachineScaleSet.id) | count"
    ).scalar()
    assert sum(map(int, column("power-states-per-scale-set", 3))) == in_sets
    assert sum(map(int, column("fault-domain-spread", 3))) == in_sets


def test_a_parameter_changes_the_answer(graph: ResourceGraph) -> None:
    text = saved_query("find-machine").text
    every = graph.query(text, text="").rows()
    some = graph.query(text, text="demo").rows()
    assert len(every) == 1000
    assert some == [row for row in every if "demo" in row[0].lower()]


def test_a_name_that_does_not_exist_names_the_nearest() -> None:
    with pytest.raises(KeyError, match="did you mean orphaned-disks"):
        saved_query("orphand-disks")
    assert saved_query("Orphaned-Disks.kql").name == "orphaned-disks"
