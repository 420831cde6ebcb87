"""Operators that choose, order and count rows: where, take, top, order, count, distinct, sample, serialize."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kql import plan, syntax
from kql.bind import names
from kql.bind.scope import Environment, TabularBinding
from kql.operators.base import Operator, bind_items, sort_keys, split_parameters
from kql.plan import Column, Relation
from kql.types import LONG, STRING, UNKNOWN

if TYPE_CHECKING:
    from kql.bind.binder import Binder


@dataclass(frozen=True, slots=True)
class Where(Operator):
    """Keeps the rows for which a condition is true; null counts as false.

    Resources | where type =~ 'Microsoft.Compute/virtualMachines'
    """

    rule = "where"
    name = "where"
    syntax_text = "T | where condition"
    predicate: syntax.Expression | syntax.Item

    @classmethod
    def build(cls, children: list[Any], span: syntax.Span) -> Where:
        _, (predicate,) = split_parameters(children)
        return cls(span, predicate)

    def lower(self, binder: Binder, input: Relation, environment: Environment) -> Relation:
        scope = binder.over(input, environment)
        if not isinstance(self.predicate, syntax.Item):
            return plan.Filter(input, binder.predicate(self.predicate, scope))
        predicate = binder.predicate(self.predicate.expression, scope, "'==' compares; a single '=' only gives a name")
        if predicate.type is not UNKNOWN:
            binder.problems.add("KQL902", self.predicate.span, "'==' compares", name=self.predicate.names[0])
        return plan.Filter(input, predicate)


@dataclass(frozen=True, slots=True)
class Take(Operator):
    """Keeps at most so many rows, any of them unless they are sorted. `limit` is the same.

    Resources | take 5
    """

    rule = "take"
    name = "take"
    syntax_text = "T | take n"
    count: syntax.Expression

    @classmethod
    def build(cls, children: list[Any], span: syntax.Span) -> Take:
        return cls(span, children[1])

    def lower(self, binder: Binder, input: Relation, environment: Environment) -> Relation:
        return plan.Limit(input, binder.integer(self.count, binder.over(input, environment), "the number of rows"))


@dataclass(frozen=True, slots=True)
class Sample(Operator):
    """Keeps at most so many rows, chosen at random.

    Resources | sample 5
    """

    rule = "sample"
    name = "sample"
    syntax_text = "T | sample n"
    count: syntax.Expression

    @classmethod
    def build(cls, children: list[Any], span: syntax.Span) -> Sample:
        return cls(span, children[1])

    def lower(self, binder: Binder, input: Relation, environment: Environment) -> Relation:
        count = binder.integer(self.count, binder.over(input, environment), "the number of rows")
        shuffled = plan.Sort(input, (plan.SortKey(binder.apply("rand", (), self.span), True, True),))
        return plan.Limit(shuffled, count)


@dataclass(frozen=True, slots=True)
class Order(Operator):
    """Sorts the rows, descending unless `asc` is said; nulls go first when ascending. `sort by` is the same.

    Resources | order by resourceGroup desc, name asc
    """

    rule = "order"
    name = "order"
    syntax_text = "T | order by column [asc|desc] [nulls first|last], …"
    keys: tuple[syntax.Key, ...]

    @classmethod
    def build(cls, children: list[Any], span: syntax.Span) -> Order:
        return cls(span, tuple(child for child in children if isinstance(child, syntax.Key)))

    def lower(self, binder: Binder, input: Relation, environment: Environment) -> Relation:
        return plan.Sort(input, sort_keys(binder, self.keys, binder.over(input, environment)))


@dataclass(frozen=True, slots=True)
class Top(Operator):
    """The first rows in the order of an expression: `order by` and `take` in one.

    Resources | top 3 by name asc
    """

    rule = "top"
    name = "top"
    syntax_text = "T | top n by expression [asc|desc] [nulls first|last]"
    count: syntax.Expression
    keys: tuple[syntax.Key, ...]

    @classmethod
    def build(cls, children: list[Any], span: syntax.Span) -> Top:
        return cls(span, children[1], tuple(child for child in children if isinstance(child, syntax.Key)))

    def lower(self, binder: Binder, input: Relation, environment: Environment) -> Relation:
        scope = binder.over(input, environment)
        keys = sort_keys(binder, self.keys, scope, mixed=True)
        return plan.Limit(plan.Sort(input, keys), binder.integer(self.count, scope, "the number of rows"))


@dataclass(frozen=True, slots=True)
class Count(Operator):
    """The number of rows, as one row with the column Count.

    Resources | count
    """

    rule = "count"
    name = "count"
    syntax_text = "T | count [as Name]"
    column: str

    @classmethod
    def build(cls, children: list[Any], span: syntax.Span) -> Count:
        named = [child for child in children if isinstance(child, syntax.Name)]
        return cls(span, named[0].name if named else "Count")

    def lower(self, binder: Binder, input: Relation, environment: Environment) -> Relation:
        return plan.Aggregate(input, (), ((Column(self.column, LONG), binder.apply("count", (), self.span)),))


@dataclass(frozen=True, slots=True)
class Distinct(Operator):
    """The distinct combinations of columns or expressions; `*` means all columns.

    Resources | distinct type, location
    """

    rule = "distinct"
    name = "distinct"
    syntax_text = "T | distinct column, … | *"
    items: tuple[syntax.Item, ...]

    @classmethod
    def build(cls, children: list[Any], span: syntax.Span) -> Distinct:
        _, rest = split_parameters(children)
        return cls(span, tuple(rest))

    def lower(self, binder: Binder, input: Relation, environment: Environment) -> Relation:
        scope = binder.over(input, environment)
        keys = bind_items(binder, self.items, scope, names.Namer())
        fresh = tuple((Column(column.name, column.type), value) for column, value in keys)
        return plan.Aggregate(input, fresh, ())


@dataclass(frozen=True, slots=True)
class Serialize(Operator):
    """Declares that the rows are in order, so that row_number(), prev() and next() may be used; may add columns.

    range x from 1 to 3 step 1 | serialize n = row_number()
    """

    rule = "serialize"
    name = "serialize"
    syntax_text = "T | serialize [Name = expression, …]"
    items: tuple[syntax.Item, ...]

    @classmethod
    def build(cls, children: list[Any], span: syntax.Span) -> Serialize:
        return cls(span, tuple(child for child in children if isinstance(child, syntax.Item)))

    def lower(self, binder: Binder, input: Relation, environment: Environment) -> Relation:
        ordered = input if binder.over(input, environment).serialized else plan.Sort(input, ())
        if not self.items:
            return ordered
        from kql.operators.columns import Extend

        return Extend(self.span, self.items).lower(binder, ordered, environment)


@dataclass(frozen=True, slots=True)
class Consume(Operator):
    """Reads all rows and gives none.

    Resources | consume
    """

    rule = "consume"
    name = "consume"
    syntax_text = "T | consume"

    @classmethod
    def build(cls, children: list[Any], span: syntax.Span) -> Consume:
        return cls(span)

    def lower(self, binder: Binder, input: Relation, environment: Environment) -> Relation:
        return plan.Limit(input, plan.Literal(0, LONG))


@dataclass(frozen=True, slots=True)
class As(Operator):
    """Gives the rows so far a name, for `union withsource` and for later use.

    Resources | as AllOfThem | count
    """

    rule = "as"
    name = "as"
    syntax_text = "T | as Name"
    label: str

    @classmethod
    def build(cls, children: list[Any], span: syntax.Span) -> As:
        return cls(span, children[-1].name)

    def lower(self, binder: Binder, input: Relation, environment: Environment) -> Relation:
        binder.labels[id(input)] = self.label
        return input

    def behind(self, binder: Binder, output: Relation, environment: Environment) -> Environment:
        def again() -> Relation:
            rows = binder.renamed(output)
            binder.labels[id(rows)] = self.label
            return rows

        return environment.with_(self.label, TabularBinding(again, self.label))


@dataclass(frozen=True, slots=True)
class Render(Operator):
    """A hint for whoever shows the rows: which chart. The rows stay as they are.

    Resources | summarize count() by location | render barchart
    """

    rule = "render"
    name = "render"
    syntax_text = "T | render chart [with (…)]"
    hint: str

    @classmethod
    def build(cls, children: list[Any], span: syntax.Span) -> Render:
        return cls(span, str(children[0])[len("render") :].strip())

    def lower(self, binder: Binder, input: Relation, environment: Environment) -> Relation:
        binder.render = self.hint
        return input


@dataclass(frozen=True, slots=True)
class GetSchema(Operator):
    """The columns of the rows so far: ColumnName, ColumnOrdinal, DataType, ColumnType.

    Resources | getschema
    """

    rule = "getschema"
    name = "getschema"
    syntax_text = "T | getschema"

    @classmethod
    def build(cls, children: list[Any], span: syntax.Span) -> GetSchema:
        return cls(span)

    def lower(self, binder: Binder, input: Relation, environment: Environment) -> Relation:
        columns = (
            Column("ColumnName", STRING), Column("ColumnOrdinal", LONG), Column("DataType", STRING),
            Column("ColumnType", STRING),
        )  # fmt: skip
        rows = tuple(
            (
                plan.Literal(column.name, STRING), plan.Literal(place, LONG),
                plan.Literal(_CLR_TYPES.get(column.type.value, "System.Object"), STRING),
                plan.Literal(column.type.value, STRING),
            )
            for place, column in enumerate(plan.columns_of(input))
        )  # fmt: skip
        return plan.Values(columns, rows)


_CLR_TYPES = {
    "bool": "System.SByte", "int": "System.Int32", "long": "System.Int64", "real": "System.Double",
    "decimal": "System.Data.SqlTypes.SqlDecimal", "string": "System.String", "datetime": "System.DateTime",
    "timespan": "System.TimeSpan", "guid": "System.Guid", "dynamic": "System.Object",
}  # fmt: skip
