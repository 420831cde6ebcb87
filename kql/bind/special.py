"""Functions that a signature cannot describe: they look at names, at all columns, or at a table."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

from kql import plan, syntax
from kql.bind import names
from kql.bind.scope import ScalarBinding, Scope, find
from kql.types import BOOL, DATETIME, DYNAMIC, INT, LONG, REAL, STRING, UNKNOWN, common

if TYPE_CHECKING:
    from kql.bind.binder import Binder

_NOTHING = plan.Literal(None, UNKNOWN)


def toscalar(binder: Binder, call: syntax.Call, scope: Scope) -> plan.Scalar:
    """The first column of the first row, computed once."""
    if len(call.arguments) != 1:
        binder.problems.add("KQL301", call.span, function="toscalar()", expected="one table", given=len(call.arguments))
        return _NOTHING
    (argument,) = call.arguments
    if not binder.is_tabular(argument, scope.environment):
        return binder.constant(argument, scope, "the argument of toscalar")
    volatile = binder.volatile
    relation = binder.apart(argument, scope.environment)
    columns = plan.columns_of(relation)
    if binder.volatile != volatile:  # a value drawn by lot, which must be one wherever a name for it stands
        relation = plan.Shared(relation, "drawn")
    return plan.ScalarQuery(relation, columns[0].type) if columns else _NOTHING


def pack_all(binder: Binder, call: syntax.Call, scope: Scope) -> plan.Scalar:
    """A bag of all columns by name."""
    arguments: list[plan.Scalar] = []
    for column in scope.columns:
        arguments += [plan.Literal(column.name, STRING), plan.Ref(column)]
    ignoring = (
        bool(call.arguments) and isinstance(call.arguments[0], syntax.Literal) and call.arguments[0].value is True
    )
    bag = binder.apply("bag_pack", tuple(arguments), call.span)
    return binder.apply("$without_empty", (bag,), call.span) if ignoring else bag


def column_ifexists(binder: Binder, call: syntax.Call, scope: Scope) -> plan.Scalar:
    """The column if there is one, else the other value."""
    if len(call.arguments) == 2:
        name = binder.constant(call.arguments[0], scope, "the column's name")
        if isinstance(name, plan.Literal):
            column = find(scope.columns, str(name.value))
            return plan.Ref(column) if column is not None else binder.scalar(call.arguments[1], scope)
        return _NOTHING
    binder.problems.add(
        "KQL301", call.span, function=f"{call.name}()", expected="2 arguments", given=len(call.arguments)
    )
    return _NOTHING


def iscolumnexists(binder: Binder, call: syntax.Call, scope: Scope) -> plan.Scalar:
    """Whether there is a column of that name."""
    name = binder.constant(call.arguments[0], scope, "the column's name") if len(call.arguments) == 1 else _NOTHING
    if isinstance(name, plan.Literal) and name.type is STRING:
        return plan.Literal(find(scope.columns, str(name.value)) is not None, BOOL)
    binder.problems.add("KQL301", call.span, function="iscolumnexists()", expected="a column's name", given="that")
    return plan.Literal(None, BOOL)


def not_(binder: Binder, call: syntax.Call, scope: Scope) -> plan.Scalar:
    """Negation of a condition, over a dynamic too."""
    if len(call.arguments) != 1:
        binder.problems.add("KQL301", call.span, function="not()", expected="1 argument", given=len(call.arguments))
        return plan.Literal(None, BOOL)
    value = binder.predicate(call.arguments[0], scope)
    return value if value.type is UNKNOWN else binder.apply("not", (value,), call.span)


def conditional(binder: Binder, call: syntax.Call, scope: Scope) -> plan.Scalar:
    """iff and case: their conditions may be dynamic; their values share a type."""
    from kql.bind.scalars import bind
    from kql.functions import catalogue

    function = catalogue.find(call.name)
    assert function is not None
    count = len(call.arguments)
    arguments = []
    for position, argument in enumerate(call.arguments):
        is_condition = position < count - 1 and position % 2 == 0
        arguments.append(binder.predicate(argument, scope) if is_condition else bind(binder, argument, scope))
    if call.name == "case" and (count < 3 or count % 2 == 0):
        binder.problems.add(
            "KQL301", call.span, "case(condition, value, …, otherwise)", function="case()",
            expected="pairs and one more value", given=f"{count} arguments",
        )  # fmt: skip
        return _NOTHING
    places = [place for place in range(count) if place == count - 1 or place % 2]
    known = [arguments[place].type for place in places if arguments[place].type is not UNKNOWN]
    if any(argument.type is UNKNOWN for argument in arguments):
        return plan.Literal(None, known[0] if known else UNKNOWN)
    if call.name != "case" and count != 3:
        return binder.call(function, tuple(arguments), call.span, written=call.name)
    if REAL in known and not {INT, LONG}.isdisjoint(known):
        # Microsoft's analyser would widen them, the engine refuses them (kql-semantics 13.1)
        given = " and ".join(sorted({type.value for type in known}))
        binder.problems.add("KQL304", call.span, "toreal(…) makes them one", function=f"{call.name}()", given=given)
        return plan.Literal(None, REAL)
    result = common(known) or DYNAMIC  # values of several types meet in a dynamic, as Microsoft's analyser has it
    fitted = [binder.fit(a, result, call.span) if i in places else a for i, a in enumerate(arguments)]
    return plan.Call(function, function.overloads[0], tuple(fitted), result)


def bag_pack_columns(binder: Binder, call: syntax.Call, scope: Scope) -> plan.Scalar:
    """A bag of the given columns by name."""
    arguments: list[plan.Scalar] = []
    for argument in call.arguments:
        value = binder.scalar(argument, scope)
        if not isinstance(argument, syntax.Name):
            binder.problems.add("KQL301", argument.span, function="bag_pack_columns()", expected="names of columns", given="a value")
            return _NOTHING
        arguments += [plan.Literal(argument.name, STRING), value]
    return binder.apply("bag_pack", tuple(arguments), call.span)


def column_names_of(binder: Binder, call: syntax.Call, scope: Scope) -> plan.Scalar:
    """The names of a table's columns, known without reading it."""
    if len(call.arguments) != 1 or not binder.is_tabular(call.arguments[0], scope.environment):
        binder.problems.add("KQL301", call.span, function="column_names_of()", expected="one table", given=len(call.arguments))
        return _NOTHING
    columns = plan.columns_of(binder.tabular(call.arguments[0], scope.environment))
    return plan.Literal(json.dumps([column.name for column in columns], ensure_ascii=False), DYNAMIC)


