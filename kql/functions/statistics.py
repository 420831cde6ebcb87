"""Aggregates of spread and rank: variances, covariances, percentiles, and the sketches, which are exact here."""

from __future__ import annotations

import json
from collections.abc import Sequence

from kql.forms import Json, List, Scalar
from kql.functions.row import Function, aggregate, scalar
from kql.functions.template import Template, template
from kql.sql import dynamic
from kql.sql.convert import TEMPLATES
from kql.sql.value import Arguments, Sql
from kql.types import BOOL, DYNAMIC, INT, LONG, REAL, STRING

_OVER_FOUR = "abs(toscalar(range x from 1 to 4 step 1 | summarize {}) - {}) < 0.001"
_PLAIN = (STRING, LONG, INT, BOOL, REAL)


def _spreads() -> tuple[Function, ...]:
    made: list[Function] = []
    for name, function, pairs, what, shown in (
        ("stdev", "stddev_samp", False, "standard deviation of a sample", "1.291"),
        ("stdevp", "stddev_pop", False, "standard deviation of a whole population", "1.118"),
        ("variance", "var_samp", False, "variance of a sample", "1.6667"),
        ("variancep", "var_pop", False, "variance of a whole population", "1.25"),
        ("covariance", "covar_samp", True, "covariance of two columns of a sample", "1.6667"),
        ("covariancep", "covar_pop", True, "covariance of two columns of a whole population", "1.25"),
    ):
        given, shown_given = ("expr:Summable, other:Summable", "x, x") if pairs else ("expr:Summable", "x")
        rule = "prefix_all" if pairs else "prefix"
        values = "CAST({expr} AS DOUBLE)" + (", CAST({other} AS DOUBLE)" if pairs else "")
        made.append(
            aggregate(
                (f"{name}({given}) -> real", f"coalesce({function}({values}), CAST(0 AS DOUBLE))"),
                doc=f"The {what}; 0 over no rows.",
                examples=(_OVER_FOUR.format(f"{name}({shown_given})", shown),),
                naming=f"{rule}:{name}",
                empty="0.0",
            )
        )
        if name == "stdevp":
            continue  # it has no twin in KQL
        made.append(
            aggregate(
                (f"{name}if({given}, predicate:bool) -> real", f"coalesce({function}({values}) FILTER (WHERE {{predicate}}), CAST(0 AS DOUBLE))"),
                doc=f"The {what}, over the rows for which a condition is true.",
                examples=(_OVER_FOUR.format(f"{name}if({shown_given}, x < 10)", shown),),
                naming=f"{rule}:{name}if",
                empty="0.0",
            )
        )
    return tuple(made)


# ---- percentiles -------------------------------------------------------------------------------------------------
def share(text: str) -> str:
    """A percentage as a number from 0 to 1."""
    return f"least(greatest({text} / 100.0, 0), 1)"


def _shares(arguments: Arguments, first: int) -> list[str]:
    """The percentages of an array of percentiles: numbers, or one dynamic array of them."""
    if len(arguments) == first + 1 and arguments[first].type is DYNAMIC:
        written = json.loads(str(arguments[first].const or "[]"))
        return [str(float(each)) for each in written if isinstance(each, int | float)] if isinstance(written, list) else []
    return [arguments.text(place) for place in range(first, len(arguments))]


def _ranked(arguments: Arguments, first: int, one: str) -> Sql:
    """The values at several percentages as a list; `one` is the SQL of one, with {p}."""
    value = arguments[0]
    found = [one.format(p=text) for text in _shares(arguments, first)]
    if value.type in _PLAIN:
        return Sql(f"[{', '.join(found)}]", DYNAMIC, False, List(Scalar(value.type)))
    cells = [dynamic.as_json(Sql(text, value.type, True)).text for text in found]
    return Sql(f"CAST([{', '.join(cells)}] AS JSON[])", DYNAMIC, False, List(Json()))


