"""Facets: the values of columns of an answer, counted. Each is a query of its own over the main query's rows."""

from __future__ import annotations

import re
from collections.abc import Sequence

from kql import KqlError
from queries.graph import ResourceGraph
from queries.http.resource_graph.request import FacetRequest
from queries.paging import Page, Pager
from queries.profile import Profile
from queries.refusals import Detail, refusal

_NAME = r"[A-Za-z_]\w*"
_PATH = re.compile(rf"""{_NAME}(\.{_NAME}|\.?\['[^'\\\n]+'\]|\.?\["[^"\\\n]+"\]|\[\d+\])*""")
_SORT = re.compile(_NAME)


class FacetFailed(Exception):
    """A facet that cannot be counted; `errors` in the service's words."""

    def __init__(self, errors: list[Detail]) -> None:
        super().__init__(errors)
        self.errors = errors


def count(
    graph: ResourceGraph,
    pager: Pager,
    query: str,
    facet: FacetRequest,
    *,
    profile: Profile,
    subscriptions: Sequence[str] | None,
    timeout: float | None,
) -> Page:
    """The values of a facet with their number. Raises FacetFailed."""
    main = query.rstrip().rstrip(";")
    keys = _keys(graph, main, facet.expression, profile)
    steps = [main]
    if facet.filter is not None:
        steps.append(f"| where ({facet.filter}\n)")
    order = "asc" if facet.ascending else "desc"
    if not _SORT.fullmatch(facet.sort_by):
        raise FacetFailed([_invalid([facet.sort_by])])
    steps.append(f"| summarize ['count'] = count() by {', '.join(keys)}")
    steps.append(f"| order by ['{facet.sort_by}'] {order}")
    try:
        return pager.page(
            "\n".join(steps), profile=profile, subscriptions=subscriptions, top=facet.top, timeout=timeout
        )
    except KqlError as error:
        raise FacetFailed(list(refusal(error).details)) from None


def _keys(graph: ResourceGraph, main: str, expression: str, profile: Profile) -> list[str]:
    """The columns of a facet; a path into a document is counted by its text."""
    wanted = [each.strip() for each in expression.split(",")]
    keys, unknown = [], []
    for path in wanted:
        if not _PATH.fullmatch(path):
            unknown.append(path)
            continue
        try:
            found = graph.compile(f"{main}\n| project {path}", profile=profile).columns[0]
        except KqlError:
            unknown.append(path)
            continue
        keys.append(f"tostring({path})" if found.type == "dynamic" else path)
    if not keys:
        raise FacetFailed(
            [{"code": "NoValidColumns", "message": "No valid columns in facet expression."}, _invalid(unknown)]
        )
    if unknown:
        raise FacetFailed([_invalid(unknown)])
    return keys


def _invalid(names: list[str]) -> Detail:
    return {"code": "InvalidColumnNames", "message": f"Invalid column names: [{', '.join(names)}]."}
