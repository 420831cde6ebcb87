"""Failures on demand: the next operations of a kind go wrong in a chosen way. Knows no resource."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from inventory.control.ids import ResourceId
from inventory.errors import InventoryError
from inventory.store import Store

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

SILENT = frozenset({"OSProvisioningTimedOut", "VMAgentStatusCommunicationError"})
"""Failures after which a machine runs, but its agent reports nothing."""

IN_THE_GUEST = SILENT | {"VMExtensionProvisioningError"}
"""Failures of what runs on a machine: the machine itself is up."""

REFUSED = frozenset({"QuotaExceeded", "SkuNotAvailable"})
"""Those that are said at once, so that the operation is never accepted; the others end an accepted operation."""


@dataclass(slots=True)
class _Ordered:
    code: str
    message: str
    on: str
    verbs: list[str]
    left: int

    def concerns(self, id_: ResourceId, verb: str) -> bool:
        return self.on.lower() in id_.text.lower() and (not self.verbs or verb in self.verbs)


_FACT = "failures"


class Failures:
    """What has been ordered to go wrong; kept with the estate."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._kept = str(store.state(_FACT).get(_FACT, "[]"))
        self._ordered = [_Ordered(**each) for each in json.loads(self._kept)]
        self._changed = False

    def keep(self) -> None:
        """Write down what is still ordered, where that is not what was written last."""
        now = json.dumps([asdict(each) for each in self._ordered])
        if now != self._kept:
            self._store.set_state({_FACT: now})
            self._kept, self._changed = now, True

    def forget_what_was_written(self) -> None:
        """A transaction was taken back, and with it perhaps what it had written of failures that have happened."""
        if self._changed:
            self._kept = ""
            self.keep()
            self._changed = False

    def order(self, code: str, *, on: str, during: tuple[str, ...], times: int, message: str | None) -> None:
        """Let the next `times` operations on resources whose id contains `on` fail."""
        if times < 1:
            raise InventoryError("InvalidParameter", f"a failure happens at least once, not {times} times")
        if code not in MESSAGES and message is None:
            raise InventoryError(
                "InvalidParameter", f"'{code}' is no known failure; give its message, or one of: {', '.join(MESSAGES)}"
            )
        self._ordered.append(_Ordered(code, message or MESSAGES[code], on, sorted(during), times))
        self.keep()

    def clear(self) -> None:
        self._ordered.clear()
        self.keep()

    def drawn(self, id_: ResourceId, verb: str, now: int) -> InventoryError | None:
        """The failure that an operation about to be accepted will end with. Raises those that refuse it at once."""
        for ordered in self._ordered:
            if ordered.concerns(id_, verb):
                ordered.left -= 1
                if not ordered.left:
                    self._ordered.remove(ordered)
                self.keep()
                error = InventoryError(ordered.code, ordered.message)
                if ordered.code in REFUSED:
                    raise error
                return error
        return None
