"""A resource graph: one estate, asked in KQL. Joins the language to the world and knows the insides of neither."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any, Self

import duckdb

import kql
from inventory import Estate, Perspective, SimulatedClock
from queries.cursors import Cursors, ask
from queries.errors import AnswerTooLarge
from queries.meanwhile import meanwhile
from queries.plans import Look, Plan, Plans
from queries.profile import KUSTO, Profile
from queries.result import Result, Timings
from queries.settings import MOST_ROWS, Settings
from queries.stream import Stream

if TYPE_CHECKING:
    import pyarrow as pa

    from inventory import Clock, History, ImportReport, Lag, VirtualMachine
    from queries.comparison import Comparison

# A large answer begins as rows and ends as Arrow, both from one execution. The engine warns that this copies; measured,
# the copy costs 15 ms for 1,000,000 rows, where asking anew would run the query twice.
warnings.filterwarnings("ignore", "Arrow output on a DB-API result", UserWarning)

SMALL = 4096
"""Rows up to here are fetched as tuples (1.5 us a row); what comes after stays Arrow (0.1 us a row) until asked for."""


class ResourceGraph:
    """Azure Resource Graph over one estate. Safe to use from several threads; each query sees one consistent state.

    >>> graph = ResourceGraph.simulated(vms=1000, seed=7)
    >>> graph.query("resources | summarize count() by type").rows()
    """

    def __init__(self, estate: Estate, *, settings: Settings | None = None) -> None:
        self.estate = estate
        self.settings = settings or Settings()
        self._closed = False
        self._cursors = Cursors(lambda: estate.cursor(()))  # each plan has its tables prepared
        self._plans = Plans(estate, self._cursors, self.settings)

    # ---- where it comes from ---------------------------------------------------------------------------------------
    @classmethod
    def simulated(
        cls,
        vms: int = 1000,
        seed: int = 7,
        *,
        clock: Clock | None = None,
        lag: Lag | None = None,
        history: History | None = None,
        settings: Settings | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> Self:
        """A graph over a new estate in memory. The same `vms` and `seed` give the same estate, byte for byte.

        Without a clock of your own it has a simulated one, which moves only by `graph.clock.advance(seconds)`.
        """
        with meanwhile(kql.load):
            estate = Estate.simulated(vms, seed, clock=clock, lag=lag, history=history, progress=progress)
        return cls(estate, settings=settings)

    @classmethod
    def open(
        cls,
        path: str | Path,
        *,
        clock: Clock | None = None,
        lag: Lag | None = None,
        history: History | None = None,
        settings: Settings | None = None,
    ) -> Self:
        """A graph over the estate kept in one DuckDB file (made by `create`)."""
        return cls(Estate.open(path, clock=clock, lag=lag, history=history), settings=settings)

    @classmethod
    def create(
        cls,
        path: str | Path,
        vms: int = 1000,
        seed: int = 7,
        *,
        clock: Clock | None = None,
        lag: Lag | None = None,
        history: History | None = None,
        settings: Settings | None = None,
    ) -> Self:
        """A graph over a new estate that is kept in a new DuckDB file."""
        return cls(Estate.create(path, vms, seed, clock=clock, lag=lag, history=history), settings=settings)

    @classmethod
    def imported(
        cls,
        paths: Iterable[str | Path],
        *,
        path: str | Path | None = None,
        clock: Clock | None = None,
        lag: Lag | None = None,
        history: History | None = None,
        settings: Settings | None = None,
        report: ImportReport | None = None,
    ) -> Self:
        """A graph over inventories in files: what `az graph query`, `az resource list` or `az vm list -d` printed, REST
        pages, JSON lines, CSV from the portal, Parquet. `path` keeps it in a new file; `report` tells what was odd."""
        estate = Estate.imported(paths, path=path, clock=clock, lag=lag, history=history, report=report)
        return cls(estate, settings=settings)

    # ---- asking ----------------------------------------------------------------------------------------------------
    def query(
        self,
        text: str,
        /,  # so that a query may have a parameter named text
        *,
        profile: str | Profile = KUSTO,
        subscriptions: Sequence[str] | None = None,
        timeout: float | None = None,
        at_most: int | None = None,
        as_of: datetime | None = None,
        truth: bool = False,
        during: tuple[datetime, datetime] | None = None,
        parameters: Mapping[str, object] | None = None,
        **more_parameters: object,
    ) -> Result:
        """The answer to a query, over everything that is due by now.

        Keyword arguments (or the mapping `parameters`) are values for what the query declares with
        `declare query_parameters`. `subscriptions` narrows every table to these subscription ids; none at all means
        everything, as in the service. `timeout` is in seconds and goes before the setting. `at_most` cuts the answer
        after so many rows without working out the rest, and the result's `truncated` tells. `as_of` asks for the answer
        that this query would have had at an earlier time, as far as the history reaches; `truth` for the answer over
        what the control plane knows now, whether the index has heard of it or not; `during` (start, inclusive, and end,
        exclusive) for the answer over every state that the index showed in that time, one row each, in order of time.

        Raises `kql.KqlError` with all problems of a wrong text; `QueryTimeout`, `AnswerTooLarge` and `QueryFailed`,
        which are kinds of it, when a right one gets no answer.
        """
        if at_most is not None and at_most < 0:
            raise ValueError(f"at_most is a number of rows; {at_most} is none")
        given = {**(parameters or {}), **more_parameters}
        started = perf_counter()
        self.estate.refresh()
        look = self._plans.look(as_of, truth, during)
        refreshed = perf_counter()
        plan, cached = self._plans.of(text, profile, subscriptions, look)
        bound = plan.compiled.bind(look.now, given)
        compiled = perf_counter()
        patience = self.settings.timeout if timeout is None else timeout
        head, tail, engine_types = self._run(plan, bound, text, patience, at_most, look)
        timings = Timings(refreshed - started, compiled - refreshed, perf_counter() - compiled, cached)
        truncated = at_most is not None and len(head) > at_most
        return Result(
            plan.columns,
            plan.forms,
            head[:at_most] if truncated else head,
            tail,
            engine_types,
            as_of=self.estate.as_of if as_of is None else as_of,
            pending=self.estate.pending if look.perspective is Perspective.INDEX else _nothing_pending,
            ages=lambda: self.estate.ages(plan.compiled.tables),
            timings=timings,
            truncated=truncated,
            render=plan.compiled.render,
            advice=plan.compiled.advice,
            operators=plan.compiled.operators,
        )

    def compare(self, text: str, /, *, key: str = "id", **options: Any) -> Comparison:
        """The truth beside the index: which rows of a query the index misses, shows stale, or shows as ghosts.

        `key` is the column by which rows are told apart, `id` where there is one; without it rows are compared whole.
        Other options are those of `query`.
        """
        from queries.comparison import compared

        shown = self.query(text, **options)
        return compared(shown, self.query(text, truth=True, **options), key)

    def stream(
        self,
        text: str,
        /,
        *,
        profile: str | Profile = KUSTO,
        subscriptions: Sequence[str] | None = None,
        timeout: float | None = None,
        skip: int = 0,
        shuffle: int | None = None,
        parameters: Mapping[str, object] | None = None,
    ) -> Stream:
        """The answer to a query as a stream, from its row number `skip` on; `timeout` holds for each reading.

        `shuffle` is a seed: rows that the query does not sort come in an order that it draws. Raises as `query` does.
        """
        self.estate.refresh()
        as_of, version = self.estate.as_of, self.estate.version
        plan, _ = self._plans.of(text, profile, subscriptions)
        unsettled = shuffle is not None and not plan.compiled.is_ordered
        compiled = plan.compiled.shuffled(shuffle or 0) if unsettled else plan.compiled
        compiled = compiled.from_row(skip)
        bound = compiled.bind(self.estate.clock.ticks(), parameters or {})
        patience = self.settings.timeout if timeout is None else timeout
        cursor = self._cursors.lent()
        try:
            with self._cursors.watching(cursor, text, patience):
                statement = plan.statement if compiled is plan.compiled else compiled.sql
                ask(cursor, statement, bound)
        except BaseException:
            cursor.close()
            raise

        def fetch(count: int) -> list[tuple[Any, ...]]:
            with self._cursors.watching(cursor, text, patience):
                return cursor.fetchmany(count)

        def release(well: bool) -> None:
            self._cursors.take_back(cursor) if well else cursor.close()

        return Stream(plan.columns, plan.forms, as_of, version, plan.compiled.advice, fetch, release)

    def count(
        self,
        text: str,
        /,
        *,
        profile: str | Profile = KUSTO,
        subscriptions: Sequence[str] | None = None,
        timeout: float | None = None,
        loosened: bool = False,
        parameters: Mapping[str, object] | None = None,
        refresh: bool = True,
    ) -> int:
        """How many rows a query has, without working them out; `loosened` as in `kql.Compiled.counted`. Without
        `refresh` over the index as it is, which may not show what is due."""
        if refresh:
            self.estate.refresh()
        plan, _ = self._plans.of(text, profile, subscriptions)
        compiled = plan.compiled.counted(loosened=loosened)
        bound = compiled.bind(self.estate.clock.ticks(), parameters or {})
        with (
            self._cursors.one() as cursor,
            self._cursors.watching(cursor, text, self.settings.timeout if timeout is None else timeout),
        ):
            return int(ask(cursor, compiled.sql, bound).fetchall()[0][0])

    def interrupt(self) -> None:
        """Stop every query that runs now; each raises QueryInterrupted in its own thread. For any thread to call."""
        self._cursors.interrupt()

    def compile(
        self, text: str, *, profile: str | Profile = KUSTO, subscriptions: Sequence[str] | None = None
    ) -> kql.Compiled:
        """What a query becomes, without running it: `.sql`, `.columns`, `.plan_text()`. Raises `kql.KqlError`."""
        return self._plans.of(text, profile, subscriptions)[0].compiled

    def check(self, text: str, *, profile: str | Profile = KUSTO) -> list[kql.Problem]:
        """All errors of a text, and advice; an empty list for a text that has neither."""
        return self._plans.check(text, profile)

    def complete(self, text: str, offset: int | None = None) -> list[kql.Completion]:
        """What may stand at a place of a text (its end unless said), best first."""
        return list(kql.complete(text, len(text) if offset is None else offset, self.schema))

    def explain(self, text: str, *, profile: str | Profile = KUSTO, engine: bool = False) -> str:
        """How a query is answered: its plan and its SQL, or, with `engine`, the engine's own plan of that SQL."""
        plan, _ = self._plans.of(text, profile)
        if not engine:
            return f"{plan.compiled.plan_text().rstrip()}\n\n{plan.compiled.sql.rstrip()}\n"
        bound = plan.compiled.bind(self.estate.clock.ticks(), {})
        with self._cursors.one() as cursor:
            rows = cursor.execute(f"EXPLAIN {plan.compiled.sql}", bound).fetchall()
        return "\n".join(str(row[1]) for row in rows)

    # ---- the world -------------------------------------------------------------------------------------------------
    @property
    def clock(self) -> Clock:
        """The estate's only clock; a simulated one has `advance(seconds)`."""
        return self.estate.clock

    def advance(self, seconds: float) -> datetime:
        """Let simulated time pass; the new now. A TypeError where the clock is real."""
        clock = self.estate.clock
        if not isinstance(clock, SimulatedClock):
            raise TypeError("this estate runs on the real clock, which cannot be advanced")
        return clock.advance(seconds)

    @property
    def as_of(self) -> datetime:
        """The time up to which every change is visible."""
        return self.estate.as_of

    def refresh(self) -> int:
        """Let what is due into the index; the number of rows that changed. Every query does this by itself."""
        return self.estate.refresh()

    def vm(self, name_or_id: str) -> VirtualMachine:
        """A virtual machine by name or id, as the control plane knows it: `.deallocate()`, `.truth()` ..."""
        return self.estate.vm(name_or_id)

    def create_vm(self, name: str, resource_group: str, **properties: Any) -> VirtualMachine:
        """A new virtual machine; the index will see it after its lag."""
        return self.estate.create_vm(name, resource_group, **properties)

    @property
    def schema(self) -> kql.Schema:
        """The tables that there are, as the language sees them."""
        return self._plans.schema()

    def close(self) -> None:
        """Give everything back. The graph cannot be asked afterwards; closing it again does nothing."""
        if not self._closed:
            self._closed = True
            self._cursors.close()
            self.estate.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # ---- inside ----------------------------------------------------------------------------------------------------
    def _run(
        self,
        plan: Plan,
        bound: dict[str, object],
        text: str,
        timeout: float | None,
        at_most: int | None,
        look: Look,
    ) -> tuple[list[tuple[Any, ...]], pa.Table | None, Sequence[object]]:
        """The first rows as tuples, the rest as Arrow, and the engine's type of each column."""
        limits = self.settings
        with self._cursors.one() as cursor, self._cursors.watching(cursor, text, timeout):
            look.tell(cursor)
            ask(cursor, plan.statement, bound)
            engine_types = [column[1] for column in cursor.description or ()]
            small = SMALL if at_most is None else min(at_most, MOST_ROWS) + 1
            small = small if limits.max_rows is None else min(small, limits.max_rows + 1)
            head: list[tuple[Any, ...]] = cursor.fetchmany(small)
            tail = None
            self._must_fit(len(head), 0, text)
            if len(head) == small:
                if at_most is None:
                    tail = self._tail(cursor, len(head), text)
                else:
                    cursor.abort()
        if limits.max_bytes is not None:
            size = sum(len(v) if isinstance(v, str) else 8 for row in head for v in row)
            self._must_fit(len(head), size, text)
        return head, tail, engine_types

    def _tail(self, cursor: duckdb.DuckDBPyConnection, rows: int, text: str) -> pa.Table | None:
        """What the engine still holds, as Arrow; stops as soon as it exceeds a limit."""
        if self.settings.max_rows is None and self.settings.max_bytes is None:
            table: pa.Table = cursor.to_arrow_table()
        else:
            import pyarrow as pa

            self._must_fit(rows, 0, text)
            batches, size = [], 0
            reader: Any = cursor.to_arrow_reader(SMALL)
            for batch in reader:
                batches.append(batch)
                rows, size = rows + batch.num_rows, size + batch.nbytes
                self._must_fit(rows, size, text)
            table = pa.Table.from_batches(batches, reader.schema)
        return table if table.num_rows else None

    def _must_fit(self, rows: int, size: int, text: str) -> None:
        limits = self.settings
        advice = "narrow it with where, project, summarize or take, or raise the setting "
        if limits.max_rows is not None and rows > limits.max_rows:
            raise AnswerTooLarge(f"the answer has more than {limits.max_rows:,} rows", text, advice + "max_rows")
        if limits.max_bytes is not None and size > limits.max_bytes:
            raise AnswerTooLarge(f"the answer has more than {limits.max_bytes:,} bytes", text, advice + "max_bytes")


def _nothing_pending() -> int:
    return 0
