"""Dynamic values in SQL: steps into a document, its JSON text, whatever form it is held in."""

from __future__ import annotations

import json
from dataclasses import replace

from kql.forms import JSON, MISSING, Form, Json, List, Missing, Object, Scalar
from kql.sql import quote
from kql.sql.value import NOT_CONSTANT, Sql, missing, path_step
from kql.types import BOOL, DYNAMIC, INT, LONG, REAL, STRING, Type

NULL = missing(DYNAMIC)


def step(value: Sql, place: str | int) -> Sql:
    """The property or the element of a dynamic value; a missing one is the dynamic null."""
    if value.borrow is not None:
        return value.borrow.step(lambda inner: step(inner, place))
    if value.members is not None:
        return next((member for name, member in value.members if name == place), NULL)
    match value.form:
        case Object(fields):
            form = next((form for name, form in fields if name == place), None)
            if form is None:
                return NULL
            return Sql(f"{value.text}.{quote.name(str(place))}", DYNAMIC, True, form)
        case List(element):
            if not isinstance(place, int):
                return NULL
            return Sql(f"{value.text}[{place + 1 if place >= 0 else place}]", DYNAMIC, True, element)
        case Json():
            written = path_step(place)
            if written is not None:
                return replace(value, path=(*value.path, written), nullable=True, const=NOT_CONSTANT)
            return Sql(f"kql_extract({value.text}, {pointer((str(place),))})", DYNAMIC, True, JSON)
    return NULL


def names(value: Sql) -> set[str] | None:
    """The names of the properties of an object whose shape is known; None for any other value."""
    if value.members is not None:
        return {name for name, _ in value.members}
    return {name for name, _ in value.form.fields} if isinstance(value.form, Object) and value.borrow is None else None


def pointer(place: tuple[str, ...]) -> str:
    """The argument of json_extract for any names, those that a path cannot say among them: a JSON pointer."""
    return quote.text("".join("/" + step.replace("~", "~0").replace("/", "~1") for step in place))


def computed_step(value: Sql, place: Sql) -> Sql:
    """The property or element at a place that is known only at run time."""
    if value.is_nothing:
        return NULL
    if place.type in (LONG, INT, REAL):
        if isinstance(value.form, List) and place.type is not REAL:
            where = place.text
            index = f"CASE WHEN {where} < 0 THEN {where} ELSE {where} + 1 END"
            return Sql(f"{value.text}[{index}]", DYNAMIC, True, value.form.element)
        return Sql(f"kql_element({as_json(value).text}, {place.text})", DYNAMIC, True, JSON)
    if place.type is STRING:
        return Sql(f"kql_property({as_json(value).text}, {place.string})", DYNAMIC, True, JSON)
    return Sql(f"kql_place({as_json(value).text}, {as_json(place).text})", DYNAMIC, True, JSON)


def as_json(value: Sql) -> Sql:
    """Any value as a dynamic in JSON text."""
    value = value.fetched()
    if value.type is not DYNAMIC:
        text = value.written
        return Sql(scalar_json(text, value.type), DYNAMIC, value.nullable and value.type is not STRING, JSON)
    if isinstance(value.form, Json) and value.members is None:
        return Sql(value.text, DYNAMIC, value.nullable, JSON, value.const)
    if isinstance(value.form, Missing):
        return NULL if value.members is None else Sql(document(value), DYNAMIC, True, JSON)
    return Sql(document(value), DYNAMIC, True, JSON)


def document(value: Sql) -> str:
    """The JSON text of a value held in typed columns; properties that are NULL are left out."""
    if _keeps(value):
        return f"CAST({_joined(value)} AS JSON)"
    if value.members is not None or isinstance(value.form, Object):
        return f"kql_strip({_tree(value)})"
    return _tree(value)


def _tree(value: Sql) -> str:
    if value.members is not None:
        packed = ", ".join(f"{quote.name(name)} := {_tree(member)}" for name, member in value.members)
        return f"to_json(struct_pack({packed}))" if packed else "NULL"
    return _form_tree(value.text, value.form)


def _keeps(value: Sql) -> bool:
    """Whether some member, near or deep, is JSON text whose nulls are to stay."""
    return bool(value.kept) or any(_keeps(member) for _, member in value.members or ())


