"""A text as coloured pieces, for any text at all: one pass over its signs, no parser.

What a name is follows from its place: behind a pipe an operator, at the beginning of a pipeline a table, before a
bracket a function. A table inside brackets is told from a column by the pipe that follows it there.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass

from kql.editing.words import keywords, operator_words


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a text, from `start` to `end` in characters.

    kind: 'operator', 'keyword', 'function', 'aggregate', 'table', 'column', 'name', 'string', 'number', 'literal',
    'comment' or 'punctuation'. Blanks belong to no token.
    """

    kind: str
    start: int
    end: int


_SIGNS = re.compile(
    r"""(?P<comment>//[^\n]*)
    |(?P<string>[hH]?(?:```[\s\S]*?(?:```|\Z)|~~~[\s\S]*?(?:~~~|\Z)
        |@"(?:[^"\n]|"")*(?:"|$)|@'(?:[^'\n]|'')*(?:'|$)|"(?:[^"\\\n]|\\.)*(?:"|\\?$)|'(?:[^'\\\n]|\\.)*(?:'|\\?$)))
    |(?P<literal>\b(?:datetime|date|timespan|time|guid|uuid|uniqueid|bool|boolean|int|int32|long|int64|real|double|float
        |decimal)\s*\((?:\s*"[^"\n]*"\s*|\s*'[^'\n]*'\s*|\s*[-+]?\d[^()"'\n|]*|\s*null\s*|\s*(?:true|false)\s*)\))
    |(?P<number>0[xX][0-9a-fA-F]+\b|\d+(?:\.\d+)?(?:[eE][+-]?\d+)?(?:[a-zA-Z]+\b)?(?!\w))
    |(?P<hyphened>\b(?:project-(?:away|keep|rename|reorder|by-names)|mv-(?:expand|apply)|parse-(?:where|kv)|make-series
        |top-(?:nested|hitters)|sample-distinct|granny-(?:asc|desc)|graph-\w+|macro-expand)\b)
    |(?P<infix>!?(?:in~)|!(?:between|contains|endswith|has|hasprefix|hassuffix|in|like|startswith)(?:_cs)?\b)
    |(?P<word>[$_]?[^\W\d]\w*|_\w*|\d+[a-zA-Z_]\w*)
    |(?P<sign>==|=~|!=|!~|<>|<=|>=|=>|\.\.|[^\s\w])""",
    re.X | re.M,
)
_STATEMENTS = frozenset({"let", "set", "declare"})
_OPTIONS = frozenset({
    "kind", "withsource", "with_source", "isfuzzy", "bagexpansion", "with_itemindex", "flags", "decodeblocks", "hint",
})  # fmt: skip
_ALSO_KEYWORDS = frozenset({"limit", "as", "project"})  # operators' words that others use too
_TABLES_FOLLOW = frozenset({"union", "join", "lookup"})


def tokens(text: str) -> list[Token]:
    """The pieces of a text in order. Never raises; what is broken is coloured as far as it goes."""
    signs = list(_SIGNS.finditer(text))
    piped = _piped(signs)
    found: list[Token] = []
    frames: list[str] = [""]  # the operator that is being written, for each open bracket
    before, fresh, option = ";", True, False  # the last sign, whether a pipeline may begin here, or an option's value
    for place, match in enumerate(signs):
        group, word = str(match.lastgroup), match.group()
        kind, following = group, signs[place + 1].group() if place + 1 < len(signs) else ""
        if group == "comment":
            found.append(Token("comment", match.start(), match.end()))
            continue
        if group == "sign":
            kind = "punctuation"
            fresh = _follow(word, place, frames, piped, before)
        elif group in ("word", "hyphened"):
            kind = "keyword" if option else _kind(word, before, following, fresh, frames)
            if kind == "operator":
                frames[-1] = operator_words()[word]
            fresh = kind == "operator" and frames[-1] in _TABLES_FOLLOW
        elif group == "infix":
            kind, fresh = "keyword", False
        else:
            fresh = False
        found.append(Token(kind, match.start(), match.end()))
        option = word == "=" and before in _OPTIONS
        before = word if not (word == "(" and before == "typeof") else "typeof"
    return found


def _piped(signs: list[re.Match[str]]) -> set[int]:
    """The places of the brackets that hold a pipe of their own, and of the signs behind which a pipeline begins."""
    found: set[int] = set()
    open_at: list[int] = [-1]
    for place, match in enumerate(signs):
        if match.lastgroup != "sign":
            continue
        sign = match.group()
        if sign in "([{":
            open_at.append(place)
        elif sign in ")]}":
            if len(open_at) > 1:
                open_at.pop()
        elif sign in (";", "="):
            if sign == ";" or len(open_at) == 1:
                open_at[-1] = place
        elif sign == "|":
            found.add(open_at[-1])
    return found


def _follow(sign: str, place: int, frames: list[str], piped: set[int], before: str) -> bool:
    """What a sign does to the operator being written; whether a pipeline may begin behind it."""
    if sign in "([{":
        table = sign == "{" or (sign == "(" and frames[-1] in _TABLES_FOLLOW and before != "on")
        frames.append("")
        return table or place in piped
    if sign in ")]}":
        if len(frames) > 1:
            frames.pop()
        return False
    if sign in ("|", ";"):
        frames[-1] = ""
        return True
    if sign == ",":
        return frames[-1] == "union"
    return sign == "=" and frames[-1] == "let" and place in piped


def _kind(word: str, before: str, following: str, fresh: bool, frames: list[str]) -> str:
    if before == "|":
        return "operator" if word in operator_words() else "function" if following == "(" else "name"
    if word in ("$left", "$right"):
        return "keyword"
    if before == ".":
        return "function" if following == "(" else "column"
    if fresh and before == ";" and word in _STATEMENTS:
        frames[-1] = word
        return "keyword"
    if frames[-1] == "let" and before == "let":
        return "name"
    if fresh and word in operator_words() and following not in ("", "|", ";", ",", ")", ".", "=", "=="):
        return "operator"
    if following == "(":
        return _called(word)
    if word in ("true", "false", "null", "True", "False"):
        return "literal"
    if before == "nulls" or (before == "typeof" and word in _types()):
        return "keyword"
    if word in _OPTIONS and following in ("=", "."):
        return "keyword"
    if following == "=":
        return "name"
    if word in keywords() and (word not in operator_words() or word in _ALSO_KEYWORDS) and not fresh:
        return "keyword"
    if fresh:
        return "table"
    return "keyword" if before == ":" and word in _types() else "name" if following == ":" else "column"


def _called(word: str) -> str:
    """What stands before a bracket: a function, an aggregate, or a keyword such as `in (`."""
    from kql.functions import catalogue

    row = catalogue.find(word)
    if row is not None and row.kind == "aggregate":
        return "aggregate"
    return "keyword" if word in keywords() or (row is not None and row.kind == "infix") else "function"


@functools.cache
def _types() -> frozenset[str]:
    from kql.types import TYPE_NAMES

    return frozenset(TYPE_NAMES)
