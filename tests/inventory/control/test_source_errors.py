"""The four errors of the source document, byte for byte, each under exactly its cause."""

from __future__ import annotations

import pytest

from tests.inventory.control.conftest import Yard

KIND = "Microsoft.Compute/virtualMachineScaleSets"
NOT_REGISTERED = "InvalidParameter: The value 'False' of parameter 'singlePlacementGroup' is not allowed. Allowed values are: True"
FAULT_DOMAINS = "InvalidParameter: The specified fault domain count 2 must fall in the range 1 to 1."
NOT_EMPTY = (
    "OperationNotAllowed: Deletion of Virtual Machine Scale Set is not allowed as it contains one or more VMs. Please "
    "delete or detach the VM(s) before deleting the Virtual Machine Scale Set."
)
PLACEMENT = "InvalidParameter: The value 'True' of parameter 'singlePlacementGroup' is not allowed. Allowed values are: False."


def document(**properties: object) -> dict[str, object]:
    """As in the source document: the mode is not named."""
    return {"location": "eastus", "properties": {"singlePlacementGroup": False, "platformFaultDomainCount": 1, **properties}}


def test_a_subscription_that_is_not_registered_for_the_preview(fresh: Yard) -> None:
    fresh.control.profile = "2021-preview"
    id_ = fresh.id(KIND, "set")
    assert str(fresh.refused("put", id_, document())) == NOT_REGISTERED
    assert str(fresh.refused("put", id_, document(orchestrationMode="Flexible"))) == NOT_REGISTERED
    # each of the two features, their time, and the registration of the provider are needed
    features = f"{fresh.subscription}/providers/Microsoft.Features/providers/Microsoft.Compute/features"
    provider = f"{fresh.subscription}/providers/Microsoft.Compute"
    operation = fresh.control.act(f"{features}/VMOrchestratorMultiFD", "register")
    assert fresh.control.get(f"{features}/VMOrchestratorMultiFD")["properties"]["state"] == "Registering"
    assert (operation.ends_at - operation.started_at).total_seconds() <= 900
    fresh.pass_time(901)
    assert fresh.control.get(f"{features}/VMOrchestratorMultiFD")["properties"]["state"] == "Registered"
    fresh.control.act(provider, "register")
    assert str(fresh.refused("put", id_, document())) == NOT_REGISTERED
    fresh.control.act(f"{features}/VMOrchestratorSingleFD", "register")
    fresh.control.act(provider, "register")
    fresh.pass_time(901)
    assert fresh.control.get(f"{features}/VMOrchestratorSingleFD")["properties"]["state"] == "Registered"
    assert str(fresh.refused("put", id_, document())) == NOT_REGISTERED, "registered too early, before the feature was"
    fresh.control.act(provider, "register")
    made = fresh.done("put", id_, document()).result()
    assert made["properties"]["orchestrationMode"] == "Flexible"
    # a feature that is given up is no longer there
    fresh.control.act(f"{features}/VMOrchestratorSingleFD", "unregister")
    fresh.pass_time(901)
    assert str(fresh.refused("put", fresh.id(KIND, "other"), document())) == NOT_REGISTERED


def test_today_no_registration_is_needed(yard: Yard) -> None:
    yard.done("put", yard.id(KIND, yard.name()), document(orchestrationMode="Flexible"))


@pytest.mark.parametrize("profile", ["2021-preview", "current"])
def test_a_fault_domain_count_that_region_or_zone_does_not_have(profile: str, yard: Yard, preview: Yard) -> None:
    here = preview if profile == "2021-preview" else yard
    id_ = here.id(KIND, here.name())
    assert str(here.refused("put", id_, {**document(platformFaultDomainCount=2), "zones": ["1"]})) == FAULT_DOMAINS
    elsewhere = {**document(platformFaultDomainCount=3), "location": "uksouth"}
    assert str(here.refused("put", id_, elsewhere)) == FAULT_DOMAINS.replace("count 2", "count 3").replace("to 1", "to 2")
    assert here.refused("put", id_, document(platformFaultDomainCount=0)).message.endswith("0 must fall in the range 1 to 3.")
    here.done("put", id_, document(platformFaultDomainCount=3))


@pytest.mark.parametrize("profile", ["2021-preview", "current"])
def test_a_set_that_still_has_machines_is_not_deleted(profile: str, yard: Yard, preview: Yard) -> None:
    here = preview if profile == "2021-preview" else yard
    set_id = here.scale_set()
    vm = here.vm(virtualMachineScaleSet={"id": set_id})
    assert str(here.refused("delete", set_id)) == NOT_EMPTY
    here.done("delete", vm)
    here.done("delete", set_id)
    assert not here.exists(set_id)


def test_a_uniform_set_is_deleted_with_its_instances(yard: Yard) -> None:
    set_id = yard.scale_set("Uniform", 2)
    yard.done("delete", set_id)
    assert not yard.exists(f"{set_id}/virtualMachines/0") and not yard.exists(set_id)


def test_single_placement_group_true_is_nothing_for_a_flexible_set(preview: Yard, yard: Yard) -> None:
    for here in (preview, yard):
        wrong = document(singlePlacementGroup=True, orchestrationMode="Flexible")
        assert str(here.refused("put", here.id(KIND, here.name()), wrong)) == PLACEMENT
    # the az CLI names the mode and leaves this out: then what goes with the mode is meant
    preview.done("put", preview.id(KIND, preview.name()), {"location": "eastus", "properties": {"orchestrationMode": "Flexible"}})
    left_out = {"location": "eastus", "properties": {}}
    assert str(preview.refused("put", preview.id(KIND, preview.name()), left_out)) == PLACEMENT
    yard.done("put", yard.id(KIND, yard.name()), left_out)

