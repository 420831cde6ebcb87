"""What a text says, as a tree: expressions, statements and pipelines, each with its span. Knows no types and no names.

Operators have their own classes in `kql.operators`; here are the parts they are made of.
A span is a pair of character offsets into the text: (start, end).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kql.types import Type

if TYPE_CHECKING:
    from kql.operators.base import Operator

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Literal:
    """A value written in the text. datetime and timespan values are 100 ns ticks; dynamic values are JSON text."""

    value: object
    type: Type
    span: Span


@dataclass(frozen=True, slots=True)
class Name:
    """A reference to a column, a let, a parameter or a table."""

    name: str
    span: Span
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Star:
    """`*`: all columns, or any column on the left of a string operator."""

    span: Span


@dataclass(frozen=True, slots=True)
class Member:
    """`base.name` or `base['name']`: a property of a dynamic value, or a column of `$left` and `$right`."""

    base: Expression
    name: str
    span: Span


@dataclass(frozen=True, slots=True)
class Index:
    """`base[expression]`: an element or a property whose place is computed."""

    base: Expression
    index: Expression
    span: Span


@dataclass(frozen=True, slots=True)
class Call:
    """A function call or an infix operator: `==` is the function named "=="."""

    name: str
    arguments: tuple[Expression, ...]
    span: Span
    name_span: Span
    names: Mapping[int, str] = field(default_factory=dict)  # position -> name, for `f(a = 1)`


@dataclass(frozen=True, slots=True)
class TypeOf:
    """`typeof(long)`, or `typeof(a:long, b:string)` for a schema."""

    types: tuple[Type, ...]
    names: tuple[str, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Pipeline:
    """A source followed by operators; `source` is None when the text begins with an operator (the default table)."""

    source: Expression | None
    operators: tuple[Operator, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class ColumnDeclaration:
    """`name: type`, in datatable, parse, function parameters and the like."""

    name: str
    type: Type | None  # None: no type was written
    span: Span


@dataclass(frozen=True, slots=True)
class DataTable:
    """`datatable(a: long, b: string) [1, "x", …]`."""

    columns: tuple[ColumnDeclaration, ...]
    values: tuple[Expression, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a function or of the query; `schema` is set for a tabular one (empty: any table)."""

    name: str
    type: Type | None
    schema: tuple[ColumnDeclaration, ...] | None
    default: Expression | None
    span: Span


@dataclass(frozen=True, slots=True)
class Lambda:
    """`(parameters) { statements; result }`, the value of a function `let`."""

    parameters: tuple[Parameter, ...]
    statements: tuple[Statement, ...]
    body: Expression | None
    span: Span
    view: bool = False


@dataclass(frozen=True, slots=True)
class Let:
    name: str
    value: Expression | Lambda
    span: Span
    name_span: Span


@dataclass(frozen=True, slots=True)
class SetOption:
    """`set name[=value];`: accepted; only what bin_auto() is told has an effect here."""

    name: str
    span: Span
    value: Expression | None = None


@dataclass(frozen=True, slots=True)
class RefusedStatement:
    """A statement that is read and then refused, by its first words: `alias database`."""

    words: str
    span: Span


@dataclass(frozen=True, slots=True)
class DeclareParameters:
    parameters: tuple[Parameter, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Choice:
    """`("USA").["New York"] = { … }`: one body of a pattern, and the constants that choose it."""

    arguments: tuple[Expression, ...]
    path: str
    body: Lambda
    span: Span


@dataclass(frozen=True, slots=True)
class DeclarePattern:
    """`declare pattern name = (parameters)[path] { choices }`; without choices it only names the pattern."""

    name: str
    parameters: tuple[Parameter, ...]
    choices: tuple[Choice, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Broken:
    """A place that did not parse; its message has been given already."""

    span: Span


@dataclass(frozen=True, slots=True)
class Query:
    """A whole text: its statements, and the pipeline whose rows are the answer (None when the text has none)."""

    statements: tuple[Statement, ...]
    pipelines: tuple[Expression, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Item:
    """One element of project, extend, summarize and the like: `names = expression`, names possibly empty."""

    names: tuple[str, ...]
    expression: Expression
    span: Span
    name_spans: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class Key:
    """One element of `order by`: an expression, its direction and where nulls go (None: KQL's default)."""

    expression: Expression
    ascending: bool | None
    nulls_first: bool | None
    span: Span


@dataclass(frozen=True, slots=True)
class Pattern:
    """A column name that may hold `*`, in project-away, project-keep and project-reorder."""

    text: str
    span: Span
    direction: str | None = None


Expression = Literal | Name | Star | Member | Index | Call | TypeOf | Pipeline | DataTable | Broken
Statement = Let | SetOption | RefusedStatement | DeclareParameters | DeclarePattern
