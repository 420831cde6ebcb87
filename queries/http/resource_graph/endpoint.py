"""The routes of Resource Graph: from a request to an answer, step by step."""

from __future__ import annotations

import secrets
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from kql import KqlError
from queries.http.arm_error import ArmError
from queries.http.bodies import parse_json
from queries.http.resource_graph import answer, facets, history, operations, shared_queries, tokens
from queries.http.resource_graph.kept import Kept, KeptAnswers
from queries.http.resource_graph.quotas import Quotas, Standing, user_of
from queries.http.resource_graph.request import QueryRequest, Refused, query_request, refuse
from queries.http.resource_graph.scopes import Scope, Scopes
from queries.http.resource_graph.versions import Version, version_of
from queries.http.routing import ArmRoute
from queries.http.service import Service
from queries.paging import Page, Pager
from queries.refusals import Detail, Refusal, explanation, refusal
from queries.values import datetime_text

PROVIDER = "/providers/Microsoft.ResourceGraph"
THROTTLED = (
    "Client application has been throttled and should not attempt to repeat the request until an amount of time has "
    "elapsed. Please see https://aka.ms/resourcegraph-throttling for help."
)


def routes(service: Service) -> list[BaseRoute]:
    """resources, their history, operations and saved queries."""
    endpoint = _Endpoint(service)
    return [
        ArmRoute(f"{PROVIDER}/resources", endpoint.resources, methods=("POST",)),
        ArmRoute(f"{PROVIDER}/resourcesHistory", endpoint.history, methods=("POST",)),
        ArmRoute(f"{PROVIDER}/operations", operations.tell),
        *shared_queries.routes(service),
    ]


