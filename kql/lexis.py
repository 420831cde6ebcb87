"""What a literal means: the text of a string, number, timespan, datetime or guid token as a value.

Pure functions over one token's text; each returns None where the text is not a value of its kind.
"""

from __future__ import annotations

import datetime as _datetime
import decimal
import re
from collections.abc import Iterator

TICKS_PER_SECOND = 10_000_000
TICKS_PER_DAY = 864_000_000_000
MAX_TICKS = 3_155_378_975_999_999_999  # 9999-12-31T23:59:59.9999999
LONG_MIN, LONG_MAX = -(2**63), 2**63 - 1

_ESCAPES = {
    "n": "\n", "t": "\t", "r": "\r", "\\": "\\", "'": "'", '"': '"',
    "a": "\a", "b": "\b", "f": "\f", "v": "\v", "0": "\0",
}  # fmt: skip
# the two halves of a character, escaped one after the other, are that one character
_ESCAPE = re.compile(
    r"\\(u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    r"|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|x[0-9a-fA-F]{2}|[0-7]{1,3}|.)",
    re.S,
)


def string(token: str) -> str:
    """The value of one string token: plain, verbatim (@), obfuscated (h) or multi-line (``` or ~~~)."""
    if token[0] in "hH":
        token = token[1:]
    if token[0] == "@":
        quote = token[1]
        return token[2:-1].replace(quote * 2, quote)
    if token[:3] in ("```", "~~~"):
        return token[3:-3]
    body = token[1:-1]
    return body if "\\" not in body else _ESCAPE.sub(_unescape, body)


def strange_escapes(token: str) -> Iterator[tuple[int, int]]:
    """Where one string token has a backslash before a letter that it gives no meaning."""
    if token[0] in "\"'":
        for match in _ESCAPE.finditer(token, 1, len(token) - 1):
            if _unescape(match) == match.group():
                yield match.span()


def _unescape(match: re.Match[str]) -> str:
    code = match.group(1)
    if "\\u" in code:
        high, low = int(code[1:5], 16), int(code[7:], 16)
        return chr(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00))
    if code[0] in "uUx" and len(code) > 1:
        value = int(code[1:], 16)
        return chr(value) if value < 0x110000 and not 0xD800 <= value < 0xE000 else "\ufffd"
    if code[0] in "01234567":
        return chr(int(code, 8))
    # JSON may write \/ for a slash; what is no escape at all keeps its backslash
    return "/" if code == "/" else _ESCAPES.get(code, "\\" + code)


def long(text: str) -> int | None:
    """A long: decimal or hexadecimal with an optional sign; hex up to 64 bits is a bit pattern. Out of range: None."""
    match = re.fullmatch(r"\s*([+-]?)\s*(0[xX][0-9a-fA-F]+|\d+)\s*", text)
    if match is None:
        return None
    sign, digits = match.groups()
    if digits[:2] in ("0x", "0X"):
        value = int(digits, 16)
        if value >= 2**64:
            return None
        value = value - 2**64 if value > LONG_MAX else value
    else:
        value = int(digits) if len(digits) < 30 else LONG_MAX + 2
    value = -value if sign == "-" else value
    return value if LONG_MIN <= value <= LONG_MAX else None


def int32(text: str) -> int | None:
    """An int: like a long, of 32 bits; hex is a bit pattern here too."""
    value = long(text)
    if value is not None and "x" in text.lower() and 0 <= value < 2**32:
        value = value - 2**32 if value >= 2**31 else value
    return value if value is not None and -(2**31) <= value < 2**31 else None


def real(text: str) -> float | None:
    """A real, with nan, inf, +inf and -inf."""
    text = text.strip()
    if re.fullmatch(r"[+-]?(\d+\.?\d*([eE][+-]?\d+)?|\.\d+([eE][+-]?\d+)?|inf|infinity|nan)", text, re.I):
        return float(text)
    return None


