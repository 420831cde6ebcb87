"""Credentials that are always at hand: what Azure's clients want of one, and nothing behind it."""

from __future__ import annotations

import time
from typing import Any, NamedTuple


class AccessToken(NamedTuple):
    """A token and the end of its time (Unix seconds), as azure-core has it."""

    token: str
    expires_on: int


class Credential:
    """For sync clients. `token` goes into the Authorization header as it is."""

    def __init__(self, token: str = "lazulite") -> None:
        self._token = token

    def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        return AccessToken(self._token, int(time.time()) + 3600)


class AsyncCredential:
    """For async clients."""

    def __init__(self, token: str = "lazulite") -> None:
        self._token = token

    async def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        return AccessToken(self._token, int(time.time()) + 3600)

    async def close(self) -> None:
        """Nothing to close."""

    async def __aenter__(self) -> AsyncCredential:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()
