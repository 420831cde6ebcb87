"""What each rule of the grammar becomes: one method a rule that is no operator; operators build themselves."""

from __future__ import annotations

import re
from typing import Any

from kql import lexis, reserved, syntax
from kql.types import BOOL, DYNAMIC, INT, LONG, REAL, STRING, TIMESPAN, TYPE_NAMES, Type


class BadLiteral(Exception):
    """A token that has the form of a literal, but no value."""

    def __init__(self, kind: str, text: str, span: syntax.Span) -> None:
        super().__init__(kind, text)
        self.kind, self.text, self.span = kind, text, span


def _span(children: list[Any]) -> syntax.Span:
    """The span from the first to the last child that has one; that of an empty list of arguments is (0, 0)."""
    start, end = -1, 0
    for child in children:
        if hasattr(child, "start_pos"):
            first, last = child.start_pos, child.end_pos
        elif hasattr(child, "span"):
            first, last = child.span
        else:
            continue
        if first < start or start < 0:
            start = first
        if last > end:
            end = last
    return (start if start > 0 else 0, end)


def _token_span(token: Any) -> syntax.Span:
    return (token.start_pos, token.end_pos)


def builder() -> Any:
    """An instance of the class whose methods turn each grammar rule into a node, made when Lark is there."""
    import lark

    from kql.operators import OPERATORS

    methods: dict[str, Any] = {name: function for name, function in vars(_Rules).items() if not name.startswith("__")}
    for rule, operator in OPERATORS.items():
        methods[rule] = _operator_method(operator)
    made = type("Builder", (lark.Transformer,), methods)
    return made(visit_tokens=False)


def _operator_method(operator: Any) -> Any:
    def build(self: Any, children: list[Any]) -> Any:
        return operator.build(children, _span(children))

    return build


