"""Which estate a command is about, from its options. Loads the engine only when the estate is made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from queries.graph import ResourceGraph
    from queries.settings import Settings


@dataclass(frozen=True, slots=True)
class World:
    """An estate that is still to be made or opened. `at` starts its clock there, `advance` (seconds) lets time pass
    before anything is asked, `lag` (seconds) is the longest delay between a change and its being seen. `real_clock`:
    time passes by itself."""

    vms: int = 1000
    seed: int = 7
    estate: str | None = None
    at: datetime | None = None
    lag: float | None = None
    advance: float = 0.0
    real_clock: bool = False

    def open(
        self, settings: Settings | None = None, progress: Callable[[int, int], None] | None = None
    ) -> ResourceGraph:
        """The graph over it."""
        from inventory import Clock, Lag, RealClock, SimulatedClock
        from queries.graph import ResourceGraph

        lag = None if self.lag is None else Lag.none() if self.lag == 0 else Lag(self.lag)
        clock: Clock | None = RealClock() if self.real_clock else None if self.at is None else SimulatedClock(self.at)
        if self.estate is not None:
            graph = ResourceGraph.open(self.estate, clock=clock, lag=lag, settings=settings)
        else:
            graph = ResourceGraph.simulated(
                self.vms, self.seed, clock=clock, lag=lag, settings=settings, progress=progress
            )
        if self.advance:
            graph.advance(self.advance)
        return graph
