"""What starts quickly must not load what it does not need. How long it takes is measured by bench.cold."""

from __future__ import annotations

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
