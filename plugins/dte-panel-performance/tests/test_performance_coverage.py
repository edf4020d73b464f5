"""New intervals hold what they promise: simulated, seeded, few rows and more."""

from __future__ import annotations

import numpy as np
import pytest

from dte_panel.states import Documented, Moments, Ordered, Scored, Table
from dte_panel_performance import dte_metrics

METRICS = {m.id: m for m in dte_metrics(None)}
RUNS = 600
PRICES = Documented(
    {"use_case": {"costs": {"true_positive": 0.0, "false_positive": 1.0, "false_negative": 5.0, "true_negative": 0.0}}}
)


def binary(rng, n, share=0.35):
    labels = (rng.random(n) < share).astype(int)
    return labels, 1 / (1 + np.exp(-rng.normal(1.6 * labels - 0.8, 1.0, n)))


def table_of(labels, predictions):
    pairs, counts = np.unique(np.stack([labels, predictions]), axis=1, return_counts=True)
    return Table(("label", "prediction"), {tuple(p): int(c) for p, c in zip(pairs.T.tolist(), counts, strict=True)})


def decisions(rng, n):
    labels, scores = binary(rng, n)
    return table_of(labels, (scores >= 0.5).astype(int))


def scored(rng, n):
    labels, scores = binary(rng, n)
    return Scored.of(scores, labels.astype(float))


def changed(rng, n):
    return decisions(rng, n), decisions(rng, 2 * n)


def moved(rng, n):
    return sums(rng, n), sums(rng, 3 * n)


def many(rng, n):
    labels = rng.choice(3, n, p=[0.5, 0.3, 0.2])
    wrong = rng.random(n) < np.array([0.15, 0.3, 0.4])[labels]
    return table_of(labels, np.where(wrong, (labels + rng.integers(1, 3, n)) % 3, labels))


def sums(rng, n):
    labels = rng.normal(10, 2, n)
    predictions = labels + rng.normal(0.3, 1, n)
    error = predictions - labels
    parts = {"label": labels, "absolute": abs(error), "squared": error**2, "error": error}
    parts |= {"relative": abs(error) / abs(labels), "zero": np.zeros(n)}
    return Moments(
        n, 0, {k: float(v.mean()) for k, v in parts.items()}, {k: float(v.var() * n) for k, v in parts.items()}
    )


def errors(rng, n):
    return Ordered.of(abs(rng.normal(0.3, 1, n)))


CASES = {
    "average_precision": (scored, ()),
    "gain_at_top_10_percent": (scored, ()),
    "gain_at_top_30_percent": (scored, ()),
    "lift_at_top_30_percent": (scored, ()),
    "cohens_kappa": (decisions, ()),
    "expected_cost": (decisions, (PRICES,)),
    "f1_macro": (many, ()),
    "precision_macro": (many, ()),
    "recall_macro": (many, ()),
    "f1_weighted": (many, ()),
    "precision_weighted": (many, ()),
    "mean_error": (sums, ()),
    "mean_absolute_percentage_error": (sums, ()),
    "median_absolute_error": (errors, ()),
    "average_precision_over_baseline": (scored, ()),
    "brier_score_over_baseline": (scored, ()),
    "accuracy_over_baseline": (decisions, ()),
    "accuracy_change": (changed, ()),
    "mean_absolute_error_change": (moved, ()),
}


def states(made):
    return made if isinstance(made, tuple) else (made,)


def held(name, n):
    make, facts = CASES[name]
    rng = np.random.default_rng(20)
    finish = METRICS[name].finish
    truth = finish(*states(make(rng, 400_000)), *facts).value
    made = [finish(*states(make(rng, n)), *facts) for _ in range(RUNS)]
    return sum(v.low <= truth <= v.high for v in made) / RUNS


@pytest.mark.slow
@pytest.mark.parametrize("n", [60, 500])
@pytest.mark.parametrize("name", CASES)
def test_an_interval_of_95_percent_holds_the_truth(name, n):
    share = held(name, n)
    # Of 600 runs of a true 95 % all but 1 in 100 lie between 92.6 and 97.2 %. With under 30 positives the wider of two
    # intervals is taken.
    assert 0.925 <= share <= (0.975 if n > 60 else 0.99), share
