"""A piece of SQL that computes one KQL value, with what is known of it: type, nulls, form, constant."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kql.forms import JSON, MISSING, Form, Missing
from kql.sql import quote
from kql.types import BOOL, DYNAMIC, INT, STRING, Type

if TYPE_CHECKING:
    from kql.functions.row import Overload


class _NotConstant:
    def __repr__(self) -> str:
        return "not constant"


NOT_CONSTANT = _NotConstant()


@dataclass(frozen=True, slots=True)
class Sql:
    """`text` computes the value. For a string NULL means the empty string, so `.text` may be NULL where `nullable`.

    For a dynamic value `form` says how it is held; with form JSON `path` holds steps that are not extracted yet;
    `members` composes an object from values held apart, and `kept` gives for some of them SQL for their JSON text with
    its nulls (NULL: there is no such member); `borrow` makes the text on first use (a column of an inner
    SELECT that is fetched only if somebody asks).
    """

    raw: str
    type: Type
    nullable: bool = True
    form: Form | None = None
    const: object = NOT_CONSTANT
    path: tuple[str, ...] = ()
    members: tuple[tuple[str, Sql], ...] | None = None
    kept: tuple[tuple[str, str], ...] = ()
    borrow: Borrowed | None = None
    lower: bool = False
    absent: bool = False  # a text that was computed from a null: isnull tells it from an empty one

    @property
    def constant(self) -> bool:
        return self.const is not NOT_CONSTANT

    @property
    def is_nothing(self) -> bool:
        """Whether a dynamic is null in every row; one composed of members has no form either, and is something."""
        return self.members is None and isinstance(self.form, Missing)

    @property
    def text(self) -> str:
        """The SQL text; NULL for a null, and possibly for an empty string."""
        if self.borrow is not None:
            return self.borrow.fetch().text
        if self.path:
            return f"kql_extract({self.raw}, {json_path(self.path)})"
        return self.raw

    @property
    def string(self) -> str:
        """The SQL text of a string, never NULL."""
        value = self.fetched()
        return f"coalesce({value.text}, '')" if value.nullable else value.text

    def fetched(self) -> Sql:
        """Itself, with a borrowed column fetched."""
        return self.borrow.fetch() if self.borrow is not None else self

    @property
    def written(self) -> str:
        """The SQL text as its type wants it: a string never NULL."""
        return self.string if self.type is STRING else self.text


class Borrowed:
    """A value that lives in inner SELECTs, one per leg of a union; fetched once, on demand.

    `fetch` is given by whoever owns the inner SELECTs; `step` applies the same step to the value in every leg.
    """

    __slots__ = ("_fetch", "_fetched", "step")

    def __init__(self, fetch: Callable[[], Sql], step: Callable[[Callable[[Sql], Sql]], Sql]) -> None:
        self._fetch = fetch
        self._fetched: Sql | None = None
        self.step = step

    def fetch(self) -> Sql:
        if self._fetched is None:
            self._fetched = self._fetch()
        return self._fetched


def constant(value: object, type: Type) -> Sql:
    """A literal."""
    form: Form | None = None
    if type is DYNAMIC:
        form = MISSING if value is None else JSON
    lower = isinstance(value, str) and value.isascii() and value == value.lower()
    return Sql(quote.literal(value, type), type, value is None, form, value, lower=lower)


def missing(type: Type) -> Sql:
    """The value of a column that a row does not have: the empty string, or null."""
    return constant("" if type is STRING else None, type)


TRUE = constant(True, BOOL)
FALSE = constant(False, BOOL)


def json_path(steps: tuple[str, ...]) -> str:
    """The argument of json_extract for steps made by `path_step`."""
    return quote.text("$" + "".join(steps))


def path_step(step: str | int) -> str | None:
    """One step of a JSON path, or None where DuckDB's path notation cannot say it."""
    if isinstance(step, int):
        return f"[{step}]" if step >= 0 else f"[#{step}]"
    if '"' in step or "\\" in step or "*" in step or not step or "\0" in step:
        return None
    return f'."{step}"'


class Arguments:
    """What a catalogue row's own code sees: the arguments as they are, and as the signature wants them."""

    __slots__ = ("_convert", "names", "nulls", "over", "overload", "partition", "result", "truth", "values")

    def __init__(
        self,
        values: list[Sql],
        overload: Overload,
        result: Type,
        convert: Callable[[Sql, Type], Sql],
        *,
        nulls: str = "custom",
        truth: bool = False,
        over: str = "",
        partition: str = "",
    ) -> None:
        self.values = values
        self.overload = overload
        self.result = result
        self.nulls = nulls  # the row's rule
        self.truth = truth  # the caller only asks whether the result is true: null may stand for false
        self.over = over  # the order of rows, as an OVER clause's content
        self.partition = partition  # the part of it that says which rows are counted together
        self._convert = convert
        self.names: dict[str, list[int]] = {}
        for position, parameter in enumerate(overload.taking(len(values))):
            if parameter is not None:
                self.names.setdefault(parameter.name, []).append(position)

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, position: int) -> Sql:
        """The argument as it is."""
        return self.values[position]

    def convert(self, position: int, type: Type) -> Sql:
        return self._convert(self.values[position], type)

    def text(self, position: int) -> str:
        """The SQL of an argument as the signature wants it, for a row's own code: strings never NULL, dynamics as they are."""
        value, parameter = self.values[position], self.overload.taking(len(self.values))[position]
        if parameter is not None and (
            parameter.text or (value.type is DYNAMIC and STRING in parameter.classes and parameter.class_name != "typed")
        ):
            value = self._convert(value, STRING)
        return value.written

    def count(self, position: int, default: str = "NULL") -> str:
        """An integer argument that counts characters or elements, cut to 32 bits: no text or list is longer, and a sum
        of two such numbers stays within 64."""
        if position >= len(self.values):
            return default
        value = self.values[position].fetched()
        if isinstance(value.const, int):
            return str(min(max(value.const, -(2**31)), 2**31 - 1))
        return f"CAST({value.text} AS BIGINT)" if value.type is INT else f"kql_count({value.text})"

    def nullable(self) -> bool:
        """Whether the result may be null by the row's rule."""
        return self.nulls != "total" and (
            self.nulls != "strict" or any(value.nullable and value.type is not STRING for value in self.values)
        )

    def some_null(self) -> bool:
        """Whether an argument may be null that is not taken for a text."""
        parameters = self.overload.taking(len(self.values))
        return any(
            value.nullable and value.type is not STRING and not (parameter is not None and parameter.text)
            for value, parameter in zip(self.values, parameters, strict=True)
        )
