"""The line under an answer: how many rows, what they cost, how old they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from queries.result import Result


def milliseconds(seconds: float) -> str:
    """A duration for people: three figures, in ms or s."""
    if seconds >= 10:
        return f"{seconds:.1f} s"
    if seconds >= 1:
        return f"{seconds:.2f} s"
    return f"{seconds * 1000:.1f} ms" if seconds < 0.1 else f"{seconds * 1000:.0f} ms"


def count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def on_their_way(pending: int) -> str:
    """'' or what is not visible yet."""
    if not pending:
        return ""
    return f"{count(pending, 'change')} on {'its' if pending == 1 else 'their'} way"


def footer(result: Result) -> str:
    """`4 rows · compile 0.9 ms · run 1.4 ms · as of 12:00:31 (3 changes on their way)`."""
    timings = result.timings
    age = f"as of {result.as_of:%H:%M:%S}"
    if result.pending:
        age += f" ({on_their_way(result.pending)})"
    compile = "compiled before" if timings.cached else f"compile {milliseconds(timings.compile)}"
    rows = f"first {count(len(result), 'row')}" if result.truncated else count(len(result), "row")
    return " · ".join((rows, compile, f"run {milliseconds(timings.run)}", age))
