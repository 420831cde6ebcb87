"""Plugins that change the shape of the rows: bag_unpack, pivot, narrow, schema_merge, preview."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from kql import plan, syntax
from kql.bind import names
from kql.operators.base import passing
from kql.operators.evaluate import Use, plugin
from kql.operators.groups import Summarize, aggregated
from kql.plan import Column, Relation
from kql.types import BOOL, DYNAMIC, LONG, REAL, STRING, Type, common

# What gettype() says of a value inside a bag, and the type of a column of such values.
_KINDS = {"long": LONG, "int": LONG, "double": REAL, "real": REAL, "bool": BOOL, "string": STRING}
_CONFLICTS = ("error", "replace_source", "keep_source")


@plugin(
    "bag_unpack(Column, OutputColumnPrefix, columnsConflict=…, ignoredProperties=…)",
    "Makes a column of each property of a bag, by name. Where a column has that name already it is an error, or as"
    " columnsConflict says: replace_source or keep_source.",
    "print d = dynamic({'a': 1, 'b': 'x'}) | evaluate bag_unpack(d)",
)
def bag_unpack(use: Use) -> Relation:
    places, named = use.given(1, 4, "columnsConflict", "ignoredProperties", "OutputColumnPrefix")
    written = dict(zip(("", "OutputColumnPrefix", "columnsConflict", "ignoredProperties"), places, strict=False)) | named
    column = use.column(places[0]) if places else None
    prefix = _text(use, written, "OutputColumnPrefix", "")
    conflict = _text(use, written, "columnsConflict", "error")
    if conflict not in _CONFLICTS:
        use.binder.problems.add("KQL401", use.span, operator="columnsConflict", expected="one of " + ", ".join(_CONFLICTS))
    ignored: set[str] = set()
    if "ignoredProperties" in written:
        text = use.literal(written["ignoredProperties"], DYNAMIC, "ignoredProperties")
        ignored = {str(each) for each in json.loads(text or "[]")}
    if column is None or use.wrong():
        return use.input
    if column.type is not DYNAMIC:
        use.binder.problems.add("KQL303", use.call.arguments[0].span, given=column.type.value, expected="a dynamic value")
        return use.input
    if use.schema is not None:
        kinds = {each.name.removeprefix(prefix): each.type or STRING for each in use.schema.columns}
    else:
        kinds = {key: type for key, type in _properties(use, column).items() if key not in ignored}
    others = [each for each in use.columns if each is not column]
    made: dict[str, tuple[Column, plan.Scalar]] = {}
    for key in sorted(kinds):
        name, type = prefix + key, kinds[key]
        if any(each.name == name for each in others):
            if conflict == "error" and use.schema is None:
                use.binder.problems.add("KQL205", use.span, "columnsConflict says which one to keep", name=name)
            # told columns say what is shown: one that the rows have already is theirs, unless the bag's is asked for
            if conflict == "keep_source" or (conflict == "error" and use.schema is not None):
                continue
        value: plan.Scalar = plan.Path(plan.Ref(column), key)
        made[name] = (Column(name, type), value if type is DYNAMIC else plan.Convert(value, type))
    output = [made.pop(each.name, (each, plan.Ref(each))) for each in use.columns if each is not column or each.name in made]
    return plan.Project(use.input, (*output, *made.values()))


def _text(use: Use, written: dict[str, syntax.Expression], name: str, default: str) -> str:
    return str(use.literal(written[name], STRING, name) or "") if name in written else default


def _properties(use: Use, column: Column) -> dict[str, Type]:
    """The properties that the bags of a column have, each with the one type of its values."""
    kinds: dict[str, list[str]] = {}
    literals = written_values(use.input, column)
    if literals is not None and not use.binder.asks:
        for text in literals:
            bag = json.loads(text)
            for key, value in bag.items() if isinstance(bag, dict) else ():
                kinds.setdefault(key, []).append(_kind(value))
    else:
        key, bag = Column("key", DYNAMIC), Column("bag", DYNAMIC)
        own = plan.Project(use.input, ((bag, plan.Ref(column)),))
        every = plan.Unnest(own, ((key, use.apply("bag_keys", plan.Ref(bag)), "element"),), None, None)
        name = plan.Convert(plan.Ref(key), STRING)
        kind = use.apply("gettype", plan.Path(plan.Ref(bag), name))
        for text, found in use.rows(plan.Aggregate(every, ((Column("name", STRING), name), (Column("kind", STRING), kind)), ())):
            if text:
                kinds.setdefault(text, []).append(found)
    return {key: _type(each) for key, each in kinds.items()}


def _kind(value: Any) -> str:
    """What gettype() says of a JSON value."""
    names = {bool: "bool", int: "long", float: "double", str: "string", list: "array", dict: "dictionary", type(None): "null"}
    return names[type(value)]


def _type(kinds: list[str]) -> Type:
    """The type of a column with values of these kinds: theirs if they share one, dynamic otherwise."""
    types = {_KINDS.get(kind, DYNAMIC) for kind in kinds if kind not in ("null", "")}
    if not types:
        return DYNAMIC
    if DYNAMIC in types:
        return DYNAMIC
    return common(types) or DYNAMIC


def written_values(relation: Relation, column: Column) -> list[str] | None:
    """The JSON texts of a column whose rows are written in the query; None where they must be computed."""
    match relation:
        case plan.Values(columns, rows) if column in columns:
            cells = [row[columns.index(column)] for row in rows]
            if all(isinstance(cell, plan.Literal) for cell in cells):
                return [str(cell.value) for cell in cells if isinstance(cell, plan.Literal) and cell.value is not None]
        case plan.Project(input, entries):
            value = next((value for entry, value in entries if entry is column), None)
            if isinstance(value, plan.Ref):
                return written_values(input, value.column)
            if isinstance(value, plan.Literal):
                return [] if value.value is None else [str(value.value)]
        case plan.Sort(input):
            return written_values(input, column)
    return None


@plugin(
    "pivot(pivotColumn, aggregate, column, …)",
    "Makes a column of each value of a column, with an aggregate over its rows; the other columns group the rows.",
    "datatable(k: string, v: string)['a', 'x', 'a', 'y', 'b', 'x'] | evaluate pivot(v)",
)
def pivot(use: Use) -> Relation:
    places, _ = use.given(1, None)
    column = use.column(places[0]) if places else None
    if column is None or use.wrong():
        return use.input
    scope = replace(use.scope, aggregates=True)
    call = places[1] if len(places) > 1 else syntax.Call("count", (), use.span, use.span)
    aggregate = Summarize(use.span, (), ())._value(use.binder, syntax.Item((), call, call.span), scope, names.Namer(), ())
    if not aggregate or use.wrong():
        return use.input
    _, value = aggregate[0]
    if len(places) > 2:
        keys = [found for each in places[2:] if (found := use.column(each)) is not None]
    else:
        used = {each.id for each in _columns(value)}
        keys = [each for each in use.columns if each is not column and each.id not in used]
    if use.schema is not None:
        kept = {each.name for each in keys}
        shown = [each.name for each in use.schema.columns if each.name not in kept]
    else:
        texts = plan.Aggregate(use.input, ((Column("name", STRING), _name_of(column)),), ())
        shown = sorted(str(name or "") for (name,) in use.rows(texts))
    name, held = Column("name", STRING), Column("value", value.type)
    fresh = [Column(each.name, each.type) for each in keys]
    grouped = aggregated(
        use.input,
        (*zip(fresh, (plan.Ref(each) for each in keys), strict=True), (name, _name_of(column))),
        ((held, value),),
    )
    empty = Column("empty", value.type)
    none = aggregated(plan.Filter(use.input, plan.Literal(False, BOOL)), (), ((empty, value),))
    nothing = plan.ScalarQuery(none, value.type)
    entries: list[tuple[Column, plan.Scalar]] = []
    counts: list[tuple[Column, plan.Scalar]] = []
    for text in shown:
        here = use.apply("==", plan.Ref(name), plan.Literal(text, STRING))
        missing = plan.Literal("" if value.type is STRING else None, value.type)
        entries.append((Column(text, value.type), use.apply("$any", use.apply("iff", here, plan.Ref(held), missing))))
        counts.append((Column("count", LONG), use.apply("countif", here)))
    wide = plan.Aggregate(grouped, tuple((each, plan.Ref(each)) for each in fresh), (*entries, *counts))
    output = passing(plan.columns_of(wide)[: len(fresh)])
    for (cell, _), (count, _) in zip(entries, counts, strict=True):
        # where a group has no rows with the value stands what the aggregate says of no rows
        some = use.apply(">", plan.Ref(count), plan.Literal(0, LONG))
        output.append((Column(cell.name, value.type), use.apply("iff", some, plan.Ref(cell), nothing)))
    return plan.Project(wide, tuple(output))


def _name_of(column: Column) -> plan.Scalar:
    return plan.Ref(column) if column.type is STRING else plan.Convert(plan.Ref(column), STRING)


def _columns(node: plan.Scalar) -> list[Column]:
    if isinstance(node, plan.Ref):
        return [node.column]
    return [column for part in plan.parts(node) for column in _columns(part)]


@plugin(
    "narrow()",
    "Turns every cell into a row: Row, the row's number from 0, Column, the column's name, and Value, as a text.",
    "print a = 1, b = 'x' | evaluate narrow()",
)
def narrow(use: Use) -> Relation:
    use.given(0, 0)
    row, place, name, value = Column("Row", LONG), Column("place", LONG), Column("Column", STRING), Column("Value", STRING)
    numbered = plan.Project(plan.Sort(use.input, (), stable=True), (*passing(use.columns), (row, plan.RowNumber())))
    shared = plan.Shared(numbered, "numbered")
    sources: list[tuple[plan.Scalar | None, ...]] = []
    for at, column in enumerate(use.columns):
        sources.append((plan.Ref(row), plan.Literal(at, LONG), plan.Literal(column.name, STRING), _name_of(column)))
    legs = plan.Union((shared,) * len(use.columns), (Column("Row", LONG), place, name, value), tuple(sources))
    first = legs.columns[0]
    keys = tuple(plan.SortKey(plan.Ref(each), True, True) for each in (first, place))
    return plan.Project(plan.Sort(legs, keys), tuple(passing((first, name, value))))


@plugin(
    "schema_merge(PreserveOrder)",
    "Several results of getschema as one: each column once, in the order in which it comes first.",
    "print a = 1 | getschema | evaluate schema_merge()",
)
def schema_merge(use: Use) -> Relation:
    use.given(0, 1)
    wanted = ("ColumnName", "ColumnOrdinal", "DataType", "ColumnType")
    found = {column.name: column for column in use.columns}
    if any(name not in found for name in wanted):
        use.binder.problems.add("KQL309", use.span, what="schema_merge wants rows that getschema made")
        return use.input
    name, ordinal, data, kind = (found[each] for each in wanted)
    keys = tuple((Column(each.name, each.type), plan.Ref(each)) for each in (name, data, kind))
    first = Column("first", ordinal.type)
    grouped = plan.Aggregate(use.input, keys, ((first, use.apply("min", plan.Ref(ordinal))),))
    ordered = plan.Sort(grouped, (plan.SortKey(plan.Ref(first), True, True),))
    (shown, _), (shown_data, _), (shown_kind, _) = keys
    number = (Column("ColumnOrdinal", LONG), plan.RowNumber())
    return plan.Project(ordered, (*passing((shown,)), number, *passing((shown_data, shown_kind))))


@plugin("preview(NumberOfRows)", "At most so many of the rows.", "range x from 1 to 9 step 1 | evaluate preview(3)")
def preview(use: Use) -> Relation:
    places, _ = use.given(1, 1)
    return plan.Limit(use.input, use.constant(places[0], LONG, "the number of rows")) if places else use.input


__all__ = ["bag_unpack", "narrow", "pivot", "preview", "schema_merge"]
