"""The provider's page, from results made by hand."""

from __future__ import annotations

import itertools
import subprocess
import sys
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from dte_panel import Measurement, Verdict
from dte_panel_guardrails import dte_metrics, dte_views, pictures, views

METRICS = {metric.id: metric for metric in dte_metrics(None)}
NAMES = ["border", "border_strong", "accent", "text", "muted", "surface", "pass_fg", "warn_fg", "fail_fg", "none_fg"]
TOKENS = dict.fromkeys(NAMES, "#445566")
HOSTILE = "<img src=x onerror=alert(1)>"


def measurement(metric: str, value: float | None, column: str | None = None, n: int = 100) -> Measurement:
    return Measurement(f"guardrails.{metric}", 1, "guardrails", "current", {}, column, value, None, None, n, "ok", None)


def verdict(metric: str, word: Any, column: str | None = None, value: float | None = 0.5) -> Verdict:
    m = measurement(metric, value, column)
    return Verdict(f"guardrails.{metric}", "guardrails", "current", {}, column, word, False, "<= 1", "why", m)


class Results(SimpleNamespace):
    """What a view asks of the shell's results."""

    def verdicts(self, *ids: str) -> list[Verdict]:
        return [v for v in self.judged if not ids or v.metric.removeprefix("guardrails.") in ids]

    def verdict_of(self, _: Measurement) -> str:
        return self.judged[0].verdict if self.judged else ""

    def definition(self, metric_id: str) -> dict[str, Any]:
        known = METRICS.get(metric_id)
        return {"title": known.title, "group": known.group} if known else {"title": metric_id}

    def measurements(self, *ids: str, **_: Any) -> list[Measurement]:
        return [m for m in self.measured if m.metric.removeprefix("guardrails.") in ids]


def results(*judged: Verdict, measured: tuple[Measurement, ...] = ()) -> Results:
    return Results(tokens=TOKENS, judged=judged, measured=measured, dark=False)


JUDGED = (
    verdict("email_share", "pass", "a"),
    verdict("email_share", "fail", "b"),
    verdict("iban_share", "pass", "a"),
    verdict("distinct_share", "not_evaluated", "a", None),
    verdict("accuracy_fall", "error", None, None),
    verdict("owner_documented", "pass"),
)


def test_views_name_metrics_that_exist() -> None:
    for view in dte_views():
        assert view.metrics
        assert set(view.metrics) <= set(METRICS)
        assert view.description


def test_an_axis_counts_checks_once_and_the_unevaluated_apart() -> None:
    axes = {axis.name: axis for axis in views.axes(results(*JUDGED))}
    assert set(axes) == {"privacy", "robustness", "transparency"}
    assert axes["privacy"].label == "Privacy\n1 of 2\n1 not evaluated"
    assert axes["robustness"].label == "Robustness\nno result\n1 not evaluated"
    assert axes["transparency"].label == "Transparency\n1 of 1"


def test_the_order_of_results_does_not_change_the_count() -> None:
    expected = [axis.label for axis in views.axes(results(*JUDGED))]
    for order in itertools.permutations(JUDGED):
        assert [axis.label for axis in views.axes(results(*order))] == expected


def test_the_radar_draws_only_axes_with_a_result() -> None:
    fig = views.web(results(*JUDGED))
    dots = [r for r in fig.renderers if type(r.glyph).__name__ == "Scatter"]
    assert list(dots[0].data_source.data["axis"]) == ["Privacy", "Transparency"]
    assert list(dots[0].data_source.data["y"]) == [0.5, -1.0]
    texts = [r.data_source.data["text"][0] for r in fig.renderers if type(r.glyph).__name__ == "Text"]
    assert "Robustness\nno result\n1 not evaluated" in texts
    assert fig.toolbar_location is None


def test_how_the_checks_of_each_axis_ended_adds_up_to_all_of_them() -> None:
    fig = views.ended(views.axes(results(*JUDGED)), TOKENS)
    bars = {
        r.data_source.data["verdict"][0]: r.data_source.data for r in fig.renderers if "Bar" in type(r.glyph).__name__
    }
    assert set(bars) == {"pass", "not evaluated", "error", "fail"}
    assert dict(zip(bars["fail"]["axis"], bars["fail"]["checks"], strict=True))["Privacy"] == "1"
    assert list(bars["fail"]["right"]) == [3, 1, 1], "all checks of the axis"


