"""What a path below `/subscriptions/` names: a resource, the resources of a type in a scope, or something to be done.

Resource Manager's paths follow one grammar, so one route serves them all.
"""

from __future__ import annotations

from dataclasses import dataclass

from inventory.control.ids import RESOURCE_GROUP, RESOURCE_PROVIDER, SUBSCRIPTION, ResourceId, parse
from inventory.resource_types import RESOURCE_TYPES
from queries.http.arm_error import ArmError


@dataclass(frozen=True, slots=True)
class Collection:
    """All resources of a type in a scope: the id of a subscription, a resource group, or the resource they are part of."""

    scope: str
    type: str


@dataclass(frozen=True, slots=True)
class Action:
    """Something that is done to, or read of, one resource or a subscription."""

    of: ResourceId
    name: str
    """Lower-case."""


Target = ResourceId | Collection | Action

LISTED = (*(of.name for of in RESOURCE_TYPES if of.name and of.table == "Resources"), "")
"""The types that stand in a list of all resources; the empty one are all that have no table of their own."""
FEATURES = "Microsoft.Features/providers/features"
VIEWS = frozenset({"instanceview", "vmsizes", "skus", "checkipaddressavailability"})
"""What is read at a path that looks like a collection, and is a view of the resource before it."""


def target_of(path: str, method: str) -> Target:
    """What a path names. Raises ArmError 404 for what no id of Azure looks like."""
    segments = [part for part in path.split("/") if part]
    last = next((at for at in range(len(segments) - 1, -1, -1) if segments[at].lower() == "providers"), None)
    if last is None:
        return _container(path, segments, method)
    own = segments[last + 1 :]
    if not own:
        return Collection("/" + "/".join(segments[:last]), RESOURCE_PROVIDER)
    scope = "/" + "/".join(segments[:last]) if last else ""
    if len(own) == 1:
        return parse(path)
    if len(own) % 2 == 0:
        above, leaf = own[:-1], own[-1]
        if len(own) > 2 and (method == "POST" or leaf.lower() in VIEWS):
            return Action(parse(path.rstrip("/").rsplit("/", 1)[0]), leaf.lower())
        if len(own) == 2 and method == "POST":
            return Action(parse(f"{scope}/providers/{own[0]}"), leaf.lower())
        if leaf.lower() == "features" and "/microsoft.features" in f"{scope}/{own[0]}".lower():
            return Collection("/" + "/".join(segments[:2]), FEATURES)  # of one provider or of all
        kind = "/".join([own[0], *own[1::2]])
        within = f"{scope}/providers/{'/'.join(above)}" if len(own) > 2 else scope
        return Collection(within, kind)
    return parse(path)


def _container(path: str, segments: list[str], method: str) -> Target:
    words = [each.lower() for each in segments[::2]]
    if words == ["subscriptions", "resourcegroups"]:
        if len(segments) == 3:
            return Collection("/" + "/".join(segments[:2]), RESOURCE_GROUP)
        return parse(path)
    if words == ["subscriptions"]:
        return Collection("", SUBSCRIPTION) if len(segments) == 1 else parse(path)
    if len(segments) in (3, 5) and words[0] == "subscriptions":
        return Action(parse("/" + "/".join(segments[:-1])), segments[-1].lower())
    raise ArmError(404, "NotFound", "No resource was found that matches the request URI.")
