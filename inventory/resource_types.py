"""One declaration for each type of resource: its name in Azure, its tables, its columns.

From it come the physical tables, the change feeds and the Arrow schemas that other rooms see. Knows no data.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import pyarrow as pa

from inventory import documents as shape
from inventory import feature_table
from inventory.shapes import JSON, TEXT, Shape, document, many, quoted, sql_type
from inventory.shapes import field as arrow_field

DATABASE = "world"
"""The name under which the estate's database is attached."""

LOGICAL_TABLES = (
    "AdvisorResources", "AlertsManagementResources", "AppServiceResources", "AuthorizationResources", "AWSResources",
    "AzureBusinessContinuityResources", "CdnResources", "ChaosResources", "CommunityGalleryResources",
    "ComputeResources", "DesktopVirtualizationResources", "DnsResources", "EdgeOrderResources", "ElasticsanResources",
    "ExtendedLocationResources", "ExtensibilityResources", "FeatureResources", "GuestConfigurationResources",
    "HealthResourceChanges", "HealthResources", "InsightsResources", "IoTSecurityResources",
    "KubernetesConfigurationResources", "KustoResources", "MaintenanceResources", "ManagedServicesResources",
    "MigrateResources", "NetworkResources", "OrbitalResources", "PatchAssessmentResources",
    "PatchInstallationResources", "PolicyResources", "QuotaResources", "RecoveryServicesResources", "ResourceChanges",
    "ResourceContainerChanges", "ResourceContainers", "Resources", "SecurityResources", "ServiceFabricResources",
    "ServiceHealthResources", "SpotResources", "SupportResources", "TagsResources",
)  # fmt: skip
"""Every table that Resource Graph knows; those without a resource type below are empty."""

BASE: dict[str, Shape] = {
    "id": TEXT,
    "name": TEXT,
    "type": TEXT,
    "tenantId": TEXT,
    "kind": TEXT,
    "location": TEXT,
    "resourceGroup": TEXT,
    "subscriptionId": TEXT,
    "managedBy": TEXT,
    "sku": JSON,
    "plan": JSON,
    "properties": JSON,
    "tags": JSON,
    "identity": JSON,
    "zones": JSON,
    "extendedLocation": JSON,
}
"""The columns of every table of Resource Graph, in its order."""

_LOWER_CASE = {"type", "location", "resourceGroup"}


REST = "_rest"
"""The inner column with what a document has beyond the columns and their shapes: JSON text by column, or null."""


@dataclass(frozen=True, slots=True)
class Graft:
    """A physical column that holds one piece of `properties`, apart from the rest because it changes on its own."""

    column: str
    path: str
    shape: pa.DataType
    slow: bool = False


INSTANCE_VIEW = (
    Graft("computer_name", "properties.extended.instanceView.computerName", TEXT, slow=True),
    Graft("os_name", "properties.extended.instanceView.osName", TEXT, slow=True),
    Graft("os_version", "properties.extended.instanceView.osVersion", TEXT, slow=True),
    Graft("hyper_v_generation", "properties.extended.instanceView.hyperVGeneration", TEXT),
    Graft("power_state", "properties.extended.instanceView.powerState", shape.POWER_STATE),
)
AGENT = {"_agent_os_name": TEXT, "_agent_os_version": TEXT}
"""What the guest agent would report of the machine when it runs; null where there is no agent."""
MACHINE = {
    **AGENT,
    "_set_key": pa.int64(),
    "_fault_domain": pa.int64(),
    "_update_domain": pa.int64(),
    "_since": pa.int64(),
    "_hibernated": pa.bool_(),
    "_failure": TEXT,
    "_health": TEXT,
    "_health_since": pa.int64(),
}
"""What the machinery knows of a machine: its agent, the key of its scale set, its domains where no document says them,
since when it is as it is (ticks; null: since its creation), whether it hibernates, the code with which its last operation
failed, and what its application says of itself since when."""


