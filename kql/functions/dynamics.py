"""Bags: made, read and merged. A bag is a JSON object; of two properties with one name the first stays."""

from __future__ import annotations

from kql.forms import Json, List, Scalar
from kql.functions.row import alias, scalar
from kql.functions.template import Each, Template, template
from kql.types import STRING


def _members(of: str) -> Template:
    """A bag of names and values in turn."""
    return template("json_object({members})", null=False, members=Each(of, "{name:string}, {value:json}", called=("name", "value")))


_ELEMENTS = {
    "value is string": template("[{value}]", List(Scalar(STRING)), null=False),
    "": template("[{value:json}]", List(Json()), null=False),
}
# The elements of an array share one path.
_PARTS = (
    "kql_each_once((SELECT list(kql_tree_path(regexp_replace(fullkey, '\\[[0-9]+\\]', '[0]', 'g'))) "
    "FROM json_tree({object}) WHERE fullkey <> '$'))"
)


_BAG_PACK = scalar(
    ("bag_pack(keysAndValues:typed...) -> dynamic", _members("keysAndValues")),
    ("bag_pack() -> dynamic", "CAST('{}' AS JSON)"),
    doc="A bag of names and values in turn.",
    examples=("tostring(bag_pack('a', 1)) == '{\"a\":1}'",),
    nulls="total",
    check=lambda constants: "the last name has no value" if len(constants) % 2 else "",
)
_PACK_ARRAY = scalar(
    ("pack_array(value:typed...) -> dynamic", _ELEMENTS),
    ("pack_array() -> dynamic", "CAST('[]' AS JSON)"),
    doc="An array of values.",
    examples=("tostring(pack_array(1, 'a')) == '[1,\"a\"]'",),
    nulls="total",
)

ROWS = (
    _BAG_PACK,
    alias("pack", _BAG_PACK),
    alias("pack_dictionary", _BAG_PACK),
    _PACK_ARRAY,
    scalar(
        ("bag_keys(bag:dynamic) -> dynamic", template("CASE WHEN json_type({bag}) = 'OBJECT' THEN json_keys({bag}) END", List(Scalar(STRING)))),
        doc="The names of a bag's properties as an array; null for anything else.",
        examples=("array_length(bag_keys(dynamic({'a': 1, 'b': 2}))) == 2",),
        nulls="custom",
    ),
    scalar(
        ("bag_merge(bag:dynamic...) -> dynamic", "kql_merged([{bag}])"),
        doc="The properties of all bags; of one name the first stays.",
        examples=("tolong(bag_merge(dynamic({'a': 1}), dynamic({'a': 2, 'b': 3})).a) == 1",),
        nulls="custom",
    ),
    scalar(
        ("bag_remove_keys(bag:dynamic, keys:dynamic) -> dynamic", "kql_bag_remove({bag}, {keys:texts})"),
        doc="A bag without the named properties.",
        examples=("tostring(bag_remove_keys(dynamic({'a': 1, 'b': 2}), dynamic(['a']))) == '{\"b\":2}'",),
        nulls="custom",
    ),
    scalar(
        ("bag_has_key(bag:dynamic, key:text) -> bool",
         "kql_bag_has({bag}, {key})"),
        doc="Whether a bag has a property.",
        examples=("bag_has_key(dynamic({'a': 1}), 'a')",),
        nulls="custom",
    ),
    scalar(
        ("bag_set_key(bag:dynamic, key:text, value:typed) -> dynamic",
         "kql_bag_set({bag}, {key}, {value:json})"),
        doc="A bag with one property set.",
        examples=("tolong(bag_set_key(dynamic({'a': 1}), 'b', 2).b) == 2",),
        nulls="custom",
    ),
    scalar(
        ("bag_zip(keys:dynamic, values:dynamic) -> dynamic",
         "kql_bag_zip({keys:jsons}, {values:jsons})"),
        doc="A bag of an array of names and an array of values.",
        examples=("tolong(bag_zip(dynamic(['a']), dynamic([1])).a) == 1",),
        nulls="custom",
    ),
    scalar(
        ("dynamic_to_json(value:typed) -> string", "kql_sorted({value:json})"),
        doc="A dynamic value as canonical JSON text: the names of a bag come in order, down to the fourth level.",
        examples=("dynamic_to_json(dynamic('a')) == '\"a\"'", "dynamic_to_json(dynamic({'b': 1, 'a': 2})) == '{\"a\":2,\"b\":1}'"),
        nulls="total",
        heavy=True,
    ),
    scalar(
        ("zip(array:dynamic, more:dynamic...) -> dynamic", "kql_zip([{array}, {more}])"),
        doc="An array of arrays: the first elements of all, the second ones, and so on.",
        examples=("tostring(zip(dynamic([1, 2]), dynamic([3, 4]))) == '[[1,3],[2,4]]'",),
        nulls="custom",
    ),
    scalar(
        ("treepath(object:dynamic) -> dynamic",
         template(f"CASE WHEN json_type({{object}}) IN ('OBJECT', 'ARRAY') THEN {_PARTS} END", List(Scalar(STRING)))),
        doc="The paths of all parts of a value, as texts; all elements of an array go by [0].",
        examples=(
            "tostring(treepath(dynamic({'a': {'b': [1, 2]}}))[2]) == \"['a']['b'][0]\"",
            "tostring(treepath(dynamic([1, {'a': 2}]))[1]) == \"[0]['a']\"",
        ),
        nulls="custom",
        subquery=True,
        naming="prefix:tree",
    ),
    scalar(
        ("bag_pack_columns(value:typed...) -> dynamic", _members("value")),
        doc="A bag of columns by their names.",
        examples=("toscalar(print a = 1 | project bag_pack_columns(a).a) == '1'",),
        nulls="total",
    ),
    scalar(
        ("column_names_of(table:typed) -> dynamic", "{table}"),
        doc="The names of a table's columns.",
        examples=("tostring(column_names_of(print a = 1)) == '[\"a\"]'",),
        nulls="total",
    ),
)  # fmt: skip
