"""What everything lies in: management groups, subscriptions, resource groups; and what a subscription has registered."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from inventory.control.ids import RESOURCE_PROVIDER, ResourceId, parse
from inventory.control.operation import Operation
from inventory.control.provider import WHOLE, Page, Provider
from inventory.control.records import Image, Values
from inventory.errors import InventoryError
from inventory.resource_types import (
    FEATURES,
    MANAGEMENT_GROUPS,
    RESOURCE_GROUPS,
    RESOURCE_TYPES,
    SUBSCRIPTIONS,
    ResourceType,
)
from inventory.rules import pace
from inventory.rules.profile import PREVIEW_2021
from inventory.tables import TABLES


class Subscriptions(Provider):
    kind = "microsoft.resources/subscriptions"
    needs_location = False
    names = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
    name_rule = "a subscription id is a GUID"

    def put(self, id_: ResourceId, document: Mapping[str, Any], api_version: str | None) -> Operation:
        earlier = self.records.find(id_)
        if not self.names.fullmatch(id_.subscription):
            raise InventoryError("InvalidSubscriptionId", f"The provided subscription identifier '{id_.name}' is "
                                 "malformed or invalid.")  # fmt: skip
        properties = document.get("properties") or {}
        parent = str(properties.get("managementGroupId") or "").rsplit("/", 1)[-1] or self.context.tenant
        before = self.document(SUBSCRIPTIONS, earlier) if earlier is not None else {}
        name = document.get("displayName") or properties.get("displayName") or before.get("displayName") or id_.name
        made = {
            "id": id_.text,
            "name": name,
            "tags": (document if "tags" in document else before).get("tags") or {},
            "properties": {
                "state": "Enabled",
                "managedByTenants": [],
                "managementGroupAncestorsChain": ManagementGroups(self.context).chain(parent),
                "subscriptionPolicies": {
                    "locationPlacementId": "Public_2014-09-01",
                    "quotaId": "EnterpriseAgreement_2014-09-01",
                    "spendingLimit": "Off",
                },
            },
        }
        return self.commit(id_, SUBSCRIPTIONS, made, earlier)

    def missing(self, id_: ResourceId) -> InventoryError:
        return InventoryError("SubscriptionNotFound", f"The subscription '{id_.subscription}' could not be found.")

    def document(self, of: ResourceType, row: Values, expand: str | None = None) -> dict[str, Any]:
        properties = row["properties"]
        return {
            "id": row["id"],
            "subscriptionId": row["subscriptionId"],
            "tenantId": self.context.tenant,
            "displayName": row["name"],
            "state": properties["state"],
            "subscriptionPolicies": properties["subscriptionPolicies"],
            "authorizationSource": "RoleBased",
            "managedByTenants": properties["managedByTenants"],
            "tags": self.records.loaded(row["tags"]),
        }

    def check_deletable(self, id_: ResourceId, row: Values, force: bool) -> None:
        if self.records.count(RESOURCE_GROUPS, '"subscriptionId" = $sub', {"sub": id_.subscription}):
            raise InventoryError(
                "SubscriptionNotEmpty", f"The subscription '{id_.subscription}' still has resource groups.", 409
            )


class ManagementGroups(Provider):
    kind = "microsoft.management/managementgroups"
    needs_location = False
    names = re.compile(r"[A-Za-z0-9_().-]{1,90}")
    name_rule = "1 to 90 letters, digits, '-', '_', '.' or parentheses"

    def completed(
        self, id_: ResourceId, document: dict[str, Any], earlier: Values | None, api_version: str | None
    ) -> dict[str, Any]:
        given = document["properties"]
        document.pop("location", None)
        if earlier is not None and earlier["name"].lower() == self.context.tenant.lower():  # the root stays one
            name = given.get("displayName") or earlier["properties"]["displayName"]
            document["properties"] = {**earlier["properties"], "displayName": name}
            return document
        wanted = ((given.get("details") or {}).get("parent") or {}).get("id")
        if wanted is None and earlier is not None:
            wanted = ((earlier["properties"]["details"] or {}).get("parent") or {}).get("id")
        parent = str(wanted or "").rsplit("/", 1)[-1] or self.context.tenant
        chain = self.chain(parent)
        document["properties"] = {
            "tenantId": self.context.tenant,
            "displayName": given.get("displayName") or id_.name,
            "details": {
                "managementGroupAncestorsChain": chain,
                "parent": {
                    "id": f"/providers/Microsoft.Management/managementGroups/{parent}",
                    "name": parent,
                    "displayName": chain[0]["displayName"],
                },
            },
        }
        return document

    def listing(self, scope: ResourceId | None, kind: str, page: Page = WHOLE) -> list[dict[str, Any]]:
        """A list tells the groups without what lies above them."""
        found = super().listing(scope, kind, page)
        for each in found:
            each["properties"].pop("details")
        return found

    def chain(self, name: str) -> list[dict[str, str]]:
        """A management group and those above it, nearest first. Raises InventoryError NotFound."""
        row = self.records.find(parse(f"/providers/Microsoft.Management/managementGroups/{name}"))
        if row is None:
            raise InventoryError("NotFound", f"The management group '{name}' could not be found.")
        own = [{"name": row["name"], "displayName": row["properties"]["displayName"]}]
        return own + list(row["properties"]["details"]["managementGroupAncestorsChain"] or [])

    def check_deletable(self, id_: ResourceId, row: Values, force: bool) -> None:
        for of in (MANAGEMENT_GROUPS, SUBSCRIPTIONS):
            chain = "properties.details" if of is MANAGEMENT_GROUPS else "properties"
            below = f'{chain}."managementGroupAncestorsChain"[1].name = $name'
            if self.records.count(of, below, {"name": row["name"]}):
                raise InventoryError(
                    "BadRequest", f"The management group '{row['name']}' has children; move or delete them first."
                )


class ManagedSubscriptions(Provider):
    """Subscriptions as parts of a management group: put there they move under it, deleted they go back to the root."""

    kind = "microsoft.management/managementgroups/subscriptions"

    def put(self, id_: ResourceId, document: Mapping[str, Any], api_version: str | None) -> Operation:
        self._move(id_, parse(id_.parent).name)
        return self.context.ledger.enter("update", id_.text, 0, document=self.get(id_))

    def get(self, id_: ResourceId, expand: str | None = None) -> dict[str, Any]:
        row = Subscriptions(self.context).found(_subscription(id_))
        above = row["properties"]["managementGroupAncestorsChain"][0]["name"]
        if above.lower() != parse(id_.parent).name.lower():
            raise InventoryError("NotFound", f"'{id_.name}' is not in management group '{parse(id_.parent).name}'.")
        parent = {"id": f"/providers/Microsoft.Management/managementGroups/{above}"}
        told = {"tenant": self.context.tenant, "displayName": row["name"], "parent": parent, "state": "Active"}
        return {"id": id_.text, "name": id_.name, "type": id_.type, "properties": told}

    def listing(self, scope: ResourceId | None, kind: str, page: Page = WHOLE) -> list[dict[str, Any]]:
        if scope is None:
            return []
        inside = 'properties."managementGroupAncestorsChain"[1].name = $name'
        found = self.records.select(SUBSCRIPTIONS, inside, {"name": ManagementGroups(self.context).found(scope)["name"]})
        return [self.get(parse(f"{scope.text}/subscriptions/{row['subscriptionId']}")) for row in found]

    def delete(self, id_: ResourceId, force: bool) -> Operation:
        self.get(id_)
        self._move(id_, self.context.tenant)
        return self.context.ledger.enter("delete", id_.text, 0)

    def _move(self, id_: ResourceId, group: str) -> None:
        self.context.providers[Subscriptions.kind].patch(
            _subscription(id_), {"properties": {"managementGroupId": group}}, None
        )


def _subscription(id_: ResourceId) -> ResourceId:
    return parse(f"/subscriptions/{id_.name}")


class ResourceGroups(Provider):
    kind = "microsoft.resources/subscriptions/resourcegroups"
    names = re.compile(r"[\w().-]{0,89}[\w()-]")
    name_rule = "1 to 90 letters, digits, '-', '_', '.' or parentheses, not ending with '.'"

    def group_of(self, id_: ResourceId) -> Values | None:
        return super().group_of(parse(f"/subscriptions/{id_.subscription}"))

    def missing(self, id_: ResourceId) -> InventoryError:
        return InventoryError("ResourceGroupNotFound", f"Resource group '{id_.group}' could not be found.")

    def document(self, of: ResourceType, row: Values, expand: str | None = None) -> dict[str, Any]:
        return {**self.records.document(of, row), "type": "Microsoft.Resources/resourceGroups"}

    def check_place(self, id_: ResourceId, document: dict[str, Any], earlier: Values | None) -> None:
        if "location" not in document:
            raise InventoryError("LocationRequired", "The location property is required for this definition.")

    def inner(self, id_: ResourceId, document: Mapping[str, Any], earlier: Values | None) -> dict[str, Any]:
        return {"resourceGroup": id_.group.lower()}

    def remove(self, of: ResourceType, id_: ResourceId, row: Values) -> Operation:
        """A group goes with all that lies in it."""
        context, now = self.context, self.context.now()
        takes = context.pace(pace.DELETIONS[self.kind], "delete", id_.text.lower(), now)
        where = '"resourceGroup" = $group AND "subscriptionId" = $subscription'
        given = {"group": id_.group.lower(), "subscription": id_.subscription}
        for each in TABLES:
            if each is of or "resourceGroup" not in each.columns:
                continue
            inside = self.records.select(each, where, given)
            self.records.write_many(each, ((one["_key"], Image(takes, None)) for one in inside), now)
        context.ledger.overtake(row["id"])
        self.records.write(of, [Image(0, self.at_work(of, row, "Deleting")), Image(takes, None)], row["_key"])
        return context.ledger.enter("delete", row["id"], now + takes)

    def listing(self, scope: ResourceId | None, kind: str, page: Page = WHOLE) -> list[dict[str, Any]]:
        return super().listing(parse(f"/subscriptions/{scope.subscription}") if scope else None, kind, page)


class Features(Provider):
    """Preview features of a subscription: registered in a while, and effective after the provider registers again."""

    kind = FEATURES.type

    def get(self, id_: ResourceId, expand: str | None = None) -> dict[str, Any]:
        self.group_of(id_)
        namespace = id_.text.split("/")[-3]
        row = self.records.find(id_)
        if row is not None:
            return self.document(FEATURES, row)
        return {
            "id": id_.text,
            "type": FEATURES.name,
            "name": f"{namespace}/{id_.name}",
            "properties": {"state": "NotRegistered"},
        }

    def document(self, of: ResourceType, row: Values, expand: str | None = None) -> dict[str, Any]:
        return {"id": row["id"], "type": of.name, "name": row["name"], "properties": dict(row["properties"])}

    def listing(self, scope: ResourceId | None, kind: str, page: Page = WHOLE) -> list[dict[str, Any]]:
        found = super().listing(scope, FEATURES.type)
        known = {each["name"].lower() for each in found}
        if scope is not None and scope.subscription:
            for name in PREVIEW_2021.features:
                if f"microsoft.compute/{name.lower()}" not in known:
                    place = f"/subscriptions/{scope.subscription}/providers/Microsoft.Features/providers"
                    found.append(self.get(parse(f"{place}/Microsoft.Compute/features/{name}")))
        return found

    def put(self, id_: ResourceId, document: Mapping[str, Any], api_version: str | None) -> Operation:
        raise InventoryError("MethodNotAllowed", "a feature is registered or unregistered, not put", 405)

    def delete(self, id_: ResourceId, force: bool) -> Operation:
        raise InventoryError("MethodNotAllowed", "a feature is registered or unregistered, not deleted", 405)

    def act(self, id_: ResourceId, action: str, body: Mapping[str, Any]) -> Operation | Any:
        if action not in ("register", "unregister"):
            raise InventoryError(
                "InvalidResourceOperation", f"a feature can register or unregister, not '{action}'", 404
            )
        context, now = self.context, self.context.now()
        state = self.get(id_)["properties"]["state"]
        wanted = ("Registering", "Registered") if action == "register" else ("Unregistering", "Unregistered")
        if state in wanted:
            return context.ledger.enter(action, id_.text, now, document=self.get(id_), answers=True)
        earlier = self.records.find(id_)
        takes = context.pace(pace.FEATURE_REGISTRATION, action, id_.text.lower(), now)
        row = {
            "id": id_.text,
            "name": f"{id_.text.split('/')[-3]}/{id_.name}",
            "subscriptionId": id_.subscription,
            "_registered_at": now + takes if action == "register" else None,
        }
        images = [
            Image(0, {**row, "properties": {"state": wanted[0]}}),
            Image(takes, {**row, "properties": {"state": wanted[1]}}),
        ]
        self.records.write(FEATURES, images, earlier["_key"] if earlier else self.records.new_keys())
        return context.ledger.enter(action, id_.text, now + takes, document=self.get(id_))

    def effective(self, subscription: str, names: tuple[str, ...]) -> list[str]:
        """Which of these features of Microsoft.Compute are not in effect: not registered before its last registration."""
        now = self.context.now()
        since = ResourceProviders(self.context).registered_at(subscription, "microsoft.compute")
        missing = []
        for name in names:
            place = f"/subscriptions/{subscription}/providers/Microsoft.Features/providers"
            row = self.records.find(parse(f"{place}/Microsoft.Compute/features/{name}"))
            at = None if row is None else row["_registered_at"]
            if at is None or at > now or since < at:
                missing.append(name)
        return missing


class ResourceProviders(Provider):
    """Which providers a subscription has registered, and when it last did so. All are, from the beginning."""

    kind = RESOURCE_PROVIDER.lower()

    def registered_at(self, subscription: str, namespace: str) -> int:
        """The time of a provider's last registration, in ticks; 0 where it is as it was from the beginning."""
        row = self.records.find(parse(f"/subscriptions/{subscription}"))
        return 0 if row is None else int(self.records.loaded(row["_registrations"]).get(namespace.lower(), 0))

    def get(self, id_: ResourceId, expand: str | None = None) -> dict[str, Any]:
        self.group_of(id_)
        at = self.registered_at(id_.subscription, id_.name)
        made: dict[str, Any] = {
            "id": id_.text,
            "namespace": id_.name,
            "registrationPolicy": "RegistrationRequired",
            "resourceTypes": [
                {"resourceType": of.name.split("/", 1)[1], "apiVersions": [of.api_version], "locations": []}
                for of in RESOURCE_TYPES
                if of.type.split("/")[0] == id_.name.lower()
            ],
            "registrationState": "NotRegistered" if at < 0 else "Registered",
        }
        return made

    def listing(self, scope: ResourceId | None, kind: str, page: Page = WHOLE) -> list[dict[str, Any]]:
        if scope is None or not scope.subscription:
            return []
        known = sorted({of.name.split("/")[0] for of in RESOURCE_TYPES})
        return [self.get(parse(f"/subscriptions/{scope.subscription}/providers/{name}")) for name in known]

    def put(self, id_: ResourceId, document: Mapping[str, Any], api_version: str | None) -> Operation:
        raise InventoryError("MethodNotAllowed", "a provider is registered or unregistered, not put", 405)

    def delete(self, id_: ResourceId, force: bool) -> Operation:
        raise InventoryError("MethodNotAllowed", "a provider is registered or unregistered, not deleted", 405)

    def act(self, id_: ResourceId, action: str, body: Mapping[str, Any]) -> Operation | Any:
        if action not in ("register", "unregister"):
            raise InventoryError(
                "InvalidResourceOperation", f"a provider can register or unregister, not '{action}'", 404
            )
        if not id_.subscription:
            raise InventoryError("NotFound", "A provider is registered in a subscription.")
        now = self.context.now()
        place = parse(f"/subscriptions/{id_.subscription}")
        row = Subscriptions(self.context).found(place)
        known = self.records.loaded(row["_registrations"])
        known[id_.name.lower()] = now if action == "register" else -1
        changed = {**row, "_registrations": self.records.dumped(known)}
        self.records.write(SUBSCRIPTIONS, [Image(0, changed)], row["_key"])
        return self.context.ledger.enter(action, id_.text, now, document=self.get(id_), answers=True)
