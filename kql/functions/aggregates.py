"""Aggregates that count, add up, compare and collect. Nulls are passed over; over no rows sums are 0, lists are empty."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kql.forms import Json, List, Missing, Scalar
from kql.functions.row import Function, aggregate, alias
from kql.sql import dynamic
from kql.sql.value import Arguments, Sql
from kql.types import BOOL, DYNAMIC, INT, INTEGERS, LONG, REAL, STRING, TIMESPAN

if TYPE_CHECKING:
    from kql.functions.row import Template

_SHOWN = "toscalar(range x from 1 to 4 step 1 | summarize {}) == {}"


def _where(arguments: Arguments) -> str:
    for place, parameter in enumerate(arguments.overload.parameters):
        if parameter.name == "predicate":
            return f" FILTER (WHERE {arguments.text(place)})"
    return ""


def _sum(arguments: Arguments) -> Sql:
    text, kind = arguments.text(0), arguments[0].type
    where = _where(arguments)
    if kind in INTEGERS or kind is TIMESPAN:
        return Sql(f"kql_wrap(coalesce(sum({text}){where}, 0))", arguments.result, False)
    if kind is DYNAMIC:
        return Sql(f"coalesce(sum(kql_json_to_real({text})){where}, 0)", arguments.result, False)
    return Sql(f"coalesce(sum({text}){where}, 0)", arguments.result, False)


def _avg(arguments: Arguments) -> Sql:
    text, kind, where = arguments.text(0), arguments[0].type, _where(arguments)
    if arguments.result is REAL:
        if kind in INTEGERS:
            # the sum wraps around as Kusto's does
            text = f"CAST(kql_wrap(sum({text}){where}) AS DOUBLE) / nullif(count({text}){where}, 0)"
        else:
            text = f"avg({text}){where}"
        return Sql(f"coalesce({text}, CAST('NaN' AS DOUBLE))", REAL, False)
    if arguments.result.value == "decimal":
        return Sql(f"CAST(avg({text}){where} AS DECIMAL(38,12))", arguments.result, True)
    return Sql(f"CAST(sum({text}){where} // nullif(count({text}){where}, 0) AS BIGINT)", arguments.result, True)


def _extreme(function: str) -> Template:
    def sql(arguments: Arguments) -> Sql:
        value, where = arguments[0].fetched(), _where(arguments)
        if value.type is STRING:
            return Sql(f"{function}({value.string}){where}", STRING, True)
        if value.type is DYNAMIC:
            text = dynamic.as_json(value).text
            return Sql(f"{function}({text}){where}", DYNAMIC, True, Json())
        if value.type is REAL and function == "min":
            text = f"CASE WHEN bool_or(isnan({value.text})){where} THEN CAST('NaN' AS DOUBLE) ELSE min({value.text}){where} END"
            return Sql(text, REAL, True)
        return Sql(f"{function}({value.text}){where}", value.type, True)

    return sql


def _some(arguments: Arguments) -> Sql:
    value = arguments[0].fetched()
    if value.type is STRING:
        return Sql(f"any_value(nullif({value.string}, ''))", STRING, True)
    if value.type is DYNAMIC:
        return Sql(f"any_value({dynamic.as_json(value).text})", DYNAMIC, True, Json())
    return Sql(f"any_value({value.text})", value.type, True)


def _dcount(arguments: Arguments) -> Sql:
    value, where = arguments[0].fetched(), _where(arguments)
    if value.type is DYNAMIC:
        value = dynamic.as_json(value) if not isinstance(value.form, Scalar) else value
    text = value.string if value.type is STRING else value.text
    return Sql(f"count(DISTINCT {text}){where}", LONG, False)


def _element(value: Sql) -> tuple[str, Scalar | Json, bool]:
    """A value as an element of a list: its SQL, the elements' form, and whether it is itself a list to be flattened."""
    value = value.fetched()
    if value.type is DYNAMIC:
        if isinstance(value.form, Scalar):
            return value.text, value.form, False
        if isinstance(value.form, Missing) and value.members is None:
            return "CAST(NULL AS JSON)", Json(), False
        return dynamic.as_json(value).text, Json(), not isinstance(value.form, Scalar)
    if value.type in (STRING, LONG, INT, BOOL, REAL):
        return (value.string if value.type is STRING else value.text), Scalar(value.type), False
    return dynamic.as_json(value).text, Json(), False


