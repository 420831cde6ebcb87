"""Resource Graph's own clients over real sockets: Python newest and older, sync and async, JavaScript 4 and 5, unmodified.

The older ones are installed beside the project by `make clients-small`, which `make test` does first.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.clients.conftest import AsyncCredential, Credential
from tests.http.process import Running, start, stop

CLIENTS = Path(os.environ.get("LAZULITE_CLIENTS", Path(__file__).parents[2] / ".clients"))
QUERY = "Resources | project id, name | order by id asc"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    running = start(tmp_path_factory.mktemp("served"), "--clock", "simulated", "--quota", "off")
    yield running
    stop(running)


@pytest.fixture(scope="module")
def ids(server: Running) -> list[str]:
    """All ids of the estate, in order: the same seed gives the same estate."""
    from queries import ResourceGraph

    with ResourceGraph.simulated(vms=30) as graph:
        return [row[0] for row in graph.query(QUERY).rows()]


def test_python_over_tls(server: Running, ids: list[str]) -> None:
    from azure.mgmt.resourcegraph import ResourceGraphClient
    from azure.mgmt.resourcegraph.models import QueryRequest, QueryRequestOptions

    seen: list[str] = []
    token = None
    with ResourceGraphClient(Credential(), base_url=server.https, connection_verify=server.ca) as client:
        while True:
            answer = client.resources(QueryRequest(query=QUERY, options=QueryRequestOptions(top=50, skip_token=token)))
            seen += [row["id"] for row in answer.data]
            token = answer.skip_token
            assert (answer.total_records, answer.count) == (len(ids), len(answer.data))
            if token is None:
                break
    assert seen == ids


def test_python_over_plain_http(server: Running, ids: list[str]) -> None:
    from azure.mgmt.resourcegraph import ResourceGraphClient
    from azure.mgmt.resourcegraph.models import QueryRequest

    with ResourceGraphClient(Credential(), base_url=server.http) as client:
        answer = client.resources(QueryRequest(query=QUERY), enforce_https=False)
    assert [row["id"] for row in answer.data] == ids


def test_python_async_over_tls(server: Running, ids: list[str]) -> None:
    from azure.mgmt.resourcegraph.aio import ResourceGraphClient
    from azure.mgmt.resourcegraph.models import QueryRequest

    async def ask() -> Any:
        async with ResourceGraphClient(AsyncCredential(), base_url=server.https, connection_verify=server.ca) as client:
            return await asyncio.gather(*(client.resources(QueryRequest(query=QUERY)) for _ in range(8)))

    assert all([row["id"] for row in answer.data] == ids for answer in asyncio.run(ask()))


OLDER = """
import json, sys
from azure.core.credentials import AccessToken
from azure.core.exceptions import HttpResponseError
from azure.mgmt.resourcegraph import ResourceGraphClient, VERSION
from azure.mgmt.resourcegraph.models import QueryRequest, QueryRequestOptions

class Credential:
    def get_token(self, *scopes, **options):
        return AccessToken("any", 2_000_000_000)

client = ResourceGraphClient(Credential(), base_url=sys.argv[1], connection_verify=sys.argv[2])
answer = client.resources(QueryRequest(query=sys.argv[3], options=QueryRequestOptions(top=3, result_format="table")))
try:
    client.resources(QueryRequest(query="where where"))
except HttpResponseError as error:
    codes = [detail.code for detail in error.model.error.details]
print(json.dumps([VERSION, answer.total_records, answer.data["rows"], bool(answer.skip_token), codes]))
"""


def test_an_older_python_client(server: Running, ids: list[str]) -> None:
    folder = CLIENTS / "python-8.0.0"
    if not folder.exists():
        pytest.skip("`make clients-small` installs it")
    command = [sys.executable, "-W", "ignore", "-S", "-c", OLDER, server.https, server.ca, QUERY]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60, env={"PYTHONPATH": str(folder)})
    assert run.returncode == 0, run.stderr
    version, total, rows, more, codes = json.loads(run.stdout)
    assert (version, total, [row[0] for row in rows], more) == ("8.0.0", len(ids), ids[:3], True)
    assert codes == ["InvalidQuery", "ParserFailure"]


@pytest.mark.parametrize(("version", "secure"), [("4.2.1", True), ("4.2.1", False), ("5.0.0", True)])
def test_javascript(server: Running, ids: list[str], version: str, secure: bool) -> None:
    folder = CLIENTS / f"node-{version}"
    if not folder.exists() or shutil.which("node") is None:
        pytest.skip("`make clients-small` installs it where there is Node")
    endpoint = server.https if secure else server.http
    command = ["node", str(Path(__file__).parent / "ask.cjs"), str(folder), endpoint]
    environment = {"PATH": os.environ["PATH"], "NODE_EXTRA_CA_CERTS": server.ca, "NODE_NO_WARNINGS": "1"}
    run = subprocess.run(command, capture_output=True, text=True, timeout=90, env=environment)
    assert run.returncode == 0, run.stderr
    told = json.loads(run.stdout)
    assert told["ids"] == ids and told["total"] == len(ids)
    assert told["pages"] == -(-len(ids) // 40)
    assert told["table"]["data"] == {"columns": [{"name": "count_", "type": "integer"}], "rows": [[len(ids)]]}
    good, bad = told["table"]["facets"]
    assert (good["resultType"], good["count"], bad["resultType"]) == ("FacetResult", 1, "FacetError")
    assert [error["code"] for error in bad["errors"]] == ["NoValidColumns", "InvalidColumnNames"]
    assert told["refused"]["status"] == 400
    assert "Microsoft.ResourceGraph/resources/read" in told["operations"]
