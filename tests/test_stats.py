"""Intervals against the field's own, and by what they promise."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as scipy_stats

from dte_panel.stats import (
    MOST_PAIRS,
    Z95,
    benjamini_hochberg,
    bootstrap,
    bootstrap_cells,
    difference_interval,
    mean_interval,
    positive_mean_interval,
    ratio_interval,
    simultaneous_z,
    wilson,
)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 5_000), st.data())
def test_wilson_is_scipys(n: int, data: st.DataObject) -> None:
    hits = data.draw(st.one_of(st.sampled_from([0, n]), st.integers(0, n)))
    theirs = scipy_stats.binomtest(hits, n).proportion_ci(method="wilson")
    low, high = wilson(hits, n)
    assert (low, high) == pytest.approx((theirs.low, theirs.high), abs=1e-12)
    assert 0 <= low <= hits / n <= high <= 1


def test_wilson_known_values() -> None:
    # Newcombe (1998), Statistics in Medicine 17, 857-872, table I.
    for hits, n, low, high in [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ]:
        assert [round(x, 4) for x in wilson(hits, n)] == [low, high]


def test_simultaneous_quantile() -> None:
    assert simultaneous_z(1) == simultaneous_z(2) == Z95 == pytest.approx(scipy_stats.norm.ppf(0.975), abs=1e-15)
    tukey = scipy_stats.studentized_range.ppf(0.95, 2, np.inf) / math.sqrt(2)
    assert pytest.approx(tukey, abs=1e-6) == Z95
    # Tables of Tukey's q at 5 % and infinite degrees of freedom: 3.31, 3.86, 4.47.
    for groups, q in ((3, 3.3145), (5, 3.8577), (10, 4.4741)):
        assert simultaneous_z(groups) * math.sqrt(2) == pytest.approx(q, abs=5e-4)
    grown = [simultaneous_z(groups) for groups in (2, 3, 5, 20)]
    assert grown == sorted(grown)
    # Bonferroni is the cruder bound.
    assert grown[2] < scipy_stats.norm.ppf(1 - 0.05 / 2 / 10)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=40))
def test_mean_interval_is_students(values: list[float]) -> None:
    x = np.array(values)
    m2 = float(((x - x.mean()) ** 2).sum())
    low, high = mean_interval(float(x.mean()), m2, len(x))
    half = scipy_stats.t.ppf(0.975, len(x) - 1) * x.std(ddof=1) / math.sqrt(len(x))
    assert (low, high) == pytest.approx((x.mean() - half, x.mean() + half), rel=1e-9, abs=1e-6)


def test_mean_interval_needs_two_rows() -> None:
    assert mean_interval(3.0, 0.0, 1) == (None, None)
    assert mean_interval(3.0, 0.0, 0) == (None, None)
    assert mean_interval(3.0, -1e-18, 5) == (3.0, 3.0), "rounding below zero is zero"


def test_the_mean_of_squares_is_open_where_one_row_carries_it() -> None:
    low, high = positive_mean_interval(1.0, 8.0, 9)
    assert (low, high) == (pytest.approx(math.exp(-2.306004 / 3)), pytest.approx(1 / (1 - 2.306004 / 3)))
    assert positive_mean_interval(1.0, 9 * 8.0, 9)[1] == math.inf
    assert positive_mean_interval(0.0, 0.0, 9) == (0.0, 0.0)
    assert positive_mean_interval(1.0, 0.0, 1) == (None, None)


def test_newcombe_difference_known_value() -> None:
    # Newcombe (1998), Statistics in Medicine 17, 873-890, table II (a), method 10.
    a, b = ((k / n, *wilson(k, n)) for k, n in ((56, 70), (48, 80)))
    assert [round(x, 4) for x in difference_interval(a, b)] == [0.0524, 0.3339]


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 200), st.integers(1, 200), st.data())
def test_difference_and_ratio_hold_their_point(n: int, m: int, data: st.DataObject) -> None:
    x, y = data.draw(st.integers(0, n)), data.draw(st.integers(0, m))
    a, b = (x / n, *wilson(x, n)), (y / m, *wilson(y, m))
    low, high = difference_interval(a, b)
    assert low <= a[0] - b[0] <= high
    assert (-high, -low) == pytest.approx(difference_interval(b, a), abs=1e-12), "turned round"
    low, high = ratio_interval(a, b)
    assert 0 <= low <= high
    if y:
        assert low <= a[0] / b[0] <= high * (1 + 1e-12)


def test_ratio_ends_that_data_cannot_bound() -> None:
    assert ratio_interval((0.5, 0.4, 0.6), (0.0, 0.0, 0.0)) == (0.0, math.inf)
    low, high = ratio_interval((0.0, 0.0, 0.1), (0.5, 0.4, 0.6))
    assert (low, high) == (0.0, pytest.approx(0.25))
    assert ratio_interval((0.5, 0.4, 0.6), (0.1, 0.0, 0.3))[1] == math.inf


def _mean(counts: np.ndarray) -> np.ndarray:
    return counts @ np.arange(counts.shape[-1]) / counts.sum(-1)


def test_bootstrap_is_seeded() -> None:
    counts = [[30, 50, 20]]
    assert bootstrap(counts, _mean) == bootstrap(counts, _mean)
    assert bootstrap(counts, _mean, seed=1) != bootstrap(counts, _mean, seed=2)


def test_bootstrap_is_the_row_bootstrap() -> None:
    counts = np.array([30, 50, 20])
    rows = np.repeat([0, 1, 2], counts)
    rng = np.random.default_rng(5)
    means = rng.choice(rows, size=(20_000, len(rows))).mean(1)
    # Means of 100 rows move in steps of 0.01.
    assert bootstrap([counts], _mean, draws=20_000) == pytest.approx(np.quantile(means, [0.025, 0.975]), abs=0.0101)


def test_bootstrap_of_nothing_or_of_an_undefined_statistic_has_no_interval() -> None:
    assert bootstrap([[0, 0]], _mean) == (None, None)
    assert bootstrap([[5, 5], [0, 0]], lambda a, b: _mean(a) - _mean(b)) == (None, None)
    assert bootstrap([[5, 5]], lambda t: np.full(len(t), np.nan)) == (None, None)


def test_basic_bootstrap_reflects_at_the_estimate() -> None:
    counts = [[30, 50, 20]]
    low, high = bootstrap(counts, _mean)
    assert low is not None
    assert high is not None
    assert bootstrap(counts, _mean, basic=True) == pytest.approx((2 * 0.9 - high, 2 * 0.9 - low))


@settings(max_examples=100, deadline=None)
@given(st.lists(st.one_of(st.sampled_from([0.0, 1.0, 0.05, 1e-300]), st.floats(0, 1)), max_size=60))
def test_benjamini_hochberg_is_scipys(pvalues: list[float]) -> None:
    theirs = scipy_stats.false_discovery_control(pvalues) if pvalues else []
    assert benjamini_hochberg(pvalues) == pytest.approx(list(theirs), abs=1e-12, rel=1e-12)


def test_fifty_tests_of_nothing_find_something_in_one_assessment_of_twenty() -> None:
    """METRICS.md section 4: alone, each of fifty p-values below 0.05 would be 2.4 findings."""
    drawn = np.random.default_rng(0).uniform(size=(2_000, 50))
    found = np.array([min(benjamini_hochberg(row)) <= 0.05 for row in drawn.tolist()])
    assert 2.3 < (drawn <= 0.05).sum(1).mean() < 2.7
    assert found.mean() == pytest.approx(0.05, abs=0.012)


def test_any_function_of_cells_gets_an_interval_that_holds_19_times_in_20() -> None:
    def accuracy(cell: tuple[Any, Any, Any]) -> float:
        y, p, rows = cell
        return float((rows * (y == p)).sum() / rows.sum())

    rng, held = np.random.default_rng(0), 0
    for _ in range(200):
        hits = rng.binomial(150, 0.7)
        low, high = bootstrap_cells(accuracy, ([0, 0], [0, 1], [hits, 150 - hits]))
        held += low is not None and high is not None and low <= 0.7 <= high
    assert 182 <= held <= 198


def test_draws_on_which_a_library_raises_are_undefined() -> None:
    def picky(cell: tuple[Any, Any, Any]) -> float:
        raise ValueError("one class")

    assert bootstrap_cells(picky, ([0], [1], [5])) == (None, None)
    many = np.arange(MOST_PAIRS + 1)
    assert bootstrap_cells(picky, (np.zeros(len(many)), many, np.ones(len(many)))) == (None, None)
    low, high = bootstrap_cells(lambda cell: float(cell[2].sum()), ([0, 1], [0, 1], [5, 5]))
    assert low == high == 12, "no error among ten rows, and two rows more"
