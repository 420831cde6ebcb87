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
class Edge:
    """Into a state, which lasts a while before the next edge. `power` None: as it was; `gone`: the machine is no more."""

    power: str | None
    provisioning: str
    lasts: tuple[float, float] = (0.0, 0.0)
    """(least, most) seconds until the next edge is taken; of the last edge of an operation it means nothing."""
    disks: str | None = None
    """The state of the machine's disks from here on; None: as it was."""
    gone: bool = False
    hibernated: bool = False


@dataclass(frozen=True, slots=True)
class Operation:
    """`allowed` power states it starts from, `already` those in which there is nothing to do, and its edges in order."""

    name: str
    """As Azure names it in its messages."""
    allowed: frozenset[str]
    already: frozenset[str]
    edges: tuple[Edge, ...]
    overrides: bool = False
    """Whether it may begin while another operation is under way."""


_ANY = frozenset(DISPLAY)
_HELD = frozenset({"running", "stopped"})

OPERATIONS = {
    "create": Operation("create", frozenset(), frozenset(), (
        Edge("creating", "Creating", (8, 20)),
        Edge("starting", "Creating", (10, 25)),
        Edge("running", "Succeeded"),
    )),
    "start": Operation("start", frozenset({"stopped", "deallocated"}), frozenset({"running"}), (
        Edge("starting", "Updating", (12, 35), disks="Attached"),
        Edge("running", "Succeeded"),
    )),
    "power_off": Operation("powerOff", frozenset({"running"}), frozenset({"stopped"}), (
        Edge("stopping", "Updating", (8, 20)),
        Edge("stopped", "Succeeded"),
    )),
    "deallocate": Operation("deallocate", _HELD, frozenset({"deallocated"}), (
        Edge("deallocating", "Updating", (15, 45)),
        Edge("deallocated", "Succeeded", disks="Reserved"),
    )),
    "hibernate": Operation("hibernate", frozenset({"running"}), frozenset(), (
        Edge("deallocating", "Updating", (20, 60)),
        Edge("deallocated", "Succeeded", disks="Reserved", hibernated=True),
    )),
    "restart": Operation("restart", frozenset({"running"}), frozenset(), (
        Edge("starting", "Updating", (10, 25)),
        Edge("running", "Succeeded"),
    )),
    "redeploy": Operation("redeploy", frozenset({"running"}), frozenset(), (
        Edge("deallocating", "Updating", (15, 40)),
        Edge("starting", "Updating", (15, 40)),
        Edge("running", "Succeeded"),
    )),
    "reimage": Operation("reimage", frozenset({"running"}), frozenset(), (
        Edge("stopping", "Updating", (10, 25)),
        Edge("starting", "Updating", (15, 40)),
        Edge("running", "Succeeded"),
    )),
    "reapply": Operation("reapply", _ANY, frozenset(), (
        Edge(None, "Updating", (5, 15)),
        Edge(None, "Succeeded"),
    )),
    "update": Operation("update", _ANY, frozenset(), (
        Edge(None, "Updating", (3, 15)),
        Edge(None, "Succeeded"),
    )),
    "resize": Operation("resize", frozenset({"running"}), frozenset(), (
        Edge("starting", "Updating", (20, 60)),
        Edge("running", "Succeeded"),
    )),
    "evict": Operation("evict", frozenset({"running"}), frozenset(), (
        Edge("deallocating", "Updating", (10, 30)),
        Edge("deallocated", "Succeeded", disks="Reserved"),
    ), overrides=True),
    "shut_down": Operation("shutDown", frozenset({"running"}), frozenset({"stopped"}), (
        Edge("stopped", "Succeeded"),
    )),
    "crash": Operation("crash", frozenset({"running"}), frozenset(), (
        Edge("unknown", "Succeeded", (20, 120)),
        Edge("starting", "Updating", (10, 40)),
        Edge("running", "Succeeded"),
    )),
    "delete": Operation("delete", _ANY, frozenset(), (
        Edge(None, "Deleting", (6, 20)),
        Edge(None, "Deleting", gone=True),
    ), overrides=True),
}  # fmt: skip
"""What can happen to machines. `create` starts from nothing, so no state allows it; `shut_down` (from within the guest),
`evict` (Spot) and `crash` (of the host, after which the service heals the machine) are nobody's request."""

REQUESTED = tuple(
    name for name in OPERATIONS if name not in ("create", "update", "resize", "evict", "shut_down", "crash")
)
"""What may be asked of a machine by name."""
