"""What the pictures of drift have in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dte_panel import charts

#: Label, share before, share now, hover text.
Bar = tuple[str, float, float, str]


def figure(results: Any, *, height: int, **given: Any) -> Any:
    """A bare figure on a canvas: a heat map has more cells than SVG would be quick with."""
    return charts.blank(results.tokens, height=height, output_backend="canvas", **given)


def pvalue(value: float) -> str:
    """A p-value; one too small for a float is not 0."""
    return "< 1e-300" if value < 1e-300 else f"{value:.3g}"


def paired_bars(results: Any, bars: Sequence[Bar], **given: Any) -> Any:
    """Two horizontal bars for each ``(label, share before, share now, hover text)``, the first on top."""
    from bokeh.models import HoverTool, NumeralTickFormatter

    bars = list(bars)[::-1]
    source = charts.columns(
        label=[bar[0] for bar in bars],
        before=[bar[1] for bar in bars],
        now=[bar[2] for bar in bars],
        text=[bar[3] for bar in bars],
        upper=[i + 0.2 for i in range(len(bars))],
        lower=[i - 0.2 for i in range(len(bars))],
    )
    top = 1.05 * max([max(bar[1], bar[2]) for bar in bars], default=0.0) or 1.0
    plot = figure(results, **{"x_range": (0, top), "y_range": (-0.6, len(bars) - 0.4), **given})
    for y, side, name, colour in (("upper", "before", "Reference", "reference"), ("lower", "now", "Now", "accent")):
        plot.hbar(
            y=y,
            right=side,
            height=0.38,
            source=source,
            color=results.tokens[colour],
            line_color=None,
            legend_label=name,
        )
    charts.labelled(plot.yaxis[0], [bar[0] for bar in bars])
    plot.xaxis.formatter = NumeralTickFormatter(format="0.[00]%")
    plot.xaxis.ticker.desired_num_ticks = 5
    plot.ygrid.visible = False
    plot.add_tools(HoverTool(tooltips=[("", "@label"), ("Share", "@text")]))
    charts.legend(plot, results.tokens, "above")
    return plot
