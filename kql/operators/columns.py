"""Operators that choose and make columns: extend, project and its four siblings."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kql import plan, syntax
from kql.bind import names
from kql.bind.scope import Environment
from kql.operators.base import Operator, bind_items, column_or_problem, passing
from kql.plan import Column, Relation
from kql.types import DYNAMIC, STRING, UNKNOWN

if TYPE_CHECKING:
    from kql.bind.binder import Binder


def _items(children: list[Any]) -> tuple[syntax.Item, ...]:
    return tuple(child for child in children if isinstance(child, syntax.Item))


def _patterns(children: list[Any]) -> tuple[syntax.Pattern, ...]:
    return tuple(child for child in children if isinstance(child, syntax.Pattern))


def matching(columns: tuple[Column, ...], pattern: syntax.Pattern) -> list[Column]:
    """The columns that a name with `*` fits."""
    if "*" not in pattern.text:
        return [column for column in columns if column.name == pattern.text]
    expression = re.compile(".*".join(re.escape(piece) for piece in pattern.text.split("*")))
    return [column for column in columns if expression.fullmatch(column.name)]


@dataclass(frozen=True, slots=True)
class Extend(Operator):
    """Adds computed columns; a name that exists is replaced where it stands.

    Resources | extend powerState = properties.extended.instanceView.powerState.code
    """

    rule = "extend"
    name = "extend"
    syntax_text = "T | extend [Name =] expression, …"
    items: tuple[syntax.Item, ...]

    @classmethod
    def build(cls, children: list[Any], span: syntax.Span) -> Extend:
        return cls(span, _items(children))

    def lower(self, binder: Binder, input: Relation, environment: Environment) -> Relation:
        scope = binder.over(input, environment)
        columns = plan.columns_of(input)
        made = bind_items(binder, self.items, scope, _Replacing({column.name for column in columns}))
        by_name = {column.name: (column, value) for column, value in made}
        if len(by_name) < len(made) and not binder.problems.errors:
            ((repeated, _),) = Counter(column.name for column, _ in made).most_common(1)
            binder.problems.add("KQL205", self.span, name=repeated)
        output = [by_name.pop(column.name, (column, plan.Ref(column))) for column in columns]
        return plan.Project(input, tuple(output) + tuple(by_name.values()), keeps_hidden=True)


class _Replacing(names.Namer):
    """Automatic names in extend: `extend abs(x)` replaces x, an expression without a name gets a free one. Two values
    under one name are a mistake, as they are where both are written."""

    def __init__(self, existing: set[str]) -> None:
        super().__init__(existing)
        self._made: set[str] = set()

    def automatic(self, name: str) -> str:
        made = name or super().automatic(name)
        self._made.add(made)
        self.taken.add(made)
        return made

    def part(self, name: str) -> str:
        return self.automatic(super().automatic(name) if name in self._made else name)


@dataclass(frozen=True, slots=True)
class Project(Operator):
    """Keeps, renames and computes columns, in the order given.

    Resources | project name, group = resourceGroup
    """

    rule = "project"
    name = "project"
    syntax_text = "T | project [Name =] expression, …"
    items: tuple[syntax.Item, ...]

    @classmethod
    def build(cls, children: list[Any], span: syntax.Span) -> Project:
        return cls(span, _items(children))

    def lower(self, binder: Binder, input: Relation, environment: Environment) -> Relation:
        made = bind_items(binder, self.items, binder.over(input, environment), names.Namer(), rest=True)
        return plan.Project(input, tuple(made))


@dataclass(frozen=True, slots=True)
class ProjectAway(Operator):
    """Leaves columns out; `*` stands for any letters.

    Resources | project-away properties, tags, s*
    """

    rule = "project_away"
    name = "project-away"
    syntax_text = "T | project-away column, …"
    patterns: tuple[syntax.Pattern, ...]

    @classmethod
    def build(cls, children: list[Any], span: syntax.Span) -> ProjectAway:
        return cls(span, _patterns(children))

    def lower(self, binder: Binder, input: Relation, environment: Environment) -> Relation:
        columns = plan.columns_of(input)
        gone = set(_chosen(binder, columns, self.patterns))
        return plan.Project(input, tuple(passing(tuple(column for column in columns if column not in gone))))


@dataclass(frozen=True, slots=True)
class ProjectKeep(Operator):
    """Keeps columns in the order they have; `*` stands for any letters.

    Resources | project-keep name, res*
    """

    rule = "project_keep"
    name = "project-keep"
    syntax_text = "T | project-keep column, …"
    patterns: tuple[syntax.Pattern, ...]

    @classmethod
    def build(cls, children: list[Any], span: syntax.Span) -> ProjectKeep:
        return cls(span, _patterns(children))

    def lower(self, binder: Binder, input: Relation, environment: Environment) -> Relation:
        columns = plan.columns_of(input)
        kept = set(_chosen(binder, columns, self.patterns))
        return plan.Project(input, tuple(passing(tuple(column for column in columns if column in kept))))


def _chosen(binder: Binder, columns: tuple[Column, ...], patterns: tuple[syntax.Pattern, ...]) -> list[Column]:
    chosen: list[Column] = []
    for pattern in patterns:
        found = matching(columns, pattern)
        if not found and "*" not in pattern.text and pattern.text not in _hidden_names(binder):
            meant = column_or_problem(binder, columns, pattern.text, pattern.span)
            found = [meant] if meant else []
        chosen += found
    return chosen


def _hidden_names(binder: Binder) -> set[str]:
    """Columns that tables have without showing them: leaving them out is no mistake, they are out already."""
    return {column.name for table in binder.schema.tables.values() for column in table.columns if column.hidden}


@dataclass(frozen=True, slots=True)
class ProjectRename(Operator):
    """Renames columns where they stand.

    Resources | project-rename group = resourceGroup
    """

    rule = "project_rename"
    name = "project-rename"
    syntax_text = "T | project-rename New = old, …"
    items: tuple[syntax.Item, ...]

    @classmethod
    def build(cls, children: list[Any], span: syntax.Span) -> ProjectRename:
        return cls(span, _items(children))

    def lower(self, binder: Binder, input: Relation, environment: Environment) -> Relation:
        columns = plan.columns_of(input)
        renamed: dict[Column, str] = {}
        for item in self.items:
            if not item.names or not isinstance(item.expression, syntax.Name):
                binder.problems.add("KQL401", item.span, operator="project-rename", expected="New = old")
                continue
            column = column_or_problem(binder, columns, item.expression.name, item.expression.span)
            if column is not None:
                renamed[column] = item.names[0]
        output: list[tuple[Column, plan.Scalar]] = []
        seen: set[str] = set()
        for column in columns:
            name = renamed.get(column, column.name)
            if name in seen:
                span = next((item.span for item in self.items if name in item.names), self.span)
                binder.problems.add("KQL205", span, name=name)
            seen.add(name)
            output.append((Column(name, column.type) if column in renamed else column, plan.Ref(column)))
        return plan.Project(input, tuple(output))


@dataclass(frozen=True, slots=True)
class ProjectReorder(Operator):
    """Puts columns first, in the order given; `*` stands for any letters, sorted by `asc` or `desc` if said.

    Resources | project-reorder location, res* asc
    """

    rule = "project_reorder"
    name = "project-reorder"
    syntax_text = "T | project-reorder column [asc|desc|granny-asc|granny-desc], …"
    patterns: tuple[syntax.Pattern, ...]

    @classmethod
    def build(cls, children: list[Any], span: syntax.Span) -> ProjectReorder:
        return cls(span, _patterns(children))

    def lower(self, binder: Binder, input: Relation, environment: Environment) -> Relation:
        columns = plan.columns_of(input)
        output: list[Column] = []
        for pattern in self.patterns:
            if "*" not in pattern.text:
                column = column_or_problem(binder, columns, pattern.text, pattern.span)
                found = [column] if column is not None else []
            else:
                found = matching(columns, pattern)
                if pattern.direction:
                    natural = pattern.direction.startswith("granny")
                    found.sort(key=lambda each: _natural(each.name) if natural else [(each.name.lower(), 0)],
                               reverse=pattern.direction.endswith("desc"))  # fmt: skip
            output += [column for column in found if column not in output]
        output += [column for column in columns if column not in output]
        return plan.Project(input, tuple(passing(tuple(output))))


def _natural(name: str) -> list[tuple[str, int]]:
    """Numbers inside a name sort as numbers: a2 before a10."""
    return [("", int(piece)) if piece.isdigit() else (piece.lower(), 0) for piece in re.split(r"(\d+)", name)]


@dataclass(frozen=True, slots=True)
class ProjectByNames(Operator):
    """Keeps the columns whose names are given as texts or arrays of texts, in that order; `*` stands for any letters.
    Names that no column has are passed over.

    Resources | project-by-names 'name', dynamic(['type', 'loc*'])
    """

    rule = "project_by_names"
    name = "project-by-names"
    syntax_text = "T | project-by-names name, …"
    names: tuple[syntax.Expression, ...]

    @classmethod
    def build(cls, children: list[Any], span: syntax.Span) -> ProjectByNames:
        return cls(span, tuple(children[1:]))

    def lower(self, binder: Binder, input: Relation, environment: Environment) -> Relation:
        scope = binder.over(input, environment)
        columns = plan.columns_of(input)
        output: list[Column] = []
        for expression in self.names:
            value = binder.constant(expression, scope, "a column's name")
            for name in _texts(value):
                found = matching(columns, syntax.Pattern(name, expression.span))
                output += [column for column in found if column not in output]
            if value.type not in (STRING, DYNAMIC, UNKNOWN):
                binder.problems.add("KQL303", expression.span, given=value.type.value, expected="a text or an array of texts")
        return plan.Project(input, tuple(passing(tuple(output))))


def _texts(value: plan.Scalar) -> list[str]:
    """The texts of a constant: one, or those of an array."""
    if not isinstance(value, plan.Literal) or value.value is None:
        return []
    if value.type is STRING:
        return [str(value.value)]
    parsed = json.loads(str(value.value)) if value.type is DYNAMIC else []
    return [each for each in (parsed if isinstance(parsed, list) else [parsed]) if isinstance(each, str)]
