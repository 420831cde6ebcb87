"""Two things at once where a process starts: the engine makes an estate while the language is loaded. Knows neither."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Thread

_TURN = 0.0005
"""Seconds that one thread may keep the interpreter from the other. An estate is made by some two hundred statements,
most of them shorter than Python's usual five milliseconds, for which the engine would wait after each."""


@contextmanager
def meanwhile(work: Callable[[], None]) -> Iterator[None]:
    """While what stands in the block is done, `work` is done in a thread of its own. Both are done at the end."""
    before = sys.getswitchinterval()
    thread = Thread(target=work, name="meanwhile")  # no daemon: a process that ends waits for it
    sys.setswitchinterval(min(before, _TURN))
    thread.start()
    try:
        yield
        thread.join()
    finally:
        sys.setswitchinterval(before)
