"""The same seed makes the same estate, and what it makes hangs together as Azure would have it."""

from __future__ import annotations

import hashlib

import pytest

from inventory import Estate, InventoryError, Lag, generate
from inventory.resource_types import FEATURES, RESOURCE_TYPES, SCALE_SET_INSTANCES, VIRTUAL_MACHINES


def fingerprint(estate: Estate, *, by_key: bool = False) -> str:
    """All rows of all tables in the order in which they lie there (or of their keys), and all that is on its way."""
    found = hashlib.sha256()
    cursor = estate.cursor()
    for of in RESOURCE_TYPES:
        for table in [of.source, of.feed] + ([of.slow_feed] if of.slow else []):
            order = "ORDER BY _seq" if table != of.source else "ORDER BY _key" if by_key else ""
            for row in cursor.execute(f"SELECT t::VARCHAR FROM {table} t {order}").fetchall():
                found.update(row[0].encode())
    return found.hexdigest()


def test_same_seed_same_bytes_whatever_the_threads() -> None:
    prints = set()
    for threads in (1, 2, 4):
        with Estate.simulated(300, 7, threads=threads) as estate:
            prints.add(fingerprint(estate))
    assert len(prints) == 1
    with Estate.simulated(300, 8) as estate:
        assert fingerprint(estate) not in prints


def test_the_size_of_a_batch_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    with Estate.simulated(300, 7) as estate:
        expected = fingerprint(estate, by_key=True)
    monkeypatch.setattr(generate, "BATCH", 60)
    with Estate.simulated(300, 7) as estate:
        assert fingerprint(estate, by_key=True) == expected


def test_how_many_are_set_in_motion_at_once_changes_nothing_but_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    def moved() -> list[tuple[object, ...]]:
        with Estate.simulated(300, 7, lag=Lag(3600)) as estate:
            each = "SELECT _key, _true_at, power_state.code FROM {} ORDER BY ALL"
            cursor = estate.cursor()
            types = (VIRTUAL_MACHINES, SCALE_SET_INSTANCES)
            return [row for of in types for row in cursor.execute(each.format(of.feed)).fetchall()]

    expected = moved()
    monkeypatch.setattr(generate, "MOVED_AT_ONCE", 40)
    assert expected
    assert moved() == expected


def test_same_operations_same_lags() -> None:
    def story() -> list[tuple[int, str]]:
        with Estate.simulated(60, 3) as estate:
            estate.churn(0.1)
            told = []
            for _ in range(6):
                estate.clock.advance(14)  # type: ignore[attr-defined]
                told.append((estate.refresh(), fingerprint(estate)))
            return told

    assert story() == story()


@pytest.mark.parametrize("vms", [0, 1, 2, 17, 999, 31_000])
def test_exactly_as_many_machines_as_asked_for(vms: int) -> None:
    with Estate.simulated(vms, 5) as estate:
        count = estate.cursor().execute("SELECT count(*), count(DISTINCT lower(id)) FROM world.virtual_machines")
        assert count.fetchone() == (vms, vms)


def test_a_negative_number_of_machines_is_refused() -> None:
    with pytest.raises(InventoryError, match="InvalidParameter"):
        Estate.simulated(-1)


@pytest.mark.parametrize("of", [of for of in RESOURCE_TYPES if of is not FEATURES], ids=lambda of: of.physical)
def test_ids_and_keys_are_unique_and_well_formed(settled: Estate, of) -> None:  # type: ignore[no-untyped-def]
    cursor = settled.cursor()
    rows = cursor.execute(
        f"SELECT count(*), count(DISTINCT lower(id)), count(DISTINCT _key) FROM {of.source}"
    ).fetchone()
    assert rows is not None and rows[0] == rows[1] == rows[2] > 0
    provider = of.name.split("/")
    pattern = "/" + provider[1] + "/[^/]+" + "".join(f"/{part}/[^/]+" for part in provider[2:]) + "$"
    if of.table != "ResourceContainers":
        pattern = "^/subscriptions/[0-9a-f-]{36}/resourceGroups/[^/]+/providers/" + provider[0] + pattern
        bad = cursor.execute(f"SELECT id FROM {of.source} WHERE NOT regexp_matches(id, '{pattern}')").fetchall()
        assert bad == []
        wrong = cursor.execute(
            f"SELECT id FROM {of.source} WHERE \"resourceGroup\" <> lower(split_part(id, '/', 5)) "
            f"OR \"subscriptionId\" <> split_part(id, '/', 3) OR location <> lower(location)"
        ).fetchall()
        assert wrong == []


