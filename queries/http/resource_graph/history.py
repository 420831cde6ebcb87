"""POST …/resourcesHistory: the states that resources had in an interval, in order of time. What is particular to it:
the interval in the request, and the form of the answer. What an interval showed stays as it was, so its pages are those of
one answer. No facets."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from inventory import InventoryError
from queries.graph import ResourceGraph
from queries.http.resource_graph import answer, tokens
from queries.http.resource_graph.request import QueryRequest, refuse
from queries.paging import CUTTING
from queries.profile import Profile

Interval = tuple[datetime, datetime]


def interval_of(body: Mapping[str, Any]) -> Interval:
    """`options.interval` of a body whose options have been checked: start (inclusive) and end (exclusive). Raises
    Refused."""
    given = (body.get("options") or {}).get("interval")
    if given is None:
        refuse("The option 'interval' is required: an object with 'start' (inclusive) and 'end' (exclusive).")
    if not isinstance(given, dict):
        refuse("The option 'interval' must be an object with 'start' and 'end'.")
    start, end = _moment(given, "start"), _moment(given, "end")
    if end <= start:
        refuse(f"The option 'interval' must end after it starts; it is {given['start']} to {given['end']}.")
    return start, end


def _moment(interval: Mapping[str, Any], name: str) -> datetime:
    given = interval.get(name)
    if given is None:
        refuse(f"The option 'interval.{name}' is required.")
    try:
        moment = datetime.fromisoformat(given)
    except (TypeError, ValueError):
        refuse(f"The option 'interval.{name}' must be a time like 2026-01-15T09:30:00Z.")
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def snapshots(
    graph: ResourceGraph,
    asked: QueryRequest,
    interval: Interval,
    look: answer.Look,
    *,
    profile: Profile,
    subscriptions: tuple[str, ...] | None,
    top: int,
    timeout: float | None,
    key: bytes,
) -> bytes:
    """A page of the answer, with a token (signed with `key`) for the next one where there is more. Raises Refused where
    the history does not reach so far, `kql.KqlError` as every query does."""
    question = tokens.question(asked.query, (subscriptions, interval))
    at = tokens.wanted(key, asked, question, tokens.Place(0, top))
    try:
        result = graph.query(
            asked.query,
            profile=profile,
            subscriptions=subscriptions,
            timeout=timeout,
            at_most=at.skip + at.top,
            during=interval,
        )
    except InventoryError as error:
        refuse(error.message)
    rows = [row for batch in result.batches() for row in batch][at.skip :]
    pages = not result.operators & CUTTING and not all(column.type == "dynamic" for column in result.columns)
    more = result.truncated and pages
    following = tokens.write(key, tokens.Place(at.skip + len(rows), at.top), question) if more else None
    return answer.history(result.columns, result.forms, rows, look, following)
