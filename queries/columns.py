"""Columns of an answer as Arrow: ticks become timestamps and durations, dynamic values become JSON.

The type of an Arrow column follows from the KQL type alone, never from the size of the answer or the engine's choices.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

_UNIX_EPOCH_TICKS = 621_355_968_000_000_000

_TYPES: dict[str, pa.DataType] = {
    "string": pa.string(),
    "guid": pa.string(),
    "long": pa.int64(),
    "int": pa.int32(),
    "real": pa.float64(),
    "bool": pa.bool_(),
    "datetime": pa.timestamp("us", "UTC"),
    "timespan": pa.duration("us"),
    "dynamic": pa.json_(),
}


def arrow_field(name: str, kql_type: str, engine_type: str) -> pa.Field:
    """The field of a column, its KQL type in the metadata; `engine_type` (DECIMAL(20,3)) gives a decimal its digits."""
    if kql_type == "decimal":
        digits = re.search(r"\((\d+), ?(\d+)\)", engine_type)
        arrow: pa.DataType = pa.decimal128(int(digits[1]), int(digits[2])) if digits else pa.decimal128(38, 18)
    else:
        arrow = _TYPES.get(kql_type, pa.string())
    return pa.field(name, arrow, metadata={b"kql": kql_type.encode()})


def whole_numbers(table: pa.Table, kql_types: Sequence[str]) -> pa.Table:
    """The table with its whole numbers as such: the engine exports its widest integers as decimals without digits."""
    for index, kql_type in enumerate(kql_types):
        if kql_type in ("long", "int", "datetime", "timespan") and not pa.types.is_integer(table.schema.types[index]):
            table = table.set_column(index, table.schema.names[index], table.column(index).cast(pa.int64()))
    return table


def from_values(values: Sequence[Any], field: pa.Field, form: str) -> pa.Array:
    """An Arrow column of engine values as Python has them."""
    if form == "ticks":
        return _from_ticks(pa.array(values, pa.int64()), field.type)
    if field.type == pa.json_():
        texts = [v if v is None or (form == "json" and isinstance(v, str)) else json.dumps(v) for v in values]
        return pa.ExtensionArray.from_storage(field.type, pa.array(texts, pa.string()))
    if pa.types.is_decimal(field.type):
        values = [v if v is None or isinstance(v, Decimal) else Decimal(str(v)) for v in values]
    return pa.array(values, field.type)


def from_engine(column: pa.ChunkedArray, field: pa.Field, form: str) -> pa.Array:
    """An Arrow column of engine values as the engine exports them."""
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if isinstance(array, pa.ChunkedArray):  # what combine_chunks gives where there was no chunk
        array = pa.concat_arrays(array.chunks) if array.num_chunks else pa.array([], array.type)
    if isinstance(array, pa.ExtensionArray):
        array = array.storage
    if form == "ticks":
        return _from_ticks(array.cast(pa.int64()), field.type)
    if field.type == pa.json_():
        return pa.ExtensionArray.from_storage(field.type, _to_json(array, form))
    return array.cast(field.type)


def _from_ticks(ticks: pa.Array, target: pa.DataType) -> pa.Array:
    if pa.types.is_timestamp(target):
        ticks = pc.subtract(ticks, _UNIX_EPOCH_TICKS)
        # Arrow divides towards zero; a moment before 1970 is to be cut down, as one after it is.
        ticks = pc.if_else(pc.less(ticks, 0), pc.subtract(ticks, 9), ticks)
    return pc.divide(ticks, 10).cast(target)


def _to_json(array: pa.Array, form: str) -> pa.Array:
    if form == "json":
        return array.cast(pa.string())
    if pa.types.is_string(array.type) or pa.types.is_large_string(array.type):
        # Few distinct texts stand for many rows (power states, regions): each is quoted once.
        encoded = array.cast(pa.string()).dictionary_encode()
        texts = [json.dumps(text, ensure_ascii=False) for text in encoded.dictionary.to_pylist()]
        return pa.array(texts, pa.string()).take(encoded.indices)
    if pa.types.is_floating(array.type):
        return pa.array([None if v is None else json.dumps(v) for v in array.to_pylist()], pa.string())
    return array.cast(pa.string())
