"""What is asked beside resources: commands, tags, the log, conditions on changes, what the cloud as a whole offers."""

from __future__ import annotations

from typing import Any

import pytest

from tests.queries.arm.conftest import Arm

COMPUTE, NETWORK = "Microsoft.Compute", "Microsoft.Network"


def running(arm: Arm) -> str:
    where = "type == 'microsoft.compute/virtualmachines' and properties.extended.instanceView.powerState.code == 'PowerState/running'"
    row = arm.graph.query(f"Resources | where {where} and isnotempty(properties.extended.instanceView.osName) | top 1 by id asc").to_pylist()[0]
    return str(row["id"])


def stopped(arm: Arm) -> str:
    where = "type == 'microsoft.compute/virtualmachines' and properties.extended.instanceView.powerState.code == 'PowerState/deallocated'"
    return str(arm.graph.query(f"Resources | where {where} | top 1 by id asc").to_pylist()[0]["id"])


def answered(arm: Arm, reply: Any) -> Any:
    """What an action answers in the end, read where its Location says."""
    arm.done(reply)
    return arm.get(reply.headers["location"])


def test_a_command_runs_on_a_machine_that_runs(arm: Arm) -> None:
    vm = running(arm)
    reply = arm.ask("POST", f"{vm}/runCommand", {"commandId": "RunShellScript", "script": ["ls"]})
    assert reply.status == 202
    told = answered(arm, reply)["value"]
    assert told and all(each["code"].endswith("/succeeded") for each in told)
    assert arm.ask("POST", f"{vm}/runCommand", {}).code == "InvalidParameter"
    assert arm.ask("POST", f"{stopped(arm)}/runCommand", {"commandId": "RunShellScript"}).code == "OperationNotAllowed"


def test_a_command_that_stays_tells_how_it_went(arm: Arm) -> None:
    at = f"{running(arm)}/runCommands/one"
    reply = arm.ask("PUT", at, {"properties": {"source": {"script": "ls"}, "protectedParameters": [{"name": "p", "value": "secret"}]}})
    assert reply.status == 201 and b"secret" not in reply.raw
    assert arm.get(at, **{"$expand": "instanceView"})["properties"]["instanceView"]["executionState"] == "Running"
    arm.done(reply)
    told = arm.get(at, **{"$expand": "instanceView"})["properties"]
    assert (told["instanceView"]["executionState"], told["instanceView"]["exitCode"]) == ("Succeeded", 0)
    assert "instanceView" not in arm.get(at)["properties"]
    assert [each["name"] for each in arm.get(at.rsplit("/", 1)[0])["value"]] == ["one"]
    arm.done(arm.ask("DELETE", at))
    assert arm.ask("GET", at).status == 404


def test_tags_of_anything_are_a_resource_beside_it(arm: Arm) -> None:
    group = arm.make_group()
    at = f"{group}/providers/Microsoft.Resources/tags/default"
    assert arm.ask("PUT", at, {"properties": {"tags": {"a": "1", "b": "2"}}}).status == 200
    assert arm.get(group)["tags"] == {"a": "1", "b": "2"}
    arm.ask("PATCH", at, {"operation": "Merge", "properties": {"tags": {"c": "3"}}})
    arm.ask("PATCH", at, {"operation": "Delete", "properties": {"tags": {"a": "1", "b": "other"}}})
    assert arm.get(at)["properties"]["tags"] == {"b": "2", "c": "3"} == arm.get(group)["tags"]
    assert arm.ask("PATCH", at, {"operation": "Fly", "properties": {}}).code == "InvalidRequestContent"
    names = {each["tagName"]: each["values"] for each in arm.get(f"{arm.subscription}/tagNames")["value"]}
    assert [each["tagValue"] for each in names["c"]] == ["3"]
    assert arm.ask("DELETE", at).status == 200 and arm.get(at)["properties"]["tags"] == {}
    assert arm.ask("GET", f"{group}-no/providers/Microsoft.Resources/tags/default").status == 404


