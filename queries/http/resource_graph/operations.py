"""What may be done with Resource Graph, as its clients list it."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from queries.http.arm_error import json_response
from queries.http.resource_graph.versions import version_of

OPERATIONS = (
    ("Microsoft.ResourceGraph/operations/read", "Operation", "Get Operations",
     "Gets the list of supported operations"),
    ("Microsoft.ResourceGraph/resources/read", "Resources", "Query resources",
     "Submits a query on resources in the given scopes."),
    ("Microsoft.ResourceGraph/resourcesHistory/read", "Resources history", "Query the history of resources",
     "Lists the states that resources had within an interval of time."),
)  # fmt: skip
"""Name, resource, operation and description of each."""


async def tell(request: Request) -> Response:
    """GET …/operations."""
    version_of(request.query_params.get("api-version"))
    listed = [
        {
            "name": name,
            "display": {
                "provider": "Microsoft Resource Graph", "resource": resource, "operation": operation,
                "description": description,
            },
        }
        for name, resource, operation, description in OPERATIONS
    ]  # fmt: skip
    return json_response({"value": listed})
