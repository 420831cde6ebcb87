"""How late the index hears of a change: a distribution as data, and the SQL that draws from it.

Knows nothing of what changes. Whole numbers only, so that a seed gives the same delays on every machine.
"""

from __future__ import annotations

from dataclasses import dataclass

from inventory.clock import seconds_to_ticks

TYPICAL: tuple[tuple[float, float], ...] = (
    (0.00, 0.02),
    (0.10, 0.10),
    (0.50, 0.30),
    (0.90, 0.60),
    (0.99, 0.90),
    (1.00, 1.00),
)
"""Quantiles of the delay as shares of the longest one: for 60 s, half of the changes show within 18 s, nine in ten
within 36 s, none later than 60 s. Microsoft documents "up to 60 seconds" and "usually within seconds"."""


@dataclass(frozen=True, slots=True)
class Lag:
    """How long a change takes from the control plane to the index.

    `seconds` is the longest delay of a row, `slow_seconds` that of the three fields which the service documents as
    slower (osName, osVersion, computerName). `quantiles` shapes both: (share of changes, share of the longest delay).
    """

    seconds: float = 60.0
    slow_seconds: float | None = None
    quantiles: tuple[tuple[float, float], ...] = TYPICAL

    def __post_init__(self) -> None:
        if self.seconds < 0 or (self.slow_seconds is not None and self.slow_seconds < 0):
            raise ValueError("a lag cannot be negative: the index does not see the future")
        shares = [share for share, _ in self.quantiles]
        delays = [delay for _, delay in self.quantiles]
        if len(shares) < 2 or shares[0] != 0 or shares[-1] != 1 or shares != sorted(set(shares)):
            raise ValueError("lag quantiles must rise strictly from a share of 0 to a share of 1")
        if delays != sorted(delays) or delays[0] < 0 or delays[-1] > 1:
            raise ValueError("lag quantiles must give rising delays between 0 and 1")

    @classmethod
    def none(cls) -> Lag:
        """No lag at all: the index equals the truth at every moment."""
        return cls(seconds=0.0, slow_seconds=0.0)

    @property
    def longest_slow_seconds(self) -> float:
        """The longest delay of the slow fields: five times that of rows unless stated."""
        return 5 * self.seconds if self.slow_seconds is None else self.slow_seconds

    def delay_sql(self, draw: str) -> str:
        """SQL for a row's delay in ticks, given SQL for a whole number drawn evenly from 0 to 65535."""
        return self._sql(draw, self.seconds)

    def slow_delay_sql(self, draw: str) -> str:
        """SQL for the delay of the slow fields in ticks."""
        return self._sql(draw, self.longest_slow_seconds)

    def _sql(self, draw: str, longest: float) -> str:
        if longest == 0:
            return "0::BIGINT"
        pieces = []
        for (share, delay), (next_share, next_delay) in zip(self.quantiles, self.quantiles[1:], strict=False):
            low, high = round(share * 65536), round(next_share * 65536)
            start, end = seconds_to_ticks(delay * longest) // 10, seconds_to_ticks(next_delay * longest) // 10
            slope = f"({draw} - {low}) * {end - start} // {max(1, high - low)}"
            pieces.append(f"WHEN {draw} < {high} THEN ({start} + {slope}) * 10")
        return f"(CASE {' '.join(pieces)} END)::BIGINT"