def _percentiles_array(arguments: Arguments) -> Sql:
    value = arguments[0].fetched()
    return _ranked(arguments, 1, f"quantile_disc({value.text}, {share('{p}')})")


def _percentilesw_array(arguments: Arguments) -> Sql:
    pairs = f"list(struct_pack(v := {arguments[0].fetched().text}, w := CAST({arguments.text(1)} AS DOUBLE)))"
    return _ranked(arguments, 2, f"kql_weighted({pairs}, {{p}})")


_ONE = f"quantile_disc({{expr}}, {share('{percentile}')})"
_WEIGHTED = "kql_weighted(list(struct_pack(v := {expr}, w := CAST({weight} AS DOUBLE))), {percentile})"


def _percentile(signature: str, sql: str) -> tuple[tuple[str, str], ...]:
    """The overloads of a percentile: one of ints is a long, one of decimals a real, all others have the values' type."""
    return (
        (signature.format("int") + " -> long", f"CAST({sql} AS BIGINT)"),
        (signature.format("decimal") + " -> real", f"CAST({sql} AS DOUBLE)"),
        (signature.format("Scalar") + " -> Parameter0", sql),
    )


def _no_percentage(constants: Sequence[object]) -> str:
    wrong = [each for each in constants if isinstance(each, int | float) and not 0 <= each <= 100]
    return f"a percentage is a number from 0 to 100, not {wrong[0]}" if wrong else ""


# ---- sketches ----------------------------------------------------------------------------------------------------
# A sketch holds every value here, so what is asked of it is exact. Its JSON is this engine's own.
_DIGEST = "to_json(coalesce(list([{expr}::DOUBLE, CAST({weight|1} AS DOUBLE)]) FILTER (WHERE {expr} IS NOT NULL), []))"
_MERGED = "to_json(coalesce(flatten(list(kql_pairs({tdigest}))), []))"


_FOUND = "kql_weighted(kql_weighed({tdigest}), {percentile})"
_OF_DIGEST = {
    "result is dynamic": f"kql_number_json({_FOUND})",
    "result is real": _FOUND,
    **{f"result is {into.value}": sql.replace("{x}", _FOUND) for (source, into), sql in TEMPLATES.items() if source is REAL},
    "": None,
}


def _hll(also: str = "") -> Template:
    return template(
        f"to_json(coalesce(list(DISTINCT CAST({{value}} AS VARCHAR)) FILTER (WHERE {{value}} IS NOT NULL{also}), []))",
        value={"expr is dynamic": "{expr:plain}", "": "{expr}"},
    )


