"""`lazulite serve` as a process of its own, for tests that need real sockets."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import urllib.request
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Running:
    process: subprocess.Popen[str]
    http: str
    https: str
    ca: str
    log: Path

    @property
    def port(self) -> int:
        return int(self.http.rsplit(":", 1)[1])

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=10)

    def alive(self) -> bool:
        with urllib.request.urlopen(f"{self.http}/lazulite/health", timeout=10) as answer:
            return bool(answer.status == 200)


def start(folder: Path, *options: str) -> Running:
    log = folder / "access.log"
    process = subprocess.Popen(
        [
            sys.executable, "-m", "queries", "serve", "--vms", "30", "--port", "0", "--tls-port", "0",
            "--certificates", str(folder / "certificates"), "--access-log", str(log), *options,
        ],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    told = json.loads(process.stdout.readline())
    return Running(process, told["http"], told["https"], told["ca"], log)


def stop(running: Running, signal_number: int = signal.SIGTERM) -> str:
    running.process.send_signal(signal_number)
    _, errors = running.process.communicate(timeout=20)
    return errors
