"""The deployments of an estate: kept by id, and with it, and carried on whenever somebody looks. Knows the control plane as a
`Door`."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any

from inventory.errors import InventoryError
from inventory.templates import keeping
from inventory.templates.deployment import Deployment, Door, prepare, scope_of
from inventory.templates.prediction import Change, changes

REMEMBERED = 800
"""Deployments that are kept; Azure keeps as many in the history of a resource group, and forgets the oldest."""


class Deployments:
    """What has been deployed, and what is being deployed. Safe to use from several threads."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._all: OrderedDict[str, Deployment] = OrderedDict()
        self._running: dict[str, Deployment] = {}
        self._lock = threading.RLock()
        self._recall()

    def check(self, id_: str, properties: Mapping[str, Any]) -> Deployment:
        """The deployment as it would be. Raises TemplateError or InventoryError."""
        return prepare(id_, id_.rsplit("/", 1)[-1], scope_of(id_, self._door), properties, self._door)

    def predict(self, deployment: Deployment, whole: bool) -> list[Change]:
        """What a deployment that was only checked would change."""
        return changes(deployment, self._door, whole=whole)

    def put(self, id_: str, properties: Mapping[str, Any]) -> tuple[Deployment, bool]:
        """Begin a deployment; and whether its name is new. Raises as `check`, and Conflict while one is under way."""
        with self._lock:
            self.carry_on()
            self._forget_with_group(id_)
            earlier = self._all.get(id_.lower())
            if earlier is not None and earlier.ended is None:
                raise InventoryError(
                    "DeploymentActive",
                    f"Unable to edit or replace deployment '{earlier.name}': previous deployment is still active. "
                    "Please see https://aka.ms/arm-deploy for usage details.",
                    409,
                )
            made = self.check(id_, properties)
            self._all[id_.lower()] = self._running[id_.lower()] = made
            self._all.move_to_end(id_.lower())
            while len(self._all) > REMEMBERED:
                oldest = next((key for key, each in self._all.items() if each.ended is not None), None)
                if oldest is None:
                    break
                self._door.remember(self._all.pop(oldest).id, "")
            self.carry_on()
            self._remember(made)
            return made, earlier is None

    def find(self, id_: str) -> Deployment:
        """The deployment with this id. Raises InventoryError DeploymentNotFound."""
        with self._lock:
            self.carry_on()
            self._forget_with_group(id_)
            try:
                return self._all[id_.lower()]
            except KeyError:
                told = f"Deployment '{id_.rsplit('/', 1)[-1]}' could not be found."
                raise InventoryError("DeploymentNotFound", told, 404) from None

    def knows(self, id_: str) -> bool:
        """Whether there is a deployment with this id."""
        with self._lock:
            self._forget_with_group(id_)
            return id_.lower() in self._all

    def within(self, scope: str) -> list[Deployment]:
        """The deployments of a resource group or (directly) a subscription, the oldest first."""
        start = f"{scope.lower()}/providers/"
        with self._lock:
            self.carry_on()
            self._forget_with_group(scope)
            return [each for id_, each in self._all.items() if id_.startswith(start)]

    def cancel(self, id_: str) -> None:
        """Start nothing more of a deployment. Raises InventoryError when it has ended, or is none."""
        with self._lock:
            found = self.find(id_)
            found.cancel(self._door)
            self._remember(found)

    def forget(self, id_: str) -> bool:
        """Take a deployment out of the history; what it has made stays. Whether there was one."""
        with self._lock:
            self._running.pop(id_.lower(), None)
            found = self._all.pop(id_.lower(), None)
            if found is not None:
                self._door.remember(found.id, "")
            return found is not None

    def due(self) -> datetime | None:
        """When the next deployment goes on; None when none is under way."""
        with self._lock:
            return min((due for each in self._running.values() if (due := each.due())), default=None)

    def idle(self) -> bool:
        """Whether no deployment is under way. Never waits."""
        return not self._running

    def carry_on(self) -> None:
        """Carry on what is under way, as far as it goes as of now. Costs nothing when nothing is."""
        if not self._running:
            return
        with self._lock:
            for id_, deployment in list(self._running.items()):
                deployment.advance(self._door)
                if deployment.ended is not None:
                    del self._running[id_]
                    self._remember(deployment)

    def _forget_with_group(self, id_: str) -> None:
        """The history of a resource group ends with it; one that is made again under its name begins without."""
        parts = id_.split("/")
        if len(parts) < 5 or parts[3].lower() != "resourcegroups":
            return
        start = f"{'/'.join(parts[:5])}/".lower()
        mine = [each for key, each in self._all.items() if key.startswith(start)]
        if mine:
            now = self._door.incarnation(parts[2], parts[4])
            for each in mine:
                if each.scope.incarnation != now:
                    self.forget(each.id)

    def _remember(self, deployment: Deployment) -> None:
        self._door.remember(deployment.id, keeping.written(deployment))

    def _recall(self) -> None:
        """What was kept with the estate; without those whose group is no more."""
        found = []
        for id_, text in self._door.remembered().items():
            with suppress(InventoryError, ValueError, LookupError, TypeError, AttributeError):
                found.append(keeping.read(id_, text, self._door))
        for each in sorted(found, key=lambda each: each.started or self._door.now()):
            self._all[each.id.lower()] = each
            if each.ended is None:
                self._running[each.id.lower()] = each
