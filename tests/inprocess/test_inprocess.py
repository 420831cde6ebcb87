"""Azure's real clients without a socket, and the fixtures that a team's tests use."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError
from azure.mgmt.resourcegraph import ResourceGraphClient
from azure.mgmt.resourcegraph.aio import ResourceGraphClient as AsyncResourceGraphClient
from azure.mgmt.resourcegraph.models import FacetRequest, FacetResult, QueryRequest, QueryRequestOptions

from queries.http.settings import Quota, ServiceSettings
from queries.inprocess import Local
from tests.inprocess.stopped_but_billed import stopped_but_billed


@pytest.fixture(autouse=True)
def no_sockets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever connects to somewhere fails."""

    def refuse(*_: object) -> None:
        raise AssertionError("something went out to the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket.socket, "connect_ex", refuse)


# ---- three lines of a team's own -------------------------------------------------------------------------------------
@pytest.mark.lazulite(vms=20, lag=0)
def test_a_stopped_machine_is_found(lazulite_endpoints: Local) -> None:
    before = stopped_but_billed()
    machine = running(lazulite_endpoints)
    lazulite_endpoints.estate.vm(machine).power_off()
    lazulite_endpoints.clock.advance(600)  # type: ignore[attr-defined]
    assert set(stopped_but_billed(page=1)) - set(before) == {machine}


@pytest.mark.lazulite(vms=20)
def test_a_stopped_machine_is_found_after_its_lag(
    lazulite_endpoints: Local, lazulite_estate: Any, lazulite_clock: Any, lazulite_credential: Any
) -> None:
    lazulite_clock.advance(3600)
    machine = running(lazulite_endpoints)
    lazulite_estate.vm(machine).power_off()
    assert machine not in stopped_but_billed(lazulite_credential)
    lazulite_clock.advance(600)
    assert machine in stopped_but_billed(lazulite_credential)


def running(local: Local) -> str:
    """The name of a machine that runs and that no other one shares."""
    text = """
        resources
        | where type == 'microsoft.compute/virtualmachines'
        | summarize n = count(), state = max(tostring(properties.extended.instanceView.powerState.code)) by name
        | where n == 1 and state == 'PowerState/running' | top 1 by name asc
    """
    return str(local.graph.query(text).rows()[0][0])


# ---- transports ----------------------------------------------------------------------------------------------------
def test_a_sync_client_with_a_transport(lazulite: Local) -> None:
    with ResourceGraphClient(lazulite.credential, transport=lazulite.transport) as client:
        answer = client.resources(
            QueryRequest(
                query="Resources | project id, name | order by id asc",
                options=QueryRequestOptions(top=3, result_format="table"),
                facets=[FacetRequest(expression="name"), FacetRequest(expression="nope")],
            )
        )
        assert answer.data["columns"] == [{"name": "id", "type": "string"}, {"name": "name", "type": "string"}]
        assert (answer.count, len(answer.data["rows"]), answer.result_truncated) == (3, 3, "false")
        assert answer.total_records == lazulite.graph.query("resources | count").scalar()
        good, bad = answer.facets
        assert isinstance(good, FacetResult) and good.count == len(good.data["rows"])
        assert [error.code for error in bad.errors] == ["NoValidColumns", "InvalidColumnNames"]
        assert "Query resources" in [each.display.operation for each in client.operations.list()]


def test_headers_reach_the_caller(lazulite: Local) -> None:
    with ResourceGraphClient(lazulite.credential, transport=lazulite.transport) as client:
        seen = client.resources(QueryRequest(query="resources | count"), cls=lambda pipeline, data, headers: pipeline)
        assert seen.http_response.headers["x-ms-resource-graph-request-duration"]


def test_errors_arrive_as_the_sdk_knows_them(lazulite: Local) -> None:
    with ResourceGraphClient(lazulite.credential, transport=lazulite.transport) as client:
        with pytest.raises(HttpResponseError) as refused:
            client.resources(QueryRequest(query="where where"))
        error = refused.value
        assert (error.status_code, error.error.code) == (400, "BadRequest")
        assert [detail.code for detail in error.error.details] == ["InvalidQuery", "ParserFailure"]
        assert error.model.error.details[1].additional_properties["characterPositionInLine"] == 11


def test_an_async_client_with_a_transport(lazulite: Local) -> None:
    async def ask() -> Any:
        credential, transport = lazulite.async_credential, lazulite.async_transport
        async with AsyncResourceGraphClient(credential, transport=transport) as client:
            questions = (client.resources(QueryRequest(query="resources | count")) for _ in range(5))
            return await asyncio.gather(*questions)

    expected = lazulite.graph.query("resources | count").scalar()
    assert [answer.data for answer in asyncio.run(ask())] == [[{"Count": expected}]] * 5


def test_a_sync_client_inside_a_running_loop(lazulite: Local) -> None:
    async def ask() -> Any:
        with ResourceGraphClient(lazulite.credential, transport=lazulite.transport) as client:
            return client.resources(QueryRequest(query="resources | count"))

    assert asyncio.run(ask()).count == 1


def test_an_async_client_by_its_address(lazulite_endpoints: Local) -> None:
    async def ask() -> Any:
        async with AsyncResourceGraphClient(lazulite_endpoints.async_credential) as client:
            return await client.resources(QueryRequest(query="resources | count"))

    assert asyncio.run(ask()).count == 1


def test_the_sdk_waits_and_comes_again() -> None:
    with Local.simulated(5, settings=ServiceSettings(quota=Quota(queries=1, seconds=0.5, retry_after=1))) as local:
        with ResourceGraphClient(local.credential, transport=local.transport) as client:
            answers = [client.resources(QueryRequest(query="resources | count")) for _ in range(2)]
        assert answers[0].data == answers[1].data


def test_a_token_is_asked_for() -> None:
    with Local.simulated(5, settings=ServiceSettings(quota=None, token="open sesame")) as local:
        with ResourceGraphClient(local.credential, transport=local.transport) as client:
            assert client.resources(QueryRequest(query="resources | count")).count == 1
        assert local.loopback.request("GET", f"{local.endpoint}/", [], b"").status == 401


# ---- the plugin ----------------------------------------------------------------------------------------------------
def test_the_plugin_costs_nothing_until_it_is_used() -> None:
    code = "import queries.inprocess.plugin, sys; print(*{'duckdb', 'starlette', 'requests', 'azure', 'lark'} & set(sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == ""


def test_the_fixtures_come_with_the_distribution(tmp_path: Path) -> None:
    """A project that knows nothing of ours but that it is installed."""
    (tmp_path / "test_it.py").write_text(
        "import pytest\n"
        "@pytest.mark.lazulite(vms=3)\n"
        "def test_it(lazulite, lazulite_estate, lazulite_clock, lazulite_credential):\n"
        "    assert lazulite.estate is lazulite_estate and lazulite.clock is lazulite_clock\n"
        "    assert lazulite.graph.query('resources | count').scalar() > 3\n"
        "    assert lazulite_credential.get_token('https://management.azure.com/.default').token\n"
    )
    command = [sys.executable, "-m", "pytest", "-q", "--strict-markers", "-p", "no:cacheprovider", str(tmp_path)]
    run = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert run.returncode == 0 and "1 passed" in run.stdout, run.stdout
