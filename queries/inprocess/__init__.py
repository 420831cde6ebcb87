"""The service without sockets: Azure's real SDKs, and any tool built on them, run against an estate in their own process.

`Local` is the way in; `plugin` makes pytest fixtures of it. Loads an SDK's library only where that SDK is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from queries.inprocess.local import Local
    from queries.inprocess.transports import AsyncLazuliteTransport, LazuliteTransport

_HOMES = {
    "AsyncLazuliteTransport": "queries.inprocess.transports",
    "LazuliteTransport": "queries.inprocess.transports",
    "Local": "queries.inprocess.local",
}

__all__ = ["AsyncLazuliteTransport", "LazuliteTransport", "Local"]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'queries.inprocess' has no attribute '{name}'")
    from importlib import import_module

    return getattr(import_module(home), name)
