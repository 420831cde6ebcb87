"""Series: arrays of numbers taken element by element or as a whole. Long ones belong to `make-series`.

An element that is no number is null, and so is what is computed from it; of two series the shorter one is filled with
nulls. Whole numbers stay whole where the operation keeps them so.
"""

from __future__ import annotations

from kql.forms import JSON, Json, List, Object, Scalar
from kql.functions.row import Function, refused, scalar
from kql.sql import dynamic
from kql.sql.value import Arguments, Sql, always_null
from kql.types import BOOL, DYNAMIC, INT, LONG, REAL, Type

_JSONS = List(Json())
_REALS = List(Scalar(REAL))
_BOTH = (
    "(series1:dynamic, series2:dynamic) -> dynamic",
    "(series1:dynamic, series2:int|long|real|decimal) -> dynamic",
    "(series1:int|long|real|decimal, series2:dynamic) -> dynamic",
)


def _list(value: Sql) -> str:
    return f"kql_list({dynamic.as_json(value).text})"


def _numbers(value: Sql) -> str:
    return "CAST(NULL AS DOUBLE[])" if always_null(value) else f"kql_numbers({dynamic.as_json(value).text})"


def _pairs(arguments: Arguments) -> tuple[str, str]:
    """Two series as a list of pairs, and whether both hold whole numbers only; a number beside a series repeats."""
    pairs, whole = [], []
    for place in (0, 1):
        value, other = arguments[place], arguments[1 - place]
        if value.type is DYNAMIC:
            pairs.append(_numbers(value))
            whole.append(f"kql_integral({_list(value)})")
        else:
            pairs.append(f"list_transform({_list(other)}, lambda e: CAST({value.text} AS DOUBLE))")
            whole.append("TRUE" if value.type in (LONG, INT) else "FALSE")
    return f"list_zip({pairs[0]}, {pairs[1]})", " AND ".join(whole)


def _arithmetic(name: str, sql: str, doc: str, shown: str, wanted: str, keeps: bool = True) -> Function:
    def made(arguments: Arguments) -> Sql:
        pairs, whole = _pairs(arguments)
        values = f"list_transform({pairs}, lambda p: {sql})"
        if not keeps:
            return Sql(values, DYNAMIC, True, _REALS)
        return Sql(f"kql_series_json({values}, {whole})", DYNAMIC, True, _JSONS)

    return scalar(
        *((f"{name}{shape}", made) for shape in _BOTH),
        doc=f"Two series element by element: {doc}.", examples=(f"tostring({name}({shown})) == '{wanted}'",), nulls="custom",
    )  # fmt: skip


def _comparison(name: str, sign: str, doc: str, shown: str, wanted: str) -> Function:
    def made(arguments: Arguments) -> Sql:
        pairs, _ = _pairs(arguments)
        return Sql(f"list_transform({pairs}, lambda p: p[1] {sign} p[2])", DYNAMIC, True, List(Scalar(BOOL)))

    return scalar(
        *((f"{name}{shape}", made) for shape in _BOTH),
        doc=f"Two series element by element: whether the first is {doc} the second.",
        examples=(f"tostring({name}({shown})) == '{wanted}'",), nulls="custom",
    )  # fmt: skip


def _each(name: str, sql: str, doc: str, wanted: str, keeps: bool = False) -> Function:
    def made(arguments: Arguments) -> Sql:
        values = f"list_transform({_numbers(arguments[0])}, lambda x: {sql})"
        if keeps:
            return Sql(f"kql_series_json({values}, kql_integral({_list(arguments[0])}))", DYNAMIC, True, _JSONS)
        return Sql(values, DYNAMIC, True, _REALS)

    return scalar(
        (f"{name}(series:dynamic) -> dynamic", made),
        doc=f"Of each element {doc}.", examples=(f"tostring({name}(dynamic([1, 0]))) == '{wanted}'",), nulls="custom",
    )  # fmt: skip


