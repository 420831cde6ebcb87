"""Packed texts: gzip and zlib. They are worked out while the query is compiled, so the text must be a constant.

The engine's SQL has no loop over bytes that could do it row by row.
"""

from __future__ import annotations

import base64
import binascii
import struct
import zlib
from collections.abc import Callable

from kql.functions.row import Function, scalar
from kql.sql.value import Arguments, Sql, constant
from kql.types import STRING

MAX_UNPACKED = 16 * 2**20  # bytes that a text may unpack to: a small one may hold very many
_GZIP, _ZLIB = 31, 15  # window sizes that tell zlib which header to expect


def _gzip(text: str) -> str:
    """As the service packs short texts: one stored block behind a header without a time."""
    data = text.encode()
    packer = zlib.compressobj(0, zlib.DEFLATED, -15)
    body = packer.compress(data) + packer.flush()
    head = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
    return base64.b64encode(head + body + struct.pack("<II", zlib.crc32(data), len(data) & 0xFFFFFFFF)).decode()


def _zlib(text: str) -> str:
    return base64.b64encode(zlib.compress(text.encode(), 0)).decode()


def _unpacker(window: int) -> Callable[[str], str]:
    def unpacked(text: str) -> str:
        try:
            reader = zlib.decompressobj(window)
            data = reader.decompress(base64.b64decode(text, validate=True), MAX_UNPACKED)
            return data.decode() if reader.eof else ""
        except (zlib.error, binascii.Error, ValueError):
            return ""

    return unpacked


def _row(signature: str, compute: Callable[[str], str], doc: str, *examples: str) -> Function:
    name = signature.split("(")[0]

    def sql(arguments: Arguments) -> Sql:
        value = arguments[0]
        if isinstance(value.const, str):
            return constant(compute(value.const), STRING)
        return Sql(f"CAST(error('{name}() takes a text that is written in the query') AS VARCHAR)", STRING, True)

    return scalar((f"{signature} -> string", sql), doc=doc + " The text must be a constant.", examples=examples, nulls="custom")


ROWS = (
    _row("gzip_compress_to_base64_string(string:string <Constant>)", _gzip, "A text in a gzip container in Base64; it is stored there, not squeezed.",
         "gzip_decompress_from_base64_string(gzip_compress_to_base64_string('abc')) == 'abc'"),
    _row("gzip_decompress_from_base64_string(string:string <Constant>)", _unpacker(_GZIP), "The text that a gzip container in Base64 holds; empty where it is none.",
         "gzip_decompress_from_base64_string('x') == ''"),
    _row("zlib_compress_to_base64_string(string:string <Constant>)", _zlib, "A text in a zlib container in Base64; it is stored there, not squeezed.",
         "zlib_decompress_from_base64_string(zlib_compress_to_base64_string('abc')) == 'abc'"),
    _row("zlib_decompress_from_base64_string(string:string <Constant>)", _unpacker(_ZLIB), "The text that a zlib container in Base64 holds; empty where it is none.",
         "zlib_decompress_from_base64_string('eJwLSS0uUSguKcrMS1cwNDIGACxqBQ4=') == 'Test string 123'"),
)  # fmt: skip
