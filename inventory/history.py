"""The past of an estate: what the index has shown, image by image, for as long and for as many as one wants to keep.

An image that the index has let in stays where it is and is the past from then on. Before the first change of a resource
the image that it had until then is laid down too, so that a past state is always an image that lies there, or what the
index shows still. A resource that never changed costs nothing. Knows images and times, not what they mean.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from inventory.clock import seconds_to_ticks
from inventory.resource_types import MACHINE, ResourceType
from inventory.shapes import quoted
from inventory.store import Store

SINCE_EVER = 0
"""The time of an image that was there before anything happened to its resource."""

SHOWN_AT = "_shown_at"
"""The column that says since when an image was there, in ticks, where the images of an interval are looked at."""

_NEVER = 1 << 62
"""The end of what is shown still."""

_UNKNOWN = 1 << 62
"""The beginning of a past of which nothing is known, because an estate was used without history."""

CONCERNED = "_key IN (SELECT _key FROM event)"
"""The condition for rows of resources that change now. Where keys are looked up in a large table it is said there too: the
engine would otherwise lay out all keys of the table, and not those few."""

_SLACK = 0.2
"""Trimming waits until the past has grown by a fifth of what is kept, so that its cost is spread over many changes."""


@dataclass(frozen=True, slots=True)
class History:
    """How much of the past is kept.

    `days` is how far it reaches back; the service documents 14. `most` bounds the images and change records
    kept over all types: when there are more, the oldest go first and the past reaches less far back. Each is some
    hundred bytes once compressed.
    """

    days: float = 14.0
    most: int = 1_000_000

    def __post_init__(self) -> None:
        if self.days < 0 or self.most < 0:
            raise ValueError("a history cannot be shorter than nothing")

    @classmethod
    def none(cls) -> History:
        """Nothing is kept: no past states and no change records."""
        return cls(0.0, 0)

    @property
    def kept(self) -> bool:
        return self.days > 0 and self.most > 0


class Past:
    """The images in an estate's past."""

    def __init__(self, store: Store, history: History, tables: Iterable[ResourceType], begins: int, now: int) -> None:
        self._store = store
        self.history = history
        tables = tuple(tables)
        self._tables = [of for of in tables if of.has_past]
        self._records = [of for of in tables if not of.has_past]
        self.begins = (now if begins == _UNKNOWN else begins) if history.kept else _UNKNOWN
        """The time from which on the past is known, in ticks."""
        if self.begins != begins:
            store.set_state({"history_begins": self.begins})
            for of in self._tables:  # a past with a gap would be a wrong one
                for images in of.all_images:
                    store.writer.execute(f"DELETE FROM {images} WHERE _shown")
        self._images = self._count_all()
        self._trimmed_to = history.most
        self._aged = self.begins

    def lay_down(self, of: ResourceType, source: str) -> None:
        """Keep the images that resources in the temporary table `event` had before their first change. Within a transaction.

        `source` is SQL for rows as they were, with the `_seq` of the change; what is not in the index was not before.
        """
        if not (self.history.kept and of.has_past):
            return
        self._images += self._changed(f"""
            INSERT INTO {of.images} (_key, _seq, _true_at, _visible_at, _shown, _deleted, _lost, {of.column_list})
            SELECT _key, -_seq, {SINCE_EVER}, {SINCE_EVER}, TRUE, FALSE, FALSE, {of.column_list} FROM {source}
            WHERE _key NOT IN (SELECT _key FROM {of.past} WHERE {CONCERNED})
              AND _key IN (SELECT _key FROM {of.source} WHERE {CONCERNED})
        """)

    def lay_down_slow(self, of: ResourceType) -> None:
        """The same for the slow fields of the resources in the temporary table `event`, as the index shows them."""
        if not self.history.kept:
            return
        slow = ", ".join(of.slow)
        self._images += self._changed(f"""
            INSERT INTO {of.slow_images} (_key, _seq, _true_at, _visible_at, _shown, {slow})
            SELECT _key, -_seq, {SINCE_EVER}, {SINCE_EVER}, TRUE, {slow} FROM {of.source}
            JOIN (SELECT _key, min(_seq) AS _seq FROM event GROUP BY _key) USING (_key)
            WHERE _key NOT IN (SELECT _key FROM {of.slow_past} WHERE {CONCERNED})
        """)

    def take_over(self, images: str, due: str, changes: Mapping[str, str] | None = None) -> int:
        """Keep those waiting images of a table for which `due` holds: the index lets them in now. Returns how many.

        `changes` gives SQL for what is otherwise in the index than it is true."""
        if not self.history.kept:
            return self._changed(f"DELETE FROM {images} WHERE NOT _shown AND {due}")
        values = ", ".join(f"{name} = {value}" for name, value in {"_shown": "TRUE", **(changes or {})}.items())
        taken = self._changed(f"UPDATE {images} SET {values} WHERE NOT _shown AND {due}")
        self._images += taken
        return taken

    @property
    def due(self) -> int:
        """When something will have become too old: by age alone, an hour is forgotten at a time."""
        return self._aged + seconds_to_ticks(self.history.days * 86_400 + 3600) if self._images else _UNKNOWN

    def trim(self, now: int) -> None:
        """Forget what lies further back than is kept. Within a transaction; most calls have nothing to do."""
        oldest = now - seconds_to_ticks(self.history.days * 86_400)
        if self._images > self._trimmed_to + self.history.most * _SLACK:
            oldest = max(oldest, self._time_of_image(self.history.most))
        elif now < self.due:
            return
        self._aged = self.begins = max(self.begins, oldest)
        self._store.set_state({"history_begins": self.begins})
        for of in self._records:
            self._store.writer.execute(f"DELETE FROM {of.images} WHERE _shown AND _visible_at <= {oldest}")
        for images in (images for of in self._tables for images in of.all_images):
            # the latest image of before stays where later ones build on it
            before = f"_shown AND _visible_at <= {oldest}"
            self._store.writer.execute(f"""
                DELETE FROM {images} WHERE {before} AND _seq NOT IN (
                  SELECT max(_seq) FROM {images} WHERE {before} AND _key IN (
                    SELECT _key FROM {images} WHERE _visible_at > {oldest} OR NOT _shown)
                  GROUP BY _key)
            """)
        self._images = self._count_all()
        # more than asked for where many images are kept because later ones build on them
        self._trimmed_to = max(self._images, self.history.most)

    def _time_of_image(self, rank: int) -> int:
        """The time of the image than which so many of all are younger."""
        times = " UNION ALL ".join(f"SELECT _visible_at FROM {images} WHERE _shown" for images in self._kept())
        share = 1 - rank / max(rank, self._images)  # a sort of them all would take many times as long
        return self._changed(f"SELECT quantile_disc(_visible_at, {share!r}) FROM ({times})")

    def _count_all(self) -> int:
        counts = " UNION ALL ".join(f"SELECT count(*) AS n FROM {images} WHERE _shown" for images in self._kept())
        return self._changed(f"SELECT sum(n)::BIGINT FROM ({counts})")

    def _kept(self) -> list[str]:
        return [images for of in (*self._tables, *self._records) for images in of.all_images]

    def _changed(self, statement: str) -> int:
        row = self._store.writer.execute(statement).fetchone()
        return 0 if row is None else int(row[0])


