"""The health of virtual machines: whether they are available, since when, and what is said of why.

Availability follows from the power state. A machine to which nothing has happened has no row here: what the index shows
of it tells its health. Annotations are there only where something happened. Names and texts follow Microsoft's page
"Resource Health virtual machine Health Annotations"; the summaries are our words.
"""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

from inventory.changes import ticks_text
from inventory.draws import draw_sql
from inventory.resource_types import DATABASE, VIRTUAL_MACHINES, ResourceType
from inventory.shapes import TEXT, document

AVAILABILITY = {"running": "Available", "creating": "Unknown"}
"""Availability by power state; in all others a machine is unavailable."""


@dataclass(frozen=True, slots=True)
class Annotation:
    """What is said when a machine comes into the power state `to`, from one of `since` (None: it is new)."""

    name: str
    to: str
    since: tuple[str, ...] | None
    reason: str
    summary: str
    context: str = "User-initiated"
    category: str = "Not Applicable"
    by: str | None = None
    """Only where this type of caller asked for it: User or System."""
    action: str | None = None
    """Only where this action was asked for."""


ANNOTATIONS = (
    Annotation("VirtualMachineAllocated", "creating", None, "Created by user",
               "The virtual machine is being set up as requested."),
    Annotation("VirtualMachinePreempted", "deallocating", ("running", "stopped", "starting"), "Evicted by the platform",
               "The Spot virtual machine gives its capacity back to the platform.",
               context="Platform-Initiated", category="Unplanned", by="System"),
    Annotation("VirtualMachineRedeployInitiatedByControlPlane", "deallocating", ("running",), "Redeployed by user",
               "The virtual machine is moving to another host as requested.", action="redeploy/action"),
    Annotation("VirtualMachineDeallocationInitiated", "deallocating", ("running", "stopped", "starting"),
               "Stopped and deallocated by user", "The virtual machine is stopping and deallocating as requested."),
    Annotation("VirtualMachineStopInitiatedByControlPlane", "stopping", ("running", "starting"), "Stopped by user",
               "The virtual machine is stopping as requested."),
    Annotation("VirtualMachineStartInitiatedByControlPlane", "starting", ("stopped", "deallocated"), "Started by user",
               "The virtual machine is starting as requested."),
    Annotation("VirtualMachineRebootInitiatedByControlPlane", "starting", ("running",), "Restarted by user",
               "The virtual machine is restarting as requested."),
)  # fmt: skip
"""The first that fits is said."""

_PLACE = {"id": TEXT, "name": TEXT, "location": TEXT, "resourceGroup": TEXT, "subscriptionId": TEXT}
_TARGET = {"targetResourceType": TEXT, "targetResourceId": TEXT, "occurredTime": TEXT}

STATUSES = ResourceType(
    "Microsoft.ResourceHealth/availabilityStatuses",
    "HealthResources",
    "availability_statuses",
    {**_PLACE, "properties": document(**_TARGET, previousAvailabilityState=TEXT, availabilityState=TEXT)},
    inner={"_hidden": pa.bool_()},
    constants={"managedBy": ""},
    api_version="2023-10-01",
)
"""`_hidden` is a machine that the index has not heard of yet, or that is no more."""
REMARKS = ResourceType(
    "Microsoft.ResourceHealth/resourceAnnotations",
    "HealthResources",
    "resource_annotations",
    {
        **_PLACE,
        "properties": document(**_TARGET, annotationName=TEXT, reason=TEXT, category=TEXT, context=TEXT, summary=TEXT),
    },
    constants={"managedBy": ""},
    api_version="2023-10-01",
)
HEALTH = (STATUSES, REMARKS)
_COLUMNS = 'id, name, location, "resourceGroup", "subscriptionId", properties'

SHOWN = f"{DATABASE}.availability"
"""The view of all availability statuses: those in the table, and those that follow from the index."""


def shown_sql(suffix: str, since: str | None = None) -> str:
    """SQL for that view, over the tables or over the views with a suffix.

    `since` is a column of those views, where they show several images of one machine: it is shown too. What follows
    from any of them follows from the first.
    """
    machines, more = VIRTUAL_MACHINES.source + suffix, ""
    if since is not None:
        machines, more = f"(SELECT DISTINCT ON (_key) * FROM {machines} ORDER BY _key, {since})", f", {since}"
    return (
        f"SELECT _key, {_COLUMNS}{more} FROM {STATUSES.source}{suffix} WHERE NOT _hidden UNION ALL "
        f"SELECT _key, {_COLUMNS}{more} FROM ({_derived(machines, more=more)}) "
        f"WHERE _key NOT IN (SELECT _key FROM {STATUSES.source})"
    )


CREATED = 'n.properties."timeCreated"'
"""SQL for when the machine in a row `n` was created."""


