"""Which profile of an autoscale setting is in force: one for fixed dates, one that recurs, or the usual one.

As Azure Monitor has it: a profile for a date goes before those that recur, and these before the one without a time; a
profile that recurs holds from when it starts until another of them starts. Knows times and documents, nothing that scales.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from inventory.errors import InventoryError

Profile = Mapping[str, Any]

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
ZONES = {
    "utc": "UTC", "gmt standard time": "Europe/London", "w. europe standard time": "Europe/Berlin",
    "romance standard time": "Europe/Paris", "central europe standard time": "Europe/Budapest",
    "e. europe standard time": "Europe/Chisinau", "fle standard time": "Europe/Kiev", "israel standard time": "Asia/Jerusalem",
    "eastern standard time": "America/New_York", "central standard time": "America/Chicago",
    "mountain standard time": "America/Denver", "pacific standard time": "America/Los_Angeles",
    "e. south america standard time": "America/Sao_Paulo", "india standard time": "Asia/Kolkata",
    "china standard time": "Asia/Shanghai", "singapore standard time": "Asia/Singapore", "tokyo standard time": "Asia/Tokyo",
    "korea standard time": "Asia/Seoul", "aus eastern standard time": "Australia/Sydney",
    "new zealand standard time": "Pacific/Auckland",
}  # fmt: skip
"""Names of time zones as Azure takes them (those of Windows), and the zones of the tz database that they stand for."""


def in_force(profiles: Sequence[Profile], now: datetime) -> Profile | None:
    """The profile that holds at a time; None where there is none."""
    for profile in profiles:
        date = profile.get("fixedDate")
        if date:
            zone = _zone(date)
            if _instant(date["start"], zone) <= now < _instant(date["end"], zone):
                return profile
    latest: tuple[datetime, Profile] | None = None
    for profile in profiles:
        start = _latest(profile, now) if profile.get("recurrence") else None
        if start is not None and (latest is None or start > latest[0]):
            latest = start, profile
    if latest is not None:
        return latest[1]
    return next((each for each in profiles if not each.get("recurrence") and not each.get("fixedDate")), None)


def check(profiles: Sequence[Profile]) -> None:
    """Raises InventoryError for a profile in which a number or a time cannot be understood."""
    for profile in profiles:
        name = profile.get("name", "")
        try:
            for limit in (profile.get("capacity") or {}).values():
                _whole(limit)
            for rule in profile.get("rules") or ():
                _whole((rule.get("scaleAction") or {}).get("value") or 1)
            if profile.get("fixedDate"):
                date = profile["fixedDate"]
                if not _instant(date["start"], _zone(date)) < _instant(date["end"], _zone(date)):
                    raise ValueError("it ends before it starts")
            if profile.get("recurrence"):
                recurrence = profile["recurrence"]
                if recurrence.get("frequency") != "Week":
                    raise ValueError(f"the frequency of a recurrence is Week, not {recurrence.get('frequency')!r}")
                _starts(recurrence["schedule"])
        except (KeyError, TypeError, ValueError) as error:
            why = f"'{error.args[0]}' is missing" if isinstance(error, KeyError) else str(error)
            raise InventoryError("BadRequest", f"The profile '{name}' of the autoscale setting is not valid: {why}.") from error


def _whole(text: Any) -> int:
    try:
        return int(text)
    except ValueError:
        raise ValueError(f"'{text}' is no whole number") from None


def _latest(profile: Profile, now: datetime) -> datetime | None:
    """When a recurring profile last started: within the last week, since its schedule is one of days of the week."""
    schedule = profile["recurrence"]["schedule"]
    zone = _zone(schedule)
    local = now.astimezone(zone)
    found = None
    for back in range(8):
        day = (local - timedelta(days=back)).date()
        for weekday, hour, minute in _starts(schedule):
            if day.weekday() != weekday:
                continue
            start = datetime(day.year, day.month, day.day, hour, minute, tzinfo=zone).astimezone(UTC)
            if start <= now and (found is None or start > found):
                found = start
    return found


def _starts(schedule: Mapping[str, Any]) -> list[tuple[int, int, int]]:
    """Day of the week (Monday is 0), hour and minute of every start."""
    _zone(schedule)
    days = []
    for day in schedule["days"]:
        if str(day).capitalize() not in DAYS:
            raise ValueError(f"{day!r} is no day of the week")
        days.append(DAYS.index(str(day).capitalize()))
    hours, minutes = [int(hour) for hour in schedule["hours"]], [int(minute) for minute in schedule["minutes"]]
    if not all(0 <= hour < 24 for hour in hours) or not all(0 <= minute < 60 for minute in minutes):
        raise ValueError("hours lie from 0 to 23 and minutes from 0 to 59")
    return [(day, hour, minute) for day in days for hour in hours for minute in minutes]


def _zone(where: Mapping[str, Any]) -> tzinfo:
    name = str(where.get("timeZone") or "UTC")
    if name.upper() == "UTC":
        return UTC  # also where there is no tz database
    try:
        return ZoneInfo(ZONES.get(name.lower(), name))
    except (KeyError, ValueError, OSError):
        raise ValueError(f"the time zone '{name}' is not known; known are {', '.join(ZONES)}") from None


def _instant(text: str, zone: tzinfo) -> datetime:
    """An instant; a text without an offset is in the zone."""
    moment = datetime.fromisoformat(str(text).replace("Z", "+00:00"))
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)


__all__ = ["check", "in_force"]
