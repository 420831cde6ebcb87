"""What the service does by itself each minute: it scales sets by their rules and replaces instances that are unhealthy.

The load that the rules look at is simulated: so much work for a set, shared by those of its machines that run.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from inventory.changes import BY_AUTOSCALE, BY_THE_PLATFORM
from inventory.clock import from_ticks, seconds_to_ticks
from inventory.control import flexible, schedules, uniform
from inventory.control.assignments import check_autoscale
from inventory.control.context import Context
from inventory.control.ids import parse
from inventory.control.placement import type_of_members
from inventory.control.records import Values
from inventory.control.shape_check import AUTOSCALE, well_formed_properties
from inventory.errors import InventoryError
from inventory.generic import GENERIC
from inventory.resource_types import SCALE_SET_INSTANCES, SCALE_SETS, VIRTUAL_MACHINES, ResourceType

_FACT = "autoscale"
_COMPARED: dict[str, Callable[[float, float], bool]] = {
    "GreaterThan": lambda a, b: a > b,
    "GreaterThanOrEqual": lambda a, b: a >= b,
    "LessThan": lambda a, b: a < b,
    "LessThanOrEqual": lambda a, b: a <= b,
    "Equals": lambda a, b: a == b,
    "NotEquals": lambda a, b: a != b,
}
_DURATION = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?")
LEAST_GRACE, MOST_GRACE = 10 * 60, 90 * 60
"""Seconds for which an instance may be unhealthy before it is replaced."""


def duration(text: str | None, usual: float) -> float:
    """Seconds of an ISO 8601 duration such as PT5M."""
    found = _DURATION.fullmatch(text or "")
    if text is None or found is None or not any(found.groups()):
        return usual
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return float(((days * 24 + hours) * 60 + minutes) * 60 + seconds)


class Autoscale:
    """Sets with autoscale settings, looked at each minute."""

    def __init__(self, context: Context) -> None:
        self._context = context
        kept = json.loads(str(context.store.state(_FACT).get(_FACT, "{}")))
        self.load: dict[str, float] = kept.get("load", {})
        """Work per set (lower-case id), in percent of one machine: 250 keeps two and a half machines busy."""
        self._scaled: dict[int, int] = {int(key): at for key, at in kept.get("scaled", {}).items()}

    def give(self, id_: str, percent: float) -> None:
        """Let a set have so much work from now on."""
        self.load[id_.lower()] = percent
        with self._context.store.lock:
            self._keep()

    def _keep(self) -> None:
        self._context.store.set_state({_FACT: json.dumps({"load": self.load, "scaled": self._scaled})})

    def busy(self, row: Values) -> float | None:
        """The average processor use of a set's running machines, in percent; None where nothing is known of its load."""
        load = self.load.get(row["id"].lower())
        if load is None:
            return None
        running = self._context.records.select(
            type_of_members(row), f"_set_key = {row['_key']} AND power_state.code = 'PowerState/running'", {}
        )
        return min(100.0, load / len(running)) if running else 100.0

    def minute(self, now: int) -> bool:
        """Scale what the rules say; whether there is anything to watch."""
        settings = self._context.records.select(GENERIC, "type = $kind", {"kind": AUTOSCALE})
        for each in settings:
            try:
                properties = well_formed_properties(AUTOSCALE, self._context.records.loaded(each["properties"]))
                check_autoscale(properties)
            except InventoryError:
                continue  # imported, and not to be understood
            if properties.get("enabled", True):
                self._apply(properties, now)
        return bool(settings)

    def _apply(self, settings: Mapping[str, Any], now: int) -> None:
        context = self._context
        row = context.records.find(parse(str(settings["targetResourceUri"])))
        if row is None or row["sku"] is None or context.records.under_way(SCALE_SETS, row["_key"]):
            return
        busy = self.busy(row)
        profile = schedules.in_force(settings.get("profiles") or (), from_ticks(now))
        if profile is None:
            return
        capacity = profile.get("capacity") or {}
        least, most = int(capacity.get("minimum", 0)), int(capacity.get("maximum", 1000))
        current = int(row["sku"]["capacity"])
        wanted = min(max(current, least), most)
        if wanted == current and busy is not None:
            wanted = self._by_rules(profile.get("rules") or (), row, busy, current, now)
            wanted = min(max(wanted, least), most)
        if wanted == current:
            return
        self._scaled[row["_key"]] = now
        change = {"sku": {**row["sku"], "capacity": wanted}}
        provider = context.providers[SCALE_SETS.type]
        try:
            with context.feed.writing(BY_AUTOSCALE):
                provider.patch(parse(row["id"]), change, None)
                self._keep()
        except InventoryError:
            return  # what a person would be refused, autoscale cannot do either

    def _by_rules(self, rules: Any, row: Values, busy: float, current: int, now: int) -> int:
        """The capacity that the rules want: out when any of them holds, by the one that wants most; in when all that
        would go in hold, by the one that takes least, and only if what is left would not want out again."""
        last = self._scaled.get(row["_key"])
        out: list[int] = []
        into: list[int | None] = []
        for rule in rules:
            action = rule.get("scaleAction") or {}
            wanted = _wanted(action, current)
            cooldown = seconds_to_ticks(duration(action.get("cooldown"), 300))
            if not _holds(rule, busy) or (last is not None and now - last < cooldown):
                if wanted < current:
                    into.append(None)
            elif wanted > current:
                out.append(wanted)
            elif wanted < current:
                into.append(wanted)
        if out:
            return max(out)
        if not into or None in into:
            return current
        left = max(each for each in into if each is not None)
        busier = busy * current / max(left, 1)
        again = any(_wanted(rule.get("scaleAction") or {}, left) > left and _holds(rule, busier) for rule in rules)
        return current if again else left


