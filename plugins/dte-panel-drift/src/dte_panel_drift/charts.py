"""What the pictures have in common. Text from the data goes into labels and sources only, where it cannot run."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

#: Label, share before, share now, hover text.
Bar = tuple[str, float, float, str]


def figure(results: Any, **given: Any) -> Any:
    """A figure in the colours of the theme, without tools."""
    from bokeh.plotting import figure as bokeh_figure

    tokens = results.tokens
    plot = bokeh_figure(**{"toolbar_location": None, "tools": "", "sizing_mode": "stretch_width", **given})
    plot.background_fill_alpha = plot.border_fill_alpha = 0.0
    plot.outline_line_color = None
    plot.grid.grid_line_color = tokens["border"]
    plot.axis.axis_line_color = plot.axis.major_tick_line_color = tokens["border_strong"]
    plot.axis.minor_tick_line_color = None
    plot.axis.major_label_text_color = plot.axis.axis_label_text_color = tokens["muted"]
    plot.axis.axis_label_text_font_style = "normal"
    return plot


def labelled(axis: Any, labels: Sequence[str], most: int | None = None) -> None:
    """Write text at 0, 1, 2 …; at most so many of them, evenly spread. Equal labels do not clash as factors would."""
    step = 1 if most is None else -(-len(labels) // most)
    axis.ticker = list(range(0, len(labels), step))
    axis.major_label_overrides = {i: short(labels[i]) for i in axis.ticker.ticks}


def short(text: str, most: int = 28) -> str:
    """Text that leaves room for the picture."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def number(value: float) -> str:
    """A number with three digits that matter."""
    return f"{value:.3f}" if abs(value) >= 0.001 or value == 0 else f"{value:.1g}"


def share(value: float) -> str:
    """A share in per cent."""
    return f"{100 * value:.1f} %"


def bounds(results: Any, metric: str) -> list[float]:
    """The numbers in the policy's bounds on a metric."""
    words = {verdict.bound for verdict in results.verdicts(metric)}
    found = (re.fullmatch(r"\s*[<>]=?\s*(-?[\d.]+(?:e-?\d+)?)\s*", word) for word in sorted(words))
    return sorted(float(match[1]) for match in found if match)


def paired_bars(results: Any, bars: Sequence[Bar], **given: Any) -> Any:
    """Two horizontal bars for each ``(label, share before, share now, hover text)``, the first on top."""
    from bokeh.models import ColumnDataSource, HoverTool, NumeralTickFormatter

    bars = list(bars)[::-1]
    source = ColumnDataSource({
        "label": [bar[0] for bar in bars], "before": [bar[1] for bar in bars], "now": [bar[2] for bar in bars],
        "text": [bar[3] for bar in bars],
        "upper": [i + 0.2 for i in range(len(bars))], "lower": [i - 0.2 for i in range(len(bars))],
    })  # fmt: skip
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
    labelled(plot.yaxis[0], [bar[0] for bar in bars])
    plot.xaxis.formatter = NumeralTickFormatter(format="0.[00]%")
    plot.xaxis.ticker.desired_num_ticks = 5
    plot.ygrid.visible = False
    plot.add_tools(HoverTool(tooltips=[("", "@label"), ("Share", "@text")]))
    legend(results, plot)
    return plot


def legend(results: Any, plot: Any) -> None:
    """A small legend that hides nothing."""
    box = plot.legend[0]
    plot.legend.orientation, box.location = "horizontal", "center"
    plot.add_layout(box, "above")
    box.label_text_font_size, box.label_text_color = "8pt", results.tokens["muted"]
    box.background_fill_alpha, box.border_line_alpha = 0.0, 0.0
    box.margin = box.padding = 0
    box.glyph_height = box.glyph_width = 12
