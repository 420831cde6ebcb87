"""KQL as a language: text to a checked, typed plan to DuckDB SQL. Knows no Azure, no database connection, no terminal.

`compile` gives SQL and typed result columns, `check` all problems of a text, `complete` and `tokens` serve editors,
`help` tells about a function or an operator. All are pure: none needs a database. A compiled query's SQL calls macros:
`needed(sql)` are those that one statement calls, `prelude()` is all of them as a script to run once per database.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kql.messages import KqlError, Problem

if TYPE_CHECKING:
    from kql.compiler import Compiled, ResultColumn, check, compile, load
    from kql.editing import Completion, Token, complete, tokens
    from kql.reference import help
    from kql.schema import Schema
    from kql.sql.prelude import needed, prelude

# What is loaded only when it is asked for, so that importing the language costs next to nothing.
_LAZY = {
    "Compiled": "kql.compiler", "ResultColumn": "kql.compiler", "check": "kql.compiler", "compile": "kql.compiler",
    "load": "kql.compiler",
    "Completion": "kql.editing", "Token": "kql.editing", "complete": "kql.editing", "tokens": "kql.editing",
    "help": "kql.reference", "Schema": "kql.schema", "needed": "kql.sql.prelude", "prelude": "kql.sql.prelude",
}  # fmt: skip


def __getattr__(name: str) -> Any:
    import importlib

    if name in _LAZY:
        return getattr(importlib.import_module(_LAZY[name]), name)
    raise AttributeError(f"module 'kql' has no attribute '{name}'")


__all__ = [
    "Compiled", "Completion", "KqlError", "Problem", "ResultColumn", "Schema", "Token", "check", "compile",
    "complete", "help", "load", "needed", "prelude", "tokens",
]  # fmt: skip
