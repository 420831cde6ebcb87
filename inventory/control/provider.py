"""What all types of resources have in common: they are put, changed, read, listed and deleted.

A type with rules of its own is a subclass; one without is served by this class as it is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, ClassVar

from inventory.control.context import Context
from inventory.control.ids import RESOURCE_GROUP, SUBSCRIPTION, ResourceId, parse
from inventory.control.operation import Operation
from inventory.control.records import Image, Values, patched, type_of
from inventory.control.shape_check import well_formed
from inventory.errors import InventoryError
from inventory.feed import WHEN_ALL_IS_DONE
from inventory.generic import GENERIC, STATELESS, table_of
from inventory.resource_types import REST, VIRTUAL_MACHINES, ResourceType
from inventory.rules import pace
from inventory.rules.regions import canonical, check_zones

_NAME = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9._()-]{0,78}[A-Za-z0-9_()-])?")


@dataclass(frozen=True, slots=True)
class Page:
    """What part of a list is wanted, and how: those whose lower-case id follows `after`, at most so many of them."""

    after: str = ""
    most: int | None = None
    expand: str | None = None
    scale_set: str | None = None
    """Only the machines of the scale set with this id."""


WHOLE = Page()


class Provider:
    """Resources of one type, or of all types that nobody else serves."""

    kind: ClassVar[str] = ""
    """The type, lower-case; '' serves all others."""
    needs_location: ClassVar[bool] = True
    names: ClassVar[re.Pattern[str]] = _NAME
    name_rule: ClassVar[str] = "1 to 80 letters, digits, '-', '_', '.' or parentheses"

    def __init__(self, context: Context) -> None:
        self.context = context
        self.records = context.records

    # ---- what the control plane calls, within `Feed.writing` where it writes ---------------------------------------
    def put(self, id_: ResourceId, document: Mapping[str, Any], api_version: str | None) -> Operation:
        """Create the resource, or make it what the document says."""
        of = type_of(id_.kind)
        group = self.group_of(id_)
        earlier = self.records.find(id_)
        if earlier is not None:
            self.check_free(of, earlier, id_)
        elif not self.names.fullmatch(id_.name):
            raise InventoryError("InvalidResourceName", f"Resource name {id_.name} is invalid: {self.name_rule}.")
        if earlier is None and id_.parent:
            self.check_parent(id_)
        made = self.framed(id_, document, earlier, group)
        self.check_place(id_, made, earlier)
        made = self.completed(id_, made, earlier, api_version)
        return self.commit(id_, of, made, earlier)

    def patch(self, id_: ResourceId, change: Mapping[str, Any], api_version: str | None) -> Operation:
        """Change some properties: merged into what there is, null takes away."""
        merged = well_formed(type_of(id_.kind), patched(self.get(id_), change), id_.kind)  # what was imported may be anything
        return self.put(id_, merged, api_version)

    def get(self, id_: ResourceId, expand: str | None = None) -> dict[str, Any]:
        """The resource as it is now. Raises InventoryError ResourceNotFound."""
        return self.document(type_of(id_.kind), self.found(id_), expand)

    def listing(self, scope: ResourceId | None, kind: str, page: Page = WHOLE) -> list[dict[str, Any]]:
        """The resources of a type in a subscription, a resource group or another resource."""
        of = type_of(kind)
        where, given = self.within(of, scope, kind)
        order = "lower(id)"
        if page.after:
            where, given["after"] = f"{where} AND lower(id) > $after", page.after.lower()
        if page.scale_set is not None and of is VIRTUAL_MACHINES:
            where += ' AND lower(properties."virtualMachineScaleSet".id) = $scale_set'
            given["scale_set"] = page.scale_set.lower()
        if page.most is not None:
            order += f" LIMIT {page.most:d}"
        return [self.document(of, row, page.expand) for row in self.records.select(of, where, given, order=order)]

    def delete(self, id_: ResourceId, force: bool) -> Operation:
        """Delete the resource; deleting what is not there succeeds, as in Azure."""
        of = type_of(id_.kind)
        earlier = self.records.find(id_)
        if earlier is None:
            return self.context.ledger.enter("delete", id_.text, 0)
        self.check_deletable(id_, earlier, force)
        failure = self.context.failures.drawn(id_, "delete", self.context.now())
        return self.remove(of, id_, earlier) if failure is None else self.keep(of, id_, earlier, failure)

    def act(self, id_: ResourceId, action: str, body: Mapping[str, Any]) -> Operation | Any:
        """Do something to the resource."""
        self.found(id_)
        raise InventoryError(
            "InvalidResourceOperation",
            f"'{action}' is nothing that can be done to resources of type '{id_.type}'.",
            404,
        )

    # ---- what a type may do in its own way -------------------------------------------------------------------------
    def check_place(self, id_: ResourceId, document: dict[str, Any], earlier: Values | None) -> None:
        check_zones(document.get("location", ""), document.get("zones"))

    def completed(
        self, id_: ResourceId, document: dict[str, Any], earlier: Values | None, api_version: str | None
    ) -> dict[str, Any]:
        """The document with what Azure fills in; raises what Azure would refuse."""
        return document

    def inner(self, id_: ResourceId, document: Mapping[str, Any], earlier: Values | None) -> dict[str, Any]:
        """Columns of the machinery and grafts that the document decides."""
        return {}

    def check_deletable(self, id_: ResourceId, row: Values, force: bool) -> None:
        """Raises what Azure says of a resource that may not be deleted."""

    def document(self, of: ResourceType, row: Values, expand: str | None = None) -> dict[str, Any]:
        return self.records.document(of, row)

    def spread(self, id_: ResourceId) -> tuple[float, float]:
        """How long writing it takes: least and most seconds."""
        return pace.WRITES.get(id_.kind, pace.AT_ONCE)

    # ---- steps -----------------------------------------------------------------------------------------------------
    def found(self, id_: ResourceId) -> Values:
        row = self.records.find(id_)
        if row is None:
            raise self.missing(id_)
        return row

    def missing(self, id_: ResourceId) -> InventoryError:
        """That there is no such resource, in the words of Azure Resource Manager."""
        if not id_.group:
            return InventoryError("ResourceNotFound", f"The Resource '{id_.text}' was not found.")
        self.group_of(id_)
        path = id_.text.split("/providers/", 1)[1]
        return InventoryError(
            "ResourceNotFound",
            f"The Resource '{path}' under resource group '{id_.group}' was not found. "
            "For more details please go to https://aka.ms/ARMResourceNotFoundFix",
        )

    def group_of(self, id_: ResourceId) -> Values | None:
        """The resource group, which must be there; None for what lies in none."""
        if not id_.subscription:
            return None
        if self.records.find(parse(f"/subscriptions/{id_.subscription}")) is None:
            if self.records.implied(id_):
                return None  # imported without the containers that it lies in
            raise InventoryError("SubscriptionNotFound", f"The subscription '{id_.subscription}' could not be found.")
        if not id_.group:
            return None
        group = self.records.find(parse(id_.group_id))
        if group is None:
            if self.records.implied(id_):
                return None
            raise InventoryError("ResourceGroupNotFound", f"Resource group '{id_.group}' could not be found.")
        if group["properties"] and group["properties"]["provisioningState"] == "Deleting":
            raise InventoryError(
                "ResourceGroupBeingDeleted",
                f"The resource group '{id_.group}' is in deprovisioning state and cannot perform this operation.",
            )
        return group

    def parent_of(self, id_: ResourceId) -> Values:
        """What a resource is a part of, as it is when all is done. Raises InventoryError ParentResourceNotFound."""
        self.group_of(id_)
        row = self.records.find(parse(id_.parent), at=WHEN_ALL_IS_DONE)
        if row is None:
            raise orphaned(parse(id_.parent).name)
        return row

    def check_parent(self, id_: ResourceId) -> None:
        """Raises where the resource that a part belongs to is missing. Only the outermost must be there: what lies
        between, such as the service `default` of a storage account, comes with it."""
        outermost = parse(id_.parent)
        while outermost.parent:
            outermost = parse(outermost.parent)
        try:
            self.context.provider(outermost).get(outermost)
        except InventoryError as error:
            if error.code == "ResourceNotFound" and not self.records.implied(id_):
                raise orphaned(outermost.name) from error

    def check_free(self, of: ResourceType, row: Values, id_: ResourceId) -> None:
        """Raises where another operation is under way on a resource."""
        if self.records.under_way(of, row["_key"]):
            raise InventoryError(
                "AnotherOperationInProgress",
                f"Another operation on this or dependent resource is in progress: {id_.text}.",
            )

    def framed(
        self, id_: ResourceId, document: Mapping[str, Any], earlier: Values | None, group: Values | None
    ) -> dict[str, Any]:
        """The document with the id, name and place that its id gives it."""
        made = deepcopy(dict(document))
        made.pop("type", None)
        made["id"] = earlier["id"] if earlier is not None else _spelt(id_, group)
        made["name"] = earlier["name"] if earlier is not None else id_.name
        made.setdefault("properties", {})
        if not isinstance(made["properties"], dict):
            raise InventoryError("InvalidRequestContent", "The properties of a resource are a JSON object.")
        if "location" in made:
            made["location"] = canonical(str(made["location"]))
            if earlier is not None and earlier.get("location") and earlier["location"] != made["location"]:
                raise InventoryError(
                    "InvalidResourceLocation",
                    f"The resource '{made['name']}' already exists in location '{earlier['location']}' in resource "
                    f"group '{id_.group}'. A resource with the same name cannot be created in location "
                    f"'{made['location']}'. Please select a new resource name.",
                    409,
                )
        elif earlier is not None and "location" in earlier:
            made["location"] = earlier["location"]
        elif self.needs_location and self.kind and not id_.parent:
            raise InventoryError("LocationRequired", "The location property is required for this definition.")
        return made

    def commit(self, id_: ResourceId, of: ResourceType, made: dict[str, Any], earlier: Values | None) -> Operation:
        """Write what becomes of the resource: at work for a while, then done."""
        context, now = self.context, self.context.now()
        takes = context.pace(self.spread(id_), id_.text.lower(), now)
        key = earlier["_key"] if earlier is not None else self.records.new_keys()
        failure = context.failures.drawn(id_, "write", now)
        working = "Updating" if earlier is not None or id_.kind.startswith("microsoft.network/") else "Creating"
        row = self.row(of, id_, made, earlier) if failure is None or earlier is None else earlier
        images = []
        if takes:
            images.append(Image(0, self.at_work(of, row, working)))
        images.append(Image(takes, self.at_work(of, row, "Succeeded" if failure is None else "Failed")))
        self.records.write(of, images, key)
        shown = self.document(of, {**images[0].values, "_key": key} if images[0].values else row)
        return context.ledger.enter(
            "create" if earlier is None else "update", made["id"], now + takes, document=shown, failure=failure,
            created=earlier is None,
        )  # fmt: skip

    def row(self, of: ResourceType, id_: ResourceId, made: Mapping[str, Any], earlier: Values | None) -> Values:
        """The document as a row."""
        row = self.records.values(of, made, earlier)
        row["subscriptionId"] = id_.subscription
        if "resourceGroup" in of.columns:
            row["resourceGroup"] = id_.group.lower()
        for name in ("location", "managedBy", "kind"):
            if name in of.columns and row.get(name) is None:
                row[name] = ""
        if "tags" in of.columns and row.get("tags") is None and of is not GENERIC:
            row["tags"] = "{}"
        if of is GENERIC:
            row |= {"type": id_.kind, "tenantId": self.context.tenant, "_table": table_of(id_.kind).lower()}
        row |= self.inner(id_, made, earlier)
        return {name: value for name, value in row.items() if name == REST or name in of.physical_columns}

    def at_work(self, of: ResourceType, row: Values, state: str) -> Values:
        """The row with another provisioning state."""
        if of is GENERIC:
            if str(row["type"]) in STATELESS:
                return row
            properties = self.records.loaded(row["properties"])
            return {**row, "properties": self.records.dumped({**properties, "provisioningState": state})}
        properties = of.physical_columns["properties"]
        if properties.get_field_index("provisioningState") < 0:
            return row
        return {**row, "properties": {**(row["properties"] or {}), "provisioningState": state}}

    def keep(self, of: ResourceType, id_: ResourceId, row: Values, failure: InventoryError) -> Operation:
        """Write that the resource is being deleted, and then is still there."""
        return self._delete(of, id_, row, self.at_work(of, row, "Failed"), failure)

    def remove(self, of: ResourceType, id_: ResourceId, row: Values) -> Operation:
        """Write that the resource is being deleted, and then is no more."""
        self.context.ledger.overtake(row["id"])
        return self._delete(of, id_, row, None, None)

    def _delete(
        self, of: ResourceType, id_: ResourceId, row: Values, left: Values | None, failure: InventoryError | None
    ) -> Operation:
        """Write that the resource is being deleted, and what is left of it then."""
        context, now = self.context, self.context.now()
        takes = context.pace(pace.DELETIONS.get(id_.kind, pace.AT_ONCE), "delete", id_.text.lower(), now)
        leaving = [Image(0, self.at_work(of, row, "Deleting"))] if takes else []
        self.records.write(of, [*leaving, Image(takes, left)], row["_key"])
        return context.ledger.enter("delete", row["id"], now + takes, failure=failure)

    def within(self, of: ResourceType, scope: ResourceId | None, kind: str) -> tuple[str, dict[str, Any]]:
        """The condition for resources of a type in a scope."""
        where, given = ["TRUE"], {}
        if of is GENERIC and kind:
            where.append("type = $kind")
            given["kind"] = kind.lower()
        if scope is not None and scope.subscription:
            if scope.type == SUBSCRIPTION or scope.group:
                where.append('"subscriptionId" = $subscription')
                given["subscription"] = scope.subscription
            if scope.group:
                where.append('"resourceGroup" = $group')
                given["group"] = scope.group.lower()
            if scope.type not in (SUBSCRIPTION, RESOURCE_GROUP):
                where.append("starts_with(lower(id), $parent)")
                given["parent"] = scope.text.lower() + "/"
        return " AND ".join(where), given


def orphaned(parent: str) -> InventoryError:
    """That the resource is missing which another is to be a part of."""
    return InventoryError(
        "ParentResourceNotFound",
        f"Can not perform requested operation on nested resource. Parent resource '{parent}' not found.",
    )


def _spelt(id_: ResourceId, group: Values | None) -> str:
    """The id as it is kept: the resource group spelt as the group itself is."""
    if group is None:
        return id_.text
    return str(group["id"]) + id_.text[len(id_.group_id) :]
