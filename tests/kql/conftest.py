"""What the language's tests share: a database with the prelude."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

import kql
from tests.kql.shared import NOTHING, database

# The first compilation raises the recursion limit for good; hypothesis warns where that happens inside a test.
kql.check("print 1", NOTHING)


@pytest.fixture(scope="module")
def engine() -> Iterator[duckdb.DuckDBPyConnection]:
    with database() as connection:
        yield connection
