"""Template deployments over HTTP, against the real control plane, under both rule profiles."""

from __future__ import annotations

import json
from typing import Any

import pytest

from inventory.templates.text import read
from tests.inventory.templates.test_deployment import FROM_THE_DOCUMENT
from tests.queries.arm.conftest import Arm

SCHEMA = "https://schema.management.azure.com/schemas/2015-01-01/deploymentTemplate.json#"
NETWORK = [
    {
        "type": "Microsoft.Network/virtualNetworks", "name": "vnet", "apiVersion": "2022-01-01", "location": "eastus",
        "properties": {
            "addressSpace": {"addressPrefixes": ["10.0.0.0/16"]},
            "subnets": [{"name": "default", "properties": {"addressPrefix": "10.0.0.0/24"}}],
        },
    },
]  # fmt: skip


def document(*resources: Any, **more: Any) -> dict[str, Any]:
    template = {"$schema": SCHEMA, "contentVersion": "1.0.0.0", "resources": list(resources), **more}
    return {"properties": {"mode": "Incremental", "template": template, "parameters": {}}}


def deploy(arm: Arm, group: str, body: Any, name: str = "d1") -> dict[str, Any]:
    """Deploy and follow; the deployment as it ended."""
    at = f"{group}/providers/Microsoft.Resources/deployments/{name}"
    reply = arm.ask("PUT", at, body)
    assert reply.status in (200, 201), reply.body
    ended = arm.done(reply)
    told: dict[str, Any] = arm.get(at)
    assert told["properties"]["provisioningState"] == ended["status"]
    return told


def register(arm: Arm) -> None:
    """What the document asks for before a Flexible set: both features, time, and the provider once more."""
    features = f"{arm.subscription}/providers/Microsoft.Features/providers/Microsoft.Compute/features"
    for name in ("VMOrchestratorMultiFD", "VMOrchestratorSingleFD"):
        assert arm.ask("POST", f"{features}/{name}/register").status == 200
    arm.graph.advance(900)
    assert arm.ask("POST", f"{arm.subscription}/providers/Microsoft.Compute/register").status == 200


def completed_document() -> dict[str, Any]:
    """The document's templates, completed with what they leave out: a network, and what a machine needs to be one."""
    template: dict[str, Any] = read(FROM_THE_DOCUMENT)
    by_type = {each["type"].split("/")[1]: each for each in template["resources"]}
    template["resources"] = [*NETWORK, *template["resources"]]
    nic = by_type["networkInterfaces"]
    subnet = {"id": "[resourceId('Microsoft.Network/virtualNetworks/subnets', 'vnet', 'default')]"}
    nic["properties"] = {"ipConfigurations": [{"name": "ip", "properties": {"subnet": subnet}}]}
    nic["dependsOn"] = ["vnet"]
    by_type["storageAccounts"] |= {"sku": {"name": "Standard_LRS"}, "kind": "StorageV2"}
    name = "concat(parameters('virtualMachineNamePrefix'), copyIndex(1)"
    image = {"publisher": "Canonical", "offer": "UbuntuServer", "sku": "18.04-LTS", "version": "latest"}
    by_type["virtualMachines"]["properties"] |= {
        "hardwareProfile": {"vmSize": "Standard_D2s_v5"},
        "osProfile": {"computerName": f"[{name})]", "adminUsername": "azureuser", "adminPassword": "Not-4-real!"},
        "storageProfile": {"imageReference": image, "osDisk": {"createOption": "FromImage"}},
        "networkProfile": {"networkInterfaces": [{"id": f"[resourceId('Microsoft.Network/networkInterfaces', {name}, '-NIC1'))]"}]},
    }
    return template


def test_before_registration_the_document_says_what_happens(preview: Arm) -> None:
    made = {"type": "Microsoft.Compute/virtualMachineScaleSets", "name": "s", "apiVersion": "2019-12-01", "location": "eastus", "properties": {"singlePlacementGroup": False, "platformFaultDomainCount": 3}}
    told = deploy(preview, preview.make_group(), document(made))
    error = told["properties"]["error"]
    assert error["code"] == "DeploymentFailed" and error["details"][0]["code"] == "InvalidParameter"
    assert error["details"][0]["message"] == "The value 'False' of parameter 'singlePlacementGroup' is not allowed. Allowed values are: True"


