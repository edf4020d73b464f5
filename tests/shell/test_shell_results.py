from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from dte_panel.model import CURRENT, REFERENCE
from dte_panel.shell.results import Index, Results


@pytest.fixture
def fairness(evidence: Any) -> Results:
    return Results(Index(evidence), "fairness", window="2019-02-01", cohort={"sex": "Male"})


def test_windows_and_cohorts_are_chosen_exactly(fairness: Results) -> None:
    assert {m.window for m in fairness.measurements("selection_rate")} == {"2019-02-01"}
    assert {m.window for m in fairness.measurements("selection_rate", window=None)} >= {REFERENCE, CURRENT}
    assert [m.cohort for m in fairness.measurements("selection_rate", cohort={})] == [{}]
    assert len(fairness.measurements("selection_rate", window=CURRENT, cohort={"sex": None})) == 1
    assert not fairness.measurements("selection_rate", column="salary")
    assert not fairness.measurements("population_stability_index", window=None), "another provider's"


def test_without_ids_all_of_the_provider(evidence: Any) -> None:
    drift = Results(Index(evidence), "drift")
    assert drift.metrics == ["population_stability_index"]
    assert {m.column for m in drift.measurements()} == {"car_value", "salary"}
    assert [m.value for m in drift.measurements(column="salary")] == [pytest.approx(0.03)]


def test_the_frame_has_what_views_were_promised(fairness: Results, evidence: Any) -> None:
    frame = fairness.frame("selection_rate", window=None)
    assert list(frame.columns) == [
        *("metric", "title", "window", "start", "cohort", "grouping", "column", "value", "low", "high", "n"),
        *("status", "reason", "verdict", "across", "adjusted"),
    ]
    assert set(frame["cohort"]) == {"All rows", "Female", "Male", "missing"}
    assert set(frame["grouping"]) == {"", "sex"}
    assert frame["start"].isna().sum() == 8
    assert str(frame.loc[frame["window"] == "2019-02-01", "start"].iloc[0]) == "2019-02-01 00:00:00"
    assert fairness.frame("no_such_metric").empty
    drift = Results(Index(evidence), "drift")
    assert set(drift.frame(window=None)["verdict"]) == {"fail", "warn", "pass"}


def test_verdicts_definitions_and_states(evidence: Any) -> None:
    drift = Results(Index(evidence), "drift")
    assert len(drift.verdicts()) == 14
    assert not drift.verdicts("selection_rate")
    assert drift.definition("population_stability_index")["formula"] == "Σ x"
    assert drift.definition("no_such_metric")["title"] == "No such metric"
    assert [s.columns for s in drift.states("Counts")] == [("prediction",)]
    assert not drift.states("Counts", window="2019-01-01")
    assert not drift.states("Histogram", window=None, cohort=None)
    assert drift.windows == evidence.windows


def test_importing_the_shell_loads_no_panel() -> None:
    code = "import sys, dte_panel.shell; print([m for m in ('panel','bokeh','holoviews','pandas') if m in sys.modules])"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"
