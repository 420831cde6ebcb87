"""Ids of Azure Resource Manager: what they name. Knows their grammar, not what exists."""

from __future__ import annotations

from dataclasses import dataclass

from inventory.errors import InventoryError

SUBSCRIPTION = "Microsoft.Resources/subscriptions"
RESOURCE_GROUP = "Microsoft.Resources/subscriptions/resourceGroups"
FEATURE = "Microsoft.Features/providers/features"
RESOURCE_PROVIDER = "Microsoft.Resources/providers"
"""A provider as a subscription has it registered: /subscriptions/<id>/providers/<namespace>."""


@dataclass(frozen=True, slots=True)
class ResourceId:
    """One id, taken apart. `type` is spelt as the caller spelt it; compare it with `kind`, which is lower-case."""

    text: str
    subscription: str
    """'' for what lies in no subscription."""
    group: str
    """'' for what lies in no resource group."""
    type: str
    name: str
    parent: str
    """The id of what it is a part of; '' where it is no part of another resource."""

    @property
    def kind(self) -> str:
        return self.type.lower()

    @property
    def group_id(self) -> str:
        return f"/subscriptions/{self.subscription}/resourceGroups/{self.group}"


def parse(text: str) -> ResourceId:
    """Take an id apart. Raises InventoryError InvalidResourceId where it is none."""
    segments = text.strip().strip("/").split("/")
    if len(segments) < 2 or not all(segments):
        raise _malformed(text)
    subscription = group = ""
    rest = segments
    if rest[0].lower() == "subscriptions":
        subscription, rest = rest[1].lower(), rest[2:]
        if not rest:
            return ResourceId(f"/subscriptions/{subscription}", subscription, "", SUBSCRIPTION, subscription, "")
        if rest[0].lower() == "resourcegroups" and len(rest) >= 2:
            group, rest = rest[1], rest[2:]
            if not rest:
                place = f"/subscriptions/{subscription}/resourceGroups/{group}"
                return ResourceId(place, subscription, group, RESOURCE_GROUP, group, "")
    *_, last = (place for place, word in enumerate(["", *rest]) if word.lower() == "providers" or place == 0)
    # what stands before the last "providers" is what an extension resource extends
    own = rest[last:]
    if last and len(own) == 1:
        place = f"/subscriptions/{subscription}/providers/{own[0]}" if subscription else f"/providers/{own[0]}"
        return ResourceId(place, subscription, "", RESOURCE_PROVIDER, own[0], "")
    if last == 0 or len(own) < 3 or len(own) % 2 == 0:
        raise _malformed(text)
    names = own[2::2]
    type_name = "/".join([own[0], *own[1::2]])
    if rest[:last][-2:-1] and rest[last - 2].lower() == "microsoft.features" and own[1].lower() == "features":
        type_name = FEATURE
    start = "/" + "/".join(segments[: len(segments) - len(own) - 1]) if len(segments) > len(own) + 1 else ""
    if subscription:
        start = start.replace(segments[1], subscription, 1)
        if group:
            start = start.replace(f"/{segments[2]}/", "/resourceGroups/", 1)
    head = f"{start}/providers/{own[0]}"
    pairs = list(zip(own[1::2], names, strict=True))
    spelt = "".join(f"/{kind}/{name}" for kind, name in pairs)
    above = "".join(f"/{kind}/{name}" for kind, name in pairs[:-1])
    return ResourceId(head + spelt, subscription, group, type_name, names[-1], head + above if above else "")


def _malformed(text: str) -> InventoryError:
    return InventoryError(
        "InvalidResourceId",
        f"'{text}' is no resource id; one looks like /subscriptions/<id>/resourceGroups/<name>/providers/"
        "<namespace>/<type>/<name>.",
    )
