"""The application as a transport adapter of `requests`, the library under most Python clients of Azure."""

from __future__ import annotations

import io
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import requests
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict
from urllib3 import HTTPResponse

from queries.inprocess.loopback import Loopback

_PHRASES = {status.value: status.phrase for status in HTTPStatus}


class LazuliteAdapter(BaseAdapter):
    """Mount it on a session for the addresses that the application is to answer."""

    def __init__(self, loopback: Loopback) -> None:
        super().__init__()
        self._loopback = loopback

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: bool | str = True,
        cert: bytes | str | tuple[bytes | str, bytes | str] | None = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """The application's answer; nothing leaves the process, so that what concerns connections has no meaning."""
        assert request.url is not None and request.method is not None
        headers = [(_text(name), _text(value)) for name, value in request.headers.items()]
        reply = self._loopback.request(request.method, request.url, headers, _content(request.body))
        response = requests.Response()
        response.status_code = reply.status
        response.headers = CaseInsensitiveDict(reply.headers)
        response.url, response.request = request.url, request
        response.reason = _PHRASES.get(reply.status, "")
        response.encoding = "utf-8"
        response.raw = HTTPResponse(
            io.BytesIO(reply.content), headers=dict(reply.headers), status=reply.status, preload_content=False
        )
        return response

    def close(self) -> None:
        """Nothing to give back: the application outlives its sessions."""


def _text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def _content(body: Any) -> bytes:
    if body is None:
        return b""
    if isinstance(body, str):
        return body.encode()
    if isinstance(body, bytes):
        return body
    return bytes(body.read() if hasattr(body, "read") else b"".join(body))
