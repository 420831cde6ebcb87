"""Functions over texts."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import urllib.parse
import uuid
from typing import Any

from inventory.templates.errors import ExpressionError
from inventory.templates.functions.rows import LONGEST_TEXT, expect, function

_GUIDS = uuid.UUID("11fb06fb-712d-4ddd-98c7-e71bbd588830")
"""The namespace in which `guid` makes its version-5 identifiers, as Azure does."""
_HOLE = re.compile(r"\{\{|\}\}|\{(\d{1,4})(?::([A-Za-z])(\d{0,2}))?\}")


def as_text(value: Any) -> str:
    """A value as `string` and `concat` write it."""
    match value:
        case str():
            return value
        case bool():
            return "True" if value else "False"
        case None:
            return ""
        case int() | float():
            return str(value)
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _text(name: str, value: Any) -> str:
    return str(expect(name, value, "String"))


def _whole(name: str, value: Any) -> int:
    return int(expect(name, value, "Integer"))


@function("string", 1)
def string(value: Any) -> str:
    return as_text(value)


@function("toLower", 1)
def to_lower(text: Any) -> str:
    return _text("toLower", text).lower()


@function("toUpper", 1)
def to_upper(text: Any) -> str:
    return _text("toUpper", text).upper()


@function("trim", 1)
def trim(text: Any) -> str:
    return _text("trim", text).strip()


@function("replace", 3)
def replace(text: Any, old: Any, new: Any) -> str:
    within, before, after = (_text("replace", each) for each in (text, old, new))
    if len(within) * max(1, len(after)) > 16 * LONGEST_TEXT:
        raise ExpressionError("The text that 'replace' would make is too long.")
    return within.replace(before, after) if before else within


@function("startsWith", 2)
def starts_with(text: Any, start: Any) -> bool:
    return _text("startsWith", text).lower().startswith(_text("startsWith", start).lower())


@function("endsWith", 2)
def ends_with(text: Any, end: Any) -> bool:
    return _text("endsWith", text).lower().endswith(_text("endsWith", end).lower())


@function("indexOf", 2)
def index_of(of: Any, wanted: Any) -> int:
    if isinstance(of, list):
        return of.index(wanted) if wanted in of else -1
    return _text("indexOf", of).lower().find(_text("indexOf", wanted).lower())


@function("lastIndexOf", 2)
def last_index_of(of: Any, wanted: Any) -> int:
    if isinstance(of, list):
        return len(of) - 1 - of[::-1].index(wanted) if wanted in of else -1
    return _text("lastIndexOf", of).lower().rfind(_text("lastIndexOf", wanted).lower())


@function("padLeft", 2, 3)
def pad_left(value: Any, width: Any, fill: Any = " ") -> str:
    size, mark = _whole("padLeft", width), _text("padLeft", fill)
    if len(mark) != 1 or not 0 <= size <= LONGEST_TEXT:
        raise ExpressionError("'padLeft' takes a width in bounds and one character to fill with.")
    return as_text(value).rjust(size, mark)


@function("split", 2)
def split(text: Any, by: Any) -> list[str]:
    whole = _text("split", text)
    marks = [by] if isinstance(by, str) else expect("split", by, "Array")
    found = [re.escape(_text("split", mark)) for mark in marks if mark]
    return re.split("|".join(found), whole) if found else [whole]


@function("join", 2)
def join(values: Any, by: Any) -> str:
    return _text("join", by).join(as_text(value) for value in expect("join", values, "Array"))


@function("substring", 2, 3)
def substring(text: Any, start: Any, length: Any = None) -> str:
    whole, first = _text("substring", text), _whole("substring", start)
    count = len(whole) - first if length is None else _whole("substring", length)
    if first < 0 or count < 0 or first + count > len(whole):
        raise ExpressionError(
            "The template language function 'substring' parameters are out of range: 'index' and 'length' must refer "
            f"to a location within the string. The index is '{first}', the length is '{count}', the string has "
            f"'{len(whole)}' characters."
        )
    return whole[first : first + count]


@function("format", 1, None)
def format_text(pattern: Any, *values: Any) -> str:
    def filled(match: re.Match[str]) -> str:
        if match.group(1) is None:
            return match.group()[0]
        number = int(match.group(1))
        if number >= len(values):
            raise ExpressionError(f"The format text '{pattern}' refers to value {number}, of {len(values)} given.")
        return _formatted(values[number], match.group(2), match.group(3))

    return _HOLE.sub(filled, _text("format", pattern))


def _formatted(value: Any, kind: str | None, digits: str) -> str:
    if kind is None or isinstance(value, bool) or not isinstance(value, int | float):
        return as_text(value)
    size = int(digits) if digits else None
    match kind.lower():
        case "d" if isinstance(value, int):
            return ("-" if value < 0 else "") + str(abs(value)).rjust(size or 0, "0")
        case "n":
            return f"{value:,.{2 if size is None else size}f}"
        case "f":
            return f"{value:.{2 if size is None else size}f}"
        case "x" if isinstance(value, int):
            found = format(value & 0xFFFFFFFF if value < 0 else value, "x").rjust(size or 0, "0")
            return found.upper() if kind == "X" else found
    raise ExpressionError(f"The format '{kind}{digits}' is not valid for a value of type 'Integer'.")


@function("uniqueString", 1, None)
def unique_string(*parts: Any) -> str:
    """13 characters that depend on nothing but the parts. Azure's own hash is not published; the form is the same."""
    digest = hashlib.sha256("-".join(_text("uniqueString", part) for part in parts).encode()).digest()
    return base64.b32encode(digest).decode().lower()[:13]


@function("guid", 1, None)
def guid(*parts: Any) -> str:
    return str(uuid.uuid5(_GUIDS, "-".join(as_text(part) for part in parts)))


@function("base64", 1)
def to_base64(text: Any) -> str:
    return base64.b64encode(_text("base64", text).encode()).decode()


@function("base64ToString", 1)
def base64_to_string(text: Any) -> str:
    try:
        return base64.b64decode(_text("base64ToString", text), validate=True).decode()
    except ValueError as error:
        raise ExpressionError("The text given to 'base64ToString' is no base64.") from error


@function("base64ToJson", 1)
def base64_to_json(text: Any) -> Any:
    return read_json(base64_to_string(text))


@function("json", 1)
def read_json(text: Any) -> Any:
    try:
        return json.loads(_text("json", text))
    except (ValueError, RecursionError) as error:
        raise ExpressionError(f"The text given to 'json' is no JSON: {error}.") from error


@function("uri", 2)
def uri(base: Any, relative: Any) -> str:
    return urllib.parse.urljoin(_text("uri", base), _text("uri", relative))


@function("uriComponent", 1)
def uri_component(text: Any) -> str:
    return urllib.parse.quote(_text("uriComponent", text), safe="-_.~")


@function("uriComponentToString", 1)
def uri_component_to_string(text: Any) -> str:
    return urllib.parse.unquote(_text("uriComponentToString", text))


@function("dataUri", 1)
def data_uri(text: Any) -> str:
    return f"data:text/plain;charset=utf8;base64,{to_base64(as_text(text))}"
