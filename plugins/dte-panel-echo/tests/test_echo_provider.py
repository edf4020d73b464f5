"""The tutorial stays short, and what it teaches works."""

from __future__ import annotations

import inspect
import subprocess
import sys
from types import SimpleNamespace

import pytest

import dte_panel_echo as echo
from dte_panel import Comparison, Value
from dte_panel.hookspecs import API_VERSION
from dte_panel.states import Table
from dte_panel.stats import wilson


def test_the_file_stays_under_40_lines() -> None:
    assert len(inspect.getsource(echo).splitlines()) < 40


def test_it_is_written_for_this_api_and_describes_itself() -> None:
    assert echo.api_version == API_VERSION
    for metric in echo.dte_metrics():
        assert metric.title
        assert metric.definition
    assert echo.positive_share.formula
    assert echo.positive_share.source


def test_the_share_leaves_missing_predictions_out_and_says_so() -> None:
    value = echo.positive_share.finish(Table(("prediction",), {(1,): 30, (0,): 70, (None,): 5}))
    assert (value.value, value.n) == (0.3, 100)
    assert (value.low, value.high) == wilson(30, 100)
    assert value.reason == "5 rows with a missing prediction left out"


def test_no_rows_have_no_share() -> None:
    value = echo.positive_share.finish(Table(("prediction",), {(None,): 5}))
    assert (value.value, value.n) == (None, 0)
    assert value.reason


def test_the_gap_names_its_two_groups() -> None:
    assert isinstance(echo.gap, Comparison)
    shares = [("F", 30), ("M", 60), ("X", 40)]
    groups = [({"sex": sex}, Value(k / 100, 100, *wilson(k, 100))) for sex, k in shares]
    value = echo.gap.finish({"positive_share": groups})
    assert value.value == pytest.approx(0.3)
    assert value.groups == ({"sex": "F"}, {"sex": "M"})
    assert value.low is not None
    assert value.high is not None
    assert 0 < value.low < 0.3 < value.high


def test_the_view_draws_a_bar_for_each_group() -> None:
    hv = pytest.importorskip("holoviews")
    pd = pytest.importorskip("pandas")
    hv.extension("bokeh")
    frame = pd.DataFrame({"cohort": ["All rows", "<b>F</b>"], "value": [0.4, 0.3]})
    (view,) = echo.dte_views()
    assert set(view.metrics) == {metric.id for metric in echo.dte_metrics()}
    bars = view.render(SimpleNamespace(frame=lambda *ids: frame))
    assert list(bars.dimension_values("cohort")) == ["All rows", "<b>F</b>"]
    assert list(bars.dimension_values("value")) == [0.4, 0.3]
    assert hv.render(bars).renderers


def test_importing_it_loads_nothing_heavy() -> None:
    code = "import sys, dte_panel_echo; print(*sorted(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"numpy", "pandas", "holoviews", "bokeh", "panel"} & set(loaded)
