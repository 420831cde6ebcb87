"""The edge and the server's own API: clock, faults, token, unknown paths."""

from __future__ import annotations

from typing import Any

import pytest

from queries import ResourceGraph


def test_health_and_usual_headers(graph: ResourceGraph, make_client: Any) -> None:
    answer = make_client(graph)("GET", "/lazulite/health")
    assert (answer.status, answer.json["status"]) == (200, "ok")
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert answer.headers["x-ms-request-id"] == answer.headers["x-ms-correlation-request-id"]


def test_the_clock_advances(world: ResourceGraph, make_client: Any) -> None:
    client = make_client(world)
    before = world.clock.now()
    answer = client("POST", "/Lazulite/ADVANCE", {"by": "90s"})
    assert answer.status == 200 and answer.json["kind"] == "simulated"
    assert (world.clock.now() - before).total_seconds() == 90
    assert client("GET", "/lazulite/clock").json["now"].startswith("2026-01-15T12:01:30")


@pytest.mark.parametrize("body", [{}, {"by": -1}, {"by": "soon"}, {"by": True}, {"by": [1]}, {"by": 1e300}])
def test_a_wrong_duration_moves_nothing(graph: ResourceGraph, make_client: Any, body: Any) -> None:
    before = graph.clock.now()
    answer = make_client(graph)("POST", "/lazulite/advance", body)
    assert (answer.status, answer.code) == (400, "InvalidParameter")
    assert graph.clock.now() == before


def test_without_its_token_the_server_tells_nothing(graph: ResourceGraph, make_client: Any) -> None:
    client = make_client(graph, token="open sesame")
    refused = [
        client("GET", path) for path in ("/lazulite/health", "/nowhere", "/subscriptions?api-version=2022-12-01")
    ]
    refused.append(client("GET", "/lazulite/health", headers={"authorization": "Bearer wrong"}))
    assert {answer.status for answer in refused} == {401}
    assert len({answer.content for answer in refused}) == 1
    assert client("GET", "/lazulite/health", headers={"authorization": "bearer open sesame"}).status == 200


def test_unknown_paths_and_methods(graph: ResourceGraph, make_client: Any) -> None:
    client = make_client(graph)
    for path in ("/nowhere", "/../../etc/passwd", "/lazulite/%2e%2e/%2e%2e/etc/passwd", "/nowhere//"):
        answer = client("GET", path)
        assert (answer.status, answer.code) == (404, "NotFound")
    assert client("PUT", "/lazulite/health").status == 405


@pytest.mark.parametrize("raw", [b"{", b"[1]", b"\xff\xfe", b'{"by": NaN}', b'{"by":' + b"[" * 100_000, b"9" * 5000])
def test_wrong_json_is_refused(graph: ResourceGraph, make_client: Any, raw: bytes) -> None:
    answer = make_client(graph)("POST", "/lazulite/advance", raw=raw)
    assert (answer.status, answer.code) == (400, "InvalidRequestContent")


def test_a_long_body_is_refused(graph: ResourceGraph, make_client: Any) -> None:
    client = make_client(graph, max_body=1000)
    assert client("POST", "/lazulite/refresh", raw=b" " * 1000).status == 200
    answer = client("POST", "/lazulite/advance", raw=b" " * 1001)
    assert (answer.status, answer.code) == (413, "RequestEntityTooLarge")
    answer = client("POST", "/lazulite/advance", raw=b"{}", headers={"content-length": "100000000"})
    assert (answer.status, answer.headers["connection"]) == (413, "close")
