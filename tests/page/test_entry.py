"""The page of a server that asks for a token: the browser gets it, it asks the user once, and keeps what it was told."""

from __future__ import annotations

from typing import Any

from queries import ResourceGraph
from queries.http.settings import ServiceSettings
from tests.page.conftest import listening


def test_the_page_asks_for_the_token_once(browser: Any, graph: ResourceGraph) -> None:
    with listening(graph, ServiceSettings(token="open sesame")) as address:
        context = browser.new_context(bypass_csp=True)
        page = context.new_page()
        page.set_default_timeout(30_000)
        broken: list[str] = []
        page.on("pageerror", lambda error: broken.append(str(error)))
        page.goto(address)
        page.wait_for_selector("#entry[open]")
        assert page.locator("#library li").count() == 0
        page.fill("#entry input", "wrong")
        page.keyboard.press("Enter")
        page.wait_for_function("document.querySelector('#entry p').textContent === 'That is not the token.'")
        page.wait_for_selector("#entry[open]")
        page.fill("#entry input", "open sesame")
        page.click("#entry button")
        page.wait_for_function("document.querySelectorAll('#library li').length > 0")
        page.click("#run")
        page.wait_for_function("/ ms /.test(document.getElementById('facts').textContent)")
        assert page.locator("#answer tbody tr").count() > 0
        page.reload()
        page.wait_for_function("document.querySelectorAll('#library li').length > 0")
        assert page.locator("#entry[open]").count() == 0
        other = browser.new_context()  # another session knows nothing of it
        stranger = other.new_page()
        stranger.goto(address)
        stranger.wait_for_selector("#entry[open]")
        other.close()
        context.close()
        assert not broken
