"""Numbers against SciPy, and against the definitions that NannyML has, on real and on awkward data."""

from __future__ import annotations

from pathlib import Path

import hypothesis.strategies as st
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from scipy import stats
from scipy.spatial.distance import jensenshannon

import dte_panel
import dte_panel_drift
from dte_panel import Histogram
from dte_panel.states import Binned, Ordered, Profiled, Table
from dte_panel_drift.binned import hellinger_distance, jensen_shannon_distance
from dte_panel_drift.gaps import largest_share_change
from dte_panel_drift.ordered import kolmogorov_smirnov_statistic

DEMO = Path(dte_panel.__file__).parent / "data" / "demo"
METRICS = {m.id: m for m in dte_panel_drift.dte_metrics(None)}
IN_BINS = [m.id for m in METRICS.values() if m.second and isinstance(m.reduce, Histogram)]

counts = st.dictionaries(
    st.one_of(st.none(), st.sampled_from(["a", "b", "c", "nan", "<b>", ""])), st.integers(1, 10**9), min_size=1
)


def agrees(name, *states):
    """Our number, held against the second opinion of the metric."""
    metric = METRICS[name]
    value = metric.finish(*states).value
    if value is None:
        return None
    theirs = metric.second.compute(*states)
    assert theirs is not None
    assert value == pytest.approx(theirs, abs=metric.second.tolerance * max(1.0, abs(value)))
    return value


def binned(now, before, bins=10):
    side, other = (Ordered.of(np.asarray(x, dtype=float)) for x in (before, now))
    edges = side.quantile_edges(bins)
    return other.binned(edges, None, 0, other.missing), side.binned(edges, None, 0, side.missing)


def profiled(values):
    values = values[np.isfinite(values)]
    ends = float(values.min()), float(values.max())
    return Profiled(len(values), 0, 0, 0, *ends, float(values.mean()), float(((values - values.mean()) ** 2).sum()))


@settings(max_examples=80, deadline=None)
@given(counts, counts)
def test_distances_are_scipys_on_awkward_categories(now, before):
    for name in IN_BINS:
        agrees(name, Binned(None, now), Binned(None, before))
    tables = [Table(("value",), {(k,): n for k, n in side.items()}) for side in (now, before)]
    for name in ("chi_square_statistic", "chi_square_pvalue"):
        agrees(name, *tables)


def numeric_agrees(now, before):
    for name in IN_BINS:
        agrees(name, *binned(now, before))
    values = Ordered.of(now), Ordered.of(before)
    for name in ("kolmogorov_smirnov_statistic", "kolmogorov_smirnov_pvalue", "wasserstein_distance"):
        agrees(name, *values)
    return agrees("normalised_wasserstein_distance", values[0], profiled(now), values[1], profiled(before))


@pytest.mark.parametrize("name", ["load_iris", "load_wine", "load_diabetes", "load_breast_cancer"])
def test_numbers_are_scipys_on_scikit_learns_data(name):
    from sklearn import datasets

    data = getattr(datasets, name)().data
    half = len(data) // 2
    for column in data.T[:5]:
        assert numeric_agrees(column[half:], column[:half]) > 0


@pytest.mark.slow
@pytest.mark.parametrize("subject", ["car-loan", "acs-employment"])
def test_numbers_are_scipys_on_real_data(subject):
    sides = [pd.read_parquet(DEMO / subject / f"{side}.parquet") for side in ("current", "reference")]
    compared = 0
    for column in sides[1].columns.drop("id", errors="ignore"):
        now, before = (side[column] for side in sides)
        if not pd.api.types.is_numeric_dtype(before):
            continue
        numeric_agrees(*(side.to_numpy(dtype=float)[:60_000] for side in (now, before)))
        compared += 1
    assert compared >= 5


@pytest.mark.parametrize("moved", [0.0, 0.3, 2.0])
def test_nannymls_definitions_on_the_same_bins(moved):
    """nannyml 0.13.1, drift/univariate/methods.py, transcribed: its numbers, where the bins are the same."""
    rng = np.random.default_rng(0)
    before, now = (
        rng.choice(list("abcd"), 4_000),
        rng.choice(list("abcd"), 900, p=np.array([1, 1, 1, 1 + moved]) / (4 + moved)),
    )
    shares = [pd.Series(side).value_counts(normalize=True).sort_index() for side in (before, now)]
    states = [Binned(None, pd.Series(side).value_counts().to_dict()) for side in (now, before)]
    # JensenShannonDistance: scipy's jensenshannon in base 2; ours is in natural logarithms.
    theirs = jensenshannon(shares[0], shares[1], base=2)
    assert jensen_shannon_distance(*states).value == pytest.approx(theirs * np.sqrt(np.log(2)), rel=1e-12)
    # HellingerDistance: sqrt(sum((sqrt(p) - sqrt(q))**2)) / sqrt(2).
    theirs = np.sqrt(np.sum((np.sqrt(shares[0]) - np.sqrt(shares[1])) ** 2)) / np.sqrt(2)
    assert hellinger_distance(*states).value == pytest.approx(theirs, rel=1e-12)
    # LInfinityDistance: the largest absolute difference of the relative frequencies.
    theirs = np.max(np.abs(shares[0] - shares[1]))
    assert largest_share_change(*states).value == pytest.approx(theirs, rel=1e-12)
    # KolmogorovSmirnovStatistic, exact for small references: scipy's ks_2samp statistic.
    sides = rng.normal(size=2_000), rng.normal(moved, size=500)
    theirs = stats.ks_2samp(*sides).statistic
    ours = kolmogorov_smirnov_statistic(Ordered.of(sides[1]), Ordered.of(sides[0])).value
    assert ours == pytest.approx(theirs, rel=1e-12)
