"""Dead rows are given back a few at a time: nothing that is seen changes, and there are never too many of them."""

from __future__ import annotations

import duckdb
import pytest

from inventory import compaction as module
from inventory.compaction import Compaction

GROUP = module.GROUP
LIVING = 4 * GROUP


@pytest.fixture
def connection() -> duckdb.DuckDBPyConnection:
    made = duckdb.connect(config={"max_vacuum_tasks": 0, "wal_autocheckpoint": "1TB"})
    made.execute("ATTACH ':memory:' AS world (COMPRESS)")
    made.execute(f"CREATE TABLE world.things AS SELECT range AS key, 0 AS version FROM range({LIVING})")
    made.execute("CREATE TABLE world.others AS SELECT range AS key FROM range(100)")
    made.execute("CHECKPOINT world")
    return made


def groups(connection: duckdb.DuckDBPyConnection) -> tuple[int, int]:
    """How many groups of rows there are, and how many rows they have, living and dead."""
    rows = connection.execute(
        "SELECT count(*), sum(count)::BIGINT FROM pragma_storage_info('world.things') "
        "WHERE column_name = 'key' AND segment_type <> 'VALIDITY'"
    ).fetchall()
    return rows[0]


def change(connection: duckdb.DuckDBPyConnection, of: str) -> None:
    """Let rows be written anew, as a refresh does."""
    connection.execute("BEGIN")
    connection.execute(f"CREATE OR REPLACE TEMP TABLE due AS SELECT key, version + 1 FROM world.things WHERE {of}")
    connection.execute("DELETE FROM world.things WHERE key IN (SELECT key FROM due)")
    connection.execute("INSERT INTO world.things FROM due")
    connection.execute("COMMIT")


def gather(connection: duckdb.DuckDBPyConnection, compaction: Compaction) -> int:
    """One round of it, as the store does it; returns how many rows were moved."""
    connection.execute("BEGIN")
    moved = compaction.gather(connection.execute)
    connection.execute("COMMIT")
    connection.execute("CHECKPOINT world")
    return moved


@pytest.mark.parametrize("read", [["things"], []], ids=["asked", "kept"])
def test_dead_rows_stay_within_bounds_however_long_rows_change(connection: duckdb.DuckDBPyConnection, read: list[str]) -> None:
    held, moved, rounds, each = [], 0, 50, LIVING // 20
    compaction = Compaction("world", read, "key")
    for round_ in range(rounds):
        change(connection, f"hash(key + {round_} * 7919) % 20 = 0")
        moved += gather(connection, compaction)
        held.append(groups(connection))
    assert connection.execute("SELECT count(*), count(DISTINCT key), max(key) FROM world.things").fetchall() == [
        (LIVING, LIVING, LIVING - 1)
    ]
    written = connection.execute("SELECT sum(version) FROM world.things").fetchall()[0][0]
    assert written > 2 * LIVING, "far more was written than can be held"
    # what was added last is not looked at, nor half a group
    most = (1 + module.WASTE) * LIVING + 2 * GROUP
    assert max(rows for _, rows in held) < most
    if read:
        assert max(count for count, _ in held) <= most / GROUP + 1
    assert moved < 3 * rounds * each, "and no more than three rows were moved for each that changed"


def test_small_groups_are_put_together(connection: duckdb.DuckDBPyConnection) -> None:
    def grown(read: list[str]) -> int:
        connection.execute("CREATE OR REPLACE TABLE world.things AS SELECT 0 AS key, 0 AS version")
        compaction = Compaction("world", read, "key")
        for round_ in range(30):
            connection.execute(f"INSERT INTO world.things SELECT {round_} * 5000 + range, 0 FROM range(5000)")
            gather(connection, compaction)
        assert connection.execute("SELECT count(*) FROM world.things").fetchall() == [(150_001,)]
        return groups(connection)[0]

    assert grown([]) > 20
    assert grown(["things"]) <= 5


def test_a_table_that_nobody_changes_is_left_alone(connection: duckdb.DuckDBPyConnection) -> None:
    compaction = Compaction("world", ["things", "others"], "key")
    gather(connection, compaction)
    change(connection, "key % 3 = 0")
    gather(connection, compaction)
    assert gather(connection, compaction) == 0


def test_nothing_is_moved_where_little_is_dead(connection: duckdb.DuckDBPyConnection) -> None:
    change(connection, "key % 3 = 0")
    assert Compaction("world", ["things"], "key").gather(connection.execute) == 0
    assert connection.execute("SELECT count(*) FROM world.others").fetchall() == [(100,)]


def test_a_reader_goes_on_seeing_what_it_saw(connection: duckdb.DuckDBPyConnection) -> None:
    reader = connection.cursor()
    reader.execute("BEGIN")
    compaction = Compaction("world", ["things"], "key")
    before = reader.execute("SELECT sum(key), sum(version), count(*) FROM world.things").fetchall()
    moved = 0
    for round_ in range(20):
        change(connection, f"hash(key + {round_}) % 5 = 0")
        moved += gather(connection, compaction)
        assert reader.execute("SELECT sum(key), sum(version), count(*) FROM world.things").fetchall() == before
    assert moved > 0
    reader.execute("COMMIT")
    assert reader.execute("SELECT sum(key), count(*) FROM world.things").fetchall() == [(before[0][0], before[0][2])]
