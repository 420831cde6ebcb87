"""Every table that an estate has and its change feed carries: the typed ones, and that of documents of any type."""

from __future__ import annotations

from inventory.generic import GENERIC
from inventory.resource_types import RESOURCE_TYPES, ResourceType

TABLES: tuple[ResourceType, ...] = (*RESOURCE_TYPES, GENERIC)
