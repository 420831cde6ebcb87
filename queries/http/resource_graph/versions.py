"""The api-versions of Resource Graph and what each of them knows, as data (source: the published OpenAPI documents)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from queries.http.arm_error import ArmError

TABLE, OBJECT_ARRAY = "table", "objectArray"


@dataclass(frozen=True, slots=True)
class Version:
    """What differs between versions. `group_field` is the request's field for management groups, if it has one;
    `history` says whether it has `resourcesHistory`."""

    name: str
    default_format: str = OBJECT_ARRAY
    subscriptions_required: bool = False
    group_field: str | None = "managementGroups"
    scope_filter: bool = True
    history: bool = False


VERSIONS: Mapping[str, Version] = MappingProxyType(
    {
        version.name: version
        for version in (
            Version("2018-09-01-preview", TABLE, True, None, False),
            Version("2019-04-01", TABLE, True, None, False),
            Version("2020-04-01-preview", TABLE, False, "managementGroupId", False, history=True),
            Version("2021-03-01", scope_filter=False),
            Version("2021-06-01-preview", history=True),
            Version("2022-10-01", history=True),
            Version("2024-04-01"),
        )
    }
)


def version_of(given: str | None, *, history: bool = False) -> Version:
    """The version that a request names; with `history` one that has `resourcesHistory`. Raises ArmError 400 as the
    gateway does."""
    if not given:
        raise ArmError(
            400,
            "MissingApiVersionParameter",
            "The api-version query parameter (?api-version=) is required for all requests.",
        )
    version = VERSIONS.get(given.lower())
    if version is None or (history and not version.history):
        names = (name for name, each in VERSIONS.items() if each.history or not history)
        raise ArmError(
            400,
            "InvalidApiVersionParameter",
            f"The api-version '{given[:40]}' is invalid. The supported versions are '{','.join(names)}'.",
        )
    return version
