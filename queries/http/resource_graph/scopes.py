"""Whose resources a query may see: subscriptions, management groups or the tenant, as lists of subscription ids."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from queries.graph import ResourceGraph
from queries.http.resource_graph.request import QueryRequest, refuse

_CONTAINERS = """
resourcecontainers
| where type in ('microsoft.resources/subscriptions', 'microsoft.management/managementgroups')
| project type, key = iff(type == 'microsoft.resources/subscriptions', subscriptionId, name),
    chain = properties.managementGroupAncestorsChain
"""
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
DENIED = "Access is denied to the requested resource. The user might not have enough permission."


@dataclass(frozen=True, slots=True)
class Scope:
    """Subscriptions that a query sees, None for all of them; `limited` where the limit has cut the list."""

    subscriptions: tuple[str, ...] | None
    limited: bool = False


@dataclass(frozen=True, slots=True)
class _Containers:
    version: int
    subscriptions: dict[str, frozenset[str]]  # id to the names of the management groups above it, all in lower case
    groups: frozenset[str]


class Scopes:
    """The containers of an estate, read anew when the index has changed."""

    def __init__(self, graph: ResourceGraph, most: int) -> None:
        self._graph = graph
        self._most = most
        self._known: _Containers | None = None

    def of(self, request: QueryRequest, *, refresh: bool = True) -> Scope:
        """The scope of a request; without `refresh`, among the containers that are known. Raises Refused where nothing
        of it may be read."""
        if request.subscriptions and request.management_groups:
            refuse("A query has either 'subscriptions' or 'managementGroups', not both.")
        if request.subscriptions:
            return self._listed(request.subscriptions, refresh)
        known = self._containers(refresh)
        if request.management_groups:
            wanted = {name.rsplit("/", 1)[-1].lower() for name in request.management_groups}
            if not wanted & known.groups:
                refuse(DENIED, "AccessDenied", status=403)
            below = tuple(id for id, above in known.subscriptions.items() if above & wanted)
            return self._limited(below, request.allow_partial_scopes)
        if len(known.subscriptions) > self._most:
            return self._limited(tuple(known.subscriptions), request.allow_partial_scopes)
        return Scope(None)

    def _listed(self, given: Sequence[str], refresh: bool) -> Scope:
        """Those that are named; one that cannot be read is passed over in silence, none at all is refused."""
        ids = [id.strip().lower() for id in given]
        usable = [id for id in ids if _GUID.fullmatch(id)]
        if not usable:
            refuse(
                "There must be at least one subscription that is eligible to contain resources. "
                f"Given: '{','.join(given)[:200]}'.",
                "NoValidSubscriptionsInQueryRequest",
            )
        known = self._containers(refresh).subscriptions
        readable = tuple(sorted({id for id in usable if id in known}))
        if not readable:
            refuse(DENIED, "AccessDenied", status=403)
        return Scope(readable)

    def _limited(self, ids: tuple[str, ...], partial: bool) -> Scope:
        if len(ids) <= self._most:
            return Scope(ids or ("",))  # a group without subscriptions sees nothing, not everything
        if not partial:
            refuse(
                f"The scope has {len(ids):,} subscriptions, more than the limit of {self._most:,}. "
                "Set 'allowPartialScopes' to query the first of them."
            )
        return Scope(ids[: self._most], limited=True)

    def _containers(self, refresh: bool) -> _Containers:
        known = self._known
        if known is not None and not refresh:
            return known
        self._graph.refresh()
        version = self._graph.estate.version
        if known is None or known.version != version:
            subscriptions: dict[str, frozenset[str]] = {}
            groups: set[str] = set()
            for type, key, chain in self._graph.query(_CONTAINERS).rows():
                if type == "microsoft.resources/subscriptions":
                    subscriptions[key.lower()] = frozenset(each["name"].lower() for each in chain or ())
                    groups |= subscriptions[key.lower()]
                else:
                    groups.add(key.lower())
            known = self._known = _Containers(version, subscriptions, frozenset(groups))
        return known
