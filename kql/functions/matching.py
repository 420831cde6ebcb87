"""String operators: has, contains, startswith, endswith, =~, matches regex and their kin.

A term is a run of letters and digits (underscore separates). Operators ignore letter case unless their name ends in _cs.
All are total: on a missing text they are false, and their negations true (kql-semantics 1.4, 3).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from kql.forms import Json, Object
from kql.functions.letters import lowered
from kql.functions.regex import escape
from kql.functions.row import Function, infix
from kql.functions.shapes import folded
from kql.functions.template import Not, template
from kql.sql import dynamic, quote
from kql.sql.convert import convert
from kql.sql.value import FALSE, TRUE, Arguments, Sql
from kql.types import BOOL, DYNAMIC, STRING

if TYPE_CHECKING:
    from kql.functions.row import Computed

_TERM = r"[^\p{L}\p{Nd}]"


def _is_term_character(character: str) -> bool:
    return character.isalpha() or character.isdigit()


def term_pattern(needle: str, left: bool, right: bool) -> str:
    """A regular expression that finds the needle as a term; a boundary is asked only where the needle's edge is one."""
    before = f"(?:^|{_TERM})" if left and needle and _is_term_character(needle[0]) else ""
    after = f"(?:{_TERM}|$)" if right and needle and _is_term_character(needle[-1]) else ""
    return before + escape(needle) + after


def _against(subject: Sql, needle: Sql) -> Sql:
    """The text that is searched: as it is for a needle that is there, never NULL for one that may be empty, for an empty
    needle is in every text."""
    if needle.constant or not subject.nullable:
        return subject
    return replace(subject, raw=subject.string, nullable=False, path=())


def _total(text: str, nullable: bool, truth: bool) -> Sql:
    if nullable and not truth:
        return Sql(f"coalesce({text}, FALSE)", BOOL, False)
    return Sql(text, BOOL, nullable)


def has(value: Sql, needle: Sql, *, cased: bool, left: bool, right: bool, truth: bool) -> Sql:
    """`has`, `hasprefix` (only left) and `hassuffix` (only right)."""
    subject = _against(value.fetched(), needle)
    haystack = subject.text if cased else folded(subject)
    if needle.constant and str(needle.const or "").isascii():
        word = str(needle.const or "") if cased else str(needle.const or "").lower()
        if word == "":
            return TRUE
        found = f"contains({haystack}, {quote.text(word)})"
        pattern = term_pattern(word, left, right)
        if pattern != escape(word):
            # the cheap test first: most rows do not hold the word at all
            found = f"({found} AND regexp_matches({haystack}, {quote.text(pattern)}, 's'))"
        return _total(found, subject.nullable, truth)
    word = needle.string if cased else f"lower({needle.string})"
    edge = "[\\p{L}\\p{Nd}]"
    before = f"CASE WHEN regexp_matches({word}, '^{edge}') THEN '(?:^|{_TERM})' ELSE '' END" if left else "''"
    after = f"CASE WHEN regexp_matches({word}, '{edge}$') THEN '(?:{_TERM}|$)' ELSE '' END" if right else "''"
    text = f"({word} = '' OR (contains({haystack}, {word}) AND regexp_matches({haystack}, {before} || regexp_escape({word}) || {after}, 's')))"
    return _total(text, subject.nullable, truth)


def contains(value: Sql, needle: Sql, *, cased: bool, truth: bool) -> Sql:
    subject = _against(value.fetched(), needle)
    if needle.constant and not needle.const:
        return TRUE
    haystack = subject.text if cased else folded(subject)
    word = needle.string if cased else (folded(needle) if needle.constant else f"lower({needle.string})")
    return _total(f"contains({haystack}, {word})", subject.nullable, truth)


def edges(value: Sql, needle: Sql, *, cased: bool, function: str, truth: bool) -> Sql:
    """startswith and endswith."""
    subject = _against(value.fetched(), needle)
    if needle.constant and not needle.const:
        return TRUE
    haystack = subject.text if cased else folded(subject)
    word = needle.string if cased else (folded(needle) if needle.constant else f"lower({needle.string})")
    return _total(f"{function}({haystack}, {word})", subject.nullable, truth)


