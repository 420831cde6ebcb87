"""The rewrites between a plan and its SQL, in order. Each may be left out by name: the rows are the same without it.

The first ones change the plan, the last are ways in which the emitter puts SELECTs together.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from kql.plan import Relation
from kql.sql.facts import Known
from kql.sql.hoist import cut
from kql.sql.lift import lift
from kql.sql.stages import stage


@dataclass(frozen=True, slots=True)
class Rewrite:
    """name: by which it is left out. needed: SQL could not be written without it. change: None where the emitter does
    it while it writes."""

    name: str
    doc: str
    change: Callable[[Relation, Known], Relation] | None = None
    needed: bool = False


REWRITES = (
    Rewrite("stage", "a window function within another one or in a condition, and a sort key drawn by lot, become columns below",
            stage, needed=True),
    Rewrite("lift", "a subquery among a function's arguments becomes a column below", lift, needed=True),
    Rewrite("cut", "what a heavy expression would repeat becomes a column below", cut),
    Rewrite("merge", "a step goes into the SELECT of the step before it where SQL allows it"),
    Rewrite("prune", "a leg of a union, or a part of a table, whose condition is false by its constants is not read"),
)


def rewritten(relation: Relation, known: Known, without: frozenset[str] = frozenset()) -> Relation:
    """The plan after the rewrites that change it, but for those left out."""
    for rewrite in REWRITES:
        if rewrite.change is not None and (rewrite.needed or rewrite.name not in without):
            relation = rewrite.change(relation, known)
    return relation


__all__ = ["REWRITES", "Rewrite", "rewritten"]
