"""Texts in other clothes: Base64, code points, URL escapes, compressed and Punycode forms."""

from __future__ import annotations

from kql.functions.row import Function, alias, refused, scalar
from kql.functions.template import Each, template


def _row(signature: str, sql: str, doc: str, *examples: str, heavy: bool = False) -> Function:
    return scalar((signature, sql), doc=doc, examples=examples, nulls="custom", heavy=heavy)


# Numbers and arrays of numbers, one after the other, as one text.
_CHARACTERS = template(
    {"value.1": "kql_characters(flatten([{lists}]))", "": "kql_characters({lists})"},
    lists=Each("value", {
        "it is dynamic": "coalesce(list_transform({it:jsons}, lambda e: kql_json_to_long(e)), [])",
        "": "[CAST({it} AS BIGINT)]",
    }),
)  # fmt: skip
_POINTS = _row("unicode_codepoints_from_string(value:text) -> dynamic",
               "to_json(list_transform(range(1, length({value}) + 1), lambda i: unicode(substring({value}, i, 1))))",
               "The Unicode code points of a text as an array.", "tostring(unicode_codepoints_from_string('añ')) == '[97,241]'")

ROWS = (
    _POINTS,
    alias("to_utf8", _POINTS),
    scalar(("unicode_codepoints_to_string(value:int|long|dynamic...) -> string", _CHARACTERS),
           doc="The text of Unicode code points, given as numbers or as arrays of numbers.",
           examples=("unicode_codepoints_to_string(75, 117) == 'Ku'", "unicode_codepoints_to_string(dynamic([97, 241])) == 'añ'"),
           nulls="custom"),
    _row("base64_decode_toarray(base64_string:text) -> dynamic", "kql_bytes_array(kql_base64_hex({base64_string}))",
         "The bytes that a Base64 text holds, as an array of numbers; null for what is no Base64.",
         "tostring(base64_decode_toarray('S3U=')) == '[75,117]'"),
    _row("base64_encode_fromarray(base64_string_decoded_as_array:dynamic) -> string",
         "coalesce(kql_array_base64({base64_string_decoded_as_array:jsons}), '')",
         "An array of bytes (0 to 255) in Base64; empty where an element is none.",
         "base64_encode_fromarray(dynamic([75, 117])) == 'S3U='"),
    _row("base64_decode_toguid(base64_string:text) -> guid", "kql_hex_guid(kql_base64_hex({base64_string}))",
         "The guid whose sixteen bytes a Base64 text holds.",
         "base64_decode_toguid('JpbpECu8dUy7Pv5gbeJXAA==') == guid(10e99626-bc2b-4c75-bb3e-fe606de25700)"),
    _row("base64_encode_fromguid(guid:guid) -> string", "coalesce(base64(unhex(kql_guid_hex({guid}))), '')",
         "A guid's sixteen bytes in Base64.",
         "base64_encode_fromguid(guid(10e99626-bc2b-4c75-bb3e-fe606de25700)) == 'JpbpECu8dUy7Pv5gbeJXAA=='"),
    _row("isascii(value:text) -> bool", "regexp_full_match({value}, '[\\x00-\\x7F]*')", "Whether a text has only ASCII characters.",
         "isascii('abc')", "not(isascii('añ'))"),
    _row("isutf8(value:text) -> bool", "({value} IS NOT NULL)", "Whether a text is valid UTF-8; every text of this engine is.",
         "isutf8('añ')"),
    _row("punycode_from_string(string:text) -> string", "kql_puny_encoded({string})", "A text in Punycode.",
         "punycode_from_string('académie-française') == 'acadmie-franaise-npb1a'", heavy=True),
    _row("punycode_to_string(string:text) -> string", "kql_puny_decoded({string})", "The text that Punycode stands for; empty for what is none.",
         "punycode_to_string('acadmie-franaise-npb1a') == 'académie-française'", heavy=True),
    _row("punycode_domain_from_string(string:text) -> string", "kql_puny_domain_read({string})",
         "A domain's name as it is read: parts that begin with xn-- out of Punycode.", "punycode_domain_from_string('xn--cqv902d.com') == '艺术.com'", heavy=True),
    _row("punycode_domain_to_string(string:text) -> string", "kql_puny_domain_written({string})",
         "A domain's name in ASCII: its parts in Punycode where they are not.", "punycode_domain_to_string('艺术.com') == 'xn--cqv902d.com'", heavy=True),
    refused("__lz4_compress_dynamic_array_to_base64_string", "DuckDB's SQL cannot compress bytes"),
)  # fmt: skip
