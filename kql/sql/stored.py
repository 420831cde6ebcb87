"""How a part of a table holds a logical column: a column of its own, a constant, or a document composed of several."""

from __future__ import annotations

from dataclasses import replace

from kql.forms import JSON, Form, Missing, Object, Scalar
from kql.schema import Graft, Part, PhysicalColumn
from kql.sql import dynamic, quote
from kql.sql.value import Sql, constant, missing
from kql.types import DYNAMIC, Type


def held_by(part: Part, name: str, type: Type, alias: str) -> Sql:
    """A logical column as a part of the table holds it."""
    held = _in_columns(part, name, type, alias)
    if part.beyond is None:
        return held
    paths = [path[1:] for path in part.beyond.paths if path[0] == name]
    text = f"{alias}.{quote.name(part.beyond.source)}"
    if not paths:
        return held
    if type is not DYNAMIC:
        return Sql(f"coalesce(json_extract_string({text}, {dynamic.pointer((name,))}), {held.string})", type, False)
    return _extended(held, paths, text, (name,))


def _in_columns(part: Part, name: str, type: Type, alias: str) -> Sql:
    """A logical column as the typed columns of a part hold it."""
    column = part.columns.get(name)
    grafts = part.grafts.get(name, ())
    if not grafts:
        return missing(type) if column is None else _physical(column, type, alias)
    base = missing(type) if column is None else _physical(column, type, alias)
    return _grafted(base, grafts, alias, column.keys if column is not None else ())


def _physical(column: PhysicalColumn, type: Type, alias: str) -> Sql:
    if column.source is None:
        return constant(column.constant, type)
    text = f"{alias}.{quote.name(column.source)}"
    return Sql(text, type, column.nullable, column.form if type is DYNAMIC else None, lower=column.lower)


def _grafted(base: Sql, grafts: tuple[Graft, ...], alias: str, keys: tuple[str, ...] = ()) -> Sql:
    """A document whose pieces lie in several columns, composed."""
    members: dict[str, Sql] = {}
    if isinstance(base.form, Object):
        members = {field: dynamic.step(base, field) for field, _ in base.form.fields}
    deeper: dict[str, list[Graft]] = {}
    for graft in grafts:
        first, *rest = graft.path
        if rest:
            deeper.setdefault(first, []).append(replace(graft, path=tuple(rest)))
            continue
        form: Form = graft.column.form if graft.type is DYNAMIC and graft.column.form else Scalar(graft.type)
        text = f"{alias}.{quote.name(graft.column.source or '')}"
        members[first] = Sql(text, DYNAMIC, True, form)
    for first, below in deeper.items():
        members[first] = _grafted(members.get(first, dynamic.NULL), tuple(below), alias)
    places = {key: place for place, key in enumerate(keys)}
    ordered = sorted(members.items(), key=lambda member: places.get(member[0], len(places)))
    return Sql("", DYNAMIC, base.nullable, Missing(), members=tuple(ordered))


def _extended(value: Sql, paths: list[tuple[str, ...]], text: str, place: tuple[str, ...]) -> Sql:
    """A value with what rows have beyond it at some paths; `text` is the JSON text that says so, `place` where in it."""
    below: dict[str, list[tuple[str, ...]]] = {}
    for path in paths:
        if path:
            below.setdefault(path[0], []).append(path[1:])
    if below:
        value = _with_members(value, below, text, place)
    return _overridden(value, text, place) if () in paths else value


def _overridden(value: Sql, text: str, place: tuple[str, ...]) -> Sql:
    """A value, or what stands for it at its own place."""
    if value.is_nothing:
        made = Sql(text, DYNAMIC, True, JSON)
        for step in place:
            made = dynamic.step(made, step)
        return made
    more = f"json_extract({text}, {dynamic.pointer(place)})"
    return Sql(f"kql_extract({_either(value, more)}, '$')", DYNAMIC, True, JSON)


def _with_members(value: Sql, below: dict[str, list[tuple[str, ...]]], text: str, place: tuple[str, ...]) -> Sql:
    members = dict(value.members or ())
    if isinstance(value.form, Object):
        members = {field: dynamic.step(value, field) for field, _ in value.form.fields}
    kept: dict[str, str] = {}
    for name, paths in below.items():
        at = (*place, name)
        shown = _extended(members.get(name, dynamic.NULL), [path for path in paths if path], text, at)
        if () in paths:  # in the document a null that is written stands as it is
            more = f"json_extract({text}, {dynamic.pointer(at)})"
            kept[name] = f"CAST({more if shown.is_nothing else _either(shown, more)} AS VARCHAR)"
            shown = _overridden(shown, text, at)
        members[name] = shown
    base = value.raw if isinstance(value.form, Object) else ""
    return Sql(base, DYNAMIC, True, Missing(), members=tuple(members.items()), kept=tuple(kept.items()))


def _either(value: Sql, more: str) -> str:
    """SQL for a value, or what stands for it; an object is added to one."""
    document = f"CAST({dynamic.as_json(value).text} AS JSON)"
    return (
        f"CASE WHEN {more} IS NULL THEN {document} WHEN json_type({more}) = 'OBJECT' AND json_type({document}) = 'OBJECT' "
        f"THEN json_merge_patch({document}, {more}) ELSE {more} END"
    )


__all__ = ["held_by"]
