"""Series: arrays of numbers taken element by element or as a whole. Long ones belong to `make-series`.

An element that is no number is null, and so is what is computed from it; of two series the shorter one is filled with
nulls. Whole numbers stay whole where the operation keeps them so.
"""

from __future__ import annotations

from collections.abc import Sequence

from kql.forms import Form, Json, List, Object, Scalar
from kql.functions.row import Function, refused, scalar
from kql.functions.template import Template, template
from kql.sql import dynamic
from kql.sql.value import Sql
from kql.types import BOOL, DYNAMIC, LONG, REAL, Type

_JSONS = List(Json())
_REALS = List(Scalar(REAL))
_NUMBER = "int|long|real|decimal"


def _both(returns: str = "dynamic") -> tuple[tuple[str, str, str], ...]:
    """Two series, or a series beside a number, which repeats: the signature, the list of pairs, and whether all of it
    holds whole numbers only."""

    def repeated(series: str, number: str) -> str:
        return f"list_transform({{{series}:jsons}}, lambda e: CAST({{{number}}} AS DOUBLE))"

    one, two, whole = "{series1:numbers}", "{series2:numbers}", "kql_integral({{{}:jsons}}) AND {}"
    return (
        (f"(series1:dynamic, series2:dynamic) -> {returns}", f"list_zip({one}, {two})", "kql_integral({series1:jsons}) AND kql_integral({series2:jsons})"),
        (f"(series1:dynamic, series2:{_NUMBER}) -> {returns}", f"list_zip({one}, {repeated('series1', 'series2')})", whole.format("series1", "{kind2}")),
        (f"(series1:{_NUMBER}, series2:dynamic) -> {returns}", f"list_zip({repeated('series2', 'series1')}, {two})", "{kind1} AND kql_integral({series2:jsons})"),
    )


def _arithmetic(name: str, sql: str, doc: str, shown: str, wanted: str, keeps: bool = True) -> Function:
    def made(pairs: str, whole: str) -> Template:
        values = f"list_transform({pairs}, lambda p: {sql})"
        if not keeps:
            return template(values, _REALS)
        one, two = ({f"series{side} is integer": "TRUE", "": "FALSE"} for side in (1, 2))
        return template(f"kql_series_json({values}, {whole})", _JSONS, kind1=one, kind2=two)

    return scalar(
        *((name + shape, made(pairs, whole)) for shape, pairs, whole in _both()),
        doc=f"Two series element by element: {doc}.", examples=(f"tostring({name}({shown})) == '{wanted}'",), nulls="custom",
    )  # fmt: skip


def _comparison(name: str, sign: str, doc: str, shown: str, wanted: str) -> Function:
    return scalar(
        *((name + shape, template(f"list_transform({pairs}, lambda p: p[1] {sign} p[2])", List(Scalar(BOOL)))) for shape, pairs, _ in _both()),
        doc=f"Two series element by element: whether the first is {doc} the second.",
        examples=(f"tostring({name}({shown})) == '{wanted}'",), nulls="custom",
    )  # fmt: skip


def _each(name: str, sql: str, doc: str, wanted: str, keeps: bool = False) -> Function:
    values = f"list_transform({{series:numbers}}, lambda x: {sql})"
    whole = template(f"kql_series_json({values}, kql_integral({{series:jsons}}))", _JSONS)
    return scalar(
        (f"{name}(series:dynamic) -> dynamic", whole if keeps else template(values, _REALS)),
        doc=f"Of each element {doc}.", examples=(f"tostring({name}(dynamic([1, 0]))) == '{wanted}'",), nulls="custom",
    )  # fmt: skip


_GAP = {"missing_value_placeholder": "CAST({missing_value_placeholder} AS DOUBLE)", "": "CAST(NULL AS DOUBLE)"}


def _fill(name: str, more: str, sql: str, doc: str, shown: str, wanted: str) -> Function:
    return scalar(
        (f"{name}(series:dynamic{more}) -> dynamic", template(sql, _JSONS, gap=_GAP)),
        doc=doc, examples=(f"tostring({name}({shown})) == '{wanted}'",), nulls="custom", naming="first",
    )  # fmt: skip


