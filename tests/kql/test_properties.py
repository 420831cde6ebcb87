"""Laws over random queries: a plan rewrite never changes the rows; the grammar's own texts give a result or a message.

Pipelines are written from the catalogue: any function whose types fit, over a small table with nulls and extremes.
"""

from __future__ import annotations

import collections
import decimal
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.lark import from_lark

import kql
from kql import plan
from kql.bind.scope import serialized
from kql.bind.special import SPECIAL
from kql.functions import catalogue
from kql.functions.row import Function, Overload
from kql.sql import emit, hoist, rewrites
from kql.types import Type
from tests.kql.shared import NOTHING, NOW, known_failures

# ---- random pipelines ------------------------------------------------------------------------------------------------
TABLE = """let T = datatable(n: long, i: int, r: real, s: string, b: bool, t: datetime, d: timespan, j: dynamic)
[ 1, 1, 0.5, 'a b', true, datetime(2020-01-01), 1h, dynamic([1, 'a', null, {"k": 2}]),
  -2, 7, -1.25, 'Ab', false, datetime(2021-06-30 12:34:56.789), -1d, dynamic({"k": "v", "l": [1]}),
  100000000000, int(null), real(nan), '', bool(null), datetime(null), timespan(null), dynamic(null),
  long(null), -3, real(null), "x'y\\"z", true, datetime(1970-01-01), 1tick, dynamic("7"),
  1, 0, 1e10, 'a b', true, datetime(2020-01-01), 1h, dynamic([]) ];
"""
COLUMNS = {
    "n": Type.LONG, "i": Type.INT, "r": Type.REAL, "s": Type.STRING, "b": Type.BOOL, "t": Type.DATETIME, "d": Type.TIMESPAN,
    "j": Type.DYNAMIC,
}  # fmt: skip
CONSTANTS = {
    Type.LONG: ["0", "1", "-1", "3"], Type.INT: ["int(2)", "int(null)"], Type.REAL: ["0.5", "-2.0", "real(nan)"],
    Type.STRING: ["''", "'a'", "'b c'", "'\\''"], Type.BOOL: ["true", "false"], Type.DATETIME: ["datetime(2020-02-29)"],
    Type.TIMESPAN: ["1h", "0s"], Type.DYNAMIC: ["dynamic([1, 2])", 'dynamic({"k": 1})', "dynamic(null)"],
    Type.DECIMAL: ["decimal(1.5)"], Type.GUID: ["guid(74be27de-1e4e-49d9-b579-fe0b331d3642)"],
}  # fmt: skip
# Costly on purpose, sampled, an estimate, or without a defined order of what they gather.
LEFT_OUT = {"repeat", "strrep", "range", "make_string", "series_fft", "series_ifft", "now", "ago", "rand", "new_guid", "row_number"}
BROKEN = set(known_failures("nulls.txt"))


def usable(row: Function) -> bool:
    if row.kind not in ("scalar", "infix") or row.refused or row.volatile or row.alias_of or row.name in SPECIAL:
        return False
    unfit = ("$", "series_", "geo_", "__", "hll", "tdigest", "dcount_hll", "ipv6", "format_")
    return row.name not in LEFT_OUT | BROKEN and not row.name.startswith(unfit)


def giving() -> dict[Type, list[tuple[Function, Overload]]]:
    """The overloads that give a type, those only that take values and no constants."""
    found: dict[Type, list[tuple[Function, Overload]]] = collections.defaultdict(list)
    for row in filter(usable, catalogue.table().values()):
        for overload in row.overloads:
            plain = all(parameter.classes & set(CONSTANTS) and not parameter.constant for parameter in overload.parameters)
            for type in CONSTANTS:
                if plain and overload.returns == type.value:
                    found[type].append((row, overload))
            if plain and overload.returns == "Widest":
                found[Type.LONG].append((row, overload))
                found[Type.REAL].append((row, overload))
    return found


GIVING = giving()
TYPES = list(COLUMNS.values())


