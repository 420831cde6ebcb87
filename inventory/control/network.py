"""Networks and what hangs on machines from them: interfaces, public addresses, networks with subnets, security groups."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from copy import deepcopy
from typing import Any

from inventory.control.addresses import Addresses, held_in, subnets_of, unknown
from inventory.control.ids import ResourceId, parse
from inventory.control.operation import Operation
from inventory.control.provider import WHOLE, Page, Provider, orphaned
from inventory.control.records import Image, Values
from inventory.errors import InventoryError
from inventory.feed import WHEN_ALL_IS_DONE
from inventory.resource_types import NETWORK_INTERFACES, PUBLIC_IP_ADDRESSES, ResourceType


class NetworkInterfaces(Provider):
    kind = "microsoft.network/networkinterfaces"

    def completed(
        self, id_: ResourceId, document: dict[str, Any], earlier: Values | None, api_version: str | None
    ) -> dict[str, Any]:
        document["properties"] = self.filled(document["id"], document["properties"], earlier, Addresses(self.records))
        return document

    def filled(
        self, id_: str, given: Mapping[str, Any], earlier: Values | None, addresses: Addresses
    ) -> dict[str, Any]:
        """The properties of an interface with what Azure adds: addresses, ids, a MAC address."""
        configurations = given.get("ipConfigurations")
        if not configurations:
            raise InventoryError(
                "IpConfigurationsRequired", f"Network interface {id_} must have at least one ip configuration."
            )
        before = {} if earlier is None else self.records.document(NETWORK_INTERFACES, earlier)["properties"]
        configured = before.get("ipConfigurations") or ()
        kept = {str(each.get("name")).lower(): each.get("properties") or {} for each in configured}
        made = deepcopy(dict(given))
        made["ipConfigurations"] = []
        for number, each in enumerate(configurations):
            name = each.get("name") or f"ipconfig{number + 1}"
            inside = {
                "privateIPAllocationMethod": "Dynamic",
                "privateIPAddressVersion": "IPv4",
                **(each.get("properties") or {}),
            }
            inside.setdefault("primary", number == 0)
            subnet = (inside.get("subnet") or {}).get("id")
            if subnet is None:
                raise InventoryError("SubnetRequired", f"IP configuration {name} of {id_} names no subnet.")
            was = kept.get(name.lower())
            if (
                was
                and ((was.get("subnet") or {}).get("id") or "").lower() == subnet.lower()
                and (inside.get("privateIPAddress") in (None, was.get("privateIPAddress")))
            ):
                inside["privateIPAddress"] = was.get("privateIPAddress")
            else:
                fixed = inside.get("privateIPAddress") if inside["privateIPAllocationMethod"] == "Static" else None
                inside["privateIPAddress"] = addresses.take(subnet, id_, fixed)
            inside["provisioningState"] = "Succeeded"
            made["ipConfigurations"].append({
                "name": name, "id": f"{id_}/ipConfigurations/{name}",
                "type": "Microsoft.Network/networkInterfaces/ipConfigurations", "properties": inside,
            })  # fmt: skip
        number = int(self.context.draw("mac", id_.lower()) * (1 << 24))
        defaults = {
            "resourceGuid": self.context.guid("nic", id_),
            "macAddress": "00-0D-3A-" + "-".join(f"{number >> shift & 255:02X}" for shift in (16, 8, 0)),
            "dnsSettings": {"dnsServers": [], "appliedDnsServers": []},
            "enableAcceleratedNetworking": False,
            "enableIPForwarding": False,
            "hostedWorkloads": [],
            "tapConfigurations": [],
            "nicType": "Standard",
        }
        for name, value in defaults.items():
            made[name] = before.get(name) or made.get(name, value) if name in ("resourceGuid", "macAddress") else (
                made.get(name, value))  # fmt: skip
        for name in ("virtualMachine", "primary"):
            if before.get(name) is not None:
                made[name] = before[name]
        made["provisioningState"] = "Succeeded"
        return made

    def inner(self, id_: ResourceId, document: Mapping[str, Any], earlier: Values | None) -> dict[str, Any]:
        if earlier is not None:
            named = {public.lower() for public in _public(document["properties"])}
            self.free_addresses(earlier, but=named)
        self.bind_addresses(document, None if earlier is None else earlier["_vm_key"])
        return {} if earlier is not None else {"_goes_with_vm": False}

    def bind_addresses(self, document: Mapping[str, Any], vm_key: int | None) -> None:
        """The public addresses that an interface names are its own from now on."""
        for each in document["properties"]["ipConfigurations"]:
            public = (each["properties"].get("publicIPAddress") or {}).get("id")
            if public is None:
                continue
            row = self.records.find(parse(public), at=WHEN_ALL_IS_DONE)
            if row is None:
                raise unknown(public, document["id"])
            holder = row["properties"]["ipConfiguration"]
            if holder is not None and holder["id"].lower() != each["id"].lower():
                raise InventoryError(
                    "PublicIPAddressInUse",
                    f"Resource {each['id']} is referencing public IP address {row['id']} that is already allocated to "
                    f"resource {holder['id']}.",
                )
            bound = {
                **row,
                "_vm_key": vm_key,
                "properties": {**row["properties"], "ipConfiguration": {"id": each["id"]}},
            }
            self.records.write(PUBLIC_IP_ADDRESSES, [Image(0, bound)], row["_key"])

    def check_deletable(self, id_: ResourceId, row: Values, force: bool) -> None:
        machine = row["properties"]["virtualMachine"]
        if machine is not None:
            raise InventoryError(
                "NicInUse",
                f"Network Interface {row['id']} is used by existing resource {machine['id']}. In order to delete the "
                "network interface, it must be dissociated from the resource. To learn more, see aka.ms/deletenic.",
            )

    def remove(self, of: ResourceType, id_: ResourceId, row: Values) -> Operation:
        self.free_addresses(row)
        return super().remove(of, id_, row)

    def free_addresses(self, row: Values, but: Collection[str] = ()) -> None:
        """The public addresses of an interface that goes, or names others now, are nobody's."""
        for public in self.addresses_of(row):
            held = self.records.find(parse(public), at=WHEN_ALL_IS_DONE) if public.lower() not in but else None
            if held is not None:
                free = {**held, "_vm_key": None, "properties": {**held["properties"], "ipConfiguration": None}}
                self.records.write(PUBLIC_IP_ADDRESSES, [Image(0, free)], held["_key"])

    def addresses_of(self, row: Values) -> list[str]:
        """The ids of the public addresses that an interface names."""
        return _public(self.records.document(NETWORK_INTERFACES, row)["properties"])

    def hand_over_addresses(self, row: Values, vm_key: int | None) -> None:
        """The public addresses of an interface hang on the machine that the interface hangs on."""
        for public in self.addresses_of(row):
            held = self.records.find(parse(public), at=WHEN_ALL_IS_DONE)
            if held is not None and held["_vm_key"] != vm_key:
                self.records.write(PUBLIC_IP_ADDRESSES, [Image(0, {**held, "_vm_key": vm_key})], held["_key"])