# Without a word about it a filter is made to sum to 1 unless it has negative coefficients.
_FIR = template(
    "kql_series_json(list_transform(kql_fir({series:numbers}, {filter:numbers}, {shift}), lambda v: v / "
    "(CASE WHEN {norm} THEN list_sum({filter:numbers}) ELSE 1 END)), "
    "kql_integral({series:jsons}) AND kql_integral({filter:jsons}) AND NOT ({norm}))",
    _JSONS,
    norm={"normalize": "coalesce({normalize}, FALSE)", "": "list_min({filter:numbers}) >= 0"},
    shift={"center": "CASE WHEN {center} THEN (len({filter:numbers}) - 1) // 2 ELSE 0 END", "": "0"},
)


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


_STATS_FORM = Object((*((name, Scalar(type)) for name, type in STATS), ("sum", Scalar(REAL)), ("len", Scalar(LONG))))


def _fields(parts: tuple[tuple[str, Type], ...]) -> Object:
    return Object(tuple((name, _REALS if type is DYNAMIC else Scalar(type)) for name, type in parts))


def _bag(sql: str, form: Form, names: tuple[str, ...]) -> str:
    """A bag of the named fields of what was made, computed once."""
    inner = Sql("s", DYNAMIC, True, form)
    members = ", ".join(f"'{name}', {dynamic.as_json(dynamic.step(inner, name)).text}" for name in names)
    return f"list_transform([{sql}], lambda s: CASE WHEN s IS NOT NULL THEN json_object({members}) END)[1]"


def _fitted(signature: str, sql: str, parts: tuple[tuple[str, Type], ...], form: Form, more: tuple[str, ...],
            doc: str, *examples: str) -> tuple[Function, Function]:  # fmt: skip
    """A function with a column for each of its parts, and its twin that tells the same, and more, as one bag."""
    name, taken = signature.split("(")
    own = scalar((f"{signature} -> dynamic", template(sql, form)), doc=doc, examples=examples[:-1], nulls="custom", parts=parts)
    twin = scalar(
        (f"{name}_dynamic({taken} -> dynamic", _bag(sql, form, (*(part for part, _ in parts), *more))),
        doc=f"What {name} tells{', with ' + ' and '.join(_TOLD[each] for each in more) + ',' if more else ''} as one bag.",
        examples=examples[-1:], nulls="custom",
    )  # fmt: skip
    return own, twin


_TOLD = {"sum": "sum", "len": "length"}
_POLYNOMIAL = template(
    "kql_poly({x}, {y_series:numbers}, {degree|1})", _fields(POLYNOMIAL),
    x={"x_series": "{x_series:numbers}", "": "list_transform({y_series:numbers}, lambda e, i: CAST(i AS DOUBLE))"},
)  # fmt: skip


def _fourier(inverse: bool) -> Function:
    name, sign, scale = ("series_ifft", 1, " / len({series:jsons})") if inverse else ("series_fft", -1, "")
    sql = template(
        f"list_transform([kql_fourier({{series:numbers}}, {{imaginary}}, {sign})], lambda f: "
        f'struct_pack("real" := list_transform(f, lambda e: e.re{scale}), imag := list_transform(f, lambda e: e.im{scale})))[1]',
        Object((("real", _REALS), ("imag", _REALS))),
        imaginary={"series_imaginary": "{series_imaginary:numbers}", "": "CAST([] AS DOUBLE[])"},
    )
    word = "inverse Fourier" if inverse else "Fourier"
    return scalar(
        (f"{name}(series:dynamic, series_imaginary:dynamic?) -> dynamic", sql),
        doc=f"The {word} transform of a series: two series, the real and the imaginary parts.",
        examples=(f"toreal({name}(dynamic([4, 4]))[0][0]) == {'4.0' if inverse else '8.0'}",), nulls="custom", parts=FOURIER,
    )  # fmt: skip


