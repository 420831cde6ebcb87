"""Virtual machines: created alone or into a set, changed, started, stopped, deleted.

The operations of their life are carried out by `bulk`; here is what a single document may ask for.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from inventory.control import machine_documents, machine_parts, run_commands, views
from inventory.control.addresses import Addresses
from inventory.control.ids import ResourceId, parse
from inventory.control.machine_changes import check_change
from inventory.control.network import NetworkInterfaces
from inventory.control.operation import Operation
from inventory.control.placement import Place, Spreading, check_same_place, in_availability_set, set_referred
from inventory.control.provider import Provider
from inventory.control.records import Image, Values, written
from inventory.errors import InventoryError
from inventory.feed import WHEN_ALL_IS_DONE
from inventory.lifecycle import OPERATIONS
from inventory.resource_types import (
    DISKS,
    EXTENSIONS,
    NETWORK_INTERFACES,
    PUBLIC_IP_ADDRESSES,
    VIRTUAL_MACHINES,
    ResourceType,
)
from inventory.rules import comparison

ACTIONS = {
    # as the service spells them: as `lifecycle` does
    "start": "start",
    "poweroff": "power_off",
    "deallocate": "deallocate",
    "restart": "restart",
    "redeploy": "redeploy",
    "reapply": "reapply",
    "reimage": "reimage",
}


@dataclass(slots=True)
class Draft:
    """A machine about to be created, with what is created beside it or comes to hang on it."""

    machine: Values
    interfaces: list[tuple[int, Values]] = field(default_factory=list)
    public: list[tuple[int, Values]] = field(default_factory=list)
    disks: list[tuple[int, Values]] = field(default_factory=list)
    extensions: list[tuple[int, Values]] = field(default_factory=list)


class VirtualMachines(Provider):
    kind = VIRTUAL_MACHINES.type
    names = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,62}[A-Za-z0-9_-])?")
    name_rule = "1 to 64 letters, digits, '-', '_' or '.', beginning with a letter or digit and not ending with '.'"

    # ---- reading ---------------------------------------------------------------------------------------------------
    def document(self, of: ResourceType, row: Values, expand: str | None = None) -> dict[str, Any]:
        made = self.records.document(of, row)
        if expand and "instanceview" in expand.lower():
            made["properties"]["instanceView"] = self.view(row)
        return made

    def view(self, row: Values) -> dict[str, Any]:
        found = self.records.select(EXTENSIONS, f"_vm_key = {row['_key']}", {}, order="name")
        extensions = [(each["name"].rsplit("/", 1)[-1], each["properties"]) for each in found]
        properties = self.records.document(VIRTUAL_MACHINES, row)["properties"]
        return views.machine_view(VIRTUAL_MACHINES, row, properties, row["_since"] or self.context.now(), extensions)

    # ---- writing ---------------------------------------------------------------------------------------------------
    def put(self, id_: ResourceId, document: Mapping[str, Any], api_version: str | None) -> Operation:
        group = self.group_of(id_)
        earlier = self.records.find(id_)
        if earlier is not None:
            return self.update(id_, self.framed(id_, document, earlier, group), earlier)
        if not self.names.fullmatch(id_.name):
            raise InventoryError(
                "InvalidParameter", f"The name '{id_.name}' is not allowed for a VM: {self.name_rule}."
            )
        made = self.framed(id_, document, None, group)
        self.check_place(id_, made, None)
        now = self.context.now()
        place = self.placed(made, id_)
        draft = self.drafted(made, id_, place, Addresses(self.records), made["properties"])
        failure = self.context.failures.drawn(id_, "create", now)
        self.create([draft], now, None if failure is None else failure.code)
        return self.entered("create", draft.machine["id"], draft.machine["_key"], failure, created=True)

    def patch(self, id_: ResourceId, change: Mapping[str, Any], api_version: str | None) -> Operation:
        given = change.get("properties") or {}
        if "virtualMachineScaleSet" in given and given["virtualMachineScaleSet"] is None:
            # null takes the machine out of its set, which a merged document could not tell from saying nothing of it
            change = {**change, "properties": {**given, "virtualMachineScaleSet": {"id": None}}}
        return super().patch(id_, change, api_version)

    def entered(
        self, name: str, id_: str, key: int, failure: InventoryError | None, *, created: bool = False
    ) -> Operation:
        """Note the operation, which ends when the last of its changes becomes true."""
        row = self.records.select(VIRTUAL_MACHINES, f"_key = {key}", {})
        document = self.document(VIRTUAL_MACHINES, row[0]) if row else None
        ends = self.context.feed.settled_at(VIRTUAL_MACHINES, key)
        return self.context.ledger.enter(name, id_, ends, document=document, failure=failure, created=created)

    def placed(self, made: Mapping[str, Any], id_: ResourceId) -> Place:
        """Where a new machine will stand. Raises what Azure would refuse."""
        properties = made["properties"]
        zones = made.get("zones")
        if zones and len(zones) > 1:
            raise InventoryError("InvalidParameter", "A virtual machine can be in one availability zone only.")
        zone = zones[0] if zones else None
        set_uri = (properties.get("virtualMachineScaleSet") or {}).get("id")
        availability_uri = (properties.get("availabilitySet") or {}).get("id")
        if set_uri and availability_uri:
            raise InventoryError(
                "BadRequest", "A virtual machine can be in a scale set or in an availability set, not in both."
            )
        wanted = properties.get("platformFaultDomain")
        if set_uri:
            chosen = set_referred(self.context, set_uri)
            check_same_place(chosen, id_.group_id, made["location"], zones)
            comparison.check_machine(self.context.rules.name, "Flexible", properties)
            spreading = Spreading(self.context, chosen)
            size = str((properties.get("hardwareProfile") or {}).get("vmSize") or "")
            spreading.check_room(self.context, 1, size)
            spreading.check_mix(self.context, size, properties.get("priority") in ("Spot", "Low"))
            return spreading.place(zone, wanted)
        if availability_uri:
            comparison.check_machine(self.context.rules.name, "AvailabilitySet", properties)
        if wanted is not None:
            raise InventoryError(
                "BadRequest",
                "The property 'platformFaultDomain' can be given only for a virtual machine in a Flexible scale set.",
            )
        if availability_uri:
            if zone is not None:
                raise InventoryError("BadRequest", "A virtual machine in an availability set cannot be in a zone.")
            return in_availability_set(self.context, availability_uri, id_.group_id, made["location"], made["id"])
        return Place(zone=zone)

    def drafted(
        self,
        made: Mapping[str, Any],
        id_: ResourceId,
        place: Place,
        addresses: Addresses,
        given: Mapping[str, Any],
        *,
        profile: bool = False,
    ) -> Draft:
        """The rows of a new machine and of its interfaces and disks."""  # fmt: skip
        key = self.records.new_keys()
        now = self.context.now()
        vm_id, unique = (self.context.guid(what, f"{made['id']}:{key}") for what in ("vm", "disk"))
        properties = machine_documents.completed(
            made["name"], id_.group_id, given, unique=unique.replace("-", ""), profile=profile
        )
        _check_spot(properties)
        _check_computer_name(properties)
        properties["vmId"] = vm_id
        properties["timeCreated"] = written(now)
        properties.pop("virtualMachineScaleSet", None)
        properties.pop("platformFaultDomain", None)
        if place.set_id is not None:
            properties["virtualMachineScaleSet"] = {"id": place.set_id}
            if place.fault_domain is not None:
                properties["platformFaultDomain"] = place.fault_domain
        if place.availability_set_id is not None:
            properties["availabilitySet"] = {"id": place.availability_set_id}
        draft = Draft({})
        whole = {**made, "properties": properties, "zones": [place.zone] if place.zone else None}
        draft.interfaces = machine_parts.interfaces(self.context, whole, id_, key, addresses, draft.public, fresh=profile)
        draft.disks = machine_parts.disks(self.context, whole, id_, key, fresh=profile)
        system = properties["storageProfile"]["osDisk"]["osType"]
        configuration = (properties.get("osProfile") or {}).get(f"{system.lower()}Configuration") or {}
        reports = configuration.get("provisionVMAgent", True)
        name, version = machine_documents.agent(properties["storageProfile"], system)
        row = self.row(VIRTUAL_MACHINES, id_, whole, None)
        draft.machine = {
            **row, "_key": key, "hyper_v_generation": "V2", "power_state": _DEALLOCATED, "_set_key": place.set_key,
            "_agent_os_name": name if reports else None, "_agent_os_version": version if reports else None,
            "_fault_domain": place.fault_domain, "_update_domain": place.update_domain, "_since": now,
        }  # fmt: skip
        return draft

    def create(self, drafts: list[Draft], now: int, fails: str | None, *, resize: bool = True) -> None:
        """Write new machines, and what comes with each; `resize` lets the capacity of their sets follow."""
        if fails is not None:  # the disks are there, and wait for a machine that runs
            for _, disk in (each for draft in drafts for each in draft.disks):
                disk["properties"]["diskState"] = "Reserved"
        for of, rows in (
            (DISKS, [each for draft in drafts for each in draft.disks]),
            (EXTENSIONS, [each for draft in drafts for each in draft.extensions]),
        ):
            self.records.write_many(of, ((key, Image(0, row)) for key, row in rows), now)
        self._write_interfaces(
            [each for draft in drafts for each in draft.interfaces], [each for draft in drafts for each in draft.public], now
        )
        self._target([draft.machine for draft in drafts], "create", now, fails)
        if resize:
            self.context.bulk.resize_sets("_after = 0", 1)
            self.context.bulk.join_availability_sets()
        self.context.bulk.carry_out(VIRTUAL_MACHINES, {"create"})

    def _target(self, rows: list[Values], operation: str, now: int, fails: str | None) -> None:
        more = {"_operation": pa.string(), "_accepted": pa.int64(), "_fails": pa.string()}
        staged = [{**row, "_operation": operation, "_accepted": now, "_fails": fails} for row in rows]
        self.records.stage(VIRTUAL_MACHINES, "target", staged, more)

    def update(self, id_: ResourceId, made: dict[str, Any], earlier: Values) -> Operation:
        """Make an existing machine what the document says, where it may be changed."""
        self.check_running_free(earlier, id_)
        now = self.context.now()
        before = self.document(VIRTUAL_MACHINES, earlier)
        change = check_change(self.context, id_, before, made, earlier)
        # a machine that could not be created is tried again, whatever the change is
        again = _is_deallocated(earlier) and self.context.ledger.never_made(earlier["id"])
        verb, operation = ("create", "start") if again else ("update", change.operation)
        failure = self.context.failures.drawn(id_, verb, now)
        if failure is not None:  # the machine stays as it was, but for its state
            self._target([earlier], operation, now, failure.code)
            self.context.bulk.carry_out(VIRTUAL_MACHINES, {operation}, changed=True)
            return self.entered(verb, earlier["id"], earlier["_key"], failure)
        row = self.row(VIRTUAL_MACHINES, id_, change.document, earlier)
        row |= {"_set_key": change.set_key, "_key": earlier["_key"]}
        self._target([row], operation, now, None)
        if change.joined:
            self.context.bulk.resize_sets("_after = 0", 1)
        elif change.left is not None:
            self.context.bulk.shrink_set(change.left, now)
        self.context.bulk.carry_out(VIRTUAL_MACHINES, {operation}, changed=True)
        had = machine_documents.named(before["properties"])
        self._hang(change.document, earlier, now, had, starts=again)
        return self.entered(verb, earlier["id"], earlier["_key"], failure)

    def _hang(
        self, document: Mapping[str, Any], earlier: Values, now: int, had: frozenset[str], *, starts: bool
    ) -> None:
        """Disks and interfaces that the changed machine names are its own; those it no longer names are loose.

        Of those that it `had` before some may not be there: they were not imported with it.
        """
        key = earlier["_key"]
        id_ = parse(earlier["id"])
        power = "" if starts else earlier["power_state"]["code"]
        disks = machine_parts.disks(self.context, document, id_, key, had=had, power=power)
        named = {row["id"].lower() for _, row in disks}
        for row in self.records.select(DISKS, f"_vm_key = {key}", {}, at=WHEN_ALL_IS_DONE):
            if row["id"].lower() not in named:
                loose = {**row["properties"], "diskState": "Unattached"}
                disks.append((row["_key"], {**row, "_vm_key": None, "managedBy": "", "properties": loose}))
        self.records.write_many(DISKS, ((each, Image(0, row)) for each, row in disks), now)
        public: list[tuple[int, Values]] = []
        interfaces = machine_parts.interfaces(self.context, document, id_, key, Addresses(self.records), public, had=had)
        named = {row["id"].lower() for _, row in interfaces}
        for row in self.records.select(NETWORK_INTERFACES, f"_vm_key = {key}", {}, at=WHEN_ALL_IS_DONE):
            if row["id"].lower() not in named:
                alone = {**row["properties"], "virtualMachine": None}
                interfaces.append((row["_key"], {**row, "_vm_key": None, "properties": alone}))
        self._write_interfaces(interfaces, public, now)

    def _write_interfaces(self, interfaces: list[tuple[int, Values]], public: list[tuple[int, Values]], now: int) -> None:
        """Interfaces with the addresses that were made for them; those that they had come and go with them."""
        for of, rows in ((NETWORK_INTERFACES, interfaces), (PUBLIC_IP_ADDRESSES, public)):
            self.records.write_many(of, ((key, Image(0, row)) for key, row in rows), now)
        for _, row in interfaces:
            NetworkInterfaces(self.context).hand_over_addresses(row, row["_vm_key"])

    # ---- operations of its life ------------------------------------------------------------------------------------
    def delete(self, id_: ResourceId, force: bool) -> Operation:
        row = self.records.find(id_)
        if row is None:
            return self.context.ledger.enter("delete", id_.text, 0)
        return self.operate(id_, row, "delete")

    def operate(self, id_: ResourceId, row: Values, operation: str) -> Operation:
        """One operation of `lifecycle` on one machine."""
        now = self.context.now()
        failure = self.context.failures.drawn(id_, OPERATIONS[operation].name, now)
        if OPERATIONS[operation].overrides:
            self.context.ledger.overtake(row["id"])
        fails = None if failure is None else failure.code
        self.context.bulk.operate(VIRTUAL_MACHINES, row["_key"], row["name"], operation, now, fails=fails)
        return self.entered(OPERATIONS[operation].name, row["id"], row["_key"], failure)

    def act(self, id_: ResourceId, action: str, body: Mapping[str, Any]) -> Operation | Any:
        row = self.found(id_)
        name = action.lower()
        if name == "instanceview":
            return self.view(row)
        if name == "simulateeviction":
            return self.evict(id_, row)
        if name == "deallocate" and str(body.get("hibernate", "")).lower() == "true":
            return self.hibernate(id_, row)
        if name == "hibernate":
            return self.hibernate(id_, row)
        if name == "retrievebootdiagnosticsdata":
            return self._boot_diagnostics(row)
        if name == "runcommand":
            return run_commands.run(self, row, body)
        if name not in ACTIONS:
            return super().act(id_, action, body)
        return self.operate(id_, row, ACTIONS[name])

    def evict(self, id_: ResourceId, row: Values) -> Operation:
        """What becomes of a Spot machine whose capacity is wanted back: its eviction policy says."""
        if row["properties"]["priority"] not in ("Spot", "Low"):
            raise InventoryError(
                "OperationNotAllowed", f"The operation 'simulateEviction' is not allowed on VM '{row['name']}' since its "
                "priority is not Spot."
            )  # fmt: skip
        return self.operate(id_, row, "delete" if row["properties"]["evictionPolicy"] == "Delete" else "evict")

    def hibernate(self, id_: ResourceId, row: Values) -> Operation:
        document = self.document(VIRTUAL_MACHINES, row)
        if not (document["properties"].get("additionalCapabilities") or {}).get("hibernationEnabled"):
            raise InventoryError(
                "OperationNotAllowed",
                f"The Hibernate-Deallocate Operation cannot be performed on a VM ('{row['name']}') which does not have "
                "hibernation enabled.",
            )
        return self.operate(id_, row, "hibernate")

    def _boot_diagnostics(self, row: Values) -> dict[str, Any]:
        profile = row["properties"].get("diagnosticsProfile") or {}
        if not (profile.get("bootDiagnostics") or {}).get("enabled"):
            raise InventoryError(
                "BadRequest", f"Boot diagnostics is not enabled for the virtual machine '{row['name']}'."
            )
        place = f"https://bootdiagnostics.blob.core.windows.net/{row['properties']['vmId']}"
        return {
            "consoleScreenshotBlobUri": f"{place}/screenshot.bmp",
            "serialConsoleLogBlobUri": f"{place}/serialconsole.log",
        }

    def check_running_free(self, row: Values, id_: ResourceId) -> None:
        """Raises where a machine is being changed already."""
        if row["properties"]["provisioningState"] == "Deleting":
            raise InventoryError(
                "OperationNotAllowed",
                f"Operation 'update' is not allowed on VM '{row['name']}' since the VM is marked for deletion.",
            )
        if self.records.under_way(VIRTUAL_MACHINES, row["_key"]):
            raise InventoryError("Conflict", f"The virtual machine '{row['name']}' has another operation under way.")


def _is_deallocated(row: Values) -> bool:
    return bool(row["power_state"]["code"] == _DEALLOCATED["code"])


_DEALLOCATED = {"code": "PowerState/deallocated", "displayStatus": "VM deallocated", "level": "Info"}


def _check_spot(properties: dict[str, Any]) -> None:
    priority = str(properties.get("priority") or "Regular")
    if priority not in ("Regular", "Spot", "Low"):
        raise InventoryError("InvalidParameter", f"The value '{priority}' of parameter 'priority' is not allowed. "
                             "Allowed values are: Regular, Low, Spot")  # fmt: skip
    if priority == "Regular":
        for name in ("evictionPolicy", "billingProfile"):
            if properties.get(name):
                raise InventoryError("OperationNotAllowed", f"{name} can be set only on Azure Spot Virtual Machines.")
        return
    properties.setdefault("evictionPolicy", "Deallocate")
    properties.setdefault("billingProfile", {"maxPrice": -1})
    if properties["evictionPolicy"] not in ("Deallocate", "Delete"):
        raise InventoryError("InvalidParameter", f"The value '{properties['evictionPolicy']}' of parameter "
                             "'evictionPolicy' is not allowed. Allowed values are: Deallocate, Delete")  # fmt: skip


def _check_computer_name(properties: Mapping[str, Any]) -> None:
    profile = properties.get("osProfile") or {}
    name = profile.get("computerName")
    if name is None:
        return
    windows = properties["storageProfile"]["osDisk"]["osType"] == "Windows"
    if windows and (len(name) > 15 or name.isdigit()):
        raise InventoryError(
            "InvalidParameter",
            "Windows computer name cannot be more than 15 characters long, be entirely numeric, or contain the "
            "following characters: ` ~ ! @ # $ % ^ & * ( ) = + _ [ ] { } \\ | ; : . ' \" , < > / ?.",
        )
    if not windows and len(name) > 64:
        raise InventoryError("InvalidParameter", "Linux host name cannot exceed 64 characters in length.")
