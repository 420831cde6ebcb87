"""Pages over an index that moves: on the real clock an answer that is dear to begin anew is read on for a moment."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from inventory.clock import SimulatedClock
from queries import ResourceGraph, paging
from queries.paging import Pager

BY_ID = "resources | project id | order by id asc"


class PretendedClock(SimulatedClock):
    """A clock that the pager takes for the real one, though it is moved by hand."""

    kind = "real"


@pytest.fixture(autouse=True)
def however_long_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the row decides here what is dear, so that a slow computer decides nothing."""
    monkeypatch.setattr(paging, "DEAR", 1e9)


@pytest.fixture
def real() -> Iterator[ResourceGraph]:
    with ResourceGraph.simulated(vms=60, seed=7, clock=PretendedClock()) as graph:
        yield graph


def second_page(graph: ResourceGraph, pager: Pager, **more: Any) -> tuple[int, int]:
    """The versions of the index that two pages show between which it has moved."""
    first = pager.page(BY_ID, profile="kusto", top=20, **more)
    assert first.more
    graph.advance(600)
    return first.version, pager.page(BY_ID, profile="kusto", skip=20, top=20, **more).version


def test_what_is_cheap_to_begin_shows_the_index_as_it_is(real: ResourceGraph) -> None:
    pager = Pager(real)
    before, after = second_page(real, pager)
    assert after > before
    pager.close()


def test_what_is_dear_to_begin_is_read_on_for_a_moment(real: ResourceGraph, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paging, "FAR", 20)
    pager = Pager(real)
    before, after = second_page(real, pager)
    assert after == before
    assert pager.reads_on
    pager.close()
    assert not pager.reads_on


def test_but_not_for_longer(real: ResourceGraph, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paging, "FAR", 20)
    pager = Pager(real, patience=0.0)
    before, after = second_page(real, pager)
    assert after > before
    pager.close()


def test_on_a_simulated_clock_every_page_shows_the_index_as_it_is(world: ResourceGraph, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paging, "FAR", 20)
    pager = Pager(world)
    first = pager.page(BY_ID, profile="kusto", top=20)
    world.advance(600)
    assert pager.page(BY_ID, profile="kusto", skip=20, top=20).version > first.version
    assert not pager.reads_on
    pager.close()
