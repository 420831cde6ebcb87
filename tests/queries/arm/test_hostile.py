"""Bad requests: a proper error of Azure's form, nothing changed, nothing that would be a defect."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from queries.http.edge import DEFECTS
from tests.queries.arm.conftest import Arm

PATHS = [
    "/subscriptions/../../etc/passwd",
    "/subscriptions/{s}/../resourcegroups",
    "/subscriptions/not-a-guid",
    "/subscriptions/{s}/resourcegroups/a'; DROP TABLE world.disks; --",
    "/subscriptions/{s}/resourcegroups/%00",
    "/subscriptions/{s}/resourceGroups/rg/providers",
    "/subscriptions/{s}/resourceGroups/rg/providers/Microsoft.Compute",
    "/subscriptions/{s}/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines/a/b/c/d/e/f/g",
    "/subscriptions/{s}/resourceGroups/rg/providers/providers/providers/x",
    "/subscriptions/{s}/providers/Microsoft.Compute/locations/eastus/operations/nope",
    "/subscriptions/{s}/providers/Microsoft.Compute/" + "a/" * 3000,
    "/subscriptions/" + "x" * 20000,
    "/subscriptions/{s}/\u2603/\u202e",
    "/nowhere/at/all",
]
BODIES: list[bytes] = [
    b"{",
    b"[]",
    b"null",
    b"3",
    b'"text"',
    b"\xff\xfe",
    b'{"location": 7}',
    b'{"location": null, "properties": 5}',
    b'{"location": "eastus", "tags": "none"}',
    b'{"location": "eastus", "tags": {"a": {"b": []}}}',
    b'{"location": "eastus", "zones": {"a": 1}, "properties": {}}',
    b'{"location": "eastus", "properties": {"ipConfigurations": 3}}',
    b'{"location": "eastus", "properties": {"hardwareProfile": [], "networkProfile": {"networkInterfaces": [1, null]}}}',
    b'{"location": "eastus", "properties": {"virtualMachineScaleSet": "x", "storageProfile": {"osDisk": 1}}}',
    b'{"location": "eastus", "sku": 9, "properties": {"platformFaultDomainCount": "many"}}',
    b'{"location": "eastus", "properties": {"addressSpace": [], "subnets": {"a": 1}}}',
    b'{"location": "eastus", "name": ["x"], "id": {"y": 1}, "type": 4}',
    b'{"a": NaN}',
    b'{"n": 1e999}',
    b'{"n": 123456789012345678901234567890}',
    b'{"location": "\\ud800"}',
    b'{"location": "a\\u0000b"}',
    b"[" * 100_000,
    b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
]
TYPES = [
    "Microsoft.Compute/virtualMachines", "Microsoft.Compute/virtualMachineScaleSets", "Microsoft.Compute/disks",
    "Microsoft.Compute/availabilitySets", "Microsoft.Network/networkInterfaces", "Microsoft.Network/virtualNetworks",
    "Microsoft.Network/networkSecurityGroups", "Microsoft.Network/publicIPAddresses", "Contoso.Things/others",
]  # fmt: skip


@pytest.fixture
def no_defects(caplog: pytest.LogCaptureFixture) -> Any:
    """Fails when the service met a defect of its own."""
    with caplog.at_level(logging.ERROR, DEFECTS.name):
        yield
    assert not [record for record in caplog.records if record.name == DEFECTS.name]


def proper(arm: Arm, reply: Any) -> None:
    assert reply.status < 500, reply.body
    if reply.status >= 400:
        error = reply.body["error"]
        assert error["code"] and error["message"] and "Traceback" not in error["message"]


@pytest.mark.parametrize("path", PATHS, ids=[path[:50] for path in PATHS])
@pytest.mark.usefixtures("no_defects")
def test_a_path_that_is_no_id_is_refused(still: Arm, path: str) -> None:
    path = path.format(s=still.subscription.rsplit("/", 1)[-1])
    for method in ("GET", "PUT", "POST", "DELETE", "PATCH"):
        reply = still.ask(method, path, {} if method in ("PUT", "POST", "PATCH") else None)
        proper(still, reply)
        assert 400 <= reply.status < 500 or (method == "DELETE" and reply.status == 204) or "/providers" in path


@pytest.mark.parametrize("body", BODIES, ids=[repr(body[:60]) for body in BODIES])
@pytest.mark.usefixtures("no_defects")
def test_a_body_that_is_wrong_is_refused_or_kept_and_never_breaks_anything(arm: Arm, body: bytes) -> None:
    before = arm.graph.query("Resources | count").scalar()
    for kind in TYPES:
        at = f"{arm.group}/providers/{kind}/thing"
        for method, path in (("PUT", at), ("PATCH", at), ("POST", f"{at}/start")):
            proper(arm, arm.ask(method, path, body))
    proper(arm, arm.ask("PUT", f"{arm.subscription}/resourcegroups/new", body))
    proper(arm, arm.ask("PUT", f"{arm.group}/providers/Microsoft.Resources/deployments/d", body))
    assert arm.graph.query("Resources | count").scalar() == before


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(
        ["properties", "id", "sku", "zones", "tags", "capacity", "osDisk", "storageProfile", "networkProfile", "location",
         "networkInterfaces", "virtualMachineScaleSet", "ipConfigurations", "subnet", "x"]) | st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(kind=st.sampled_from(TYPES), properties=JSON, more=JSON)
def test_no_document_is_a_defect(arm: Arm, kind: str, properties: Any, more: Any) -> None:
    body = {"location": "eastus", "properties": properties, **(more if isinstance(more, dict) else {"sku": more})}
    proper(arm, arm.ask("PUT", f"{arm.group}/providers/{kind}/thing", json.dumps(body).encode()))


@pytest.mark.parametrize("query", ["$top=-1", "$top=1e3", "$skiptoken=%00", "$skiptoken=" + "A" * 5000, "$filter=%27", "$expand=everything", "api-version=2024-07-01&api-version=x"])
@pytest.mark.usefixtures("no_defects")
def test_an_odd_query_is_refused_or_ignored(still: Arm, query: str) -> None:
    version = "" if "api-version" in query else "&api-version=2024-07-01"
    for more in ("", "&useResourceGraph=true"):
        for path in (f"{still.group}/providers/Microsoft.Compute/virtualMachines", f"{still.group}/resources"):
            proper(still, still.ask("GET", f"{path}?{query}{version}{more}"))


def test_methods_that_a_resource_does_not_know(still: Arm) -> None:
    assert still.ask("POST", f"{still.group}/providers/Microsoft.Compute/disks/nope/fly").status == 404
    assert still.ask("PUT", f"{still.group}/providers/Microsoft.Compute/disks", {}).status == 405
    assert still.ask("PUT", f"{still.subscription}/locations", {}).status in (404, 405)


def test_faults_that_were_asked_for_reach_arm(still: Arm) -> None:
    order = {"where": "arm", "status": 503, "code": "ServiceUnavailable", "times": 1, "retryAfter": 3}
    assert still.ask("POST", "/lazulite/fail", order).status == 200
    reply = still.ask("GET", still.group)
    assert (reply.status, reply.code, reply.headers["retry-after"]) == (503, "ServiceUnavailable", "3")
    assert still.ask("GET", still.group).status == 200