def test_the_documents_templates_make_a_set_with_machines_under_the_rules_of_its_time(preview: Arm) -> None:
    register(preview)
    the_documents_templates(preview, "2021-preview")


def test_the_documents_templates_make_a_set_with_machines_under_todays_rules(arm: Arm) -> None:
    the_documents_templates(arm, "current")


def the_documents_templates(arm: Arm, profile: str) -> None:
    group = arm.make_group()
    template = completed_document()
    values = {"virtualMachineScaleSetName": "doc-set", "virtualMachineScaleSetPlatformFaultDomainCount": 3, "virtualMachineNamePrefix": "vm", "virtualMachineCount": 4, "location": "eastus"}
    if profile == "current":
        # today's service asks for the version and the mode that the document's time did not know
        for each in template["resources"]:
            if each["type"] == "Microsoft.Compute/virtualMachineScaleSets":
                each["apiVersion"] = "2024-07-01"
                each["properties"]["orchestrationMode"] = "Flexible"
    body = {"properties": {"mode": "Incremental", "template": template, "parameters": {name: {"value": value} for name, value in values.items()}}}
    told = deploy(arm, group, body)
    assert told["properties"]["provisioningState"] == "Succeeded", told
    assert len(told["properties"]["outputResources"]) == 1 + 1 + 1 + 4 + 4
    at = f"{group}/providers/Microsoft.Compute"
    machines = [arm.get(f"{at}/virtualMachines/vm{n}")["properties"] for n in (1, 2, 3, 4)]
    assert {each["virtualMachineScaleSet"]["id"] for each in machines} == {f"{at}/virtualMachineScaleSets/doc-set"}
    domains = sorted(each["platformFaultDomain"] for each in machines)
    assert domains == [0, 0, 1, 2] or domains == [0, 1, 1, 2] or domains == [0, 1, 2, 2]
    query = f"Resources | where properties.virtualMachineScaleSet contains '{group}' | count"
    seen = arm.graph.query(query).scalar()
    arm.graph.advance(60)
    assert seen < 4 and arm.graph.query(query).scalar() == 4


def test_a_deployment_is_validated_listed_exported_and_forgotten(arm: Arm) -> None:
    group = arm.make_group()
    at = f"{group}/providers/Microsoft.Resources/deployments/d1"
    body = document(*NETWORK, outputs={"id": {"type": "string", "value": "[resourceId('Microsoft.Network/virtualNetworks', 'vnet')]"}})
    checked = arm.ask("POST", f"{at}/validate", body)
    assert checked.status == 200 and arm.ask("HEAD", at).status == 404
    told = deploy(arm, group, body)
    assert told["properties"]["outputs"]["id"] == {"type": "String", "value": f"{group}/providers/Microsoft.Network/virtualNetworks/vnet"}
    assert arm.ask("HEAD", at).status == 204
    (operation,) = arm.get(f"{at}/operations")["value"]
    assert operation["properties"]["provisioningState"] == "Succeeded" and operation["properties"]["targetResource"]["resourceName"] == "vnet"
    assert [each["name"] for each in arm.get(f"{group}/providers/Microsoft.Resources/deployments/")["value"]] == ["d1"]
    assert arm.ask("POST", f"{at}/exportTemplate").body["template"] == body["properties"]["template"]
    assert arm.ask("PUT", at, body).status == 200
    assert arm.ask("DELETE", at).status in (200, 202) and arm.ask("GET", at).code == "DeploymentNotFound"
    assert arm.get(f"{group}/providers/Microsoft.Network/virtualNetworks/vnet")["name"] == "vnet"


def test_one_deployment_of_a_name_at_a_time_and_it_can_be_canceled(arm: Arm) -> None:
    group = arm.make_group()
    slow = {"type": "Microsoft.Compute/virtualMachineScaleSets", "name": "s", "apiVersion": "2024-07-01", "location": "eastus", "properties": {"orchestrationMode": "Flexible", "platformFaultDomainCount": 1}}
    body = document(slow, {**NETWORK[0], "dependsOn": ["s"]})
    at = f"{group}/providers/Microsoft.Resources/deployments/d1"
    assert arm.ask("PUT", at, body).status == 201
    assert arm.ask("PUT", at, body).code == "DeploymentActive"
    assert arm.ask("POST", f"{at}/cancel").status == 204
    assert arm.get(at)["properties"]["provisioningState"] == "Canceled"
    assert arm.ask("POST", f"{at}/cancel").status == 409
    assert arm.ask("GET", f"{group}/providers/Microsoft.Network/virtualNetworks/vnet").status == 404


