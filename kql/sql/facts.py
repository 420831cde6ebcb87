"""What the rewrites and the emitter ask of a scalar node, found in one walk and remembered by the node.

A user function's argument is one node wherever its body names it, so scalars are graphs: without the memory a walk
would take a time that doubles with each nested call.
"""

from __future__ import annotations

from dataclasses import dataclass

from kql import plan
from kql.plan import Column, Scalar


@dataclass(slots=True)
class Facts:
    """weight: an estimate of the SQL's size in leaves, with what functions repeat of their arguments. windowed: a window
    function is among the node's parts or is the node; nested: one stands within another. fixed: it must be computed
    where it stands (aggregates and windows). volatile: another value at each call. queries: a subquery is among its SQL."""

    weight: int
    windowed: bool = False
    nested: bool = False
    fixed: bool = False
    volatile: bool = False
    queries: bool = False


_QUERY = Facts(1, queries=True)
_LEAF = Facts(1)
_ROW = Facts(1, windowed=True, fixed=True)
_LEAVES: dict[type, Facts] = {
    plan.Ref: _LEAF, plan.Literal: _LEAF, plan.Parameter: _LEAF, plan.ScalarQuery: _QUERY, plan.RowNumber: _ROW,
}  # fmt: skip
HEAVY = 1000
"""What a function weighs by itself whose SQL takes long to plan."""
_MOST = 10**9  # weights do not grow without end


class Known:
    """The facts of the nodes of one statement."""

    def __init__(self) -> None:
        self._facts: dict[Scalar, Facts] = {}

    def __getitem__(self, node: Scalar) -> Facts:
        leaf = _LEAVES.get(type(node))
        if leaf is not None:
            return leaf
        found = self._facts.get(node)
        if found is None:
            found = self._facts[node] = self._look(node)
        return found

    def _look(self, node: Scalar) -> Facts:
        parts = [self[part] for part in plan.parts(node)]
        inside = sum(part.weight for part in parts)
        facts = Facts(
            min(_own(node, inside), _MOST),
            any(part.windowed for part in parts), any(part.nested for part in parts),
            any(part.fixed for part in parts), any(part.volatile for part in parts),
            is_query(node) or any(part.queries for part in parts),
        )  # fmt: skip
        if isinstance(node, plan.Call):
            function = node.function
            if function.kind == "window":
                facts.nested = facts.nested or facts.windowed
                facts.windowed = True
            facts.fixed = facts.fixed or function.kind in ("aggregate", "window")
            facts.volatile = facts.volatile or function.volatile
        return facts

    def weight(self, node: Scalar, columns: dict[Column, int]) -> int:
        """The weight when the expressions of these columns will be put in their place."""
        if isinstance(node, plan.Ref):
            return columns.get(node.column, 1)
        if not columns:
            return self[node].weight
        weighed: dict[Scalar, int] = {}

        def weigh(node: Scalar) -> int:
            if isinstance(node, plan.Ref):
                return columns.get(node.column, 1)
            if node not in weighed:
                weighed[node] = min(_own(node, sum(weigh(part) for part in plan.parts(node))), _MOST)
            return weighed[node]

        return weigh(node)


def is_query(node: Scalar) -> bool:
    """Whether a node itself becomes a subquery."""
    queries = plan.ScalarQuery | plan.Membership
    return isinstance(node, queries) or (isinstance(node, plan.Call) and node.function.subquery)


def _own(node: Scalar, inside: int) -> int:
    match node:
        case plan.Call():
            own = HEAVY if node.function.heavy else 1
            return own + (inside if node.function.kind in ("infix", "aggregate") else 3 * inside)
        case plan.Convert():
            return 1 + 2 * inside
        case plan.Path():
            return 1 + inside
        case plan.Membership():
            return 3 + inside
    return 1


__all__ = ["HEAVY", "Facts", "Known", "is_query"]
