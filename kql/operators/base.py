"""What an operator is: its syntax, how it lowers to the plan, and its help, in one class named like its grammar rule."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from kql import plan, syntax
from kql.bind import names
from kql.bind.scope import Environment, Scope, boundless, find
from kql.bind.special import several
from kql.plan import Column, Relation
from kql.types import DYNAMIC, REAL, STRING, UNKNOWN

if TYPE_CHECKING:
    from kql.bind.binder import Binder

OPERATORS: dict[str, type[Operator]] = {}


@dataclass(frozen=True, slots=True)
class Operator:
    """One operator of a pipeline. A subclass's docstring is its help: a sentence, then examples in KQL."""

    rule: ClassVar[str]  # the grammar rule
    name: ClassVar[str]  # as written in a query
    syntax_text: ClassVar[str] = ""  # the form, for help
    is_source: ClassVar[bool] = False  # may begin a pipeline
    takes_graphs: ClassVar[bool] = False  # what make-graph has made may come in
    refused: ClassVar[str] = ""

    span: syntax.Span

    is_operator: ClassVar[bool] = True

    def __init_subclass__(cls, **words: Any) -> None:
        if "rule" in cls.__dict__:
            OPERATORS[cls.rule] = cls

    @classmethod
    def build(cls, children: list[Any], span: syntax.Span) -> Operator:
        """The operator from what the grammar rule holds: its keyword token first, then its parts."""
        raise TypeError(cls.__name__)

    def lower(self, binder: Binder, input: Any, environment: Environment) -> Relation:
        """The plan of this operator over its input."""
        raise TypeError(type(self).__name__)

    def behind(self, binder: Binder, output: Relation, environment: Environment) -> Environment:
        """What is known behind this operator in its pipeline: `as` gives its rows a name."""
        return environment


def passing(columns: tuple[Column, ...]) -> list[tuple[Column, plan.Scalar]]:
    """Every column as it is, for a Project."""
    return [(column, plan.Ref(column)) for column in columns]


@dataclass(frozen=True, slots=True)
class Parameters:
    """`kind=inner hint.x=y` behind an operator's keyword, by lower-case name."""

    values: dict[str, tuple[str, syntax.Span]]

    def get(self, name: str, default: str = "") -> str:
        return self.values[name][0] if name in self.values else default

    def span(self, name: str) -> syntax.Span:
        return self.values[name][1]


def split_parameters(children: list[Any]) -> tuple[Parameters, list[Any]]:
    """The parameters among a rule's children, and the rest without the keyword."""
    values = {child.name: (child.value, child.span) for child in children if isinstance(child, Parameter)}
    rest = [child for child in children[1:] if not isinstance(child, Parameter)]
    return Parameters(values), rest


@dataclass(frozen=True, slots=True)
class Parameter:
    name: str
    value: str
    span: syntax.Span


def bind_items(
    binder: Binder,
    items: tuple[syntax.Item, ...],
    scope: Scope,
    namer: names.Namer,
    *,
    rest: bool = False,
) -> list[tuple[Column, plan.Scalar]]:
    """`name = expression` lists of project, distinct, print and `by`: names first, then values over the same input.

    Of a call that stands for several columns those without a name fall away, unless the `rest` is kept (project)."""
    made: list[tuple[Column, plan.Scalar]] = []
    namer.promised |= {name for item in items for name in item.names}
    for item in items:
        if isinstance(item.expression, syntax.Star):
            for column in scope.columns:
                if namer.automatic(column.name) == column.name:
                    made.append((column, plan.Ref(column)))
            continue
        whole = rest or len(item.names) != 1
        if isinstance(item.expression, syntax.Call) and whole and names.parts(item.expression):
            for place, (name, value) in enumerate(several(binder, item.expression, scope)):
                if item.names and place >= len(item.names) and not rest:
                    break
                if place < len(item.names):
                    name = claim(binder, item.names[place], item.name_spans[place], namer)
                else:
                    name = namer.part(name)
                made.append((Column(name, value.type), value))
            continue
        value = binder.scalar(item.expression, scope)
        if len(item.names) > 1:
            for place, (name, span) in enumerate(zip(item.names, item.name_spans, strict=True)):
                name = claim(binder, name, span, namer)
                element = plan.Path(value, place) if value.type.value == "dynamic" else value
                made.append((Column(name, element.type), element))
            continue
        if item.names:
            name = item.names[0]
            name = claim(binder, name, item.name_spans[0], namer)
        elif isinstance(value, plan.Ref) and isinstance(item.expression, syntax.Name):
            if value.column.name in namer.given:
                binder.problems.add("KQL205", item.span, name=value.column.name)
                continue
            name = namer.automatic(value.column.name)
            if name == value.column.name:
                if name == item.expression.name:
                    namer.given.add(name)
                made.append((value.column, value))
                continue
        else:
            name = namer.automatic(names.of(item.expression))
        made.append((Column(name, value.type), value))
    return made


def claim(binder: Binder, name: str, span: syntax.Span, namer: names.Namer) -> str:
    """The name that a written one becomes: itself, or with a number where an automatic name stood there first."""
    if name in namer.given:
        binder.problems.add("KQL205", span, name=name)
    namer.given.add(name)
    return namer.written(name)


def column_or_problem(binder: Binder, columns: tuple[Column, ...], name: str, span: syntax.Span) -> Column | None:
    """The column of that name; a message where there is none."""
    column = find(columns, name)
    if column is None and boundless(columns):
        return Column(name, UNKNOWN)
    if column is None:
        from kql.messages import nearest

        binder.problems.add("KQL201", span, nearest(name, (each.name for each in columns)), name=name)
    return column


def sort_keys(
    binder: Binder, keys: tuple[syntax.Key, ...], scope: Scope, *, mixed: bool = False
) -> tuple[plan.SortKey, ...]:
    """The keys of order by and top: descending unless told, nulls last when descending and first when ascending.

    mixed: a dynamic may be a key, sorted by its number, then by its text.
    """
    made = []
    for key in keys:
        value = binder.scalar(key.expression, scope)
        if value.type is UNKNOWN:
            continue
        values = [value]
        if value.type is DYNAMIC:
            if not mixed:
                binder.problems.add("KQL307", key.expression.span, use="a sort key")
                continue
            values = [plan.Convert(value, REAL), plan.Convert(value, STRING)]
        ascending = bool(key.ascending)
        nulls_first = ascending if key.nulls_first is None else key.nulls_first
        made += [plan.SortKey(each, ascending, nulls_first) for each in values]
    return tuple(made)
