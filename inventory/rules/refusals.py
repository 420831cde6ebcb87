"""What the service says when it refuses something, by the name of the cause.

The first four are the source document's, byte for byte; their `{}` places are filled as the document's examples are.
"""

from __future__ import annotations

from dataclasses import dataclass

from inventory.errors import InventoryError


@dataclass(frozen=True, slots=True)
class Refusal:
    code: str
    message: str


REFUSALS = {
    "not_registered": Refusal(
        "InvalidParameter",
        "The value 'False' of parameter 'singlePlacementGroup' is not allowed. Allowed values are: True",
    ),
    "fault_domain_count": Refusal(
        "InvalidParameter", "The specified fault domain count {count} must fall in the range {least} to {most}."
    ),
    "delete_with_machines": Refusal(
        "OperationNotAllowed",
        "Deletion of Virtual Machine Scale Set is not allowed as it contains one or more VMs. Please delete or detach "
        "the VM(s) before deleting the Virtual Machine Scale Set.",
    ),
    "single_placement_group": Refusal(
        "InvalidParameter",
        "The value 'True' of parameter 'singlePlacementGroup' is not allowed. Allowed values are: False.",
    ),
    "no_batch": Refusal(
        "OperationNotAllowed",
        "The operation '{operation}' is not allowed on the Virtual Machine Scale Set '{name}' in Flexible orchestration "
        "mode. Use the operation of the single virtual machines.",
    ),
    "no_set_view": Refusal(
        "OperationNotAllowed",
        "The instance view of the Virtual Machine Scale Set '{name}' is not available in Flexible orchestration mode. "
        "Use the instance view of the single virtual machines, or Azure Resource Graph.",
    ),
    "too_many_uniform": Refusal(
        "InvalidParameter",
        "The Virtual Machine Scale Set '{name}' with singlePlacementGroup {placement} cannot have {capacity} instances: "
        "{most} is the most.",
    ),
    "too_many_flexible": Refusal(
        "OperationNotAllowed",
        "The Virtual Machine Scale Set '{name}' in Flexible orchestration mode cannot hold {capacity} VMs: {most} is the "
        "most.",
    ),
    "feature": Refusal(
        "OperationNotAllowed",
        "'{feature}' is not supported for {what}: {says}.",
    ),
    "feature_registration": Refusal(
        "SubscriptionNotRegisteredForFeature",
        "The subscription is not registered for the feature Microsoft.Compute/{feature} required to carry out the "
        "requested operation.",
    ),
    "api_version": Refusal(
        "InvalidParameter",
        "Flexible orchestration mode needs API version {least} or later; the request has {given}.",
    ),
    "fixed": Refusal("PropertyChangeNotAllowed", "Changing property '{path}' is not allowed."),
    "missing": Refusal("InvalidParameter", "Required parameter '{path}' is missing (null)."),
    "value": Refusal(
        "InvalidParameter", "The value '{value}' of parameter '{path}' is not allowed. Allowed values are: {allowed}"
    ),
}


def refuse(cause: str, **words: object) -> InventoryError:
    """The error for a cause, its places filled."""
    refusal = REFUSALS[cause]
    return InventoryError(refusal.code, refusal.message.format(**words) if words else refusal.message)
