"""Managed disks: made empty or from an image, held by a machine, left over by it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from inventory.control.ids import ResourceId
from inventory.control.operation import Operation
from inventory.control.provider import Provider
from inventory.control.records import Image, Values, written
from inventory.errors import InventoryError
from inventory.resource_types import DISKS
from inventory.rules import pace

_PREMIUM_TIERS = ((32, "P4", 120), (64, "P6", 240), (128, "P10", 500), (256, "P15", 1100), (512, "P20", 2300),
                  (1024, "P30", 5000), (2048, "P40", 7500), (4096, "P50", 7500), (1 << 20, "P60", 16000))  # fmt: skip
"""(up to GB, performance tier, operations per second)"""


def disk_properties(size_gb: int, kind: str) -> dict[str, Any]:
    """What the size and the storage type of a disk decide."""
    made: dict[str, Any] = {"diskSizeGB": size_gb, "diskSizeBytes": size_gb << 30}
    if kind.startswith("Premium"):
        _, tier, operations = next(each for each in _PREMIUM_TIERS if size_gb <= each[0])
        return {**made, "tier": tier, "diskIOPSReadWrite": operations, "diskMBpsReadWrite": 25 + operations // 25}
    return {**made, "diskIOPSReadWrite": 500, "diskMBpsReadWrite": 60}


class Disks(Provider):
    kind = "microsoft.compute/disks"

    def completed(
        self, id_: ResourceId, document: dict[str, Any], earlier: Values | None, api_version: str | None
    ) -> dict[str, Any]:
        given = document["properties"]
        before = {} if earlier is None else earlier["properties"]
        created = before.get("creationData") or {}
        creation = given.get("creationData") or (created and {"createOption": created["createOption"]})
        if not creation or not creation.get("createOption"):
            raise InventoryError("InvalidParameter", "Required parameter 'disk.creationData' is missing (null).")
        given["creationData"] = creation
        kind = (document.get("sku") or {}).get("name") or "Standard_LRS"
        document["sku"] = {"name": kind, "tier": kind.split("_")[0].replace("StandardSSD", "Standard")}
        size = given.get("diskSizeGB") or before.get("diskSizeGB") or 30
        if creation["createOption"] == "Empty" and not given.get("diskSizeGB") and not before:
            raise InventoryError("InvalidParameter", "Required parameter 'disk.diskSizeGB' is missing (null).")
        if size < (before.get("diskSizeGB") or 0):
            raise InventoryError(
                "OperationNotAllowed",
                f"Disk resize is not allowed from {before['diskSizeGB']} GB to {size} GB: a disk cannot shrink.",
            )
        given.update(disk_properties(int(size), kind))
        for name, value in (
            ("encryption", {"type": "EncryptionAtRestWithPlatformKey"}),
            ("networkAccessPolicy", "AllowAll"),
            ("publicNetworkAccess", "Enabled"),
        ):
            given.setdefault(name, value)
        given["timeCreated"] = before.get("timeCreated") or written(self.context.now())
        given["uniqueId"] = before.get("uniqueId") or self.context.guid("disk", document["id"])
        given["diskState"] = before.get("diskState") or "Unattached"
        given["provisioningState"] = "Succeeded"
        if earlier is not None and earlier["managedBy"]:
            document["managedBy"] = earlier["managedBy"]
        return document

    def inner(self, id_: ResourceId, document: Mapping[str, Any], earlier: Values | None) -> dict[str, Any]:
        return {} if earlier is not None else {"_goes_with_vm": False}

    def check_deletable(self, id_: ResourceId, row: Values, force: bool) -> None:
        if row["managedBy"]:
            raise InventoryError("OperationNotAllowed", f"Disk {row['name']} is attached to VM {row['managedBy']}.")

    def act(self, id_: ResourceId, action: str, body: Mapping[str, Any]) -> Operation | Any:
        name = action.lower()
        if name == "begingetaccess":
            return self._grant(id_, body)
        if name == "endgetaccess":
            return self._shared(id_, "revokeAccess", "ActiveSAS", "Unattached", None)
        return super().act(id_, action, body)

    def _grant(self, id_: ResourceId, body: Mapping[str, Any]) -> Operation:
        """An address at which a free disk could be read for a while; nothing answers there."""
        seconds, access = body.get("durationInSeconds"), body.get("access")
        if access not in ("Read", "Write") or not isinstance(seconds, int) or seconds < 1:
            raise InventoryError("InvalidParameter", "'access' is Read or Write, 'durationInSeconds' a whole number.")
        unique = self.found(id_)["properties"]["uniqueId"]
        place = f"https://md-{unique[:12].replace('-', '')}.blob.core.windows.net/{unique[-12:]}/abcd?sr=b&sp={access[0].lower()}"
        return self._shared(id_, "grantAccess", "Unattached", "ActiveSAS", {"accessSAS": place})

    def _shared(
        self, id_: ResourceId, name: str, before: str, after: str, answer: dict[str, Any] | None
    ) -> Operation:
        """Let a disk be shared, or no longer, which holds at once; what it answers comes in a while."""
        row, now = self.found(id_), self.context.now()
        state = row["properties"]["diskState"]
        if state not in (before, after):
            raise InventoryError(
                "OperationNotAllowed", f"'{name}' is not allowed on disk '{row['name']}' since it is in state '{state}'."
            )
        self.records.write(DISKS, [Image(0, {**row, "properties": {**row["properties"], "diskState": after}})], row["_key"])
        ends = now + self.context.pace(pace.DISK_ACCESS, name, row["id"].lower(), now)
        return self.context.ledger.enter(name, row["id"], ends, document=answer, answers=True)
