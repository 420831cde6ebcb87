"""An answer that is read piece by piece: the engine works out only what is asked for. Knows no page and no wire form."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kql import Problem
    from queries.result import Column

Rows = list[tuple[Any, ...]]


class Stream:
    """Rows of one query over one state of the index, that of `version` or later, which it keeps however the index moves on.

    `read` gives the next rows as the engine has them, `done` says that there are no more. For one thread at a time;
    to be closed, unless it is done.
    """

    __slots__ = ("_ahead", "_fetch", "_release", "advice", "as_of", "columns", "done", "forms", "version")

    def __init__(
        self,
        columns: tuple[Column, ...],
        forms: tuple[str, ...],
        as_of: datetime,
        version: int,
        advice: tuple[Problem, ...],
        fetch: Callable[[int], Rows],
        release: Callable[[bool], None],
    ) -> None:
        self.columns = columns
        self.forms = forms
        self.as_of = as_of
        self.version = version
        self.advice = advice
        self.done = False
        self._fetch = fetch
        self._release = release
        self._ahead: Rows = []

    def read(self, count: int) -> Rows:
        """The next `count` rows, fewer at the end. One row is read ahead, so that `done` is known at once."""
        if self.done:
            return []
        try:
            rows = self._ahead + self._fetch(count + 1 - len(self._ahead))
        except BaseException:
            self.done = True
            self._release(False)
            raise
        self._ahead = rows[count:]
        if not self._ahead:
            self.done = True
            self._release(True)
        return rows[:count]

    def close(self) -> None:
        """Stop; nothing more can be read."""
        if not self.done:
            self.done = True
            self._release(False)
