"""Text to syntax tree: Lark's LALR parser with our grammar, and recovery after a mistake. kql.rules makes the nodes.

After a syntax error the operator that holds it is skipped and parsing goes on behind the next pipe or semicolon, so that
one run tells all mistakes. Lark is imported, and the tables of the grammar are made or loaded, at first use.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from kql import lexis, mistakes, syntax
from kql.automaton import FAILED, Automaton
from kql.messages import Problems, nearest
from kql.rules import BadLiteral, builder
from kql.types import TYPE_NAMES

if TYPE_CHECKING:
    import lark

MAX_TEXT = 256 * 1024
MAX_DEPTH = 150
MAX_ERRORS = 20


def parse(text: str, problems: Problems, *, max_text: int = MAX_TEXT) -> syntax.Query | None:
    """The syntax tree of a text. Mistakes go to `problems`; None when nothing can be made of it."""
    if len(text) > max_text:
        problems.add("KQL601", (0, 1), "max_text raises the limit", size=len(text), limit=max_text)
        return None
    try:
        text.isascii() or text.encode()
    except UnicodeEncodeError as error:
        problems.add("KQL110", (error.start, error.start + 1), "half of a surrogate pair is no character")
        return None
    if not _brackets(text, problems):
        return None
    attempt = text
    for _ in range(MAX_ERRORS):
        found = len(problems.found)
        tree = _attempt(attempt, text, problems)
        if tree is not None:
            return tree
        if len(problems.found) == found:
            return None
        last = problems.found[-1]
        shorter = _harmless(attempt, last.span) if last.code in ("KQL107", "KQL109") else _without(attempt, last.span[0])
        if shorter is None:
            return None
        attempt = shorter
    return None


@functools.cache
def own(text: str) -> syntax.Query:
    """The syntax tree of a text that is part of this engine, such as a plugin that is written in KQL."""
    problems = Problems()
    tree = parse(text, problems)
    assert tree is not None and not problems.errors, f"{text}: {problems.found}"
    return tree


def _attempt(attempt: str, text: str, problems: Problems) -> syntax.Query | None:
    import lark

    try:
        tree: Any = _automaton().run(attempt)
        if tree is FAILED:
            tree = _parser().parse(attempt)
        return tree  # type: ignore[no-any-return]
    except lark.exceptions.UnexpectedInput as error:
        _report(error, attempt, problems)
    except lark.exceptions.VisitError as error:
        if not isinstance(error.orig_exc, BadLiteral):
            raise
        _report_literal(error.orig_exc, problems)
    except BadLiteral as error:
        _report_literal(error, problems)
    return None


@functools.cache
def _parser() -> lark.Lark:
    import importlib.resources

    import lark

    import kql.operators  # noqa: F401  the builder finds the operators in their registry

    grammar = importlib.resources.files("kql").joinpath("kql.lark").read_text(encoding="utf-8")
    return lark.Lark(grammar, parser="lalr", maybe_placeholders=False, cache=_kept(grammar), transformer=builder())


@functools.cache
def _automaton() -> Automaton:
    return Automaton(_parser(), builder())


def ready() -> None:
    """Make or load the tables of the grammar now rather than with the first text."""
    _automaton()


def _kept(grammar: str) -> str | bool:
    """The file that keeps the tables of the grammar for the next process, which saves it a second. It is loaded with
    pickle, so it lies in a folder that only this user can write to; False where there is none."""
    import hashlib
    import os
    import sys
    from pathlib import Path

    try:
        folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "lazulite"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        mine = not hasattr(os, "getuid") or (folder.stat().st_uid == os.getuid() and not folder.stat().st_mode & 0o022)
    except (OSError, RuntimeError):
        return False
    version = f"{sys.version_info.major}{sys.version_info.minor}"
    digest = hashlib.sha256(grammar.encode()).hexdigest()[:16]
    return str(folder / f"grammar-{version}-{digest}") if mine and os.access(folder, os.W_OK) else False


def terminals() -> list[Any]:
    """The grammar's terminals, for colouring."""
    return list(_parser().terminals)


