"""Functions over places: ids of resources, the deployment's subscription and group, what other resources hold."""

from __future__ import annotations

from typing import Any

from inventory.resource_types import RESOURCE_TYPES
from inventory.templates.errors import ExpressionError
from inventory.templates.functions.rows import expect, function


def typed_id(scope: str, parts: tuple[str, ...]) -> str:
    """`Namespace/type/child` and one name for each type, woven into an id under a scope."""
    type_name, *names = parts
    namespace, *types = type_name.split("/")
    if not types or len(types) != len(names):
        raise ExpressionError(
            f"Unable to evaluate template language function 'resourceId': the type '{type_name}' requires "
            f"'{len(types)}' resource name argument(s)."
        )
    woven = "/".join(f"{kind}/{name}" for kind, name in zip(types, names, strict=True))
    return f"{scope}/providers/{namespace}/{woven}"


def _split(name: str, arguments: tuple[Any, ...]) -> tuple[list[str], tuple[str, ...]]:
    """What stands before the type, and the type with its names. A type is what has a slash."""
    texts = [str(expect(name, each, "String", "Integer")) for each in arguments]
    at = next((number for number, text in enumerate(texts) if "/" in text and "." in text.split("/", 1)[0]), None)
    if at is None:
        raise ExpressionError(
            f"Unable to evaluate template language function '{name}': function requires fully qualified resource "
            "type 'including resource provider namespace' as one of its parameters."
        )
    return texts[:at], tuple(texts[at:])


@function("resourceId", 2, None, contextual=True)
def resource_id(evaluation: Any, *arguments: Any) -> str:
    scope = evaluation.scope
    before, typed = _split("resourceId", arguments)
    match before:
        case []:
            return typed_id(scope.id, typed)
        case [group] if scope.resource_group:
            return typed_id(f"/subscriptions/{scope.subscription}/resourceGroups/{group}", typed)
        case [subscription]:
            return typed_id(f"/subscriptions/{subscription}", typed)
        case [subscription, group]:
            return typed_id(f"/subscriptions/{subscription}/resourceGroups/{group}", typed)
    raise ExpressionError("'resourceId' takes at most a subscription and a resource group before the type.")


@function("subscriptionResourceId", 2, None, contextual=True)
def subscription_resource_id(evaluation: Any, *arguments: Any) -> str:
    before, typed = _split("subscriptionResourceId", arguments)
    return typed_id(f"/subscriptions/{before[0] if before else evaluation.scope.subscription}", typed)


@function("tenantResourceId", 2, None)
def tenant_resource_id(*arguments: Any) -> str:
    return typed_id("", _split("tenantResourceId", arguments)[1])


@function("extensionResourceId", 3, None)
def extension_resource_id(base: Any, *arguments: Any) -> str:
    return typed_id(str(expect("extensionResourceId", base, "String")), _split("extensionResourceId", arguments)[1])


@function("resourceGroup", 0, contextual=True)
def resource_group(evaluation: Any) -> dict[str, Any]:
    if not evaluation.scope.resource_group:
        raise ExpressionError("The template function 'RESOURCEGROUP' is not expected at this location.")
    return dict(evaluation.scope.group_document)


@function("subscription", 0, contextual=True)
def subscription(evaluation: Any) -> dict[str, Any]:
    scope = evaluation.scope
    return {
        "id": f"/subscriptions/{scope.subscription}",
        "subscriptionId": scope.subscription,
        "tenantId": scope.tenant,
        "displayName": scope.subscription_name,
    }


@function("tenant", 0, contextual=True)
def tenant(evaluation: Any) -> dict[str, Any]:
    return {"tenantId": evaluation.scope.tenant}


@function("deployment", 0, contextual=True)
def deployment(evaluation: Any) -> dict[str, Any]:
    return dict(evaluation.deployment)


@function("environment", 0, contextual=True)
def environment(evaluation: Any) -> dict[str, Any]:
    return dict(evaluation.scope.environment)


@function("providers", 1, 2)
def providers(namespace: Any, kind: Any = None) -> dict[str, Any]:
    of_namespace = f"{expect('providers', namespace, 'String')}/".lower()
    known = [
        {"resourceType": of.name[len(of_namespace) :], "locations": [], "apiVersions": [of.api_version]}
        for of in RESOURCE_TYPES
        if of.type.startswith(of_namespace)
    ]
    if kind is None:
        return {"namespace": namespace, "resourceTypes": known}
    for each in known:
        if str(each["resourceType"]).lower() == str(kind).lower():
            return each
    return {"resourceType": kind, "locations": [], "apiVersions": ["2024-07-01"]}


@function("pickZones", 3, 5)
def pick_zones(_namespace: Any, _type: Any, _location: Any, count: Any = 1, _offset: Any = 0) -> list[str]:
    return [str(number) for number in range(1, min(3, max(0, expect("pickZones", count, "Integer"))) + 1)]


@function("parameters", 1, contextual=True)
def parameters(evaluation: Any, name: Any) -> Any:
    return evaluation.parameter(str(expect("parameters", name, "String")))


@function("variables", 1, contextual=True)
def variables(evaluation: Any, name: Any) -> Any:
    return evaluation.variable(str(expect("variables", name, "String")))


@function("copyIndex", 0, 2, contextual=True)
def copy_index(evaluation: Any, *arguments: Any) -> int:
    name = next((each for each in arguments if isinstance(each, str)), None)
    offset = next((each for each in arguments if isinstance(each, int)), 0)
    return int(evaluation.copy_index(name)) + offset


@function("reference", 1, 3, contextual=True)
def reference(evaluation: Any, name: Any, _version: Any = None, full: Any = None) -> Any:
    whole = isinstance(full, str) and full.lower() == "full"
    return evaluation.reference(str(expect("reference", name, "String")), whole)
