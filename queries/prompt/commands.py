"""The prompt's own words, one row each: help, completion and abbreviation are read from the rows."""

from __future__ import annotations

import difflib
import shlex
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import kql
from inventory import InventoryError
from queries.appearing import appearing
from queries.durations import duration
from queries.footer import count, on_their_way
from queries.formats import FORMATS, format_of_path
from queries.library import saved_queries, saved_query
from queries.profile import PROFILES, RESOURCE_GRAPH, profile_of
from queries.prompt.talk import power_state
from queries.settings import MOST_ROWS

if TYPE_CHECKING:
    from queries.prompt.talk import Talk


class Refused(Exception):
    """A command that cannot be done as it was written; the text says what would be right."""


@dataclass(frozen=True, slots=True)
class Command:
    """`choices` gives what may stand at a place: (talk, words before, the word begun) to texts."""

    name: str
    arguments: str
    sentence: str
    example: str
    obey: Callable[[Talk, list[str]], None]
    least: int = 0
    most: int = 0
    choices: Callable[[Talk, list[str], str], Iterable[str]] | None = None


def find(word: str) -> Command | None:
    """The command of that name, or the only one that begins so."""
    if word in COMMANDS:
        return COMMANDS[word]
    beginning = [row for name, row in COMMANDS.items() if name.startswith(word)] if len(word) > 1 else []
    return beginning[0] if len(beginning) == 1 else None


def obey(talk: Talk, text: str) -> None:
    """Do what a line that begins with a dot says. Raises Refused."""
    try:
        word, *arguments = shlex.split(text)
    except ValueError:
        word, *arguments = text.split()
    row = find(word)
    if row is None:
        near = difflib.get_close_matches(word, COMMANDS, n=1)
        raise Refused(
            f"there is no command {word}; " + (f"did you mean {near[0]}?" if near else ".help lists them all")
        )
    if not row.least <= len(arguments) <= row.most:
        raise Refused(f"write it as: {row.name} {row.arguments}".rstrip() + f"   (for example: {row.example})")
    row.obey(talk, arguments)


# ---- what they do --------------------------------------------------------------------------------------------------
def _help(talk: Talk, words: list[str]) -> None:
    if not words:
        width = max(len(f"{row.name} {row.arguments}") for row in COMMANDS.values())
        for row in COMMANDS.values():
            talk.say(f"  {f'{row.name} {row.arguments}'.ljust(width)}  {row.sentence}")
        talk.say()
        talk.say(
            "  Enter asks a complete query; Alt+Enter makes a new line with a pipe. Tab completes, Ctrl+R searches"
        )
        talk.say("  what was asked before, Ctrl+C stops a query, Ctrl+X Ctrl+E opens $EDITOR, Ctrl+D leaves.")
        talk.say("  A text that begins with | goes on where the last query ended: try  | count")
        return
    name = words[0]
    text = kql.help(name, RESOURCE_GRAPH)
    command = find(name if name.startswith(".") else f".{name}")
    if text is None and command is not None:
        text = f"{command.name} {command.arguments}\n\n{command.sentence}.\n\nFor example: {command.example}"
    if text is None:
        raise Refused(f"nothing is known of '{name}'; .help lists the commands, .help where explains an operator")
    talk.say(text.rstrip())


def _advance(talk: Talk, words: list[str]) -> None:
    try:
        seconds = duration(words[0])
        talk.graph.advance(seconds)
    except (ValueError, TypeError) as error:
        raise Refused(str(error)) from None
    changed = talk.graph.refresh()
    _tell_time(talk, f"{count(changed, 'row')} changed")


def _clock(talk: Talk, words: list[str]) -> None:
    talk.graph.refresh()
    _tell_time(talk)


def _tell_time(talk: Talk, more: str = "") -> None:
    facts = [f"it is {talk.graph.clock.now():%Y-%m-%d %H:%M:%S} UTC", more, on_their_way(talk.graph.estate.pending())]
    talk.say(" · ".join(fact for fact in facts if fact))


_ACTIONS = {
    "start": ("start", "starts"),
    "stop": ("power_off", "stops, and is still billed"),
    "deallocate": ("deallocate", "is deallocated"),
    "restart": ("restart", "restarts"),
    "delete": ("delete", "is deleted"),
    "show": ("", ""),
}