REFERENCES = {
    # what is referred to -> where it must be
    "machine to set": ("SELECT properties.\"virtualMachineScaleSet\".id FROM world.virtual_machines", "scale_sets"),
    "machine to availability set": ("SELECT properties.\"availabilitySet\".id FROM world.virtual_machines", "availability_sets"),
    "machine to interface": (
        "SELECT unnest(properties.\"networkProfile\".\"networkInterfaces\").id FROM world.virtual_machines",
        "network_interfaces",
    ),
    "machine to system disk": (
        "SELECT properties.\"storageProfile\".\"osDisk\".\"managedDisk\".id FROM world.virtual_machines", "disks"),
    "machine to data disk": (
        "SELECT unnest(properties.\"storageProfile\".\"dataDisks\").\"managedDisk\".id FROM world.virtual_machines", "disks"),
    "interface to machine": ("SELECT properties.\"virtualMachine\".id FROM world.network_interfaces", "virtual_machines"),
    "interface to address": (
        "SELECT properties.\"ipConfigurations\"[1].properties.\"publicIPAddress\".id FROM world.network_interfaces",
        "public_ip_addresses",
    ),
    "interface to security group": (
        "SELECT properties.\"networkSecurityGroup\".id FROM world.network_interfaces", "network_security_groups"),
    "disk to machine": ("SELECT nullif(\"managedBy\", '') FROM world.disks", "virtual_machines"),
    "extension to machine": (
        "SELECT regexp_replace(id, '/extensions/.*', '') FROM world.virtual_machine_extensions", "virtual_machines"),
    "snapshot to disk": ("SELECT properties.\"creationData\".\"sourceResourceId\" FROM world.snapshots", "disks"),
    "set to machine": (
        "SELECT unnest(properties.\"virtualMachines\").id FROM world.availability_sets", "virtual_machines"),
    "instance to set": (
        "SELECT regexp_replace(id, '/virtualMachines/.*', '') FROM world.scale_set_instances", "scale_sets"),
    "instance interface to instance": (
        "SELECT properties.\"virtualMachine\".id FROM world.scale_set_instance_nics", "scale_set_instances"),
    "peering to network": (
        "SELECT unnest(properties.\"virtualNetworkPeerings\").properties.\"remoteVirtualNetwork\".id FROM world.virtual_networks",
        "virtual_networks",
    ),
    "resource to group": (
        "SELECT regexp_extract(id, '^(/subscriptions/[^/]+/resourceGroups/[^/]+)', 1) FROM world.virtual_machines",
        "resource_groups",
    ),
    "group to subscription": (
        "SELECT regexp_extract(id, '^(/subscriptions/[^/]+)', 1) FROM world.resource_groups", "subscriptions"),
}  # fmt: skip


@pytest.mark.parametrize("link", REFERENCES)
def test_what_is_referred_to_exists(settled: Estate, link: str) -> None:
    refer, table = REFERENCES[link]
    cursor = settled.cursor()
    total = cursor.execute(f"SELECT count(ref) FROM ({refer}) t(ref)").fetchone()
    assert total is not None and total[0] > 0
    # Azure's own references differ in case from the ids that they mean
    lost = cursor.execute(
        f"SELECT ref FROM ({refer}) t(ref) WHERE ref IS NOT NULL AND lower(ref) NOT IN (SELECT lower(id) FROM world.{table})"
    ).fetchall()
    assert lost == []


def test_subnets_exist(settled: Estate) -> None:
    lost = settled.cursor().execute("""
        SELECT properties."ipConfigurations"[1].properties.subnet.id AS ref FROM world.network_interfaces
        WHERE ref NOT IN (SELECT unnest(properties.subnets).id FROM world.virtual_networks)
    """)
    assert lost.fetchall() == []


def test_private_addresses_are_unique_within_a_network(settled: Estate) -> None:
    twice = settled.cursor().execute("""
        SELECT split_part(properties."ipConfigurations"[1].properties.subnet.id, '/subnets/', 1),
          properties."ipConfigurations"[1].properties."privateIPAddress" AS address, count(*)
        FROM world.network_interfaces GROUP BY ALL HAVING count(*) > 1
    """)
    assert twice.fetchall() == []


def test_members_are_where_their_set_is_and_fit_in_it(settled: Estate) -> None:
    wrong = settled.cursor().execute("""
        SELECT v.id FROM world.virtual_machines v
        JOIN world.scale_sets s ON s.id = v.properties."virtualMachineScaleSet".id
        WHERE s.properties."orchestrationMode" <> 'Flexible' OR s.location <> v.location
          OR s."resourceGroup" <> v."resourceGroup" OR s."subscriptionId" <> v."subscriptionId"
          OR (s.zones IS NULL) <> (v.zones IS NULL) OR NOT list_has_all(coalesce(s.zones, []), coalesce(v.zones, []))
          OR (s.zones IS NOT NULL AND s.properties."platformFaultDomainCount" <> 1)
    """)
    assert wrong.fetchall() == []


