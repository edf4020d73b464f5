"""The views draw what there is, and nothing where there is nothing."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from bokeh.models import GlyphRenderer
from bokeh.models.annotations import BoxAnnotation
from bokeh.plotting import figure

from dte_panel import Measurement
from dte_panel.states import Scored, Table
from dte_panel_performance import curves, dte_metrics, dte_views, findings, views, whatif
from dte_panel_performance.scores import expected_calibration_error

COLOURS = "text muted surface border border_strong accent accent_2 reference fail_fg fail_bg fail_line none_bg"
TOKENS = dict.fromkeys(COLOURS.split(), "#123456") | {f"heat_{i}": f"#{i}{i}ee{i}{i}" for i in range(5)}


class Results:
    """What a view is given, from measurements, verdicts and states alone."""

    window, cohort, tokens = "current", {}, TOKENS

    def __init__(self, measurements=(), verdicts=(), states=()) -> None:
        self._measurements, self._verdicts, self._states = measurements, verdicts, states

    def measurements(self, *ids, window="current", cohort=None):
        return [
            m
            for m in self._measurements
            if m.metric in ids and window in {None, m.window} and (cohort is None or m.cohort == cohort)
        ]

    def verdicts(self, *ids):
        return [v for v in self._verdicts if v.metric in ids]

    def definition(self, name):
        return {"title": name}

    def states(self, kind, *, window="current", cohort=None):
        return [s for s in self._states if s.kind == kind and s.window == window]


def measurement(metric, window="current", cohort=None, value: float | None = 0.8, detail=None) -> Measurement:
    ends = (None, None) if value is None else (value - 0.1, value + 0.1)
    about = (metric, 1, "performance", window, cohort or {}, None)
    return Measurement(*about, value, *ends, 40, "ok" if value else "not_evaluated", "one class", detail=detail or {})


def figures(drawn) -> list[figure]:
    return [drawn] if isinstance(drawn, figure) else [getattr(part, "object", part) for part in drawn]


def column(fig, name):
    sources = [r.data_source.data for r in fig.renderers if isinstance(r, GlyphRenderer)]
    return next(list(s[name]) for s in sources if name in s)


def glyphs(fig) -> list[str]:
    return [type(r.glyph).__name__ for r in fig.renderers]


def test_over_time_breaks_where_a_window_has_no_value():
    values = {
        "2019-01-01": 0.8,
        "2019-03-01": None,
        "2019-02-01": 0.7,
        "2019-04-01": 0.6,
        "reference": 0.9,
        "current": 0.7,
    }
    made = [measurement("roc_auc", window, value=v) for window, v in values.items()]
    verdict = SimpleNamespace(metric="roc_auc", bound=">= 0.75")
    (fig,) = figures(views.over_time(Results(made, [verdict])))
    assert column(fig, "value") == [0.8, 0.7, None, 0.6]
    assert column(fig, "estimate")[2] == "not evaluated: one class"
    # A band over the first two windows, a line for the one that stands alone, the reference with its band.
    assert glyphs(fig).count("VArea") == glyphs(fig).count("Segment") == glyphs(fig).count("HStrip") == 1
    zones = [part for part in fig.center if isinstance(part, BoxAnnotation)]
    assert [zone.top for zone in zones] == [0.75]
    assert fig.xaxis.axis_label == "start of window\ncheck >= 0.75"
    assert fig.y_range.start < 0.5
    assert fig.y_range.end > 1.0


def test_over_time_of_a_regressor():
    made = [
        measurement("mean_absolute_error", w, value=v) for w, v in (("2019-01-01T06:00:00", 3.0), ("2019-01-02", 5.0))
    ]
    (fig,) = figures(views.over_time(Results(made)))
    assert fig.yaxis.axis_label == "Mean absolute error (unit of the label)"


def test_curves_run_from_corner_to_corner():
    state = Scored.of(np.array([0.1, 0.4, 0.35, 0.8]), np.array([0.0, 0.0, 1.0, 1.0]))
    records = [
        SimpleNamespace(kind="Scores", columns=("label",), window=w, state=state) for w in ("reference", "current")
    ]
    roc, precision_recall = figures(curves.roc_and_precision_recall(Results(states=records)))
    assert [item.label.value for item in roc.legend[0].items] == ["reference", "current"]
    assert glyphs(precision_recall) == ["Step", "Step"]
    wrong, right = curves.thresholds(state)
    assert (wrong.tolist(), right.tolist()) == ([0, 0, 1, 1, 2], [0, 1, 1, 2, 2])


def test_one_class_has_no_curve():
    state = Scored.of(np.array([0.1, 0.4]), np.array([1.0, 1.0]))
    assert (
        curves.roc_and_precision_recall(
            Results(states=[SimpleNamespace(kind="Scores", columns=("label",), window="current", state=state)])
        )
        is None
    )


def test_calibration_shows_the_bins():
    made = expected_calibration_error.finish(Scored.of(np.array([0.12, 0.18, 0.9]), np.array([0.0, 1.0, 1.0])))
    results = Results([measurement("expected_calibration_error", value=made.value, detail=made.detail)])
    top, bottom = figures(curves.calibration(results))
    assert column(top, "positive_share") == [0.5, 1.0]
    assert column(bottom, "rows") == ["2", "1"]


@pytest.mark.parametrize(
    ("counts", "text"),
    [
        ({(1, 1): 3, (1, 0): 1, (0, 0): 1000}, ["1,000\n100%", "0\n0%", "1\n25%", "3\n75%"]),
        ({("a", "a"): 2, ("a", "b"): 2}, ["2\n50%", "2\n50%", "0", "0"]),
    ],
)
def test_confusion_shows_rows_and_shares(counts, text):
    other = SimpleNamespace(kind="Counts", window="current", state=Table(("prediction",), {(1,): 4}))
    record = SimpleNamespace(kind="Counts", window="current", state=Table(("label", "prediction"), counts))
    (fig,) = figures(curves.confusion(Results(states=[other, record])))
    assert column(fig, "text") == text


def test_too_many_classes_are_said():
    table = Table(("label", "prediction"), {(str(i), str(i)): 1 for i in range(30)})
    drawn = curves.confusion(Results(states=[SimpleNamespace(kind="Counts", window="current", state=table)]))
    assert drawn == "30 classes are too many to show as a picture; the metrics above use them all."


def test_by_cohort():
    cohorts = [{}, {"sex": "Male"}, {"sex": None}, {"sex": "Male", "race": "a"}]
    (fig,) = figures(views.by_cohort(Results([measurement("accuracy", cohort=c) for c in cohorts])))
    assert column(fig, "named") == ["Male", "missing"]
    assert "VSpan" in glyphs(fig)
    cohorts.append({"race": "a"})
    sex, race = figures(views.by_cohort(Results([measurement("accuracy", cohort=c) for c in cohorts])))
    assert (sex.x_range.start, sex.x_range.end) == (race.x_range.start, race.x_range.end)


def scores_record(window="current"):
    state = Scored.of(np.array([0.1, 0.4, 0.35, 0.8]), np.array([0.0, 0.0, 1.0, 1.0]))
    return SimpleNamespace(kind="Scores", columns=("score", "label"), window=window, state=state)


def test_gain_lift_and_thresholds_follow_the_scores():
    results = Results(states=[scores_record()])
    gain, lift = figures(whatif.gain_and_lift(results))
    assert column(gain, "gain")[-1] == column(lift, "lift")[-1] == "1.000"
    assert column(lift, "lift")[0] == "2.000"
    (fig,) = figures(whatif.by_threshold(results))
    assert [item.label.value for item in fig.legend[0].items] == ["precision", "recall", "F1", "selection rate"]
    assert column(fig, "y") == pytest.approx([0.5, 2 / 3, 0.5, 1])


def test_the_cost_of_each_threshold_is_drawn_where_prices_are_set():
    price = {"true_positive": 0.0, "false_positive": 1.0, "false_negative": 4.0, "true_negative": 0.0}
    priced = measurement("expected_cost", value=0.75, detail={"costs": price})
    _, cost = figures(whatif.by_threshold(Results([priced], states=[scores_record()])))
    assert column(cost, "y") == pytest.approx([0.5, 0.25, 1.25, 1.0])


def test_the_weakest_slices_are_named_and_what_was_searched_is_said():
    one = {"where": {"sex": "F", "age": None}, "n": 90, "value": 0.4, "low": 0.3, "high": 0.5, "adjusted": 0.001}
    two = {"where": {"sex": "M"}, "n": 800, "value": 0.7, "low": 0.6, "high": 0.9, "adjusted": 0.5}
    detail = {"slices": [one, two], "searched": 7, "min_rows": 50, "all_rows": 0.75, "left_out": ["x"]}
    made = measurement("weakest_slice_accuracy", value=0.4, detail=detail)
    drawn, told, table = findings.weakest(Results([made]))
    (fig,) = figures(drawn)
    assert column(fig, "named") == ["sex: F · age: missing", "sex: M"]
    assert column(fig, "marker") == ["square", "circle"]
    assert list(table["Show the named slices"]["rows"]) == ["90", "800"]
    assert column(fig, "slice") == ["sex: F, age: missing", "sex: M"]
    assert column(fig, "lower_than_all_rows") == ["for certain", "not for certain"]
    assert told.startswith("Accuracy: 7 slices of at least 50 rows were searched")
    assert told.endswith("Not cut by: x.")


def test_what_turned_out_takes_the_place_of_the_estimate():
    made = [measurement("accuracy", w, value=v) for w, v in (("2019-01-01", 0.8), ("2019-02-01", None))]
    made += [measurement("estimated_accuracy", w, value=0.7) for w in ("2019-01-01", "2019-02-01")]
    (fig,) = figures(findings.estimated(Results(made)))
    drawn = {r.data_source.data["what"][0]: list(r.data_source.data["window"]) for r in fig.renderers}
    assert drawn == {
        "turned out": ["2019-01-01"],
        "estimated": ["2019-02-01"],
        "had been estimated": ["2019-01-01"],
    }


def test_the_baseline_is_drawn_beside_the_value():
    skill = measurement("accuracy_over_baseline", "2019-01-01", value=0.2, detail={"baseline": 0.3})
    (fig,) = figures(views.over_time(Results([measurement("accuracy", "2019-01-01"), skill])))
    assert column(fig, "baseline") == ["0.300"]
    assert fig.y_range.start < 0.3


def test_a_dummy_that_lies_far_off_does_not_flatten_the_line():
    skill = measurement("accuracy_over_baseline", "2019-01-01", value=0.7, detail={"baseline": 0.1})
    (fig,) = figures(views.over_time(Results([measurement("accuracy", "2019-01-01"), skill])))
    assert fig.xaxis.axis_label == "start of window\ndummy 0.100"
    assert fig.y_range.start > 0.5


def test_nothing_to_show():
    assert [view.render(Results()) for view in dte_views()] == [None] * 9
    undefined = [
        measurement("roc_auc", "2019-01-01", value=None),
        measurement("accuracy", cohort={"a": "b"}, value=None),
    ]
    assert [view.render(Results(undefined)) for view in dte_views()] == [None] * 9


def test_views_name_metrics_that_exist():
    known = {metric.id for metric in dte_metrics(None)}
    for view in dte_views():
        assert set(view.metrics) <= known
        assert view.description.endswith(".")
