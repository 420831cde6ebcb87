"""What people write who know another language, or type in haste, and what KQL has instead: help beside a message.

Data as far as it can be. Knows no grammar; whoever reports a mistake hands in the text around it.
"""

from __future__ import annotations

import re
from collections.abc import Collection

# An operator's name in SQL, Splunk, jq or PowerShell -> what says it here.
OPERATORS: dict[str, str] = {
    **dict.fromkeys(("select", "fields", "table", "map", "columns", "select-object"), "project chooses columns"),
    **dict.fromkeys(("group", "groupby", "group-by", "stats", "aggregate", "group-object"), "summarize … by … groups rows"),
    **dict.fromkeys(("orderby", "order-by", "sortby", "sort-by", "sort-object"), "order by … sorts rows"),
    **dict.fromkeys(("having", "grep", "regex", "match", "where-object"), "where keeps rows, behind summarize too"),
    **dict.fromkeys(("head", "first", "limits", "rows"), "take n keeps n rows, top n by … the first ones"),
    **dict.fromkeys(("unique", "dedup", "uniq"), "distinct leaves out what repeats"),
    **dict.fromkeys(("eval", "let", "set", "with", "compute", "add", "mutate"), "extend adds a column"),
    **dict.fromkeys(("rename",), "project-rename new = old renames a column"),
    **dict.fromkeys(("drop", "remove", "exclude", "project-out"), "project-away leaves columns out"),
    **dict.fromkeys(("expand", "explode", "unnest", "flatten", "mv_expand", "expand-property"), "mv-expand gives a row per element"),
    **dict.fromkeys(("rex", "extract"), "parse … with … cuts columns out of a text"),
    **dict.fromkeys(("from",), "a query begins with its table: Resources | …"),
}

# A function's name elsewhere -> its name here.
FUNCTIONS: dict[str, str] = {
    "if": "iff", "ifelse": "iff", "nvl": "coalesce", "ifnull": "coalesce", "isblank": "isempty", "len": "strlen",
    "length": "strlen", "size": "array_length", "array_size": "array_length", "substr": "substring", "mid": "substring",
    "left": "substring", "upper": "toupper", "ucase": "toupper", "lower": "tolower", "lcase": "tolower", "concat": "strcat",
    "join": "strcat_array", "string_agg": "make_list", "group_concat": "make_list", "array_agg": "make_list",
    "collect_list": "make_list", "collect_set": "make_set", "charindex": "indexof", "instr": "indexof", "strpos": "indexof",
    "str": "tostring", "string": "tostring", "integer": "toint", "number": "toreal", "float": "toreal", "cast": "tostring",
    "json": "parse_json", "fromjson": "parse_json", "json_extract": "parse_json", "getdate": "now", "today": "startofday",
    "date_trunc": "bin", "datediff": "datetime_diff", "dateadd": "datetime_add", "date_add": "datetime_add",
    "ceil": "ceiling", "power": "pow", "average": "avg", "mean": "avg", "median": "percentile", "std": "stdev",
    "stddev": "stdev", "var": "variance", "distinct_count": "dcount", "count_distinct": "dcount", "countdistinct": "dcount",
    "first": "take_any", "last": "arg_max", "regexp_extract": "extract", "regex_replace": "replace_regex",
    "regexp_replace": "replace_regex", "keys": "bag_keys", "any_value": "take_any", "object": "bag_pack", "array": "pack_array",
}  # fmt: skip

_UNITS = {
    "day": "d", "days": "d", "hour": "h", "hours": "h", "minute": "m", "minutes": "m", "min": "m", "mins": "m",
    "second": "s", "seconds": "s", "sec": "s", "d": "d", "h": "h", "m": "m", "s": "s", "ms": "ms",
}  # fmt: skip
_QUOTES = "“”„‟‘’‚‛«»`´＂＇"


def of_operator(name: str) -> str:
    """Help for an operator that does not exist, or ''."""
    return OPERATORS.get(name.lower(), "")


def of_function(name: str) -> str:
    """Help for a function that does not exist, or ''."""
    known = FUNCTIONS.get(name.lower())
    return f"here it is {known}()" if known else ""


def of_character(character: str) -> str:
    """Help for a character that means nothing, or ''."""
    return "the quotes of KQL are ' and \"" if character in _QUOTES else ""


def of_name(name: str) -> str:
    """Help for a name that no column has, or ''."""
    if name.lower() == "null":
        return "isnull(…) tells whether a value is null, isempty(…) whether a text is empty"
    if re.fullmatch(r"\d+[lL]", name):
        return f"a whole number is a long as it stands: {name[:-1]}"
    return ""


