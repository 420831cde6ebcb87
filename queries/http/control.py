"""The server's own API under /lazulite/: health, the clock, the index, faults. No real Azure has it."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from queries.durations import MOST, duration
from queries.http.arm_error import ArmError, json_response
from queries.http.bodies import json_object
from queries.http.faults import Fault
from queries.http.routing import ArmRoute
from queries.http.service import Service
from queries.values import datetime_text

WHERE = ("graph", "arm")
MOST_FAULTS = 1_000_000


def routes(service: Service) -> list[BaseRoute]:
    """health, clock, advance, refresh, fail and throttle."""

    def clock() -> dict[str, object]:
        graph = service.graph
        return {
            "now": datetime_text(graph.clock.ticks()),
            "kind": graph.clock.kind,
            "asOf": f"{graph.as_of:%Y-%m-%dT%H:%M:%S.%f}Z",
            "pending": graph.estate.pending(),
        }

    async def health(request: Request) -> Response:
        return json_response({"status": "ok", "faults": service.faults.waiting()})

    async def tell(request: Request) -> Response:
        return json_response(await service.run(clock))

    async def advance(request: Request) -> Response:
        body = await json_object(request)
        seconds = _seconds(body.get("by", body.get("seconds")))

        def work() -> dict[str, object]:
            if service.graph.clock.kind != "simulated":
                raise ArmError(409, "ClockIsReal", "This server runs on the real clock, which cannot be advanced.")
            service.graph.advance(seconds)
            service.graph.refresh()
            return clock()

        return json_response(await service.run(work))

    async def refresh(request: Request) -> Response:
        changed = await service.run(service.graph.refresh)
        return json_response({"changed": changed, **await service.run(clock)})

    async def fail(request: Request) -> Response:
        body = await json_object(request)
        status = _whole(body, "status", 500, 400, 599)
        retry = body.get("retryAfter")
        fault = Fault(
            status,
            _text(body, "code", "InternalServerError"),
            _text(body, "message", "A fault that was asked for."),
            None if retry is None else _seconds(retry),
        )
        return _ordered(service, body, fault)

    async def throttle(request: Request) -> Response:
        body = await json_object(request)
        retry = _seconds(body.get("retryAfter", 2))
        fault = Fault(429, "RateLimiting", "", retry)
        return _ordered(service, body, fault)

    return [
        ArmRoute("/lazulite/health", health),
        ArmRoute("/lazulite/clock", tell),
        ArmRoute("/lazulite/advance", advance, methods=("POST",)),
        ArmRoute("/lazulite/refresh", refresh, methods=("POST",)),
        ArmRoute("/lazulite/fail", fail, methods=("POST",)),
        ArmRoute("/lazulite/throttle", throttle, methods=("POST",)),
    ]


def _ordered(service: Service, body: dict[str, object], fault: Fault) -> Response:
    where = _text(body, "where", "graph")
    if where not in WHERE:
        raise ArmError(400, "InvalidParameter", f"'where' is one of {', '.join(WHERE)}; it is '{where}'.")
    service.faults.order(where, fault, _whole(body, "times", 1, 0, MOST_FAULTS))
    return json_response({"faults": service.faults.waiting()})


def _seconds(given: object) -> float:
    """A duration: seconds, or text such as 90s or 5m."""
    try:
        seconds = duration(given) if isinstance(given, str) else given
    except ValueError as error:
        raise ArmError(400, "InvalidParameter", str(error)) from None
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds <= MOST:
        raise ArmError(400, "InvalidParameter", 'Give a duration: {"by": "60s"} or a number of seconds.')
    return float(seconds)


def _whole(body: dict[str, object], name: str, default: int, least: int, most: int) -> int:
    value = body.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise ArmError(400, "InvalidParameter", f"'{name}' is a whole number from {least} to {most}.")
    return value


def _text(body: dict[str, object], name: str, default: str) -> str:
    value = body.get(name, default)
    if not isinstance(value, str) or not value:
        raise ArmError(400, "InvalidParameter", f"'{name}' is a text.")
    return value
