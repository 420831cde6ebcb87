"""The estate's database: it survives a killed writer, and no SQL text gets out of it."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import duckdb
import pytest

from inventory import Estate, InventoryError, Lag, SimulatedClock
from inventory.resource_types import VIRTUAL_MACHINES
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


WRITER = textwrap.dedent("""
    import random, sys
    from inventory import Estate, InventoryError
    estate = Estate.open(sys.argv[1])
    number, group, drawn = int(sys.argv[2]), sys.argv[3], random.Random(int(sys.argv[2]))
    print("ready", flush=True)
    made = []
    while True:
        name = f"kept-{number}"
        estate.create_vm(name, group)
        print("made", name, flush=True)
        made.append(name)
        number += 1
        try:
            other = drawn.choice(made)
            if drawn.random() < 0.3:
                estate.vm(other).delete()
                made.remove(other)
                print("gone", other, flush=True)
            else:
                estate.vm(other).deallocate()
        except InventoryError:
            pass
        estate.clock.advance(drawn.choice([1, 7, 40]))
        estate.refresh()
""")

KILLS = int(os.environ.get("LAZULITE_KILLS", "25"))
"""How often a writer is killed; LAZULITE_KILLS=100 for the long run."""


def whole_or_absent(estate: Estate, made: set[str], gone: set[str]) -> set[str]:
    """Check that every acknowledged change is there and none is half there; the names of the machines that are."""
    estate.full_scan()
    cursor = estate.cursor()

    def ask(sql: str) -> list[tuple[str, ...]]:
        return cursor.execute(sql).fetchall()

    truth = estate.truth(VIRTUAL_MACHINES.type)
    names = [name for (name,) in ask(f"SELECT name FROM {truth} WHERE starts_with(name, 'kept')")]
    there = set(names)
    assert len(names) == len(there), "no machine twice"
    assert made - gone <= there, "what was acknowledged is there"
    for table, suffix in (("disks", "_OsDisk_1"), ("network_interfaces", "-nic")):
        parts = ask(f"SELECT replace(name, '{suffix}', '') FROM world.{table} WHERE starts_with(name, 'kept')")
        assert sorted(parts) == sorted((name,) for name in there), "a machine comes and goes with its parts"
    torn = f"SELECT count(*) FROM world.virtual_machines WHERE _key NOT IN (SELECT _key FROM {truth})"
    assert ask(torn) == [(0,)]
    twice = "SELECT id FROM world.virtual_machines GROUP BY id HAVING count(*) > 1"
    assert ask(twice) == []
    return there


def test_every_acknowledged_change_survives_kill_9(tmp_path: Path) -> None:
    path = tmp_path / "estate.duckdb"
    with Estate.create(path, 10, 7) as estate:
        group = estate.cursor().execute("SELECT name FROM world.resource_groups ORDER BY id LIMIT 1").fetchall()[0][0]
    made: set[str] = set()
    gone: set[str] = set()
    drawn = random.Random(5)
    for round_ in range(KILLS):
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path), str(round_ * 1000), group], stdout=subprocess.PIPE, text=True
        ) as writer:
            assert writer.stdout is not None
            assert writer.stdout.readline() == "ready\n"
            # at any moment: in every other round in its very first operation perhaps, else after one was acknowledged
            if round_ % 2 == 0:
                made.add(writer.stdout.readline().split()[1])
            timer = threading.Timer(drawn.random() * 0.4, os.kill, (writer.pid, signal.SIGKILL))
            timer.start()
            for line in writer.stdout:
                word, name = line.split()
                (made if word == "made" else gone).add(name)
            timer.join()
        if round_ % 5 == 4 or round_ == KILLS - 1:
            with Estate.open(path) as estate:
                advance(estate, 1000)
                there = whole_or_absent(estate, made, gone)
                assert not gone & there, "what was acknowledged as deleted is gone once its time has passed"
    assert len(made) >= KILLS // 2


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
