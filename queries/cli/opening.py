"""The estate that a command is about, from its making to its end; tells of the making where that takes a while."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from queries.world import World

if TYPE_CHECKING:
    from queries.graph import ResourceGraph


@contextmanager
def opened(world: World, quiet: bool = False) -> Iterator[ResourceGraph]:
    """The graph of an estate."""
    slow = world.vms >= 50_000 and world.estate is None and not quiet and sys.stderr.isatty()
    with interruptible() as pressed:
        graph = world.open(progress=_tell_progress if slow else None)
    if slow:
        click.echo("\r\x1b[K", nl=False, err=True)
    try:
        if pressed():
            raise KeyboardInterrupt
        yield graph
    finally:
        graph.close()


def _tell_progress(made: int, wanted: int) -> None:
    click.echo(f"\r\x1b[K{made:,} of {wanted:,} virtual machines made", nl=False, err=True)


@contextmanager
def interruptible() -> Iterator[Callable[[], bool]]:
    """Ctrl+C is never lost within: it waits until the engine is loaded, for which an interrupt is the end of the process,
    other libraries may drop it, and the engine at work makes an error of its own of it. Yields a function that says
    whether it was pressed."""
    pressed = False
    loading = True

    def press(*signal_and_frame: Any) -> None:
        nonlocal pressed
        pressed = True
        if not loading:
            raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, press)
    try:
        import queries.graph  # noqa: F401

        loading = False
        if pressed:
            raise KeyboardInterrupt
        yield lambda: pressed
    except Exception as error:
        if pressed:
            raise KeyboardInterrupt from error
        raise
    finally:
        signal.signal(signal.SIGINT, before)
