"""Every measurement in one table, its definition, where it came from, and downloads of what may be shared."""

# mypy: allow-untyped-calls

from __future__ import annotations

import io
from typing import Any

import panel_material_ui as pmui
import param

from dte_panel.second import sentence
from dte_panel.shell import sheets
from dte_panel.shell import words as w
from dte_panel.shell.catalogue import COLUMNS
from dte_panel.shell.layout import bar, card, stack
from dte_panel.shell.library import Subject
from dte_panel.shell.origin import explained
from dte_panel.shell.parts import Choices, Drawer, FrameHead, Hero, Table, Text
from dte_panel.shell.state import State
from dte_panel.shell.tables import MEASURED, column

PAGE_ROWS = 25
HOW = (
    "Choose a row for its definition, its verdicts and where it came from. CSV and Parquet have the rows that are "
    "found, JSON the whole evidence; all are fit to share: numbers of few rows are left out."
)
SHOWN = [str(c["key"]) for c in MEASURED]
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
    columns = param.List(default=SHOWN, item_type=str, doc="Keys of the columns that are shown.")

    def __init__(self, state: State, heard: Any) -> None:
        super().__init__(search=state.q)
        self._subject, self._state, self._heard = state.chosen, state, heard
        self._catalogue = self._subject.catalogue
        self._table = Table(caption="Measurements", sortable=True, selectable=True, heard=self._told)
        self._drawer = Drawer(heard=self._told)
        self._count = Text(kind="muted", sizing_mode=None, align="center")
        self._back, self._next = (
            pmui.Button(label=x, variant="outlined", size="small", margin=0) for x in ("Previous", "Next")
        )
        self._back.on_click(lambda _: self._turn(-PAGE_ROWS))
        self._next.on_click(lambda _: self._turn(PAGE_ROWS))
        self._found: list[int] = []
        self.param.watch(self._filtered, ["search", "provider", "result", "window"])
        self.param.watch(self._show, ["start", "order", "columns"])
        self.param.watch(self._explain, "chosen")
        self._filtered()
        self.view = stack(self._hero(), self._browser(), provenance(self._subject))

    def _hero(self) -> Hero:
        evidence = self._subject.evidence
        rows = [f"{s.get('name')}: {w.plural(int(s.get('rows') or 0), 'row')}" for s in evidence.data]
        told = [w.plural(len(evidence.measurements), "measurement"), *rows, sentence(evidence.second_opinion)]
        return Hero(title="Evidence", facts=[text for text in told if text])

    def _browser(self) -> Any:
        wide = {"size": "small", "margin": 0, "width": 180}
        providers = {"All providers": "", **{p.title: p.provider for p in self._subject.places if p.provider}}
        windows = {"All windows": "", "Reference": "reference", **{v: k for k, v in self._subject.windows.items()}}
        search = pmui.TextInput(label="Search", value=self.search, **{**wide, "width": 230})
        search.param.watch(lambda e: self.param.update(search=e.new or ""), "value_input")
        menus = [
            pmui.Select(label=label, options=options, value="", **wide)
            for label, options in (("Provider", providers), ("Result", _RESULTS), ("Window", windows))
        ]
        for menu, name in zip(menus, ("provider", "result", "window"), strict=True):
            menu.param.watch(lambda e, name=name: self.param.update(**{name: e.new or ""}), "value")
        options = [[key, c["label"]] for key, c in COLUMNS.items()]
        choice = Choices(label="Columns", options=options, chosen=self.columns, heard=self._told)
        self.param.watch(lambda e: choice.param.update(chosen=e.new), "columns")
        pager = bar(self._back, self._next, self._count)
        pager.margin = (10, 0, 0, 0)
        controls = bar(search, *menus, choice, *self._downloads())
        controls.margin = (12, 0, 10, 0)
        return card(FrameHead(title="Measurements", description=HOW), controls, self._table, pager, self._drawer)

    def _downloads(self) -> list[Any]:
        made = {"json": self.as_json, "csv": self.as_csv, "parquet": self.as_parquet}
        name = f"{sheets.slug(self._subject.key)}-evidence"
        plain = {"size": "small", "margin": 0}
        return [
            pmui.FileDownload(callback=make, filename=f"{name}.{kind}", label=label, **plain)
            for (kind, make), label in zip(made.items(), ("JSON", "CSV", "Parquet"), strict=True)
        ]

    def as_json(self) -> io.BytesIO:
        """The whole evidence that may be shared."""
        return io.BytesIO((self._subject.shared.dumps() + "\n").encode())

    def as_csv(self) -> io.BytesIO:
        """The rows that are found, for a spreadsheet."""
        return io.BytesIO(("\ufeff" + sheets.as_csv(self._frame())).encode())

    def as_parquet(self) -> io.BytesIO:
        """The rows that are found, with the types of the numbers."""
        out = io.BytesIO()
        self._frame().to_parquet(out, index=False)
        out.seek(0)
        return out

    def _frame(self) -> Any:
        return sheets.shared_rows(self._subject.shared, (self._catalogue.measurements[i] for i in self._found))

    def _turn(self, rows: int) -> None:
        self.param.update(start=max(0, self.start + rows), chosen=-1)

    def _filtered(self, *_: Any) -> None:
        self._found = self._catalogue.find(self.search, self.provider, self.result, self.window)
        self.param.update(start=0, chosen=-1)
        self._show()

    def _show(self, *_: Any) -> None:
        if self.order:
            self._catalogue.sort(self._found, self.order)
        shown = [self._catalogue.cells(i) for i in self._found[self.start : self.start + PAGE_ROWS]]
        total, last = len(self._found), self.start + len(shown)
        self._table.param.update(
            columns=[COLUMNS[key] for key in self.columns],
            rows=[[cells[key] for key in self.columns] for cells in shown],
            sorted=self.order,
        )
        self._count.text = f"{self.start + 1:,} to {last:,} of {total:,}" if total else "No measurement fits."
        self._back.disabled, self._next.disabled = self.start == 0, last >= total

    def _explain(self, *_: Any) -> None:
        place = self.start + self.chosen
        fits = 0 <= self.chosen < PAGE_ROWS and place < len(self._found)
        self._table.chosen = self.chosen if fits else -1
        told = explained(self._subject, self._catalogue.measurements[self._found[place]]) if fits else {}
        self._drawer.item = told

    def _told(self, message: dict[str, Any]) -> None:
        if message.get("sort") in {f"{sign}{key}" for key in COLUMNS for sign in ("", "-")}:
            self.param.update(order=message["sort"], start=0, chosen=-1)
        elif isinstance(message.get("choose"), int):
            self.chosen = -1 if message["choose"] == self.chosen else message["choose"]
        elif isinstance(message.get("step"), int):
            self._step(message["step"])
        elif isinstance(message.get("shown"), list):
            wanted = [key for key in COLUMNS if key in message["shown"]]
            self.columns = wanted or SHOWN[:1]

    def _step(self, rows: int) -> None:
        """The drawer goes on to the next measurement, or back."""
        place = min(max(self.start + self.chosen + (1 if rows > 0 else -1), 0), len(self._found) - 1)
        self.param.update(start=place - place % PAGE_ROWS, chosen=place % PAGE_ROWS)
        self._explain()


def provenance(subject: Subject) -> Any:
    """Where the numbers came from."""
    evidence = subject.evidence
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
        ["Digest of the evidence", subject.digest],
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