def _collect(distinct: bool, keep_nulls: bool = False) -> Template:
    """make_list and make_set. Arrays among the values are opened by one level."""

    def sql(arguments: Arguments) -> Sql:
        text, form, nested = _element(arguments[0])
        # a dynamic null is a value like others in a list, the null of a type is none
        kept = keep_nulls or (nested and not distinct)
        conditions = [] if kept else [f"({text}) IS NOT NULL"]
        cap = None
        for place, parameter in enumerate(arguments.overload.parameters[: len(arguments)]):
            if parameter.name == "predicate":
                conditions.append(arguments.text(place))
            elif parameter.name == "maxSize":
                cap = arguments.text(place)
        where = f" FILTER (WHERE {' AND '.join(conditions)})" if conditions else ""
        if nested:
            collected = f"flatten(list(kql_opened({text}){arguments.over}){where})"
            if distinct:
                collected = f"kql_distinct({collected})"
        elif distinct:
            collected = f"list(DISTINCT {text}){where}"
        else:
            collected = f"list({text}{arguments.over}){where}"
        empty = "CAST([] AS JSON[])" if isinstance(form, Json) else "[]"
        listed = f"coalesce({collected}, {empty})"
        if cap is not None:
            listed = f"({listed})[1:{cap}]"
        return Sql(listed, DYNAMIC, False, List(form))

    return sql


def _bag(arguments: Arguments) -> Sql:
    return Sql(f"kql_merged(list({arguments.text(0)}{arguments.over}){_where(arguments)})", DYNAMIC, False, Json())


def _with_if(name: str, shape: str, sql: Template, doc: str, shown: str, **facts: str) -> tuple[Function, Function]:
    """An aggregate and its `…if` twin, which takes a condition."""
    expr, returns = shape.split("->")
    call, _, wanted = shown.partition("=")
    own = aggregate(
        (f"{name}({expr.strip()}) -> {returns.strip()}", sql), doc=doc, examples=(_SHOWN.format(call, wanted),), **facts
    )
    twin_naming = {"naming": f"prefix:{name}if"} if facts.get("naming", "").startswith("prefix:") else {}
    twin = aggregate(
        (f"{name}if({expr.strip()}, predicate:bool) -> {returns.strip()}", sql),
        doc=f"Like {name}, over the rows for which a condition is true.",
        examples=(f"isnotnull(toscalar(range x from 1 to 4 step 1 | summarize {name}if(x, x > 1)))",),
        **{**facts, **twin_naming},
    )
    return own, twin


def _averages() -> tuple[Function, Function]:
    shapes = (
        ("real", "real"),  # first, for it is how a dynamic is read
        ("Integer", "real"),
        ("decimal", "decimal"),
        ("timespan", "timespan"),
        ("datetime", "datetime"),
    )
    own = aggregate(
        *((f"avg(expr:{given}) -> {made}", _avg) for given, made in shapes),
        doc="The mean; NaN over no rows.",
        examples=(_SHOWN.format("avg(x)", "2.5"),),
        naming="prefix:avg",
        empty="real(nan)",
    )
    twin = aggregate(
        *((f"avgif(expr:{given}, predicate:bool) -> {made}", _avg) for given, made in shapes),
        doc="Like avg, over the rows for which a condition is true.",
        examples=(_SHOWN.format("avgif(x, x > 2)", "3.5"),),
        naming="prefix:avgif",
        empty="real(nan)",
    )
    return own, twin


