"""An Azure of one's own in this process: the graph, its service, and what clients need to reach it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self
from unittest.mock import patch
from urllib.parse import urlsplit

from inventory import Clock, Estate
from queries.graph import ResourceGraph
from queries.http.app import application
from queries.http.service import Service
from queries.http.settings import ServiceSettings
from queries.inprocess.credentials import AsyncCredential, Credential
from queries.inprocess.loopback import Loopback

if TYPE_CHECKING:
    from queries.inprocess.transports import AsyncLazuliteTransport, LazuliteTransport

ENDPOINT = "https://management.azure.com"
HOSTS = frozenset({"management.azure.com", "login.microsoftonline.com"})
"""Addresses that `endpoints` leads here, whoever in this process asks them."""


class Local:
    """A graph with its service. `quota` is off unless the settings bring one: tests ask often.

    `transport` and `async_transport` are for clients that are given one; within `endpoints()` clients that are given
    nothing, neither address nor credential, end here too.
    """

    endpoint = ENDPOINT

    def __init__(self, graph: ResourceGraph, settings: ServiceSettings | None = None) -> None:
        self.graph = graph
        self.service = Service(graph, settings or ServiceSettings(quota=None))
        self.loopback = Loopback(application(self.service))
        token = self.service.settings.token or "lazulite"
        self.credential = Credential(token)
        self.async_credential = AsyncCredential(token)

    @classmethod
    def simulated(cls, vms: int = 50, seed: int = 7, *, settings: ServiceSettings | None = None, **more: Any) -> Self:
        """Over a new estate; `more` is what `ResourceGraph.simulated` takes."""
        return cls(ResourceGraph.simulated(vms, seed, **more), settings)

    @property
    def estate(self) -> Estate:
        """The world itself, as its owner sees it."""
        return self.graph.estate

    @property
    def clock(self) -> Clock:
        """The only clock; a simulated one has `advance(seconds)`."""
        return self.graph.clock

    @property
    def subscription_id(self) -> str:
        """A subscription that has machines: the one with most of them."""
        text = "resources | where type == 'microsoft.compute/virtualmachines' | summarize n = count() by subscriptionId"
        return str(self.graph.query(f"{text} | top 1 by n").rows()[0][0])

    @property
    def transport(self) -> LazuliteTransport:
        """A transport for sync clients of azure-core."""
        from queries.inprocess.transports import LazuliteTransport

        return LazuliteTransport(self.loopback)

    @property
    def async_transport(self) -> AsyncLazuliteTransport:
        """A transport for async clients of azure-core."""
        from queries.inprocess.transports import AsyncLazuliteTransport

        return AsyncLazuliteTransport(self.loopback)

    @contextmanager
    def endpoints(self) -> Iterator[Self]:
        """While this lasts, Azure's public addresses lead here for everything in this process that uses `requests` or
        azure-core, and `DefaultAzureCredential` finds a managed identity."""
        import requests

        from queries.inprocess.adapter import LazuliteAdapter

        ours, found = LazuliteAdapter(self.loopback), requests.Session.get_adapter

        def get_adapter(session: requests.Session, url: str) -> Any:
            return ours if urlsplit(url).hostname in HOSTS else found(session, url)

        identity = {
            "IDENTITY_ENDPOINT": f"{ENDPOINT}/msi/token",
            "IDENTITY_HEADER": self.service.settings.token or "lazulite",
            "AZURE_TOKEN_CREDENTIALS": "ManagedIdentityCredential",  # or others look for tools and ask the network
        }
        patched = patch.object(requests.Session, "get_adapter", get_adapter)
        with patched, patch.dict(os.environ, identity), self._async_endpoints():
            yield self

    @contextmanager
    def _async_endpoints(self) -> Iterator[None]:
        """The same for async clients, where azure-core and aiohttp are installed."""
        try:
            from azure.core.pipeline.transport import AioHttpTransport
        except ImportError:
            yield
            return
        ours, sent = self.async_transport, AioHttpTransport.send

        async def send(transport: AioHttpTransport, request: Any, **options: Any) -> Any:
            if urlsplit(request.url).hostname in HOSTS:
                return await ours.send(request, **options)
            return await sent(transport, request, **options)

        with patch.object(AioHttpTransport, "send", send):
            yield

    def close(self) -> None:
        """Give everything back, the graph too."""
        self.loopback.close()
        self.service.close()
        self.graph.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
