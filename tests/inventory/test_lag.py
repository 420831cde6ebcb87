"""Nothing younger than its lag is visible, everything older is; readers see all of a refresh or nothing."""

from __future__ import annotations

import itertools
import threading
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inventory import Estate, InventoryError, Lag, SimulatedClock
from inventory.clock import TICKS_PER_SECOND
from inventory.resource_types import DISKS, RESOURCE_TYPES, SCALE_SETS, VIRTUAL_MACHINES, ResourceType

WATCHED = {
    # per type, SQL for what of a row is compared
    VIRTUAL_MACHINES: "power_state.code || ' ' || properties.\"provisioningState\"",
    DISKS: "properties.\"diskState\" || ' ' || \"managedBy\"",
    SCALE_SETS: "coalesce(sku.capacity, -1)::VARCHAR",
}


class Witness:
    """A plain Python account of what should be visible: what was there, and every event with its two times."""

    def __init__(self, estate: Estate, of: ResourceType) -> None:
        self.estate, self.of = estate, of
        self.rows: dict[int, str] = dict(self.ask(f"SELECT _key, {WATCHED[of]} FROM {of.source}"))
        self.events: dict[int, tuple[int, int, int, str | None]] = {}
        self.note()

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        return self.estate.cursor().execute(sql).fetchall()

    def note(self) -> None:
        for seq, key, true_at, visible_at, value in self.ask(
            f"SELECT _seq, _key, _true_at, _visible_at, CASE WHEN NOT _deleted THEN {WATCHED[self.of]} END FROM {self.of.feed}"
        ):
            self.events[seq] = (key, true_at, visible_at, value)

    def at(self, now: int, which: int) -> dict[int, str]:
        expected: dict[int, str | None] = dict(self.rows)
        for _, event in sorted(self.events.items()):
            if event[which] <= now:
                expected[event[0]] = event[3]
        return {key: value for key, value in expected.items() if value is not None}

    def check(self) -> None:
        now = self.estate.clock.ticks()
        assert dict(self.ask(f"SELECT _key, {WATCHED[self.of]} FROM {self.of.source}")) == self.at(now, 2)
        truth = self.estate.truth(self.of.type)
        assert dict(self.ask(f"SELECT _key, {WATCHED[self.of]} FROM {truth}")) == self.at(now, 1)


def advance(estate: Estate, seconds: float) -> None:
    assert isinstance(estate.clock, SimulatedClock)
    estate.clock.advance(seconds)


MOVES = st.one_of(
    st.tuples(st.just("advance"), st.sampled_from([0, 1, 3, 7, 12, 25, 60, 400])),
    st.tuples(st.sampled_from(["start", "power_off", "deallocate", "restart", "delete"]), st.sampled_from([0.02, 0.1, 0.4])),
)


@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(moves=st.lists(MOVES, min_size=3, max_size=8), longest=st.sampled_from([0.0, 5.0, 60.0]))
def test_the_index_shows_exactly_what_is_due(moves: list[tuple[str, float]], longest: float) -> None:
    with Estate.simulated(40, 3, lag=Lag(longest)) as estate:
        witnesses = [Witness(estate, of) for of in WATCHED]
        for what, amount in moves:
            if what == "advance":
                advance(estate, amount)
                estate.refresh()
            else:
                estate.churn(amount, what)
                for witness in witnesses:
                    witness.note()
                estate.refresh()
            for witness in witnesses:
                witness.check()
        advance(estate, 2000)
        estate.refresh()
        assert estate.pending() == 0
        for witness in witnesses:
            witness.check()


def test_lags_lie_within_bounds_and_keep_the_order_of_each_resource(small: Estate) -> None:
    for action in ("deallocate", "start", "restart"):
        small.churn(0.4, action)
        advance(small, 40)
    for of in RESOURCE_TYPES:
        events = small.cursor().execute(
            f"SELECT _key, _true_at, _visible_at FROM {of.feed} ORDER BY _key, _seq"
        ).fetchall()  # fmt: skip
        for key, true_at, visible_at in events:
            assert true_at <= visible_at, key
        for (key, true_at, visible_at), (next_key, next_true, next_visible) in itertools.pairwise(events):
            if key == next_key:
                assert true_at <= next_true and visible_at <= next_visible
    beyond = small.cursor().execute(f"""
        SELECT count(*) FROM {VIRTUAL_MACHINES.feed} f
        WHERE _visible_at - _true_at > {60 * TICKS_PER_SECOND}
          AND _visible_at NOT IN (SELECT _visible_at FROM {VIRTUAL_MACHINES.feed} g WHERE g._key = f._key AND g._seq < f._seq)
    """)
    assert beyond.fetchall() == [(0,)]


def test_cross_resource_order_is_not_kept() -> None:
    with Estate.simulated(300, 7) as estate:
        estate.churn(0.5, "deallocate")
        rows = estate.cursor().execute(f"SELECT _visible_at FROM {VIRTUAL_MACHINES.feed} ORDER BY _true_at, _seq").fetchall()
        assert rows != sorted(rows)


