"""Resources of any type, kept as the JSON documents that they came as: what has no table of typed columns lives here.

One physical table holds them all; for each logical table that some of them belong to there is a view of its own.
Knows which logical table shows which type; knows no data.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from inventory.resource_types import BASE, DATABASE, LOGICAL_TABLES, ResourceType
from inventory.shapes import TEXT

if TYPE_CHECKING:
    from inventory.store import Store


@dataclass(frozen=True, eq=False)
class GenericType(ResourceType):
    """The one table of documents. Its rows say themselves what type they are and in which logical table they show."""

    def view(self, table: str) -> str:
        """The view of the rows that a logical table shows."""
        return f"{DATABASE}.{self.physical}_in_{table.lower()}"

    def view_sql(self, table: str) -> str:
        """The statement that makes that view, where there is none yet."""
        return (
            f"CREATE VIEW IF NOT EXISTS {self.view(table)} AS "
            f"SELECT * FROM {self.source} WHERE _table = '{table.lower()}'"
        )

    def schema(self, tenant: str, beyond: Sequence[Sequence[str]] = ()) -> pa.Schema:
        """As of any type, but that only `type` is known to be in lower case: documents stay as they came."""
        made = super().schema(tenant)
        for place, field in enumerate(made):
            if field.name in ("location", "resourceGroup"):
                made = made.set(place, field.remove_metadata())
        return made

    def schema_of(self, table: str, tenant: str) -> pa.Schema:
        """The schema of that view as a part of its logical table."""
        return self.schema(tenant).with_metadata({"table": table, "source": self.view(table)})


GENERIC = GenericType(
    "any",
    "Resources",
    "generic_resources",
    dict(BASE),
    inner={"_table": TEXT},
    api_version="",
)
"""All base columns, the dynamic ones as JSON text; `_table` is the name of the logical table in lower case."""

RULES: tuple[tuple[str, str], ...] = (
    # beginning of the type, logical table; the first that fits decides, what fits none is in Resources
    ("microsoft.resources/subscriptions", "ResourceContainers"),
    ("microsoft.resources/changes", "ResourceChanges"),
    ("microsoft.resources/tags", "TagsResources"),
    ("microsoft.management/managementgroups", "ResourceContainers"),
    ("microsoft.compute/virtualmachinescalesets/virtualmachines", "ComputeResources"),
    ("microsoft.compute/virtualmachines/patchassessmentresults", "PatchAssessmentResources"),
    ("microsoft.compute/virtualmachines/patchinstallationresults", "PatchInstallationResources"),
    ("microsoft.compute/skuspotpricehistory", "SpotResources"),
    ("microsoft.compute/skuspotevictionrate", "SpotResources"),
    ("microsoft.compute/locations/communitygalleries", "CommunityGalleryResources"),
    ("microsoft.hybridcompute/machines/patchassessmentresults", "PatchAssessmentResources"),
    ("microsoft.hybridcompute/machines/patchinstallationresults", "PatchInstallationResources"),
    ("microsoft.resourcehealth/events", "ServiceHealthResources"),
    ("microsoft.resourcehealth/", "HealthResources"),
    ("microsoft.advisor/", "AdvisorResources"),
    ("microsoft.alertsmanagement/alerts", "AlertsManagementResources"),
    ("microsoft.authorization/policy", "PolicyResources"),
    ("microsoft.policyinsights/", "PolicyResources"),
    ("microsoft.authorization/", "AuthorizationResources"),
    ("microsoft.features/", "FeatureResources"),
    ("microsoft.guestconfiguration/", "GuestConfigurationResources"),
    ("microsoft.kubernetesconfiguration/", "KubernetesConfigurationResources"),
    ("microsoft.maintenance/maintenanceconfigurations", "Resources"),
    ("microsoft.maintenance/", "MaintenanceResources"),
    ("microsoft.managedservices/", "ManagedServicesResources"),
    ("microsoft.quota/", "QuotaResources"),
    ("microsoft.recoveryservices/vaults/", "RecoveryServicesResources"),
    ("microsoft.dataprotection/backupvaults/", "RecoveryServicesResources"),
    ("microsoft.security/", "SecurityResources"),
    ("microsoft.support/", "SupportResources"),
    ("microsoft.web/sites/config", "AppServiceResources"),
    ("microsoft.web/sites/slots/config", "AppServiceResources"),
)
"""Which types Microsoft's page "Azure Resource Graph table and resource type reference" puts in tables of their own."""

STATELESS = frozenset({
    "microsoft.authorization/locks", "microsoft.authorization/policyassignments", "microsoft.authorization/policydefinitions",
    "microsoft.authorization/policysetdefinitions", "microsoft.authorization/roleassignments",
    "microsoft.authorization/roledefinitions", "microsoft.compute/capacityreservationgroups", "microsoft.compute/hostgroups",
    "microsoft.compute/galleries/applications", "microsoft.management/managementgroups/settings",
    "microsoft.compute/proximityplacementgroups", "microsoft.compute/sshpublickeys", "microsoft.insights/activitylogalerts",
    "microsoft.insights/diagnosticsettings", "microsoft.insights/metricalerts",
})  # fmt: skip
"""Types without `properties.provisioningState` (source: the published descriptions of their providers)."""

_CONTAINER_CHANGES = ("microsoft.resources/subscriptions", "microsoft.management/managementgroups")


def table_of(type_name: str, changed_type: str = "") -> str:
    """The logical table that shows resources of a type; of a change, the type that changed decides."""
    lower = type_name.lower()
    if lower == "microsoft.resources/changes" and changed_type.lower().startswith(_CONTAINER_CHANGES):
        return "ResourceContainerChanges"
    return next((table for beginning, table in RULES if lower.startswith(beginning)), "Resources")


SPELLED = {table.lower(): table for table in LOGICAL_TABLES}
"""The logical tables by their names in lower case."""


def row_of(document: Mapping[str, Any]) -> dict[str, str | None]:
    """A row of Resource Graph as a row of the table of documents: texts never null, the other columns as JSON text.

    `type` becomes lower-case, as the service always shows it. Columns that Resource Graph does not have are not looked
    at.
    """
    row: dict[str, str | None] = {}
    for name, kind in BASE.items():
        value = document.get(name)
        if kind is TEXT:
            text = "" if value is None else str(value)
            row[name] = text.lower() if name == "type" else text
        else:
            row[name] = None if value is None else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    properties = document.get("properties")
    changed = properties.get("targetResourceType") if isinstance(properties, Mapping) else None
    row["_table"] = table_of(str(row["type"]), str(changed or "")).lower()
    return row


WRITTEN_AT_ONCE = 10_000
"""Documents held as rows in memory while they are written."""


def insert_documents(store: Store, documents: Iterable[Mapping[str, Any]]) -> None:
    """Put rows of Resource Graph straight into the table, as what the index shows from the beginning."""
    names = ["_key", *BASE, "_table"]
    schema = pa.schema([("_key", pa.int64()), *((name, pa.string()) for name in names[1:])])
    numbered = enumerate(documents)
    while batch := [{"_key": key, **row_of(document)} for key, document in islice(numbered, WRITTEN_AT_ONCE)]:
        store.insert(GENERIC.source, pa.Table.from_pylist(batch, schema))
