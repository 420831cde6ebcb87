"""Saved queries as resources (`Microsoft.ResourceGraph/queries`): any text may be saved, nobody here reads it."""

from __future__ import annotations

import re
from typing import Any

from inventory.control.ids import ResourceId
from inventory.control.provider import Provider
from inventory.control.records import Values, written
from inventory.errors import InventoryError


class SharedQueries(Provider):
    """A query with a description. Azure fills in when it was last changed and what kind of result it has."""

    kind = "microsoft.resourcegraph/queries"
    needs_location = False
    names = re.compile(r"[^\x00-\x1f<>%&\\?/]{1,260}")
    name_rule = "1 to 260 characters, none of < > % & \\ ? /"

    def completed(
        self, id_: ResourceId, document: dict[str, Any], earlier: Values | None, api_version: str | None
    ) -> dict[str, Any]:
        properties = document.get("properties")
        properties = properties if isinstance(properties, dict) else {}
        query = properties.get("query")
        if not isinstance(query, str) or not query.strip():
            raise InventoryError("InvalidParameter", "The property 'query' is required and must be a text.")
        description = properties.get("description", "")
        if not isinstance(description, str):
            raise InventoryError("InvalidParameter", "The property 'description' must be a text.")
        document["location"] = "global"
        document["properties"] = {
            "resultKind": "basic",
            "timeModified": written(self.context.feed.now()),
            "query": query,
            "description": description,
        }
        return document
