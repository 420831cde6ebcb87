"""Answers for people: side by side with a row of types, or one line a value where a row is too wide.

rich measures text (wide and combining characters included); lines are put together here, because its own table measures
every cell several times and takes seconds for what a page of an estate holds.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, islice
from typing import TYPE_CHECKING, BinaryIO

from rich.cells import cell_len, set_cell_size

from queries.formats import Look
from queries.formats.lines import NUMERIC, text_rows

if TYPE_CHECKING:
    from queries.result import Result

NARROWEST = 12
"""No column is cut below this width; rows that still do not fit are shown one line a value."""

_BOLD, _DIM, _PLAIN = "\x1b[1m", "\x1b[2m", "\x1b[0m"
_CONTROLS = {code: repr(chr(code))[1:-1] for code in (*range(32), *range(127, 160), 0x2028, 0x2029)}


def table(result: Result, out: BinaryIO, look: Look) -> None:
    for line in table_lines(result, look):
        out.write(line.encode("utf-8", "replace") + b"\n")


def vertical(result: Result, out: BinaryIO, look: Look) -> None:
    for line in vertical_lines(result, look):
        out.write(line.encode("utf-8", "replace") + b"\n")


def _shown(result: Result, look: Look) -> list[list[str | None]]:
    rows = islice(chain.from_iterable(text_rows(result, None)), look.max_rows)
    return [[None if cell is None else cell.translate(_CONTROLS) for cell in row] for row in rows]


def table_lines(result: Result, look: Look) -> Iterator[str]:
    """The answer as lines of text; falls back to one line a value where the columns do not fit the width."""
    rows = _shown(result, look)
    names = [column.name.translate(_CONTROLS) for column in result.columns]
    types = [column.type for column in result.columns]
    natural = [
        max(cell_len(name), len(kind), *(4 if row[i] is None else cell_len(row[i] or "") for row in rows))
        if rows
        else max(cell_len(name), len(kind))
        for i, (name, kind) in enumerate(zip(names, types, strict=True))
    ]
    widths = _fit(natural, look.width)
    if widths is None:
        yield from vertical_lines(result, look)
        return
    right = [kind in NUMERIC for kind in types]
    bold, dim, plain = (_BOLD, _DIM, _PLAIN) if look.colour else ("", "", "")

    def line(cells: list[str | None]) -> str:
        parts = []
        for cell, width, to_right in zip(cells, widths, right, strict=True):
            text = _cut("null" if cell is None else cell, width)
            blank = " " * (width - cell_len(text))
            text = f"{dim}{text}{plain}" if cell is None else text
            parts.append(blank + text if to_right else text + blank)
        return "  ".join(parts).rstrip()

    yield f"{bold}{line([*names])}{plain}"
    yield f"{dim}{line([*types])}{plain}"
    for row in rows:
        yield line(row)


def vertical_lines(result: Result, look: Look) -> Iterator[str]:
    """The answer with one line a value, nothing cut."""
    bold, dim, plain = (_BOLD, _DIM, _PLAIN) if look.colour else ("", "", "")
    names = [column.name.translate(_CONTROLS) for column in result.columns]
    broadest = max((cell_len(name) for name in names), default=0)
    widest = max((len(column.type) for column in result.columns), default=0)
    for number, row in enumerate(_shown(result, look), 1):
        yield f"{dim}── row {number:,} ──{plain}"
        for name, column, cell in zip(names, result.columns, row, strict=True):
            value = f"{dim}null{plain}" if cell is None else cell
            head = f"{bold}{set_cell_size(name, broadest)}{plain}  {dim}{column.type.ljust(widest)}{plain}"
            yield f"{head}  {value}".rstrip()


def _fit(natural: list[int], width: int | None) -> list[int] | None:
    """Column widths that fit, the broadest columns cut first; None where even the narrowest do not."""
    if width is None:
        return natural
    room = width - 2 * (len(natural) - 1)
    if sum(natural) <= room:
        return natural
    if sum(min(n, NARROWEST) for n in natural) > room:
        return None
    low, high = NARROWEST, max(natural)
    while low < high:  # the largest width to cut at with which everything fits
        middle = (low + high + 1) // 2
        low, high = (middle, high) if sum(min(n, middle) for n in natural) <= room else (low, middle - 1)
    return [min(n, low) for n in natural]


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width and cell_len(text) <= width else set_cell_size(text, width - 1).rstrip() + "…"
