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
        ("error", "prediction - label"),
    ),
)
#: Apart from the others, so that a ratio too large to write takes no row from them.
_RELATIVE = Sums(
    ("label", "prediction"),
    (
        ("relative", "CASE WHEN label = 0 THEN 0.0 ELSE abs(label - prediction) / abs(label) END"),
        ("zero", "CASE WHEN label = 0 THEN 1.0 ELSE 0.0 END"),
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


@_usable
def _mean_error(state: Moments, note: str | None) -> Value:
    low, high = mean_interval(state.means["error"], state.m2s["error"], state.n)
    return Value(state.means["error"], state.n, low, high, reason=note)


@_usable
def _explained_variance(state: Moments, note: str | None) -> Value:
    spread = state.m2s["label"] / state.n
    if spread <= 0:
        return Value(None, state.n, reason="all labels are equal" if state.n > 1 else "one row")
    bias = state.means["error"] ** 2
    ends = reversed(_ends(state, "squared"))
    low, high = (None if end is None else min(1.0, 1 - (end - bias) / spread) for end in ends)
    return Value(1 - state.m2s["error"] / state.n / spread, state.n, low, high, reason=note)


@_usable
def _relative_error(state: Moments, note: str | None) -> Value:
    zeros = round(state.means["zero"] * state.n)
    if zeros:
        return Value(None, state.n, reason=f"{zeros:,} rows have a label of 0, and a share of 0 is not defined")
    low, high = _ends(state, "relative")
    return Value(state.means["relative"], state.n, low, high, reason=note)


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

mean_error = Metric(
    id="mean_error",
    title="Bias",
    definition="Mean of prediction minus label: above 0 the predictions are too high. No interval below two rows. "
    f"{_MISSING}",
    formula="mean of (prediction − label)",
    source="Hyndman & Koehler (2006), International Journal of Forecasting 22, 679-688",
    finish=_mean_error,
    better="nearer",
    target=0.0,
    unit="unit of the label",
    interval="t",
    aliases=("mean bias error",),
    **_REGRESSION,
)
mean_absolute_percentage_error = Metric(
    id="mean_absolute_percentage_error",
    title="Mean absolute percentage error",
    definition="Mean distance of prediction and label as a share of the label's size. Undefined where any label is 0 "
    f"(scikit-learn divides by 2.2e-16 there). {_MISSING}",
    formula="mean of |label − prediction| / |label|",
    source="scikit-learn, sklearn.metrics.mean_absolute_percentage_error",
    reduce=_RELATIVE,
    finish=_relative_error,
    better="lower",
    range=(0.0, None),
    unit="share of the label",
    interval="t",
    tasks=("regression",),
    group="errors",
    aliases=("MAPE",),
)
explained_variance = Metric(
    id="explained_variance",
    title="Explained variance",
    definition="Share of the spread of the labels that is gone from the errors; unlike R² it forgives a constant bias. "
    f"Undefined where all labels are equal (scikit-learn: 0 or 1). {_MISSING}",
    formula="1 − Var(label − prediction) / Var(label)",
    source="scikit-learn, sklearn.metrics.explained_variance_score",
    finish=_explained_variance,
    range=(None, 1.0),
    interval="from the t interval of the mean squared error, with bias and spread of the labels taken as known",
    **_REGRESSION,
)

ERRORS = (
    mean_absolute_error,
    root_mean_squared_error,
    r2,
    mean_error,
    mean_absolute_percentage_error,
    explained_variance,
)
