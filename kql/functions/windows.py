"""Functions over rows in a known order: behind order by, top or serialize."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kql.functions.row import window
from kql.sql.convert import convert
from kql.sql.value import Arguments, Sql
from kql.types import DYNAMIC, INTEGERS, STRING, TIMESPAN

if TYPE_CHECKING:
    from kql.functions.row import Template


def _row_number(arguments: Arguments) -> str:
    start = arguments.text(0) if len(arguments) else "1"
    return f"(row_number() OVER ({arguments.over}) - 1 + {start})"


def _neighbour(function: str) -> Template:
    def sql(arguments: Arguments) -> Sql:
        value = arguments[0].fetched()
        if value.type is DYNAMIC:
            value = convert(value, DYNAMIC)
        text = value.string if value.type is STRING else value.text
        offset = arguments.text(1) if len(arguments) > 1 else "1"
        default = "NULL"
        if len(arguments) > 2:
            given = convert(arguments[2], value.type)
            default = given.string if value.type is STRING else given.text
        nullable = not (value.type is STRING and len(arguments) > 2)
        return Sql(f"{function}({text}, {offset}, {default}) OVER ({arguments.over})", value.type, nullable, value.form)

    return sql


def _cumulated(arguments: Arguments) -> Sql:
    total = f"sum({arguments.text(0)}) OVER ({arguments.over} ROWS UNBOUNDED PRECEDING)"
    if arguments.result in INTEGERS or arguments.result is TIMESPAN:
        total = f"kql_wrap({total})"
    return Sql(f"coalesce({total}, 0)", arguments.result, False)


_SHOWN = "toscalar(range x from 1 to 3 step 1 | serialize n = {} | summarize max(n)) == {}"

ROWS = (
    window(
        ("row_number(startingIndex:Integer?) -> long", _row_number),
        doc="The number of a row, from 1 unless told otherwise.",
        examples=(_SHOWN.format("row_number()", 3),),
        nulls="total",
    ),
    window(
        ("prev(column:Scalar, offset:Integer?, default_value:Scalar?) -> Parameter0", _neighbour("lag")),
        doc="A column's value some rows before.",
        examples=(_SHOWN.format("prev(x)", 2),),
        nulls="custom",
    ),
    window(
        ("next(column:Scalar, offset:Integer?, default_value:Scalar?) -> Parameter0", _neighbour("lead")),
        doc="A column's value some rows after.",
        examples=(_SHOWN.format("next(x)", 3),),
        nulls="custom",
    ),
    window(
        ("row_cumsum(term:Summable) -> Parameter0Promoted", _cumulated),
        doc="The sum of a column up to a row.",
        examples=(_SHOWN.format("row_cumsum(x)", 6),),
        nulls="custom",
    ),
    window(
        ("row_rank_dense(term:Scalar) -> long", lambda a: f"dense_rank() OVER ({a.over or 'ORDER BY ' + a.text(0)})"),
        doc="The rank of a row; equal values share one, and none is left out.",
        examples=(_SHOWN.format("row_rank_dense(x)", 3),),
        nulls="total",
    ),
    window(
        ("row_rank_min(term:Scalar) -> long", lambda a: f"rank() OVER ({a.over or 'ORDER BY ' + a.text(0)})"),
        doc="The rank of a row; equal values share the lowest.",
        examples=(_SHOWN.format("row_rank_min(x)", 3),),
        nulls="total",
    ),
)
