"""Kolmogorov-Smirnov and Wasserstein against what the same rows show without drift, exact and from fine bins."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

import dte_panel_drift
from dte_panel import Check
from dte_panel.measure import _measurement
from dte_panel.policy import judge
from dte_panel.states import Ordered, Profiled
from dte_panel_drift.ordered import areas, gaps, kolmogorov_smirnov_statistic, wasserstein_distance
from dte_panel_drift.samples import gap_without_drift, once
from dte_panel_drift.shifts import normalised_wasserstein_distance

METRICS = {m.id: m for m in dte_panel_drift.dte_metrics(None)}
DRAWS = {
    "normal": lambda rng, n, s: rng.normal(s, 1, n),
    "lognormal": lambda rng, n, s: np.exp(rng.normal(s, 1.5, n)),
    "discrete": lambda rng, n, s: rng.binomial(8, 0.3 + s / 10, n).astype(float),
    "rare": lambda rng, n, s: (rng.random(n) < 0.03 + s / 10).astype(float),
    "wider": lambda rng, n, s: rng.normal(0, 1 + s, n),
}
#: Cuts of a normal column into five hundred parts.
CUTS = norm.ppf(np.arange(1, 500) / 500)


def profiled(values) -> Profiled:
    ends = float(values.min()), float(values.max())
    return Profiled(len(values), 0, 0, 0, *ends, float(values.mean()), float(((values - values.mean()) ** 2).sum()))


def in_bins(rng, n: int) -> Ordered:
    """A normal column of so many rows in fine bins, without drawing its rows."""
    rows = rng.multinomial(n, np.full(500, 1 / 500))
    low, high = np.append(-4.0, CUTS), np.append(np.nextafter(CUTS, -9), 4.0)
    return Ordered(low, rows, 0, high, rows * (high - low) / 2)


def both(rng, draw, n, m, shift=0.0):
    now, before = (Ordered.of(DRAWS[draw](rng, k, s)) for k, s in ((n, shift), (m, 0.0)))
    return kolmogorov_smirnov_statistic(now, before), wasserstein_distance(now, before)


@pytest.mark.parametrize("draw", DRAWS)
@pytest.mark.parametrize(("n", "m"), [(60, 1_001), (800, 800)])
def test_the_expectation_without_drift_is_what_samples_show(draw, n, m):
    rng = np.random.default_rng(2)
    for made in zip(*(both(rng, draw, n, m) for _ in range(150)), strict=True):
        told = [v.detail["without_drift"] for v in made]
        assert np.mean([t["expected"] for t in told]) == pytest.approx(np.mean([v.value for v in made]), rel=0.15)
        assert np.mean([v.value > t["quantile_95"] for v, t in zip(made, told, strict=True)]) <= 0.13
        assert np.mean([v.low > 0 for v in made]) <= 0.02


@pytest.mark.slow
@pytest.mark.parametrize("draw", DRAWS)
@pytest.mark.parametrize(("shift", "n", "m"), [(0.1, 1_000, 5_000), (0.5, 1_000, 5_000)])
def test_intervals_hold_the_truth(draw, shift, n, m):
    rng = np.random.default_rng(3)
    large = [Ordered.of(DRAWS[draw](rng, 1_000_000, s)) for s in (shift, 0.0)]
    true = gaps(*large)[0], areas(*large)[0]
    made = [both(rng, draw, n, m, shift) for _ in range(250)]
    for truth, values in zip(true, zip(*made, strict=True), strict=True):
        assert np.mean([v.low <= truth <= v.high for v in values]) >= 0.93 - 0.025
        assert np.mean([v.low > truth for v in values]) <= 0.05


CHECKS = [Check(f"drift.{name}", "<= 0.1") for name in
          ("kolmogorov_smirnov_statistic", "normalised_wasserstein_distance")]  # fmt: skip


def alarms(rng, n, m, exact) -> bool:
    """Whether any of 50 columns without drift fails a bound of a tenth."""
    for column in range(50):
        if exact:
            draw = DRAWS[["normal", "lognormal", "discrete", "wider"][column % 4]]
            values = [draw(rng, k, 0.0) for k in (n, m)]
            sides, profiles = [Ordered.of(v) for v in values], [profiled(v) for v in values]
        else:
            sides = [in_bins(rng, k) for k in (n, m)]
            profiles = [Profiled(k, 0, 0, 0, -4.0, 4.0, 0.0, float(k)) for k in (n, m)]
        states = (*sides,), (sides[0], profiles[0], sides[1], profiles[1])
        for check, given in zip(CHECKS, states, strict=True):
            metric = METRICS[check.metric.removeprefix("drift.")]
            if (
                judge(check, _measurement("drift", metric, ("current", ()), "x", metric.finish(*given))).verdict
                == "fail"
            ):
                return True
    return False


@pytest.mark.slow
@pytest.mark.parametrize(("n", "m"), [(50, 50), (30, 1_001), (400, 2_000), (5_000, 5_000), (120_000, 1_000_000)])
def test_fifty_columns_without_drift_raise_no_alarm(n, m):
    rng, runs = np.random.default_rng(4), 20
    assert sum(alarms(rng, n, m, m < 100_000) for _ in range(runs)) <= 0.05 * runs


def test_a_real_shift_is_found_and_a_bare_bound_would_flag_chance():
    rng = np.random.default_rng(5)
    metric = METRICS["kolmogorov_smirnov_statistic"]
    found = metric.finish(Ordered.of(rng.normal(0.8, 1, 200)), Ordered.of(rng.normal(size=5_000)))
    assert judge(CHECKS[0], _measurement("drift", metric, ("current", ()), "x", found)).verdict == "fail"
    same = metric.finish(Ordered.of(rng.normal(size=30)), Ordered.of(rng.normal(size=1_001)))
    assert same.value > 0.1 >= same.low == 0


def test_from_bins_the_interval_holds_the_bounds_and_what_chance_does():
    rng = np.random.default_rng(6)
    now, before = in_bins(rng, 150_000), in_bins(rng, 300_000)
    statistic, distance = kolmogorov_smirnov_statistic(now, before), wasserstein_distance(now, before)
    for made in (statistic, distance):
        assert made.low == 0 < made.value < made.high
        assert made.detail["resolution"] > 0
        assert made.value < 2 * made.detail["without_drift"]["quantile_95"]
    assert statistic.high >= gaps(now, before)[1]
    assert distance.high >= areas(now, before)[2]
    spread = Profiled(300_000, 0, 0, 0, -4.0, 4.0, 0.0, 4 * 300_000.0)
    halved = normalised_wasserstein_distance(now, spread, before, spread)
    assert halved.value == pytest.approx(distance.value / 2)
    assert halved.detail["without_drift"]["expected"] == pytest.approx(
        distance.detail["without_drift"]["expected"] / 2, rel=1e-4
    )


def test_few_values_are_not_a_whole_bridge():
    rare = Ordered.of(np.array([0.0] * 970 + [1.0] * 30))
    mean, usual, seldom = gap_without_drift(1_000, rare)
    error = np.sqrt(0.03 * 0.97 * 2 / 1_000)
    assert (mean, usual, seldom) == pytest.approx((np.sqrt(2 / np.pi) * error, 1.96 * error, 3.29 * error), rel=0.04)
    assert gap_without_drift(1_000, Ordered.of(np.ones(5)))[1] == 0


def test_squares_that_leave_the_numbers_leave_no_interval():
    made = wasserstein_distance(Ordered.of(np.array([1e200, 2e200])), Ordered.of(np.array([1.0, 2.0])))
    assert made.value == pytest.approx(1.5e200)
    assert (made.low, made.high) == (None, None)


def test_what_is_made_of_a_state_once_goes_with_it():
    calls = []
    count = once(lambda side: calls.append(side.n))
    one, other = Ordered.of(np.ones(3)), Ordered.of(np.ones(4))
    for side in (one, other, one, other):
        count(side)
    assert calls == [3, 4]
    del one, other, side
    count(Ordered.of(np.ones(5)))
    assert calls == [3, 4, 5]