def test_a_click_on_an_axis_opens_its_evidence() -> None:
    from bokeh.models import TapTool

    for fig in (views.web(results(*JUDGED)), views.ended(views.axes(results(*JUDGED)), TOKENS)):
        (tap,) = fig.select({"type": TapTool})
        assert tap.renderers
        assert all("axis" in mark.data_source.data for mark in tap.renderers)


def scatter(drawn: Any) -> dict[str, Any]:
    (fig,) = [pane.object for pane in drawn]
    (dots,) = [r for r in fig.renderers if type(r.glyph).__name__ == "Scatter"]
    return dict(dots.data_source.data)


def test_steps_against_the_direction_are_marked() -> None:
    bins = [{"from": i or None, "to": i + 1, "mean": mean, "n": 10} for i, mean in enumerate((0.1, 0.3, 0.2, 0.2))]
    for direction, marked in (("increasing", [2]), ("decreasing", [1])):
        detail = {"bins": bins, "direction": direction}
        drawn = pictures.monotone(
            results(measured=(replace(measurement("monotonicity_violation", 0.1, "x"), detail=detail),))
        )
        assert [i for i, mark in enumerate(scatter(drawn)["marker"]) if mark == "square"] == marked


def test_features_that_tell_most_stand_on_top_with_the_bound() -> None:
    found = tuple(measurement("single_feature_roc_auc", x, c) for c, x in (("a", 0.6), (HOSTILE, 0.9), ("b", None)))
    drawn = pictures.leakage(results(verdict("single_feature_roc_auc", "fail", HOSTILE), measured=found))
    data = scatter(drawn)
    assert list(data["feature"]) == ["a", HOSTILE]
    assert list(data["y"]) == [0, 1], "the last one is on top"
    assert list(data["verdict"]) == ["fail", "fail"]


def test_the_radar_of_nothing_evaluated_has_no_polygon() -> None:
    fig = views.web(results(verdict("owner_documented", "not_evaluated", None, None)))
    assert not [r for r in fig.renderers if type(r.glyph).__name__ == "Scatter"]


def test_every_result_is_in_the_table_of_checks() -> None:
    broken = Verdict("guardrails.*", "guardrails", "current", {}, None, "error", True, "", "is broken", None)
    shown = views.checks(results(*JUDGED, broken))
    assert [title.partition(":")[0] for title in shown] == [
        "Privacy",
        "Robustness",
        "Transparency",
        "Results of no axis",
    ]
    tables = [table for axis in list(shown)[:-1] for table in shown[axis].values()]
    assert sum(map(len, tables)) == len(JUDGED)
    assert list(shown["Results of no axis"]["why"]) == ["is broken"]


def test_a_check_says_its_worst_result_and_opens_to_all_of_them() -> None:
    shown = views.checks(results(*JUDGED))
    first, *_ = shown[next(iter(shown))].items()
    assert first[0].startswith("Fail · ")
    assert "0.5" in set(first[1]["number"])
    assert set(first[1]) >= {"column", "window", "verdict", "bound", "why", "source of the bound"}


def test_patterns_are_shown_by_column() -> None:
    found = (
        measurement("email_share", 0.25, HOSTILE),
        measurement("iban_share", 0.0, HOSTILE),
        measurement("email_share", None, "empty", 0),
    )
    table = views.personal_data(results(measured=found))
    assert table.to_dict("records") == [
        {"column": HOSTILE, "values scanned": "100", "E-mail addresses": "25.00%", "Bank accounts (IBAN)": "0"}
    ]


@pytest.mark.parametrize(
    "render", [views.radar, views.checks, views.personal_data, pictures.leakage, pictures.monotone]
)
def test_nothing_to_show_is_none(render: Any) -> None:
    assert render(results()) is None


@pytest.mark.parametrize(("value", "text"), [(1.0, "1"), (208892.0, "208,892"), (-0.01234, "−0.01234"), (None, "–")])
def test_numbers_are_short(value: float | None, text: str) -> None:
    assert views.number(value) == text


def test_importing_the_provider_loads_nothing_heavy() -> None:
    code = "import sys, dte_panel_guardrails as g; g.dte_metrics(None); g.dte_views(); print(*sorted(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"numpy", "pandas", "bokeh", "panel", "scipy", "holoviews", "param", "duckdb"} & set(loaded)
