"""Imported documents that become rows of typed tables, so that they live like any resource that was made here.

A document is taken in where it comes out again as it came, and where it says what its type needs to live; the others stay
documents.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import islice
from typing import Any

import pyarrow as pa

from inventory.beyond import Beyond
from inventory.control import machine_documents
from inventory.generic import WRITTEN_AT_ONCE, insert_documents
from inventory.health import STATUSES
from inventory.imports import ImportReport
from inventory.lifecycle import DISPLAY
from inventory.resource_types import (
    BASE,
    DISKS,
    EXTENSIONS,
    NETWORK_INTERFACES,
    PUBLIC_IP_ADDRESSES,
    RESOURCE_TYPES,
    REST,
    SCALE_SET_INSTANCE_NICS,
    SCALE_SET_INSTANCES,
    SCALE_SETS,
    VIRTUAL_MACHINES,
    ResourceType,
)
from inventory.rows import NOTHING, fit, schema_of, shown
from inventory.shapes import TEXT
from inventory.store import Store

Document = Mapping[str, Any]
Row = dict[str, Any]

_TYPES = {of.type: of for of in (*RESOURCE_TYPES, STATUSES)}
_MACHINES = (VIRTUAL_MACHINES, SCALE_SET_INSTANCES)
_LOWER = ("location", "resourceGroup")
_PROVISIONING = frozenset({"Succeeded", "Failed", "Creating", "Updating", "Deleting", "Migrating"})


class Adoption:
    """What becomes of imported documents: `rows` of typed tables with their keys, and `others` that stay as they are."""

    def __init__(self, documents: Mapping[str, Document], tenant: str) -> None:
        """`documents` by their ids in lower case, with all columns of Resource Graph."""
        self.rows: dict[ResourceType, dict[str, Row]] = {}
        self.others: list[Document] = []
        for key, (id_, document) in enumerate(documents.items()):
            of = _TYPES.get(document["type"])
            row = None if of is None else row_of(of, document, tenant)
            if of is None or row is None:
                self.others.append(document)
            else:
                self.rows.setdefault(of, {})[id_] = {"_key": key, **row}
        self._join(documents)

    def _of(self, of: ResourceType) -> dict[str, Row]:
        return self.rows.get(of, {})

    def _key(self, of: ResourceType, id_: str | None) -> int | None:
        found = self._of(of).get((id_ or "").lower())
        return None if found is None else int(found["_key"])

    def _join(self, documents: Mapping[str, Document]) -> None:
        """Tell the rows to which others they belong."""
        for row in self._of(VIRTUAL_MACHINES).values():
            properties = row["properties"]
            row["_set_key"] = self._key(SCALE_SETS, _id(properties["virtualMachineScaleSet"]))
            row["_fault_domain"] = properties["platformFaultDomain"]
        highest: dict[int, int] = {}
        for id_, row in self._of(SCALE_SET_INSTANCES).items():
            place, _, number = id_.rpartition("/virtualmachines/")
            key = row["_set_key"] = self._key(SCALE_SETS, place)
            if key is not None and number.isdigit():
                highest[key] = max(highest.get(key, -1), int(number))
        for row in self._of(SCALE_SETS).values():
            row["_next_instance"] = highest.get(row["_key"], -1) + 1
        for id_, row in self._of(EXTENSIONS).items():
            row["_vm_key"] = self._key(VIRTUAL_MACHINES, id_.rpartition("/extensions/")[0])
        for id_, row in self._of(SCALE_SET_INSTANCE_NICS).items():
            row["_vm_key"] = self._key(SCALE_SET_INSTANCES, id_.rpartition("/networkinterfaces/")[0])
        going = self._going_with_machines()
        for id_, row in self._of(DISKS).items():
            row["_vm_key"], row["_goes_with_vm"] = self._key(VIRTUAL_MACHINES, row["managedBy"]), id_ in going
        for id_, row in self._of(NETWORK_INTERFACES).items():
            machine = _id(row["properties"]["virtualMachine"])
            row["_vm_key"], row["_goes_with_vm"] = self._key(VIRTUAL_MACHINES, machine), id_ in going
        for row in self._of(PUBLIC_IP_ADDRESSES).values():
            interface = (_id(row["properties"]["ipConfiguration"]) or "").lower().partition("/ipconfigurations/")[0]
            row["_vm_key"] = self._of(NETWORK_INTERFACES).get(interface, {}).get("_vm_key")
        self._join_health(documents)

    def _going_with_machines(self) -> set[str]:
        """The ids of disks and interfaces that are deleted with the machine they belong to."""
        return {
            id_
            for row in self._of(VIRTUAL_MACHINES).values()
            for said, id_ in machine_documents.parts(shown(VIRTUAL_MACHINES, "", row)["properties"] or {})
            if said.get("deleteOption") == "Delete"
        }

    def _join_health(self, documents: Mapping[str, Document]) -> None:
        """The health of a machine has the machine's key; of one whose health was not imported, none shows yet."""
        machines = self._of(VIRTUAL_MACHINES)
        told: dict[str, Row] = {}
        for id_, row in self._of(STATUSES).items():
            machine = machines.get((row["properties"]["targetResourceId"] or "").lower())
            if machine is not None and machine["id"] not in told:
                told[machine["id"]] = {**row, "_key": machine["_key"], "_hidden": False}
            else:
                self.others.append(documents[id_])
        for machine in machines.values():
            if machine["id"] not in told:
                hidden = dict.fromkeys(STATUSES.physical_columns)
                told[machine["id"]] = {**hidden, "_key": machine["_key"], "_hidden": True}
        if told:
            self.rows[STATUSES] = told


