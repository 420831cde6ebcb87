"""What is put beside machines and sets to work on them: autoscale settings, alerts, backup, maintenance, monitoring.

Each asks for one feature of the comparison from what it is about; where that does not have it, it is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from inventory.control import schedules
from inventory.control.ids import ResourceId, parse
from inventory.control.provider import Provider
from inventory.control.records import Values
from inventory.control.shape_check import AUTOSCALE
from inventory.errors import InventoryError
from inventory.resource_types import SCALE_SETS, VIRTUAL_MACHINES
from inventory.rules import comparison

Targets = Callable[[ResourceId, Mapping[str, Any]], Iterable[Any]]


def _extended(id_: ResourceId, properties: Mapping[str, Any]) -> list[str]:
    """What an extension resource extends."""
    return [id_.text.rsplit("/providers/", 1)[0]]


FEATURES: tuple[tuple[str, str, Targets], ...] = (
    # type, feature, what it is about
    (AUTOSCALE, "Automatic Scaling", lambda i, p: [p.get("targetResourceUri")]),
    ("microsoft.insights/metricalerts", "Azure Alerts", lambda i, p: p.get("scopes") or ()),
    ("microsoft.maintenance/configurationassignments", "Maintenance Control", _extended),
    ("microsoft.insights/datacollectionruleassociations", "VM Insights", _extended),
    ("microsoft.recoveryservices/vaults/backupfabrics/protectioncontainers/protecteditems", "Azure Backup",
     lambda i, p: [p.get("sourceResourceId")]),
    ("microsoft.recoveryservices/vaults/replicationfabrics/replicationprotectioncontainers/replicationprotecteditems",
     "Azure Site Recovery", lambda i, p: [(p.get("providerSpecificDetails") or {}).get("fabricObjectId")]),
)  # fmt: skip


def check_autoscale(settings: Mapping[str, Any]) -> None:
    """Raises InventoryError for autoscale settings in which something cannot be understood."""
    schedules.check(settings.get("profiles") or ())
    if not settings.get("targetResourceUri"):
        raise InventoryError("BadRequest", "The autoscale setting names no targetResourceUri.")
    parse(settings["targetResourceUri"])


class Assignment(Provider):
    """One of these types."""

    feature = ""
    targets: Targets

    def completed(
        self, id_: ResourceId, document: dict[str, Any], earlier: Values | None, api_version: str | None
    ) -> dict[str, Any]:
        for target in type(self).targets(id_, document["properties"]):
            if target:
                self.check_target(str(target))
        if self.kind == AUTOSCALE:
            check_autoscale(document["properties"])
        return document

    def check_target(self, target: str) -> None:
        """Raises where what it is about does not exist, or does not have the feature."""
        id_ = parse(target)
        if id_.kind not in (SCALE_SETS.type, VIRTUAL_MACHINES.type):
            return
        row = self.records.find(id_)
        if row is None:
            raise InventoryError("ResourceNotFound", f"The Resource '{target}' was not found.")
        way = self.way(id_, row)
        if way is not None:
            comparison.require(self.context.rules.name, self.feature, way)

    def way(self, id_: ResourceId, row: Values) -> str | None:
        """By which column of the comparison a set or a machine goes; None for a machine that stands alone."""
        if id_.kind == SCALE_SETS.type:
            return str(row["properties"]["orchestrationMode"])
        if row["_set_key"] is not None:
            return "Flexible"
        return "AvailabilitySet" if row["properties"]["availabilitySet"] else None


def assignments() -> list[type[Assignment]]:
    """A provider for each of these types."""
    return [
        type("Assignment", (Assignment,), {"kind": kind, "feature": feature, "targets": staticmethod(targets),
                                           "needs_location": False})
        for kind, feature, targets in FEATURES
    ]  # fmt: skip
