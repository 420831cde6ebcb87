"""parse-kv: columns cut out of a text of keys and values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kql import plan, syntax
from kql.bind.scope import Environment, Scope
from kql.functions import regex
from kql.functions.regex import escape
from kql.functions.regexes import group_names
from kql.messages import nearest
from kql.operators.base import Operator
from kql.plan import Column, Relation
from kql.types import BOOL, DYNAMIC, LONG, STRING, UNKNOWN

if TYPE_CHECKING:
    from kql.bind.binder import Binder

_OPTIONS = ("pair_delimiter", "kv_delimiter", "quote", "escape", "greedy", "regex")
_MARK = "\x01"  # stands where a pair ends, once greedy reading has found where that is


@dataclass(frozen=True, slots=True)
class ParseKv(Operator):
    """Columns out of a text of keys and values: the first value of each key, without blanks around it. Without
    delimiters everything but letters and digits parts words; `greedy=true` lets values hold the pair delimiter;
    a `regex` has two groups, the key and the value.

    Resources | parse-kv tostring(tags.note) as (owner: string, cost: long) with (pair_delimiter=';', kv_delimiter='=')
    """

    rule = "parse_kv"
    name = "parse-kv"
    syntax_text = (
        "T | parse-kv text as (key: type, …) with (pair_delimiter=…, kv_delimiter=… [, quote=… [, escape=…]] [, greedy=true])"
        " | with ([quote=… [, escape=…]]) | with (regex=…)"
    )
    text: syntax.Expression
    keys: tuple[syntax.ColumnDeclaration, ...]
    options: tuple[syntax.Item, ...]

    @classmethod
    def build(cls, children: list[Any], span: syntax.Span) -> ParseKv:
        keys = tuple(child for child in children if isinstance(child, syntax.ColumnDeclaration))
        options = tuple(child for child in children if isinstance(child, syntax.Item))
        return cls(span, children[1], keys, options)

    def lower(self, binder: Binder, input: Relation, environment: Environment) -> Relation:
        scope = binder.over(input, environment)
        text = binder.scalar(self.text, scope)
        if text.type not in (STRING, DYNAMIC, UNKNOWN):
            binder.problems.add("KQL303", self.text.span, given=text.type.value, expected="a string")
        if text.type is not STRING:
            text = plan.Convert(text, STRING) if text.type is DYNAMIC else plan.Literal("", STRING)
        given = self._given(binder, scope)
        columns = plan.columns_of(input)
        values: list[plan.Scalar]
        if "regex" not in given and not {"pair_delimiter", "kv_delimiter"} <= given.keys():
            values = [self._loose(binder, text, key, given) for key in self.keys]
            middle = input
        else:
            pairs = Column("pairs", DYNAMIC)
            middle = plan.Project(
                input, (*((column, plan.Ref(column)) for column in columns), (pairs, self._pairs(binder, text, given)))
            )
            values = [
                binder.apply("$pair", (plan.Ref(pairs), plan.Literal(key.name, STRING)), key.span) for key in self.keys
            ]
        made: dict[str, tuple[Column, plan.Scalar]] = {}
        for key, value in zip(self.keys, values, strict=True):
            type = key.type or STRING
            if key.name in made:
                binder.problems.add("KQL205", key.span, name=key.name)
            made[key.name] = (Column(key.name, type), value if type is STRING else plan.Convert(value, type))
        output = [made.pop(column.name, (column, plan.Ref(column))) for column in columns]
        return plan.Project(middle, (*output, *made.values()))

    def _given(self, binder: Binder, scope: Scope) -> dict[str, list[str]]:
        """The options as they are written, quote and escape as often as they are."""
        given: dict[str, list[str]] = {}
        for option in self.options:
            (name,) = option.names
            if name not in _OPTIONS:
                binder.problems.add("KQL408", option.name_spans[0], nearest(name, _OPTIONS), name=self.name, argument=name)
                continue
            value = binder.constant(option.expression, scope, f"the option {name}")
            wanted = BOOL if name == "greedy" else STRING
            if not isinstance(value, plan.Literal) or value.type is not wanted:
                if value.type is not UNKNOWN:
                    expected = f"a constant {wanted.value}"
                    binder.problems.add("KQL303", option.expression.span, given=value.type.value, expected=expected)
                continue
            if value.value == "" and name != "regex":
                binder.problems.add("KQL107", option.expression.span, what="''", kind=name)
                continue
            if name != "greedy" or value.value:
                given.setdefault(name, []).append(str(value.value))
        return given

    def _pairs(self, binder: Binder, text: plan.Scalar, given: dict[str, list[str]]) -> plan.Scalar:
        """All pairs of the text, in order."""
        quotes = [(each[0], each[-1]) for each in given.get("quote", ())]
        if "regex" in given:
            pattern, quoted, ends = given["regex"][0], 0, ""
            span = next(option.expression.span for option in self.options if option.names == ("regex",))
            reason = regex.problem(pattern)
            if reason:
                binder.problems.add("KQL308", span, "the notation is RE2's", reason=reason)
            elif len(group_names(pattern)) != 2:
                binder.problems.add("KQL308", span, reason="it must have two groups, one for the key and one for the value")
        else:
            between, equals = escape(given["pair_delimiter"][0]), escape(given["kv_delimiter"][0])
            ends = given["pair_delimiter"][0]
            wrapped = [_quoted(*each, given.get("escape", [])) for each in quotes]
            if "greedy" in given:
                text = self._marked(binder, text, between, equals, given["kv_delimiter"][0], ends, wrapped)
                between, ends = _MARK, _MARK
            key = "|".join([*(each.replace("(", "(?:", 1) for each in wrapped), ".*?"])
            value = "|".join([*(_MARK + "?" + each for each in wrapped), "(.*?)"])
            pattern = rf"(?s)\s*({key})\s*{equals}\s*(?:{value})\s*(?:{between}|$)"
            quoted = len(quotes)
        facts = (pattern, ends, "".join(first + last for first, last in quotes), "".join(given.get("escape", [])))
        literals = tuple(plan.Literal(each, STRING) for each in facts)
        return binder.apply("$pairs", (text, *literals, plan.Literal(quoted, LONG)), self.span)

    def _marked(
        self, binder: Binder, text: plan.Scalar, between: str, equals: str, equal: str, ends: str, wrapped: list[str]
    ) -> plan.Scalar:
        """The text with a mark in place of the delimiters that stand before a key; those in values stay."""
        key = "|".join([*(each.replace("(", "(?:", 1) for each in wrapped), f"[^{escape(ends[0])}{escape(equal[0])}]*?"])
        skipped = "|".join(each.replace("(", "(?:", 1) for each in wrapped)
        found = rf"(?s){between}(\s*(?:{key})\s*{equals})" + (f"|({skipped})" if skipped else "")
        rewritten = _MARK + r"\1" + (r"\2" if skipped else "")
        arguments = (text, plan.Literal(found, STRING), plan.Literal(rewritten, STRING))
        return binder.apply("replace_regex", arguments, self.span)

    def _loose(
        self, binder: Binder, text: plan.Scalar, key: syntax.ColumnDeclaration, given: dict[str, list[str]]
    ) -> plan.Scalar:
        """The word behind a key, where anything but letters and digits parts words."""
        for option in self.options:
            if option.names[0] in ("pair_delimiter", "kv_delimiter", "greedy"):
                binder.problems.add("KQL401", option.span, operator=self.name, expected="pair_delimiter and kv_delimiter together")
        quotes = [(each[0], each[-1]) for each in given.get("quote", ())]
        wrapped = [_quoted(*each, given.get("escape", [])) for each in quotes]
        value = "|".join([*wrapped, r"([\p{L}\p{N}]+)"])
        edge = r"[^\p{L}\p{N}]"
        pattern = rf"(?s)(?:^|{edge})({escape(key.name)}){edge}+?(?:{value})"
        facts = (pattern, "", "".join(first + last for first, last in quotes), "".join(given.get("escape", [])))
        literals = tuple(plan.Literal(each, STRING) for each in facts)
        pairs = binder.apply("$pairs", (text, *literals, plan.Literal(len(quotes), LONG)), self.span)
        return binder.apply("$pair", (pairs, plan.Literal(key.name, STRING)), key.span)


def _quoted(first: str, last: str, escapes: list[str]) -> str:
    """A quoted text as a pattern with one group, what is between the quotes."""
    ignored = "".join(escape(each) for each in escapes)
    inside = "".join(f"{escape(each)}.|" for each in escapes)
    return rf"{escape(first)}((?:{inside}[^{escape(last)}{ignored}])*){escape(last)}"


__all__ = ["ParseKv"]
