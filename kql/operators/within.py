"""A pipeline run once for each outer row (mv-apply) or each key (partition), as one pipeline over all rows.

The operators are bound over all rows at once; then their plan is rewritten so that every step keeps the rows of one
key together: groups group by the key too, limits count within it, other columns travel along.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from kql import plan, syntax
from kql.operators.base import passing
from kql.plan import Column, Relation
from kql.types import BOOL, LONG

if TYPE_CHECKING:
    from kql.bind.binder import Binder


class Unsupported(Exception):
    """A step that cannot be run within a key."""


def within(
    binder: Binder, relation: Relation, leaf: Relation, key: Column, carried: tuple[Column, ...], span: syntax.Span
) -> Relation:
    """The pipeline `relation`, which was bound over `leaf`, run for each value of the leaf's column `key`.

    Its rows have the pipeline's columns, the key and the carried columns, which are one value for each key.
    """
    along = (key, *carried)

    def kept(columns: tuple[tuple[Column, plan.Scalar], ...]) -> tuple[tuple[Column, plan.Scalar], ...]:
        have = {column for column, _ in columns}
        return (*columns, *((column, plan.Ref(column)) for column in along if column not in have))

    done: dict[int, Relation] = {}

    def walk(node: Relation) -> Relation:
        # what several legs share stays one relation
        if id(node) not in done:
            done[id(node)] = step(node)
        return done[id(node)]

    def step(node: Relation) -> Relation:
        if node is leaf:
            return plan.Sort(node, (), stable=True, within=(plan.Ref(key),))
        match node:
            case plan.Project():
                return replace(node, input=walk(node.input), columns=kept(node.columns))
            case plan.Filter() | plan.Unnest():
                return replace(node, input=walk(node.input))
            case plan.Sort():
                return replace(node, input=walk(node.input), within=(plan.Ref(key), *node.within))
            case plan.Aggregate():
                have = {column for column, _ in node.keys}
                keys = (*node.keys, *(((key, plan.Ref(key)),) if key not in have else ()))
                values = tuple(
                    (column, binder.apply("$any", (plan.Ref(column),), span)) for column in carried if column not in have
                )
                grouped = plan.Aggregate(walk(node.input), keys, (*node.values, *values))
                # windows over the groups are counted within the key as well
                return plan.Sort(grouped, (), within=(plan.Ref(key),))
            case plan.Limit():
                return limited(binder, walk(node.input), node.count, span)
            case plan.First():
                return plan.First(walk(node.input), (*node.keys, plan.Ref(key)))
            case plan.Shared():
                return replace(node, input=walk(node.input))
            case plan.Fold():
                return replace(node, input=walk(node.input), by=(plan.Ref(key), *node.by))
            case plan.Union():
                more = tuple(plan.Ref(column) for column in along)
                sources = tuple((*source, *more) for source in node.sources)
                return plan.Union(tuple(walk(leg) for leg in node.legs), (*node.columns, *along), sources)
            case plan.Join(kind, left, right) if kind in _LEFT:
                on = node.on
                if plan.reads(right, leaf):  # rows of the parts too: each part meets itself
                    own = Column(key.name, key.type)
                    right = plan.Project(walk(right), (*passing(plan.columns_of(right)), (own, plan.Ref(key))))
                    on = (*on, (plan.Ref(key), plan.Ref(own)))
                mine = tuple((column, column) for column in along)
                return replace(node, left=walk(left), right=right, on=on, columns=(*node.columns, *mine))
        raise Unsupported(type(node).__name__)

    return walk(relation)


# The joins whose rows are those of the left side.
_LEFT = frozenset({"inner", "leftouter", "leftsemi", "leftanti"})


def limited(binder: Binder, input: Relation, count: plan.Scalar, span: syntax.Span) -> Relation:
    """The first rows within the key."""
    row = Column("row", LONG)
    columns = plan.columns_of(input)
    numbered = plan.Project(input, (*((column, plan.Ref(column)) for column in columns), (row, plan.RowNumber())))
    few = binder.apply("<", (plan.Ref(row), count), span)
    assert few.type is BOOL
    return plan.Project(plan.Filter(numbered, few), tuple((column, plan.Ref(column)) for column in columns))


def over(relation: Relation, old: Relation, new: Relation) -> Relation:
    """The pipeline with another relation at its root. Raises Unsupported where it reads the old one elsewhere too."""
    done: dict[int, Relation] = {id(old): new}

    def walk(node: Any) -> Relation:
        if id(node) not in done:
            done[id(node)] = step(node)
        return done[id(node)]

    def step(node: Any) -> Relation:
        match node:
            case plan.Join(_, left, right):
                return replace(node, left=walk(left), right=walk(right) if plan.reads(right, old) else right)
            case plan.Union(legs):
                return replace(node, legs=tuple(walk(leg) for leg in legs))
        if not hasattr(node, "input"):
            raise Unsupported(type(node).__name__)
        changed: Relation = replace(node, input=walk(node.input))
        return changed

    moved = walk(relation)
    if plan.reads(moved, old):
        raise Unsupported("a second look at the rows")
    return moved


def numbered(input: Relation) -> tuple[Relation, Column]:
    """The rows with a number each, in a column whose name no query can write."""
    row = Column("\0row", LONG)
    columns = tuple((column, plan.Ref(column)) for column in plan.columns_of(input))
    # the order that the rows have is the one they are numbered in
    return plan.Project(plan.Sort(input, (), stable=True), (*columns, (row, plan.RowNumber()))), row


__all__ = ["Unsupported", "limited", "numbered", "over", "within"]
