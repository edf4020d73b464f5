"""One session: the skeleton that stays while the pages change, and the theme."""

# mypy: allow-untyped-calls

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

import panel as pn
import panel_material_ui as pmui
from bokeh.themes import Theme

from dte_panel.shell import theme
from dte_panel.shell.compare import options
from dte_panel.shell.layout import STAGE, bar
from dte_panel.shell.library import OVERVIEW, PORTFOLIO, Library
from dte_panel.shell.pages import Pages
from dte_panel.shell.parts import Boot, Brand, Nav, Text
from dte_panel.shell.state import FIELDS, State

_SMALL = {"size": "small", "margin": 0}
#: Page paints what stands in its header white.
_IN_HEADER = {
    "& .MuiSelect-select, & .MuiInputLabel-root, & .MuiSvgIcon-root": {"color": "var(--dte-text) !important"},
    "& .MuiOutlinedInput-notchedOutline": {"borderColor": "var(--dte-border-strong) !important"},
}


def build(library: Library, *, budget: float) -> Any:
    """The dashboard of one session."""
    return Session(library, budget).page


class Session:
    """What one user sees."""

    def __init__(self, library: Library, budget: float) -> None:
        pn.extension("tabulator")
        self.library, self.state = library, State(library)
        doc = pn.state.curdoc
        self._doc = doc if doc is not None and doc.session_context else None
        if self._doc is not None and pn.state.location is not None:
            self.state.read(pn.state.location.search)
        self._pages = Pages(self.state, self._doc, budget, self._told, self._busy)
        self._greeted, self._followed = self._doc is None, False
        self._themed = {"light": library.themes["light"], "dark": library.themes["dark"]}
        self._skeleton(self._remembered())
        self.state.param.watch(lambda *_: self._show(), [*FIELDS, "notice"])
        self._show()

    def _remembered(self) -> str:
        """The id of the theme that the user chose before, if there is one."""
        found = unquote(str(pn.state.cookies.get("dte_theme", ""))) if self._doc is not None else ""
        chosen = self.library.themes.get(found)
        if chosen is None:
            return ""
        self._themed["dark" if chosen.dark else "light"] = chosen
        return chosen.id

    def _skeleton(self, remembered: str) -> None:
        """Everything that stays while the pages change."""
        system = pn.state.cookies.get("dte_system") if self._doc is not None else ""
        dark = self.library.themes[remembered].dark if remembered else system == "dark"
        self._boot = Boot(chosen=bool(remembered), served=self._doc is not None, heard=self._told, sizing_mode=None)
        self._brand = Brand(heard=self._told, sizing_mode=None, margin=(0, 12, 0, 0), align="center")
        self._nav = Nav(heard=self._told)
        self._notice = Text(kind="notice", visible=False)
        self._menus = self._filters()
        self._filter_bar = bar(self._menus["window"], self._menus["cohort"], self._menus["versus"])
        self._filter_bar.margin = (0, 0, 14, 0)
        self._content = pn.Column(sizing_mode="stretch_width", margin=0)
        self._stage = pn.Column(sizing_mode="stretch_width", margin=0, stylesheets=[STAGE])
        many = [self._menus["subject"]] if len(self.library.subjects) > 1 else []
        self.page: Any = pmui.Page(  # type: ignore[attr-defined]
            title="",
            meta_title="DTE Panel",
            meta_name="DTE Panel",
            busy_indicator=None,
            sidebar_resizable=False,
            sidebar_width=232,
            dark_theme=dark,
            theme_config=self._material(),
            sx=self._sx(),
            raw_css=[theme.font_face()],
            header=[self._brand, *many, self._boot],
            sidebar=[self._nav, pn.Spacer(sizing_mode="stretch_height"), self._theme_menu(dark=dark)],
            main=[self._stage],
        )
        self.page.param.watch(self._darkened, "dark_theme")
        self._style_plots(dark=dark)

    def _style_plots(self, *, dark: bool) -> None:
        if self._doc is not None:
            self._doc.theme = Theme(json=theme.legend_style(self._tokens(dark=dark)))

    def _filters(self) -> dict[str, Any]:
        """The menus of subject, window and cohort; they show the state and change it."""
        menus = {
            "subject": pmui.Select(
                label="Subject", sizing_mode="stretch_width", max_width=240, sx=_IN_HEADER, align="center", **_SMALL
            ),
            "window": pmui.Select(label="Window", width=210, **_SMALL),
            "cohort": pmui.Select(label="Cohort", width=250, **_SMALL),
            "versus": pmui.Select(label="Compare with", width=250, **_SMALL),
        }
        for name, menu in menus.items():
            menu.param.watch(lambda e, name=name: self._choose(name, e.new or ""), "value")
        return menus

    def _choose(self, name: str, value: str) -> None:
        """A menu was used; that it now shows the state is nothing new."""
        if value != getattr(self.state, name):
            self.state.go({name: value})

    def _theme_menu(self, *, dark: bool) -> Any:
        options = {t.title: key for key, t in self.library.themes.items()}
        value = self._themed["dark" if dark else "light"].id
        self._themes = pmui.Select(label="Theme", options=options, value=value, size="small", margin=(8, 16, 16, 16))
        self._themes.sizing_mode = "stretch_width"
        self._themes.param.watch(lambda e: self._choose_theme(str(e.new)), "value")
        return self._themes

    def _busy(self, busy: bool) -> None:
        self._boot.busy = busy

    def _told(self, message: dict[str, Any]) -> None:
        """A message of the browser; everything in it is looked up, nothing is run."""
        if isinstance(message.get("go"), dict):
            self.state.go({"q": "", **message["go"]})
        elif isinstance(message.get("search"), str):
            self.state.read(message["search"])
        elif "hello" in message:
            self._hello(dark=bool(message["hello"]))

    def _hello(self, *, dark: bool) -> None:
        """The browser is there and has said which colour scheme its system has; charts can be drawn."""
        self._greeted = True
        if not self._boot.chosen and bool(self.page.dark_theme) != dark:
            self._followed = True
            self.page.dark_theme = dark
        self._pages.draw()

    def _show(self) -> None:
        """Bring everything in line with the state."""
        state, place, subject = self.state, self.state.place, self.state.chosen
        named = [] if place.key == PORTFOLIO else [subject.key]
        self._boot.param.update(
            search=state.link(),
            title=" · ".join([place.title, *named, "DTE Panel"]),
            page=state.page,
            pages=[p.key for p in subject.places],
        )
        self._brand.param.update(
            item={"href": state.link(page=OVERVIEW), "go": {"page": OVERVIEW}},
            subtitle=subject.key if len(self.library.subjects) == 1 else "",
        )
        self._nav.items = self._links()
        self._notice.param.update(text=state.notice, visible=bool(state.notice))
        _set(self._menus["subject"], {key: key for key in self.library.subjects}, state.subject)
        _set(self._menus["window"], {text: key for key, text in subject.windows.items()}, state.window)
        _set(self._menus["cohort"], {key or "All rows": key for key in subject.cohorts}, state.cohort)
        choice = options(self.library, subject, state.window, state.cohort)
        _set(self._menus["versus"], {text: key for key, text in choice.items()}, state.versus)
        dark = bool(self.page.dark_theme)
        self._style_plots(dark=dark)
        chosen = self._themed["dark" if dark else "light"]
        content = self._pages.content(self._tokens(dark=dark), chosen.id, dark=dark)
        _put(self._content, [content])
        _put(self._stage, [self._notice, *([self._filter_bar] if place.provider else []), self._content])
        if self._greeted:
            self._pages.draw()

    def _links(self) -> list[dict[str, Any]]:
        """The menu's entries, with each provider's verdict."""
        subject, state = self.state.chosen, self.state
        return [
            {
                "title": p.title,
                "group": "Providers" if p.provider else "" if p.key in {PORTFOLIO, OVERVIEW} else "Background",
                "word": subject.summary_of(p.provider).verdict if p.provider else "",
                "current": p.key == state.page,
                "href": state.link(page=p.key),
                "go": {"page": p.key},
            }
            for p in subject.places
        ]

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
        self.page.param.update(theme_config=self._material(), sx=self._sx(), dark_theme=chosen.dark)
        self._show()

    def _tokens(self, *, dark: bool) -> dict[str, str]:
        return theme.tokens_of(self._themed["dark" if dark else "light"], dark=dark)

    def _sx(self) -> dict[str, Any]:
        return theme.page_sx(self._tokens(dark=False), self._tokens(dark=True))

    def _material(self) -> dict[str, Any]:
        grounds = (("light", False), ("dark", True))
        return {ground: theme.material(self._tokens(dark=dark), dark=dark) for ground, dark in grounds}


def _set(menu: Any, options: dict[str, str], value: str) -> None:
    if menu.options != options:
        menu.options = options
    if menu.value != value:
        menu.value = value


def _put(column: Any, objects: list[Any]) -> None:
    if column.objects != objects:
        column.objects = objects
