"""What the documents say is so: code blocks run, commands and options exist, dependencies state their reason."""

from __future__ import annotations

import re
import shlex
import tomllib
from pathlib import Path

import click
import pytest

from queries import saved_queries
from queries.cli import cli

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
PYPROJECT = (ROOT / "pyproject.toml").read_text()


def test_the_code_of_the_readme_runs(capsys: pytest.CaptureFixture[str]) -> None:
    blocks = re.findall(r"```python\n(.*?)```", README, re.S)
    assert len(blocks) >= 4
    names: dict[str, object] = {}
    for block in blocks:
        exec(compile(block, "README.md", "exec"), names)
    assert "^^^" in capsys.readouterr().out


def test_the_readme_s_query_is_the_document_s() -> None:
    block = re.search(r"```\n(\|.*?)```", README, re.S)
    saved = next(query.text for query in saved_queries() if query.name == "scale-set-power-states")
    assert block is not None
    assert block[1].split() == re.sub(r"//.*\n", "", saved).split()


def test_every_command_of_the_readme_exists() -> None:
    lines = re.findall(r"^    (?:\S+ \S+ \| )?(?:\.venv/bin/)?(lazulite .*)$", README, re.M)
    assert len(lines) >= 8
    for line in lines:
        words = shlex.split(line.split(" > ")[0], comments=True)[1:]
        command = cli.commands[words[0]]
        with click.Context(command) as context:
            command.make_parser(context).parse_args(words[1:])


def test_every_command_stands_in_the_readme() -> None:
    for name in cli.commands:
        assert f"lazulite {name}" in README or name == "demo"


def test_every_dependency_states_its_reason() -> None:
    names = []
    project = tomllib.loads(PYPROJECT)["project"]
    for requirement in (
        *project["dependencies"],
        *(r for rows in project["optional-dependencies"].values() for r in rows),
    ):
        if requirement.startswith("lazulite"):
            continue
        line = next(line for line in PYPROJECT.splitlines() if f'"{requirement}"' in line)
        assert re.search(r"# \w.{15,}", line), line
        names.append(requirement)
    assert len(names) >= 10


def test_what_is_not_python_is_packed_too() -> None:
    packed = tomllib.loads(PYPROJECT)["tool"]["setuptools"]["package-data"]["*"]
    for package in ("kql", "inventory", "queries"):
        assert (ROOT / package / "py.typed").exists()
        for file in (ROOT / package).rglob("*"):
            if file.suffix in (".sql", ".lark", ".kql", ".json"):
                assert any(file.match(pattern) for pattern in packed), file
