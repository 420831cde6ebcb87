"""What a deployment would change, without changing it: `what-if`.

A property counts as changed when the template states it and the resource has it otherwise; what a template leaves to its
provider is not predicted, so it is never reported as lost. Tags are the exception: they are replaced as a whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from inventory.errors import InventoryError
from inventory.rows import merged
from inventory.templates.completion import unnamed
from inventory.templates.deployment import Deployment, Door

_NEVER_TOLD = frozenset({"adminpassword", "customdata", "secrets", "protectedsettings"})
"""Properties that go in and never come out."""
_MISSING: Any = object()

Change = dict[str, Any]


def changes(deployment: Deployment, door: Door, *, whole: bool = True) -> list[Change]:
    """Every resource that a deployment concerns, in the form of Azure: Create, Modify, NoChange, Delete, Ignore or
    Unsupported. Without `whole` only which are deployed (`Deploy`), deleted or ignored."""
    found = list(_declared(deployment, door, whole))
    if deployment.scope.resource_group is not None:
        named = {each["resourceId"].lower() for each in found}
        kind = "Delete" if deployment.mode == "Complete" else "Ignore"
        for each in unnamed(door, deployment.scope.id, named):
            before = {"before": {**_at(each), **each}} if whole else {}
            found.append({"resourceId": each["id"], "changeType": kind, **before})
    return sorted(found, key=lambda each: str(each["resourceId"]).lower())


def _declared(deployment: Deployment, door: Door, whole: bool) -> Iterator[Change]:
    for step in deployment.steps.values():
        planned = step.planned
        if not planned.wanted or planned.existing:
            continue
        try:
            if planned.is_deployment:
                yield from _declared(deployment.nested(planned, door), door, whole)
                continue
            if not whole:
                yield {"resourceId": planned.id, "changeType": "Deploy"}
                continue
            wanted = deployment.body(planned, door)
        except InventoryError as error:
            told = f"The resource cannot be predicted: {error.message}"
            yield {"resourceId": planned.id, "changeType": "Unsupported", "unsupportedReason": told}
            continue
        stated = {"id": planned.id, "name": planned.name, "type": planned.type, **wanted}
        yield _change(planned.id, planned.api_version, stated, _found(planned.id, door))


def _found(id_: str, door: Door) -> dict[str, Any] | None:
    try:
        return door.get(id_)
    except InventoryError as error:
        if error.status != 404:
            raise
        return None


def _change(id_: str, api_version: str, stated: dict[str, Any], before: dict[str, Any] | None) -> Change:
    version = {"apiVersion": api_version}
    if before is None:
        return {"resourceId": id_, "changeType": "Create", "after": {**version, **_at({"id": id_}), **stated}}
    delta = list(_delta(before, stated, ""))
    after, tags = merged(before, stated), stated.get("tags") or {}
    for name, lost in (before.get("tags") or {}).items():
        if name not in tags:
            delta.append({"path": f"tags.{name}", "propertyChangeType": "Delete", "before": lost, "after": None})
    if before.get("tags"):
        after["tags"] = tags  # replaced as a whole
    told: Change = {
        "resourceId": id_,
        "changeType": "Modify" if delta else "NoChange",
        "before": {**version, **_at(before), **before},
        "after": {**version, **_at(before), **after},
    }
    return {**told, "delta": delta} if delta else told


def _at(document: Mapping[str, Any]) -> dict[str, Any]:
    """Where a resource lies, which Azure tells beside it."""
    parts = str(document["id"]).split("/")
    return {"resourceGroup": parts[4]} if len(parts) > 4 and parts[3].lower() == "resourcegroups" else {}


def _delta(before: Mapping[str, Any], stated: Mapping[str, Any], path: str) -> Iterator[Change]:
    for name, wanted in stated.items():
        found = before.get(name, _MISSING)
        at = f"{path}.{name}" if path else name
        if found is _MISSING:
            if wanted is not None and name.lower() not in _NEVER_TOLD:
                yield {"path": at, "propertyChangeType": "Create", "before": None, "after": wanted}
        elif isinstance(wanted, dict) and isinstance(found, dict):
            yield from _delta(found, wanted, at)
        elif isinstance(wanted, list) and isinstance(found, list):
            children = list(_parts(found, wanted))
            if children:
                yield {"path": at, "propertyChangeType": "Array", "before": None, "after": None, "children": children}
        elif not _same(found, wanted, name):
            yield {"path": at, "propertyChangeType": "Modify", "before": found, "after": wanted}


def _parts(before: list[Any], stated: list[Any]) -> Iterator[Change]:
    """What becomes of the elements of a list. Those of one name are one element, those without a name by their places;
    plain values are taken away and added, never changed."""
    named = {_name(each): at for at, each in enumerate(before) if _name(each) is not None}
    kept: set[int] = set()
    for place, wanted in enumerate(stated):
        at = named.get(_name(wanted), place if place < len(before) and _name(before[place]) is None else None)
        if not isinstance(wanted, (dict, list)):
            at = next((i for i, each in enumerate(before) if i not in kept and _same(each, wanted)), None)
        if at is None or at in kept:
            yield {"path": str(place), "propertyChangeType": "Create", "before": None, "after": wanted}
            continue
        kept.add(at)
        found = before[at]
        if isinstance(found, dict) and isinstance(wanted, dict):
            children = list(_delta(found, wanted, ""))
            if children:
                yield {"path": str(at), "propertyChangeType": "Modify", "before": None, "after": None, "children": children}
        elif not _same(found, wanted):
            yield {"path": str(at), "propertyChangeType": "Modify", "before": found, "after": wanted}
    for at, found in enumerate(before):
        if at not in kept:
            yield {"path": str(at), "propertyChangeType": "Delete", "before": found, "after": None}


def _name(element: Any) -> str | None:
    """What tells an element of a list from the others."""
    name = element.get("name") if isinstance(element, dict) else None
    return name.lower() if isinstance(name, str) else None


def _same(found: Any, wanted: Any, name: str = "") -> bool:
    """Whether a resource has what a template states of it. Letter case is nothing in ids, types and regions."""
    if isinstance(found, dict) and isinstance(wanted, dict):
        return not list(_delta(found, wanted, ""))
    if isinstance(found, list) and isinstance(wanted, list):
        return len(found) == len(wanted) and all(map(_same, found, wanted))
    if isinstance(found, str) and isinstance(wanted, str):
        if name == "location":
            return found.replace(" ", "").lower() == wanted.replace(" ", "").lower()
        return found == wanted or (found.lower() == wanted.lower() and (found[:1] == "/" or name in ("type", "name")))
    return bool(found == wanted) and isinstance(found, bool) == isinstance(wanted, bool)
