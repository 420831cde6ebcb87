"""Our compiler beside Microsoft's analyser, in bulk: does it accept a call, of which type, under which name?

    python -m bench.analyser ORACLE [--only NAME,…] [--limit N] [--stride N]

ORACLE is a folder with the analyser's script, `oracle.js`, and its package installed (`npm install` there); the official
symbols are read from the shared folder's reference. Every function, aggregate and infix operator is called with the
types that its signature names, and then with every other type at each place. What differs is printed, one call a line.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import kql
from kql.schema import Schema, Table, TableColumn
from kql.types import TYPE_NAMES

COLUMNS = {
    "s": "string", "i": "int", "l": "long", "r": "real", "b": "bool", "t": "datetime", "d": "timespan", "g": "guid",
    "m": "decimal", "y": "dynamic",
}  # fmt: skip
CONSTANTS = {
    "string": "'x'", "int": "int(1)", "long": "1", "real": "1.5", "bool": "true", "datetime": "datetime(2020-01-01)",
    "timespan": "1h", "guid": "guid(00000000-0000-0000-0000-000000000001)", "decimal": "decimal(1)",
    "dynamic": "dynamic([1])",
}  # fmt: skip
FITTING = {
    "Scalar": "s", "Any": "s", "NotDynamic": "s", "NotBool": "s", "NotRealOrBool": "s", "Number": "r", "NumberOrBool": "r",
    "Integer": "l", "Summable": "l", "Orderable": "l", "StringOrDynamic": "s", "StringOrArray": "s", "IntegerOrArray": "l",
    "DynamicArray": "y", "DynamicBag": "y", "type": "typeof(long)",
}  # fmt: skip
SHARED = Path(__file__).parents[2] / "shared"
_BY_TYPE = {type: column for column, type in COLUMNS.items()}
_PARAMETER = re.compile(r"(?P<name>\w+):(?P<classes>[\w|]+)(?P<mark>\?|\.\.\.)?(?:\s*<(?P<kind>\w+)>)?")


def calls(signature: str) -> Iterator[str]:
    """A call with fitting arguments for each number of them, then one with another type at each place."""
    name, rest = signature.split("(", 1)
    parameters = [_PARAMETER.match(part.strip()) for part in rest.rsplit(")", 1)[0].split(",") if part.strip()]
    known = [parameter for parameter in parameters if parameter is not None]
    base = [_fitting(parameter) for parameter in known]
    least = sum(parameter["mark"] != "?" for parameter in known)
    for count in range(max(least - 1, 0), len(base) + 1):
        yield f"{name}({', '.join(base[:count])})"
    for place, parameter in enumerate(known):
        constant = (parameter["kind"] or "").startswith(("Constant", "Literal"))
        for column, type in COLUMNS.items():
            given = [*base]
            given[place] = CONSTANTS[type] if constant else column
            yield f"{name}({', '.join(given)})"
            if constant and place == len(known) - 1:
                yield f"{name}({', '.join([*base[:place], column])})"


def _fitting(parameter: re.Match[str]) -> str:
    kind = parameter["classes"].split("|")[0].removeprefix("Common").removesuffix("OrDynamic")
    column = _BY_TYPE.get(kind) or FITTING.get(parameter["classes"]) or FITTING.get(kind) or "s"
    if (parameter["kind"] or "").startswith(("Constant", "Literal")) and column in COLUMNS:
        return CONSTANTS[COLUMNS[column]]
    return column


def queries(symbols: dict[str, Any], only: set[str]) -> Iterator[str]:
    for kind, frame in (("functions", "T | project {}"), ("aggregates", "T | summarize {}")):
        for symbol in symbols[kind]:
            if only and symbol["name"] not in only:
                continue
            for signature in symbol["signatures"]:
                for call in dict.fromkeys(calls(signature)):
                    yield frame.format(call)
                    if kind == "aggregates":
                        yield f"T | summarize {call} by k = b"
    if only and "operators" not in only:
        return
    signs = [
        "==", "!=", "<", ">=", "+", "-", "*", "/", "%", "=~", "!~", "has", "!has", "contains", "startswith_cs", "endswith",
        "hasprefix", "matches regex", "and", "or", "in", "!in~", "has_any", "has_all",
    ]  # fmt: skip
    for sign in signs:
        for left in COLUMNS:
            for right in (*COLUMNS, *CONSTANTS.values()):
                listed = f"({right})" if sign.startswith(("in", "!in", "has_a")) else right
                yield f"T | project {left} {sign} {listed}"
    for column in COLUMNS:
        for other in COLUMNS:
            yield f"T | project {column} between ({other} .. {other})"
            yield f"T | join kind=inner (T) on $left.{column} == $right.{other}"
        yield from (f"T | {text}".replace("{}", column) for text in (
            "project -{}", "order by {}", "top 1 by {}", "summarize by {}", "distinct {}", "where {}", "mv-expand {}",
            "summarize count() by {}", "project x = {}[0]", "project {}.a", "take {}", "project iff({}, 1, 2)",
            "parse {} with 'a' x", "project tostring({}.a.b)", "summarize make_list({}), make_set({})", "join (T) on {}",
            "where {} has 'a'", "project-away {}", "lookup (T) on {}", "make-series count() on {} from 1 to 2 step 1",
        ))  # fmt: skip


def theirs(texts: list[str], folder: Path) -> Iterator[tuple[str, list[list[str]]]]:
    """For each text '' or the first error, and the columns. An answer is kept in the folder: it is asked for once."""
    kept = folder / "analyser-answers.json"
    known = json.loads(kept.read_text(encoding="utf-8")) if kept.exists() else {}
    new = [text for text in texts if text not in known]
    known |= zip(new, _asked(new, folder), strict=True)
    if new:
        kept.write_text(json.dumps(known), encoding="utf-8")
    for text in texts:
        error, columns = known[text]
        yield error, columns


def _asked(texts: list[str], folder: Path) -> Iterator[tuple[str, list[list[str]]]]:
    if not texts:
        return
    schema = folder / "analyser-schema.json"
    schema.write_text(json.dumps({"T": [[name, type] for name, type in COLUMNS.items()]}), encoding="utf-8")
    asked = "\n".join(json.dumps({"id": place, "query": text}) for place, text in enumerate(texts))
    done = subprocess.run(
        ["node", "oracle.js", "--schema", schema.name],
        cwd=folder,
        input=asked,
        capture_output=True,
        text=True,
        check=True,
    )
    for line in done.stdout.splitlines():
        answer = json.loads(line)
        errors = [each for each in answer.get("diagnostics", []) if each["severity"] == "Error"]
        columns = [[column["name"], column["type"]] for column in answer.get("columns") or []]
        yield (f"{errors[0]['code']} {errors[0]['message']}" if errors else ""), columns


def ours(texts: Iterable[str]) -> Iterator[tuple[str, list[list[str]]]]:
    schema = Schema([Table("T", tuple(TableColumn(name, TYPE_NAMES[type]) for name, type in COLUMNS.items()), ())])
    for text in texts:
        try:
            compiled = kql.compile(text, schema)
            yield "", [[column.name, column.type] for column in compiled.columns]
        except kql.KqlError as error:
            yield f"{error.problems[0].code} {error.problems[0].message} | {error.problems[0].help}", []


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("oracle", type=Path)
    parser.add_argument("--only", default="", help="names of functions, or 'operators'")
    parser.add_argument(
        "--limit", type=int, default=1_000_000, help="the most differences of one function that are shown"
    )
    parser.add_argument("--stride", type=int, default=1, help="take every Nth call only")
    options = parser.parse_args()
    symbols = json.loads((SHARED / "reference" / "kusto-symbols.json").read_text(encoding="utf-8"))
    texts = list(dict.fromkeys(queries(symbols, set(filter(None, options.only.split(","))))))[:: options.stride]
    counts: Counter[str] = Counter()
    shown: Counter[str] = Counter()
    for text, (their_error, their_columns), (our_error, our_columns) in zip(
        texts, theirs(texts, options.oracle), ours(texts), strict=True
    ):
        outcome = "equal"
        if our_error.startswith("KQL501"):
            outcome = "not offered"
        elif bool(their_error) != bool(our_error):
            outcome = "we accept" if their_error else "we refuse"
        elif not their_error and their_columns != our_columns:
            outcome = "other columns"
        counts[outcome] += 1
        head = re.sub(r"\(.*", "", text)
        if outcome not in ("equal", "not offered"):
            shown[head] += 1
            if shown[head] <= options.limit:
                print(
                    f"{outcome}: {text}\n    theirs: {their_error or their_columns}\n    ours:   {our_error or our_columns}"
                )
    print(", ".join(f"{count} {outcome}" for outcome, count in counts.most_common()))


if __name__ == "__main__":
    main()
