"""The shapes in which a template may ask for an argument: {x:json}, {x:list} and their kin (kql.functions.template)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from kql.forms import Json, List, Missing, Object, Scalar
from kql.functions.letters import lowered
from kql.functions.regex import unicode_classes
from kql.sql import dynamic, quote
from kql.sql.convert import convert, null_test
from kql.sql.value import Arguments, Sql
from kql.types import BOOL, DYNAMIC, INT, LONG, REAL, STRING, TYPE_NAMES, Type

Shape = Callable[[Arguments, int], Sql]
_ANY = List(Json())


def wanted(arguments: Arguments, position: int) -> Sql:
    """An argument as the signature wants it."""
    value, parameter = arguments[position], arguments.overload.taking(len(arguments))[position]
    if parameter is not None and parameter.text:
        return convert(value, STRING)
    if value.type is not DYNAMIC:
        return value
    as_text = parameter is not None and STRING in parameter.classes
    either = parameter is not None and DYNAMIC in parameter.classes and parameter.class_name != "StringOrDynamic"
    return convert(value, STRING) if as_text and not either else dynamic.as_json(value)


def listed(value: Sql) -> Sql:
    """An array as a SQL list (NULL when it is none), with the form of its elements."""
    value = value.fetched()
    return value if isinstance(value.form, List) else jsons(value)


def jsons(value: Sql) -> Sql:
    """An array as a list of JSON."""
    value = value.fetched()
    if value.form == _ANY:
        return value
    text = "CAST(NULL AS JSON[])" if _no_array(value) else f"kql_list({dynamic.as_json(value).text})"
    return Sql(text, DYNAMIC, True, _ANY)


def texts(value: Sql) -> Sql:
    """The elements of a dynamic array as a list of texts; a single value is a list of one."""
    value, form = value.fetched(), List(Scalar(STRING))
    if value.form == form:
        return value
    if value.form == _ANY:
        return Sql(f"list_transform({value.text}, lambda e: json_extract_string(e, '$'))", DYNAMIC, True, form)
    return Sql(f"kql_texts({dynamic.as_json(value).text})", DYNAMIC, True, form)


def numbers(value: Sql) -> Sql:
    """An array as a list of doubles; an element that is no number is NULL."""
    value, form = value.fetched(), List(Scalar(REAL))
    if value.form == form:
        return value
    if value.form in (List(Scalar(LONG)), List(Scalar(INT))):
        return Sql(f"CAST({value.text} AS DOUBLE[])", DYNAMIC, True, form)
    text = "CAST(NULL AS DOUBLE[])" if _no_array(value) else f"kql_numbers({dynamic.as_json(value).text})"
    return Sql(text, DYNAMIC, True, form)


def _no_array(value: Sql) -> bool:
    """Whether a dynamic is known not to be an array."""
    return isinstance(value.form, Missing | Scalar | Object)


def folded(value: Sql) -> str:
    """The SQL of a text without its letter case."""
    value = value.fetched()
    if value.constant and isinstance(value.const, str):
        return quote.text(lowered(value.const))
    return value.text if value.lower else f"lower({value.text})"


def pattern(value: Sql) -> str:
    """A regular expression for DuckDB: the constant with Kusto's Unicode classes spelled out, or the text as it is."""
    if value.constant and isinstance(value.const, str):
        return quote.text(unicode_classes(value.const))
    return value.string


def like(value: Sql) -> str:
    """A pattern in which * stands for any letters, for SQL's LIKE with its own signs escaped by $."""
    if value.constant:
        return quote.text(
            str(value.const or "").replace("$", "$$").replace("%", "$%").replace("_", "$_").replace("*", "%")
        )
    text = value.string
    for sign in "$%_":
        text = f"replace({text}, '{sign}', '${sign}')"
    return f"replace({text}, '*', '%')"


def element(value: Sql) -> Sql:
    """A value as an element of a list: plain where JSON has its kind, JSON otherwise."""
    value = value.fetched()
    if value.type is DYNAMIC:
        if isinstance(value.form, Scalar):
            return value
        if value.is_nothing:
            return Sql("CAST(NULL AS JSON)", DYNAMIC, True, Json())
        return dynamic.as_json(value)
    if value.type in (STRING, LONG, INT, BOOL, REAL):
        return Sql(value.written, DYNAMIC, value.nullable, Scalar(value.type))
    return dynamic.as_json(value)


def _alike(arguments: Arguments, position: int) -> Sql:
    lists = [listed(value) for value in arguments.values if value.type is DYNAMIC]
    value = arguments[position]
    return listed(value) if all(each.form == lists[0].form for each in lists) else jsons(value)


def _bare(value: Sql) -> Sql:
    """A whole number that is known, without the type that makes no difference beside others."""
    return Sql(str(value.const), LONG, False) if isinstance(value.const, int) else value


def _place(arguments: Arguments, position: int) -> Sql:
    place = arguments.count(position)
    return Sql(str(int(place) + 1) if place.lstrip("-").isdigit() else f"{place} + 1", LONG)


def _item(arguments: Arguments, position: int) -> Sql:
    form = listed(arguments[position]).form
    assert isinstance(form, List)
    return dynamic.as_json(Sql("e", DYNAMIC, True, form.element))


def _same(value: Sql) -> Sql:
    """A value as it is held; an object that is composed has no text of its own and is JSON."""
    return dynamic.as_json(value) if value.members is not None else value.fetched()


def _never_null(value: Sql) -> Sql:
    """A text whose NULL the template itself takes for the empty one."""
    return replace(value.fetched(), nullable=False)


def _converted(type: Type) -> Shape:
    return lambda arguments, position: convert(arguments[position], type)


SHAPES: dict[str, Shape] = {
    "json": lambda arguments, position: dynamic.as_json(arguments[position]),
    "list": lambda arguments, position: listed(arguments[position]),
    "jsons": lambda arguments, position: jsons(arguments[position]),
    "alike": _alike,
    "texts": lambda arguments, position: texts(arguments[position]),
    "numbers": lambda arguments, position: numbers(arguments[position]),
    "element": lambda arguments, position: element(arguments[position]),
    "item": _item,
    "same": lambda arguments, position: _same(arguments[position]),
    "itself": lambda arguments, position: arguments[position],
    "plain": lambda arguments, position: _never_null(convert(arguments[position], STRING)),
    "result": lambda arguments, position: convert(arguments[position], arguments.result),
    "count": lambda arguments, position: Sql(arguments.count(position), LONG),
    "place": _place,
    "bare": lambda arguments, position: _bare(arguments[position]),
    "regex": lambda arguments, position: Sql(pattern(convert(arguments[position], STRING)), STRING, False),
    "like": lambda arguments, position: Sql(like(convert(arguments[position], STRING)), STRING, False),
    "folded": lambda arguments, position: Sql(folded(convert(arguments[position], STRING)), STRING, False),
    "null": lambda arguments, position: Sql(null_test(arguments[position]), BOOL, False),
    **{name: _converted(type) for name, type in TYPE_NAMES.items()},
}

__all__ = ["SHAPES", "folded", "listed", "pattern", "texts", "wanted"]
