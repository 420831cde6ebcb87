"""Resource Manager over a small estate, asked without sockets: requests go straight into the application."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest

from queries import Lag, ResourceGraph
from queries.http.app import create_app
from queries.http.settings import ServiceSettings

BASE = "https://localhost:8443"


@dataclass(frozen=True)
class Reply:
    status: int
    headers: dict[str, str]
    raw: bytes

    @property
    def body(self) -> Any:
        return json.loads(self.raw) if self.raw else None

    @property
    def code(self) -> str:
        """The code of an error."""
        return str(self.body["error"]["code"])

    @property
    def message(self) -> str:
        return str(self.body["error"]["message"])


class Arm:
    """One service over one estate. Paths are asked with an api-version unless they bring their own query."""

    def __init__(self, graph: ResourceGraph, settings: ServiceSettings | None = None) -> None:
        self.graph = graph
        self._groups = 0
        self.app = create_app(graph, settings)
        row = graph.query("ResourceContainers | where type endswith '/resourcegroups' | top 1 by id asc").to_pylist()[0]
        self.subscription = f"/subscriptions/{row['subscriptionId']}"
        self.group = str(row["id"])
        self.location = str(row["location"])

    def ask(self, method: str, url: str, body: Any = None, *, headers: dict[str, str] | None = None, version: str | None = "2024-07-01", **query: Any) -> Reply:
        parts = urlsplit(url)
        asked = parts.query or urlencode({**({"api-version": version} if version else {}), **query}, safe="$'/")
        raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        given = {"host": "localhost:8443", "content-type": "application/json", "content-length": str(len(raw)), **(headers or {})}
        return asyncio.run(self._exchange(method, parts.path, asked, raw, given))

    def get(self, url: str, **query: Any) -> Any:
        """The body of a GET that succeeds."""
        reply = self.ask("GET", url, **query)
        assert reply.status == 200, (reply.status, reply.body)
        return reply.body

    def done(self, reply: Reply) -> Any:
        """Follow an accepted operation to its end, as the SDKs do; the last poll's body."""
        assert reply.status in (200, 201, 202, 204), (reply.status, reply.body)
        link = reply.headers.get("azure-asyncoperation") or reply.headers.get("location")
        if link is None:
            return {"status": "Succeeded"}
        assert link.startswith(BASE) and "retry-after-ms" in reply.headers
        for _ in range(200):
            polled = self.get(link)
            if polled["status"] in ("Succeeded", "Failed", "Canceled"):
                return polled
        raise AssertionError(f"{link} does not end")

    def make_group(self, location: str = "eastus") -> str:
        """A new resource group; its id."""
        self._groups += 1
        path = f"{self.subscription}/resourceGroups/made-{self._groups}"
        assert self.ask("PUT", path, {"location": location}).status == 201
        return path

    async def _exchange(self, method: str, path: str, query: str, raw: bytes, headers: dict[str, str]) -> Reply:
        sent: list[Any] = []
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "https",
            "path": path, "raw_path": path.encode(), "query_string": query.encode(), "root_path": "",
            "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
            "server": ("localhost", 8443), "client": ("127.0.0.1", 1), "state": {},
        }  # fmt: skip

        async def receive() -> Any:
            return {"type": "http.request", "body": raw, "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        await self.app(scope, receive, send)
        told = {name.decode().lower(): value.decode() for name, value in sent[0]["headers"]}
        return Reply(sent[0]["status"], told, b"".join(each.get("body", b"") for each in sent[1:]))


@pytest.fixture(scope="module")
def arm() -> Iterator[Arm]:
    """An estate that tests change, each in a resource group of its own; its index lags by exactly a minute."""
    lag = Lag(seconds=60, quantiles=((0.0, 1.0), (1.0, 1.0)))
    with ResourceGraph.simulated(vms=30, seed=7, lag=lag) as graph:
        graph.advance(600)
        yield Arm(graph)


@pytest.fixture
def preview(arm: Arm) -> Iterator[Arm]:
    """The same under the rules of February 2021."""
    arm.graph.estate.control.profile = "2021-preview"
    yield arm
    arm.graph.estate.control.profile = "current"


@pytest.fixture(scope="module")
def still() -> Iterator[Arm]:
    """An estate that tests only read."""
    with ResourceGraph.simulated(vms=60, seed=7) as graph:
        yield Arm(graph)
