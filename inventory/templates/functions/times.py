"""Functions over time. The time is the deployment's, never the computer's."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

from inventory.templates.errors import ExpressionError
from inventory.templates.functions.rows import expect, function

_DURATION = re.compile(
    r"(-)?P(?:(\d{1,4})Y)?(?:(\d{1,5})M)?(?:(\d{1,6})D)?(?:T(?:(\d{1,6})H)?(?:(\d{1,7})M)?(?:(\d{1,9})S)?)?"
)
_FORMATS = {"yyyy": "%Y", "MM": "%m", "dd": "%d", "HH": "%H", "mm": "%M", "ss": "%S", "yy": "%y", "fff": "%f"}
_PART = re.compile(r"yyyy|fff|yy|MM|dd|HH|mm|ss")


def written(moment: datetime, form: str | None) -> str:
    """A moment in one of .NET's forms: the sortable ones by letter, others by their parts."""
    match form:
        case None:
            return moment.strftime("%Y%m%dT%H%M%SZ")
        case "u":
            return moment.strftime("%Y-%m-%d %H:%M:%SZ")
        case "s":
            return moment.strftime("%Y-%m-%dT%H:%M:%S")
        case "d":
            return f"{moment.month}/{moment.day}/{moment.year}"
    return _PART.sub(lambda found: _part(moment, found.group()), form)


def _part(moment: datetime, part: str) -> str:
    return moment.strftime(_FORMATS[part])[: len(part)]


@function("utcNow", 0, 1, contextual=True)
def utc_now(evaluation: Any, form: Any = None) -> str:
    if not evaluation.in_default:
        raise ExpressionError("The template function 'utcNow' is not expected at this location: it may be used only "
                              "for the default value of a parameter.")  # fmt: skip
    return written(evaluation.scope.now, form and str(expect("utcNow", form, "String")))


@function("newGuid", 0, contextual=True)
def new_guid(evaluation: Any) -> str:
    if not evaluation.in_default:
        raise ExpressionError("The template function 'newGuid' is not expected at this location: it may be used only "
                              "for the default value of a parameter.")  # fmt: skip
    return str(evaluation.new_guid())


@function("dateTimeAdd", 2, 3)
def date_time_add(base: Any, duration: Any, form: Any = None) -> str:
    text, length = str(expect("dateTimeAdd", base, "String")), str(expect("dateTimeAdd", duration, "String"))
    match = _DURATION.fullmatch(length)
    try:
        moment = datetime.fromisoformat(text)
        if match is None:
            raise ValueError(length)
        sign, years, months, days, hours, minutes, seconds = match.groups()
        total = timedelta(
            days=int(days or 0) + 365 * int(years or 0) + 30 * int(months or 0), hours=int(hours or 0),
            minutes=int(minutes or 0), seconds=int(seconds or 0),
        )  # fmt: skip
        moment = moment - total if sign else moment + total
    except (ValueError, OverflowError) as error:
        raise ExpressionError(f"'dateTimeAdd' cannot add '{length}' to '{text}'.") from error
    return written(moment, form and str(form)) if form else moment.strftime("%Y-%m-%dT%H:%M:%SZ")
