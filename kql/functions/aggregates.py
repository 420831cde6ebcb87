"""Aggregates that count, add up, compare and collect. Nulls are passed over; over no rows sums are 0, lists are empty."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from kql.functions.row import Function, aggregate, alias
from kql.functions.template import Answer, Template, template

_SHOWN = "toscalar(range x from 1 to 4 step 1 | summarize {}) == {}"
_IF = " FILTER (WHERE {predicate})"  # what an aggregate's …if twin has behind it


def _sum(where: str) -> Answer:
    return {
        "expr is integer or timespan": template(f"kql_wrap(coalesce(sum({{expr}}){where}, 0))", null=False),
        "": template(f"coalesce(sum({{expr}}){where}, 0)", null=False),
    }


def _avg(where: str) -> dict[str, Answer]:
    """The mean by the type of the values. Of integers the sum wraps around, as Kusto's does."""
    whole = f"CAST(kql_wrap(sum({{expr}}){where}) AS DOUBLE) / nullif(count({{expr}}){where}, 0)"
    ticks = f"CAST(sum({{expr}}){where} // nullif(count({{expr}}){where}, 0) AS BIGINT)"
    return {
        "real": template(f"coalesce(avg({{expr}}){where}, CAST('NaN' AS DOUBLE))", null=False),
        "Integer": template(f"coalesce({whole}, CAST('NaN' AS DOUBLE))", null=False),
        "decimal": f"TRY_CAST(avg({{expr}}){where} AS DECIMAL(38,12))",
        "timespan": ticks,
        "datetime": ticks,
    }


def _extreme(function: str, of: str = "expr", where: str = "") -> dict[str, Answer]:
    found = f"{function}({{{of}}}){where}"
    nan = f"CASE WHEN bool_or(isnan({{{of}}})){where} THEN CAST('NaN' AS DOUBLE) ELSE {found} END"
    return {f"{of} is real": nan, "": found} if function == "min" else {"": found}


_SOME = {"expr is string": "any_value(nullif({expr}, ''))", "": "any_value({expr})"}


def _dcount(where: str = "") -> Answer:
    return {
        "expr is plain": template(f"count(DISTINCT {{expr:same}}){where}", null=False),
        "": template(f"count(DISTINCT {{expr}}){where}", null=False),
    }


def _no_accuracy(constants: Sequence[object]) -> str:
    """The accuracy stands last, where it is given at all."""
    given = constants[-1]
    wrong = isinstance(given, int) and not isinstance(given, bool) and len(constants) > 1 and not 0 <= given <= 4
    return f"its accuracy is a whole number from 0 to 4, not {given}" if wrong else ""


def _collect(distinct: bool, keep_nulls: bool = False, predicate: str = "", capped: bool = True) -> Template:
    """make_list and make_set. Arrays among the values are opened by one level."""

    def where(nulls: bool) -> str:
        tests = [] if nulls else ["({expr:element}) IS NOT NULL"]
        tests += [predicate] if predicate else []
        return f" FILTER (WHERE {' AND '.join(tests)})" if tests else ""

    # a dynamic null is a value like others in a list, however it is held; the null of a type is none
    keep_dynamic = keep_nulls or not distinct
    opened = f"flatten(list(kql_opened({{expr:element}}){{over}}){where(keep_dynamic)})"
    plain = f"list({'DISTINCT ' if distinct else ''}{{expr:element}}{'' if distinct else '{over}'})"
    found = "coalesce({collected}, {empty})"
    return template(
        {"maxSize": f"({found})[1:{{maxSize}}]", "": found} if capped else found,
        "[expr:element]", null=False,
        collected={
            "expr is dynamic and expr is not plain or missing": f"kql_distinct({opened})" if distinct else opened,
            "expr is dynamic": plain + where(keep_dynamic),
            "": plain + where(keep_nulls),
        },
        empty={"expr is plain or string or int or long or real or bool": "[]", "": "CAST([] AS JSON[])"},
    )  # fmt: skip


def _bag(where: str = "") -> Template:
    bags = f"list({{expr}}{{over}}){where}"
    return template({"maxSize": f"kql_bag_of(kql_members({bags})[1:{{maxSize}}])", "": f"kql_merged({bags})"}, null=False)


