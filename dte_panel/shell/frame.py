"""The card around every view: title, definition, table twin, downloads, full screen, and what went wrong."""

# mypy: allow-untyped-calls

from __future__ import annotations

from typing import Any

import panel as pn
from bokeh.models.renderers import GlyphRenderer

from dte_panel.errors import DTEError, PluginError
from dte_panel.looks import View
from dte_panel.registry import guarded
from dte_panel.shell import safe, sheets
from dte_panel.shell import words as w
from dte_panel.shell.definitions import definition
from dte_panel.shell.layout import body, card
from dte_panel.shell.library import Subject
from dte_panel.shell.parts import FrameHead, Table, Text
from dte_panel.shell.results import Results
from dte_panel.shell.tables import of_frame, twin

NOTHING = "Nothing to show for this selection."
#: Beside a figure of more data than this no table is made: nobody reads it.
MOST_DATA = 5_000


class Frame:
    """One view's card. A view gives a title and something to draw; all else comes with the frame."""

    def __init__(self, view: View, results: Results, subject: Subject, label: str = "") -> None:
        self._view, self._results, self._subject = view, results, subject
        self._body = body(Text(text="Drawing …", kind="loading"))
        ids, title = [str(i) for i in view.metrics], " · ".join(filter(None, [str(view.title), label]))
        self._shown = (results.measurements(*ids) or results.measurements(*ids, window=None)) if ids else []
        self.head = FrameHead(
            title=title,
            description=str(view.description),
            definitions=[definition(results, i) for i in ids],
            full=True,
            file=f"{sheets.slug(subject.key)}-{sheets.slug(title)}",
            origin=_origin(results, subject),
            heard=self._told,
        )
        table = [twin(self._shown, subject.evidence.metrics, results.verdict_of, title)] if self._shown else []
        self.view = card(self.head, self._body, *table, wide=bool(view.wide))

    def drawn(self, budget: float) -> Any:
        """Let the view draw, within its time; what it gives is made fit for the page."""
        reason = self._unset() or self._unmeasured()
        if reason:
            return Text(text=reason, kind="empty")
        try:
            drawn = guarded(lambda: safe.viewable(self._view.render(self._results)), budget, "it")
        except PluginError as error:
            return Text(text=f"This view could not be drawn: {error.message}", kind="error")
        except DTEError as error:
            return Text(text=f"This view could not be drawn: {error}", kind="error")
        return Text(text=NOTHING, kind="empty") if drawn is None else drawn

    def show(self, drawn: Any) -> None:
        """Put what was drawn into the card; what fails only now is told there too."""
        if isinstance(drawn, Text) and drawn.kind == "empty":
            self.view.objects = self.view.objects[:2]  # one line is enough; the evidence page has every number
        elif not self._shown:
            self._twins(drawn)
        try:
            self._body.objects = [drawn]
        except Exception as error:  # noqa: BLE001 - a plugin's object may raise anything when it becomes a model
            told = f"This view could not be drawn: {type(error).__name__}: {' '.join(str(error).split())[:300]}"
            self._body.objects = [Text(text=told, kind="error")]
        self.head.sheets = bool(self._shown or self._tables())

    def _twins(self, drawn: Any) -> None:
        """A view without metrics has no measurements: the data of its figures stands in the table instead."""
        if not any(isinstance(part, Table) for part in drawn.select()):
            made = [of_frame(data, caption=f"Data of {self._view.title}") for data in _data(drawn)[:1]]
            for table in made:
                table.folded = "Show as table"
            self.view.extend(made)

    def _tables(self) -> list[Table]:
        return [part for part in self.view.select() if isinstance(part, Table)]

    def _told(self, message: dict[str, Any]) -> None:
        """The browser asks for the numbers of the view; the evidence that may be shared has them."""
        if message.get("act") == "csv":
            shown, tables = self._shown, self._tables()
            text = sheets.as_csv(sheets.shared_rows(self._subject.shared, shown)) if shown else sheets.of_tables(tables)
            self.head.sheet = {"text": text, "turn": self.head.sheet.get("turn", 0) + 1}

    @property
    def title(self) -> str:
        """The view's title."""
        return str(self._view.title)

    @property
    def missing(self) -> list[str]:
        """Roles that the view needs and that are not set."""
        return [str(role) for role in self._view.needs if not self._results.roles.get(role)]

    def _unset(self) -> str:
        missing = self.missing
        named = w.listing([f"roles.{role}" for role in missing], 9)
        return f"No {w.listing(missing, 9)} role is set: add {named} to trust.yaml." if missing else ""

    def _unmeasured(self) -> str:
        """Why there is nothing to draw, where none of the view's metrics has a number anywhere."""
        ids = [str(i) for i in self._view.metrics]
        every = self._results.measurements(*ids, window=None) if ids else []
        if not every or any(m.status == "ok" for m in every):
            return ""
        reasons = list(dict.fromkeys(m.reason for m in every if m.reason))
        return f"Not evaluated: {w.listing(reasons, 2) or 'no reason was given'}."


def _origin(results: Results, subject: Subject) -> str:
    """What a picture says of itself once it has left the page."""
    window = subject.windows.get(results.window, results.window)
    version = str(subject.evidence.subject.get("version") or "")
    told = [subject.key, f"version {version}" if version else "", window, w.cohort_label(results.cohort)]
    told += [f"assessed {w.when(subject.evidence.created)}" if subject.evidence.created else "", "DTE Panel"]
    return " · ".join(text for text in told if text)


def _data(drawn: Any) -> list[Any]:
    """The data behind the marks of the figures, as tables."""
    import pandas as pd

    found = []
    for pane in drawn.select(pn.pane.Bokeh):
        for renderer in pane.object.select({"type": GlyphRenderer}) if pane.object is not None else ():
            given = getattr(getattr(renderer, "data_source", None), "data", {})
            columns = {name: list(values) for name, values in given.items()}
            lengths = {len(values) for values in columns.values()}
            if len(lengths) == 1 and lengths.pop() <= MOST_DATA:
                found.append(pd.DataFrame(columns))
    return found
