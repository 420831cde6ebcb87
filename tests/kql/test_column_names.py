"""What columns are called that a query does not name: the rules of summarize, join and of calls that stand for several."""

from __future__ import annotations

import pytest

import kql
from tests.kql.shared import NOTHING

TABLE = "let T = datatable(k: string, n: long, s: string, t: datetime, d: dynamic)[];\nlet U = datatable(k: string, n: long, z: string)[];\n"
NAMES = {
    "T | summarize arg_max(n, *) by k": "k n s t d",
    "T | summarize arg_max(n)": "n",
    "T | summarize arg_max(n, s, s) by k": "k n s s1",
    "T | summarize arg_max(n + 1, s)": "max_ s",
    "T | summarize arg_min(t, tolower(s), d.a)": "t min_t_arg1 d_a",
    "T | summarize arg_max(n, x = s, y = n + 1)": "n x y",
    "T | summarize arg_max(n, k, *)": "n k s t d",
    "T | summarize m = arg_max(n, s), arg_min(n, s)": "m s n s1",
    "T | summarize (a, b) = arg_max(n, s, t)": "a b t",
    "T | summarize argmax(n, s)": "max_n max_n_s",
    "T | summarize take_any(n), take_any(n + 1), take_any(s, n + 1)": "n any_arg0 s any_arg1",
    "T | summarize any(n), any(n + 1), any(*) by k": "k any_n any_ any_n1 any_s any_t any_d",
    "T | summarize percentiles(n, 5, 99.9), percentile(n, 5)": "percentile_n_5 percentile_n_99_9 percentile_n_51",
    "T | summarize count(), countif(n > 1), sum(n), sum(n + 1), make_list(n), make_set(s)": "count_ countif_ sum_n sum_ list_n set_s",
    "T | summarize sum(n), sum_n = count()": "sum_n sum_n1",
    "T | summarize n = count() by bin(n, 2)": "n n1",
    "T | summarize strcat('a', max(s)), round(avg(n)), n = 1": "Column1 avg_n n",
    "T | summarize count() by bin(t, 1h), tostring(d.a), n + 1": "t d_a Column1 count_",
    "T | join kind=inner (U) on k": "k n s t d k1 n1 z",
    "T | join kind=inner (U | project k, k1 = n) on k": "k n s t d k2 k1",
    "T | join kind=leftsemi (U) on k": "k n s t d",
    "T | join kind=rightanti (U) on k": "k n z",
    "T | lookup (U) on k": "k n s t d n1 z",
    "T | union withsource=from U": "from k n s t d z",
    "T | project (a, b) = series_fit_line(d)": "a b series_fit_line_d_variance series_fit_line_d_rvariance series_fit_line_d_interception series_fit_line_d_line_fit",
    "T | extend (a, b) = series_fit_line(d) | project-away k, n, s, t": "d a b",
    "T | project d | extend series_stats(d), series_stats(d) | project-keep *_max*": "series_stats_d_max series_stats_d_max_idx series_stats_d_max1 series_stats_d_max_idx1",
    "T | project-reorder t, *, k": "t k n s d",
}  # fmt: skip


@pytest.mark.parametrize("query", NAMES)
def test_columns_are_named(query: str) -> None:
    assert " ".join(column.name for column in kql.compile(TABLE + query, NOTHING).columns) == NAMES[query]


@pytest.mark.parametrize("query", ["T | summarize n = count() by n", "T | summarize a = count(), a = max(n)"])
def test_one_name_is_not_given_twice(query: str) -> None:
    assert [problem.code for problem in kql.check(TABLE + query, NOTHING)] == ["KQL205"]
