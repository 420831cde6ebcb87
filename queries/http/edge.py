"""What happens to every request before a route sees it and after it has answered: access, limits, headers, the log.

Pure ASGI, so that it costs microseconds. Knows no route and no graph.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from inventory import InventoryError
from queries.http.access_tokens import is_issued
from queries.http.arm_error import ArmError
from queries.http.settings import ServiceSettings

ACCESS = logging.getLogger("lazulite.access")
"""One JSON object a request: time, method, path, status, ms, bytes, id."""
DEFECTS = logging.getLogger("lazulite.defects")

_CLOSE = {"connection": "close"}
_ASK = {"www-authenticate": "Bearer"}
_LOOKED_AT = frozenset({b"host", b"origin", b"authorization", b"x-identity-header", b"secret"})


class Edge:
    """The outermost layer of the application."""

    def __init__(
        self, app: ASGIApp, settings: ServiceSettings, key: bytes, is_public: Callable[[Scope], bool]
    ) -> None:
        """`key` is what the service signs its tokens with; `is_public` says what may be asked without one."""
        self._app = app
        self._settings = settings
        self._key = key
        self._is_public = is_public

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1003})
            return
        exchange = _Exchange(scope, receive, send, self._settings)
        try:
            try:
                self._admit(scope)
                scope["app"] = self  # or the router would answer by itself what it has no route for
                async with asyncio.timeout(self._settings.request_seconds):
                    await self._app(scope, exchange.receive, exchange.send)
            except ArmError as error:
                await exchange.refuse(error)
            except InventoryError as error:
                await exchange.refuse(ArmError.of(error))
            except HTTPException as error:
                await exchange.refuse(_unrouted(error, scope["method"]))
            except TimeoutError:
                await exchange.refuse(ArmError(504, "GatewayTimeout", "The answer took too long.", headers=_CLOSE))
            except _Gone:
                pass
            except Exception:
                DEFECTS.exception("%s %s", scope["method"], scope["path"])
                await exchange.refuse(ArmError(500, "InternalServerError", "The server met a defect of its own."))
        finally:
            exchange.log()

    def _admit(self, scope: Scope) -> None:
        """A request without the token learns that it needs one, and where it gets one, and nothing else; nor does a page
        of another site, whose browser would ask on the user's behalf."""
        headers = {name: value for name, value in scope["headers"] if name in _LOOKED_AT}
        host = headers.get(b"host", b"")
        if self._settings.hosts is not None and _name_of(host) not in self._settings.hosts:
            raise ArmError(403, "Forbidden", "This server does not answer under that name.")
        origin = headers.get(b"origin")
        if origin is not None and origin.partition(b"://")[2] != host:
            raise ArmError(403, "Forbidden", "This server does not answer pages of other origins.")
        wanted = self._settings.token
        admitted = wanted is None or self._brings_token(headers, wanted.encode())
        scope["state"]["admitted"] = admitted
        if not admitted and not self._is_public(scope):
            raise stranger()

    def _brings_token(self, headers: dict[bytes, bytes], wanted: bytes) -> bool:
        """The token itself, one that this server issued for it, or the token where a managed identity shows its own."""
        scheme, _, given = headers.get(b"authorization", b"").partition(b" ")
        if scheme.lower() == b"bearer":
            given = given.strip()
            return hmac.compare_digest(given, wanted) or is_issued(self._key, given)
        shown = headers.get(b"x-identity-header", headers.get(b"secret", b""))
        return hmac.compare_digest(shown, wanted)


def stranger() -> ArmError:
    """What somebody is told who does not bring the token."""
    return ArmError(401, "AuthenticationFailed", "Authentication failed.", headers=_ASK)


def _name_of(host: bytes) -> str:
    """The name in a Host header, without its port and without the brackets of an IPv6 address."""
    name = host.decode("latin-1").lower()
    return name[1:].partition("]")[0] if name.startswith("[") else name.partition(":")[0]


def _unrouted(error: HTTPException, method: str) -> ArmError:
    """What no route wanted, in Azure's form."""
    if error.status_code == 404:
        return ArmError(404, "NotFound", "No resource was found that matches the request URI.")
    if error.status_code == 405:
        told = f"The requested resource does not support the method '{method}'."
        return ArmError(405, "MethodNotAllowed", told, headers=error.headers)
    return ArmError(error.status_code, "BadRequest", str(error.detail))


class _Gone(Exception):
    """The client went away before it had sent its request."""


class _Exchange:
    """One request and its answer, counted."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, settings: ServiceSettings) -> None:
        self._scope = scope
        self._receive = receive
        self._send = send
        self._settings = settings
        self._begun = time.perf_counter()
        self._taken = 0
        self._sent = 0
        self._status = 0
        self._complete = False
        self.id = str(uuid4())
        scope.setdefault("state", {})["request_id"] = self.id

    async def receive(self) -> Message:
        """The next piece of the request, while it keeps within its size and time."""
        if self._complete:
            return await self._receive()
        limits = self._settings
        if self._taken == 0 and (said := self._said_length()) is not None and said > limits.max_body:
            raise self._too_large()
        left = limits.body_seconds - (time.perf_counter() - self._begun)
        try:
            async with asyncio.timeout(max(left, 0.001)):
                message = await self._receive()
        except TimeoutError:
            raise ArmError(408, "RequestTimeout", "The request was not sent in time.", headers=_CLOSE) from None
        if message["type"] == "http.disconnect":
            raise _Gone
        self._taken += len(message.get("body", b""))
        self._complete = not message.get("more_body", False)
        if self._taken > limits.max_body:
            raise self._too_large()
        return message

    def _said_length(self) -> int | None:
        for name, value in self._scope["headers"]:
            if name == b"content-length":
                return int(value) if value.isdigit() else None
        return None

    def _too_large(self) -> ArmError:
        limit = self._settings.max_body
        return ArmError(413, "RequestEntityTooLarge", f"The request is longer than {limit:,} bytes.", headers=_CLOSE)

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._status = message["status"]
            headers: list[tuple[bytes, bytes]] = message.setdefault("headers", [])
            if not any(name == b"x-ms-request-id" for name, _ in headers):
                headers.extend(self._usual())
        elif message["type"] == "http.response.body":
            self._sent += len(message.get("body", b""))
        await self._send(message)

    def _usual(self) -> list[tuple[bytes, bytes]]:
        """The headers that every answer of Azure Resource Manager carries."""
        moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")  # a fact of the exchange, not of the estate
        id = self.id.encode()
        return [
            (b"cache-control", b"no-cache"),
            (b"pragma", b"no-cache"),
            (b"expires", b"-1"),
            (b"x-content-type-options", b"nosniff"),
            (b"x-ms-request-id", id),
            (b"x-ms-correlation-request-id", id),
            (b"x-ms-routing-request-id", b"LOCAL:" + moment.encode() + b":" + id),
        ]

    async def refuse(self, error: ArmError) -> None:
        """Answer with an error, unless an answer has begun: then all that is left is to break it off."""
        if self._status:
            raise error
        await error.response()(self._scope, self._receive, self.send)

    def log(self) -> None:
        if not ACCESS.isEnabledFor(logging.INFO):
            return
        told: dict[str, Any] = {
            "time": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%f}Z",
            "method": self._scope["method"],
            "path": self._scope["path"],
            "status": self._status,
            "ms": round((time.perf_counter() - self._begun) * 1000, 2),
            "received": self._taken,
            "sent": self._sent,
            "id": self.id,
        }
        ACCESS.info(json.dumps(told))
