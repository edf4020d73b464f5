"""What fine bins leave open holds the exact number, for every number that is made of scores."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dte_panel import Value, assess
from dte_panel.states import Documented, Moments, Ordered, Scored
from dte_panel_performance import baseline, costs, estimate, ranking, scores, spans

PRICES = {"true_positive": -3.0, "false_positive": 1.0, "false_negative": 5.0, "true_negative": -0.5}
FACTS = Documented({"use_case": {"costs": PRICES}})
OVER = {metric.id: metric for metric in baseline.BASELINES}
ALONE = [scores.roc_auc, scores.log_loss, scores.brier_score, ranking.average_precision]
ALONE += ranking.at_the_top((0.1, 0.3))
ALONE += [OVER[f"{name}_over_baseline"] for name in ("roc_auc", "log_loss", "brier_score", "average_precision")]
ROWS = st.lists(
    st.tuples(st.sampled_from([0.0, 1.0, 0.5, 1e-17, 1 - 1e-16]) | st.floats(0, 1), st.integers(0, 1)),
    min_size=1,
    max_size=50,
)
CUTS = st.lists(st.floats(1e-6, 1), max_size=6, unique=True)
PROPERTY = settings(max_examples=25, deadline=None)


def exact(rows: list[tuple[float, int]]) -> Scored:
    return Scored.of(*(np.array(side, dtype=float) for side in zip(*rows, strict=True)))


def binned(state: Scored, cuts: list[float]) -> Scored:
    """The same rows in bins between some cuts, and where the loss has its corners."""
    smallest = np.finfo(float).eps
    edges = np.unique([0.0, smallest, 1 - smallest, 1.0, *cuts])
    lows = np.unique([*edges, *np.nextafter(edges, 2)])
    highs = np.append(np.nextafter(lows[1:], -1), 2.0)
    place = np.searchsorted(lows, state.scores, side="right") - 1
    sides = (state.negatives, state.positives)
    counts = np.stack([np.bincount(place, side, len(lows)) for side in sides]).astype(np.int64)
    sums = np.stack([np.bincount(place, side * state.scores, len(lows)) for side in sides])
    return Scored.in_bins(np.stack([lows, highs]), counts, sums, state.missing)


def holds(truth: Value, told: Value) -> None:
    """Both are undefined, or the exact number lies within what is told."""
    assert (truth.value is None) == (told.value is None), told.reason
    if truth.value is None or told.value is None:
        return
    least, most = told.detail.get("within", (told.value, told.value))
    room = 1e-9 * max(1.0, abs(truth.value))
    assert least - room <= truth.value <= most + room
    assert least - room <= told.value <= most + room
    assert told.low is None or told.low <= truth.value + room
    assert told.high is None or told.high >= truth.value - room


@PROPERTY
@given(ROWS, CUTS)
def test_numbers_of_the_scores(rows: list[tuple[float, int]], cuts: list[float]) -> None:
    state = exact(rows)
    fine = binned(state, cuts)
    assert fine.n == state.n
    for metric in ALONE:
        holds(metric.finish(state), metric.finish(fine))
    holds(costs.lowest_expected_cost.finish(state, FACTS), costs.lowest_expected_cost.finish(fine, FACTS))


@PROPERTY
@given(ROWS, ROWS, CUTS)
def test_estimates_hold_those_of_all_scores_by_the_same_calibration(now: Any, before: Any, cuts: list[float]) -> None:
    rows, labelled = exact(now), exact(before)
    for metric in estimate.ESTIMATES:
        told = [metric.finish(state, state, labelled, labelled) for state in (rows, binned(rows, cuts))]
        holds(*told)


@PROPERTY
@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=50), st.lists(st.floats(-10, 10), min_size=1, max_size=9))
def test_the_median_and_the_distance_from_it(numbers: list[float], cuts: list[float]) -> None:
    state = Ordered.of(np.array(numbers))
    edges = np.unique([-1e7, *cuts, 1e7])
    place = np.searchsorted(edges, state.values, side="right") - 1
    counts = np.bincount(place, state.counts, len(edges) - 1).astype(np.int64)
    excess = np.bincount(place, state.counts * (state.values - edges[place]), len(edges) - 1)
    fine = Ordered(edges[:-1], counts, 0, np.nextafter(edges[1:], -np.inf), excess)
    holds(spans.median_absolute_error.finish(state), spans.median_absolute_error.finish(fine))
    errors = Moments(state.n, 0, dict.fromkeys(("label", "absolute", "squared", "error"), 1.0), {"absolute": 1.0})
    over = OVER["mean_absolute_error_over_baseline"]
    holds(over.finish(errors, state), over.finish(errors, fine))


@pytest.mark.slow
def test_260_000_rows_equal_scikit_learn_within_what_is_told() -> None:
    from sklearn import metrics

    rng = np.random.default_rng(5)
    n = 260_000
    given = np.clip(rng.beta(2, 5, n) + rng.choice([0.0, 1e-4], n), 0, 1)
    labels = (rng.random(n) < given).astype(int)
    groups = rng.choice(["a", "b"], n)
    table = pa.table({"y": labels, "s": given, "p": (given >= 0.5).astype(int), "g": groups})
    evidence = assess(table, label="y", score="s", prediction="p", sensitive=["g"])
    wanted = {
        "roc_auc": metrics.roc_auc_score,
        "average_precision": metrics.average_precision_score,
        "brier_score": metrics.brier_score_loss,
        "log_loss": metrics.log_loss,
    }
    found = 0
    for m in evidence.measurements:
        provider, _, name = m.metric.partition(".")
        if name not in wanted or provider not in {"performance", "fairness"}:
            continue
        at = groups == m.cohort["g"] if m.cohort else np.ones(n, dtype=bool)
        theirs = wanted[name](labels[at], given[at])
        least, most = m.detail["within"]
        assert least <= theirs <= most, m
        assert most - least < {"log_loss": 1e-5, "brier_score": 1e-6}.get(name, 3e-3), m
        found += 1
    assert found == 3 * 6, "four and two metrics, of all rows and two groups"
