"""One machine in the hand: what may be done to it, what is true of it, what the index says of it."""

from __future__ import annotations

from typing import Any

from inventory.control.bulk import Control
from inventory.errors import InventoryError
from inventory.feed import Feed
from inventory.resource_types import ResourceType
from inventory.rows import shown
from inventory.shapes import quoted
from inventory.store import Store


class VirtualMachine:
    """A handle on one virtual machine, or on one instance of a Uniform scale set.

    The operations return the handle, so that they can be chained with `truth()`; they raise InventoryError when Azure
    would refuse them. Each is acknowledged when it returns, is true at once or in steps, and shows later in the index.
    """

    __slots__ = ("_control", "_feed", "_key", "_of", "_store", "_tenant", "id", "name")

    def __init__(
        self, store: Store, feed: Feed, control: Control, tenant: str, of: ResourceType, key: int, id_: str, name: str
    ) -> None:
        self._store = store
        self._feed = feed
        self._control = control
        self._tenant = tenant
        self._of = of
        self._key = key
        self.id = id_
        self.name = name

    def __repr__(self) -> str:
        return f"VirtualMachine({self.id!r})"

    def start(self) -> VirtualMachine:
        """From stopped or deallocated to running."""
        return self._operate("start")

    def power_off(self) -> VirtualMachine:
        """From running to stopped: it keeps its hardware, and is billed."""
        return self._operate("power_off")

    def deallocate(self) -> VirtualMachine:
        """From running or stopped to deallocated: the hardware is given back, the disks are kept in reserve."""
        return self._operate("deallocate")

    def restart(self) -> VirtualMachine:
        """Running, and after a moment running again."""
        return self._operate("restart")

    def delete(self) -> VirtualMachine:
        """No more, in a moment; disks and interfaces go with it or stay behind as their deleteOption says."""
        return self._operate("delete")

    def truth(self) -> dict[str, Any]:
        """The row as the control plane knows it now. Raises InventoryError ResourceNotFound when it is deleted."""
        row = self._row(self._feed.truth(self._of, self._feed.now(), f"_key = {self._key}"))
        if row is None:
            raise InventoryError("ResourceNotFound", f"The Resource '{self.id}' was not found.")
        return row

    def visible(self) -> dict[str, Any] | None:
        """The row as the index shows it after its latest refresh; None when it does not show the machine."""
        return self._row(f"(SELECT * FROM {self._of.source} WHERE _key = {self._key})")

    def _operate(self, operation: str) -> VirtualMachine:
        self._control.operate(self._of, self._key, self.name, operation, self._feed.now())
        return self

    def _row(self, source: str) -> dict[str, Any] | None:
        names = list(self._of.physical_columns)
        with self._store.lock:
            rows = self._store.writer.execute(f"SELECT {', '.join(map(quoted, names))} FROM {source}").fetchall()
        return shown(self._of, self._tenant, dict(zip(names, rows[0], strict=True))) if rows else None
