"""The same numbers from SciPy, on the same states: what ``assess --verify`` asks."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from dte_panel import SecondOpinion
from dte_panel_drift.binned import missing_rows, rows_per_bin
from dte_panel_drift.divergences import smoothed

#: Why some numbers have no second opinion.
COUNTED = "a share of counted rows; neither SciPy nor scikit-learn counts missing values or new categories"

if TYPE_CHECKING:
    from dte_panel.states import Binned, Ordered, Profiled, Table

#: SciPy's Kolmogorov-Smirnov test takes rows, not counts; more of them are not laid out for it.
MOST_ROWS = 2_000_000
#: The root of a divergence that is 0 but for rounding.
_ROOT: dict[str, Any] = {
    "tolerance": 5e-8,
    "why": "where the divergence is 0, the root of a rounding error of 1e-16 is 1e-8",
}


def _on_rows(compute: Callable[[Any, Any], float], **fields: Any) -> SecondOpinion:
    """On the rows of each bin."""

    def both(current: Binned, reference: Binned) -> float:
        _, now, before = rows_per_bin(current, reference)
        return float(compute(now, before))

    return SecondOpinion("scipy", both, **fields)


def _index(now: Any, before: Any) -> float:
    from scipy.stats import entropy

    p, q = smoothed(now), smoothed(before)
    return float(entropy(p, q) + entropy(q, p))


def _entropy(now: Any, before: Any) -> float:
    from scipy.stats import entropy

    return float(entropy(smoothed(now), smoothed(before)))


def _shannon(now: Any, before: Any) -> float:
    import numpy as np
    from scipy.spatial.distance import jensenshannon

    # Rounding takes SciPy's sum below 0, and its root to NaN, where the shares are the same.
    with np.errstate(invalid="ignore"):
        return float(np.nan_to_num(jensenshannon(now, before)))


def _hellinger(now: Any, before: Any) -> float:
    import numpy as np
    from scipy.spatial.distance import euclidean

    return float(euclidean(np.sqrt(now / now.sum()), np.sqrt(before / before.sum())) / np.sqrt(2))


def _total(now: Any, before: Any) -> float:
    from scipy.spatial.distance import cityblock

    return float(cityblock(now / now.sum(), before / before.sum()) / 2)


def _largest(now: Any, before: Any) -> float:
    from scipy.spatial.distance import chebyshev

    return float(chebyshev(now / now.sum(), before / before.sum()))


def _association(now: Any, before: Any) -> float:
    import numpy as np
    from scipy.stats.contingency import association

    return float(association(np.array([now, before], dtype=np.int64), method="cramer"))


INDEX = _on_rows(_index)
ENTROPY = _on_rows(_entropy)
SHANNON = _on_rows(lambda now, before: _shannon(now, before) ** 2)
SHANNON_DISTANCE = _on_rows(_shannon, **_ROOT)
HELLINGER = _on_rows(_hellinger)
TOTAL = _on_rows(_total)
LARGEST = _on_rows(_largest)
ASSOCIATION = _on_rows(_association, **_ROOT)


def _contingency(current: Table, reference: Table) -> Any:
    import numpy as np
    from scipy.stats import chi2_contingency

    keys = list({**current.counts, **reference.counts})
    table = np.array([[side.counts.get(key, 0) for key in keys] for side in (current, reference)])
    return chi2_contingency(table[:, table.sum(0) > 0], correction=False)


CHI_SQUARE = SecondOpinion("scipy", lambda now, before: float(_contingency(now, before).statistic))
CHI_SQUARE_PVALUE = SecondOpinion("scipy", lambda now, before: float(_contingency(now, before).pvalue))


def _smirnov(now: Ordered, before: Ordered) -> Any:
    import warnings

    import numpy as np
    from scipy.stats import ks_2samp

    if now.n + before.n > MOST_ROWS or _in_bins(now, before):
        return None
    with warnings.catch_warnings():
        # SciPy says so where its exact sum overflows and it takes the limit, as we do.
        warnings.simplefilter("ignore", RuntimeWarning)
        return ks_2samp(np.repeat(now.values, now.counts), np.repeat(before.values, before.counts))


def _smirnov_part(part: str) -> Callable[[Ordered, Ordered], float | None]:
    def compute(now: Ordered, before: Ordered) -> float | None:
        found = _smirnov(now, before)
        return None if found is None else float(getattr(found, part))

    return compute


def _in_bins(*sides: Ordered) -> bool:
    """Whether the values themselves are not known."""
    return not all(getattr(side, "exact", True) for side in sides)


def _wasserstein(now: Ordered, before: Ordered) -> float | None:
    from scipy.stats import wasserstein_distance

    if _in_bins(now, before):
        return None
    now, before = now.finite(), before.finite()
    return float(wasserstein_distance(now.values, before.values, now.counts, before.counts))


def _normalised(now: Ordered, current: Profiled, before: Ordered, reference: Profiled) -> float | None:
    import numpy as np

    found, finite = _wasserstein(now, before), before.finite()
    if found is None:
        return None
    mean = np.average(finite.values, weights=finite.counts)
    return found / float(np.sqrt(np.average((finite.values - mean) ** 2, weights=finite.counts)))


def _mean_shift(_now: Profiled, now: Ordered, _before: Profiled, before: Ordered) -> float | None:
    from scipy.stats import tmean, tstd

    sides = _laid_out(now, before)
    return None if sides is None else float((tmean(sides[0]) - tmean(sides[1])) / tstd(sides[1]))


def _spread_shift(_now: Profiled, now: Ordered, _before: Profiled, before: Ordered) -> float | None:
    from scipy.stats import tstd

    sides = _laid_out(now, before)
    return None if sides is None else math.log(tstd(sides[0]) / tstd(sides[1]))


def _laid_out(*sides: Ordered) -> list[Any] | None:
    """The finite values of both sides, row by row, where they are known and not too many."""
    import numpy as np

    if _in_bins(*sides) or sum(side.n for side in sides) > MOST_ROWS:
        return None
    return [np.repeat(side.finite().values, side.finite().counts) for side in sides]


def _missingness(current: Binned, reference: Binned) -> float:
    gone = [missing_rows(side) for side in (current, reference)]
    now, before = ([m, s.n - m] for m, s in zip(gone, (current, reference), strict=True))
    return _shannon(now, before) ** 2


def _bearing(current: Table, reference: Table) -> float:
    import numpy as np
    from scipy.stats import entropy

    labels = {key[1]: None for key in reference.counts if key[1] is not None}
    places = list({key[0]: None for key in (*current.counts, *reference.counts)})
    now, before = (
        [sum(n for key, n in table.counts.items() if key[0] == place) for place in places]
        for table in (current, reference)
    )
    joint = np.array([[reference.counts.get((place, label), 0) for label in labels] for place in places])
    joint = joint[joint.sum(1) > 0]
    joint = joint[:, joint.sum(0) > 0]
    shared = entropy(joint.sum(1)) + entropy(joint.sum(0)) - entropy(joint.ravel())
    chance = (joint.shape[0] - 1) * (joint.shape[1] - 1) / (2 * joint.sum())
    share = np.clip((shared - chance) / entropy(joint.sum(0)), 0, 1)
    return float(_shannon(now, before) * share)


_SHIFTS: dict[str, Any] = {
    "tolerance": 1e-9,
    "why": "sums of many values in another order; what cancels out costs digits",
}
MEAN_SHIFT = SecondOpinion("scipy", _mean_shift, **_SHIFTS)
SPREAD_SHIFT = SecondOpinion("scipy", _spread_shift, **_SHIFTS)
MISSINGNESS = SecondOpinion("scipy", _missingness)
BEARING = SecondOpinion("scipy", _bearing, **_ROOT)
SMIRNOV = SecondOpinion("scipy", _smirnov_part("statistic"))
SMIRNOV_PVALUE = SecondOpinion(
    "scipy", _smirnov_part("pvalue"), 1e-9, "a p-value magnifies the last bit of its statistic"
)
_SUMS = "sums of values in another order; SciPy weights each value's share, which rounds once a value"
WASSERSTEIN = SecondOpinion("scipy", _wasserstein, 1e-10, _SUMS)
NORMALISED = SecondOpinion("scipy", _normalised, 1e-9, _SUMS)
