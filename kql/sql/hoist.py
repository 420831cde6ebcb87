"""The rewrite `cut`: an expression whose SQL would repeat itself too often is cut, its parts computed one SELECT further in.

Many functions become SQL that names an argument several times, so a tower of nested calls would double its text with
each storey, and DuckDB would bind all of it. Rows are the same without it.
"""

from __future__ import annotations

from kql import plan
from kql.plan import Relation, Scalar
from kql.sql.facts import Known
from kql.sql.pieces import Pieces, reshaped

# Above this weight an expression is cut. A weight estimates how many copies of its leaves the SQL will hold.
MAX_WEIGHT = 120
_PART = 12  # what is lighter than this is not worth a column of its own


def cut(relation: Relation, known: Known) -> Relation:
    """The plan with every heavy expression cut into lighter ones."""
    relation = plan.with_inputs(relation, lambda inner: cut(inner, known))
    match relation:
        case plan.Values(heads, (row,)) if any(known[value].weight > MAX_WEIGHT for value in row):
            return cut(plan.Project(plan.Values((), ((),)), tuple(zip(heads, row, strict=True))), known)
    cutter = _Cutter(known)
    return reshaped(relation, cutter.light, cutter.pieces)


class _Cutter:
    """Cuts the expressions of one relation. A node that is met again is cut once."""

    def __init__(self, known: Known) -> None:
        self.known = known
        self.pieces = Pieces()
        self._lighter: dict[Scalar, Scalar] = {}
        self._placed: dict[Scalar, Scalar] = {}

    def light(self, node: Scalar) -> Scalar:
        if self.known[node].weight <= MAX_WEIGHT or not isinstance(node, plan.Call | plan.Convert | plan.Path):
            return node
        if isinstance(node, plan.Call) and node.function.kind == "window":
            return node
        if node not in self._lighter:
            self._lighter[node] = plan.mapped(node, self._part)
        return self._lighter[node]

    def _part(self, node: Scalar) -> Scalar:
        """The argument itself when it is light or must stay, else a column that holds it."""
        if self.known[node].weight <= _PART:
            return node
        if self.known[node].volatile:
            return self._place(node)  # another value wherever it stands
        if node not in self._placed:
            self._placed[node] = self._place(node)
        return self._placed[node]

    def _place(self, node: Scalar) -> Scalar:
        lighter = self.light(node)
        if self.known[lighter].weight <= _PART or self.known[lighter].fixed:
            return lighter
        return self.pieces.column(lighter)


__all__ = ["cut"]
