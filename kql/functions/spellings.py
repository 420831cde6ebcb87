"""Names that KQL has replaced by others and still reads: old name to the one in use."""

from __future__ import annotations

OLD: dict[str, str] = {
    "argmax": "arg_max",
    "argmin": "arg_min",
    "array_strcat": "strcat_array",
    "base64_decodestring": "base64_decode_tostring",
    "make_string": "unicode_codepoints_to_string",
    "parseurl": "parse_url",
    "parseurlquery": "parse_urlquery",
}
