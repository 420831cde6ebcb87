"""Routes as Azure has them: paths in any letter case, names percent-encoded, a refusal in Azure's form."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

Endpoint = Callable[[Request], Awaitable[Response]]


def _answering(endpoint: Endpoint) -> ASGIApp:
    """An endpoint as an application. What it raises is left to the edge, where starlette would look at it twice before."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        response = await endpoint(Request(scope, receive, send))
        await response(scope, receive, send)

    return app


class ArmRoute(Route):
    """A route whose path is matched in any letter case: `resourceGroups` and `resourcegroups` are one.

    A `public` one answers although the request does not bring the token that the server asks for: what a client must
    know before it has one. It may tell nothing of the estate.
    """

    def __init__(
        self, path: str, endpoint: Endpoint, *, methods: Sequence[str] = ("GET",), public: bool = False
    ) -> None:
        super().__init__(path, endpoint, methods=list(methods))
        self.public = public
        self.app = _answering(endpoint)
        pattern = self.path_regex.pattern.removesuffix("$") + "/?$"  # the az CLI ends some with a slash
        self.path_regex = re.compile(pattern, re.IGNORECASE)
