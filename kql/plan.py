"""The narrow waist: about ten relation nodes over typed scalar nodes. Binding makes them, the emitter renders them.

Names are gone here: a `Column` is an identity, so two columns that differ only in letter case, or not at all, never meet.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import TYPE_CHECKING

from kql.types import BOOL, DYNAMIC, LONG, Type

if TYPE_CHECKING:
    from kql.functions.row import Function, Overload
    from kql.schema import Table

_ids = itertools.count(1)


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """One column of one relation; equal only to itself. `name` is KQL's, for people and for the result."""

    name: str
    type: Type
    id: int = field(default_factory=lambda: next(_ids))

    def __repr__(self) -> str:
        return f"{self.name}#{self.id}"


# ---- scalars -----------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True, eq=False)
class Literal:
    """A constant; None is the null of its type. datetime and timespan are ticks, dynamic is JSON text."""

    value: object
    type: Type


@dataclass(frozen=True, slots=True, eq=False)
class Ref:
    """The value of a column."""

    column: Column

    @property
    def type(self) -> Type:
        return self.column.type


@dataclass(frozen=True, slots=True, eq=False)
class Path:
    """A property (text), an element (number) or a computed place of a dynamic value; missing is null, never an error."""

    base: Scalar
    step: str | int | Scalar
    type: Type = DYNAMIC


@dataclass(frozen=True, slots=True, eq=False)
class Call:
    """A row of the catalogue applied to arguments that fit its overload."""

    function: Function
    overload: Overload
    arguments: tuple[Scalar, ...]
    type: Type


@dataclass(frozen=True, slots=True, eq=False)
class Convert:
    """A conversion that KQL makes silently; the same value as `to<type>()` gives."""

    argument: Scalar
    type: Type


@dataclass(frozen=True, slots=True, eq=False)
class Parameter:
    """A value that is bound when the query runs: `$now`, or a declared query parameter."""

    name: str
    type: Type


@dataclass(frozen=True, slots=True, eq=False)
class ScalarQuery:
    """`toscalar(T)`: the first column of the first row, or null."""

    relation: Relation
    type: Type


@dataclass(frozen=True, slots=True, eq=False)
class Membership:
    """`x in (T)`: whether a value is among those of a relation's first column."""

    value: Scalar
    relation: Relation
    ignore_case: bool = False
    negated: bool = False
    type: Type = BOOL


@dataclass(frozen=True, slots=True, eq=False)
class RowNumber:
    """The number of a row, from 0, in the relation's order; what other window functions are counted from."""

    type: Type = LONG


Scalar = Literal | Ref | Path | Call | Convert | Parameter | ScalarQuery | Membership | RowNumber


@dataclass(frozen=True, slots=True, eq=False)
class SortKey:
    value: Scalar
    ascending: bool
    nulls_first: bool