def _holds(rule: Any, busy: float) -> bool:
    trigger = rule.get("metricTrigger") or {}
    compared = _COMPARED.get(str(trigger.get("operator")))
    return compared is not None and compared(busy, float(trigger.get("threshold", 0)))


def _wanted(action: Any, current: int) -> int:
    """The capacity that a rule's action would make of one."""
    by = int(action.get("value") or 1)
    if action.get("type") == "ExactCount":
        return by
    if action.get("type") == "PercentChangeCount":
        by = max(1, current * by // 100)
    return current + by if action.get("direction") == "Increase" else current - by


class Repairs:
    """Running instances that have been unhealthy for longer than their set's grace period are replaced, restarted or
    reimaged, as the set's policy says."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._tried: dict[int, int] = {}
        """When an instance was last restarted or reimaged, in ticks: the grace period begins anew."""

    def minute(self, now: int) -> bool:
        """Replace what is due; whether there is anything to watch."""
        context, waiting = self._context, False
        for of in (VIRTUAL_MACHINES, SCALE_SET_INSTANCES):
            ill = context.records.select(of, "_health = 'unhealthy' AND _set_key IS NOT NULL", {})
            for each in ill:
                waiting = True
                rows = context.records.select(SCALE_SETS, f"_key = {each['_set_key']}", {})
                policy = rows[0]["properties"]["automaticRepairsPolicy"] if rows else None
                if not policy or not policy["enabled"] or not self._may_be_repaired(of, each):
                    continue
                grace = min(max(duration(policy["gracePeriod"], LEAST_GRACE), LEAST_GRACE), MOST_GRACE)
                since = max(each["_health_since"] or now, self._tried.get(each["_key"], 0))
                if now - since >= seconds_to_ticks(grace):
                    with context.feed.writing(BY_THE_PLATFORM):
                        self._repair(of, rows[0], each, str(policy.get("repairAction") or "Replace").lower(), now)
        return waiting

    def _may_be_repaired(self, of: ResourceType, ill: Values) -> bool:
        """Only what runs, has nothing under way and is not protected."""
        if ill["power_state"]["code"] != "PowerState/running" or self._context.records.under_way(of, ill["_key"]):
            return False
        return of is VIRTUAL_MACHINES or not uniform.protected(self._context, ill, "protectFromScaleSetActions")

    def _repair(self, of: ResourceType, row: Values, ill: Values, action: str, now: int) -> None:
        operation = action if action in ("restart", "reimage") else "delete"  # what was imported may say anything
        self._tried[ill["_key"]] = now
        try:
            failure = self._context.failures.drawn(parse(ill["id"]), operation, now)
        except InventoryError:
            return  # tried again once it has been ill for as long
        fails = None if failure is None else failure.code
        self._context.bulk.operate_where(of, f"_key = {ill['_key']}", operation, now, resize=False, fails=fails)
        if operation == "delete" and fails is None:
            self._replace(of, row, now)

    def _replace(self, of: ResourceType, row: Values, now: int) -> None:
        """A new instance in place of one that goes; the capacity stays as it is."""
        context = self._context
        made = context.records.document(SCALE_SETS, row)
        if made["properties"].get("virtualMachineProfile") is None:
            return
        if of is VIRTUAL_MACHINES:
            flexible.scale_out(context, row, made, 1, now, None)
            return
        uniform.scale_out(context, row, made, 1, now, None)
        # the instance number that was given out is the set's to remember
        context.store.writer.execute(
            f"UPDATE {SCALE_SETS.source} SET _next_instance = ? WHERE _key = ?", [row["_next_instance"], row["_key"]]
        )


