"""Which autoscale profile holds when: fixed dates, recurrences, the usual one; and sets that follow them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from inventory import SimulatedClock
from inventory.control import schedules
from tests.inventory.control.conftest import Yard


def recurring(name: str, days: list[str], hour: int, zone: str = "UTC", minute: int = 0) -> dict[str, Any]:
    schedule = {"timeZone": zone, "days": days, "hours": [hour], "minutes": [minute]}
    return {"name": name, "recurrence": {"frequency": "Week", "schedule": schedule}}


USUAL = {"name": "usual"}
WORK = recurring("work", list(schedules.DAYS[:5]), 8, "W. Europe Standard Time")
NIGHT = recurring("night", list(schedules.DAYS), 18, "W. Europe Standard Time", 30)
SALE = {"name": "sale", "fixedDate": {"timeZone": "UTC", "start": "2026-01-20T00:00:00Z", "end": "2026-01-21T00:00:00"}}


@pytest.mark.parametrize(
    ("moment", "name"),
    [
        ("2026-01-15T07:00:00", "work"),  # a Thursday, 8 o'clock in Berlin
        ("2026-01-15T06:59:59", "night"),
        ("2026-01-15T17:30:00", "night"),
        ("2026-01-15T17:29:59", "work"),
        ("2026-01-18T12:00:00", "night"),  # a Sunday: nothing else has started since Saturday evening
        ("2026-07-16T06:00:00", "work"),  # in summer an hour earlier
        ("2026-01-20T00:00:00", "sale"),
        ("2026-01-20T23:59:59", "sale"),
        ("2026-01-21T00:00:00", "night"),
    ],
)
def test_the_profile_in_force(moment: str, name: str) -> None:
    now = datetime.fromisoformat(moment).replace(tzinfo=UTC)
    found = schedules.in_force([USUAL, WORK, NIGHT, SALE], now)
    assert found is not None and found["name"] == name


def test_the_usual_profile_holds_outside_fixed_dates_and_where_nothing_recurs() -> None:
    now = datetime(2026, 1, 15, tzinfo=UTC)
    assert schedules.in_force([SALE, USUAL], now) == USUAL
    assert schedules.in_force([SALE], now) is None


@pytest.mark.parametrize("hour", range(0, 24, 5))
@pytest.mark.parametrize("zone", ["UTC", "Tokyo Standard Time", "America/New_York"])
def test_some_profile_that_recurs_always_holds(hour: int, zone: str) -> None:
    for day in range(1, 15):
        assert schedules.in_force([recurring("one", ["Monday"], 3, zone)], datetime(2026, 3, day, hour, tzinfo=UTC)) is not None


def settings(set_id: str, *profiles: dict[str, Any]) -> dict[str, Any]:
    return {"location": "eastus", "properties": {"enabled": True, "targetResourceUri": set_id, "profiles": list(profiles)}}


def sized(profile: dict[str, Any], size: int) -> dict[str, Any]:
    return {**profile, "capacity": {"minimum": str(size), "maximum": str(size), "default": str(size)}, "rules": []}


def test_a_set_follows_the_hours_of_the_day(yard: Yard) -> None:
    clock = yard.estate.clock
    assert isinstance(clock, SimulatedClock)
    set_id = yard.scale_set("Flexible", 1)
    auto = yard.id("Microsoft.Insights/autoscaleSettings", yard.name("auto"))
    hour = clock.now().hour
    later, much_later = (hour + 2) % 24, (hour + 4) % 24
    every = list(schedules.DAYS)
    yard.done("put", auto, settings(set_id, sized(recurring("more", every, later), 3), sized(recurring("less", every, much_later), 1)))
    for target, size in ((later, 3), (much_later, 1)):
        while clock.now().hour != target:
            yard.pass_time(1200)
        yard.pass_time(600)
        assert yard.control.get(set_id)["sku"]["capacity"] == len(yard.members(set_id)) == size
    yard.done("delete", auto)


@pytest.mark.parametrize(
    ("profile", "why"),
    [
        (recurring("x", ["Mon"], 8), "no day of the week"),
        (recurring("x", ["Monday"], 24), "from 0 to 23"),
        (recurring("x", ["Monday"], 8, "Nowhere Time"), "time zone 'Nowhere Time' is not known"),
        ({"name": "x", "recurrence": {"frequency": "Day", "schedule": {}}}, "Week"),
        ({"name": "x", "recurrence": {"frequency": "Week", "schedule": {"hours": [1]}}}, "'days' is missing"),
        ({"name": "x", "fixedDate": {"start": "2026-01-02", "end": "2026-01-01"}}, "ends before it starts"),
        ({"name": "x", "fixedDate": {"start": "tomorrow", "end": "2026-01-01"}}, "tomorrow"),
    ],
)
def test_a_schedule_that_makes_no_sense_is_refused(yard: Yard, profile: dict[str, Any], why: str) -> None:
    set_id = ""
    with pytest.raises(Exception, match=why) as caught:
        schedules.check([profile])
    assert caught.value.code == "BadRequest"  # type: ignore[attr-defined]
    refused = yard.refused("put", yard.id("Microsoft.Insights/autoscaleSettings", "a"), settings(set_id, profile))
    assert (refused.code, refused.message) == (caught.value.code, caught.value.message)  # type: ignore[attr-defined]
