"""POST …/resources: answers, pages, scopes, facets, quotas, refusals, version by version."""

from __future__ import annotations

import base64
import json
import re
from typing import Any

import pytest

from queries import Lag, ResourceGraph
from queries.http.resource_graph.versions import VERSIONS
from queries.http.settings import Quota

NEWEST = "2024-04-01"
BY_ID = "Resources | project id, name | order by id asc"


def path(version: str = NEWEST) -> str:
    return f"/providers/Microsoft.ResourceGraph/resources?api-version={version}"


@pytest.fixture
def ask(graph: ResourceGraph, make_client: Any) -> Any:
    """A function from a query and the rest of a body to an answer, over 1,000 machines, without a quota."""
    client = make_client(graph, quota=None)

    def asked(query: str, version: str = NEWEST, **body: Any) -> Any:
        return client("POST", path(version), {"query": query, **body})

    return asked


def subscriptions(graph: ResourceGraph) -> list[str]:
    text = "resourcecontainers | where type == 'microsoft.resources/subscriptions' | project subscriptionId"
    return [row[0] for row in graph.query(text).rows()]


# ---- answers -------------------------------------------------------------------------------------------------------
def test_keys_stand_in_the_recorded_order(ask: Any) -> None:
    answer = ask(BY_ID, options={"$top": 3})
    assert answer.status == 200
    assert list(answer.json) == ["totalRecords", "count", "data", "facets", "resultTruncated", "$skipToken"]
    assert (answer.json["count"], len(answer.json["data"]), answer.json["facets"]) == (3, 3, [])
    assert answer.json["resultTruncated"] == "false"
    assert list(answer.json["data"][0]) == ["id", "name"]


def test_headers_are_those_that_were_recorded(graph: ResourceGraph, make_client: Any) -> None:
    answer = make_client(graph)("POST", path(), {"query": "resources | count"})
    expected = {
        "cache-control": "no-cache", "content-type": "application/json; charset=utf-8", "expires": "-1",
        "pragma": "no-cache", "server": "Kestrel", "x-content-type-options": "nosniff",
        "x-ms-ratelimit-remaining-tenant-resource-requests": "14", "x-ms-user-quota-remaining": "14",
        "x-ms-user-quota-resets-after": "00:00:05",
    }  # fmt: skip
    assert {name: answer.headers.get(name) for name in expected} == expected
    assert re.fullmatch(r"\d+:\d\d:\d\d:\d\d\.\d{7}", answer.headers["x-ms-resource-graph-request-duration"])
    guid = r"[0-9a-f]{8}-[0-9a-f-]{27}"
    assert re.fullmatch(guid, answer.headers["x-ms-correlation-request-id"])
    assert re.fullmatch(rf"\w+:\d{{8}}T\d{{6}}Z:{guid}", answer.headers["x-ms-routing-request-id"])


TYPED = (
    "resources | take 1 | project s = name, i = 1, n = 0.5, b = isnotempty(name), o = dynamic({'a': true}), "
    "t = datetime(2026-01-15T09:30:12.4471829Z), d = 1h, z = int(null)"
)


def test_a_table_has_the_services_types(ask: Any) -> None:
    data = ask(TYPED, options={"resultFormat": "table"}).json["data"]
    assert [column["type"] for column in data["columns"]] == [
        "string", "integer", "number", "boolean", "object", "datetime", "string", "integer",
    ]  # fmt: skip
    assert data["rows"][0][1:] == [1, 0.5, 1, {"a": True}, "2026-01-15T09:30:12.4471829Z", "01:00:00", None]


def test_booleans_are_numbers_unless_switched_off(graph: ResourceGraph, make_client: Any) -> None:
    for numbers, expected in ((True, "1"), (False, "true")):
        client = make_client(graph, quota=None, booleans_as_numbers=numbers)
        content = client("POST", path(), {"query": TYPED}).content.decode()
        assert f'"b":{expected},"o":{{"a":true}}' in content


