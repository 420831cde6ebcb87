"""Cases as data: each query of tests/cases/*.md with the messages that a person sees for it, drawn as they are shown."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import kql
from kql.schema import Schema, Table, TableColumn
from kql.types import TYPE_NAMES

FOLDER = Path(__file__).parents[1] / "cases"
CASE = re.compile(r"```kql\n(?P<query>.*?)\n?```\n```text\n(?P<told>.*?)```", re.S)
COLUMNS = {
    **dict.fromkeys(("id", "name", "type", "tenantId", "kind", "location", "resourceGroup", "subscriptionId"), "string"),
    **dict.fromkeys(("sku", "properties", "tags", "identity", "zones"), "dynamic"),
}
SCHEMA = Schema(
    Table(name, tuple(TableColumn(column, TYPE_NAMES[type]) for column, type in COLUMNS.items()), ())
    for name in ("Resources", "ResourceContainers", "ResourceChanges", "HealthResources")
)


def told(query: str) -> str:
    return "".join(problem.draw(query) + "\n" for problem in kql.check(query, SCHEMA))


@pytest.mark.parametrize("file", sorted(FOLDER.glob("*.md")), ids=lambda file: file.stem)
def test_cases(file: Path, pytestconfig: pytest.Config) -> None:
    page = file.read_text(encoding="utf-8")
    written = CASE.sub(lambda case: f"```kql\n{case['query']}\n```\n```text\n{told(case['query'])}```", page)
    if pytestconfig.getoption("--update"):
        file.write_text(written, encoding="utf-8")
        return
    cases = list(CASE.finditer(page))
    assert len(cases) > 20, "the cases are found"
    for case in cases:
        assert told(case["query"]) == case["told"], case["query"]


def test_every_mistake_is_told() -> None:
    """A case of mistakes.md is one: it has a message, and every error has a place inside its text."""
    for case in CASE.finditer((FOLDER / "mistakes.md").read_text(encoding="utf-8")):
        problems = kql.check(case["query"], SCHEMA)
        assert problems, case["query"]
        assert all(0 <= problem.span[0] < problem.span[1] <= len(case["query"]) + 1 for problem in problems), case["query"]
