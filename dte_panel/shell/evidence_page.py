"""Every measurement in one table, its definition, where it came from, and downloads of what may be shared."""

# mypy: allow-untyped-calls

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import panel_material_ui as pmui
import param

from dte_panel.evidence import Evidence
from dte_panel.model import Measurement
from dte_panel.second import sentence
from dte_panel.shell import words as w
from dte_panel.shell.definitions import describe
from dte_panel.shell.layout import bar, card, stack
from dte_panel.shell.parts import FrameHead, Hero, Table, Text
from dte_panel.shell.sheets import as_csv, slug
from dte_panel.shell.state import State
from dte_panel.shell.tables import MEASURED, column, measured_row

PAGE_ROWS = 25
HOW = "Choose a row for its definition and its verdicts. Downloads are fit to share: numbers of few rows are left out."
_RESULTS = {"Any result": "", **{text: key for key, text in w.VERDICT_WORDS.items()}, "Not judged": "none"}


class EvidencePage(param.Parameterized):
    """Search, filter, sort and read the measurements."""

    search = param.String(doc="Words that must all stand in the row.")
    provider = param.String(doc="Only of this provider.")
    result = param.String(doc="Only with this verdict.")
    window = param.String(doc="Only in this window.")
    start = param.Integer(default=0, doc="First row of the table's page.")
    order = param.String(doc="Key of the sorted column; with a minus it descends.")
    chosen = param.Integer(default=-1, doc="Row that is explained.")

    def __init__(self, state: State, heard: Any) -> None:
        super().__init__(search=state.q)
        self._subject, self._state, self._heard = state.chosen, state, heard
        metrics = self._subject.evidence.metrics
        self._rows = [self._row(m, metrics) for m in self._subject.evidence.measurements]
        self._table = Table(columns=MEASURED, caption="Measurements", sortable=True, selectable=True, heard=self._told)
        self._about = FrameHead(visible=False, open=True)
        self._count = Text(kind="muted", sizing_mode=None, align="center")
        self._back, self._next = (
            pmui.Button(label=x, variant="outlined", size="small", margin=0) for x in ("Previous", "Next")
        )
        self._back.on_click(lambda _: self._turn(-PAGE_ROWS))
        self._next.on_click(lambda _: self._turn(PAGE_ROWS))
        self.param.watch(self._filtered, ["search", "provider", "result", "window"])
        self.param.watch(self._show, ["start", "order", "chosen"])
        self._found: list[tuple[Measurement, list[Any]]] = []
        self._filtered()
        self.view = stack(self._hero(), self._browser(), provenance(self._subject.evidence))

    def _row(self, m: Measurement, metrics: Mapping[str, Any]) -> tuple[Measurement, list[Any]]:
        unit = str(metrics.get(m.metric, {}).get("unit", ""))
        return m, measured_row(m, w.title_of(m.metric, metrics), unit, self._subject.index.word(m))

    def _hero(self) -> Hero:
        evidence = self._subject.evidence
        rows = [f"{s.get('name')}: {w.plural(int(s.get('rows') or 0), 'row')}" for s in evidence.data]
        told = [w.plural(len(evidence.measurements), "measurement"), *rows, sentence(evidence.second_opinion)]
        return Hero(title="Evidence", facts=[text for text in told if text])

    def _browser(self) -> Any:
        wide = {"size": "small", "margin": 0, "width": 190}
        providers = {"All providers": "", **{p.title: p.provider for p in self._subject.places if p.provider}}
        windows = {"All windows": "", "Reference": "reference", **{v: k for k, v in self._subject.windows.items()}}
        search = pmui.TextInput(label="Search", value=self.search, **{**wide, "width": 250})
        search.param.watch(lambda e: self.param.update(search=e.new or ""), "value_input")
        menus = [
            pmui.Select(label=label, options=options, value="", **wide)
            for label, options in (("Provider", providers), ("Result", _RESULTS), ("Window", windows))
        ]
        for menu, name in zip(menus, ("provider", "result", "window"), strict=True):
            menu.param.watch(lambda e, name=name: self.param.update(**{name: e.new or ""}), "value")
        pager = bar(self._back, self._next, self._count)
        pager.margin = (10, 0, 0, 0)
        head = FrameHead(title="Measurements", description=HOW)
        controls = bar(search, *menus, *self._downloads())
        controls.margin = (12, 0, 10, 0)
        return card(head, controls, self._about, self._table, pager)

    def _downloads(self) -> list[Any]:
        subject, name = self._subject, slug(self._subject.key)
        made = {
            "json": lambda: io.BytesIO((subject.shared.dumps() + "\n").encode()),
            "csv": lambda: io.BytesIO(as_csv(subject.shared.frame()).encode()),
        }
        return [
            pmui.FileDownload(
                callback=make,
                filename=f"{name}-evidence.{kind}",
                label=kind.upper(),
                size="small",
                margin=0,
            )
            for kind, make in made.items()
        ]

    def _turn(self, rows: int) -> None:
        self.param.update(start=max(0, self.start + rows), chosen=-1)

    def _filtered(self, *_: Any) -> None:
        wanted = self.search.casefold().split()
        self._found = [
            (m, row)
            for m, row in self._rows
            if (not self.provider or m.provider == self.provider)
            and (not self.window or m.window == self.window)
            and (not self.result or (row[7] or "none") == self.result)
            and _matches(m, row, wanted)
        ]
        self.param.update(start=0, chosen=-1)
        self._show()

    def _show(self, *_: Any) -> None:
        if self.order:
            key = self.order.removeprefix("-")
            self._found.sort(key=lambda item: _sortable(item, key), reverse=self.order.startswith("-"))
        shown = self._found[self.start : self.start + PAGE_ROWS]
        total, last = len(self._found), self.start + len(shown)
        self._table.param.update(rows=[row for _, row in shown], sorted=self.order, chosen=self.chosen)
        self._count.text = f"{self.start + 1:,} to {last:,} of {total:,}" if total else "No measurement fits."
        self._back.disabled, self._next.disabled = self.start == 0, last >= total
        self._explain(shown)

    def _explain(self, shown: list[tuple[Measurement, list[Any]]]) -> None:
        if not 0 <= self.chosen < len(shown):
            self._about.visible = False
            return
        m, row = shown[self.chosen]
        told = describe({"title": row[0], **self._subject.evidence.metrics.get(m.metric, {})})
        verdicts = [v for v in self._subject.index.verdicts.get(m.provider, ()) if v.measurement == m]
        facts = [["Id", f"{m.metric}, version {m.version}"], *told["facts"]]
        facts += [["Check", f"{w.bound_text(v.bound)}: {w.VERDICT_WORDS[v.verdict]}, {v.reason}"] for v in verdicts]
        facts += [["Detail", f"{name}: {_short(text)}"] for name, text in m.detail.items()]
        shown_as = [{"title": "", "definition": "", "facts": facts}]
        title = " · ".join(filter(None, [row[0], *row[1:4]]))
        self._about.param.update(title=title, description=told["definition"], definitions=shown_as, visible=True)

    def _told(self, message: dict[str, Any]) -> None:
        if message.get("sort") in {f"{sign}{c['key']}" for c in MEASURED for sign in ("", "-")}:
            self.param.update(order=message["sort"], start=0, chosen=-1)
        elif isinstance(message.get("choose"), int):
            self.chosen = -1 if message["choose"] == self.chosen else message["choose"]


