"""Values of a template: its expressions, parameters and variables evaluated within one deployment.

Knows the language and the table of functions; resources it knows only through whoever answers `reference`.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from inventory.templates.errors import ExpressionError, Path, TemplateError
from inventory.templates.expressions import Access, Call, Expression, Literal, is_expression, parse
from inventory.templates.functions import FUNCTIONS, bounded, type_name

DEEPEST = 200
"""Values within values, and variables through variables."""
MOST_COPIES = 800
"""Rounds of one copy loop, as Azure limits it."""
MOST_VALUES = 200_000
"""Values that one evaluation may make: a short template can ask for very many."""

HELP = "Please see https://aka.ms/arm-{} for usage details."


@dataclass(frozen=True, slots=True)
class Scope:
    """Where a deployment takes place: in a resource group, or (None) in the subscription itself."""

    tenant: str
    subscription: str
    subscription_name: str
    resource_group: str | None
    group_document: Mapping[str, Any]
    environment: Mapping[str, Any]
    now: datetime
    incarnation: int = 0
    """Tells a resource group from one of the same name that was deleted before it was made."""

    @property
    def id(self) -> str:
        """The id that resources of the deployment stand under."""
        base = f"/subscriptions/{self.subscription}"
        return f"{base}/resourceGroups/{self.resource_group}" if self.resource_group else base


class Budget:
    """How many values may still be made."""

    __slots__ = ("left",)

    def __init__(self, left: int = MOST_VALUES) -> None:
        self.left = left

    def spend(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise ExpressionError(f"The template makes more than {MOST_VALUES} values.")


@dataclass(frozen=True)
class Evaluation:
    """What the expressions of a template see."""

    scope: Scope
    deployment: Mapping[str, Any]
    given: dict[str, Any]
    """Values of parameters, by lower-case name; defaults are added as they are asked for."""
    defaults: Mapping[str, tuple[str, Any]]
    """Default values not evaluated yet: lower-case name → (name, raw value)."""
    variables: Mapping[str, tuple[str, Any]]
    functions: Mapping[str, tuple[Mapping[str, Any], ...]] = field(default_factory=dict)
    """The template's own functions, by `namespace.name` in lower case: (definition,)."""
    references: Callable[[str, bool], Any] | None = None
    """What `reference` answers; None where Azure does not let it stand."""
    copies: tuple[tuple[str, int], ...] = ()
    """The copy loops around, the innermost last: (name, round)."""
    in_default: bool = False
    known: dict[str, Any] = field(default_factory=dict)
    """Variables evaluated already."""
    under_way: frozenset[str] = frozenset()
    budget: Budget = field(default_factory=Budget)

    # what functions ask

    def evaluate(self, expression: Expression) -> Any:
        """The value of an expression. Raises ExpressionError."""
        match expression:
            case Literal(value):
                return value
            case Access(of, key):
                return _part(self.evaluate(of), self.evaluate(key))
            case Call(name, arguments):
                self.budget.spend()
                row = FUNCTIONS.get(name.lower())
                if row is None:
                    return self._own_function(name, arguments)
                if len(arguments) < row.least or (row.most is not None and len(arguments) > row.most):
                    raise ExpressionError(_wrong_count(row.name, row.least, row.most, len(arguments)))
                values = list(arguments) if row.lazy else [self.evaluate(each) for each in arguments]
                return bounded(row.call(self, *values) if row.contextual else row.call(*values))
        raise AssertionError(expression)

    def parameter(self, name: str) -> Any:
        """The value of a parameter, or its default."""
        low = name.lower()
        if low in self.given:
            return self.given[low]
        if low not in self.defaults:
            raise ExpressionError(f"The template parameter '{name}' is not found. {HELP.format('syntax-parameters')}")
        inner = replace(self._entering(f"parameter '{name}'"), in_default=True, copies=())
        self.given[low] = inner.value(self.defaults[low][1], ("parameters", self.defaults[low][0], "defaultValue"))
        return self.given[low]

    def variable(self, name: str) -> Any:
        """The value of a variable."""
        low = name.lower()
        if low not in self.variables:
            raise ExpressionError(f"The template variable '{name}' is not found. {HELP.format('syntax-variables')}")
        if low not in self.known:
            inner = replace(self._entering(f"variable '{name}'"), copies=())
            written, raw = self.variables[low]
            self.known[low] = inner.value(raw, ("variables", written))
        return self.known[low]

    def copy_index(self, name: str | None) -> int:
        """The round, from 0, of the loop of this name or of the innermost one."""
        for loop, number in reversed(self.copies):
            if name is None or loop.lower() == name.lower():
                return number
        raise ExpressionError(
            "The template function 'copyIndex' is not expected at this location. The function can only be used in a "
            f"resource with copy specified. {HELP.format('copy')}"
        )

    def reference(self, name: str, whole: bool) -> Any:
        """The properties of a resource (the `whole` of it) as they are when the expression is evaluated."""
        if self.references is None:
            raise ExpressionError(
                f"The template function 'reference' is not expected at this location. {HELP.format('functions')}"
            )
        return self.references(name, whole)

    def new_guid(self) -> uuid.UUID:
        """A new identifier: drawn from the deployment and the count of those drawn, so that runs can be repeated."""
        self.budget.spend()
        seed = f"{self.scope.id}:{self.deployment.get('name')}:{self.scope.now.isoformat()}:{self.budget.left}"
        return uuid.uuid5(uuid.NAMESPACE_OID, seed)

    # what readers of templates ask

    def value(self, raw: Any, path: Path = (), depth: int = 0) -> Any:
        """A raw value of the template with everything in it evaluated. Raises TemplateError with the place."""
        if depth > DEEPEST:
            raise TemplateError(f"The template is nested deeper than {DEEPEST} levels.", path)
        try:
            self.budget.spend()
            if isinstance(raw, str):
                return self._text(raw)
        except ExpressionError as error:
            raise TemplateError(str(error), path) from error
        except RecursionError as error:
            raise TemplateError("The template's expressions are nested too deep.", path) from error
        if isinstance(raw, list):
            return [self.value(each, (*path, number), depth + 1) for number, each in enumerate(raw)]
        if isinstance(raw, dict):
            made: dict[str, Any] = {}
            for name, inner in raw.items():
                if name.lower() == "copy" and _is_property_copy(inner):
                    for number, loop in enumerate(inner):
                        made[loop["name"]] = self.rounds(loop, loop["name"], "input", (*path, name, number), depth)
                else:
                    made[str(self.value(name, path))] = self.value(inner, (*path, name), depth + 1)
            return made
        return raw

    def rounds(self, loop: Mapping[str, Any], name: str, inner: str, path: Path, depth: int = 0) -> list[Any]:
        """The value under `inner`, once for each round of a copy loop."""
        count = self.loop_count(loop, path)
        return [self.round(name, number).value(loop.get(inner), (*path, inner), depth + 1) for number in range(count)]

    def round(self, name: str, number: int) -> Evaluation:
        """The same evaluation within one round of a loop."""
        return replace(self, copies=(*self.copies, (name, number)))

    def loop_count(self, loop: Mapping[str, Any], path: Path) -> int:
        """How many rounds a loop has, between 0 and the most."""
        count = self.value(loop.get("count"), (*path, "count"))
        if not isinstance(count, int) or isinstance(count, bool):
            raise TemplateError(
                f"The template copy definition at this location has an invalid count of type '{type_name(count)}': "
                f"it must be an integer. {HELP.format('copy')}", path,
            )  # fmt: skip
        if not 0 <= count <= MOST_COPIES:
            raise TemplateError(
                f"The template copy count '{count}' is not valid: it must be between 0 and {MOST_COPIES}. "
                f"{HELP.format('copy')}", path,
            )  # fmt: skip
        return count

    def _text(self, raw: str) -> Any:
        if is_expression(raw):
            return self.evaluate(parse(raw))
        return raw[1:] if raw.startswith("[[") else raw

    def _entering(self, what: str) -> Evaluation:
        if what in self.under_way:
            raise ExpressionError(f"Circular dependency detected: the {what} depends on itself.")
        if len(self.under_way) > 60:
            raise ExpressionError(f"The {what} is reached through too many others.")
        return replace(self, under_way=self.under_way | {what})

    def _own_function(self, name: str, arguments: tuple[Expression, ...]) -> Any:
        found = self.functions.get(name.lower())
        if found is None:
            raise ExpressionError(f"The template function '{name}' is not valid. {HELP.format('functions')}")
        names = [str(each.get("name", "")).lower() for each in found[0].get("parameters", [])]
        if len(names) != len(arguments):
            raise ExpressionError(_wrong_count(name, len(names), len(names), len(arguments)))
        values = dict(zip(names, (self.evaluate(each) for each in arguments), strict=True))
        inner = replace(
            self._entering(f"function '{name}'"), given=values, defaults={}, variables={}, known={}, copies=()
        )
        return inner.value(found[0].get("output", {}).get("value"))


def _wrong_count(name: str, least: int, most: int | None, given: int) -> str:
    wanted = f"{least}" if least == most else f"at least {least}" if most is None else f"{least} to {most}"
    return (
        f"Unable to evaluate template language function '{name}': function requires {wanted} argument(s) while "
        f"'{given}' were provided. {HELP.format('functions')}"
    )


def _is_property_copy(value: Any) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(each, dict) and isinstance(each.get("name"), str) and "count" in each for each in value)
    )


def _part(value: Any, key: Any) -> Any:
    """A property of an object (case does not matter) or an element of an array."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if name.lower() == str(key).lower():
                return inner
        available = ", ".join(list(value)[:20])
        raise ExpressionError(
            f"The language expression property '{key}' doesn't exist, available properties are '{available}'."
        )
    if isinstance(value, list) and isinstance(key, int) and not isinstance(key, bool):
        if 0 <= key < len(value):
            return value[key]
        raise ExpressionError(
            f"The language expression property array index '{key}' is out of bounds: the array has {len(value)}."
        )
    raise ExpressionError(
        f"The language expression property '{key}' can't be evaluated: the value is of type '{type_name(value)}'."
    )
