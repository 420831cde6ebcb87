"""Comparisons: == != < > and between. The two sides have one type already; see kql-semantics 1.3 for their nulls."""

from __future__ import annotations

from kql.functions.row import Function, infix
from kql.functions.template import template
from kql.sql.value import FALSE, TRUE, Sql
from kql.types import BOOL, REAL, STRING


def equal(left: Sql, right: Sql, truth: bool) -> Sql:
    """`==`: one null gives false, two give null; NaN equals nothing. Strings are never null."""
    if left.constant and right.constant and left.type is right.type and None not in (left.const, right.const):
        return TRUE if left.const == right.const else FALSE
    if left.type is STRING and right.type is STRING:
        ours, theirs = left.fetched(), right.fetched()
        if truth and ours.nullable and theirs.const not in ("",) and (theirs.constant or not theirs.nullable):
            # a missing string is NULL here and never equals a text that is not empty
            return Sql(
                f"({ours.text} = {theirs.text})" if theirs.constant else f"({ours.string} = {theirs.text})", BOOL
            )
        return Sql(f"({ours.string} = {theirs.string})", BOOL, False)
    left, right = left.fetched(), right.fetched()
    if truth or not (left.nullable or right.nullable):
        text = f"({left.text} = {right.text})"
        nullable = left.nullable or right.nullable
    elif left.nullable and right.nullable:
        text = f"CASE WHEN {left.text} IS NULL AND {right.text} IS NULL THEN NULL ELSE coalesce({left.text} = {right.text}, FALSE) END"
        nullable = True
    else:
        text, nullable = f"coalesce({left.text} = {right.text}, FALSE)", False
    if REAL in (left.type, right.type) and not (_finite(left) or _finite(right)):
        text = f"({text} AND NOT isnan(CAST({left.text} AS DOUBLE)))"
    return Sql(text, BOOL, nullable)


def _finite(value: Sql) -> bool:
    return isinstance(value.const, int | float) and value.const == value.const


def unequal(left: Sql, right: Sql, truth: bool) -> Sql:
    """`!=`: one null gives true, two give null."""
    if left.constant and right.constant and left.type is right.type and None not in (left.const, right.const):
        return FALSE if left.const == right.const else TRUE
    left, right = left.fetched(), right.fetched()
    if left.type is STRING and right.type is STRING:
        return Sql(f"({left.string} <> {right.string})", BOOL, False)
    if not (left.nullable or right.nullable):
        text, nullable = f"({left.text} <> {right.text})", False
    elif left.nullable and right.nullable:
        text = f"CASE WHEN {left.text} IS NULL AND {right.text} IS NULL THEN NULL ELSE {left.text} IS DISTINCT FROM {right.text} END"
        nullable = True
    else:
        text, nullable = f"({left.text} IS DISTINCT FROM {right.text})", False
    if REAL in (left.type, right.type) and not (_finite(left) or _finite(right)):
        text = (
            f"({text} OR coalesce(isnan(CAST({left.text} AS DOUBLE)) AND isnan(CAST({right.text} AS DOUBLE)), FALSE))"
        )
    return Sql(text, BOOL, nullable)


def _number(side: str) -> dict[str, str]:
    """NaN is neither less nor greater than anything."""
    return {f"{side} is real and {side} is not finite": f" AND NOT isnan({{{side}}})", "": ""}


def _ordered(sign: str, doc: str, examples: tuple[str, ...]) -> Function:
    sql = template(f"({{left}} {sign} {{right}}{{first}}{{second}})", first=_number("left"), second=_number("right"))
    return infix((f"{sign}(left:typed, right:typed) -> bool", sql), doc=doc, examples=examples)


_BETWEEN = "({value} BETWEEN {low} AND {high})"
_SHAPES = (
    *((f"(value:{type}, low:{type}, high:{type}) -> bool", _BETWEEN) for type in ("Number", "timespan", "datetime")),
    ("(value:datetime, low:datetime, high:timespan) -> bool", "({value} BETWEEN {low} AND kql_ticks_to_datetime(CAST({low} AS HUGEINT) + {high}))"),
    *((f"(value:{type}, low:{type}, high:{type}) -> bool", _BETWEEN) for type in ("string", "bool", "guid")),
)

ROWS = (
    infix(
        ("==(left:typed, right:typed) -> bool", lambda a: equal(a[0], a[1], a.truth)),
        doc="Equality; letter case counts. One null gives false, two nulls give null.",
        examples=("'a' == 'a'", "not('a' == 'A')", "not(int(null) == 1)", "isnull(int(null) == int(null))"),
        nulls="custom",
    ),
    infix(
        ("!=(left:typed, right:typed) -> bool", lambda a: unequal(a[0], a[1], a.truth)),
        doc="Inequality; letter case counts. One null gives true, two nulls give null.",
        examples=("'a' != 'A'", "int(null) != 1"),
        nulls="custom",
    ),
    _ordered("<", "Less than.", ("1 < 2", "isnull(int(null) < 1)")),
    _ordered("<=", "Less than or equal.", ("2 <= 2",)),
    _ordered(">", "Greater than.", ("2 > 1",)),
    _ordered(">=", "Greater than or equal.", ("2 >= 2",)),
    infix(
        *((f"between{shape}", sql) for shape, sql in _SHAPES),
        doc="Within bounds, both included; for a datetime the upper bound may be a timespan from the lower one.",
        examples=("2 between (1 .. 3)", "datetime(2020-01-02) between (datetime(2020-01-01) .. 1d)"),
    ),
    infix(
        *((f"!between{shape}", f"(NOT {sql})") for shape, sql in _SHAPES),
        doc="Outside bounds; null when any of the three is null.",
        examples=("4 !between (1 .. 3)",),
    ),
)

__all__ = ["ROWS", "equal", "unequal"]
