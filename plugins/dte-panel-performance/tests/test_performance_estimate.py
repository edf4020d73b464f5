"""The estimate without labels against NannyML's own definition, and what its interval holds."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.isotonic import IsotonicRegression
from sklearn.metrics import accuracy_score, auc, f1_score, roc_auc_score

import dte_panel
from dte_panel.states import Scored
from dte_panel_performance.estimate import ESTIMATES

METRICS = {m.id: m for m in ESTIMATES}


def nannyml(scores, labels, now, predictions):
    """nannyml/performance_estimation/confidence_based/metrics.py with its calibrator, not rounded to 5 digits.

    estimate_accuracy, estimate_f1, estimate_roc_auc; calibration.IsotonicCalibrator.
    """
    p = IsotonicRegression(out_of_bounds="clip", increasing=True).fit(scores, labels).predict(now)
    tp, fp = np.where(predictions == 1, p, 0).sum(), np.where(predictions == 1, 1 - p, 0).sum()
    fn, tn = np.where(predictions == 0, p, 0).sum(), np.where(predictions == 0, 1 - p, 0).sum()
    order = np.argsort(now)[::-1]
    tps = np.cumsum(p[order])
    fps = 1 + np.arange(len(p)) - tps
    tps, fps = np.r_[0, tps], np.r_[0, fps]
    return {
        "estimated_accuracy": (tp + tn) / len(now),
        "estimated_f1": tp / (tp + 0.5 * (fp + fn)),
        "estimated_roc_auc": auc(fps / fps[-1], tps / tps[-1]),
    }


def drawn(rng, n, shift=0.0):
    """Scores that are too bold, and labels that follow what they really mean."""
    logits = rng.normal(shift, 1.2, n)
    labels = (rng.random(n) < 1 / (1 + np.exp(-logits))).astype(int)
    return 1 / (1 + np.exp(-2 * logits)), labels


def states(scores, labels, now, predictions):
    none = Scored.zero()
    by_prediction = Scored.of(now, predictions.astype(float))
    return none, by_prediction, Scored.of(scores, labels.astype(float)), none


@pytest.mark.parametrize("seed", range(4))
def test_the_number_is_that_of_nannyml(seed):
    rng = np.random.default_rng(seed)
    (scores, labels), (now, _) = drawn(rng, 700), drawn(rng, 300, shift=0.5)
    predictions = (now >= 0.4).astype(int)
    expected = nannyml(scores, labels, now, predictions)
    for name, metric in METRICS.items():
        made = metric.finish(*states(scores, labels, now, predictions))
        assert made.value == pytest.approx(expected[name], abs=1e-12), name
        assert made.low < made.value < made.high


def test_undefined_where_there_is_nothing_to_learn_or_to_estimate():
    scores, ones = np.array([0.2, 0.8]), np.ones(2)
    for metric in ESTIMATES:
        one_class = metric.finish(*states(scores, ones, scores, ones))
        assert one_class.reason == "the reference has no rows of both labels to calibrate on"
        few = metric.finish(*states(scores, np.array([0, 1]), np.array([0.5, 0.3]), ones))
        assert few.value is None or few.reason.endswith("calibrated on 2 rows, so the interval is too narrow")
        nothing = metric.finish(Scored.zero(), Scored.zero(), Scored.of(scores, np.array([0.0, 1.0])), Scored.zero())
        assert nothing.reason == "no rows with a score and a prediction"
    certain = states(scores, np.array([0.0, 1.0]), np.array([0.9, 0.95]), ones)
    assert METRICS["estimated_roc_auc"].finish(*certain).reason == "all rows are expected to have the same label"


@pytest.mark.slow
@pytest.mark.parametrize(("reference", "n"), [(5_000, 150), (10_000, 1_500)])
def test_the_interval_holds_what_turns_out(reference, n):
    rng = np.random.default_rng(11)
    held, runs = dict.fromkeys(METRICS, 0), 250
    for _ in range(runs):
        (scores, labels), (now, truth) = drawn(rng, reference), drawn(rng, n, shift=0.3)
        predictions = (now >= 0.4).astype(int)
        turned_out = {
            "estimated_accuracy": accuracy_score(truth, predictions),
            "estimated_f1": f1_score(truth, predictions),
            "estimated_roc_auc": roc_auc_score(truth, now),
        }
        for name, metric in METRICS.items():
            made = metric.finish(*states(scores, labels, now, predictions))
            held[name] += made.low <= turned_out[name] <= made.high
    shares = {name: count / runs for name, count in held.items()}
    # The isotonic fit follows its own noise a little, so rather 93 % than 95 % where the current rows are many.
    assert all(0.9 <= share <= 0.98 for share in shares.values()), shares


def test_an_assessment_without_labels_estimates_and_with_labels_still_tells_both():
    rng = np.random.default_rng(3)
    frames = []
    for n in (900, 600):
        scores, labels = drawn(rng, n)
        frames.append(pd.DataFrame({"y": labels, "p": (scores >= 0.5).astype(int), "s": scores}))
    reference, current = frames
    roles = {"label": "y", "prediction": "p", "score": "s"}
    for now, known in ((current.drop(columns="y"), False), (current, True)):
        evidence = dte_panel.assess(now, reference=reference, **roles)
        found = {m.metric: m for m in evidence.measurements if m.window == "current"}
        estimated, realised = found["performance.estimated_accuracy"], found["performance.accuracy"]
        assert estimated.status == "ok"
        assert "assumes that a score means what it meant" in str(estimated.reason)
        assert (realised.value is not None) is known
        assert estimated.detail["rows_with_label"] == (600 if known else 0)
    assert estimated.low <= realised.value <= estimated.high