class _Endpoint:
    def __init__(self, service: Service) -> None:
        settings = service.settings
        self._service = service
        self._settings = settings
        self._pager = Pager(service.graph)
        self._scopes = Scopes(service.graph, settings.max_subscriptions)
        self._kept = KeptAnswers(service.graph.estate, settings.keep_answers)
        self._quotas = None if settings.quota is None else Quotas(settings.quota)
        service.on_close(self._pager.close)

    async def resources(self, request: Request) -> Response:
        """POST …/resources: a query over the resources of a scope."""
        return await self._respond(request, version_of(request.query_params.get("api-version")), self._kept_answer)

    async def history(self, request: Request) -> Response:
        """POST …/resourcesHistory: a query over the states that those resources had in an interval."""
        version = version_of(request.query_params.get("api-version"), history=True)
        return await self._respond(request, version, partial(self._service.run, self._snapshots))

    async def _respond(
        self, request: Request, version: Version, work: Callable[[bytes, Version], Awaitable[Kept]]
    ) -> Response:
        """What surrounds an answer: quota, ordered faults, refusals, headers."""
        begun = time.perf_counter()
        standing = self._count(request)
        headers = {} if standing is None else standing.headers()
        self._stumble(request, headers)
        try:
            raw = await request.body()
            _check_type(request.headers.get("content-type"))
            kept = await work(raw, version)
        except Refused as refused:
            raise self._error(request, refused.refusal, headers, refused.information) from None
        headers.update(kept.headers)
        headers["x-ms-resource-graph-request-duration"] = _duration(time.perf_counter() - begun)
        headers["server"] = "Kestrel"
        return Response(kept.content, 200, headers, "application/json; charset=utf-8")

    def _count(self, request: Request) -> Standing | None:
        """One unit of the user's quota, or a refusal that says when to come again."""
        if self._quotas is None:
            return None
        standing = self._quotas.take(user_of(request.headers.get("authorization")))
        if standing.refused:
            assert self._settings.quota is not None
            raise self._throttled(request, self._settings.quota.retry_after, standing.headers())
        return standing

    def _throttled(self, request: Request, retry_after: float, headers: Mapping[str, str]) -> ArmError:
        told = Refusal(429, "RateLimiting", ({"code": "RateLimiting", "message": THROTTLED},))
        return self._error(request, told, {**headers, "retry-after": f"{retry_after:g}"})

    def _stumble(self, request: Request, headers: Mapping[str, str]) -> None:
        """The fault that somebody ordered for this request, if any."""
        fault = self._service.faults.take("graph")
        if fault is None:
            return
        if fault.status == 429:
            raise self._throttled(request, fault.retry_after or 0, {**headers, "x-ms-user-quota-remaining": "0"})
        told = Refusal(fault.status, fault.code, ({"code": fault.code, "message": fault.message},))
        retry = {} if fault.retry_after is None else {"retry-after": f"{fault.retry_after:g}"}
        raise self._error(request, told, {**headers, **retry})

    def _error(
        self, request: Request, told: Refusal, headers: Mapping[str, str], explained: tuple[Detail, ...] = ()
    ) -> ArmError:
        """A refusal as the service words it: the useful part is in the details."""
        now = self._service.graph.clock.ticks()
        message = (
            f"Please provide below info when asking for support: timestamp = {datetime_text(now, 7)}, "
            f"correlationId = {request.state.request_id}."
        )
        information = [{"type": "Lazulite", "info": {"problems": list(explained)}}] if explained else []
        return ArmError(
            told.status, told.code, message, details=told.details, information=information,
            headers={"server": "Kestrel", **headers},
        )  # fmt: skip

    def _explained(self, error: KqlError) -> tuple[Detail, ...]:
        return tuple(explanation(error)) if self._settings.explain else ()

    async def _kept_answer(self, raw: bytes, version: Version) -> Kept:
        """The answer to a request over the index as it is now: one that is kept, or else a new one; of several equal
        requests at one time the first works it out for all. Only that leaves the event loop."""
        if b"$skipToken" in raw and self._pager.reads_on:
            return await self._service.run(self._answer, raw, version, True)
        await self._service.refresh()
        kept = self._kept.find(raw, version.name)
        if kept is not None:
            return kept
        key = (raw, version.name, self._service.graph.estate.version)
        made, shared = await self._service.share(key, self._answer, raw, version)
        if made.lasting or not shared:
            return made
        return await self._service.run(self._answer, raw, version)  # it holds for the moment at which it was begun

    def _answer(self, raw: bytes, version: Version, goes_on: bool = False) -> Kept:
        """A new answer to a request; kept for the next one that is alike, where it may be. One that `goes_on` may be read
        on from the page before without a look at what is due."""
        asked, _ = self._asked(raw, version)
        scope = self._scopes.of(asked, refresh=not goes_on)
        token = tokens.question(asked.query, scope.subscriptions)
        settings = self._settings
        first = tokens.Place(0, settings.max_page, secrets.randbits(64) if settings.shuffle_unsorted else None)
        at = tokens.wanted(self._service.key, asked, token, first)
        look = self._look(asked)
        try:
            page = self._pager.page(
                asked.query,
                profile=settings.profile,
                subscriptions=scope.subscriptions,
                skip=at.skip,
                top=at.top,
                timeout=settings.query_seconds,
                shuffle=at.seed,
            )
        except KqlError as error:
            raise Refused(refusal(error), self._explained(error)) from None
        counted = [self._facet(asked, index, scope.subscriptions, look) for index in range(len(asked.facets))]
        pages = self._pages(page)
        following = tokens.write(self._service.key, tokens.Place(page.skip + len(page.rows), at.top, at.seed), token)
        body = answer.body(
            page, look, counted, page.cut or (page.more and not pages), following if page.more and pages else None
        )
        # What is saved in queries is read from the truth; facets may ask for the time in their filters.
        lasting = page.fixed and not asked.facets and b"{{" not in raw and not settings.chaotic_id_case
        made = self._made(page.version, body, scope, lasting)
        if lasting:
            self._kept.keep(raw, version.name, made)
        return made

    def _snapshots(self, raw: bytes, version: Version) -> Kept:
        """The answer to a request for the history."""
        settings = self._settings
        self._service.graph.refresh()
        asked, body = self._asked(raw, version)
        interval = history.interval_of(body)
        scope = self._scopes.of(asked)
        try:
            found = history.snapshots(
                self._service.graph,
                asked,
                interval,
                self._look(asked),
                profile=settings.profile,
                subscriptions=scope.subscriptions,
                top=settings.max_page,
                timeout=settings.query_seconds,
                key=self._service.key,
            )
        except KqlError as error:
            raise Refused(refusal(error), self._explained(error)) from None
        return self._made(self._service.graph.estate.version, found, scope, lasting=False)

    def _asked(self, raw: bytes, version: Version) -> tuple[QueryRequest, dict[str, Any]]:
        """The question in a body, saved queries put in their places; and the body."""
        try:
            body = parse_json(raw)
        except ArmError as error:
            refuse(error.message, "InvalidRequestContent")
        asked = query_request(body, version, self._settings.max_page)
        return replace(asked, query=shared_queries.expanded(self._service.graph.estate, asked.query)), body

    def _look(self, asked: QueryRequest) -> answer.Look:
        return answer.Look(asked.table, self._settings.booleans_as_numbers, self._settings.chaotic_id_case)

    def _made(self, seen: int, body: bytes, scope: Scope, lasting: bool) -> Kept:
        """An answer that is not too large."""
        most = self._settings.max_payload
        if len(body) > most:
            refuse(
                f"Response payload size is {len(body)}, and has exceeded the limit of {most}. "
                "Please consider querying less data at a time and make paginated call if needed.",
                "ResponsePayloadTooLarge",
            )
        return Kept(seen, body, {"x-ms-tenant-subscription-limit-hit": "true"} if scope.limited else {}, lasting)

    def _pages(self, page: Page) -> bool:
        """Whether the service gives a token for what follows a page."""
        if page.cut or all(column.type == "dynamic" for column in page.columns):
            return False
        return not self._settings.require_id or any(column.name == "id" for column in page.columns)

    def _facet(self, asked: QueryRequest, index: int, subscriptions: tuple[str, ...] | None, look: answer.Look) -> str:
        wanted = asked.facets[index]
        try:
            page = facets.count(
                self._service.graph,
                self._pager,
                asked.query,
                wanted,
                profile=self._settings.profile,
                subscriptions=subscriptions,
                timeout=self._settings.query_seconds,
            )
        except facets.FacetFailed as failed:
            return answer.facet_error(wanted.expression, failed.errors)
        return answer.facet(wanted.expression, page, look)


def _duration(seconds: float) -> str:
    """d:hh:mm:ss.fffffff, as the service writes how long it took."""
    whole = int(seconds)
    return f"{whole // 86400}:{whole // 3600 % 24:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}.{int(seconds % 1 * 1e7):07d}"


def _check_type(content_type: str | None) -> None:
    """The service answers 500 to another type than JSON, and its troubleshooting page says so."""
    if (content_type or "").split(";")[0].strip().lower() != "application/json":
        refuse("The Content-Type must be application/json.", "UnsupportedContentType", status=500)