@st.composite
def expressions(draw: st.DrawFn, columns: dict[str, Type], type: Type, depth: int) -> str:
    named = [name for name, each in columns.items() if each is type]
    way = draw(st.integers(0, 9))
    if depth == 0 or way < 3 or not GIVING[type]:
        return draw(st.sampled_from(named * 3 + CONSTANTS[type]))
    if way == 3:
        condition = draw(expressions(columns, Type.BOOL, depth - 1))
        one, two = draw(expressions(columns, type, depth - 1)), draw(expressions(columns, type, depth - 1))
        return f"iff({condition}, {one}, {two})"
    if way == 4 and type is Type.DYNAMIC and named:
        return draw(st.sampled_from(named)) + draw(st.sampled_from([".k", "[0]", "[-1]", "['l'][0]", "[1]"]))
    row, overload = draw(st.sampled_from(GIVING[type]))
    arguments = []
    for parameter in overload.parameters:
        if parameter.optional and draw(st.booleans()):
            break
        wanted = sorted(parameter.classes & set(CONSTANTS), key=lambda each: each.value)
        if overload.returns == "Widest":
            wanted = [type]
        for _ in range(draw(st.integers(1, 2)) if parameter.repeated else 1):
            arguments.append(draw(expressions(columns, draw(st.sampled_from(wanted)), depth - 1)))
    return written(row, arguments)


def written(row: Function, arguments: list[str]) -> str:
    if row.kind != "infix":
        return f"{row.name}({', '.join(arguments)})"
    if row.name in ("negate", "plus"):
        return ("-" if row.name == "negate" else "+") + f"({arguments[0]})"
    first, *rest = arguments
    if row.name.lstrip("!").startswith(("in", "has_a")):
        return f"({first} {row.name} ({', '.join(rest)}))"
    if "between" in row.name:
        return f"({first} {row.name} ({' .. '.join(rest)}))"
    return "(" + f" {row.name} ".join(arguments) + ")"


@dataclass
class Pipeline:
    text: str
    columns: dict[str, Type]


WAYS = ["where", "extend", "extend", "project", "summarize", "gather", "top", "join", "union", "mv", "distinct", "window", "scalar"]
# aggregates whose answer does not hang on the order of the rows, nor on the order in which reals are added up
GATHERED = {
    "sum({n})": Type.LONG, "min({s})": Type.STRING, "max({r})": Type.REAL, "minif({n}, {b})": Type.LONG, "countif({b})": Type.LONG,
    "dcount({s})": Type.LONG, "dcountif({s}, {b})": Type.LONG, "array_length(make_set({s}))": Type.LONG,
    "array_length(make_list({n}))": Type.LONG, "binary_all_or({n})": Type.LONG, "percentile({n}, 50)": Type.LONG,
    "array_sort_asc(make_set({s}))": Type.DYNAMIC, "max(strlen({s}))": Type.LONG, "sum({n}) - min({n})": Type.LONG,
}  # fmt: skip


@st.composite
def pipelines(draw: st.DrawFn) -> str:
    columns, steps = dict(COLUMNS), ["T"]
    for number in range(draw(st.integers(1, 5))):
        way = draw(st.sampled_from(WAYS))
        step, columns = draw(one_step(way, columns, number))
        steps.append(step)
    return TABLE + "\n| ".join(steps)


