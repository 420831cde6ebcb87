"""What was acknowledged is there after a restart, however the one before ended: resources, operations, orders."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from inventory import Estate, InventoryError, Lag
from inventory.resource_types import VIRTUAL_MACHINES
from tests.inventory.test_lag import advance

NURSERY = textwrap.dedent("""
    # what takes long to load is loaded once; for each line a child is born that writes until it is killed
    import os, random, sys
    from inventory import Estate, InventoryError
    from inventory.control import plane

    def write(path, number, group):
        drawn = random.Random(number)
        estate = Estate.open(path, threads=1)
        print("ready", flush=True)
        made = []
        while True:
            name = f"kept-{number}"
            machine = estate.create_vm(name, group)
            print("made", name, flush=True)
            made.append(name)
            number += 1
            try:
                other = drawn.choice(made)
                machine = estate.vm(other)
                if drawn.random() < 0.3:
                    asked = estate.control.delete(machine.id)
                    made.remove(other)
                    print("gone", other, flush=True)
                else:
                    asked = estate.control.act(machine.id, "deallocate")
                print("asked", asked.id, flush=True)
            except InventoryError:
                pass
            estate.clock.advance(drawn.choice([1, 7, 40]))
            estate.refresh()

    for line in sys.stdin:
        path, number, group = line.rstrip("\\n").split("\\t")
        child = os.fork()
        if not child:
            try:
                write(path, int(number), group)
            finally:
                os._exit(1)
        print("born", child, flush=True)
        os.waitpid(child, 0)
        print("dead", flush=True)