def same(value: Sql, other: Sql, *, truth: bool) -> Sql:
    """`=~`: equal without letter case."""
    left, right = value.fetched(), other.fetched()
    if left.constant and not right.constant:
        left, right = right, left
    if right.constant and right.const:
        return _total(f"({folded(left)} = {folded(right)})", left.nullable, truth)
    ours = f"lower({left.string})" if not left.lower else left.string
    theirs = f"lower({right.string})" if not right.lower else right.string
    return Sql(f"({ours} = {theirs})", BOOL, False)


_FOLDS: dict[str, Callable[[str, str], bool]] = {
    "=~": lambda a, b: lowered(a) == lowered(b),
    "contains": lambda a, b: lowered(b) in lowered(a),
    "contains_cs": lambda a, b: b in a,
    "startswith": lambda a, b: lowered(a).startswith(lowered(b)),
    "startswith_cs": lambda a, b: a.startswith(b),
    "endswith": lambda a, b: lowered(a).endswith(lowered(b)),
    "endswith_cs": lambda a, b: a.endswith(b),
}


def _terms(text: str, needle: str, left: bool, right: bool) -> bool:
    """`has` on constants."""
    start = text.find(needle)
    while start >= 0:
        end = start + len(needle)
        left_ok = (
            not left
            or not needle
            or not _is_term_character(needle[0])
            or start == 0
            or not _is_term_character(text[start - 1])
        )
        right_ok = (
            not right
            or not needle
            or not _is_term_character(needle[-1])
            or end == len(text)
            or not _is_term_character(text[end])
        )
        if left_ok and right_ok:
            return True
        start = text.find(needle, start + 1)
    return False


_FOLDS |= {
    "has": lambda a, b: _terms(lowered(a), lowered(b), True, True),
    "has_cs": lambda a, b: _terms(a, b, True, True),
    "hasprefix": lambda a, b: _terms(lowered(a), lowered(b), True, False),
    "hasprefix_cs": lambda a, b: _terms(a, b, True, False),
    "hassuffix": lambda a, b: _terms(lowered(a), lowered(b), False, True),
    "hassuffix_cs": lambda a, b: _terms(a, b, False, True),
}

Test = Callable[[Sql, Sql, bool], Sql]


def _over_document(value: Sql, needle: Sql, test: Test, truth: bool) -> Sql | None:
    """A text sought in a whole object that lies in typed columns: sought in its leaves, when that is the same thing.

    It is where the needle is letters and digits only, so that it cannot span JSON's own signs, and no property's name
    holds it: then an occurrence in the JSON text is an occurrence in a leaf.
    """
    if (
        not needle.constant
        or not isinstance(needle.const, str)
        or not needle.const.isascii()
        or not needle.const.isalnum()
    ):
        return None
    found = dynamic.leaves(value)
    if found is None:
        return None
    word = lowered(needle.const)
    if any(word in lowered(name) for name, _ in found) or word in "truefalsenull":
        return None
    tests = [
        test(convert(leaf, STRING), needle, truth) for _, leaf in found if not isinstance(leaf.form, Object | Json)
    ]
    kept = [each.text for each in tests if not each.constant]
    if not kept:
        return FALSE
    nullable = any(each.nullable for each in tests)
    return Sql(kept[0] if len(kept) == 1 else "(" + " OR ".join(kept) + ")", BOOL, nullable)


def _operator(name: str, test: Test) -> Callable[[Arguments], Sql]:
    fold = _FOLDS.get(name)
    substring = name.startswith(("contains", "has"))

    def sql(arguments: Arguments) -> Sql:
        value, needle = arguments[0], arguments.convert(1, STRING)
        if value.type is DYNAMIC:
            if substring:
                value = value.fetched() if value.borrow is not None else value
                made = _over_document(value, needle, test, arguments.truth)
                if made is not None:
                    return made
            value = convert(value, STRING)
        if fold is not None and value.constant and needle.constant:
            return TRUE if fold(str(value.const or ""), str(needle.const or "")) else FALSE
        return test(value, needle, arguments.truth)

    return sql


