"""The page at `/`: Resource Graph Explorer for this estate, and what it asks of the server while one types.

The page is files of `page/`, as they are: nothing is built, nothing is fetched from elsewhere. Places in a text are
counted in UTF-16 units here, as a browser counts them.
"""

from __future__ import annotations

import importlib.resources
import json
import math
from collections.abc import Callable, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

import kql
from queries.http.arm_error import ArmError, json_response
from queries.http.bodies import json_object
from queries.http.edge import stranger
from queries.http.routing import ArmRoute
from queries.http.service import Service
from queries.library import saved_queries
from queries.profile import KUSTO, profile_of
from queries.result import Result
from queries.values import jsoner

MOST_ROWS = 1000
"""Rows that the page is given of one answer; it says when there are more."""
MOST_COMPLETIONS = 200

_ONE = """declare query_parameters(wanted: string);
union resources, resourcecontainers, computeresources | where id =~ wanted | take 1"""

_KEPT = """resources | where type == 'microsoft.resourcegraph/queries' | order by tolower(name) asc
| project name, title = name, purpose = tostring(properties.description), text = tostring(properties.query)"""

_GROUP = "resourcecontainers | where type =~ 'microsoft.resources/subscriptions/resourcegroups' | top 1 by id asc | project id"

_PAGE = importlib.resources.files("queries.http").joinpath("page")
_JSON = "application/json; charset=utf-8"
_KINDS = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_HEADERS = {
    "content-security-policy": "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "referrer-policy": "no-referrer",
}


class Explorer:
    """The page, its files, and what it asks."""

    def __init__(self, service: Service) -> None:
        self._graph, self._run = service.graph, service.run
        self._patience = service.settings.query_seconds

    async def page(self, request: Request) -> Response:
        """The page itself tells nothing: where a token is asked for, a browser gets it, and it asks the user."""
        found = _file("index.html")
        if not request.state.admitted:
            refused = stranger()
            if "text/html" not in request.headers.get("accept", ""):
                raise refused
            found.status_code = refused.status
            found.headers.update(refused.headers)
        return found

    async def file(self, request: Request) -> Response:
        return _file(request.path_params["name"])

    async def _asked(self, request: Request, work: Callable[[str, str], str]) -> Response:
        """The JSON that `work` makes of a query and a profile, or the problems of the query."""
        body = await json_object(request)
        text, profile = _query(body), _profile(body)

        def told() -> str:
            try:
                return work(text, profile)
            except kql.KqlError as error:
                return json.dumps({"problems": _problems(error.problems, text)})

        return Response(await self._run(told), media_type=_JSON)

    async def ask(self, request: Request) -> Response:
        def work(text: str, profile: str) -> str:
            return _answer(self._graph.query(text, profile=profile, at_most=MOST_ROWS, timeout=self._patience), text)

        return await self._asked(request, work)

    async def edit(self, request: Request) -> Response:
        body = await json_object(request)
        text, profile = _query(body), _profile(body)

        def work() -> dict[str, object]:
            place = _places(text)
            problems = self._graph.check(text, profile=profile) if text.strip() else []
            return {
                "tokens": [(token.kind, place(token.start), place(token.end)) for token in kql.tokens(text)],
                "problems": _problems(problems, text),
            }

        return json_response(await self._run(work))

    async def complete(self, request: Request) -> Response:
        body = await json_object(request)
        text = _query(body)
        offset = body.get("offset")
        if isinstance(offset, bool) or not isinstance(offset, int) or offset < 0:
            raise ArmError(400, "InvalidParameter", "'offset' is a place in the text.")

        def work() -> list[dict[str, object]]:
            before = text.encode("utf-16-le", "surrogatepass")[: 2 * offset].decode("utf-16-le", "replace")
            place = _places(text)
            return [
                {"text": each.text, "kind": each.kind, "detail": each.detail, "start": place(each.start)}
                for each in self._graph.complete(text, len(before))[:MOST_COMPLETIONS]
            ]

        return json_response(await self._run(work))

    async def library(self, request: Request) -> Response:
        """The saved queries that come with the library, and before them those that were saved in the estate."""
        kept = await self._run(lambda: self._graph.query(_KEPT, profile=KUSTO, truth=True).to_pylist())
        brought = ({"name": each.name, "title": each.title, "purpose": each.purpose, "text": each.text} for each in saved_queries())
        return json_response([*kept, *brought])

    async def save(self, request: Request) -> Response:
        """Keep a query in the estate, as a resource of its first group that any client finds. One of that name is replaced."""
        body = await json_object(request)
        name, text = body.get("name"), _query(body)
        if not isinstance(name, str) or not name.strip() or "/" in name:
            raise ArmError(400, "InvalidParameter", "'name' is a text without a slash.")

        def work() -> dict[str, object]:
            group = self._graph.query(_GROUP, profile=KUSTO, truth=True).to_pylist()
            if not group:
                raise ArmError(409, "Conflict", "The estate has no resource group in which a query could be kept.")
            id_ = f"{group[0]['id']}/providers/Microsoft.ResourceGraph/queries/{name.strip()}"
            return self._graph.estate.control.put(id_, {"location": "global", "properties": {"query": text}}).document or {}

        return json_response(await self._run(work))

    async def compare(self, request: Request) -> Response:
        """What a query answers from the index beside what is true: the rows that differ, and how many do not."""

        def work(text: str, profile: str) -> str:
            # whole answers: of two that are cut, rows beyond the cut of one would seem to be missing from the other
            found = self._graph.compare(text, profile=profile, timeout=self._patience)
            differing = [
                *({"state": "stale", "index": index, "truth": truth} for index, truth in found.stale),
                *({"state": "missing", "index": None, "truth": truth} for truth in found.missing),
                *({"state": "ghost", "index": index, "truth": None} for index in found.ghosts),
            ]
            facts = {
                "columns": [column.name for column in found.index.columns],
                "rows": differing[:MOST_ROWS],
                "differing": len(differing),
                "same": len(found.index) - len(found.stale) - len(found.ghosts),
            }
            return json.dumps(_finite(facts), default=str)

        return await self._asked(request, work)

    async def resource(self, request: Request) -> Response:
        """One resource as it is, beside what the index says of it; null where it is not."""
        body = await json_object(request)
        id_ = body.get("id")
        if not isinstance(id_, str) or not id_:
            raise ArmError(400, "InvalidParameter", "'id' is the id of a resource.")

        def work() -> str:
            found = self._graph.compare(_ONE, parameters={"wanted": id_})
            index, truth = (next(iter(result.to_pylist()), None) for result in (found.index, found.truth))
            return json.dumps(_finite({"truth": truth, "index": index}), default=str)

        return Response(await self._run(work), media_type=_JSON)


