"""How long operations take: (least, most) seconds by type of resource. Plausible spreads, not promises."""

from __future__ import annotations

AT_ONCE = (0.0, 0.0)

WRITES: dict[str, tuple[float, float]] = {
    "microsoft.compute/virtualmachinescalesets": (6, 18),
    "microsoft.compute/virtualmachines/extensions": (8, 40),
    "microsoft.compute/disks": (2, 5),
    "microsoft.compute/snapshots": (2, 8),
    "microsoft.network/networkinterfaces": (1, 3),
    "microsoft.network/publicipaddresses": (2, 4),
    "microsoft.network/virtualnetworks": (2, 5),
    "microsoft.network/networksecuritygroups": (2, 4),
    "microsoft.network/loadbalancers": (2, 4),
    "microsoft.storage/storageaccounts": (12, 25),
}
"""Creations and updates; what is not named is done at once."""

DELETIONS: dict[str, tuple[float, float]] = {
    "microsoft.compute/virtualmachinescalesets": (8, 25),
    "microsoft.compute/virtualmachines/extensions": (5, 20),
    "microsoft.compute/disks": (1, 3),
    "microsoft.network/networkinterfaces": (1, 5),
    "microsoft.network/publicipaddresses": (2, 8),
    "microsoft.network/virtualnetworks": (2, 8),
    "microsoft.network/networksecuritygroups": (2, 6),
    "microsoft.network/loadbalancers": (2, 6),
    "microsoft.resources/subscriptions/resourcegroups": (15, 60),
    "microsoft.management/managementgroups": (1, 4),
}

RUN_COMMAND = (3.0, 20.0)
"""A script that does nothing, with what the agent needs to fetch it and to report."""
DISK_ACCESS = (1.0, 4.0)

FEATURE_REGISTRATION = (60.0, 900.0)
"""Documented: it can take up to 15 minutes."""
