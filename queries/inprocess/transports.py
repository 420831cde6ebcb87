"""The application as a transport of azure-core, for sync and async clients: `ComputeManagementClient(..., transport=…)`."""

from __future__ import annotations

import requests
from azure.core.pipeline.transport import AsyncioRequestsTransport, RequestsTransport

from queries.inprocess.adapter import LazuliteAdapter
from queries.inprocess.loopback import Loopback


def session(loopback: Loopback) -> requests.Session:
    """A session whose every address leads to the application."""
    made = requests.Session()
    made.trust_env = False  # proxies and certificates are for requests that go somewhere
    adapter = LazuliteAdapter(loopback)
    made.mount("https://", adapter)
    made.mount("http://", adapter)
    return made


class LazuliteTransport(RequestsTransport):  # type: ignore[misc]  # azure-core states no types for it
    """For sync clients."""

    def __init__(self, loopback: Loopback) -> None:
        super().__init__(session=session(loopback), session_owner=False)


class AsyncLazuliteTransport(AsyncioRequestsTransport):  # type: ignore[misc]  # the same
    """For async clients; the work is done beside the event loop."""

    def __init__(self, loopback: Loopback) -> None:
        super().__init__(session=session(loopback), session_owner=False)
