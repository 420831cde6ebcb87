"""Requests that are wrong everywhere they can be: a proper error or a closed connection, nothing changed, no trace of a defect."""

from __future__ import annotations

import copy
import json
import logging
import random
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from queries import ResourceGraph
from queries.http.edge import DEFECTS
from tests.http.process import Running, start, stop

ASK = "/providers/Microsoft.ResourceGraph/resources?api-version=2022-10-01"
HISTORY = ASK.replace("resources?", "resourcesHistory?")
FULL: dict[str, Any] = {
    "subscriptions": ["2c0a6593-0b11-48cf-8543-c913afff0468"], "managementGroups": ["mg"],
    "query": "Resources | project id, name, location | order by id asc",
    "options": {
        "$top": 3, "$skip": 0, "$skipToken": "x", "resultFormat": "objectArray", "allowPartialScopes": False,
        "authorizationScopeFilter": "AtScopeAndBelow", "interval": {"start": "2026-01-01T00:00:00Z", "end": "2026-01-02T00:00:00Z"},
    },
    "facets": [{"expression": "location", "options": {"sortBy": "count", "sortOrder": "desc", "filter": "location startswith 'east'", "$top": 3}}],
}  # fmt: skip
WRONG = (None, 0, -1, 1.5, 1e300, True, "", "x", "\0", "\ud800", [], {}, [[]], [None], {"a": {}}, "a" * 20_000, 2**63, 2**70,
         "2026-13-99", "9" * 400, [1] * 2000, "\u202e\u2603")  # fmt: skip


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a document, itself first."""
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, each in inner:
        yield from places(each, (*path, name))


def replaced(document: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    made = copy.deepcopy(document)
    inner = made
    for name in path[:-1]:
        inner = inner[name]
    inner[path[-1]] = value
    return made


@pytest.fixture(autouse=True)
def no_defects(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    with caplog.at_level(logging.ERROR, DEFECTS.name):
        yield
    assert not [record for record in caplog.records if record.name == DEFECTS.name]


@pytest.mark.parametrize("path", [ASK, HISTORY], ids=["resources", "resourcesHistory"])
@pytest.mark.parametrize("left_out", ["subscriptions", "managementGroups", None])
def test_a_wrong_value_in_any_place(graph: ResourceGraph, make_client: Any, path: str, left_out: str | None) -> None:
    client = make_client(graph, quota=None)
    whole = {name: value for name, value in FULL.items() if name != left_out}
    for place in places(whole):
        for wrong in WRONG:
            answer = client("POST", path, raw=json.dumps(replaced(whole, place, wrong)).encode())
            assert answer.status in (200, 400, 403), (place, wrong, answer.content[:300])
            if answer.status != 200:
                error = answer.json["error"]
                assert error["code"] and error["message"] and error["details"], (place, wrong)


def test_a_token_that_was_altered_anywhere(graph: ResourceGraph, make_client: Any) -> None:
    client = make_client(graph, quota=None)
    query = "resources | order by id asc"
    token = client("POST", ASK, {"query": query, "options": {"$top": 2}}).json["$skipToken"]
    letters = "ABZaz09-_=+/ \u00e9"
    altered = {token[:at] + letter + token[at + 1 :] for at in range(len(token)) for letter in letters}
    altered |= {token[:at] for at in range(len(token))} | {token + "A", token + "=", f" {token}", token.lower(), token[::-1]}
    for each in altered - {token}:
        answer = client("POST", ASK, {"query": query, "options": {"$skipToken": each}})
        assert answer.status == 400 and answer.json["error"]["details"][-1]["code"] == "InvalidSkipToken", each


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_more_parameters_than_anybody_sends(graph: ResourceGraph, make_client: Any, method: str) -> None:
    many = "&".join(f"a{number}=1" for number in range(300))
    for path in ("/subscriptions", "/metadata/endpoints", "/tenants", "/msi/token", ASK.split("?")[0]):
        answer = make_client(graph)(method, f"{path}?api-version=2022-12-01&{many}")
        assert answer.status in (400, 405), (path, answer.content)
    answer = make_client(graph)("POST", "/common/oauth2/token", raw=many.encode(), headers={"content-type": "application/x-www-form-urlencoded"})
    assert (answer.status, answer.code) == (400, "BadRequest")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    running = start(tmp_path_factory.mktemp("bad"), "--quota", "off", "--clock", "simulated")
    yield running
    told = stop(running)
    assert "Traceback" not in told and "defect" not in told, told


def answered(server: Running, data: bytes, *, more: bool = False) -> bytes:
    """All that comes back for these bytes, after which nothing follows, unless `more` might."""
    found = b""
    with server.connect() as connection:
        try:
            connection.sendall(data)
            if not more:
                connection.shutdown(socket.SHUT_WR)
            while piece := connection.recv(65536):
                found += piece
        except OSError as error:
            assert not isinstance(error, TimeoutError), data
    return found


def test_requests_with_bytes_out_of_place(server: Running) -> None:
    """Bytes are changed, lost, doubled and put in, in heads and bodies alike; the seed is fixed, so that it can be looked into."""
    drawn = random.Random(7)
    body = b'{"query":"resources | count"}'
    head = b"host: localhost\r\ncontent-type: application/json\r\nconnection: close\r\n"
    sound = [
        b"POST " + ASK.encode() + b" HTTP/1.1\r\n" + head + b"content-length: %d\r\n\r\n" % len(body) + body,
        b"POST " + ASK.encode() + b" HTTP/1.1\r\n" + head + b"transfer-encoding: chunked\r\n\r\n1d\r\n" + body + b"\r\n0\r\n\r\n",
        b"GET /subscriptions?api-version=2022-12-01 HTTP/1.1\r\n" + head + b"\r\n",
    ]  # fmt: skip
    whole = answered(server, sound[0], more=True)
    for _ in range(400):
        data = bytearray(drawn.choice(sound))
        for _ in range(drawn.randrange(1, 6)):
            way, at = drawn.randrange(4), drawn.randrange(len(data))
            if way == 0:
                data[at] = drawn.randrange(256)
            elif way == 1:
                del data[at : at + drawn.randrange(1, 5)]
            elif way == 2:
                data[at:at] = drawn.randbytes(drawn.randrange(1, 5))
            else:
                data[at:at] = data[at : at + 20]
        reply = answered(server, bytes(data))
        if reply:
            status = int(reply.split(b" ", 2)[1])
            wrong_type = b"UnsupportedContentType" in reply  # which the service answers with 500
            assert status < 500 or wrong_type, (bytes(data), reply)
    assert server.alive() and answered(server, sound[0], more=True).split(b"\r\n\r\n")[1] == whole.split(b"\r\n\r\n")[1]


@pytest.mark.parametrize("path", ["/providers/Microsoft.ResourceGraph/resources?api-version=2024-04-01", "/lazulite/explorer/ask"])
def test_half_a_character_is_not_json(graph: ResourceGraph, make_client: Any, path: str) -> None:
    client = make_client(graph, quota=None)
    refused = client("POST", path, {"query": "resources | where name == '\ud800' | count"})
    assert refused.status == 400 and b"UTF-8" in refused.content
    whole = client("POST", path, raw=b'{"query": "resources | where name == \'\\ud83d\\ude00\' | count"}')
    assert whole.status == 200


def test_the_clock_stops_before_the_end_of_time(make_client: Any) -> None:
    graph = ResourceGraph.simulated(vms=0)
    client = make_client(graph, quota=None)
    answers = [client("POST", "/lazulite/advance", {"by": 10**9}) for _ in range(260)]
    assert {answer.status for answer in answers} == {200, 400} and answers[-1].code == "InvalidClock"
    assert client("GET", "/lazulite/clock").status == 200
    assert client("POST", "/lazulite/explorer/ask", {"query": "print now()"}).status == 200


def test_the_page_is_given_numbers_that_json_does_not_have_by_their_names(make_client: Any) -> None:
    graph = ResourceGraph.simulated(vms=5)
    client = make_client(graph, quota=None)
    graph.estate.churn(1)
    query = "resources | where type =~ 'microsoft.compute/virtualmachines' | project id, x = real(nan), y = real(+inf), properties"
    told = client("POST", "/lazulite/explorer/compare", {"query": query})
    assert told.json["rows"], "something differs"
    shown = told.json["rows"][0]["truth"] or told.json["rows"][0]["index"]
    assert (shown["x"], shown["y"]) == ("NaN", "Infinity")
