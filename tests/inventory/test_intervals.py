"""All that the index showed in an interval: the same as what it showed at each time of it, one row for each state."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from inventory import History, InventoryError, Lag
from inventory.clock import from_ticks
from queries import ResourceGraph
from tests.inventory.test_lag import advance

SHOWN = ("resources", "healthresources", "resourcechanges", "computeresources")
COLUMNS = "id, properties, tags, managedBy, sku"
POWER = "properties.extended.instanceView.powerState.code"


def by_id(graph: ResourceGraph, table: str, then: datetime) -> dict[str, Any]:
    rows = graph.query(f"{table} | project {COLUMNS}", as_of=then).rows()
    return {id_.lower(): (id_, *rest) for id_, *rest in rows}


@pytest.mark.parametrize(
    ("moves", "lost", "begin"),
    [
        ([("deallocate", 3), ("start", 70), ("delete", 25)], 0.0, 0),
        ([("delete", 25), ("deallocate", 70), ("restart", 3), ("start", 400)], 0.3, 95),
    ],
)
def test_an_interval_is_all_its_times(moves: list[tuple[str, int]], lost: float, begin: int) -> None:
    with ResourceGraph.simulated(12, 5, lag=Lag(60, lost=lost, wandering_case=0.5)) as graph:
        start = graph.clock.now() + timedelta(seconds=begin)
        for operation, seconds in moves:
            graph.estate.churn(0.4, operation)
            advance(graph.estate, seconds)
        graph.create_vm("late", graph.query("resources | project resourceGroup | take 1").scalar())
        advance(graph.estate, 500)
        end = graph.clock.now()
        advance(graph.estate, 40 * 3600)
        for table in SHOWN:
            answer = graph.query(f"{table} | project _shown_at, {COLUMNS}", during=(start, end))
            states: dict[str, list[tuple[datetime, Any]]] = {}
            latest = 0
            for at, id_, *rest in answer.rows():
                assert latest <= at
                latest = at
                states.setdefault(id_.lower(), []).append((from_ticks(at + 9), (id_, *rest)))
            changes = sorted({at for rows in states.values() for at, _ in rows})
            assert start <= changes[0] and changes[-1] < end
            assert table != "resources" or (changes[0] == start and len(changes) > 8)
            for rows in states.values():
                assert all(one[1] != other[1] and one[0] < other[0] for one, other in pairwise(rows))
            times = changes[:: len(changes) // 4 + 1]
            for then in {*times, *(each - timedelta(seconds=1) for each in times[1:]), end - timedelta(microseconds=1)}:
                shown = by_id(graph, table, then)
                by_then = {key: [row for at, row in rows if at <= then] for key, rows in states.items()}
                assert shown == {key: by_then[key][-1] for key in shown}
                assert {key for key, rows in states.items() if any(at == then for at, _ in rows)} <= set(shown)


def test_order_of_time_holds_through_steps_and_gives_way_to_another() -> None:
    with ResourceGraph.simulated(12, 7) as graph:
        start = graph.clock.now()
        graph.estate.churn(0.5, "deallocate")
        advance(graph.estate, 600)
        during = (start, graph.clock.now())
        at = "resources | extend t = _shown_at | where isnotempty(name) | extend state = POWER | project t".replace("POWER", POWER)
        times = [row[0] for row in graph.query(at, during=during).rows()]
        assert times == sorted(times) and len(set(times)) > 5
        assert [row[0] for row in graph.query(at + " | take 3", during=during).rows()] == times[:3]
        assert [row[0] for row in graph.query(at + " | order by t desc", during=during).rows()] == times[::-1]
        assert graph.query("resources | count", during=during).scalar() == len(times)
        assert "_shown_at" not in [column.name for column in graph.query("resources | take 1", during=during).columns]


def test_what_cannot_be_looked_at_is_said() -> None:
    second = timedelta(seconds=1)
    with ResourceGraph.simulated(3, 7) as graph:
        now = graph.clock.now()
        for wrong, told in (
            ((now, now), "must end after it starts"),
            ((now - second, now + second), "HistoryUnavailable"),
            ((now + second, now + 2 * second), "HistoryUnavailable"),
        ):
            with pytest.raises(InventoryError, match=told):
                graph.query("resources", during=wrong)
        with pytest.raises(ValueError, match="one of them"):
            graph.query("resources", during=(now, now + second), as_of=now)
        with pytest.raises(ValueError, match="truth"):
            graph.query("resources", during=(now, now + second), truth=True)
    with (
        ResourceGraph.simulated(3, 7, history=History.none()) as graph,
        pytest.raises(InventoryError, match="without a history"),
    ):
        graph.query("resources", during=(graph.clock.now(), graph.clock.now() + second))
