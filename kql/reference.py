"""What the language offers, told from its own tables: help on a name, and the whole reference as one page.

`python -m kql.reference` writes the page; a test holds it to the catalogue and the operators.
"""

from __future__ import annotations

import importlib.resources
import inspect
from collections.abc import Callable

from kql.functions import catalogue
from kql.functions.row import Function
from kql.operators import OPERATORS, Operator

_ALIASES = {"sort": "order", "limit": "take", "filter": "where", "mvexpand": "mv-expand"}
_NULLS = {
    "strict": "A null argument gives null.",
    "total": "Never null.",
    "skip": "Passes over nulls.",
    "custom": "",
}


def help(name: str) -> str | None:
    """Help on a function, an aggregate or an operator, as a few lines; None where there is no such name."""
    wanted = name.strip()
    operator = _operator(wanted.lower())
    if operator is not None:
        return _operator_help(operator)
    function = catalogue.find(wanted) or catalogue.find(wanted.lower())
    return None if function is None or function.name.startswith("$") else _function_help(function)


def operator_names() -> list[str]:
    """The operators that a pipeline may hold, by name."""
    return sorted(operator.name for operator in OPERATORS.values())


def _operator(name: str) -> type[Operator] | None:
    name = _ALIASES.get(name, name)
    return next((operator for operator in OPERATORS.values() if operator.name == name), None)


def _operator_help(operator: type[Operator]) -> str:
    text = inspect.cleandoc(operator.__doc__ or "")
    said, _, example = text.partition("\n\n")
    parts = [operator.syntax_text, "", said]
    if operator.refused:
        parts += ["", f"Not offered: {operator.refused}."]
    if example:
        parts += ["", *(f"    {line}" for line in example.splitlines())]
    return "\n".join(parts)


def _function_help(function: Function) -> str:
    if function.refused:
        return f"{function.name}\n\nNot offered: {function.refused}."
    parts = [overload.signature for overload in function.overloads]
    said = " ".join(filter(None, (function.doc, _NULLS[function.nulls])))
    if function.alias_of:
        said += f" The same as {function.alias_of}."
    parts += ["", said]
    if function.kind == "aggregate":
        parts.append(f"Over no rows: {function.empty}.")
    if function.examples:
        parts += ["", *(f"    {example}" for example in function.examples)]
    return "\n".join(parts)


def reference(offered: Callable[[str], bool] | None = None) -> str:
    """The whole reference in Markdown. `offered` says of a name whether Resource Graph itself is known to take it;
    what it does not is marked."""

    def mark(name: str) -> str:
        return "" if offered is None or offered(name) else " *"

    lines = [
        "# KQL, as Lazulite speaks it",
        "",
        "Made from the catalogue by `python -m kql.reference`.",
        "",
        "## Operators",
        "",
    ]
    for operator in sorted(OPERATORS.values(), key=lambda each: each.name):
        lines += [f"### {operator.name}{mark(operator.name)}", "", "```", _operator_help(operator), "```", ""]
    kinds = (
        ("Infix operators", "infix"),
        ("Functions", "scalar"),
        ("Window functions", "window"),
        ("Aggregates", "aggregate"),
    )
    rows = [row for row in catalogue.table().values() if not row.name.startswith("$")]
    for title, kind in kinds:
        lines += [f"## {title}", ""]
        for row in sorted((row for row in rows if row.kind == kind and not row.refused), key=lambda each: each.name):
            lines += [f"### `{row.name}`{mark(row.name)}", "", "```", _function_help(row), "```", ""]
    lines += ["## Not offered, and why", ""]
    lines += [f"- `{row.name}`: {row.refused}" for row in sorted(rows, key=lambda each: each.name) if row.refused]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Write the page beside this module."""
    page = importlib.resources.files("kql").joinpath("reference.md")
    with open(str(page), "w", encoding="utf-8") as file:
        file.write(reference())


if __name__ == "__main__":
    main()
