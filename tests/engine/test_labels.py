"""Labels that come late: missing, never wrong input, never relied on too early."""

from __future__ import annotations

from datetime import datetime, timedelta

import pandas as pd
import pytest

import dte_panel
from dte_panel.errors import InputError

DAYS = [datetime(2024, 1, 1) + timedelta(days=i // 10) for i in range(600)]
REFERENCE = pd.DataFrame({"y": [0, 1] * 300, "p": [0, 1, 1, 1] * 150, "s": [i / 600 for i in range(600)], "when": DAYS})
ROLES = {"label": "y", "prediction": "p", "score": "s", "time": "when"}


def assess(current: pd.DataFrame, **more: object) -> dict[tuple[str, str, str | None], dte_panel.Measurement]:
    evidence = dte_panel.assess(current, reference=REFERENCE, **{**ROLES, **more})
    return {(m.metric, m.window, m.column): m for m in evidence.measurements if not m.cohort}


@pytest.mark.parametrize("late", ["absent", "null", "NaN"])
def test_labels_that_have_not_arrived_are_missing_not_wrong(late: str) -> None:
    current = REFERENCE.drop(columns="y")
    if late != "absent":
        current = current.assign(y=None if late == "null" else float("nan"))
    found = assess(current)
    accuracy = found["performance.accuracy", "current", None]
    assert (accuracy.value, accuracy.status) == (None, "not_evaluated")
    assert found["performance.accuracy", "reference", None].value == 0.75
    drift = next(m for (name, _, column), m in found.items() if name.startswith("drift.") and column == "y")
    assert (drift.status, drift.reason) == ("not_evaluated", "no label of the current data has arrived (column 'y')")
    assert not [m for m in found.values() if m.status == "error"]


def test_the_labels_of_a_regressor_come_late_too() -> None:
    reference = REFERENCE.assign(y=REFERENCE.s, p=REFERENCE.s + 0.1)
    current = reference.drop(columns="y")
    evidence = dte_panel.assess(current, reference=reference, label="y", prediction="p")
    found = {(m.metric, m.window): m for m in evidence.measurements if m.column is None}
    assert found["performance.mean_absolute_error", "current"].status == "not_evaluated"
    assert found["performance.mean_absolute_error", "reference"].value == pytest.approx(0.1)


def test_without_a_reference_a_label_must_be_there() -> None:
    with pytest.raises(InputError, match=r"column 'y' \(roles.label\) does not exist"):
        dte_panel.assess(REFERENCE.drop(columns="y"), **ROLES)
    with pytest.raises(InputError, match="no values, only NULL"):
        dte_panel.assess(REFERENCE.assign(y=None), **ROLES)


def test_young_labels_count_as_missing() -> None:
    """60 days; those of the last 30 days before the newest row are not read, though they are there."""
    found = assess(REFERENCE, label_matures="30 days", windows={"every": "1 month"})
    old, young, every = (found["performance.accuracy", w, None] for w in ("2024-01-01", "2024-02-01", "current"))
    assert (old.value, old.n, old.reason) == (
        0.75,
        300,
        "10 rows with a missing label or prediction left out; "
        "labels after 2024-01-30T00:00:00 are not mature (30 days)",
    )
    assert (young.value, young.status) == (None, "not_evaluated")
    assert "not mature" in str(young.reason)
    assert every.n == 300
    assert "not mature" in str(every.reason)
    untouched = found["performance.accuracy", "reference", None]
    assert (untouched.n, untouched.reason) == (600, None)


def test_maturity_is_said_once_and_needs_a_time() -> None:
    evidence = dte_panel.assess(REFERENCE, label_matures="30 days", **ROLES)
    assert evidence.notes[0].startswith("labels are mature after 30 days: those of 300 rows after 2024-01-30")
    with pytest.raises(InputError, match=r"Add roles\.time"):
        dte_panel.assess(REFERENCE, label="y", prediction="p", label_matures="30 days")
    with pytest.raises(InputError, match="No label is older than label_matures, 1 year"):
        dte_panel.assess(REFERENCE, label_matures="1 year", **ROLES)
