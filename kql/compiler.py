"""The way of a text: parse, bind, emit. Each pass is one line here; what comes out is SQL with typed result columns."""

from __future__ import annotations

import gc
import reprlib
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from kql import plan
from kql.bind.binder import Binder
from kql.bind.binder import ready as bind_ready
from kql.messages import KqlError, Problem, Problems, nearest
from kql.parse import MAX_TEXT, own, parse, strange_escapes
from kql.parse import ready as parse_ready
from kql.plan import Relation, columns_of
from kql.schema import Schema
from kql.sql import paging, prelude, quote
from kql.sql.emit import emit
from kql.types import UNKNOWN, Type


@dataclass(frozen=True, slots=True)
class ResultColumn:
    """A column of the answer. form: 'plain' (the value itself), 'ticks' (datetime or timespan as 100 ns ticks) or
    'json' (a dynamic as JSON text)."""

    name: str
    type: str
    form: str


@dataclass(frozen=True, slots=True)
class Compiled:
    """What a text means for a schema: DuckDB SQL whose result columns are c0, c1, …, and what is known of them.

    `is_random`: it calls something that draws. `operators` are the names of those that the text uses. `asked`: the
    database was asked while it was compiled, so that it is right only as long as the data stays.
    """

    text: str
    sql: str
    columns: tuple[ResultColumn, ...]
    tables: frozenset[str]
    operators: frozenset[str]
    is_random: bool
    advice: tuple[Problem, ...]
    render: str | None
    asked: bool
    relation: Relation
    _used: frozenset[str]
    _parameters: Mapping[str, Type]
    _defaults: Mapping[str, object]

    def bind(self, now_ticks: int, given: Mapping[str, object] | None = None) -> dict[str, object]:
        """The named parameters that the SQL uses, as DuckDB takes them.

        now_ticks is what now() answers, in 100 ns ticks since 0001-01-01. Raises KqlError for a parameter that is
        missing, unknown or of another type.
        """
        given = given or {}
        problems = Problems()
        for name in given:
            if name not in self._parameters:
                problems.add("KQL802", (0, 1), name=name)
        bound: dict[str, object] = {"now": now_ticks} if "now" in self._used else {}
        for name, type in self._parameters.items():
            if name in given:
                value = _parameter(given[name], type)
                if value is _WRONG:
                    problems.add("KQL803", (0, 1), name=name, type=type.value, value=_shown(given[name]))
            elif name in self._defaults:
                value = self._defaults[name]
            else:
                problems.add(
                    "KQL801", (0, 1), f"give it a value, or a default in the query: {name}:{type.value} = …", name=name
                )
                continue
            if f"p_{name}" in self._used:
                bound[f"p_{name}"] = value
        if problems.errors:
            raise KqlError(problems.errors, self.text)
        return bound

    @property
    def is_fixed(self) -> bool:
        """Whether the same data always give the same answer: the text asks neither for the time nor for chance."""
        return "now" not in self._used and not self.is_random

    @property
    def is_ordered(self) -> bool:
        """Whether the text says in which order its rows come."""
        return paging.is_ordered(self.relation)

    def from_row(self, skip: int) -> Compiled:
        """The same rows in the same order, but for the first `skip`."""
        return replace(self, sql=paging.from_row(self.sql, skip)) if skip else self

    def shuffled(self, seed: int) -> Compiled:
        """The same rows in an order that only the seed settles; rows that come and go leave the others in theirs."""
        return replace(self, sql=paging.shuffled(self.sql, seed))

    def counted(self, *, loosened: bool = False) -> Compiled:
        """The number of rows, as one row of one column.

        `loosened`: as if every take, sample and top of the text took one row more; where that gives a greater number,
        those operators have left rows out.
        """
        relation = paging.loosened(self.relation) if loosened else self.relation
        emitted = paging.count(relation)
        column = ResultColumn("Count", Type.LONG.value, "plain")
        return replace(self, sql=emitted.sql, columns=(column,), _used=emitted.parameters)

    def plan_text(self) -> str:
        """The plan as indented text, for explain."""
        from kql.explain import plan_text

        text: str = plan_text(self.relation)
        return text


Ask = Callable[[Compiled], list[tuple[Any, ...]]]

MAX_RECURSION = 6_000

_MISSPELT = 0.85
"""How near a property must be for advice. Documents here have fewer properties than Azure's: one that they lack may well
be right there, and is not told unless it is all but the same as another."""

_WRONG = object()


def _parameter(value: Any, type: Type) -> object:
    """A Python value as the parameter of a KQL type, or _WRONG."""
    import datetime
    import decimal
    import json
    import uuid

    from kql.bind.binder import parse_constant

    epoch = datetime.datetime(1, 1, 1, tzinfo=datetime.UTC)
    if type is Type.DYNAMIC:
        try:
            text = json.dumps(value, allow_nan=False, ensure_ascii=False)
        except (TypeError, ValueError, RecursionError):
            return _WRONG
        return text if _is_text(text) else _WRONG
    if value is None:
        return "" if type is Type.STRING else None
    if type in (Type.INT, Type.LONG, Type.REAL, Type.DECIMAL) and isinstance(value, int | decimal.Decimal):
        if isinstance(value, bool) or (isinstance(value, int) and value.bit_length() > 1024):
            return _WRONG
        value = str(value)  # held to the bounds of what is written
    if isinstance(value, str):
        parsed = parse_constant(value, type)
        if parsed is None or not _is_text(value) or (isinstance(parsed, decimal.Decimal) and abs(parsed) >= quote.MOST_DECIMAL):
            return _WRONG
        return parsed
    match type:
        case Type.BOOL if isinstance(value, bool):
            return value
        case Type.REAL if isinstance(value, float):
            return value
        case Type.DATETIME if isinstance(value, datetime.datetime):
            aware = value if value.tzinfo else value.replace(tzinfo=datetime.UTC)
            return (aware - epoch) // datetime.timedelta(microseconds=1) * 10
        case Type.TIMESPAN if isinstance(value, datetime.timedelta):
            return value // datetime.timedelta(microseconds=1) * 10
        case Type.GUID if isinstance(value, uuid.UUID):
            return str(value)
    return _WRONG


