"""The macros that emitted SQL calls, read from the SQL files of this room. A database needs those of its queries only.

Making all of them costs a third of a second, more than making an estate of 1,000 machines; a query calls a few.
"""

from __future__ import annotations

import importlib.resources
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

_STATEMENT = re.compile(r"^CREATE OR REPLACE MACRO (kql_\w+)\(.*?;[ \t]*$", re.MULTILINE | re.DOTALL)
_CALLED = re.compile(r"\bkql_\w+")


@dataclass(frozen=True, slots=True)
class Macro:
    """One macro: the SQL that makes it, and the names of those that its body calls."""

    name: str
    sql: str
    calls: frozenset[str]


def prelude() -> str:
    """All of them as one script, to run once per database."""
    return "\n".join(macro.sql for macro in macros().values())


def needed(sql: str) -> Iterator[Macro]:
    """The macros that a statement calls, each behind those that it calls itself."""
    seen: set[str] = set()

    def walk(called: frozenset[str] | set[str]) -> Iterator[Macro]:
        for name in sorted(called - seen):
            macro = macros().get(name)
            if macro is not None and name not in seen:
                seen.add(name)
                yield from walk(macro.calls)
                yield macro

    return walk(set(_CALLED.findall(sql)))


@cache
def macros() -> dict[str, Macro]:
    """Every macro by name, in the order of the files."""
    files = [file for file in importlib.resources.files("kql.sql").iterdir() if file.name.endswith(".sql")]
    found: dict[str, Macro] = {}
    for file in sorted(files, key=lambda file: file.name):
        for statement in _STATEMENT.finditer(file.read_text(encoding="utf-8")):
            name, sql = statement.group(1), statement.group(0)
            found[name] = Macro(name, sql, frozenset(_CALLED.findall(sql)) - {name})
    return found


__all__ = ["Macro", "macros", "needed", "prelude"]
