"""mv-expand: one row per element of a list or per property of a bag."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kql import plan, syntax
from kql.bind import names
from kql.bind.scope import Environment
from kql.operators.base import Operator, Parameters, split_parameters
from kql.plan import Column, Relation
from kql.types import DYNAMIC, LONG, UNKNOWN, Type

if TYPE_CHECKING:
    from kql.bind.binder import Binder


@dataclass(frozen=True, slots=True)
class Expansion:
    """One expanded value: its name if one was given, the expression, the type it is turned into."""

    name: str
    expression: syntax.Expression
    to: Type | None
    span: syntax.Span


@dataclass(frozen=True, slots=True)
class MvExpand(Operator):
    """One row per element of a dynamic list, per property of a bag; several columns expand side by side.
    A null gives one row, an empty list none. `mvexpand` is the same.

    Resources | mv-expand nic = properties.networkProfile.networkInterfaces | project name, nic.id
    """

    rule = "mv_expand"
    name = "mv-expand"
    syntax_text = "T | mv-expand [bagexpansion=array] [with_itemindex=i] [Name =] value [to typeof(type)], … [limit n]"
    parameters: Parameters
    expansions: tuple[Expansion, ...]
    limit: syntax.Expression | None

    @classmethod
    def build(cls, children: list[Any], span: syntax.Span) -> MvExpand:
        parameters, rest = split_parameters(children)
        expansions = tuple(child for child in rest if isinstance(child, Expansion))
        others = [child for child in rest if not isinstance(child, Expansion | str)]
        return cls(span, parameters, expansions, others[0] if others else None)

    def lower(self, binder: Binder, input: Relation, environment: Environment) -> Relation:
        scope = binder.over(input, environment)
        columns = plan.columns_of(input)
        way = "pair" if "array" in (self.parameters.get("bagexpansion"), self.parameters.get("kind")) else "element"
        expanded: list[tuple[Column, plan.Scalar, str]] = []
        typed: dict[str, plan.Scalar] = {}
        # As in extend: a path has its whole name (properties_ports), and an existing name is replaced in place.
        for expansion in self.expansions:
            value = binder.scalar(expansion.expression, scope)
            name = expansion.name or names.of(expansion.expression) or f"Column{len(expanded) + 1}"
            if value.type is not DYNAMIC:
                if value.type is not UNKNOWN:
                    binder.problems.add(
                        "KQL303", expansion.expression.span, "parse_json(…) makes a dynamic of a text",
                        given=value.type.value, expected="a dynamic value",
                    )  # fmt: skip
                value = plan.Literal(None, DYNAMIC)
            if name in typed:
                binder.problems.add("KQL205", expansion.expression.span, name=name)
            column = Column(name, DYNAMIC)
            expanded.append((column, value, way))
            element: plan.Scalar = plan.Ref(column)
            typed[name] = (
                binder.apply("$element_as", (element, plan.Literal(expansion.to.value, Type.TYPE)), self.span)
                if (expansion.to is not None and expansion.to is not DYNAMIC)
                else element
            )
        index_name = self.parameters.get("with_itemindex")
        index = Column(index_name, LONG) if index_name else None
        limit = binder.integer(self.limit, scope, "the limit") if self.limit is not None else None
        limit = binder.bounds.rows_of_expansion(limit, self.limit.span if self.limit is not None else self.span)
        relation = plan.Unnest(input, tuple(expanded), index, limit)
        output: list[tuple[Column, plan.Scalar]] = []
        for column in columns:
            if column.name in typed:
                value = typed.pop(column.name)
                output.append((value.column if isinstance(value, plan.Ref) else Column(column.name, value.type), value))
            else:
                output.append((column, plan.Ref(column)))
        for name, value in typed.items():
            output.append((value.column if isinstance(value, plan.Ref) else Column(name, value.type), value))
        if index is not None:
            name = names.Namer(column.name for column, _ in output).automatic(index.name)
            output.append((index if name == index.name else Column(name, LONG), plan.Ref(index)))
        return plan.Project(relation, tuple(output))