def _shown(value: object) -> str:
    """A value in a message, cut short; what cannot be printed by its type."""
    try:
        return reprlib.repr(value)
    except Exception:
        return f"one of {type(value).__name__}"


def _is_text(value: str) -> bool:
    """Whether it is all characters: half of a surrogate pair is none."""
    return value.isascii() or value.encode(errors="replace").decode() == value


@cache
def load() -> None:
    """Load all of the language: grammar, operators, catalogue, macros. Otherwise the first text does, and waits for it.

    May run in a thread beside something else; takes a third of a second in a new process.
    """
    with _undisturbed():
        parse_ready()
        bind_ready()
        prelude.macros()
    gc.collect()  # looks at all that has been loaded once: now, and not in the middle of the first query


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Without the search for garbage: what is made lives until the end, so that it is in vain, and a sixth of the time."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


def compile(
    text: str,
    schema: Schema,
    *,
    default_table: str = "Resources",
    profile: Any = None,
    scope: Mapping[str, Sequence[str]] | None = None,
    max_text: int = MAX_TEXT,
    ask: Ask | None = None,
) -> Compiled:
    """The SQL of a KQL text. Raises KqlError with all problems of the text.

    default_table is read when the text begins with an operator or a pipe. profile narrows the language to what a
    service allows (see queries.profile). scope limits every table to rows whose columns have one of the given values.
    ask runs a part of the query now and gives its rows: the columns of `evaluate bag_unpack(d)` hang on the data. Without
    it such a query must say its columns. What was compiled with an answer is right for the data of that moment: see
    `Compiled.asked`.
    """
    problems = Problems()
    with _undisturbed():
        compiled = _compile(text, schema, problems, default_table, profile, scope, max_text, ask)
    if compiled is None:
        raise KqlError(problems.errors, text)
    return compiled


def check(
    text: str,
    schema: Schema,
    *,
    default_table: str = "Resources",
    profile: Any = None,
    max_text: int = MAX_TEXT,
    ask: Ask | None = None,
) -> list[Problem]:
    """All problems of a text, errors and advice, by place. Never raises for a bad text. ask is as in `compile`."""
    problems = Problems()
    with _undisturbed():
        _compile(text, schema, problems, default_table, profile, None, max_text, ask)
    return sorted(problems.found, key=lambda problem: problem.span)


def _compile(
    text: str,
    schema: Schema,
    problems: Problems,
    default_table: str,
    profile: Any,
    scope: Mapping[str, Sequence[str]] | None,
    max_text: int,
    ask: Ask | None,
) -> Compiled | None:
    # A pipeline of a hundred operators is a plan a hundred deep, a few calls for each; Python's default is too low.
    sys.setrecursionlimit(max(sys.getrecursionlimit(), MAX_RECURSION))
    load()
    try:
        query = parse(text, problems, max_text=max_text)
        if query is None:
            return None
        limits = {column: tuple(values) for column, values in (scope or {}).items()}

        def answer(relation: Relation) -> list[tuple[Any, ...]]:
            assert ask is not None
            return ask(_compiled(text, binder, relation))

        binder = Binder(
            schema,
            problems,
            own,
            default_table=default_table,
            profile=profile,
            scope=limits,
            ask=answer if ask is not None else None,
        )
        for start, end in strange_escapes(text):
            binder.bounds.escape(text[start:end], (start, end))
        relation = binder.query(query)
        if problems.errors or relation is None:
            return None
        if any(column.type is UNKNOWN for column in columns_of(relation)):
            relation = _known(relation)
        return _compiled(text, binder, relation)
    except RecursionError:
        problems.add("KQL602", (0, 1), limit=MAX_RECURSION)
        return None


def _compiled(text: str, binder: Binder, relation: Relation) -> Compiled:
    """A relation of a text as SQL, with what the text says of its parameters."""
    emitted = emit(relation)
    for path, there in emitted.lacking.items():
        step = str(path.step)
        if path in binder.paths and (near := nearest(step, there, _MISSPELT)):
            start, end = binder.paths[path]
            span = (end - len(step), end) if text[start:end].endswith(step) else (start, end)
            binder.problems.add("KQL903", span, near, name=step)
    columns = tuple(
        ResultColumn(column.name, column.type.value, form)
        for column, form in zip(columns_of(relation), emitted.forms, strict=True)
    )
    defaults = {name: literal.value for name, literal in binder.defaults.items()}
    return Compiled(
        text, emitted.sql, columns, frozenset(binder.tables), frozenset(binder.operators), binder.is_random,
        tuple(problem for problem in binder.problems.found if problem.severity == "advice"),
        binder.render, binder.asked, relation, emitted.parameters, dict(binder.parameters), defaults,
    )  # fmt: skip


def _known(relation: Relation) -> Relation:
    """A column that is nothing but null has no type of its own; it is shown as a dynamic."""
    entries: list[tuple[plan.Column, plan.Scalar]] = []
    for column in columns_of(relation):
        if column.type is UNKNOWN:
            entries.append((plan.Column(column.name, Type.DYNAMIC), plan.Literal(None, Type.DYNAMIC)))
        else:
            entries.append((column, plan.Ref(column)))
    return plan.Project(relation, tuple(entries))


__all__ = ["Compiled", "ResultColumn", "check", "compile", "load"]
