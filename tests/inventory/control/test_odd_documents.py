"""Whatever is sent, it is accepted or refused with a code of Azure's; what is refused has changed nothing, and time goes on."""

from __future__ import annotations

import contextlib
import json
import os
import random
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from inventory import Estate, InventoryError, Lag, SimulatedClock
from tests.inventory.control.conftest import Yard

ATTEMPTS = int(os.environ.get("LAZULITE_ODD", "120"))
"""How much is sent for each seed; LAZULITE_ODD=3000 for the long run."""

VM, SET = "Microsoft.Compute/virtualMachines", "Microsoft.Compute/virtualMachineScaleSets"
ODD: list[Any] = [
    None, "", 0, -1, 1, 2**40, 1.5, True, False, [], {}, "x", ["x"], {"a": 1}, [None], [{}], "None", "true", "é" * 300, {"id": 5},
    {"id": "x"}, {"id": None}, "/subscriptions/x/resourceGroups/y", "Standard_D2s_v5", "Spot",
]  # fmt: skip
MORE = [
    "priority", "evictionPolicy", "virtualMachineScaleSet", "availabilitySet", "platformFaultDomain", "platformFaultDomainCount",
    "singlePlacementGroup", "zones", "upgradePolicy", "host", "proximityPlacementGroup", "additionalCapabilities",
    "securityProfile", "scheduledEventsProfile", "automaticRepairsPolicy", "orchestrationMode", "priorityMixPolicy", "identity",
    "plan", "billingProfile", "licenseType", "diagnosticsProfile", "userData", "scaleInPolicy", "overprovision", "instanceView",
    "timeCreated", "provisioningState",
]  # fmt: skip
ACTIONS = [
    "start", "powerOff", "deallocate", "restart", "redeploy", "reapply", "reimage", "delete", "manualUpgrade", "instanceView",
    "retrieveBootDiagnosticsData", "runCommand", "simulateEviction", "attachDetachDataDisks", "generalize", "nonsense", "",
]  # fmt: skip
BODIES: list[Any] = [
    None, {}, {"instanceIds": ["0"]}, {"instanceIds": "0"}, {"instanceIds": [1]}, {"instanceIds": ["*"]}, {"instanceIds": ["99"]},
    {"commandId": "RunShellScript", "script": ["x"]}, {"commandId": 5}, {"dataDisksToAttach": [{"diskId": 5}]},
    {"dataDisksToAttach": "x"}, [], "x", 5,
]  # fmt: skip