def test_ids_may_change_their_case(graph: ResourceGraph, make_client: Any) -> None:
    client = make_client(graph, quota=None, chaotic_id_case=True)
    ids = [row["id"] for row in client("POST", path(), {"query": BY_ID}).json["data"]]
    lower = sum(id == id.lower() for id in ids)
    assert 300 < lower < 700
    assert len({id.lower() for id in ids}) == 1000


@pytest.mark.parametrize("version", VERSIONS)
def test_every_version_has_its_default_format(ask: Any, graph: ResourceGraph, version: str) -> None:
    answer = ask("resources | count", version, subscriptions=subscriptions(graph))
    assert answer.status == 200
    table = version < "2021-03-01"
    assert isinstance(answer.json["data"], dict if table else list)


def test_old_versions_want_subscriptions(ask: Any) -> None:
    answer = ask("resources | count", "2019-04-01")
    assert (answer.status, answer.json["error"]["details"][0]["code"]) == (400, "NoValidSubscriptionsInQueryRequest")
    assert ask("resources | count", "2021-03-01").status == 200


@pytest.mark.parametrize(
    ("version", "code"), [("2030-01-01", "InvalidApiVersionParameter"), ("", "MissingApiVersionParameter")]
)
def test_unknown_versions(ask: Any, version: str, code: str) -> None:
    answer = ask("resources", version)
    assert (answer.status, answer.code) == (400, code)


def test_operations(graph: ResourceGraph, make_client: Any) -> None:
    answer = make_client(graph)("GET", f"/providers/microsoft.resourcegraph/operations?api-version={NEWEST}")
    assert [list(each["display"]) for each in answer.json["value"]] == [
        ["provider", "resource", "operation", "description"]
    ] * 3


# ---- pages ---------------------------------------------------------------------------------------------------------
def pages(ask: Any, query: str, **options: Any) -> list[Any]:
    answers = [ask(query, options=options).json]
    while token := answers[-1].get("$skipToken"):
        answers.append(ask(query, options={"$skipToken": token}).json)
    return answers


@pytest.mark.parametrize(
    "query", [BY_ID, "Resources | project id", "Resources", "Resources | top 2500 by id asc | project id"]
)
def test_pages_together_are_the_answer(ask: Any, graph: ResourceGraph, query: str) -> None:
    found = pages(ask, query, **{"$top": 700})
    whole = graph.query(query, profile="resource-graph").to_pylist()
    assert [row["id"] for page in found for row in page["data"]] == [row["id"] for row in whole]
    assert {page["totalRecords"] for page in found} == {len(whole)}
    assert [page["count"] for page in found][:-1] == [700] * (len(found) - 1)
    assert [page["resultTruncated"] for page in found] == ["false"] * len(found)


def test_a_page_holds_at_most_a_thousand_rows(ask: Any) -> None:
    assert ask(BY_ID).json["count"] == 1000
    assert ask(BY_ID, options={"$top": 1001}).status == 400


def test_skip_and_top_go_before_the_token(ask: Any) -> None:
    first = ask(BY_ID, options={"$top": 5}).json
    rows = ask(BY_ID, options={"$top": 30}).json["data"]
    token = first["$skipToken"]
    assert ask(BY_ID, options={"$skipToken": token}).json["data"] == rows[5:10]
    assert ask(BY_ID, options={"$skipToken": token, "$top": 2}).json["data"] == rows[5:7]
    assert ask(BY_ID, options={"$skipToken": token, "$skip": 20}).json["data"] == rows[20:25]
    assert ask(BY_ID, options={"$skip": 3, "$top": 4}).json["data"] == rows[3:7]
    assert ask(BY_ID, options={"$skipToken": token}).json["data"] == rows[5:10], "a page may be asked for again"


