"""What lies behind the numbers of a classifier: curves over all thresholds, calibration, the confusion table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dte_panel import charts
from dte_panel.charts import Tokens

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from dte_panel.states import Scored

    Floats = NDArray[np.float64]

HEAT = ("heat_0", "heat_1", "heat_2", "heat_3", "heat_4")
#: More classes than this make a table that nobody can read.
MOST_CLASSES = 20


def roc_and_precision_recall(results: Any) -> Any:
    """Both curves of the selection, and those of the reference behind them."""
    chosen = {results.window: "accent"}
    if results.window != "reference":
        chosen = {"reference": "reference", **chosen}
    drawn: list[tuple[str, str, Scored]] = []
    for window, token in chosen.items():
        records = results.states("Scores", window=window, cohort=results.cohort)
        by_label = [r for r in records if "label" in r.columns]
        drawn += [(window, results.tokens[token], r.state) for r in by_label[:1] if _both_classes(r.state)]
    if not any(window == results.window for window, _, _ in drawn):
        return None
    return charts.grid([_roc_figure(results.tokens, drawn), _precision_recall_figure(results.tokens, drawn)])


def _both_classes(state: Scored) -> bool:
    return bool(state.negatives.sum() and state.positives.sum())


def thresholds(state: Scored) -> tuple[Floats, Floats]:
    """Negatives and positives selected at each threshold, from none to all rows."""
    import numpy as np

    wrong, right = (
        np.concatenate([[0.0], np.cumsum(side[::-1], dtype=float)]) for side in (state.negatives, state.positives)
    )
    return wrong, right


def _roc_figure(tokens: Tokens, drawn: list[tuple[str, str, Scored]]) -> Any:
    fig = _unit_figure(tokens, "false positive rate", "true positive rate (recall)")
    fig.line([0, 1], [0, 1], line_color=tokens["border_strong"], line_dash="dotted")
    for window, colour, state in drawn:
        wrong, right = thresholds(state)
        fig.line(wrong / wrong[-1], right / right[-1], line_color=colour, line_width=2, legend_label=window)
    charts.legend(fig, tokens, "bottom_right")
    return fig


def _precision_recall_figure(tokens: Tokens, drawn: list[tuple[str, str, Scored]]) -> Any:
    fig = _unit_figure(tokens, "recall", "precision")
    for window, colour, state in drawn:
        wrong, right = thresholds(state)
        # With nothing selected there is no precision to show.
        wrong, right = wrong[1:], right[1:]
        fig.step(
            right / right[-1],
            right / (right + wrong),
            mode="before",
            line_color=colour,
            line_width=2,
            legend_label=window,
        )
    charts.legend(fig, tokens, "bottom_left")
    return fig


def _unit_figure(tokens: Tokens, x: str, y: str) -> Any:
    fig = charts.blank(tokens, height=300, phone=230, x_range=charts.unit_range(), y_range=charts.unit_range())
    fig.xaxis.axis_label, fig.yaxis.axis_label = x, y
    return fig


def calibration(results: Any) -> Any:
    """Share of positives in each bin of the score, with its interval; below it the rows of each bin."""
    found = results.measurements("expected_calibration_error", cohort=results.cohort)
    bins = found[0].detail.get("bins") if found else None
    if not bins:
        return None
    tokens = results.tokens
    source = charts.columns(
        **{name: [b[name] for b in bins] for name in ("from", "to", "mean_score", "positive_share", "low", "high")},
        n=[b["n"] for b in bins],
        bin=[f"{b['from']:.1f} to {b['to']:.1f}" for b in bins],
        share=[f"{b['positive_share']:.3f} ({b['low']:.3f} to {b['high']:.3f})" for b in bins],
        score=[f"{b['mean_score']:.3f}" for b in bins],
        rows=[f"{b['n']:,}" for b in bins],
    )
    fig = _unit_figure(tokens, "mean score of the bin", "share of positives")
    fig.line([0, 1], [0, 1], line_color=tokens["reference"], line_dash="dashed", line_width=1.5)
    line = {"line_color": tokens["accent"], "line_width": 3, "line_alpha": 0.5}
    fig.segment("mean_score", "low", "mean_score", "high", source=source, **line)
    dots = fig.scatter("mean_score", "positive_share", source=source, size=9, color=tokens["accent"])
    charts.hover(fig, dots, ["bin", "score", "share", "rows"])
    return [fig, _rows_of_bins(tokens, source)]


def _rows_of_bins(tokens: Tokens, source: Any) -> Any:
    from bokeh.models import NumeralTickFormatter

    fig = charts.blank(tokens, height=130, x_range=charts.unit_range())
    fig.xaxis.axis_label, fig.yaxis.axis_label = "score", "rows"
    fig.y_range.start = 0
    fig.yaxis.formatter = NumeralTickFormatter(format="0a")
    fig.yaxis.ticker.desired_num_ticks = 3
    edge = {"line_color": tokens["surface"], "fill_color": tokens["accent"], "fill_alpha": 0.6}
    bars = fig.quad(left="from", right="to", bottom=0, top="n", source=source, **edge)
    charts.hover(fig, bars, ["bin", "rows"])
    return fig


def confusion(results: Any) -> Any:
    """Heat map of label by prediction, coloured by the share of the label's rows."""
    records = results.states("Counts", cohort=results.cohort)
    tables = [r.state for r in records if set(r.state.columns) == {"label", "prediction"}]
    if not tables:
        return None
    values, counts = tables[0].matrix("label", "prediction")
    if not values:
        return None
    if len(values) > MOST_CLASSES:
        return f"{len(values)} classes are too many to show as a picture; the metrics above use them all."
    names = charts.short(str(value) for value in values)
    return _confusion_figure(results.tokens, [names[str(value)] for value in values], counts)


def _confusion_figure(tokens: Tokens, names: list[str], counts: Any) -> Any:
    fig = charts.blank(
        tokens,
        height=max(260, 40 * len(names) + 80),
        x_range=charts.names_axis(names),
        y_range=charts.names_axis(reversed(names)),
    )
    fig.xaxis.axis_label, fig.yaxis.axis_label = "prediction", "label"
    fig.grid.grid_line_color = None
    cells = [(i, j) for i in range(len(names)) for j in range(len(names))]
    shares = [counts[i, j] / counts[i].sum() if counts[i].sum() else None for i, j in cells]
    texts = [f"{counts[i, j]:,}" + ("" if s is None else f"\n{s:.0%}") for (i, j), s in zip(cells, shares, strict=True)]
    colours = [tokens["none_bg" if s is None else HEAT[min(4, int(s * 5))]] for s in shares]
    source = charts.columns(
        label=[names[i] for i, _ in cells],
        prediction=[names[j] for _, j in cells],
        colour=colours,
        ink=[charts.readable_on(c, tokens["text"]) for c in colours],
        rows=[f"{counts[i, j]:,}" for i, j in cells],
        share=["no rows with this label" if s is None else f"{s:.1%}" for s in shares],
        text=texts,
    )
    tiles = fig.rect("prediction", "label", 0.97, 0.95, source=source, fill_color="colour", line_color=tokens["border"])
    middle = {"text_align": "center", "text_baseline": "middle", "text_font_size": "12px"}
    fig.text("prediction", "label", "text", source=source, text_color="ink", **middle)
    charts.hover(fig, tiles, ["label", "prediction", "rows", "share"])
    return fig
