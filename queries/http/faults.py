"""Faults on demand: the next so many requests fail, or are throttled, so that a client's retries can be tested."""

from __future__ import annotations

import threading
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """What the next requests of one kind answer: an HTTP status, a code, and what they are told to wait (seconds)."""

    status: int
    code: str
    message: str
    retry_after: float | None = None


class Faults:
    """Which faults are still to happen: `where` (graph, arm) to a fault and how often."""

    def __init__(self) -> None:
        self._waiting: dict[str, tuple[Fault, int]] = {}
        self._lock = threading.Lock()

    def order(self, where: str, fault: Fault, times: int) -> None:
        """Let the next `times` requests there fail; 0 takes an earlier order back."""
        with self._lock:
            if times > 0:
                self._waiting[where] = (fault, times)
            else:
                self._waiting.pop(where, None)

    def take(self, where: str) -> Fault | None:
        """The fault of this request, if it is to have one."""
        with self._lock:
            waiting = self._waiting.get(where)
            if waiting is None:
                return None
            fault, times = waiting
            if times == 1:
                del self._waiting[where]
            else:
                self._waiting[where] = (fault, times - 1)
            return fault

    def waiting(self) -> dict[str, int]:
        """How many requests are still to fail, by place."""
        with self._lock:
            return {where: times for where, (_, times) in self._waiting.items()}
