"""Parts of a relation's expressions that become columns of its input: what the rewrites of expressions have in common."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from kql import plan
from kql.plan import Column, Relation, Scalar


class Pieces:
    """The columns that go below one relation."""

    def __init__(self) -> None:
        self.parts: list[tuple[Column, Scalar]] = []

    def column(self, node: Scalar, name: str = "part") -> plan.Ref:
        """A column that holds a node's value."""
        column = Column(name, node.type)
        self.parts.append((column, node))
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


def reshaped(relation: Relation, change: Callable[[Scalar], Scalar], pieces: Pieces) -> Relation:
    """The relation with its expressions changed and the pieces below it; itself where nothing became a piece."""
    match relation:
        case plan.Project():
            columns = tuple(
                (column, value if isinstance(value, plan.Ref) else change(value)) for column, value in relation.columns
            )
            return replace(relation, input=pieces.below(relation.input), columns=columns) if pieces.parts else relation
        case plan.Filter():
            predicate = change(relation.predicate)
            return _only(plan.Filter(pieces.below(relation.input), predicate), relation) if pieces.parts else relation
        case plan.Aggregate():
            keys = tuple((column, change(value)) for column, value in relation.keys)
            values = tuple((column, change(value)) for column, value in relation.values)
            if pieces.parts:
                return replace(relation, input=pieces.below(relation.input), keys=keys, values=values)
        case plan.Sort():
            sorting = tuple(replace(key, value=change(key.value)) for key in relation.keys)
            if pieces.parts:
                return _only(replace(relation, input=pieces.below(relation.input), keys=sorting), relation)
        case plan.Unnest():
            expanded = tuple((column, change(value), way) for column, value, way in relation.expanded)
            if pieces.parts:
                return _only(replace(relation, input=pieces.below(relation.input), expanded=expanded), relation)
    return relation


def _only(relation: Relation, like: Relation) -> Relation:
    """The columns that the relation had before parts were added below it."""
    return plan.Project(relation, tuple((column, plan.Ref(column)) for column in plan.visible(like)))


def _named(node: Scalar) -> set[Column]:
    """The columns that a node names."""
    if isinstance(node, plan.Ref):
        return {node.column}
    found: set[Column] = set()
    for part in plan.parts(node):
        found |= _named(part)
    return found


__all__ = ["Pieces", "reshaped"]
