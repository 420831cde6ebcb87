"""What a function of the template language is: a row with its name, how many arguments it takes, and what it does.

Rows are collected by the decorator; the modules beside this one hold them by kind.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from inventory.templates.errors import ExpressionError

LONGEST_TEXT = 131_072
"""Characters in a text that an expression makes."""
MOST_ELEMENTS = 10_000
"""Elements in an array that an expression makes."""


@dataclass(frozen=True, slots=True)
class Function:
    """A row: `most` None is no limit; `contextual` functions are given the evaluation first; `lazy` ones take
    expressions and not values."""

    name: str
    least: int
    most: int | None
    call: Callable[..., Any]
    contextual: bool = False
    lazy: bool = False


FUNCTIONS: dict[str, Function] = {}
"""Every function by its lower-case name: the language does not heed case."""


def function(
    name: str, least: int, most: int | None = -1, *, contextual: bool = False, lazy: bool = False
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Declares a function; `most` left out is as many as `least`."""

    def declare(call: Callable[..., Any]) -> Callable[..., Any]:
        FUNCTIONS[name.lower()] = Function(name, least, least if most == -1 else most, call, contextual, lazy)
        return call

    return declare


def type_name(value: Any) -> str:
    """How the language calls the type of a value."""
    match value:
        case None:
            return "Null"
        case bool():
            return "Boolean"
        case int():
            return "Integer"
        case float():
            return "Float"
        case str():
            return "String"
        case list():
            return "Array"
    return "Object"


def expect(function_name: str, value: Any, *kinds: str) -> Any:
    """The value, if it is of one of these types. Raises ExpressionError in Azure's words."""
    if type_name(value) not in kinds:
        raise ExpressionError(
            f"The template language function '{function_name}' expects its parameter to be of type "
            f"'{', '.join(kinds)}'. The provided value is of type '{type_name(value)}'."
        )
    return value


def bounded(value: Any) -> Any:
    """The value, if it is not larger than expressions may make one."""
    if isinstance(value, str) and len(value) > LONGEST_TEXT:
        raise ExpressionError(f"The text is {len(value)} characters long; the most is {LONGEST_TEXT}.")
    if isinstance(value, list | dict) and len(value) > MOST_ELEMENTS:
        raise ExpressionError(f"The value has {len(value)} elements; the most is {MOST_ELEMENTS}.")
    return value
