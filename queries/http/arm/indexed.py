"""Reads with `useResourceGraph=true`: answered from the index, as stale as it is, and stamped with its time.

Asked in KQL like everything else of the index; told in the form of Azure Resource Manager.
"""

from __future__ import annotations

import re
from typing import Any

from inventory.control.ids import ResourceId
from inventory.control.records import type_of
from inventory.resource_types import RESOURCE_TYPES
from queries import KUSTO, ResourceGraph
from queries.http.arm.asking import Answer, Ask
from queries.http.arm.paging import by_id, listed
from queries.http.arm.targets import Collection
from queries.http.arm_error import ArmError

STAMP = "x-ms-arg-snapshot-timestamp"
_NAMES = {of.type: of.name for of in RESOURCE_TYPES if of.name}
_FILTER = re.compile(r"\s*'?virtualMachineScaleSet/id'?\s+eq\s+'([^']+)'\s*", re.IGNORECASE)
_PARAMETERS = (
    "declare query_parameters(p_id:string = '', p_type:string = '', p_scope:string = '', p_after:string = '', "
    "p_set:string = '', p_most:long = 1);"
)


def asked(ask: Ask) -> bool:
    """Whether a read is to be answered from the index."""
    return ask.method in ("GET", "HEAD") and ask.flag("useresourcegraph")


def one(graph: ResourceGraph, ask: Ask, target: ResourceId) -> Answer:
    """One resource as the index has it. Raises ArmError 404 when it does not show there (yet)."""
    rows = _rows(graph, target.kind, "where id =~ p_id", {"p_id": target.text})
    if not rows:
        told = f"The Resource '{target.text}' was not found in the index: it does not exist, or has not arrived yet."
        raise ArmError(404, "ResourceNotFound", told, headers=_stamp(graph))
    return Answer(_document(rows[0], ask), headers=_stamp(graph))


def many(graph: ResourceGraph, ask: Ask, collection: Collection) -> Answer:
    """A page of the resources of a type in a scope, as the index has them."""
    given: dict[str, Any] = {"p_type": collection.type.lower(), "p_scope": f"{collection.scope}/"}
    narrowed = "where type == p_type | where id startswith p_scope"
    if "$filter" in ask.query:
        match = _FILTER.fullmatch(ask.query["$filter"])
        if match is None:
            raise ArmError(400, "InvalidFilterInQueryString", "The $filter is not one that the index can answer: "
                           "'virtualMachineScaleSet/id' eq '<id>'.")  # fmt: skip
        given["p_set"] = match.group(1)
        narrowed += " | where tostring(properties.virtualMachineScaleSet.id) =~ p_set"

    def read(after: str, count: int) -> list[dict[str, Any]]:
        page = f"{narrowed} | where tolower(id) > p_after | order by tolower(id) asc | take p_most"
        rows = _rows(graph, collection.type, page, {**given, "p_after": after, "p_most": count})
        return [_document(row, ask) for row in rows]

    answer = listed(ask, by_id(read))
    return Answer(answer.body, headers=_stamp(graph))


def _rows(graph: ResourceGraph, kind: str, pipeline: str, given: dict[str, Any]) -> list[dict[str, Any]]:
    text = f"{_PARAMETERS} {type_of(kind).table} | {pipeline} | extend apiVersion"
    return graph.query(text, profile=KUSTO, parameters=given).to_pylist()


def _stamp(graph: ResourceGraph) -> dict[str, str]:
    return {STAMP: f"{graph.as_of:%Y-%m-%dT%H:%M:%S.%f}0Z"}


def _document(row: dict[str, Any], ask: Ask) -> dict[str, Any]:
    """A row as Resource Manager would tell the resource."""
    made = {"id": row["id"], "name": row["name"], "type": _NAMES.get(row["type"], row["type"])}
    for name in ("apiVersion", "location", "kind", "managedBy", "sku", "plan", "tags", "identity", "zones"):
        if row.get(name) not in (None, ""):
            made[name] = row[name]
    properties = dict(row.get("properties") or {})
    view = (properties.pop("extended", None) or {}).get("instanceView")
    if view and (ask.query.get("$expand", "").lower() == "instanceview" or ask.flag("statusonly")):
        power = view.pop("powerState", None)
        properties["instanceView"] = {**view, "statuses": _statuses(properties, power)}
    if ask.flag("statusonly"):
        properties = {
            name: properties[name] for name in ("vmId", "provisioningState", "instanceView") if name in properties
        }
    return {**made, "properties": properties}


def _statuses(properties: dict[str, Any], power: dict[str, Any] | None) -> list[dict[str, Any]]:
    state = str(properties.get("provisioningState", "Succeeded"))
    title = "Provisioning succeeded" if state == "Succeeded" else state
    found = [{"code": f"ProvisioningState/{state.lower()}", "level": "Info", "displayStatus": title}]
    return found + ([power] if power else [])
