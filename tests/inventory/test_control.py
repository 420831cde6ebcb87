"""Operations on machines: what Azure allows, what it answers, and what becomes of disks, interfaces and sets."""

from __future__ import annotations

import pytest

from inventory import Estate, History, InventoryError, Lag, VirtualMachine
from tests.inventory.test_lag import advance


@pytest.fixture
def estate() -> Estate:
    made = Estate.simulated(200, 7, lag=Lag.none(), history=History.none())
    advance(made, 100)
    made.refresh()
    return made


def one(estate: Estate, condition: str) -> VirtualMachine:
    row = estate.cursor().execute(f"SELECT id FROM world.virtual_machines WHERE {condition} ORDER BY id LIMIT 1").fetchone()
    assert row is not None, condition
    return estate.vm(row[0])


RUNNING = "power_state.code = 'PowerState/running'"


def state(machine: VirtualMachine) -> str:
    code: str = machine.truth()["properties"]["extended"]["instanceView"]["powerState"]["code"]
    return code.removeprefix("PowerState/")


def count(estate: Estate, table: str, condition: str) -> int:
    estate.refresh()
    row = estate.cursor().execute(f"SELECT count(*) FROM world.{table} WHERE {condition}").fetchone()
    assert row is not None
    return int(row[0])


def test_a_machine_goes_through_its_states(estate: Estate) -> None:
    machine = one(estate, RUNNING)
    seen = []
    for operation, waits in [("deallocate", 45), ("start", 35), ("power_off", 20), ("deallocate", 45), ("start", 35), ("restart", 25)]:
        getattr(machine, operation)()
        during = machine.truth()["properties"]["provisioningState"]
        seen.append((state(machine), during))
        advance(estate, waits)
        seen.append((state(machine), machine.truth()["properties"]["provisioningState"]))
    assert seen == [
        ("deallocating", "Updating"), ("deallocated", "Succeeded"), ("starting", "Updating"), ("running", "Succeeded"),
        ("stopping", "Updating"), ("stopped", "Succeeded"), ("deallocating", "Updating"), ("deallocated", "Succeeded"),
        ("starting", "Updating"), ("running", "Succeeded"), ("starting", "Updating"), ("running", "Succeeded"),
    ]  # fmt: skip


REFUSALS = [
    ("deallocate", "power_off", "OperationNotAllowed", "deallocated"),
    ("deallocate", "restart", "OperationNotAllowed", "deallocated"),
    ("power_off", "restart", "OperationNotAllowed", "stopped"),
]


@pytest.mark.parametrize(("first", "then", "code", "says"), REFUSALS)
def test_what_is_not_allowed(estate: Estate, first: str, then: str, code: str, says: str) -> None:
    machine = one(estate, RUNNING)
    getattr(machine, first)()
    advance(estate, 60)
    with pytest.raises(InventoryError) as caught:
        getattr(machine, then)()
    assert caught.value.code == code and says in caught.value.message and machine.name in caught.value.message


def test_what_is_so_already_is_no_error_and_no_change(estate: Estate) -> None:
    machine = one(estate, RUNNING)
    before = estate._feed.last_number
    machine.start().start()
    assert estate._feed.last_number == before


def test_one_operation_at_a_time_but_deletion_overrides(estate: Estate) -> None:
    machine = one(estate, RUNNING).deallocate()
    with pytest.raises(InventoryError, match="Conflict"):
        machine.start()
    machine.delete()
    with pytest.raises(InventoryError, match="marked for deletion"):
        machine.start()
    assert machine.truth()["properties"]["provisioningState"] == "Deleting"
    advance(estate, 100)
    estate.refresh()
    assert machine.visible() is None
    with pytest.raises(InventoryError, match="ResourceNotFound"):
        machine.truth()
    with pytest.raises(InventoryError, match="no longer exists"):
        machine.start()


def test_an_operation_on_an_instance_of_a_uniform_set(estate: Estate) -> None:
    row = estate.cursor().execute(f"SELECT id FROM world.scale_set_instances WHERE {RUNNING} LIMIT 1").fetchone()
    assert row is not None
    machine = estate.vm(row[0]).deallocate()
    advance(estate, 45)
    assert state(machine) == "deallocated"
    assert machine.truth()["type"] == "microsoft.compute/virtualmachinescalesets/virtualmachines"


