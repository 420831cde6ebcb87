"""The shape of a catalogue row, and the notation of its signatures. Knows types; knows no syntax and no plan.

A signature is written `name(parameter:Class, optional:Class?, many:Class...) -> Result`. Classes are those of
`kql.types.CLASSES`; two are of this engine: `text` takes any scalar and receives its `tostring`, `typed` takes
any as it is. `<Constant>` behind a class asks for a constant. How the SQL beside a signature is
written is told in `kql.functions.template`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from kql.functions.filling import filled
from kql.types import CLASSES, SCALARS, Type

if TYPE_CHECKING:
    from kql.functions.template import Answer
    from kql.sql.value import Arguments, Sql

    Code = Callable[[Arguments], Sql | str]
    Computed = Answer | Code

Kind = Literal["scalar", "aggregate", "infix", "window", "plugin"]
Nulls = Literal["strict", "total", "skip", "custom"]


@dataclass(frozen=True, slots=True)
class Parameter:
    name: str
    classes: frozenset[Type]
    text: bool = False  # converted with tostring
    optional: bool = False
    repeated: bool = False
    constant: bool = False
    common: bool = False  # shares one type with the other common ones
    class_name: str = ""


@dataclass(frozen=True)
class Overload:
    """One signature with the SQL that computes it."""

    parameters: tuple[Parameter, ...]
    returns: str
    sql: Computed  # in the notation of kql.functions.template, or a function for what that cannot say
    signature: str

    @cached_property
    def maker(self) -> Code:
        """What makes the SQL of a call."""
        return self.sql if callable(self.sql) else filled(self)

    @cached_property
    def least(self) -> int:
        return sum(not parameter.optional and not parameter.repeated for parameter in self.parameters) + any(
            parameter.repeated and not parameter.optional for parameter in self.parameters
        )

    @cached_property
    def most(self) -> int | None:
        return None if any(parameter.repeated for parameter in self.parameters) else len(self.parameters)

    @cached_property
    def _taken(self) -> dict[int, tuple[Parameter | None, ...]]:
        return {}

    def taking(self, count: int) -> tuple[Parameter | None, ...]:
        """The parameters that take `count` arguments, one for each; None for an argument too many."""
        known = self._taken.get(count)
        if known is None:
            known = self._taken[count] = tuple(self._parameter(position, count) for position in range(count))
        return known

    def _parameter(self, position: int, count: int) -> Parameter | None:
        """The parameter that takes argument `position`; a repeated one takes what the others leave."""
        for place, parameter in enumerate(self.parameters):
            if parameter.repeated:
                after = len(self.parameters) - place - 1
                if position < place:
                    break
                if position < count - after or after == 0:
                    return parameter
                return self.parameters[len(self.parameters) - (count - position)]
        return self.parameters[position] if position < len(self.parameters) else None


@dataclass(frozen=True)
class Function:
    """A row of the catalogue.

    naming: the automatic column name: '' (`Column1`), 'first' (the argument's name), 'name_first' (`strlen_s`),
    'prefix:list' (`list_x`). nulls: 'strict' (a null argument gives null), 'total' (never null), 'skip' (aggregates that
    pass over nulls), 'custom' (told in the sentence). empty: an aggregate's answer over no rows, as KQL text.
    refused: why this engine does not offer it. service: whether Resource Graph itself is known to offer it.
    """

    name: str
    kind: Kind
    overloads: tuple[Overload, ...]
    doc: str
    examples: tuple[str, ...] = ()
    nulls: Nulls = "strict"
    naming: str = ""
    empty: str = "null"
    alias_of: str = ""
    refused: str = ""
    hidden: bool = False
    heavy: bool = False  # its SQL takes long to plan, so it stands once, in a column, wherever its value is used
    volatile: bool = False  # another value at each call
    ordered: bool = False  # an aggregate that takes the values in the order of the rows
    subquery: bool = False  # its SQL holds a subquery, which DuckDB takes neither inside TRY nor inside a lambda
    python: bool = field(default=False)  # needs a Python function registered with the engine
    # What is wrong with the constants among the arguments, or ''. An argument that is no constant is `...`.
    check: Callable[[Sequence[object]], str] | None = None
    # The columns that a call stands for, with their types: fields of the object that it computes. '*' is the argument's
    # name, for one column per array.
    parts: tuple[tuple[str, Type], ...] = ()


_SIGNATURE = re.compile(r"(?P<name>[^(]+)\((?P<parameters>.*)\)\s*->\s*(?P<returns>[\w:|]+)")
_PARAMETER = re.compile(
    r"(?P<name>\w+):(?P<classes>[\w|]+)(?P<mark>\?|\.\.\.)?(?P<constant>\s*<Constant>)?(?P<more>\.\.\.)?"
)


_WORDS = {
    "Scalar": "any", "Any": "any", "typed": "any", "text": "any", "NotDynamic": "any but dynamic", "NotBool": "any but bool",
    "NotRealOrBool": "any but real and bool", "Summable": "number, datetime or timespan", "Orderable": "any but dynamic",
    "Number": "number", "NumberOrBool": "number or bool", "Integer": "int or long", "StringOrDynamic": "string or dynamic",
    "StringOrArray": "string or array", "IntegerOrArray": "long or array", "DynamicArray": "array", "DynamicBag": "bag",
    "CommonScalar": "any", "CommonScalarOrDynamic": "any",
}  # fmt: skip


def readable(name: str, signature: str) -> str:
    """A signature for people under the name that was written: its types in words, and without its result."""
    taken = name + signature[signature.index("(") : signature.rindex(" -> ")]
    taken = re.sub(r":([\w|]+)", lambda found: ": " + " or ".join(_WORDS.get(name, name) for name in found[1].split("|")), taken)
    taken = re.sub(r"\s*<Constant>", " (a constant)", taken)
    return taken.replace("?", " (optional)").replace("...", ", …")


def overload(signature: str, sql: Computed) -> Overload:
    """An overload from its written signature."""
    match = _SIGNATURE.fullmatch(signature)
    if match is None:
        raise ValueError(f"not a signature: {signature}")
    parameters = []
    for written in filter(None, (part.strip() for part in match["parameters"].split(","))):
        found = _PARAMETER.fullmatch(written)
        if found is None:
            raise ValueError(f"not a parameter: {written} in {signature}")
        classes: set[Type] = set()
        for name in found["classes"].split("|"):
            classes |= SCALARS if name in ("text", "typed") else CLASSES[name]
        parameters.append(
            Parameter(
                found["name"],
                frozenset(classes),
                text=found["classes"] == "text",
                optional=found["mark"] == "?",
                repeated=found["mark"] == "..." or found["more"] == "...",
                constant=found["constant"] is not None,
                common=found["classes"].startswith("Common"),
                class_name=found["classes"],
            )
        )
    return Overload(tuple(parameters), match["returns"], sql, signature)


def _function(kind: Kind, rows: Sequence[tuple[str, Computed]], doc: str, **facts: Any) -> Function:
    name = rows[0][0].split("(")[0]
    examples: tuple[str, ...] = tuple(facts.pop("examples", ()))
    return Function(name, kind, tuple(overload(*row) for row in rows), doc, examples=examples, **facts)


def scalar(*rows: tuple[str, Computed], doc: str, **facts: Any) -> Function:
    """A scalar function: its overloads as (signature, SQL), then its facts (see `Function`)."""
    return _function("scalar", rows, doc, **facts)


def infix(*rows: tuple[str, Computed], doc: str, **facts: Any) -> Function:
    """An infix operator, named by its sign."""
    return _function("infix", rows, doc, **facts)


def aggregate(*rows: tuple[str, Computed], doc: str, **facts: Any) -> Function:
    """An aggregate function; nulls are skipped unless said otherwise."""
    return _function("aggregate", rows, doc, **{"nulls": "skip", **facts})


def window(*rows: tuple[str, Computed], doc: str, **facts: Any) -> Function:
    """A function over rows in a known order; `{over}` in its SQL is the order clause."""
    return _function("window", rows, doc, **facts)


def refused(name: str, reason: str, kind: Kind = "scalar", naming: str = "") -> Function:
    """A name that KQL knows and this engine does not offer, with the reason; `naming` where it is offered in part."""
    return Function(name, kind, (), reason, refused=reason, naming=naming)


def alias(name: str, function: Function, hidden: bool = True) -> Function:
    """Another name of the same function."""
    return replace(function, name=name, examples=(), alias_of=function.name, hidden=hidden)
