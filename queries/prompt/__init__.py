"""The prompt: a conversation with one estate in a terminal. Loaded only when it is opened."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from queries.world import World


def prompt(world: World) -> int:
    """Open the prompt over the estate that the options describe; its exit code."""
    from queries.prompt.session import converse

    return converse(world)
