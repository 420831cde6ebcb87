"""Availability sets: machines side by side on different fault and update domains, all of one region."""

from __future__ import annotations

from typing import Any

from inventory.control.ids import ResourceId
from inventory.control.provider import Provider
from inventory.control.records import Values
from inventory.errors import InventoryError
from inventory.resource_types import AVAILABILITY_SETS, VIRTUAL_MACHINES
from inventory.rules import profile as rules
from inventory.rules.regions import fault_domains


class AvailabilitySets(Provider):
    kind = AVAILABILITY_SETS.type

    def completed(
        self, id_: ResourceId, document: dict[str, Any], earlier: Values | None, api_version: str | None
    ) -> dict[str, Any]:
        given = document["properties"]
        before = {} if earlier is None else earlier["properties"]
        if document.get("zones"):
            raise InventoryError("BadRequest", "An availability set is regional: zones are not supported.")
        document["sku"] = {"name": (document.get("sku") or {}).get("name") or "Classic"}
        aligned = document["sku"]["name"] == "Aligned"
        limits = {
            "platformFaultDomainCount": (fault_domains(document["location"]), 2),
            "platformUpdateDomainCount": (rules.MOST_UPDATE_DOMAINS["AvailabilitySet"], 5),
        }
        for name, (most, usual) in limits.items():
            value = given.setdefault(name, before.get(name) or min(usual, most))
            if before and value != before[name]:
                raise InventoryError("PropertyChangeNotAllowed", f"Changing property '{name}' is not allowed.")
            words = "fault" if "Fault" in name else "update"
            if not isinstance(value, int) or not 1 <= value <= most:
                raise InventoryError(
                    "InvalidParameter",
                    f"The specified {words} domain count {value} must fall in the range 1 to {most}.",
                )
        if not aligned and before and earlier is not None and (earlier["sku"] or {}).get("name") == "Aligned":
            raise InventoryError("PropertyChangeNotAllowed", "Changing property 'sku.name' is not allowed.")
        given.pop("virtualMachines", None)
        given.setdefault("virtualMachines", before.get("virtualMachines") or [])
        return document

    def check_deletable(self, id_: ResourceId, row: Values, force: bool) -> None:
        inside = '"subscriptionId" = $sub AND lower(properties."availabilitySet".id) = $set'
        if self.records.count(VIRTUAL_MACHINES, inside, {"sub": row["subscriptionId"], "set": row["id"].lower()}):
            raise InventoryError(
                "OperationNotAllowed",
                f"Availability Set '{row['name']}' cannot be deleted. Before deleting an Availability Set please ensure "
                "that it does not contain any VM.",
            )