def _matches(m: Measurement, row: list[Any], wanted: list[str]) -> bool:
    text = " ".join([m.metric, *map(str, row)]).casefold() if wanted else ""
    return all(word in text for word in wanted)


def _sortable(item: tuple[Measurement, list[Any]], key: str) -> tuple[Any, ...]:
    m, row = item
    if key in {"value", "n"}:
        value = getattr(m, key)
        return value is None, value or 0
    if key == "interval":
        return m.low is None, m.low or 0.0
    return (str(row[next(i for i, c in enumerate(MEASURED) if c["key"] == key)]).casefold(),)


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= 300 else text[:300] + " …"


def provenance(evidence: Evidence) -> Any:
    """Where the numbers came from."""
    labels = [
        ("name", "Data", "text"),
        ("uri", "Place", "text"),
        ("rows", "Rows", "number"),
        ("sha256", "SHA-256", "wide"),
    ]
    rows = [
        [str(s.get("name")), str(s.get("uri")), w.number(s.get("rows")), str(s.get("sha256") or "–")]
        for s in evidence.data
    ]
    data = Table(columns=[column(*x) for x in labels], rows=rows, caption="Data")
    told = [
        ["Task", evidence.task],
        ["Assessed", w.when(evidence.created)],
        ["Digest of the evidence", evidence.digest()],
    ]
    told += [["Policy", str(evidence.policy.get("title") or evidence.policy.get("id") or "–")]]
    told += [[f"Version of {name}", str(version)] for name, version in evidence.versions.items()]
    made = Table(
        columns=[column("what", "What"), column("is", "Is", "wide")],
        rows=told,
        caption="How it was made",
        margin=(14, 0, 0, 0),
    )
    head = FrameHead(
        title="Where it came from",
        description="The same data, spec and versions give the same evidence, but for the time.",
    )
    return card(head, data, made)
