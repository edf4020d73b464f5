"""Figures that are asked of scikit-learn by name."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import sklearn.metrics as sk

import dte_panel
from dte_panel import InputError
from dte_panel_performance.library import by_name, functions

RNG = np.random.default_rng(6)
S = RNG.random(300).round(2)
Y = (RNG.random(300) < S).astype(int)
FRAME = pd.DataFrame({"y": Y, "p": (S >= 0.5).astype(int), "s": S})
ROLES = {"label": "y", "prediction": "p", "score": "s"}


def asked(*names):
    evidence = dte_panel.assess(FRAME, plugins={"performance": {"library_metrics": list(names)}}, **ROLES)
    return {m.metric: m for m in evidence.measurements if m.metric.startswith("performance.sklearn_")}


def test_the_library_computes_what_is_named():
    found = asked("sklearn:jaccard_score", "sklearn:fbeta_score(beta=2)", "sklearn:d2_brier_score")
    expected = {
        "performance.sklearn_jaccard_score": sk.jaccard_score(Y, FRAME.p),
        "performance.sklearn_fbeta_score_beta_2": sk.fbeta_score(Y, FRAME.p, beta=2),
        "performance.sklearn_d2_brier_score": sk.d2_brier_score(Y, S),
    }
    for name, value in expected.items():
        assert found[name].value == pytest.approx(value, abs=1e-12)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("sklearn:jacard_score", "Did you mean 'sklearn:jaccard_score'"),
        ("sklearn:fbeta_score(beeta=2)", "Did you mean 'beta'"),
        ("sklearn:fbeta_score(beta=open('x'))", "Write options by name and plain values"),
        ("jaccard_score", "Write it as sklearn:jaccard_score"),
        ("sklearn:roc_curve", "sklearn.metrics has no 'roc_curve' that can be used"),
    ],
)
def test_what_scikit_learn_does_not_have_is_wrong_input(name, says):
    with pytest.raises(InputError) as error:
        asked(name)
    assert says in str(error.value)


def test_where_scikit_learn_refuses_there_is_a_reason():
    (metric,) = by_name(["sklearn:jaccard_score"])
    from dte_panel.states import Table

    many = Table(("label", "prediction"), {("a", "b"): 2, ("c", "c"): 1})
    made = metric.finish(many)
    assert made.value is None
    assert made.reason.startswith("scikit-learn: Target is multiclass but average='binary'")
    assert metric.finish(Table.zero(("label", "prediction"))).reason == "no rows with a label and an answer"


def test_every_function_that_is_offered_can_be_called():
    assert {"accuracy_score", "jaccard_score", "roc_auc_score", "zero_one_loss"} <= set(functions())
    ids = [metric.id for metric in by_name(f"sklearn:{name}" for name in functions())]
    assert len(ids) == len(set(ids)) > 20
