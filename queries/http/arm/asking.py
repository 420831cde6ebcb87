"""What a handler of this room sees of a request, and what it answers: no framework, so that handlers are plain functions.

Everything that holds for all routes is here: faults on demand, the check of `api-version`, bodies, worker threads.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response

from inventory import InventoryError
from queries.http.arm.text import read_body
from queries.http.arm_error import ArmError, json_response
from queries.http.routing import ArmRoute
from queries.http.service import Service

_VERSION = re.compile(r"\d{4}-\d{2}-\d{2}(-[A-Za-z0-9.]{1,30})?")
MOST_FIELDS = 100
"""Fields of a query string or a form."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Ask:
    """One request: names in the path are decoded, names in the query are lower-case."""

    method: str
    path: str
    query: Mapping[str, str]
    base: str
    """`https://host:port`, as the caller wrote it: links in answers begin so."""
    names: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    text: str = ""
    """The body as it was sent, for errors that say where something stands in it."""
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def api_version(self) -> str:
        return self.query.get("api-version", "")

    def document(self) -> dict[str, Any]:
        """The body, which must be an object."""
        if not isinstance(self.body, dict):
            raise ArmError(400, "InvalidRequestContent", "The request content was invalid: a JSON object is expected.")
        return self.body

    def form(self) -> dict[str, str]:
        """The fields of a form. Raises ArmError where there are too many."""
        return dict(_fields(self.text))

    def flag(self, name: str) -> bool:
        return self.query.get(name, "").lower() == "true"

    def whole(self, name: str, default: int, least: int, most: int) -> int:
        """A whole number of the query. Raises ArmError where it is none or out of bounds."""
        given = self.query.get(name)
        if given is None:
            return default
        if not re.fullmatch(r"\d{1,9}", given) or not least <= int(given) <= most:
            told = f"The value '{given}' of the query parameter '{name}' is not a whole number from {least} to {most}."
            raise ArmError(400, "InvalidParameter", told)
        return int(given)


@dataclass(frozen=True, slots=True)
class Answer:
    """What is answered; `body` None is no body at all."""

    body: Any = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


Handler = Callable[[Ask], Answer]


def route(
    service: Service,
    path: str,
    handler: Handler,
    methods: Sequence[str] = ("GET",),
    *,
    versioned: bool = True,
    public: bool = False,
    in_index: bool = True,
) -> ArmRoute:
    """A route of Azure Resource Manager. `versioned` ones must be asked with an api-version; `public` as of `ArmRoute`;
    one whose answers are not `in_index` refuses to answer from there."""

    async def endpoint(request: Request) -> Response:
        fault = service.faults.take("arm") if versioned else None
        if fault is not None:
            wait = {} if fault.retry_after is None else {"Retry-After": f"{fault.retry_after:g}"}
            raise ArmError(fault.status, fault.code, fault.message or "The request is being throttled.", headers=wait)
        ask = await _ask(request, versioned)
        if not in_index and ask.flag("useresourcegraph"):
            raise ArmError(422, "ResourceTypeNotSupported", f"'{ask.path}' is not in the index: ask without useResourceGraph.")
        answer = await service.run(_answered, handler, ask)
        headers = {**answer.headers}
        if answer.body is None:
            return Response(None, answer.status, headers, media_type=None)
        return json_response(answer.body, answer.status, headers)

    return ArmRoute(path, endpoint, methods=methods, public=public)


def _answered(handler: Handler, ask: Ask) -> Answer:
    try:
        return handler(ask)
    except InventoryError as error:
        raise ArmError.of(error) from error


async def _ask(request: Request, versioned: bool) -> Ask:
    path = re.sub("/{2,}", "/", request.scope["path"])  # the az CLI doubles one in places
    query = {name.lower(): value for name, value in _fields(request.url.query)}
    if versioned:
        _check_version(query.get("api-version"))
    if _CONTROL.search(path) or any(part in (".", "..") for part in path.split("/")):
        raise ArmError(400, "InvalidRequestUri", "The request URI holds segments that no resource id can have.")
    raw = await request.body()
    text, body = read_body(raw, request.headers.get("content-type", ""))
    base = f"{request.url.scheme}://{request.url.netloc}"
    return Ask(request.method, path, query, base, dict(request.path_params), body, text, request.headers)


def _fields(text: str) -> list[tuple[str, str]]:
    """The fields of a query string or a form, empty ones too."""
    try:
        return parse_qsl(text, keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError as error:
        raise ArmError(400, "BadRequest", f"There are more than {MOST_FIELDS} parameters.") from error


def _check_version(given: str | None) -> None:
    if not given:
        raise ArmError(
            400,
            "MissingApiVersionParameter",
            "The api-version query parameter (?api-version=) is required for all requests.",
        )
    if not _VERSION.fullmatch(given):
        raise ArmError(
            400,
            "InvalidApiVersionParameter",
            f"The api-version '{given[:100]}' is invalid: it is a date such as '2024-07-01', perhaps with '-preview'.",
        )
