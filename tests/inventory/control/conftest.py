"""A small world of one's own in which single resources are put, changed and deleted."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from inventory import Estate, InventoryError, Lag, SimulatedClock
from inventory.control.operation import Operation

UBUNTU = {"publisher": "Canonical", "offer": "0001-com-ubuntu-server-jammy", "sku": "22_04-lts-gen2", "version": "latest"}
WINDOWS = {"publisher": "MicrosoftWindowsServer", "offer": "WindowsServer", "sku": "2022-datacenter-g2", "version": "latest"}
SIZE = "Standard_D2s_v5"


class Yard:
    """A resource group with a network in a subscription that has nothing else; `name` gives names that nobody has."""

    def __init__(self, path: Path | None = None) -> None:
        made = Estate.simulated(0, 7, lag=Lag.none()) if path is None else Estate.create(path, 0, 7, lag=Lag.none())
        self.estate = made
        self.control = self.estate.control
        self.subscription = self.control.list("", "Microsoft.Resources/subscriptions")[0]["id"]
        self.group = f"{self.subscription}/resourceGroups/Yard"
        self.control.put(self.group, {"location": "eastus"})
        self.network = self.id("Microsoft.Network/virtualNetworks", "net")
        self.subnet = f"{self.network}/subnets/default"
        self.done("put", self.network, {"location": "eastus", "properties": {
            "addressSpace": {"addressPrefixes": ["10.0.0.0/8"]},
            "subnets": [{"name": "default", "properties": {"addressPrefix": "10.1.0.0/16"}}]}})  # fmt: skip
        self._names = itertools.count()

    def name(self, word: str = "x") -> str:
        return f"{word}{next(self._names)}"

    def id(self, kind: str, name: str) -> str:
        return f"{self.group}/providers/{kind}/{name}"

    def pass_time(self, seconds: float = 300) -> None:
        assert isinstance(self.estate.clock, SimulatedClock)
        self.estate.clock.advance(seconds)
        self.estate.refresh()

    def attempt(self, verb: str, *words: object) -> Operation | None:
        """An operation that is either accepted, or refused (None) and then changes nothing."""
        before = self.estate._feed.last_number
        try:
            made = getattr(self.control, verb)(*words)
        except InventoryError:
            assert self.estate._feed.last_number == before
            return None
        assert isinstance(made, Operation)
        return made

    def done(self, verb: str, *words: Any, **more: Any) -> Any:
        """One operation, waited for; the operation."""
        operation = getattr(self.control, verb)(*words, **more)
        if isinstance(operation, Operation):
            self.pass_time()
            assert operation.status == "Succeeded", operation.failure
        return operation

    def refused(self, verb: str, *words: Any, **more: Any) -> InventoryError:
        """The error with which an operation is refused; it must not have changed anything."""
        before = self.estate._feed.last_number
        with pytest.raises(InventoryError) as caught:
            getattr(self.control, verb)(*words, **more)
        assert self.estate._feed.last_number == before, "a refused operation changed something"
        return caught.value

    # documents

    def network_profile(self) -> dict[str, Any]:
        inside = {"ipConfigurations": [{"name": "ip0", "properties": {"subnet": {"id": self.subnet}}}], "primary": True}
        return {"networkInterfaceConfigurations": [{"name": "nic0", "properties": inside}]}

    def machine(self, **properties: Any) -> dict[str, Any]:
        """The document of a virtual machine; keyword arguments are properties, or `zones`, `tags`, `location`."""
        above = {name: properties.pop(name) for name in ("zones", "tags", "location") if name in properties}
        base = {
            "hardwareProfile": {"vmSize": SIZE},
            "storageProfile": {"imageReference": dict(UBUNTU), "osDisk": {"createOption": "FromImage"}},
            "osProfile": {"adminUsername": "joe", "adminPassword": "secret"},
            "networkProfile": self.network_profile(),
        }
        return {"location": "eastus", **above, "properties": {**base, **properties}}

    def vm(self, word: str = "vm", **properties: Any) -> str:
        """A new running virtual machine; its id."""
        id_ = self.id("Microsoft.Compute/virtualMachines", self.name(word))
        self.done("put", id_, self.machine(**properties))
        return id_

    def profile(self, **more: Any) -> dict[str, Any]:
        return {
            "osProfile": {"computerNamePrefix": "web", "adminUsername": "joe"},
            "storageProfile": {"imageReference": dict(UBUNTU)},
            "networkProfile": self.network_profile(),
            **more,
        }

    def set(self, mode: str = "Flexible", capacity: int | None = None, **properties: Any) -> dict[str, Any]:
        """The document of a scale set; without a capacity an empty one without profile, the way of 2021."""
        above = {name: properties.pop(name) for name in ("zones", "sku", "location", "tags") if name in properties}
        made: dict[str, Any] = {"orchestrationMode": mode, **properties}
        if mode == "Flexible":
            made.setdefault("singlePlacementGroup", False)
        document: dict[str, Any] = {"location": "eastus", **above, "properties": made}
        if capacity is not None:
            document.setdefault("sku", {"name": SIZE, "capacity": capacity})
            made.setdefault("virtualMachineProfile", self.profile())
        return document

    def scale_set(self, mode: str = "Flexible", capacity: int | None = None, **properties: Any) -> str:
        id_ = self.id("Microsoft.Compute/virtualMachineScaleSets", self.name("set"))
        self.done("put", id_, self.set(mode, capacity, **properties))
        return id_

    def members(self, set_id: str) -> list[dict[str, Any]]:
        return self.control.list(set_id, "Microsoft.Compute/virtualMachineScaleSets/virtualMachines")

    def machines_of(self, set_id: str) -> list[dict[str, Any]]:
        """The virtual machines of a Flexible set."""
        return [self.control.get(each["id"]) for each in self.members(set_id)]

    def power(self, id_: str) -> str:
        codes = [each["code"] for each in self.control.act(id_, "instanceView")["statuses"]]
        return next(code for code in codes if code.startswith("PowerState/")).removeprefix("PowerState/")

    def exists(self, id_: str) -> bool:
        try:
            self.control.get(id_)
        except InventoryError as error:
            assert error.status == 404
            return False
        return True

    def register(self) -> None:
        """Take the three steps that the preview asks for."""
        place = f"{self.subscription}/providers/Microsoft.Features/providers/Microsoft.Compute/features"
        for feature in ("VMOrchestratorSingleFD", "VMOrchestratorMultiFD"):
            self.control.act(f"{place}/{feature}", "register")
        self.pass_time(901)
        self.control.act(f"{self.subscription}/providers/Microsoft.Compute", "register")


@pytest.fixture(scope="package")
def shared() -> Iterator[Yard]:
    yard = Yard()
    yield yard
    yard.estate.close()


@pytest.fixture
def yard(shared: Yard) -> Iterator[Yard]:
    """The rules of today."""
    shared.control.profile = "current"
    yield shared
    shared.control._context.failures.clear()
    shared.control.profile = "current"


@pytest.fixture(scope="package")
def shared_preview() -> Iterator[Yard]:
    yard = Yard()
    yard.control.profile = "2021-preview"
    yard.register()
    yield yard
    yard.estate.close()


@pytest.fixture
def preview(shared_preview: Yard) -> Yard:
    """The rules of February 2021, for a subscription that is registered for the preview."""
    return shared_preview


@pytest.fixture
def fresh() -> Iterator[Yard]:
    """A world that no other test has seen."""
    yard = Yard()
    yield yard
    yard.estate.close()
