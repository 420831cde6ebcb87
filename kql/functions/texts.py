"""Texts taken apart or searched by lists: CSV lines, paths, JSON paths, several words at once, sizes for people."""

from __future__ import annotations

import re
from collections.abc import Sequence

from kql.forms import JSON, List, Scalar
from kql.functions.matching import has
from kql.functions.row import Function, alias, scalar
from kql.functions.shapes import pattern, texts
from kql.functions.template import template
from kql.sql.convert import convert, from_dynamic
from kql.sql.value import Arguments, Sql, json_path, path_step
from kql.types import DYNAMIC, STRING

_STEP = re.compile(r"\.(?P<name>[A-Za-z_][\w-]*)|\[(?P<place>-?\d+)\]|\[(?P<mark>['\"])(?P<quoted>.*?)(?P=mark)\]")


def _json_path(written: str) -> tuple[str, ...] | None:
    """The steps of a JSON path such as `$.a[0]['b c']`; None where it is none."""
    if not written.startswith("$"):
        return None
    steps: list[str] = []
    place = 1
    while place < len(written):
        found = _STEP.match(written, place)
        if found is None:
            return None
        step = path_step(int(found["place"]) if found["place"] else found["name"] or found["quoted"] or "")
        if step is None:
            return None
        steps.append(step)
        place = found.end()
    return tuple(steps)


def _extract_json(arguments: Arguments) -> Sql:
    steps = _json_path(str(arguments[0].const))
    text = convert(arguments[1], STRING).string
    if steps is None:
        return convert(Sql("CAST(NULL AS VARCHAR)", STRING, True), arguments.result)
    document = f"CASE WHEN kql_is_json({text}) THEN TRY_CAST({text} AS JSON) END"
    found = Sql(f"kql_extract({document}, {json_path(steps)})", DYNAMIC, True, JSON)
    return from_dynamic(found, STRING if len(arguments) == 2 else arguments.result) if arguments.result is not DYNAMIC else found


def _has_any_index(arguments: Arguments) -> str:
    """The place of the first element that the text has as a term."""
    subject = convert(arguments[0], STRING)
    test = has(subject, Sql("e", STRING, True), cased=False, left=True, right=True, truth=False).text
    return f"CAST(coalesce(list_position(list_transform({texts(arguments[1]).text}, lambda e: {test}), TRUE), 0) - 1 AS BIGINT)"


def _indexof_regex(arguments: Arguments) -> str:
    """Where the n-th match begins: the length of what stands before it."""
    text = convert(arguments[0], STRING).string
    occurrence = arguments[4].const if len(arguments) > 4 else 1
    if not isinstance(occurrence, int) or not 1 <= occurrence <= 1000:
        return "CAST(NULL AS BIGINT)" if isinstance(occurrence, int) and occurrence < 0 else "CAST(-1 AS BIGINT)"
    written = pattern(convert(arguments[1], STRING))
    before = f"(?:(?:' || {written} || ')(?s:.*?)){{{occurrence - 1}}}" if occurrence > 1 else ""
    start, length = arguments.count(2, "0"), arguments.count(3, "-1")
    return f"kql_indexof_regex({text}, '^((?s:.*?){before})(?:' || {written} || ')', {start}, {length})"


def _row(signature: str, sql: str, doc: str, *examples: str, naming: str = "") -> Function:
    return scalar((signature, sql), doc=doc, examples=examples, nulls="custom", naming=naming)


_EXTRACT_JSON = scalar(
    ("extract_json(jsonPath:string <Constant>, jsonText:text) -> string", _extract_json),
    ("extract_json(jsonPath:string <Constant>, jsonText:text, type:type) -> ParameterNLiteral", _extract_json),
    doc="What a JSON path ($.a[0]) finds in a JSON text; may be turned into a type.",
    examples=("extract_json('$.a[1]', '{\"a\": [1, 2]}', typeof(int)) == 2", "extract_json('$.b', '{\"a\": 1}') == ''"),
    nulls="custom",
)

def _is_windows(constants: Sequence[object]) -> str:
    return "" if constants[1] in (..., "windows") else "its only parser is 'windows'"


ROWS = (
    _EXTRACT_JSON,
    alias("extractjson", _EXTRACT_JSON),
    _row("parse_csv(csv_text:text) -> dynamic", "to_json(kql_csv({csv_text}))",
         "The fields of the first line of comma-separated values; quoted fields may hold commas, line ends and doubled quotes.",
         "tostring(parse_csv('a,\"b,c\"')[1]) == 'b,c'", naming="first"),
    _row("parse_path(path:text) -> dynamic", "kql_path({path})",
         "The pieces of a path: Scheme, RootPath, DirectoryPath, DirectoryName, Filename, Extension, AlternateDataStreamName.",
         "tostring(parse_path('/usr/lib/a.txt').Extension) == 'txt'"),
    scalar(("has_any_index(source:text, values:dynamic) -> long", _has_any_index),
           doc="The place in an array of the first element that a text has as a term, -1 when it has none.",
           examples=("has_any_index('this is it', dynamic(['not', 'is'])) == 1", "has_any_index('a', dynamic([])) == -1"), nulls="custom"),
    scalar(("indexof_regex(string:text, match:string <Constant>, start:Integer?, length:Integer?, occurrence:Integer? <Constant>) -> long",
            _indexof_regex),
           doc="Where a match of a regular expression begins in a text, -1 when there is none; the n-th one with an occurrence. Null for a start below 0.",
           examples=("indexof_regex('abcabc', @'a.c', 0, -1, 2) == 3", "indexof_regex('abc', 'x') == -1"), nulls="custom"),
    _row("regex_quote(string:text) -> string", "regexp_escape({string})", "A text as a regular expression that matches just it.",
         "'a.b' matches regex regex_quote('a.b')"),
    _row("replace_strings(text:text, lookups:dynamic, rewrites:dynamic) -> string",
         "kql_replaced({text}, {lookups:jsons}, {rewrites:jsons})",
         "A text with several others replaced at once, each by the one at its place; what is no text replaces nothing.",
         "replace_strings('a b c', dynamic(['a', 'c']), dynamic(['1', '3'])) == '1 b 3'"),
    _row("format_bytes(size:Number, precision:Number? <Constant>, format:string? <Constant>) -> string",
         "kql_format_bytes(CAST({size} AS DOUBLE), CAST({precision|0} AS INTEGER), {format|''})",
         "A number of bytes in Bytes, KB, MB, GB, TB or PB of 1024 each, rounded to a precision.",
         "format_bytes(10332, 1) == '10.1 KB'", naming="first"),
    scalar(("parse_command_line(command_line:text, parser_type:string <Constant>) -> dynamic",
            template("CASE WHEN {command_line} <> '' THEN kql_command_line({command_line}) END", List(Scalar(STRING)))),
           doc="The arguments of a command line, taken apart as Windows does (CommandLineToArgvW): the only parser is 'windows'.",
           examples=("tostring(parse_command_line('echo \"hello world!\" x', 'windows')) == '[\"echo\",\"hello world!\",\"x\"]'",),
           nulls="custom", check=_is_windows),
)  # fmt: skip

