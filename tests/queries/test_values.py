"""Engine values as Python values, text and Arrow."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from queries import values
from queries.columns import arrow_field, from_engine, from_values

NOON = 639_040_752_000_000_000  # 2026-01-15T12:00:00Z


def test_a_datetime_counts_from_the_year_one() -> None:
    assert values.to_datetime(0) == datetime(1, 1, 1, tzinfo=UTC)
    assert values.to_datetime(NOON) == datetime(2026, 1, 15, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("ticks", "text"),
    [
        (NOON, "2026-01-15T12:00:00Z"),
        (NOON + 1, "2026-01-15T12:00:00.0000001Z"),
        (NOON + 1_200_000, "2026-01-15T12:00:00.12Z"),
        (0, "0001-01-01T00:00:00Z"),
        (3_155_378_975_999_999_999, "9999-12-31T23:59:59.9999999Z"),
    ],
)
def test_a_datetime_is_written_in_iso_with_its_decimals(ticks: int, text: str) -> None:
    assert values.datetime_text(ticks) == text


@pytest.mark.parametrize(
    ("ticks", "text"),
    [
        (0, "00:00:00"),
        (600_000_000, "00:01:00"),
        (864_000_000_000, "1.00:00:00"),
        (-864_000_000_001, "-1.00:00:00.0000001"),
        (36_000_000_000 + 5_000_000, "01:00:00.5000000"),
    ],
)
def test_a_timespan_is_written_as_kql_prints_it(ticks: int, text: str) -> None:
    assert values.timespan_text(ticks) == text


@given(st.integers(min_value=-(2**62), max_value=2**62))
def test_a_timespan_is_cut_towards_zero(ticks: int) -> None:
    exact = Decimal(ticks) / 10
    found = values.to_timedelta(ticks)
    whole = (found.days * 86_400 + found.seconds) * 1_000_000 + found.microseconds
    assert abs(whole) <= abs(exact) < abs(whole) + 1
    assert whole == 0 or (whole < 0) == (ticks < 0)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    )
)
def test_a_dynamic_value_comes_back(value: object) -> None:
    assert values.to_dynamic(json.dumps(value)) == value
    assert json.loads(values.jsoner("dynamic", "json")(json.dumps(value, indent=1))) == value
    assert "\n" not in values.jsoner("dynamic", "json")(json.dumps(value, indent=1))


def test_documents_are_not_shared_between_rows() -> None:
    first, second = values.to_dynamic('{"a":1}'), values.to_dynamic('{"a":1}')
    first["a"] = 2
    assert second == {"a": 1}


def test_numbers_that_json_does_not_have_are_strings() -> None:
    write = values.jsoner("real", "plain")
    assert [write(v) for v in (float("nan"), float("inf"), float("-inf"), 0.5)] == [
        '"NaN"',
        '"Infinity"',
        '"-Infinity"',
        "0.5",
    ]


@given(st.lists(st.none() | st.integers(0, 3_155_378_975_999_999_999), max_size=8))
def test_arrow_and_python_cut_a_datetime_alike(ticks: list[int | None]) -> None:
    field = arrow_field("t", "datetime", "BIGINT")
    expected = [None if tick is None else values.to_datetime(tick) for tick in ticks]
    assert from_values(ticks, field, "ticks").to_pylist() == expected
    assert from_engine(pa.chunked_array([pa.array(ticks, pa.int64())]), field, "ticks").to_pylist() == expected


def test_arrow_and_python_cut_a_timespan_alike() -> None:
    field, ticks = arrow_field("t", "timespan", "BIGINT"), [-19, -1, 0, 1, 19, None]
    expected = [None if tick is None else values.to_timedelta(tick) for tick in ticks]
    assert from_values(ticks, field, "ticks").to_pylist() == expected == [
        timedelta(microseconds=-1), timedelta(0), timedelta(0), timedelta(0), timedelta(microseconds=1), None,
    ]  # fmt: skip


@pytest.mark.parametrize("leaves", [["a", None, '"'], [1, None], [True, None, False], [0.5, None]])
def test_leaves_of_a_document_become_json(leaves: list[object]) -> None:
    field = arrow_field("d", "dynamic", "VARCHAR")
    for column in (
        from_values(leaves, field, "plain"),
        from_engine(pa.chunked_array([pa.array(leaves)]), field, "plain"),
    ):
        assert column.type == pa.json_()
        assert [None if text is None else json.loads(text) for text in column.to_pylist()] == leaves
