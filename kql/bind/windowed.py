"""Window functions that may start anew at a row: each becomes one over the runs of rows between such starts."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from kql import plan, syntax
from kql.bind.scope import Scope
from kql.types import BOOL, LONG, UNKNOWN

if TYPE_CHECKING:
    from kql.bind.binder import Binder


def _bound(
    binder: Binder, call: syntax.Call, scope: Scope, restart: int
) -> tuple[list[plan.Scalar], plan.Scalar, plan.Scalar] | None:
    """The arguments before the restart condition, the number of the row's run, and the row's number."""
    from kql.functions import catalogue

    if not scope.serialized:
        binder.problems.add("KQL403", call.name_span, function=f"{call.name}()")
    values = [binder.scalar(argument, scope) for argument in call.arguments]
    if len(values) > restart and values[restart].type is not UNKNOWN:
        values[restart] = binder.predicate(call.arguments[restart], scope)
    function = catalogue.find(call.name)
    assert function is not None
    checked = binder.call(function, tuple(values), call.span, written=call.name)
    if not isinstance(checked, plan.Call):
        return None
    arguments = list(checked.arguments)
    row = plan.RowNumber()
    run: plan.Scalar = plan.Literal(0, LONG)
    if len(arguments) > restart and not (isinstance(arguments[restart], plan.Literal)):
        run = binder.apply("$run", (arguments[restart], row), call.span)
    elif len(arguments) > restart and arguments[restart].type is BOOL and _true(arguments[restart]):
        run = row
    return arguments[:restart], run, row


def _true(node: plan.Scalar) -> bool:
    return isinstance(node, plan.Literal) and node.value is True


def row_number(binder: Binder, call: syntax.Call, scope: Scope) -> plan.Scalar:
    """row_number(start, restart)."""
    bound = _bound(binder, call, scope, 1)
    if bound is None:
        return plan.Literal(None, LONG)
    arguments, run, row = bound
    start = arguments[0] if arguments else plan.Literal(1, LONG)
    if isinstance(run, plan.Literal):
        return binder.apply("+", (row, start), call.span)
    return binder.apply("$number", (start, run, row), call.span)


def row_cumsum(binder: Binder, call: syntax.Call, scope: Scope) -> plan.Scalar:
    """row_cumsum(term, restart)."""
    bound = _bound(binder, call, scope, 1)
    if bound is None:
        return plan.Literal(None, UNKNOWN)
    arguments, run, row = bound
    return binder.apply("$cumsum", (*arguments, run, row), call.span)


def row_rank(binder: Binder, call: syntax.Call, scope: Scope) -> plan.Scalar:
    """row_rank_dense(term, restart) and row_rank_min(term, restart)."""
    bound = _bound(binder, call, scope, 1)
    if bound is None:
        return plan.Literal(None, LONG)
    arguments, run, row = bound
    changed = binder.apply("$changed", (*arguments, run, row), call.span)
    if call.name == "row_rank_dense":
        return binder.apply("$dense", (changed, run, row), call.span)
    number = binder.apply("$number", (plan.Literal(1, LONG), run, row), call.span)
    return binder.apply("$least", (changed, number, run, row), call.span)


def row_window_session(binder: Binder, call: syntax.Call, scope: Scope) -> plan.Scalar:
    """row_window_session(expr, maxDistanceFromFirst, maxDistanceBetweenNeighbors, restart)."""
    bound = _bound(binder, call, scope, 3)
    if bound is None:
        return plan.Literal(None, UNKNOWN)
    (value, from_first, between), _, row = bound
    distance = binder.apply("-", (value, binder.apply("prev", (value,), call.span)), call.span)
    apart = binder.apply("coalesce", (binder.apply(">", (distance, between), call.span), plan.Literal(False, BOOL)), call.span)
    if len(call.arguments) > 3:
        restart = binder.predicate(call.arguments[3], scope)
        apart = binder.apply("or", (apart, binder.apply("coalesce", (restart, plan.Literal(False, BOOL)), call.span)), call.span)
    run = binder.apply("$run", (apart, row), call.span)
    return binder.apply("$session", (value, from_first, run, row), call.span)


SPECIAL: dict[str, Callable[[Binder, syntax.Call, Scope], plan.Scalar]] = {
    "row_number": row_number,
    "row_cumsum": row_cumsum,
    "row_window_session": row_window_session,
    "row_rank_dense": row_rank,
    "row_rank_min": row_rank,
}
