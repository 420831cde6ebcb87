"""Private addresses of subnets: which are free. Knows virtual networks and what lies in them."""

from __future__ import annotations

import ipaddress
from itertools import islice
from typing import Any

from inventory.control.ids import parse
from inventory.control.records import Records, Values
from inventory.errors import InventoryError
from inventory.resource_types import NETWORK_INTERFACES, REST, SCALE_SET_INSTANCE_NICS, VIRTUAL_NETWORKS

_RESERVED = 4
"""The first four addresses of a subnet, and its last, belong to Azure."""


_TOLD = '[{"id": "VARCHAR", "properties": {"privateIPAddress": "VARCHAR", "subnet": {"id": "VARCHAR"}}}]'
_PLACED = "lambda c: {'id': c.id, 'address': c.properties.\"privateIPAddress\", 'subnet': c.properties.subnet.id}"
_CONFIGURATIONS = f"""CASE WHEN properties."ipConfigurations" IS NULL
    THEN list_transform(from_json({REST}::JSON -> '$.properties.ipConfigurations', '{_TOLD}'), {_PLACED})
    ELSE list_transform(properties."ipConfigurations", {_PLACED}) END"""
"""The ip configurations of an interface, which stand beside the columns where they say more than these hold."""


def subnets_of(records: Records, network: Values) -> list[dict[str, Any]]:
    """The subnets of a virtual network, as its document has them."""
    found = records.document(VIRTUAL_NETWORKS, network)["properties"].get("subnets") or []
    return [each for each in found if isinstance(each, dict)]


def held_in(records: Records, subnet_id: str) -> list[tuple[str, str | None]]:
    """The ip configurations in a subnet: their ids and addresses."""
    given = {"subscription": parse(subnet_id).subscription, "id": subnet_id.lower()}
    inside = f"unnest(list_filter({_CONFIGURATIONS}, lambda c: lower(c.subnet) = $id))"
    found = []
    for of in (NETWORK_INTERFACES, SCALE_SET_INSTANCE_NICS):
        found += records.ask(of, inside, '"subscriptionId" = $subscription', given)
    return [(each["id"], each["address"]) for (each,) in found]


class Addresses:
    """Gives out the free addresses of subnets, lowest first; each only once in the life of this object."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self._used: dict[str, set[str]] = {}
        self._next: dict[str, int] = {}
        self._known: dict[str, dict[str, Any]] = {}

    def subnet(self, subnet_id: str, user: str) -> dict[str, Any]:
        """The subnet with this id. Raises InventoryError InvalidResourceReference for one that does not exist."""
        known = self._known.get(subnet_id.lower())
        if known is not None:
            return known
        id_ = parse(subnet_id)
        network = self._records.find(parse(id_.parent)) if id_.parent else None
        for subnet in subnets_of(self._records, network) if network is not None else ():
            if str(subnet.get("name")).lower() == id_.name.lower():
                self._known[subnet_id.lower()] = subnet
                return subnet
        raise unknown(subnet_id, user)

    def take(self, subnet_id: str, user: str, wanted: str | None = None) -> str | None:
        """An address of a subnet; None where the subnet says no range."""
        subnet = self.subnet(subnet_id, user)
        prefix = (subnet.get("properties") or {}).get("addressPrefix")
        if not prefix:
            return wanted
        used = self._used_in(subnet["id"])
        range_ = ipaddress.ip_network(prefix, strict=False)
        if wanted is not None:
            if ipaddress.ip_address(wanted) not in range_:
                raise InventoryError(
                    "PrivateIPAddressNotInSubnet",
                    f"Private static IP address {wanted} does not belong to the range of subnet prefix {prefix}.",
                )
            if wanted in used:
                raise InventoryError("PrivateIPAddressInUse", f"IP address {wanted} is already in use.", 409)
            used.add(wanted)
            return wanted
        for number in range(self._next.get(subnet["id"], _RESERVED), range_.num_addresses - 1):
            address = str(range_[number])
            if address not in used:
                used.add(address)
                self._next[subnet["id"]] = number + 1
                return address
        raise InventoryError(
            "SubnetIsFull", f"Subnet {subnet['name']} with address prefix {prefix} does not have enough capacity."
        )

    def free(self, network: Values, address: str, most: int = 5) -> tuple[bool, list[str]]:
        """Whether an address of a network is free, and if not, some of its subnet that are."""
        wanted = ipaddress.ip_address(address)
        for subnet in subnets_of(self._records, network):
            range_ = ipaddress.ip_network(subnet["properties"]["addressPrefix"], strict=False)
            if wanted in range_:
                used = self._used_in(subnet["id"])
                places = (str(range_[at]) for at in range(_RESERVED, range_.num_addresses - 1))
                is_free = address not in used and _RESERVED <= int(wanted) - int(range_[0]) < range_.num_addresses - 1
                return is_free, [] if is_free else list(islice((each for each in places if each not in used), most))
        return False, []

    def _used_in(self, subnet_id: str) -> set[str]:
        if subnet_id not in self._used:
            self._used[subnet_id] = {address for _, address in held_in(self._records, subnet_id) if address}
        return self._used[subnet_id]


def unknown(id_: str, user: str) -> InventoryError:
    """That something referred to does not exist."""
    return InventoryError(
        "InvalidResourceReference",
        f"Resource {id_} referenced by resource {user} was not found. Please make sure that the referenced resource "
        "exists, and that both resources are in the same region.",
    )
