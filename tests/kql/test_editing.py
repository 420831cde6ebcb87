"""Completion and colours: what may stand at the cursor (written `¦` here), for right texts and broken ones."""

from __future__ import annotations

import time

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import kql
from kql.schema import Schema

INSTANCE = pa.struct([("osName", pa.string()), ("powerState", pa.struct([("code", pa.string()), ("level", pa.string())]))])
MACHINE = pa.struct(
    [
        ("extended", pa.struct([("instanceView", INSTANCE)])),
        ("disks", pa.list_(pa.struct([("lun", pa.int64()), ("managed", pa.struct([("id", pa.string())]))]))),
    ]
)
CARD = pa.struct([("macAddress", pa.string()), ("odd name", pa.string())])


def part(table: str, type: str, properties: pa.DataType) -> pa.Schema:
    return pa.schema(
        [
            pa.field("id", pa.string()),
            pa.field("name", pa.string()),
            pa.field("type", pa.string(), metadata={"constant": type, "lower": "1"}),
            pa.field("subscriptionId", pa.string()),
            pa.field("tags", pa.string(), metadata={"kql": "dynamic"}),
            pa.field("properties", properties),
            pa.field("version", pa.string(), metadata={"path": "properties.extended.version"}),
        ],
        metadata={"table": table, "source": f"world.{type.rsplit('/', 1)[-1]}"},
    )


SCHEMA = Schema.from_arrow(
    [
        part("Resources", "microsoft.compute/virtualmachines", MACHINE),
        part("Resources", "microsoft.network/networkinterfaces", CARD),
        part("ResourceContainers", "microsoft.resources/subscriptions", pa.struct([("state", pa.string())])),
    ]
)
VM = "Resources | where type =~ 'Microsoft.Compute/virtualMachines' | "


def offered(marked: str, kind: str = "") -> list[str]:
    text, _, rest = marked.partition("¦")
    found = kql.complete(text + rest, len(text), SCHEMA)
    assert all(0 <= each.start <= len(text) for each in found)
    return [each.text for each in found if not kind or each.kind == kind]


@pytest.mark.parametrize(
    ("marked", "first"),
    [
        ("¦", ["Resources", "ResourceContainers"]),
        ("Res¦", ["Resources", "ResourceContainers"]),
        ("let T = Res¦", ["Resources"]),
        ("Resources | wh¦", ["where"]),
        ("Resources | project-a¦", ["project-away"]),
        ("Resources | where na¦", ["name"]),
        ("Resources | extend x = 1 | where x¦", ["x"]),
        ("Resources | project a = name | project ¦", ["a"]),
        ("Resources | where strlen(na¦", ["name"]),
        ("Resources | summarize cou¦", ["count"]),
        ("Resources | order by name de¦", ["desc"]),
        ("Resources | order by name nulls ¦", ["first", "last"]),
        ("Resources | where name matches ¦", ["regex"]),
        ("Resources | where name star¦", ["startswith"]),
        ("Resources | project ['na¦", ["name']"]),
        # nested paths, below what the conditions before leave
        (VM + "where properties.¦", ["disks", "extended"]),
        (VM + "where properties.ext¦", ["extended"]),
        (VM + "where properties.extended.¦", ["instanceView", "version"]),
        (VM + "where properties.extended.instanceView.powerState.¦", ["code", "level"]),
        (VM + "where properties['extended'].inst¦", ["instanceView"]),
        (VM + "where properties['ext¦", ["extended']"]),
        (VM + "where properties.['ext¦", ["extended']"]),
        (VM + "extend e = properties.extended | extend x = e.¦", ["instanceView", "version"]),
        (VM + "project p = properties | where p.disks[0].¦", ["lun", "managed"]),
        (VM + "mv-expand d = properties.disks | where d.managed.¦", ["id"]),
        ("Resources | where type contains 'network' | project properties.¦", ["extended", "macAddress", "['odd name']"]),
        ("Resources | where tags.¦", []),
        # values that are known
        ("Resources | where type =~ '¦", ["microsoft.compute/virtualmachines'", "microsoft.network/networkinterfaces'"]),
        ("Resources | where type in~ ('x', \"micro¦", ['microsoft.compute/virtualmachines"']),
        ("ResourceContainers | where type == '¦", ["microsoft.resources/subscriptions'"]),
        ("Resources | where name == '¦", []),
        # options
        ("Resources | join kind=¦", ["innerunique", "inner", "leftouter"]),
        ("Resources | join k¦", ["kind="]),
        ("Resources | union kind=¦", ["outer", "inner"]),
        ("Resources | render pie¦", ["piechart"]),
        ("Resources | mv-expand properties to typeof(l¦", ["long"]),
        ("declare query_parameters(n: st¦", ["string"]),
        # inside other pipelines
        ("Resources | join (ResourceC¦", ["ResourceContainers"]),
        ("Resources | join (ResourceContainers | where properties.¦", ["extended", "state"]),
        ("Resources | join (ResourceContainers | project subscriptionId, a = name) on ¦", ["$left", "$right", "subscriptionId"]),
        ("Resources | join (ResourceContainers | project subscriptionId, a = name) on $right.¦", ["subscriptionId", "a"]),
        ("Resources | where id in ((ResourceContainers | project b = name | where ¦", ["b"]),
        ("let n = 5; let T = Resources | project a = name; T | where ¦", ["a", "n"]),
        ("let f = (x: long) { Resources | project a = name | where ¦", ["a"]),
        # what stands before is broken
        ("Resources | extend x = foo( | project na¦", ["name"]),
        ("Resources | nonsense 1 2 3 | where na¦", ["name"]),
        ("Resources | where name == | where na¦", ["name"]),
        # no place for a completion
        ("Resources // comm¦", []),
    ],
)  # fmt: skip
def test_completion(marked: str, first: list[str]) -> None:
    found = offered(marked)
    assert found[: len(first)] == first if first else not found


