"""What a process costs before it is warm: importing the language, `lazulite --help`, a whole `lazulite query`,
the first compilation of the source document's query. Every figure is the median over processes of their own."""

from __future__ import annotations

import json
from collections.abc import Callable
from statistics import median

from bench.measure import Lines, arguments, child, environment, load, milliseconds, note, print_table, summary
from bench.shapes import DOCUMENT

_IMPORT = "from time import perf_counter as t; a = t(); import {0}; print(t() - a)"

_FIRST = """
import json, sys
from time import perf_counter as t
import kql
from inventory import Estate
estate = Estate.simulated(20)  # held, or the garbage collector would take it away in the middle of a compilation
schema = kql.Schema.from_arrow(estate.schemas(), 1)
document, before = json.loads(sys.argv[1]), json.loads(sys.argv[2])
if before: kql.compile(before, schema)
a = t(); kql.compile(document, schema); b = t()
kql.compile(document, schema); c = t()
print(json.dumps([b - a, c - b]))
"""

_STEPS = """
import json, sys
from time import perf_counter as t
text = json.loads(sys.argv[1])
steps, a = {}, t()
def step(name):
    global a
    steps[name] = t() - a
    a = t()
import duckdb; step("import duckdb")
import kql; step("import kql")
import inventory; step("import inventory (and pyarrow)")
import queries; from queries import ResourceGraph; step("import queries")
graph = ResourceGraph.simulated(int(sys.argv[2]), 7); step("generate and load the prelude")
graph.schema; step("read the schema")
graph.compile(text); step("first compile")
result = graph.query(text); step("first run")
result.rows(); step("rows")
graph.close(); step("close")
print(json.dumps(steps))
"""


def main() -> None:
    parser = arguments(__doc__ or "")
    parser.add_argument("--processes", type=int, default=9, help="processes per figure")
    parser.add_argument("--vms", type=int, default=1000, help="the size of the estate that is asked")
    given = parser.parse_args()
    lines = Lines(given.output)
    lines.write(benchmark="cold", **environment())

    def printed(code: str, *more: str) -> Callable[[], float]:
        return lambda: float(child(["-c", code, *more])[1])

    def whole(*command: str) -> Callable[[], float]:
        return lambda: child(command)[0]

    document, other = json.dumps(DOCUMENT), json.dumps("Resources | where name == 'a' | project name | take 1")

    def first(before: str) -> Callable[[], float]:
        return lambda: float(json.loads(child(["-c", _FIRST, document, before])[1])[0])

    figures: dict[str, tuple[float | None, Callable[[], float]]] = {
        "python that does nothing": (None, whole("-c", "pass")),
        "import kql": (0.1, printed(_IMPORT.format("kql"))),
        "import duckdb": (None, printed(_IMPORT.format("duckdb"))),
        "import queries": (None, printed(_IMPORT.format("queries"))),
        "lazulite --help": (0.3, whole("-m", "queries", "--help")),
        f"lazulite query, {given.vms:,} VMs": (
            1.5,
            whole("-m", "queries", "query", "-q", DOCUMENT, "--vms", str(given.vms), "--format", "json"),
        ),
        "first compile, grammar loaded by another query": (0.005, first(other)),
        "first compile of a process": (None, first(json.dumps(""))),
    }
    taken: dict[str, list[float]] = {name: [] for name in figures}
    for round_ in range(given.processes + 1):
        note(f"round {round_} of {given.processes}")
        for name, (_, call) in figures.items():
            seconds = call()
            if round_:  # the first one fills the disk's cache and compiles to byte code
                taken[name].append(seconds)
    for name, seconds_ in taken.items():
        lines.write(metric=name, load=load(), bar_seconds=figures[name][0], **summary(seconds_))
    rows = []
    for name, seconds_ in taken.items():
        bar = figures[name][0]
        verdict = "" if bar is None else f"{milliseconds(bar)} {'ok' if median(seconds_) < bar else 'MISSED'}"
        rows.append([name, milliseconds(median(seconds_)), milliseconds(min(seconds_)), verdict])
    print_table(f"Cold, milliseconds over {given.processes} processes", ["what", "median", "best", "bar"], rows)

    note("steps of one query")
    runs = [json.loads(child(["-c", _STEPS, document, str(given.vms)])[1]) for _ in range(max(1, given.processes // 2))]
    steps = {name: [run[name] for run in runs] for name in runs[0]}
    for name, seconds_ in steps.items():
        lines.write(metric="step", variant=name, **summary(seconds_))
    print_table(
        f"Steps of a first query over {given.vms:,} VMs in a new process, milliseconds",
        ["step", "median", "best"],
        [[name, milliseconds(median(seconds_)), milliseconds(min(seconds_))] for name, seconds_ in steps.items()],
    )


if __name__ == "__main__":
    main()
