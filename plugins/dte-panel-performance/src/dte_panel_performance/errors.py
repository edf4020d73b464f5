"""How far the numbers of a regressor are off, from means and spreads."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from dte_panel import Metric, Sums, Value, deviations
from dte_panel.stats import mean_interval, positive_mean_interval
from dte_panel_performance.opinions import asked, of_pairs, on_pairs

if TYPE_CHECKING:
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


@deviations.usable
def _mean_absolute_error(state: Moments, note: str | None) -> Value:
    low, high = deviations.absolute_interval(state, "absolute")
    return Value(state.means["absolute"], state.n, low, high, reason=note)


@deviations.usable
def _root_mean_squared_error(state: Moments, sixth: Moments, note: str | None) -> Value:
    means, skewness = state.means, deviations.skewness_of(state, sixth)
    ends = positive_mean_interval(means["squared"], state.m2s["squared"], state.n, skewness)
    low, high = (None if end is None else math.sqrt(end) for end in ends)
    return Value(math.sqrt(means["squared"]), state.n, low, high, reason=note)


@deviations.usable
def _r2(state: Moments, powers: Moments, sixth: Moments, note: str | None) -> Value:
    return deviations.share_explained(state, powers, sixth, state.means["squared"], note)


@deviations.usable
def _explained_variance(state: Moments, powers: Moments, sixth: Moments, note: str | None) -> Value:
    return deviations.share_explained(state, powers, sixth, state.m2s["error"] / state.n, note)


@deviations.usable
def _mean_error(state: Moments, note: str | None) -> Value:
    low, high = mean_interval(state.means["error"], state.m2s["error"], state.n)
    return Value(state.means["error"], state.n, low, high, reason=note)


@deviations.usable
def _relative_error(state: Moments, note: str | None) -> Value:
    zeros = round(state.means["zero"] * state.n)
    if zeros:
        return Value(None, state.n, reason=f"{zeros:,} rows have a label of 0, and a share of 0 is not defined")
    low, high = deviations.absolute_interval(state, "relative")
    return Value(state.means["relative"], state.n, low, high, reason=note)


def _by_pinball_losses(labels: Any, predictions: Any) -> float:
    """What is above the labels less what is below: scikit-learn has no signed error, but each of its halves."""
    above, below = (asked("mean_pinball_loss", labels, predictions, None, alpha=alpha) for alpha in (0, 1))
    return above - below


_REGRESSION: dict[str, Any] = {"reduce": _SUMS, "tasks": ("regression",), "group": "errors"}

mean_absolute_error = Metric(
    id="mean_absolute_error",
    title="Mean absolute error",
    definition="Mean distance of prediction and label. No interval below two rows. "
    f"{deviations.FEW.format('it', '')} {_MISSING}",
    formula="mean of |label − prediction|",
    source="scikit-learn, sklearn.metrics.mean_absolute_error",
    finish=_mean_absolute_error,
    better="lower",
    range=(0.0, None),
    unit="unit of the label",
    interval=deviations.POSITIVE,
    aliases=("MAE",),
    second=of_pairs("mean_absolute_error"),
    **_REGRESSION,
)
root_mean_squared_error = Metric(
    id="root_mean_squared_error",
    title="Root mean squared error",
    definition="Square root of the mean squared distance of prediction and label. No interval below two rows. "
    f"{deviations.FEW.format('it', '; log-normal errors need 100 rows')} {_MISSING}",
    formula="√(mean of (label − prediction)²)",
    source="scikit-learn, sklearn.metrics.root_mean_squared_error",
    finish=_root_mean_squared_error,
    better="lower",
    range=(0.0, None),
    unit="unit of the label",
    interval="square roots of the ends for the mean squared error: t on the log scale, upwards with Johnson's (1978) "
    "correction for skewness and its square; reciprocal scale upwards where sixth powers are too large",
    aliases=("RMSE",),
    second=of_pairs("root_mean_squared_error"),
    **{**_REGRESSION, "reduce": (_SUMS, deviations.SIXTH)},
)
r2 = Metric(
    id="r2",
    title="R²",
    definition="Share of the spread of the labels that the predictions explain; below 0 they are worse than the mean "
    f"of the labels. Undefined where all labels are equal (scikit-learn: 0 or 1). "
    f"{deviations.FEW.format('it', ', and in 91 % or more where the labels are as skewed as exponential ones')} "
    f"{_MISSING}",
    formula="1 − Σ(label − prediction)² / Σ(label − mean label)²",
    source="scikit-learn, sklearn.metrics.r2_score",
    finish=_r2,
    range=(None, 1.0),
    interval=deviations.LOG_SHARE,
    aliases=("coefficient of determination",),
    second=of_pairs("r2_score"),
    **{**_REGRESSION, "reduce": (_SUMS, deviations.POWERS, deviations.SIXTH)},
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
    second=on_pairs(_by_pinball_losses),
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
    interval=deviations.POSITIVE,
    tasks=("regression",),
    group="errors",
    aliases=("MAPE",),
    second=of_pairs("mean_absolute_percentage_error"),
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
    interval=f"{deviations.LOG_SHARE}, with the bias taken as known",
    second=of_pairs("explained_variance_score"),
    **{**_REGRESSION, "reduce": (_SUMS, deviations.POWERS, deviations.SIXTH)},
)

ERRORS = (
    mean_absolute_error,
    root_mean_squared_error,
    r2,
    mean_error,
    mean_absolute_percentage_error,
    explained_variance,
)
