"""Azure Resource Manager over HTTP: what `az`, the SDKs and tools like Terraform need of it, over one estate.

`cloud` and `identity` are what a client asks before it logs in; `registry` and `offers` list what there is to be rented,
`activity` what has been done; `resources` serves every resource by its id, from the control plane or (`indexed`) from the
index; `deployments` carries out templates; `long_running` and `paging` are the forms that all of them answer in. Handlers
are functions from `Ask` to `Answer`. Knows HTTP and Azure's wire forms; the rules of resources are the control plane's.
"""

from __future__ import annotations

from starlette.routing import BaseRoute

from inventory.clock import SimulatedClock
from inventory.templates.deployments import Deployments
from queries.http.arm import activity, cloud, identity, offers, registry
from queries.http.arm.deployments import DeploymentRoutes, WorldDoor
from queries.http.arm.long_running import LongRunning
from queries.http.arm.resources import Resources
from queries.http.service import Service


def routes(service: Service) -> list[BaseRoute]:
    """All routes of this room, the general ones last: they take whatever lies below /subscriptions."""
    deployments = Deployments(WorldDoor(service.graph.estate))
    service.graph.estate.processes.append(deployments)
    if isinstance(service.graph.clock, SimulatedClock):
        service.graph.clock.attend(deployments)
    long_running = LongRunning(service)
    return [
        *cloud.routes(service),
        *offers.routes(service),
        *activity.routes(service),
        *long_running.routes(),
        *DeploymentRoutes(service, long_running, deployments).routes(),
        *Resources(service, long_running).routes(),
        *registry.routes(service),
        *identity.routes(service),
    ]
