"""Many clients at one time: what is equal is worked out once, and an answer is never older than the question."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from queries import ResourceGraph
from queries.http.gathering import GatheringTransport

PATH = "/providers/Microsoft.ResourceGraph/resources?api-version=2024-04-01"
RUNNING = "resources | where properties.extended.instanceView.powerState.code == 'PowerState/running' | count"
TIME = "resources | top 1 by id asc | project at = now()"


@pytest.fixture
def counted(world: ResourceGraph, make_client: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A graph, a client of its service, and the texts that the engine was asked."""
    asked: list[str] = []
    stream = world.stream

    def streamed(text: str, **options: Any) -> Any:
        asked.append(text)
        return stream(text, **options)

    monkeypatch.setattr(world, "stream", streamed)
    return world, make_client(world, quota=None), asked


def question(text: str) -> tuple[str, str, Any]:
    return "POST", PATH, {"query": text}


def test_equal_questions_at_one_time_are_worked_out_once(counted: Any) -> None:
    _, client, asked = counted
    answers = client.together([question(RUNNING)] * 32)
    assert {answer.status for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert asked == [RUNNING]
    client.together([question(RUNNING)] * 8)
    assert asked == [RUNNING], "nothing has changed since"


def test_other_questions_at_the_same_time_have_their_own_answers(counted: Any) -> None:
    _, client, asked = counted
    texts = [f"resources | where type == 'microsoft.compute/disks' | count | extend n = {n}" for n in range(4)]
    answers = client.together([question(text) for text in texts for _ in range(4)])
    assert [answer.json["data"][0]["n"] for answer in answers] == [n for n in range(4) for _ in range(4)]
    assert sorted(asked) == texts


def test_wrong_questions_at_one_time_are_each_refused(counted: Any) -> None:
    _, client, _ = counted
    answers = client.together([question("resources | where nothing == 1")] * 8)
    assert {answer.status for answer in answers} == {400}
    assert len({answer.headers["x-ms-request-id"] for answer in answers}) == 8
    assert all(answer.headers["x-ms-request-id"] in answer.json["error"]["message"] for answer in answers)


def test_what_the_index_has_let_in_is_in_the_next_answer(counted: Any) -> None:
    graph, client, asked = counted
    id = graph.query(
        "resources | where properties.extended.instanceView.powerState.code == 'PowerState/running' | top 1 by id | project id"
    ).scalar()
    text = f"resources | where id == '{id}' | project code = properties.extended.instanceView.powerState.code"
    graph.vm(id).deallocate()
    assert client(*question(text)).json["data"] == [{"code": "PowerState/running"}]
    graph.advance(600)
    assert not graph.estate.is_refreshed()
    answers = client.together([question(text)] * 8)
    assert [answer.json["data"] for answer in answers] == [[{"code": "PowerState/deallocated"}]] * 8
    assert graph.estate.is_refreshed()
    assert asked == [text] * 2


def test_the_time_is_asked_anew(counted: Any) -> None:
    graph, client, _ = counted
    first = client(*question(TIME)).json["data"]
    graph.advance(1)
    assert client(*question(TIME)).json["data"] != first
    assert {answer.status for answer in client.together([question(TIME)] * 4)} == {200}


class Wire:
    """A transport that remembers what was written, and how."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.ended = ""

    def write(self, data: bytes) -> None:
        self.written.append(data)

    def get_write_buffer_size(self) -> int:
        return 7

    def close(self) -> None:
        self.ended = "closed"

    def abort(self) -> None:
        self.ended = "aborted"

    def is_closing(self) -> bool:
        return bool(self.ended)


def test_what_is_written_in_one_turn_is_written_once() -> None:
    async def main() -> None:
        wire: Any = Wire()
        transport = GatheringTransport(wire, asyncio.get_running_loop())
        for piece in (b"head ", b"", b"body"):
            transport.write(piece)
        assert wire.written == []
        await asyncio.sleep(0)
        assert wire.written == [b"head body"]
        assert transport.taken == len(b"head body") - wire.get_write_buffer_size()
        transport.write(b"last")
        transport.close()
        assert (wire.written[1:], transport.is_closing()) == ([b"last"], True)

    asyncio.run(main())


def test_a_connection_that_is_given_up_sends_nothing_more() -> None:
    async def main() -> None:
        wire: Any = Wire()
        transport = GatheringTransport(wire, asyncio.get_running_loop())
        transport.write(b"never")
        transport.abort()
        await asyncio.sleep(0)
        assert (wire.written, wire.ended) == ([], "aborted")

    asyncio.run(main())
