"""What applications say of themselves: the heartbeat of the health extension or of a probe. Knows machines, not repairs."""

from __future__ import annotations

from inventory.control.views import HEALTH
from inventory.errors import InventoryError
from inventory.feed import Feed
from inventory.resource_types import ResourceType
from inventory.store import Store


class Health:
    """The application health of machines. It is no part of what the index shows, so it has no lag."""

    def __init__(self, store: Store, feed: Feed) -> None:
        self._store = store
        self._feed = feed

    def report(self, of: ResourceType, key: int, state: str) -> None:
        """Note what a machine's application says. Within `Feed.writing`."""
        if state not in HEALTH:
            raise InventoryError("InvalidParameter", f"an application is one of: {', '.join(HEALTH)}; not '{state}'")
        for rows, where in ((of.source, "_key = ?"), (of.images, "_key = ? AND NOT _shown")):
            self._store.writer.execute(
                f"UPDATE {rows} SET _health = ?, _health_since = ? WHERE {where}", [state, self._feed.now(), key]
            )
