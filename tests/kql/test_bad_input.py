"""Hostile and broken texts: a placed message soon, never a traceback."""

from __future__ import annotations

import time

import pytest

import kql
from kql.forms import JSON, Object, Scalar
from kql.schema import Part, PhysicalColumn, Schema, Table, TableColumn
from kql.types import DYNAMIC, LONG, STRING

SCHEMA = Schema([Table("Resources", (TableColumn("name", STRING), TableColumn("tags", DYNAMIC)), ())])
DEEP = 10_000

# text, code of the first message
TEXTS = {
    "empty": ("", "KQL106"),
    "blanks": (" \n\t\u00a0\u200b ", "KQL106"),
    "only a comment": ("// nothing", "KQL106"),
    "only a pipe": ("|", "KQL102"),
    "only semicolons": (";;;", "KQL106"),
    "unknown table": ("Nothing | take 1", "KQL202"),
    "unknown column": ("Resources | where nme == 'a'", "KQL201"),
    "unknown function": ("Resources | extend x = fold(name)", "KQL203"),
    "unknown operator": ("Resources | frobnicate name", "KQL204"),
    "unknown type": ("print x = typeof(strong)", "KQL210"),
    "an infix operator alone": ("print in()", "KQL203"),
    "an infix operator before its operands": ("print has_any('a', 'b')", "KQL203"),
    "a span beyond the longest": ("print 99999999999999d", "KQL107"),
    "comparisons in a chain": ("print 1 == 1 == true", "KQL101"),
    "comparisons in a chain behind a pipe": ("Resources | where name == 'a' == true", "KQL101"),
    "a step of nothing": ("range x from 1 to 3 step 0", "KQL309"),
    "a step of nothing along a series": ("range x from 1 to 3 step 1 | make-series count() on x from 1 to 3 step 0", "KQL309"),
    "types": ("Resources | where name > 1d", "KQL306"),
    "an open bracket": ("Resources | where (name == 'a'", "KQL104"),
    "an open string": ("Resources | where name == 'a", "KQL103"),
    "a megabyte": ("Resources | where name == '" + "a" * 1_000_000 + "'", "KQL601"),
    "many brackets": ("print x = " + "(" * DEEP + "1" + ")" * DEEP, "KQL602"),
    "many open brackets": ("print x = " + "(" * DEEP, "KQL602"),
    "many lists": ("print x = dynamic(" + "[" * DEEP + "]" * DEEP + ")", "KQL602"),
    "many signs": ("print x = " + "-" * DEEP + "a", "KQL"),
    "many conditions": ("Resources | where " + " or ".join(["name == 'a'"] * 5_000) + " or", "KQL102"),
    "many operators": ("Resources" + " | where name == 'a'" * 2_000, "KQL603"),
    "a long name": ("Resources | where " + "n" * 100_000 + " == 'a'", "KQL201"),
    "a null character": ("Resources | where name == \x00", "KQL1"),
    "half a character": ("Resources | where \ud800 == 'a'", "KQL1"),
    "signs": ("}{][)(*&^%$#@!~`", "KQL10"),
    "another language": ("Привет, мир | ¿qué?", "KQL"),
    "a path that ends": ("Resources | project tags.", "KQL102"),
    "SQL": ("SELECT name FROM Resources WHERE name = 'a' -- comment", "KQL101"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "code"), TEXTS.values(), ids=TEXTS)
def test_a_bad_text_is_told_soon(text: str, code: str) -> None:
    kql.check("Resources | take 1", SCHEMA)  # the grammar is loaded
    before = time.process_time()
    problems = [problem for problem in kql.check(text, SCHEMA) if problem.severity == "error"]
    with pytest.raises(kql.KqlError) as caught:
        kql.compile(text, SCHEMA)
    assert time.process_time() - before < 2, "two runs within a second each"
    assert problems and problems[0].code.startswith(code), [problem.code for problem in problems]
    for problem in problems:
        start, end = problem.span
        assert 0 <= start < end <= len(text) + 1
        drawn = problem.draw(text)
        assert drawn.count("\n") in (2, 3) and "^" in drawn and all(len(line) < 1_000 for line in drawn.splitlines()[1:3])
    assert str(caught.value)


