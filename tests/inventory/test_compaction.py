"""Dead rows are given back a few at a time: nothing that is seen changes, and there are never too many of them."""

from __future__ import annotations

import duckdb
import pytest

from inventory import compaction as module
from inventory.compaction import Compaction

LIVING = 8_000


@pytest.fixture
def connection(monkeypatch: pytest.MonkeyPatch) -> duckdb.DuckDBPyConnection:
    monkeypatch.setattr(module, "STRETCH", 512)
    monkeypatch.setattr(module, "MOST_MOVED", 512)
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


def test_dead_rows_stay_within_bounds_however_long_rows_change(connection: duckdb.DuckDBPyConnection) -> None:
    held, rounds = [], 60
    compaction = Compaction("world", [])
    for round_ in range(rounds):
        change(connection, f"hash(key + {round_} * 7919) % 20 = 0")
        connection.execute("BEGIN")
        moved = compaction.gather(connection.execute)
        connection.execute("COMMIT")
        connection.execute("CHECKPOINT world")
        held.append(groups(connection)[1])
        assert moved <= 2 * 512
    assert connection.execute("SELECT count(*), count(DISTINCT key), max(key) FROM world.things").fetchall() == [
        (LIVING, LIVING, LIVING - 1)
    ]
    written = connection.execute("SELECT sum(version) FROM world.things").fetchall()[0][0]
    assert written > 2 * LIVING, "far more was written than can be held"
    assert max(held) < 3.5 * LIVING
    assert max(held[rounds // 2 :]) < 1.2 * max(held[: rounds // 2]), "and no more as time passes"


def test_small_groups_are_put_together(connection: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch) -> None:
    def grown(read: list[str]) -> int:
        compaction = Compaction("world", read)
        before = groups(connection)[0]
        for round_ in range(24):
            change(connection, f"key % 24 = {round_}")
            connection.execute("BEGIN")
            compaction.gather(connection.execute)
            connection.execute("COMMIT")
            connection.execute("CHECKPOINT world")
        assert connection.execute("SELECT count(*), count(DISTINCT key), max(key) FROM world.things").fetchall() == [
            (LIVING, LIVING, LIVING - 1)
        ]
        return groups(connection)[0] - before

    monkeypatch.setattr(module, "TOGETHER", 2_000)
    monkeypatch.setattr(module, "WASTE", 100.0)
    apart = grown([])
    assert grown(["things"]) < apart / 2


def test_nothing_is_moved_where_little_is_dead(connection: duckdb.DuckDBPyConnection) -> None:
    change(connection, "key % 3 = 0")
    assert Compaction("world", ["things"]).gather(connection.execute) == 0
    assert connection.execute("SELECT count(*) FROM world.others").fetchall() == [(100,)]


def test_a_reader_goes_on_seeing_what_it_saw(connection: duckdb.DuckDBPyConnection) -> None:
    reader = connection.cursor()
    reader.execute("BEGIN")
    compaction = Compaction("world", ["things"])
    before = reader.execute("SELECT sum(key), sum(version), count(*) FROM world.things").fetchall()
    for round_ in range(20):
        change(connection, f"hash(key + {round_}) % 5 = 0")
        connection.execute("BEGIN")
        compaction.gather(connection.execute)
        connection.execute("COMMIT")
        connection.execute("CHECKPOINT world")
        assert reader.execute("SELECT sum(key), sum(version), count(*) FROM world.things").fetchall() == before
    reader.execute("COMMIT")
    assert reader.execute("SELECT sum(key), count(*) FROM world.things").fetchall() == [(before[0][0], before[0][2])]
