"""Fine bins: how states of one column come to have the same ones, so that they add up and compare.

A state in bins has, in this order, a bin of -inf, a bin of what lies below the first edge, one from each edge to the
next, and a bin of +inf. Bins that hold one value alone know it (``values == highs``).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from dte_panel.states.ordered import Ordered

    Floats = NDArray[np.float64]
    Counted = NDArray[np.int64]


def ends(edges: Floats, span: tuple[float, float] | None, *, whole: bool = False) -> tuple[Floats, Floats]:
    """The least and the largest number that each bin may hold, of all that ascending edges part.

    Parameters
    ----------
    edges : ndarray of float, shape (m,)
        At least one.
    span : tuple of float or None
        Smallest and largest finite value, where there is one.
    whole : bool
        The values are whole numbers, small enough to be exact.

    Returns
    -------
    tuple of ndarray, shape (m + 3,)
    """
    last = edges - 1 if whole else np.nextafter(edges, -np.inf)
    least, most = span or (float(last[0]), float(edges[-1]))
    values = np.concatenate([[-np.inf, min(least, last[0])], edges, [np.inf]])
    highs = np.concatenate([[-np.inf], last, [max(most, edges[-1]), np.inf]])
    return values, highs


def in_bins(values: Floats, highs: Floats, counts: Counted, excess: Floats, missing: int = 0) -> Ordered:
    """A state over the bins of :func:`ends`; an exact one where no bin in use holds more than one value.

    The excess of the bin below the first edge is counted from that edge.
    """
    from dte_panel.states.ordered import Ordered

    used = counts > 0
    if (values == highs)[used].all():
        return Ordered(values[used], counts[used], missing)
    # Rounding may leave a hair outside of what the bin can hold.
    with np.errstate(over="ignore", invalid="ignore"):
        excess[1] += counts[1] * (values[2] - values[1])
        most = counts[1:-1] * (highs - values)[1:-1]
        excess[1:-1] = np.fmin(np.maximum(excess[1:-1], 0.0), most)
    return Ordered(values, counts, missing, highs, excess)


def aligned(parts: Sequence[Ordered]) -> list[Ordered]:
    """The states over the edges that all of them have; at least one is in bins."""
    filled = [p.finite() for p in parts]
    edges = reduce(np.intersect1d, (p.values[1:] for p in filled if not p.exact))
    least = min([float(p.values[0]) for p in filled if len(p.values)])
    most = max([float((p.values if p.highs is None else p.highs)[-1]) for p in filled if len(p.values)])
    # Of two bins that fall together the upper one's high counts, and that of the last bin below an edge.
    highs = reduce(np.maximum, (p.highs[np.searchsorted(p.values, edges) - 1] for p in parts if p.highs is not None))
    values = np.concatenate([[-np.inf, min([least, *highs[:1]])], edges, [np.inf]])
    tops = np.concatenate([[-np.inf], highs, [max([most, *edges[-1:]]), np.inf]])
    for part in parts:
        if part.exact:
            np.maximum.at(tops, np.searchsorted(values, part.values, side="right") - 1, part.values)
    return [_onto(p, values, tops) for p in parts]


def _onto(part: Ordered, values: Floats, highs: Floats) -> Ordered:
    """A state over bins that are unions of its own, or any bins if it is exact."""
    from dte_panel.states.ordered import Ordered

    if part.highs is not None and np.array_equal(part.values, values) and np.array_equal(part.highs, highs):
        return part
    place = np.searchsorted(values, part.values, side="right") - 1
    counts = np.bincount(place, weights=part.counts, minlength=len(values)).astype(np.int64)
    with np.errstate(invalid="ignore", over="ignore"):
        above = np.where(np.isinf(part.values), 0.0, part.counts * (part.values - values[place]))
    above = above if part.excess is None else above + part.excess
    excess = np.bincount(place, weights=above, minlength=len(values)).astype(np.float64)
    return Ordered(values, counts, part.missing, highs, excess)


def added(parts: Sequence[Ordered]) -> Ordered:
    """The sum of states over the same bins."""
    from dte_panel.states.ordered import Ordered

    first = parts[0]
    counts = np.sum([p.counts for p in parts], axis=0)
    excess: Floats = np.sum([p.excess for p in parts if p.excess is not None], axis=0)
    return Ordered(first.values, counts, sum(p.missing for p in parts), first.highs, excess)
