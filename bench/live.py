"""How an estate that changes keeps up: work per simulated minute, what queries take meanwhile, and memory over time.

    python -m bench.live --vms 1000000 --rate 0.01 --minutes 60
    python -m bench.live --vms 20000 --minutes 1440 --churn --every 60      # a day, 1,440 refreshes

Machines live by themselves (deployments, evictions, deletions ...; their `life` is measured apart), or with `--churn` a
share of them is started and deallocated each minute. Work is processor time of the whole process; `refresh` is the
letting in of what is due and all that keeps the tables small.
"""

from __future__ import annotations

import time
from statistics import fmean, median

from bench.measure import Lines, arguments, environment, load, memory, quantile
from inventory import Estate, History, SimulatedClock
from queries import ResourceGraph

QUERY = """
| where type =~ 'Microsoft.Compute/virtualMachines'
| where properties.virtualMachineScaleSet contains "demo"
| extend powerState = properties.extended.instanceView.powerState.code
| summarize count() by tostring(powerState)
"""


def latency(graph: ResourceGraph, times: int = 7) -> float:
    """The middle of several times of the query, in seconds of work. Each time is another text, so that none is kept."""
    taken = []
    for number in range(times):
        started = time.process_time()
        graph.query(f"{QUERY}// {number} {started}\n")
        taken.append(time.process_time() - started)
    return median(taken)


def tables_mb(graph: ResourceGraph) -> float:
    """What the tables hold, in megabytes; the process holds more, which the allocator keeps."""
    with graph.estate.cursor() as cursor:
        sql = "SELECT sum(memory_usage_bytes) / 1e6 FROM duckdb_memory() WHERE tag IN ('IN_MEMORY_TABLE', 'BASE_TABLE')"
        return float(cursor.execute(sql).fetchall()[0][0] or 0.0)


def held_rows(graph: ResourceGraph) -> dict[str, tuple[int, int]]:
    """For each large table the rows that live, and those that its groups hold, dead ones among them."""
    found = {}
    with graph.estate.cursor() as cursor:
        tables = "SELECT table_name FROM duckdb_tables() WHERE database_name = 'world' ORDER BY table_name"
        for (name,) in cursor.execute(tables).fetchall():
            held = f"SELECT sum(count) FROM pragma_storage_info('world.{name}') WHERE column_id = 0 AND segment_type <> 'VALIDITY'"
            ((rows,),) = cursor.execute(held).fetchall()
            if (rows or 0) > 20_000:
                ((living,),) = cursor.execute(f"SELECT count(*) FROM world.{name}").fetchall()
                found[name] = int(living), int(rows)
    return found


def slope(values: list[float]) -> float:
    """By how much values grow from one to the next: least squares over the later half, when all has come to rest."""
    later = values[len(values) // 2 :]
    middle, mean = (len(later) - 1) / 2, fmean(later)
    spread = sum((place - middle) ** 2 for place in range(len(later)))
    return sum((place - middle) * (value - mean) for place, value in enumerate(later)) / spread if spread else 0.0


def main() -> None:
    parser = arguments(__doc__ or "")
    parser.add_argument("--vms", type=int, default=100_000)
    parser.add_argument("--rate", type=float, default=0.01, help="share of the machines to which something happens in a minute")
    parser.add_argument("--minutes", type=int, default=30)
    parser.add_argument("--every", type=int, default=1, help="report every so many minutes")
    parser.add_argument("--churn", action="store_true", help="start and deallocate machines instead of letting them live")
    parser.add_argument("--most", type=int, default=History().most, help="images that the history keeps; 0 keeps none")
    parser.add_argument("--rows", action="store_true", help="report the rows of each large table, living and held, too")
    given = parser.parse_args()
    lines = Lines(given.output)
    lines.write(benchmark="live", vms=given.vms, churn=given.churn, most=given.most, **environment())
    history = History(most=given.most) if given.most else History.none()
    graph = ResourceGraph(Estate.simulated(given.vms, 7, history=history))
    estate = graph.estate
    assert isinstance(estate.clock, SimulatedClock)
    estate.clock.advance(600)
    graph.refresh()
    latency(graph, 2)
    still = latency(graph)
    print(f"{given.vms:,} machines, still: query {still * 1000:.1f} ms of work, tables {tables_mb(graph):,.0f} MB, "
          f"process {memory()[0]:,.0f} MB", flush=True)  # fmt: skip
    if not given.churn:
        estate.live(given.rate)
    work, wall, ratios, held, living = [], [], [], [], []
    for minute in range(1, given.minutes + 1):
        started = time.process_time()
        if given.churn:
            estate.churn(given.rate)
        estate.clock.advance(60)
        estate._passing.until(estate.clock.ticks())
        lived, clock = time.process_time(), time.perf_counter()
        changed = graph.refresh()
        wall.append(time.perf_counter() - clock)
        work.append(time.process_time() - lived)
        living.append(lived - started)
        held.append(tables_mb(graph))
        if minute % given.every == 0:
            ratios.append(latency(graph) / still)
            last = slice(-given.every, None)
            print(
                f"minute {minute}: life {fmean(living[last]):.2f} s, refresh {median(work[last]):.2f} s in the middle "
                f"and {max(work[last]):.2f} at most, {changed:,} rows, query {ratios[-1]:.2f} x still, "
                f"tables {held[-1]:,.0f} MB, process {memory()[0]:,.0f} MB, load {load()}",
                flush=True,
            )
            lines.write(
                metric="live", minute=minute, life=fmean(living[last]), refresh=median(work[last]), worst=max(work[last]),
                ratio=ratios[-1], tables_mb=held[-1], resident_mb=memory()[0], load=load(),
            )  # fmt: skip
            if given.rows:
                rows = held_rows(graph)
                print("  " + ", ".join(f"{name} {living:,} of {all_:,}" for name, (living, all_) in rows.items()), flush=True)
                lines.write(metric="rows", minute=minute, **{name: list(pair) for name, pair in rows.items()})
    for name, values in (("work", work), ("clock", wall)):
        print(f"refresh, {name}: {median(values):.2f} s in the middle, {quantile(values, 0.99):.2f} s at 99 %, "
              f"{fmean(values):.2f} s on average, {max(values):.2f} s at most")  # fmt: skip
    print(f"life: {fmean(living):.2f} s of work a minute")
    print(f"query: {median(ratios):.2f} x still in the middle, {max(ratios):.2f} at most")
    quarters = [held[place * (len(held) - 1) // 4] for place in range(5)]
    print(f"tables, MB from the first minute to the last in quarters: {', '.join(f'{value:,.0f}' for value in quarters)}; "
          f"in the later half {60 * slope(held):+.2f} MB an hour; at most {max(held):,.0f}")  # fmt: skip


if __name__ == "__main__":
    main()
