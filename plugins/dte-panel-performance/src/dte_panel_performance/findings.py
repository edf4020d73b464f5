"""The weakest slices with their corrected intervals, and what was estimated beside what turned out."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from dte_panel import Measurement, charts
from dte_panel.charts import Tokens

SLICES = ("weakest_slice_accuracy", "weakest_slice_recall")
#: A number with more digits than a reader wants on an axis, and the longest line there.
_LONG, _LINE = re.compile(r"\d+\.\d{4,}"), 40
ESTIMATED = ("roc_auc", "accuracy", "f1")


def weakest(results: Any) -> Any:
    """One figure per metric: the named slices, weakest for certain first, against all rows."""
    window = results.window if results.window in {"reference", "current"} else "current"
    found = results.measurements(*SLICES, window=window, cohort={})
    drawn: list[Any] = []
    for m in found:
        if m.detail.get("slices"):
            drawn += [_slices(results, m), _searched(m)]
    return drawn or None


def _searched(m: Measurement) -> str:
    left = m.detail["left_out"]
    told = f"{m.detail['searched']:,} slices of at least {m.detail['min_rows']:,} rows were searched"
    corrected = "the intervals hold for all of them at once"
    return f"{told}; {corrected}." + (f" Not cut by: {', '.join(left)}." if left else "")


def _slices(results: Any, m: Measurement) -> Any:
    tokens, slices = results.tokens, m.detail["slices"]
    full = [", ".join(_parts(s["where"])) for s in slices]
    names = _names(slices)
    fig = charts.blank(
        tokens,
        height=36 * len(slices) + 70,
        y_range=charts.names_axis(reversed(names)),
        x_range=charts.unit_range(),
    )
    fig.xaxis.axis_label = f"{results.definition(m.metric.partition('.')[2])['title']} (share)"
    fig.ygrid.grid_line_color = None
    fig.vspan(x=[m.detail["all_rows"]], line_color=tokens["reference"], line_dash="dashed", line_width=1.5)
    certain = [s["high"] < m.detail["all_rows"] for s in slices]
    source = charts.columns(
        name=names,
        slice=full,
        value=[s["value"] for s in slices],
        low=[s["low"] for s in slices],
        high=[s["high"] for s in slices],
        colour=[tokens["fail_fg"] if sure else tokens["accent"] for sure in certain],
        estimate=[f"{s['value']:.3f} ({s['low']:.3f} to {s['high']:.3f})" for s in slices],
        rows=[f"{s['n']:,}" for s in slices],
        adjusted_p=[f"{s['adjusted']:.2g}" for s in slices],
        lower_than_all_rows=["for certain" if sure else "not for certain" for sure in certain],
    )
    fig.segment("low", "name", "high", "name", source=source, line_color="colour", line_width=3, line_alpha=0.5)
    dots = fig.scatter("value", "name", source=source, size=9, color="colour")
    charts.hover(fig, dots, ["slice", "estimate", "rows", "lower_than_all_rows", "adjusted_p"])
    return fig


def _parts(where: Any) -> list[str]:
    return [f"{column}: {'missing' if value is None else value}" for column, value in where.items()]


def _names(slices: list[Any]) -> list[str]:
    """A line for each column of a slice, with the digits of a cut that matter, as long as that tells them apart."""
    full = [_parts(s["where"]) for s in slices]
    lines = [[_LONG.sub(lambda found: f"{float(found[0]):.4g}", part) for part in parts] for parts in full]
    short = ["\n".join(p if len(p) <= _LINE else p[: _LINE - 1] + "…" for p in parts) for parts in lines]
    return short if len(set(short)) == len(short) else ["\n".join(parts) for parts in full]


def estimated(results: Any) -> Any:
    """Windows in order: the estimate where labels are late, what turned out where they are there."""
    figures = []
    for name in ESTIMATED:
        guessed = _points(results.measurements(f"estimated_{name}", window=None, cohort=results.cohort))
        real = _points(results.measurements(name, window=None, cohort=results.cohort))
        if any(m.value is not None for m in guessed.values()):
            figures.append(_both(results, name, guessed, real))
    return charts.grid(figures) if figures else None


def _points(found: list[Measurement]) -> dict[datetime, Measurement]:
    timed = [m for m in found if m.window not in {"reference", "current"}]
    return {datetime.fromisoformat(m.window): m for m in sorted(timed, key=lambda m: m.window)}


def _both(results: Any, name: str, guessed: dict[Any, Measurement], real: dict[Any, Measurement]) -> Any:
    tokens = results.tokens
    late = {t: m for t, m in guessed.items() if t not in real or real[t].value is None}
    known = {t: m for t, m in guessed.items() if t not in late}
    shown = [*guessed.values(), *real.values()]
    fig = charts.blank(tokens, height=280, x_axis_type="datetime", y_range=charts.around(shown))
    fig.xaxis.axis_label = "start of window"
    fig.yaxis.axis_label = str(results.definition(name)["title"])
    _series(fig, tokens, real, tokens["accent"], "turned out", "circle", 0.5)
    _series(fig, tokens, late, tokens["accent_2"], "estimated, labels not there yet", "diamond", 0.5)
    _series(fig, tokens, known, tokens["reference"], "had been estimated", "x", 0.25)
    charts.legend(fig, tokens, "bottom_left")
    return fig


def _series(
    fig: Any, tokens: Tokens, points: dict[Any, Measurement], colour: str, label: str, marker: str, alpha: float
) -> None:
    defined = {t: m for t, m in points.items() if m.value is not None}
    if not defined:
        return
    source = charts.columns(
        time=list(defined),
        value=[m.value for m in defined.values()],
        low=[m.low for m in defined.values()],
        high=[m.high for m in defined.values()],
        window=[m.window for m in defined.values()],
        what=[label] * len(defined),
        estimate=[charts.estimate(m) for m in defined.values()],
        rows=[f"{m.n:,}" for m in defined.values()],
    )
    fig.segment("time", "low", "time", "high", source=source, line_color=colour, line_width=3, line_alpha=alpha)
    dots = fig.scatter(
        "time", "value", source=source, size=9, marker=marker, color=colour, fill_color=None, legend_label=label
    )
    charts.hover(fig, dots, ["window", "what", "estimate", "rows"])
