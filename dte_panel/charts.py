"""Pieces of charts for views of any provider: a bare figure in the theme's colours, axes of names, numbers as text.

Bokeh and Panel are imported when a view draws, not before. Text from the data goes into labels and data sources only,
where it cannot run.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate
from typing import Any

from dte_panel.model import Measurement

Tokens = Mapping[str, str]
#: Longer names are cut on an axis; the hover has them whole.
LABEL = 26
#: Pages so wide and narrower are those of phones.
PHONE = 640
#: A verdict is told by word, colour and shape.
MARKERS = {"pass": "circle", "warn": "triangle", "fail": "square", "not_evaluated": "diamond", "error": "x"}
_COLOURS = {"pass": "pass_fg", "warn": "warn_fg", "fail": "fail_fg", "not_evaluated": "none_fg", "error": "fail_fg"}


def blank(tokens: Tokens, *, height: int, phone: int | None = None, **fields: Any) -> Any:
    """A figure without title and toolbar, in the colours of the theme; ``fields`` go to ``bokeh.plotting.figure``.

    On a phone it is as high as ``phone`` says, if that is given.
    """
    from bokeh.models import DatetimeTicker
    from bokeh.plotting import figure

    fields = {"sizing_mode": "stretch_width", "min_width": 230, "tools": "", "output_backend": "svg", **fields}
    fig = figure(height=height, toolbar_location=None, **fields)
    fig.background_fill_color = fig.border_fill_color = None
    fig.outline_line_color = None
    fig.axis.axis_line_color = fig.axis.major_tick_line_color = tokens["border"]
    fig.axis.minor_tick_line_color = None
    fig.axis.major_label_text_color = fig.axis.axis_label_text_color = tokens["text"]
    fig.axis.axis_label_text_font_style = "normal"
    fig.grid.grid_line_color = tokens["border"]
    if phone is not None:
        # The browser knows the width of the page, and it may change.
        fig.stylesheets = [f"@media (max-width:{PHONE}px){{:host{{height:{phone}px !important}}}}"]
    if fields.get("x_axis_type") == "datetime":
        # More dates run into each other where three figures stand in a row.
        fig.xaxis[0].ticker = DatetimeTicker(desired_num_ticks=3)
    return fig


def legend(fig: Any, tokens: Tokens, place: str) -> None:
    """The figure's legend inside it, no louder than the axes; or ``"above"`` it in a line, where it hides nothing."""
    box = fig.legend[0]
    box.label_text_color, box.label_text_font_size = tokens["text"], "11px"
    box.background_fill_alpha = 0.0
    box.border_line_color = None
    if place != "above":
        box.location = place
        return
    fig.legend.orientation, box.location = "horizontal", "center"
    fig.add_layout(box, "above")
    box.margin = box.padding = 0
    box.glyph_height = box.glyph_width = 12


def grid(figures: Sequence[Any]) -> Any:
    """Figures side by side as far as the page is wide, below each other on a phone."""
    import panel

    pn: Any = panel  # has no types of its own
    for fig in figures:
        fig.frame_align = False  # or the longest names of one would take room from all
    panes = [pn.pane.Bokeh(fig, sizing_mode="stretch_width") for fig in figures]
    return pn.FlexBox(*panes, sizing_mode="stretch_width")


def columns(**data: Sequence[Any]) -> Any:
    """A Bokeh data source."""
    from bokeh.models import ColumnDataSource

    return ColumnDataSource(data=data)


def hover(fig: Any, renderer: Any, names: Sequence[str]) -> None:
    """Show plain columns of the renderer's source; their names are the labels."""
    from bokeh.models import HoverTool

    fig.add_tools(HoverTool(renderers=[renderer], tooltips=[(n.replace("_", " "), f"@{n}") for n in names]))


def under_names(tokens: Tokens, names: Sequence[str], x_range: Any, data: Mapping[str, Sequence[Any]]) -> Any:
    """Values with their intervals, each under its name: long names take no width from the picture.

    Parameters
    ----------
    tokens : mapping
    names : sequence of str
        Of one line or more, from the top.
    x_range : Range1d
    data : mapping
        ``value``, ``low``, ``high``, ``colour`` and ``marker`` of each name, and what else is shown on hovering.
    """
    from bokeh.models import Range1d

    ends = list(accumulate(22 + 14 * len(name.split("\n")) for name in names))
    fig = blank(tokens, height=ends[-1] + 62, x_range=x_range, y_range=Range1d(start=ends[-1] + 4, end=0))
    fig.yaxis.visible, fig.ygrid.grid_line_color = False, None
    source = columns(**data, place=[end - 8 for end in ends], left=[x_range.start] * len(ends), named=names)
    fig.segment("low", "place", "high", "place", source=source, line_color="colour", line_width=3, line_alpha=0.5)
    dots = fig.scatter("value", "place", source=source, size=9, color="colour", marker="marker")
    look = {
        "text_font_size": "11px",
        "text_baseline": "bottom",
        "text_line_height": 1.15,
        "y_offset": -7,
    }
    ground = {"background_fill_color": tokens["surface"], "background_fill_alpha": 0.8}
    fig.text("left", "place", "named", source=source, text_color=tokens["text"], **look, **ground)
    hover(fig, dots, [name for name in data if name not in {"value", "low", "high", "colour", "marker"}])
    return fig


