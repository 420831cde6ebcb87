"""Text to syntax tree: Lark's LALR parser with our grammar, a builder for its rules, and recovery after a mistake.

After a syntax error the operator that holds it is skipped and parsing goes on behind the next pipe or semicolon, so that
one run tells all mistakes. Lark is imported, and the tables of the grammar are made or loaded, at first use.
"""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING, Any

from kql import lexis, syntax
from kql.messages import Problems, nearest
from kql.types import BOOL, DYNAMIC, LONG, REAL, STRING, TIMESPAN, TYPE_NAMES, Type

if TYPE_CHECKING:
    import lark

MAX_TEXT = 256 * 1024
MAX_DEPTH = 150
MAX_ERRORS = 20


def parse(text: str, problems: Problems, *, max_text: int = MAX_TEXT) -> syntax.Query | None:
    """The syntax tree of a text. Mistakes go to `problems`; None when nothing can be made of it."""
    if len(text) > max_text:
        problems.add("KQL601", (0, 1), "max_text raises the limit", size=len(text), limit=max_text)
        return None
    if not _brackets(text, problems):
        return None
    attempt = text
    for _ in range(MAX_ERRORS):
        found = len(problems.found)
        tree = _attempt(attempt, text, problems)
        if tree is not None:
            return tree
        if len(problems.found) == found:
            return None
        shorter = _without(attempt, problems.found[-1].span[0])
        if shorter is None:
            return None
        attempt = shorter
    return None


def _attempt(attempt: str, text: str, problems: Problems) -> syntax.Query | None:
    import lark

    try:
        return _parser().parse(attempt)  # type: ignore[return-value]
    except lark.exceptions.UnexpectedInput as error:
        _report(error, attempt, problems)
    except lark.exceptions.VisitError as error:
        if not isinstance(error.orig_exc, BadLiteral):
            raise
        _report_literal(error.orig_exc, problems)
    except BadLiteral as error:
        _report_literal(error, problems)
    return None


@functools.cache
def _parser() -> lark.Lark:
    import importlib.resources

    import lark

    import kql.operators  # noqa: F401  the builder finds the operators in their registry

    grammar = importlib.resources.files("kql").joinpath("kql.lark").read_text(encoding="utf-8")
    return lark.Lark(grammar, parser="lalr", maybe_placeholders=False, cache=True, transformer=_builder())


def terminals() -> list[Any]:
    """The grammar's terminals, for colouring."""
    return list(_parser().terminals)


def expected(text: str) -> set[str]:
    """The names of the terminals that may follow a text that is right so far; none for one that is not."""
    import lark

    interactive = _parser().parse_interactive(text)
    try:
        interactive.exhaust_lexer()
    except (lark.exceptions.UnexpectedInput, lark.exceptions.VisitError, BadLiteral):
        return set()
    state = interactive.parser_state
    table = state.parse_conf.parse_table.states
    return {name for name in table[state.position] if name.lstrip("_").isupper() and _shifts(table, state.state_stack, name)}


def _shifts(table: Any, stack: list[Any], terminal: str) -> bool:
    """Whether a terminal can follow. A table of LALR(1) names too many: only what survives its reductions fits."""
    states = list(stack)
    while True:
        action, argument = table[states[-1]].get(terminal, (None, None))
        if action is None:
            return False
        if action.name == "Shift":
            return True
        if argument.expansion:
            del states[-len(argument.expansion) :]
        states.append(table[states[-1]][argument.origin.name][1])


# ---- brackets and strings, before the grammar --------------------------------------------------------------------
_SKIP = re.compile(
    r"//[^\n]*|```[\s\S]*?```|~~~[\s\S]*?~~~|[hH]?@\"(?:[^\"\n]|\"\")*\"|[hH]?@'(?:[^'\n]|'')*'"
    r"|\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'|[()\[\]{}]|[\"']"
)
_PAIRS = {")": "(", "]": "[", "}": "{"}


