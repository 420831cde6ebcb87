"""Resources by id: read, made, changed, listed, acted upon, deleted; from the truth and from the index."""

from __future__ import annotations

import re

import pytest

from tests.queries.arm.conftest import Arm

SET_2021 = {"location": "eastus", "properties": {"singlePlacementGroup": False, "platformFaultDomainCount": 3, "orchestrationMode": "Flexible"}}


def machine(arm: Arm, group: str, name: str = "vm1", **properties: object) -> str:
    """A machine with its network, made over HTTP; its id."""
    network = f"{group}/providers/Microsoft.Network"
    body = {"location": "eastus", "properties": {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}, "subnets": [{"name": "default", "properties": {"addressPrefix": "10.0.0.0/24"}}]}}
    arm.done(arm.ask("PUT", f"{network}/virtualNetworks/vnet", body))
    nic = f"{network}/networkInterfaces/{name}-nic"
    subnet = {"id": f"{network}/virtualNetworks/vnet/subnets/default"}
    body = {"location": "eastus", "properties": {"ipConfigurations": [{"name": "ip", "properties": {"subnet": subnet}}]}}
    arm.done(arm.ask("PUT", nic, body))
    image = {"publisher": "Canonical", "offer": "0001-com-ubuntu-server-jammy", "sku": "22_04-lts-gen2", "version": "latest"}
    body = {
        "location": "eastus",
        "properties": {
            "hardwareProfile": {"vmSize": "Standard_D2s_v5"},
            "storageProfile": {"imageReference": image, "osDisk": {"createOption": "FromImage"}},
            "osProfile": {"computerName": name, "adminUsername": "azureuser", "adminPassword": "Not-4-real!"},
            "networkProfile": {"networkInterfaces": [{"id": nic}]},
            **properties,
        },
    }
    at = f"{group}/providers/Microsoft.Compute/virtualMachines/{name}"
    reply = arm.ask("PUT", at, body)
    assert reply.status == 201 and reply.body["properties"]["provisioningState"] == "Creating"
    assert arm.done(reply)["status"] == "Succeeded"
    return at


def power(arm: Arm, at: str) -> str:
    codes = [each["code"] for each in arm.get(f"{at}/instanceView")["statuses"]]
    return str(next(code for code in codes if code.startswith("PowerState")))


def test_a_group_is_made_read_in_any_case_changed_and_deleted(arm: Arm) -> None:
    path = f"{arm.subscription}/resourcegroups/My-Group"
    made = arm.ask("PUT", path, {"location": "East US", "tags": {"a": "1"}})
    assert made.status == 201 and made.body["type"] == "Microsoft.Resources/resourceGroups"
    assert arm.ask("PUT", path, {"location": "eastus", "tags": {"a": "1"}}).status == 200
    told = arm.get(path.upper())
    assert (told["name"], told["location"], told["tags"]) == ("My-Group", "eastus", {"a": "1"})
    assert arm.ask("HEAD", path).status == 204 and arm.ask("HEAD", f"{path}2").status == 404
    assert arm.ask("PATCH", path, {"tags": {"b": "2"}}).body["tags"] == {"b": "2"}
    assert path.lower() in {each["id"].lower() for each in arm.get(f"{arm.subscription}/resourcegroups")["value"]}
    gone = arm.ask("DELETE", path)
    assert gone.status == 202 and arm.done(gone)["status"] == "Succeeded"
    assert arm.ask("GET", path).code == "ResourceGroupNotFound"
    assert arm.ask("DELETE", path).status == 204


def test_a_machines_life_over_http(arm: Arm) -> None:
    at = machine(arm, arm.make_group())
    told = arm.get(at)
    assert told["type"] == "Microsoft.Compute/virtualMachines" and told["properties"]["provisioningState"] == "Succeeded"
    assert "adminPassword" not in str(told) and "instanceView" not in told["properties"]
    assert power(arm, at) == "PowerState/running"
    stopped = arm.ask("POST", f"{at}/deallocate")
    assert stopped.status == 202 and stopped.body is None and "location" in stopped.headers
    first = arm.get(stopped.headers["azure-asyncoperation"])
    assert first["status"] == "InProgress" and "endTime" not in first and first["name"] in stopped.headers["location"]
    done = arm.done(stopped)
    assert done["status"] == "Succeeded" and done["startTime"] < done["endTime"]
    assert arm.ask("GET", stopped.headers["location"]).status in (200, 204)
    assert power(arm, at) == "PowerState/deallocated"
    expanded = arm.get(at, **{"$expand": "instanceView"})["properties"]["instanceView"]
    assert expanded["statuses"][1] == {"code": "PowerState/deallocated", "level": "Info", "displayStatus": "VM deallocated"}
    assert arm.done(arm.ask("POST", f"{at}/start"))["status"] == "Succeeded" and power(arm, at) == "PowerState/running"
    assert arm.done(arm.ask("PATCH", at, {"tags": {"env": "test"}}))["status"] == "Succeeded"
    assert arm.get(at)["tags"] == {"env": "test"}
    assert arm.done(arm.ask("DELETE", at))["status"] == "Succeeded" and arm.ask("GET", at).status == 404


