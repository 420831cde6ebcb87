"""What every provider of the control plane works with: records, feed, clock, rules, the ledger of operations."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

from inventory.clock import seconds_to_ticks
from inventory.control.bulk import Control
from inventory.control.failures import Failures
from inventory.control.health import Health
from inventory.control.ids import ResourceId
from inventory.control.operation import Ledger
from inventory.control.records import Records
from inventory.feed import Feed
from inventory.rules.profile import CURRENT, Profile
from inventory.store import Store


@dataclass(slots=True)
class Context:
    store: Store
    feed: Feed
    records: Records
    bulk: Control
    ledger: Ledger
    tenant: str
    seed: int
    rules: Profile = CURRENT
    health: Health = field(init=False)
    failures: Failures = field(init=False)
    providers: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.health = Health(self.store, self.feed)
        self.failures = Failures(self.store)

    def now(self) -> int:
        return self.feed.now()

    def draw(self, *words: object) -> float:
        """A number from 0 to below 1 that the seed and the words decide."""
        text = ":".join(map(str, (self.seed, *words)))
        return int.from_bytes(hashlib.md5(text.encode(), usedforsecurity=False).digest()[:6], "big") / (1 << 48)

    def pace(self, spread: tuple[float, float], *words: object) -> int:
        """A duration in ticks, drawn from a spread of seconds."""
        least, most = spread
        return seconds_to_ticks(least + (most - least) * self.draw("pace", *words))

    def guid(self, stream: str, id_: str) -> str:
        """A GUID that the seed and an id decide."""
        text = f"{self.seed}:{stream}:{id_.lower()}"
        digits = hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
        return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-8{digits[17:20]}-{digits[20:]}"

    def provider(self, id_: ResourceId) -> Any:
        return self.providers.get(id_.kind) or self.providers[""]
