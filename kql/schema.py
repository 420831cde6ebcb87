"""What tables there are, as the language sees them: logical tables, their typed columns, the physical parts behind them.

Made from Arrow schemas by duck typing (this room does not import pyarrow). Field metadata it reads: `constant`, `lower`,
`hidden`, `ordered`, `path`, `keys`, `beyond`, `kql`; schema metadata: `table`, `source`. The form of a dynamic column says how its
values are held.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from kql.forms import JSON, MISSING, Form, List, Object, Scalar
from kql.types import BOOL, DATETIME, DECIMAL, DYNAMIC, GUID, INT, LONG, REAL, STRING, TIMESPAN, Type


@dataclass(frozen=True, slots=True)
class PhysicalColumn:
    """A column as a part holds it. `source` is its SQL name, or None where every row has the value `constant`."""

    source: str | None
    form: Form | None  # dynamic columns only
    nullable: bool
    constant: object = None
    lower: bool = False
    keys: tuple[str, ...] = ()  # the order of a document's properties, where pieces of it lie in other columns


@dataclass(frozen=True, slots=True)
class Graft:
    """A physical column that is a piece of a dynamic column's document, at `path` below it."""

    path: tuple[str, ...]
    column: PhysicalColumn
    type: Type


@dataclass(frozen=True, slots=True)
class Beyond:
    """A physical column with JSON text that says what rows have beyond their typed columns: an object by column name,
    with values at some of `paths` (each begins with the column's name). A value there stands for what the typed columns
    have in that place; an object, for what is to be added to it."""

    source: str
    paths: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Part:
    """One physical table: its dotted SQL name, and for each logical column how it is held (absent: all missing)."""

    source: str
    columns: Mapping[str, PhysicalColumn]
    grafts: Mapping[str, tuple[Graft, ...]]
    beyond: Beyond | None = None


@dataclass(frozen=True, slots=True)
class TableColumn:
    """A column of a table. `ordered`: the table's rows come in ascending order of it."""

    name: str
    type: Type
    hidden: bool = False
    ordered: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A logical table: the union of its parts by column name."""

    name: str
    columns: tuple[TableColumn, ...]
    parts: tuple[Part, ...]


class Schema:
    """Tables by name; names of tables ignore letter case, as in Resource Graph."""

    def __init__(self, tables: Iterable[Table], version: object = 0) -> None:
        self.tables = {table.name: table for table in tables}
        self.version = version
        self._folded = {name.lower(): table for name, table in self.tables.items()}

    def table(self, name: str) -> Table | None:
        return self._folded.get(name.lower())

    @classmethod
    def from_arrow(cls, schemas: Iterable[Any], version: object = 0) -> Schema:
        """The schema that a list of `pyarrow.Schema` states: one per physical part, grouped by logical table."""
        names: dict[str, str] = {}
        columns: dict[str, dict[str, TableColumn]] = {}
        parts: dict[str, list[Part]] = {}
        for schema in schemas:
            facts = _facts(schema)
            key = facts["table"].lower()
            names.setdefault(key, facts["table"])
            of_table, of_parts = columns.setdefault(key, {}), parts.setdefault(key, [])
            held: dict[str, PhysicalColumn] = {}
            grafts: dict[str, list[Graft]] = {}
            beyond: Beyond | None = None
            for arrow_field in schema:
                words = _facts(arrow_field)
                if "beyond" in words:
                    beyond = Beyond(arrow_field.name, tuple(tuple(path) for path in json.loads(words["beyond"])))
                    continue
                type, form = _type_of(arrow_field)
                constant = words.get("constant")
                column = PhysicalColumn(
                    None if "constant" in words else arrow_field.name,
                    form if type is DYNAMIC else None,
                    bool(arrow_field.nullable),
                    constant,
                    "lower" in words or (constant is not None and constant == constant.lower()),
                    tuple(json.loads(words["keys"])) if "keys" in words else (),
                )
                if "path" in words:
                    root, *path = words["path"].split(".")
                    grafts.setdefault(root, []).append(Graft(tuple(path), column, type))
                    continue
                held[arrow_field.name] = column
                made = TableColumn(arrow_field.name, type, "hidden" in words, "ordered" in words)
                of_table.setdefault(arrow_field.name, made)
            if "source" in facts:
                of_parts.append(Part(facts["source"], held, {k: tuple(v) for k, v in grafts.items()}, beyond))
        return cls((Table(names[k], tuple(columns[k].values()), tuple(parts[k])) for k in names), version)


def _facts(arrow: Any) -> dict[str, str]:
    return {key.decode(): value.decode() for key, value in (arrow.metadata or {}).items()}


_LEAVES = {
    "string": STRING, "large_string": STRING, "int64": LONG, "int32": INT, "int16": INT, "double": REAL, "float": REAL,
    "bool": BOOL,
}  # fmt: skip
_DECLARED = {"datetime": DATETIME, "timespan": TIMESPAN, "guid": GUID, "decimal": DECIMAL}


def _type_of(arrow_field: Any) -> tuple[Type, Form]:
    """The KQL type of an Arrow field, and the form of its values."""
    declared = _facts(arrow_field).get("kql", "")
    if declared in _DECLARED:
        return _DECLARED[declared], Scalar(_DECLARED[declared])
    if declared == "dynamic" or str(arrow_field.type).startswith("extension<arrow.json"):
        form = _form_of(arrow_field)
        return DYNAMIC, JSON if form == Scalar(STRING) or form is MISSING else form
    form = _form_of(arrow_field)
    return (form.type, form) if isinstance(form, Scalar) else (DYNAMIC, form)


def _form_of(arrow_field: Any) -> Form:
    """How the values of an Arrow field are held, seen as a dynamic value or a part of one."""
    arrow = arrow_field.type
    text = str(arrow)
    if text.startswith("extension<arrow.json"):
        return JSON
    if text.startswith("struct<"):
        fields = (arrow.field(i) for i in range(arrow.num_fields))
        return Object(tuple((field.name, _nested_form(field)) for field in fields))
    if text.startswith(("list<", "large_list<")):
        return List(_nested_form(arrow.value_field))
    return Scalar(_LEAVES[text])


def _nested_form(arrow_field: Any) -> Form:
    return JSON if _facts(arrow_field).get("kql") == "dynamic" else _form_of(arrow_field)
