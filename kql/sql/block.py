"""SELECT blocks: an inner SELECT carries only what an outer one asks for, because columns are fetched on demand.

A block keeps the columns it can see as thunks. Whoever needs a column's value asks for it; where the value lives in an
inner block, the inner block then adds it to its select list. So unused columns, and documents of which only one path
is used, never reach the SQL text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from typing import Protocol

from kql.forms import Json
from kql.plan import Column
from kql.sql import dynamic, quote
from kql.sql.facts import HEAVY
from kql.sql.value import NOT_CONSTANT, Borrowed, Sql, constant, missing
from kql.types import DYNAMIC, STRING

Thunk = Callable[[], Sql]


class Source(Protocol):
    def render(self) -> str: ...


class Text:
    """A source that is SQL text already: a table, or VALUES."""

    def __init__(self, text: str) -> None:
        self.text = text

    def render(self) -> str:
        return self.text


class OrderKey:
    """One key of a relation's order; its value is asked for only where the order is written."""

    __slots__ = ("ascending", "nulls_first", "value")

    def __init__(self, value: Thunk, ascending: bool, nulls_first: bool) -> None:
        self.value, self.ascending, self.nulls_first = value, ascending, nulls_first

    def render(self) -> str | None:
        value = self.value().fetched()
        if value.constant:
            return None
        direction = "ASC" if self.ascending else "DESC"
        text = value.written
        nulls = (
            "" if not value.nullable or value.type is STRING else f" NULLS {'FIRST' if self.nulls_first else 'LAST'}"
        )
        if value.type.value == "real":
            # NaN sorts beside null, on null's side; DuckDB would sort it above infinity.
            side = "DESC" if self.nulls_first else "ASC"
            text = f"({text} IS NULL) {side}, isnan({text}) {side}, {text}"
        return f"{text} {direction}{nulls or ' NULLS ' + ('FIRST' if self.nulls_first else 'LAST')}"


class Block:
    """One SELECT under construction."""

    def __init__(self, source: Source, names: Names) -> None:
        self.source = source
        self.names = names
        self.columns: dict[Column, Thunk] = {}
        self.weights: dict[Column, int] = {}  # of the columns that weigh more than a leaf
        self.where: list[str] = []
        self.group: list[str] | None = None
        self.distinct_on: list[str] | None = None
        self.order: list[OrderKey] = []
        self.partition: list[Thunk] = []  # what window functions count by
        self.limit: str | None = None
        self.sealed = False  # rows are fixed: a filter or a group must go outside (windows, unnest, limit, group)
        self._selected: dict[str, str] = {}  # SQL text -> alias
        self._aliased: dict[str, str] = {}  # alias -> SQL text

    @property
    def closed(self) -> bool:
        """Whether a condition on its rows must stand outside."""
        return self.sealed or self.limit is not None or self.group is not None or self.distinct_on is not None

    def value(self, column: Column) -> Sql:
        """The SQL of a visible column."""
        return self.columns[column]()

    def bind(self, column: Column, thunk: Thunk, weight: int = 1) -> None:
        """Make a column visible; its thunk runs once, at first use."""
        self.columns[column] = _once(thunk)
        if weight > 1:
            self.weights[column] = weight

    def select(self, text: str, hint: str) -> str:
        """Put an expression into the select list; its alias."""
        alias = self._selected.get(text)
        if alias is None:
            alias = self.names.fresh(hint)
            self._selected[text] = alias
            self._aliased[alias] = text
        return alias

    def select_as(self, text: str, alias: str) -> None:
        """Put an expression into the select list under a given alias."""
        self._aliased[alias] = text

    def ordering(self) -> str:
        keys = [text for key in self.order if (text := key.render()) is not None]
        return ", ".join(keys)

    def render(self, ordered: bool = False, items: str | None = None) -> str:
        """The SELECT statement. ORDER BY is written where it decides rows (LIMIT) or where it is asked for; `items`
        stands in place of the select list that others asked for."""
        order = self.ordering() if ordered or self.limit is not None else ""
        if items is None:
            items = ", ".join(f"{text} AS {alias}" for alias, text in self._aliased.items())
        parts = ["SELECT"]
        if self.distinct_on is not None:
            parts.append(f"DISTINCT ON ({', '.join(self.distinct_on)})")
        parts.append(items or "1")
        source = self.source.render()
        if source:
            parts.append("FROM " + source)
        if self.where:
            parts.append("WHERE " + " AND ".join(self.where))
        if self.group:
            parts.append("GROUP BY " + ", ".join(self.group))
        if order:
            parts.append("ORDER BY " + order)
        if self.limit is not None:
            parts.append("LIMIT " + self.limit)
        return " ".join(parts)


