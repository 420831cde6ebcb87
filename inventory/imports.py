"""Inventories as people have them, read into rows of Resource Graph: nothing is lost, and what was odd is told.

Reads what `az graph query`, `az resource list` and `az vm list -d` print, pages of the REST interface (arrays of objects
and tables), ARM lists, JSON lines, CSV from the portal, and Parquet. Knows files and documents, not the database.
"""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from inventory.errors import InventoryError
from inventory.resource_types import BASE
from inventory.shapes import TEXT

Document = dict[str, Any]

LARGEST_CELL = 64 << 20
"""Characters of one cell of a CSV file; a larger one is refused."""

_JSON_COLUMNS = {name for name, kind in BASE.items() if kind is not TEXT}
_SPELLED = {name.lower(): name for name in BASE}
_POWER_STATES = "VM "


@dataclass(slots=True)
class ImportReport:
    """What came in: documents by type, and for each oddity how often and where it was first met."""

    documents: int = 0
    types: Counter[str] = field(default_factory=Counter)
    odd: Counter[str] = field(default_factory=Counter)
    first: dict[str, str] = field(default_factory=dict)

    def note(self, oddity: str, where: str) -> None:
        self.odd[oddity] += 1
        self.first.setdefault(oddity, where)

    def __str__(self) -> str:
        lines = [f"{self.documents:,} resources of {len(self.types):,} types"]
        lines += [f"{count:,} x {oddity} (first: {self.first[oddity]})" for oddity, count in self.odd.most_common()]
        return "\n".join(lines)


def read(paths: Iterable[Path], report: ImportReport) -> dict[str, Document]:
    """The documents of some files by id in lower case, each as a row of Resource Graph with all its columns.

    Where an id comes again the later document counts. Raises InventoryError InvalidFile for what is no inventory.
    """
    found: dict[str, Document] = {}
    for path in paths:
        for place, raw in enumerate(_documents(path, report), 1):
            where = f"{path.name}, document {place}"
            document = row_from(_whole(raw, report, where), report, where)
            if document is None:
                continue
            key = document["id"].lower()
            if key in found:
                report.note("the same id again; the later document counts", where)
            found[key] = document
    report.documents = len(found)
    report.types = Counter(document["type"] for document in found.values())
    return found


# ---- one document --------------------------------------------------------------------------------------------------
def row_from(raw: Mapping[str, Any], report: ImportReport, where: str) -> Document | None:
    """A document of any origin as a row of Resource Graph; None where it has no id and so is no resource.

    What a row has no column for goes into `properties`: that is where `az` took it from when it flattened the document.
    """
    given = raw.get("id")
    if not isinstance(given, str) or not given.startswith("/"):
        report.note("no id, so it is no resource: left out", where)
        return None
    row: Document = {name: raw.get(name) for name in BASE}
    segments = given.split("/")
    derived = {
        "type": _type_of(segments),
        "name": segments[-1],
        "subscriptionId": _after(segments, "subscriptions"),
        "resourceGroup": _after(segments, "resourcegroups").lower(),
    }
    for name, value in derived.items():
        if row[name] is None:
            row[name] = value
            if value and name in ("type", "name"):
                report.note(f"no {name}: taken from the id", where)
    if not isinstance(row["type"], str) or not row["type"]:
        report.note("no type, and none in the id: called unknown", where)
        row["type"] = "unknown"
    if row["type"] != row["type"].lower():
        row["type"] = row["type"].lower()
    _gather(row, {name: value for name, value in raw.items() if name not in BASE}, report, where)
    return row


