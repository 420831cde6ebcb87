"""Request bodies: JSON that is what it claims to be, or a refusal that says where it is not."""

from __future__ import annotations

import json
from typing import Any

from starlette.requests import Request

from queries.http.arm_error import ArmError


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def parse_json(raw: bytes) -> Any:
    """The value of a JSON text in UTF-8. Raises ArmError 400 InvalidRequestContent."""
    try:
        value = json.loads(raw.decode("utf-8-sig"), parse_constant=_no_constant)
        if b"\\ud" in raw or b"\\uD" in raw:  # an escape may say half a character, which is no text
            json.dumps(value, ensure_ascii=False).encode()
        return value
    except UnicodeError:
        reason = "it is not UTF-8"
    except RecursionError:
        reason = "it nests too deeply"
    except ValueError as error:
        reason = str(error)
    raise ArmError(
        400, "InvalidRequestContent", f"The request content was invalid and could not be deserialized: '{reason}'."
    )


async def json_object(request: Request) -> dict[str, Any]:
    """The body as an object; an empty body is an empty object."""
    raw = await request.body()
    if not raw.strip():
        return {}
    value = parse_json(raw)
    if not isinstance(value, dict):
        raise ArmError(400, "InvalidRequestContent", "The request content must be a JSON object.")
    return value