def _with_if(name: str, shape: str, sql: Callable[[str], Answer], doc: str, shown: str, **facts: str) -> tuple[Function, Function]:
    """An aggregate and its `…if` twin, which takes a condition."""
    expr, returns = shape.split("->")
    call, _, wanted = shown.partition("=")
    own = aggregate(
        (f"{name}({expr.strip()}) -> {returns.strip()}", sql("")), doc=doc, examples=(_SHOWN.format(call, wanted),), **facts
    )
    twin_naming = {"naming": f"prefix:{name}if"} if facts.get("naming", "").startswith("prefix:") else {}
    twin = aggregate(
        (f"{name}if({expr.strip()}, predicate:bool) -> {returns.strip()}", sql(_IF)),
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
        *((f"avg(expr:{given}) -> {made}", _avg("")[given]) for given, made in shapes),
        doc="The mean; NaN over no rows.",
        examples=(_SHOWN.format("avg(x)", "2.5"),),
        naming="prefix:avg",
        empty="real(nan)",
    )
    twin = aggregate(
        *((f"avgif(expr:{given}, predicate:bool) -> {made}", _avg(_IF)[given]) for given, made in shapes),
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
            (f"{word}(expr:Scalar, maxSize:Integer? <Constant>) -> Parameter0Array", _collect(distinct)),
            doc=doc,
            examples=(f"array_length(toscalar(range x from 1 to 4 step 1 | summarize {word}(x))) == 4",),
            naming=f"prefix:{prefix}",
            empty="dynamic([])",
            ordered=not distinct,
        )
        made += [row, alias(word.replace("_", ""), row)]
        made.append(
            aggregate(
                (f"{word}_if(expr:Scalar, predicate:bool, maxSize:Integer? <Constant>) -> Parameter0Array", _collect(distinct, predicate="{predicate}")),
                doc=f"Like {word}, over the rows for which a condition is true.",
                examples=(f"array_length(toscalar(range x from 1 to 4 step 1 | summarize {word}_if(x, x > 1))) == 3",),
                naming=f"prefix:{prefix}",
                empty="dynamic([])",
                ordered=not distinct,
            )
        )
    made.append(
        aggregate(
            ("make_list_with_nulls(expr:Scalar) -> Parameter0Array", _collect(False, keep_nulls=True, capped=False)),
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
    *_with_if("min", "expr:Scalar -> Parameter0", lambda where: _extreme("min", where=where), "The smallest value.", "min(x)=1", naming="prefix:min"),
    *_with_if("max", "expr:Scalar -> Parameter0", lambda where: _extreme("max", where=where), "The largest value.", "max(x)=4", naming="prefix:max"),
    aggregate(
        ("dcount(expr:Scalar, accuracy:Integer? <Constant>) -> long", _dcount()),
        doc="The number of distinct values, counted exactly here.",
        examples=(_SHOWN.format("dcount(x)", "4"),),
        naming="prefix:dcount",
        check=_no_accuracy,
        empty="0",
    ),
    aggregate(
        ("dcountif(expr:Scalar, predicate:bool, accuracy:Integer? <Constant>) -> long", _dcount(_IF)),
        doc="Like dcount, over the rows for which a condition is true.",
        examples=(_SHOWN.format("dcountif(x, x > 2)", "2"),),
        naming="prefix:dcountif",
        check=_no_accuracy,
        empty="0",
    ),
    aggregate(
        ("count_distinct(expr:Scalar) -> long", _dcount()),
        doc="The number of distinct values.",
        examples=(_SHOWN.format("count_distinct(x)", "4"),),
        naming="prefix:count_distinct",
        empty="0",
    ),
    aggregate(
        ("count_distinctif(expr:Scalar, predicate:bool) -> long", _dcount(_IF)),
        doc="Like count_distinct, over the rows for which a condition is true.",
        examples=(_SHOWN.format("count_distinctif(x, x > 2)", "2"),),
        naming="prefix:count_distinctif",
        empty="0",
    ),
    *_lists(),
    aggregate(
        ("make_bag(expr:dynamic, maxSize:Integer? <Constant>) -> dynamic", _bag()),
        doc="All properties of the bags as one bag; of two with one name the first stays.",
        examples=("tostring(toscalar(range x from 1 to 1 step 1 | summarize make_bag(bag_pack('a', x)))) == '{\"a\":1}'",),
        naming="prefix:bag",
        empty="dynamic({})",
        ordered=True,
    ),
    aggregate(
        ("make_dictionary(expr:dynamic, maxSize:Integer? <Constant>) -> dynamic", _bag()),
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
        ("passthrough(expr:Scalar) -> Parameter0", _SOME),
        doc="The value of some row.",
        examples=(_SHOWN.format("passthrough(1)", "1"),),
        naming="first",
        hidden=True,
    ),
    aggregate(
        ("make_bag_if(expr:dynamic, predicate:bool, maxSize:Integer? <Constant>) -> dynamic", _bag(_IF)),
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
        ("take_any(expr:Scalar) -> Parameter0", _SOME),
        doc="The values of some row: take_any(x, y, …) or take_any(*) give a column each.",
        examples=(_SHOWN.format("take_any(1)", "1"),),
        naming="first",
    ),
    aggregate(
        ("any(expr:Scalar) -> Parameter0", _SOME),
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
            (f"{word}({what}:Orderable) -> Parameter0", _extreme(function, what)),
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
