"""Change records: for every change of a resource a row that tells which property was what before and is what now.

They are resources themselves: written when a change is accepted, shown by the index after a lag of their own. Which
properties differ is worked out for many changes at once, and only below what differs. Knows shapes, not operations.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa

from inventory.draws import draw_sql
from inventory.resource_types import MANAGEMENT_GROUPS, RESOURCE_GROUPS, REST, SUBSCRIPTIONS, ResourceType
from inventory.shapes import JSON, TEXT, is_json, quoted


def _changes(table: str, physical: str) -> ResourceType:
    return ResourceType(
        "Microsoft.Resources/changes",
        table,
        physical,
        {"id": TEXT, "name": TEXT, "resourceGroup": TEXT, "subscriptionId": TEXT, "properties": JSON},
        constants={"location": "", "managedBy": ""},
        api_version="2022-05-01",
        has_past=False,
    )


RESOURCE_CHANGES = _changes("ResourceChanges", "resource_changes")
CONTAINER_CHANGES = _changes("ResourceContainerChanges", "resource_container_changes")
CHANGES = (RESOURCE_CHANGES, CONTAINER_CHANGES)
_CONTAINERS = (SUBSCRIPTIONS, RESOURCE_GROUPS, MANAGEMENT_GROUPS)

SYSTEM = (
    "properties.provisioningState", "properties.extended", "properties.timeCreated", "properties.vmId",
    "properties.uniqueId", "properties.resourceGuid", "properties.diskState", "properties.ipAddress",
)  # fmt: skip
"""Properties that the platform sets, not the user: what begins so is of the category System."""

LONGEST_VALUE = 4000
"""Characters of a value that are shown; a longer one is cut and marked as truncated."""


@dataclass(frozen=True, slots=True)
class Cause:
    """Who asked for changes, and with what. `action` is the end of the operation's name in Azure, as it goes for the
    machines that were asked for ("deallocate/action"); what changes along with them is written or deleted."""

    action: str = "write"
    changed_by: str = "dev@contoso.example"
    changed_by_type: str = "User"
    client_type: str = "Azure CLI"


BY_THE_PLATFORM = Cause(changed_by="Microsoft.Compute", changed_by_type="System", client_type="Platform")
BY_AUTOSCALE = Cause(changed_by="Microsoft.Insights", changed_by_type="System", client_type="Autoscale")


def records_of(of: ResourceType) -> ResourceType:
    """The table of the change records of a type."""
    return CONTAINER_CHANGES if of in _CONTAINERS else RESOURCE_CHANGES


def ticks_text(ticks: str) -> str:
    """SQL for a time in ticks as Azure writes it, with seven decimals."""
    return f"strftime({_moment(ticks)}, '%Y-%m-%dT%H:%M:%S.%f') || ({ticks} % 10)::VARCHAR || 'Z'"


def _moment(ticks: str) -> str:
    return f"make_timestamp(({ticks} - 621355968000000000) // 10)"


def record_sql(of: ResourceType, cause: Cause, seed: str, delay: str, group: int) -> str:
    """The statement that writes a record for each row of the temporary table `transition`.

    That table has, for each change, its times, whether it is the first of a new resource or a deletion, and in `_pairs`
    what differs. `delay` is SQL for how long the record takes, in ticks, given a draw `_drawn`; `group` tells operations
    apart.
    """
    records = records_of(of)
    has = of.physical_columns
    target = lower_type(of, "id")
    name = f"{_reverse('_true_at')} || '_' || {_guid(seed, 'change', '_seq')}"
    snapshot = f"{_reverse('{at}')} || '_' || {_guid(seed, 'snapshot', '{seq}')}"
    before = snapshot.format(at="_before_at", seq="_before_seq")
    after = snapshot.format(at="_true_at", seq="_seq")
    shared = "coalesce(_vm_key, _key)" if "_vm_key" in has else "_key"
    written, machine = f"CASE WHEN _deleted THEN '{of.type}/delete' ELSE '{of.type}/write' END", "power_state" in has
    operation = f"'{of.type}/{cause.action}'" if machine and cause.action != "write" else written
    return f"""
        INSERT INTO {records.images} (_key, _seq, _true_at, _visible_at, _shown, _deleted, _lost,
          id, name, "resourceGroup", "subscriptionId", properties)
        SELECT _seq, _seq, _true_at, greatest(_visible_at, _true_at + {delay}), FALSE, FALSE, _lost,
          _target || '/providers/Microsoft.Resources/changes/' || _name, _name,
          {'"resourceGroup"' if "resourceGroup" in has else "''"}, {'"subscriptionId"' if "subscriptionId" in has else "''"},
          json_object(
            'targetResourceId', _target, 'targetResourceType', '{of.type}', 'changeType', _kind,
            'changeAttributes', json_object(
              'previousResourceSnapshotId', CASE WHEN _kind <> 'Create' THEN {before} END,
              'newResourceSnapshotId', CASE WHEN _kind <> 'Delete' THEN {after} END,
              'correlationId', {_guid(seed, f"cause:{group}", shared)},
              'changedByType', {_literal(cause.changed_by_type)}, 'changedBy', {_literal(cause.changed_by)},
              'clientType', {_literal(cause.client_type)}, 'operation', {operation},
              'changesCount', CASE WHEN _kind = 'Update' THEN len(_pairs) ELSE 0 END,
              'timestamp', strftime({_moment("_true_at")}, '%Y-%m-%dT%H:%M:%S.%g') || '+00:00'
            ),
            'changes', _changes::JSON
          )::VARCHAR
        FROM (
          SELECT *, {target} AS _target, {name} AS _name, {draw_sql(seed, "change", "_seq")} AS _drawn,
            CASE WHEN _deleted THEN 'Delete' WHEN _created THEN 'Create' ELSE 'Update' END AS _kind,
            CASE WHEN _deleted OR _created THEN '{{}}' ELSE '{{' || list_aggregate(
              list_transform(_pairs, lambda x: {_member("x.path", "x.old", "x.new")}), 'string_agg', ',') || '}}' END AS _changes
          FROM transition)
        WHERE _kind <> 'Update' OR len(_pairs) > 0
    """


def lower_type(of: ResourceType, id_: str) -> str:
    """SQL for an id with its provider and its types in lower case, as change records spell their target."""
    provider, *types = of.name.split("/")
    if provider == "Microsoft.Resources" or of.type == "any":
        return id_
    for part in (f"/providers/{provider}/{types[0]}/", *(f"/{kind}/" for kind in types[1:])):
        id_ = f"replace({id_}, '{part}', '{part.lower()}')"
    return id_


# ---- which properties differ ---------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a row that is compared: its path in the document, SQL for it as it was and as it is, its shape."""

    path: str
    old: str
    new: str
    shape: pa.DataType
    loose: bool
    """Of no fixed shape, or a list: looked into as JSON."""

    def parts(self) -> list[Piece]:
        """The members of a document; the piece itself where it has none of fixed shape."""
        if self.loose or not pa.types.is_struct(self.shape):
            return [self]
        found = []
        for part in self.shape:
            below = quoted(part.name)
            loose = is_json(part) or pa.types.is_list(part.type)
            found.append(
                Piece(f"{self.path}.{part.name}", f"{self.old}.{below}", f"{self.new}.{below}", part.type, loose)
            )
        return found

    def leaves(self) -> list[Piece]:
        """The piece in its smallest parts."""
        parts = self.parts()
        return parts if parts == [self] else [leaf for part in parts for leaf in part.leaves()]

    @property
    def differs(self) -> str:
        """SQL for whether it differs."""
        return f"{self.old} IS DISTINCT FROM {self.new}"


