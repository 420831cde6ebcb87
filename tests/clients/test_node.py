"""@azure/arm-compute on Node, unmodified, over TLS: lists, long-running operations, what is made and what is missing."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.clients.conftest import Running

CLIENTS = Path(os.environ.get("LAZULITE_CLIENTS", Path(__file__).parents[2] / ".clients"))
FOLDER = CLIENTS / "node-compute"
NODE = shutil.which("node")


@pytest.mark.skipif(NODE is None or not (FOLDER / "node_modules").exists(), reason="`make clients-small` installs it")
def test_compute_on_node(service: Running) -> None:
    done = subprocess.run(
        [str(NODE), str(Path(__file__).with_name("compute.cjs")), str(FOLDER), service.url, service.subscription],
        env={**os.environ, "NODE_EXTRA_CA_CERTS": str(service.ca)}, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    every = {
        each["id"] for each in service.graph.estate.control.list(f"/subscriptions/{service.subscription}", "Microsoft.Compute/virtualMachines")
    }
    assert set(told["machines"]) == every and every
    assert "PowerState/deallocated" in told["deallocated"] and "PowerState/running" in told["started"]
    assert (told["disk"], told["set"]) == ("Succeeded", "from-node")
    assert told["missing"] == [404, "ResourceNotFound"]
