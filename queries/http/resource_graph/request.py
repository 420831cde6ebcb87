"""The request of a query, checked field by field. Unknown fields are ignored, as the service ignores them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from queries.http.resource_graph.versions import OBJECT_ARRAY, TABLE, Version
from queries.refusals import Detail, Refusal

SCOPE_FILTERS = ("AtScopeAndBelow", "AtScopeAndAbove", "AtScopeAboveAndBelow", "AtScopeExact")
_LONGEST = 1 << 53


class Refused(Exception):
    """A request that is answered with a refusal."""

    def __init__(self, refusal: Refusal, information: tuple[Detail, ...] = ()) -> None:
        super().__init__(refusal)
        self.refusal = refusal
        self.information = information


def refuse(message: str, code: str = "BadRequest", *, status: int = 400) -> NoReturn:
    """Refuse a request with one detail."""
    raise Refused(Refusal(status, "BadRequest" if status == 400 else code, ({"code": code, "message": message},)))


@dataclass(frozen=True, slots=True)
class FacetRequest:
    """What is counted beside the answer: the values of an expression, in an order, after a filter."""

    expression: str
    sort_by: str = "count"
    ascending: bool = False
    filter: str | None = None
    top: int = 1000


@dataclass(frozen=True, slots=True)
class QueryRequest:
    """One question. None where the request says nothing."""

    query: str
    subscriptions: tuple[str, ...] | None
    management_groups: tuple[str, ...] | None
    top: int | None
    skip: int | None
    skip_token: str | None
    table: bool
    allow_partial_scopes: bool
    facets: tuple[FacetRequest, ...]


def query_request(body: object, version: Version, max_page: int) -> QueryRequest:
    """The question in a body. Raises Refused."""
    if not isinstance(body, dict):
        refuse("The request body must be a JSON object.")
    query = body.get("query")
    if not isinstance(query, str):
        refuse("The field 'query' is required and must be a string.")
    subscriptions = _texts(body, "subscriptions")
    if version.subscriptions_required and not subscriptions:
        refuse(
            "There must be at least one subscription that is eligible to contain resources. Given: ''.",
            "NoValidSubscriptionsInQueryRequest",
        )
    options = body.get("options")
    options = {} if options is None else options
    if not isinstance(options, dict):
        refuse("The field 'options' must be an object.")
    _check_scope_filter(options, version)
    return QueryRequest(
        query,
        subscriptions,
        _groups(body, version),
        _whole(options, "$top", 1, max_page),
        _whole(options, "$skip", 0, _LONGEST),
        _text(options, "$skipToken"),
        _format(options, version) == TABLE,
        _flag(options, "allowPartialScopes"),
        _facets(body, max_page),
    )


def _groups(body: Mapping[str, Any], version: Version) -> tuple[str, ...] | None:
    if version.group_field is None:
        return None
    if version.group_field == "managementGroupId":
        one = _text(body, version.group_field)
        return None if one is None else (one,)
    return _texts(body, version.group_field)


def _format(options: Mapping[str, Any], version: Version) -> str:
    given = _text(options, "resultFormat")
    if given is None:
        return version.default_format
    for known in (TABLE, OBJECT_ARRAY):
        if given.lower() == known.lower():
            return known
    refuse(f"The option 'resultFormat' must be '{TABLE}' or '{OBJECT_ARRAY}'.")


def _check_scope_filter(options: Mapping[str, Any], version: Version) -> None:
    """Taken where the version knows it; it concerns tables of policies and authorizations, which are empty here."""
    given = _text(options, "authorizationScopeFilter")
    if version.scope_filter and given is not None and given.lower() not in {each.lower() for each in SCOPE_FILTERS}:
        refuse(f"The option 'authorizationScopeFilter' must be one of: {', '.join(SCOPE_FILTERS)}.")


def _facets(body: Mapping[str, Any], max_page: int) -> tuple[FacetRequest, ...]:
    given = body.get("facets")
    if given is None:
        return ()
    if not isinstance(given, list):
        refuse("The field 'facets' must be an array.")
    return tuple(_facet(each, max_page) for each in given)


def _facet(given: object, max_page: int) -> FacetRequest:
    if not isinstance(given, dict) or not isinstance(given.get("expression"), str):
        refuse("Each facet must be an object with a string 'expression'.")
    options = given.get("options")
    options = {} if options is None else options
    if not isinstance(options, dict):
        refuse("The options of a facet must be an object.")
    order = (_text(options, "sortOrder") or "desc").lower()
    if order not in ("asc", "desc"):
        refuse("The option 'sortOrder' of a facet must be 'asc' or 'desc'.")
    return FacetRequest(
        given["expression"],
        _text(options, "sortBy") or "count",
        order == "asc",
        _text(options, "filter"),
        _whole(options, "$top", 1, max_page) or max_page,
    )


def _texts(body: Mapping[str, Any], name: str) -> tuple[str, ...] | None:
    value = body.get(name)
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        refuse(f"The field '{name}' must be an array of strings.")
    return tuple(value)


def _text(options: Mapping[str, Any], name: str) -> str | None:
    value = options.get(name)
    if value is not None and not isinstance(value, str):
        refuse(f"'{name}' must be a string.")
    return value


def _flag(options: Mapping[str, Any], name: str) -> bool:
    value = options.get(name)
    if value is not None and not isinstance(value, bool):
        refuse(f"The option '{name}' must be true or false.")
    return bool(value)


def _whole(options: Mapping[str, Any], name: str, least: int, most: int) -> int | None:
    value = options.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int):
        refuse(f"The option '{name}' must be a whole number.")
    if not least <= value <= most:
        refuse(f"The option '{name}' must be between {least} and {most}; it is {value}.")
    return value
