"""The ways to look at an estate: as the index shows it, as it showed it at a time or in an interval, and as it truly is.

For all but the first each table has a view, made when first wanted; a reader says for which time with
`SET VARIABLE looked_at`, and where an interval ends with `looked_until`.
"""

from __future__ import annotations

from enum import Enum

import pyarrow as pa

from inventory import feature_table
from inventory.feed import Feed
from inventory.generic import GENERIC, SPELLED
from inventory.health import SHOWN, STATUSES, shown_sql
from inventory.history import SHOWN_AT, during_sql, then_sql
from inventory.resource_types import DATABASE, LOGICAL_TABLES, ResourceType, empty_schema
from inventory.shapes import TEXT, WHOLE, field
from inventory.store import Store
from inventory.tables import TABLES

_SHOWN_ID = "_shown_id"
"""The column by which the images of an interval that were there since one time are told apart: pages need one order."""

AT = "getvariable('looked_at')::BIGINT"
"""SQL for the time that a reader looks at, in ticks; each reader sets it on its own connection."""
UNTIL = "getvariable('looked_until')::BIGINT"
"""The same for the end of an interval, which begins at the former."""


class Perspective(Enum):
    """From where one looks. `INDEX` is what Resource Graph shows now, `THEN` what it showed at a time that has passed,
    `DURING` all that it showed in an interval, in order of time, `TRUTH` what the control plane knows now."""

    INDEX = ""
    THEN = "_then"
    DURING = "_during"
    TRUTH = "_truth"


class Perspectives:
    """The views through which readers look at an estate."""

    def __init__(self, store: Store, feed: Feed, tenant: str) -> None:
        self._store = store
        self._feed = feed
        self._tenant = tenant
        self._made: set[tuple[Perspective, tuple[str, ...]]] = set()

    def version(self, perspective: Perspective) -> object:
        """Equal as long as the schemas of a perspective are."""
        return perspective, self._documented(perspective), self._feed.beyond.version

    def schemas(self, perspective: Perspective) -> list[pa.Schema]:
        """What can be asked from there: per logical table a schema without source, then one for each of its parts."""
        documented = self._documented(perspective)
        self._make(perspective, documented)
        beyond = self._feed.beyond
        parts = [of.schema(self._tenant, beyond.of(of)) for of in TABLES if of is not GENERIC and of is not STATUSES]
        parts.append(STATUSES.schema(self._tenant).with_metadata({"table": STATUSES.table, "source": SHOWN}))
        parts += [GENERIC.schema_of(table, self._tenant) for table in documented]
        seen = [_seen_from(part, perspective) for part in parts]
        return [*map(empty_schema, LOGICAL_TABLES), *seen, feature_table.schema(DATABASE)]

    def _documented(self, perspective: Perspective) -> tuple[str, ...]:
        """The logical tables in which documents of any type may show from a perspective."""
        if perspective is Perspective.INDEX:
            return self._feed.documented
        places = f"{GENERIC.source} UNION SELECT _table FROM {GENERIC.images}"
        with self._store.lock:
            rows = self._store.writer.execute(f"SELECT DISTINCT _table FROM {places} ORDER BY _table").fetchall()
        return tuple(SPELLED[name] for (name,) in rows)

    def _make(self, perspective: Perspective, documented: tuple[str, ...]) -> None:
        """Make the views of a perspective, where they are not there yet."""
        if perspective is Perspective.INDEX:
            return
        self._feed.settle()
        if (perspective, documented) in self._made:
            return
        suffix = perspective.value
        views = {of.source: f"SELECT * FROM {_sql(self._feed, of, perspective)}" for of in TABLES}
        views[SHOWN] = shown_sql(suffix, SHOWN_AT if perspective is Perspective.DURING else None)
        if perspective is Perspective.DURING:
            views = {name: f"SELECT *, id AS {_SHOWN_ID} FROM ({sql})" for name, sql in views.items()}
        for table in documented:
            views[GENERIC.view(table)] = f"SELECT * FROM {GENERIC.source}{suffix} WHERE _table = '{table.lower()}'"
        with self._store.transaction() as writer:
            for name, sql in views.items():
                writer.execute(f"CREATE VIEW IF NOT EXISTS {name}{suffix} AS {sql}")
        self._made.add((perspective, documented))


def _sql(feed: Feed, of: ResourceType, perspective: Perspective) -> str:
    if perspective is Perspective.TRUTH:
        return feed.truth(of, AT)
    if perspective is Perspective.DURING:
        if of.has_past:
            return during_sql(of, AT, UNTIL)
        return f"(SELECT *, greatest(_visible_at, {AT}) AS {SHOWN_AT} FROM {of.source} WHERE _visible_at < {UNTIL})"
    return then_sql(of, AT) if of.has_past else f"{of.source} WHERE _visible_at <= {AT}"


def _seen_from(schema: pa.Schema, perspective: Perspective) -> pa.Schema:
    facts = {key.decode(): value.decode() for key, value in schema.metadata.items()}
    if perspective is Perspective.DURING:
        for name, shape in ((SHOWN_AT, WHOLE), (_SHOWN_ID, TEXT)):
            schema = schema.append(field(name, shape, hidden="1", ordered="1").with_nullable(False))
    return schema.with_metadata({**facts, "source": facts["source"] + perspective.value})
