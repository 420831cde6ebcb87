"""Functions that take a regular expression (RE2): extract, extract_all, replace_regex, trim, countof."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from kql.forms import Json
from kql.functions.regex import problem
from kql.functions.row import alias, scalar
from kql.functions.shapes import pattern
from kql.sql import quote
from kql.sql.convert import convert
from kql.sql.value import Arguments, Sql
from kql.types import DYNAMIC, STRING


def group_names(expression: str) -> list[str]:
    """The groups of an expression in order, each by its name or ''."""
    plain = re.sub(r"\\.|\[\^?\]?(?:\\.|[^\]])*\]", "", expression, flags=re.DOTALL)
    return [found.group(1) or "" for found in re.finditer(r"\((?!\?)|\(\?P?<(\w+)>", plain)]


def _uncountable(constants: Sequence[object]) -> str:
    """extract_all gives its captures in an array each, so there is at least one, and the engine allows sixteen."""
    groups = len(group_names(constants[0])) if isinstance(constants[0], str) else 1
    return "" if 1 <= groups <= 16 else f"its regular expression has {groups or 'no'} capturing groups, not 1 to 16"


def _captured(text: str, expression: Sql, group: int) -> str:
    """What a group catches, never NULL. A pattern that is no constant is tried, for it may not be one at all."""
    if expression.constant and isinstance(expression.const, str):
        return "''" if group > len(group_names(expression.const)) else f"regexp_extract({text}, {pattern(expression)}, {group})"
    return f"coalesce(TRY(regexp_extract({text}, {pattern(expression)}, {group})), '')"


def _extract(arguments: Arguments) -> Sql:
    expression, group, text = convert(arguments[0], STRING), arguments[1], convert(arguments[2], STRING).string
    if group.constant:
        place = group.const if isinstance(group.const, int) else -1
        written = _captured(text, expression, place) if place >= 0 else "''"
    else:
        # the engine wants a constant here
        most = len(group_names(expression.const)) if isinstance(expression.const, str) else 9
        cases = " ".join(f"WHEN {place} THEN {_captured(text, expression, place)}" for place in range(most + 1))
        written = f"CASE {group.fetched().text} {cases} ELSE '' END"
    found = Sql(written, STRING, False)
    return found if len(arguments) == 3 else convert(found, arguments.result)


def _extract_all(arguments: Arguments) -> Sql:
    """One group: an array of its captures; several: an array of arrays. No match: null."""
    expression = convert(arguments[0], STRING)
    known = group_names(str(expression.const))
    written = pattern(expression)
    text = convert(arguments[-1 + len(arguments)], STRING).string
    groups = list(range(1, max(len(known), 1) + 1))
    chosen = arguments[1].const if len(arguments) == 3 else None
    if isinstance(chosen, str):
        wanted = json.loads(chosen)
        places = [known.index(each) + 1 if each and each in known else each for each in (wanted if isinstance(wanted, list) else [])]
        groups = [place for place in places if isinstance(place, int) and 1 <= place <= len(known)] or groups
    if not known:
        groups = [0]
    if len(groups) == 1:
        found = f"list_transform(regexp_extract_all({text}, {written}, {groups[0]}), lambda e: coalesce(e, ''))"
        return Sql(f"CASE WHEN regexp_matches({text}, {written}) THEN to_json({found}) END", DYNAMIC, True, Json())
    each = ", ".join(f"coalesce(regexp_extract_all({text}, {written}, {group})[i], '')" for group in groups)
    count = f"len(regexp_extract_all({text}, {written}, {groups[0]}))"
    rows = f"list_transform(range(1, {count} + 1), lambda i: [{each}])"
    return Sql(f"CASE WHEN regexp_matches({text}, {written}) THEN to_json({rows}) END", DYNAMIC, True, Json())


def _rewrite(written: str, groups: int) -> str:
    r"""What stands for a match, as the engine reads it: \1 is a group, nothing where there is none; any other \ is itself."""
    return re.sub(r"\\(.?)", lambda m: _reference(m[1], groups), written, flags=re.DOTALL)


def _reference(sign: str, groups: int) -> str:
    if sign.isdigit() and sign.isascii():
        return f"\\{sign}" if int(sign) <= groups else ""
    return "\\\\" + ("" if sign == "\\" else sign)


def _replace(arguments: Arguments) -> str:
    """Kusto names groups by \\1 as DuckDB does."""
    text = convert(arguments[2 if arguments.overload.signature.startswith("replace(") else 0], STRING).string
    expression, rewrite = (0, 1) if arguments.overload.signature.startswith("replace(") else (1, 2)
    found, into = convert(arguments[expression], STRING), convert(arguments[rewrite], STRING)
    if isinstance(found.const, str) and isinstance(into.const, str):
        written = quote.text(_rewrite(into.const, len(group_names(found.const))))
        return f"regexp_replace({text}, {pattern(found)}, {written}, 'g')"
    # what cannot be looked at beforehand is tried: a text stays as it is where the pattern or its rewriting is none
    return f"coalesce(TRY(regexp_replace({text}, {pattern(found)}, {into.string}, 'g')), {text})"


_START = "regexp_replace({source}, '^(?:' || {regex:regex} || ')', '')"
_END = "regexp_replace({source}, '(?:' || {regex:regex} || ')$', '')"


def _cut(cut: str) -> dict[str, str]:
    """A text that is cut; a pattern that is no constant is tried, for it may not be one at all."""
    return {"regex is constant": cut, "": f"coalesce(TRY({cut}), {{source}})"}


def _trim(arguments: Arguments) -> str:
    """Both ends are looked for in the text as it was: what follows the first is taken before what is left of it."""
    expression, text = convert(arguments[0], STRING), convert(arguments[1], STRING).string
    written = pattern(expression)
    whole = isinstance(expression.const, str) and not problem(expression.const) and not problem(f"({expression.const})")
    middle = len(group_names(str(expression.const))) + 1 if whole else 10
    if middle < 10:
        return f"regexp_replace({text}, '^(?:' || {written} || ')?((?s:.*?))(?:' || {written} || ')?$', '\\{middle}')"
    cut = f"regexp_replace(regexp_replace({text}, '^(?:' || {written} || ')', ''), '(?:' || {written} || ')$', '')"
    return cut if expression.constant else f"coalesce(TRY({cut}), {text})"


_COUNTOF = {
    'kind is "regex" and search is constant': "CAST(len(regexp_extract_all({text}, {search:regex})) AS BIGINT)",
    'kind is "regex"': "coalesce(TRY(CAST(len(regexp_extract_all({text}, {search:regex})) AS BIGINT)), 0)",
    "": "CASE WHEN {search} = '' THEN 0 ELSE CAST(len(list_filter(range(1, length({text}) + 1), "
    "lambda i: substring({text}, i, length({search})) = {search})) AS BIGINT) END",
}
_EXTRACT_ALL = scalar(
    ("extract_all(regex:string <Constant>, text:text) -> dynamic", _extract_all),
    ("extract_all(regex:string <Constant>, captureGroups:dynamic, text:text) -> dynamic", _extract_all),
    doc="All captures of a regular expression: an array, or an array of arrays where it has several groups.",
    examples=("array_length(extract_all(@'(\\d+)', 'a1b22')) == 2",),
    nulls="custom",
    check=_uncountable,
)
_REPLACE_REGEX = scalar(
    ("replace_regex(source:text, lookup_regex:string, rewrite_pattern:string) -> string", _replace),
    doc="The text with every match of a regular expression replaced; \\1 is its first group.",
    examples=("replace_regex('a1b2', @'\\d', '#') == 'a#b#'",),
    nulls="total",
)
_TRIM = [
    scalar(
        (f"{name}(regex:string, source:text) -> string", sql),
        doc=f"The text without a match of a regular expression {where}.",
        examples=(example,),
        nulls="total",
    )
    for name, sql, where, example in (
        ("trim", _trim, "at its start and at its end", "trim('-+', '--a--') == 'a'"),
        ("trim_start", _cut(_START), "at its start", "trim_start('-', '--a') == '-a'"),
        ("trim_end", _cut(_END), "at its end", "trim_end('[.]', 'a.') == 'a'"),
    )
]

ROWS = (
    scalar(
        ("extract(regex:string, captureGroup:Integer, source:text) -> string", _extract),
        ("extract(regex:string, captureGroup:Integer, source:text, typeLiteral:type) -> ParameterNLiteral", _extract),
        doc="What a group of a regular expression catches, empty where there is no match; may be turned into a type.",
        examples=("extract(@'(\\d+)', 1, 'a12') == '12'", "extract(@'(\\d+)', 1, 'a12', typeof(long)) == 12"),
        nulls="custom",
    ),
    _EXTRACT_ALL,
    alias("extractall", _EXTRACT_ALL),
    _REPLACE_REGEX,
    scalar(
        ("replace(lookup_regex:string, rewrite_pattern:string, source:text) -> string", _replace),
        doc="The old spelling of replace_regex, with the text last.",
        examples=("replace('a', 'b', 'aca') == 'bcb'",),
        nulls="total",
        hidden=True,
    ),
    *_TRIM,
    scalar(
        ("countof(text:text, search:string, kind:string? <Constant>) -> long", _COUNTOF),
        doc="How often a text (overlapping) or, with kind 'regex', a regular expression occurs.",
        examples=("countof('aaa', 'a') == 3", "countof('a1b2', @'\\d', 'regex') == 2"),
        nulls="custom",
    ),
)

__all__ = ["ROWS", "group_names"]
