"""tostring, tolong and their kin: each is the conversion of kql.sql.convert, made explicit. Failure gives null."""

from __future__ import annotations

from kql.forms import Json
from kql.functions.row import Function, alias, scalar
from kql.sql import dynamic
from kql.sql.convert import convert
from kql.sql.value import Arguments, Sql, constant
from kql.types import BOOL, DATETIME, DECIMAL, DYNAMIC, GUID, INT, LONG, REAL, STRING, TIMESPAN, Type


def _to(name: str, target: Type, doc: str, *examples: str, nulls: str = "custom") -> Function:
    def sql(arguments: Arguments) -> Sql:
        value = arguments[0]
        if target is STRING and value.constant and isinstance(value.const, str) and value.type in (STRING, GUID):
            return constant(value.const, STRING)
        return convert(value, target)

    return scalar(
        (f"{name}(value:Scalar) -> {target.value}", sql), doc=doc, examples=examples, nulls=nulls, naming="first"
    )


def _parse_json(arguments: Arguments) -> Sql:
    value = arguments[0]
    if value.type is DYNAMIC:
        form = value.form
        if isinstance(form, Json) and value.borrow is None:
            # a property that is itself JSON text is parsed, anything else is already what it is
            text = dynamic.as_json(value).text
            return Sql(
                f"CASE WHEN json_type({text}) = 'VARCHAR' THEN kql_parse(kql_text({text})) ELSE {text} END",
                DYNAMIC,
                True,
                Json(),
            )
        from kql.forms import Scalar

        if isinstance(form, Scalar) and form.type is STRING:
            return Sql(f"kql_parse({value.text})", DYNAMIC, True, Json())
        return value
    return Sql(f"kql_parse({value.string})", DYNAMIC, True, Json())


_TODOUBLE = _to("todouble", REAL, "The value as a real.", "todouble('1.5') == 1.5", "isnull(todouble('x'))")
_PARSE_JSON = scalar(
    ("parse_json(json_text:StringOrDynamic) -> dynamic", _parse_json),
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
