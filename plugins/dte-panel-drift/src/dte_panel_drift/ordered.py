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

    first, after = (np.searchsorted(before.values, now.values, side=side) for side in ("left", "right"))
    ours, theirs = _upto(now), _upto(before)
    n, m = ours[-1], theirs[-1]
    below, at = np.abs(theirs[first] * n - ours[:-1] * m).max(), np.abs(theirs[after] * n - ours[1:] * m).max()
    return float(max(below, at)) / (float(n) * float(m))


def _upto(ordered: Ordered) -> NDArray[np.int64]:
    """Rows below each value, and all rows at the end."""
    import numpy as np

    rows = np.zeros(len(ordered.counts) + 1, dtype=np.int64)
    np.cumsum(ordered.counts, out=rows[1:])
    return rows


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
    """Sum of |F - G| times the gap to the next value, over the values of both."""
    import numpy as np

    n, m = float(now.n), float(before.n)
    place = np.searchsorted(before.values, now.values)
    values = np.insert(before.values, place, now.values)
    # Whole numbers, exact in a float below 2**53, so that the distribution functions gather no rounding.
    steps = np.insert(before.counts * n, place, now.counts * -m)
    heights = np.abs(np.cumsum(steps, out=steps), out=steps)
    with np.errstate(over="ignore"):
        return float(heights[:-1] @ np.diff(values)) / (n * m)


def _undefined(now: Ordered, before: Ordered, kind: str) -> Value | None:
    for side, name in ((now, "current"), (before, "reference")):
        if not side.n:
            return Value(None, now.n, reason=f"no {kind} in the {name} rows")
    return None


def _left_out(now: int, before: int, kind: str) -> str | None:
    parts = [f"{rows:,} {side}" for rows, side in ((now, "current"), (before, "reference")) if rows]
    return f"{' and '.join(parts)} rows left out: {kind}" if parts else None
