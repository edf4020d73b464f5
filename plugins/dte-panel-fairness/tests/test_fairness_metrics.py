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
from sklearn.metrics import accuracy_score, balanced_accuracy_score, f1_score, precision_score

import dte_panel
from dte_panel.model import Comparison, Value
from dte_panel.states import Table
from dte_panel_fairness import dte_metrics, rates
from dte_panel_fairness.gaps import GAPS
from dte_panel_fairness.rates import RATES

DEMO = Path(dte_panel.__file__).parent / "data" / "demo" / "acs-employment" / "current.parquet"
COMPARED = {gap.id: gap for gap in GAPS}


def errors(y, p):
    misses, alarms = ((np.array(y) == c) & (np.array(p) != c) for c in (1, 0))
    return misses.sum() / alarms.sum() if alarms.sum() else 0.0


THEIRS = {
    "count": fm.count,
    "base_rate": lambda y, p: fm.mean_prediction(y, y),
    "selection_rate": fm.selection_rate,
    "true_positive_rate": fm.true_positive_rate,
    "false_positive_rate": fm.false_positive_rate,
    "true_negative_rate": fm.true_negative_rate,
    "false_negative_rate": fm.false_negative_rate,
    "precision": lambda y, p: precision_score(y, p, zero_division=0),
    "negative_predictive_value": lambda y, p: precision_score(y, p, pos_label=0, zero_division=0),
    "false_discovery_rate": lambda y, p: 1 - precision_score(y, p, zero_division=1),
    "false_omission_rate": lambda y, p: 1 - precision_score(y, p, pos_label=0, zero_division=1),
    "accuracy": accuracy_score,
    "balanced_accuracy": lambda y, p: balanced_accuracy_score(y, p) if len(set(y)) > 1 else 0.0,
    "f1_score": lambda y, p: f1_score(y, p, zero_division=0),
    "false_negatives_per_false_positive": errors,
}
#: The metric whose gap has a name of its own.
NAMES = {
    "demographic_parity": "selection_rate",
    "equal_opportunity": "true_positive_rate",
    "predictive_parity": "precision",
    "treatment_equality": "false_negatives_per_false_positive",
}


def table(labels, predictions) -> Table:
    return Table(("label", "prediction"), Counter(zip(labels, predictions, strict=True)))


def measure(metric, state: Table) -> Value:
    """What the conductor does: collapse to the columns that the metric asks for, then finish."""
    return metric.finish(collapsed(metric, state))


def collapsed(metric, state: Table) -> Table:
    columns = metric.reductions[0].columns
    at = [state.columns.index(c) for c in columns]
    counts: Counter = Counter()
    for key, n in state.counts.items():
        counts[tuple(key[i] for i in at)] += n
    return Table(columns, counts)


def gap(comparison: Comparison | str, groups: dict[str, Table]) -> Value:
    comparison = COMPARED[comparison] if isinstance(comparison, str) else comparison
    made = {m.id: [({"group": name}, measure(m, state)) for name, state in groups.items()] for m in comparison.of}
    if not comparison.overall:
        return comparison.finish(made)
    every = Table(("label", "prediction"), sum((Counter(s.counts) for s in groups.values()), Counter()))
    return comparison.finish(made, {m.id: measure(m, every) for m in comparison.of})


def by_group(labels, predictions, groups) -> dict[str, Table]:
    rows = pd.DataFrame({"y": labels, "p": predictions, "g": groups})
    return {name: table(part.y.tolist(), part.p.tolist()) for name, part in rows.groupby("g")}


def theirs(labels, predictions, groups):
    return fm.MetricFrame(metrics=THEIRS, y_true=labels, y_pred=predictions, sensitive_features=groups)


