"""Functions over rows in a known order: behind order by, top or serialize.

Those that may start anew at a row are built by kql.bind.windowed from the hidden rows at the end; their visible rows
state their signatures and serve completion and help.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kql.functions.row import window
from kql.functions.template import Answer, template
from kql.sql.value import Arguments, Sql
from kql.types import INTEGERS, TIMESPAN


def _neighbour(function: str) -> Mapping[str, Answer]:
    call = f"{function}({{column:same}}, {{offset|1}}, {{}}) OVER ({{over}})"
    return {
        "default_value and column is string": template(call.replace("{}", "{default_value:result}"), null=False),
        "default_value": template(call.replace("{}", "{default_value:result}"), "column:same", null=True),
        "": template(call.replace("{}", "NULL"), "column:same", null=True),
    }


def _within(arguments: Arguments) -> str:
    """The OVER clause of a run of rows: its last two arguments are the run's number and the row's number."""
    run, row = arguments[len(arguments) - 2], arguments.text(len(arguments) - 1)
    parts = [part for part in (arguments.partition.removeprefix("PARTITION BY "), "" if run.constant else run.text) if part]
    return (f"PARTITION BY {', '.join(parts)} " if parts else "") + f"ORDER BY {row}"


def _run(arguments: Arguments) -> str:
    """The number of the run that a row belongs to: how many rows up to it start a new one."""
    over = " ".join(filter(None, (arguments.partition, f"ORDER BY {arguments.text(1)}")))
    return f"count(*) FILTER (WHERE {arguments.text(0)}) OVER ({over} ROWS UNBOUNDED PRECEDING)"


def _number(arguments: Arguments) -> str:
    return f"(row_number() OVER ({_within(arguments)}) - 1 + {arguments.text(0)})"


def _cumulated(arguments: Arguments) -> Sql:
    total = f"sum({arguments.text(0)}) OVER ({_within(arguments)} ROWS UNBOUNDED PRECEDING)"
    if arguments.result in INTEGERS or arguments.result is TIMESPAN:
        total = f"kql_wrap({total})"
    return Sql(f"coalesce({total}, 0)", arguments.result, False)


def _session(arguments: Arguments) -> Sql:
    """Where the session of a row begins: within a run, each row that is too far from the session's first begins one."""
    value, most = arguments[0], arguments.text(1)
    prefix = f"list({value.text}) OVER ({_within(arguments)} ROWS UNBOUNDED PRECEDING)"
    return Sql(f"list_reduce({prefix}, lambda s, x: CASE WHEN x - s > {most} THEN x ELSE s END)", value.type, True)


def _changed(arguments: Arguments) -> str:
    """Whether a row's value differs from the one before it in its run; true in the first row of a run."""
    value, over = arguments.text(0), _within(arguments)
    return f"(row_number() OVER ({over}) = 1 OR {value} IS DISTINCT FROM lag({value}) OVER ({over}))"


def _dense(arguments: Arguments) -> str:
    return f"count(*) FILTER (WHERE {arguments.text(0)}) OVER ({_within(arguments)} ROWS UNBOUNDED PRECEDING)"


def _least(arguments: Arguments) -> str:
    over = _within(arguments)
    return f"max(CASE WHEN {arguments.text(0)} THEN {arguments.text(1)} END) OVER ({over} ROWS UNBOUNDED PRECEDING)"


def _no_distance(constants: Sequence[object]) -> str:
    distance = constants[1] if len(constants) > 1 else 1
    return "its distance is a row at least" if isinstance(distance, int) and distance < 1 else ""


_SHOWN = "toscalar(range x from 1 to 3 step 1 | serialize n = {} | summarize max(n)) == {}"

ROWS = (
    window(
        ("row_number(startingIndex:Integer?, restart:bool?) -> long", ""),
        doc="The number of a row, from 1 unless told otherwise; it starts anew where a condition is true.",
        examples=(_SHOWN.format("row_number()", 3), _SHOWN.format("row_number(1, x == 3)", 2)),
        nulls="total",
    ),
    window(
        ("prev(column:Scalar, offset:Integer?, default_value:Scalar? <Constant>) -> Parameter0", _neighbour("lag")),
        doc="A column's value some rows before.",
        examples=(_SHOWN.format("prev(x)", 2),),
        nulls="custom",
        check=_no_distance,
    ),
    window(
        ("next(column:Scalar, offset:Integer?, default_value:Scalar? <Constant>) -> Parameter0", _neighbour("lead")),
        doc="A column's value some rows after.",
        examples=(_SHOWN.format("next(x)", 3),),
        nulls="custom",
        check=_no_distance,
    ),
    window(
        ("row_cumsum(term:Summable, restart:bool?) -> Parameter0Promoted", ""),
        doc="The sum of a column up to a row; it starts anew where a condition is true.",
        examples=(_SHOWN.format("row_cumsum(x)", 6), _SHOWN.format("row_cumsum(x, x == 3)", 3)),
        nulls="custom",
    ),
    window(
        ("row_rank_dense(term:Scalar, restart:bool?) -> long", ""),
        doc="The rank of a row; equal values in a row share one, and none is left out.",
        examples=(_SHOWN.format("row_rank_dense(x)", 3),),
        nulls="total",
    ),
    window(
        ("row_rank_min(term:Scalar, restart:bool?) -> long", ""),
        doc="The rank of a row; equal values in a row share the lowest.",
        examples=(_SHOWN.format("row_rank_min(x)", 3),),
        nulls="total",
    ),
    window(
        (
            "row_window_session(expr:Summable, maxDistanceFromFirst:Summable, maxDistanceBetweenNeighbors:Summable, restart:bool?)"
            " -> Parameter0",
            "",
        ),
        doc="The value with which the session of a row begins; a new one begins where a row is too far from the session's"
        " first or from its neighbour, or where a condition is true.",
        examples=(_SHOWN.format("row_window_session(x, 1, 1)", 3), _SHOWN.format("row_window_session(x, 5, 5)", 1)),
        nulls="custom",
    ),
    window(
        ("$session(expr:Summable, most:Summable, run:long, row:long) -> Parameter0", _session),
        doc="The first value of a session.",
        hidden=True,
        nulls="custom",
    ),
    window(
        (
            "$near(condition:bool, before:long <Constant>, after:long <Constant>) -> bool",
            "coalesce(bool_or({condition}) OVER ({over} ROWS BETWEEN {after} PRECEDING AND {before} FOLLOWING), FALSE)",
        ),
        doc="Whether a condition holds in a row nearby, for rows_near.",
        hidden=True,
        nulls="total",
    ),
    window(("$run(restart:bool, row:long) -> long", _run), doc="The run that a row belongs to.", hidden=True, nulls="total"),
    window(("$number(start:Integer, run:long, row:long) -> long", _number), doc="A row's place in its run.", hidden=True, nulls="total"),
    window(
        ("$cumsum(term:Summable, run:long, row:long) -> Parameter0Promoted", _cumulated),
        doc="The sum of a run up to a row.",
        hidden=True,
    ),
    window(("$changed(term:Scalar, run:long, row:long) -> bool", _changed), doc="Where a value changes.", hidden=True, nulls="total"),
    window(("$dense(changed:bool, run:long, row:long) -> long", _dense), doc="Changes up to a row.", hidden=True, nulls="total"),
    window(
        ("$least(changed:bool, number:long, run:long, row:long) -> long", _least),
        doc="The place of the last change.",
        hidden=True,
        nulls="total",
    ),
)  # fmt: skip
