"""Distances that grow in proportion to the gaps between shares: half their sum, and the largest of them.

A gap is normal about the true one, so chance alone makes half the sum of the absolute gaps as large as half a sum of
folded normals is, and the largest as large as the largest of them.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from dte_panel import Value
from dte_panel.stats import Z95
from dte_panel_drift.binned import empty, rows_per_bin
from dte_panel_drift.chance import expectation
from dte_panel_drift.divergences import smoothed

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from dte_panel.states import Binned

    Floats = NDArray[np.float64]

#: 95 % quantile of the standard normal distribution, one-sided.
ONE_SIDED = 1.6448536269514722


def total_variation_distance(current: Binned, reference: Binned) -> Value:
    """Half the sum of the absolute differences of the shares."""
    if undefined := empty(current, reference):
        return undefined
    bins, now, before = rows_per_bin(current, reference)
    gaps = now / now.sum() - before / before.sum()
    value, detail = min(float(abs(gaps).sum() / 2), 1.0), {"bins": len(bins)}
    if len(bins) == 1:
        return Value(value, current.n, 0.0, 0.0, detail=detail)
    low, high, mean, spread = _total(gaps, value, now, before)
    expected = expectation(mean, mean + ONE_SIDED * spread, now, before)
    return Value(value, current.n, min(low, value), max(high, value), detail={**detail, "without_drift": expected})


def largest_share_change(current: Binned, reference: Binned) -> Value:
    """Largest absolute difference of a bin's shares."""
    import numpy as np

    if undefined := empty(current, reference):
        return undefined
    bins, now, before = rows_per_bin(current, reference)
    gaps, detail = abs(now / now.sum() - before / before.sum()), {"bins": len(bins)}
    value = float(gaps.max())
    if len(bins) == 1:
        return Value(value, current.n, 0.0, 0.0, detail=detail)
    errors = _errors(now, before)
    chance, values = largest_by_chance(errors)
    low, high = (float(np.clip((gaps + side * Z95 * errors).max(), 0.0, 1.0)) for side in (-1, 1))
    if value <= np.interp(0.975, chance, values):
        low = 0.0
    expected = expectation(float(np.trapezoid(1 - chance, values)), float(np.interp(0.95, chance, values)), now, before)
    return Value(value, current.n, min(low, value), max(high, value), detail={**detail, "without_drift": expected})


def _errors(now: Floats, before: Floats) -> Floats:
    """Standard errors of the gaps."""
    import numpy as np

    p, q = smoothed(now), smoothed(before)
    made: Floats = np.sqrt(p * (1 - p) / now.sum() + q * (1 - q) / before.sum())
    return made


def largest_by_chance(errors: Floats) -> tuple[Floats, Floats]:
    """Distribution of the largest absolute gap without drift: probabilities, and the values that they belong to."""
    import numpy as np
    from scipy.special import ndtr

    values = np.linspace(0.0, 6 * float(errors.max()), 128)
    return (2 * ndtr(values[:, None] / errors) - 1).prod(-1), values


def _total(gaps: Floats, value: float, now: Floats, before: Floats) -> tuple[float, float, float, float]:
    """Interval of half the sum of the absolute gaps, and its mean and spread without drift.

    The true gaps are taken to be in proportion to those that were seen: the ends are the true values whose normal
    distribution has what was seen at 97.5 % and at 2.5 %.
    """
    import numpy as np

    errors = _errors(now, before)
    seen = gaps / value if value > 0 else errors / errors.sum()
    true = np.linspace(0.0, min(value + 8 * float(np.sqrt((errors**2).sum())), 1.0), 48)
    mean, spread = _folded(true[:, None] * seen, errors, now, before)
    at = (value - mean) / spread
    # The larger the true distance, the less likely one as small as was seen.
    low, high = np.interp([-Z95, Z95], -at, true)
    return (
        (float(low) if at[0] > Z95 else 0.0),
        (float(high) if at[-1] < -Z95 else 1.0),
        float(mean[0]),
        float(spread[0]),
    )


def _folded(gaps: Floats, errors: Floats, now: Floats, before: Floats) -> tuple[Floats, Floats]:
    """Mean and standard deviation of half the sum of absolute normal gaps, whose shares add up to one.

    The covariance of two absolute values is taken from their first two Hermite coefficients.
    """
    import numpy as np
    from scipy.special import ndtr

    at = gaps / errors
    density = np.exp(-(at**2) / 2) / math.sqrt(2 * math.pi)
    sign = 2 * ndtr(at) - 1
    folded = 2 * errors * density + gaps * sign
    total = (gaps**2 + errors**2 - folded**2).sum(-1)
    bend, p, q, n, m = 2 * density / errors, smoothed(now), smoothed(before), now.sum(), before.sum()
    for share, other, weight in ((p, p, 1 / n**2), (q, q, 1 / m**2), (p, q, 2 / (n * m))):
        both = share * other
        total = total + weight / 2 * ((bend @ both) ** 2 - bend**2 @ both**2)
    for share, rows in ((p, n), (q, m)):
        total = total - ((sign @ share) ** 2 - sign**2 @ share**2) / rows
    return folded.sum(-1) / 2, np.sqrt(np.maximum(total, 1e-300)) / 2
