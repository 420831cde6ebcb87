"""Text that grows by one call grows the SQL by a bounded amount: nested calls and functions of functions never double it."""

from __future__ import annotations

import re
from collections.abc import Callable
from time import process_time

import pytest

import kql
from kql.functions import catalogue
from tests.kql.shared import NOTHING, answer, database


def nested(call: str, inner: str, depth: int) -> str:
    text = inner
    for _ in range(depth):
        text = call.replace("@", text)
    return text


def functions(body: str, depth: int) -> str:
    """Let-functions that each call the one before as the body says; @ is the call."""
    lets = ["let f0 = (x: long) { x + 1 };"]
    lets += [f"let f{n} = (x: long) {{ {body.replace('@', f'f{n - 1}')} }};" for n in range(1, depth + 1)]
    return "".join(lets) + f"range x from 1 to 3 step 1 | extend y = f{depth}(x) | project y"


def tables(depth: int) -> str:
    lets = ["let t0 = range x from 1 to 3 step 1;"]
    lets += [f"let t{n} = t{n - 1} | where x > 0 | join kind=inner (t{n - 1}) on x | project x;" for n in range(1, depth + 1)]
    return "".join(lets) + f"t{depth} | summarize n = count()"


DYNAMIC = "range n from 1 to 2 step 1 | extend x = bag_pack('a', n) | project y = "
SHAPES: dict[str, Callable[[int], str]] = {
    "iff": lambda depth: f"range x from 1 to 3 step 1 | project y = {nested('iff(x > 1, @, x + 1)', 'x', depth)}",
    "iff in the condition": lambda depth: f"range x from 1 to 3 step 1 | project y = {nested('iff(@ > 1, x, x + 1)', 'x', depth)}",
    "strcat": lambda depth: f"range x from 1 to 3 step 1 | project y = {nested('strcat(@, x)', 'tostring(x)', depth)}",
    "bag_merge": lambda depth: DYNAMIC + nested("bag_merge(@, x)", "x", depth),
    "array_concat": lambda depth: "range n from 1 to 2 step 1 | extend x = pack_array(n) | project y = " + nested("array_concat(@, x)", "x", depth),
    "replace_string": lambda depth: "print y = " + nested("replace_string(@, 'a', 'b')", "'abc'", depth),
    "print": lambda depth: f"print y = {nested('iff(@ > 1, 5, 6)', '1', depth)}",
    "substring in where": lambda depth: "range x from 1 to 3 step 1 | where "
    + nested("substring(@, 0)", "tostring(x)", depth) + " == '1' | project y = x",
    "functions, once": lambda depth: functions("@(x) + x", depth),
    "functions, twice": lambda depth: functions("@(x) + @(x)", depth),
    "functions of calls": lambda depth: functions("@(@(x))", min(depth, 8)),
    "extend over extend": lambda depth: "range x from 1 to 3 step 1" + " | extend x = iff(x > 1, x + x, x - 1)" * depth,
    "tables": tables,
}  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES)
def test_sql_and_time_stay_bounded(shape: str) -> None:
    short = kql.compile(SHAPES[shape](6), NOTHING)
    began = process_time()
    long = kql.compile(SHAPES[shape](20 if "functions" not in shape else 12), NOTHING)
    assert process_time() - began < 1.0
    assert len(long.sql) < 8 * len(short.sql) + 20_000
    assert answer(database(), long.text)[1]


@pytest.mark.parametrize("name", [row.name for row in catalogue.table().values() if row.heavy])
def test_what_takes_long_to_plan_stands_once(name: str) -> None:
    """However often its value, or a path into it, is used behind it."""
    row = catalogue.table()[name]
    arguments = ", ".join(["s"] * row.overloads[0].least)
    uses = "d.a, d.b, todatetime(d.c), tolong(d.c) + 1" if row.overloads[0].returns == "dynamic" else "x = tostring(d), y = strcat(d, d), d"
    text = f"let T = datatable(s: string)['a', 'b']; T | extend d = {name}({arguments}) | project {uses}"
    macro = re.findall(r"kql_\w+", kql.compile(f"let T = datatable(s: string)['a', 'b']; T | project d = {name}({arguments})", NOTHING).sql)
    assert kql.compile(text, NOTHING).sql.count(macro[0]) == 1
