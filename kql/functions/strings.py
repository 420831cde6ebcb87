"""Functions over texts: their length, pieces, case and spelling. Positions count characters from 0."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from kql.forms import List, Scalar
from kql.functions.row import Function, alias, scalar
from kql.sql import dynamic, quote
from kql.sql.convert import convert
from kql.sql.value import Arguments, Sql, constant
from kql.types import DYNAMIC, INT, LONG, STRING

if TYPE_CHECKING:
    from kql.functions.row import Template

_TEXTS = List(Scalar(STRING))


def _folding(template: str, fold: Callable[[str], str], lower: bool = False) -> Template:
    """A function of one text that is computed at once for a constant, so that a condition on `type` stays decidable."""

    def sql(arguments: Arguments) -> Sql:
        value = convert(arguments[0], STRING).fetched()
        if value.constant and isinstance(value.const, str):
            return constant(fold(value.const), STRING)
        if lower and value.lower:
            return value
        return Sql(template.replace("{x}", value.text), STRING, value.nullable, lower=lower)

    return sql


def _strcat(arguments: Arguments) -> Sql:
    values = [convert(value, STRING) for value in arguments.values]
    if all(value.constant for value in values):
        return constant("".join(str(value.const) for value in values), STRING)
    return Sql("concat(" + ", ".join(value.fetched().text for value in values) + ")", STRING, False)


def _split(arguments: Arguments) -> Sql:
    """All pieces as an array; with an index an array of that one piece, null where there is none."""
    text, delimiter = convert(arguments[0], STRING).string, arguments.text(1)
    pieces = f"string_split({text}, {delimiter})"
    if not (arguments[1].constant and arguments[1].const):
        pieces = f"CASE WHEN {delimiter} = '' THEN [{text}] ELSE {pieces} END"
    if len(arguments) < 3:
        return Sql(f"({pieces})", DYNAMIC, False, _TEXTS)
    place = arguments.count(2)
    if place.isdigit():
        piece = f"({pieces})[{int(place) + 1}]"
        return Sql(f"CASE WHEN {piece} IS NOT NULL THEN [{piece}] END", DYNAMIC, True, _TEXTS)
    piece = f"({pieces})[CASE WHEN {place} < 0 THEN {place} ELSE {place} + 1 END]"
    return Sql(f"CASE WHEN {piece} IS NOT NULL THEN [{piece}] END", DYNAMIC, True, _TEXTS)


def _substring(arguments: Arguments) -> Sql:
    text, start = arguments.text(0), arguments.count(1)
    length = arguments.count(2) if len(arguments) > 2 else None
    first = int(start) if isinstance(arguments[1].const, int) else None
    # a start before the text's begin gives nothing, as one behind its end does
    behind = f"length({text}) + 1"
    if first is not None:
        begin = str(first + 1) if first >= 0 else f"CASE WHEN length({text}) < {-first} THEN {behind} ELSE {behind} - {-first} END"
    else:
        begin = f"CASE WHEN {start} >= 0 THEN {start} + 1 WHEN length({text}) < -{start} THEN {behind} ELSE {behind} + {start} END"
    if length is None:
        found = f"substring({text}, {begin})"
    else:
        taken = str(max(int(length), 0)) if length.lstrip("-").isdigit() else f"CASE WHEN {length} < 0 THEN 0 ELSE {length} END"
        found = f"substring({text}, {begin}, {taken})"
    absent = any(value.nullable for value in arguments.values[1:])
    return Sql(found, STRING, absent, absent=absent)


def _strlen(arguments: Arguments) -> Sql:
    value = convert(arguments[0], STRING).fetched()
    return Sql(f"length({value.text if value.absent else value.string})", LONG, value.absent)


def _indexof(arguments: Arguments) -> str:
    text, match = arguments.text(0), arguments.text(1)
    if len(arguments) == 2:
        found = f"instr({text}, {match}) - 1"
    else:
        start, length, occurrence = arguments.count(2), arguments.count(3, "-1"), arguments.count(4, "1")
        found = f"kql_indexof({text}, {match}, {start}, {length}, {occurrence})"
    if arguments[1].constant and arguments[1].const:
        return f"CAST({found} AS BIGINT)"
    return f"CASE WHEN {match} <> '' THEN CAST({found} AS BIGINT) END"


def _strcat_array(arguments: Arguments) -> str:
    array, between = arguments[0].fetched(), arguments.text(1)
    known = array.form == _TEXTS
    listed = array.text if known else f"kql_texts({dynamic.as_json(array).text})"
    texts = f"list_transform({listed}, lambda e: coalesce(e, ''))"
    # array_to_string takes a constant only
    joined = f"array_to_string({texts}, {between})" if arguments[1].constant else f"kql_joined({texts}, {between})"
    return joined if known else f"coalesce({joined}, '')"


def _strcat_delim(arguments: Arguments) -> str:
    pieces = ", ".join(convert(value, STRING).string for value in arguments.values[1:])
    return f"concat_ws({arguments.text(0)}, {pieces})"


def _gettype(arguments: Arguments) -> Sql:
    value = arguments[0].fetched()
    if value.type is not DYNAMIC:
        return constant({"real": "real"}.get(value.type.value, value.type.value), STRING)
    if isinstance(value.form, Scalar):
        name = {"real": "double"}.get(value.form.type.value, value.form.type.value)
        return Sql(f"CASE WHEN {value.text} IS NULL THEN 'null' ELSE {quote.text(name)} END", STRING, False)
    if isinstance(value.form, List):
        return Sql(f"CASE WHEN {value.text} IS NULL THEN 'null' ELSE 'array' END", STRING, False)
    return Sql(f"kql_json_kind({dynamic.as_json(value).text})", STRING, False)


def _tohex(arguments: Arguments) -> str:
    """The digits of the two's complement in the width of the type."""
    value, least = arguments.text(0), f"least({arguments.count(1, '0')}, 16)"
    number = f"CAST({value} AS BIGINT)" if arguments[0].type is not INT else f"(CAST({value} AS BIGINT) & 4294967295)"
    digits = f"lower(hex({number}))"
    return f"lpad({digits}, CAST(greatest(length({digits}), {least}) AS INTEGER), '0')"


