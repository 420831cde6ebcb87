"""Whether an inventory goes in and comes out whole: many documents imported, asked for through KQL, exported in every form,
imported again. Exits with 1 on any difference.

The documents are drawn from a seed: virtual machines as the service shows them, with more properties and values than any
table has columns for, and resources of types that have no table; texts, names and numbers at the edge of what JSON can say.
"""

from __future__ import annotations

import json
import random
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

from bench.measure import Lines, arguments, environment, load, memory, note, print_table
from inventory import ImportReport
from inventory.resource_types import BASE
from queries import ResourceGraph
from queries.exports import FORMS, export

Document = dict[str, Any]

TEXTS = (
    "", " ", "plain", 'a "b" \\ \n\t', "ü ß 😀 \u2028 \u202e", "null", "true", "1.0", "'; DROP TABLE x --", "\u0000", "\ud7ff\ufeff",
)  # fmt: skip
NUMBERS = (
    0, -1, 1, 2**31, 2**53 + 1, -(2**63), 2**63, 2**64 - 1, 10**30, 0.1, -0.0, 1.0, 1e-300, 1e300, 123456789.123456789,
)  # fmt: skip
NAMES = ("", "with.dot", "$type", "odata.type", 'a"b', "a'b", "a/b", "a~b", "a b", "0", "ü", "id", "Id", "ID")


def value(drawn: random.Random, depth: int = 0) -> Any:
    """A JSON value of any shape."""
    kind = drawn.randrange(8 if depth < 4 else 5)
    if kind == 0:
        return drawn.choice((None, True, False))
    if kind in (1, 2):
        return drawn.choice(TEXTS)
    if kind in (3, 4):
        return drawn.choice(NUMBERS)
    if kind == 5:
        return [value(drawn, depth + 1) for _ in range(drawn.randrange(4))]
    return {drawn.choice(NAMES): value(drawn, depth + 1) for _ in range(drawn.randrange(4))}


def machine(number: int, drawn: random.Random) -> Document:
    """A virtual machine as Resource Graph shows it; some with properties that are newer than our tables."""
    name, group = f"vm-{number:06d}", f"RG-{number % 101}"
    id_ = f"/subscriptions/s-{number % 7}/resourceGroups/{group}/providers/Microsoft.Compute/virtualMachines/{name}"
    running = drawn.random() < 0.6
    code = "running" if running else drawn.choice(("stopped", "deallocated"))
    state = {"code": f"PowerState/{code}", "displayStatus": f"VM {code}", "level": "Info"}
    properties: Document = {
        "vmId": f"{number:032x}", "provisioningState": "Succeeded", "timeCreated": "2025-11-01T08:00:00.1234567Z",
        "hardwareProfile": {"vmSize": "Standard_D2s_v5"},
        "storageProfile": {
            "imageReference": {"publisher": "Canonical", "offer": "ubuntu", "sku": "server", "version": "latest"},
            "osDisk": {"name": f"{name}-os", "osType": "Linux", "createOption": "FromImage", "diskSizeGB": 30},
            "dataDisks": [{"lun": lun, "name": f"{name}-{lun}"} for lun in range(number % 3)],
        },
        "networkProfile": {"networkInterfaces": [{"id": f"{id_}/nic", "properties": {"primary": True}}]},
        "extended": {"instanceView": {"powerState": state, **({"osName": "ubuntu"} if running else {})}},
    }  # fmt: skip
    if number % 2:
        properties["someNewThing"] = value(drawn)
        properties["hardwareProfile"]["vmSizeProperties"] = drawn.choice((None, {"vCPUsAvailable": 2}))
    if number % 3 == 0:
        properties["networkProfile"]["networkInterfaces"][0]["properties"]["someNewThing"] = value(drawn)
        properties["priority"], properties["osProfile"] = value(drawn), drawn.choice(({}, None, {"computerName": name}))
    return _row(number, id_, name, "microsoft.compute/virtualmachines", group.lower(), properties, drawn)


def anything(number: int, drawn: random.Random) -> Document:
    """A resource of a type that has no table here."""
    name, group = f"site-{number:06d}", f"RG-{number % 101}"
    id_ = f"/subscriptions/s-{number % 7}/resourceGroups/{group}/providers/Microsoft.Web/sites/{name}"
    properties = {drawn.choice(NAMES): value(drawn) for _ in range(drawn.randrange(9))} | {"number": number}
    return _row(number, id_, name, "microsoft.web/sites", drawn.choice((group, group.lower())), properties, drawn)


def _row(number: int, id_: str, name: str, type_: str, group: str, properties: Document, drawn: random.Random) -> Document:
    made: Document = dict.fromkeys(BASE)
    return made | {
        "id": id_, "name": name, "type": type_, "tenantId": "t-1", "kind": drawn.choice(("", "app")), "location": "eastus",
        "resourceGroup": group, "subscriptionId": f"s-{number % 7}", "managedBy": "", "properties": properties,
        "tags": drawn.choice((None, {}, {"Env": "Prod", "a.b": "1", "": ""})), "zones": drawn.choice((None, [], ["1"])),
        "sku": drawn.choice((None, {"name": "S1", "capacity": 1})), "identity": drawn.choice((None, {"type": "None"})),
    }  # fmt: skip


def documents(count: int, seed: int) -> Iterator[Document]:
    """So many documents, the same for a seed; one at a time, for 100,000 of them would fill the memory."""
    for number in range(count):
        drawn = random.Random(f"{seed}:{number}")
        yield (machine if number % 2 else anything)(number, drawn)


