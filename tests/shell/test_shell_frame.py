from __future__ import annotations

import csv
import io
from typing import Any

import pytest

from dte_panel.looks import View
from dte_panel.shell import sheets
from dte_panel.shell.frame import Frame
from dte_panel.shell.library import Library, Subject
from dte_panel.shell.parts import Table
from dte_panel.shell.results import Results


@pytest.fixture
def subject(evidence: Any) -> Subject:
    return next(iter(Library.of(evidence).subjects.values()))


def framed(subject: Subject, render: Any, *metrics: str) -> Frame:
    frame = Frame(View("v", "=A view", metrics, render), Results(subject.index, "drift"), subject)
    frame.show(frame.drawn(20))
    return frame


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1"])
def test_no_cell_is_run_by_a_spreadsheet(text: str) -> None:
    read = next(csv.reader(io.StringIO(sheets.written([text, "plain"], []), newline="")))
    assert read == [f"'{text}", "plain"]


def test_numbers_stay_numbers() -> None:
    assert sheets.written(["a"], [[-0.5], [None], [float("nan")]]).splitlines() == ["a", "-0.5", '""', '""']


def test_a_view_with_metrics_gives_its_measurements(subject: Subject) -> None:
    frame = framed(subject, lambda _: "words", "population_stability_index")
    assert frame.head.sheets
    frame.head._handle_msg({"act": "csv"})
    rows = list(csv.DictReader(io.StringIO(frame.head.sheet["text"])))
    assert [row["column"] for row in rows] == ["car_value", "salary"]
    assert float(rows[0]["value"]) == pytest.approx(0.3)
    frame.head._handle_msg({"act": "csv"})
    assert frame.head.sheet["turn"] == 2, "asked again, downloaded again"


def test_a_view_without_metrics_gives_its_tables(subject: Subject) -> None:
    import pandas as pd

    tables = {"=one": pd.DataFrame({"x": ["=2"]}), "two": pd.DataFrame({"y": ["b"]})}
    frame = framed(subject, lambda _: tables)
    frame.head._handle_msg({"act": "csv"})
    assert frame.head.sheet["text"].splitlines() == ["'=one", "x", "'=2", "", "two", "y", "b"]


def test_a_figure_without_metrics_gets_a_table_of_its_data(subject: Subject) -> None:
    from bokeh.plotting import figure

    def draw(_: Any) -> Any:
        drawn = figure()
        drawn.line([1, 2], [0.25, 4])
        return drawn

    twin = [part for part in framed(subject, draw).view.select() if isinstance(part, Table)]
    assert [table.rows for table in twin] == [[["1", "0.25"], ["2", "4"]]]
    assert twin[0].folded


def test_what_has_no_numbers_offers_none(subject: Subject) -> None:
    assert not framed(subject, lambda _: "words").head.sheets


def test_a_sheet_has_only_what_may_be_shared(evidence: Any) -> None:
    from dataclasses import replace

    first = evidence.measurements[0]
    hidden = replace(first, value=None, n=0, status="not_evaluated", reason="fewer than 5 rows")
    text = sheets.as_csv(sheets.shared_rows(replace(evidence, measurements=[hidden]), evidence.measurements))
    assert [row["value"] for row in csv.DictReader(io.StringIO(text))] == [""]
