"""The ASGI application: groups of routes under one edge. To add a group, write a module with `routes` and name it here."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.routing import Match, Router
from starlette.types import ASGIApp, Scope

from queries.graph import ResourceGraph
from queries.http import arm, control, explorer, resource_graph
from queries.http.edge import Edge
from queries.http.routing import ArmRoute
from queries.http.service import Service
from queries.http.settings import ServiceSettings

GROUPS = (resource_graph, control, explorer, arm)
"""In the order in which they are tried: what is asked most comes first, what takes whatever is left comes last."""


def create_app(graph: ResourceGraph, settings: ServiceSettings | None = None) -> ASGIApp:
    """The application over a graph, which stays the caller's to close."""
    return application(Service(graph, settings))


def application(service: Service) -> ASGIApp:
    """The application over a service that others may share."""

    @asynccontextmanager
    async def lifespan(_: object) -> AsyncIterator[None]:
        yield
        service.close()

    found = [route for group in GROUPS for route in group.routes(service)]
    public = [route for route in found if isinstance(route, ArmRoute) and route.public]

    def is_public(scope: Scope) -> bool:
        return any(route.matches(scope)[0] is Match.FULL for route in public)

    return Edge(Router(found, redirect_slashes=False, lifespan=lifespan), service.settings, service.key, is_public)
