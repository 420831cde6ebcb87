"""Operators that bring tables together: join, lookup, union."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kql import plan, syntax
from kql.bind.scope import Environment, FunctionBinding, Scope, boundless, find
from kql.messages import Problem
from kql.operators.base import Operator, Parameters, column_or_problem, split_parameters
from kql.plan import Column, Relation
from kql.types import DYNAMIC, INT, LONG, STRING, UNKNOWN, Type

if TYPE_CHECKING:
    from kql.bind.binder import Binder

# The names a query may give a kind, and what the plan makes of it. 'right…' semi and anti joins are the left ones turned.
KINDS = {
    "innerunique": "innerunique", "inner": "inner", "leftouter": "leftouter", "rightouter": "rightouter",
    "fullouter": "fullouter", "leftsemi": "leftsemi", "rightsemi": "rightsemi", "leftanti": "leftanti",
    "anti": "leftanti", "leftantisemi": "leftanti", "rightanti": "rightanti", "rightantisemi": "rightanti",
}  # fmt: skip

Pairs = list[tuple[plan.Scalar, plan.Scalar]]


@dataclass(frozen=True, slots=True)
class Join(Operator):
    """Pairs the rows of two tables that have equal keys. Kinds: innerunique (the default), inner, leftouter,
    rightouter, fullouter, leftsemi, rightsemi, leftanti, rightanti.

    Resources | join kind=leftouter (ResourceContainers | project subscriptionId, subscription = name) on subscriptionId
    """

    rule = "join"
    name = "join"
    syntax_text = "T | join [kind=…] (right) on key, … | $left.a == $right.b, …"
    parameters: Parameters
    right: syntax.Expression
    conditions: tuple[syntax.Expression, ...]

    @classmethod
    def build(cls, children: list[Any], span: syntax.Span) -> Join:
        parameters, (right, *rest) = split_parameters(children)
        return cls(span, parameters, right, tuple(each for each in rest if not isinstance(each, str)))

    def lower(self, binder: Binder, input: Relation, environment: Environment) -> Relation:
        written = self.parameters.get("kind", "innerunique").lower()
        kind = KINDS.get(written)
        if kind is None:
            hint = "the kinds are: " + ", ".join(KINDS)
            binder.problems.add("KQL406", self.parameters.span("kind"), hint, what=f"'{written}'")
            kind = "inner"
        binder.bounds.join_kind(kind, self.span)
        _hinted(binder, self)
        right = binder.tabular(self.right, environment)
        pairs = join_keys(binder, self.conditions, input, right, environment, self.span)
        return joined(kind, input, right, pairs, drop_right_keys=False)


@dataclass(frozen=True, slots=True)
class Lookup(Operator):
    """Adds the columns of a dimension table to the rows that have its key; rows without a match stay.

    Resources | lookup (ResourceContainers | project subscriptionId, subscription = name) on subscriptionId
    """

    rule = "lookup"
    name = "lookup"
    syntax_text = "T | lookup [kind=leftouter|inner] (right) on key, …"
    parameters: Parameters
    right: syntax.Expression
    conditions: tuple[syntax.Expression, ...]

    @classmethod
    def build(cls, children: list[Any], span: syntax.Span) -> Lookup:
        parameters, (right, *rest) = split_parameters(children)
        return cls(span, parameters, right, tuple(each for each in rest if not isinstance(each, str)))

    def lower(self, binder: Binder, input: Relation, environment: Environment) -> Relation:
        kind = self.parameters.get("kind", "leftouter").lower()
        if kind not in ("leftouter", "inner"):
            binder.problems.add(
                "KQL406", self.parameters.span("kind"), "lookup knows leftouter and inner", what=f"'{kind}'"
            )
            kind = "leftouter"
        right = binder.tabular(self.right, environment)
        pairs = join_keys(binder, self.conditions, input, right, environment, self.span)
        return joined(kind, input, right, pairs, drop_right_keys=True)


def _hinted(binder: Binder, operator: Join | Union) -> None:
    for name, (_, span) in operator.parameters.values.items():
        binder.bounds.parameter(operator.name, name, span)


def join_keys(
    binder: Binder,
    conditions: tuple[syntax.Expression, ...],
    left: Relation,
    right: Relation,
    environment: Environment,
    span: syntax.Span,
) -> Pairs:
    """The pairs of keys: a column of both sides, or `$left.a == $right.b` written either way round."""
    ours, theirs = plan.columns_of(left), plan.columns_of(right)
    pairs: Pairs = []
    flat: list[syntax.Expression] = []
    for condition in conditions:
        flat += condition.arguments if isinstance(condition, syntax.Call) and condition.name == "and" else [condition]
    if not flat:
        binder.problems.add(
            "KQL401", span, "on key, or on $left.a == $right.b", operator="join", expected="'on' and keys"
        )
    for condition in flat:
        pair: tuple[plan.Scalar, plan.Scalar] | None = None
        if isinstance(condition, syntax.Name):
            here = column_or_problem(binder, ours, condition.name, condition.span)
            there = find(theirs, condition.name)
            if here is not None and there is None and not boundless(theirs):
                binder.problems.add("KQL211", condition.span, side="the right side", name=condition.name)
            if here is not None and there is not None:
                pair = (plan.Ref(here), plan.Ref(there))
        elif isinstance(condition, syntax.Call) and condition.name == "==" and len(condition.arguments) == 2:
            pair = _sides(binder, condition, ours, theirs, environment)
        else:
            binder.problems.add("KQL405", condition.span)
        if pair is not None and UNKNOWN not in (pair[0].type, pair[1].type):
            pairs.append(_one_type(binder, pair, condition))
    return pairs


def _sides(
    binder: Binder,
    condition: syntax.Call,
    ours: tuple[Column, ...],
    theirs: tuple[Column, ...],
    environment: Environment,
) -> tuple[plan.Scalar, plan.Scalar] | None:
    scope = Scope((), environment, left=ours, right=theirs)
    first, second = condition.arguments
    sides = [_side_of(each) for each in condition.arguments]
    if sides == ["$right", "$left"]:
        first, second = second, first
    elif sides != ["$left", "$right"]:
        binder.problems.add("KQL405", condition.span)
        return None
    return binder.scalar(first, scope), binder.scalar(second, scope)


def _side_of(expression: syntax.Expression) -> str:
    """'$left' or '$right': where the columns of a key expression come from."""
    match expression:
        case syntax.Member(syntax.Name(name), _) if name in ("$left", "$right"):
            return name
        case syntax.Member(base, _) | syntax.Index(base, _):
            return _side_of(base)
        case syntax.Call(_, arguments) if arguments:
            return next((side for side in map(_side_of, arguments) if side), "")
        case syntax.Pipeline(source, ()) if source is not None:
            return _side_of(source)
    return ""


def _one_type(
    binder: Binder, pair: tuple[plan.Scalar, plan.Scalar], condition: syntax.Expression
) -> tuple[plan.Scalar, plan.Scalar]:
    left, right = pair
    if left.type is right.type or {left.type, right.type} <= {INT, LONG}:
        return pair
    if DYNAMIC in (left.type, right.type):
        other = right.type if left.type is DYNAMIC else left.type
        return (
            plan.Convert(left, other) if left.type is DYNAMIC else left,
            plan.Convert(right, other) if right.type is DYNAMIC else right,
        )
    names = [each.column.name if isinstance(each, plan.Ref) else "the key" for each in pair]
    binder.problems.add(
        "KQL310", condition.span, left=names[0], left_type=left.type.value, right=names[1], right_type=right.type.value
    )
    return pair


def joined(kind: str, left: Relation, right: Relation, pairs: Pairs, *, drop_right_keys: bool) -> Relation:
    """The join's relation: all left columns, then all right ones, a taken name getting a number."""
    if kind == "innerunique":
        left = plan.First(left, tuple(pair[0] for pair in pairs))
        kind = "inner"
    if kind in ("rightsemi", "rightanti"):
        turned = [(there, here) for here, there in pairs]
        return joined(kind.replace("right", "left"), right, left, turned, drop_right_keys=False)
    mine = {column.name for column in plan.columns_of(left)}
    output = [(Column(column.name, column.type), column) for column in plan.columns_of(left)]
    if kind not in ("leftsemi", "leftanti"):
        dropped = {there.column for _, there in pairs if isinstance(there, plan.Ref)} if drop_right_keys else set()
        kept = [column for column in plan.columns_of(right) if column not in dropped]
        taken = mine | {column.name for column in kept}  # a name that only the right side has stays with its column
        for column in kept:
            name, number = column.name, 1
            while name in mine or (name != column.name and name in taken):
                name, number = f"{column.name}{number}", number + 1
            taken.add(name)
            output.append((Column(name, column.type), column))
    return plan.Join(kind, left, right, tuple(pairs), tuple(output))