_REGEX = {
    "right is constant": template("regexp_matches({left:plain}, {right:regex})", null="false"),
    "": template("coalesce(TRY(regexp_matches({left:string}, {right:string})), FALSE)", null=False),
}
_LIKE = template("(coalesce({left:folded}, '') LIKE lower({right:like}) ESCAPE '$')", null="false")
_LIKE_CASED = template("(coalesce({left:plain}, '') LIKE {right:like} ESCAPE '$')", null="false")


def _term_test(cased: bool, left: bool, right: bool) -> Test:
    return lambda value, needle, truth: has(value, needle, cased=cased, left=left, right=right, truth=truth)


def _edge_test(cased: bool, function: str) -> Test:
    return lambda value, needle, truth: edges(value, needle, cased=cased, function=function, truth=truth)


def _substring_test(cased: bool) -> Test:
    return lambda value, needle, truth: contains(value, needle, cased=cased, truth=truth)


def _tests() -> dict[str, tuple[Test, str, str]]:
    """The operators by name, each with its sentence and an example."""
    made: dict[str, tuple[Test, str, str]] = {}
    for cased, suffix in ((False, ""), (True, "_cs")):
        note = "letter case counts" if cased else "letter case does not count"
        said = {
            "has": (
                "holds a term, between signs that are neither letters nor digits",
                "North America",
                "America",
                "america",
            ),
            "hasprefix": ("has a term that begins with another", "North America", "Ame", "ame"),
            "hassuffix": ("has a term that ends with another", "North America", "rth", "RTH"),
            "contains": ("holds another anywhere", "Fabrikam", "brik", "Brik"),
            "startswith": ("begins with another", "Fabrikam", "Fab", "fab"),
            "endswith": ("ends with another", "Fabrikam", "kam", "KAM"),
        }
        tests = {
            "has": _term_test(cased, True, True),
            "hasprefix": _term_test(cased, True, False),
            "hassuffix": _term_test(cased, False, True),
            "contains": _substring_test(cased),
            "startswith": _edge_test(cased, "starts_with"),
            "endswith": _edge_test(cased, "ends_with"),
        }
        for name, (sentence, text, exact, other) in said.items():
            example = f"'{text}' {name}{suffix} '{exact if cased else other}'"
            made[name + suffix] = (tests[name], f"Whether a text {sentence}; {note}.", example)
    return made


_TESTS = _tests()


_SHAPE = "(left:StringOrDynamic, right:StringOrDynamic) -> bool"


def _pair(name: str, opposite: str, sql: Computed, doc: str, examples: tuple[str, ...], opposed: tuple[str, ...]) -> tuple[Function, Function]:
    """An operator and its opposite."""
    row = infix((name + _SHAPE, sql), doc=doc, examples=examples, nulls="total")
    return row, infix((opposite + _SHAPE, Not(row.overloads[0])), doc=f"The opposite of {name}.", examples=opposed, nulls="total")


def _rows() -> tuple[Function, ...]:
    rows: list[Function] = []
    for name, (test, doc, example) in _TESTS.items():
        subject, needle = example.split(f" {name} ")
        opposed = (f"not({subject} !{name} {needle})", f"'' !{name} 'x'")
        rows += _pair(name, f"!{name}", _operator(name, test), doc, (example,), opposed)
    rows += _pair(
        "=~", "!~", _operator("=~", lambda value, other, truth: same(value, other, truth=truth)),
        "Equality of texts without letter case.", ("'ABC' =~ 'abc'", "not('abc' =~ 'abd')"), ("'abc' !~ 'abd'",),
    )  # fmt: skip
    for name, sql, example in (("like", _LIKE, "'Fabrikam' like 'fab*'"), ("likecs", _LIKE_CASED, "'Fabrikam' likecs 'Fab*'")):
        doc = "Whether a text fits a pattern in which * stands for any letters."
        rows += _pair(name, f"not{name}", sql, doc, (example,), (f"'x' not{name} 'y*'",))
    regex = infix(
        ("matches regex" + _SHAPE, _REGEX), doc="Whether a regular expression (RE2) fits anywhere in a text; letter case counts.",
        examples=("'vm-042' matches regex @'^vm-\\d+$'",), nulls="total",
    )  # fmt: skip
    return (*rows, regex)


ROWS = _rows()

__all__ = ["ROWS", "has", "term_pattern"]