def places(document: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    inner = document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()
    for key, value in inner:
        yield (*path, key)
        yield from places(value, (*path, key))


def changed(draw: random.Random, document: dict[str, Any]) -> Any:
    """The document with something left out, of another kind, in other letters, or added."""
    made = deepcopy(document)
    for _ in range(draw.choice([1, 1, 1, 2, 3])):
        paths = list(places(made))
        if draw.random() < 0.3 and isinstance(made.get("properties"), dict):
            made["properties"][draw.choice(MORE)] = deepcopy(draw.choice(ODD))
        elif paths:
            *above, last = draw.choice(paths)
            holder: Any = made
            for key in above:
                holder = holder[key]
            if draw.random() < 0.25:
                del holder[last]
            elif isinstance(holder, dict) and draw.random() < 0.1:
                holder[last.upper()] = holder.pop(last)
            else:
                holder[last] = deepcopy(draw.choice(ODD))
    return made


class Odd:
    """What is sent to a yard with a machine and sets, much of it odd."""

    def __init__(self, seed: int) -> None:
        self.draw = random.Random(seed)
        self.yard = yard = Yard()
        self.sets = [yard.scale_set(capacity=2), yard.scale_set("Uniform", 2), yard.scale_set()]
        self.machine = yard.vm()
        self.available = yard.id("Microsoft.Compute/availabilitySets", "available")
        yard.done("put", self.available, self._aligned())

    def _aligned(self) -> dict[str, Any]:
        return {"location": "eastus", "sku": {"name": "Aligned"}, "properties": {"platformFaultDomainCount": 2}}

    def _right(self) -> list[tuple[str, dict[str, Any]]]:
        yard, machine = self.yard, self.yard.machine
        inside = {"subnet": {"id": yard.subnet}, "publicIPAddress": {"id": yard.id("Microsoft.Network/publicIPAddresses", "p")}}
        trigger = {"metricName": "Percentage CPU", "operator": "GreaterThan", "threshold": 70}
        action = {"direction": "Increase", "type": "ChangeCount", "value": "1", "cooldown": "PT5M"}
        day = {"timeZone": "UTC", "days": ["Monday"], "hours": [7], "minutes": [0]}
        profile = {"name": "a", "capacity": {"minimum": "1", "maximum": "3", "default": "1"},
                   "rules": [{"metricTrigger": trigger, "scaleAction": action}]}  # fmt: skip
        recurring = {**profile, "recurrence": {"frequency": "Week", "schedule": day}}
        network = {"addressSpace": {"addressPrefixes": ["10.0.0.0/8"]},
                   "subnets": [{"name": "d", "properties": {"addressPrefix": "10.1.0.0/16"}}]}  # fmt: skip
        here = {"location": "eastus"}
        return [
            (VM, machine(virtualMachineScaleSet={"id": self.draw.choice(self.sets)})),
            (VM, machine(availabilitySet={"id": self.available}, tags={"a": "b"})),
            (VM, machine(zones=["1"], priority="Spot")),
            (SET, yard.set(capacity=1)),
            (SET, yard.set("Uniform", 1, upgradePolicy={"mode": "Manual"})),
            (SET, yard.set(zones=["1"], capacity=1)),
            ("Microsoft.Compute/availabilitySets", self._aligned()),
            ("Microsoft.Compute/disks", {**here, "sku": {"name": "Premium_LRS"}, "properties": {
                "creationData": {"createOption": "Empty"}, "diskSizeGB": 10}}),
            ("Microsoft.Network/networkInterfaces", {**here, "properties": {"ipConfigurations": [{"name": "a", "properties": inside}]}}),
            ("Microsoft.Network/publicIPAddresses", {**here, "sku": {"name": "Standard"}, "properties": {
                "publicIPAllocationMethod": "Static"}}),
            ("Microsoft.Network/virtualNetworks", {**here, "properties": network}),
            ("Microsoft.Insights/autoscaleSettings", {**here, "properties": {
                "enabled": True, "targetResourceUri": self.sets[0], "profiles": [profile, recurring]}}),
            ("Microsoft.Storage/storageAccounts", {**here, "kind": "StorageV2", "properties": {}}),
            ("Microsoft.ResourceGraph/queries", {"location": "global", "properties": {"query": "Resources"}}),
        ]  # fmt: skip

    def send(self) -> tuple[Any, ...]:
        """What is sent next: a verb of the control plane with its arguments."""
        kind = self.draw.random()
        if kind < 0.65:
            type, document = self.draw.choice(self._right())
            return ("put", self.yard.id(type, self.yard.name("odd")), changed(self.draw, document))
        known = self.draw.choice([self.machine, self.available, *self.sets])
        if kind < 0.85:
            return (self.draw.choice(["put", "patch", "patch"]), known, changed(self.draw, self.yard.control.get(known)))
        return ("act", known, self.draw.choice(ACTIONS), self.draw.choice(BODIES))


@pytest.mark.parametrize("seed", range(2))
def test_whatever_is_sent_is_accepted_or_refused(seed: int) -> None:
    odd = Odd(seed)
    accepted = refused = 0
    for number in range(ATTEMPTS):
        verb, *words = odd.send()
        before = odd.yard.estate._feed.last_number
        try:
            getattr(odd.yard.control, verb)(*words)
            accepted += 1
        except InventoryError:
            refused += 1
            assert odd.yard.estate._feed.last_number == before, f"refused, and changed something: {verb} {words}"
        except Exception as error:
            raise AssertionError(f"{verb} {words}") from error
        if number % 5 == 0:
            odd.yard.pass_time(odd.draw.choice([5, 60, 300]))
    assert min(accepted, refused) >= ATTEMPTS // 10


def test_property_names_are_taken_in_any_letter_case(yard: Yard) -> None:
    id_ = yard.scale_set(capacity=1)
    yard.done("patch", id_, {"SKU": {"Capacity": 2}})
    assert yard.control.get(id_)["sku"]["capacity"] == 2 and len(yard.members(id_)) == 2
    document = yard.control.get(id_)
    del document["sku"]["capacity"]
    yard.done("put", id_, document)
    assert yard.control.get(id_)["sku"]["capacity"] == 2
    assert "sku.name" in yard.refused("put", yard.id(SET, yard.name()), yard.set(capacity=1, sku={"capacity": 1})).message


def test_settings_that_came_in_by_import_and_make_no_sense_scale_nothing(tmp_path: Path) -> None:
    settings = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/r/providers/microsoft.insights/autoscalesettings/"
    (tmp_path / "odd.json").write_text(json.dumps([
        {"id": settings + str(number), "name": str(number), "type": "microsoft.insights/autoscalesettings", "location": "eastus",
         "properties": {"enabled": True, **properties}}
        for number, properties in enumerate([{"targetResourceUri": {}}, {"targetResourceUri": "x"}, {"profiles": "x"}, {"profiles": [5]}])
    ]))  # fmt: skip
    estate = Estate.imported([tmp_path / "odd.json"], clock=SimulatedClock(), lag=Lag.none())
    assert len(estate.control.list("", "microsoft.insights/autoscalesettings")) == 4
    estate.clock.advance(300)  # type: ignore[attr-defined]
    estate.refresh()


@pytest.mark.parametrize("seed", range(2))
def test_what_was_imported_odd_can_be_asked_and_changed_or_is_refused(seed: int, tmp_path: Path) -> None:
    draw, given = random.Random(seed), tmp_path / "odd.json"
    with Estate.simulated(4, 7, lag=Lag.none()) as made:
        types = ("microsoft.compute/virtualmachines", "microsoft.compute/virtualmachinescalesets", "microsoft.compute/disks",
                 "microsoft.network/networkinterfaces", "microsoft.network/virtualnetworks")  # fmt: skip
        right = [each for type in types for each in made.control.list("", type)[:2]]
    documents = [changed(draw, each) for each in right * (ATTEMPTS // 20)]
    given.write_text(json.dumps(documents))
    with Estate.imported([given], clock=SimulatedClock(), lag=Lag.none()) as estate:
        for document in documents:
            if isinstance(document.get("id"), str):
                with contextlib.suppress(InventoryError):
                    estate.control.get(document["id"])
                    estate.control.patch(document["id"], {"tags": {"a": "b"}})
        assert isinstance(estate.clock, SimulatedClock)
        estate.clock.advance(300)
        estate.refresh()


@pytest.mark.parametrize(("size", "code"), [(0, "InvalidParameter"), (65_537, "InvalidParameter"), (2**70, "InvalidRequestContent"),
                                            (1.5, "InvalidParameter"), ("many", "InvalidRequestContent")])  # fmt: skip
def test_sizes_of_disks(yard: Yard, size: object, code: str) -> None:
    disk = {"creationData": {"createOption": "Empty"}, "diskSizeGB": size}
    refused = yard.refused("put", yard.id("Microsoft.Compute/disks", yard.name()), {"location": "eastus", "properties": disk})
    assert refused.code == code and "diskSizeGB" in refused.message
    machine = yard.machine()
    machine["properties"]["storageProfile"]["osDisk"]["diskSizeGB"] = size
    assert yard.refused("put", yard.id(VM, yard.name()), machine).code == code
