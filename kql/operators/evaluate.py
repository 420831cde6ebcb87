"""evaluate: a plugin over the rows so far. The plugins themselves are in modules named plugins_…"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kql import plan, syntax
from kql.bind.scope import Environment, Scope
from kql.messages import nearest
from kql.operators.base import Operator, column_or_problem, passing, split_parameters
from kql.plan import Column, Relation
from kql.types import STRING, UNKNOWN, Type

if TYPE_CHECKING:
    from kql.bind.binder import Binder


@dataclass(frozen=True, slots=True)
class OutputSchema:
    """`: (*, name: type, …)` behind a plugin; `star` stands for the columns of the input."""

    star: bool
    columns: tuple[syntax.ColumnDeclaration, ...]
    span: syntax.Span


@dataclass(frozen=True, slots=True)
class Plugin:
    """One plugin: its signature, a sentence, examples in KQL, and how it lowers; or the reason why it is refused."""

    name: str
    signature: str
    doc: str
    examples: tuple[str, ...] = ()
    lower: Callable[[Use], Relation] | None = None
    refused: str = ""
    tables: tuple[int, ...] = ()  # arguments that are tables


PLUGINS: dict[str, Plugin] = {}


def plugin(
    signature: str, doc: str, *examples: str, tables: tuple[int, ...] = ()
) -> Callable[[Callable[[Use], Relation]], Callable[[Use], Relation]]:
    """Makes a plugin of the function that lowers it."""

    def made(lower: Callable[[Use], Relation]) -> Callable[[Use], Relation]:
        name = signature.split("(")[0]
        PLUGINS[name] = Plugin(name, signature, doc, examples, lower, tables=tables)
        return lower

    return made


def refused(reason: str, *names: str) -> None:
    """Plugins that KQL knows and this engine does not offer."""
    for name in names:
        PLUGINS[name] = Plugin(name, "", "", refused=reason)


@dataclass(frozen=True, slots=True)
class Use:
    """One use of a plugin: what it is called with, and the rows it is called over."""

    binder: Binder
    call: syntax.Call
    input: Relation
    environment: Environment
    schema: OutputSchema | None
    span: syntax.Span

    @property
    def columns(self) -> tuple[Column, ...]:
        return plan.columns_of(self.input)

    @property
    def scope(self) -> Scope:
        return self.binder.over(self.input, self.environment)

    def given(self, least: int, most: int | None, *named: str) -> tuple[list[syntax.Expression], dict[str, syntax.Expression]]:
        """The arguments by place and those by name; a message where there are too few, too many, or unknown names."""
        places: list[syntax.Expression] = []
        by_name: dict[str, syntax.Expression] = {}
        for position, argument in enumerate(self.call.arguments):
            name = self.call.names.get(position)
            if name is None:
                places.append(argument)
            elif name in named:
                by_name[name] = argument
            else:
                hint = nearest(name, named)
                self.binder.problems.add("KQL408", argument.span, hint, name=self.call.name, argument=name)
        if not least <= len(places) or (most is not None and len(places) > most):
            expected = f"at least {least}" if most is None else f"{least} to {most}" if most > least else f"{least}"
            expected += " arguments"
            self.binder.problems.add(
                "KQL301", self.call.span, PLUGINS[self.call.name].signature, function=f"{self.call.name}()", expected=expected,
                given=len(places),
            )  # fmt: skip
        return places, by_name

    def column(self, expression: syntax.Expression) -> Column | None:
        """The column of the input that an argument names."""
        if isinstance(expression, syntax.Name):
            return column_or_problem(self.binder, self.columns, expression.name, expression.span)
        self.binder.problems.add("KQL309", expression.span, what=f"{self.call.name} wants a column's name here")
        return None

    def constant(self, expression: syntax.Expression, type: Type, what: str) -> plan.Scalar:
        """A constant of a type."""
        value = self.binder.constant(expression, self.scope, what)
        return self.binder.fit(value, type, expression.span)

    def literal(self, expression: syntax.Expression, type: Type, what: str) -> Any:
        """The value of a constant that must be known now."""
        value = self.constant(expression, type, what)
        if isinstance(value, plan.Literal):
            return value.value
        if value.type is not UNKNOWN:
            self.binder.problems.add("KQL305", expression.span, what=what)
        return None

    def apply(self, name: str, *arguments: plan.Scalar) -> plan.Scalar:
        return self.binder.apply(name, arguments, self.span)

    def wrong(self) -> bool:
        return bool(self.binder.problems.errors)

    def rows(self, relation: Relation) -> list[tuple[Any, ...]]:
        """What the database answers now; nothing where there is none to ask, with a message."""
        if self.wrong():
            return []
        found = self.binder.rows(relation)
        if found is None:
            self.binder.problems.add(
                "KQL414", self.span, f"say them: evaluate {self.call.name}(…) : (*, name: type, …)", what=self.call.name
            )
            return []
        return found


@dataclass(frozen=True, slots=True)
class Evaluate(Operator):
    """Runs a plugin over the rows so far: a table function whose columns may hang on the data.

    Resources | where type =~ 'microsoft.compute/virtualmachines' | project name, tags | evaluate bag_unpack(tags)
    """

    rule = "evaluate"
    name = "evaluate"
    syntax_text = "T | evaluate plugin(argument, …) [: (*, Name: type, …)]"
    call: syntax.Call
    schema: OutputSchema | None

    @classmethod
    def build(cls, children: list[Any], span: syntax.Span) -> Evaluate:
        _, (call, *rest) = split_parameters(children)
        return cls(span, call, rest[-1] if rest else None)

    def lower(self, binder: Binder, input: Relation, environment: Environment) -> Relation:
        found = PLUGINS.get(self.call.name)
        if found is None:
            offered = [name for name, each in PLUGINS.items() if not each.refused]
            binder.problems.add("KQL213", self.call.name_span, nearest(self.call.name, offered), name=self.call.name)
            return input
        if found.lower is None:
            binder.problems.add("KQL501", self.call.name_span, what=f"the plugin '{found.name}'", reason=found.refused)
            return input
        made = found.lower(Use(binder, self.call, input, environment, self.schema, self.span))
        return made if self.schema is None else self._declared(binder, input, made)

    def _declared(self, binder: Binder, input: Relation, made: Relation) -> Relation:
        """The plugin's columns as they are declared."""
        assert self.schema is not None
        have = {column.name: column for column in plan.columns_of(made)}
        told = {declared.name for declared in self.schema.columns}
        mine = plan.columns_of(input) if self.schema.star else ()
        own = [have[each.name] for each in mine if each.name in have and each.name not in told]
        output = list(passing(tuple(own)))
        for declared in self.schema.columns:
            column, type = have.get(declared.name), declared.type or STRING
            value: plan.Scalar = plan.Literal("" if type is STRING else None, type)
            if column is not None:
                value = plan.Ref(column)
                value = value if column.type is type else plan.Convert(value, type)
            output.append((Column(declared.name, type), value))
        return plan.Project(made, tuple(output))


__all__ = ["PLUGINS", "Evaluate", "OutputSchema", "Plugin", "Use", "plugin", "refused"]