def expected(text: str) -> set[str]:
    """The names of the terminals that may follow a text that is right so far; none for one that is not."""
    import lark

    interactive = _parser().parse_interactive(text)
    try:
        interactive.exhaust_lexer()
    except (lark.exceptions.UnexpectedInput, lark.exceptions.VisitError, BadLiteral):
        return set()
    state = interactive.parser_state
    table = state.parse_conf.parse_table.states
    return {name for name in table[state.position] if name.lstrip("_").isupper() and _shifts(table, state.state_stack, name)}


def _shifts(table: Any, stack: list[Any], terminal: str) -> bool:
    """Whether a terminal can follow. A table of LALR(1) names too many: only what survives its reductions fits."""
    states = list(stack)
    while True:
        action, argument = table[states[-1]].get(terminal, (None, None))
        if action is None:
            return False
        if action.name == "Shift":
            return True
        if argument.expansion:
            del states[-len(argument.expansion) :]
        states.append(table[states[-1]][argument.origin.name][1])


# ---- brackets and strings, before the grammar --------------------------------------------------------------------
_SKIP = re.compile(
    r"//[^\n]*|```[\s\S]*?```|~~~[\s\S]*?~~~|[hH]?@\"(?:[^\"\n]|\"\")*\"|[hH]?@'(?:[^'\n]|'')*'"
    r"|\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'|[()\[\]{}]|[\"']"
)
_PAIRS = {")": "(", "]": "[", "}": "{"}


def _brackets(text: str, problems: Problems) -> bool:
    """Whether brackets and quotes pair up; a cheap pass that says best what the grammar would say badly."""
    open_at: list[tuple[str, int]] = []
    for match in _SKIP.finditer(text):
        token = match.group()
        if token in "([{":
            open_at.append((token, match.start()))
            if len(open_at) > MAX_DEPTH:
                problems.add("KQL602", (match.start(), match.start() + 1), limit=MAX_DEPTH)
                return False
        elif token in _PAIRS:
            if not open_at or open_at[-1][0] != _PAIRS[token]:
                if open_at and any(bracket == _PAIRS[token] for bracket, _ in open_at):
                    bracket, place = open_at[-1]
                    problems.add("KQL104", (place, place + 1), bracket=bracket)
                else:
                    problems.add("KQL105", (match.start(), match.start() + 1), bracket=token)
                return False
            open_at.pop()
        elif token in "\"'":
            problems.add("KQL103", (match.start(), match.start() + 1), f"a {token} is missing on this line")
            return False
    for bracket, place in open_at[-1:]:
        problems.add("KQL104", (place, place + 1), bracket=bracket)
        return False
    return True


def strange_escapes(text: str) -> Iterator[syntax.Span]:
    """Where a text of the query has a backslash that begins no escape."""
    if "\\" in text:
        for match in _SKIP.finditer(text):
            for start, end in lexis.strange_escapes(match.group()):
                yield match.start() + start, match.start() + end


def _harmless(text: str, span: tuple[int, int]) -> str | None:
    """The text with a literal that cannot be read made one that can, as long as it was: the rest keeps its place and sense."""
    written = text[slice(*span)]
    head, bracket, _ = written.partition("(")
    mended = f"{head}{bracket})" if bracket else "0"
    return text[: span[0]] + mended.ljust(len(written)) + text[span[1] :] if mended != written else None


def _without(text: str, place: int) -> str | None:
    """The text with the operator around `place` blanked out, or None where nothing would be gained."""
    # a pipe that does not fit ends an operator that is not whole: that one is left out
    past = place + (text[place : place + 1] != "|")
    start = max(text.rfind("|", 0, past), text.rfind(";", 0, past))
    if start < 0:
        return None
    depth, end = 0, len(text)
    for match in _SKIP_PIPES.finditer(text, start + 1):
        token = match.group()
        if token in "([{":
            depth += 1
        elif token in ")]}":
            depth -= 1
            if depth < 0:
                end = match.start()
                break
        elif token in "|;" and depth == 0:
            end = match.start()
            break
    if text[start] == ";":
        start += 1
    blanked = text[:start] + " " * (end - start) + text[end:]
    return blanked if blanked.strip() and blanked != text else None


