"""The tags of anything, as a resource beside it: `…/providers/Microsoft.Resources/tags/default`. They are its own tags."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from inventory.control.ids import ResourceId, parse
from inventory.control.operation import Operation
from inventory.control.provider import Provider
from inventory.errors import InventoryError

_OPERATIONS = ("merge", "replace", "delete")


class Tags(Provider):
    kind = "microsoft.resources/tags"

    def get(self, id_: ResourceId, expand: str | None = None) -> dict[str, Any]:
        return self._shown(id_, self._tags(id_))

    def put(self, id_: ResourceId, document: Mapping[str, Any], api_version: str | None) -> Operation:
        return self._set(id_, _given(document))

    def patch(self, id_: ResourceId, change: Mapping[str, Any], api_version: str | None) -> Operation:
        """`operation` says whether the given tags come to those that are there, take their place, or are taken away."""
        operation, given = str(change.get("operation", "")).lower(), _given(change)
        if operation not in _OPERATIONS:
            raise InventoryError(
                "InvalidRequestContent", "'operation' of a change of tags is Merge, Replace or Delete."
            )
        held = self._tags(id_)
        if operation == "merge":
            return self._set(id_, {**held, **given})
        if operation == "replace":
            return self._set(id_, given)
        return self._set(id_, {name: value for name, value in held.items() if given.get(name) != value})

    def delete(self, id_: ResourceId, force: bool) -> Operation:
        return self._set(id_, {}, "delete")

    def _tags(self, id_: ResourceId) -> dict[str, str]:
        target = _target(id_)
        return dict(self.context.provider(target).get(target).get("tags") or {})

    def _set(self, id_: ResourceId, tags: Mapping[str, str], name: str = "update") -> Operation:
        target = _target(id_)
        done = self.context.provider(target).patch(target, {"tags": dict(tags)}, None)
        told = None if name == "delete" else self._shown(id_, tags)
        return self.context.ledger.enter(name, id_.text, done.ends, document=told, failure=done.failure)

    def _shown(self, id_: ResourceId, tags: Mapping[str, str]) -> dict[str, Any]:
        return {
            "id": id_.text,
            "name": "default",
            "type": "Microsoft.Resources/tags",
            "properties": {"tags": dict(tags)},
        }


def _target(id_: ResourceId) -> ResourceId:
    """What is tagged."""
    if id_.name.lower() != "default":
        raise InventoryError("InvalidResourceName", f"Resource name {id_.name} is invalid: tags are called 'default'.")
    return parse(id_.text.rsplit("/providers/", 1)[0])


def _given(document: Mapping[str, Any]) -> dict[str, str]:
    tags = (document.get("properties") or {}).get("tags") or {}
    if not isinstance(tags, Mapping) or not all(isinstance(value, str) for value in tags.values()):
        raise InventoryError("InvalidRequestContent", "'properties.tags' is an object of texts.")
    return dict(tags)