def test_only_operators_follow_a_pipe() -> None:
    found = kql.complete("Resources | ", 12, SCHEMA)
    assert {each.kind for each in found} == {"operator"}
    assert {"where", "summarize", "project-away", "join"} <= {each.text for each in found}
    assert all(each.detail for each in found)


def test_aggregates_belong_to_summarize() -> None:
    assert not offered("Resources | where cou¦", "aggregate")
    assert "countif" in offered("Resources | summarize cou¦", "aggregate")
    assert not offered("Resources | summarize count() by cou¦", "aggregate")


def test_functions_show_their_signature() -> None:
    found = kql.complete("Resources | where strle", 23, SCHEMA)
    assert [(each.text, each.detail.split("(")[0]) for each in found][:1] == [("strlen", "strlen")]


def test_a_pipeline_must_go_on() -> None:
    assert "by" in offered("Resources | order ¦")
    assert "on" in offered("Resources | join (Resources) ¦")
    assert "or" in offered("Resources | where name == 'x' ¦", "keyword")


def test_completion_is_quick() -> None:
    text = VM + "extend a = properties.extended.instanceView | join kind=leftouter (ResourceContainers) on subscriptionId | where "
    kql.complete(text, len(text), SCHEMA)
    start = time.perf_counter()
    for number in range(50):  # another text each time: nothing is remembered
        other = text.replace("extend a", f"extend a{number}")
        assert kql.complete(other, len(other), SCHEMA)
    assert (time.perf_counter() - start) / 50 < 0.05  # measured: 2 ms


def kinds(text: str) -> list[tuple[str, str]]:
    return [(text[token.start : token.end], token.kind) for token in kql.tokens(text) if token.kind != "punctuation"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Resources | where type =~ 'a' // c",
         "Resources:table where:operator type:column 'a':string // c:comment"),
        ("where name !has 'x' and true",
         "where:operator name:column !has:keyword 'x':string and:keyword true:literal"),
        ("summarize n = count(), max(strlen(name)) by bin(a.b, 1h)",
         "summarize:operator n:name count:aggregate max:aggregate strlen:function name:column by:keyword bin:function"
         " a:column b:column 1h:number"),
        ("T | join kind=inner (U | project-away kind) on id",
         "T:table join:operator kind:keyword inner:keyword U:table project-away:operator kind:column on:keyword id:column"),
        ("T | join (U) on $left.a == $right.b",
         "T:table join:operator U:table on:keyword $left:keyword a:column $right:keyword b:column"),
        ("union A, B | count", "union:operator A:table B:table count:operator"),
        ("let x = 5; let t = A | take x; t", "let:keyword x:name 5:number let:keyword t:name A:table take:operator x:column t:table"),
        ("T | mv-expand a to typeof(long) limit 5",
         "T:table mv-expand:operator a:column to:keyword typeof:keyword long:keyword limit:keyword 5:number"),
        ("print d = datetime(2020-01-01), @'a\\', h\"x\", ```y\n'```",
         "print:operator d:name datetime(2020-01-01):literal @'a\\':string h\"x\":string ```y\n'```:string"),
        ("T | where search == 1 and count == 2",
         "T:table where:operator search:column 1:number and:keyword count:column 2:number"),
        ("T | where x == 'open\n| take 5", "T:table where:operator x:column 'open:string take:operator 5:number"),
    ],
)  # fmt: skip
def test_colours(text: str, expected: str) -> None:
    assert " ".join(f"{word}:{kind}" for word, kind in kinds(text)) == expected


PIECES = [
    "Resources", "|", "where", "name", "==", "'a'", "'", '"', "(", ")", "[", "]", "{", "}", ";", "let", "x", "=", "join", "on",
    "$left", ".", "properties", "in~", "summarize", "by", "count()", ",", "//", "\n", "mv-expand", "1", "1h", "..", "```", "h@'",
    "union", "print", "datetime(", "kind=", "*", "\\", "-", "project-", "\0", "é", "\u200b", "extended", "typeof(", "order",
]  # fmt: skip
TEXTS = st.lists(st.sampled_from(PIECES), max_size=25).map(" ".join) | st.lists(st.sampled_from(PIECES), max_size=20).map("".join)


@settings(max_examples=150, deadline=None)
@given(TEXTS | st.text(max_size=40), st.integers(-5, 200))
def test_editing_never_raises(text: str, offset: int) -> None:
    for each in kql.complete(text, offset, SCHEMA):
        assert 0 <= each.start <= min(max(offset, 0), len(text))
    end = 0
    for token in kql.tokens(text):
        assert end <= token.start < token.end <= len(text)
        end = token.end
    kql.check(text, SCHEMA)
