"""All subjects in one table: verdict, worst finding, age. Search, filter and sort."""

# mypy: allow-untyped-calls

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import panel_material_ui as pmui
import param

from dte_panel.shell import words as w
from dte_panel.shell.findings import headline, rank
from dte_panel.shell.layout import bar, card, stack
from dte_panel.shell.library import OVERVIEW, Subject
from dte_panel.shell.parts import FrameHead, Hero, Table
from dte_panel.shell.state import State
from dte_panel.shell.tables import MOST_ROWS, column

COLUMNS = [
    column("name", "Subject", "link"),
    column("verdict", "Verdict", "verdict"),
    column("worst", "Worst finding", "wide"),
    column("checks", "Checks"),
    column("risk", "Risk"),
    column("owner", "Owner"),
    column("age", "Assessed"),
]
_ANY = {"Any verdict": "", **{text: key for key, text in w.VERDICT_WORDS.items()}}
_RISKS = ("", "low", "medium", "high")


class Portfolio(param.Parameterized):
    """The page; worst first until it is sorted otherwise."""

    search = param.String(doc="Words that must all stand in the row.")
    verdict = param.String(doc="Only with this verdict.")
    order = param.String(default="-verdict", doc="Key of the sorted column; with a minus it descends.")

    def __init__(self, state: State, heard: Any) -> None:
        super().__init__()
        self._state, self._heard, self._now = state, heard, datetime.now(UTC)
        self._subjects = list(state.library.subjects.values())
        self._table = Table(columns=COLUMNS, caption="Subjects", sortable=True, heard=self._told)
        self.param.watch(self._show, ["search", "verdict", "order"])
        self._show()
        plain = {"size": "small", "margin": 0, "width": 230}
        search = pmui.TextInput(label="Search", **plain)
        search.param.watch(lambda e: self.param.update(search=e.new or ""), "value_input")
        menu = pmui.Select(label="Verdict", options=_ANY, value="", **plain)
        menu.param.watch(lambda e: self.param.update(verdict=e.new or ""), "value")
        controls = bar(search, menu)
        controls.margin = (12, 0, 10, 0)
        head = FrameHead(title="Subjects", description="What the policy of each says of its last assessment.")
        self.view = stack(self._hero(), card(head, controls, self._table))

    def _hero(self) -> Hero:
        words: list[str] = [s.evidence.verdict for s in self._subjects]
        counts = {word: words.count(word) for word in w.VERDICT_WORDS}
        told = [f"{n:,} {w.VERDICT_WORDS[word].lower()}" for word, n in counts.items() if n]
        return Hero(title="Portfolio", facts=[w.plural(len(words), "subject"), *told])

    def _show(self, *_: Any) -> None:
        wanted = self.search.casefold().split()
        found = [
            s
            for s in self._subjects
            if (not self.verdict or s.evidence.verdict == self.verdict) and _matches(s, wanted)
        ]
        key = self.order.removeprefix("-")
        found.sort(key=lambda s: s.key.casefold())
        found.sort(key=lambda s: _sortable(s, key), reverse=self.order.startswith("-"))
        more = f"The first {MOST_ROWS} of {len(found):,}; search for the others."
        note = "No subject fits." if not found else more if len(found) > MOST_ROWS else ""
        self._table.param.update(rows=[self._row(s) for s in found[:MOST_ROWS]], sorted=self.order, note=note)

    def _row(self, subject: Subject) -> list[Any]:
        go = {"subject": subject.key, "page": OVERVIEW}
        who, use = subject.evidence.subject, subject.evidence.use_case
        return [
            {"text": subject.key, "href": self._state.link(**go, window="", cohort=""), "go": go},
            subject.evidence.verdict,
            _worst(subject),
            headline(subject.summary).partition(": ")[2].capitalize(),
            str(use.get("risk") or ""),
            str(who.get("owner") or ""),
            w.age(subject.evidence.created, self._now),
        ]

    def _told(self, message: dict[str, Any]) -> None:
        if message.get("sort") in {f"{sign}{c['key']}" for c in COLUMNS for sign in ("", "-")}:
            self.order = message["sort"]
        else:
            self._heard(message)


def _worst(subject: Subject) -> str:
    first = next((f for f in subject.findings if f.verdict != "pass"), None)
    return first.sentence if first else "Every check passes." if subject.findings else "No check was asked for."


def _matches(subject: Subject, wanted: list[str]) -> bool:
    if not wanted:
        return True
    who, use = subject.evidence.subject, subject.evidence.use_case
    told = (subject.key, who.get("owner"), who.get("kind"), use.get("name"), use.get("risk"), _worst(subject))
    text = " ".join(str(x) for x in told if x).casefold()
    return all(word in text for word in wanted)


def _sortable(subject: Subject, key: str) -> Any:
    evidence = subject.evidence
    risk = str(evidence.use_case.get("risk") or "")
    found: dict[str, Any] = {
        "name": subject.key.casefold(),
        "verdict": rank(evidence.verdict),
        "worst": max((f.excess for f in subject.findings if f.verdict != "pass"), default=0.0),
        "checks": subject.summary.required.get("fail", 0),
        "risk": _RISKS.index(risk) if risk in _RISKS else len(_RISKS),
        "owner": str(evidence.subject.get("owner") or "").casefold(),
        "age": evidence.created,
    }
    return found[key]
