"""Robustness of what was measured: rows that stand in the data twice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dte_panel import Digests, Metric, Rows, SecondOpinion, Value

if TYPE_CHECKING:
    from dte_panel.states import Digested, JointSample

AXIS = "robustness"
#: pandas gets so many rows, and is not asked where there are more.
MOST_ROWS = 200_000
_RULE = (
    "What remains without duplicates are all other rows: of three equal rows two count. Missing values equal each "
    "other, NaN is missing, the order of the columns does not matter. Rows are compared by a digest of 64 bits: that "
    "any two different ones of n have the same has a probability below n² / 2^65. It counts this table and estimates "
    "nothing: it has no interval. Undefined without rows"
)


def metrics() -> list[Metric]:
    """The metrics of duplicates."""
    return [
        _metric(
            "duplicate_row_share",
            "Rows that are duplicates",
            "*",
            f"Share of rows that equal an earlier one in every column of the data. {_RULE}. Where there is an id, "
            "equal rows mean that one was loaded twice.",
        ),
        _metric(
            "duplicate_feature_share",
            "Rows whose features are duplicates",
            "feature|text",
            f"Share of rows that equal an earlier one in every feature and text column, whatever their id, label or "
            f"score. {_RULE} or features. With few categories that is no fault: many people may be alike.",
        ),
    ]


def _metric(id: str, title: str, columns: str, definition: str) -> Metric:
    return Metric(
        id=id,
        title=title,
        definition=definition,
        reduce=Digests(columns),
        finish=duplicate_share,
        second=SecondOpinion("pandas", _pandas, reduce=(Rows(columns, sample=MOST_ROWS, joint=True),)),
        better="lower",
        range=(0.0, 1.0),
        unit="share",
        formula="(n − #{distinct rows}) / n",
        source="pandas DataFrame.duplicated; Breck et al. (2019), Data Validation for Machine Learning, MLSys",
        aliases=("duplicated",),
        windows=False,
        cohorts=False,
        group=AXIS,
    )


def duplicate_share(state: Digested) -> Value:
    """Share of rows beyond the first of each digest."""
    n = state.n
    if not n:
        return Value(None, 0, reason="no rows")
    duplicates = n - len(state.counts)
    detail = {"duplicates": duplicates, "most equal rows": int(state.counts.max())}
    return Value(duplicates / n, n, detail=detail)


def _pandas(_: Digested, rows: JointSample) -> float | None:
    import pandas as pd

    if rows.sampled or not rows.columns:
        return None
    plain: dict[str, Any] = {name: pd.Series(values.tolist(), dtype=object) for name, values in rows.columns.items()}
    return float(pd.DataFrame(plain).duplicated().mean())