@st.composite
def one_step(draw: st.DrawFn, way: str, columns: dict[str, Type], number: int) -> tuple[str, dict[str, Type]]:
    sortable = [name for name, type in columns.items() if type is not Type.DYNAMIC]
    if way == "where":
        return f"where {draw(expressions(columns, Type.BOOL, 2))}", columns
    if way == "extend":
        type = draw(st.sampled_from(TYPES))
        name = draw(st.sampled_from([f"x{number}", *columns]))
        return f"extend {name} = {draw(expressions(columns, type, 3))}", {**columns, name: type}
    if way == "project":
        kept = draw(st.lists(st.sampled_from(list(columns)), min_size=1, max_size=5, unique=True))
        type = draw(st.sampled_from(TYPES))
        made = {**{name: columns[name] for name in kept}, f"p{number}": type}
        return f"project {', '.join(kept)}, p{number} = {draw(expressions(columns, type, 2))}", made
    if way == "summarize":
        keys = draw(st.lists(st.sampled_from(sortable or ["1"]), max_size=2, unique=True)) if sortable else []
        inner, condition = draw(expressions(columns, Type.LONG, 2)), draw(expressions(columns, Type.BOOL, 1))
        made = {**{key: columns[key] for key in keys}, "c": Type.LONG, "m": Type.LONG, "f": Type.LONG, "u": Type.LONG}
        by = " by " + ", ".join(keys) if keys else ""
        values = f"c = count(), m = max({inner}), f = countif({condition}), u = dcount({inner})"
        made = {name: type for name, type in made.items() if name in keys or name in "cmfu"}
        if set(keys) & set("cmfu"):
            return "where true", columns
        return f"summarize {values}{by}", {**{key: columns[key] for key in keys}, **dict.fromkeys("cmfu", Type.LONG)}
    if way == "gather":
        keys = draw(st.lists(st.sampled_from(sortable), max_size=2, unique=True)) if sortable else []
        chosen = draw(st.lists(st.sampled_from(list(GATHERED)), min_size=1, max_size=3, unique=True))
        parts = {
            "n": draw(expressions(columns, Type.LONG, 1)), "s": draw(expressions(columns, Type.STRING, 1)),
            "r": draw(expressions(columns, Type.REAL, 1)), "b": draw(expressions(columns, Type.BOOL, 1)),
        }  # fmt: skip
        named = {f"g{number}{place}": each for place, each in enumerate(chosen)}
        values = ", ".join(f"{name} = {each.format(**parts)}" for name, each in named.items())
        made = {**{key: columns[key] for key in keys}, **{name: GATHERED[each] for name, each in named.items()}}
        return f"summarize {values}" + (" by " + ", ".join(keys) if keys else ""), made
    if way == "window" and sortable and len(sortable) == len(columns):
        sorting = ", ".join(f"{name} asc" for name in sortable)  # equal rows are equal in all, so any order of them is
        shown = draw(st.sampled_from(["prev({c})", "next({c}, 2)", "row_number()", "row_number(1, isnull(prev({c})))", "row_rank_dense({c})"]))
        name = draw(st.sampled_from(sortable))
        step = f"order by {sorting} | extend w{number} = tostring({shown.format(c=name)})"
        return step, {**columns, f"w{number}": Type.STRING}
    if way == "scalar" and columns.get("n") is Type.LONG:
        inner = draw(st.sampled_from(["T | summarize max(n)", "T | where n > 0 | summarize min(n)", "T | where false | project n"]))
        call = draw(st.sampled_from(["n + @", "bin(n, @)", "max_of(n, @)", "iff(n > @, n, @)", "binary_and(n, @)", "strlen(strrep('a', @ % 3)) + n"]))
        return f"extend n = tolong({call.replace('@', f'toscalar({inner})')})", columns
    if way == "top" and len(sortable) == len(columns):
        # among equals any row may come first, so all columns decide
        sorting = ", ".join(f"{name} {draw(st.sampled_from(['asc', 'desc']))}" for name in sortable)
        return f"order by {sorting} | take {draw(st.integers(0, 4))}", columns
    if way == "join" and columns.get("n") is Type.LONG:
        kind = draw(st.sampled_from(["inner", "leftouter", "rightouter", "fullouter", "leftsemi", "leftanti"]))
        if kind.startswith(("lefts", "lefta")):
            return f"join kind={kind} (T | project n, q = i) on n", columns
        if {"n1", f"q{number}"} & set(columns):
            return "where true", columns
        joined = {**columns, "n1": Type.LONG, f"q{number}": Type.INT}
        return f"join kind={kind} (T | where isnotnull(b) | project n, q{number} = i) on n", joined
    if way == "union" and list(columns.items())[:2] == list(COLUMNS.items())[:2]:
        return "union (T | project n, i | where n > 0)", columns
    if way == "mv" and columns.get("j") is Type.DYNAMIC:
        return "mv-expand j", columns
    if way == "distinct" and sortable:
        kept = sortable[:3]
        return f"distinct {', '.join(kept)}", {name: columns[name] for name in kept}
    return "where true", columns


