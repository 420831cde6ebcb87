"""What answers in pages need of a plan: the rows from one on, in whatever order, their number, and what a limit left out."""

from __future__ import annotations

import dataclasses
from typing import Any

from kql import plan
from kql.plan import Relation
from kql.sql.emit import Emitted, emit
from kql.types import LONG


def from_row(sql: str, skip: int) -> str:
    """The rows of a statement but for the first `skip`. The engine keeps the order of a subquery's rows."""
    return f"SELECT * FROM ({sql}) OFFSET {int(skip)}"


def shuffled(sql: str, seed: int) -> str:
    """The rows of a statement in an order of no meaning, which a seed settles: another seed, another order."""
    return f"SELECT * FROM ({sql}) AS shuffled ORDER BY hash(shuffled, {int(seed)})"


def is_ordered(relation: Relation) -> bool:
    """Whether the query says in which order its rows come."""
    match relation:
        case plan.Sort():
            return True
        case plan.Project() | plan.Filter() | plan.Limit() | plan.Unnest() | plan.Shared():
            return is_ordered(relation.input)
    return False


def count(relation: Relation) -> Emitted:
    """A statement for the number of rows."""
    one = (plan.Column("n", LONG), plan.Literal(1, LONG))
    counted = emit(plan.Project(_countable(relation), (one,)))
    return Emitted(f"SELECT count(*) AS c0 FROM ({counted.sql})", counted.parameters, ("plain",))


def loosened(relation: Any) -> Any:
    """The relation with every limit, wherever it is, greater by one."""
    changed: dict[str, Any] = {}
    for field in dataclasses.fields(relation):
        value = getattr(relation, field.name)
        if isinstance(value, Relation):
            changed[field.name] = loosened(value)
        elif field.name == "legs":
            changed[field.name] = tuple(loosened(leg) for leg in value)
    if isinstance(relation, plan.Limit) and isinstance(relation.count, plan.Literal):
        number = relation.count.value
        if isinstance(number, int):
            changed["count"] = plan.Literal(number + 1, relation.count.type)
    return dataclasses.replace(relation, **changed) if changed else relation


def _countable(relation: Relation) -> Relation:
    """A relation with as many rows, without the sorting and the columns that counting does not need."""
    match relation:
        case plan.Sort() | plan.Project():
            return _countable(relation.input)
        case plan.Limit():
            return plan.Limit(_countable(relation.input), relation.count)
    return relation
