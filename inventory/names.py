"""Names and ids of resources: what callers may write for one, and what they probably meant."""

from __future__ import annotations

from inventory.errors import InventoryError
from inventory.feed import Feed
from inventory.generic import GENERIC
from inventory.resource_types import SCALE_SET_INSTANCES, VIRTUAL_MACHINES, ResourceType
from inventory.store import Store

_MACHINES = (VIRTUAL_MACHINES, SCALE_SET_INSTANCES)


def find_machine(store: Store, feed: Feed, name_or_id: str, now: int) -> tuple[ResourceType, int, str, str]:
    """The type, key, id and name of the machine that is called so; case does not matter, as in Azure.

    Raises InventoryError: ResourceNotFound with the nearest names, or AmbiguousName with the ids to choose from.
    """
    wanted = name_or_id.strip().lower()
    column = "id" if "/" in wanted else "name"
    with store.lock:
        found = []
        for of in _MACHINES:
            truth = feed.truth(of, now, f"lower({column}) = $wanted", ("id", "name"))
            for key, id_, name in store.writer.execute(
                f"SELECT _key, id, name FROM {truth} ORDER BY id LIMIT 20", {"wanted": wanted}
            ).fetchall():
                found.append((of, int(key), str(id_), str(name)))
        if len(found) == 1:
            return found[0]
        if found:
            ids = "".join(f"\n  {id_}" for _, _, id_, _ in found[:10])
            raise InventoryError("AmbiguousName", f"several machines are called '{name_or_id}'; give an id:{ids}")
        if _of_document(store, feed, wanted, column, now):
            raise InventoryError(
                "OperationNotAllowed",
                f"'{name_or_id}' was imported, and its document does not say what it takes to simulate it: "
                "properties.provisioningState and properties.extended.instanceView.powerState.",
            )
        nearest = _nearest(store, wanted.rsplit("/", 1)[-1])
    hint = f" The nearest names: {', '.join(nearest)}." if nearest else ""
    raise InventoryError("ResourceNotFound", f"The Resource '{name_or_id}' was not found.{hint}")


def _of_document(store: Store, feed: Feed, wanted: str, column: str, now: int) -> bool:
    """Whether a machine is called so that was imported and stayed a document."""
    kinds = ", ".join(f"'{of.type}'" for of in _MACHINES)
    truth = feed.truth(GENERIC, now, f"type IN ({kinds}) AND lower({column}) = $wanted", ())
    return bool(store.writer.execute(f"SELECT 1 FROM {truth} LIMIT 1", {"wanted": wanted}).fetchall())


def _nearest(store: Store, wanted: str) -> list[str]:
    names = " UNION ALL ".join(f"SELECT name FROM {of.source}" for of in _MACHINES)
    rows = store.writer.execute(
        f"SELECT name FROM ({names}) GROUP BY name "
        "ORDER BY jaro_winkler_similarity(lower(name), $wanted) DESC, name LIMIT 3",
        {"wanted": wanted},
    ).fetchall()
    return [str(row[0]) for row in rows]
