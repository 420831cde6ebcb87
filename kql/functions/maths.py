"""Numbers: rounding, roots, powers, trigonometry, chance."""

from __future__ import annotations

from kql.functions.infix import remainder
from kql.functions.row import Function, alias, refused, scalar
from kql.functions.template import Answer, Each, template


def _real(name: str, sql: str, doc: str, example: str, *, naming: str = "first", parameter: str = "x") -> Function:
    return scalar(
        (f"{name}({parameter}:real) -> real", sql),
        (f"{name}({parameter}:decimal|bool) -> real", sql.replace(f"{{{parameter}}}", f"CAST({{{parameter}}} AS DOUBLE)")),
        doc=doc, examples=(example,), nulls="custom", naming=naming,
    )  # fmt: skip


# Ticks count from Monday 0001-01-01, which is where bins of days and weeks begin.
_BIN_SQL: dict[str, Answer] = {
    "result is real": "CASE WHEN {roundTo} = 0 THEN CAST('NaN' AS DOUBLE) ELSE floor({value} / {roundTo}) * {roundTo} END",
    # what is left over is exact, where a quotient would be a double
    "result is decimal": "TRY(CAST({value} - ((({value} % nullif({roundTo}, 0)) + {roundTo}) % nullif({roundTo}, 0)) AS DECIMAL(38,12)))",
    "value is datetime and roundTo is positive": template("({value} // {roundTo:bare} * {roundTo:bare})", null="argument"),
    "value is datetime": "({value} // (CASE WHEN {roundTo} > 0 THEN {roundTo} END) * (CASE WHEN {roundTo} > 0 THEN {roundTo} END))",
    "roundTo is positive": template("kql_wrap(CAST({value} AS HUGEINT) - {rest})", null="argument", rest=remainder("value", "roundTo")),
    "": "kql_bin({value}, {roundTo})",
}
_AT = "CAST({value} AS HUGEINT) - kql_modulo(CAST({value} AS HUGEINT) - {fixed_point}, {bin_size})"
_BIN_AT = {
    "result is real": "(floor(({value} - {fixed_point}) / nullif({bin_size}, 0)) * {bin_size} + {fixed_point})",
    "result is decimal": "TRY(CAST({value} - (((({value} - {fixed_point}) % nullif({bin_size}, 0)) + {bin_size}) % nullif({bin_size}, 0)) AS DECIMAL(38,12)))",
    "result is datetime": f"kql_ticks_to_datetime({_AT})",
    "": f"kql_wrap({_AT})",
}
_AROUND = "(abs(CAST({value} AS HUGEINT) - {center}) <= {delta})"
_BIN_SHAPES = (
    "(value:Number, roundTo:Number) -> Widest", "(value:timespan, roundTo:timespan) -> timespan",
    "(value:datetime, roundTo:timespan) -> datetime", "(value:datetime, roundTo:datetime) -> datetime",
)  # fmt: skip
_BIN = scalar(
    *((f"bin{shape}", _BIN_SQL) for shape in _BIN_SHAPES),
    ("bin(value:bool, roundTo:Integer) -> long", "kql_bin(CAST({value} AS BIGINT), CAST({roundTo} AS BIGINT))"),
    doc="The value rounded down to a multiple of a bin; datetimes count from 0001-01-01, a Monday.",
    examples=(
        "bin(7, 5) == 5",
        "bin(-7, 5) == -10",
        "bin(datetime(2020-05-15 13:45), 1h) == datetime(2020-05-15 13:00)",
    ),
    nulls="custom",
    naming="first",
)


_ROUNDED = "round({number}, CAST({precision:count|0} AS INTEGER))"
_ROUND: dict[str, Answer] = {
    "number is integer and precision": f"TRY({_ROUNDED})",
    "number is integer": template("{number}", null="argument"),
    # the engine rounds decimals to a constant number of places only
    "result is decimal and precision and precision is not whole":
        "TRY_CAST(round(CAST({number} AS DOUBLE), CAST({precision:count} AS INTEGER)) AS DECIMAL(38,12))",
    "result is decimal": "round({number}, CAST(least(greatest({precision:count|0}, -38), 38) AS INTEGER))",
    "": _ROUNDED,
}  # fmt: skip
_NAN = Each("argument+more", "coalesce(isnan({it:result}), FALSE)", " OR ")


def _choice(function: str) -> dict[str, Answer]:
    found = f"{function}({{argument+more:result}})"
    return {
        "result is real": template(f"CASE WHEN {{nan}} THEN CAST('NaN' AS DOUBLE) ELSE {found} END", null="all", nan=_NAN),
        "": template(found, null="all"),
    }


def _distribution(name: str, first: str, sql: str, doc: str, example: str) -> Function:
    return scalar(
        (f"{name}({first}:real, alpha:real, beta:real) -> real", sql), doc=doc, examples=(example,), nulls="custom"
    )


