"""Truth beside index: what is missing, stale or a ghost; what was lost and how it heals; how old is what was read."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inventory import Lag
from queries import ResourceGraph
from tests.inventory.test_lag import advance

ALL = "resources | project id, name, properties, tags, managedBy"
MACHINES = "resources | where type =~ 'microsoft.compute/virtualmachines' | project id, state = properties.extended.instanceView.powerState.code"


def settled(**more: Any) -> ResourceGraph:
    graph = ResourceGraph.simulated(30, 7, **more)
    advance(graph.estate, 1000)
    graph.refresh()
    return graph


def test_missing_stale_and_ghost_rows() -> None:
    with settled() as graph:
        assert graph.compare(ALL).same
        (kept, _), (gone, _), *_ = graph.query(MACHINES + " | where state has 'running' | order by id asc").rows()
        graph.vm(kept).deallocate()
        graph.vm(gone).delete()
        new = graph.create_vm("new-one", kept.split("/")[4])
        advance(graph.estate, 12)
        graph.estate.lag = Lag(0)
        shown = graph.compare(MACHINES)
        assert new.id in {row["id"] for row in shown.missing} or any(true["id"] == new.id for _, true in shown.stale)
        assert {row["id"] for row in shown.ghosts} <= {gone}
        assert {true["id"] for _, true in shown.stale} <= {kept, gone, new.id}
        advance(graph.estate, 1000)
        after = graph.compare(MACHINES)
        assert after.same and str(after) == f"0 missing, 0 stale, 0 ghosts of {len(after.truth)} rows"


def test_rows_without_a_key_are_compared_whole() -> None:
    with settled(lag=Lag(600, quantiles=((0, 0.9), (1, 1)))) as graph:
        advance(graph.estate, 5000)
        running = graph.query(MACHINES + " | where state has 'running'").rows()
        graph.vm(running[0][0]).deallocate()
        found = graph.compare(MACHINES + " | summarize n = count() by tostring(state)")
        assert not found.same and not found.stale
        assert {row["state"] for row in found.missing} >= {"PowerState/deallocating"}


@settings(max_examples=3, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(
    moves=st.lists(st.tuples(st.sampled_from(["deallocate", "start", "delete"]), st.sampled_from([5, 40, 300])), min_size=2, max_size=4),
    lost=st.sampled_from([0.5, 1.0]),
)
def test_what_is_lost_stays_lost_until_a_full_scan(moves: list[tuple[str, int]], lost: float) -> None:
    with settled(lag=Lag(30, lost=lost)) as graph:
        advance(graph.estate, 31 * 3600)
        graph.refresh()
        for operation, seconds in moves:
            graph.estate.churn(0.5, operation)
            advance(graph.estate, seconds)
        advance(graph.estate, 600)
        before = graph.compare(ALL)
        if lost == 1.0:
            assert not before.same
        ages = graph.query(ALL).ages
        assert sum(age.lost for age in ages) == sum(age.unseen for age in ages) <= graph.estate.pending()
        graph.estate.full_scan()
        assert graph.compare(ALL).same and graph.estate.pending() == 0


def test_a_full_scan_comes_by_itself_every_thirty_hours() -> None:
    with settled(lag=Lag(30, lost=1.0)) as graph:
        advance(graph.estate, 30 * 3600 - 1000 + 1)  # the scan from the beginning is behind us
        graph.refresh()
        graph.estate.churn(0.5, "deallocate")
        advance(graph.estate, 29 * 3600)
        assert not graph.compare(MACHINES).same
        advance(graph.estate, 3600)
        assert graph.compare(MACHINES).same


def test_a_later_change_that_is_heard_heals_an_earlier_one_that_was_lost() -> None:
    with settled(lag=Lag(30, lost=1.0)) as graph:
        advance(graph.estate, 31 * 3600)
        running = graph.query(MACHINES + " | where state has 'running' | order by id asc").rows()[0][0]
        graph.vm(running).deallocate()
        advance(graph.estate, 200)
        graph.estate.lag = Lag(30)
        graph.vm(running).start()
        advance(graph.estate, 300)
        assert graph.compare(f"{MACHINES} | where id == '{running}'").same
        assert graph.estate.pending() == 0 or all(age.type != "microsoft.compute/virtualmachines" for age in graph.query(ALL).ages)


def test_ages_tell_how_far_the_index_is_behind() -> None:
    with settled() as graph:
        assert list(graph.query(ALL).ages) == []
        graph.estate.churn(0.5, "deallocate")
        result = graph.query(MACHINES)
        (age,) = [age for age in result.ages if age.type == "microsoft.compute/virtualmachines"]
        assert age.unseen >= len(graph.compare(MACHINES).stale) > 0 and age.oldest_seconds == 0 and age.lost == 0
        advance(graph.estate, 4)
        assert max(age.oldest_seconds for age in graph.query(MACHINES).ages) == 4
        assert list(graph.query("advisorresources").ages) == []


def test_ids_wander_in_letter_case_when_asked_to() -> None:
    with settled(lag=Lag(5, wandering_case=0.5)) as graph:
        seen: dict[str, set[str]] = {}
        for _ in range(5):
            graph.estate.churn(1.0, "restart")
            advance(graph.estate, 60)
            for (id_,) in graph.query("resources | where type =~ 'microsoft.compute/virtualmachines' | project id").rows():
                seen.setdefault(id_.lower(), set()).add(id_)
        assert any(len(forms) > 1 for forms in seen.values())
        assert all(len(forms) <= 2 for forms in seen.values())
        assert len(seen) == 30 and graph.compare(ALL).same
        assert {form.rsplit("/", 1)[-1] for forms in seen.values() for form in forms} == {vm.rsplit("/", 1)[-1] for vm in (next(iter(f)) for f in seen.values())}


def test_the_same_seed_loses_and_wanders_the_same() -> None:
    def play() -> list[Any]:
        with ResourceGraph.simulated(20, 9, lag=Lag(30, lost=0.3, wandering_case=0.3)) as graph:
            for _ in range(3):
                graph.estate.churn(0.5)
                advance(graph.estate, 40)
            return [graph.query("resources | order by id asc").rows(), graph.query("resourcechanges | order by id asc").rows()]

    assert play() == play()


def test_slow_fields_that_were_lost_do_not_come_back_over_later_ones() -> None:
    ask = "resources | where type =~ 'microsoft.compute/virtualmachines' | project id, os = properties.extended.instanceView.osName"
    with settled(lag=Lag(30, lost=1.0)) as graph:
        advance(graph.estate, 31 * 3600)
        running = graph.query(ask + " | where isnotempty(os) | order by id asc").rows()[0][0]
        graph.vm(running).deallocate()  # os is gone, which is lost
        advance(graph.estate, 200)
        graph.estate.lag = Lag(30)
        graph.vm(running).start()
        advance(graph.estate, 1000)
        assert graph.compare(f"{ask} | where id == '{running}'").same
        advance(graph.estate, 31 * 3600)  # over the scan at which the lost one would have come
        assert graph.compare(f"{ask} | where id == '{running}'").same


def test_columns_that_hang_on_the_data_hang_on_the_data_of_then() -> None:
    unpacked = "resources | where type =~ 'microsoft.compute/disks' | project tags | evaluate bag_unpack(tags) | take 5"
    with ResourceGraph.simulated(20, 7) as graph:
        then = graph.clock.now()
        names = [column.name for column in graph.query(unpacked).columns]
        graph.advance(600)
        assert names and [column.name for column in graph.query(unpacked, as_of=then).columns] == names
        assert [column.name for column in graph.query(unpacked, truth=True).columns] == names
