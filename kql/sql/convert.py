"""Conversions between KQL types in SQL: one table, used by `tolong()` and its kin and by every silent conversion.

A conversion that fails gives null, never an error (kql-semantics 5). Helpers named kql_… are macros of macros.sql.
"""

from __future__ import annotations

from dataclasses import replace

from kql.forms import JSON, Json, List, Missing, Object, Scalar
from kql.sql import dynamic, quote
from kql.sql.value import Sql, constant, json_path, missing
from kql.types import BOOL, DATETIME, DECIMAL, DYNAMIC, GUID, INT, LONG, NUMBERS, REAL, STRING, TIMESPAN, UNKNOWN, Type

# (from, to) -> SQL of the converted value. A missing pair gives null.
TEMPLATES: dict[tuple[Type, Type], str] = {
    (STRING, BOOL): "kql_string_to_bool({x})",
    (STRING, INT): "kql_string_to_int({x})",
    (STRING, LONG): "kql_string_to_long({x})",
    (STRING, REAL): "kql_string_to_real({x})",
    (STRING, DECIMAL): "kql_string_to_decimal({x})",
    (STRING, DATETIME): "kql_string_to_datetime({x})",
    (STRING, TIMESPAN): "kql_string_to_timespan({x})",
    (STRING, GUID): "kql_string_to_guid({x})",
    (BOOL, STRING): "CASE WHEN {x} THEN 'True' WHEN NOT {x} THEN 'False' END",
    (INT, STRING): "CAST({x} AS VARCHAR)",
    (LONG, STRING): "CAST({x} AS VARCHAR)",
    (REAL, STRING): "kql_real_text({x})",
    (DECIMAL, STRING): "kql_decimal_text({x})",
    (DATETIME, STRING): "kql_datetime_text({x})",
    (TIMESPAN, STRING): "kql_timespan_text({x})",
    (GUID, STRING): "{x}",
    (BOOL, INT): "CAST({x} AS INTEGER)",
    (BOOL, LONG): "CAST({x} AS BIGINT)",
    (BOOL, REAL): "CAST({x} AS DOUBLE)",
    (BOOL, DECIMAL): "CAST(CAST({x} AS INTEGER) AS DECIMAL(1,0))",
    (INT, BOOL): "({x} <> 0)",
    (LONG, BOOL): "({x} <> 0)",
    (REAL, BOOL): "({x} <> 0)",
    (DECIMAL, BOOL): "({x} <> 0)",
    (INT, LONG): "CAST({x} AS BIGINT)",
    (INT, REAL): "CAST({x} AS DOUBLE)",
    (LONG, REAL): "CAST({x} AS DOUBLE)",
    (DECIMAL, REAL): "CAST({x} AS DOUBLE)",
    (INT, DECIMAL): "CAST({x} AS DECIMAL(10,0))",
    (LONG, DECIMAL): "CAST({x} AS DECIMAL(19,0))",
    (REAL, DECIMAL): "TRY_CAST({x} AS DECIMAL(38,12))",
    (LONG, INT): "kql_long_to_int({x})",
    (REAL, INT): "kql_real_to_int({x})",
    (REAL, LONG): "kql_real_to_long({x})",
    (DECIMAL, INT): "kql_real_to_int(CAST({x} AS DOUBLE))",
    (DECIMAL, LONG): "TRY_CAST(trunc({x}) AS BIGINT)",
    (DATETIME, LONG): "{x}",
    (TIMESPAN, LONG): "{x}",
    (DATETIME, REAL): "CAST({x} AS DOUBLE)",
    (TIMESPAN, REAL): "CAST({x} AS DOUBLE)",
    (INT, DATETIME): "kql_ticks_to_datetime(CAST({x} AS BIGINT))",
    (LONG, DATETIME): "kql_ticks_to_datetime({x})",
    (REAL, DATETIME): "kql_ticks_to_datetime(TRY_CAST(trunc({x}) AS BIGINT))",
    (INT, TIMESPAN): "CAST({x} AS BIGINT)",
    (LONG, TIMESPAN): "{x}",
    (REAL, TIMESPAN): "TRY_CAST(trunc({x}) AS BIGINT)",
    (BOOL, DATETIME): "CAST({x} AS BIGINT)",
    (BOOL, TIMESPAN): "CAST({x} AS BIGINT)",
    (DATETIME, TIMESPAN): "{x}",
    (TIMESPAN, DATETIME): "kql_ticks_to_datetime({x})",
}
# From the text of a scalar inside a dynamic, by what the JSON value is.
_FROM_JSON: dict[Type, str] = {
    BOOL: "kql_json_to_bool({x})",
    INT: "kql_json_to_int({x})",
    LONG: "kql_json_to_long({x})",
    REAL: "kql_json_to_real({x})",
    DECIMAL: "kql_json_to_decimal({x})",
    DATETIME: "kql_json_to_datetime({x})",
    TIMESPAN: "kql_json_to_timespan({x})",
    GUID: "kql_json_to_guid({x})",
}
# What is no time or number inside a dynamic, though the type of its leaf is one outside.
_NOT_FROM_JSON = frozenset({(BOOL, DATETIME), (BOOL, TIMESPAN), (BOOL, DECIMAL), (REAL, DATETIME)})
_NEVER_FAILS = frozenset(
    {(source, target) for source in (INT, LONG) for target in (LONG, REAL, DECIMAL, BOOL, INT)}
    | {(BOOL, t) for t in (INT, LONG, REAL, DECIMAL)}
    | {(source, STRING) for source in (*NUMBERS, BOOL, DATETIME, TIMESPAN, GUID)}
)


