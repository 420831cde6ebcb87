"""Resources by their ids: GET, PUT, PATCH, DELETE, lists and actions of every type, all through the control plane's one door."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from starlette.routing import BaseRoute

from inventory import InventoryError
from inventory.control.ids import RESOURCE_GROUP, SUBSCRIPTION, ResourceId, parse
from inventory.control.operation import Operation
from queries.http.arm import indexed
from queries.http.arm.asking import Answer, Ask, route
from queries.http.arm.catalogue import set_skus, vm_sizes
from queries.http.arm.long_running import LongRunning
from queries.http.arm.paging import by_id, by_lower_id, listed, sliced
from queries.http.arm.targets import LISTED, VIEWS, Action, Collection, target_of
from queries.http.arm_error import ArmError
from queries.http.service import Service

_SET_FILTER = re.compile(r"\s*'?virtualMachineScaleSet/id'?\s+eq\s+'([^']+)'\s*", re.IGNORECASE)
_COMPARISON = re.compile(r"\s*(\w+)\s+eq\s+'((?:[^']|'')*)'\s*(?:and\s|$)", re.IGNORECASE)
_COMPARED = frozenset({"resourcetype", "name", "location", "resourcegroup", "tagname", "tagvalue"})
_OF_SCOPE = frozenset({"atscope()", "atexactscope()"})
"""Filters that leave out what is inherited; nothing is, here."""
_SAID_AT_ONCE = ("register", "unregister")
"""Actions that are answered with the resource as it is then, though they take their time: it tells its own state."""
_SHORT = ("id", "name", "type", "location", "tags", "sku", "kind", "managedBy", "identity", "plan", "zones")
"""What a list of resources of all types tells of each."""
METHODS = ("GET", "HEAD", "PUT", "PATCH", "POST", "DELETE")


class Resources:
    """Handlers over the control plane of one estate."""

    def __init__(self, service: Service, long_running: LongRunning) -> None:
        self._service = service
        self._long = long_running

    @property
    def _control(self) -> Any:
        return self._service.graph.estate.control

    def serve(self, ask: Ask) -> Answer:
        """Whatever a path below /subscriptions names."""
        target = target_of(ask.path, ask.method)
        match target:
            case Collection():
                return self._collection(ask, target)
            case Action():
                return self._action(ask, target)
        match ask.method:
            case "GET":
                return self._read(ask, target)
            case "HEAD":
                return self._exists(target)
            case "PUT":
                operation = self._control.put(target.text, ask.document(), api_version=ask.api_version)
                return self._long.put(ask, operation)
            case "PATCH":
                operation = self._control.patch(target.text, ask.document(), api_version=ask.api_version)
                return self._long.patch(ask, operation)
            case "DELETE":
                return self._delete(ask, target)
        raise _unsupported(ask)

    def _read(self, ask: Ask, target: ResourceId) -> Answer:
        if indexed.asked(ask):
            return indexed.one(self._service.graph, ask, target)
        return Answer(self._control.get(target.text, expand=ask.query.get("$expand")))

    def _exists(self, target: ResourceId) -> Answer:
        try:
            self._control.get(target.text)
        except InventoryError as error:
            if "NotFound" in error.code:
                return Answer(None, 404)
            raise
        return Answer(None, 204)

    def _delete(self, ask: Ask, target: ResourceId) -> Answer:
        found = self._exists(target).status == 204
        operation = self._control.delete(target.text, force=ask.flag("forcedeletion"))
        return self._long.delete(ask, operation, found)

    def _collection(self, ask: Ask, collection: Collection) -> Answer:
        if ask.method not in ("GET", "HEAD"):
            raise _unsupported(ask)
        if indexed.asked(ask):
            return indexed.many(self._service.graph, ask, collection)
        expand = "instanceView" if ask.flag("statusonly") else ask.query.get("$expand")
        where = _narrowing(ask.query.get("$filter"))
        if _is_part(collection):
            return listed(ask, sliced(self._control.list(collection.scope, collection.type, expand=expand)))

        def read(after: str, count: int) -> list[dict[str, Any]]:
            found = self._control.list(
                collection.scope, collection.type, expand=expand, after=after, most=count, **where
            )
            return [_status_only(each) for each in found] if ask.flag("statusonly") else found

        return listed(ask, by_id(read))

    def _action(self, ask: Ask, action: Action) -> Answer:
        if ask.method == "GET" and action.name == "resources":
            return self._everything(ask, action.of)
        if ask.method == "GET" and action.name in VIEWS:
            return self._view(action)
        if ask.method != "POST":
            raise ArmError(404, "NotFound", "No resource was found that matches the request URI.")
        body: Mapping[str, Any] = {} if ask.body is None else ask.document()
        body = {**{name: _typed(value) for name, value in ask.query.items() if name != "api-version"}, **body}
        answered = self._control.act(action.of.text, action.name, body)
        if isinstance(answered, Operation):
            return Answer(answered.document) if action.name in _SAID_AT_ONCE else self._long.act(ask, answered)
        return Answer(answered)

    def _view(self, action: Action) -> Answer:
        """What is read beside a resource: its instance view, the sizes that it may take."""
        if action.name == "vmsizes":
            self._control.get(action.of.text)
            return Answer({"value": vm_sizes()})
        if action.name == "skus":
            self._control.get(action.of.text)
            return Answer({"value": set_skus()})
        return Answer(self._control.act(action.of.text, action.name, {}))

    def _everything(self, ask: Ask, scope: ResourceId) -> Answer:
        """`…/resources`: all resources in a subscription or a group, or those that a filter means."""
        told = _told_apart(ask.query.get("$filter"))
        kinds = [told["resourcetype"]] if "resourcetype" in told else LISTED
        if "resourcegroup" in told and not scope.group:
            scope = parse(f"{scope.text}/resourceGroups/{told['resourcegroup']}")

        def read(after: str, count: int) -> list[dict[str, Any]]:
            found: list[dict[str, Any]] = []
            while True:
                near = [each for one in kinds for each in self._control.list(scope.text, one, after=after, most=count)]
                near = sorted(near, key=by_lower_id)[:count]
                found += [each for each in near if _is_meant(each, told)]
                if len(near) < count or len(found) >= count:
                    return [{key: each[key] for key in _SHORT if key in each} for each in found[:count]]
                after = by_lower_id(near[-1])

        return listed(ask, by_id(read))

    def routes(self) -> list[BaseRoute]:
        return [
            route(self._service, "/subscriptions", self.serve),
            route(self._service, "/subscriptions/{rest:path}", self.serve, METHODS),
            route(self._service, "/providers/Microsoft.Management/managementGroups/{rest:path}", self.serve, METHODS),
        ]


def _told_apart(text: str | None) -> dict[str, str]:
    """What a $filter of resources compares, by lower-case name. Raises ArmError for what is not understood."""
    found: dict[str, str] = {}
    at = 0
    while text and at < len(text):
        match = _COMPARISON.match(text, at)
        if match is None or match.group(1).lower() not in _COMPARED:
            told = f"Invalid $filter '{text[:200]}': comparisons with eq of resourceType, name, location, resourceGroup, "
            raise ArmError(400, "InvalidFilterInQueryString", told + "tagName and tagValue, joined by and, are understood.")
        found[match.group(1).lower()] = match.group(2).replace("''", "'")
        at = match.end()
    return found


def _is_meant(document: Mapping[str, Any], told: Mapping[str, str]) -> bool:
    """Whether a filter means a resource; its type and its group have been looked up."""
    tags = {name.lower(): value for name, value in (document.get("tags") or {}).items()}
    tag = told.get("tagname", "").lower()
    wanted = {name: told[name] for name in ("name", "location") if name in told}
    return (
        all(str(document.get(name, "")).lower() == value.lower() for name, value in wanted.items())
        and ("tagname" not in told or tag in tags)
        and ("tagvalue" not in told or (tags.get(tag) if tag else None) == told["tagvalue"])
    )


def _is_part(collection: Collection) -> bool:
    """Whether what is listed are the parts of one resource: few, and in an order of their own."""
    return parse(collection.scope).type not in (SUBSCRIPTION, RESOURCE_GROUP) if collection.scope else False


def _narrowing(text: str | None) -> dict[str, str]:
    if text is None or text.lower() in _OF_SCOPE:
        return {}
    match = _SET_FILTER.fullmatch(text)
    if match is None:
        told = f"The $filter '{text[:200]}' is not understood: 'virtualMachineScaleSet/id' eq '<id>' is."
        raise ArmError(400, "InvalidFilterInQueryString", told)
    return {"scale_set": parse(match.group(1)).text}


def _status_only(document: dict[str, Any]) -> dict[str, Any]:
    properties = document["properties"]
    kept = {name: properties[name] for name in ("vmId", "provisioningState", "instanceView") if name in properties}
    return {
        **{name: document[name] for name in ("id", "name", "type", "location") if name in document},
        "properties": kept,
    }


def _typed(value: str) -> Any:
    """A value of the query as actions take it: flags as such."""
    return {"true": True, "false": False}.get(value.lower(), value)


def _unsupported(ask: Ask) -> ArmError:
    told = f"The requested resource does not support http method '{ask.method}'."
    return ArmError(405, "HttpMethodNotAllowed", told)