def pieces(of: ResourceType, changed: Mapping[str, str]) -> list[Piece]:
    """What can differ when some columns of a type are set to SQL values: members of documents, tags ...

    A value that sets some members of a document (`struct_update(...)`) leaves the others alone. Slow fields are no
    changes, because nobody made them: the guest agent reports them. The pieces are read from rows `s`.
    """
    paths = {graft.column: graft.path for graft in of.grafts}
    found = []
    for name, kind in of.physical_columns.items():
        if name not in changed or name in of.inner or name in of.slow:
            continue
        if name == REST:  # its paths begin with the names of columns
            found.append(Piece("", f"s.{REST}", f"n.{REST}", kind, True))
            continue
        loose = pa.types.is_list(kind) or (name in of.columns and not isinstance(of.columns[name], pa.DataType))
        parts = Piece(paths.get(name, name), f"s.{quoted(name)}", f"n.{quoted(name)}", kind, loose).parts()
        if changed[name].startswith(f"struct_update({name},"):
            set_to = set(_SET.findall(changed[name]))
            parts = [part for part in parts if part.path.rsplit(".", 1)[-1] in set_to]
        found += parts
    return found


_SET = re.compile(r"(\w+) :=")
PAIRS = 'STRUCT(path VARCHAR, "old" VARCHAR, "new" VARCHAR)[]'


