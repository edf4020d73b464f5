"""Robustness to what is known beforehand: values within stated bounds, and a model that rises or falls as it should."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from itertools import combinations
from typing import TYPE_CHECKING, Any

from dte_panel import Facts, Means, Metric, SecondOpinion, Value, Values
from dte_panel.stats import Z95, difference_interval, mean_interval, simultaneous_z, wilson
from dte_panel_guardrails import opinions

if TYPE_CHECKING:
    from dte_panel.states import Averaged, Documented, Moments, Ordered

AXIS = "robustness"
#: Lower and upper bound of each column; ``None`` where there is none.
Bounds = Mapping[str, Sequence[float | None]]
#: Column to ``increasing`` or ``decreasing``.
Directions = Mapping[str, str]
Side = tuple[float, float, float]


def metrics(bounds: Bounds, monotone: Directions) -> list[Metric]:
    """The metrics of constraints."""
    cuts = tuple(sorted({end for pair in bounds.values() for end in pair if end is not None}))
    return [
        Metric(
            id="out_of_bounds_share",
            title="Values outside their bounds",
            definition="Share of values of a numeric column that lie below the lower or above the upper bound that "
            "the setting bounds states, such as {age: [0, 120]}; the bounds themselves are allowed. Infinities "
            "count, missing values are left out. Undefined without a value.",
            reduce=(Values(_named(bounds), cuts), Facts()),
            finish=partial(out_of_bounds_share, bounds=bounds),
            second=SecondOpinion("scipy", partial(opinions.out_of_bounds, bounds=bounds)),
            better="lower",
            range=(0.0, 1.0),
            unit="share",
            formula="#{x < lower or x > upper} / #{x}",
            source="Breck et al. (2019), Data Validation for Machine Learning, MLSys",
            interval="Wilson",
            group=AXIS,
        ),
        Metric(
            id="monotonicity_violation",
            title="Largest fall against the stated direction",
            definition="For each column of the setting monotone, such as {income: increasing}: the largest amount by "
            "which the mean score (without a score the mean prediction, which is the positive rate of a classifier) "
            "falls from a bin of the column to any later one, 0 if it never does; for decreasing, rises. Twice the "
            "largest distance to the nearest monotone sequence. Bins are ten quantile bins of the reference; missing "
            "values, infinities and bins with fewer than two rows are left out. Undefined with fewer than two bins. "
            "It compares rows as they are, other columns differ too.",
            reduce=(Means(_named(monotone), "score|prediction"), Facts()),
            finish=partial(monotonicity_violation, monotone=monotone),
            second=opinions.DIRECTION,
            better="lower",
            range=(0.0, None),
            unit="unit of the score",
            formula="max(0, max over bins i < j of mean(i) − mean(j))",
            source="Ubhaya (1974), Isotone optimization I, J. Approximation Theory 12, 146-159 (isotonic distance in "
            "the maximum norm); Newcombe (1998), Stat. in Medicine 17, 873-890",
            interval="simultaneous: t of each bin's mean (Wilson of a rate), joined by Newcombe's hybrid",
            tasks=("binary", "regression", "none"),
            cohorts=False,
            group=AXIS,
        ),
    ]


def _named(columns: Mapping[str, Any]) -> str:
    return "|".join(f"column:{name}" for name in columns)


def out_of_bounds_share(state: Ordered, documented: Documented, bounds: Bounds) -> Value:
    """Share of values beyond the column's bounds."""
    lower, upper = bounds[documented.facts["column"]]
    n = state.n
    if not n:
        return Value(None, 0, reason="no value")
    below = 0 if lower is None else int(state.counts[state.values < lower].sum())
    above = 0 if upper is None else int(state.counts[state.values > upper].sum())
    low, high = wilson(below + above, n)
    return Value((below + above) / n, n, low, high, detail={"below": below, "above": above, "bounds": [lower, upper]})


def monotonicity_violation(state: Averaged, documented: Documented, monotone: Directions) -> Value:
    """The largest fall between two bins, with an interval for all pairs at once."""
    direction = monotone[documented.facts["column"]]
    sign = 1.0 if direction == "increasing" else -1.0
    every = [(i, state.bins[str(i)]) for i in range(len(state.edges or ()) + 1) if str(i) in state.bins]
    kept = [(i, m) for i, m in every if m.n > 1]
    n = sum(m.n for _, m in kept)
    if len(kept) < 2:
        return Value(None, n, reason=f"{len(kept)} bin{'s' * (len(kept) != 1)} with two rows or more; a fall needs two")
    z = simultaneous_z(len(kept))
    sides = [_side(m, z, sign, share=state.share) for _, m in kept]
    falls = [(a[0] - b[0], difference_interval(a, b)) for a, b in combinations(sides, 2)]
    value, low, high = (max(0.0, *ends) for ends in zip(*((v, *interval) for v, interval in falls), strict=True))
    detail = {"direction": direction, "bins": [_shown(i, m, state.edges or ()) for i, m in kept]}
    return Value(value, n, low, high, detail=detail)


def _side(moments: Moments, z: float, sign: float, *, share: bool) -> Side:
    """A bin's mean with its interval, turned round where the number should fall."""
    mean, n = moments.means["value"], moments.n
    if share:
        low, high = wilson(mean * n, n, z)
    else:
        ends = mean_interval(mean, moments.m2s["value"], n)
        low, high = (mean + ((mean if end is None else end) - mean) * z / Z95 for end in ends)
    return (mean, low, high) if sign > 0 else (-mean, -high, -low)


def _shown(place: int, moments: Moments, edges: Sequence[float]) -> dict[str, Any]:
    return {
        "from": edges[place - 1] if place else None,
        "to": edges[place] if place < len(edges) else None,
        "mean": moments.means["value"],
        "n": moments.n,
    }
