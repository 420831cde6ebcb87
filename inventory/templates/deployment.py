"""One deployment: a template carried out against a control plane, resource by resource, each when what it waits for is there.

Knows the control plane only as a `Door`. Nothing runs by itself: `advance` starts what can be started as of now.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Protocol

from inventory.errors import InventoryError
from inventory.templates.completion import Sweep, unnamed
from inventory.templates.errors import ExpressionError, TemplateError
from inventory.templates.evaluation import HELP, Evaluation, Scope
from inventory.templates.expansion import Planned, expand
from inventory.templates.ordering import dependencies
from inventory.templates.template import SECRET, Template, evaluation_of, read_template

DEEPEST = 5
"""Deployments within deployments."""
_NOT_OF_A_RESOURCE = frozenset(
    {"type", "name", "apiversion", "dependson", "copy", "condition", "comments", "resources", "existing", "scope",
     "subscriptionid", "resourcegroup", "import"}
)  # fmt: skip


class Running(Protocol):
    """An operation of the control plane."""

    @property
    def status(self) -> str: ...

    @property
    def error(self) -> InventoryError | None: ...

    @property
    def ends_at(self) -> datetime: ...


class Door(Protocol):
    """What a deployment needs of the world."""

    def put(self, id: str, document: Mapping[str, Any], api_version: str) -> Running: ...

    def delete(self, id: str) -> Running: ...

    def within(self, group: str) -> list[dict[str, Any]]: ...

    def get(self, id: str) -> dict[str, Any]: ...

    def scope(self, subscription: str, resource_group: str | None) -> Scope: ...

    def now(self) -> datetime: ...

    def incarnation(self, subscription: str, resource_group: str) -> int | None:
        """Tells a resource group from others that have had its name; None where there is none."""

    def remember(self, id: str, text: str) -> None:
        """Keep a text of a deployment with the estate; an empty one forgets it."""

    def remembered(self) -> Mapping[str, str]:
        """The texts that are kept, by the ids they were given."""


@dataclass
class Step:
    """One resource of a deployment on its way."""

    planned: Planned
    waits_for: frozenset[str]
    operation: Running | None = None
    nested: Deployment | None = None
    error: InventoryError | None = None
    started: datetime | None = None
    ended: datetime | None = None

    @property
    def status(self) -> str:
        """NotStarted, Running, Succeeded or Failed."""
        if self.ended is not None:
            return "Failed" if self.error else "Succeeded"
        return "NotStarted" if self.started is None else "Running"


@dataclass
class Deployment:
    """A template on its way. Made by `prepare`, which checks everything that can be known beforehand."""

    id: str
    name: str
    scope: Scope
    mode: str
    document: Mapping[str, Any]
    """The properties that were asked for: template, parameters, mode."""
    template: Template
    evaluation: Evaluation
    steps: dict[str, Step]
    """By lower-case id, in the order of writing."""
    depth: int = 0
    started: datetime | None = None
    ended: datetime | None = None
    canceled: bool = False
    error: InventoryError | None = None
    details: list[InventoryError] = field(default_factory=list)
    outputs: dict[str, Any] = field(default_factory=dict)
    sweep: Sweep | None = None
    """In the mode Complete, once all that it makes is there: what goes."""

    @property
    def state(self) -> str:
        """Accepted, Running, Succeeded, Failed or Canceled."""
        if self.canceled:
            return "Canceled"
        if self.ended is not None:
            return "Failed" if self.error else "Succeeded"
        return "Accepted" if self.started is None else "Running"

    def advance(self, door: Door) -> None:
        """Note what has ended, start what can be started, end when all has; does nothing once it has ended."""
        if self.ended is not None:
            return
        self.started = self.started or door.now()
        progress = True
        while progress:
            changed = [self._follow(step, door) for step in self.steps.values()]
            progress = any(changed)
        failed = [step.error for step in self.steps.values() if step.error]
        if any(step.status == "Running" for step in self.steps.values()):
            return
        if failed:
            self.details = failed
            self._end(InventoryError("DeploymentFailed", _FAILED), door)
        elif all(step.ended for step in self.steps.values()) and self._swept(door):
            self._finish(door)

    def cancel(self, door: Door) -> None:
        """Start nothing more. Raises InventoryError when it has ended."""
        if self.ended is not None:
            raise InventoryError(
                "DeploymentCannotBeCancelled", f"The deployment '{self.name}' has ended: it is {self.state}.", 409
            )
        self.canceled = True
        self.ended = door.now()

    def due(self) -> datetime | None:
        """When something of it ends next; None when it has ended."""
        if self.ended is not None:
            return None
        ends = [step.operation.ends_at for step in self.steps.values() if step.operation and not step.ended]
        ends += [due for step in self.steps.values() if step.nested and (due := step.nested.due())]
        ends += [due for due in [self.sweep and self.sweep.due()] if due]
        return min(ends, default=None)

    def resources(self) -> list[str]:
        """The ids of what it has made, those of nested deployments among them."""
        found: list[str] = []
        for step in self.steps.values():
            if step.nested is not None:
                found += step.nested.resources()
            elif step.status == "Succeeded" and step.planned.wanted and not step.planned.existing:
                found.append(step.planned.id)
        return found

    def body(self, planned: Planned, door: Door) -> dict[str, Any]:
        """What is sent for a resource: everything declared that is not the template's own affair."""
        raw = {name: inner for name, inner in planned.raw.items() if name.lower() not in _NOT_OF_A_RESOURCE}
        made: dict[str, Any] = self._with_references(planned.evaluation, door).value(raw, planned.path)
        return made

    def parameters(self) -> dict[str, Any]:
        """The values of its parameters; secrets without theirs."""
        shown: dict[str, Any] = {}
        for name, raw in self.template.parameters.items():
            kind = str(raw["type"])
            value = {} if kind.lower() in SECRET else {"value": self.evaluation.parameter(name)}
            shown[name] = {"type": kind[:1].upper() + kind[1:], **value}
        return shown

    # carrying out

    def _follow(self, step: Step, door: Door) -> bool:
        """Let one step go on; whether anything has changed that lets others go on."""
        if step.ended is not None:
            return False
        if step.started is None:
            others = (self.steps[id_] for id_ in step.waits_for)
            if not all(other.status == "Succeeded" for other in others):
                return False
            step.started = door.now()
            try:
                self._start(step, door)
            except InventoryError as error:
                step.error, step.ended = error, door.now()
                return True
            except Exception:
                told = f"'{step.planned.id}' met a defect of the control plane."
                step.error, step.ended = InventoryError("InternalServerError", told), door.now()
                raise
        if step.nested is not None:
            step.nested.advance(door)
            if step.nested.ended is None:
                return False
            step.error, step.ended = step.nested.error, step.nested.ended
            return True
        if step.operation is None:
            step.ended = door.now()
            return True
        if step.operation.status == "InProgress":
            return False
        step.error = step.operation.error
        if step.error is None and step.operation.status == "Canceled":
            step.error = InventoryError("Canceled", f"The operation on '{step.planned.id}' was overtaken by another.")
        step.ended = step.operation.ends_at
        return True

    def _start(self, step: Step, door: Door) -> None:
        planned = step.planned
        if not planned.wanted or planned.existing:
            return
        if planned.is_deployment:
            step.nested = self.nested(planned, door)
            return
        step.operation = door.put(planned.id, self.body(planned, door), planned.api_version)

    def _swept(self, door: Door) -> bool:
        """Whether nothing is left in the group that the mode Complete takes away; asks for its removal where it is."""
        if self.mode != "Complete":
            return True
        if self.sweep is None:
            named = {id_.lower() for id_ in self.resources()}
            self.sweep = Sweep([str(each["id"]) for each in unnamed(door, self.scope.id, named)])
        if not self.sweep.go_on(door):
            return False
        self.details = list(self.sweep.errors.values())
        if self.details:
            self._end(InventoryError("DeploymentFailed", _FAILED), door)
        return not self.details

    def nested(self, planned: Planned, door: Door) -> Deployment:
        """The deployment that a resource of the template is."""
        evaluation = self._with_references(planned.evaluation, door)
        properties = planned.raw.get("properties")
        if not isinstance(properties, dict):
            raise TemplateError("A nested deployment has properties.", planned.path)
        options = properties.get("expressionEvaluationOptions")
        inner = isinstance(options, dict) and str(options.get("scope", "")).lower() == "inner"
        scope = scope_of(planned.id, door)
        path = (*planned.path, "properties")
        given = evaluation.value(properties.get("parameters") or {}, (*path, "parameters"))
        if "templateLink" in properties:
            raise TemplateError("Linked templates are not fetched here; give the template itself.", path)
        document = {**properties, "parameters": given}
        return prepare(
            planned.id, planned.name, scope, document, door, depth=self.depth + 1, outer=None if inner else evaluation
        )

    def _with_references(self, evaluation: Evaluation, door: Door) -> Evaluation:
        return replace(evaluation, references=self._referring(door), known={})

    def _referring(self, door: Door) -> Callable[[str, bool], Any]:
        def refer(name: str, whole: bool) -> Any:
            step = next(self._named(name), None)
            if step is not None and step.nested is not None:
                outputs = {"outputs": step.nested.outputs}
                return {"properties": outputs} if whole else outputs
            if step is None and not name.startswith("/"):
                raise ExpressionError(
                    f"The template resource '{name}' reference is not valid: could not find template resource or "
                    f"resource copy with this name. {HELP.format('function-reference')}"
                )
            document = door.get(name if step is None else step.planned.id)
            return document if whole else document.get("properties", {})

        return refer

    def _named(self, name: str) -> Iterator[Step]:
        low = name.lower()
        for id_, step in self.steps.items():
            if low in (id_, step.planned.name.lower(), (step.planned.symbol or "").lower()):
                yield step

    def _finish(self, door: Door) -> None:
        try:
            evaluation = self._with_references(self.evaluation, door)
            for name, raw in self.template.outputs.items():
                path = ("outputs", name)
                if "condition" in raw and evaluation.value(raw["condition"], (*path, "condition")) is not True:
                    continue
                if isinstance(raw.get("copy"), dict):
                    value: Any = evaluation.rounds(raw["copy"], name, "input", (*path, "copy"))
                else:
                    value = evaluation.value(raw.get("value"), (*path, "value"))
                kind = str(raw.get("type", ""))
                if kind.lower() not in SECRET:
                    self.outputs[name] = {"type": kind[:1].upper() + kind[1:], "value": value}
        except InventoryError as error:
            self.details = [error]
            self._end(InventoryError("DeploymentOutputEvaluationFailed", _OUTPUTS), door)
        else:
            self._end(None, door)

    def _end(self, error: InventoryError | None, door: Door) -> None:
        self.error = error
        ends = [step.ended for step in self.steps.values() if step.ended]
        ends += [latest for latest in [self.sweep and self.sweep.latest] if latest]
        self.ended = max([*ends, self.started or door.now()])

    def duration(self, now: datetime) -> timedelta:
        """How long it has been on its way, or was."""
        return (self.ended or now) - self.started if self.started else timedelta(0)