def _public(properties: Mapping[str, Any]) -> list[str]:
    inside = [(each.get("properties") or {}).get("publicIPAddress") or {} for each in properties.get("ipConfigurations") or ()]
    return [each["id"] for each in inside if each.get("id")]


class PublicIPAddresses(Provider):
    kind = "microsoft.network/publicipaddresses"

    def described(
        self, holder: str, group_id: str, owner: Mapping[str, Any], given: Mapping[str, Any], vm_key: int
    ) -> Values:
        """The row of an address that a machine's document only describes, for one ip configuration (`holder`). Members
        of a scale set have theirs by one description, so that the machine's name is in their names."""
        name = given.get("name") or f"{owner['name']}-pip"
        if owner["properties"].get("virtualMachineScaleSet"):
            name = f"{name}-{owner['name']}"
        id_ = parse(f"{group_id}/providers/Microsoft.Network/publicIPAddresses/{name}")
        inside = {word: value for word, value in (given.get("properties") or {}).items() if word != "deleteOption"}
        document = {"id": id_.text, "name": name, "location": owner["location"], "tags": {}, "properties": inside,
                    "zones": owner.get("zones"), **({"sku": dict(given["sku"])} if given.get("sku") else {})}  # fmt: skip
        document = self.completed(id_, document, None, None)
        document["properties"]["ipConfiguration"] = {"id": holder}
        goes = (given.get("properties") or {}).get("deleteOption") == "Delete"
        return {**self.row(PUBLIC_IP_ADDRESSES, id_, document, None), "_vm_key": vm_key, "_goes_with_vm": goes}

    def inner(self, id_: ResourceId, document: Mapping[str, Any], earlier: Values | None) -> dict[str, Any]:
        return {} if earlier is not None else {"_goes_with_vm": False}

    def completed(
        self, id_: ResourceId, document: dict[str, Any], earlier: Values | None, api_version: str | None
    ) -> dict[str, Any]:
        given = document["properties"]
        standard = ((document.get("sku") or {}).get("name") or "Standard") == "Standard"
        before = earlier["properties"] if earlier is not None else {}
        document["sku"] = {"tier": "Regional", **(document.get("sku") or {"name": "Standard"})}
        given.setdefault("publicIPAddressVersion", "IPv4")
        given.setdefault("publicIPAllocationMethod", "Static" if standard else "Dynamic")
        if standard and given["publicIPAllocationMethod"] != "Static":
            raise InventoryError(
                "StandardSkuPublicIPAddressesMustBeStatic",
                f"Standard sku publicIp {document['id']} must have AllocationMethod set to Static.",
            )
        given.setdefault("idleTimeoutInMinutes", 4)
        given.setdefault("ipTags", [])
        given["resourceGuid"] = before.get("resourceGuid") or self.context.guid("pip", document["id"])
        number = int(self.context.draw("pip", document["id"].lower()) * (1 << 24))
        address = f"20.{number >> 16 & 255}.{number >> 8 & 255}.{number % 254 + 1}"
        if before.get("ipAddress") or given["publicIPAllocationMethod"] == "Static":
            given["ipAddress"] = before.get("ipAddress") or address
        if before.get("ipConfiguration") is not None:
            given["ipConfiguration"] = before["ipConfiguration"]
        label = (given.get("dnsSettings") or {}).get("domainNameLabel")
        if label:
            given["dnsSettings"]["fqdn"] = f"{label}.{document['location']}.cloudapp.azure.com"
        given["provisioningState"] = "Succeeded"
        return document

    def check_deletable(self, id_: ResourceId, row: Values, force: bool) -> None:
        holder = row["properties"]["ipConfiguration"]
        if holder is not None:
            raise InventoryError(
                "PublicIPAddressCannotBeDeleted",
                f"Public IP address {row['id']} can not be deleted since it is still allocated to resource "
                f"{holder['id']}. In order to delete the public IP, disassociate/detach the Public IP address from the "
                "resource. To learn how to do this, see aka.ms/deletepublicip.",
            )


