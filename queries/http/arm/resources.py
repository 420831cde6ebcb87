"""Resources by their ids: GET, PUT, PATCH, DELETE, lists and actions of every type, all through the control plane's one door."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Mapping
from typing import Any

from starlette.routing import BaseRoute

from inventory import InventoryError
from inventory.control.ids import RESOURCE_GROUP, SUBSCRIPTION, ResourceId, parse
from inventory.control.operation import Operation
from inventory.rules.regions import canonical
from queries.http.arm import indexed
from queries.http.arm.asking import Answer, Ask, route
from queries.http.arm.catalogue import set_skus, vm_sizes
from queries.http.arm.long_running import LongRunning
from queries.http.arm.paging import by_id, by_lower_id, listed, sifted, sliced
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
_SHORT = ("id", "name", "type", "location", "tags", "sku", "kind", "managedBy", "identity", "plan")
"""What a list of resources of all types tells of each."""
_PUT_WITHOUT_BODY = frozenset({"microsoft.management/managementgroups/subscriptions"})
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
        self._check_conditions(ask, target)
        match ask.method:
            case "GET":
                return self._read(ask, target)
            case "HEAD":
                return self._exists(target)
            case "PUT":
                document = {} if ask.body is None and target.kind in _PUT_WITHOUT_BODY else ask.document()
                operation = self._control.put(target.text, document, api_version=ask.api_version)
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
        document = self._control.get(target.text, expand=ask.query.get("$expand"))
        return Answer(document, headers={} if "$expand" in ask.query else {"ETag": _etag(document)})

    def _check_conditions(self, ask: Ask, target: ResourceId) -> None:
        """What `If-Match` and `If-None-Match` of a change demand. Raises ArmError 412 PreconditionFailed."""
        wanted, unwanted = ask.headers.get("if-match"), ask.headers.get("if-none-match")
        if ask.method in ("GET", "HEAD") or (wanted is None and unwanted is None):
            return
        try:
            tag = _etag(self._control.get(target.text))
        except InventoryError as error:
            if error.status != 404:
                raise
            tag = ""
        if (wanted is not None and not _matches(wanted, tag)) or (unwanted is not None and _matches(unwanted, tag)):
            told = f"The condition on '{target.text}' does not hold: it has been made, changed or deleted meanwhile."
            raise ArmError(412, "PreconditionFailed", told)

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
            return indexed.many(self._service.graph, ask, collection.scope, collection.type)
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
            return self._view(ask, action)
        if ask.method != "POST":
            raise ArmError(404, "NotFound", "No resource was found that matches the request URI.")
        body: Mapping[str, Any] = {} if ask.body is None else ask.document()
        body = {**{name: _typed(value) for name, value in ask.query.items() if name != "api-version"}, **body}
        answered = self._control.act(action.of.text, action.name, body)
        if isinstance(answered, Operation):
            return Answer(answered.document) if action.name in _SAID_AT_ONCE else self._long.act(ask, answered)
        return Answer(answered)

    def _view(self, ask: Ask, action: Action) -> Answer:
        """What is read beside a resource: its instance view, the sizes that it may take."""
        if indexed.asked(ask) and action.name == "instanceview":
            return indexed.instance_view(self._service.graph, action.of)
        if action.name == "vmsizes":
            self._control.get(action.of.text)
            return Answer({"value": vm_sizes()})
        if action.name == "skus":
            self._control.get(action.of.text)
            return Answer({"value": set_skus()})
        return Answer(self._control.act(action.of.text, action.name, dict(ask.query)))

    def _everything(self, ask: Ask, scope: ResourceId) -> Answer:
        """`…/resources`: all resources in a subscription or a group, or those that a filter means."""
        told = _told_apart(ask.query.get("$filter"))
        kinds = [told["resourcetype"]] if "resourcetype" in told else LISTED
        if "resourcegroup" in told and not scope.group:
            scope = parse(f"{scope.text}/resourceGroups/{told['resourcegroup']}")

        def find(after: str, count: int) -> list[dict[str, Any]]:
            near = [each for one in kinds for each in self._control.list(scope.text, one, after=after, most=count)]
            return sorted(near, key=by_lower_id)[:count]

        states = "provisioningstate" in ask.query.get("$expand", "").lower()

        def short(each: dict[str, Any]) -> dict[str, Any]:
            state = each["properties"].get("provisioningState") if states else None
            return {key: each[key] for key in _SHORT if key in each} | ({"provisioningState": state} if state else {})

        if indexed.asked(ask):
            kind = told.get("resourcetype", "")
            page = indexed.everything(self._service.graph, ask, scope.text, kind, lambda each: _is_meant(each, told))
        else:
            page = listed(ask, by_id(sifted(find, lambda each: _is_meant(each, told))))
        return Answer({**page.body, "value": [short(each) for each in page.body["value"]]}, headers=page.headers)

    def in_region(self, ask: Ask) -> Answer:
        """The machines, or the scale sets, of a subscription in one region."""
        scope, kind = f"/subscriptions/{ask.names['subscription']}", f"Microsoft.Compute/{ask.path.rsplit('/', 1)[-1]}"
        region = canonical(ask.names["location"])
        if indexed.asked(ask):
            return indexed.many(self._service.graph, ask, scope, kind, region)

        def find(after: str, count: int) -> list[dict[str, Any]]:
            found: list[dict[str, Any]] = self._control.list(scope, kind, after=after, most=count)
            return found

        return listed(ask, by_id(sifted(find, lambda each: each["location"] == region)))

    def routes(self) -> list[BaseRoute]:
        places = "/subscriptions/{subscription}/providers/Microsoft.Compute/locations/{location}"
        return [
            route(self._service, "/subscriptions", self.serve),
            route(self._service, f"{places}/virtualMachines", self.in_region),
            route(self._service, f"{places}/virtualMachineScaleSets", self.in_region),
            route(self._service, "/subscriptions/{rest:path}", self.serve, METHODS),
            route(self._service, "/providers/Microsoft.Management/managementGroups", self.serve),
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


def _etag(document: Mapping[str, Any]) -> str:
    """A tag that changes whenever a resource does."""
    text = json.dumps(document, sort_keys=True, default=str)
    return f'W/"{uuid.uuid5(uuid.NAMESPACE_OID, text)}"'


def _matches(condition: str, tag: str) -> bool:
    """Whether a resource with this tag ('' where there is none) is one of those that a condition names."""
    return bool(tag) and any(each.strip() in ("*", tag, tag.removeprefix("W/")) for each in condition.split(","))


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
