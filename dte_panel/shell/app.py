"""One session: the page around the pages. Only what a change touches is built, and what was built is kept."""

# mypy: allow-untyped-calls

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

import panel as pn
import panel_material_ui as pmui

from dte_panel.shell import evidence_page, overview, plugins_page, theme
from dte_panel.shell.layout import bar
from dte_panel.shell.library import EVIDENCE, OVERVIEW, PLUGINS, Library
from dte_panel.shell.parts import Boot, Brand, Nav, Text
from dte_panel.shell.provider import ProviderPage, holoviews_ready
from dte_panel.shell.results import Results
from dte_panel.shell.state import FIELDS, State

#: So many built pages are kept per session.
KEPT = 12
_STAGE = """:host{width:100%;padding:18px 20px 32px;max-width:1360px;margin:0 auto !important;box-sizing:border-box;min-width:0}
.scroll-button{display:none !important} @media (max-width:640px){:host{padding:14px 12px 28px}}"""
#: Page paints what stands in its header white.
_IN_HEADER = {
    "& .MuiSelect-select, & .MuiInputLabel-root, & .MuiSvgIcon-root": {"color": "var(--dte-text) !important"},
    "& .MuiOutlinedInput-notchedOutline": {"borderColor": "var(--dte-border-strong) !important"},
}
_SMALL = {"size": "small", "margin": 0}


def build(library: Library, *, budget: float) -> Any:
    """The dashboard of one session."""
    return Session(library, budget).page


