"""What is better read than drawn: which group moved, what the tests say, what drift touches."""

from __future__ import annotations

from typing import Any

from dte_panel.charts import number, share
from dte_panel_drift.charts import pvalue

INDEX, CLASSIFIER = "population_stability_index", "domain_classifier_auc"
#: By the label's entropy, or by its variance where it is a number.
BEARING = ("drift_bearing", "drift_bearing_on_number")
TESTS = ("kolmogorov_smirnov_pvalue", "chi_square_pvalue")
#: The fold below has all rows.
MOST_ROWS = 12


def cohorts(results: Any) -> Any:
    """The columns of each cohort that moved beyond what chance shows, the furthest first."""
    import pandas as pd

    made = [m for m in results.measurements(INDEX) if m.cohort and m.value is not None]
    if not made:
        return None
    beyond = sorted((m for m in made if _beyond(m)), key=lambda m: (-(m.low or 0.0), -(m.value or 0.0), m.column or ""))
    if not beyond:
        return f"No column of any group moved further than chance explains ({len(made):,} looked at)."
    first = beyond[0]
    said = (
        f"{_group(first.cohort)} moved most: {first.column}, {number(first.value)} "
        f"({number(first.low)} to {number(first.high)}). Beyond chance are {len(beyond):,} of {len(made):,} numbers."
    )
    rows = [
        {
            "Group": _group(m.cohort),
            "Column": m.column,
            "Index": number(m.value),
            "95 %": f"{number(m.low)} to {number(m.high)}",
            "Without drift up to": number(m.detail["without_drift"]["quantile_95"]),
            "Rows": f"{m.n:,}",
        }
        for m in beyond[:MOST_ROWS]
    ]
    return [said, pd.DataFrame(rows)]


def tests(results: Any) -> Any:
    """P-values of the selected window as they are and as adjusted, the smallest first."""
    import pandas as pd

    made = [m for m in results.measurements(*TESTS, cohort={}) if m.adjusted is not None]
    if not made:
        return None
    every = results.tested
    found = sum(m.adjusted <= 0.05 for m in made)
    said = (
        f"{every:,} tests in this assessment are adjusted together (Benjamini-Hochberg). In this window {found} of "
        f"{len(made)} stay at 0.05 or below. With many rows a small change has a small p: judge the distance."
    )
    made.sort(key=lambda m: (m.adjusted, m.value, m.column or ""))
    rows = [
        {
            "Column": m.column,
            "Test": results.definition(m.metric.partition(".")[2])["title"].removesuffix(" p-value"),
            "p": pvalue(m.value),
            "Adjusted": pvalue(m.adjusted),
            "Rows": f"{m.n:,}",
        }
        for m in made[:MOST_ROWS]
    ]
    return [said, pd.DataFrame(rows)]


def bearing(results: Any) -> Any:
    """Columns by what their drift touches, and the features that a classifier tells the sides by."""
    import pandas as pd

    made = [m for m in results.measurements(*BEARING, cohort={}) if m.value is not None]
    made.sort(key=lambda m: (-m.value, m.column or ""))
    shown: list[Any] = []
    if made:
        rows = [
            {
                "Column": m.column,
                "Bearing": number(m.value),
                "Distance": number(m.detail["distance"]),
                "Label explained": share(m.detail["dependence"]),
                "95 %": f"{number(m.low)} to {number(m.high)}",
            }
            for m in made[:MOST_ROWS]
        ]
        shown.append(pd.DataFrame(rows))
    for m in results.measurements(CLASSIFIER, window="current"):
        if m.value is None:
            continue
        shown.append(f"A classifier tells the sides with ROC AUC {number(m.value)} ({m.reason}); it goes by:")
        names = [(f["column"], number(f["importance"])) for f in m.detail.get("features", ())]
        shown.append(pd.DataFrame(names, columns=["Feature", "Area lost when it is shuffled"]))
    return shown or None


def _beyond(m: Any) -> bool:
    """Whether chance alone would seldom show as much."""
    told = m.detail.get("without_drift", {})
    return bool(m.low) and m.value > told.get("quantile_95", 0.0)


def _group(cohort: Any) -> str:
    return ", ".join(f"{column}: {'missing' if value is None else value}" for column, value in cohort.items())