def test_skipping_beyond_the_end(ask: Any, graph: ResourceGraph) -> None:
    answer = ask(BY_ID, options={"$skip": 1_000_000}).json
    assert (answer["count"], answer["totalRecords"]) == (0, graph.query("resources | count").scalar())
    assert "$skipToken" not in answer


@pytest.mark.parametrize(
    ("query", "total", "truncated"),
    [
        ("resources | take 2 | project id", 2, "true"),
        ("resources | limit 2 | project id", 2, "true"),
        ("resources | sample 2 | project id", 2, "true"),
        ("resources | take 1500 | project id", 1500, "true"),
        ("resources | take 100000 | project id | take 3", 3, "true"),
        ("resources | where name == 'nothing' | take 2", 0, "false"),
        ("resources | distinct type | take 100 | summarize count()", 1, "false"),
        ("resources | top 2 by name | project id", 2, "false"),
    ],
)
def test_limits_stop_paging(ask: Any, query: str, total: int, truncated: str) -> None:
    answer = ask(query, options={"$skip": 1} if "take" in query else {}).json
    assert (answer["totalRecords"], answer["resultTruncated"]) == (total, truncated)
    assert answer["count"] == min(total, 1000)
    assert "$skipToken" not in answer


def test_dynamic_columns_alone_do_not_page(ask: Any) -> None:
    answer = ask("resources | project properties, tags", options={"$top": 3}).json
    assert (answer["resultTruncated"], "$skipToken" in answer) == ("true", False)


def test_an_id_may_be_required(graph: ResourceGraph, make_client: Any) -> None:
    client = make_client(graph, quota=None, require_id=True)
    for columns, has in (("name", False), ("id, name", True)):
        body = {"query": f"resources | project {columns}", "options": {"$top": 3}}
        assert ("$skipToken" in client("POST", path(), body).json) is has


def test_pages_see_the_index_move(make_client: Any) -> None:
    with ResourceGraph.simulated(vms=30, lag=Lag.none()) as graph:
        client = make_client(graph, quota=None)
        query = "resources | where type == 'microsoft.compute/virtualmachines' | project id, name | order by id asc"
        first = client("POST", path(), {"query": query, "options": {"$top": 10}}).json
        whole = graph.query(query).rows()
        graph.vm(first["data"][0]["id"]).delete()
        graph.advance(3600)
        second = client("POST", path(), {"query": query, "options": {"$skipToken": first["$skipToken"]}}).json
        assert second["totalRecords"] == len(whole) - 1
        assert second["data"][0]["id"] == whole[11][0], "one machine went, so the offset passes one by"


def test_kept_answers_are_forgotten_when_the_index_moves(make_client: Any) -> None:
    with ResourceGraph.simulated(vms=30) as graph:
        client = make_client(graph, quota=None)

        def states() -> Any:
            query = "resources | where type == 'microsoft.compute/virtualmachines' | project name, s = properties.extended.instanceView.powerState.code"
            return client("POST", path(), {"query": query}).json["data"]

        first = states()
        assert states() == first
        machine = next(row["name"] for row in first if row["s"] == "PowerState/running")
        graph.vm(
            next(id for id, name in graph.query("resources | project id, name").rows() if name == machine)
        ).power_off()
        assert states() == first, "nobody has told the index"
        graph.advance(3600)
        assert states() != first and states() == states()


@pytest.mark.parametrize("value", ["now()", "rand()", "new_guid()", "ago(1d)"])
def test_answers_that_change_by_themselves_are_not_kept(world: ResourceGraph, make_client: Any, value: str) -> None:
    client = make_client(world, quota=None)
    body = {"query": f"resources | summarize count() | project x = {value}"}
    first = client("POST", path(), body).content
    world.advance(1)
    assert client("POST", path(), body).content != first
    world.advance(3600)
    assert client("POST", "/lazulite/refresh").status == 200
    answers = {client("POST", path(), body).content for _ in "abc"}
    assert (len(answers) == 1) is (value in ("now()", "ago(1d)"))


