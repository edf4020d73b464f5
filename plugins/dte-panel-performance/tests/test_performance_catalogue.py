"""Every number of the catalogue against scikit-learn on the same rows, and what has no number."""

from __future__ import annotations

import math
import warnings
from collections import Counter

import numpy as np
import pandas as pd
import pytest
import sklearn.metrics as sk
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import datasets
from sklearn.linear_model import LinearRegression, LogisticRegression

import dte_panel
from dte_panel.states import Documented, Ordered, Scored, Table
from dte_panel_performance import dte_metrics
from dte_panel_performance.spans import median_interval

METRICS = {m.id: m for m in dte_metrics(None)}
NAN = float("nan")
OF_DECISIONS = {
    "accuracy": sk.accuracy_score,
    "balanced_accuracy": sk.balanced_accuracy_score,
    "matthews_correlation_coefficient": sk.matthews_corrcoef,
    "cohens_kappa": sk.cohen_kappa_score,
}
BINARY = {
    **OF_DECISIONS,
    "precision": sk.precision_score,
    "recall": sk.recall_score,
    "f1": sk.f1_score,
    "specificity": lambda y, p: sk.recall_score(y, p, pos_label=0),
    "negative_predictive_value": lambda y, p: sk.precision_score(y, p, pos_label=0),
}
MANY = {
    f"{kind}_{average}": lambda y, p, f=f, a=average: f(y, p, average=a, zero_division=NAN)
    for kind, f in (("precision", sk.precision_score), ("recall", sk.recall_score), ("f1", sk.f1_score))
    for average in ("macro", "weighted", "micro")
}
SCORES = {
    "roc_auc": sk.roc_auc_score,
    "average_precision": sk.average_precision_score,
    "log_loss": lambda y, s: sk.log_loss(y, s, labels=[0, 1]),
    "brier_score": sk.brier_score_loss,
}
ERRORS = {
    "mean_absolute_error": sk.mean_absolute_error,
    "root_mean_squared_error": sk.root_mean_squared_error,
    "r2": sk.r2_score,
    "explained_variance": sk.explained_variance_score,
    "median_absolute_error": sk.median_absolute_error,
    "mean_absolute_percentage_error": sk.mean_absolute_percentage_error,
}


def measured(verify: bool = True, **data) -> dict[tuple, dte_panel.Measurement]:
    evidence = dte_panel.assess(data.pop("current"), verify=verify, **data)
    found = [m for m in evidence.measurements if m.provider == "performance"]
    assert [m for m in found if m.status == "error"] == []
    return {(m.metric.partition(".")[2], m.window): m for m in found if not m.cohort}


def quietly(function, *arguments):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return function(*arguments)


def agree(found, expected, *arguments) -> None:
    for name, theirs in expected.items():
        assert found[name, "current"].value == pytest.approx(quietly(theirs, *arguments), rel=1e-12, abs=1e-12), name


