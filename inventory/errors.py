"""What goes wrong in the world, said with Azure's own codes. Knows nothing but text."""

from __future__ import annotations

HTTP_STATUS = {
    "ResourceNotFound": 404, "ResourceGroupNotFound": 404, "SubscriptionNotFound": 404, "ParentResourceNotFound": 404,
    "NotFound": 404, "FeatureNotFound": 404, "InvalidResourceNamespace": 404, "InstanceIdNotFound": 404,
    "Conflict": 409, "OperationNotAllowed": 409, "PropertyChangeNotAllowed": 409, "AttachDiskWhileBeingDetached": 409,
    "ResourceGroupBeingDeleted": 409, "AnotherOperationInProgress": 429, "MissingSubscriptionRegistration": 409,
    "SubscriptionNotRegisteredForFeature": 409, "SkuNotAvailable": 409, "QuotaExceeded": 409,
    "AllocationFailed": 409, "ZonalAllocationFailed": 409, "OverconstrainedAllocationRequest": 409,
}  # fmt: skip
"""The HTTP status with which Azure Resource Manager answers a code; 400 for all others."""


class InventoryError(Exception):
    """An operation that the control plane refuses.

    `code` is the code that Azure would answer with (`ResourceNotFound`, `OperationNotAllowed`, `Conflict`,
    `InvalidParameter` ...), `message` says what is wrong and, where possible, what would be right; `status` is the
    HTTP status with which Azure Resource Manager would answer.
    """

    def __init__(self, code: str, message: str, status: int | None = None) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = HTTP_STATUS.get(code, 400) if status is None else status
