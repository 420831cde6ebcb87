"""Resources that were imported and say too little to live: they can be read and deleted, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from inventory.control.ids import ResourceId
from inventory.control.operation import Operation
from inventory.control.provider import WHOLE, Page, Provider
from inventory.control.records import Values
from inventory.errors import InventoryError
from inventory.generic import GENERIC
from inventory.resource_types import ResourceType


class LookedAt(Provider):
    """Documents of types that have tables, though these do not fit into them."""

    def get(self, id_: ResourceId, expand: str | None = None) -> dict[str, Any]:
        return self.document(GENERIC, self.found(id_), expand)

    def listing(self, scope: ResourceId | None, kind: str, page: Page = WHOLE) -> list[dict[str, Any]]:
        where, given = self.within(GENERIC, scope, kind)
        return [self.document(GENERIC, row) for row in self.records.select(GENERIC, where, given, order="lower(id)")]

    def found(self, id_: ResourceId) -> Values:
        row = self.records.find_document(id_)
        if row is None:
            raise self.missing(id_)
        return row

    def put(self, id_: ResourceId, document: Mapping[str, Any], api_version: str | None) -> Operation:
        raise self._refusal(id_, "update")

    def patch(self, id_: ResourceId, change: Mapping[str, Any], api_version: str | None) -> Operation:
        raise self._refusal(id_, "update")

    def act(self, id_: ResourceId, action: str, body: Mapping[str, Any]) -> Operation | Any:
        raise self._refusal(id_, action)

    def delete(self, id_: ResourceId, force: bool) -> Operation:
        return self.remove(GENERIC, id_, self.found(id_))

    def document(self, of: ResourceType, row: Values, expand: str | None = None) -> dict[str, Any]:
        return self.records.document(GENERIC, row)

    def _refusal(self, id_: ResourceId, operation: str) -> InventoryError:
        return InventoryError(
            "OperationNotAllowed",
            f"Operation '{operation}' is not allowed on '{id_.name}': it was imported, and its document does not say what it "
            "takes to simulate it (of a machine, properties.provisioningState and "
            "properties.extended.instanceView.powerState).",
        )
