"""Asking: a question in KQL goes in here, rows come out. Knows neither how SQL is written nor how a VM changes state.

Everything is loaded when first asked for, so that a command line can answer `--help` without an engine.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from inventory import History, Lag, RealClock, SimulatedClock
    from kql import KqlError
    from queries.comparison import Comparison
    from queries.errors import AnswerTooLarge, QueryFailed, QueryInterrupted, QueryTimeout
    from queries.graph import ResourceGraph
    from queries.library import SavedQuery, saved_queries, saved_query
    from queries.profile import KUSTO, PROFILES, RESOURCE_GRAPH, Profile
    from queries.result import Column, Result, Timings
    from queries.settings import Settings

_HOMES = {
    "AnswerTooLarge": "queries.errors",
    "Comparison": "queries.comparison",
    "History": "inventory",
    "Column": "queries.result",
    "KUSTO": "queries.profile",
    "KqlError": "kql",
    "Lag": "inventory",
    "PROFILES": "queries.profile",
    "Profile": "queries.profile",
    "QueryFailed": "queries.errors",
    "QueryInterrupted": "queries.errors",
    "QueryTimeout": "queries.errors",
    "RESOURCE_GRAPH": "queries.profile",
    "RealClock": "inventory",
    "ResourceGraph": "queries.graph",
    "Result": "queries.result",
    "SavedQuery": "queries.library",
    "Settings": "queries.settings",
    "SimulatedClock": "inventory",
    "Timings": "queries.result",
    "saved_queries": "queries.library",
    "saved_query": "queries.library",
}

__all__ = [
    "KUSTO",
    "PROFILES",
    "RESOURCE_GRAPH",
    "AnswerTooLarge",
    "Column",
    "Comparison",
    "History",
    "KqlError",
    "Lag",
    "Profile",
    "QueryFailed",
    "QueryInterrupted",
    "QueryTimeout",
    "RealClock",
    "ResourceGraph",
    "Result",
    "SavedQuery",
    "Settings",
    "SimulatedClock",
    "Timings",
    "saved_queries",
    "saved_query",
]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'queries' has no attribute '{name}'")
    from importlib import import_module

    value = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
