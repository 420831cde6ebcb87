"""The truth beside the index: what of an answer the index has not heard of yet."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from json import dumps
from typing import Any

from queries.result import Result

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two answers to one query: `index` as Resource Graph gives it, `truth` as it should be.

    `missing` rows are true but not shown, `ghosts` are shown but no longer true, `stale` are pairs (shown, true) of rows
    with one key that differ. Without a key a row that differs is both a ghost and a missing one.
    """

    index: Result
    truth: Result
    missing: tuple[Row, ...]
    stale: tuple[tuple[Row, Row], ...]
    ghosts: tuple[Row, ...]

    @property
    def same(self) -> bool:
        return not (self.missing or self.stale or self.ghosts)

    def __str__(self) -> str:
        return (
            f"{len(self.missing)} missing, {len(self.stale)} stale, {len(self.ghosts)} ghosts of {len(self.truth)} rows"
        )


def compared(index: Result, truth: Result, key: str) -> Comparison:
    """Compare two answers by a key column (letter case does not matter, as in ids), or whole rows where it is absent."""
    names = {column.name for column in index.columns}
    shown, true = index.to_pylist(), truth.to_pylist()
    if key in names:
        by_key = {_folded(row[key]): row for row in true}
        seen = {_folded(row[key]) for row in shown}
        if len(by_key) == len(true) and len(seen) == len(shown):
            stale = tuple(
                (row, by_key[_folded(row[key])])
                for row in shown
                if _folded(row[key]) in by_key and _folded(row) != _folded(by_key[_folded(row[key])])
            )
            missing = tuple(row for name, row in by_key.items() if name not in seen)
            return Comparison(index, truth, missing, stale, tuple(r for r in shown if _folded(r[key]) not in by_key))
    return Comparison(index, truth, _beyond(true, shown), (), _beyond(shown, true))


def _beyond(rows: list[Row], others: list[Row]) -> tuple[Row, ...]:
    """The rows that the others do not have, or have fewer times."""
    left = Counter(map(_folded, others))
    found = []
    for row in rows:
        name = _folded(row)
        if left[name]:
            left[name] -= 1
        else:
            found.append(row)
    return tuple(found)


def _folded(value: Any) -> str:
    """A value as text by which two are compared; ids in other letter case are the same."""
    if isinstance(value, dict) and isinstance(value.get("id"), str):
        value = {**value, "id": value["id"].lower()}
    return value.lower() if isinstance(value, str) else dumps(value, sort_keys=True, default=str)
