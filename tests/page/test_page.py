"""The page as a person uses it, in a real browser: type, complete, run, look at it another way, let time pass."""

from __future__ import annotations

from typing import Any

from queries import ResourceGraph

RUN = "Control+Enter"


def write(page: Any, text: str) -> None:
    page.fill("#text", text)


def cells(page: Any) -> list[list[str]]:
    rows: list[list[str]] = page.eval_on_selector_all(
        "#answer tbody tr", "rows => rows.map(row => [...row.cells].map(cell => cell.textContent))"
    )
    return rows


def answered(page: Any) -> str:
    page.wait_for_function("/ms|errors|answered/.test(document.getElementById('facts').textContent)")
    return str(page.inner_text("#facts"))


def test_the_first_query_runs_at_a_touch(page: Any, graph: ResourceGraph) -> None:
    page.click("#run")
    assert " ms · as of " in answered(page)
    wanted = graph.query(page.input_value("#text")).rows()
    assert cells(page) == [[str(value) for value in row] for row in wanted]


def test_the_text_is_coloured_as_the_language_reads_it(page: Any) -> None:
    write(page, "resources | where name == 'web' // machines")
    page.wait_for_selector("#colours .string")
    assert page.inner_text("#colours .table") == "resources"
    assert page.inner_text("#colours .comment") == "// machines"
    assert page.inner_text("#colours").strip() == "resources | where name == 'web' // machines"


def test_a_mistake_is_shown_at_its_place_while_typing(page: Any) -> None:
    write(page, "resources\n| where nme == '😀'\n| project lokation")
    page.wait_for_selector("#colours .error")
    marked = page.eval_on_selector_all("#colours .error", "marks => marks.map(mark => mark.textContent)")
    assert marked == ["nme", "lokation"]
    assert page.locator("#problems li").count() == 2
    page.locator("#problems li").nth(1).click()
    chosen = page.evaluate(
        "() => { const t = document.getElementById('text'); return t.value.slice(t.selectionStart, t.selectionEnd) }"
    )
    assert chosen == "lokation"


def test_a_path_completes_step_by_step(page: Any) -> None:
    write(page, "")
    page.type("#text", "resources | where type == 'microsoft.compute/virtualmachines' | project properties.exten")
    page.wait_for_function(
        "[...document.querySelectorAll('#completions li')].some(li => li.textContent.startsWith('extended'))"
    )
    page.keyboard.press("Tab")
    assert page.input_value("#text").endswith("project properties.extended")
    page.keyboard.press("Control+z")
    assert page.input_value("#text").endswith("exten"), "what was completed can be undone"


def test_keys_complete_and_run(page: Any) -> None:
    write(page, "")
    page.type("#text", "resources | summ")
    page.wait_for_selector("#completions:not([hidden]) li[aria-selected=true]")
    page.keyboard.press("Enter")
    page.keyboard.type(" count()")
    page.keyboard.press("Escape")
    page.press("#text", RUN)
    answered(page)
    assert len(cells(page)) == 1 and int(cells(page)[0][0]) > 200


def test_nested_values_unfold(page: Any) -> None:
    write(
        page,
        "resources | where type == 'microsoft.compute/virtualmachines' | top 1 by name asc | project name, properties",
    )
    page.press("#text", RUN)
    answered(page)
    assert page.locator("#answer details").count() == 1
    page.click("#answer details summary")
    page.wait_for_selector("#answer details details")
    page.locator("#answer details details", has_text="hardwareProfile").first.locator("summary").first.click()
    assert "vmSize" in page.inner_text("#answer")


def test_a_column_sorts_by_its_head(page: Any) -> None:
    write(page, "resources | summarize machines = count() by type")
    page.press("#text", RUN)
    answered(page)
    page.click("#answer th:has-text('machines')")
    rising = [int(row[1]) for row in cells(page)]
    page.click("#answer th:has-text('machines')")
    assert rising == sorted(rising) and [int(row[1]) for row in cells(page)] == rising[::-1]


def test_render_draws_bars_and_times(page: Any) -> None:
    write(page, "resources | summarize count() by location | render barchart")
    page.press("#text", RUN)
    page.wait_for_selector("#answer svg rect")
    write(
        page,
        "range t from datetime(2026-01-01) to datetime(2026-01-05) step 1d | extend n = 3 * dayofmonth(t) | render timechart",
    )
    page.press("#text", RUN)
    page.wait_for_selector("#answer svg polyline")
    assert page.locator("#answer svg circle").count() == 5
    page.click("#shapes [data-shape=grid]")
    assert len(cells(page)) == 5


def test_lines_have_their_names_below_and_bars_stay_while_time_passes(page: Any) -> None:
    write(page, "resources | summarize n = count() by bin(todatetime(properties.timeCreated), 30d), type | render timechart")
    page.press("#text", RUN)
    page.wait_for_selector("#answer .legend li")
    names = page.eval_on_selector_all("#answer .legend li", "items => items.map(item => item.textContent)")
    assert "microsoft.compute/virtualmachines" in names
    write(page, "resources | summarize n = count(), m = 2 * count() by location")
    page.press("#text", RUN)
    answered(page)
    page.click("#shapes [data-shape=bars]")
    assert page.locator("#answer .legend li").all_text_contents() == ["n", "m"]
    page.click("#advance [data-seconds='10']")
    answered(page)
    assert page.locator("#answer svg rect").count() > 0 and page.get_attribute("[data-shape=bars]", "aria-pressed") == "true"