def exact(text: str) -> decimal.Decimal | None:
    """A decimal."""
    text = text.strip()
    if re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", text):
        return decimal.Decimal(text)
    return None


def boolean(text: str) -> bool | None:
    """true, false, or a number (0 is false)."""
    text = text.strip().lower()
    if text in ("true", "false"):
        return text == "true"
    number = long(text)
    return None if number is None else number != 0


def guid(text: str) -> str | None:
    """A guid in lower case, written with or without braces and dashes."""
    text = text.strip().strip("{}()").replace("-", "").lower()
    if not re.fullmatch(r"[0-9a-f]{32}", text):
        return None
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


# ---- timespans ---------------------------------------------------------------------------------------------------
_UNITS: dict[str, int | decimal.Decimal] = {
    **dict.fromkeys(("d", "day", "days"), TICKS_PER_DAY),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), 36_000_000_000),
    **dict.fromkeys(("m", "min", "minute", "minutes"), 600_000_000),
    **dict.fromkeys(("s", "sec", "second", "seconds"), TICKS_PER_SECOND),
    **dict.fromkeys(("ms", "milli", "millis", "millisec", "millisecond", "milliseconds"), 10_000),
    **dict.fromkeys(("micro", "micros", "microsec", "microsecond", "microseconds"), 10),
    **dict.fromkeys(("nano", "nanos", "nanosec", "nanosecond", "nanoseconds"), decimal.Decimal("0.01")),
    **dict.fromkeys(("tick", "ticks"), 1),
}
_UNIT_FORM = re.compile(r"\s*([+-]?)\s*(\d+(?:\.\d+)?)\s*([a-zA-Z]+)\s*")
_CLOCK_FORM = re.compile(r"\s*([+-]?)(?:(\d+)(?:\.|:(?=\d+:\d+:)))?(\d+):(\d+)(?::(\d+)(?:\.(\d{1,7})\d*)?)?\s*")


def timespan(text: str) -> int | None:
    """Ticks of a timespan: `1d`, `2.5 hours`, `[-][d.]hh:mm[:ss[.fffffff]]`, or a bare number of days. Out of range: None."""
    ticks = _ticks(text)
    return ticks if ticks is not None and LONG_MIN <= ticks <= LONG_MAX else None


def _ticks(text: str) -> int | None:
    text = text.strip().strip("\"'")
    match = _UNIT_FORM.fullmatch(text)
    if match is not None:
        sign, number, unit = match.groups()
        ticks = _UNITS.get(unit.lower() if len(unit) > 1 else unit)
        if ticks is None:
            return None
        value = int(decimal.Decimal(number) * ticks)
        return -value if sign == "-" else value
    match = _CLOCK_FORM.fullmatch(text)
    if match is not None:
        sign, days, hours, minutes, seconds, fraction = match.groups()
        if int(hours) > 23 or int(minutes) > 59 or int(seconds or 0) > 59:
            return None
        value = (int(days or 0) * 24 + int(hours)) * 3600 + int(minutes) * 60 + int(seconds or 0)
        value = value * TICKS_PER_SECOND + int((fraction or "0").ljust(7, "0"))
        return -value if sign == "-" else value
    if re.fullmatch(r"[+-]?\d+(\.\d+)?", text):
        return int(decimal.Decimal(text) * TICKS_PER_DAY)
    return None


# ---- datetimes ---------------------------------------------------------------------------------------------------
_MONTHS = {name: number for number, name in enumerate(
    ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), 1)}  # fmt: skip
