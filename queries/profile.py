"""What Azure's own service allows of the language: facts of the service as data, handed to the compiler.

The compiler reads the attributes and imports nothing from here. Lists and limits follow Microsoft's page "Understanding
the Azure Resource Graph query language" (2024-03-20); every limit can be changed with `dataclasses.replace`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from kql import Problem


@dataclass(frozen=True, slots=True)
class Profile:
    """One way to read the language. None where the profile sets no bound.

    `operators` and `join_kinds` are what is allowed, in KQL's spelling; `refused_functions` maps a name to the reason;
    `refused_parameters` are an operator's, by their first word; `free_tables` do not count among `max_tables`. A profile
    that is not `strict` is told as advice, and cuts nothing.
    """

    name: str
    strict: bool = True
    operators: frozenset[str] | None = None
    join_kinds: frozenset[str] | None = None
    refused_functions: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}), hash=False)
    refused_parameters: frozenset[str] = frozenset()
    free_tables: tuple[str, ...] = ()
    max_tables: int | None = None
    max_joins: int | None = None
    max_unions: int | None = None
    max_mv_expands: int | None = None
    max_mv_expand_rows: int | None = None
    default_mv_expand_rows: int | None = None


_OPERATORS = (
    "count", "distinct", "extend", "join", "limit", "mv-expand", "mvexpand", "order", "parse", "project",
    "project-away", "sort", "summarize", "take", "top", "union", "where",
    "project-rename",  # not on the list either, but Microsoft's own samples use it
    "filter",  # Kusto's other spelling of where
    "sample",  # not on the list of operators, but the page on paging names it as one that stops paging
)  # fmt: skip

_ELSEWHERE = "it reaches beyond the tables of Resource Graph"
_STATEMENTS = "Resource Graph takes one pipeline and no let statements"

RESOURCE_GRAPH = Profile(
    "resource-graph",
    operators=frozenset(_OPERATORS),
    join_kinds=frozenset({"innerunique", "inner", "leftouter", "fullouter"}),
    refused_functions=MappingProxyType(
        {
            **dict.fromkeys(("cluster", "database", "external_table", "externaldata", "table"), _ELSEWHERE),
            **dict.fromkeys(("current_principal", "current_database", "current_cluster_endpoint"), _ELSEWHERE),
            **dict.fromkeys(("materialize", "toscalar", "view"), _STATEMENTS),
        }
    ),
    refused_parameters=frozenset({"hint", "isfuzzy", "*"}),  # no strategies, no tables that may be missing
    free_tables=("resources", "resourcecontainers"),
    max_tables=1,  # "one cross-table join, three where only Resources and ResourceContainers take part"
    max_joins=3,
    max_unions=3,  # legs beside the rows that come to them
    max_mv_expands=3,  # the page says 2 in its table and 3 in its text; the service takes 3
    max_mv_expand_rows=400,
    default_mv_expand_rows=128,
)
"""What the service documents: one pipeline of its operators, four join kinds, few joins."""

KUSTO = replace(RESOURCE_GRAPH, name="kusto", strict=False)
"""Everything that the engine knows; what Resource Graph would refuse is told as advice."""

PROFILES: Mapping[str, Profile] = MappingProxyType({profile.name: profile for profile in (KUSTO, RESOURCE_GRAPH)})


def of_service(problem: Problem) -> bool:
    """Whether a problem is about what the service allows, not about the query itself."""
    return problem.code.startswith("KQL7")


def profile_of(wanted: str | Profile) -> Profile:
    """The profile of that name; a ValueError names those there are."""
    if isinstance(wanted, Profile):
        return wanted
    try:
        return PROFILES[wanted]
    except (KeyError, TypeError):
        raise ValueError(f"there is no profile '{wanted}'; choose one of: {', '.join(PROFILES)}") from None


