"""The lives of machines as data: power states, and for each operation from where it may start and where it leads.

Azure's facts (which state follows which, which is billed); the durations are plausible, not promised. Knows no tables.
"""

from __future__ import annotations

from dataclasses import dataclass

DISPLAY = {
    "creating": "VM creating",
    "starting": "VM starting",
    "running": "VM running",
    "stopping": "VM stopping",
    "stopped": "VM stopped",
    "deallocating": "VM deallocating",
    "deallocated": "VM deallocated",
    "unknown": "VM status unknown",
}
"""Power states and how Azure displays them; the code is `PowerState/` and the state."""

BILLED = frozenset({"starting", "running", "stopping", "stopped"})
"""The power states in which compute is paid for: a stopped machine still holds its hardware."""

SETTLED = frozenset({"running", "stopped", "deallocated"})
"""The power states that last; the others lead to one of these."""


@dataclass(frozen=True, slots=True)
class Step:
    """What is true of a machine from `after_seconds` on. `power` None: as it was; `gone`: the machine is no more."""

    after_seconds: float
    power: str | None
    provisioning: str
    disks: str | None = None
    """The state of the machine's disks from here on; None: as it was."""
    gone: bool = False


@dataclass(frozen=True, slots=True)
class Operation:
    """`allowed` power states it starts from, `already` those in which there is nothing to do, and its steps."""

    name: str
    """As Azure names it in its messages."""
    allowed: frozenset[str]
    already: frozenset[str]
    steps: tuple[Step, ...]
    overrides: bool = False
    """Whether it may begin while another operation is under way."""


OPERATIONS = {
    "start": Operation(
        "start",
        frozenset({"stopped", "deallocated"}),
        frozenset({"running"}),
        (Step(0, "starting", "Updating", disks="Attached"), Step(20, "running", "Succeeded")),
    ),
    "power_off": Operation(
        "powerOff",
        frozenset({"running"}),
        frozenset({"stopped"}),
        (Step(0, "stopping", "Updating"), Step(8, "stopped", "Succeeded")),
    ),
    "deallocate": Operation(
        "deallocate",
        frozenset({"running", "stopped"}),
        frozenset({"deallocated"}),
        (Step(0, "deallocating", "Updating"), Step(25, "deallocated", "Succeeded", disks="Reserved")),
    ),
    "restart": Operation(
        "restart",
        frozenset({"running"}),
        frozenset(),
        (Step(0, "starting", "Updating"), Step(15, "running", "Succeeded")),
    ),
    "delete": Operation(
        "delete",
        frozenset(DISPLAY),
        frozenset(),
        (Step(0, None, "Deleting"), Step(10, None, "Deleting", gone=True)),
        overrides=True,
    ),
    "create": Operation(
        "create",
        frozenset(),
        frozenset(),
        (Step(0, "creating", "Creating"), Step(12, "starting", "Creating"), Step(30, "running", "Succeeded")),
    ),
}
"""What can be done to machines. `create` starts from nothing, so no state allows it."""
