"""What an answer has otherwise than the SDK's model of it, read from the annotations of the models themselves.

Two generations of models are understood: those with `rest_field` (TypeSpec) and those with `_attribute_map` (msrest).
"""

from __future__ import annotations

import enum
import inspect
import re
import sys
import types
import typing
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any

_DURATION = re.compile(r"-?P(?=.)(\d+Y)?(\d+M)?(\d+W)?(\d+D)?(T(?=.)(\d+H)?(\d+M)?(\d+([.]\d+)?S)?)?")
_PLAIN: dict[Any, tuple[type, ...]] = {
    str: (str,), int: (int,), float: (int, float), bool: (bool,), dict: (dict,), list: (list,), bytes: (str,),
}  # fmt: skip


def faults(kind: Any, value: Any, at: str) -> Iterator[str]:
    """Each difference as `place: what`, where `kind` is a type of the SDK and `value` the JSON that came for it."""
    origin = typing.get_origin(kind)
    if kind is Any or kind is object or kind is None or isinstance(kind, (str, typing.TypeVar)):
        return
    if origin in (typing.Union, types.UnionType):
        yield from _of_union(typing.get_args(kind), value, at)
    elif value is None:
        yield f"{at}: null, where {_called(kind)} is required"
    elif origin in (list, typing.Sequence) or (isinstance(origin, type) and issubclass(origin, list)):
        if not isinstance(value, list):
            yield f"{at}: {type(value).__name__}, not a list"
        else:
            for each in value:
                yield from faults(typing.get_args(kind)[0], each, f"{at}[]")
    elif origin is dict or (isinstance(origin, type) and issubclass(origin, Mapping)):
        if not isinstance(value, dict):
            yield f"{at}: {type(value).__name__}, not an object"
        else:
            for each in value.values():
                yield from faults(typing.get_args(kind)[1], each, f"{at}.*")
    elif isinstance(kind, type) and issubclass(kind, enum.Enum):
        if value not in {each.value for each in kind}:
            yield f"{at}: {value!r} is no {kind.__name__}"
    elif hasattr(kind, "_attribute_map"):
        yield from _of_older(kind, value, at)
    elif getattr(kind, "_is_model", False):
        yield from _of_model(kind, value, at)
    elif kind in (datetime, date):
        if not isinstance(value, str) or not _is_time(value):
            yield f"{at}: {value!r} is no time"
    elif kind is timedelta:
        if not isinstance(value, str) or not _DURATION.fullmatch(value):
            yield f"{at}: {value!r} is no duration"
    elif kind in _PLAIN and (not isinstance(value, _PLAIN[kind]) or (kind is not bool and isinstance(value, bool))):
        yield f"{at}: {value!r} is no {kind.__name__}"


def _called(kind: Any) -> str:
    return getattr(kind, "__name__", str(kind))


def _is_time(text: str) -> bool:
    try:
        datetime.fromisoformat(re.sub(r"([.]\d{6})\d+", r"\1", text))
    except ValueError:
        return False
    return True


def _of_union(kinds: tuple[Any, ...], value: Any, at: str) -> Iterator[str]:
    """Text that is also an enumeration must be one of its values; null stands where it may."""
    if value is None and type(None) in kinds:
        return
    wanted = [each for each in kinds if each is not type(None)]
    if any(isinstance(each, type) and issubclass(each, enum.Enum) for each in wanted):
        wanted = [each for each in wanted if each is not str]
    found = [list(faults(each, value, at)) for each in wanted]
    if found and all(found):
        yield from min(found, key=len)


@cache
def _hints(model: type) -> dict[str, Any]:
    names: dict[str, Any] = {}
    package = sys.modules[model.__module__.split(".models")[0] + ".models"]
    for base in reversed(model.__mro__):
        module = sys.modules[base.__module__]
        spaces = {**vars(package), **vars(typing), **vars(module), "_models": package, "datetime": sys.modules["datetime"]}
        for name, text in vars(base).get("__annotations__", {}).items():
            try:
                names[name] = eval(text, spaces) if isinstance(text, str) else _resolved(text, spaces)
            except Exception:
                names[name] = Any
    return names


