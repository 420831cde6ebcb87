"""A world of the smallest kind for deployments: documents by id, operations that end when the clock says so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from inventory.errors import InventoryError
from inventory.templates import Deployment, Scope, prepare

SUBSCRIPTION = "11111111-2222-3333-4444-555555555555"
GROUP_ID = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-web"
SCHEMA = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"


@dataclass
class Running:
    world: SmallWorld
    ends_at: datetime
    failure: InventoryError | None

    @property
    def status(self) -> str:
        if self.world.time < self.ends_at:
            return "InProgress"
        return "Failed" if self.failure else "Succeeded"

    @property
    def error(self) -> InventoryError | None:
        return self.failure if self.status == "Failed" else None


class SmallWorld:
    """A door for deployments. `slow` gives the seconds an operation takes, `broken` what it fails with, by name, and
    `needed_by` what must go before it can."""

    def __init__(self) -> None:
        self.time = datetime(2026, 1, 15, 12, tzinfo=UTC)
        self.documents: dict[str, dict[str, Any]] = {}
        self.order: list[str] = []
        self.slow: dict[str, float] = {}
        self.broken: dict[str, InventoryError] = {}
        self.needed_by: dict[str, tuple[str, ...]] = {}
        self.notes: dict[str, str] = {}
        self.groups = 1
        """How often the group has been made; 0: it is no more."""

    def put(self, id: str, document: Mapping[str, Any], api_version: str) -> Running:
        name = id.rsplit("/", 1)[-1]
        self.order.append(name)
        self.documents[id.lower()] = {"id": id, "name": name, **document}
        return Running(self, self.time + timedelta(seconds=self.slow.get(name, 0)), self.broken.get(name))

    def delete(self, id: str) -> Running:
        name = id.rsplit("/", 1)[-1]
        for other in self.needed_by.get(name, ()):
            if any(id_.endswith(f"/{other}") for id_ in self.documents):
                raise InventoryError("InUse", f"'{name}' is in use by '{other}'.", 409)
        self.order.append(f"-{name}")
        del self.documents[id.lower()]
        return Running(self, self.time + timedelta(seconds=self.slow.get(name, 0)), self.broken.get(name))

    def within(self, group: str) -> list[dict[str, Any]]:
        return [each for id_, each in self.documents.items() if id_.startswith(f"{group.lower()}/")]

    def get(self, id: str) -> dict[str, Any]:
        if id.lower() not in self.documents:
            raise InventoryError("ResourceNotFound", f"The Resource '{id}' was not found.")
        return self.documents[id.lower()]

    def now(self) -> datetime:
        return self.time

    def incarnation(self, subscription: str, resource_group: str) -> int | None:
        return self.groups or None

    def remember(self, id: str, text: str) -> None:
        self.notes[id] = text

    def remembered(self) -> Mapping[str, str]:
        return {id_: text for id_, text in self.notes.items() if text}

    def scope(self, subscription: str, resource_group: str | None) -> Scope:
        group = {"id": GROUP_ID, "name": resource_group, "location": "eastus", "properties": {}}
        cloud = {"name": "AzureCloud"}
        return Scope("tenant-id", subscription, "Contoso", resource_group, group, cloud, self.time, self.groups)

    def plan(
        self, *, group: str | None = "rg-web", given: Any = None, mode: str = "Incremental", **template: Any
    ) -> Deployment:
        """A deployment of a template that consists of these sections."""
        document = {"$schema": SCHEMA, "contentVersion": "1.0.0.0", "resources": [], **template}
        values = {name: {"value": value} for name, value in (given or {}).items()}
        properties = {"mode": mode, "template": document, "parameters": values}
        scope = self.scope(SUBSCRIPTION, group)
        return prepare(f"{scope.id}/providers/Microsoft.Resources/deployments/d", "d", scope, properties, self)

    def run(self, *, given: Any = None, mode: str = "Incremental", **template: Any) -> Deployment:
        """The same, carried out as far as it goes now."""
        made = self.plan(given=given, mode=mode, **template)
        made.advance(self)
        return made

    def answer(self, expression: Any, *, given: Any = None, **template: Any) -> Any:
        """What an output of this value comes to."""
        made = self.run(given=given, outputs={"answer": {"type": "string", "value": expression}}, **template)
        if made.details:
            raise made.details[0]
        return made.outputs["answer"]["value"]


@pytest.fixture
def small() -> SmallWorld:
    return SmallWorld()
