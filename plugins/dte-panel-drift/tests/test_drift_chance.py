"""What chance alone does: intervals that hold what they promise, and assessments without drift that find none."""

from __future__ import annotations

import math
from statistics import NormalDist
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

import dte_panel
import dte_panel_drift
from dte_panel.measure import _measurement
from dte_panel.policy import judge
from dte_panel.spec import read_policy
from dte_panel.states import Binned, Ordered, Profiled, Table
from dte_panel_drift import binned, chance, gaps, shifts
from dte_panel_drift.categories import new_category_share
from dte_panel_drift.divergences import SHANNON

NORMAL = NormalDist()
DISTANCES = {
    "population_stability_index": binned.population_stability_index,
    "kullback_leibler_divergence": binned.kullback_leibler_divergence,
    "jensen_shannon_divergence": binned.jensen_shannon_divergence,
    "jensen_shannon_distance": binned.jensen_shannon_distance,
    "hellinger_distance": binned.hellinger_distance,
    "cramers_v": binned.cramers_v,
    "total_variation_distance": gaps.total_variation_distance,
    "largest_share_change": gaps.largest_share_change,
}
METRICS = {m.id: m for m in dte_panel_drift.dte_metrics(None)}
TENTHS = np.full(10, 0.1)


def counted(rows) -> Binned:
    """Rows per bin as a state of a numeric column."""
    return Binned(tuple(float(i) for i in range(len(rows) - 1)), {str(i): int(n) for i, n in enumerate(rows) if n})


def moved_by(shift: float) -> np.ndarray:
    """Shares of the reference's tenths after a normal column moved by so many standard deviations."""
    cuts = [NORMAL.inv_cdf(i / 10) - shift for i in range(1, 10)]
    return np.diff([0.0, *map(NORMAL.cdf, cuts), 1.0])


def truth(finish, shares, n, m) -> float:
    """The number without chance: huge samples in the same proportion."""
    scale = 1e15 / max(n, m)
    return finish(counted(shares * n * scale), counted(TENTHS * m * scale)).value


def held(finish, shares, n, m, samples, seed=5):
    """How often the interval holds the truth, and how often it lies above it."""
    rng, true = np.random.default_rng(seed), truth(finish, shares, n, m)
    true = true if true > 1e-6 else 0.0
    made = [finish(counted(rng.multinomial(n, shares)), counted(rng.multinomial(m, TENTHS))) for _ in range(samples)]
    return np.mean([v.low <= true <= v.high for v in made]), np.mean([v.low > true for v in made])


@pytest.mark.slow
@pytest.mark.parametrize("name", DISTANCES)
@pytest.mark.parametrize(("shift", "n", "m"), [(0.25, 500, 5_000), (0.5, 1_000, 50_000), (1.0, 20_000, 20_000)])
def test_intervals_hold_the_truth(name, shift, n, m):
    share, above = held(DISTANCES[name], moved_by(shift), n, m, 600)
    assert 0.93 - 0.018 <= share <= 0.97 + 0.015  # Two standard errors of 600 samples.
    assert above < 0.05


@pytest.mark.parametrize("name", DISTANCES)
def test_without_drift_the_interval_reaches_down_to_0(name):
    """At 0 only one side can be wrong: 2.5 %."""
    share, above = held(DISTANCES[name], TENTHS, 200, 5_000, 150)
    assert share == 1 - above
    assert above <= 0.07


@pytest.mark.parametrize("name", DISTANCES)
def test_the_expectation_without_drift_is_what_samples_show(name):
    rng = np.random.default_rng(7)
    made = [
        DISTANCES[name](counted(rng.multinomial(1_000, TENTHS)), counted(rng.multinomial(9_000, TENTHS)))
        for _ in range(200)
    ]
    told = [v.detail["without_drift"] for v in made]
    assert np.mean([v.value for v in made]) == pytest.approx(np.mean([t["expected"] for t in told]), rel=0.08)
    beyond = np.mean([v.value > t["quantile_95"] for v, t in zip(made, told, strict=True)])
    assert 0.01 <= beyond <= 0.1
    assert all("rough" not in t for t in told)


def test_few_rows_in_a_bin_make_the_expectation_rough_and_it_says_so():
    told = binned.jensen_shannon_distance(counted([3] * 10), counted([100] * 10)).detail["without_drift"]
    assert told["rough"] == "a bin has only 3 expected rows"


def test_noncentrality_is_inverted_exactly_and_far_off_closely():
    from scipy.special import chndtr

    for degrees, x in [(1, 9.0), (9, 30.0), (40, 99.0)]:
        low, high = chance.noncentrality(x, degrees)
        assert chndtr(x, degrees, high) == pytest.approx(0.025, abs=1e-6)
        assert chndtr(x, degrees, low) == pytest.approx(0.975, abs=1e-6)
    for degrees, x in [(1, 101.0), (9, 150.0), (99, 900.0), (9, 1e5)]:
        low, high = chance.noncentrality(x, degrees)
        assert chndtr(x, degrees, high) == pytest.approx(0.025, abs=0.002)
        assert chndtr(x, degrees, low) == pytest.approx(0.975, abs=0.002)
    assert chance.noncentrality(0.0, 9) == (0.0, 0.0)
    assert chance.noncentrality(5.0, 9)[0] == 0.0


