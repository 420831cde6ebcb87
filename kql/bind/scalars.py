"""Binding of expressions: names, paths, calls, operators, each to a typed node."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from kql import mistakes, plan, reserved, syntax
from kql.bind import lets, names
from kql.bind.scope import FunctionBinding, ScalarBinding, Scope, TabularBinding, boundless, find
from kql.functions import catalogue
from kql.messages import nearest
from kql.types import BOOL, DATETIME, DYNAMIC, GUID, INT, LONG, NUMBERS, REAL, STRING, TIMESPAN, UNKNOWN, Type, widest

if TYPE_CHECKING:
    from kql.bind.binder import Binder

_NOTHING = plan.Literal(None, UNKNOWN)
_EQUALITY = frozenset({"==", "!=", "<>"})
_ORDERING = frozenset({"<", "<=", ">", ">="})
_ARITHMETIC = frozenset({"+", "-", "*", "/", "%"})
_ONE_SIDE = "convert one side first: tostring(…), toint(…) or the like"
_LISTS = frozenset({"in", "!in", "in~", "!in~", "has_any", "has_all"})


def bind(binder: Binder, expression: syntax.Expression, scope: Scope) -> plan.Scalar:
    match expression:
        case syntax.Literal(value, type, span):
            if type is LONG and isinstance(value, int) and value >= 2**63:
                binder.problems.add("KQL109", span, number=value)
                return plan.Literal(None, LONG)
            return plan.Literal(value, type)
        case syntax.Name():
            return _name(binder, expression, scope)
        case syntax.Member():
            return _member(binder, expression, scope)
        case syntax.Index(base, index):
            return _index(binder, base, index, scope, expression.span)
        case syntax.Call():
            return _call(binder, expression, scope)
        case syntax.TypeOf(types):
            return plan.Literal(types[0].value if types else "string", Type.TYPE)
        case syntax.Pipeline(source, operators, span):
            if operators or source is None:
                binder.problems.add("KQL208", span, "toscalar(…) makes a value of it", name="a pipeline")
                return _NOTHING
            return bind(binder, source, scope)
        case syntax.Star(span):
            binder.problems.add("KQL101", span, found="'*'")
        case syntax.DataTable(span=span):
            binder.problems.add("KQL208", span, "toscalar(…) makes a value of it", name="datatable")
        case syntax.Broken():
            pass
        case _:
            binder.problems.add("KQL208", expression.span, "toscalar(…) makes a value of it", name="this")
    return _NOTHING


def _name(binder: Binder, name: syntax.Name, scope: Scope) -> plan.Scalar:
    column = scope.column(name.name)
    if column is not None and name.name in reserved.LETS and not name.quoted:
        binder.problems.add("KQL111", name.span, name=name.name)
    if column is not None:
        if scope.aggregates and not scope.inside:
            binder.problems.add("KQL402", name.span, f"for example: take_any({name.name})")
            return plan.Literal(None, column.type)
        return plan.Ref(column)
    binding = scope.environment.get(name.name)
    match binding:
        case ScalarBinding():
            if binder.depth > binding.depth and plan.depends_on_rows(binding.value):
                hint = "a table within a value is computed once, not for each row; join compares rows"
                binder.problems.add("KQL305", name.span, hint, what=f"'{name.name}'")
                return _NOTHING
            return binding.value
        case TabularBinding():
            binder.problems.add("KQL208", name.span, f"toscalar({name.name}) makes a value of it", name=name.name)
            return _NOTHING
        case FunctionBinding():
            return lets.apply_scalar(binder, binding, (), name.span, scope)
    if boundless(scope.columns):
        return _NOTHING
    known = [column.name for column in scope.columns] + list(scope.environment.bindings)
    hint = mistakes.of_name(name.name) or nearest(name.name, known)
    if not hint and catalogue.find(name.name) is not None:
        hint = f"'{name.name}' is a function: write {name.name}(…)"
    elif not hint and scope.columns and len(known) <= 30:
        hint = "the columns here are: " + ", ".join(column.name for column in scope.columns)
    binder.problems.add("KQL201", name.span, hint, name=name.name)
    return _NOTHING


def _member(binder: Binder, member: syntax.Member, scope: Scope) -> plan.Scalar:
    if isinstance(member.base, syntax.Name) and member.base.name in ("$left", "$right"):
        side = scope.left if member.base.name == "$left" else scope.right
        if side is not None:
            column = find(side, member.name)
            if column is not None:
                return plan.Ref(column)
            if boundless(side):
                return _NOTHING
            where = "the left side" if member.base.name == "$left" else "the right side"
            hint = nearest(member.name, (column.name for column in side))
            binder.problems.add("KQL211", member.span, hint, side=where, name=member.name)
            return _NOTHING
    if isinstance(member.base, syntax.Name) and member.base.name in scope.named and scope.column(member.base.name) is None:
        columns = scope.named[member.base.name]
        if member.name in columns:
            return columns[member.name]
        binder.problems.add("KQL211", member.span, nearest(member.name, columns), side=f"'{member.base.name}'", name=member.name)
        return _NOTHING
    base = bind(binder, member.base, scope)
    return _path(binder, base, member.name, member.span)


def _path(binder: Binder, base: plan.Scalar, step: str | int | plan.Scalar, span: syntax.Span) -> plan.Scalar:
    if base.type is UNKNOWN:
        return _NOTHING
    if base.type is STRING:
        # the official analyser lets a path follow a string column that holds JSON; its value is always null there
        binder.problems.add(
            "KQL303", span, "parse_json(…) makes a dynamic of a text", given="string", expected="a dynamic value"
        )
        return _NOTHING
    if base.type is not DYNAMIC:
        binder.problems.add("KQL303", span, given=base.type.value, expected="a dynamic value")
        return _NOTHING
    path = plan.Path(base, step)
    binder.paths.setdefault(path, span)
    return path


def _index(
    binder: Binder, base: syntax.Expression, index: syntax.Expression, scope: Scope, span: syntax.Span
) -> plan.Scalar:
    if isinstance(base, syntax.Call) and isinstance(index, syntax.Literal) and len(names.parts(base)) > 1:
        from kql.bind.special import several

        parts = several(binder, base, scope)
        if isinstance(index.value, int) and 0 <= index.value < len(parts):
            return parts[index.value][1]
    value = bind(binder, base, scope)
    place = bind(binder, index, scope)
    if place.type is UNKNOWN:
        return _NOTHING if value.type is UNKNOWN else plan.Literal(None, DYNAMIC)
    if isinstance(place, plan.Literal) and isinstance(place.value, str | int) and place.type in (STRING, LONG, INT):
        return _path(binder, value, place.value, span)
    if place.type not in (STRING, LONG, INT, REAL, DYNAMIC):
        place = plan.Convert(place, STRING)
    return _path(binder, value, place, span)


# ---- calls -------------------------------------------------------------------------------------------------------
def _call(binder: Binder, call: syntax.Call, scope: Scope) -> plan.Scalar:
    """A function or an operator. `iff(a = 'x', 1, 2)` names its argument, which explains what is wrong with it."""
    first = len(binder.problems.found)
    bound = _called(binder, call, scope)
    if call.names and len(binder.problems.found) > first:
        last = binder.problems.found[-1]
        if last.code in ("KQL302", "KQL303"):
            binder.problems.found[-1] = replace(last, help="'==' compares; a single '=' only gives a name")
    return bound


def _called(binder: Binder, call: syntax.Call, scope: Scope) -> plan.Scalar:
    if call.name == ":":  # has, as search writes it
        call = replace(call, name="has")
    name, between = call.name, _infix(call.name)
    operands = call.arguments[:1] if name in _LISTS else call.arguments  # a list may be what an operator gives
    if between and any(getattr(argument, "is_operator", False) for argument in operands):
        # `print 1 == 1 == true` compares what print gives: an operator that begins a pipeline is an operand too
        binder.problems.add("KQL101", call.name_span, "comparisons do not chain: put one into brackets", found=f"'{name}'")
        return plan.Literal(None, BOOL)
    if name in ("and", "or"):
        return _logic(binder, call, scope)
    if between and name[0].isalpha() and call.name_span[0] == call.span[0] and name not in ("negate", "plus"):
        hint = f"'{name}' stands between its operands: text {name} \"…\""
        binder.problems.add("KQL203", call.name_span, hint, name=name)
        return plan.Literal(None, BOOL)
    if name in _LISTS:
        return _list(binder, call, scope)
    if call.arguments and isinstance(call.arguments[0], syntax.Star) and (between or not name[0].isalpha()):
        return _any_column(binder, call, scope)
    if between and len(call.arguments) == 2:
        left, right = (bind(binder, argument, scope) for argument in call.arguments)
        return infix(binder, name, left, right, call.span)
    binding = scope.environment.get(name)
    if isinstance(binding, FunctionBinding):
        return lets.apply_scalar(binder, binding, call.arguments, call.span, scope, call.names)
    binder.bounds.function(name, call.name_span)
    from kql.bind import special as specials
    from kql.bind import windowed

    special = specials.SPECIAL.get(name) or windowed.SPECIAL.get(name)
    if special is not None:
        return special(binder, call, scope)
    function = catalogue.find(name)
    if function is None:
        binder._unknown_function(call, scope.environment)
        for argument in call.arguments:
            if not isinstance(argument, syntax.Star):
                bind(binder, argument, scope)
        return _NOTHING
    if function.refused:
        binder.problems.add("KQL501", call.name_span, what=f"{name}()", reason=function.refused)
        return _NOTHING
    if function.kind == "aggregate":
        beside = None if scope.aggregates else catalogue.find(f"${name}")
        if beside is None or beside.kind != "scalar":
            return _aggregate(binder, call, scope)
        function = beside  # hll_merge and its kin are functions of a row too
    if all(overload.returns == "Any" for overload in function.overloads):
        binder.problems.add("KQL208", call.span, "toscalar(…) makes a value of it", name=f"{name}()")
        return _NOTHING
    if function.parts:
        from kql.bind.special import first_of_several

        return first_of_several(binder, call, scope)
    if function.kind == "window" and not scope.serialized:
        binder.problems.add("KQL403", call.name_span, function=f"{name}()")
    arguments = tuple(bind(binder, argument, scope) for argument in call.arguments)
    return binder.call(function, arguments, call.span, written=name)


def _infix(name: str) -> bool:
    function = catalogue.find(name)
    return function is not None and function.kind == "infix"


def _aggregate(binder: Binder, call: syntax.Call, scope: Scope) -> plan.Scalar:
    function = catalogue.find(call.name)
    assert function is not None
    if not scope.aggregates:
        help = f"for example: summarize {call.name}(…) by …, then where"
        binder.problems.add("KQL212", call.name_span, help, name=call.name)
        return _NOTHING
    inner = scope.within_aggregate()
    arguments = []
    for argument in call.arguments:
        if isinstance(argument, syntax.Star):
            help = "count() counts rows; it needs no '*'" if call.name == "count" else ""
            binder.problems.add("KQL101", argument.span, help, found="'*'")
            return _NOTHING
        arguments.append(bind(binder, argument, inner))
    return binder.call(function, tuple(arguments), call.span, written=call.name)


# ---- operators ---------------------------------------------------------------------------------------------------
def _logic(binder: Binder, call: syntax.Call, scope: Scope) -> plan.Scalar:
    arguments = tuple(binder.predicate(argument, scope) for argument in call.arguments)
    if any(argument.type is UNKNOWN for argument in arguments):
        return plan.Literal(None, BOOL)
    return binder.apply(call.name, arguments, call.span)


def infix(binder: Binder, name: str, left: plan.Scalar, right: plan.Scalar, span: syntax.Span) -> plan.Scalar:
    """An infix operator over bound operands, converted as KQL does."""
    if UNKNOWN in (left.type, right.type):
        return plan.Literal(None, BOOL if name not in _ARITHMETIC else UNKNOWN)
    if name in _EQUALITY or name in _ORDERING:
        pair = _comparable(name, left, right)
        if pair is None:
            hint = _ONE_SIDE if DYNAMIC in (left.type, right.type) else ""
            binder.problems.add("KQL306", span, hint, operator=name, left=left.type.value, right=right.type.value)
            return plan.Literal(None, BOOL)
        left, right = pair
    elif name in ("=~", "!~") and not {left.type, right.type} <= {STRING, DYNAMIC}:
        # published queries compare a dynamic with true this way; as texts, letter case aside, they are the same
        left, right = _as(left, STRING), _as(right, STRING)
    elif name in _ARITHMETIC and left.type is right.type is DYNAMIC:
        binder.problems.add("KQL306", span, _ONE_SIDE, operator=name, left="dynamic", right="dynamic")
        return plan.Literal(None, UNKNOWN)
    elif name in _ARITHMETIC and DYNAMIC in (left.type, right.type):
        # a dynamic beside a number is read as that number's type (long for int)
        other = right.type if left.type is DYNAMIC else left.type
        target = LONG if other is INT else other
        if target in (*NUMBERS, DATETIME, TIMESPAN):
            left = plan.Convert(left, target) if left.type is DYNAMIC else left
            right = plan.Convert(right, target) if right.type is DYNAMIC else right
    elif name in _ARITHMETIC:
        left, right = _dated(left, right), _dated(right, left)
        if left.type is right.type is STRING:
            # two constant texts would be read as timespans otherwise
            function = catalogue.find(name)
            assert function is not None
            binder._no_overload(function, (left, right), span, name)
            return plan.Literal(None, UNKNOWN)
    return binder.apply(name, (left, right), span, written=name)


def _dated(value: plan.Scalar, other: plan.Scalar) -> plan.Scalar:
    """A text constant beside a datetime is read as one."""
    from kql.bind.binder import parse_constant

    if isinstance(value, plan.Literal) and value.type is STRING and other.type is DATETIME:
        return plan.Literal(parse_constant(str(value.value), DATETIME), DATETIME)
    return value


def _comparable(name: str, left: plan.Scalar, right: plan.Scalar) -> tuple[plan.Scalar, plan.Scalar] | None:
    """Both sides in one type, or None where KQL has no such comparison."""
    from kql.bind.binder import parse_constant

    one, two = left.type, right.type
    if one is two:
        # two dynamics have no type to be compared in (kql-semantics 6.2)
        return None if one is DYNAMIC else (left, right)
    if {one, two} <= NUMBERS:
        return left, right
    for mine, theirs in ((one, two), (two, one)):
        if mine is DYNAMIC:
            if theirs is STRING and name in _ORDERING:
                return None
            target = REAL if theirs in NUMBERS else theirs
            if theirs is STRING:
                target = STRING
            return (
                plan.Convert(left, target) if one is DYNAMIC else left,
                plan.Convert(right, target) if two is DYNAMIC else right,
            )
    for value, other, swap in ((left, two, False), (right, one, True)):
        if isinstance(value, plan.Literal) and value.type is STRING and other in (DATETIME, TIMESPAN, GUID):
            parsed = plan.Literal(parse_constant(str(value.value), other), other)
            return (left, parsed) if swap else (parsed, right)
    if name in _EQUALITY and STRING in (one, two) and {one, two} & {DATETIME, TIMESPAN, GUID}:
        read = two if one is STRING else one  # a text in a column is read as one that is written
        return _as(left, read), _as(right, read)
    if BOOL in (one, two) and (one in NUMBERS or two in NUMBERS):
        number = two if one is BOOL else one
        return _as(left, number), _as(right, number)
    if name in _ORDERING:
        return None
    # Microsoft's analyser lets values of any two types be equal; they are when their texts are
    return _as(left, STRING), _as(right, STRING)


def _as(value: plan.Scalar, type: Type) -> plan.Scalar:
    return value if value.type is type else plan.Convert(value, type)


def _any_column(binder: Binder, call: syntax.Call, scope: Scope) -> plan.Scalar:
    """`* contains "x"`: true where it holds for any column; `* !contains "x"`: where it does for all."""
    tests = []
    right = bind(binder, call.arguments[1], scope)
    for column in scope.columns:
        value: plan.Scalar = plan.Ref(column)
        if column.type is not STRING:
            value = plan.Convert(value, STRING)
        tests.append(infix(binder, call.name, value, right, call.span))
    if not tests:
        return plan.Literal(False, BOOL)
    word = "and" if call.name.startswith("!") else "or"
    return binder.apply(word, tuple(tests), call.span) if len(tests) > 1 else tests[0]


def _list(binder: Binder, call: syntax.Call, scope: Scope) -> plan.Scalar:
    """`in`, `!in`, `has_any` and their kin: a list of values, dynamic arrays, or a table."""
    first, *rest = call.arguments
    if isinstance(first, syntax.Star):
        tests = [
            _list(binder, replace(call, arguments=(syntax.Name(column.name, first.span, quoted=True), *rest)), scope)
            for column in scope.columns
            if column.type in (STRING, DYNAMIC)
        ]
        if not tests:
            return plan.Literal(False, BOOL)  # as for a comparison: no column holds it
        return binder.apply("or", tuple(tests), call.span) if len(tests) > 1 else tests[0]
    value = bind(binder, first, scope)
    if len(rest) == 1 and _is_table(binder, rest[0], scope):
        relation = binder.apart(rest[0], scope.environment)
        if value.type is UNKNOWN or not plan.columns_of(relation):
            return plan.Literal(None, BOOL)
        if call.name in ("has_any", "has_all"):
            column = plan.columns_of(relation)[0]
            gathered = plan.Aggregate(
                relation,
                (),
                ((plan.Column("list", DYNAMIC), binder.apply("make_list", (plan.Ref(column),), call.span)),),
            )
            return binder.apply(call.name, (value, plan.ScalarQuery(gathered, DYNAMIC)), call.span)
        return _membership(call, value, relation)
    candidates = [bind(binder, argument, scope) for argument in rest]
    if value.type is UNKNOWN or any(each.type is UNKNOWN for each in candidates):
        return plan.Literal(None, BOOL)
    word = call.name.removeprefix("!")
    if word != "in" and value.type not in (STRING, DYNAMIC):
        given = candidates[0].type if candidates else STRING
        binder.problems.add("KQL306", call.span, _ONE_SIDE, operator=call.name, left=value.type.value, right=given.value)
        return plan.Literal(None, BOOL)
    if word != "in":
        texts = (each if each.type is DYNAMIC else _as(each, STRING) for each in candidates)
        return binder.apply(call.name, (_as(value, STRING), *texts), call.span)
    # what a value is compared as hangs on the other one: 1 meets '1' as a text
    met: dict[Type, tuple[plan.Scalar, list[plan.Scalar]]] = {}
    for candidate in candidates:
        array = candidate.type is DYNAMIC  # one that is looked into
        mine = _as(value, STRING) if array and value.type is DYNAMIC else value
        pair = (mine, candidate) if array else _comparable("==", value, candidate)
        assert pair is not None  # only two dynamics cannot be compared
        met.setdefault(pair[0].type, (pair[0], []))[1].append(pair[1])
    if len(met) < 2:
        alone, among_them = met.popitem()[1] if met else (value, [])
        return binder.apply(call.name, (alone, *among_them), call.span)
    each_way = tuple(binder.apply("in", (one, *others), call.span) for one, others in met.values())
    among = binder.apply("or", each_way, call.span)
    return among if call.name == "in" else binder.apply("not", (among,), call.span)


def _membership(call: syntax.Call, value: plan.Scalar, relation: plan.Relation) -> plan.Scalar:
    """`in` over a table: its first column and the value meet in one type, as they would in `==`."""
    column = plan.columns_of(relation)[0]
    member: plan.Scalar = plan.Ref(column)
    if call.name.endswith("~") or value.type is column.type is DYNAMIC:
        value, member = _as(value, STRING), _as(member, STRING)
    elif value.type is not column.type and {value.type, column.type} <= NUMBERS:
        wide = widest((value.type, column.type))
        value, member = _as(value, wide), _as(member, wide)
    else:
        value, member = _comparable("==", value, member) or (value, member)
    if not isinstance(member, plan.Ref):
        relation = plan.Project(relation, ((plan.Column(column.name, member.type), member),))
    return plan.Membership(value, relation, call.name.endswith("~"), call.name.startswith("!"))


def _is_table(binder: Binder, expression: syntax.Expression, scope: Scope) -> bool:
    if isinstance(expression, syntax.Name):
        if scope.column(expression.name) is not None:
            return False
        if scope.environment.get(expression.name) is None and binder.schema.table(expression.name) is None:
            return False
    return binder.is_tabular(expression, scope.environment)


__all__ = ["bind", "infix", "names"]
