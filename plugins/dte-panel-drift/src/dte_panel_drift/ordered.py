"""Distances and tests on the ordered values of a numeric column: exact, or proven bounds where they are in bins."""

from __future__ import annotations

import math
import warnings
from typing import TYPE_CHECKING, Any

from dte_panel import Value
from dte_panel_drift import samples
from dte_panel_drift.kolmogorov import survival

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from dte_panel.states import Ordered

    Floats = NDArray[np.float64]

#: SciPy's own limit: up to so many rows on the larger side its p-value is exact.
EXACT_ROWS = 10_000
#: Beyond this an interval, which needs squares, would leave the floating-point numbers.
FARTHEST = 1e150


def wasserstein_distance(current: Ordered, reference: Ordered) -> Value:
    """Area between the two distribution functions, over finite values."""
    now, before = current.finite(), reference.finite()
    undefined = _undefined(now, before, "finite value")
    if undefined:
        return undefined
    distance, *within = areas(now, before)
    if not all(map(math.isfinite, (distance, *within))):
        return Value(None, now.n, reason="the values lie too far apart for floating-point numbers")
    left_out = current.missing + current.n - now.n, reference.missing + reference.n - before.n
    note = _left_out(*left_out, "missing or infinite")
    least, most = within
    if max(abs(float(side.values[end])) for side in (now, before) for end in (0, -1)) > FARTHEST:
        # The square of such a number is none any more.
        return Value(distance, now.n, reason=note, detail=_resolution(least, most))
    low, high = samples.area_interval(least, most, current, reference)
    mean, usual, *_ = samples.area_without_drift(now.n, reference)
    return Value(distance, now.n, low, high, note, detail=_resolution(least, most) | _usual(mean, usual))


def kolmogorov_smirnov_statistic(current: Ordered, reference: Ordered) -> Value:
    """Largest gap between the two distribution functions."""
    undefined = _undefined(current, reference, "value")
    if undefined:
        return undefined
    note = _left_out(current.missing, reference.missing, "missing")
    least, most, *shares = gaps_at(current, reference)
    low, high = samples.gap_interval(least, most, shares[0], shares[1], current.n, reference)
    mean, usual, _ = samples.gap_without_drift(current.n, reference)
    return Value(least, current.n, low, high, note, detail=_resolution(least, most) | _usual(mean, usual))


def kolmogorov_smirnov_pvalue(current: Ordered, reference: Ordered) -> Value:
    """Chance of a gap at least as large between two samples of one distribution."""
    undefined = _undefined(current, reference, "value")
    if undefined:
        return undefined
    note = _left_out(current.missing, reference.missing, "missing")
    least, most = gaps(current, reference)
    if least == most:
        return Value(_pvalue(current, reference, least), current.n, reason=note)
    high, low = (_limit(gap, current.n, reference.n) for gap in (least, most))
    return _within(high, (low, high), current, note)


def _within(value: float, ends: Sequence[float], current: Ordered, note: str | None) -> Value:
    """A number, and what it may be where the values are known by their bins; the bounds are proven, not estimated."""
    low, high = min(value, *ends), max(value, *ends)
    if low == high:
        return Value(value, current.n, reason=note)
    return Value(value, current.n, low, high, reason=note, detail=_resolution(low, high))


def _resolution(least: float, most: float) -> dict[str, Any]:
    """How far apart the proven bounds of a number are that comes from bins; nothing where it is exact."""
    return {"resolution": most - least} if most > least else {}


def _usual(mean: float, high: float) -> dict[str, Any]:
    """What the same numbers of rows show without drift, in digits that matter."""
    return {"without_drift": {"expected": float(f"{mean:.6g}"), "quantile_95": float(f"{high:.6g}")}}


def gaps(now: Ordered, before: Ordered) -> tuple[float, float]:
    """The largest distance of the two distribution functions, at least and at most; the same for exact states."""
    return gaps_at(now, before)[:2]


