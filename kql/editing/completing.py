"""What may stand at a place of a text: the place is found, what stands before it is bound, the rest is looked up."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kql.editing import paths, words
from kql.editing.place import Place, find, sight
from kql.functions import catalogue
from kql.operators import OPERATORS
from kql.parse import MAX_TEXT, expected
from kql.types import TYPE_NAMES

if TYPE_CHECKING:
    from kql.functions.row import Function
    from kql.schema import Schema


@dataclass(frozen=True, slots=True)
class Completion:
    """A text that may stand from `start` to the cursor.

    kind: 'operator', 'function', 'aggregate', 'column', 'table', 'path', 'value' or 'keyword'. detail: a type, a
    signature or a sentence.
    """

    text: str
    kind: str
    detail: str
    start: int


def complete(text: str, offset: int, schema: Schema) -> list[Completion]:
    """What may stand at `offset` of a text, best first. Never raises; an unintelligible place has no completions."""
    before = text[: max(0, min(offset, len(text)))]
    if len(before) > MAX_TEXT:
        return []
    try:
        place = find(before)
        return [] if place is None else list(_narrowed(_candidates(place, schema), place))
    except RecursionError:
        return []


Candidate = tuple[str, str, str]  # text, kind, detail


def _narrowed(candidates: Iterable[Candidate], place: Place) -> Iterator[Completion]:
    """The candidates that what is typed begins, then those that hold it; each once."""
    typed, later, seen = place.typed.lower(), [], set()
    for text, kind, detail in candidates:
        bare = text.removeprefix("['").lower()
        if (text, kind) in seen:
            continue
        seen.add((text, kind))
        if bare.startswith(typed):
            yield Completion(text, kind, detail, place.start)
        elif len(typed) > 1 and typed in bare:
            later.append(Completion(text, kind, detail, place.start))
    yield from later


def _candidates(place: Place, schema: Schema) -> Iterator[Candidate]:
    if place.quote:
        return _in_quotes(place, schema)
    if place.chain is not None:
        return _below(place, schema)
    if place.tail.startswith("render") and place.tail[6:7].isspace():
        return ((name, "keyword", "a chart") for name in words.RENDERINGS)
    option = re.search(r"\b(kind|bagexpansion|isfuzzy)\s*=\s*$", place.tail)
    if option is not None:
        return ((value, "keyword", "") for value in _option_values(place.operator, option[1]))
    if re.search(r"(:|\btypeof\s*\()\s*$", place.tail):
        names = (name for name in TYPE_NAMES if name == TYPE_NAMES[name].value)
        return ((name, "keyword", "type") for name in names)
    phrase = re.search(r"\b(matches|nulls)\s+$", place.tail)
    if phrase is not None:
        second = {"matches": ("regex",), "nulls": ("first", "last")}[phrase[1]]
        return ((word, "keyword", "") for word in second)
    return _words(place, schema)


# ---- values and paths --------------------------------------------------------------------------------------------
def _in_quotes(place: Place, schema: Schema) -> Iterator[Candidate]:
    """Inside a string: the keys of a document behind `[`, or the values a column is known to have."""
    seen = sight(place, schema)
    if place.chain is not None:
        for name, detail in paths.below(seen, place.chain):
            yield name + place.quote + "]", "path", detail
        if not place.chain:
            for column in seen.columns:
                yield column.name + place.quote + "]", "column", column.type.value
        return
    if place.compared is not None:
        for value in paths.constants(seen, place.compared):
            yield value + place.quote, "value", f"a value of {place.compared}"


def _below(place: Place, schema: Schema) -> Iterator[Candidate]:
    """Behind a dot: the properties of a document, or the columns of a side of a join."""
    assert place.chain is not None
    seen = sight(place, schema)
    if place.chain in (["$left"], ["$right"]):
        side = seen.columns if place.chain == ["$left"] else seen.right
        return ((_written(column.name), "column", column.type.value) for column in side)
    found = paths.below(seen, place.chain)
    return ((name if name.isidentifier() else f"['{name}']", "path", detail) for name, detail in found)


# ---- words ---------------------------------------------------------------------------------------------------------
def _words(place: Place, schema: Schema) -> Iterator[Candidate]:
    """What the grammar takes next: operators, columns, functions, tables, keywords."""
    terminals = expected(place.before_word)
    if place.at_pipe:
        for rule, operator in OPERATORS.items():
            if rule.upper() in terminals and not operator.refused:
                yield operator.name, "operator", _sentence(operator.__doc__)
        return
    if place.at_source:
        yield from _sources(place, schema, terminals)
    if not place.at_source and {"NAME", "WILDNAME"} & terminals:
        yield from _values(place, schema, "LPAR" in terminals)
    if "PARAM" in terminals:
        for name in _OPTIONS.get(place.operator, ()):
            yield name + "=", "keyword", "an option of " + OPERATORS[place.operator].name
    if place.statement_start or "NAME" not in terminals or not (place.at_source or place.joining):
        yield from _keywords(place, terminals)


def _sources(place: Place, schema: Schema, terminals: set[str]) -> Iterator[Candidate]:
    seen = sight(place, schema)
    for name, detail in seen.tabular:
        yield _written(name), "table", detail
    for table in sorted(schema.tables.values(), key=lambda table: (-len(table.parts), table.name)):
        yield _written(table.name), "table", f"{len(table.columns)} columns"
    for rule, operator in OPERATORS.items():
        begins = operator.is_source or (place.statement_start and rule.upper() in terminals)
        if begins and not operator.refused:
            yield operator.name, "operator", _sentence(operator.__doc__)


def _values(place: Place, schema: Schema, functions: bool) -> Iterator[Candidate]:
    seen = sight(place, schema)
    columns = seen.columns
    if place.joining:
        theirs = {column.name for column in seen.right}
        columns = tuple(column for column in columns if column.name in theirs)
        yield from (("$left", "keyword", "the left side"), ("$right", "keyword", "the right side"))
    for column in columns:
        yield _written(column.name), "column", column.type.value
    if place.joining or not functions:
        return
    for name, detail in seen.scalars:
        yield _written(name), "column" if "(" not in detail else "function", detail
    aggregates = place.operator in _AGGREGATING and not place.behind_by
    for kind in ("aggregate", "scalar", "window") if aggregates else ("scalar", "window"):
        for name in catalogue.names():
            row = catalogue.table()[name]
            if row.kind == kind and not row.refused:
                yield name, "aggregate" if kind == "aggregate" else "function", _signature(row)


def _keywords(place: Place, terminals: set[str]) -> Iterator[Candidate]:
    if place.statement_start:
        yield from ((word, "keyword", "a statement") for word in ("let", "declare query_parameters", "set"))
    for name, texts in words.spellings().items():
        operator = name.lower() in OPERATORS and name not in ("PROJECT", "AS")
        if name in terminals and name not in _NOT_OFFERED and not operator:
            yield texts[0], "keyword", ""
    if "COMPARISON" in terminals:
        for name, row in catalogue.table().items():
            readable = name in _SIGNS or (name.lstrip("!")[0].isalpha() and name not in _PLAIN)
            if row.kind == "infix" and readable and not row.hidden:
                yield name, "keyword", row.doc


_AGGREGATING = frozenset({"summarize", "make_series", "top_nested", "partition"})
_PLAIN = frozenset({"and", "or", "negate", "plus", "like", "!like"})
_SIGNS = frozenset({"==", "!=", "=~", "!~"})
_NOT_OFFERED = frozenset({
    "SET", "LET", "DECLARE", "EXTERNALDATA", "DOLLAR", "VIEW", "_IN_SCOPE", "NULL",
    "UNION_SOURCE", "SEARCH_SOURCE", "FIND_SOURCE", "DATATABLE",
})  # fmt: skip
_OPTIONS: dict[str, tuple[str, ...]] = {
    "join": ("kind",), "lookup": ("kind",), "union": ("kind", "withsource", "isfuzzy"), "parse": ("kind", "flags"),
    "parse_where": ("kind", "flags"), "mv_expand": ("bagexpansion", "with_itemindex"), "search": ("kind",),
}  # fmt: skip


def _option_values(operator: str, option: str) -> tuple[str, ...]:
    from kql.operators.joins import KINDS

    if option == "isfuzzy":
        return ("true", "false")
    if option == "bagexpansion" or operator == "mv_expand":
        return ("bag", "array")
    kinds = {
        "join": tuple(KINDS), "lookup": ("leftouter", "inner"), "union": ("outer", "inner"),
        "parse": ("simple", "regex", "relaxed"), "parse_where": ("simple", "regex", "relaxed"),
        "search": ("case_insensitive", "case_sensitive"),
    }  # fmt: skip
    return kinds.get(operator, ())


def _written(name: str) -> str:
    """A name as a query writes it."""
    return name if re.fullmatch(r"[^\W\d]\w*|_\w+", name) else f"['{name}']"


def _signature(row: Function) -> str:
    return row.overloads[0].signature if row.overloads else row.doc


def _sentence(doc: str | None) -> str:
    return " ".join((doc or "").split("\n\n")[0].split())