def _brackets(text: str, problems: Problems) -> bool:
    """Whether brackets and quotes pair up; a cheap pass that says best what the grammar would say badly."""
    open_at: list[tuple[str, int]] = []
    for match in _SKIP.finditer(text):
        token = match.group()
        if token in "([{":
            open_at.append((token, match.start()))
            if len(open_at) > MAX_DEPTH:
                problems.add("KQL602", (match.start(), match.start() + 1), limit=MAX_DEPTH)
                return False
        elif token in _PAIRS:
            if not open_at or open_at[-1][0] != _PAIRS[token]:
                if open_at and any(bracket == _PAIRS[token] for bracket, _ in open_at):
                    bracket, place = open_at[-1]
                    problems.add("KQL104", (place, place + 1), bracket=bracket)
                else:
                    problems.add("KQL105", (match.start(), match.start() + 1), bracket=token)
                return False
            open_at.pop()
        elif token in "\"'":
            problems.add("KQL103", (match.start(), match.start() + 1), f"a {token} is missing on this line")
            return False
    for bracket, place in open_at[-1:]:
        problems.add("KQL104", (place, place + 1), bracket=bracket)
        return False
    return True


def _without(text: str, place: int) -> str | None:
    """The text with the operator around `place` blanked out, or None where nothing would be gained."""
    start = max(text.rfind("|", 0, place + 1), text.rfind(";", 0, place + 1))
    if start < 0:
        return None
    depth, end = 0, len(text)
    for match in _SKIP_PIPES.finditer(text, start + 1):
        token = match.group()
        if token in "([{":
            depth += 1
        elif token in ")]}":
            depth -= 1
            if depth < 0:
                end = match.start()
                break
        elif token in "|;" and depth == 0:
            end = match.start()
            break
    if text[start] == ";":
        start += 1
    blanked = text[:start] + " " * (end - start) + text[end:]
    return blanked if blanked.strip() and blanked != text else None


_SKIP_PIPES = re.compile(_SKIP.pattern + r"|[|;]")


# ---- messages ----------------------------------------------------------------------------------------------------
def _report(error: Any, text: str, problems: Problems) -> None:
    import lark

    if isinstance(error, lark.exceptions.UnexpectedEOF) or (
        isinstance(error, lark.exceptions.UnexpectedToken) and error.token.type == "$END"
    ):
        end = len(text.rstrip())
        if not text.strip() or not _has_words(text):
            problems.add("KQL106", (0, 1), "for example: Resources | take 5")
        else:
            problems.add("KQL102", (max(end - 1, 0), end), _expectation(error))
        return
    start = error.pos_in_stream if isinstance(error, lark.exceptions.UnexpectedCharacters) else error.token.start_pos
    start = len(text) if start is None else start
    word = re.compile(r"[\w-]+|.", re.S).match(text, start)
    found = word.group() if word else ""
    span = (start, start + max(len(found), 1))
    before = text[:start].rstrip()
    if before.endswith("|") or not before:
        names = _operator_names()
        known = {name.replace("mv-expand", "mvexpand") for name in names} | set(names)
        if found and (found[0].isalpha()) and found.lower() not in known:
            problems.add("KQL204", span, nearest(found, names), name=found)
            return
        if found.lower() in known and found not in known:
            problems.add("KQL204", span, nearest(found, names), name=found)
            return
    if not re.match(r"[\w\s\"'()\[\]{}|;,.=<>!~+\-*/%:@$#?&^\\`]", found or " "):
        problems.add("KQL108", span, character=f"'{found}'")
        return
    problems.add("KQL101", span, _expectation(error), found=f"'{found}'")


def _has_words(text: str) -> bool:
    return bool(re.sub(r"//[^\n]*", "", text).strip())


def _operator_names() -> list[str]:
    from kql.operators import OPERATORS

    return sorted({operator.name for operator in OPERATORS.values()} | {"sort", "limit", "filter", "mvexpand"})


_READABLE = {
    "NAME": "a name", "STRING": "a text", "LONG": "a number", "RPAR": "')'", "LPAR": "'('", "COMMA": "','",
    "VBAR": "'|'", "BY": "'by'", "ON": "'on'", "WITH": "'with'", "COLON": "':'", "RSQB": "']'", "_SEMI": "';'",
    "TO": "'to'", "FROM": "'from'", "STEP": "'step'", "TYPEOF": "'typeof'", "EQUAL": "'='", "COMPARISON": "a comparison",
    "DOTS": "'..'", "RBRACE": "'}'", "LBRACE": "'{'",
}  # fmt: skip


