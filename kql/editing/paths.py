"""What lies below a dynamic column, and which values a column is known to have: read off the parts a plan leaves."""

from __future__ import annotations

from collections.abc import Iterable

from kql import plan
from kql.bind.scope import find
from kql.editing.place import Sight
from kql.forms import Form, Json, List, Missing, Object, Scalar
from kql.sql import dynamic
from kql.sql.emit import held
from kql.sql.value import Sql


def below(sight: Sight, chain: list[str | int]) -> list[tuple[str, str]]:
    """The properties below a path, each with what it is: a type, 'object', 'list' or 'dynamic'."""
    if not chain:
        return []
    found: dict[str, str] = {}
    for value in _values(sight, str(chain[0])):
        for step in chain[1:]:
            value = dynamic.step(value, step)
        for name, detail in _members(value):
            if found.get(name, "null") in ("null", "dynamic"):
                found[name] = detail
    return sorted((name, detail) for name, detail in found.items())


def constants(sight: Sight, name: str) -> list[str]:
    """The values that a column is known to have: those of parts whose rows all share one."""
    values = {str(value.const) for value in _values(sight, name) if value.constant and isinstance(value.const, str)}
    return sorted(values - {""})


def _values(sight: Sight, name: str) -> Iterable[Sql]:
    column = find(sight.columns, name) or find(plan.visible(sight.relation), name)
    if column is None:
        return []
    try:
        return held(sight.relation, column)
    except (AssertionError, LookupError, ValueError, TypeError, AttributeError):
        return []  # a half-written query need not make sense as a whole


def _members(value: Sql) -> list[tuple[str, str]]:
    if value.members is None:
        value = value.fetched()
    members = [] if value.members is None else [(name, _kind(member)) for name, member in value.members]
    if isinstance(value.form, Object):
        members += [(name, _form(form)) for name, form in value.form.fields]
    return members


def _kind(value: Sql) -> str:
    return "object" if value.members is not None else _form(value.form)


def _form(form: Form | None) -> str:
    match form:
        case Scalar(type):
            return type.value
        case Object():
            return "object"
        case List():
            return "list"
        case Missing() | None:
            return "null"
        case Json():
            return "dynamic"
