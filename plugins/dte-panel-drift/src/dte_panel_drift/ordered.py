"""Distances and tests on the exact values of a numeric column."""

from __future__ import annotations

import math
import warnings
from typing import TYPE_CHECKING

from dte_panel import Value

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from dte_panel.states import Ordered

#: SciPy's own limit: up to so many rows on the larger side its p-value is exact.
EXACT_ROWS = 10_000


def wasserstein_distance(current: Ordered, reference: Ordered) -> Value:
    """Area between the two distribution functions, over finite values."""
    now, before = current.finite(), reference.finite()
    undefined = _undefined(now, before, "finite value")
    if undefined:
        return undefined
    distance = _area(now, before)
    if not math.isfinite(distance):
        return Value(None, now.n, reason="the values lie too far apart for floating-point numbers")
    left_out = current.missing + current.n - now.n, reference.missing + reference.n - before.n
    return Value(distance, now.n, reason=_left_out(*left_out, "missing or infinite"))


def kolmogorov_smirnov_statistic(current: Ordered, reference: Ordered) -> Value:
    """Largest gap between the two distribution functions."""
    return _undefined(current, reference, "value") or Value(
        largest_gap(current, reference),
        current.n,
        reason=_left_out(current.missing, reference.missing, "missing"),
    )


def kolmogorov_smirnov_pvalue(current: Ordered, reference: Ordered) -> Value:
    """Chance of a gap at least as large between two samples of one distribution."""
    return _undefined(current, reference, "value") or Value(
        _pvalue(current, reference),
        current.n,
        reason=_left_out(current.missing, reference.missing, "missing"),
    )


def largest_gap(now: Ordered, before: Ordered) -> float:
    """Largest distance of the two distribution functions; it lies at a value of ``now`` or just below one.

    Looks up the few values of a window in the many of the reference, and works in whole numbers until the last step.
    """
    import numpy as np

    first = np.searchsorted(before.values, now.values)
    # The values are distinct, so a value that is there takes one place.
    after = first + (before.values[np.minimum(first, len(before.values) - 1)] == now.values)
    below = np.abs(before.below[first] * now.n - now.below[:-1] * before.n).max()
    at = np.abs(before.below[after] * now.n - now.below[1:] * before.n).max()
    return float(max(below, at)) / (float(now.n) * before.n)


def _pvalue(now: Ordered, before: Ordered) -> float:
    """The p-value of ``scipy.stats.ks_2samp``: exact for small samples, from the limiting distribution above."""
    import numpy as np
    from scipy.stats import ks_2samp, kstwo

    small, large = sorted([float(now.n), float(before.n)])
    if large <= EXACT_ROWS:
        with warnings.catch_warnings():
            # SciPy says so when the exact sum overflows, and goes on with the limit as we want it to.
            warnings.simplefilter("ignore", RuntimeWarning)
            rows = [np.repeat(side.values, side.counts) for side in (now, before)]
            return float(ks_2samp(rows[0], rows[1]).pvalue)
    return float(np.clip(kstwo.sf(largest_gap(now, before), np.round(large * small / (large + small))), 0, 1))


def _area(now: Ordered, before: Ordered) -> float:
    """Area between the two distribution functions."""
    # A window of a large reference: looking up its few values is far cheaper than walking through all of both.
    area = _area_by_lookup(now, before) if len(before.values) > 20 * len(now.values) else None
    return _area_by_merge(now, before) if area is None else area


def _area_by_merge(now: Ordered, before: Ordered) -> float:
    """Sum of |F - G| times the gap to the next value, over the values of both."""
    import numpy as np

    place = np.searchsorted(before.values, now.values)
    values = np.insert(before.values, place, now.values)
    # Whole numbers, exact in a float below 2**53, so that the distribution functions gather no rounding.
    steps = np.insert(before.counts * float(now.n), place, now.counts * -float(before.n))
    heights = np.abs(np.cumsum(steps, out=steps), out=steps)
    with np.errstate(over="ignore"):
        return float(heights[:-1] @ np.diff(values)) / (float(now.n) * before.n)


def _area_by_lookup(now: Ordered, before: Ordered) -> float | None:
    """The same from the integral H of the reference's distribution function F, in O(m log N).

    Between two values of the window its own function G stays at one level g, which F crosses once, at t; there the area
    is ``g (t - a) - (H(t) - H(a)) + (H(b) - H(t)) - g (b - t)``. ``None`` where the differences of H would cost more
    digits than are promised.
    """
    import numpy as np

    ends = [min(before.values[0], now.values[0]), max(before.values[-1], now.values[-1])]
    edges = np.concatenate([ends[:1], now.values, ends[1:]])
    places = np.searchsorted(before.values, edges, side="right")
    # The first value of the reference at which F reaches G's level, in whole numbers.
    reached = np.searchsorted(before.below[1:], -(-now.below * before.n // now.n))
    crossing = np.clip(before.values[np.minimum(reached, len(before.values) - 1)], edges[:-1], edges[1:])
    h = _integral(before, edges, places)
    h_crossing = _integral(before, crossing, np.clip(reached + 1, places[:-1], places[1:]))
    level = now.below / np.longdouble(now.n)
    left, right = level * (crossing - edges[:-1]), level * (edges[1:] - crossing)
    pieces = left - (h_crossing - h[:-1]) + (h[1:] - h_crossing) - right
    area = float(pieces.sum())
    lost = float(np.finfo(np.longdouble).eps * np.abs(h).max()) * len(pieces) ** 0.5
    return area if np.isfinite(area) and lost <= 1e-13 * area else None


def _integral(side: Ordered, x: NDArray[np.float64], place: NDArray[np.int64]) -> NDArray[np.longdouble]:
    """Integral of the distribution function up to each ``x``, which lies at ``place`` among the values."""
    return (side.below[place] * (x - side.centre) - side.sums[place]) / side.n


def _undefined(now: Ordered, before: Ordered, kind: str) -> Value | None:
    for side, name in ((now, "current"), (before, "reference")):
        if not side.n:
            return Value(None, now.n, reason=f"no {kind} in the {name} rows")
    return None


def _left_out(now: int, before: int, kind: str) -> str | None:
    parts = [f"{rows:,} {side}" for rows, side in ((now, "current"), (before, "reference")) if rows]
    return f"{' and '.join(parts)} rows left out: {kind}" if parts else None
