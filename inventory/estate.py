"""An estate: a simulated part of Azure whose index lags behind its truth. The door of this room.

Knows tables, times and operations; knows nothing of KQL. Everything that can be asked is in `schemas()`.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa

from inventory.clock import Clock, Process, RealClock, SimulatedClock, from_ticks, to_ticks
from inventory.control.bulk import Control
from inventory.errors import InventoryError
from inventory.feed import Age, Feed
from inventory.files import appearing, checked, facts
from inventory.generate import Progress, generate, set_in_motion
from inventory.history import History, Past
from inventory.imports import ImportReport, read
from inventory.lag import Lag
from inventory.machine import VirtualMachine
from inventory.names import find_machine
from inventory.passing import Passing
from inventory.perspectives import Perspective, Perspectives
from inventory.resource_types import VIRTUAL_MACHINES
from inventory.store import Store
from inventory.tables import RECORDS, TABLES

if TYPE_CHECKING:
    from inventory.control.plane import ControlPlane

NO_TENANT = "00000000-0000-0000-0000-000000000000"
"""The tenant of an estate whose documents name none."""

_RECORDED = frozenset(of.table for of in RECORDS)
"""The logical tables of what is recorded of changes."""


class Estate:
    """A simulated estate. Make one with `simulated`, `create` or `open`; `close` it, or use it in a `with` block.

    Safe to use from several threads: one writes at a time, readers each take a `cursor()` and never wait.
    """

    def __init__(self, store: Store, clock: Clock | None, lag: Lag | None, history: History | None) -> None:
        """Used by the class methods: an estate over a store that has been filled."""
        self._store = store
        state = checked(store)
        stood = from_ticks(int(state["clock"]))
        if clock is not None and clock.now() < stood:
            raise InventoryError(
                "InvalidClock",
                f"the estate's time is {stood:%Y-%m-%d %H:%M:%S} UTC, and a clock at {clock.now():%Y-%m-%d %H:%M:%S} would "
                "let it run backwards; its own clock goes on from where it stood",
            )
        self.seed = int(state["seed"])
        self.tenant_id = str(state["tenant"])
        self.clock: Clock = clock or (
            RealClock() if state["clock_kind"] == "real" else SimulatedClock(stood)
        )
        begins = int(state["clock_start"])
        past = Past(store, history or History(), TABLES, int(state.get("history_begins", begins)), self.clock.ticks())
        self._feed = Feed(store, self.clock, lag or Lag(), self.seed, int(state["last_number"]), past, begins)
        self._past = past
        self._perspectives = Perspectives(store, self._feed, self.tenant_id)
        self._control = Control(store, self._feed)
        self.processes: list[Process] = []
        """What goes on by itself as time passes, beside the life in the estate; carried on before each refresh."""
        self._passing = Passing(store, self._feed, self._control)
        self._plane: ControlPlane | None = None

    @classmethod
    def _going_on(cls, store: Store, clock: Clock | None, lag: Lag | None, history: History | None) -> Estate:
        """An estate that was there before: its scale sets may have rules that work as time passes."""
        try:
            estate = cls(store, clock, lag, history)
        except BaseException:
            store.close()
            raise
        _ = estate.control
        return estate

    @classmethod
    def simulated(
        cls,
        vms: int = 1000,
        seed: int = 7,
        *,
        clock: Clock | None = None,
        lag: Lag | None = None,
        history: History | None = None,
        progress: Progress | None = None,
        threads: int | None = None,
        memory_limit: str | None = None,
    ) -> Estate:
        """A new estate in memory: `vms` virtual machines and what belongs to them, always the same for a seed.

        `progress` is called with (machines made, machines asked for).
        """
        store = Store(None, threads=threads, memory_limit=memory_limit)
        return cls._filled(store, vms, seed, clock or SimulatedClock(), lag, history, progress)

    @classmethod
    def create(
        cls,
        path: str | os.PathLike[str],
        vms: int = 1000,
        seed: int = 7,
        *,
        clock: Clock | None = None,
        lag: Lag | None = None,
        history: History | None = None,
        progress: Progress | None = None,
        threads: int | None = None,
        memory_limit: str | None = None,
    ) -> Estate:
        """A new estate in one DuckDB file, which must not exist yet. The file appears when the estate is complete."""
        clock = clock or SimulatedClock()
        with appearing(Path(path)) as unfinished:
            store = Store(unfinished, threads=threads, memory_limit=memory_limit)
            cls._filled(store, vms, seed, clock, lag, history, progress).close()
        return cls.open(path, clock=clock, lag=lag, history=history, threads=threads, memory_limit=memory_limit)

    @classmethod
    def open(
        cls,
        path: str | os.PathLike[str],
        *,
        clock: Clock | None = None,
        lag: Lag | None = None,
        history: History | None = None,
        threads: int | None = None,
        memory_limit: str | None = None,
    ) -> Estate:
        """The estate in a file made by `create`; its simulated clock goes on from where it stood, and one that is
        given may not stand before that."""
        if not Path(path).exists():
            raise InventoryError("EstateUnavailable", f"there is no estate at {path}; make one with Estate.create")
        return cls._going_on(Store(path, threads=threads, memory_limit=memory_limit), clock, lag, history)

    @classmethod
    def imported(
        cls,
        paths: Iterable[str | os.PathLike[str]],
        *,
        path: str | os.PathLike[str] | None = None,
        clock: Clock | None = None,
        lag: Lag | None = None,
        history: History | None = None,
        report: ImportReport | None = None,
    ) -> Estate:
        """An estate of what stands in files, in memory or in a new file at `path`; see `inventory.imports` for formats.

        Every document is kept as it came, of any type; machines that say their power state can be started and stopped
        like any other. `report` is filled with what came in and what was odd; without
        a clock of your own the estate runs on the real one. Raises InventoryError InvalidFile.
        """
        from inventory.adoption import insert  # whoever imports nothing does not wait for it

        report = ImportReport() if report is None else report
        found = read([Path(each) for each in paths], report)
        tenant = next((str(row["tenantId"]) for row in found.values() if row["tenantId"]), NO_TENANT)
        clock = clock or RealClock()

        def filled(store: Store) -> None:
            store.create_tables()
            store.set_state(facts(clock, 0, 0, tenant) | {"imported": 1})
            for row in found.values():
                row["tenantId"] = row["tenantId"] or tenant
            insert(store, found, tenant, report)
            store.checkpoint()

        if path is None:
            store = Store(None)
            filled(store)
            return cls._going_on(store, clock, lag, history)
        with appearing(Path(path)) as unfinished:
            store = Store(unfinished)
            filled(store)
            store.close()
        return cls.open(path, clock=clock, lag=lag, history=history)

    @classmethod
    def from_snapshot(
        cls,
        path: str | os.PathLike[str],
        *,
        clock: Clock | None = None,
        lag: Lag | None = None,
        history: History | None = None,
    ) -> Estate:
        """An estate in memory that goes on from a snapshot, or from any estate in a file, and leaves the file alone."""
        store = Store(None)
        if not Path(path).exists():
            raise InventoryError("EstateUnavailable", f"there is no snapshot at {path}")
        kept = Store(path)
        try:
            checked(kept)
            store.create_tables()
            kept.copy_to(store)
        finally:
            kept.close()
        return cls._going_on(store, clock, lag, history)

    def snapshot(self, path: str | os.PathLike[str]) -> None:
        """Write the whole estate as it is now, with its past and what is on its way, into one new file.

        The file is an estate itself: `open` uses it in place, `from_snapshot` starts from it in memory.
        """
        with appearing(Path(path)) as unfinished, self._store.lock:
            self._feed.settle()
            self._store.set_state({"clock": self.clock.ticks()})
            if self._plane is not None:
                self._plane.remember()
            copy = Store(unfinished)
            copy.create_tables()
            self._store.copy_to(copy)
            copy.checkpoint()
            copy.close()

    @classmethod
    def _filled(
        cls,
        store: Store,
        vms: int,
        seed: int,
        clock: Clock,
        lag: Lag | None,
        history: History | None,
        progress: Progress | None,
    ) -> Estate:
        if vms < 0:
            raise InventoryError("InvalidParameter", f"an estate cannot have {vms} virtual machines")
        store.create_tables()
        now = clock.ticks()
        tenant = generate(store, vms, seed, now, progress=progress)
        store.set_state(facts(clock, seed, vms, tenant))
        estate = cls(store, clock, lag, history)
        with estate._feed.recording_later():
            set_in_motion(estate._control, vms, seed, now)
        estate.refresh()
        return estate

    # what readers need

    def schemas(self, perspective: Perspective = Perspective.INDEX) -> list[pa.Schema]:
        """What can be asked: one schema per physical table, and one without source for each table that is empty.

        From another perspective than the index a reader must set the variable `looked_at` on its cursor to a time in ticks,
        and `looked_until` to the end of what it looks at `DURING`.
        """
        return self._perspectives.schemas(perspective)

    def schema_version(self, perspective: Perspective = Perspective.INDEX) -> object:
        """Equal as long as `schemas()` says the same: more tables show once there are documents of other types."""
        return self._perspectives.version(perspective)

    def cursor(self, tables: Collection[str] | None = None) -> duckdb.DuckDBPyConnection:
        """A connection for one reader; take one per query, and close it. `tables` as in `prepare`; None: all of them."""
        self.prepare(_RECORDED if tables is None else tables)
        return self._store.cursor()

    def prepare(self, tables: Collection[str]) -> None:
        """See to it that some logical tables can be read: those of change records and health are filled when they are
        first asked for, with what they would have held before."""
        if not _RECORDED.isdisjoint(tables):
            self._feed.settle()

    def refresh(self) -> int:
        """Let the changes that are due into the index, atomically; returns how many rows changed.

        Where the estate lives, what happened since the last time happens first.
        """
        for process in self.processes:
            process.carry_on()
        self._passing.until(self.clock.ticks())
        return self._feed.refresh()

    def is_refreshed(self) -> bool:
        """Whether a refresh would find nothing to do. Never waits, so it may be asked where nothing may wait."""
        now = self.clock.ticks()
        idle = all(process.idle() for process in self.processes)
        return idle and not self._passing.is_over(now) and not self._feed.is_due(now)

    def full_scan(self) -> int:
        """Let the index look at everything now: it equals the truth afterwards. Returns how many rows changed.

        The service does so every 30 hours or so, and heals what it never heard of; so does the estate by itself.
        """
        return self._feed.full_scan()

    def ages(self, tables: Collection[str]) -> list[Age]:
        """How far the index is behind with the types of resources in some logical tables."""
        self.prepare(tables)
        return self._feed.ages(tables)

    def time_in_history(self, moment: datetime) -> int:
        """A past time in ticks. Raises InventoryError where the history does not reach that far, or not yet."""
        ticks, now = to_ticks(moment), self.clock.ticks()
        if self._past.begins <= ticks <= now:
            return ticks
        if not self._past.history.kept:
            raise InventoryError("HistoryUnavailable", "this estate is used without a history")
        first = f"{from_ticks(self._past.begins):%Y-%m-%dT%H:%M:%SZ}"
        raise InventoryError(
            "HistoryUnavailable",
            f"the history reaches from {first} to now, {from_ticks(now):%Y-%m-%dT%H:%M:%SZ}; "
            f"{moment:%Y-%m-%dT%H:%M:%SZ} is not in it",
        )

    def interval_in_history(self, start: datetime, end: datetime) -> tuple[int, int]:
        """An interval in ticks; it may end later than now. Raises InventoryError where it is empty, and as
        `time_in_history` does for its start."""
        if to_ticks(end) <= to_ticks(start):
            raise InventoryError("InvalidParameter", "an interval must end after it starts")
        return self.time_in_history(start), to_ticks(end)

    def pending(self) -> int:
        """How many changes are true but not yet in the index."""
        return self._feed.pending()

    @property
    def as_of(self) -> datetime:
        """The clock's time at the last refresh: every change due by then is in the index."""
        return from_ticks(self._feed.seen_at)

    @property
    def version(self) -> int:
        """A number that grows whenever the index changes: as long as it stays, a query gives the same rows."""
        return self._feed.version

    @property
    def lag(self) -> Lag:
        """How late the index hears of changes; may be set, for the changes to come."""
        return self._feed.lag

    @lag.setter
    def lag(self, lag: Lag) -> None:
        self._feed.lag = lag

    @property
    def control(self) -> ControlPlane:
        """The control plane: resources by id, as Azure Resource Manager has them."""
        from inventory.control.plane import ControlPlane  # who only asks does not wait for its providers to load

        with self._store.lock:
            self._feed.settle()
            if self._plane is None:
                self._plane = ControlPlane(
                    self._store, self._feed, self._control, self.tenant_id, self.seed, self._passing
                )
            return self._plane

    # what happens in the world

    def vm(self, name_or_id: str) -> VirtualMachine:
        """The machine with this name or id (case does not matter): a virtual machine or an instance of a Uniform set.

        Raises InventoryError ResourceNotFound (with the nearest names) or AmbiguousName (with the ids).
        """
        of, key, id_, name = find_machine(self._store, self._feed, name_or_id, self.clock.ticks())
        return VirtualMachine(self._store, self._feed, self._control, self.tenant_id, of, key, id_, name)

    def create_vm(
        self,
        name: str,
        resource_group: str,
        *,
        subscription: str | None = None,
        location: str | None = None,
        size: str = "Standard_D2s_v5",
        scale_set: str | None = None,
        zone: str | None = None,
        fault_domain: int | None = None,
        spot: bool = False,
        tags: dict[str, str] | None = None,
    ) -> VirtualMachine:
        """Create a machine with a network interface and a disk in an existing resource group.

        `scale_set` puts it into a Flexible scale set of that group. Raises InventoryError as Azure would refuse it.
        """
        from inventory.control.records import Records
        from inventory.creation import create_machine

        with self._feed.writing():
            id_ = create_machine(
                self.control, Records(self._store, self._feed, self.tenant_id), name, resource_group,
                subscription=subscription, location=location, size=size, scale_set=scale_set, zone=zone,
                fault_domain=fault_domain, spot=spot, tags=tags,
            )  # fmt: skip
        return self.vm(id_)

    def churn(self, fraction: float = 0.01, action: str | None = None) -> int:
        """Let something happen to a drawn share of all virtual machines at once; returns to how many.

        `action` is start, power_off, deallocate, restart or delete; None deallocates those that run and starts
        others. Machines with an operation under way are left alone.
        """
        if not 0 <= fraction <= 1:
            raise InventoryError("InvalidParameter", f"a fraction lies between 0 and 1, {fraction} does not")
        now = self.clock.ticks()
        row = self._store.cursor().execute(f"SELECT count(*) FROM {VIRTUAL_MACHINES.source}").fetchone()
        wanted = round(fraction * (0 if row is None else row[0]))
        done = 0
        for operation in ["start", "deallocate"] if action is None else [action]:
            most = wanted // 4 if action is None and operation == "start" else wanted - done
            done += self._control.operate_on_many(VIRTUAL_MACHINES, operation, now, most)
        return done

    def live(self, rate: float = 0.001) -> None:
        """Let things happen by themselves from now on, as the clock goes: deployments, scale-outs, evictions, nightly
        deallocation, crashes, deletions. `rate` is the share of machines concerned in a minute; 0 ends it.

        They happen when the estate is next refreshed or asked, minute by minute, at most a day at once.
        """
        self._passing.live(rate)

    def fail(
        self, code: str, *, on: str = "", during: str | tuple[str, ...] = (), times: int = 1, message: str | None = None
    ) -> None:
        """Let the next operations fail with one of Azure's errors: see `ControlPlane.fail`."""
        self.control.fail(code, on=on, during=during, times=times, message=message)

    def truth_of_power_states(self) -> dict[str, str]:
        """The power state of every virtual machine as it is now, by id: what a strong read of each would say."""
        truth = self._feed.truth(VIRTUAL_MACHINES, self.clock.ticks())
        with self._store.lock:
            rows = self._store.writer.execute(f"SELECT id, power_state.code FROM {truth}").fetchall()
        return dict(rows)

    def truth(self, type_name: str) -> str:
        """SQL (a parenthesised SELECT) for all rows of a type as they truly are now, in physical columns."""
        self._feed.settle()
        for of in TABLES:
            if of.type == type_name.lower():
                return self._feed.truth(of, self.clock.ticks())
        raise InventoryError("InvalidResourceType", f"no resources of type '{type_name}' are simulated")

    def note(self, name: str, text: str) -> None:
        """Keep a text with the estate, in its file where it has one and in its snapshots; an empty one is forgotten."""
        with self._store.lock:
            self._store.set_state({f"note:{name}": text})

    def notes(self, start: str = "") -> dict[str, str]:
        """The texts that are kept whose names begin so."""
        with self._store.lock:
            kept = self._store.state(f"note:{start}")
        return {fact.removeprefix("note:"): str(text) for fact, text in kept.items() if text}

    def close(self) -> None:
        """Write the clock's time, and let go of the database."""
        with self._store.lock:
            if self._store.path is not None:
                self._feed.settle()
            self._store.set_state({"clock": self.clock.ticks()})
            if self._store.path is not None:
                self._store.checkpoint()
            self._store.close()

    def __enter__(self) -> Estate:
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()
