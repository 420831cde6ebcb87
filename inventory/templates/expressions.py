"""The language inside the brackets: `[concat(parameters('a'), '-', copyIndex())]` as a tree. Knows no function.

An expression is a call, a text in single quotes (doubled inside) or a whole number, followed by any number of
`.name` and `[expression]`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from inventory.templates.errors import ExpressionError

LONGEST = 24_576
"""Characters in an expression, as Azure limits it."""
DEEPEST = 100
"""Calls within calls: enough for anything written, and far from what Python's stack bears."""

_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<number>-?\d{1,18})|(?P<name>[A-Za-z_]\w*)|(?P<mark>[()\[\],.]))"
)
_NAMES = {"(": "LeftParenthesis", ")": "RightParenthesis", "[": "LeftSquareBracket", "]": "RightSquareBracket",
          ",": "Comma", ".": "Dot"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Literal:
    """A text or a whole number."""

    value: str | int


@dataclass(frozen=True, slots=True)
class Call:
    """A function, perhaps of a namespace (`name.space`), over arguments."""

    name: str
    arguments: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Access:
    """A property or an element of a value."""

    of: Expression
    key: Expression


Expression = Literal | Call | Access


def is_expression(text: str) -> bool:
    """Whether a text of a template is to be evaluated: it stands in brackets, and the first is not doubled."""
    return text.startswith("[") and text.endswith("]") and not text.startswith("[[")


@lru_cache(maxsize=4096)
def parse(text: str) -> Expression:
    """The tree of an expression with its brackets. Raises ExpressionError."""
    if len(text) > LONGEST:
        raise ExpressionError(f"The language expression is {len(text)} characters long; the most is {LONGEST}.")
    return _Parser(text[1:-1]).whole()


def calls(expression: Expression) -> list[Call]:
    """Every call within an expression, the outer ones first."""
    match expression:
        case Call(_, arguments):
            return [expression, *(inner for each in arguments for inner in calls(each))]
        case Access(of, key):
            return calls(of) + calls(key)
    return []


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = self._scan()
        self._next = 0
        self._depth = 0

    def whole(self) -> Expression:
        found = self._expression()
        if self._peek()[0] != "EndOfData":
            self._fail("EndOfData")
        return found

    def _scan(self) -> list[tuple[str, str]]:
        tokens, at = [], 0
        text = self._text.rstrip()
        while at < len(text):
            match = _TOKEN.match(text, at)
            if match is None:
                raise ExpressionError(
                    f"Unable to parse language expression '{self._text}': unexpected character "
                    f"'{text[at:].lstrip()[:1]}' at position '{at}'."
                )
            kind = str(match.lastgroup)
            found = match.group(kind)
            tokens.append((_NAMES[found] if kind == "mark" else {"text": "StringLiteral", "number": "Integer",
                           "name": "Identifier"}[kind], found))  # fmt: skip
            at = match.end()
        return tokens

    def _peek(self) -> tuple[str, str]:
        return self._tokens[self._next] if self._next < len(self._tokens) else ("EndOfData", "")

    def _fail(self, expected: str) -> None:
        raise ExpressionError(
            f"Unable to parse language expression '{self._text}': expected token '{expected}' and actual "
            f"'{self._peek()[0]}'."
        )

    def _take(self, kind: str) -> str:
        if self._peek()[0] != kind:
            self._fail(kind)
        self._next += 1
        return self._tokens[self._next - 1][1]

    def _expression(self) -> Expression:
        self._depth += 1
        if self._depth > DEEPEST:
            raise ExpressionError(f"The language expression is nested deeper than {DEEPEST} levels.")
        kind, text = self._peek()
        found: Expression
        if kind == "StringLiteral":
            self._next += 1
            found = Literal(text[1:-1].replace("''", "'"))
        elif kind == "Integer":
            self._next += 1
            found = Literal(int(text))
        else:
            found = self._call(self._take("Identifier"))
        for _ in range(DEEPEST):
            if self._peek()[0] == "Dot":
                self._next += 1
                found = Access(found, Literal(self._take("Identifier")))
            elif self._peek()[0] == "LeftSquareBracket":
                self._next += 1
                found = Access(found, self._expression())
                self._take("RightSquareBracket")
            else:
                self._depth -= 1
                return found
        raise ExpressionError(f"The language expression names more than {DEEPEST} properties in a row.")

    def _call(self, name: str) -> Call:
        while self._peek()[0] == "Dot":
            self._next += 1
            name += "." + self._take("Identifier")
        self._take("LeftParenthesis")
        arguments: list[Expression] = []
        while self._peek()[0] != "RightParenthesis":
            if arguments and self._peek()[0] != "Comma":
                self._fail("RightParenthesis")
            self._next += bool(arguments)
            arguments.append(self._expression())
        self._take("RightParenthesis")
        return Call(name, tuple(arguments))
