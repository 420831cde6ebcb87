"""An ASGI application called like a function, from any thread, whether or not an event loop runs there."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

from starlette.types import ASGIApp


@dataclass(frozen=True, slots=True)
class Reply:
    """What the application answered."""

    status: int
    headers: tuple[tuple[str, str], ...]
    content: bytes


class Loopback:
    """One application on an event loop of its own, in a thread of its own; `close` ends both."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="lazulite-loopback", daemon=True)
        self._thread.start()

    def request(self, method: str, url: str, headers: Iterable[tuple[str, str]], content: bytes) -> Reply:
        """The answer to one request."""
        return asyncio.run_coroutine_threadsafe(self._ask(method, url, headers, content), self._loop).result()

    async def _ask(self, method: str, url: str, headers: Iterable[tuple[str, str]], content: bytes) -> Reply:
        place = urlsplit(url)
        named = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
        if not any(name == b"host" for name, _ in named):
            named.append((b"host", place.netloc.encode("latin-1")))
        port = place.port or (443 if place.scheme == "https" else 80)
        scope: dict[str, Any] = {
            "type": "http", "asgi": {"version": "3.0", "spec_version": "2.3"}, "http_version": "1.1",
            "method": method.upper(), "scheme": place.scheme, "path": unquote(place.path) or "/",
            "raw_path": place.path.encode("latin-1"), "query_string": place.query.encode("latin-1"), "root_path": "",
            "headers": named, "server": (place.hostname, port), "client": ("127.0.0.1", 0), "state": {},
        }  # fmt: skip
        begun: list[dict[str, Any]] = []
        pieces: list[bytes] = []
        given = [{"type": "http.request", "body": content, "more_body": False}]

        async def receive() -> dict[str, Any]:
            return given.pop() if given else {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                begun.append(message)
            else:
                pieces.append(message.get("body", b""))

        await self._app(scope, receive, send)
        told = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in begun[0]["headers"])
        return Reply(begun[0]["status"], told, b"".join(pieces))

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
