"""Operators that make more of rows than columns: sequences, series, nested groups, pairs, plugins, graphs."""

from __future__ import annotations

from typing import Any

import duckdb
import pytest

import kql
from kql.schema import Part, PhysicalColumn, Schema, Table, TableColumn
from kql.types import STRING
from tests.kql.shared import NOTHING, answer

SEEN = """let Seen = datatable(who: string, t: datetime, place: long)[
  'a', datetime(2017-08-01), 1, 'a', datetime(2017-08-01 02:00), 1, 'b', datetime(2017-08-01), long(null), 'a', datetime(2017-08-02), 1,
  'c', datetime(2017-08-02), 2, 'a', datetime(2017-08-04), long(null)];
"""
DAYS = """let Days = datatable(day: long, shop: string, sold: long)
[1, 'a', 5, 2, 'a', 0, 4, 'a', 7, 1, 'b', 1, 3, 'b', 2];
"""
WAYS = """let Ways = datatable(start: string, stop: string, toll: long)
['A', 'B', 1, 'B', 'C', 2, 'C', 'A', 3, 'C', 'D', 4, 'X', 'Y', 5];
let Towns = datatable(town: string, people: long)['A', 10, 'B', 20, 'C', 30, 'D', 40];
Ways | make-graph start --> stop with Towns on town
"""

