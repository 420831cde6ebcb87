"""The mode Complete and what-if: what a deployment takes away, and what it would change."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from inventory.errors import InventoryError
from inventory.templates.prediction import changes
from tests.inventory.templates.conftest import GROUP_ID, SmallWorld


def disk(name: str, **more: Any) -> dict[str, Any]:
    return {"type": "Microsoft.Compute/disks", "name": name, "apiVersion": "2023-04-02", "location": "eastus", **more}


def at(name: str, kind: str = "disks") -> str:
    return f"{GROUP_ID}/providers/Microsoft.Compute/{kind}/{name}"


def names(small: SmallWorld) -> set[str]:
    return {each["name"] for each in small.documents.values()}


@pytest.fixture
def furnished(small: SmallWorld) -> SmallWorld:
    """A world that holds three disks, a machine with an extension, and a disk of another group."""
    for name in ("a", "b", "c"):
        small.put(at(name), disk(name, properties={"diskSizeGB": 32}), "2023-04-02")
    small.put(at("vm", "virtualMachines"), {"location": "eastus"}, "x")
    small.put(at("vm", "virtualMachines") + "/extensions/ext", {"location": "eastus"}, "x")
    small.put(at("other").replace("rg-web", "rg-web2"), {"location": "eastus"}, "x")
    small.order.clear()
    return small


# ---- Complete ------------------------------------------------------------------------------------------------------
def test_incremental_takes_nothing_away(furnished: SmallWorld) -> None:
    assert furnished.run(resources=[disk("a"), disk("d")]).state == "Succeeded"
    assert names(furnished) == {"a", "b", "c", "d", "vm", "ext", "other"}


def test_complete_takes_away_what_the_template_does_not_name(furnished: SmallWorld) -> None:
    made = furnished.run(mode="Complete", resources=[disk("A"), disk("d"), {**disk("vm"), "type": "Microsoft.Compute/virtualMachines"}])
    assert made.state == "Succeeded"
    assert names(furnished) == {"A", "d", "vm", "ext", "other"}, "parts stay with what they are part of"
    assert furnished.order == ["A", "d", "vm", "-b", "-c"], "first it makes, then it takes"


def test_what_a_condition_leaves_out_goes(furnished: SmallWorld) -> None:
    furnished.run(mode="Complete", resources=[disk("a"), disk("b", condition=False)])
    assert names(furnished) & {"a", "b", "c"} == {"a"}


def test_what_is_in_use_goes_after_what_uses_it(furnished: SmallWorld) -> None:
    furnished.needed_by = {"a": ("b",), "b": ("c",)}
    furnished.slow = {"c": 60}
    made = furnished.run(mode="Complete", resources=[])
    assert made.state == "Running" and made.due() == furnished.time + timedelta(seconds=60)
    asked = list(furnished.order)
    made.advance(furnished)
    assert furnished.order == asked, "nothing has changed, so nothing is tried again"
    furnished.time += timedelta(seconds=60)
    made.advance(furnished)
    assert made.state == "Succeeded" and names(furnished) == {"other", "ext"}
    assert furnished.order.index("-b") < furnished.order.index("-a")
    assert made.ended == furnished.time


def test_what_cannot_go_fails_the_deployment_and_the_rest_goes(furnished: SmallWorld) -> None:
    furnished.needed_by = {"a": ("other",)}
    furnished.broken = {"b": InventoryError("Conflict", "It does not want to.")}
    made = furnished.run(mode="Complete", resources=[])
    assert made.state == "Failed" and {each.code for each in made.details} == {"InUse", "Conflict"}
    assert names(furnished) == {"a", "other", "ext"}


def test_a_deployment_that_fails_takes_nothing_away(furnished: SmallWorld) -> None:
    furnished.broken = {"d": InventoryError("SkuNotAvailable", "No.")}
    assert furnished.run(mode="Complete", resources=[disk("d")]).state == "Failed"
    assert names(furnished) >= {"a", "b", "c"}


def test_complete_is_for_a_group_and_not_for_what_is_nested(small: SmallWorld) -> None:
    with pytest.raises(InventoryError, match="Incremental"):
        small.plan(mode="Complete", group=None)
    inner = {"mode": "Complete", "template": {"$schema": "x", "contentVersion": "1.0.0.0", "resources": []}}
    made = small.run(resources=[{"type": "Microsoft.Resources/deployments", "name": "in", "apiVersion": "2022-09-01", "properties": inner}])
    assert made.state == "Failed" and "Complete" in made.details[0].message


# ---- what-if -------------------------------------------------------------------------------------------------------
def predicted(small: SmallWorld, *resources: Any, mode: str = "Incremental", whole: bool = True) -> dict[str, Any]:
    before = {id_: dict(each) for id_, each in small.documents.items()}
    found = changes(small.plan(mode=mode, resources=list(resources)), small, whole=whole)
    assert small.documents == before and not small.order, "nothing is changed"
    return {each["resourceId"].rsplit("/", 1)[-1]: each for each in found}


def test_every_kind_of_change(furnished: SmallWorld) -> None:
    wanted = [disk("a", properties={"diskSizeGB": 64}), disk("b", location="East US", properties={"diskSizeGB": 32}), disk("d")]
    found = predicted(furnished, *wanted)
    kinds = {name: each["changeType"] for name, each in found.items()}
    assert kinds == {"a": "Modify", "b": "NoChange", "c": "Ignore", "d": "Create", "vm": "Ignore"}
    assert found["a"]["delta"] == [{"path": "properties.diskSizeGB", "propertyChangeType": "Modify", "before": 32, "after": 64}]
    assert (found["a"]["before"]["properties"], found["a"]["after"]["properties"]) == ({"diskSizeGB": 32}, {"diskSizeGB": 64})
    assert "before" not in found["d"] and found["d"]["after"]["location"] == "eastus"
    complete = predicted(furnished, *wanted, mode="Complete")
    assert {name for name, each in complete.items() if each["changeType"] == "Delete"} == {"c", "vm"}
    assert complete["c"]["before"]["name"] == "c"


def test_tags_are_replaced_and_other_properties_are_not_missed(furnished: SmallWorld) -> None:
    furnished.documents[at("a").lower()]["tags"] = {"keep": "1", "lose": "2"}
    found = predicted(furnished, disk("a", tags={"keep": "1", "new": "3"}))["a"]
    assert {(each["path"], each["propertyChangeType"]) for each in found["delta"]} == {("tags.lose", "Delete"), ("tags.new", "Create")}
    assert found["after"]["tags"] == {"keep": "1", "new": "3"} and found["after"]["properties"] == {"diskSizeGB": 32}


def test_lists_are_told_by_their_elements(furnished: SmallWorld) -> None:
    def rule(name: str, **inside: Any) -> dict[str, Any]:
        return {"name": name, "properties": inside}

    known = furnished.documents[at("a").lower()]["properties"]
    known |= {"prefixes": ["10.0.0.0/16", "10.1.0.0/16"], "rules": [rule("x", port=1, etag="e"), rule("y", port=2)], "same": [{"a": 1, "b": 2}]}
    wanted = {"prefixes": ["10.1.0.0/16", "10.2.0.0/16"], "rules": [rule("Y", port=3), rule("z", port=4)], "same": [{"a": 1}]}
    delta = {each["path"]: each for each in predicted(furnished, disk("a", properties=wanted))["a"]["delta"]}
    assert set(delta) == {"properties.prefixes", "properties.rules"}
    assert {each["propertyChangeType"] for each in delta.values()} == {"Array"}
    told = {path: [(each["path"], each["propertyChangeType"]) for each in every["children"]] for path, every in delta.items()}
    assert told["properties.prefixes"] == [("1", "Create"), ("0", "Delete")]
    assert told["properties.rules"] == [("1", "Modify"), ("1", "Create"), ("0", "Delete")]
    (inner,) = delta["properties.rules"]["children"][0]["children"]
    assert inner == {"path": "properties.port", "propertyChangeType": "Modify", "before": 2, "after": 3}


def test_only_the_ids(furnished: SmallWorld) -> None:
    found = predicted(furnished, disk("a"), mode="Complete", whole=False)
    assert {name: each["changeType"] for name, each in found.items()} == {"a": "Deploy", "b": "Delete", "c": "Delete", "vm": "Delete"}
    assert all(set(each) == {"resourceId", "changeType"} for each in found.values())


def test_what_hangs_on_what_is_not_there_yet_is_told(furnished: SmallWorld) -> None:
    later = disk("e", properties={"x": "[reference(resourceId('Microsoft.Compute/disks', 'none')).y]"})
    found = predicted(furnished, later)["e"]
    assert found["changeType"] == "Unsupported" and "cannot be predicted" in found["unsupportedReason"]


@pytest.mark.parametrize("more", [{}, {"tags": None}], ids=["no tags", "null"])
def test_what_is_reported_from_before_keeps_the_tags_that_go(furnished: SmallWorld, more: dict[str, Any]) -> None:
    tags = furnished.documents[at("a").lower()]["tags"] = {"one": "1", "two": "2"}
    found = predicted(furnished, disk("a", **more))["a"]
    assert [each["path"] for each in found["delta"] if each["propertyChangeType"] == "Delete"] == ["tags.one", "tags.two"]
    assert found["before"]["tags"] == tags and found["after"]["tags"] == {}
