"""Distances of binned values are certified: the number that every value gives lies within the bounds."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ks_2samp
from scipy.stats import wasserstein_distance as judge_distance

from dte_panel.states import Ordered
from dte_panel.states.bins import aligned, ends, in_bins
from dte_panel_drift.ordered import (
    areas,
    gaps,
    kolmogorov_smirnov_pvalue,
    kolmogorov_smirnov_statistic,
    wasserstein_distance,
)

SIDE = st.lists(st.sampled_from([-3.5, 0.0, 0.0, 1.0, 2.0, 2.25, 7.0]) | st.floats(-10, 10), min_size=1, max_size=40)


def fine(values: np.ndarray, edges: np.ndarray) -> Ordered:
    """Values in bins, by the slow and plain way."""
    finite = values[np.isfinite(values)]
    low, high = ends(edges, (finite.min(), finite.max()) if len(finite) else None)
    nothing = np.zeros(len(low), dtype=np.int64)
    empty = Ordered(low, nothing, 0, high, np.zeros(len(low)))
    return aligned([Ordered.of(values), empty])[0]


def plain_gap(x: np.ndarray, y: np.ndarray) -> float:
    """The largest distance of the two distribution functions, value by value."""
    every = np.concatenate([x, y])
    return max(abs((x <= v).mean() - (y <= v).mean()) for v in every)


@settings(deadline=None, max_examples=100)
@given(now=SIDE, before=SIDE, edges=st.lists(st.floats(-8, 8), min_size=1, max_size=12, unique=True))
def test_bounds_hold_the_number_of_all_values(now: list[float], before: list[float], edges: list[float]) -> None:
    x, y, cut = np.array(now), np.array(before), np.sort(np.array(edges))
    states = fine(x, cut), fine(y, cut)
    least, most = gaps(*states)
    assert least - 1e-12 <= plain_gap(x, y) <= most + 1e-12
    value, least, most = areas(*states)
    assert least - 1e-9 <= judge_distance(x, y) <= most + 1e-9
    assert least <= value <= most


@settings(deadline=None, max_examples=100)
@given(now=SIDE, before=SIDE, edges=st.lists(st.floats(-8, 8), min_size=1, max_size=12, unique=True))
def test_one_side_may_be_exact(now: list[float], before: list[float], edges: list[float]) -> None:
    x, y = np.array(now), np.array(before)
    states = Ordered.of(x), fine(y, np.sort(np.array(edges)))
    least, most = gaps(*states)
    assert least - 1e-12 <= plain_gap(x, y) <= most + 1e-12
    _, least, most = areas(*states)
    assert least - 1e-9 <= judge_distance(x, y) <= most + 1e-9


def draw(kind: str, rng: np.random.Generator, n: int, moved: float) -> np.ndarray:
    values = {
        "uniform": rng.uniform(size=n) + moved,
        "normal": rng.normal(size=n) + moved,
        "lognormal": np.append(np.exp(2 * rng.normal(size=n - 1)) + moved, 1e9),
        "discrete": rng.integers(0, 9, n) + round(10 * moved),
        "ties": np.round(rng.normal(size=n) + moved, 1),
    }
    return values[kind].astype(float)


@pytest.mark.parametrize("kind", ["uniform", "normal", "lognormal", "discrete", "ties"])
@pytest.mark.parametrize("moved", [0.0, 0.1])
def test_bounds_are_narrow(kind: str, moved: float) -> None:
    rng = np.random.default_rng(7)
    now, before = draw(kind, rng, 20_000, moved), draw(kind, rng, 30_000, 0.0)
    ordered = np.sort(before)
    edges = np.unique(np.concatenate([ordered[:: len(before) // 500], ordered[[-1]]]))
    edges = np.unique(np.concatenate([edges, np.nextafter(edges, np.inf)]))
    states = fine(now, edges), fine(before, edges)
    statistic, pvalue = kolmogorov_smirnov_statistic(*states), kolmogorov_smirnov_pvalue(*states)
    judge = ks_2samp(now, before)
    for value, truth in ((statistic, judge.statistic), (pvalue, judge.pvalue)):
        low, high = (value.value if end is None else end for end in (value.low, value.high))
        assert low - 1e-12 <= truth <= high + 1e-12
        assert low <= value.value <= high
    assert statistic.value == pytest.approx(judge.statistic, abs=1 / 400)
    assert statistic.detail.get("resolution", 0.0) < 1 / 400
    distance, truth = wasserstein_distance(*states), judge_distance(now, before)
    low, high = (distance.value if end is None else end for end in (distance.low, distance.high))
    assert low * (1 - 1e-9) <= truth <= high * (1 + 1e-9)
    # What cannot be told apart is at most what one bin in five hundred holds.
    assert (
        distance.detail.get("resolution", 0.0) <= np.subtract(*np.quantile(before, [0.999, 0.001])) / 250 + 1e-9 * truth
    )


def test_bins_of_one_value_and_rows_beyond_the_reference_leave_nothing_open() -> None:
    before, now = np.array([3.0] * 10), np.array([3.5] * 5 + [2.0])
    edges = np.array([3.0, math.nextafter(3.0, math.inf)])
    statistic, distance = (
        metric(fine(now, edges), fine(before, edges)) for metric in (kolmogorov_smirnov_statistic, wasserstein_distance)
    )
    assert statistic.value == 5 / 6
    assert distance.value == pytest.approx((5 * 0.5 + 1) / 6)
    assert "resolution" not in {**statistic.detail, **distance.detail}


def test_infinities_keep_their_place_in_bins() -> None:
    now, before = np.array([-np.inf, 0.2, 0.7, np.inf, np.inf]), np.array([0.1, 0.6, 0.9, np.inf])
    states = fine(now, np.array([0.0, 0.5])), fine(before, np.array([0.0, 0.5]))
    least, most = gaps(*states)
    assert least <= plain_gap(now, before) <= most
    made = wasserstein_distance(*states)
    assert made.reason == "3 current and 1 reference rows left out: missing or infinite"


def test_states_made_here_are_those_of_the_engine() -> None:
    values, edges = np.array([0.5, 1.5, 1.75, 9.0, -1.0]), np.array([0.0, 1.0, 2.0])
    made = fine(values, edges)
    low, high = ends(edges, (-1.0, 9.0))
    counts = np.array([0, 1, 1, 2, 1, 0])
    engine = in_bins(low, high, counts, np.array([0.0, -1.0, 0.5, 1.25, 7.0, 0.0]))
    for name in ("values", "highs", "counts", "excess"):
        assert getattr(made, name).tolist() == getattr(engine, name).tolist()
