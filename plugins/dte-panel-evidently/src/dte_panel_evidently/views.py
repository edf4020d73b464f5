"""How Evidently's numbers are shown: its tests, its drift, everything else, and their course over the snapshots."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from dte_panel import View

#: More lines than this cannot be told apart.
MOST_LINES = 6
DRIFT = "value_drift_"


def views() -> list[View]:
    """The four views."""
    about = "The score of each column beside Evidently's own threshold. A distance grows with drift, a p-value falls."
    return [
        View("drift", "Drift of each column, as Evidently measures it", (), drift, about),
        View("course", "Over the snapshots", (), course, "Drift scores of the snapshots at the time each was made."),
        View("tests", "Evidently's tests", (), tests, "What each test asked, and how it ended.", wide=True),
        View("numbers", "All other numbers", (), numbers, "What is neither drift nor a test.", wide=True),
    ]


def _measured(results: Any, *, tests: bool, window: Any = "current") -> list[Any]:
    """Measurements of tests, or of what is tested."""
    every = results.measurements(window=window, cohort=None)
    return [m for m in every if ("test" in m.detail or "_test_" in m.metric) == tests]


def tests(results: Any) -> Any:
    """A table of all tests, failed ones first."""
    import pandas as pd

    words = {1.0: "passed", 0.0: "failed", None: "not run"}
    rows: list[dict[str, Any]] = [
        {
            "Outcome": words.get(m.value, "") if m.status != "error" else "error",
            "Column": m.column or "all columns",
            "Group": ", ".join(str(v) for v in m.cohort.values()),
            "Test": str(m.detail.get("test", {}).get("name", m.metric)),
            "Says": str(m.detail.get("test", {}).get("description", m.reason or "")),
        }
        for m in _measured(results, tests=True)
    ]
    if not rows:
        return "No tests: set plugins.evidently.tests to true, or read a snapshot of a report that ran tests."
    grouped = any(row["Group"] for row in rows)
    kept = [{k: v for k, v in row.items() if grouped or k != "Group"} for row in rows]
    ordered = sorted(kept, key=lambda row: (row["Outcome"] == "passed", row["Column"]))
    return pd.DataFrame(ordered)


def numbers(results: Any) -> Any:
    """A table of what is neither drift nor a test."""
    import pandas as pd

    rows = [
        {
            "Metric": str(results.definition(_id(m))["title"]).replace(" (Evidently)", ""),
            "Column": m.column or "",
            "Group": ", ".join(str(v) for v in m.cohort.values()),
            "Value": m.value,
            "n": m.n,
            "Note": "" if m.value is not None else str(m.reason or ""),
        }
        for m in _measured(results, tests=False)
        if not _id(m).startswith(DRIFT)
    ]
    return pd.DataFrame(rows) if rows else "The report or the snapshot has no other numbers."


def drift(results: Any) -> Any:
    """One figure for distances and one for p-values, each column beside Evidently's threshold."""
    found = [m for m in _measured(results, tests=False) if _id(m).startswith(DRIFT) and m.value is not None]
    kinds: dict[str, list[Any]] = {"Distance": [], "p-value": []}
    for m in found:
        kinds["p-value" if results.definition(_id(m)).get("unit") == "p" else "Distance"].append(m)
    drawn = [_bars(results, name, some) for name, some in kinds.items() if some]
    return drawn or "No drift was measured: name DataDriftPreset or ValueDrift in plugins.evidently.report."


