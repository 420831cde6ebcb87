"""The limits of asking, as one value. Knows neither the language nor the world."""

from __future__ import annotations

from dataclasses import dataclass

MOST_ROWS = 2**31 - 2
"""The most rows that the engine hands out as tuples."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What a graph allows a query. None means no limit.

    `timeout` is in seconds. `max_rows` counts rows of the answer, `max_bytes` the bytes that its rows hold (the service
    stops at 16 MiB and pages at 1,000 rows; a library need not). `plans` is how many compiled queries are kept.
    """

    timeout: float | None = None
    max_rows: int | None = None
    max_bytes: int | None = None
    plans: int = 256

    def __post_init__(self) -> None:
        for name in ("timeout", "max_rows", "max_bytes"):
            limit = getattr(self, name)
            if limit is not None and limit <= 0:
                raise ValueError(f"{name} must be greater than zero, or None for no limit; it is {limit}")
        if self.plans < 1:
            raise ValueError(f"plans must be at least 1; it is {self.plans}")
