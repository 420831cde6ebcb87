"""Hashes of texts, and names that are drawn at random."""

from __future__ import annotations

from kql.functions.row import Function, refused, scalar


def _hash(name: str, sql: str, doc: str, example: str) -> Function:
    return scalar((f"{name}(source:text) -> string", f"CASE WHEN {{source}} = '' THEN '' ELSE {sql} END"), doc=doc, examples=(example,), nulls="custom")


ROWS = (
    _hash("hash_md5", "md5({source})", "The MD5 of a text in hexadecimal.", "hash_md5('abc') == '900150983cd24fb0d6963f7d28e17f72'"),
    _hash("hash_sha1", "sha1({source})", "The SHA-1 of a text in hexadecimal.",
          "hash_sha1('abc') == 'a9993e364706816aba3e25717850c26c9cd0d89d'"),
    _hash("hash_sha256", "sha256({source})", "The SHA-256 of a text in hexadecimal.", "strlen(hash_sha256('abc')) == 64"),
    scalar(("new_guid() -> guid", "CAST(uuid() AS VARCHAR)"), doc="A guid drawn at random.", examples=("isnotempty(tostring(new_guid()))",),
           nulls="total", volatile=True),
    scalar(("hash(source:text, mod:Integer) -> long",
            "CAST(CAST(md5_number_lower({source}) % CAST({mod} AS UBIGINT) AS BIGINT) AS BIGINT)"),
           ("hash(source:text) -> long", "kql_wrap(CAST(md5_number_lower({source}) AS HUGEINT))"),
           doc="A number that spreads texts evenly. Not Kusto's xxHash64: equal texts agree, but the numbers are this engine's own.",
           examples=("hash('a') == hash('a')", "hash('a', 8) < 8"), nulls="custom"),
    refused("hash_xxhash64", "DuckDB has no xxHash64 with Kusto's seed"),
    refused("hash_many", "it combines xxHash64 numbers, which this engine does not make"),
    refused("hash_combine", "it combines xxHash64 numbers, which this engine does not make"),
    refused("hash_crc32", "DuckDB has no CRC-32"),
)  # fmt: skip
