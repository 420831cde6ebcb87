"""Errors as Azure Resource Manager writes them. Everything that a request may be refused with is raised as one type."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from starlette.responses import Response

from inventory import InventoryError


class ArmError(Exception):
    """A refusal: HTTP status, Azure's code and message, and `details` and `additionalInfo` where there are any."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        details: Sequence[Mapping[str, Any]] | None = None,
        information: Sequence[Mapping[str, Any]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.details = details
        self.information = information
        self.headers = dict(headers or {})

    @classmethod
    def of(cls, error: InventoryError) -> ArmError:
        """What the control plane refused."""
        return cls(error.status, error.code, error.message)

    def body(self) -> dict[str, Any]:
        """The error as JSON: `{"error": {"code", "message", …}}`."""
        told: dict[str, Any] = {"code": self.code, "message": self.message}
        if self.details is not None:
            told["details"] = list(self.details)
        if self.information:
            told["additionalInfo"] = list(self.information)
        return {"error": told}

    def response(self) -> Response:
        return json_response(self.body(), self.status, self.headers)


def json_response(content: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """JSON as Azure sends it: UTF-8, and said so."""
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return Response(text.encode("utf-8", "replace"), status, headers, "application/json; charset=utf-8")
