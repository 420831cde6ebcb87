"""Asking for power states: Lazulite beside hand-written SQL and other engines, at several sizes.

Five questions (bench/shapes.py) at each size, in one process per size. Every rival's rows are compared with
Lazulite's before anything is timed; one that answers otherwise is named and left out. All variants of a question
run in turn within each round; a ratio is Lazulite's time divided by the other's: the median over rounds, the
best rounds, and the time of all cores, which other load hardly moves.

  whole     text in, Python tuples out, the plan kept from before (fresh: a text not seen before)
  arrow     text in, Arrow table out
  refresh   what is due goes into the index, while readers ask without pause
"""

from __future__ import annotations

import argparse
import gc
import itertools
import json
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import kql
from bench.measure import (
    Lines,
    arguments,
    child,
    environment,
    interleaved,
    load,
    memory,
    milliseconds,
    note,
    print_table,
    ratios,
    summary,
)
from bench.rivals import Missing, adxlite, by_hand, by_hand_arrow, differences, duckdb_kql, json_database
from bench.shapes import SHAPES, Shape
from inventory import SimulatedClock
from queries import ResourceGraph

SETTLED = 3600.0
"""Simulated seconds after which whatever was on its way has arrived."""

OTHERS = ("sql", "json", "duckdb-kql", "adxlite", "adxlite frame")


def main() -> None:
    parser = arguments(__doc__ or "")
    parser.add_argument("sizes", nargs="*", type=int, default=[1_000, 10_000, 100_000, 1_000_000], help="VMs")
    parser.add_argument("--seconds", type=float, default=10, help="per question and size; slow ones get 5 rounds")
    parser.add_argument("--rounds", type=int, default=5, help="at least so many rounds")
    parser.add_argument("--shapes", default=",".join(shape.name for shape in SHAPES), help="which questions")
    parser.add_argument("--readers", type=int, default=2, help="threads that read during a refresh")
    parser.add_argument("--refreshes", type=int, default=5, help="how many times 1 percent of the VMs change, at least once")
    parser.add_argument("--no-json", action="store_true", help="without the rivals that need JSON text (memory, time)")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--child", metavar="FILE", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.refreshes < 1:
        parser.error("--refreshes is at least 1")
    if given.child:
        _Size(given, given.sizes[0], Lines(given.child)).measure()
        return
    lines = Lines(given.output)
    lines.write(benchmark="power_state", **environment())
    note(f"{environment()}")
    for size in given.sizes:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "lines"
            options = [
                "--seconds", given.seconds, "--rounds", given.rounds, "--shapes", given.shapes, "--seed", given.seed,
                "--readers", given.readers, "--refreshes", given.refreshes, *(["--no-json"] if given.no_json else []),
            ]  # fmt: skip
            child(["-m", "bench.power_state", str(size), "--child", str(file), *map(str, options)], capture=False)
            measured = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
        for facts in measured:
            lines.write(**facts)
        _show(size, measured)


