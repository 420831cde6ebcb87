"""Template deployments over HTTP: in a resource group and in a subscription; put, followed, validated, listed, canceled."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections import OrderedDict
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from starlette.routing import BaseRoute

from inventory.estate import Estate
from inventory.templates import Deployment, Scope, TemplateError
from inventory.templates.deployment import Running, Step
from inventory.templates.deployments import Deployments
from inventory.templates.text import place
from queries.http.arm.asking import Answer, Ask, route
from queries.http.arm.cloud import endpoints
from queries.http.arm.long_running import LongRunning
from queries.http.arm.paging import listed, sliced
from queries.http.arm.targets import LISTED
from queries.http.arm_error import ArmError
from queries.http.service import Service

TYPE = "Microsoft.Resources/deployments"
_NOTE = "deployment "
WHOLE, IDS_ONLY = "FullResourcePayloads", "ResourceIdOnly"
"""How much what-if tells of a resource."""
PREDICTIONS = 100
"""Results of what-if that can still be asked for."""


class WorldDoor:
    """The control plane of an estate, as deployments need it."""

    def __init__(self, estate: Estate) -> None:
        self._estate = estate

    def put(self, id: str, document: Mapping[str, Any], api_version: str) -> Running:
        return self._estate.control.put(id, document, api_version=api_version)

    def delete(self, id: str) -> Running:
        return self._estate.control.delete(id)

    def within(self, group: str) -> list[dict[str, Any]]:
        control = self._estate.control
        return [each for kind in LISTED for each in control.list(group, kind)]

    def get(self, id: str) -> dict[str, Any]:
        return self._estate.control.get(id)

    def now(self) -> datetime:
        return self._estate.clock.now()

    def incarnation(self, subscription: str, resource_group: str) -> int | None:
        return self._estate.control.incarnation(f"/subscriptions/{subscription}/resourceGroups/{resource_group}")

    def remember(self, id: str, text: str) -> None:
        self._estate.note(f"{_NOTE}{id}", text)

    def remembered(self) -> Mapping[str, str]:
        return {name.removeprefix(_NOTE): text for name, text in self._estate.notes(_NOTE).items()}

    def scope(self, subscription: str, resource_group: str | None) -> Scope:
        control = self._estate.control
        place = f"/subscriptions/{subscription}"
        owner = control.get(place)
        group = control.get(f"{place}/resourceGroups/{resource_group}") if resource_group else {}
        environment = endpoints("https://management.azure.com", self._estate.tenant_id)
        name = group["name"] if group else None
        incarnation = self.incarnation(subscription, name) if name else 0
        return Scope(
            self._estate.tenant_id, owner["subscriptionId"], owner["displayName"], name, group, environment, self.now(),
            incarnation or 0,
        )  # fmt: skip


class DeploymentRoutes:
    """Handlers over the deployments of one estate."""

    def __init__(self, service: Service, long_running: LongRunning, deployments: Deployments) -> None:
        self._service = service
        self._long = long_running
        self._deployments = deployments
        self._predicted: OrderedDict[str, tuple[str, dict[str, Any]]] = OrderedDict()

    def _id(self, ask: Ask) -> str:
        subscription, group = ask.names["subscription"], ask.names.get("group")
        scope = f"/subscriptions/{subscription}" + (f"/resourceGroups/{group}" if group else "")
        return f"{scope}/providers/{TYPE}/{ask.names.get('name', '')}"

    def put(self, ask: Ask) -> Answer:
        try:
            made, new = self._deployments.put(self._id(ask), _properties(ask))
        except TemplateError as error:
            raise _violation(error, ask) from error
        link = f"{ask.base}{made.id}/operationStatuses/{_tracking(made)}?api-version={ask.api_version}"
        headers = {"Azure-AsyncOperation": link, **self._long.wait()}
        shown = self._document(made)
        shown["properties"]["provisioningState"] = "Accepted"
        return Answer(shown, 201 if new else 200, headers)

    def get(self, ask: Ask) -> Answer:
        if ask.method == "HEAD":
            return Answer(None, 204 if self._deployments.knows(self._id(ask)) else 404)
        return Answer(self._document(self._deployments.find(self._id(ask))))

    def follow(self, ask: Ask) -> Answer:
        """The status of a deployment, as the SDKs poll it."""
        found = self._deployments.find(self._id(ask))
        self._long.let_time_pass(lambda: found.ended is None)
        self._deployments.carry_on()
        told: dict[str, Any] = {"status": found.state}
        if found.error is not None:
            told["error"] = _error(found)
        return Answer(told, headers={} if found.ended else self._long.wait())

    def validate(self, ask: Ask) -> Answer:
        made = self._checked(ask, _properties(ask))
        shown = self._document(made)
        shown["properties"]["validatedResources"] = [{"id": step.planned.id} for step in made.steps.values()]
        shown["properties"]["provisioningState"] = "Succeeded"
        return Answer(shown)

    def _checked(self, ask: Ask, properties: Mapping[str, Any]) -> Deployment:
        """A deployment that would be accepted."""
        try:
            return self._deployments.check(self._id(ask), properties)
        except TemplateError as error:
            raise _violation(error, ask) from error

    def what_if(self, ask: Ask) -> Answer:
        """202 and where to ask for what the deployment would change; worked out at once, as of now."""
        properties = _properties(ask)
        settings = properties.get("whatIfSettings") or {}
        if not isinstance(settings, dict):
            raise ArmError(400, "InvalidRequestContent", "The request content was invalid: 'whatIfSettings' is an object.")
        form = str(settings.get("resultFormat", WHOLE)).lower()
        if form not in (WHOLE.lower(), IDS_ONLY.lower()):
            raise ArmError(400, "InvalidRequestContent", f"The result format of what-if is {WHOLE} or {IDS_ONLY}.")
        id_ = self._id(ask)
        made = self._checked(ask, properties)
        told = {"status": "Succeeded", "properties": {"changes": self._deployments.predict(made, form == WHOLE.lower())}}
        number = str(uuid.uuid4())
        self._predicted[number] = (id_.lower(), told)
        while len(self._predicted) > PREDICTIONS:
            self._predicted.popitem(last=False)
        link = f"{ask.base}{id_}/whatIfResults/{number}?api-version={ask.api_version}"
        return Answer(None, 202, {"Location": link, **self._long.wait()})

    def predicted(self, ask: Ask) -> Answer:
        id_, told = self._predicted.get(ask.names["number"], ("", None))
        if id_ != self._id(ask).lower():
            raise ArmError(404, "NotFound", "There is no such prediction, or it has been forgotten.")
        return Answer(told)

    def cancel(self, ask: Ask) -> Answer:
        self._deployments.cancel(self._id(ask))
        return Answer(None, 204)

    def delete(self, ask: Ask) -> Answer:
        return Answer(None, 200 if self._deployments.forget(self._id(ask)) else 204)

    def export(self, ask: Ask) -> Answer:
        return Answer({"template": self._deployments.find(self._id(ask)).document["template"]})

    def operations(self, ask: Ask) -> Answer:
        found = self._deployments.find(self._id(ask))
        return listed(ask, sliced([_operation(found, step) for step in found.steps.values()]))

    def operation(self, ask: Ask) -> Answer:
        found = self._deployments.find(self._id(ask))
        for step in found.steps.values():
            told = _operation(found, step)
            if told["operationId"] == ask.names["operation"].upper():
                return Answer(told)
        raise ArmError(404, "DeploymentOperationNotFound", "The deployment has no such operation.")

    def every(self, ask: Ask) -> Answer:
        scope = self._id(ask).split("/providers/")[0]
        self._service.graph.estate.control.get(scope)
        return listed(ask, sliced([self._document(each) for each in self._deployments.within(scope)]))

    def hash(self, ask: Ask) -> Answer:
        text = json.dumps(ask.document(), separators=(",", ":"))
        return Answer({"minifiedTemplate": text, "templateHash": _hash(ask.document())})

    def routes(self) -> list[BaseRoute]:
        made: list[BaseRoute] = []
        service = self._service
        for scope in ("/subscriptions/{subscription}", "/subscriptions/{subscription}/resourcegroups/{group}"):
            at = f"{scope}/providers/{TYPE}"
            one = f"{at}/{{name}}"
            made += [
                route(service, at, self.every, in_index=False),
                route(service, one, self.put, ("PUT",)),
                route(service, one, self.get, ("GET", "HEAD"), in_index=False),
                route(service, one, self.delete, ("DELETE",)),
                route(service, f"{one}/operationStatuses/{{tracking}}", self.follow),
                route(service, f"{one}/operations", self.operations),
                route(service, f"{scope}/deployments/{{name}}/operations", self.operations),  # as the SDKs ask
                route(service, f"{scope}/deployments/{{name}}/operations/{{operation}}", self.operation),
                route(service, f"{one}/operations/{{operation}}", self.operation),
                route(service, f"{one}/validate", self.validate, ("POST",)),
                route(service, f"{one}/whatIf", self.what_if, ("POST",)),
                route(service, f"{one}/whatIfResults/{{number}}", self.predicted),
                route(service, f"{one}/cancel", self.cancel, ("POST",)),
                route(service, f"{one}/exportTemplate", self.export, ("POST",)),
            ]
        return [*made, route(service, "/providers/Microsoft.Resources/calculateTemplateHash", self.hash, ("POST",))]

    def _document(self, deployment: Deployment) -> dict[str, Any]:
        properties: dict[str, Any] = {
            "templateHash": _hash(deployment.document["template"]),
            "parameters": deployment.parameters(),
            "mode": deployment.mode,
            "provisioningState": deployment.state,
            "timestamp": f"{deployment.ended or deployment.started or self._now():%Y-%m-%dT%H:%M:%S.%f}0Z",
            "duration": _duration(deployment.duration(self._now())),
            "correlationId": _tracking(deployment),
            "providers": _providers(deployment),
            "dependencies": _dependencies(deployment),
        }
        if deployment.state == "Succeeded":
            properties["outputs"] = deployment.outputs
            properties["outputResources"] = [{"id": id_} for id_ in deployment.resources()]
        if deployment.error is not None:
            properties["error"] = _error(deployment)
        return {"id": deployment.id, "name": deployment.name, "type": TYPE, "properties": properties}

    def _now(self) -> datetime:
        return self._service.graph.clock.now()


def _properties(ask: Ask) -> Mapping[str, Any]:
    properties = ask.document().get("properties")
    if not isinstance(properties, dict):
        told = "The request content was invalid: 'properties' of a deployment is a JSON object."
        raise ArmError(400, "InvalidRequestContent", told)
    return properties


def _violation(error: TemplateError, ask: Ask) -> ArmError:
    """A template's mistake with its place, counted from the beginning of the template."""
    found = place(ask.text, ("properties", "template", *error.path)) if error.path else None
    start = place(ask.text, ("properties", "template"))
    line, column = 0, 0
    if found is not None and start is not None:
        line = found[0] - start[0] + 1
        column = found[1] - start[1] + 1 if line == 1 else found[1]
    written = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in error.path)
    where = f" The error is at line '{line}' and column '{column}' ({written.lstrip('.')})." if line else ""
    info = {"lineNumber": line, "linePosition": column, "path": f"properties.template{written}"}
    return ArmError(
        400,
        error.code,
        f"Deployment template validation failed: '{error.message}'.{where}",
        information=[{"type": "TemplateViolation", "info": info}],
    )


