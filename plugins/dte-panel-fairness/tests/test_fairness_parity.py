"""Every number that an assessment of real people gives, for every group and crossed group, against Fairlearn."""

from __future__ import annotations

from pathlib import Path

import fairlearn.metrics as fm
import numpy as np
import pandas as pd
import pytest
import sklearn.metrics

import dte_panel
from dte_panel_fairness.gaps import GAPS

DEMO = Path(dte_panel.__file__).parent / "data" / "demo" / "acs-employment"
GROUPINGS = (("sex",), ("race",), ("disability",), ("sex", "race"))


def count(y, p, sample_weight=None) -> float:
    return fm.count(y, p) if sample_weight is None else float(sample_weight.sum())


def base_rate(y, p, sample_weight=None) -> float:
    return fm.mean_prediction(y, y, sample_weight=sample_weight)


def by_sklearn(name: str, *, minus: bool = False, **options: float):
    def call(y, p, sample_weight=None) -> float:
        found = getattr(sklearn.metrics, name)(y, p, sample_weight=sample_weight, **options)
        return 1 - found if minus else found

    call.__name__ = name
    return call


THEIRS = {
    "count": count,
    "base_rate": base_rate,
    "selection_rate": fm.selection_rate,
    "true_positive_rate": fm.true_positive_rate,
    "false_positive_rate": fm.false_positive_rate,
    "true_negative_rate": fm.true_negative_rate,
    "false_negative_rate": fm.false_negative_rate,
    "precision": by_sklearn("precision_score", zero_division=0),
    "negative_predictive_value": by_sklearn("precision_score", pos_label=0, zero_division=0),
    "false_discovery_rate": by_sklearn("precision_score", minus=True, zero_division=1),
    "false_omission_rate": by_sklearn("precision_score", minus=True, pos_label=0, zero_division=1),
    "accuracy": by_sklearn("accuracy_score"),
    "balanced_accuracy": by_sklearn("balanced_accuracy_score"),
    "f1_score": by_sklearn("f1_score", zero_division=0),
}
#: What each gap compares, where it is not named after it; equalized odds take the worse of two.
PARTS = {
    "demographic_parity": ["selection_rate"],
    "equal_opportunity": ["true_positive_rate"],
    "equalized_odds": ["true_positive_rate", "false_positive_rate"],
    "predictive_parity": ["precision"],
}
#: No library has these; test_fairness_metrics.py has them by hand.
OURS = ("treatment_equality", "average_odds", "average_absolute_odds", "false_negatives_per_false_positive")


def read(side: str, rows: int | None) -> pd.DataFrame:
    columns = ["sex", "race", "disability", "employed", "prediction", "year"]
    frame = pd.read_parquet(DEMO / f"{side}.parquet", columns=columns)
    # MetricFrame takes two minutes over all rows: without a number, every seventh of all years.
    return frame.iloc[::7].reset_index(drop=True) if rows is None else frame.iloc[:rows]


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
    for name in THEIRS:
        key = (name, window, cohort, None)
        m = found[key]
        if m.status == "not_evaluated":
            assert theirs[name] == 0 or name == "balanced_accuracy"
            assert m.n == 0 or name == "balanced_accuracy"
        else:
            assert m.value == pytest.approx(theirs[name], abs=1e-12), key
        keys.add(key)
    return keys


def gaps(found: dict, window: str, grouping: tuple[str, ...], frame, by_group: pd.DataFrame) -> set[tuple]:
    keys = set()
    across = " × ".join(grouping)
    for comparison in GAPS:
        name, _, kind = comparison.id.removesuffix("_to_overall").rpartition("_")
        if name in OURS:
            continue
        method = "to_overall" if comparison.overall else "between_groups"
        expected = []
        for rate in PARTS.get(name, [name]):
            values = by_group[rate][[defined(found, rate, window, grouping, g) for g in by_group.index]]
            expected.append(gap(values, frame.overall[rate], kind, method))
            if len(values) == len(frame.by_group):
                assert expected[-1] == pytest.approx(getattr(frame, kind)(method=method)[rate], abs=1e-15)
        key = (comparison.id, window, (), across)
        m = found[key]
        assert m.value == pytest.approx(max(expected) if kind == "difference" else min(expected), abs=1e-12), key
        assert m.low <= m.value <= m.high
        assert len(m.groups) == 2
        keys.add(key)
    return keys


def gap(values: pd.Series, every: float, kind: str, method: str) -> float:
    if method == "between_groups":
        return values.max() - values.min() if kind == "difference" else values.min() / values.max()
    with np.errstate(divide="ignore"):
        away = np.abs(values - every) if kind == "difference" else np.minimum(values / every, every / values)
    return away.max() if kind == "difference" else away.min()


def defined(found: dict, rate: str, window: str, grouping: tuple[str, ...], group) -> bool:
    names = group if isinstance(group, tuple) else (group,)
    return found[rate, window, tuple(sorted(zip(grouping, names, strict=True))), None].value is not None


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::UserWarning")  # scikit-learn warns of one-class groups
@pytest.mark.parametrize("rows", [1_200, pytest.param(None, marks=pytest.mark.slow)])
def test_every_number_equals_fairlearn(rows):
    frames = {side: read(side, rows) for side in ("reference", "current")}
    found = assessed(frames)
    current = frames["current"]
    windows = {"current": current}
    if rows is None:
        windows |= {"reference": frames["reference"]} | {
            f"{year}-01-01": part for year, part in current.groupby("year")
        }
    seen: set[tuple] = set()
    for window, part in windows.items():
        seen |= compare(found, window, part)
    # None of these was left without a comparison; scores, strata, classes and numbers have tests of their own.
    ids = {*THEIRS, *(gap.id for gap in GAPS)}
    assert seen == {key for key in found if key[1] in windows and key[0] in ids and not key[0].startswith(OURS)}
    if rows is None:
        assert {key[1] for key in found} == set(windows)
        assert any(m.status == "not_evaluated" for m in found.values()), "a one-class group is in this data"
