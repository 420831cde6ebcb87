"""Scalar nodes of a plan as SQL, within the block that shows their columns."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from kql import plan
from kql.forms import JSON, Form
from kql.sql import dynamic, quote
from kql.sql.block import Block, outside
from kql.sql.convert import convert
from kql.sql.value import FALSE, TRUE, Arguments, Sql, constant
from kql.types import BOOL, DYNAMIC, STRING, Type

if TYPE_CHECKING:
    from kql.plan import Relation


class Scalars:
    """Emits scalar nodes. `relation` renders a relation as a block, for subqueries; `parameters` collects bound ones."""

    def __init__(self, relation: Callable[[Relation], Block], parameters: set[str]) -> None:
        self._relation = relation
        self._parameters = parameters
        self.lacking: dict[plan.Path, set[str] | None] = {}
        """For each path what there is where it leads to nothing; None where it leads to something, or may."""

    def emit(self, node: plan.Scalar, block: Block, *, truth: bool = False) -> Sql:
        """The SQL of a node. With `truth` the caller only asks where it is true: null may stand for false."""
        match node:
            case plan.Ref(column):
                return block.value(column)
            case plan.Literal(value, type):
                return constant(value, type)
            case plan.Path(base, step):
                value = self.emit(base, block)
                if isinstance(step, str | int):
                    return self._sought(node, value, dynamic.step(value, step))
                place = self.emit(step, block)
                if place.constant and isinstance(place.const, str | int) and place.type is not DYNAMIC:
                    return dynamic.step(value, place.const)
                return dynamic.computed_step(value, place)
            case plan.Call():
                return self._call(node, block, truth)
            case plan.Convert(argument, type):
                return convert(self.emit(argument, block), type)
            case plan.Parameter(name, type):
                self._parameters.add(name)
                return Sql(f"CAST(${name} AS {quote.SQL_TYPES[type]})", type, name != "now", plain_form(type))
            case plan.ScalarQuery(relation, type):
                return self._first_value(relation, type)
            case plan.Membership():
                return self._membership(node, block, truth)
            case plan.RowNumber():
                return Sql(f"(row_number() OVER ({over(block)}) - 1)", node.type, False)
        raise AssertionError(f"no such node: {node!r}")

    def _sought(self, node: plan.Path, value: Sql, found: Sql) -> Sql:
        """What was found of a value by the step of a path; notes where that is nothing."""
        if self.lacking.get(node, ()) is not None and not value.is_nothing:
            there = dynamic.names(value) if found.is_nothing else None
            self.lacking[node] = None if there is None or node.step in there else (self.lacking.get(node) or set()) | there
        return found

    def predicate(self, node: plan.Scalar, block: Block) -> Sql:
        """A condition of which only the truth matters."""
        value = self.emit(node, block, truth=True)
        return convert(value, BOOL) if value.type is not BOOL else value

    def _call(self, node: plan.Call, block: Block, truth: bool) -> Sql:
        if node.function.name in ("and", "or"):
            return self._logic(node, block, truth)
        values = [self.emit(argument, block) for argument in node.arguments]
        arguments = Arguments(
            values, node.overload, node.type, convert, nulls=node.function.nulls, truth=truth,
            over=_order_of_rows(node, block),
            partition=partition(block) if node.function.kind == "window" else "",
        )  # fmt: skip
        made = node.overload.maker(arguments)
        if isinstance(made, str):
            made = Sql(made, node.type, arguments.nullable(), plain_form(node.type))
        if node.function.name in ("now", "ago") and "$now" in made.raw:
            self._parameters.add("now")
        return made

    def _logic(self, node: plan.Call, block: Block, truth: bool) -> Sql:
        """Kleene logic, with constants folded: a condition on a table's constant column decides whether it is read."""
        conjunction = node.function.name == "and"
        absorbing, neutral = (FALSE, TRUE) if conjunction else (TRUE, FALSE)
        kept: list[Sql] = []
        for argument in node.arguments:
            value = convert(self.emit(argument, block, truth=truth), BOOL)
            if value.const is absorbing.const or (truth and conjunction and value.constant and value.const is None):
                return absorbing
            if value.const is not neutral.const:
                kept.append(value)
        if not kept:
            return neutral
        if len(kept) == 1:
            return kept[0]
        word = " AND " if conjunction else " OR "
        return Sql("(" + word.join(value.text for value in kept) + ")", BOOL, any(value.nullable for value in kept))

    def _first_value(self, relation: Relation, type: Type) -> Sql:
        inner = self._relation(relation)
        column = plan.columns_of(relation)[0]
        value = inner.value(column).fetched()
        if value.type is DYNAMIC:
            value = dynamic.as_json(value)
        inner.select(value.written, column.name)
        if inner.limit is None:
            inner.limit = "1"
        return Sql(f"({inner.render(ordered=True)})", type, True, plain_form(type))

    def _membership(self, node: plan.Membership, block: Block, truth: bool) -> Sql:
        value = self.emit(node.value, block)
        inner = self._relation(node.relation)
        column = plan.columns_of(node.relation)[0]
        member, value = inner.value(column).fetched(), value.fetched()  # of one type, as they were bound
        present = member.nullable and member.type is not STRING  # a null among the members would make null of the answer
        if present and inner.closed:
            inner = outside([inner], inner.names, plan.visible(node.relation))
            member = inner.value(column).fetched()
        left = value.written
        right = member.written
        if node.ignore_case:
            left, right = f"lower({left})", f"lower({right})"
        inner.select(right, column.name)
        if present:
            inner.where.append(f"{right} IS NOT NULL")
        text = f"coalesce({left} IN ({inner.render()}), FALSE)"
        return Sql(f"(NOT {text})" if node.negated else text, BOOL, False)


def _order_of_rows(node: plan.Call, block: Block) -> str:
    """What a window function, or an aggregate that collects values in order, must know of the rows."""
    if node.function.kind == "window":
        return over(block)
    ordering = block.ordering() if node.function.ordered else ""
    return f" ORDER BY {ordering}" if ordering else ""


def over(block: Block) -> str:
    """The OVER clause of the block's order; without keys rows keep the order in which they come."""
    ordering = block.ordering()
    return " ".join(filter(None, (partition(block), f"ORDER BY {ordering}" if ordering else "")))


def partition(block: Block) -> str:
    """The PARTITION BY of the rows that window functions count together; '' where it is all of them."""
    values = [thunk().fetched() for thunk in block.partition]
    texts = [value.written for value in values if not value.constant]
    return f"PARTITION BY {', '.join(texts)}" if texts else ""


def plain_form(type: Type) -> Form | None:
    """The form of what a row's SQL text computes: JSON text for a dynamic."""
    return JSON if type is DYNAMIC else None
