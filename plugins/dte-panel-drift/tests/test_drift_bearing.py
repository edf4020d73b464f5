"""What drift touches: the label's dependence on a column, and a classifier that tells the sides."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import entropy
from sklearn.metrics import mutual_info_score

import dte_panel
from dte_panel.states import JointSample, Table
from dte_panel_drift.bearing import dependence, drift_bearing
from dte_panel_drift.classifier import domain_classifier_auc


def crossed(bins, labels) -> Table:
    found, rows = np.unique(np.array([bins, labels]), axis=1, return_counts=True)
    return Table(("bin", "label"), {(str(b), int(y)): int(n) for (b, y), n in zip(found.T, rows, strict=True)})


def test_dependence_is_scikit_learns_mutual_information_less_its_bias():
    rng = np.random.default_rng(0)
    bins = rng.integers(0, 5, 4_000)
    labels = (rng.random(4_000) < 0.2 + 0.1 * bins).astype(int)
    shared = mutual_info_score(bins, labels) - 4 / 8_000
    assert dependence(crossed(bins, labels)) == pytest.approx(shared / entropy(np.bincount(labels)), rel=1e-10)
    assert dependence(crossed(bins, bins % 2)) == pytest.approx(1, abs=0.01)
    assert dependence(crossed(bins, np.ones(4_000))) is None
    # Nothing but chance explains nothing.
    assert dependence(crossed(bins, rng.integers(0, 2, 4_000))) < 0.002


def test_a_column_that_moved_far_but_tells_nothing_weighs_nothing():
    rng = np.random.default_rng(1)
    labels = rng.integers(0, 2, 3_000)
    telling, idle = labels * 3 + rng.integers(0, 3, 3_000), rng.integers(0, 6, 3_000)
    weighed = {
        name: drift_bearing(crossed(np.minimum(bins + 1, 5), labels), crossed(bins, labels))
        for name, bins in (("telling", telling), ("idle", idle))
    }
    assert weighed["telling"].value > 0.05
    assert weighed["idle"].value < 0.002
    assert weighed["telling"].low < weighed["telling"].value < weighed["telling"].high
    detail = weighed["telling"].detail
    assert weighed["telling"].value == pytest.approx(detail["distance"] * detail["dependence"])
    one = drift_bearing(crossed(telling, labels), crossed(telling, labels * 0))
    assert one.reason == "the reference has one label only: nothing depends on a column"
    assert drift_bearing(Table(("bin", "label")), crossed(telling, labels)).reason == "no current rows"


def test_from_rows_to_the_bearing_of_each_feature_and_the_score():
    rng = np.random.default_rng(2)
    before = pd.DataFrame({"a": rng.normal(size=2_000), "b": rng.normal(size=2_000)})
    before["y"] = (before["a"] + rng.normal(size=2_000) > 0).astype(int)
    before["p"], before["s"] = before["y"], 1 / (1 + np.exp(-before["a"]))
    now = before.assign(a=before["a"] + 1, b=before["b"] + 1)
    made = dte_panel.assess(now, reference=before, label="y", prediction="p", score="s")
    found = {m.column: m for m in made.measurements if m.metric == "drift.drift_bearing"}
    assert set(found) == {"a", "b", "s"}
    assert found["a"].value > 10 * found["b"].value


def sample(columns, total=None) -> JointSample:
    n = len(next(iter(columns.values())))
    return JointSample({name: np.ma.asarray(values) for name, values in columns.items()}, n, total or n)


@pytest.mark.slow
def test_the_classifier_sees_what_single_columns_do_not():
    """Each column stays as it was; how they go together turned round."""
    rng = np.random.default_rng(3)
    x, y, z = rng.normal(size=(3, 800))
    before = sample({"x": x, "y": x + 0.3 * y, "kind": rng.choice(["a", "b"], 800)})
    now = sample({"x": z, "y": -z + 0.3 * y, "kind": rng.choice(["a", "b"], 800)}, total=9_000)
    found = domain_classifier_auc(now, before)
    assert found.value > 0.85
    assert found.low < found.value < found.high
    assert {f["column"] for f in found.detail["features"][:2]} == {"x", "y"}
    assert found.detail["features"][2]["importance"] < 0.05
    assert found.reason == "a sample of 800 of 9,000 current and 800 of 800 reference rows, seed 0; 5 folds"
    assert domain_classifier_auc(now, before) == found


def test_the_classifier_finds_nothing_where_nothing_moved():
    rng = np.random.default_rng(4)
    sides = [
        sample({"x": np.ma.masked_invalid(np.where(rng.random(600) < 0.1, np.nan, rng.normal(size=600)))})
        for _ in range(2)
    ]
    found = domain_classifier_auc(*sides)
    assert found.low < 0.5 < found.high
    few = sample({"x": np.arange(9.0)})
    assert domain_classifier_auc(few, few).reason == "9 rows on a side, 50 needed"
    assert domain_classifier_auc(sides[0], sample({"other": np.arange(600.0)})).reason == "no feature on both sides"


def test_the_classifier_is_asked_for_in_the_settings():
    rng = np.random.default_rng(5)
    before = pd.DataFrame({"x": rng.normal(size=200), "kind": rng.choice(["a", "b"], 200)})
    arguments = {"reference": before, "plugins": {"drift": {"domain_classifier": True}}}
    made = dte_panel.assess(before.assign(x=before["x"] + 3), **arguments).measurements
    (found,) = (m for m in made if m.metric == "drift.domain_classifier_auc")
    assert found.value > 0.9
    assert (found.window, found.column, found.detail["features"][0]["column"]) == ("current", None, "x")


def test_the_bearing_on_a_number_is_the_share_of_its_variance():
    rng = np.random.default_rng(8)

    def frame(n, shift):
        x, z = rng.normal(shift, 1, n), rng.normal(shift, 1, n)
        times = pd.Timestamp("2026-01-01") + pd.to_timedelta(rng.integers(0, 20, n), unit="D")
        return pd.DataFrame({"x": x, "z": z, "y": 3 * x + rng.normal(size=n), "p": 3 * x, "time": times})

    made = dte_panel.assess(
        frame(2_000, 0.5), reference=frame(3_000, 0.0), label="y", prediction="p", time="time",
        windows={"every": "10 days", "start": "2026-01-01"},
    )  # fmt: skip
    found = {(m.column, m.window): m for m in made.measurements if m.metric == "drift.drift_bearing_on_number"}
    assert {m.status for m in found.values()} == {"ok"}
    assert {window for _, window in found} >= {"current", "2026-01-01"}
    tells, idle = found["x", "current"], found["z", "current"]
    assert 0.8 < tells.detail["dependence"] < 0.9  # The whole is 0.9; ten bins tell a little less.
    assert idle.detail["dependence"] < 0.01
    assert tells.value == pytest.approx(tells.detail["distance"] * tells.detail["dependence"])
    assert tells.low <= tells.value <= tells.high


def test_what_explains_nothing_by_chance_explains_nothing():
    from dte_panel.states import Averaged, Moments
    from dte_panel_drift.bearing import explained

    def means(*parts):
        return Averaged(None, {str(i): Moments(n, 0, {"value": m}, {"value": s}) for i, (n, m, s) in enumerate(parts)})

    assert explained(means((10, 1.0, 0.0), (10, 3.0, 0.0))) == 1.0
    # SS between 20, within 40: 20 − 40 / 18 of 60.
    assert explained(means((10, 1.0, 20.0), (10, 3.0, 20.0))) == pytest.approx((20 - 40 / 18) / 60)
    assert explained(means((10, 1.0, 20.0), (10, 1.0, 20.0))) == 0
    assert explained(means((10, 2.0, 0.0), (10, 2.0, 0.0))) is None