class _Size:
    """All measurements at one size."""

    def __init__(self, given: argparse.Namespace, size: int, lines: Lines) -> None:
        self.given = given
        self.size = size
        self.lines = lines
        self.shapes = [shape for shape in SHAPES if shape.name in given.shapes.split(",")]
        self.clock = SimulatedClock()
        self.fresh = itertools.count()

    def write(self, **facts: Any) -> None:
        self.lines.write(vms=self.size, **facts)

    def measure(self) -> None:
        note(f"{self.size:,} VMs: generating")
        start = perf_counter()
        graph = ResourceGraph.simulated(self.size, self.given.seed, clock=self.clock)
        taken = perf_counter() - start
        steady, peak = memory()
        resources = graph.query("Resources | count").scalar()
        self.write(metric="generate", seconds=round(taken, 3), rss_mb=steady, peak_mb=peak, resources=resources)
        self.clock.advance(SETTLED)
        graph.refresh()
        self.compile(graph)
        json_ = None
        if not self.given.no_json:
            note("  the same rows as JSON text, for the rivals")
            json_ = json_database(graph, note)
        for shape in self.shapes:
            self.ask(graph, shape, json_)
        if json_ is not None:
            json_.close()
            gc.collect()
        self.refresh(graph)
        steady, peak = memory()
        self.write(metric="memory", rss_mb=steady, peak_mb=peak)
        graph.close()

    # ---- compile ---------------------------------------------------------------------------------------------------
    def unseen(self, text: str) -> str:
        """The same question as a text that no plan is kept for."""
        return f"{text}\n// {next(self.fresh)}"

    def compile(self, graph: ResourceGraph) -> None:
        schema = graph.schema
        for shape in self.shapes:
            taken = interleaved(
                {
                    "language": lambda text=shape.kql: kql.compile(text, schema),  # type: ignore[misc]
                    "fresh": lambda text=shape.kql: graph.compile(self.unseen(text)),  # type: ignore[misc]
                    "kept": lambda text=shape.kql: graph.compile(text),  # type: ignore[misc]
                },
                seconds=1,
            )
            for name, seconds in taken.items():
                self.write(metric="compile", shape=shape.name, variant=name, **summary(seconds.wall))

    # ---- ask -------------------------------------------------------------------------------------------------------
    def ask(self, graph: ResourceGraph, shape: Shape, json_: Any) -> None:
        note(f"  {shape.name}: comparing the answers")
        ours = graph.query(shape.kql).rows()
        parts: list[Any] = []

        def whole() -> object:
            result = graph.query(shape.kql)
            ended = perf_counter()
            rows = result.rows()
            parts.append((result.timings, perf_counter() - ended))
            return rows

        cursor = graph.estate.cursor()
        variants: dict[str, Callable[[], object]] = {
            "lazulite": whole,
            "lazulite fresh": lambda: graph.query(self.unseen(shape.kql)).rows(),
            "lazulite arrow": lambda: graph.query(shape.kql).arrow(),
            "sql arrow": by_hand_arrow(cursor, shape.typed),
        }
        for name, call, json_strings in self.rivals(shape, cursor, json_):
            try:
                wrong = differences(shape, ours, call(), json_strings=json_strings)
            except Exception as error:
                wrong = f"{type(error).__name__}: {str(error).splitlines()[0][:200]}"
            if wrong:
                note(f"  {shape.name}: {name} is left out: {wrong}")
                self.write(metric="wrong", shape=shape.name, variant=name, problem=wrong)
            else:
                variants[name] = call
        if json_ is not None and shape.name == "document" and self.size <= 1000 and "adxlite" in variants:
            variants["adxlite frame"] = adxlite(json_)[0]
        note(f"  {shape.name}: {len(ours):,} rows; {', '.join(variants)}")
        rows = len(ours)
        del ours
        gc.collect()
        taken = interleaved(variants, seconds=self.given.seconds, at_least=self.given.rounds)
        cursor.close()
        for name, seconds in taken.items():
            reference = "lazulite arrow" if name.endswith(" arrow") else "lazulite"
            self.write(
                metric="whole", shape=shape.name, variant=name, rows=rows, load=load(), **summary(seconds.wall),
                cpu_ms=round(median(seconds.cpu) * 1e3, 4), **ratios(taken[reference], seconds),
            )  # fmt: skip
        parts = parts[1:]
        for name, part in (
            ("refresh", [timings.refresh for timings, _ in parts]),
            ("compile", [timings.compile for timings, _ in parts]),
            ("run", [timings.run for timings, _ in parts]),
            ("decode", [decode for _, decode in parts]),
        ):
            self.write(metric="part", shape=shape.name, variant=name, **summary(part))

    def rivals(self, shape: Shape, cursor: Any, json_: Any) -> list[tuple[str, Callable[[], Any], bool]]:
        """(name, call, whether it shows dynamic values as JSON text) of each that can be tried."""
        found: list[tuple[str, Callable[[], Any], bool]] = [("sql", by_hand(cursor, shape.typed), False)]
        if json_ is None:
            return found
        found.append(("json", by_hand(json_, shape.json), False))
        try:
            found.append(("duckdb-kql", duckdb_kql(json_, shape), True))
            if shape.name == "document" and self.size <= 1000:
                found.append(("adxlite", adxlite(json_)[1], False))
        except Missing as missing:
            note(f"  {missing}: left out")
        return found

    # ---- refresh ---------------------------------------------------------------------------------------------------
    def refresh(self, graph: ResourceGraph) -> None:
        estate = graph.estate
        start = perf_counter()
        for _ in range(1000):
            estate.refresh()
        self.write(metric="refresh", variant="nothing due", median_ms=(perf_counter() - start), n=1000)
        shape = SHAPES[1]
        compiled = graph.compile(shape.kql)
        total = graph.query("Resources | where type =~ 'microsoft.compute/virtualmachines' | count").scalar()
        for readers in sorted({0, self.given.readers}):
            refreshes: list[float] = []
            changes: list[float] = []
            changed: list[int] = []
            asked: list[float] = []
            _, _, idle = _reading(estate, compiled.sql, readers, total, lambda: int(threading.Event().wait(0.5)))
            for number in range(self.given.refreshes):
                note(f"  refresh {number + 1} with {readers} readers")
                start = perf_counter()
                estate.churn(0.01, "deallocate" if number % 2 == 0 else "start")
                changes.append(perf_counter() - start)
                self.clock.advance(SETTLED)

                rows, seconds, during = _reading(estate, compiled.sql, readers, total, estate.refresh)
                changed.append(rows)
                refreshes.append(seconds)
                asked += during
            self.write(
                metric="refresh", variant=f"1 % with {readers} readers", rows=int(median(changed)), load=load(),
                **summary(refreshes), churn_ms=round(median(changes) * 1e3, 3),
                reader_idle_ms=round(median(idle) * 1e3, 3) if idle else None,
                reader_median_ms=round(median(asked) * 1e3, 3) if asked else None,
                reader_max_ms=round(max(asked) * 1e3, 3) if asked else None,
            )  # fmt: skip
        cursor = estate.cursor()
        for shape in self.shapes:
            taken = interleaved(
                {
                    "lazulite": lambda text=shape.kql: graph.query(text).arrow(),  # type: ignore[misc]
                    "sql": by_hand_arrow(cursor, shape.typed),
                },
                seconds=2,
            )
            self.write(
                metric="after refreshes", shape=shape.name, **summary(taken["lazulite"].wall),
                **ratios(taken["lazulite"], taken["sql"]),
            )  # fmt: skip
        cursor.close()


