"""A server that asks for a token, and how Microsoft's own clients bring it: as it is, as a secret, as an identity's header."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from queries.http.settings import ServiceSettings
from tests.clients.conftest import Running, running

pytest.importorskip("azure.mgmt.resource.resources", reason="the extra `clients` is not installed")
pytestmark = [
    # of the SDKs' own making
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]

SECRET = "open-sesame"


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    yield from running(tmp_path_factory.mktemp("closed"), settings=ServiceSettings(token=SECRET))


class Shown:
    """A credential that shows one text, whatever it is asked for."""

    def __init__(self, text: str) -> None:
        self._text = text

    def get_token(self, *scopes: str, **_: Any) -> Any:
        from azure.core.credentials import AccessToken

        return AccessToken(self._text, int(time.time()) + 3600)


def rows(service: Running, credential: Any) -> int:
    """How many resources a client sees, and that Resource Manager lets the same client in."""
    from azure.mgmt.resource.resources import ResourceManagementClient
    from azure.mgmt.resourcegraph import ResourceGraphClient
    from azure.mgmt.resourcegraph.models import QueryRequest

    given: dict[str, Any] = {"base_url": service.url, "connection_verify": str(service.ca), "credential_scopes": ["https://management.azure.com/.default"]}
    with ResourceGraphClient(credential, **given) as client:
        found = client.resources(QueryRequest(query="resources | count")).data[0]["Count"]
    with ResourceManagementClient(credential, service.subscription, **given) as client:
        assert list(client.resource_groups.list())
    return int(found)


def principal(service: Running, secret: str) -> Any:
    from azure.identity import ClientSecretCredential

    return ClientSecretCredential(
        service.graph.estate.tenant_id, "app", secret, authority=service.url, disable_instance_discovery=True,
        connection_verify=str(service.ca),
    )  # fmt: skip


def refused() -> type[Exception]:
    from azure.core.exceptions import ClientAuthenticationError

    return ClientAuthenticationError


def test_the_token_as_it_is(closed: Running) -> None:
    assert rows(closed, Shown(SECRET)) > 0
    with pytest.raises(refused()):
        rows(closed, Shown("wrong"))


def test_the_token_as_the_secret_of_a_service_principal(closed: Running) -> None:
    with principal(closed, SECRET) as credential:
        assert rows(closed, credential) > 0
    with principal(closed, "wrong") as credential, pytest.raises(refused(), match="AADSTS7000215"):
        rows(closed, credential)


def test_the_token_as_the_header_of_a_managed_identity(closed: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    from azure.identity import ManagedIdentityCredential

    monkeypatch.setenv("IDENTITY_ENDPOINT", f"{closed.url}/msi/token")
    monkeypatch.setenv("IDENTITY_HEADER", SECRET)
    with ManagedIdentityCredential(connection_verify=str(closed.ca)) as credential:
        assert rows(closed, credential) > 0
    monkeypatch.setenv("IDENTITY_HEADER", "wrong")
    with ManagedIdentityCredential(connection_verify=str(closed.ca)) as credential, pytest.raises(refused()):
        rows(closed, credential)