def gaps_at(now: Ordered, before: Ordered) -> tuple[float, float, float, float]:
    """The same, and the two functions where they lie furthest apart.

    In bins it is known at their ends. Within a bin both functions rise, by what the bin holds of each side: nowhere do
    they lie further apart than the upper end of the one and the lower end of the other. Whole numbers until the last
    step.
    """
    import numpy as np

    if now.exact and before.exact:
        return _exact_gap(now, before)
    now, before = now.aligned(before)
    f, g = now.below * before.n, before.below * now.n
    at = int(np.abs(f - g).argmax())
    known = abs(int(f[at] - g[at]))
    inside = np.maximum(f[1:] - g[:-1], g[1:] - f[:-1])[~now.single]
    unit = float(now.n) * before.n
    return known / unit, max(known, int(inside.max(initial=0))) / unit, f[at] / unit, g[at] / unit


def _exact_gap(now: Ordered, before: Ordered) -> tuple[float, float, float, float]:
    """The same of values: the largest distance lies at a value of ``now`` or just below one.

    Looks up the few values of a window in the many of the reference, and works in whole numbers until the last step.
    """
    import numpy as np

    first = np.searchsorted(before.values, now.values)
    # The values are distinct, so a value that is there takes one place.
    after = first + (before.values[np.minimum(first, len(before.values) - 1)] == now.values)
    sides = ((before.below[first], now.below[:-1]), (before.below[after], now.below[1:]))
    found = []
    for g, f in sides:
        apart = np.abs(g * now.n - f * before.n)
        at = int(apart.argmax())
        found.append((int(apart[at]), float(f[at] / now.n), float(g[at] / before.n)))
    most, *shares = max(found)
    gap = most / (float(now.n) * before.n)
    return gap, gap, shares[0], shares[1]


def _pvalue(now: Ordered, before: Ordered, gap: float) -> float:
    """The p-value of ``scipy.stats.ks_2samp``: exact for small samples, from the limiting distribution above."""
    import numpy as np

    if max(now.n, before.n) <= EXACT_ROWS and now.exact and before.exact:
        from scipy.stats import ks_2samp

        with warnings.catch_warnings():
            # SciPy says so when the exact sum overflows, and goes on with the limit as we want it to.
            warnings.simplefilter("ignore", RuntimeWarning)
            rows = [np.repeat(side.values, side.counts) for side in (now, before)]
            return float(ks_2samp(rows[0], rows[1]).pvalue)
    return _limit(gap, now.n, before.n)


def _limit(gap: float, n: int, m: int) -> float:
    """The p-value of a gap from the limiting distribution."""
    return survival(round(float(n) * m / (float(n) + m)), gap)


def areas(now: Ordered, before: Ordered) -> tuple[float, float, float]:
    """Area between the two distribution functions: what is reported, at least and at most; the same for exact states.

    The sums of the rows in a bin give the integral of ``F - G`` over it. Its size is the area where the two functions
    do not cross there; that is what is reported. At most the area is what either function can add to the gap at one
    end of the bin.
    """
    import numpy as np

    if now.exact and before.exact:
        area = _area(now, before)
        return area, area, area
    now, before = (side.finite() for side in now.aligned(before))
    ends = now.values if now.highs is None else now.highs
    width = np.diff(np.append(now.values, ends[-1]))
    (f, p, rise_f), (g, q, rise_g) = (_rise(side, width) for side in (now, before))
    with np.errstate(over="ignore", invalid="ignore"):
        least = np.abs((f - g) * width + rise_f - rise_g)
        from_left = np.abs(f - g) * width + rise_f + rise_g
        from_right = np.abs(f + p - g - q) * width + (p * width - rise_f) + (q * width - rise_g)
        widest = np.maximum(np.abs(f + p - g), np.abs(g + q - f)) * width
    # Without a crossing, or with one value in the bin, nothing is left open.
    sure = (f >= g + q) | (g >= f + p) | now.single
    most = np.where(sure, least, np.maximum(least, np.minimum(np.minimum(from_left, from_right), widest)))
    return float(least.sum()), float(least.sum()), float(most.sum())


def _rise(side: Ordered, width: Floats) -> tuple[Floats, Floats, Floats]:
    """Distribution function below each bin, share in each bin, and integral of what the function rises by there."""
    share = side.counts / side.n
    excess = 0.0 if side.excess is None else side.excess / side.n
    return side.below[:-1] / side.n, share, share * width - excess


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
