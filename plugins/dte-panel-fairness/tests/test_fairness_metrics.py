"""The numbers against Fairlearn: by hand, on real data, and on awkward data."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import fairlearn.metrics as fm
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, precision_score

import dte_panel
from dte_panel.model import Comparison, Value
from dte_panel.states import Table
from dte_panel_fairness import dte_metrics
from dte_panel_fairness import metrics as ours

DEMO = Path(dte_panel.__file__).parent / "data" / "demo" / "acs-employment" / "current.parquet"
THEIRS = {
    "count": fm.count,
    "selection_rate": fm.selection_rate,
    "true_positive_rate": fm.true_positive_rate,
    "false_positive_rate": fm.false_positive_rate,
    "true_negative_rate": fm.true_negative_rate,
    "false_negative_rate": fm.false_negative_rate,
    "precision": lambda y, p: precision_score(y, p, zero_division=0),
    "accuracy": accuracy_score,
}
THEIR_GAPS = {
    "demographic_parity_difference": fm.demographic_parity_difference,
    "demographic_parity_ratio": fm.demographic_parity_ratio,
    "equal_opportunity_difference": fm.equal_opportunity_difference,
    "equal_opportunity_ratio": fm.equal_opportunity_ratio,
    "equalized_odds_difference": fm.equalized_odds_difference,
    "equalized_odds_ratio": fm.equalized_odds_ratio,
    "false_positive_rate_difference": fm.false_positive_rate_difference,
    "accuracy_difference": fm.accuracy_score_difference,
}


def table(labels, predictions) -> Table:
    return Table(("label", "prediction"), Counter(zip(labels, predictions, strict=True)))


def measure(metric, state: Table) -> Value:
    """What the conductor does: collapse to the columns that the metric asks for, then finish."""
    columns = metric.reductions[0].columns
    at = [state.columns.index(c) for c in columns]
    counts: Counter = Counter()
    for key, n in state.counts.items():
        counts[tuple(key[i] for i in at)] += n
    return metric.finish(Table(columns, counts))


def gap(comparison: Comparison, groups: dict[str, Table]) -> Value:
    return comparison.finish(
        {m.id: [({"group": name}, measure(m, state)) for name, state in groups.items()] for m in comparison.of}
    )


def by_group(labels, predictions, groups) -> dict[str, Table]:
    rows = pd.DataFrame({"y": labels, "p": predictions, "g": groups})
    return {name: table(part.y.tolist(), part.p.tolist()) for name, part in rows.groupby("g")}


def theirs(labels, predictions, groups):
    return fm.MetricFrame(metrics=THEIRS, y_true=labels, y_pred=predictions, sensitive_features=groups)


def their_gaps(frame) -> dict[str, float]:
    """The same gaps from one MetricFrame; their functions by name build a frame each, which takes long."""
    difference, ratio = frame.difference(), frame.ratio()
    odds = ["true_positive_rate", "false_positive_rate"]
    return {
        "demographic_parity_difference": difference["selection_rate"],
        "demographic_parity_ratio": ratio["selection_rate"],
        "equal_opportunity_difference": difference["true_positive_rate"],
        "equal_opportunity_ratio": ratio["true_positive_rate"],
        "false_positive_rate_difference": difference["false_positive_rate"],
        "equalized_odds_difference": max(difference[odds]),
        "equalized_odds_ratio": min(ratio[odds]),
        "accuracy_difference": difference["accuracy"],
    }


def same(a: float, b: float) -> bool:
    return a == pytest.approx(b, abs=1e-12)


def test_by_hand():
    state = table([1] * 10 + [0] * 5, [1] * 8 + [0] * 2 + [1] + [0] * 4)
    values = {m.id: measure(m, state) for m in ours.RATES}
    assert {k: v.value for k, v in values.items()} == {
        "count": 15,
        "selection_rate": 9 / 15,
        "true_positive_rate": 8 / 10,
        "false_positive_rate": 1 / 5,
        "true_negative_rate": 4 / 5,
        "false_negative_rate": 2 / 10,
        "precision": 8 / 9,
        "accuracy": 12 / 15,
    }
    # Each rate rests on its own denominator.
    assert {k: v.n for k, v in values.items() if k.endswith("positive_rate")} == {
        "true_positive_rate": 10,
        "false_positive_rate": 5,
    }
    assert (values["true_positive_rate"].low, values["true_positive_rate"].high) == pytest.approx(
        (0.4902, 0.9433), abs=1e-4
    )


def test_gaps_by_hand_name_both_groups():
    groups = {
        "a": table([1] * 10 + [0] * 10, [1] * 9 + [0] + [1] * 2 + [0] * 8),
        "b": table([1] * 10 + [0] * 10, [1] * 6 + [0] * 4 + [1] * 3 + [0] * 7),
    }
    difference = gap(ours.equal_opportunity_difference, groups)
    assert difference.value == pytest.approx(0.3)
    assert list(difference.groups) == [{"group": "b"}, {"group": "a"}]
    assert difference.low < 0.3 < difference.high
    assert gap(ours.equalized_odds_difference, groups).value == pytest.approx(0.3)
    assert gap(ours.equalized_odds_ratio, groups).value == pytest.approx(6 / 9)
    assert gap(ours.demographic_parity_ratio, groups).value == pytest.approx(9 / 11)


rows = st.lists(
    st.tuples(st.sampled_from([0, 1]), st.sampled_from([0, 1]), st.sampled_from("abc")), min_size=1, max_size=40
)


@settings(max_examples=10, deadline=None)
@given(rows)
def test_rates_equal_fairlearn_except_one_class_groups(sample):
    labels, predictions, groups = (list(part) for part in zip(*sample, strict=True))
    frame = theirs(labels, predictions, groups)
    for name, state in by_group(labels, predictions, groups).items():
        for metric in ours.RATES:
            value, expected = measure(metric, state), frame.by_group.loc[name, metric.id]
            if value.value is None:
                assert expected == 0, "Fairlearn says 0 where no row could tell"
                assert value.reason.startswith("no rows with")
                assert value.n == 0
            else:
                assert same(value.value, expected)
    everything = table(labels, predictions)
    for metric in ours.RATES:
        value = measure(metric, everything).value
        assert value is None or same(value, frame.overall[metric.id])


@settings(max_examples=10, deadline=None)
@given(rows)
def test_gaps_equal_fairlearn_on_the_groups_that_have_a_value(sample):
    labels, predictions, groups = (np.array(part) for part in zip(*sample, strict=True))
    states = by_group(labels, predictions, groups)
    frames: dict[bytes, dict[str, float]] = {}
    for comparison in ours.GAPS:
        value = gap(comparison, states)
        undefined = {g for g, s in states.items() for m in comparison.of if measure(m, s).value is None}
        if value.value is None:
            assert value.reason
            continue
        low, high = comparison.range
        assert low <= value.low <= value.value + 1e-12
        assert value.value - 1e-12 <= value.high <= high
        if len(comparison.of) == 1:
            keep = ~np.isin(groups, list(undefined))
            assert all(g in value.reason for g in undefined)
        elif undefined:
            continue  # a group may be left out of one rate and not of the other: see the test below
        else:
            keep = np.full(len(groups), True)
        key = keep.tobytes()
        if key not in frames:
            frames[key] = their_gaps(theirs(labels[keep], predictions[keep], groups[keep]))
        expected = frames[key][comparison.id]
        if np.isnan(expected):
            assert measured_everywhere_zero(states, ours.true_positive_rate)
        else:
            assert same(value.value, expected)


def measured_everywhere_zero(states, metric) -> bool:
    return all(measure(metric, s).value == 0 for s in states.values())


def test_equalized_odds_need_both_rates():
    groups = {"a": table([1, 1, 0, 0], [1, 0, 1, 0]), "b": table([0, 0, 0], [0, 1, 1])}
    value = gap(ours.equalized_odds_difference, groups)
    # Group b has no positive rows: its true positive rate, and so the worse of the two gaps, is not known.
    assert value.value is None
    assert "Equal opportunity difference: 2 groups, 1 with a value" in value.reason
    labels, predictions = [1, 1, 0, 0, 0, 0, 0], [1, 0, 1, 0, 0, 1, 1]
    assert fm.equalized_odds_difference(labels, predictions, sensitive_features=list("aaaabbb")) == 0.5


def test_a_rate_that_is_0_everywhere_shows_no_gap_and_no_certainty():
    labels, predictions, names = [0, 0, 1, 1, 0, 1], [0, 0, 1, 0, 0, 1], list("aaabbb")
    states = by_group(labels, predictions, names)
    value = gap(ours.equalized_odds_ratio, states)
    assert value.value == fm.equalized_odds_ratio(labels, predictions, sensitive_features=names) == 0.5
    assert value.low == 0.0
    assert "False positive rate ratio: the rate is 0 in every group" in value.reason
    nobody = by_group(labels, [0] * 6, names)
    assert gap(ours.demographic_parity_ratio, nobody).value is None
    assert np.isnan(fm.demographic_parity_ratio(labels, [0] * 6, sensitive_features=names))


def test_missing_values_are_left_out_and_counted():
    state = table([1, 1, None, 0, 1], [1, None, 1, 0, 1])
    assert measure(ours.count, state).value == 5
    assert measure(ours.selection_rate, state).value == 3 / 4
    recall = measure(ours.true_positive_rate, state)
    assert (recall.value, recall.n) == (1.0, 2)
    assert recall.reason == "2 rows with a missing label or prediction left out"
    accuracy = measure(ours.accuracy, state)
    assert (accuracy.value, accuracy.n) == (1.0, 3)
    assert accuracy.reason == "2 rows with a missing label or prediction left out"
    # No interval of three rows that are all right says "certain".
    assert accuracy.low < 0.5


def test_nothing_at_all_is_undefined():
    empty = table([], [])
    assert {m.id: measure(m, empty).value for m in ours.RATES} == {m.id: None for m in ours.RATES} | {"count": 0}
    for comparison in ours.GAPS:
        value = gap(comparison, {"a": table([1, 0], [1, 0])})
        assert value.value is None
        assert "1 group, 1 with a value; a gap needs two" in value.reason


@pytest.fixture(scope="module")
def people() -> pd.DataFrame:
    return pd.read_parquet(DEMO, columns=["sex", "race", "disability", "employed", "prediction", "year"])


def test_real_people(people):
    year = people[people.year == 2017].iloc[:8_000]
    frame = theirs(year.employed, year.prediction, year.race)
    states, gaps = by_group(year.employed, year.prediction, year.race), their_gaps(frame)
    assert len(states) > 6
    for name, state in states.items():
        for metric in ours.RATES:
            assert same(measure(metric, state).value, frame.by_group.loc[name, metric.id])
    for comparison in ours.GAPS:
        value = gap(comparison, states)
        assert same(value.value, gaps[comparison.id])
        assert value.low <= value.value <= value.high


def test_gaps_by_their_name_in_fairlearn(people):
    year = people[people.year == 2017].iloc[:2_000]
    states = by_group(year.employed, year.prediction, year.disability)
    for comparison in ours.GAPS:
        expected = THEIR_GAPS[comparison.id](year.employed, year.prediction, sensitive_features=year.disability)
        assert same(gap(comparison, states).value, expected)


def test_every_metric_is_described():
    ids = [m.id for m in dte_metrics()]
    assert len(ids) == len(set(ids)) == 16
    for metric in dte_metrics():
        assert metric.definition.endswith((".", ")."))
        assert metric.formula
        assert metric.source
        assert metric.range[0] == 0
        assert metric.unit
        assert not {"fair", "unbiased", "safe"} & set(metric.definition.lower().split())
    assert all(m.tasks == ("binary",) for m in dte_metrics() if m.id != "count")
    assert all(m.interval for m in dte_metrics() if m.id != "count")