def _total(name: str, sql: str, doc: str, example: str) -> Function:
    return scalar((f"{name}(series:dynamic) -> real", sql), doc=doc, examples=(example,), nulls="custom")


def _length(series: str) -> dict[str, str]:
    """The length of a vector: as given, or found."""
    return {
        f"{series}_magnitude": f"{{{series}_magnitude}}",
        "": f"sqrt(list_sum(list_transform({{{series}:numbers}}, lambda x: x * x)))",
    }


_COSINE = template(
    "(list_sum(list_transform(list_zip({series1:numbers}, {series2:numbers}), lambda p: p[1] * p[2])) / nullif({one} * {two}, 0))",
    one=_length("series1"), two=_length("series2"),
)  # fmt: skip

_MODEL = "it fits a statistical model whose details the service does not publish"


def _no_period(constants: Sequence[object]) -> str:
    """-1 asks for detection, as leaving the period out does."""
    detects = len(constants) < 2 or constants[1] == -1
    return "it needs its period: how the service detects one is not published" if detects else ""


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
    _fill("series_fill_forward", f", missing_value_placeholder:{_NUMBER}?", "kql_fill_forward({series:jsons}, {gap})",
          "Gaps filled with the value before them.", "dynamic([1, null, 3])", "[1,1,3]"),
    _fill("series_fill_backward", f", missing_value_placeholder:{_NUMBER}?", "kql_fill_backward({series:jsons}, {gap})",
          "Gaps filled with the value after them.", "dynamic([1, null, 3])", "[1,3,3]"),
    _fill("series_fill_const", f", constant_value:{_NUMBER}?, missing_value_placeholder:{_NUMBER}?",
          "kql_fill_const({series:jsons}, {constant_value:json|CAST('0' AS JSON)}, {gap})",
          "Gaps filled with one value.", "dynamic([1, null, 3]), 9", "[1,9,3]"),
    _fill("series_fill_linear",
          f", missing_value_placeholder:{_NUMBER}?, fill_edges:bool?, constant_value:{_NUMBER}?",
          "kql_fill_linear({series:jsons}, {gap}, {fill_edges|TRUE}, {constant_value:json|CAST('0' AS JSON)})",
          "Gaps filled on the line between their neighbours.", "dynamic([1, null, 4])", "[1,2.5,4]"),
    scalar(("series_fir(series:dynamic, filter:dynamic, normalize:bool?, center:bool?) -> dynamic", _FIR),
           doc="A finite impulse response filter: sums of neighbours times coefficients; [1, 1, 1] is a moving average.",
           examples=("tostring(series_fir(dynamic([1, 4, 6]), dynamic([1, -1]))) == '[1,3,2]'",), nulls="custom", naming="first"),
    scalar(("series_iir(series:dynamic, numerators:dynamic, denominators:dynamic) -> dynamic",
            template("kql_iir({series:numbers}, {numerators:numbers}, {denominators:numbers})", _REALS)),
           doc="An infinite impulse response filter: [1] and [1, -1] give running sums.",
           examples=("tostring(series_iir(dynamic([1, 2, 3]), dynamic([1]), dynamic([1, -1]))) == '[1.0,3.0,6.0]'",),
           nulls="custom", naming="first"),
    _total("series_sum", "CAST(list_sum({series:numbers}) AS DOUBLE)", "The sum of the elements.", "series_sum(dynamic([1, 2])) == 3.0"),
    _total("series_product", "CAST(list_product({series:numbers}) AS DOUBLE)", "The product of the elements.", "series_product(dynamic([2, 3])) == 6.0"),
    _total("series_magnitude", _length("series")[""], "The length of a vector.",
           "series_magnitude(dynamic([3, 4])) == 5.0"),
    scalar(*((f"series_dot_product{shape}", f"CAST(list_sum(list_transform({pairs}, lambda p: p[1] * p[2])) AS DOUBLE)") for shape, pairs, _ in _both("real")),
           doc="The sum of the products of two series' elements.",
           examples=("series_dot_product(dynamic([1, 2]), dynamic([3, 4])) == 11.0",), nulls="custom"),
    scalar(("series_cosine_similarity(series1:dynamic, series2:dynamic, series1_magnitude:real?, series2_magnitude:real?) -> real", _COSINE),
           doc="The cosine of the angle between two vectors; their lengths may be given.",
           examples=("series_cosine_similarity(dynamic([1, 0]), dynamic([0, 1])) == 0.0",), nulls="custom"),
    scalar(("series_pearson_correlation(series1:dynamic, series2:dynamic) -> real",
            "kql_pearson(list_zip({series1:numbers}, {series2:numbers}))"),
           doc="Pearson's coefficient: how far two series lie on a line, from -1 to 1.",
           examples=("round(series_pearson_correlation(dynamic([1, 2, 3]), dynamic([2, 4, 6])), 9) == 1.0",), nulls="custom"),
    *_fitted("series_stats(series:dynamic, ignore_nonfinite:bool? <Constant>)", "kql_series_stats({series:numbers}, {ignore_nonfinite|FALSE})",
             STATS, _STATS_FORM, ("sum", "len"),
             "Seven columns about a series: least and greatest element with their places, mean, deviation, variance.",
             "series_stats(dynamic([1, 2, 6])) == 1.0", "series_stats(dynamic([1, 2, 6]))[4] == 3.0",
             "toreal(series_stats_dynamic(dynamic([1, 2, 6])).avg) == 3.0"),
    *_fitted("series_fit_line(series:dynamic)", "kql_line({series:numbers})", LINE, _fields(LINE), (),
             "The line of least squares through a series: fit, slope, variances, value at 0, and the line.",
             "series_fit_line(dynamic([1, 2, 3])) == 1.0", "series_fit_line(dynamic([1, 3, 5]))[1] == 2.0",
             "toreal(series_fit_line_dynamic(dynamic([1, 3, 5])).slope) == 2.0"),
    scalar(("series_fit_poly(y_series:dynamic, x_series:dynamic?, degree:int|long? <Constant>) -> dynamic", _POLYNOMIAL),
           doc="The polynomial of least squares through a series, of degree 1 unless told: fit, coefficients from the highest "
           "power down, variances, and the curve. The places are 1, 2, … unless given; the degree is 20 at most.",
           examples=("round(series_fit_poly(dynamic([1, 4, 9, 16]), dynamic([1, 2, 3, 4]), 2), 9) == 1.0",
                     "round(toreal(series_fit_poly(dynamic([1, 4, 9, 16]), dynamic([1, 2, 3, 4]), 2)[1][0]), 9) == 1.0"),
           nulls="custom", parts=POLYNOMIAL),
    *_fitted("series_fit_2lines(series:dynamic)", "kql_two_lines({series:numbers})", TWO_LINES, _fields(TWO_LINES), (),
             "Two lines of least squares, one for each side of the best split: fit, split, variances, the lines, and what "
             "series_fit_line tells of each side.",
             "series_fit_2lines(dynamic([1, 2, 3, 4, 9, 8, 7]))[1] == 4",
             "toreal(series_fit_2lines_dynamic(dynamic([1, 2, 3, 4, 9, 8, 7])).right_slope) == -1.0"),
    _fourier(False),
    _fourier(True),
    scalar(("series_seasonal(series:dynamic, period:Integer? <Constant>) -> dynamic", template("kql_seasonal({series:numbers}, {period})", _REALS)),
           doc="The seasonal part of a series: at each place the median of those that lie whole periods apart. A period that is"
               " not positive gives zeros; without one it would be detected, which is not part of this engine.",
           examples=("tostring(series_seasonal(dynamic([1, 3, 2, 4, 9, 3]), 2)) == '[2.0,3.0,2.0,3.0,2.0,3.0]'",
                     "tostring(series_seasonal(dynamic([1, 2]), 0)) == '[0.0,0.0]'"), nulls="custom", check=_no_period),
    *(refused(name, _MODEL) for name in (
        "series_outliers", "series_decompose", "series_decompose_forecast", "series_decompose_anomalies",
        "series_periods_detect", "series_periods_validate")),
)  # fmt: skip