def test_flexible_sets_spread_evenly_over_their_fault_domains(settled: Estate) -> None:
    uneven = settled.cursor().execute("""
        WITH spread AS (
          SELECT s.id, s.properties."platformFaultDomainCount" AS domains, s.sku.capacity AS capacity,
            v.properties."platformFaultDomain" AS domain, count(*) AS members
          FROM world.scale_sets s JOIN world.virtual_machines v ON s.id = v.properties."virtualMachineScaleSet".id
          WHERE s.zones IS NULL GROUP BY ALL)
        SELECT id FROM spread GROUP BY id, domains, capacity
        HAVING max(members) - (CASE WHEN count(*) = domains THEN min(members) ELSE 0 END) > 1 OR domains NOT BETWEEN 1 AND 3
          OR max(domain) >= domains OR sum(members) <> coalesce(capacity, sum(members)) OR sum(members) > 1000
    """)
    assert uneven.fetchall() == []
    counts = settled.cursor().execute(
        'SELECT DISTINCT properties."platformFaultDomainCount" FROM world.scale_sets WHERE properties."orchestrationMode" = \'Flexible\''
    )
    assert {row[0] for row in counts.fetchall()} == {1, 2, 3}


def test_large_estates_keep_the_limits() -> None:
    with Estate.simulated(60_000, 7, lag=Lag.none()) as estate:
        largest = (
            estate.cursor()
            .execute("""
            SELECT max(n) FROM (SELECT count(*) AS n FROM world.virtual_machines
              WHERE properties."virtualMachineScaleSet".id IS NOT NULL GROUP BY properties."virtualMachineScaleSet".id)
        """)
            .fetchone()
        )
        assert largest is not None and 200 < largest[0] <= 1000
        groups = estate.cursor().execute(
            'SELECT max(n) FROM (SELECT count(*) AS n FROM world.resource_groups GROUP BY "subscriptionId")'
        )
        assert groups.fetchall()[0][0] <= 980


SPREADS = {
    # what occurs, and the least and the most of it among 1,000 machines
    "running": ("power_state.code = 'PowerState/running'", 700, 930),
    "deallocated": ("power_state.code = 'PowerState/deallocated'", 40, 250),
    "stopped": ("power_state.code = 'PowerState/stopped'", 15, 100),
    "in a set": ("properties.\"virtualMachineScaleSet\" IS NOT NULL", 450, 850),
    "in an availability set": ("properties.\"availabilitySet\" IS NOT NULL", 20, 200),
    "in a demo set": ("contains(lower(properties.\"virtualMachineScaleSet\".id), 'demo')", 20, 500),
    "Windows": ("properties.\"storageProfile\".\"osDisk\".\"osType\" = 'Windows'", 150, 600),
    "Spot": ("properties.priority = 'Spot'", 5, 250),
    "licensed": ("properties.\"licenseType\" IS NOT NULL", 30, 500),
    "zonal": ("zones IS NOT NULL", 150, 800),
    "untagged": ("tags = '{}'", 20, 400),
    "with data disks": ("len(properties.\"storageProfile\".\"dataDisks\") > 0", 120, 600),
    "running without an agent": ("power_state.code = 'PowerState/running' AND os_name IS NULL", 5, 80),
    "named in capitals": ("name = upper(name)", 1, 150),
}  # fmt: skip


@pytest.mark.parametrize("what", SPREADS)
def test_spreads_are_plausible(settled: Estate, what: str) -> None:
    condition, least, most = SPREADS[what]
    row = settled.cursor().execute(f"SELECT count(*) FROM world.virtual_machines WHERE {condition}").fetchone()
    assert row is not None and least <= row[0] <= most


def test_only_running_machines_report_and_disks_follow_their_machine(settled: Estate) -> None:
    cursor = settled.cursor()
    quiet = "power_state.code IN ('PowerState/stopped', 'PowerState/deallocated') AND (os_name IS NOT NULL OR computer_name IS NOT NULL)"
    assert cursor.execute(f"SELECT id FROM world.virtual_machines WHERE {quiet}").fetchall() == []
    wrong = cursor.execute("""
        SELECT d.id FROM world.disks d LEFT JOIN world.virtual_machines v ON v.id = d."managedBy"
        WHERE d.properties."diskState" <> CASE WHEN v.id IS NULL THEN 'Unattached'
          WHEN v.power_state.code = 'PowerState/deallocated' THEN 'Reserved' ELSE 'Attached' END
    """)
    assert wrong.fetchall() == []
    orphans = cursor.execute("SELECT count(*) FROM world.disks WHERE \"managedBy\" = ''").fetchone()
    assert orphans is not None and orphans[0] > 0


def test_the_tables_that_the_project_names_are_there(settled: Estate) -> None:
    cursor = settled.cursor()
    machines, instances, views = (
        cursor.execute(f"SELECT count(*) FROM world.{table}").fetchall()[0][0]
        for table in ("virtual_machines", "scale_set_instances", "instance_views")
    )
    assert (machines, instances, views) == (1000, 150, 1150)
