"""Gaps as dots with intervals, bounds and verdicts."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from dte_panel import Measurement, charts

Tokens = Mapping[str, str]


def whiskers(fig: Any, source: Any, colour: str) -> None:
    """The intervals as lines."""
    fig.segment("low", "place", "high", "place", source=source, line_color=colour, line_width=3, line_alpha=0.5)


def grouped_axis(fig: Any, tokens: Tokens) -> None:
    """An axis of names in groups."""
    fig.ygrid.grid_line_color = None
    fig.yaxis.group_text_color = tokens["muted"]
    fig.yaxis.separator_line_color = None


def gaps(results: Any, ids: Sequence[str], titles: Mapping[str, str]) -> Any:
    """Differences (0: no gap) and ratios (1: no gap), each with its interval, its bound and its verdict."""
    found = [m for m in results.measurements(*ids) if m.across]
    bounds = {(v.metric, v.across): v.bound for v in results.verdicts(*ids) if v.window == results.window}
    kinds = [([m for m in found if m.metric.endswith(end)], label) for end, label in _KINDS]
    figures = [gap_figure(results, made, label, bounds, titles) for made, label in kinds if made]
    return charts.grid(figures) if figures else None


_KINDS = (("_difference", "largest difference (share of rows)"), ("_ratio", "smallest ratio"))
_Bounds = Mapping[tuple[str, str | None], str]


def gap_figure(
    results: Any, made: Sequence[Measurement], label: str, bounds: _Bounds, titles: Mapping[str, str]
) -> Any:
    """One dot for each gap and grouping."""
    tokens, columns = results.tokens, _gap_columns(results, made, bounds, titles)
    fig = charts.blank(
        tokens,
        height=26 * len(made) + 22 * len({m.metric for m in made}) + 60,
        x_range=charts.unit_range(),
        y_range=charts.names_axis(reversed(columns["place"]), group_padding=0.9, range_padding=0.02),
    )
    fig.xaxis.axis_label = label
    grouped_axis(fig, tokens)
    # A long title would not fit along a group of one or two rows.
    fig.yaxis.group_label_orientation = "horizontal"
    source = charts.columns(**columns)
    whiskers(fig, source, "colour")
    fig.scatter("bound", "place", source=source, marker="dash", angle=1.5708, size=18, line_color=tokens["text"])
    dots = fig.scatter("value", "place", source=source, size=10, color="colour", marker="marker")
    beside = {"y_offset": -6, "x_offset": "offset", "text_align": "align", "text_font_size": "11px"}
    fig.text("value", "place", "word", source=source, text_color="colour", **beside)
    charts.hover(fig, dots, ["gap", "across", "between", "size", "rows", "verdict", "limit"])
    return fig


def _gap_columns(
    results: Any, made: Sequence[Measurement], bounds: _Bounds, known: Mapping[str, str]
) -> dict[str, list[Any]]:
    limits = [bounds.get((m.metric, m.across), "") for m in made]
    verdicts = [results.verdict_of(m) for m in made]
    titles = [known[m.metric.rpartition(".")[2]] for m in made]
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
        "bound": [charts.bound(limit) for limit in limits],
        "colour": [charts.colour(results.tokens, word) for word in verdicts],
        "marker": [charts.MARKERS.get(word, "circle") for word in verdicts],
    }
