"""What chance alone does to the distances of ordered values, in closed form.

Without drift the gap between the two distribution functions is a Brownian bridge over the reference's distribution
function, times ``sqrt(1 / n + 1 / m)``. Its largest size is Kolmogorov's; the area under its size has a mean and a
variance that come from the bridge's covariance, and is close to a gamma distribution.
"""

from __future__ import annotations

import math
import weakref
from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar

from dte_panel.stats import Z95
from dte_panel_drift.gaps import largest_by_chance

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from dte_panel.states import Ordered

    Floats = NDArray[np.float64]
T = TypeVar("T")

#: What chance alone exceeds once in a thousand columns: in 50 of them, one time in twenty.
SELDOM = 0.999
#: The same of the area: with few rows its tail is heavier than the gamma's, and this one is exceeded about as seldom.
FARTHER = 0.9999
#: Mean, 95 % and 99.9 % quantile of Kolmogorov's distribution.
KOLMOGOROV = (0.8687311606361591, 1.3580986393225505, 1.9494746061573443)
#: Up to so many distinct values the largest gap is that of few normal numbers, not of a whole bridge.
FEW_VALUES = 64
#: Points at which a distribution function is looked at: close together in its tails.
POINTS = 48


def once(make: Callable[[Ordered], T]) -> Callable[[Ordered], T]:
    """Make it of a state one time only: the reference is compared with every window."""
    kept: dict[int, tuple[Any, T]] = {}

    @wraps(make)
    def made(side: Ordered) -> T:
        key = id(side)
        if key not in kept:
            kept[key] = weakref.ref(side, lambda _: kept.pop(key, None)), make(side)
        return kept[key][1]

    return made


@once
def tails(reference: Ordered) -> float:
    """:func:`kurtosis`, once for each reference."""
    return kurtosis(reference)


def kurtosis(values: Ordered) -> float:
    """Fourth moment over the squared second, of the finite values."""
    import numpy as np

    known = values.finite()
    excess = getattr(known, "excess", None)
    at = known.values if excess is None else known.values + excess / np.maximum(known.counts, 1)
    used = known.counts > 0
    at, weights = at[used], known.counts[used] / known.n
    at = at - weights @ at
    most = float(np.abs(at).max())
    if not 0 < most < math.inf:
        return 3.0
    at = at / most
    return float(weights @ at**4) / float(weights @ at**2) ** 2


# ------------------------------------------------------------------------------------------------- the largest gap


def gap_without_drift(n: int, reference: Ordered) -> tuple[float, float, float]:
    """Mean, 95 % and 99.9 % quantile of the largest gap of ``n`` rows to the reference."""
    scale = math.sqrt(1 / n + 1 / reference.n)
    # Stephens (1970): what small samples need.
    factor = 1 / scale + 0.12 + 0.11 * scale
    few = _few(reference) or (math.inf,) * 3
    mean, usual, seldom = (min(whole / factor, part * scale, 1.0) for whole, part in zip(KOLMOGOROV, few, strict=True))
    return mean, usual, seldom


@once
def _few(reference: Ordered) -> tuple[float, float, float] | None:
    """The same in units of the scale where the values are few; taken as independent, which is on the safe side."""
    import numpy as np

    below = reference.below[1:-1]
    below = below[(below > 0) & (below < reference.n)]
    # A share of few rows may be twice what it seems (Agresti & Coull 1998).
    shares = (below + 2) / (reference.n + 4)
    if not 0 < len(shares) <= FEW_VALUES:
        return None if len(shares) else (0.0, 0.0, 0.0)
    chance, values = largest_by_chance(np.sqrt(shares * (1 - shares)))
    usual, seldom = np.interp([0.95, SELDOM], chance, values)
    return float(np.trapezoid(1 - chance, values)), float(usual), float(seldom)


def gap_interval(
    least: float, most: float, share: float, other: float, n: int, reference: Ordered
) -> tuple[float, float]:
    """95 % interval of the largest gap, which lies where the two functions have these shares."""
    m = reference.n
    # Half a row on either side: a function that is 0 or 1 there is not known to be so.
    p, q = (share * n + 0.5) / (n + 1), (other * m + 0.5) / (m + 1)
    half = Z95 * math.sqrt(p * (1 - p) / n + q * (1 - q) / m)
    _, usual, seldom = gap_without_drift(n, reference)
    # The largest of many gaps is likely one that chance made larger: downwards all of them are allowed for at once.
    return (max(least - max(half, usual), 0.0) if least > seldom else 0.0), min(most + half, 1.0)


# ---------------------------------------------------------------------------------------------------------- the area


