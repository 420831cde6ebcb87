"""Operations that take time, as the SDKs follow them: what is answered at once, and what is told to those who ask again.

A PUT answers 201 or 200 with `Azure-AsyncOperation`, an action or a deletion 202 with that and `Location`. Where the
clock is simulated, asking again lets the time pass that the client was told to wait: nobody else would move the clock.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from starlette.routing import BaseRoute

from inventory.clock import SimulatedClock
from inventory.control.ids import parse
from inventory.control.operation import Operation
from inventory.control.records import type_of, written
from inventory.generic import GENERIC
from queries.http.arm.asking import Answer, Ask, route
from queries.http.service import Service

RETRY_AFTER = 1
"""Seconds that a client is told to wait on the real clock."""
SIMULATED_STEP = 5.0
"""Simulated seconds that pass each time somebody asks for an operation that has not ended."""
SIMULATED_WAIT = {"retry-after-ms": "20"}
"""What they are told to wait then: milliseconds. The SDKs would rather heed `Retry-After`, so it is left out."""
NEW = {
    "microsoft.compute/availabilitysets": 200, "microsoft.compute/disks": 202, "microsoft.compute/snapshots": 202,
    "microsoft.compute/diskaccesses": 202, "microsoft.compute/diskencryptionsets": 202,
    "microsoft.compute/diskaccesses/privateendpointconnections": 200, "microsoft.management/managementgroups": 200,
    "microsoft.management/managementgroups/settings": 200, "microsoft.management/managementgroups/subscriptions": 200,
}  # fmt: skip
"""What the PUT of a new resource is answered with where it is not 201: clients take no other (source: the published OpenAPI
documents of the providers)."""
GONE = frozenset({
    "microsoft.compute/proximityplacementgroups", "microsoft.management/managementgroups/settings", "microsoft.resources/tags",
})  # fmt: skip
"""Types without a table whose DELETE is answered with 200; of the others the clients of all take 204 (same source)."""
_ENDED = ("Succeeded", "Failed", "Canceled")


class LongRunning:
    """Answers for operations of the control plane."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def put(self, ask: Ask, operation: Operation) -> Answer:
        """The resource as it is being made: 201 for a new one (for some types another status), else 200."""
        status = NEW.get(parse(operation.resource_id).kind, 201) if operation.created else 200
        headers = self._headers(ask, operation, with_location=False)
        return Answer(operation.document, status, headers)

    def patch(self, ask: Ask, operation: Operation) -> Answer:
        """The resource as it is being changed."""
        return Answer(operation.document, 200, self._headers(ask, operation, with_location=False))

    def delete(self, ask: Ask, operation: Operation, found: bool) -> Answer:
        """202 while it goes, 200 when it is gone, 204 when it was not there, and for types that nobody here knows."""
        if not found:
            return Answer(None, 204)
        if operation.status != "InProgress":
            kind = parse(operation.resource_id).kind
            return Answer(None, 204 if type_of(kind) is GENERIC and kind not in GONE else 200)
        return Answer(None, 202, self._headers(ask, operation, with_location=True))

    def act(self, ask: Ask, operation: Operation) -> Answer:
        """202, or 200 with what the action answers when that is known already."""
        if operation.status == "InProgress":
            return Answer(None, 202, self._headers(ask, operation, with_location=True))
        if operation.error is not None:
            raise operation.error
        answered = operation.result() if operation.answers else None
        return Answer(answered, 200)

    def _headers(self, ask: Ask, operation: Operation, *, with_location: bool) -> dict[str, str]:
        if operation.status != "InProgress":
            return {}
        link = f"{ask.base}{_home(operation)}/{operation.id}?api-version={ask.api_version}"
        headers = {"Azure-AsyncOperation": link, **self.wait()}
        return headers | ({"Location": f"{link}&monitor=true"} if with_location else {})

    def wait(self) -> dict[str, str]:
        """What a client is told to wait."""
        if isinstance(self._service.graph.clock, SimulatedClock):
            return dict(SIMULATED_WAIT)
        return {"Retry-After": str(RETRY_AFTER)}

    def let_time_pass(self, in_progress: Callable[[], bool]) -> None:
        """On a simulated clock, the time that whoever asks has waited; for what has not ended only."""
        clock = self._service.graph.clock
        if isinstance(clock, SimulatedClock) and self._service.settings.polls_pass_time and in_progress():
            clock.advance(SIMULATED_STEP)

    def poll(self, ask: Ask) -> Answer:
        """Where an operation stands (`Azure-AsyncOperation`), or with `monitor` its outcome (`Location`)."""
        operation = self._service.graph.estate.control.operation(ask.names["id"])
        monitor = ask.flag("monitor")
        self.let_time_pass(lambda: operation.status == "InProgress")
        if monitor:
            if operation.status == "InProgress":
                return Answer(None, 202, {"Location": f"{ask.base}{ask.path}?{_query(ask)}", **self.wait()})
            if operation.error is not None:
                raise operation.error
            answered = operation.result() if operation.answers else None
            return Answer(answered)  # 200 without a body too, as captured: the clients for Node take no 204
        return Answer(state(operation), headers={} if operation.status in _ENDED else self.wait())

    def routes(self) -> list[BaseRoute]:
        at = "/subscriptions/{subscription}/providers/{namespace}/locations/{location}/operations/{id}"
        return [
            route(self._service, at, self.poll),
            route(self._service, "/subscriptions/{subscription}/operationresults/{id}", self.poll),
        ]


def state(operation: Operation) -> dict[str, Any]:
    """The body of a poll: status, times, error."""
    told: dict[str, Any] = {"startTime": written(operation.started), "status": operation.status, "name": operation.id}
    if operation.status in _ENDED:
        told["endTime"] = written(operation.ends)
    if operation.error is not None:
        told["error"] = {"code": operation.error.code, "message": operation.error.message}
    return told


def _home(operation: Operation) -> str:
    """Where an operation can be asked for: with its provider, in its region."""
    parts = operation.resource_id.split("/")
    subscription = parts[2] if len(parts) > 2 else ""
    namespace = (
        operation.resource_id.rsplit("/providers/", 1)[-1].split("/")[0]
        if "/providers/" in operation.resource_id
        else "Microsoft.Resources"
    )
    location = (operation.document or {}).get("location") or "global"
    return f"/subscriptions/{subscription}/providers/{namespace}/locations/{location}/operations"


def _query(ask: Ask) -> str:
    return f"api-version={ask.api_version}&monitor=true"
