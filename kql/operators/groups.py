"""summarize: grouping and aggregation."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from kql import plan, syntax
from kql.bind import names
from kql.bind.scope import Environment, Scope
from kql.operators.base import Operator, bind_items, claim, split_parameters
from kql.plan import Column, Relation
from kql.types import DYNAMIC

if TYPE_CHECKING:
    from kql.bind.binder import Binder

Made = list[tuple[Column, plan.Scalar]]


@dataclass(frozen=True, slots=True)
class Summarize(Operator):
    """One row per distinct combination of the `by` expressions, with aggregates over its rows.

    Resources | summarize count() by type, location
    """

    rule = "summarize"
    name = "summarize"
    syntax_text = "T | summarize [Name =] aggregate, … [by [Name =] expression, …]"
    values: tuple[syntax.Item, ...]
    keys: tuple[syntax.Item, ...]

    @classmethod
    def build(cls, children: list[Any], span: syntax.Span) -> Summarize:
        _, rest = split_parameters(children)
        values = tuple(child for child in rest if isinstance(child, syntax.Item))
        keys = next((child for child in rest if isinstance(child, tuple)), ())
        return cls(span, values, keys)

    def lower(self, binder: Binder, input: Relation, environment: Environment) -> Relation:
        scope = binder.over(input, environment)
        namer = names.Namer()
        namer.promised |= {name for item in self.values for name in item.names}
        keys = []
        for column, value in bind_items(binder, self.keys, scope, namer):
            if value.type is DYNAMIC and isinstance(value, plan.Ref) and not binder.bounds.strict:
                binder.problems.add("KQL307", self.span, use="a group key")
            keys.append((Column(column.name, column.type), value))
        aggregating = replace(scope, aggregates=True)
        key_columns = tuple(value.column for _, value in keys if isinstance(value, plan.Ref))
        values: Made = []
        for item in self.values:
            values += self._value(binder, item, aggregating, namer, key_columns)
        return aggregated(input, tuple(keys), tuple(values))

    def _value(
        self, binder: Binder, item: syntax.Item, scope: Scope, namer: names.Namer, keys: tuple[Column, ...]
    ) -> Made:
        call = item.expression
        if isinstance(call, syntax.Call) and call.name in _SEVERAL:
            return _SEVERAL[call.name](binder, call, item, scope, namer, keys)
        value = binder.scalar(call, scope)
        if item.names:
            return [(Column(claim(binder, item.names[0], item.name_spans[0], namer), value.type), value)]
        return [(Column(namer.automatic(names.of(call)), value.type), value)]


def aggregated(
    input: Relation, keys: tuple[tuple[Column, plan.Scalar], ...], values: tuple[tuple[Column, plan.Scalar], ...]
) -> Relation:
    """Groups whose values may be computed from several aggregates: those are columns of their own below."""
    if all(_is_aggregate(value) for _, value in values):
        return plan.Aggregate(input, keys, values)
    inner: Made = []
    known: dict[plan.Scalar, plan.Scalar] = {}

    def lifted(node: plan.Scalar) -> plan.Scalar:
        if node not in known:
            if _is_aggregate(node):
                inner.append((Column("aggregate", node.type), node))
                known[node] = plan.Ref(inner[-1][0])
            else:
                known[node] = plan.mapped(node, lifted)
        return known[node]

    outer = [(column, lifted(value)) for column, value in values]
    passed = [(column, plan.Ref(column)) for column, _ in keys]
    return plan.Project(plan.Aggregate(input, keys, tuple(inner)), (*passed, *outer))


def _is_aggregate(node: plan.Scalar) -> bool:
    return isinstance(node, plan.Call) and node.function.kind == "aggregate"


def _named(binder: Binder, item: syntax.Item, place: int, automatic: str, namer: names.Namer) -> str:
    if place < len(item.names):
        return claim(binder, item.names[place], item.name_spans[place], namer)
    return namer.automatic(automatic)


def _returned(
    binder: Binder, call: syntax.Call, first: int, scope: Scope, leave_out: tuple[Column, ...]
) -> list[tuple[str, int, plan.Scalar]]:
    """The columns that arg_max, arg_min and take_any return from argument `first` on, each with the name that it hands
    on and the argument's place; `*` means all columns that are neither keys nor given."""
    inner = scope.within_aggregate()
    made: list[tuple[str, int, plan.Scalar]] = []
    given, starred = list(leave_out), set[Column]()
    for place, argument in enumerate(call.arguments):
        if place < first:
            continue
        if isinstance(argument, syntax.Star):
            starred = {column for column in scope.columns if column not in given}
            made += [(column.name, place, plan.Ref(column)) for column in scope.columns if column in starred]
            continue
        value = binder.scalar(argument, inner)
        if isinstance(value, plan.Ref):
            if value.column in starred:
                continue
            given.append(value.column)
        made.append((call.names.get(place) or names.of(argument), place, value))
    return made


