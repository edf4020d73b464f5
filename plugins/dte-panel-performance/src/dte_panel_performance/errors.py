"""How far the numbers of a regressor are off, from means and spreads."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from dte_panel import Metric, Sums, Value
from dte_panel.stats import mean_interval, positive_mean_interval
from dte_panel_performance.opinions import asked, of_pairs, on_pairs

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
#: What the interval of R² needs besides; apart from the others, as the fourth power of a number is soon too large.
_POWERS = Sums(
    ("label", "prediction"),
    (
        ("label_2", "label * label"),
        ("label_3", "label * label * label"),
        ("label_4", "label * label * label * label"),
        ("squared_label", "(label - prediction) * (label - prediction) * label"),
        ("squared_label_2", "(label - prediction) * (label - prediction) * label * label"),
    ),
)
#: Digits that the powers of labels may lose where these lie far from 0 for their spread.
LOST = 1e-2
#: Apart from the others, so that a ratio too large to write takes no row from them.
_RELATIVE = Sums(
    ("label", "prediction"),
    (
        ("relative", "CASE WHEN label = 0 THEN 0.0 ELSE abs(label - prediction) / abs(label) END"),
        ("zero", "CASE WHEN label = 0 THEN 1.0 ELSE 0.0 END"),
    ),
)


def _usable(finish: Callable[..., Value]) -> Callable[..., Value]:
    """Give a reason where there are no rows, or where the sums are not numbers."""

    def finish_if_usable(state: Moments, *more: Moments) -> Value:
        if state.n == 0:
            return Value(None, 0, reason="no rows with a label and a prediction")
        if not all(math.isfinite(v) for part in (state.means, state.m2s) for v in part.values()):
            return Value(None, state.n, reason="a label or prediction is infinite or too large to sum")
        out = f"{state.missing:,} rows with a missing label or prediction left out" if state.missing else None
        return finish(state, *more, out)

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
def _r2(state: Moments, powers: Moments, note: str | None) -> Value:
    return _share(state, powers, state.means["squared"], note)


@_usable
def _explained_variance(state: Moments, powers: Moments, note: str | None) -> Value:
    return _share(state, powers, state.m2s["error"] / state.n, note)


def _share(state: Moments, powers: Moments, error: float, note: str | None) -> Value:
    spread = state.m2s["label"] / state.n
    if spread <= 0:
        return Value(None, state.n, reason="all labels are equal" if state.n > 1 else "one row")
    factor, share = _times_unexplained(state, powers), error / spread
    low, high = (None, None) if factor is None else (1 - share * factor, 1 - share / factor)
    return Value(1 - share, state.n, low, high, reason=note)


def _times_unexplained(state: Moments, powers: Moments) -> float | None:
    """How many times larger or smaller the unexplained share may be: a t interval on its log scale.

    The share is a mean of squared errors over a mean of squared deviations of the same rows, so the relative variance
    is that of the difference of the two (delta method). With few rows it is some more, as in Bonett (2006).
    """
    means, n, mean = state.means, state.n, state.means["label"]
    spread, error = state.m2s["label"] / n, means["squared"]
    if n < 4 or not all(math.isfinite(v) for v in powers.means.values()):
        return None
    if 1e-15 * (mean * mean / spread) ** 2 > LOST:
        return None
    if error <= 0:
        return 1.0
    p = powers.means
    fourth = p["label_4"] - 4 * mean * p["label_3"] + 6 * mean**2 * p["label_2"] - 3 * mean**4
    cross = p["squared_label_2"] - 2 * mean * p["squared_label"] + mean**2 * error
    of_error = state.m2s["squared"] / n / error**2 + 1
    relative = max(of_error + fourth / spread**2 - 2 * cross / (error * spread), 0.0)
    _, above = mean_interval(0.0, relative * n * n / (n - 3), n)
    return math.exp(above or 0.0)


@_usable
def _mean_error(state: Moments, note: str | None) -> Value:
    low, high = mean_interval(state.means["error"], state.m2s["error"], state.n)
    return Value(state.means["error"], state.n, low, high, reason=note)


@_usable
def _relative_error(state: Moments, note: str | None) -> Value:
    zeros = round(state.means["zero"] * state.n)
    if zeros:
        return Value(None, state.n, reason=f"{zeros:,} rows have a label of 0, and a share of 0 is not defined")
    low, high = _ends(state, "relative")
    return Value(state.means["relative"], state.n, low, high, reason=note)


def _by_pinball_losses(labels: Any, predictions: Any) -> float:
    """What is above the labels less what is below: scikit-learn has no signed error, but each of its halves."""
    above, below = (asked("mean_pinball_loss", labels, predictions, None, alpha=alpha) for alpha in (0, 1))
    return above - below


_LOG_SHARE = "delta method and t on the log scale of the unexplained share; none where the labels lie far from 0"
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
    second=of_pairs("mean_absolute_error"),
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
    second=of_pairs("root_mean_squared_error"),
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
    interval=_LOG_SHARE,
    aliases=("coefficient of determination",),
    second=of_pairs("r2_score"),
    **{**_REGRESSION, "reduce": (_SUMS, _POWERS)},
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
    interval="t",
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
    interval=f"{_LOG_SHARE}, with the bias taken as known",
    second=of_pairs("explained_variance_score"),
    **{**_REGRESSION, "reduce": (_SUMS, _POWERS)},
)

ERRORS = (
    mean_absolute_error,
    root_mean_squared_error,
    r2,
    mean_error,
    mean_absolute_percentage_error,
    explained_variance,
)