def their_gap(frame, id: str, leave_out=()) -> float:
    """The same gap from one MetricFrame; their functions by name build a frame each, which takes long."""
    stem, method = (id.removesuffix("_to_overall"), "to_overall") if id.endswith("_to_overall") else (id, "between")
    stem, _, kind = stem.rpartition("_")
    if stem == "equalized_odds":
        both = [
            their_gap(frame, id.replace(stem, part), leave_out) for part in ("equal_opportunity", "false_positive_rate")
        ]
        return max(both) if kind == "difference" else np.nanmin(both)
    if stem == "average_absolute_odds":
        return sum(their_gap(frame, f"{p}_difference") for p in ("equal_opportunity", "false_positive_rate")) / 2
    if stem == "average_odds":
        means = (frame.by_group["true_positive_rate"] + frame.by_group["false_positive_rate"]) / 2
        return means.max() - means.min()
    values = frame.by_group[NAMES.get(stem, stem)].drop(list(leave_out))
    every = frame.overall[NAMES.get(stem, stem)]
    with np.errstate(all="ignore"):
        if method == "to_overall":
            away = np.abs(values - every) if kind == "difference" else np.minimum(values / every, every / values)
            made = away.max() if kind == "difference" else away.min()
        else:
            made = values.max() - values.min() if kind == "difference" else np.divide(values.min(), values.max())
    if not len(leave_out):
        whole = getattr(frame, kind)(method="to_overall" if method == "to_overall" else "between_groups")
        assert np.isclose(made, whole[NAMES.get(stem, stem)], atol=1e-12, equal_nan=True)
    return made


def same(a: float, b: float) -> bool:
    return a == pytest.approx(b, abs=1e-12)


