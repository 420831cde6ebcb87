"""Documents have the properties of the service's, in its order; schemas say what is there."""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa
import pytest

from inventory import Estate
from inventory.resource_types import (
    BASE,
    FEATURES,
    LOGICAL_TABLES,
    RESOURCE_TYPES,
    SCALE_SETS,
    VIRTUAL_MACHINES,
    ResourceType,
)
from inventory.rows import shown

GENERATED = [of for of in RESOURCE_TYPES if of is not FEATURES]
"""The types of which a fresh estate has resources."""
COLUMNS = ["id", "name", "type", "tenantId", "kind", "location", "resourceGroup", "subscriptionId", "managedBy", "sku", "plan", "properties", "tags", "identity", "zones", "extendedLocation"]


def row_of(estate: Estate, of: ResourceType, condition: str) -> dict[str, Any]:
    names = list(of.physical_columns)
    quoted = ", ".join(f'"{name}"' for name in names)
    rows = estate.cursor().execute(f"SELECT {quoted} FROM {of.source} WHERE {condition} ORDER BY id LIMIT 1").fetchall()
    assert rows, condition
    return shown(of, estate.tenant_id, dict(zip(names, rows[0], strict=True)))


def outline(value: Any, within: str = "") -> list[str]:
    """The paths of a document in their order; of an array, those of its first element."""
    if isinstance(value, dict):
        paths = []
        for name, inner in value.items():
            paths += [f"{within}.{name}".lstrip("."), *outline(inner, f"{within}.{name}")]
        return paths
    if isinstance(value, list) and value:
        return outline(value[0], f"{within}[]")
    return []