class VirtualNetworks(Provider):
    kind = "microsoft.network/virtualnetworks"

    def act(self, id_: ResourceId, action: str, body: Mapping[str, Any]) -> Operation | Any:
        row = self.found(id_)
        if action.lower() != "checkipaddressavailability":
            return super().act(id_, action, body)
        try:
            is_free, others = Addresses(self.records).free(row, str(body.get("ipaddress", "")))
        except ValueError as error:
            raise InventoryError("InvalidParameter", f"The query parameter ipAddress: {error}.") from error
        return {"available": is_free, "availableIPAddresses": others, "isPlatformReserved": False}

    def completed(
        self, id_: ResourceId, document: dict[str, Any], earlier: Values | None, api_version: str | None
    ) -> dict[str, Any]:
        given = document["properties"]
        before = earlier["properties"] if earlier is not None else {}
        if not (given.get("addressSpace") or {}).get("addressPrefixes"):
            raise InventoryError(
                "InvalidRequestFormat", f"The address space of the virtual network {document['id']} is missing."
            )
        given["subnets"] = [embedded(document["id"], "subnets", each) for each in given.get("subnets") or ()]
        for each in given["subnets"]:
            inside = each["properties"]
            prefixes = inside.get("addressPrefixes")
            if prefixes and not inside.get("addressPrefix"):
                inside["addressPrefix"] = prefixes[0]
            inside.setdefault("delegations", [])
            inside.setdefault("privateEndpointNetworkPolicies", "Disabled")
            inside.setdefault("privateLinkServiceNetworkPolicies", "Enabled")
        held = subnets_of(self.records, earlier) if earlier is not None else ()
        gone = {str(each.get("id")).lower(): str(each.get("name")) for each in held}
        for each in given["subnets"]:
            gone.pop(each["id"].lower(), None)
        for subnet, name in gone.items():
            self.check_unused(subnet, name)
        given.setdefault("virtualNetworkPeerings", [])
        given.setdefault("enableDdosProtection", False)
        given["resourceGuid"] = before.get("resourceGuid") or self.context.guid("vnet", document["id"])
        given["provisioningState"] = "Succeeded"
        return document

    def check_unused(self, subnet: str, name: str) -> None:
        users = held_in(self.records, subnet)
        if users:
            raise InventoryError(
                "InUseSubnetCannotBeDeleted",
                f"Subnet {name} is in use by {users[0][0]} and cannot be deleted. In order to delete the subnet, delete "
                "all the resources within the subnet. See aka.ms/deletesubnet.",
            )

    def check_deletable(self, id_: ResourceId, row: Values, force: bool) -> None:
        for each in subnets_of(self.records, row):
            self.check_unused(str(each.get("id")), str(each.get("name")))


