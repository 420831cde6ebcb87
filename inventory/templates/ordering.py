"""Which resource waits for which: what `dependsOn` says, what `reference` implies, what serial loops ask for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from inventory.templates.errors import ExpressionError, TemplateError
from inventory.templates.evaluation import HELP
from inventory.templates.expansion import Planned
from inventory.templates.expressions import calls, is_expression, parse


def dependencies(planned: list[Planned]) -> dict[str, frozenset[str]]:
    """The lower-case ids that each resource (by lower-case id) waits for. Raises TemplateError for circles."""
    names = _Names(planned)
    found: dict[str, frozenset[str]] = {}
    for each in planned:
        waits: set[str] = set()
        for number, text in enumerate(each.depends_on):
            path = (*each.path, "dependsOn", number)
            targets = names.find(text)
            if not targets:
                raise TemplateError(
                    f"The resource '{text}' is not defined in the template. {HELP.format('syntax')}", path
                )
            waits |= targets
        for name in _referred(each):
            waits |= names.find(name)
        if each.loop and each.batch:
            first = each.round // each.batch * each.batch
            waits |= {
                other.id.lower()
                for other in names.loops[each.loop.lower()]
                if first - each.batch <= other.round < first
            }
        parent = re.sub(r"/[^/]+/[^/]+$", "", each.id.lower())
        if parent in names.ids:
            waits.add(parent)
        waits.discard(each.id.lower())
        found[each.id.lower()] = frozenset(waits)
    _refuse_circles(found, names.ids)
    return found


class _Names:
    """The ways in which a template may name its resources."""

    def __init__(self, planned: list[Planned]) -> None:
        self.ids = {each.id.lower(): each for each in planned}
        self.loops: dict[str, list[Planned]] = {}
        self._other: dict[str, set[str]] = {}
        for each in planned:
            low = each.id.lower()
            if each.loop:
                self.loops.setdefault(each.loop.lower(), []).append(each)
            woven = low.rsplit("/providers/", 1)[-1]
            for name in (each.name, f"{each.type}/{each.name}", woven, each.symbol or ""):
                self._other.setdefault(name.lower(), set()).add(low)

    def find(self, text: str) -> set[str]:
        """The resources that a text may mean; none, one, or all of a loop."""
        low = text.lower().rstrip("/")
        if low in self.ids:
            return {low}
        if low in self.loops:
            return {each.id.lower() for each in self.loops[low]}
        return set(self._other.get(low, ()) if low else ())


def _referred(planned: Planned) -> Iterator[str]:
    """The names given to `reference` in the properties of a resource, as far as they are known before it is made."""
    body = {name: raw for name, raw in planned.raw.items() if name not in ("resources", "dependsOn", "copy")}
    if planned.is_deployment:
        return
    for text in _texts(body):
        try:
            for call in calls(parse(text)):
                if call.name.lower() == "reference" and call.arguments:
                    name = planned.evaluation.evaluate(call.arguments[0])
                    if isinstance(name, str):
                        yield name
        except (ExpressionError, TemplateError):
            continue  # said again, with its place, when the property is evaluated


def _texts(value: Any) -> Iterator[str]:
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, str) and is_expression(each) and "reference" in each.lower():
            yield each
        elif isinstance(each, dict):
            waiting += each.values()
        elif isinstance(each, list):
            waiting += each


def _refuse_circles(waits: Mapping[str, frozenset[str]], planned: Mapping[str, Planned]) -> None:
    left = dict(waits)
    while left:
        ready = [id_ for id_, others in left.items() if not any(other in left for other in others)]
        if not ready:
            first = planned[next(iter(left))]
            raise TemplateError(
                f"Circular dependency detected on resource: '{first.id}'. {HELP.format('syntax-resources')}",
                first.path,
            )
        for id_ in ready:
            del left[id_]
