"""Membership: in, in~, has_any, has_all and their negations, over lists of values and dynamic arrays."""

from __future__ import annotations

from collections.abc import Callable

from kql.forms import Json
from kql.functions.letters import lowered
from kql.functions.matching import has
from kql.functions.row import Function, infix
from kql.functions.shapes import folded, texts
from kql.functions.template import Not
from kql.functions.words import holds
from kql.sql import dynamic
from kql.sql.convert import convert
from kql.sql.value import FALSE, TRUE, Arguments, Sql
from kql.types import BOOL, DYNAMIC, STRING


def _in(arguments: Arguments, fold: bool) -> Sql:
    """Whether the value is one of the others; arrays among them are looked into."""
    value = arguments[0]
    tests: list[str] = []
    plain: list[Sql] = []
    for candidate in arguments.values[1:]:
        if candidate.type is DYNAMIC and value.type is not DYNAMIC:
            tests.append(_in_array(value, candidate, fold))
            continue
        if candidate.constant and candidate.const is None:
            continue
        if candidate.constant and value.constant:
            one, two = value.const, candidate.const
            if fold and isinstance(one, str) and isinstance(two, str):
                one, two = lowered(one), lowered(two)
            if one == two and value.type is candidate.type:
                return TRUE
            if value.type is candidate.type:
                continue
        plain.append(candidate)
    value = value.fetched()
    if plain:
        if value.type is STRING:
            blank = any(not each.constant or each.const == "" for each in plain)
            subject = value.string if blank else value.text
            if fold:
                subject = subject if value.lower else f"lower({subject})"
            options = ", ".join(folded(each) if fold else each.string for each in plain)
        else:
            subject, options = value.text, ", ".join(each.text for each in plain)
        single = len(plain) == 1
        tests.insert(0, f"({subject} = {options})" if single else f"({subject} IN ({options}))")
    if not tests:
        return FALSE
    text = tests[0] if len(tests) == 1 else "(" + " OR ".join(tests) + ")"
    return Sql(text if arguments.truth else f"coalesce({text}, FALSE)", BOOL, arguments.truth)


def _in_array(value: Sql, array: Sql, fold: bool) -> str:
    """Whether a plain value is an element of a dynamic array, compared by text."""
    array = array.fetched()
    subject = convert(value, STRING)
    text = folded(subject) if fold else subject.string
    if holds(array, value) and not fold:
        return f"coalesce(list_contains({array.text}, {value.written}), FALSE)"
    if value.type is STRING:
        elements = texts(array).text
    else:
        # numbers compare as numbers, whatever their spelling: 1 and 1.0 are one value
        from kql.types import NUMBERS, REAL

        if value.type in NUMBERS:
            listed = f"list_transform(kql_list({dynamic.as_json(array).text}), lambda e: kql_json_to_real(e))"
            return f"coalesce(list_contains({listed}, {convert(value, REAL).text}), FALSE)"
        elements = texts(array).text
        if value.type is BOOL:
            text = f"CAST({value.text} AS VARCHAR)"
    if fold:
        elements = f"list_transform({elements}, lambda e: lower(e))"
    return f"coalesce(list_contains({elements}, {text}), FALSE)"


def _has_list(word: str) -> Callable[[Arguments], Sql]:
    """has_any and has_all: `has` for each of the values, joined by OR or AND."""

    def sql(arguments: Arguments) -> Sql:
        value = convert(arguments[0], STRING)
        tests = []
        for candidate in arguments.values[1:]:
            if candidate.type is DYNAMIC:
                tests.append(_has_array(value, candidate, word))
                continue
            made = has(value, convert(candidate, STRING), cased=False, left=True, right=True, truth=False)
            tests.append(made.text)
        joined = f" {word} ".join(tests) if tests else ("FALSE" if word == "OR" else "TRUE")
        return Sql(f"({joined})", BOOL, False)

    return sql


def _has_array(value: Sql, array: Sql, word: str) -> str:
    if array.constant and isinstance(array.form, Json) and isinstance(array.const, str):
        import json

        from kql.sql.value import constant

        elements = json.loads(array.const)
        if isinstance(elements, list):
            tests = []
            for element in elements:
                if element is None:
                    tests.append("TRUE")
                    continue
                needle = element if isinstance(element, str) else json.dumps(element, separators=(",", ":"), ensure_ascii=False)
                tests.append(has(value, constant(needle, STRING), cased=False, left=True, right=True, truth=False).text)
            return "(" + f" {word} ".join(tests) + ")" if tests else ("FALSE" if word == "OR" else "TRUE")
    element = Sql("e", STRING, True)
    test = has(value, element, cased=False, left=True, right=True, truth=False).text
    function = "list_bool_or" if word == "OR" else "list_bool_and"
    default = "FALSE" if word == "OR" else "TRUE"
    return f"coalesce({function}(list_transform({texts(array).text}, lambda e: {test})), {default})"


def _pair(name: str, fold: bool, doc: str, examples: tuple[str, ...], opposed: str) -> tuple[Function, Function]:
    """Membership and its opposite."""
    shape = "(value:typed, candidates:typed...) -> bool"
    row = infix((name + shape, lambda arguments: _in(arguments, fold)), doc=doc, examples=examples, nulls="total")
    return row, infix((f"!{name}{shape}", Not(row.overloads[0])), doc=f"The opposite of {name}.", examples=(opposed,), nulls="total")


ROWS = (
    *_pair("in", False, "Whether a value is one of a list, an array or a table's first column; letter case counts.",
           ("'a' in ('a', 'b')", "2 in (dynamic([1, 2]))", "not('A' in ('a'))"), "'c' !in ('a', 'b')"),
    *_pair("in~", True, "Like in; letter case does not count.", ("'A' in~ ('a', 'b')",), "'C' !in~ ('a', 'b')"),
    infix(
        ("has_any(value:typed, candidates:typed...) -> bool", _has_list("OR")),
        doc="Whether a text has any of the terms; letter case does not count.",
        examples=("'North America' has_any ('south', 'america')", "'a b' has_any (dynamic(['b']))"),
        nulls="total",
    ),
    infix(
        ("has_all(value:typed, candidates:typed...) -> bool", _has_list("AND")),
        doc="Whether a text has all of the terms; letter case does not count.",
        examples=("'North America' has_all ('north', 'america')",),
        nulls="total",
    ),
)  # fmt: skip
