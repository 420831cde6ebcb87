"""A server on a socket of its own and a real, headless Chromium in front of it."""

from __future__ import annotations

import shutil
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from queries import ResourceGraph
from queries.http.settings import ServiceSettings

pytest.importorskip("playwright", reason="the page's tests need the extra 'page'")

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
QUIET = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


@pytest.fixture(scope="module")
def graph() -> Iterator[ResourceGraph]:
    with ResourceGraph.simulated(vms=200, seed=7) as graph:
        yield graph


@contextmanager
def listening(graph: ResourceGraph, settings: ServiceSettings | None = None) -> Iterator[str]:
    """The address of a service over a graph."""
    import uvicorn

    from queries.http.app import create_app

    opened = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(create_app(graph, settings), log_config=None, access_log=False))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [opened]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{opened.getsockname()[1]}/"
    server.should_exit = True
    thread.join(10)
    opened.close()


@pytest.fixture(scope="module")
def address(graph: ResourceGraph) -> Iterator[str]:
    with listening(graph) as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if CHROMIUM is None:
        pytest.skip("there is no Chromium on this machine")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Any, address: str) -> Iterator[Any]:
    """The page, freshly opened; whatever it complains of in the console fails the test."""
    context = browser.new_context(bypass_csp=True)  # the driver's own waiting needs eval, which the page forbids
    page = context.new_page()
    page.set_default_timeout(30_000)
    complaints: list[str] = []
    page.on(
        "console", lambda message: complaints.append(message.text) if message.type in ("error", "warning") else None
    )
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: complaints.append(request.url) if not request.url.startswith(address) else None)
    page.goto(address)
    page.wait_for_function("document.querySelectorAll('#library li').length > 0")
    yield page
    context.close()
    assert not complaints
