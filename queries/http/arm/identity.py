"""Logging in: OpenID discovery and tokens for service principals, device codes and managed identities.

Everybody is let in, unless the service was told to ask for a token (`ServiceSettings.token`): then that one is the secret
or the password of whoever logs in, and what is public here tells nothing of the estate, not even its tenant.
"""

from __future__ import annotations

import base64
import contextlib
import hmac
import time
import uuid
from collections.abc import Mapping

from starlette.routing import BaseRoute

from queries.http.access_tokens import LIFETIME, is_issued, issue, packed
from queries.http.arm.asking import Answer, Ask, Handler, route
from queries.http.arm.cloud import ANY_TENANT, AUDIENCE
from queries.http.arm_error import ArmError
from queries.http.routing import ArmRoute
from queries.http.service import Service

_GRANTS = ("client_credentials", "password", "refresh_token", "authorization_code", "urn:ietf:params:oauth:grant-type:"
           "device_code", "device_code")  # fmt: skip


def routes(service: Service) -> list[BaseRoute]:
    """Discovery and tokens under every tenant, and the endpoints of managed identities."""
    wanted = service.settings.token
    tenant_id = service.graph.estate.tenant_id
    told_id = tenant_id if wanted is None else ANY_TENANT

    def tenant_of(ask: Ask, default: str) -> str:
        named = ask.names.get("tenant", "")
        return named if len(named) == 36 else default

    def discovery(ask: Ask) -> Answer:
        at = f"{ask.base}/{tenant_of(ask, told_id)}"
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
        found = f"{ask.base}/{told_id}/v2.0/.well-known/openid-configuration"
        names = [{"preferred_network": host, "preferred_cache": host, "aliases": [host]}]
        return Answer({"tenant_discovery_endpoint": found, "api-version": "1.1", "metadata": names})

    def issued(ask: Ask) -> Answer:
        form = ask.form()
        if form.get("grant_type") not in _GRANTS:
            told = f"AADSTS70003: The app requested an unsupported grant type '{form.get('grant_type', '')[:100]}'."
            return Answer({"error": "unsupported_grant_type", "error_description": told}, 400)
        client = form.get("client_id") or form.get("username") or "lazulite"
        if wanted is not None and not any(_opens(service.key, wanted, each) for each in _shown(form, ask.headers)):
            told = "AADSTS7000215: Invalid client secret provided: this server asks for the token that it was started with."
            return Answer({"error": "invalid_client", "error_description": told}, 401)
        scope = form.get("scope", "")
        audience = form.get("resource") or next((word for word in scope.split() if word.startswith("http")), AUDIENCE)
        tenant = tenant_of(ask, tenant_id)
        made = issue(service.key, f"{ask.base}/{tenant}/", tenant, audience.removesuffix("/.default"), client)
        answer = {"token_type": "Bearer", "expires_in": LIFETIME, "ext_expires_in": LIFETIME, "access_token": made}
        if "openid" in scope or form["grant_type"] not in ("client_credentials",):
            id_token = issue(service.key, f"{ask.base}/{tenant}/v2.0", tenant, client, client)
            who = {"uid": str(uuid.uuid5(uuid.NAMESPACE_OID, client)), "utid": tenant}
            answer |= {"id_token": id_token, "refresh_token": made, "scope": scope, "client_info": packed(who)}
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
        made = issue(service.key, f"{ask.base}/{tenant_id}/", tenant_id, resource, client)
        ends = str(int(time.time()) + LIFETIME)
        return Answer(
            {"access_token": made, "expires_on": ends, "expires_in": str(LIFETIME), "not_before": "0",
             "resource": resource, "token_type": "Bearer", "client_id": client}
        )  # fmt: skip

    def added(path: str, handler: Handler, methods: tuple[str, ...], public: bool) -> ArmRoute:
        return route(service, path, handler, methods, versioned=False, public=public)

    get, post = ("GET",), ("POST",)
    return [
        added("/{tenant}/.well-known/openid-configuration", discovery, get, True),
        added("/{tenant}/v2.0/.well-known/openid-configuration", discovery, get, True),
        added("/common/discovery/instance", instances, get, True),
        added("/{tenant}/discovery/keys", keys, get, True),
        added("/{tenant}/discovery/v2.0/keys", keys, get, True),
        added("/{tenant}/oauth2/token", issued, post, True),
        added("/{tenant}/oauth2/v2.0/token", issued, post, True),
        added("/{tenant}/oauth2/devicecode", device_code, post, False),
        added("/{tenant}/oauth2/v2.0/devicecode", device_code, post, False),
        added("/msi/token", managed_identity, get, False),  # the edge reads its header
        added("/metadata/identity/oauth2/token", managed_identity, get, False),
    ]


def _shown(form: Mapping[str, str], headers: Mapping[str, str]) -> list[str]:
    """The secrets that a request for a token brings, wherever a client may put one."""
    found = [form[name] for name in ("client_secret", "password", "refresh_token") if name in form]
    scheme, _, given = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        with contextlib.suppress(ValueError):
            found.append(base64.b64decode(given).decode().partition(":")[2])
    return found


def _opens(key: bytes, wanted: str, given: str) -> bool:
    """Whether it is the token that the service asks for, or one that was issued for that."""
    secret = given.encode("utf-8", "replace")
    return hmac.compare_digest(secret, wanted.encode()) or is_issued(key, secret)