# ---- relations ---------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True, eq=False)
class Scan:
    """All rows of a table of the schema; `columns` pairs what the query calls a column with the table's own name.

    `hidden` columns may be named but are not part of the rows (`aliases`, `apiVersion`).
    """

    table: Table
    columns: tuple[tuple[Column, str], ...]
    hidden: tuple[tuple[Column, str], ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Values:
    """Rows written in the query."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[Scalar, ...], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Filter:
    input: Relation
    predicate: Scalar


@dataclass(frozen=True, slots=True, eq=False)
class Project:
    """Every output column with its expression; a column passed through is a Ref to itself.

    `keeps_hidden`: hidden columns of the input may still be named (extend).
    """

    input: Relation
    columns: tuple[tuple[Column, Scalar], ...]
    keeps_hidden: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Aggregate:
    """Groups by the keys; the order of rows is lost. Without keys: exactly one row."""

    input: Relation
    keys: tuple[tuple[Column, Scalar], ...]
    values: tuple[tuple[Column, Scalar], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Sort:
    """Orders the rows. `stable`: rows with equal keys keep the order they had. `within`: what window functions and
    row numbers count by from here on: the rows of one outer row (mv-apply) or of one key (partition)."""

    input: Relation
    keys: tuple[SortKey, ...]
    stable: bool = False
    within: tuple[Scalar, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Limit:
    input: Relation
    count: Scalar


@dataclass(frozen=True, slots=True, eq=False)
class Join:
    """kind: inner, leftouter, rightouter, fullouter, leftsemi, leftanti. Null matches null, as in KQL."""

    kind: str
    left: Relation
    right: Relation
    on: tuple[tuple[Scalar, Scalar], ...]
    columns: tuple[tuple[Column, Column], ...]  # output column, the column of a side it repeats


@dataclass(frozen=True, slots=True, eq=False)
class Union:
    """Bag union; for each leg one entry a column: its value there, or None for the type's missing value."""

    legs: tuple[Relation, ...]
    columns: tuple[Column, ...]
    sources: tuple[tuple[Scalar | None, ...], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Unnest:
    """One row per element of the lists in lockstep; the input's columns repeat.

    `expanded` pairs an output column with the dynamic value it expands and the way: 'element' (bags give one-key bags)
    or 'pair' (bags give [key, value]). `index`: a column of 0-based places. `limit`: most elements of one row.
    `outer`: a row whose lists are null is kept with nulls.
    """

    input: Relation
    expanded: tuple[tuple[Column, Scalar, str], ...]
    index: Column | None
    limit: Scalar | None
    outer: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class First:
    """One row, the first, for each distinct value of the keys (the left side of innerunique)."""

    input: Relation
    keys: tuple[Scalar, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Shared:
    """A relation that is used more than once and computed once (materialize, as, a let used again)."""

    input: Relation
    name: str


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """The rows of `range x from a to b step s`."""

    column: Column
    start: Scalar
    stop: Scalar
    step: Scalar


@dataclass(frozen=True, slots=True, eq=False)
class Fold:
    """Goes through the rows in order and carries a state along, for each value of `by` on its own.

    `state` pairs a column with its value before the first row. `layers` are computed at each row, one above the other,
    over the row's columns, the state and the layers below; `following` names for each state column the one that holds
    its next value. The output are the input's columns and `shown`, columns of the layers. `after` is the number of the
    next row.
    """

    input: Relation
    after: Scalar
    state: tuple[tuple[Column, Scalar], ...]
    layers: tuple[tuple[tuple[Column, Scalar], ...], ...]
    following: tuple[Column, ...]
    shown: tuple[Column, ...]
    by: tuple[Scalar, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Previous:
    """Within a recursion's step: the rows that the step before made."""

    columns: tuple[Column, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Recursion:
    """The rows of `start`, those that `step` makes of them, those that it makes of these, until there are no more.
    `distinct`: a row that has been there already is not made again."""

    start: Relation
    step: Relation
    previous: Previous
    distinct: bool = False


Relation = (
    Scan | Values | Filter | Project | Aggregate | Sort | Limit | Join | Union | Unnest | First | Shared | Series | Fold
    | Previous | Recursion
)  # fmt: skip


_SAME_COLUMNS = Filter | Sort | Limit | First | Shared


def parts(node: Scalar) -> tuple[Scalar, ...]:
    """The scalars that a scalar is made of."""
    match node:
        case Call():
            return node.arguments
        case Convert():
            return (node.argument,)
        case Path():
            return (node.base,) if isinstance(node.step, str | int) else (node.base, node.step)
        case Membership():
            return (node.value,)
    return ()


def mapped(node: Scalar, change: Callable[[Scalar], Scalar]) -> Scalar:
    """The node with each part changed."""
    match node:
        case Call():
            return replace(node, arguments=tuple(change(argument) for argument in node.arguments))
        case Convert():
            return replace(node, argument=change(node.argument))
        case Path():
            step = node.step if isinstance(node.step, str | int) else change(node.step)
            return replace(node, base=change(node.base), step=step)
        case Membership():
            return replace(node, value=change(node.value))
    return node


def any_part(node: Scalar, test: Callable[[Scalar], bool]) -> bool:
    """Whether the node or one of its parts passes; each is asked once, however often it is a part."""
    seen: set[Scalar] = set()
    waiting = [node]
    while waiting:
        found = waiting.pop()
        if found in seen:
            continue
        if test(found):
            return True
        seen.add(found)
        waiting.extend(parts(found))
    return False


def depends_on_rows(node: Scalar) -> bool:
    """Whether a value may differ from row to row."""
    return any_part(node, lambda part: isinstance(part, Ref | RowNumber))


def reads(node: object, root: Relation) -> bool:
    """Whether a relation stands in another one anywhere, in the subqueries of its values too."""
    seen: set[int] = set()
    waiting = [node]
    while waiting:
        found = waiting.pop()
        if found is root:
            return True
        if isinstance(found, tuple):
            waiting.extend(found)
        elif type(found).__module__ == __name__ and is_dataclass(found) and id(found) not in seen:
            seen.add(id(found))
            waiting.extend(getattr(found, field.name) for field in fields(found))
    return False


def steps(relation: Relation, most: int) -> int:
    """How many relation nodes a plan holds, counted up to `most`; what is shared counts once a use."""
    count, waiting = 0, [relation]
    while waiting and count < most:
        found = waiting.pop()
        count += 1
        match found:
            case Scan() | Values() | Series() | Shared() | Previous() | Recursion():
                pass
            case Join():
                waiting += [found.left, found.right]
            case Union():
                waiting += found.legs
            case _:
                waiting.append(found.input)
    return count


def with_inputs(relation: Relation, change: Callable[[Relation], Relation]) -> Relation:
    """The relation over changed inputs; itself where none changes. What is shared is known by identity and stays."""
    match relation:
        case Scan() | Values() | Series() | Shared() | Previous() | Recursion():
            return relation
        case Join():
            left, right = change(relation.left), change(relation.right)
            return relation if left is relation.left and right is relation.right else replace(relation, left=left, right=right)
        case Union():
            legs = tuple(change(leg) for leg in relation.legs)
            unchanged = all(new is old for new, old in zip(legs, relation.legs, strict=True))
            return relation if unchanged else replace(relation, legs=legs)
        case _:
            inner = change(relation.input)
            return relation if inner is relation.input else replace(relation, input=inner)


def columns_of(relation: Relation) -> tuple[Column, ...]:
    """The output columns of a relation, in order."""
    while isinstance(relation, _SAME_COLUMNS):  # a loop, for pipelines are a hundred operators long
        relation = relation.input
    match relation:
        case Scan():
            return tuple(column for column, _ in relation.columns)
        case Values() | Union():
            return relation.columns
        case Project() | Join():
            return tuple(entry[0] for entry in relation.columns)
        case Aggregate():
            return tuple(column for column, _ in relation.keys + relation.values)
        case Unnest():
            index = () if relation.index is None else (relation.index,)
            return columns_of(relation.input) + tuple(entry[0] for entry in relation.expanded) + index
        case Series():
            return (relation.column,)
        case Fold():
            return columns_of(relation.input) + relation.shown
        case Previous():
            return relation.columns
        case Recursion():
            return relation.previous.columns
    raise AssertionError(relation)


def hidden_columns(relation: Relation) -> tuple[Column, ...]:
    """The columns that may be named although they are not part of the rows."""
    while isinstance(relation, Filter | Sort | Limit) or (isinstance(relation, Project) and relation.keeps_hidden):
        relation = relation.input
    return tuple(column for column, _ in relation.hidden) if isinstance(relation, Scan) else ()


def visible(relation: Relation) -> tuple[Column, ...]:
    """The columns of the rows and the hidden ones."""
    return columns_of(relation) + hidden_columns(relation)
