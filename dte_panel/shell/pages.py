"""The content of the pages of one session: built when opened, kept, and drawn beside the session."""

# mypy: allow-untyped-calls

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from queue import SimpleQueue
from typing import Any

from dte_panel.shell import certificate_page, evidence_page, help_page, overview, plugins_page, portfolio
from dte_panel.shell.compare import Side, other
from dte_panel.shell.library import CERTIFICATE, EVIDENCE, HELP, PLUGINS, PORTFOLIO
from dte_panel.shell.parts import Heard
from dte_panel.shell.provider import ProviderPage, holoviews_ready
from dte_panel.shell.results import Results
from dte_panel.shell.state import State

#: How often what has been drawn is put on the page.
TOUCH_MS = 60
#: So many built pages are kept per session.
KEPT = 12


class Pages:
    """Content for the session's state.

    Parameters
    ----------
    state : State
    doc : bokeh.document.Document or None
        The session's document; ``None`` in a notebook, where everything is drawn at once.
    budget : float
        Seconds for each view.
    heard : callable
        Gets the messages of links.
    busy : callable
        Told whether the page that is open is still being drawn.
    """

    def __init__(
        self, state: State, doc: Any, budget: float, heard: Heard, busy: Callable[[bool], Any] = lambda _: None
    ) -> None:
        self._state, self._doc, self._budget, self._heard, self._busy = state, doc, budget, heard, busy
        self._kept: OrderedDict[tuple[str, ...], Any] = OrderedDict()
        self._page: ProviderPage | None = None
        self._key: tuple[str, ...] = ()

    def content(self, tokens: Mapping[str, str], theme: str, *, dark: bool) -> Any:
        """The content for the state; the same object as long as nothing that it shows has changed."""
        key = self._keyed(theme)
        if key != self._key:
            self._leave()
            if self._state.page == CERTIFICATE:
                # It says how things stand now, whenever it is opened.
                self._kept.pop(key, None)
        if key not in self._kept:
            self._kept[key] = self._provider(tokens, dark=dark) if self._state.place.provider else self._own()
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        self._key = key
        self._kept.move_to_end(key)
        self._busy(self._page is not None and not self._page.done)
        return self._kept[key]

    def _keyed(self, theme: str) -> tuple[str, ...]:
        s = self._state
        if s.place.provider:
            return s.subject, s.page, s.window, s.cohort, s.versus, theme
        return s.subject, s.page, s.q if s.page == EVIDENCE else ""

    def _leave(self) -> None:
        """A page that is not finished is not finished later: it is built again when it is opened again."""
        if self._page is not None and not self._page.done:
            self._page.stopped = True
            self._kept.pop(self._key, None)
        self._page = None

    def _own(self) -> Any:
        if self._state.page == EVIDENCE:
            return evidence_page.EvidencePage(self._state, self._heard).view
        if self._state.page == PORTFOLIO:
            return portfolio.Portfolio(self._state, self._heard).view
        own = {PLUGINS: plugins_page.page, HELP: help_page.page, CERTIFICATE: certificate_page.page}
        return own.get(self._state.page, overview.page)(self._state, self._heard)

    def _provider(self, tokens: Mapping[str, str], *, dark: bool) -> Any:
        state, provider = self._state, self._state.place.provider
        here = Side(state.chosen, state.window, state.chosen.cohorts[state.cohort])
        sides = [here, *([other(state.library, here, state.versus)] if state.versus else [])]
        given = [
            (s, Results(s.subject.index, provider, window=s.window, cohort=s.cohort, dark=dark, tokens=tokens))
            for s in sides
        ]
        page = self._page = ProviderPage(state, given, self._heard, self._budget)
        page.finished = lambda: self._busy(False) if page is self._page else None
        return page.view

    def draw(self) -> None:
        """Draw the views of the page that is open, once; a slow one keeps nobody waiting."""
        page, doc = self._page, self._doc
        if page is None or page.begun:
            return
        page.begun = True
        if doc is None:
            holoviews_ready()
            page.draw(_at_once)
            return

        # What touches the page waits for the session's own thread: a callback that another thread adds gets lost while
        # the document is on hold.
        waiting: SimpleQueue[Callable[[], Any]] = SimpleQueue()

        def touch() -> None:
            while not waiting.empty():
                waiting.get()()
            if page.done or page.stopped:
                doc.remove_periodic_callback(handle)

        handle = doc.add_periodic_callback(touch, TOUCH_MS)

        def work() -> None:
            holoviews_ready()
            page.draw(waiting.put)

        threading.Thread(target=work, name="dte-page", daemon=True).start()


def _at_once(touch: Callable[[], Any]) -> None:
    touch()