""")

KILLS = int(os.environ.get("LAZULITE_KILLS", "40"))
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
    for table, suffix in (("disks", "_OsDisk_1_[0-9a-f]+"), ("network_interfaces", "-nic")):
        parts = ask(f"SELECT regexp_replace(name, '{suffix}$', '') FROM world.{table} WHERE starts_with(name, 'kept')")
        assert sorted(parts) == sorted((name,) for name in there), "a machine comes and goes with its parts"
    torn = f"SELECT count(*) FROM world.virtual_machines WHERE _key NOT IN (SELECT _key FROM {truth})"
    assert ask(torn) == [(0,)]
    twice = "SELECT id FROM world.virtual_machines GROUP BY id HAVING count(*) > 1"
    assert ask(twice) == []
    return there


@contextmanager
def nursery() -> Iterator[subprocess.Popen[str]]:
    """A process in which writers are born."""
    with subprocess.Popen(
        [sys.executable, "-c", NURSERY], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as made:
        try:
            yield made
        finally:
            assert made.stdin is not None
            made.stdin.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="writers are forked")
def test_every_acknowledged_change_survives_kill_9(tmp_path: Path) -> None:
    path = tmp_path / "estate.duckdb"
    with Estate.create(path, 10, 7) as estate:
        group = estate.cursor().execute("SELECT name FROM world.resource_groups ORDER BY id LIMIT 1").fetchall()[0][0]
    made: set[str] = set()
    gone: set[str] = set()
    asked: set[str] = set()
    drawn = random.Random(5)
    with nursery() as writers:
        assert writers.stdin is not None and writers.stdout is not None
        for round_ in range(KILLS):
            writers.stdin.write(f"{path}\t{round_ * 1000}\t{group}\n")
            writers.stdin.flush()
            timer: threading.Timer | None = None
            # at any moment: in its very first operation perhaps, or after one or two were acknowledged, however slow it is
            begins = ("made", "ready", "asked")[round_ % 3]
            for line in writers.stdout:
                word, *rest = line.split()
                if word == "born":
                    child = int(rest[0])
                elif word == "dead":
                    break
                elif word in ("made", "gone", "asked"):
                    {"made": made, "gone": gone, "asked": asked}[word].add(rest[0])
                if word == begins and timer is None:
                    timer = threading.Timer(drawn.random() * 0.3, os.kill, (child, signal.SIGKILL))
                    timer.start()
            assert timer is not None, "the writer ended by itself"
            timer.join()
            if round_ % 10 == 9 or round_ == KILLS - 1:
                with Estate.open(path) as estate:
                    advance(estate, 1000)
                    there = whole_or_absent(estate, made, gone)
                    assert not gone & there, "what was acknowledged as deleted is gone once its time has passed"
                    ends = {estate.control.operation(each).status for each in asked}
                    assert ends <= {"Succeeded", "Canceled"}, "every operation is known, and has ended"
    assert len(made) >= KILLS // 2 and asked


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "estate.duckdb"
    Estate.create(made, 20, 7).close()
    return made


def first(estate: Estate, state: str) -> str:
    """The id of a machine in a power state, with nothing under way."""
    settled = f"_key NOT IN (SELECT _key FROM {VIRTUAL_MACHINES.feed})"
    sql = f"SELECT id FROM world.virtual_machines WHERE power_state.code = 'PowerState/{state}' AND {settled} ORDER BY id LIMIT 1"
    return str(estate.cursor().execute(sql).fetchall()[0][0])


def test_an_operation_under_way_goes_on_after_a_restart(path: Path) -> None:
    with Estate.open(path) as estate:
        id_ = first(estate, "running")
        asked = estate.control.act(id_, "deallocate")
        assert asked.status == "InProgress"
    with Estate.open(path) as estate:
        again = estate.control.operation(asked.id)
        assert (again.status, again.ends_at, again.document) == ("InProgress", asked.ends_at, asked.document)
        advance(estate, 600)
        assert again.status == "Succeeded"
        result = again.result()
        assert result is not None and result["id"] == id_
    with Estate.open(path) as estate:
        assert estate.control.operation(asked.id).status == "Succeeded"


def test_operations_that_failed_or_were_overtaken_are_so_after_a_restart(path: Path) -> None:
    with Estate.open(path) as estate:
        id_ = first(estate, "deallocated")
        estate.fail("AllocationFailed", during="start")
        failing = estate.control.act(id_, "start")
        other = first(estate, "running")
        overtaken, deletion = estate.control.act(other, "deallocate"), estate.control.delete(other)
    with Estate.open(path) as estate:
        advance(estate, 600)
        error = estate.control.operation(failing.id).error
        assert error is not None and error.code == "AllocationFailed"
        assert estate.control.operation(overtaken.id).status == "Canceled"
        assert estate.control.operation(deletion.id).result() is None


def test_two_restarts_give_no_operation_the_id_of_another(path: Path) -> None:
    ids = set()
    for _ in range(3):
        with Estate.open(path) as estate:
            ids.add(estate.control.delete("/subscriptions/s/resourceGroups/g/providers/Microsoft.Web/sites/none").id)
    assert len(ids) == 3


def test_ordered_failures_are_kept_until_they_have_happened(path: Path) -> None:
    with Estate.open(path) as estate:
        id_ = first(estate, "deallocated")
        estate.fail("QuotaExceeded", on=id_[-10:], during="start", times=2)
        estate.fail("AllocationFailed", on="nobody")
    for _ in range(2):
        with Estate.open(path) as estate, pytest.raises(InventoryError, match="QuotaExceeded"):
            estate.control.act(id_, "start")
    with Estate.open(path) as estate:
        assert estate.control.act(id_, "start").failure is None
        assert len(estate.control._context.failures._ordered) == 1


def test_the_profile_of_rules_loads_and_a_life_are_kept(path: Path) -> None:
    with Estate.open(path) as estate:
        estate.control.profile = "2021-preview"
        scale_set = estate.control.list("", "Microsoft.Compute/virtualMachineScaleSets")[0]["id"]
        estate.control.load(scale_set, 250)
        estate.live(0.02)
        advance(estate, 90)
        estate.refresh()
    with Estate.open(path) as estate:
        assert estate.control.profile.name == "2021-preview"
        assert estate.control._autoscale.load == {scale_set.lower(): 250}
        before = estate._feed.last_number
        advance(estate, 1200)
        estate.refresh()
        assert estate._feed.last_number > before, "it lives on"
        estate.live(0)
    with Estate.open(path) as estate:
        before = estate._feed.last_number
        advance(estate, 1200)
        estate.refresh()
        assert estate._feed.last_number == before


def test_features_being_registered_become_registered_after_a_restart(path: Path) -> None:
    with Estate.open(path) as estate:
        subscription = estate.control.list("", "Microsoft.Resources/subscriptions")[0]["id"]
        feature = f"{subscription}/providers/Microsoft.Features/providers/Microsoft.Compute/features/VMOrchestratorMultiFD"
        estate.control.act(feature, "register")
        assert estate.control.get(feature)["properties"]["state"] == "Registering"
    with Estate.open(path) as estate:
        assert estate.control.get(feature)["properties"]["state"] == "Registering"
        advance(estate, 900)
        assert estate.control.get(feature)["properties"]["state"] == "Registered"


def test_a_snapshot_of_an_estate_in_memory_knows_its_operations(tmp_path: Path) -> None:
    with Estate.simulated(10, 7, lag=Lag.none()) as estate:
        asked = estate.control.act(first(estate, "running"), "deallocate")
        estate.snapshot(tmp_path / "snapshot.duckdb")
    with Estate.from_snapshot(tmp_path / "snapshot.duckdb") as again:
        assert again.control.operation(asked.id).status == "InProgress"
        advance(again, 600)
        assert again.control.operation(asked.id).status == "Succeeded"


def test_a_snapshot_goes_on_by_the_rules_that_were_chosen(tmp_path: Path) -> None:
    """Deleting a machine keeps its disk and interface in the preview, whoever deletes it first."""
    with Estate.simulated(10, 7, lag=Lag.none()) as estate:
        estate.control.profile = "2021-preview"
        estate.snapshot(tmp_path / "snapshot.duckdb")
    with Estate.from_snapshot(tmp_path / "snapshot.duckdb") as again:
        assert again._control.keeps_parts