def convert(value: Sql, target: Type) -> Sql:
    """The value as `target`; unchanged where it is one already."""
    if value.type is target or target is UNKNOWN:
        return value
    if target is DYNAMIC:
        return to_dynamic(value)
    if value.type is DYNAMIC:
        return from_dynamic(value, target)
    if value.constant and value.const is None:
        return missing(target)
    if value.type is GUID and target is STRING and isinstance(value.const, str):
        return constant(value.const, STRING)
    value = value.fetched()
    template = TEMPLATES.get((value.type, target))
    if template is None:
        return missing(target)
    if value.constant and target is REAL and isinstance(value.const, int) and not isinstance(value.const, bool):
        return constant(float(value.const), REAL)
    if isinstance(value.const, str) and target is BOOL:
        # the service reads constants before its engine does, and less strictly than that: blanks may stand around them
        value = constant(value.const.strip(), STRING)
    if isinstance(value.const, float) and target is LONG and not -(2.0**63) <= value.const < 2.0**63:
        return constant(-(2**63), LONG) if value.const == value.const else missing(LONG)  # the same: what its cast gives
    text = value.written
    nullable = value.nullable if (value.type, target) in _NEVER_FAILS else True
    return Sql(template.replace("{x}", text), target, nullable)


def to_dynamic(value: Sql) -> Sql:
    """A scalar as a dynamic that is still held as a plain value where JSON has its kind."""
    if value.type in (STRING, LONG, INT, BOOL, REAL):
        value = value.fetched()
        text = value.written
        return Sql(text, DYNAMIC, value.nullable and value.type is not STRING, Scalar(value.type))
    return dynamic.as_json(value)


def from_dynamic(value: Sql, target: Type) -> Sql:
    """A dynamic as a scalar: what it holds is converted; arrays and bags give null, but their JSON text as a string."""
    if value.borrow is not None and not isinstance(value.form, Json):
        value = value.fetched()
    match value.form:
        case Missing() if value.members is None:
            return missing(target)
        case Scalar(type):
            value = value.fetched()
            held = Sql(value.text, type, value.nullable)
            if target is STRING:
                if type is BOOL:
                    return Sql(f"CAST({held.text} AS VARCHAR)", STRING, value.nullable)
                return held if type is STRING else replace(convert(held, STRING), nullable=value.nullable)
            if type is STRING:
                # NULL stays NULL: a missing property is no empty string here
                template = TEMPLATES.get((STRING, target))
                return missing(target) if template is None else Sql(template.replace("{x}", held.text), target, True)
            return missing(target) if (type, target) in _NOT_FROM_JSON else convert(held, target)
        case Json():
            value = value.fetched()
            if target is STRING:
                path = json_path(value.path) if value.path else "'$'"
                return Sql(f"json_extract_string({value.raw}, {path})", STRING, True)
            return Sql(_FROM_JSON[target].replace("{x}", value.text), target, True)
        case Object() | List() | Missing():
            if target is STRING:
                return Sql(f"CAST({dynamic.as_json(value).text} AS VARCHAR)", STRING, True)
            return missing(target)
    raise AssertionError(f"no form: {value!r}")


def null_test(value: Sql) -> str:
    """SQL that is true where the value is null; strings are never null."""
    value = value.fetched()
    if value.type is STRING or not value.nullable:
        return "FALSE"
    if value.members is not None:
        tests = [null_test(member) for _, member in value.members]
        if value.raw:  # the struct below them may be there, and empty
            tests.insert(0, f"({value.raw} IS NULL)")
        return "(" + " AND ".join(tests) + ")" if tests else "TRUE"
    return f"({value.text} IS NULL)"


__all__ = ["JSON", "convert", "from_dynamic", "null_test", "quote", "to_dynamic"]
