"""The dashboard in Debian's Chromium: every page, the filters, the URL, the themes, a phone, and hostile text."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.slow]
ATTACKED = "window.__xss"


def colours(page: Any) -> set[str]:
    """Colours of the lines that the sample draws in the accent."""
    found = page.evaluate(
        "[...Bokeh.documents[0]._all_models.values()].filter(m => m.name === 'accented')"
        ".filter(m => Bokeh.index.find_one_by_id(m.id)).map(m => m.glyph.line_color.value)"
    )
    return set(found)


def overflow(page: Any) -> list[int]:
    """How much wider than the window the document and its main part are."""
    script = """() => {
      const main = [...Bokeh.index.roots].map(v => v.shadow_el?.querySelector('.main-content')).find(x => x)
      return [document.documentElement.scrollWidth - innerWidth, main.scrollWidth - main.clientWidth]
    }"""
    return [int(x) for x in page.evaluate(script)]


def test_every_page_of_the_demo_stands(demo: str, tab: Any) -> None:
    seen = tab(demo)
    page = seen.open()
    assert page.title() == "Overview · car-loan · DTE Panel"
    assert page.locator("h1").count() == 1
    assert page.get_by_role("status").first.inner_text().startswith("Fail: ")
    names = page.get_by_role("navigation", name="Pages").get_by_role("link").all_inner_texts()
    drawn = {}
    for name in [n.split("\n")[0].split(":")[0] for n in names][1:]:
        page = seen.go(name)
        drawn[name] = page.locator(".bk-Figure").count()
        assert page.locator("h1").count() == 1
        assert not page.get_by_text("could not be drawn").all_inner_texts(), name
        assert overflow(page) == [0, 0], name
    assert drawn["Drift"] > 1
    assert drawn["Performance"] > 1
    seen.check()


def test_the_demo_on_a_phone_and_in_the_dark(demo: str, tab: Any) -> None:
    seen = tab(demo, 390, "dark")
    for query in ("", "?page=drift", "?page=evidence", "?page=guardrails"):
        page = seen.open(query)
        assert overflow(page) == [0, 0], query
    page.get_by_role("button", name="Open drawer").click()
    assert seen.go("Fairness").url.endswith("?page=fairness")
    seen.check()


def test_filters_the_url_and_back(sampled: str, tab: Any) -> None:
    seen = tab(sampled)
    page = seen.open("?page=drift")
    page.get_by_text("window current, cohort all").wait_for()
    page.get_by_label("Window", exact=True).click()
    page.locator("li", has_text="From 2019-02-01").click()
    page.get_by_text("window 2019-02-01, cohort all").wait_for()
    assert page.url.endswith("page=drift&window=2019-02-01")
    page.get_by_label("Cohort", exact=True).click()
    page.locator("li", has_text="sex: Male").click()
    page.get_by_text("cohort {'sex': 'Male'}").wait_for()
    page.reload()
    page.get_by_text("window 2019-02-01, cohort {'sex': 'Male'}").wait_for()
    seen.drawn()
    seen.go("Evidence")
    page.go_back()
    page.get_by_text("window 2019-02-01, cohort {'sex': 'Male'}").wait_for()
    page.go_back()
    page.get_by_text("window 2019-02-01, cohort all").wait_for()
    assert "cohort=" not in page.url
    page.go_forward()
    page.get_by_text("cohort {'sex': 'Male'}").wait_for()
    seen.check()


@pytest.mark.parametrize("key", ["Enter", " ", "ArrowDown"])
def test_a_menu_opens_by_keyboard(key: str, sampled: str, tab: Any) -> None:
    made = tab(sampled)
    page = made.open("?page=drift")
    menu = page.get_by_label("Window", exact=True)
    menu.focus()
    page.keyboard.press(key)
    page.get_by_role("menuitem").first.wait_for()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url("**window=**")
    made.drawn()
    assert page.get_by_role("menuitem").count() == 0
    made.check()


def test_a_link_that_cannot_be_followed_says_so(sampled: str, tab: Any) -> None:
    seen = tab(sampled)
    page = seen.open("?page=%3Cimg%20src=x%20onerror=window.__xss=1%3E&window=2031-01-01")
    assert page.get_by_text("There is no window “2031-01-01” in this evidence").count() == 1
    assert page.evaluate(ATTACKED) is None
    seen.check()


def test_the_dark_ground_and_the_charts_follow(sampled: str, tab: Any) -> None:
    from dte_panel.shell.theme import DARK, LIGHT

    seen = tab(sampled)
    page = seen.open("?page=drift")
    assert colours(page) == {LIGHT["accent"]}
    page.get_by_role("button", name="Toggle theme").click()
    page.wait_for_timeout(500)
    seen.drawn()
    assert colours(page) == {DARK["accent"]}
    ground = "getComputedStyle(Bokeh.index.roots[0].shadow_el.querySelector('main')).backgroundColor"
    assert page.evaluate(ground) == "rgb(14, 16, 21)"
    page.reload()
    seen.drawn()
    assert page.evaluate(ground) == "rgb(14, 16, 21)", "remembered"
    page.get_by_label("Theme", exact=True).click()
    page.locator("li", has_text="Night").click()
    page.wait_for_timeout(500)
    seen.drawn()
    assert colours(page) == {"#00d787"}
    seen.check()


def test_the_system_decides_at_first(sampled: str, tab: Any) -> None:
    from dte_panel.shell.theme import DARK

    seen = tab(sampled, scheme="dark")
    page = seen.open("?page=drift")
    page.wait_for_timeout(500)
    seen.drawn()
    assert colours(page) == {DARK["accent"]}
    seen.check()


def test_a_sick_provider_does_not_stop_the_others(sampled: str, tab: Any) -> None:
    seen = tab(sampled)
    page = seen.open("?page=sick")
    for told in ("it raised ValueError: no such thing", "it took longer than 4 s", "it raised SerializationError"):
        page.get_by_text(f"This view could not be drawn: {told}").wait_for()
    page.get_by_text("still here").wait_for()
    page.get_by_role("navigation", name="Pages").get_by_role("link", name="Overview").click()
    page.get_by_role("heading", level=1, name="loans").wait_for()
    page.get_by_text("This provider is broken: the import raised ImportError").first.wait_for()
    seen.check()


def test_text_from_data_and_plugins_is_never_run(sampled: str, tab: Any) -> None:
    seen = tab(sampled)
    page = seen.open("?subject=hostile%3Cimg+src%3Dx+onerror%3Dwindow.__xss%3D1%3E")
    links = page.get_by_role("navigation", name="Pages").get_by_role("link")
    for i in range(links.count()):
        links.nth(i).click()
        page.wait_for_timeout(400)
        seen.drawn()
        for fold in page.locator("summary").all():
            fold.click()
        for info in page.get_by_role("button", name="How ").all():
            info.click()
        for row in page.locator("button.choose").all()[:2]:
            row.click()
            page.wait_for_timeout(200)
        figure = page.locator(".bk-Figure")
        if figure.count():
            figure.last.hover()
        page.wait_for_timeout(300)
        assert page.evaluate(ATTACKED) is None, links.nth(i).inner_text()
        assert page.locator("img[src=x]").count() == 0, links.nth(i).inner_text()
    seen.check()


def test_every_view_can_be_downloaded_and_fill_the_screen(sampled: str, tab: Any, tmp_path: Path) -> None:
    seen = tab(sampled)
    page = seen.open("?subject=hostile%3Cimg+src%3Dx+onerror%3Dwindow.__xss%3D1%3E&page=drift")
    more = page.get_by_role("button", name="Download ").first
    saved = {}
    for kind in ("PNG", "SVG", "CSV"):
        more.click()
        with page.expect_download() as got:
            page.get_by_role("button", name=f"Download as {kind}").press("Enter")
        saved[kind] = got.value.path().read_bytes()
        assert got.value.suggested_filename.startswith("hostile-img-src-x")
    assert saved["PNG"].startswith(b"\x89PNG")
    assert len(saved["PNG"]) > 5_000
    assert saved["SVG"].startswith(b"<svg")
    assert b"<image" not in saved["SVG"], "lines, not a picture of lines"
    assert b"&lt;img src=x" in saved["SVG"]
    assert b"drift.population_stability_index" in saved["CSV"]
    full = page.get_by_role("button", name="Full screen: ").first
    full.press("Enter")
    box = page.locator("[data-full]").bounding_box()
    assert (box["width"], box["height"]) == (1440, 900)
    page.keyboard.press("Escape")
    assert page.locator("[data-full]").count() == 0
    assert page.evaluate(ATTACKED) is None
    seen.check()


def test_a_measurement_is_explained_by_keyboard_alone(sampled: str, tab: Any) -> None:
    seen = tab(sampled)
    page = seen.open("?page=evidence")
    page.get_by_role("button", name="Columns").press("Enter")
    page.get_by_role("checkbox", name="Adjusted p").press("Space")
    page.get_by_role("columnheader", name="Adjusted p").wait_for()
    page.keyboard.press("Escape")
    row = page.get_by_role("button", name="Population stability index").first
    row.press("Enter")
    drawer = page.get_by_role("complementary", name="About the chosen measurement")
    drawer.get_by_text("SHA-256").wait_for()
    page.keyboard.press("ArrowRight")
    drawer.locator("p", has_text="2019-01-01").wait_for()
    page.keyboard.press("Escape")
    drawer.wait_for(state="hidden")
    seen.check()


def test_two_windows_side_by_side(sampled: str, tab: Any) -> None:
    seen = tab(sampled)
    page = seen.open("?subject=hostile%3Cimg+src%3Dx+onerror%3Dwindow.__xss%3D1%3E&page=drift")
    page.get_by_label("Compare with", exact=True).click()
    page.locator("li", has_text="Window: From 2019-02-01").click()
    page.get_by_role("heading", name="All current rows against 2019-02-01").wait_for()
    seen.drawn()
    assert "versus=window" in page.url
    left, right = (page.get_by_role("heading", name=n) for n in ("As a table · All current", "As a table · 2019-02-01"))
    assert left.bounding_box()["y"] == right.bounding_box()["y"]
    page.get_by_label("Compare with", exact=True).click()
    page.locator("li", has_text="Subject: loans").click()
    page.get_by_role("heading", name="against loans").wait_for()
    seen.drawn()
    assert page.evaluate(ATTACKED) is None
    seen.check()


def test_single_keys_are_shortcuts_until_they_are_turned_off(sampled: str, tab: Any) -> None:
    seen = tab(sampled)
    page = seen.open("?subject=loans&page=plugins")
    page.keyboard.press("?")
    page.get_by_role("heading", level=1, name="Help").wait_for()
    page.keyboard.press("e")
    page.get_by_role("heading", level=1, name="Evidence").wait_for()
    seen.drawn().keyboard.press("/")
    page.keyboard.type("oke")
    assert page.get_by_label("Search", exact=True).input_value() == "oke", "where one writes, letters are letters"
    page.get_by_text("No measurement fits.").wait_for()
    seen.go("Help")
    page.get_by_label("Single keys are shortcuts").uncheck()
    page.keyboard.press("o")
    page.wait_for_timeout(600)
    assert page.locator("h1").inner_text() == "Help"
    seen.check()