def _resolved(kind: Any, spaces: dict[str, Any]) -> Any:
    """An annotation with its forward references followed."""
    return typing._eval_type(kind, spaces, spaces) if not isinstance(kind, type) else kind  # type: ignore[attr-defined]


def _of_model(model: Any, value: Any, at: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{at}: {type(value).__name__}, not a {model.__name__}"
        return
    model = _special(model, value)
    model({})  # computes the fields of the class
    fields = {field._rest_name: (name, field) for name, field in model._attr_to_rest_field.items()}
    hints = _hints(model)
    for name in value.keys() - fields.keys():
        yield f"{at}.{name}: unknown to {model.__name__}"
    for name, (attribute, field) in fields.items():
        hint = hints.get(attribute, Any)
        if name in value:
            yield from faults(_as_sent(hint, field), value[name], f"{at}.{name}")
        elif type(None) not in typing.get_args(hint) and hint is not Any and not _hidden(field):
            yield f"{at}.{name}: required by {model.__name__}, and not there"


def _as_sent(hint: Any, field: Any) -> Any:
    return str if getattr(field, "_format", None) == "str" else hint


def _hidden(field: Any) -> bool:
    return bool(field._visibility) and "read" not in field._visibility


def _special(model: Any, value: dict[str, Any]) -> Any:
    """The model that a discriminator names."""
    mapping = model.__dict__.get("__mapping__")
    if mapping:
        for told in value.values():
            if isinstance(told, str) and told in mapping:
                return mapping[told]
    return model


def _of_older(model: Any, value: Any, at: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{at}: {type(value).__name__}, not a {model.__name__}"
        return
    signature = inspect.signature(model.__init__).parameters
    hints = {name: _evaluated(model, each.annotation) for name, each in signature.items()}
    known: dict[str, Any] = {}
    for name, each in model._attribute_map.items():
        path = re.split(r"(?<!\\)[.]", each["key"])
        path = [part.replace("\\.", ".") for part in path]
        place = known
        for part in path[:-1]:
            place = place.setdefault(part, {})
        place[path[-1]] = (name, each)
    yield from _of_tree(model, known, value, at, hints)


def _of_tree(model: Any, known: dict[str, Any], value: Any, at: str, hints: dict[str, Any]) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{at}: {type(value).__name__}, not an object"
        return
    free = "" in known
    for name in value.keys() - known.keys():
        if not free:
            yield f"{at}.{name}: unknown to {model.__name__}"
    for name, inner in known.items():
        if isinstance(inner, dict):
            if name in value:
                yield from _of_tree(model, inner, value[name], f"{at}.{name}", hints)
            continue
        if name == "":
            continue
        attribute, each = inner
        if name in value and value[name] is not None:
            hint = hints.get(attribute)
            kinds = typing.get_args(hint) if hint is not None else ()
            enums = [k for k in kinds if isinstance(k, type) and issubclass(k, enum.Enum)]
            yield from faults(enums[0] if enums else _older(model, each["type"]), value[name], f"{at}.{name}")
        elif model._validation.get(attribute, {}).get("required") and name:
            yield f"{at}.{name}: required by {model.__name__}, and not there"


def _evaluated(model: Any, annotation: Any) -> Any:
    package = sys.modules[model.__module__.split(".models")[0] + ".models"]
    spaces = {**vars(typing), **vars(sys.modules[model.__module__]), "_models": package}
    try:
        return eval(annotation, spaces) if isinstance(annotation, str) else annotation
    except Exception:
        return None


def _older(model: Any, text: str) -> Any:
    """The types of msrest by their names."""
    if text.startswith("["):
        return list[_older(model, text[1:-1])]  # type: ignore[misc]
    if text.startswith("{"):
        return dict[str, _older(model, text[1:-1])]  # type: ignore[misc]
    plain = {"str": str, "int": int, "long": int, "float": float, "bool": bool, "iso-8601": datetime, "duration": timedelta}
    if text in plain:
        return plain[text]
    package = sys.modules[model.__module__.split(".models")[0] + ".models"]
    return getattr(package, text, Any)