@dataclass(frozen=True, eq=False)
class ResourceType:
    """A type of resource: `name` as Azure spells it, `table` the logical table that shows it, `physical` the SQL table.

    `columns` are those of the base columns that the table holds; `constants` those that are alike in every row;
    base columns in neither are empty. `inner` columns belong to the machinery and are in no schema. `has_past` is
    False where rows never change: then each has one image, and what the index shows is those images themselves.
    """

    name: str
    table: str
    physical: str
    columns: Mapping[str, Shape]
    grafts: tuple[Graft, ...] = ()
    inner: Mapping[str, pa.DataType] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)
    api_version: str = "2024-07-01"
    key_order: tuple[str, ...] = ()
    has_past: bool = True

    @property
    def type(self) -> str:
        """The value of the column `type`: always lower-case."""
        return self.name.lower()

    @property
    def source(self) -> str:
        """The table of what the index shows now."""
        return f"{DATABASE}.{self.physical}"

    @property
    def images(self) -> str:
        """The table of what resources have become by accepted changes: an image is written once, when a change is
        accepted, and `_shown` once the index has let it in."""
        return f"{DATABASE}.{self.physical}_images"

    @property
    def slow_images(self) -> str:
        """The same for the fields that arrive later than the rest."""
        return f"{DATABASE}.{self.physical}_slow_images"

    @property
    def all_images(self) -> list[str]:
        """The one, or both."""
        return [self.images, self.slow_images] if self.slow else [self.images]

    @property
    def feed(self) -> str:
        """SQL (in parentheses) for the images that the index has not let in yet."""
        return waiting(self.images)

    @property
    def slow_feed(self) -> str:
        """The same for the fields that arrive later than the rest."""
        return waiting(self.slow_images)

    @property
    def feeds(self) -> list[str]:
        """The one, or both."""
        return [waiting(images) for images in self.all_images]

    @property
    def past(self) -> str:
        """SQL (in parentheses) for the images that the index has shown before, or shows now after a change."""
        return f"(FROM {self.images} WHERE _shown)"

    @property
    def slow_past(self) -> str:
        """The same for the fields that arrive later than the rest."""
        return f"(FROM {self.slow_images} WHERE _shown)"

    @property
    def slow(self) -> tuple[str, ...]:
        """The physical columns that arrive later than the rest."""
        return tuple(graft.column for graft in self.grafts if graft.slow)

    @cached_property
    def physical_columns(self) -> dict[str, pa.DataType]:
        """All columns of the physical table but its key, with their Arrow types."""
        found = {name: arrow_field(name, kind).type for name, kind in self.columns.items()}
        found.update({graft.column: graft.shape for graft in self.grafts})
        found.update(self.inner)
        found[REST] = TEXT
        return found

    @property
    def column_list(self) -> str:
        """The physical columns but the key, as SQL."""
        return ", ".join(quoted(name) for name in self.physical_columns)

    def create_sql(self) -> list[str]:
        """The statements that create what the index shows, the images and, where there are slow fields, theirs."""
        # JSON is declared as such, or the engine would quote it as a text wherever it is put into a document
        types = {name: "JSON" if self.columns.get(name) is JSON else sql_type(kind) for name, kind in self.physical_columns.items()}
        declared = {name: f"{quoted(name)} {type}" for name, type in types.items()}
        columns = ", ".join(declared.values())
        event = "_key BIGINT, _seq BIGINT, _true_at BIGINT, _visible_at BIGINT, _shown BOOLEAN"
        made = [f"CREATE TABLE {self.images} ({event}, _deleted BOOLEAN, _lost BOOLEAN, {columns})"]
        if self.has_past:
            made.append(f"CREATE TABLE {self.source} (_key BIGINT, {columns})")
        else:
            made.append(f"CREATE VIEW {self.source} AS FROM {self.images} WHERE _shown")
        if self.slow:
            slow = ", ".join(declared[name] for name in self.slow)
            made.append(f"CREATE TABLE {self.slow_images} ({event}, {slow})")
        return made

    def schema(self, tenant: str, beyond: Sequence[Sequence[str]] = ()) -> pa.Schema:
        """What other rooms may know of this type; `tenant` is the estate's tenant id, alike in every row, and `beyond`
        the paths at which rows have more than the typed columns hold."""
        constants = {"type": self.type, "tenantId": tenant, "kind": "", **self.constants}
        fields = []
        for name in BASE:
            if name in self.columns:
                facts = {"lower": "1"} if name in _LOWER_CASE else {}
                if name == "properties" and self.key_order:
                    facts["keys"] = json.dumps(self.key_order)
                made = arrow_field(name, self.columns[name], **facts)
                # A text column of a row is never null, so that a reader need not ask.
                fields.append(made.with_nullable(False) if self.columns[name] is TEXT else made)
            elif name in constants:
                facts = {"lower": "1"} if name in _LOWER_CASE else {}
                fields.append(arrow_field(name, TEXT, constant=constants[name], **facts))
        for graft in self.grafts:
            facts = {"slow": "1"} if graft.slow else {}
            fields.append(arrow_field(graft.column, graft.shape, path=graft.path, **facts))
        if beyond:
            fields.append(arrow_field(REST, JSON, beyond=json.dumps(beyond)))
        fields.append(arrow_field("apiVersion", TEXT, constant=self.api_version, hidden="1"))
        return pa.schema(fields, metadata={"table": self.table, "source": self.source})


def waiting(images: str) -> str:
    """SQL (in parentheses) for those images of a table that the index has not let in yet."""
    return f"(FROM {images} WHERE NOT _shown)"