CASES: list[tuple[str, str, list[str], list[tuple[Any, ...]]]] = [
    # ---- scan
    ("a running total that starts anew", DAYS + """Days | sort by shop asc, day asc
      | scan declare (total: long = 0) with (step s: true => total = iff(shop == s.shop, s.total, 0) + sold;)
      | project shop, total""",
     ["shop", "total"], [("a", 5), ("a", 5), ("a", 12), ("b", 1), ("b", 3)]),
    ("steps that follow each other, numbered", """range x from 1 to 8 step 1
      | scan with_match_id=m with (step low: x % 4 == 1; step high: x - low.x <= 2;) | project x, m""",
     ["x", "m"], [(1, 0), (2, 0), (3, 0), (5, 1), (6, 1), (7, 1)]),
    ("only the last row of a step", """range x from 1 to 6 step 1
      | scan declare (n: long = 0) with (step a output=none: x % 3 == 1; step b output=last: x % 3 != 1 => n = b.n + 1;)""",
     ["x", "n"], [(3, 2), (6, 2)]),
    ("a declared column by itself has no memory", """range x from 1 to 3 step 1
      | scan declare (n: long = 7) with (step a: true => n = n + x;)""",
     ["x", "n"], [(1, 8), (2, 9), (3, 10)]),
    ("scan for each part", DAYS + """Days | partition by shop (sort by day asc
      | scan declare (n: long = 0) with (step s: true => n = s.n + 1;) | project shop, day, n) | sort by shop asc, day asc""",
     ["shop", "day", "n"], [("a", 1, 1), ("a", 2, 2), ("a", 4, 3), ("b", 1, 1), ("b", 3, 2)]),
    # ---- partition and mv-apply
    ("a join within each part", DAYS + """Days | partition by shop (join kind=inner (print day = 1, who = 'x') on day | project shop, who)
      | sort by shop asc""", ["shop", "who"], [("a", "x"), ("b", "x")]),
    ("mv-apply puts what it expands last", "print a = dynamic([3, 1, 2]), b = 'k' | mv-apply a to typeof(long) on (top 2 by a)",
     ["b", "a"], [("k", 3), ("k", 2)]),
    ("an element under a column's name hides it in the subquery only",
     "print k = 7, d = dynamic([1, 2]) | mv-apply k = d to typeof(long) on (summarize total = sum(k))",
     ["k", "d", "total"], [(7, [1, 2], 3)]),
    # ---- make-series
    ("series with gaps, each with its default", DAYS + """Days
      | make-series s = sum(sold), n = count() default = -1 on day from 1 to 5 step 1 by shop | sort by shop asc""",
     ["shop", "s", "n", "day"],
     [("a", [5, 0, 0, 7], [1, 1, -1, 1], [1, 2, 3, 4]), ("b", [1, 0, 2, 0], [1, -1, 1, -1], [1, 2, 3, 4])]),
    ("series without bounds have the rows' own", DAYS + "Days | make-series count() on day step 1 by shop | where shop == 'b'",
     ["shop", "count_", "day"], [("b", [1, 0, 1], [1, 2, 3])]),
    ("a series of nothing is asked for", "range x from 1 to 0 step 1 | make-series kind=nonempty count() on x from 1 to 3 step 1",
     ["count_", "x"], [([0, 0], [1, 2])]),
    ("a series of nothing has no rows", "range x from 1 to 0 step 1 | make-series count() on x from 1 to 3 step 1",
     ["count_", "x"], []),
    # ---- groups within groups
    ("the greatest, the others, and theirs", DAYS + """Days
      | top-nested 1 of shop with others = 'rest' by sum(sold), top-nested 1 of day with others = -1 by n = count()
      | sort by shop asc, day desc""",
     ["shop", "aggregated_shop", "day", "n"], [("a", 12, 4, 1), ("a", 12, -1, 2), ("rest", 3, -1, 2)]),
    ("top-hitters by weight", DAYS + "Days | top-hitters 1 of shop by sold", ["shop", "approximate_sum_sold"], [("a", 12)]),
    # ---- pairs
    ("values in quotes hold delimiters", """print s = "a='x;y'; b = 2;a=3" | parse-kv s as (a: string, b: long, c: long)
      with (pair_delimiter=';', kv_delimiter='=', quote="'") | project-away s""", ["a", "b", "c"], [("x;y", 2, None)]),
    ("greedy values hold the pair delimiter", """print s = 'k=one two l=three' | parse-kv s as (k: string, l: string)
      with (pair_delimiter=' ', kv_delimiter='=', greedy=true) | project k, l""", ["k", "l"], [("one two", "three")]),
    ("words without delimiters", "print s = '<size: 12> (name) \"n\"' | parse-kv s as (size: int, name: string) | project size, name",
     ["size", "name"], [(12, "n")]),
    ("a colon means has", "datatable(s: string, t: string)['a b', 'c', 'ab', 'a'] | where s : 'a' or * : 'a' | extend h = t : 'c'",
     ["s", "t", "h"], [("a b", "c", True), ("ab", "a", False)]),
    ("a percentage in a column, of a digest", """range x from 1 to 4 step 1 | summarize t = tdigest(x) | extend p = 50.0
      | project found = toreal(percentile_tdigest(t, p))""", ["found"], [(2.0,)]),
    # ---- plugins
    ("a bag's properties by name", "datatable(b: dynamic)[dynamic({'z': 1}), dynamic({'a': 'x', 'z': 2.5})] | evaluate bag_unpack(b)",
     ["a", "z"], [("", 1.0), ("x", 2.5)]),
    ("pivot says what the aggregate says of nothing", DAYS + "Days | evaluate pivot(day, sum(sold), shop) | sort by shop asc",
     ["shop", "1", "2", "3", "4"], [("a", 5, 0, 0, 7), ("b", 1, 0, 2, 0)]),
    ("the columns of pivot that are told, behind those that group", """datatable(a: string, b: string, v: long)['x', 'p', 1]
      | evaluate pivot(b, sum(v)) : (*, p: long, other: long)""", ["a", "p", "other"], [("x", 1, 0)]),
    ("a key of pivot stands where it is told", """datatable(a: string, b: string, v: long)['x', 'p', 1, 'y', 'q', 2]
      | evaluate pivot(a, sum(v), b) : (x: long, b: string) | sort by b asc""", ["x", "b"], [(1, "p"), (0, "q")]),
    ("a column that is told and that the rows have is theirs", """datatable(k: string, b: dynamic)['row', dynamic({'k': 'bag', 'z': 1})]
      | evaluate bag_unpack(b) : (k: string, z: long)""", ["k", "z"], [("row", 1)]),
    ("one row drawn from each part", """range x from 1 to 6 step 1 | extend k = x % 2
      | partition by k (sample 1) | summarize n = count(), ks = dcount(k)""", ["n", "ks"], [(2, 2)]),
    ("rows numbered in an order drawn by lot", "range x from 1 to 5 step 1 | sort by rand() | extend n = row_number() | summarize max(n), dcount(n)",
     ["max_n", "dcount_n"], [(5, 5)]),
    ("a series along numbers has no place for what is none", """datatable(v: real)[1.0, real(nan), real(null), real(+inf), 3.0]
      | make-series count() on v step 1.0""", ["count_", "v"], [([1, 0, 1], [1.0, 2.0, 3.0])]),
    ("a sequence up to the greatest number", "range x from 9223372036854775800 to 9223372036854775807 step 3 | project s = x % 10",
     ["s"], [(0,), (3,), (6,)]),
    ("as many properties as are wanted", "range x from 1 to 3 step 1 | summarize make_bag(bag_pack(strcat('k', x), x), 2)",
     ["bag_"], [({"k1": 1, "k2": 2},)]),
    ("a function's arguments are converted", """let f = (n: long, s: string, t: datetime) { strcat(n, s, getyear(t)) };
      print f(1.5, 2, '2020-03-01')""", ["print_0"], [("122020",)]),
    ("what is drawn under a name is one value", "let drawn = toscalar(print rand()); print same = drawn == drawn", ["same"], [(True,)]),
    ("rows near a row", "range x from 1 to 9 step 1 | evaluate rows_near(x == 5, 1, 2)", ["x"], [(4,), (5,), (6,), (7,)]),
    ("a table's rows by address", """print ip = '10.1.2.3'
      | evaluate ipv4_lookup((datatable(net: string, n: long)['10.0.0.0/8', 1, '11.0.0.0/8', 2]), ip, net)""",
     ["ip", "net", "n"], [("10.1.2.3", "10.0.0.0/8", 1)]),
    ("who was seen first, and all so far", SEEN + """Seen | evaluate activity_counts_metrics(who, t, datetime(2017-08-01),
      datetime(2017-08-04), 1d) | sort by t asc | project-away t""", ["count", "dcount", "new_dcount", "aggregated_dcount"],
     [(3, 2, 2, 2), (2, 2, 1, 3), (1, 1, 0, 3)]),
    ("who came first, by what and beside nothing", SEEN + """Seen | where who != 'c' | evaluate activity_counts_metrics(who, t,
      datetime(2017-08-01), datetime(2017-08-04), 1d, place) | sort by place asc, t asc | project-away t""",
     ["place", "count", "dcount", "new_dcount", "aggregated_dcount"],
     [(None, 1, 1, 1, 1), (None, 1, 1, 1, 2), (1, 2, 1, 1, 1), (1, 1, 1, 0, 1)]),
    ("who came back and who did not", SEEN + """Seen | evaluate activity_metrics(who, t, datetime(2017-08-01), datetime(2017-08-04), 1d)
      | sort by t asc | project dcount_values, dcount_newvalues,
      retained = tostring(retention_rate), churn = tostring(churn_rate)""",
     ["dcount_values", "dcount_newvalues", "retained", "churn"],
     [(2, 2, "NaN", "NaN"), (2, 1, "0.5", "0.5"), (1, 1, "NaN", "NaN")]),
    ("who was there in the last two days", SEEN + """Seen | evaluate sliding_window_counts(who, t, datetime(2017-08-01),
      datetime(2017-08-04), 2d, 1d) | sort by t asc | project Count, Dcount""", ["Count", "Dcount"], [(3, 2), (5, 3), (2, 2), (1, 1)]),
    ("who was there often, and lately", SEEN + """Seen | evaluate active_users_count(who, t, datetime(2017-08-02),
      datetime(2017-08-04), 2d, 1d, 2, 3d) | project t, dcount""", ["t", "dcount"], [("2017-08-02T00:00:00.0000000Z", 1)]),
    # ---- several tables
    ("find packs what is not shared", """let A = datatable(id: long, x: string)[1, 'p']; let B = datatable(id: long, y: long)[1, 5];
      find in (A, B) where id == 1""", ["source_", "id", "pack_"], [("A", 1, {"x": "p"}), ("B", 1, {"y": 5})]),
    ("rows under a name", "datatable(k: long)[1, 2, 2] | as All | summarize n = count() by k | join kind=inner (All | distinct k) on k"
     " | project k, n | sort by k asc", ["k", "n"], [(1, 1), (2, 2)]),
    ("runs beside neighbours", "range x from 1 to 5 step 1 | extend c = row_cumsum(x, x == 4), p = prev(x) | extend q = prev(c), r = row_number()",
     ["x", "c", "p", "q", "r"], [(1, 1, None, None, 1), (2, 3, 1, 1, 2), (3, 6, 2, 3, 3), (4, 4, 3, 6, 4), (5, 9, 4, 4, 5)]),
    ("runs in parts", "range x from 1 to 6 step 1 | extend k = x % 2 | partition by k (sort by x desc | extend c = row_cumsum(x, x == 3), p = prev(x)"
     " | extend q = next(c)) | sort by x asc | project x, c, p, q", ["x", "c", "p", "q"],
     [(1, 4, 3, None), (2, 12, 4, None), (3, 3, 5, 4), (4, 10, 6, 12), (5, 5, None, 3), (6, 6, None, 10)]),
    # ---- graphs
    ("an edge is used once", WAYS + "| graph-match (a)-[e*3..4]->(b) where a.town == 'A' project b.town, tolls = map(e, toll)",
     ["b_town", "tolls"], [("A", [1, 2, 3]), ("D", [1, 2, 4])]),
    ("no node comes twice", WAYS + "| graph-match cycles=none (a)-[e*3..4]->(b) where a.town == 'A' project b.town",
     ["b_town"], [("D",)]),
    ("inner nodes and all of them", WAYS + """| graph-match (a)-[e*2..2]->(b) where all(inner_nodes(e), people < 30)
      project a.town, on_the_way = map(inner_nodes(e), town) | sort by a_town asc""",
     ["a_town", "on_the_way"], [("A", ["B"]), ("C", ["A"])]),
    ("edges either way", WAYS + "| graph-match (a)-[e]-(b) where a.town == 'Y' project b.town, b.people, e.toll",
     ["b_town", "b_people", "e_toll"], [("X", None, 5)]),
    ("the shortest way", WAYS + """| graph-shortest-paths (a)-[e*1..5]->(b) where a.town == 'A' and b.town == 'D'
      project hops = array_length(e)""", ["hops"], [(3,)]),
    ("nodes of which nothing is told", "datatable(s: string, t: string)['A', 'B'] | make-graph s --> t | graph-match (a)-->(b) project a, b",
     ["Column1", "Column2"], [({}, {})]),
    ("what tells nodes apart", WAYS + """| graph-match (a)-[e*2..2]->(b) where a.town == 'A' and node_id(a) == hash(a.town)
      project map(inner_nodes(e), node_id()), same = map(inner_nodes(e), node_id() == hash(town)) | project-away inner_nodes_e_node_id""",
     ["same"], [([True],)]),
    ("a time that is told before", "set query_now = datetime(2020-01-02); print now(), ago(1d), now(-1h) > ago(2h)",
     ["print_0", "print_1", "print_2"], [("2020-01-02T00:00:00.0000000Z", "2020-01-01T00:00:00.0000000Z", True)]),
    ("no column can be among texts", "print a = 1, b = 2.5 | where not(* in ('x')) | project a", ["a"], [(1,)]),
    ("one body of a pattern, chosen by constants", """declare pattern town = (land: string)[state: string] {
        ('USA').['New York'] = { print capital = 'Albany' }; ('Canada').['Alberta'] = { let k = 1; print capital = 'Edmonton', n = k };
      };
      town('USA').['New York'] | union (town('Canada').Alberta)""", ["capital", "n"], [("Albany", None), ("Edmonton", 1)]),
    ("membership in what is aggregated, cut and full of nulls", """let T = range x from 1 to 6 step 1; let N = datatable(y: long)[long(null), 1, 2];
      T | project a = x in (T | summarize max(x)), b = x in (T | summarize max(x) by g = x % 2 | project max_x), c = x in (T | count),
        d = x !in (N | take 2), e = x in (N | top 2 by y asc nulls first | project y) | where a or c or not(d) or e""",
     ["a", "b", "c", "d", "e"], [(False, False, False, False, True), (True, True, True, True, False)]),
    ("membership in what an operator begins", """let T = range x from 1 to 6 step 1; T | where x in (range y from 2 to 3 step 1) or x in ((print 5))
      or x in (union (T | where x < 2), (T | where x > 5)) | summarize make_list(x), countif('abc' has_any (print 'abc'))""",
     ["list_x", "countif_"], [([1, 2, 3, 5, 6], 5)]),
    ("views are among the tables that a pattern names", """let A_1 = view() { print x = 1 }; let A_2 = view() { print(2) | project x = print_0 };
      let A_3 = () { print x = 3 }; union isfuzzy=true withsource=from A_*, B_* | order by from asc""",
     ["from", "x"], [("A_1", 1), ("A_2", 2)]),
    ("a function of constants reads a table, one of a row's values knows no row there", """let T = datatable(a: long)[1, 2, 2];
      let many = (n: long) { let X = T | where a == n | count; toscalar(X) + n }; print many(2), many(1)""",
     ["print_0", "print_1"], [(4, 2)]),
    ("bins that are told before", "set query_bin_auto_size = 1h; set query_bin_auto_at = datetime(2017-01-01 00:05);\n"
     "range t from datetime(2017-01-01 00:05) to datetime(2017-01-01 01:10) step 1m | summarize n = count() by bin_auto(t) | sort by n asc",
     ["t", "n"], [("2017-01-01T01:05:00.0000000Z", 6), ("2017-01-01T00:05:00.0000000Z", 60)]),
    ("parts that hang together", WAYS + "| graph-mark-components with_component_id=part | graph-to-table nodes | summarize n = count() by part"
     " | sort by part asc", ["part", "n"], [(0, 4), (1, 2)]),
    ("a way there and back", WAYS + "| graph-mark-components kind=strong with_component_id=part | graph-to-table nodes"
     " | summarize n = count() by part | summarize make_list(n), max(n)", ["list_n", "max_n"], [([3, 1, 1, 1], 3)]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "columns", "rows"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_rows(text: str, columns: list[str], rows: list[tuple[Any, ...]], engine: duckdb.DuckDBPyConnection) -> None:
    got = answer(engine, text)
    assert got[0] == columns
    key = repr
    assert (got[1] if "sort by" in text or "range" in text else sorted(got[1], key=key)) == (
        rows if "sort by" in text or "range" in text else sorted(rows, key=key)
    )


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("print x = 1 | scan with (step a: b.x > 1; step b: true;)", "KQL412"),
        ("print x = 1 | scan declare (n: long) with (step a: true => m = 1;)", "KQL201"),
        ("print x = 1 | make-series count() on x", "KQL401"),
        ("print x = 'a' | make-series count() on x step 1", "KQL303"),
        ("print x = 1 | evaluate nothing_like_this()", "KQL213"),
        ("print x = 1 | evaluate python(typeof(*), '')", "KQL501"),
        ("print x = 1 | graph-match (a)-->(b) project a.x", "KQL415"),
        ("print s = 'a', t = 'b' | make-graph s --> t | where s == 'a'", "KQL416"),
        ("print s = 'a', t = 'b' | make-graph s --> t", "KQL416"),
        ("print s = 'a' | parse-kv s as (k: long) with (regex='(a)')", "KQL308"),
        ("print s = 'a' | parse-kv s as (k: long) with (pair_delimeter=';')", "KQL408"),
        ("print x = 1 | reduce by x", "KQL501"),
        ("print x = 1 | fork (count) (take 1)", "KQL501"),
        ("print x = 1 | assert-schema (x: string)", "KQL411"),
        ("print pack('a', 1, 'b')", "KQL311"),
        ("declare pattern p = (a: string) { ('x') = { print 1 } }; p('y')", "KQL418"),
        ("declare pattern p = (a: string)[b: string] { ('x').['y'] = { print 1 } }; p('x').z", "KQL418"),
        ("declare pattern p = (a: string) { ('x') = { print 1 } }; p('x', 'y')", "KQL301"),
        ("print x = 1 | summarize percentiles(x, dynamic([5, 50]))", "KQL303"),
        ("let f = (n: guid) { n }; print f(1)", "KQL303"),
        ("search in (nothing*) 'x'", "KQL202"),
    ],
)
def test_refusals(text: str, code: str) -> None:
    assert [problem.code for problem in kql.check(text, NOTHING) if problem.severity == "error"] == [code]


