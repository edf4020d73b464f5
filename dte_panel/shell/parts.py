"""Our own small components. Their scripts set text and attributes only, so no text of theirs is ever read as HTML."""

# mypy: allow-untyped-calls

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import param
from panel.custom import JSComponent

from dte_panel.shell.theme import asset


def script(name: str) -> str:
    """A component's module: the shared helpers and its own code."""
    return asset("common.js") + asset(f"{name}.js")


def style(name: str) -> list[str]:
    """The shared style sheet and the component's own."""
    return [asset("common.css"), asset(f"{name}.css")]


class Part(JSComponent):
    """A component whose links and buttons send messages to ``heard``."""

    heard = param.Callable(default=None, allow_None=True, doc="Called with each message of the browser.")

    _rename: ClassVar[dict[str, str | None]] = {"heard": None}
    __abstract = True

    def __init__(self, **params: Any) -> None:
        super().__init__(**{"sizing_mode": "stretch_width", "margin": 0, **params})

    def _handle_msg(self, data: Any) -> None:
        if self.heard is not None and isinstance(data, dict):
            self.heard(data)


class Boot(Part):
    """One per page: keeps the URL, the title and the colour scheme, and mends what Page leaves unnamed."""

    search = param.String(doc="Query of the URL.")
    title = param.String(doc="Title of the browser's window.")
    cookie = param.String(doc="Theme to remember.")
    chosen = param.Boolean(doc="Whether the user has chosen a theme before.")
    busy = param.Boolean(doc="Whether views are still being drawn.")
    served = param.Boolean(doc="Whether the page owns the window; not in a notebook.")
    pages = param.List(default=[], doc="Keys of the menu's pages, for the shortcuts.")
    page = param.String(doc="The page that is open.")

    _esm = script("boot")


class Brand(Part):
    """The name in the header."""

    item = param.Dict(default={}, doc="Where it leads.")
    subtitle = param.String(doc="The subject, where there is only one.")

    _esm = script("brand")
    _stylesheets = style("nav")


class Nav(Part):
    """The menu."""

    items = param.List(default=[], doc="Pages: title, href, go, word, current, group.")

    _esm = script("nav")
    _stylesheets = style("nav")


class Hero(Part):
    """Head of a page, with the verdict in words."""

    title = param.String(doc="The page's only h1.")
    facts = param.List(default=[], doc="What it is about.")
    word = param.String(doc="The verdict.")
    headline = param.String(doc="The verdict in words; no banner without it.")
    notes = param.List(default=[], doc="Sentences under the headline.")
    counts = param.Dict(default={}, doc="Checks by verdict.")

    _esm = script("hero")
    _stylesheets = style("hero")


class Cards(Part):
    """One card per provider."""

    items = param.List(default=[], doc="Cards: title, word, worst, counts, spark, href, go.")

    _esm = script("cards")
    _stylesheets = style("cards")


class FindingsList(Part):
    """What was found, by verdict."""

    sections = param.List(default=[], doc="Sections: word, title, open, items.")

    _esm = script("findings")
    _stylesheets = style("findings")


class Table(Part):
    """An accessible table of text."""

    columns = param.List(default=[], doc="Columns: key, label, align, kind, wide.")
    rows = param.List(default=[], doc="Cells as text.")
    caption = param.String(default="Table", doc="What the table shows.")
    caption_shown = param.Boolean(default=False, doc="Whether the caption is for everybody or for screen readers.")
    note = param.String(doc="A line under the table.")
    folded = param.String(doc="Label of the fold it stands in; empty for none.")
    sortable = param.Boolean(default=False, doc="Whether its head has buttons.")
    sorted = param.String(doc="Key of the sorted column, with a minus if it descends.")
    selectable = param.Boolean(default=False, doc="Whether a row can be chosen.")
    chosen = param.Integer(default=-1, doc="The chosen row.")

    _esm = script("table")
    _stylesheets = style("table")


class FrameHead(Part):
    """Head of a card: title, description, definitions."""

    title = param.String(doc="Title of the card.")
    description = param.String(doc="One line on what it tells.")
    definitions = param.List(default=[], doc="Definitions: title, definition, facts.")
    open = param.Boolean(default=False, doc="Whether the definitions are shown at once, without the button.")
    full = param.Boolean(default=False, doc="Whether it heads a view, which can fill the screen and be downloaded.")
    sheets = param.Boolean(default=False, doc="Whether there are numbers to download.")
    sheet = param.Dict(default={}, doc="What was asked for: text of a CSV file, and the turn of asking.")
    file = param.String(default="view", doc="Name of downloaded files, without their ending.")
    origin = param.String(doc="A line under a downloaded picture: of what it is.")

    _esm = asset("exports.js") + script("frame")
    _stylesheets = style("frame")


class Choices(Part):
    """A button that opens a list of boxes to tick."""

    label = param.String(doc="What is chosen.")
    options = param.List(default=[], doc="Key and label of each box.")
    chosen = param.List(default=[], doc="Keys of the ticked ones.")

    _esm = script("choices")
    _stylesheets = style("choices")

    def __init__(self, **params: Any) -> None:
        super().__init__(**{"sizing_mode": None, **params})


class Drawer(Part):
    """One measurement explained, at the side of the page."""

    item = param.Dict(default={}, doc="Title, place, number, word, note, definition, sections; closed without it.")

    _esm = script("drawer")
    _stylesheets = style("drawer")


KEYS = [
    ["?", "Help"],
    ["/", "Search of the page"],
    ["o", "Overview"],
    ["e", "Evidence"],
    ["j", "Next page of the menu"],
    ["k", "Page before"],
]


class Keys(Part):
    """The keyboard shortcuts."""

    keys = param.List(default=KEYS, doc="Each key and what it does.")

    _esm = script("keys")
    _stylesheets = style("keys")


class Text(Part):
    """Plain text, whatever it contains."""

    text = param.String(doc="The text.")
    kind = param.String(default="text", doc="text, muted, empty, error, notice, code, heading or loading.")

    _esm = script("text")
    _stylesheets = style("text")


Heard = Callable[[dict[str, Any]], None]
