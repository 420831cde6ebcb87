"""How many queries each user has left in the window that runs: the service's throttling, imitated."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from queries.http.settings import Quota

MOST_USERS = 10_000


@dataclass(frozen=True, slots=True)
class Standing:
    """What a user has left after a query: `refused` where there was nothing left for it."""

    remaining: int
    resets_after: float
    refused: bool

    def headers(self) -> dict[str, str]:
        """As the service tells it with every answer."""
        seconds = math.ceil(self.resets_after)
        return {
            "x-ms-ratelimit-remaining-tenant-resource-requests": str(self.remaining),
            "x-ms-user-quota-remaining": str(self.remaining),
            "x-ms-user-quota-resets-after": f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}",
        }


class Quotas:
    """The windows of all users. The real time counts: a client that waits does so on its own clock."""

    def __init__(self, quota: Quota, now: Callable[[], float] = time.monotonic) -> None:
        self._quota = quota
        self._now = now
        self._windows: OrderedDict[str, tuple[float, int]] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, user: str) -> Standing:
        """Count one query of a user, if there is one left."""
        quota, now = self._quota, self._now()
        with self._lock:
            begun, used = self._windows.pop(user, (now, 0))
            if now - begun >= quota.seconds:
                begun, used = now, 0
            refused = used >= quota.queries
            used = used if refused else used + 1
            self._windows[user] = (begun, used)
            while len(self._windows) > MOST_USERS:
                self._windows.popitem(last=False)
        return Standing(quota.queries - used, quota.seconds - (now - begun), refused)


def user_of(authorization: str | None) -> str:
    """Who asks: the object id in an access token, so that a new token is the same user; else the token itself."""
    token = (authorization or "").removeprefix("Bearer ").strip()
    parts = token.split(".")
    if len(parts) == 3:
        try:
            claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
            found = claims.get("oid") or claims.get("appid")
            if isinstance(found, str):
                return found
        except (binascii.Error, ValueError, AttributeError, RecursionError):
            pass
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
