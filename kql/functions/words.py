"""The words in which a template's conditions ask what is known of an argument while a query is compiled.

They stand in `'array is list or missing'` (kql.functions.template). A type's name asks for the argument's own type.
"""

from __future__ import annotations

from collections.abc import Callable

from kql.forms import Form, Json, List, Object, Scalar
from kql.sql.value import Sql
from kql.types import DYNAMIC, INTEGERS, STRING, TYPE_NAMES, Type

Word = Callable[[Sql], bool]


def _typed(type: Type) -> Word:
    return lambda value: value.type is type


def _held(form: Form) -> Word:
    return lambda value: value.form == form and value.type is DYNAMIC


WORDS: dict[str, Word] = {
    **{name: _typed(type) for name, type in TYPE_NAMES.items()},
    "integer": lambda value: value.type in INTEGERS,
    # how a dynamic is held
    "json": lambda value: isinstance(value.form, Json) and value.members is None,
    "list": lambda value: isinstance(value.form, List),
    "jsons": _held(List(Json())),
    "texts": _held(List(Scalar(STRING))),
    "plain": lambda value: isinstance(value.form, Scalar) and value.type is DYNAMIC,
    **{f"plain_{name}": _held(Scalar(type)) for name, type in TYPE_NAMES.items()},
    "object": lambda value: isinstance(value.form, Object) or value.members is not None,
    "missing": lambda value: value.is_nothing,
    "borrowed": lambda value: value.borrow is not None,  # a column of an inner SELECT, not fetched yet
    "path": lambda value: bool(value.path),  # a part of a document, not extracted yet
    "absent": lambda value: value.absent,  # a text that is NULL where it was computed from a null
    # constants
    "constant": lambda value: value.constant,
    "null": lambda value: value.constant and value.const is None,
    "empty": lambda value: value.constant and not value.const,
    "true": lambda value: value.const is True,
    "false": lambda value: value.const is False,
    "whole": lambda value: isinstance(value.const, int),
    "positive": lambda value: isinstance(value.const, int) and 0 < value.const < 2**62,
    "negative": lambda value: isinstance(value.const, int) and value.const < 0,
    "finite": lambda value: isinstance(value.const, int | float) and value.const == value.const,
}


def word(written: str) -> Word:
    """A word, a text in quotes or a whole number: whether the argument is that. KeyError, ValueError: it is none."""
    if written in WORDS:
        return WORDS[written]
    if written[0] == written[-1] == '"':
        return lambda value: value.const == written[1:-1]
    number = int(written)
    return lambda value: isinstance(value.const, int) and not isinstance(value.const, bool) and value.const == number


def holds(array: Sql, value: Sql) -> bool:
    """Whether an array is held as a list of plain values of the value's type."""
    return isinstance(array.form, List) and array.form.element == Scalar(value.type)


__all__ = ["WORDS", "holds", "word"]
