"""Durations as people write them at a command line."""

from __future__ import annotations

import re

MOST = 10**9
"""The longest duration, in seconds: some 31 years."""

_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|sec|m|min|h|d|)", re.IGNORECASE)
_SECONDS = {"ms": 0.001, "s": 1.0, "sec": 1.0, "": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0}


def duration(text: str) -> float:
    """Seconds of `60s`, `2m`, `500ms`, `1.5h` or a bare number of seconds; a ValueError for anything else."""
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"'{text}' is not a duration; write 60s, 2m, 1.5h or 500ms")
    seconds = float(match[1]) * _SECONDS[match[2].lower()]
    if seconds > MOST:
        raise ValueError(f"'{text[:40]}' is too long; a duration here is at most {MOST:,} seconds")
    return seconds
