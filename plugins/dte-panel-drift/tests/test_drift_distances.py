"""The numbers, against SciPy and against the traps of METRICS.md section 5."""

from __future__ import annotations

import json
import math
from pathlib import Path

import hypothesis.strategies as st
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from scipy import stats
from scipy.spatial.distance import jensenshannon

import dte_panel
from dte_panel.states import Binned, Ordered
from dte_panel_drift.binned import jensen_shannon_distance, population_stability_index, rows_per_bin
from dte_panel_drift.divergences import FARTHEST, SMOOTHING, shannon_divergence, stability_index
from dte_panel_drift.ordered import kolmogorov_smirnov_pvalue, kolmogorov_smirnov_statistic, wasserstein_distance

DEMO = Path(dte_panel.__file__).parent / "data" / "demo" / "car-loan"
NUMBERS = ["car_value", "debt_to_income_ratio", "loan_length", "driver_tenure", "score"]

#: Ties, both zeros, infinities and NaN come up often. Other numbers keep within what SciPy itself can subtract.
awkward = st.lists(
    st.one_of(
        st.sampled_from([0.0, -0.0, 1.0, 1.0, 2.5, -7.0, 1e6, math.inf, -math.inf, math.nan]),
        st.floats(-1e6, 1e6, allow_nan=False),
    ),
    min_size=1,
    max_size=40,
).map(lambda values: np.array(values, dtype=float))


def pair(current, reference, bins=10):
    """Both columns in the reference's bins."""
    before, now = Ordered.of(np.asarray(reference, dtype=float)), Ordered.of(np.asarray(current, dtype=float))
    finite = before.finite().values
    edges, span = before.quantile_edges(bins), (float(finite[0]), float(finite[-1])) if len(finite) else None
    return now.binned(edges, span, 0, now.missing), before.binned(edges, span, 0, before.missing)


def categories(**rows):
    return Binned(None, rows)


@pytest.fixture(scope="module")
def loans():
    return {name: pd.read_parquet(DEMO / f"{name}.parquet") for name in ("reference", "current")}


# ---------------------------------------------------------------------------------------------------- exact values


@pytest.mark.parametrize("column", NUMBERS)
@pytest.mark.parametrize("rows", [slice(None), slice(0, 3_000), slice(47_000, 50_000), slice(49_999, 50_000)])
def test_exact_values_equal_scipy_on_the_car_loans(loans, column, rows):
    before, now = loans["reference"][column].to_numpy(), loans["current"][column].to_numpy()[rows]
    states = Ordered.of(now.astype(float)), Ordered.of(before.astype(float))
    judge = stats.ks_2samp(now, before)
    assert kolmogorov_smirnov_statistic(*states).value == pytest.approx(judge.statistic, rel=1e-12, abs=1e-15)
    assert kolmogorov_smirnov_pvalue(*states).value == pytest.approx(judge.pvalue, rel=1e-9, abs=1e-12)
    judge = stats.wasserstein_distance(now, before)
    assert wasserstein_distance(*states).value == pytest.approx(judge, rel=1e-12)
    assert wasserstein_distance(*states).n == len(now)


def test_the_exact_pvalue_of_small_samples_is_scipys(loans):
    before, now = (loans[name]["car_value"].to_numpy().astype(float) for name in ("reference", "current"))
    for n, m in [(30, 1_001), (200, 200), (1_500, 10_000), (1, 3)]:
        judge = stats.ks_2samp(now[:n], before[:m], method="auto").pvalue
        assert kolmogorov_smirnov_pvalue(Ordered.of(now[:n]), Ordered.of(before[:m])).value == judge


def test_where_scipys_exact_sum_fails_its_limit_is_taken_without_a_warning():
    now, before = np.zeros(5), np.array([0.0, 0, 0, 0, 1])
    with pytest.warns(RuntimeWarning, match="Exact calculation unsuccessful"):
        judge = stats.ks_2samp(now, before)
    assert kolmogorov_smirnov_pvalue(Ordered.of(now), Ordered.of(before)).value == judge.pvalue


