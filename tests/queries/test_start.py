"""What starts quickly must not load what it does not need."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

HEAVY = ("duckdb", "pyarrow", "lark", "prompt_toolkit", "rich", "numpy")


def loaded_by(code: str) -> set[str]:
    """Which heavy packages a fresh interpreter has loaded after running some code."""
    told = f"{code}\nimport sys; print('loaded', *[name for name in {HEAVY!r} if name in sys.modules])"
    run = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    return set(run.stdout.splitlines()[-1].split()[1:])


@pytest.mark.parametrize(
    "arguments", [["--help"], ["query", "--help"], ["list"], ["--version"], ["completion", "bash"]]
)
def test_help_loads_nothing_heavy(arguments: list[str]) -> None:
    assert loaded_by(f"from queries.cli import run\nrun({arguments!r})") == set()


def test_the_language_loads_no_engine_and_no_front_end() -> None:
    assert loaded_by("import kql") <= {"lark"}


def test_the_library_loads_no_front_end() -> None:
    code = "from queries import ResourceGraph\nResourceGraph.simulated(vms=2).query('resources | count').rows()"
    assert loaded_by(code) <= {"duckdb", "pyarrow", "lark", "numpy"}


def least_work(arguments: list[str], runs: int = 3) -> float:
    """Seconds of processor time that a fresh command takes; the time on the clock says more of the machine."""
    times = []
    for _ in range(runs):
        before = os.times()
        subprocess.run([sys.executable, "-m", "queries", *arguments], capture_output=True, check=True)
        after = os.times()
        times.append(after.children_user + after.children_system - before.children_user - before.children_system)
    return min(times)


def test_help_is_there_at_once() -> None:
    assert least_work(["--help"]) < 0.3


def test_a_query_from_a_cold_start_takes_little_more_than_a_second() -> None:
    assert least_work(["run", "scale-set-power-states"]) < 1.8