def test_the_index_is_read_on_request_and_is_late(arm: Arm) -> None:
    group = arm.make_group()
    at = machine(arm, group)
    late = arm.ask("GET", at, useResourceGraph="true")
    assert late.status == 404 and late.code == "ResourceNotFound"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z", late.headers["x-ms-arg-snapshot-timestamp"])
    arm.graph.advance(60)
    shown = arm.ask("GET", at, useResourceGraph="true")
    assert shown.status == 200 and shown.body["type"] == "Microsoft.Compute/virtualMachines" and shown.body["apiVersion"]
    arm.done(arm.ask("POST", f"{at}/deallocate"))
    listed = f"{group}/providers/Microsoft.Compute/virtualMachines"
    query = {"useResourceGraph": "true", "$expand": "instanceView"}
    (row,) = arm.get(listed, **query)["value"]
    assert "PowerState/running" in str(row["properties"]["instanceView"]) and power(arm, at) == "PowerState/deallocated"
    arm.graph.advance(60)
    (row,) = arm.get(listed, useResourceGraph="true", statusOnly="true")["value"]
    assert "PowerState/deallocated" in str(row["properties"]["instanceView"]) and "hardwareProfile" not in row["properties"]


def test_every_list_from_the_index_is_as_late_as_it_is(arm: Arm) -> None:
    group = arm.make_group()
    disk, name = f"{group}/providers/Microsoft.Compute/disks/d", group.rsplit("/", 1)[-1]
    arm.graph.advance(120)
    arm.done(arm.ask("PUT", disk, {"location": "eastus", "tags": {"k": name}, "properties": {"diskSizeGB": 4, "creationData": {"createOption": "Empty"}}}))
    asked = {"useResourceGraph": "true"}
    lists = (f"{group}/resources", f"{arm.subscription}/resources", f"{arm.subscription}/providers/Microsoft.Compute/disks")
    for path in lists:
        assert disk in [each["id"] for each in arm.get(path)["value"]]
        reply = arm.ask("GET", path, **asked)
        assert reply.status == 200 and "x-ms-arg-snapshot-timestamp" in reply.headers
        assert disk not in [each["id"] for each in reply.body["value"]]
    arm.graph.advance(120)
    for path in lists:
        assert disk in [each["id"] for each in arm.get(path, **asked)["value"]]
    for filtered in (f"tagName eq 'k' and tagValue eq '{name}'", f"resourceGroup eq '{name}' and resourceType eq 'Microsoft.Compute/disks'"):
        found = arm.get(f"{arm.subscription}/resources", **asked, **{"$filter": filtered})["value"]
        assert [each["id"] for each in found] == [disk]


def test_the_index_tells_what_a_machine_does_and_where_it_is(still: Arm) -> None:
    machines = f"{still.subscription}/providers/Microsoft.Compute/virtualMachines"
    every = still.get(machines, useResourceGraph="true")["value"]
    for machine in every[:3]:
        view = still.ask("GET", f"{machine['id']}/instanceView", useResourceGraph="true")
        truth = still.get(f"{machine['id']}/instanceView")
        assert "x-ms-arg-snapshot-timestamp" in view.headers
        assert view.body["statuses"][-1]["code"] == truth["statuses"][-1]["code"]
    place = every[0]["location"]
    there = f"{still.subscription}/providers/Microsoft.Compute/locations/{place}/virtualMachines"
    assert [each["id"] for each in still.get(there, useResourceGraph="true")["value"]] == [each["id"] for each in every if each["location"] == place]
    some = still.get(machines, **{"useResourceGraph": "true", "$skip": 2, "$top": 3})["value"]
    assert [each["id"] for each in some] == [each["id"] for each in every[2:5]]


@pytest.mark.parametrize("path", ["locations", "providers", "providers/Microsoft.Compute", "providers/Microsoft.Compute/skus", "providers/Microsoft.Resources/tags/default", "providers/Microsoft.Resources/deployments"])
def test_what_is_not_in_the_index_is_refused_there(still: Arm, path: str) -> None:
    reply = still.ask("GET", f"{still.subscription}/{path}", useResourceGraph="true")
    assert (reply.status, reply.code) == (422, "ResourceTypeNotSupported")
    assert still.ask("GET", f"{still.subscription}/{path}").status == 200


