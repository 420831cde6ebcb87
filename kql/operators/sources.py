"""Operators that begin a pipeline: print, range."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kql import plan, syntax
from kql.bind import names
from kql.bind.scope import Environment, Scope
from kql.operators.base import Operator, bind_items
from kql.plan import Column, Relation
from kql.types import DATETIME, DYNAMIC, INT, LONG, REAL, TIMESPAN, UNKNOWN, Type

if TYPE_CHECKING:
    from kql.bind.binder import Binder


@dataclass(frozen=True, slots=True)
class Print(Operator):
    """One row of computed values.

    print x = 1 + 1, now()
    """

    rule = "print"
    name = "print"
    syntax_text = "print [Name =] expression, …"
    is_source = True
    items: tuple[syntax.Item, ...]

    @classmethod
    def build(cls, children: list[Any], span: syntax.Span) -> Print:
        return cls(span, tuple(child for child in children if isinstance(child, syntax.Item)))

    def lower(self, binder: Binder, input: Relation | None, environment: Environment) -> Relation:
        made = bind_items(binder, self.items, Scope((), environment), _ByPosition(self.items))
        row = plan.Values((), ((),))
        return plan.Project(row, tuple(made))


class _ByPosition(names.Namer):
    """print names by position: the second column without a name is print_1 when it stands second."""

    def __init__(self, items: tuple[syntax.Item, ...]) -> None:
        super().__init__()
        self._places = [
            place
            for place, item in enumerate(items)
            if not item.names and not (isinstance(item.expression, syntax.Call) and names.parts(item.expression))
        ]

    def automatic(self, name: str) -> str:
        place = self._places.pop(0) if self._places else 0
        return super().automatic(f"print_{place}")

    def part(self, name: str) -> str:
        return super().automatic(name)


@dataclass(frozen=True, slots=True)
class Range(Operator):
    """A column of values from one to another, both included, at even steps.

    range x from 1 to 10 step 3
    """

    rule = "range"
    name = "range"
    syntax_text = "range Name from start to stop step step"
    is_source = True
    column: str
    start: syntax.Expression
    stop: syntax.Expression
    step: syntax.Expression

    @classmethod
    def build(cls, children: list[Any], span: syntax.Span) -> Range:
        name, start, stop, step = [child for child in children if not isinstance(child, str)]
        return cls(span, name.name, start, stop, step)

    def lower(self, binder: Binder, input: Relation | None, environment: Environment) -> Relation:
        scope = Scope((), environment)
        start, stop, step = (
            binder.constant(each, scope, "a bound of range") for each in (self.start, self.stop, self.step)
        )
        types = [each.type for each in (start, stop, step) if each.type is not UNKNOWN]
        if DATETIME in types[:2]:
            kind, step_kind = DATETIME, TIMESPAN
        elif TIMESPAN in types:
            kind = step_kind = TIMESPAN
        elif REAL in types:
            kind = step_kind = REAL
        else:
            kind = step_kind = LONG
        start, stop = self._as(binder, start, kind, self.start), self._as(binder, stop, kind, self.stop)
        step = self._as(binder, step, step_kind, self.step)
        if isinstance(step, plan.Literal) and step.value == 0:
            binder.problems.add("KQL309", self.step.span, what="a step of 0 leads nowhere")
        if kind is LONG and types and all(each is INT for each in types):
            column = Column(self.column, INT)
            series = plan.Series(Column(self.column, LONG), start, stop, step)
            return plan.Project(series, ((column, plan.Convert(plan.Ref(series.column), INT)),))
        return plan.Series(Column(self.column, kind), start, stop, step)

    @staticmethod
    def _as(binder: Binder, value: plan.Scalar, type: Type, written: syntax.Expression) -> plan.Scalar:
        if value.type is type or value.type is UNKNOWN:
            return plan.Literal(None, type) if value.type is UNKNOWN else value
        if value.type is DYNAMIC:
            return plan.Convert(value, type)
        return binder.fit(value, type, written.span)
