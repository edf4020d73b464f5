"""DeLong's variance against its definition, and the intervals where it has none to give."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq

from dte_panel.delong import auc_and_variance, auc_interval, newcombe
from dte_panel.states import Scored
from dte_panel.stats import Z95
from dte_panel_performance.scores import roc_auc


def direct(labels, scores) -> tuple[float, float]:
    """DeLong, DeLong & Clarke-Pearson (1988) as printed: every positive against every negative."""
    x, y = scores[labels == 1], scores[labels == 0]
    wins = (x[:, None] > y[None, :]) + 0.5 * (x[:, None] == y[None, :])
    return wins.mean(), wins.mean(1).var(ddof=1) / len(x) + wins.mean(0).var(ddof=1) / len(y)


rows = st.lists(
    st.tuples(st.sampled_from([0, 1]), st.one_of(st.sampled_from([0.2, 0.5]), st.floats(0, 1))), min_size=4, max_size=50
).filter(lambda sample: 2 <= sum(label for label, _ in sample) <= len(sample) - 2)


@settings(max_examples=80, deadline=None)
@given(rows)
def test_closed_form_equals_the_definition(sample):
    labels, scores = (np.array(part, dtype=float) for part in zip(*sample, strict=True))
    state = Scored.of(scores, labels)
    area, variance = auc_and_variance(state.negatives, state.positives)
    expected = direct(labels, scores)
    assert area == pytest.approx(expected[0], abs=1e-12)
    assert variance == pytest.approx(expected[1], abs=1e-12)


def test_delong_on_the_logit_scale_where_there_are_enough_rows():
    rng = np.random.default_rng(1)
    labels = np.repeat([0.0, 1.0], 200)
    scores = rng.normal(labels)
    state = Scored.of(scores, labels)
    area, variance = direct(labels, scores)
    made = roc_auc.finish(state)
    half = Z95 * math.sqrt(variance) / (area * (1 - area))
    ends = [1 / (1 + math.exp(-(math.log(area / (1 - area)) + side * half))) for side in (-1, 1)]
    assert (made.low, made.high) == pytest.approx(ends, abs=1e-12)


@pytest.mark.parametrize(("negatives", "positives"), [(1, 1), (2, 1), (5, 5), (200, 200)])
def test_a_perfect_area_is_not_certain(negatives, positives):
    state = Scored(np.array([0.1, 0.9]), np.array([negatives, 0]), np.array([0, positives]))
    made = roc_auc.finish(state)
    assert (made.value, made.high) == (1.0, 1.0)
    assert made.low == pytest.approx(newcombe(1.0, negatives, positives)[0])
    # Three rows: nearly nothing is known; 400: nearly everything.
    assert made.low < 0.35 if negatives + positives <= 3 else made.low > 0.6
    mirrored = roc_auc.finish(Scored(state.scores, state.positives, state.negatives))
    assert (mirrored.value, mirrored.low) == (0.0, 0.0)
    assert mirrored.high == pytest.approx(1 - newcombe(1.0, positives, negatives)[0])


def test_newcombe_solves_its_equation():
    """The ends are where the estimate is 1.96 standard errors away, the errors being Hanley & McNeil's."""
    area, n0, n1 = 0.8, 12, 20
    extra = (n0 + n1) / 2 - 1

    def variance(t: float) -> float:
        q1, q2 = t / (2 - t), 2 * t * t / (1 + t)
        return (t * (1 - t) + extra * (q1 - t * t) + extra * (q2 - t * t)) / (n0 * n1)

    low = brentq(lambda t: area - t - Z95 * math.sqrt(variance(t)), 0.01, area)
    high = brentq(lambda t: t - area - Z95 * math.sqrt(variance(t)), area, 0.999)
    assert newcombe(area, n0, n1) == pytest.approx((low, high), abs=1e-9)


@settings(max_examples=100, deadline=None)
@given(st.floats(0, 1), st.integers(1, 60), st.integers(1, 60), st.floats(0, 0.1))
def test_intervals_hold_the_area(area, n0, n1, variance):
    low, high = auc_interval(area, variance, n0, n1)
    assert 0 <= low <= area <= high <= 1
    assert low < high