def area_without_drift(n: int, reference: Ordered) -> tuple[float, float, float, float]:
    """Mean, 95 % and 99.9 % quantile and standard deviation of the area between ``n`` rows and the reference."""
    import numpy as np
    from scipy.special import gammaincinv

    scale = math.sqrt(1 / n + 1 / reference.n)
    deviation, width, variance = _bridge(reference)
    # Far out in a tail, where less than a row is expected, the mean gap is what one row makes.
    mean = float(np.minimum(scale * math.sqrt(2 / math.pi) * deviation, 2 * deviation**2) @ width)
    # How wide the reference spreads is itself known from its rows only.
    unsure = mean * math.sqrt(max(tails(reference) - 1, 0.0) / (4 * reference.n))
    error = math.hypot(scale * math.sqrt(variance), unsure)
    if not mean > 0 or not error > 0:
        return 0.0, 0.0, 0.0, 0.0
    shape = (mean / error) ** 2
    usual, seldom = (float(x) * mean / shape for x in gammaincinv(shape, np.array([0.95, FARTHER])))
    return mean, usual, seldom, error


@once
def _bridge(reference: Ordered) -> tuple[Floats, Floats, float]:
    """Standard deviation of the bridge between points of the reference, their distance, and the area's variance."""
    import numpy as np

    x = _points(reference)
    width, share = np.diff(x), _function(reference, x)
    if not len(width):
        return width, width, 0.0
    deviation = np.sqrt(share * (1 - share))
    odds = np.sqrt(share / (1 - share))
    alike = np.minimum(odds[:, None], odds) / np.maximum(odds[:, None], odds)
    # Covariance of the absolute values of two normal numbers.
    joint = np.sqrt(1 - alike**2) + alike * np.arcsin(alike) - 1
    weighed = deviation * width
    return deviation, width, float(2 / math.pi * (weighed @ joint @ weighed))


@once
def _points(side: Ordered) -> Floats:
    """The extremes, and values at levels that lie close together towards 0 and 1."""
    import numpy as np

    known = side.finite()
    tail = np.geomspace(min(1 / known.n, 0.5), 0.5, POINTS // 2)
    ranks = np.concatenate([[0.0], tail, 1 - tail]) * known.n
    at = np.searchsorted(known.below[1:], ranks)
    return np.unique(known.values[np.append(np.minimum(at, len(known.values) - 1), len(known.values) - 1)])


def _function(side: Ordered, x: Floats) -> Floats:
    """The distribution function between points, halfway from what it is at one to what it is before the next."""
    import numpy as np

    known = side.finite()
    ends = (
        known.below[np.searchsorted(known.values, x[:-1], side="right")],
        known.below[np.searchsorted(known.values, x[1:])],
    )
    # A point between two values, or no more than a bin, is not known to be 0 or 1.
    return np.clip((ends[0] + ends[1]) / (2 * known.n), 0.5 / known.n, 1 - 0.5 / known.n)


def area_interval(least: float, most: float, current: Ordered, reference: Ordered) -> tuple[float, float]:
    """95 % interval of the area.

    Where nothing or little moved, chance adds to the area: downwards the square of what it shows alone is taken off.
    Its variance goes from that of chance alone to that of the delta method.
    """
    mean, _, seldom, alone = area_without_drift(current.finite().n, reference)
    far = _delta(current, reference)
    high = most + Z95 * math.sqrt(max(far, alone * alone))
    if least <= seldom:
        return 0.0, high
    # Beyond that quantile the area is larger than its mean, which is then a part of it.
    weight = 1 - (mean / least) ** 2
    lower = max(least - Z95 * math.sqrt((1 - weight) * alone * alone + weight * far), 0.0)
    return math.sqrt(max(lower * lower - mean * mean, 0.0)), high


def _delta(current: Ordered, reference: Ordered) -> float:
    """Variance of the area far from none: each row moves it by how far it lies on the one side or the other."""
    import numpy as np

    x = np.union1d(_points(current), _points(reference))
    if len(x) < 2:
        return 0.0
    f, g = _function(current, x), _function(reference, x)
    moved = np.concatenate([[0.0], np.cumsum(np.sign(f - g) * np.diff(x))])
    return sum(_variance(side, x, moved) / side.finite().n for side in (current, reference))


def _variance(side: Ordered, x: Floats, moved: Floats) -> float:
    """Variance over the rows of a number that is known at points and straight in between."""
    import numpy as np

    known = side.finite()
    before, after = (known.below[np.searchsorted(known.values, x, side=side_of)] for side_of in ("left", "right"))
    at, between = (after - before) / known.n, (before[1:] - after[:-1]) / known.n
    middle = (moved[1:] + moved[:-1]) / 2
    mean = at @ moved + between @ middle
    return max(float(at @ moved**2 + between @ (middle**2 + np.diff(x) ** 2 / 12) - mean * mean), 0.0)