def _lists() -> tuple[Function, ...]:
    made: list[Function] = []
    for word, prefix, distinct, doc in (
        ("make_list", "list", False, "The values as an array; nulls are left out, arrays are opened by one level."),
        ("make_set", "set", True, "The distinct values as an array, in no order."),
    ):
        row = aggregate(
            (f"{word}(expr:Scalar, maxSize:Integer?) -> Parameter0Array", _collect(distinct)),
            doc=doc,
            examples=(f"array_length(toscalar(range x from 1 to 4 step 1 | summarize {word}(x))) == 4",),
            naming=f"prefix:{prefix}",
            empty="dynamic([])",
            ordered=not distinct,
        )
        made += [row, alias(word.replace("_", ""), row)]
        made.append(
            aggregate(
                (f"{word}_if(expr:Scalar, predicate:bool, maxSize:Integer?) -> Parameter0Array", _collect(distinct)),
                doc=f"Like {word}, over the rows for which a condition is true.",
                examples=(f"array_length(toscalar(range x from 1 to 4 step 1 | summarize {word}_if(x, x > 1))) == 3",),
                naming=f"prefix:{prefix}",
                empty="dynamic([])",
                ordered=not distinct,
            )
        )
    made.append(
        aggregate(
            ("make_list_with_nulls(expr:Scalar) -> Parameter0Array", _collect(False, keep_nulls=True)),
            doc="The values as an array, nulls among them.",
            examples=("array_length(toscalar(range x from 1 to 4 step 1 | summarize make_list_with_nulls(x))) == 4",),
            naming="prefix:list",
            empty="dynamic([])",
            ordered=True,
        )
    )
    return tuple(made)


