"""What the routes share: the graph, the settings, the workers, and faults that were asked for. Knows no route."""

from __future__ import annotations

import asyncio
import secrets
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from queries.graph import ResourceGraph
from queries.http.faults import Faults
from queries.http.settings import ServiceSettings

T = TypeVar("T")


class Service:
    """One running service over one graph. `key` signs what it hands out (skip tokens, access tokens)."""

    def __init__(self, graph: ResourceGraph, settings: ServiceSettings | None = None) -> None:
        self.graph = graph
        self.settings = settings or ServiceSettings()
        self.key = secrets.token_bytes(32)
        self.faults = Faults()
        self.clock_lock = threading.Lock()
        self._closing: list[Callable[[], None]] = []
        self._workers = ThreadPoolExecutor(self.settings.workers, "lazulite")

    async def run(self, work: Callable[..., T], *arguments: object) -> T:
        """The value of blocking work, done by a worker while the event loop goes on."""
        return await asyncio.get_running_loop().run_in_executor(self._workers, work, *arguments)

    def on_close(self, work: Callable[[], None]) -> None:
        """Something to do when the service ends."""
        self._closing.append(work)

    def close(self) -> None:
        """Let the workers finish what they do. The graph belongs to whoever made it."""
        self._workers.shutdown()
        while self._closing:
            self._closing.pop()()
