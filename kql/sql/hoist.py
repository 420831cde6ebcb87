"""A plan pass: an expression whose SQL would repeat itself too often is cut, its parts computed one SELECT further in.

Many functions become SQL that names an argument several times, so a tower of nested calls would double its text with
each storey, and DuckDB would bind all of it. Rows are the same with the pass off.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from kql import plan
from kql.plan import Column, Relation, Scalar
from kql.sql.stages import staged

# Above this weight an expression is cut. A weight estimates how many copies of its leaves the SQL will hold.
MAX_WEIGHT = 120
_PART = 12  # what is lighter than this is not worth a column of its own


def weight(node: Scalar, known: Mapping[Column, int]) -> int:
    """An estimate of the SQL's size in leaves; `known` weighs the columns whose expressions will be put in place."""
    match node:
        case plan.Ref(column):
            return known.get(column, 1)
        case plan.Call():
            inside = sum(weight(argument, known) for argument in node.arguments)
            return 1 + (inside if node.function.kind in ("infix", "aggregate") else 3 * inside)
        case plan.Convert():
            return 1 + 2 * weight(node.argument, known)
        case plan.Path():
            deeper = 0 if isinstance(node.step, str | int) else weight(node.step, known)
            return weight(node.base, known) + 1 + deeper
        case plan.Membership():
            return 3 + weight(node.value, known)
    return 1


def hoist(relation: Relation) -> Relation:
    """The plan with every heavy expression cut into lighter ones, and window functions where SQL allows them."""
    relation = staged(relation)
    match relation:
        case plan.Project():
            cutter = _Cutter()
            columns = tuple((column, cutter.light(value)) for column, value in relation.columns)
            return replace(relation, input=cutter.below(hoist(relation.input)), columns=columns)
        case plan.Filter():
            cutter = _Cutter()
            predicate = cutter.light(relation.predicate)
            inner = plan.Filter(cutter.below(hoist(relation.input)), predicate)
            return inner if not cutter.parts else _only(inner, relation)
        case plan.Aggregate():
            cutter = _Cutter()
            keys = tuple((column, cutter.light(value)) for column, value in relation.keys)
            values = tuple((column, cutter.light(value)) for column, value in relation.values)
            return replace(relation, input=cutter.below(hoist(relation.input)), keys=keys, values=values)
        case plan.Sort():
            cutter = _Cutter()
            keys_ = tuple(replace(key, value=cutter.light(key.value)) for key in relation.keys)
            sorted_ = replace(relation, input=cutter.below(hoist(relation.input)), keys=keys_)
            return sorted_ if not cutter.parts else _only(sorted_, relation)
        case plan.Unnest():
            cutter = _Cutter()
            expanded = tuple((column, cutter.light(value), way) for column, value, way in relation.expanded)
            inner_ = replace(relation, input=cutter.below(hoist(relation.input)), expanded=expanded)
            return inner_ if not cutter.parts else _only(inner_, relation)
        case plan.Join():
            return replace(relation, left=hoist(relation.left), right=hoist(relation.right))
        case plan.Union():
            return replace(relation, legs=tuple(hoist(leg) for leg in relation.legs))
        case plan.Scan() | plan.Values() | plan.Series() | plan.Shared() | plan.Previous() | plan.Recursion():
            return relation  # a shared relation is known by identity and is cut where it is emitted
        case _:
            return replace(relation, input=hoist(relation.input))


def _only(relation: Relation, like: Relation) -> Relation:
    """The columns that the relation had before parts were added below it."""
    return plan.Project(relation, tuple((column, plan.Ref(column)) for column in plan.visible(like)))


class _Cutter:
    """Cuts expressions; `parts` are the pieces that go below."""

    def __init__(self) -> None:
        self.parts: list[tuple[Column, Scalar]] = []

    def light(self, node: Scalar) -> Scalar:
        if weight(node, {}) <= MAX_WEIGHT or not isinstance(node, plan.Call | plan.Convert | plan.Path):
            return node
        if isinstance(node, plan.Call):
            if node.function.kind == "window":
                return node
            return replace(node, arguments=tuple(self._part(argument) for argument in node.arguments))
        if isinstance(node, plan.Convert):
            return replace(node, argument=self._part(node.argument))
        return replace(node, base=self._part(node.base))

    def _part(self, node: Scalar) -> Scalar:
        """The argument itself when it is light or must stay, else a column that holds it."""
        if weight(node, {}) <= _PART:
            return node
        node = self.light(node)
        if weight(node, {}) <= _PART or _stays(node):
            return node
        column = Column("part", node.type)
        self.parts.append((column, node))
        return plan.Ref(column)

    def below(self, relation: Relation) -> Relation:
        """The input with the parts beside its columns; parts of parts lie further down."""
        if not self.parts:
            return relation
        kept = [(column, plan.Ref(column)) for column in plan.visible(relation)]
        own = {column for column, _ in self.parts}
        lower = [part for part in self.parts if not _names(part[1], own)]
        upper = [part for part in self.parts if _names(part[1], own)]
        relation = plan.Project(relation, (*kept, *lower))
        if not upper:
            return relation
        self.parts = upper
        return self.below(relation)


def _stays(node: Scalar) -> bool:
    """Whether a node must be computed where it stands: aggregates and window functions."""
    match node:
        case plan.RowNumber():
            return True
        case plan.Call():
            return node.function.kind in ("aggregate", "window") or any(_stays(each) for each in node.arguments)
        case plan.Convert():
            return _stays(node.argument)
        case plan.Path():
            return _stays(node.base) or (not isinstance(node.step, str | int) and _stays(node.step))
        case plan.Membership():
            return _stays(node.value)
    return False


def _names(node: Scalar, columns: set[Column]) -> bool:
    match node:
        case plan.Ref(column):
            return column in columns
        case plan.Call():
            return any(_names(each, columns) for each in node.arguments)
        case plan.Convert():
            return _names(node.argument, columns)
        case plan.Path():
            return _names(node.base, columns) or (not isinstance(node.step, str | int) and _names(node.step, columns))
        case plan.Membership():
            return _names(node.value, columns)
    return False
