"""Every message of the language: one entry a message, raised by its code, placed by a span, drawn only at the edge.

Knows no grammar, no catalogue and no schema: whoever raises a message hands in the words that fill it.
"""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from kql.syntax import Span

# code -> sentence. The hundreds say where the mistake lies: 1 text, 2 names, 3 types, 4 operators, 5 refused for good,
# 6 limits, 7 the resource-graph profile, 8 parameters, 9 advice.
MESSAGES: dict[str, str] = {
    "KQL101": "{found} does not fit here",
    "KQL102": "the query ends too early",
    "KQL103": "this string is never closed",
    "KQL104": "'{bracket}' is never closed",
    "KQL105": "'{bracket}' closes nothing",
    "KQL106": "the query is empty",
    "KQL107": "{what} is not a valid {kind}",
    "KQL108": "the character {character} means nothing here",
    "KQL109": "the number {number} does not fit in a long",
    "KQL110": "the text is not valid UTF-8",
    "KQL111": "the word '{name}' needs brackets to be a name here: ['{name}']",
    "KQL201": "no column is named '{name}'",
    "KQL202": "no table is named '{name}'",
    "KQL203": "no function is named '{name}'",
    "KQL204": "no operator is named '{name}'",
    "KQL205": "the column '{name}' is given twice",
    "KQL206": "'{name}' is defined already",
    "KQL207": "the name '{name}' fits several columns: {candidates}",
    "KQL208": "'{name}' is a table and cannot stand where a value is asked for",
    "KQL209": "'{name}' is a value and cannot stand where a table is asked for",
    "KQL210": "no type is named '{name}'",
    "KQL211": "{side} has no column '{name}'",
    "KQL212": "'{name}' is an aggregate function: it belongs into summarize",
    "KQL213": "no plugin is named '{name}'",
    "KQL301": "{function} takes {expected}, not {given}",
    "KQL302": "{function} does not take {given}",
    "KQL303": "a value of type {given} stands where {expected} is asked for",
    "KQL304": "{function} wants all its values of one type, not {given}",
    "KQL305": "{what} must be a constant",
    "KQL306": "'{operator}' does not work between {left} and {right}",
    "KQL307": "a dynamic value cannot be {use}; convert it first, with tostring() or the like",
    "KQL308": "this regular expression is not valid: {reason}",
    "KQL309": "{what}",
    "KQL310": "the columns that join must have one type: '{left}' is {left_type}, '{right}' is {right_type}",
    "KQL311": "{function} cannot take that: {reason}",
    "KQL401": "{operator} takes {expected}",
    "KQL402": "a column outside an aggregate function must stand behind 'by'",
    "KQL403": "{function} needs rows in a known order: put 'serialize' or 'order by' before it",
    "KQL404": "datatable has {columns} columns, but {values} values",
    "KQL405": "a join condition is a column's name, or '$left.a == $right.b'",
    "KQL406": "{what} is not a join kind",
    "KQL407": "the query has no result: its last statement is not an expression",
    "KQL408": "'{name}' has no argument '{argument}'",
    "KQL409": "a function cannot call itself: '{name}'",
    "KQL410": "columns next to each other in parse need text between them",
    "KQL411": "the columns are others than those that are asserted",
    "KQL412": "the step '{step}' comes before '{other}' and knows nothing of it",
    "KQL413": "datatable holds plain values only, nothing that is computed",
    "KQL414": "the columns that {what} gives hang on the data, and there is no database to ask",
    "KQL415": "{operator} wants a graph: put make-graph before it",
    "KQL416": "a graph has no rows",
    "KQL417": "a text must follow '*' in parse",
    "KQL418": "no choice of the pattern '{name}' has these arguments and this path",
    "KQL501": "{what} is not part of this engine: {reason}",
    "KQL601": "the text has {size:,} characters, more than the limit of {limit:,}",
    "KQL602": "the query nests deeper than the limit of {limit:,} levels",
    "KQL603": "the query grows to more than {limit:,} {what}",
    "KQL701": "Resource Graph does not allow {what}",
    "KQL702": "Resource Graph allows {limit} {what} in a query; this one has {count}",
    "KQL801": "the query needs a value for its parameter '{name}'",
    "KQL802": "the query declares no parameter '{name}'",
    "KQL803": "the parameter '{name}' is {type}; {value} is not",
    "KQL901": "{what}",
    "KQL902": "a single '=' calls the value '{name}' and compares nothing",
    "KQL903": "nothing here has a property '{name}'",
    "KQL904": "'{written}' is no escape in a text",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding about a text. `span` is (start, end) in characters; `help` says what is near or what to do; `words`
    are the facts that filled the message, for those who say it in other words."""

    code: str
    message: str
    span: Span
    help: str = ""
    severity: str = "error"
    words: Mapping[str, object] = field(default_factory=dict, compare=False, repr=False)

    @property
    def brief(self) -> str:
        """The finding in one line, without its place."""
        return f"{self.severity} {self.code}: {self.message}"

    def draw(self, text: str) -> str:
        """The finding as a person reads it: place, source line, carets, help."""
        start = min(max(self.span[0], 0), len(text))
        end = min(max(self.span[1], start + 1), len(text) + 1)
        line_start = text.rfind("\n", 0, start) + 1
        line_end = text.find("\n", start)
        line_end = len(text) if line_end < 0 else line_end
        number = text.count("\n", 0, start) + 1
        column = start - line_start + 1
        # A window keeps a one-line query of thousands of characters readable.
        left = max(line_start, start - 60)
        right = min(line_end, max(start + 60, left + 120))
        prefix = "…" if left > line_start else ""
        source = (prefix + text[left:right] + ("…" if right < line_end else "")).replace("\t", " ").rstrip("\r")
        carets = max(1, min(_width(text[start : min(end, right)]), 120))
        pad = _width(prefix + text[left:start].replace("\t", " "))
        lines = [
            f"{self.severity} {self.code} at {number}:{column}: {self.message}",
            f"  {source}",
            "  " + " " * pad + "^" * carets,
        ]
        if self.help:
            lines.append("  " + self.help)
        return "\n".join(lines)


def _width(text: str) -> int:
    """Terminal cells that the text takes."""
    if text.isascii():
        return len(text)
    cells = 0
    for character in text:
        if not unicodedata.combining(character):
            cells += 2 if unicodedata.east_asian_width(character) in "WF" else 1
    return cells


class KqlError(Exception):
    """All problems of a text at once; `str()` draws each under its source line.

    Attributes: problems (tuple of Problem, by place), text (the query).
    """

    def __init__(self, problems: Iterable[Problem], text: str) -> None:
        self.problems = tuple(sorted(problems, key=lambda problem: problem.span))
        self.text = text
        super().__init__(self.problems, text)

    def __str__(self) -> str:
        return "\n".join(problem.draw(self.text) for problem in self.problems)


class Problems:
    """Collects what is found, each place and code once."""

    def __init__(self) -> None:
        self.found: list[Problem] = []
        self._seen: set[tuple[str, Span]] = set()

    def add(self, code: str, span: Span, help: str = "", *, severity: str = "", **words: object) -> None:
        """Record the message `code`, filled with `words`, at `span`. severity: 'error' or 'advice' (of a code KQL9…)."""
        if (code, span) in self._seen:
            return
        self._seen.add((code, span))
        severity = severity or ("advice" if code.startswith("KQL9") else "error")
        self.found.append(Problem(code, MESSAGES[code].format(**words), span, help, severity, words))

    def forget(self, first: int) -> None:
        """Take back what has been found from that place on: it was only a try."""
        for problem in self.found[first:]:
            self._seen.discard((problem.code, problem.span))
        del self.found[first:]

    @property
    def errors(self) -> list[Problem]:
        return [problem for problem in self.found if problem.severity == "error"]


def nearest(name: str, names: Iterable[str], cutoff: float = 0.6) -> str:
    """'did you mean …?' for a name that does not exist, or '' where none is as near as `cutoff`, of 0 to 1."""
    candidates = {candidate.lower(): candidate for candidate in names}
    if name.lower() in candidates:
        return f"did you mean '{candidates[name.lower()]}'? Letter case counts"
    close = difflib.get_close_matches(name.lower(), candidates, n=3, cutoff=cutoff)
    if not close:
        return ""
    # what is much farther than the nearest is noise
    best = difflib.SequenceMatcher(None, name.lower(), close[0]).ratio()
    close = [key for key in close if difflib.SequenceMatcher(None, name.lower(), key).ratio() > best - 0.15]
    return "did you mean " + " or ".join(f"'{candidates[key]}'" for key in close) + "?"