def test_disks_are_reserved_while_a_machine_is_deallocated(estate: Estate) -> None:
    machine = one(estate, f"{RUNNING} AND len(properties.\"storageProfile\".\"dataDisks\") > 1")
    mine = f"\"managedBy\" = '{machine.id}' AND properties.\"diskState\" ="
    total = count(estate, "disks", f"{mine} 'Attached'")
    assert total > 2
    machine.deallocate()
    assert count(estate, "disks", f"{mine} 'Reserved'") == 0
    advance(estate, 45)
    assert count(estate, "disks", f"{mine} 'Reserved'") == total
    machine.start()
    assert count(estate, "disks", f"{mine} 'Attached'") == total


@pytest.mark.parametrize("goes", [True, False])
def test_deletion_takes_along_what_the_delete_options_say(estate: Estate, goes: bool) -> None:
    option = "Delete" if goes else "Detach"
    machine = one(estate, f"properties.\"storageProfile\".\"osDisk\".\"deleteOption\" = '{option}' AND len(properties.\"storageProfile\".\"dataDisks\") > 0")
    properties = machine.truth()["properties"]
    disk = properties["storageProfile"]["osDisk"]["managedDisk"]["id"]
    data_disk = properties["storageProfile"]["dataDisks"][0]["managedDisk"]["id"]
    nic = properties["networkProfile"]["networkInterfaces"][0]["id"]
    machine.delete()
    advance(estate, 20)
    loose = "\"managedBy\" = '' AND properties.\"diskState\" = 'Unattached' AND _vm_key IS NULL"
    assert count(estate, "disks", f"id = '{disk}'") == (0 if goes else 1)
    assert count(estate, "disks", f"id = '{disk}' AND {loose}") == (0 if goes else 1)
    assert count(estate, "disks", f"id = '{data_disk}' AND {loose}") == 1  # data disks are always kept
    assert count(estate, "network_interfaces", f"id = '{nic}'") == (0 if goes else 1)
    assert count(estate, "network_interfaces", f"id = '{nic}' AND properties.\"virtualMachine\" IS NULL") == (0 if goes else 1)
    assert count(estate, "virtual_machine_extensions", f"starts_with(id, '{machine.id}/')") == 0


def test_a_set_knows_how_many_machines_it_has(estate: Estate) -> None:
    set_id, key, capacity = estate.cursor().execute(
        "SELECT id, _key, sku.capacity FROM world.scale_sets WHERE sku IS NOT NULL AND properties.\"orchestrationMode\" = 'Flexible' ORDER BY _key LIMIT 1"
    ).fetchall()[0]  # fmt: skip
    group = set_id.split("/")[4]
    new = estate.create_vm("joins-01", group, scale_set=set_id)
    mine = f"_key = {key} AND sku.capacity ="
    assert count(estate, "scale_sets", f"{mine} {capacity + 1}") == 1
    one(estate, f"_set_key = {key}").delete()
    advance(estate, 100)
    assert count(estate, "scale_sets", f"{mine} {capacity}") == 1
    new.delete()
    advance(estate, 100)
    assert count(estate, "scale_sets", f"{mine} {capacity - 1}") == 1


def test_a_created_machine_comes_up_and_is_found(estate: Estate) -> None:
    group = estate.cursor().execute("SELECT name, location FROM world.resource_groups ORDER BY id LIMIT 1").fetchall()[0]
    machine = estate.create_vm("Brand-New", group[0].upper(), tags={"env": "prod", 'q"uote': "ü"}, spot=True)
    assert state(machine) == "creating"
    shown = machine.visible()
    assert shown is None
    estate.refresh()
    advance(estate, 21)
    assert state(machine) == "starting"
    advance(estate, 25)
    estate.refresh()
    row = estate.vm("bRAND-nEW").visible()
    assert row is not None
    assert row["properties"]["extended"]["instanceView"]["osName"] == "ubuntu"
    assert row["tags"] == {"env": "prod", 'q"uote': "ü"}
    assert row["properties"]["priority"] == "Spot" and row["location"] == group[1]
    assert count(estate, "network_interfaces", f"properties.\"virtualMachine\".id = '{machine.id}'") == 1
    assert count(estate, "disks", f"\"managedBy\" = '{machine.id}'") == 1
    with pytest.raises(InventoryError, match="Conflict"):
        estate.create_vm("brand-new", group[0])


def test_new_members_go_where_the_fewest_are(estate: Estate) -> None:
    rows = estate.cursor().execute("""
        SELECT s.id FROM world.scale_sets s WHERE properties."orchestrationMode" = 'Flexible'
          AND properties."platformFaultDomainCount" > 1 AND zones IS NULL ORDER BY _key LIMIT 1
    """).fetchall()
    set_id = rows[0][0]
    for number in range(5):
        estate.create_vm(f"spread-{number}", set_id.split("/")[4], scale_set=set_id.rsplit("/", 1)[-1])
    advance(estate, 100)
    estate.refresh()
    spread = estate.cursor().execute(
        f"SELECT count(*) FROM world.virtual_machines WHERE properties.\"virtualMachineScaleSet\".id = '{set_id}' "
        'GROUP BY properties."platformFaultDomain"'
    ).fetchall()  # fmt: skip
    assert max(spread)[0] - min(spread)[0] <= 1


