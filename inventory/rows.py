"""One row as the service would show it, and back: all columns, grafts in their places, absent properties left out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from copy import deepcopy
from functools import lru_cache
from typing import Any

import pyarrow as pa

from inventory.resource_types import BASE, REST, ResourceType
from inventory.shapes import is_json


@lru_cache(maxsize=256)
def schema_of(of: ResourceType, tenant: str) -> pa.Schema:
    """The schema of a type, which to put together takes longer than to read a row by it."""
    return of.schema(tenant)


def shown(of: ResourceType, tenant: str, values: dict[str, Any]) -> dict[str, Any]:
    """A row of the physical table as the row of Resource Graph that it stands for, with what it has beyond its columns."""
    schema = schema_of(of, tenant)
    row: dict[str, Any] = {}
    for name, kind in BASE.items():
        position = schema.get_field_index(name)
        if position < 0:
            row[name] = "" if kind == pa.string() else None
            continue
        field = schema.field(position)
        constant = (field.metadata or {}).get(b"constant")
        if constant is not None:
            row[name] = constant.decode()
        elif kind == pa.string():
            row[name] = values[name] or ""
        else:
            row[name] = present(field, values[name])
    for graft in of.grafts:
        value = present(pa.field(graft.column, graft.shape), values[graft.column])
        if value is None:
            continue
        inner = row
        *parents, last = graft.path.split(".")
        for parent in parents:
            inner = inner.setdefault(parent, {})
        inner[last] = value
    rest = values.get(REST)
    if rest:
        row |= {name: merged(row[name], more) for name, more in json.loads(rest).items() if name in row}
    if of.key_order:
        properties = row["properties"]
        known = {name: properties[name] for name in of.key_order if name in properties}
        row["properties"] = known | properties
    return row


def merged(below: Any, above: Any) -> Any:
    """Two documents as one; where both have something that is no object, `above` has it."""
    if isinstance(below, dict) and isinstance(above, dict):
        made = dict(below)
        for name, value in above.items():
            made[name] = merged(made[name], value) if name in made else deepcopy(value)
        return made
    return deepcopy(above)


def present(field: pa.Field, value: Any) -> Any:
    """A document without the properties that it does not have; JSON text as what it says."""
    if value is None:
        return None
    if is_json(field):
        return json.loads(value)
    if pa.types.is_struct(field.type):
        inner = ((part.name, present(part, value[part.name])) for part in field.type)
        return {name: found for name, found in inner if found is not None}
    if pa.types.is_list(field.type):
        return [present(field.type.value_field, each) for each in value]
    return value


class _Nothing:
    """No value at all, where None is one."""


NOTHING = _Nothing()


def fit(field: pa.Field, value: Any, *, exactly: bool = False) -> tuple[Any, Any]:
    """What of a value fits a shape, and what is left over (NOTHING if it fits altogether).

    Null is taken for nothing, unless the value is to come back exactly.
    """
    kind = field.type
    if value is None and exactly:
        return None, None
    if is_json(field):
        return json.dumps(value, ensure_ascii=False), NOTHING
    if value is None:
        return None, NOTHING
    if pa.types.is_struct(kind):
        if not isinstance(value, Mapping):
            return None, value
        fitted: dict[str, Any] = {part.name: None for part in kind}
        left: dict[str, Any] = {}
        for name, each in value.items():
            place = kind.get_field_index(name)
            inner, over = (None, each) if place < 0 else fit(kind.field(place), each, exactly=exactly)
            if place >= 0:
                fitted[name] = inner
            if over is not NOTHING and (exactly or over is not None):
                left[name] = over
        return fitted, left or NOTHING
    if pa.types.is_list(kind):
        if not isinstance(value, list):
            return None, value
        pieces = [fit(kind.value_field, each, exactly=exactly) for each in value]
        if any(over is not NOTHING for _, over in pieces):
            return None, value
        return [inner for inner, _ in pieces], NOTHING
    return (value, NOTHING) if _is_plain(kind, value) else (None, value)


def _is_plain(kind: pa.DataType, value: Any) -> bool:
    if pa.types.is_boolean(kind):
        return isinstance(value, bool)
    if isinstance(value, bool):
        return False
    if pa.types.is_integer(kind):
        return isinstance(value, int) and -(1 << 63) <= value < 1 << 63
    if pa.types.is_floating(kind):
        return isinstance(value, int | float)
    return isinstance(value, str)
