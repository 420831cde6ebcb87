"""What Azure fills into the document of a new machine: image, disks, names. Knows forms and defaults, not what exists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any

from inventory.errors import InventoryError
from inventory.spreads import IMAGES, SIZES, Image

_IMAGES = {(each.publisher.lower(), each.offer.lower(), each.sku.lower()): each for each in IMAGES}
_CONTROLLERS = {size.name.lower(): size.controller for size in SIZES}


def known_image(reference: Mapping[str, Any] | None) -> Image | None:
    """The image that a reference names, where it is one of those that are known here."""
    if not reference:
        return None
    words = (str(reference.get(name) or "").lower() for name in ("publisher", "offer", "sku"))
    return _IMAGES.get(tuple(words))  # type: ignore[arg-type]


def operating_system(storage: Mapping[str, Any], profile: Mapping[str, Any]) -> str:
    """Windows or Linux: as the disk says, as the profile is configured, as the image is known, as its name sounds."""
    disk = storage.get("osDisk") or {}
    if disk.get("osType"):
        return str(disk["osType"])
    if profile.get("windowsConfiguration"):
        return "Windows"
    if profile.get("linuxConfiguration"):
        return "Linux"
    reference = storage.get("imageReference") or {}
    image = known_image(reference)
    if image is not None:
        return image.os_type
    sounds = " ".join(str(value) for value in reference.values()).lower()
    return "Windows" if "windows" in sounds or "win1" in sounds else "Linux"


def agent(storage: Mapping[str, Any], system: str) -> tuple[str, str]:
    """What the guest agent of a machine from this image reports: the name and version of the operating system."""
    image = known_image(storage.get("imageReference"))
    if image is not None:
        return image.os_name, image.os_version
    reference = storage.get("imageReference") or {}
    offer = str(reference.get("offer") or "").lower()
    if system == "Windows":
        return "Windows Server 2022 Datacenter", "10.0.20348.2527"
    for word, name, version in (("debian", "debian", "12.9"), ("rhel", "redhat", "9.4"), ("sles", "sles", "15.6")):
        if word in offer:
            return name, version
    return "ubuntu", "22.04"


_ALL: Mapping[str, Any] = {"hardwareProfile": True, "osProfile": True, "storageProfile": {"imageReference": True}}


def parts(properties: Mapping[str, Any]) -> list[tuple[Mapping[str, Any], str]]:
    """The disks and interfaces that a machine's document names: what it says of each, and its id in lower case.

    Whatever has another form than it should (in a document that was imported) names nothing.
    """
    network = _object(properties.get("networkProfile"))
    interfaces = [_object(each) for each in _array(network.get("networkInterfaces"))]
    found = [(each, _object(each.get("managedDisk")).get("id")) for each in disks(properties)]
    found += [(_object(each.get("properties")), each.get("id")) for each in interfaces]
    return [(said, id_.lower()) for said, id_ in found if isinstance(id_, str) and id_]


def disks(properties: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """What a machine's document says of its disks, the system's first."""
    storage = _object(properties.get("storageProfile"))
    return [_object(each) for each in (storage.get("osDisk"), *_array(storage.get("dataDisks")))]


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _array(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else ()


def named(properties: Mapping[str, Any]) -> frozenset[str]:
    """The ids, in lower case, of the disks and interfaces that a machine's document names."""
    return frozenset(id_ for _, id_ in parts(properties))


def exact(reference: Mapping[str, Any]) -> dict[str, Any]:
    """A reference to an image with the version that the latest one is, where that is known."""
    image = known_image(reference)
    if image is None or reference.get("version", "latest") != "latest":
        return dict(reference)
    return {**reference, "version": "latest", "exactVersion": image.exact_version}


