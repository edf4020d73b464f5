"""The views draw what there is, say what there is not, and take any name."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pandas as pd
from bokeh.models import GlyphRenderer
from bokeh.plotting import figure

from dte_panel import Measurement, charts
from dte_panel_fairness import chooser, dots, dte_metrics, dte_views, views

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

    metrics = ("selection_rate", "sklearn_zero_one_loss")

    def frame(self, *ids):
        rows = [(m.metric, "", m.across, m.value, m.low, m.high, m.n) for m in self.measurements(*ids)]
        return pd.DataFrame(rows, columns=["title", "cohort", "across", "value", "low", "high", "n"])

    def verdicts(self, *ids):
        return [v for v in self._verdicts if v.metric.removeprefix("fairness.") in ids]

    def states(self, *_, **__):
        return []

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
    assert column(drawn[1], "rate")[4] == "not evaluated: no rows with label 1"
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
    differences, ratios = figures(dots.gaps(Results(made, [verdict]), views.DRAWN, views.TITLES))
    assert column(differences, "place") == [("Demographic parity", "sex"), ("Equalized odds", "sex")]
    assert column(differences, "bound")[0] == 0.2
    assert column(differences, "word") == ["fail", ""]
    assert column(differences, "marker")[0] == "square"
    assert column(differences, "between")[0] == "Male and missing"
    assert column(differences, "size")[1] == "not evaluated: no rows with label 1"
    # What is not across any grouping has no place on the axis.
    assert column(ratios, "place") == [("Demographic parity", "sex")]


def test_crossed_groups():
    cells = [("Male", "a", 0.2), ("Male", None, None), ("Female", "a", 1.0), ("Female", NASTY, 0.0)]
    made = [measurement("selection_rate", {"sex": s, "race": r}, v) for s, r, v in cells]
    made += [measurement("selection_rate"), measurement("selection_rate", {"sex": "Male", "age": "old"})]
    fig, *told = views.crossed(Results(made))
    assert told == []
    # The longer side goes down; a cell without a value is hatched and says why.
    assert fig.yaxis.axis_label.text == "race"
    assert column(fig, "text") == ["0.20", "", "1.00", "0.00"]
    assert column(fig, "hatch") == [" ", "/", " ", " "]
    assert column(fig, "rate")[1] == "not evaluated: no rows with label 1"
    assert column(fig, "group")[1] == "Male, missing"


def test_the_chooser_says_which_metrics_disagree_and_why():
    pair, back = ({"sex": "Male"}, {"sex": "Female"}), ({"sex": "Female"}, {"sex": "Male"})
    made = [
        measurement("base_rate_difference", value=0.3, across="sex", groups=pair),
        measurement("demographic_parity_difference", value=0.4, across="sex", groups=pair),
        measurement("predictive_parity_difference", value=0.15, across="sex", groups=back),
        measurement("accuracy_difference", value=0.0, across="sex", groups=pair),
        *(measurement(m, {}, v) for m, v in (("precision", 0.8), ("true_positive_rate", 0.6))),
        measurement("base_rate", {"sex": "Male"}, 0.2),
        measurement("base_rate", {"sex": "Female"}, 0.5),
    ]
    drawn = chooser.chooser(Results(made))
    told = " ".join(drawn["Across sex"])
    assert "For certain more than 0.1 apart: demographic parity." in told
    assert "For certain less than 0.1 apart: equal accuracy." in told
    assert "the interval holds 0.1: predictive parity." in told
    assert "equal accuracy holds within 0.1 and demographic parity does not" in told
    assert "Lowest is selection rate for Male; precision for Female." in told
    assert "Base rates differ by 0.300 (0.200 to 0.400) between Male and Female." in told
    assert "Chouldechova 2017" in told
    # 0.2 / 0.8 × 0.2 / 0.8 × 0.6, and 1 × 0.25 × 0.6: such a classifier exists, and its false positive rates differ.
    assert "false positive rate at 0.04 for Male and at 0.15 for Female" in told
    equal = chooser.sentences({"base_rate_difference": measurement("x", value=0.05, across="sex", groups=pair)}, {})
    assert "nothing stands in the way" in equal[-1]
    assert "only demographic parity can be measured" in chooser.sentences({}, {})[-1]


def test_strata_stand_beside_the_raw_gap():
    strata = [
        {"stratum": {"dept": None}, "value": 0.1, "low": 0.0, "high": 0.2, "n": 9, "groups": [{"g": "a"}, {"g": "b"}]}
    ]
    inside = measurement("conditional_demographic_parity_difference", value=0.1, across="g")
    inside = replace(inside, detail={"strata": strata})
    raw = measurement("demographic_parity_difference", value=0.3, across="g")
    grid, tables = views.conditional(Results([raw, inside]))
    (fig,) = figures(grid)
    assert column(fig, "value") == [0.3, 0.1]
    assert tables["Strata"].loc[0, ["dept", "between", "value"]].tolist() == ["missing", "a and b", 0.1]
    undefined = measurement("conditional_demographic_parity_difference", value=None)
    assert views.conditional(Results([undefined])) == "Not evaluated: no rows with label 1."


def test_the_spread_of_crossed_groups_is_told():
    share = replace(
        measurement("selection_rate_interaction_share", value=0.2, across="sex × race"),
        detail={"shares": {"sex": 0.1, "race": 0.7}, "interaction": 0.2},
    )
    assert views.carried(share) == (
        "Selection rate, spread across sex × race: sex carries 10%, race carries 70%; 20% (10% to 30%) only shows "
        "where they cross."
    )


def test_nothing_to_show():
    alone = Results([measurement(m) for m in views.SHOWN])
    shown = {view.id: view.render(alone) for view in dte_views()}
    assert shown.pop("others").startswith("Every further rate")
    assert shown.pop("grouped").startswith("Only for more than two classes")
    assert shown.pop("named").startswith("None is named")
    assert shown.pop("whatif").startswith("Needs the scores of groups by label")
    assert shown.pop("conditional") == "Not evaluated: nothing was measured."
    assert set(shown.values()) == {None}


def test_views_name_metrics_that_exist():
    for view in dte_views():
        assert set(view.metrics) <= {m.id for m in dte_metrics(None)}
        assert view.description.endswith(".")
