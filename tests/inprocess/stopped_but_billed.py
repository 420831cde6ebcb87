"""A small tool as a team might have one: machines that are stopped but not deallocated, which Azure goes on billing.

It knows Azure only: real client, real credential, real addresses. Nothing in it knows that it is tested.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from azure.identity import DefaultAzureCredential
from azure.mgmt.resourcegraph import ResourceGraphClient
from azure.mgmt.resourcegraph.models import QueryRequest, QueryRequestOptions

QUERY = """
resources
| where type =~ 'microsoft.compute/virtualmachines'
| where properties.extended.instanceView.powerState.code == 'PowerState/stopped'
| project id, name, size = tostring(properties.hardwareProfile.vmSize)
| order by id asc
"""


def stopped_but_billed(credential: Any = None, page: int = 100) -> list[str]:
    """The names of all such machines that the caller may see; by default the caller is whoever is logged in."""
    with ResourceGraphClient(credential or DefaultAzureCredential()) as client:
        return [row["name"] for row in rows(client, page)]


def rows(client: ResourceGraphClient, page: int) -> Iterator[dict[str, Any]]:
    token = None
    while True:
        options = QueryRequestOptions(top=page, skip_token=token, result_format="objectArray")
        answer = client.resources(QueryRequest(query=QUERY, options=options))
        yield from answer.data
        token = answer.skip_token
        if token is None:
            return