def test_unsorted_rows_may_be_shuffled(graph: ResourceGraph, make_client: Any) -> None:
    client = make_client(graph, quota=None, shuffle_unsorted=True)
    drawn = [
        [row["id"] for row in client("POST", path(), {"query": "resources | project id"}).json["data"]] for _ in "ab"
    ]
    assert drawn[0] != drawn[1]
    ordered = [client("POST", path(), {"query": BY_ID, "options": {"$top": 9}}).json["data"] for _ in "ab"]
    assert ordered[0] == ordered[1]


def test_a_walk_through_shuffled_rows_meets_each_row_once(world: ResourceGraph, make_client: Any) -> None:
    client = make_client(world, quota=None, shuffle_unsorted=True)

    def walk(*, advance: float = 0) -> list[str]:
        met: list[str] = []
        options: dict[str, Any] = {"$top": 50}
        while True:
            answer = client("POST", path(), {"query": "resources | project id", "options": options}).json
            met += [row["id"] for row in answer["data"]]
            if "$skipToken" not in answer:
                return met
            options = {"$skipToken": answer["$skipToken"]}
            world.advance(advance)  # rows change, and the pages are worked out anew; none comes or goes

    every = sorted(row[0] for row in world.query("resources | project id").rows())
    first, second = walk(), walk(advance=1)
    assert sorted(first) == every and sorted(second) == every
    assert first != second and first != every


def test_forged_tokens_are_refused(ask: Any) -> None:
    token = ask(BY_ID, options={"$top": 5}).json["$skipToken"]
    raw = bytearray(base64.urlsafe_b64decode(token))
    raw[8] ^= 1
    old = base64.b64encode(b'{"$id":"1","MaxRows":3,"RowsToSkip":5}').decode()
    for forged in (base64.urlsafe_b64encode(raw).decode(), old, "", "x", "ü", token[:-4], token * 2, "A" * 100_000):
        answer = ask(BY_ID, options={"$skipToken": forged})
        assert (answer.status, answer.code) == (400, "BadRequest"), forged[:50]
        assert answer.json["error"]["details"][0]["code"] == "InvalidSkipToken"
    assert ask("Resources | project id", options={"$skipToken": token}).status == 400


# ---- scopes --------------------------------------------------------------------------------------------------------
def test_subscriptions_narrow(ask: Any, graph: ResourceGraph) -> None:
    query = "resources | summarize n = count() by subscriptionId"
    everything = {row["subscriptionId"]: row["n"] for row in ask(query).json["data"]}
    one, *_ = everything
    stranger = "00000000-0000-0000-0000-00000000abcd"
    for given in ([one], [one.upper()], [one, stranger]):
        assert ask(query, subscriptions=given).json["data"] == [{"subscriptionId": one, "n": everything[one]}]
    assert len(ask(query, subscriptions=[]).json["data"]) == len(everything)
    denied = ask(query, subscriptions=[stranger])
    assert (denied.status, denied.code) == (403, "AccessDenied")
    for useless in ([""], ["no id"]):
        answer = ask(query, subscriptions=useless)
        assert answer.status == 400
        assert answer.json["error"]["details"] == [
            {
                "code": "NoValidSubscriptionsInQueryRequest",
                "message": "There must be at least one subscription that is eligible to contain resources. "
                f"Given: '{useless[0]}'.",
            }
        ]


def test_management_groups(ask: Any, graph: ResourceGraph) -> None:
    query = "resourcecontainers | where type == 'microsoft.resources/subscriptions' | project subscriptionId, chain = properties.managementGroupAncestorsChain"
    chains = {id: [each["name"] for each in chain] for id, chain in graph.query(query).rows()}
    group = "mg-prod"
    below = {id for id, chain in chains.items() if group in chain}
    assert below and below != set(chains)
    for field, version in (
        ({"managementGroups": ["MG-Prod"]}, NEWEST),
        ({"managementGroupId": group}, "2020-04-01-preview"),
    ):
        answer = ask("resources | distinct subscriptionId", version, options={"resultFormat": "objectArray"}, **field)
        assert {row["subscriptionId"] for row in answer.json["data"]} == below
    assert ask("resources", managementGroups=["no-such-group"]).status == 403
    assert ask("resources", managementGroups=[group], subscriptions=list(below)).status == 400


