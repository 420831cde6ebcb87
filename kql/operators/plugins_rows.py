"""Plugins that look at rows beside each other or in another table: rows_near, rolling_percentile, ipv4_lookup and its kin."""

from __future__ import annotations

from kql import plan, syntax
from kql.operators.base import passing
from kql.operators.evaluate import Use, plugin
from kql.operators.joins import united
from kql.plan import Column, Relation
from kql.types import BOOL, DATETIME, DYNAMIC, LONG, NUMBERS, REAL, STRING, TIMESPAN


@plugin(
    "rows_near(Condition, NumRows, NumRowsAfter)",
    "The rows for which a condition is true, and so many rows before and after each; they must be in a known order.",
    "range x from 1 to 9 step 1 | evaluate rows_near(x == 5, 1)",
)
def rows_near(use: Use) -> Relation:
    places, named = use.given(1, 3, "NumRows", "NumRowsAfter")
    if not use.scope.serialized:
        use.binder.problems.add("KQL403", use.span, function="rows_near")
    condition = use.binder.predicate(places[0], use.scope) if places else plan.Literal(None, BOOL)
    written = dict(zip(("NumRows", "NumRowsAfter"), places[1:], strict=False)) | named
    before = use.constant(written["NumRows"], LONG, "the number of rows") if "NumRows" in written else plan.Literal(0, LONG)
    after = use.constant(written["NumRowsAfter"], LONG, "the number of rows") if "NumRowsAfter" in written else before
    if use.wrong():
        return use.input
    near = Column("near", BOOL)
    found = use.apply("$near", condition, before, after)
    marked = plan.Project(plan.Sort(use.input, (), stable=True), (*passing(use.columns), (near, found)))
    return plan.Project(plan.Filter(marked, plan.Ref(near)), tuple(passing(use.columns)))


@plugin(
    "rolling_percentile(ValueColumn, Percentile, IndexColumn, BinSize, BinsPerWindow, dimension, …)",
    "For each bin of an axis the percentile of the values in it and in the bins before it.",
    "range t from 1 to 9 step 1 | evaluate rolling_percentile(t, 50, t, 3, 2)",
)
def rolling_percentile(use: Use) -> Relation:
    places, _ = use.given(5, None)
    if len(places) < 5:
        return use.input
    value, axis = use.column(places[0]), use.column(places[2])
    dimensions = [found for each in places[5:] if (found := use.column(each)) is not None]
    share = use.literal(places[1], REAL, "the percentile")
    bins = use.literal(places[4], LONG, "the number of bins")
    if value is None or axis is None or use.wrong():
        return use.input
    if axis.type not in (*NUMBERS, DATETIME, TIMESPAN):
        use.binder.problems.add("KQL303", places[2].span, given=axis.type.value, expected="a number, a datetime or a timespan")
        return use.input
    size = use.constant(places[3], TIMESPAN if axis.type is DATETIME else axis.type, "the size of a bin")
    begins = use.apply("bin", plan.Ref(axis), size)
    passed = [(Column(each.name, each.type), plan.Ref(each)) for each in dimensions]
    start, held = Column(axis.name, begins.type), Column("value", value.type)
    rows = plan.Shared(plan.Project(use.input, ((start, begins), *passed, (held, plan.Ref(value)))), "rows")
    ahead = Column("ahead", DYNAMIC)
    steps = use.apply("range", plan.Literal(0, LONG), plan.Literal(bins - 1, LONG), plan.Literal(1, LONG))
    every = plan.Unnest(rows, ((ahead, steps, "element"),), None, None)
    # a row counts in its own bin and in those that follow it
    later = use.apply("+", plan.Ref(start), use.apply("*", plan.Convert(plan.Ref(ahead), LONG), size))
    keys = [(start, later), *((each, plan.Ref(each)) for each, _ in passed)]
    written = str(int(share)) if float(share).is_integer() else str(share)
    name = f"rolling_{bins}_percentile_{value.name}_{written}"
    result = use.apply("$percentile", plan.Ref(held), plan.Literal(share, REAL))
    own = [(Column(column.name, made.type), made) for column, made in keys]
    rolled = plan.Aggregate(every, tuple(own), ((Column(name, result.type), result),))
    there = plan.Aggregate(rows, tuple((Column(c.name, c.type), plan.Ref(c)) for c in (start, *(c for c, _ in passed))), ())
    pairs = tuple(
        (plan.Ref(ours), plan.Ref(theirs)) for (ours, _), theirs in zip(own, plan.columns_of(there), strict=True)
    )
    return plan.Join("leftsemi", rolled, there, pairs, tuple((c, c) for c in plan.columns_of(rolled)))


