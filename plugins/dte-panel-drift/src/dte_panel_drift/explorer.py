"""The heat map with what it leads to: a click, or two lists for the keyboard, open one column in one window."""

# mypy: allow-untyped-calls

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from dte_panel_drift import cell, heatmap
from dte_panel_drift.heatmap import Grid
from dte_panel_drift.tables import BEARING

#: The lists in the theme's colours; a native list is read out and worked by keys wherever there is a browser.
_LISTS = """
:host { flex: 1 1 180px; max-width: 420px; }
label { color: var(--dte-muted); font-size: 12.5px; }
select.bk-input { background-color: var(--dte-surface); color: var(--dte-text); font: inherit;
  border: 1px solid var(--dte-border-strong); border-radius: 8px; min-height: 36px; }
select.bk-input:focus-visible { outline: 2px solid var(--dte-accent); outline-offset: 1px; }
"""
SEVERITY, NAME = "How far it moved", "Name"


def features_over_time(results: Any) -> Any:
    """Heat map of the features by windows."""
    outputs = {column for _, column in _outputs(results)}
    return explorer(results, lambda column: None if column in outputs else column)


def outputs_over_time(results: Any) -> Any:
    """Heat map of score, prediction and label by windows."""
    names = {column: f"{role}: {column}" for role, column in _outputs(results)}
    return explorer(results, names.get) if names else None


def _outputs(results: Any) -> list[tuple[str, str]]:
    """Role and column of what a model gives and what it should give."""
    roles = results.roles
    return [(role.capitalize(), roles[role]) for role in ("score", "prediction", "label") if roles.get(role)]


def orders(results: Any, cells: Grid) -> dict[str, Mapping[str, float]]:
    """What the columns may be ordered by."""
    now = {m.column: m.value for m in results.measurements(heatmap.INDEX, window="current", cohort={})}
    found: dict[str, Mapping[str, float]] = {SEVERITY: {c: v for c, v in now.items() if v is not None}}
    weight = {m.column: m.value for m in results.measurements(*BEARING, window="current", cohort={})}
    if any(weight.get(c) for c in cells.columns):
        found["Bearing on performance"] = {c: v for c, v in weight.items() if v is not None}
    return {**found, NAME: {}}


def explorer(results: Any, named: Callable[[str], str | None]) -> Any:
    """The heat map, the lists, and the chosen cell."""
    cells = heatmap.grid(results, lambda column: named(column) is not None)
    if not cells.measured:
        return None
    return Explorer(results, cells, {c: named(c) or c for c in cells.columns}).view


class Explorer:
    """Heat map, lists and cell, kept in step.

    Attributes
    ----------
    view : Column
        What the page shows.
    order, column, window : Select
        The lists.
    """

    def __init__(self, results: Any, cells: Grid, names: Mapping[str, str]) -> None:
        import panel as pn

        self.results, self.names, self.by = results, names, orders(results, cells)
        self.cells, self.chosen = cells.ordered(self.by[SEVERITY]), heatmap.source([])
        window = results.window if results.window in cells.windows else cells.windows[-1]

        def choice(name: str, options: Any, value: str) -> Any:
            looks = {"stylesheets": [_LISTS], "sizing_mode": "stretch_width"}
            return pn.widgets.Select(label=name, options=options, value=value, **looks)

        self.order = choice("Order", list(self.by), SEVERITY)
        self.column = choice("Column", _options(self.cells, names), self.cells.columns[0])
        self.window = choice("Window", list(cells.windows), window)
        self.picture = pn.pane.Bokeh(self.draw(), sizing_mode="stretch_width", margin=0)
        self.order.param.watch(self.sort, "value")
        for one in (self.column, self.window):
            one.param.watch(self.mark, "value")
        told = pn.bind(self.tell, self.column, self.window)
        self.view = pn.Column(
            self.picture,
            pn.Row(self.order, self.column, self.window, sizing_mode="stretch_width", styles={"flex-wrap": "wrap"}),
            pn.panel(told, sizing_mode="stretch_width"),
            sizing_mode="stretch_width",
        )

    def draw(self) -> Any:
        """The picture in the present order, the chosen cell framed."""
        self.chosen = heatmap.source([])
        self.mark()
        plot = heatmap.chart(self.results, self.cells, self.names, self.chosen)
        plot.on_event("tap", self.choose)
        return plot

    def sort(self, *_: Any) -> None:
        """Draw in another order; the chosen cell stays."""
        self.cells = self.cells.ordered(self.by[self.order.value])
        self.column.options = _options(self.cells, self.names)
        self.picture.object = self.draw()

    def mark(self, *_: Any) -> None:
        """Frame the chosen cell."""
        place = self.cells.place(self.column.value, self.window.value)
        self.chosen.data = {"x": [place[0]] if place else [], "y": [place[1]] if place else []}

    def choose(self, event: Any) -> None:
        """A click into the picture."""
        place = self.cells.at(event.x, event.y)
        if place is not None:
            self.column.value, self.window.value = place

    def tell(self, column: str, window: str) -> Any:
        """What there is to say of a cell."""
        return cell.cell(self.results, column, window, self.names[column])


def _options(cells: Grid, names: Mapping[str, str]) -> dict[str, str]:
    """Names as they are read, of columns as they are called; two names alike do not hide one another."""
    found: dict[str, str] = {}
    for column in cells.columns:
        name = names[column]
        found[name if name not in found else f"{name} ({column})"] = column
    return found
