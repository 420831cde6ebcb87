"""What the mode Complete adds to a deployment: whatever the template does not name goes from the resource group.

Parts of a resource go with it and not otherwise. What is still in use is refused by the control plane and tried again when
something else has gone: so nothing here knows which kinds hang on which.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from inventory.control.ids import parse
from inventory.errors import InventoryError

if TYPE_CHECKING:
    from inventory.templates.deployment import Door, Running


def unnamed(door: Door, group: str, named: Collection[str]) -> list[dict[str, object]]:
    """The resources of a group that are not among the `named` (ids in lower case), parts of others left out."""
    return [
        each
        for each in door.within(group)
        if str(each["id"]).lower() not in named and not parse(str(each["id"])).parent
    ]


@dataclass
class Sweep:
    """The removal of resources on its way. `errors` holds, by id, why some could not go once all others have."""

    waiting: list[str]
    under_way: dict[str, Running] = field(default_factory=dict)
    errors: dict[str, InventoryError] = field(default_factory=dict)
    latest: datetime | None = None
    begun: bool = False

    def go_on(self, door: Door) -> bool:
        """Note what has gone, ask for what can go then; whether there is nothing left to wait for."""
        more, self.begun = not self.begun, True
        while self._gone() or more:
            more = self._ask(door)
        return not self.under_way

    def due(self) -> datetime | None:
        """When something of it goes next."""
        return min((operation.ends_at for operation in self.under_way.values()), default=None)

    def _gone(self) -> bool:
        """Whether anything has gone since the last time."""
        ended = [id_ for id_, operation in self.under_way.items() if operation.status != "InProgress"]
        for id_ in ended:
            operation = self.under_way.pop(id_)
            self.latest = max(operation.ends_at, self.latest or operation.ends_at)
            if operation.error is not None:
                self.errors[id_] = operation.error
        return bool(ended)

    def _ask(self, door: Door) -> bool:
        """Ask for everything that waits; whether any of it was accepted. What is refused waits for the next time."""
        accepted = False
        for id_ in list(self.waiting):
            try:
                self.under_way[id_] = door.delete(id_)
            except InventoryError as error:
                self.errors[id_] = error
            else:
                self.waiting.remove(id_)
                self.errors.pop(id_, None)
                accepted = True
        return accepted
