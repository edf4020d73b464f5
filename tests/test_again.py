"""Numbers from fine bins whose interval holds a check's bound are measured again from every row."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from dte_panel import Evidence, Measurement, assess
from dte_panel.engine import numeric, streamed

ROWS = 3_000
CHECKS = """
id: mine
title: mine
checks:
"""
AGAIN = "measured again from every row"


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is large in these tests."""
    monkeypatch.setattr(numeric, "EXACT_ROWS", 1_000)
    monkeypatch.setattr(streamed, "EXACT_ROWS", 1_000)
    monkeypatch.setattr(streamed, "BINS", 64)
    monkeypatch.setattr(streamed, "DISTINCT", 50)


def table(seed: int = 0) -> pa.Table:
    rng = np.random.default_rng(seed)
    scores = rng.beta(2, 5, ROWS)
    return pa.table(
        {
            "y": (rng.random(ROWS) < scores).astype(int),
            "s": scores,
            "p": (scores >= 0.4).astype(int),
            "g": pa.array(rng.choice(["a", "b"], ROWS), mask=rng.random(ROWS) < 0.2),
            "year": np.sort(rng.integers(2001, 2004, ROWS)),
        }
    )


def measured(tmp_path: Path, *checks: str, reference: Any = None) -> Evidence:
    policy = tmp_path / "policy.yaml"
    policy.write_text(CHECKS + "\n".join(f"  - {{{check}}}" for check in checks))
    roles = {"label": "y", "score": "s", "prediction": "p", "sensitive": ["g"], "time": "year"}
    evidence = assess(table(), reference=reference, windows="1 year", policy=str(policy), **roles)
    assert all(p["state"] == "ok" for p in evidence.providers), evidence.providers
    return evidence


def told(evidence: Evidence, metric: str) -> list[Measurement]:
    return [m for m in evidence.measurements if m.metric == metric and m.value is not None]


def area(part: pa.Table) -> float:
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(part["y"].to_numpy(), part["s"].to_numpy()))


def test_what_a_bound_lies_within_is_exact_and_says_so(tmp_path: Path) -> None:
    evidence = measured(tmp_path, "metric: performance.roc_auc, bound: '>= 0.72', scope: all", reference=table(1))
    found = told(evidence, "performance.roc_auc")
    assert len(found) == 4 * 4 + 4, "all rows and 3 groups: current, 3 windows, reference"
    data = table()
    for m in found:
        doubtful = m.low is not None and m.high is not None and m.low <= 0.72 <= m.high and m.window != "reference"
        assert (AGAIN in (m.reason or "")) == doubtful
        assert ("within" in m.detail) != doubtful
        if not doubtful:
            continue
        at = np.ones(ROWS, dtype=bool)
        for column, value in m.cohort.items():
            own = data[column].to_pylist()
            at &= np.array([v == value for v in own])
        if m.window != "current":
            at &= data["year"].to_numpy() == int(m.window[:4])
        assert m.value == pytest.approx(area(data.filter(pa.array(at))), abs=1e-12)
    assert sum(AGAIN in (m.reason or "") for m in found) > 5
    verdicts = [v for v in evidence.verdicts if v.metric == "performance.roc_auc" and v.measurement]
    assert all(v.measurement in found for v in verdicts), "what was judged is what is told"


def test_far_from_the_bound_bins_are_enough(tmp_path: Path) -> None:
    evidence = measured(tmp_path, "metric: performance.roc_auc, bound: '>= 0.5'")
    assert not any(AGAIN in (m.reason or "") for m in evidence.measurements)


def test_gaps_and_comparisons_with_the_reference_are_exact_too(tmp_path: Path) -> None:
    checks = (
        "metric: fairness.roc_auc_difference, bound: '<= 0.01'",
        "metric: performance.roc_auc_over_baseline, bound: '>= 0.22'",
        "metric: performance.estimated_roc_auc, bound: '>= 0.72'",
    )
    evidence = measured(tmp_path, *checks, reference=table(1))
    data = table()
    groups = [area(data.filter(pa.array([v == g for v in data["g"].to_pylist()]))) for g in ("a", "b", None)]
    for metric, value in (
        ("fairness.roc_auc_difference", max(groups) - min(groups)),
        ("performance.roc_auc_over_baseline", area(data) - 0.5),
        ("performance.estimated_roc_auc", None),
    ):
        (m,) = (m for m in told(evidence, metric) if m.window == "current" and not m.cohort)
        assert AGAIN in (m.reason or ""), metric
        assert "within" not in m.detail
        if value is not None:
            assert m.value == pytest.approx(value, abs=1e-12)


def test_errors_of_a_regressor_are_exact_too(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    data = pa.table({"y": rng.normal(size=ROWS), "p": rng.normal(size=ROWS)})
    policy = tmp_path / "policy.yaml"
    policy.write_text(CHECKS + "  - {metric: performance.median_absolute_error, bound: '<= 0.95'}")
    exact = float(np.median(abs(data["y"].to_numpy() - data["p"].to_numpy())))
    for bound, again in (("<= 0.95", True), ("<= 9", False)):
        policy.write_text(CHECKS + f"  - {{metric: performance.median_absolute_error, bound: '{bound}'}}")
        (m,) = told(assess(data, label="y", prediction="p", policy=str(policy)), "performance.median_absolute_error")
        assert (AGAIN in (m.reason or "")) == again
        if again:
            assert m.value == exact
        else:
            least, most = m.detail["within"]
            assert least <= exact <= most
            assert least < most
