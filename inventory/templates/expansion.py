"""From what a template declares to the resources that it means: loops unrolled, children under parents, ids woven."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from inventory.templates.errors import ExpressionError, Path, TemplateError
from inventory.templates.evaluation import HELP, Evaluation
from inventory.templates.functions.places import typed_id
from inventory.templates.template import MOST_RESOURCES, Declared, Template

DEPLOYMENTS = "microsoft.resources/deployments"
_GROUPS = "microsoft.resources/resourcegroups"


@dataclass(frozen=True)
class Planned:
    """One resource that a deployment is to make: its identity is known, its properties are evaluated when its turn comes."""

    id: str
    type: str
    name: str
    api_version: str
    path: Path
    raw: Mapping[str, Any]
    evaluation: Evaluation
    depends_on: tuple[str, ...]
    """As evaluated: ids, names, names of loops, symbolic names."""
    wanted: bool = True
    """False: its condition does not hold, and nothing is made."""
    existing: bool = False
    symbol: str | None = None
    loop: str | None = None
    round: int = 0
    batch: int | None = None
    """Rounds that may be under way together; None: all."""

    @property
    def is_deployment(self) -> bool:
        return self.type.lower() == DEPLOYMENTS


def expand(template: Template, evaluation: Evaluation) -> list[Planned]:
    """Every resource that the template means, in the order of writing. Raises TemplateError."""
    found: dict[str, Planned] = {}
    for declared in template.resources:
        for planned in _unrolled(declared, evaluation, None):
            if planned.id.lower() in found and planned.wanted and found[planned.id.lower()].wanted:
                raise TemplateError(
                    f"The resource '{planned.id}' is defined multiple times in a template. "
                    f"{HELP.format('syntax-resources')}", planned.path,
                )  # fmt: skip
            if planned.wanted or planned.id.lower() not in found:
                found[planned.id.lower()] = planned
            if len(found) > MOST_RESOURCES:
                raise TemplateError(
                    f"The number of template resources limit exceeded. Limit: '{MOST_RESOURCES}' and actual: more. "
                    f"{HELP.format('template-limits')}", planned.path,
                )  # fmt: skip
    return list(found.values())


def _unrolled(declared: Declared, evaluation: Evaluation, parent: Planned | None) -> Iterator[Planned]:
    loop = declared.raw.get("copy")
    if loop is None:
        yield from _with_children(_planned(declared, evaluation, parent), declared)
        return
    path = (*declared.path, "copy")
    if not isinstance(loop, dict) or not isinstance(loop.get("name"), str):
        raise TemplateError(f"A copy of a resource is an object with a name and a count. {HELP.format('copy')}", path)
    serial = str(loop.get("mode", "parallel")).lower() == "serial"
    batch = evaluation.value(loop.get("batchSize", 1), (*path, "batchSize")) if serial else None
    if batch is not None and (not isinstance(batch, int) or batch < 1):
        raise TemplateError(f"The batchSize of a copy is a whole number from 1. {HELP.format('copy')}", path)
    for number in range(evaluation.loop_count(loop, path)):
        inner = evaluation.round(loop["name"], number)
        planned = replace(_planned(declared, inner, parent), loop=loop["name"], round=number, batch=batch)
        yield from _with_children(planned, declared)


def _with_children(planned: Planned, declared: Declared) -> Iterator[Planned]:
    yield planned
    if planned.is_deployment:
        return
    children = declared.raw.get("resources", [])
    if not isinstance(children, list):
        raise TemplateError("The child resources of a resource are an array.", (*declared.path, "resources"))
    for number, child in enumerate(children):
        path = (*declared.path, "resources", number)
        if not isinstance(child, dict):
            raise TemplateError("A resource is an object.", path)
        yield from _unrolled(Declared(path, child), planned.evaluation, planned)


def _planned(declared: Declared, evaluation: Evaluation, parent: Planned | None) -> Planned:
    raw, path = declared.raw, declared.path
    type_name = _text(raw, "type", evaluation, path)
    name = _text(raw, "name", evaluation, path)
    if parent is not None and "/" not in type_name.split(".")[-1]:
        type_name, name = f"{parent.type}/{type_name}", f"{parent.name}/{name}"
    condition = True
    if "condition" in raw:
        condition = evaluation.value(raw["condition"], (*path, "condition"))
        if not isinstance(condition, bool):
            raise TemplateError(f"The condition of the resource '{name}' is no boolean.", (*path, "condition"))
    depends = raw.get("dependsOn") or []
    if isinstance(depends, list):
        # a line break before the bracket, as the documentation prints it, does not make it a literal
        depends = [each.strip() if isinstance(each, str) else each for each in depends]
    depends = evaluation.value(depends, (*path, "dependsOn"))
    if not isinstance(depends, list) or not all(isinstance(each, str) for each in depends):
        raise TemplateError(f"The dependsOn of the resource '{name}' is no array of texts.", (*path, "dependsOn"))
    return Planned(
        id=_id(type_name, name, raw, evaluation, path),
        type=type_name,
        name=name,
        api_version=_text(raw, "apiVersion", evaluation, path),
        path=path,
        raw=raw,
        evaluation=evaluation,
        depends_on=tuple(depends),
        wanted=condition and (parent is None or parent.wanted),
        existing=raw.get("existing") is True,
        symbol=declared.symbol,
    )


def _id(type_name: str, name: str, raw: Mapping[str, Any], evaluation: Evaluation, path: Path) -> str:
    scope = evaluation.scope
    if type_name.lower() == _GROUPS:
        return f"/subscriptions/{scope.subscription}/resourceGroups/{name}"
    base = scope.id
    if "scope" in raw:
        base = str(evaluation.value(raw["scope"], (*path, "scope")))
        base = base if base.startswith("/") else f"{scope.id}/providers/{base}"
    elif type_name.lower() == DEPLOYMENTS:
        subscription = str(evaluation.value(raw.get("subscriptionId", scope.subscription), path))
        group = evaluation.value(raw.get("resourceGroup", scope.resource_group), path)
        base = f"/subscriptions/{subscription}" + (f"/resourceGroups/{group}" if group else "")
    try:
        return typed_id(base, (type_name, *name.split("/")))
    except ExpressionError as error:
        types = max(0, len(type_name.split("/")) - 1)
        raise TemplateError(
            f"The template resource '{name}' for type '{type_name}' has incorrect segment lengths. A nested resource "
            "type must have identical number of segments as its resource name. A root resource type must have "
            f"segment length one greater than its resource name ({types} expected). {HELP.format('syntax-resources')}",
            path,
        ) from error


def _text(raw: Mapping[str, Any], name: str, evaluation: Evaluation, path: Path) -> str:
    if name not in raw:
        raise TemplateError(f"The template resource has no '{name}'. {HELP.format('syntax-resources')}", path)
    value = evaluation.value(raw[name], (*path, name))
    if not isinstance(value, str) or not value.strip() or any(part in ("", ".", "..") for part in value.split("/")):
        raise TemplateError(
            f"The '{name}' of a template resource is not valid: '{value}'. {HELP.format('syntax-resources')}",
            (*path, name),
        )
    return value
