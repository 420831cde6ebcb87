"""A plan as indented text, for people who want to see what a query became. Knows the plan and no SQL."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterable

from kql import plan
from kql.lexis import TICKS_PER_DAY, TICKS_PER_SECOND, datetime_text
from kql.plan import Column, Relation, columns_of
from kql.types import DATETIME, DYNAMIC, STRING, TIMESPAN, Type

MAX_LISTED = 12


def plan_text(relation: Relation) -> str:
    """The relation nodes of a plan, the last step first, its inputs indented below it."""
    shared: dict[int, int] = {}
    return "\n".join("  " * depth + line for depth, line in _lines(relation, 0, shared))


def _lines(relation: Relation, depth: int, shared: dict[int, int]) -> Iterable[tuple[int, str]]:
    # A pipeline of a hundred steps must not need a hundred frames: inputs in a row are walked in a loop.
    while True:
        if isinstance(relation, plan.Shared):
            known = shared.get(id(relation.input))
            number = shared.setdefault(id(relation.input), len(shared) + 1)
            yield depth, f"Shared #{number} {relation.name}".rstrip() + (" (the rows above)" if known else "")
            if known:
                return
        else:
            yield depth, _line(relation)
        inputs = _inputs(relation)
        depth += 1
        if len(inputs) != 1:
            break
        relation = inputs[0]
    for each in inputs:
        yield from _lines(each, depth, shared)


def _inputs(relation: Relation) -> tuple[Relation, ...]:
    match relation:
        case plan.Join(_, left, right):
            return (left, right)
        case plan.Union(legs):
            return legs
        case plan.Recursion(start, step):
            return (start, step)
    input = getattr(relation, "input", None)
    return () if input is None else (input,)


def _line(relation: Relation) -> str:
    name = type(relation).__name__
    match relation:
        case plan.Scan(table):
            return f"Scan {table.name}, {len(table.parts)} parts"
        case plan.Values(columns, rows):
            return f"Values {_names(columns)}: {len(rows)} rows"
        case plan.Filter(_, predicate):
            return f"Filter {scalar(predicate)}"
        case plan.Project(input, columns):
            return "Project " + _projected(columns_of(input), columns)
        case plan.Aggregate(_, keys, values):
            return f"Aggregate {_made(values)}".rstrip() + (f" by {_made(keys)}" if keys else "")
        case plan.Sort(_, keys):
            return "Sort " + (", ".join(map(_key, keys)) or "as it is")
        case plan.Limit(_, count):
            return f"Limit {scalar(count)}"
        case plan.Join(kind, _, _, on):
            pairs = " and ".join(f"{scalar(left)} == {scalar(right)}" for left, right in on)
            return f"Join {kind}" + (f" on {pairs}" if pairs else "")
        case plan.Union(legs, columns):
            return f"Union of {len(legs)}: {_names(columns)}"
        case plan.Unnest(_, expanded, index, limit, outer):
            words = [f"{column.name} = {scalar(value)}" for column, value, _ in expanded]
            words += [f"index {index.name}"] if index is not None else []
            words += [f"at most {scalar(limit)} each"] if limit is not None else []
            return "Unnest " + ", ".join(words) + ("" if outer else ", without empty ones")
        case plan.First(_, keys):
            return "First row of each " + ", ".join(map(scalar, keys))
        case plan.Fold(_, _, state, _, _, shown):
            return f"Fold {_names(shown)} with {_made(state)}"
        case plan.Recursion() | plan.Previous():
            return f"{name} {_names(columns_of(relation))}"
        case plan.Series(column, start, stop, step):
            return f"Series {column.name} from {scalar(start)} to {scalar(stop)} step {scalar(step)}"
    fields = [getattr(relation, field.name) for field in dataclasses.fields(relation)]
    return f"{name} " + ", ".join(str(field) for field in fields if isinstance(field, str | int | Column))


def _projected(before: tuple[Column, ...], entries: tuple[tuple[Column, plan.Scalar], ...]) -> str:
    """A projection without what it leaves alone: `*` are all columns of the input."""
    kept = {id(column) for column, value in entries if isinstance(value, plan.Ref) and value.column is column}
    if before and all(id(column) in kept for column in before):
        made = [(column, value) for column, value in entries if id(column) not in kept]
        return ", ".join(filter(None, ["*", _made(made)]))
    return _made(entries, MAX_LISTED) or "nothing"


def _made(entries: Iterable[tuple[Column, plan.Scalar]], most: int = 100) -> str:
    words = []
    for column, value in entries:
        text = scalar(value)
        words.append(text if text == _name(column.name) else f"{_name(column.name)} = {text}")
    return _cut(words, most)


def _names(columns: Iterable[Column]) -> str:
    return _cut([_name(column.name) for column in columns], MAX_LISTED)


def _cut(words: list[str], most: int) -> str:
    return ", ".join(words) if len(words) <= most else ", ".join(words[:most]) + f", … ({len(words)} in all)"


def _name(name: str) -> str:
    return name if re.fullmatch(r"[^\W\d]\w*|_\w*", name) else f"['{name}']"


def _key(key: plan.SortKey) -> str:
    return f"{scalar(key.value)} {'asc' if key.ascending else 'desc'} nulls {'first' if key.nulls_first else 'last'}"


# ---- scalars -----------------------------------------------------------------------------------------------------
def scalar(node: plan.Scalar) -> str:
    """An expression as KQL would write it; a conversion that nobody wrote shows as `as`."""
    match node:
        case plan.Literal(value, type):
            return literal(value, type)
        case plan.Ref(column):
            return _name(column.name)
        case plan.Path(base, step):
            if isinstance(step, str):
                return f"{scalar(base)}.{step}" if step.isidentifier() else f"{scalar(base)}['{step}']"
            return f"{scalar(base)}[{step if isinstance(step, int) else scalar(step)}]"
        case plan.Call(function, _, arguments):
            return _call(function.name, function.kind == "infix", arguments)
        case plan.Convert(argument, type):
            return f"({scalar(argument)} as {type.value})"
        case plan.Parameter(name):
            return "$" + name.removeprefix("p_")
        case plan.ScalarQuery(relation):
            return f"toscalar({' <- '.join(_chain(relation))})"
        case plan.Membership(value, relation, _, negated):
            return f"{scalar(value)} {'!in' if negated else 'in'} ({' <- '.join(_chain(relation))})"
        case plan.RowNumber():
            return "row number"
    return type(node).__name__


def _call(name: str, infix: bool, arguments: tuple[plan.Scalar, ...]) -> str:
    parts = [scalar(argument) for argument in arguments]
    if not infix:
        return f"{name}({', '.join(parts)})"
    if len(parts) == 1:
        return ("-" if name == "negate" else "+" if name == "plus" else name) + parts[0]
    parts = [f"({part})" if _is_infix(argument) else part for part, argument in zip(parts, arguments, strict=True)]
    if len(parts) == 2 and not name.lstrip("!").startswith(("in", "has_a")):
        return f"{parts[0]} {name} {parts[1]}"
    if name in ("and", "or"):
        return f" {name} ".join(parts)
    if "between" in name:
        return f"{parts[0]} {name} ({' .. '.join(parts[1:])})"
    return f"{parts[0]} {name} ({', '.join(parts[1:])})"


def _is_infix(node: plan.Scalar) -> bool:
    return isinstance(node, plan.Call) and node.function.kind == "infix" and len(node.arguments) > 1


def _chain(relation: Relation) -> Iterable[str]:
    for depth, line in _lines(relation, 0, {}):
        if depth < 6:
            yield line


def literal(value: object, type: Type) -> str:
    """A constant as KQL writes it."""
    if value is None:
        return f"{type.value}(null)"
    if type is DYNAMIC:
        return f"dynamic({value})"
    if type is STRING:
        return json.dumps(str(value), ensure_ascii=False)
    if isinstance(value, bool):
        return str(value).lower()
    if type is DATETIME and isinstance(value, int):
        return f"datetime({datetime_text(value)})"
    if type is TIMESPAN and isinstance(value, int):
        return _timespan(value)
    return str(value) if type in (Type.LONG, Type.REAL, Type.TYPE) else f"{type.value}({value})"


def _timespan(ticks: int) -> str:
    for unit, size in (("d", TICKS_PER_DAY), ("h", TICKS_PER_DAY // 24), ("m", 60 * TICKS_PER_SECOND)):
        if ticks and ticks % size == 0:
            return f"{ticks // size}{unit}"
    return f"{ticks / TICKS_PER_SECOND:g}s" if ticks % 10_000 == 0 else f"{ticks}tick"
