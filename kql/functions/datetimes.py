"""Functions over datetimes and timespans, which are counts of 100 ns ticks. Everything is UTC; weeks begin on Sunday."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from kql.forms import List, Scalar
from kql.functions.row import Function, alias, scalar
from kql.functions.template import Switch, Template, template
from kql.sql import quote
from kql.sql.value import Arguments, Sql
from kql.types import STRING, TIMESPAN

_NOW = "CAST($now AS BIGINT)"
_DAY = 864_000_000_000
_LAST_WEEK = 3_155_374_656_000_000_000  # Sunday 9999-12-26


def _part(unit: str) -> str:
    """SQL for a piece of the calendar date."""
    return f"CAST(date_part('{unit}', kql_timestamp({{date}})) AS INTEGER)"


_TICKS = {
    "week": 7 * _DAY, "day": _DAY, "hour": 36_000_000_000, "minute": 600_000_000, "second": 10_000_000, "millisecond": 10_000,
    "microsecond": 10,
}  # fmt: skip
_UNITS = ("year", "quarter", "month", *_TICKS, "nanosecond")


_PARTS = frozenset({*_UNITS, "week_of_year", "weekofyear", "dayofyear"})


def _one_of(names: frozenset[str]) -> Callable[[Sequence[object]], str]:
    """A check of the first argument: the name of a unit, in any case and number."""

    def check(constants: Sequence[object]) -> str:
        unit = constants[0]
        if not isinstance(unit, str) or unit.lower() in names or unit.lower().removesuffix("s") in names:
            return ""
        return f"'{unit}' is none of " + ", ".join(sorted(names))

    return check


_MOVES, _READS = _one_of(frozenset(_UNITS)), _one_of(_PARTS)


def _by_unit(cases: dict[str, str], ends: tuple[str, ...] = ("", "s")) -> Template:
    """SQL by the name of a unit, in any case and number."""
    named = {name + end: sql for name, sql in cases.items() for end in ends}
    return template("{chosen}", chosen=Switch("part", named, fold=True, other="CAST(NULL AS BIGINT)"))


# How many boundaries of a unit lie between two datetimes. 0001-01-01 was a Monday; weeks turn at Sunday.
_DIFF = _by_unit(
    {unit: f"({{datetime1}} // {ticks} - {{datetime2}} // {ticks})" for unit, ticks in _TICKS.items()}
    | {unit: f"date_diff('{unit}', kql_timestamp({{datetime2}}), kql_timestamp({{datetime1}}))" for unit in ("year", "quarter", "month")}
    | {"week": f"(({{datetime1}} + {_DAY}) // {7 * _DAY} - ({{datetime2}} + {_DAY}) // {7 * _DAY})"}
    | {"nanosecond": "TRY_CAST((CAST({datetime1} AS HUGEINT) - {datetime2}) * 100 AS BIGINT)"}
)
_ADD = _by_unit(
    {unit: f"kql_ticks_to_datetime(CAST({{datetime}} AS HUGEINT) + CAST({{value}} AS HUGEINT) * {ticks})" for unit, ticks in _TICKS.items()}
    | {
        unit: f"kql_ticks_to_datetime(TRY(kql_ticks(kql_timestamp({{datetime}}) + to_months(CAST({{value:count}} * {months} AS INTEGER))) + {{datetime}} % 10))"
        for unit, months in (("month", 1), ("quarter", 3), ("year", 12))
    }
    | {"nanosecond": "kql_ticks_to_datetime(CAST({datetime} AS HUGEINT) + {value} // 100)"}
)
_READ = _by_unit(
    {
        unit: f"CAST({{date}} // {_TICKS[unit]} % {turn} AS INTEGER)"
        for unit, turn in (("hour", 24), ("minute", 60), ("second", 60), ("millisecond", 1000), ("microsecond", 1_000_000))
    }
    | {
        unit: _part(name)
        for unit, name in (
            ("year", "year"), ("quarter", "quarter"), ("month", "month"), ("day", "day"), ("dayofyear", "doy"),
            ("week", "week"), ("weekofyear", "week"), ("week_of_year", "week"),
        )
    }
    | {"nanosecond": "CAST({date} % 10000000 * 100 AS INTEGER)"},
    ends=("",),
)  # fmt: skip


def _edge(unit: str, extra: int) -> str:
    """The start (0) or the end (1) of the year, month, week or day that a datetime lies in, some units further on."""
    offset = f"{{offset:count|0}} + {extra}"
    match unit:
        case "day":
            return f"kql_ticks_to_datetime((CAST({{date}} // {_DAY} AS HUGEINT) + {offset}) * {_DAY} - {extra})"
        case "week":
            weeks = f"CAST(({{date}} + {_DAY}) // {7 * _DAY} AS HUGEINT) + {offset}"
            return f"kql_ticks_to_datetime(({weeks}) * {7 * _DAY} - {_DAY + extra})"
        case "month":
            return f"kql_ticks_to_datetime(kql_month_start(kql_months({{date}}) + {offset}) - {extra})"
    return f"kql_ticks_to_datetime(kql_month_start((kql_months({{date}}) // 12 + {offset}) * 12) - {extra})"


def _edge_rows() -> list[Function]:
    rows = []
    shown = {"year": ("2020-01-01", "2020-12-31 23:59:59.9999999"), "month": ("2020-05-01", "2020-05-31 23:59:59.9999999"),
             "week": ("2020-05-10", "2020-05-16 23:59:59.9999999"), "day": ("2020-05-15", "2020-05-15 23:59:59.9999999")}  # fmt: skip
    for unit, (first, last) in shown.items():
        for name, extra, wanted, word in ((f"startof{unit}", 0, first, "beginning"), (f"endof{unit}", 1, last, "last tick")):
            rows.append(
                scalar(
                    (f"{name}(date:datetime, offset:Integer?) -> datetime", _edge(unit, extra)),
                    doc=f"The {word} of the {unit} of a datetime, moved by an offset of {unit}s.",
                    examples=(f"{name}(datetime(2020-05-15 12:00)) == datetime({wanted})",),
                    nulls="custom",
                    naming="first" if name == "startofday" else "",
                )
            )
    return rows


_FORMAT = {
    "yyyy": "%Y", "yy": "%y", "MM": "%m", "M": "%-m", "dd": "%d", "d": "%-d", "HH": "%H", "H": "%-H", "hh": "%I",
    "h": "%-I", "mm": "%M", "m": "%-M", "ss": "%S", "s": "%-S", "tt": "%p", "y": "%-y",
}  # fmt: skip
# A longer run of letters is read as several tokens: MMMM is MM twice.
_TOKENS = re.compile(r"yyyy|yy?|MM?|dd?|HH?|hh?|mm?|ss?|f{1,7}|F{1,7}|tt|.", re.S)


def _fraction(token: str, ticks: str) -> str:
    """Digits of the second; a capital F shows none where all are 0."""
    digits = f"substring(lpad(CAST({ticks} % 10000000 AS VARCHAR), 7, '0'), 1, {len(token)})"
    return f"(CASE WHEN {ticks} % 10000000 >= {10 ** (7 - len(token))} THEN {digits} ELSE '' END)" if token[0] == "F" else digits


def _format_datetime(arguments: Arguments) -> Sql:
    """A .NET format as pieces of SQL."""
    date, run = arguments.text(0), ""
    pieces: list[str] = []
    for token in _TOKENS.findall(str(arguments[1].const or "")):
        if token[0] in "fF":
            pieces, run = pieces + ([_dated(date, run)] if run else []) + [_fraction(token, date)], ""
        else:
            run += _FORMAT.get(token) or token.replace("%", "%%")
    if run:
        pieces.append(_dated(date, run))
    return _formatted(arguments[0], pieces or ["''"])


def _formatted(value: Sql, pieces: list[str]) -> Sql:
    """The pieces as one text, null where the value is."""
    return Sql("(" + " || ".join(pieces) + ")", STRING, value.nullable, absent=value.nullable)


def _dated(date: str, pattern: str) -> str:
    return f"strftime(kql_timestamp({date}), {quote.text(pattern)})"


def _faulty_format(letters: Sequence[str]) -> Callable[[Sequence[object]], str]:
    """A check of a format: its letters, and the signs that may stand between them (kql-semantics 11.8)."""
    fits = re.compile("|".join([*(f"(?:{letter})+" for letter in letters), r"[ /\-:,._\[\]]"]))

    def check(constants: Sequence[object]) -> str:
        rest = fits.sub("", str(constants[1])) if isinstance(constants[1], str) else ""
        return f"'{rest[0]}' means nothing in its format" if rest else ""

    return check


def _format_timespan(arguments: Arguments) -> Sql:
    span, wanted = f"abs(CAST({arguments.text(0)} AS HUGEINT))", str(arguments[1].const or "")
    units = {
        "d": (_DAY, None),
        "h": (36_000_000_000, 24),
        "H": (36_000_000_000, 24),
        "m": (600_000_000, 60),
        "s": (10_000_000, 60),
    }
    pieces = [f"CASE WHEN {arguments.text(0)} < 0 THEN '-' ELSE '' END"]
    for token in re.findall(r"d+|H+|h+|m+|s+|f+|F+|.", wanted, re.S):
        if token[0] in units:
            size, turn = units[token[0]]
            value = f"{span} // {size}" + (f" % {turn}" if turn else "")
            text = f"CAST({value} AS VARCHAR)"
            pieces.append(f"lpad({text}, greatest(length({text}), {len(token)})::INTEGER, '0')")
        elif token[0] in "fF":
            pieces.append(_fraction(token[:7], span))
        else:
            pieces.append(quote.text(token))
    return _formatted(arguments[0], pieces)


def _calendar(name: str, returns: str, sql: str, doc: str, example: str) -> Function:
    return scalar((f"{name}(date:datetime) -> {returns}", sql), doc=doc, examples=(example,))


_MONTH = _calendar("monthofyear", "int", _part("month"), "The month, 1 to 12.",
                   "monthofyear(datetime(2020-05-15)) == 5")  # fmt: skip
_WEEK = _calendar(
    "week_of_year",
    "int",
    _part("week"),
    "The week of the year by ISO 8601.",
    "week_of_year(datetime(2020-12-31)) == 53",
)


def _unix(word: str, ticks: int) -> Function:
    return scalar(
        (f"unixtime_{word}_todatetime({word}:Integer) -> datetime",
         f"kql_ticks_to_datetime(CAST({{{word}}} AS HUGEINT) * {ticks} + 621355968000000000)"),
        (f"unixtime_{word}_todatetime({word}:Number) -> datetime",
         f"kql_ticks_to_datetime(TRY_CAST(trunc({{{word}}} * CAST({ticks} AS DOUBLE)) AS BIGINT) + 621355968000000000)"),
        doc=f"The datetime that is so many {word} after 1970-01-01.",
        examples=(f"unixtime_{word}_todatetime(0) == datetime(1970-01-01)",),
        nulls="custom",
    )  # fmt: skip


_PART = scalar(
    ("datetime_part(part:string <Constant>, date:datetime) -> int", _READ),
    doc="A piece of a datetime as a number.", examples=("datetime_part('month', datetime(2020-05-15)) == 5",), nulls="custom", check=_READS,
)  # fmt: skip

ROWS = (
    scalar(("now(offset:timespan?) -> datetime", {"offset": f"kql_ticks_to_datetime(CAST({_NOW} AS HUGEINT) + {{offset}})", "": _NOW}), doc="The query's moment, by the estate's clock; moved by an offset.",
           examples=("now() == now()", "now(-1h) == now() - 1h"), nulls="custom"),
    scalar(("ago(timespan:timespan) -> datetime", f"kql_ticks_to_datetime(CAST({_NOW} AS HUGEINT) - {{timespan}})"),
           doc="The moment that lies so long before the query's.", examples=("ago(1h) == now() - 1h",)),
    scalar(("datetime_diff(part:string <Constant>, datetime1:datetime, datetime2:datetime) -> long", _DIFF),
           doc="How many boundaries of a unit lie between two datetimes: from the second to the first.",
           examples=("datetime_diff('year', datetime(2017-01-01), datetime(2000-12-31)) == 17",), nulls="custom", check=_MOVES),
    scalar(("datetime_add(part:string <Constant>, value:Integer, datetime:datetime) -> datetime", _ADD),
           doc="A datetime moved by units; months end where they end.",
           examples=("datetime_add('month', 1, datetime(2020-01-31)) == datetime(2020-02-29)",), nulls="custom", check=_MOVES),
    _PART,
    alias("datepart", _PART),
    *_edge_rows(),
    _calendar("dayofmonth", "int", _part("day"), "The day of the month.",
              "dayofmonth(datetime(2020-05-15)) == 15"),
    _calendar("dayofyear", "int", _part("doy"), "The day of the year.",
              "dayofyear(datetime(2020-02-01)) == 32"),
    scalar((f"dayofweek(date:datetime) -> {TIMESPAN.value}", f"CASE WHEN {{date}} < {_LAST_WEEK} THEN ({{date}} // {_DAY} + 1) % 7 * {_DAY} END"),
           doc="The days since Sunday, as a timespan; null in the last week of 9999, whose end is out of range.", examples=("dayofweek(datetime(2020-05-15)) == 5d",)),
    _MONTH,
    alias("getmonth", _MONTH, hidden=False),
    _calendar("getyear", "int", _part("year"), "The year.",
              "getyear(datetime(2020-05-15)) == 2020"),
    _calendar("hourofday", "int", "CAST({date} // 36000000000 % 24 AS INTEGER)", "The hour, 0 to 23.",
              "hourofday(datetime(2020-05-15 13:00)) == 13"),
    _WEEK,
    alias("weekofyear", _WEEK),
    scalar(("format_datetime(date:datetime, format:string <Constant>) -> string", _format_datetime),
           doc="A datetime in a .NET format.", examples=("format_datetime(datetime(2020-05-15 13:04:05), 'yy-MM-dd HH:mm') == '20-05-15 13:04'",),
           nulls="custom", naming="first", check=_faulty_format(["y", "M", "d", "H", "h", "m", "s", "f", "F", "tt"])),
    scalar(("format_timespan(timespan:timespan, format:string <Constant>) -> string", _format_timespan),
           doc="A timespan in a .NET format.", examples=("format_timespan(time(1.02:03:04), 'd.hh:mm') == '1.02:03'",), nulls="custom", naming="first",
           check=_faulty_format(["d", "H", "h", "m", "s", "f", "F"])),
    scalar(("make_datetime(year:Number, month:Number, day:Number, hour:Number?, minute:Number?, second:Number?) -> datetime",
            "kql_ticks_to_datetime(TRY(kql_ticks(make_timestamp({year}::BIGINT, {month}::BIGINT, {day}::BIGINT, coalesce({hour|0}, 0)::BIGINT, coalesce({minute|0}, 0)::BIGINT, 0.0)) + CAST(round(coalesce({second|0}, 0) * 10000000) AS BIGINT)))"),
           ("make_datetime(value:text) -> datetime", "kql_string_to_datetime({value})"),
           doc="A datetime from its parts.", examples=("make_datetime(2020, 5, 15) == datetime(2020-05-15)",), nulls="custom", naming="only"),
    scalar(("make_timespan(hours:Integer, minutes:Integer, seconds:Number?) -> timespan", "kql_make_timespan(0, {hours}, {minutes}, {seconds|0})"),
           ("make_timespan(days:Integer, hours:Integer, minutes:Integer, seconds:Number) -> timespan",
            "kql_make_timespan({days}, {hours}, {minutes}, {seconds})"),
           ("make_timespan(value:text) -> timespan", "kql_string_to_timespan({value})"),
           doc="A timespan from its parts; null where one is out of its range.", examples=("make_timespan(1, 30) == 90m", "isnull(make_timespan(25, 0))"),
           nulls="custom", naming="only"),
    _unix("seconds", 10_000_000),
    _unix("milliseconds", 10_000),
    _unix("microseconds", 10),
    scalar(("unixtime_nanoseconds_todatetime(nanoseconds:Integer) -> datetime", "kql_ticks_to_datetime({nanoseconds} // 100 + 621355968000000000)"),
           ("unixtime_nanoseconds_todatetime(nanoseconds:Number) -> datetime",
            "kql_ticks_to_datetime(TRY_CAST(floor(CAST({nanoseconds} AS DOUBLE) / 100) AS BIGINT) + 621355968000000000)"),
           doc="The datetime that is so many nanoseconds after 1970-01-01.",
           examples=("unixtime_nanoseconds_todatetime(0) == datetime(1970-01-01)",), nulls="custom"),
    scalar(("datetime_utc_to_local(from:datetime, timezone:string) -> datetime", "kql_utc_to_local({from}, kql_zone({timezone}))"),
           doc="What clocks of a time zone show at a moment; null for a zone that is not known.",
           examples=("datetime_utc_to_local(datetime(2020-02-02 20:00), 'US/Pacific') == datetime(2020-02-02 12:00)",), nulls="custom", subquery=True),
    scalar(("datetime_local_to_utc(from:datetime, timezone:string) -> datetime", "kql_local_to_utc({from}, kql_zone({timezone}))"),
           doc="The moment at which clocks of a time zone show that; an hour that they leap over counts from its end.",
           examples=("datetime_local_to_utc(datetime(2020-02-02 12:00), 'US/Pacific') == datetime(2020-02-02 20:00)",), nulls="custom", subquery=True),
    scalar(("datetime_list_timezones() -> dynamic",
            template("(SELECT list(name ORDER BY name) FROM pg_timezone_names())", List(Scalar(STRING)))),
           doc="The names of all time zones.", examples=("set_has_element(datetime_list_timezones(), 'Europe/Paris')",),
           nulls="total", subquery=True),
)  # fmt: skip