def test_a_subscription_deployment_makes_a_group_and_fills_it(arm: Arm) -> None:
    group = {"type": "Microsoft.Resources/resourceGroups", "name": "fresh", "apiVersion": "2024-03-01", "location": "eastus"}
    nested = {
        "type": "Microsoft.Resources/deployments", "name": "inside", "apiVersion": "2024-03-01", "resourceGroup": "fresh",
        "dependsOn": ["fresh"], "properties": document(*NETWORK)["properties"],
    }  # fmt: skip
    told = deploy(arm, arm.subscription, {**document(group, nested), "location": "eastus"})
    assert told["properties"]["provisioningState"] == "Succeeded", told
    assert arm.get(f"{arm.subscription}/resourceGroups/fresh/providers/Microsoft.Network/virtualNetworks/vnet")


def test_a_mistake_is_told_with_line_and_column(arm: Arm) -> None:
    text = json.dumps(document({**NETWORK[0], "name": "[parameter('x')]"}), indent=2)
    at = f"{arm.group}/providers/Microsoft.Resources/deployments/d"
    reply = arm.ask("PUT", at, text.encode())
    assert (reply.status, reply.code) == (400, "InvalidTemplate")
    assert "Deployment template validation failed: 'The template function 'parameter' is not valid" in reply.message
    info = reply.body["error"]["additionalInfo"][0]["info"]
    start = text[: text.index('{\n      "$schema"')].count("\n")
    line = text.split("\n")[start + info["lineNumber"] - 1]
    assert line[info["linePosition"] - 1 :].startswith('"[parameter') and info["path"] == "properties.template.resources[0].name"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "InvalidRequestContent"),
        ({"properties": []}, "InvalidRequestContent"),
        ({"properties": {"mode": "Sideways", "template": {}}}, "InvalidDeploymentParameterValue"),
        ({"properties": {"mode": {}, "template": {}}}, "InvalidDeploymentParameterValue"),
        ({"properties": {"templateLink": {"uri": "https://example.com/t.json"}}}, "InvalidRequestContent"),
        ({"properties": {"template": []}}, "InvalidTemplate"),
        ({"properties": {"template": {"$schema": 1, "contentVersion": 2, "resources": 3}}}, "InvalidTemplate"),
        ({"properties": {"template": {"$schema": "", "contentVersion": "1", "resources": 3}}}, "InvalidTemplate"),
        ({"properties": {"template": {"$schema": "", "contentVersion": "1", "resources": [], "parameters": []}}}, "InvalidTemplate"),
        ({"properties": {"template": {"$schema": "", "contentVersion": "1", "resources": [], "variables": {"copy": [1]}}}}, "InvalidTemplate"),
        ({"properties": {"template": {"$schema": "", "contentVersion": "1", "resources": [], "functions": [{"members": 1}]}}}, "InvalidTemplate"),
        ({"properties": {"template": {"$schema": "", "contentVersion": "1", "resources": []}, "parameters": {"a": 1}}}, "InvalidTemplate"),
    ],
)
def test_what_is_no_deployment_is_refused(still: Arm, body: Any, code: str) -> None:
    at = f"{still.group}/providers/Microsoft.Resources/deployments/d"
    for reply in (still.ask("PUT", at, body), still.ask("POST", f"{at}/validate", body)):
        assert (reply.status, reply.code) == (400, code)


# ---- what goes, and what would ------------------------------------------------------------------------------------
DISKS = [
    {"type": "Microsoft.Compute/disks", "name": name, "apiVersion": "2023-04-02", "location": "eastus",
     "properties": {"diskSizeGB": 32, "creationData": {"createOption": "Empty"}}}
    for name in ("one", "two")
]  # fmt: skip


def resources_of(arm: Arm, group: str) -> set[str]:
    return {each["name"] for each in arm.get(f"{group}/resources")["value"]}