def test_refused_creations(estate: Estate) -> None:
    cursor = estate.cursor()
    group = cursor.execute("SELECT name FROM world.resource_groups ORDER BY id LIMIT 1").fetchall()[0][0]
    uniform = cursor.execute("SELECT id FROM world.scale_sets WHERE properties.\"orchestrationMode\" = 'Uniform' ORDER BY id LIMIT 1").fetchall()[0][0]
    flexible = cursor.execute("SELECT id, location FROM world.scale_sets WHERE properties.\"orchestrationMode\" = 'Flexible' AND zones IS NULL ORDER BY id LIMIT 1").fetchall()[0]
    zone_code = "AvailabilityZoneNotSupported" if flexible[1] in ("westus", "northcentralus", "ukwest") else "InvalidAvailabilityZone"
    elsewhere = "westus" if flexible[1] != "westus" else "eastus"
    for name, where, given, code, says in [
        ("x", "no-such-group", {}, "ResourceGroupNotFound", "no-such-group"),
        ("-bad", group, {}, "InvalidParameter", "letters"),
        ("x" * 65, group, {}, "InvalidParameter", "64"),
        ("x", group, {"scale_set": "nowhere"}, "InvalidParameter", "does not exist"),
        ("x", uniform.split("/")[4], {"scale_set": uniform}, "OperationNotAllowed", "'Flexible'"),
        ("x", flexible[0].split("/")[4], {"scale_set": flexible[0], "location": elsewhere}, "InvalidParameter", "region"),
        ("x", flexible[0].split("/")[4], {"scale_set": flexible[0], "fault_domain": 7}, "InvalidParameter", "fall in the range 0 to"),
        ("x", flexible[0].split("/")[4], {"scale_set": flexible[0], "zone": "4"}, zone_code, "zone"),
    ]:  # fmt: skip
        with pytest.raises(InventoryError) as caught:
            estate.create_vm(name, where, **given)  # type: ignore[arg-type]
        assert caught.value.code == code and says.lower() in caught.value.message.lower()
    assert estate.pending() == 0


def test_names_are_found_whatever_their_case_and_misses_are_helped(estate: Estate) -> None:
    machine = one(estate, RUNNING)
    assert estate.vm(machine.id.upper()).id == machine.id
    assert estate.vm(machine.name.swapcase()).id == machine.id
    with pytest.raises(InventoryError) as caught:
        estate.vm(machine.name[:-1] + "~")
    assert caught.value.code == "ResourceNotFound" and machine.name in caught.value.message
    groups = estate.cursor().execute("SELECT name FROM world.resource_groups ORDER BY id LIMIT 2").fetchall()
    for (group,) in groups:
        estate.create_vm("twin", group)
    with pytest.raises(InventoryError) as caught:
        estate.vm("twin")
    assert caught.value.code == "AmbiguousName" and caught.value.message.count("/virtualMachines/twin") == 2


def test_bulk_and_single_operations_do_the_same() -> None:
    def fresh() -> Estate:
        made = Estate.simulated(12, 7, lag=Lag.none())
        advance(made, 100)
        made.refresh()
        return made

    with fresh() as bulk, fresh() as single:
        assert bulk.churn(1.0, "deallocate") > 5
        for (name,) in single.cursor().execute("SELECT id FROM world.virtual_machines").fetchall():
            single.vm(name).deallocate()
        for estate in (bulk, single):
            advance(estate, 45)
            estate.refresh()
        rows = [
            estate.cursor().execute(
                "SELECT id, power_state.code, properties::VARCHAR FROM world.virtual_machines UNION ALL "
                "SELECT id, '', properties::VARCHAR FROM world.disks ORDER BY id"
            ).fetchall()
            for estate in (bulk, single)
        ]  # fmt: skip
        assert rows[0] == rows[1]


def test_churn_hits_the_share_asked_for(estate: Estate) -> None:
    assert estate.churn(0.1, "deallocate") == 20
    assert estate.churn(0.0) == 0
    with pytest.raises(InventoryError, match="InvalidParameter"):
        estate.churn(1.5)
    with pytest.raises(InventoryError, match="explode"):
        estate.churn(0.1, "explode")
