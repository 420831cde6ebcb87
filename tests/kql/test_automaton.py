"""The automaton makes of every text what Lark's own loop makes of it, and gives up where Lark reports an error."""

from __future__ import annotations

import json

import pytest

from kql import parse
from kql.automaton import FAILED
from kql.functions import catalogue
from kql.rules import BadLiteral
from tests.kql.shared import SHARED

EXAMPLES = [f"print {example}" for row in catalogue.table().values() for example in row.examples][::7]
BROKEN = ["", "T |", "T | where", "T | where x ==", "T | take 5 5", "print 'a", "T | project a b", "let x = ; T", "?", "T | extend a = 1)"]


def published() -> list[str]:
    found = []
    for file in ("corpus/queries.jsonl", "conformance/cases.jsonl"):
        if (SHARED / file).exists():
            found += [json.loads(line)["query"] for line in (SHARED / file).read_text("utf-8").splitlines()[::25]]
    return found


def outcome(run: object, text: str) -> str:
    try:
        made = run(text)  # type: ignore[operator]
    except BadLiteral as error:
        return f"no literal: {error.text}"
    except Exception as error:
        original = getattr(error, "orig_exc", None)
        return f"no literal: {original.text}" if isinstance(original, BadLiteral) else "no text of the language"
    return "no text of the language" if made is FAILED else repr(made)


@pytest.mark.parametrize("text", [*EXAMPLES, *BROKEN])
def test_both_loops_agree(text: str) -> None:
    assert outcome(parse._automaton().run, text) == outcome(parse._parser().parse, text)


def test_both_loops_agree_on_published_queries() -> None:
    texts = published()
    if not texts:
        pytest.skip("the folder of recorded cases does not lie beside this checkout")
    for text in texts:
        assert outcome(parse._automaton().run, text) == outcome(parse._parser().parse, text), text
