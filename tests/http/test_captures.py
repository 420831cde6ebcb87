"""What the service answers beside what was captured of the real one: equal in form, but for a list of its own with reasons.

`captures.md` is that list. Form means names, nesting and types; of the fixed texts (codes, messages, header values) also the
values. A difference that the list does not name fails, and so does a line of the list that nothing differs by.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

from queries import ResourceGraph
from queries.http.settings import Quota

EXAMPLES = Path(__file__).parents[3] / "shared" / "reference" / "arg-examples"
TABLE = Path(__file__).with_name("captures.md")
pytestmark = pytest.mark.skipif(not EXAMPLES.exists(), reason="the captures do not lie beside this checkout")

GRAPH = "/providers/Microsoft.ResourceGraph"
ASK = f"{GRAPH}/resources?api-version=2022-10-01"
FIXED = ("code", "message", "status", "type", "kind", "expression", "resultType", "token", "cache-control", "content-type",
         "expires", "pragma", "server", "x-content-type-options", "resultTruncated", "provider", "operation", "retry-after")  # fmt: skip
"""Names whose texts are the service's own, and must be its own here too."""
LEFT_OUT = "left out"
"""The section with the captures that are no answers, or that nothing here answers."""
VARYING = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|\d[\d.:T-]*Z?|'[^']*'|\"[^\"]*\"")


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Paths of a document with the kind of what stands there; items of a list share theirs."""
    if isinstance(value, dict):
        if not value:
            yield path, "object"
        for name, inner in value.items():
            yield from leaves(inner, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        if not value:
            yield f"{path}[]", "nothing"
        for each in value:
            yield from leaves(each, f"{path}[]")
    elif isinstance(value, str) and path.rsplit(".", 1)[-1] in FIXED and ".powerState." not in path:
        yield path, repr(VARYING.sub("…", value))
    else:
        kind = {"bool": "boolean", "int": "number", "float": "number", "NoneType": "null"}
        yield path, kind.get(type(value).__name__, "string")


def differences(captured: Any, answered: Any) -> list[str]:
    """`- path: kind` for what was captured and is not answered, `+ path: kind` for what is answered beyond it."""
    theirs, ours = set(leaves(captured)), set(leaves(answered))
    silent = {path for path, kind in theirs | ours if kind in ("null", "nothing", "object")}
    found = [f"- {path}: {kind}" for path, kind in theirs - ours if path not in silent]
    found += [f"+ {path}: {kind}" for path, kind in ours - theirs if path not in silent]
    return sorted(found)


def allowed() -> dict[str, list[tuple[str, str]]]:
    """The list: for each capture the patterns of differences, with their reasons."""
    found: dict[str, list[tuple[str, str]]] = {}
    for line in TABLE.read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            found[line[3:]] = []
        elif line.startswith("    "):
            pattern, _, why = line.strip().partition(" — ")
            assert len(why) > 10, f"'{line}' gives no reason"
            list(found.values())[-1].append((pattern, why))
    return found


def captured(name: str, *path: Any) -> Any:
    value = json.loads((EXAMPLES / f"{name}.json").read_text(encoding="utf-8"))
    for step in path:
        value = value[step]
    return value


class Asking:
    """The exchanges: what to ask so that the answer is the counterpart of a capture."""

    def __init__(self, graph: ResourceGraph, make_client: Any) -> None:
        self.graph = graph
        self.client = make_client(graph, quota=None, explain=False)
        self.limited = make_client(graph, quota=Quota(1, 3600), max_payload=10_000, explain=False)
        self.subscription = graph.query("resourcecontainers | where type endswith '/subscriptions' | top 1 by id asc | project subscriptionId").scalar()
        self.group = graph.query(f"resourcecontainers | where type endswith '/resourcegroups' and subscriptionId == '{self.subscription}' | top 1 by id asc | project id").scalar()

    def query(self, text: str, **body: Any) -> Any:
        return self.client("POST", ASK, {"query": text, **body})

    def rows(self, text: str, like: Any) -> Any:
        """All rows of a query, each path once; as a list or one object, as the capture is."""
        found = self.query(text, options={"$top": 1000}).json["data"]
        assert found, text
        return found if isinstance(like, list) else merged(found)

    def vm(self, where: str = "true") -> str:
        return str(self.graph.query(f"resources | where type == 'microsoft.compute/virtualmachines' and {where} | top 1 by id asc | project id").scalar())


def merged(documents: list[Any]) -> Any:
    """One document that has every path of many."""
    made: Any = {}
    for each in documents:
        for name, inner in each.items():
            if isinstance(inner, dict) and isinstance(made.get(name), dict):
                made[name] = merged([made[name], inner])
            elif made.get(name) in (None, [], {}, "") or isinstance(inner, list):
                made[name] = [*made[name], *inner] if isinstance(made.get(name), list) and isinstance(inner, list) else inner
    return made


MACHINES = "resources | where type == 'microsoft.compute/virtualmachines'"
FLEXIBLE_PAGE = f"{MACHINES} | project id, name, location"
TYPED = f"{MACHINES} | top 3 by id asc | project name, count_ = 1, share = 0.5, isFlex = isnotempty(name), properties = pack('vmSize', 'x'), created = todatetime('2026-01-15')"
FAILING = {
    "ParserFailure_eof": {"query": "where where"},
    "ParserFailure_quote": {"query": "where name contains 'a' b' and type contains 'c"},
    "UnsupportedOperator_old": {"query": "resources | parse-kv name as (a:string)"},
    "UnsupportedJoinFlavor": {"query": "resources | join kind=leftsemi (resources) on id"},
    "DisallowedLogicalTableName": {"query": "NoSuchResources"},
    "DisallowedMaxNumberOfRemoteTables": {"query": "resources | join (advisorresources) on id | join (healthresources) on id"},
    "NoValidSubscriptionsInQueryRequest": {"query": "resources", "subscriptions": [""]},
    "AccessDenied": {"query": "resources", "subscriptions": ["00000000-0000-0000-0000-00000000abcd"]},
}


def exchanges(ask: Asking) -> Iterator[tuple[str, Any, Any]]:
    """Name, capture and answer of each exchange."""
    headers = captured("response_headers", "200")
    given = ask.limited("POST", ASK, {"query": "resources | count"}).headers
    yield "response_headers.json", headers, {name: value for name, value in given.items() if name != "content-length"}
    facets = [{"expression": "location"}, {"expression": "nope"}]
    yield "response_paged_objectarray.json", captured("response_paged_objectarray"), ask.query(FLEXIBLE_PAGE, options={"$top": 3}, facets=facets).json
    yield "response_table.json", captured("response_table"), ask.query(TYPED, options={"resultFormat": "table"}).json
    truncated = captured("response_truncated_limit")
    truncated.pop("_note")
    yield "response_truncated_limit.json", truncated, ask.query(f"{FLEXIBLE_PAGE} | take 2").json
    for name, body in FAILING.items():
        answer = ask.client("POST", ASK, body)
        yield f"errors.json {name}", captured("errors", name, "body"), answer.json
        assert answer.status == captured("errors", name, "status"), (name, answer.status)
    throttled = ask.limited("POST", ASK, {"query": "resources | count"})
    yield "errors.json RateLimiting", captured("errors", "RateLimiting", "body"), throttled.json
    yield "errors.json RateLimiting headers", lowered(captured("errors", "RateLimiting", "headers")), only(throttled.headers, "x-ms-user", "x-ms-rate", "retry")
    large = ask.limited("POST", ASK, {"query": "resources"}, {"authorization": "Bearer another"})
    yield "errors.json ResponsePayloadTooLarge", captured("errors", "ResponsePayloadTooLarge", "body"), large.json
    at = f"{ask.group}{GRAPH}/queries/q1?api-version=2021-03-01"
    missing = ask.client("GET", at)
    yield "errors.json ResourceNotFound", captured("errors", "ResourceNotFound", "body"), missing.json
    yield "errors.json ResourceNotFound headers", captured("errors", "ResourceNotFound", "headers"), only(missing.headers, "x-ms-failure")
    saved = ask.client("PUT", at, captured("saved_query", "put", "body"))
    yield "saved_query.json", captured("saved_query", "response_200"), saved.json
    yield "operations.json", captured("operations"), ask.client("GET", f"{GRAPH}/operations?api-version=2022-10-01").json
    now = ask.graph.clock.now()
    ask.graph.advance(60)
    within = {"start": f"{now:%Y-%m-%dT%H:%M:%S}Z", "end": f"{ask.graph.clock.now():%Y-%m-%dT%H:%M:%S}Z"}
    body = {"query": f"{MACHINES} | take 1 | project id, name, properties = pack('provisioningState', 'Succeeded')", "options": {"interval": within, "resultFormat": "table"}}
    yield "resources_history.json", captured("resources_history", "response"), ask.client("POST", ASK.replace("resources?", "resourcesHistory?"), body).json
    metadata = ask.client("GET", "/metadata/endpoints?api-version=2022-09-01").json
    yield "az_cloud_metadata_endpoints.json", captured("az_cloud_metadata_endpoints"), metadata
    feature = f"/subscriptions/{ask.subscription}/providers/Microsoft.Features/providers/Microsoft.Compute/features/VMOrchestratorMultiFD"
    yield "feature_registration.json", captured("feature_registration", "get"), ask.client("GET", f"{feature}?api-version=2021-07-01").json
    yield from rows(ask)
    yield from starting(ask)
    yield from sets(ask)
    yield from requests(ask)


def starting(ask: Asking) -> Iterator[tuple[str, Any, Any]]:
    """A machine is started: accepted, under way, done, and what is found at the Location in the end."""
    steps = captured("lro", "start_vm")
    machine = ask.vm("properties.extended.instanceView.powerState.code == 'PowerState/deallocated'")
    accepted = ask.client("POST", f"{machine}/start?api-version=2024-07-01")
    assert accepted.status == steps[0]["status"]
    yield "lro.json accepted", lowered(steps[0]["headers"]), only(accepted.headers, "azure-async", "location", "retry")
    view = ask.client("GET", f"{machine}/instanceView?api-version=2024-07-01").json
    yield "instanceview_vm_agent_not_ready.json", captured("instanceview_vm_agent_not_ready"), view
    link = accepted.headers["azure-asyncoperation"].removeprefix("https://management.azure.com")
    polls = [ask.client("GET", link)]
    while polls[-1].json["status"] == "InProgress":
        polls.append(ask.client("GET", link))
    yield "lro.json under way", steps[1]["body"], polls[0].json
    yield "lro.json done", steps[2]["body"], polls[-1].json
    found = ask.client("GET", accepted.headers["location"].removeprefix("https://management.azure.com"))
    assert (found.status, found.content) == (captured("lro", "start_vm", 3, "status"), b"")
    view = ask.client("GET", f"{machine}/instanceView?api-version=2024-07-01").json
    yield "instanceview_vm.json", captured("instanceview_vm"), view
    ask.graph.estate.control.act(machine, "deallocate")
    ask.graph.advance(600)
    ask.graph.estate.control.patch(machine, {"properties": {"additionalCapabilities": {"hibernationEnabled": True}}})
    for action, body in (("start", {}), ("deallocate", {"hibernate": True})):
        ask.graph.advance(600)
        ask.graph.estate.control.act(machine, action, body)
    ask.graph.advance(600)
    view = ask.client("GET", f"{machine}/instanceView?api-version=2024-07-01").json
    yield "instanceview_vm_hibernated.json", captured("instanceview_vm_hibernated"), view


def sets(ask: Asking) -> Iterator[tuple[str, Any, Any]]:
    """What a Uniform set and one of its instances are doing; a Flexible set without machines, as a row."""
    instance = ask.graph.query(
        "computeresources | where type endswith '/virtualmachines' and properties.extended.instanceView.powerState.code == 'PowerState/running'"
        " | top 1 by id asc | project id").scalar()  # fmt: skip
    at = f"{instance}/instanceView?api-version=2024-07-01"
    yield "instanceview_vmss_vm_uniform.json", captured("instanceview_vmss_vm_uniform"), ask.client("GET", at).json
    whole = f"{instance.rsplit('/', 2)[0]}/instanceView?api-version=2024-07-01"
    yield "instanceview_vmss_uniform.json", captured("instanceview_vmss_uniform"), ask.client("GET", whole).json
    empty = {"location": "eastus", "zones": ["1"], "properties": {"orchestrationMode": "Flexible", "platformFaultDomainCount": 1, "singlePlacementGroup": False}}
    ask.graph.estate.control.put(f"{ask.group}/providers/Microsoft.Compute/virtualMachineScaleSets/empty-ss", empty)
    ask.graph.advance(600)
    like = captured("resources_vmss_flexible_empty_2021")
    yield "resources_vmss_flexible_empty_2021.json", like, ask.rows("resources | where name == 'empty-ss'", like)


def requests(ask: Asking) -> Iterator[tuple[str, Any, Any]]:
    """Requests as clients send them, in the scopes of this estate: answered in the form of a page."""
    full = captured("request_full") | {"subscriptions": [ask.subscription]}
    page = captured("response_paged_objectarray")
    yield "request_full.json", page, ask.client("POST", ASK, full).json
    group = captured("request_management_group") | {"managementGroups": [ask.graph.estate.tenant_id]}
    counted = {name: page[name] for name in page if name != "$skipToken"} | {"data": [{"count_": 1}], "facets": []}
    yield "request_management_group.json", counted, ask.client("POST", ASK, group).json


def rows(ask: Asking) -> Iterator[tuple[str, Any, Any]]:
    """Rows of tables; every path that any row of the kind has."""
    members = f"{MACHINES} | where isnotempty(properties.virtualMachineScaleSet)"
    kinds = {
        "resources_vm_flex_member_running": members,
        "resources_vm_spot_deallocated": f"{MACHINES} | where properties.priority == 'Spot'",
        "resources_vm_standalone_windows_stopped": f"{MACHINES} | where properties.storageProfile.osDisk.osType == 'Windows'",
        "resources_vmss_flexible": "resources | where type == 'microsoft.compute/virtualmachinescalesets' and properties.orchestrationMode == 'Flexible'",
        "resources_vmss_uniform": "resources | where type == 'microsoft.compute/virtualmachinescalesets' and properties.orchestrationMode == 'Uniform'",
        "computeresources_vmss_vm_uniform": "computeresources | where type == 'microsoft.compute/virtualmachinescalesets/virtualmachines'",
        "resourcecontainers": "resourcecontainers",
        "resourcechanges": "resourcechanges",
        "healthresources": "healthresources",
        "computeresources_vmss_nic_uniform": "computeresources | where type endswith '/networkinterfaces'",
    }
    for name, text in kinds.items():
        like = captured(name)
        yield f"{name}.json", like, ask.rows(text, like)


def lowered(headers: dict[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def only(headers: dict[str, str], *starts: str) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name.startswith(starts)}


def test_every_answer_has_the_form_of_its_capture_but_for_what_is_listed(world: ResourceGraph, make_client: Any, request: pytest.FixtureRequest) -> None:
    world.advance(60)
    listed = allowed()
    told: list[str] = []
    names = set()
    for name, theirs, ours in exchanges(Asking(world, make_client)):
        names.add(name)
        found = differences(theirs, ours)
        patterns = [pattern for pattern, _ in listed.get(name, [])]
        new = [each for each in found if not any(fnmatchcase(each, literal(pattern)) for pattern in patterns)]
        idle = [pattern for pattern in patterns if not any(fnmatchcase(each, literal(pattern)) for each in found)]
        if name not in listed or new or idle:
            told += [f"## {name}", *(f"    {each}" for each in new), *(f"    no longer: {pattern}" for pattern in idle)]
    told += [f"## {name} is asked no more" for name in listed.keys() - names - {LEFT_OUT}]
    asked = {name.split()[0] for name in names}
    left_out = {pattern for pattern, _ in listed.pop(LEFT_OUT)}
    every = {path.name for path in EXAMPLES.glob("*.json")}
    told += [f"## {name} is neither asked nor left out with a reason" for name in sorted(every - asked - left_out)]
    told += [f"## {name} is left out, and asked" for name in sorted(left_out & asked)]
    assert not told, "\n" + "\n".join(told)


def literal(pattern: str) -> str:
    """A pattern in which only * is special."""
    return pattern.replace("[", "[[]")
