"""Automatic column names: what KQL calls a column that the query does not name (kql-semantics 7.2 to 7.5)."""

from __future__ import annotations

from collections.abc import Iterable

from kql import syntax
from kql.functions.catalogue import find
from kql.types import Type


def of(expression: syntax.Expression) -> str:
    """The name that an expression hands on, or '' where it has none."""
    match expression:
        case syntax.Name(name):
            return name
        case syntax.Member(syntax.Name(side), name) if side in ("$left", "$right"):
            return name
        case syntax.Member(base, name):
            before = of(base)
            return f"{before}_{name}" if before else name
        case syntax.Index(base, syntax.Literal(value)):
            if isinstance(base, syntax.Call) and isinstance(value, int) and 0 <= value < len(several := parts(base)) > 1:
                return several[value][0]
            before = of(base)
            return f"{before}_{value}".replace("-", "_") if before else str(value).replace("-", "_")
        case syntax.Index(base):
            before = of(base)
            return f"{before}_" if before else ""
        case syntax.Pipeline(source, ()) if source is not None:
            return of(source)
        case syntax.Call(name, arguments):
            return _of_call(expression, name, arguments)
    return ""


def _of_call(call: syntax.Call, name: str, arguments: tuple[syntax.Expression, ...]) -> str:
    if call.names:
        # Resource Graph's own samples name a column inside a call: tostring(group = split(id, '/', 4))
        return next(iter(call.names.values()))
    function = find(name)
    if function is None or not function.naming:
        return ""
    first = of(arguments[0]) if arguments else ""
    rule, _, prefix = function.naming.partition(":")
    match rule:
        case "first":
            return first
        case "only":
            return first if len(arguments) == 1 else ""
        case "name_first":
            return f"{name}_{first}"
        case "prefix":
            return f"{prefix}_{first}"
        case "percentile":
            last = arguments[-1].value if arguments and isinstance(arguments[-1], syntax.Literal) else ""
            last = int(last) if isinstance(last, float) and last.is_integer() else last
            return f"percentile_{first}_{last}".replace(".", "_")
        case "prefix_all":
            given = [of(argument) for argument in arguments[:2]]
            return "_".join([prefix, *given])
        case "exact":
            return prefix
    return ""


def parts(call: syntax.Call) -> tuple[tuple[str, Type], ...]:
    """The names and types of the columns that a call stands for; none for a call that is one value."""
    function = find(call.name)
    if function is None or not function.parts:
        return ()
    if not function.parts[0][0].startswith("*"):
        first = of(call.arguments[0]) if call.arguments else ""
        return tuple((f"{call.name}_{first}_{part}", type) for part, type in function.parts)
    ((pattern, type),) = function.parts
    arrays = [each for each in call.arguments if not (isinstance(each, syntax.Literal) and isinstance(each.value, bool))]
    return tuple((pattern.replace("*", of(array) or f"array{place}"), type) for place, array in enumerate(arrays))


class Namer:
    """Gives the columns of one operator their names: unnamed ones count up, repeated automatic ones get a number."""

    def __init__(self, taken: Iterable[str] = (), prefix: str = "Column", first: int = 1) -> None:
        self.taken = set(taken)
        self.promised: set[str] = set()  # what the query will name: a number is not given twice
        self.given: set[str] = set()  # what the query has named; a name given twice is a mistake
        self._automatic: set[str] = set()
        self._prefix = prefix
        self._next = first

    def automatic(self, name: str) -> str:
        """A free name made from an automatic one ('' means none)."""
        if not name:
            while True:
                candidate = f"{self._prefix}{self._next}"
                self._next += 1
                if candidate not in self.taken:
                    self.taken.add(candidate)
                    self._automatic.add(candidate)
                    return candidate
        candidate, number = name, 1
        while candidate in self.taken or (number > 1 and candidate in self.promised):
            candidate = f"{name}{number}"
            number += 1
        self.taken.add(candidate)
        self._automatic.add(candidate)
        return candidate

    def part(self, name: str) -> str:
        """A free name for one column of a call that stands for several."""
        return self.automatic(name)

    def written(self, name: str) -> str:
        """The name that the query gives; it gets a number where an automatic one came first."""
        if name in self._automatic:
            return self.automatic(name)
        self.taken.add(name)
        return name
