"""Every number that an assessment of real people gives, for every group and crossed group, against Fairlearn."""

from __future__ import annotations

from pathlib import Path

import fairlearn.metrics as fm
import pandas as pd
import pytest
from sklearn.metrics import accuracy_score, precision_score

import dte_panel
from dte_panel_fairness.metrics import GAPS, RATES

DEMO = Path(dte_panel.__file__).parent / "data" / "demo" / "acs-employment"
GROUPINGS = (("sex",), ("race",), ("disability",), ("sex", "race"))


def count(y, p, sample_weight=None) -> float:
    return fm.count(y, p) if sample_weight is None else float(sample_weight.sum())


def precision(y, p, sample_weight=None) -> float:
    return precision_score(y, p, sample_weight=sample_weight, zero_division=0)


THEIRS = {
    "count": count,
    "selection_rate": fm.selection_rate,
    "true_positive_rate": fm.true_positive_rate,
    "false_positive_rate": fm.false_positive_rate,
    "true_negative_rate": fm.true_negative_rate,
    "false_negative_rate": fm.false_negative_rate,
    "precision": precision,
    "accuracy": accuracy_score,
}
#: What each gap compares; equalized odds take the worse of two.
PARTS = {
    "demographic_parity": ["selection_rate"],
    "equal_opportunity": ["true_positive_rate"],
    "equalized_odds": ["true_positive_rate", "false_positive_rate"],
    "false_positive_rate": ["false_positive_rate"],
    "accuracy": ["accuracy"],
}


def read(side: str, rows: int | None) -> pd.DataFrame:
    columns = ["sex", "race", "disability", "employed", "prediction", "year"]
    return pd.read_parquet(DEMO / f"{side}.parquet", columns=columns).iloc[:rows]


def assessed(frames: dict[str, pd.DataFrame]) -> dict[tuple, dte_panel.Measurement]:
    evidence = dte_panel.assess(
        frames["current"],
        reference=frames["reference"],
        label="employed",
        prediction="prediction",
        sensitive=["sex", "race", "disability"],
        time="year",
        windows={"every": "1 year"},
        cohorts=[["sex", "race"]],
    )
    found = {}
    for m in evidence.measurements:
        if m.provider == "fairness":
            key = (m.metric.removeprefix("fairness."), m.window, tuple(sorted(m.cohort.items())), m.across)
            assert key not in found
            found[key] = m
    return found


def metric_frame(rows: pd.DataFrame, grouping: tuple[str, ...], *, weighted: bool) -> fm.MetricFrame:
    """Fairlearn on the rows themselves, or on distinct rows with their number as weight, which takes a hundredth."""
    parameters = None
    if weighted:
        rows = rows.groupby([*grouping, "employed", "prediction"]).size().reset_index(name="weight")
        parameters = {name: {"sample_weight": rows.weight} for name in THEIRS}
    return fm.MetricFrame(
        metrics=THEIRS,
        y_true=rows.employed,
        y_pred=rows.prediction,
        sensitive_features=rows[list(grouping)],
        sample_params=parameters,
    )


def compare(found: dict, window: str, rows: pd.DataFrame) -> set[tuple]:
    """Compare one window; gives what was compared."""
    seen: set[tuple] = set()
    for grouping in GROUPINGS:
        frame = metric_frame(rows, grouping, weighted=window != "current")
        by_group = frame.by_group.dropna(how="all")
        for group, theirs in by_group.iterrows():
            names = group if isinstance(group, tuple) else (group,)
            seen |= rates(found, window, tuple(sorted(zip(grouping, names, strict=True))), theirs)
        seen |= rates(found, window, (), frame.overall)
        seen |= gaps(found, window, grouping, frame, by_group)
    return seen


def rates(found: dict, window: str, cohort: tuple, theirs: pd.Series) -> set[tuple]:
    keys = set()
    for metric in RATES:
        key = (metric.id, window, cohort, None)
        m = found[key]
        if m.status == "not_evaluated":
            assert theirs[metric.id] == 0
            assert m.n == 0
        else:
            assert m.value == pytest.approx(theirs[metric.id], abs=1e-12), key
        keys.add(key)
    return keys


def gaps(found: dict, window: str, grouping: tuple[str, ...], frame, by_group: pd.DataFrame) -> set[tuple]:
    keys = set()
    across = " × ".join(grouping)
    for comparison in GAPS:
        name, _, kind = comparison.id.rpartition("_")
        expected = []
        for rate in PARTS[name]:
            values = by_group[rate][[defined(found, rate, window, grouping, g) for g in by_group.index]]
            difference, ratio = values.max() - values.min(), values.min() / values.max()
            if len(values) == len(frame.by_group):
                assert difference == pytest.approx(frame.difference()[rate], abs=1e-15)
                assert ratio == pytest.approx(frame.ratio()[rate], abs=1e-15)
            expected.append(difference if kind == "difference" else ratio)
        key = (comparison.id, window, (), across)
        m = found[key]
        assert m.value == pytest.approx(max(expected) if kind == "difference" else min(expected), abs=1e-12), key
        assert m.low <= m.value <= m.high
        assert len(m.groups) == 2
        keys.add(key)
    return keys


def defined(found: dict, rate: str, window: str, grouping: tuple[str, ...], group) -> bool:
    names = group if isinstance(group, tuple) else (group,)
    return found[rate, window, tuple(sorted(zip(grouping, names, strict=True))), None].value is not None


@pytest.mark.parametrize("rows", [1_200, pytest.param(None, marks=pytest.mark.slow)])
def test_every_number_equals_fairlearn(rows):
    frames = {side: read(side, rows) for side in ("reference", "current")}
    found = assessed(frames)
    current = frames["current"]
    windows = {"reference": frames["reference"], "current": current}
    if rows is None:
        windows |= {f"{year}-01-01": part for year, part in current.groupby("year")}
    seen: set[tuple] = set()
    for window, part in windows.items():
        seen |= compare(found, window, part)
    # Nothing of ours was left without a comparison.
    assert seen == {key for key in found if key[1] in windows}
    if rows is None:
        assert {key[1] for key in found} == set(windows)
        assert any(m.status == "not_evaluated" for m in found.values()), "a one-class group is in this data"