def test_a_shape_that_hangs_on_the_data_needs_someone_to_ask() -> None:
    """A bag that is written in the query is known; one that is computed must be asked for."""
    written = "print b = dynamic({'a': 1}) | evaluate bag_unpack(b)"
    assert [column.name for column in kql.compile(written, NOTHING).columns] == ["a"]
    computed = "print b = bag_pack('a', 1) | evaluate bag_unpack(b)"
    assert [problem.code for problem in kql.check(computed, NOTHING)] == ["KQL414"]
    said = computed + " : (a: long, z: string)"
    assert [(column.name, column.type) for column in kql.compile(said, NOTHING).columns] == [("a", "long"), ("z", "string")]
    asked: list[kql.Compiled] = []

    def ask(question: kql.Compiled) -> list[tuple[Any, ...]]:
        asked.append(question)
        return [("a", "long")]

    compiled = kql.compile(computed, NOTHING, ask=ask)
    assert [column.name for column in compiled.columns] == ["a"]
    assert compiled.asked
    assert len(asked) == 1


PARTS = "range x from 1 to 12 step 1 | extend k = x % 3, g = x % 4"
BODIES = [
    "top 2 by x desc", "summarize s = sum(x), c = count() by g", "extend r = prev(g)", "sort by x desc | extend r = row_number()", "take 1",
    "distinct g", "top-nested 1 of g by sum(x)", "top-nested 1 of g with others=-1 by sum(x)", "top-nested 1 of g by sum(x), top-nested 1 of x by max(x)",
    "make-series n = count() on x from 1 to 12 step 3", "make-series n = sum(x) on x step 4 by g", "top-hitters 1 of g", "count",
    "join kind=inner (range x from 3 to 7 step 1) on x", "join kind=leftouter (datatable(x: long, m: long)[3, 1, 4, 2]) on x",
    "as P | extend n = toscalar(P | count)", "as P | where x in (P | summarize max(x))", "as P | join kind=inner (P | summarize m = max(x) by g) on g",
    "as P | union (P | where x > 5)", "invoke largest()", "scan declare (t: long = 0) with (step a: true => t = a.t + x;)",
    "evaluate pivot(g)", "make-graph g --> x with_node_id=n | graph-match (a)-[e]->(b) project a.n, b.n", "mv-expand y = range(1, g)",
    "mv-apply y = range(1, g) to typeof(long) on (summarize s = sum(y))", "extend n = toscalar(range y from 1 to 3 step 1 | count)",
    "where x in (range z from 2 to 9 step 1 | where z % 2 == 0)", "summarize arg_max(x, *)", "project-away g | summarize dcount(x), make_list(x)",
]  # fmt: skip


