"""How long real queries take to compile: every text of the corpus, and one of a hundred operators.

The corpus is a folder with `queries.jsonl` (field `query`) and `templated.jsonl` (field `substituted`). It is not
part of this repository; without it only the long text is measured.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from statistics import mean, median
from time import perf_counter

import kql
from bench.measure import ROOT, Lines, arguments, environment, load, milliseconds, note, print_table, quantile, summary
from bench.shapes import DOCUMENT
from inventory import Estate

FIELDS = {"queries.jsonl": "query", "templated.jsonl": "substituted"}


def main() -> None:
    parser = arguments(__doc__ or "")
    parser.add_argument("--corpus", type=Path, default=ROOT.parent / "shared" / "corpus", metavar="FOLDER")
    parser.add_argument("--repeats", type=int, default=3, help="times each text is compiled; its median counts")
    parser.add_argument("--operators", type=int, default=100, help="operators of the long text")
    given = parser.parse_args()
    lines = Lines(given.output)
    lines.write(benchmark="corpus", **environment())
    with Estate.simulated(20) as estate:
        schema = kql.Schema.from_arrow(estate.schemas(), estate.schema_version())
    kql.compile(DOCUMENT, schema)  # loads the grammar

    rows = []
    for file, field in FIELDS.items():
        path = given.corpus / file
        if not path.exists():
            note(f"there is no {path}: skipped (name the folder with --corpus)")
            continue
        records = [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]
        note(f"{file}: {len(records):,} texts")
        times: dict[bool, list[float]] = {True: [], False: []}
        slowest: list[tuple[float, str, int]] = []
        refused: Counter[str] = Counter()
        for number, record in enumerate(records):
            if number % 500 == 499:
                note(f"  {number + 1:,}")
            taken, problem = _compile(record[field], schema, given.repeats)
            times[problem is None].append(taken)
            slowest.append((taken, record["id"], len(record[field])))
            if problem:
                refused[problem] += 1
        for compiled, label in ((True, "compiled"), (False, "refused")):
            found = times[compiled]
            if found:
                rows.append([file, label, f"{len(found):,}", *map(milliseconds, _spread(found))])
                lines.write(metric="compile", file=file, variant=label, mean_ms=round(mean(found) * 1e3, 4),
                            max_ms=round(max(found) * 1e3, 4), load=load(), **summary(found))  # fmt: skip
        slowest.sort(reverse=True)
        top = [(id_, round(taken * 1e3, 1), characters) for taken, id_, characters in slowest[:5]]
        note(f"  slowest (id, ms, characters): {top}")
        note(f"  refused: {dict(refused.most_common(8))}")
        lines.write(metric="slowest", file=file, texts=top, refused=dict(refused.most_common()))
    text = _long(given.operators)
    taken, problem = _compile(text, schema, max(5, given.repeats))
    if problem:
        raise SystemExit(f"the text of {given.operators} operators does not compile: {problem}")
    rows.append([f"{given.operators} operators", "compiled", "1", *[milliseconds(taken)] * 4])
    lines.write(metric="long", operators=given.operators, characters=len(text), **summary([taken]))
    print_table("Compiling, milliseconds", ["texts", "", "number", "mean", "median", "p95", "slowest"], rows)


def _compile(text: str, schema: kql.Schema, repeats: int) -> tuple[float, str | None]:
    """(seconds, median; the code of its first problem)."""
    taken, problem = [], None
    for _ in range(repeats):
        start = perf_counter()
        try:
            kql.compile(text, schema)
        except kql.KqlError as error:
            problem = error.problems[0].code
        taken.append(perf_counter() - start)
    return median(taken), problem


def _spread(times: list[float]) -> tuple[float, float, float, float]:
    return mean(times), median(times), quantile(times, 0.95), max(times)


def _long(operators: int) -> str:
    """A pipeline of that many operators, as machines write them."""
    steps: list[Callable[[int], str]] = [
        lambda n: f"where name != 'vm-{n}' and properties.hardwareProfile.vmSize !contains 'x{n}'",
        lambda n: f"extend c{n} = strcat(name, '-{n}'), d{n} = tolower(tostring(properties.provisioningState))",
        lambda n: f"where c{n - 1} != d{n - 1}",
        lambda n: f"project-away c{n - 2}, d{n - 2}",
        lambda n: "order by name asc, resourceGroup desc",
    ]
    return "\n| ".join(["Resources", *(steps[n % len(steps)](n) for n in range(operators))])


if __name__ == "__main__":
    main()
