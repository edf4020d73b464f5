"""Evidently's own binning, for those who compare with its numbers: an option, named so, and never the default.

Its bins are of equal width between the extremes of both sides together, as many as Sturges' rule says, or the values
themselves where the reference has few. They come from ordered values; where these are in bins themselves the shares
are bounded, and so are the numbers.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dte_panel import Categories, Comparison, Profile, Value, Values
from dte_panel_drift import binned, divergences
from dte_panel_drift.categories import rows_of
from dte_panel_drift.distances import ROLES, against

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from dte_panel.states import Ordered, Profiled, Table

    Floats = NDArray[np.float64]

#: A numeric column is counted by value up to so many of them in the reference.
FEW_VALUES = 20
#: An empty bin gets this share, or a millionth of the smallest share where that is no larger.
FILL, MILLIONTH = 1e-4, 1e-6
_DEFINED = (
    "Missing and infinite values are left out. For comparison with Evidently's numbers only: one outlier stretches all "
    "bins, and an index of few rows lives on its fill. Undefined where a side has no value."
)


@dataclass(frozen=True)
class Counted:
    """Rows of both sides in each bin: as they are or nearly so, at least and at most."""

    rows: tuple[Floats, Floats]
    least: tuple[Floats, Floats]
    most: tuple[Floats, Floats]

    @property
    def exact(self) -> bool:
        """Whether nothing is left open."""
        return all((a == b).all() for a, b in zip(self.least, self.most, strict=True))


@dataclass(frozen=True)
class Number:
    """One of the numbers: its words, the divergence that it is, its terms, and whether empty bins are filled."""

    id: str
    title: str
    formula: str
    kind: divergences.Divergence
    terms: Callable[[Floats, Floats], Floats]
    fill: bool = False
    root: bool = False


def index(now: Floats, before: Floats) -> Floats:
    """Terms of the population stability index, of shares none of which is 0."""
    import numpy as np

    made: Floats = (before - now) * np.log(before / now)
    return made


def shannon(now: Floats, before: Floats) -> Floats:
    """Terms of the Jensen-Shannon divergence."""
    from scipy.special import rel_entr

    middle = (now + before) / 2
    made: Floats = (rel_entr(now, middle) + rel_entr(before, middle)) / 2
    return made


def filled(rows: Floats) -> Floats:
    """Shares, with Evidently's fill of what is empty."""
    import numpy as np

    shares = rows / rows.sum()
    least = shares[shares > 0].min()
    made: Floats = np.where(shares > 0, shares, least * MILLIONTH if least <= FILL else FILL)
    return made


def edges(low: float, high: float, n: int, *, whole: bool) -> Floats:
    """``numpy.histogram_bin_edges(..., bins="sturges")`` of ``n`` values between two extremes."""
    import numpy as np

    width = (high - low) / (np.log2(n) + 1.0)
    if whole:
        width = max(width, 1.0)
    made: Floats = np.linspace(low, high, (math.ceil((high - low) / width) if width else 1) + 1)
    return made


def of_numbers(now: Ordered, current: Profiled, before: Ordered, reference: Profiled) -> Counted | str:
    """Rows in Evidently's bins of a numeric column, or why they are not known."""
    import numpy as np

    sides = now.finite(), before.finite()
    if sides[1].exact and np.count_nonzero(sides[1].counts) <= FEW_VALUES:
        if not sides[0].exact:
            return "the reference has few values and the current rows too many to keep each"
        keys = np.union1d(sides[0].values, sides[1].values)
        rows = [np.zeros(len(keys)), np.zeros(len(keys))]
        for side, counts in zip(sides, rows, strict=True):
            counts[np.searchsorted(keys, side.values)] = side.counts
        both = rows[0][used := rows[0] + rows[1] > 0], rows[1][used]
        return Counted(both, both, both)
    ends = [getattr(p, name) for p in (current, reference) for name in ("minimum", "maximum")]
    whole = all(bool((side.values == np.floor(side.values)).all()) for side in sides if side.exact) and any(
        side.exact for side in sides
    )
    cut = edges(min(ends), max(ends), sides[0].n + sides[1].n, whole=whole)
    parts = [_cut(side, cut) for side in sides]
    made = [(parts[0][i], parts[1][i]) for i in range(3)]
    return Counted(*made)


def _cut(side: Ordered, cut: Floats) -> tuple[Floats, Floats, Floats]:
    """Rows between the cuts, the last of which belongs to the bin below it; at least and at most."""
    import numpy as np

    tops = side.values if side.highs is None else side.highs
    inner = cut[1:-1]
    # Rows below a cut: at least those of all bins that end below it, at most those of all that start there.
    known, open_ = side.below[np.searchsorted(tops, inner)], side.below[np.searchsorted(side.values, inner)]
    at = np.minimum(np.searchsorted(tops, inner), len(tops) - 1)
    width = tops[at] - side.values[at]
    part = np.clip((inner - side.values[at]) / np.where(width > 0, width, 1.0), 0.0, 1.0)
    guessed = known + np.round((open_ - known) * part)
    low, between, high = (np.concatenate([[0], rows, [side.n]]).astype(float) for rows in (known, guessed, open_))
    return np.diff(between), np.maximum(low[1:] - high[:-1], 0.0), high[1:] - low[:-1]


