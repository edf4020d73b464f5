"""Distances between two columns in the same bins."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from dte_panel import Value
from dte_panel.stats import bootstrap

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from dte_panel.states import Binned

    Floats = NDArray[np.float64]

#: Rows added to every bin of both sides before the shares of the population stability index are taken.
SMOOTHING = 0.5
#: Largest Jensen-Shannon divergence with natural logarithms: two columns that share no bin.
FARTHEST = math.log(2)


def population_stability_index(current: Binned, reference: Binned) -> Value:
    """Sum of (p - q) ln(p / q) over the bins that either side has rows in."""
    return _measured(current, reference, stability_index, math.inf)


def jensen_shannon_distance(current: Binned, reference: Binned) -> Value:
    """Square root of the Jensen-Shannon divergence.

    The interval is made for the divergence, where chance adds about the same to the value and to its resamples, and
    the root is taken of its ends: reflecting the distance itself would call 15 % of small undrifted samples drifted.
    """
    found = _measured(current, reference, shannon_divergence, FARTHEST)
    return replace(found, value=_root(found.value), low=_root(found.low), high=_root(found.high))


def stability_index(current: Floats, reference: Floats) -> Floats:
    """Population stability index of rows per bin; bins along the last axis, resamples along the others."""
    import numpy as np

    p, q = (
        (rows + SMOOTHING) / (rows.sum(-1, keepdims=True) + SMOOTHING * rows.shape[-1]) for rows in (current, reference)
    )
    # One term per bin is never negative, so the sum is not either.
    total: Floats = ((p - q) * np.log(p / q)).sum(-1)
    return total


def shannon_divergence(current: Floats, reference: Floats) -> Floats:
    """Jensen-Shannon divergence, natural logarithms, in SciPy's order of operations."""
    import numpy as np
    from scipy.special import rel_entr

    p, q = (rows / rows.sum(-1, keepdims=True) for rows in (current, reference))
    middle = (p + q) / 2
    divergence = (rel_entr(p, middle).sum(-1) + rel_entr(q, middle).sum(-1)) / 2
    # Rounding may leave a hair below 0 or above the largest.
    within: Floats = np.clip(divergence, 0.0, FARTHEST)
    return within


def rows_per_bin(current: Binned, reference: Binned) -> tuple[list[str | None], Floats, Floats]:
    """The bins that either side has rows in, and the rows of each; NULL and NaN are one bin, ``None``."""
    keys, now, before = _one_missing(current).aligned(_one_missing(reference))
    used = (now + before) > 0
    names = [key for key, keep in zip(keys, used, strict=True) if keep]
    return names, now[used].astype(float), before[used].astype(float)


def _one_missing(binned: Binned) -> Binned:
    """The same bins with NaN counted as NULL: how a missing number is written is not drift."""
    if binned.edges is None or "nan" not in binned.counts:
        return binned
    counts = {key: n for key, n in binned.counts.items() if key != "nan"}
    counts[None] = counts.get(None, 0) + binned.counts["nan"]
    return replace(binned, counts=counts)


def _measured(current: Binned, reference: Binned, statistic: Callable[..., Any], top: float) -> Value:
    if not current.n or not reference.n:
        return Value(None, current.n, reason=f"no {'reference' if current.n else 'current'} rows")
    bins, now, before = rows_per_bin(current, reference)
    value = float(statistic(now, before))
    low, high = bootstrap([now, before], statistic, basic=True)
    if low is not None and high is not None:
        # The reflected interval of a value near 0 may lie wholly below it.
        low, high = min(max(low, 0.0), value), min(max(high, value), top)
    return Value(value, current.n, low, high, detail={"bins": len(bins)})


def _root(number: float | None) -> float | None:
    return None if number is None else math.sqrt(number)
