"""What a refresh costs: a share of all machines changes each minute, with and without a history, and what memory does.

The bar: 1,000,000 machines, 1 % changing a minute, a refresh under 1 s of work a minute. Images are written and now and
then compressed when changes are accepted: that is told beside it as `changing`. In every other minute readers ask all
the while: work is told of the minutes without them, how long a refresh takes and the slowest answer of those with them.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median
from time import perf_counter, process_time
from typing import Any

from bench.measure import Lines, arguments, environment, load, memory, note, print_table
from inventory import Estate, History, SimulatedClock
from queries import ResourceGraph

BAR_SECONDS = 1.0

STATES = """
resources
| where type =~ 'microsoft.compute/virtualmachines'
| summarize count() by tostring(properties.extended.instanceView.powerState.code)
"""

READ = "SELECT power_state.code, count(*) FROM world.virtual_machines GROUP BY ALL"


@contextmanager
def reading(graph: ResourceGraph, readers: int) -> Iterator[tuple[list[float], set[int]]]:
    """Readers that ask the index until the block ends; what each answer took, and how many machines any of them saw."""
    taken: list[float] = []
    seen: set[int] = set()
    ended = threading.Event()

    def read() -> None:
        with graph.estate.cursor() as cursor:
            while not ended.is_set():
                started = perf_counter()
                seen.add(sum(count for _, count in cursor.execute(READ).fetchall()))
                taken.append(perf_counter() - started)

    threads = [threading.Thread(target=read) for _ in range(readers)]
    for thread in threads:
        thread.start()
    try:
        yield taken, seen
    finally:
        ended.set()
        for thread in threads:
            thread.join()


def main() -> None:
    parser = arguments(__doc__ or "")
    parser.add_argument("--vms", type=int, default=1_000_000)
    parser.add_argument("--minutes", type=int, default=6)
    parser.add_argument("--share", type=float, default=0.01, help="of the machines that change each minute")
    parser.add_argument("--most", type=int, default=History().most, help="images that the history keeps; 0 keeps none")
    parser.add_argument("--readers", type=int, default=2, help="threads that read in every other minute")
    given = parser.parse_args()
    lines = Lines(given.output)
    lines.write(benchmark="refresh", **environment())
    history = History(most=given.most) if given.most else History.none()
    graph = ResourceGraph(Estate.simulated(given.vms, 7, history=history))
    clock = graph.estate.clock
    assert isinstance(clock, SimulatedClock)
    clock.advance(600)
    graph.refresh()
    graph.query(STATES)

    def timed(call: Any) -> tuple[float, float]:
        wall, work = perf_counter(), process_time()
        call()
        return perf_counter() - wall, process_time() - work

    rows, refreshes, beside, answers, machines = [], [], [], [], set()
    for minute in range(given.minutes):
        changing = timed(lambda: graph.estate.churn(given.share))
        clock.advance(60)
        pending = graph.estate.pending()
        if crowded := minute % 2 == 1 and given.readers > 0:
            with reading(graph, given.readers) as (taken, seen):
                refreshing = timed(graph.refresh)
            beside.append(refreshing[0])
            answers += taken
            machines |= seen
        else:
            refreshing = timed(graph.refresh)
            refreshes.append(refreshing[1])
        asking = timed(lambda: graph.query(STATES))
        resident, peak = memory()
        lines.write(
            metric="refresh", minute=minute, readers=given.readers * crowded, pending=pending, load=load(),
            wall=refreshing[0], work=refreshing[1],
            changing=changing[1], asking=asking[1], resident_mb=resident, peak_mb=peak,
        )  # fmt: skip
        note(f"minute {minute}: {pending:,} changes, refresh {refreshing[1]:.2f} s of work{', readers included' if crowded else ''}")
        seconds = [f"{value:.2f}" for value in (changing[1], refreshing[1], refreshing[0])]
        sizes = [f"{asking[1] * 1000:.0f}", f"{resident:,.0f}", f"{peak:,.0f}"]
        rows.append([f"{minute}{', readers' if crowded else ''}", f"{pending:,}", *seconds, *sizes])
    headings = [
        "minute",
        "changes",
        "changing, s",
        "refresh, s of work",
        "on the clock",
        "query, ms of work",
        "MB",
        "MB at most",
    ]
    kept = f"history of {given.most:,} images" if given.most else "no history"
    print_table(f"Refresh of {given.vms:,} machines, {given.share:.0%} a minute, {kept}", headings, rows)
    verdict = "ok" if median(refreshes) < BAR_SECONDS else "MISSED"
    if beside:
        slowest = f"slowest of {len(answers)} answers {max(answers):.2f} s" if answers else "no answer came meanwhile"
        print(f"with {given.readers} readers: median {median(beside):.2f} s on the clock, at most {max(beside):.2f} s; {slowest}; "
              f"machines seen: {', '.join(f'{count:,}' for count in sorted(machines))}")  # fmt: skip
    print(f"median {median(refreshes):.2f} s of work, at most {max(refreshes):.2f} s, bar {BAR_SECONDS:g} s: {verdict}")


if __name__ == "__main__":
    main()