def _error(deployment: Deployment) -> dict[str, Any]:
    """What a deployment failed with, and what its resources failed with."""
    assert deployment.error is not None
    details = [{"code": each.code, "message": each.message} for each in deployment.details]
    targets = [step.planned.id for step in deployment.steps.values() if step.error]
    for detail, target in zip(details, targets, strict=False):
        detail["target"] = target
    return {
        "code": deployment.error.code, "target": deployment.id, "message": deployment.error.message, "details": details,
    }  # fmt: skip


def _operation(deployment: Deployment, step: Step) -> dict[str, Any]:
    key = hashlib.sha256(step.planned.id.lower().encode()).hexdigest()[:16].upper()
    target = {"id": step.planned.id, "resourceType": step.planned.type, "resourceName": step.planned.name}
    state = "Skipped" if not step.planned.wanted else step.status
    properties: dict[str, Any] = {
        "provisioningOperation": "Create",
        "provisioningState": state,
        "timestamp": f"{step.ended or step.started:%Y-%m-%dT%H:%M:%S.%f}0Z" if step.started else None,
        "duration": _duration((step.ended - step.started) if step.ended and step.started else timedelta(0)),
        "trackingId": str(uuid.uuid5(uuid.NAMESPACE_OID, key)),
        "statusCode": _status_code(step),
        "targetResource": target,
    }
    if step.error is not None:
        properties["statusMessage"] = {"error": {"code": step.error.code, "message": step.error.message}}
    return {"id": f"{deployment.id}/operations/{key}", "operationId": key, "properties": properties}


