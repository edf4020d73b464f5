from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
DEMO = ROOT / "dte_panel/data/demo/car-loan/trust.yaml"
#: Serves the samples on a free port.
SAMPLES = (sys.executable, str(HERE / "shell_samples.py"), "0")
WAIT = 45_000


def _samples() -> ModuleType:
    """The samples as a module, wherever pytest imports tests from."""
    path = Path(__file__).with_name("shell_samples.py")
    found = importlib.util.spec_from_file_location("shell_samples", path)
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    sys.modules["shell_samples"] = module
    found.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def samples() -> Any:
    return _samples()


@pytest.fixture(scope="session")
def evidence(samples: Any) -> Any:
    return samples.sample()


@pytest.fixture(scope="session")
def hostile(samples: Any) -> Any:
    return samples.sample(f"hostile{samples.ATTACK}", samples.ATTACK)


@pytest.fixture(scope="session")
def demo(serving: Any) -> Iterator[str]:
    with serving(*SAMPLES, str(DEMO)) as url:
        yield url


@pytest.fixture(scope="session")
def sampled(serving: Any) -> Iterator[str]:
    with serving(*SAMPLES) as url:
        yield url


class Tab:
    """A page that keeps account of everything that went wrong in it."""

    def __init__(self, browser: Any, base: str, width: int, scheme: str) -> None:
        self.base, self.wrong, self.outside = base, [], []  # type: ignore[var-annotated]
        self.context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
        self.context.route("**/*", self._route)
        self.page = self.context.new_page()
        self.page.set_default_timeout(WAIT)
        self.page.on("pageerror", lambda error: self.wrong.append(f"page error: {error}"))
        self.page.on("console", lambda m: self.wrong.append(f"console: {m.text}") if m.type == "error" else None)
        self.page.on("response", lambda r: self.wrong.append(f"{r.status} {r.url}") if r.status >= 400 else None)

    def _route(self, route: Any) -> None:
        url = route.request.url
        if url.startswith((self.base, "data:", "blob:")):
            route.continue_()
        else:
            self.outside.append(url)
            route.abort()

    def open(self, query: str = "") -> Any:
        self.page.goto(f"{self.base}/{query}")
        return self.drawn()

    def drawn(self) -> Any:
        """Wait until the page stands and nothing is being drawn any more."""
        self.page.locator("h1").wait_for()
        self.page.locator("main[aria-busy=false]").wait_for()
        self.page.wait_for_timeout(150)
        return self.page

    def go(self, name: str) -> Any:
        self.page.get_by_role("navigation", name="Pages").get_by_role("link", name=name).click()
        self.page.locator("h1", has_text=name).wait_for()
        return self.drawn()

    def check(self) -> None:
        assert not self.outside, "nothing is asked for outside"
        assert not self.wrong


@pytest.fixture
def tab(browser: Any) -> Iterator[Any]:
    opened: list[Tab] = []

    def make(base: str, width: int = 1440, scheme: str = "light") -> Tab:
        opened.append(Tab(browser, base, width, scheme))
        return opened[-1]

    yield make
    for one in opened:
        one.context.close()