def test_by_hand():
    state = table([1] * 10 + [0] * 5, [1] * 8 + [0] * 2 + [1] + [0] * 4)
    values = {m.id: measure(m, state) for m in RATES}
    assert {k: v.value for k, v in values.items()} == pytest.approx(
        {
            "count": 15,
            "base_rate": 10 / 15,
            "selection_rate": 9 / 15,
            "true_positive_rate": 8 / 10,
            "false_positive_rate": 1 / 5,
            "true_negative_rate": 4 / 5,
            "false_negative_rate": 2 / 10,
            "precision": 8 / 9,
            "negative_predictive_value": 4 / 6,
            "false_discovery_rate": 1 / 9,
            "false_omission_rate": 2 / 6,
            "accuracy": 12 / 15,
            "balanced_accuracy": 4 / 5,
            "f1_score": 16 / 19,
            "false_negatives_per_false_positive": 2,
        }
    )
    assert {k: v.n for k, v in values.items() if k in ("f1_score", "false_negatives_per_false_positive")} == {
        "f1_score": 11,
        "false_negatives_per_false_positive": 3,
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
    difference = gap("equal_opportunity_difference", groups)
    assert difference.value == pytest.approx(0.3)
    assert list(difference.groups) == [{"group": "b"}, {"group": "a"}]
    assert difference.low < 0.3 < difference.high
    assert gap("equalized_odds_difference", groups).value == pytest.approx(0.3)
    assert gap("equalized_odds_ratio", groups).value == pytest.approx(6 / 9)
    assert gap("demographic_parity_ratio", groups).value == pytest.approx(9 / 11)


rows = st.lists(
    st.tuples(st.sampled_from([0, 1]), st.sampled_from([0, 1]), st.sampled_from("abc")), min_size=2, max_size=40
)


@settings(max_examples=5, deadline=None)
@given(rows)
def test_rates_equal_fairlearn_except_one_class_groups(sample):
    labels, predictions, groups = (list(part) for part in zip(*sample, strict=True))
    frame = theirs(labels, predictions, groups)
    for name, state in by_group(labels, predictions, groups).items():
        for metric in RATES:
            value, expected = measure(metric, state), frame.by_group.loc[name, metric.id]
            if value.value is None:
                assert expected == 0, "the libraries say 0 where no row could tell"
                assert value.reason.startswith("no ")
            else:
                assert same(value.value, expected)
    everything = table(labels, predictions)
    for metric in RATES:
        value = measure(metric, everything).value
        assert value is None or same(value, frame.overall[metric.id])


@settings(max_examples=5, deadline=None)
@given(rows)
def test_gaps_equal_fairlearn_on_the_groups_that_have_a_value(sample):
    labels, predictions, groups = (np.array(part) for part in zip(*sample, strict=True))
    states = by_group(labels, predictions, groups)
    frame = theirs(labels, predictions, groups)
    for comparison in GAPS:
        value = gap(comparison, states)
        if value.value is None:
            assert value.reason
            continue
        low, high = comparison.range
        assert value.low is None or low <= value.low <= value.value + 1e-12
        assert value.high is None or value.value - 1e-12 <= value.high <= (high or np.inf)
        undefined = {g for g, s in states.items() for m in comparison.of if measure(m, s).value is None}
        if len(comparison.of) == 1 and not comparison.id.startswith("average"):
            assert all(g in value.reason for g in undefined)
        elif undefined:
            continue  # a group may be left out of one rate and not of the other: see the test below
        expected = their_gap(frame, comparison.id, undefined)
        assert same(value.value, expected), comparison.id


def test_equalized_odds_need_both_rates():
    groups = {"a": table([1, 1, 0, 0], [1, 0, 1, 0]), "b": table([0, 0, 0], [0, 1, 1])}
    value = gap("equalized_odds_difference", groups)
    # Group b has no positive rows: its true positive rate, and so the worse of the two gaps, is not known.
    assert value.value is None
    assert "Equal opportunity difference: 2 groups, 1 with a value" in value.reason
    labels, predictions = [1, 1, 0, 0, 0, 0, 0], [1, 0, 1, 0, 0, 1, 1]
    assert fm.equalized_odds_difference(labels, predictions, sensitive_features=list("aaaabbb")) == 0.5


def test_a_rate_that_is_0_everywhere_shows_no_gap_and_no_certainty():
    labels, predictions, names = [0, 0, 1, 1, 0, 1], [0, 0, 1, 0, 0, 1], list("aaabbb")
    states = by_group(labels, predictions, names)
    value = gap("equalized_odds_ratio", states)
    assert value.value == fm.equalized_odds_ratio(labels, predictions, sensitive_features=names) == 0.5
    assert value.low == 0.0
    assert "False positive rate ratio: the rate is 0 in every group" in value.reason
    nobody = by_group(labels, [0] * 6, names)
    assert gap("demographic_parity_ratio", nobody).value is None
    assert np.isnan(fm.demographic_parity_ratio(labels, [0] * 6, sensitive_features=names))


def test_missing_values_are_left_out_and_counted():
    state = table([1, 1, None, 0, 1], [1, None, 1, 0, 1])
    assert measure(rates.count, state).value == 5
    assert measure(rates.selection_rate, state).value == 3 / 4
    recall = measure(rates.true_positive_rate, state)
    assert (recall.value, recall.n) == (1.0, 2)
    assert recall.reason == "2 rows with a missing label or prediction left out"
    accuracy = measure(rates.accuracy, state)
    assert (accuracy.value, accuracy.n) == (1.0, 3)
    assert accuracy.reason == "2 rows with a missing label or prediction left out"
    # No interval of three rows that are all right says "certain".
    assert accuracy.low < 0.5


def test_nothing_at_all_is_undefined():
    empty = table([], [])
    assert {m.id: measure(m, empty).value for m in RATES} == {m.id: None for m in RATES} | {"count": 0}
    for comparison in GAPS:
        value = gap(comparison, {"a": table([1, 0, 0], [1, 0, 1])})
        assert value.value is None
        assert "1 group, 1 with a value; a gap needs two" in value.reason


@pytest.fixture(scope="module")
def people() -> pd.DataFrame:
    return pd.read_parquet(DEMO, columns=["sex", "race", "disability", "employed", "prediction", "year"])


def test_real_people(people):
    year = people[people.year == 2017].iloc[:8_000]
    frame = theirs(year.employed, year.prediction, year.race)
    states = by_group(year.employed, year.prediction, year.race)
    assert len(states) > 6
    undefined = {m.id: {g for g, s in states.items() if measure(m, s).value is None} for m in RATES}
    for metric in RATES:
        for name in set(states) - undefined[metric.id]:
            assert same(measure(metric, states[name]).value, frame.by_group.loc[name, metric.id])
    for comparison in GAPS:
        value = gap(comparison, states)
        leave_out = set().union(*(undefined.get(m.id, ()) for m in comparison.of))
        assert same(value.value, their_gap(frame, comparison.id, leave_out)), comparison.id
        assert value.low <= value.value <= value.high


#: Gaps that Fairlearn has a function of that name for.
BY_NAME = [gap.id for gap in GAPS if hasattr(fm, gap.id)]


def test_gaps_by_their_name_in_fairlearn(people):
    year = people[people.year == 2017].iloc[:2_000]
    states = by_group(year.employed, year.prediction, year.disability)
    assert len(BY_NAME) > 10
    for name in BY_NAME:
        function = getattr(fm, name)
        for end, method in (("", "between_groups"), ("_to_overall", "to_overall")):
            expected = function(year.employed, year.prediction, sensitive_features=year.disability, method=method)
            assert same(gap(name + end, states).value, expected), name
    accuracy = fm.accuracy_score_difference(year.employed, year.prediction, sensitive_features=year.disability)
    assert same(gap("accuracy_difference", states).value, accuracy)
    mean = fm.equalized_odds_difference(year.employed, year.prediction, sensitive_features=year.disability, agg="mean")
    assert same(gap("average_absolute_odds_difference", states).value, mean)


def test_average_odds_may_cancel_and_absolute_ones_may_not():
    groups = {
        "a": table([1] * 10 + [0] * 10, [1] * 8 + [0] * 2 + [1] * 2 + [0] * 8),
        "b": table([1] * 10 + [0] * 10, [1] * 6 + [0] * 4 + [1] * 4 + [0] * 6),
    }
    # AIF360: ½ ((0.2 - 0.4) + (0.8 - 0.6)) = 0, and ½ (0.2 + 0.2).
    assert gap("average_odds_difference", groups).value == pytest.approx(0.0)
    assert gap("average_absolute_odds_difference", groups).value == pytest.approx(0.2)


def test_each_second_opinion_agrees_and_none_is_given_without_need(people):
    year = people[people.year == 2017].iloc[:3_000]
    states = by_group(year.employed, year.prediction, year.disability)
    # One table of each kind, as the engine has them.
    cut = {m.reductions[0]: {n: collapsed(m, s) for n, s in states.items()} for m in RATES}
    silent = set()
    for metric in [*RATES, *GAPS]:
        if isinstance(metric.second, str):
            silent.add(metric.id)
        elif metric in RATES:
            for state in cut[metric.reductions[0]].values():
                assert same(metric.second.compute(state), metric.finish(state).value)
        else:
            groups = {m.id: [({"group": n}, (s,)) for n, s in cut[m.reductions[0]].items()] for m in metric.of}
            assert same(metric.second.compute(groups), gap(metric, states).value), metric.id
    assert silent == {"count"}


def test_a_second_opinion_leaves_out_the_groups_that_we_leave_out():
    states = {"a": table([1, 0, 1], [1, 0, 0]), "b": table([0, 0], [0, 1]), "c": table([1, 1, 0], [1, 1, 0])}
    recall = COMPARED["equal_opportunity_difference"]
    groups = {"true_positive_rate": [({"group": n}, (s,)) for n, s in states.items()]}
    assert recall.second.compute(groups) == gap(recall, states).value == 0.5
    both = {m.id: groups["true_positive_rate"] for m in COMPARED["equalized_odds_difference"].of}
    assert COMPARED["equalized_odds_difference"].second.compute(both) is None


def test_every_metric_is_described():
    ids = [m.id for m in dte_metrics(None)]
    assert len(ids) == len(set(ids)) > 70
    for metric in dte_metrics(None):
        assert metric.definition.endswith((".", ")."))
        assert metric.formula
        assert metric.source
        assert metric.unit or metric.range != (None, None)
        assert not {"fair", "unbiased", "safe"} & set(metric.definition.lower().split())
    assert all(m.interval for m in dte_metrics(None) if m.id != "count")
