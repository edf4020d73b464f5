"""The weakest slices with their corrected intervals, and what was estimated beside what turned out."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from dte_panel import Measurement, charts
from dte_panel.charts import Tokens

SLICES = ("weakest_slice_accuracy", "weakest_slice_recall")
#: A number with more digits than a reader wants in a picture, and the longest line there.
_LONG, _LINE = re.compile(r"\d+\.\d{4,}"), 46
#: So many slices are drawn; the table has all that are named.
DRAWN = 6
ESTIMATED = ("roc_auc", "accuracy", "f1")


def weakest(results: Any) -> Any:
    """One figure per metric: the first of the named slices, weakest for certain first, against all rows."""
    window = results.window if results.window in {"reference", "current"} else "current"
    found = [m for m in results.measurements(*SLICES, window=window, cohort={}) if m.detail.get("slices")]
    if not found:
        return None
    figures = [_slices(results, m) for m in found]
    return [charts.grid(figures), *dict.fromkeys(map(_searched, found)), {"Show the named slices": _table(found)}]


def _searched(m: Measurement) -> str:
    left = m.detail["left_out"]
    told = f"{_title(m)}: {m.detail['searched']:,} slices of at least {m.detail['min_rows']:,} rows were searched"
    corrected = "the intervals hold for all of them at once"
    return f"{told}; {corrected}." + (f" Not cut by: {', '.join(left)}." if left else "")


def _title(m: Measurement) -> str:
    """``Accuracy`` of the accuracy of the weakest slice."""
    return m.metric.partition("weakest_slice_")[2].replace("_", " ").capitalize()


def _slices(results: Any, m: Measurement) -> Any:
    tokens, slices, every = results.tokens, m.detail["slices"][:DRAWN], m.detail["all_rows"]
    certain = [s["high"] < every for s in slices]
    x_range = charts.around([], every, *(s[end] for s in slices for end in ("low", "high")))
    told = {
        "slice": [", ".join(_parts(s["where"])) for s in slices],
        "estimate": [_estimate(s) for s in slices],
        "rows": [f"{s['n']:,}" for s in slices],
        "adjusted_p": [f"{s['adjusted']:.2g}" for s in slices],
        "lower_than_all_rows": ["for certain" if sure else "not for certain" for sure in certain],
    }
    looks = {
        "colour": [tokens["fail_fg" if sure else "accent"] for sure in certain],
        "marker": ["square" if sure else "circle" for sure in certain],
    }
    ends = {name: [s[name] for s in slices] for name in ("value", "low", "high")}
    fig = charts.under_names(tokens, _names(slices), x_range, {**ends, **looks, **told})
    fig.xaxis.axis_label = f"{_title(m)} (share); all rows {charts.number(every)}"
    fig.vspan(x=[every], line_color=tokens["reference"], line_dash="dashed", line_width=1.5)
    return fig


def _estimate(found: Any) -> str:
    return f"{charts.number(found['value'])} ({charts.number(found['low'])} to {charts.number(found['high'])})"


def _table(found: list[Measurement]) -> Any:
    """All that are named, of each metric."""
    import pandas as pd

    return pd.DataFrame(
        {
            "of": _title(m),
            "slice": ", ".join(_parts(s["where"])),
            "value (95 % interval)": _estimate(s),
            "rows": f"{s['n']:,}",
            "adjusted p": f"{s['adjusted']:.2g}",
        }
        for m in found
        for s in m.detail["slices"]
    )


def _parts(where: Any) -> list[str]:
    return [f"{column}: {'missing' if value is None else value}" for column, value in where.items()]


def _names(slices: list[Any]) -> list[str]:
    """One line if it fits, or one for each column of a slice, with the digits of a cut that matter."""
    full = [_parts(s["where"]) for s in slices]
    lines = [[_LONG.sub(lambda found: f"{float(found[0]):.4g}", part) for part in parts] for parts in full]
    cut = [[charts.cut(part, _LINE) for part in parts] for parts in lines]
    return [("\n" if len(" · ".join(parts)) > _LINE else " · ").join(parts) for parts in cut]


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
    fig = charts.blank(tokens, height=280, phone=200, x_axis_type="datetime", y_range=charts.around(shown))
    fig.xaxis.axis_label = "start of window"
    fig.yaxis.axis_label = str(results.definition(name)["title"])
    _series(fig, tokens, real, tokens["accent"], "turned out", "circle", 0.5)
    _series(fig, tokens, late, tokens["accent_2"], "estimated", "diamond", 0.5)
    _series(fig, tokens, known, tokens["reference"], "had been estimated", "x", 0.25)
    charts.legend(fig, tokens, "above")
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
