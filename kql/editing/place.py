"""Where in a text the cursor stands: in which pipeline and operator, and what can be seen from there.

A broken text has a place too: only brackets, quotes, pipes and semicolons are looked at. What stands before the last
pipe is then bound as a text of its own, with the statements before it.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from kql import plan, syntax
from kql.bind import lets
from kql.bind.binder import Binder
from kql.bind.scope import Environment, FunctionBinding, ScalarBinding, TabularBinding
from kql.editing.words import operator_words
from kql.messages import Problems
from kql.parse import own, parse

if TYPE_CHECKING:
    from kql.schema import Schema

_SIGNS = re.compile(
    r"//[^\n]*|```[\s\S]*?```|~~~[\s\S]*?~~~|[hH]?@\"(?:[^\"\n]|\"\")*\"|[hH]?@'(?:[^'\n]|'')*'"
    r"|\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'|[()\[\]{}|;]|[\"'][^\n]*\Z|[\"']"
)
_SOURCE_KEYWORD = re.compile(r"\b(?:join|lookup|union|materialize|toscalar|view|invoke)\b[^()|]*\Z", re.I)
_LINK = re.compile(r"\s*(?:\.\s*([^\W\d]\w*|_\w*)|\.?\s*\[\s*(?:'([^'\n]*)'|\"([^\"\n]*)\"|(-?\d+))\s*\])")
_CHAIN = re.compile(
    rf"((?:\$(?:left|right)|[^\W\d]\w*|_\w*|\[\s*(?:'[^'\n]*'|\"[^\"\n]*\")\s*\])(?:{_LINK.pattern})*)\s*\Z"
)


_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Place:
    """The place of the cursor.

    statements: the text of the statements before; head: the pipeline up to its last pipe ('' at its beginning);
    tail: the operator that is being written, up to the word at the cursor; typed: that word; start: where it begins.
    """

    statements: str
    head: str
    tail: str
    typed: str
    start: int
    quote: str = ""  # the sign that opened the string the cursor is in
    chain: list[str | int] | None = None  # the document that a path at the cursor leads below
    compared: str | None = None  # the column that a string at the cursor is compared with
    piped: bool = False
    nested: bool = False  # inside brackets: no statement can begin here

    @property
    def at_pipe(self) -> bool:
        """Whether an operator's keyword is due."""
        return self.piped and not self.tail

    @property
    def at_source(self) -> bool:
        """Whether a table is due."""
        if not self.piped and (not self.tail or re.fullmatch(r"let\s+\w+\s*=\s*", self.tail)):
            return True
        begun = re.fullmatch(r"(?:union|join|lookup)\b(?:\s*\w+\s*=\s*\w+)*\s+(?:[\w*]+\s*,\s*)*", self.tail)
        return bool(begun)

    @property
    def statement_start(self) -> bool:
        return not (self.piped or self.tail or self.nested)

    @property
    def operator(self) -> str:
        """The grammar rule of the operator that is being written, or ''."""
        word = re.match(r"[a-z][\w-]*", self.tail)
        return operator_words().get(word.group(), "") if word else ""

    @property
    def behind_by(self) -> bool:
        return re.search(r"\bby\b", self.tail) is not None

    @property
    def joining(self) -> bool:
        """Whether the keys of a join are due."""
        return self.operator in ("join", "lookup") and re.search(r"\)\s*on\b|\w\s+on\b", self.tail) is not None

    @property
    def before_word(self) -> str:
        """A text in which only what is being written counts: the grammar says what may follow it."""
        return f"T | {self.tail}" if self.piped else f"({self.tail}" if self.nested else self.tail


@dataclass(frozen=True, slots=True)
class Sight:
    """What a name can mean at a place."""

    relation: plan.Relation
    columns: tuple[plan.Column, ...]
    right: tuple[plan.Column, ...]
    scalars: tuple[tuple[str, str], ...]
    tabular: tuple[tuple[str, str], ...]


def find(before: str) -> Place | None:
    """The place at the end of a text; None inside a comment."""
    frames: list[list[int]] = [[0, -1]]  # for each open bracket: where its text begins, where its last pipe is
    statement, body, quote_at = 0, "", -1
    for match in _SIGNS.finditer(before):
        sign = match.group()
        if sign.startswith("//"):
            if match.end() == len(before):
                return None
        elif sign in "([{":
            frames.append([match.end(), -1])
        elif sign in ")]}":
            if len(frames) > 1:
                frames.pop()
        elif sign == "|":
            frames[-1][1] = match.start()
        elif sign == ";":
            frames[-1] = [match.end(), -1]
            if len(frames) == 1:
                statement = match.end()
        elif sign[0] in "\"'" and (len(sign) == 1 or sign[-1] != sign[0]) and match.end() == len(before):
            quote_at = match.start()
    body = before if quote_at < 0 else before[:quote_at]
    begin, pipe = _pipeline(body, frames)
    statements = before[:statement]
    if begin > statement and (earlier := before.rfind(";", statement, begin)) >= 0 and before[begin - 1] != "(":
        begin = max(begin, earlier + 1)
    head = _source(before[begin:pipe]) if pipe >= 0 else ""
    written = body[(pipe + 1 if pipe >= 0 else begin) :].lstrip()
    place = Place(statements, head, written, "", len(before), piped=pipe >= 0, nested=before[begin - 1 : begin] == "(")
    return _in_string(place, before, quote_at) if quote_at >= 0 else _at_word(place, before)


