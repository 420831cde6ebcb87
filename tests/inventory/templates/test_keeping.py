"""Deployments are kept with their estate: whoever opens it again finds them as they were, but for secrets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from inventory.errors import InventoryError
from inventory.templates.deployments import Deployments
from queries import ResourceGraph
from queries.http.arm.deployments import WorldDoor
from tests.inventory.templates.conftest import GROUP_ID, SCHEMA, SmallWorld

AT = f"{GROUP_ID}/providers/Microsoft.Resources/deployments"


def properties(*names: str, **given: Any) -> dict[str, Any]:
    disks = [{"type": "Microsoft.Compute/disks", "name": name, "apiVersion": "2023-04-02", "location": "eastus"} for name in names]
    template = {
        "$schema": SCHEMA, "contentVersion": "1.0.0.0", "resources": disks,
        "parameters": {"size": {"type": "int", "defaultValue": 1}, "key": {"type": "secureString", "defaultValue": ""}},
        "outputs": {"size": {"type": "int", "value": "[parameters('size')]"}},
    }  # fmt: skip
    return {"mode": "Incremental", "template": template, "parameters": {name: {"value": value} for name, value in given.items()}}


def test_what_has_ended_is_found_again(small: SmallWorld) -> None:
    first = Deployments(small)
    first.put(f"{AT}/good", properties("a", size=7, key="hush-hush"))
    small.broken["b"] = InventoryError("SkuNotAvailable", "No.", 409)
    first.put(f"{AT}/bad", properties("b"))
    first.put(f"{AT}/gone", properties("c"))
    first.forget(f"{AT}/gone")
    small.order.clear()
    again = Deployments(small)
    assert [each.name for each in again.within(GROUP_ID)] == ["good", "bad"] and again.idle()
    good, bad = again.find(f"{AT}/GOOD"), again.find(f"{AT}/bad")
    assert (good.state, good.outputs["size"]["value"], good.ended) == ("Succeeded", 7, first.find(f"{AT}/good").ended)
    assert good.resources() == first.find(f"{AT}/good").resources()
    assert (bad.state, bad.details[0].code, bad.details[0].status) == ("Failed", "SkuNotAvailable", 409)
    assert not small.order, "nothing is made again"
    assert "hush-hush" not in "".join(small.notes.values())


def test_the_history_of_a_group_ends_with_it(small: SmallWorld) -> None:
    kept = Deployments(small)
    kept.put(f"{AT}/d", properties("a"))
    small.groups = 2  # deleted, and made again
    assert not Deployments(small).within(GROUP_ID)
    assert not kept.knows(f"{AT}/d") and not kept.within(GROUP_ID) and not any(small.notes.values())
    assert kept.put(f"{AT}/d", properties("a"))[1], "its name is new"


def test_what_was_under_way_goes_on(small: SmallWorld) -> None:
    small.slow["a"] = 60
    body = properties("a", "b")
    body["template"]["resources"][1]["dependsOn"] = ["a"]
    Deployments(small).put(f"{AT}/d", body)
    assert small.order == ["a"]
    again = Deployments(small)
    again.carry_on()
    assert small.order == ["a", "b"] and again.find(f"{AT}/d").state == "Succeeded"


def test_what_cannot_be_read_is_passed_over(small: SmallWorld) -> None:
    Deployments(small).put(f"{AT}/d", properties("a"))
    small.notes |= {f"{AT}/odd": "no JSON", f"{AT}/empty": "{}", "x": "[]"}
    assert [each.name for each in Deployments(small).within(GROUP_ID)] == ["d"]


def test_an_estate_in_a_file_remembers(tmp_path: Path) -> None:
    file = tmp_path / "estate.duckdb"
    with ResourceGraph.create(file, vms=3, seed=7) as graph:
        group = graph.query("resourcecontainers | where type endswith '/resourcegroups' | top 1 by id asc | project id").scalar()
        at = f"{group}/providers/Microsoft.Resources/deployments/d"
        Deployments(WorldDoor(graph.estate)).put(at, properties(size=3))
    with ResourceGraph.open(file) as graph:
        door = WorldDoor(graph.estate)
        found = Deployments(door).find(at)
        assert (found.state, found.outputs["size"]["value"]) == ("Succeeded", 3)
        Deployments(door).forget(at)
        assert Deployments(door).within(group) == []
