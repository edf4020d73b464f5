"""Evidently's binning: NumPy's own edges and counts, Evidently's fill, and bounds where values are in fine bins.

Evidently itself is asked in ``dte-panel-evidently``, whose environment it stands in.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import jensenshannon

from dte_panel.states import Ordered, Profiled, Table
from dte_panel.states.bins import aligned, ends
from dte_panel_drift.sturges import FEW_VALUES, filled, metrics

INDEX, INDEX_OF_NAMES, DISTANCE, DISTANCE_OF_NAMES = (m.finish for m in metrics())
LONG = st.lists(st.floats(-50, 50), min_size=21, max_size=60, unique=True)
SHORT = st.lists(st.sampled_from([0.0, 1.0, 2.5, 9.0]) | st.floats(-60, 60), min_size=1, max_size=40)


def fine(values, edges):
    """Values in bins, by the slow and plain way."""
    low, high = ends(edges, (values.min(), values.max()))
    empty = Ordered(low, np.zeros(len(low), dtype=np.int64), 0, high, np.zeros(len(low)))
    return aligned([Ordered.of(values), empty])[0]


def profiled(values):
    return Profiled(len(values), 0, 0, 0, float(values.min()), float(values.max()), 0.0, 0.0)


def asked(finish, x, y, *states):
    now, before = states or (Ordered.of(x), Ordered.of(y))
    return finish(now, profiled(x), before, profiled(y))


def plain(x, y):
    """Both numbers, as Evidently's function says them, with NumPy's histogram."""
    if len(np.unique(y)) > FEW_VALUES:
        cut = np.histogram_bin_edges(np.concatenate([y, x]), bins="sturges")
        p, q = (np.histogram(side, cut)[0] / len(side) for side in (x, y))
    else:
        p, q = ([(side == key).mean() for key in np.union1d(x, y)] for side in (x, y))
    a, b = (np.where(s := np.array(side), s, min(1e-4, min(s[s > 0]) / 1e6) if min(s[s > 0]) <= 1e-4 else 1e-4)
            for side in (p, q))  # fmt: skip
    return float(((b - a) * np.log(b / a)).sum()), float(jensenshannon(p, q))


@settings(deadline=None, max_examples=60)
@given(SHORT, LONG | SHORT)
def test_the_bins_are_numpys(now, before):
    x, y = np.array(now), np.array(before)
    assume(np.ptp(np.concatenate([x, y])) > 1e-6)
    whole = all((np.floor(side) == side).all() for side in (x, y))
    index, distance = plain(*((x.astype(int), y.astype(int)) if whole else (x, y)))
    assert asked(INDEX, x, y).value == pytest.approx(index, abs=1e-12)
    assert asked(DISTANCE, x, y).value == pytest.approx(np.nan_to_num(distance), abs=1e-7)


@settings(deadline=None, max_examples=60)
@given(SHORT, LONG, st.lists(st.floats(-55, 55), min_size=1, max_size=30, unique=True))
def test_fine_bins_bound_the_number_of_all_values(now, before, edges):
    x, y, cut = np.array(now), np.array(before), np.sort(np.array(edges))
    states = fine(x, cut), fine(y, cut)
    assume(not states[1].exact)
    for finish, true in zip((INDEX, DISTANCE), plain(x, y), strict=True):
        made = asked(finish, x, y, *states)
        assert made.low - 1e-9 <= np.nan_to_num(true) <= made.high + 1e-9
        assert made.low <= made.value <= made.high


def test_categories_by_hand():
    now, before = (Table(("value",), rows) for rows in ({("a",): 9, ("b",): 1, (None,): 4}, {("a",): 5, ("c",): 5}))
    p, q = np.array([0.9, 1e-4, 0.1]), np.array([0.5, 0.5, 1e-4])
    assert INDEX_OF_NAMES(now, before).value == pytest.approx(((q - p) * np.log(q / p)).sum(), abs=1e-12)
    shares = [0.9, 0.0, 0.1], [0.5, 0.5, 0.0]
    assert DISTANCE_OF_NAMES(now, before).value == pytest.approx(jensenshannon(*shares), abs=1e-12)
    assert INDEX_OF_NAMES(Table(("value",), {(None,): 3}), before).reason == "no value in the current rows"
    assert filled(np.array([1, 9_999, 0])).tolist() == [1e-4, 0.9999, pytest.approx(1e-10)]


def test_one_outlier_flattens_it_as_the_definition_warns():
    rng = np.random.default_rng(0)
    x, y = rng.normal(1, 1, 5_000), rng.normal(0, 1, 5_000)
    assert asked(INDEX, x, y).value > 0.8
    assert asked(INDEX, np.append(x, 1e6), y).value < 0.01


def test_what_is_undefined_says_why():
    nothing, some = Profiled(3, 3), np.array([1.0, 2.0])
    found = INDEX(Ordered.zero(), nothing, Ordered.of(some), profiled(some))
    assert (found.value, found.reason) == (None, "no value in the current rows")
    many = fine(np.linspace(0, 1, 500), np.array([0.5]))
    assert "too many" in asked(INDEX, np.linspace(0, 1, 500), some, many, Ordered.of(some)).reason