def _pipeline(before: str, frames: list[list[int]]) -> tuple[int, int]:
    """Where the pipeline around the cursor begins and where its last pipe is: brackets of expressions do not count."""
    for begin, pipe in reversed(frames):
        opener = before[begin - 1 : begin]
        if pipe >= 0 or begin == 0 or opener in ("{", ";"):
            return begin, pipe
        if opener == "(" and _SOURCE_KEYWORD.search(before, max(0, begin - 200), begin - 1):
            return begin, pipe
    return frames[0][0], frames[0][1]


def _source(head: str) -> str:
    """A pipeline's text without the `let x =` before it."""
    return re.sub(r"\A\s*let\s+\w+\s*=(?!=)", "", head)


def _at_word(place: Place, before: str) -> Place:
    word = re.search(r"[\w$-]*\Z", before)
    typed = word.group() if word else ""
    if "-" in typed and not place.tail.startswith(typed):
        typed = typed.rsplit("-", 1)[1]
    if not place.tail.endswith(typed):
        typed = place.tail[-len(typed) :] if place.tail else ""
    tail = place.tail[: len(place.tail) - len(typed)]
    if "\n" in typed or (tail and tail[-1].isdigit() and typed[:1].isdigit()):
        typed = ""
    place = replace(place, tail=tail, typed=typed, start=len(before) - len(typed))
    rest = tail.rstrip()
    if rest.endswith(".") and not rest.endswith(".."):
        return replace(place, chain=_chain(rest[:-1]) or [])
    return place


def _in_string(place: Place, before: str, quote_at: int) -> Place:
    typed = before[quote_at + 1 :]
    place = replace(place, typed=typed, start=quote_at + 1, quote=before[quote_at])
    rest = place.tail.rstrip()
    if rest.endswith("["):
        named = None if rest[-2:-1].isspace() else _chain(rest[:-1].removesuffix("."))
        return replace(place, chain=named or [])  # without a document before it, [' begins a column's name
    compared = re.search(
        r"([^\W\d]\w*)\s*(?:==|=~|!=|!~|<>|!?(?:has|contains|startswith|endswith)(?:_cs)?|!?in~?\s*\([^()]*)\Z", rest
    )
    return replace(place, compared=compared[1]) if compared else place


def _chain(text: str) -> list[str | int] | None:
    """The steps of the path that ends a text: `properties.a['b'][0]` to ['properties', 'a', 'b', 0]."""
    match = _CHAIN.search(text, max(0, len(text) - 400))
    if match is None:
        return None
    root = re.match(r"\$?\w+|\[\s*['\"]([^'\"]*)['\"]\s*\]", match[1])
    if root is None:
        return None
    steps: list[str | int] = [root[1] if root[1] is not None else root.group()]
    for link in _LINK.finditer(match[1], root.end()):
        name, single, double, number = link.groups()
        steps.append(int(number) if number else name or single or double or "")
    return steps


# ---- what can be seen ------------------------------------------------------------------------------------------------
def sight(place: Place, schema: Schema) -> Sight:
    """The columns, values and tables in sight; what does not parse before the place is left out."""
    right = ""
    if place.operator in ("join", "lookup") and (" on" in place.tail or ")on" in place.tail):
        match = re.search(r"\(([\s\S]*)\)\s*on\b|\b(\w+)\s+on\b", place.tail)
        right = (match[1] or match[2]) if match else ""
    return _sight(place.statements, place.head, right, place.piped, schema)


@functools.lru_cache(maxsize=32)
def _sight(statements: str, head: str, right: str, piped: bool, schema: Schema) -> Sight:
    empty = plan.Values((), ())
    environment, relation = _bound(statements, head if piped else "", schema)
    other = _bound(statements, right, schema)[1] if right else None
    relation = relation or empty
    scalars: list[tuple[str, str]] = []
    tabular: list[tuple[str, str]] = []
    for name, binding in environment.bindings.items():
        match binding:
            case ScalarBinding(value):
                scalars.append((name, value.type.value))
            case FunctionBinding(_, definition):
                listed = ", ".join(parameter.name for parameter in definition.parameters)
                (tabular if _gives_rows(binding, schema) else scalars).append((name, f"{name}({listed})"))
            case TabularBinding():
                tabular.append((name, "let"))
    columns = plan.columns_of(relation)
    theirs = plan.columns_of(other) if other is not None else ()
    return Sight(relation, columns, theirs, tuple(scalars), tuple(tabular))


def _gives_rows(binding: FunctionBinding, schema: Schema) -> bool:
    return lets.is_tabular(Binder(schema, Problems(), own), binding)


def _bound(statements: str, head: str, schema: Schema) -> tuple[Environment, plan.Relation | None]:
    """The names that the statements define, and the relation of a pipeline; broken operators are skipped."""
    binder = Binder(schema, Problems(), own)
    environment = Environment()
    before = _quietly(lambda: parse(statements, Problems())) if statements.strip() else None
    if before is not None:
        bound = _quietly(lambda: lets.bind_statements(binder, before.statements, Environment()))
        environment = bound if bound is not None else environment
    query = _quietly(lambda: parse(head, Problems())) if head.strip() else None
    if query is None:
        pipeline: syntax.Expression | None = syntax.Pipeline(None, (), (0, 0)) if not head.strip() else None
    else:
        pipeline = query.pipelines[-1] if query.pipelines else None
    if pipeline is None or not binder.is_tabular(pipeline, environment):
        return environment, None
    return environment, _quietly(lambda: binder.tabular(pipeline, environment))


def _quietly(work: Callable[[], _T]) -> _T | None:
    """What a half-written text gives, if it gives anything: an editor must not stumble where a query would."""
    try:
        return work()
    except (AssertionError, ValueError, TypeError, LookupError, AttributeError):
        return None