# ---- union -------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Union(Operator):
    """All rows of several tables; columns meet by name. `kind=inner` keeps only the columns that all have.

    Resources | union ResourceContainers | summarize count() by type
    """

    rule = "union"
    name = "union"
    syntax_text = "T | union [kind=inner|outer] [withsource=Column] [isfuzzy=true] Table, …"
    is_source = True
    parameters: Parameters
    legs: tuple[syntax.Expression, ...]

    @classmethod
    def build(cls, children: list[Any], span: syntax.Span) -> Union:
        parameters, legs = split_parameters(children)
        return cls(span, parameters, tuple(legs))

    def lower(self, binder: Binder, input: Relation | None, environment: Environment) -> Relation:
        sources: list[tuple[str, Relation]] = []
        if input is not None:
            sources.append((binder.labels.get(id(input), ""), input))
        _hinted(binder, self)
        binder.bounds.legs(len(self.legs), self.span)
        fuzzy = self.parameters.get("isfuzzy").lower() in ("true", "1")
        missing: list[Problem] = []
        for leg in self.legs:
            if isinstance(leg, syntax.Pattern):
                binder.bounds.parameter("union", "*", leg.span)
            before = len(binder.problems.found)
            legs = [(name, binder.tabular(table, environment)) for name, table in named_by(binder, leg, environment)]
            told = binder.problems.found[before:]
            if fuzzy and any(problem.code == "KQL202" for problem in told):
                missing += told
                binder.problems.forget(before)
                continue
            sources += [(binder.labels.get(id(relation), name), relation) for name, relation in legs]
        if not sources:  # it is no matter of course that one is missing where all are
            binder.problems.found += missing
            return binder.nothing()
        source_column = self.parameters.get("withsource") or self.parameters.get("with_source")
        named = [(label or f"union_arg{place}", relation) for place, (label, relation) in enumerate(sources)]
        return united(named, self.parameters.get("kind", "outer").lower() == "inner", source_column)


