"""The skill over a dummy against scikit-learn's own dummies."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
import sklearn.metrics as sk
from sklearn.dummy import DummyClassifier, DummyRegressor

import dte_panel
from dte_panel.states import Scored, Table
from dte_panel_performance.baseline import BASELINES, most_frequent

METRICS = {m.id: m for m in BASELINES}
NONE = np.zeros((1, 1))


def binary(rng, n, share):
    labels = (rng.random(n) < share).astype(int)
    scores = 1 / (1 + np.exp(-rng.normal(2 * labels - 1, 1.5))).round(3)
    return pd.DataFrame({"y": labels, "p": (scores >= 0.5).astype(int), "s": scores})


def skills(current, reference, **roles):
    evidence = dte_panel.assess(current, reference=reference, verify=True, **roles)
    found = [m for m in evidence.measurements if m.metric.endswith("_over_baseline") and m.window == "current"]
    assert [m for m in found if m.status == "error"] == []
    return {m.metric.split(".")[1].removesuffix("_over_baseline"): m for m in found}


@pytest.mark.parametrize("with_reference", [True, False])
def test_a_classifier_and_its_dummies(with_reference):
    """In the reference most labels are 1, now most are 0: the dummy of the reference says 1."""
    rng = np.random.default_rng(1)
    reference, now = binary(rng, 300, 0.7), binary(rng, 400, 0.3)
    found = skills(now, reference if with_reference else None, label="y", prediction="p", score="s")
    learnt = (reference if with_reference else now).y
    rows = np.zeros((len(now), 1))
    said = DummyClassifier(strategy="most_frequent").fit(np.zeros((len(learnt), 1)), learnt).predict(rows)
    prior = DummyClassifier(strategy="prior").fit(np.zeros((len(learnt), 1)), learnt).predict_proba(rows)[:, 1]
    expected = {
        "accuracy": (sk.accuracy_score(now.y, now.p), sk.accuracy_score(now.y, said)),
        "balanced_accuracy": (sk.balanced_accuracy_score(now.y, now.p), sk.balanced_accuracy_score(now.y, said)),
        "f1": (sk.f1_score(now.y, now.p), sk.f1_score(now.y, said)),
        "roc_auc": (sk.roc_auc_score(now.y, now.s), sk.roc_auc_score(now.y, prior)),
        "average_precision": (sk.average_precision_score(now.y, now.s), sk.average_precision_score(now.y, prior)),
        "log_loss": (sk.log_loss(now.y, now.s), sk.log_loss(now.y, prior)),
        "brier_score": (sk.brier_score_loss(now.y, now.s), sk.brier_score_loss(now.y, prior)),
    }
    assert found.keys() == expected.keys()
    for name, (model, dummy) in expected.items():
        m = found[name]
        gain = dummy - model if name in {"log_loss", "brier_score"} else model - dummy
        assert (m.value, m.detail["value"], m.detail["baseline"]) == pytest.approx((gain, model, dummy), abs=1e-12), (
            name
        )
        assert m.low < m.value < m.high, name
        assert m.detail["learnt_from"] == ("reference" if with_reference else "current")


def test_a_regressor_and_its_dummies():
    rng = np.random.default_rng(2)
    y = rng.lognormal(1, 1, 500)
    now, reference = pd.DataFrame({"y": y, "p": y + rng.normal(0, 1, 500)}), pd.DataFrame({"y": y + 2, "p": y + 3})
    found = skills(now, reference, label="y", prediction="p")
    assert set(found) == {"mean_absolute_error", "root_mean_squared_error"}
    for name, strategy in (("mean_absolute_error", "median"), ("root_mean_squared_error", "mean")):
        theirs = getattr(sk, name)
        said = DummyRegressor(strategy=strategy).fit(reference[["p"]], reference.y).predict(now[["p"]])
        assert found[name].value == pytest.approx(theirs(now.y, said) - theirs(now.y, now.p), rel=1e-11)


def test_many_classes_and_a_class_that_is_gone():
    """The most frequent class of the reference does not occur any more: the dummy is never right."""
    now = Table(("label", "prediction"), {("a", "a"): 8, ("a", "b"): 2, ("b", "b"): 5})
    before = Table(("label", "prediction"), {("z", "z"): 9, ("a", "a"): 1})
    made = METRICS["accuracy_over_baseline"].finish(now, before)
    assert (made.value, made.detail["baseline"]) == (pytest.approx(13 / 15), 0)
    assert METRICS["accuracy_over_baseline"].second.compute(now, before) == pytest.approx(13 / 15)
    macro = METRICS["f1_macro_over_baseline"]
    assert macro.finish(now, before).value == pytest.approx(macro.second.compute(now, before), abs=1e-12)
    assert most_frequent(Table(("label", "prediction"), {("b", "b"): 1, ("a", "b"): 1})) == "a"


def test_undefined_where_the_metric_is():
    ones = Scored.of(np.array([0.2, 0.9]), np.ones(2))
    assert METRICS["roc_auc_over_baseline"].finish(ones).reason == "only label 1"
    nothing = Table.zero(("label", "prediction"))
    assert METRICS["accuracy_over_baseline"].finish(nothing).value is None
    assert METRICS["brier_score_over_baseline"].finish(ones, Scored.zero()).reason.startswith("the reference has no")
    assert math.isclose(METRICS["brier_score_over_baseline"].finish(ones).detail["baseline"], 0.0)
