"""What tests of several rooms share: one simulated estate, made once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from queries import ResourceGraph


@pytest.fixture(scope="session")
def graph() -> Iterator[ResourceGraph]:
    """1,000 machines of seed 7, for tests that only read and do not move the clock."""
    with ResourceGraph.simulated(vms=1000, seed=7) as graph:
        yield graph


@pytest.fixture
def world() -> Iterator[ResourceGraph]:
    """A small estate of one's own, to change and to let time pass in."""
    with ResourceGraph.simulated(vms=60, seed=7) as graph:
        yield graph


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update", action="store_true", help="rewrite the lists of known failures and the recorded cases")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The counts that tests recorded, whatever their outcome and in whichever process they ran."""
    for report in terminalreporter.stats.get("", ()):
        for name, shown in report.user_properties if report.when == "teardown" else ():
            if name.startswith("count of "):
                terminalreporter.write_line(f"{name.removeprefix('count of ')}: {shown}")
