"""The rewrite `cut`: an expression whose SQL would repeat itself too often is cut, its parts computed one SELECT further in.

Many functions become SQL that names an argument several times, so a tower of nested calls would double its text with
each storey, and DuckDB would bind all of it. Rows are the same without it.
"""

from __future__ import annotations

from dataclasses import replace

from kql import plan
from kql.plan import Column, Relation, Scalar
from kql.sql.facts import Known

# Above this weight an expression is cut. A weight estimates how many copies of its leaves the SQL will hold.
MAX_WEIGHT = 120
_PART = 12  # what is lighter than this is not worth a column of its own


def cut(relation: Relation, known: Known) -> Relation:
    """The plan with every heavy expression cut into lighter ones."""
    relation = plan.with_inputs(relation, lambda inner: cut(inner, known))
    cutter = _Cutter(known)
    match relation:
        case plan.Values(heads, (row,)) if any(known[value].weight > MAX_WEIGHT for value in row):
            return cut(plan.Project(plan.Values((), ((),)), tuple(zip(heads, row, strict=True))), known)
        case plan.Project():
            columns = tuple((column, cutter.light(value)) for column, value in relation.columns)
            return replace(relation, input=cutter.below(relation.input), columns=columns) if cutter.parts else relation
        case plan.Filter():
            predicate = cutter.light(relation.predicate)
            return _only(plan.Filter(cutter.below(relation.input), predicate), relation) if cutter.parts else relation
        case plan.Aggregate():
            keys = tuple((column, cutter.light(value)) for column, value in relation.keys)
            values = tuple((column, cutter.light(value)) for column, value in relation.values)
            if cutter.parts:
                return replace(relation, input=cutter.below(relation.input), keys=keys, values=values)
        case plan.Sort():
            sorting = tuple(replace(key, value=cutter.light(key.value)) for key in relation.keys)
            if cutter.parts:
                return _only(replace(relation, input=cutter.below(relation.input), keys=sorting), relation)
        case plan.Unnest():
            expanded = tuple((column, cutter.light(value), way) for column, value, way in relation.expanded)
            if cutter.parts:
                return _only(replace(relation, input=cutter.below(relation.input), expanded=expanded), relation)
    return relation


def _only(relation: Relation, like: Relation) -> Relation:
    """The columns that the relation had before parts were added below it."""
    return plan.Project(relation, tuple((column, plan.Ref(column)) for column in plan.visible(like)))


class _Cutter:
    """Cuts the expressions of one relation; `parts` are the pieces that go below. A node that is met again is cut once."""

    def __init__(self, known: Known) -> None:
        self.known = known
        self.parts: list[tuple[Column, Scalar]] = []
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
        column = Column("part", lighter.type)
        self.parts.append((column, lighter))
        return plan.Ref(column)

    def below(self, relation: Relation) -> Relation:
        """The input with the parts beside its columns; parts of parts lie further down."""
        own = {column for column, _ in self.parts}
        depth: dict[Column, int] = {}
        for column, value in self.parts:  # a part comes after those that it is made of
            depth[column] = max((depth[each] + 1 for each in _named(value) if each in own), default=0)
        for level in range(max(depth.values()) + 1):
            kept = [(column, plan.Ref(column)) for column in plan.visible(relation)]
            relation = plan.Project(relation, (*kept, *(part for part in self.parts if depth[part[0]] == level)))
        return relation


def _named(node: Scalar) -> set[Column]:
    """The columns that a node names."""
    if isinstance(node, plan.Ref):
        return {node.column}
    found: set[Column] = set()
    for part in plan.parts(node):
        found |= _named(part)
    return found


__all__ = ["cut"]