class _Rules:
    """One method a grammar rule that is no operator."""

    def start(self, children: list[Any]) -> syntax.Query:
        statements = [
            child for child in children if isinstance(child, _STATEMENTS)
        ]
        pipelines = [
            child
            for child in children
            if not isinstance(child, _STATEMENTS)
        ]
        pipelines = [child for child in pipelines if not isinstance(child, str)]
        return syntax.Query(tuple(statements), tuple(pipelines), _span(children))

    def query(self, children: list[Any]) -> Any:
        return children[0]

    def implicit_pipeline(self, children: list[Any]) -> syntax.Pipeline:
        return syntax.Pipeline(None, tuple(children), _span(children))

    def pipeline(self, children: list[Any]) -> syntax.Pipeline:
        return syntax.Pipeline(children[0], tuple(children[1:]), _span(children))

    # statements
    def let(self, children: list[Any]) -> syntax.Let:
        _, name, value = children
        _unreserved(name, reserved.LETS)
        return syntax.Let(name.name, value, _span(children), name.span)

    def set_option(self, children: list[Any]) -> syntax.SetOption:
        _, name, *value = children
        return syntax.SetOption(name.name, _span(children), value[0] if value else None)

    def refused_statement(self, children: list[Any]) -> syntax.RefusedStatement:
        return syntax.RefusedStatement(" ".join(str(children[0]).split()[:2]), _token_span(children[0]))

    def declare(self, children: list[Any]) -> syntax.DeclareParameters:
        parameters = tuple(child for child in children if isinstance(child, syntax.Parameter))
        return syntax.DeclareParameters(parameters, _span(children))

    def declare_pattern(self, children: list[Any]) -> syntax.DeclarePattern:
        _, name, *rest = children
        _unreserved(name, reserved.LETS)
        bracket = next((place for place, child in enumerate(rest) if getattr(child, "type", "") == "RSQB"), len(rest) + 1)
        parameters = tuple(child for child in rest[: bracket - 1] if isinstance(child, syntax.Parameter))
        choices = tuple(child for child in rest if isinstance(child, syntax.Choice))
        return syntax.DeclarePattern(name.name, parameters, choices, _span(children))

    def choice(self, children: list[Any]) -> syntax.Choice:
        *arguments, body = (child for child in children if not isinstance(child, str))
        path = next((lexis.string(str(child)) for child in children if getattr(child, "type", "") == "STRING"), "")
        return syntax.Choice(tuple(arguments), path, body, _span(children))

    def lambda_(self, children: list[Any]) -> syntax.Lambda:
        parameters = tuple(child for child in children if isinstance(child, syntax.Parameter))
        rest = [child for child in children if not isinstance(child, syntax.Parameter | str)]
        statements = tuple(child for child in rest if isinstance(child, syntax.Let | syntax.SetOption))
        bodies = [child for child in rest if not isinstance(child, syntax.Let | syntax.SetOption)]
        return syntax.Lambda(parameters, statements, bodies[-1] if bodies else None, _span(children), _is_view(children))

    def parameter(self, children: list[Any]) -> syntax.Parameter:
        name, type, *default = children
        _unreserved(name, reserved.LETS)
        return syntax.Parameter(name.name, type.type, None, default[0] if default else None, _span(children))

    def table_parameter(self, children: list[Any]) -> syntax.Parameter:
        columns = tuple(child for child in children[1:] if isinstance(child, syntax.ColumnDeclaration))
        return syntax.Parameter(children[0].name, None, columns, None, _span(children))

    # pieces of operators
    def param(self, children: list[Any]) -> Any:
        from kql.operators.base import Parameter

        # the value is part of the token: as an expression of its own it would let names follow a number anywhere
        name, _, text = (part.strip() for part in str(children[0]).partition("="))
        name, text = name.lower(), text.strip("[]'\"")
        return Parameter(name, text, _span(children))

    def expansion(self, children: list[Any]) -> Any:
        from kql.operators.expand import Expansion

        name, type = "", None
        expression: Any = None
        for child in children:
            if isinstance(child, _Names):
                name = child.names[0]
            elif isinstance(child, _TypeName):
                type = child.type
            elif not isinstance(child, str):
                expression = child
        return Expansion(name, expression, type, _span(children))

    def pattern_item(self, children: list[Any]) -> Any:
        first = children[0]
        if isinstance(first, syntax.Name):
            _unreserved(first, reserved.NAMES)
            type = children[1].type if len(children) > 1 else None
            return syntax.ColumnDeclaration(first.name, type, _span(children))
        if str(first) == "*":
            return syntax.Star(_token_span(first))
        return syntax.Literal(lexis.string(str(first)), STRING, _token_span(first))

    def branch(self, children: list[Any]) -> Any:
        return children[-1]

    def aggregated(self, children: list[Any]) -> Any:
        from kql.operators.series import Aggregated

        return Aggregated(children[0], children[2] if len(children) > 1 else None, _span(children))

    def nest(self, children: list[Any]) -> Any:
        from kql.operators.ranking import Nest

        words = {str(getattr(child, "type", "")): place for place, child in enumerate(children) if isinstance(child, str)}
        count = children[0] if words["OF"] else None
        others = children[words["OTHERS"] + 1] if "OTHERS" in words else None
        return Nest(count, children[words["OF"] + 1], others, children[words["BY"] + 1], "ASC" in words, _span(children))

    def scan_step(self, children: list[Any]) -> Any:
        from kql.operators.scanning import Step

        return Step.build(children, _span(children))

    def output_schema(self, children: list[Any]) -> Any:
        from kql.operators.evaluate import OutputSchema

        columns = tuple(child for child in children if isinstance(child, syntax.ColumnDeclaration))
        return OutputSchema(isinstance(children[0], syntax.Star), columns, _span(children))

    def found(self, children: list[Any]) -> Any:
        first = children[0]
        return syntax.ColumnDeclaration(first.name, None, first.span) if isinstance(first, syntax.Name) else first

    def node_table(self, children: list[Any]) -> Any:
        from kql.operators.graphs import NodeTable

        return NodeTable(children[0], children[2], _span(children))

    def graph_path(self, children: list[Any]) -> Any:
        from kql.operators.graphs import path

        return path(children, _span(children))

    def graph_node(self, children: list[Any]) -> Any:
        return children[0] if children else syntax.Name("", (0, 0))

    def graph_part(self, children: list[Any]) -> Any:
        from kql.operators.graphs import Part

        return Part.build(children, _span(children))

    def option(self, children: list[Any]) -> syntax.Item:
        name, value = children
        return syntax.Item((name.name,), value, _span(children), (name.span,))

    def leg(self, children: list[Any]) -> Any:
        child = children[0]
        return syntax.Pattern(str(child), _token_span(child)) if isinstance(child, str) else child

    def by(self, children: list[Any]) -> tuple[syntax.Item, ...]:
        return tuple(child for child in children if isinstance(child, syntax.Item))

    def item(self, children: list[Any]) -> syntax.Item:
        if len(children) == 2:
            names, expression = children
            return syntax.Item(names.names, expression, _span(children), names.spans)
        expression = children[0]
        if isinstance(expression, syntax.Call) and expression.names and expression.name in _NAMING_CALLS:
            # tostring(group = split(id, '/', 4)): the name inside the call names the column
            name = next(iter(expression.names.values()))
            return syntax.Item((name,), expression, expression.span, (expression.span,))
        return syntax.Item((), expression, _span(children))

    def names(self, children: list[Any]) -> _Names:
        for child in children:
            _unreserved(child, reserved.NAMES)
        return _Names(tuple(child.name for child in children), tuple(child.span for child in children))

    def star(self, children: list[Any]) -> syntax.Star:
        return syntax.Star(_token_span(children[0]))

    def key(self, children: list[Any]) -> syntax.Key:
        ascending = nulls_first = None
        for child in children[1:]:
            word = " ".join(str(child).split())
            if word in ("asc", "desc"):
                ascending = word == "asc"
            else:
                nulls_first = word == "nulls first"
        return syntax.Key(children[0], ascending, nulls_first, _span(children))

    def pattern(self, children: list[Any]) -> syntax.Pattern:
        first = children[0]
        text = first.name if isinstance(first, syntax.Name) else str(first)
        direction = str(children[1]) if len(children) > 1 else None
        return syntax.Pattern(text, _span(children[:1]), direction)

    # expressions
    def or_(self, children: list[Any]) -> syntax.Call:
        return syntax.Call("or", tuple(children), _span(children), _span(children))

    def and_(self, children: list[Any]) -> syntax.Call:
        return syntax.Call("and", tuple(children), _span(children), _span(children))

    def compare(self, children: list[Any]) -> syntax.Call:
        left, operator, right = children
        name = " ".join(str(operator).split())
        return syntax.Call(_OLD_SPELLINGS.get(name, name), (left, right), _span(children), _token_span(operator))

    def equation(self, children: list[Any]) -> syntax.Item:
        """`where a = b`: to KQL a condition with a name, which is hardly what was meant."""
        names, value = children
        return syntax.Item(names.names, value, _span(children), names.spans)

    def in_list(self, children: list[Any]) -> syntax.Call:
        left, operator, right = children
        arguments = right.arguments if isinstance(right, _Arguments) else (right,)
        return syntax.Call(str(operator), (left, *arguments), _span(children), _token_span(operator))

    def group_list(self, children: list[Any]) -> _Arguments:
        inner = children[1:-1]  # the brackets are kept for the span
        arguments = tuple(child.value if isinstance(child, _Argument) else child for child in inner)
        names = {place: child.name for place, child in enumerate(inner) if isinstance(child, _Argument) and child.name}
        return _Arguments(arguments, names, _span(children))

    def argument(self, children: list[Any]) -> _Argument:
        if len(children) == 2:
            return _Argument(children[0].name, children[1], _span(children))
        return _Argument("", children[0], _span(children))

    def between(self, children: list[Any]) -> syntax.Call:
        value, operator, low, _, high = children
        return syntax.Call(str(operator), (value, low, high), _span(children), _token_span(operator))

    def sum(self, children: list[Any]) -> syntax.Call:
        left, operator, right = children
        return syntax.Call(str(operator), (left, right), _span(children), _token_span(operator))

    product = sum

    def sign(self, children: list[Any]) -> Any:
        operator, value = children
        if (
            isinstance(value, syntax.Literal)
            and value.type in (INT, LONG, REAL, TIMESPAN)
            and value.span[0] == operator.end_pos
            and value.value not in (_BEYOND, None)
        ):
            number: Any = value.value
            signed = -number if str(operator) == "-" else number
            if value.type is REAL or signed < (2**31 if value.type is INT else _BEYOND):  # the least one has no opposite
                return syntax.Literal(signed, value.type, _span(children))
        return syntax.Call(
            "negate" if str(operator) == "-" else "plus", (value,), _span(children), _token_span(operator)
        )

    def negative(self, children: list[Any]) -> syntax.Literal:
        """Inside dynamic(…) and datatable a sign is part of the number; elsewhere the least long cannot be written."""
        operator, value = children
        if not isinstance(value, syntax.Literal) or value.type not in (LONG, REAL, TIMESPAN):
            raise BadLiteral("number", str(getattr(value, "value", operator)), _span(children))
        number: Any = value.value
        return syntax.Literal(-number, value.type, _span(children))

    def group(self, children: list[Any]) -> Any:
        return children[0]

    def member(self, children: list[Any]) -> syntax.Member:
        base, name = children
        return syntax.Member(base, str(name), _span(children))

    def index(self, children: list[Any]) -> Any:
        base, index, _ = children
        if isinstance(index, syntax.Literal) and index.type is STRING:
            return syntax.Member(base, str(index.value), _span(children))
        return syntax.Index(base, index, _span(children))

    def method(self, children: list[Any]) -> syntax.Call:
        base, name, arguments = children
        return syntax.Call(str(name), (base, *arguments.arguments), _span(children), _token_span(name))

    def call(self, children: list[Any]) -> syntax.Call:
        name, arguments = children
        if name.type == "HINTED":
            return syntax.Call("toscalar", arguments.arguments, _span(children), _token_span(name), arguments.names)
        return syntax.Call(str(name), arguments.arguments, _span(children), _token_span(name), arguments.names)

    def dollar(self, children: list[Any]) -> syntax.Name:
        return syntax.Name(str(children[0]), _token_span(children[0]))

    def typeof(self, children: list[Any]) -> syntax.TypeOf:
        parts = [child for child in children[1:] if not isinstance(child, syntax.Star)]
        types = tuple(part.type for part in parts)
        names = tuple(getattr(part, "name", "") for part in parts)
        return syntax.TypeOf(types, names, _span(children))

    def name(self, children: list[Any]) -> syntax.Name:
        token = children[0]
        if token.type == "STRING":
            return syntax.Name(lexis.string(str(token)), _token_span(token), quoted=True)
        return syntax.Name(str(token), _token_span(token))

    def type_name(self, children: list[Any]) -> _TypeName:
        type = TYPE_NAMES.get(str(children[0]).lower())
        if type is None:
            raise BadLiteral("type", str(children[0]), _token_span(children[0]))
        return _TypeName(type, _token_span(children[0]))

    def column(self, children: list[Any]) -> syntax.ColumnDeclaration:
        _unreserved(children[0], reserved.NAMES)
        return syntax.ColumnDeclaration(children[0].name, children[1].type, _span(children))

    def datatable(self, children: list[Any]) -> syntax.DataTable:
        columns = tuple(child for child in children if isinstance(child, syntax.ColumnDeclaration))
        values = tuple(_signed(child) for child in children[1:] if not isinstance(child, syntax.ColumnDeclaration | str))
        return syntax.DataTable(columns, values, _span(children))

    def externaldata(self, children: list[Any]) -> syntax.Call:
        span = _token_span(children[0])
        return syntax.Call("externaldata", (), span, (span[0], span[0] + len("externaldata")))

    # literals
    def literal(self, children: list[Any]) -> syntax.Literal:
        token, span = children[0], _span(children)
        text = str(token)
        match token.type:
            case "STRING":
                return syntax.Literal("".join(lexis.string(str(each)) for each in children), STRING, span)
            case "LONG":
                value = lexis.long(text)
                if value is None and text != _LEAST[1:]:
                    raise BadLiteral("long", text, span)
                if value is None:
                    return syntax.Literal(_BEYOND, LONG, span)  # a sign before it makes a long of it
                return syntax.Literal(value, LONG, span)
            case "REAL":
                return syntax.Literal(float(text), REAL, span)
            case "TIMESPAN":
                ticks = lexis.timespan(text)
                if ticks is None:
                    raise BadLiteral("timespan", text, span)
                return syntax.Literal(ticks, TIMESPAN, span)
            case "TRUE" | "FALSE":
                return syntax.Literal(token.type == "TRUE", BOOL, span)
        return _typed(text, span)

    def dynamic(self, children: list[Any]) -> syntax.Literal:
        text = _json_text(children[1])
        return syntax.Literal(None if text == "null" else text, DYNAMIC, _span(children))

    def json_null(self, children: list[Any]) -> _Json:
        return _Json("null", _span(children))

    def json_object(self, children: list[Any]) -> _Json:
        return _Json("{" + ",".join(child.text for child in children) + "}", _span(children))

    def json_pair(self, children: list[Any]) -> _Json:
        import json

        key, value = children
        return _Json(json.dumps(lexis.string(str(key)), ensure_ascii=False) + ":" + _json_text(value), _span(children))

    def json_array(self, children: list[Any]) -> _Json:
        return _Json("[" + ",".join(_json_text(child) for child in children) + "]", _span(children))


