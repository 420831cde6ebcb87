"""What the service answers to a query that it does not take: our coded problems in the service's codes and words.

The one home of that mapping, and data as far as it can be. Codes, texts and shapes are those that were seen of the
service; where nothing was seen, only `InvalidQuery` is said. Knows no HTTP.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from kql import KqlError, Problem
from queries.profile import RESOURCE_GRAPH
from queries.texts import place

Detail = dict[str, Any]

INVALID_QUERY: Detail = {
    "code": "InvalidQuery",
    "message": "Query is invalid. Please refer to the documentation for the Azure Resource Graph service and fix the "
    "error before retrying.",
}
NO_TOKEN = "Ǐ"
"""What the service names as the expected token where its grammar has no single one: a slip of its own, kept."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """How a request is refused: HTTP status, the error's code, and its details, which carry the useful part."""

    status: int
    code: str
    details: tuple[Detail, ...]


# ---- details, from a problem and the text ----------------------------------------------------------------------------
def _parser(text: str, start: int, token: str, expected: str | None = NO_TOKEN) -> list[Detail]:
    line, column = place(text, start)
    told: Detail = {
        "code": "ParserFailure", "message": "ParserFailure", "line": line, "characterPositionInLine": column - 1,
        "token": token,
    }  # fmt: skip
    if expected is not None:
        told["expectedToken"] = expected
    return [told]


def _at_token(problem: Problem, text: str) -> list[Detail]:
    start, end = problem.span
    return _parser(text, start, text[start:end]) if text[start:end] else _parser(text, len(text), "<EOF>")


def _at_end(problem: Problem, text: str) -> list[Detail]:
    return _parser(text, len(text), "<EOF>")


def _unclosed_string(problem: Problem, text: str) -> list[Detail]:
    start = problem.span[0]
    rest = text[start:].split("\n", 1)[0]
    expected: Detail = {"code": "ParserFailure", "message": "ParserFailure", "expectedToken": text[start : start + 1]}
    return [*_parser(text, start, rest, None), expected]


def _unclosed_bracket(problem: Problem, text: str) -> list[Detail]:
    closing = {"(": ")", "[": "]", "{": "}"}.get(str(problem.words.get("bracket")), NO_TOKEN)
    return _parser(text, len(text), "<EOF>", closing)


def _unknown_column(problem: Problem, text: str) -> list[Detail]:
    """A word of the language is no name to the service: its grammar fails at what comes after it."""
    if str(problem.words.get("name")) not in (RESOURCE_GRAPH.operators or ()):
        return []
    end = problem.span[1]
    rest = text[end:].lstrip()
    start = len(text) - len(rest)
    return _parser(text, start, rest.split(None, 1)[0] if rest else "<EOF>")


def _table(problem: Problem, text: str) -> list[Detail]:
    name = str(problem.words.get("name", "")).lower()
    message = f"Table {name} is invalid, unsupported or disallowed."
    return [{"code": "DisallowedLogicalTableName", "message": message}]


def _not_allowed(problem: Problem, text: str) -> list[Detail]:
    words = problem.words
    if "kind" in words:
        return _join_flavour(str(words["kind"]))
    token = words.get("operator") or words.get("function") or words.get("statement")
    return [
        {
            "code": "InvalidQueryLanguage", "message": "InvalidQueryLanguage", "line": -1,
            "characterPositionInLine": -1, "token": token,
        }
    ]  # fmt: skip


def _unknown_join_kind(problem: Problem, text: str) -> list[Detail]:
    return _join_flavour(str(problem.words.get("what", "")).strip("'"))


def _join_flavour(kind: str) -> list[Detail]:
    words = ("inner", "unique", "left", "right", "full", "outer", "semi", "anti")
    name, rest = "", kind.lower()
    while rest:
        word = next((word for word in words if rest.startswith(word)), rest)
        name, rest = name + word.capitalize(), rest[len(word) :]
    return [{"code": "UnsupportedJoinFlavor", "message": f'The join kind "{name}" is not supported or not allowed.'}]


def _too_many(problem: Problem, text: str) -> list[Detail]:
    if not str(problem.words.get("what")).startswith(("joins", "legs of union", "tables")):
        return []
    return [{"code": "DisallowedMaxNumberOfRemoteTables", "message": f"{problem.message}."}]


@dataclass(frozen=True, slots=True)
class _Row:
    """How a problem is told. Only problems of the lowest `rank` are: the service stops at the first stage that fails.

    `alone`: without the sentence of InvalidQuery before it.
    """

    rank: int
    details: Callable[[Problem, str], list[Detail]]
    alone: bool = False


_PARSING, _NAMING, _CHECKING = 0, 1, 2
_OTHER = _Row(_CHECKING, lambda problem, text: [])

CODES: Mapping[str, _Row] = {
    "KQL101": _Row(_PARSING, _at_token),
    "KQL102": _Row(_PARSING, _at_end),
    "KQL103": _Row(_PARSING, _unclosed_string),
    "KQL104": _Row(_PARSING, _unclosed_bracket),
    "KQL105": _Row(_PARSING, _at_token),
    "KQL106": _Row(_PARSING, _at_end),
    "KQL107": _Row(_PARSING, _at_token),
    "KQL108": _Row(_PARSING, _at_token),
    "KQL109": _Row(_PARSING, _at_token),
    "KQL111": _Row(_PARSING, _at_token),
    "KQL201": _Row(_CHECKING, _unknown_column),
    "KQL202": _Row(_NAMING, _table, alone=True),
    "KQL204": _Row(_PARSING, _at_token),
    "KQL406": _Row(_CHECKING, _unknown_join_kind),
    "KQL701": _Row(_CHECKING, _not_allowed),
    "KQL702": _Row(_CHECKING, _too_many, alone=True),
    "KQL904": _Row(_PARSING, _at_token),
}
"""From the code of a problem to the service's words. A code that is not here is an InvalidQuery and nothing more."""

FAILURES: Mapping[str, tuple[int, str, str]] = {
    "LZ102": (504, "GatewayTimeout", "QueryTimeout"),
    "LZ103": (400, "BadRequest", "ResponsePayloadTooLarge"),
    "LZ104": (503, "ServiceUnavailable", "QueryInterrupted"),
}
"""What a query that was understood but got no answer is told: status, the error's code, the detail's code."""


def refusal(error: KqlError) -> Refusal:
    """The service's answer to a wrong or unanswerable query."""
    problems = [problem for problem in error.problems if problem.severity == "error"]
    first = problems[0]
    if first.code in FAILURES:
        status, code, detail = FAILURES[first.code]
        return Refusal(status, code, ({"code": detail, "message": first.message},))
    rows = [(CODES.get(problem.code, _OTHER), problem) for problem in problems]
    rank = min(row.rank for row, _ in rows)
    told: list[Detail] = []
    alone = True
    for row, problem in rows:
        if row.rank == rank:
            alone = alone and row.alone
            told += [detail for detail in row.details(problem, error.text) if detail not in told]
    return Refusal(400, "BadRequest", tuple(told if alone and told else [INVALID_QUERY, *told]))


def explanation(error: KqlError) -> list[Detail]:
    """What we know of each problem: code, place (both counted from 1), message, help."""
    told = []
    for problem in error.problems:
        line, column = place(error.text, problem.span[0])
        found = {"code": problem.code, "line": line, "column": column, "message": problem.message}
        told.append({**found, "help": problem.help} if problem.help else found)
    return told
