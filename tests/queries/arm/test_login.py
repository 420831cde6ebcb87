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


SECRET = "open sesame"
FORM = {"content-type": "application/x-www-form-urlencoded"}


@pytest.fixture
def closed(still: Arm) -> Arm:
    """The same estate behind a required token."""
    return Arm(still.graph, ServiceSettings(token=SECRET))


def test_without_the_required_token_nothing_is_told(closed: Arm) -> None:
    for path in ("/subscriptions", "/tenants", "/msi/token", "/metadata/identity/oauth2/token", "/common/oauth2/devicecode",
                 "/lazulite/health", "/lazulite/clock", "/lazulite/explorer/library", "/", "/nowhere", closed.group):
        for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic b3BlbiBzZXNhbWU="}, {"Metadata": "true"}, {"X-IDENTITY-HEADER": "x"}):
            reply = closed.ask("GET", path, headers=headers)
            assert (reply.status, reply.code, reply.headers["www-authenticate"]) == (401, "AuthenticationFailed", "Bearer")
    opened = closed.ask("GET", closed.group, headers={"Authorization": f"Bearer {SECRET}"})
    assert opened.status == 200 and opened.body["id"] == closed.group


def test_what_is_public_tells_nothing_of_the_estate(closed: Arm) -> None:
    """Whatever a stranger may read names no tenant, no subscription, no group."""
    facts = [closed.graph.estate.tenant_id, closed.subscription.rsplit("/", 1)[-1], closed.group.rsplit("/", 1)[-1]]
    public = [
        "/metadata/endpoints", "/lazulite/images.json", "/common/.well-known/openid-configuration", "/x/v2.0/.well-known/openid-configuration",
        "/common/discovery/instance", "/common/discovery/keys", "/lazulite/page/explorer.js", "/lazulite/page/index.html",
    ]  # fmt: skip
    for path in public:
        reply = closed.ask("GET", path)
        assert reply.status == 200, path
        assert not [fact for fact in facts if fact.encode() in reply.raw], path
    page = closed.ask("GET", "/", headers={"accept": "text/html,application/xhtml+xml"})
    assert page.status == 401 and page.raw.startswith(b"<!doctype html>")
    assert closed.ask("GET", "/lazulite/page/..%2fapp.py").status == 404


@pytest.mark.parametrize("grant", ["client_credentials&client_id=app&client_secret", "password&username=me&password", "refresh_token&refresh_token"])
def test_the_required_token_is_the_secret_of_whoever_logs_in(closed: Arm, grant: str) -> None:
    at = "/common/oauth2/v2.0/token"
    for wrong in ("wrong", "", SECRET + "x", "a.b.c"):
        reply = closed.ask("POST", at, f"grant_type={grant}={wrong}".encode(), version=None, headers=FORM)
        assert (reply.status, reply.body["error"]) == (401, "invalid_client")
    issued = closed.ask("POST", at, f"grant_type={grant}={SECRET.replace(' ', '+')}".encode(), version=None, headers=FORM)
    token = issued.body["access_token"]
    assert SECRET not in token and claims(token)["tid"] == closed.graph.estate.tenant_id
    assert closed.ask("GET", closed.group, headers={"Authorization": f"Bearer {token}"}).status == 200
    if "refresh_token" in issued.body:
        again = f"grant_type=refresh_token&refresh_token={issued.body['refresh_token']}".encode()
        assert closed.ask("POST", at, again, version=None, headers=FORM).status == 200


def test_grants_without_a_secret_are_refused(closed: Arm) -> None:
    for grant in ("authorization_code&code=x", "device_code&device_code=lazulite", "client_credentials&client_assertion=e30.e30.x"):
        reply = closed.ask("POST", "/common/oauth2/v2.0/token", f"grant_type={grant}".encode(), version=None, headers=FORM)
        assert (reply.status, reply.body["error"]) == (401, "invalid_client")


def test_a_secret_may_come_in_the_head(closed: Arm) -> None:
    shown = base64.b64encode(f"app:{SECRET}".encode()).decode()
    form = b"grant_type=client_credentials"
    reply = closed.ask("POST", "/common/oauth2/token", form, version=None, headers={**FORM, "Authorization": f"Basic {shown}"})
    assert reply.status == 200
    reply = closed.ask("POST", "/common/oauth2/token", form, version=None, headers={**FORM, "Authorization": "Basic \u00fc"})
    assert reply.status == 401


@pytest.mark.parametrize("claim", [{"exp": 9e12}, {"exp": "never"}, {}, {"exp": -1}])
def test_forged_tokens_are_refused(closed: Arm, claim: dict[str, Any]) -> None:
    from queries.http.access_tokens import packed

    head = packed({"typ": "JWT", "alg": "none"})
    for forged in (f"{head}.{packed(claim)}.", f"{head}.{packed(claim)}.{packed(claim)}", f"{head}..", ".", "a.b.c", "...", "\u00ff.x.y"):
        assert closed.ask("GET", closed.group, headers={"Authorization": f"Bearer {forged}"}).status == 401


def test_a_managed_identity_shows_the_required_token_in_its_header(closed: Arm) -> None:
    reply = closed.ask("GET", "/msi/token", version="2019-08-01", resource="https://management.azure.com/", headers={"X-IDENTITY-HEADER": SECRET})
    token = reply.body["access_token"]
    assert closed.ask("GET", closed.group, headers={"Authorization": f"Bearer {token}"}).status == 200


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
