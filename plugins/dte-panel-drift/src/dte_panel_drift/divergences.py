"""Divergences of two rows of shares: the number, and how it changes with each share."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    #: The number, and its derivatives by the current and by the reference's shares.
    Found = tuple[float, Floats, Floats]

#: Rows added to every bin of both sides before shares are taken: by the index and the relative entropy for their value,
#: by all divergences for their interval.
SMOOTHING = 0.5
#: Largest Jensen-Shannon divergence with natural logarithms: two columns that share no bin.
FARTHEST = math.log(2)


@dataclass(frozen=True)
class Divergence:
    """A number that is 0 for equal shares and grows with the square of a small difference.

    Attributes
    ----------
    of : callable
        ``of(p, q, weight)`` of the current shares, the reference's, none of which is 0, and the current rows' part of
        all rows.
    curvature : callable
        ``curvature(weight)``: what multiplies Σ (p − q)² / q near equal shares.
    top : float
        Largest value.
    """

    of: Callable[[Floats, Floats, float], Found]
    curvature: Callable[[float], float]
    top: float = math.inf


def smoothed(rows: Floats) -> Floats:
    """Shares with half a row more in every bin."""
    shares: Floats = (rows + SMOOTHING) / (rows.sum(-1, keepdims=True) + SMOOTHING * rows.shape[-1])
    return shares


def stability_index(current: Floats, reference: Floats) -> Floats:
    """Population stability index of rows per bin; bins along the last axis."""
    import numpy as np

    p, q = smoothed(current), smoothed(reference)
    # One term per bin is never negative, so the sum is not either.
    total: Floats = ((p - q) * np.log(p / q)).sum(-1)
    return total


def relative_entropy(current: Floats, reference: Floats) -> Floats:
    """Kullback-Leibler divergence of the current rows per bin from the reference's; bins along the last axis."""
    from scipy.special import kl_div

    # The terms p ln(p / q) - p + q have the same sum, and none of them is negative.
    total: Floats = kl_div(smoothed(current), smoothed(reference)).sum(-1)
    return total


def shannon_divergence(current: Floats, reference: Floats) -> Floats:
    """Jensen-Shannon divergence, natural logarithms, in SciPy's order of operations; bins along the last axis."""
    import numpy as np
    from scipy.special import rel_entr

    p, q = (rows / rows.sum(-1, keepdims=True) for rows in (current, reference))
    middle = (p + q) / 2
    divergence = (rel_entr(p, middle).sum(-1) + rel_entr(q, middle).sum(-1)) / 2
    # Rounding may leave a hair below 0 or above the largest.
    within: Floats = np.clip(divergence, 0.0, FARTHEST)
    return within


def squared_hellinger(current: Floats, reference: Floats) -> Floats:
    """Half the sum of (√p − √q)²; bins along the last axis."""
    import numpy as np

    p, q = (rows / rows.sum(-1, keepdims=True) for rows in (current, reference))
    total: Floats = ((np.sqrt(p) - np.sqrt(q)) ** 2).sum(-1) / 2
    return np.minimum(total, 1.0)


def mean_square_contingency(current: Floats, reference: Floats) -> Floats:
    """Chi-square of the table of bin by side over all its rows (Pearson's φ²); bins along the last axis."""
    n, m = (rows.sum(-1, keepdims=True) for rows in (current, reference))
    expected = (current + reference) / (n + m)
    sides = ((rows - k * expected) ** 2 / (k * expected) for rows, k in ((current, n), (reference, m)))
    total: Floats = sum(sides).sum(-1) / (n + m)[..., 0]
    return total


def _index(p: Floats, q: Floats, weight: float) -> Found:
    import numpy as np

    logs, odds = np.log(p / q), p / q
    return float((p - q) @ logs), logs + 1 - 1 / odds, 1 - logs - odds


def _entropy(p: Floats, q: Floats, weight: float) -> Found:
    import numpy as np

    logs = np.log(p / q)
    return float(p @ logs), logs + 1, -p / q


def _shannon(p: Floats, q: Floats, weight: float) -> Found:
    import numpy as np

    middle = (p + q) / 2
    by_p, by_q = np.log(p / middle) / 2, np.log(q / middle) / 2
    return float(p @ by_p + q @ by_q), by_p, by_q


def _hellinger(p: Floats, q: Floats, weight: float) -> Found:
    import numpy as np

    ratio = np.sqrt(q / p)
    return float(1 - p @ ratio), -ratio / 2, -1 / ratio / 2


def _contingency(p: Floats, q: Floats, weight: float) -> Found:
    both, gap, product = weight * p + (1 - weight) * q, p - q, weight * (1 - weight)
    steep = gap / both
    return (
        float(product * (gap @ steep)),
        product * (2 * steep - weight * steep**2),
        product * (-2 * steep - (1 - weight) * steep**2),
    )


INDEX = Divergence(_index, lambda weight: 1.0)
ENTROPY = Divergence(_entropy, lambda weight: 0.5)
SHANNON = Divergence(_shannon, lambda weight: 0.125, FARTHEST)
HELLINGER = Divergence(_hellinger, lambda weight: 0.125, 1.0)
CONTINGENCY = Divergence(_contingency, lambda weight: weight * (1 - weight), 1.0)
