"""Operators that run a pipeline for parts of the rows: mv-apply, partition, and invoke, which calls a function."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kql import plan, syntax
from kql.bind.lets import apply_tabular
from kql.bind.scope import Environment, FunctionBinding, TabularBinding
from kql.messages import nearest
from kql.operators.base import Operator, column_or_problem, passing, split_parameters
from kql.operators.expand import MvExpand
from kql.operators.within import Unsupported, numbered, over, within
from kql.plan import Column, Relation

if TYPE_CHECKING:
    from kql.bind.binder import Binder


def pipeline(binder: Binder, body: syntax.Pipeline, leaf: Relation, environment: Environment) -> Relation:
    """The operators of a subquery, bound over given rows."""
    relation = leaf
    for operator in body.operators:
        binder.allow(operator)
        relation = operator.lower(binder, relation, environment)
        environment = operator.behind(binder, relation, environment)
    return relation


def _refuse(binder: Binder, name: str, span: syntax.Span) -> None:
    if binder.problems.errors:
        return  # what is wrong inside has been told
    binder.problems.add(
        "KQL501", span, "a value in it cannot look at the part's rows again: join with them instead of toscalar() or in",
        what=f"this subquery of {name}", reason="not all of it can be run for each part",
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class MvApply(Operator):
    """Runs a pipeline over the elements of a dynamic list, for each row on its own; the row's other columns stay.

    Resources | mv-apply nic = properties.networkProfile.networkInterfaces on (where nic.properties.primary == true)
    """

    rule = "mv_apply"
    name = "mv-apply"
    syntax_text = "T | mv-apply [with_itemindex=i] [Name =] value [to typeof(type)], … [limit n] on (operator | …)"
    expand: MvExpand
    body: syntax.Pipeline

    @classmethod
    def build(cls, children: list[Any], span: syntax.Span) -> MvApply:
        *expanding, body = children
        return cls(span, MvExpand.build(expanding, span), body)

    def lower(self, binder: Binder, input: Relation, environment: Environment) -> Relation:
        before = plan.columns_of(input)
        rows, row = numbered(input)
        # a column whose name an element takes goes along under another one: it stays where the subquery drops the element
        taken = {each.name for each in self.expand.expansions}
        hidden = {column: Column("\0" + column.name, column.type) for column in before if column.name in taken}
        rows = plan.Project(rows, (*passing(plan.columns_of(rows)), *((new, plan.Ref(old)) for old, new in hidden.items())))
        expanded = self.expand.lower(binder, rows, environment)
        # the columns of the subquery are those of the input and the elements, without the number of the row
        columns = plan.columns_of(expanded)
        shown = tuple(column for column in columns if column is not row and column not in hidden.values())
        leaf = plan.Project(expanded, tuple(passing((*shown, row, *hidden.values()))))
        seen = plan.Project(leaf, tuple(passing(shown)))
        made = pipeline(binder, self.body, seen, environment)
        outer = (*(column for column in before if column in columns), *hidden.values())
        try:
            result = within(binder, over(made, seen, leaf), leaf, row, outer, self.span)
        except Unsupported:
            _refuse(binder, self.name, self.span)
            return made
        own = {column.name: column for column in plan.columns_of(made)}
        # a column that is expanded under its own name leaves its place and comes with those of the subquery
        moved = {each.expression.name for each in self.expand.expansions if not each.name and isinstance(each.expression, syntax.Name)}
        stay = [column for column in before if column.name not in moved]
        output: list[tuple[Column, plan.Scalar]] = []
        for column in stay:
            if column.name in own:
                output += passing((own.pop(column.name),))
            elif column in outer:
                output += passing((column,))
            elif column in hidden:
                output.append((Column(column.name, column.type), plan.Ref(hidden[column])))
        output += passing(tuple(own.values()))
        ordered = plan.Sort(result, (plan.SortKey(plan.Ref(row), True, True),), stable=True)
        return plan.Project(ordered, tuple(output))


@dataclass(frozen=True, slots=True)
class Partition(Operator):
    """Runs a pipeline for the rows of each value of a column on their own and puts the results together.

    Resources | partition by type (top 2 by name asc | project type, name)
    """

    rule = "partition"
    name = "partition"
    syntax_text = "T | partition by column (operator | …)"
    column: syntax.Name
    body: syntax.Expression

    @classmethod
    def build(cls, children: list[Any], span: syntax.Span) -> Partition:
        _, rest = split_parameters(children)
        column, body = [child for child in rest if not isinstance(child, str)]
        return cls(span, column, body)

    def lower(self, binder: Binder, input: Relation, environment: Environment) -> Relation:
        key = column_or_problem(binder, plan.columns_of(input), self.column.name, self.column.span)
        if not isinstance(self.body, syntax.Pipeline) or self.body.source is not None:
            binder.problems.add(
                "KQL501", self.span, "partition by column (operator | …) can be run",
                what="partition with {…}", reason="its subquery names the key by toscalar()",
            )  # fmt: skip
            return input
        seen = plan.Project(input, tuple((column, plan.Ref(column)) for column in plan.columns_of(input)))
        made = pipeline(binder, self.body, seen, environment)
        if key is None:
            return made
        # the key goes its own way, so that the subquery may rename, replace or drop the column
        part = Column("part", key.type)
        leaf = plan.Project(input, (*seen.columns, (part, plan.Ref(key))))
        try:
            result = within(binder, over(made, seen, leaf), leaf, part, (), self.span)
        except Unsupported:
            _refuse(binder, self.name, self.span)
            return made
        free = plan.Sort(result, (), stable=True)
        return plan.Project(free, tuple((column, plan.Ref(column)) for column in plan.columns_of(made)))


@dataclass(frozen=True, slots=True)
class Invoke(Operator):
    """Calls a function of the query whose first parameter is a table, with the rows so far.

    let named = (T: (name: string), part: string) { T | where name has part }; Resources | invoke named('web')
    """

    rule = "invoke"
    name = "invoke"
    syntax_text = "T | invoke function(argument, …)"
    call: syntax.Call

    @classmethod
    def build(cls, children: list[Any], span: syntax.Span) -> Invoke:
        return cls(span, children[-1])

    def lower(self, binder: Binder, input: Relation, environment: Environment) -> Relation:
        function = environment.get(self.call.name)
        if not isinstance(function, FunctionBinding):
            known = [name for name, binding in environment.bindings.items() if isinstance(binding, FunctionBinding)]
            binder.problems.add("KQL203", self.call.name_span, nearest(self.call.name, known), name=self.call.name)
            return input
        rows = syntax.Name("$rows", self.call.name_span)
        first = [input]

        def again() -> Relation:
            return first.pop() if first else binder.renamed(input)

        inner = environment.with_("$rows", TabularBinding(again))
        names = {place + 1: name for place, name in self.call.names.items()}
        return apply_tabular(binder, function, (rows, *self.call.arguments), self.call.span, inner, names)


__all__ = ["Invoke", "MvApply", "Partition", "pipeline"]
