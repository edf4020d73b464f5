"""What a user is looking at: one state, in the URL and out of it. No Panel, so it is tested without a browser."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlencode

import param

from dte_panel.model import CURRENT
from dte_panel.shell.compare import options
from dte_panel.shell.library import OVERVIEW, OWN_PAGES, PORTFOLIO, Library, Place, Subject

FIELDS = ("subject", "page", "window", "cohort", "versus", "q")
_LONGEST = 200


class State(param.Parameterized):
    """The selection. Whatever cannot be shown falls back and is said in ``notice``.

    Values come from the URL and from messages of the browser: they are looked up in what the evidence has, and never
    evaluated.
    """

    subject = param.String(doc="Key of the subject.")
    page = param.String(default=OVERVIEW, doc="Key of the page.")
    window = param.String(default=CURRENT, doc="Selected window.")
    cohort = param.String(default="", doc="Label of the selected cohort; empty is all rows.")
    versus = param.String(default="", doc="What the selection is compared with, such as window:reference.")
    q = param.String(default="", doc="Search text of the evidence page.")
    notice = param.String(default="", doc="What of a link could not be followed.")

    def __init__(self, library: Library, **params: Any) -> None:
        self.library = library
        super().__init__(**params)  # type: ignore[no-untyped-call]
        self.go(self.values())

    @property
    def chosen(self) -> Subject:
        """The selected subject."""
        return self.library.subjects[self.subject]

    @property
    def place(self) -> Place:
        """The selected page."""
        return next(p for p in self.chosen.places if p.key == self.page)

    def values(self) -> dict[str, str]:
        """The selection as plain text."""
        return {name: getattr(self, name) for name in FIELDS}

    def go(self, wanted: dict[str, Any]) -> None:
        """Move to a selection; what is not named stays, what does not exist falls back with a notice."""
        asked = {**self.values(), **{k: str(v)[:_LONGEST] for k, v in wanted.items() if k in FIELDS}}
        subjects = self.library.subjects
        notices: list[str] = []
        first = next(iter(subjects))
        asked["subject"] = _known("subject", asked["subject"] or first, subjects, first, notices)
        there = subjects[asked["subject"]]
        pages = {p.key: p.title for p in there.places}
        asked["page"] = _known("page", asked["page"], pages, OVERVIEW, notices)
        asked["window"] = _known("window", asked["window"], there.windows, CURRENT, notices)
        asked["cohort"] = _known("cohort", asked["cohort"], there.cohorts, "", notices)
        choice = options(self.library, there, asked["window"], asked["cohort"])
        if asked["versus"] not in choice:
            # Chosen in a menu, the other side of a comparison is no mistake; in a link it is.
            mistaken = "versus" in wanted and asked["versus"] != self._itself(asked)
            if mistaken:
                notices.append(f"“{asked['versus']}” cannot be compared with in this evidence.")
            asked["versus"] = ""
        self.param.update(**asked, notice=" ".join(notices))

    @staticmethod
    def _itself(asked: dict[str, str]) -> str:
        """The comparison of the selection with itself, which shows nothing."""
        kind = asked["versus"].partition(":")[0]
        return f"{kind}:{asked.get(kind, '')}"

    def read(self, search: str) -> None:
        """Take the selection from a URL's query; what the query does not name is the default."""
        given = dict(parse_qsl(search.lstrip("?"), max_num_fields=50))
        blank = {"subject": "", "page": OVERVIEW, "window": CURRENT, "cohort": "", "versus": "", "q": ""}
        if len(self.library.subjects) > 1 and not any(name in given for name in FIELDS):
            blank["page"] = PORTFOLIO
        self.go({**blank, **{k: v for k, v in given.items() if k in FIELDS}})

    def link(self, **changes: str) -> str:
        """The URL's query for this selection with some changes; defaults are left out."""
        values = {**self.values(), **changes}
        if values["page"] != "evidence":
            values["q"] = ""
        if values["page"] in OWN_PAGES:
            values["versus"] = ""
        if values["page"] == PORTFOLIO:
            return f"?page={PORTFOLIO}"
        if len(self.library.subjects) == 1:
            values["subject"] = ""
        values["page"] = "" if values["page"] == OVERVIEW else values["page"]
        values["window"] = "" if values["window"] == CURRENT else values["window"]
        return "?" + urlencode({k: v for k, v in values.items() if v})


def _known(kind: str, value: str, valid: Any, default: str, notices: list[str]) -> str:
    if value in valid:
        return value
    shown = {"cohort": "all rows", "window": "all current rows"}.get(kind, default)
    notices.append(f"There is no {kind} “{value}” in this evidence; this shows {shown}.")
    return default
