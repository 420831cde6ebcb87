"""The control plane's door: what is true, asked for and changed one resource at a time, as Azure Resource Manager does.

Documents go in and come out in the form of the resource providers. Every operation is checked against the rules, is
acknowledged when it returns, and reaches the index later.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from inventory.control import (
    containers,
    disks,
    extensions,
    instances,
    machines,
    network,
    run_commands,
    scale_sets,
    sets,
    shared_queries,
    tagging,
)
from inventory.control.assignments import assignments
from inventory.control.bulk import Control
from inventory.control.context import Context
from inventory.control.ids import ResourceId, parse
from inventory.control.looked_at import LookedAt
from inventory.control.operation import Ledger, Operation
from inventory.control.provider import Page, Provider
from inventory.control.records import Records, type_of
from inventory.control.shape_check import AUTOSCALE, well_formed, well_formed_request, without_nulls
from inventory.control.watching import Autoscale, Repairs
from inventory.errors import InventoryError
from inventory.feed import Feed
from inventory.generic import GENERIC
from inventory.passing import Passing
from inventory.rules import comparison
from inventory.rules.profile import Profile, profile_called
from inventory.store import Store

_PROVIDERS: tuple[type[Provider], ...] = (
    Provider,
    containers.Subscriptions,
    containers.ManagementGroups,
    containers.ManagedSubscriptions,
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
    run_commands.RunCommands,
    run_commands.InstanceRunCommands,
    shared_queries.SharedQueries,
    tagging.Tags,
)
_PROFILE = "profile"
_EMBEDDED = (
    ("microsoft.network/virtualnetworks", "subnets", (), True),
    ("microsoft.network/networksecuritygroups", "securityRules", (), True),
    ("microsoft.network/networksecuritygroups", "defaultSecurityRules", (), False),
    ("microsoft.compute/virtualmachinescalesets", "extensions", ("virtualMachineProfile", "extensionProfile"), True),
)
"""Type of the parent, list, where in the properties it stands, and whether it can be changed."""


class ControlPlane:
    """Resources by id. Safe to use from several threads; one operation is checked and written at a time."""

    def __init__(
        self, store: Store, feed: Feed, bulk: Control, tenant: str, seed: int, passing: Passing
    ) -> None:
        ledger = Ledger(store, feed.clock, seed, self._result)
        self._context = Context(store, feed, Records(store, feed, tenant), bulk, ledger, tenant, seed)
        providers = self._context.providers
        for each in _PROVIDERS:
            providers[each.kind] = each(self._context)
        for assignment in assignments():
            providers[assignment.kind] = assignment(self._context)
        for kind, place, within, open_ in _EMBEDDED:
            parts = network.Embedded(self._context, providers[kind], place, within, changeable=open_)
            providers[f"{kind}/{place.lower()}"] = parts

        self._looked_at = LookedAt(self._context)
        self._passing = passing
        self._autoscale = Autoscale(self._context)
        self._repairs = Repairs(self._context)
        for watcher in (self._autoscale.minute, self._repairs.minute):
            passing.watch(watcher)  # an estate that was kept in a file may have something to watch
        kept = store.state(_PROFILE).get(_PROFILE)
        if kept is not None:
            self.profile = str(kept)

    # ---- one resource ----------------------------------------------------------------------------------------------
    def put(self, id: str, document: Mapping[str, Any], *, api_version: str | None = None) -> Operation:
        """Create a resource, or make it what the document says.

        The operation's `document` is the resource at once; its `created` says whether there was none before. Raises
        InventoryError as Azure would refuse it; a refused operation changes nothing.
        """
        id_ = parse(id)
        self._pass_time()
        with self._accepting():
            provider = self._provider(id_)
            given = well_formed(type_of(id_.kind), document, id_.kind)
            if type(provider) is not Provider:  # what has no rules is kept as it comes
                given = without_nulls(given)
            operation = provider.put(id_, given, api_version)
        if id_.kind == AUTOSCALE:
            self._passing.watch(self._autoscale.minute)
        return operation

    def patch(self, id: str, document: Mapping[str, Any], *, api_version: str | None = None) -> Operation:
        """Change some properties of a resource: objects are merged, null takes away, `tags` are replaced."""
        id_ = parse(id)
        self._pass_time()
        with self._accepting():
            return self._provider(id_).patch(id_, well_formed(type_of(id_.kind), document, id_.kind), api_version)

    def get(self, id: str, *, expand: str | None = None) -> dict[str, Any]:
        """The resource as it is now. `expand='instanceView'` adds what a machine is doing.

        Raises InventoryError ResourceNotFound, ResourceGroupNotFound or SubscriptionNotFound.
        """
        id_ = parse(id)
        self._pass_time()
        return self._provider(id_).get(id_, expand)

    def list(
        self,
        scope: str,
        type: str,
        *,
        expand: str | None = None,
        after: str = "",
        most: int | None = None,
        scale_set: str | None = None,
    ) -> list[dict[str, Any]]:
        """All resources of a type in a subscription, a resource group or (for parts) another resource, by id.

        An empty scope means everywhere, an empty type all resources of types that have no table of their own. A
        Flexible scale set lists only the ids of its machines. `after` and `most` cut a page out of a long list: what
        follows that id, in the order of lower-case ids. `scale_set` leaves only the machines of one set.
        """
        self._pass_time()
        place = parse(scope) if scope.strip("/") else None
        provider = self._context.providers.get(type.lower()) or self._context.providers[""]
        if place is not None:
            self._provider(place).get(place)
        page = Page(after, most, expand, scale_set)
        found: list[dict[str, Any]] = provider.listing(place, type, page)
        stayed = self._context.records.imported and type_of(provider.kind) is not GENERIC
        if stayed and scale_set is None:  # those that were imported and are in no table
            found += self._looked_at.listing(place, type, page)
        if after or most is not None:
            found = sorted((each for each in found if each["id"].lower() > after.lower()), key=_lower_id)[:most]
        return found

    def delete(self, id: str, *, force: bool = False) -> Operation:
        """Delete a resource. Deleting what is not there succeeds."""
        id_ = parse(id)
        self._pass_time()
        with self._accepting():
            return self._provider(id_).delete(id_, force)

    def act(self, id: str, action: str, body: Mapping[str, Any] | None = None) -> Operation | Any:
        """Do something to a resource: start, powerOff, restart, deallocate, reapply, redeploy, simulateEviction,
        register ... `instanceView` and the like change nothing and answer a document at once."""
        id_ = parse(id)
        self._pass_time()
        with self._accepting():
            return self._provider(id_).act(id_, action, well_formed_request(body))

    def operation(self, id: str) -> Operation:
        """An accepted operation by its id. Raises InventoryError NotFound."""
        return self._context.ledger.find(id)

    def incarnation(self, id: str) -> int | None:
        """A number that tells a resource from others that have had its id before; None where there is no such resource."""
        self._pass_time()
        row = self._context.records.find(parse(id))
        return None if row is None else int(row["_key"])

    def operations(self) -> Iterator[Operation]:
        """The operations that can still be asked for, the newest first."""
        return self._context.ledger.newest()

    # ---- what is simulated beside the rules -----------------------------------------------------------------------
    def load(self, id: str, percent: float) -> None:
        """Give a scale set so much work, in percent of one machine: 250 keeps two and a half machines busy.

        Its running machines share it evenly, and autoscale settings look at what that makes of their processors.
        """
        row = self._provider(parse(id)).found(parse(id))
        self._autoscale.give(row["id"], percent)

    def report_health(self, id: str, state: str) -> None:
        """Let the application on a machine say how it is: healthy, unhealthy, initializing or unknown.

        The machine must have the Application Health extension, or stand in a Uniform set with a health probe.
        """
        id_ = parse(id)
        row = self._provider(id_).found(id_)
        if row.get("_health") is None:
            raise InventoryError("OperationNotAllowed", f"'{row['name']}' has nothing that would report its health.")
        with self._context.feed.writing():
            self._context.health.report(type_of(id_.kind), row["_key"], state)
        self._passing.watch(self._repairs.minute)

    # ---- rules -----------------------------------------------------------------------------------------------------
    @property
    def profile(self) -> Profile:
        """The rules in force; set it by name: `2021-preview` or `current`."""
        return self._context.rules

    @profile.setter
    def profile(self, name: str | Profile) -> None:
        chosen = name if isinstance(name, Profile) else profile_called(name)
        self._context.rules = chosen
        self._context.store.set_state({_PROFILE: chosen.name})
        removal = "Remove NICs and Disks when deleting VM instances"
        self._context.bulk.keeps_parts = not comparison.supported(chosen.name, removal, "Flexible")

    def fail(
        self, code: str, *, on: str = "", during: str | tuple[str, ...] = (), times: int = 1, message: str | None = None
    ) -> None:
        """Let the next `times` operations on resources whose id contains `on` fail with an error of Azure's.

        `during` narrows it to operations: create, update, start, restart, delete, write (of what is no machine) ...
        Capacity errors such as AllocationFailed end an accepted operation, which leaves its resource as it was but
        Failed; errors of the guest such as OSProvisioningTimedOut leave its machine up; QuotaExceeded and
        SkuNotAvailable refuse it at once.
        """
        verbs = (during,) if isinstance(during, str) else during
        self._context.failures.order(code, on=on, during=verbs, times=times, message=message)

    # ---- inside ----------------------------------------------------------------------------------------------------
    def _pass_time(self) -> None:
        """What the service does by itself has been done up to now."""
        self._passing.until(self._context.now())

    def remember(self) -> None:
        """Write down what an estate in memory only remembers, before it is copied into a file."""
        self._context.ledger.write_all()

    @contextmanager
    def _accepting(self) -> Iterator[None]:
        """An operation is written as a whole or not at all; but the failure that refuses it has happened."""
        try:
            with self._context.feed.writing():
                yield
        except InventoryError:
            self._context.failures.forget_what_was_written()
            raise

    def _provider(self, id_: ResourceId) -> Provider:
        if self._context.records.find_document(id_) is not None:
            return self._looked_at
        return self._context.provider(id_)  # type: ignore[no-any-return]

    def _result(self, id: str) -> dict[str, Any] | None:
        try:
            return self.get(id)
        except InventoryError as error:
            if error.status == 404:
                return None
            raise


def _lower_id(document: Mapping[str, Any]) -> str:
    return str(document["id"]).lower()