_SKIP_PIPES = re.compile(_SKIP.pattern + r"|[|;]")


# ---- messages ----------------------------------------------------------------------------------------------------
def _report(error: Any, text: str, problems: Problems) -> None:
    import lark

    if isinstance(error, lark.exceptions.UnexpectedEOF) or (
        isinstance(error, lark.exceptions.UnexpectedToken) and error.token.type == "$END"
    ):
        end = len(text.rstrip())
        if not text.strip() or not _has_words(text):
            problems.add("KQL106", (0, 1), "for example: Resources | take 5")
        else:
            problems.add("KQL102", (max(end - 1, 0), end), mistakes.of_end(text) or _expectation(error))
        return
    start = error.pos_in_stream if isinstance(error, lark.exceptions.UnexpectedCharacters) else error.token.start_pos
    start = len(text) if start is None else start
    word = re.compile(r"[\w-]+|.", re.S).match(text, start)
    found = word.group() if word else ""
    span = (start, start + max(len(found), 1))
    before = text[:start].rstrip()
    if before.endswith("|") or not before:
        names = _operator_names()
        known = {name.replace("mv-expand", "mvexpand") for name in names} | set(names)
        if found and (found[0].isalpha()) and found.lower() not in known:
            problems.add("KQL204", span, mistakes.of_operator(found) or nearest(found, names), name=found)
            return
        if found.lower() in known and found not in known:
            problems.add("KQL204", span, nearest(found, names), name=found)
            return
    if not re.match(r"[\w\s\"'()\[\]{}|;,.=<>!~+\-*/%:@$#?&^\\`]", found or " "):
        problems.add("KQL108", span, mistakes.of_character(found), character=f"'{found}'")
        return
    after = text[span[0] + 1 if found == "!" else span[1] :]
    help = mistakes.of_place(found, text[:start], after, _accepted(error), _operator_names(), _comparisons())
    problems.add("KQL101", span, help or _expectation(error), found=f"'{found}'")


def _has_words(text: str) -> bool:
    return bool(re.sub(r"//[^\n]*", "", text).strip())


def _operator_names() -> list[str]:
    from kql.operators import OPERATORS

    return sorted({operator.name for operator in OPERATORS.values()} | {"sort", "limit", "filter", "mvexpand"})


_READABLE = {
    "NAME": "a name", "STRING": "a text", "LONG": "a number", "RPAR": "')'", "LPAR": "'('", "COMMA": "','",
    "VBAR": "'|'", "BY": "'by'", "ON": "'on'", "WITH": "'with'", "COLON": "':'", "RSQB": "']'",
    "TO": "'to'", "FROM": "'from'", "STEP": "'step'", "EQUAL": "'='", "COMPARISON": "a comparison", "EQUALITY": "a comparison",
    "DOTS": "'..'", "RBRACE": "'}'", "LBRACE": "'{'",
}  # fmt: skip


def _comparisons() -> list[str]:
    from kql.functions import catalogue

    return [name for name, row in catalogue.table().items() if row.kind == "infix"]


def _accepted(error: Any) -> set[str]:
    """The terminals that could have stood at an error's place."""
    given = getattr(error, "accepts", None) or getattr(error, "expected", None) or getattr(error, "allowed", None) or set()
    return set(given)


def _expectation(error: Any) -> str:
    """What could have stood there, in words, when that is short enough to help."""
    words = sorted({_READABLE[name] for name in _accepted(error) if name in _READABLE})
    if "a name" in words and "a number" in words:
        words = ["an expression"]
    if "a comparison" in words:
        words = [word for word in words if word not in ("'('", "'='")]
    return "expected " + " or ".join(words) if words and len(words) <= 6 else ""


def _report_literal(error: BadLiteral, problems: Problems) -> None:
    if error.kind == "long":
        problems.add("KQL109", error.span, number=error.text)
    elif error.kind == "name":
        problems.add("KQL111", error.span, name=error.text)
    elif error.kind == "type":
        problems.add("KQL210", error.span, nearest(error.text, TYPE_NAMES), name=error.text)
    else:
        problems.add("KQL107", error.span, what=f"'{error.text}'", kind=error.kind)