class Legs:
    """Inner SELECTs as one source of an outer block: a subquery, or a UNION ALL of several."""

    def __init__(self, blocks: list[Block], names: Names, outer: bool = False, shared: str = "") -> None:
        self.blocks = blocks
        self.names = names
        self.outer = outer  # the rows may be missing: nothing is constant, everything may be NULL
        self.alias = shared or names.fresh("t")
        self.shared = shared
        self._fetched: dict[tuple[object, ...], Sql] = {}

    def borrow(self, values: list[Sql], hint: str) -> Sql:
        """A column of the outer block whose value is `values`, one per leg; fetched when it is used."""
        first = values[0]
        if first.type is not DYNAMIC:
            return self.fetch(values, hint)
        if all(value.is_nothing for value in values):
            return dynamic.NULL

        def step(apply: Callable[[Sql], Sql]) -> Sql:
            return self.borrow([apply(value) for value in values], hint)

        # an object composed of columns has the form of none of them; where it is asked for as a whole it travels as JSON
        forms = [Json() if value.members is not None else value.form for value in values if not value.is_nothing]
        form = forms[0] if all(each == forms[0] for each in forms) else Json()
        return Sql("", DYNAMIC, True, form, borrow=Borrowed(lambda: self.fetch(values, hint), step))

    def fetch(self, values: list[Sql], hint: str) -> Sql:
        """Put the value into the inner select lists and name it in the outer block."""
        values = [value.fetched() for value in values]
        consts = [value.const for value in values]
        if (
            not self.outer
            and consts[0] is not NOT_CONSTANT
            and all(
                const is not NOT_CONSTANT and const == consts[0] and type(const) is type(consts[0]) for const in consts
            )
        ):
            return constant(consts[0], values[0].type)
        if values[0].type is DYNAMIC:
            # An object composed of columns has no text of its own: it travels as JSON.
            values = [dynamic.as_json(value) if value.members is not None else value for value in values]
            values = dynamic.unified(values) if len(values) > 1 else values
        texts = tuple(value.string if value.type is STRING and len(values) > 1 else value.text for value in values)
        # one text may stand for a dynamic and for the string that it is: they share the column, and nothing else
        key = (texts, tuple((value.type, value.form, value.nullable, value.absent) for value in values))
        known = self._fetched.get(key)
        if known is not None:
            return known
        if len(self.blocks) == 1:
            alias = self.blocks[0].select(texts[0], hint)
        else:
            # a name of its own: two columns may be alike in the first leg (both '', say) and differ in the others
            alias = self.names.fresh(hint)
            for block, text in zip(self.blocks, texts, strict=True):
                block.select_as(text, alias)
        nullable = self.outer or (
            any(value.nullable for value in values) and not (values[0].type is STRING and len(values) > 1)
        )
        lower = all(value.lower for value in values) and not self.outer
        result = replace(
            values[0], raw=f"{self.alias}.{alias}", nullable=nullable, const=NOT_CONSTANT, path=(), members=None,
            borrow=None, lower=lower,
        )  # fmt: skip
        self._fetched[key] = result
        return result

    def present(self, values: list[Sql], hint: str) -> Sql:
        """Like fetch, for a join's condition, where the rows of both sides are there."""
        outer, self.outer = self.outer, False
        try:
            fetched = self.fetch(values, hint)
        finally:
            self.outer = outer
        self._fetched.clear()
        return fetched

    def body(self) -> str:
        return " UNION ALL ".join(
            f"({block.render()})" if block.limit is not None and len(self.blocks) > 1 else block.render()
            for block in self.blocks
        )

    def render(self) -> str:
        return self.shared if self.shared else f"({self.body()}) AS {self.alias}"


class JoinSource:
    """Two sources and the condition between them."""

    def __init__(self, left: Legs, verb: str, right: Legs, condition: str) -> None:
        self.left, self.verb, self.right, self.condition = left, verb, right, condition

    def render(self) -> str:
        on = f" ON {self.condition}" if self.condition else ""
        return f"{self.left.render()} {self.verb} {self.right.render()}{on}"


class Names:
    """Fresh internal names; letter case never tells two apart, because DuckDB folds it."""

    def __init__(self) -> None:
        self._used: dict[str, int] = {}

    def fresh(self, hint: str) -> str:
        base = "".join(ch if ch.isascii() and (ch.isalnum() or ch == "_") else "_" for ch in hint[:24]).lower() or "c"
        base = f"n{base}" if base[0].isdigit() else base
        number = self._used.get(base, 0) + 1
        self._used[base] = number
        return f"{base}_{number}"


def outside(blocks: list[Block], names: Names, columns: Iterable[Column]) -> Block:
    """A new block around one SELECT or the union of several that show the same columns; the order of one is kept."""
    legs = Legs(blocks, names)
    block = Block(legs, names)
    for column in columns:
        block.bind(column, _borrowing(legs, column))
    if len(blocks) == 1:
        (inner,) = blocks
        block.order = [OrderKey(_carried(legs, key), key.ascending, key.nulls_first) for key in inner.order]
        block.partition = [partial(_lent, legs, thunk) for thunk in inner.partition]
    return block


def _borrowing(legs: Legs, column: Column) -> Thunk:
    def ask() -> Sql:
        values = [block.value(column) for block in legs.blocks]
        if any(block.weights.get(column, 1) > HEAVY for block in legs.blocks) and all(value.members is None for value in values):
            return legs.fetch(values, column.name)  # once, and not for each path into it
        return legs.borrow(values, column.name)

    return ask


def _carried(legs: Legs, key: OrderKey) -> Thunk:
    return lambda: legs.fetch([key.value()], "sort")


def _lent(legs: Legs, thunk: Thunk) -> Sql:
    return legs.fetch([thunk()], "within")


def _once(thunk: Thunk) -> Thunk:
    known: list[Sql] = []

    def ask() -> Sql:
        if not known:
            known.append(thunk())
        return known[0]

    return ask


__all__ = ["Block", "JoinSource", "Legs", "Names", "OrderKey", "Text", "missing", "outside", "quote"]