def _fill(name: str, signature: str, doc: str, shown: str, wanted: str) -> Function:
    def made(arguments: Arguments) -> Sql:
        places = {parameter: positions[0] for parameter, positions in arguments.names.items()}
        gap = "CAST(NULL AS DOUBLE)"
        if "missing_value_placeholder" in places:
            gap = f"CAST({arguments.text(places['missing_value_placeholder'])} AS DOUBLE)"
        more = ""
        if "constant_value" in signature:
            at = places.get("constant_value")
            value = dynamic.as_json(arguments[at]).text if at is not None else "CAST('0' AS JSON)"
            more = f", {value}"
        if name == "series_fill_linear":
            edges = arguments.text(places["fill_edges"]) if "fill_edges" in places else "TRUE"
            return Sql(f"kql_fill_linear({_list(arguments[0])}, {gap}, {edges}{more})", DYNAMIC, True, _JSONS)
        if name == "series_fill_const":
            return Sql(f"kql_fill_const({_list(arguments[0])}{more}, {gap})", DYNAMIC, True, _JSONS)
        return Sql(f"kql{name.removeprefix('series')}({_list(arguments[0])}, {gap})", DYNAMIC, True, _JSONS)

    return scalar(
        (f"{name}({signature}) -> dynamic", made),
        doc=doc, examples=(f"tostring({name}({shown})) == '{wanted}'",), nulls="custom", naming="first",
    )  # fmt: skip


def _fir(arguments: Arguments) -> Sql:
    """Without a word about it a filter is made to sum to 1 unless it has negative coefficients."""
    filter = _numbers(arguments[1])
    normalize = f"coalesce({arguments.text(2)}, FALSE)" if len(arguments) > 2 else f"list_min({filter}) >= 0"
    shift = f"CASE WHEN {arguments.text(3)} THEN (len({filter}) - 1) // 2 ELSE 0 END" if len(arguments) > 3 else "0"
    total = f"CASE WHEN {normalize} THEN list_sum({filter}) ELSE 1 END"
    values = f"list_transform(kql_fir({_numbers(arguments[0])}, {filter}, {shift}), lambda v: v / ({total}))"
    whole = f"kql_integral({_list(arguments[0])}) AND kql_integral({_list(arguments[1])}) AND NOT ({normalize})"
    return Sql(f"kql_series_json({values}, {whole})", DYNAMIC, True, _JSONS)


def _iir(arguments: Arguments) -> Sql:
    series, numerators, denominators = (_numbers(value) for value in arguments.values)
    return Sql(f"kql_iir({series}, {numerators}, {denominators})", DYNAMIC, True, _REALS)


STATS = (
    ("min", REAL), ("min_idx", LONG), ("max", REAL), ("max_idx", LONG), ("avg", REAL), ("stdev", REAL), ("variance", REAL),
)  # fmt: skip
LINE = (
    ("rsquare", REAL), ("slope", REAL), ("variance", REAL), ("rvariance", REAL), ("interception", REAL), ("line_fit", DYNAMIC),
)  # fmt: skip
POLYNOMIAL = (
    ("rsquare", REAL), ("coefficients", DYNAMIC), ("variance", REAL), ("rvariance", REAL), ("poly_fit", DYNAMIC),
)  # fmt: skip
TWO_LINES = (
    ("rsquare", REAL), ("split_idx", LONG), ("variance", REAL), ("rvariance", REAL), ("line_fit", DYNAMIC),
    *((f"{side}_{name}", REAL) for side in ("right", "left")
      for name in ("rsquare", "slope", "interception", "variance", "rvariance")),
)  # fmt: skip
FOURIER = (("real", DYNAMIC), ("imag", DYNAMIC))


def _stats(arguments: Arguments) -> Sql:
    skip = arguments.text(1) if len(arguments) > 1 else "FALSE"
    form = Object((*((name, Scalar(type)) for name, type in STATS), ("sum", Scalar(REAL)), ("len", Scalar(LONG))))
    return Sql(f"kql_series_stats({_numbers(arguments[0])}, {skip})", DYNAMIC, True, form)


def _line(arguments: Arguments) -> Sql:
    return Sql(f"kql_line({_numbers(arguments[0])})", DYNAMIC, True, _fields(LINE))


def _fields(parts: tuple[tuple[str, Type], ...]) -> Object:
    return Object(tuple((name, _REALS if type is DYNAMIC else Scalar(type)) for name, type in parts))