def _expectation(error: Any) -> str:
    """What could have stood there, in words, when that is short enough to help."""
    accepted = (
        getattr(error, "accepts", None) or getattr(error, "expected", None) or getattr(error, "allowed", None) or set()
    )
    words = sorted({_READABLE[name] for name in accepted if name in _READABLE})
    if "a name" in words and "a number" in words:
        words = ["an expression"] + [word for word in words if word not in ("a name", "a number", "a text", "'('")]
    return "expected " + " or ".join(words) if words and len(words) <= 6 else ""


def _report_literal(error: BadLiteral, problems: Problems) -> None:
    if error.kind == "long":
        problems.add("KQL109", error.span, number=error.text)
    elif error.kind == "name":
        problems.add("KQL111", error.span, name=error.text)
    elif error.kind == "type":
        problems.add("KQL210", error.span, nearest(error.text, TYPE_NAMES), name=error.text)
    else:
        problems.add("KQL107", error.span, what=f"'{error.text}'", kind=error.kind)


class BadLiteral(Exception):
    """A token that has the form of a literal, but no value."""

    def __init__(self, kind: str, text: str, span: syntax.Span) -> None:
        super().__init__(kind, text)
        self.kind, self.text, self.span = kind, text, span


# ---- the builder -------------------------------------------------------------------------------------------------
def _span(children: list[Any]) -> syntax.Span:
    """The span from the first to the last child that has one."""
    start = end = -1
    for child in children:
        place = (child.start_pos, child.end_pos) if hasattr(child, "start_pos") else getattr(child, "span", None)
        if place is not None:
            start = place[0] if start < 0 else min(start, place[0])
            end = max(end, place[1])
    return (max(start, 0), max(end, 0))


def _token_span(token: Any) -> syntax.Span:
    return (token.start_pos, token.end_pos)