# text, the codes of its errors: what follows from a mistake is no mistake of its own
ALONE = {
    "names over an unknown table": ("Nothing | where a > 1 | extend b = a | project-away c, d* | sort by e", ["KQL202"]),
    "joined with an unknown table": ("Resources | join kind=inner (Nothing) on name | where a > b", ["KQL202"]),
    "keys of an unknown table": ("Resources | lookup Nothing on $left.name == $right.a | where b > 1", ["KQL202"]),
    "an unknown table as an argument": ("let f = (T: (a: long)) { T | where a > 1 }; f(Nothing)", ["KQL202"]),
    "order after a scan with a mistake": (
        "Nothing | sort by a | scan declare (c: long = 0) with (step s: true => c = s.c + a;) | extend d = prev(c)",
        ["KQL202"],
    ),
    "past a project, names are known": ("Nothing | project a | where b > 1", ["KQL202", "KQL201"]),
    "literals that cannot be read": (
        "let T = datatable(at: datetime) [datetime(8h), datetime(2020-13-01)]; T | where nme > 99999999999999999999",
        ["KQL107", "KQL107", "KQL109", "KQL201"],
    ),
    "a number beyond long in each place": ("Resources | take 99999999999999999999 | where nme == 'a'", ["KQL109", "KQL201"]),
}  # fmt: skip


@pytest.mark.parametrize(("text", "codes"), ALONE.values(), ids=ALONE)
def test_a_mistake_does_not_make_others(text: str, codes: list[str]) -> None:
    found = [problem.code for problem in kql.check(text, SCHEMA) if problem.severity == "error"]
    assert sorted(found) == sorted(codes)


# text, what is said of its paths: the property that nothing has, and what is near
MISSPELT = {
    "a letter is missing": ("Disks | project d.hardwareProfle.size", [("hardwareProfle", "hardwareProfile")]),
    "letter case counts": ("Disks | where d.hardwareProfile.Size > 1", [("Size", "size")]),
    "in brackets": ("Disks | project d['hardwareProfle']", [("hardwareProfle", "hardwareProfile")]),
    "under another name": (
        "Disks | extend e = d | summarize count() by tostring(e.hardwareprofile)", [("hardwareprofile", "hardwareProfile")],
    ),
    "one part of the table has it": ("Things | project d.hardwareProfle, d.state", [("hardwareProfle", "hardwareProfile")]),
    "nothing is near": ("Disks | project d.zones", []),
    "what is written is there": ("Disks | project d.hardwareProfile.size", []),
    "nobody knows the shape": ("Disks | project tags.hardwareProfle", []),
}  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), MISSPELT.values(), ids=MISSPELT)
def test_a_property_that_nothing_has_is_told_where_one_is_near(text: str, expected: list[tuple[str, str]]) -> None:
    shape = Object((("hardwareProfile", Object((("size", Scalar(LONG)),))),))
    other = Object((("state", Scalar(STRING)),))
    columns = (TableColumn("d", DYNAMIC), TableColumn("tags", DYNAMIC))

    def part(name: str, form: Object) -> Part:
        return Part(name, {"d": PhysicalColumn("d", form, True), "tags": PhysicalColumn("tags", JSON, True)}, {})

    schema = Schema([
        Table("Disks", columns, (part("disks", shape),)), Table("Things", columns, (part("disks", shape), part("things", other))),
    ])  # fmt: skip
    problems = kql.check(text, schema)
    assert [(problem.code, problem.severity) for problem in problems] == [("KQL903", "advice")] * len(expected)
    for problem, (written, near) in zip(problems, expected, strict=True):
        assert text[slice(*problem.span)].strip("'[]").endswith(written) and f"'{near}'" in problem.help
    assert kql.compile(text, schema).advice == tuple(problems)
