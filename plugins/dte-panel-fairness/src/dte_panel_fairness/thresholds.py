"""What other thresholds of the score would give each group: from the states, by the provider's own definitions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, reduce
from typing import TYPE_CHECKING, Any

from dte_panel import Comparison, Value, scoring
from dte_panel_fairness import rates as r
from dte_panel_fairness.gaps import GAPS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from dte_panel.states import Scored

    Floats = NDArray[np.float64]
    Counted = NDArray[np.int64]

Cohort = Mapping[str, str | None]
#: What moves with a threshold.
RATES = (r.selection_rate, r.true_positive_rate, r.false_positive_rate, r.accuracy)
_GAPS = {gap.id: gap for gap in GAPS}
#: The gaps that can be bounded.
BOUNDED: dict[str, Comparison] = {
    name: _GAPS[name]
    for name in (
        "demographic_parity_difference",
        "demographic_parity_ratio",
        "equal_opportunity_difference",
        "false_positive_rate_difference",
        "equalized_odds_difference",
        "accuracy_difference",
    )
}
#: Prices where the spec has none: an error costs 1.
PRICES = {"true_positive": 0.0, "false_positive": 1.0, "false_negative": 1.0, "true_negative": 0.0}
#: Scores from 0 to 1 are cut at each step; others, and those that crowd together, at so many quantiles.
STEP, QUANTILES = 0.005, 200


@dataclass(frozen=True)
class Group:
    """The rows of one group by score, from the highest score down.

    Attributes
    ----------
    cohort : Cohort
    state : Scored
    """

    cohort: Cohort
    state: Scored

    @cached_property
    def selected(self) -> tuple[Counted, Counted]:
        """Negatives and positives at or above each score, and none at the end."""
        import numpy as np

        sides = (self.state.negatives, self.state.positives)
        negatives, positives = (np.append(np.cumsum(side[::-1])[::-1], 0) for side in sides)
        return negatives, positives

    def at(self, thresholds: Any) -> tuple[Counted, Counted]:
        """Negatives and positives that thresholds select: scores of so much and more."""
        import numpy as np

        place = np.searchsorted(self.state.scores, thresholds, side="left")
        negatives, positives = self.selected
        return negatives[place], positives[place]


@dataclass(frozen=True)
class Outcome:
    """What a threshold for each group gives.

    Attributes
    ----------
    thresholds : tuple of float
    rates : mapping
        Id of a rate to its value in each group.
    overall : mapping
        The same of all groups together.
    gaps : mapping
        Id of a gap to its value.
    costs : tuple of Value
        Mean cost of a decision in each group.
    cost : Value
        Mean cost of a decision over all groups.
    """

    thresholds: tuple[float, ...]
    rates: Mapping[str, Sequence[tuple[Cohort, Value]]]
    overall: Mapping[str, Value]
    gaps: Mapping[str, Value]
    costs: tuple[Value, ...]
    cost: Value


def outcome(groups: Sequence[Group], thresholds: Sequence[float], prices: Mapping[str, float]) -> Outcome:
    """Rates, gaps and costs where each group is selected from its threshold on.

    Every number is made by the metric that measures it of the decisions in the data, with its interval.
    """
    tables = [group.state.decided(t) for group, t in zip(groups, thresholds, strict=True)]
    together = reduce(lambda a, b: a.merge(b), tables)
    rates = {m.id: [(g.cohort, m.finish(t)) for g, t in zip(groups, tables, strict=True)] for m in RATES}
    return Outcome(
        tuple(thresholds),
        rates,
        {m.id: m.finish(together) for m in RATES},
        {name: gap.finish(rates) for name, gap in BOUNDED.items()},
        tuple(scoring.expected_cost(table, prices) for table in tables),
        scoring.expected_cost(together, prices),
    )


def groupings(records: Sequence[Any]) -> dict[tuple[str, ...], list[Group]]:
    """The groups of each grouping, in the order of the evidence, from kept ``Scores`` states."""
    found: dict[tuple[str, ...], list[Group]] = {}
    seen: set[Any] = set()
    for record in records:
        place = frozenset(record.cohort.items())
        if record.cohort and "label" in record.columns and record.state.n and place not in seen:
            seen.add(place)
            found.setdefault(tuple(record.cohort), []).append(Group(dict(record.cohort), record.state))
    return {columns: groups for columns, groups in found.items() if len(groups) > 1}


def candidates(groups: Sequence[Group]) -> Floats:
    """The thresholds that are tried, ascending; the lowest selects every row."""
    import numpy as np

    scores = np.concatenate([g.state.scores for g in groups])
    rows = np.concatenate([g.state.negatives + g.state.positives for g in groups])
    order = np.argsort(scores, kind="stable")
    scores, below = scores[order], np.cumsum(rows[order])
    at = np.searchsorted(below, np.linspace(0, below[-1], QUANTILES + 1)[:-1], side="right")
    quantiles = np.unique(scores[at])
    central = scores[np.searchsorted(below, below[-1] * np.array([0.05, 0.95]))]
    if scores[0] >= 0 and scores[-1] <= 1 and central[1] - central[0] >= 20 * STEP:
        steps: Floats = np.round(np.arange(0, 1 + STEP, STEP), 6)
        return np.asarray(steps[steps <= scores[-1]])
    return quantiles


def now(groups: Sequence[Group], tried: Floats, rate: float | None) -> float:
    """The threshold that selects the share of rows that the decisions in the data select; without them the middle."""
    import numpy as np

    if rate is None:
        return float(tried[len(tried) // 2])
    rows = sum(g.state.n for g in groups)
    chosen = sum(sum(g.at(tried)) for g in groups)
    distance = abs(np.asarray(chosen) / rows - rate)
    # Of several as near the middle one: where no score lies between, a round number is as good as any.
    best = np.flatnonzero(distance <= distance.min() + 1e-12)
    return float(tried[best[len(best) // 2]])