def test_one_bin_is_no_drift_for_certain():
    assert chance.interval(SHANNON, np.array([50.0]), np.array([70.0])) == (0.0, 0.0)
    for name, finish in DISTANCES.items():
        found = finish(counted([50]), counted([70]))
        assert (found.value, found.low, found.high) == ((None,) * 3 if name == "cramers_v" else (0.0, 0.0, 0.0))


# --------------------------------------------------------------------------------------------- a whole assessment


CHECKS = [c for c in read_policy("default").checks if c.metric.startswith("drift.")]


def judged(metric_id, *states):
    """The verdicts of the default policy on one number of one column."""
    metric = METRICS[metric_id]
    made = _measurement("drift", metric, ("current", ()), "x", metric.finish(*states))
    return [judge(c, made).verdict for c in CHECKS if c.metric == f"drift.{metric_id}" and c.required]


def alarms(rng, n, m, shares, gone):
    """Whether any of 50 columns fails a required check."""
    for column in range(50):
        rows, missing = shares[column % len(shares)], gone[column % len(gone)]
        sides = []
        for size in (n, m):
            empty = int(rng.binomial(size, missing))
            counts = {str(i): int(c) for i, c in enumerate(rng.multinomial(size - empty, rows)) if c}
            sides.append((Binned(None, counts | ({None: empty} if empty else {})), Profiled(size, empty)))
        (now, gone_now), (before, gone_before) = sides
        words = judged("population_stability_index", now, before)
        if missing:
            words += judged("missing_share_change", gone_now, gone_before)
        if "fail" in words:
            return True
    return False


@pytest.mark.slow
@pytest.mark.parametrize(
    ("n", "m"), [(30, 1_001), (50, 50), (50, 50_000), (200, 1_000), (5_000, 50_000), (1_000_000, 1_000_000)]
)
def test_fifty_columns_without_drift_raise_no_alarm(n, m):
    """METRICS.md section 5: at 1,001 and 30 rows a common default flags every column. Here, at most one run of 20."""
    rng = np.random.default_rng(11)
    shares = [TENTHS, rng.dirichlet(np.full(40, 0.5)), np.array([0.97, 0.02, 0.01]), rng.dirichlet(np.ones(4))]
    runs = 40
    assert sum(alarms(rng, n, m, shares, [0.0, 0.05, 0.3]) for _ in range(runs)) <= 0.05 * runs


@pytest.mark.slow
def test_from_rows_to_verdict_without_drift_and_with():
    """1,001 rows against 30 through the engine, bins from the reference itself."""
    rng = np.random.default_rng(3)
    before = pd.DataFrame(rng.normal(size=(1_001, 50)), columns=[f"c{i}" for i in range(50)])
    now = pd.DataFrame(rng.normal(size=(30, 50)), columns=before.columns)
    made = dte_panel.assess(now, reference=before)
    assert not [v for v in made.verdicts if v.provider == "drift" and v.verdict == "fail"]
    now["c7"] += 2.0
    made = dte_panel.assess(now, reference=before)
    assert {v.column for v in made.verdicts if v.provider == "drift" and v.verdict == "fail"} == {"c7"}


@pytest.mark.parametrize(("n", "shift", "least"), [(50, 1.5, 0.9), (200, 1.0, 0.95), (5_000, 0.6, 0.95)])
def test_real_shifts_are_found(n, shift, least):
    rng, before = np.random.default_rng(4), counted([5_000] * 10)
    words = [
        judged("population_stability_index", counted(rng.multinomial(n, moved_by(shift))), before) for _ in range(60)
    ]
    assert np.mean(["fail" in w for w in words]) >= least


def test_new_categories_that_chance_brings_are_no_alarm():
    """A column of many rare categories always has new ones; Good and Turing say how many."""
    rng = np.random.default_rng(0)
    names = rng.zipf(1.5, size=200_000) % 50_000

    def table(values):
        found, rows = np.unique(values, return_counts=True)
        return Table(("value",), {(str(name),): int(n) for name, n in zip(found, rows, strict=True)})

    made = [new_category_share(table(rng.choice(names, 300)), table(rng.choice(names, 1_000))) for _ in range(40)]
    assert np.mean([v.value for v in made]) > 0.05
    assert sum(v.low > 0.01 for v in made) <= 4
    told = [v.detail["without_drift"]["expected"] for v in made]
    assert np.mean(told) == pytest.approx(np.mean([v.value for v in made]), rel=0.2)
    new = new_category_share(table([1] * 90 + [7] * 10), table([1] * 500 + [2] * 500))
    assert new.low > 0.01


# ---------------------------------------------------------------------------------------------------------- shifts


