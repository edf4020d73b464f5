"""The numbers against scikit-learn: on real data, and on awkward data."""

from __future__ import annotations

import math
import warnings
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import sklearn.metrics as sk
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import dte_panel
from dte_panel.states import Moments, Scored, Table
from dte_panel_performance import CHANGES, dte_metrics
from dte_panel_performance.decisions import DECISIONS
from dte_panel_performance.errors import ERRORS
from dte_panel_performance.scores import SCORES

DEMO = Path(dte_panel.__file__).parent / "data" / "demo"
METRICS = {m.id: m for m in dte_metrics(None)}


def table(labels, predictions) -> Table:
    return Table(("label", "prediction"), Counter(zip(labels, predictions, strict=True)))


def scored(labels, scores) -> Scored:
    return Scored.of(np.asarray(scores, dtype=float), np.asarray(labels, dtype=float))


def moments(labels, predictions) -> Moments:
    y, p = np.asarray(labels, dtype=float), np.asarray(predictions, dtype=float)
    keep = ~(np.isnan(y) | np.isnan(p))
    y, p = y[keep], p[keep]
    parts = {"label": y, "absolute": np.abs(y - p), "squared": (y - p) * (y - p), "squared_3": (y - p) ** 6}
    parts |= {f"label_{power}": y**power for power in (2, 3, 4)}
    parts |= {"squared_label": (y - p) ** 2 * y, "squared_label_2": (y - p) ** 2 * y * y}
    if not len(y):
        return Moments(0, int((~keep).sum()))
    means = {name: float(part.mean()) for name, part in parts.items()}
    m2s = {name: float(((part - part.mean()) ** 2).sum()) for name, part in parts.items()}
    return Moments(len(y), int((~keep).sum()), means, m2s)


ENDS = (-math.inf, math.inf)


def value(name, state):
    made = METRICS[name].finish(*[state] * len(METRICS[name].reductions))
    inside(METRICS[name], made)
    return made


def inside(metric, made) -> None:
    """The value and its interval lie within the range, and the value within the interval."""
    if made.value is None:
        assert made.reason
        return
    smallest, largest = (end if end is not None else bound for end, bound in zip(metric.range, ENDS, strict=True))
    low, high = made.low if made.low is not None else made.value, made.high if made.high is not None else made.value
    assert smallest - 1e-12 <= low <= made.value + 1e-9 * max(1, abs(made.value))
    assert made.value - 1e-9 * max(1, abs(made.value)) <= high <= largest + 1e-12


def same(ours: float, theirs: float) -> bool:
    return ours == pytest.approx(theirs, rel=1e-12, abs=1e-12)


def quietly(function, *arguments, **keywords):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return function(*arguments, **keywords)


BINARY = {
    "accuracy": sk.accuracy_score,
    "balanced_accuracy": sk.balanced_accuracy_score,
    "precision": sk.precision_score,
    "recall": sk.recall_score,
    "f1": sk.f1_score,
    "matthews_correlation_coefficient": sk.matthews_corrcoef,
}
PROBABILITIES = {"log_loss": lambda y, s: sk.log_loss(y, s, labels=[0, 1]), "brier_score": sk.brier_score_loss}

# ---------------------------------------------------------------- decisions

bits = st.lists(st.tuples(st.sampled_from([0, 1]), st.sampled_from([0, 1])), min_size=1, max_size=60)


@settings(max_examples=40, deadline=None)
@given(bits)
def test_decisions_equal_scikit_learn_or_are_undefined_where_it_guesses(rows):
    labels, predictions = zip(*rows, strict=True)
    state = table(labels, predictions)
    for name, theirs in BINARY.items():
        made, expected = value(name, state), quietly(theirs, labels, predictions)
        if made.value is not None:
            assert same(made.value, expected)
        elif name == "balanced_accuracy":
            assert len(set(labels)) == 1
        else:
            assert expected == 0


def test_undefined_is_not_0():
    nothing_found = table([0, 0, 0], [0, 0, 0])
    reasons = {name: value(name, nothing_found).reason for name in BINARY}
    assert reasons == {
        "accuracy": None,
        "balanced_accuracy": "all labels are equal",
        "precision": "no rows with prediction 1",
        "recall": "no rows with label 1",
        "f1": "no rows with label 1 or prediction 1",
        "matthews_correlation_coefficient": "all labels are equal",
    }
    assert quietly(sk.matthews_corrcoef, [0, 0, 0], [0, 0, 0]) == 0
    assert quietly(sk.recall_score, [0, 0, 0], [0, 0, 0]) == 0
    assert quietly(sk.balanced_accuracy_score, [0, 0, 0], [0, 0, 0]) == 1
    assert value("matthews_correlation_coefficient", table([0, 1], [1, 1])).reason == "all predictions are equal"
    assert all(METRICS[name].finish(table([], [])).value is None for name in BINARY)


words = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abcd")), min_size=1, max_size=40)


@settings(max_examples=25, deadline=None)
@given(words)
def test_many_classes_equal_scikit_learn(rows):
    labels, predictions = zip(*rows, strict=True)
    state = table(labels, predictions)
    for name in ("accuracy", "balanced_accuracy", "matthews_correlation_coefficient"):
        made = value(name, state)
        if made.value is not None:
            assert same(made.value, quietly(BINARY[name], labels, predictions))
        else:
            assert len(set(labels)) == 1 or len(set(predictions)) == 1


@pytest.mark.parametrize("name", ["f1", "matthews_correlation_coefficient", "balanced_accuracy", "recall"])
def test_four_right_rows_are_not_certain(name):
    few, many = table([1, 1, 0, 0], [1, 1, 0, 0]), table([1, 0] * 2000, [1, 0] * 2000)
    made, sure = value(name, few), value(name, many)
    assert made.value == sure.value == pytest.approx(1)
    assert made.low < 0.7
    assert sure.low > 0.98


def test_missing_rows_are_left_out_and_counted():
    state = table([1, 1, None, 0, 0], [1, 0, 1, None, 0])
    for name, theirs in BINARY.items():
        made = value(name, state)

        assert made.reason == "2 rows with a missing label or prediction left out" or name in {"recall", "precision"}
        assert "2 rows with a missing" in made.reason
        assert same(made.value, theirs([1, 1, 0], [1, 0, 0]))


def test_interval_of_f1_covers():
    """Of 400 samples of 25 rows about 95 % of the intervals hold the F1 of the population."""
    rng = np.random.default_rng(3)
    shares = np.array([[0.55, 0.05], [0.1, 0.3]])
    truth = 2 * 0.3 / (2 * 0.3 + 0.15)
    hits = 0
    for counts in rng.multinomial(25, shares.ravel(), size=400):
        cells = dict(zip([(0, 0), (0, 1), (1, 0), (1, 1)], counts.tolist(), strict=True))
        made = METRICS["f1"].finish(Table(("label", "prediction"), cells))
        hits += made.low <= truth <= made.high
    assert 0.92 < hits / 400 < 0.995


# ---------------------------------------------------------------- scores

values = st.one_of(st.sampled_from([0.0, 0.1, 0.3, 0.5, 0.7, 1.0]), st.floats(0, 1))
score_rows = st.lists(st.tuples(st.sampled_from([0, 1]), values), min_size=1, max_size=60)


@settings(max_examples=40, deadline=None)
@given(score_rows)
def test_scores_equal_scikit_learn(rows):
    labels, scores = (np.array(part, dtype=float) for part in zip(*rows, strict=True))
    state = scored(labels, scores)
    auc = value("roc_auc", state)
    if len(set(labels)) == 2:
        assert same(auc.value, sk.roc_auc_score(labels, scores))
    else:
        assert auc.value is None
        assert auc.reason in {"only label 0", "only label 1"}
    assert same(value("brier_score", state).value, float(np.mean((scores - labels) ** 2)))
    assert same(value("log_loss", state).value, quietly(PROBABILITIES["log_loss"], labels, scores))
    assert same(value("expected_calibration_error", state).value, calibration_error(labels, scores))


def calibration_error(labels, scores) -> float:
    """The definition, bin by bin."""
    total = 0.0
    for i in range(10):
        inside_bin = (scores >= i / 10) & ((scores < (i + 1) / 10) | (i == 9))
        if inside_bin.any():
            total += inside_bin.mean() * abs(labels[inside_bin].mean() - scores[inside_bin].mean())
    return total


def test_constant_scores_have_an_area_of_one_half():
    made = value("roc_auc", scored([0, 1, 1, 0, 1], [0.4] * 5))
    assert made.value == 0.5
    assert (made.low, made.high) != (0.5, 0.5)


