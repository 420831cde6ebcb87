"""The main job in one go: the query of Azure's page on orchestration modes, asked twice, a simulated minute apart."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, BinaryIO

from queries.footer import footer
from queries.formats import FORMATS, Look
from queries.library import saved_query

if TYPE_CHECKING:
    from queries.graph import ResourceGraph
    from queries.result import Result

SHOWN = 12
"""Rows of each answer that are shown; the whole of it is a command away."""


def demonstrate(graph: ResourceGraph, out: BinaryIO, look: Look) -> None:
    """Write the query, its answer now, the answer 60 s later, and what has changed between the two."""

    def say(text: str = "") -> None:
        out.write(text.encode() + b"\n")

    query = saved_query("scale-set-power-states")
    say(query.text.rstrip())
    say()
    first = graph.query(query.text)
    _show(first, out, look)
    say()
    say("... 60 seconds later:")
    say()
    graph.advance(60)
    second = graph.query(query.text)
    _show(second, out, look)
    say()
    before, after = _states(first), _states(second)
    changed = [(name, before[name], after[name]) for name in before if name in after and before[name] != after[name]]
    say(f"{len(changed)} of {len(after)} machines show another power state than a minute ago:")
    for (old, new), machines in sorted(Counter((old, new) for _, old, new in changed).items()):
        say(f"  {machines:4}  {old} -> {new}")
    say()
    say("All rows: lazulite run scale-set-power-states     The prompt: lazulite     Help: lazulite --help")


def _show(result: Result, out: BinaryIO, look: Look) -> None:
    FORMATS["table"].write(result, out, Look(look.width, look.colour, SHOWN))
    if len(result) > SHOWN:
        out.write(f"... and {len(result) - SHOWN:,} more\n".encode())
    out.write(footer(result).encode() + b"\n")


def _states(result: Result) -> dict[tuple[str, str], str]:
    """Power states by resource group and name, which name a machine within this answer."""
    return {(group, name): str(state) for name, group, _, state in result.rows()}
