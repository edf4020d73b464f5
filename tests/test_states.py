"""States are commutative monoids: the state of A and the state of B merge to the state of A ∪ B."""

from __future__ import annotations

import json
import math
from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dte_panel.states import Binned, Moments, Ordered, Profiled, Scored, Table
from dte_panel.states.scored import SCORE_BINS, WRITTEN_VALUES

PROPERTY = settings(max_examples=25, deadline=None)

#: Ties, both zeros, both infinities, NaN, tiny, huge.
NUMBERS = st.lists(
    st.one_of(
        st.sampled_from([0.0, -0.0, 1.0, 1.0, 2.5, math.inf, -math.inf, math.nan, 5e-324, 1e-300, 1e120, -1e120]),
        st.floats(-1e6, 1e6),
    ),
    max_size=12,
)
KEYS = st.one_of(st.none(), st.integers(0, 1), st.sampled_from(["", "a", "nan", "-inf", "<b>", "ü", "None", "0"]))
ROWS = st.lists(st.tuples(KEYS, KEYS), max_size=12)


def table(rows: list[tuple[Any, Any]]) -> Table:
    return Table(("label", "prediction"), dict(Counter(rows)))


def ordered(numbers: list[float], missing: int = 0) -> Ordered:
    return Ordered.of(np.array(numbers, dtype=float), missing)


def scored(numbers: list[float]) -> Scored:
    """Scores with labels that go 0, 1, missing, 0, 1 …"""
    labels = np.resize([0.0, 1.0, math.nan], len(numbers))
    return Scored.of(np.array(numbers, dtype=float), labels)


def profiled(numbers: list[float]) -> Profiled:
    """By the book: fsum, no shortcut."""
    finite = [x for x in numbers if math.isfinite(x)]
    mean = math.fsum(finite) / len(finite) if finite else None
    return Profiled(
        n=len(numbers),
        nulls=0,
        nans=sum(math.isnan(x) for x in numbers),
        infinities=sum(math.isinf(x) for x in numbers),
        minimum=min(finite, default=None),
        maximum=max(finite, default=None),
        mean=mean,
        m2=None if mean is None else math.fsum((x - mean) ** 2 for x in finite),
    )


def moments(numbers: list[float]) -> Moments:
    base = profiled([x for x in numbers if math.isfinite(x)])
    missing = len(numbers) - base.n
    if base.mean is None or base.m2 is None:
        return Moments(missing=missing)
    return Moments(base.n, missing, {"x": base.mean, "minus": -base.mean}, {"x": base.m2, "minus": base.m2})


def binned(numbers: list[float]) -> Binned:
    state = ordered(numbers)
    return state.binned((0.0, 1.0, 2.5), (0.0, 2.5), nulls=0, nans=state.missing)


MAKERS = {
    "Table": table,
    "Ordered": ordered,
    "Scored": scored,
    "Profiled": profiled,
    "Moments": moments,
    "Binned": binned,
}
#: Means and M2 are rounded at every merge; everything else is whole numbers.
ROUNDED = {"Profiled", "Moments"}


def plain(state: Any) -> Any:
    """The state as something that compares by value."""
    if isinstance(state, Ordered):
        return state.values.tolist(), state.counts.tolist(), state.missing
    if isinstance(state, Scored):
        return state.scores.tolist(), state.negatives.tolist(), state.positives.tolist(), state.missing, state.exact
    if isinstance(state, Moments):
        return {"n": state.n, "missing": state.missing, "means": dict(state.means), "m2s": dict(state.m2s)}
    return state.to_json()


def close(a: Any, b: Any, scale: float) -> bool:
    """Equal, but for rounding relative to the largest number that went in."""
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(close(a[k], b[k], scale ** (2 if k.startswith("m2") else 1)) for k in a)
    if isinstance(a, float) and isinstance(b, float):
        return a == b or abs(a - b) <= 1e-12 * scale
    return bool(a == b)


def zero_of(name: str) -> Any:
    if name == "Table":
        return Table.zero(("label", "prediction"))
    if name == "Binned":
        return Binned((0.0, 1.0, 2.5), {}, (0.0, 2.5))
    return {"Ordered": Ordered, "Scored": Scored, "Profiled": Profiled, "Moments": Moments}[name].zero()


