from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from dte_panel.shell.compare import Side, differences, options, other
from dte_panel.shell.library import Library
from dte_panel.shell.state import State


@pytest.fixture
def library(evidence: Any) -> Library:
    both = [{"name": "current", "uri": "c", "rows": 1}, {"name": "reference", "uri": "r", "rows": 1}]
    return Library.of([replace(evidence, data=both), replace(evidence, subject={"name": "older"})])


@pytest.fixture
def here(library: Library) -> Side:
    return Side(library.subjects["loans"], "current", {})


def test_a_selection_is_compared_with_all_but_itself(library: Library) -> None:
    found = options(library, library.subjects["loans"], "current", "sex: Male")
    assert {"", "window:reference", "window:2019-02-01", "cohort:", "cohort:sex: Female", "subject:older"} <= set(found)
    assert not {"window:current", "cohort:sex: Male", "subject:loans"} & set(found)
    assert found["cohort:"] == "Cohort: All rows"


def test_windows_side_by_side_in_numbers(library: Library, here: Side) -> None:
    early = other(library, here, "window:2019-01-01")
    columns, rows, told = differences(here, early, "drift")
    assert [c["label"] for c in columns][3:5] == ["All current rows", "2019-01-01"]
    assert rows[0][1:] == ["car_value", "", "0.30 [0.29, 0.32]", "0.100 [0.095, 0.105]", "−0.2", "apart"]
    assert told == "2 numbers on both sides; the intervals of 2 lie apart."


def test_cohorts_whose_intervals_overlap_are_said_to(library: Library, here: Side) -> None:
    rows = differences(here, other(library, here, "cohort:sex: Male"), "fairness")[1]
    assert [(row[0], row[5], row[6]) for row in rows] == [("Selection rate", "0.2", "overlap")]


def test_versions_of_a_metric_are_not_compared(library: Library, here: Side) -> None:
    there = library.subjects["older"].evidence
    newer = replace(there, measurements=[replace(m, version=2) for m in there.measurements])
    changed = Library.of([here.subject.evidence, newer])
    _, rows, told = differences(here, other(changed, here, "subject:older"), "drift")
    assert not rows
    assert told.endswith("2 numbers of different versions of a metric cannot be compared.")


def test_another_subject_without_the_window_or_the_cohort(library: Library, here: Side) -> None:
    bare = Library.of(
        [here.subject.evidence, replace(here.subject.evidence, subject={"name": "b"}, windows=[], cohorts=[])]
    )
    selected = Side(here.subject, "2019-01-01", {"sex": "Male"})
    found = other(bare, selected, "subject:b")
    assert (found.window, found.cohort) == ("current", {})
    assert found.told(selected) == "b · All current rows · All rows"


def test_the_address_holds_the_comparison(library: Library) -> None:
    state = State(library)
    state.read("?subject=loans&page=drift&versus=window:2019-01-01")
    assert state.versus == "window:2019-01-01"
    again = State(library)
    again.read(state.link())
    assert again.values() == state.values()
    state.go({"window": "2019-01-01"})
    assert (state.versus, state.notice) == ("", ""), "compared with itself is not compared"
    state.read("?subject=loans&page=drift&versus=window:%3Cscript%3E")
    assert state.versus == ""
    assert "cannot be compared" in state.notice
    assert "versus" not in state.link(page="overview")