def _joined(value: Sql) -> str:
    """The same as text, put together member by member, for a null that is written has to be told from none."""
    kept, texts = dict(value.kept), []
    for name, member in value.members or ():
        if name in kept:
            text = kept[name]
        elif _keeps(member):
            text = _joined(member)
        else:
            text = f"CAST({as_json(member).text} AS VARCHAR)"
        texts.append(f"{quote.text(json.dumps(name, ensure_ascii=False) + ':')} || {text}")
    body = f"concat_ws(',', {', '.join(texts)})"
    present = f"CASE WHEN {value.raw} IS NOT NULL THEN '' END" if value.raw else "NULL"
    return f"'{{' || coalesce(nullif({body}, ''), {present}) || '}}'"


def _form_tree(text: str, form: Form | None) -> str:
    """SQL that gives JSON, NULL for null; objects inside still have their null members unless within a list."""
    match form:
        case Json() | None:
            return text
        case Missing():
            return "CAST(NULL AS JSON)"
        case Scalar(type):
            return scalar_json(text, type)
        case List(element):
            if isinstance(element, Scalar) and element.type in (STRING, LONG, INT, BOOL):
                return f"to_json({text})"
            if isinstance(element, Json):
                return f"to_json({text})"
            inner = _form_tree("e", element)
            inner = f"kql_strip({inner})" if isinstance(element, Object) else inner
            return f"to_json(list_transform({text}, lambda e: {inner}))"
        case Object(fields):
            if all(_simple(form) for _, form in fields):
                return f"CASE WHEN {text} IS NOT NULL THEN to_json({text}) END"
            packed = ", ".join(
                f"{quote.name(name)} := " + _form_tree(f"{text}.{quote.name(name)}", field) for name, field in fields
            )
            return f"CASE WHEN {text} IS NOT NULL THEN to_json(struct_pack({packed})) END"


def _simple(form: Form) -> bool:
    """Whether DuckDB's own to_json writes the form as we would."""
    match form:
        case Scalar(type):
            return type in (STRING, LONG, INT, BOOL)
        case Object(fields):
            return all(_simple(field) for _, field in fields)
        case Json():
            return True
        case List(element):
            return isinstance(element, Json) or (isinstance(element, Scalar) and _simple(element))
    return False


def scalar_json(text: str, type: Type) -> str:
    """A plain value of a KQL type as JSON, as KQL spells it inside dynamic values."""
    match type:
        case Type.REAL:
            return f"kql_real_json({text})"
        case Type.DECIMAL:
            return f"to_json(kql_decimal_text({text}))"
        case Type.DATETIME:
            return f"to_json(kql_datetime_text({text}))"
        case Type.TIMESPAN:
            return f"to_json(kql_timespan_text({text}))"
        case Type.DYNAMIC:
            return text
    return f"to_json({text})"


def unified(values: list[Sql]) -> list[Sql]:
    """Dynamic values in one common form: the same plain or typed form where all have it, JSON otherwise."""
    fetched = [value.fetched() for value in values]
    forms = {JSON if value.members is not None else value.form for value in fetched if not value.is_nothing}
    if not forms:
        return fetched
    if len(forms) == 1 and all(value.members is None for value in fetched):
        (form,) = forms
        if isinstance(form, Json):
            return [_as_text(value) for value in fetched]
        return [value if value.form == form else Sql("NULL", DYNAMIC, True, form) for value in fetched]
    return [_as_text(value) for value in fetched]


def _as_text(value: Sql) -> Sql:
    """The value as JSON text in form too, so that a constant null beside real values is no constant of theirs."""
    return replace(as_json(value), form=JSON)




def leaves(value: Sql) -> list[tuple[str, Sql]] | None:
    """All (name, leaf) pairs of a document held in typed columns, None where a part of it is JSON or a list of objects."""
    value = value.fetched()
    found: list[tuple[str, Sql]] = []
    members: list[tuple[str, Sql]]
    if value.members is not None:
        members = list(value.members)
    elif isinstance(value.form, Object):
        members = [(name, step(value, name)) for name, _ in value.form.fields]
    else:
        return None
    for name, member in members:
        if member.is_nothing:
            continue
        if isinstance(member.form, Scalar):
            found.append((name, member))
            continue
        inner = leaves(member)
        if inner is None:
            return None
        found.append((name, member))
        found.extend(inner)
    return found


__all__ = [
    "MISSING", "NULL", "as_json", "computed_step", "document", "leaves", "scalar_json", "step", "unified",
]  # fmt: skip
