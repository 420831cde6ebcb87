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
    before anything is asked, `lag` (seconds) is the longest delay between a change and its being seen."""

    vms: int = 1000
    seed: int = 7
    estate: str | None = None
    at: datetime | None = None
    lag: float | None = None
    advance: float = 0.0

    def open(
        self, settings: Settings | None = None, progress: Callable[[int, int], None] | None = None
    ) -> ResourceGraph:
        """The graph over it. The grammar is loaded beside the making of the estate, which leaves a core idle."""
        from concurrent.futures import ThreadPoolExecutor

        from queries.graph import ResourceGraph  # noqa: F401 (both threads need it: loaded once, before they part)

        with ThreadPoolExecutor(1) as executor:
            executor.submit(_load_language)
            return self._open(settings, progress)

    def _open(self, settings: Settings | None, progress: Callable[[int, int], None] | None) -> ResourceGraph:
        from inventory import Lag, SimulatedClock
        from queries.graph import ResourceGraph

        lag = None if self.lag is None else Lag.none() if self.lag == 0 else Lag(self.lag)
        clock = None if self.at is None else SimulatedClock(self.at)
        if self.estate is not None:
            graph = ResourceGraph.open(self.estate, clock=clock, lag=lag, settings=settings)
        else:
            graph = ResourceGraph.simulated(
                self.vms, self.seed, clock=clock, lag=lag, settings=settings, progress=progress
            )
        if self.advance:
            graph.advance(self.advance)
        return graph


def _load_language() -> None:
    """Everything that the first query would otherwise wait for: modules, grammar, catalogue."""
    import kql

    kql.check("print 1", kql.Schema(()))
