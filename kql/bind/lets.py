"""What statements bind: lets, user functions and query parameters; and calls of those functions, put in place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from kql import plan, syntax
from kql.bind.scope import (
    Binding,
    Environment,
    FunctionBinding,
    PatternBinding,
    ScalarBinding,
    Scope,
    TabularBinding,
    boundless,
    find,
)
from kql.messages import nearest
from kql.plan import Relation
from kql.types import BOOL, NUMBERS, STRING, UNKNOWN, Type

if TYPE_CHECKING:
    from kql.bind.binder import Binder

_NOTHING = plan.Literal(None, UNKNOWN)
_REFUSED = {
    "alias database": "an estate is one database",
    "restrict access": "what may be read is said where the query is asked, by its subscriptions",
}
OPTIONS = frozenset({"query_bin_auto_size", "query_bin_auto_at", "query_now"})  # those that a function reads
MAX_CALL_DEPTH = 40
MAX_INLINED = 2_000
MAX_REPEATED = 60  # a let of more steps than this is not written out twice


def bind_statements(binder: Binder, statements: tuple[syntax.Statement, ...], environment: Environment) -> Environment:
    for statement in statements:
        match statement:
            case syntax.Let():
                binder.bounds.statement("let", statement.span)
                if environment.get(statement.name) is not None and statement.name in _here(
                    statements, statement
                ):
                    binder.problems.add("KQL206", statement.name_span, name=statement.name)
                environment = environment.with_(statement.name, _let(binder, statement, environment))
            case syntax.DeclareParameters(parameters):
                binder.bounds.statement("declare", statement.span)
                for parameter in parameters:
                    environment = _declare(binder, parameter, environment)
            case syntax.DeclarePattern(name):
                binder.bounds.statement("declare", statement.span)
                environment = environment.with_(name, PatternBinding(statement, environment))
            case syntax.RefusedStatement(words, span):
                binder.problems.add("KQL501", span, what=f"the statement '{words}'", reason=_REFUSED[words])
            case syntax.SetOption(name, span, value):
                binder.bounds.statement("set", span)
                if value is not None and name in OPTIONS:
                    told = binder.constant(value, Scope((), environment), f"what '{name}' is set to")
                    environment = environment.with_(f"\0{name}", ScalarBinding(told))
    return environment


def _here(statements: tuple[syntax.Statement, ...], last: syntax.Let) -> set[str]:
    """The names that the statements before one have bound."""
    names = set()
    for statement in statements:
        if statement is last:
            break
        if isinstance(statement, syntax.Let):
            names.add(statement.name)
    return names


def _let(binder: Binder, let: syntax.Let, environment: Environment) -> ScalarBinding | TabularBinding | FunctionBinding:
    value = let.value
    if isinstance(value, syntax.Lambda):
        binding = FunctionBinding(let.name, value, environment)
        if not value.parameters and value.body is not None:
            # checked where it is defined, as a body without parameters can be
            _check_body(binder, binding)
        return binding
    if binder.is_tabular(value, environment):
        return TabularBinding(_Table(binder, let.name, value, environment), let.name)
    return ScalarBinding(binder.scalar(value, Scope((), environment)), binder.depth)


class _Table:
    """The relation of a table's name, one for each use. A large one is computed once and read by all its further uses,
    so that lets over lets do not double the plan with each."""

    def __init__(self, binder: Binder, name: str, value: syntax.Expression, environment: Environment) -> None:
        self._bind: Callable[[], Relation] = lambda: binder.apart(value, environment)
        self._renamed, self._name = binder.renamed, name
        self._first: Relation | None = self._bind()
        self._shared = self._first if isinstance(self._first, plan.Shared) else None

    def __call__(self) -> Relation:
        relation, self._first = self._first, None
        if self._shared is not None:
            return self._renamed(self._shared)
        if relation is None:
            relation = self._bind()
            if plan.steps(relation, MAX_REPEATED) >= MAX_REPEATED:
                self._shared = plan.Shared(relation, self._name)
                return self._renamed(self._shared)
        return relation


def _check_body(binder: Binder, binding: FunctionBinding) -> None:
    environment = bind_statements(binder, binding.definition.statements, binding.around)
    assert binding.definition.body is not None
    if binder.is_tabular(binding.definition.body, environment):
        binder.tabular(binding.definition.body, environment)
    else:
        binder.scalar(binding.definition.body, Scope((), environment))


def _declare(binder: Binder, parameter: syntax.Parameter, environment: Environment) -> Environment:
    type = parameter.type or STRING
    binder.parameters[parameter.name] = type
    if parameter.default is not None:
        value = binder.constant(parameter.default, Scope((), environment), f"the default of '{parameter.name}'")
        converted = binder.fit(value, type, parameter.default.span)
        if isinstance(converted, plan.Literal):
            binder.defaults[parameter.name] = converted
        elif not binder.problems.errors:
            binder.problems.add("KQL305", parameter.default.span, what=f"the default of '{parameter.name}'")
    else:
        binder.required[parameter.name] = parameter.span
    return environment.with_(parameter.name, ScalarBinding(plan.Parameter("p_" + parameter.name, type)))


def is_tabular(binder: Binder, binding: FunctionBinding) -> bool:
    body = binding.definition.body
    if body is None:
        return True
    environment = binding.around
    for parameter in binding.definition.parameters:
        environment = environment.with_(
            parameter.name,
            TabularBinding(lambda: binder.nothing()) if parameter.schema is not None else ScalarBinding(_NOTHING),
        )
    for statement in binding.definition.statements:
        if isinstance(statement, syntax.Let):
            value = statement.value
            known = (
                FunctionBinding(statement.name, value, environment)
                if isinstance(value, syntax.Lambda)
                else (
                    TabularBinding(lambda: binder.nothing())
                    if binder.is_tabular(value, environment)
                    else ScalarBinding(_NOTHING)
                )
            )
            environment = environment.with_(statement.name, known)
    return binder.is_tabular(body, environment)


# ---- patterns ----------------------------------------------------------------------------------------------------
def chosen(expression: syntax.Expression, environment: Environment) -> tuple[PatternBinding, syntax.Call, str] | None:
    """The pattern that an expression asks, with the call and the path behind it: country("USA").["New York"]."""
    call, path = (expression.base, expression.name) if isinstance(expression, syntax.Member) else (expression, "")
    if not isinstance(call, syntax.Call):
        return None
    binding = environment.get(call.name)
    return (binding, call, path) if isinstance(binding, PatternBinding) else None


def apply_pattern(binder: Binder, pattern: PatternBinding, call: syntax.Call, path: str, environment: Environment) -> Relation:
    """The rows of the one choice whose constants are the call's and whose path is the one behind it."""
    parameters = pattern.definition.parameters
    if len(call.arguments) != len(parameters):
        expected = f"{len(parameters)} argument" + "s" * (len(parameters) != 1)
        binder.problems.add("KQL301", call.span, function=f"{call.name}()", expected=expected, given=len(call.arguments))
        return binder.nothing()

    def constants(given: tuple[syntax.Expression, ...], around: Environment) -> list[object]:
        bound = [binder.constant(each, Scope((), around), f"an argument of {call.name}") for each in given]
        fitted = [
            binder.fit(value, parameter.type or STRING, each.span)
            for value, parameter, each in zip(bound, parameters, given, strict=False)
        ]
        return [value.value if isinstance(value, plan.Literal) else value for value in fitted]

    wanted = constants(call.arguments, environment)
    for choice in pattern.definition.choices:
        if choice.path == path and constants(choice.arguments, pattern.around) == wanted:
            inner = bind_statements(binder, choice.body.statements, pattern.around)
            return binder.nothing() if choice.body.body is None else binder.tabular(choice.body.body, inner)
    if not binder.problems.errors:
        near = nearest(path, [choice.path for choice in pattern.definition.choices]) if path else ""
        binder.problems.add("KQL418", call.span, near, name=call.name)
    return binder.nothing()