def _vm(talk: Talk, words: list[str]) -> None:
    action, name = words[0].lower(), words[1]
    if action not in _ACTIONS:
        raise Refused(f"a machine can be told to {', '.join(list(_ACTIONS)[:-1])}; or .vm show {name}")
    machine = talk.graph.vm(name)
    method, does = _ACTIONS[action]
    if method:
        getattr(machine, method)()
        talk.say(f"{machine.name} {does}")
    talk.graph.refresh()
    try:
        truth = power_state(machine.truth())
    except InventoryError:
        truth = "deleted"
    visible = machine.visible()
    seen = power_state(visible) if visible else "nothing of it"
    lag = talk.graph.estate.lag.seconds
    later = "" if truth == seen else f"; changes are seen within {lag:g} s (.advance {lag:g}s)"
    talk.say(f"in truth it is {truth}, Resource Graph shows {seen}{later}")


def _vm_choices(talk: Talk, before: list[str], begun: str) -> Iterable[str]:
    if not before:
        return _ACTIONS
    if len(before) > 1:
        return ()
    found = talk.graph.query(
        "declare query_parameters(begun: string);"
        " resources | where type == 'microsoft.compute/virtualmachines' and name startswith begun"
        " | project name | take 50",
        begun=begun,
    )
    return sorted({name for (name,) in found.rows()})


def _tables(talk: Talk, words: list[str]) -> None:
    tables = talk.graph.schema.tables.values()
    for table in sorted(tables, key=lambda table: (not table.parts, table.name)):
        if table.parts:
            talk.say(f"  {table.name}   {count(len(table.parts), 'type')}")
    empty = sorted(table.name for table in tables if not table.parts)
    talk.say(f"  and {len(empty)} without rows here: {', '.join(empty)}")


def _table_names(talk: Talk, before: list[str], begun: str) -> Iterable[str]:
    return () if before else sorted(talk.graph.schema.tables)


def _columns(talk: Talk, words: list[str]) -> None:
    table = talk.graph.schema.table(words[0] if words else "Resources")
    if table is None:
        near = difflib.get_close_matches(words[0].lower(), [name.lower() for name in talk.graph.schema.tables], n=1)
        raise Refused(f"there is no table '{words[0]}'" + (f"; did you mean {near[0]}?" if near else ""))
    for column in table.columns:
        hidden = "  hidden unless named" if column.hidden else ""
        talk.say(f"  {column.name.ljust(18)} {column.type.value}{hidden}")


def _explain(talk: Talk, words: list[str]) -> None:
    if talk.last is None:
        raise Refused("there is no last query to explain; ask one first")
    if words and words[0] != "engine":
        raise Refused("write it as: .explain   or: .explain engine")
    talk.say(talk.graph.explain(talk.last, profile=talk.profile, engine=bool(words)).rstrip())


def _format(talk: Talk, words: list[str]) -> None:
    if words:
        if words[0] not in FORMATS or FORMATS[words[0]].binary:
            raise Refused(f"choose one of: {', '.join(_screen_formats(talk, [], ''))}")
        talk.format = FORMATS[words[0]]
    talk.say(f"answers are shown as {talk.format.name}: {talk.format.sentence}")


def _screen_formats(talk: Talk, before: list[str], begun: str) -> Iterable[str]:
    return [name for name, row in FORMATS.items() if not row.binary]


def _rows(talk: Talk, words: list[str]) -> None:
    if words:
        if not words[0].isdecimal() or int(words[0]) > MOST_ROWS:
            raise Refused(f"write a number of rows up to {MOST_ROWS:,}, or 0 for all of them")
        talk.rows = int(words[0]) or None
    talk.say("all rows are shown" if talk.rows is None else f"the first {count(talk.rows, 'row')} are shown")


def _profile(talk: Talk, words: list[str]) -> None:
    if words:
        try:
            talk.profile = profile_of(words[0])
        except ValueError as error:
            raise Refused(str(error)) from None
    talk.say(f"queries are read as {talk.profile.name}")


def _queries(talk: Talk, words: list[str]) -> None:
    width = max(len(saved.name) for saved in saved_queries())
    for saved in saved_queries():
        parameters = "".join(f" [{p.name}={p.default or '...'}]" for p in saved.parameters)
        talk.say(f"  {saved.name.ljust(width)}  {saved.title}{parameters}")


