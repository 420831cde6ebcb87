"""The rewrite `stage`: a window function inside another one, or in a condition, and a sort key drawn by lot are computed one
SELECT further in.

SQL allows no window function within a window function, an aggregate, a condition or a sort key; KQL does. Each such
one becomes a column below.
"""

from __future__ import annotations

from dataclasses import replace

from kql import plan
from kql.plan import Relation, Scalar
from kql.sql.facts import Known
from kql.sql.pieces import Pieces, reshaped


def stage(relation: Relation, known: Known) -> Relation:
    """The plan with the window functions that cannot stand where they are as columns of their relation's input."""
    return plan.with_inputs(_staged(relation, known), lambda inner: stage(inner, known))


def _staged(relation: Relation, known: Known) -> Relation:
    lift = _Lift(known)
    match relation:
        case plan.Project():
            made = reshaped(relation, lift.inner, lift.pieces)
            return _in_order(made, relation.input, lift.rows) if isinstance(made, plan.Project) else made
        case plan.Sort():
            return reshaped(relation, lift.key, lift.pieces)
        case _:
            return reshaped(relation, lift.whole, lift.pieces)


def _in_order(made: plan.Project, before: Relation, rows: plan.Ref | None) -> Relation:
    """The relation over rows in the order of their numbers, where they are numbered: windows over runs of rows make the
    engine put the rows in another order, which those beside and above them must not see."""
    if rows is None:
        return made
    while isinstance(before, plan.Project | plan.Filter | plan.Limit | plan.Unnest | plan.Shared):
        before = before.input
    within = before.within if isinstance(before, plan.Sort) else ()
    return replace(made, input=plan.Sort(made.input, (plan.SortKey(rows, True, True),), within=within))


def is_window(node: Scalar) -> bool:
    """Whether a node is itself computed over the rows around it."""
    return isinstance(node, plan.RowNumber) or (isinstance(node, plan.Call) and node.function.kind == "window")


class _Lift:
    """Collects window functions as columns of the relation below; one that is shared becomes one column."""

    def __init__(self, known: Known) -> None:
        self.known = known
        self.pieces = Pieces()
        self.rows: plan.Ref | None = None
        self._wholes: dict[Scalar, Scalar] = {}
        self._inners: dict[Scalar, Scalar] = {}

    def inner(self, node: Scalar) -> Scalar:
        """The node with the window functions inside its window functions lifted."""
        if not self.known[node].nested:
            return node
        if node not in self._inners:
            self._inners[node] = plan.mapped(node, self.whole if is_window(node) else self.inner)
        return self._inners[node]

    def key(self, node: Scalar) -> Scalar:
        """A sort key with its windows lifted, or as a column where it is drawn by lot: windows order by what stays."""
        return self.pieces.column(node, "drawn") if self.known[node].volatile else self.whole(node)

    def whole(self, node: Scalar) -> Scalar:
        """The node with all its window functions lifted."""
        if not self.known[node].windowed:
            return node
        if isinstance(node, plan.RowNumber):  # all row numbers over one relation are the same
            self.rows = self.rows or self.pieces.column(node, "window")
            return self.rows
        if node not in self._wholes:
            lifted = self.pieces.column(node, "window") if is_window(node) else plan.mapped(node, self.whole)
            self._wholes[node] = lifted
        return self._wholes[node]


__all__ = ["is_window", "stage"]
