"""Estates that several tests only read."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import kql
from inventory import Estate, Lag


@pytest.fixture(scope="session")
def settled() -> Iterator[Estate]:
    """1,000 machines whose index equals the truth; nobody changes it."""
    with Estate.simulated(1000, 7, lag=Lag.none()) as estate:
        yield estate


@pytest.fixture
def small() -> Iterator[Estate]:
    """A small estate of one's own, with the default lag."""
    with Estate.simulated(120, 11) as estate:
        yield estate


@pytest.fixture(scope="session", autouse=True)
def language() -> None:
    """The grammar is loaded once, before any law is tried: loading it raises Python's recursion limit."""
    kql.check("print 1", kql.Schema(()))
