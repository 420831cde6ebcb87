"""The control plane's door: what is true, asked for and changed one resource at a time, as Azure Resource Manager does.

Documents go in and come out in the form of the resource providers. Every operation is checked against the rules, is
acknowledged when it returns, and reaches the index later.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from inventory.control import (
    containers,
    disks,
    extensions,
    instances,
    machines,
    network,
    scale_sets,
    sets,
    shared_queries,
)
from inventory.control.bulk import Control
from inventory.control.context import Context
from inventory.control.ids import ResourceId, parse
from inventory.control.operation import Ledger, Operation
from inventory.control.provider import Provider
from inventory.control.records import Records
from inventory.errors import InventoryError
from inventory.feed import Feed
from inventory.rules import comparison
from inventory.rules.profile import Profile, profile_called
from inventory.store import Store

_PROVIDERS: tuple[type[Provider], ...] = (
    Provider,
    containers.Subscriptions,
    containers.ManagementGroups,
    containers.ResourceGroups,
    containers.Features,
    containers.ResourceProviders,
    network.NetworkInterfaces,
    network.PublicIPAddresses,
    network.VirtualNetworks,
    network.NetworkSecurityGroups,
    disks.Disks,
    machines.VirtualMachines,
    extensions.Extensions,
    sets.AvailabilitySets,
    scale_sets.ScaleSets,
    instances.Instances,
    instances.InstanceInterfaces,
    shared_queries.SharedQueries,
)
_EMBEDDED = (
    ("microsoft.network/virtualnetworks", "subnets"),
    ("microsoft.network/networksecuritygroups", "securityRules"),
)


class ControlPlane:
    """Resources by id. Safe to use from several threads; one operation is checked and written at a time."""

    def __init__(self, store: Store, feed: Feed, bulk: Control, tenant: str, seed: int) -> None:
        ledger = Ledger(feed.clock, seed, self._result)
        self._context = Context(store, feed, Records(store, feed, tenant), bulk, ledger, tenant, seed)
        providers = self._context.providers
        for each in _PROVIDERS:
            providers[each.kind] = each(self._context)
        for kind, place in _EMBEDDED:
            providers[f"{kind}/{place.lower()}"] = network.Embedded(self._context, providers[kind], place)

    # ---- one resource ----------------------------------------------------------------------------------------------
    def put(self, id: str, document: Mapping[str, Any], *, api_version: str | None = None) -> Operation:
        """Create a resource, or make it what the document says.

        The operation's `document` is the resource at once; its `created` says whether there was none before. Raises
        InventoryError as Azure would refuse it; a refused operation changes nothing.
        """
        id_ = parse(id)
        with self._context.feed.writing():
            return self._provider(id_).put(id_, document, api_version)

    def patch(self, id: str, document: Mapping[str, Any], *, api_version: str | None = None) -> Operation:
        """Change some properties of a resource: objects are merged, null takes away, `tags` are replaced."""
        id_ = parse(id)
        with self._context.feed.writing():
            return self._provider(id_).patch(id_, document, api_version)

    def get(self, id: str, *, expand: str | None = None) -> dict[str, Any]:
        """The resource as it is now. `expand='instanceView'` adds what a machine is doing.

        Raises InventoryError ResourceNotFound, ResourceGroupNotFound or SubscriptionNotFound.
        """
        id_ = parse(id)
        return self._provider(id_).get(id_, expand)

    def list(self, scope: str, type: str) -> list[dict[str, Any]]:
        """All resources of a type in a subscription, a resource group or (for parts) another resource, by id.

        An empty scope means everywhere. A Flexible scale set lists only the ids of its machines.
        """
        place = parse(scope) if scope.strip("/") else None
        provider = self._context.providers.get(type.lower()) or self._context.providers[""]
        if place is not None:
            self._provider(place).get(place)
        return provider.listing(place, type)  # type: ignore[no-any-return]

    def delete(self, id: str, *, force: bool = False) -> Operation:
        """Delete a resource. Deleting what is not there succeeds."""
        id_ = parse(id)
        with self._context.feed.writing():
            return self._provider(id_).delete(id_, force)

    def act(self, id: str, action: str, body: Mapping[str, Any] | None = None) -> Operation | Any:
        """Do something to a resource: start, powerOff, restart, deallocate, reapply, redeploy, simulateEviction,
        register ... `instanceView` and the like change nothing and answer a document at once."""
        id_ = parse(id)
        with self._context.feed.writing():
            return self._provider(id_).act(id_, action, body or {})

    def operation(self, id: str) -> Operation:
        """An accepted operation by its id. Raises InventoryError NotFound."""
        return self._context.ledger.find(id)

    # ---- rules -----------------------------------------------------------------------------------------------------
    @property
    def profile(self) -> Profile:
        """The rules in force; set it by name: `2021-preview` or `current`."""
        return self._context.rules

    @profile.setter
    def profile(self, name: str | Profile) -> None:
        chosen = name if isinstance(name, Profile) else profile_called(name)
        self._context.rules = chosen
        removal = "Remove NICs and Disks when deleting VM instances"
        self._context.bulk.keeps_parts = not comparison.supported(chosen.name, removal, "Flexible")

    def fail(
        self, code: str, *, on: str = "", during: str | tuple[str, ...] = (), times: int = 1, message: str | None = None
    ) -> None:
        """Let the next `times` operations on resources whose id contains `on` fail with an error of Azure's.

        `during` narrows it to operations: create, update, start, restart, write (of what is no machine) ... Capacity
        errors such as AllocationFailed end an accepted operation, which leaves its resource as it was but Failed;
        QuotaExceeded and SkuNotAvailable refuse it at once.
        """
        verbs = (during,) if isinstance(during, str) else during
        self._context.failures.order(code, on=on, during=verbs, times=times, message=message)

    # ---- inside ----------------------------------------------------------------------------------------------------
    def _provider(self, id_: ResourceId) -> Provider:
        return self._context.provider(id_)  # type: ignore[no-any-return]

    def _result(self, id: str) -> dict[str, Any] | None:
        try:
            return self.get(id)
        except InventoryError as error:
            if error.status == 404:
                return None
            raise