def test_rows_are_one_line_high_and_numbers_stand_below_their_heads(page: Any) -> None:
    write(page, "resources | where isnotempty(tags) | take 20 | project id, name, tags, properties, n = strlen(name)")
    page.press("#text", RUN)
    answered(page)
    heights = page.eval_on_selector_all("#answer tbody tr", "rows => rows.map(row => row.offsetHeight)")
    assert max(heights) == min(heights) < 40
    right = "name => [...document.querySelectorAll(`#answer ${name}:last-of-type`)].map(each => Math.round(each.getBoundingClientRect().right))"
    assert set(page.evaluate(right, "th")) == set(page.evaluate(right, "td"))


def test_what_was_saved_in_the_estate_stands_among_the_saved_queries(page: Any, graph: ResourceGraph) -> None:
    group = graph.query("resourcecontainers | where type endswith 'resourcegroups' | top 1 by id asc | project id").scalar()
    saved = {"properties": {"query": "resources | count", "description": "How many"}}
    graph.estate.control.put(f"{group}/providers/Microsoft.ResourceGraph/queries/aaa-mine", saved)
    page.reload()
    page.click("#library li:has-text('aaa-mine') button")
    answered(page)
    assert page.input_value("#text") == "resources | count" and cells(page)


def test_a_query_is_saved_in_the_estate_and_found_again(page: Any, graph: ResourceGraph) -> None:
    page.fill("#text", "resources | summarize count()")
    page.fill("#save input", "aaa counted")
    page.click("#save button")
    page.wait_for_selector("#library li:has-text('aaa counted')")
    kept = graph.query("resources | where type =~ 'microsoft.resourcegraph/queries' and name == 'aaa counted'", truth=True)
    assert kept.to_pylist()[0]["properties"]["query"] == "resources | summarize count()"
    page.fill("#save input", "no/path")
    assert not page.evaluate("document.querySelector('#save').checkValidity()")
    page.fill("#text", "")
    page.fill("#save input", "nothing")
    page.click("#save button")
    page.wait_for_function("() => document.querySelector('#save output').textContent.includes('nothing')")


def test_saved_queries_are_found_and_run(page: Any) -> None:
    page.fill("#search", "fault domain")
    names = page.eval_on_selector_all("#library li", "items => items.map(item => item.textContent)")
    assert 0 < len(names) < 10
    page.click("#library li button")
    answered(page)
    assert page.input_value("#text").startswith("// title:")


def test_a_change_shows_only_when_its_lag_is_over(page: Any, graph: ResourceGraph) -> None:
    graph.advance(3600)
    running = (
        "resources | where properties.extended.instanceView.powerState.code == 'PowerState/running'"
        " and type == 'microsoft.compute/virtualmachines' | top 1 by name asc | project id, name, "
        "state = properties.extended.instanceView.powerState.code"
    )
    id_, name, _ = graph.query(running).rows()[0]
    graph.vm(id_).deallocate()
    ask = f"resources | where id == '{id_}' | project id, state = tostring(properties.extended.instanceView.powerState.code)"
    write(page, ask)
    page.press("#text", RUN)
    answered(page)
    assert cells(page)[0][1] == "PowerState/running", name

    page.dblclick("#answer tbody tr td")
    page.wait_for_selector("#beside td.differs")
    assert "behind the truth" in page.inner_text("#beside")
    assert "PowerState/dealloc" in page.inner_text("#beside")

    page.click("#shapes [data-shape=truth]")
    page.wait_for_selector("#answer tr.stale")
    assert page.inner_text("#answer tr.stale del") == "PowerState/running"
    assert page.inner_text("#answer tr.stale ins").startswith("PowerState/dealloc")
    page.click("#shapes [data-shape=grid]")

    before = page.inner_text("#now")
    page.click("#advance [data-seconds='600']")
    page.wait_for_function(
        "() => document.querySelector('#answer tbody td:nth-child(2)').textContent === 'PowerState/deallocated'"
    )
    assert page.inner_text("#now") != before


def test_what_resource_graph_refuses_is_told(page: Any) -> None:
    page.check("#strict")
    write(page, "let n = 3; resources | take n")
    page.wait_for_selector("#problems li.error")
    page.uncheck("#strict")
    page.wait_for_function("document.querySelectorAll('#problems li.error').length === 0")


def test_the_page_works_under_its_own_policy(browser: Any, address: str) -> None:
    context = browser.new_context()
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    answer = page.goto(address)
    page.click("#run")
    page.wait_for_selector("#answer tbody tr")
    assert "default-src 'self'" in answer.headers["content-security-policy"]
    assert not complaints
    context.close()


def test_the_page_holds_its_shape(page: Any) -> None:
    """Nothing lies outside the window, and the editor's copy lies exactly under its text."""
    page.set_viewport_size({"width": 1280, "height": 720})
    page.click("#run")
    answered(page)
    assert page.evaluate(
        "document.documentElement.scrollWidth <= innerWidth && document.documentElement.scrollHeight <= innerHeight"
    )
    same = page.evaluate(
        """() => { const [a, b] = ['text', 'colours'].map(id => getComputedStyle(document.getElementById(id)));
        return ['font', 'padding', 'whiteSpace', 'overflowWrap', 'width', 'lineHeight'].every(each => a[each] === b[each]) }"""
    )
    assert same