def _whole(raw: Mapping[str, Any], report: ImportReport, where: str) -> Mapping[str, Any]:
    """The document with whole characters only: JSON can escape half of one, which no text can hold."""
    text = json.dumps(raw, ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:
        report.note("half a character (a lone surrogate): replaced by U+FFFD", where)
        raw = json.loads(text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace"))
    return raw


def _gather(row: Document, more: Document, report: ImportReport, where: str) -> None:
    """Put what has no column into `properties`."""
    if not more:
        return
    properties = row["properties"]
    if properties is not None and not isinstance(properties, dict):
        report.note("properties are no object: kept as properties.value", where)
        properties = {"value": properties}
    properties = dict(properties or {})
    for name, value in more.items():
        if name in properties and properties[name] != value:
            report.note(f"'{name}' stands beside and in properties: the former kept as 'imported.{name}'", where)
            name = f"imported.{name}"
        elif name not in properties:
            report.note(f"'{name}' is no column: kept in properties", where)
        properties[name] = value
    power = more.get("powerState")
    if isinstance(power, str) and power.startswith(_POWER_STATES) and "extended" not in properties:
        # as `az vm list -d` shows it; Resource Graph has it in the instance view
        state = {"code": f"PowerState/{power.removeprefix(_POWER_STATES)}", "displayStatus": power, "level": "Info"}
        properties["extended"] = {"instanceView": {"powerState": state}}
        report.note("a power state as text: put into the instance view too", where)
    row["properties"] = properties


def _type_of(segments: list[str]) -> str:
    """The type that an id says: its last provider, and every other segment after it."""
    lower = [segment.lower() for segment in segments]
    if "providers" in lower:
        place = len(lower) - 1 - lower[::-1].index("providers")
        return "/".join(lower[place + 1 : place + 2] + lower[place + 2 :: 2])
    if "resourcegroups" in lower:
        return "microsoft.resources/subscriptions/resourcegroups"
    return "microsoft.resources/subscriptions" if "subscriptions" in lower else ""


def _after(segments: list[str], keyword: str) -> str:
    lower = [segment.lower() for segment in segments]
    place = lower.index(keyword) + 1 if keyword in lower else len(segments)
    return segments[place] if place < len(segments) else ""


# ---- files ---------------------------------------------------------------------------------------------------------
def _documents(path: Path, report: ImportReport) -> Iterator[Mapping[str, Any]]:
    kind = path.suffix.lower()
    try:
        if kind == ".parquet":
            yield from _from_parquet(path)
        elif kind == ".csv":
            yield from _from_csv(path, report)
        else:
            yield from _from_json(path, report)
    except OSError as error:
        raise InventoryError("InvalidFile", f"cannot read {path}: {error.strerror or error}") from error
    except (ValueError, RecursionError, csv.Error) as error:
        raise InventoryError("InvalidFile", f"{path} is not an inventory that can be read: {error}") from error


def _from_json(path: Path, report: ImportReport) -> Iterator[Mapping[str, Any]]:
    text = path.read_text("utf-8-sig")
    try:
        whole = json.loads(text)
    except json.JSONDecodeError:
        if not text.lstrip().startswith("{"):
            raise
        for line in text.split("\n"):  # a text within may hold other separators of lines, U+2028 for one
            if line.strip():
                yield from _within(json.loads(line), report, path.name)
        return
    yield from _within(whole, report, path.name)


def _within(value: Any, report: ImportReport, where: str) -> Iterator[Mapping[str, Any]]:
    """The documents in a JSON value: itself, its elements, or the rows of the page that it is."""
    if isinstance(value, list):
        for each in value:
            if isinstance(each, dict):
                yield from _within(each, report, where)
            else:
                report.note("a value that is no object: left out", where)
    elif not isinstance(value, dict):
        report.note("a value that is no object: left out", where)
    elif isinstance(value.get("id"), str):
        yield value
    elif isinstance(value.get("columns"), list) and isinstance(value.get("rows"), list):
        names = [str(column["name"]) for column in value["columns"]]
        for row in value["rows"]:
            yield dict(zip(names, row, strict=True))
    elif isinstance(value.get("data"), (list, dict)):
        if str(value.get("resultTruncated", "")).lower() == "true":
            report.note("a page that says it was cut short", where)
        if value.get("$skipToken") or value.get("skip_token"):
            report.note("a page after which more would come", where)
        yield from _within(value["data"], report, where)
    elif isinstance(value.get("rows"), list):
        yield from _within(value["rows"], report, where)
    elif isinstance(value.get("value"), list):
        if value.get("nextLink"):
            report.note("a page after which more would come", where)
        yield from _within(value["value"], report, where)
    else:
        yield value


def _from_csv(path: Path, report: ImportReport) -> Iterator[Mapping[str, Any]]:
    csv.field_size_limit(LARGEST_CELL)
    with path.open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file, strict=True):
            if None in row:
                raise ValueError("a line has more cells than the first one")
            found: Document = {}
            for name, cell in row.items():
                column = _SPELLED.get(name.lower(), name)
                if column in _JSON_COLUMNS:
                    found[column] = _cell(cell, report, f"{path.name}, column {name}")
                elif column in BASE:
                    found[column] = cell or ""
                elif cell:
                    found[column] = cell
            yield found


def _cell(cell: str | None, report: ImportReport, where: str) -> Any:
    """What a cell of a dynamic column says: JSON, or else its text."""
    if not cell or cell == "null":
        return None
    try:
        return json.loads(cell)
    except json.JSONDecodeError:
        report.note("a cell of a dynamic column that is no JSON: kept as text", where)
        return cell


def _from_parquet(path: Path) -> Iterator[Mapping[str, Any]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(path)
        for batch in file.iter_batches(batch_size=4096):
            for row in batch.to_pylist():
                found: Document = {}
                for name, value in row.items():
                    column = _SPELLED.get(name.lower(), name)
                    if column in _JSON_COLUMNS and isinstance(value, str):
                        value = json.loads(value)
                    elif column in _JSON_COLUMNS:
                        value = _present(value)
                    if column in BASE or value is not None:
                        found[column] = (
                            value
                            if isinstance(value, (str, int, float, bool, list, dict)) or value is None
                            else str(value)
                        )
                yield found
    except pa.ArrowException as error:
        raise ValueError(str(error)) from error


def _present(value: Any) -> Any:
    """A document out of typed columns: what is null in them is not there."""
    if isinstance(value, dict):
        return {name: _present(inner) for name, inner in value.items() if inner is not None}
    return [_present(each) for each in value] if isinstance(value, list) else value
