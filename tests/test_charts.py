"""The pieces of charts that every provider's views share."""

from __future__ import annotations

import math
from types import SimpleNamespace

import pytest

from dte_panel import Measurement, charts

TOKENS = dict.fromkeys(["text", "border", "accent", "fail_fg"], "#123456")


def measured(value: float | None, low: float | None = None, high: float | None = None) -> Measurement:
    status, reason = ("ok", None) if value is not None else ("not_evaluated", "no rows")
    return Measurement("p.m", 1, "p", "current", {}, None, value, low, high, 9, status, reason)


def test_long_names_stay_apart() -> None:
    names = ["x" * 40 + "a", "x" * 40 + "b", "y" * 40]
    assert charts.short(names) == {names[0]: names[0], names[1]: names[1], names[2]: "y" * 25 + "…"}
    assert charts.axis_names([None, "(missing)", "missing"])[None] == "((missing))"


@pytest.mark.parametrize(("text", "number"), [("<= 0.2", 0.2), (">=.8", 0.8), ("<= 1e-3", 0.001), ("> -2", -2.0)])
def test_the_number_of_a_bound(text: str, number: float) -> None:
    assert charts.bound(text) == number


@pytest.mark.parametrize("text", ["", "between 1 and 2", "<= ."])
def test_what_is_no_bound_is_not_drawn(text: str) -> None:
    assert math.isnan(charts.bound(text))


def test_bounds_of_a_policy() -> None:
    verdicts = [SimpleNamespace(bound=text) for text in ("<= 0.2", "<= 0.1", "<= 0.2", "")]
    assert charts.bounds(SimpleNamespace(verdicts=lambda *_: verdicts), "m") == [0.1, 0.2]


@pytest.mark.parametrize(
    ("ground", "ink"), [("#ffffff", "#000000"), ("#000080", "#ffffff"), ("rebeccapurple", "otherwise")]
)
def test_ink_that_can_be_read(ground: str, ink: str) -> None:
    assert charts.readable_on(ground, "otherwise") == ink


def test_an_estimate_in_words() -> None:
    assert charts.estimate(measured(0.5, -0.4, 1234.56)) == "0.500 (−0.400 to 1,234.6)"
    assert charts.estimate(measured(0.5)) == "0.500"
    assert charts.estimate(measured(None)) == "not evaluated: no rows"


def test_a_range_holds_every_interval() -> None:
    found = charts.around([measured(0.5, 0.0, 1.0), measured(None), measured(0.2)])
    assert (found.start, found.end) == (-0.08, 1.08)
    alone = charts.around([measured(2.0)])
    assert alone.start < 2.0 < alone.end


def test_a_figure_is_bare_and_in_the_colours_of_the_theme() -> None:
    fig = charts.blank(TOKENS, height=100, x_axis_type="datetime", output_backend="canvas")
    assert (fig.toolbar_location, fig.output_backend, fig.xaxis[0].axis_line_color) == (None, "canvas", "#123456")
    assert fig.xaxis[0].ticker.desired_num_ticks == 3
    charts.hover(fig, fig.line([0], [1], legend_label="a"), ["two_words"])
    assert fig.tools[0].tooltips == [("two words", "@two_words")]
    charts.legend(fig, TOKENS, "above")
    assert fig.above == [fig.legend[0]]


def test_equal_labels_do_not_clash() -> None:
    axis = charts.blank(TOKENS, height=100).xaxis[0]
    charts.labelled(axis, ["same", "same", "x" * 40], most=2)
    assert axis.major_label_overrides == {0: "same", 2: "x" * 25 + "…"}


def test_a_verdict_has_its_colour_and_shape() -> None:
    tokens = {"fail_fg": "red", "accent": "blue"}
    assert [charts.colour(tokens, word) for word in ("fail", "")] == ["red", "blue"]
    assert len(set(charts.MARKERS.values())) == len(charts.MARKERS)