class NetworkSecurityGroups(Provider):
    kind = "microsoft.network/networksecuritygroups"

    def completed(
        self, id_: ResourceId, document: dict[str, Any], earlier: Values | None, api_version: str | None
    ) -> dict[str, Any]:
        given = document["properties"]
        before = earlier["properties"] if earlier is not None else {}
        given["securityRules"] = [
            embedded(document["id"], "securityRules", each) for each in given.get("securityRules") or ()
        ]
        given["defaultSecurityRules"] = before.get("defaultSecurityRules") or [
            embedded(document["id"], "defaultSecurityRules", {"name": name, "properties": {
                "protocol": "*", "sourcePortRange": "*", "destinationPortRange": "*", "sourceAddressPrefix": source,
                "destinationAddressPrefix": target, "access": access, "priority": priority, "direction": way,
                "sourcePortRanges": [], "destinationPortRanges": [], "sourceAddressPrefixes": [],
                "destinationAddressPrefixes": []}})
            for name, source, target, access, priority, way in _DEFAULT_RULES
        ]  # fmt: skip
        given["resourceGuid"] = before.get("resourceGuid") or self.context.guid("nsg", document["id"])
        given["provisioningState"] = "Succeeded"
        return document

    def check_deletable(self, id_: ResourceId, row: Values, force: bool) -> None:
        users = self.records.ask(
            NETWORK_INTERFACES,
            "id",
            '"subscriptionId" = $sub AND lower(properties."networkSecurityGroup".id) = $id',
            {"sub": id_.subscription, "id": row["id"].lower()},
            "LIMIT 1",
        )
        if users:
            raise InventoryError(
                "InUseNetworkSecurityGroupCannotBeDeleted",
                f"Network security group {row['id']} cannot be deleted because it is in use by the following "
                f"resources: {users[0][0]}. In order to delete the Network security group, remove the association with "
                "the resource(s). To learn how to do this, see aka.ms/deletensg.",
            )


