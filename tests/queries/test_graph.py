"""Asking from Python: answers, plans kept, limits, scopes, threads, errors."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

import kql
from queries import (
    RESOURCE_GRAPH,
    AnswerTooLarge,
    Profile,
    QueryInterrupted,
    QueryTimeout,
    ResourceGraph,
    Settings,
)

VALUES = """
print s = 'x', l = 5, i = int(7), r = 0.5, d = decimal(1.5), b = true, t = datetime(2026-01-15T12:00:00.1234567Z),
    p = 1d + 1s, g = guid(74be27de-1e4e-49d9-b579-fe0b331d3642), o = dynamic({"a": [1, null]}), n = long(null)
"""
ENDLESS = (
    "range a from 1 to 3000000 step 1 | extend k = 1"
    " | join kind=inner (range b from 1 to 3000000 step 1 | extend k = 1) on k | where a + b < 0"
)


# ---- answers -------------------------------------------------------------------------------------------------------
def test_every_kql_type_comes_back_as_its_python_value(graph: ResourceGraph) -> None:
    result = graph.query(VALUES)
    assert [type for _, type in result.columns] == [
        "string", "long", "int", "real", "decimal", "bool", "datetime", "timespan", "guid", "dynamic", "long",
    ]  # fmt: skip
    assert result.rows() == [
        (
            "x", 5, 7, 0.5, Decimal("1.5"), True, datetime(2026, 1, 15, 12, 0, 0, 123456, UTC),
            timedelta(days=1, seconds=1), "74be27de-1e4e-49d9-b579-fe0b331d3642", {"a": [1, None]}, None,
        )
    ]  # fmt: skip


def test_arrow_says_the_same(graph: ResourceGraph) -> None:
    table = graph.query(VALUES).arrow()
    assert [str(field.type) for field in table.schema][:4] == ["string", "int64", "int32", "double"]
    row = table.to_pylist()[0]
    assert row["t"] == datetime(2026, 1, 15, 12, 0, 0, 123456, UTC)
    assert row["p"] == timedelta(days=1, seconds=1)
    assert row["o"] == '{"a":[1,null]}'
    assert table.schema.field("t").metadata[b"kql"] == b"datetime"


def test_readers_of_arrow_streams_take_a_result(graph: ResourceGraph) -> None:
    result = graph.query("resources | summarize n = count() by type | order by n desc")
    assert pa.table(result).num_rows == len(result)
    answer = result  # noqa: F841 (DuckDB finds it by its name)
    assert duckdb.sql("select sum(n)::BIGINT from answer").fetchall() == [(sum(n for _, n in result.rows()),)]


def test_large_answers_are_the_same_as_rows_and_as_arrow(graph: ResourceGraph) -> None:
    result = graph.query(
        "range i from 1 to 10000 step 1 | extend t = datetime(2026-01-01) + i * 1s, s = strcat('n', i % 7)"
    )
    rows = result.rows()
    assert len(result) == len(rows) == 10_000
    assert rows[9_999] == (10_000, datetime(2026, 1, 1, 2, 46, 40, tzinfo=UTC), "n4")
    assert [tuple(row.values()) for row in result.arrow().to_pylist()] == rows
    assert [row["i"] for row in result.to_pylist()] == list(range(1, 10_001))


def test_no_rows_keep_their_columns(graph: ResourceGraph) -> None:
    result = graph.query("resources | where name == 'no such name' | project name, tags")
    assert (len(result), result.rows(), result.to_pylist()) == (0, [], [])
    assert result.columns == (("name", "string"), ("tags", "dynamic"))
    assert result.arrow().num_rows == 0


def test_a_scalar_is_one_value(graph: ResourceGraph) -> None:
    assert graph.query("print 1 + 1").scalar() == 2
    with pytest.raises(ValueError, match="one row of one column"):
        graph.query("print 1, 2").scalar()


# ---- plans ---------------------------------------------------------------------------------------------------------
def test_a_text_is_compiled_once(world: ResourceGraph) -> None:
    text = "resources | count"
    assert [world.query(text).timings.cached for _ in range(3)] == [False, True, True]
    assert world.query(text, profile="resource-graph").timings.cached is False
    assert world.query(text, subscriptions=["x"]).timings.cached is False


def test_columns_that_hang_on_the_data_are_asked_for_each_time(world: ResourceGraph) -> None:
    text = "Resources | summarize n = count() by location | summarize b = make_bag(bag_pack(location, n)) | evaluate bag_unpack(b)"
    locations = sorted(row[0] for row in world.query("Resources | distinct location").rows())
    for _ in range(2):
        result = world.query(text)
        assert [name for name, _ in result.columns] == locations
        assert sum(result.rows()[0]) == world.query("Resources | count").rows()[0][0]
    assert [problem.severity for problem in world.check(text)] == ["advice"]  # the service has no evaluate


def test_only_so_many_plans_are_kept() -> None:
    with ResourceGraph.simulated(vms=5, settings=Settings(plans=2)) as graph:
        for text in ("print 1", "print 2", "print 3"):
            graph.query(text)
        assert graph.query("print 3").timings.cached
        assert not graph.query("print 1").timings.cached


def test_a_kept_plan_sees_the_time_go_by(world: ResourceGraph) -> None:
    before = world.query("print now()").scalar()
    world.advance(90)
    assert world.query("print now()").scalar() - before == timedelta(seconds=90)


def test_compile_shows_the_sql_and_the_columns(graph: ResourceGraph) -> None:
    compiled = graph.compile("resources | where type =~ 'Microsoft.Compute/virtualMachines' | project name")
    assert "virtual_machines" in compiled.sql
    assert [(column.name, str(column.type)) for column in compiled.columns] == [("name", "string")]
    assert "Scan" in graph.explain("resources | project name")


# ---- parameters and scopes -----------------------------------------------------------------------------------------
def test_parameters_are_values_and_never_text(graph: ResourceGraph) -> None:
    text = "declare query_parameters(wanted: string = 'a'); print wanted"
    assert graph.query(text).scalar() == "a"
    assert graph.query(text, wanted="'; drop table x; --").scalar() == "'; drop table x; --"
    assert graph.query(text, parameters={"wanted": "b"}).scalar() == "b"


def test_a_missing_or_unknown_parameter_is_named(graph: ResourceGraph) -> None:
    with pytest.raises(kql.KqlError, match="wanted"):
        graph.query("declare query_parameters(wanted: string); print wanted")
    with pytest.raises(kql.KqlError, match="other"):
        graph.query("print 1", other=1)


TYPED = "declare query_parameters(n: long = 1, i: int = 2, r: real = 3, d: decimal = 4, x: dynamic = dynamic(null)); print n, i, r, d, x"


def test_defaults_of_parameters_become_their_types(graph: ResourceGraph) -> None:
    assert graph.query(TYPED).rows() == [(1, 2, 3.0, Decimal(4), None)]
    with pytest.raises(kql.KqlError, match=r"KQL305.*the default of 'n' must be a constant"):
        graph.query("declare query_parameters(n: datetime = now()); print n")


@pytest.mark.parametrize(
    "given",
    [{"n": 2**63}, {"n": 10**5000}, {"n": True}, {"i": 2**31}, {"r": 10**400}, {"d": Decimal("1e26")}, {"d": Decimal("nan")},
     {"x": b"a"}, {"x": {1}}, {"x": [float("nan")]}, {"x": "\ud800"}, {"n": "1x"}],
    ids=lambda given: str(next(iter(given))),
)  # fmt: skip
def test_what_no_parameter_can_be_is_told(graph: ResourceGraph, given: dict[str, object]) -> None:
    with pytest.raises(kql.KqlError, match=f"KQL803.*parameter '{next(iter(given))}'"):
        graph.query(TYPED, parameters=given)


def test_the_wrong_things_to_ask_are_named(graph: ResourceGraph) -> None:
    wrong: Any = None
    for ask in (lambda: graph.query(wrong), lambda: graph.query("print 1", subscriptions=[wrong])):
        with pytest.raises(TypeError, match=r"a text|a string"):
            ask()


def test_subscriptions_narrow_every_table(graph: ResourceGraph) -> None:
    every = dict(graph.query("resources | summarize count() by subscriptionId").rows())
    one = next(iter(every))
    assert graph.query("resources | count", subscriptions=[one]).scalar() == every[one]
    assert graph.query("resources | count", subscriptions=[one.upper()]).scalar() == every[one]
    assert graph.query("resources | count", subscriptions=[]).scalar() == sum(every.values())
    joined = (
        "resources | project id, a = subscriptionId"
        " | join kind=inner (resources | project id, b = subscriptionId) on id | distinct a, b"
    )
    assert graph.query(joined, subscriptions=[one]).rows() == [(one, one)]
    with pytest.raises(TypeError, match="list"):
        graph.query("resources | count", subscriptions=one)


# ---- profiles ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "text",
    [
        "let x = 1; resources | take x",
        "print 1",
        "resources | join kind=leftanti (resources) on id",
        "resources | project-keep name",
        "print 1; print 2",
        "set x = 1; resources | take 1",
        "datatable(a: long) [1]",
        "resources | where id == toscalar(resources | project id)",
        "resources | where name in (materialize(resources | project name))",
        "resources | union isfuzzy=true resourcecontainers",
        "resources | union resource*",
        "resources | join hint.strategy=broadcast (resourcecontainers) on id",
        "resources | mv-expand zones limit 500",
        "resources | union resources, resources, resources, resources",
        "securityresources | join (healthresources | project id) on id",
    ],
)
def test_the_service_s_profile_refuses_what_the_service_refuses(graph: ResourceGraph, text: str) -> None:
    graph.compile(text)
    with pytest.raises(kql.KqlError):
        graph.query(text, profile="resource-graph")


def test_the_limits_of_a_profile_are_settings(graph: ResourceGraph) -> None:
    from dataclasses import replace

    joins = (
        "resources | project id" + " | join kind=inner (resources | project id) on id | project id" * 4 + " | take 1"
    )
    with pytest.raises(kql.KqlError, match="3"):
        graph.query(joins, profile=RESOURCE_GRAPH)
    assert len(graph.query(joins, profile=replace(RESOURCE_GRAPH, max_joins=4))) == 1


def test_an_unknown_profile_is_named() -> None:
    from queries.profile import profile_of

    with pytest.raises(ValueError, match="kusto, resource-graph"):
        profile_of("azure")
    assert profile_of(RESOURCE_GRAPH) is RESOURCE_GRAPH
    assert isinstance(hash(RESOURCE_GRAPH), int)
    assert Profile("mine").operators is None


# ---- limits --------------------------------------------------------------------------------------------------------
def test_a_timeout_stops_the_query_and_the_graph_goes_on(world: ResourceGraph) -> None:
    started = time.perf_counter()
    with pytest.raises(QueryTimeout, match=r"within 0\.2 seconds"):
        world.query(ENDLESS, timeout=0.2)
    assert time.perf_counter() - started < 5
    assert world.query("print 1").scalar() == 1


def test_a_timeout_that_is_not_reached_does_not_matter(world: ResourceGraph) -> None:
    for _ in range(3):
        assert world.query("print 1", timeout=5).scalar() == 1


def test_another_thread_can_stop_a_query(world: ResourceGraph) -> None:
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(world.query, ENDLESS)
        time.sleep(0.3)
        while not asked.done():
            world.interrupt()
            time.sleep(0.05)
        with pytest.raises(QueryInterrupted):
            asked.result()
    assert world.query("print 1").scalar() == 1


@pytest.mark.parametrize("rows", [11, 4096, 5000, 50_000])
def test_too_many_rows_are_refused(rows: int) -> None:
    with ResourceGraph.simulated(vms=5, settings=Settings(max_rows=10)) as graph:
        assert len(graph.query("range i from 1 to 10 step 1")) == 10
        with pytest.raises(AnswerTooLarge, match="more than 10 rows"):
            graph.query(f"range i from 1 to {rows} step 1")
        assert graph.query("print 1").scalar() == 1


def test_too_many_bytes_are_refused() -> None:
    with ResourceGraph.simulated(vms=5, settings=Settings(max_bytes=100_000)) as graph:
        assert len(graph.query("range i from 1 to 10 step 1")) == 10
        for rows in (2_000, 50_000):
            with pytest.raises(AnswerTooLarge, match="100,000 bytes"):
                graph.query(f"range i from 1 to {rows} step 1 | extend s = '{'x' * 100}'")


def test_a_cut_answer_says_so(graph: ResourceGraph) -> None:
    cut = graph.query("range i from 1 to 100000 step 1", at_most=3)
    assert (cut.rows(), cut.truncated) == ([(1,), (2,), (3,)], True)
    whole = graph.query("range i from 1 to 3 step 1", at_most=3)
    assert (len(whole), whole.truncated) == (3, False)
    assert graph.query("print 1").scalar() == 1


@pytest.mark.parametrize("wrong", [{"timeout": 0}, {"max_rows": -1}, {"plans": 0}])
def test_limits_must_make_sense(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="must be"):
        Settings(**wrong)


# ---- errors --------------------------------------------------------------------------------------------------------
def test_all_problems_of_a_text_come_at_once_with_their_places(graph: ResourceGraph) -> None:
    text = "resources\n| where nme == 'x'\n| project lokation"
    with pytest.raises(kql.KqlError) as caught:
        graph.query(text)
    assert [text[slice(*problem.span)] for problem in caught.value.problems] == ["nme", "lokation"]
    assert all(problem.code and problem.message for problem in caught.value.problems)
    assert "^^^" in str(caught.value)
    assert [problem.code for problem in graph.check(text)] == [problem.code for problem in caught.value.problems]


@pytest.mark.parametrize(
    "text",
    ["", " ", "|", "resources |", "resources | where", "resources | where name == 'x", "resources | where (name == 'x'",
     "nothing | take 1", "resources | take 'x'", "resources | where nosuch(name)", "resources | frobnicate",
     "\x00", "\ud800", "resources | where " + "(" * 10_000, "resources | where " + "(" * 10_000 + "1" + ")" * 10_000],
    ids=lambda text: repr(text[:40]),
)  # fmt: skip
def test_bad_input_gets_a_placed_error_within_a_second(graph: ResourceGraph, text: str) -> None:
    started = time.perf_counter()
    with pytest.raises(kql.KqlError) as caught:
        graph.query(text)
    assert time.perf_counter() - started < 1
    assert all(0 <= problem.span[0] <= problem.span[1] <= len(text) + 1 for problem in caught.value.problems)
    str(caught.value).encode("utf-8", "replace")


def test_a_long_text_is_no_trouble(graph: ResourceGraph) -> None:
    started = time.perf_counter()
    try:
        graph.query("resources | where name in (" + ", ".join(f"'{i:08}'" for i in range(90_000)) + ") | count")
    except kql.KqlError as error:
        assert error.problems
    assert time.perf_counter() - started < 2


# ---- the engine ----------------------------------------------------------------------------------------------------
def test_nothing_outside_the_database_can_be_read(graph: ResourceGraph, tmp_path: Path) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text("a\n1\n")
    cursor = graph.estate.cursor()
    for sql in (f"select * from '{secret}'", f"copy (select 1) to '{tmp_path}/x.csv'", f"attach '{tmp_path}/x.db'"):
        with pytest.raises(duckdb.Error):
            cursor.execute(sql).fetchall()
    with pytest.raises(duckdb.Error):
        cursor.execute("set enable_external_access = true")
    cursor.close()


def test_threads_share_a_graph(world: ResourceGraph) -> None:
    machines = "resources | where type =~ 'microsoft.compute/virtualmachines' | count"
    expected = world.query(machines).scalar()

    def ask(number: int) -> object:
        world.refresh()
        if number % 7 == 0:
            return world.query(f"print {number}").scalar() == number
        return world.query(machines).scalar() == expected

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(ask, range(200)))


def test_an_estate_in_a_file_lives_on(tmp_path: Path) -> None:
    path = tmp_path / "estate.duckdb"
    states = (
        "resources | where type =~ 'microsoft.compute/virtualmachines'"
        " | project id, s = tostring(properties.extended.instanceView.powerState.code) | order by id asc"
    )
    with ResourceGraph.create(path, vms=20) as graph:
        graph.advance(300)
        before = graph.query(states).rows()
        clock = graph.clock.now()
    with ResourceGraph.open(path) as graph:
        assert graph.clock.now() == clock
        assert graph.query(states).rows() == before


def test_the_real_clock_cannot_be_advanced() -> None:
    from queries import RealClock

    with ResourceGraph.simulated(vms=5, clock=RealClock()) as graph, pytest.raises(TypeError, match="real clock"):
        graph.advance(60)


# ---- streams -------------------------------------------------------------------------------------------------------
def test_a_stream_gives_what_a_query_gives(graph: ResourceGraph) -> None:
    text = "resources | project id, name | order by id asc"
    rows = graph.query(text).rows()
    stream = graph.stream(text, skip=10)
    assert stream.read(5) == rows[10:15]
    assert not stream.done
    assert stream.read(1_000_000) == rows[15:]
    assert stream.done and stream.read(5) == []
    assert graph.count(text) == len(rows)


def test_a_closed_stream_lets_the_next_query_run(graph: ResourceGraph) -> None:
    stream = graph.stream("resources | project id")
    stream.read(3)
    stream.close()
    assert stream.read(3) == []
    assert graph.query("resources | count").scalar() > 0


@pytest.mark.parametrize(
    ("text", "number", "loosened"),
    [
        ("range i from 1 to 10 step 1 | take 3", 3, 4),
        ("range i from 1 to 10 step 1 | order by i | take 3 | extend x = i", 3, 4),
        ("range i from 1 to 10 step 1 | take 20", 10, 10),
        ("range i from 1 to 10 step 1 | take 3 | count", 1, 1),
        ("range i from 1 to 10 step 1 | where i > 8 | union (range j from 1 to 4 step 1 | take 2)", 4, 5),
    ],
)
def test_counting_needs_no_rows(graph: ResourceGraph, text: str, number: int, loosened: int) -> None:
    assert graph.count(text) == number == len(graph.query(text))
    assert graph.count(text, loosened=True) == loosened


def test_one_row_stays_one_row_though_nothing_of_it_is_shown(graph: ResourceGraph) -> None:
    assert graph.query("range i from 1 to 10 step 1 | summarize count() | project x = 1").rows() == [(1,)]


def test_columns_that_are_alike_in_the_first_part_of_a_table_stay_apart() -> None:
    with ResourceGraph.simulated(20, 7) as graph:
        rows = graph.query("resourcecontainers | where type has 'resourcegroups' | project id, location, resourceGroup").rows()
        all_rows = graph.query("resourcecontainers | project id, location, resourceGroup").rows()
        assert set(rows) <= set(all_rows)
        assert any(location != group for _, location, group in all_rows)


def test_a_cut_answer_has_its_limits_too(graph: ResourceGraph) -> None:
    with ResourceGraph.simulated(vms=5, settings=Settings(max_rows=10)) as small:
        with pytest.raises(AnswerTooLarge):
            small.query("range i from 1 to 100 step 1", at_most=50)
        assert len(small.query("range i from 1 to 100 step 1", at_most=5)) == 5
    assert len(graph.query("range i from 1 to 100 step 1", at_most=2**70)) == 100
    with pytest.raises(ValueError, match="at_most"):
        graph.query("print 1", at_most=-1)


def test_half_a_character_is_a_problem_with_a_place(graph: ResourceGraph) -> None:
    with pytest.raises(kql.KqlError) as caught:
        graph.query("print x = '\ud800'")
    assert [(problem.code, problem.span) for problem in caught.value.problems] == [("KQL110", (11, 12))]


def test_closing_twice_does_nothing() -> None:
    closed = ResourceGraph.simulated(vms=1)
    closed.close()
    closed.close()