# ---- calls of user functions ---------------------------------------------------------------------------------------
def apply_tabular(
    binder: Binder,
    function: FunctionBinding,
    arguments: tuple[syntax.Expression, ...],
    span: syntax.Span,
    environment: Environment,
    names: Mapping[int, str] | None = None,
) -> Relation:
    """The rows of a user function's body."""
    given = _parameters(binder, function, arguments, span, Scope((), environment), names or {})
    if given is None or function.definition.body is None:
        return binder.nothing()
    inner = _enter(binder, function, given, span)
    if inner is None:
        return binder.nothing()
    try:
        return binder.tabular(function.definition.body, inner)
    finally:
        binder.calling.pop()


def apply_scalar(
    binder: Binder,
    function: FunctionBinding,
    arguments: tuple[syntax.Expression, ...],
    span: syntax.Span,
    scope: Scope,
    names: Mapping[int, str] | None = None,
) -> plan.Scalar:
    """The value of a user function's body; the same node for the same arguments, so that calls of calls do not double."""
    given = _parameters(binder, function, arguments, span, scope, names or {})
    if given is None or function.definition.body is None:
        return _NOTHING
    key = _key(function, given)
    if key is None or key not in binder.applied:
        inner = _enter(binder, function, given, span)
        if inner is None:
            return _NOTHING
        volatile = binder.volatile
        try:
            value = binder.scalar(function.definition.body, Scope((), inner))
        finally:
            binder.calling.pop()
        if key is None or binder.volatile != volatile:
            return value
        binder.applied[key] = value
    return binder.applied[key]


