"""How a part of a table holds a logical column: a column of its own, a constant, or a document composed of several."""

from __future__ import annotations

from dataclasses import replace

from kql.forms import Form, Missing, Object, Scalar
from kql.schema import Graft, Part, PhysicalColumn
from kql.sql import dynamic, quote
from kql.sql.value import Sql, constant, missing
from kql.types import DYNAMIC, Type


def held_by(part: Part, name: str, type: Type, alias: str) -> Sql:
    """A logical column as a part of the table holds it."""
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


__all__ = ["held_by"]