def completed(
    name: str,
    group_id: str,
    given: Mapping[str, Any],
    *,
    unique: str,
    profile: bool = False,
    before: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The properties of a machine with Azure's defaults. Raises InventoryError for what is missing.

    `unique` ends the names of disks that have none. `profile` says that the properties are those of a scale set's
    profile, whose disks go with the machine; `before` are those of a machine that is there already. What it has never
    had (one that was imported, or made from a specialized image) nobody asks for.
    """
    had = _ALL if before is None else before
    made = deepcopy(dict(given))
    size = (made.get("hardwareProfile") or {}).get("vmSize")
    if not size and had.get("hardwareProfile"):
        raise missing("vmSize" if "hardwareProfile" in made else "hardwareProfile")
    storage = made.setdefault("storageProfile", {})
    system_profile = made.get("osProfile") or {}
    reference = storage.get("imageReference")
    os_disk = storage.setdefault("osDisk", {})
    from_image = os_disk.get("createOption", "FromImage") == "FromImage"
    if not reference and from_image and (had.get("storageProfile") or {}).get("imageReference"):
        raise missing("storageProfile.imageReference")
    system = operating_system(storage, system_profile)
    image = known_image(reference)
    if reference:
        storage["imageReference"] = reference = exact(reference)
    os_disk.setdefault("createOption", "FromImage")
    os_disk.setdefault("osType", system)
    os_disk.setdefault("caching", "ReadWrite")
    os_disk.setdefault("deleteOption", "Delete" if profile else "Detach")
    os_disk.setdefault("diskSizeGB", image.disk_gb if image is not None else 127 if system == "Windows" else 30)
    os_disk.setdefault("name", f"{name}_OsDisk_1_{unique}")
    _managed(os_disk, group_id)
    disks = storage.setdefault("dataDisks", [])
    luns = [disk.get("lun") for disk in disks]
    if len(set(luns)) < len(luns) or not all(isinstance(lun, int) for lun in luns):
        raise InventoryError("InvalidParameter", "The lun of each data disk must be given, a number that no other has.")
    for disk in disks:
        disk.setdefault("createOption", "Empty")
        disk.setdefault("caching", "None")
        disk.setdefault("deleteOption", "Delete" if profile else "Detach")
        if not disk.get("name"):
            attached = (disk.get("managedDisk") or {}).get("id")
            disk["name"] = attached.rsplit("/", 1)[-1] if attached else f"{name}_disk{disk['lun'] + 2}_{unique}"
        _managed(disk, group_id)
    storage.setdefault("diskControllerType", _CONTROLLERS.get(str(size).lower(), "SCSI"))
    if os_disk["createOption"] != "Attach" and (had.get("osProfile") or system_profile):
        made["osProfile"] = _system_profile(name, system, system_profile)
    return made


def _managed(disk: dict[str, Any], group_id: str) -> None:
    if disk.get("vhd"):
        return  # an unmanaged disk is a blob in a storage account
    managed = disk.setdefault("managedDisk", {})
    managed.setdefault("id", f"{group_id}/providers/Microsoft.Compute/disks/{disk['name']}")
    managed.setdefault("storageAccountType", "Premium_LRS")


def _system_profile(name: str, system: str, given: Mapping[str, Any]) -> dict[str, Any]:
    if not given:
        raise missing("osProfile")
    made = dict(given)
    made.setdefault("computerName", name)
    if not made.get("adminUsername"):
        raise missing("osProfile.adminUsername")
    password = made.pop("adminPassword", None)
    made.pop("customData", None)
    made.setdefault("allowExtensionOperations", True)
    made.setdefault("requireGuestProvisionSignal", True)
    made.setdefault("secrets", [])
    settings = {
        "patchMode": "AutomaticByOS" if system == "Windows" else "ImageDefault",
        "assessmentMode": "ImageDefault",
    }
    if system == "Windows":
        base: dict[str, Any] = {"provisionVMAgent": True, "enableAutomaticUpdates": True, "patchSettings": settings}
        made["windowsConfiguration"] = {**base, **(made.get("windowsConfiguration") or {})}
    else:
        base = {"disablePasswordAuthentication": password is None, "provisionVMAgent": True, "patchSettings": settings}
        made["linuxConfiguration"] = {**base, **(made.get("linuxConfiguration") or {})}
    return made


def missing(name: str) -> InventoryError:
    return InventoryError("InvalidParameter", f"Required parameter '{name}' is missing (null).")