@pytest.mark.parametrize("name", MAKERS)
@PROPERTY
@given(st.data())
def test_states_add_up(name: str, data: st.DataObject) -> None:
    rows = ROWS if name == "Table" else NUMBERS
    a, b, c = (data.draw(rows) for _ in range(3))
    make = MAKERS[name]
    scale = 1.0 + sum(abs(x) for x in [*a, *b, *c] if isinstance(x, float) and math.isfinite(x))
    same = (lambda x, y: close(plain(x), plain(y), scale)) if name in ROUNDED else (lambda x, y: plain(x) == plain(y))
    sa, sb, sc = (make(part) for part in (a, b, c))
    assert same(sa.merge(sb), sb.merge(sa)), "commutative"
    assert same(sa.merge(sb).merge(sc), sa.merge(sb.merge(sc))), "associative"
    assert same(sa.merge(zero_of(name)), sa), "zero is neutral on the right"
    assert same(zero_of(name).merge(sa), sa), "zero is neutral on the left"
    assert same(sa.merge(sb), make(a + b) if name != "Scored" else _scored_union(a, b)), "state(A) + state(B)"


def _scored_union(a: list[float], b: list[float]) -> Scored:
    labels = np.concatenate([np.resize([0.0, 1.0, math.nan], len(part)) for part in (a, b)])
    return Scored.of(np.array(a + b, dtype=float), labels)


@pytest.mark.parametrize("name", ["Table", "Scored", "Profiled", "Moments", "Binned"])
@PROPERTY
@given(st.data())
def test_what_is_written_reads_back_the_same(name: str, data: st.DataObject) -> None:
    state = MAKERS[name](data.draw(ROWS if name == "Table" else NUMBERS))
    text = json.dumps(state.to_json(), allow_nan=False, sort_keys=True)
    again = type(state).from_json(json.loads(text))
    assert plain(again) == plain(state)
    assert json.dumps(again.to_json(), sort_keys=True) == text


def test_union_of_many_is_the_merge_of_all() -> None:
    parts = [ordered([1.0, 2.0, math.nan]), ordered([2.0, math.inf]), ordered([])]
    assert plain(Ordered.union(parts)) == plain(parts[0].merge(parts[1]).merge(parts[2]))
    assert plain(Ordered.union([])) == plain(Ordered.zero())
    assert plain(Scored.union([])) == plain(Scored.zero())


def test_table_counts_shares_and_keeps_missing_apart() -> None:
    t = Table(("label", "prediction"), {(1, 1): 8, (1, 0): 2, (0, 1): 1, (0, 0): 9, (None, 1): 3, (1, None): 4})
    assert (t.n(), t.n(label=1), t.n(label=None), t.known().n()) == (27, 14, 3, 20)
    rate = t.share(prediction=1, given={"label": 1})
    assert (rate.value, rate.n) == (0.8, 10)
    assert rate.reason == "7 rows with a missing label or prediction left out"
    assert t.known("label").share(prediction=1).n == 20
    assert Table(("prediction",), {}).share(prediction=1).value is None
    empty = Table(("label", "prediction"), {(0, 1): 3}).share(prediction=1, given={"label": 1})
    assert (empty.value, empty.n, empty.reason) == (None, 0, "no rows with label 1")


def test_matrix_is_square_over_both_columns_values() -> None:
    t = Table(("label", "prediction"), {("a", "b"): 2, ("b", "c"): 3, ("c", "c"): 1, (None, "a"): 9})
    values, counts = t.matrix("label", "prediction")
    assert values == ["a", "b", "c"]
    assert counts.tolist() == [[0, 2, 0], [0, 0, 3], [0, 0, 1]]


def test_histograms_with_other_edges_do_not_add_up() -> None:
    with pytest.raises(ValueError, match="different edges"):
        Binned((1.0,), {"0": 1}).merge(Binned((2.0,), {"0": 1}))


def test_aligned_bins_have_the_special_ones_last() -> None:
    now = Binned((1.0,), {"1": 2, None: 1, "+inf": 1})
    before = Binned((1.0,), {"0": 5, "nan": 1})
    bins, own, others = now.aligned(before)
    assert bins == ["0", "1", "+inf", "nan", None]
    assert (own.tolist(), others.tolist()) == ([0, 2, 1, 0, 1], [5, 0, 0, 1, 0])


