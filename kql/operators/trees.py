"""Walks over expressions of the syntax tree: the names and members that they hold, and other ones in their place."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

from kql import syntax


def parts(node: Any) -> Iterator[Any]:
    """The nodes right below one."""
    if isinstance(node, tuple):
        yield from node
    elif dataclasses.is_dataclass(node):
        yield from (getattr(node, field.name) for field in dataclasses.fields(node))


def names(node: Any) -> set[str]:
    """All names within an expression."""
    if isinstance(node, syntax.Name):
        return {node.name}
    return {name for part in parts(node) for name in names(part)}


def members(node: Any) -> Iterator[syntax.Member]:
    """All `name.column` within an expression."""
    if isinstance(node, syntax.Member) and isinstance(node.base, syntax.Name):
        yield node
    for part in parts(node):
        yield from members(part)


def conjuncts(condition: syntax.Expression | None) -> Iterator[syntax.Expression]:
    """The conditions that must all hold."""
    match condition:
        case None:
            return
        case syntax.Call("and", arguments):
            for argument in arguments:
                yield from conjuncts(argument)
        case _:
            yield condition


def rebuilt(node: Any, change: Callable[[Any], Any]) -> Any:
    """A node with other ones right below it."""
    if isinstance(node, tuple):
        return tuple(change(each) for each in node)
    if dataclasses.is_dataclass(node) and not isinstance(node, type):
        changes = {field.name: change(getattr(node, field.name)) for field in dataclasses.fields(node)}
        return dataclasses.replace(node, **changes)
    return node


def replaced(node: Any, which: Callable[[Any], bool], by: Callable[[Any], Any]) -> Any:
    """An expression with others in the place of some of its nodes."""
    return by(node) if which(node) else rebuilt(node, lambda each: replaced(each, which, by))


__all__ = ["conjuncts", "members", "names", "parts", "rebuilt", "replaced"]
