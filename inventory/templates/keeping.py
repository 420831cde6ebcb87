"""Deployments as text, and back: so that an estate in a file remembers them. Secrets are not among what is kept."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from inventory.errors import InventoryError
from inventory.templates.deployment import Deployment, Door, prepare, scope_of


def written(deployment: Deployment) -> str:
    """Everything of a deployment that cannot be worked out from its template again."""
    kinds = {name.lower(): str(raw["type"]).lower() for name, raw in deployment.template.parameters.items()}
    blank = {"securestring": {"value": ""}, "secureobject": {"value": {}}}
    told = {
        name: blank.get(kinds.get(name.lower(), ""), value)
        for name, value in (deployment.document.get("parameters") or {}).items()
    }
    return json.dumps(
        {
            "properties": {**deployment.document, "parameters": told},
            "incarnation": deployment.scope.incarnation,
            "started": _text(deployment.started),
            "ended": _text(deployment.ended),
            "canceled": deployment.canceled,
            "error": _error(deployment.error),
            "details": [_error(each) for each in deployment.details],
            "outputs": deployment.outputs,
            "steps": {
                id_: [_text(step.started), _text(step.ended), _error(step.error)]
                for id_, step in deployment.steps.items()
            },
        }
    )


def read(id_: str, text: str, door: Door) -> Deployment:
    """The deployment that was written. What was under way then is taken for done: its operations end by themselves.

    Raises InventoryError where its scope is no more, or its template is none any longer, and LookupError where its
    resource group is another by now."""
    told = json.loads(text)
    made = prepare(id_, id_.rsplit("/", 1)[-1], scope_of(id_, door), told["properties"], door)
    if told.get("incarnation", made.scope.incarnation) != made.scope.incarnation:
        raise LookupError(id_)
    made.started, made.ended = _time(told["started"]), _time(told["ended"])
    made.canceled, made.outputs = told["canceled"], told["outputs"]
    made.error = _refusal(told["error"])
    made.details = [error for each in told["details"] if (error := _refusal(each))]
    for key, (started, ended, error) in told["steps"].items():
        step = made.steps.get(key)
        if step is not None:
            step.started, step.error = _time(started), _refusal(error)
            step.ended = _time(ended) or (door.now() if started else None)
    return made


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _error(error: InventoryError | None) -> dict[str, Any] | None:
    return None if error is None else {"code": error.code, "message": error.message, "status": error.status}


def _refusal(told: Mapping[str, Any] | None) -> InventoryError | None:
    return None if told is None else InventoryError(told["code"], told["message"], told["status"])
