from __future__ import annotations

from typing import Any

import pytest

from dte_panel.errors import InputError
from dte_panel.shell.library import Library
from dte_panel.shell.state import State


@pytest.fixture
def state(evidence: Any, hostile: Any) -> State:
    return State(Library([evidence, hostile]))


def test_a_link_says_what_is_not_the_default_and_reproduces_it(state: State) -> None:
    assert state.link() == "?subject=loans"
    state.go({"page": "drift", "window": "2019-02-01", "cohort": "sex: Male"})
    other = State(state.library)
    other.read(state.link())
    assert other.values() == state.values()
    assert not other.notice
    other.read("?")
    assert other.place.key == "portfolio"


def test_one_subject_needs_no_name_in_the_link(evidence: Any) -> None:
    assert State(Library.of(evidence)).link(page="evidence", q="a b") == "?page=evidence&q=a+b"


@pytest.mark.parametrize(
    "query",
    ["page=__import__('os')", "window=2031-01-01", "cohort=%3Cscript%3E", "subject=nobody", "page=a&window=b&cohort=c"],
)
def test_what_does_not_exist_falls_back_with_a_notice(state: State, query: str) -> None:
    state.read(f"?{query}")
    assert "There is no" in state.notice
    assert (state.subject, state.page, state.window, state.cohort) == ("loans", "overview", "current", "")
    state.go({"page": "drift"})
    assert not state.notice


def test_another_subject_keeps_what_it_has_too(state: State) -> None:
    state.go({"page": "drift", "window": "2019-02-01", "cohort": "sex: Female"})
    state.go({"subject": list(state.library.subjects)[1]})
    assert (state.page, state.window, state.cohort) == ("drift", "2019-02-01", "")
    assert "sex: Female" in state.notice


def test_messages_with_nonsense_change_nothing(state: State) -> None:
    before = state.values()
    state.go({"library": "x", "name": "y", "notice": "z"})
    assert state.values() == before


def test_subjects_of_the_same_name_are_told_apart(evidence: Any) -> None:
    assert list(Library([evidence, evidence]).subjects) == ["loans", "loans (2)"]
    with pytest.raises(InputError, match="no evidence"):
        Library([])


def test_places_are_the_providers_between_our_own_pages(evidence: Any) -> None:
    subject = Library.of(evidence).subjects["loans"]
    ours = ["evidence", "certificate", "plugins", "help"]
    assert [p.key for p in subject.places] == ["overview", "drift", "fairness", "sick", "wreck", *ours]
    assert subject.summary_of("wreck").verdict == "error"
    assert not subject.summary_of("sick").verdict
    assert list(subject.cohorts) == ["", "sex: Female", "sex: Male", "sex: missing"]
    assert subject.windows["current"] == "All current rows"
