"""Plugins that count who was active when: active_users_count, activity_counts_metrics, activity_metrics,
sliding_window_counts. Each is written in KQL over rows of `id`, `at` and the dimensions `d0`, `d1` …"""

from __future__ import annotations

from dataclasses import dataclass

from kql import plan, syntax
from kql.bind.scope import Environment, ScalarBinding, TabularBinding
from kql.operators.base import passing
from kql.operators.evaluate import Use, plugin
from kql.plan import Column, Relation
from kql.types import DATETIME, LONG, NUMBERS, TIMESPAN

_AMONG = "rows | where at between (start .. end) and isnotempty(id)"


@dataclass(frozen=True, slots=True)
class _Activity:
    """What such a plugin is given: who, when, what else it takes, and by what the counts are told apart."""

    use: Use
    at: Column
    rows: Relation
    given: list[syntax.Expression]
    dimensions: tuple[Column, ...]

    def ends(self) -> dict[str, plan.Scalar]:
        """Both ends of the time line, which stand first."""
        ends = zip(("start", "end"), self.given, strict=False)
        return {name: self.use.constant(each, self.at.type, "an end of the time line") for name, each in ends}

    def width(self, place: int, what: str = "a window") -> plan.Scalar:
        """A constant along the time line, such as a step."""
        return self.use.constant(self.given[place], TIMESPAN if self.at.type is DATETIME else self.at.type, what)

    def answer(self, text: str, **values: plan.Scalar) -> Relation:
        """The rows of a query over `rows`, in which `values` are names; `{by}` stands for the dimensions. Its columns come
        out under their names but for `at` and the dimensions, which get back theirs."""
        if self.use.wrong():
            return self.use.input
        query = self.use.binder.read(text.replace("{by}", "".join(f", d{place}" for place in range(len(self.dimensions)))))
        environment = Environment({name: ScalarBinding(value) for name, value in values.items()})
        shared = plan.Shared(self.rows, "rows")
        environment = environment.with_("rows", TabularBinding(lambda: self.use.binder.renamed(shared)))
        found = self.use.binder.tabular(query.pipelines[0], environment)
        named = (self.at, *self.dimensions)
        columns = plan.columns_of(found)
        back = [(Column(old.name, new.type), plan.Ref(new)) for old, new in zip(named, columns, strict=False)]
        return plan.Project(found, (*back, *passing(columns[len(named) :])))


def _activity(use: Use, most: int) -> _Activity | None:
    """The arguments, `most` of them before the dimensions; None where they do not fit, which has been told."""
    places, _ = use.given(most, None)
    if len(places) < most:
        return None
    who, when, *given = places[:most]
    id, at = use.column(who), use.column(when)
    by = [column for each in places[most:] if (column := use.column(each)) is not None]
    if id is None or at is None or use.wrong():
        return None
    if at.type not in (*NUMBERS, DATETIME, TIMESPAN):
        use.binder.problems.add("KQL303", when.span, given=at.type.value, expected="a number, a datetime or a timespan")
        return None
    taken = [("id", id), ("at", at), *((f"d{place}", column) for place, column in enumerate(by))]
    rows = plan.Project(use.input, tuple((Column(name, column.type), plan.Ref(column)) for name, column in taken))
    return _Activity(use, at, rows, given, tuple(by))


@plugin(
    "activity_counts_metrics(IdColumn, TimelineColumn, Start, End, Step, dimension, …)",
    "For each step of a time line its rows, the ids among them, those that were not seen in a step before, and all seen so"
    " far. Both ends belong to it; steps without rows are left out.",
    "range t from 1 to 9 step 1 | extend id = t % 4 | evaluate activity_counts_metrics(id, t, 1, 9, 3)",
)
def activity_counts_metrics(use: Use) -> Relation:
    activity = _activity(use, 5)
    if activity is None:
        return use.input
    # one row for each id and step, and one for each id in the step in which it comes first
    return activity.answer(
        f"{_AMONG} | summarize c = count() by id, at = bin_at(at, step, start){{by}}"
        " | as seen | extend d = 1, n = 0"
        " | union (seen | summarize at = min(at) by id{by} | extend c = 0, d = 0, n = 1)"
        " | summarize count = sum(c), dcount = sum(d), new_dcount = sum(n) by at{by}"
        " | extend part = tostring(pack_array(''{by})) | sort by part asc, at asc"
        " | extend aggregated_dcount = row_cumsum(new_dcount, part != prev(part))"
        " | project at{by}, ['count'], dcount, new_dcount, aggregated_dcount",
        **activity.ends(), step=activity.width(2, "the step"),
    )  # fmt: skip


