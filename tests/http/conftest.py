"""A service over a small estate, and a client that asks it in process."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from queries import ResourceGraph
from queries.http.app import create_app
from queries.http.settings import ServiceSettings


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: dict[str, str]
    content: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.content)

    @property
    def code(self) -> str:
        return str(self.json["error"]["code"])


class Client:
    """Asks an ASGI application directly; one event loop for all its requests."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self._loop = asyncio.new_event_loop()

    def __call__(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None, raw: bytes | None = None
    ) -> Answer:
        return self._loop.run_until_complete(self._asked(method, path, body, headers, raw))

    def together(self, requests: Sequence[tuple[str, str, Any]]) -> list[Answer]:
        """The answers to requests (method, path, body) that come at one time."""

        async def all_of_them() -> list[Answer]:
            return await asyncio.gather(*(self._asked(*request) for request in requests))

        return self._loop.run_until_complete(all_of_them())

    async def _asked(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None, raw: bytes | None = None
    ) -> Answer:
        content = raw if raw is not None else b"" if body is None else json.dumps(body).encode()
        path, _, query = path.partition("?")
        sent = {"host": "management.azure.com", "content-type": "application/json", **(headers or {})}
        scope = {
            "type": "http", "method": method, "path": path, "raw_path": path.encode(), "query_string": query.encode(),
            "headers": [(name.lower().encode(), value.encode()) for name, value in sent.items()],
            "scheme": "https", "server": ("management.azure.com", 443), "client": ("127.0.0.1", 1), "http_version": "1.1",
        }  # fmt: skip
        messages: list[dict[str, Any]] = []
        pieces = [{"type": "http.request", "body": content, "more_body": False}]

        async def receive() -> dict[str, Any]:
            return pieces.pop(0) if pieces else {"type": "http.disconnect"}

        async def send(message: dict[str, Any]) -> None:
            messages.append(message)

        await self._app(scope, receive, send)
        answer = {name.decode(): value.decode() for name, value in messages[0]["headers"]}
        return Answer(messages[0]["status"], answer, b"".join(m.get("body", b"") for m in messages[1:]))

    def close(self) -> None:
        self._loop.close()


@pytest.fixture
def make_client() -> Iterator[Any]:
    """A function from a graph and settings to a client."""
    made: list[Client] = []

    def make(graph: ResourceGraph, **settings: Any) -> Client:
        made.append(Client(create_app(graph, ServiceSettings(**settings))))
        return made[-1]

    yield make
    for client in made:
        client.close()
