"""A plan pass: going through rows in order, with a state, becomes a recursion over the rows' numbers."""

from __future__ import annotations

from kql import plan
from kql.plan import Column, Relation
from kql.types import LONG, STRING


def unfolded(node: plan.Fold) -> Relation:
    """The rows of a fold: each turn of the recursion joins the state with the next row of its key."""
    own = plan.columns_of(node.input)
    keys = tuple((Column("key", value.type), value) for value in node.by)
    number, after, turn = Column("number", LONG), Column("after", LONG), Column("turn", LONG)
    ordered = plan.Sort(node.input, (), stable=True, within=node.by)
    numbers = ((number, plan.RowNumber()), (after, node.after))
    rows = plan.Shared(plan.Project(ordered, (*_passing(own), *keys, *numbers)), "rows")
    places = tuple(Column("key", column.type) for column, _ in keys)
    states = tuple(column for column, _ in node.state)
    previous = plan.Previous((*places, turn, *states, *node.shown))
    same_key = tuple((plan.Ref(place), plan.Ref(key)) for place, (key, _) in zip(places, keys, strict=True))

    begin: Relation = plan.Values((), ((),))
    if keys:
        begin = plan.Aggregate(rows, tuple((Column("key", key.type), plan.Ref(key)) for key, _ in keys), ())
    known = tuple(zip(places, (plan.Ref(column) for column in plan.columns_of(begin)), strict=True))
    nothing = tuple((column, plan.Literal("" if column.type is STRING else None, column.type)) for column in node.shown)
    start = plan.Project(begin, (*known, (turn, plan.Literal(0, LONG)), *node.state, *nothing))

    here = (*places, turn, *states)
    there = plan.columns_of(rows)
    both = (*((column, column) for column in here), *((column, column) for column in there))
    step: Relation = plan.Join("inner", previous, rows, ((plan.Ref(turn), plan.Ref(number)), *same_key), both)
    seen = (*here, *there)
    for layer in node.layers:
        step = plan.Project(step, (*_passing(seen), *layer))
        seen = plan.columns_of(step)
    forward = tuple((state, plan.Ref(value)) for state, value in zip(states, node.following, strict=True))
    step = plan.Project(step, (*_passing(places), (turn, plan.Ref(after)), *forward, *_passing(node.shown)))

    turns = plan.Recursion(start, step, previous)
    output = (*((column, column) for column in (*own, number)), *((column, column) for column in node.shown))
    joined = plan.Join("inner", turns, rows, ((plan.Ref(turn), plan.Ref(after)), *same_key), output)
    in_order = plan.Sort(joined, (plan.SortKey(plan.Ref(number), True, True),), within=node.by)
    return plan.Project(in_order, _passing((*own, *node.shown)))


def _passing(columns: tuple[Column, ...]) -> tuple[tuple[Column, plan.Scalar], ...]:
    return tuple((column, plan.Ref(column)) for column in columns)
