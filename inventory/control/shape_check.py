"""Documents of the wrong shape are refused before any rule reads them: an object where a list belongs, a text for a number.

What a type's table declares is checked, and what its provider reads beside it. Plain values that say the same in another
form ("true", "3") are put into the right one, as Azure does; values of enumerations are spelt as Azure spells them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache
from typing import Any

import pyarrow as pa

from inventory.errors import InventoryError
from inventory.resource_types import SCALE_SETS, VIRTUAL_MACHINES, ResourceType
from inventory.shapes import FLAG, REAL, REFERENCE, TEXT, WHOLE, document, is_json, many

_IP_CONFIGURATION = document(
    name=TEXT, properties=document(primary=FLAG, subnet=REFERENCE, privateIPAddressVersion=TEXT, privateIPAddress=TEXT)
)
_INTERFACE_CONFIGURATION = document(
    name=TEXT,
    properties=document(
        primary=FLAG,
        deleteOption=TEXT,
        networkSecurityGroup=REFERENCE,
        ipConfigurations=many(_IP_CONFIGURATION),
    ),
)
_DISK = document(diskSizeGB=WHOLE, lun=WHOLE)
AUTOSCALE = "microsoft.insights/autoscalesettings"
_BESIDE: dict[str, pa.DataType] = {
    AUTOSCALE: document(
        enabled=FLAG,
        targetResourceUri=TEXT,
        profiles=many(
            document(
                name=TEXT,
                capacity=document(minimum=TEXT, maximum=TEXT, default=TEXT),
                rules=many(
                    document(
                        metricTrigger=document(operator=TEXT, threshold=REAL),
                        scaleAction=document(direction=TEXT, type=TEXT, value=TEXT, cooldown=TEXT),
                    )
                ),
                fixedDate=document(timeZone=TEXT, start=TEXT, end=TEXT),
                recurrence=document(
                    frequency=TEXT,
                    schedule=document(timeZone=TEXT, days=many(TEXT), hours=many(WHOLE), minutes=many(WHOLE)),
                ),
            )
        ),
    ),
    VIRTUAL_MACHINES.type: document(
        additionalCapabilities=document(hibernationEnabled=FLAG, ultraSSDEnabled=FLAG),
        networkProfile=document(networkInterfaceConfigurations=many(_INTERFACE_CONFIGURATION)),
        osProfile=document(adminPassword=TEXT, customData=TEXT),
        proximityPlacementGroup=REFERENCE,
        host=REFERENCE,
        hostGroup=REFERENCE,
    ),
    SCALE_SETS.type: document(
        scaleInPolicy=document(rules=many(TEXT)),
        virtualMachineProfile=document(
            osProfile=document(adminPassword=TEXT, customData=TEXT),
            storageProfile=document(osDisk=_DISK, dataDisks=many(_DISK)),
            extensionProfile=document(
                extensions=many(document(name=TEXT, properties=document(publisher=TEXT, type=TEXT)))
            ),
            networkProfile=document(networkInterfaceConfigurations=many(_INTERFACE_CONFIGURATION)),
        ),
        proximityPlacementGroup=REFERENCE,
        hostGroup=REFERENCE,
    ),
}
"""What providers read of `properties` that no column holds."""

_ABOVE = {
    name.lower(): name
    for name in ("location", "tags", "zones", "sku", "plan", "identity", "kind", "managedBy", "properties", "extendedLocation")
}
"""What stands beside the properties, by its name in any letter case."""

_REQUEST = document(instanceIds=many(TEXT))

_SPELT = {
    name: {value.lower(): value for value in values}
    for name, values in {
        "mode": ("Automatic", "Manual", "Rolling"),
        "createOption": ("FromImage", "Attach", "Empty", "Copy", "Restore", "Upload", "Import"),
        "deleteOption": ("Delete", "Detach"),
        "caching": ("None", "ReadOnly", "ReadWrite"),
        "osType": ("Linux", "Windows"),
        "priority": ("Regular", "Low", "Spot"),
        "evictionPolicy": ("Deallocate", "Delete"),
        "privateIPAllocationMethod": ("Dynamic", "Static"),
        "publicIPAllocationMethod": ("Dynamic", "Static"),
        "privateIPAddressVersion": ("IPv4", "IPv6"),
        "publicIPAddressVersion": ("IPv4", "IPv6"),
        "access": ("Allow", "Deny"),
        "direction": ("Inbound", "Outbound"),
    }.items()
}
"""Enumerations of Azure whose letter case does not matter when they are given, by the property that holds them."""
_RANGES = {"diskSizeGB": (1, 65_536), "lun": (0, 63)}
"""The least and the greatest of whole numbers, by the property that holds them."""

_LEFT_BY_NULL = "virtualMachineScaleSet"
_FLAGS = {"true": True, "false": False}


def well_formed(of: ResourceType, given: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """The document of a type of resource with plain values in the right form; `of` is the table for its rows. Raises
    InventoryError InvalidRequestContent with the path."""
    if not isinstance(given, Mapping):
        raise _wrong("$", "an object")
    made = {_ABOVE.get(name.lower(), name): value for name, value in given.items()}
    for name, shape in of.physical_columns.items():
        if name in made and name in of.columns and (pa.types.is_struct(shape) or pa.types.is_list(shape)):
            made[name] = _fit(shape, made[name], name)
    if "properties" in made:
        made["properties"] = well_formed_properties(kind, made["properties"])
    for name in ("location", "kind", "managedBy"):
        if name in made and not isinstance(made[name], str | None):
            raise _wrong(name, "a text")
    for name in ("properties", "tags", "identity", "sku", "plan"):
        if name in made and not isinstance(made[name], Mapping | None):
            raise _wrong(name, "an object")
    if made.get("zones") is not None:
        made["zones"] = _fit(many(TEXT), made["zones"], "zones")
    for name, value in (made.get("tags") or {}).items():
        if isinstance(value, Mapping | list):
            raise _wrong(f"tags.{name}", "a text")
    return made


def well_formed_properties(kind: str, properties: Any) -> Any:
    """What providers read of the properties, in the right form."""
    return _fit(_BESIDE[kind], properties, "properties") if kind in _BESIDE else properties


def well_formed_request(body: Any) -> dict[str, Any]:
    """What is sent with an action, in the right form; nothing is an empty object."""
    made: dict[str, Any] = _fit(_REQUEST, body or {}, "$")
    return made


def without_nulls(document: Any) -> Any:
    """A document that is put, without the properties that are null: Azure takes them for not given.

    A null scale set is kept, and one with a null id: so a machine leaves its set.
    """
    if isinstance(document, Mapping):
        return {
            name: value if name == _LEFT_BY_NULL else without_nulls(value)
            for name, value in document.items()
            if value is not None or name == _LEFT_BY_NULL
        }
    return [without_nulls(each) for each in document] if isinstance(document, list) else document


def _fit(shape: pa.DataType, value: Any, path: str) -> Any:
    if value is None:
        return None
    if pa.types.is_struct(shape):
        if not isinstance(value, Mapping):
            raise _wrong(path, "an object")
        made, parts = {}, _parts(shape)
        for given, inner in value.items():
            part = parts.get(given.lower())
            name = given if part is None else part.name  # Azure takes the names of properties in any letter case
            if part is not None and not is_json(part):
                inner = _spelt(name, _fit(part.type, inner, f"{path}.{name}"))
                _check_range(name, inner)
            made[name] = inner
        return made
    if pa.types.is_list(shape):
        if not isinstance(value, list):
            raise _wrong(path, "an array")
        if any(each is None for each in value):
            raise _wrong(f"{path}[{value.index(None)}]", "no null")
        return [_fit(shape.value_type, each, f"{path}[{number}]") for number, each in enumerate(value)]
    return _plain(shape, value, path)


@cache
def _parts(shape: pa.DataType) -> dict[str, pa.Field]:
    """What an object may have, by its name in small letters."""
    return {part.name.lower(): part for part in shape}


def _plain(shape: pa.DataType, value: Any, path: str) -> Any:
    if isinstance(value, Mapping | list):
        raise _wrong(path, "a plain value")
    if shape == FLAG:
        found = _FLAGS.get(value.lower()) if isinstance(value, str) else value
        if not isinstance(found, bool):
            raise _wrong(path, "a boolean")
        return found
    if pa.types.is_integer(shape):
        if isinstance(value, str) and value.lstrip("-").isdigit() and len(value) < 18:
            value = int(value)
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) >= 1 << (shape.bit_width - 1):
            raise _wrong(path, "a number")
        return value  # a fraction is kept beside the column
    if shape == REAL:
        try:
            number = float(value)
        except ValueError:
            number = math.nan
        if isinstance(value, bool) or not math.isfinite(number):
            raise _wrong(path, "a number")
        return number if isinstance(value, str) else value
    if shape == TEXT and not isinstance(value, str):
        if isinstance(value, bool):
            return "True" if value else "False"
        return str(value)
    return value


def _check_range(name: str, value: Any) -> None:
    if name in _RANGES and value is not None:
        least, most = _RANGES[name]
        if not isinstance(value, int) or not least <= value <= most:
            raise InventoryError(
                "InvalidParameter",
                f"The value '{value}' of parameter '{name}' is out of range. The value must be between '{least}' and '{most}', "
                "inclusive.",
            )


def _spelt(name: str, value: Any) -> Any:
    known = _SPELT.get(name)
    return known.get(value.lower(), value) if known is not None and isinstance(value, str) else value


def _wrong(path: str, wanted: str) -> InventoryError:
    return InventoryError(
        "InvalidRequestContent",
        f"The request content was invalid and could not be deserialized: '{path}' is to be {wanted}.",
    )
