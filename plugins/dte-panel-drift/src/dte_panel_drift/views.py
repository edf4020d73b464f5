"""The pictures: every column over time, their distributions, their ranking, and what is missing."""

from __future__ import annotations

import math
from typing import Any

from dte_panel import View
from dte_panel.charts import bounds, labelled, number, share
from dte_panel_drift import distributions, explorer, tables
from dte_panel_drift.charts import figure, paired_bars

INDEX = "population_stability_index"
#: More columns than this no longer read as rows of one picture; the table below it has all of them.
MOST_BARS, MOST_PANELS = 20, 6


def ranking(results: Any) -> Any:
    """Measured index of each column in the selected window, largest first."""
    table = results.frame(INDEX, cohort={})
    table = table[(table["window"] != "reference") & table["value"].notna()]
    return table.sort_values(["value", "column"], ascending=[False, True]).reset_index(drop=True)


def _or(value: Any, otherwise: float) -> float:
    return otherwise if value is None or math.isnan(value) else float(value)


def distribution(results: Any) -> Any:
    """Reference and selected window of the columns that moved most, side by side."""
    return distributions.panels(results, list(ranking(results)["column"])[:MOST_PANELS])


def moved(results: Any) -> Any:
    """Bars of the index with its interval."""
    from bokeh.models import ColumnDataSource, HoverTool
    from bokeh.models.annotations import Span, TeeHead, Whisker

    table = ranking(results).head(MOST_BARS)[::-1]
    if table.empty:
        return None
    low, high = table["low"].fillna(table["value"]), table["high"].fillna(table["value"])
    colour = {"fail": "fail_line", "warn": "warn_line", "pass": "accent"}
    source = ColumnDataSource({
        "y": list(range(len(table))), "column": list(table["column"]), "value": list(table["value"]),
        "low": list(low), "high": list(high), "n": [f"{n:,}" for n in table["n"]],
        "text": [number(v) for v in table["value"]],
        "interval": [f"{number(a)} to {number(b)}" for a, b in zip(low, high, strict=True)],
        "verdict": [v.replace("_", " ") or "no check" for v in table["verdict"]],
        "colour": [results.tokens[colour.get(v, "none_line")] for v in table["verdict"]],
    })  # fmt: skip
    limits = bounds(results, INDEX)
    end = 1.05 * max([*high, *limits, 0.05])
    plot = figure(
        results,
        height=max(260, 70 + 26 * len(table)),
        x_range=(0, end),
        y_range=(-0.6, len(table) - 0.4),
        x_axis_label="Population stability index, with its 95 % interval",
    )
    bars = plot.hbar(y="y", right="value", height=0.62, source=source, fill_color="colour", line_color=None)
    ink = results.tokens["text"]
    upper, lower = (TeeHead(size=6, line_color=ink) for _ in range(2))
    plot.add_layout(
        Whisker(
            base="y", lower="low", upper="high", source=source, dimension="width", line_color=ink,
            upper_head=upper, lower_head=lower, level="overlay",
        )
    )  # fmt: skip
    for limit in limits:
        plot.add_layout(Span(location=limit, dimension="height", line_dash="dashed", line_color=ink, line_width=1.5))
    labelled(plot.yaxis[0], list(table["column"]))
    plot.ygrid.visible = False
    tips = [("Column", "@column"), ("PSI", "@text"), ("95 %", "@interval"), ("Rows", "@n"), ("Verdict", "@verdict")]
    plot.add_tools(HoverTool(renderers=[bars], tooltips=tips))
    return plot


def missing(results: Any) -> Any:
    """Missing share before and now, of the columns that miss anything."""
    now = results.frame("missing_share", cohort={}).set_index("column")
    before = results.frame("missing_share", window="reference", cohort={}).set_index("column")
    shares = {c: (_or(before["value"].get(c), 0.0), _or(now["value"].get(c), 0.0)) for c in {*now.index, *before.index}}
    some = sorted(
        (c for c, pair in shares.items() if max(pair) > 0), key=lambda c: (-abs(shares[c][1] - shares[c][0]), c)
    )
    if not some:
        return None
    bars = [(c, *shares[c], f"{share(shares[c][0])} before, {share(shares[c][1])} now") for c in some[:MOST_BARS]]
    return paired_bars(
        results, bars, x_axis_label="Share of rows without a value", height=max(260, 80 + 34 * len(bars))
    )


VIEWS = [
    View(
        id="over_time",
        title="Drift of each feature over time",
        metrics=[INDEX],
        render=explorer.features_over_time,
        description="Population stability index of each feature in each window, the worst on top. A dot: further than "
        "95 % of samples without drift. A thin frame: the cell fails its check; grey: it was not evaluated. "
        "Click a cell, or choose it below, to see what moved.",
        wide=True,
    ),
    View(
        id="outputs_over_time",
        title="Drift of score, prediction and label over time",
        metrics=[INDEX],
        render=explorer.outputs_over_time,
        description="The same for what the model gives and for what it should give.",
        wide=True,
    ),
    View(
        id="distribution",
        title="Distribution, reference against current",
        metrics=[INDEX, "jensen_shannon_distance", "kolmogorov_smirnov_statistic", "new_category_share"],
        render=distribution,
        description="The columns that moved most in the selected window. Numbers are drawn as density over the "
        "reference's quantile bins, whose open ends stop at the reference's smallest and largest value.",
        wide=True,
    ),
    View(
        id="moved",
        title="How far each column moved",
        metrics=[INDEX],
        render=moved,
        description="Population stability index in the selected window, with its interval; a dashed line is a bound "
        "of the policy.",
    ),
    View(
        id="bearing",
        title="What drift touches",
        metrics=list(tables.BEARING),
        render=tables.bearing,
        description="Distance of each column in the selected window times the share of the label's entropy (of a "
        "number: its variance) that it explains in the reference.",
    ),
    View(
        id="cohorts",
        title="Which group moved",
        metrics=[INDEX],
        render=tables.cohorts,
        description="Columns of each group whose index is beyond what chance shows, by the lower end of the interval; "
        "the furthest of them.",
        wide=True,
    ),
    View(
        id="tests",
        title="Tests, adjusted for their number",
        metrics=list(tables.TESTS),
        render=tables.tests,
        description="P-values of the selected window, before and after Benjamini-Hochberg over the whole assessment.",
    ),
    View(
        id="missing",
        title="Missing values",
        metrics=["missing_share", "missing_share_change", "missingness_divergence"],
        render=missing,
        description="Share of rows without a value, in the reference and in the selected window.",
        wide=True,
    ),
]