def test_lists_come_in_pages_and_agree_with_the_index(still: Arm) -> None:
    path = f"{still.subscription}/providers/Microsoft.Compute/virtualMachines"
    for query in ({}, {"useResourceGraph": "true"}):
        whole = [each["id"] for each in still.get(path, **query)["value"]]
        found, page = [], still.get(path, **query, **{"$top": 3})
        while True:
            found += [each["id"] for each in page["value"]]
            if "nextLink" not in page:
                break
            assert len(page["value"]) == 3
            page = still.get(page["nextLink"])
        assert found == whole and len(set(found)) == len(found) > 3
    assert still.ask("GET", path, **{"$skiptoken": "forged!"}).code == "InvalidSkipToken"
    assert still.ask("GET", path, **{"$top": "many"}).status == 400


def test_status_only_tells_no_model(still: Arm) -> None:
    path = f"{still.subscription}/providers/Microsoft.Compute/virtualMachines"
    for each in still.get(path, statusOnly="true", **{"$top": 5})["value"]:
        assert "instanceView" in each["properties"] and "storageProfile" not in each["properties"]


def test_everything_in_a_scope_is_listed(still: Arm) -> None:
    everything = still.get(f"{still.group}/resources")["value"]
    kinds = {each["type"] for each in everything}
    assert len(kinds) > 2 and all(each["id"].lower().startswith(still.group.lower()) for each in everything)
    some = still.get(f"{still.group}/resources", **{"$filter": "resourceType eq 'Microsoft.Compute/disks'"})["value"]
    assert {each["type"] for each in some} <= {"Microsoft.Compute/disks"}
    for odd in ("colour eq 'blue'", "name eq 'x' or name eq 'y'", "name ne 'x'", "name eq x", "name eq 'x' and", "and"):
        refused = still.ask("GET", f"{still.group}/resources", **{"$filter": odd})
        assert refused.code == "InvalidFilterInQueryString" or odd == "name eq 'x' and", odd


def test_a_filter_means_the_same_resources_on_whatever_page(arm: Arm) -> None:
    group = arm.make_group()
    name = group.rsplit("/", 1)[-1]
    for number in range(9):
        body = {"location": "eastus", "tags": {"Team": f"t{number % 3}"}, "properties": {"creationData": {"createOption": "Empty"}, "diskSizeGB": 4}}
        arm.done(arm.ask("PUT", f"{group}/providers/Microsoft.Compute/disks/d{number}", body))

    def found(text: str, at: str = group) -> list[str]:
        names: list[str] = []
        reply = arm.get(f"{at}/resources", **{"$filter": text, "$top": 2})
        while True:
            names += [each["name"] for each in reply["value"]]
            if "nextLink" not in reply:
                return names
            reply = arm.get(reply["nextLink"])

    assert found("name eq 'd8'") == ["d8"]
    assert found("tagName eq 'team' and tagValue eq 't1'") == ["d1", "d4", "d7"]
    assert len(found("tagName eq 'Team'")) == 9 and found("tagName eq 'none'") == []
    assert found("location eq 'eastus' and resourceType eq 'microsoft.compute/DISKS' and name eq 'D3'") == ["d3"]
    assert found("location eq 'westus'") == []
    everywhere = found(f"resourceGroup eq '{name}' and tagname eq 'Team'", arm.subscription)
    assert everywhere == [f"d{number}" for number in range(9)]


def test_a_flexible_set_its_machines_and_the_filter_for_them(arm: Arm) -> None:
    group = arm.make_group()
    at = f"{group}/providers/Microsoft.Compute/virtualMachineScaleSets/demo"
    assert arm.done(arm.ask("PUT", at, SET_2021))["status"] == "Succeeded"
    vm = machine(arm, group, virtualMachineScaleSet={"id": at})
    machine(arm, group, "alone")
    listed = arm.get(f"{at}/virtualMachines")["value"]
    assert len(listed) == 1 and listed[0]["id"].lower() != "" and "hardwareProfile" not in str(listed)
    query = {"$filter": f"'virtualMachineScaleSet/id' eq '{at}'"}
    members = arm.get(f"{group}/providers/Microsoft.Compute/virtualMachines", **query)["value"]
    assert [each["id"] for each in members] == [vm]
    arm.graph.advance(60)
    members = arm.get(f"{group}/providers/Microsoft.Compute/virtualMachines", useResourceGraph="true", **query)["value"]
    assert [each["id"] for each in members] == [vm]
    refused = arm.ask("DELETE", at)
    assert (refused.status, refused.code) == (409, "OperationNotAllowed") and "contains one or more VMs" in refused.message


