"""Rows that queries cannot write: steps that operators lower to. Their names begin with $."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kql.forms import Json, List, Object, Scalar
from kql.functions.regex import escape, unicode_classes
from kql.functions.row import aggregate, scalar
from kql.functions.template import Answer, template
from kql.sql import dynamic, quote
from kql.sql.convert import convert
from kql.sql.value import Arguments, Sql
from kql.types import BOOL, DYNAMIC, LONG, REAL, STRING, TYPE_NAMES

if TYPE_CHECKING:
    from kql.functions.row import Code


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


def _pairs(arguments: Arguments) -> Sql:
    """The pairs of keys and values in a text, in order. The pattern's first group is the key; then come the groups of
    quoted values, one for each way of quoting, and last the plain value."""
    text = arguments[0].string
    pattern, ends, quotes, escapes = (str(arguments[place].const) for place in range(1, 5))
    quoted = int(str(arguments[5].const))
    written = quote.text(unicode_classes(pattern))
    found = ", ".join(f"regexp_extract_all(t, {written}, {group})" for group in range(1, quoted + 3))
    key = f"trim(p[1], {_BLANKS})"
    if ends:
        key = f"trim(list_last(string_split({key}, {quote.text(ends)})), {_BLANKS})"
    plain = f"trim(p[{quoted + 2}], {_BLANKS})"
    value = plain
    if quotes:
        key = f"CASE WHEN starts_with(trim(p[1]), left({quote.text(quotes)}, 1)) THEN trim(p[1]) ELSE {key} END"
        key = f"trim({key}, {quote.text(quotes)})"
        inside = [f"nullif(p[{group}], '')" for group in range(2, quoted + 2)]
        if escapes:
            unescaped = quote.text("[" + escape(escapes) + "](.)")
            inside = [f"regexp_replace({each}, {unescaped}, '\\1', 'gs')" for each in inside]
        value = f"coalesce({', '.join(inside)}, {plain})"
    pair = f"list_transform(list_zip({found}), lambda p: struct_pack(k := {key}, v := {value}))"
    form = List(Object((("k", Scalar(STRING)), ("v", Scalar(STRING)))))
    return Sql(f"list_transform([{text}], lambda t: {pair})[1]", DYNAMIC, True, form)


# Whole numbers and ticks are divided exactly; the engine's division would round towards zero.
_EXACT = "list_transform([{}], lambda d: (d - ((d % {{step}}) + {{step}}) % {{step}}) // {{step}})[1]"
# The number of the step, counted from an origin, in which a value lies; and that of the last step that begins before one.
_STEP = {
    "value is real": "TRY_CAST(floor(({value} - {origin}) / nullif({step}, 0)) AS BIGINT)",
    "": _EXACT.format("({value}) - ({origin})"),
}
_STEP_BEFORE = {
    "stop is real": "TRY_CAST(ceil(({stop} - {origin}) / nullif({step}, 0)) - 1 AS BIGINT)",
    "": _EXACT.format("({stop}) - 1 - ({origin})"),
}


_BLANKS = "' ' || chr(9) || chr(10) || chr(13)"


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


def _arg(function: str) -> Code:
    def sql(arguments: Arguments) -> Sql:
        value, by = arguments[0].fetched(), arguments[1].fetched()
        if value.members is not None:
            value = dynamic.as_json(value)
        text = value.written
        order = by.written
        if by.type is REAL and function == "arg_min":
            # NaN is below all numbers for the smallest, and above them for the largest
            order = f"CASE WHEN isnan({order}) THEN CAST('-Infinity' AS DOUBLE) ELSE {order} END"
        packed = f"struct_pack(v := {text})"
        found = f"{function}({packed}, {order})"
        if by.nullable and by.type is not STRING:
            found = f"coalesce({found}, first({packed}))"
        return Sql(f"({found}).v", value.type, True, value.form)  # of no rows it is missing

    return sql


_ANY: dict[str, Answer] = {
    "value is string": "any_value(nullif({value}, ''))",
    "": template("any_value({value:same})", "value:same"),
}
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
        (
            "$pairs(text:typed, pattern:string <Constant>, ends:string <Constant>, quotes:string <Constant>, "
            "escapes:string <Constant>, quoted:long <Constant>) -> dynamic",
            _pairs,
        ),
        doc="The pairs of keys and values in a text, for parse-kv.",
        hidden=True,
    ),
    scalar(("$step(value:typed, origin:typed, step:typed) -> long", _STEP), doc="The step of a value, for make-series.", hidden=True),
    scalar(("$step_before(stop:typed, origin:typed, step:typed) -> long", _STEP_BEFORE), doc="The last step, for make-series.", hidden=True),
    scalar(
        ("$stepped(number:long, origin:typed, step:typed) -> Parameter1", "({origin} + {number} * {step})"),
        doc="Where a step begins, for make-series.",
        hidden=True,
    ),
    scalar(("$pair(pairs:typed, key:string <Constant>) -> string", "list_filter({pairs:same}, lambda p: p.k = {key})[1].v"), doc="The first value of a key, for parse-kv.", hidden=True),
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
    aggregate(("$any(value:typed) -> Parameter0", _ANY), doc="The value of some row.", hidden=True),
)
