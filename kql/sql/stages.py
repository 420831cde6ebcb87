"""A plan pass: a window function inside another one, or in a condition, is computed one SELECT further in.

SQL allows no window function within a window function, an aggregate, a condition or a sort key; KQL does. Each such
one becomes a column below.
"""

from __future__ import annotations

from dataclasses import replace

from kql import plan
from kql.plan import Column, Relation, Scalar


def staged(relation: Relation) -> Relation:
    """The relation with the window functions that cannot stand where they are as columns of its input. One level only:
    the caller goes on with the input."""
    lift = _Lift()
    match relation:
        case plan.Project():
            if not any(_nested(value) for _, value in relation.columns):
                return relation
            columns = tuple((column, lift.inner(value)) for column, value in relation.columns)
            return replace(relation, input=lift.below(relation.input), columns=columns)
        case plan.Filter():
            if not _windowed(relation.predicate):
                return relation
            predicate = lift.whole(relation.predicate)
            return _only(plan.Filter(lift.below(relation.input), predicate), relation)
        case plan.Aggregate():
            entries = relation.keys + relation.values
            if not any(_windowed(value) for _, value in entries):
                return relation
            keys = tuple((column, lift.whole(value)) for column, value in relation.keys)
            values = tuple((column, lift.whole(value)) for column, value in relation.values)
            return plan.Aggregate(lift.below(relation.input), keys, values)
        case plan.Sort():
            if not any(_windowed(key.value) for key in relation.keys):
                return relation
            sorted_keys = tuple(replace(key, value=lift.whole(key.value)) for key in relation.keys)
            return _only(replace(relation, input=lift.below(relation.input), keys=sorted_keys), relation)
        case plan.Unnest():
            if not any(_windowed(value) for _, value, _ in relation.expanded):
                return relation
            expanded = tuple((column, lift.whole(value), way) for column, value, way in relation.expanded)
            return _only(replace(relation, input=lift.below(relation.input), expanded=expanded), relation)
    return relation


def _only(relation: Relation, like: Relation) -> Relation:
    return plan.Project(relation, tuple((column, plan.Ref(column)) for column in plan.visible(like)))


def is_window(node: Scalar) -> bool:
    """Whether a node is itself computed over the rows around it."""
    return isinstance(node, plan.RowNumber) or (isinstance(node, plan.Call) and node.function.kind == "window")


def _windowed(node: Scalar) -> bool:
    return is_window(node) or any(_windowed(part) for part in plan.parts(node))


def _nested(node: Scalar) -> bool:
    """Whether a window function stands within another one."""
    if is_window(node):
        return any(_windowed(part) for part in plan.parts(node))
    return any(_nested(part) for part in plan.parts(node))


class _Lift:
    """Collects window functions as columns of the relation below; one that is shared becomes one column."""

    def __init__(self) -> None:
        self.made: dict[int, tuple[Column, Scalar]] = {}

    def inner(self, node: Scalar) -> Scalar:
        """The node with the window functions inside its window functions lifted."""
        return plan.mapped(node, self.whole if is_window(node) else self.inner)

    def whole(self, node: Scalar) -> Scalar:
        """The node with all its window functions lifted."""
        if not is_window(node):
            return plan.mapped(node, self.whole)
        # all row numbers over one relation are the same
        key = 0 if isinstance(node, plan.RowNumber) else id(node)
        if key not in self.made:
            self.made[key] = (Column("window", node.type), node)
        return plan.Ref(self.made[key][0])

    def below(self, relation: Relation) -> Relation:
        kept = [(column, plan.Ref(column)) for column in plan.visible(relation)]
        return plan.Project(relation, (*kept, *self.made.values()))


__all__ = ["is_window", "staged"]
