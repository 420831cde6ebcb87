"""Laws of a whole estate in a file, under both profiles: random operations, ordered failures, moves of the clock, restarts."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections import Counter
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from inventory import Estate, Lag
from inventory.control.operation import Operation
from inventory.resource_types import RESOURCE_TYPES
from tests.inventory.control.conftest import Yard

EXAMPLES = int(os.environ.get("LAZULITE_EXAMPLES", "3"))
"""How many lives of an estate are tried; LAZULITE_EXAMPLES=50 for the long run."""

LONGEST_LAG = 30
CODES = ["AllocationFailed", "QuotaExceeded", "VMExtensionProvisioningError"]


class AnEstate(RuleBasedStateMachine):
    """A few machines, alone, in a Flexible set and in an availability set, beside a Uniform set."""

    @initialize(profile=st.sampled_from(["2021-preview", "current"]))
    def begin(self, profile: str) -> None:
        self.place = Path(tempfile.mkdtemp(prefix="lazulite-laws-"))
        self.yard = Yard(self.place / "estate.duckdb")
        self.yard.control.profile = profile
        if profile == "2021-preview":
            self.yard.register()
        self.yard.estate.lag = Lag(LONGEST_LAG)
        self.profile = profile
        self.flexible = self.yard.id("Microsoft.Compute/virtualMachineScaleSets", "flexible")
        self.uniform = self.yard.id("Microsoft.Compute/virtualMachineScaleSets", "uniform")
        self.available = self.yard.id("Microsoft.Compute/availabilitySets", "available")
        self.yard.control.put(self.flexible, self.yard.set("Flexible"))
        self.yard.control.put(self.uniform, self.yard.set("Uniform", capacity=1))
        self.yard.control.put(self.available, {"location": "eastus", "sku": {"name": "Aligned"}, "properties": {}})
        self.yard.pass_time(100)
        self.operations: dict[str, Operation] = {}

    def attempt(self, verb: str, *words: object) -> None:
        made = self.yard.attempt(verb, *words)
        if made is not None:
            self.operations[made.id] = made

    def machine(self, which: int) -> str:
        found = self.yard.control.list("", "Microsoft.Compute/virtualMachines")
        return (
            str(found[which % len(found)]["id"]) if found else self.yard.id("Microsoft.Compute/virtualMachines", "none")
        )

    @rule(where=st.sampled_from(["alone", "flexible", "uniform", "available"]), spot=st.booleans())
    def create(self, where: str, spot: bool) -> None:
        more: dict[str, object] = {"priority": "Spot"} if spot else {}
        if where != "alone":
            name = "availabilitySet" if where == "available" else "virtualMachineScaleSet"
            more[name] = {"id": getattr(self, where)}
        id_ = self.yard.id("Microsoft.Compute/virtualMachines", self.yard.name())
        self.attempt("put", id_, self.yard.machine(**more))

    @rule(
        action=st.sampled_from(["start", "powerOff", "deallocate", "restart", "redeploy", "simulateEviction"]),
        which=st.integers(0, 5),
    )
    def act(self, action: str, which: int) -> None:
        self.attempt("act", self.machine(which), action)

    @rule(which=st.integers(0, 5))
    def delete(self, which: int) -> None:
        self.attempt("delete", self.machine(which))

    @rule(size=st.sampled_from(["Standard_D4s_v5", "Standard_D2s_v5"]), which=st.integers(0, 5), new=st.integers(0, 2))
    def change(self, size: str, which: int, new: int) -> None:
        self.attempt("patch", self.machine(which), {"properties": {"hardwareProfile": {"vmSize": size, "new": new}}})

    @rule(capacity=st.integers(0, 3), of=st.sampled_from(["flexible", "uniform"]))
    def scale(self, capacity: int, of: str) -> None:
        self.attempt("patch", getattr(self, of), {"sku": {"capacity": capacity}})

    @rule(action=st.sampled_from(["start", "deallocate", "reimage"]), of=st.sampled_from(["flexible", "uniform"]))
    def act_on_all(self, action: str, of: str) -> None:
        self.attempt("act", getattr(self, of), action)

    @rule(code=st.sampled_from(CODES), during=st.sampled_from(["start", "create", "update"]))
    def order_a_failure(self, code: str, during: str) -> None:
        self.yard.control.fail(code, during=during)

    @rule(seconds=st.sampled_from([1, 10, 40, 400]))
    def wait(self, seconds: int) -> None:
        self.yard.pass_time(seconds)

    @precondition(lambda self: hasattr(self, "yard"))
    @rule()
    def restart(self) -> None:
        """What is known of everything is the same afterwards."""
        estate = self.yard.estate
        before = (estate.clock.now(), estate.pending(), estate.truth_of_power_states(), self.said())
        estate.close()
        self.yard.estate = estate = Estate.open(self.place / "estate.duckdb", lag=Lag(LONGEST_LAG))
        self.yard.control = estate.control
        self.operations = {id_: estate.control.operation(id_) for id_ in self.operations}
        assert before == (estate.clock.now(), estate.pending(), estate.truth_of_power_states(), self.said())
        assert estate.control.profile.name == self.profile

    def said(self) -> list[object]:
        """What is told of the operations and of the orders to fail."""
        of = self.yard.control._context.failures._ordered
        return [
            [(each.id, each.status, each.ends) for each in self.operations.values()],
            [(each.code, each.left) for each in of],
        ]

    def teardown(self) -> None:
        if not hasattr(self, "yard"):
            return
        try:
            self.laws_once_all_has_ended()
        finally:
            self.yard.estate.close()
            shutil.rmtree(self.place)

    def laws_once_all_has_ended(self) -> None:
        yard, estate = self.yard, self.yard.estate
        yard.pass_time(2000)
        assert estate.pending() == 0
        assert all(each.status != "InProgress" for each in self.operations.values())
        cursor = estate.cursor()

        def ask(sql: str) -> list[tuple[object, ...]]:
            return cursor.execute(sql).fetchall()

        for of in RESOURCE_TYPES:
            ((more,),) = ask(f"SELECT count(*) FROM {of.feed}")
            assert more == 0, f"the index has heard all of {of.name}"
            ids = [str(id_).lower() for (id_,) in ask(f"SELECT id FROM {of.source}")]
            assert len(set(ids)) == len(ids), "no id is there twice"
        rows = ask('SELECT power_state.code, properties."provisioningState", _key FROM world.virtual_machines')
        settled = {"PowerState/running", "PowerState/stopped", "PowerState/deallocated"}
        assert {state for state, _, _ in rows} <= settled and {state for _, state, _ in rows} <= {"Succeeded", "Failed"}
        power = {key: str(state) for state, _, key in rows}
        for disk, key in ask('SELECT properties."diskState", _vm_key FROM world.disks WHERE _vm_key IS NOT NULL'):
            assert disk == ("Reserved" if power[key] == "PowerState/deallocated" else "Attached")
        for (key,) in ask("SELECT _vm_key FROM world.network_interfaces WHERE _vm_key IS NOT NULL"):
            assert key in power, "no interface hangs on a machine that is no more"
        spread = Counter(domain for (domain,) in ask(
            'SELECT properties."platformFaultDomain" FROM world.virtual_machines WHERE _set_key IS NOT NULL '
            'AND properties."platformFaultDomain" IS NOT NULL'))  # fmt: skip
        assert sum(spread.values()) <= 1000
        capacity = yard.control.get(self.uniform)["sku"]["capacity"]
        assert [(capacity,)] == ask("SELECT count(*) FROM world.scale_set_instances"), "a Uniform set has what it says"


AnEstate.TestCase.settings = settings(
    max_examples=EXAMPLES,
    stateful_step_count=8,
    deadline=None,
    derandomize=EXAMPLES < 10,
    suppress_health_check=list(HealthCheck),
)
test_laws_of_an_estate = AnEstate.TestCase
