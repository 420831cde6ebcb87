"""The passing of time in an estate: what happens by itself, minute by minute, when the clock has gone on.

Knows who has something to do each minute, not what they do.
"""

from __future__ import annotations

from collections.abc import Callable

from inventory.control.bulk import Control
from inventory.feed import Feed
from inventory.living import MINUTE, Life
from inventory.store import Store

MOST_MINUTES = 1440
"""Minutes that are lived through at once; when the clock has jumped farther, the ones before are skipped."""


_RATE, _LATEST = "life_rate", "life_latest"


class Passing:
    """Minutes that pass. Nothing is done, and nothing costs, as long as nobody lives here and nothing is watched."""

    def __init__(self, store: Store, feed: Feed, control: Control) -> None:
        self._store = store
        self._feed = feed
        self._control = control
        state = store.state()
        rate = float(state.get(_RATE, 0))
        self._life = Life(store, feed, control, rate) if rate else None
        self._latest = int(state[_LATEST]) if rate else feed.now()
        self.watchers: list[Callable[[int], bool]] = []
        """Who has something to do each minute; each is called with the time and says whether it goes on watching."""

    def live(self, rate: float) -> None:
        """Begin to live at a rate, or with 0 end it."""
        self.until(self._feed.now())
        self._life = Life(self._store, self._feed, self._control, rate) if rate else None
        self._latest = self._feed.now()
        with self._store.lock:
            self._store.set_state({_RATE: str(rate), _LATEST: self._latest})

    def watch(self, watcher: Callable[[int], bool]) -> None:
        """Let something be done each minute from now on."""
        if watcher not in self.watchers:
            if not self.watchers and self._life is None:
                self._latest = self._feed.now()
            self.watchers.append(watcher)

    def is_over(self, now: int) -> bool:
        """Whether a minute has passed in which something was to be done. Never waits."""
        return now - self._latest >= MINUTE and (self._life is not None or bool(self.watchers))

    def until(self, now: int) -> int:
        """Let all whole minutes pass up to a time; returns how many."""
        if not self.is_over(now):
            return 0
        with self._store.lock:
            minutes = (now - self._latest) // MINUTE
            first = max(1, minutes - MOST_MINUTES + 1)
            start = self._latest
            self._latest = start + minutes * MINUTE
            for minute in range(first, minutes + 1):
                moment = start + minute * MINUTE
                with self._feed.moment(moment):
                    if self._life is not None:
                        self._life.minute(moment)
                    self.watchers = [watcher for watcher in self.watchers if watcher(moment)]
            if self._life is not None:
                self._store.set_state({_LATEST: self._latest})
        return int(minutes)
