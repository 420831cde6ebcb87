"""Ctrl+C for a running query. The engine does not look at signals while it works, so it works in another thread."""

from __future__ import annotations

import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from queries.graph import ResourceGraph

T = TypeVar("T")


def interruptibly(graph: ResourceGraph, work: Callable[[], T]) -> T:
    """The value of `work`, which asks `graph`; a KeyboardInterrupt stops its queries and is passed on."""
    with ThreadPoolExecutor(1) as executor:
        running = executor.submit(work)
        try:
            return running.result()
        except KeyboardInterrupt:
            # Whoever presses again while the engine is stopping must not keep it from being stopped.
            before = signal.signal(signal.SIGINT, signal.SIG_IGN)
            try:
                while not running.done():  # an interrupt before the engine has begun would be lost
                    graph.interrupt()
                    wait([running], timeout=0.05)
            finally:
                signal.signal(signal.SIGINT, before)
            raise
