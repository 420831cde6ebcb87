"""A service on real sockets with TLS, for clients that are Microsoft's own."""

from __future__ import annotations

import importlib
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

from queries import Lag, ResourceGraph
from queries.http.settings import ServiceSettings
from tests.clients.shapes import faults


@dataclass(frozen=True)
class Running:
    """A service that listens at `url`; `ca` is the certificate authority to trust."""

    url: str
    ca: Path
    graph: ResourceGraph

    @property
    def subscription(self) -> str:
        row = self.graph.query(
            "ResourceContainers | where type endswith '/subscriptions' | top 1 by id asc"
        ).to_pylist()[0]
        return str(row["subscriptionId"])


class Credential:
    """What every Azure SDK takes for a credential."""

    def get_token(self, *scopes: str, **_: Any) -> Any:
        from azure.core.credentials import AccessToken

        return AccessToken("any", int(time.time()) + 3600)

    def get_token_info(self, *scopes: str, options: Any = None) -> Any:
        from azure.core.credentials import AccessTokenInfo

        return AccessTokenInfo("any", int(time.time()) + 3600)


class AsyncCredential(Credential):
    async def get_token(self, *scopes: str, **more: Any) -> Any:  # type: ignore[override]
        return Credential.get_token(self, *scopes, **more)

    async def get_token_info(self, *scopes: str, options: Any = None) -> Any:  # type: ignore[override]
        return Credential.get_token_info(self, *scopes)

    async def close(self) -> None:
        pass

    async def __aenter__(self) -> AsyncCredential:
        return self

    async def __aexit__(self, *_: Any) -> None:
        pass


def running(
    folder: Path, *, lag: float = 60, vms: int = 40, settings: ServiceSettings | None = None
) -> Iterator[Running]:
    """Serve a new estate, whose index lags by exactly so many seconds, until the caller is done."""
    import trustme
    import uvicorn

    from queries.http.app import create_app

    authority = trustme.CA()
    ca, key = folder / "ca.pem", folder / "server.pem"
    authority.cert_pem.write_to_path(str(ca))
    authority.issue_cert("localhost", "127.0.0.1").private_key_and_cert_chain_pem.write_to_path(str(key))
    late = Lag(seconds=lag, quantiles=((0.0, 1.0), (1.0, 1.0)))
    with ResourceGraph.simulated(vms=vms, seed=7, lag=late) as graph:
        config = uvicorn.Config(
            create_app(graph, settings), host="127.0.0.1", port=0, log_level="error", access_log=False,
            ssl_certfile=str(key), ssl_keyfile=str(key), timeout_graceful_shutdown=1,
        )  # fmt: skip
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        for _ in range(400):
            if server.started:
                break
            time.sleep(0.02)
        port = server.servers[0].sockets[0].getsockname()[1]
        try:
            yield Running(f"https://localhost:{port}", ca, graph)
        finally:
            for connection in list(server.server_state.connections):  # a client that was refused leaves its own open
                connection.loop.call_soon_threadsafe(connection.transport.abort)
            time.sleep(0.1)
            server.should_exit = True
            thread.join(20)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    yield from running(tmp_path_factory.mktemp("service"))


class Shapes:
    """What the models of Microsoft's clients find in the answers that they are given. Each difference is `place: what`."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self._patch = patch
        self._watched: set[object] = set()
        self.of = ""
        """What is being asked."""
        self.seen = 0
        self.found: dict[str, str] = {}
        self.skipped: list[str] = []

    def note(self, kind: Any, value: Any) -> None:
        self.seen += 1
        for each in faults(kind, value, getattr(kind, "__name__", str(kind))):
            if not any(fnmatchcase(each, pattern) for pattern in UNDERSTOOD):
                self.found.setdefault(each, self.of)

    def watch(self, package: str) -> None:
        """Look at what the models of a package, as far as it is loaded, are made from."""
        for name, module in list(sys.modules.items()):
            if not name.startswith(f"{package}.") or module in self._watched:
                continue
            self._watched.add(module)
            if "operations" in name and hasattr(module, "_deserialize"):
                self._patch.setattr(module, "_deserialize", self._newer(module._deserialize))
            elif name.endswith("serialization") and hasattr(module, "Deserializer"):
                self._patch.setattr(module.Deserializer, "__call__", self._older(module.Deserializer.__call__))

    def _newer(self, original: Any) -> Any:
        def deserialize(kind: Any, value: Any, *rest: Any, **more: Any) -> Any:
            self.note(kind, value)
            return original(kind, value, *rest, **more)

        return deserialize

    def _older(self, original: Any) -> Any:
        def call(deserializer: Any, target: Any, response: Any, *rest: Any) -> Any:
            made = original(deserializer, target, response, *rest)
            kind = deserializer.dependencies.get(str(target).strip("[]"))
            if kind is not None and hasattr(response, "http_response") and response.http_response.text():
                self.note(list[kind] if str(target).startswith("[") else kind, response.http_response.json())
            return made

        return call


UNDERSTOOD = (
    "*.hardwareProfile.vmSize: *",  # the enumeration ends at the sizes of 2019; the service has gone on
    "*.sku: required by *",  # the sweep leaves them out, and what it puts it gets
    "*Properties*, and not there",  # the same
    "*.location: required by VirtualMachineScaleSetVM, *",  # documented: a Flexible set lists the ids of its machines
)
"""Differences that are none of ours."""


@pytest.fixture(autouse=True)
def shapes(monkeypatch: pytest.MonkeyPatch) -> Iterator[Shapes]:
    """Every answer that a client of this process makes a model of, in any test of this folder, fits that model."""
    made = Shapes(monkeypatch)
    for package in ("azure.mgmt.compute", "azure.mgmt.resource", "azure.mgmt.resourcegraph"):
        try:
            importlib.import_module(package)
        except ImportError:
            continue
        made.watch(package)
    yield made
    assert not made.found, "\n".join(f"{each}   ({of})" for each, of in sorted(made.found.items()))
