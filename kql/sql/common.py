"""Common table expressions: what one use of a shared relation, or of a recursion's turns, sees of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from kql.forms import JSON
from kql.plan import Column
from kql.sql import dynamic, quote
from kql.sql.block import Block, Legs, Names, OrderKey, Thunk
from kql.sql.value import Sql
from kql.types import DYNAMIC, STRING, Type


def use_of(legs: Legs, columns: tuple[Column, ...], names: Names) -> Block:
    """One use of a relation that is computed once: its columns, and its order where it is one SELECT."""
    source = SharedSource(legs, names.fresh(legs.shared))
    block = Block(source, names)
    for column in columns:
        block.bind(column, partial(of_shared, source, partial(_asked, column)))
    if len(legs.blocks) == 1:
        (inner,) = legs.blocks
        block.order = [
            OrderKey(partial(of_shared, source, partial(_ordered, key)), key.ascending, key.nulls_first)
            for key in inner.order
        ]
        block.partition = [partial(of_shared, source, partial(_told, thunk)) for thunk in inner.partition]
    return block


def stored(value: Sql) -> str:
    """A value as a recursion holds it, in the one SQL type that its KQL type has."""
    value = dynamic.as_json(value) if value.type is DYNAMIC else value.fetched()
    return f"CAST({value.written} AS {quote.SQL_TYPES[value.type]})"


def of_turn(text: str, type: Type) -> Sql:
    return Sql(text, type, type is not STRING, JSON if type is DYNAMIC else None)


class SharedSource:
    """One use of a common table expression."""

    def __init__(self, legs: Legs, alias: str) -> None:
        self.legs, self.alias = legs, alias

    def render(self) -> str:
        return f"{self.legs.shared} AS {self.alias}"


def of_shared(source: SharedSource, ask: Callable[[Block], Sql]) -> Sql:
    """What is asked of the blocks of a common table expression, as one use of it sees it."""
    value = source.legs.borrow([ask(block) for block in source.legs.blocks], "shared").fetched()
    if value.constant:
        return value
    prefix = source.legs.alias + "."
    return replace(value, raw=value.raw.replace(prefix, source.alias + ".", 1))


def _asked(column: Column, block: Block) -> Sql:
    return block.value(column)


def _ordered(key: OrderKey, block: Block) -> Sql:
    return key.value()


def _told(thunk: Thunk, block: Block) -> Sql:
    return thunk()


__all__ = ["SharedSource", "of_turn", "stored", "use_of"]
