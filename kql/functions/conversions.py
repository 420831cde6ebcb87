"""tostring, tolong and their kin: each is the conversion of kql.sql.convert, made explicit. Failure gives null."""

from __future__ import annotations

from kql.functions.row import Function, alias, scalar
from kql.types import BOOL, DATETIME, DECIMAL, GUID, INT, LONG, REAL, STRING, TIMESPAN, Type


def _to(name: str, target: Type, doc: str, *examples: str, nulls: str = "custom") -> Function:
    return scalar(
        (f"{name}(value:Scalar) -> {target.value}", f"{{value:{target.value}}}"), doc=doc, examples=examples, nulls=nulls, naming="first"
    )


_PARSED = {
    "json_text is string": "kql_parse({json_text})",
    "json_text is plain_string": "kql_parse({json_text:plain})",
    # a property that is itself JSON text is parsed, anything else is already what it is
    "json_text is json and json_text is not borrowed":
        "CASE WHEN json_type({json_text:json}) = 'VARCHAR' THEN kql_parse(kql_text({json_text:json})) ELSE {json_text:json} END",
    "": "{json_text:itself}",
}  # fmt: skip
_TODOUBLE = _to("todouble", REAL, "The value as a real.", "todouble('1.5') == 1.5", "isnull(todouble('x'))")
_PARSE_JSON = scalar(
    ("parse_json(json_text:StringOrDynamic) -> dynamic", _PARSED),
    doc="A JSON text as a dynamic value; a text that is no JSON becomes a dynamic text, an empty one null.",
    examples=("parse_json('{\"a\": [1, 2]}').a[1] == 2", "tostring(parse_json('no json')) == 'no json'", "isnull(parse_json(''))"),
    nulls="custom",
    naming="first",
)  # fmt: skip

ROWS = (
    _to("tostring", STRING, "The value as text; null gives the empty text.", "tostring(1.0) == '1.0'",
        "tostring(true) == 'True'", "tostring(int(null)) == ''", nulls="total"),
    _to("toint", INT, "The value as a 32-bit integer.", "toint('42') == 42", "isnull(toint('4.2'))"),
    _to("tolong", LONG, "The value as a 64-bit integer; of a datetime or timespan its ticks.", "tolong('0xFF') == 255",
        "tolong(-2.7) == -2"),
    _TODOUBLE,
    alias("toreal", _TODOUBLE, hidden=False),
    alias("tofloat", _TODOUBLE),
    _to("todecimal", DECIMAL, "The value as a decimal.", "todecimal('1.50') == decimal(1.5)"),
    _to("tobool", BOOL, "The value as a bool: 'true', 'false', or a number.", "tobool('TRUE')", "isnull(tobool('yes'))"),
    alias("toboolean", _to("tobool", BOOL, "The value as a bool.")),
    _to("todatetime", DATETIME, "The value as a datetime, read as UTC.", "todatetime('2020-01-02T03:04:05Z') == datetime(2020-01-02 03:04:05)",
        "isnull(todatetime('x'))"),
    _to("totimespan", TIMESPAN, "The value as a timespan.", "totimespan('1.02:00:00') == 26h"),
    alias("totime", _to("totimespan", TIMESPAN, "The value as a timespan.")),
    _to("toguid", GUID, "The value as a guid.", "isnull(toguid('x'))"),
    _PARSE_JSON,
    alias("todynamic", _PARSE_JSON, hidden=False),
    alias("parsejson", _PARSE_JSON),
    alias("toobject", _PARSE_JSON),
)  # fmt: skip