def test_too_many_subscriptions(graph: ResourceGraph, make_client: Any) -> None:
    client = make_client(graph, quota=None, max_subscriptions=2)
    query = {"query": "resources | distinct subscriptionId"}
    assert client("POST", path(), query).status == 400
    answer = client("POST", path(), {**query, "options": {"allowPartialScopes": True}})
    assert answer.headers["x-ms-tenant-subscription-limit-hit"] == "true"
    assert answer.json["count"] == 2


# ---- facets --------------------------------------------------------------------------------------------------------
def test_facets_count_the_main_answer(ask: Any, graph: ResourceGraph) -> None:
    facets = [
        {
            "expression": "location",
            "options": {"sortBy": "count", "sortOrder": "desc", "filter": "location startswith 'east'", "$top": 1},
        },
        {"expression": "properties.storageProfile.osDisk.osType"},
        {"expression": "resourceGroup, location", "options": {"sortBy": "location", "sortOrder": "asc", "$top": 2}},
        {"expression": "nope"},
        {"expression": "location | take 1"},
        {"expression": "location", "options": {"filter": "location +"}},
    ]
    query = "resources | where type == 'microsoft.compute/virtualmachines'"
    found = ask(query, facets=facets, options={"$top": 1}).json["facets"]
    expected = dict(graph.query(f"{query} | where location startswith 'east' | summarize count() by location").rows())
    top = max(expected.items(), key=lambda each: each[1])
    assert found[0] == {
        "expression": "location", "resultType": "FacetResult", "totalRecords": len(expected), "count": 1,
        "data": [{"location": top[0], "count": top[1]}],
    }  # fmt: skip
    assert set(found[1]["data"][0]) == {"properties_storageProfile_osDisk_osType", "count"}
    assert sum(row["count"] for row in found[1]["data"]) == graph.query(f"{query} | count").scalar()
    assert [list(row) for row in found[2]["data"]] == [["resourceGroup", "location", "count"]] * 2
    assert found[3] == {
        "expression": "nope", "resultType": "FacetError",
        "errors": [
            {"code": "NoValidColumns", "message": "No valid columns in facet expression."},
            {"code": "InvalidColumnNames", "message": "Invalid column names: [nope]."},
        ],
    }  # fmt: skip
    assert [each["resultType"] for each in found[4:]] == ["FacetError", "FacetError"]


def test_facets_see_no_more_than_a_limit_leaves(ask: Any) -> None:
    facet = ask("resources | take 5 // a comment", facets=[{"expression": "type"}]).json["facets"][0]
    assert sum(row["count"] for row in facet["data"]) == 5


# ---- quotas and faults ---------------------------------------------------------------------------------------------
def test_a_user_is_throttled(graph: ResourceGraph, make_client: Any) -> None:
    client = make_client(graph, quota=Quota(queries=2, seconds=60))
    body = {"query": "resources | count"}
    mine = {"authorization": "Bearer mine"}
    left = [client("POST", path(), body, mine).headers["x-ms-user-quota-remaining"] for _ in "ab"]
    assert left == ["1", "0"]
    refused = client("POST", path(), body, mine)
    assert (refused.status, refused.code) == (429, "RateLimiting")
    assert refused.json["error"]["details"][0]["code"] == "RateLimiting"
    assert (refused.headers["retry-after"], refused.headers["x-ms-user-quota-remaining"]) == ("2", "0")
    assert client("POST", path(), body, {"authorization": "Bearer yours"}).status == 200


