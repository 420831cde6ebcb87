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
    slower (osName, osVersion, computerName), `change_seconds` that of change records, `health_seconds` that of health;
    each of the latter is five times that of rows unless stated: the service documents 60 s and 5 minutes.
    `quantiles` shapes them all: (share of changes, share of the longest delay).

    `lost` is the probability that the index never hears of a change: it learns of it with the next change of the same
    resource that it does hear of, or by the full scan that there is every `scan_hours`, or on request.
    `wandering_case` is the probability that a change comes with an id in other letter case: ids are alike in Azure
    whatever their case, and the service does not keep to one.
    """

    seconds: float = 60.0
    slow_seconds: float | None = None
    quantiles: tuple[tuple[float, float], ...] = TYPICAL
    change_seconds: float | None = None
    health_seconds: float | None = None
    lost: float = 0.0
    scan_hours: float = 30.0
    wandering_case: float = 0.0

    def __post_init__(self) -> None:
        if self.seconds < 0 or min(self.slow_seconds or 0, self.change_seconds or 0, self.health_seconds or 0) < 0:
            raise ValueError("a lag cannot be negative: the index does not see the future")
        if not (0 <= self.lost <= 1 and 0 <= self.wandering_case <= 1):
            raise ValueError("a lag takes probabilities between 0 and 1 for what is lost and for wandering letter case")
        if self.scan_hours <= 0:
            raise ValueError("a lag needs some time between two full scans")
        shares = [share for share, _ in self.quantiles]
        delays = [delay for _, delay in self.quantiles]
        if len(shares) < 2 or shares[0] != 0 or shares[-1] != 1 or shares != sorted(set(shares)):
            raise ValueError("lag quantiles must rise strictly from a share of 0 to a share of 1")
        if delays != sorted(delays) or delays[0] < 0 or delays[-1] > 1:
            raise ValueError("lag quantiles must give rising delays between 0 and 1")

    @classmethod
    def none(cls) -> Lag:
        """No lag at all: the index equals the truth at every moment."""
        return cls(seconds=0.0)

    @property
    def longest_slow_seconds(self) -> float:
        """The longest delay of the slow fields: five times that of rows unless stated."""
        return 5 * self.seconds if self.slow_seconds is None else self.slow_seconds

    @property
    def longest_change_seconds(self) -> float:
        """The longest delay of change records: five times that of rows unless stated."""
        return 5 * self.seconds if self.change_seconds is None else self.change_seconds

    @property
    def longest_health_seconds(self) -> float:
        """The longest delay of health: five times that of rows unless stated."""
        return 5 * self.seconds if self.health_seconds is None else self.health_seconds

    def delay_sql(self, draw: str) -> str:
        """SQL for a row's delay in ticks, given SQL for a whole number drawn evenly from 0 to 65535."""
        return self._sql(draw, self.seconds)

    def slow_delay_sql(self, draw: str) -> str:
        """SQL for the delay of the slow fields in ticks."""
        return self._sql(draw, self.longest_slow_seconds)

    def change_delay_sql(self, draw: str) -> str:
        """SQL for the delay of a change record in ticks."""
        return self._sql(draw, self.longest_change_seconds)

    def health_delay_sql(self, draw: str) -> str:
        """SQL for the delay of a machine's health in ticks."""
        return self._sql(draw, self.longest_health_seconds)

    def lost_sql(self, draw: str) -> str:
        """SQL for whether the index never hears of a change."""
        return "FALSE" if self.lost == 0 else f"({draw} < {round(self.lost * 65536)})"

    def next_scan_sql(self, after: str, origin: int) -> str:
        """SQL for the time of the first full scan after a time; there is one every `scan_hours` from `origin` on."""
        period = seconds_to_ticks(self.scan_hours * 3600)
        return f"({origin} + (greatest(0, {after} - {origin}) // {period} + 1) * {period})"

    def wandering_id_sql(self, id_: str, draw: str) -> str:
        """SQL for an id as it comes with a change: as it is, or with its provider and its group's keyword in lower case.

        The names that people gave keep their case, so that an id can wander back.
        """
        if self.wandering_case == 0:
            return id_
        lowered = f"replace(replace({id_}, '/resourceGroups/', '/resourcegroups/'), '/Microsoft.', '/microsoft.')"
        back = f"replace(replace({id_}, '/resourcegroups/', '/resourceGroups/'), '/microsoft.', '/Microsoft.')"
        return f"(CASE WHEN {draw} < {round(self.wandering_case * 65536)} THEN {lowered} ELSE {back} END)"

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
