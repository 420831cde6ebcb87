"""An answer: its columns, its rows in the form one asks for, and what it says about its age and cost.

Holds engine values and decodes them when asked. Knows nothing of how the question was compiled or run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from queries.values import decode_rows, decoder

if TYPE_CHECKING:
    import pyarrow as pa

    from inventory import Age
    from kql import Problem


class Column(NamedTuple):
    """A column of an answer: its name and its KQL type (string, long, int, real, decimal, bool, datetime, timespan,
    guid or dynamic)."""

    name: str
    type: str


@dataclass(frozen=True, slots=True)
class Timings:
    """Seconds spent on one answer. `compile` is next to nothing where the plan was kept (`cached`)."""

    refresh: float
    compile: float
    run: float
    cached: bool

    @property
    def total(self) -> float:
        return self.refresh + self.compile + self.run


class Result:
    """The answer to one query, complete and unchangeable.

    A small answer is kept as rows, what exceeds the first few thousand rows as Arrow; either is turned into the other
    on demand. `as_of` is the time up to which every change is visible, `truncated` says whether rows were left out,
    `operators` which the query has.
    """

    __slots__ = (
        "_ages", "_decoders", "_engine_types", "_forms", "_head", "_pending", "_rows", "_tail",
        "advice", "as_of", "columns", "operators", "render", "timings", "truncated",
    )  # fmt: skip

    def __init__(
        self,
        columns: Sequence[Column],
        forms: Sequence[str],
        head: list[tuple[Any, ...]],
        tail: pa.Table | None,
        engine_types: Sequence[object],
        *,
        as_of: datetime,
        pending: Callable[[], int],
        ages: Callable[[], Sequence[Age]] = tuple,
        timings: Timings,
        truncated: bool = False,
        render: str | None = None,
        advice: Sequence[Problem] = (),
        operators: frozenset[str] = frozenset(),
    ) -> None:
        self.columns: tuple[Column, ...] = tuple(columns)
        self.as_of = as_of
        self.timings = timings
        self.truncated = truncated
        self.render = render
        self.advice: tuple[Problem, ...] = tuple(advice)
        self.operators = operators
        self._forms = forms
        self._decoders = [decoder(column.type, form) for column, form in zip(self.columns, forms, strict=True)]
        self._head = head
        self._tail = tail
        if tail is not None:
            from queries.columns import whole_numbers

            self._tail = whole_numbers(tail, [column.type for column in self.columns])
        self._engine_types = engine_types
        self._pending: int | Callable[[], int] = pending
        self._ages = ages
        self._rows: list[tuple[Any, ...]] | None = None

    def __len__(self) -> int:
        return len(self._head) + (0 if self._tail is None else int(self._tail.num_rows))

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        return iter(self.rows())

    def __repr__(self) -> str:
        shape = ", ".join(f"{name}: {type}" for name, type in self.columns)
        return f"<Result of {len(self)} rows ({shape}) as of {self.as_of:%Y-%m-%dT%H:%M:%SZ}>"

    @property
    def pending(self) -> int:
        """How many changes are on their way, counted when first asked for: counting costs more than a small query does.

        To be asked while the graph is open."""
        if not isinstance(self._pending, int):
            self._pending = self._pending()
        return self._pending

    @property
    def ages(self) -> Sequence[Age]:
        """How old what was read is: for each type of resource in the tables of the query that the index is behind with,
        how many changes it has not heard of and since when. For an answer over the index; while the graph is open."""
        return self._ages()

    @property
    def forms(self) -> tuple[str, ...]:
        """How each column's engine values are to be read: plain, ticks or json."""
        return tuple(self._forms)

    def batches(self, size: int = 4096) -> Iterator[list[tuple[Any, ...]]]:
        """The rows as the engine gave them, in lists; for writers, which decode into text rather than Python values."""
        for start in range(0, len(self._head), size):
            yield self._head[start : start + size]
        if self._tail is not None:
            for batch in self._tail.to_batches(max_chunksize=size):
                yield list(zip(*(column.to_pylist() for column in batch.columns), strict=True))

    def rows(self) -> list[tuple[Any, ...]]:
        """All rows as tuples of Python values: datetime in UTC, timedelta, Decimal, str for guid, and dict, list, str,
        int, float, bool or None for dynamic. A string is never None."""
        if self._rows is None:
            if self._tail is None:
                self._rows = decode_rows(self._head, self._decoders)
            else:
                self._rows = [row for batch in self.batches() for row in decode_rows(batch, self._decoders)]
        return self._rows

    def to_pylist(self) -> list[dict[str, Any]]:
        """All rows as dicts by column name."""
        names = [column.name for column in self.columns]
        return [dict(zip(names, row, strict=True)) for row in self.rows()]

    def scalar(self) -> Any:
        """The one value of an answer of one row and one column; a ValueError for any other shape."""
        if len(self) != 1 or len(self.columns) != 1:
            raise ValueError(f"scalar() wants one row of one column; this answer has {len(self)} x {len(self.columns)}")
        return self.rows()[0][0]

    def arrow(self) -> pa.Table:
        """The answer as an Arrow table.

        datetime is timestamp[us, UTC], timespan duration[us], dynamic arrow.json, guid string; a field's metadata holds
        its KQL type under `kql`.
        """
        import pyarrow as pa

        from queries.columns import arrow_field, from_engine, from_values

        fields = [
            arrow_field(column.name, column.type, str(engine_type))
            for column, engine_type in zip(self.columns, self._engine_types, strict=True)
        ]
        values: list[Sequence[Any]] = list(zip(*self._head, strict=True)) if self._head else [()] * len(fields)
        arrays: list[Any] = []
        for index, (field, form) in enumerate(zip(fields, self._forms, strict=True)):
            chunks = [from_values(values[index], field, form)]
            if self._tail is not None:
                chunks.append(from_engine(self._tail.column(index), field, form))
            arrays.append(pa.chunked_array(chunks, field.type))
        return pa.Table.from_arrays(arrays, schema=pa.schema(fields))

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """The answer for any reader of Arrow streams: polars, pandas, DuckDB and others."""
        return self.arrow().__arrow_c_stream__(requested_schema)
