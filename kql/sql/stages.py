"""The rewrite `stage`: a window function inside another one, or in a condition, is computed one SELECT further in.

SQL allows no window function within a window function, an aggregate, a condition or a sort key; KQL does. Each such
one becomes a column below.
"""

from __future__ import annotations

from dataclasses import replace

from kql import plan
from kql.plan import Column, Relation, Scalar
from kql.sql.facts import Known


def stage(relation: Relation, known: Known) -> Relation:
    """The plan with the window functions that cannot stand where they are as columns of their relation's input."""
    return plan.with_inputs(_staged(relation, known), lambda inner: stage(inner, known))


def _staged(relation: Relation, known: Known) -> Relation:
    lift = _Lift(known)
    match relation:
        case plan.Project():
            if not any(known[value].nested for _, value in relation.columns):
                return relation
            columns = tuple((column, lift.inner(value)) for column, value in relation.columns)
            return replace(relation, input=lift.below(relation.input), columns=columns)
        case plan.Filter():
            if not known[relation.predicate].windowed:
                return relation
            predicate = lift.whole(relation.predicate)
            return _only(plan.Filter(lift.below(relation.input), predicate), relation)
        case plan.Aggregate():
            entries = relation.keys + relation.values
            if not any(known[value].windowed for _, value in entries):
                return relation
            keys = tuple((column, lift.whole(value)) for column, value in relation.keys)
            values = tuple((column, lift.whole(value)) for column, value in relation.values)
            return plan.Aggregate(lift.below(relation.input), keys, values)
        case plan.Sort():
            if not any(known[key.value].windowed for key in relation.keys):
                return relation
            sorted_keys = tuple(replace(key, value=lift.whole(key.value)) for key in relation.keys)
            return _only(replace(relation, input=lift.below(relation.input), keys=sorted_keys), relation)
        case plan.Unnest():
            if not any(known[value].windowed for _, value, _ in relation.expanded):
                return relation
            expanded = tuple((column, lift.whole(value), way) for column, value, way in relation.expanded)
            return _only(replace(relation, input=lift.below(relation.input), expanded=expanded), relation)
    return relation


def _only(relation: Relation, like: Relation) -> Relation:
    return plan.Project(relation, tuple((column, plan.Ref(column)) for column in plan.visible(like)))


def is_window(node: Scalar) -> bool:
    """Whether a node is itself computed over the rows around it."""
    return isinstance(node, plan.RowNumber) or (isinstance(node, plan.Call) and node.function.kind == "window")


class _Lift:
    """Collects window functions as columns of the relation below; one that is shared becomes one column."""

    def __init__(self, known: Known) -> None:
        self.known = known
        self.made: dict[int, tuple[Column, Scalar]] = {}
        self._wholes: dict[Scalar, Scalar] = {}
        self._inners: dict[Scalar, Scalar] = {}

    def inner(self, node: Scalar) -> Scalar:
        """The node with the window functions inside its window functions lifted."""
        if not self.known[node].nested:
            return node
        if node not in self._inners:
            self._inners[node] = plan.mapped(node, self.whole if is_window(node) else self.inner)
        return self._inners[node]

    def whole(self, node: Scalar) -> Scalar:
        """The node with all its window functions lifted."""
        if not self.known[node].windowed:
            return node
        if is_window(node):
            # all row numbers over one relation are the same
            key = 0 if isinstance(node, plan.RowNumber) else id(node)
            if key not in self.made:
                self.made[key] = (Column("window", node.type), node)
            return plan.Ref(self.made[key][0])
        if node not in self._wholes:
            self._wholes[node] = plan.mapped(node, self.whole)
        return self._wholes[node]

    def below(self, relation: Relation) -> Relation:
        kept = [(column, plan.Ref(column)) for column in plan.visible(relation)]
        return plan.Project(relation, (*kept, *self.made.values()))


__all__ = ["is_window", "stage"]