_Rules_aliases = {"lambda": "lambda_", "or": "or_", "and": "and_"}
for _rule, _method in _Rules_aliases.items():
    setattr(_Rules, _rule, getattr(_Rules, _method))

_BEYOND = 2**63  # the digits of the least long, which alone are none
_STATEMENTS = syntax.Let | syntax.SetOption | syntax.RefusedStatement | syntax.DeclareParameters | syntax.DeclarePattern

_LEAST = str(-_BEYOND)

_OLD_SPELLINGS = {
    "<>": "!=", "notcontains": "!contains", "containscs": "contains_cs", "notcontainscs": "!contains_cs",

}  # fmt: skip

_NAMING_CALLS = frozenset({
    "tostring", "tolower", "toupper", "toint", "tolong", "todouble", "toreal", "tobool", "todatetime", "split",
    "parse_json", "todynamic", "bin", "strcat", "count", "isnotempty", "isempty",
})  # fmt: skip


def _is_view(children: list[Any]) -> bool:
    return bool(children) and getattr(children[0], "type", "") == "VIEW"


def _unreserved(name: syntax.Name, words: frozenset[str]) -> None:
    if name.name in words and not name.quoted:
        raise BadLiteral("name", name.name, name.span)


def _signed(value: Any) -> Any:
    """A value of a datatable: the least long is one literal there."""
    match value:
        case syntax.Call("negate", (syntax.Literal(number, type),), span) if number == _BEYOND:
            return syntax.Literal(-_BEYOND, type, span)
    return value


