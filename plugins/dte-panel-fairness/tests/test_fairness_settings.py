"""A privileged group, and metrics that the libraries compute themselves."""

from __future__ import annotations

import fairlearn.metrics as fm
import numpy as np
import pandas as pd
import pytest
import sklearn.metrics

import dte_panel
from dte_panel import InputError
from dte_panel_fairness.settings import FairnessSettings


@pytest.fixture(autouse=True)
def alone(monkeypatch):
    monkeypatch.setenv("DTE_PLUGINS", "fairness")


def people(size: int = 600) -> pd.DataFrame:
    rng = np.random.default_rng(3)
    rows = pd.DataFrame({"g": rng.choice(["a", "b", "c"], size), "y": rng.choice(["no", "yes"], size)})
    rows["s"] = rng.integers(0, 11, size) / 10
    return rows.assign(p=np.where(rng.random(size) < rows.g.map({"a": 0.5, "b": 0.3, "c": 0.7}), "yes", "no"))


def assess(rows: pd.DataFrame, **settings) -> dict[tuple, dte_panel.Measurement]:
    evidence = dte_panel.assess(
        rows, label="y", prediction="p", score="s", positive="yes", sensitive=["g"], plugins={"fairness": settings}
    )
    return {
        (m.metric.removeprefix("fairness."), m.across or m.cohort.get("g", "all")): m for m in evidence.measurements
    }


def test_ratios_to_the_privileged_group_have_both_bounds():
    rows = people()
    rate = (rows.p == "yes").groupby(rows.g).mean()
    found = assess(rows, privileged={"g": "a"})
    lowest, highest = found["disparate_impact_lowest", "g"], found["disparate_impact_highest", "g"]
    assert lowest.value == pytest.approx(rate.b / rate.a, abs=1e-12)
    assert highest.value == pytest.approx(rate.c / rate.a, abs=1e-12)
    assert lowest.low < lowest.value < lowest.high < 1 < highest.value < highest.high
    assert highest.low < highest.value
    assert list(lowest.groups) == [{"g": "b"}, {"g": "a"}]
    assert lowest.detail == {"reference_group": {"g": "a"}}
    signed = found["statistical_parity_difference", "g"]
    assert signed.value == pytest.approx(max(rate - rate.a, key=abs), abs=1e-12)
    assert signed.low < signed.value < signed.high


def test_without_a_name_the_most_favoured_group_is_the_reference():
    found = assess(people())
    assert found["disparate_impact_lowest", "g"].value == found["demographic_parity_ratio", "g"].value
    assert found["disparate_impact_highest", "g"].value < 1
    assert found["statistical_parity_difference", "g"].value == -found["demographic_parity_difference", "g"].value
    unknown = assess(people(60), privileged={"g": "z"})["disparate_impact_lowest", "g"]
    assert unknown.reason == "no group is g: z, as privileged names it"


@pytest.mark.slow
def test_named_metrics_are_the_librarys_own_numbers():
    rows = people()
    y, p = (rows.y == "yes").astype(int), (rows.p == "yes").astype(int)
    names = ["sklearn:zero_one_loss", "fairlearn:demographic_parity_difference", "sklearn:average_precision_score"]
    names += ["fairlearn:accuracy_score_group_min", "sklearn:confusion_matrix", "sklearn:log_loss"]
    found = assess(rows, library_metrics=names)
    for group, part in rows.groupby("g"):
        at = part.index
        loss = found["sklearn_zero_one_loss", group]
        assert loss.value == pytest.approx(sklearn.metrics.zero_one_loss(y[at], p[at]), abs=1e-12)
        assert loss.n == len(part)
        ranked = found["sklearn_average_precision_score", group].value
        assert ranked == pytest.approx(sklearn.metrics.average_precision_score(y[at], part.s), abs=1e-12)
        assert found["sklearn_log_loss", group].value == pytest.approx(sklearn.metrics.log_loss(y[at], part.s))
    gap = found["fairlearn_demographic_parity_difference", "g"].value
    assert gap == pytest.approx(fm.demographic_parity_difference(y, p, sensitive_features=rows.g), abs=1e-12)
    smallest = found["fairlearn_accuracy_score_group_min", "g"].value
    assert smallest == pytest.approx(fm.accuracy_score_group_min(y, p, sensitive_features=rows.g), abs=1e-12)
    # What is no number is an error of its own; the others stand.
    matrix = found["sklearn_confusion_matrix", "all"]
    assert (matrix.status, matrix.reason) == ("error", "TypeError: the library gave a ndarray, not a number")


def test_named_metrics_have_intervals_and_gaps():
    rows = people()
    y, p = (rows.y == "yes").astype(int), (rows.p == "yes").astype(int)
    found = assess(rows, library_metrics=["sklearn:zero_one_loss", "fairlearn:demographic_parity_difference"])
    parts = [found["sklearn_zero_one_loss", group] for group in ("a", "b")]
    for part in (*parts, found["fairlearn_demographic_parity_difference", "g"]):
        assert 0 <= part.low < part.value < part.high <= 1
    losses = fm.MetricFrame(metrics=sklearn.metrics.zero_one_loss, y_true=y, y_pred=p, sensitive_features=rows.g)
    gap = found["sklearn_zero_one_loss_difference_between_groups", "g"]
    assert gap.value == pytest.approx(losses.difference(), abs=1e-12)
    assert gap.low < gap.value < gap.high
    ratio = found["sklearn_zero_one_loss_ratio_between_groups", "g"]
    assert ratio.value == pytest.approx(losses.ratio(), abs=1e-12)
    turned = assess(
        rows.assign(p=rows.y.map({"yes": "no", "no": "yes"})), library_metrics=["sklearn:matthews_corrcoef"]
    )
    below = turned["sklearn_matthews_corrcoef_ratio_between_groups", "g"]
    assert (below.value, below.reason) == (None, "a group is below 0: a ratio says nothing")


def test_one_that_raises_is_an_error_of_its_own():
    rows = people(40).query("g != 'a' or y == 'no'")
    found = assess(rows, library_metrics=["sklearn:class_likelihood_ratios", "sklearn:matthews_corrcoef"])
    assert found["sklearn_class_likelihood_ratios", "b"].status == "error"
    assert found["sklearn_matthews_corrcoef", "b"].status == "ok"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("sklearn:zero_one_los", "metric 'sklearn:zero_one_los' does not exist. Did you mean 'sklearn:zero_one_loss'?"),
        ("fairlearn:demographic_parity", "Did you mean 'fairlearn:demographic_parity_"),
        ("zero_one_loss", "'zero_one_loss' names no library. Write fairlearn:NAME"),
        ("torch:loss", "'torch:loss' names no library"),
        ("sklearn:fbeta_score", "'sklearn:fbeta_score' cannot be used: it also needs beta"),
        ("sklearn:silhouette_score", "it is not a function of labels and predictions"),
        ("fairlearn:MetricFrame", "it is a class, not a metric"),
    ],
)
def test_a_name_that_cannot_be_used_is_refused_with_the_nearest(name, said):
    with pytest.raises(InputError, match=r"plugins\.fairness\.library_metrics") as caught:
        FairnessSettings(library_metrics=[name])
    assert said in str(caught.value)


def test_a_wrong_name_in_the_spec_is_the_users_mistake():
    with pytest.raises(InputError, match="Did you mean 'sklearn:zero_one_loss'"):
        assess(people(40), library_metrics=["sklearn:zero_one_lost"])
