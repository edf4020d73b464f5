"""How it is shown: over time, by cohort, and what lies behind one number."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from dte_panel import Measurement, View, charts
from dte_panel.charts import Tokens
from dte_panel_performance import curves, findings, whatif
from dte_panel_performance.decisions import accuracy
from dte_panel_performance.errors import mean_absolute_error
from dte_panel_performance.ranking import average_precision
from dte_panel_performance.scores import roc_auc

TREND = (roc_auc, average_precision, accuracy, mean_absolute_error)
BY_COHORT = (accuracy, mean_absolute_error)
#: What does not let the picture grow by more than this is drawn to scale with it.
SQUEEZED = 3.0


def over_time(results: Any) -> Any:
    """One figure per metric: each window with its interval, the reference as a dashed line, alert zones."""
    figures = []
    for metric in TREND:
        found = results.measurements(metric.id, window=None, cohort=results.cohort)
        points = _in_order(found)
        if any(m.value is not None for _, m in points):
            reference = next((m for m in found if m.window == "reference"), None)
            bounds = {v.bound for v in results.verdicts(metric.id)}
            fig = _trend(results.tokens, metric, points, reference, bounds)
            _baseline(fig, results, metric.id)
            figures.append(fig)
    return charts.grid(figures) if figures else None


def _baseline(fig: Any, results: Any, name: str) -> None:
    """What a dummy would have reached: a dotted line, or where that would flatten the picture, a number below it."""
    found = results.measurements(f"{name}_over_baseline", window=None, cohort=results.cohort)
    points = [(t, m.detail["baseline"]) for t, m in _in_order(found) if "baseline" in m.detail]
    if not points:
        return
    low, high = min(b for _, b in points), max(b for _, b in points)
    low, high = min(low, fig.y_range.start), max(high, fig.y_range.end)
    if high - low > SQUEEZED * (fig.y_range.end - fig.y_range.start):
        joint = " · " if "\n" in fig.xaxis.axis_label else "\n"
        fig.xaxis.axis_label += f"{joint}dummy {charts.number(points[-1][1])}"
        return
    source = charts.columns(
        time=[t for t, _ in points],
        value=[b for _, b in points],
        window=[t.date().isoformat() for t, _ in points],
        baseline=[charts.number(b) for _, b in points],
    )
    line = fig.line(
        "time", "value", source=source, line_color=results.tokens["muted"], line_dash="dotted", line_width=2
    )
    charts.hover(fig, line, ["window", "baseline"])
    room = 0.08 * (high - low)
    fig.y_range.start, fig.y_range.end = low - room, high + room


def _in_order(found: Sequence[Measurement]) -> list[tuple[datetime, Measurement]]:
    points = [(datetime.fromisoformat(m.window), m) for m in found if m.window not in {"reference", "current"}]
    return sorted(points, key=lambda point: point[0])


def _trend(
    tokens: Tokens,
    metric: Any,
    points: Sequence[tuple[datetime, Measurement]],
    reference: Measurement | None,
    bounds: set[str],
) -> Any:
    shown = [m for _, m in points] + ([reference] if reference else [])
    fig = charts.blank(tokens, height=280, phone=200, x_axis_type="datetime", y_range=charts.around(shown))
    # The bound may lie far away from the numbers: it is told in words, too.
    fig.xaxis.axis_label = "\n".join(["start of window", *(f"check {bound}" for bound in sorted(bounds))])
    fig.yaxis.axis_label = f"{metric.title} ({metric.unit})" if metric.unit else metric.title
    _alert_zones(fig, tokens, bounds)
    if reference is not None and reference.value is not None:
        _level(fig, tokens, reference)
    for defined, run in groupby(points, key=lambda point: point[1].value is not None):
        if defined:
            _band(fig, tokens, list(run))
    source = charts.columns(
        time=[t for t, _ in points],
        value=[m.value for _, m in points],
        window=[m.window for _, m in points],
        estimate=[charts.estimate(m) for _, m in points],
        rows=[f"{m.n:,}" for _, m in points],
    )
    fig.line("time", "value", source=source, line_color=tokens["accent"], line_width=2)
    dots = fig.scatter("time", "value", source=source, color=tokens["accent"], size=7)
    charts.hover(fig, dots, ["window", "estimate", "rows"])
    return fig


def _band(fig: Any, tokens: Tokens, run: Sequence[tuple[datetime, Measurement]]) -> None:
    """The interval of windows that follow each other; of one alone, an upright line."""
    ends = [(t, m.low, m.high) for t, m in run if m.low is not None and m.high is not None]
    times, lows, highs = ([end[i] for end in ends] for i in (0, 1, 2))
    if len(ends) > 1:
        fig.varea(x=times, y1=lows, y2=highs, fill_color=tokens["accent"], fill_alpha=0.18)
    else:
        fig.segment(x0=times, x1=times, y0=lows, y1=highs, line_color=tokens["accent"], line_alpha=0.5, line_width=3)


def _level(fig: Any, tokens: Tokens, reference: Measurement) -> None:
    colour = tokens["reference"]
    if reference.low is not None and reference.high is not None:
        fig.hstrip(y0=[reference.low], y1=[reference.high], fill_color=colour, fill_alpha=0.18, line_color=None)
    fig.hspan(y=[reference.value], line_color=colour, line_dash="dashed", line_width=1.5)


def _alert_zones(fig: Any, tokens: Tokens, bounds: set[str]) -> None:
    """The side of each bound where a check fails."""
    from bokeh.models.annotations import BoxAnnotation

    for operator, limit in filter(None, map(parse, sorted(bounds))):
        ends: dict[str, Any] = {"top": limit} if operator.startswith(">") else {"bottom": limit}
        fig.add_layout(BoxAnnotation(**ends, fill_color=tokens["fail_bg"], fill_alpha=0.6, level="underlay"))
        fig.hspan(y=[limit], line_color=tokens["fail_line"], line_width=1)


def parse(bound: str) -> tuple[str, float] | None:
    """``(">=", 0.8)`` of ``">= 0.8"``.

    Examples
    --------
    >>> parse(">= 0.8"), parse("")
    (('>=', 0.8), None)
    """
    found = re.fullmatch(r"\s*([<>]=?)\s*([-+.\deE]+)\s*", bound)
    return (found[1], float(found[2])) if found else None


def by_cohort(results: Any) -> Any:
    """One figure per attribute, all on the same scale: each cohort's value with its interval against all rows."""
    figures: list[Any] = []
    for metric in BY_COHORT:
        found = results.measurements(metric.id)
        groups = [m for m in found if len(m.cohort) == 1]
        if any(m.value is not None for m in groups):
            every = next((m.value for m in found if not m.cohort), None)
            attributes = dict.fromkeys(column for m in groups for column in m.cohort)
            figures += [_cohorts(results.tokens, metric, groups, every, attribute) for attribute in attributes]
    return charts.grid(figures) if figures else None