def insert(store: Store, documents: Mapping[str, Document], tenant: str, report: ImportReport) -> None:
    """Put imported documents into an empty estate, as what the index shows from the beginning.

    Tells the report of machines that can only be looked at.
    """
    adopted = Adoption(documents, tenant)
    beyond = Beyond(store)
    for of, rows in adopted.rows.items():
        schema = pa.schema([("_key", pa.int64()), *of.physical_columns.items()])
        given = iter(rows.values())
        while batch := list(islice(given, WRITTEN_AT_ONCE)):
            beyond.note(of, (row[REST] for row in batch))
            store.insert(of.source, pa.Table.from_pylist(batch, schema))
    insert_documents(store, adopted.others)
    for document in adopted.others:
        if document["type"] in (each.type for each in _MACHINES):
            report.note("a machine without power and provisioning state: it can only be looked at", document["id"])


def row_of(of: ResourceType, document: Document, tenant: str) -> Row | None:
    """A document as a row of a type's table; None where it would not come out as it came, or says too little to live."""
    row: Row = dict.fromkeys(of.physical_columns)
    rest: Row = {}
    whole = {name: document[name] for name in BASE}
    if isinstance(whole["properties"], dict):
        whole["properties"] = _without_grafts(of, whole["properties"], row, rest)
    schema = schema_of(of, tenant)
    for name, kind in BASE.items():
        value = whole[name]
        if kind is TEXT:
            value = "" if value is None else value
            if not isinstance(value, str):
                return None
            usual = value.lower() if name in _LOWER else value
            if name in of.columns:
                row[name] = usual
            else:
                constants = {"type": of.type, "tenantId": tenant, **of.constants}
                usual = constants.get(name, "")
            if value != usual:
                rest[name] = value
        elif name not in of.columns:
            if value is not None:
                rest[name] = value
        elif value is not None:
            row[name], left = fit(schema.field(name), value, exactly=True)
            if left is not NOTHING:
                more = rest.get(name)
                rest[name] = {**left, **more} if isinstance(more, dict) and isinstance(left, dict) else left
    row[REST] = json.dumps(rest, ensure_ascii=False) if rest else None
    if of in _MACHINES and not _lives(row):
        return None
    if not isinstance(row.get("properties"), dict) or shown(of, tenant, row) != _as_shown(document):
        return None
    if of in _MACHINES:
        _let_live(row)
    return row


def _without_grafts(of: ResourceType, properties: Mapping[str, Any], row: Row, rest: Row) -> dict[str, Any]:
    """The properties without what columns of their own hold; what of that does not fit goes to the rest."""
    made = dict(properties)
    extended = made.get("extended")
    if not of.grafts or not isinstance(extended, dict) or not isinstance(extended.get("instanceView"), dict):
        return made
    view = dict(extended["instanceView"])
    for graft in of.grafts:
        name = graft.path.rsplit(".", 1)[-1]
        if name in view:
            row[graft.column], left = fit(pa.field(name, graft.shape), view.pop(name), exactly=True)
            if left is not NOTHING:
                view[name] = left
    del made["extended"]
    more = {name: value for name, value in extended.items() if name != "instanceView"}
    if view:
        more["instanceView"] = view
    if more:
        rest["properties"] = {"extended": more}
    return made


def _lives(row: Row) -> bool:
    """Whether a machine says what it takes to be started and stopped: a power state, and one of provisioning."""
    state, properties = row["power_state"], row["properties"]
    if not state or not properties or not str(state["code"]).startswith("PowerState/"):
        return False
    return state["code"].removeprefix("PowerState/") in DISPLAY and properties["provisioningState"] in _PROVISIONING


def _let_live(row: Row) -> None:
    """What the machinery must know of a machine: above all what its agent reports, when it runs."""
    row["_hibernated"] = False
    if row["os_name"] is not None or row["power_state"]["code"] != "PowerState/running":
        storage = row["properties"]["storageProfile"] or {}
        system = (storage.get("osDisk") or {}).get("osType") or "Linux"
        usual = machine_documents.agent(storage, system)
        row["_agent_os_name"] = row["os_name"] or usual[0]
        row["_agent_os_version"] = row["os_version"] or usual[1]


def _as_shown(document: Document) -> Row:
    """The document as a row shows it: texts are never null."""
    return {name: (document[name] or "") if kind is TEXT else document[name] for name, kind in BASE.items()}


def _id(reference: Any) -> str | None:
    found = reference.get("id") if isinstance(reference, Mapping) else None
    return found if isinstance(found, str) else None


__all__ = ["Adoption", "insert"]
