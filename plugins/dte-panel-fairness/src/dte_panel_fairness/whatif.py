"""What if other thresholds decided: the state of that view, apart from how it looks."""

# mypy: allow-untyped-calls

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import param

from dte_panel import Measurement, Value, charts, scoring
from dte_panel_fairness.cheapest import HALVES, Answer, Tried, cheapest, within
from dte_panel_fairness.thresholds import BOUNDED, PRICES, RATES, Group, Outcome, groupings, now, outcome

#: More groups than this have no sliders of their own; they are decided together.
MOST_SLIDERS = 12
_EVERYBODY, _EACH = "One for all groups", "One for each group"


class WhatIf(param.Parameterized):
    """What the user chose, and what it gives.

    Parameters
    ----------
    results : Results
        What a view is given; at least one grouping must have scores.
    """

    grouping: Any = param.Selector(doc="Columns whose groups are compared.")
    how: Any = param.Selector(objects=[_EVERYBODY, _EACH], doc="One threshold, or one for each group.")
    gap: Any = param.Selector(objects=list(BOUNDED), doc="The gap that has a bound.")
    bound = param.Number(default=0.1, bounds=(0, 1), doc="The largest gap, or the smallest ratio.")
    certain = param.Boolean(default=False, doc="Whether the whole interval must keep to the bound.")
    false_positive = param.Number(default=1.0, bounds=(0, None), doc="Cost of selecting a negative row.")
    false_negative = param.Number(default=1.0, bounds=(0, None), doc="Cost of not selecting a positive row.")
    thresholds = param.List(default=[], doc="The threshold of each group.")
    outcome: Any = param.ClassSelector(class_=Outcome, doc="What the thresholds give.")
    answer = param.String(default="", doc="The cheapest thresholds in words.")

    def __init__(self, results: Any) -> None:
        super().__init__()
        self._results = results
        self._groupings = groupings(results.states("Scores", cohort=None))
        self._prices = {**PRICES, **{k: float(v) for k, v in (results.use_case.get("costs") or {}).items()}}
        gap, bound, across = _policy_bound(results)
        # Alone before crossed.
        self.param.grouping.objects = sorted(self._groupings, key=len)
        first = [columns for columns in self.param.grouping.objects if frozenset(columns) == across]
        self.param.update(
            grouping=(first or self.param.grouping.objects)[0],
            gap=gap,
            bound=bound,
            false_positive=self._prices["false_positive"],
            false_negative=self._prices["false_negative"],
        )
        self._regroup()

    @property
    def groups(self) -> list[Group]:
        """The groups that are compared."""
        return self._groupings[self.grouping]

    @property
    def each(self) -> bool:
        """Whether every group has a threshold of its own."""
        return bool(self.how == _EACH)

    @property
    def splittable(self) -> bool:
        """Whether there are few enough groups for that."""
        return len(self.groups) <= MOST_SLIDERS

    @property
    def prices(self) -> dict[str, float]:
        """Price of each cell."""
        return {**self._prices, "false_positive": self.false_positive, "false_negative": self.false_negative}

    @param.depends("grouping", watch=True)
    def _regroup(self) -> None:
        """Begin where the decisions in the data are."""
        self.tried = Tried.of(self.groups)
        rate = _value(self._results.measurements("selection_rate", cohort={}))
        with param.parameterized.discard_events(self):
            self.how = self.how if self.splittable else _EVERYBODY
            self.thresholds = [now(self.groups, self.tried.thresholds, rate)] * len(self.groups)
        self.param.trigger("how", "thresholds")

    @param.depends("how", watch=True)
    def _together(self) -> None:
        """One threshold for all: that of most rows."""
        if not self.each and len(set(self.thresholds)) > 1:
            largest = max(range(len(self.groups)), key=lambda i: self.groups[i].state.n)
            self.thresholds = [self.thresholds[largest]] * len(self.groups)

    @param.depends("thresholds", "false_positive", "false_negative", watch=True)
    def _move(self) -> None:
        self.outcome = outcome(self.groups, self.thresholds, self.prices)

    @param.depends("grouping", "how", "gap", "bound", "certain", "false_positive", "false_negative", watch=True)
    def _forget(self) -> None:
        """An answer holds for what was asked alone."""
        self.answer = ""

    @param.depends("gap", watch=True)
    def _rebound(self) -> None:
        """The policy's bound on the gap, or one that is often asked for."""
        known = charts.bounds(self._results, self.gap)
        self.bound = known[0] if known else 0.8 if self.gap.endswith("_ratio") else 0.1

    def ask(self, *_: Any) -> None:
        """Find the cheapest thresholds within the bound, and take them."""
        found = cheapest(self.groups, self.gap, self.bound, self.prices, each=self.each, certain=self.certain)
        if found is not None:
            self.thresholds = list(found.outcome.thresholds)
        self.answer = self._told(found)

    def _told(self, found: Answer | None) -> str:
        asked = f"{self.title} at {score(self.bound)} or {'more' if self.gap.endswith('_ratio') else 'less'}"
        asked += ", with its whole interval," if self.certain else ""
        one = "no threshold for each group does" if self.each else "no one threshold for all groups does"
        if found is None:
            small = f" {self._smallest()}" if self.certain else ""
            return f"To keep the {asked}: {one} among the {len(self.tried.thresholds)} that were tried.{small}"
        gap, cost = found.outcome.gaps[self.gap], found.outcome.cost
        where = _listed(self.groups, found.outcome.thresholds) if self.each else score(found.outcome.thresholds[0])
        low, high = found.costs
        elsewhere = "" if math.isnan(low) else f", at a cost of {charts.number(low)} to {charts.number(high)}"
        return (
            f"Cheapest with the {asked}: {where}. On these rows that gives {estimate(gap)} at a cost of "
            f"{estimate(cost)} per row. They were chosen on these very rows: of {HALVES} choices on a random half, "
            f"{found.kept} kept the bound on the other half{elsewhere}. {self._smallest()}"
        )

    def _smallest(self) -> str:
        least = min(self.groups, key=lambda g: g.state.n)
        return f"The smallest group is {charts.group(least.cohort)} with {least.state.n:,} rows."

    @property
    def title(self) -> str:
        """The gap's title within a sentence."""
        title = BOUNDED[self.gap].title
        return title[0].lower() + title[1:]

    def sentence(self, made: Outcome) -> str:
        """What the thresholds give, in words."""
        gap = made.gaps[self.gap]
        where = f"From {score(made.thresholds[0])} on" if len(set(made.thresholds)) == 1 else "With these thresholds"
        if gap.value is None:
            told = f"{where} there is no {self.title}: {gap.reason}"
        else:
            between = " and ".join(charts.group(g) for g in gap.groups)
            told = f"{where}: {self.title} {estimate(gap)} between {between}, {self._judged(gap)}"
        return (
            f"{told}. Accuracy {estimate(made.overall['accuracy'])}, cost {estimate(made.cost)} per row; "
            f"selected {estimate(made.overall['selection_rate'])}.{self._binned()}"
        )

    def _binned(self) -> str:
        if all(group.state.exact for group in self.groups):
            return ""
        return " Scores are counted in fine bins: a threshold moves the rows of a bin together."

    def _judged(self, gap: Value) -> str:
        beyond = "below" if self.gap.endswith("_ratio") else "above"
        known = [bool(within(end, self.gap, self.bound)) for end in (gap.low, gap.high) if end is not None]
        limit = score(self.bound)
        if len(known) < 2 or len(set(known)) > 1:
            return f"its interval holds the bound of {limit}"
        return f"within the bound of {limit} for certain" if known[0] else f"{beyond} the bound of {limit} for certain"

    def decided(self, metric: str) -> dict[frozenset[Any], Measurement]:
        """What the decisions in the data give, by group; all rows are the empty group."""
        return {frozenset(m.cohort.items()): m for m in self._results.measurements(metric) if m.value is not None}

    def decided_gap(self, gap: str) -> Measurement | None:
        """What the decisions in the data give between the groups."""
        found = [m for m in self._results.measurements(gap) if set((m.across or "").split(" × ")) == {*self.grouping}]
        return found[0] if found else None

    def decided_cost(self) -> Value | None:
        """Mean cost of the decisions in the data."""
        for record in self._results.states("Counts"):
            if set(record.columns) == {"label", "prediction"}:
                return scoring.expected_cost(record.state, self.prices)
        return None

    def frame(self, made: Outcome) -> Any:
        """Each group with what its threshold gives."""
        import pandas as pd

        rows = [
            {
                "Group": charts.group(group.cohort),
                "Threshold": score(made.thresholds[i]),
                "Rows": group.state.n,
                **{m.title: estimate(made.rates[m.id][i][1]) for m in RATES},
                "Cost per row": estimate(made.costs[i]),
            }
            for i, group in enumerate(self.groups)
        ]
        return pd.DataFrame(rows)

    def comparison(self, made: Outcome) -> Any:
        """Gaps, accuracy and cost at these thresholds beside those of the decisions in the data."""
        import pandas as pd

        rows = []
        for name, gap in made.gaps.items():
            between = " and ".join(charts.group(g) for g in gap.groups)
            rows.append((BOUNDED[name].title, estimate(gap), estimate(self.decided_gap(name)), between))
        for m in RATES[::-1]:
            old = self.decided(m.id).get(frozenset())
            rows += [(f"{m.title}, all groups", estimate(made.overall[m.id]), estimate(old), "")]
        rows += [("Cost per row, all groups", estimate(made.cost), estimate(self.decided_cost()), "")]
        return pd.DataFrame(rows, columns=["What", "At these thresholds", "As decided", "Between"])


