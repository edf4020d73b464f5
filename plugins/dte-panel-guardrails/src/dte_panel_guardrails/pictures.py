"""The pictures of single metrics: what one feature tells of the label, and means along columns with a direction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from dte_panel import charts

#: Measures of leakage and what their axis says.
LEAKAGE = {
    "single_feature_roc_auc": "ROC AUC alone",
    "label_uncertainty_coefficient": "Entropy of the label told",
    "label_correlation_ratio": "Variance of the label told",
}
#: So many features, those that tell most; the table has all of them.
MOST_FEATURES = 20


def leakage(results: Any) -> Any:
    """Each feature with its interval, what tells most on top, and the bound of the check."""
    shown = [_features(results, metric, told) for metric, told in LEAKAGE.items() if _known(results, metric)]
    return charts.grid(shown) if shown else None


def _known(results: Any, metric: str) -> list[Any]:
    found = [m for m in results.measurements(metric, window="current", cohort={}) if m.value is not None]
    return sorted(found, key=lambda m: (-m.value, m.column))


def _features(results: Any, metric: str, told: str) -> Any:
    known, tokens = _known(results, metric), results.tokens
    shown = known[:MOST_FEATURES][::-1]
    words = [results.verdict_of(m) for m in shown]
    cut = f" (first {len(shown)} of {len(known)})" if len(shown) < len(known) else ""
    fig = charts.blank(
        tokens,
        height=90 + 22 * len(shown),
        x_axis_label=told + cut,
        y_range=(-0.6, len(shown) - 0.4),
        x_range=(0.49 if metric == "single_feature_roc_auc" else -0.01, 1.01),
    )
    places = list(range(len(shown)))
    charts.labelled(fig.yaxis[0], [str(m.column) for m in shown])
    colours = [charts.colour(tokens, word) for word in words]
    ends = [(m.value if m.low is None else m.low, m.value if m.high is None else m.high) for m in shown]
    fig.segment([low for low, _ in ends], places, [high for _, high in ends], places, line_color=colours, line_width=2)
    source = charts.columns(
        x=[m.value for m in shown],
        y=places,
        colour=colours,
        marker=[charts.MARKERS.get(word, "circle") for word in words],
        feature=[str(m.column) for m in shown],
        value=[charts.estimate(m) for m in shown],
        rows=[f"{m.n:,}" for m in shown],
        verdict=[word.replace("_", " ") or "no check" for word in words],
    )
    dots = fig.scatter("x", "y", source=source, marker="marker", color="colour", size=9)
    charts.hover(fig, dots, ["feature", "value", "rows", "verdict"])
    _bounds(fig, charts.bounds(results, metric), tokens)
    return fig


def _bounds(fig: Any, bounds: Sequence[float], tokens: Mapping[str, str]) -> None:
    from bokeh.models.annotations import Span

    for bound in bounds:
        fig.add_layout(Span(location=bound, dimension="height", line_color=tokens["muted"], line_dash="dashed"))
    if bounds:
        named = " and ".join(charts.number(bound) for bound in bounds)
        fig.xaxis[0].axis_label = f"{fig.xaxis[0].axis_label} · bound {named}"


def monotone(results: Any) -> Any:
    """The mean in each bin of each column with a stated direction; steps against it are marked."""
    found = results.measurements("monotonicity_violation", cohort={})
    shown = [_steps(m, results.tokens) for m in found if len(m.detail.get("bins", ())) > 1]
    return charts.grid(shown) if shown else None


def _steps(measurement: Any, tokens: Mapping[str, str]) -> Any:
    bins, direction = measurement.detail["bins"], measurement.detail["direction"]
    means = [one["mean"] for one in bins]
    wrong = [(i, i + 1) for i, (a, b) in enumerate(pairwise(means)) if (b < a if direction == "increasing" else b > a)]
    told = f"{len(wrong)} of {len(bins) - 1} steps go the other way" if wrong else "no step goes the other way"
    fig = charts.blank(
        tokens,
        height=280,
        x_axis_label=f"{charts.cut(str(measurement.column))}: should be {direction}; {told}",
        y_axis_label="Mean score or prediction",
    )
    charts.labelled(fig.xaxis[0], [_bin(one) for one in bins])
    fig.xaxis.major_label_orientation = 0.7
    fig.line(list(range(len(means))), means, line_color=tokens["accent"], line_width=2)
    ends = [([i, j], [means[i], means[j]]) for i, j in wrong]
    fig.multi_line([x for x, _ in ends], [y for _, y in ends], line_color=tokens["fail_fg"], line_width=4)
    ahead = {j for _, j in wrong}
    source = charts.columns(
        x=list(range(len(means))),
        y=means,
        colour=[tokens["fail_fg"] if i in ahead else tokens["accent"] for i in range(len(means))],
        marker=["square" if i in ahead else "circle" for i in range(len(means))],
        bin=[_bin(one) for one in bins],
        mean=[charts.number(mean) for mean in means],
        rows=[f"{one['n']:,}" for one in bins],
        step=["against the direction" if i in ahead else "" for i in range(len(means))],
    )
    dots = fig.scatter("x", "y", source=source, marker="marker", color="colour", size=9)
    charts.hover(fig, dots, ["bin", "mean", "rows", "step"])
    return fig


def _bin(one: Mapping[str, Any]) -> str:
    """A bin in words.

    Examples
    --------
    >>> _bin({"from": None, "to": 3}), _bin({"from": 3, "to": 5.5}), _bin({"from": 5.5, "to": None})
    ('< 3', '3 to 5.5', '≥ 5.5')
    """
    low, high = (None if end is None else f"{end:,.4g}".replace("-", "−") for end in (one["from"], one["to"]))
    return f"< {high}" if low is None else f"≥ {low}" if high is None else f"{low} to {high}"
