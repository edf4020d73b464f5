"""Coverage of the closed forms, summed over all outcomes: no sampling, no seed.

Counts are whole numbers, so the coverage of any interval for a proportion jumps up and down as the true rate moves
(Brown, Cai & DasGupta 2001, Statistical Science 16). What Wilson's promises is 95 % on average over the rates, not
below 92 % where 5 or more rows are expected on either side, and not below 82 % anywhere. The last is at rates near 0 or
1, where less than one such row is expected.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.stats import binom

from dte_panel.stats import difference_interval, ratio_interval, wilson

EVENLY = np.linspace(0.0005, 0.9995, 400)


def outcomes(n: int, p: float) -> Any:
    return binom.pmf(np.arange(n + 1), n, p)


def sides(n: int) -> list[tuple[float, float, float]]:
    return [(hits / n, *wilson(hits, n)) for hits in range(n + 1)]


def wilson_coverage(simulation: Any, n: int) -> Any:
    intervals = [wilson(hits, n) for hits in range(n + 1)]
    return np.array([simulation.exactly(outcomes(n, p), intervals, p) for p in EVENLY])


@pytest.mark.parametrize("n", [10, 30, 50, 100, 1_000])
def test_wilson_holds_95_percent_over_the_rates(simulation: Any, n: int) -> None:
    coverage = wilson_coverage(simulation, n)
    assert 0.945 <= coverage.mean() <= 0.955
    assert coverage.min() >= 0.82


@pytest.mark.parametrize("n", [30, 50, 100, 1_000])
def test_wilson_where_five_rows_are_expected_on_either_side(simulation: Any, n: int) -> None:
    expected = n * np.minimum(EVENLY, 1 - EVENLY)
    coverage = wilson_coverage(simulation, n)[expected >= 5]
    assert coverage.min() >= 0.92
    assert coverage.max() <= 0.98


def test_the_plain_normal_interval_would_not_do(simulation: Any) -> None:
    """What is promised here is not promised by every interval: Wald's, for contrast."""
    hits, n = np.arange(31), 30
    half = 1.96 * np.sqrt(hits / n * (1 - hits / n) / n)
    wald = np.stack([hits / n - half, hits / n + half], axis=-1)
    mean = np.mean([simulation.exactly(outcomes(n, p), wald, p) for p in EVENLY])
    assert mean < 0.89


PAIRS = [(0.5, 0.5), (0.3, 0.5), (0.1, 0.1), (0.05, 0.15), (0.9, 0.5), (0.97, 0.8)]


def between(simulation: Any, interval: Any, sizes: tuple[int, int], truth: Any) -> list[float]:
    first, second = map(sides, sizes)
    intervals = [[interval(a, b) for b in second] for a in first]
    return [
        simulation.exactly(np.outer(outcomes(sizes[0], p), outcomes(sizes[1], q)), intervals, truth(p, q))
        for p, q in PAIRS
    ]


@pytest.mark.parametrize("sizes", [(50, 50), (100, 60), (30, 200)])
def test_newcombes_difference(simulation: Any, sizes: tuple[int, int]) -> None:
    coverage = between(simulation, difference_interval, sizes, lambda p, q: p - q)
    assert min(coverage) >= 0.935
    assert max(coverage) <= 0.985
    assert 0.945 <= np.mean(coverage) <= 0.965


@pytest.mark.parametrize("sizes", [(50, 50), (100, 60), (30, 200)])
def test_the_ratio(simulation: Any, sizes: tuple[int, int]) -> None:
    coverage = between(simulation, ratio_interval, sizes, lambda p, q: p / q)
    assert min(coverage) >= 0.935
    assert max(coverage) <= 0.985
    assert 0.945 <= np.mean(coverage) <= 0.965


def test_rare_events_are_held_too_often_rather_than_too_seldom(simulation: Any) -> None:
    """One row in 50 is expected on either side: the difference of the rates is all but unknown, and said to be."""
    every = np.outer(outcomes(50, 0.02), outcomes(50, 0.02))
    for interval, truth in ((difference_interval, 0.0), (ratio_interval, 1.0)):
        intervals = [[interval(a, b) for b in sides(50)] for a in sides(50)]
        assert simulation.exactly(every, intervals, truth) >= 0.97