def _lookup(use: Use, test: str) -> Relation:
    """The rows of a table whose ranges hold the address; those without one are asked for by return_unmatched."""
    places, named = use.given(3, None, "return_unmatched")
    if len(places) < 3 or use.wrong():
        return use.input
    table = use.binder.tabular(places[0], use.environment)
    address = use.column(places[1])
    theirs = {column.name: column for column in plan.columns_of(table)}
    unmatched = use.literal(named["return_unmatched"], BOOL, "return_unmatched") if "return_unmatched" in named else False
    keys = places[2:]
    if len(keys) > 1 and isinstance(keys[-1], syntax.Literal):
        unmatched = use.literal(keys.pop(), BOOL, "return_unmatched")
    found: list[Column] = []
    for key in keys:
        name = key.name if isinstance(key, syntax.Name) else ""
        if name in theirs:
            found.append(theirs[name])
        else:
            use.binder.problems.add("KQL211", key.span, side="the table", name=name or "this")
    if address is None or use.wrong():
        return use.input
    network, *extra = found
    own = {column.name: column for column in use.columns}
    pairs = tuple((plan.Ref(own[each.name]), plan.Ref(each)) for each in extra if each.name in own)
    kept = [column for column in theirs.values() if column not in extra]
    every = tuple((column, column) for column in (*use.columns, *kept))
    both = plan.Join("inner", use.input, table, pairs, every)
    text = plan.Ref(network) if network.type is STRING else plan.Convert(plan.Ref(network), STRING)
    inside = use.apply(test, plan.Ref(address), text)
    matched = plan.Filter(both, use.apply("coalesce", inside, plan.Literal(False, BOOL)))
    taken: set[str] = set()
    order = [*kept, *use.columns] if unmatched else [*use.columns, *kept]
    output: list[tuple[Column, plan.Scalar]] = []
    for column in order:
        name, number = column.name, 1
        while name in taken:
            name, number = f"{column.name}{number}", number + 1
        taken.add(name)
        output.append((Column(name, column.type), plan.Ref(column)))
    rows = plan.Project(matched, tuple(output))
    if not unmatched:
        return rows
    seen = plan.Aggregate(matched, tuple((Column(c.name, c.type), plan.Ref(c)) for c in (address, *(own[e.name] for e in extra))), ())
    on = tuple(
        (plan.Ref(ours), plan.Ref(there))
        for ours, there in zip((address, *(own[each.name] for each in extra)), plan.columns_of(seen), strict=True)
    )
    rest = plan.Join("leftanti", use.input, seen, on, tuple((c, c) for c in use.columns))
    alone = [
        (Column(name.name, name.type), value)
        for (name, value), column in zip(output, order, strict=True)
        if column in use.columns
    ]
    return united([("", rows), ("", plan.Project(rest, tuple(alone)))], False, "")


@plugin(
    "ipv4_lookup(LookupTable, SourceIPv4Key, IPv4LookupKey, ExtraKey, …, return_unmatched=…)",
    "Adds the rows of a table whose IPv4 ranges hold an address.",
    "print ip = '10.0.0.7' | evaluate ipv4_lookup((datatable(net: string, name: string)['10.0.0.0/8', 'inner']), ip, net)",
)
def ipv4_lookup(use: Use) -> Relation:
    return _lookup(use, "ipv4_is_in_range")


@plugin(
    "ipv6_lookup(LookupTable, SourceIPv6Key, IPv6LookupKey, return_unmatched=…)",
    "Adds the rows of a table whose IPv6 ranges hold an address.",
    "print ip = 'fe80::7' | evaluate ipv6_lookup((datatable(net: string, name: string)['fe80::/16', 'link']), ip, net)",
)
def ipv6_lookup(use: Use) -> Relation:
    return _lookup(use, "ipv6_is_in_range")


@plugin(
    "dcount_intersect(hll, …)",
    "How many values the sets behind several results of hll share: s0 of the first, s1 of the first two, and so on.",
    "range x from 1 to 9 step 1 | summarize a = hll(x), b = hll(x % 4) | evaluate dcount_intersect(a, b)",
)
def dcount_intersect(use: Use) -> Relation:
    places, _ = use.given(2, None)
    columns = [found for each in places if (found := use.column(each)) is not None]
    if use.wrong():
        return use.input
    entries: list[tuple[Column, plan.Scalar]] = []
    shared: plan.Scalar | None = None
    for place, column in enumerate(columns):
        shared = plan.Ref(column) if shared is None else use.apply("set_intersect", shared, plan.Ref(column))
        entries.append((Column(f"s{place}", LONG), use.apply("dcount_hll", shared)))
    return plan.Project(use.input, tuple(entries))


__all__ = ["dcount_intersect", "ipv4_lookup", "ipv6_lookup", "rolling_percentile", "rows_near"]