def _builder() -> Any:
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
            child for child in children if isinstance(child, syntax.Let | syntax.SetOption | syntax.DeclareParameters)
        ]
        pipelines = [
            child
            for child in children
            if not isinstance(child, syntax.Let | syntax.SetOption | syntax.DeclareParameters)
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
        return syntax.Let(name.name, value, _span(children), name.span)

    def set_option(self, children: list[Any]) -> syntax.SetOption:
        return syntax.SetOption(children[1].name, _span(children))

    def declare(self, children: list[Any]) -> syntax.DeclareParameters:
        parameters = tuple(child for child in children if isinstance(child, syntax.Parameter))
        return syntax.DeclareParameters(parameters, _span(children))

    def lambda_(self, children: list[Any]) -> syntax.Lambda:
        parameters = tuple(child for child in children if isinstance(child, syntax.Parameter))
        rest = [child for child in children if not isinstance(child, syntax.Parameter | str)]
        statements = tuple(child for child in rest if isinstance(child, syntax.Let | syntax.SetOption))
        bodies = [child for child in rest if not isinstance(child, syntax.Let | syntax.SetOption)]
        return syntax.Lambda(parameters, statements, bodies[-1] if bodies else None, _span(children))

    def parameter(self, children: list[Any]) -> syntax.Parameter:
        name, type, *default = children
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
            type = children[1].type if len(children) > 1 else None
            return syntax.ColumnDeclaration(first.name, type, _span(children))
        if str(first) == "*":
            return syntax.Star(_token_span(first))
        return syntax.Literal(lexis.string(str(first)), STRING, _token_span(first))

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
            if child.name in _RESERVED and not child.quoted:
                raise BadLiteral("name", child.name, child.span)
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

    def equation(self, children: list[Any]) -> syntax.Call:
        """`where a = b`: Kusto reads a single sign as a comparison there."""
        names, value = children
        left = syntax.Name(names.names[0], names.spans[0])
        return syntax.Call("==", (left, value), _span(children), _span(children))

    def in_list(self, children: list[Any]) -> syntax.Call:
        left, operator, right = children
        arguments = right.arguments if isinstance(right, _Arguments) else (right,)
        return syntax.Call(str(operator), (left, *arguments), _span(children), _token_span(operator))

    def group_list(self, children: list[Any]) -> _Arguments:
        arguments = tuple(child.value if isinstance(child, _Argument) else child for child in children)
        names = {
            place: child.name for place, child in enumerate(children) if isinstance(child, _Argument) and child.name
        }
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
            and value.type in (LONG, REAL, TIMESPAN)
            and value.span[0] == operator.end_pos
        ):
            number: Any = value.value
            return syntax.Literal(-number if str(operator) == "-" else number, value.type, _span(children))
        return syntax.Call(
            "negate" if str(operator) == "-" else "plus", (value,), _span(children), _token_span(operator)
        )

    negative = sign

    def group(self, children: list[Any]) -> Any:
        return children[0]

    def member(self, children: list[Any]) -> syntax.Member:
        base, name = children
        return syntax.Member(base, str(name), _span(children))

    def index(self, children: list[Any]) -> Any:
        base, index = children
        if isinstance(index, syntax.Literal) and index.type is STRING:
            return syntax.Member(base, str(index.value), _span(children))
        return syntax.Index(base, index, _span(children))

    def method(self, children: list[Any]) -> syntax.Call:
        base, name, arguments = children
        return syntax.Call(str(name), (base, *arguments.arguments), _span(children), _token_span(name))

    def call(self, children: list[Any]) -> syntax.Call:
        name, arguments = children
        return syntax.Call(str(name), arguments.arguments, _span(children), _token_span(name), arguments.names)

    def dollar(self, children: list[Any]) -> syntax.Name:
        return syntax.Name(str(children[0]), _token_span(children[0]))

    def typeof(self, children: list[Any]) -> syntax.TypeOf:
        parts = children[1:]
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
        return syntax.ColumnDeclaration(children[0].name, children[1].type, _span(children))

    def datatable(self, children: list[Any]) -> syntax.DataTable:
        columns = tuple(child for child in children if isinstance(child, syntax.ColumnDeclaration))
        values = tuple(child for child in children[1:] if not isinstance(child, syntax.ColumnDeclaration | str))
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
                if value is None:
                    raise BadLiteral("long", text, span)
                return syntax.Literal(value, LONG, span)
            case "REAL":
                return syntax.Literal(float(text), REAL, span)
            case "TIMESPAN":
                return syntax.Literal(lexis.timespan(text), TIMESPAN, span)
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

_RESERVED = frozenset({"first", "last", "asc", "desc", "and", "or"})

_OLD_SPELLINGS = {
    "<>": "!=", "notcontains": "!contains", "containscs": "contains_cs", "notcontainscs": "!contains_cs",

}  # fmt: skip

_NAMING_CALLS = frozenset({
    "tostring", "tolower", "toupper", "toint", "tolong", "todouble", "toreal", "tobool", "todatetime", "split",
    "parse_json", "todynamic", "bin", "strcat", "count", "isnotempty", "isempty",
})  # fmt: skip


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
        if value.type is Type.DATETIME:
            return json.dumps(datetime_text(int(str(value.value))))
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


def datetime_text(ticks: int) -> str:
    """ISO text of a datetime with seven decimals."""
    import datetime

    moment = datetime.datetime(1, 1, 1) + datetime.timedelta(seconds=ticks // lexis.TICKS_PER_SECOND)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{ticks % lexis.TICKS_PER_SECOND:07d}Z".rjust(28, "0")


_TYPED = re.compile(r"(\w+)\s*\((.*)\)", re.S)
_READERS: dict[Type, Any] = {
    Type.DATETIME: lexis.datetime, TIMESPAN: lexis.timespan, Type.GUID: lexis.guid, BOOL: lexis.boolean,
    LONG: lexis.long, Type.INT: lexis.long, REAL: lexis.real, Type.DECIMAL: lexis.exact,
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