ROWS = (
    *_spreads(),
    aggregate(
        *_percentile("percentile(expr:{}, percentile:Number <Constant>)", _ONE),
        doc="The value at a percentage of the sorted values: one of them, never one between two.",
        examples=("toscalar(range x from 1 to 4 step 1 | summarize percentile(x, 50)) == 2",),
        naming="percentile",
    ),
    aggregate(
        *_percentile("percentiles(expr:{}, percentile:Number... <Constant>)", _ONE),
        doc="The values at several percentages of the sorted values, a column each.",
        examples=("toscalar(range x from 1 to 4 step 1 | summarize percentiles(x, 50, 100)) == 2",),
        naming="percentile",
    ),
    aggregate(
        *_percentile("percentilew(expr:{}, weight:Integer, percentile:Number <Constant>)", _WEIGHTED),
        doc="The value at a percentage of the sorted values, each counted as often as its weight says.",
        examples=("toscalar(range x from 1 to 4 step 1 | summarize percentilew(x, x, 50)) == 3",),
        naming="percentile",
    ),
    aggregate(
        *_percentile("percentilesw(expr:{}, weight:Integer, percentile:Number... <Constant>)", _WEIGHTED),
        doc="The values at several percentages, each value counted as often as its weight says, a column each.",
        examples=("toscalar(range x from 1 to 4 step 1 | summarize percentilesw(x, x, 50, 100)) == 3",),
        naming="percentile",
    ),
    aggregate(
        *_percentile("$percentile(expr:{}, percentile:Number <Constant>)", _ONE), doc="One percentile.", hidden=True,
        check=_no_percentage,
    ),
    aggregate(
        *_percentile("$percentilew(expr:{}, weight:Integer, percentile:Number <Constant>)", _WEIGHTED),
        doc="One weighted percentile.",
        hidden=True,
        check=_no_percentage,
    ),
    aggregate(
        ("percentiles_array(expr:Scalar, percentiles:dynamic <Constant>) -> dynamic", _percentiles_array),
        ("percentiles_array(expr:Scalar, percentile:Number... <Constant>) -> dynamic", _percentiles_array),
        doc="The values at several percentages of the sorted values, as an array.",
        examples=("toscalar(range x from 1 to 4 step 1 | summarize percentiles_array(x, 50, 100))[1] == 4",),
        naming="prefix:percentiles",
    ),
    aggregate(
        ("percentilesw_array(expr:Scalar, weight:Integer, percentiles:dynamic <Constant>) -> dynamic", _percentilesw_array),
        ("percentilesw_array(expr:Scalar, weight:Integer, percentile:Number... <Constant>) -> dynamic", _percentilesw_array),
        doc="The values at several percentages, each value counted as often as its weight says, as an array.",
        examples=("toscalar(range x from 1 to 4 step 1 | summarize percentilesw_array(x, x, 50, 100))[0] == 3",),
        naming="prefix:percentiles",
    ),
    aggregate(
        ("tdigest(expr:Summable, weight:Integer?) -> dynamic", _DIGEST),
        doc="All values in one, to ask for percentiles later; exact here, in a form of this engine's own.",
        examples=("percentile_tdigest(toscalar(range x from 1 to 4 step 1 | summarize tdigest(x)), 50) == 2",),
        naming="prefix:tdigest",
    ),
    *(
        aggregate(
            (f"{name}(tdigest:dynamic) -> dynamic", _MERGED),
            doc="Several results of tdigest as one.",
            examples=(
                "percentile_tdigest(toscalar(range x from 1 to 4 step 1 | summarize t = tdigest(x) by x"
                f" | summarize {name}(t)), 50) == 2",
            ),
            naming="prefix:merge_tdigests",
        )
        for name in ("tdigest_merge", "merge_tdigest")
    ),
    scalar(
        ("$tdigest_merge(tdigest:dynamic...) -> dynamic", "to_json(flatten(list_transform([{tdigest}], lambda t: coalesce(kql_pairs(t), []))))"),
        doc="Several results of tdigest as one.",
        nulls="total",
        hidden=True,
    ),
    scalar(
        ("$merge_tdigest(tdigest:dynamic...) -> dynamic", "to_json(flatten(list_transform([{tdigest}], lambda t: coalesce(kql_pairs(t), []))))"),
        doc="Several results of tdigest as one.",
        nulls="total",
        hidden=True,
    ),
    scalar(
        ("percentile_tdigest(tdigest:dynamic, percentile:Number) -> dynamic", _OF_DIGEST),
        ("percentile_tdigest(tdigest:dynamic, percentile:Number, type:type) -> ParameterNLiteral", _OF_DIGEST),
        doc="The value at a percentage of what tdigest took in.",
        naming="name_first",
        examples=("percentile_tdigest(toscalar(range x from 1 to 4 step 1 | summarize tdigest(x)), 100) == 4",),
        nulls="custom",
    ),
    scalar(
        ("percentiles_array_tdigest(tdigest:dynamic, percentiles:dynamic) -> dynamic",
         "to_json(list_transform(kql_weighted_all(kql_weighed({tdigest}), {percentiles:numbers}), lambda v: kql_number_json(v)))"),
        ("percentiles_array_tdigest(tdigest:dynamic, percentile:Number...) -> dynamic",
         "to_json(list_transform(kql_weighted_all(kql_weighed({tdigest}), [{percentile}]), lambda v: kql_number_json(v)))"),
        doc="The values at several percentages of what tdigest took in.",
        naming="prefix:percentile_tdigest",
        examples=(
            "percentiles_array_tdigest(toscalar(range x from 1 to 4 step 1 | summarize tdigest(x)), 50, 100)[1] == 4",
        ),
        nulls="custom",
    ),
    scalar(
        ("rank_tdigest(tdigest:dynamic, value:Number) -> real", "kql_rank({tdigest}, CAST({value} AS DOUBLE))"),
        doc="How many of the values that tdigest took in are at most as large as a value.",
        examples=("rank_tdigest(toscalar(range x from 1 to 4 step 1 | summarize tdigest(x)), 3) == 3",),
        nulls="custom",
    ),
    scalar(
        ("percentrank_tdigest(tdigest:dynamic, value:Number) -> real",
         "(100 * kql_rank({tdigest}, CAST({value} AS DOUBLE)) / nullif(kql_rank({tdigest}, CAST('Infinity' AS DOUBLE)), 0))"),
        doc="The percentage of the values that tdigest took in that are at most as large as a value.",
        examples=("percentrank_tdigest(toscalar(range x from 1 to 4 step 1 | summarize tdigest(x)), 3) == 75",),
        nulls="custom",
    ),
    scalar(
        ("tdigest_isvalid(tdigest:dynamic) -> bool", "coalesce(json_type({tdigest}) = 'ARRAY', FALSE)"),
        doc="Whether a value is a result of tdigest.",
        examples=("tdigest_isvalid(toscalar(range x from 1 to 4 step 1 | summarize tdigest(x)))",),
        nulls="total",
    ),
    aggregate(
        ("hll(expr:NotRealOrBool, accuracy:Integer? <Constant>) -> dynamic", _hll()),
        doc="All distinct values in one, to count them later; exact here, in a form of this engine's own.",
        examples=("dcount_hll(toscalar(range x from 1 to 4 step 1 | summarize hll(x))) == 4",),
        naming="prefix:hll",
    ),
    aggregate(
        ("hll_if(expr:NotRealOrBool, predicate:bool, accuracy:Integer? <Constant>) -> dynamic", _hll(" AND {predicate}")),
        doc="Like hll, over the rows for which a condition is true.",
        examples=("dcount_hll(toscalar(range x from 1 to 4 step 1 | summarize hll_if(x, x > 1))) == 3",),
        naming="prefix:hll_if",
    ),
    aggregate(
        ("hll_merge(hll:dynamic) -> dynamic", "to_json(coalesce(kql_distinct(flatten(list({hll:jsons}))), []))"),
        doc="Several results of hll as one.",
        examples=(
            "dcount_hll(toscalar(range x from 1 to 4 step 1 | summarize h = hll(x) by x | summarize hll_merge(h))) == 4",
        ),
        naming="prefix:hll_merge",
    ),
    scalar(
        ("$hll_merge(hll:dynamic...) -> dynamic", "to_json(kql_distinct(flatten(list_transform([{hll}], lambda h: coalesce(kql_list(h), [])))))"),
        doc="Several results of hll as one.",
        nulls="total",
        hidden=True,
    ),
    scalar(
        ("dcount_hll(hll:dynamic) -> long", "coalesce(len({hll:jsons}), 0)"),
        doc="The number of distinct values that hll took in.",
        naming="name_first",
        examples=("dcount_hll(toscalar(range x from 1 to 4 step 1 | summarize hll(x % 2))) == 2",),
        nulls="total",
    ),
    scalar(
        ("hll_isvalid(hll:dynamic) -> bool", "coalesce(json_type({hll}) = 'ARRAY', FALSE)"),
        doc="Whether a value is a result of hll.",
        examples=("hll_isvalid(toscalar(range x from 1 to 4 step 1 | summarize hll(x)))",),
        nulls="total",
    ),
)  # fmt: skip
