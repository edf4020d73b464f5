"""How far the numbers of a regressor are off, from means and spreads."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from dte_panel import Metric, Sums, Value
from dte_panel.stats import mean_interval, positive_mean_interval

if TYPE_CHECKING:
    from collections.abc import Callable

    from dte_panel.states import Moments

_MISSING = "Rows with a missing label or prediction are left out and counted."
_SUMS = Sums(
    ("label", "prediction"),
    (
        ("label", "label"),
        ("absolute", "abs(label - prediction)"),
        ("squared", "(label - prediction) * (label - prediction)"),
    ),
)


def _usable(finish: Callable[[Moments, str | None], Value]) -> Callable[[Moments], Value]:
    """Give a reason where there are no rows, or where the sums are not numbers."""

    def finish_if_usable(state: Moments) -> Value:
        if state.n == 0:
            return Value(None, 0, reason="no rows with a label and a prediction")
        if not all(math.isfinite(v) for part in (state.means, state.m2s) for v in part.values()):
            return Value(None, state.n, reason="a label or prediction is infinite or too large to sum")
        out = f"{state.missing:,} rows with a missing label or prediction left out" if state.missing else None
        return finish(state, out)

    return finish_if_usable


def _ends(state: Moments, name: str) -> tuple[float, float] | tuple[None, None]:
    """The t interval of a mean that cannot be negative."""
    low, high = mean_interval(state.means[name], state.m2s[name], state.n)
    return (None, None) if low is None or high is None else (max(0.0, low), high)


@_usable
def _mean_absolute_error(state: Moments, note: str | None) -> Value:
    low, high = _ends(state, "absolute")
    return Value(state.means["absolute"], state.n, low, high, reason=note)


@_usable
def _root_mean_squared_error(state: Moments, note: str | None) -> Value:
    ends = positive_mean_interval(state.means["squared"], state.m2s["squared"], state.n)
    low, high = (None if end is None else math.sqrt(end) for end in ends)
    return Value(math.sqrt(state.means["squared"]), state.n, low, high, reason=note)


@_usable
def _r2(state: Moments, note: str | None) -> Value:
    spread = state.m2s["label"] / state.n
    if spread <= 0:
        return Value(None, state.n, reason="all labels are equal" if state.n > 1 else "one row")
    low, high = (None if end is None else 1 - end / spread for end in reversed(_ends(state, "squared")))
    return Value(1 - state.means["squared"] / spread, state.n, low, high, reason=note)


_REGRESSION: dict[str, Any] = {"reduce": _SUMS, "tasks": ("regression",), "group": "errors"}

mean_absolute_error = Metric(
    id="mean_absolute_error",
    title="Mean absolute error",
    definition=f"Mean distance of prediction and label. No interval below two rows. {_MISSING}",
    formula="mean of |label − prediction|",
    source="scikit-learn, sklearn.metrics.mean_absolute_error",
    finish=_mean_absolute_error,
    better="lower",
    range=(0.0, None),
    unit="unit of the label",
    interval="t",
    aliases=("MAE",),
    **_REGRESSION,
)
root_mean_squared_error = Metric(
    id="root_mean_squared_error",
    title="Root mean squared error",
    definition=f"Square root of the mean squared distance of prediction and label. {_MISSING}",
    formula="√(mean of (label − prediction)²)",
    source="scikit-learn, sklearn.metrics.root_mean_squared_error",
    finish=_root_mean_squared_error,
    better="lower",
    range=(0.0, None),
    unit="unit of the label",
    interval="square roots of the ends for the mean squared error: t on the log scale below, on the reciprocal above",
    aliases=("RMSE",),
    **_REGRESSION,
)
r2 = Metric(
    id="r2",
    title="R²",
    definition="Share of the spread of the labels that the predictions explain; below 0 they are worse than the mean "
    f"of the labels. Undefined where all labels are equal (scikit-learn: 0 or 1). {_MISSING}",
    formula="1 − Σ(label − prediction)² / Σ(label − mean label)²",
    source="scikit-learn, sklearn.metrics.r2_score",
    finish=_r2,
    range=(None, 1.0),
    interval="from the t interval of the mean squared error, with the spread of the labels taken as known",
    aliases=("coefficient of determination",),
    **_REGRESSION,
)

ERRORS = (mean_absolute_error, root_mean_squared_error, r2)
