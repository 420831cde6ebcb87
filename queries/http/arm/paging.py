"""Lists in pages: `value`, and `nextLink` while there is more."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlencode

from queries.http.arm.asking import Answer, Ask
from queries.http.arm_error import ArmError

PAGE = 500
"""Resources on one page."""

Documents = Sequence[dict[str, Any]]
Reader = Callable[[str, int], tuple[Documents, str | None]]
"""Gives, for a place ('' is the beginning), the next so many documents and the place behind them if there are more."""


def listed(ask: Ask, read: Reader) -> Answer:
    """A page of a list. Raises ArmError for a $skiptoken that none of ours can be."""
    page, more = read(_place(ask.query.get("$skiptoken")), ask.whole("$top", PAGE, 1, 1000))
    answer: dict[str, Any] = {"value": list(page)}
    if more is not None:
        query = {name: value for name, value in ask.query.items() if name not in ("$skiptoken", "$skip")}
        query["$skiptoken"] = base64.urlsafe_b64encode(more.encode()).decode()
        answer["nextLink"] = f"{ask.base}{quote(ask.path)}?{urlencode(query, safe='$')}"
    return Answer(answer)


def by_id(find: Callable[[str, int], Documents], skipped: int = 0) -> Reader:
    """A reader over what is found in the order of lower-case ids: `find(after, count)`. So many are skipped first."""

    def read(place: str, count: int) -> tuple[Documents, str | None]:
        found = find(place, count + 1 + skipped)[skipped:]
        return found[:count], by_lower_id(found[count - 1]) if len(found) > count else None

    return read


def sifted(
    find: Callable[[str, int], Documents], wanted: Callable[[dict[str, Any]], bool]
) -> Callable[[str, int], Documents]:
    """What `find` finds as far as it is wanted: as many as are asked for, however many others lie between."""

    def search(after: str, count: int) -> Documents:
        found: list[dict[str, Any]] = []
        while True:
            near = find(after, count)
            found += [each for each in near if wanted(each)]
            if len(near) < count or len(found) >= count:
                return found[:count]
            after = by_lower_id(near[-1])

    return search


def sliced(documents: Documents) -> Reader:
    """A reader over a list that is at hand, in its own order."""

    def read(place: str, count: int) -> tuple[Documents, str | None]:
        start = int(place) if place.isdigit() and len(place) < 10 else 0
        return documents[start : start + count], str(start + count) if len(documents) > start + count else None

    return read


def by_lower_id(document: Mapping[str, Any]) -> str:
    """The order of lists."""
    return str(document["id"]).lower()


def _place(token: str | None) -> str:
    if token is None:
        return ""
    try:
        return base64.b64decode(token.encode(), b"-_", validate=True).decode()
    except ValueError as error:
        told = "The $skiptoken is none that this server has given."
        raise ArmError(400, "InvalidSkipToken", told) from error
