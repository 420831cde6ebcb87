"""The unmodified `az`: logs in, runs the document's "Azure CLI 2.0" sections as printed, and asks Resource Graph.

Needs the CLI, which `make clients` installs beside the project; skipped where it is not there.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.clients.conftest import Running, running

CLIENTS = Path(os.environ.get("LAZULITE_CLIENTS", Path(__file__).parents[2] / ".clients"))
pytestmark = pytest.mark.skipif(not (CLIENTS / "bin" / "az").exists(), reason="`make clients` installs the az CLI")

REGISTER = """
az feature register --namespace Microsoft.Compute --name VMOrchestratorMultiFD
az feature register --namespace microsoft.compute --name VMOrchestratorSingleFD
"""
SHOW = "az feature show --namespace Microsoft.Compute --name VMOrchestratorMultiFD "
REGISTER_PROVIDER = "az provider register --namespace Microsoft.Compute "
NAMES = """
vmssflexname="my-vmss-vmssflex"
vmname="myVM"
rg="my-resource-group"
"""
CREATE_GROUP = 'az group create -n "$rg" -l $location  '
CREATE_SET = 'az vmss create -n "$vmssflexname" -g "$rg" -l $location --orchestration-mode flexible --platform-fault-domain-count 3  '
CREATE_VM = 'az vm create -n "$vmname" -g "$rg" -l $location --vmss $vmssflexname --image UbuntuLTS '
QUERY = """| where type =~ 'Microsoft.Compute/virtualMachines'
| where properties.virtualMachineScaleSet contains "vmssflex"
| extend powerState = properties.extended.instanceView.powerState.code
| project name, resourceGroup, location, powerState
| order by resourceGroup desc, name desc"""


class Shell:
    """A shell in which `az` speaks to a service, logged in as a service principal."""

    def __init__(self, service: Running, home: Path) -> None:
        self.service = service
        (home / ".ssh").mkdir(parents=True)
        (home / ".ssh" / "id_rsa.pub").write_text(_public_key())
        self._environment = {
            "PATH": f"{CLIENTS / 'bin'}{os.pathsep}{os.environ['PATH']}", "HOME": str(home), "location": "eastus",
            "AZURE_CONFIG_DIR": str(home / ".azure"), "AZURE_EXTENSION_DIR": str(CLIENTS / "extensions"),
            "AZURE_CORE_COLLECT_TELEMETRY": "no", "AZURE_CORE_INSTANCE_DISCOVERY": "false", "AZURE_CORE_NO_COLOR": "true",
            "REQUESTS_CA_BUNDLE": str(service.ca), "LANG": "C.UTF-8",
        }  # fmt: skip
        tenant = service.graph.estate.tenant_id
        self.run(f"az cloud register -n lazulite --endpoint-resource-manager {service.url}")
        self.run("az cloud set -n lazulite")
        self.run(f"az login --service-principal -u app -p secret --tenant {tenant}")
        self.run(f"az account set -s {service.subscription}")

    def try_to(self, script: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [shutil.which("bash") or "bash", "-euc", script],
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=300,
        )

    def run(self, script: str) -> Any:
        """What a script that succeeds prints, read as JSON where it prints anything."""
        done = self.try_to(script)
        assert done.returncode == 0, f"{script}\n{done.stdout}\n{done.stderr}"
        try:
            return json.loads(done.stdout) if done.stdout.strip() else None
        except json.JSONDecodeError:
            return done.stdout

    def graph(self, query: str = QUERY) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self.run(f"az graph query -q {json.dumps(query.replace(chr(10), ' '))}")["data"]
        return rows

    def power(self) -> str:
        told = self.run(f"{NAMES}az vm get-instance-view -n $vmname -g $rg")
        return str(told["instanceView"]["statuses"][1]["code"])


def _public_key() -> str:
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    key = rsa.generate_private_key(65537, 2048).public_key()
    return key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode() + " someone@somewhere\n"


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    for service in running(tmp_path, lag=600):
        yield Shell(service, tmp_path / "home")


def test_the_documents_sections_as_printed_under_the_rules_of_its_time(shell: Shell) -> None:
    graph = shell.service.graph
    graph.estate.control.profile = "2021-preview"
    shell.run(f"{NAMES}{CREATE_GROUP}")
    early = shell.try_to(f"{NAMES}{CREATE_SET}")
    assert early.returncode != 0
    assert (
        "The value 'False' of parameter 'singlePlacementGroup' is not allowed. Allowed values are: True" in early.stderr
    )
    shell.run(REGISTER)
    assert shell.run(SHOW)["properties"]["state"] == "Registering"
    graph.advance(900)
    assert shell.run(SHOW)["properties"]["state"] == "Registered"
    assert shell.try_to(f"{NAMES}{CREATE_SET}").returncode != 0  # not before the provider knows
    shell.run(REGISTER_PROVIDER)
    everything_after(shell, f"{NAMES}{CREATE_GROUP}\n{CREATE_SET}\n{CREATE_VM}")


def test_the_documents_sections_as_printed_under_todays_rules(shell: Shell) -> None:
    shell.run(REGISTER)
    assert shell.run(SHOW)["properties"]["state"] in ("Registering", "Registered")
    shell.run(REGISTER_PROVIDER)
    everything_after(shell, f"{NAMES}{CREATE_GROUP}\n{CREATE_SET}\n{CREATE_VM}")
    # the document's other sample, whose dashes its page has made typographic
    typographic = shell.try_to('az vm create –vmss "myVMSS"  –-platform_fault_domain 1')
    assert typographic.returncode == 2
    repaired = (
        f'{NAMES}az vm create -n second -g $rg --image UbuntuLTS --vmss "$vmssflexname" --platform-fault-domain 1'
    )
    shell.run(repaired)
    told = shell.run(f"{NAMES}az vm show -n second -g $rg")
    assert told["platformFaultDomain"] == 1


def everything_after(shell: Shell, script: str) -> None:
    """Create; then the machine is there at once for who asks the provider, and only later for who asks the index."""
    graph = shell.service.graph
    shell.run(f"exec > /dev/null\n{script}")
    assert shell.power() == "PowerState/running"
    assert shell.graph() == []
    graph.advance(600)
    (row,) = shell.graph()
    assert (row["name"], row["powerState"], row["location"]) == ("myVM", "PowerState/running", "eastus")
    shell.run(f"{NAMES}az vm deallocate -n $vmname -g $rg")
    assert shell.power() == "PowerState/deallocated"
    assert shell.graph()[0]["powerState"] == "PowerState/running"
    graph.advance(600)
    assert shell.graph()[0]["powerState"] == "PowerState/deallocated"
    listed = shell.run(f"{NAMES}az vmss list-instances -n $vmssflexname -g $rg")
    assert [each["id"].rsplit("/", 1)[-1] for each in listed] == ["myVM"]  # of a Flexible set only the ids


def test_sets_with_machines_of_both_modes_and_a_managed_identity(shell: Shell) -> None:
    url = shell.service.url
    identity = f"export IDENTITY_ENDPOINT={url}/msi/token IDENTITY_HEADER=x\n"
    shell.run(f"{identity}az login --identity")
    shell.run(f"{identity}az group create -n both -l eastus")
    for mode in ("Uniform", "Flexible"):
        name = mode.lower()[:4]
        shell.run(
            f"{identity}az vmss create -n {name} -g both --orchestration-mode {mode} --image Ubuntu2204 --instance-count 2 "
            "--admin-username azureuser"
        )
        assert len(shell.run(f"{identity}az vmss list-instances -n {name} -g both")) == 2
    shell.run(f"{identity}az vmss scale -n unif -g both --new-capacity 3")
    assert len(shell.run(f"{identity}az vmss list-instances -n unif -g both")) == 3
    assert {each["powerState"] for each in shell.run(f"{identity}az vm list -d -g both")} == {"VM running"}
    shell.run(f"{identity}az vm availability-set create -n as1 -g both")
    shell.run(f"{identity}az vmss deallocate -n unif -g both")
    shell.run(f"{identity}az group delete -n both -y")
    assert shell.try_to(f"{identity}az group show -n both").returncode == 3


def test_a_device_code_run_commands_tags_and_the_log_of_what_was_done(shell: Shell) -> None:
    shell.run("az login --use-device-code -o none")
    shell.run("az group create -n r -l eastus; az vm create -n m -g r --image Ubuntu2204 --admin-username joe > /dev/null")
    (told,) = shell.run("az vm run-command invoke -g r -n m --command-id RunShellScript --scripts ls")["value"]
    assert told["code"] == "ProvisioningState/succeeded" and "[stdout]" in told["message"]
    made = shell.run("az vm run-command create -g r --vm-name m --name c --script ls")
    assert made["provisioningState"] == "Succeeded"
    view = shell.run("az vm run-command show -g r --vm-name m --name c --instance-view")["instanceView"]
    assert (view["executionState"], view["exitCode"]) == ("Succeeded", 0)
    shell.run("az vm extension set -g r --vm-name m -n CustomScript --publisher Microsoft.Azure.Extensions")
    shell.run("az tag create --resource-id $(az vm show -g r -n m --query id -o tsv) --tags a=b")
    assert shell.run("az vm show -g r -n m --query tags") == {"a": "b"}
    log = shell.run("az monitor activity-log list -g r --start-time 2026-01-01 --offset 365d")
    done = {each["operationName"]["value"] for each in log}
    assert {"Microsoft.Compute/virtualMachines/write", "Microsoft.Compute/virtualMachines/runCommand/action"} <= done
    assert shell.run("az account management-group list") and shell.run("az vm list -g r --query [].name") == ["m"]


TEMPLATE = """{
  // comments are allowed
  "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#", "contentVersion": "1.0.0.0",
  "parameters": {"size": {"type": "int", "defaultValue": 32}},
  "resources": [{"type": "Microsoft.Compute/disks", "apiVersion": "2023-04-02", "name": "d1", "location": "eastus",
    "properties": {"diskSizeGB": "[parameters('size')]", "creationData": {"createOption": "Empty"}}}]}"""


def test_templates_what_they_would_change_and_lists_of_what_is_there(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "template.json"
    file.write_text(TEMPLATE)
    shell.run("az group create -n temp -l eastus")
    shell.run("az disk create -n extra -g temp --size-gb 4")
    told = shell.run(f"az deployment group what-if -g temp -n d -f {file}")
    assert "+ Microsoft.Compute/disks/d1" in told and "* Microsoft.Compute/disks/extra" in told
    shell.run(f"az deployment group create -g temp -n d -f {file}")
    told = shell.run(f"az deployment group what-if -g temp -n d -f {file} --mode Complete --parameters size=64")
    assert "~ Microsoft.Compute/disks/d1" in told and "- Microsoft.Compute/disks/extra" in told and "32 => 64" in told
    shell.run(f"az deployment group create -g temp -n d -f {file} --mode Complete --parameters size=64")
    assert [each["name"] for each in shell.run("az resource list -g temp")] == ["d1"]
    assert len(shell.run("az deployment operation group list -g temp -n d")) == 1
    shell.run("az resource tag -g temp -n d1 --resource-type Microsoft.Compute/disks --tags k=v")
    assert [each["name"] for each in shell.run("az resource list --tag k=v")] == ["d1"]