def _derived(machines: str, created: str = CREATED, more: str = "") -> str:
    """SQL for the statuses that follow from rows of machines to which nothing has happened; `more` columns go along."""
    return (
        f'SELECT _key, {_id("id", STATUSES)} AS id, \'current\' AS name, location, "resourceGroup", "subscriptionId", '
        f"{_status('id', created, _state('power_state.code'), _quoted('Unknown'))} AS properties{more} FROM {machines} n"
    )


def _id(id_: str, of: ResourceType) -> str:
    return f"{id_} || '/providers/{of.name}/current'"


def _state(code: str) -> str:
    cases = " ".join(f"WHEN 'PowerState/{power}' THEN '{state}'" for power, state in AVAILABILITY.items())
    return f"CASE {code} {cases} ELSE 'Unavailable' END"


def _status(id_: str, occurred: str, state: str, before: str) -> str:
    return (
        f"{{'targetResourceType': '{VIRTUAL_MACHINES.name}', 'targetResourceId': {id_}, 'occurredTime': {occurred}, "
        f"'previousAvailabilityState': {before}, 'availabilityState': {state}}}"
    )


def base_sql() -> str:
    """The statement that writes down what the index says now of machines of `transition`, where no row says it yet."""
    first = (
        "(SELECT * EXCLUDE (power_state), coalesce(_power_before, power_state) AS power_state "
        "FROM transition WHERE _first)"
    )
    return f"""
        INSERT INTO {STATUSES.source} (_key, {_COLUMNS}, _hidden)
        SELECT d.*, t._created FROM (SELECT * FROM transition WHERE _first) t JOIN ({_derived(first, "n._made")}) d ON d._key = t._key
        WHERE t._key NOT IN (SELECT _key FROM {STATUSES.source} WHERE _key IN (SELECT _key FROM transition))
    """


def statuses_sql(seed: str, delay: str) -> str:
    """The statement that writes the changes of availability among the transitions. `delay` is SQL for ticks, given a
    draw `_drawn`."""
    before = f"CASE WHEN _created THEN 'Unknown' ELSE {_state('_power_before.code')} END"
    state = _state("power_state.code")
    return _write(
        STATUSES, seed, delay, f"{before} <> {state} OR _created OR _deleted",
        _status("id", ticks_text("_true_at"), state, before), ", _deleted",
    )  # fmt: skip


def remarks_sql(seed: str, delay: str, by: str, action: str) -> str:
    """The statement that writes the annotations for the transitions. `by` is the type of caller: User or System, `action`
    what was asked for (see inventory.changes.Cause)."""
    found = "CASE"
    for each in ANNOTATIONS:
        if each.by not in (None, by) or each.action not in (None, action):
            continue
        since = "_created" if each.since is None else (
            "NOT _created AND _power_before.code IN (" + ", ".join(f"'PowerState/{p}'" for p in each.since) + ")")  # fmt: skip
        parts = {"annotationName": each.name, "reason": each.reason, "category": each.category,
                 "context": each.context, "summary": each.summary}  # fmt: skip
        values = ", ".join(f"'{name}': {_quoted(text)}" for name, text in parts.items())
        found += (
            f" WHEN {since} AND power_state.code = 'PowerState/{each.to}' THEN "
            f"{{'targetResourceType': '{VIRTUAL_MACHINES.name}', 'targetResourceId': id, "
            f"'occurredTime': {ticks_text('_true_at')}, {values}}}"
        )
    return _write(
        REMARKS,
        seed,
        delay,
        "remark IS NOT NULL OR _deleted",
        "remark",
        "",
        f"SELECT *, {found} END AS remark FROM transition",
    )


def _write(
    of: ResourceType,
    seed: str,
    delay: str,
    when: str,
    properties: str,
    more: str,
    rows: str = "SELECT * FROM transition",
) -> str:
    """The statement that puts events into the feed of health: never before the machine's row, and in order."""
    return f"""
        INSERT INTO {of.images}
          (_key, _seq, _true_at, _visible_at, _shown, _deleted, _lost, {_COLUMNS}{", _hidden" if more else ""})
        SELECT _key, _seq, _true_at,
          greatest(_visible_at, coalesce(_floor, 0), max(_true_at + {delay}) OVER (PARTITION BY _key ORDER BY _seq)), FALSE,
          {"FALSE" if more else "_deleted"}, _lost, {_id("id", of)}, 'current', location, "resourceGroup", "subscriptionId",
          {properties}{more}
        FROM (SELECT *, {draw_sql(seed, "health", "_seq")} AS _drawn FROM ({rows}))
        LEFT JOIN (SELECT _key, max(_visible_at) AS _floor FROM {of.feed} WHERE NOT _lost GROUP BY _key) USING (_key)
        WHERE {when}
    """


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
