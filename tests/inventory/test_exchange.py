"""In and out: inventories in the forms that people have them in come in whole, and go out the same; snapshots too."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from bench import exchange
from inventory import Estate, ImportReport, InventoryError
from inventory.generic import table_of
from inventory.resource_types import BASE
from queries import ResourceGraph
from queries.exports import FORMS, export
from tests.inventory.test_lag import advance

EXAMPLES = Path(__file__).parents[3] / "shared" / "reference" / "arg-examples"


def site(number: int, **more: Any) -> dict[str, Any]:
    id_ = f"/subscriptions/s-{number % 3}/resourceGroups/RG-{number % 7}/providers/Microsoft.Web/sites/site-{number}"
    made: dict[str, Any] = dict.fromkeys(BASE)
    made |= {
        "id": id_, "name": f"site-{number}", "type": "microsoft.web/sites", "tenantId": "t", "kind": "app", "location": "eastus",
        "resourceGroup": f"rg-{number % 7}", "subscriptionId": f"s-{number % 3}", "managedBy": "",
        "properties": {
            "number": number, "big": 2**60 + number, "real": number / 7, "no": None, "yes": True, "text": 'a "b" \\ \n ü 😀',
            "list": [1, "x", {"deep": [None, {}]}, []], "": "empty", "with.dot": {"$type": 1},
        },
        "tags": {"Env": "Prod", "number": str(number)} if number % 2 else None,
        "zones": ["1"] if number % 3 == 0 else None,
    }  # fmt: skip
    return made | more


def imported(tmp_path: Path, content: str, name: str = "given.json") -> tuple[list[dict[str, Any]], ImportReport]:
    file = tmp_path / name
    file.write_text(content, "utf-8")
    report = ImportReport()
    with ResourceGraph.imported([file], report=report) as graph:
        return graph.query("resources | order by id asc").to_pylist(), report


def asked(graph: ResourceGraph, document: dict[str, Any]) -> list[dict[str, Any]]:
    changed = (document["properties"] or {}).get("targetResourceType", "")
    return graph.query(f"{table_of(document['type'], changed)} | where id == '{document['id']}'").to_pylist()


@pytest.mark.skipif(not EXAMPLES.exists(), reason="the recorded examples lie beside the checkout, and are not there")
def test_recorded_rows_come_back_unchanged_and_through_every_form(tmp_path: Path) -> None:
    names = ["resources_*", "computeresources_*", "resourcechanges", "healthresources", "resourcecontainers", "advisorresources"]
    files = sorted(file for name in names for file in EXAMPLES.glob(f"{name}.json") if file.stem != "resources_history")
    documents = []
    for file in files:
        read = json.loads(file.read_text())
        documents += read if isinstance(read, list) else [read]
    assert len(documents) > 10
    unique = {document["id"].lower(): document for document in documents}
    with ResourceGraph.imported(files) as graph:
        for document in unique.values():
            assert asked(graph, document) == [document]
        for form in FORMS:
            out = tmp_path / f"again.{'csv' if form == 'csv' else 'parquet' if form == 'parquet' else 'json'}"
            with out.open("wb") as file:
                assert export(graph, file, form) == len(unique)
            with ResourceGraph.imported([out]) as again:
                for document in unique.values():
                    assert asked(again, document) == [document], form


@pytest.mark.parametrize("form", ["az", "csv", "parquet"])
def test_many_documents_come_back_unchanged(tmp_path: Path, form: str) -> None:
    """A few of the documents that `bench.exchange` sends through all forms, 100,000 at a time."""
    given = {document["id"]: document for document in exchange.documents(500, 11)}
    file = tmp_path / f"given.{'json' if form == 'az' else form}"
    with file.open("wb") as out:
        FORMS[form](given.values(), out)
    report, found = ImportReport(), exchange.Differences()
    with ResourceGraph.imported([file], report=report) as graph:
        exchange.asked(graph, given, found)
    assert found.count == 0, found.first
    assert (report.documents, sum(report.types.values()), report.odd) == (500, 500, {})


def test_json_is_cut_into_lines_only_at_line_ends(tmp_path: Path) -> None:
    document = site(1, tags={"text": "a\u2028b\u2029c\x85d"})
    rows, _ = imported(tmp_path, json.dumps(document, ensure_ascii=False) + "\n" + json.dumps(site(2)), "given.jsonl")
    assert sorted(rows, key=lambda row: row["name"]) == [document, site(2)]


def test_half_a_character_is_replaced_and_told(tmp_path: Path) -> None:
    document = site(1, properties={"half": "\ud800", "whole": "😀"})
    ((row,), report) = imported(tmp_path, json.dumps(document))
    assert row["properties"] == {"half": "\ufffd", "whole": "😀"}
    assert [oddity for oddity in report.odd if "half a character" in oddity]


FORMS_OF_ONE = {
    "az graph query": lambda rows: {"count": len(rows), "data": rows, "skip_token": None, "total_records": len(rows)},
    "array": lambda rows: rows,
    "one document": lambda rows: rows[0],
    "REST page of objects": lambda rows: {"totalRecords": 2, "count": 2, "data": rows, "facets": [], "resultTruncated": "false"},
    "REST page as a table": lambda rows: {
        "data": {"columns": [{"name": name, "type": "string"} for name in BASE], "rows": [[row[name] for name in BASE] for row in rows]}
    },
    "ARM list": lambda rows: {"value": rows},
    "pages in an array": lambda rows: [{"data": rows}],
}


@pytest.mark.parametrize("form", FORMS_OF_ONE)
def test_forms_of_json(tmp_path: Path, form: str) -> None:
    documents = [site(1), site(2)]
    rows, report = imported(tmp_path, "\ufeff" + json.dumps(FORMS_OF_ONE[form](documents)))
    assert rows == documents[: 1 if form == "one document" else 2] and not report.odd


def test_json_lines(tmp_path: Path) -> None:
    documents = [site(1), site(2), site(3)]
    rows, _ = imported(tmp_path, "\n\n".join(map(json.dumps, documents)) + "\n", "lines.jsonl")
    assert sorted(rows, key=lambda row: row["name"]) == documents


def test_what_az_vm_list_shows(tmp_path: Path) -> None:
    id_ = "/subscriptions/S/resourceGroups/RG-Web/providers/Microsoft.Compute/virtualMachines/Web-1"
    shown = {
        "id": id_, "name": "Web-1", "type": "Microsoft.Compute/virtualMachines", "location": "eastus", "resourceGroup": "RG-Web",
        "hardwareProfile": {"vmSize": "Standard_D2s_v5", "vmSizeProperties": None}, "powerState": "VM deallocated",
        "publicIps": "1.2.3.4", "provisioningState": "Succeeded", "tags": None, "zones": ["1"], "etag": "7",
    }  # fmt: skip
    ((row,), report) = imported(tmp_path, json.dumps([shown]))
    assert row["type"] == "microsoft.compute/virtualmachines" and row["subscriptionId"] == "S" and row["zones"] == ["1"]
    kept = {name: value for name, value in shown.items() if name not in BASE}
    assert kept.items() <= row["properties"].items(), "nothing is lost"
    assert row["properties"]["extended"]["instanceView"]["powerState"] == {
        "code": "PowerState/deallocated", "displayStatus": "VM deallocated", "level": "Info",
    }  # fmt: skip
    assert report.odd["'etag' is no column: kept in properties"] == 1


def test_what_az_resource_list_shows(tmp_path: Path) -> None:
    shown = {
        "id": "/subscriptions/S/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/a", "name": "a", "properties": None,
        "type": "Microsoft.Storage/storageAccounts", "sku": {"name": "Standard_LRS", "tier": "Standard"}, "kind": "StorageV2",
        "createdTime": "2026-01-01T00:00:00+00:00", "provisioningState": "Succeeded", "location": "westeurope", "managedBy": None,
    }  # fmt: skip
    ((row,), _) = imported(tmp_path, json.dumps([shown]))
    assert row["properties"] == {"createdTime": "2026-01-01T00:00:00+00:00", "provisioningState": "Succeeded"}
    assert (row["sku"], row["kind"], row["managedBy"]) == (shown["sku"], "StorageV2", "")


def test_csv_from_the_portal(tmp_path: Path) -> None:
    document = site(1)
    file = tmp_path / "portal.csv"
    with file.open("w", newline="", encoding="utf-8-sig") as out:
        writer = csv.writer(out)
        writer.writerow([*(name.upper() for name in BASE), "powerState"])
        cells = ["" if v is None else v if isinstance(v, str) else json.dumps(v) for v in document.values()]
        writer.writerow([*cells, "VM running"])
    report = ImportReport()
    with ResourceGraph.imported([file], report=report) as graph:
        (row,) = graph.query("resources").to_pylist()
    assert row["properties"].pop("powerState") == "VM running"
    assert row["properties"].pop("extended")["instanceView"]["powerState"]["code"] == "PowerState/running"
    assert row == document


def test_what_was_odd_is_told(tmp_path: Path) -> None:
    rows = [
        {"name": "no id"}, 7, site(1), {**site(1), "id": site(1)["id"].upper(), "kind": "later"},
        {"id": "/subscriptions/S/resourceGroups/G/providers/Microsoft.A/bs/c/ds/e"},
        {**site(2), "properties": "text", "etag": 3}, {**site(3), "etag": 1, "properties": {"etag": 2}},
    ]  # fmt: skip
    found, report = imported(tmp_path, json.dumps({"data": rows, "skip_token": "more"}))
    assert [row["type"] for row in found].count("microsoft.a/bs/ds") == 1
    assert [row["kind"] for row in found].count("later") == 1 and len(found) == 4 == report.documents - 0
    for told in ("no id", "no object", "same id", "no type", "no name", "are no object", "stands beside", "more would come"):
        assert any(told in oddity for oddity in report.odd), told
        assert told in str(report)


@pytest.mark.parametrize(("name", "content"), [("a.json", "{nonsense"), ("a.json", ""), ("a.parquet", "x"), ("a.csv", 'id\n"x'), ("a.csv", "id\n1,2"), ("a.json", "[" * 100_000)])
def test_what_is_no_inventory_is_refused(tmp_path: Path, name: str, content: str) -> None:
    file = tmp_path / name
    file.write_text(content)
    with pytest.raises(InventoryError, match="InvalidFile"):
        Estate.imported([file])
    with pytest.raises(InventoryError, match="InvalidFile"):
        Estate.imported([tmp_path / "absent.json"])


def test_an_import_is_kept_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "given.json").write_text(json.dumps([site(1)]))
    kept = tmp_path / "estate.duckdb"
    ResourceGraph.imported([tmp_path / "given.json"], path=kept).close()
    with ResourceGraph.open(kept) as graph:
        assert graph.query("resources").to_pylist() == [site(1)]
    with pytest.raises(InventoryError, match="exists already"):
        Estate.imported([tmp_path / "given.json"], path=kept)


def test_a_snapshot_goes_on_like_the_estate_itself(tmp_path: Path) -> None:
    text = "resources | order by id asc"
    with ResourceGraph.simulated(40, 7) as graph:
        then = graph.clock.now()
        first = graph.query(text).rows()
        graph.estate.churn(0.5)
        advance(graph.estate, 10)
        graph.estate.snapshot(tmp_path / "snapshot.duckdb")
        advance(graph.estate, 100)
        later = graph.query(text).rows()
    with pytest.raises(InventoryError, match="no snapshot"):
        Estate.from_snapshot(tmp_path / "none.duckdb")
    for again in (Estate.from_snapshot(tmp_path / "snapshot.duckdb"), Estate.open(tmp_path / "snapshot.duckdb")):
        with ResourceGraph(again) as graph:
            assert graph.query(text, as_of=then).rows() == first
            advance(again, 100)
            assert graph.query(text).rows() == later


def test_an_export_of_a_simulated_estate_comes_in_whole(tmp_path: Path) -> None:
    with ResourceGraph.simulated(30, 7) as graph:
        rows = graph.query("resources | order by id asc").to_pylist()
        with (tmp_path / "out.json").open("wb") as out:
            export(graph, out, "az", tables=["resources", "resourcecontainers"])
    with ResourceGraph.imported([tmp_path / "out.json"]) as again:
        assert again.query("resources | order by id asc").to_pylist() == rows
