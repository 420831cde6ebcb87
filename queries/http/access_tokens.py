"""Access tokens that the service issues: JSON web tokens with the claims that Azure's clients look at, signed with its key."""

from __future__ import annotations

import base64
import hmac
import json
import time
import uuid
from typing import Any

LIFETIME = 86_400
"""Seconds for which a token is valid."""


def issue(key: bytes, issuer: str, tenant: str, audience: str, client: str) -> str:
    """A token for a client, valid from now on."""
    now = int(time.time())  # a fact of the exchange between two computers, not of the estate
    claims = {
        "aud": audience, "iss": issuer, "iat": now, "nbf": now, "exp": now + LIFETIME, "tid": tenant, "appid": client,
        "oid": str(uuid.uuid5(uuid.NAMESPACE_OID, f"principal:{client}")), "sub": client, "ver": "1.0",
        "idtyp": "app", "name": client, "preferred_username": client, "unique_name": client,
        "xms_mirid": f"/subscriptions/none/providers/Microsoft.ManagedIdentity/{client}",
    }  # fmt: skip
    signed = f"{packed({'typ': 'JWT', 'alg': 'HS256', 'kid': 'lazulite'})}.{packed(claims)}"
    signature = hmac.digest(key, signed.encode(), "sha256")
    return f"{signed}.{_in_base64(signature)}"


def is_issued(key: bytes, token: bytes) -> bool:
    """Whether a token carries the signature of this key, and its time has not run out."""
    signed, _, signature = token.rpartition(b".")
    try:
        if not hmac.compare_digest(_unpacked(signature), hmac.digest(key, signed, "sha256")):
            return False
        ends = json.loads(_unpacked(signed.partition(b".")[2]))["exp"]
    except (ValueError, KeyError, TypeError):
        return False
    return isinstance(ends, int | float) and time.time() < ends


def packed(value: dict[str, Any]) -> str:
    """A part of a token: JSON in base64 for addresses, without its padding."""
    return _in_base64(json.dumps(value).encode())


def _in_base64(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).decode().rstrip("=")


def _unpacked(part: bytes) -> bytes:
    return base64.urlsafe_b64decode(part + b"=" * (-len(part) % 4))
