"""What editors need of the language: the kinds of a text's tokens, and what may stand at a place. Never raises."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from kql import plan, syntax
from kql.bind.binder import Binder
from kql.bind.scope import Environment
from kql.forms import Form, List, Object
from kql.functions import catalogue
from kql.messages import Problems
from kql.operators.joins import KINDS
from kql.parse import parse
from kql.reference import operator_names
from kql.schema import Schema, Table
from kql.types import DYNAMIC

MAX_PATHS = 200


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a text and its kind: operator, keyword, function, column, table, string, number, comment, name,
    punctuation. start and end are character offsets."""

    kind: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Completion:
    """What may stand at a place: `text` replaces from `start` to the place; kind: operator, function, aggregate, column,
    table, path, keyword or value; `detail` is a signature, a type or the like."""

    text: str
    kind: str
    detail: str
    start: int


_TOKEN = re.compile(
    r"(?P<comment>//[^\n]*)"
    r"|(?P<string>[hH]?@\"(?:[^\"\n]|\"\")*\"?|[hH]?@'(?:[^'\n]|'')*'?|```[\s\S]*?(?:```|$)|~~~[\s\S]*?(?:~~~|$)"
    r"|[hH]?\"(?:[^\"\\\n]|\\.)*\"?|[hH]?'(?:[^'\\\n]|\\.)*'?)"
    r"|(?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?[a-zA-Z]*)"
    r"|(?P<word>(?:project|mv|parse|make|top|sample)-[a-z-]+|\$?[^\W\d]\w*|!?in~|![a-z_]+~?)"
    r"|(?P<punctuation>==|!=|=~|!~|<=|>=|\.\.|[^\w\s])",
    re.S,
)
_KEYWORDS = frozenset(
    ["by", "on", "asc", "desc", "nulls", "first", "last", "and", "or", "kind", "with", "to", "typeof", "from", "step", "let", "set", "declare", "query_parameters", "view", "as", "true", "false", "null", "limit", "bagexpansion", "with_itemindex", "withsource", "isfuzzy", "flags", "datetime", "timespan", "guid", "dynamic", "bool", "int", "long", "real", "decimal", "string"]
)


def tokens(text: str) -> list[Token]:
    """The tokens of a text, by place. Works on any text, however broken."""
    found: list[Token] = []
    operators = {*operator_names(), "sort", "limit", "filter", "mvexpand"}
    after_pipe = True
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup or "name"
        word = match.group()
        if kind == "word":
            followed = text[match.end() : match.end() + 20].lstrip()[:1]
            if after_pipe and word in operators:
                kind = "operator"
            elif catalogue.find(word) is not None and (catalogue.table()[word].kind == "infix" or followed == "("):
                kind = "keyword" if catalogue.table()[word].kind == "infix" else "function"
            elif word in _KEYWORDS and followed != ".":
                kind = "keyword"
            else:
                kind = "table" if after_pipe else "column"
        if kind != "comment":
            after_pipe = word in ("|", ";", "(") or (after_pipe and word == "=")
        found.append(Token(kind, match.start(), match.end()))
    return found


# ---- completion --------------------------------------------------------------------------------------------------
def complete(text: str, offset: int, schema: Schema, *, default_table: str = "Resources") -> list[Completion]:
    """What may stand at `offset`, best first."""
    try:
        return _complete(text[: max(0, min(offset, len(text)))], schema, default_table)
    except RecursionError:
        return []


def _complete(before: str, schema: Schema, default_table: str) -> list[Completion]:
    kinds = tokens(before)
    if kinds and kinds[-1].kind == "comment" and kinds[-1].end == len(before):
        return []
    value = _open_string(before, kinds)
    path = re.search(r"(?:[\w$]+(?:\.\w*|\[[^\]\n]*\])*)?$", before)
    word = path.group() if path else ""
    start = len(before) - len(word)
    context = before[:start]
    segment_start = _last_pipe(context)
    head, segment = context[:segment_start], context[segment_start:]
    if value is not None:
        return _values(before, value, schema)
    stripped = segment.strip()
    if stripped in ("|", "") and "." not in word:
        found = _operators(word, start)
        if stripped == "":
            found += [Completion(name, "table", "table", start) for name in schema.tables if _fits(name, word)]
            found += [Completion("let ", "keyword", "let name = value;", start)] if _fits("let", word) else []
        return _ranked(found, word)
    relation, tables = _scope(head, schema, default_table)
    columns = plan.columns_of(relation) if relation is not None else ()
    if "." in word or "[" in word:
        return _ranked(_paths(word, start, columns, tables, head + segment), word)
    if re.search(r"\bkind\s*=\s*$", segment):
        return [Completion(name, "keyword", "join kind", start) for name in KINDS if _fits(name, word)]
    if re.search(r"(?:join|union|lookup)\b[^|]*[(\s]$", segment) and " on " not in segment:
        found = [Completion(name, "table", "table", start) for name in schema.tables if _fits(name, word)]
        if found and re.search(r"(?:union|\()\s*$", segment):
            return _ranked(found, word)
    found = [
        Completion(column.name, "column", column.type.value, start) for column in columns if _fits(column.name, word)
    ]
    aggregates = "summarize" in segment and " by " not in segment
    for row in catalogue.table().values():
        if row.hidden or row.refused or row.name[0] == "$" or row.kind == "infix" or not _fits(row.name, word):
            continue
        if row.kind != "aggregate" or aggregates:
            kind = "aggregate" if row.kind == "aggregate" else "function"
            found.append(Completion(row.name + "(", kind, row.overloads[0].signature, start))
    if re.search(r"[\w)\]\"']\s+$", context):
        infix = [row for row in catalogue.table().values() if row.kind == "infix" and row.name[0].isalpha()]
        found += [Completion(row.name, "keyword", row.doc, start) for row in infix if _fits(row.name, word)]
        found += [Completion(name, "keyword", "", start) for name in ("by", "on", "asc", "desc") if _fits(name, word)]
    return _ranked(found, word)


