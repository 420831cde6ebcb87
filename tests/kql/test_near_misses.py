"""Texts that are all but a query: one word left out, doubled, exchanged or put in. A result or a placed message, never more."""

from __future__ import annotations

import os
import random
import re
from collections import Counter

import duckdb

import kql
from queries.library import saved_queries
from tests.kql.shared import NOW, database, needs_shared, records, service_schema

TIMES = int(os.environ.get("LAZULITE_NEAR_MISSES", "600"))
"""How many texts are tried; LAZULITE_NEAR_MISSES=100000 for the long run."""

WORD = re.compile(r"\s+|//[^\n]*|'[^'\n]*'|\"[^\"\n]*\"|[A-Za-z_$]\w*|\d+(?:\.\d+)?\w*|.", re.DOTALL)
PUT_IN = """name type properties tags count_ x * 0 -1 1.5 'a' true dynamic([1]) dynamic(null) 1d datetime(2020-01-01) now() ( ) | by
 asc kind=inner where extend x=1 project summarize count() mv-expand join union let a=1; tostring( iff( pack( properties.x tags["a"]
 make_set(name) arg_max(name,*) == =~ != has contains in !in between .. and not( - + / , ; = : [ ] { }""".split()  # noqa: SIM905


def near(text: str, draw: random.Random) -> str:
    words = WORD.findall(text)
    places = [place for place, word in enumerate(words) if word.strip()]
    for _ in range(draw.choice([1, 1, 2, 3])):
        here, there = draw.choice(places), draw.choice(places)
        words[here], words[there] = draw.choice([
            ("", words[there]),
            (words[here] * 2, words[there]),
            (words[there], words[here]),
            (draw.choice(PUT_IN), words[there]),
            (f"{words[here]} {draw.choice(PUT_IN)}", words[there]),
        ])  # fmt: skip
    return "".join(words)


@needs_shared
def test_a_text_that_is_all_but_a_query_is_answered_or_told() -> None:
    draw = random.Random(7)
    texts = [each.text for each in saved_queries()]
    texts += [each.get("substituted") or each["query"] for each in records("corpus", "queries.jsonl")]
    connection, schema, seen = database(), service_schema(), Counter[str]()
    for _ in range(TIMES):
        text = near(draw.choice(texts), draw)
        try:
            compiled = kql.compile(text, schema)
            connection.execute(compiled.sql, compiled.bind(NOW)).fetchall()
            seen["answered"] += 1
        except kql.KqlError as error:
            seen["told"] += 1
            for problem in error.problems:
                first, last = problem.span
                assert 0 <= first <= last <= max(len(text), 1), f"{problem} is nowhere in {text}"
                assert problem.message and problem.code.startswith("KQL")
        except duckdb.Error as error:
            raise AssertionError(text) from error
    assert min(seen["answered"], seen["told"]) > TIMES // 50
