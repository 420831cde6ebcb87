"""Making an estate: seconds, and memory at most and afterwards, each size in a process of its own."""

from __future__ import annotations

import argparse
import json
import os
from time import perf_counter, process_time

from bench.measure import Lines, arguments, child, environment, load, memory, note, print_table
from bench.shapes import DOCUMENT


def main() -> None:
    parser = arguments(__doc__ or "")
    parser.add_argument("sizes", nargs="*", type=int, default=[1_000_000], help="VMs")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        print(json.dumps(_measure(given.sizes[0], given.seed)))
        return
    lines = Lines(given.output)
    lines.write(benchmark="generate", **environment())
    rows = []
    for size in given.sizes:
        note(f"{size:,} VMs")
        _, printed = child(["-m", "bench.generate", str(size), "--seed", str(given.seed), "--child"])
        facts = json.loads(printed)
        lines.write(metric="generate", load=load(), **facts)
        rows.append(
            [f"{size:,}", f"{facts['others']:,}", f"{facts['seconds']:.1f}", f"{facts['cpu_seconds']:.1f}"]
            + [f"{facts['first_query_ms']:.1f}"]
            + [f"{facts[name]:,.0f}" for name in ("start_mb", "peak_mb", "rss_mb", "data_mb")]
        )
    print_table(
        "Generating",
        [
            "VMs",
            "other resources",
            "seconds",
            "CPU s",
            "first query ms",
            "MB before",
            "at most",
            "after",
            "data",
        ],
        rows,
    )


def _measure(size: int, seed: int) -> dict[str, object]:
    from queries import ResourceGraph

    before, _ = memory()
    cpu, start = process_time(), perf_counter()
    graph = ResourceGraph.simulated(size, seed)
    seconds, cpu = perf_counter() - start, process_time() - cpu
    rss, peak = memory()
    start = perf_counter()
    answered = len(graph.query(DOCUMENT))
    first = perf_counter() - start
    others = graph.query("Resources | where type !~ 'microsoft.compute/virtualmachines' | count").scalar()
    held = graph.estate.cursor().execute("SELECT sum(memory_usage_bytes) FROM duckdb_memory()").fetchone()
    return {
        "vms": size,
        "others": others,
        "seconds": round(seconds, 3),
        "cpu_seconds": round(cpu, 3),
        "first_query_ms": round(first * 1e3, 3),
        "first_query_rows": answered,
        "start_mb": round(before, 1),
        "rss_mb": round(rss, 1),
        "peak_mb": round(peak, 1),
        "data_mb": round(int(held[0]) / 1e6, 1) if held else 0.0,
        "cores": os.cpu_count(),
    }


if __name__ == "__main__":
    main()
