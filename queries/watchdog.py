"""One thread that rings alarms in time, for all queries of the process: a thread for each query would cost more than
most queries do. Knows no query."""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections.abc import Callable


class Alarm:
    """Something to do at a moment, unless it is called off before. `rang` says whether it was done."""

    __slots__ = ("_action", "_lock", "_off", "rang")

    def __init__(self, action: Callable[[], object]) -> None:
        self._action = action
        self._lock = threading.Lock()
        self._off = False
        self.rang = False

    def ring(self) -> None:
        with self._lock:  # or an alarm that is just called off would disturb what comes next
            if not self._off:
                self.rang = True
                self._action()

    def call_off(self) -> None:
        """Once this returns, the alarm will not ring any more."""
        with self._lock:
            self._off = True

    @property
    def is_off(self) -> bool:
        return self._off


class Watchdog:
    """Sets alarms. Its thread starts with the first of them and lives as long as the process."""

    def __init__(self) -> None:
        self._waiting: list[tuple[float, int, Alarm]] = []
        self._numbers = itertools.count()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def alarm(self, seconds: float, action: Callable[[], object]) -> Alarm:
        """An alarm that does `action` after so many seconds."""
        made = Alarm(action)
        entry = (time.monotonic() + seconds, next(self._numbers), made)
        with self._changed:
            heapq.heappush(self._waiting, entry)
            if self._thread is None or not self._thread.is_alive():  # a forked process has none
                self._thread = threading.Thread(target=self._watch, name="lazulite-watchdog", daemon=True)
                self._thread.start()
            elif self._waiting[0] is entry:
                self._changed.notify()
        return made

    def _watch(self) -> None:
        while True:
            with self._changed:
                while self._waiting and self._waiting[0][2].is_off:
                    heapq.heappop(self._waiting)
                now = time.monotonic()
                if not self._waiting or self._waiting[0][0] > now:
                    self._changed.wait(self._waiting[0][0] - now if self._waiting else None)
                    continue
                due = heapq.heappop(self._waiting)[2]
            due.ring()


WATCHDOG = Watchdog()