_TIME = (
    r"(?P<hour>\d{1,2}):(?P<minute>\d{1,2})(?::(?P<second>\d{1,2})(?:[.,](?P<fraction>\d{1,9}))?)?\s*(?P<half>AM|PM)?"
)
_ZONE = r"\s*(?P<zone>Z|UTC|GMT|[+-]\d{2}:?\d{2}|[+-]\d{1,2})?"
_DATE_FORMS = [
    re.compile(p + r"(?:(?:[T ]\s*|\s+)" + _TIME + _ZONE + r")?\s*" + (r"Z?" if i == 0 else ""), re.I)
    for i, p in enumerate((
        r"(?P<year>\d{4})-(?P<month>\d{1,2})(?:-(?P<day>\d{1,2}))?",
        r"(?P<year>\d{4})/(?P<month>\d{1,2})/(?P<day>\d{1,2})",
        r"(?P<month>\d{1,2})[/-](?P<day>\d{1,2})[/-](?P<year>\d{4})",
        r"(?:(?:sun|mon|tue|wed|thu|fri|sat)[a-z]*,?\s+)?(?P<day>\d{1,2})[ -](?P<monthname>[a-z]{3})[a-z]*[ -](?P<year>\d{4}|\d{2})",
        r"(?P<monthname>[a-z]{3})[a-z]*\.?\s+(?P<day>\d{1,2}),?\s+(?P<year>\d{4})",
        r"(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})",
        r"(?P<year>\d{4})",
        r"(?P<month>\d{1,2})\.(?P<day>\d{1,2})\.(?P<year>\d{4})",
    ))
]  # fmt: skip


_PARTS = re.compile(r"\d{1,4}(\s*,\s*\d{1,2}){2,5}")


def datetime(text: str) -> int | None:
    """Ticks since 0001-01-01 of an ISO 8601, RFC 822 or RFC 850 text, or of the US forms; offsets become UTC."""
    text = text.strip().strip("\"'").strip()
    if _PARTS.fullmatch(text):  # datetime(2020, 5, 15, 13, 45, 0)
        numbers = [int(part) for part in text.split(",")]
        names = ("year", "month", "day", "hour", "minute", "second")
        given = {name: str(number) for name, number in zip(names, numbers, strict=False)}
        return _ticks_of({**dict.fromkeys((*names, "half", "zone", "fraction")), **given})
    for form in _DATE_FORMS:
        match = form.fullmatch(text)
        if match is not None:
            return _ticks_of(match.groupdict())
    return None


def _ticks_of(parts: dict[str, str | None]) -> int | None:
    name = parts.get("monthname")
    month = _MONTHS.get(name.lower(), 0) if name else int(parts.get("month") or 1)
    year = int(parts["year"] or 1)
    if len(parts["year"] or "") == 2:
        year += 2000 if year < 50 else 1900
    hour = int(parts["hour"] or 0)
    half = (parts["half"] or "").upper()
    if half:
        hour = hour % 12 + (12 if half == "PM" else 0)
    extra_day = hour == 24
    try:
        moment = _datetime.datetime(
            year, month, int(parts.get("day") or 1),
            0 if extra_day else hour, int(parts["minute"] or 0), int(parts["second"] or 0),
        )  # fmt: skip
    except ValueError:
        return None
    ticks = (moment - _datetime.datetime(1, 1, 1)) // _datetime.timedelta(seconds=1) * TICKS_PER_SECOND
    ticks += int((parts["fraction"] or "0").ljust(7, "0")[:7]) + (TICKS_PER_DAY if extra_day else 0)
    zone = (parts["zone"] or "Z").upper()
    if zone not in ("Z", "UTC", "GMT"):
        digits = zone[1:].replace(":", "")
        minutes = int(digits) * 60 if len(digits) <= 2 else int(digits[:2]) * 60 + int(digits[2:])
        ticks -= (-1 if zone[0] == "-" else 1) * minutes * 60 * TICKS_PER_SECOND
    return ticks if 0 <= ticks <= MAX_TICKS else None


def datetime_text(ticks: int) -> str:
    """ISO text of a datetime with seven decimals."""
    moment = _datetime.datetime(1, 1, 1) + _datetime.timedelta(seconds=ticks // TICKS_PER_SECOND)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{ticks % TICKS_PER_SECOND:07d}Z".rjust(28, "0")