class _Names:
    def __init__(self, names: tuple[str, ...], spans: tuple[syntax.Span, ...]) -> None:
        self.names, self.spans = names, spans
        self.span = (spans[0][0], spans[-1][1])


class _TypeName:
    def __init__(self, type: Type, span: syntax.Span) -> None:
        self.type, self.span = type, span


class _Argument:
    def __init__(self, name: str, value: Any, span: syntax.Span) -> None:
        self.name, self.value, self.span = name, value, span


class _Arguments:
    def __init__(self, arguments: tuple[Any, ...], names: dict[int, str], span: syntax.Span) -> None:
        self.arguments, self.names, self.span = arguments, names, span


class _Json:
    def __init__(self, text: str, span: syntax.Span) -> None:
        self.text, self.span = text, span


def _json_text(value: Any) -> str:
    """A literal inside dynamic(…) as JSON: a datetime is its ISO text, a timespan its ticks (kql-semantics 6.6)."""
    import json

    if isinstance(value, _Json):
        return value.text
    if isinstance(value, syntax.Literal):
        if value.value is None:
            return "null"
        if value.value == _BEYOND and value.type is LONG:
            raise BadLiteral("long", str(value.value), value.span)
        if value.type is Type.DATETIME:
            return json.dumps(lexis.datetime_text(int(str(value.value))))
        if (
            value.type is REAL
            and isinstance(value.value, float)
            and (value.value != value.value or abs(value.value) == float("inf"))
        ):
            return json.dumps({"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}[str(value.value)])
        if value.type is DYNAMIC:
            return str(value.value)
        if value.type is Type.DECIMAL:
            return str(value.value)
        return json.dumps(value.value, ensure_ascii=False)
    raise AssertionError(value)


_TYPED = re.compile(r"(\w+)\s*\((.*)\)", re.S)
_READERS: dict[Type, Any] = {
    Type.DATETIME: lexis.datetime, TIMESPAN: lexis.timespan, Type.GUID: lexis.guid, BOOL: lexis.boolean,
    LONG: lexis.long, Type.INT: lexis.int32, REAL: lexis.real, Type.DECIMAL: lexis.exact,
}  # fmt: skip


def _typed(text: str, span: syntax.Span) -> syntax.Literal:
    """`datetime(…)`, `int(…)` and the like: a literal with its type written out."""
    match = _TYPED.fullmatch(text)
    assert match is not None
    type = TYPE_NAMES[match[1]]
    body = match[2].strip()
    if body in ("null", ""):
        return syntax.Literal(None, type, span)
    if body[0] in "\"'":
        body = body[1:-1]
    value = _READERS[type](body)
    if value is None:
        raise BadLiteral(type.value, body, span)
    if type is Type.INT and not -(2**31) <= value < 2**31:
        raise BadLiteral(type.value, body, span)
    return syntax.Literal(value, type, span)