MEMBER = ["vmId", "timeCreated", "provisioningState", "hardwareProfile", "hardwareProfile.vmSize", "storageProfile", "storageProfile.imageReference", "storageProfile.imageReference.publisher", "storageProfile.imageReference.offer", "storageProfile.imageReference.sku", "storageProfile.imageReference.version", "storageProfile.imageReference.exactVersion", "storageProfile.osDisk", "storageProfile.osDisk.name", "storageProfile.osDisk.osType", "storageProfile.osDisk.createOption", "storageProfile.osDisk.caching", "storageProfile.osDisk.deleteOption", "storageProfile.osDisk.diskSizeGB", "storageProfile.osDisk.managedDisk", "storageProfile.osDisk.managedDisk.id", "storageProfile.osDisk.managedDisk.storageAccountType", "storageProfile.dataDisks", "storageProfile.diskControllerType", "osProfile", "osProfile.computerName", "osProfile.adminUsername", "osProfile.allowExtensionOperations", "osProfile.requireGuestProvisionSignal", "osProfile.secrets", "osProfile.linuxConfiguration", "osProfile.linuxConfiguration.disablePasswordAuthentication", "osProfile.linuxConfiguration.provisionVMAgent", "osProfile.linuxConfiguration.ssh", "osProfile.linuxConfiguration.ssh.publicKeys", "osProfile.linuxConfiguration.patchSettings", "osProfile.linuxConfiguration.patchSettings.patchMode", "osProfile.linuxConfiguration.patchSettings.assessmentMode", "networkProfile", "networkProfile.networkInterfaces", "networkProfile.networkInterfaces[].id", "networkProfile.networkInterfaces[].properties", "networkProfile.networkInterfaces[].properties.primary", "networkProfile.networkInterfaces[].properties.deleteOption", "extended", "extended.instanceView", "extended.instanceView.computerName", "extended.instanceView.osName", "extended.instanceView.osVersion", "extended.instanceView.hyperVGeneration", "extended.instanceView.powerState", "extended.instanceView.powerState.code", "extended.instanceView.powerState.displayStatus", "extended.instanceView.powerState.level", "virtualMachineScaleSet", "virtualMachineScaleSet.id", "platformFaultDomain"]
SPOT_DEALLOCATED = [
    path
    for path in MEMBER
    if path.rsplit(".", 1)[-1] not in ("osName", "osVersion") and path != "extended.instanceView.computerName"
] + ["priority", "evictionPolicy", "billingProfile", "billingProfile.maxPrice"]
PLAIN = (
    "tags <> '{}' AND len(properties.\"storageProfile\".\"dataDisks\") = 0 AND properties.\"securityProfile\" IS NULL AND "
    "properties.\"diagnosticsProfile\" IS NULL AND properties.\"licenseType\" IS NULL AND "
    "properties.\"osProfile\".\"linuxConfiguration\" IS NOT NULL AND properties.\"virtualMachineScaleSet\" IS NOT NULL AND "
    "properties.\"platformFaultDomain\" IS NOT NULL"
)
FLEXIBLE = ["orchestrationMode", "platformFaultDomainCount", "singlePlacementGroup", "uniqueId", "provisioningState", "timeCreated", "upgradePolicy", "upgradePolicy.mode", "virtualMachineProfile", "virtualMachineProfile.osProfile", "virtualMachineProfile.osProfile.computerNamePrefix", "virtualMachineProfile.osProfile.adminUsername", "virtualMachineProfile.osProfile.linuxConfiguration", "virtualMachineProfile.osProfile.linuxConfiguration.disablePasswordAuthentication", "virtualMachineProfile.osProfile.linuxConfiguration.provisionVMAgent", "virtualMachineProfile.osProfile.secrets", "virtualMachineProfile.osProfile.allowExtensionOperations", "virtualMachineProfile.storageProfile", "virtualMachineProfile.storageProfile.imageReference", "virtualMachineProfile.storageProfile.imageReference.publisher", "virtualMachineProfile.storageProfile.imageReference.offer", "virtualMachineProfile.storageProfile.imageReference.sku", "virtualMachineProfile.storageProfile.imageReference.version", "virtualMachineProfile.storageProfile.osDisk", "virtualMachineProfile.storageProfile.osDisk.osType", "virtualMachineProfile.storageProfile.osDisk.createOption", "virtualMachineProfile.storageProfile.osDisk.caching", "virtualMachineProfile.storageProfile.osDisk.deleteOption", "virtualMachineProfile.storageProfile.osDisk.diskSizeGB", "virtualMachineProfile.storageProfile.osDisk.managedDisk", "virtualMachineProfile.storageProfile.osDisk.managedDisk.storageAccountType", "virtualMachineProfile.storageProfile.dataDisks", "virtualMachineProfile.networkProfile", "virtualMachineProfile.networkProfile.networkApiVersion", "virtualMachineProfile.networkProfile.networkInterfaceConfigurations", "virtualMachineProfile.networkProfile.networkInterfaceConfigurations[].name", "virtualMachineProfile.networkProfile.networkInterfaceConfigurations[].properties", "virtualMachineProfile.networkProfile.networkInterfaceConfigurations[].properties.primary", "virtualMachineProfile.networkProfile.networkInterfaceConfigurations[].properties.enableAcceleratedNetworking", "virtualMachineProfile.networkProfile.networkInterfaceConfigurations[].properties.ipConfigurations", "virtualMachineProfile.networkProfile.networkInterfaceConfigurations[].properties.ipConfigurations[].name", "virtualMachineProfile.networkProfile.networkInterfaceConfigurations[].properties.ipConfigurations[].properties", "virtualMachineProfile.networkProfile.networkInterfaceConfigurations[].properties.ipConfigurations[].properties.primary", "virtualMachineProfile.networkProfile.networkInterfaceConfigurations[].properties.ipConfigurations[].properties.privateIPAddressVersion", "virtualMachineProfile.networkProfile.networkInterfaceConfigurations[].properties.ipConfigurations[].properties.subnet", "virtualMachineProfile.networkProfile.networkInterfaceConfigurations[].properties.ipConfigurations[].properties.subnet.id", "virtualMachineProfile.priority"]
EMPTY_2021 = ["orchestrationMode", "platformFaultDomainCount", "singlePlacementGroup", "uniqueId", "provisioningState"]