_EXTREMES = tuple(
    scalar(
        (f"{name}(argument:CommonOrderable, more:CommonOrderable...) -> Common", _choice(function)),
        doc=f"The {word} of its arguments; nulls are passed over.",
        examples=(f"{name}(2, 1, 3) == {wanted}", f"{name}(int(null), 5) == 5"),
        nulls="custom",
    )
    for name, function, word, wanted in (("min_of", "least", "smallest", 1), ("max_of", "greatest", "largest", 3))
)

ROWS = (
    scalar(
        ("abs(number:int) -> long", "abs(CAST({number} AS BIGINT))"),
        ("abs(number:long) -> long", "kql_wrap(abs(CAST({number} AS HUGEINT)))"),
        ("abs(number:real|decimal) -> Parameter0", "abs({number})"),
        ("abs(number:timespan) -> timespan", "kql_wrap(abs(CAST({number} AS HUGEINT)))"),
        doc="The value without its sign.", examples=("abs(-5) == 5",), naming="first",
    ),
    _BIN,
    alias("floor", _BIN, hidden=False),
    scalar(
        ("bin_at(value:Number, bin_size:Number, fixed_point:Number) -> Widest", _BIN_AT),
        ("bin_at(value:timespan, bin_size:timespan, fixed_point:timespan) -> timespan", _BIN_AT),
        ("bin_at(value:datetime, bin_size:timespan, fixed_point:datetime) -> datetime", _BIN_AT),
        doc="Like bin, with bins that are counted from a point.", examples=("bin_at(6.5, 2.5, 7) == 4.5",),
        nulls="custom", naming="first",
    ),
    scalar(
        ("ceiling(number:Integer) -> Parameter0", "{number}"),
        ("ceiling(number:real|decimal) -> Parameter0", "ceil({number})"),
        doc="The value rounded up.", examples=("ceiling(1.2) == 2.0",), naming="first",
    ),
    scalar(
        ("round(number:Number, precision:Integer?) -> Parameter0", _ROUND),
        doc="The value rounded, halves away from zero.", examples=("round(2.5) == 3.0", "round(1.234, 2) == 1.23"),
        nulls="custom", naming="first",
    ),
    scalar(("sign(number:NumberOrBool) -> real", "CAST(sign(CAST({number} AS DOUBLE)) AS DOUBLE)"), doc="-1, 0 or 1.", examples=("sign(-5) == -1",), nulls="custom"),
    _real("sqrt", "CASE WHEN {x} < 0 THEN CAST('NaN' AS DOUBLE) ELSE sqrt({x}) END", "The square root.", "sqrt(9) == 3.0"),
    _real("exp", "exp({x})", "e to the power of the value.", "exp(0) == 1.0"),
    _real("exp2", "pow(2, {x})", "2 to the power of the value.", "exp2(3) == 8.0"),
    _real("exp10", "pow(10, {x})", "10 to the power of the value.", "exp10(2) == 100.0", naming=""),
    _real("log", "kql_log({x}, ln(CASE WHEN {x} > 0 THEN {x} END))", "The natural logarithm.", "log(1) == 0.0"),
    _real("log2", "kql_log({x}, log2(CASE WHEN {x} > 0 THEN {x} END))", "The logarithm to base 2.", "log2(8) == 3.0"),
    _real("log10", "kql_log({x}, log10(CASE WHEN {x} > 0 THEN {x} END))", "The logarithm to base 10.", "log10(100) == 2.0"),
    *(_real(name, f"{name}({{x}})", f"The {word} of an angle in radians.", f"{name}(0) == {wanted}")
      for name, word, wanted in (("sin", "sine", "0.0"), ("cos", "cosine", "1.0"), ("tan", "tangent", "0.0"))),
    _real("cot", "cot({x})", "The cotangent of an angle in radians.", "round(cot(0.785398163397448), 6) == 1.0", naming=""),
    *(_real(name, f"CASE WHEN {{x}} BETWEEN -1 AND 1 THEN {name}({{x}}) WHEN isnan({{x}}) THEN {{x}} END", f"The angle whose {word} is the value.", f"{name}({given}) == 0.0")
      for name, word, given in (("asin", "sine", "0"), ("acos", "cosine", "1"))),
    _real("atan", "atan({x})", "The angle whose tangent is the value.", "atan(0) == 0.0"),
    scalar(("atan2(y:NumberOrBool, x:NumberOrBool) -> real", "atan2(CAST({y} AS DOUBLE), CAST({x} AS DOUBLE))"), doc="The angle of a point.", examples=("atan2(0, 1) == 0.0",), naming="first"),
    _real("degrees", "degrees({x})", "Radians as degrees.", "degrees(0) == 0.0", naming=""),
    _real("radians", "radians({x})", "Degrees as radians.", "radians(0) == 0.0", naming=""),
    scalar(("pi() -> real", "pi()"), doc="The number pi.", examples=("round(pi(), 2) == 3.14",)),
    scalar(("pow(base:real, exponent:real) -> real", "TRY(pow({base}, {exponent}))"), doc="A power.", examples=("pow(2, 10) == 1024.0",), nulls="custom"),
    _real("erf", "kql_erf({x})", "The error function.", "round(erf(1), 9) == 0.842700793"),
    _real("erfc", "kql_erfc({x})", "1 without the error function, exact where that is small.", "round(erfc(1), 9) == 0.157299207"),
    _distribution("beta_cdf", "x", "kql_beta_cdf({x}, {alpha}, {beta})",
                  "The beta distribution: how probable a value up to x is.", "round(beta_cdf(0.5, 2, 2), 9) == 0.5"),
    _distribution("beta_inv", "probability", "kql_beta_inv({probability}, {alpha}, {beta})",
                  "The value up to which the beta distribution has that probability.", "round(beta_inv(0.5, 2, 2), 9) == 0.5"),
    _distribution("beta_pdf", "x", "kql_beta_pdf({x}, {alpha}, {beta})",
                  "The density of the beta distribution.", "round(beta_pdf(0.5, 2, 2), 9) == 1.5"),
    scalar(("welch_test(mean1:real, variance1:real, count1:real, mean2:real, variance2:real, count2:real) -> real",
            "kql_welch({mean1}, {variance1}, {count1}, {mean2}, {variance2}, {count2})"),
           doc="The probability that two samples have one mean, by Welch's test.",
           examples=("round(welch_test(1, 1, 10, 1, 1, 10), 9) == 1.0",), nulls="custom"),
    scalar(("around(value:Integer, center:Integer, delta:Integer) -> bool", _AROUND),
           ("around(value:Number, center:Number, delta:Number) -> bool", "(abs(CAST({value} AS DOUBLE) - CAST({center} AS DOUBLE)) <= CAST({delta} AS DOUBLE))"),
           ("around(value:timespan, center:timespan, delta:timespan) -> bool", _AROUND),
           ("around(value:datetime, center:datetime, delta:timespan) -> bool", _AROUND),
           doc="Whether a value lies no farther from a center than delta.",
           examples=("around(11, 10, 1)", "around(datetime(2020-01-02), datetime(2020-01-01), 1d)")),
    refused("bin_auto", "how wide its bins are is told before the query, and is not here: set query_bin_auto_size = 1h;", naming="first"),
    _real("gamma", "TRY(gamma({x}))", "The gamma function.", "round(gamma(4), 6) == 6.0"),
    _real("loggamma", "TRY(lgamma({x}))", "The logarithm of the gamma function.", "round(loggamma(1), 6) == 0.0"),
    scalar(("isnan(number:real) -> bool", "isnan({number})"), doc="Whether a real is no number.", examples=("isnan(real(nan))",)),
    scalar(("isinf(number:real) -> bool", "isinf({number})"), doc="Whether a real is infinite.", examples=("isinf(1.0 / 0)",)),
    scalar(("isfinite(number:real) -> bool", "isfinite({number})"), doc="Whether a real is a number and finite.", examples=("isfinite(1.5)",)),
    scalar(("rand(range:long?) -> real", "CASE WHEN {range|0} > 1 THEN floor(random() * {range|1}) ELSE random() END"),
           doc="A number drawn at random from 0 to 1, or a whole one below a bound.", examples=("rand() < 1", "rand(10) < 10"),
           nulls="total", naming="first", volatile=True),
    *_EXTREMES,
    *(scalar((f"binary_{name}(num1:long, num2:long) -> long", sql), doc=f"Bitwise {doc}.", examples=(example,), naming="first")
      for name, sql, doc, example in (
          ("and", "({num1} & {num2})", "and", "binary_and(6, 3) == 2"), ("or", "({num1} | {num2})", "or", "binary_or(6, 3) == 7"),
          ("xor", "xor({num1}, {num2})", "exclusive or", "binary_xor(6, 3) == 5"))),
    scalar(("binary_not(num1:long) -> long", "(~{num1})"), doc="Bitwise not.", examples=("binary_not(0) == -1",), naming="first"),
    scalar(("binary_shift_left(num1:long, shift:long) -> long", "CASE WHEN {shift} >= 0 THEN kql_wrap(CAST({num1} AS HUGEINT) * CAST(pow(2, {shift} & 63) AS HUGEINT)) END"),
           doc="The bits moved to the left; null for a negative number of places.", examples=("binary_shift_left(1, 4) == 16", "isnull(binary_shift_left(1, -1))"), nulls="custom", naming="first"),
    scalar(("binary_shift_right(num1:long, shift:long) -> long", "CASE WHEN {shift} >= 0 THEN ({num1} >> ({shift} & 63)) END"),
           doc="The bits moved to the right; null for a negative number of places.", examples=("binary_shift_right(16, 4) == 1",), nulls="custom", naming="first"),
    scalar(("bitset_count_ones(number:long) -> long", "CAST(bit_count({number}) AS BIGINT)"), doc="How many bits are set.",
           examples=("bitset_count_ones(42) == 3",), naming="first"),
)  # fmt: skip
