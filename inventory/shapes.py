"""Words for the shape of a document: a few names over Arrow types, and their form as DuckDB types.

A field that is null is a property that the document does not have. Knows no resource.
"""

from __future__ import annotations

from typing import TypeAlias

import pyarrow as pa

TEXT = pa.string()
WHOLE = pa.int64()
REAL = pa.float64()
FLAG = pa.bool_()


class JsonText:
    """A value of no fixed shape, kept as JSON text."""


JSON = JsonText()

Shape: TypeAlias = pa.DataType | JsonText


def field(name: str, shape: Shape, **facts: str) -> pa.Field:
    """An Arrow field; `facts` become its metadata."""
    metadata = dict(facts)
    if isinstance(shape, JsonText):
        metadata["kql"] = "dynamic"
        shape = pa.string()
    return pa.field(name, shape, metadata=metadata or None)


def document(**fields: Shape) -> pa.DataType:
    """An object with these properties, in this order."""
    return pa.struct([field(name, shape) for name, shape in fields.items()])


def many(shape: Shape) -> pa.DataType:
    """An array of values of one shape."""
    return pa.list_(field("item", shape))


REFERENCE = document(id=TEXT)


def quoted(name: str) -> str:
    """A name as a SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def sql_type(shape: pa.DataType) -> str:
    """The DuckDB type that holds a shape."""
    if pa.types.is_struct(shape):
        inner = ", ".join(f"{quoted(part.name)} {_part_type(part)}" for part in shape)
        return f"STRUCT({inner})"
    if pa.types.is_list(shape):
        return f"{sql_type(shape.value_type)}[]"
    return _SCALARS[shape]


def _part_type(part: pa.Field) -> str:
    """A text that is JSON is declared as such inside a document, or the engine would quote it when it writes that."""
    return "JSON" if is_json(part) else sql_type(part.type)


def is_json(part: pa.Field) -> bool:
    """Whether a field holds JSON text."""
    return (part.metadata or {}).get(b"kql") == b"dynamic"


_SCALARS = {TEXT: "VARCHAR", WHOLE: "BIGINT", pa.int32(): "INTEGER", REAL: "DOUBLE", FLAG: "BOOLEAN"}
