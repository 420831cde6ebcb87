"""What happened just before an estate begins is recorded when it is first wanted: the same as if at once."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import pytest

from inventory import Estate, History, Lag
from inventory.feed import Feed
from inventory.perspectives import Perspective
from inventory.resource_types import DATABASE

Everything = dict[str, list[str]]


def everything(estate: Estate) -> Everything:
    """All rows of all tables."""
    cursor = estate.cursor()
    names = cursor.execute("SELECT table_name FROM duckdb_tables() WHERE database_name = ?", [DATABASE]).fetchall()
    return {name: sorted(map(repr, cursor.execute(f"SELECT * FROM {DATABASE}.{name}").fetchall())) for (name,) in names}


def wait(estate: Estate) -> None:
    estate.clock.advance(45)  # type: ignore[attr-defined]
    estate.refresh()


def work(estate: Estate) -> None:
    estate.churn(0.1)
    wait(estate)


def scan(estate: Estate) -> None:
    estate.clock.advance(3)  # type: ignore[attr-defined]
    estate.full_scan()


def look_back(estate: Estate) -> None:
    estate.schemas(Perspective.THEN)


DOORS: dict[str, Callable[[Estate], object]] = {
    "cursor": lambda estate: None, "wait": wait, "work": work, "scan": scan, "look back": look_back,
    "control": lambda estate: estate.control, "truth": lambda estate: estate.truth("microsoft.resources/changes"),
}  # fmt: skip
LAGS = {
    "usual": Lag(), "none": Lag.none(), "quick records": Lag(change_seconds=2, health_seconds=2),
    "lossy": Lag(lost=0.2, wandering_case=0.3), "lost": Lag(lost=0.2),
}  # fmt: skip


@pytest.mark.parametrize(("door", "lag"), [*((door, "usual") for door in DOORS), *(("wait", lag) for lag in LAGS)])
def test_recorded_later_is_recorded_at_once(door: str, lag: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found = []
    for later in (True, False):
        if not later:
            monkeypatch.setattr(Feed, "recording_later", lambda feed: nullcontext())
        with Estate.simulated(150, 7, lag=LAGS[lag], history=History(most=40)) as estate:
            DOORS[door](estate)
            found.append(everything(estate))
    assert found[0] == found[1]
    assert found[0]["resource_changes_images"]


def test_files_hold_what_is_recorded_later(tmp_path: Path) -> None:
    with Estate.simulated(150, 7) as estate:
        estate.snapshot(tmp_path / "snapshot")
        wanted = everything(estate)
    Estate.create(tmp_path / "created", 150, 7).close()
    for name in ("snapshot", "created"):
        with Estate.open(tmp_path / name) as again:
            found = everything(again)
        assert {name: rows for name, rows in found.items() if name != "estate_state"} == {
            name: rows for name, rows in wanted.items() if name != "estate_state"
        }