def _key(function: FunctionBinding, given: Mapping[str, Binding]) -> tuple[object, ...] | None:
    """What tells a call from another one; None where it takes tables."""
    key: list[object] = [_Same(function.definition), _Same(function.around)]
    for binding in given.values():
        if not isinstance(binding, ScalarBinding):
            return None
        match binding.value:
            case plan.Ref(column):
                key.append(column)
            case plan.Literal(value, type):
                key.append((type, repr(value)))
            case value:
                key.append(value)
    return tuple(key)


class _Same:
    """Something told apart by identity, and kept."""

    def __init__(self, thing: object) -> None:
        self._thing = thing

    def __hash__(self) -> int:
        return id(self._thing)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other._thing is self._thing


def _parameters(
    binder: Binder,
    function: FunctionBinding,
    arguments: tuple[syntax.Expression, ...],
    span: syntax.Span,
    scope: Scope,
    names: Mapping[int, str],
) -> dict[str, Binding] | None:
    """What a call's arguments, or their defaults, bind the function's parameters to."""
    parameters = function.definition.parameters
    given: dict[str, syntax.Expression] = {}
    for position, argument in enumerate(arguments):
        name = names.get(position)
        if name is None and position < len(parameters):
            name = parameters[position].name
        if name is None or name not in {parameter.name for parameter in parameters}:
            if name is None:
                binder.problems.add(
                    "KQL301",
                    span,
                    function=f"{function.name}()",
                    expected=f"{len(parameters)} arguments",
                    given=len(arguments),
                )
            else:
                binder.problems.add("KQL408", argument.span, name=function.name, argument=name)
            return None
        given[name] = argument
    bound: dict[str, Binding] = {}
    for parameter in parameters:
        argument_syntax = given.get(parameter.name, parameter.default)
        if argument_syntax is None:
            binder.problems.add(
                "KQL301",
                span,
                function=f"{function.name}()",
                expected=f"a value for '{parameter.name}'",
                given="none",
            )
            return None
        if parameter.schema is not None:
            if not binder.is_tabular(argument_syntax, scope.environment):
                binder.problems.add("KQL209", argument_syntax.span, name=binder.excerpt(argument_syntax))
                return None
            bound[parameter.name] = _tabular_argument(binder, parameter, argument_syntax, scope.environment)
            continue
        where = scope if parameter.name in given else Scope((), function.around)
        value = binder.scalar(argument_syntax, where)
        if parameter.type is not None:
            value = _as_parameter(binder, value, parameter.type, argument_syntax.span)
        bound[parameter.name] = ScalarBinding(value, binder.depth)
    return bound


def _as_parameter(binder: Binder, value: plan.Scalar, type: Type, span: syntax.Span) -> plan.Scalar:
    """An argument as its parameter's type: a call of a user function converts what no operator would, texts too."""
    countable = {*NUMBERS, BOOL}
    if value.type is not type and UNKNOWN not in (value.type, type) and (
        STRING in (value.type, type) or {value.type, type} <= countable
    ):
        return binder.apply(f"to{type.value}", (value,), span)
    return binder.fit(value, type, span)


def _enter(
    binder: Binder, function: FunctionBinding, given: Mapping[str, Binding], span: syntax.Span
) -> Environment | None:
    """The environment of a function's body, its parameters bound; the caller pops `calling` when done."""
    if function.name in binder.calling or len(binder.calling) > MAX_CALL_DEPTH:
        binder.problems.add("KQL409", span, name=function.name)
        return None
    binder.inlined += 1
    if binder.inlined > MAX_INLINED:
        binder.problems.add("KQL603", span, limit=MAX_INLINED, what="function calls")
        return None
    inner = function.around
    for name, binding in given.items():
        inner = inner.with_(name, binding)
    binder.calling.append(function.name)
    return bind_statements(binder, function.definition.statements, inner)


def _tabular_argument(
    binder: Binder, parameter: syntax.Parameter, argument: syntax.Expression, environment: Environment
) -> TabularBinding:
    def make() -> Relation:
        # columns that the parameter does not name come along, and the body may use them
        relation = binder.tabular(argument, environment)
        for wanted in parameter.schema or ():
            columns = plan.columns_of(relation)
            if find(columns, wanted.name) is None and not boundless(columns):
                binder.problems.add("KQL201", argument.span, name=wanted.name)
        return relation

    return TabularBinding(make, parameter.name)
