"""Distances between two columns in the same bins, each with its interval and what chance alone would show."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from dte_panel import Value
from dte_panel_drift import chance, divergences

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from dte_panel.states import Binned
    from dte_panel_drift.divergences import Divergence

    Floats = NDArray[np.float64]


def population_stability_index(current: Binned, reference: Binned) -> Value:
    """Sum of (p - q) ln(p / q) over the bins that either side has rows in."""
    return _diverged(current, reference, divergences.INDEX, divergences.stability_index)


def kullback_leibler_divergence(current: Binned, reference: Binned) -> Value:
    """Sum of p ln(p / q) over the bins that either side has rows in."""
    return _diverged(current, reference, divergences.ENTROPY, divergences.relative_entropy)


def jensen_shannon_divergence(current: Binned, reference: Binned) -> Value:
    """Mean divergence of both sides from their middle."""
    return _diverged(current, reference, divergences.SHANNON, divergences.shannon_divergence)


def jensen_shannon_distance(current: Binned, reference: Binned) -> Value:
    """Square root of the Jensen-Shannon divergence, and of the ends of its interval."""
    return _diverged(current, reference, divergences.SHANNON, divergences.shannon_divergence, root=True)


def hellinger_distance(current: Binned, reference: Binned) -> Value:
    """Euclidean distance of the roots of the shares, over √2."""
    return _diverged(current, reference, divergences.HELLINGER, divergences.squared_hellinger, root=True)


def cramers_v(current: Binned, reference: Binned) -> Value:
    """Association of bin and side."""
    found = _diverged(current, reference, divergences.CONTINGENCY, divergences.mean_square_contingency, root=True)
    if found.value is not None and found.detail["bins"] == 1:
        return Value(None, found.n, reason="one bin only, in the reference and now: nothing to associate")
    return found


def rows_per_bin(current: Binned, reference: Binned) -> tuple[list[str | None], Floats, Floats]:
    """The bins that either side has rows in, and the rows of each; NULL and NaN are one bin, ``None``."""
    import numpy as np

    sides = _one_missing(current), _one_missing(reference)
    keys: list[str | None] = [*sides[0].bins]
    if not {*sides[0].counts, *sides[1].counts} <= {*keys}:
        keys = sides[0].aligned(sides[1])[0]
    rows = np.array([[side.counts.get(key, 0) for key in keys] for side in sides], dtype=float)
    used = (rows[0] + rows[1]) > 0
    if not used.all():
        keys, rows = [key for key, keep in zip(keys, used, strict=True) if keep], rows[:, used]
    return keys, rows[0], rows[1]


def missing_rows(binned: Binned) -> int:
    """Rows in the bin of NULL and NaN."""
    return _one_missing(binned).counts.get(None, 0)


def empty(current: Binned, reference: Binned) -> Value | None:
    """Why two states cannot be compared."""
    if current.n and reference.n:
        return None
    return Value(None, current.n, reason=f"no {'reference' if current.n else 'current'} rows")


def _one_missing(binned: Binned) -> Binned:
    """The same bins with NaN counted as NULL: how a missing number is written is not drift."""
    if binned.edges is None or "nan" not in binned.counts:
        return binned
    counts = {key: n for key, n in binned.counts.items() if key != "nan"}
    counts[None] = counts.get(None, 0) + binned.counts["nan"]
    return replace(binned, counts=counts)


def _diverged(
    current: Binned, reference: Binned, kind: Divergence, statistic: Callable[..., Any], *, root: bool = False
) -> Value:
    if undefined := empty(current, reference):
        return undefined
    bins, now, before = rows_per_bin(current, reference)
    return diverged(now, before, kind, float(statistic(now, before)), root=root, detail={"bins": len(bins)})


def diverged(
    now: Floats, before: Floats, kind: Divergence, value: float, *, root: bool = False, detail: dict[str, Any]
) -> Value:
    """A divergence of two rows of counts, or its root, with its interval and the expectation without drift."""
    low, high = chance.interval(kind, now, before)
    ends = min(low, value), value, max(high, value)
    low, value, high = map(math.sqrt, ends) if root else ends
    detail = {**detail, "without_drift": chance.without_drift(kind, now, before, root=root)}
    return Value(value, int(now.sum()), low, high, detail=detail)
