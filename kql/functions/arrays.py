"""Arrays: their length, pieces and order, and arrays as sets. What is no array gives null."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kql.forms import JSON, Json, List, Missing, Scalar
from kql.functions.row import Function, alias, scalar
from kql.sql import dynamic
from kql.sql.value import Arguments, Sql, constant
from kql.types import BOOL, DATETIME, DYNAMIC, LONG, REAL, STRING, TIMESPAN

if TYPE_CHECKING:
    from kql.functions.row import Template


def listed(value: Sql) -> tuple[str, List]:
    """An array as a SQL list (NULL when it is none), with the form of its elements."""
    value = value.fetched()
    if isinstance(value.form, List):
        return value.text, value.form
    if isinstance(value.form, Missing):
        return "CAST(NULL AS JSON[])", List(Json())
    return f"kql_list({dynamic.as_json(value).text})", List(Json())


def _same_form(values: list[Sql]) -> tuple[list[str], List]:
    """Several arrays as lists of one element form."""
    pairs = [listed(value) for value in values]
    if all(form == pairs[0][1] for _, form in pairs):
        return [text for text, _ in pairs], pairs[0][1]
    return [f"kql_list({dynamic.as_json(value).text})" for value in values], List(Json())


def _length(arguments: Arguments) -> Sql:
    value = arguments[0].fetched()
    if isinstance(value.form, List):
        return Sql(f"len({value.text})", LONG, True)
    if isinstance(value.form, Missing | Scalar):
        return constant(None, LONG)
    text = dynamic.as_json(value).text
    return Sql(f"CASE WHEN json_type({text}) = 'ARRAY' THEN CAST(json_array_length({text}) AS BIGINT) END", LONG, True)


def _made(text: str, form: List) -> Sql:
    return Sql(text, DYNAMIC, True, form)


def _concat(arguments: Arguments) -> Sql:
    lists, form = _same_form(arguments.values)
    return _made("list_concat(" + ", ".join(f"coalesce({text}, [])" for text in lists) + ")", form)


def _slice(arguments: Arguments) -> Sql:
    """Both ends are included; negative places count from the end."""
    text, form = listed(arguments[0])
    ends = []
    for written in (arguments.count(1), arguments.count(2)):
        if written.lstrip("-").isdigit():
            ends.append(str(int(written) + 1) if int(written) >= 0 else f"len({text}) + {int(written) + 1}")
        else:
            ends.append(f"CASE WHEN {written} < 0 THEN len({text}) + {written} + 1 ELSE {written} + 1 END")
    return _made(f"({text})[greatest({ends[0]}, 1):greatest({ends[1]}, 0)]", form)


def _index_of(arguments: Arguments) -> str:
    """Counted from 0; -1 where there is none. Start, length and occurrence narrow the search; a length of -1 is all."""
    text, form = listed(arguments[0])
    same = _equals(form, arguments[1])
    if len(arguments) == 2:
        found = f"coalesce(list_position(list_transform({text}, lambda e: {same}), TRUE), 0) - 1"
        return f"CASE WHEN {text} IS NOT NULL THEN CAST({found} AS BIGINT) END"
    start, length, nth = arguments.count(2), arguments.count(3, "-1"), arguments.count(4, "1")
    places = (
        f"list_filter(range(len({text})), lambda i: list_transform([({text})[i + 1]], lambda e: {same})[1] "
        f"AND i >= (CASE WHEN {start} < 0 THEN len({text}) + {start} ELSE {start} END) "
        f"AND ({length} < 0 OR i < (CASE WHEN {start} < 0 THEN len({text}) + {start} ELSE {start} END) + {length}))"
    )
    return f"CASE WHEN {text} IS NOT NULL AND {nth} > 0 THEN CAST(coalesce(({places})[{nth}], -1) AS BIGINT) END"


def _equals(form: List, value: Sql) -> str:
    """SQL that says whether the element e is a value: of one kind and equal, numbers by their size."""
    if isinstance(form.element, Scalar) and form.element.type is value.type:
        return f"e = {value.string if value.type is STRING else value.text}"
    if isinstance(form.element, Scalar):
        element = dynamic.as_json(Sql("e", DYNAMIC, True, form.element)).text
        return f"kql_same({element}, {dynamic.as_json(value).text})"
    return f"kql_same(e, {dynamic.as_json(value).text})"


def _has_element(arguments: Arguments) -> str:
    text, form = listed(arguments[0])
    value = arguments[1]
    if isinstance(form.element, Scalar) and form.element.type is value.type:
        return f"coalesce(list_contains({text}, {value.string if value.type is STRING else value.text}), FALSE)"
    return f"coalesce(list_bool_or(list_transform({text}, lambda e: {_equals(form, value)})), FALSE)"


def _set(function: str) -> Template:
    def sql(arguments: Arguments) -> Sql:
        lists, form = _same_form(arguments.values)
        first = f"kql_once({lists[0]})"
        for text in lists[1:]:
            if function == "union":
                first = f"kql_once(list_concat({first}, coalesce({text}, [])))"
            elif function == "intersect":
                first = f"list_filter({first}, lambda e: list_contains(coalesce({text}, []), e))"
            else:
                first = f"list_filter({first}, lambda e: NOT list_contains(coalesce({text}, []), e))"
        return _made(first, form)

    return sql


def _sorted(direction: str) -> Template:
    """Arrays sorted by the first: numbers, then texts, then the rest; nulls last unless told."""

    def sql(arguments: Arguments) -> Sql:
        values = list(arguments.values)
        nulls_last = True
        if len(values) > 1 and values[-1].type is BOOL:
            nulls_last = values.pop().const is not False
        text, form = listed(values[0])
        nulls = "NULLS LAST" if nulls_last else "NULLS FIRST"
        flag = "TRUE" if nulls_last else "FALSE"
        if len(values) > 1:
            others = ", ".join(f"kql_list({dynamic.as_json(value).text})" for value in values)
            key = f"kql_list({dynamic.as_json(values[0]).text})"
            made = f"list_transform([{others}], lambda l: to_json(list_transform(kql_order_{direction}({key}, {flag}), lambda i: l[i])))"
            return _made(f"CASE WHEN {key} IS NOT NULL THEN {made} END", List(Json()))
        if isinstance(form.element, Json):
            return _made(
                f"list_transform([{text}], lambda l: list_transform(kql_order_{direction}(l, {flag}), lambda i: l[i]))[1]", form
            )
        return _made(f"list_sort({text}, '{direction.upper()}', '{nulls}')", form)

    return sql


def _sort_row(direction: str, doc: str, shown: str, wanted: str) -> Function:
    name = f"array_sort_{direction}"
    return scalar(
        (f"{name}(arrays:dynamic...) -> dynamic", _sorted(direction)),
        (f"{name}(arrays:dynamic..., nulls_last:bool <Constant>) -> dynamic", _sorted(direction)),
        doc=doc, examples=(f"tostring({name}({shown})) == '{wanted}'", f"tostring({name}(dynamic([2, 1]), dynamic([1, 2]))[0]) == '{wanted}'"),
        nulls="custom", parts=(("*_sorted", DYNAMIC),),
    )  # fmt: skip


def _split(arguments: Arguments) -> Sql:
    """Before each of the given places an array is cut."""
    text, form = listed(arguments[0])
    places = f"[{arguments.count(1)}]"
    if arguments[1].type is DYNAMIC:
        given = f"CAST(kql_list({dynamic.as_json(arguments[1]).text}) AS JSON[])"
        places = f"list_transform({given}, lambda p: kql_count(kql_json_to_long(p)))"
    cut = f"list_transform({places}, lambda p: CASE WHEN p < 0 THEN greatest(len({text}) + p, 0) ELSE least(p, len({text})) END)"
    pieces = (
        f"list_transform([{cut}], lambda c: list_transform(range(len(c) + 1), lambda i: "
        f"({text})[CASE WHEN i = 0 THEN 1 ELSE c[i] + 1 END:CASE WHEN i = len(c) THEN len({text}) ELSE c[i + 1] END]))[1]"
    )
    return _made(pieces, List(form))


def _jaccard(arguments: Arguments) -> Sql:
    sets = ", ".join(f"list_distinct(kql_list({dynamic.as_json(value).text}))" for value in arguments.values)
    return Sql(f"kql_jaccard({sets})", DYNAMIC, True, Scalar(REAL))


def _iff(arguments: Arguments) -> Sql:
    """The values may be arrays or single ones, which repeat."""
    condition, yes, no = (dynamic.as_json(value).text for value in arguments.values)
    return Sql(f"kql_array_iff({condition}, {yes}, {no})", DYNAMIC, True, JSON)


def _range(arguments: Arguments) -> Sql:
    start, stop = arguments.text(0), arguments.text(1)
    kind = arguments[0].type
    if kind is REAL or any(value.type is REAL for value in arguments.values):
        step = arguments.text(2) if len(arguments) > 2 else "1.0"
        count = f"greatest(least(CAST(floor(({stop} - {start}) / {step} + 1e-9) AS BIGINT) + 1, 1048576), 0)"
        return _made(
            f"list_transform(range({count}), lambda i: CAST({start} + i * {step} AS DOUBLE))", List(Scalar(REAL))
        )
    default = "864000000000" if kind in (DATETIME, TIMESPAN) else "1"
    step = arguments.text(2) if len(arguments) > 2 else default
    # the cap is put to the bound, before a list is made: Kusto makes no longer ones
    series = f"kql_series({start}, kql_bound({start}, {stop}, {step}, 1048575), {step})"
    if kind in (DATETIME, TIMESPAN):
        word = "datetime" if kind is DATETIME else "timespan"
        return _made(f"list_transform({series}, lambda t: kql_{word}_text(t))", List(Scalar(STRING)))
    return _made(series, List(Scalar(LONG)))


def _repeat(arguments: Arguments) -> Sql:
    return Sql(
        f"to_json(list_transform(range(greatest({arguments.text(1)}, 0)), lambda i: {dynamic.as_json(arguments[0]).text}))",
        DYNAMIC, True, JSON,
    )  # fmt: skip


def _shifted(rotate: bool, left: bool) -> Template:
    def sql(arguments: Arguments) -> Sql:
        text, form = listed(arguments[0])
        by = arguments.count(1) if left else f"(-({arguments.count(1)}))"
        if rotate:
            offset = f"kql_modulo({by}, nullif(len({text}), 0))"
            return _made(f"list_concat(({text})[{offset} + 1:], ({text})[1:{offset}])", form)
        filler = dynamic.as_json(arguments[2]).text if len(arguments) > 2 else "NULL"
        text = f"kql_list({dynamic.as_json(arguments[0]).text})"
        return _made(
            f"list_transform(range(len({text})), lambda i: CASE WHEN i + {by} BETWEEN 0 AND len({text}) - 1 THEN ({text})[i + {by} + 1] ELSE {filler} END)",
            List(Json()),
        )

    return sql


def _array(signature: str, sql: Template, doc: str, *examples: str) -> Function:
    return scalar((signature, sql), doc=doc, examples=examples, nulls="custom")


def _reversed(arguments: Arguments) -> Sql:
    text, form = listed(arguments[0])
    return _made(f"list_reverse({text})", form)


_LENGTH = _array(
    "array_length(array:dynamic) -> long", _length, "How many elements an array has; null for what is none.",
    "array_length(dynamic([1, 2])) == 2", "isnull(array_length(dynamic({})))",
)  # fmt: skip
_IFF = _array(
    "array_iff(condition_array:dynamic, when_true:typed, when_false:typed) -> dynamic", _iff,
    "Per element one of two arrays' elements, or of two values.",
    "tostring(array_iff(dynamic([true, false]), dynamic([1, 2]), dynamic([3, 4]))) == '[1,4]'",
)  # fmt: skip

ROWS = (
    _LENGTH,
    alias("arraylength", _LENGTH),
    _array("array_concat(array:dynamic...) -> dynamic", _concat, "All arrays as one.",
           "array_length(array_concat(dynamic([1]), dynamic([2, 3]))) == 3"),
    _array("array_slice(array:dynamic, start:Integer, end:Integer) -> dynamic", _slice,
           "The elements from one place to another, both included.", "tostring(array_slice(dynamic([1, 2, 3]), 1, 2)) == '[2,3]'"),
    _array("array_sum(array:dynamic) -> real", "kql_array_sum(kql_list({array}))",
           "The sum of the elements, nulls passed over; null where one is no number.", "array_sum(dynamic([1, 2])) == 3.0", "isnull(array_sum(dynamic([1, 'a'])))"),
    _array("array_index_of(array:dynamic, value:typed, start:Integer?, length:Integer?, occurrence:Integer?) -> long", _index_of, "Where a value first stands, -1 when it does not.",
           "array_index_of(dynamic(['a', 'b']), 'b') == 1"),
    _array("array_reverse(array:dynamic) -> dynamic", _reversed, "The elements backwards.", "tostring(array_reverse(dynamic([1, 2]))) == '[2,1]'"),
    _array("set_has_element(set:dynamic, value:typed) -> bool", _has_element, "Whether an array has an element.",
           "set_has_element(dynamic(['a', 'b']), 'a')"),
    _array("set_union(set:dynamic, more:dynamic...) -> dynamic", _set("union"), "The distinct elements of all arrays.",
           "array_length(set_union(dynamic([1, 2]), dynamic([2, 3]))) == 3"),
    _array("set_intersect(set:dynamic, more:dynamic...) -> dynamic", _set("intersect"), "The distinct elements that all arrays have.",
           "tostring(set_intersect(dynamic([1, 2]), dynamic([2, 3]))) == '[2]'"),
    _array("set_difference(set:dynamic, more:dynamic...) -> dynamic", _set("difference"), "The distinct elements that only the first array has.",
           "tostring(set_difference(dynamic([1, 2]), dynamic([2, 3]))) == '[1]'"),
    _sort_row("asc", "The elements in rising order; further arrays follow the first.", "dynamic([2, 1])", "[1,2]"),
    _sort_row("desc", "The elements in falling order; further arrays follow the first.", "dynamic([1, 2])", "[2,1]"),
    _array("array_rotate_left(array:dynamic, count:Integer) -> dynamic", _shifted(True, True), "The elements moved round to the left.",
           "tostring(array_rotate_left(dynamic([1, 2, 3]), 1)) == '[2,3,1]'"),
    _array("array_rotate_right(array:dynamic, count:Integer) -> dynamic", _shifted(True, False), "The elements moved round to the right.",
           "tostring(array_rotate_right(dynamic([1, 2, 3]), 1)) == '[3,1,2]'"),
    _array("array_shift_left(array:dynamic, count:Integer, default:typed?) -> dynamic", _shifted(False, True),
           "The elements moved to the left, the gap filled.", "tostring(array_shift_left(dynamic([1, 2, 3]), 1, 0)) == '[2,3,0]'"),
    _array("array_shift_right(array:dynamic, count:Integer, default:typed?) -> dynamic", _shifted(False, False),
           "The elements moved to the right, the gap filled.", "tostring(array_shift_right(dynamic([1, 2, 3]), 1, 0)) == '[0,1,2]'"),
    _IFF,
    alias("array_iif", _IFF),
    _array("array_split(array:dynamic, index:Integer|dynamic) -> dynamic", _split,
           "The pieces of an array that is cut before one place or several.", "tostring(array_split(dynamic([1, 2, 3]), 1)) == '[[1],[2,3]]'"),
    _array("jaccard_index(set1:dynamic, set2:dynamic) -> dynamic", _jaccard,
           "How alike two sets are: common elements over all elements.", "jaccard_index(dynamic([1, 2]), dynamic([2])) == 0.5"),
    _array("set_equals(set1:dynamic, set2:dynamic) -> bool",
           "(list_sort(list_distinct(kql_list({set1}))) = list_sort(list_distinct(kql_list({set2}))))",
           "Whether two arrays have the same distinct elements.", "set_equals(dynamic([1, 2]), dynamic([2, 1, 1]))"),
    scalar(("range(start:Summable, stop:Summable, step:Summable?) -> Parameter0Array", _range),
           doc="An array of values at even steps, both ends included.", examples=("tostring(range(1, 3)) == '[1,2,3]'",), nulls="custom"),
    scalar(("repeat(value:NotDynamic, count:long) -> dynamic", _repeat), doc="An array of one value many times.",
           examples=("tostring(repeat(1, 2)) == '[1,1]'",), nulls="custom", naming="prefix:repeat"),
)  # fmt: skip
