"""What the editor knows of KQL: when a text is complete, how it is coloured, what may come next.

All of it comes from the language room; here it only changes its shape for the editor.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.lexers import Lexer
from prompt_toolkit.styles import Style

import kql

if TYPE_CHECKING:
    from queries.prompt.talk import Talk

UNFINISHED = frozenset({"KQL102", "KQL103", "KQL104"})
"""Problems that more text would mend: an early end, an open string, an open bracket."""

STYLE = Style.from_dict(
    {
        "kql.operator": "bold ansiblue",
        "kql.keyword": "ansiblue",
        "kql.function": "ansicyan",
        "kql.aggregate": "ansicyan",
        "kql.table": "bold ansigreen",
        "kql.string": "ansiyellow",
        "kql.number": "ansimagenta",
        "kql.literal": "ansimagenta",
        "kql.comment": "italic ansibrightblack",
        "kql.command": "bold ansimagenta",
        "bottom-toolbar": "noreverse ansibrightblack",
        "bottom-toolbar.problem": "noreverse ansired",
        "bottom-toolbar.good": "noreverse ansigreen",
        "prompt": "bold",
        "continuation": "ansibrightblack",
    }
)


def is_command(text: str) -> bool:
    """Whether a text is meant for the prompt itself: no query begins with a dot."""
    return text.lstrip().startswith(".")


def is_complete(text: str, problems: Iterable[kql.Problem]) -> bool:
    """Whether Enter should ask the text; if not, it makes a new line. A blank last line always asks."""
    if is_command(text):
        return True
    if text.endswith("\n") and text.strip():
        return True
    if text.rstrip().endswith("|"):
        return False
    return not any(problem.code in UNFINISHED for problem in problems)


class Colours(Lexer):
    """Colours by the language's own tokens; a command gets its own."""

    def lex_document(self, document: Document) -> Callable[[int], StyleAndTextTuples]:
        lines = coloured_lines(document.text)
        return lambda number: list(lines[number]) if number < len(lines) else []


@lru_cache(maxsize=16)
def coloured_lines(text: str) -> tuple[tuple[tuple[str, str], ...], ...]:
    """The text's lines as (style, piece) pairs."""
    if is_command(text):
        word, blank, rest = text.partition(" ")
        return ((("class:kql.command", word), ("", blank + rest)),)
    lines: list[list[tuple[str, str]]] = [[]]
    end = 0
    for token in (*kql.tokens(text), None):
        start = len(text) if token is None else token.start
        _append(lines, "", text[end:start])
        if token is not None:
            _append(lines, f"class:kql.{token.kind}", text[token.start : token.end])
            end = token.end
    return tuple(tuple(line) for line in lines)


def _append(lines: list[list[tuple[str, str]]], style: str, text: str) -> None:
    first, *rest = text.split("\n")
    lines[-1].append((style, first))
    lines.extend([(style, piece)] for piece in rest)


class Suggestions(Completer):
    """Completion of queries by the language, of commands by their rows."""

    def __init__(self, talk: Talk) -> None:
        self._talk = talk

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterator[Completion]:
        before = document.text_before_cursor
        if is_command(before):
            yield from self._of_command(before.lstrip())
            return
        # A refinement is completed as what it will be: the last query with this text after it.
        base = self._talk.continued(before)
        added = len(base) - len(before)
        for found in self._talk.graph.complete(base + document.text_after_cursor, len(base)):
            yield Completion(
                found.text,
                start_position=min(0, found.start - added - len(before)),
                display_meta=found.detail,
                style="",
            )

    def _of_command(self, text: str) -> Iterator[Completion]:
        from queries.prompt.commands import COMMANDS, find

        words = text.split(" ")
        if len(words) == 1:
            for row in COMMANDS.values():
                if row.name.startswith(text):
                    yield Completion(row.name, start_position=-len(text), display_meta=row.sentence)
            return
        command = find(words[0])
        if command is not None and command.choices is not None:
            for choice in command.choices(self._talk, words[1:-1], words[-1]):
                if choice.lower().startswith(words[-1].lower()):
                    yield Completion(choice, start_position=-len(words[-1]))