# ---- the same rows, however the SQL is cut ---------------------------------------------------------------------------
def fenced(relation: plan.Relation) -> plan.Relation:
    """The plan with every step a SELECT that is computed on its own, so that no step can look into another one."""
    changes: dict[str, Any] = {}
    for name in ("input", "left", "right"):
        inner = getattr(relation, name, None)
        if inner is not None:
            below = fenced(inner)
            changes[name] = below if serialized(inner) or isinstance(relation, plan.Shared) else plan.Shared(below, "step")
    if isinstance(relation, plan.Union):
        changes["legs"] = tuple(plan.Shared(fenced(leg), "step") for leg in relation.legs)
    return replace(relation, **changes) if changes else relation


@contextmanager
def cutting(most: int, part: int) -> Iterator[None]:
    before = hoist.MAX_WEIGHT, hoist._PART
    hoist.MAX_WEIGHT, hoist._PART = most, part
    try:
        yield
    finally:
        hoist.MAX_WEIGHT, hoist._PART = before


LEAVABLE = tuple(rewrite.name for rewrite in rewrites.REWRITES if not rewrite.needed)


def rows_of(engine: duckdb.DuckDBPyConnection, relation: plan.Relation, *without: str) -> collections.Counter[str]:
    emitted = emit.emit(relation, frozenset(without))
    bound = {"now": NOW} if "now" in emitted.parameters else {}
    rows = engine.execute(emitted.sql, bound).fetchall()
    return collections.Counter(repr(tuple(plain(value) for value in row)) for row in rows)


def plain(value: object) -> object:
    if isinstance(value, float):
        return "nan" if math.isnan(value) else float(f"{value:.9g}")
    return f"{value.normalize():f}" if isinstance(value, decimal.Decimal) else value


@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
@given(text=pipelines())
def test_a_rewrite_keeps_the_rows(text: str, engine: duckdb.DuckDBPyConnection) -> None:
    try:
        compiled = kql.compile(text, NOTHING)
    except kql.KqlError as error:
        assert all(0 <= problem.span[0] < problem.span[1] for problem in error.problems)
        return
    try:
        flat = rows_of(engine, compiled.relation)
        for name in LEAVABLE:
            assert rows_of(engine, compiled.relation, name) == flat, f"without the rewrite {name}"
        assert rows_of(engine, compiled.relation, *LEAVABLE) == flat, "without any rewrite"
        with cutting(0, 0):
            assert rows_of(engine, compiled.relation) == flat, "every call in a SELECT of its own"
        assert rows_of(engine, fenced(compiled.relation)) == flat, "every step computed on its own"
    except (duckdb.OutOfRangeException, duckdb.ConversionException, duckdb.InvalidInputException):
        return  # what a value does to a function is the law of test_extremes; whether it is met hangs on the order of steps


# ---- texts that the grammar writes -----------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def grammar_texts() -> st.SearchStrategy[str]:
    import lark

    grammar = (Path(kql.__file__).parent / "kql.lark").read_text(encoding="utf-8")
    return from_lark(lark.Lark(grammar, parser="lalr"), start="start")


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_what_the_grammar_writes_gives_a_result_or_a_message(
    data: st.DataObject, grammar_texts: st.SearchStrategy[str], engine: duckdb.DuckDBPyConnection
) -> None:
    text = data.draw(grammar_texts)
    for problem in kql.check(text, NOTHING):
        assert 0 <= problem.span[0] <= problem.span[1] <= len(text) + 1
        assert problem.draw(text)
    try:
        compiled = kql.compile(text, NOTHING)
        bound = compiled.bind(NOW)
    except kql.KqlError as error:
        assert str(error)
        return
    engine.execute(f"EXPLAIN {compiled.sql}", bound)
