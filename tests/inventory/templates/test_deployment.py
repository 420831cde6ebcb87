"""Templates carried out: loops, children, conditions, order, failures, nested deployments; the document's own templates."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from inventory.clock import SimulatedClock
from inventory.errors import InventoryError
from inventory.templates import Deployment, TemplateError
from inventory.templates.deployments import Deployments
from inventory.templates.text import read
from tests.inventory.templates.conftest import GROUP_ID, SCHEMA, SmallWorld

COMPUTE = f"{GROUP_ID}/providers/Microsoft.Compute"
FROM_THE_DOCUMENT = """{
"$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
"contentVersion": "1.0.0.0",
"parameters": {
  "virtualMachineScaleSetName": {"type": "string"},
  "virtualMachineScaleSetPlatformFaultDomainCount": {"type": "int"},
  "location": {"type": "string", "defaultValue": "[resourceGroup().location]"},
  "virtualMachineNamePrefix": {"type": "string"},
  "virtualMachineCount": {"type": "int"}
},
"variables": {
  "selectedZone": [],
  "diagnosticsStorageAccountName": "[concat('diag', uniqueString(resourceGroup().id))]"
},
"resources": [
  {
  "type": "Microsoft.Compute/virtualMachineScaleSets",
  "name": "[parameters('virtualMachineScaleSetName')]",
  "apiVersion": "2019-12-01",
  "location": "[parameters('location')]",
  "properties": {
    "singlePlacementGroup": false,
    "platformFaultDomainCount": "[parameters('virtualMachineScaleSetPlatformFaultDomainCount')]"
    },
  "zones": "[variables('selectedZone')]"
  },
  {
  "type": "Microsoft.Storage/storageAccounts",
  "name": "[variables('diagnosticsStorageAccountName')]",
  "apiVersion": "2019-06-01",
  "location": "[parameters('location')]"
  },
  {
  "type": "Microsoft.Network/networkInterfaces",
  "name": "[concat(parameters('virtualMachineNamePrefix'), copyIndex(1), '-NIC1')]",
  "apiVersion": "2019-06-01",
  "location": "[parameters('location')]",
  "copy": {"name": "NICcopy", "count": "[parameters('virtualMachineCount')]"}
  },
  {
  "type": "Microsoft.Compute/virtualMachines",
  "name": "[concat(parameters('virtualMachineNamePrefix'), copyIndex(1))]",
  "apiVersion": "2019-12-01",
  "location": "[parameters('location')]",
  "copy": {
    "name": "VMcopy",
    "count": "[parameters('virtualMachineCount')]"
    },
  "dependsOn": [
    "
    [resourceID('Microsoft.Compute/virtualMachineScaleSets', parameters('virtualMachineScaleSetName'))]",
    "
    [resourceID('Microsoft.Storage/storageAccounts', variables('diagnosticsStorageAccountName'))]",
    "
    [resourceID('Microsoft.Network/networkInterfaces', concat(parameters('virtualMachineNamePrefix'), copyIndex(1), '-NIC1'))]"
    ],
  "properties": {
    "virtualMachineScaleSet": {
      "id": "[resourceID('Microsoft.Compute/virtualMachineScaleSets', parameters('virtualMachineScaleSetName'))]"
      }
    }
  }
]}"""


def resource(name: str, type: str = "Microsoft.Test/things", **more: Any) -> dict[str, Any]:
    return {"type": type, "name": name, "apiVersion": "2024-01-01", **more}


def test_the_documents_templates_make_a_set_and_its_machines(small: SmallWorld) -> None:
    given = {
        "virtualMachineScaleSetName": "demo-ss", "virtualMachineScaleSetPlatformFaultDomainCount": 3,
        "virtualMachineNamePrefix": "vm", "virtualMachineCount": 3,
    }  # fmt: skip
    document = read(FROM_THE_DOCUMENT)
    small.slow = {"demo-ss": 5, "vm2-NIC1": 60}
    made = small.run(given=given, **document)
    assert made.state == "Running" and set(small.order) == {"demo-ss", "vm1-NIC1", "vm2-NIC1", "vm3-NIC1", small.order[1]}
    small.time = made.due()  # type: ignore[assignment]
    made.advance(small)
    assert small.order[5:] == ["vm1", "vm3"]
    small.time = made.due()  # type: ignore[assignment]
    made.advance(small)
    assert made.state == "Succeeded" and len(made.resources()) == 8
    machine = small.documents[f"{COMPUTE}/virtualMachines/vm2".lower()]
    assert machine["location"] == "eastus"
    assert machine["properties"]["virtualMachineScaleSet"]["id"] == f"{COMPUTE}/virtualMachineScaleSets/demo-ss"
    group = small.documents[f"{COMPUTE}/virtualMachineScaleSets/demo-ss".lower()]
    assert group["properties"] == {"singlePlacementGroup": False, "platformFaultDomainCount": 3} and group["zones"] == []
    assert not {"copy", "dependsOn", "apiVersion", "type"} & machine.keys()


def test_a_loop_may_run_no_times_and_in_batches(small: SmallWorld) -> None:
    assert small.run(resources=[resource("a", copy={"name": "l", "count": 0})]).resources() == []
    loop = {"name": "l", "count": 5, "mode": "serial", "batchSize": 2}
    small.slow = {f"s{n}": 10 for n in range(5)}
    made = small.run(resources=[resource("[concat('s', copyIndex())]", copy=loop)])
    assert small.order == ["s0", "s1"]
    small.time = made.due()  # type: ignore[assignment]
    made.advance(small)
    assert small.order == ["s0", "s1", "s2", "s3"]


@pytest.mark.parametrize("names_it", ["loop", "vnet-1", "Microsoft.Test/things/vnet-1", "[resourceId('Microsoft.Test/things', 'vnet-1')]"])
def test_a_dependency_may_be_named_in_four_ways(small: SmallWorld, names_it: str) -> None:
    small.slow = {"vnet-1": 10}
    loop = {"name": "loop", "count": 2}
    made = small.run(resources=[resource("late", dependsOn=[names_it]), resource("[concat('vnet-', copyIndex())]", copy=loop)])
    assert "late" not in small.order
    small.time = made.due()  # type: ignore[assignment]
    made.advance(small)
    assert small.order[-1] == "late" and made.state == "Succeeded"


def test_reference_waits_for_what_it_reads(small: SmallWorld) -> None:
    small.slow = {"early": 10}
    made = small.run(
        resources=[
            resource("late", properties={"ip": "[reference('early').address]"}),
            resource("early", properties={"address": "10.0.0.4"}),
        ],
        outputs={"all": {"type": "object", "value": "[reference('late', '2024-01-01', 'full')]"}},
    )
    assert small.order == ["early"]
    small.time = made.due()  # type: ignore[assignment]
    made.advance(small)
    assert made.outputs["all"]["value"]["properties"] == {"ip": "10.0.0.4"}


def test_children_stand_under_their_parents_and_conditions_hold_for_both(small: SmallWorld) -> None:
    child = resource("subnet", "subnets", properties={"copy": [{"name": "list", "count": 2, "input": "[copyIndex('list')]"}]})
    made = small.run(
        resources=[
            resource("vnet", "Microsoft.Network/virtualNetworks", resources=[child]),
            resource("none", "Microsoft.Network/virtualNetworks", condition="[equals(1, 2)]", resources=[child]),
            resource("after", dependsOn=["none"]),
        ]
    )
    network = f"{GROUP_ID}/providers/Microsoft.Network/virtualNetworks/vnet"
    assert made.resources()[:2] == [network, f"{network}/subnets/subnet"] and small.order == ["vnet", "subnet", "after"]
    assert small.get(f"{network}/subnets/subnet")["properties"] == {"list": [0, 1]}


def test_symbolic_names_are_understood(small: SmallWorld) -> None:
    made = small.run(
        languageVersion="2.0",
        resources={"a": resource("x", dependsOn=["b"]), "b": resource("y", properties={"n": 1}), "c": resource("z", existing=True)},
        outputs={"n": {"type": "int", "value": "[reference('b').n]"}},
    )
    assert small.order == ["y", "x"] and made.outputs["n"]["value"] == 1


def test_nested_deployments_hand_their_outputs_on(small: SmallWorld) -> None:
    def nested(scope: str, value: str) -> dict[str, Any]:
        template = {
            "$schema": "s", "contentVersion": "1.0.0.0", "parameters": {"p": {"type": "string"}}, "variables": {"v": "inside"},
            "resources": [resource(f"in-{scope}")], "outputs": {"o": {"type": "string", "value": value}},
        }  # fmt: skip
        parameters = {"p": {"value": "[parameters('p')]"}}
        properties = {"mode": "Incremental", "template": template, "parameters": parameters, "expressionEvaluationOptions": {"scope": scope}}
        return resource(scope, "Microsoft.Resources/deployments", properties=properties)

    made = small.run(
        given={"p": "given"},
        parameters={"p": {"type": "string"}},
        variables={"v": "outside"},
        resources=[nested("inner", "[concat(parameters('p'), variables('v'))]"), nested("outer", "[variables('v')]")],
        outputs={n: {"type": "string", "value": f"[reference('{n}').outputs.o.value]"} for n in ("inner", "outer")},
    )
    assert made.state == "Succeeded", made.details
    assert {name: each["value"] for name, each in made.outputs.items()} == {"inner": "giveninside", "outer": "outside"}
    assert len(made.resources()) == 2


def test_a_failure_stops_what_waits_for_it_and_nothing_else(small: SmallWorld) -> None:
    small.broken = {"bad": InventoryError("AllocationFailed", "no room")}
    made = small.run(resources=[resource("bad"), resource("never", dependsOn=["bad"]), resource("good")])
    assert made.state == "Failed" and made.error is not None and made.error.code == "DeploymentFailed"
    assert [each.code for each in made.details] == ["AllocationFailed"]
    assert small.order == ["bad", "good"] and made.resources() == [f"{GROUP_ID}/providers/Microsoft.Test/things/good"]


def test_a_canceled_deployment_starts_nothing_more(small: SmallWorld) -> None:
    small.slow = {"first": 10}
    made = small.run(resources=[resource("first"), resource("second", dependsOn=["first"])])
    made.cancel(small)
    made.advance(small)
    assert made.state == "Canceled" and small.order == ["first"]
    with pytest.raises(InventoryError, match="has ended"):
        made.cancel(small)


def test_secrets_are_not_shown(small: SmallWorld) -> None:
    made = small.run(given={"key": "hush"}, parameters={"key": {"type": "securestring"}}, outputs={"key": {"type": "securestring", "value": "[parameters('key')]"}})
    assert made.parameters() == {"key": {"type": "Securestring"}} and "hush" not in str(made.outputs)


WRONG: list[tuple[list[Any], str, tuple[str | int, ...]]] = [
    ([resource("a", dependsOn=["b"])], "The resource 'b' is not defined in the template", ("resources", 0, "dependsOn", 0)),
    ([resource("a", dependsOn=["b"]), resource("b", dependsOn=["a"])], "Circular dependency detected", ("resources", 0)),
    ([resource("a"), resource("A")], "defined multiple times", ("resources", 1)),
    ([resource("a/b")], "incorrect segment lengths", ("resources", 0)),
    ([{"name": "a"}], "has no 'type'", ("resources", 0)),
    ([resource("../a/b")], "is not valid", ("resources", 0, "name")),
    ([resource("a", copy={"name": "l", "count": 801})], "between 0 and 800", ("resources", 0, "copy")),
    ([resource("a", copy={"name": "l", "count": "3"})], "invalid count of type 'String'", ("resources", 0, "copy")),
    ([resource("a", copy=[1])], "a name and a count", ("resources", 0, "copy")),
    ([resource("a", condition="yes")], "is no boolean", ("resources", 0, "condition")),
    ([resource("[reference('x').y]")], "'reference' is not expected", ("resources", 0, "name")),
    ([3], "An object is expected", ("resources", 0)),
    ([resource(f"a{n}") for n in range(801)], "Limit: '800'", ("resources", 800)),
]


@pytest.mark.parametrize(("resources", "said", "path"), WRONG, ids=[each[1][:30] for each in WRONG])
def test_a_wrong_resource_is_refused_beforehand_with_its_place(small: SmallWorld, resources: list[Any], said: str, path: tuple[str | int, ...]) -> None:
    with pytest.raises(TemplateError) as caught:
        small.plan(resources=resources)
    assert said in caught.value.message and caught.value.path == path and small.order == []


def test_a_deployment_in_a_subscription_makes_groups(small: SmallWorld) -> None:
    inner = {"$schema": "s", "contentVersion": "1.0.0.0", "resources": [resource("within")]}
    nested = resource("n", "Microsoft.Resources/deployments", resourceGroup="new", properties={"template": inner}, dependsOn=["new"])
    made: Deployment = small.plan(group=None, resources=[resource("new", "Microsoft.Resources/resourceGroups", location="eastus"), nested])
    made.advance(small)
    assert made.resources()[0].endswith("/resourceGroups/new")
    assert "/resourceGroups/new/providers/Microsoft.Test/things/within" in made.resources()[1]


def test_a_clock_that_leaps_stops_where_deployments_go_on() -> None:
    clock = SimulatedClock()

    class World(SmallWorld):
        """Its time is the clock's."""

        @property
        def time(self) -> datetime:
            return clock.now()

        @time.setter
        def time(self, _: datetime) -> None:
            pass

    world = World()
    world.slow = {"a": 5.000_000_3, "b": 7, "c": 100}
    deployments = Deployments(world)
    clock.attend(deployments)
    start = clock.now()
    template = {"$schema": SCHEMA, "contentVersion": "1", "resources": [resource("a"), resource("b", dependsOn=["a"]), resource("c", dependsOn=["b"])]}
    made, new = deployments.put(f"{GROUP_ID}/providers/Microsoft.Resources/deployments/d", {"template": template})
    clock.advance(60)
    began = {step.planned.name: step.started for step in made.steps.values()}
    assert new and (made.state, world.order) == ("Running", ["a", "b", "c"])
    assert began["b"] is not None and began["c"] is not None
    assert [round((each - start).total_seconds()) for each in (began["b"], began["c"])] == [5, 12]
    clock.advance(100)
    assert made.state == "Succeeded" and deployments.due() is None
