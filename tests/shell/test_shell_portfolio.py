from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dte_panel.cli.commands import _files
from dte_panel.errors import InputError
from dte_panel.shell.library import Library
from dte_panel.shell.portfolio import Portfolio
from dte_panel.shell.state import State


@pytest.fixture
def portfolio(evidence: Any) -> Portfolio:
    named = [replace(evidence, subject={"name": f"model {i}", "owner": "ann"}) for i in range(3)]
    calm = replace(evidence, subject={"name": "calm", "owner": "bob"}, verdict="pass", verdicts=[])
    return Portfolio(State(Library.of([*named, calm])), lambda _: None)


def names(page: Portfolio) -> list[str]:
    return [row[0]["text"] for row in page._table.rows]


def test_the_worst_stand_first_and_a_row_leads_to_its_overview(portfolio: Portfolio) -> None:
    assert names(portfolio)[-1] == "calm"
    first = portfolio._table.rows[0]
    assert first[0]["go"] == {"subject": first[0]["text"], "page": "overview"}
    assert first[2].startswith("Population stability index of car_value is above 0.2")
    assert portfolio._table.rows[-1][2] == "No check was asked for."


def test_it_is_searched_filtered_and_sorted(portfolio: Portfolio) -> None:
    portfolio.search = "BOB"
    assert names(portfolio) == ["calm"]
    portfolio.param.update(search="", verdict="fail")
    assert "calm" not in names(portfolio)
    portfolio.param.update(verdict="")
    portfolio._told({"sort": "name"})
    assert names(portfolio) == ["calm", "model 0", "model 1", "model 2"]
    portfolio._told({"sort": "__class__"})
    assert portfolio.order == "name"
    portfolio.search = "nobody"
    assert portfolio._table.note == "No subject fits."


def test_several_subjects_open_with_the_portfolio(evidence: Any) -> None:
    many, one = State(Library.of([evidence, evidence])), State(Library.of(evidence))
    for state, page in ((many, "portfolio"), (one, "overview")):
        state.read("?")
        assert state.page == page
    assert many.link() == "?page=portfolio"
    many.read("?subject=loans+(2)")
    assert (many.page, many.link()) == ("overview", "?subject=loans+%282%29")


def test_a_folder_stands_for_its_evidence_files(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no evidence files"):
        _files(str(tmp_path))
    for name in ("b.json", "a.json", "notes.txt"):
        (tmp_path / name).touch()
    assert [p.name for p in _files(str(tmp_path))] == ["a.json", "b.json"]
