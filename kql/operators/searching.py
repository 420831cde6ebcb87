"""search and find: rows in which a condition holds, over several tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kql import plan, syntax
from kql.bind.scope import Environment
from kql.operators import trees
from kql.operators.base import Operator, Parameters, passing, split_parameters
from kql.operators.columns import matching
from kql.operators.joins import named_by, united, views
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
    syntax_text = "[T |] search [kind=case_sensitive] [in (Table or prefix*, …)] term-or-condition"
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
        for label, relation, predicate in filtered(binder, sources, self.condition, cased, environment):
            found.append((label, plan.Filter(relation, predicate)))
        return united(found, False, "$table")


def filtered(
    binder: Binder, sources: list[tuple[str, Relation]], condition: syntax.Expression, cased: bool, environment: Environment
) -> list[tuple[str, Relation, plan.Scalar]]:
    """The sources with the condition over each; one that lacks a column that the condition names falls away, if another
    has it."""
    bound: list[tuple[str, Relation, plan.Scalar]] = []
    lacking = 0
    for label, relation in sources:
        before = len(binder.problems.found)
        predicate = binder.predicate(_term(condition, cased, plan.columns_of(relation)), binder.over(relation, environment))
        codes = {problem.code for problem in binder.problems.found[before:]}
        if codes == {"KQL201"} and lacking + 1 < len(sources):
            binder.problems.forget(before)
            lacking += 1
            continue
        bound.append((label, relation, predicate))
    return bound


def searched(
    binder: Binder, input: Relation | None, legs: tuple[syntax.Expression, ...], environment: Environment, label: str
) -> list[tuple[str, Relation]]:
    """What is searched: the rows so far, the tables that are named, or all tables."""
    sources: list[tuple[str, Relation]] = []
    if input is not None:
        sources.append((binder.labels.get(id(input), f"{label}0"), input))
    for leg in legs:
        for name, table in named_by(binder, leg, environment):
            name = name or (leg.name if isinstance(leg, syntax.Name) else f"{label}{len(sources)}")
            sources.append((name, binder.tabular(table, environment)))
    if not sources:
        sources = [
            (name, binder.table(name, (0, 0))) for name in binder.schema.tables if binder.schema.tables[name].parts
        ]
        sources += [(name, binder.tabular(syntax.Name(name, (0, 0)), environment)) for name in views(environment)]
    return sources


def _term(condition: syntax.Expression, cased: bool, columns: tuple[Column, ...]) -> syntax.Expression:
    """A bare text or number is looked for as a term in the columns; `*` in it stands for any letters at that end. Columns
    with fractions are not looked into."""
    match condition:
        case syntax.Star(span):
            return syntax.Literal(True, BOOL, span)
        case syntax.Call("and" | "or" | "not" as name, arguments, span, name_span):
            return syntax.Call(name, tuple(_term(argument, cased, columns) for argument in arguments), span, name_span)
        case syntax.Call(":", (left, right), span, name_span):
            # name:"x" looks for the term in one column
            where = [column for column in columns if isinstance(left, syntax.Name) and column.name == left.name]
            return _term(right, cased, tuple(where)) if where else syntax.Call("has", (left, right), span, name_span)
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
    """Rows of several tables for which a condition holds, with the table's name in source_. Without project they have
    the columns that the condition names and those that all tables have; the others are packed into the bag pack_.

    find in (Resources, ResourceContainers) where name has "demo" project name, type
    """

    rule = "find"
    name = "find"
    syntax_text = (
        "find [withsource=Column] [in (Table, …)] where condition"
        " [project column[: type], …, pack(*) | project-smart | project-away column, …]"
    )
    is_source = True
    parameters: Parameters
    legs: tuple[syntax.Expression, ...]
    condition: syntax.Expression
    shown: tuple[syntax.ColumnDeclaration, ...]
    packs: bool
    away: tuple[syntax.Pattern, ...]

    @classmethod
    def build(cls, children: list[Any], span: syntax.Span) -> Find:
        parameters, rest = split_parameters(children)
        away = tuple(_behind(rest, "PROJECT_AWAY"))
        shown = tuple(child for child in rest if isinstance(child, syntax.ColumnDeclaration))
        packs = any(each.name in _PACKS for each in shown)
        others = [child for child in rest if not isinstance(child, str | syntax.ColumnDeclaration) and child not in away]
        *legs, condition = others
        return cls(span, parameters, tuple(legs), condition, tuple(each for each in shown if each.name not in _PACKS), packs, away)

    def lower(self, binder: Binder, input: Relation | None, environment: Environment) -> Relation:
        sources = searched(binder, input, self.legs, environment, "find_arg")
        source_column = self.parameters.get("withsource", "source_")
        found: list[tuple[str, Relation]] = []
        kept = filtered(binder, sources, self.condition, False, environment)
        every = [plan.columns_of(relation) for _, relation, _ in kept]
        for label, relation, predicate in kept:
            rows = plan.Filter(relation, predicate)
            found.append((label, plan.Project(rows, tuple(self._projected(binder, plan.columns_of(relation), every)))))
        made = united(found, False, source_column)
        if not self.away:
            return made
        gone = {column.name for pattern in self.away for column in matching(plan.columns_of(made), pattern)}
        return plan.Project(made, tuple(passing(tuple(each for each in plan.columns_of(made) if each.name not in gone))))

    def _projected(
        self, binder: Binder, columns: tuple[Column, ...], every: list[tuple[Column, ...]]
    ) -> list[tuple[Column, plan.Scalar]]:
        made: list[tuple[Column, plan.Scalar]] = []
        own = {column.name: column for column in columns}
        if self.shown or self.packs:
            for each in self.shown:
                if each.name in own:
                    column = own[each.name]
                    type = each.type or column.type
                    value: plan.Scalar = plan.Ref(column)
                    made.append((Column(each.name, type), value if column.type is type else plan.Convert(value, type)))
            rest = [column for column in columns if column.name not in {each.name for each in self.shown}]
            return [*made, self._packed(binder, rest)] if self.packs else made
        if self.away:
            return list(passing(columns))
        named = trees.names(self.condition)
        common = {(c.name, c.type) for c in every[0]}.intersection(*({(c.name, c.type) for c in each} for each in every))
        kept = [column for column in columns if column.name in named or (column.name, column.type) in common]
        rest = [column for column in columns if column not in kept]
        somewhere = any((c.name, c.type) not in common and c.name not in named for each in every for c in each)
        return [*passing(tuple(kept)), *([self._packed(binder, rest)] if somewhere else [])]

    def _packed(self, binder: Binder, columns: list[Column]) -> tuple[Column, plan.Scalar]:
        arguments: list[plan.Scalar] = []
        for column in columns:
            arguments += [plan.Literal(column.name, STRING), plan.Ref(column)]
        bag = binder.apply("bag_pack", tuple(arguments), self.span) if columns else plan.Literal("{}", DYNAMIC)
        return Column("pack_", DYNAMIC), bag


_PACKS = frozenset({"pack", "pack_all"})


def _behind(children: list[Any], word: str) -> list[Any]:
    """The children behind a keyword."""
    for place, child in enumerate(children):
        if getattr(child, "type", "") == word:
            return children[place + 1 :]
    return []


__all__ = ["Find", "Search", "searched"]