def test_missing_scores_and_scores_that_are_no_probabilities():
    state = scored([0, 1, 1, np.nan, 0, 1], [0.1, np.nan, 7.5, 0.2, -3.0, 0.3])
    auc = value("roc_auc", state)
    # Any score has a rank, so it counts there; outside 0 to 1 it is no probability.
    assert (auc.value, auc.n) == (1.0, 4)
    assert auc.reason == "2 rows with a missing score or label left out"
    for name in ("log_loss", "brier_score", "expected_calibration_error"):
        assert value(name, state).reason == "2 rows have a score outside 0 to 1: not a probability"
    assert {m.finish(Scored.zero()).reason for m in SCORES} == {"no rows with a score and a label"}


def test_infinite_scores_give_a_number_or_a_reason():
    """Whether the state keeps an infinite score as the largest or leaves it out: no NaN, and no certainty."""
    state = scored([0, 1, 1, 0, 1], [0.1, np.inf, 0.7, -np.inf, 0.3])
    auc = value("roc_auc", state)
    assert auc.value == 1.0
    assert auc.n + state.missing == 5
    assert auc.low < 0.7
    assert all(made.reason or made.n == 3 for made in (value(name, state) for name in ("log_loss", "brier_score")))


def test_bins_are_in_the_detail():
    made = value("expected_calibration_error", scored([0, 1, 1], [0.1, 0.3, 1.0]))
    assert [(b["from"], b["to"], b["n"]) for b in made.detail["bins"]] == [(0.1, 0.2, 1), (0.3, 0.4, 1), (0.9, 1.0, 1)]
    assert [b["positive_share"] for b in made.detail["bins"]] == [0, 1, 1]


def test_a_thinned_state_says_so():
    rng = np.random.default_rng(0)
    scores = rng.random(3000)
    state = scored(rng.random(3000) < scores, scores)
    exact, thin = value("roc_auc", state), value("roc_auc", state.thinned())
    assert exact.reason is None
    assert thin.reason == "scores gathered in bins of 1/1000"
    assert thin.value == pytest.approx(exact.value, abs=1e-3)


@pytest.mark.parametrize("name", ["log_loss", "brier_score", "expected_calibration_error"])
def test_three_perfect_scores_are_not_certain(name):
    made = value(name, scored([0, 1, 1], [0, 1, 1]))
    assert made.value == pytest.approx(0, abs=1e-15)
    assert made.high > 0.3


@pytest.mark.slow
@pytest.mark.parametrize("name", ["log_loss", "brier_score", "expected_calibration_error"])
@pytest.mark.parametrize("n", [10, 300])
def test_intervals_of_the_losses_cover(name, n):
    """Scores are calibrated, so the truth is known: the error is 0, the losses are those of the scores."""
    rng = np.random.default_rng(5)
    many = rng.beta(0.5, 0.5, 400_000).clip(1e-9, 1 - 1e-9)
    truth = {
        "log_loss": float(-(many * np.log(many) + (1 - many) * np.log1p(-many)).mean()),
        "brier_score": float((many * (1 - many)).mean()),
        "expected_calibration_error": 0.0,
    }[name]
    hits = 0
    for _ in range(200):
        scores = rng.beta(0.5, 0.5, n).clip(1e-9, 1 - 1e-9)
        made = METRICS[name].finish(scored(rng.random(n) < scores, scores))
        hits += made.low <= truth <= made.high
    assert hits / 200 > 0.92


# ---------------------------------------------------------------- errors of regressors

numbers = arrays(float, st.integers(1, 40), elements=st.floats(-1e4, 1e4).map(lambda x: round(x, 3)))


@settings(max_examples=40, deadline=None)
@given(numbers, st.data())
def test_errors_equal_scikit_learn(labels, data):
    predictions = data.draw(arrays(float, len(labels), elements=st.floats(-1e4, 1e4).map(lambda x: round(x, 3))))
    state = moments(labels, predictions)
    assert same(value("mean_absolute_error", state).value, sk.mean_absolute_error(labels, predictions))
    assert same(value("root_mean_squared_error", state).value, sk.root_mean_squared_error(labels, predictions))
    made = value("r2", state)
    if made.value is None:
        assert len(set(labels)) == 1
    else:
        assert made.value == pytest.approx(sk.r2_score(labels, predictions), rel=1e-9, abs=1e-9)


def test_r2_is_undefined_where_scikit_learn_says_0_or_1():
    assert sk.r2_score([2, 2], [1, 2]) == 0
    assert value("r2", moments([2, 2], [1, 2])).reason == "all labels are equal"
    assert value("r2", moments([2], [1])).reason == "one row"