def _run(talk: Talk, words: list[str]) -> None:
    try:
        saved = saved_query(words[0])
    except KeyError as error:
        raise Refused(str(error.args[0])) from None
    given: dict[str, object] = {}
    for word in words[1:]:
        name, equals, value = word.partition("=")
        if not equals:
            raise Refused(f"'{word}' is not a parameter; write name=value")
        given[name] = value
    talk.say(saved.text.strip(), dim=True)
    talk.ask(saved.text, {**talk._declared(saved.text), **given})


def _saved_names(talk: Talk, before: list[str], begun: str) -> Iterable[str]:
    if not before:
        return [saved.name for saved in saved_queries()]
    return [f"{p.name}=" for saved in saved_queries() if saved.name == before[0] for p in saved.parameters]


def _set(talk: Talk, words: list[str]) -> None:
    name, equals, value = " ".join(words).partition("=")
    if words and not equals:
        raise Refused("write it as: .set name = value")
    if words:
        talk.parameters[name.strip()] = value.strip()
    for name, given in talk.parameters.items():
        talk.say(f"  {name} = {given}")
    if not talk.parameters:
        talk.say("no values are set for declare query_parameters(...)")


def _save(talk: Talk, words: list[str]) -> None:
    if talk.last is None:
        raise Refused("there is no answer to save; ask a query first")
    form = format_of_path(words[0])
    if form is None:
        known = " ".join(extension for row in FORMATS.values() for extension in row.extensions)
        raise Refused(f"the name '{words[0]}' says nothing of a format; give it one of: {known}")
    result = talk.whole()
    with appearing(words[0]) as out:
        form.write(result, out)
    talk.say(f"{words[0]}: {count(len(result), 'row')} as {form.name}")


def _new(talk: Talk, words: list[str]) -> None:
    talk.last = None
    talk.say("the last query is forgotten; a text that begins with | starts at Resources")


def _quit(talk: Talk, words: list[str]) -> None:
    talk.done = True


COMMANDS: dict[str, Command] = {
    row.name: row
    for row in (
        Command(".help", "[NAME]", "these commands, or what is known of an operator or function", ".help summarize",
                _help, 0, 1, lambda talk, before, begun: COMMANDS),
        Command(".advance", "DURATION", "let simulated time pass, so that changes come in", ".advance 60s",
                _advance, 1, 1, lambda talk, before, begun: ("10s", "60s", "5m", "1h")),
        Command(".clock", "", "what time it is in the estate, and what is on its way", ".clock", _clock),
        Command(".vm", "ACTION NAME", "start, stop, deallocate, restart, delete or show a machine",
                ".vm stop web-0042", _vm, 2, 2, _vm_choices),
        Command(".tables", "", "the tables that can be asked", ".tables", _tables),
        Command(".columns", "[TABLE]", "the columns of a table and their types", ".columns ResourceContainers",
                _columns, 0, 1, _table_names),
        Command(".queries", "", "the saved queries", ".queries", _queries),
        Command(".run", "NAME [name=value ...]", "ask a saved query", ".run find-machine text=web",
                _run, 1, 99, _saved_names),
        Command(".explain", "[engine]", "how the last query is answered: plan and SQL", ".explain",
                _explain, 0, 1, lambda talk, before, begun: ("engine",)),
        Command(".format", "[NAME]", "how answers are shown", ".format vertical", _format, 0, 1, _screen_formats),
        Command(".rows", "[NUMBER]", "how many rows are shown; 0 for all", ".rows 200", _rows, 0, 1),
        Command(".save", "FILE", "write the whole last answer to a file, by its extension", ".save states.csv",
                _save, 1, 1),
        Command(".set", "[name = value]", "a value for declare query_parameters", ".set text = web", _set, 0, 99),
        Command(".profile", "[NAME]", "allow everything (kusto) or what the service allows (resource-graph)",
                ".profile resource-graph", _profile, 0, 1, lambda talk, before, begun: PROFILES),
        Command(".new", "", "forget the last query", ".new", _new),
        Command(".quit", "", "leave", ".quit", _quit),
    )
}  # fmt: skip
