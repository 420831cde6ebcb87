"""The application on sockets: plain HTTP and TLS side by side, until somebody says stop. Knows no route."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import json
import logging
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import uvicorn

from queries.graph import ResourceGraph
from queries.http.app import application
from queries.http.certificates import Authority, folder
from queries.http.edge import ACCESS, DEFECTS
from queries.http.service import Service
from queries.http.settings import ServiceSettings
from queries.http.wire import GuardedProtocol

GRACE = 10
"""Seconds that requests under way have when the server is stopped."""


@dataclass(frozen=True, slots=True)
class Listening:
    """Where to listen. Port 0 lets the system choose; None leaves one of the two out."""

    host: str = "127.0.0.1"
    port: int | None = 8642
    tls_port: int | None = 8643
    certificates: Path | None = None


LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
"""The names of this machine for itself."""


def is_local(host: str) -> bool:
    """Whether only this machine can reach a server that listens there."""
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host == "localhost"


@dataclass(frozen=True, slots=True)
class Bound:
    """Where the server really listens: addresses, and the bundle that makes clients trust the https one."""

    http: str | None
    https: str | None
    ca: str | None


class _Server(uvicorn.Server):
    """A server that leaves signals to whoever runs several of them."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def serve(
    graph: ResourceGraph,
    settings: ServiceSettings | None = None,
    listening: Listening | None = None,
    *,
    ready: Callable[[Bound], None] | None = None,
) -> None:
    """Serve until SIGINT or SIGTERM; then let what is under way finish, for `GRACE` seconds at most.

    `ready` is called once when the sockets accept. Raises OSError where a port is taken.
    """
    where = listening or Listening()
    service = Service(graph, settings)
    graph.compile("resources", profile=service.settings.profile)  # or the first who ask wait for the grammar
    app = application(service)
    servers: list[tuple[_Server, socket.socket]] = []
    http = https = ca = None
    try:
        if where.port is not None:
            servers.append((_server(app), _listen(where.host, where.port)))
            http = _address("http", where.host, servers[-1][1])
        if where.tls_port is not None:
            authority = Authority(where.certificates or folder())
            context = authority.context([] if where.host in ("0.0.0.0", "::") else [where.host])
            server = _server(app)
            server.config.load()
            server.config.ssl = context
            servers.append((server, _listen(where.host, where.tls_port)))
            https, ca = _address("https", where.host, servers[-1][1]), str(authority.certificate)
        asyncio.run(_run(servers, graph, lambda: ready(Bound(http, https, ca)) if ready is not None else None))
    finally:
        for _, opened in servers:
            opened.close()
        service.close()


async def _run(servers: list[tuple[_Server, socket.socket]], graph: ResourceGraph, ready: Callable[[], None]) -> None:
    loop = asyncio.get_running_loop()

    def stop() -> None:
        for server, _ in servers:
            server.force_exit = server.should_exit  # who says it twice means now
            server.should_exit = True

    for number in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(number, stop)
        except NotImplementedError:  # where the loop has none: Windows
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop))
    running = asyncio.gather(*(server.serve(sockets=[opened]) for server, opened in servers))
    while not running.done() and not all(server.started for server, _ in servers):
        await asyncio.sleep(0.005)
    ready()
    await running
    graph.interrupt()


def _server(app: object) -> _Server:
    return _Server(
        uvicorn.Config(
            app,  # type: ignore[arg-type]
            http=GuardedProtocol,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_keep_alive=30,
            timeout_graceful_shutdown=GRACE,
            limit_concurrency=1000,
            backlog=512,
        )
    )


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    opened = socket.create_server((host, port), family=family, backlog=512)
    opened.setblocking(False)
    return opened


def _address(scheme: str, host: str, opened: socket.socket) -> str:
    port = opened.getsockname()[1]
    name = "localhost" if scheme == "https" and host in ("127.0.0.1", "0.0.0.0") else host
    return f"{scheme}://[{name}]:{port}" if ":" in name else f"{scheme}://{name}:{port}"


def log_to(access: TextIO | None) -> None:
    """Where requests are written down, one JSON object a line; what goes wrong in the server is told on stderr."""
    for logger, stream, level in ((ACCESS, access, logging.INFO), (DEFECTS, sys.stderr, logging.ERROR)):
        logger.propagate = False
        logger.handlers.clear()
        if stream is None:
            logger.setLevel(logging.CRITICAL)
            continue
        logger.setLevel(level)
        handler = logging.StreamHandler(stream)
        handler.setFormatter(logging.Formatter("%(message)s"))
        logger.addHandler(handler)


def told(bound: Bound) -> str:
    """Where the server listens, for programs: one line of JSON."""
    return json.dumps({"http": bound.http, "https": bound.https, "ca": bound.ca})