def test_regression_edges():
    assert {m.finish(moments([], [])).reason for m in ERRORS} == {"no rows with a label and a prediction"}
    dropped = value("mean_absolute_error", moments([1, np.nan, 3], [2, 2, np.nan]))
    assert (dropped.value, dropped.n, dropped.low) == (1.0, 1, None)
    assert dropped.reason == "2 rows with a missing label or prediction left out"
    infinite = Moments(2, 0, {"label": 1.0, "absolute": math.inf, "squared": math.inf}, {"label": 1.0})
    assert {m.finish(infinite).reason for m in ERRORS} == {"a label or prediction is infinite or too large to sum"}


# ---------------------------------------------------------------- real data


@pytest.fixture(scope="module")
def people() -> pd.DataFrame:
    columns = ["employed", "prediction", "probability", "year"]
    parts = [
        pd.read_parquet(DEMO / "acs-employment" / f"{side}.parquet", columns=columns)
        for side in ("reference", "current")
    ]
    return pd.concat(parts)


KNOWN = {
    2015: (0.827157, 0.903361),
    2016: (0.825333, 0.902026),
    2017: (0.829166, 0.905076),
    2018: (0.828221, 0.905704),
}


@pytest.mark.parametrize("year", KNOWN)
def test_real_people(people, year):
    rows = people[people.year == year]
    y, p, s = rows.employed.to_numpy(), rows.prediction.to_numpy(), rows.probability.to_numpy()
    for name, theirs in BINARY.items():
        assert same(value(name, table(y.tolist(), p.tolist())).value, theirs(y, p))
    state = scored(y, s)
    assert same(value("roc_auc", state).value, sk.roc_auc_score(y, s))
    for name, theirs in PROBABILITIES.items():
        assert same(value(name, state).value, quietly(theirs, y, s))
    found = value("accuracy", table(y.tolist(), p.tolist())).value, value("roc_auc", state).value
    assert found == pytest.approx(KNOWN[year], abs=5e-7)


def test_real_loans_have_ties():
    rows = pd.read_parquet(DEMO / "car-loan" / "current.parquet", columns=["repaid", "score"])
    assert rows.score.nunique() < 200
    state = scored(rows.repaid, rows.score)
    assert same(value("roc_auc", state).value, sk.roc_auc_score(rows.repaid, rows.score))
    assert same(value("log_loss", state).value, quietly(PROBABILITIES["log_loss"], rows.repaid, rows.score))


def test_mean_errors_on_real_numbers():
    rows = pd.read_parquet(DEMO / "car-loan" / "current.parquet", columns=["car_value", "loan_length"])
    labels, predictions = rows.car_value, rows.loan_length * 2000
    state = moments(labels, predictions)
    for name, theirs in (
        ("mean_absolute_error", sk.mean_absolute_error),
        ("root_mean_squared_error", sk.root_mean_squared_error),
        ("r2", sk.r2_score),
    ):
        made = value(name, state)
        assert same(made.value, theirs(labels, predictions))
        assert made.low < made.value < made.high


# ---------------------------------------------------------------- against the reference, and the declarations


def test_changes_against_the_reference():
    now, before = table([1] * 50 + [0] * 50, [1] * 100), table([1] * 80 + [0] * 20, [1] * 100)
    accuracy, auc, error = CHANGES
    made = accuracy.finish(now, before)
    assert (made.value, made.detail) == (pytest.approx(-0.3), {"reference": 0.8})
    assert made.low < -0.3 < made.high < 0
    gone = auc.finish(scored([1, 1], [0.2, 0.3]), scored([0, 1], [0.2, 0.3]))
    assert (gone.value, gone.reason) == (None, "current: only label 1")
    assert error.finish(moments([1, 2], [2, 4]), moments([1, 2], [1, 3])).value == pytest.approx(1.0)
    assert (accuracy.better, auc.better, error.better) == ("higher", "higher", "lower")


def test_every_metric_is_described():
    assert len(METRICS) == len(list(dte_metrics(None))) > len(DECISIONS) + len(SCORES) + len(ERRORS) + len(CHANGES)
    for metric in METRICS.values():
        assert metric.definition.endswith("."), metric.id
        assert metric.formula, metric.id
        assert metric.source, metric.id
        assert metric.interval, metric.id
        assert metric.range != (None, None) or metric.unit, metric.id
        assert set(metric.tasks) <= {"binary", "multiclass", "regression"}
    assert METRICS["accuracy_change"].tasks == ("binary", "multiclass")
    assert METRICS["mean_absolute_error_change"].tasks == ("regression",)