def then_sql(of: ResourceType, at: str) -> str:
    """SQL (in parentheses) for all physical columns of what the index showed at a time; `at` is SQL for its ticks."""
    changed = f"SELECT _key FROM {of.past} WHERE _visible_at > {at}"
    rows = f"""(
        SELECT _key, {of.column_list} FROM {of.source} WHERE _key NOT IN ({changed})
        UNION ALL
        SELECT _key, {of.column_list} FROM {of.past}
        WHERE NOT _deleted AND _seq IN (
          SELECT max(_seq) FROM {of.past} WHERE _visible_at <= {at} AND _key IN ({changed}) GROUP BY _key))"""
    if not of.slow:
        return rows
    # slow fields went their own way: their latest value by then, or what the index has still
    fields = ", ".join(
        f"CASE WHEN s._key IS NOT NULL THEN s.{name} WHEN i._key IS NOT NULL THEN i.{name} ELSE r.{name} END AS {name}"
        for name in of.slow
    )
    listed = ", ".join(of.slow)
    return f"""(
        SELECT r.* REPLACE ({fields}) FROM {rows} r
        LEFT JOIN (
          SELECT k._key, {listed} FROM (
            SELECT _key, max(_seq) FILTER (_visible_at <= {at}) AS _seq FROM {of.slow_past} GROUP BY _key) k
          LEFT JOIN {of.slow_past} v ON v._seq = k._seq
        ) s ON s._key = r._key
        LEFT JOIN (SELECT _key, {listed} FROM {of.source}) i ON i._key = r._key)"""


