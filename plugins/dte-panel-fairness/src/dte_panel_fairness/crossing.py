"""Crossed groups rolled up: which attribute carries the spread between them, and what only their crossing shows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import combinations
from math import factorial
from typing import TYPE_CHECKING, Any

from dte_panel import Comparison, Metric, SecondOpinion, Value
from dte_panel.stats import bootstrap
from dte_panel_fairness import rates
from dte_panel_fairness.second import Groups, frame_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

DRAWS = 200
#: Above this chance the groups may well all have one rate.
CHANCE = 0.05


def shares(counts: Floats, cohorts: Sequence[Mapping[str, str | None]]) -> dict[str, float] | None:
    """Share of the spread of the groups' rates that each attribute carries; ``""`` is their interaction.

    Parameters
    ----------
    counts : ndarray, shape (groups, 2)
        Rows that count, and rows that do not.
    cohorts : sequence of Cohort
        The groups, all of the same attributes.
    """
    names = list(cohorts[0])
    n = counts.sum(1)
    used = n > 0
    rate = counts[used, 0] / n[used]
    centred = rate - float((n[used] * rate).sum() / n.sum())
    total = float((n[used] * centred**2).sum())
    if total <= 1e-12 * float(n.sum()):
        return None
    parts = {name: _dummies([c[name] for c in cohorts])[used] for name in names}
    subsets = [s for size in range(len(names) + 1) for s in combinations(names, size)]
    explained = {s: _explained([parts[name] for name in s], centred, n[used]) for s in subsets}
    found = {}
    for name in names:
        found[name] = sum(
            factorial(len(s)) * factorial(len(names) - len(s) - 1) / factorial(len(names))
            * (explained[tuple(x for x in names if x in s or x == name)] - explained[s])
            for s in subsets
            if name not in s
        ) / total  # fmt: skip
    return {**found, "": max(0.0, 1 - explained[tuple(names)] / total)}


def _dummies(values: Sequence[str | None]) -> Any:
    import numpy as np

    levels = list(dict.fromkeys(values))
    return np.array([[float(v == level) for level in levels] for v in values])


def _explained(parts: Sequence[Floats], centred: Floats, weights: Floats) -> float:
    """Weighted sum of squares of the additive fit of some attributes."""
    import numpy as np

    if not parts:
        return 0.0
    design, root = np.hstack(parts), np.sqrt(weights)
    fit = design @ np.linalg.lstsq(design * root[:, None], centred * root, rcond=None)[0]
    return float((weights * fit**2).sum())


def _finish(metric: Metric) -> Callable[[Mapping[str, Any]], Value]:
    def finish(groups: Mapping[str, Any]) -> Value:
        import numpy as np

        known = [(cohort, v) for cohort, v in groups[metric.id] if v.value is not None]
        n = sum(v.n for _, v in known)
        if len(known) < 2:
            return Value(None, n, reason=f"{len(known)} groups with a value; a spread needs two")
        cohorts = [cohort for cohort, _ in known]
        counts = np.array([[round(v.value * v.n), v.n - round(v.value * v.n)] for _, v in known], dtype=float)
        found = shares(counts, cohorts)
        if found is None:
            return Value(None, n, reason="the groups have the same rate: there is no spread to share out")

        def drawn(tables: Floats) -> Floats:
            made = [shares(table, cohorts) for table in tables]
            return np.array([np.nan if m is None else m[""] for m in made])

        low, high = bootstrap([counts], drawn, draws=DRAWS)
        detail = {"shares": {k: s for k, s in found.items() if k}, "interaction": found[""]}
        return Value(found[""], n, low, high, reason=_within_chance(counts), detail=detail)

    return finish


def _by_scikit_learn(metric: Metric, groups: Groups) -> float | None:
    """What a weighted linear regression of Fairlearn's rates on the attributes leaves unexplained."""
    from sklearn.linear_model import LinearRegression
    from sklearn.preprocessing import OneHotEncoder

    frame = frame_of(metric, groups[metric.id])
    if frame is None:
        return None
    used = frame.by_group[metric.id].notna().to_numpy()
    cohorts = [[str((value is None, value)) for value in cohort.values()] for cohort, _ in groups[metric.id]]
    rates, places = frame.by_group[metric.id].to_numpy(float)[used], OneHotEncoder().fit_transform(cohorts)[used]
    rows = [metric.finish(states[0]).n for (_, states), keep in zip(groups[metric.id], used, strict=True) if keep]
    fit = LinearRegression().fit(places.toarray(), rates, rows)
    return 1 - float(fit.score(places.toarray(), rates, rows))


def _within_chance(counts: Floats) -> str | None:
    """A note where a chi-squared test sees no spread at all."""
    from scipy.special import chdtrc

    n = counts.sum(1)
    share = counts[:, 0].sum() / n.sum()
    if not 0 < share < 1:
        return None
    statistic = ((counts[:, 0] - n * share) ** 2 / (n * share * (1 - share))).sum()
    p = float(chdtrc(len(n) - 1, statistic))
    return f"the spread between the groups is within chance (p = {p:.2f})" if p > CHANCE else None


def _comparison(metric: Metric) -> Comparison:
    what = metric.title[0].lower() + metric.title[1:]
    return Comparison(
        id=f"{metric.id}_interaction_share",
        title=f"{metric.title}: what only crossing shows",
        definition=f"Share of the spread of the {what} between crossed groups that the attributes do not carry one by "
        "one: what is left by the best fit in which each attribute adds its own part. The detail has the share of each "
        "attribute, its part of the fit averaged over the orders in which attributes can be added. The spread is the "
        "sum of squared distances to the mean, weighted by rows; it holds sampling noise too, and a note says where it "
        "is within chance.",
        formula="1 − SS(additive fit) / SS(groups)",
        source="Lindeman, Merenda & Gold (1980), Introduction to Bivariate and Multivariate Analysis; Grömping (2007), "
        "The American Statistician 61, 139-147",
        reduce=(),
        finish=_finish(metric),
        across="cohorts",
        of=(metric,),
        crossed=True,
        better="lower",
        range=(0.0, 1.0),
        unit="share",
        interval="bootstrap of the groups' counts",
        tasks=("binary",),
        group="crossed groups",
        second=SecondOpinion(
            "scikit-learn", partial(_by_scikit_learn, metric), 1e-9, "least squares solved in another way"
        ),
    )


CROSSED = tuple(
    _comparison(metric) for metric in (rates.selection_rate, rates.true_positive_rate, rates.false_positive_rate)
)
