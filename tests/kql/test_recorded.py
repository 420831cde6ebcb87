"""Every recorded case, refused query and published query. What does not hold is listed by name with its reason."""

from __future__ import annotations

import collections
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

import kql
from tests.kql.shared import (
    NOTHING,
    answer,
    cell,
    comparer,
    database,
    hold_to,
    needs_shared,
    records,
    service_schema,
)

Counts = dict[str, collections.Counter[str]]
pytestmark = needs_shared


@pytest.fixture
def counted(record_property: Callable[[str, object], None]) -> Iterator[Counts]:
    """Counts by title, printed at the end of the run (see conftest.py) whatever the outcome."""
    counts: Counts = collections.defaultdict(collections.Counter)
    yield counts
    for title, counter in counts.items():
        record_property(f"count of {title}", ", ".join(f"{number} {word}" for word, number in counter.items()))


def _reason(error: Exception) -> str:
    if isinstance(error, kql.KqlError):
        return f"refused: {error.problems[0].code} {error.problems[0].message}"
    return f"the engine fails: {str(error).splitlines()[0][:150]}"


def test_recorded_answers(pytestconfig: pytest.Config, counted: Counts) -> None:
    compare = comparer()
    connection = database()
    failures: dict[str, str] = {}
    counts = counted["recorded answers"]
    tiers: dict[int, collections.Counter[str]] = collections.defaultdict(collections.Counter)
    for case in records("conformance", "cases.jsonl"):
        try:
            columns, rows = answer(connection, case["query"])
            verdict = compare.compare_case(case, columns, rows)
            outcome = "match" if verdict else "differ"
            if not verdict:
                failures[case["id"]] = "differs: " + " ".join(str(verdict.reason).split())[:150]
        except (kql.KqlError, duckdb.Error) as error:
            outcome = "refused" if isinstance(error, kql.KqlError) else "crash"
            failures[case["id"]] = " ".join(_reason(error).split())
        counts[outcome] += 1
        tiers[case["tier"]][outcome] += 1
    for tier in sorted(tiers):
        counted[f"recorded answers, tier {tier}"] = tiers[tier]
    hold_to("conformance.txt", failures, pytestconfig, "Recorded answers")


def test_refused_queries(pytestconfig: pytest.Config, counted: Counts) -> None:
    accepted: dict[str, str] = {}
    told: dict[str, str] = {}
    counts = counted["queries that the engine refuses"]
    for case in records("conformance", "refused.jsonl"):
        problems = kql.check(case["query"], NOTHING)
        errors = [problem for problem in problems if problem.severity == "error"]
        counts["refused" if errors else "accepted"] += 1
        told[case["id"]] = ", ".join(f"{problem.code} at {problem.span[0]}" for problem in errors)
        if not errors:
            accepted[case["id"]] = "accepted"
        for problem in errors:
            assert 0 <= problem.span[0] <= problem.span[1] <= len(case["query"]) + 1, case["id"]
    hold_to("refused.txt", accepted, pytestconfig, "Queries that Kusto refuses")
    # Why and where each is refused was read through once; a change is to be read again.
    reasons = Path(__file__).with_name("refused-reasons.txt")
    listed = "".join(f"{key}\t{reason}\n" for key, reason in sorted(told.items()))
    if pytestconfig.getoption("--update"):
        reasons.write_text(listed, encoding="utf-8")
    assert reasons.read_text(encoding="utf-8") == listed


@pytest.mark.parametrize("name", ["queries", "templated"])
def test_published_queries(name: str, pytestconfig: pytest.Config, counted: Counts) -> None:
    """All compile and run over empty tables, with the columns that Microsoft's analyser gives them."""
    schema = service_schema()
    connection = database()
    failures: dict[str, str] = {}
    counts = counted[f"published queries ({name})"]
    for record in records("corpus", f"{name}.jsonl"):
        text: str = record.get("substituted") or record["query"]
        official: dict[str, Any] = record.get("official") or {}
        try:
            compiled = kql.compile(text, schema)
            counts["compile"] += 1
            if official.get("ok"):
                shown = [[column.name, column.type] for column in compiled.columns]
                if shown != official["columns"]:
                    failures[record["id"]] = "other columns than the official analyser's"
            bound = compiled.bind(0)
            rows = (connection.execute(compiled.sql, bound) if bound else connection.execute(compiled.sql)).fetchall()
            [[cell(value, column) for value, column in zip(row, compiled.columns, strict=True)] for row in rows]
            counts["run"] += 1
        except (kql.KqlError, duckdb.Error) as error:
            failures[record["id"]] = " ".join(_reason(error).split())
        counts["all"] += 1
    hold_to(f"corpus-{name}.txt", failures, pytestconfig, f"Published queries ({name})")
