"""The provider as the host sees it: hooks, declarations, the whole way from files to numbers, and the pictures."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import panel as pn
import pytest
from bokeh.embed import file_html
from bokeh.models import HoverTool, Span
from bokeh.models.dom import DOMNode as HTMLModel
from bokeh.resources import INLINE
from scipy import stats
from scipy.spatial.distance import jensenshannon

import dte_panel
import dte_panel_drift
from dte_panel import Comparison
from dte_panel.shell.results import Index, Results
from dte_panel.shell.theme import DARK, LIGHT
from dte_panel.states import Binned
from dte_panel_drift.distributions import bin_name
from dte_panel_drift.metrics import BY_COHORT
from dte_panel_drift.views import VIEWS

DEMO = Path(dte_panel.__file__).parent / "data" / "demo" / "car-loan"
HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def loans():
    return {name: pd.read_parquet(DEMO / f"{name}.parquet") for name in ("reference", "current")}


@pytest.fixture(scope="module")
def evidence():
    return dte_panel.assess(
        str(DEMO / "current.parquet"),
        reference=str(DEMO / "reference.parquet"),
        label="repaid",
        prediction="prediction",
        score="score",
        time="timestamp",
        id="id",
        windows={"every": "4 weeks", "start": "2018-10-28"},
    )


@pytest.fixture(scope="module")
def small():
    """A small frame with what goes wrong: missing values, a new category, a vanished one, hostile names."""
    rng = np.random.default_rng(0)
    n = 600

    def frame(shift, names, missing):
        number = rng.normal(shift, 1, n)
        number[:missing] = np.nan
        return pd.DataFrame({HOSTILE: number, "kind": rng.choice(names, n), "steady": rng.integers(0, 3, n) * 1.0})

    before, now = frame(0, ["a", "b", "old"], 30), frame(1, ["a", "b", HOSTILE], 90)
    return dte_panel.assess(now, reference=before)


def results(evidence, **selected):
    return Results(Index(evidence), "drift", **{"tokens": LIGHT, **selected})


def rendered(evidence, view, **selected):
    (found,) = (v for v in VIEWS if v.id == view)
    return found.render(results(evidence, **selected))


def sources(plot):
    """What is drawn, in order."""
    return list({r.data_source.id: dict(r.data_source.data) for r in plot.renderers}.values())


# ----------------------------------------------------------------------------------------------------- declarations


def test_the_module_is_light():
    heavy = "numpy", "pandas", "scipy", "bokeh", "holoviews", "panel", "param"
    code = f"import sys, dte_panel_drift; print([m for m in {heavy!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_metric_says_what_it_is():
    metrics = list(dte_panel_drift.dte_metrics(None))
    assert len({m.id for m in metrics}) == len(metrics) == 23
    for metric in metrics:
        assert all([metric.title, metric.definition, metric.formula, metric.source, metric.group]), metric.id
        assert (metric.unit == "p") == metric.id.endswith("_pvalue")
        assert metric.better == ("higher" if metric.unit == "p" else "nearer" if metric.target == 0 else "lower")
        assert metric.windows
        assert metric.cohorts == (metric.id in BY_COHORT)
        assert isinstance(metric, Comparison) or metric.id == "missing_share"
    every = dte_panel_drift.dte_metrics(dte_panel_drift.dte_settings()(cohorts="all"))
    assert [m.id for m in every if not m.cohorts] == ["drift_bearing", "drift_bearing_on_number"]


def test_the_setting_reaches_the_bins_and_the_definition():
    settings = dte_panel_drift.dte_settings()
    for bins, instance in ((10, None), (10, settings()), (25, settings(bins=25))):
        index = next(m for m in dte_panel_drift.dte_metrics(instance) if m.id == "population_stability_index")
        assert index.reduce.bins == bins
        assert f"{bins}-quantiles" in index.definition
        assert "0.5 rows are added on both sides" in index.definition
    for wrong in (1, 101):
        with pytest.raises(ValueError, match="bins"):
            settings(bins=wrong)


def test_views_show_metrics_that_exist():
    known = {m.id for m in dte_panel_drift.dte_metrics(None)}
    for view in dte_panel_drift.dte_views():
        assert set(view.metrics) <= known
        assert view.description


# ------------------------------------------------------------------------------------------- from files to numbers


def rows_of(loans, window):
    """The rows of a window as pandas cuts them."""
    now = loans["current"]
    if window == "current":
        return now
    start = pd.Timestamp(window)
    return now[(now["timestamp"] >= start) & (now["timestamp"] < start + pd.Timedelta(weeks=4))]


def judged(name, now, before):
    if name.startswith("chi_square"):
        table = pd.concat([now.value_counts(), before.value_counts()], axis=1).fillna(0).T
        judge = stats.chi2_contingency(table, correction=False)
        return judge.statistic if name.endswith("statistic") else judge.pvalue
    if name == "wasserstein_distance":
        return stats.wasserstein_distance(now, before)
    judge = stats.ks_2samp(now, before)
    return judge.statistic if name.endswith("statistic") else judge.pvalue


@pytest.mark.slow
def test_every_number_equals_scipys_on_the_car_loans(evidence, loans):
    judges = ("chi_square", "wasserstein", "kolmogorov")
    found = [m for m in evidence.measurements if m.metric.removeprefix("drift.").startswith(judges)]
    windows = {m.window for m in found}
    assert windows == {"current", *evidence.windows}
    assert len(windows) > 10
    # Five numeric columns with three numbers each, five categorical ones with two.
    assert len(found) == len(windows) * (5 * 3 + 5 * 2)
    for m in found:
        now, before = rows_of(loans, m.window)[m.column], loans["reference"][m.column]
        expected = judged(m.metric.removeprefix("drift."), now, before)
        where = f"{m.metric} {m.window} {m.column}"
        rel = 1e-9 if m.metric.endswith("pvalue") else 1e-12  # A p-value magnifies the last bit of its statistic.
        assert m.value == pytest.approx(expected, rel=rel, abs=1e-12), where
        assert m.n == len(now), where


@pytest.mark.slow
def test_the_index_and_the_distance_follow_from_pandas_own_bins(evidence, loans):
    name = "debt_to_income_ratio"
    cuts = [-np.inf, *np.quantile(loans["reference"][name], np.arange(1, 10) / 10, method="inverted_cdf"), np.inf]
    for window in ("current", evidence.windows[-3]):
        now, before = (
            pd.cut(side[name], cuts, right=False).value_counts(sort=False).to_numpy() + 0.0
            for side in (rows_of(loans, window), loans["reference"])
        )
        p, q = ((rows + 0.5) / (rows + 0.5).sum() for rows in (now, before))
        expected = {
            "population_stability_index": np.sum((p - q) * np.log(p / q)),
            "jensen_shannon_distance": jensenshannon(now, before),
        }
        for metric, value in expected.items():
            (found,) = results(evidence).measurements(metric, window=window, column=name)
            # `inverted_cdf` and our cut may differ by one of the 50,000 values at an edge.
            assert found.value == pytest.approx(value, rel=0.02)


@pytest.mark.slow
def test_what_moved_and_what_did_not(evidence):
    table = results(evidence).frame("population_stability_index", window=None, cohort={})
    late = table[table["start"] >= "2019-04-01"].groupby("column")["low"].min()
    early = table[table["start"] < "2019-03-01"].groupby("column")["value"].max()
    assert late["car_value"] > 0.5
    assert late[["loan_length", "repaid_loan_on_prev_car"]].min() > 0.1
    assert table.set_index("column")["value"]["debt_to_income_ratio"].max() < 0.02
    assert early.max() < 0.02


def test_names_and_missing_values_from_frame_to_measurement(small):
    r = results(small)
    (new,) = r.measurements("new_category_share", column="kind")
    (gone,) = r.measurements("vanished_categories", column="kind")
    assert new.reason == f"new: '{HOSTILE}'"
    assert 0.25 < new.value < 0.42
    assert gone.value == 1
    assert gone.reason.startswith("gone: 'old'")
    (change,) = r.measurements("missing_share_change", column=HOSTILE)
    assert (change.value, change.detail["reference"]) == (pytest.approx(0.1), pytest.approx(0.05))
    assert change.low < 0.1 < change.high
    (distance,) = r.measurements("wasserstein_distance", column=HOSTILE)
    assert distance.n == 510
    assert distance.reason == "90 current and 30 reference rows left out: missing or infinite"
    (index,) = r.measurements("population_stability_index", column=HOSTILE)
    assert index.low > 0.2


def test_columns_that_lost_all_their_values(small):
    before = pd.DataFrame({"x": np.arange(100.0), "kind": ["a", "b"] * 50})
    now = pd.DataFrame({"x": np.full(100, np.nan), "kind": pd.Series([None] * 100, dtype="str")})
    made = dte_panel.assess(now, reference=before).measurements
    found = {(m.metric.removeprefix("drift."), m.column): m for m in made if m.window == "current"}
    assert found["missing_share", "x"].value == found["missing_share_change", "kind"].value == 1
    for column in ("x", "kind"):
        assert found["population_stability_index", column].low > 2
        assert found["jensen_shannon_distance", column].value == pytest.approx(np.sqrt(np.log(2)))
    for metric in ("wasserstein_distance", "kolmogorov_smirnov_statistic", "kolmogorov_smirnov_pvalue"):
        assert (found[metric, "x"].value, found[metric, "x"].status) == (None, "not_evaluated")
        assert "value in the current rows" in found[metric, "x"].reason
    assert found["vanished_categories", "kind"].value == 2
    assert found["new_category_share", "kind"].value == 0
    assert found["chi_square_statistic", "kind"].value == pytest.approx(200)


# -------------------------------------------------------------------------------------------------------- pictures


@pytest.mark.parametrize("tokens", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("view", [v.id for v in VIEWS])
def test_every_view_draws_and_text_from_the_data_is_never_markup(small, view, tokens):
    shown = rendered(small, view, tokens=tokens)
    if view in ("cohorts", "outputs_over_time", "bearing"):
        # Without sensitive columns, without a model.
        assert shown is None
        return
    if isinstance(shown, list):
        # Text and tables, which the shell escapes.
        assert HOSTILE in shown[1].to_numpy()
        return
    figures = [p.object for p in shown.select(pn.pane.Bokeh)] if isinstance(shown, pn.Column) else [shown]
    texts = [text for plot in figures for text in written(plot)]
    assert any("img src=x" in text for text in texts)
    assert "</html>" in file_html(figures, INLINE)
    for plot in figures:
        assert plot.title.text == ""
        assert not plot.select(HTMLModel)
        for hover in plot.select(HoverTool):
            assert isinstance(hover.tooltips, list)
            assert not any(mark in word for pair in hover.tooltips for word in pair for mark in "<{")


def written(plot):
    """Labels of the axes, and text in the sources."""
    for axis in plot.axis:
        yield str(axis.axis_label)
        yield from axis.major_label_overrides.values()
    for data in sources(plot):
        yield from (str(item) for values in data.values() for item in values)


def test_bars_carry_the_interval_and_the_bound_of_the_policy(evidence):
    plot = rendered(evidence, "moved")
    (bars,) = sources(plot)
    assert bars["column"][-1] == "car_value"
    assert all(low <= value <= high for low, value, high in zip(bars["low"], bars["value"], bars["high"], strict=True))
    bounds = {float(v.bound.split()[-1]) for v in evidence.verdicts if v.metric == "drift.population_stability_index"}
    assert {span.location for span in plot.select(Span)} == bounds


def test_distributions_show_new_categories_and_missing_shares(small):
    plots = {p.object.xaxis[0].axis_label: p.object for p in rendered(small, "distribution").objects}
    (name,) = (label for label in plots if label.startswith("<img"))
    assert name.endswith("\nmissing 5.0 % → 15.0 %")
    kind = plots["kind: share of rows"]
    (bars,) = sources(kind)
    assert set(bars["label"]) == {"a", "b", "old", f"new: {HOSTILE}"}
    # Three whole numbers have no width to spread a density over.
    (steady,) = sources(plots["steady: share of rows"])
    assert steady["label"] == ["2", "1 to 2", "0 to 1"]
    for data in (bars, steady):
        assert sum(data["before"]) == pytest.approx(1)
        assert sum(data["now"]) == pytest.approx(1)


def test_densities_hold_the_share_of_each_bin(evidence, loans):
    plots = {p.object.xaxis[0].axis_label: p.object for p in rendered(evidence, "distribution").objects}
    quads = [d for d in sources(plots["car_value"]) if "left" in d]
    for data, side in zip(quads, ("reference", "current"), strict=True):
        widths = np.array(data["right"]) - np.array(data["left"])
        shares = widths * np.array(data["top"])
        assert shares.sum() == pytest.approx(1)
        values = loans[side]["car_value"]
        assert shares[3] == pytest.approx(values.between(data["left"][3], data["right"][3], inclusive="left").mean())


@pytest.mark.parametrize(
    ("edges", "names"),
    [
        ((1.0, 2.5), ["below 1", "1 to 2.5", "2.5 and above"]),
        ((5.0, np.nextafter(5.0, 6)), ["below 5", "5", "above 5"]),
        ((1234567.0,), ["below 1.23457e+06", "1.23457e+06 and above"]),
        ((), ["all values"]),
    ],
)
def test_bins_are_named_in_words(edges, names):
    binned = Binned(edges, {})
    assert [bin_name(key, binned, 1) for key in binned.bins] == names


def test_missing_values_are_drawn_only_where_there_are_some(evidence, small):
    assert rendered(evidence, "missing") is None
    (bars,) = sources(rendered(small, "missing"))
    assert bars["label"] == [HOSTILE]
    assert (bars["before"], bars["now"]) == ([0.05], [0.15])


def test_nothing_to_show_without_a_reference():
    alone = dte_panel.assess(pd.DataFrame({"x": np.arange(50.0)}))
    assert [rendered(alone, view.id) for view in VIEWS] == [None] * len(VIEWS)


def test_tests_are_shown_before_and_after_their_adjustment(evidence):
    said, table = rendered(evidence, "tests")
    tested = sum(m.adjusted is not None for m in evidence.measurements)
    assert said.startswith(f"{tested:,} tests in this assessment are adjusted together")
    assert len(table) == 10
    assert "< 1e-300" in set(table["p"])  # and never 0
    adjusted, plain = (table[name].str.removeprefix("< ").astype(float) for name in ("Adjusted", "p"))
    assert (adjusted >= plain).all()


def test_only_numbers_have_a_mean(evidence):
    made = [m for m in evidence.measurements if m.metric == "drift.mean_shift"]
    assert made
    assert {m.status for m in made} == {"ok"}
    assert "salary_range" not in {m.column for m in made}


def test_what_drift_touches_is_ranked(evidence):
    (table,) = rendered(evidence, "bearing")
    assert list(table)[:2] == ["Column", "Bearing"]
    bearing = table["Bearing"].astype(float)
    assert bearing.is_monotonic_decreasing
    assert table.set_index("Column")["Bearing"].astype(float)["debt_to_income_ratio"] < 0.01


def test_the_group_that_moved_is_named():
    rng = np.random.default_rng(0)
    before = pd.DataFrame({"x": rng.normal(size=3_000), "sex": rng.choice(["F", "M"], 3_000)})
    now = before.assign(x=before["x"] + (before["sex"] == "F"))
    made = dte_panel.assess(now, reference=before, sensitive=["sex"])
    said, table = rendered(made, "cohorts")
    assert said.startswith("sex: F moved most: x, ")
    assert list(table["Group"]) == ["sex: F"]
    same = dte_panel.assess(before, reference=before, sensitive=["sex"])
    assert "moved further than chance explains (4 looked at)" in rendered(same, "cohorts")
