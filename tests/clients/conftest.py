"""A service on real sockets with TLS, for clients that are Microsoft's own."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from queries import Lag, ResourceGraph
from queries.http.settings import ServiceSettings


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
