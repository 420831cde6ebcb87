"""Arithmetic: + - * / % and the signs. Longs wrap around, integer division truncates, a remainder is never negative."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kql.functions.row import infix
from kql.functions.template import Template, template
from kql.sql.value import Arguments, Sql, constant
from kql.types import DECIMAL, INTEGERS, LONG, REAL

if TYPE_CHECKING:
    from kql.functions.row import Code

_NUMERIC = "int|long|real|decimal"


def _wrapping(sign: str) -> Code:
    """Integer arithmetic in 128 bits, wrapped to 64; two ints cannot leave 64 bits."""

    def sql(arguments: Arguments) -> Sql | str:
        left, right = arguments[0], arguments[1]
        if left.type in INTEGERS and right.type in INTEGERS:
            if isinstance(left.const, int) and isinstance(right.const, int):
                value = _fold(sign, left.const, right.const)
                return constant((value + 2**63) % 2**64 - 2**63, LONG)
            return f"kql_wrap(CAST({left.text} AS HUGEINT) {sign} {right.text})"
        if arguments.result is DECIMAL:
            return f"TRY({arguments.text(0)} {sign} {arguments.text(1)})"
        return f"({left.text} {sign} {right.text})"

    return sql


def _fold(sign: str, left: int, right: int) -> int:
    return left + right if sign == "+" else left - right if sign == "-" else left * right


_DIVIDE = {
    "result is int or long and right is constant and right is not 0 or -1": "({left} // {right})",
    "result is int or long": "CASE {right} WHEN 0 THEN NULL WHEN -1 THEN kql_wrap(-CAST({left} AS HUGEINT)) ELSE {left} // nullif({right}, 0) END",
    "result is real": "kql_divide({left}, {right})",
    "": "TRY(kql_decimal_divide({left}, {right}))",
}


def remainder(left: str, right: str) -> dict[str, str]:
    """The remainder of integers that is never negative; plainly where the divisor is a constant that allows it."""
    return {
        f"{right} is positive": f"((({{{left}}}) % {{{right}:bare}}) + {{{right}:bare}}) % {{{right}:bare}}",
        "": f"kql_modulo({{{left}}}, {{{right}}})",
    }


_REMAINDER = {
    "result is decimal": "TRY((({left} % nullif({right}, 0)) + abs({right})) % abs(nullif({right}, 0)))",
    "result is real": "(({left} % {right}) + CASE WHEN ({left} % {right}) < 0 THEN abs({right}) ELSE 0 END)",
    **remainder("left", "right"),
}


def _scaled(span: str, number: str) -> dict[str, str]:
    """A timespan times a number."""
    return {
        f"{number} is integer": f"kql_wrap(CAST({{{span}}} AS HUGEINT) * {{{number}}})",
        "": f"TRY_CAST(trunc({{{span}}} * CAST({{{number}}} AS DOUBLE)) AS BIGINT)",
    }


def _negative(arguments: Arguments) -> Sql | str:
    value = arguments[0]
    return constant(-value.const, REAL) if isinstance(value.const, float) else f"(-{value.text})"


_ADD = "kql_wrap(CAST({left} AS HUGEINT) + {right})"
_DATED = "kql_ticks_to_datetime(CAST({left} AS HUGEINT) + {right})"


def _dynamic(sign: str) -> Template:
    """Null where a side is no number."""
    return template(f"kql_number_json(kql_json_to_real({{left}}) {sign} kql_json_to_real({{right}}))", null=True)


ROWS = (
    infix(
        ("+(left:Number, right:Number) -> Widest", _wrapping("+")),
        ("+(left:timespan, right:timespan) -> timespan", _ADD),
        ("+(left:datetime, right:timespan) -> datetime", _DATED),
        ("+(left:timespan, right:datetime) -> datetime", _DATED),
        ("+(left:dynamic, right:dynamic) -> dynamic", _dynamic("+")),
        doc="Sum. Two integers give a long, which wraps around; a datetime and a timespan give a datetime.",
        examples=("1 + 1 == 2", "9223372036854775807 + 1 == -9223372036854775807 - 1",
                  "datetime(2020-01-01) + 1d == datetime(2020-01-02)"),
    ),
    infix(
        ("-(left:Number, right:Number) -> Widest", _wrapping("-")),
        ("-(left:timespan, right:timespan) -> timespan", "kql_wrap(CAST({left} AS HUGEINT) - {right})"),
        ("-(left:datetime, right:datetime) -> timespan", "({left} - {right})"),
        ("-(left:datetime, right:timespan) -> datetime", "kql_ticks_to_datetime(CAST({left} AS HUGEINT) - {right})"),
        ("-(left:timespan, right:datetime) -> datetime", "kql_ticks_to_datetime(CAST({left} AS HUGEINT) - {right})"),
        ("-(left:dynamic, right:dynamic) -> dynamic", _dynamic("-")),
        doc="Difference. Two datetimes give a timespan.",
        examples=("3 - 5 == -2", "datetime(2020-01-02) - datetime(2020-01-01) == 1d"),
    ),
    infix(
        ("*(left:Number, right:Number) -> Widest", _wrapping("*")),
        (f"*(left:timespan, right:{_NUMERIC}) -> timespan", _scaled("left", "right")),
        (f"*(left:{_NUMERIC}, right:timespan) -> timespan", _scaled("right", "left")),
        ("*(left:dynamic, right:dynamic) -> dynamic", _dynamic("*")),
        doc="Product.",
        examples=("6 * 7 == 42", "2 * 1h == 2h", "2.5 * 2 == 5.0"),
    ),
    infix(
        ("/(left:Number, right:Number) -> Widest", _DIVIDE),
        ("/(left:timespan, right:timespan) -> real", "kql_divide(CAST({left} AS DOUBLE), CAST({right} AS DOUBLE))"),
        (f"/(left:timespan, right:{_NUMERIC}) -> timespan",
         "TRY_CAST(trunc({left} / nullif(CAST({right} AS DOUBLE), 0)) AS BIGINT)"),
        ("/(left:datetime, right:datetime) -> real", "kql_divide(CAST({left} AS DOUBLE), CAST({right} AS DOUBLE))"),
        ("/(left:datetime, right:timespan) -> real", "kql_divide(CAST({left} AS DOUBLE), CAST({right} AS DOUBLE))"),
        ("/(left:dynamic, right:dynamic) -> dynamic", _dynamic("/")),
        doc="Quotient. Integers truncate toward zero and give null for a divisor of 0; reals give infinity or NaN.",
        examples=("-7 / 2 == -3", "isnull(1 / 0)", "1.0 / 4 == 0.25", "1h / 30m == 2.0", "decimal(1) / 3 == decimal(0.333333333333333333)"),
        nulls="custom",
    ),
    infix(
        ("%(left:Number, right:Number) -> Widest", _REMAINDER),
        ("%(left:timespan, right:timespan) -> timespan", remainder("left", "right")),
        ("%(left:datetime, right:datetime) -> timespan", remainder("left", "right")),
        ("%(left:datetime, right:timespan) -> timespan", remainder("left", "right")),
        ("%(left:dynamic, right:dynamic) -> dynamic", _dynamic("%")),
        doc="Remainder, never negative.",
        examples=("-5 % 3 == 1", "5 % -3 == 2", "-7.5 % 2 == 0.5"),
        nulls="custom",
    ),
    infix(
        ("negate(operand:Integer) -> long", "kql_wrap(-CAST({operand} AS HUGEINT))"),
        ("negate(operand:real|decimal) -> Parameter0", _negative),
        ("negate(operand:timespan) -> timespan", "kql_wrap(-CAST({operand} AS HUGEINT))"),
        ("negate(operand:dynamic) -> dynamic", template("kql_number_json(-kql_json_to_real({operand}))", null=True)),
        doc="The sign -, as in -x.",
        examples=("-(1 + 1) == -2",),
    ),
    infix(
        ("plus(operand:Summable) -> Parameter0", "{operand}"),
        ("plus(operand:dynamic) -> dynamic", "{operand}"),
        doc="The sign +, as in +x.",
        examples=("+(1 + 1) == 2",),
    ),
)  # fmt: skip
