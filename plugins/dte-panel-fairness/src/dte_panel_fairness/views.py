"""How it is shown: groups, then gaps, then crossed groups."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from dte_panel import Measurement, View
from dte_panel_fairness import charts
from dte_panel_fairness.gaps import GAPS
from dte_panel_fairness.rates import RATES

SHOWN = ("selection_rate", "true_positive_rate", "false_positive_rate")
#: The gaps that are drawn; the others stand in a table.
DRAWN = (
    "demographic_parity_difference",
    "demographic_parity_ratio",
    "equal_opportunity_difference",
    "equal_opportunity_ratio",
    "false_positive_rate_difference",
    "equalized_odds_difference",
    "equalized_odds_ratio",
    "predictive_parity_difference",
    "accuracy_difference",
)
TITLES = {metric.id: metric.title for metric in (*RATES, *GAPS)}
HEAT = ("heat_0", "heat_1", "heat_2", "heat_3", "heat_4")

Tokens = Mapping[str, str]


def rates(results: Any) -> Any:
    """One figure per rate: each group's value with its interval, the rate of all rows as a dashed line."""
    figures = []
    for metric in SHOWN:
        # Crossed groups have a view of their own.
        groups = [m for m in results.measurements(metric) if len(m.cohort) == 1]
        if groups:
            every = results.measurements(metric, cohort={})
            figures.append(_rate_figure(results.tokens, TITLES[metric], groups, every[0].value if every else None))
    return charts.grid(figures) if figures else None


def _rate_figure(tokens: Tokens, title: str, groups: Sequence[Measurement], every: float | None) -> Any:
    places = _places(groups)
    fig = charts.blank(
        tokens,
        height=max(150, 24 * len(places) + 34 * len({p[0] for p in places}) + 40),
        x_range=charts.unit_range(),
        y_range=charts.names_axis(reversed(places), group_padding=1.4, range_padding=0.02),
    )
    fig.xaxis.axis_label = title
    _grouped_axis(fig, tokens)
    if every is not None:
        fig.vspan(x=[every], line_color=tokens["reference"], line_dash="dashed", line_width=1.5)
    source = charts.columns(
        place=places,
        value=[m.value for m in groups],
        low=[m.low for m in groups],
        high=[m.high for m in groups],
        group=[charts.name(value) for m in groups for value in m.cohort.values()],
        rate=[charts.estimate(m) for m in groups],
        rows=[f"{m.n:,}" for m in groups],
        start=[0.0 for m in groups],
        note=["" if m.value is not None else "not evaluated" for m in groups],
    )
    _whiskers(fig, source, tokens["accent"])
    dots = fig.scatter("value", "place", source=source, size=9, color=tokens["accent"])
    small = {"text_color": tokens["muted"], "text_baseline": "middle", "text_font_size": "11px"}
    fig.text("start", "place", "note", source=source, **small)
    charts.hover(fig, dots, ["group", "rate", "rows"])
    return fig


def _places(groups: Sequence[Measurement]) -> list[tuple[str, str]]:
    """Where each group stands on the axis: its attribute, then its name."""
    values: dict[str, list[str | None]] = {}
    for measurement in groups:
        for column, value in measurement.cohort.items():
            values.setdefault(column, []).append(value)
    names = {column: charts.axis_names(found) for column, found in values.items()}
    return [(column, names[column][value]) for m in groups for column, value in m.cohort.items()]


def _whiskers(fig: Any, source: Any, colour: str) -> None:
    fig.segment("low", "place", "high", "place", source=source, line_color=colour, line_width=3, line_alpha=0.5)


def _grouped_axis(fig: Any, tokens: Tokens) -> None:
    fig.ygrid.grid_line_color = None
    fig.yaxis.group_text_color = tokens["muted"]
    fig.yaxis.separator_line_color = None


def gaps(results: Any) -> Any:
    """Differences (0: no gap) and ratios (1: no gap), each with its interval, its bound and its verdict."""
    ids = list(DRAWN)
    found = [m for m in results.measurements(*ids) if m.across]
    bounds = {(v.metric, v.across): v.bound for v in results.verdicts(*ids) if v.window == results.window}
    kinds = [([m for m in found if m.metric.endswith(end)], label) for end, label in _KINDS]
    figures = [_gap_figure(results, made, label, bounds) for made, label in kinds if made]
    return charts.grid(figures) if figures else None


_KINDS = (("_difference", "largest difference (share of rows)"), ("_ratio", "smallest ratio"))
_Bounds = Mapping[tuple[str, str | None], str]


def _gap_figure(results: Any, made: Sequence[Measurement], label: str, bounds: _Bounds) -> Any:
    tokens, columns = results.tokens, _gap_columns(results, made, bounds)
    fig = charts.blank(
        tokens,
        height=26 * len(made) + 22 * len({m.metric for m in made}) + 60,
        x_range=charts.unit_range(),
        y_range=charts.names_axis(reversed(columns["place"]), group_padding=0.9, range_padding=0.02),
    )
    fig.xaxis.axis_label = label
    _grouped_axis(fig, tokens)
    # A long title would not fit along a group of one or two rows.
    fig.yaxis.group_label_orientation = "horizontal"
    source = charts.columns(**columns)
    _whiskers(fig, source, "colour")
    fig.scatter("bound", "place", source=source, marker="dash", angle=1.5708, size=18, line_color=tokens["text"])
    dots = fig.scatter("value", "place", source=source, size=10, color="colour", marker="marker")
    beside = {"y_offset": -6, "x_offset": "offset", "text_align": "align", "text_font_size": "11px"}
    fig.text("value", "place", "word", source=source, text_color="colour", **beside)
    charts.hover(fig, dots, ["gap", "across", "between", "size", "rows", "verdict", "limit"])
    return fig


