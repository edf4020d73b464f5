"""Other thresholds in Debian's Chromium: a slider moved by keyboard, and a group whose name attacks."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from typing import Any

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.slow]
ATTACK = "<img src=x onerror=window.__xss=1>"
SERVER = """
import sys
from dte_panel import registry, spec
from dte_panel.conductor import assess_spec
from dte_panel.shell import serve
plugins = registry.load()
every = plugins.views
plugins.views = lambda provider: [view for view in every(provider) if view.id == "whatif"]
serve([assess_spec(spec.read(sys.argv[1]))], port=0, open_browser=False, registry=plugins)
"""
SPEC = """
subject: {name: loans}
use_case: {name: loans, costs: {true_positive: 0, false_positive: 1, false_negative: 2, true_negative: 0}}
data: {current: now.csv}
roles: {label: label, prediction: prediction, score: score, sensitive: [group]}
"""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, serving: Any) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("whatif")
    (folder / "trust.yaml").write_text(SPEC)
    rows = [
        f"{int((i * 7) % 100 < 100 * score)},{int(score >= 0.5)},{score},{name}"
        for i in range(300)
        for name, score in (("plain", (i % 97) / 97), (ATTACK, (i % 89) / 120))
    ]
    (folder / "now.csv").write_text("\n".join(["label,prediction,score,group", *rows]))
    with serving(sys.executable, "-c", SERVER, str(folder / "trust.yaml"), DTE_PLUGINS="fairness") as url:
        yield url


@pytest.fixture
def wrong() -> list[str]:
    """What went wrong in the page, and whom it asked outside."""
    return []


@pytest.fixture
def page(served: str, browser: Any, wrong: list[str]) -> Any:
    def route(asked: Any) -> None:
        if asked.request.url.startswith((served, "data:", "blob:")):
            asked.continue_()
        else:
            wrong.append(asked.request.url)
            asked.abort()

    opened = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
    opened.context.route("**/*", route)
    opened.set_default_timeout(90_000)
    opened.on("pageerror", lambda error: wrong.append(f"page error: {error}"))
    opened.on("console", lambda m: wrong.append(f"console: {m.text}") if m.type == "error" else None)
    opened.goto(f"{served}/?page=fairness")
    return opened


def said(page: Any, text: str) -> str:
    """What is told to who listens, once it holds the text."""
    found = page.get_by_role("status").filter(has_text=text)
    found.wait_for()
    return str(found.inner_text())


def test_thresholds_are_tried(page: Any, wrong: list[str]) -> None:
    page.get_by_role("slider", name="All groups").focus()
    assert "selected 1.000" not in said(page, "selected")
    page.keyboard.press("Home")
    assert "selected 1.000" in said(page, "From 0 on: ")
    page.keyboard.press("ArrowRight")
    said(page, "From 0.005 on: ")

    page.get_by_label("Thresholds", exact=True).press("Enter")
    page.get_by_role("menuitem", name="One for each group").press("Enter")
    page.get_by_role("slider", name=ATTACK).wait_for()
    assert page.get_by_role("slider").count() == 2
    page.get_by_role("button", name="Cheapest thresholds within it").press("Enter")
    answer = said(page, "Cheapest with the")
    assert re.search(r"of 20 choices on a random half, \d+ kept the bound", answer)
    found = re.search(r"([\d.]+) for plain", answer)
    assert found is not None
    plain = page.get_by_role("slider", name="plain")
    page.wait_for_function("([slider, value]) => slider.value === value", arg=[plain.element_handle(), found[1]])

    page.locator("summary", has_text="Groups at these thresholds").press("Enter")
    page.get_by_role("cell", name=ATTACK).first.wait_for()
    page.locator("main[aria-busy=false]").wait_for()
    assert page.evaluate("window.__xss") is None
    assert page.locator("img[src=x]").count() == 0
    assert wrong == []
