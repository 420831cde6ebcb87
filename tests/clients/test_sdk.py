"""azure-mgmt-compute and azure-mgmt-resource, unmodified, sync and async, over TLS: they cannot tell."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from tests.clients.conftest import AsyncCredential, Credential, Running

pytest.importorskip("azure.mgmt.compute", reason="the extra `clients` is not installed")
pytest.importorskip("azure.mgmt.resource.deployments", reason="the extra `clients` is not installed")
pytestmark = [
    # of the SDKs' own making
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]

IMAGE = {"publisher": "Canonical", "offer": "UbuntuServer", "sku": "18.04-LTS", "version": "latest"}
NETWORK: dict[str, Any] = {
    "type": "Microsoft.Network/virtualNetworks", "name": "vnet", "apiVersion": "2022-01-01", "location": "eastus",
    "properties": {
        "addressSpace": {"addressPrefixes": ["10.0.0.0/16"]},
        "subnets": [{"name": "default", "properties": {"addressPrefix": "10.0.0.0/24"}}],
    },
}  # fmt: skip
INTERFACES: dict[str, Any] = {
    "type": "Microsoft.Network/networkInterfaces", "name": "[concat('nic', copyIndex())]", "apiVersion": "2022-01-01",
    "location": "eastus", "copy": {"name": "nics", "count": "[parameters('count')]"}, "dependsOn": ["vnet"],
    "properties": {"ipConfigurations": [{"name": "ip", "properties": {"subnet": {
        "id": "[resourceId('Microsoft.Network/virtualNetworks/subnets', 'vnet', 'default')]"}}}]},
}  # fmt: skip


@pytest.fixture(scope="module")
def clients(service: Running) -> Iterator[Any]:
    from azure.mgmt.compute import ComputeManagementClient
    from azure.mgmt.resource.deployments import DeploymentsMgmtClient
    from azure.mgmt.resource.features import FeatureClient
    from azure.mgmt.resource.resources import ResourceManagementClient
    from azure.mgmt.resource.subscriptions import SubscriptionClient

    class All:
        pass

    made = All()
    asked = {"credential": Credential(), "subscription_id": service.subscription, "base_url": service.url}
    trusted = {"connection_verify": str(service.ca), "credential_scopes": ["https://management.azure.com/.default"]}
    made.compute = ComputeManagementClient(**asked, **trusted)
    made.resources = ResourceManagementClient(**asked, **trusted)
    made.deployments = DeploymentsMgmtClient(**asked, **trusted)
    made.features = FeatureClient(**asked, **trusted)
    made.subscriptions = SubscriptionClient(credential=Credential(), base_url=service.url, **trusted)
    yield made
    for each in vars(made).values():
        each.close()


@pytest.fixture(scope="module")
def group(clients: Any) -> str:
    """A group with a network and two interfaces, made by a template."""
    clients.resources.resource_groups.create_or_update("sdk", {"location": "eastus"})
    template = {
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
        "contentVersion": "1.0.0.0", "parameters": {"count": {"type": "int"}}, "resources": [NETWORK, INTERFACES],
        "outputs": {"first": {"type": "string", "value": "[reference('nic0').ipConfigurations[0].properties.privateIPAddress]"}},
    }  # fmt: skip
    properties = {"mode": "Incremental", "template": template, "parameters": {"count": {"value": 3}}}
    poller = clients.deployments.deployments.begin_create_or_update("sdk", "network", {"properties": properties})
    done = poller.result()
    assert done.properties.provisioning_state == "Succeeded" and done.properties.outputs["first"]["value"].startswith(
        "10.0.0."
    )
    return "sdk"


def machine(service: Running, nic: str, **properties: Any) -> dict[str, Any]:
    at = f"/subscriptions/{service.subscription}/resourceGroups/sdk/providers/Microsoft.Network/networkInterfaces/{nic}"
    inner = {
        "hardwareProfile": {"vmSize": "Standard_D2s_v5"}, "networkProfile": {"networkInterfaces": [{"id": at}]},
        "storageProfile": {"imageReference": IMAGE, "osDisk": {"createOption": "FromImage"}},
        "osProfile": {"computerName": nic, "adminUsername": "azureuser", "adminPassword": "Not-4-real!"}, **properties,
    }  # fmt: skip
    return {"location": "eastus", "properties": inner}


def test_subscriptions_and_locations(clients: Any, service: Running) -> None:
    found = list(clients.subscriptions.subscriptions.list())
    assert service.subscription in {each.subscription_id for each in found} and {each.state for each in found} == {
        "Enabled"
    }
    assert "eastus" in {each.name for each in clients.subscriptions.subscriptions.list_locations(service.subscription)}
    assert next(iter(clients.subscriptions.tenants.list())).tenant_id == service.graph.estate.tenant_id


def test_providers_and_features(clients: Any) -> None:
    asked = clients.features.features.register("Microsoft.Compute", "VMOrchestratorMultiFD")
    assert asked.properties.state == "Registering"
    assert clients.features.features.get("Microsoft.Compute", "VMOrchestratorMultiFD").name.endswith(
        "VMOrchestratorMultiFD"
    )
    assert clients.resources.providers.register("Microsoft.Compute").registration_state == "Registered"
    assert "Microsoft.Compute" in {each.namespace for each in clients.resources.providers.list()}


def test_a_set_a_machine_in_it_its_life_and_its_end(clients: Any, group: str, service: Running) -> None:
    compute = clients.compute
    body = {
        "location": "eastus",
        "properties": {"orchestrationMode": "Flexible", "platformFaultDomainCount": 3, "singlePlacementGroup": False},
    }
    made = compute.virtual_machine_scale_sets.begin_create_or_update(group, "flex", body).result()
    assert made.orchestration_mode == "Flexible" and made.provisioning_state == "Succeeded"
    vm = compute.virtual_machines.begin_create_or_update(
        group, "vm0", machine(service, "nic0", virtualMachineScaleSet={"id": made.id})
    ).result()
    assert (
        vm.virtual_machine_scale_set.id == made.id
        and vm.provisioning_state == "Succeeded"
        and vm.platform_fault_domain in (0, 1, 2)
    )
    view = compute.virtual_machines.instance_view(group, "vm0")
    assert [each.code for each in view.statuses] == ["ProvisioningState/succeeded", "PowerState/running"]
    compute.virtual_machines.begin_deallocate(group, "vm0").result()
    told = compute.virtual_machines.get(group, "vm0", expand="instanceView")
    assert told.instance_view.statuses[1].code == "PowerState/deallocated"
    for act in ("begin_start", "begin_restart", "begin_power_off", "begin_start"):
        getattr(compute.virtual_machines, act)(group, "vm0").result()
    compute.virtual_machines.begin_update(group, "vm0", {"tags": {"env": "sdk"}}).result()
    assert compute.virtual_machines.get(group, "vm0").tags == {"env": "sdk"}
    assert [each.id for each in compute.virtual_machine_scale_set_vms.list(group, "flex")] == [
        vm.id
    ]  # ids, and nothing else
    from azure.core.exceptions import HttpResponseError, ResourceNotFoundError

    with pytest.raises(HttpResponseError) as refused:
        compute.virtual_machine_scale_sets.begin_delete(group, "flex").result()
    assert refused.value.error.code == "OperationNotAllowed" and refused.value.status_code == 409
    compute.virtual_machines.begin_delete(group, "vm0").result()
    compute.virtual_machine_scale_sets.begin_delete(group, "flex").result()
    with pytest.raises(ResourceNotFoundError):
        compute.virtual_machines.get(group, "vm0")


def test_a_uniform_set_scales_and_its_instances_act(clients: Any, group: str, service: Running) -> None:
    sets = clients.compute.virtual_machine_scale_sets
    subnet = f"/subscriptions/{service.subscription}/resourceGroups/sdk/providers/Microsoft.Network/virtualNetworks/vnet/subnets/default"
    ip = {"name": "ip", "properties": {"subnet": {"id": subnet}}}
    profile = {
        "storageProfile": {"imageReference": IMAGE, "osDisk": {"createOption": "FromImage"}},
        "osProfile": {"computerNamePrefix": "uni", "adminUsername": "azureuser", "adminPassword": "Not-4-real!"},
        "networkProfile": {"networkInterfaceConfigurations": [{"name": "nic", "properties": {"primary": True, "ipConfigurations": [ip]}}]},
    }  # fmt: skip
    body = {
        "location": "eastus", "sku": {"name": "Standard_D2s_v5", "capacity": 2},
        "properties": {"orchestrationMode": "Uniform", "upgradePolicy": {"mode": "Manual"}, "virtualMachineProfile": profile},
    }  # fmt: skip
    assert sets.begin_create_or_update(group, "uni", body).result().sku.capacity == 2
    instances = clients.compute.virtual_machine_scale_set_vms
    assert [each.instance_id for each in instances.list(group, "uni")] == ["0", "1"]
    sets.begin_update(group, "uni", {"sku": {"name": "Standard_D2s_v5", "capacity": 3}}).result()
    assert len(list(instances.list(group, "uni"))) == 3
    instances.begin_deallocate(group, "uni", "1").result()
    view = instances.get_instance_view(group, "uni", "1")
    assert view.statuses[-1].code == "PowerState/deallocated"
    assert sets.get_instance_view(group, "uni").virtual_machine.statuses_summary[0].count == 3
    sets.begin_delete(group, "uni").result()


def test_lists_sizes_skus_usages_and_pages(clients: Any, service: Running) -> None:
    compute = clients.compute
    everything = [each.id for each in compute.virtual_machines.list_all()]
    shown = service.graph.query(
        "Resources | where type == 'microsoft.compute/virtualmachines' | count", subscriptions=[service.subscription]
    ).scalar()
    assert len(everything) == len(set(everything)) >= shown > 0
    assert {each.name for each in compute.virtual_machine_sizes.list("eastus")} >= {"Standard_D2s_v5"}
    assert next(iter(compute.resource_skus.list(filter="location eq 'eastus'"))).resource_type == "virtualMachines"
    assert {each.name.value for each in compute.usage.list("eastus")} == {"cores", "virtualMachines"}
    assert list(compute.disks.list()) and list(clients.resources.resources.list())


def test_the_async_clients(group: str, service: Running) -> None:
    async def talk() -> None:
        from azure.mgmt.compute.aio import ComputeManagementClient
        from azure.mgmt.resource.resources.aio import ResourceManagementClient

        asked = {"credential": AsyncCredential(), "subscription_id": service.subscription, "base_url": service.url}
        trusted = {"connection_verify": str(service.ca), "credential_scopes": ["https://management.azure.com/.default"]}
        async with (
            ResourceManagementClient(**asked, **trusted) as resources,
            ComputeManagementClient(**asked, **trusted) as compute,
        ):
            assert group in [each.name async for each in resources.resource_groups.list()]
            poller = await compute.virtual_machines.begin_create_or_update(group, "vm2", machine(service, "nic2"))
            assert (await poller.result()).provisioning_state == "Succeeded"
            await (await compute.virtual_machines.begin_deallocate(group, "vm2")).result()
            view = await compute.virtual_machines.instance_view(group, "vm2")
            assert view.statuses[1].code == "PowerState/deallocated"
            assert "vm2" in [each.name async for each in compute.virtual_machines.list(group)]

    asyncio.run(talk())


def test_a_service_principal_of_azure_identity_logs_in(service: Running) -> None:
    from azure.identity import ClientSecretCredential, ManagedIdentityCredential

    tenant = service.graph.estate.tenant_id
    credential = ClientSecretCredential(
        tenant,
        "app",
        "secret",
        authority=service.url,
        disable_instance_discovery=True,
        connection_verify=str(service.ca),
    )
    with credential:
        assert credential.get_token("https://management.azure.com/.default").token.count(".") == 2
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("IDENTITY_ENDPOINT", f"{service.url}/msi/token")
        patch.setenv("IDENTITY_HEADER", "x")
        with ManagedIdentityCredential(connection_verify=str(service.ca)) as managed:
            assert managed.get_token("https://management.azure.com/.default").token.count(".") == 2


def test_what_if_tells_what_a_deployment_would_change(clients: Any, group: str) -> None:
    template = {
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
        "contentVersion": "1.0.0.0", "resources": [{**NETWORK, "tags": {"new": "tag"}}],
    }  # fmt: skip
    asked = {"properties": {"mode": "Complete", "template": template}}
    told = clients.deployments.deployments.begin_what_if(group, "network", asked).result()
    assert told.status == "Succeeded"
    changes = {each.resource_id.rsplit("/", 1)[-1]: each for each in told.properties.changes}
    assert changes["vnet"].change_type == "Modify" and changes["nic2"].change_type == "Delete"
    (delta,) = changes["vnet"].delta
    assert (delta.path, delta.property_change_type, delta.after) == ("tags.new", "Create", "tag")
    assert changes["nic2"].before["name"] == "nic2"