def _status_code(step: Step) -> str:
    if step.error is not None:
        return {409: "Conflict", 404: "NotFound"}.get(getattr(step.error, "status", 400), "BadRequest")
    return "OK" if step.ended else "Accepted"


def _providers(deployment: Deployment) -> list[dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for step in deployment.steps.values():
        namespace, kind = step.planned.type.split("/", 1)
        location = step.planned.raw.get("location")
        known = found.setdefault(namespace, {})
        known.setdefault(kind, {"resourceType": kind, "locations": [location if isinstance(location, str) else None]})
    return [{"namespace": name, "resourceTypes": list(kinds.values())} for name, kinds in found.items()]


def _dependencies(deployment: Deployment) -> list[dict[str, Any]]:
    def told(step: Step) -> dict[str, Any]:
        return {"id": step.planned.id, "resourceType": step.planned.type, "resourceName": step.planned.name}

    return [
        {"dependsOn": [told(deployment.steps[id_]) for id_ in sorted(step.waits_for)], **told(step)}
        for step in deployment.steps.values()
        if step.waits_for
    ]


def _tracking(deployment: Deployment) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_OID, f"{deployment.id.lower()}:{deployment.started}"))


def _hash(document: Any) -> str:
    digest = hashlib.sha256(json.dumps(document, sort_keys=True).encode()).digest()
    return str(int.from_bytes(digest[:8], "big"))


def _duration(time: timedelta) -> str:
    """A length of time as ISO 8601 writes it."""
    minutes, seconds = divmod(time.total_seconds(), 60)
    return f"PT{int(minutes)}M{seconds:.7f}S".replace("PT0M", "PT")
