"""make-series: aggregates at even steps along an axis, as arrays."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from kql import plan, syntax
from kql.bind import names
from kql.bind.scope import Environment, Scope
from kql.operators.base import Operator, Parameters, bind_items, split_parameters
from kql.operators.groups import Summarize, aggregated
from kql.operators.joins import joined
from kql.plan import Column, Relation
from kql.types import DATETIME, DECIMAL, DYNAMIC, INT, LONG, NUMBERS, REAL, STRING, TIMESPAN, UNKNOWN

if TYPE_CHECKING:
    from kql.bind.binder import Binder


@dataclass(frozen=True, slots=True)
class Aggregated:
    """One series: an aggregate, and what stands where the axis has no rows (None: 0)."""

    item: syntax.Item
    default: syntax.Expression | None
    span: syntax.Span


@dataclass(frozen=True, slots=True)
class _Bounds:
    """The axis in steps: value = origin + number * step. `first` and `last` number its ends; None: as the rows have it."""

    origin: plan.Scalar
    step: plan.Scalar
    first: plan.Scalar | None
    last: plan.Scalar | None


@dataclass(frozen=True, slots=True)
class MakeSeries(Operator):
    """Arrays of aggregates at even steps along an axis, one array a group; `to` does not belong to it. Steps without
    rows get the default, 0 unless told. Without bounds each series goes from its first step with rows to its last.

    Resources | make-series n = count() default = 0 on todatetime(properties.timeCreated) from ago(7d) to now() step 1d by type
    """

    rule = "make_series"
    name = "make-series"
    syntax_text = (
        "T | make-series [kind=nonempty] [Name =] aggregate [default = value], … on axis [from start] [to end] step step"
        " [by [Name =] expression, …] | … on axis in range(start, stop, step)"
    )
    parameters: Parameters
    series: tuple[Aggregated, ...]
    axis: syntax.Item
    start: syntax.Expression | None
    stop: syntax.Expression | None
    step: syntax.Expression | None
    keys: tuple[syntax.Item, ...]

    @classmethod
    def build(cls, children: list[Any], span: syntax.Span) -> MakeSeries:
        parameters, rest = split_parameters(children)
        series = tuple(child for child in rest if isinstance(child, Aggregated))
        keys = next((child for child in rest if isinstance(child, tuple)), ())
        parts = {
            word.type: rest[place + 1] for place, word in enumerate(rest) if getattr(word, "type", "") in ("ON", "FROM", "TO", "STEP")
        }
        return cls(span, parameters, series, parts["ON"], parts.get("FROM"), parts.get("TO"), parts.get("STEP"), keys)

    def lower(self, binder: Binder, input: Relation, environment: Environment) -> Relation:
        scope = binder.over(input, environment)
        namer = names.Namer()
        keys = [(Column(c.name, c.type), value) for c, value in bind_items(binder, self.keys, scope, namer)]
        made = self._values(binder, scope, namer)
        axis, bounds = self._bounds(binder, scope)
        axis_name = self.axis.names[0] if self.axis.names else names.of(self._axis_expression())
        if axis_name in namer.taken:
            binder.problems.add("KQL205", self.axis.span, name=axis_name)
        axis_name = axis_name or namer.automatic("")
        output = [column for column, _ in keys] + [Column(c.name, DYNAMIC) for c, *_ in made] + [Column(axis_name, DYNAMIC)]
        if bounds is None or axis.type is UNKNOWN or binder.problems.errors:
            return plan.Values(tuple(output), ())
        number = Column("number", LONG)
        place = binder.apply("$step", (axis, bounds.origin, bounds.step), self.span)
        inside = [binder.apply("isnotnull", (place,), self.span)]
        if bounds.first is not None:
            inside.append(binder.apply(">=", (place, bounds.first), self.span))
        if bounds.last is not None:
            inside.append(binder.apply("<=", (place, bounds.last), self.span))
        rows = plan.Filter(input, binder.apply("and", tuple(inside), self.span) if len(inside) > 1 else inside[0])
        grouped = plan.Shared(
            aggregated(rows, (*keys, (number, place)), tuple((column, value) for column, value, _ in made)), "steps"
        )
        steps = self._steps(binder, grouped, [column for column, _ in keys], number, bounds)
        values = binder.renamed(grouped)
        ours, theirs = plan.columns_of(steps), plan.columns_of(values)
        width = len(keys)
        pairs = [(plan.Ref(ours[i]), plan.Ref(theirs[i])) for i in range(width + 1)]
        both = joined("leftouter", steps, values, list(pairs), drop_right_keys=False)
        columns = plan.columns_of(both)
        here, there = columns[width], columns[2 * width + 1]
        gap = binder.apply("isnull", (plan.Ref(there),), self.span)
        ordered = plan.Sort(both, (plan.SortKey(plan.Ref(here), True, True),))
        lists: list[tuple[Column, plan.Scalar]] = []
        for at, (_, _, default) in enumerate(made):
            value = binder.apply("iff", (gap, default, plan.Ref(columns[2 * width + 2 + at])), self.span)
            lists.append((output[width + at], binder.apply("make_list_with_nulls", (value,), self.span)))
        along = binder.apply("$stepped", (plan.Ref(here), bounds.origin, bounds.step), self.span)
        lists.append((output[-1], binder.apply("make_list_with_nulls", (along,), self.span)))
        groups = tuple((output[i], plan.Ref(columns[i])) for i in range(width))
        result: Relation = plan.Aggregate(ordered, groups, tuple(lists))
        if not width:
            # an aggregate without keys has a row even of nothing
            length = binder.apply("array_length", (plan.Ref(output[-1]),), self.span)
            result = plan.Filter(result, binder.apply(">", (length, plan.Literal(0, LONG)), self.span))
        return result

    def _steps(
        self, binder: Binder, grouped: Relation, keys: list[Column], number: Column, bounds: _Bounds
    ) -> Relation:
        """A row for each group and each step of its axis: the keys and the step's number."""
        source = binder.renamed(grouped)
        columns = plan.columns_of(source)
        place = plan.Ref(columns[len(keys)])
        first, last, count = Column("first", LONG), Column("last", LONG), Column("count", LONG)
        ends = plan.Aggregate(
            source,
            tuple((Column(key.name, key.type), plan.Ref(columns[at])) for at, key in enumerate(keys)),
            (
                (first, binder.apply("min", (place,), self.span)), (last, binder.apply("max", (place,), self.span)),
                (count, binder.apply("count", (), self.span)),
            ),
        )  # fmt: skip
        low = bounds.first if bounds.first is not None else plan.Ref(first)
        high = bounds.last if bounds.last is not None else plan.Ref(last)
        some: Relation = ends
        if self.parameters.get("kind").lower() != "nonempty":
            some = plan.Filter(ends, binder.apply(">", (plan.Ref(count), plan.Literal(0, LONG)), self.span))
        numbers = binder.apply("range", (low, high, plan.Literal(1, LONG)), self.span)
        element = Column("element", DYNAMIC)
        every = plan.Unnest(some, ((element, numbers, "element"),), None, None)
        passed = [(column, plan.Ref(column)) for column, _ in ends.keys]
        each = plan.Project(every, (*passed, (Column(number.name, LONG), plan.Convert(plan.Ref(element), LONG))))
        return plan.Filter(each, binder.apply("isnotnull", (plan.Ref(each.columns[-1][0]),), self.span))

    def _values(
        self, binder: Binder, scope: Scope, namer: names.Namer
    ) -> list[tuple[Column, plan.Scalar, plan.Scalar]]:
        """The aggregates and their defaults, each of one type."""
        aggregating = replace(scope, aggregates=True)
        made = []
        for each in self.series:
            for column, value in Summarize(self.span, (), ())._value(binder, each.item, aggregating, namer, ()):
                default: plan.Scalar = plan.Literal("" if value.type is STRING else None, value.type)
                if each.default is not None:
                    default = binder.constant(each.default, scope, "the default")
                    null = isinstance(default, plan.Literal) and default.value is None
                    if value.type in NUMBERS and default.type in NUMBERS and value.type is not default.type and not null:
                        default = plan.Convert(default, value.type)
                    else:
                        default = binder.fit(default, value.type, each.default.span)
                elif value.type in NUMBERS:
                    default = plan.Convert(plan.Literal(0, LONG), value.type) if value.type is not LONG else plan.Literal(0, LONG)
                made.append((column, value, default))
        return made

    def _axis_expression(self) -> syntax.Expression:
        return self.axis.expression.arguments[0] if _in_range(self.axis.expression) else self.axis.expression  # type: ignore[union-attr]

    def _bounds(self, binder: Binder, scope: Scope) -> tuple[plan.Scalar, _Bounds | None]:
        """The axis' values and its steps."""
        start, stop, step, whole = self.start, self.stop, self.step, False
        if _in_range(self.axis.expression):
            # the older form: aligned to the step rather than to the start, and both ends belong to it
            start, stop, step = self.axis.expression.arguments[1].arguments  # type: ignore[union-attr]
            whole = True
        written = self._axis_expression()
        axis = binder.scalar(written, scope)
        if axis.type is UNKNOWN:
            return axis, None
        if axis.type not in (*NUMBERS, DATETIME, TIMESPAN):
            binder.problems.add("KQL303", written.span, given=axis.type.value, expected="a number, a datetime or a timespan")
            return axis, None
        if step is None:
            binder.problems.add("KQL401", self.span, operator=self.name, expected="'step' and the width of a step")
            return axis, None
        kind = {INT: LONG, DECIMAL: REAL}.get(axis.type, axis.type)
        width = TIMESPAN if kind is DATETIME else kind
        bound = [None if each is None else binder.constant(each, scope, "a bound of the axis") for each in (start, stop, step)]
        if axis.type is not kind:
            axis = plan.Convert(axis, kind)
        spans = [self.span if each is None else each.span for each in (start, stop, step)]
        low, high, by = (
            None if value is None else binder.fit(value, type, span)
            for value, type, span in zip(bound, (kind, kind, width), spans, strict=True)
        )
        assert by is not None
        if isinstance(by, plan.Literal) and by.value == 0:
            binder.problems.add("KQL309", step.span, what="a step of 0 leads nowhere")
        zero = plan.Literal(0.0 if kind is REAL else 0, kind)
        if whole:
            assert low is not None and high is not None
            first = binder.apply("$step", (low, zero, by), self.span)
            return axis, _Bounds(zero, by, first, binder.apply("$step", (high, zero, by), self.span))
        origin = low if low is not None else zero
        last = None if high is None else binder.apply("$step_before", (high, origin, by), self.span)
        return axis, _Bounds(origin, by, None if low is None else plan.Literal(0, LONG), last)


def _in_range(expression: syntax.Expression) -> bool:
    match expression:
        case syntax.Call("in", (_, syntax.Call("range", arguments))):
            return len(arguments) == 3
    return False


__all__ = ["Aggregated", "MakeSeries"]
