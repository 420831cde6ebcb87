"""The engine's cursors: lent for one statement each, watched while they work, and given back. Knows SQL, and no KQL
but for the macros that the language's SQL calls."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import duckdb

import kql
from queries.errors import AnswerTooLarge, QueryFailed, QueryInterrupted, QueryTimeout
from queries.watchdog import WATCHDOG

_IDLE = 8


class Cursors:
    """Cursors over one database, for any number of threads: an open answer owns its connection."""

    def __init__(self, opened: Callable[[], duckdb.DuckDBPyConnection]) -> None:
        self._opened = opened
        self._idle: deque[duckdb.DuckDBPyConnection] = deque()
        self._busy: set[duckdb.DuckDBPyConnection] = set()
        self._macros: set[str] = set()
        self._macros_lock = threading.Lock()

    @contextmanager
    def one(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A cursor of one's own. It goes back for the next query when all went well; after an error it is thrown away,
        because an unfinished answer keeps its connection busy."""
        cursor = self.lent()
        try:
            yield cursor
        except BaseException:
            cursor.close()
            raise
        self.take_back(cursor)

    def lent(self) -> duckdb.DuckDBPyConnection:
        """A cursor that the caller gives back, or closes."""
        try:
            return self._idle.pop()
        except IndexError:
            return self._opened()

    def take_back(self, cursor: duckdb.DuckDBPyConnection) -> None:
        if len(self._idle) < _IDLE:
            self._idle.append(cursor)
        else:
            cursor.close()

    def make_macros(self, cursor: duckdb.DuckDBPyConnection, sql: str) -> None:
        """The macros that a statement calls and that no statement before it did."""
        with self._macros_lock:
            for macro in kql.needed(sql):
                if macro.name not in self._macros:
                    cursor.execute(macro.sql)
                    self._macros.add(macro.name)

    @contextmanager
    def watching(self, cursor: duckdb.DuckDBPyConnection, text: str, timeout: float | None) -> Iterator[None]:
        """While the cursor works: it may be interrupted, it stops in time, and its errors are told in our words."""
        with _stopping(cursor, timeout) as timed_out:
            self._busy.add(cursor)
            try:
                yield
            except duckdb.Error as error:
                if timed_out():
                    raise QueryTimeout(
                        f"the query did not finish within {timeout:g} seconds", text, "give it more time with timeout="
                    ) from error
                raise failure(error, text) from error
            finally:
                self._busy.discard(cursor)

    def interrupt(self) -> None:
        """Stop all that work now; for any thread to call."""
        for cursor in tuple(self._busy):
            cursor.interrupt()

    def close(self) -> None:
        while self._idle:
            self._idle.pop().close()


def ask(
    cursor: duckdb.DuckDBPyConnection, statement: str | duckdb.Statement, bound: Mapping[str, object]
) -> duckdb.DuckDBPyConnection:
    """Run a statement. An empty mapping must not be given: the engine then expects parameters."""
    return cursor.execute(statement, bound) if bound else cursor.execute(statement)


@contextmanager
def _stopping(cursor: duckdb.DuckDBPyConnection, timeout: float | None) -> Iterator[Callable[[], bool]]:
    """Interrupts the cursor after `timeout` seconds; yields a function that says whether that has happened."""
    if timeout is None:
        yield lambda: False
        return
    alarm = WATCHDOG.alarm(timeout, cursor.interrupt)
    try:
        yield lambda: alarm.rang
    finally:
        alarm.call_off()


def failure(error: duckdb.Error, text: str) -> QueryFailed:
    """The engine's error in our words: its first line, without its kind."""
    if isinstance(error, duckdb.InterruptException):
        return QueryInterrupted("the query was stopped", text)
    first, _, _ = str(error).partition("\n")
    if isinstance(error, duckdb.OutOfMemoryException):
        return AnswerTooLarge(f"the query needs more memory than there is: {first}", text)
    return QueryFailed(f"the engine could not answer: {first}", text)
