"""Operators that keep the greatest groups: top-nested, top-hitters, sample-distinct."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from kql import plan, syntax
from kql.bind import names
from kql.bind.scope import Environment, Scope
from kql.operators.base import Operator, bind_items
from kql.operators.groups import aggregated
from kql.operators.joins import united
from kql.operators.within import limited
from kql.plan import Column, Relation
from kql.types import DYNAMIC, LONG, UNKNOWN

if TYPE_CHECKING:
    from kql.bind.binder import Binder


@dataclass(frozen=True, slots=True)
class Nest:
    """One level of top-nested: how many (None: all) of which values, by what; `others` names the rest."""

    count: syntax.Expression | None
    item: syntax.Item
    others: syntax.Expression | None
    by: syntax.Item
    ascending: bool
    span: syntax.Span


@dataclass(frozen=True, slots=True)
class _Level:
    """A level that is bound: its value and its aggregate over the rows, and the columns that they become."""

    nest: Nest
    count: plan.Scalar | None
    shown: Column
    value: Column
    rank: Column
    aggregate: plan.Scalar
    others: plan.Scalar | None


@dataclass(frozen=True, slots=True)
class TopNested(Operator):
    """The greatest values of one expression, for each of them those of the next, and so on. `with others` adds a row
    for all the values that are left out.

    Resources | top-nested 3 of type with others = 'other types' by count(), top-nested 2 of location by count()
    """

    rule = "top_nested"
    name = "top-nested"
    syntax_text = (
        "T | top-nested [n] of [Name =] expression [with others = value] by [Name =] aggregate [asc|desc], top-nested …"
    )
    nests: tuple[Nest, ...]

    @classmethod
    def build(cls, children: list[Any], span: syntax.Span) -> TopNested:
        return cls(span, tuple(child for child in children if isinstance(child, Nest)))

    def lower(self, binder: Binder, input: Relation, environment: Environment) -> Relation:
        scope = binder.over(input, environment)
        levels, values = self._levels(binder, scope)
        columns = tuple(column for level in levels for column in (level.shown, level.rank))
        if binder.problems.errors:
            return plan.Values(columns, ())
        passed = [(column, plan.Ref(column)) for column in plan.columns_of(input)]
        rows: Relation = plan.Project(input, (*passed, *values))
        results: list[Relation] = []
        kept: Relation = rows
        above: list[Column] = []
        for place, level in enumerate(levels):
            shared = plan.Shared(rows, "level")
            kept = self._kept(binder, shared, level, above)
            if level.others is not None:
                kept = plan.Shared(kept, "kept")
                results.append(self._rest(binder, shared, kept, levels, place, above))
            if place < len(levels) - 1:
                rows = self._joined(shared, kept, level, above)
            above += [level.value, level.rank]
        final = plan.Project(kept, tuple((c, plan.Ref(v)) for c, v in zip(columns, above, strict=True)))
        if not results:
            return final
        return united([("", final), *(("", each) for each in results)], False, "")

    def _levels(self, binder: Binder, scope: Scope) -> tuple[list[_Level], list[tuple[Column, plan.Scalar]]]:
        namer = names.Namer()
        levels: list[_Level] = []
        values: list[tuple[Column, plan.Scalar]] = []
        aggregating = replace(scope, aggregates=True)
        for nest in self.nests:
            made = bind_items(binder, (nest.item,), scope, namer)
            if not made:
                continue
            ((shown, value),) = made
            held = Column(shown.name, shown.type)
            values.append((held, value))
            aggregate = binder.scalar(nest.by.expression, aggregating)
            name = namer.written(nest.by.names[0]) if nest.by.names else namer.automatic(f"aggregated_{shown.name}")
            others = None
            if nest.others is not None:
                others = binder.fit(binder.constant(nest.others, scope, "the name of the others"), shown.type, nest.others.span)
            count = None if nest.count is None else binder.integer(nest.count, scope, "the number of values")
            rank = Column(name, aggregate.type)
            levels.append(_Level(nest, count, Column(shown.name, shown.type), held, rank, aggregate, others))
        return levels, values

    def _kept(self, binder: Binder, rows: Relation, level: _Level, above: list[Column]) -> Relation:
        """The values of a level that stay, each with its aggregate, beside those of the levels above."""
        keys = tuple((column, plan.Ref(column)) for column in [*above, level.value])
        grouped = aggregated(rows, keys, ((level.rank, level.aggregate),))
        if level.count is None:
            return grouped
        order = [plan.SortKey(plan.Ref(level.rank), level.nest.ascending, level.nest.ascending)]
        if level.value.type is not DYNAMIC:
            # values that are equal in rank come in an order of their own, so that the answer does not change by itself
            order.append(plan.SortKey(plan.Ref(level.value), False, False))
        sorted_ = plan.Sort(grouped, tuple(order), within=tuple(plan.Ref(column) for column in above))
        return limited(binder, sorted_, level.count, self.span)

    @staticmethod
    def _joined(rows: Relation, kept: Relation, level: _Level, above: list[Column]) -> Relation:
        """The rows of the values that stay, with the level's aggregate beside them."""
        pairs = [(plan.Ref(column), plan.Ref(column)) for column in [*above[::2], level.value]]
        # both sides know the columns by the same identity; the right one gets its own
        renamed = {column: Column(column.name, column.type) for column in plan.columns_of(kept)}
        right = plan.Project(kept, tuple((new, plan.Ref(old)) for old, new in renamed.items()))
        on = tuple((plan.Ref(left.column), plan.Ref(renamed[right_.column])) for left, right_ in pairs)
        columns = [(column, column) for column in plan.columns_of(rows)]
        return plan.Join("inner", rows, right, on, (*columns, (level.rank, renamed[level.rank])))

    def _rest(
        self, binder: Binder, rows: Relation, kept: Relation, levels: list[_Level], place: int, above: list[Column]
    ) -> Relation:
        """One row for the values that are left out, under each of the levels above; deeper levels say theirs or nothing."""
        level = levels[place]
        own = binder.renamed(kept)
        theirs = dict(zip(plan.columns_of(kept), plan.columns_of(own), strict=True))
        pairs: list[tuple[plan.Scalar, plan.Scalar]] = [
            (plan.Ref(column), plan.Ref(theirs[column])) for column in [*above[::2], level.value]
        ]
        outside = plan.Join("leftanti", rows, own, tuple(pairs), tuple((c, c) for c in plan.columns_of(rows)))
        keys = tuple((Column(column.name, column.type), plan.Ref(column)) for column in above)
        ranks = [(Column(each.rank.name, each.rank.type), each.aggregate) for each in levels[place:]]
        count = Column("count", LONG)
        grouped: Relation = aggregated(outside, keys, (*ranks, (count, binder.apply("count", (), self.span))))
        some = plan.Filter(grouped, binder.apply(">", (plan.Ref(count), plan.Literal(0, LONG)), self.span))
        output: list[tuple[Column, plan.Scalar]] = []
        for at, each in enumerate(levels[:place]):
            output.append((Column(each.shown.name, each.shown.type), plan.Ref(keys[2 * at][0])))
            output.append((Column(each.rank.name, each.rank.type), plan.Ref(keys[2 * at + 1][0])))
        for each, (rank, _) in zip(levels[place:], ranks, strict=True):
            missing = plan.Literal("" if each.shown.type.value == "string" else None, each.shown.type)
            output.append((Column(each.shown.name, each.shown.type), missing if each.others is None else each.others))
            none = plan.Literal("" if rank.type.value == "string" else None, rank.type)
            output.append((Column(rank.name, rank.type), none if each.others is None else plan.Ref(rank)))
        return plan.Project(some, tuple(output))


