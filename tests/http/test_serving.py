"""The server as a process: sockets, TLS, the log, stopping, and what it bears from clients that mean no good."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.http.process import Running, start, stop

CONTENT = b'{"query":"resources | count"}'
PATH = "/providers/Microsoft.ResourceGraph/resources?api-version=2021-03-01"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    running = start(tmp_path_factory.mktemp("server"), "--clock", "simulated")
    yield running
    if running.process.poll() is None:
        stop(running)


def post(url: str, content: bytes = CONTENT, context: ssl.SSLContext | None = None, **headers: str) -> Any:
    asked = urllib.request.Request(url, content, {"content-type": "application/json", **headers})
    with urllib.request.urlopen(asked, timeout=20, context=context) as answer:
        return json.load(answer)


def read_all(connection: socket.socket) -> bytes:
    """What comes until the other side closes."""
    pieces = []
    try:
        while piece := connection.recv(65536):
            pieces.append(piece)
    except ConnectionResetError:
        pass
    return b"".join(pieces)


def refusal(url: str, content: bytes = CONTENT, **headers: str) -> tuple[int, Any]:
    """Status and body of a request that is refused."""
    with pytest.raises(urllib.error.HTTPError) as refused:
        post(url, content, **headers)
    with refused.value as error:
        return error.code, json.loads(error.read())


# ---- what it is for ------------------------------------------------------------------------------------------------
def test_http_and_https_answer(server: Running) -> None:
    trusting = ssl.create_default_context(cafile=server.ca)
    assert post(server.http + PATH) == post(server.https + PATH, context=trusting)
    with pytest.raises(urllib.error.URLError, match="CERTIFICATE_VERIFY_FAILED"):
        post(server.https + PATH)


def test_the_authority_is_kept_and_its_key_is_private(server: Running, tmp_path: Path) -> None:
    from queries.http.certificates import Authority

    folder = Path(server.ca).parent
    assert os.stat(folder / "ca.key").st_mode & 0o077 == 0
    before = Path(server.ca).read_bytes()
    assert Authority(folder).certificate.read_bytes() == before
    assert Authority(tmp_path).certificate.read_bytes() != before


def test_the_log_has_a_line_a_request(server: Running) -> None:
    post(server.http + PATH, authorization="Bearer secret-secret")
    lines = [json.loads(line) for line in server.log.read_text().splitlines()]
    assert {"time", "method", "path", "status", "ms", "received", "sent", "id"} == set(lines[-1])
    assert (lines[-1]["method"], lines[-1]["path"], lines[-1]["status"]) == ("POST", PATH.split("?")[0], 200)
    assert "secret-secret" not in server.log.read_text()


def test_it_says_where_it_listens_and_stops_in_peace(tmp_path: Path) -> None:
    running = start(tmp_path)
    assert running.http.startswith("http://127.0.0.1:") and running.https.startswith("https://localhost:")
    kept = running.connect()  # an idle connection must not hold it up
    errors = stop(running, signal.SIGINT)
    kept.close()
    assert running.process.returncode == 0
    assert "only this machine can reach it" in errors and "real clock" in errors
    assert errors.rstrip().endswith("stopped")


def test_a_taken_port_is_told(server: Running) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "queries", "serve", "--vms", "2", "--port", str(server.port), "--tls-port", "off"],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert run.returncode == 1 and "Traceback" not in run.stderr
    assert "in use" in run.stderr


def test_a_token_keeps_everybody_else_out(tmp_path: Path) -> None:
    running = start(tmp_path, "--token", "open sesame")
    try:
        for path in ("/", PATH, "/lazulite/health", "/subscriptions?api-version=2022-12-01", "/msi/token"):
            for headers in ({}, {"authorization": "Bearer wrong"}):
                told = {"error": {"code": "AuthenticationFailed", "message": "Authentication failed."}}
                assert refusal(running.http + path, **headers) == (401, told)
        assert post(running.http + PATH, authorization="Bearer open sesame")["count"] == 1
    finally:
        stop(running)


def test_pages_of_other_sites_are_kept_out(server: Running) -> None:
    for headers in ({"origin": "https://evil.example"}, {"host": "evil.example"}, {"origin": "null"}):
        assert refusal(server.http + "/lazulite/advance", b'{"by": 60}', **headers)[0] == 403
    assert post(server.http + PATH, origin=server.http)["count"] == 1


# ---- what it bears -------------------------------------------------------------------------------------------------
HEAD = b"POST %s HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n" % PATH.encode()

BROKEN = {
    "no http": b"\x16\x03\x01hello\r\n\r\n",
    "nonsense": b"GET\r\n\r\n",
    "two lengths": HEAD + b"content-length: 5\r\ncontent-length: 6\r\n\r\n12345",
    "a negative length": HEAD + b"content-length: -1\r\n\r\n",
    "a length that is no number": HEAD + b"content-length: five\r\n\r\n12345",
    "a huge length": HEAD + b"content-length: 99999999999999999999999\r\n\r\n",
    "length and chunks": HEAD + b"content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    "bad chunks": HEAD + b"transfer-encoding: chunked\r\n\r\nzz\r\n",
    "a header without an end": b"GET / HTTP/1.1\r\nhost: localhost\r\nx: " + b"a" * 200_000,
    "headers without end": b"GET / HTTP/1.1\r\nhost: localhost\r\n" + b"x: y\r\n" * 20_000,
    "a long path": b"GET /" + b"a" * 200_000 + b" HTTP/1.1\r\nhost: localhost\r\n\r\n",
    "a zero in the path": b"GET /%00/../etc/passwd HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n",
    "up the tree": b"GET /../../../../etc/passwd HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n",
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_requests_are_refused(server: Running, name: str) -> None:
    with server.connect() as connection:
        try:
            connection.sendall(BROKEN[name])
            if "bad chunks" in name:
                connection.shutdown(socket.SHUT_WR)
        except (ConnectionResetError, BrokenPipeError):
            pass
        answer = read_all(connection)
    if answer:
        head, _, body = answer.partition(b"\r\n\r\n")
        assert 400 <= int(head.split()[1]) < 500
        assert json.loads(body)["error"]["code"]
    assert server.alive()


def test_a_hundred_megabytes_are_not_read(server: Running) -> None:
    for head in (b"content-length: 100000000\r\n\r\n", b"transfer-encoding: chunked\r\n\r\n"):
        with server.connect() as connection:
            sent = 0
            try:
                connection.sendall(HEAD + head)
                piece = b"10000\r\n" + b" " * 65536 + b"\r\n"
                while sent < 100_000_000:
                    connection.sendall(piece)
                    sent += len(piece)
            except (ConnectionResetError, BrokenPipeError):
                pass
            answer = read_all(connection)
        assert sent < 40_000_000, "the server hangs up long before the end"
        assert not answer or answer.startswith(b"HTTP/1.1 413 ")
    assert server.alive()


def test_half_closed_and_vanishing_clients(server: Running) -> None:
    for _ in range(20):
        with server.connect() as connection:
            connection.sendall(HEAD + b"content-length: 50\r\n\r\n{")
            connection.shutdown(socket.SHUT_WR)
            read_all(connection)
        gone = server.connect()
        gone.sendall(HEAD + b"content-length: %d\r\n\r\n" % len(CONTENT) + CONTENT)
        gone.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        gone.close()  # with a reset, before the answer is there
    assert server.alive()


def test_nothing_of_all_that_has_changed_anything(server: Running) -> None:
    with urllib.request.urlopen(f"{server.http}/lazulite/clock", timeout=10) as answer:
        assert json.load(answer)["now"] == "2026-01-15T12:00:00Z"


def test_slow_senders_are_not_waited_for(graph: Any, tmp_path: Path) -> None:
    """The limits themselves, shortened: a head, a body and an unread answer each run out of time."""
    import asyncio
    import threading

    from queries.http import serving, wire
    from queries.http.settings import ServiceSettings

    lost = threading.Event()

    class Hasty(wire.GuardedProtocol):
        head_seconds = 0.3
        unread_seconds = 0.3

        def connection_lost(self, exc: Exception | None) -> None:
            super().connection_lost(exc)
            lost.set()

    async def main(bound: list[int], done: threading.Event, app: Any) -> None:
        server = serving._server(app)
        server.config.http = Hasty
        opened = serving._listen("127.0.0.1", 0)
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65536)
        bound.append(opened.getsockname()[1])
        running = asyncio.create_task(server.serve(sockets=[opened]))
        await asyncio.to_thread(done.wait, 30)
        server.should_exit = True
        await running

    from queries.http.app import create_app

    bound: list[int] = []
    done = threading.Event()
    app = create_app(graph, ServiceSettings(body_seconds=0.3, quota=None))
    thread = threading.Thread(target=lambda: asyncio.run(main(bound, done, app)))
    thread.start()
    try:
        while not bound:
            time.sleep(0.01)
        for sent, expected in (
            (b"POST / HTTP/1.1\r\nhos", b"408"),
            (HEAD + b"content-length: 50\r\n\r\n{", b"408"),
        ):
            with socket.create_connection(("127.0.0.1", bound[0]), timeout=10) as connection:
                connection.sendall(sent)
                answer = read_all(connection)
                assert answer.split()[1] == expected and b'"RequestTimeout"' in answer
        with socket.socket() as greedy:
            greedy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            greedy.settimeout(10)
            greedy.connect(("127.0.0.1", bound[0]))
            content = b'{"query":"resources"}'
            greedy.sendall(HEAD + b"content-length: %d\r\n\r\n" % len(content) + content)
            lost.clear()
            assert lost.wait(20), "nothing is read, so the server gives the answer up"
            assert len(read_all(greedy)) < 1_000_000

        def keep_asking(_: int) -> int:
            """Whoever reads is answered for much longer than an unread answer is kept."""
            connection, answered = http.client.HTTPConnection("127.0.0.1", bound[0], timeout=10), 0
            ends = time.monotonic() + 5 * Hasty.unread_seconds
            while time.monotonic() < ends:
                connection.request("POST", PATH, CONTENT, {"content-type": "application/json"})
                answered += connection.getresponse().read() != b""
            connection.close()
            return answered

        with ThreadPoolExecutor(16) as clients:
            assert min(clients.map(keep_asking, range(16))) > 5
    finally:
        done.set()
        thread.join(20)
    assert not thread.is_alive()


def test_several_first_starts_at_once_make_one_authority(tmp_path: Path) -> None:
    from queries.http.certificates import Authority

    for trial in range(6):
        where = tmp_path / str(trial)
        with ThreadPoolExecutor(4) as starts:
            made = list(starts.map(lambda _: Authority(where), range(4)))  # noqa: B023
        certificate = (where / "ca.pem").read_bytes()
        assert {each.certificate.read_bytes() for each in (*made, Authority(where))} == {certificate}
        assert {each._ca.cert_pem.bytes() for each in made} == {certificate}
        assert {each.name for each in where.iterdir()} == {"ca.pem", "ca.key"}


def test_a_damaged_authority_is_told_by_its_file(tmp_path: Path) -> None:
    from queries.http.certificates import Authority

    (tmp_path / "ca.key").write_text("y")
    with pytest.raises(OSError, match="made anew"):
        Authority(tmp_path)
