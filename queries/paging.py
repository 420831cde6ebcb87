"""Answers in pages, as the service gives them: by offset over an index that moves on between one page and the next.

A page is a query of its own. Where the index has not changed since the page before, the engine's answer is still open
and simply read on; so paging to the end of an answer costs little more than asking for it once. Knows no wire form.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from queries.result import Column
from queries.stream import Rows, Stream

if TYPE_CHECKING:
    from queries.graph import ResourceGraph
    from queries.profile import Profile

CUTTING = frozenset({"take", "sample"})
"""Operators that stop paging (`limit` is another name of take)."""

DEAR = 0.1
"""Seconds from which on beginning an answer is dear, so that it may be read on for a moment longer."""
FAR = 10_000
"""Rows from which on it is dear to begin behind them."""
PAYS = 10
"""An answer is read on for so many times as long as beginning it took; so at most a tenth of the work is beginning anew."""
LONGEST = 30.0
"""Seconds for which an answer is read on at most: half of what the index may lag behind anyway."""


@dataclass(frozen=True, slots=True)
class Page:
    """Rows of an answer. `total` counts those of the whole answer, `more` says that rows follow these.

    `cut`: take, limit or sample in the query have left rows out. `skip` is where the page really begins. `fixed`: as long as the
    index stays at `version`, so does the page.
    """

    columns: tuple[Column, ...]
    forms: tuple[str, ...]
    rows: Rows
    skip: int
    total: int
    more: bool
    cut: bool
    fixed: bool
    version: int
    as_of: datetime


@dataclass(frozen=True, slots=True)
class _Open:
    """An answer that has been read up to the row of its key, and what beginning it took (seconds)."""

    stream: Stream
    total: int
    begun: float
    cost: float
    touched: float


Key = tuple[str, object, tuple[str, ...], int, int | None]


class Pager:
    """Pages of one graph. Safe to use from several threads.

    Keeps at most `keep` answers open, none longer than `idle` seconds without being read. On the real clock an answer
    that is dear to begin anew is read on for `patience` seconds, or longer where that pays, whether or not the index has
    moved: the service promises no more than "a few seconds" either. On a simulated clock every page shows the index as it is.
    """

    def __init__(self, graph: ResourceGraph, *, keep: int = 8, idle: float = 60.0, patience: float = 5.0) -> None:
        self._graph = graph
        self._keep = keep
        self._idle = idle
        self._patience = patience
        self._open: OrderedDict[Key, _Open] = OrderedDict()
        self._lock = threading.Lock()

    def page(
        self,
        text: str,
        *,
        profile: str | Profile,
        subscriptions: Sequence[str] | None = None,
        skip: int = 0,
        top: int = 1000,
        timeout: float | None = None,
        shuffle: int | None = None,
    ) -> Page:
        """`top` rows of a query from row `skip` on. `skip` does not hold where take, limit or sample cut the answer.

        `shuffle` is a seed: rows that the query does not sort come in an order that it draws, the same for all pages of
        one seed. Raises as `ResourceGraph.query` does.
        """
        graph = self._graph
        compiled = graph.compile(text, profile=profile, subscriptions=subscriptions)
        cutting = bool(compiled.operators & CUTTING)
        skip = 0 if cutting else skip
        scope = tuple(subscriptions or ())
        opened = self._resume((text, profile, scope, skip, shuffle))
        begun = time.monotonic()
        if opened is None:
            stream = graph.stream(
                text, profile=profile, subscriptions=subscriptions, timeout=timeout, skip=skip, shuffle=shuffle
            )
            total = -1
        else:
            stream, total, begun = opened.stream, opened.total, opened.begun
        rows = stream.read(top)
        if stream.done and (rows or skip == 0):
            total = skip + len(rows)
        elif total < 0:
            total = graph.count(text, profile=profile, subscriptions=subscriptions, timeout=timeout, refresh=False)
        more = not stream.done
        cost = time.monotonic() - begun if opened is None else opened.cost
        if more and not cutting:
            now = time.monotonic()
            reached = skip + len(rows)
            left = _Open(stream, total, begun, cost, now)
            self._put_by((text, profile, scope, reached, shuffle), left)
        else:
            stream.close()
        cut = cutting and (
            more
            or graph.count(
                text, profile=profile, subscriptions=subscriptions, timeout=timeout, loosened=True, refresh=False
            )
            > total
        )
        settled = shuffle is None or compiled.is_ordered
        fixed = compiled.is_fixed and settled and graph.estate.version == stream.version
        return Page(stream.columns, stream.forms, rows, skip, total, more, cut, fixed, stream.version, stream.as_of)

    @property
    def reads_on(self) -> bool:
        """Whether an answer may be open that is read on without looking at the index. Never waits."""
        return self._graph.clock.kind == "real" and bool(self._open)

    def close(self) -> None:
        """Close every open answer."""
        with self._lock:
            left = list(self._open.values())
            self._open.clear()
        for each in left:
            each.stream.close()

    def _resume(self, key: Key) -> _Open | None:
        """The open answer that goes on at a row, if it still shows what the index shows."""
        now = time.monotonic()
        with self._lock:
            opened = self._open.pop(key, None)
            stale = [each for each in self._open.items() if now - each[1].touched > self._idle]
            for gone, _ in stale:
                del self._open[gone]
        for _, each in stale:
            each.stream.close()
        if opened is None or self._may_go_on(opened, key[3], now):
            return opened
        self._graph.refresh()
        if opened.stream.version == self._graph.estate.version:
            return opened
        opened.stream.close()
        return None

    def _may_go_on(self, opened: _Open, reached: int, now: float) -> bool:
        """Whether an answer is read on without asking whether the index has moved."""
        dear = opened.cost >= DEAR or reached >= FAR
        patience = min(max(self._patience, PAYS * opened.cost), LONGEST) if self._patience else 0.0
        return self._graph.clock.kind == "real" and dear and now - opened.begun <= patience

    def _put_by(self, key: Key, opened: _Open) -> None:
        with self._lock:
            spare = [self._open.pop(key, None)]
            self._open[key] = opened
            while len(self._open) > self._keep:
                spare.append(self._open.popitem(last=False)[1])
        for each in spare:
            if each is not None:
                each.stream.close()
