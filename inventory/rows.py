"""One row as the service would show it: all columns, grafts in their places, absent properties left out."""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa

from inventory.resource_types import BASE, ResourceType
from inventory.shapes import is_json


def shown(of: ResourceType, tenant: str, values: dict[str, Any]) -> dict[str, Any]:
    """A row of the physical table as the row of Resource Graph that it stands for."""
    schema = of.schema(tenant)
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
    if of.key_order:
        properties = row["properties"]
        row["properties"] = {name: properties[name] for name in of.key_order if name in properties}
    return row


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