def empty_schema(table: str) -> pa.Schema:
    """The columns of a logical table, without rows of its own."""
    fields = [arrow_field(name, kind, **({"lower": "1"} if name in _LOWER_CASE else {})) for name, kind in BASE.items()]
    fields.append(arrow_field("apiVersion", TEXT, hidden="1"))
    return pa.schema(fields, metadata={"table": table})


_PLACE: dict[str, Shape] = {
    "id": TEXT,
    "name": TEXT,
    "location": TEXT,
    "resourceGroup": TEXT,
    "subscriptionId": TEXT,
}
_ZONES = many(TEXT)
_OF_VM = {"_vm_key": pa.int64()}
"""The key of the machine that a resource belongs to; null when it belongs to none."""

VIRTUAL_MACHINES = ResourceType(
    "Microsoft.Compute/virtualMachines",
    "Resources",
    "virtual_machines",
    {
        **_PLACE,
        "plan": shape.PLAN,
        "properties": shape.VIRTUAL_MACHINE,
        "tags": JSON,
        "identity": shape.IDENTITY,
        "zones": _ZONES,
    },
    grafts=INSTANCE_VIEW,
    inner=MACHINE,
    constants={"managedBy": ""},
    key_order=(
        "vmId", "timeCreated", "provisioningState", "hardwareProfile", "storageProfile", "osProfile", "networkProfile",
        "securityProfile", "diagnosticsProfile", "extended", "virtualMachineScaleSet", "platformFaultDomain",
        "availabilitySet", "priority", "evictionPolicy", "billingProfile", "licenseType",
    ),
)  # fmt: skip
SCALE_SETS = ResourceType(
    "Microsoft.Compute/virtualMachineScaleSets",
    "Resources",
    "scale_sets",
    {**_PLACE, "sku": shape.SCALE_SET_SKU, "properties": shape.SCALE_SET, "tags": JSON, "zones": _ZONES},
    inner={"_next_instance": pa.int64(), "_since": pa.int64()},
    constants={"managedBy": ""},
)
EXTENSIONS = ResourceType(
    "Microsoft.Compute/virtualMachines/extensions",
    "Resources",
    "virtual_machine_extensions",
    {**_PLACE, "properties": shape.EXTENSION, "tags": JSON},
    inner=_OF_VM,
    constants={"managedBy": ""},
)
DISKS = ResourceType(
    "Microsoft.Compute/disks",
    "Resources",
    "disks",
    {**_PLACE, "managedBy": TEXT, "sku": shape.SKU, "properties": shape.DISK, "tags": JSON, "zones": _ZONES},
    inner={**_OF_VM, "_goes_with_vm": pa.bool_()},
    api_version="2024-03-02",
)
SNAPSHOTS = ResourceType(
    "Microsoft.Compute/snapshots",
    "Resources",
    "snapshots",
    {**_PLACE, "sku": shape.SKU, "properties": shape.SNAPSHOT, "tags": JSON},
    constants={"managedBy": ""},
    api_version="2024-03-02",
)
AVAILABILITY_SETS = ResourceType(
    "Microsoft.Compute/availabilitySets",
    "Resources",
    "availability_sets",
    {**_PLACE, "sku": document(name=TEXT), "properties": shape.AVAILABILITY_SET, "tags": JSON},
    constants={"managedBy": ""},
)
NETWORK_INTERFACES = ResourceType(
    "Microsoft.Network/networkInterfaces",
    "Resources",
    "network_interfaces",
    {**_PLACE, "properties": shape.NETWORK_INTERFACE, "tags": JSON},
    inner={**_OF_VM, "_goes_with_vm": pa.bool_()},
    constants={"managedBy": ""},
    api_version="2024-05-01",
)
PUBLIC_IP_ADDRESSES = ResourceType(
    "Microsoft.Network/publicIPAddresses",
    "Resources",
    "public_ip_addresses",
    {**_PLACE, "sku": shape.SKU, "properties": shape.PUBLIC_IP_ADDRESS, "tags": JSON, "zones": _ZONES},
    inner={**_OF_VM, "_goes_with_vm": pa.bool_()},
    constants={"managedBy": ""},
    api_version="2024-05-01",
)
VIRTUAL_NETWORKS = ResourceType(
    "Microsoft.Network/virtualNetworks",
    "Resources",
    "virtual_networks",
    {**_PLACE, "properties": shape.VIRTUAL_NETWORK, "tags": JSON},
    constants={"managedBy": ""},
    api_version="2024-05-01",
)
NETWORK_SECURITY_GROUPS = ResourceType(
    "Microsoft.Network/networkSecurityGroups",
    "Resources",
    "network_security_groups",
    {**_PLACE, "properties": shape.NETWORK_SECURITY_GROUP, "tags": JSON},
    constants={"managedBy": ""},
    api_version="2024-05-01",
)
SCALE_SET_INSTANCES = ResourceType(
    "Microsoft.Compute/virtualMachineScaleSets/virtualMachines",
    "ComputeResources",
    "scale_set_instances",
    {**_PLACE, "sku": shape.SKU, "properties": shape.SCALE_SET_INSTANCE, "tags": JSON, "zones": _ZONES},
    grafts=INSTANCE_VIEW,
    inner=MACHINE,
    constants={"managedBy": ""},
    key_order=(
        "vmId", "latestModelApplied", "modelDefinitionApplied", "provisioningState", "timeCreated", "hardwareProfile",
        "storageProfile", "osProfile", "networkProfile", "extended",
    ),
)  # fmt: skip
SCALE_SET_INSTANCE_NICS = ResourceType(
    "Microsoft.Compute/virtualMachineScaleSets/virtualMachines/networkInterfaces",
    "ComputeResources",
    "scale_set_instance_nics",
    {**_PLACE, "properties": shape.SCALE_SET_INSTANCE_NIC},
    inner=_OF_VM,
    constants={"managedBy": ""},
)
SUBSCRIPTIONS = ResourceType(
    "Microsoft.Resources/subscriptions",
    "ResourceContainers",
    "subscriptions",
    {"id": TEXT, "name": TEXT, "subscriptionId": TEXT, "properties": shape.SUBSCRIPTION, "tags": JSON},
    inner={"_registrations": TEXT},
    constants={"location": "", "resourceGroup": "", "managedBy": ""},
    api_version="2022-12-01",
)
RESOURCE_GROUPS = ResourceType(
    "Microsoft.Resources/subscriptions/resourceGroups",
    "ResourceContainers",
    "resource_groups",
    {**_PLACE, "managedBy": TEXT, "properties": shape.RESOURCE_GROUP, "tags": JSON},
    api_version="2022-12-01",
)
FEATURES = ResourceType(
    "Microsoft.Features/providers/features",
    "FeatureResources",
    "features",
    {"id": TEXT, "name": TEXT, "subscriptionId": TEXT, "properties": document(state=TEXT)},
    inner={"_registered_at": pa.int64()},
    constants={"location": "", "resourceGroup": "", "managedBy": ""},
    api_version="2021-07-01",
)
MANAGEMENT_GROUPS = ResourceType(
    "Microsoft.Management/managementGroups",
    "ResourceContainers",
    "management_groups",
    {"id": TEXT, "name": TEXT, "properties": shape.MANAGEMENT_GROUP},
    constants={"location": "", "resourceGroup": "", "subscriptionId": "", "managedBy": ""},
    api_version="2023-04-01",
)

