"""The two profiles of one language: what the service refuses is an error in one, with the service's code, and advice in the other."""

from __future__ import annotations

from dataclasses import replace

import pytest

import kql
from kql.schema import Schema, Table, TableColumn
from kql.types import DYNAMIC, STRING
from queries.profile import KUSTO, RESOURCE_GRAPH
from queries.refusals import refusal

SCHEMA = Schema(
    Table(name, (TableColumn("id", STRING), TableColumn("name", STRING), TableColumn("tags", DYNAMIC)), ())
    for name in ("Resources", "ResourceContainers", "SecurityResources", "HealthResources")
)
JOIN = " | join kind=inner (Resources | project id) on id | project id"

# what is asked, the words of the message, and the last detail's code
REFUSED = [
    ("Resources | make-series count() on strlen(id) step 1", "the operator 'make-series'", "InvalidQueryLanguage"),
    ("Resources | lookup (ResourceContainers) on id", "the operator 'lookup'", "InvalidQueryLanguage"),
    ("print 1", "the operator 'print'", "InvalidQueryLanguage"),
    ("range x from 1 to 3 step 1", "the operator 'range'", "InvalidQueryLanguage"),
    ("datatable(a: long) [1]", "the operator 'datatable'", "InvalidQueryLanguage"),
    ("let n = 1; Resources | take n", "the statement 'let'", "InvalidQueryLanguage"),
    ("Resources | where id == toscalar(Resources | project id)", "the function 'toscalar'", "InvalidQueryLanguage"),
    ("Resources | join kind=leftsemi (Resources) on id", "the join kind 'leftsemi'", "UnsupportedJoinFlavor"),
    ("Resources | join hint.strategy=broadcast (Resources) on id", "'hint.strategy' of join", "InvalidQueryLanguage"),
    ("Resources | union isfuzzy=true ResourceContainers", "'isfuzzy' of union", "InvalidQueryLanguage"),
    ("Resources | union Resource*", "'*' of union", "InvalidQueryLanguage"),
    ("Resources" + JOIN * 4, "3 joins", "DisallowedMaxNumberOfRemoteTables"),
    ("Resources | union Resources, Resources, Resources, Resources", "3 legs of union", "DisallowedMaxNumberOfRemoteTables"),
    ("SecurityResources | union HealthResources", "1 tables beside", "DisallowedMaxNumberOfRemoteTables"),
    ("Resources" + " | mv-expand tags" * 4, "3 mv-expands", "InvalidQuery"),
    ("Resources | mv-expand tags limit 401", "400 rows of mv-expand", "InvalidQuery"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "words", "code"), REFUSED, ids=lambda each: str(each)[:40])
def test_the_service_refuses(text: str, words: str, code: str) -> None:
    with pytest.raises(kql.KqlError) as caught:
        kql.compile(text, SCHEMA, profile=RESOURCE_GRAPH)
    (problem,) = caught.value.problems
    assert problem.code in ("KQL701", "KQL702") and words in problem.message
    answer = refusal(caught.value)
    assert answer.status == 400 and answer.details[-1]["code"] == code


@pytest.mark.parametrize(("text", "words", "code"), REFUSED, ids=lambda each: str(each)[:40])
def test_the_engine_advises(text: str, words: str, code: str) -> None:
    advice = kql.compile(text, SCHEMA, profile=KUSTO).advice
    assert [problem.severity for problem in advice] == ["advice"] and words in advice[0].message
    assert kql.compile(text, SCHEMA).advice == ()


def test_a_backslash_that_means_nothing() -> None:
    """The service's parser does not take it; this engine keeps it, as a regular expression wants it, and says so."""
    text = r"Resources | extend n = extract('(\d+)', 1, name)"
    (advice,) = kql.compile(text, SCHEMA).advice
    assert (advice.code, text[slice(*advice.span)]) == ("KQL904", r"\d")
    with pytest.raises(kql.KqlError) as caught:
        kql.compile(text, SCHEMA, profile=RESOURCE_GRAPH)
    assert refusal(caught.value).details[-1]["code"] == "ParserFailure"
    for meant in (r"'(\\d+)'", r"@'(\d+)'", r"'\t\u0041\x41\101' // \d"):
        assert kql.compile(f"Resources | extend n = extract({meant}\n, 1, name)", SCHEMA, profile=RESOURCE_GRAPH).advice == ()


def test_what_the_service_takes_is_taken_without_advice() -> None:
    text = "Resources" + JOIN * 3 + " | union ResourceContainers | mv-expand id = tags limit 400 | summarize count() by tostring(id) | top 3 by count_"
    for profile in (RESOURCE_GRAPH, KUSTO):
        assert kql.compile(text.replace("id = tags", "t = tags"), SCHEMA, profile=profile).advice == ()


def test_limits_are_settings() -> None:
    kql.compile("Resources" + JOIN * 4, SCHEMA, profile=replace(RESOURCE_GRAPH, max_joins=None))
    with pytest.raises(kql.KqlError, match="allows 1 joins"):
        kql.compile("Resources" + JOIN * 2, SCHEMA, profile=replace(RESOURCE_GRAPH, max_joins=1))


def test_the_service_expands_so_many_rows_unless_told() -> None:
    text = "Resources | mv-expand tags"
    limited = kql.compile(text, SCHEMA, profile=RESOURCE_GRAPH)
    assert limited.sql != kql.compile(text, SCHEMA).sql == kql.compile(text, SCHEMA, profile=KUSTO).sql
    assert limited.sql == kql.compile(text + " limit 128", SCHEMA, profile=RESOURCE_GRAPH).sql