def _upper(text: str) -> str:
    """In upper case as the engine has it: letter by letter, so that ß stays one."""
    return "".join(upper if len(upper := letter.upper()) == 1 else letter for letter in text)


def _lower(text: str) -> str:
    return "".join(lower if len(lower := letter.lower()) == 1 else letter for letter in text)


_TOLOWER = scalar(
    ("tolower(value:text) -> string", _folding("lower({x})", _lower, lower=True)),
    doc="The text in lower case.",
    examples=("tolower('Ab') == 'ab'",),
    nulls="total",
)
_TOUPPER = scalar(
    ("toupper(value:text) -> string", _folding("upper({x})", _upper)),
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


def _simple(name: str, signature: str, template: Template, doc: str, *examples: str, naming: str = "") -> Function:
    return scalar((name + signature, template), doc=doc, examples=examples, nulls="custom", naming=naming)


ROWS = (
    scalar(
        ("strlen(text:text) -> long", _strlen),
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
        ("strcat_delim(delimiter:text, argument:text, more:text...) -> string", _strcat_delim),
        doc="All arguments as one text with a delimiter between them; a null keeps its place.",
        examples=("strcat_delim('-', 'a', 'b') == 'a-b'",),
        nulls="total",
    ),
    scalar(
        ("strcat_array(array:dynamic, delimiter:text) -> string", _strcat_array),
        doc="The elements of an array as one text with a delimiter between them.",
        examples=("strcat_array(dynamic([1, 'b']), '-') == '1-b'",),
        nulls="custom",
    ),
    scalar(
        ("split(source:text, delimiter:string, requestedIndex:Integer?) -> dynamic", _split),
        doc="The pieces of a text between delimiters as an array; with an index, an array of that piece alone.",
        examples=("tostring(split('a_b', '_')[1]) == 'b'", "array_length(split('a_b', '_', 1)) == 1"),
        nulls="custom",
        naming="first",
    ),
    scalar(
        ("substring(source:text, startingIndex:Integer, length:Integer?) -> string", _substring),
        doc="A piece of a text; a negative start counts from the end.",
        examples=("substring('abcdef', 1, 2) == 'bc'", "substring('abcdef', -2) == 'ef'"),
        nulls="custom",
    ),
    scalar(
        ("indexof(text:text, match:text, start:Integer?, length:Integer?, occurrence:Integer?) -> long", _indexof),
        doc="Where a text first stands in another, -1 when it does not; null for an empty one.",
        examples=("indexof('abcdef', 'cd') == 2", "indexof('abc', 'x') == -1"),
        nulls="custom",
    ),
    _REPLACE_STRING,
    scalar(
        ("strrep(value:text, multiplier:Integer, delimiter:text?) -> string",
         "array_to_string(list_transform(range(greatest(least({multiplier}, 1024), 0)), lambda i: {value}), {delimiter|''})"),
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
        ("gettype(value:Scalar) -> string", _gettype),
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
    _simple("tohex", "(value:Integer, minLength:Integer?) -> string", _tohex, "A number in hexadecimal.", "tohex(255) == 'ff'", naming="first"),
)  # fmt: skip