def during_sql(of: ResourceType, start: str, end: str) -> str:
    """SQL (in parentheses) for what the index showed in an interval: all physical columns of each distinct image that
    was there, the one that stood at its start and each that came in before its end, and `_shown_at`, since when.

    `start` (inclusive) and `end` (exclusive) are SQL for ticks. An image is another one where something that is shown
    changed: what the machinery alone knows does not make one, and slow fields that came in with the same values neither.
    """
    within = f"_from < {end} AND _until > {start}"
    changed = f"SELECT _key FROM {of.past} WHERE _visible_at > {start}"
    shown = ["_deleted", *(quoted(name) for name in of.physical_columns if name not in (*of.slow, *MACHINE))]
    those = f"(SELECT * FROM {of.past} WHERE _key IN ({changed}))"
    images = f"""(
        SELECT _key, {of.column_list}, {SINCE_EVER} AS _from, {_NEVER} AS _until FROM {of.source}
        WHERE _key NOT IN ({changed})
        UNION ALL
        SELECT _key, {of.column_list}, _from, _until FROM {_spans(those, ", ".join(shown))}
        WHERE NOT _deleted AND {within})"""
    if not of.slow:
        return f"(SELECT * EXCLUDE (_from, _until), greatest(_from, {start}) AS {SHOWN_AT} FROM {images})"
    # slow fields went their own way: a state is what both ways showed together. Before the first of them a resource has
    # none, unless it never changed: then the index has them still
    listed, none = ", ".join(of.slow), ", ".join("NULL" for _ in of.slow)
    values = (
        f"(SELECT _key, _seq, _visible_at, {listed} FROM {of.slow_past} UNION ALL "
        f"SELECT DISTINCT _key, {-_NEVER}, {SINCE_EVER - 1}, {none} FROM {of.slow_past})"
    )
    slow = f"""(
        SELECT _key, {listed}, _from, _until FROM {_spans(values, listed)}
        WHERE {within}
        UNION ALL
        SELECT _key, {listed}, {SINCE_EVER}, {_NEVER} FROM {of.source}
        WHERE _key NOT IN (SELECT _key FROM {of.slow_past}))"""
    fields = ", ".join(f"CASE WHEN s._key IS NOT NULL THEN s.{name} ELSE r.{name} END AS {name}" for name in of.slow)
    return f"""(
        SELECT r.* EXCLUDE (_from, _until) REPLACE ({fields}), greatest(r._from, s._from, {start}) AS {SHOWN_AT}
        FROM {images} r LEFT JOIN {slow} s ON s._key = r._key AND s._from < r._until AND r._from < s._until)"""


def _spans(rows: str, shown: str) -> str:
    """SQL (in parentheses) for images and since when (`_from`) and until when each was shown, alike ones joined.

    `rows` are all images of some keys; `shown` are the columns by which one image differs from the next. One that came
    in no earlier than a later one (it was lost, and found by a scan) was never shown.
    """
    return f"""(
        SELECT *, _visible_at AS _from, coalesce(lead(_visible_at) OVER (PARTITION BY _key ORDER BY _seq), {_NEVER}) AS _until
        FROM (
          SELECT * FROM (
            SELECT *, min(_visible_at) OVER (
              PARTITION BY _key ORDER BY _seq ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING) AS _overtaken
            FROM {rows})
          WHERE coalesce(_overtaken > _visible_at, TRUE)
          QUALIFY row({shown}) IS DISTINCT FROM lag(row({shown})) OVER (PARTITION BY _key ORDER BY _seq)))"""
