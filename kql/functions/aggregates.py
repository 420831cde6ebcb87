"""Aggregates that count, add up, compare and collect."""

from __future__ import annotations

from kql.functions.row import aggregate

ROWS = (
    aggregate(
        ("count() -> long", "count(*)"),
        ("count(predicate:bool) -> long", "count_if({predicate})"),
        ("count(value:Scalar) -> long", "count({value})"),
        doc="The number of rows.",
        examples=("toscalar(range x from 1 to 3 step 1 | summarize count()) == 3",),
        naming="prefix:count",
        empty="0",
    ),
    aggregate(
        ("countif(predicate:bool) -> long", "count_if({predicate})"),
        doc="The number of rows for which a condition is true.",
        examples=("toscalar(range x from 1 to 3 step 1 | summarize countif(x > 1)) == 2",),
        naming="prefix:countif",
        empty="0",
    ),
)