def test_features_and_providers_are_registered(arm: Arm) -> None:
    at = f"{arm.subscription}/providers/Microsoft.Features/providers/Microsoft.Compute/features/VMOrchestratorMultiFD"
    assert arm.get(at)["properties"]["state"] == "NotRegistered"
    asked = arm.ask("POST", f"{at}/register")
    assert asked.status == 200 and asked.body["properties"]["state"] == "Registering"
    arm.graph.advance(900)
    assert arm.get(at)["properties"]["state"] == "Registered"
    provider = arm.ask("POST", f"{arm.subscription}/providers/Microsoft.Compute/register")
    assert provider.status == 200 and provider.body["registrationState"] == "Registered"
    assert arm.get(f"{arm.subscription}/providers/Microsoft.Compute")["namespace"] == "Microsoft.Compute"
    namespaces = {each["namespace"] for each in arm.get(f"{arm.subscription}/providers")["value"]}
    assert {"Microsoft.Compute", "Microsoft.Network"} <= namespaces
    of_compute = f"{arm.subscription}/providers/Microsoft.Features/providers/Microsoft.Compute/features"
    for path in (of_compute, f"{arm.subscription}/providers/Microsoft.Features/features"):
        states = {each["name"]: each["properties"]["state"] for each in arm.get(path)["value"]}
        assert states["Microsoft.Compute/VMOrchestratorMultiFD"] == "Registered"


def test_types_without_rules_are_kept_as_they_are(arm: Arm) -> None:
    at = f"{arm.make_group()}/providers/Microsoft.Storage/storageAccounts/store1"
    body = {"location": "eastus", "sku": {"name": "Standard_LRS"}, "kind": "StorageV2", "properties": {"accessTier": "Hot", "deep": {"list": [1, {"x": None}]}}}
    assert arm.done(arm.ask("PUT", at, body))["status"] == "Succeeded"
    told = arm.get(at)
    assert told["kind"] == "StorageV2" and told["properties"]["accessTier"] == "Hot"
    assert arm.ask("GET", at.replace("store1", "store2")).code == "ResourceNotFound"


@pytest.mark.parametrize(
    ("path", "version", "code"),
    [("{group}", None, "MissingApiVersionParameter"), ("{group}", "new", "InvalidApiVersionParameter"), ("{group}", "2024-07-01;drop", "InvalidApiVersionParameter")],
)
def test_an_api_version_is_needed(still: Arm, path: str, version: str | None, code: str) -> None:
    reply = still.ask("GET", path.format(group=still.group), version=version)
    assert reply.status == 400 and reply.code == code


def test_any_well_formed_version_will_do(still: Arm) -> None:
    for version in ("2015-06-15", "2026-04-01", "2024-10-01-preview"):
        assert still.ask("GET", still.group, version=version).status == 200


def test_a_group_goes_with_what_is_leaving_it_already(arm: Arm) -> None:
    group = arm.make_group()
    at = machine(arm, group)
    assert arm.ask("DELETE", at).status == 202
    gone = arm.ask("DELETE", group)
    assert gone.status == 202 and arm.done(gone)["status"] == "Succeeded"
    assert arm.ask("GET", at).status == 404 and arm.ask("GET", group).status == 404


@pytest.mark.parametrize(
    ("kind", "status"),
    [("availabilitySets", 200), ("disks", 202), ("snapshots", 202), ("sshPublicKeys", 201)],
)
def test_a_new_resource_is_answered_with_the_status_that_clients_take(arm: Arm, kind: str, status: int) -> None:
    group = arm.make_group()
    body = {"location": "eastus", "properties": {"creationData": {"createOption": "Empty"}, "diskSizeGB": 4} if status == 202 else {}}
    at = f"{group}/providers/Microsoft.Compute/{kind}/x"
    made = arm.ask("PUT", at, body)
    assert made.status == status, made.body
    arm.done(made)
    assert arm.ask("PUT", at, body).status == 200


@pytest.mark.parametrize("text", ["atScope()", "atExactScope()"])
def test_assignments_of_a_scope_are_listed(still: Arm, text: str) -> None:
    for kind in ("roleAssignments", "policyAssignments"):
        at = f"{still.subscription}/providers/Microsoft.Authorization/{kind}"
        assert still.get(at, **{"$filter": text}) == {"value": []}