def score(value: float) -> str:
    """A score or a threshold.

    Examples
    --------
    >>> score(0.465), score(-1234567.0)
    ('0.465', '−1.235e+06')
    """
    return f"{value:.4g}".replace("-", "−", 1) if value < 0 else f"{value:.4g}"


def estimate(made: Value | Measurement | None) -> str:
    """A number with its interval."""
    if made is None or made.value is None:
        return "–"
    ends = (
        f" ({charts.number(made.low)} to {charts.number(made.high)})"
        if made.low is not None and made.high is not None
        else ""
    )
    return charts.number(made.value) + ends


def _listed(groups: Sequence[Group], thresholds: Sequence[float]) -> str:
    return ", ".join(f"{score(t)} for {charts.group(g.cohort)}" for g, t in zip(groups, thresholds, strict=True))


def _value(found: Sequence[Measurement]) -> float | None:
    return found[0].value if found else None


def _policy_bound(results: Any) -> tuple[str, float, frozenset[str]]:
    """The gap that does worst by the policy, its bound, and the columns whose groups it lies between."""
    for verdict in results.verdicts(*BOUNDED):
        limit = charts.bound(verdict.bound)
        if not math.isnan(limit) and verdict.across:
            return verdict.metric.rpartition(".")[2], limit, frozenset(verdict.across.split(" × "))
    return "demographic_parity_difference", 0.1, frozenset()
