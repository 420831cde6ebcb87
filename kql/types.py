"""The scalar types of KQL and how they relate. Knows nothing of syntax, functions or SQL.

`UNKNOWN` is the type of an expression that already has an error: everything accepts it, so one mistake is told once.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable


class Type(enum.Enum):
    """A KQL scalar type; the value is the name that `getschema` and result columns show."""

    BOOL = "bool"
    INT = "int"
    LONG = "long"
    REAL = "real"
    DECIMAL = "decimal"
    STRING = "string"
    DATETIME = "datetime"
    TIMESPAN = "timespan"
    GUID = "guid"
    DYNAMIC = "dynamic"
    TYPE = "type"  # the value of typeof(...), never a column
    UNKNOWN = "unknown"

    def __repr__(self) -> str:
        return self.value


BOOL, INT, LONG, REAL, DECIMAL = Type.BOOL, Type.INT, Type.LONG, Type.REAL, Type.DECIMAL
STRING, DATETIME, TIMESPAN, GUID = Type.STRING, Type.DATETIME, Type.TIMESPAN, Type.GUID
DYNAMIC, UNKNOWN = Type.DYNAMIC, Type.UNKNOWN

# Spellings that declarations accept (`datatable(a: double)`, `typeof(int64)`), beside the names above.
TYPE_NAMES: dict[str, Type] = {
    **{type.value: type for type in Type if type not in (Type.UNKNOWN, Type.TYPE)},
    "boolean": BOOL,
    "int8": INT,
    "int16": INT,
    "uint8": INT,
    "uint16": INT,
    "int32": INT,
    "int64": LONG,
    "uint": INT,
    "ulong": LONG,
    "double": REAL,
    "float": REAL,
    "date": DATETIME,
    "time": TIMESPAN,
    "uuid": GUID,
    "uniqueid": GUID,
}

INTEGERS = frozenset({INT, LONG})
NUMBERS = frozenset({INT, LONG, REAL, DECIMAL})
SUMMABLE = NUMBERS | {DATETIME, TIMESPAN}
ORDERABLE = SUMMABLE | {STRING, BOOL, GUID}
SCALARS = ORDERABLE | {DYNAMIC}

# Every class of types that a signature may name (the notation of Microsoft's own symbol table).
CLASSES: dict[str, frozenset[Type]] = {
    **{name: frozenset({type}) for name, type in TYPE_NAMES.items()},
    "Scalar": frozenset(SCALARS),
    "Any": frozenset(SCALARS),
    "NotDynamic": frozenset(ORDERABLE),
    "NotBool": frozenset(SCALARS - {BOOL}),
    "NotRealOrBool": frozenset(SCALARS - {BOOL, REAL}),
    "Number": NUMBERS,
    "NumberOrBool": NUMBERS | {BOOL},
    "Integer": INTEGERS,
    "Summable": frozenset(SUMMABLE),
    "Orderable": frozenset(ORDERABLE),
    "StringOrDynamic": frozenset({STRING, DYNAMIC}),
    "DynamicArray": frozenset({DYNAMIC}),
    "DynamicBag": frozenset({DYNAMIC}),
    "StringOrArray": frozenset({STRING, DYNAMIC}),
    "IntegerOrArray": INTEGERS | {DYNAMIC},
    "CommonScalar": frozenset(SCALARS),
    "CommonScalarOrDynamic": frozenset(SCALARS),
    "CommonOrderable": frozenset(ORDERABLE),
    "type": frozenset({Type.TYPE}),
    "Column": frozenset(SCALARS),
}

_WIDTH = {INT: 0, LONG: 1, REAL: 2, DECIMAL: 3}


def widest(types: Iterable[Type]) -> Type:
    """The type of arithmetic over numbers: any decimal wins, then real, then long. `int` with `int` is `long`.

    Integers always widen to long (kql-semantics 4.2); the caller keeps `int` where a function's rule says so.
    """
    known = [type for type in types if type is not UNKNOWN]
    if not known:
        return UNKNOWN
    best = max(known, key=lambda type: _WIDTH.get(type, -1))
    return LONG if best is INT else best


def common(types: Iterable[Type]) -> Type | None:
    """The one type that all have, numbers widened; a dynamic beside a scalar yields to the scalar. None: there is none."""
    known = [type for type in types if type is not UNKNOWN]
    distinct = set(known)
    if not distinct:
        return UNKNOWN
    if len(distinct) == 1:
        return known[0]
    if distinct <= NUMBERS:
        return max(distinct, key=lambda type: _WIDTH[type])
    without = distinct - {DYNAMIC}
    if len(without) == 1:
        return next(iter(without))
    if without and without <= NUMBERS:
        return max(without, key=lambda type: _WIDTH[type])
    return None


def widens(source: Type, target: Type) -> bool:
    """Whether a value of `source` may stand silently where a number of type `target` is asked for."""
    return source in _WIDTH and target in _WIDTH and _WIDTH[source] <= _WIDTH[target]