def _gap_columns(results: Any, made: Sequence[Measurement], bounds: _Bounds) -> dict[str, list[Any]]:
    limits = [bounds.get((m.metric, m.across), "") for m in made]
    verdicts = [results.verdict_of(m) for m in made]
    titles = [TITLES[m.metric.rpartition(".")[2]] for m in made]
    across = charts.short(m.across or "" for m in made)
    return {
        "place": [
            (re.sub(" (difference|ratio)$", "", title), across[m.across or ""])
            for title, m in zip(titles, made, strict=True)
        ],
        "value": [m.value for m in made],
        "low": [m.low for m in made],
        "high": [m.high for m in made],
        "gap": titles,
        "across": [m.across for m in made],
        "between": [" and ".join(charts.group(c) for c in m.groups) for m in made],
        "size": [charts.estimate(m) for m in made],
        "rows": [f"{m.n:,}" for m in made],
        "verdict": [(word or "no check").replace("_", " ") for word in verdicts],
        "word": [word.replace("_", " ") for word in verdicts],
        # A word beside a dot at the right end goes to its left.
        "align": ["right" if (m.value or 0) > 0.8 else "left" for m in made],
        "offset": [-4 if (m.value or 0) > 0.8 else 4 for m in made],
        "limit": limits,
        "bound": [_bound(limit) for limit in limits],
        "colour": [charts.colour(results.tokens, word) for word in verdicts],
        "marker": [charts.MARKERS.get(word, "circle") for word in verdicts],
    }


def _bound(text: str) -> float:
    """The number of ``"<= 0.2"``; NaN (not drawn) where there is none."""
    found = re.search(r"[-+]?[.\d][\d.eE+-]*$", text.strip())
    return float(found.group()) if found else float("nan")


def crossed(results: Any) -> Any:
    """Selection rate where two attributes cross; a hatched cell has no value, an empty place no rows."""
    cells = [m for m in results.measurements("selection_rate") if len(m.cohort) == 2]
    if not cells:
        return None
    rows, columns = cells[0].cohort
    return _heat_map(results.tokens, rows, columns, [m for m in cells if set(m.cohort) == {rows, columns}])


def _heat_map(tokens: Tokens, rows: str, columns: str, cells: Sequence[Measurement]) -> Any:
    from bokeh.models import PlainText

    down, across = (charts.axis_names([m.cohort[side] for m in cells]) for side in (rows, columns))
    if len(across) > len(down):
        # The side with more names goes down, where there is room for them.
        rows, columns, down, across = columns, rows, across, down
    fig = charts.blank(
        tokens,
        height=max(180, 34 * len(down) + 70),
        x_range=charts.names_axis(across.values()),
        y_range=charts.names_axis(reversed(down.values())),
    )
    # PlainText: a column's name is not to be read as mathematics.
    fig.xaxis.axis_label, fig.yaxis.axis_label = PlainText(text=columns), PlainText(text=rows)
    fig.xaxis.major_label_orientation = 0.6 if len(across) > 4 else "horizontal"
    fig.grid.grid_line_color = None
    colours = [_heat(tokens, m.value) for m in cells]
    source = charts.columns(
        x=[across[m.cohort[columns]] for m in cells],
        y=[down[m.cohort[rows]] for m in cells],
        colour=colours,
        hatch=[" " if m.value is not None else "/" for m in cells],
        text=["" if m.value is None else f"{m.value:.2f}" for m in cells],
        ink=[charts.readable_on(c, tokens["text"]) for c in colours],
        group=[charts.group(m.cohort) for m in cells],
        rate=[charts.estimate(m) for m in cells],
        rows=[f"{m.n:,}" for m in cells],
    )
    hatch = {"hatch_pattern": "hatch", "hatch_color": tokens["muted"]}
    tiles = fig.rect("x", "y", 0.96, 0.94, source=source, fill_color="colour", line_color=tokens["border"], **hatch)
    middle = {"text_align": "center", "text_baseline": "middle", "text_font_size": "12px"}
    fig.text("x", "y", "text", source=source, text_color="ink", **middle)
    charts.hover(fig, tiles, ["group", "rate", "rows"])
    return fig


def _heat(tokens: Tokens, value: float | None) -> str:
    return tokens["none_bg"] if value is None else tokens[HEAT[min(len(HEAT) - 1, int(value * len(HEAT)))]]


VIEWS = (
    View(
        id="rates",
        title="Rates by group",
        metrics=SHOWN,
        render=rates,
        description="How each group is treated: the share of all, of positive and of negative rows that are selected, "
        "with 95 % intervals. The dashed line is the rate of all rows.",
        wide=True,
    ),
    View(
        id="gaps",
        title="Gaps between groups",
        metrics=DRAWN,
        render=gaps,
        description="The largest difference and the smallest ratio between any two groups, with intervals that hold "
        "for all pairs at once. The upright mark is the bound of a check.",
        wide=True,
    ),
    View(
        id="crossed",
        title="Crossed groups",
        metrics=("selection_rate",),
        render=crossed,
        description="Selection rate where two attributes cross: a group can be treated differently although each "
        "attribute alone shows no gap.",
    ),
)
