"""Binding: a syntax tree and a schema become a typed plan, and every mistake a placed message.

Checking goes on after a mistake: its expression gets the type UNKNOWN, which everything accepts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from kql import lexis, mistakes, plan, syntax
from kql.bind import lets, overloads
from kql.bind.bounds import Bounds
from kql.bind.scope import (
    Environment,
    FunctionBinding,
    ScalarBinding,
    Scope,
    TabularBinding,
    find,
    hidden_columns,
    serialized,
)
from kql.functions import catalogue, regex
from kql.functions.row import readable
from kql.messages import Problems, nearest
from kql.plan import Column, Relation
from kql.types import BOOL, DYNAMIC, INT, LONG, NUMBERS, REAL, STRING, TYPE_NAMES, UNKNOWN, Type, widens

if TYPE_CHECKING:
    from kql.functions.row import Function
    from kql.schema import Schema

_NOTHING = plan.Literal(None, UNKNOWN)
# Parameters that take a regular expression although their name does not say so.
_PATTERNS = frozenset({("matches regex", "right"), ("indexof_regex", "match")})
MAX_OPERATORS = 500


def ready() -> None:
    """Load the rows of the catalogue now rather than with the first name that is bound."""
    catalogue.table()


_ELSEWHERE = ("cluster", "database", "workspace", "app")
"""Functions that name tables of other places."""


class Binder:
    """Binds one text. `problems` collects what is wrong; `tables` the names of the tables that are read; `read` makes a
    syntax tree of what is written in KQL in this engine."""

    def __init__(
        self,
        schema: Schema,
        problems: Problems,
        read: Callable[[str], syntax.Query],
        *,
        default_table: str = "Resources",
        profile: Any = None,
        scope: Mapping[str, tuple[str, ...]] | None = None,
        ask: Callable[[Relation], list[tuple[Any, ...]]] | None = None,
    ) -> None:
        self.schema = schema
        self.problems = problems
        self.read = read
        self.default_table = default_table
        self.bounds = Bounds(profile, problems)
        self.limits = scope or {}
        self.asks = ask is not None  # whether there is a database to ask while binding
        self.asked = False  # whether it was: what comes out then hangs on the data
        self._ask = ask
        self.tables: set[str] = set()
        self.parameters: dict[str, Type] = {}
        self.defaults: dict[str, plan.Literal] = {}
        self.required: dict[str, syntax.Span] = {}
        self.paths: dict[plan.Path, syntax.Span] = {}  # where each was written first
        self.render: str | None = None
        self.labels: dict[int, str] = {}  # what `as` calls a relation
        self.graphs: dict[int, Any] = {}  # the graphs that make-graph has made, by the relation that stands for each
        self.calling: list[str] = []  # the user functions whose bodies are being bound
        self.depth = 0  # how many tables within values are being bound
        self.inlined = 0
        self.applied: dict[tuple[Any, ...], plan.Scalar] = {}  # what a user function gave for the same arguments
        self.volatile = 0  # calls that give another value each time
        self.is_random = False  # whether the text calls something that gives another value at each call
        self.operators: set[str] = set()  # the names of all operators of the text

    # ---- the text -----------------------------------------------------------------------------------------------
    def query(self, query: syntax.Query) -> Relation | None:
        """The relation that answers the text; None when something is wrong with it."""
        environment = lets.bind_statements(self, query.statements, Environment())
        if not query.pipelines:
            if not query.statements:
                self.problems.add("KQL106", (0, 1), "for example: Resources | take 5")
            elif not self.problems.errors:
                self.problems.add("KQL407", query.span)
            return None
        result: Relation | None = None
        for pipeline in query.pipelines[1:]:
            self.bounds.statement("; and a second query", pipeline.span)
        for pipeline in query.pipelines:
            result = self.result(pipeline, environment)
            if id(result) in self.graphs and not self.problems.errors:
                self.problems.add("KQL416", pipeline.span, "graph-match or graph-to-table makes rows of it")
        return result

    def result(self, expression: syntax.Expression, environment: Environment) -> Relation | None:
        """A statement's rows: a table, or one row of a scalar."""
        if not self.is_tabular(expression, environment):
            scope = Scope((), environment)
            value = self.scalar(expression, scope)
            column = Column("print_0", value.type)
            return plan.Values((column,), ((value,),))
        return self.tabular(expression, environment)

    def renamed(self, relation: Relation) -> Relation:
        """The same rows under columns of their own, so that a relation may meet itself in a join."""
        return plan.Project(
            relation,
            tuple((Column(column.name, column.type), plan.Ref(column)) for column in plan.columns_of(relation)),
        )

    def rows(self, relation: Relation) -> list[tuple[Any, ...]] | None:
        """What a relation gives now; None where there is no database to ask. For what the shape of the rows hangs on."""
        if self._ask is None:
            return None
        self.asked = True
        return self._ask(relation)

    # ---- relations ----------------------------------------------------------------------------------------------
    def is_tabular(self, expression: syntax.Expression, environment: Environment) -> bool:
        """Whether an expression gives rows rather than a value."""
        if lets.chosen(expression, environment) is not None:
            return True
        match expression:
            case syntax.Pipeline(source, operators):
                return bool(operators) or source is None or self.is_tabular(source, environment)
            case syntax.DataTable():
                return True
            case syntax.Name(name):
                binding = environment.get(name)
                if binding is not None:
                    return isinstance(binding, TabularBinding) or (
                        isinstance(binding, FunctionBinding) and lets.is_tabular(self, binding)
                    )
                return self.schema.table(name) is not None or not expression.quoted
            case syntax.Call(name):
                binding = environment.get(name)
                if isinstance(binding, FunctionBinding):
                    return lets.is_tabular(self, binding)
                return name in ("materialize", "table", "view", "externaldata", *_ELSEWHERE)
            case syntax.Member(syntax.Call(name)) | syntax.Member(syntax.Member(syntax.Call(name))):
                return name in _ELSEWHERE
            case syntax.Broken():
                return True
        return getattr(expression, "is_operator", False)

    def nothing(self) -> Relation:
        """What stands where a table could not be made out: its one column has no name and stands for any (scope.boundless)."""
        return plan.Values((Column("", UNKNOWN),), ())

    def tabular(self, expression: syntax.Expression, environment: Environment) -> Relation:
        """The relation of an expression; a value in its place is an error."""
        pattern = lets.chosen(expression, environment)
        if pattern is not None:
            return lets.apply_pattern(self, *pattern, environment)
        match expression:
            case syntax.Pipeline(source, operators):
                if source is None:
                    relation = self.table(self.default_table, expression.span)
                else:
                    relation = self.tabular(source, environment)
                if len(operators) > MAX_OPERATORS:
                    place = operators[MAX_OPERATORS].span
                    self.problems.add("KQL603", place, limit=MAX_OPERATORS, what="operators")
                    return self.nothing()
                for operator in operators:
                    self.allow(operator)
                    if id(relation) in self.graphs and not operator.takes_graphs and not self.problems.errors:
                        self.problems.add("KQL416", operator.span, "graph-match or graph-to-table makes rows of it")
                    relation = operator.lower(self, relation, environment)
                    environment = operator.behind(self, relation, environment)
                return relation
            case syntax.Name(name, span):
                return self._tabular_name(name, span, environment)
            case syntax.DataTable():
                return self._datatable(expression, environment)
            case syntax.Call():
                return self._tabular_call(expression, environment)
            case syntax.Member(base) if self.is_tabular(expression, environment):
                return self.tabular(base, environment)  # cluster('c').database('d').Table: refused at its beginning
            case syntax.Broken():
                return self.nothing()
        if getattr(expression, "is_operator", False):
            origin: Any = expression
            self.allow(origin)
            lowered: Relation = origin.lower(self, None, environment)
            return lowered
        self.problems.add("KQL209", expression.span, name=self.excerpt(expression))
        return self.nothing()

    def excerpt(self, expression: syntax.Expression) -> str:
        match expression:
            case syntax.Name(name) | syntax.Call(name) | syntax.Member(_, name):
                return name
        return "this"

    def apart(self, expression: syntax.Expression, environment: Environment) -> Relation:
        """A table within a value, such as that of toscalar(): computed once, whatever the row is."""
        self.depth += 1
        try:
            return self.tabular(expression, environment)
        finally:
            self.depth -= 1

    def _tabular_name(self, name: str, span: syntax.Span, environment: Environment) -> Relation:
        binding = environment.get(name)
        match binding:
            case TabularBinding():
                return binding.make()
            case FunctionBinding():
                return lets.apply_tabular(self, binding, (), span, environment)
            case ScalarBinding():
                if binding.value.type is UNKNOWN:
                    return self.nothing()
                self.problems.add("KQL209", span, name=name)
                return self.nothing()
        return self.table(name, span)

    def table(self, name: str, span: syntax.Span) -> Relation:
        """A scan of a table of the schema, limited to the scope that the caller set, in the table's order if it has one."""
        table = self.schema.table(name)
        if table is None:
            self.problems.add("KQL202", span, nearest(name, self.schema.tables), name=name)
            return self.nothing()
        self.tables.add(table.name)
        self.bounds.table(table.name, span)
        columns = tuple((Column(each.name, each.type), each.name) for each in table.columns if not each.hidden)
        hidden = tuple((Column(each.name, each.type), each.name) for each in table.columns if each.hidden)
        scan: Relation = plan.Scan(table, columns, hidden)
        for column_name, allowed in self.limits.items():
            column = find((column for column, _ in columns), column_name)
            if column is not None:
                values = tuple(plan.Literal(value, STRING) for value in allowed)
                scan = plan.Filter(scan, self.apply("in~", (plan.Ref(column), *values), span))
        ordered = {each.name for each in table.columns if each.ordered}
        keys = tuple(plan.SortKey(plan.Ref(column), True, True) for column, name in columns + hidden if name in ordered)
        return plan.Sort(scan, keys) if keys else scan

    def _datatable(self, table: syntax.DataTable, environment: Environment) -> Relation:
        self.bounds.operator("datatable", table.span)
        columns = tuple(Column(each.name, each.type or STRING) for each in table.columns)
        width = len(columns)
        if width and len(table.values) % width:
            self.problems.add("KQL404", table.span, columns=width, values=len(table.values))
            return plan.Values(columns, ())
        scope = Scope((), environment)
        cells = []
        for position, value in enumerate(table.values):
            bound = self.scalar(value, scope)
            if not isinstance(value, syntax.Literal) and bound.type is not UNKNOWN:
                self.problems.add("KQL413", value.span, "extend computes: datatable(…) […] | extend x = …")
            target = columns[position % width].type
            if isinstance(bound, plan.Literal) and bound.type is STRING and target not in (STRING, DYNAMIC):
                text = str(bound.value)
                parsed = None if text == "" else parse_constant(text, target)
                bound = plan.Literal(parsed, target)
            cells.append(self.fit(bound, target, value.span))
        rows = tuple(tuple(cells[start : start + width]) for start in range(0, len(cells), width or 1))
        return plan.Values(columns, rows)

    def _tabular_call(self, call: syntax.Call, environment: Environment) -> Relation:
        binding = environment.get(call.name)
        if isinstance(binding, FunctionBinding):
            return lets.apply_tabular(self, binding, call.arguments, call.span, environment, call.names)
        self.bounds.function(call.name, call.name_span)
        if call.name == "materialize" and len(call.arguments) == 1:
            return plan.Shared(self.tabular(call.arguments[0], environment), "materialized")
        if call.name == "table" and call.arguments:
            name = self.constant(call.arguments[0], Scope((), environment), "the table's name")
            if isinstance(name, plan.Literal) and name.type is STRING:
                return self._tabular_name(str(name.value), call.span, environment)
        function = catalogue.find(call.name)
        if function is not None and function.refused:
            self.problems.add("KQL501", call.name_span, what=f"{call.name}()", reason=function.refused)
        elif call.name in _ELSEWHERE:
            self.problems.add("KQL501", call.name_span, what=f"{call.name}()", reason="an estate is one database")
        elif function is not None:
            self.problems.add("KQL209", call.span, name=call.name)
        else:
            self._unknown_function(call, environment)
        return self.nothing()

    # ---- scalars ------------------------------------------------------------------------------------------------
    def over(self, relation: Relation, environment: Environment) -> Scope:
        """The scope of expressions over a relation's rows."""
        return Scope(
            plan.columns_of(relation), environment, serialized=serialized(relation), hidden=hidden_columns(relation)
        )

    def scalar(self, expression: syntax.Expression, scope: Scope) -> plan.Scalar:
        """The typed node of an expression; UNKNOWN where it is wrong."""
        from kql.bind.scalars import bind

        return bind(self, expression, scope)

    def predicate(self, expression: syntax.Expression, scope: Scope, help: str = "") -> plan.Scalar:
        """A condition. help is told where the expression is none."""
        value = self.scalar(expression, scope)
        if value.type in (BOOL, UNKNOWN):
            return value
        if value.type is DYNAMIC or value.type in NUMBERS:
            return plan.Convert(value, BOOL)
        self.problems.add("KQL303", expression.span, help, given=value.type.value, expected="a condition (bool)")
        return _NOTHING

    def constant(self, expression: syntax.Expression, scope: Scope, what: str) -> plan.Scalar:
        """A value that does not depend on a row."""
        value = self.scalar(expression, replace(scope, columns=()))
        if not plan.depends_on_rows(value):
            return value
        self.problems.add("KQL305", expression.span, what=what)
        return _NOTHING

    def integer(self, expression: syntax.Expression, scope: Scope, what: str) -> plan.Scalar:
        """A constant whole number."""
        value = self.constant(expression, scope, what)
        if value.type not in (INT, LONG, UNKNOWN, REAL):
            self.problems.add("KQL303", expression.span, given=value.type.value, expected="a whole number")
            return _NOTHING
        return plan.Convert(value, LONG) if value.type is REAL else value

    def fit(self, value: plan.Scalar, type: Type, span: syntax.Span) -> plan.Scalar:
        """The value as `type` where KQL converts silently; an error elsewhere."""
        given = value.type
        if given is type or given is UNKNOWN or type is UNKNOWN:
            return value
        if isinstance(value, plan.Literal) and value.value is None:
            return plan.Literal("" if type is STRING else None, type)
        if isinstance(value, plan.Literal) and isinstance(value.value, int) and given in (INT, LONG):
            known = parse_constant(str(value.value), type) if type in NUMBERS else None
            if known is not None:
                return plan.Literal(known, type)
        if widens(given, type) or DYNAMIC in (given, type):
            return plan.Convert(value, type)
        if given is LONG and type is INT:
            return plan.Convert(value, type)
        self.problems.add("KQL303", span, given=given.value, expected=type.value)
        return plan.Literal(None, type)

    def apply(
        self, name: str, arguments: tuple[plan.Scalar, ...], span: syntax.Span, *, written: str = ""
    ) -> plan.Scalar:
        """A catalogue function applied to bound arguments."""
        function = catalogue.find(name)
        assert function is not None, name
        return self.call(function, arguments, span, written=written)

    def call(
        self, function: Function, arguments: tuple[plan.Scalar, ...], span: syntax.Span, *, written: str = ""
    ) -> plan.Scalar:
        if any(argument.type is UNKNOWN for argument in arguments):
            # the mistake inside has been told; what this would give is known only if it does not hang on it
            types = {overload.returns for overload in function.overloads}
            only = next(iter(types)) if len(types) == 1 else ""
            return plan.Literal(None, TYPE_NAMES.get(only, UNKNOWN))
        written = (written or function.name).removeprefix("$")
        found = overloads.resolve(function, arguments)
        if found is None:
            self._no_overload(function, arguments, span, written)
            return _NOTHING
        fitted = tuple(
            argument if argument.type is target or argument.type is Type.TYPE else self._to(argument, target)
            for argument, target in zip(arguments, found.targets, strict=True)
        )
        for parameter, argument in zip(found.overload.taking(len(fitted)), fitted, strict=True):
            if parameter is not None and parameter.constant and (
                plan.depends_on_rows(argument) or (function.kind == "aggregate" and _is_asked(argument))
            ):
                self.problems.add("KQL305", span, what=f"the {parameter.name} of {written}")
            self._regular(parameter, argument, function, span)
        self.volatile += function.volatile
        if function.check is not None:
            constants = [argument.value if isinstance(argument, plan.Literal) else ... for argument in fitted]
            reason = function.check(constants)
            if reason:
                self.problems.add("KQL311", span, function=f"{written}()", reason=reason)
        self.is_random = self.is_random or function.volatile
        return plan.Call(function, found.overload, fitted, found.result)

    def _regular(self, parameter: Any, argument: plan.Scalar, function: Function, span: syntax.Span) -> None:
        """A constant regular expression is checked before the engine sees it."""
        if parameter is None or not isinstance(argument, plan.Literal) or argument.type is not STRING:
            return
        if parameter.name in ("regex", "lookup_regex") or (function.name, parameter.name) in _PATTERNS:
            # trim puts the text between its own brackets, so that 'a)|(b' is one
            text = f"({argument.value})" if function.name.startswith("trim") else str(argument.value)
            reason = regex.problem(text)
            if reason:
                self.problems.add("KQL308", span, "the notation is RE2's", reason=reason)

    @staticmethod
    def _to(argument: plan.Scalar, target: Type) -> plan.Scalar:
        if isinstance(argument, plan.Literal):
            if argument.value is None:
                return plan.Literal("" if target is STRING else None, target)
            if argument.type is STRING and target in (Type.DATETIME, Type.TIMESPAN):
                return plan.Literal(parse_constant(str(argument.value), target), target)
        return plan.Convert(argument, target)

    def _no_overload(
        self, function: Function, arguments: tuple[plan.Scalar, ...], span: syntax.Span, written: str
    ) -> None:
        given = len(arguments)
        counts = [(overload.least, overload.most) for overload in function.overloads]
        fits = any(least <= given and (most is None or given <= most) for least, most in counts)
        if function.kind == "infix" and given == 2:
            left, right = (argument.type.value for argument in arguments)
            hint = "strcat(…) joins texts" if written == "+" and "string" in (left, right) else ""
            self.problems.add("KQL306", span, hint, operator=written, left=left, right=right)
        elif not fits:
            least, most = min(low for low, _ in counts), max((high if high is not None else 99) for _, high in counts)
            expected = f"{least}" if least == most else f"at least {least}" if most == 99 else f"{least} to {most}"
            plural = "argument" if least == most == 1 else "arguments"
            self.problems.add(
                "KQL301", span, "it is used as: " + readable(written, function.overloads[0].signature),
                function=f"{written}()", expected=f"{expected} {plural}", given=given,
            )  # fmt: skip
        else:
            types = ", ".join(argument.type.value for argument in arguments)
            self.problems.add(
                "KQL302", span, "it is used as: " + "; ".join(readable(written, o.signature) for o in function.overloads[:3]),
                function=f"{written}()", given=types,
            )  # fmt: skip

    def _unknown_function(self, call: syntax.Call, environment: Environment) -> None:
        offered = [name for name in catalogue.names() if not catalogue.table()[name].refused]
        names = [*offered, *(n for n, b in environment.bindings.items() if isinstance(b, FunctionBinding))]
        help = nearest(call.name, names)
        if not help.endswith("counts"):
            help = mistakes.of_function(call.name) or help
        self.problems.add("KQL203", call.name_span, help, name=call.name)

    def allow(self, operator: Any) -> None:
        """What the profile says of an operator."""
        self.operators.add(operator.name)
        self.bounds.operator(operator.name, operator.span)


def parse_constant(text: str, type: Type) -> object:
    """A text as a constant of a type; None where it is none."""
    parsers: dict[Type, Any] = {
        Type.DATETIME: lexis.datetime, Type.TIMESPAN: lexis.timespan, Type.GUID: lexis.guid, LONG: lexis.long,
        INT: lexis.int32, REAL: lexis.real, BOOL: lexis.boolean, Type.DECIMAL: lexis.exact,
    }  # fmt: skip
    parse = parsers.get(type)
    return parse(text) if parse is not None else text


def _is_asked(node: plan.Scalar) -> bool:
    """Whether a value is only known once the query runs: the engine's aggregates want theirs before."""
    return plan.any_part(node, lambda part: isinstance(part, plan.ScalarQuery))
