"""Resource Graph as its own clients meet it: POST /providers/Microsoft.ResourceGraph/resources, and its neighbours.

`routes` is all that the application needs. The wire contract is here (versions, requests, answers, tokens, quotas,
facets, scopes); what a query means and what a page holds is decided below, in `queries`.
"""

from queries.http.resource_graph.endpoint import routes

__all__ = ["routes"]
