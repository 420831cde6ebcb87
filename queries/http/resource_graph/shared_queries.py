"""Saved queries: kept as resources of a resource group, and used inside other queries by their id in double braces."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from inventory import Estate, InventoryError
from queries.http.arm_error import ArmError, json_response
from queries.http.bodies import parse_json
from queries.http.resource_graph.request import refuse
from queries.http.routing import ArmRoute
from queries.http.service import Service

TYPE = "Microsoft.ResourceGraph/queries"
_REFERENCE = re.compile(r"\{\{\s*(/subscriptions/[^{}\n]+?)\s*\}\}", re.IGNORECASE)


def routes(service: Service) -> list[BaseRoute]:
    """List by subscription or group; GET, PUT, PATCH and DELETE one."""
    estate = service.graph.estate

    def answering(work: Callable[[str, dict[str, Any]], Response]) -> Callable[[Request], Any]:
        async def endpoint(request: Request) -> Response:
            if not request.query_params.get("api-version"):
                raise ArmError(400, "MissingApiVersionParameter", "The api-version query parameter is required.")
            body: Any = {}
            if request.method in ("PUT", "PATCH"):
                body = parse_json(await request.body())
                if not isinstance(body, dict):
                    raise ArmError(400, "InvalidRequestContent", "The request content must be a JSON object.")
            try:
                return await service.run(work, request.scope["path"], body)
            except InventoryError as error:
                told = ArmError.of(error)
                told.headers["x-ms-failure-cause"] = "gateway"
                raise told from None

        return endpoint

    def listed(path: str, body: dict[str, Any]) -> Response:
        scope = re.split("/providers/", path, maxsplit=1, flags=re.IGNORECASE)[0]
        return json_response({"value": [told(each) for each in estate.control.list(scope, TYPE)]})

    def got(path: str, body: dict[str, Any]) -> Response:
        return json_response(told(estate.control.get(path)))

    def put(path: str, body: dict[str, Any]) -> Response:
        _check_etag(estate, path, body)
        operation = estate.control.put(
            path, {key: body[key] for key in ("location", "tags", "properties") if key in body}
        )
        return json_response(told(estate.control.get(path)), 201 if operation.created else 200)

    def patched(path: str, body: dict[str, Any]) -> Response:
        _check_etag(estate, path, body)
        estate.control.patch(path, {key: body[key] for key in ("tags", "properties") if key in body})
        return json_response(told(estate.control.get(path)))

    def deleted(path: str, body: dict[str, Any]) -> Response:
        there = _find(estate, path) is not None
        estate.control.delete(path)
        return Response(status_code=200 if there else 204)

    group = "/subscriptions/{subscription}/resourceGroups/{group}"
    one = group + f"/providers/{TYPE}" + "/{name}"
    return [
        ArmRoute("/subscriptions/{subscription}" + f"/providers/{TYPE}", answering(listed)),
        ArmRoute(group + f"/providers/{TYPE}", answering(listed)),
        ArmRoute(one, answering(got)),
        ArmRoute(one, answering(put), methods=("PUT",)),
        ArmRoute(one, answering(patched), methods=("PATCH",)),
        ArmRoute(one, answering(deleted), methods=("DELETE",)),
    ]


def told(document: dict[str, Any]) -> dict[str, Any]:
    """A saved query as the service was seen to write it, its keys in that order."""
    parts = document["id"].split("/")
    version = f"{document['id'].lower()} {document['properties']['timeModified']} {document.get('tags')}"
    return {
        "properties": {name: value for name, value in document["properties"].items() if name != "provisioningState"},
        "type": TYPE.lower(),
        "location": document["location"],
        "subscriptionId": parts[2],
        "resourceGroup": parts[4],
        "name": document["name"],
        "id": re.sub("/providers/[^/]+/[^/]+/", f"/providers/{TYPE.lower()}/", document["id"]),
        "tags": document.get("tags") or {},
        "etag": f'"{hashlib.sha256(version.encode()).hexdigest()[:32]}"',
    }


def expanded(estate: Estate, query: str) -> str:
    """The query with the texts of saved ones in the place of their ids. Raises Refused for one that is not there, and
    for one that itself holds another."""

    def text(reference: re.Match[str]) -> str:
        id = reference[1]
        if not re.search(rf"/providers/{re.escape(TYPE)}/[^/]+$", id, re.IGNORECASE):
            refuse(f"'{id}' is not the id of a saved query.", "InvalidQuery")
        found = _find(estate, id)
        if found is None:
            refuse(f"The saved query '{id}' was not found.", "InvalidQuery")
        saved = str(found["properties"]["query"])
        if _REFERENCE.search(saved):
            refuse(f"The saved query '{id}' holds another one, which is not allowed.", "InvalidQuery")
        return saved.rstrip().rstrip(";") + "\n"  # it may end in a comment

    return _REFERENCE.sub(text, query) if "{{" in query else query


def _find(estate: Estate, id: str) -> dict[str, Any] | None:
    try:
        return estate.control.get(id)
    except InventoryError as error:
        if error.status == 404:
            return None
        raise


def _check_etag(estate: Estate, path: str, body: dict[str, Any]) -> None:
    """An etag in the body must be the latest; without one the last writer wins."""
    given = body.get("etag")
    if given is None:
        return
    found = _find(estate, path)
    if found is not None and told(found)["etag"] != given:
        raise ArmError(412, "PreconditionFailed", "The saved query has changed since it was read: its etag is another.")
