"""The cheapest thresholds that hold a gap within a bound, and what such a choice is worth on other rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dte_panel_fairness.thresholds import Group, Outcome, candidates, outcome

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

#: Which rates make a gap; more than one: the worst of their gaps.
RATES_OF = {
    "demographic_parity_difference": ("selection_rate",),
    "demographic_parity_ratio": ("selection_rate",),
    "equal_opportunity_difference": ("true_positive_rate",),
    "false_positive_rate_difference": ("false_positive_rate",),
    "equalized_odds_difference": ("true_positive_rate", "false_positive_rate"),
    "accuracy_difference": ("accuracy",),
}
HALVES = 20
#: Steps in which two rates at once are searched.
_STEPS = 101
#: Bounds that are aimed at in turn, where a whole interval must keep to one.
_AIMS = 20
_HAIR = 1e-9


@dataclass(frozen=True)
class Tried:
    """Every threshold that is tried in each group: rates and costs, all of shape ``(groups, thresholds)``.

    Attributes
    ----------
    thresholds : ndarray, shape (thresholds,)
    counts : ndarray, shape (2, groups, thresholds)
        Negatives and positives that are selected.
    totals : ndarray, shape (2, groups)
        Negatives and positives that there are.
    """

    thresholds: Floats
    counts: Floats
    totals: Floats

    @classmethod
    def of(cls, groups: Sequence[Group], thresholds: Floats | None = None) -> Tried:
        """Count what each threshold selects."""
        import numpy as np

        steps = candidates(groups) if thresholds is None else thresholds
        selected = [g.at(steps) for g in groups]
        counts = np.array([[s[side] for s in selected] for side in (0, 1)], dtype=float)
        totals = np.array([[g.selected[side][0] for g in groups] for side in (0, 1)], dtype=float)
        return cls(steps, counts, totals)

    def rate(self, name: str) -> Floats:
        """A rate of each group at each threshold; NaN in a group that has none."""
        import numpy as np

        (wrong, right), (negatives, positives) = self.counts, self.totals[:, :, None]
        n = negatives + positives
        with np.errstate(invalid="ignore"):
            made = {
                "selection_rate": (wrong + right) / n,
                "true_positive_rate": right / positives,
                "false_positive_rate": wrong / negatives,
                "accuracy": (right + negatives - wrong) / n,
            }
        found: Floats = made[name]
        return found

    def costs(self, prices: Mapping[str, float]) -> Floats:
        """Cost of all rows of each group at each threshold."""
        (wrong, right), (negatives, positives) = self.counts, self.totals[:, :, None]
        made: Floats = (
            prices["true_positive"] * right
            + prices["false_negative"] * (positives - right)
            + prices["false_positive"] * wrong
            + prices["true_negative"] * (negatives - wrong)
        )
        return made

    def gap(self, name: str) -> Floats:
        """The gap where all groups have the same threshold; NaN with fewer than two groups."""
        import numpy as np

        made = []
        for rate in (self.rate(part) for part in RATES_OF[name]):
            known = rate[~np.isnan(rate).any(1)]
            if len(known) < 2:
                made.append(np.full(rate.shape[1], np.nan))
                continue
            low, high = known.min(0), known.max(0)
            with np.errstate(invalid="ignore"):
                made.append(low / high if name.endswith("_ratio") else high - low)
        gap: Floats = np.max(made, axis=0)
        return gap

    def at(self, places: Sequence[int]) -> Tried:
        """One threshold of each group."""
        import numpy as np

        where = np.array(places)[None, :, None].repeat(2, 0)
        return Tried(self.thresholds[:1], np.take_along_axis(self.counts, where, axis=2), self.totals)

    def halves(self, rng: np.random.Generator) -> tuple[Tried, Tried]:
        """The rows in two random halves."""
        import numpy as np

        # Rows between two thresholds, and those below the lowest.
        steps = np.concatenate([self.counts[:, :, ::-1], self.totals[:, :, None]], axis=2)
        rows = np.diff(steps, axis=2, prepend=0)
        drawn = rng.binomial(rows.astype(np.int64), 0.5).astype(float)
        made = []
        for part in (drawn, rows - drawn):
            added = np.cumsum(part, axis=2)
            made.append(Tried(self.thresholds, added[:, :, -2::-1], added[:, :, -1]))
        return made[0], made[1]


def within(gap: Any, name: str, bound: float) -> Any:
    """Whether gaps keep to a bound; one that is undefined does not."""
    return gap >= bound - _HAIR if name.endswith("_ratio") else gap <= bound + _HAIR


def one_for_all(tried: Tried, name: str, bound: float, prices: Mapping[str, float]) -> list[int] | None:
    """The place of the cheapest common threshold; of equal costs the highest."""
    import numpy as np

    costs = np.where(within(tried.gap(name), name, bound), tried.costs(prices).sum(0), np.inf)
    best = len(costs) - 1 - int(costs[::-1].argmin())
    return [best] * tried.totals.shape[1] if np.isfinite(costs[best]) else None


def one_each(tried: Tried, name: str, bound: float, prices: Mapping[str, float]) -> list[int] | None:
    """The places of the cheapest thresholds, one for each group.

    Rates of all groups keep within a bound exactly if some window as wide as the bound holds them all. In a given
    window each group takes its cheapest threshold whatever the others do, so trying every window finds the cheapest of
    all. One rate has as many windows as values; two are searched in steps of 1/100.
    """
    import numpy as np

    parts = [tried.rate(part) for part in RATES_OF[name]]
    windows = _windows(parts, name, bound)
    costs, total = tried.costs(prices), np.zeros(len(windows[0][0]))
    if any((~np.isnan(rate).any(1)).sum() < 2 for rate in parts):
        return None
    searches = [_Search([rate[g] for rate in parts], costs[g]) for g in range(len(costs))]
    for search in searches:
        total += search.least(windows)
    best = int(total.argmin())
    if not np.isfinite(total[best]):
        return None
    return [search.place([(low[best], high[best]) for low, high in windows]) for search in searches]


def frontier(tried: Tried, name: str, prices: Mapping[str, float], points: int = 13) -> tuple[list[float], list[float]]:
    """The least cost per row, with a threshold for each group, at gaps from none to the one that costs least."""
    import numpy as np

    ratio, found = name.endswith("_ratio"), []
    free = one_each(tried, name, _HAIR if ratio else 1.0, prices)
    if free is None:
        return [], []
    end = tried.at(free).gap(name)[0]
    for bound in np.linspace(1.0 if ratio else 0.0, end, points):
        places = one_each(tried, name, float(bound), prices)
        if places is not None:
            at = tried.at(places)
            found.append((float(at.gap(name)[0]), float(at.costs(prices).sum() / tried.totals.sum())))
    found = sorted(set(found))
    return [gap for gap, _ in found], [cost for _, cost in found]


def _windows(parts: Sequence[Floats], name: str, bound: float) -> list[tuple[Floats, Floats]]:
    """Lower and upper ends of the windows of each rate."""
    import numpy as np

    if len(parts) == 1:
        # Rates that are all 0 have no ratio.
        least = 0.0 if name.endswith("_ratio") else -1.0
        ends = [np.unique(parts[0][parts[0] > least])]
    else:
        steps = np.linspace(0, 1, _STEPS)
        ends = [a.ravel() for a in np.meshgrid(steps, steps)]
    if name.endswith("_ratio"):
        return [(low - _HAIR, low / max(bound, _HAIR) + _HAIR) for low in ends]
    return [(low - _HAIR, low + bound + _HAIR) for low in ends]


class _Search:
    """One group: the least cost in any window of its rates, by a table of minima over runs of 1, 2, 4 … thresholds."""

    def __init__(self, rates: Sequence[Floats], costs: Floats) -> None:
        import numpy as np

        # A rate that rises and falls is put in order; two rates of a threshold rise and fall together.
        self.order = np.argsort(rates[0], kind="stable") if len(rates) == 1 else np.arange(len(costs))[::-1]
        # What a group does not have does not bind it.
        self.rates = [None if np.isnan(rate).any() else rate[self.order] for rate in rates]
        self.costs = costs[self.order]
        self.minima = [self.costs]
        while 2 ** len(self.minima) <= len(costs):
            last, half = self.minima[-1], 2 ** (len(self.minima) - 1)
            self.minima.append(np.minimum(last[:-half], last[half:]))

    def least(self, windows: Sequence[tuple[Floats, Floats]]) -> Floats:
        """The least cost in each window; infinite where no threshold lies in it."""
        import numpy as np

        first, last = self._run(windows)
        size = np.maximum(last - first, 1)
        level = np.log2(size).astype(int)
        found = np.full(len(size), np.inf)
        for i in np.unique(level):
            here, table = np.flatnonzero((level == i) & (last > first)), self.minima[i]
            found[here] = np.minimum(table[first[here]], table[last[here] - 2**i])
        return found

    def place(self, windows: Sequence[tuple[float, float]]) -> int:
        """The place of the cheapest threshold in one window; of equal costs the highest."""
        import numpy as np

        (first,), (last,) = self._run([(np.array([low]), np.array([high])) for low, high in windows])
        costs = self.costs[first:last]
        return int(self.order[first:last][costs <= costs.min() + _HAIR * max(1.0, abs(costs.min()))].max())

    def _run(self, windows: Sequence[tuple[Floats, Floats]]) -> tuple[Any, Any]:
        import numpy as np

        first = np.zeros(len(windows[0][0]), dtype=int)
        last = np.full(len(first), len(self.costs))
        for rate, (low, high) in zip(self.rates, windows, strict=True):
            if rate is not None:
                first = np.maximum(first, np.searchsorted(rate, low, side="left"))
                last = np.minimum(last, np.searchsorted(rate, high, side="right"))
        return first, last


@dataclass(frozen=True)
class Answer:
    """The cheapest thresholds within a bound.

    Attributes
    ----------
    outcome : Outcome
        What they give on the rows that they were chosen on.
    aimed : float
        The bound that was searched with: tighter than the one asked for, where the whole interval must keep to it.
    kept : int
        In how many of :data:`HALVES` random halves of the rows thresholds chosen on one half kept the other within the
        bound.
    costs : tuple of float
        Least and largest cost per row there, without the two smallest and largest of twenty.
    """

    outcome: Outcome
    aimed: float
    kept: int
    costs: tuple[float, float]


def cheapest(
    groups: Sequence[Group], name: str, bound: float, prices: Mapping[str, float], *, each: bool, certain: bool
) -> Answer | None:
    """The cheapest thresholds that keep a gap within a bound, or nothing where none do.

    Parameters
    ----------
    groups : sequence of Group
    name : str
        Id of the gap, one of :data:`RATES_OF`.
    bound : float
        The largest gap, or the smallest ratio.
    prices : mapping
    each : bool
        A threshold for each group instead of one for all.
    certain : bool
        The whole interval of the gap must keep to the bound, not its value alone.
    """
    tried, search = Tried.of(groups), one_each if each else one_for_all

    def made(aimed: float) -> Outcome | None:
        places = search(tried, name, aimed, prices)
        return places and outcome(groups, [float(tried.thresholds[i]) for i in places], prices)  # type: ignore[return-value]

    aimed, found = bound, made(bound)
    if certain and found is not None:
        aimed, found = _tightened(made, name, bound)
    if found is None:
        return None
    kept, costs = _elsewhere(tried, search, name, (aimed, bound), prices)
    return Answer(found, aimed, kept, costs)


def _tightened(made: Any, name: str, bound: float) -> tuple[float, Outcome | None]:
    """The loosest bound to aim at whose thresholds keep the far end of the interval within the bound asked for."""
    strictest = 1.0 if name.endswith("_ratio") else 0.0
    for step in range(_AIMS):
        aimed = bound + (strictest - bound) * step / _AIMS
        found = made(aimed)
        if found is None:
            break
        if _keeps(found, name, bound):
            return aimed, found
    return bound, None


def _keeps(found: Outcome, name: str, bound: float) -> bool:
    gap = found.gaps[name]
    end = gap.low if name.endswith("_ratio") else gap.high
    return end is not None and bool(within(end, name, bound))


def _elsewhere(
    tried: Tried, search: Any, name: str, bounds: tuple[float, float], prices: Mapping[str, float]
) -> tuple[int, tuple[float, float]]:
    """Choose on one half of the rows and look at the other."""
    import numpy as np

    rng, kept, costs = np.random.default_rng(0), 0, []
    aimed, bound = bounds
    for _ in range(HALVES):
        here, there = tried.halves(rng)
        places = search(here, name, aimed, prices)
        if places is None:
            continue
        at = there.at(places)
        kept += bool(within(at.gap(name)[0], name, bound))
        costs.append(float(at.costs(prices).sum() / there.totals.sum()))
    low, high = np.quantile(costs, [0.1, 0.9]) if costs else (np.nan, np.nan)
    return kept, (float(low), float(high))