def of_place(
    found: str, before: str, after: str, expected: Collection[str], operators: Collection[str], comparisons: Collection[str]
) -> str:
    """Help for a word or sign that does not fit where it stands, or ''.

    before and after: the text around it. expected: what could stand there, as the grammar's terminals. operators and
    comparisons: the names that there are.
    """
    word, last = found.lower(), (re.search(r"[\w-]+$", before.rstrip()) or [""])[0].lower()
    if re.match(r"\s*select\b", before[_start_of_statement(before) :], re.I) or (word == "select" and "(" not in after[:1]):
        return "KQL reads from left to right: Table | where condition | project column, column"
    if word in ("and", "or") and found != word:
        return f"letter case counts: {word}"
    if found == "|" and before.rstrip().endswith("|") and not before.endswith("|"):
        return "an operator is missing between the pipes"
    if found in ("{", "[") and "LONG" in expected:
        return "a value of properties or elements is written dynamic(…), or made by bag_pack(…) and pack_array(…)"
    if found == "=" and after.startswith("=") and re.search(r"(?:[=!]=|=~|<|>)[^|]*$", before):
        return "comparisons do not chain: put one into brackets"
    if found == "=" and "COMPARISON" in expected:
        return "'==' compares; a single '=' only gives a name"
    if found == "|" and before.endswith("|") and after.split()[:1] and after.split()[0] in operators:
        return "one '|' is enough"
    if found == "&" or (found == "|" and before.endswith("|")):
        return f"conditions are joined with '{'and' if found == '&' else 'or'}'"
    if last == "not" and "COMPARISON" in expected:
        return "not(…) is a function: its condition stands in brackets"
    if word == "is":
        return "isnull(…) and isnotnull(…) tell of null, isempty(…) and isnotempty(…) of an empty text too"
    if word == "not" and re.match(r"\s*(in|like|contains|has|startswith|endswith|between)\b", after, re.I):
        return f"it is written with a sign: !{after.split()[0].lower()}"
    if last in ("in", "has_any", "has_all") or re.search(r"\b(?:in~?|has_any|has_all)\s+\S+$", before.rstrip()):
        return "a list stands in round brackets: in ('a', 'b')"
    if re.search(r"\bin~?\s*\[[^\]]*$", before) and found == ",":
        return "a list stands in round brackets: in ('a', 'b')"
    if re.search(r"!?between\b[^|]*$", before):
        return "a range is written: between (low .. high)"
    if word in ("ascending", "descending"):
        return f"it is written {word[: 4 if word[0] == 'd' else 3]}"
    if word == "as":
        return "a name stands before its value: name = value"
    if word in _UNITS and re.search(r"\d\s+$", before):
        return f"a number and its unit stand together: 1{_UNITS[word]}"
    if word == "matches":
        return "it is written: matches regex"
    if last in ("order", "sort") and "BY" in expected:
        return "it is written: order by column"
    if found == "*" and last == "" and re.search(r"\bcount\s*\($", before.rstrip()):
        return "count() counts rows; it needs no '*'"
    if word == "count" and before.rstrip().endswith("|"):
        return "the operator is count, without brackets; summarize count() by column counts in groups"
    if word in operators and "VBAR" in expected:
        return f"an operator stands behind a pipe: | {word}"
    if found == "!" or "COMPARISON" in expected:
        sign = ("!" if found == "!" else "") + ((re.match(r"\w+", after) or [""])[0] if found == "!" else found)
        near = _nearest_comparison(sign, comparisons)
        if near:
            return near
    if "COMMA" in expected and re.match(r"[\w'\"\[(]", found):
        return "a ',' may be missing before it"
    return ""


def of_end(before: str) -> str:
    """Help for a text that ends too early, or ''."""
    last = before.rstrip()[-1:]
    if last == ",":
        return "something is missing behind the ','"
    if last == "|":
        return "an operator is missing behind the '|'"
    return ""


def _nearest_comparison(sign: str, comparisons: Collection[str]) -> str:
    import difflib

    lower = sign.lower()
    if lower in comparisons:
        return f"did you mean '{lower}'? Letter case counts" if lower != sign else ""
    close = difflib.get_close_matches(lower, [name for name in comparisons if name.strip("!")[:1].isalpha()], n=1, cutoff=0.8)
    return f"did you mean '{close[0]}'?" if close else ""


def _start_of_statement(text: str) -> int:
    return max(text.rfind(";"), text.rfind("|"), text.rfind("(")) + 1
