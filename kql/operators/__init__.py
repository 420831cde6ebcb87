"""The operators of the language, each its own class: syntax, lowering and help. Importing this room fills OPERATORS."""

import importlib

from kql.operators.base import OPERATORS, Operator

# Each module holds classes of one kind; a class enters OPERATORS by being defined.
MODULES = (
    "apply", "columns", "evaluate", "expand", "graphs", "groups", "joins", "pairs", "parsing", "patterns", "plugins_activity",
    "plugins_refused", "plugins_rows", "plugins_shape", "ranking", "refusals", "rows", "scanning", "searching", "series",
    "sources",
)  # fmt: skip
for _module in MODULES:
    importlib.import_module(f"{__name__}.{_module}")

__all__ = ["MODULES", "OPERATORS", "Operator"]
