"""Hashes of texts, and names that are drawn at random."""

from __future__ import annotations

from kql.functions.row import Function, refused, scalar
from kql.functions.template import template


def _hash(name: str, sql: str, doc: str, example: str) -> Function:
    return scalar((f"{name}(source:text) -> string", f"CASE WHEN {{source}} = '' THEN '' ELSE {sql} END"), doc=doc, examples=(example,), nulls="custom")


# Texts are hashed as UTF-8, numbers, datetimes and timespans as eight bytes, anything else as its text.
# A modulus is applied to the unsigned number, so that the remainder lies between 0 and it.
_HASHED = template(
    {"mod": "CAST({number} % CAST(nullif(greatest({mod}, 0), 0) AS UHUGEINT) AS BIGINT)", "": "kql_signed({number})"},
    number={"source is integer or datetime or timespan": "kql_xx_number({source})", "": "kql_xx_text({source:string})"},
)

ROWS = (
    _hash("hash_md5", "md5({source})", "The MD5 of a text in hexadecimal.", "hash_md5('abc') == '900150983cd24fb0d6963f7d28e17f72'"),
    _hash("hash_sha1", "sha1({source})", "The SHA-1 of a text in hexadecimal.",
          "hash_sha1('abc') == 'a9993e364706816aba3e25717850c26c9cd0d89d'"),
    _hash("hash_sha256", "sha256({source})", "The SHA-256 of a text in hexadecimal.", "strlen(hash_sha256('abc')) == 64"),
    scalar(("new_guid() -> guid", "CAST(uuid() AS VARCHAR)"), doc="A guid drawn at random.", examples=("isnotempty(tostring(new_guid()))",),
           nulls="total", volatile=True),
    scalar(("hash(source:typed, mod:Integer?) -> long", _HASHED),
           doc="The xxHash64 of a value as a number; with a modulus, the remainder of it.",
           examples=("hash('World') == 1846988464401551951", "hash('World', 100) == 51", "hash('a') % 8 == hash(tolower('A')) % 8"),
           nulls="custom"),
    scalar(("hash_xxhash64(source:typed, mod:Integer?) -> long", _HASHED),
           doc="The xxHash64 of a value as a number; with a modulus, the remainder of it.",
           examples=("hash_xxhash64('World') == 1846988464401551951",), nulls="custom"),
    refused("hash_many", "how Kusto combines the hashes is not published"),
    refused("hash_combine", "how Kusto combines the hashes is not published"),
    refused("hash_crc32", "DuckDB has no CRC-32"),
)  # fmt: skip
