"""The arrows between rooms, and what importing the language costs."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
STDLIB = sys.stdlib_module_names

# What each room of the language may import while it runs, beside itself and the standard library.
BASE = {"kql.types", "kql.lexis", "kql.forms", "kql.syntax", "kql.messages", "kql.reserved", "kql.mistakes"}
MAY_IMPORT = {
    "kql.types": set(),
    "kql.lexis": set(),
    "kql.forms": {"kql.types"},
    "kql.syntax": {"kql.types"},
    "kql.reserved": set(),
    "kql.mistakes": set(),
    "kql.messages": {"kql.syntax"},
    "kql.schema": {"kql.forms", "kql.types"},
    "kql.plan": {"kql.types"},
    "kql.functions": {"kql.types", "kql.forms", "kql.sql"},
    "kql.bind": {*BASE, "kql.plan", "kql.functions"},
    "kql.operators": {*BASE, "kql.plan", "kql.functions", "kql.bind"},
    "kql.automaton": {"lark"},
    "kql.parse": {*BASE, "kql.functions", "kql.operators", "kql.rules", "kql.automaton", "lark"},
    "kql.rules": {*BASE, "kql.operators", "lark"},
    "kql.sql": {"kql.types", "kql.forms", "kql.plan", "kql.schema", "kql.lexis"},
    "kql.explain": {*BASE, "kql.plan"},
    "kql.editing": {*BASE, "kql.plan", "kql.functions", "kql.bind", "kql.operators", "kql.parse", "kql.sql"},
    "kql.reference": {*BASE, "kql.functions", "kql.operators", "kql.editing"},
    "kql.compiler": {*BASE, "kql.plan", "kql.schema", "kql.bind", "kql.parse", "kql.sql", "kql.explain"},
    "kql": {"kql.messages"},
}  # fmt: skip


def imports(file: Path) -> Iterator[str]:
    """The modules that a file imports when it runs; what only the type checker reads does not count."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    for_types = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")
        for statement in node.body
        for inner in ast.walk(statement)
    }
    for node in ast.walk(tree):
        if node in for_types:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            whole = node.module in ("kql", "inventory", "queries")
            yield from (f"{node.module}.{alias.name}" if whole else node.module for alias in node.names)


def room(module: str) -> str:
    return ".".join(module.split(".")[:2]) if module.startswith("kql.") else module.split(".")[0]


def module_of(file: Path) -> str:
    return ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


LANGUAGE = sorted((ROOT / "kql").rglob("*.py"))


@pytest.mark.parametrize("file", LANGUAGE, ids=module_of)
def test_arrows_inside_the_language(file: Path) -> None:
    here = room(module_of(file))
    assert here in MAY_IMPORT, f"{here} is a new room: say what it may import"
    for name in imports(file):
        there = room(name)
        if there not in STDLIB and there != here and not (there == "kql" and here != "kql"):
            assert there in MAY_IMPORT[here], f"{module_of(file)} may not import {name}"


def test_the_world_knows_no_kql() -> None:
    for file in (ROOT / "inventory").rglob("*.py"):
        for name in imports(file):
            assert name.split(".")[0] not in ("kql", "queries", "lark"), f"{file.name} imports {name}"


def test_only_the_emitter_and_the_rows_speak_sql() -> None:
    spoken = ("SELECT ", "GROUP BY", "ORDER BY", "CREATE ", "UNION ALL", " CAST(")
    for file in LANGUAGE:
        if room(module_of(file)) in ("kql.sql", "kql.functions"):
            continue
        tree = ast.parse(file.read_text(encoding="utf-8"))
        texts = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
        documentation = {ast.get_docstring(node, clean=False) for node in ast.walk(tree) if isinstance(node, _DOCUMENTED)}
        for text in texts:
            assert text in documentation or not any(word in text for word in spoken), f"{file.name}: {text[:60]}"


_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef)


def loaded_after(statement: str) -> set[str]:
    code = f"import sys\n{statement}\nimport json\nprint(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    return set(json.loads(done.stdout))


def test_importing_the_language_costs_little() -> None:
    """Under 0.1 s, measured by what is loaded: no parser, no engine, no rows."""
    loaded = loaded_after("import kql")
    assert not {name for name in loaded if name.split(".")[0] in ("lark", "duckdb", "pyarrow", "inventory", "queries")}
    assert {name for name in loaded if name.startswith("kql")} <= {"kql", "kql.messages", "kql.syntax", "kql.types"}


def test_colours_need_no_parser() -> None:
    loaded = loaded_after("import kql\nkql.tokens('Resources | where name has \"x\"')")
    assert not {name for name in loaded if name.split(".")[0] in ("lark", "duckdb", "pyarrow")}


def test_compiling_needs_no_engine() -> None:
    loaded = loaded_after("import kql\nfrom kql.schema import Schema\nkql.compile('print 1', Schema([]))")
    assert "lark" in loaded
    assert not {name for name in loaded if name.split(".")[0] in ("duckdb", "pyarrow", "prompt_toolkit", "rich")}
