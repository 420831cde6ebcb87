"""The comparison of orchestration modes as a table that queries can read: OrchestrationFeatures."""

from __future__ import annotations

import pyarrow as pa

from inventory.rules import comparison
from inventory.rules.profile import PROFILES
from inventory.shapes import FLAG, TEXT, field, quoted, sql_type

_NAME = "orchestration_features"

_COLUMNS = {
    "profile": TEXT, "comparison": TEXT, "feature": TEXT, "flexible": TEXT, "uniform": TEXT, "availabilitySet": TEXT,
    "flexibleSupported": FLAG, "uniformSupported": FLAG, "availabilitySetSupported": FLAG, "evidence": TEXT,
}  # fmt: skip


def schema(database: str) -> pa.Schema:
    """Its columns, as other rooms see them."""
    fields = [field(name, kind).with_nullable(False) for name, kind in _COLUMNS.items()]
    return pa.schema(fields, metadata={"table": "OrchestrationFeatures", "source": f"{database}.{_NAME}"})


def create_sql(database: str) -> str:
    """The statement that makes the table; its rows never change."""
    rows = []
    for profile in PROFILES:
        for each in comparison.FEATURES:
            cells = each.cells(profile)
            words = [profile, each.comparison, each.name, *cells]
            flags = [str(comparison.is_yes(cell)).upper() for cell in cells]
            texts = [_text(word) for word in words]
            rows.append(f"({', '.join([*texts, *flags, _text(each.evidence(profile))])})")
    columns = ", ".join(f"{quoted(name)} {sql_type(kind)}" for name, kind in _COLUMNS.items())
    return f"CREATE TABLE {database}.{_NAME} ({columns}); INSERT INTO {database}.{_NAME} VALUES {', '.join(rows)}"


def _text(word: str) -> str:
    return "'" + word.replace("'", "''") + "'"
