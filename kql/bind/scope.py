"""What a name can mean at a place: the columns of the row, and the lets, functions and parameters around it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from kql import plan, syntax
from kql.plan import Column, Relation, hidden_columns


@dataclass(frozen=True, slots=True)
class ScalarBinding:
    """A let or a parameter with one value; substituted where it is named. `depth` is how deep in tables that are computed
    apart from rows (`Binder.apart`) it was made: further down a value of a row means nothing."""

    value: plan.Scalar
    depth: int = 0


@dataclass(frozen=True, slots=True)
class TabularBinding:
    """A let or a parameter that is a table; bound anew at each use, so that every use has columns of its own."""

    make: Callable[[], Relation]
    label: str = ""


@dataclass(frozen=True, slots=True)
class FunctionBinding:
    """A function `let` with the names that were known where it stands."""

    name: str
    definition: syntax.Lambda
    around: Environment


@dataclass(frozen=True, slots=True)
class PatternBinding:
    """A pattern with the names that were known where it stands."""

    definition: syntax.DeclarePattern
    around: Environment


Binding = ScalarBinding | TabularBinding | FunctionBinding | PatternBinding


@dataclass(frozen=True, slots=True)
class Environment:
    """Names of lets, functions and parameters; an inner one hides an outer one."""

    bindings: Mapping[str, Binding] = field(default_factory=dict)

    def with_(self, name: str, binding: Binding) -> Environment:
        return Environment({**self.bindings, name: binding})

    def get(self, name: str) -> Binding | None:
        return self.bindings.get(name)


@dataclass(frozen=True, slots=True)
class Scope:
    """The columns in sight and what may be done with them.

    `aggregates`: aggregate functions may be called here. `inside`: within an aggregate's argument. `keys`: columns that
    group. `serialized`: rows have a known order, so window functions may be called. `left`/`right`: a join's sides.
    `named`: what has columns of its own here: the steps of scan, the nodes and edges of a graph.
    """

    columns: tuple[Column, ...]
    environment: Environment
    aggregates: bool = False
    inside: bool = False
    serialized: bool = False
    left: tuple[Column, ...] | None = None
    right: tuple[Column, ...] | None = None
    hidden: tuple[Column, ...] = ()
    named: Mapping[str, Mapping[str, plan.Scalar]] = field(default_factory=dict)

    def column(self, name: str) -> Column | None:
        return find(self.columns, name) or find(self.hidden, name)

    def within_aggregate(self) -> Scope:
        return replace(self, aggregates=False, inside=True)


def find(columns: Iterable[Column], name: str) -> Column | None:
    """The column of that name; letter case counts."""
    for column in columns:
        if column.name == name:
            return column
    return None


def boundless(columns: Iterable[Column]) -> bool:
    """Whether a table that could not be made out is among those in sight: then any name may be one of its columns."""
    return find(columns, "") is not None


def serialized(relation: Relation) -> bool:
    """Whether the relation's rows have an order that window functions may rely on."""
    while isinstance(relation, plan.Filter | plan.Project | plan.Limit | plan.Unnest | plan.Shared):
        relation = relation.input
    return isinstance(relation, plan.Sort | plan.Series | plan.Fold)


__all__ = [
    "Binding", "Environment", "FunctionBinding", "ScalarBinding", "Scope", "TabularBinding", "boundless", "find",
    "hidden_columns", "serialized",
]  # fmt: skip
