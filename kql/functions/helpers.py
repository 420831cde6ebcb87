"""Rows that queries cannot write: steps that operators lower to. Their names begin with $."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kql.forms import Json, List, Scalar
from kql.functions.regex import unicode_classes
from kql.functions.row import aggregate, scalar
from kql.sql import dynamic, quote
from kql.sql.convert import convert
from kql.sql.value import Arguments, Sql
from kql.types import BOOL, DYNAMIC, LONG, REAL, STRING, TYPE_NAMES

if TYPE_CHECKING:
    from kql.functions.row import Template


def _captures(arguments: Arguments) -> Sql:
    """The groups of a regular expression as a list, or NULL where it does not fit."""
    text, pattern, count = arguments[0].string, str(arguments[1].const), int(str(arguments[2].const))
    written = quote.text(unicode_classes(pattern))
    if count == 0:
        return Sql(
            f"CASE WHEN regexp_matches({text}, {written}) THEN CAST([] AS VARCHAR[]) END",
            DYNAMIC,
            True,
            List(Scalar(STRING)),
        )
    names = ", ".join(f"'g{place}'" for place in range(count))
    groups = ", ".join(
        f"struct_extract(regexp_extract({text}, {written}, [{names}]), 'g{place}')" for place in range(count)
    )
    return Sql(f"CASE WHEN regexp_matches({text}, {written}) THEN [{groups}] END", DYNAMIC, True, List(Scalar(STRING)))


def _capture(arguments: Arguments) -> Sql:
    place = int(str(arguments[1].const))
    value = dynamic.step(arguments[0].fetched(), place)
    return Sql(value.text, STRING, True)


def _element_as(arguments: Arguments) -> Sql:
    """`to typeof(T)` of mv-expand: numbers for number types, no parsing of texts (kql-semantics 9.4)."""
    value, target = arguments[0].fetched(), TYPE_NAMES[str(arguments[1].const)]
    if target in (LONG, REAL, TYPE_NAMES["int"], TYPE_NAMES["decimal"], BOOL):
        if isinstance(value.form, Json):
            kinds = "('BOOLEAN')" if target is BOOL else "('BIGINT', 'UBIGINT', 'DOUBLE')"
            text = f"CASE WHEN json_type({value.text}) IN {kinds} THEN {convert(value, target).text} END"
            return Sql(text, target, True)
        if isinstance(value.form, Scalar) and value.form.type is STRING:
            return convert(dynamic.NULL, target)
    return convert(value, target)


def _arg(function: str) -> Template:
    def sql(arguments: Arguments) -> Sql:
        value, by = arguments[0].fetched(), arguments[1].fetched()
        if value.members is not None:
            value = dynamic.as_json(value)
        text = value.string if value.type is STRING else value.text
        order = by.string if by.type is STRING else by.text
        if by.type is REAL and function == "arg_min":
            # NaN is below all numbers for the smallest, and above them for the largest
            order = f"CASE WHEN isnan({order}) THEN CAST('-Infinity' AS DOUBLE) ELSE {order} END"
        packed = f"struct_pack(v := {text})"
        found = f"{function}({packed}, {order})"
        if by.nullable and by.type is not STRING:
            found = f"coalesce({found}, first({packed}))"
        return Sql(f"({found}).v", value.type, value.nullable or value.type is not STRING, value.form)

    return sql


def _any(arguments: Arguments) -> Sql:
    value = arguments[0].fetched()
    if value.members is not None:
        value = dynamic.as_json(value)
    if value.type is STRING:
        return Sql(f"any_value(nullif({value.string}, ''))", STRING, True)
    return Sql(f"any_value({value.text})", value.type, True, value.form)


ROWS = (
    scalar(
        ("$captures(text:typed, pattern:string <Constant>, groups:long <Constant>) -> dynamic", _captures),
        doc="The groups of a pattern, for parse.",
        hidden=True,
    ),
    scalar(
        ("$capture(groups:typed, place:long <Constant>) -> string", _capture), doc="One group, for parse.", hidden=True
    ),
    scalar(
        ("$element_as(element:dynamic, type:type) -> Parameter1Literal", _element_as),
        doc="An element that mv-expand turns into a type.",
        hidden=True,
    ),
    scalar(
        ("$without_empty(bag:dynamic) -> dynamic", "kql_without_empty({bag})"),
        doc="A bag without null and empty members, for pack_all(true).",
        hidden=True,
    ),
    aggregate(
        ("$arg_max(value:typed, by:typed) -> Parameter0", _arg("arg_max")),
        doc="A column of the row with the largest value.",
        hidden=True,
    ),
    aggregate(
        ("$arg_min(value:typed, by:typed) -> Parameter0", _arg("arg_min")),
        doc="A column of the row with the smallest value.",
        hidden=True,
    ),
    aggregate(("$any(value:typed) -> Parameter0", _any), doc="The value of some row.", hidden=True),
)