def _polynomial(arguments: Arguments) -> Sql:
    y = _numbers(arguments[0])
    x = _numbers(arguments[1]) if len(arguments) > 1 else f"list_transform({y}, lambda e, i: CAST(i AS DOUBLE))"
    degree = arguments.text(2) if len(arguments) > 2 else "1"
    return Sql(f"kql_poly({x}, {y}, {degree})", DYNAMIC, True, _fields(POLYNOMIAL))


def _two_lines(arguments: Arguments) -> Sql:
    return Sql(f"kql_two_lines({_numbers(arguments[0])})", DYNAMIC, True, _fields(TWO_LINES))


def _bag(made: Sql, names: tuple[str, ...]) -> Sql:
    """A bag of the named fields of what was made, computed once."""
    inner = Sql("s", DYNAMIC, True, made.form)
    members = ", ".join(f"'{name}', {dynamic.as_json(dynamic.step(inner, name)).text}" for name in names)
    text = f"list_transform([{made.text}], lambda s: CASE WHEN s IS NOT NULL THEN json_object({members}) END)[1]"
    return Sql(text, DYNAMIC, True, JSON)


def _fourier(inverse: bool) -> Function:
    name = "series_ifft" if inverse else "series_fft"

    def made(arguments: Arguments) -> Sql:
        imaginary = _numbers(arguments[1]) if len(arguments) > 1 else "CAST([] AS DOUBLE[])"
        pairs = f"kql_fourier({_numbers(arguments[0])}, {imaginary}, {1 if inverse else -1})"
        scale = f" / len({_list(arguments[0])})" if inverse else ""
        text = (
            f"list_transform([{pairs}], lambda f: struct_pack(\"real\" := list_transform(f, lambda e: e.re{scale}), "
            f"imag := list_transform(f, lambda e: e.im{scale})))[1]"
        )
        return Sql(text, DYNAMIC, True, Object((("real", _REALS), ("imag", _REALS))))

    word = "inverse Fourier" if inverse else "Fourier"
    return scalar(
        (f"{name}(series:dynamic, series_imaginary:dynamic?) -> dynamic", made),
        doc=f"The {word} transform of a series: two series, the real and the imaginary parts.",
        examples=(f"toreal({name}(dynamic([4, 4]))[0][0]) == {'4.0' if inverse else '8.0'}",), nulls="custom", parts=FOURIER,
    )  # fmt: skip


def _total(name: str, sql: str, doc: str, example: str) -> Function:
    def made(arguments: Arguments) -> str:
        return sql.replace("{x}", _numbers(arguments[0]))

    return scalar((f"{name}(series:dynamic) -> real", made), doc=doc, examples=(example,), nulls="custom")


def _dot(arguments: Arguments) -> str:
    return f"CAST(list_sum(list_transform({_pairs(arguments)[0]}, lambda p: p[1] * p[2])) AS DOUBLE)"


def _cosine(arguments: Arguments) -> str:
    one, two = _numbers(arguments[0]), _numbers(arguments[1])
    sizes = [
        arguments.text(place + 2) if len(arguments) > place + 2 else f"sqrt(list_sum(list_transform({text}, lambda x: x * x)))"
        for place, text in enumerate((one, two))
    ]
    return f"(list_sum(list_transform(list_zip({one}, {two}), lambda p: p[1] * p[2])) / nullif({sizes[0]} * {sizes[1]}, 0))"


_MODEL = "it fits a statistical model whose details the service does not publish"

