"""The server's side of a connection: uvicorn's protocol, with limits on what a client may make it wait for.

uvicorn bounds neither the time nor the size of a request's head, nor how long an answer may lie unread; here all three
are bounded, and what is no HTTP at all is refused in Azure's form.
"""

from __future__ import annotations

import asyncio
import json

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from queries.http.gathering import GatheringTransport

HEAD_SECONDS = 10.0
MAX_HEAD = 64 * 1024
UNREAD_SECONDS = 20.0


class GuardedProtocol(HttpToolsProtocol):
    """One connection. The limits are class attributes, to be set by a subclass."""

    head_seconds = HEAD_SECONDS
    max_head = MAX_HEAD
    unread_seconds = UNREAD_SECONDS

    _deadline: asyncio.TimerHandle | None = None
    _drain: asyncio.TimerHandle | None = None
    _gathering: GatheringTransport
    _head = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._gathering = GatheringTransport(transport, self.loop)
        super().connection_made(self._gathering)  # type: ignore[arg-type]
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._head_is_here()
        if self._drain is not None:
            self._drain.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._deadline is not None:
            self._head += len(data)
            if self._head > self.max_head:
                self._refuse(431, "Request Header Fields Too Large", "RequestHeaderFieldsTooLarge")

    def on_message_begin(self) -> None:
        if self._deadline is None:
            self._expect_head()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._head_is_here()
        super().on_headers_complete()

    def on_response_complete(self) -> None:
        self._gathering.flush()
        super().on_response_complete()
        if self._drain is None and self.transport.get_write_buffer_size():
            self._drain = self.loop.call_later(self.unread_seconds, self._check_drain, self._gathering.taken)

    def send_400_response(self, msg: str) -> None:
        self._refuse(400, "Bad Request", "BadRequest", msg)

    def _check_drain(self, before: int) -> None:
        """An answer of which nothing was read for a while is given up, and its memory with it."""
        taken, self._drain = self._gathering.taken, None
        if not self.transport.get_write_buffer_size():
            return
        if taken == before:
            self.transport.abort()
        else:
            self._drain = self.loop.call_later(self.unread_seconds, self._check_drain, taken)

    def _expect_head(self) -> None:
        self._head = 0
        self._deadline = self.loop.call_later(self.head_seconds, self._too_slow)

    def _head_is_here(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _too_slow(self) -> None:
        self._deadline = None
        self._refuse(408, "Request Timeout", "RequestTimeout", "The head of the request was not sent in time.")

    def _refuse(self, status: int, phrase: str, code: str, message: str = "") -> None:
        self._head_is_here()
        if self.transport.is_closing():
            return
        error = {"error": {"code": code, "message": message or f"{phrase}."}}
        content = json.dumps(error, separators=(",", ":")).encode()
        head = (
            f"HTTP/1.1 {status} {phrase}\r\ncontent-type: application/json; charset=utf-8\r\n"
            f"content-length: {len(content)}\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + content)
        self.transport.close()
