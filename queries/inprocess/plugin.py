"""Fixtures for tests of tools that speak to Azure. Installed with the distribution; loads nothing until one is asked for.

`lazulite` is an Azure of the test's own; `lazulite_estate`, `lazulite_clock` and `lazulite_credential` are its parts;
with `lazulite_endpoints`, Azure's public addresses lead to it. `@pytest.mark.lazulite(vms=200, seed=1, lag=0)` says what
the estate is like.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from inventory import Clock, Estate
    from queries.inprocess.credentials import Credential
    from queries.inprocess.local import Local


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers",
        "lazulite(vms=50, seed=7, lag=60, clock=None, settings=None): what the estate of this test is like; lag in seconds",
    )


@pytest.fixture
def lazulite(request: pytest.FixtureRequest) -> Iterator[Local]:
    """An estate with its service, in this process, for this test."""
    from inventory import Lag
    from queries.inprocess.local import Local

    wanted: dict[str, Any] = {}
    for mark in reversed(list(request.node.iter_markers("lazulite"))):
        wanted |= mark.kwargs
    if "lag" in wanted:
        wanted["lag"] = Lag.none() if wanted["lag"] == 0 else Lag(wanted["lag"])
    with Local.simulated(**wanted) as local:
        yield local


@pytest.fixture
def lazulite_estate(lazulite: Local) -> Estate:
    """The world of `lazulite`: `vm(name)`, `create_vm(…)`."""
    return lazulite.estate


@pytest.fixture
def lazulite_clock(lazulite: Local) -> Clock:
    """The clock of `lazulite`: `advance(60)` lets a minute pass."""
    return lazulite.clock


@pytest.fixture
def lazulite_credential(lazulite: Local) -> Credential:
    """A credential for sync clients."""
    return lazulite.credential


@pytest.fixture
def lazulite_endpoints(lazulite: Local) -> Iterator[Local]:
    """`lazulite`, to which Azure's public addresses lead while the test runs."""
    with lazulite.endpoints():
        yield lazulite