def pairs_sql(found: list[Piece], loose: bool) -> str:
    """SQL for the list of what differs below some pieces: path, value before, value now; either as text, or as JSON
    text where they are `loose`."""
    pairs = []
    for leaf in (leaf for piece in found for leaf in piece.leaves()):
        if leaf.loose is loose:
            form = "{}::VARCHAR" if not loose else "to_json({})::VARCHAR" if pa.types.is_list(leaf.shape) else "{}"
            old, new = form.format(leaf.old), form.format(leaf.new)
            pairs.append(f"CASE WHEN {leaf.differs} THEN {{'path': '{leaf.path}', 'old': {old}, 'new': {new}}} END")
    return f"list_filter([{', '.join(pairs)}]::{PAIRS}, lambda x: x IS NOT NULL)" if pairs else f"[]::{PAIRS}"


def _member(path: str, old: str, new: str) -> str:
    """SQL for one member of `changes`, given SQL for its path and for both values as texts or null."""
    system = " OR ".join(f"starts_with({path}, '{each}')" for each in SYSTEM)
    kind = f"CASE WHEN {old} IS NULL THEN 'Insert' WHEN {new} IS NULL THEN 'Remove' ELSE 'Update' END"
    long = f"greatest(len(coalesce({old}, '')), len(coalesce({new}, ''))) > {LONGEST_VALUE}"

    def value(text: str) -> str:
        return f"to_json(coalesce({text}, 'null')[:{LONGEST_VALUE}])::VARCHAR"

    return (
        f"concat(to_json({path})::VARCHAR, ':{{\"previousValue\":', {value(old)}, ',\"newValue\":', {value(new)}, "
        f"',\"changeCategory\":\"', CASE WHEN {system} THEN 'System' ELSE 'User' END, "
        f"'\",\"propertyChangeType\":\"', {kind}, '\"', CASE WHEN {long} THEN ',\"isTruncated\":\"true\"' ELSE '' END, '}}')"
    )


def look_into_sql() -> str:
    """The statement that looks into the JSON texts of `transition._loose` leaf by leaf, and adds what differs to
    `_pairs`."""

    def leaves(side: str) -> str:
        return (
            f"SELECT _seq, ltrim(pair.path || replace(substr(t.fullkey, 2), '\"', ''), '.') AS path, t.value ->> '$' AS value "
            f"FROM pairs, json_tree(pair.\"{side}\") t WHERE t.type NOT IN ('OBJECT', 'ARRAY', 'NULL') "
            f"OR (t.type IN ('OBJECT', 'ARRAY') AND t.value::VARCHAR IN ('{{}}', '[]') AND t.fullkey <> '$')"
        )

    return f"""
        UPDATE transition SET _pairs = list_concat(_pairs, found) FROM (
          WITH pairs AS (SELECT _seq, unnest(_loose) AS pair FROM transition WHERE len(_loose) > 0)
          SELECT _seq, list({{'path': path, 'old': o.value, 'new': n.value}} ORDER BY path) AS found
          FROM ({leaves("old")}) o FULL JOIN ({leaves("new")}) n USING (_seq, path)
          WHERE o.value IS DISTINCT FROM n.value GROUP BY _seq
        ) f WHERE f._seq = transition._seq
    """


def _reverse(ticks: str) -> str:
    """SQL for a time as snapshots are named by it: later ones sort first."""
    return f"lpad((9223372036854775807 - {ticks})::VARCHAR, 20, '0')"


def _guid(seed: str, stream: str, number: str) -> str:
    return f"md5(concat('{seed}:{stream}:', {number}))::UUID::VARCHAR"


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
