"""What other thresholds would give: gain and lift, precision and recall, selection rate and cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dte_panel import charts
from dte_panel.charts import Tokens
from dte_panel_performance.costs import costs_by_threshold
from dte_panel_performance.ranking import selected

if TYPE_CHECKING:
    from dte_panel.states import Scored

#: A curve is drawn through at most so many points.
POINTS = 400


def state_of(results: Any) -> Scored | None:
    """The selection's rows of each score by label, if there are any of both labels."""
    for record in results.states("Scores", cohort=results.cohort):
        if "label" in record.columns and record.state.negatives.sum() and record.state.positives.sum():
            state: Scored = record.state
            return state
    return None


def gain_and_lift(results: Any) -> Any:
    """The share of positives, and how many times chance, among the best-scored share of the rows."""
    import numpy as np

    state = state_of(results)
    if state is None:
        return None
    wrong, right = (np.concatenate([[0.0], side[::-1]]) for side in selected(state))
    shares = np.linspace(0, 1, 201)
    gains = np.interp(shares * state.n, wrong + right, right / right[-1])
    source = {"share": shares[1:], "gain": gains[1:], "lift": gains[1:] / shares[1:]}
    tokens = results.tokens
    gain = charts.blank(tokens, height=280, phone=210, x_range=charts.unit_range(), y_range=charts.unit_range())
    gain.line([0, 1], [0, 1], line_color=tokens["reference"], line_dash="dashed", legend_label="at random")
    _curve(gain, tokens, source, "gain", "this model")
    gain.yaxis.axis_label = "share of positives found"
    charts.legend(gain, tokens, "bottom_right")
    lift = charts.blank(tokens, height=280, phone=210, x_range=charts.unit_range())
    lift.line([0, 1], [1, 1], line_color=tokens["reference"], line_dash="dashed", legend_label="at random")
    _curve(lift, tokens, source, "lift", "this model")
    lift.yaxis.axis_label = "lift over random"
    lift.y_range.start = 0
    charts.legend(lift, tokens, "top_right")
    for fig in (gain, lift):
        fig.xaxis.axis_label = "share of rows, highest scores first"
    return charts.grid([gain, lift])


def _curve(fig: Any, tokens: Tokens, source: dict[str, Any], name: str, label: str) -> None:
    told = {key: [f"{v:.3f}" for v in values] for key, values in source.items()}
    data = charts.columns(x=source["share"], y=source[name], **told)
    line = fig.line("x", "y", source=data, line_color=tokens["accent"], line_width=2, legend_label=label)
    charts.hover(fig, line, ["share", name])


def by_threshold(results: Any) -> Any:
    """Precision, recall, F1 and selection rate over the threshold; below them the cost, where prices are set."""
    import numpy as np

    state = state_of(results)
    if state is None:
        return None
    wrong, right = selected(state)
    every, positives = wrong + right, float(state.positives.sum())
    keep = np.unique(np.linspace(0, len(state.scores) - 1, POINTS).astype(int))
    lines = {
        "precision": right / every,
        "recall": right / positives,
        "F1": 2 * right / (every + positives),
        "selection rate": every / state.n,
    }
    tokens, scores = results.tokens, state.scores[keep]
    fig = charts.blank(tokens, height=300, phone=230, y_range=charts.unit_range())
    fig.xaxis.axis_label, fig.yaxis.axis_label = "threshold: predict 1 from this score on", "share"
    colours, dashes = ("accent", "accent_2", "text", "muted"), ("solid", "solid", "dashed", "dotted")
    looks = [(tokens[colour], dash) for colour, dash in zip(colours, dashes, strict=True)]
    told = {name.replace(" ", "_"): [f"{v:.3f}" for v in values[keep]] for name, values in lines.items()}
    for (name, values), (colour, dash) in zip(lines.items(), looks, strict=True):
        data = charts.columns(x=scores, y=values[keep], threshold=[f"{s:.4g}" for s in scores], **told)
        line = fig.line("x", "y", source=data, line_color=colour, line_dash=dash, line_width=2, legend_label=name)
        if name == "precision":
            charts.hover(fig, line, ["threshold", *told])
    charts.legend(fig, tokens, "bottom_left")
    cost = _cost_figure(results, state, keep)
    return fig if cost is None else charts.grid([fig, cost])


def _cost_figure(results: Any, state: Scored, keep: Any) -> Any:
    """The mean cost over the threshold, and what the decisions in the data cost."""
    found = results.measurements("expected_cost", cohort=results.cohort)
    price = found[0].detail.get("costs") if found else None
    if not price:
        return None
    thresholds, costs = costs_by_threshold(state, price)
    tokens = results.tokens
    fig = charts.blank(tokens, height=300, phone=230)
    fig.xaxis.axis_label, fig.yaxis.axis_label = "threshold: predict 1 from this score on", "cost per row"
    told = {"threshold": [f"{t:.4g}" for t in thresholds[keep]], "cost": [f"{c:.4g}" for c in costs[keep]]}
    data = charts.columns(x=thresholds[keep], y=costs[keep], **told)
    line = fig.line("x", "y", source=data, line_color=tokens["accent"], line_width=2, legend_label="at this threshold")
    charts.hover(fig, line, ["threshold", "cost"])
    if found[0].value is not None:
        ends = [thresholds[0], thresholds[-2]]
        now = [found[0].value] * 2
        fig.line(ends, now, line_color=tokens["reference"], line_dash="dashed", legend_label="the decisions made")
    charts.legend(fig, tokens, "top_center")
    return fig
