"""What a profile does not allow: told once a place; as an error where the profile is strict, else as advice.

A profile is handed in from outside and says which operators, functions, join kinds and numbers a service allows. It is
read by its attributes (see queries.profile), so this room knows no service.
"""

from __future__ import annotations

from typing import Any

from kql import plan, syntax
from kql.messages import Problems
from kql.types import LONG


class Bounds:
    """The bounds of one text. Without a profile everything is allowed."""

    def __init__(self, profile: Any, problems: Problems) -> None:
        self.profile = profile
        self.strict: bool = profile is not None and profile.strict
        self._problems = problems
        self._used: dict[str, int] = {}
        self._tables: set[str] = set()

    # ---- what may be named ---------------------------------------------------------------------------------------
    def operator(self, name: str, span: syntax.Span) -> None:
        """An operator, or a source such as datatable."""
        if self.profile is None or self.profile.operators is None:
            return
        if name not in self.profile.operators:
            self._refuse(span, f"the operator '{name}'", operator=name)
            return
        limit = {"join": self.profile.max_joins, "mv-expand": self.profile.max_mv_expands}.get(name)
        self._count(f"{name}s", 1, limit, span)

    def statement(self, name: str, span: syntax.Span) -> None:
        """A statement beside the one pipeline: let, set, declare, or a second pipeline."""
        if self.profile is not None and self.profile.operators is not None and name not in self.profile.operators:
            self._refuse(span, f"the statement '{name}'", statement=name)

    def function(self, name: str, span: syntax.Span) -> None:
        if self.profile is not None and name in self.profile.refused_functions:
            self._refuse(span, f"the function '{name}'", self.profile.refused_functions[name], function=name)

    def join_kind(self, kind: str, span: syntax.Span) -> None:
        if self.profile is not None and self.profile.join_kinds is not None and kind not in self.profile.join_kinds:
            self._refuse(span, f"the join kind '{kind}'", kind=kind)

    def parameter(self, operator: str, name: str, span: syntax.Span) -> None:
        """A parameter of an operator, such as hint.strategy or isfuzzy."""
        if self.profile is not None and name.split(".")[0] in self.profile.refused_parameters:
            self._refuse(span, f"'{name}' of {operator}", operator=operator)

    # ---- how many ------------------------------------------------------------------------------------------------
    def legs(self, count: int, span: syntax.Span) -> None:
        """Legs of a union, beside the rows that come to it."""
        if self.profile is not None:
            self._count("legs of union", count, self.profile.max_unions, span)

    def table(self, name: str, span: syntax.Span) -> None:
        """A table that is read; those that combine freely do not count."""
        if self.profile is None or name.lower() in self.profile.free_tables or name in self._tables:
            return
        self._tables.add(name)
        self._count("tables beside " + " and ".join(self.profile.free_tables), 1, self.profile.max_tables, span)

    def rows_of_expansion(self, limit: plan.Scalar | None, span: syntax.Span) -> plan.Scalar | None:
        """The rows that one row may become in mv-expand."""
        if self.profile is None:
            return limit
        most, default = self.profile.max_mv_expand_rows, self.profile.default_mv_expand_rows
        if isinstance(limit, plan.Literal) and isinstance(limit.value, int) and most is not None and limit.value > most:
            self._add("KQL702", span, limit=most, what="rows of mv-expand", count=limit.value)
        if limit is None and self.strict and default is not None:
            return plan.Literal(default, LONG)
        return limit

    def escape(self, written: str, span: syntax.Span) -> None:
        """A backslash in a text that begins no escape, which the service's parser does not take."""
        self._add("KQL904", span, f"'\\{written}' and @'{written}' say that the backslash is meant", written=written)

    def _count(self, what: str, more: int, limit: int | None, span: syntax.Span) -> None:
        before = self._used.get(what, 0)
        count = self._used[what] = before + more
        if limit is not None and before <= limit < count:
            self._add("KQL702", span, limit=limit, what=what, count=f"at least {count}")

    def _refuse(self, span: syntax.Span, what: str, help: str = "", **words: object) -> None:
        self._add("KQL701", span, help, what=what, **words)

    def _add(self, code: str, span: syntax.Span, help: str = "", **words: object) -> None:
        self._problems.add(code, span, help, severity="error" if self.strict else "advice", **words)
