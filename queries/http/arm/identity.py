"""Logging in: OpenID discovery and tokens for service principals, device codes and managed identities. Everybody is let in.

Tokens are signed with the service's key and valid for a day. Whoever wants to keep others out gives the service a token of
its own (`ServiceSettings.token`), which the edge asks for.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
import uuid
from typing import Any

from starlette.routing import BaseRoute

from queries.http.arm.asking import Answer, Ask, route
from queries.http.arm.cloud import AUDIENCE
from queries.http.arm_error import ArmError
from queries.http.service import Service

LIFETIME = 86_400
"""Seconds for which a token is valid."""
_GRANTS = ("client_credentials", "password", "refresh_token", "authorization_code", "urn:ietf:params:oauth:grant-type:"
           "device_code", "device_code")  # fmt: skip


def token(key: bytes, issuer: str, tenant: str, audience: str, client: str) -> str:
    """A signed JSON web token with the claims that Azure's clients look at."""
    now = int(time.time())  # a fact of the exchange between two computers, not of the estate
    claims = {
        "aud": audience, "iss": issuer, "iat": now, "nbf": now, "exp": now + LIFETIME, "tid": tenant, "appid": client,
        "oid": str(uuid.uuid5(uuid.NAMESPACE_OID, f"principal:{client}")), "sub": client, "ver": "1.0",
        "idtyp": "app", "name": client, "preferred_username": client, "unique_name": client,
        "xms_mirid": f"/subscriptions/none/providers/Microsoft.ManagedIdentity/{client}",
    }  # fmt: skip
    signed = f"{_packed({'typ': 'JWT', 'alg': 'HS256', 'kid': 'lazulite'})}.{_packed(claims)}"
    signature = hmac.new(key, signed.encode(), hashlib.sha256).digest()
    return f"{signed}.{base64.urlsafe_b64encode(signature).decode().rstrip('=')}"


def _packed(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def routes(service: Service) -> list[BaseRoute]:
    """Discovery and tokens under every tenant, and the endpoints of managed identities."""
    tenant_id = service.graph.estate.tenant_id

    def tenant_of(ask: Ask) -> str:
        named = ask.names.get("tenant", "")
        return named if len(named) == 36 else tenant_id

    def discovery(ask: Ask) -> Answer:
        at = f"{ask.base}/{tenant_of(ask)}"
        version = "/v2.0" if "/v2.0/" in ask.path.lower() else ""
        return Answer(
            {
                "issuer": f"{at}{version}",
                "authorization_endpoint": f"{at}/oauth2{version}/authorize",
                "token_endpoint": f"{at}/oauth2{version}/token",
                "device_authorization_endpoint": f"{at}/oauth2{version}/devicecode",
                "jwks_uri": f"{at}/discovery{version}/keys",
                "response_types_supported": ["code", "id_token", "code id_token"],
                "response_modes_supported": ["query", "fragment", "form_post"],
                "subject_types_supported": ["pairwise"],
                "id_token_signing_alg_values_supported": ["HS256"],
                "scopes_supported": ["openid", "profile", "email", "offline_access"],
                "token_endpoint_auth_methods_supported": [
                    "client_secret_post",
                    "client_secret_basic",
                    "private_key_jwt",
                ],
                "claims_supported": ["sub", "iss", "aud", "exp", "iat", "tid", "oid", "appid"],
                "tenant_region_scope": None,
                "cloud_instance_name": ask.base.split("://", 1)[1],
            }
        )

    def keys(ask: Ask) -> Answer:
        return Answer({"keys": []})

    def instances(ask: Ask) -> Answer:
        host = ask.base.split("://", 1)[1]
        found = f"{ask.base}/{tenant_id}/v2.0/.well-known/openid-configuration"
        names = [{"preferred_network": host, "preferred_cache": host, "aliases": [host]}]
        return Answer({"tenant_discovery_endpoint": found, "api-version": "1.1", "metadata": names})

    def issued(ask: Ask) -> Answer:
        form = ask.form()
        if form.get("grant_type") not in _GRANTS:
            told = f"AADSTS70003: The app requested an unsupported grant type '{form.get('grant_type', '')[:100]}'."
            return Answer({"error": "unsupported_grant_type", "error_description": told}, 400)
        client = form.get("client_id") or form.get("username") or "lazulite"
        scope = form.get("scope", "")
        audience = form.get("resource") or next((word for word in scope.split() if word.startswith("http")), AUDIENCE)
        tenant = tenant_of(ask)
        made = token(service.key, f"{ask.base}/{tenant}/", tenant, audience.removesuffix("/.default"), client)
        answer = {"token_type": "Bearer", "expires_in": LIFETIME, "ext_expires_in": LIFETIME, "access_token": made}
        if "openid" in scope or form["grant_type"] not in ("client_credentials",):
            id_token = token(service.key, f"{ask.base}/{tenant}/v2.0", tenant, client, client)
            who = {"uid": str(uuid.uuid5(uuid.NAMESPACE_OID, client)), "utid": tenant}
            answer |= {"id_token": id_token, "refresh_token": "lazulite", "scope": scope, "client_info": _packed(who)}
        return Answer(answer, headers={"Cache-Control": "no-store"})

    def device_code(ask: Ask) -> Answer:
        at = f"{ask.base}/lazulite/health"
        return Answer(
            {"device_code": "lazulite", "user_code": "LAZULITE", "verification_uri": at, "expires_in": 900,
             "interval": 1, "message": "Nothing needs to be typed: this server lets everybody in."}
        )  # fmt: skip

    def managed_identity(ask: Ask) -> Answer:
        if "x-identity-header" not in ask.headers and ask.headers.get("metadata", "").lower() != "true":
            raise ArmError(400, "BadRequest", "The header 'Metadata: true' or 'X-IDENTITY-HEADER' is required.")
        resource = ask.query.get("resource", AUDIENCE)
        client = ask.query.get("client_id") or ask.query.get("clientid") or "managed-identity"
        made = token(service.key, f"{ask.base}/{tenant_id}/", tenant_id, resource, client)
        ends = str(int(time.time()) + LIFETIME)
        return Answer(
            {"access_token": made, "expires_on": ends, "expires_in": str(LIFETIME), "not_before": "0",
             "resource": resource, "token_type": "Bearer", "client_id": client}
        )  # fmt: skip

    get, post = ("GET",), ("POST",)
    listed = [
        ("/{tenant}/.well-known/openid-configuration", discovery, get),
        ("/{tenant}/v2.0/.well-known/openid-configuration", discovery, get),
        ("/common/discovery/instance", instances, get),
        ("/{tenant}/discovery/keys", keys, get),
        ("/{tenant}/discovery/v2.0/keys", keys, get),
        ("/{tenant}/oauth2/token", issued, post),
        ("/{tenant}/oauth2/v2.0/token", issued, post),
        ("/{tenant}/oauth2/devicecode", device_code, post),
        ("/{tenant}/oauth2/v2.0/devicecode", device_code, post),
        ("/msi/token", managed_identity, get),
        ("/metadata/identity/oauth2/token", managed_identity, get),
    ]
    return [route(service, path, handler, methods, versioned=False) for path, handler, methods in listed]