# ---------------------------------------------------------------------------------------------------------- axes
def names_axis(names: Iterable[Any], **fields: Any) -> Any:
    """A range of names, each once and in order."""
    from bokeh.models import FactorRange

    return FactorRange(factors=list(dict.fromkeys(names)), **fields)


def unit_range() -> Any:
    """From 0 to 1, with room for a dot at either end."""
    from bokeh.models import Range1d

    return Range1d(start=-0.02, end=1.02)


def around(measurements: Sequence[Measurement], *more: float) -> Any:
    """A range that holds all values and intervals, and what else is to be seen, with some room."""
    from bokeh.models import Range1d

    ends = [*more, *(end for m in measurements for end in (m.value, m.low, m.high) if end is not None)]
    room = 0.08 * (max(ends) - min(ends)) or 0.05
    return Range1d(start=min(ends) - room, end=max(ends) + room)


def labelled(axis: Any, labels: Sequence[str], most: int | None = None) -> None:
    """Write text at 0, 1, 2 …; at most so many of them, evenly spread. Equal labels do not clash as factors would."""
    step = 1 if most is None else -(-len(labels) // most)
    axis.ticker = list(range(0, len(labels), step))
    axis.major_label_overrides = {i: cut(labels[i]) for i in axis.ticker.ticks}


def cut(text: str, most: int = LABEL) -> str:
    """Text that leaves room for the picture.

    Examples
    --------
    >>> cut("a name", 4)
    'a n…'
    """
    return text if len(text) <= most else f"{text[: most - 1]}…"


def short(names: Iterable[str]) -> dict[str, str]:
    """Each name, cut where that leaves it unique."""
    made = {name: cut(name) for name in names}
    twice = {c for c in made.values() if list(made.values()).count(c) > 1}
    return {name: name if c in twice else c for name, c in made.items()}


def axis_names(values: Sequence[str | None]) -> dict[str | None, str]:
    """A name for each value, NULL last; the name of NULL is not that of any category.

    Examples
    --------
    >>> axis_names(["missing", None])
    {'missing': 'missing', None: '(missing)'}
    """
    texts = short(v for v in values if v is not None)
    names: dict[str | None, str] = dict(texts.items())
    if None in values:
        missing = name(None)
        while missing in texts.values():
            missing = f"({missing})"
        names[None] = missing
    return names


# ---------------------------------------------------------------------------------------------------------- text
def name(value: str | None) -> str:
    """A group's value; NULL is a group of its own."""
    return "missing" if value is None else value


def group(cohort: Mapping[str, str | None]) -> str:
    """A cohort in words.

    Examples
    --------
    >>> group({"sex": "Female", "race": None})
    'Female, missing'
    """
    return ", ".join(name(value) for value in cohort.values())


def number(value: float) -> str:
    """Three decimals below 10, fewer above and more near 0, thousands separators and a real minus sign.

    Examples
    --------
    >>> [number(x) for x in (0.25, -0.0004, 12345.6)]
    ['0.250', '−0.0004', '12,345.6']
    """
    form = ".1g" if value and abs(value) < 0.001 else ".3f" if abs(value) < 10 else ",.1f"
    return ("−" if value < 0 else "") + format(abs(value), form)


def share(value: float) -> str:
    """A share in per cent.

    Examples
    --------
    >>> share(0.0312)
    '3.1 %'
    """
    return f"{100 * value:.1f} %"


def estimate(measurement: Measurement) -> str:
    """``0.812 (0.804 to 0.820)``, or why there is no number."""
    m = measurement
    if m.value is None:
        return f"not evaluated: {m.reason}"
    ends = f" ({number(m.low)} to {number(m.high)})" if m.low is not None and m.high is not None else ""
    return number(m.value) + ends


# ------------------------------------------------------------------------------------------- verdicts and colours
def bound(text: str) -> float:
    """The number of a check's bound; NaN, which is not drawn, where there is none.

    Examples
    --------
    >>> bound("<= 0.2"), bound("")
    (0.2, nan)
    """
    found = re.fullmatch(r"\s*[<>]=?\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*", text)
    return float(found[1]) if found else math.nan


def bounds(results: Any, *metrics: str) -> list[float]:
    """The numbers in the policy's bounds on metrics, ascending."""
    found = {bound(verdict.bound) for verdict in results.verdicts(*metrics)}
    return sorted(x for x in found if not math.isnan(x))


def colour(tokens: Tokens, verdict: str) -> str:
    """The colour of a verdict; of no verdict, the accent."""
    return tokens[_COLOURS.get(verdict, "accent")]


def readable_on(background: str, otherwise: str) -> str:
    """Black or white, whichever stands out more on ``#rrggbb``; ``otherwise`` on a colour written in another way."""
    if not re.fullmatch("#[0-9a-fA-F]{6}", background):
        return otherwise
    red, green, blue = (int(background[i : i + 2], 16) / 255 for i in (1, 3, 5))
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (red, green, blue)]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return "#000000" if luminance > 0.179 else "#ffffff"
