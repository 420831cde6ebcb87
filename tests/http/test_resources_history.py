"""POST …/resourcesHistory: the states of an interval in order, in either form, within scopes; and what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

import pytest

from queries import ResourceGraph

PATH = "/providers/Microsoft.ResourceGraph/resourcesHistory?api-version="
VERSION = "2022-10-01"
CODE = "properties.extended.instanceView.powerState.code"


@pytest.fixture
def estate() -> Iterator[ResourceGraph]:
    with ResourceGraph.simulated(10, 7) as graph:
        yield graph


def interval(start: datetime, end: datetime) -> dict[str, str]:
    return {"start": f"{start:%Y-%m-%dT%H:%M:%S}.0000000Z", "end": f"{end:%Y-%m-%dT%H:%M:%S}.0000000Z"}


def running(graph: ResourceGraph) -> str:
    """The id of the first machine that runs."""
    text = f"resources | where {CODE} == 'PowerState/running' | project id | order by id asc"
    return str(graph.query(text).rows()[0][0])


def deallocated(graph: ResourceGraph) -> tuple[str, datetime]:
    """The id of a machine that ran and was deallocated, and when that was asked for."""
    id_ = running(graph)
    graph.advance(60)
    asked = graph.clock.now()
    graph.vm(id_).deallocate()
    graph.advance(600)
    return id_, asked


def test_a_machine_that_was_deallocated(estate: ResourceGraph, make_client: Any) -> None:
    id_, asked = deallocated(estate)
    ask = make_client(estate, quota=None)
    query = f"where id =~ '{id_}' | project name, state = tostring({CODE})"

    def states(start: int, end: int, **options: Any) -> Any:
        within = interval(asked + timedelta(seconds=start), asked + timedelta(seconds=end))
        body = {"query": query, "options": {"interval": within, **options}}
        answer = ask("POST", PATH + VERSION, body)
        assert answer.status == 200, answer.content
        assert list(answer.json)[:2] == ["count", "snapshots"]
        return answer.json

    def told(answer: Any) -> list[str]:
        assert answer["count"] == len(answer["snapshots"])
        # what the guest agent said goes later than the rest, which is a state of its own
        return [state.removeprefix("PowerState/") for state, _ in groupby(row["state"] for row in answer["snapshots"])]

    name = id_.rsplit("/", 1)[1]
    all_of_it = states(-30, 600)
    assert told(all_of_it) == ["running", "deallocating", "deallocated"]
    assert all_of_it["snapshots"][0] == {"name": name, "state": "PowerState/running"}
    assert told(states(-30, 0)) == ["running"]
    assert told(states(500, 600)) == ["deallocated"]
    assert told(states(500, 9000)) == ["deallocated"]  # it may end later than now
    assert told(states(-30, 600, **{"$top": 2})) == ["running", "deallocating"]
    assert told(states(-30, 600, **{"$top": 2, "$skip": 1})) == ["deallocating", "deallocated"]
    assert told(states(-30, 600, **{"$skip": 50})) == []
    table = states(-30, 600, resultFormat="table", **{"$top": 1})
    assert isinstance(table.pop("$skipToken"), str)
    assert "$skipToken" not in all_of_it
    assert table == {
        "count": 1,
        "snapshots": {
            "columns": [{"name": "name", "type": "string"}, {"name": "state", "type": "string"}],
            "rows": [[name, "PowerState/running"]],
        },
    }


def test_it_begins_with_its_start_and_ends_before_its_end(estate: ResourceGraph) -> None:
    id_ = running(estate)
    estate.advance(60)
    asked = estate.clock.now()
    estate.vm(id_).deallocate()
    assert estate.estate.full_scan() > 0  # the index sees it at this very moment
    second = timedelta(seconds=1)
    estate.advance(1)
    text = f"resources | where id =~ '{id_}' | project tostring({CODE})"
    assert estate.query(text, during=(asked - second, asked)).rows() == [("PowerState/running",)]
    assert estate.query(text, during=(asked, asked + second)).rows() == [("PowerState/deallocating",)]


def test_its_pages_are_those_of_one_answer(estate: ResourceGraph, make_client: Any) -> None:
    _, asked = deallocated(estate)
    ask = make_client(estate, quota=None)
    within = interval(asked - timedelta(seconds=30), estate.clock.now())
    query = "resources | project id, properties"

    def page(query: str = query, **options: Any) -> Any:
        return ask("POST", PATH + VERSION, {"query": query, "options": {"interval": within, **options}})

    whole = page().json["snapshots"]
    assert len(whole) > 20
    since = page("resources | where _shown_at > 0 | count")  # a column that only an interval has
    assert since.status == 200 and since.json["snapshots"][0]["Count"] == len(whole)
    met: list[Any] = []
    options: dict[str, Any] = {"$top": 7}
    while True:
        told = page(**options).json
        assert told["count"] == len(told["snapshots"]) <= 7
        met += told["snapshots"]
        if "$skipToken" not in told:
            break
        options = {"$skipToken": told["$skipToken"]}
        estate.advance(30)  # time goes on; what was, stays
    assert met == whole
    token = page(**{"$top": 7}).json["$skipToken"]
    assert page(**{"$skipToken": token, "$skip": 1, "$top": 2}).json["snapshots"] == whole[1:3]
    assert page("resources | project id", **{"$skipToken": token}).status == 400, "it belongs to another question"
    assert ask("POST", PATH.replace("History", "") + VERSION, {"query": query, "options": {"$skipToken": token}}).status == 400
    later = interval(asked - timedelta(seconds=29), estate.clock.now())
    assert ask("POST", PATH + VERSION, {"query": query, "options": {"interval": later, "$skipToken": token}}).status == 400
    assert "$skipToken" not in page(f"{query} | take 9", **{"$top": 7}).json, "take stops paging"
    assert "$skipToken" not in page("resources | project properties", **{"$top": 7}).json, "so do dynamic columns alone"


def test_scopes_hold(estate: ResourceGraph, make_client: Any) -> None:
    id_, asked = deallocated(estate)
    ask = make_client(estate, quota=None)
    query = f"resources | where {CODE} has 'deallocating' | project id"
    options = {"interval": interval(asked, estate.clock.now())}
    groups = "resourcecontainers | where type == 'microsoft.resources/subscriptions' | project subscriptionId"
    mine = id_.split("/")[2]
    others = [row[0] for row in estate.query(groups).rows() if row[0] != mine]

    def count(**scope: Any) -> int:
        answer = ask("POST", PATH + VERSION, {"query": query, "options": options, **scope})
        assert answer.status == 200, answer.content
        return int(answer.json["count"])

    assert others and count() == count(subscriptions=[mine]) == 1
    assert count(subscriptions=others) == 0
    tenant = estate.estate.tenant_id
    assert count(managementGroups=[tenant]) == 1
    denied = ask("POST", PATH + VERSION, {"query": query, "options": options, "managementGroups": ["no-such-group"]})
    assert denied.status == 403


def test_what_is_wrong_is_refused(estate: ResourceGraph, make_client: Any) -> None:
    ask = make_client(estate, quota=None)
    now = estate.clock.now()
    estate.advance(100)
    good = interval(now, now + timedelta(seconds=50))

    def refused(options: Any) -> str:
        answer = ask("POST", PATH + VERSION, {"query": "resources", "options": options})
        assert (answer.status, answer.code) == (400, "BadRequest")
        return " ".join(detail.get("message", "") for detail in answer.json["error"]["details"])

    assert "'interval' is required" in refused(None)
    assert "'interval' is required" in refused({"$top": 1})
    assert "must be an object" in refused({"interval": "today"})
    assert "'interval.end' is required" in refused({"interval": {"start": good["start"]}})
    for odd in ("yesterday", 17, "2026-13-01T00:00:00Z", []):
        assert "'interval.start' must be a time" in refused({"interval": {**good, "start": odd}})
    assert "must end after it starts" in refused({"interval": {"start": good["end"], "end": good["start"]}})
    assert "must end after it starts" in refused({"interval": {"start": good["start"], "end": good["start"]}})
    assert "the history reaches from" in refused({"interval": {**good, "start": "2001-01-01T00:00:00Z"}})
    assert "the history reaches from" in refused({"interval": {"start": "2400-01-01", "end": "2400-01-02"}})
    assert "skip token is not valid" in refused({"interval": good, "$skipToken": "abc"})
    assert "must be between 1 and 1000" in refused({"interval": good, "$top": 0})
    assert "nothing" in str(ask("POST", PATH + VERSION, {"query": "where nothing == 1", "options": {"interval": good}}).json)
    assert ask("POST", PATH + VERSION, {"query": "resources", "options": {"interval": good}}).status == 200


@pytest.mark.parametrize(
    ("version", "status"),
    [("2020-04-01-preview", 200), ("2021-06-01-preview", 200), ("2022-10-01", 200), ("2021-03-01", 400), ("2024-04-01", 400), ("", 400)],
)
def test_versions(estate: ResourceGraph, make_client: Any, version: str, status: int) -> None:
    now = estate.clock.now()
    body = {"query": "project id", "options": {"interval": interval(now, now + timedelta(seconds=1)), "$top": 1}}
    answer = make_client(estate, quota=None)("POST", PATH + version, body)
    assert answer.status == status
    if version == "2024-04-01":
        assert "2020-04-01-preview,2021-06-01-preview,2022-10-01'" in answer.json["error"]["message"]
