"""Functions over truth, numbers, arrays and objects."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from inventory.templates.errors import ExpressionError
from inventory.templates.functions.rows import MOST_ELEMENTS, bounded, expect, function, type_name

_LARGEST = 1 << 63


# truth


@function("true", 0)
def true() -> bool:
    return True


@function("false", 0)
def false() -> bool:
    return False


@function("null", 0)
def null() -> None:
    return None


@function("equals", 2)
def equals(left: Any, right: Any) -> bool:
    return type_name(left) == type_name(right) and bool(left == right)


@function("not", 1)
def negated(value: Any) -> bool:
    return not expect("not", value, "Boolean")


@function("and", 2, None, lazy=True, contextual=True)
def every(evaluation: Any, *expressions: Any) -> bool:
    return all(expect("and", evaluation.evaluate(each), "Boolean") for each in expressions)


@function("or", 2, None, lazy=True, contextual=True)
def some(evaluation: Any, *expressions: Any) -> bool:
    return any(expect("or", evaluation.evaluate(each), "Boolean") for each in expressions)


@function("if", 3, lazy=True, contextual=True)
def choose(evaluation: Any, condition: Any, then: Any, otherwise: Any) -> Any:
    chosen = then if expect("if", evaluation.evaluate(condition), "Boolean") else otherwise
    return evaluation.evaluate(chosen)


@function("coalesce", 1, None)
def coalesce(*values: Any) -> Any:
    return next((value for value in values if value is not None), None)


@function("bool", 1)
def as_flag(value: Any) -> bool:
    match value:
        case bool() | int():
            return bool(value)
        case str() if value.lower() in ("true", "false", "1", "0"):
            return value.lower() in ("true", "1")
    raise ExpressionError(f"The value '{value}' cannot be converted to a boolean.")


def _comparison(name: str, holds: Callable[[Any, Any], bool]) -> None:
    def compare(left: Any, right: Any) -> bool:
        for value in (left, right):
            expect(name, value, "Integer", "Float", "String")
        if isinstance(left, str) != isinstance(right, str):
            raise ExpressionError(f"'{name}' compares two numbers or two texts.")
        return holds(left, right)

    function(name, 2)(compare)


_comparison("less", lambda left, right: bool(left < right))
_comparison("lessOrEquals", lambda left, right: bool(left <= right))
_comparison("greater", lambda left, right: bool(left > right))
_comparison("greaterOrEquals", lambda left, right: bool(left >= right))


# numbers


def _arithmetic(name: str, compute: Callable[[int, int], int]) -> None:
    def calculate(left: Any, right: Any) -> int:
        left, right = expect(name, left, "Integer"), expect(name, right, "Integer")
        if name in ("div", "mod") and right == 0:
            raise ExpressionError(f"The template language function '{name}' cannot divide by zero.")
        result = compute(left, right)
        if not -_LARGEST <= result < _LARGEST:
            raise ExpressionError(f"The result of '{name}' does not fit into 64 bits.")
        return result

    function(name, 2)(calculate)


def _quotient(left: int, right: int) -> int:
    whole = abs(left) // abs(right)
    return whole if (left < 0) == (right < 0) else -whole


_arithmetic("add", lambda left, right: left + right)
_arithmetic("sub", lambda left, right: left - right)
_arithmetic("mul", lambda left, right: left * right)
_arithmetic("div", _quotient)
_arithmetic("mod", lambda left, right: left - right * _quotient(left, right))


@function("int", 1)
def as_whole(value: Any) -> int:
    expect("int", value, "Integer", "Float", "String")
    try:
        if isinstance(value, str) and len(value) > 20:
            raise ValueError
        return int(value)
    except (ValueError, OverflowError) as error:
        raise ExpressionError(f"The value '{str(value)[:60]}' cannot be converted to an integer.") from error


@function("float", 1)
def as_float(value: Any) -> float:
    try:
        return float(expect("float", value, "Integer", "Float", "String"))
    except ValueError as error:
        raise ExpressionError(f"The value '{value}' cannot be converted to a number.") from error


def _extreme(name: str, choose_one: Callable[[list[Any]], Any]) -> None:
    def chosen(*values: Any) -> Any:
        listed = values[0] if len(values) == 1 and isinstance(values[0], list) else list(values)
        if not listed:
            raise ExpressionError(f"'{name}' needs at least one number.")
        return choose_one([expect(name, value, "Integer", "Float") for value in listed])

    function(name, 1, None)(chosen)


_extreme("min", min)
_extreme("max", max)


# arrays and objects


@function("array", 1)
def as_array(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


@function("createArray", 0, None)
def create_array(*values: Any) -> list[Any]:
    return list(values)


@function("createObject", 0, None)
def create_object(*pairs: Any) -> dict[str, Any]:
    if len(pairs) % 2:
        raise ExpressionError("'createObject' takes names and values in pairs.")
    names = [expect("createObject", name, "String") for name in pairs[::2]]
    return dict(zip(names, pairs[1::2], strict=True))


@function("range", 2)
def numbers(start: Any, count: Any) -> list[int]:
    start, count = expect("range", start, "Integer"), expect("range", count, "Integer")
    if not 0 <= count <= MOST_ELEMENTS:
        raise ExpressionError(f"'range' makes 0 to {MOST_ELEMENTS} numbers, not {count}.")
    return list(range(start, start + count))


@function("length", 1)
def length(value: Any) -> int:
    return len(expect("length", value, "String", "Array", "Object"))


@function("empty", 1)
def empty(value: Any) -> bool:
    return value is None or not expect("empty", value, "String", "Array", "Object")


@function("contains", 2)
def contains(within: Any, wanted: Any) -> bool:
    match within:
        case str():
            return str(expect("contains", wanted, "String")) in within
        case dict():
            name = expect("contains", wanted, "String", "Integer")
            return str(name).lower() in (each.lower() for each in within)
    return any(equals(each, wanted) for each in expect("contains", within, "Array", "Object", "String"))


@function("concat", 1, None)
def concat(*values: Any) -> Any:
    from inventory.templates.functions.texts import as_text

    if any(isinstance(value, list) for value in values):
        return bounded([each for value in values for each in expect("concat", value, "Array")])
    for value in values:
        expect("concat", value, "String", "Integer", "Boolean")
    return "".join(as_text(value) for value in values)


@function("first", 1)
def first(value: Any) -> Any:
    value = expect("first", value, "Array", "String")
    return value[0] if value else None if isinstance(value, list) else ""


@function("last", 1)
def last(value: Any) -> Any:
    value = expect("last", value, "Array", "String")
    return value[-1] if value else None if isinstance(value, list) else ""


@function("skip", 2)
def skip(value: Any, count: Any) -> Any:
    return expect("skip", value, "Array", "String")[max(0, expect("skip", count, "Integer")) :]


@function("take", 2)
def take(value: Any, count: Any) -> Any:
    return expect("take", value, "Array", "String")[: max(0, expect("take", count, "Integer"))]


@function("union", 1, None)
def union(*values: Any) -> Any:
    if isinstance(values[0], list):
        made: list[Any] = []
        for value in values:
            made += [each for each in expect("union", value, "Array") if not any(equals(each, old) for old in made)]
            bounded(made)
        return made
    merged: dict[str, Any] = {}
    for value in values:
        merged = _merged(merged, expect("union", value, "Object"))
    return merged


def _merged(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """Both objects as one: the later value counts, objects within are merged in turn."""
    result = dict(old)
    for name, value in new.items():
        before = result.get(name)
        result[name] = _merged(before, value) if isinstance(before, dict) and isinstance(value, dict) else value
    return result


@function("intersection", 1, None)
def intersection(*values: Any) -> Any:
    start, *others = values
    if isinstance(start, list):
        return [
            each for each in start if all(contains(expect("intersection", other, "Array"), each) for other in others)
        ]
    common = expect("intersection", start, "Object").items()
    return {name: value for name, value in common if all(other.get(name) == value for other in others)}


@function("items", 1)
def items(value: Any) -> list[dict[str, Any]]:
    return [{"key": key, "value": inner} for key, inner in sorted(expect("items", value, "Object").items())]


@function("objectKeys", 1)
def object_keys(value: Any) -> list[str]:
    return sorted(expect("objectKeys", value, "Object"))


@function("flatten", 1)
def flatten(value: Any) -> list[Any]:
    return [each for inner in expect("flatten", value, "Array") for each in expect("flatten", inner, "Array")]


@function("tryGet", 2, None)
def try_get(value: Any, *keys: Any) -> Any:
    for key in keys:
        if isinstance(value, dict):
            value = next((inner for name, inner in value.items() if name.lower() == str(key).lower()), None)
        elif isinstance(value, list) and isinstance(key, int) and 0 <= key < len(value):
            value = value[key]
        else:
            return None
    return value