def named_by(binder: Binder, leg: syntax.Expression, environment: Environment) -> list[tuple[str, syntax.Expression]]:
    """The tables that one leg of union, search or find stands for, and what each goes by: `*` is for any letters."""
    if isinstance(leg, syntax.Pattern):
        pattern = re.compile(".*".join(re.escape(piece) for piece in leg.text.split("*")), re.I)
        tables = [name for name in (*binder.schema.tables, *views(environment)) if pattern.fullmatch(name)]
        if not tables:
            binder.problems.add("KQL202", leg.span, name=leg.text)
        return [(name, syntax.Name(name, leg.span)) for name in tables]
    if isinstance(leg, syntax.Name) and environment.get(leg.name) is None:
        table = binder.schema.table(leg.name)
        return [(table.name if table is not None else leg.name, leg)]
    if isinstance(leg, syntax.Name) and isinstance(environment.get(leg.name), FunctionBinding):
        return [(leg.name, leg)]  # a view goes by its name, a let that is a table does not
    return [("", leg)]


def views(environment: Environment) -> list[str]:
    """The functions that let made views of: they count among the tables."""
    return [
        name for name, binding in environment.bindings.items()
        if isinstance(binding, FunctionBinding) and binding.definition.view
    ]  # fmt: skip


def united(sources: list[tuple[str, Relation]], inner: bool, source_column: str) -> Relation:
    """The union of relations by column name. A name with several types becomes one column a type: x_long, x_string."""
    legs = [relation for _, relation in sources]
    seen: dict[str, list[Type]] = {}
    for leg in legs:
        for column in plan.columns_of(leg):
            types = seen.setdefault(column.name, [])
            if column.type not in types:
                types.append(column.type)
    if inner:
        everywhere = [{column.name for column in plan.columns_of(leg)} for leg in legs]
        seen = {name: types for name, types in seen.items() if all(name in names for names in everywhere)}
    columns: list[Column] = []
    keys: list[tuple[str, Type]] = []
    for name, types in seen.items():
        for type in types:
            label = name if len(types) == 1 else f"{name}_{type.value}"
            free, number = label, 1
            while len(types) > 1 and free in seen:
                free, number = f"{label}{number}", number + 1
            columns.append(Column(free, type))
            keys.append((name, type))
    entries: list[tuple[plan.Scalar | None, ...]] = []
    for leg in legs:
        own = {(column.name, column.type): column for column in plan.columns_of(leg)}
        entries.append(tuple(plan.Ref(own[key]) if key in own else None for key in keys))
    if source_column:
        columns.insert(0, Column(source_column, STRING))
        entries = [(plan.Literal(label, STRING), *entry) for (label, _), entry in zip(sources, entries, strict=True)]
    return plan.Union(tuple(legs), tuple(columns), tuple(entries))
