"""Functions that take a table, or the columns of a row by name. kql.bind builds them; these rows state what they are.

Their SQL is empty: what they stand for is a relation, or columns that the query knows.
"""

from __future__ import annotations

from kql.functions.row import alias, scalar

_IF_EXISTS = scalar(
    ("column_ifexists(columnName:string <Constant>, defaultValue:Scalar) -> Parameter1", ""),
    doc="The column of that name where the rows have one, else another value.",
    examples=("column_ifexists('no such column', 1) == 1",),
    nulls="custom",
)

ROWS = (
    _IF_EXISTS,
    alias("columnifexists", _IF_EXISTS),
    scalar(
        ("iscolumnexists(columnName:string <Constant>) -> bool", ""),
        doc="Whether the rows have a column of that name.",
        examples=("not(iscolumnexists('no such column'))",),
        nulls="total",
        hidden=True,
    ),
    scalar(
        ("pack_all(ignore_null_empty:bool?) -> dynamic", ""),
        doc="A bag of all columns of the row by their names; with true, without those that are null or empty.",
        examples=("toscalar(print a = 1, b = '' | project tostring(pack_all(true))) == '{\"a\":1}'",),
        nulls="total",
    ),
    scalar(
        ("toscalar(expression:Any) -> Any", ""),
        doc="The first column of a table's first row as a value, computed once; null where the table has no rows.",
        examples=("toscalar(range x from 1 to 3 step 1 | count) == 3",),
        nulls="custom",
    ),
    scalar(
        ("materialize(expression:Any) -> Any", ""),
        doc="A table that is computed once, however often the query reads it.",
        examples=("toscalar(materialize(range x from 1 to 3 step 1) | count) == 3",),
        nulls="custom",
    ),
    scalar(
        ("table(name:string <Constant>) -> Any", ""),
        doc="The table of that name.",
        examples=("toscalar(print a = 1 | as one | union (table('one')) | count) == 2",),
        nulls="custom",
    ),
)
