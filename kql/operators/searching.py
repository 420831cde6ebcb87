"""search and find: rows in which a condition holds, over several tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kql import plan, syntax
from kql.bind.scope import Environment, FunctionBinding, Scope
from kql.operators.base import Operator, Parameters, split_parameters
from kql.operators.joins import united
from kql.plan import Column, Relation
from kql.types import BOOL, DECIMAL, DYNAMIC, REAL, STRING

if TYPE_CHECKING:
    from kql.bind.binder import Binder


@dataclass(frozen=True, slots=True)
class Search(Operator):
    """Rows in which a term stands in any column; the first column, $table, says where.

    Resources | search "demo"
    """

    rule = "search"
    name = "search"
    syntax_text = "[T |] search [kind=case_sensitive] [in (Table, …)] term-or-condition"
    is_source = True
    parameters: Parameters
    legs: tuple[syntax.Expression, ...]
    condition: syntax.Expression

    @classmethod
    def build(cls, children: list[Any], span: syntax.Span) -> Search:
        parameters, rest = split_parameters(children)
        *legs, condition = [child for child in rest if not isinstance(child, str)]
        return cls(span, parameters, tuple(legs), condition)

    def lower(self, binder: Binder, input: Relation | None, environment: Environment) -> Relation:
        sources = searched(binder, input, self.legs, environment, "search_arg")
        cased = self.parameters.get("kind") == "case_sensitive"
        found: list[tuple[str, Relation]] = []
        for label, relation in sources:
            condition = _term(self.condition, cased, plan.columns_of(relation))
            scope = binder.over(relation, environment)
            found.append((label, plan.Filter(relation, binder.predicate(condition, scope))))
        return united(found, False, "$table")


def searched(
    binder: Binder, input: Relation | None, legs: tuple[syntax.Expression, ...], environment: Environment, label: str
) -> list[tuple[str, Relation]]:
    """What is searched: the rows so far, the tables that are named, or all tables."""
    sources: list[tuple[str, Relation]] = []
    if input is not None:
        sources.append((binder.labels.get(id(input), f"{label}0"), input))
    for leg in legs:
        name = leg.name if isinstance(leg, syntax.Name) else f"{label}{len(sources)}"
        sources.append((name, binder.tabular(leg, environment)))
    if not sources:
        sources = [
            (name, binder.table(name, (0, 0))) for name in binder.schema.tables if binder.schema.tables[name].parts
        ]
        for name, binding in environment.bindings.items():
            if isinstance(binding, FunctionBinding) and binding.definition.view:
                sources.append((name, binder.tabular(syntax.Name(name, (0, 0)), environment)))
    return sources


def _term(condition: syntax.Expression, cased: bool, columns: tuple[Column, ...]) -> syntax.Expression:
    """A bare text or number is looked for as a term in the columns; `*` in it stands for any letters at that end. Columns
    with fractions are not looked into."""
    match condition:
        case syntax.Star(span):
            return syntax.Literal(True, BOOL, span)
        case syntax.Call("and" | "or" | "not" as name, arguments, span, name_span):
            return syntax.Call(name, tuple(_term(argument, cased, columns) for argument in arguments), span, name_span)
        case syntax.Literal(value, type, span) if type not in (BOOL, DYNAMIC):
            text = str(value)
            operator = "has"
            if text.startswith("*") and text.endswith("*") and len(text) > 1:
                operator, text = "contains", text.strip("*")
            elif text.endswith("*"):
                operator, text = "hasprefix", text[:-1]
            elif text.startswith("*"):
                operator, text = "hassuffix", text[1:]
            operator += "_cs" if cased else ""
            term = syntax.Literal(text, STRING, span)
            tests = tuple(
                syntax.Call(operator, (_text_of(column, span), term), span, (span[1], span[1]))
                for column in columns
                if column.type not in (REAL, DECIMAL)
            )
            if not tests:
                return syntax.Literal(False, BOOL, span)
            return syntax.Call("or", tests, span, span) if len(tests) > 1 else tests[0]
    return condition


def _text_of(column: Column, span: syntax.Span) -> syntax.Expression:
    name = syntax.Name(column.name, span, quoted=True)
    return name if column.type is STRING else syntax.Call("tostring", (name,), span, span)


@dataclass(frozen=True, slots=True)
class Find(Operator):
    """Rows of several tables for which a condition holds, with the table's name in source_.

    find in (Resources, ResourceContainers) where name has "demo" project name, type
    """

    rule = "find"
    name = "find"
    syntax_text = "find [withsource=Column] [in (Table, …)] where condition [project column, …]"
    is_source = True
    parameters: Parameters
    legs: tuple[syntax.Expression, ...]
    condition: syntax.Expression
    items: tuple[syntax.Item, ...]

    @classmethod
    def build(cls, children: list[Any], span: syntax.Span) -> Find:
        parameters, rest = split_parameters(children)
        parts = [child for child in rest if not isinstance(child, str)]
        items = tuple(child for child in parts if isinstance(child, syntax.Item))
        *legs, condition = [child for child in parts if not isinstance(child, syntax.Item)]
        return cls(span, parameters, tuple(legs), condition, items)

    def lower(self, binder: Binder, input: Relation | None, environment: Environment) -> Relation:
        sources = searched(binder, input, self.legs, environment, "find_arg")
        source_column = self.parameters.get("withsource", "source_")
        found: list[tuple[str, Relation]] = []
        for label, relation in sources:
            scope = binder.over(relation, environment)
            rows: Relation = plan.Filter(relation, binder.predicate(_term(self.condition, False, plan.columns_of(relation)), scope))
            if self.items:
                rows = plan.Project(rows, tuple(self._projected(binder, scope)))
            found.append((label, rows))
        return united(found, False, source_column)

    def _projected(self, binder: Binder, scope: Scope) -> list[tuple[Column, plan.Scalar]]:
        made: list[tuple[Column, plan.Scalar]] = []
        for item in self.items:
            name = item.expression.name if isinstance(item.expression, syntax.Name) else ""
            column = scope.column(name)
            if column is not None:
                made.append((Column(item.names[0] if item.names else name, column.type), plan.Ref(column)))
        return made
