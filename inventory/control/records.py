"""Rows of single resources: found in the truth, written to the feed, told as documents of Azure Resource Manager.

A document has more properties than a table has columns. What fits the table's shape goes there; the rest is kept as
JSON in the column `_rest`, so that what was put is what is got. Knows no rule.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from inventory.clock import from_ticks
from inventory.control.ids import ResourceId, parse
from inventory.feed import WHEN_ALL_IS_DONE, Feed
from inventory.generic import GENERIC
from inventory.resource_types import BASE, RESOURCE_TYPES, REST, ResourceType
from inventory.rows import NOTHING, fit, schema_of, shown
from inventory.shapes import quoted
from inventory.store import Store

FIRST_NEW_KEY = 1 << 40
"""Keys of created resources lie above those of generated ones."""

_BY_KIND = {each.type: each for each in RESOURCE_TYPES}
_ONLY_INDEXED = frozenset({"type", "tenantId", "resourceGroup", "subscriptionId"})
"""Columns of Resource Graph that a resource provider does not answer with, or in its own way."""

Values = dict[str, Any]
"""The physical columns of one row, its `_key` among them."""


def type_of(kind: str) -> ResourceType:
    """The table of a type of resource; the generic one for a type that has none of its own."""
    return _BY_KIND.get(kind.lower(), GENERIC)


def written(ticks: int) -> str:
    """An instant as Azure writes it: seven decimals and Z."""
    return from_ticks(ticks).strftime("%Y-%m-%dT%H:%M:%S.%f") + f"{ticks % 10}Z"


@dataclass(slots=True)
class Image:
    """A row as it is from `after` ticks on; `values` None: it is no more."""

    after: int
    values: Values | None


class Records:
    """Single resources in the truth."""

    def __init__(self, store: Store, feed: Feed, tenant: str) -> None:
        self._store = store
        self._feed = feed
        self._tenant = tenant
        self.imported = bool(store.state("imported").get("imported"))

    # finding

    def find(self, id_: ResourceId, *, at: int | None = None) -> Values | None:
        """The row with this id, whatever its letter case; as it is now unless another time is said."""
        of = type_of(id_.kind)
        where, given = ["lower(id) = $id"], {"id": id_.text.lower()}
        if id_.group and "resourceGroup" in of.columns:
            # narrow columns first: the id alone would be read for every row
            where = ['"resourceGroup" = $group', '"subscriptionId" = $subscription', *where]
            given |= {"group": id_.group.lower(), "subscription": id_.subscription}
        found = self.select(of, " AND ".join(where), given, at=at)
        return found[0] if found else None

    def find_document(self, id_: ResourceId) -> Values | None:
        """The row of a document that was imported and stayed one, though its type has a table."""
        if not self.imported or type_of(id_.kind) is GENERIC:
            return None
        given = {"id": id_.text.lower(), "kind": id_.kind.lower()}
        found = self.select(GENERIC, "lower(id) = $id AND type = $kind", given)
        return found[0] if found else None

    def implied(self, id_: ResourceId) -> bool:
        """Whether resources were imported out of a subscription, or out of a resource group, that was not itself."""
        if not self.imported:
            return False
        where, given = '"subscriptionId" = $subscription', {"subscription": id_.subscription}
        if id_.group:
            where, given = f'{where} AND lower("resourceGroup") = $group', given | {"group": id_.group.lower()}
        placed = (of for of in (*RESOURCE_TYPES, GENERIC) if "resourceGroup" in of.columns)
        return any(self.count(of, where, given) for of in placed)

    def select(
        self, of: ResourceType, where: str, given: Mapping[str, Any], *, at: int | None = None, order: str = "_key"
    ) -> list[Values]:
        """All rows of a type for which a condition holds."""
        names = ["_key", *of.physical_columns]
        source = self._feed.truth(of, self._feed.now() if at is None else at, where)
        with self._store.lock:
            rows = self._store.writer.execute(
                f"SELECT {', '.join(map(quoted, names))} FROM {source} ORDER BY {order}", dict(given)
            ).fetchall()
        return [dict(zip(names, row, strict=True)) for row in rows]

    def count(self, of: ResourceType, where: str, given: Mapping[str, Any]) -> int:
        """How many rows there are, or will be when all that is under way has ended."""
        with self._store.lock:
            rows = self._store.writer.execute(
                f"SELECT count(*) FROM {self._feed.truth(of, WHEN_ALL_IS_DONE, where)}", dict(given)
            ).fetchall()  # to the end: `stage` cannot work beside a result that is still open
        return int(rows[0][0])

    def ask(self, of: ResourceType, columns: str, where: str, given: Mapping[str, Any], tail: str = "") -> list[Any]:
        """Some columns of what is true when all that is under way has ended."""
        with self._store.lock:
            return self._store.writer.execute(
                f"SELECT {columns} FROM {self._feed.truth(of, WHEN_ALL_IS_DONE, where)} {tail}", dict(given)
            ).fetchall()

    def under_way(self, of: ResourceType, key: int) -> bool:
        """Whether something is still to become true of a row."""
        with self._store.lock:
            rows = self._store.writer.execute(
                f"SELECT count(*) FROM {of.feed} WHERE _key = ? AND _true_at > ?", [key, self._feed.now()]
            ).fetchall()
        return bool(rows[0][0] > 0)

    def settling(self, of: ResourceType) -> dict[int, int]:
        """The keys of rows of which something is still to become true, and when the last of it does, in ticks."""
        with self._store.lock:
            rows = self._store.writer.execute(
                f"SELECT _key, max(_true_at) FROM {of.feed} WHERE _true_at > ? GROUP BY _key", [self._feed.now()]
            ).fetchall()
        return dict(rows)

    # writing, within `Feed.writing`

    def new_keys(self, count: int = 1) -> int:
        """The first of so many keys that no row has."""
        return FIRST_NEW_KEY + self._feed.numbers(count)

    def stage(self, of: ResourceType, table: str, rows: Sequence[Values], more: Mapping[str, pa.DataType]) -> None:
        """Rows, with more columns beside the physical ones, as a temporary table."""
        fields = {"_key": pa.int64(), **of.physical_columns, **more}
        self._feed.beyond.note(of, (row.get(REST) for row in rows))
        made = pa.Table.from_pylist(list(rows), schema=pa.schema(list(fields.items())))
        writer = self._store.writer
        writer.execute("SELECT 0").fetchall()  # a connection with an answer half read would not take a table
        writer.register("staged", made)
        try:
            writer.execute(f"CREATE OR REPLACE TEMP TABLE {table} AS SELECT * FROM staged")
        finally:
            writer.unregister("staged")

    def write(self, of: ResourceType, images: Iterable[Image], key: int, *, accepted: int | None = None) -> None:
        """What becomes of one row, in the order of time. It replaces whatever else was still to become of it."""
        now = self._feed.now() if accepted is None else accepted
        self.write_many(of, [(key, image) for image in images], now)

    def write_many(
        self, of: ResourceType, images: Iterable[tuple[int, Image]], now: int, *, replaces: bool = True
    ) -> None:
        """The same for many rows of a type at once. With `replaces` false what was still to become of them stays."""
        rows: list[Values] = []
        latest: dict[int, Values] = {}
        for key, image in images:
            values = image.values
            if values is None:
                # as it is when all is done; or as it is now, if it is on its way out already
                which = f"_key = {key}"
                values = (
                    latest.get(key)
                    or (self.select(of, which, {}, at=WHEN_ALL_IS_DONE) or self.select(of, which, {}))[0]
                )
            latest[key] = values
            gone = image.values is None
            rows.append({**values, "_key": key, "_after": image.after, "_accepted": now, "_gone": gone})
        if not rows:
            return
        timed = {"_after": pa.int64(), "_accepted": pa.int64(), "_gone": pa.bool_()}
        self.stage(of, "following", rows, timed)
        if replaces:
            self._feed.forget_future(of, "following")
        self._feed.announce(of, "following", {}, deleted="_gone", whole=True)
        if of.slow:
            self._feed.announce_slow(of, "following", {name: name for name in of.slow})

    # documents

    @staticmethod
    def loaded(text: str | None) -> dict[str, Any]:
        """A document kept as JSON text; one that was imported may be none."""
        found = json.loads(text) if text else None
        return found if isinstance(found, dict) else {}

    @staticmethod
    def dumped(document: Mapping[str, Any]) -> str:
        return json.dumps(document, ensure_ascii=False)

    def document(self, of: ResourceType, values: Values) -> dict[str, Any]:
        """A row as a resource provider answers it: what the table holds and what it keeps beside it."""
        row = shown(of, self._tenant, values)
        name_of_type = parse(row["id"]).type if of is GENERIC else of.name
        made: dict[str, Any] = {"id": row["id"], "name": row["name"], "type": name_of_type}
        for name, value in row.items():
            if name in made or name in _ONLY_INDEXED or value is None or value == "":
                continue
            made[name] = value
        rest = json.loads(values[REST]) if values.get(REST) else {}
        made |= {name: deepcopy(value) for name, value in rest.items() if name not in BASE}
        if isinstance(made.setdefault("properties", {}), dict):
            made["properties"].pop("extended", None)
        return made

    def values(self, of: ResourceType, document: Mapping[str, Any], earlier: Values | None = None) -> Values:
        """A document as a row: what fits the table, and the rest. Grafts and inner columns are as `earlier` has them."""
        row: Values = dict.fromkeys(of.physical_columns)
        if earlier is not None:
            row |= {graft.column: earlier[graft.column] for graft in of.grafts}
            row |= {name: earlier[name] for name in of.inner}
        schema = schema_of(of, self._tenant)
        rest: dict[str, Any] = {}
        for name, value in document.items():
            if value is None or name in ("type", "systemData"):
                continue
            if name not in of.columns:
                rest[name] = value
                continue
            fitted, left = fit(schema.field(name), value)
            row[name] = fitted
            if left is not NOTHING:
                rest[name] = left
        row[REST] = json.dumps(rest, ensure_ascii=False) if rest else None
        return row


def patched(document: Mapping[str, Any], change: Mapping[str, Any]) -> dict[str, Any]:
    """A document after a PATCH: objects are merged, null takes a property away, `tags` is replaced as a whole."""
    made = deepcopy(dict(document))
    for name, value in change.items():
        if value is None:
            made.pop(name, None)
        elif name != "tags" and isinstance(value, Mapping) and isinstance(made.get(name), Mapping):
            made[name] = patched(made[name], value)
        else:
            made[name] = deepcopy(value)
    return made


__all__ = ["Image", "Records", "Values", "patched", "type_of", "written"]
