"""parse and parse-where: columns cut out of a text by a pattern."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kql import plan, syntax
from kql.bind.scope import Environment
from kql.functions.regex import escape, problem, uncaptured
from kql.operators.base import Operator, Parameters, split_parameters
from kql.plan import Column, Relation
from kql.types import DYNAMIC, STRING, UNKNOWN, Type

if TYPE_CHECKING:
    from kql.bind.binder import Binder

_ROW = "$parsed"  # the column that holds the captured texts on their way


@dataclass(frozen=True, slots=True)
class Parse(Operator):
    """Cuts columns out of a text: texts and `*` in the pattern stand between the columns. A row that does not fit keeps
    empty columns. `kind=regex` reads the texts as regular expressions, `kind=relaxed` lets single columns fail.

    Resources | parse id with * "/resourceGroups/" group "/" *
    """

    rule = "parse"
    name = "parse"
    syntax_text = 'T | parse [kind=simple|regex|relaxed] text with [*] "text" Name[:type] …'
    parameters: Parameters
    text: syntax.Expression
    pattern: tuple[syntax.Literal | syntax.Star | syntax.ColumnDeclaration, ...]

    @classmethod
    def build(cls, children: list[Any], span: syntax.Span) -> Parse:
        parameters, (text, *pattern) = split_parameters(children)
        return cls(span, parameters, text, tuple(each for each in pattern if not isinstance(each, str)))

    def lower(self, binder: Binder, input: Relation, environment: Environment) -> Relation:
        parsed, columns, _ = self._parsed(binder, input, environment)
        return plan.Project(parsed, columns)

    def _parsed(
        self, binder: Binder, input: Relation, environment: Environment
    ) -> tuple[Relation, tuple[tuple[Column, plan.Scalar], ...], plan.Scalar]:
        """The input with the captures beside it, the output columns over it, and the condition that all fitted."""
        scope = binder.over(input, environment)
        text = binder.scalar(self.text, scope)
        if text.type is not STRING:
            text = plan.Literal("", STRING) if text.type is UNKNOWN else plan.Convert(text, STRING)
        kind = self.parameters.get("kind", "simple").lower()
        expression, declared = self._expression(binder, kind)
        captured = Column(_ROW, DYNAMIC)
        groups = plan.Literal(len(declared), Type.LONG)
        captures = binder.apply("$captures", (text, plan.Literal(expression, STRING), groups), self.span)
        columns = plan.columns_of(input)
        middle: Relation = plan.Project(
            input, (*((column, plan.Ref(column)) for column in columns), (captured, captures))
        )
        values: list[plan.Scalar] = []
        for place, column in enumerate(declared):
            cell = binder.apply("$capture", (plan.Ref(captured), plan.Literal(place, Type.LONG)), self.span)
            type = column.type or STRING
            if type is not STRING:
                # blanks around a value do not keep it from being one
                cell = plan.Convert(binder.apply("trim", (plan.Literal(r"\s+", STRING), cell), self.span), type)
            values.append(cell)
        fitted: plan.Scalar = binder.apply("isnotnull", (plan.Ref(captured),), self.span)
        if kind != "relaxed":
            tests = [fitted] + [
                binder.apply("isnotnull", (value,), self.span) for value in values if value.type is not STRING
            ]
            if len(tests) > 1:
                fitted = binder.apply("and", tuple(tests), self.span)
                values = [
                    binder.apply(
                        "iff",
                        (fitted, value, plan.Literal("" if value.type is STRING else None, value.type)),
                        self.span,
                    )
                    for value in values
                ]
        made: dict[str, tuple[Column, plan.Scalar]] = {}
        for column, value in zip(declared, values, strict=True):
            made[column.name] = (Column(column.name, value.type), value)
        output = [made.pop(column.name, (column, plan.Ref(column))) for column in columns]
        return middle, (*output, *made.values()), fitted

    def _expression(self, binder: Binder, kind: str) -> tuple[str, list[syntax.ColumnDeclaration]]:
        """The pattern as one regular expression with a group a column."""
        flags = self.parameters.get("flags")
        pieces: list[str] = []
        declared: list[syntax.ColumnDeclaration] = []
        regex = kind == "regex"
        last = len(self.pattern) - 1
        for place, element in enumerate(self.pattern):
            following = self.pattern[place + 1] if place < last else None
            match element:
                case syntax.Literal(value):
                    pieces.append(_written(str(value)) if regex else escape(str(value)))
                case syntax.Star(span):
                    if isinstance(following, syntax.ColumnDeclaration | syntax.Star):
                        binder.problems.add("KQL417", span)
                    if place < last:
                        pieces.append(".*?")
                    elif not regex:
                        pieces.append("(?:.*)")
                case syntax.ColumnDeclaration(type=type, span=span):
                    if any(each.name == element.name for each in declared):
                        binder.problems.add("KQL205", span, name=element.name)
                    declared.append(element)
                    if isinstance(following, syntax.Star) and type in (None, STRING):
                        binder.problems.add("KQL410", span)
                    if isinstance(following, syntax.ColumnDeclaration):
                        texts = type in (None, STRING) and following.type in (None, STRING)
                        if regex or texts:
                            binder.problems.add("KQL410", following.span)
                    pieces.append(
                        _group(type or STRING, last_one=place == last, regex=regex, strict=kind == "simple")
                    )
        start = "" if regex else "^"
        end = "" if regex else "$"
        letters = "s" if not regex else "".join(letter for letter in "imsU" if letter in flags)
        return (f"(?{letters})" if letters else "") + start + "".join(pieces) + end, declared


def _group(type: Type, *, last_one: bool, regex: bool, strict: bool) -> str:
    if regex:
        return f"({_REGEX.get(type, '.*')})"
    if type in (Type.LONG, Type.INT) and not last_one:
        return r"\s*(-?\d+|.*?)" if strict else "(.*?)"
    return "(.*)" if last_one else "(.*?)"


# What a column of a type takes of the text where the pattern is a regular expression.
_REGEX = {Type.LONG: r"-?\d+", Type.INT: r"-?\d+", Type.REAL: r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?"}


def _written(pattern: str) -> str:
    """A piece of a regular expression as it stands in the whole: its own groups are not those of the columns, and what
    is none by itself is a plain text."""
    return escape(pattern) if problem(pattern) else uncaptured(pattern)


@dataclass(frozen=True, slots=True)
class ParseWhere(Parse):
    """Like parse, but rows that do not fit are left out.

    Resources | parse-where id with * "/virtualMachines/" machine
    """

    rule = "parse_where"
    name = "parse-where"
    syntax_text = 'T | parse-where [kind=simple|regex] text with [*] "text" Name[:type] …'

    def lower(self, binder: Binder, input: Relation, environment: Environment) -> Relation:
        parsed, columns, fitted = self._parsed(binder, input, environment)
        return plan.Project(plan.Filter(parsed, fitted), columns)
