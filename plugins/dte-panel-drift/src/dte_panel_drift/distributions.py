"""Reference and current distribution of single columns, from their bins."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from dte_panel.charts import cut, legend, share
from dte_panel_drift.binned import rows_per_bin
from dte_panel_drift.charts import figure, paired_bars

if TYPE_CHECKING:
    from dte_panel.states import Binned

#: So many bars fit into one small picture.
MOST_BARS = 12
#: A bin narrower than this share of the picture is a needle that flattens everything else: bars show it better.
NARROWEST = 0.002
#: Height of every small picture.
HEIGHT = 260
NAMES = {None: "missing", "-inf": "−∞", "+inf": "+∞"}


def panels(results: Any, columns: list[str]) -> Any:
    """One small picture for each column, as many beside each other as fit."""
    made = [one for one in (picture(results, column, results.window) for column in columns) if one is not None]
    return beside(made)


def beside(pictures: list[Any]) -> Any:
    """Pictures beside each other, as many as fit."""
    import panel as pn

    if not pictures:
        return None
    grid = {
        "display": "grid",
        "grid-template-columns": "repeat(auto-fit, minmax(min(300px, 100%), 1fr))",
        "gap": "16px",
    }
    # Panel's column adds a button that would take a cell of the grid.
    css = ".scroll-button {display: none !important}"
    return pn.Column(*pictures, sizing_mode="stretch_width", styles=grid, stylesheets=[css])


def picture(results: Any, column: str, window: str) -> Any:
    """Steps for numbers that spread over their bins, bars for everything else."""
    kept = [results.states("Histogram", window=w, column=column) for w in (window, "reference")]
    if not all(kept):
        return None
    now, before = (records[0].state for records in kept)
    cuts = _cuts(before)
    return _steps(results, column, now, before, cuts) if cuts else _bars(results, column, now, before)


def _cuts(binned: Binned) -> list[float] | None:
    """Ends of all bins, the outer ones where the reference ends; none where a bin is too narrow for a density."""
    if not binned.edges or not binned.span:
        return None
    cuts = [binned.span[0], *binned.edges, binned.span[1]]
    least = NARROWEST * (cuts[-1] - cuts[0])
    return cuts if all(b - a > least for a, b in pairwise(cuts)) else None


def _steps(results: Any, column: str, now: Binned, before: Binned, cuts: list[float]) -> Any:
    from bokeh.models import NumeralTickFormatter

    plot = figure(results, height=HEIGHT, x_axis_label=_label(column, now, before), y_axis_label="density")
    lines = []
    for binned, name, colour in ((before, "Reference", "reference"), (now, "Now", "accent")):
        shares = [binned.counts.get(key, 0) / max(binned.n, 1) for key in binned.bins]
        heights = [s / (b - a) for s, a, b in zip(shares, cuts, cuts[1:], strict=False)]
        plot.quad(
            left=cuts[:-1], right=cuts[1:], bottom=0, top=heights, line_color=None, legend_label=name,
            fill_color=results.tokens[colour], fill_alpha=0.45 if binned is before else 0.15,
        )  # fmt: skip
        lines.append(([cuts[0], *cuts, cuts[-1]], [0, *heights, heights[-1], 0], colour, name))
    for x, y, colour, name in lines:
        plot.step(x, y, mode="after", line_color=results.tokens[colour], line_width=2, legend_label=name)
    plot.y_range.start = 0
    # A density's own numbers say little; where it lies, and how the two compare, is in the picture.
    plot.yaxis.ticker = []
    if cuts[-1] - cuts[0] >= 1:
        plot.xaxis.formatter = NumeralTickFormatter(format="0,0.[0]")
    legend(plot, results.tokens, "above")
    return plot


def _label(column: str, now: Binned, before: Binned) -> str:
    """The column's name, and the shares that have no place on the axis."""
    names, ours, theirs = rows_per_bin(now, before)
    off = [
        f"{NAMES[name]} {share(b / max(before.n, 1))} → {share(a / max(now.n, 1))}"
        for name, a, b in zip(names, ours, theirs, strict=True)
        if name in NAMES
    ]
    return cut(column, 40) + (f"\n{', '.join(off)}" if off else "")


def _bars(results: Any, column: str, now: Binned, before: Binned) -> Any:
    names, ours, theirs = rows_per_bin(now, before)
    shares = [(b / max(before.n, 1), a / max(now.n, 1)) for a, b in zip(ours, theirs, strict=True)]
    labels = [bin_name(name, before, b) for name, b in zip(names, theirs, strict=True)]
    bars = [
        (label, *pair, f"{share(pair[0])} before, {share(pair[1])} now")
        for label, pair in zip(labels, shares, strict=True)
    ]
    if now.edges is None:
        bars.sort(key=lambda bar: -max(bar[1], bar[2]))
    rest = bars[MOST_BARS:]
    if rest:
        once, today = sum(bar[1] for bar in rest), sum(bar[2] for bar in rest)
        bars = [*bars[:MOST_BARS], (f"{len(rest)} others", once, today, f"{share(once)} before, {share(today)} now")]
    return paired_bars(results, bars, height=HEIGHT, x_axis_label=f"{cut(column, 40)}: share of rows")


def bin_name(key: str | None, binned: Binned, rows: float) -> str:
    """A bin in words."""
    if binned.edges is None:
        named = "missing" if key is None else str(key)
        return named if rows else f"new: {named}"
    if key in NAMES:
        return NAMES[key]
    place, edges = int(str(key)), binned.edges
    if not edges:
        return "all values"
    low, high = ("" if not 0 <= i < len(edges) else f"{edges[i]:,.6g}" for i in (place - 1, place))
    if not low:
        return f"below {high}"
    if not high:
        # A cut just above a value that has a bin of its own reads like that value.
        return f"above {low}" if place > 1 and f"{edges[place - 2]:,.6g}" == low else f"{low} and above"
    return low if low == high else f"{low} to {high}"
