"""Multi-class and regression groups against Fairlearn and scikit-learn."""

from __future__ import annotations

import fairlearn.metrics as fm
import numpy as np
import pandas as pd
import pytest
import sklearn.metrics

import dte_panel


@pytest.fixture(autouse=True)
def alone(monkeypatch):
    monkeypatch.setenv("DTE_PLUGINS", "fairness")


def assess(rows: pd.DataFrame) -> dict[tuple, dte_panel.Measurement]:
    evidence = dte_panel.assess(rows, label="y", prediction="p", sensitive=["g"], verify=True)
    assert not evidence.second_opinion["disagreements"]
    return {
        (m.metric.removeprefix("fairness."), m.across or m.cohort.get("g", "all")): m for m in evidence.measurements
    }


def classes(size: int = 900) -> pd.DataFrame:
    rng = np.random.default_rng(2)
    rows = pd.DataFrame({"g": rng.choice(["a", "b", "c"], size), "y": rng.choice(["x", "y", "z"], size)})
    return rows.assign(p=np.where(rng.random(size) < 0.6, rows.y, rng.choice(["x", "y", "z"], size)))


def test_every_class_against_the_rest_equals_fairlearn():
    rows = classes()
    found = assess(rows)
    gaps: dict[str, dict[str, float]] = {}
    for value in "xyz":
        frame = fm.MetricFrame(
            metrics={k: getattr(fm, k) for k in ("selection_rate", "true_positive_rate", "false_positive_rate")},
            y_true=(rows.y == value).astype(int),
            y_pred=(rows.p == value).astype(int),
            sensitive_features=rows.g,
        )
        for kind, gap in frame.difference().items():
            gaps.setdefault(kind, {})[value] = gap
        for group in "abc":
            told = found["macro_true_positive_rate", group].detail["classes"][value]
            assert told["value"] == pytest.approx(frame.by_group.true_positive_rate[group], abs=1e-12)
            told = found["most_predicted_class_share", group].detail["classes"][value]
            assert told["value"] == pytest.approx(frame.by_group.selection_rate[group], abs=1e-12)
    for kind, by_class in gaps.items():
        macro, worst = (found[f"class_{kind}_difference_{end}", "g"] for end in ("macro", "worst"))
        assert macro.value == pytest.approx(np.mean(list(by_class.values())), abs=1e-12)
        assert worst.value == pytest.approx(max(by_class.values()), abs=1e-12)
        assert worst.reason == f"class {max(by_class, key=by_class.get)}"
        assert worst.low <= worst.value <= worst.high
    for group, part in rows.groupby("g"):
        recall = sklearn.metrics.recall_score(part.y, part.p, average="macro")
        measured = found["macro_true_positive_rate", group]
        assert measured.value == pytest.approx(recall, abs=1e-12)
        assert measured.low < recall < measured.high
        assert found["accuracy", group].value == pytest.approx(sklearn.metrics.accuracy_score(part.y, part.p))
    assert found["macro_true_positive_rate_difference", "g"].value > 0
    assert ("selection_rate", "all") not in found


def test_a_class_that_a_group_does_not_have_is_left_out():
    rows = classes(90).query("not (g == 'a' and y == 'z')")
    found = assess(rows)
    part = rows[rows.g == "a"]
    macro = found["macro_true_positive_rate", "a"]
    labels = ["x", "y"]
    assert macro.value == pytest.approx(sklearn.metrics.recall_score(part.y, part.p, average="macro", labels=labels))
    assert macro.detail["classes"]["z"]["value"] is None


def test_errors_of_a_regression_equal_scikit_learn():
    rng = np.random.default_rng(4)
    rows = pd.DataFrame({"g": rng.choice(["a", "b"], 300), "y": rng.normal(10, 3, 300)})
    rows["p"] = rows.y + rng.normal(0, 1, 300) + (rows.g == "b") * 0.5
    found = assess(rows)
    bias = {}
    for group, part in rows.groupby("g"):
        assert found["mean_absolute_error", group].value == pytest.approx(
            sklearn.metrics.mean_absolute_error(part.y, part.p), abs=1e-12
        )
        assert found["r2", group].value == pytest.approx(sklearn.metrics.r2_score(part.y, part.p), abs=1e-12)
        bias[group] = (part.p - part.y).mean()
        assert found["mean_error", group].value == pytest.approx(bias[group], abs=1e-12)
        assert found["mean_prediction", group].value == pytest.approx(part.p.mean(), abs=1e-12)
    gap = found["mean_error_difference", "g"]
    assert gap.value == pytest.approx(abs(bias["a"] - bias["b"]), abs=1e-12)
    assert 0 < gap.low < gap.value < gap.high
    assert found["mean_absolute_error_ratio", "g"].value <= 1
    assert found["r2_difference_to_overall", "g"].status == "ok"
    one = assess(pd.DataFrame({"g": ["a", "b", "b", "c"], "y": [1.5, 2.25, 2.25, 7.5], "p": [1.5, 2.0, 2.75, 7.25]}))
    assert one["r2", "a"].reason == "one row"
    assert one["r2", "b"].reason == "all labels are equal"
