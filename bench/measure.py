"""Timing, memory and printing for the benchmarks. Knows nothing of what is measured."""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import Any, TextIO

ROOT = Path(__file__).resolve().parent.parent
"""Where the packages lie: children run here, so that they measure this tree and not an installed one."""


def note(text: str) -> None:
    """A line about progress. Standard output is for results."""
    print(text, file=sys.stderr, flush=True)


@dataclass(frozen=True, slots=True)
class Taken:
    """What the calls of one variant took, a round each, in seconds: on the clock, and of all cores together."""

    wall: list[float]
    cpu: list[float]


def interleaved(
    variants: Mapping[str, Callable[[], object]],
    *,
    seconds: float,
    at_least: int = 5,
    at_most: int = 300,
) -> dict[str, Taken]:
    """What each variant took in each round. Every round runs all of them in an order of its own, so that neither a
    change in the machine's load nor what the one before left in the caches meets one more than another. Ends after
    `seconds`, but not before `at_least` rounds."""
    names = list(variants)
    for name in names:  # the first call of anything is another matter; bench.cold looks at that
        variants[name]()
    taken = {name: Taken([], []) for name in names}
    drawn = random.Random(7)
    began = perf_counter()
    for round_ in range(at_most):
        if round_ >= at_least and perf_counter() - began > seconds:
            break
        drawn.shuffle(names)
        for name in names:
            call, found = variants[name], taken[name]
            cpu, start = process_time(), perf_counter()
            result = call()
            found.wall.append(perf_counter() - start)
            found.cpu.append(process_time() - cpu)
            del result  # whoever made the rows does not pay for throwing them away
    return taken


def ratios(ours: Taken, theirs: Taken) -> dict[str, float]:
    """How many times longer ours took: the median over rounds, each compared with itself; the fastest rounds; the time
    of all cores. On a busy machine only the last two mean much."""
    return {
        "times": round(median(our / their for our, their in zip(ours.wall, theirs.wall, strict=True)), 3),
        "times_best": round(min(ours.wall) / min(theirs.wall), 3),
        "times_cpu": round(median(ours.cpu) / max(1e-6, median(theirs.cpu)), 3),
    }


def quantile(values: Sequence[float], share: float) -> float:
    """The value below which this share of the values lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def summary(seconds: Sequence[float]) -> dict[str, float | int]:
    """What is written down of a list of times, in milliseconds."""
    return {
        "median_ms": round(median(seconds) * 1e3, 4),
        "min_ms": round(min(seconds) * 1e3, 4),
        "p95_ms": round(quantile(seconds, 0.95) * 1e3, 4),
        "n": len(seconds),
    }


def memory() -> tuple[float, float]:
    """(resident now, most resident so far) of this process, in MB. Zeros where /proc is not there."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return 0.0, 0.0
    found = {line.split(":")[0]: line.split()[1] for line in lines if line.startswith(("VmRSS:", "VmHWM:"))}
    return int(found["VmRSS"]) / 1024, int(found["VmHWM"]) / 1024


def load() -> float:
    """How many processes wanted a core in the last minute; nothing here is quiet above the number of cores."""
    return round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else 0.0


def environment() -> dict[str, object]:
    """What the figures depend on."""
    return {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        "load": load(),
        **{name: installed(name) for name in ("duckdb", "pyarrow", "lark", "duckdb-kql", "adxlite")},
    }


def installed(distribution: str) -> str | None:
    """The version of an installed distribution."""
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None


class Lines:
    """Measurements, one JSON object a line, to a file or nowhere."""

    def __init__(self, path: str | None) -> None:
        self._file: TextIO | None = open(path, "a", encoding="utf-8") if path else None  # noqa: SIM115

    def write(self, **facts: Any) -> None:
        if self._file is not None:
            self._file.write(json.dumps(facts) + "\n")
            self._file.flush()


def print_table(title: str, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A Markdown table on standard output, its columns padded."""
    widths = [max(len(line[place]) for line in (headings, *rows)) for place in range(len(headings))]
    print(f"\n{title}\n")
    for number, line in enumerate((headings, *rows)):
        print("| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |")
        if number == 0:
            print("|" + "|".join("-" * (width + 2) for width in widths) + "|")
    sys.stdout.flush()


def child(arguments: Sequence[str], *, capture: bool = True) -> tuple[float, str]:
    """Run Python with these arguments in a process of its own; (seconds from start to end, its standard output)."""
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    surroundings = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "LC_ALL": "C.UTF-8"}
    start = perf_counter()
    done = subprocess.run(
        [sys.executable, *arguments], env=surroundings, cwd=ROOT, check=False, text=True,
        stdout=subprocess.PIPE if capture else None, stderr=subprocess.PIPE if capture else None,
    )  # fmt: skip
    taken = perf_counter() - start
    if done.returncode:
        raise SystemExit(f"{' '.join(arguments)[:200]} failed ({done.returncode}):\n{(done.stderr or '')[-2000:]}")
    return taken, done.stdout or ""


def arguments(description: str) -> argparse.ArgumentParser:
    """The options that every benchmark has."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", "--output", metavar="FILE", help="append the measurements to FILE as JSON lines")
    return parser


def milliseconds(seconds: float) -> str:
    """Three digits that matter."""
    value = seconds * 1e3
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"
