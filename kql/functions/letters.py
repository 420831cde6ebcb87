"""Letter case of what is known while a query is compiled: letter by letter, as DuckDB has it of columns."""

from __future__ import annotations

_LOWER = {"İ": "i"}
_UPPER = {"ß": "ẞ"}


def lowered(text: str) -> str:
    return text.lower() if text.isascii() else "".join(_LOWER.get(each) or _one(each, each.lower()) for each in text)


def uppered(text: str) -> str:
    if text.isascii():
        return text.upper()
    return "".join(_UPPER.get(each) or _one(each, each.upper(), each.title()) for each in text)


def _one(letter: str, *forms: str) -> str:
    """The first form that is one letter; the letter itself where none is."""
    return next((form for form in forms if len(form) == 1), letter)
