"""An estate that lives: what happens by itself is reproducible, keeps the laws, and has an end."""

from __future__ import annotations

import pytest

from inventory import Estate, InventoryError
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
