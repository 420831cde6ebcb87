"""Functions over texts: their length, pieces, case and spelling. Positions count characters from 0."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from kql.forms import List, Scalar
from kql.functions.letters import lowered, uppered
from kql.functions.row import Function, alias, scalar
from kql.functions.template import Template, template
from kql.sql.convert import convert
from kql.sql.value import Arguments, Sql, constant
from kql.types import STRING

if TYPE_CHECKING:
    from kql.functions.row import Code, Computed

def _folding(written: str, fold: Callable[[str], str], lower: bool = False) -> Code:
    """A function of one text that is computed at once for a constant, so that a condition on `type` stays decidable."""

    def sql(arguments: Arguments) -> Sql:
        value = convert(arguments[0], STRING).fetched()
        if value.constant and isinstance(value.const, str):
            return constant(fold(value.const), STRING)
        if lower and value.lower:
            return value
        return Sql(written.replace("{x}", value.text), STRING, value.nullable, lower=lower)

    return sql


def _strcat(arguments: Arguments) -> Sql:
    values = [convert(value, STRING) for value in arguments.values]
    if all(value.constant for value in values):
        return constant("".join(str(value.const) for value in values), STRING)
    return Sql("concat(" + ", ".join(value.fetched().text for value in values) + ")", STRING, False)


def _split(index: str) -> Template:
    """All pieces of a text as an array; with an index an array of that one piece, null where there is none."""
    piece = f"({{pieces}})[{index}]"
    return template(
        f"CASE WHEN {piece} IS NOT NULL THEN [{piece}] END" if index else "({pieces})", List(Scalar(STRING)), null=bool(index),
        pieces={
            "delimiter is constant and delimiter is not empty": "string_split({source}, {delimiter})",
            "": "CASE WHEN {delimiter} = '' THEN [{source}] ELSE string_split({source}, {delimiter}) END",
        },
    )  # fmt: skip


_SPLIT = {
    "requestedIndex is negative": _split("{requestedIndex:count}"),
    "requestedIndex is whole": _split("{requestedIndex:place}"),
    "requestedIndex": _split("CASE WHEN {requestedIndex:count} < 0 THEN {requestedIndex:count} ELSE {requestedIndex:count} + 1 END"),
    "": _split(""),
}
_SUBSTRING = template(
    {"length": "substring({source}, {begin}, {taken})", "": "substring({source}, {begin})"},
    null="argument",
    # a start before the text's begin gives nothing, as one behind its end does
    behind="length({source}) + 1",
    begin={
        "startingIndex is negative": "CASE WHEN length({source}) < -({startingIndex:count}) THEN {behind} ELSE {behind} + {startingIndex:count} END",
        "startingIndex is whole": "{startingIndex:place}",
        "": "CASE WHEN {startingIndex:count} >= 0 THEN {startingIndex:count} + 1 "
        "WHEN length({source}) < -{startingIndex:count} THEN {behind} ELSE {behind} + {startingIndex:count} END",
    },
    taken={
        "length is negative": "0",
        "length is whole": "{length:count}",
        "": "CASE WHEN {length:count} < 0 THEN 0 ELSE {length:count} END",
    },
)
_INDEXOF = template(
    {
        "match is constant and match is not empty": "CAST({found} AS BIGINT)",
        "": "CASE WHEN {match} <> '' THEN CAST({found} AS BIGINT) END",
    },
    found={
        "start": "kql_indexof({text}, {match}, {start:count}, {length:count|-1}, {occurrence:count|1})",
        "": "instr({text}, {match}) - 1",
    },
)
_STRCAT_ARRAY = template(
    {"array is texts": "{joined}", "": "coalesce({joined}, '')"},
    elements="list_transform({array:texts}, lambda e: coalesce(e, ''))",
    # array_to_string takes a constant only
    joined={"delimiter is constant": "array_to_string({elements}, {delimiter})", "": "kql_joined({elements}, {delimiter})"},
)


_TYPES = ("bool", "int", "long", "real", "decimal", "string", "datetime", "timespan", "guid")
_GETTYPE = template(
    {
        **{f"value is {name}": f"'{name}'" for name in _TYPES},
        "value is plain": "CASE WHEN {value:same} IS NULL THEN 'null' ELSE {kind} END",
        "value is list": "CASE WHEN {value:same} IS NULL THEN 'null' ELSE 'array' END",
        "": "kql_json_kind({value})",
    },
    kind={
        "value is plain_real": "'double'",
        **{f"value is plain_{name}": f"'{name}'" for name in ("bool", "int", "long", "datetime", "timespan", "guid", "decimal")},
        "": "'string'",
    },
)
# The digits of the two's complement in the width of the type.
_TOHEX = template(
    "lpad({digits}, CAST(greatest(length({digits}), least({minLength:count|0}, 16)) AS INTEGER), '0')",
    number={"value is int": "(CAST({value} AS BIGINT) & 4294967295)", "": "CAST({value} AS BIGINT)"},
    digits="lower(hex({number}))",
)


_TOLOWER = scalar(
    ("tolower(value:text) -> string", _folding("lower({x})", lowered, lower=True)),
    doc="The text in lower case.",
    examples=("tolower('Ab') == 'ab'",),
    nulls="total",
)
_TOUPPER = scalar(
    ("toupper(value:text) -> string", _folding("upper({x})", uppered)),
    doc="The text in upper case.",
    examples=("toupper('Ab') == 'AB'",),
    nulls="total",
)
_REPLACE_STRING = scalar(
    ("replace_string(text:text, lookup:text, rewrite:text) -> string",
     "CASE WHEN {lookup} = '' THEN {text} ELSE replace({text}, {lookup}, {rewrite}) END"),
    doc="The text with every occurrence of another replaced.",
    examples=("replace_string('a-b-c', '-', '+') == 'a+b+c'",),
    nulls="total",
)  # fmt: skip


def _simple(name: str, signature: str, sql: Computed, doc: str, *examples: str, naming: str = "") -> Function:
    return scalar((name + signature, sql), doc=doc, examples=examples, nulls="custom", naming=naming)


ROWS = (
    scalar(
        ("strlen(text:text) -> long", {
            "text is absent": template("length({text:plain})", null=True),
            "": template("length({text})", null=False),
        }),
        doc="How many characters a text has.",
        examples=("strlen('añb') == 3",),
        nulls="total",
        naming="name_first",
    ),
    _simple("string_size", "(text:text) -> long", "CAST(octet_length(encode({text})) AS BIGINT)",
            "How many bytes a text takes in UTF-8.", "string_size('añ') == 3", naming="name_first"),
    _TOLOWER,
    _TOUPPER,
    scalar(
        ("strcat(argument:text...) -> string", _strcat),
        doc="All arguments as one text; nulls vanish.",
        examples=("strcat('a', 1, true) == 'a1True'",),
        nulls="total",
    ),
    scalar(
        ("strcat_delim(delimiter:text, argument:text, more:text...) -> string", "concat_ws({delimiter}, {argument+more})"),
        doc="All arguments as one text with a delimiter between them; a null keeps its place.",
        examples=("strcat_delim('-', 'a', 'b') == 'a-b'",),
        nulls="total",
    ),
    scalar(
        ("strcat_array(array:dynamic, delimiter:text) -> string", _STRCAT_ARRAY),
        doc="The elements of an array as one text with a delimiter between them.",
        examples=("strcat_array(dynamic([1, 'b']), '-') == '1-b'",),
        nulls="custom",
    ),
    scalar(
        ("split(source:text, delimiter:string, requestedIndex:Integer?) -> dynamic", _SPLIT),
        doc="The pieces of a text between delimiters as an array; with an index, an array of that piece alone.",
        examples=("tostring(split('a_b', '_')[1]) == 'b'", "array_length(split('a_b', '_', 1)) == 1"),
        nulls="custom",
        naming="first",
    ),
    scalar(
        ("substring(source:text, startingIndex:Integer, length:Integer?) -> string", _SUBSTRING),
        doc="A piece of a text; a negative start counts from the end.",
        examples=("substring('abcdef', 1, 2) == 'bc'", "substring('abcdef', -2) == 'ef'"),
        nulls="custom",
    ),
    scalar(
        ("indexof(text:text, match:text, start:Integer?, length:Integer?, occurrence:Integer?) -> long", _INDEXOF),
        doc="Where a text first stands in another, -1 when it does not; null for an empty one.",
        examples=("indexof('abcdef', 'cd') == 2", "indexof('abc', 'x') == -1"),
        nulls="custom",
    ),
    _REPLACE_STRING,
    scalar(
        ("strrep(value:text, multiplier:Integer, delimiter:text?) -> string",
         "array_to_string(list_transform(range(greatest(least(coalesce({multiplier}, 0), 1024), 0)), lambda i: {value}), {delimiter|''})"),
        doc="A text repeated, with a delimiter between the copies.",
        examples=("strrep('ab', 2, '-') == 'ab-ab'",),
        nulls="custom",
    ),
    _simple("strcmp", "(left:text, right:text) -> long",
            "CAST(CASE WHEN {left} < {right} THEN -1 WHEN {left} > {right} THEN 1 ELSE 0 END AS BIGINT)",
            "-1, 0 or 1: how two texts sort.", "strcmp('a', 'b') == -1"),
    _simple("reverse", "(value:text) -> string", "reverse({value})", "The text backwards.", "reverse('abc') == 'cba'"),
    _simple("translate", "(searchList:text, replacementList:text, source:text) -> string",
            "kql_translate({searchList}, {replacementList}, {source})",
            "Every character of one list replaced by the one at its place in another.", "translate('abc', 'xyz', 'cab') == 'zxy'"),
    scalar(
        ("gettype(value:Scalar) -> string", _GETTYPE),
        doc="The name of a value's type; of a dynamic what it holds.",
        examples=("gettype(1) == 'long'", "gettype(dynamic([1])) == 'array'"),
        nulls="total",
        naming="prefix:type",
    ),
    _simple("base64_encode_tostring", "(text:text) -> string", "base64(encode({text}))", "A text in Base64.",
            "base64_encode_tostring('abc') == 'YWJj'"),
    alias("base64_encodestring", _simple("base64_encode_tostring", "(text:text) -> string", "base64(encode({text}))", "A text in Base64.")),
    _simple("base64_decode_tostring", "(text:text) -> string", "coalesce(try(decode(from_base64({text}))), '')",
            "The text that a Base64 text holds.", "base64_decode_tostring('YWJj') == 'abc'"),
    _simple("url_encode_component", "(url:text) -> string", "kql_url_escaped({url})", "A text escaped for a part of a URL.",
            "url_encode_component('a b') == 'a%20b'"),
    _simple("url_encode", "(url:text) -> string", "replace(kql_url_escaped({url}), '%20', '+')", "A text escaped for a URL.",
            "url_encode('a b') == 'a+b'"),
    _simple("url_decode", "(url:text) -> string", "url_decode(replace({url}, '+', ' '))", "An escaped text in plain.",
            "url_decode('a%20b') == 'a b'"),
    _simple("tohex", "(value:Integer, minLength:Integer?) -> string", _TOHEX, "A number in hexadecimal.", "tohex(255) == 'ff'", naming="first"),
)  # fmt: skip
