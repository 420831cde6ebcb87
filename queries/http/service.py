"""What the routes share: the graph, the settings, the workers, and faults that were asked for. Knows no route."""

from __future__ import annotations

import asyncio
import secrets
import threading
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

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
        self._shared: dict[Hashable, Future[Any]] = {}
        self._shared_lock = threading.Lock()
        self._workers = ThreadPoolExecutor(self.settings.workers, "lazulite")

    async def run(self, work: Callable[..., T], *arguments: object) -> T:
        """The value of blocking work, done by a worker while the event loop goes on."""
        return await asyncio.get_running_loop().run_in_executor(self._workers, work, *arguments)

    async def share(self, key: Hashable, work: Callable[..., T], *arguments: object) -> tuple[T, bool]:
        """The value of blocking work that is done once for all who want it while it is under way; and whether it was
        under way already. Goes on although one of them goes away. For any event loop."""
        with self._shared_lock:
            under_way = self._shared.get(key)
            future = under_way or self._workers.submit(work, *arguments)
            if under_way is None:
                self._shared[key] = future
        if under_way is None:  # apart, because what has ended already calls back at once
            future.add_done_callback(lambda _: self._shared.pop(key, None))
        return await asyncio.shield(asyncio.wrap_future(future)), under_way is not None

    async def refresh(self) -> None:
        """Let in what is due by now; those who come together share one refresh."""
        estate = self.graph.estate
        for _ in range(2):  # one that was under way may have begun before something was due; the next one has not
            if estate.is_refreshed():
                return
            _, shared = await self.share("refresh", estate.refresh)
            if not shared:
                return

    def on_close(self, work: Callable[[], None]) -> None:
        """Something to do when the service ends."""
        self._closing.append(work)

    def close(self) -> None:
        """Let the workers finish what they do. The graph belongs to whoever made it."""
        self._workers.shutdown()
        while self._closing:
            self._closing.pop()()