@PROPERTY
@given(NUMBERS, st.integers(1, 12))
def test_bins_are_left_closed_and_lose_no_row(numbers: list[float], bins: int) -> None:
    state = ordered(numbers)
    edges = state.quantile_edges(bins)
    assert list(edges) == sorted(set(edges))
    made = state.binned(edges, None, nulls=2, nans=state.missing)
    expected = Counter(_bin_of(x, edges) for x in numbers)
    assert {k: n for k, n in made.counts.items() if n} == {**expected, None: 2}
    assert made.n == len(numbers) + 2


def _bin_of(x: float, edges: tuple[float, ...]) -> str:
    if math.isnan(x):
        return "nan"
    if math.isinf(x):
        return "+inf" if x > 0 else "-inf"
    return str(sum(x >= edge for edge in edges))


@pytest.mark.parametrize(("n", "bins"), [(100, 10), (100, 100), (1000, 7), (57, 19), (290, 29)])
def test_quantile_bins_of_distinct_values_are_of_equal_weight(n: int, bins: int) -> None:
    state = ordered([float(i) for i in range(n)])
    counts = list(state.binned(state.quantile_edges(bins), None, 0, 0).counts.values())
    assert max(counts) - min(counts) <= 1
    assert len(counts) == bins


def test_a_constant_column_that_moves_changes_its_bin() -> None:
    before = ordered([5.0] * 100)
    edges = before.quantile_edges(10)
    assert list(before.binned(edges, None, 0, 0).counts.values()) == [100]
    here = set(before.binned(edges, None, 0, 0).counts)
    for moved in (4.999, 5.000001, 6.0, -5.0):
        assert not here & set(ordered([moved] * 100).binned(edges, None, 0, 0).counts), moved


def test_no_values_have_no_edges() -> None:
    assert ordered([]).quantile_edges(10) == ()
    assert ordered([math.nan, math.inf]).quantile_edges(10) == ()
    assert ordered([1.0, 2.0]).quantile_edges(1) == ()


def test_scores_are_thinned_only_when_written_and_only_when_many() -> None:
    few = Scored.of(np.linspace(0, 1, WRITTEN_VALUES), np.resize([0.0, 1.0], WRITTEN_VALUES))
    assert few.thinned() is few
    many = Scored.of(np.linspace(0, 1, 10_001), np.resize([0.0, 1.0], 10_001))
    thin = many.thinned()
    assert len(thin.scores) <= SCORE_BINS
    assert not thin.exact
    assert (thin.negatives.sum(), thin.positives.sum(), thin.n) == (many.negatives.sum(), many.positives.sum(), many.n)
    assert plain(thin.thinned()) == plain(thin)
    assert abs(np.average(thin.scores, weights=thin.positives) - 0.5) < 1 / SCORE_BINS
    assert not thin.merge(few).exact


@pytest.mark.parametrize("shift", [-7.0, 0.5, 1e6])
def test_scores_that_are_no_probabilities_are_thinned_too(shift: float) -> None:
    logits = np.linspace(-4, 4, 5_000) + shift
    many = Scored.of(logits, np.resize([0.0, 1.0], 5_000))
    thin = many.thinned()
    assert len(thin.scores) <= SCORE_BINS
    assert thin.n == many.n
    assert np.all((thin.scores >= logits[0]) & (thin.scores <= logits[-1]))
    assert np.all(np.diff(thin.scores) > 0)


def test_an_infinite_score_is_no_score() -> None:
    state = Scored.of(np.array([0.2, math.inf, -math.inf, math.nan]), np.array([1.0, 0.0, 1.0, 0.0]))
    assert (state.n, state.missing) == (1, 3)


def test_profile_counts_each_kind_of_missing_once() -> None:
    p = Profiled(n=10, nulls=2, nans=1, infinities=3, minimum=0.0, maximum=1.0, mean=0.5, m2=1.0)
    assert (p.missing, p.finite) == (3, 4)


def test_a_mean_that_one_side_does_not_know_is_not_known() -> None:
    huge = Profiled(n=2, minimum=1e300, maximum=1e308)
    small = Profiled(n=2, minimum=0.0, maximum=1.0, mean=0.5, m2=0.5)
    for merged in (huge.merge(small), small.merge(huge)):
        assert (merged.mean, merged.m2) == (None, None)
        assert (merged.minimum, merged.maximum) == (0.0, 1e308)
