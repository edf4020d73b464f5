"""One column in one window: what is said of it, both distributions, the band of chance, its numbers, its groups."""

from __future__ import annotations

import math
from typing import Any

from dte_panel.charts import labelled, legend, number
from dte_panel_drift import distributions
from dte_panel_drift.charts import figure, pvalue
from dte_panel_drift.heatmap import INDEX, usual
from dte_panel_drift.tables import TESTS

#: What names the categories that came and went.
NAMES = ("new_category_share", "vanished_categories")
#: The fold of the card has all rows.
MOST_GROUPS = 12


def cell(results: Any, column: str, window: str, name: str) -> Any:
    """Everything about a cell."""
    shown: list[Any] = [" ".join(sentences(results, column, window, name))]
    pictures = [distributions.picture(results, column, window), over_time(results, column, window)]
    shown.append(distributions.beside([p for p in pictures if p is not None]))
    folds = {"All numbers of this cell": numbers(results, column, window), "Groups": groups(results, column, window)}
    shown.append({title: table for title, table in folds.items() if table is not None})
    return [part for part in shown if part is not None]


def sentences(results: Any, column: str, window: str, name: str) -> list[str]:
    """The cell in words."""
    found = results.measurements(INDEX, window=window, cohort={}, column=column)
    if not found:
        return [f"{name}, {window}: not measured."]
    (m,) = found[:1]
    if m.value is None:
        return [f"{name}, {window}: not evaluated: {m.reason}."]
    high = usual(m)
    said = [f"{name}, {window}: index {number(m.value)}{_interval(m)} from {m.n:,} rows."]
    if math.isfinite(high):
        more = "further than" if m.value > high else "within"
        said.append(f"That is {more} what 95 % of samples without drift stay below, {number(high)}.")
    for test in results.measurements(*TESTS, window=window, cohort={}, column=column):
        if test.value is not None:
            adjusted = (
                "" if test.adjusted is None else f", {pvalue(test.adjusted)} adjusted for {results.tested:,} tests"
            )
            said.append(f"p = {pvalue(test.value)}{adjusted}.")
    said += [
        f"{'New' if named.metric.endswith(NAMES[0]) else 'Vanished'} categories: {named.reason.partition(': ')[2]}."
        for named in results.measurements(*NAMES, window=window, cohort={}, column=column)
        if named.value and named.reason
    ]
    verdict = results.verdict_of(m).replace("_", " ")
    return [*said, f"Verdict: {verdict}."] if verdict else said


def numbers(results: Any, column: str, window: str) -> Any:
    """Every number of the provider for a cell."""
    import pandas as pd

    rows = [
        {
            "Number": results.definition(m.metric.partition(".")[2])["title"],
            "Value": "not evaluated"
            if m.value is None
            else pvalue(m.value)
            if m.adjusted is not None
            else number(m.value),
            "95 %": _interval(m).strip(" ()"),
            "Without drift up to": _usual(m),
            "Adjusted": "" if m.adjusted is None else pvalue(m.adjusted),
            "Rows": f"{m.n:,}",
        }
        for m in results.measurements(window=window, cohort={}, column=column)
    ]
    return pd.DataFrame(rows) if rows else None


def groups(results: Any, column: str, window: str) -> Any:
    """The column in each group, the furthest first."""
    import pandas as pd

    made = [m for m in results.measurements(INDEX, window=window, column=column) if m.cohort and m.value is not None]
    made.sort(key=lambda m: (-(m.low or 0.0), -m.value))
    tests = {_key(m): m for m in results.measurements(*TESTS, window=window, column=column) if m.value is not None}
    rows = []
    for m in made[:MOST_GROUPS]:
        test = tests.get(_key(m))
        rows.append({
            "Group": ", ".join(f"{c}: {'missing' if v is None else v}" for c, v in m.cohort.items()),
            "Index": number(m.value),
            "95 %": _interval(m).strip(" ()"),
            "Without drift up to": _usual(m),
            "p": pvalue(test.value) if test else "",
            "Adjusted": pvalue(test.adjusted) if test and test.adjusted is not None else "",
            "Rows": f"{m.n:,}",
        })  # fmt: skip
    return pd.DataFrame(rows) if rows else None


def over_time(results: Any, column: str, window: str) -> Any:
    """The index of a column over the windows, above the band of what chance shows without drift."""
    windows = results.windows
    if len(windows) < 2:
        return None
    found = {m.window: m for m in results.measurements(INDEX, window=None, cohort={}, column=column)}
    known = [(i, found[w]) for i, w in enumerate(windows) if w in found and found[w].value is not None]
    if not known:
        return None
    tokens = results.tokens
    plot = figure(
        results, height=distributions.HEIGHT, x_range=(-0.5, len(windows) - 0.5),
        x_axis_label="Start of the window", y_axis_label="Population stability index",
    )  # fmt: skip
    x, values = [i for i, _ in known], [m.value for _, m in known]
    tops = [0.0 if math.isinf(usual(m)) else usual(m) for _, m in known]
    plot.varea(x, [0.0] * len(x), tops, fill_color=tokens["reference"], fill_alpha=0.35, legend_label="Without drift")
    low, high = (
        [m.value if end is None else end for _, m in known for end in (getattr(m, e),)] for e in ("low", "high")
    )
    plot.segment(x, low, x, high, line_color=tokens["border_strong"])
    plot.line(x, values, line_color=tokens["accent"], line_width=2, legend_label="Now, with its interval")
    plot.scatter(x, values, size=5, color=tokens["accent"])
    at = [(i, m.value) for i, m in known if m.window == window]
    plot.scatter(
        [i for i, _ in at], [v for _, v in at], size=12, fill_color=None, line_color=tokens["text"], line_width=2
    )
    labelled(plot.xaxis[0], [w[:10] for w in windows], most=6)
    plot.xaxis.major_label_orientation = 0.6
    plot.y_range.start = 0
    legend(plot, results.tokens, "above")
    return plot


def _key(m: Any) -> tuple[tuple[str, str | None], ...]:
    return tuple(sorted(m.cohort.items()))


def _interval(m: Any) -> str:
    ends = ["" if end is None else number(end) for end in (m.low, m.high)]
    return f" ({ends[0]} to {ends[1]})" if all(ends) else ""


def _usual(m: Any) -> str:
    high = usual(m)
    return "" if math.isinf(high) else number(high)
