"""An estate that lives: what happens by itself is reproducible, keeps the laws, and has an end."""

from __future__ import annotations

import os
from datetime import UTC, datetime

import pytest

from inventory import Estate, InventoryError, SimulatedClock, compaction, store
from inventory.control.records import FIRST_NEW_KEY
from inventory.tables import TABLES
from tests.inventory.test_lag import advance


def lived(minutes: int, rate: float = 0.05) -> Estate:
    estate = Estate.simulated(100, 7)
    estate.live(rate)
    for _ in range(minutes):
        advance(estate, 60)
        estate.refresh()
    return estate


def test_the_same_seed_lives_the_same_day() -> None:
    found = []
    for _ in range(2):
        with lived(2) as estate:
            found.append(estate.cursor().execute("SELECT id, power_state.code FROM world.virtual_machines ORDER BY id").fetchall())
    assert found[0] == found[1]


def test_a_day_can_be_ended_and_has_a_rate() -> None:
    with lived(1) as estate:
        estate.live(0)
        advance(estate, 600)
        estate.refresh()
        last = estate._feed.last_number
        advance(estate, 6000)
        estate.refresh()
        assert estate._feed.last_number == last
        for rate in (-0.1, 0.6):
            with pytest.raises(InventoryError, match="rate"):
                estate.live(rate)


MINUTES = int(os.environ.get("LAZULITE_MINUTES", "8"))
"""How long an estate lives before its laws are looked at; LAZULITE_MINUTES=300 for some hours."""


def test_after_a_lived_morning_the_index_equals_the_truth_and_the_laws_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    """All that happens by itself, and often, seen by a lagging index that is compressed and tidied again and again."""
    monkeypatch.setattr(store, "COMPRESS_AFTER", 400)
    monkeypatch.setattr(compaction, "GROUP", 256)
    with Estate.simulated(2000, 7, clock=SimulatedClock(datetime(2026, 3, 2, 5, 30, tzinfo=UTC))) as estate:
        estate.live(0.1)
        cursor = estate.cursor()

        def ask(sql: str) -> list[tuple[object, ...]]:
            return cursor.execute(sql).fetchall()

        for minute in range(MINUTES):
            advance(estate, 60)
            estate.refresh()
            if minute % 3 == 2:
                # nothing younger than its lag is visible, and everything older is
                for of in TABLES:
                    for feed in [of.feed, of.slow_feed] if of.slow else [of.feed]:
                        assert ask(f"SELECT count(*) FROM {feed} WHERE _visible_at <= {estate.clock.ticks()}") == [(0,)]
        began = ask(f"SELECT count(*) > 0 FROM world.virtual_machines WHERE _key >= {FIRST_NEW_KEY}")
        assert began == [(True,)], "machines have come"
        estate.live(0)
        advance(estate, 1000)
        estate.refresh()
        assert estate.pending() == 0
        for of in TABLES:
            truth = estate._feed.truth(of, estate.clock.ticks())
            for one, other in ((of.source, truth), (truth, of.source)):
                difference = f"SELECT _key, {of.column_list} FROM {one} EXCEPT ALL SELECT _key, {of.column_list} FROM {other}"
                assert ask(f"SELECT count(*) FROM ({difference})") == [(0,)], of.name
            assert ask(f"SELECT _key FROM {of.source} GROUP BY _key HAVING count(*) > 1") == []
            if "id" in of.columns:
                assert ask(f"SELECT lower(id) FROM {of.source} GROUP BY 1 HAVING count(*) > 1") == [], of.name
        # a set says how many machines it has, and none has too many
        sets = ask("""
            SELECT s.sku.capacity, count(v._key) FROM world.scale_sets s JOIN world.virtual_machines v ON v._set_key = s._key
            WHERE s.sku IS NOT NULL GROUP BY s._key, s.sku.capacity""")
        assert sets
        assert all(capacity == machines <= 1000 for capacity, machines in sets)
        # what came with machines went with them: nothing hangs on one that is no more
        for table in ("disks", "network_interfaces", "virtual_machine_extensions", "public_ip_addresses"):
            hanging = f"SELECT count(*) FROM world.{table} WHERE _vm_key NOT IN (SELECT _key FROM world.virtual_machines)"
            assert ask(hanging) == [(0,)], table
