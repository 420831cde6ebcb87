"""Ctrl+C for a running query. The engine does not look at signals while it works, so it works in another thread."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
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
            graph.interrupt()
            raise