def same(left: Any, right: Any) -> bool:
    """Whether two JSON values are alike to the last digit: 1 is not 1.0, and true is not 1."""
    if type(left) is not type(right):
        return False
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(same(each, right[name]) for name, each in left.items())
    if isinstance(left, list):
        return len(left) == len(right) and all(map(same, left, right))
    return bool(left == right) and str(left) == str(right)


class Differences:
    """What came back otherwise than it went in, and the first few of them."""

    def __init__(self) -> None:
        self.count = 0
        self.first: list[str] = []

    def check(self, where: str, wanted: Any, found: Any) -> None:
        if not same(wanted, found):
            self.count += 1
            if self.count <= 5:
                self.first.append(f"{where}:\n  wanted {_short(wanted, found)}\n  found  {_short(found, wanted)}")


def _short(value: Any, other: Any) -> str:
    if isinstance(value, dict) and isinstance(other, dict):
        value = {name: each for name, each in value.items() if not same(each, other.get(name, NotImplemented))}
    return json.dumps(value, default=str)[:600]


PATHS: dict[str, Callable[[Document], Any]] = {
    "properties.number": lambda p: p.get("number"),
    "properties['with.dot']": lambda p: p.get("with.dot"),
    "properties['a\"b']": lambda p: p.get('a"b'),
    "properties['']": lambda p: p.get(""),
    "properties.someNewThing": lambda p: p.get("someNewThing"),
    "properties.hardwareProfile": lambda p: p.get("hardwareProfile"),
    "properties.hardwareProfile.vmSize": lambda p: p.get("hardwareProfile", {}).get("vmSize"),
    "properties.hardwareProfile.vmSizeProperties": lambda p: p.get("hardwareProfile", {}).get("vmSizeProperties"),
    "properties.priority": lambda p: p.get("priority"),
    "properties.networkProfile": lambda p: p.get("networkProfile"),
    "properties.extended.instanceView.powerState": lambda p: p.get("extended", {}).get("instanceView", {}).get("powerState"),
}
"""What is asked for by itself, and where it stands in the document that went in."""

PARTS = tuple(f"{number}" for number in range(10))
"""The ends of names by which the rows are divided into queries, so that not all of them are in memory at once."""


def asked(graph: ResourceGraph, given: dict[str, Document], found: Differences) -> None:
    """Every document and every path of `PATHS`, through KQL."""
    met = 0
    for part in PARTS:
        paths = ", ".join(f"p{place} = {path}" for place, path in enumerate(PATHS))
        text = f"resources | where name endswith '{part}' | extend {paths}"
        for row in graph.query(text).to_pylist():
            met += 1
            wanted = given[row["id"]]
            for place, (path, inside) in enumerate(PATHS.items()):
                found.check(f"{row['id']}: {path}", inside(wanted["properties"]), row.pop(f"p{place}"))
            found.check(row["id"], wanted, row)
    found.check("how many there are", len(given), met)


def main() -> None:
    parser = arguments(__doc__ or "")
    parser.add_argument("--documents", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--forms", nargs="*", default=list(FORMS), choices=list(FORMS))
    chosen = parser.parse_args()
    lines = Lines(chosen.output)
    lines.write(benchmark="exchange", **environment())
    rows: list[list[str]] = []
    found = Differences()

    def timed(name: str, call: Callable[[], Any]) -> Any:
        wall, work, before = perf_counter(), process_time(), found.count
        result = call()
        wall, work = perf_counter() - wall, process_time() - work
        resident, peak = memory()
        new = found.count - before
        lines.write(metric=name, wall=wall, work=work, resident_mb=resident, peak_mb=peak, differences=new, load=load())
        note(f"{name}: {wall:.1f} s, {resident:,.0f} MB, {new} differences")
        rows.append([name, f"{wall:.1f}", f"{work:.1f}", f"{resident:,.0f}", f"{peak:,.0f}", str(new)])
        return result

    with tempfile.TemporaryDirectory() as directory:
        place = Path(directory)
        given: dict[str, Document] = {}

        def write() -> None:
            with (place / "given.jsonl").open("w", encoding="utf-8") as file:
                for document in documents(chosen.documents, chosen.seed):
                    file.write(json.dumps(document, ensure_ascii=False) + "\n")
                    given[document["id"]] = document

        timed("make documents (held to compare)", write)
        report = ImportReport()
        with timed("import JSON lines", lambda: ResourceGraph.imported([place / "given.jsonl"], report=report)) as graph:
            found.check("what the import noticed", {}, dict(report.odd))
            timed("ask for each", lambda: asked(graph, given, found))
            for form in chosen.forms:
                out = place / f"out.{form}.{'csv' if form == 'csv' else 'parquet' if form == 'parquet' else 'json'}"
                with out.open("wb") as file:
                    count = timed(f"export {form}", lambda file=file, form=form: export(graph, file, form, tables=["resources"]))
                found.check(f"rows of {form}", len(given), count)
                with timed(f"import {form}", lambda out=out: ResourceGraph.imported([out])) as again:
                    timed(f"ask for each of {form}", lambda again=again: asked(again, given, found))
                out.unlink()
    print_table(
        f"{chosen.documents:,} documents in and out",
        ["step", "seconds", "s of work", "MB", "MB at most", "differences"], rows,
    )  # fmt: skip
    print("\n".join(found.first))
    print(f"{found.count:,} differences: {'ok' if not found.count else 'MISSED'}")
    raise SystemExit(1 if found.count else 0)


if __name__ == "__main__":
    main()
