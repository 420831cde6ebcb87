"""The making of an estate: a seed and a number become tables. SQL does the work, a batch of machines at a time.

Knows spreads and shapes; knows nothing of changes, lags or readers. The statements lie in `generation/*.sql`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from importlib.resources import files
from typing import Any

import duckdb

from inventory import spreads
from inventory.clock import from_ticks
from inventory.control import Control
from inventory.resource_types import SCALE_SET_INSTANCES, VIRTUAL_MACHINES

BATCH = 50_000
"""Machines made at a time: what bounds the memory of generation."""

_PER_BATCH = (
    "machines",
    "virtual_machines",
    "network_interfaces",
    "disks",
    "virtual_machine_extensions",
    "public_ip_addresses",
    "snapshots",
)
_DRAFTS = ("draft_subscriptions", "draft_groups", "draft_pool_sizes", "draft_pools", "draft_machines", "draft_instances")

Progress = Callable[[int, int], None]
"""Called with (machines made, machines asked for)."""


def generate(
    writer: duckdb.DuckDBPyConnection,
    vms: int,
    seed: int,
    start_ticks: int,
    *,
    progress: Progress | None = None,
    compress: Callable[[], object] = lambda: None,
) -> str:
    """Fill the empty tables of `world` with an estate of `vms` virtual machines as it is at `start_ticks`; returns the tenant."""
    tenant = tenant_id(writer, seed)
    pools = _Pools(vms)
    _set_variables(
        writer,
        seed=str(seed),
        tenant=tenant,
        start_us=int(from_ticks(start_ticks).timestamp()) * 1_000_000,
        subscriptions=len(spreads.ENVIRONMENTS) + vms // 20_000,
        environments=len(spreads.ENVIRONMENTS),
        owners=len(spreads.OWNERS),
        costs=len(spreads.COST_CENTERS),
    )
    _run(writer, "words")
    _load_spreads(writer)
    groups = pools.make(writer)
    _set_variables(writer, groups=groups)
    _run(writer, "containers")
    _run(writer, "pools")
    _run(writer, "standing")
    for batch in range(pools.batches):
        _set_variables(writer, batch=batch)
        for name in _PER_BATCH:
            _run(writer, name)
        compress()
        if progress is not None:
            progress(min(vms, (batch + 1) * BATCH), vms)
    for batch in range(pools.uniform_batches):
        _set_variables(writer, batch=batch)
        _run(writer, "scale_set_instances")
        compress()
    for table in (*_DRAFTS, *_SPREAD_TABLES):
        writer.execute(f"DROP TABLE IF EXISTS temp.{table}")
    compress()
    return tenant


SETTING_OUT = (
    # operation, percent of the machines that it suits
    ("deallocate", 3),
    ("power_off", 1),
    ("restart", 1),
    ("start", 9),
)
"""What has happened in the last moments before an estate begins, so that its index has something to catch up with."""


def set_in_motion(control: Control, seed: int, now: int) -> None:
    """Let some machines have changed in the eight seconds before `now`: of most of it the index has not heard yet."""
    for of in (VIRTUAL_MACHINES, SCALE_SET_INSTANCES):
        for ordinal, (operation, percent) in enumerate(SETTING_OUT):
            draw = f"md5_number_lower(concat('{seed}:motion:{ordinal}:', _key))"
            chosen = f"({draw} & 65535) * 100 < {percent} * 65536"
            accepted = f"{now} - (({draw} >> 16) & 65535)::BIGINT * 80000000 // 65536"
            control.operate_on_many(of, operation, now, where=chosen, accepted=accepted)


def tenant_id(connection: duckdb.DuckDBPyConnection, seed: int) -> str:
    """The tenant of a seed's estate."""
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
        """Fill `draft_pool_sizes`; the number of resource groups that these pools need."""
        shares, upto = [], 0
        for kind, share in spreads.POOL_SHARES:
            upto += share
            shares.append(f"WHEN pick(draw('kind', pool), 0, 100) < {upto} THEN '{kind}'")
        kinds = f"CASE WHEN pool = 0 THEN 'flexible' {' '.join(shares)} END"
        count = self._cut(writer, "draft_pool_sizes", kinds, self.vms, first=0)
        self._cut(writer, "draft_uniform", "'uniform'", self.uniform, first=count)
        writer.execute("INSERT INTO draft_pool_sizes FROM draft_uniform")
        writer.execute("DROP TABLE draft_uniform")
        return max(2, -(-count // 3))

    def _cut(self, writer: duckdb.DuckDBPyConnection, table: str, kind: str, machines: int, first: int) -> int:
        """Draw pools until they hold `machines`; the last one is cut short. Returns how many there are."""
        sizes = " ".join(f"WHEN '{name}' THEN {list(drawn)}" for name, drawn in spreads.POOL_SIZES.items())
        limits = " ".join(f"WHEN '{name}' THEN {limit}" for name, limit in spreads.POOL_LIMITS.items())
        candidates = 64 + machines // (3 * self.scale)
        while True:
            writer.execute(f"""
                CREATE OR REPLACE TEMP TABLE {table} AS
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


_SPREAD_TABLES = (
    "regions", "sizes", "images", "applications", "environments", "owners", "costs", "management_groups",
    "inbound_rules",
)  # fmt: skip


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
        f"CREATE OR REPLACE TEMP TABLE {table} AS SELECT * FROM (VALUES {', '.join(places)}) t({', '.join(names)})",
        [row[name] for row in found for name in names],
    )