@pytest.mark.filterwarnings("ignore:ks_2samp:RuntimeWarning")  # SciPy's own; ours has the test above.
@settings(max_examples=150, deadline=None)
@given(awkward, awkward)
def test_exact_values_equal_scipy_on_awkward_data(now, before):
    states = Ordered.of(now), Ordered.of(before)
    known = now[~np.isnan(now)], before[~np.isnan(before)]
    statistic, pvalue = kolmogorov_smirnov_statistic(*states), kolmogorov_smirnov_pvalue(*states)
    if min(map(len, known)):
        judge = stats.ks_2samp(*known)
        assert statistic.value == pytest.approx(judge.statistic, abs=1e-12)
        assert pvalue.value == pytest.approx(judge.pvalue, abs=1e-12)
        assert statistic.n == pvalue.n == len(known[0])
    else:
        assert statistic.value is None
        assert "no value in the" in statistic.reason
    finite = [side[np.isfinite(side)] for side in known]
    distance = wasserstein_distance(*states)
    if min(map(len, finite)):
        assert distance.value == pytest.approx(stats.wasserstein_distance(*finite), rel=1e-12, abs=1e-9)
        assert distance.n == len(finite[0])
        left_out = len(now) + len(before) - sum(map(len, finite))
        assert (distance.reason is None) == (left_out == 0)
    else:
        assert distance.value is None


def test_infinities_keep_their_place_for_smirnov_and_are_left_out_of_wasserstein():
    now, before = Ordered.of(np.array([0.0, np.inf, np.inf, np.nan])), Ordered.of(np.array([0.0, 1.0, -np.inf]))
    assert kolmogorov_smirnov_statistic(now, before).value == pytest.approx(2 / 3)
    distance = wasserstein_distance(now, before)
    assert (distance.value, distance.n) == (0.5, 1)
    assert distance.reason == "3 current and 1 reference rows left out: missing or infinite"


def test_values_too_far_apart_to_subtract_are_undefined_and_not_infinite():
    distance = wasserstein_distance(Ordered.of(np.array([1.7e308])), Ordered.of(np.array([-1.7e308])))
    assert distance.value is None
    assert "too far apart" in distance.reason


# ------------------------------------------------------------------------------------------------------------ bins


def test_the_index_by_hand():
    # 4 bins; half a row on every one of them, on both sides.
    p, q = np.array([10.5, 0.5, 20.5, 70.5]) / 102, np.array([30.5, 5.5, 15.5, 0.5]) / 52
    found = population_stability_index(categories(a=10, c=20, d=70), categories(a=30, b=5, c=15))
    assert found.value == pytest.approx(float(np.sum((p - q) * np.log(p / q))), rel=1e-12)
    assert found.n == 100
    assert SMOOTHING == 0.5


@settings(max_examples=100, deadline=None)
@given(awkward, awkward, st.integers(2, 20))
def test_jensen_shannon_equals_scipy_on_awkward_data(now, before, bins):
    states = pair(now, before, bins)
    found = jensen_shannon_distance(*states)
    _, p, q = rows_per_bin(*states)
    assert found.value == pytest.approx(np.nan_to_num(jensenshannon(p, q)), rel=1e-12, abs=1e-7)
    # Far from 0 the root takes nothing from the precision.
    if found.value > 1e-3:
        assert found.value == pytest.approx(jensenshannon(p, q), rel=1e-12)
    assert 0 <= found.low <= found.value <= found.high <= math.sqrt(FARTHEST)


@pytest.mark.parametrize("column", NUMBERS)
def test_jensen_shannon_equals_scipy_on_the_car_loans(loans, column):
    states = pair(*(loans[name][column].to_numpy() for name in ("current", "reference")))
    _, p, q = rows_per_bin(*states)
    assert jensen_shannon_distance(*states).value == pytest.approx(jensenshannon(p, q), rel=1e-12)


@settings(max_examples=100, deadline=None)
@given(awkward, awkward)
def test_the_index_is_symmetric_and_never_negative(now, before):
    states = pair(now, before)
    found = population_stability_index(*states)
    assert found.value == pytest.approx(population_stability_index(*reversed(states)).value, rel=1e-12, abs=1e-15)
    assert 0 <= found.low <= found.value <= found.high
    assert found.n == len(now)


