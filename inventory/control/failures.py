"""Failures on demand: the next operations of a kind go wrong in a chosen way. Knows no resource."""

from __future__ import annotations

import re
from dataclasses import dataclass

from inventory.control.ids import ResourceId
from inventory.errors import InventoryError

MESSAGES = {
    "AllocationFailed": "Allocation failed. We do not have sufficient capacity for the requested VM size in this "
    "region. Read more about improving likelihood of allocation success at https://aka.ms/allocation-guidance",
    "ZonalAllocationFailed": "Allocation failed. We do not have sufficient capacity for the requested VM size in this "
    "zone. Read more about improving likelihood of allocation success at https://aka.ms/allocation-guidance",
    "OverconstrainedAllocationRequest": "Allocation failed. VM(s) with the following constraints cannot be allocated, "
    "because the condition is too restrictive. Please remove some constraints and try again.",
    "SkuNotAvailable": "The requested VM size is currently not available in this location. Please try another size or "
    "deploy to a different location or different zone.",
    "QuotaExceeded": "Operation could not be completed as it results in exceeding approved Total Regional Cores quota.",
    "OSProvisioningTimedOut": "OS Provisioning for VM did not finish in the allotted time. The VM may still finish "
    "provisioning successfully. Please check provisioning state later.",
    "VMAgentStatusCommunicationError": "VM has not reported status for VM agent or extensions. Please verify the VM has "
    "a running VM agent, and can establish outbound connections to Azure storage.",
    "VMExtensionProvisioningError": "VM has reported a failure when processing extension. Error message: 'the process "
    "was ended because the guest is out of memory'.",
    "InternalExecutionError": "An internal execution error occurred. Please retry later.",
}
"""Codes with which Azure lets compute operations fail, and what it says."""

REFUSED = frozenset({"QuotaExceeded", "SkuNotAvailable"})
"""Those that are said at once, so that the operation is never accepted; the others end an accepted operation."""


@dataclass(slots=True)
class _Ordered:
    code: str
    message: str
    where: re.Pattern[str]
    verbs: frozenset[str]
    left: int


class Failures:
    """What has been ordered to go wrong."""

    def __init__(self) -> None:
        self._ordered: list[_Ordered] = []

    def order(self, code: str, *, on: str, during: tuple[str, ...], times: int, message: str | None) -> None:
        """Let the next `times` operations on resources whose id contains `on` fail."""
        if times < 1:
            raise InventoryError("InvalidParameter", f"a failure happens at least once, not {times} times")
        if code not in MESSAGES and message is None:
            raise InventoryError(
                "InvalidParameter", f"'{code}' is no known failure; give its message, or one of: {', '.join(MESSAGES)}"
            )
        pattern = re.compile(re.escape(on), re.IGNORECASE)
        self._ordered.append(_Ordered(code, message or MESSAGES[code], pattern, frozenset(during), times))

    def clear(self) -> None:
        self._ordered.clear()

    def drawn(self, id_: ResourceId, verb: str, now: int) -> InventoryError | None:
        """The failure that an operation about to be accepted will end with. Raises those that refuse it at once."""
        for ordered in self._ordered:
            if ordered.where.search(id_.text) and (not ordered.verbs or verb in ordered.verbs):
                ordered.left -= 1
                if not ordered.left:
                    self._ordered.remove(ordered)
                error = InventoryError(ordered.code, ordered.message)
                if ordered.code in REFUSED:
                    raise error
                return error
        return None