def routes(service: Service) -> list[BaseRoute]:
    """Where each of them is asked for."""
    explorer = Explorer(service)
    return [
        ArmRoute("/", explorer.page, public=True),
        ArmRoute("/lazulite/page/{name}", explorer.file, public=True),
        ArmRoute("/lazulite/explorer/ask", explorer.ask, methods=("POST",)),
        ArmRoute("/lazulite/explorer/edit", explorer.edit, methods=("POST",)),
        ArmRoute("/lazulite/explorer/complete", explorer.complete, methods=("POST",)),
        ArmRoute("/lazulite/explorer/library", explorer.library),
        ArmRoute("/lazulite/explorer/save", explorer.save, methods=("POST",)),
        ArmRoute("/lazulite/explorer/compare", explorer.compare, methods=("POST",)),
        ArmRoute("/lazulite/explorer/resource", explorer.resource, methods=("POST",)),
    ]


def _file(name: str) -> Response:
    """A file of the page; only names that the folder has lead to one."""
    for file in _PAGE.iterdir():
        kind = _KINDS.get(file.name[file.name.rfind(".") :])
        if file.name == name and kind is not None:
            return Response(file.read_bytes(), headers=_HEADERS, media_type=f"{kind}; charset=utf-8")
    raise ArmError(404, "NotFound", f"The page has no file '{name}'.")


def _finite(value: Any) -> Any:
    """The value with the names of numbers that JSON does not have in their place."""
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, dict):
        return {name: _finite(inner) for name, inner in value.items()}
    return [_finite(inner) for inner in value] if isinstance(value, list) else value


def _query(body: dict[str, Any]) -> str:
    text = body.get("query")
    if not isinstance(text, str):
        raise ArmError(400, "InvalidParameter", "'query' is a text.")
    return text


def _profile(body: dict[str, Any]) -> str:
    profile = body.get("profile", KUSTO.name)
    try:
        return profile_of(profile).name
    except (TypeError, ValueError) as error:
        raise ArmError(400, "InvalidParameter", str(error)) from None


def _places(text: str) -> Any:
    """The function from a place in characters to one in UTF-16 units."""
    if text.isascii() or max(text) <= "\uffff":
        return lambda place: place
    units = [0]
    for character in text:
        units.append(units[-1] + (2 if character > "\uffff" else 1))
    return lambda place: units[min(place, len(text))]


def _problems(problems: Sequence[kql.Problem], text: str) -> list[dict[str, object]]:
    place = _places(text)
    return [
        {
            "code": problem.code, "severity": problem.severity, "message": problem.message, "help": problem.help,
            "start": place(problem.span[0]), "end": place(problem.span[1]),
        }
        for problem in problems
    ]  # fmt: skip


def _answer(result: Result, text: str) -> str:
    """The answer as JSON, each value written by the rule of its column's type."""
    writers = [jsoner(column.type, form) for column, form in zip(result.columns, result.forms, strict=True)]
    rows = ",".join(
        "["
        + ",".join("null" if value is None else write(value) for write, value in zip(writers, row, strict=True))
        + "]"
        for batch in result.batches()
        for row in batch
    )
    facts = {
        "columns": [{"name": column.name, "type": column.type} for column in result.columns],
        "asOf": f"{result.as_of:%Y-%m-%dT%H:%M:%S.%f}Z",
        "pending": result.pending,
        "milliseconds": round(result.timings.total * 1000, 2),
        "truncated": result.truncated,
        "render": result.render,
        "advice": _problems(result.advice, text),
    }
    return f'{{"facts":{json.dumps(facts)},"rows":[{rows}]}}'
