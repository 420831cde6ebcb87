"""and, or, not, iff, case, and the tests for null and empty."""

from __future__ import annotations

from kql.forms import Missing
from kql.functions.row import alias, infix, scalar
from kql.functions.template import Answer, Each, template
from kql.sql import dynamic
from kql.sql.convert import convert
from kql.sql.value import Arguments, Sql
from kql.types import DYNAMIC, STRING


def _values(arguments: Arguments, places: list[int]) -> list[Sql]:
    """The values of a conditional in one representation."""
    values = [arguments[place].fetched() for place in places]
    if arguments.result is DYNAMIC:
        values = [convert(value, DYNAMIC) for value in values]
        return dynamic.unified(values)
    return [convert(value, arguments.result) for value in values]


def _conditional(arguments: Arguments) -> Sql:
    count = len(arguments)
    places = [place for place in range(count) if place % 2 or place == count - 1]
    values = _values(arguments, places)
    pieces: list[str] = []
    for place in range(0, count - 1, 2):
        condition = arguments[place]
        if condition.constant and condition.const is True and not pieces:
            return values[places.index(place + 1)]
        if condition.constant and not condition.const:
            continue
        pieces.append(f"WHEN {condition.text} THEN {values[places.index(place + 1)].written}")
    otherwise = values[-1]
    if not pieces:
        return otherwise
    nullable = any(value.nullable for value in values) and arguments.result is not STRING
    form = next((value.form for value in values if not isinstance(value.form, Missing)), values[0].form)
    text = "CASE " + " ".join(pieces) + f" ELSE {otherwise.written} END"
    return Sql(text, arguments.result, nullable, form)


def _null(wanted: bool) -> dict[str, Answer]:
    """Whether a value is null, or is not; a string is only where it was computed from a null."""
    test = "IS NULL" if wanted else "IS NOT NULL"
    return {
        "expression is string and expression is absent": f"({{expression:plain}} {test})",
        "expression is string": not wanted,
        "expression is null or missing": wanted,
        "expression is constant": not wanted,
        # json_extract_string gives NULL for a missing property and for a JSON null alike
        "expression is json and expression is path": f"({{expression:plain}} {test})",
        "": "{expression:null}" if wanted else "(NOT {expression:null})",
    }


def _empty(wanted: bool) -> dict[str, Answer]:
    """Whether a value's text is empty, or is not."""
    test = "({expression:string} = '')"
    return {
        "expression is string or json or plain_string": test if wanted else f"(NOT {test})",
        "": "{expression:null}" if wanted else "(NOT {expression:null})",
    }


def _coalesce(arguments: Arguments) -> Sql:
    values = _values(arguments, list(range(len(arguments))))
    if arguments.result is STRING:
        pieces = [f"nullif({value.text}, '')" for value in values[:-1]]
        return Sql(f"coalesce({', '.join([*pieces, values[-1].string])})", STRING, False)
    nullable = all(value.nullable for value in values)
    return Sql(f"coalesce({', '.join(value.text for value in values)})", arguments.result, nullable, values[0].form)


ISNULL = scalar(
    ("isnull(expression:Scalar) -> bool", _null(True)),
    doc="Whether a value is null; a string never is.",
    examples=("isnull(int(null))", "not(isnull(''))", "isnull(dynamic({'a': null}).a)"),
    nulls="total",
)
ISNOTNULL = scalar(
    ("isnotnull(expression:Scalar) -> bool", _null(False)),
    doc="Whether a value is not null.",
    examples=("isnotnull(1)", "isnotnull('')"),
    nulls="total",
)
ISEMPTY = scalar(
    ("isempty(expression:Scalar) -> bool", _empty(True)),
    doc="Whether a value is null or the empty string.",
    examples=("isempty('')", "isempty(int(null))", "not(isempty(dynamic([])))"),
    nulls="total",
)
ISNOTEMPTY = scalar(
    ("isnotempty(expression:Scalar) -> bool", _empty(False)),
    doc="Whether a value is neither null nor the empty string.",
    examples=("isnotempty('a')", "isnotempty(0)"),
    nulls="total",
)
IFF = scalar(
    ("iff(if:bool, then:CommonScalarOrDynamic, else:CommonScalarOrDynamic) -> CommonNonDynamic", _conditional),
    doc="One of two values; a condition that is null counts as false.",
    examples=("iff(1 < 2, 'yes', 'no') == 'yes'", "iff(bool(null), 1, 2) == 2"),
    nulls="custom",
)

ROWS = (
    infix(
        ("and(conditions:bool...) -> bool", template("({all})", all=Each("conditions", "{it}", " AND "))),
        doc="Both conditions; null and false is false, null and true is null.",
        examples=("true and true", "not(false and bool(null))"),
        nulls="custom",
    ),
    infix(
        ("or(conditions:bool...) -> bool", template("({all})", all=Each("conditions", "{it}", " OR "))),
        doc="One condition or both; null or true is true, null or false is null.",
        examples=("false or true", "bool(null) or true"),
        nulls="custom",
    ),
    scalar(
        ("not(expression:bool) -> bool", {"expression is true": False, "expression is false": True, "expression is null": None, "": "(NOT {expression})"}),
        doc="The opposite of a condition; null for null.",
        examples=("not(false)", "isnull(not(bool(null)))"),
    ),
    IFF,
    alias("iif", IFF, hidden=False),
    scalar(
        ("case(predicate:bool, then:typed, more:typed...) -> CommonNonDynamic", _conditional),
        doc="The value of the first condition that is true, else the last value.",
        examples=("case(false, 'a', true, 'b', 'c') == 'b'",),
        nulls="custom",
    ),
    scalar(
        ("coalesce(arg:CommonScalar, more:CommonScalar...) -> Common", _coalesce),
        doc="The first value that is not null; of strings the first that is not empty.",
        examples=("coalesce(int(null), 2) == 2", "coalesce('', 'b') == 'b'", "coalesce(decimal(null), decimal(1.5), decimal(2)) == decimal(1.5)"),
        nulls="custom",
    ),
    scalar(
        ("assert(predicate:bool, message:string) -> bool", "CASE WHEN {predicate} THEN TRUE ELSE CAST(error({message}) AS BOOLEAN) END"),
        doc="True where a condition holds; otherwise the query fails with the message.",
        examples=("assert(1 < 2, 'one is less than two')",),
        nulls="total",
        check=lambda constants: str(constants[1]) if constants[0] is False else "",
    ),
    ISNULL,
    ISNOTNULL,
    alias("notnull", ISNOTNULL),
    ISEMPTY,
    ISNOTEMPTY,
    alias("notempty", ISNOTEMPTY),
)
