"""The service under load: `python -m bench.serve` asks the document's query from 32 clients for a minute, and pages a
million rows to the end. `--load SECONDS`, `--rows ROWS` and `--clock` shorten or change it; 0 leaves a part out.

Clients and server share this machine, so what the clients cost is taken off the server's cores; and so is what else runs
here, which the load average tells.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from queries.library import saved_query

PATH = "/providers/Microsoft.ResourceGraph/resources?api-version=2024-04-01"
CLIENTS = 32
ROWS_A_MACHINE = 3.954
"""Rows of `resources` for each virtual machine of a large estate."""
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Served:
    pid: int
    host: str
    port: int

    def memory(self) -> float:
        """Resident memory in MiB."""
        with open(f"/proc/{self.pid}/statm") as facts:
            return int(facts.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20

    def worked(self) -> float:
        """CPU seconds, of all threads."""
        with open(f"/proc/{self.pid}/stat") as facts:
            fields = facts.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS


@contextmanager
def served(vms: int, clock: str) -> Iterator[Served]:
    """A server process without quota and log."""
    command = [
        sys.executable, "-m", "queries", "serve", "--vms", str(vms), "--clock", clock, "--port", "0",
        "--tls-port", "off", "--quota", "off", "--access-log", "off",
    ]  # fmt: skip
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert process.stdout is not None
        place = urlsplit(json.loads(process.stdout.readline())["http"])
        assert place.hostname is not None and place.port is not None
        yield Served(process.pid, place.hostname, place.port)
    finally:
        process.terminate()
        process.wait()


def request(body: dict[str, Any]) -> bytes:
    content = json.dumps(body).encode()
    head = f"POST {PATH} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: {len(content)}\r\n\r\n"
    return head.encode() + content


async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, asked: bytes) -> tuple[int, bytes]:
    """Status and body of one answer on a connection that stays open."""
    writer.write(asked)
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
    return int(head[9:12]), await reader.readexactly(length)


async def load(server: Served, seconds: float) -> None:
    asked = request({"query": saved_query("scale-set-power-states").text})
    times: list[float] = []
    failures = 0
    memory: list[float] = []
    ends = time.perf_counter() + seconds

    async def client() -> None:
        nonlocal failures
        reader, writer = await asyncio.open_connection(server.host, server.port, limit=2**20)
        while (begun := time.perf_counter()) < ends:
            status, body = await ask(reader, writer, asked)
            times.append(time.perf_counter() - begun)
            failures += status != 200 or not body.startswith(b'{"totalRecords":')
        writer.close()

    async def watch() -> None:
        while time.perf_counter() < ends:
            memory.append(server.memory())
            await asyncio.sleep(max(0.2, seconds / 30))

    worked, mine = server.worked(), time.process_time()
    begun = time.perf_counter()
    await asyncio.gather(watch(), *(client() for _ in range(CLIENTS)))
    took = time.perf_counter() - begun
    worked, mine = server.worked() - worked, time.process_time() - mine
    times.sort()
    print(
        f"document's query, {CLIENTS} clients, {took:.0f} s: {len(times) / took:,.0f} answers a second, {failures} errors"
    )
    p50, p99 = (times[len(times) * percent // 100] * 1e3 for percent in (50, 99))
    print(f"  p50 {p50:.1f} ms, p99 {p99:.1f} ms, worst {times[-1] * 1e3:.1f} ms")
    print(f"  CPU an answer: server {worked / len(times) * 1e3:.2f} ms, client {mine / len(times) * 1e3:.2f} ms")
    third = len(memory) // 3
    print(f"  memory: {memory[0]:.0f} MiB at the start, {memory[third]:.0f} after a third, {memory[-1]:.0f} at the end; "
          f"load average {os.getloadavg()[0]:.1f}")  # fmt: skip


async def page(server: Served, query: str) -> None:
    reader, writer = await asyncio.open_connection(server.host, server.port, limit=2**24)
    token, pages, rows, total, longest = None, 0, 0, None, 0.0
    begun, worked = time.perf_counter(), server.worked()
    while True:
        started = time.perf_counter()
        options = {"$top": 1000} if token is None else {"$skipToken": token}
        status, body = await ask(reader, writer, request({"query": query, "options": options}))
        longest = max(longest, time.perf_counter() - started)
        assert status == 200, body[:500]
        answer = json.loads(body)
        pages, rows, total = pages + 1, rows + answer["count"], answer["totalRecords"]
        token = answer.get("$skipToken")
        if token is None:
            break
    writer.close()
    took = time.perf_counter() - begun
    print(f"{query}\n  {rows:,} rows of {total:,} in {pages:,} pages: {took:.1f} s, longest page {longest:.2f} s, "
          f"server CPU {server.worked() - worked:.1f} s, "
          f"memory {server.memory():.0f} MiB, load average {os.getloadavg()[0]:.1f}")  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--load", type=float, default=60, help="seconds of load")
    parser.add_argument("--rows", type=int, default=1_000_000, help="rows to page through")
    parser.add_argument("--clock", choices=("real", "simulated"), default="real")
    parser.add_argument("--query", action="append", help="what to page through")
    given = parser.parse_args()
    if given.load:
        with served(1000, given.clock) as server:
            asyncio.run(load(server, min(2.0, given.load)))  # to warm it up
            print()
            asyncio.run(load(server, given.load))
    if given.rows:
        with served(round(given.rows / ROWS_A_MACHINE) + 1, given.clock) as server:
            for query in given.query or (
                "resources | project id, name, type, location",
                "resources | project id, name | order by id asc",
            ):
                asyncio.run(page(server, query))


if __name__ == "__main__":
    main()