class Session:
    """What one user sees: state, theme, the page's skeleton and the pages built so far."""

    def __init__(self, library: Library, budget: float) -> None:
        pn.extension("tabulator")
        self.library, self.budget, self.state = library, budget, State(library)
        self._doc = pn.state.curdoc if pn.state.curdoc and pn.state.curdoc.session_context else None
        if self._doc is not None and pn.state.location is not None:
            self.state.read(pn.state.location.search)
        self._drawing: ProviderPage | None = None
        self._hello = self._doc is None
        self._kept: OrderedDict[tuple[str, ...], Any] = OrderedDict()
        self._followed = False
        self._themed = {"light": library.themes["light"], "dark": library.themes["dark"]}
        remembered = unquote(str(pn.state.cookies.get("dte_theme", ""))) if self._doc is not None else ""
        chosen = library.themes.get(remembered)
        if chosen is not None:
            self._themed["dark" if chosen.dark else "light"] = chosen
        self._skeleton(dark=bool(chosen and chosen.dark), known=chosen is not None)
        self.state.param.watch(lambda *_: self._show(), [*FIELDS, "notice"])
        self._show()

    def _skeleton(self, *, dark: bool, known: bool) -> None:
        """Everything that stays while the pages change."""
        self._boot = Boot(
            chosen=known, served=self._doc is not None, heard=self._told, width=0, height=0, sizing_mode="fixed"
        )
        self._brand = Brand(heard=self._told, sizing_mode=None, margin=(0, 12, 0, 0), align="center")
        self._nav = Nav(heard=self._told)
        self._notice = Text(kind="notice", visible=False)
        self._menus = self._filters()
        self._filter_bar = bar(self._menus["window"], self._menus["cohort"])
        self._filter_bar.margin = (0, 0, 14, 0)
        self._content = pn.Column(sizing_mode="stretch_width", margin=0)
        self._stage = pn.Column(
            self._notice, self._content, sizing_mode="stretch_width", margin=0, stylesheets=[_STAGE]
        )
        header = [self._brand, *([self._menus["subject"]] if len(self.library.subjects) > 1 else []), self._boot]
        self.page: Any = pmui.Page(
            title="",
            meta_title="DTE Panel",
            meta_name="DTE Panel",
            busy_indicator=None,
            sidebar_resizable=False,
            sidebar_width=232,
            dark_theme=dark,
            theme_config=self._material(),
            sx=theme.page_sx(self._tokens(dark=False), self._tokens(dark=True)),
            raw_css=[theme.font_face()],
            header=header,
            sidebar=[self._nav, pn.Spacer(sizing_mode="stretch_height"), self._theme_menu(dark=dark)],
            main=[self._stage],
        )
        self.page.param.watch(self._darkened, "dark_theme")

    def _filters(self) -> dict[str, Any]:
        """The menus of subject, window and cohort; they show the state and change it."""
        menus = {
            "subject": pmui.Select(label="Subject", sizing_mode="stretch_width", max_width=240, sx=_IN_HEADER, **_SMALL),
            "window": pmui.Select(label="Window", width=210, **_SMALL),
            "cohort": pmui.Select(label="Cohort", width=250, **_SMALL),
        }
        for name, menu in menus.items():
            menu.param.watch(lambda e, name=name: self.state.go({name: e.new or ""}), "value")
        return menus

    def _theme_menu(self, *, dark: bool) -> pmui.Select:
        options = {t.title: key for key, t in self.library.themes.items()}
        value = self._themed["dark" if dark else "light"].id
        self._themes = pmui.Select(label="Theme", options=options, value=value, size="small", margin=(8, 16, 16, 16))
        self._themes.sizing_mode = "stretch_width"
        self._themes.param.watch(lambda e: self._choose_theme(str(e.new)), "value")
        return self._themes

    def _told(self, message: dict[str, Any]) -> None:
        """A message of the browser; everything in it is looked up, nothing is run."""
        if isinstance(message.get("go"), dict):
            self.state.go({"q": "", **message["go"]})
        elif isinstance(message.get("search"), str):
            self.state.read(message["search"])
        elif "hello" in message:
            self._greeted(dark=bool(message["hello"]))

    def _greeted(self, *, dark: bool) -> None:
        """The browser is there and has said what the system's colour scheme is; from now on charts are drawn."""
        self._hello = True
        if dark and not self._boot.chosen and not self.page.dark_theme:
            self._followed = True
            self.page.dark_theme = True  # draws
        elif self._drawing is not None:
            self._draw(self._drawing)

    def _show(self) -> None:
        """Bring everything in line with the state."""
        state, place, subject = self.state, self.state.place, self.state.chosen
        self._boot.param.update(search=state.link(), title=f"{place.title} · {subject.key} · DTE Panel")
        self._brand.item = {"href": state.link(page=OVERVIEW), "go": {"page": OVERVIEW}}
        self._brand.subtitle = subject.key if len(self.library.subjects) == 1 else ""
        self._nav.items = self._links()
        self._notice.param.update(text=state.notice, visible=bool(state.notice))
        self._set(self._menus["subject"], {key: key for key in self.library.subjects}, state.subject)
        self._set(self._menus["window"], {text: key for key, text in subject.windows.items()}, state.window)
        self._set(self._menus["cohort"], {key or "All rows": key for key in subject.cohorts}, state.cohort)
        content = self._built()
        if self._content.objects != [content]:
            self._content.objects = [content]
        if self._hello and self._drawing is not None:
            self._draw(self._drawing)
        parts = [self._notice, *([self._filter_bar] if place.provider else []), self._content]
        if self._stage.objects != parts:
            self._stage.objects = parts

    @staticmethod
    def _set(menu: pmui.Select, options: dict[str, str], value: str) -> None:
        if menu.options != options:
            menu.options = options
        if menu.value != value:
            menu.value = value

    def _links(self) -> list[dict[str, Any]]:
        """The menu's entries, with each provider's verdict."""
        subject, state = self.state.chosen, self.state
        return [
            {
                "title": p.title,
                "group": "Providers" if p.provider else "" if p.key == OVERVIEW else "Background",
                "word": subject.summary_of(p.provider).verdict if p.provider else "",
                "current": p.key == state.page,
                "href": state.link(page=p.key),
                "go": {"page": p.key},
            }
            for p in subject.places
        ]

    def _built(self) -> Any:
        """The page's content, kept for the selection it was built for."""
        state, ground = self.state, "dark" if self.page.dark_theme else "light"
        charts = bool(state.place.provider)
        key = (
            state.subject,
            state.page,
            *((state.window, state.cohort, ground, self._themed[ground].id) if charts else ()),
        )
        if state.page == EVIDENCE and state.q:
            key = (*key, state.q)
        if self._drawing is not None and not self._drawing.done:
            self._drawing.stopped = True
            self._kept = OrderedDict((k, v) for k, v in self._kept.items() if v is not self._drawing.view)
        if key not in self._kept:
            self._drawing = None
            self._kept[key] = self._provider_page() if charts else self._own_page()
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        return self._kept[key]

    def _own_page(self) -> Any:
        if self.state.page == EVIDENCE:
            return evidence_page.EvidencePage(self.state, self._told).view
        page = plugins_page.page if self.state.page == PLUGINS else overview.page
        return page(self.state, self._told)

    def _provider_page(self) -> Any:
        dark, subject = bool(self.page.dark_theme), self.state.chosen
        results = Results(
            subject.index,
            self.state.place.provider,
            window=self.state.window,
            cohort=subject.cohorts[self.state.cohort],
            dark=dark,
            tokens=self._tokens(dark=dark),
        )
        self._drawing = ProviderPage(self.state, results, self._told, self.budget)
        return self._drawing.view

    def _draw(self, page: ProviderPage) -> None:
        """Draw the views beside the session, so that a slow one keeps nobody waiting; in a notebook at once."""
        doc, self._drawing = self._doc, None
        if doc is None:
            holoviews_ready()
            page.draw(lambda touch: touch())
            return

        def soon(touch: Callable[[], Any]) -> None:
            doc.add_next_tick_callback(touch)

        def work() -> None:
            holoviews_ready()
            page.draw(soon)

        pn.state.onload(lambda: threading.Thread(target=work, name="dte-page", daemon=True).start())

    def _darkened(self, event: Any) -> None:
        """The ground changed; remember it if the user did it, and draw the charts again."""
        chosen = self._themed["dark" if event.new else "light"]
        if not self._followed:
            self._boot.cookie = chosen.id
        self._followed = False
        self._themes.value = chosen.id
        self._show()

    def _choose_theme(self, name: str) -> None:
        chosen = self.library.themes.get(name)
        ground = "dark" if chosen and chosen.dark else "light"
        if chosen is None or (self._themed[ground] is chosen and bool(self.page.dark_theme) == chosen.dark):
            return
        self._themed[ground] = chosen
        self._boot.cookie = chosen.id
        sx = theme.page_sx(self._tokens(dark=False), self._tokens(dark=True))
        self.page.param.update(theme_config=self._material(), sx=sx, dark_theme=chosen.dark)
        self._show()

    def _tokens(self, *, dark: bool) -> dict[str, str]:
        return theme.tokens_of(self._themed["dark" if dark else "light"], dark=dark)

    def _material(self) -> dict[str, Any]:
        return {
            ground: theme.material(self._tokens(dark=dark), dark=dark)
            for ground, dark in (("light", False), ("dark", True))
        }
