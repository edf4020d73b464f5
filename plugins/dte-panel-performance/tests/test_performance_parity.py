"""Every number that an assessment of real data gives, per window and per group, against scikit-learn."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import sklearn.metrics as sk

import dte_panel

DEMO = Path(dte_panel.__file__).parent / "data" / "demo"
DECISIONS = {
    "accuracy": sk.accuracy_score,
    "balanced_accuracy": sk.balanced_accuracy_score,
    "precision": sk.precision_score,
    "recall": sk.recall_score,
    "f1": sk.f1_score,
    "matthews_correlation_coefficient": sk.matthews_corrcoef,
}
SCORES = {
    "roc_auc": sk.roc_auc_score,
    "log_loss": lambda y, s: sk.log_loss(y, s, labels=[0, 1]),
    "brier_score": sk.brier_score_loss,
}
ERRORS = {
    "mean_absolute_error": sk.mean_absolute_error,
    "root_mean_squared_error": sk.root_mean_squared_error,
    "r2": sk.r2_score,
}


def performance(evidence) -> list[dte_panel.Measurement]:
    return [m for m in evidence.measurements if m.provider == "performance"]


def part_of(frames: dict[str, pd.DataFrame], m: dte_panel.Measurement) -> pd.DataFrame:
    rows = frames["reference" if m.window == "reference" else "current"]
    if m.window not in frames:
        rows = rows[rows.year == int(m.window[:4])]
    for column, value in m.cohort.items():
        rows = rows[rows[column] == value]
    return rows


def expected(metric: str, rows: pd.DataFrame) -> float:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if metric in DECISIONS:
            return DECISIONS[metric](rows.employed, rows.prediction)
        return SCORES[metric](rows.employed, rows.probability)


@pytest.mark.slow
@pytest.mark.parametrize("size", [1_200, pytest.param(None, marks=pytest.mark.slow)])
def test_every_number_of_a_classifier(size):
    columns = ["sex", "race", "employed", "prediction", "probability", "year"]
    frames = {
        side: pd.read_parquet(DEMO / "acs-employment" / f"{side}.parquet", columns=columns).iloc[:size]
        for side in ("reference", "current")
    }
    roles = {"label": "employed", "prediction": "prediction", "score": "probability", "sensitive": ["sex", "race"]}
    evidence = dte_panel.assess(
        frames["current"], reference=frames["reference"], time="year", windows={"every": "1 year"}, **roles
    )
    compared = 0
    for m in performance(evidence):
        name = m.metric.removeprefix("performance.")
        if name not in DECISIONS and name not in SCORES:
            continue
        rows = part_of(frames, m)
        if m.value is not None:
            assert m.value == pytest.approx(expected(name, rows), abs=1e-12), (m.metric, m.window, m.cohort)
        else:
            one_class = rows.employed.nunique() < 2 or rows.prediction.nunique() < 2
            assert m.status == "not_evaluated", m
            assert one_class, (m.metric, m.window, m.cohort)
        compared += 1
    windows = 2 + len(evidence.windows) if "current" not in evidence.windows else len(evidence.windows)
    assert compared >= len({**DECISIONS, **SCORES}) * (1 + 2) * windows
    changes = {m.window: m for m in performance(evidence) if m.metric == "performance.roc_auc_change" and not m.cohort}
    before = sk.roc_auc_score(frames["reference"].employed, frames["reference"].probability)
    now = sk.roc_auc_score(frames["current"].employed, frames["current"].probability)
    assert changes["current"].value == pytest.approx(now - before, abs=1e-12)


def test_every_number_of_a_classifier_of_many_classes():
    """Guess a salary range by that of the row before: real labels, four classes, many mistakes."""
    rows = pd.read_parquet(DEMO / "car-loan" / "current.parquet", columns=["salary_range", "size_of_downpayment"])
    rows = rows.iloc[:8_000].assign(guess=rows.salary_range.shift(1).fillna(rows.salary_range.iloc[0]))
    evidence = dte_panel.assess(rows, label="salary_range", prediction="guess", sensitive=["size_of_downpayment"])
    found = [m for m in performance(evidence) if not m.metric.endswith("_change")]
    names = {"accuracy", "balanced_accuracy", "matthews_correlation_coefficient"}
    found = [m for m in found if m.metric.removeprefix("performance.") in names]
    for m in found:
        part = rows
        for column, value in m.cohort.items():
            part = part[part[column] == value]
        theirs = DECISIONS[m.metric.removeprefix("performance.")](part.salary_range, part.guess)
        assert m.value == pytest.approx(theirs, abs=1e-12)
        assert m.low < m.value < m.high
    assert len(found) == 3 * (1 + rows.size_of_downpayment.nunique())


def test_every_number_of_a_regressor():
    """A regressor for the car's value from one column, fitted on the reference: real labels, real mistakes."""
    columns = ["car_value", "loan_length", "salary_range"]
    frames = {
        side: pd.read_parquet(DEMO / "car-loan" / f"{side}.parquet", columns=columns).iloc[:8_000]
        for side in ("reference", "current")
    }
    slope, start = np.polyfit(frames["reference"].loan_length, frames["reference"].car_value, 1)
    for rows in frames.values():
        rows["guess"] = start + slope * rows.loan_length
    evidence = dte_panel.assess(
        frames["current"],
        reference=frames["reference"],
        label="car_value",
        prediction="guess",
        sensitive=["salary_range"],
    )
    found = performance(evidence)
    found = [m for m in found if m.metric.removeprefix("performance.") in {*ERRORS, "mean_absolute_error_change"}]
    for m in found:
        name = m.metric.removeprefix("performance.")
        if name in ERRORS:
            rows = frames[m.window]
            for column, value in m.cohort.items():
                rows = rows[rows[column] == value]
            assert m.value == pytest.approx(ERRORS[name](rows.car_value, rows.guess), rel=1e-12), (name, m.cohort)
            assert m.low < m.value < m.high
    assert len(found) == 3 * 2 * 5 + 5
