"""The pictures: every column over time, their distributions, their ranking, and what is missing."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from dte_panel import View
from dte_panel.charts import bounds, labelled, number, share
from dte_panel_drift import distributions, tables
from dte_panel_drift.charts import figure, paired_bars

INDEX = "population_stability_index"
#: A value from here on has the strongest colour; the usual bound for "moved" is 0.2.
STRONGEST = 0.25
#: More columns than this no longer read as rows of one picture; the table below it has all of them.
MOST_ROWS, MOST_BARS, MOST_PANELS = 40, 20, 6


def ranking(results: Any) -> Any:
    """Measured index of each column in the selected window, largest first."""
    table = results.frame(INDEX, cohort={})
    table = table[(table["window"] != "reference") & table["value"].notna()]
    return table.sort_values(["value", "column"], ascending=[False, True]).reset_index(drop=True)


def features_over_time(results: Any) -> Any:
    """Heat map of the features by windows."""
    outputs = {column for _, column in _outputs(results)}
    return over_time(results, lambda column: None if column in outputs else column)


def outputs_over_time(results: Any) -> Any:
    """Heat map of score, prediction and label by windows."""
    names = {column: f"{role}: {column}" for role, column in _outputs(results)}
    return over_time(results, names.get) if names else None


def _outputs(results: Any) -> list[tuple[str, str]]:
    """Role and column of what a model gives and what it should give."""
    roles = results.roles
    return [(role.capitalize(), roles[role]) for role in ("score", "prediction", "label") if roles.get(role)]


def over_time(results: Any, named: Callable[[str], str | None]) -> Any:
    """Heat map of columns by windows; those that have a name."""
    from bokeh.models import HoverTool, LinearColorMapper
    from bokeh.models.annotations import ColorBar
    from bokeh.transform import transform

    windows = results.windows or ["current"]
    table = results.frame(INDEX, window=None, cohort={})
    table = table[table["window"].isin(windows)]
    table = table[[named(column) is not None for column in table["column"]]]
    if not table["value"].notna().any():
        return None
    columns, every = _worst_first(results, table)
    table = table[table["column"].isin(columns)]
    source, failed, beyond = _cells(results, table, windows, columns)
    colours = [results.tokens[f"heat_{i}"] for i in range(5)]
    mapper = LinearColorMapper(palette=_ramp(colours, 60), low=0, high=STRONGEST, nan_color=results.tokens["none_bg"])
    cut = f" (the {len(columns)} that moved most of {every})" if every > len(columns) else ""
    plot = figure(
        results,
        height=max(260, 90 + 24 * len(columns)),
        x_range=(-0.5, len(windows) - 0.5),
        y_range=(-0.5, len(columns) - 0.5),
        x_axis_label="Start of the window" if results.windows else "",
        y_axis_label=f"Column{cut}",
    )
    cells = plot.rect("x", "y", 0.96, 0.9, source=source, fill_color=transform("psi", mapper), line_color=None)
    plot.rect("x", "y", 0.96, 0.9, source=failed, fill_color=None, line_color=results.tokens["text"], line_width=1.5)
    labelled(plot.xaxis[0], [w[:10] for w in windows], most=12)
    if len(windows) > 4:  # level dates would run into each other on a phone
        plot.xaxis.major_label_orientation = 0.6
    labelled(plot.yaxis[0], [named(column) or column for column in columns])
    plot.scatter("x", "y", size=4, source=beyond, color=results.tokens["text"], line_color=None)
    plot.grid.visible = False
    bar = ColorBar(
        color_mapper=mapper, width=8, padding=4, title="PSI", background_fill_alpha=0,
        title_text_color=results.tokens["muted"], major_label_text_color=results.tokens["muted"],
    )  # fmt: skip
    plot.add_layout(bar, "right")
    tips = [("Column", "@column"), ("Window", "@window"), ("PSI", "@text"), ("Rows", "@n"), ("Verdict", "@verdict")]
    tips.insert(3, ("Without drift", "@chance"))
    plot.add_tools(HoverTool(renderers=[cells], tooltips=tips))
    return plot


def _worst_first(results: Any, table: Any) -> tuple[list[str], int]:
    """Columns from the lowest row of the picture up, the worst current one last; and how many there are."""
    current = results.frame(INDEX, window="current", cohort={}).set_index("column")["value"]
    order = sorted(table["column"].unique(), key=lambda c: (-_or(current.get(c), -1.0), c))
    return order[:MOST_ROWS][::-1], len(order)


def _or(value: Any, otherwise: float) -> float:
    return otherwise if value is None or math.isnan(value) else float(value)


def _cells(results: Any, table: Any, windows: list[str], columns: list[str]) -> tuple[Any, Any, Any]:
    """The cells, those of them that fail, and those beyond what chance shows."""
    from bokeh.models import ColumnDataSource

    usual = {
        (m.column, m.window): m.detail["without_drift"]["quantile_95"]
        for m in results.measurements(INDEX, window=None, cohort={})
        if "without_drift" in m.detail
    }
    most = [usual.get(place, math.inf) for place in zip(table["column"], table["window"], strict=True)]
    cells = {
        "x": table["window"].map({w: i for i, w in enumerate(windows)}),
        "y": table["column"].map({c: i for i, c in enumerate(columns)}),
        "psi": table["value"],
        "column": table["column"],
        "window": table["window"],
        "n": [f"{n:,}" for n in table["n"]],
        "text": [
            f"not evaluated: {why}" if math.isnan(value) else number(value)
            for value, why in zip(table["value"], table["reason"], strict=True)
        ],
        "verdict": [v.replace("_", " ") or "no check" for v in table["verdict"]],
        "chance": ["unknown" if math.isinf(high) else f"up to {number(high)}" for high in most],
    }
    data: dict[str, Any] = {name: list(values) for name, values in cells.items()}
    at = [i for i, v in enumerate(table["verdict"]) if v == "fail"]
    far = [i for i, high in enumerate(most) if data["psi"][i] > high]
    failed, beyond = (ColumnDataSource({k: [data[k][i] for i in some] for k in ("x", "y")}) for some in (at, far))
    return ColumnDataSource(data), failed, beyond


def _ramp(colours: list[str], steps: int) -> list[str]:
    """Colours in between, so that 0.19 and 0.21 differ."""
    stops = [[int(c[i : i + 2], 16) for i in (1, 3, 5)] for c in colours]
    made = []
    for step in range(steps):
        place = step / (steps - 1) * (len(stops) - 1)
        left = min(int(place), len(stops) - 2)
        mixed = [round(a + (b - a) * (place - left)) for a, b in zip(stops[left], stops[left + 1], strict=True)]
        made.append("#{:02x}{:02x}{:02x}".format(*mixed))
    return made


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
        render=features_over_time,
        description="Population stability index of each feature in each window, the worst on top. A dot: further than "
        "95 % of samples without drift. A framed cell fails its check; a grey one was not evaluated.",
        wide=True,
    ),
    View(
        id="outputs_over_time",
        title="Drift of score, prediction and label over time",
        metrics=[INDEX],
        render=outputs_over_time,
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
        metrics=[tables.BEARING],
        render=tables.bearing,
        description="Distance of each column times the share of the label's entropy that it explains in the reference.",
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