def _fits(name: str, word: str) -> bool:
    return word.lower() in name.lower()


def _ranked(found: list[Completion], word: str) -> list[Completion]:
    """Names that begin with the word first; columns before functions."""
    order = {"operator": 0, "column": 1, "path": 1, "value": 1, "table": 2, "aggregate": 3, "keyword": 4, "function": 5}
    lower = word.lower()
    return sorted(found, key=lambda c: (not c.text.lower().startswith(lower), order.get(c.kind, 9), c.text.lower()))


def _operators(word: str, start: int) -> list[Completion]:
    from kql.operators import OPERATORS

    return [
        Completion(operator.name, "operator", operator.syntax_text, start)
        for operator in OPERATORS.values()
        if _fits(operator.name, word) and not operator.refused
    ]


def _open_string(before: str, kinds: list[Token]) -> int | None:
    """Where the text that is being typed begins, if the place is inside one."""
    if not kinds or kinds[-1].kind != "string" or kinds[-1].end != len(before):
        return None
    token = before[kinds[-1].start :]
    quote = next(character for character in token if character in "\"'`~")
    closed = len(token) > 1 and token.endswith(quote) and not token.endswith("\\" + quote)
    return None if closed else kinds[-1].start + token.index(quote) + 1


def _last_pipe(text: str) -> int:
    """Where the operator begins that the end of the text lies in: at a pipe, an opening bracket's query, or a semicolon."""
    depth, place = 0, len(text)
    for token in reversed(tokens(text)):
        word = text[token.start : token.end]
        if token.kind != "punctuation":
            continue
        if word in ")]}":
            depth += 1
        elif word in "([{":
            depth = max(depth - 1, 0)
        elif word in "|;" and depth == 0:
            place = token.start + (word == ";")
            return place
    return 0


def _scope(head: str, schema: Schema, default_table: str) -> tuple[plan.Relation | None, list[Table]]:
    """The relation that the text before the last operator gives, mistakes in it passed over."""
    problems = Problems()
    query = parse(head, problems) if head.strip() else None
    binder = Binder(schema, problems, default_table=default_table)
    if query is None or not query.pipelines:
        pipeline: syntax.Expression = syntax.Pipeline(None, (), (0, 0))
        environment = binder.statements(query.statements, Environment()) if query is not None else Environment()
    else:
        environment = binder.statements(query.statements, Environment())
        pipeline = query.pipelines[-1]
    relation = binder.tabular(pipeline, environment) if binder.is_tabular(pipeline, environment) else None
    return relation, [schema.tables[name] for name in binder.tables]


def _typed_parts(table: Table, text: str) -> Table:
    """The table with only those parts whose type the text asks for, if it asks for any."""
    wanted = {match.lower() for match in re.findall(r"type\s*(?:==|=~)\s*['\"]([^'\"]+)['\"]", text)}
    kept = tuple(
        part for part in table.parts if str(getattr(part.columns.get("type"), "constant", "")).lower() in wanted
    )
    return replace(table, parts=kept) if kept else table


def _paths(word: str, start: int, columns: tuple[plan.Column, ...], tables: list[Table], text: str) -> list[Completion]:
    """The paths below a dynamic column that the documents of the tables have."""
    root, _, _ = word.partition(".")
    root = root.partition("[")[0]
    if not any(column.name == root and column.type is DYNAMIC for column in columns):
        return []
    known: dict[str, str] = {}
    for table in tables:
        for part in _typed_parts(table, text).parts:
            column = part.columns.get(root)
            if column is not None and column.form is not None:
                _walk(root, column.form, known)
            for graft in part.grafts.get(root, ()):
                place = ".".join((root, *graft.path))
                known.setdefault(place, graft.type.value)
                if graft.column.form is not None:
                    _walk(place, graft.column.form, known)
    plain = re.sub(r"\[\d+\]", "[0]", word).lower()
    fitting = [(path, type) for path, type in known.items() if path.lower().startswith(plain) and path != word]
    if not fitting:
        tail = plain.rsplit(".", 1)[-1]
        fitting = [(path, type) for path, type in known.items() if tail and tail in path.lower()]
    return [Completion(path, "path", type, start) for path, type in fitting[:MAX_PATHS]]


def _walk(place: str, form: Form, known: dict[str, str]) -> None:
    match form:
        case Object(fields):
            for name, field in fields:
                inner = f"{place}.{name}" if re.fullmatch(r"\w+", name) else f"{place}['{name}']"
                known.setdefault(inner, _kind(field))
                _walk(inner, field, known)
        case List(element):
            _walk(f"{place}[0]", element, known)


def _kind(form: Form) -> str:
    match form:
        case Object():
            return "object"
        case List():
            return "array"
    return getattr(getattr(form, "type", None), "value", "dynamic")


def _values(before: str, start: int, schema: Schema) -> list[Completion]:
    """The constants that a compared column has: the resource types, mostly."""
    compared = re.search(r"(\w+)\s*(?:==|!=|=~|!~|in~?|has|contains|startswith)\s*\(?[^|]*$", before[: start - 1])
    if compared is None:
        return []
    word = before[start:]
    values: dict[str, None] = {}
    for table in schema.tables.values():
        for part in table.parts:
            column = part.columns.get(compared.group(1))
            if column is not None and column.constant:
                values[str(column.constant)] = None
    return [Completion(value, "value", compared.group(1), start) for value in values if _fits(value, word)]


__all__ = ["Completion", "Token", "complete", "tokens"]