@plugin(
    "activity_metrics(IdColumn, TimelineColumn, Start, End, Window, dimension, …)",
    "For each window of a time line the ids that were seen in it, those that were not in the window before, and of those in"
    " the window before the share that came back and the share that did not. Both ends belong to it; Start and End may be"
    " left out.",
    "range t from 1 to 9 step 1 | extend id = t % 4 | evaluate activity_metrics(id, t, 1, 9, 3)",
)
def activity_metrics(use: Use) -> Relation:
    arguments = use.call.arguments
    bounded = len(arguments) >= 5 and not isinstance(arguments[3], syntax.Name)
    activity = _activity(use, 5 if bounded else 3)
    if activity is None:
        return use.input
    ends = activity.ends() if bounded else {}
    among, bin = (_AMONG, "bin_at(at, step, start)") if bounded else ("rows | where isnotempty(id)", "bin(at, step)")
    return activity.answer(
        f"{among} | summarize by id, at = {bin}{{by}}"
        " | as seen | extend here = 1, before = 0"
        " | union (seen | extend at = at + step, here = 0, before = 1)"
        " | summarize here = sum(here), before = sum(before) by id, at{by}"
        " | summarize dcount_values = sum(here), dcount_newvalues = countif(before == 0), kept = todouble(sum(here * before)),"
        " before = todouble(sum(before)) by at{by} | where dcount_values > 0"
        " | project at{by}, dcount_values, dcount_newvalues, retention_rate = kept / before, churn_rate = (before - kept) / before",
        **ends,
        step=activity.width(-1, "the window"),
    )


@plugin(
    "sliding_window_counts(IdColumn, TimelineColumn, Start, End, LookbackWindow, Bin, dimension, …)",
    "For each bin of a time line the rows and the ids of the bins that the look-back window holds, itself the last of them."
    " Both ends belong to it; rows before it count for none.",
    "range t from 1 to 9 step 1 | extend id = t % 4 | evaluate sliding_window_counts(id, t, 1, 9, 4, 2)",
)
def sliding_window_counts(use: Use) -> Relation:
    activity = _activity(use, 6)
    if activity is None:
        return use.input
    window, size = activity.width(2), activity.width(3)
    bins = use.apply("tolong", use.apply("floor", use.apply("/", window, size), plan.Literal(1, LONG)))
    return activity.answer(
        f"{_AMONG} | extend at = bin_at(at, size, start), ahead = range(0, bins - 1, 1) | mv-expand ahead to typeof(long)"
        " | extend at = at + ahead * size | where at <= end"
        " | summarize Count = count(), Dcount = count_distinct(id) by at{by}",
        **activity.ends(), size=size, bins=bins,
    )  # fmt: skip


@plugin(
    "active_users_count(IdColumn, TimelineColumn, Start, End, LookbackWindow, Period, ActivePeriodsCount, Bin, dimension, …)",
    "For each bin of a time line the ids that were active in it: which, when they were seen, had been seen in so many periods"
    " of the look-back window that ends there. Rows before the line count as having been seen; bins without such ids are left out.",
    "range t from 1 to 9 step 1 | extend id = t % 4 | evaluate active_users_count(id, t, 1, 9, 5, 1, 2, 3)",
)
def active_users_count(use: Use) -> Relation:
    activity = _activity(use, 8)
    if activity is None:
        return use.input
    least = use.constant(activity.given[4], LONG, "the number of periods")
    # what was seen and where it was seen before: the rows of an id meet each other
    return activity.answer(
        "rows | where at > start - window and at <= end and isnotempty(id) | summarize by id, at{by}"
        " | as seen | join kind=inner (seen | project id, earlier = at) on id"
        " | where at >= start and earlier > at - window and earlier <= at"
        " | summarize periods = count_distinct(bin_at(earlier, period, start)) by id, at{by}"
        " | where periods >= least"
        " | summarize dcount = count_distinct(id) by at = bin_at(at, size, start){by}",
        **activity.ends(), window=activity.width(2), period=activity.width(3), least=least, size=activity.width(5),
    )  # fmt: skip


__all__ = ["active_users_count", "activity_counts_metrics", "activity_metrics", "sliding_window_counts"]
