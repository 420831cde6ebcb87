"""Template text: JSON as Resource Manager reads it, and the place of things in it. Comments are allowed, line breaks in texts,
names without quotes (the az CLI sends one: `template:`) and texts in single quotes.

Places are looked up only for errors, so finding one reads the text again. Knows no template.
"""

from __future__ import annotations

import json
import re
from json.decoder import scanstring  # type: ignore[attr-defined]  # in CPython since 2.6; the stubs leave it out
from typing import Any

from inventory.templates.errors import Path

_BLANK = re.compile(r"(?:\s+|//[^\n]*|/\*.*?\*/)*", re.DOTALL)
_PLAIN = re.compile(r"[^\s,\[\]{}\"/]+")
_LENIENT = re.compile(
    r"""(?P<text>"(?:[^"\\]|\\.)*") | (?P<comment>//[^\n]*|/\*.*?\*/) | (?P<single>'(?:[^'\\]|\\.)*')
    | (?P<name>(?<![\w$.-])[A-Za-z_$][\w$-]*(?=\s*:))""",
    re.DOTALL | re.VERBOSE,
)
_NAME = re.compile(r"[A-Za-z_$][\w$-]*")
_SINGLE = re.compile(r"'((?:[^'\\]|\\.)*)'", re.DOTALL)


def read(text: str) -> Any:
    """The value of a JSON text. Raises ValueError with the place (json.JSONDecodeError) or for numbers out of bounds."""
    try:
        return json.loads(text, strict=False, parse_constant=_refuse)
    except json.JSONDecodeError:
        strict = _LENIENT.sub(_made_strict, text)
        if strict == text:
            raise
    return json.loads(strict, strict=False, parse_constant=_refuse)


def place(text: str, path: Path) -> tuple[int, int] | None:
    """Line and column (both from 1) at which the value at `path` begins in a JSON text; None when it is not there."""
    try:
        position = _find(text, _BLANK.match(text, 0).end(), path)  # type: ignore[union-attr]
    except (ValueError, IndexError, RecursionError):
        return None
    if position is None:
        return None
    return text.count("\n", 0, position) + 1, position - text.rfind("\n", 0, position)


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is no JSON value")


def _made_strict(match: re.Match[str]) -> str:
    """A comment as blanks, so that places stay what they were; a name and a text in single quotes in double ones."""
    found = match.group()
    match match.lastgroup:
        case "comment":
            return re.sub(r"[^\n]", " ", found)
        case "single":
            return _in_double_quotes(found)
        case "name":
            return f'"{found}"'
    return found


def _in_double_quotes(single: str) -> str:
    changed = {"\\'": "'", '"': '\\"'}
    return '"' + re.sub(r'\\.|"', lambda mark: changed.get(mark.group(), mark.group()), single[1:-1]) + '"'


def _text_at(text: str, at: int) -> tuple[str, int]:
    """The text or the name that begins here, and the position behind it."""
    if text[at] == '"':
        return scanstring(text, at + 1, False)  # type: ignore[no-any-return]
    single = _SINGLE.match(text, at)
    if single is not None:
        return json.loads(_in_double_quotes(single.group()), strict=False), single.end()
    name = _NAME.match(text, at)
    if name is None:
        raise ValueError("no JSON")
    return name.group(), name.end()


def _find(text: str, at: int, path: Path) -> int | None:
    if not path:
        return at
    wanted, *rest = path
    if text[at] not in "{[":
        return None
    closing = "}" if text[at] == "{" else "]"
    number = 0
    at = _skip(text, at + 1)
    while text[at] != closing:
        key: str | int = number
        if closing == "}":
            key, at = _text_at(text, at)
            at = _skip(text, _skip(text, at) + 1)
        same = key == wanted or (isinstance(key, str) and isinstance(wanted, str) and key.lower() == wanted.lower())
        if same:
            return _find(text, at, tuple(rest))
        at = _skip(text, _pass(text, at))
        if text[at] == ",":
            at = _skip(text, at + 1)
        number += 1
    return None


def _pass(text: str, at: int) -> int:
    """The position behind the value that begins here."""
    depth = 0
    while True:
        if text[at] in "\"'":
            _, at = _text_at(text, at)
        elif text[at] in "{[":
            depth, at = depth + 1, at + 1
        elif text[at] in "}]":
            depth, at = depth - 1, at + 1
        elif text[at] in ",:" and depth:
            at += 1
        else:
            plain = _PLAIN.match(text, at)
            if plain is None:
                raise ValueError("no JSON")
            at = plain.end()
        if not depth:
            return at
        at = _skip(text, at)


def _skip(text: str, at: int) -> int:
    return _BLANK.match(text, at).end()  # type: ignore[union-attr]