def predicted(arm: Arm, group: str, body: Any) -> dict[str, str]:
    """What a deployment would change, by name, as what-if tells it in the end."""
    reply = arm.ask("POST", f"{group}/providers/Microsoft.Resources/deployments/d1/whatIf", body)
    assert (reply.status, reply.raw) == (202, b"")
    told = arm.get(reply.headers["location"])
    assert told["status"] == "Succeeded"
    return {each["resourceId"].rsplit("/", 1)[-1]: each["changeType"] for each in told["properties"]["changes"]}


def test_complete_takes_away_what_the_template_does_not_name_and_what_if_knows_it(arm: Arm) -> None:
    group = arm.make_group()
    body = document(*NETWORK, *DISKS)
    assert set(predicted(arm, group, body).values()) == {"Create"}
    assert resources_of(arm, group) == set()
    deploy(arm, group, body)
    assert predicted(arm, group, body) == {"vnet": "NoChange", "one": "NoChange", "two": "NoChange"}
    nic = {
        "type": "Microsoft.Network/networkInterfaces", "name": "nic", "apiVersion": "2022-01-01", "location": "eastus",
        "properties": {"ipConfigurations": [{"name": "ip", "properties": {"subnet": {
            "id": "[resourceId('Microsoft.Network/virtualNetworks/subnets', 'vnet', 'default')]"}}}]},
    }  # fmt: skip
    deploy(arm, group, document(nic))
    assert resources_of(arm, group) == {"vnet", "one", "two", "nic"}
    larger = {**DISKS[0], "properties": {**DISKS[0]["properties"], "diskSizeGB": 64}}
    body = document(larger)
    assert predicted(arm, group, body) == {"one": "Modify", "two": "Ignore", "vnet": "Ignore", "nic": "Ignore"}
    body["properties"]["mode"] = "Complete"
    expected = {"one": "Modify", "two": "Delete", "vnet": "Delete", "nic": "Delete"}
    assert predicted(arm, group, body) == expected
    body["properties"]["whatIfSettings"] = {"resultFormat": "ResourceIdOnly"}
    assert predicted(arm, group, body) == expected | {"one": "Deploy"}
    del body["properties"]["whatIfSettings"]
    told = deploy(arm, group, body)
    assert told["properties"]["mode"] == "Complete" and told["properties"]["provisioningState"] == "Succeeded"
    assert resources_of(arm, group) == {"one"}, "the network goes although its interface hung on it"
    assert arm.get(f"{group}/providers/Microsoft.Compute/disks/one")["properties"]["diskSizeGB"] == 64


def test_what_if_of_what_cannot_be_deployed_is_refused(arm: Arm) -> None:
    group = arm.make_group()
    at = f"{group}/providers/Microsoft.Resources/deployments/d1/whatIf"
    body = document({**DISKS[0], "name": "[nonsense()]"})
    assert (arm.ask("POST", at, body).status, arm.ask("POST", at, body).code) == (400, "InvalidTemplate")
    body = document(*DISKS)
    for wrong in ("all", 3, None, ["x"]):
        body["properties"]["whatIfSettings"] = {"resultFormat": wrong} if wrong != ["x"] else wrong
        assert arm.ask("POST", at, body).code == "InvalidRequestContent"
    assert arm.ask("GET", f"{at}Results/00000000-0000-0000-0000-000000000000").status == 404
    body = document()
    body["properties"]["mode"] = "Complete"
    over = f"{arm.subscription}/providers/Microsoft.Resources/deployments/d1"
    assert arm.ask("PUT", over, body).code == "InvalidDeploymentParameterValue"


def test_a_body_as_the_az_cli_writes_it(arm: Arm) -> None:
    """The CLI puts the text of a template file behind a name without quotes, comments and all."""
    group = arm.make_group()
    text = json.dumps(document(*DISKS)["properties"]["template"], indent=2).replace("{", "{ // as it is", 1)
    body = ('{"properties": {"parameters": {}, "mode": "Incremental", template:' + text + "}}").encode()
    assert deploy(arm, group, body)["properties"]["provisioningState"] == "Succeeded"
    assert resources_of(arm, group) == {"one", "two"}
    at = f"{group}/deployments/d1/operations"
    told = arm.get(at)["value"]
    assert {each["properties"]["targetResource"]["resourceName"] for each in told} == {"one", "two"}
    assert arm.get(f"{at}/{told[0]['operationId'].lower()}") == told[0]
    assert arm.ask("GET", f"{at}/none").code == "DeploymentOperationNotFound"
