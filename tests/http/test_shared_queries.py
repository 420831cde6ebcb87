"""Saved queries: kept, read, changed, deleted, seen as rows, and used inside other queries."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from queries import Lag, ResourceGraph

VERSION = "?api-version=2024-04-01"
QUERY = "Resources | summarize count() by type // by type"


@pytest.fixture
def graph() -> Any:
    with ResourceGraph.simulated(vms=10, lag=Lag.none()) as graph:
        yield graph


@pytest.fixture
def group(graph: ResourceGraph) -> str:
    text = "resourcecontainers | where type endswith 'resourcegroups' | project id | top 1 by id asc"
    return str(graph.query(text).scalar())


def test_a_query_lives(graph: ResourceGraph, group: str, make_client: Any) -> None:
    client = make_client(graph, quota=None)
    path = f"{group}/providers/Microsoft.ResourceGraph/queries/Count VMs by OS"
    missing = client("GET", path + VERSION)
    assert (missing.status, missing.code, missing.headers["x-ms-failure-cause"]) == (404, "ResourceNotFound", "gateway")
    body = {"location": "global", "tags": {"a": "b"}, "properties": {"description": "demo", "query": QUERY}}
    made = client("PUT", path + VERSION, body)
    assert (made.status, list(made.json)) == (
        201,
        ["properties", "type", "location", "subscriptionId", "resourceGroup", "name", "id", "tags", "etag"],
    )
    assert made.json["properties"] == {
        "resultKind": "basic", "timeModified": "2026-01-15T12:00:00.0000000Z", "query": QUERY, "description": "demo",
    }  # fmt: skip
    assert made.json["id"].endswith("/providers/microsoft.resourcegraph/queries/Count VMs by OS")
    assert client("GET", path + VERSION).json == made.json
    assert client("PUT", path + VERSION, body).status == 200
    graph.advance(5)
    changed = client("PATCH", path + VERSION, {"tags": {"c": "d"}, "etag": made.json["etag"]})
    assert (changed.json["tags"], changed.json["properties"]["query"]) == ({"c": "d"}, QUERY)
    stale = client("PATCH", path + VERSION, {"tags": {}, "etag": made.json["etag"]})
    assert (stale.status, stale.code) == (412, "PreconditionFailed")
    for scope in (group, group.split("/resourceGroups/")[0]):
        listed = client("GET", f"{scope}/providers/microsoft.resourcegraph/QUERIES{VERSION}").json["value"]
        assert [each["name"] for each in listed] == ["Count VMs by OS"]
    seen = graph.query(
        "resources | where type == 'microsoft.resourcegraph/queries' | project name, tostring(properties.query)"
    )
    assert seen.rows() == [("Count VMs by OS", QUERY)]
    assert client("DELETE", path + VERSION).status == 200
    assert client("DELETE", path + VERSION).status == 204
    assert client("GET", path + VERSION).status == 404


def test_queries_are_used_in_queries(graph: ResourceGraph, group: str, make_client: Any) -> None:
    client = make_client(graph, quota=None)
    id = f"{group}/providers/Microsoft.ResourceGraph/queries/by type"
    nested = f"{group}/providers/Microsoft.ResourceGraph/queries/nested"
    client("PUT", id + VERSION, {"location": "global", "properties": {"query": QUERY}})
    client("PUT", nested + VERSION, {"location": "global", "properties": {"query": f"{{{{{id}}}}} | count"}})

    def ask(query: str) -> Any:
        return client("POST", f"/providers/Microsoft.ResourceGraph/resources{VERSION}", {"query": query})

    whole = ask("{{" + id + "}}").json["data"]
    assert {row["type"]: row["count_"] for row in whole} == dict(graph.query(QUERY).rows())
    assert ask("{{" + id.upper() + "}} | where count_ > 1000").json["data"] == []
    joined = ask("resources | join kind=inner ({{" + id + "}}) on type | summarize n = count()").json["data"]
    assert joined == [{"n": sum(row["count_"] for row in whole)}]
    for wrong in (nested, id + "x", group, "/subscriptions/x"):
        answer = ask("{{" + wrong + "}}")
        assert (answer.status, answer.code) == (400, "BadRequest"), wrong


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("q", {}), ("q", {"properties": {}}), ("q", {"properties": {"query": 5}}), ("q", {"properties": {"query": " "}}),
        ("q", []), ("q", {"properties": {"query": "x", "description": 1}}), ("a<b", {"properties": {"query": "x"}}),
    ],
)  # fmt: skip
def test_wrong_queries_are_not_kept(graph: ResourceGraph, group: str, make_client: Any, name: str, body: Any) -> None:
    client = make_client(graph)
    path = f"{group}/providers/Microsoft.ResourceGraph/queries/"
    assert client("PUT", path + name + VERSION, body).status == 400
    assert client("GET", path.rstrip("/") + VERSION).json == {"value": []}
    assert client("GET", path + quote(name)).code == "MissingApiVersionParameter"


@pytest.mark.parametrize("name", [None, 3, "", " ", "a/b", "a?b", "..%2f", "a" * 261, "a\nb"])
def test_the_page_saves_no_query_under_a_name_that_azure_refuses(
    graph: ResourceGraph, make_client: Any, name: Any
) -> None:
    client = make_client(graph, quota=None)
    refused = client("POST", "/lazulite/explorer/save", {"name": name, "query": QUERY})
    assert refused.status == 400 and refused.code and refused.json["error"]["message"]
    for query in (None, 3, "", " "):
        assert client("POST", "/lazulite/explorer/save", {"name": "mine", "query": query}).status == 400
    assert graph.query("resources | where type =~ 'microsoft.resourcegraph/queries'").rows() == []


def test_the_page_saves_a_query_in_place_of_one_of_its_name(graph: ResourceGraph, make_client: Any) -> None:
    client = make_client(graph, quota=None)
    for text in (QUERY, "resources | count"):
        saved = client("POST", "/lazulite/explorer/save", {"name": " mine ", "query": text})
        assert (saved.status, saved.json["name"]) == (200, "mine")
    assert [(each["name"], each["text"]) for each in client("GET", "/lazulite/explorer/library").json][:1] == [
        ("mine", "resources | count")
    ]
