"""Every table that an estate has and its change feed carries: the typed ones, that of documents of any type, and what
is recorded of changes."""

from __future__ import annotations

from inventory.changes import CHANGES
from inventory.generic import GENERIC
from inventory.health import HEALTH
from inventory.resource_types import RESOURCE_TYPES, ResourceType

TABLES: tuple[ResourceType, ...] = (*RESOURCE_TYPES, GENERIC, *CHANGES, *HEALTH)

RECORDS: tuple[ResourceType, ...] = (*CHANGES, *HEALTH)
"""Those of them that tell of others: a full scan does not look at them, and nothing is recorded of them."""
