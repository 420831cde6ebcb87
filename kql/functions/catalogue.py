"""All rows of the catalogue in one table, by name. Binding, SQL, completion, help, reference and tests read it."""

from __future__ import annotations

import functools
import importlib

from kql.functions.row import Function, alias
from kql.functions.spellings import OLD

# Each module holds rows of one kind of thing, as a tuple named ROWS.
MODULES = (
    "infix", "comparison", "matching", "lists", "logic", "conversions", "strings", "encodings", "packed", "texts", "regexes", "datetimes", "dynamics", "arrays",
    "maths", "units", "hashes", "addresses", "networks", "geo", "series", "windows", "aggregates", "statistics", "tables", "helpers", "refusals",
)  # fmt: skip


@functools.cache
def table() -> dict[str, Function]:
    """Name to row. Importing the rows is put off until a query needs them."""
    rows: dict[str, Function] = {}
    for module in MODULES:
        for row in importlib.import_module(f"kql.functions.{module}").ROWS:
            if row.name in rows:
                raise ValueError(f"two rows for {row.name}")
            rows[row.name] = row
    for name, row_name in OLD.items():
        rows[name] = alias(name, rows[row_name])
    return rows


def find(name: str) -> Function | None:
    """The row of that name; letter case counts."""
    return table().get(name)


def names() -> list[str]:
    """The names that a query may write: no infix signs, nothing that is hidden."""
    return [name for name, row in table().items() if row.kind != "infix" and not row.hidden and name[0] != "$"]
