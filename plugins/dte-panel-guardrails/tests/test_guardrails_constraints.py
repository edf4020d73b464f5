"""Bounds, monotone features, scores near the threshold, leakage and repeated ids: by hand and by definition."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from dte_panel import Value, assess
from dte_panel.states import Averaged, Documented, Moments, Ordered, Overlapped, Scored, Table
from dte_panel.stats import wilson
from dte_panel_guardrails import constraints, dte_metrics, leakage, stability
from dte_panel_guardrails.settings import GuardrailSettings

METRICS = {metric.id: metric for metric in dte_metrics(None)}
AT = Documented({"column": "x"})

# --- bounds ---------------------------------------------------------------------------------------------------------

ENDS = st.one_of(st.none(), st.integers(-3, 3))


@settings(deadline=None)
@given(st.lists(st.floats(-4, 4) | st.sampled_from([math.inf, -math.inf, math.nan, 3.0, -3.0])), ENDS, ENDS)
def test_values_outside_their_bounds(values: list[float], low: int | None, high: int | None) -> None:
    assume(low is None or high is None or low <= high)
    value = constraints.out_of_bounds_share(Ordered.of(np.array(values, dtype=float)), AT, {"x": [low, high]})
    known = [v for v in values if not math.isnan(v)]
    outside = [v for v in known if (low is not None and v < low) or (high is not None and v > high)]
    if not known:
        assert (value.value, value.reason) == (None, "no value")
        return
    assert (value.value, value.n) == (len(outside) / len(known), len(known))
    assert (value.low, value.high) == wilson(len(outside), len(known))
    assert value.detail["below"] + value.detail["above"] == len(outside)


# --- monotone -------------------------------------------------------------------------------------------------------


def averaged(*bins: tuple[float, float, int], share: bool = False) -> Averaged:
    """Bins in order: mean, variance, rows."""
    edges = tuple(float(i) for i in range(1, len(bins)))
    made = {str(i): Moments(n, 0, {"value": m}, {"value": v * n}) for i, (m, v, n) in enumerate(bins)}
    return Averaged(edges, made, share)


def violation(state: Averaged, direction: str = "increasing") -> Value:
    return constraints.monotonicity_violation(state, AT, {"x": direction})


def test_a_fall_is_found_between_any_two_bins() -> None:
    value = violation(averaged((0.1, 0.01, 1000), (0.5, 0.01, 1000), (0.4, 0.01, 1000), (0.2, 0.01, 1000)))
    assert value.value == pytest.approx(0.3)
    assert value.n == 4000
    assert value.low is not None
    assert value.high is not None
    assert 0.25 < value.low < 0.3 < value.high < 0.35
    assert [b["mean"] for b in value.detail["bins"]] == [0.1, 0.5, 0.4, 0.2]
    assert (value.detail["bins"][0]["from"], value.detail["bins"][0]["to"]) == (None, 1.0)


def test_what_rises_violates_nothing_and_turned_round_it_does() -> None:
    rising = averaged((0.1, 0.01, 100), (0.2, 0.01, 100), (0.9, 0.01, 100))
    assert (violation(rising).value, violation(rising).low) == (0.0, 0.0)
    assert violation(rising, "decreasing").value == pytest.approx(0.8)


def test_few_rows_make_no_violation_for_certain() -> None:
    value = violation(averaged((0.5, 0.25, 20), (0.4, 0.24, 20), share=True))
    assert value.value == pytest.approx(0.1)
    assert value.low == 0.0
    assert violation(averaged((0.5, 0.1, 1), (0.4, 0.1, 30))).reason == "1 bin with two rows or more; a fall needs two"
    assert violation(Averaged()).value is None
    missing = Averaged((), {None: Moments(30, 0, {"value": 0.5}, {"value": 1.0}), "nan": Moments(missing=2)})
    assert violation(missing).value is None


def test_a_flat_model_rarely_looks_as_if_it_fell() -> None:
    rng, beyond = np.random.default_rng(1), 0
    for _ in range(200):
        drawn = rng.normal(0.5, 0.1, size=(10, 50))
        value = violation(averaged(*((float(b.mean()), float(b.var()), 50) for b in drawn)))
        beyond += value.low is not None and value.low > 0
    # 5 % of 200 is 10; only falls count, so that about half as many are expected.
    assert beyond <= 10


@settings(deadline=None)
@given(st.lists(st.tuples(st.floats(-10, 10), st.floats(0, 4), st.integers(2, 60)), min_size=2, max_size=8))
def test_the_violation_is_twice_the_distance_to_the_nearest_monotone_sequence(bins: list[Any]) -> None:
    value = violation(averaged(*bins))
    means = [m for m, _, _ in bins]
    # The nearest in the maximum norm lies halfway between the running largest and the running smallest from behind.
    nearest = [(max(means[: i + 1]) + min(means[i:])) / 2 for i in range(len(means))]
    assert value.value == pytest.approx(2 * max(abs(a - b) for a, b in zip(means, nearest, strict=True)), abs=1e-9)
    assert all(a <= b + 1e-12 for a, b in pairwise(nearest))
    assert value.low is not None
    assert value.high is not None
    assert 0 <= value.low <= value.value + 1e-12
    assert value.value <= value.high + 1e-12


# --- near the threshold ---------------------------------------------------------------------------------------------

SCORES = st.lists(st.integers(0, 20).map(lambda i: i / 20), min_size=1, max_size=60)


@settings(deadline=None)
@given(SCORES, st.integers(0, 20).map(lambda i: i / 20), st.sampled_from([0.049, 0.11, 0.3, 5.0]))
def test_the_predictions_imply_the_threshold(scores: list[float], cut: float, margin: float) -> None:
    s = np.array(scores)
    state = Scored.of(s, (s >= cut).astype(float))
    near = stability.near_threshold_share(state, None, margin)
    flip = stability.decision_flip_share(state, None, margin)
    if len(set(s >= cut)) < 2:
        assert near.value is None
        assert "set plugins.guardrails.threshold" in str(near.reason)
        return
    at = near.detail["threshold"]
    assert ((s >= at) == (s >= cut)).all(), "the same decisions"
    rising, falling = int(((s >= at) != (s + margin >= at)).sum()), int(((s >= at) != (s - margin >= at)).sum())
    # A sum may round over an edge that a difference does not; no score lies on one here.
    assume(all(abs(abs(x - at) - margin) > 1e-9 for x in scores))
    assert near.value == (rising + falling) / len(s)
    assert flip.value == max(rising, falling) / len(s)
    assert flip.low is not None
    assert flip.high is not None
    assert flip.low <= flip.value <= flip.high


def test_predictions_that_overlap_imply_no_threshold() -> None:
    state = Scored.of(np.array([0.2, 0.4, 0.6]), np.array([1.0, 0.0, 1.0]))
    assert str(stability.near_threshold_share(state, None, 0.1).reason).startswith("the predictions do not follow")
    tied = Scored.of(np.array([0.2, 0.4, 0.4]), np.array([0.0, 0.0, 1.0]))
    assert stability.decision_flip_share(tied, None, 0.1).value is None
    assert stability.near_threshold_share(Scored.zero(), None, 0.1).value is None


def test_a_given_threshold_needs_no_predictions() -> None:
    metrics = {m.id: m for m in dte_metrics(GuardrailSettings(threshold=0.5, score_margin=0.1))}
    state = Ordered.of(np.array([0.1, 0.45, 0.5, 0.55, 0.6, 0.9, np.nan, np.inf]))
    value = metrics["near_threshold_share"].finish(state)
    assert (value.value, value.n) == (0.5, 6)
    assert (value.detail["below"], value.detail["above"]) == (1, 2)
    assert value.reason == "1 rows without a score or a prediction left out"


# --- leakage --------------------------------------------------------------------------------------------------------

CELLS = st.dictionaries(
    st.tuples(st.sampled_from(["0", "1", "2", "10", "-inf", "+inf", "nan", None]), st.sampled_from([0, 1, None])),
    st.integers(0, 30),
    max_size=12,
)


@settings(deadline=None)
@given(CELLS)
def test_the_area_of_a_feature_is_scikit_learns(cells: dict[tuple[Any, ...], int]) -> None:
    table = Table(("bin", "label"), cells)
    value = leakage.single_feature_roc_auc(table, Ordered.zero())
    known = {k: n for k, n in cells.items() if k[0] not in (None, "nan") and k[1] is not None and n}
    assert value.n == sum(known.values())
    if {k[1] for k in known} != {0, 1}:
        assert value.value is None
        return
    second = METRICS["single_feature_roc_auc"].second
    assert second
    assert value.value == pytest.approx(second.compute(table, Ordered.zero()), abs=1e-12)
    assert value.low is not None
    assert value.high is not None
    assert 0.5 <= value.low <= value.value + 1e-9
    assert value.value <= value.high + 1e-9
    assert str(value.reason).startswith("heuristic")


@settings(deadline=None, max_examples=40)
@given(CELLS)
def test_the_uncertainty_coefficient_is_scikit_learns(cells: dict[tuple[Any, ...], int]) -> None:
    table = Table(("bin", "label"), cells)
    value = leakage.label_uncertainty_coefficient(table)
    known = {k: n for k, n in cells.items() if k[1] is not None and n}
    if len({k[1] for k in known}) < 2:
        assert value.value is None
        return
    second = METRICS["label_uncertainty_coefficient"].second
    assert second
    assert value.value == pytest.approx(second.compute(table), abs=1e-12)
    assert value.n == sum(known.values())
    assert 0 <= value.value <= 1


def test_a_feature_that_tells_all_and_one_that_tells_nothing() -> None:
    tells = Table(("bin", "label"), {("a", 1): 50, ("b", 0): 50, (None, None): 4})
    value = leakage.label_uncertainty_coefficient(tells)
    assert value.value == pytest.approx(1.0)
    assert value.low is not None
    assert value.low > 0.7
    assert value.reason == "heuristic; 4 rows without a label left out"
    nothing = Table(("bin", "label"), {(b, y): 25 for b in "ab" for y in (0, 1)})
    assert leakage.label_uncertainty_coefficient(nothing).value == pytest.approx(0.0, abs=1e-12)
    three = Table(("bin", "label"), {("a", "x"): 5, ("b", "y"): 5, ("c", "z"): 5})
    assert leakage.label_uncertainty_coefficient(three).value == pytest.approx(1.0)


def test_the_direction_of_a_feature_does_not_matter() -> None:
    up = Table(("bin", "label"), {("0", 0): 9, ("0", 1): 1, ("2", 1): 9, ("10", 0): 1})
    down = Table(("bin", "label"), {(b, 1 - y): n for (b, y), n in up.counts.items()})  # type: ignore[operator]
    one, other = (leakage.single_feature_roc_auc(t, Ordered.zero()) for t in (up, down))
    assert one.value == pytest.approx(other.value)
    assert (one.low, one.high) == pytest.approx((other.low, other.high))
    assert one.detail != other.detail


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abc"), st.floats(-100, 100)), min_size=4, max_size=40))
def test_the_correlation_ratio_is_its_definition(rows: list[tuple[str, float]]) -> None:
    y = np.array([v for _, v in rows])
    bins: dict[str | None, Moments] = {}
    for name in {b for b, _ in rows}:
        part = np.array([v for b, v in rows if b == name])
        bins[name] = Moments(len(part), 0, {"value": part.mean()}, {"value": float(((part - part.mean()) ** 2).sum())})
    value = leakage.label_correlation_ratio(Averaged(None, bins))
    total = float(((y - y.mean()) ** 2).sum())
    assume(total == 0 or total > 1e-6)
    if total == 0:
        assert value.value is None
        return
    within = sum(m.m2s["value"] for m in bins.values())
    assert value.value == pytest.approx(1 - within / total, abs=1e-6)
    assert value.low is not None
    assert value.high is not None
    assert 0 <= value.low <= value.value + 1e-9
    assert value.value <= value.high + 1e-9 <= 1 + 1e-9


# --- ids ------------------------------------------------------------------------------------------------------------


def test_shares_of_ids() -> None:
    state = Overlapped(10, 4, 5)
    assert leakage.repeated_id_share(state).value == 0.4
    value = leakage.reference_id_share(state)
    assert (value.value, value.low, value.high) == (0.5, *wilson(5, 10))
    assert leakage.reference_id_share(Overlapped(10, 4, None)).reason == "there is no reference: add data.reference"
    assert leakage.repeated_id_share(Overlapped()).reason == "no row has an id"


# --- end to end -----------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_an_assessment_measures_all_of_it() -> None:
    import pandas as pd

    rng = np.random.default_rng(0)
    n = 400
    x = rng.normal(size=n)
    frame = pd.DataFrame({"id": range(n), "x": x, "age": rng.integers(0, 100, n), "sex": ["F", "M"] * (n // 2)})
    frame["score"] = 1 / (1 + np.exp(-x))
    frame["prediction"] = (frame.score >= 0.5).astype(int)
    frame["label"] = (x + rng.normal(0, 0.1, n) > 0).astype(int)
    frame["leak"] = np.where(frame.label == 1, "paid", "late")
    frame.loc[0, "age"] = 130
    evidence = assess(
        frame,
        reference=frame.iloc[: n // 4],
        **{role: role for role in ("label", "prediction", "score", "id")},
        sensitive=["sex"],
        plugins={
            "guardrails": {
                "bounds": {"age": [0, 120], "sex": [0, 1], "aeg": [0, 1]},
                "monotone": {"x": "increasing", "age": "decreasing"},
            }
        },
        verify=True,
    )
    found = {
        (m.metric.partition(".")[2], m.column): m
        for m in evidence.measurements
        if m.provider == "guardrails" and m.window == "current" and not m.cohort
    }
    assert found["out_of_bounds_share", "age"].value == 1 / n
    assert found["out_of_bounds_share", "sex"].reason == "column 'sex' is categorical, not numeric"
    assert found["out_of_bounds_share", "aeg"].reason == "column 'aeg' does not exist or has no role"
    assert found["monotonicity_violation", "x"].value == 0.0
    assert found["reference_id_share", "id"].value == 0.25
    assert found["repeated_id_share", "id"].value == 0.0
    assert found["label_uncertainty_coefficient", "leak"].value == pytest.approx(1.0)
    area = found["single_feature_roc_auc", "x"].value
    assert area is not None
    assert area > 0.95
    assert ("single_feature_roc_auc", "leak") not in found, "categories have no order"
    near = found["near_threshold_share", None]
    assert near.value == pytest.approx(float(((frame.score - near.detail["threshold"]).abs() < 0.05).mean()), abs=0.01)
    assert [m for m in evidence.measurements if m.provider == "guardrails" and m.status == "error"] == []
