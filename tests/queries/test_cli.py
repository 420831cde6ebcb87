"""The command line: what goes where, and with which exit code."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from queries import ResourceGraph
from queries.cli import run
from queries.world import World

SMALL = ["--vms", "20"]
MADE: dict[World, ResourceGraph] = {}


class Kept(ResourceGraph):
    """A graph that the end of a command leaves open."""

    def close(self) -> None:
        pass


ENDLESS = (
    "range a from 1 to 3000000 step 1 | extend k = 1"
    " | join kind=inner (range b from 1 to 3000000 step 1 | extend k = 1) on k | where a + b < 0"
)


@pytest.fixture(autouse=True)
def _estates_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Within this process the same options mean the same estate, made once; the tests in processes make their own."""
    make = World.open

    def kept(world: World, *more: object, **named: object) -> ResourceGraph:
        if world.estate is not None:
            return make(world)
        if world not in MADE:
            MADE[world] = Kept(make(world).estate)
        return MADE[world]

    monkeypatch.setattr(World, "open", kept)


def lazulite(*arguments: str, stdin: bytes = b"", **more: str) -> subprocess.CompletedProcess[bytes]:
    """The command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "queries", *arguments],
        input=stdin,
        capture_output=True,
        env={**os.environ, **more},
        timeout=60,
    )


def test_data_goes_to_standard_output_and_notes_to_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["query", "-q", "resources | where type =~ 'microsoft.compute/virtualmachines' | count", *SMALL]) == 0
    out, err = capsys.readouterr()
    assert out == '{"Count":20}\n'
    assert "1 row" in err and "as of 12:00:00" in err and " way)" in err


def test_quiet_says_nothing_more(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["query", "-q", "print x = 1", "--quiet", *SMALL]) == 0
    assert capsys.readouterr() == ('{"x":1}\n', "")


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ("table", "   x  y\nlong  string\n   1  a\n"),
        ("csv", "x,y\n1,a\n"),
        ("tsv", "x\ty\n1\ta\n"),
        ("json", '[\n{"x":1,"y":"a"}\n]\n'),
        ("markdown", "| x | y |\n| --: | --- |\n| 1 | a |\n"),
        ("vertical", "── row 1 ──\nx  long    1\ny  string  a\n"),
    ],
)
def test_a_format_is_chosen_by_name(capsys: pytest.CaptureFixture[str], form: str, expected: str) -> None:
    assert run(["query", "-q", "print x = 1, y = 'a'", "--format", form, *SMALL]) == 0
    assert capsys.readouterr().out == expected


def test_a_file_s_extension_chooses_the_format(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "answer.parquet"
    assert run(["query", "-q", "range i from 1 to 5 step 1", "-o", str(path), *SMALL]) == 0
    assert pq.read_table(path).to_pylist() == [{"i": i} for i in range(1, 6)]
    assert run(["query", "-q", "print 1", "-o", str(tmp_path / "answer"), *SMALL]) == 2
    assert run(["query", "-q", "print nothing", "-o", str(tmp_path / "wrong.csv"), *SMALL]) == 3
    assert sorted(os.listdir(tmp_path)) == ["answer.parquet"]


def test_queries_come_from_files_and_pipes(tmp_path: Path) -> None:
    file = tmp_path / "q.kql"
    file.write_text("\ufeffprint x = 'fïle'\n", encoding="utf-8")
    assert json.loads(lazulite("query", str(file), *SMALL).stdout) == {"x": "fïle"}
    assert json.loads(lazulite("query", "-", *SMALL, stdin=b"print x = 2").stdout) == {"x": 2}
    assert json.loads(lazulite("query", *SMALL, stdin=b"print x = 3").stdout) == {"x": 3}


def test_a_saved_query_takes_parameters(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["run", "machines-by-size", "-p", "most=2", *SMALL]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 2
    assert run(["run", "find-machine", "-p", "wrong=2", *SMALL]) == 3
    assert "wrong" in capsys.readouterr().err
    assert run(["run", "machines-by-size", "-p", "most=many", *SMALL]) == 3
    assert "most" in capsys.readouterr().err
    assert run(["run", "machines-by-sice", *SMALL]) == 2
    assert "machines-by-size" in capsys.readouterr().err


def test_a_wrong_query_exits_with_3_and_a_caret(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["query", "-q", "resources | where nme == 1", *SMALL]) == 3
    out, err = capsys.readouterr()
    assert out == ""
    assert "^^^" in err and "'name'" in err and "Traceback" not in err


def test_bytes_that_are_not_utf_8_have_a_place() -> None:
    done = lazulite("query", "-", *SMALL, stdin="print 'é".encode() + b"\xff'")
    assert done.returncode == 3
    assert "at 1:9: the text is not valid UTF-8" in done.stderr.decode()
    done = lazulite("query", "-", *SMALL, stdin="print 1".encode("utf-16"))
    assert done.returncode == 3
    assert "UTF-16" in done.stderr.decode()


def test_a_timeout_exits_with_4(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["query", "-q", ENDLESS, "--timeout", "300ms", *SMALL]) == 4
    assert "LZ102" in capsys.readouterr().err


def loads_the_engine(process: int) -> bool:
    """Whether a process has begun to load the engine: its library is among what the process has mapped."""
    try:
        return "_duckdb" in Path(f"/proc/{process}/maps").read_text()
    except OSError:
        return False


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="this system does not tell what a process has loaded")
@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, ["query", "-q", ENDLESS, *SMALL]),
        (0.7, ["query", "-q", ENDLESS, *SMALL]),
        (3, ["query", "-q", ENDLESS, *SMALL]),
        (1, ["create", "estate.duckdb", "--vms", "300000"]),
    ],
    ids=["while the engine loads", "while it makes the estate", "while it asks", "while it fills a file"],
)
def test_an_interrupt_exits_with_130(seconds: float, words: list[str], tmp_path: Path) -> None:
    words = [str(tmp_path / word) if word.endswith(".duckdb") else word for word in words]
    command = [sys.executable, "-m", "queries", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        try:
            while not loads_the_engine(process.pid):
                assert process.poll() is None
                time.sleep(0.01)
            time.sleep(seconds)
            for _ in range(60):  # whoever waits presses again
                process.send_signal(signal.SIGINT)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    _, err = process.communicate(timeout=1)
                    break
        finally:
            process.kill()
    # Python ends by the signal itself where the interrupt met it while it ran a text, as dataclasses do; a shell says 130.
    assert process.returncode in (130, -signal.SIGINT)
    assert b"Traceback" not in err and b"interrupted" in err
    assert not (tmp_path / "estate.duckdb").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ["query", "--vms", "-1", "-q", "print 1"],
        ["query", "--nonsense"],
        ["nonsense"],
        ["query", "-q", "print 1", "--lag", "soon"],
        ["query", "-q", "print 1", "--at", "noon"],
        ["query", "-q", "print 1", "-p", "x"],
        ["query", "no such file.kql"],
        ["query", "a.kql", "-q", "print 1"],
        ["query", "-q", "print 1", "--estate", "no such estate"],
        ["query", "-q", "print 1", "--format", "xml"],
        ["check", "no such file.kql"],
        ["serve", "--port", "65536"],
        ["serve", "--tls-port", "https"],
        ["serve", "--quota", "many"],
        ["serve", "--token", " ", "--vms", "0"],
        ["query", "-q", "print 1", "--seed", str(2**63)],
        ["query", "-q", "print 1", "--lag", "9" * 400],
        ["query", "-q", "print 1", "--advance", "999999999d"],
        ["query", "-q", "print 1", "--at", "0001-01-01T00:00+05:00"],
        ["query", "-q", "print 1", "--rows", str(2**70), "-f", "table"],
    ],
    ids=lambda arguments: " ".join(arguments),
)
def test_wrong_usage_exits_with_2_and_a_reason(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    assert run(arguments) == 2
    assert "Error:" in capsys.readouterr().err


def test_a_file_is_written_where_the_name_leads(tmp_path: Path) -> None:
    asking = ["query", "--vms", "0", "--quiet", "-q", "print a = 1", "--format", "csv", "-o"]
    target, link, beside = tmp_path / "target", tmp_path / "link.csv", tmp_path / "link.csv.part"
    link.symlink_to(target)
    beside.write_text("precious")
    assert run([*asking, str(link)]) == 0
    assert link.is_symlink() and target.read_text() == "a\n1\n" and beside.read_text() == "precious"
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with ThreadPoolExecutor(1) as readers:
        read = readers.submit(pipe.read_text)
        assert run([*asking, str(pipe)]) == 0
        assert read.result(30) == "a\n1\n" and pipe.is_fifo()
    assert {each.name for each in tmp_path.iterdir()} == {"target", "link.csv", "link.csv.part", "pipe"}


def test_a_file_in_no_folder_is_told_by_its_own_name(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert run(["query", "--vms", "0", "-q", "print 1", "-o", str(tmp_path / "none" / "x.csv")]) == 1
    assert capsys.readouterr().err.startswith(f"lazulite: {tmp_path / 'none' / 'x.csv'}: No such file")


def test_the_end_of_time_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["query", "--vms", "0", "-q", "print 1", "--at", "9999-12-31T23:59:59", "--advance", "1h"]) == 1
    assert "InvalidClock" in capsys.readouterr().err


@pytest.mark.parametrize("words", ["list --texts", "query -q 'range i from 1 to 5 step 1' --vms 0"])
def test_no_reader_at_all_and_one_that_leaves_are_no_error(words: str) -> None:
    for end in (" >&-", " | head -c 1 >/dev/null"):
        command = f"{sys.executable} -m queries {words}{end}; echo ${{PIPESTATUS[0]}}"
        done = subprocess.run(["bash", "-c", command], capture_output=True, timeout=60)
        assert b"Traceback" not in done.stderr, done.stderr
        assert done.stdout == b"0\n" or end == " >&-"


def test_a_reader_that_leaves_early_is_no_error() -> None:
    asking = f"{sys.executable} -m queries query -q 'range i from 1 to 500000 step 1' --vms 5"
    command = f"{asking} | head -1; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, timeout=60)
    assert done.stdout == b'{"i":1}\n0\n'
    assert b"Traceback" not in done.stderr and b"Broken" not in done.stderr


def test_the_estate_follows_the_options(capsys: pytest.CaptureFixture[str]) -> None:
    def answer(*arguments: str, text: str = "resources | summarize take_any(name), count(), now()") -> str:
        assert run([*arguments, "query", "-q", text, "--quiet"]) == 0
        return capsys.readouterr().out

    assert answer("--vms", "20") == answer("--vms", "20")
    assert answer("--vms", "20", "--seed", "1") != answer("--vms", "20", "--seed", "2")
    assert "2030-01-01T00:01:30Z" in answer(
        "--vms", "5", "--at", "2030-01-01T00:00Z", "--advance", "90s", text="print now()"
    )
    run(["query", "-q", "print 1", "--lag", "0", *SMALL])
    assert " way)" not in capsys.readouterr().err


def test_conditions_for_scripts(capsys: pytest.CaptureFixture[str]) -> None:
    none, some = "resources | where name == '-'", "print 1"
    codes = [
        run(["query", "-q", text, flag, *SMALL])
        for text in (none, some)
        for flag in ("--fail-if-empty", "--fail-if-any")
    ]
    assert codes == [1, 0, 0, 1]


def test_check_places_what_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good, bad, odd = tmp_path / "good.kql", tmp_path / "bad.kql", tmp_path / "odd.kql"
    good.write_text("resources | take 1")
    bad.write_text("resources\n| where nme == 1\n| project lokation")
    odd.write_bytes(b"print '\xff'")
    assert run(["check", str(good)]) == 0
    assert capsys.readouterr() == ("", "1 query checked, nothing wrong\n")
    assert run(["check", str(bad), "--format", "line"]) == 3
    lines = capsys.readouterr().out.splitlines()
    assert [line.removeprefix(str(bad)).split(" ")[0] for line in lines] == [":2:9:", ":3:11:"]
    assert run(["check", str(tmp_path), "--format", "github"]) == 3
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert lines[0].startswith(f"::error file={bad},line=2,col=9,endLine=2,endColumn=12,title=KQL")


def test_explain_shows_plan_and_sql(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", "-q", "resources | count", *SMALL]) == 0
    assert "SELECT" in capsys.readouterr().out
    assert run(["explain", "-q", "resources | count", "--engine", *SMALL]) == 0
    assert "Aggregate" in capsys.readouterr().out


def test_list_names_every_saved_query(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["list"]) == 0
    out = capsys.readouterr().out
    assert "scale-set-power-states" in out and "[most=10]" in out


def test_an_estate_can_be_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = str(tmp_path / "estate.duckdb")
    assert run(["create", path, *SMALL]) == 0
    assert run(["create", path]) == 2
    machines = "resources | where type =~ 'microsoft.compute/virtualmachines' | count"
    assert run(["query", "-q", machines, "--estate", path]) == 0
    assert capsys.readouterr().out == '{"Count":20}\n'
    assert run(["query", "-q", machines, "--estate", path, "--vms", "5"]) == 2
    (tmp_path / "text.duckdb").write_text("not a database")
    assert run(["query", "-q", machines, "--estate", str(tmp_path / "text.duckdb")]) == 1
    assert "Traceback" not in capsys.readouterr().err


def test_the_demo_shows_changes_coming_in(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["demo"]) == 0
    out = capsys.readouterr().out
    assert "virtualMachineScaleSet" in out and out.count("powerState") >= 3
    assert "on their way" in out and "60 seconds later" in out and " -> PowerState/" in out


def test_a_shell_can_complete(capsys: pytest.CaptureFixture[str]) -> None:
    for shell in ("bash", "zsh", "fish"):
        assert run(["completion", shell]) == 0
        assert "_LAZULITE_COMPLETE" in capsys.readouterr().out
    done = lazulite(COMP_WORDS="lazulite run orph", COMP_CWORD="2", _LAZULITE_COMPLETE="bash_complete")
    assert b"orphaned-disks" in done.stdout


def test_the_prompt_needs_a_terminal() -> None:
    done = lazulite()
    assert done.returncode == 2
    assert b"needs a terminal" in done.stderr
