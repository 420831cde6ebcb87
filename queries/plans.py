"""What texts compile to, kept for the next time they are asked, and from where a query looks at the estate."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

import duckdb

import kql
from inventory import Estate, Perspective
from queries.cursors import Cursors, ask, failure
from queries.profile import Profile, profile_of
from queries.result import Column
from queries.settings import Settings


@dataclass(frozen=True, slots=True)
class Plan:
    """A compiled query and the engine's parse of it. It serves all values: parameters are bound later."""

    compiled: kql.Compiled
    statement: duckdb.Statement
    columns: tuple[Column, ...]
    forms: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Look:
    """From where a query looks, what time it is there, and what its cursor must know of that: variables, in ticks."""

    perspective: Perspective
    now: int
    variables: Mapping[str, int]

    def tell(self, cursor: duckdb.DuckDBPyConnection) -> None:
        for name, ticks in self.variables.items():
            cursor.execute(f"SET VARIABLE {name} = ?", [ticks])


class Plans:
    """The plans of one estate, at most `settings.plans` of them; the one that was asked longest ago goes first."""

    def __init__(self, estate: Estate, cursors: Cursors, settings: Settings) -> None:
        self._estate = estate
        self._cursors = cursors
        self._settings = settings
        self._kept: OrderedDict[tuple[object, ...], Plan] = OrderedDict()
        self._lock = threading.Lock()
        self._schemas: dict[Perspective, kql.Schema] = {}

    def of(
        self,
        text: str,
        profile: str | Profile,
        subscriptions: Sequence[str] | None = None,
        look: Look | None = None,
    ) -> tuple[Plan, bool]:
        """The plan of a text, and whether it was kept from before. Raises `kql.KqlError`."""
        if not isinstance(text, str):
            raise TypeError(f"a query is a text, not {type(text).__name__}")
        if isinstance(subscriptions, str) or not all(isinstance(each, str) for each in subscriptions or ()):
            raise TypeError("subscriptions is a list of subscription ids, each a string")
        wanted = profile_of(profile)
        look = self.look() if look is None else look
        schema = self.schema(look.perspective)
        allowed = tuple(sorted({name.lower() for name in subscriptions or ()}))
        key = (text, wanted, allowed, schema.version)
        with self._lock:
            kept = self._kept.get(key)
            if kept is not None:
                self._kept.move_to_end(key)
        if kept is not None:
            self._estate.prepare(kept.compiled.tables)
            return kept, True
        plan = self._made(text, schema, wanted, allowed, look)
        self._estate.prepare(plan.compiled.tables)
        if not plan.compiled.asked:  # or its columns are right for the data of this moment only
            with self._lock:
                self._kept[key] = plan
                while len(self._kept) > self._settings.plans:
                    self._kept.popitem(last=False)
        return plan, False

    def check(self, text: str, profile: str | Profile) -> list[kql.Problem]:
        """All errors of a text, and advice."""
        look = self.look()
        return list(
            kql.check(text, self.schema(look.perspective), profile=profile_of(profile), ask=partial(self._ask, look))
        )

    def schema(self, perspective: Perspective = Perspective.INDEX) -> kql.Schema:
        """The tables that there are from there, as the language sees them."""
        schema, version = self._schemas.get(perspective), self._estate.schema_version(perspective)
        if schema is None or schema.version != version:
            schema = kql.Schema.from_arrow(self._estate.schemas(perspective), version)
            self._schemas[perspective] = schema
        return schema

    def look(
        self,
        as_of: datetime | None = None,
        truth: bool = False,
        during: tuple[datetime, datetime] | None = None,
    ) -> Look:
        """From where to look: the index now, unless told otherwise (see `ResourceGraph.query`)."""
        if truth and (as_of is not None or during is not None):
            raise ValueError("the truth is known for now only; as_of and during ask what the index showed")
        if as_of is not None and during is not None:
            raise ValueError("as_of asks for one time, during for an interval: give one of them")
        if as_of is not None:
            then = self._estate.time_in_history(as_of)
            return Look(Perspective.THEN, then, {"looked_at": then})
        now = self._estate.clock.ticks()
        if during is not None:
            start, end = self._estate.interval_in_history(*during)
            return Look(Perspective.DURING, now, {"looked_at": start, "looked_until": end})
        return Look(Perspective.TRUTH, now, {"looked_at": now}) if truth else Look(Perspective.INDEX, now, {})

    def _made(self, text: str, schema: kql.Schema, profile: Profile, allowed: tuple[str, ...], look: Look) -> Plan:
        scope = {"subscriptionId": allowed} if allowed else None
        try:
            compiled = kql.compile(text, schema, profile=profile, scope=scope, ask=partial(self._ask, look))
            with self._cursors.one() as cursor:
                self._cursors.make_macros(cursor, compiled.sql)
                statement = cursor.extract_statements(compiled.sql)[0]
        except duckdb.Error as error:
            raise failure(error, text) from error
        columns = tuple(Column(column.name, str(column.type)) for column in compiled.columns)
        return Plan(compiled, statement, columns, tuple(column.form for column in compiled.columns))

    def _ask(self, look: Look, question: kql.Compiled) -> list[tuple[Any, ...]]:
        """What the shape of a query hangs on, from where the query itself looks."""
        bound = question.bind(look.now, {})
        self._estate.prepare(question.tables)
        with self._cursors.one() as cursor:
            look.tell(cursor)
            self._cursors.make_macros(cursor, question.sql)
            return ask(cursor, question.sql, bound).fetchall()
