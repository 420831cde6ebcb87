"""The making of an estate: a seed and a number become tables. SQL does the work, a batch of machines at a time.

Knows spreads and shapes; knows nothing of changes, lags or readers. The statements lie in `generation/*.sql`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import asdict
from importlib.resources import files
from typing import Any

import duckdb

from inventory import spreads
from inventory.clock import from_ticks
from inventory.control.bulk import Control
from inventory.draws import bits_sql
from inventory.resource_types import SCALE_SET_INSTANCES, VIRTUAL_MACHINES
from inventory.store import Store

BATCH = 30_720
"""Machines made at a time: what bounds the memory of generation."""

_COMPRESS_EVERY = 4
"""Batches between two compressions. So many fill a row group of DuckDB, and a compression rewrites every one that is
not full: after three batches each machine would be written twice."""

_ABOUT_MACHINES = (
    "network_interfaces",
    "virtual_machines",
    "disks",
    "virtual_machine_extensions",
    "public_ip_addresses",
    "snapshots",
)
"""The statements that turn a batch of drafted machines into documents, the longest first."""

Progress = Callable[[int, int], None]
"""Called with (machines made, machines asked for)."""


def generate(store: Store, vms: int, seed: int, start_ticks: int, *, progress: Progress | None = None) -> str:
    """Fill the empty tables of a store with an estate of `vms` machines as it is at `start_ticks`; returns its tenant.

    Two connections share the work. Each table is filled by one statement at a time, so its rows stand in the same
    order however many threads there are.
    """
    writer, second = store.writer, store.cursor()
    tenant = _tenant(writer, seed)
    pools = _Pools(vms)
    writer.execute("ATTACH ':memory:' AS draft")
    _load_spreads(writer)
    for hand in (writer, second):
        _set_variables(
            hand,
            seed=str(seed),
            tenant=tenant,
            start_us=int(from_ticks(start_ticks).timestamp()) * 1_000_000,
            subscriptions=len(spreads.ENVIRONMENTS) + vms // 20_000,
            environments=len(spreads.ENVIRONMENTS),
            owners=len(spreads.OWNERS),
            costs=len(spreads.COST_CENTERS),
        )
        _run(hand, "words")
    _set_variables(writer, groups=pools.make(writer))
    for name in ("containers", "pools", "standing"):
        _run(writer, name)
    with ThreadPoolExecutor(max_workers=1) as helper:
        compressed = helper.submit(lambda: True)
        drafted = 0
        for batch in range(pools.batches):
            # compression shuts other writers out of `world`, but not out of the drafts
            while drafted <= batch or (drafted < min(batch + _COMPRESS_EVERY, pools.batches) and not compressed.done()):
                _set_variables(writer, batch=drafted)
                _run(writer, "machines")
                writer.execute(f"ALTER TABLE draft.machines RENAME TO drafted_{drafted}")
                drafted += 1
            compressed.result()
            writer.execute(f"ALTER TABLE draft.drafted_{batch} RENAME TO machines")
            _share(helper, (writer, second), _ABOUT_MACHINES)
            writer.execute("DROP TABLE draft.machines")
            # Early on there is memory for more, and the row groups of a table are compressed side by side.
            every = _COMPRESS_EVERY if batch >= pools.batches // 2 else 2 * _COMPRESS_EVERY
            if batch % every == every - 1:
                compressed = helper.submit(store.checkpoint)
            if progress is not None:
                progress(min(vms, (batch + 1) * BATCH), vms)
        for batch in range(pools.uniform_batches):
            _set_variables(writer, batch=batch)
            _run(writer, "instances")
            compressed.result()
            _share(helper, (writer, second), ("scale_set_instances", "scale_set_instance_nics"))
            writer.execute("DROP TABLE draft.instances")
        compressed.result()
    second.close()
    writer.execute("DETACH draft")
    if vms >= BATCH:  # what is smaller takes little memory, and longer to compress than to make
        store.checkpoint()
    return tenant


def _share(helper: Executor, hands: tuple[duckdb.DuckDBPyConnection, ...], names: Sequence[str]) -> None:
    """Run statements on two connections at once, each taking the next one that is left."""
    left = list(reversed(names))

    def work(hand: duckdb.DuckDBPyConnection) -> None:
        while left:
            try:
                name = left.pop()
            except IndexError:
                return
            _run(hand, name)

    other = helper.submit(work, hands[1])
    work(hands[0])
    other.result()


RECENT = {"deallocate": 3, "power_off": 1, "restart": 1, "start": 9}
"""What has happened just before an estate begins, in percent of the machines that it suits: the index has not heard
of most of it, so that it has something to catch up with."""
RECENT_SECONDS = 8

MOVED_AT_ONCE = 8 * BATCH
"""Machines among which some are set in motion at a time: whole rows of those are held meanwhile."""


def set_in_motion(control: Control, vms: int, seed: int, now: int) -> None:
    """Let some machines of a new estate of `vms` have changed in the last seconds before `now`."""
    for of, machines in ((VIRTUAL_MACHINES, vms), (SCALE_SET_INSTANCES, _Pools(vms).uniform)):
        drawn = bits_sql(f"concat('{seed}:motion:', _key)")
        for first in range(0, machines, MOVED_AT_ONCE):
            some = f"_key BETWEEN {first} AND {first + MOVED_AT_ONCE - 1}"
            control.set_in_motion(of, now, some, drawn, RECENT, RECENT_SECONDS)


def _tenant(connection: duckdb.DuckDBPyConnection, seed: int) -> str:
    connection.execute("SET VARIABLE seed = ?", [str(seed)])
    _run(connection, "words")
    row = connection.execute("SELECT guid('tenant', 0)").fetchone()
    assert row is not None
    return str(row[0])


class _Pools:
    """How many machines stand together, cut so that the estate has exactly as many as were asked for."""

    def __init__(self, vms: int) -> None:
        self.vms = vms
        self.uniform = vms * spreads.UNIFORM_SHARE // 100
        self.scale = next(scale for least, scale in spreads.SCALES if vms >= least)
        self.batches = -(-vms // BATCH)
        self.uniform_batches = -(-self.uniform // BATCH)

    def make(self, writer: duckdb.DuckDBPyConnection) -> int:
        """Fill `draft.pool_sizes`; the number of resource groups that these pools need."""
        shares, upto = [], 0
        for kind, share in spreads.POOL_SHARES:
            upto += share
            shares.append(f"WHEN pick(draw('kind', pool), 0, 100) < {upto} THEN '{kind}'")
        kinds = f"CASE WHEN pool = 0 THEN 'flexible' {' '.join(shares)} END"
        count = self._cut(writer, "draft.pool_sizes", kinds, self.vms, first=0)
        self._cut(writer, "draft.uniform", "'uniform'", self.uniform, first=count)
        writer.execute("INSERT INTO draft.pool_sizes FROM draft.uniform")
        writer.execute("DROP TABLE draft.uniform")
        return max(2, -(-count // 3))

    def _cut(self, writer: duckdb.DuckDBPyConnection, table: str, kind: str, machines: int, first: int) -> int:
        """Draw pools until they hold `machines`; the last one is cut short. Returns how many there are."""
        sizes = " ".join(f"WHEN '{name}' THEN {list(drawn)}" for name, drawn in spreads.POOL_SIZES.items())
        limits = " ".join(f"WHEN '{name}' THEN {limit}" for name, limit in spreads.POOL_LIMITS.items())
        candidates = 64 + machines // (3 * self.scale)
        while True:
            writer.execute(f"""
                CREATE OR REPLACE TABLE {table} AS
                WITH kinds AS (SELECT pool, {kind} AS kind FROM range({first}, {first + candidates}) t(pool)),
                sizes AS (SELECT pool, kind, CASE kind {sizes} END AS choice, CASE kind {limits} END AS most FROM kinds),
                wanted AS (SELECT pool, kind,
                  least(most, {self.scale} * choice[1 + pick(draw('size', pool), 1, len(choice))]) AS size FROM sizes),
                placed AS (SELECT *, (sum(size) OVER (ORDER BY pool) - size)::BIGINT AS start FROM wanted)
                SELECT pool, kind, start, least(size, {machines} - start)::BIGINT AS size, start // {BATCH} AS batch
                FROM placed WHERE start < {machines} ORDER BY pool
            """)
            row = writer.execute(f"SELECT count(*), coalesce(sum(size), 0) FROM {table}").fetchone()
            assert row is not None
            if row[1] == machines:
                return int(row[0])
            candidates *= 2


def _run(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    connection.execute((files("inventory") / "generation" / f"{name}.sql").read_text("utf-8"))


def _set_variables(connection: duckdb.DuckDBPyConnection, **values: str | int) -> None:
    for name, value in values.items():
        connection.execute(f"SET VARIABLE {name} = ?", [value])


def _load_spreads(connection: duckdb.DuckDBPyConnection) -> None:
    """The data of `spreads` as small tables; weights become half-open ranges of a 16-bit draw."""
    _load(connection, "regions", (asdict(region) for region in spreads.REGIONS))
    _load(connection, "sizes", (asdict(size) for size in spreads.SIZES))
    _load(connection, "images", (asdict(image) for image in spreads.IMAGES))
    _load(connection, "applications", ({"name": name, "weight": weight} for name, weight in spreads.APPLICATIONS))
    _load(connection, "environments", (asdict(environment) for environment in spreads.ENVIRONMENTS))
    _load(connection, "owners", ({"name": name} for name in spreads.OWNERS))
    _load(connection, "costs", ({"name": name} for name in spreads.COST_CENTERS))
    groups = ({"name": name, "title": title, "parent": parent} for name, title, parent in spreads.MANAGEMENT_GROUPS)
    _load(connection, "management_groups", groups)
    names = ("name", "port", "source", "access", "priority")
    _load(connection, "inbound_rules", (dict(zip(names, rule, strict=True)) for rule in spreads.INBOUND_RULES))


def _load(connection: duckdb.DuckDBPyConnection, table: str, rows: Iterable[dict[str, Any]]) -> None:
    found = [{"ix": ix, **row} for ix, row in enumerate(rows)]
    if "weight" in found[0]:
        total = sum(row["weight"] for row in found)
        low = 0
        for row in found:
            below = sum(other["weight"] for other in found[: row["ix"] + 1])
            row["low"], row["high"] = low, 65536 * below // total
            low = row["high"]
    names = list(found[0])
    places: Sequence[str] = [f"({', '.join('?' for _ in names)})" for _ in found]
    connection.execute(
        f"CREATE TABLE draft.{table} AS SELECT * FROM (VALUES {', '.join(places)}) t({', '.join(names)})",
        [row[name] for row in found for name in names],
    )
