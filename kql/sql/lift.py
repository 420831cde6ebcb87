"""The rewrite `lift`: a subquery among a function's arguments is computed one SELECT further in.

DuckDB takes no subquery inside TRY or a lambda, and many functions become one of these.
"""

from __future__ import annotations

from kql import plan
from kql.plan import Relation, Scalar
from kql.sql.facts import Known, is_query
from kql.sql.pieces import Pieces, reshaped

# What becomes plain SQL, in which a subquery may stand.
_PLAIN = frozenset({"and", "or", "not", "==", "!=", "<>", "<", "<=", ">", ">=", "iff", "iif", "case"})


def lift(relation: Relation, known: Known) -> Relation:
    """The plan with the subqueries that cannot stand where they are as columns of their relation's input."""
    relation = plan.with_inputs(relation, lambda inner: lift(inner, known))
    match relation:
        case plan.Values(heads, (row,)) if any(known[value].queries for value in row):
            return lift(plan.Project(plan.Values((), ((),)), tuple(zip(heads, row, strict=True))), known)
    lifter = _Lifter(known)
    return reshaped(relation, lifter.free, lifter.pieces)


class _Lifter:
    def __init__(self, known: Known) -> None:
        self.known = known
        self.pieces = Pieces()
        self._inner: dict[Scalar, Scalar] = {}

    def free(self, node: Scalar) -> Scalar:
        """The node where a subquery may stand, with those lifted that its functions may not have."""
        if not self.known[node].queries or isinstance(node, plan.ScalarQuery):
            return node
        plain = not isinstance(node, plan.Call) or node.function.name in _PLAIN
        return plan.mapped(node, self.free if plain else self.inside)

    def inside(self, node: Scalar) -> Scalar:
        """The node where no subquery may stand."""
        if not self.known[node].queries:
            return node
        if node not in self._inner:
            whole = is_query(node)
            self._inner[node] = self.pieces.column(self.free(node)) if whole else plan.mapped(node, self.inside)
        return self._inner[node]


__all__ = ["lift"]