def test_the_log_tells_what_was_done(arm: Arm) -> None:
    group = arm.make_group()
    arm.done(arm.ask("PUT", f"{group}/providers/{COMPUTE}/disks/d", {"location": "eastus", "properties": {"diskSizeGB": 4, "creationData": {"createOption": "Empty"}}}))
    arm.done(arm.ask("DELETE", f"{group}/providers/{COMPUTE}/disks/d"))
    at, name = f"{arm.subscription}/providers/microsoft.insights/eventtypes/management/values", group.rsplit("/", 1)[-1]
    said = f"eventTimestamp ge '2026-01-01T00:00:00Z' and resourceGroupName eq '{name}'"
    events = arm.get(at, **{"$filter": said})["value"]
    assert [each["operationName"]["value"] for each in events] == [
        f"{COMPUTE}/disks/delete", f"{COMPUTE}/disks/write", "Microsoft.Resources/subscriptions/resourceGroups/write",
    ]  # fmt: skip
    assert {each["status"]["value"] for each in events} == {"Succeeded"}
    assert arm.get(at, **{"$filter": said.replace("ge", "le")})["value"] == []
    assert set(arm.get(at, **{"$filter": said, "$select": "caller,level"})["value"][0]) == {"caller", "level"}
    assert arm.ask("GET", at, **{"$filter": "colour eq 'red'"}).status == 400


def test_a_change_may_be_bound_to_what_is_there(arm: Arm) -> None:
    at = f"{arm.make_group()}/providers/{COMPUTE}/availabilitySets/s"
    body = {"location": "eastus", "sku": {"name": "Aligned"}, "properties": {"platformFaultDomainCount": 2}}
    assert arm.ask("PUT", at, body, headers={"if-match": "*"}).code == "PreconditionFailed"
    assert arm.ask("PUT", at, body, headers={"if-none-match": "*"}).status == 200
    again = arm.ask("PUT", at, body, headers={"if-none-match": "*"})
    assert (again.status, again.code) == (412, "PreconditionFailed")
    tag = arm.ask("GET", at).headers["etag"]
    assert arm.ask("PATCH", at, {"tags": {"a": "b"}}, headers={"if-match": tag}).status == 200
    assert arm.ask("DELETE", at, headers={"if-match": tag}).status == 412
    assert arm.ask("DELETE", at, headers={"if-match": arm.ask("GET", at).headers["etag"]}).status == 200


def test_a_part_of_what_is_not_there_is_refused(arm: Arm) -> None:
    at = f"{arm.make_group()}/providers/{COMPUTE}"
    for path in ("hostGroups/no/hosts/h", "virtualMachineScaleSets/no/extensions/e", "virtualMachines/no/runCommands/c"):
        reply = arm.ask("PUT", f"{at}/{path}", {"location": "eastus", "properties": {}})
        assert (reply.status, reply.code) == (404, "ParentResourceNotFound"), path
        assert arm.ask("DELETE", f"{at}/{path}").status == 204


def test_a_free_disk_is_shared_and_locked_again(arm: Arm) -> None:
    at = f"{arm.make_group()}/providers/{COMPUTE}/disks/d"
    arm.done(arm.ask("PUT", at, {"location": "eastus", "properties": {"diskSizeGB": 4, "creationData": {"createOption": "Empty"}}}))
    told = answered(arm, arm.ask("POST", f"{at}/beginGetAccess", {"access": "Read", "durationInSeconds": 60}))
    assert told["accessSAS"].startswith("https://md-") and arm.get(at)["properties"]["diskState"] == "ActiveSAS"
    arm.done(arm.ask("POST", f"{at}/endGetAccess"))
    assert arm.get(at)["properties"]["diskState"] == "Unattached"
    assert arm.ask("POST", f"{at}/beginGetAccess", {"access": "Read"}).code == "InvalidParameter"