def _cohorts(tokens: Tokens, metric: Any, groups: Sequence[Measurement], every: float | None, attribute: str) -> Any:
    shown = [m for m in groups if attribute in m.cohort]
    values = [m.cohort[attribute] for m in shown]
    names = charts.axis_names(values)
    data = {
        **{end: [getattr(m, end) for m in shown] for end in ("value", "low", "high")},
        "colour": [tokens["accent"]] * len(shown),
        "marker": ["circle"] * len(shown),
        "group": [charts.name(value) for value in values],
        "estimate": [charts.estimate(m) for m in shown],
        "rows": [f"{m.n:,}" for m in shown],
    }
    x_range = charts.around(groups, *([] if every is None else [every]))
    fig = charts.under_names(tokens, [names[value] for value in values], x_range, data)
    fig.xaxis.axis_label = f"{metric.title} ({metric.unit}) by {charts.cut(attribute)}"
    if every is not None:
        fig.vspan(x=[every], line_color=tokens["reference"], line_dash="dashed", line_width=1.5)
    return fig


VIEWS = (
    View(
        id="over_time",
        title="Over time",
        metrics=[metric.id for metric in TREND],
        render=over_time,
        description="Each window with its 95 % interval. The dashed line and its band are the reference, the dotted "
        "line, or the number below it, is a dummy that knows nothing of the row; the shaded side is where a check "
        "fails.",
        wide=True,
    ),
    View(
        id="curves",
        title="ROC and precision-recall curves",
        metrics=["roc_auc"],
        render=curves.roc_and_precision_recall,
        description="What every threshold would give: rows selected rightly against rows selected wrongly. "
        "The grey line is the reference.",
    ),
    View(
        id="calibration",
        title="Calibration",
        metrics=["expected_calibration_error", "brier_score", "log_loss"],
        render=curves.calibration,
        description="Whether a score of 0.7 comes true in 70 % of rows: on the dashed line it does.",
    ),
    View(
        id="estimated",
        title="Estimated and realised",
        metrics=[f"estimated_{name}" for name in findings.ESTIMATED],
        render=findings.estimated,
        description="While labels are late: what to expect if a score still means what it meant in the reference "
        "(diamonds). Once labels are there, what turned out takes its place; a grey cross is what had been estimated.",
        wide=True,
    ),
    View(
        id="weakest_slices",
        title="Weakest slices",
        metrics=list(findings.SLICES),
        render=findings.weakest,
        description="Slices of one column and of two with the lowest figures. The intervals pay for the search; red is "
        "below all rows (the dashed line) for certain.",
        wide=True,
    ),
    View(
        id="thresholds",
        title="Other thresholds",
        metrics=["precision", "recall", "f1", "expected_cost", "lowest_expected_cost"],
        render=whatif.by_threshold,
        description="What predicting 1 from another score on would give, and what it would cost by use_case.costs.",
        wide=True,
    ),
    View(
        id="gain_and_lift",
        title="Gain and lift",
        metrics=["gain_at_top_10_percent", "lift_at_top_10_percent", "average_precision"],
        render=whatif.gain_and_lift,
        description="How many of the positives the highest-scored rows hold, against as many rows taken at random.",
    ),
    View(
        id="confusion",
        title="Confusion",
        metrics=["accuracy", "balanced_accuracy", "precision", "recall", "f1", "matthews_correlation_coefficient"],
        render=curves.confusion,
        description="Rows of each label by prediction, with the share of the label's rows.",
    ),
    View(
        id="by_cohort",
        title="By cohort",
        metrics=[metric.id for metric in BY_COHORT],
        render=by_cohort,
        description="Each cohort with its 95 % interval. The dashed line is the value of all rows.",
        wide=True,
        needs=["sensitive"],
    ),
)