_FAILED = (
    "At least one resource deployment operation failed. Please list deployment operations for details. Please see "
    "https://aka.ms/arm-deployment-operations for usage details."
)
_OUTPUTS = "Unable to evaluate template outputs. Please see error details and deployment operations."


def scope_of(id_: str, door: Door) -> Scope:
    """The scope in which a deployment lies, by its id."""
    parts = id_.split("/")
    return door.scope(parts[2], parts[4] if parts[3].lower() == "resourcegroups" else None)


def prepare(
    id_: str,
    name: str,
    scope: Scope,
    properties: Mapping[str, Any],
    door: Door,
    *,
    depth: int = 0,
    outer: Evaluation | None = None,
) -> Deployment:
    """A deployment, checked and planned. Raises TemplateError, or InventoryError as Azure would refuse it.

    `outer` is the evaluation around a nested template whose expressions belong to the template that holds it.
    """  # fmt: skip
    if depth > DEEPEST:
        raise TemplateError(f"Deployments are nested deeper than {DEEPEST} levels.")
    mode = properties.get("mode", "Incremental")
    mode = mode.capitalize() if isinstance(mode, str) else mode
    if mode not in ("Incremental", "Complete"):
        raise InventoryError("InvalidDeploymentParameterValue", f"The mode '{mode}' is none of: Incremental, Complete.")
    if mode == "Complete" and (depth or scope.resource_group is None):
        told = "The mode 'Complete' is for deployments of a resource group, and not for nested ones: use 'Incremental'."
        raise InventoryError("InvalidDeploymentParameterValue", told)
    if "template" not in properties:
        raise InventoryError(
            "InvalidRequestContent",
            "The request content was invalid: 'template' is missing in the properties of the deployment "
            "(links to templates are not followed here).",
        )
    template = read_template(properties["template"])
    facts = {
        "name": name,
        "properties": {
            "template": properties["template"],
            "parameters": properties.get("parameters") or {},
            "mode": mode,
            "provisioningState": "Accepted",
        },
    }
    if outer is None:
        evaluation = evaluation_of(template, properties.get("parameters"), scope, facts)
    else:
        evaluation = replace(outer, references=None, scope=scope)
    planned = expand(template, evaluation)
    waits = dependencies(planned)
    steps = {each.id.lower(): Step(each, waits[each.id.lower()]) for each in planned}
    return Deployment(id_, name, scope, mode, properties, template, evaluation, steps, depth)
