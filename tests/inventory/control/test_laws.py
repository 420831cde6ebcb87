"""Laws that hold whatever is done: over random operations of one scale set and moves of the clock."""

from __future__ import annotations

from collections import Counter

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from inventory import Lag
from tests.inventory.control.conftest import Yard


class AScaleSet(RuleBasedStateMachine):
    """One Flexible set with two fault domains, scaled, joined and left, in an estate with a lag."""

    @initialize()
    def begin(self) -> None:
        self.yard = Yard()
        self.yard.estate.lag = Lag(30)
        self.set = self.yard.scale_set(capacity=2, platformFaultDomainCount=2)

    @rule(capacity=st.sampled_from([0, 1, 3, 4, 1001]))
    def scale(self, capacity: int) -> None:
        self.yard.attempt("patch", self.set, {"sku": {"capacity": capacity}})

    @rule(domain=st.sampled_from([None, 5]))
    def join(self, domain: int | None) -> None:
        more = {} if domain is None else {"platformFaultDomain": domain}
        id_ = self.yard.id("Microsoft.Compute/virtualMachines", self.yard.name())
        self.yard.attempt("put", id_, self.yard.machine(virtualMachineScaleSet={"id": self.set}, **more))

    @rule(action=st.sampled_from(["start", "deallocate", "restart", "nonsense"]), which=st.integers(0, 3))
    def act(self, action: str, which: int) -> None:
        members = self.yard.members(self.set)
        if members:
            self.yard.attempt("act", members[which % len(members)]["id"], action)

    @rule()
    def delete_the_set(self) -> None:
        if self.yard.members(self.set):
            self.yard.attempt("delete", self.set)

    @rule(seconds=st.sampled_from([1, 15, 90]))
    def wait(self, seconds: int) -> None:
        self.yard.pass_time(seconds)

    @precondition(lambda self: hasattr(self, "set"))
    @invariant()
    def members_are_spread_evenly_and_within_the_limit(self) -> None:
        estate = self.yard.estate
        columns = 'properties."platformFaultDomain", properties."provisioningState"'
        with estate._store.lock:
            rows = estate._store.writer.execute(
                f"SELECT {columns} FROM {estate.truth('microsoft.compute/virtualmachines')} WHERE _set_key IS NOT NULL"
            ).fetchall()
        assert len(rows) <= 1000
        spread = Counter(domain for domain, state in rows if state != "Deleting")
        assert abs(spread.get(0, 0) - spread.get(1, 0)) <= 1

    def teardown(self) -> None:
        if not hasattr(self, "set"):
            return
        yard = self.yard
        yard.pass_time(1000)
        for table, kind in (("virtual_machines", "microsoft.compute/virtualmachines"), ("disks", "microsoft.compute/disks"),
                            ("scale_sets", "microsoft.compute/virtualmachinescalesets")):  # fmt: skip
            cursor = yard.estate.cursor()
            index = cursor.execute(f"SELECT id, properties::VARCHAR FROM world.{table} ORDER BY id").fetchall()
            with yard.estate._store.lock:
                truth = yard.estate._store.writer.execute(
                    f"SELECT id, properties::VARCHAR FROM {yard.estate.truth(kind)} ORDER BY id"
                ).fetchall()
            assert index == truth, "the index equals the truth once all lags have passed"
            ids = [each[0].lower() for each in index]
            assert len(set(ids)) == len(ids), "no id is there twice"
        capacity = yard.control.get(self.set)["sku"]["capacity"]
        assert capacity == len(yard.members(self.set))
        yard.estate.close()


AScaleSet.TestCase.settings = settings(
    max_examples=2, stateful_step_count=5, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
test_laws_of_a_scale_set = AScaleSet.TestCase
