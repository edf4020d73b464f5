"""The few pieces that the views share: a bare figure in the theme's colours, names for axes, text for hover."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from dte_panel import Measurement

Tokens = Mapping[str, str]
#: Longer names are cut on an axis; the hover has them whole.
LABEL = 26


def blank(tokens: Tokens, *, height: int, **fields: Any) -> Any:
    """A figure without title and toolbar, in the colours of the theme."""
    from bokeh.models import DatetimeTicker
    from bokeh.plotting import figure

    fig = figure(
        height=height,
        sizing_mode="stretch_width",
        min_width=260,
        toolbar_location=None,
        tools="",
        output_backend="svg",
        **fields,
    )
    fig.background_fill_color = fig.border_fill_color = None
    fig.outline_line_color = None
    fig.axis.axis_line_color = fig.axis.major_tick_line_color = tokens["border"]
    fig.axis.minor_tick_line_color = None
    fig.axis.major_label_text_color = fig.axis.axis_label_text_color = tokens["text"]
    fig.axis.axis_label_text_font_style = "normal"
    fig.grid.grid_line_color = tokens["border"]
    if fields.get("x_axis_type") == "datetime":
        # More dates run into each other where three figures stand in a row.
        fig.xaxis[0].ticker = DatetimeTicker(desired_num_ticks=3)
    return fig


def legend(fig: Any, tokens: Tokens, place: str) -> None:
    """The figure's legend inside it, no louder than the axes."""
    box = fig.legend
    box.location = place
    box.label_text_color = tokens["text"]
    box.label_text_font_size = "11px"
    box.background_fill_alpha = 0.0
    box.border_line_color = None


def names_axis(names: Iterable[Any], **fields: Any) -> Any:
    """A range of names, each once and in order."""
    from bokeh.models import FactorRange

    return FactorRange(factors=list(dict.fromkeys(names)), **fields)


def unit_range() -> Any:
    """From 0 to 1, with room for a dot at either end."""
    from bokeh.models import Range1d

    return Range1d(start=-0.02, end=1.02)


def around(measurements: Sequence[Measurement]) -> Any:
    """A range that holds all values and intervals, with some room."""
    from bokeh.models import Range1d

    ends = [end for m in measurements for end in (m.value, m.low, m.high) if end is not None]
    room = 0.08 * (max(ends) - min(ends)) or 0.05
    return Range1d(start=min(ends) - room, end=max(ends) + room)


def columns(**data: Sequence[Any]) -> Any:
    """A Bokeh data source."""
    from bokeh.models import ColumnDataSource

    return ColumnDataSource(data=data)


def hover(fig: Any, renderer: Any, names: Sequence[str]) -> None:
    """Show plain columns; their names are the labels."""
    from bokeh.models import HoverTool

    fig.add_tools(HoverTool(renderers=[renderer], tooltips=[(n.replace("_", " "), f"@{n}") for n in names]))


def grid(figures: Sequence[Any]) -> Any:
    """Figures side by side as far as the page is wide, below each other on a phone."""
    import panel

    pn: Any = panel  # has no types of its own
    panes = [pn.pane.Bokeh(fig, sizing_mode="stretch_width") for fig in figures]
    return pn.FlexBox(*panes, sizing_mode="stretch_width")


def short(names: Iterable[str]) -> dict[str, str]:
    """Each name, cut where that leaves it unique."""
    full = list(dict.fromkeys(names))
    cut = {name: name if len(name) <= LABEL else name[: LABEL - 1] + "…" for name in full}
    twice = {c for c in cut.values() if list(cut.values()).count(c) > 1}
    return {name: name if c in twice else c for name, c in cut.items()}


def axis_names(values: Sequence[str | None]) -> dict[str | None, str]:
    """A name for each value, NULL last; the name of NULL is not that of any category."""
    texts = short(v for v in values if v is not None)
    names: dict[str | None, str] = dict(texts.items())
    if None in values:
        missing = "missing"
        while missing in texts.values():
            missing = f"({missing})"
        names[None] = missing
    return names


def digits(value: float) -> str:
    """Three decimals below 10, fewer above, thousands separators and a real minus sign."""
    return (f"{value:.3f}" if abs(value) < 10 else f"{value:,.1f}").replace("-", "−")


def estimate(measurement: Measurement) -> str:
    """``0.812 (0.804 to 0.820)``, or why there is no number."""
    m = measurement
    if m.value is None:
        return f"not evaluated: {m.reason}"
    ends = f" ({digits(m.low)} to {digits(m.high)})" if m.low is not None and m.high is not None else ""
    return digits(m.value) + ends


def readable_on(background: str, otherwise: str) -> str:
    """Black or white, whichever stands out more on ``#rrggbb``; ``otherwise`` on a colour written in another way."""
    if not re.fullmatch("#[0-9a-fA-F]{6}", background):
        return otherwise
    red, green, blue = (int(background[i : i + 2], 16) / 255 for i in (1, 3, 5))
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (red, green, blue)]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return "#000000" if luminance > 0.179 else "#ffffff"
