"""The operators of the language, each its own class: syntax, lowering and help. Importing this room fills OPERATORS."""

from kql.operators import apply, columns, expand, groups, joins, parsing, rows, searching, sources
from kql.operators.base import OPERATORS, Operator

__all__ = ["OPERATORS", "Operator", "apply", "columns", "expand", "groups", "joins", "parsing", "rows", "searching", "sources"]