SHAPES = {
    # a row that must be there, and the outline of its properties
    "running member": (VIRTUAL_MACHINES, f"os_name IS NOT NULL AND power_state.code = 'PowerState/running' AND properties.priority IS NULL AND {PLAIN}", MEMBER),
    "deallocated Spot member": (VIRTUAL_MACHINES, f"power_state.code = 'PowerState/deallocated' AND properties.priority = 'Spot' AND {PLAIN}", SPOT_DEALLOCATED),
    "Flexible set": (SCALE_SETS, "properties.\"orchestrationMode\" = 'Flexible' AND sku IS NOT NULL AND properties.\"automaticRepairsPolicy\" IS NULL AND properties.\"priorityMixPolicy\" IS NULL AND properties.\"virtualMachineProfile\".\"licenseType\" IS NULL AND properties.\"virtualMachineProfile\".\"osProfile\".\"linuxConfiguration\" IS NOT NULL AND zones IS NULL", FLEXIBLE),
    "empty set": (SCALE_SETS, "name LIKE '%-empty-ss'", EMPTY_2021),
}  # fmt: skip


@pytest.fixture(scope="module")
def larger() -> Any:
    with Estate.simulated(6000, 7) as estate:
        yield estate


@pytest.mark.parametrize("what", SHAPES)
def test_documents_have_the_shape_of_the_service(larger: Estate, what: str) -> None:
    of, condition, expected = SHAPES[what]
    row = row_of(larger, of, condition)
    assert list(row) == COLUMNS
    assert outline(row["properties"]) == expected
    assert row["type"] == of.type and row["kind"] == "" and row["managedBy"] == ""


@pytest.mark.parametrize("of", GENERATED, ids=lambda of: of.physical)
def test_every_property_occurs(larger: Estate, of: ResourceType) -> None:
    """A misspelt key in the generator would be dropped in silence: so each declared property must have a value somewhere."""
    never = {
        "plan", "userAssignedIdentities", "sourceResourceId", "storageUri", "publicKeys", "path", "keyData", "delegations",
        "routeTable", "description", "dnsSettings", "domainNameLabel", "ipTags", "managedByTenants", "networkInterfaces",
        "dataDisks", "osProfile",
    }  # fmt: skip

    def leaves(field: pa.Field, path: str) -> list[str]:
        if pa.types.is_struct(field.type):
            return [leaf for part in field.type for leaf in leaves(part, f'{path}."{part.name}"')]
        return [path]

    missing = []
    for name, kind in of.physical_columns.items():
        if name.startswith("_"):
            continue  # what the machinery knows comes with time
        for path in leaves(pa.field(name, kind), f'"{name}"'):
            row = larger.cursor().execute(f"SELECT count({path}) FROM {of.source}").fetchone()
            if row == (0,) and not any(f'"{word}"' in path for word in never):
                missing.append(path)
    assert missing == []


def test_schemas_name_every_table_once_and_describe_what_is_there(settled: Estate) -> None:
    schemas = settled.schemas()
    tables = {schema.metadata[b"table"].decode() for schema in schemas}
    assert tables == {*LOGICAL_TABLES, "OrchestrationFeatures"} and len(LOGICAL_TABLES) == 44
    for schema in schemas:
        names = [field.name for field in schema]
        assert len({name.lower() for name in names}) == len(names)
        if b"source" not in schema.metadata:
            assert [name for name in names if name in BASE] == COLUMNS
            continue
        held = dict(settled.cursor().execute(f"SELECT column_name, column_type FROM (DESCRIBE {schema.metadata[b'source'].decode()})").fetchall())
        for field in schema:
            facts = field.metadata or {}
            assert (field.name in held) != (b"constant" in facts), field.name
            if b"constant" not in facts:
                arrow = settled.cursor().execute(f'SELECT "{field.name}" FROM {schema.metadata[b"source"].decode()} LIMIT 0').to_arrow_table()
                assert arrow.schema.field(0).type.equals(field.type), field.name
            if facts.get(b"lower"):
                lower = facts.get(b"constant", b"").decode()
                assert lower == lower.lower()
        assert all(name.startswith("_") for name in set(held) - set(names))


def test_tags_are_json_and_key_orders_name_what_is_declared(settled: Estate) -> None:
    for (tags,) in settled.cursor().execute("SELECT DISTINCT tags FROM world.virtual_machines").fetchall():
        assert all(isinstance(value, str) for value in json.loads(tags).values())
    for of in GENERATED:
        if of.key_order:
            declared = {field.name for field in of.physical_columns["properties"]}
            grafted = {graft.path.split(".")[1] for graft in of.grafts}
            assert set(of.key_order) == declared | grafted