ROWS = (
    _arithmetic("series_add", "p[1] + p[2]", "their sums", "dynamic([1, 2]), dynamic([3, 4])", "[4,6]"),
    _arithmetic("series_subtract", "p[1] - p[2]", "their differences", "dynamic([3, 4]), 1", "[2,3]"),
    _arithmetic("series_multiply", "p[1] * p[2]", "their products", "dynamic([1, 2]), dynamic([3, 4])", "[3,8]"),
    _arithmetic("series_divide", "kql_divide(p[1], p[2])", "their quotients", "dynamic([1, 4]), 2", "[0.5,2.0]", keeps=False),
    _arithmetic("series_pow", "TRY(pow(p[1], p[2]))", "the first to the power of the second", "dynamic([2, 3]), 2", "[4.0,9.0]", keeps=False),
    *(_comparison(f"series_{name}", sign, doc, "dynamic([1, 2, 3]), 2", wanted) for name, sign, doc, wanted in (
        ("less", "<", "less than", "[true,false,false]"), ("less_equals", "<=", "less than or equal to", "[true,true,false]"),
        ("greater", ">", "greater than", "[false,false,true]"),
        ("greater_equals", ">=", "greater than or equal to", "[false,true,true]"),
        ("equals", "=", "equal to", "[false,true,false]"), ("not_equals", "<>", "other than", "[true,false,true]"))),
    _each("series_abs", "abs(x)", "the value without its sign", "[1,0]", keeps=True),
    _each("series_sign", "sign(x)", "the sign: -1, 0 or 1", "[1,0]", keeps=True),
    _each("series_ceiling", "ceil(x)", "the next whole number above", "[1.0,0.0]"),
    _each("series_floor", "floor(x)", "the next whole number below", "[1.0,0.0]"),
    _each("series_exp", "exp(x)", "e to its power", "[2.718281828459045,1.0]"),
    _each("series_log", "kql_log(x, ln(CASE WHEN x > 0 THEN x END))", "the natural logarithm", "[0.0,\"-Infinity\"]"),
    _each("series_sin", "sin(x)", "the sine", "[0.8414709848078965,0.0]"),
    _each("series_cos", "cos(x)", "the cosine", "[0.5403023058681398,1.0]"),
    _each("series_tan", "tan(x)", "the tangent", "[1.5574077246549023,0.0]"),
    _each("series_asin", "CASE WHEN abs(x) <= 1 THEN asin(x) END", "the angle whose sine it is", "[1.5707963267948966,0.0]"),
    _each("series_acos", "CASE WHEN abs(x) <= 1 THEN acos(x) END", "the angle whose cosine it is", "[0.0,1.5707963267948966]"),
    _each("series_atan", "atan(x)", "the angle whose tangent it is", "[0.7853981633974483,0.0]"),
    _fill("series_fill_forward", "series:dynamic, missing_value_placeholder:int|long|real|decimal?",
          "Gaps filled with the value before them.", "dynamic([1, null, 3])", "[1,1,3]"),
    _fill("series_fill_backward", "series:dynamic, missing_value_placeholder:int|long|real|decimal?",
          "Gaps filled with the value after them.", "dynamic([1, null, 3])", "[1,3,3]"),
    _fill("series_fill_const", "series:dynamic, constant_value:int|long|real|decimal?, missing_value_placeholder:int|long|real|decimal?",
          "Gaps filled with one value.", "dynamic([1, null, 3]), 9", "[1,9,3]"),
    _fill("series_fill_linear",
          "series:dynamic, missing_value_placeholder:int|long|real|decimal?, fill_edges:bool?, constant_value:int|long|real|decimal?",
          "Gaps filled on the line between their neighbours.", "dynamic([1, null, 4])", "[1,2.5,4]"),
    scalar(("series_fir(series:dynamic, filter:dynamic, normalize:bool?, center:bool?) -> dynamic", _fir),
           doc="A finite impulse response filter: sums of neighbours times coefficients; [1, 1, 1] is a moving average.",
           examples=("tostring(series_fir(dynamic([1, 4, 6]), dynamic([1, -1]))) == '[1,3,2]'",), nulls="custom", naming="first"),
    scalar(("series_iir(series:dynamic, numerators:dynamic, denominators:dynamic) -> dynamic", _iir),
           doc="An infinite impulse response filter: [1] and [1, -1] give running sums.",
           examples=("tostring(series_iir(dynamic([1, 2, 3]), dynamic([1]), dynamic([1, -1]))) == '[1.0,3.0,6.0]'",),
           nulls="custom", naming="first"),
    _total("series_sum", "CAST(list_sum({x}) AS DOUBLE)", "The sum of the elements.", "series_sum(dynamic([1, 2])) == 3.0"),
    _total("series_product", "CAST(list_product({x}) AS DOUBLE)", "The product of the elements.", "series_product(dynamic([2, 3])) == 6.0"),
    _total("series_magnitude", "sqrt(list_sum(list_transform({x}, lambda x: x * x)))", "The length of a vector.",
           "series_magnitude(dynamic([3, 4])) == 5.0"),
    scalar(*((f"series_dot_product{shape.replace('-> dynamic', '-> real')}", _dot) for shape in _BOTH),
           doc="The sum of the products of two series' elements.",
           examples=("series_dot_product(dynamic([1, 2]), dynamic([3, 4])) == 11.0",), nulls="custom"),
    scalar(("series_cosine_similarity(series1:dynamic, series2:dynamic, series1_magnitude:real?, series2_magnitude:real?) -> real", _cosine),
           doc="The cosine of the angle between two vectors; their lengths may be given.",
           examples=("series_cosine_similarity(dynamic([1, 0]), dynamic([0, 1])) == 0.0",), nulls="custom"),
    scalar(("series_pearson_correlation(series1:dynamic, series2:dynamic) -> real",
            lambda a: f"kql_pearson(list_zip({_numbers(a[0])}, {_numbers(a[1])}))"),
           doc="Pearson's coefficient: how far two series lie on a line, from -1 to 1.",
           examples=("round(series_pearson_correlation(dynamic([1, 2, 3]), dynamic([2, 4, 6])), 9) == 1.0",), nulls="custom"),
    scalar(("series_stats(series:dynamic, ignore_nonfinite:bool? <Constant>) -> dynamic", _stats),
           doc="Seven columns about a series: least and greatest element with their places, mean, deviation, variance.",
           examples=("series_stats(dynamic([1, 2, 6])) == 1.0", "series_stats(dynamic([1, 2, 6]))[4] == 3.0"), nulls="custom", parts=STATS),
    scalar(("series_stats_dynamic(series:dynamic, ignore_nonfinite:bool? <Constant>) -> dynamic",
            lambda a: _bag(_stats(a), (*(name for name, _ in STATS), "sum", "len"))),
           doc="What series_stats tells, with sum and length, as one bag.",
           examples=("toreal(series_stats_dynamic(dynamic([1, 2, 6])).avg) == 3.0",), nulls="custom"),
    scalar(("series_fit_line(series:dynamic) -> dynamic", _line),
           doc="The line of least squares through a series: fit, slope, variances, value at 0, and the line.",
           examples=("series_fit_line(dynamic([1, 2, 3])) == 1.0", "series_fit_line(dynamic([1, 3, 5]))[1] == 2.0"), nulls="custom", parts=LINE),
    scalar(("series_fit_line_dynamic(series:dynamic) -> dynamic", lambda a: _bag(_line(a), tuple(name for name, _ in LINE))),
           doc="What series_fit_line tells as one bag.",
           examples=("toreal(series_fit_line_dynamic(dynamic([1, 3, 5])).slope) == 2.0",), nulls="custom"),
    scalar(("series_fit_poly(y_series:dynamic, x_series:dynamic?, degree:int|long? <Constant>) -> dynamic", _polynomial),
           doc="The polynomial of least squares through a series, of degree 1 unless told: fit, coefficients from the highest "
           "power down, variances, and the curve. The places are 1, 2, … unless given; the degree is 20 at most.",
           examples=("round(series_fit_poly(dynamic([1, 4, 9, 16]), dynamic([1, 2, 3, 4]), 2), 9) == 1.0",
                     "round(toreal(series_fit_poly(dynamic([1, 4, 9, 16]), dynamic([1, 2, 3, 4]), 2)[1][0]), 9) == 1.0"),
           nulls="custom", parts=POLYNOMIAL),
    scalar(("series_fit_2lines(series:dynamic) -> dynamic", _two_lines),
           doc="Two lines of least squares, one for each side of the best split: fit, split, variances, the lines, and what "
           "series_fit_line tells of each side.",
           examples=("series_fit_2lines(dynamic([1, 2, 3, 4, 9, 8, 7]))[1] == 4",), nulls="custom", parts=TWO_LINES),
    scalar(("series_fit_2lines_dynamic(series:dynamic) -> dynamic", lambda a: _bag(_two_lines(a), tuple(name for name, _ in TWO_LINES))),
           doc="What series_fit_2lines tells as one bag.",
           examples=("toreal(series_fit_2lines_dynamic(dynamic([1, 2, 3, 4, 9, 8, 7])).right_slope) == -1.0",), nulls="custom"),
    _fourier(False),
    _fourier(True),
    *(refused(name, _MODEL) for name in (
        "series_outliers", "series_seasonal", "series_decompose", "series_decompose_forecast", "series_decompose_anomalies",
        "series_periods_detect", "series_periods_validate")),
)  # fmt: skip
