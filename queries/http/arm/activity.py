"""The activity log of a subscription: the operations that the control plane has accepted, as Azure Monitor tells them."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from starlette.routing import BaseRoute

from inventory.control.ids import parse
from inventory.control.operation import Operation
from inventory.control.records import written
from inventory.errors import InventoryError
from queries.http.arm.asking import Answer, Ask, route
from queries.http.arm.paging import listed, sliced
from queries.http.arm_error import ArmError
from queries.http.service import Service

_COMPARISON = re.compile(r"\s*(\w+)\s+(eq|ge|le)\s+(?:'([^']*)'|(\S+))\s*(?:and\s|$)", re.IGNORECASE)
_VERBS = {"create": "write", "update": "write", "delete": "delete"}
_STATUS = {"InProgress": "Accepted"}
_COMPARED: dict[str, Callable[[dict[str, Any]], str]] = {
    "resourcegroupname": lambda event: event["resourceGroupName"],
    "resourceuri": lambda event: event["resourceId"],
    "resourceid": lambda event: event["resourceId"],
    "resourceprovider": lambda event: event["resourceProviderName"]["value"],
    "resourcetype": lambda event: event["resourceType"]["value"],
    "correlationid": lambda event: event["correlationId"],
    "status": lambda event: event["status"]["value"],
    "caller": lambda event: event["caller"],
    "eventchannels": lambda event: event["channels"],
    "levels": lambda event: event["level"],
}
"""What a $filter may compare, by lower-case name."""


def routes(service: Service) -> list[BaseRoute]:
    """The log of one subscription, the newest first."""
    estate = service.graph.estate

    def log(ask: Ask) -> Answer:
        subscription = estate.control.get(f"/subscriptions/{ask.names['subscription']}")["id"]
        wanted = _conditions(ask.query.get("$filter", ""))
        chosen = {each.strip() for each in ask.query.get("$select", "").split(",") if each.strip()}
        found = []
        for operation in estate.control.operations():
            if operation.resource_id.lower().startswith(f"{subscription.lower()}/"):
                event = _event(operation, estate.tenant_id)
                if all(condition(event) for condition in wanted):
                    found.append({name: event[name] for name in event if not chosen or name in chosen})
        return listed(ask, sliced(found))

    at = "/subscriptions/{subscription}/providers/microsoft.insights/eventtypes/management/values"
    return [route(service, at, log)]


def _conditions(text: str) -> list[Callable[[dict[str, Any]], bool]]:
    """What a $filter asks of each event. Raises ArmError for what is not understood."""
    found: list[Callable[[dict[str, Any]], bool]] = []
    at = 0
    while at < len(text):
        match = _COMPARISON.match(text, at)
        if match is None:
            raise _misunderstood(text)
        name, sign, value = match.group(1).lower(), match.group(2).lower(), match.group(3) or match.group(4) or ""
        if name == "eventtimestamp":
            found.append(_timed(sign, _moment(value, text)))
        elif name in _COMPARED and sign == "eq":
            found.append(_equal(_COMPARED[name], value.lower()))
        else:
            raise _misunderstood(text)
        at = match.end()
    return found


def _timed(sign: str, moment: datetime) -> Callable[[dict[str, Any]], bool]:
    def holds(event: dict[str, Any]) -> bool:
        told = _moment(event["eventTimestamp"], "")
        return told >= moment if sign == "ge" else told <= moment if sign == "le" else told == moment

    return holds


def _equal(read: Callable[[dict[str, Any]], str], value: str) -> Callable[[dict[str, Any]], bool]:
    return lambda event: value in (read(event).lower(), "") or value in read(event).lower().split(", ")


def _moment(text: str, whole: str) -> datetime:
    try:
        moment = datetime.fromisoformat(re.sub(r"([.]\d{6})\d+", r"\1", text))
    except ValueError as error:
        raise _misunderstood(whole) from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _misunderstood(text: str) -> ArmError:
    told = f"The $filter '{text[:200]}' is not understood: comparisons of eventTimestamp (ge, le) and of "
    told += f"{', '.join(sorted(_COMPARED))} (eq), joined by and, are."
    return ArmError(400, "BadRequest", told)


def _event(operation: Operation, tenant: str) -> dict[str, Any]:
    """An operation as an event: as it ended, or as it was accepted while it is under way."""
    try:
        place = parse(operation.resource_id)
        kind, group = place.type, place.group
    except InventoryError:
        kind, group = "Microsoft.Resources/subscriptions", ""
    status = _STATUS.get(operation.status, operation.status)
    at = operation.started if operation.status == "InProgress" else operation.ends
    verb = _VERBS.get(operation.name, f"{operation.name}/action")
    action = f"{kind}/{verb}"
    return {
        "id": f"{operation.resource_id}/events/{operation.id}/ticks/{at}",
        "eventDataId": operation.id,
        "correlationId": operation.id,
        "operationId": operation.id,
        "eventTimestamp": written(at),
        "submissionTimestamp": written(at),
        "eventName": _named("BeginRequest" if status == "Accepted" else "EndRequest"),
        "category": _named("Administrative"),
        "level": "Error" if status == "Failed" else "Informational",
        "channels": "Operation",
        "caller": "lazulite",
        "authorization": {"action": action, "scope": operation.resource_id},
        "operationName": _named(action),
        "status": _named(status),
        "subStatus": _named("" if operation.error is None else operation.error.code),
        "resourceId": operation.resource_id,
        "resourceGroupName": group,
        "resourceProviderName": _named(kind.split("/")[0]),
        "resourceType": _named(kind),
        "subscriptionId": operation.resource_id.split("/")[2],
        "tenantId": tenant,
        "properties": {} if operation.error is None else {"statusMessage": operation.error.message},
    }


def _named(value: str) -> dict[str, str]:
    return {"value": value, "localizedValue": value}
