"""The prompt without a terminal: what it makes of texts, keys and commands."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from prompt_toolkit.application import create_app_session
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput

from queries import ResourceGraph
from queries.prompt.commands import COMMANDS
from queries.prompt.editing import Suggestions, coloured_lines, is_complete
from queries.prompt.session import editor, loop
from queries.prompt.talk import Talk

ENTER, NEW_STEP, LEAVE = "\r", "\x1b\r", "\x04"


@pytest.fixture(autouse=True)
def _no_history(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("platformdirs.user_data_dir", lambda *_, **__: str(tmp_path))


@pytest.fixture(scope="module")
def spoken_of() -> Iterator[ResourceGraph]:
    """The estate of all conversations here. Its time goes by, its machines stay."""
    with ResourceGraph.simulated(vms=60, seed=7) as graph:
        yield graph


@pytest.fixture
def talk(spoken_of: ResourceGraph) -> Talk:
    return Talk(spoken_of, io.BytesIO())


def said(talk: Talk, *lines: str) -> str:
    """What the prompt says to some lines."""
    assert isinstance(talk.out, io.BytesIO)
    talk.out.seek(0)
    talk.out.truncate()
    for line in lines:
        talk.answer(line)
    return talk.out.getvalue().decode()


def typed(talk: Talk, keys: str) -> str:
    """What the prompt says to keys."""
    assert isinstance(talk.out, io.BytesIO)
    with create_pipe_input() as pipe, create_app_session(input=pipe, output=DummyOutput()):
        pipe.send_text(keys)
        loop(talk, editor(talk))
    return talk.out.getvalue().decode()


# ---- texts ---------------------------------------------------------------------------------------------------------
def test_an_answer_has_a_type_row_and_a_footer(talk: Talk) -> None:
    lines = said(talk, "print x = 1").splitlines()
    assert lines[:3] == ["   x", "long", "   1"]
    assert lines[3].startswith("1 row · compile ") and f"as of {talk.graph.as_of:%H:%M:%S}" in lines[3]


def test_a_mistake_is_drawn_and_the_last_query_kept(talk: Talk) -> None:
    said(talk, "print x = 1")
    assert "^^^" in said(talk, "resources | where nme == 1")
    assert talk.last == "print x = 1"


def test_a_pipe_continues_the_last_query(talk: Talk) -> None:
    said(talk, "resources | where type =~ 'microsoft.compute/virtualmachines'")
    text = said(talk, "| count")
    assert "60" in text and "continues: resources" in text
    assert "121" in said(talk, "| extend Count = Count * 2 + 1")
    assert talk.last is not None and talk.last.count("\n") == 2


def test_a_pipe_without_a_last_query_starts_at_resources(talk: Talk) -> None:
    assert "continues" not in said(talk, "| count")
    assert talk.last == "| count"
    said(talk, "print 1", ".new")
    assert "continues" not in said(talk, "| take 1 | count")


def test_many_rows_are_cut(talk: Talk) -> None:
    text = said(talk, "range i from 1 to 100 step 1")
    assert "first 50 rows" in text and ".rows 0" in text
    assert "100 rows" in said(talk, ".rows 0", "range i from 1 to 100 step 1")


# ---- commands ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("row", COMMANDS.values(), ids=lambda row: row.name)
def test_the_example_of_every_command_works(
    talk: Talk, row: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    example = COMMANDS[row.name].example  # type: ignore[attr-defined]
    name = talk.graph.query(
        "resources | where type =~ 'microsoft.compute/virtualmachines' | take 1 | project id"
    ).scalar()
    text = said(talk, "print x = 1", example.replace("web-0042", name))
    for wrong in ("write it as", "there is no", "error KQL", "nothing is known"):
        assert wrong not in text
    assert example.split()[0] == row.name  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (".hlep", "did you mean .help?"),
        (".vm", ".vm ACTION NAME"),
        (".vm paint x", "start, stop, deallocate, restart, delete"),
        (".vm stop nosuchmachine", "nosuchmachine"),
        (".advance soon", "60s"),
        (".advance -60s", "60s"),
        (".format xml", "choose one of"),
        (".run orphand-disks", "orphaned-disks"),
        (".columns resorces", "did you mean resources?"),
        (".rows many", "a number"),
        (".profile azure", "kusto, resource-graph"),
        (".save x", "ask a query first"),
        (".explain", "ask one first"),
        (".help nosuchthing", "nothing is known"),
        (".set x", "name = value"),
        (".run find-machine text", "name=value"),
    ],
)
def test_a_wrong_command_says_what_is_right(talk: Talk, line: str, expected: str) -> None:
    assert expected in said(talk, line)


def test_commands_can_be_cut_short(talk: Talk) -> None:
    assert f"it is {talk.graph.clock.now():%Y-%m-%d %H:%M:%S} UTC" in said(talk, ".cl")
    assert "there is no command .x" in said(talk, ".x")


def test_help_explains_commands_operators_and_functions(talk: Talk) -> None:
    text = said(talk, ".help")
    assert all(name in text for name in COMMANDS)
    assert "For example: .advance 60s" in said(talk, ".help .advance")
    assert "summarize" in said(talk, ".help summarize")
    assert "strlen" in said(talk, ".help strlen")


def test_the_lag_can_be_seen(talk: Talk) -> None:
    name = talk.graph.query(
        "resources | where type =~ 'microsoft.compute/virtualmachines'"
        " | where properties.extended.instanceView.powerState.code == 'PowerState/running' | take 1 | project id"
    ).scalar()
    said(talk, ".advance 10m")
    assert "Resource Graph shows running" in said(talk, f".vm stop {name}")
    assert "changed" in said(talk, ".advance 10m")
    assert "in truth it is stopped, Resource Graph shows stopped" in said(talk, f".vm show {name}")


def test_values_can_be_set(talk: Talk) -> None:
    query = "declare query_parameters(word: string = 'no'); print word"
    assert "\nyes" in said(talk, ".set word = yes", query)
    assert "\nno" in said(talk, ".set other = x", query.replace("word", "thing"))


def test_the_whole_answer_is_saved(talk: Talk, tmp_path: Path) -> None:
    said(talk, "range i from 1 to 100 step 1")
    assert "100 rows as csv" in said(talk, f".save '{tmp_path}/x.csv'")
    assert len((tmp_path / "x.csv").read_text().splitlines()) == 101
    assert "extension" not in said(talk, f".save {tmp_path}/nowhere/x.csv")
    assert ".parquet" in said(talk, f".save {tmp_path}/x")


def test_what_was_shown_is_saved_though_time_has_passed(talk: Talk, tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("before")
    said(talk, "print now(), rand()")
    shown = talk.graph.query("print now()").scalar()
    said(talk, ".advance 60s", f".save '{tmp_path}/x.csv'")
    assert shown.strftime("%H:%M:%S") in (tmp_path / "x.csv").read_text()
    assert [each.name for each in tmp_path.iterdir()] == ["x.csv"]


def test_the_service_s_profile_can_be_chosen(talk: Talk) -> None:
    assert "resource-graph" in said(talk, ".profile resource-graph")
    assert "error KQL7" in said(talk, "print 1")


# ---- editing -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("text", "complete"),
    [
        ("resources | count", True),
        ("resources |", False),
        ("resources | where", False),
        ("resources | where name == 'x", False),
        ("resources | join (resources", False),
        ("resources | where nme == 1", True),
        ("resources | where\n", True),
        (".vm", True),
    ],
)
def test_enter_asks_what_is_complete(graph: ResourceGraph, text: str, complete: bool) -> None:
    assert is_complete(text, graph.check(text)) is complete


def test_enter_makes_a_line_where_more_must_come(talk: Talk) -> None:
    assert "60" in typed(
        talk, f"resources |{ENTER}where type =~ 'microsoft.compute/virtualmachines'{NEW_STEP}count{ENTER}{LEAVE}"
    )


def test_two_enters_ask_anything(talk: Talk) -> None:
    assert "error KQL" in typed(talk, f"resources | where{ENTER}{ENTER}{LEAVE}")


def test_control_c_forgets_the_line(talk: Talk) -> None:
    assert "Ctrl+D" in typed(talk, f"resources \x03print x = 5{ENTER}{LEAVE}")


def test_quit_leaves(talk: Talk) -> None:
    assert "never" not in typed(talk, f".quit{ENTER}print x = 'never'{ENTER}{LEAVE}")


def test_history_is_kept_between_conversations(talk: Talk) -> None:
    typed(talk, f"print x = 41{ENTER}{LEAVE}")
    assert typed(talk, f"\x1b[A{ENTER}{LEAVE}").count("41") == 2


def suggested(talk: Talk, text: str) -> list[str]:
    document = Document(text, len(text))
    return [
        text[: len(text) + found.start_position] + found.text
        for found in Suggestions(talk).get_completions(document, CompleteEvent())
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("reso", "Resources"),
        ("resources | wh", "resources | where"),
        ("resources | where na", "resources | where name"),
        ("resources | where properties.hardwareP", "resources | where properties.hardwareProfile"),
        (".adv", ".advance"),
        (".vm st", ".vm stop"),
        (".run orphaned-n", ".run orphaned-nics"),
        (".run find-machine t", ".run find-machine text="),
        (".format vert", ".format vertical"),
        (".columns resourcec", ".columns ResourceContainers"),
        (".help .adv", ".help .advance"),
    ],
)
def test_suggestions(talk: Talk, text: str, expected: str) -> None:
    assert any(found.lower().startswith(expected.lower()) for found in suggested(talk, text))


def test_machines_are_suggested_by_name(talk: Talk) -> None:
    name = talk.graph.query(
        "resources | where type =~ 'microsoft.compute/virtualmachines' | take 1 | project name"
    ).scalar()
    assert f".vm stop {name}" in suggested(talk, f".vm stop {name[:3]}")


def test_a_refinement_is_completed_as_what_it_will_be(talk: Talk) -> None:
    said(talk, "resources | project machineName = name")
    assert "| where machineName" in suggested(talk, "| where machineN")


def test_colours_cover_the_text_exactly() -> None:
    for text in ("resources | where name == 'a\nb' // c\n| count", "", "\n", "'open", ".vm stop x", "print\t'é' | §"):
        lines = coloured_lines(text)
        assert "\n".join("".join(piece for _, piece in line) for line in lines) == text
    assert ("class:kql.operator", "where") in coloured_lines("resources | where true")[0]
