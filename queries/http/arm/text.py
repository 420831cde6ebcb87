"""Request bodies as Azure Resource Manager reads them: JSON that may hold comments and line breaks in texts, or a form."""

from __future__ import annotations

import json
import math
from typing import Any

from inventory.templates.text import read
from queries.http.arm_error import ArmError

DEEPEST = 400
"""Values within values in a body."""


def read_body(raw: bytes, content_type: str) -> tuple[str, Any]:
    """The text of a body and its value; None where there is none. Raises ArmError 400 InvalidRequestContent."""
    if not raw.strip():
        return "", None
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _invalid("it is not UTF-8") from error
    if "form-urlencoded" in content_type.lower():
        return text, None
    try:
        value = read(text)
        _check(value)
    except json.JSONDecodeError as error:
        raise _invalid(f"{error.msg}. Line {error.lineno}, position {error.colno}.") from error
    except RecursionError as error:
        raise _invalid("it nests too deeply") from error
    except ValueError as error:
        raise _invalid(str(error)) from error
    return text, value


def _check(value: Any) -> None:
    """Refuse what cannot be kept: texts with lone surrogates or nulls, whole numbers beyond 64 bits, great depth."""
    waiting = [(value, 0)]
    while waiting:
        each, depth = waiting.pop()
        if depth > DEEPEST:
            raise ValueError("it nests too deeply")
        if isinstance(each, dict):
            waiting += [(name, depth + 1) for name in each] + [(inner, depth + 1) for inner in each.values()]
        elif isinstance(each, list):
            waiting += [(inner, depth + 1) for inner in each]
        elif isinstance(each, str):
            if "\0" in each or any("\ud800" <= mark <= "\udfff" for mark in each):
                raise ValueError("a text holds characters that are none")
        elif isinstance(each, int) and not -(1 << 63) <= each < 1 << 63:
            raise ValueError(f"the number {str(each)[:30]} does not fit into 64 bits")
        elif isinstance(each, float) and not math.isfinite(each):
            raise ValueError("a number is too large")


def _invalid(reason: str) -> ArmError:
    return ArmError(
        400, "InvalidRequestContent", f"The request content was invalid and could not be deserialized: '{reason}'."
    )
