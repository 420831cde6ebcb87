"""How an estate that lives keeps up: work per simulated minute, what queries take meanwhile, and memory over time.

    python -m bench.live --vms 1000000 --rate 0.01 --minutes 60

Work is processor time of the whole process; `life` is what happens to machines, `refresh` the letting in of what is due.
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path

from queries import ResourceGraph

QUERY = """
| where type =~ 'Microsoft.Compute/virtualMachines'
| where properties.virtualMachineScaleSet contains "demo"
| extend powerState = properties.extended.instanceView.powerState.code
| summarize count() by tostring(powerState)
"""


def memory_mb() -> float:
    """What the process holds now, in megabytes; 0 where the system does not tell."""
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS")), 0.0)


def latency(graph: ResourceGraph, times: int = 7) -> float:
    """The middle of several times of the query, in seconds."""
    taken = []
    for _ in range(times):
        started = time.perf_counter()
        graph.query(QUERY)
        taken.append(time.perf_counter() - started)
    return statistics.median(taken)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--vms", type=int, default=100_000)
    arguments.add_argument("--rate", type=float, default=0.01)
    arguments.add_argument("--minutes", type=int, default=30)
    arguments.add_argument("--every", type=int, default=1, help="report every so many minutes")
    given = arguments.parse_args()
    graph = ResourceGraph.simulated(given.vms, 7)
    estate = graph.estate
    graph.advance(600)
    graph.refresh()
    latency(graph, 2)
    still = latency(graph)
    print(f"{given.vms:,} machines, still: query {still * 1000:.1f} ms, memory {memory_mb():,.0f} MB", flush=True)
    estate.live(given.rate)
    work = []
    for minute in range(1, given.minutes + 1):
        graph.advance(60)
        started = time.process_time()
        estate._passing.until(estate.clock.ticks())
        lived = time.process_time()
        changed = graph.refresh()
        work.append(time.process_time() - lived)
        if minute % given.every == 0:
            ratio = latency(graph) / still
            print(
                f"minute {minute}: life {lived - started:.2f} s, refresh {work[-1]:.2f} s for {changed:,} rows, "
                f"query {ratio:.2f} x still, memory {memory_mb():,.0f} MB",
                flush=True,
            )
    print(f"refresh: {statistics.median(work):.2f} s in the middle, {max(work):.2f} s at most")


if __name__ == "__main__":
    main()