@dataclass(frozen=True, slots=True)
class TopHitters(Operator):
    """The values that occur most often, or whose sum is greatest. Kusto estimates the numbers, here they are exact.

    Resources | top-hitters 3 of type
    """

    rule = "top_hitters"
    name = "top-hitters"
    syntax_text = "T | top-hitters n of expression [by weight]"
    count: syntax.Expression
    item: syntax.Expression
    weight: syntax.Expression | None

    @classmethod
    def build(cls, children: list[Any], span: syntax.Span) -> TopHitters:
        count, item, *weight = [child for child in children[1:] if not isinstance(child, str)]
        return cls(span, count, item, weight[0] if weight else None)

    def lower(self, binder: Binder, input: Relation, environment: Environment) -> Relation:
        scope = binder.over(input, environment)
        count = binder.integer(self.count, scope, "the number of values")
        namer = names.Namer()
        ((column, value),) = bind_items(binder, (syntax.Item((), self.item, self.item.span),), scope, namer)
        if self.weight is None:
            rank = Column(namer.automatic(f"approximate_count_{column.name}"), LONG)
            amount = binder.apply("count", (), self.span)
        else:
            amount = binder.apply("sum", (binder.scalar(self.weight, scope),), self.weight.span)
            rank = Column(namer.automatic(f"approximate_sum_{names.of(self.weight)}"), amount.type)
        if UNKNOWN in (amount.type, value.type):
            return plan.Values((column, rank), ())
        key = Column(column.name, column.type)
        grouped = plan.Aggregate(input, ((key, value),), ((rank, amount),))
        # values that are equal in number come in an order of their own, so that the answer does not change by itself
        order = [plan.SortKey(plan.Ref(each), False, False) for each in (rank, key) if each.type is not DYNAMIC]
        return plan.Limit(plan.Sort(grouped, tuple(order)), count)


@dataclass(frozen=True, slots=True)
class SampleDistinct(Operator):
    """At most so many distinct values of an expression, any of them.

    Resources | sample-distinct 5 of type
    """

    rule = "sample_distinct"
    name = "sample-distinct"
    syntax_text = "T | sample-distinct n of expression"
    count: syntax.Expression
    item: syntax.Expression

    @classmethod
    def build(cls, children: list[Any], span: syntax.Span) -> SampleDistinct:
        count, item = [child for child in children[1:] if not isinstance(child, str)]
        return cls(span, count, item)

    def lower(self, binder: Binder, input: Relation, environment: Environment) -> Relation:
        scope = binder.over(input, environment)
        count = binder.integer(self.count, scope, "the number of values")
        made = bind_items(binder, (syntax.Item((), self.item, self.item.span),), scope, names.Namer())
        keys = tuple((Column(column.name, column.type), value) for column, value in made)
        return plan.Limit(plan.Aggregate(input, keys, ()), count)


__all__ = ["Nest", "SampleDistinct", "TopHitters", "TopNested"]