RESOURCE_TYPES = (
    VIRTUAL_MACHINES,
    SCALE_SETS,
    EXTENSIONS,
    DISKS,
    SNAPSHOTS,
    AVAILABILITY_SETS,
    NETWORK_INTERFACES,
    PUBLIC_IP_ADDRESSES,
    VIRTUAL_NETWORKS,
    NETWORK_SECURITY_GROUPS,
    SCALE_SET_INSTANCES,
    SCALE_SET_INSTANCE_NICS,
    SUBSCRIPTIONS,
    RESOURCE_GROUPS,
    MANAGEMENT_GROUPS,
    FEATURES,
)

INSTANCE_VIEWS = f"""
CREATE VIEW {DATABASE}.instance_views AS
SELECT id, name, location, "resourceGroup", "subscriptionId", properties."virtualMachineScaleSet".id AS scale_set_id,
  power_state.code AS power_state, power_state."displayStatus" AS display_status, computer_name, os_name, os_version,
  hyper_v_generation, properties."provisioningState" AS provisioning_state,
  properties."platformFaultDomain" AS platform_fault_domain
FROM {VIRTUAL_MACHINES.source}
UNION ALL
SELECT id, name, location, "resourceGroup", "subscriptionId",
  regexp_replace(id, '/virtualMachines/[^/]+$', ''), power_state.code, power_state."displayStatus", computer_name,
  os_name, os_version, hyper_v_generation, properties."provisioningState", NULL
FROM {SCALE_SET_INSTANCES.source}
"""
"""The instance views of all machines, whoever manages them, for those who ask in SQL."""


def schemas(tenant: str) -> list[pa.Schema]:
    """One schema without source for every logical table, which states its columns and their order; then every part."""
    empty = [empty_schema(table) for table in LOGICAL_TABLES]
    return [*empty, *(each.schema(tenant) for each in RESOURCE_TYPES), feature_table.schema(DATABASE)]
