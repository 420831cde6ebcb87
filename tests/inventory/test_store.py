"""The estate's database: a file holds what memory holds, and no SQL text gets out of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from inventory import Estate, InventoryError, Lag, RealClock, SimulatedClock
from tests.inventory.test_generation import fingerprint
from tests.inventory.test_lag import advance


def test_a_file_holds_the_same_estate_as_memory(tmp_path: Path) -> None:
    with Estate.create(tmp_path / "estate.duckdb", 150, 7) as kept, Estate.simulated(150, 7) as fleeting:
        assert fingerprint(kept) == fingerprint(fleeting)
        assert [s.metadata for s in kept.schemas()] == [s.metadata for s in fleeting.schemas()]


def test_an_estate_goes_on_where_it_stood(tmp_path: Path) -> None:
    path = tmp_path / "estate.duckdb"
    with Estate.create(path, 100, 7) as estate:
        advance(estate, 100)
        estate.refresh()
        estate.churn(0.3, "deallocate")
        advance(estate, 10)
        before = (estate.pending(), estate.clock.now(), estate.truth_of_power_states(), fingerprint(estate))
        number = estate._feed.last_number
    with Estate.open(path) as estate:
        after = (estate.pending(), estate.clock.now(), estate.truth_of_power_states(), fingerprint(estate))
        assert before == after
        assert estate._feed.last_number == number
        advance(estate, 1000)
        assert estate.refresh() > 0
        assert estate.pending() == 0


def test_what_can_go_wrong_with_files(tmp_path: Path) -> None:
    with pytest.raises(InventoryError, match="no estate at"):
        Estate.open(tmp_path / "nothing.duckdb")
    other = tmp_path / "other.duckdb"
    duckdb.connect(str(other)).close()
    with pytest.raises(InventoryError, match="not an estate"):
        Estate.open(other)
    text = tmp_path / "text.duckdb"
    text.write_text("no database")
    with pytest.raises(InventoryError, match="cannot open"):
        Estate.open(text)
    with pytest.raises(InventoryError, match="exists already"):
        Estate.create(text, 10)
    made = tmp_path / "it's a file.duckdb"
    Estate.create(made, 5).close()
    with Estate.open(made, clock=SimulatedClock(), lag=Lag.none()) as estate:
        assert len(estate.truth_of_power_states()) == 5
    assert sorted(path.name for path in tmp_path.iterdir()) == ["it's a file.duckdb", "other.duckdb", "text.duckdb"]


ESCAPES = [
    "COPY (SELECT 1) TO '{path}/out.csv'",
    "COPY world.virtual_machines TO '{path}/out.parquet'",
    "EXPORT DATABASE '{path}/all'",
    "ATTACH '{path}/other.duckdb'",
    "SELECT * FROM read_csv('/etc/passwd')",
    "SELECT * FROM read_text('/etc/passwd')",
    "SELECT * FROM '/etc/passwd'",
    "INSTALL httpfs",
    "LOAD httpfs",
    "SET enable_external_access = true",
    "SET threads = 64",
    "SET temp_directory = '{path}'",
    "RESET lock_configuration",
]


@pytest.mark.parametrize("statement", ESCAPES)
def test_no_statement_reaches_another_file(tmp_path: Path, statement: str) -> None:
    with Estate.create(tmp_path / "estate.duckdb", 5, 7) as estate, pytest.raises(duckdb.Error):
        estate.cursor().execute(statement.format(path=tmp_path)).fetchall()
    assert [path.name for path in tmp_path.iterdir()] == ["estate.duckdb"]


def test_settings_that_the_asking_room_relies_on(settled: Estate) -> None:
    cursor = settled.cursor()
    for setting, value in [("TimeZone", "UTC"), ("late_materialization_max_rows", "1000"), ("preserve_insertion_order", "true")]:
        assert str(cursor.execute(f"SELECT current_setting('{setting}')").fetchall()[0][0]).lower() == value.lower()


def test_threads_and_memory_can_be_set() -> None:
    with Estate.simulated(5, threads=1, memory_limit="500MB") as estate:
        cursor = estate.cursor()
        assert cursor.execute("SELECT current_setting('threads')").fetchall() == [(1,)]
        assert "MiB" in cursor.execute("SELECT current_setting('memory_limit')").fetchall()[0][0]


def test_compression_in_time_changes_nothing_that_is_seen() -> None:
    with Estate.simulated(200, 7) as estate:
        before = fingerprint(estate)
        estate._store.compress_in_time(10**9)
        assert fingerprint(estate) == before


def test_the_clock_of_an_estate_never_runs_backwards(tmp_path: Path) -> None:
    path = tmp_path / "estate.duckdb"
    with Estate.create(path, 3, 7) as estate:
        estate.clock.advance(3600)
        now = estate.clock.now()
    for earlier in (SimulatedClock(now - timedelta(seconds=1)), SimulatedClock(datetime(2020, 1, 1, tzinfo=UTC))):
        with pytest.raises(InventoryError, match=r"InvalidClock.*run backwards"):
            Estate.open(path, clock=earlier)
    with Estate.open(path) as estate:
        assert estate.clock.now() == now
        estate.clock.advance(timedelta(days=10_000))
        now = estate.clock.now()
    with pytest.raises(InventoryError, match="InvalidClock"):
        Estate.open(path, clock=RealClock())
    with Estate.open(path, clock=SimulatedClock(now + timedelta(days=1))) as estate:
        assert estate.clock.now() == now + timedelta(days=1)


def test_a_clock_stops_before_the_end_of_time() -> None:
    clock = SimulatedClock()
    before = clock.now()
    for seconds in (1e12, 1e300, float("inf"), float("nan")):
        with pytest.raises(InventoryError, match="InvalidClock"):
            clock.advance(seconds)
    assert clock.now() == before
