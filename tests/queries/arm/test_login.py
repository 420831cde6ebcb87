"""What a client asks before and while it logs in."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from queries.http.settings import ServiceSettings
from tests.queries.arm.conftest import BASE, Arm


def claims(token: str) -> dict[str, Any]:
    middle = token.split(".")[1]
    told: dict[str, Any] = json.loads(base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))
    return told


def test_the_cloud_names_this_server_for_everything(still: Arm) -> None:
    told = still.get("/metadata/endpoints", version="2022-09-01")
    assert told["resourceManager"] == BASE and told["authentication"]["loginEndpoint"] == BASE
    assert told["authentication"]["audiences"] and told["suffixes"]["storage"]
    aliases = still.get(told["vmImageAliasDoc"], version=None)["outputs"]["aliases"]["value"]
    assert aliases["Linux"]["UbuntuLTS"]["publisher"] == "Canonical" and "Win2022Datacenter" in aliases["Windows"]


@pytest.mark.parametrize("version", ["", "/v2.0"])
def test_a_service_principal_finds_the_endpoint_and_gets_a_token(still: Arm, version: str) -> None:
    tenant = still.graph.estate.tenant_id
    found = still.get(f"/{tenant}{version}/.well-known/openid-configuration", version=None)
    assert tenant in found["issuer"]
    form = b"grant_type=client_credentials&client_id=app&client_secret=x&scope=https%3A%2F%2Fmanagement.azure.com%2F%2F.default"
    reply = still.ask("POST", found["token_endpoint"], form, version=None, headers={"content-type": "application/x-www-form-urlencoded"})
    told = claims(reply.body["access_token"])
    assert told["tid"] == tenant and told["appid"] == "app" and told["exp"] > told["iat"] and reply.body["token_type"] == "Bearer"
    assert still.get(found["jwks_uri"], version=None) == {"keys": []}


def test_an_unknown_grant_is_refused_as_entra_does(still: Arm) -> None:
    reply = still.ask("POST", "/common/oauth2/v2.0/token", b"grant_type=magic", version=None, headers={"content-type": "application/x-www-form-urlencoded"})
    assert reply.status == 400 and reply.body["error"] == "unsupported_grant_type"


def test_a_managed_identity_gets_a_token_only_with_its_header(still: Arm) -> None:
    at = "/msi/token"
    assert still.ask("GET", at, version="2019-08-01", resource="https://management.azure.com/").status == 400
    reply = still.ask("GET", at, version="2019-08-01", resource="https://management.azure.com/", headers={"X-IDENTITY-HEADER": "x"})
    assert claims(reply.body["access_token"])["tid"] == still.graph.estate.tenant_id and int(reply.body["expires_on"]) > 0
    imds = still.ask("GET", "/metadata/identity/oauth2/token", version="2018-02-01", resource="r", headers={"Metadata": "true"})
    assert imds.body["resource"] == "r"


def test_subscriptions_tenants_and_regions_are_listed(still: Arm) -> None:
    found = still.get("/subscriptions", version="2022-12-01")["value"]
    assert {each["state"] for each in found} == {"Enabled"} and still.subscription in {each["id"] for each in found}
    assert still.get("/tenants", version="2022-12-01")["value"][0]["tenantId"] == found[0]["tenantId"]
    regions = still.get(f"{still.subscription}/locations", version="2022-12-01")["value"]
    assert "eastus" in {each["name"] for each in regions}


def test_without_the_required_token_nothing_is_told(still: Arm) -> None:
    closed = Arm(still.graph, ServiceSettings(token="secret"))
    for path in ("/metadata/endpoints", "/subscriptions", "/msi/token", f"{still.group}"):
        assert closed.ask("GET", path).status == 401
    opened = closed.ask("GET", still.group, headers={"Authorization": "Bearer secret"})
    assert opened.status == 200 and opened.body["id"] == still.group


def test_offers_are_listed(still: Arm) -> None:
    compute = f"{still.subscription}/providers/Microsoft.Compute"
    sizes = still.get(f"{compute}/locations/eastus/vmSizes")["value"]
    assert {"name", "numberOfCores", "memoryInMB"} <= sizes[0].keys()
    skus = still.get(f"{compute}/skus", **{"$filter": "location eq 'westus'"})["value"]
    assert {each["locations"][0] for each in skus} == {"westus"} and skus[0]["locationInfo"][0]["zones"] == []
    versions = f"{compute}/locations/eastus/publishers/Canonical/artifacttypes/vmimage/offers/UbuntuServer/skus/18.04-LTS/versions"
    newest = still.get(versions, **{"$top": 1, "$orderby": "name desc"})[0]["name"]
    assert still.get(f"{versions}/{newest}")["properties"]["osDiskImage"]["operatingSystem"] == "Linux"
    assert still.get(f"{versions}/latest")["name"] == newest
    assert still.ask("GET", f"{versions}/0.0.0").status == 404
    used = still.get(f"{compute}/locations/eastus/usages")["value"]
    assert {each["name"]["value"] for each in used} == {"cores", "virtualMachines"}
