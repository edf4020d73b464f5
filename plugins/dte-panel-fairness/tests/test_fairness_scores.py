"""Scores of each group against scikit-learn, on a data set of its own with a made grouping."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import sklearn.metrics
from sklearn.datasets import load_breast_cancer

import dte_panel


@pytest.fixture(autouse=True)
def alone(monkeypatch):
    monkeypatch.setenv("DTE_PLUGINS", "fairness")


def test_scores_of_groups_equal_scikit_learn():
    data = load_breast_cancer(as_frame=True)
    texture = data.data["mean texture"]
    rows = pd.DataFrame({"y": data.target, "size": pd.cut(data.data["mean radius"], [0, 12, 15, 99]).astype(str)})
    rows["s"] = 1 / (1 + np.exp((texture - texture.mean()) / texture.std()))
    rows["p"] = (rows.s >= 0.5).astype(int)
    evidence = dte_panel.assess(rows, label="y", prediction="p", score="s", sensitive=["size"], verify=True)
    assert not evidence.second_opinion["disagreements"]
    found = {(m.metric.removeprefix("fairness."), m.across or m.cohort.get("size")): m for m in evidence.measurements}
    gaps: dict[str, list[float]] = {}
    for group, part in rows.groupby("size"):
        theirs = {
            "roc_auc": sklearn.metrics.roc_auc_score(part.y, part.s),
            "brier_score": sklearn.metrics.brier_score_loss(part.y, part.s),
            "f1_score": sklearn.metrics.f1_score(part.y, part.p),
            "mean_score": part.s.mean(),
            "calibration_in_the_large": (part.s - part.y).mean(),
        }
        for name, value in theirs.items():
            m = found[name, group]
            assert m.value == pytest.approx(value, abs=1e-12)
            assert m.low < m.value < m.high
            gaps.setdefault(name, []).append(value)
        assert 0 <= found["expected_calibration_error", group].value <= 1
    for name, values in gaps.items():
        gap = found[f"{name.removesuffix('_in_the_large')}_difference", "size"]
        assert gap.value == pytest.approx(max(values) - min(values), abs=1e-12)
        assert gap.low <= gap.value <= gap.high
    assert found["roc_auc_ratio", "size"].value == pytest.approx(min(gaps["roc_auc"]) / max(gaps["roc_auc"]))
    libraries = evidence.second_opinion["libraries"]
    assert set(libraries) == {"fairlearn", "scikit-learn", "scipy"}


def test_a_group_of_one_class_has_no_area():
    rows = pd.DataFrame({"g": list("aabb"), "y": [1, 0, 1, 1], "s": [0.9, 0.2, 0.4, 0.6], "p": [1, 0, 0, 1]})
    evidence = dte_panel.assess(rows, label="y", prediction="p", score="s", sensitive=["g"])
    found = {(m.metric.removeprefix("fairness."), m.across or m.cohort.get("g")): m for m in evidence.measurements}
    assert found["roc_auc", "b"].reason == "only label 1"
    assert found["roc_auc_difference", "g"].value is None
    assert found["roc_auc_difference_to_overall", "g"].value is None