ROWS = (
    aggregate(
        ("count() -> long", "count(*)"),
        ("count(predicate:bool) -> long", "count(*)"),
        ("count(value:Scalar) -> long", "count(*)"),
        doc="The number of rows.",
        examples=(_SHOWN.format("count()", "4"),),
        naming="prefix:count",
        empty="0",
    ),
    aggregate(
        ("countif(predicate:bool) -> long", "coalesce(count_if({predicate}), 0)"),
        doc="The number of rows for which a condition is true.",
        examples=(_SHOWN.format("countif(x > 1)", "3"),),
        naming="prefix:countif",
        empty="0",
    ),
    *_with_if("sum", "expr:Summable -> Parameter0Promoted", _sum, "The sum; longs wrap around.", "sum(x)=10", naming="prefix:sum", empty="0"),
    *_averages(),
    *_with_if("min", "expr:Scalar -> Parameter0", _extreme("min"), "The smallest value.", "min(x)=1", naming="prefix:min"),
    *_with_if("max", "expr:Scalar -> Parameter0", _extreme("max"), "The largest value.", "max(x)=4", naming="prefix:max"),
    aggregate(
        ("dcount(expr:Scalar, accuracy:Integer?) -> long", _dcount),
        doc="The number of distinct values, counted exactly here.",
        examples=(_SHOWN.format("dcount(x)", "4"),),
        naming="prefix:dcount",
        empty="0",
    ),
    aggregate(
        ("dcountif(expr:Scalar, predicate:bool, accuracy:Integer?) -> long", _dcount),
        doc="Like dcount, over the rows for which a condition is true.",
        examples=(_SHOWN.format("dcountif(x, x > 2)", "2"),),
        naming="prefix:dcountif",
        empty="0",
    ),
    aggregate(
        ("count_distinct(expr:Scalar) -> long", _dcount),
        doc="The number of distinct values.",
        examples=(_SHOWN.format("count_distinct(x)", "4"),),
        naming="prefix:count_distinct",
        empty="0",
    ),
    aggregate(
        ("count_distinctif(expr:Scalar, predicate:bool) -> long", _dcount),
        doc="Like count_distinct, over the rows for which a condition is true.",
        examples=(_SHOWN.format("count_distinctif(x, x > 2)", "2"),),
        naming="prefix:count_distinctif",
        empty="0",
    ),
    *_lists(),
    aggregate(
        ("make_bag(expr:dynamic, maxSize:Integer?) -> dynamic", _bag),
        doc="All properties of the bags as one bag; of two with one name the first stays.",
        examples=("tostring(toscalar(range x from 1 to 1 step 1 | summarize make_bag(bag_pack('a', x)))) == '{\"a\":1}'",),
        naming="prefix:bag",
        empty="dynamic({})",
        ordered=True,
    ),
    aggregate(
        ("make_dictionary(expr:dynamic, maxSize:Integer?) -> dynamic", _bag),
        doc="An old name of make_bag.",
        examples=("tostring(toscalar(range x from 1 to 1 step 1 | summarize make_dictionary(bag_pack('a', x)))) == '{\"a\":1}'",),
        naming="prefix:dictionary",
        empty="dynamic({})",
        ordered=True,
        hidden=True,
    ),
    aggregate(
        ("cnt() -> long", "count(*)"),
        doc="An old name of count.",
        examples=(_SHOWN.format("cnt()", "4"),),
        naming="prefix:cnt",
        empty="0",
        hidden=True,
    ),
    aggregate(
        ("passthrough(expr:Scalar) -> Parameter0", _some),
        doc="The value of some row.",
        examples=(_SHOWN.format("passthrough(1)", "1"),),
        naming="first",
        hidden=True,
    ),
    aggregate(
        ("make_bag_if(expr:dynamic, predicate:bool, maxSize:Integer?) -> dynamic", _bag),
        doc="Like make_bag, over the rows for which a condition is true.",
        examples=("tostring(toscalar(range x from 1 to 2 step 1 | summarize make_bag_if(bag_pack('a', x), x > 1))) == '{\"a\":2}'",),
        naming="prefix:bag",
        empty="dynamic({})",
        ordered=True,
    ),
    *(
        aggregate(
            (f"binary_all_{word}(expr:Integer) -> Parameter0", f"bit_{word}({{expr}})"),
            doc=f"Bitwise {word} of all values.",
            examples=(_SHOWN.format(f"binary_all_{word}(x)", wanted),),
            naming="first",
        )
        for word, wanted in (("and", "0"), ("or", "7"), ("xor", "4"))
    ),
    aggregate(
        ("take_anyif(expr:Scalar, predicate:bool) -> Parameter0", "any_value({expr}) FILTER (WHERE {predicate})"),
        doc="The value of some row for which a condition is true.",
        examples=(_SHOWN.format("take_anyif(x, x > 3)", "4"),),
        naming="first",
    ),
    aggregate(
        ("take_any(expr:Scalar) -> Parameter0", _some),
        doc="The values of some row: take_any(x, y, …) or take_any(*) give a column each.",
        examples=(_SHOWN.format("take_any(1)", "1"),),
        naming="first",
    ),
    aggregate(
        ("any(expr:Scalar) -> Parameter0", _some),
        doc="An old name of take_any.",
        examples=(_SHOWN.format("any(1)", "1"),),
        naming="prefix:any",
        hidden=True,
    ),
    aggregate(
        ("anyif(expr:Scalar, predicate:bool) -> Parameter0", "any_value({expr}) FILTER (WHERE {predicate})"),
        doc="An old name of take_anyif.",
        examples=(_SHOWN.format("anyif(x, x > 3)", "4"),),
        naming="prefix:anyif",
        hidden=True,
    ),
    *(
        aggregate(
            (f"{word}({what}:Orderable) -> Parameter0", _extreme(function)),
            doc=f"The {size} value of a column and, as {word}(x, y, …) or {word}(x, *), other columns of the row that has it.",
            examples=(_SHOWN.format(f"{word}(x)", wanted),),
            naming=f"prefix:{function}",
        )
        for word, what, function, size, wanted in (
            ("arg_max", "maximized", "max", "largest", 4),
            ("arg_min", "minimized", "min", "smallest", 1),
        )
    ),
    aggregate(
        ("buildschema(expr:dynamic) -> dynamic", "kql_schema(list({expr}))"),
        doc="The properties that bags have, with the types of their values.",
        examples=("isnotnull(toscalar(range x from 1 to 2 step 1 | summarize buildschema(bag_pack('a', x))))",),
        naming="prefix:schema",
    ),
)  # fmt: skip
