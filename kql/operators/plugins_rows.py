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
    unmatched = _switch(use, named, "return_unmatched")
    keys = places[2:]
    if len(keys) > 1 and isinstance(keys[-1], syntax.Literal):
        unmatched = bool(use.literal(keys.pop(), BOOL, "return_unmatched"))
    found = [column for key in keys if (column := _of_table(use, theirs, key)) is not None]
    if address is None or use.wrong():
        return use.input
    network, *extra = found
    own = {column.name: column for column in use.columns}
    pairs = tuple((plan.Ref(own[each.name]), plan.Ref(each)) for each in extra if each.name in own)
    kept = [column for column in theirs.values() if column not in extra]
    text = plan.Ref(network) if network.type is STRING else plan.Convert(plan.Ref(network), STRING)
    inside = use.apply(test, plan.Ref(address), text)
    by = (address, *(own[each.name] for each in extra))
    # with rows that have no range the table's columns come first, as the service has it
    return _beside(use, table, pairs, inside, kept, by, unmatched, table_first=unmatched)


def _switch(use: Use, named: dict[str, syntax.Expression], name: str) -> bool:
    return bool(use.literal(named[name], BOOL, name)) if name in named else False


def _of_table(use: Use, theirs: dict[str, Column], key: syntax.Expression) -> Column | None:
    name = key.name if isinstance(key, syntax.Name) else ""
    if name not in theirs:
        use.binder.problems.add("KQL211", key.span, side="the table", name=name or "this")
    return theirs.get(name)


def _beside(
    use: Use, table: Relation, pairs: tuple[tuple[plan.Scalar, plan.Scalar], ...], condition: plan.Scalar,
    kept: list[Column], by: tuple[Column, ...], unmatched: bool, *, table_first: bool = False,
) -> Relation:  # fmt: skip
    """The rows with those of the table for which the condition holds; `unmatched`: also the rows that have none, told
    apart by the columns `by`."""
    every = tuple((column, column) for column in (*use.columns, *plan.columns_of(table)))
    both = plan.Join("inner", use.input, table, pairs, every)
    matched = plan.Filter(both, use.apply("coalesce", condition, plan.Literal(False, BOOL)))
    taken: set[str] = set()
    order = [*kept, *use.columns] if table_first else [*use.columns, *kept]
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
    seen = plan.Aggregate(matched, tuple((Column(each.name, each.type), plan.Ref(each)) for each in by), ())
    on = tuple((plan.Ref(ours), plan.Ref(there)) for ours, there in zip(by, plan.columns_of(seen), strict=True))
    rest = plan.Join("leftanti", use.input, seen, on, tuple((c, c) for c in use.columns))
    alone = [
        (Column(shown.name, shown.type), value)
        for (shown, value), column in zip(output, order, strict=True)
        if column in use.columns
    ]
    return united([("", rows), ("", plan.Project(rest, tuple(alone)))], False, "")


def _place(use: Use, line: bool) -> Relation:
    """The rows of a table whose shapes lie at a point, or within a radius of it."""
    names = ("return_unmatched", "return_lookup_key", "radius", "lookup_area_radius")
    places, named = use.given(5 if line else 4, 8, *names)
    if len(places) < 4 or use.wrong():
        return use.input
    written = dict(zip(("radius", "return_unmatched", "lookup_area_radius", "return_lookup_key"), places[4:], strict=False)) | named
    table = use.binder.tabular(places[0], use.environment)
    shape = _of_table(use, {column.name: column for column in plan.columns_of(table)}, places[1])
    longitude, latitude = use.column(places[2]), use.column(places[3])
    if shape is None or longitude is None or latitude is None or use.wrong():
        return use.input
    point = tuple(plan.Ref(each) if each.type is REAL else plan.Convert(plan.Ref(each), REAL) for each in (longitude, latitude))
    if line or "radius" in written:
        distance = use.apply(f"geo_distance_point_to_{'line' if line else 'polygon'}", *point, plan.Ref(shape))
        condition = use.apply("<=", distance, use.constant(written["radius"], REAL, "the radius"))
    else:
        condition = use.apply("geo_point_in_polygon", *point, plan.Ref(shape))
    kept = [each for each in plan.columns_of(table) if each is not shape or _switch(use, written, "return_lookup_key")]
    return _beside(use, table, (), condition, kept, (longitude, latitude), _switch(use, written, "return_unmatched"))


@plugin(
    "geo_polygon_lookup(LookupTable, LookupPolygonKey, SourceLongitude, SourceLatitude, radius, return_unmatched,"
    " lookup_area_radius, return_lookup_key)",
    "Adds the rows of a table in whose polygons a point lies, or no further from them than a radius in meters.",
    "print lon = 1.0, lat = 1.0 | evaluate geo_polygon_lookup((print name = 'square', p ="
    " dynamic({'type': 'Polygon', 'coordinates': [[[0, 0], [2, 0], [2, 2], [0, 2], [0, 0]]]})), p, lon, lat)",
)
def geo_polygon_lookup(use: Use) -> Relation:
    return _place(use, line=False)


@plugin(
    "geo_line_lookup(LookupTable, LookupLineKey, SourceLongitude, SourceLatitude, radius, return_unmatched,"
    " lookup_area_radius, return_lookup_key)",
    "Adds the rows of a table whose lines lie within a radius, in meters, of a point.",
    "print lon = 1.0, lat = 0.0 | evaluate geo_line_lookup((print name = 'line', p ="
    " dynamic({'type': 'LineString', 'coordinates': [[0, 0], [2, 0]]})), p, lon, lat, 10)",
)
def geo_line_lookup(use: Use) -> Relation:
    return _place(use, line=True)


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


__all__ = [
    "dcount_intersect", "geo_line_lookup", "geo_polygon_lookup", "ipv4_lookup", "ipv6_lookup", "rolling_percentile",
    "rows_near",
]  # fmt: skip
