"""The prompt in a real terminal: tmux shows what a person would see."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "queries", "--vms", "60", "--seed", "7"]


class Terminal:
    """A tmux session of 100 x 40 with the prompt in it."""

    def __init__(self, home: Path) -> None:
        self._socket = f"lazulite-{uuid.uuid4().hex[:8]}"
        environment = {
            "XDG_DATA_HOME": str(home),
            "PYTHONPATH": str(ROOT),
            "TERM": "screen-256color",
            "LC_ALL": "C.UTF-8",
        }
        options = [word for pair in environment.items() for word in ("-e", "=".join(pair))]
        self._tmux(
            "-u", "-f", os.devnull, "new-session", "-d", "-x", "100", "-y", "40", *options, "-c", str(home), *COMMAND
        )

    def _tmux(self, *words: str) -> str:
        command = ["tmux", "-L", self._socket, *words]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout

    def screen(self) -> str:
        return self._tmux("capture-pane", "-p")

    def type(self, text: str) -> None:
        self._tmux("send-keys", "-l", text)

    def press(self, *keys: str) -> None:
        self._tmux("send-keys", *keys)

    def until(self, seen: Callable[[str], bool] | str, seconds: float = 60) -> str:
        """The screen, as soon as it shows what is waited for."""
        end = time.monotonic() + seconds
        while True:
            screen = self.screen()
            if seen in screen if isinstance(seen, str) else seen(screen):
                return screen
            assert time.monotonic() < end, f"not seen: {seen}\n{screen}"
            time.sleep(0.05)

    def until_closed(self, seconds: float = 60) -> None:
        """Waits until the prompt has left; with it goes the session."""
        end = time.monotonic() + seconds
        while (
            subprocess.run(["tmux", "-L", self._socket, "has-session"], capture_output=True, check=False).returncode
            == 0
        ):
            assert time.monotonic() < end, self.screen()
            time.sleep(0.05)

    def close(self) -> None:
        subprocess.run(["tmux", "-L", self._socket, "kill-server"], capture_output=True, timeout=60, check=False)


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    if shutil.which("tmux") is None:
        pytest.skip("tmux is not installed; the pseudo-terminal test below stands in for it")
    terminal = Terminal(tmp_path)
    yield terminal
    terminal.close()


def test_a_first_conversation(terminal: Terminal) -> None:
    terminal.until("60 virtual machines")
    terminal.until("kql>")

    terminal.type("resources | where type =~ 'microsoft.compute/virtualmachines'")
    terminal.press("M-Enter")
    terminal.type("count")
    terminal.until("✓")
    terminal.press("Enter")
    screen = terminal.until("1 row · compile")
    assert "Count" in screen and "long" in screen and "   60" in screen

    terminal.type("| extend Count = Count + 1")
    terminal.press("Enter")
    terminal.until("   61")

    terminal.type("resources | where nme == 'x'")
    terminal.until("KQL201: ")  # while typing, in the line at the bottom
    terminal.press("Enter")
    screen = terminal.until("^^^")
    assert "did you mean 'name'" in screen

    terminal.type(".advance 60s")
    terminal.press("Enter")
    terminal.until("it is 2026-01-15 12:01:00 UTC")

    terminal.press("C-d")
    terminal.until_closed()


def test_completion_opens_a_menu(terminal: Terminal) -> None:
    terminal.until("kql>")
    terminal.type("resources | summ")
    terminal.press("Tab")
    terminal.until("summarize")
    terminal.press("Escape")
    terminal.press("C-c")
    terminal.type(".adv")
    terminal.until("let simulated time pass")


def test_a_running_query_can_be_stopped(terminal: Terminal) -> None:
    terminal.until("kql>")
    terminal.type(
        "range a from 1 to 3000000 step 1 | extend k = 1"
        " | join kind=inner (range b from 1 to 3000000 step 1 | extend k = 1) on k | where a + b < 0"
    )
    terminal.press("Enter")
    time.sleep(1)
    terminal.press("C-c")
    terminal.until("stopped")
    terminal.type("print x = 40 + 2")
    terminal.press("Enter")
    terminal.until("42")


def test_a_pseudo_terminal_will_do(tmp_path: Path) -> None:
    pexpect = pytest.importorskip("pexpect", reason="pexpect is not installed")
    environment = {
        **os.environ,
        "XDG_DATA_HOME": str(tmp_path),
        "NO_COLOR": "1",
        "TERM": "xterm",
        "PYTHONPATH": str(ROOT),
    }
    child = pexpect.spawn(COMMAND[0], COMMAND[1:], env=environment, encoding="utf-8", dimensions=(40, 100), timeout=30)
    child.expect("60 virtual machines")
    child.expect("kql>")
    child.send("print x = 40 + 2\r")
    child.expect("42")
    child.expect("1 row")
    child.send(".quit\r")
    child.expect(pexpect.EOF)
    child.wait()
    assert child.exitstatus == 0