def _extreme(
    binder: Binder, call: syntax.Call, item: syntax.Item, scope: Scope, namer: names.Namer, keys: tuple[Column, ...]
) -> Made:
    """arg_max(x, …) and arg_min(x, …): the extreme value, and other columns of the row that has it."""
    if not call.arguments:
        binder.problems.add(
            "KQL301", call.span, function=f"{call.name}()", expected="at least 1 argument", given="none"
        )
        return []
    by = binder.scalar(call.arguments[0], scope.within_aggregate())
    name = call.name.replace("argm", "arg_m")
    extreme = binder.apply("max" if name == "arg_max" else "min", (by,), call.span)
    own = names.of(call.arguments[0])
    prefix = f"{'max' if name == 'arg_max' else 'min'}_{own}"
    old = call.name != name  # argmax names its columns after both
    first = _named(binder, item, 0, prefix if old or not own else own, namer)
    made: Made = [(Column(first, by.type), extreme)]
    given = (by.column,) if isinstance(by, plan.Ref) else ()
    for number, (handed, place, value) in enumerate(_returned(binder, call, 1, scope, keys + given), 1):
        automatic = f"{prefix}_{handed or f'arg{place}'}" if old or not handed else handed
        column = Column(_named(binder, item, number, automatic, namer), value.type)
        made.append((column, binder.apply(f"${name}", (value, by), call.span)))
    return made


def _any(
    binder: Binder, call: syntax.Call, item: syntax.Item, scope: Scope, namer: names.Namer, keys: tuple[Column, ...]
) -> Made:
    """take_any(x, …): the values of some row."""
    made: Made = []
    for number, (handed, place, value) in enumerate(_returned(binder, call, 0, scope, keys)):
        unnamed = f"arg{place}" if len(call.arguments) > 1 or call.name != "any" else ""
        automatic = f"any_{handed or unnamed}" if call.name == "any" or not handed else handed
        column = Column(_named(binder, item, number, automatic, namer), value.type)
        made.append((column, binder.apply("$any", (value,), call.span)))
    return made


def _percentiles(
    binder: Binder, call: syntax.Call, item: syntax.Item, scope: Scope, namer: names.Namer, keys: tuple[Column, ...]
) -> Made:
    """percentile(x, 95) and percentiles(x, 5, 50, 95): a column each, named after the percentage."""
    weighted = call.name.startswith(("percentilew", "percentilesw"))
    places = 2 if weighted else 1
    if len(call.arguments) <= places:
        binder.problems.add(
            "KQL301", call.span, function=f"{call.name}()", expected=f"at least {places + 1} arguments",
            given=len(call.arguments),
        )  # fmt: skip
        return []
    inner = scope.within_aggregate()
    value = binder.scalar(call.arguments[0], inner)
    weight = (binder.scalar(call.arguments[1], inner),) if weighted else ()
    made: Made = []
    base = "percentilew" if weighted else "percentile"
    for place, argument in enumerate(call.arguments[places:]):
        share = binder.scalar(argument, inner)
        if isinstance(share, plan.Literal) and share.type is DYNAMIC:
            binder.problems.add("KQL303", argument.span, given=share.type.value, expected="a number")
            continue
        number = share.value if isinstance(share, plan.Literal) else ""
        written = _percentage(number)
        automatic = f"percentile_{names.of(call.arguments[0])}_{written}"
        result = binder.apply(f"${base}", (value, *weight, share), call.span)
        made.append((Column(_named(binder, item, place, automatic, namer), result.type), result))
    return made


def _percentage(number: object) -> str:
    text = str(int(number)) if isinstance(number, float) and number.is_integer() else str(number)
    return text.replace(".", "_")


_SEVERAL = {
    "arg_max": _extreme, "arg_min": _extreme, "argmax": _extreme, "argmin": _extreme,
    "take_any": _any, "any": _any,
    "percentile": _percentiles, "percentiles": _percentiles,
    "percentilew": _percentiles, "percentilesw": _percentiles,
}  # fmt: skip