@pytest.mark.parametrize("body", BODIES)
def test_a_partition_runs_over_the_rows_of_its_part_or_is_refused(engine: duckdb.DuckDBPyConnection, body: str) -> None:
    parts = [f"{PARTS} | where k == {part} | serialize | {body}" for part in range(3)]
    _whole(engine, f"{PARTS} | serialize | partition by k ({body})", parts)


@pytest.mark.parametrize("body", BODIES)
def test_mv_apply_runs_over_the_elements_of_its_row_or_is_refused(engine: duckdb.DuckDBPyConnection, body: str) -> None:
    rows, on = "datatable(id: long)[0, 1, 2] | extend d = range(1 + id, 12, 1 + id)", f"on (extend g = x % 4 | {body})"
    parts = [f"{rows} | where id == {part} | mv-apply x = d to typeof(long) {on}" for part in range(3)]
    _whole(engine, f"{rows} | mv-apply x = d to typeof(long) {on}", parts)


def _whole(engine: duckdb.DuckDBPyConnection, whole: str, parts: list[str]) -> None:
    """Check that a query gives what its parts give, or is refused."""
    largest = "let largest = (T: (x: long)) { T | where x == toscalar(T | summarize max(x)) }; "
    try:
        found = answer(engine, largest + whole)
        expected = [answer(engine, largest + part) for part in parts]
    except kql.KqlError as error:
        assert "KQL501" in str(error)
        return
    assert found[0] == expected[0][0] and sorted(map(repr, found[1])) == sorted(repr(row) for each in expected for row in each[1])


