"""What chance alone does to a distance between two samples, in closed form.

Near equal shares a divergence of two samples of ``n`` and ``m`` rows in ``K`` bins, less its true value, behaves as
``scale · χ²(K − 1, true / scale)``, a noncentral chi-square, with ``scale = curvature · (1 / n + 1 / m)``. Far from
equal shares it is normal with the delta method's variance. Both are one: a noncentral chi-square whose scale is a
quarter of the delta method's variance over the value, which is the first scale where the shares are near.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from dte_panel.stats import Z95
from dte_panel_drift.divergences import Divergence, smoothed

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

#: Above this the square root of a chi-square is normal to three digits (Sankaran 1959), and much quicker.
FAR = 100.0
#: Fewer expected rows in a bin make the chi-square a rough guide (Cochran 1954).
FEW_EXPECTED = 5


def interval(kind: Divergence, now: Floats, before: Floats) -> tuple[float, float]:
    """95 % interval of a divergence of two rows of counts, from 0 to its largest value.

    It is made from smoothed shares: an empty bin says that a share is small, not that it is 0.
    """
    n, m, degrees = float(now.sum()), float(before.sum()), len(now) - 1
    if degrees < 1:
        return 0.0, 0.0
    p, q = smoothed(now), smoothed(before)
    value, by_p, by_q = kind.of(p, q, n / (n + m))
    variance = _variance(p, by_p) / n + _variance(q, by_q) / m
    plain = kind.curvature(n / (n + m)) * (1 / n + 1 / m)
    # The plain scale takes part with the weight of what chance alone adds: a value of 0 says nothing of its variance.
    noise = 2 * degrees * plain
    scale = (variance + noise * plain) / (4 * max(value, 0.0) + noise)
    low, high = noncentrality(value / scale, degrees)
    return min(low * scale, kind.top), min(high * scale, kind.top)


def noncentrality(x: float, degrees: int) -> tuple[float, float]:
    """95 % interval of the noncentrality of a chi-square that came out as ``x``."""
    from scipy.special import chndtrinc

    if x >= FAR:
        middle = (degrees - 1) / 2
        root = math.sqrt(max(x - middle, 0.0))
        low = max(root - Z95, 0.0) ** 2 - middle if x > quantile(degrees, 0.975) else 0.0
        return max(low, 0.0), max((root + Z95) ** 2 - middle, 0.0)
    high = float(chndtrinc(max(x, 1e-9), degrees, 0.025)) if x > quantile(degrees, 0.025) else 0.0
    return float(chndtrinc(x, degrees, 0.975)) if x > quantile(degrees, 0.975) else 0.0, high


@lru_cache(maxsize=4096)
def quantile(degrees: int, share: float) -> float:
    """Quantile of the chi-square distribution."""
    from scipy.special import chdtri

    return float(chdtri(degrees, 1 - share))


def without_drift(kind: Divergence, now: Floats, before: Floats, *, root: bool) -> dict[str, Any]:
    """What the same numbers of rows show where nothing moved: the mean, and what 95 % of samples stay below."""
    n, m, degrees = float(now.sum()), float(before.sum()), len(now) - 1
    scale = kind.curvature(n / (n + m)) * (1 / n + 1 / m)
    mean, high = scale * degrees, scale * quantile(degrees, 0.95) if degrees else 0.0
    if root:
        mean, high = math.sqrt(scale) * _mean_root(degrees), math.sqrt(high)
    return expectation(min(mean, kind.top), min(high, kind.top), now, before)


def expectation(mean: float, high: float, now: Floats, before: Floats) -> dict[str, Any]:
    """The same as plain JSON, in digits that matter; with a word where bins hold too few rows to rely on it."""
    told: dict[str, Any] = {"expected": float(f"{mean:.6g}"), "quantile_95": float(f"{high:.6g}")}
    n, m = float(now.sum()), float(before.sum())
    least = float((now + before).min()) * min(n, m) / (n + m)
    if least < FEW_EXPECTED:
        told["rough"] = f"a bin has only {least:.2g} expected rows"
    return told


@lru_cache(maxsize=4096)
def _mean_root(degrees: int) -> float:
    """Mean of the root of a chi-square."""
    return math.sqrt(2) * math.exp(math.lgamma((degrees + 1) / 2) - math.lgamma(degrees / 2)) if degrees else 0.0


def _variance(shares: Floats, weights: Floats) -> float:
    mean = shares @ weights
    return max(float(shares @ weights**2 - mean * mean), 0.0)
