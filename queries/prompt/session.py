"""The editor of the prompt: keys, history, toolbar, and the loop that reads and answers."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import platformdirs
from prompt_toolkit import PromptSession
from prompt_toolkit.application import get_app
from prompt_toolkit.auto_suggest import AutoSuggestFromHistory
from prompt_toolkit.filters import Condition, completion_is_selected, has_completions
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.history import FileHistory, History, InMemoryHistory
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent

from queries.cli.opening import interruptible
from queries.footer import count, on_their_way
from queries.formats import Look
from queries.prompt.editing import STYLE, UNFINISHED, Colours, Suggestions, is_command, is_complete
from queries.prompt.talk import Talk

if TYPE_CHECKING:
    from kql import Problem
    from queries.world import World


def converse(world: World) -> int:
    """Open the estate and talk until the user leaves."""
    if not sys.stdin.isatty():
        sys.stderr.write("lazulite: the prompt needs a terminal; ask with: lazulite query -\n")
        return 2
    with interruptible():
        graph = world.open()
    try:
        colour = not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb" and sys.stdout.isatty()
        talk = Talk(graph, look=Look(shutil.get_terminal_size().columns, colour))
        machines = graph.query(
            "resources | where type == 'microsoft.compute/virtualmachines' | count", at_most=1
        ).scalar()
        waiting = on_their_way(graph.estate.pending())
        facts = [count(machines, "virtual machine"), f"it is {graph.clock.now():%Y-%m-%d %H:%M:%S} UTC", waiting]
        talk.say(" · ".join(fact for fact in (*facts, ".help") if fact))
        loop(talk, editor(talk))
    finally:
        graph.close()
    return 0


def loop(talk: Talk, session: PromptSession[str]) -> None:
    """Read and answer until the user leaves."""
    while not talk.done:
        try:
            text = session.prompt()
        except KeyboardInterrupt:
            talk.say("Ctrl+D or .quit leaves", dim=True)
            continue
        except EOFError:
            return
        talk.width = shutil.get_terminal_size().columns if talk.width else None
        talk.answer(text)


def editor(talk: Talk, **more: Any) -> PromptSession[str]:
    """The line editor of a conversation; `more` goes to prompt_toolkit (a test hands in its own input)."""
    problems = _checker(talk)
    return PromptSession(
        message=[("class:prompt", "kql> ")],
        multiline=True,
        prompt_continuation=lambda width, number, wrapped: [("class:continuation", "...  ".rjust(width))],
        lexer=Colours() if talk.colour else None,
        style=STYLE,
        completer=Suggestions(talk),
        complete_while_typing=True,
        complete_in_thread=False,
        history=_history(),
        auto_suggest=AutoSuggestFromHistory(),
        enable_history_search=False,
        enable_open_in_editor=True,
        tempfile_suffix=".kql",
        key_bindings=_keys(problems),
        bottom_toolbar=lambda: _toolbar(talk, get_app().current_buffer.text, problems),
        **more,
    )


def _checker(talk: Talk) -> Callable[[str], list[Problem]]:
    """What is wrong with a text; each text is checked once, though keys and toolbar both ask."""

    @lru_cache(maxsize=32)
    def problems(whole: str) -> list[Problem]:
        return talk.graph.check(whole, profile=talk.profile)

    return lambda text: problems(talk.continued(text))


def _history() -> History:
    """Where this system keeps such a file; in memory where it cannot be written."""
    folder = Path(platformdirs.user_data_dir("lazulite", appauthor=False))
    file = folder / "history"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with file.open("ab"):
            pass
    except OSError:
        return InMemoryHistory()
    return FileHistory(str(file))


def _keys(problems: Callable[[str], list[Problem]]) -> KeyBindings:
    keys = KeyBindings()

    @Condition
    def at_end() -> bool:
        buffer = get_app().current_buffer
        return not buffer.document.text_after_cursor.strip()

    @keys.add("enter", filter=completion_is_selected & has_completions, eager=True)
    def _accept_suggestion(event: KeyPressEvent) -> None:
        event.current_buffer.complete_state = None

    # Ctrl+J is what a terminal makes of an Enter typed while an answer is still being written.
    @keys.add("enter", filter=at_end & ~completion_is_selected)
    @keys.add("c-j", filter=at_end & ~completion_is_selected)
    def _ask_or_new_line(event: KeyPressEvent) -> None:
        buffer = event.current_buffer
        text = buffer.text
        if is_command(text) or not text.strip() or is_complete(text, problems(text.strip())):
            buffer.validate_and_handle()
        else:
            buffer.insert_text("\n")

    @keys.add("escape", "enter")
    def _new_step(event: KeyPressEvent) -> None:
        event.current_buffer.insert_text("\n| ")

    return keys


def _toolbar(talk: Talk, text: str, problems: Callable[[str], list[Problem]]) -> StyleAndTextTuples:
    """The first problem of the text under the cursor, or that there is none."""
    if not text.strip() or is_command(text):
        return [("", "Enter asks · Alt+Enter new step · Tab completes · .help")]
    for problem in problems(text):
        if problem.severity == "error" and problem.code not in UNFINISHED:
            return [("class:bottom-toolbar.problem", f"{problem.code}: {problem.message}"), ("", f"  {problem.help}")]
    return [("class:bottom-toolbar.good", "✓")]
