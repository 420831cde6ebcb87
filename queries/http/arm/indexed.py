"""Reads with `useResourceGraph=true`: answered from the index, as stale as it is, and stamped with its time.

Asked in KQL like everything else of the index; told in the form of Azure Resource Manager.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from inventory.control.ids import ResourceId
from inventory.control.records import type_of
from inventory.resource_types import RESOURCE_TYPES
from queries import KUSTO, ResourceGraph
from queries.http.arm.asking import Answer, Ask
from queries.http.arm.paging import Documents, by_id, listed, sifted
from queries.http.arm_error import ArmError

STAMP = "x-ms-arg-snapshot-timestamp"
_NAMES = {of.type: of.name for of in RESOURCE_TYPES if of.name}
_FILTER = re.compile(r"\s*'?virtualMachineScaleSet/id'?\s+eq\s+'([^']+)'\s*", re.IGNORECASE)
_PARAMETERS = (
    "declare query_parameters(p_id:string = '', p_type:string = '', p_scope:string = '', p_after:string = '', "
    "p_set:string = '', p_region:string = '', p_most:long = 1);"
)


_NEVER = frozenset({
    "microsoft.network/virtualnetworks/subnets", "microsoft.network/networksecuritygroups/securityrules",
    "microsoft.network/networksecuritygroups/defaultsecurityrules", "microsoft.compute/virtualmachinescalesets/extensions",
    "microsoft.resources/providers", "microsoft.resources/tags",
})  # fmt: skip
"""Types that no table of Resource Graph shows."""


def asked(ask: Ask) -> bool:
    """Whether a read is to be answered from the index."""
    return ask.method in ("GET", "HEAD") and ask.flag("useresourcegraph")


def check(graph: ResourceGraph, kind: str) -> None:
    """Raises ArmError 422 for what never stands in the index: parts of documents, and what a provider says of itself."""
    if kind.lower() in _NEVER:
        told = f"Resources of type '{kind}' are not in the index: ask without useResourceGraph."
        raise ArmError(422, "ResourceTypeNotSupported", told, headers=_stamp(graph))


def one(graph: ResourceGraph, ask: Ask, target: ResourceId) -> Answer:
    """One resource as the index has it. Raises ArmError 404 when it does not show there (yet)."""
    check(graph, target.kind)
    return Answer(_document(_row(graph, target), ask.query.get("$expand", ""), ask.flag("statusonly")), headers=_stamp(graph))


def instance_view(graph: ResourceGraph, target: ResourceId) -> Answer:
    """What a machine is doing, as far as the index tells it."""
    view = _document(_row(graph, target), "instanceView")["properties"].get("instanceView", {})
    return Answer(view, headers=_stamp(graph))


def many(graph: ResourceGraph, ask: Ask, scope: str, kind: str, region: str = "") -> Answer:
    """A page of the resources of a type in a scope (and a region), as the index has them."""
    check(graph, kind)
    given: dict[str, Any] = {"p_type": kind.lower(), "p_scope": f"{scope}/", "p_region": region}
    narrowed = "where type == p_type | where id startswith p_scope"
    if region:
        narrowed += " | where location == p_region"
    if "$filter" in ask.query:
        match = _FILTER.fullmatch(ask.query["$filter"])
        if match is None:
            raise ArmError(400, "InvalidFilterInQueryString", "The $filter is not one that the index can answer: "
                           "'virtualMachineScaleSet/id' eq '<id>'.")  # fmt: skip
        given["p_set"] = match.group(1)
        narrowed += " | where tostring(properties.virtualMachineScaleSet.id) =~ p_set"
    answer = listed(ask, by_id(_reader(graph, kind, narrowed, given), _skipped(ask)))
    expand, status_only = ask.query.get("$expand", ""), ask.flag("statusonly")
    rows = [_document(row, expand, status_only) for row in answer.body["value"]]
    return Answer({**answer.body, "value": rows}, headers=_stamp(graph))


def everything(
    graph: ResourceGraph, ask: Ask, scope: str, kind: str, wanted: Callable[[dict[str, Any]], bool]
) -> Answer:
    """A page of the resources of all types, or of one, in a scope as far as they are wanted, as the index has them."""
    narrowed = "where id startswith p_scope" + (" | where type =~ p_type" if kind else "")
    find = _reader(graph, "", narrowed, {"p_scope": f"{scope}/", "p_type": kind})
    answer = listed(ask, by_id(sifted(find, wanted), _skipped(ask)))
    return Answer({**answer.body, "value": [_document(row) for row in answer.body["value"]]}, headers=_stamp(graph))


def _reader(graph: ResourceGraph, kind: str, narrowed: str, given: dict[str, Any]) -> Callable[[str, int], Documents]:
    """Finds rows in the order of their lower-case ids."""

    def find(after: str, count: int) -> list[dict[str, Any]]:
        page = f"{narrowed} | where tolower(id) > p_after | order by tolower(id) asc | take p_most"
        return _rows(graph, kind, page, {**given, "p_after": after, "p_most": count})

    return find


def _skipped(ask: Ask) -> int:
    """Rows that the first page leaves out."""
    return 0 if "$skiptoken" in ask.query else ask.whole("$skip", 0, 0, 1_000_000)


def _row(graph: ResourceGraph, target: ResourceId) -> dict[str, Any]:
    rows = _rows(graph, target.kind, "where id =~ p_id", {"p_id": target.text})
    if not rows:
        told = f"The Resource '{target.text}' was not found in the index: it does not exist, or has not arrived yet."
        raise ArmError(404, "ResourceNotFound", told, headers=_stamp(graph))
    return rows[0]


def _rows(graph: ResourceGraph, kind: str, pipeline: str, given: dict[str, Any]) -> list[dict[str, Any]]:
    text = f"{_PARAMETERS} {type_of(kind).table} | {pipeline} | extend apiVersion"
    return graph.query(text, profile=KUSTO, parameters=given).to_pylist()


def _stamp(graph: ResourceGraph) -> dict[str, str]:
    return {STAMP: f"{graph.as_of:%Y-%m-%dT%H:%M:%S.%f}0Z"}


def _document(row: dict[str, Any], expand: str = "", status_only: bool = False) -> dict[str, Any]:
    """A row as Resource Manager would tell the resource."""
    made = {"id": row["id"], "name": row["name"], "type": _NAMES.get(row["type"], row["type"])}
    for name in ("apiVersion", "location", "kind", "managedBy", "sku", "plan", "tags", "identity", "zones"):
        if row.get(name) not in (None, ""):
            made[name] = row[name]
    properties = dict(row.get("properties") or {})
    view = (properties.pop("extended", None) or {}).get("instanceView")
    if view and (expand.lower() == "instanceview" or status_only):
        power = view.pop("powerState", None)
        properties["instanceView"] = {**view, "statuses": _statuses(properties, power)}
    if status_only:
        properties = {
            name: properties[name] for name in ("vmId", "provisioningState", "instanceView") if name in properties
        }
    return {**made, "properties": properties}


def _statuses(properties: dict[str, Any], power: dict[str, Any] | None) -> list[dict[str, Any]]:
    state = str(properties.get("provisioningState", "Succeeded"))
    title = "Provisioning succeeded" if state == "Succeeded" else state
    found = [{"code": f"ProvisioningState/{state.lower()}", "level": "Info", "displayStatus": title}]
    return found + ([power] if power else [])
