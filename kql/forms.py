"""The forms in which a dynamic value may be held: JSON text, or typed columns that stand in for its document.

A form is known at compile time, so that a path over typed columns compiles to plain column operations.
"""

from __future__ import annotations

from dataclasses import dataclass

from kql.types import Type


@dataclass(frozen=True, slots=True)
class Json:
    """JSON text; a JSON null is SQL's NULL."""


@dataclass(frozen=True, slots=True)
class Missing:
    """Always null."""


@dataclass(frozen=True, slots=True)
class Scalar:
    """A plain value of one type (string, long, int, real, bool); NULL is the dynamic null."""

    type: Type


@dataclass(frozen=True, slots=True)
class Object:
    """A struct: a field that is NULL is a property that the document does not have."""

    fields: tuple[tuple[str, Form], ...]


@dataclass(frozen=True, slots=True)
class List:
    """A list whose elements all have one form."""

    element: Form


Form = Json | Missing | Scalar | Object | List
JSON = Json()
MISSING = Missing()
