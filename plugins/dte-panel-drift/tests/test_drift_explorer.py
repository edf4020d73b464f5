"""The heat map and the cell that it leads to."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from bokeh.models import ColorBar, HoverTool
from bokeh.models.glyphs import Image

import dte_panel
from dte_panel.shell import safe
from dte_panel.shell.results import Index, Results
from dte_panel.shell.theme import LIGHT
from dte_panel_drift import cell, explorer, heatmap

DEMO = Path(dte_panel.__file__).parent / "data" / "demo" / "car-loan"
HOSTILE = "<img src=x onerror=alert(1)>"
INDEX = "population_stability_index"


@pytest.fixture(scope="module")
def evidence():
    rng = np.random.default_rng(1)

    def frame(n, shift):
        times = pd.Timestamp("2026-01-01") + pd.to_timedelta(rng.integers(0, 60, n), unit="D")
        names = ["a", "b", HOSTILE] if shift else ["a", "b", "old"]
        return pd.DataFrame({
            HOSTILE: rng.normal(shift, 1, n), "still": rng.normal(size=n), "kind": rng.choice(names, n), "time": times,
            "sex": rng.choice(["F", "M"], n), "y": rng.integers(0, 2, n), "score": rng.random(n),
        })  # fmt: skip

    return dte_panel.assess(
        frame(900, 1), reference=frame(1_500, 0), time="time", label="y", score="score", sensitive=["sex"],
        windows={"every": "20 days", "start": "2026-01-01"},
    )  # fmt: skip


def results(evidence, **selected):
    return Results(Index(evidence), "drift", **{"tokens": LIGHT, **selected})


def opened(evidence, **selected):
    """The explorer itself, and its picture."""
    told = results(evidence, **selected)
    cells = heatmap.grid(told, lambda column: True)
    made = explorer.Explorer(told, cells, {c: c for c in cells.columns})
    return made, made.picture.object


def image(plot):
    (found,) = (r for r in plot.renderers if isinstance(r.glyph, Image))
    return found.data_source.data


def many(evidence, columns, windows):
    """So many cells from one."""
    (one,) = results(evidence).measurements(INDEX, column="still", cohort={})
    names = [f"2026-{i:05}" for i in range(windows)]
    made = [
        replace(one, column=f"c{i:03}", window=w, value=(i * j % 97) / 300)
        for i in range(columns)
        for j, w in enumerate(names)
    ]
    return replace(evidence, measurements=made, windows=["reference", "current", *names], states=[])


def test_the_image_has_a_cell_for_each_column_and_window(evidence):
    made, plot = opened(evidence)
    told, data = results(evidence), image(plot)
    for i, column in enumerate(reversed(made.cells.columns)):
        for j, window in enumerate(told.windows):
            (m,) = told.measurements(INDEX, window=window, cohort={}, column=column)
            assert data["image"][0][i, j] == pytest.approx(m.value, rel=1e-6)
            assert data["column"][0][i][j] == column
            assert data["window"][0][i][j] == window
    now = {m.column: m.value for m in told.measurements(INDEX, cohort={})}
    assert made.cells.columns[0] == max(now, key=now.get)
    assert plot.select_one(ColorBar)


def test_outputs_have_a_heading_of_their_own(evidence):
    features = explorer.features_over_time(results(evidence))
    outputs = explorer.outputs_over_time(results(evidence))
    assert set(outputs[1][1].options) == {"Score: score", "Label: y"}
    assert not set(outputs[1][1].options.values()) & set(features[1][1].options.values())


def test_a_click_and_the_lists_choose_the_same_cell(evidence):
    made, plot = opened(evidence)
    place = made.cells.place("still", made.cells.windows[1])
    made.choose(SimpleNamespace(x=place[0] + 0.3, y=place[1] - 0.4))
    assert (made.column.value, made.window.value) == ("still", made.cells.windows[1])
    assert made.chosen.data == {"x": [place[0]], "y": [place[1]]}
    made.choose(SimpleNamespace(x=-3.0, y=0.0))
    assert made.column.value == "still", "beside the picture nothing is chosen"
    made.column.value = "kind"
    assert made.chosen.data["y"] == [made.cells.place("kind", made.window.value)[1]]
    made.order.value = explorer.NAME
    assert made.cells.columns == sorted(made.cells.columns)
    assert made.column.value == "kind"
    assert made.picture.object is not plot
    assert made.chosen.data["y"] == [made.cells.place("kind", made.window.value)[1]]


def test_columns_can_be_ordered_by_what_they_touch(evidence):
    made, _ = opened(evidence)
    assert list(made.by) == [explorer.SEVERITY, "Bearing on performance", explorer.NAME]


def test_a_cell_says_everything(evidence):
    told = results(evidence)
    window = told.windows[0]
    said, pictures, folds = cell.cell(told, HOSTILE, window, HOSTILE)
    assert said.startswith(f"{HOSTILE}, {window}: index ")
    assert "further than what 95 % of samples without drift stay below" in said
    assert "adjusted for" in said
    assert len(pictures) == 2
    numbers, groups = folds.values()
    assert len(numbers) == len(told.measurements(window=window, cohort={}, column=HOSTILE))
    assert set(groups["Group"]) == {"sex: F", "sex: M"}
    assert f"New categories: '{HOSTILE}'" in cell.cell(told, "kind", window, "kind")[0]
    assert "Vanished categories: 'old'" in cell.cell(told, "kind", window, "kind")[0]
    assert cell.cell(told, "nowhere", window, "nowhere")[0] == f"nowhere, {window}: not measured."


def test_names_from_the_data_are_text_wherever_they_stand(evidence):
    shown = safe.viewable(explorer.features_over_time(results(evidence)))
    for hover in shown[0].object.select(HoverTool):
        assert isinstance(hover.tooltips, list)
    assert HOSTILE in shown[1][1].options


def test_a_column_that_was_not_evaluated_is_grey_and_says_why(evidence):
    (one,) = results(evidence).measurements(INDEX, column="still", cohort={})
    empty = replace(
        one, value=None, low=None, high=None, n=0, status="not_evaluated", reason="no current rows", detail={}
    )
    document = replace(evidence, measurements=[empty, replace(one, column="other")], windows=["reference", "current"])
    _, plot = opened(document)
    data = image(plot)
    assert data["text"][0][0] == ["not evaluated: no current rows"]
    assert np.isnan(data["image"][0][0, 0])
    assert cell.sentences(results(document), "still", "current", "still") == [
        "still, current: not evaluated: no current rows."
    ]
    assert explorer.features_over_time(results(replace(document, measurements=[empty]))) is None


@pytest.mark.slow
def test_three_hundred_columns_over_a_year_stay_small(evidence):
    """110,000 cells are one image: what is sent does not hold a word for each."""
    from bokeh.core.serialization import Serializer

    document = many(evidence, 300, 365)
    _, plot = opened(document)
    assert image(plot)["image"][0].shape == (300, 365)
    assert set(image(plot)) == {"image", "rows"}
    assert len(plot.yaxis[0].ticker.ticks) < 100
    assert "left out" in plot.yaxis[0].axis_label
    buffers = Serializer(deferred=True).encode(plot)
    assert buffers


def test_distances_and_adjusted_tests_of_each_group(evidence):
    told = results(evidence)
    for name in ("kolmogorov_smirnov_statistic", "normalised_wasserstein_distance", "jensen_shannon_distance"):
        made = [m for m in told.measurements(name, column="still") if m.cohort]
        assert {m.cohort["sex"] for m in made} == {"F", "M"}
        assert all("without_drift" in m.detail for m in made)
    tests = [m for m in told.measurements("kolmogorov_smirnov_pvalue", column=HOSTILE) if m.cohort]
    assert tests
    assert all(m.adjusted >= m.value for m in tests)
    assert not [m for m in told.measurements("hellinger_distance") if m.cohort], "all of them where the settings say so"
