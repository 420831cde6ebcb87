"""Arrays: their length, pieces and order, and arrays as sets. What is no array gives null."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kql.forms import Json, List, Scalar
from kql.functions.row import Function, alias, scalar
from kql.functions.template import Each, Template, template
from kql.types import DYNAMIC, LONG, REAL, STRING

if TYPE_CHECKING:
    from kql.functions.row import Computed

_JSONS = List(Json())


def _array(signature: str, sql: Computed, doc: str, *examples: str) -> Function:
    return scalar((signature, sql), doc=doc, examples=examples, nulls="custom")


# Whether the element e is a value: of one kind and equal, numbers by their size.
_SAME = {"array holds value": "e = {value}", "": "kql_same({array:item}, {value:json})"}
# Counted from 0; -1 where there is none. Start, length and occurrence narrow the search; a length of -1 is all.
_INDEX_OF = template(
    {
        "start": "CASE WHEN {array:list} IS NOT NULL AND {nth} > 0 THEN CAST(coalesce(({places})[{nth}], -1) AS BIGINT) END",
        "": "CASE WHEN {array:list} IS NOT NULL THEN "
        "CAST(coalesce(list_position(list_transform({array:list}, lambda e: {same}), TRUE), 0) - 1 AS BIGINT) END",
    },
    same=_SAME,
    nth="{occurrence:count|1}",
    begin="(CASE WHEN {start:count} < 0 THEN len({array:list}) + {start:count} ELSE {start:count} END)",
    places="list_filter(range(len({array:list})), lambda i: list_transform([({array:list})[i + 1]], lambda e: {same})[1] "
    "AND i >= {begin} AND ({length:count|-1} < 0 OR i < {begin} + {length:count|-1}))",
)
_HAS_ELEMENT = template(
    {
        "set holds value": "coalesce(list_contains({set:list}, {value}), FALSE)",
        "": "coalesce(list_bool_or(list_transform({set:list}, lambda e: kql_same({set:item}, {value:json}))), FALSE)",
    }
)


def _end(end: str) -> dict[str, str]:
    """A place of an array, counted from 1; a negative one is counted from the end."""
    place = f"{{{end}:count}}"
    return {
        f"{end} is negative": f"len({{array:list}}) + {place} + 1",
        f"{end} is whole": f"{{{end}:place}}",
        "": f"CASE WHEN {place} < 0 THEN len({{array:list}}) + {place} + 1 ELSE {place} + 1 END",
    }


# Both ends are included.
_SLICE = template("({array:list})[greatest({first}, 1):greatest({last}, 0)]", "array:list", first=_end("start"), last=_end("end"))


def _sorted(direction: str, nulls: str) -> dict[str, Template]:
    """Arrays sorted by the first: numbers, then texts, then the rest."""
    first = "TRUE" if nulls == "LAST" else "FALSE"
    places = f"list_transform(kql_order_{direction}({{}}, {first}), lambda i: l[i])"
    # null for those that are not as long as the first
    sorted_ = f"CASE WHEN len(l) = len({{arrays.0:jsons}}) THEN to_json({places.format('{arrays.0:jsons}')}) END"
    all_of = f"list_transform([{{arrays:jsons}}], lambda l: {sorted_})"
    return {
        "arrays.1": template(f"CASE WHEN {{arrays.0:jsons}} IS NOT NULL THEN {all_of} END", _JSONS),
        "arrays is list and arrays is not jsons": template(f"list_sort({{arrays:list}}, '{direction.upper()}', 'NULLS {nulls}')", "arrays:list"),
        "": template(f"list_transform([{{arrays:list}}], lambda l: {places.format('l')})[1]", "arrays:list"),
    }


def _sort_row(direction: str, doc: str, shown: str, wanted: str) -> Function:
    name, last = f"array_sort_{direction}", _sorted(direction, "LAST")
    first = {f"nulls_last is false and {when}".removesuffix(" and "): then for when, then in _sorted(direction, "FIRST").items()}
    return scalar(
        (f"{name}(arrays:dynamic...) -> dynamic", last),
        (f"{name}(arrays:dynamic..., nulls_last:bool <Constant>) -> dynamic", {**first, **last}),
        doc=doc, examples=(f"tostring({name}({shown})) == '{wanted}'", f"tostring({name}(dynamic([2, 1]), dynamic([1, 2]))[0]) == '{wanted}'"),
        nulls="custom", parts=(("*_sorted", DYNAMIC),),
    )  # fmt: skip


# Before each of the given places an array is cut.
_SPLIT = template(
    "list_transform([list_transform({places}, lambda p: CASE WHEN p < 0 THEN greatest(len({array:list}) + p, 0) ELSE least(p, len({array:list})) END)], "
    "lambda c: list_transform(range(len(c) + 1), lambda i: "
    "({array:list})[CASE WHEN i = 0 THEN 1 ELSE c[i] + 1 END:CASE WHEN i = len(c) THEN len({array:list}) ELSE c[i + 1] END]))[1]",
    "[array:list]",
    places={
        "index is dynamic": "list_transform(CAST({index:jsons} AS JSON[]), lambda p: kql_count(kql_json_to_long(p)))",
        "": "[{index:count}]",
    },
)


def _ticks(type: str) -> Template:
    """Datetimes and timespans are texts in an array; a step is an hour unless told."""
    return template(
        f"list_transform(kql_series({{start}}, {{bound}}, {{step|36000000000}}), lambda t: kql_{type}_text(t))", List(Scalar(STRING))
    )


_RANGE = template(
    {
        "start is real": template("{reals}", List(Scalar(REAL))),
        "stop is real": template("{reals}", List(Scalar(REAL))),
        "step is real": template("{reals}", List(Scalar(REAL))),
        "start is datetime": _ticks("datetime"),
        "start is timespan": _ticks("timespan"),
        "": template("kql_series({start}, kql_bound({start}, {stop}, {step|1}, 1048575), {step|1})", List(Scalar(LONG))),
    },
    reals="kql_reals({start}, {stop}, {step|1.0}, 1048576)",
    # the cap is put to the bound, before a list is made: Kusto makes no longer ones
    bound="kql_bound({start}, {stop}, {step|36000000000}, 1048575)",
)


def _by(sign: str) -> str:
    """By how many places."""
    return f"({sign}({{count:count}}))" if sign else "{count:count}"


def _moved(sign: str) -> Template:
    """The elements moved to the left by so many places."""
    by = _by(sign)
    return template(
        f"list_transform(range(len({{array:jsons}})), lambda i: CASE WHEN i + {by} BETWEEN 0 AND len({{array:jsons}}) - 1 "
        f"THEN ({{array:jsons}})[i + {by} + 1] ELSE {{default:json}} END)",
        _JSONS,
    )


def _turned(sign: str) -> Template:
    return template(
        "CASE WHEN ({array:list}) IS NOT NULL THEN list_concat(({array:list})[{offset} + 1:], ({array:list})[1:{offset}]) END", "array:list",
        offset=f"kql_modulo({_by(sign)}, nullif(len({{array:list}}), 0))",
    )  # fmt: skip


# The distinct elements of the first array that lie in all of the others, or in none.
_KEPT = {
    name: template(
        "list_filter(kql_once({set:alike}), lambda e: {tests})", "set:alike",
        tests=Each("more", f"{word}list_contains(coalesce({{it:alike}}, []), e)", " AND "),
    )
    for name, word in (("set_intersect", ""), ("set_difference", "NOT "))
}  # fmt: skip
_LENGTH = _array(
    "array_length(array:dynamic) -> long", {
        "array is list": "len({array:list})",
        "array is missing or plain or object": None,
        "": "CASE WHEN json_type({array}) = 'ARRAY' THEN CAST(json_array_length({array}) AS BIGINT) END",
    }, "How many elements an array has; null for what is none.",
    "array_length(dynamic([1, 2])) == 2", "isnull(array_length(dynamic({})))",
)  # fmt: skip
_IFF = _array(
    "array_iff(condition_array:dynamic, when_true:typed, when_false:typed) -> dynamic", "kql_array_iff({condition_array}, {when_true:json}, {when_false:json})",
    "Per element one of two arrays' elements, or of two values.",
    "tostring(array_iff(dynamic([true, false]), dynamic([1, 2]), dynamic([3, 4]))) == '[1,4]'",
)  # fmt: skip

ROWS = (
    _LENGTH,
    alias("arraylength", _LENGTH),
    _array("array_concat(array:dynamic...) -> dynamic", template("list_concat({lists})", "array:alike", lists=Each("array", "coalesce({it:alike}, [])")), "All arrays as one.",
           "array_length(array_concat(dynamic([1]), dynamic([2, 3]))) == 3"),
    _array("array_slice(array:dynamic, start:Integer, end:Integer) -> dynamic", _SLICE,
           "The elements from one place to another, both included.", "tostring(array_slice(dynamic([1, 2, 3]), 1, 2)) == '[2,3]'"),
    _array("array_sum(array:dynamic) -> real", "kql_array_sum({array:jsons})",
           "The sum of the elements, nulls passed over; null where one is no number.", "array_sum(dynamic([1, 2])) == 3.0", "isnull(array_sum(dynamic([1, 'a'])))"),
    _array("array_index_of(array:dynamic, value:typed, start:Integer?, length:Integer?, occurrence:Integer?) -> long", _INDEX_OF, "Where a value first stands, -1 when it does not.",
           "array_index_of(dynamic(['a', 'b']), 'b') == 1"),
    _array("array_reverse(array:dynamic) -> dynamic", template("list_reverse({array:list})", "array:list"), "The elements backwards.", "tostring(array_reverse(dynamic([1, 2]))) == '[2,1]'"),
    _array("set_has_element(set:dynamic, value:typed) -> bool", _HAS_ELEMENT, "Whether an array has an element.",
           "set_has_element(dynamic(['a', 'b']), 'a')"),
    _array("set_union(set:dynamic, more:dynamic...) -> dynamic", template("kql_once(list_concat(kql_once({set:alike}), {lists}))", "set:alike", lists=Each("more", "coalesce({it:alike}, [])")), "The distinct elements of all arrays.",
           "array_length(set_union(dynamic([1, 2]), dynamic([2, 3]))) == 3"),
    _array("set_intersect(set:dynamic, more:dynamic...) -> dynamic", _KEPT["set_intersect"], "The distinct elements that all arrays have.",
           "tostring(set_intersect(dynamic([1, 2]), dynamic([2, 3]))) == '[2]'"),
    _array("set_difference(set:dynamic, more:dynamic...) -> dynamic", _KEPT["set_difference"], "The distinct elements that only the first array has.",
           "tostring(set_difference(dynamic([1, 2]), dynamic([2, 3]))) == '[1]'"),
    _sort_row("asc", "The elements in rising order; further arrays follow the first.", "dynamic([2, 1])", "[1,2]"),
    _sort_row("desc", "The elements in falling order; further arrays follow the first.", "dynamic([1, 2])", "[2,1]"),
    _array("array_rotate_left(array:dynamic, count:Integer) -> dynamic", _turned(""), "The elements moved round to the left.",
           "tostring(array_rotate_left(dynamic([1, 2, 3]), 1)) == '[2,3,1]'"),
    _array("array_rotate_right(array:dynamic, count:Integer) -> dynamic", _turned("-"), "The elements moved round to the right.",
           "tostring(array_rotate_right(dynamic([1, 2, 3]), 1)) == '[3,1,2]'"),
    _array("array_shift_left(array:dynamic, count:Integer, default:typed?) -> dynamic", _moved(""),
           "The elements moved to the left, the gap filled.", "tostring(array_shift_left(dynamic([1, 2, 3]), 1, 0)) == '[2,3,0]'"),
    _array("array_shift_right(array:dynamic, count:Integer, default:typed?) -> dynamic", _moved("-"),
           "The elements moved to the right, the gap filled.", "tostring(array_shift_right(dynamic([1, 2, 3]), 1, 0)) == '[0,1,2]'"),
    _IFF,
    alias("array_iif", _IFF),
    _array("array_split(array:dynamic, index:Integer|dynamic) -> dynamic", _SPLIT,
           "The pieces of an array that is cut before one place or several.", "tostring(array_split(dynamic([1, 2, 3]), 1)) == '[[1],[2,3]]'"),
    _array("jaccard_index(set1:dynamic, set2:dynamic) -> dynamic", template("kql_jaccard({sets})", Scalar(REAL), sets=Each("set1+set2", "list_distinct({it:jsons})")),
           "How alike two sets are: common elements over all elements.", "jaccard_index(dynamic([1, 2]), dynamic([2])) == 0.5"),
    _array("set_equals(set1:dynamic, set2:dynamic) -> bool",
           "(list_sort(list_distinct({set1:jsons})) = list_sort(list_distinct({set2:jsons})))",
           "Whether two arrays have the same distinct elements.", "set_equals(dynamic([1, 2]), dynamic([2, 1, 1]))"),
    scalar(("range(start:Summable, stop:Summable, step:Summable?) -> Parameter0Array", _RANGE),
           doc="An array of values at even steps, both ends included.", examples=("tostring(range(1, 3)) == '[1,2,3]'",), nulls="custom"),
    scalar(("repeat(value:NotDynamic, count:long) -> dynamic", "CASE WHEN {count} >= 0 THEN to_json(list_transform(range(least({count}, 1048576)), lambda i: {value:json})) END"),
           doc="An array of one value many times; null for a negative number of them.",
           examples=("tostring(repeat(1, 2)) == '[1,1]'", "isnull(repeat(1, -1))"), nulls="custom", naming="prefix:repeat"),
)  # fmt: skip
