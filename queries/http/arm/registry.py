"""What this cloud as a whole offers: its resource providers, and the operations that each knows. Listings; nothing changes."""

from __future__ import annotations

from typing import Any

from starlette.routing import BaseRoute

from inventory.control.machines import ACTIONS as MACHINE_ACTIONS
from inventory.control.scale_sets import BATCH_ACTIONS
from inventory.resource_types import FEATURES, RESOURCE_TYPES, SCALE_SETS, VIRTUAL_MACHINES
from queries.http.arm.asking import Answer, Ask, route
from queries.http.arm_error import ArmError
from queries.http.service import Service

_ACTIONS = {VIRTUAL_MACHINES: tuple(MACHINE_ACTIONS), SCALE_SETS: tuple(BATCH_ACTIONS)}
_VERBS = (("read", "Get"), ("write", "Create or Update"), ("delete", "Delete"))
_NAMESPACES = {
    name.lower(): name
    for name in sorted({of.name.split("/")[0] for of in RESOURCE_TYPES if of.name and of is not FEATURES})
}
"""The providers by their names in lower case. Resource Graph lists its own operations."""


def routes(service: Service) -> list[BaseRoute]:
    """Listings that belong to no subscription."""
    return [
        route(service, "/providers", lambda ask: Answer({"value": [_provider(name) for name in _NAMESPACES.values()]})),
        route(service, "/providers/{namespace}", lambda ask: Answer(_provider(_known(ask)))),
        route(service, "/providers/{namespace}/operations", lambda ask: Answer({"value": _operations(_known(ask))})),
    ]


def _known(ask: Ask) -> str:
    named = ask.names["namespace"]
    if named.lower() not in _NAMESPACES:
        raise ArmError(404, "InvalidResourceNamespace", f"The resource namespace '{named}' is invalid.")
    return _NAMESPACES[named.lower()]


def _types(namespace: str) -> list[Any]:
    return [of for of in RESOURCE_TYPES if of.name.split("/")[0] == namespace]


def _provider(namespace: str) -> dict[str, Any]:
    types = [
        {"resourceType": of.name.split("/", 1)[1], "apiVersions": [of.api_version], "locations": []} for of in _types(namespace)
    ]
    return {"namespace": namespace, "resourceTypes": types}


def _operations(namespace: str) -> list[dict[str, Any]]:
    """Reading, writing and deleting each type, and what else can be done to it."""
    found = []
    for of in _types(namespace):
        verbs = [*_VERBS, *((f"{action}/action", action.capitalize()) for action in _ACTIONS.get(of, ()))]
        resource = of.name.rsplit("/", 1)[1]
        for verb, title in verbs:
            display = {
                "provider": namespace, "resource": resource, "operation": f"{title} {resource}",
                "description": f"{title} {resource}",
            }  # fmt: skip
            found.append({"name": f"{of.name}/{verb}", "display": display})
    return found
