"""Every operation that Microsoft's clients have, called with what is at hand: answered in the form of its model, or refused
in Azure's form. What comes back is held against the models by `conftest.shapes`."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from queries import Lag
from queries.inprocess import Local

pytest.importorskip("azure.mgmt.compute", reason="the extra `clients` is not installed")
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # of the SDKs' own making
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]

CLIENTS = {
    "azure.mgmt.compute": "ComputeManagementClient",
    "azure.mgmt.network": "NetworkManagementClient",
    "azure.mgmt.resource.resources": "ResourceManagementClient",
    "azure.mgmt.resource.features": "FeatureClient",
    "azure.mgmt.resource.subscriptions": "SubscriptionClient",
    "azure.mgmt.managementgroups": "ManagementGroupsMgmtClient",
}
IMAGE = {"publisher": "Canonical", "offer": "UbuntuServer", "sku": "18.04-LTS", "version": "latest"}
NAMES = {
    "resource_group_name": "sweep", "vm_name": "vm", "vm_scale_set_name": "uniform", "virtual_machine_scale_set_name": "uniform",
    "instance_id": "0", "virtualmachine_index": "0", "availability_set_name": "set", "disk_name": "disk", "location": "eastus",
    "location_name": "eastus", "network_interface_name": "nic", "virtual_network_name": "net", "subnet_name": "default",
    "public_ip_address_name": "ip", "network_security_group_name": "nsg", "security_rule_name": "ssh",
    "default_security_rule_name": "DenyAllInBound", "ip_configuration_name": "ip", "publisher_name": "Canonical",
    "publisher": "Canonical", "offer": "UbuntuServer", "skus": "18.04-LTS", "version": "latest",
    "resource_provider_namespace": "Microsoft.Compute", "namespace": "Microsoft.Compute",
    "feature_name": "VMOrchestratorMultiFD", "resource_type": "disks", "resource_name": "disk", "parent_resource_path": "",
    "api_version": "2024-07-01", "platform_update_domain": 0, "zone": "1", "placement_group_id": "x",
}  # fmt: skip
BODIES: dict[str, dict[str, Any]] = {
    "resource_groups": {"location": "eastus"},
    "begin_update_a_private_endpoint_connection": {"properties": {}},
    "begin_run_command": {"commandId": "RunShellScript", "script": ["echo"]},
    "begin_update_at_scope": {"operation": "Merge", "properties": {"tags": {"a": "b"}}},
    "begin_grant_access": {"access": "Read", "durationInSeconds": 60},
    "begin_update_instances": {"instanceIds": ["0"]}, "begin_delete_instances": {"instanceIds": ["1"]},
}  # fmt: skip
PARTS = ("restore_points", "hierarchy_settings")
"""What is put without a location."""
SERVED = {
    "azure.mgmt.network": {
        "network_interfaces", "network_interface_ip_configurations", "public_ip_addresses", "virtual_networks", "subnets",
        "network_security_groups", "security_rules", "default_security_rules", "load_balancers", "usages", "operations",
    },
}  # fmt: skip
"""Of these packages only some groups of operations are served as more than documents."""


@pytest.fixture(scope="module")
def local() -> Iterator[Local]:
    with Local.simulated(vms=30, lag=Lag.none()) as made:
        control, group = made.estate.control, f"/subscriptions/{made.subscription_id}/resourceGroups/sweep"
        control.put(group, {"location": "eastus"})

        def put(path: str, **document: Any) -> str:
            control.put(f"{group}/providers/{path}", {"location": "eastus", **document})
            made.graph.advance(120)
            return f"{group}/providers/{path}"

        space = {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}}
        net = put("Microsoft.Network/virtualNetworks/net", properties={**space, "subnets": [{"name": "default", "properties": {"addressPrefix": "10.0.0.0/24"}}]})
        address = put("Microsoft.Network/publicIPAddresses/ip", sku={"name": "Standard"}, properties={"publicIPAllocationMethod": "Static"})
        rule = {"priority": 100, "direction": "Inbound", "access": "Allow", "protocol": "Tcp", "sourcePortRange": "*",
                "destinationPortRange": "22", "sourceAddressPrefix": "*", "destinationAddressPrefix": "*"}  # fmt: skip
        nsg = put("Microsoft.Network/networkSecurityGroups/nsg", properties={"securityRules": [{"name": "ssh", "properties": rule}]})
        inside = {"subnet": {"id": f"{net}/subnets/default"}}
        nic = put("Microsoft.Network/networkInterfaces/nic", properties={"networkSecurityGroup": {"id": nsg}, "ipConfigurations": [
            {"name": "ip", "properties": {**inside, "publicIPAddress": {"id": address}}}]})  # fmt: skip
        storage = {"imageReference": IMAGE, "osDisk": {"createOption": "FromImage"}}
        put("Microsoft.Compute/virtualMachines/vm", properties={
            "hardwareProfile": {"vmSize": "Standard_D2s_v3"}, "networkProfile": {"networkInterfaces": [{"id": nic}]},
            "storageProfile": storage, "osProfile": {"computerName": "vm", "adminUsername": "joe", "adminPassword": "Not-4-real!"}})  # fmt: skip
        config = {"name": "nic", "properties": {"primary": True, "ipConfigurations": [{"name": "ip", "properties": inside}]}}
        put("Microsoft.Compute/virtualMachineScaleSets/uniform", sku={"name": "Standard_D2s_v3", "capacity": 2}, properties={
            "orchestrationMode": "Uniform", "upgradePolicy": {"mode": "Manual"}, "virtualMachineProfile": {
                "storageProfile": storage, "networkProfile": {"networkInterfaceConfigurations": [config]},
                "osProfile": {"computerNamePrefix": "u", "adminUsername": "joe", "adminPassword": "Not-4-real!"}}})  # fmt: skip
        put("Microsoft.Compute/disks/disk", properties={"diskSizeGB": 4, "creationData": {"createOption": "Empty"}})
        put("Microsoft.Compute/availabilitySets/set", sku={"name": "Aligned"}, properties={"platformFaultDomainCount": 2})
        yield made


def operations(client: Any) -> Iterator[tuple[str, Callable[..., Any]]]:
    """Every operation of a client with its name: what only reads first, what takes away last."""
    groups = {name: each for name, each in vars(client).items() if not name.startswith("_") and hasattr(each, "_serialize")}
    found = [
        (f"{group}.{name}", getattr(each, name))
        for group, each in groups.items() for name in dir(each)
        if not name.startswith(("_", "with_")) and callable(getattr(each, name)) and name != "models"
    ]  # fmt: skip

    def turn(entry: tuple[str, Any]) -> int:
        name = entry[0].split(".")[1].removeprefix("begin_")
        gone = name.startswith(("delete", "unregister", "deallocate", "power_off", "deregister"))
        return 4 if entry[0].startswith("resource_groups") and gone else 3 if gone else 0 if name.startswith(("list", "get", "check")) else 1

    return iter(sorted(found, key=turn))


def filled(local: Local, name: str, call: Callable[..., Any]) -> dict[str, Any]:
    """A value for each parameter that has none."""
    group, operation = name.split(".")
    scope = f"/subscriptions/{local.subscription_id}"
    more = {"subscription_id": local.subscription_id, "scope": scope, "group_id": local.estate.tenant_id,
            "resource_id": f"{scope}/resourceGroups/sweep/providers/Microsoft.Compute/disks/disk"}  # fmt: skip
    given = {}
    for each in inspect.signature(call).parameters.values():
        if each.default is inspect.Parameter.empty and each.kind not in (each.VAR_KEYWORD, each.VAR_POSITIONAL):
            known = {**NAMES, **more}.get(each.name)
            is_body = not (each.name in {**NAMES, **more} or each.name.endswith(("_name", "_id", "_names")))
            usual: dict[str, Any] = {"properties": {}} if group in PARTS else {"location": "eastus", "properties": {}}
            body = BODIES.get(operation, BODIES.get(group, usual))
            given[each.name] = known if known is not None else dict(body) if is_body and str(each.annotation) != "str" else "thing"
    return given


@pytest.mark.parametrize("package", CLIENTS)
def test_every_operation_is_answered_in_its_form_or_refused_in_azures(local: Local, package: str, shapes: Any) -> None:
    from azure.core.exceptions import HttpResponseError
    from azure.core.polling import LROPoller

    module = pytest.importorskip(package)
    made = getattr(module, CLIENTS[package])
    asked: dict[str, Any] = {"credential": local.credential, "transport": local.transport, "retry_total": 0}
    if "subscription_id" in inspect.signature(made.__init__).parameters:
        asked["subscription_id"] = local.subscription_id
    importlib.import_module(f"{package}.models")
    shapes.watch(package)
    wrong, succeeded = [], 0
    with made(**asked) as client:
        for name, call in operations(client):
            if name.split(".")[0] not in SERVED.get(package, {name.split(".")[0]}):
                continue
            shapes.of = name
            try:
                answer = call(**filled(local, name, call))
                answer = answer.result() if isinstance(answer, LROPoller) else answer
                if hasattr(answer, "by_page"):
                    list(answer)
                succeeded += 1
            except HttpResponseError as error:
                told = getattr(error, "error", None)
                if not 400 <= (error.status_code or 0) < 500 or not getattr(told, "code", None):
                    wrong.append(f"{name}: {error.status_code} {str(error)[:200]}")
            except (TypeError, ValueError) as error:
                shapes.skipped.append(f"{name}: {error}")  # the client itself does not send that
    assert not wrong, "\n".join(wrong)
    assert succeeded >= 5 and len(shapes.skipped) < 60, shapes.skipped