_DEFAULT_RULES = (
    ("AllowVnetInBound", "VirtualNetwork", "VirtualNetwork", "Allow", 65000, "Inbound"),
    ("AllowAzureLoadBalancerInBound", "AzureLoadBalancer", "*", "Allow", 65001, "Inbound"),
    ("DenyAllInBound", "*", "*", "Deny", 65500, "Inbound"),
    ("AllowVnetOutBound", "VirtualNetwork", "VirtualNetwork", "Allow", 65000, "Outbound"),
    ("AllowInternetOutBound", "*", "Internet", "Allow", 65001, "Outbound"),
    ("DenyAllOutBound", "*", "*", "Deny", 65500, "Outbound"),
)


class Embedded(Provider):
    """Resources that are kept within the document of their parent: subnets, security rules, extensions of a scale set."""

    def __init__(
        self, context: Any, parent: Provider, place: str, within: tuple[str, ...] = (), *, changeable: bool = True
    ) -> None:
        """`within` leads from the parent's properties to the object that has the list `place`."""
        super().__init__(context)
        self._parent = parent
        self._place = place
        self._within = within
        self._changeable = changeable

    def put(self, id_: ResourceId, document: Mapping[str, Any], api_version: str | None) -> Operation:
        whole, holder = self._opened(id_)
        parts = holder.get(self._place) or []
        others = [each for each in parts if each["name"].lower() != id_.name.lower()]
        created = len(others) == len(parts)
        one = embedded(whole["id"], self._place, {**document, "name": id_.name})
        holder[self._place] = [*others, one]
        done = self._parent.put(parse(id_.parent), whole, api_version)
        return self.context.ledger.enter(
            "create" if created else "update", one["id"], done.ends, document=one, created=created
        )

    def get(self, id_: ResourceId, expand: str | None = None) -> dict[str, Any]:
        for each in self.listing(parse(id_.parent), id_.kind):
            if each["name"].lower() == id_.name.lower():
                return dict(each)
        raise InventoryError("NotFound", f"Resource {id_.text} not found.")

    def listing(self, scope: ResourceId | None, kind: str, page: Page = WHOLE) -> list[dict[str, Any]]:
        if scope is None:
            return []
        return list(self._holder(self._parent.get(scope)).get(self._place) or ())

    def delete(self, id_: ResourceId, force: bool) -> Operation:
        if self._parent.records.find(parse(id_.parent)) is None:
            return self.context.ledger.enter("delete", id_.text, 0)
        whole, holder = self._opened(id_)
        parts = holder.get(self._place) or []
        kept = [each for each in parts if each["name"].lower() != id_.name.lower()]
        if len(kept) == len(parts):
            return self.context.ledger.enter("delete", id_.text, 0)
        holder[self._place] = kept
        done = self._parent.put(parse(id_.parent), whole, None)
        return self.context.ledger.enter("delete", id_.text, done.ends)

    def _opened(self, id_: ResourceId) -> tuple[dict[str, Any], dict[str, Any]]:
        """The parent's document and, in it, what holds the list."""
        if not self._changeable:
            raise InventoryError("MethodNotAllowed", f"{self._place} cannot be changed", 405)
        try:
            whole = self._parent.get(parse(id_.parent))
        except InventoryError as error:
            raise orphaned(parse(id_.parent).name) if error.code == "ResourceNotFound" else error from error
        return whole, self._holder(whole)

    def _holder(self, whole: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = whole["properties"]
        for name in self._within:
            found = found.setdefault(name, {})
        return found

    def act(self, id_: ResourceId, action: str, body: Mapping[str, Any]) -> Operation | Any:
        self.get(id_)
        raise InventoryError("InvalidResourceOperation", f"'{action}' is nothing that can be done to {id_.type}.", 404)


def embedded(parent: str, place: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """A resource within its parent's document, with the id and type that this gives it."""
    name = given.get("name")
    if not name:
        raise InventoryError("InvalidRequestFormat", f"one of the {place} of {parent} has no name")
    inside = {**(given.get("properties") or {}), "provisioningState": "Succeeded"}
    type_name = f"{parse(parent).type}/{place}"
    made = {"name": name, "id": f"{parent}/{place}/{name}", "type": type_name, "properties": inside}
    return made
