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
    return _shares(counts, {name: _dummies([c[name] for c in cohorts]) for name in cohorts[0]})


def _shares(counts: Floats, parts: Mapping[str, Floats]) -> dict[str, float] | None:
    import numpy as np

    names, n = list(parts), counts.sum(1)
    rate = counts[:, 0] / np.maximum(n, 1.0)
    centred = rate - float((n * rate).sum() / n.sum())
    total = float((n * centred**2).sum())
    if total <= 1e-12 * float(n.sum()):
        return None
    subsets = [s for size in range(len(names) + 1) for s in combinations(names, size)]
    explained = {s: _explained([parts[name] for name in s], centred, n) for s in subsets}
    found = {}
    for name in names:
        found[name] = sum(
            factorial(len(s)) * factorial(len(names) - len(s) - 1) / factorial(len(names))
            * (explained[tuple(x for x in names if x in s or x == name)] - explained[s])
            for s in subsets
            if name not in s
        ) / total  # fmt: skip
    return {**found, "": max(0.0, 1 - explained[tuple(names)] / total)}


def _dummies(values: Sequence[str | None]) -> Floats:
    import numpy as np

    places = {level: i for i, level in enumerate(dict.fromkeys(values))}
    return np.eye(len(places))[[places[v] for v in values]]


def _explained(parts: Sequence[Floats], centred: Floats, weights: Floats) -> float:
    """Weighted sum of squares of the additive fit of some attributes.

    The attribute of most levels is fitted by its means; what the others add is solved for their levels alone, since
    a fit for every level of every attribute would cost more than linearly in the groups.
    """
    import numpy as np

    if not parts:
        return 0.0
    first, *others = sorted(parts, key=lambda part: -part.shape[1])
    rows, sums = _by_level(first, weights), _by_level(first, weights * centred)
    mean = sums / np.maximum(rows, 1.0)
    by_first = float((rows * mean**2).sum())
    if not others:
        return by_first
    design = np.hstack(others)
    weighted = weights[:, None] * design
    shared = _by_level(first, weighted)
    scale = np.sqrt(np.maximum(weighted.sum(0), 1.0))
    left = _by_level(design, weighted) - shared.T @ (shared / np.maximum(rows, 1.0)[:, None])
    added = _by_level(weighted, centred) - mean @ shared
    values, vectors = np.linalg.eigh(left / np.outer(scale, scale))
    fitted = values > 1e-12
    return by_first + float((((added / scale) @ vectors)[fitted] ** 2 / values[fitted]).sum())


def _by_level(design: Floats, values: Floats) -> Floats:
    """``design.T @ values`` without the threads of BLAS: to wake them costs more than so small a product."""
    import numpy as np

    made: Floats = np.einsum("ij,i...->j...", design, values)
    return made


def _finish(metric: Metric) -> Callable[[Mapping[str, Any]], Value]:
    def finish(groups: Mapping[str, Any]) -> Value:
        import numpy as np

        known = [(cohort, v) for cohort, v in groups[metric.id] if v.value is not None]
        n = sum(v.n for _, v in known)
        if len(known) < 2:
            return Value(None, n, reason=f"{len(known)} groups with a value; a spread needs two")
        cohorts = [cohort for cohort, _ in known]
        counts = np.array([[round(v.value * v.n), v.n - round(v.value * v.n)] for _, v in known], dtype=float)
        parts = {name: _dummies([c[name] for c in cohorts]) for name in cohorts[0]}
        found = _shares(counts, parts)
        if found is None:
            return Value(None, n, reason="the groups have the same rate: there is no spread to share out")

        def drawn(tables: Floats) -> Floats:
            made = [_shares(table, parts) for table in tables]
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