def halves(data, model, target=None):
    """The second half of the rows with the predictions of a model fitted on the first."""
    x, y = data.data, data.target if target is None else target
    order = np.random.default_rng(0).permutation(len(y))
    first, second = order[: len(y) // 2], order[len(y) // 2 :]
    x = (x - x[first].mean(0)) / (x[first].std(0) + 1e-9)
    model.fit(x[first, :6], y[first])
    return x[second, :6], y[second]


@pytest.mark.parametrize("written", ["numbers", "words", "booleans"])
def test_breast_cancer(written):
    model = LogisticRegression()
    x, y = halves(datasets.load_breast_cancer(), model)
    p, s = model.predict(x), model.predict_proba(x)[:, 1]
    as_written = {"numbers": lambda v: v, "words": lambda v: np.where(v, "good", "bad"), "booleans": lambda v: v == 1}
    frame = pd.DataFrame({"y": as_written[written](y), "p": as_written[written](p), "s": s})
    positive = {"positive": "good"} if written == "words" else {}
    found = measured(current=frame, label="y", prediction="p", score="s", **positive)
    agree(found, BINARY, y, p)
    agree(found, SCORES, y, s)


@pytest.mark.parametrize("load", [datasets.load_iris, datasets.load_digits])
def test_many_classes(load):
    model = LogisticRegression()
    x, y = halves(load(), model)
    found = measured(current=pd.DataFrame({"y": y, "p": model.predict(x)}), label="y", prediction="p")
    agree(found, {**OF_DECISIONS, **MANY}, y, model.predict(x))
    told = {c["class"]: c["value"] for c in found["recall_macro", "current"].detail["classes"]}
    assert told == pytest.approx(
        {str(k): quietly(sk.recall_score, y == k, model.predict(x) == k) for k in np.unique(y)}, abs=1e-12
    )


def test_diabetes():
    model = LinearRegression()
    x, y = halves(datasets.load_diabetes(), model)
    p = model.predict(x)
    frame = pd.DataFrame({"y": y, "p": p, "low": p - 80.0, "high": p + 80.0})
    roles = {"label": "y", "prediction": "p", "prediction_low": "low", "prediction_high": "high"}
    found = measured(current=frame, **roles)
    agree(found, ERRORS, y, p)
    assert found["mean_error", "current"].value == pytest.approx((p - y).mean(), abs=1e-10)
    held = ((y >= p - 80) & (y <= p + 80)).mean()
    assert found["interval_coverage", "current"].value == pytest.approx(held, abs=1e-12)
    assert found["interval_width", "current"].value == pytest.approx(160)
    assert "interval_width" not in {m.id for m in dte_metrics(None) if m.tasks == ("binary",)}


rows = st.lists(
    st.tuples(st.sampled_from([0, 1]), st.sampled_from([0, 1]), st.sampled_from([0.0, 0.25, 0.5, 0.9, 1.0])),
    min_size=1,
    max_size=40,
)


@settings(max_examples=30, deadline=None)
@given(rows)
def test_awkward_rows(drawn):
    """Ties, constant scores, single rows, one class: the same number, or none and a reason."""
    y, p, s = (np.array(part) for part in zip(*drawn, strict=True))
    table = Table(("label", "prediction"), Counter(zip(y.tolist(), p.tolist(), strict=True)))
    state = Scored.of(s, y.astype(float))
    for names, of, answers in ((BINARY, table, p), (SCORES, state, s)):
        for name, theirs in names.items():
            metric, made = METRICS[name], METRICS[name].finish(of)
            if made.value is None:
                assert made.reason
                continue
            assert made.value == pytest.approx(quietly(theirs, y, answers), rel=1e-12, abs=1e-12), name
            assert metric.second.compute(of) == pytest.approx(made.value, rel=1e-12, abs=1e-12), name
            assert metric.range[0] - 1e-12 <= made.low <= made.value + 1e-12
            assert made.value - 1e-12 <= made.high <= (metric.range[1] or math.inf) + 1e-12
    one_class = len(set(y.tolist())) == 1
    assert (METRICS["average_precision"].finish(state).value is None) == one_class


classes = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abcd")), min_size=1, max_size=30)


@settings(max_examples=40, deadline=None)
@given(classes)
def test_awkward_classes(drawn):
    y, p = zip(*drawn, strict=True)
    table = Table(("label", "prediction"), Counter(drawn))
    for name, theirs in MANY.items():
        made = METRICS[name].finish(table)
        if made.value is None:
            # Every class with rows is never predicted: scikit-learn says 0.
            assert (name, made.reason) == ("precision_weighted", "no class with rows has one")
            continue
        assert made.value == pytest.approx(quietly(theirs, y, p), rel=1e-12, abs=1e-12), name
        assert 0 <= made.low <= made.value + 1e-12
        assert made.value - 1e-12 <= made.high <= 1


def test_a_class_that_is_never_predicted_is_left_out_by_name():
    table = Table(("label", "prediction"), {("a", "a"): 3, ("b", "a"): 1})
    made = METRICS["precision_macro"].finish(table)
    assert (made.value, made.reason) == (0.75, "left out: b (never predicted)")
    assert METRICS["precision_macro"].finish(Table.zero(("label", "prediction"))).value is None


def test_gain_and_lift_by_hand():
    """Ten rows; of the best three two are positive, and a tie stands across the edge of the best one."""
    state = Scored.of(
        np.array([0.9, 0.9, 0.7, 0.5, 0.4, 0.3, 0.2, 0.2, 0.1, 0.0]), np.array([1.0, 0, 1, 0, 0, 1] + [0] * 4)
    )
    assert METRICS["gain_at_top_30_percent"].finish(state).value == pytest.approx(2 / 3)
    assert METRICS["lift_at_top_30_percent"].finish(state).value == pytest.approx(2 / 3 / 0.3)
    assert METRICS["gain_at_top_10_percent"].finish(state).value == pytest.approx(0.5 / 3)
    nobody = Scored.of(np.array([0.1, 0.2]), np.zeros(2))
    assert METRICS["lift_at_top_10_percent"].finish(nobody).reason == "no positive rows"


COSTS = {"true_positive": -2.0, "false_positive": 1.0, "false_negative": 5.0, "true_negative": 0.0}


def test_expected_cost_and_the_cheapest_threshold():
    rng = np.random.default_rng(5)
    s = rng.random(400).round(2)
    y = (rng.random(400) < s).astype(int)
    frame = pd.DataFrame({"y": y, "p": (s >= 0.5).astype(int), "s": s})
    roles = {"label": "y", "prediction": "p", "score": "s"}
    found = measured(current=frame, use_case={"costs": COSTS}, **roles)

    def cost(p):
        return np.where(y == 1, np.where(p == 1, -2.0, 5.0), np.where(p == 1, 1.0, 0.0)).mean()

    made = found["expected_cost", "current"]
    assert made.value == pytest.approx(cost(frame.p))
    assert made.low < made.value < made.high
    best = found["lowest_expected_cost", "current"]
    thresholds = [*np.unique(s), 2.0]
    assert best.value == pytest.approx(min(cost((s >= t).astype(int)) for t in thresholds))
    assert cost((s >= best.detail["threshold"]).astype(int)) == pytest.approx(best.value)
    without = measured(current=frame, **roles)["expected_cost", "current"]
    assert (without.value, without.reason) == (None, "no costs are set: add use_case.costs")


def test_where_nothing_pays_the_cheapest_is_to_select_nobody():
    state = Scored.of(np.array([0.2, 0.8]), np.array([0.0, 0.0]))
    facts = Documented({"use_case": {"costs": {**COSTS, "false_positive": 9}}})
    made = METRICS["lowest_expected_cost"].finish(state, facts)
    assert (made.value, made.detail) == (0.0, {"threshold": None})
    assert made.reason.startswith("reached by selecting no row at all")


def test_a_share_of_a_label_of_zero_is_undefined():
    frame = pd.DataFrame({"y": [0.0, 1.5, 2.25, 3.125] * 10, "p": [0.5, 0.25, 1.5, 0.75] * 10})
    made = measured(current=frame, label="y", prediction="p")["mean_absolute_percentage_error", "current"]
    assert (made.value, made.reason) == (None, "10 rows have a label of 0, and a share of 0 is not defined")


@pytest.mark.parametrize("n", [5, 6, 9, 40, 41])
def test_the_interval_of_a_median_is_that_of_its_ranks(n):
    state = Ordered.of(np.arange(1.0, n + 1))
    ends = median_interval(state)
    if n < 6:
        assert ends == (None, None)
        return
    assert ends[0] + ends[1] == pytest.approx(n + 1)
    # SciPy's exact ranks hold the interpolated ends between them.
    from scipy.stats import binom

    rank = next(r for r in range(n // 2, 0, -1) if 2 * binom.cdf(r - 1, n, 0.5) <= 0.05)
    assert rank <= ends[0] < rank + 1