@pytest.mark.parametrize("text", ["union withsource=t *", "search in (B*, *a) 'x'", "find in (*) where name == 'x' project name"])
def test_tables_by_a_piece_of_their_names(text: str, engine: duckdb.DuckDBPyConnection) -> None:
    engine.execute("CREATE OR REPLACE TEMP TABLE held AS SELECT 'x' AS name")
    part = Part("held", {"name": PhysicalColumn("name", None, True)}, {})
    schema = Schema(Table(table, (TableColumn("name", STRING),), (part,)) for table in ("Aa", "Bb"))
    assert sorted(answer(engine, text, schema)[1]) == [("Aa", "x"), ("Bb", "x")]


def test_hidden_columns_may_be_named_behind_an_order_drawn_by_lot(engine: duckdb.DuckDBPyConnection) -> None:
    engine.execute("CREATE OR REPLACE TEMP TABLE held AS SELECT 'x' AS name, 'h' AS beside")
    columns = (TableColumn("name", STRING), TableColumn("beside", STRING, True))
    part = Part("held", {each.name: PhysicalColumn(each.name, None, True) for each in columns}, {})
    schema = Schema([Table("T", columns, (part,))])
    assert answer(engine, "T | top 2 by rand() | extend b = beside", schema)[1] == [("x", "h")]
    every = " or ".join(["* contains 'x'", "* !contains 'q'"] * 30)  # so long that its parts become columns below it
    assert answer(engine, f"T | where {every}", schema)[1] == [("x",)]


def test_a_long_scan_does_not_slow_down_with_each_row(engine: duckdb.DuckDBPyConnection) -> None:
    text = "range x from 1 to 3000 step 1 | scan declare (n: long = 0) with (step s: true => n = s.n + x;) | summarize max(n)"
    assert answer(engine, text)[1] == [(4_501_500,)]