def coalesce(binder: Binder, call: syntax.Call, scope: Scope) -> plan.Scalar:
    """A dynamic beside scalars: what comes out is dynamic."""
    from kql.functions import catalogue

    function = catalogue.find("coalesce")
    assert function is not None
    values = tuple(binder.scalar(argument, scope) for argument in call.arguments)
    types = {value.type for value in values}
    if DYNAMIC in types and len(types) > 1 and UNKNOWN not in types:
        values = tuple(value if value.type is DYNAMIC else plan.Convert(value, DYNAMIC) for value in values)
    return binder.call(function, values, call.span, written=call.name)


def bin_auto(binder: Binder, call: syntax.Call, scope: Scope) -> plan.Scalar:
    """Like bin, with the size and the point where bins begin that the query has set before."""
    from kql.functions import catalogue

    size, at = (scope.environment.get(f"\0query_bin_auto_{name}") for name in ("size", "at"))
    function = catalogue.find("bin_auto")
    assert function is not None
    if not isinstance(size, ScalarBinding):
        binder.problems.add("KQL501", call.name_span, what="bin_auto()", reason=function.refused)
        return _NOTHING
    if len(call.arguments) != 1:
        binder.problems.add("KQL301", call.span, function="bin_auto()", expected="1 argument", given=len(call.arguments))
        return _NOTHING
    value = binder.scalar(call.arguments[0], scope)
    if isinstance(at, ScalarBinding):
        return binder.apply("bin_at", (value, size.value, at.value), call.span)
    return binder.apply("bin", (value, size.value), call.span)


def moment(binder: Binder, call: syntax.Call, scope: Scope) -> plan.Scalar:
    """now() and ago(), from the time that the query has set before, where it has."""
    from kql.functions import catalogue

    function = catalogue.find(call.name)
    assert function is not None
    arguments = tuple(binder.scalar(argument, scope) for argument in call.arguments)
    found = binder.call(function, arguments, call.span, written=call.name)
    told = scope.environment.get("\0query_now")
    if not isinstance(told, ScalarBinding) or found.type is UNKNOWN:
        return found
    at = binder.fit(told.value, DATETIME, call.span)
    return binder.apply("-" if call.name == "ago" else "+", (at, *arguments), call.span) if arguments else at


def several(binder: Binder, call: syntax.Call, scope: Scope) -> list[tuple[str, plan.Scalar]]:
    """The columns that a call stands for, by their automatic names: series_stats(s), array_sort_asc(a, b)."""
    from kql.bind.scalars import bind
    from kql.functions import catalogue

    function = catalogue.find(call.name)
    assert function is not None
    arguments = tuple(bind(binder, argument, scope) for argument in call.arguments)
    value = binder.call(function, arguments, call.span, written=call.name)
    columns = names.parts(call)
    if value.type is UNKNOWN or (len(columns) == 1 and function.parts[0][0].startswith("*")):
        return [(columns[0][0] if columns else "", value)]
    made: list[tuple[str, plan.Scalar]] = []
    for place, (name, type) in enumerate(columns):
        step = place if function.parts[0][0].startswith("*") else function.parts[place][0]
        part: plan.Scalar = plan.Path(value, step)
        made.append((name, part if type is DYNAMIC else plan.Convert(part, type)))
    return made


def first_of_several(binder: Binder, call: syntax.Call, scope: Scope) -> plan.Scalar:
    """Where one value is asked for, the first column."""
    return several(binder, call, scope)[0][1]


SPECIAL: dict[str, Callable[[Binder, syntax.Call, Scope], plan.Scalar]] = {
    "toscalar": toscalar,
    "pack_all": pack_all,
    "column_ifexists": column_ifexists,
    "columnifexists": column_ifexists,
    "iscolumnexists": iscolumnexists,
    "bag_pack_columns": bag_pack_columns,
    "column_names_of": column_names_of,
    "bin_auto": bin_auto,
    "now": moment,
    "ago": moment,
    "coalesce": coalesce,
    "not": not_,
    "iff": conditional,
    "iif": conditional,
    "case": conditional,
}
