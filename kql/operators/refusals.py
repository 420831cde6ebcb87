"""Operators that KQL knows and this engine does not run, each with its reason, and those that it runs in part."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kql import plan, syntax
from kql.bind import names
from kql.bind.scope import Environment
from kql.operators.apply import pipeline
from kql.operators.base import Operator, bind_items
from kql.plan import Column, Relation
from kql.types import LONG, STRING

if TYPE_CHECKING:
    from kql.bind.binder import Binder

_ONE_RESULT = "a query has one result here; put the parts into queries of their own"


@dataclass(frozen=True, slots=True)
class Refused(Operator):
    """An operator that is read and then refused."""

    @classmethod
    def build(cls, children: list[Any], span: syntax.Span) -> Refused:
        return cls(span)

    def lower(self, binder: Binder, input: Relation, environment: Environment) -> Relation:
        binder.problems.add("KQL501", self.span, what=f"the operator '{self.name}'", reason=self.refused)
        return input


@dataclass(frozen=True, slots=True)
class Reduce(Refused):
    """Groups texts by patterns that a learned clustering finds."""

    rule = "reduce"
    name = "reduce"
    syntax_text = "T | reduce by text [with threshold = …, characters = …]"
    refused = "the service does not publish how it finds its patterns"


@dataclass(frozen=True, slots=True)
class MacroExpand(Refused):
    """Runs a pipeline over the databases of an entity group."""

    rule = "macro_expand"
    name = "macro-expand"
    syntax_text = "macro-expand group as name (subquery)"
    is_source = True
    refused = "an estate is one database"


@dataclass(frozen=True, slots=True)
class Fork(Operator):
    """Hands the rows to several pipelines. A query has one result here, so one pipeline is what can be run.

    Resources | fork (summarize count() by type)
    """

    rule = "fork"
    name = "fork"
    syntax_text = "T | fork [Name =] (operator | …)"
    branches: tuple[syntax.Pipeline, ...]

    @classmethod
    def build(cls, children: list[Any], span: syntax.Span) -> Fork:
        return cls(span, tuple(child for child in children if isinstance(child, syntax.Pipeline)))

    def lower(self, binder: Binder, input: Relation, environment: Environment) -> Relation:
        if len(self.branches) > 1:
            binder.problems.add("KQL501", self.span, what="fork into several pipelines", reason=_ONE_RESULT)
        return pipeline(binder, self.branches[0], input, environment)


@dataclass(frozen=True, slots=True)
class Facet(Operator):
    """The values of a column with the number of their rows. A query has one result here, so one column can be asked for.

    Resources | facet by type
    """

    rule = "facet"
    name = "facet"
    syntax_text = "T | facet by column"
    columns: tuple[syntax.Item, ...]
    body: syntax.Pipeline | None

    @classmethod
    def build(cls, children: list[Any], span: syntax.Span) -> Facet:
        items = next(child for child in children if isinstance(child, tuple))
        body = next((child for child in children if isinstance(child, syntax.Pipeline)), None)
        return cls(span, items, body)

    def lower(self, binder: Binder, input: Relation, environment: Environment) -> Relation:
        if len(self.columns) > 1 or self.body is not None:
            binder.problems.add("KQL501", self.span, what="facet with several results", reason=_ONE_RESULT)
        namer = names.Namer()
        made = bind_items(binder, self.columns[:1], binder.over(input, environment), namer)
        keys = tuple((Column(column.name, column.type), value) for column, value in made)
        count = Column(namer.automatic("count_"), LONG)
        return plan.Aggregate(input, keys, ((count, binder.apply("count", (), self.span)),))


@dataclass(frozen=True, slots=True)
class AssertSchema(Operator):
    """Hands the rows on if they have just these columns in this order; else the query is refused.

    Resources | project name, n = strlen(name) | assert-schema (name: string, n: long)
    """

    rule = "assert_schema"
    name = "assert-schema"
    syntax_text = "T | assert-schema (column: type, …)"
    columns: tuple[syntax.ColumnDeclaration, ...]

    @classmethod
    def build(cls, children: list[Any], span: syntax.Span) -> AssertSchema:
        return cls(span, tuple(child for child in children if isinstance(child, syntax.ColumnDeclaration)))

    def lower(self, binder: Binder, input: Relation, environment: Environment) -> Relation:
        wanted = [(column.name, column.type or STRING) for column in self.columns]
        have = [(column.name, column.type) for column in plan.columns_of(input)]
        if wanted != have and not binder.problems.errors:
            shown = ", ".join(f"{name}: {type.value}" for name, type in have)
            binder.problems.add("KQL411", self.span, f"they are: {shown}")
        return input


__all__ = ["AssertSchema", "Facet", "Fork", "MacroExpand", "Reduce"]
