"""The words of the language, read from the grammar's own text: no parser is loaded to colour a query."""

from __future__ import annotations

import functools
import importlib.resources
import re
from collections.abc import Mapping

_TERMINAL = re.compile(r"^(_?[A-Z][A-Z_]*)(?:\.\d+)?: /(.*)/$", re.M)
_NOT_WORDS = frozenset({
    "STRING", "TIMESPAN", "REAL", "LONG", "WILDNAME", "NAME", "BLANK", "COMMENT", "TYPED", "PARAM",
    "COMPARISON", "EQUALITY", "IN", "BETWEEN", "HINTED", "REFUSED_STATEMENT", "EDGE",
})  # fmt: skip

RENDERINGS = (
    "anomalychart", "areachart", "barchart", "card", "columnchart", "ladderchart", "linechart", "piechart",
    "pivotchart", "scatterchart", "stackedareachart", "table", "timechart", "timepivot", "treemap",
)  # fmt: skip


@functools.cache
def spellings() -> Mapping[str, tuple[str, ...]]:
    """The grammar's keyword terminals with the words that they stand for: `ORDER` to ('order', 'sort')."""
    grammar = importlib.resources.files("kql").joinpath("kql.lark").read_text(encoding="utf-8")
    found = {}
    for name, pattern in _TERMINAL.findall(grammar):
        if name in _NOT_WORDS:
            continue
        words = _words(re.split(r"\(\?[!=]", pattern)[0])
        if words:
            found[name] = words
    return found


def _words(pattern: str) -> tuple[str, ...]:
    """The words that a simple pattern can match: alternatives, blanks and an optional hyphen are all it may have."""
    plain = pattern.replace(r"\s+", " ").replace("-?", "-").replace(r"\$", "$")
    plain = re.split(r"\\s\*|\\\(|\[\^", plain)[0]
    match = re.fullmatch(r"([^()|]*)\((?:\?:)?([^()]+)\)", plain)
    texts = [match[1] + choice for choice in match[2].split("|")] if match is not None else plain.split("|")
    return tuple(text for text in texts if re.fullmatch(r"\$?[a-zA-Z][\w -]*", text))


@functools.cache
def keywords() -> frozenset[str]:
    """Every word of the grammar and every infix operator that is a word."""
    from kql.functions import catalogue

    words = {word for words in spellings().values() for text in words for word in text.split(" ")}
    words |= {piece for name, row in catalogue.table().items() if row.kind == "infix" for piece in name.split(" ")}
    return frozenset(word for word in words if word.lstrip("!")[:1].isalpha()) - {"negate", "plus", "first", "last"}


@functools.cache
def operator_words() -> Mapping[str, str]:
    """Every way to write an operator's keyword, with the grammar rule it belongs to."""
    from kql.operators import OPERATORS

    words: dict[str, str] = {}
    for rule, operator in OPERATORS.items():
        for text in (operator.name, *spellings().get(rule.upper(), ())):
            words[text] = rule
            if text.startswith("mv-"):
                words[text.replace("-", "")] = rule
    return words
