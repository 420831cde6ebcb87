"""What documents have beyond the typed columns of their tables: at which paths, so that a reader need look nowhere else.

The values lie in the column `_rest` of each row, as JSON text by column name. Here is known where any row has some; a fact
about data that grows, never shrinks, and is kept with the estate.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

import pyarrow as pa

from inventory.resource_types import BASE, ResourceType
from inventory.store import Store

Path = tuple[str, ...]

MOST_PATHS = 100
"""Paths of one type that are told apart; beyond that only their beginnings are, and more is looked at than need be."""

_FACT = "beyond:"


class Beyond:
    """The paths at which rows of each type have more than the typed columns hold."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._paths: dict[str, frozenset[Path]] = {}
        self.version = 0
        """Another one whenever there are other paths."""
        self.reload()

    def of(self, of: ResourceType) -> tuple[Path, ...]:
        """The paths of one type, each beginning with the name of a column, in order."""
        return tuple(sorted(self._paths.get(of.physical, ())))

    def note(self, of: ResourceType, rests: Iterable[str | None]) -> None:
        """There are rows with these values of `_rest`. Within the transaction that writes them."""
        known = self._paths.get(of.physical, frozenset())
        found = set(known)
        for rest in {each for each in rests if each}:
            found |= paths(of, json.loads(rest))
        for length in (2, 1):
            if len(found) > MOST_PATHS:
                found = {path[:length] for path in found}
        if found != known:
            self._paths[of.physical] = frozenset(found)
            self.version += 1
            self._store.set_state({_FACT + of.physical: json.dumps(sorted(found))})

    def reload(self) -> None:
        """Know what is written, after what was under way has been taken back."""
        written = {
            fact.removeprefix(_FACT): frozenset(map(tuple, json.loads(str(text))))
            for fact, text in self._store.state(_FACT).items()
        }
        if written != self._paths:
            self._paths = written
            self.version += 1


def paths(of: ResourceType, rest: Mapping[str, Any]) -> set[Path]:
    """Where a value of `_rest` goes beyond the typed columns of a type."""
    found: set[Path] = set()
    for name, value in rest.items():
        if name in BASE:  # Resource Graph has no other columns
            _walk(_shape(of, name), value, (name,), found)
    return found


def _walk(shape: Mapping[str, Any] | None, value: Any, path: Path, found: set[Path]) -> None:
    if shape is None or not isinstance(value, dict) or not value:
        found.add(path)
        return
    for name, each in value.items():
        _walk(shape.get(name), each, (*path, name), found)


@lru_cache(maxsize=256)
def _shape(of: ResourceType, column: str) -> dict[str, Any] | None:
    """The typed members below a column, the grafts among them; None where it has none."""
    whole = _members(of.physical_columns[column]) if column in of.columns else None
    for graft in of.grafts:
        root, *parents, last = graft.path.split(".")
        if root == column:
            whole = {} if whole is None else whole
            below = whole
            for parent in parents:
                below = below.setdefault(parent, {})
            below[last] = _members(graft.shape)
    return whole


def _members(shape: pa.DataType) -> dict[str, Any] | None:
    return {part.name: _members(part.type) for part in shape} if pa.types.is_struct(shape) else None


__all__ = ["Beyond", "paths"]