def test_management_groups_and_what_is_in_them(arm: Arm) -> None:
    root, at = arm.graph.estate.tenant_id, "/providers/Microsoft.Management/managementGroups"
    assert root in {each["name"] for each in arm.get(at)["value"]}
    assert arm.ask("PUT", f"{at}/mine", {"properties": {"displayName": "Mine"}}).status == 200
    assert arm.ask("PUT", f"{at}/{root}", {"properties": {"displayName": "Root"}}).status == 200  # which has nothing above it
    subscription = arm.subscription.rsplit("/", 1)[-1]
    before = next(each for each in arm.get(at)["value"] if arm.ask("GET", f"{at}/{each['name']}/subscriptions/{subscription}").status == 200)
    assert arm.ask("PUT", f"{at}/mine/subscriptions/{subscription}").status == 200
    assert [each["name"] for each in arm.get(f"{at}/mine/subscriptions")["value"]] == [subscription]
    assert arm.ask("DELETE", f"{at}/mine").status == 400
    arm.graph.advance(120)
    asked = {"query": "ResourceContainers | where type endswith '/subscriptions' | project subscriptionId", "managementGroups": ["mine"]}
    found = arm.ask("POST", "/providers/Microsoft.ResourceGraph/resources", asked, version="2021-03-01")
    assert [each["subscriptionId"] for each in found.body["data"]] == [subscription]
    assert arm.ask("PUT", f"{at}/{before['name']}/subscriptions/{subscription}").status == 200
    arm.done(arm.ask("DELETE", f"{at}/mine"))


def test_what_the_cloud_as_a_whole_offers(still: Arm) -> None:
    assert {COMPUTE, NETWORK} <= {each["namespace"] for each in still.get("/providers")["value"]}
    assert still.get(f"/providers/{COMPUTE}")["resourceTypes"]
    names = {each["name"] for each in still.get(f"/providers/{COMPUTE}/operations")["value"]}
    assert {f"{COMPUTE}/virtualMachines/read", f"{COMPUTE}/virtualMachines/deallocate/action"} <= names
    assert still.ask("GET", "/providers/Contoso.Nothing").code == "InvalidResourceNamespace"
    art = f"{still.subscription}/providers/{COMPUTE}/locations/eastus/publishers/Microsoft.ManagedServices/artifacttypes/vmextension/types"
    assert "ApplicationHealthLinux" in {each["name"] for each in still.ask("GET", art).body}
    (version,) = still.ask("GET", f"{art}/ApplicationHealthLinux/versions").body
    assert still.get(version["id"])["properties"]["operatingSystem"] == "Linux"


@pytest.mark.parametrize("kind", ["virtualMachines", "virtualMachineScaleSets"])
def test_what_is_in_a_region(still: Arm, kind: str) -> None:
    every = still.get(f"{still.subscription}/providers/{COMPUTE}/{kind}")["value"]
    found = still.get(f"{still.subscription}/providers/{COMPUTE}/locations/EastUS/{kind}", **{"$top": 2})
    told = list(found["value"])
    while "nextLink" in found:
        found = still.get(found["nextLink"])
        told += found["value"]
    assert {each["id"] for each in told} == {each["id"] for each in every if each["location"] == "eastus"}


def test_parts_within_a_document(arm: Arm) -> None:
    group = arm.make_group()
    arm.done(arm.ask("PUT", f"{group}/providers/{NETWORK}/networkSecurityGroups/n", {"location": "eastus", "properties": {}}))
    rules = f"{group}/providers/{NETWORK}/networkSecurityGroups/n/defaultSecurityRules"
    assert "DenyAllInBound" in {each["name"] for each in arm.get(rules)["value"]}
    assert arm.ask("PUT", f"{rules}/DenyAllInBound", {"properties": {}}).status == 405
    space = {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}, "subnets": [{"name": "s", "properties": {"addressPrefix": "10.0.0.0/24"}}]}
    network = f"{group}/providers/{NETWORK}/virtualNetworks/v"
    arm.done(arm.ask("PUT", network, {"location": "eastus", "properties": space}))
    assert arm.get(f"{network}/CheckIPAddressAvailability", ipAddress="10.0.0.9")["available"]
    told = arm.get(f"{network}/CheckIPAddressAvailability", ipAddress="10.0.0.1")
    assert not told["available"] and told["availableIPAddresses"][0] == "10.0.0.4"
    assert arm.ask("GET", f"{network}/CheckIPAddressAvailability", ipAddress="x").status == 400
