"""Which overload of a function fits the types of its arguments, and the type of the result."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kql import plan
from kql.functions.row import Function, Overload, Parameter
from kql.types import (
    DATETIME,
    DYNAMIC,
    INT,
    LONG,
    NUMBERS,
    STRING,
    TIMESPAN,
    TYPE_NAMES,
    UNKNOWN,
    Type,
    common,
    widens,
    widest,
)

_ORDER = {INT: 0, LONG: 1, Type.REAL: 2, Type.DECIMAL: 3}


@dataclass(frozen=True, slots=True)
class Fit:
    overload: Overload
    targets: tuple[Type, ...]  # what each argument is converted to
    result: Type


def resolve(function: Function, arguments: Sequence[plan.Scalar]) -> Fit | None:
    """The cheapest overload that takes the arguments, or None."""
    best: tuple[int, Fit] | None = None
    for overload in function.overloads:
        if len(arguments) < overload.least or (overload.most is not None and len(arguments) > overload.most):
            continue
        scored = _score(overload, arguments)
        if scored is None:
            continue
        cost, targets = scored
        result, targets = _result(overload, arguments, targets)
        if result is None:
            continue
        if best is None or cost < best[0]:
            best = (cost, Fit(overload, tuple(targets), result))
    return best[1] if best else None


def _score(overload: Overload, arguments: Sequence[plan.Scalar]) -> tuple[int, list[Type]] | None:
    cost, targets = 0, []
    for parameter, argument in zip(overload.taking(len(arguments)), arguments, strict=True):
        if parameter is None:
            return None
        step = _accept(parameter, argument)
        if step is None:
            return None
        cost += step[0]
        targets.append(step[1])
    return cost, targets


def _accept(parameter: Parameter, argument: plan.Scalar) -> tuple[int, Type] | None:
    """The cost of passing the argument, and the type it takes."""
    type = argument.type
    if type is UNKNOWN or type in parameter.classes:
        return 0, type
    wider = [target for target in parameter.classes if widens(type, target)]
    if wider:
        target = min(wider, key=_ORDER.__getitem__)
        return 1 + _ORDER[target] - _ORDER[type], target
    if type is Type.DECIMAL and Type.REAL in parameter.classes:
        return 4, Type.REAL
    if type is DYNAMIC:
        scalars = [target for target in parameter.classes if target is not Type.TYPE]
        if not scalars or parameter.class_name == "NotDynamic":
            return None
        if parameter.classes >= NUMBERS:
            return 6, Type.REAL
        return 6, scalars[0] if len(scalars) == 1 else sorted(scalars, key=lambda each: each.value)[0]
    if isinstance(argument, plan.Literal):
        if argument.value is None and type is DYNAMIC:
            return 3, next(iter(parameter.classes))
        if type is STRING and parameter.classes <= {DATETIME, TIMESPAN}:
            return 8, next(iter(parameter.classes))
    return None


def _result(
    overload: Overload, arguments: Sequence[plan.Scalar], targets: list[Type]
) -> tuple[Type | None, list[Type]]:
    """The result's type, and the targets after the shared type of `Common` and `Widest` is known."""
    returns = overload.returns
    parameters = overload.taking(len(arguments))
    shared_positions = [i for i, parameter in enumerate(parameters) if parameter is not None and parameter.common]
    if shared_positions:
        shared = common(targets[i] for i in shared_positions)
        if shared is None:
            return None, targets
        targets = [shared if i in shared_positions else target for i, target in enumerate(targets)]
        if returns.startswith("Common"):
            return shared, targets
    if returns in TYPE_NAMES:
        return TYPE_NAMES[returns], targets
    if returns == "Widest":
        numbers = [target for target in targets if target in NUMBERS]
        if not numbers:
            return UNKNOWN, targets
        wide = widest(numbers)
        return wide, [wide if target in NUMBERS else target for target in targets]
    if returns.endswith("Literal"):
        for argument in arguments:
            if argument.type is Type.TYPE and isinstance(argument, plan.Literal):
                return TYPE_NAMES[str(argument.value)], targets
        return STRING, targets
    if returns.endswith("Array"):
        return DYNAMIC, targets
    place = int(returns.removesuffix("Promoted")[len("Parameter") :] or 0) if returns.startswith("Parameter") else 0
    result = targets[place] if place < len(targets) else UNKNOWN
    return (LONG if returns.endswith("Promoted") and result is INT else result), targets
