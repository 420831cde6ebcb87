"""The one clock of an estate. Nothing else in this room reads the time; nothing here knows what it is read for."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

from inventory.errors import InventoryError

TICKS_PER_SECOND = 10_000_000
"""A tick is 100 ns, as in KQL; ticks count from the start of the year 1."""

_YEAR_ONE = datetime(1, 1, 1, tzinfo=UTC)
_UNIX_EPOCH_TICKS = 621_355_968_000_000_000
LATEST = datetime(9990, 1, 1, tzinfo=UTC)
"""No simulated clock goes beyond: what is to come lies before the end of the year 9999, as in KQL."""
DEFAULT_START = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)


def to_ticks(moment: datetime) -> int:
    """Ticks since 0001-01-01 of an instant; a datetime without time zone is taken as UTC."""
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    elapsed = moment - _YEAR_ONE
    return ((elapsed.days * 86_400 + elapsed.seconds) * 1_000_000 + elapsed.microseconds) * 10


def from_ticks(ticks: int) -> datetime:
    """The instant of a number of ticks, in UTC, cut to microseconds."""
    return _YEAR_ONE + timedelta(microseconds=ticks // 10)


def seconds_to_ticks(seconds: float) -> int:
    """A duration in ticks, rounded to the microsecond."""
    return round(seconds * 1_000_000) * 10


class Clock(Protocol):
    """What an estate needs of a clock."""

    @property
    def kind(self) -> str: ...

    def now(self) -> datetime: ...

    def ticks(self) -> int: ...


class Process(Protocol):
    """Something that goes on by itself as time passes: a deployment on its way, say."""

    def due(self) -> datetime | None:
        """When it goes on next; None when nothing is under way."""

    def idle(self) -> bool:
        """Whether nothing is under way. Never waits."""

    def carry_on(self) -> None:
        """Do what is to be done by now."""


class RealClock:
    """The computer's clock, except that it never runs backwards."""

    kind = "real"

    def __init__(self) -> None:
        self._latest = 0
        self._lock = threading.Lock()

    def ticks(self) -> int:
        with self._lock:
            self._latest = max(self._latest, _UNIX_EPOCH_TICKS + time.time_ns() // 100)
            return self._latest

    def now(self) -> datetime:
        return from_ticks(self.ticks())


class SimulatedClock:
    """A clock that moves only when told to; it starts at a fixed instant so that the same seed tells the same story."""

    kind = "simulated"

    def __init__(self, start: datetime = DEFAULT_START) -> None:
        self._ticks = to_ticks(start)
        self._lock = threading.RLock()
        self._processes: list[Process] = []

    def attend(self, process: Process) -> None:
        """From now on, stop at each moment at which the process goes on, and let it."""
        with self._lock:
            self._processes.append(process)

    def ticks(self) -> int:
        return self._ticks

    def now(self) -> datetime:
        return from_ticks(self._ticks)

    def advance(self, seconds: float | timedelta) -> datetime:
        """Let time pass; returns the new now. Time does not run backwards: a negative step is a ValueError.

        Raises InventoryError InvalidClock for a step beyond `LATEST`; the clock stays where it is then."""
        if isinstance(seconds, timedelta):
            seconds = seconds.total_seconds()
        if seconds < 0:
            raise ValueError(f"a clock cannot be advanced by {seconds} seconds: time does not run backwards")
        with self._lock:
            if not seconds <= (LATEST - self.now()).total_seconds():
                raise InventoryError("InvalidClock", f"a clock can be advanced up to the year {LATEST.year}, and no further")
            target = self._ticks + seconds_to_ticks(seconds)
            while (stop := min(self._stops(target), default=None)) is not None:
                self._ticks = stop
                for process in self._processes:
                    process.carry_on()
            self._ticks = target
        return self.now()

    def _stops(self, target: int) -> list[int]:
        """The moments from now to a target at which something goes on, in ticks: the end of their microsecond."""
        found = (process.due() for process in self._processes)
        ticks = (to_ticks(due) + 9 for due in found if due is not None)
        return [each for each in ticks if self._ticks < each <= target]