def _reading(
    estate: Any, sql: str, readers: int, total: int, body: Callable[[], int]
) -> tuple[int, float, list[float]]:
    """Run `body` while threads ask without pause; its answer, its seconds, and the seconds of each question.

    The readers' counts must add up: one that sees half a refresh would see machines missing or twice."""
    taken: list[float] = []
    torn: list[object] = []
    stop = threading.Event()

    def read() -> None:
        cursor = estate.cursor()
        try:
            while not stop.is_set():
                start = perf_counter()
                rows = cursor.execute(sql).fetchall()
                taken.append(perf_counter() - start)
                if sum(row[-1] for row in rows) != total:
                    torn.append(rows)
        except Exception as error:
            torn.append(error)
        finally:
            cursor.close()

    threads = [threading.Thread(target=read) for _ in range(readers)]
    for thread in threads:
        thread.start()
    if readers:
        threading.Event().wait(0.2)
    start = perf_counter()
    try:
        answer = body()
        ended = perf_counter() - start
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    if torn:
        raise SystemExit(f"a reader saw half a refresh, or failed: {torn[0]}")
    return answer, ended, taken


def _times(facts: dict[str, Any]) -> str:
    return f"{facts['times']:.2f} / {facts['times_best']:.2f} / {facts['times_cpu']:.2f}"


def _show(size: int, measured: list[dict[str, Any]]) -> None:
    """The measurements at one size as tables."""
    by = {(facts["metric"], facts.get("shape"), facts.get("variant")): facts for facts in measured}
    shapes = [shape.name for shape in SHAPES if ("whole", shape.name, "lazulite") in by]

    def cell(metric: str, shape: str, variant: str | None) -> str:
        facts = by.get((metric, shape, variant))
        return milliseconds(facts["median_ms"] / 1e3) if facts else "-"

    def times(shape: str, variant: str) -> str:
        facts = by.get(("whole", shape, variant))
        if facts is None:
            return "wrong" if ("wrong", shape, variant) in by else "-"
        return f"{milliseconds(facts['median_ms'] / 1e3)} ({_times(facts)})"

    print_table(
        f"{size:,} VMs: milliseconds, median; in brackets how many times as long Lazulite takes (median / best / CPU)",
        [
            "question",
            "rows",
            "Lazulite",
            "SQL by hand",
            "SQL over JSON",
            "duckdb-kql",
            "adxlite",
            "its frame",
            "Arrow: Lazulite",
            "SQL",
        ],
        [
            [shape, f"{by['whole', shape, 'lazulite']['rows']:,}", cell("whole", shape, "lazulite")]
            + [times(shape, other) for other in OTHERS]
            + [cell("whole", shape, "lazulite arrow"), times(shape, "sql arrow")]
            for shape in shapes
        ],
    )
    print_table(
        f"{size:,} VMs: where Lazulite's time goes, milliseconds",
        ["question", "compile: language", "fresh", "kept", "refresh check", "run", "decode", "whole, unseen text",
         "Arrow after refreshes"],
        [
            [shape]
            + [cell("compile", shape, variant) for variant in ("language", "fresh", "kept")]
            + [cell("part", shape, variant) for variant in ("refresh", "run", "decode")]
            + [cell("whole", shape, "lazulite fresh")]
            + [f"{cell('after refreshes', shape, None)} ({_times(by['after refreshes', shape, None])})"
               if ("after refreshes", shape, None) in by else "-"]
            for shape in shapes
        ],
    )  # fmt: skip
    print_table(
        f"{size:,} VMs: refresh, milliseconds",
        ["refresh", "rows", "median", "slowest (p95)", "making the changes", "reader idle", "reader during", "slowest"],
        [
            [str(facts["variant"]), f"{facts.get('rows', 0):,}", milliseconds(facts["median_ms"] / 1e3)]
            + ["-" if facts.get(name) is None else milliseconds(facts[name] / 1e3)
               for name in ("p95_ms", "churn_ms", "reader_idle_ms", "reader_median_ms", "reader_max_ms")]
            for facts in measured
            if facts["metric"] == "refresh"
        ],
    )  # fmt: skip
    made, end = by["generate", None, None], by["memory", None, None]
    print(
        f"\n{size:,} VMs and {made['resources'] - size:,} other resources: generated in {made['seconds']:.1f} s, "
        f"{made['rss_mb']:,.0f} MB then, {made['peak_mb']:,.0f} MB at most; at the end, rivals included, "
        f"{end['rss_mb']:,.0f} and {end['peak_mb']:,.0f} MB."
    )


if __name__ == "__main__":
    main()
