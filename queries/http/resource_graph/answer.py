"""Answers on the wire: rows as objects or as a table, in JSON text that is written once, straight from engine values."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from queries.paging import Page
from queries.result import Column
from queries.stream import Rows
from queries.values import jsoner

WIRE_TYPES = {
    "int": "integer", "long": "integer", "real": "number", "decimal": "number", "bool": "boolean",
    "datetime": "datetime", "dynamic": "object",
}  # fmt: skip
"""The service's names of column types; every other KQL type travels as a string."""


@dataclass(frozen=True, slots=True)
class Look:
    """How values are written: the service's oddities, each of which may be switched off."""

    table: bool
    booleans_as_numbers: bool
    chaotic_id_case: bool


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _writer(name: str, kql_type: str, form: str, look: Look) -> Callable[[Any], str]:
    """The function from an engine value (never None) to its JSON text."""
    if kql_type == "bool" and look.booleans_as_numbers:
        return lambda value: "1" if value else "0"
    if kql_type == "bool":
        return lambda value: "true" if value else "false"
    if kql_type == "decimal":
        return lambda value: f"{value:f}"
    if look.chaotic_id_case and name == "id" and kql_type == "string":
        return lambda value: _text(value.lower() if random.random() < 0.5 else value)
    return jsoner(kql_type, form)


def data(of: Sequence[Column], forms: Sequence[str], found: Rows, look: Look) -> str:
    """Rows of engine values as the field `data`."""
    columns = list(zip(of, forms, strict=True))
    writers = [_writer(column.name, column.type, form, look) for column, form in columns]
    if look.table:
        declared = [
            f'{{"name":{_text(column.name)},"type":"{WIRE_TYPES.get(column.type, "string")}"}}' for column, _ in columns
        ]
        rows = ",".join(
            "[" + ",".join("null" if v is None else write(v) for write, v in zip(writers, row, strict=True)) + "]"
            for row in found
        )
        return f'{{"columns":[{",".join(declared)}],"rows":[{rows}]}}'
    keyed = [(_text(column.name) + ":", write) for (column, _), write in zip(columns, writers, strict=True)]
    rows = ",".join(
        "{"
        + ",".join(key + ("null" if v is None else write(v)) for (key, write), v in zip(keyed, row, strict=True))
        + "}"
        for row in found
    )
    return f"[{rows}]"


def _data(page: Page, look: Look) -> str:
    return data(page.columns, page.forms, page.rows, look)


def body(page: Page, look: Look, facets: list[str], truncated: bool, token: str | None) -> bytes:
    """A whole answer, its keys in the order in which the service was seen to write them."""
    following = f',"$skipToken":{_text(token)}' if token else ""
    text = (
        f'{{"totalRecords":{page.total},"count":{len(page.rows)},"data":{_data(page, look)},'
        f'"facets":[{",".join(facets)}],"resultTruncated":"{"true" if truncated else "false"}"{following}}}'
    )
    return text.encode("utf-8", "replace")


def history(columns: Sequence[Column], forms: Sequence[str], rows: Rows, look: Look, token: str | None) -> bytes:
    """A whole answer of states in order of time, its keys in the order of the published example."""
    following = f',"$skipToken":{_text(token)}' if token else ""
    text = f'{{"count":{len(rows)},"snapshots":{data(columns, forms, rows, look)}{following}}}'
    return text.encode("utf-8", "replace")


def facet(expression: str, page: Page, look: Look) -> str:
    """The values of a facet with their counts."""
    return (
        f'{{"expression":{_text(expression)},"resultType":"FacetResult","totalRecords":{page.total},'
        f'"count":{len(page.rows)},"data":{_data(page, look)}}}'
    )


def facet_error(expression: str, errors: list[dict[str, Any]]) -> str:
    """A facet that could not be counted; the answer stands without it."""
    return _text({"expression": expression, "resultType": "FacetError", "errors": errors})
