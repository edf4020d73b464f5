"""The views draw what there is, say what there is not, and take any name."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from bokeh.models import GlyphRenderer
from bokeh.plotting import figure

from dte_panel import Measurement
from dte_panel_fairness import charts, dte_views, views

NASTY = "<img src=x onerror=alert(1)> $$x$$"
COLOURS = "text muted border border_strong accent reference pass_fg warn_fg fail_fg none_fg none_bg"
TOKENS = dict.fromkeys(COLOURS.split(), "#123456") | {f"heat_{i}": f"#{i}{i}ee{i}{i}" for i in range(5)}


class Results:
    """What a view is given, from measurements and verdicts alone."""

    window, cohort, tokens = "current", {}, TOKENS

    def __init__(self, measurements, verdicts=()) -> None:
        self._measurements, self._verdicts = measurements, verdicts

    def measurements(self, *ids, cohort=None, **_):
        return [
            m
            for m in self._measurements
            if m.metric.removeprefix("fairness.") in ids and (cohort is None or m.cohort == cohort)
        ]

    def verdicts(self, *ids):
        return [v for v in self._verdicts if v.metric.removeprefix("fairness.") in ids]

    def verdict_of(self, measurement):
        return next((v.verdict for v in self._verdicts if v.metric == measurement.metric), "")


def measurement(metric, cohort=None, value=0.5, across=None, groups=()) -> Measurement:
    ends = (None, None) if value is None else (max(0, value - 0.1), min(1, value + 0.1))
    status = "ok" if value is not None else "not_evaluated"
    reason = None if value is not None else "no rows with label 1"
    name = f"fairness.{metric}"
    place = (name, 1, "fairness", "current", cohort or {}, None)
    return Measurement(*place, value, *ends, 40, status, reason, across, groups)


def figures(drawn) -> list[figure]:
    found = [drawn] if isinstance(drawn, figure) else [pane.object for pane in drawn]
    for fig in found:
        assert fig.toolbar_location is None
        assert fig.title.text == ""
    return found


def column(fig, name):
    """A column of the first data source that has it."""
    sources = [r.data_source.data for r in fig.renderers if isinstance(r, GlyphRenderer)]
    return next(list(s[name]) for s in sources if name in s)


def test_rates_by_group():
    cohorts = [{"sex": "Female"}, {"sex": None}, {"sex": "missing"}, {NASTY: NASTY}]
    made = [measurement(m, c) for m in views.SHOWN for c in [{}, *cohorts, {"sex": "Female", NASTY: NASTY}]]
    made.append(measurement("true_positive_rate", {"sex": "Male"}, None))
    drawn = figures(views.rates(Results(made)))
    assert [f.xaxis.axis_label for f in drawn] == [
        "Selection rate",
        "True positive rate",
        "False positive rate",
    ]
    # NULL and a category called "missing" are two groups; crossed groups stand elsewhere.
    assert list(drawn[0].y_range.factors) == [
        (NASTY, charts.short([NASTY])[NASTY]),
        ("sex", "missing"),
        ("sex", "(missing)"),
        ("sex", "Female"),
    ]
    assert column(drawn[1], "note") == ["", "", "", "", "not evaluated"]
    assert column(drawn[1], "rate")[-1] == "not evaluated: no rows with label 1"
    assert column(drawn[0], "rate")[0] == "0.500 (0.400 to 0.600)"


def test_gaps_carry_bound_and_verdict():
    pair = ({"sex": "Male"}, {"sex": None})
    made = [
        measurement("demographic_parity_difference", value=0.3, across="sex", groups=pair),
        measurement("equalized_odds_difference", value=None, across="sex"),
        measurement("demographic_parity_ratio", value=0.95, across="sex", groups=pair),
        measurement("equal_opportunity_ratio", value=None),
    ]
    verdict = SimpleNamespace(
        metric="fairness.demographic_parity_difference", window="current", across="sex", bound="<= 0.2", verdict="fail"
    )
    differences, ratios = figures(views.gaps(Results(made, [verdict])))
    assert column(differences, "place") == [("Demographic parity", "sex"), ("Equalized odds", "sex")]
    assert column(differences, "bound")[0] == 0.2
    assert column(differences, "word") == ["fail", ""]
    assert column(differences, "marker")[0] == "square"
    assert column(differences, "between")[0] == "Male and missing"
    assert column(differences, "size")[1] == "not evaluated: no rows with label 1"
    # What is not across any grouping has no place on the axis.
    assert column(ratios, "place") == [("Demographic parity", "sex")]


@pytest.mark.parametrize(("bound", "number"), [("<= 0.2", 0.2), (">=.8", 0.8), ("<= 1e-3", 0.001)])
def test_numbers_of_bounds(bound, number):
    assert views._bound(bound) == number


def test_crossed_groups():
    cells = [("Male", "a", 0.2), ("Male", None, None), ("Female", "a", 1.0), ("Female", NASTY, 0.0)]
    made = [measurement("selection_rate", {"sex": s, "race": r}, v) for s, r, v in cells]
    made += [measurement("selection_rate"), measurement("selection_rate", {"sex": "Male", "age": "old"})]
    (fig,) = figures(views.crossed(Results(made)))
    # The longer side goes down; a cell without a value is hatched and says why.
    assert fig.yaxis.axis_label.text == "race"
    assert column(fig, "text") == ["0.20", "", "1.00", "0.00"]
    assert column(fig, "hatch") == [" ", "/", " ", " "]
    assert column(fig, "rate")[1] == "not evaluated: no rows with label 1"
    assert column(fig, "group")[1] == "Male, missing"


def test_nothing_to_show():
    alone = Results([measurement(m) for m in views.SHOWN])
    assert [view.render(alone) for view in dte_views()] == [None, None, None]


def test_views_name_metrics_that_exist():
    for view in dte_views():
        assert set(view.metrics) <= set(views.TITLES)
        assert view.description.endswith(".")


def test_long_names_stay_apart():
    names = ["x" * 40 + "a", "x" * 40 + "b", "y" * 40]
    assert charts.short(names) == {names[0]: names[0], names[1]: names[1], names[2]: "y" * 25 + "…"}
    assert charts.readable_on("#ffffff", "text") == "#000000"
    assert charts.readable_on("#000080", "text") == "#ffffff"
    assert charts.readable_on("rebeccapurple", "text") == "text"