def profile(values) -> Profiled:
    values = np.asarray(values, dtype=float)
    mean = float(values.mean())
    ends = float(values.min()), float(values.max())
    return Profiled(len(values), 0, 0, 0, *ends, mean, float(((values - mean) ** 2).sum()))


def shifted(now, before):
    return (
        shifts.mean_shift(profile(now), profile(before)),
        shifts.spread_shift(profile(now), Ordered.of(now), profile(before), Ordered.of(before)),
    )


def test_shifts_by_hand():
    now, before = np.array([2.0, 4.0, 6.0]), np.array([0.0, 1.0, 2.0])
    mean, spread = shifted(now, before)
    assert (mean.value, spread.value, mean.n) == (3.0, pytest.approx(math.log(2)), 3)
    assert spread.detail["ratio"] == pytest.approx(2)
    assert mean.low < 3 < mean.high


@pytest.mark.slow
@pytest.mark.parametrize("draw", ["normal", "exponential"])
def test_intervals_of_shifts_hold_the_truth(draw):
    rng, kept = np.random.default_rng(6), np.zeros(2)
    make = {"normal": lambda n: rng.normal(size=n), "exponential": lambda n: rng.exponential(size=n)}[draw]
    for _ in range(600):
        found = shifted(make(600) * 1.5 + 0.3, make(3_000))
        centre = {"normal": 0.3, "exponential": 0.8}[draw]
        kept += [v.low <= t <= v.high for v, t in zip(found, (centre, math.log(1.5)), strict=True)]
    assert (kept / 600 >= 0.91).all()
    assert (kept / 600 <= 0.985).all()


@pytest.mark.parametrize(
    ("now", "before", "said"),
    [
        ([1.0], [1.0, 2.0], "1 finite value in the current rows, 2 needed"),
        ([1.0, 2.0], [1.0], "1 finite value in the reference rows, 2 needed"),
        ([1.0, 2.0], [3.0, 3.0], "every value of the reference is the same"),
    ],
)
def test_shifts_that_are_undefined_say_why(now, before, said):
    for found in shifted(np.array(now), np.array(before)):
        assert found.value is None
        assert said in found.reason
    assert shifted(np.array([4.0, 4.0]), np.array([1.0, 2.0]))[1].reason.startswith("every current value is the same")
    huge = Profiled(5, 0, 0, 0, 0.0, 1e200, None, None)
    assert "too large to square" in shifts.mean_shift(huge, profile([1.0, 2.0])).reason


# ----------------------------------------------------------------------------------------------------- missingness


def test_the_missing_bin_carries_its_part_of_the_divergence():
    """Chain rule: the whole is the part of missing or not, and that of the values where there are any."""
    now, before = Binned((1.0,), {"0": 30, "1": 50, None: 20}), Binned((1.0,), {"0": 60, "1": 35, "nan": 5})
    energy = shifts.missingness_divergence(now, before)
    whole = binned.jensen_shannon_divergence(now, before).value
    p, q = np.array([0.3, 0.5]), np.array([0.6, 0.35])
    middle = (p + q) / 2
    terms = (p @ np.log(p / p.sum() / (middle / middle.sum())), q @ np.log(q / q.sum() / (middle / middle.sum())))
    assert energy.value + sum(terms) / 2 == pytest.approx(whole, rel=1e-12)
    assert energy.detail["share_of_drift"] == pytest.approx(energy.value / whole)
    assert 0 < energy.low < energy.value < energy.high


def test_missing_values_alone_are_all_of_the_drift_and_none_are_nothing():
    now, before = Binned((1.0,), {"0": 40, "1": 40, None: 20}), Binned((1.0,), {"0": 50, "1": 50})
    assert shifts.missingness_divergence(now, before).detail["share_of_drift"] == pytest.approx(1.0)
    full = shifts.missingness_divergence(before, before)
    assert (full.value, full.high, full.detail["share_of_drift"]) == (0.0, 0.0, None)
    gone = Binned((1.0,), {None: 9})
    assert shifts.missingness_divergence(gone, gone).value == 0
    assert shifts.missingness_divergence(Binned(None), before).reason == "no current rows"


def test_settings_can_leave_cohorts_out():
    few = dte_panel_drift.dte_metrics(
        SimpleNamespace(bins=10, cohorts=False, domain_classifier=False, evidently_binning=False)
    )
    assert not [m.id for m in few if m.cohorts]


@pytest.mark.parametrize(("n", "gone"), [(50, 20), (200, 35), (10_000, 1_300)])
def test_values_that_go_missing_are_found(n, gone):
    assert judged("missing_share_change", Profiled(n, gone), Profiled(5_000, 250)) == ["fail"]
    found = METRICS["missing_share_change"].finish(Profiled(n, gone), Profiled(5_000, 250))
    assert found.value == pytest.approx(gone / n - 0.05)
    assert found.detail["reference"] == 0.05
    same = METRICS["missing_share_change"].finish(Profiled(n, n // 20), Profiled(5_000, 250))
    assert same.low <= 0 <= same.high
