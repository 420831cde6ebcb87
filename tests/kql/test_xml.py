"""parse_xml() reads what another reader of XML reads, and takes for well-formed what that one does."""

from __future__ import annotations

import json
from typing import Any
from xml.parsers import expat

import duckdb
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from kql.sql.prelude import needed
from tests.kql.shared import database

CONNECTION: duckdb.DuckDBPyConnection = database()
for macro in needed("kql_xml"):
    CONNECTION.execute(macro.sql)


def read(text: str) -> str:
    (found,) = CONNECTION.execute("SELECT kql_xml(x) FROM (SELECT $1::VARCHAR AS x)", [text]).fetchone() or (None,)
    return "" if found is None else json.dumps(json.loads(found))


def value(members: list[tuple[str, Any]]) -> Any:
    if not members:
        return None
    if [key for key, _ in members] == ["#text"]:
        return members[0][1]
    bag: dict[str, list[Any]] = {}
    for key, each in members:
        bag.setdefault(key, []).append(each)
    return {key: each[0] if len(each) == 1 else each for key, each in bag.items()}


def expected(text: str) -> str:
    """The document as JSON, '' if it is not well-formed: what expat tells of it, put together."""
    stack: list[tuple[str, list[tuple[str, Any]]]] = [("", [])]
    pieces: list[str] = []

    def flush() -> None:
        words = "".join(pieces).strip(" \t\n\r")
        pieces.clear()
        if words:
            stack[-1][1].append(("#text", int(words) if words.isdecimal() and str(int(words)) == words else words))

    def start(name: str, attributes: dict[str, str]) -> None:
        flush()
        stack.append((name, [("@" + key, each) for key, each in attributes.items()]))

    def end(name: str) -> None:
        flush()
        done = value(stack.pop()[1])
        stack[-1][1].append((name, done))

    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = start, end, pieces.append
    try:
        parser.Parse(text, True)
    except expat.ExpatError:
        return ""
    return json.dumps(value(stack[0][1]))


NAMES = st.sampled_from(["a", "b", "ab", "x.y", "é", "_1"])
TEXTS = st.sampled_from(["t", "7", "0.x", "a b", "&lt;", "&#65;", "&#x1F600;", "é", "&amp;lt;"])
ATTRIBUTES = st.dictionaries(NAMES, TEXTS, max_size=2)


def element(children: SearchStrategy[str]) -> SearchStrategy[str]:
    def made(name: str, attributes: dict[str, str], inner: list[str], blank: str) -> str:
        shown = "".join(f' {key}="{each}"' for key, each in attributes.items())
        return f"<{name}{shown}{blank}>{''.join(inner)}</{name}{blank}>" if inner else f"<{name}{shown}{blank}/>"

    # texts that touch are one; between elements they are several
    return st.builds(made, NAMES, ATTRIBUTES, st.lists(children, max_size=4), st.sampled_from(["", " ", "\n"]))


ELEMENTS = st.recursive(element(TEXTS), lambda inner: element(st.one_of(inner, inner, TEXTS)), max_leaves=8)
DOCUMENTS = st.builds(
    "{}{}{}".format, st.sampled_from(["", '<?xml version="1.0"?>', "<!-- a > b -->", "<!DOCTYPE a>\n"]), ELEMENTS, st.sampled_from(["", "\n", "<?p?>"])
)


@settings(deadline=None)
@given(DOCUMENTS)
def test_documents_are_read(text: str) -> None:
    assert expected(text)
    assert read(text) == expected(text)


@settings(deadline=None)
@given(st.lists(st.sampled_from(["<a>", "</a>", "<b/>", "<", ">", "/", "a", "&", ";", "&gt;", " ", '"', "=", 'a="1"', "<a ", "</", "1"]), max_size=9))
def test_only_what_is_well_formed_is_read(pieces: list[str]) -> None:
    text = "".join(pieces)
    assert read(text) == expected(text)


def test_long_texts_and_odd_characters_are_null() -> None:
    assert read(f"<a>{'x' * 1_000_000}</a>")
    for text in (f"<a>{'x' * 1_048_570}</a>", "<a>&#0;</a>", "<a>&#xD800;</a>", "<a>&#x110000;</a>", "<a>&no;</a>"):
        assert read(text) == ""


def test_marked_text_is_text() -> None:
    assert json.loads(read("<a><![CDATA[<b>]]></a>")) == {"a": "<b>"}
