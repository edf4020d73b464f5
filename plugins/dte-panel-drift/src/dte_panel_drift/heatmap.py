"""Every column over every window as one picture: an image, which stays quick where thousands of glyphs would not."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dte_panel.charts import labelled, number
from dte_panel_drift.charts import figure

if TYPE_CHECKING:
    from dte_panel import Measurement

INDEX = "population_stability_index"
#: A value from here on has the strongest colour; the usual bound for "moved" is 0.2.
STRONGEST = 0.25
#: Pixels of a row, and of the whole picture; where rows are lower, some of the names are left out.
ROW, LEAST, MOST = 24, 4, 900
#: More cells than this have no words of their own under the pointer; a click has them all.
MOST_WORDS = 4_000
#: More marks than this would make the picture slow and say nothing: they are left out, and it says so.
MOST_MARKS = 4_000
Order = Mapping[str, float]


@dataclass(frozen=True)
class Grid:
    """The cells: columns from the top down, windows from the left, and the number of each."""

    columns: Sequence[str]
    windows: Sequence[str]
    cells: Mapping[tuple[str, str], Measurement]

    @property
    def measured(self) -> bool:
        """Whether there is anything to show."""
        return any(m.value is not None for m in self.cells.values())

    def ordered(self, order: Order) -> Grid:
        """The columns with the largest number on top; those that lack one last."""
        columns = sorted(self.columns, key=lambda c: (-order.get(c, -1.0), c))
        return Grid(columns, self.windows, self.cells)

    def at(self, x: float, y: float) -> tuple[str, str] | None:
        """Column and window of a place in the picture."""
        column, window = len(self.columns) - 1 - round(y), round(x)
        inside = 0 <= column < len(self.columns) and 0 <= window < len(self.windows)
        return (self.columns[column], self.windows[window]) if inside else None

    def place(self, column: str, window: str) -> tuple[int, int] | None:
        """Where a cell is drawn."""
        if column not in self.columns or window not in self.windows:
            return None
        return self.windows.index(window), len(self.columns) - 1 - self.columns.index(column)


def grid(results: Any, wanted: Callable[[str], bool]) -> Grid:
    """The index of all rows in each window, of the columns that are wanted."""
    windows = results.windows or ["current"]
    kept = set(windows)
    found = {
        (m.column, m.window): m
        for m in results.measurements(INDEX, window=None, cohort={})
        if m.window in kept and wanted(m.column)
    }
    return Grid(sorted({column for column, _ in found}), windows, found)


def usual(m: Any) -> float:
    """What 95 % of samples without drift stay below."""
    return float(m.detail.get("without_drift", {}).get("quantile_95", math.inf))


def chart(results: Any, cells: Grid, names: Mapping[str, str], chosen: Any) -> Any:
    """The picture; ``chosen`` is the source of the frame around the chosen cell."""
    rows = len(cells.columns)
    height = max(260, 90 + min(ROW * rows, MOST))
    across, left_out = len(cells.windows), ""
    plot = figure(
        results, height=height, x_range=(-0.5, across - 0.5), y_range=(-0.5, rows - 0.5),
        x_axis_label="Start of the window" if results.windows else "",
    )  # fmt: skip
    image = _image(results, plot, cells, names)
    for marks, draw in ((_failed(results, cells), _frame), (_beyond(cells), _dot)):
        if len(marks) <= MOST_MARKS:
            draw(results, plot, marks)
        else:
            left_out = " (frames and dots are left out: too many cells)"
    plot.rect("x", "y", 1, 1, source=chosen, fill_color=None, line_color=results.tokens["accent"], line_width=3)
    labelled(plot.xaxis[0], [w[:10] for w in cells.windows], most=12)
    if across > 4:  # level dates would run into each other on a phone
        plot.xaxis.major_label_orientation = 0.6
    # Names from the top down, as many as have room.
    fitting = max(1, min(rows, (height - 90) // 14))
    labelled(plot.yaxis[0], [names[c] for c in reversed(cells.columns)], most=fitting)
    plot.yaxis.axis_label = f"{rows:,} columns{left_out}" if left_out or fitting < rows else ""
    plot.grid.visible = False
    _scale(results, plot, image)
    return plot


def _image(results: Any, plot: Any, cells: Grid, names: Mapping[str, str]) -> Any:
    import numpy as np
    from bokeh.models import ColumnDataSource, HoverTool, LinearColorMapper

    rows, across = len(cells.columns), len(cells.windows)
    place = {w: i for i, w in enumerate(cells.windows)}
    line = {c: rows - 1 - i for i, c in enumerate(cells.columns)}
    values, counts = np.full((rows, across), np.nan, dtype=np.float32), np.zeros((rows, across), dtype=np.int32)
    for (column, window), m in cells.cells.items():
        at = line[column], place[window]
        counts[at] = m.n
        if m.value is not None:
            values[at] = m.value
    data: dict[str, Any] = {"image": [values], "rows": [counts]}
    tips = [("PSI", "@image"), ("Rows", "@rows")]
    if rows * across <= MOST_WORDS:
        data |= _words(results, cells, names)
        tips = [("Column", "@column"), ("Window", "@window"), ("PSI", "@text"), ("Rows", "@rows"),
                ("Without drift", "@chance"), ("Verdict", "@verdict")]  # fmt: skip
    colours = _ramp([results.tokens[f"heat_{i}"] for i in range(5)], 60)
    mapper = LinearColorMapper(palette=colours, low=0, high=STRONGEST, nan_color=results.tokens["none_bg"])
    image = plot.image(
        "image",
        x=-0.5,
        y=-0.5,
        dw=across,
        dh=rows,
        color_mapper=mapper,
        source=ColumnDataSource(data),
        anchor="bottom_left",
    )
    plot.add_tools(HoverTool(renderers=[image], tooltips=tips))
    return image


def _words(results: Any, cells: Grid, names: Mapping[str, str]) -> dict[str, list[Any]]:
    """What stands under the pointer, line by line from the bottom."""

    def table(of: Callable[[str, str], str]) -> list[Any]:
        return [[[of(c, w) for w in cells.windows] for c in reversed(cells.columns)]]

    def told(say: Callable[[Any], str]) -> list[Any]:
        known = cells.cells
        return table(lambda c, w: say(known[c, w]) if (c, w) in known else "not measured")

    return {
        "column": table(lambda c, w: names[c]),
        "window": table(lambda c, w: w),
        "text": told(lambda m: f"not evaluated: {m.reason}" if m.value is None else number(m.value)),
        "chance": told(lambda m: "unknown" if math.isinf(usual(m)) else f"up to {number(usual(m))}"),
        "verdict": told(lambda m: results.verdict_of(m).replace("_", " ") or "no check"),
    }


def _failed(results: Any, cells: Grid) -> list[tuple[int, int]]:
    return _places(cells, lambda m: results.verdict_of(m) == "fail")


def _beyond(cells: Grid) -> list[tuple[int, int]]:
    return _places(cells, lambda m: m.value is not None and m.value > usual(m))


def _places(cells: Grid, wanted: Callable[[Any], bool]) -> list[tuple[int, int]]:
    rows = len(cells.columns)
    place = {w: i for i, w in enumerate(cells.windows)}
    line = {c: rows - 1 - i for i, c in enumerate(cells.columns)}
    return [(place[w], line[c]) for (c, w), m in cells.cells.items() if wanted(m)]


def source(places: Sequence[tuple[int, int]]) -> Any:
    """Places as data of a glyph."""
    from bokeh.models import ColumnDataSource

    return ColumnDataSource({"x": [x for x, _ in places], "y": [y for _, y in places]})


def _frame(results: Any, plot: Any, places: Sequence[tuple[int, int]]) -> None:
    ink = results.tokens["text"]
    plot.rect("x", "y", 0.96, 0.9, source=source(places), fill_color=None, line_color=ink, line_width=1.5)


def _dot(results: Any, plot: Any, places: Sequence[tuple[int, int]]) -> None:
    plot.scatter("x", "y", size=4, source=source(places), color=results.tokens["text"], line_color=None)


def _scale(results: Any, plot: Any, image: Any) -> None:
    from bokeh.models.annotations import ColorBar

    muted = results.tokens["muted"]
    bar = ColorBar(
        color_mapper=image.glyph.color_mapper, width=8, padding=4, title="PSI", background_fill_alpha=0,
        title_text_color=muted, major_label_text_color=muted,
    )  # fmt: skip
    plot.add_layout(bar, "right")


def _ramp(colours: list[str], steps: int) -> list[str]:
    """Colours in between, so that 0.19 and 0.21 differ."""
    stops = [[int(c[i : i + 2], 16) for i in (1, 3, 5)] for c in colours]
    made = []
    for step in range(steps):
        place = step / (steps - 1) * (len(stops) - 1)
        left = min(int(place), len(stops) - 2)
        mixed = [round(a + (b - a) * (place - left)) for a, b in zip(stops[left], stops[left + 1], strict=True)]
        made.append("#{:02x}{:02x}{:02x}".format(*mixed))
    return made
