"""What a client learns of this cloud before it logs in: its endpoints, and the short names of images for `az vm create`."""

from __future__ import annotations

from typing import Any

from starlette.routing import BaseRoute

from queries.http.arm.asking import Answer, Ask, route
from queries.http.arm.catalogue import IMAGES
from queries.http.service import Service

CLOUD = "Lazulite"
AUDIENCE = "https://management.azure.com/"
ALIASES = "/lazulite/images.json"
ANY_TENANT = "common"
"""What stands for the tenant where it is not told."""


def endpoints(base: str, tenant: str) -> dict[str, Any]:
    """The document of `/metadata/endpoints`: every endpoint is this server."""
    return {
        "name": CLOUD,
        "portal": base,
        "authentication": {
            "loginEndpoint": base,
            "audiences": [AUDIENCE, base],
            "tenant": tenant,
            "identityProvider": "AAD",
        },
        "resourceManager": base,
        "graphAudience": base,
        "microsoftGraphResourceId": base,
        "graph": base,
        "gallery": base,
        "batch": base,
        "media": base,
        "sqlManagement": base,
        "vmImageAliasDoc": f"{base}{ALIASES}",
        "activeDirectoryDataLake": base,
        "logAnalyticsResourceId": base,
        "suffixes": {
            "storage": "core.local",
            "keyVaultDns": "vault.local",
            "sqlServerHostname": "database.local",
            "acrLoginServer": "azurecr.local",
            "mysqlServerEndpoint": "mysql.database.local",
            "postgresqlServerEndpoint": "postgres.database.local",
            "mariadbServerEndpoint": "mariadb.database.local",
            "azureDataLakeStoreFileSystem": "azuredatalakestore.local",
            "azureDataLakeAnalyticsCatalogAndJob": "azuredatalakeanalytics.local",
        },
    }


def routes(service: Service) -> list[BaseRoute]:
    """The endpoints of the cloud and the aliases of images."""

    def metadata(ask: Ask) -> Answer:
        closed = service.settings.token is not None
        return Answer(endpoints(ask.base, ANY_TENANT if closed else service.graph.estate.tenant_id))

    def aliases(ask: Ask) -> Answer:
        by_system: dict[str, dict[str, Any]] = {}
        for image in IMAGES:
            if image.alias:
                by_system.setdefault(image.system, {})[image.alias] = {
                    "publisher": image.publisher, "offer": image.offer, "sku": image.sku, "version": "latest",
                    "architecture": "x64",
                }  # fmt: skip
        return Answer({"outputs": {"aliases": {"type": "object", "value": by_system}}})

    return [
        route(service, "/metadata/endpoints", metadata, public=True),
        route(service, ALIASES, aliases, versioned=False, public=True),  # the az CLI asks for it without a token
    ]