def _bars(results: Any, kind: str, found: list[Any]) -> Any:
    from bokeh.models import ColumnDataSource, FactorRange, HoverTool, Range1d
    from bokeh.plotting import figure

    found = sorted(found, key=lambda m: (m.value, m.column), reverse=kind == "p-value")
    rows = [_row(results, m, kind) for m in found]
    columns: dict[str, Any] = {name: [row[name] for row in rows] for name in rows[0]}
    names = list(dict.fromkeys(columns["name"]))
    most = max(x for name in ("value", "threshold") for x in columns[name] if math.isfinite(x))
    shape: dict[str, Any] = {"height": 90 + 30 * len(names), "sizing_mode": "stretch_width", "toolbar_location": None}
    fig = figure(
        x_range=Range1d(start=0, end=1.05 * most or 1.0),
        y_range=FactorRange(*names),
        x_axis_label=f"{kind} (Evidently)",
        **shape,
    )
    source = ColumnDataSource(columns)
    bars = fig.hbar("name", right="value", height=0.6, color="colour", source=source)
    fig.scatter("threshold", "name", marker="dash", angle=1.5708, size=20, color=results.tokens["text"], source=source)
    tips = [("Column", "@name"), ("Score", "@value{0.0000}"), ("Threshold", "@threshold"), ("Says", "@says")]
    fig.add_tools(HoverTool(renderers=[bars], tooltips=tips))
    return fig


def _row(results: Any, m: Any, kind: str) -> dict[str, Any]:
    params: Mapping[str, Any] = m.detail.get("evidently", {}).get("params", {})
    threshold = params.get("threshold")
    drifted = threshold is not None and (m.value < threshold if kind == "p-value" else m.value >= threshold)
    method = _id(m).removeprefix(DRIFT).replace("_", " ")
    return {
        "name": f"{m.column} · {method}",
        "value": m.value,
        "threshold": float("nan") if threshold is None else threshold,
        "says": "no threshold" if threshold is None else "beyond the threshold" if drifted else "within the threshold",
        "colour": results.tokens["warn_line" if drifted else "accent"],
    }


def course(results: Any) -> Any:
    """One figure for distances and one for p-values, a line for each of the scores that moved most."""
    table = results.frame(*(i for i in results.metrics if i.startswith(DRIFT)), window=None, cohort={})
    table = table[table["start"].notna() & table["value"].notna() & ~table["metric"].str.contains("_test_")]
    if table["start"].nunique() < 2:
        return "One snapshot has no course: name several under plugins.evidently.snapshots, or a workspace."
    of_p = table["metric"].map(lambda i: results.definition(i).get("unit") == "p")
    kinds = {"Distance": table[~of_p], "p-value": table[of_p]}
    return [_lines(results, kind, some) for kind, some in kinds.items() if len(some)]


def _lines(results: Any, kind: str, table: Any) -> Any:
    from bokeh.models import ColumnDataSource, HoverTool
    from bokeh.plotting import figure

    tokens, lines = results.tokens, list(table.groupby(["column", "metric"], dropna=False))
    lines.sort(key=lambda item: float(item[1]["value"].max() - item[1]["value"].min()), reverse=True)
    shape: dict[str, Any] = {"height": 260, "sizing_mode": "stretch_width", "toolbar_location": None}
    labels: dict[str, Any] = {"x_axis_label": "Time of the snapshot", "y_axis_label": f"{kind} (Evidently)"}
    fig = figure(x_axis_type="datetime", **labels, **shape)
    for number, ((column, metric), rows) in enumerate(lines[:MOST_LINES]):
        by_time = rows.sort_values("start")
        name = f"{column} · {str(metric).removeprefix(DRIFT).replace('_', ' ')}"
        columns: dict[str, Any] = {"x": by_time["start"].tolist(), "y": by_time["value"].tolist()}
        source = ColumnDataSource({**columns, "name": [name] * len(by_time)})
        colour = tokens[("accent", "accent_2", "accent_3")[number % 3]]
        dash = ("solid", "dashed")[number // 3 % 2]
        fig.line("x", "y", source=source, color=colour, line_width=2, line_dash=dash, legend_label=name)
        dots = fig.scatter("x", "y", source=source, color=colour, size=7)
        tips = [("", "@name"), ("Score", "@y{0.0000}"), ("At", "@x{%F}")]
        fig.add_tools(HoverTool(renderers=[dots], tooltips=tips, formatters={"@x": "datetime"}))
    fig.add_layout(fig.legend[0], "below")
    return fig


def _id(m: Any) -> str:
    return str(m.metric.partition(".")[2])
