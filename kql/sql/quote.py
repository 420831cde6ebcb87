"""The only way by which a text from a query reaches SQL: as a quoted literal or a quoted name."""

from __future__ import annotations

import decimal
import math

from kql.types import BOOL, DECIMAL, DYNAMIC, INT, LONG, REAL, STRING, Type

# The SQL type that holds each KQL type; datetime and timespan are counts of 100 ns ticks, exact where the service is.
SQL_TYPES: dict[Type, str] = {
    BOOL: "BOOLEAN",
    INT: "INTEGER",
    LONG: "BIGINT",
    REAL: "DOUBLE",
    DECIMAL: "DECIMAL(38,12)",
    STRING: "VARCHAR",
    Type.DATETIME: "BIGINT",
    Type.TIMESPAN: "BIGINT",
    Type.GUID: "VARCHAR",
    DYNAMIC: "JSON",
    Type.TYPE: "VARCHAR",
    Type.UNKNOWN: "VARCHAR",
}

MOST_DECIMAL = decimal.Decimal(10) ** 26
"""The first number that a column of decimals does not hold."""


def text(value: str) -> str:
    """A string literal. A zero character, which SQL text cannot hold, is spelled with chr(0)."""
    quoted = value.replace("'", "''")
    if "\0" in quoted:
        return "(" + " || chr(0) || ".join(f"'{piece}'" for piece in quoted.split("\0")) + ")"
    return f"'{quoted}'"


def name(identifier: str) -> str:
    """A quoted identifier."""
    return '"' + identifier.replace('"', '""').replace("\0", "") + '"'


def literal(value: object, type: Type) -> str:
    """A constant of a KQL type; None is a null of that type."""
    sql_type = SQL_TYPES[type]
    if value is None:
        return f"CAST(NULL AS {sql_type})"
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        if math.isnan(value):
            return "CAST('NaN' AS DOUBLE)"
        if math.isinf(value):
            return f"CAST('{'-' if value < 0 else ''}Infinity' AS DOUBLE)"
        return f"CAST('{value!r}' AS DOUBLE)" if value == 0 else f"CAST({value!r} AS DOUBLE)"  # as a number -0.0 would lose its sign
    if isinstance(value, decimal.Decimal):
        return decimal_literal(value)
    if isinstance(value, int):
        # A bare number would mean a column's position in GROUP BY, and would not be 64 bits wide.
        return f"CAST({value} AS {sql_type})"
    if type is DYNAMIC:
        return f"CAST({text(str(value))} AS JSON)"
    return text(str(value))


def decimal_literal(value: decimal.Decimal) -> str:
    """A decimal with as many digits and places as it was written with, 38 digits at most.

    No wider than that: where decimals meet, the engine keeps the digits before the point and gives up places for them.
    """
    _, digits, exponent = value.as_tuple()
    places = min(max(0, -exponent) if isinstance(exponent, int) else 0, 37)
    whole = max(len(digits) + (exponent if isinstance(exponent, int) else 0), 1)
    return f"CAST('{value:f}' AS DECIMAL({min(whole + places, 38)},{places}))"