def test_a_quota_comes_back(graph: ResourceGraph, make_client: Any) -> None:
    from queries.http.resource_graph.quotas import Quotas, user_of

    time = [0.0]
    quotas = Quotas(Quota(queries=1, seconds=5), lambda: time[0])
    assert [quotas.take("a").refused, quotas.take("a").refused, quotas.take("b").refused] == [False, True, False]
    time[0] = 5.0
    assert not quotas.take("a").refused
    claims = base64.urlsafe_b64encode(json.dumps({"oid": "me"}).encode()).decode().rstrip("=")
    assert user_of(f"Bearer x.{claims}.1") == user_of(f"Bearer x.{claims}.2") == "me"
    assert user_of("Bearer a.b.c") != user_of(None)


def test_faults_on_demand(graph: ResourceGraph, make_client: Any) -> None:
    client = make_client(graph, quota=None)
    body = {"query": "resources | count"}
    assert client("POST", "/lazulite/fail", {"status": 500, "times": 2}).status == 200
    assert [client("POST", path(), body).status for _ in "abc"] == [500, 500, 200]
    client("POST", "/lazulite/throttle", {"retryAfter": 7})
    answer = client("POST", path(), body)
    assert (answer.status, answer.headers["retry-after"]) == (429, "7")
    assert client("POST", path(), body).status == 200


# ---- refusals ------------------------------------------------------------------------------------------------------
INVALID = {
    "code": "InvalidQuery",
    "message": "Query is invalid. Please refer to the documentation for the Azure Resource Graph service and fix the error before retrying.",
}


def language(token: str) -> dict[str, Any]:
    return {
        "code": "InvalidQueryLanguage",
        "message": "InvalidQueryLanguage",
        "line": -1,
        "characterPositionInLine": -1,
        "token": token,
    }


def parser(line: int, character: int, token: str, **more: str) -> dict[str, Any]:
    return {
        "code": "ParserFailure",
        "message": "ParserFailure",
        "line": line,
        "characterPositionInLine": character,
        "token": token,
        **more,
    }


REFUSED = {
    "where where": [INVALID, parser(1, 11, "<EOF>", expectedToken="Ǐ")],
    "resources | where type =~ 'x' |": [INVALID, parser(1, 31, "<EOF>", expectedToken="Ǐ")],
    "resources\n| wher name == 'x'": [INVALID, parser(2, 2, "wher", expectedToken="Ǐ")],
    "resources | where name == 'a": [INVALID, parser(1, 26, "'a"), {"code": "ParserFailure", "message": "ParserFailure", "expectedToken": "'"}],
    "resources | where (name == 'a'": [INVALID, parser(1, 30, "<EOF>", expectedToken=")")],
    "resources | parse-where name with x": [INVALID, language("parse-where")],
    "let x = 1; resources": [INVALID, language("let")],
    "resources | project toscalar(resources | count)": [INVALID, language("toscalar")],
    "resources | join kind=leftsemi (resources) on id": [
        INVALID, {"code": "UnsupportedJoinFlavor", "message": 'The join kind "LeftSemi" is not supported or not allowed.'}
    ],
    "AppleResources | count": [
        {"code": "DisallowedLogicalTableName", "message": "Table appleresources is invalid, unsupported or disallowed."}
    ],
    "resources | where nme == 'x'": [INVALID],
}  # fmt: skip


@pytest.mark.parametrize("query", REFUSED)
def test_refusals_are_the_services_own(ask: Any, query: str) -> None:
    answer = ask(query)
    error = answer.json["error"]
    assert (answer.status, error["code"]) == (400, "BadRequest")
    pattern = r"Please provide below info when asking for support: timestamp = \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z, correlationId = [0-9a-f-]{36}\."
    assert re.fullmatch(pattern, error["message"])
    assert error["message"].endswith(f"{answer.headers['x-ms-correlation-request-id']}.")
    assert error["details"] == REFUSED[query]
    assert error["additionalInfo"][0]["info"]["problems"][0]["code"].startswith("KQL")


