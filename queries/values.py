"""KQL values as the engine hands them over, turned into Python values, text and Arrow columns.

A column comes in one of three forms: `plain` (the Python value as it is), `ticks` (a datetime or timespan as 100 ns
ticks, datetimes counted from the year 1) and `json` (a dynamic value as JSON text). Knows no query and no terminal.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from json.encoder import encode_basestring
from typing import Any

_YEAR_ONE = datetime(1, 1, 1, tzinfo=UTC)
_TICKS_PER_SECOND = 10_000_000
_TICKS_PER_DAY = 864_000_000_000

Decode = Callable[[Any], Any]


# ---- to Python -----------------------------------------------------------------------------------------------------
@lru_cache(maxsize=4096)
def to_datetime(ticks: int) -> datetime:
    """A datetime in UTC, cut to microseconds (Python has no finer one)."""
    return _YEAR_ONE + timedelta(microseconds=ticks // 10)


def to_timedelta(ticks: int) -> timedelta:
    """A timespan, cut towards zero to microseconds."""
    return timedelta(microseconds=ticks // 10) if ticks >= 0 else -timedelta(microseconds=-ticks // 10)


@lru_cache(maxsize=1024)
def _leaf(text: str) -> Any:
    return json.loads(text)


def to_dynamic(text: Any) -> Any:
    """The value of a JSON text. Short leaves repeat (power states, flags) and are kept; documents are parsed anew, so
    that no two callers share a dict."""
    if not isinstance(text, str):
        return text
    return _leaf(text) if len(text) < 64 and text[:1] not in "[{" else json.loads(text)


def decoder(kql_type: str, form: str) -> Decode | None:
    """The function from an engine value (never None) to its Python value; None where the value is right already."""
    if form == "ticks":
        return to_datetime if kql_type == "datetime" else to_timedelta
    return to_dynamic if form == "json" else None


def decode_rows(rows: list[tuple[Any, ...]], decoders: Sequence[Decode | None]) -> list[tuple[Any, ...]]:
    """The rows with their values decoded, column by column; the same list where nothing needs it."""
    if not rows or not any(decoders):
        return rows
    columns: list[Iterable[Any]] = list(zip(*rows, strict=True))
    for index, decode in enumerate(decoders):
        if decode is not None:
            columns[index] = [None if value is None else decode(value) for value in columns[index]]
    return list(zip(*columns, strict=True))


# ---- to text -------------------------------------------------------------------------------------------------------
def datetime_text(ticks: int, decimals: int = 0) -> str:
    """ISO 8601 with Z, and as many of the seven decimals as the value has, at least `decimals`."""
    moment = _YEAR_ONE + timedelta(seconds=ticks // _TICKS_PER_SECOND)
    fraction = f"{ticks % _TICKS_PER_SECOND:07d}".rstrip("0").ljust(decimals, "0")
    return moment.replace(tzinfo=None).isoformat(timespec="seconds") + (f".{fraction}Z" if fraction else "Z")


def timespan_text(ticks: int) -> str:
    """A timespan as KQL prints it: [-][d.]hh:mm:ss[.fffffff]."""
    sign, ticks = ("-", -ticks) if ticks < 0 else ("", ticks)
    days, rest = divmod(ticks, _TICKS_PER_DAY)
    seconds, fraction = divmod(rest, _TICKS_PER_SECOND)
    text = f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    return f"{sign}{f'{days}.' if days else ''}{text}{f'.{fraction:07d}' if fraction else ''}"


def _real_text(value: float) -> str:
    if value != value:
        return "NaN"
    if value in (float("inf"), float("-inf")):
        return "Infinity" if value > 0 else "-Infinity"
    return repr(value)


def _plain_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return _real_text(value)
    if isinstance(value, Decimal):
        return f"{value:f}"
    return str(value)


def _dynamic_text(value: Any) -> str:
    """A JSON string without its quotes, as KQL shows it in a cell; any other JSON as it is."""
    if isinstance(value, str) and value[:1] == '"':
        return str(to_dynamic(value))
    return value if isinstance(value, str) else _plain_text(value)


def texter(kql_type: str, form: str) -> Callable[[Any], str]:
    """The function from an engine value (never None) to the text that a person reads."""
    if form == "ticks":
        return datetime_text if kql_type == "datetime" else timespan_text
    return _dynamic_text if form == "json" else _plain_text


# ---- to JSON -------------------------------------------------------------------------------------------------------
def _json_text(value: Any) -> str:
    if isinstance(value, str):
        return encode_basestring(value)  # what json.dumps ends in, without the way there: ten times as fast
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return json.dumps(_real_text(value))  # JSON has no such numbers; Kusto writes them as strings too
    if isinstance(value, Decimal):
        return json.dumps(f"{value:f}")  # as a string, or its digits would be lost in most readers
    return json.dumps(value, ensure_ascii=False)


def jsoner(kql_type: str, form: str) -> Callable[[Any], str]:
    """The function from an engine value (never None) to its JSON text."""
    if form == "ticks":
        text = texter(kql_type, form)
        return lambda ticks: f'"{text(ticks)}"'
    return _document if form == "json" else _json_text


def _document(value: Any) -> str:
    if not isinstance(value, str):
        return _json_text(value)
    return value if "\n" not in value else _json_text(json.loads(value))  # one line, or JSON Lines would break
