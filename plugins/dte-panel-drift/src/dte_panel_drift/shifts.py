"""How far the mean and the spread of a numeric column moved, and how much of its drift its missing values carry."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from dte_panel import Value
from dte_panel.stats import Z95
from dte_panel_drift import binned, divergences, ordered, samples

if TYPE_CHECKING:
    from dte_panel.states import Binned, Ordered, Profiled


def mean_shift(current: Profiled, reference: Profiled) -> Value:
    """Difference of the means, in standard deviations of the reference."""
    undefined = _undefined(current, reference)
    if undefined:
        return undefined
    (n, mean, now), (m, before, spread) = _moments(current), _moments(reference)
    value = (mean - before) / spread
    # The means' part, and that of the standard deviation they are divided by.
    error = math.sqrt((now / spread) ** 2 / n + 1 / m + value * value / (2 * (m - 1)))
    error *= _student(n, m, now, spread) / Z95
    expected = math.sqrt(1 / n + 1 / m)
    detail = {"without_drift": {"expected": 0.0, "quantile_95": float(f"{Z95 * expected:.6g}")}}
    return Value(value, n, value - Z95 * error, value + Z95 * error, reason=_left_out(current), detail=detail)


def spread_shift(current: Profiled, values: Ordered, reference: Profiled, before: Ordered) -> Value:
    """Logarithm of the ratio of the standard deviations."""
    undefined = _undefined(current, reference)
    if undefined:
        return undefined
    (n, _, now), (m, _, spread) = _moments(current), _moments(reference)
    if now == 0:
        return Value(None, n, reason="every current value is the same: its standard deviation is 0")
    value = math.log(now / spread)
    tails = samples.kurtosis(values)
    error = math.sqrt(max(tails - 1, 0.0) / 4 * (1 / (n - 1) + 1 / (m - 1)))
    detail: dict[str, Any] = {"ratio": now / spread, "kurtosis": float(f"{tails:.6g}")}
    detail["without_drift"] = {"expected": 0.0, "quantile_95": float(f"{Z95 * error:.6g}")}
    return Value(value, n, value - Z95 * error, value + Z95 * error, reason=_left_out(current), detail=detail)


def normalised_wasserstein_distance(now: Ordered, current: Profiled, before: Ordered, reference: Profiled) -> Value:
    """Wasserstein distance in standard deviations of the reference."""
    found = ordered.wasserstein_distance(now, before)
    if found.value is None:
        return found
    spread = math.sqrt((reference.m2 or 0.0) / reference.finite) if reference.finite else 0.0
    if not spread:
        return Value(None, found.n, reason="the reference's standard deviation is 0 or too large to compute")
    value, low, high = (None if x is None else x / spread for x in (found.value, found.low, found.high))
    detail = {k: v / spread for k, v in found.detail.items() if k == "resolution"}
    if "without_drift" in found.detail:
        usual = found.detail["without_drift"]
        detail["without_drift"] = {k: float(f"{x / spread:.6g}") for k, x in usual.items()}
    if value and low is not None and high is not None:
        # The standard deviation is not known for certain either.
        error = Z95 * value * math.sqrt(max(samples.tails(before) - 1, 0.0) / (4 * reference.finite))
        low = value - math.hypot(value - low, error) if low > 0 else 0.0
        low, high = max(low, 0.0), value + math.hypot(high - value, error)
    return replace(found, value=value, low=low, high=high, detail=detail)


def missingness_divergence(current: Binned, reference: Binned) -> Value:
    """Jensen-Shannon divergence of whether there is a value, and its part of that of all bins."""
    import numpy as np

    if undefined := binned.empty(current, reference):
        return undefined
    _, *every = binned.rows_per_bin(current, reference)
    whole = float(divergences.shannon_divergence(*every))
    gone = [binned.missing_rows(side) for side in (current, reference)]
    now, before = (np.array([m, s.n - m], dtype=float) for m, s in zip(gone, (current, reference), strict=True))
    if not any(gone) or (now[1], before[1]) == (0, 0):
        # As many missing values on both sides as there can be, or none: nothing to be told apart by.
        return Value(0.0, current.n, 0.0, 0.0, detail={"share_of_drift": 0.0 if whole > 0 else None})
    value = float(divergences.shannon_divergence(now, before))
    detail: dict[str, Any] = {"share_of_drift": min(value / whole, 1.0) if whole > 0 else None}
    return binned.diverged(now, before, divergences.SHANNON, value, detail=detail)


def _moments(side: Profiled) -> tuple[int, float, float]:
    """Finite values, their mean and their standard deviation."""
    return side.finite, float(side.mean or 0.0), math.sqrt((side.m2 or 0.0) / (side.finite - 1))


def _undefined(current: Profiled, reference: Profiled) -> Value | None:
    for side, name in ((current, "current"), (reference, "reference")):
        if side.finite < 2:
            why = f"{side.finite} finite value{'s' * (side.finite != 1)} in the {name} rows, 2 needed"
            return Value(None, current.finite, reason=why)
        if side.mean is None or side.m2 is None:
            return Value(None, current.finite, reason=f"the {name} values are too large to square")
    if not reference.m2:
        return Value(None, current.finite, reason="every value of the reference is the same: no standard deviation")
    return None


def _student(n: int, m: int, now: float, spread: float) -> float:
    """97.5 % quantile of Student's t with Welch's degrees of freedom."""
    from scipy.special import stdtrit

    a, b = now * now / n, spread * spread / m
    return float(stdtrit((a + b) ** 2 / (a * a / (n - 1) + b * b / (m - 1)), 0.975))


def _left_out(current: Profiled) -> str | None:
    rows = current.n - current.finite
    return f"{rows:,} current rows left out: missing or infinite" if rows else None
