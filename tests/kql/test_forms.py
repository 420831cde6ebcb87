"""A dynamic value gives the same answer in whatever form it is held: as JSON, as a list of one type, as a plain value.

The form is known while a query is compiled, and templates choose by it; what they choose may not show.
"""

from __future__ import annotations

import duckdb
import pytest

import kql
from kql.bind.special import SPECIAL
from kql.forms import MISSING, Scalar
from kql.functions import catalogue
from kql.functions.row import Function, Overload
from kql.schema import Part, PhysicalColumn, Schema, Table, TableColumn
from kql.types import BOOL, DYNAMIC, LONG, REAL, STRING, Type
from tests.kql.shared import NOTHING, answer
from tests.kql.test_properties import written

# A value held otherwise than as JSON, and the same as JSON.
FORMS = {
    "a list of texts": ("split('b,a,10.0.0.1', ',')", "dynamic(['b', 'a', '10.0.0.1'])"),
    "a list of longs": ("range(3, 1, -1)", "dynamic([3, 2, 1])"),
    "a list of JSON": ("pack_array(2, 'a', dynamic({'b': 1}))", "dynamic([2, 'a', {'b': 1}])"),
    "a list of lists": ("pack_array(dynamic([1, 2]), dynamic([]))", "dynamic([[1, 2], []])"),
    "a plain text": ("split('a', ',')[0]", "dynamic('a')"),
    "a stored text": ("text", "dynamic('a')"),
    "a stored truth": ("truth", "dynamic(true)"),
    "a stored real": ("fraction", "dynamic(1.5)"),
    "a stored long": ("number", "dynamic(2)"),
    "a stored null": ("gap", "dynamic(null)"),
    "nothing stored": ("nothing", "dynamic(null)"),
    "a bag's null": ("bag_pack('a', 2).b", "dynamic(null)"),
    "a bag": ("bag_pack('a', 1, 'b', dynamic([1]))", "dynamic({'a': 1, 'b': [1]})"),
}
# How one row holds them.
HELD = {
    "text": ("'a'", Scalar(STRING)), "truth": ("TRUE", Scalar(BOOL)), "fraction": ("1.5::DOUBLE", Scalar(REAL)),
    "number": ("2::BIGINT", Scalar(LONG)), "gap": ("NULL::VARCHAR", Scalar(STRING)), "nothing": ("NULL", MISSING),
}  # fmt: skip
SCHEMA = Schema([
    Table("Held", tuple(TableColumn(name, DYNAMIC) for name in HELD), (
        Part("held", {name: PhysicalColumn(name, form, True) for name, (_, form) in HELD.items()}, {}),
    )),
])  # fmt: skip
OTHER = {
    Type.STRING: "'a'", Type.LONG: "1", Type.INT: "int(1)", Type.REAL: "0.5", Type.DECIMAL: "decimal(0.5)", Type.BOOL: "true",
    Type.DATETIME: "datetime(2020-01-02)", Type.TIMESPAN: "1h", Type.GUID: "guid(10e99626-bc2b-4c75-bb3e-fe606de25700)",
}  # fmt: skip
# Their SQL is long, so that the engine is slow to read it, and they ask for arrays as others do.
LONG = {"series_fit_2lines", "series_fit_2lines_dynamic", "series_fit_poly", "series_fill_linear", "series_fft", "series_ifft", "dynamic_to_json"}


def taking() -> list[tuple[Function, Overload]]:
    """The overloads that take a dynamic and no constants."""
    rows = [row for row in catalogue.table().values() if row.kind in ("scalar", "infix") and not row.alias_of]
    return [
        (row, overload)
        for row in rows
        if row.name not in SPECIAL and row.name not in LONG and not row.volatile and not row.name.startswith(("$", "geo_"))
        for overload in row.overloads
        if any(DYNAMIC in each.classes and not each.text for each in overload.parameters)
        and all(each.classes & {*OTHER, DYNAMIC} and not each.constant for each in overload.parameters)
    ]


def called(row: Function, overload: Overload, value: str) -> str:
    """The row over the value, in place of every dynamic parameter."""
    arguments = []
    for parameter in overload.parameters:
        others = sorted(parameter.classes & set(OTHER), key=lambda type: type.value)
        arguments.append(value if DYNAMIC in parameter.classes and not parameter.text else OTHER[others[-1]])
    return written(row, arguments)


@pytest.mark.parametrize("form", FORMS)
def test_the_form_does_not_show(form: str, engine: duckdb.DuckDBPyConnection) -> None:
    held, json = FORMS[form]
    engine.execute("CREATE OR REPLACE TEMP TABLE held AS SELECT " + ", ".join(f"{sql} AS {name}" for name, (sql, _) in HELD.items()))
    pairs = [(called(row, overload, held), called(row, overload, json)) for row, overload in taking()]
    asked = [pair for pair in pairs if not kql.check(f"print {pair[1]}", NOTHING)]
    assert len(asked) > 100
    shown = []
    for side in zip(*asked, strict=True):
        text = "Held | project " + ", ".join(f"c{at} = pack_array({call})" for at, call in enumerate(side))
        shown.append(answer(engine, text, SCHEMA)[1][0])
    differ = [(call, one, other) for (call, _), one, other in zip(asked, *shown, strict=True) if one != other]
    assert not differ