def test_the_farthest_two_columns_can_be():
    found = jensen_shannon_distance(categories(a=1_000), categories(b=1_000))
    assert found.value == found.high == pytest.approx(math.sqrt(math.log(2)))


def test_one_outlier_does_not_hide_a_shift():
    rng = np.random.default_rng(0)
    before = rng.normal(size=50_000)
    before[0] = 1e6
    now = rng.normal(1.0, size=50_000)
    assert population_stability_index(*pair(now, before)).value > 0.8
    now[0] = -1e6
    assert population_stability_index(*pair(now, before)).value > 0.8


@pytest.mark.parametrize("rows", [1_000, 50_000])
def test_a_new_category_of_five_percent_is_seen_and_equals_a_vanished_one(rows):
    old, new = categories(a=rows // 2, b=rows // 2), categories(a=rows * 19 // 40, b=rows * 19 // 40, c=rows // 20)
    came, went = population_stability_index(new, old), population_stability_index(old, new)
    assert came.low > 0.09
    assert came.value > 0.2
    assert came.value == pytest.approx(went.value, rel=1e-12)


def test_missing_values_are_one_bin_however_they_are_written():
    before = Binned((1.0,), {"0": 50, "1": 40, "nan": 10})
    assert population_stability_index(Binned((1.0,), {"0": 50, "1": 40, None: 10}), before).value == 0
    assert population_stability_index(Binned((1.0,), {"0": 40, "1": 30, None: 20, "nan": 10}), before).value > 0.2
    # A category may be called "nan".
    assert population_stability_index(categories(nan=50, a=50), Binned(None, {None: 50, "a": 50})).value > 2


@pytest.mark.parametrize("moved", [7.0, 5.0000001, 4.9, math.inf, math.nan])
def test_a_constant_column_that_moves_is_seen(moved):
    before = np.full(500, 5.0)
    assert population_stability_index(*pair(before, before)).value == 0
    assert population_stability_index(*pair(np.full(500, moved), before)).value > 2
    assert jensen_shannon_distance(*pair(np.full(500, moved), before)).value == pytest.approx(math.sqrt(FARTHEST))


def test_a_point_mass_at_either_end_keeps_a_bin_of_its_own():
    before = np.r_[np.zeros(900), np.linspace(1, 2, 100)]
    for now in (np.where(before == 0, -3.0, before), -np.where(before == 0, -3.0, before)):
        assert population_stability_index(*pair(now, before if now.min() == -3 else -before)).value > 2


def test_nothing_to_compare_is_undefined_with_a_reason():
    some, none, empty = categories(a=3), categories(), Ordered.zero()
    for finish in (population_stability_index, jensen_shannon_distance):
        assert (finish(none, some).value, finish(none, some).reason) == (None, "no current rows")
        assert (finish(some, none).value, finish(some, none).reason) == (None, "no reference rows")
    values = Ordered.of(np.array([1.0, 2.0]))
    missing = Ordered.of(np.array([np.nan, np.nan]))
    for finish in (wasserstein_distance, kolmogorov_smirnov_statistic, kolmogorov_smirnov_pvalue):
        for nothing in (empty, missing):
            assert finish(nothing, values).value is None
            assert "value in the current rows" in finish(nothing, values).reason
            assert "value in the reference rows" in finish(values, nothing).reason


def test_an_all_missing_column_stayed_the_same_or_lost_everything():
    gone = np.full(200, np.nan)
    assert population_stability_index(*pair(gone, gone)).value == 0
    assert population_stability_index(*pair(gone, np.arange(200.0))).value > 2
    assert population_stability_index(*pair(np.arange(200.0), gone)).value > 2


@pytest.mark.parametrize("before", [[3.0], [1.0, 2.0]])
def test_a_reference_of_one_or_two_rows_gives_numbers_and_wide_intervals(before):
    found = population_stability_index(*pair(np.arange(50.0), before))
    assert found.value > 0
    assert math.isfinite(found.high)


# ----------------------------------------------------------------------------------------------------- uncertainty


@pytest.mark.parametrize(
    ("finish", "bound"),
    [(population_stability_index, 0.2), (population_stability_index, 0.1), (jensen_shannon_distance, 0.1)],
)
def test_small_windows_without_drift_are_not_called_drift(finish, bound):
    """Evidently flags all of these; METRICS.md section 5."""
    rng = np.random.default_rng(1)
    found = [finish(*pair(rng.normal(size=30), rng.normal(size=1_001))) for _ in range(200)]
    assert sum(f.value > bound for f in found) > 100  # The bare value would flag most of them.
    assert sum(f.low > bound for f in found) <= 6


def test_a_large_shift_in_a_small_window_is_certain():
    rng = np.random.default_rng(2)
    before = rng.normal(size=1_001)
    sure = sum(population_stability_index(*pair(rng.normal(2.0, size=100), before)).low > 0.2 for _ in range(20))
    assert sure == 20


def test_the_interval_holds_the_true_index():
    """Two known distributions, drawn again and again."""
    p, q = np.array([0.4, 0.3, 0.2, 0.1]), np.array([0.25, 0.25, 0.25, 0.25])
    true = float(np.sum((p - q) * np.log(p / q)))
    rng, held = np.random.default_rng(3), 0
    for _ in range(200):
        now, before = (
            Binned(None, {str(i): int(n) for i, n in enumerate(rng.multinomial(rows, shares))})
            for shares, rows in ((p, 400), (q, 4_000))
        )
        found = population_stability_index(now, before)
        held += found.low <= true <= found.high
    assert held >= 180


def test_the_interval_is_the_same_every_time():
    states = pair(np.arange(40.0), np.arange(60.0))
    assert population_stability_index(*states) == population_stability_index(*states)


# ---------------------------------------------------------------------------------------------------------- states


@settings(max_examples=60, deadline=None)
@given(awkward, awkward, awkward)
def test_merged_states_give_the_numbers_of_all_rows(first, second, before):
    whole, reference = pair(np.r_[first, second], before)
    merged = pair(first, before)[0].merge(pair(second, before)[0])
    for finish in (population_stability_index, jensen_shannon_distance):
        assert finish(merged, reference) == finish(whole, reference)
    merged_values, values = Ordered.of(first).merge(Ordered.of(second)), Ordered.of(np.r_[first, second])
    for finish in (wasserstein_distance, kolmogorov_smirnov_statistic, kolmogorov_smirnov_pvalue):
        assert finish(merged_values, Ordered.of(before)) == finish(values, Ordered.of(before))


def test_values_are_plain_json():
    states = pair([1.0, np.nan], np.arange(30.0))
    values = Ordered.of(np.array([1.0, np.nan])), Ordered.of(np.arange(30.0))
    found = [f(*states) for f in (population_stability_index, jensen_shannon_distance)]
    found += [f(*values) for f in (wasserstein_distance, kolmogorov_smirnov_statistic, kolmogorov_smirnov_pvalue)]
    for value in found:
        json.dumps([value.value, value.low, value.high, value.n, dict(value.detail)], allow_nan=False)
        assert type(value.value) is float


def test_resamples_lie_along_the_first_axes():
    rows = np.arange(1.0, 25.0).reshape(2, 3, 4)
    for distance in (stability_index, shannon_divergence):
        whole = distance(rows, rows[::-1])
        assert whole.shape == (2, 3)
        assert whole[1, 2] == pytest.approx(float(distance(rows[1, 2], rows[0, 2])))


@given(st.integers(0, 2**32 - 1), st.sampled_from(["normal", "ties", "far"]))
@settings(max_examples=30, deadline=None)
def test_looking_up_a_window_in_a_large_reference_gives_the_same_area(seed: int, shape: str) -> None:
    from dte_panel_drift.ordered import _area_by_lookup, _area_by_merge

    rng = np.random.default_rng(seed)
    make = {
        "normal": lambda n: rng.normal(size=n),
        "ties": lambda n: rng.integers(0, 9, n).astype(float),
        "far": lambda n: rng.normal(1e6, 1, n),
    }[shape]
    before, now = Ordered.of(make(2_000)), Ordered.of(make(40) + rng.normal())
    found = _area_by_lookup(now, before)
    if found is not None:
        assert found == pytest.approx(_area_by_merge(now, before), rel=1e-12)
    assert found is not None or shape == "ties"