def of_categories(current: Table, reference: Table) -> Counted:
    """Rows of each category, missing ones left out."""
    import numpy as np

    sides = rows_of(current), rows_of(reference)
    keys = [key for key in {**sides[1], **sides[0]} if key is not None]
    rows = [np.array([side.get(key, 0) for key in keys], dtype=float) for side in sides]
    both = rows[0], rows[1]
    return Counted(both, both, both)


def _finish(number: Number, counted: Counted | str, n: int) -> Value:
    if isinstance(counted, str):
        return Value(None, n, reason=counted)
    for rows, name in zip(counted.rows, ("current", "reference"), strict=True):
        if not rows.sum():
            return Value(None, n, reason=f"no value in the {name} rows")
    shares = [filled(rows) if number.fill else rows / rows.sum() for rows in counted.rows]
    value = max(float(number.terms(*shares).sum()), 0.0)
    # What chance does is asked of the bins that are in use.
    used = counted.rows[0] + counted.rows[1] > 0
    now, before = (rows[used] for rows in counted.rows)
    found = binned.diverged(now, before, number.kind, value, root=number.root, detail={"bins": len(used)})
    return found if counted.exact else _bounded(found, counted, number)


def _bounded(found: Value, counted: Counted, number: Number) -> Value:
    """The number with its interval widened by what the shares leave open.

    Each term is convex and 0 for equal shares: at most it is what it is at a corner of what its shares may be, at
    least what it is where they are nearest.
    """
    import numpy as np

    boxes = []
    for least, most, rows in zip(counted.least, counted.most, counted.rows, strict=True):
        n = rows.sum()
        # An empty bin gets at most FILL and at least the millionth of one row.
        boxes.append((np.where(least > 0, least / n, MILLIONTH / n), np.maximum(most / n, FILL)))
    (p, p_most), (q, q_most) = boxes
    terms = number.terms
    top = np.max([terms(a, b) for a in (p, p_most) for b in (q, q_most)], axis=0).sum()
    apart = np.where(p > q_most, terms(p, q_most), np.where(q > p_most, terms(p_most, q), 0.0)).sum()
    low, high = (math.sqrt(x) if number.root else float(x) for x in (apart, top))
    ends = min(found.low or 0.0, low), max(found.high or 0.0, high)
    return Value(found.value, found.n, *ends, reason=found.reason, detail={**found.detail, "resolution": high - low})


def _numeric(number: Number) -> Callable[..., Value]:
    def finish(now: Ordered, current: Profiled, before: Ordered, reference: Profiled) -> Value:
        if not (current.finite and reference.finite):
            side = "reference" if current.finite else "current"
            return Value(None, current.finite, reason=f"no value in the {side} rows")
        return _finish(number, of_numbers(now, current, before, reference), current.finite)

    return finish


def _categorical(number: Number) -> Callable[..., Value]:
    def finish(current: Table, reference: Table) -> Value:
        return _finish(number, of_categories(current, reference), current.n())

    return finish


NUMBERS = (
    Number("population_stability_index", "Population stability index", "Σ (q − p) · ln(q / p)", divergences.INDEX,
           index, fill=True),
    Number("jensen_shannon_distance", "Jensen-Shannon distance",
           "√(½ Σ p·ln(p / m) + ½ Σ q·ln(q / m)), m = (p + q) / 2", divergences.SHANNON, shannon, root=True),
)  # fmt: skip
_BINS = (
    "in Evidently's bins: of equal width from the least to the largest value of both sides, as many as Sturges' "
    f"rule says, or one for each value where the reference has at most {FEW_VALUES}; whole numbers are taken for "
    "integers. Above 100,000 rows on a side low and high hold what the fine bins leave open too."
)
_FILLED = f" An empty bin gets the share {FILL}, or a millionth of the side's smallest one where that is no larger."


def metrics() -> list[Comparison]:
    """Both numbers, of numeric and of categorical columns."""
    return [
        made
        for number in NUMBERS
        for made in (
            _declared(number, "bins", _BINS, (Values(ROLES), Profile(ROLES)), _numeric(number)),
            _declared(
                number, "categories", "over the categories of both sides.", Categories(ROLES), _categorical(number)
            ),
        )
    ]


def _declared(number: Number, ending: str, where: str, reduce: Any, finish: Callable[..., Value]) -> Comparison:
    return against(
        f"{number.id}_evidently_{ending}",
        f"{number.title}, Evidently's {ending}",
        finish,
        reduce=reduce,
        definition=f"{number.title} {where}{_FILLED if number.fill else ''} {_DEFINED}",
        formula=number.formula,
        source="Evidently 0.7, evidently.legacy.calculations.stattests.utils.get_binned_data",
        interval="inversion of the noncentral chi-square, with the delta method's variance",
        better="lower",
        range=(0.0, math.sqrt(number.kind.top) if number.root else None),
        group="Evidently's binning",
    )
