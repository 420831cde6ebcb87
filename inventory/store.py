"""The database that holds an estate: opening it, its tables, who may write. Knows types of resources, not their lives."""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pyarrow as pa

from inventory import feature_table, health
from inventory.compaction import Compaction
from inventory.errors import InventoryError
from inventory.resource_types import DATABASE, INSTANCE_VIEWS
from inventory.shapes import quoted
from inventory.tables import TABLES

SCHEMA_VERSION = 6

COMPRESS_AFTER = 40_000
"""Accepted changes between two compressions in memory: at 1,000,000 machines of which 1 % change it is every minute. What
a compression costs grows with what was written since the last one. A group of rows is compressed together with those
written since the last time, so seldom enough that groups are not too small to be read fast."""

COMPRESS_FILE_AFTER = 200_000
"""The same for an estate in a file, whose dead rows are left to DuckDB's vacuum: it puts together what many short uses
leave behind."""

COPIED_AT_ONCE = 30_720
"""Rows held in memory while an estate is copied."""

_STATE = f"{DATABASE}.estate_state"
OPERATIONS = f"{DATABASE}.operations"
"""The table of accepted operations, which are asked for by id long after they were accepted."""


class Store:
    """One DuckDB database, in memory and compressed or in one file, and the only connection that writes to it.

    Readers take cursors of their own. External access is off for all of them and the configuration is locked, so no
    SQL text can reach another file.
    """

    def __init__(
        self, path: str | os.PathLike[str] | None, *, threads: int | None = None, memory_limit: str | None = None
    ) -> None:
        self.path = None if path is None else Path(path)
        config: dict[str, str | bool | int | float | list[str]] = {
            # where a sort or a join that outgrows the memory goes; DuckDB makes the directory when it needs one
            "temp_directory": os.path.join(tempfile.gettempdir(), f"lazulite-{os.getpid()}"),
            "late_materialization_max_rows": 1000,
            # give memory back early: generation would otherwise keep half as much again as the estate needs
            "allocator_flush_threshold": "8MB",
            # compression is asked for where it pays; by itself DuckDB would rewrite half-full row groups again and again
            "wal_autocheckpoint": "1TB",
            # measured: without these an estate is as small, and trying them is a tenth of its making
            "disabled_compression_methods": "zstd,fsst,dictionary,alp,alprd,roaring",
        }
        if threads is not None:
            config["threads"] = threads
        if memory_limit is not None:
            config["memory_limit"] = memory_limit
        if self.path is None:
            config["max_vacuum_tasks"] = 0  # see `compaction`
        self._root = duckdb.connect(":memory:", config=config)
        self._root.execute("SET GLOBAL TimeZone = 'UTC'")
        try:
            if self.path is None:
                self._root.execute(f"ATTACH ':memory:' AS {DATABASE} (COMPRESS)")
            else:
                target = str(self.path).replace("'", "''")
                self._root.execute(f"ATTACH '{target}' AS {DATABASE}")
        except duckdb.Error as error:
            raise InventoryError("EstateUnavailable", f"cannot open the estate {self.path}: {error}") from error
        self._root.execute("SET enable_external_access = false")
        self._root.execute("SET lock_configuration = true")
        self.writer = self._root.cursor()
        self.lock = threading.RLock()
        self._changed = 0
        self._compaction = Compaction(DATABASE, [of.physical for of in TABLES if of.has_past], "_key")

    def create_tables(self) -> None:
        """The tables of a new estate."""
        statements = [statement for resource_type in TABLES for statement in resource_type.create_sql()]
        statements += [
            INSTANCE_VIEWS,
            feature_table.create_sql(DATABASE),
            f"CREATE VIEW {health.SHOWN} AS {health.shown_sql('')}",
            f"CREATE TABLE {_STATE} (fact VARCHAR, number BIGINT, text VARCHAR)",
            f"CREATE TABLE {OPERATIONS} (number BIGINT, id VARCHAR, said VARCHAR, canceled BOOLEAN)",
        ]
        with self.transaction() as writer:
            writer.execute(";\n".join(statements))

    def state(self, start: str = "") -> dict[str, int | str]:
        """What the database says of itself: seed, schema version, the clock's beginning, the last number given out ...
        Those facts whose names begin so: some texts that are kept are long."""
        try:
            rows = self.writer.execute(
                f"SELECT fact, number, text FROM {_STATE} WHERE starts_with(fact, ?)", [start]
            ).fetchall()
        except duckdb.CatalogException as error:
            raise InventoryError("EstateUnavailable", f"{self.path} is not an estate of Lazulite") from error
        return {fact: text if number is None else number for fact, number, text in rows}

    def set_state(self, facts: Mapping[str, int | str]) -> None:
        """Write facts, within the transaction under way if there is one."""
        marks = ", ".join("?" * len(facts))
        rows = [(fact, *((value, None) if isinstance(value, int) else (None, value))) for fact, value in facts.items()]
        self.writer.execute(f"DELETE FROM {_STATE} WHERE fact IN ({marks})", list(facts))
        values = ", ".join(["(?, ?, ?)"] * len(facts))
        self.writer.execute(f"INSERT INTO {_STATE} VALUES {values}", [value for row in rows for value in row])

    @contextmanager
    def transaction(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """All or nothing; the one writer at a time."""
        with self.lock:
            self.writer.execute("BEGIN TRANSACTION")
            try:
                yield self.writer
            except BaseException:
                self.writer.execute("ROLLBACK")
                raise
            self.writer.execute("COMMIT")

    def insert(self, table: str, rows: pa.Table | pa.RecordBatchReader) -> None:
        """Put rows into a table, of which they name the columns."""
        listed = ", ".join(map(quoted, rows.schema.names))
        self.writer.register("inserted", rows)
        try:
            self.writer.execute(f"INSERT INTO {table} ({listed}) SELECT {listed} FROM inserted")
        finally:
            self.writer.unregister("inserted")

    def copy_to(self, other: Store) -> None:
        """Copy every row into the empty tables of another store, a batch at a time."""
        with self.lock, self._root.cursor() as reader:
            names = reader.execute(
                "SELECT table_name FROM duckdb_tables() WHERE database_name = ? ORDER BY table_name", [DATABASE]
            ).fetchall()
            with other.transaction() as writer:
                for (name,) in names:
                    writer.execute(f"DELETE FROM {DATABASE}.{name}")
                    rows = reader.execute(f"SELECT * FROM {DATABASE}.{name}").to_arrow_reader(COPIED_AT_ONCE)
                    other.insert(f"{DATABASE}.{name}", rows)

    def compress_in_time(self, changed: int) -> None:
        """Compress once enough changes have been accepted since the last time that it pays."""
        self._changed += changed
        if self._changed < (COMPRESS_AFTER if self.path is None else COMPRESS_FILE_AFTER):
            return
        if self.path is None:
            with self.transaction() as writer:
                self._compaction.gather(writer.execute)
        if self.checkpoint():
            self._changed = 0

    def checkpoint(self) -> bool:
        """Compress what has been written since the last time; False when readers are in the way."""
        with self.lock, self._root.cursor() as connection:
            try:
                connection.execute(f"CHECKPOINT {DATABASE}")
            except duckdb.TransactionException:
                return False
        return True

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """A connection for one reader."""
        return self._root.cursor()

    def close(self) -> None:
        with self.lock:
            self.writer.close()
            self._root.close()
