"""The macros of the emitter: each file's are found, and a statement gets just those that it calls."""

from __future__ import annotations

from pathlib import Path

import duckdb

import kql
from kql.sql.prelude import macros, needed
from tests.kql.shared import NOTHING


def test_every_macro_of_the_files_is_found() -> None:
    files = (Path(kql.__file__).parent / "sql").glob("*.sql")
    written = sum(file.read_text(encoding="utf-8").count("CREATE OR REPLACE MACRO") for file in files)
    assert len(macros()) == written > 100


def test_every_macro_that_is_called_exists() -> None:
    for macro in macros().values():
        assert macro.calls <= set(macros()), macro.name


def test_a_statement_gets_what_it_calls_and_no_more() -> None:
    names = [macro.name for macro in needed("SELECT kql_place(a, b)")]
    assert names[-1] == "kql_place"
    assert set(names) > macros()["kql_place"].calls
    assert len(names) < 10
    assert not list(needed("SELECT 1"))


def test_a_query_runs_with_its_own_macros_alone() -> None:
    compiled = kql.compile("print x = tostring(dynamic({'a': [1, 2]})[strcat('a', '')])", NOTHING)
    with duckdb.connect() as connection:
        for macro in kql.needed(compiled.sql):
            connection.execute(macro.sql)
        assert connection.execute(compiled.sql).fetchall() == [("[1,2]",)]
