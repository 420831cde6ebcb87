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


class Identity:
    """Discovery and tokens under every tenant, and the endpoints of managed identities."""

    def __init__(self, service: Service) -> None:
        self._key, self._wanted = service.key, service.settings.token
        self._tenant_id = service.graph.estate.tenant_id
        self._told_id = self._tenant_id if self._wanted is None else ANY_TENANT

    def _tenant_of(self, ask: Ask, default: str) -> str:
        named = ask.names.get("tenant", "")
        return named if len(named) == 36 else default

    def discovery(self, ask: Ask) -> Answer:
        at = f"{ask.base}/{self._tenant_of(ask, self._told_id)}"
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

    def keys(self, ask: Ask) -> Answer:
        return Answer({"keys": []})

    def instances(self, ask: Ask) -> Answer:
        host = ask.base.split("://", 1)[1]
        found = f"{ask.base}/{self._told_id}/v2.0/.well-known/openid-configuration"
        names = [{"preferred_network": host, "preferred_cache": host, "aliases": [host]}]
        return Answer({"tenant_discovery_endpoint": found, "api-version": "1.1", "metadata": names})

    def issued(self, ask: Ask) -> Answer:
        form = ask.form()
        if form.get("grant_type") not in _GRANTS:
            told = f"AADSTS70003: The app requested an unsupported grant type '{form.get('grant_type', '')[:100]}'."
            return Answer({"error": "unsupported_grant_type", "error_description": told}, 400)
        client = form.get("client_id") or form.get("username") or "lazulite"
        if self._wanted is not None and not any(_opens(self._key, self._wanted, each) for each in _shown(form, ask.headers)):
            told = "AADSTS7000215: Invalid client secret provided: this server asks for the token that it was started with."
            return Answer({"error": "invalid_client", "error_description": told}, 401)
        scope = form.get("scope", "")
        audience = form.get("resource") or next((word for word in scope.split() if word.startswith("http")), AUDIENCE)
        tenant = self._tenant_of(ask, self._tenant_id)
        made = issue(self._key, f"{ask.base}/{tenant}/", tenant, audience.removesuffix("/.default"), client)
        answer = {"token_type": "Bearer", "expires_in": LIFETIME, "ext_expires_in": LIFETIME, "access_token": made}
        if "openid" in scope or form["grant_type"] not in ("client_credentials",):
            id_token = issue(self._key, f"{ask.base}/{tenant}/v2.0", tenant, client, client)
            who = {"uid": str(uuid.uuid5(uuid.NAMESPACE_OID, client)), "utid": tenant}
            answer |= {"id_token": id_token, "refresh_token": made, "scope": scope, "client_info": packed(who)}
        return Answer(answer, headers={"Cache-Control": "no-store"})

    def device_code(self, ask: Ask) -> Answer:
        at = f"{ask.base}/lazulite/health"
        return Answer(
            {"device_code": "lazulite", "user_code": "LAZULITE", "verification_uri": at, "expires_in": 900,
             "interval": 1, "message": "Nothing needs to be typed: this server lets everybody in."}
        )  # fmt: skip

    def managed_identity(self, ask: Ask) -> Answer:
        if "x-identity-header" not in ask.headers and ask.headers.get("metadata", "").lower() != "true":
            raise ArmError(400, "BadRequest", "The header 'Metadata: true' or 'X-IDENTITY-HEADER' is required.")
        resource = ask.query.get("resource", AUDIENCE)
        client = ask.query.get("client_id") or ask.query.get("clientid") or "managed-identity"
        made = issue(self._key, f"{ask.base}/{self._tenant_id}/", self._tenant_id, resource, client)
        ends = str(int(time.time()) + LIFETIME)
        return Answer(
            {"access_token": made, "expires_on": ends, "expires_in": str(LIFETIME), "not_before": "0",
             "resource": resource, "token_type": "Bearer", "client_id": client}
        )  # fmt: skip


def routes(service: Service) -> list[BaseRoute]:
    """Where each of them is asked for."""
    identity = Identity(service)

    def added(path: str, handler: Handler, methods: tuple[str, ...], public: bool) -> ArmRoute:
        return route(service, path, handler, methods, versioned=False, public=public)

    get, post = ("GET",), ("POST",)
    return [
        added("/{tenant}/.well-known/openid-configuration", identity.discovery, get, True),
        added("/{tenant}/v2.0/.well-known/openid-configuration", identity.discovery, get, True),
        added("/common/discovery/instance", identity.instances, get, True),
        added("/{tenant}/discovery/keys", identity.keys, get, True),
        added("/{tenant}/discovery/v2.0/keys", identity.keys, get, True),
        added("/{tenant}/oauth2/token", identity.issued, post, True),
        added("/{tenant}/oauth2/v2.0/token", identity.issued, post, True),
        added("/{tenant}/oauth2/devicecode", identity.device_code, post, False),
        added("/{tenant}/oauth2/v2.0/devicecode", identity.device_code, post, False),
        added("/msi/token", identity.managed_identity, get, False),  # the edge reads its header
        added("/metadata/identity/oauth2/token", identity.managed_identity, get, False),
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
