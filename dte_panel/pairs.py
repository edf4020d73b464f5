"""The widest interval over all pairs of groups: found in arrays, settled with the formula itself to the last bit."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from dte_panel.stats import difference_interval, ratio_interval

if TYPE_CHECKING:
    from dte_panel.stats import Floats

Side = tuple[float, float, float]
Ends = tuple[float, float]
#: An array's end and the formula's are as near as this, as a part of the largest number in them.
_NEAR = 1e-12


def widest_difference(sides: Sequence[Side]) -> Ends:
    """The largest lower and the largest upper end of the intervals of all pairs, each the higher less the lower.

    Neither is below 0. A side is ``(value, lower, upper)``, as :func:`dte_panel.stats.difference_interval` takes it.

    Examples
    --------
    >>> widest_difference([(0.1, 0.0, 0.2), (0.3, 0.2, 0.4)]) == difference_interval((0.3, 0.2, 0.4), (0.1, 0.0, 0.2))
    True
    """
    low, high = _largest(sides, difference_interval, _differences)
    return max(0.0, low), max(0.0, high)


def narrowest_ratio(sides: Sequence[Side]) -> Ends:
    """The smallest lower and the smallest upper end of the intervals of all pairs, each the lower over the higher.

    Neither is above 1. A side is ``(value, lower, upper)``, as :func:`dte_panel.stats.ratio_interval` takes it.

    Examples
    --------
    >>> narrowest_ratio([(0.1, 0.05, 0.2), (0.3, 0.2, 0.4)]) == ratio_interval((0.1, 0.05, 0.2), (0.3, 0.2, 0.4))
    True
    """

    def least(higher: Side, lower: Side) -> Ends:
        low, high = ratio_interval(lower, higher)
        return -low, -high

    low, high = _largest(sides, least, _ratios)
    return min(1.0, -low), min(1.0, -high)


def _largest(
    sides: Sequence[Side],
    exact: Callable[[Side, Side], Ends],
    near: Callable[[Any, Any], tuple[Floats, Floats]],
) -> Ends:
    """The largest of each end over all pairs of a higher and a lower side.

    Groups that are alike make the same pairs: each is looked at once.
    """
    import numpy as np

    counted = Counter(sides)
    ordered = sorted(counted)
    columns = np.array(ordered).T
    size = float(np.abs(columns[0]).max())
    #: By place, the lower sides are those before it, and itself where two groups are alike.
    until = [i + (counted[side] > 1) for i, side in enumerate(ordered)]

    def row(i: int) -> tuple[Floats, Floats]:
        with np.errstate(all="ignore"):
            return near(columns[:, i], columns[:, : until[i]])

    tops = [(i, [float(end.max()) for end in row(i)]) for i in range(len(ordered)) if until[i]]
    found = [max(top[side] for _, top in tops) for side in (0, 1)]
    for side, best in enumerate(found):
        if best and math.isfinite(best):
            least = best - _NEAR * (size + abs(best))
            at = [(i, j) for i, top in tops if top[side] >= least for j in np.flatnonzero(row(i)[side] >= least)]
            found[side] = max(exact(ordered[i], ordered[j])[side] for i, j in at)
    return found[0], found[1]


def _differences(higher: Any, lower: Any) -> tuple[Floats, Floats]:
    import numpy as np

    (a, a_low, a_high), (b, b_low, b_high) = higher, lower
    return a - b - np.hypot(a - a_low, b_high - b), a - b + np.hypot(a_high - a, b - b_low)


def _ratios(higher: Any, lower: Any) -> tuple[Floats, Floats]:
    """Both ends of ``lower / higher``, negated: the smallest is then the largest."""
    import numpy as np

    (a, a_low, a_high), (b, b_low, b_high) = lower, higher
    ratio = a / b
    low = ratio * np.exp(-np.hypot(np.log(a / a_low), np.log(b_high / b)))
    high = ratio * np.exp(np.hypot(np.log(a_high / a), np.log(b / b_low)))
    low = np.where((a_low > 0) & (b > 0) & (b_high > 0), low, 0.0)
    high = np.where(b_low > 0, np.where(a > 0, high, a_high / b_low), np.inf)
    return -low, -np.where(b_high > 0, high, np.inf)