def test_a_fresh_estate_has_something_to_catch_up_with() -> None:
    with Estate.simulated(1000, 7) as estate:
        first = dict(estate.cursor().execute("SELECT id, power_state.code FROM world.virtual_machines").fetchall())
        truth = estate.truth_of_power_states()
        assert 25 <= sum(first[name] != state for name, state in truth.items()) <= 60
        advance(estate, 60)
        assert estate.refresh() > 0
        second = dict(estate.cursor().execute("SELECT id, power_state.code FROM world.virtual_machines").fetchall())
        assert first != second


def test_without_lag_the_index_equals_the_truth_at_every_moment() -> None:
    with Estate.simulated(200, 7, lag=Lag.none()) as estate:
        for step in range(20):
            if step % 10 == 0:
                estate.churn(0.2)
            estate.refresh()
            shown = dict(estate.cursor().execute("SELECT id, power_state.code FROM world.virtual_machines").fetchall())
            assert shown == estate.truth_of_power_states()
            assert estate.pending() == 0
            advance(estate, 1.7)


def test_the_truth_of_a_seed_does_not_depend_on_the_lag() -> None:
    with Estate.simulated(300, 7) as lagging, Estate.simulated(300, 7, lag=Lag.none()) as prompt:
        for seconds in (0, 5, 30):
            advance(lagging, seconds)
            advance(prompt, seconds)
            lagging.refresh()
            prompt.refresh()
            assert lagging.truth_of_power_states() == prompt.truth_of_power_states()


def test_slow_fields_come_later_than_the_row() -> None:
    with Estate.simulated(300, 7, lag=Lag(10, slow_seconds=600)) as estate:
        advance(estate, 1000)
        estate.refresh()
        name = estate.cursor().execute(
            "SELECT id FROM world.virtual_machines WHERE os_name IS NOT NULL AND power_state.code = 'PowerState/running' ORDER BY id LIMIT 1"
        ).fetchall()[0][0]  # fmt: skip
        machine = estate.vm(name).deallocate()
        advance(estate, 36)  # deallocated after 25 s, visible within 10 s
        estate.refresh()
        seen = machine.visible()
        assert seen is not None
        assert seen["properties"]["extended"]["instanceView"]["powerState"]["code"] == "PowerState/deallocated"
        assert "osName" in seen["properties"]["extended"]["instanceView"]
        assert "osName" not in machine.truth()["properties"]["extended"]["instanceView"]
        advance(estate, 600)
        estate.refresh()
        seen = machine.visible()
        assert seen is not None and "osName" not in seen["properties"]["extended"]["instanceView"]


def test_nothing_due_costs_no_statement(small: Estate) -> None:
    advance(small, 1000)
    small.refresh()
    small._store.writer.close()  # any statement would now fail
    advance(small, 5)
    before = small.as_of
    assert small.refresh() == 0
    assert (small.as_of - before).total_seconds() == 5
    small._store.writer = small._store.cursor()


def test_readers_see_all_of_a_refresh_or_nothing() -> None:
    """Every machine and its system disk change in one refresh: a reader must find them in step."""
    with Estate.simulated(200, 7, lag=Lag.none()) as estate:
        advance(estate, 100)
        estate.refresh()
        torn: list[Any] = []
        failed: list[Exception] = []
        done = threading.Event()
        reads = [0]

        def read() -> None:
            try:
                while not done.is_set():
                    rows = estate.cursor().execute("""
                        SELECT v.id FROM world.virtual_machines v JOIN world.disks d ON d."managedBy" = v.id
                        WHERE (v.power_state.code = 'PowerState/deallocated') <> (d.properties."diskState" = 'Reserved')
                    """).fetchall()
                    torn.extend(rows)
                    reads[0] += 1
            except Exception as error:
                failed.append(error)

        readers = [threading.Thread(target=read) for _ in range(1)]
        for reader in readers:
            reader.start()
        for _ in range(4):
            estate.churn(0.5, "deallocate")
            advance(estate, 30)
            estate.refresh()
            estate.churn(1.0, "start")
            # while a machine starts its disks are attached, and it is no longer deallocated
            estate.refresh()
            advance(estate, 30)
            estate.refresh()
        done.set()
        for reader in readers:
            reader.join()
        assert (failed, torn) == ([], [])
        assert reads[0] > 5


def test_refreshes_from_many_threads_apply_each_change_once() -> None:
    with Estate.simulated(300, 7) as estate:
        changed: list[int] = []
        for _ in range(10):
            advance(estate, 6)
            threads = [threading.Thread(target=lambda: changed.append(estate.refresh())) for _ in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        shown = estate.cursor().execute("SELECT count(*), count(DISTINCT _key) FROM world.virtual_machines").fetchall()
        assert shown == [(300, 300)]


@pytest.mark.parametrize(
    "wrong",
    [{"seconds": -1}, {"slow_seconds": -1}, {"quantiles": ((0, 0),)}, {"quantiles": ((0, 0.5), (1, 0.1))},
     {"quantiles": ((0, 0), (1, 2))}],
)  # fmt: skip
def test_impossible_lags_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="lag"):
        Lag(**wrong)


def test_the_clock_does_not_run_backwards(small: Estate) -> None:
    with pytest.raises(ValueError, match="backwards"):
        advance(small, -1)


def test_unknown_types_have_no_truth(small: Estate) -> None:
    with pytest.raises(InventoryError, match="InvalidResourceType"):
        small.truth("microsoft.web/sites")
