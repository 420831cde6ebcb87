"""A template as it is written: its sections checked for shape, its parameters matched with what was given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from inventory.templates.errors import Path, TemplateError
from inventory.templates.evaluation import HELP, Evaluation, Scope
from inventory.templates.functions import type_name

MOST_RESOURCES = 800
MOST_PARAMETERS = 256
MOST_VARIABLES = 512
MOST_OUTPUTS = 64

_TYPES = {
    "string": ("String",),
    "securestring": ("String",),
    "int": ("Integer",),
    "bool": ("Boolean",),
    "array": ("Array",),
    "object": ("Object",),
    "secureobject": ("Object",),
}
SECRET = ("securestring", "secureobject")
"""Types of parameters whose values nobody is shown."""


@dataclass(frozen=True, slots=True)
class Declared:
    """A resource as it is declared: where, how, and in templates with symbolic names by which."""

    path: Path
    raw: Mapping[str, Any]
    symbol: str | None = None


@dataclass(frozen=True, slots=True)
class Template:
    """The sections of a template, raw."""

    parameters: Mapping[str, Mapping[str, Any]]
    variables: Mapping[str, tuple[str, Any]]
    functions: Mapping[str, tuple[Mapping[str, Any], ...]]
    resources: tuple[Declared, ...]
    outputs: Mapping[str, Mapping[str, Any]]


def read_template(document: Any) -> Template:
    """The template in a JSON document. Raises TemplateError."""
    root = _object(document, (), "the template")
    if "$schema" not in root or "resources" not in root or not isinstance(root.get("contentVersion"), str):
        missing = [name for name in ("$schema", "contentVersion", "resources") if name not in root]
        raise TemplateError(
            f"Required property '{(missing or ['contentVersion'])[0]}' not found in JSON: a template has at least "
            f"'$schema', 'contentVersion' and 'resources'. {HELP.format('syntax')}"
        )
    parameters = {
        name: _object(raw, ("parameters", name), f"the parameter '{name}'")
        for name, raw in _section(root, "parameters", MOST_PARAMETERS).items()
    }
    for name, raw in parameters.items():
        if str(raw.get("type", "")).lower() not in _TYPES:
            raise TemplateError(
                f"The template parameter '{name}' has the type '{raw.get('type')}', which is none of: "
                f"{', '.join(sorted(_TYPES))}.", ("parameters", name),
            )  # fmt: skip
    outputs = {
        name: _object(raw, ("outputs", name), f"the output '{name}'")
        for name, raw in _section(root, "outputs", MOST_OUTPUTS).items()
    }
    return Template(parameters, _variables(root), _functions(root), tuple(_resources(root["resources"])), outputs)


def evaluation_of(
    template: Template, given: Any, scope: Scope, deployment: Mapping[str, Any], check: bool = True
) -> Evaluation:
    """The evaluation of a template with the values given for its parameters. Raises TemplateError."""
    values = {} if given is None else _object(given, (), "the parameters")
    names = {name.lower(): name for name in template.parameters}
    unknown = [name for name in values if name.lower() not in names]
    if unknown:
        raise TemplateError(
            f"The following parameters were supplied, but do not correspond to any parameters defined in the "
            f"template: '{', '.join(unknown)}'. The parameters defined in the template are: "
            f"'{', '.join(template.parameters)}'. {HELP.format('pass-parameter-values')}"
        )
    found: dict[str, Any] = {}
    for name, raw in values.items():
        holder = _object(raw, (), f"the value of the parameter '{name}'")
        if "reference" in holder:
            raise TemplateError(f"The parameter '{name}' refers to a key vault; give its value here.")
        if "value" in holder and holder["value"] is not None:
            found[name.lower()] = holder["value"]
    defaults = {
        name.lower(): (name, raw["defaultValue"])
        for name, raw in template.parameters.items()
        if "defaultValue" in raw and name.lower() not in found
    }
    made = Evaluation(scope, deployment, found, defaults, template.variables, template.functions)
    for name, raw in template.parameters.items():
        path: Path = ("parameters", name)
        if name.lower() not in found and name.lower() not in defaults:
            if raw.get("nullable") is True:
                found[name.lower()] = None
                continue
            raise TemplateError(
                f"The value for the template parameter '{name}' is not provided. {HELP.format('parameter-file')}", path
            )
        if check:
            _check(name, raw, made, path)
    return made


def _check(name: str, raw: Mapping[str, Any], made: Evaluation, path: Path) -> None:
    value = made.parameter(name)
    kinds = _TYPES[str(raw["type"]).lower()]
    if type_name(value) not in kinds and not (value is None and raw.get("nullable") is True):
        raise TemplateError(
            f"The provided value for the template parameter '{name}' is not valid. Expected a value of type "
            f"'{', '.join(kinds)}', but received a value of type '{type_name(value)}'. "
            f"{HELP.format('create-parameter-file')}", path,
        )  # fmt: skip
    allowed = raw.get("allowedValues")
    if isinstance(allowed, list) and value not in allowed and not (isinstance(value, list) and _all_in(value, allowed)):
        raise TemplateError(
            f"The provided value '{value}' for the template parameter '{name}' is not valid. The parameter value is "
            f"not part of the allowed value(s): '{','.join(map(str, allowed))}'.", path,
        )  # fmt: skip
    _check_size(name, raw, value, path)


def _check_size(name: str, raw: Mapping[str, Any], value: Any, path: Path) -> None:
    if not isinstance(value, int | str | list):
        return
    kind = "Value" if isinstance(value, int) else "Length"
    size = value if isinstance(value, int) else len(value)
    for bound, sign in ((f"min{kind}", 1), (f"max{kind}", -1)):
        limit = raw.get(bound)
        if isinstance(limit, int) and sign * size < sign * limit:
            raise TemplateError(
                f"The provided value for the template parameter '{name}' is not valid. {bound} is '{limit}', the "
                f"value has '{size}'.",
                path,
            )


def _all_in(values: list[Any], allowed: list[Any]) -> bool:
    return all(value in allowed for value in values)


def _object(value: Any, path: Path, what: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise TemplateError(f"An object is expected for {what}; it is of type '{type_name(value)}'.", path)
    return value


def _section(root: Mapping[str, Any], name: str, most: int) -> Mapping[str, Any]:
    raw = root.get(name)
    found = {} if raw is None else _object(raw, (name,), f"the section '{name}'")
    if len(found) > most:
        raise TemplateError(f"The number of template {name} limit exceeded. Limit: '{most}' and actual: "
                            f"'{len(found)}'. {HELP.format('template-limits')}", (name,))  # fmt: skip
    return found


def _variables(root: Mapping[str, Any]) -> dict[str, tuple[str, Any]]:
    """The variables by lower-case name; a loop over variables becomes one variable for each of its entries."""
    found: dict[str, tuple[str, Any]] = {}
    for name, raw in _section(root, "variables", MOST_VARIABLES).items():
        if name.lower() != "copy" or not isinstance(raw, list):
            found[name.lower()] = (name, raw)
            continue
        for number, loop in enumerate(raw):
            path: Path = ("variables", name, number)
            entry = _object(loop, path, "a copy of variables")
            if not isinstance(entry.get("name"), str):
                raise TemplateError(f"A copy of variables has a name. {HELP.format('copy')}", path)
            # the loop within an object of its own, from which its values are taken when they are asked for
            found[f"copy of {entry['name'].lower()}"] = (entry["name"], {"copy": [entry]})
            found[entry["name"].lower()] = (entry["name"], f"[variables('copy of {entry['name']}')['{entry['name']}']]")
    return found


def _functions(root: Mapping[str, Any]) -> dict[str, tuple[Mapping[str, Any], ...]]:
    found: dict[str, tuple[Mapping[str, Any], ...]] = {}
    raw = root.get("functions")
    for number, space in enumerate(raw if isinstance(raw, list) else []):
        path: Path = ("functions", number)
        entry = _object(space, path, "a namespace of functions")
        for name, definition in _object(entry.get("members"), path, "the members of a namespace").items():
            _object(definition, (*path, "members", name), f"the function '{name}'")
            found[f"{entry.get('namespace')}.{name}".lower()] = (definition,)
    return found


def _resources(raw: Any) -> list[Declared]:
    if isinstance(raw, dict):  # languageVersion 2.0: by symbolic name
        found = [(("resources", name), each, name) for name, each in raw.items()]
    elif isinstance(raw, list):
        found = [(("resources", number), each, None) for number, each in enumerate(raw)]
    else:
        raise TemplateError("The section 'resources' is an array or an object.", ("resources",))
    return [Declared(path, _object(each, path, "a resource"), symbol) for path, each, symbol in found]
