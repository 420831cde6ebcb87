"""Skip tokens: where the next page begins, signed, so that only what this server gave out is taken back."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import struct
from dataclasses import dataclass, replace

from queries.http.resource_graph.request import QueryRequest, refuse

_FORM = struct.Struct(">BQH?Q16s")
_VERSION = 1


@dataclass(frozen=True, slots=True)
class Place:
    """A page of `top` rows from row `skip` on; `seed` has drawn the order of the rows, where the service shuffles."""

    skip: int
    top: int
    seed: int | None = None


def question(query: str, scope: object) -> bytes:
    """What a token belongs to: the same query over the same scope."""
    return hashlib.sha256(f"{scope!r}\0{query}".encode("utf-8", "surrogatepass")).digest()[:16]


def wanted(key: bytes, request: QueryRequest, asked: bytes, first: Place) -> Place:
    """The page that a request wants: that of its token, or else the first; its own `$skip` and `$top` go before. Raises
    Refused as `read` does."""
    at = first if request.skip_token is None else read(key, request.skip_token, asked)
    skip = at.skip if request.skip is None else request.skip
    return replace(at, skip=skip, top=at.top if request.top is None else request.top)


def write(key: bytes, place: Place, asked: bytes) -> str:
    """A token for a page of a question."""
    content = _FORM.pack(_VERSION, place.skip, place.top, place.seed is not None, place.seed or 0, asked)
    return base64.urlsafe_b64encode(content + _seal(key, content)).decode()


def read(key: bytes, token: str, asked: bytes) -> Place:
    """The page that a token stands for. Raises Refused for one that is forged, damaged or of another question."""
    try:
        raw = base64.b64decode(token, altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if base64.urlsafe_b64encode(raw).decode() != token:  # other texts may stand for the same bytes
        raw = b""
    content, seal = raw[: _FORM.size], raw[_FORM.size :]
    if len(content) != _FORM.size or not hmac.compare_digest(seal, _seal(key, content)):
        refuse("The skip token is not valid. Use the token of the previous response as it is.", "InvalidSkipToken")
    version, skip, top, drawn, seed, of = _FORM.unpack(content)
    if version != _VERSION or of != asked:
        refuse("The skip token belongs to another query or other scopes.", "InvalidSkipToken")
    return Place(skip, top, seed if drawn else None)


def _seal(key: bytes, content: bytes) -> bytes:
    return hmac.digest(key, content, "sha256")[:16]