def test_too_many_joins(ask: Any) -> None:
    details = ask("resources" + " | join (resources | project id) on id | project id" * 4).json["error"]["details"]
    assert [detail["code"] for detail in details] == ["DisallowedMaxNumberOfRemoteTables"]


def test_a_large_answer_is_refused_with_its_size(graph: ResourceGraph, make_client: Any) -> None:
    answer = make_client(graph, quota=None, max_payload=1000)("POST", path(), {"query": BY_ID})
    (detail,) = answer.json["error"]["details"]
    assert (answer.status, detail["code"]) == (400, "ResponsePayloadTooLarge")
    assert re.match(r"Response payload size is \d{5,}, and has exceeded the limit of 1000\. ", detail["message"])


@pytest.mark.parametrize(
    "body",
    [
        {}, {"query": 5}, {"query": None}, {"query": ["x"]}, {"query": ""}, {"query": "x" * 2_000_000},
        {"query": "resources", "subscriptions": "a"}, {"query": "resources", "subscriptions": [1]},
        {"query": "resources", "subscriptions": {"a": 1}}, {"query": "resources", "managementGroups": [None]},
        {"query": "resources", "options": []}, {"query": "resources", "options": {"$top": 0}},
        {"query": "resources", "options": {"$top": "5"}}, {"query": "resources", "options": {"$top": True}},
        {"query": "resources", "options": {"$skip": -1}}, {"query": "resources", "options": {"$skip": 10**30}},
        {"query": "resources", "options": {"$skipToken": 5}}, {"query": "resources", "options": {"resultFormat": "csv"}},
        {"query": "resources", "options": {"allowPartialScopes": 1}},
        {"query": "resources", "options": {"authorizationScopeFilter": "AtScope"}},
        {"query": "resources", "facets": {}}, {"query": "resources", "facets": [1]},
        {"query": "resources", "facets": [{"expression": 1}]},
        {"query": "resources", "facets": [{"expression": "type", "options": {"sortOrder": "up"}}]},
        [], "resources", 5, None,
    ],
)  # fmt: skip
def test_wrong_bodies_are_refused(graph: ResourceGraph, make_client: Any, body: Any) -> None:
    answer = make_client(graph, quota=None)("POST", path(), raw=json.dumps(body).encode())
    assert (answer.status, answer.code) == (400, "BadRequest")
    assert answer.json["error"]["details"]


@pytest.mark.parametrize(
    "raw", [b"", b"{", b"\xff", b'{"query": NaN}', b'{"query":' + b"[" * 200_000, b'{"query":"\\ud800"}']
)
def test_wrong_json_is_refused(graph: ResourceGraph, make_client: Any, raw: bytes) -> None:
    answer = make_client(graph, quota=None)("POST", path(), raw=raw)
    assert (answer.status, answer.code) == (400, "BadRequest")


def test_another_content_type_is_an_error_of_the_server(graph: ResourceGraph, make_client: Any) -> None:
    client = make_client(graph, quota=None)
    assert client("POST", path(), {"query": "resources"}, {"content-type": "text/plain"}).status == 500
    assert (
        client("POST", path(), {"query": "resources"}, {"content-type": "Application/JSON; charset=utf-8"}).status
        == 200
    )


def test_a_query_that_takes_too_long_is_stopped(graph: ResourceGraph, make_client: Any) -> None:
    from dataclasses import replace

    from queries import KUSTO

    client = make_client(graph, quota=None, query_seconds=0.2, profile=replace(KUSTO, name="all"))
    endless = (
        "range a from 1 to 3000000 step 1 | extend k = 1"
        " | join kind=inner (range b from 1 to 3000000 step 1 | extend k = 1) on k | where a + b < 0"
    )
    answer = client("POST", path(), {"query": endless})
    assert (answer.status, answer.code) == (504, "GatewayTimeout")
