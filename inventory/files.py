"""The file of an estate: how it comes into being as a whole or not at all, and what an estate says of itself."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from inventory.clock import Clock
from inventory.errors import InventoryError
from inventory.store import SCHEMA_VERSION, Store


def checked(store: Store) -> dict[str, int | str]:
    """What an estate says of itself, if it was written for this version."""
    state = store.state()
    if state["schema_version"] != SCHEMA_VERSION:
        raise InventoryError(
            "EstateUnavailable",
            f"{store.path} was written for schema version {state['schema_version']}; this is {SCHEMA_VERSION}",
        )
    return state


def facts(clock: Clock, seed: int, vms: int, tenant: str) -> dict[str, int | str]:
    """What a new estate says of itself."""
    now = clock.ticks()
    return {
        "schema_version": SCHEMA_VERSION,
        "seed": seed,
        "vms": vms,
        "tenant": tenant,
        "clock_kind": clock.kind,
        "clock_start": now,
        "clock": now,
        "last_number": 0,
    }


@contextmanager
def appearing(target: Path) -> Iterator[Path]:
    """A name for a file under way; it gets the name `target` when it is complete, and is gone when it is not."""
    if target.exists():
        raise InventoryError("Conflict", f"{target} exists already; open it, or choose another name")
    if not target.parent.is_dir():
        raise InventoryError("EstateUnavailable", f"there is no folder {target.parent} in which {target.name} could be made")
    unfinished = target.with_name(f"{target.name}.{os.getpid()}.unfinished")
    try:
        yield unfinished
        os.replace(unfinished, target)
    finally:
        for left in (unfinished, unfinished.with_name(unfinished.name + ".wal")):
            left.unlink(missing_ok=True)
