"""From states to measurements: what has a number, what has none and why, and what `finish` may not give."""

from __future__ import annotations

import math
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import dte_panel
from dte_panel import (
    Categories,
    Comparison,
    Counts,
    Evidence,
    Facts,
    Histogram,
    Measurement,
    Metric,
    Profile,
    Scores,
    Sums,
    Value,
    change,
    difference,
    hookimpl,
)
from dte_panel.registry import Plugin, Registry, _register

ROWS = {
    "y": [1, 0, 1, 0, 1, 1],
    "p": [1, 0, 0, 0, 1, None],
    "s": [0.9, 0.1, 0.4, 0.2, 0.8, 0.7],
    "g": ["a", "a", "a", "b", "b", None],
    "x": [1.0, 2.0, None, math.nan, 5.0, 6.0],
    "gone": [None, None, None, None, None, None],
    "t": [2016, 2016, 2016, 2017, 2017, None],
}
ROLES: dict[str, Any] = {"label": "y", "prediction": "p", "score": "s", "sensitive": ["g"]}

#: Quicker to read than the default.
POLICY = {"title": "Test", "checks": [{"metric": "fake.m", "bound": ">= 1"}]}
Assess = Callable[..., list[Measurement]]


def metric(id: str = "m", reduce: Any = None, finish: Any = None, **fields: Any) -> Metric:
    reduce = Counts("prediction") if reduce is None else reduce
    finish = finish or (lambda state: Value(1.0, 1))
    return Metric(id=id, title=id, definition="Test.", reduce=reduce, finish=finish, **fields)


RATE = metric("rate", finish=lambda table: table.share(prediction=1), range=(0.0, 1.0), interval="Wilson")
RECALL = metric(
    "recall",
    Counts("label", "prediction"),
    lambda table: table.share(prediction=1, given={"label": 1}),
    range=(0.0, 1.0),
    interval="Wilson",
    tasks=("binary",),
)
MISSING = metric("missing", Profile("feature"), lambda p: Value(p.missing / p.n, p.n))


@pytest.fixture
def assess(monkeypatch: pytest.MonkeyPatch) -> Assess:
    """Measure some metrics on the rows above, or on others."""

    def run(*metrics: Metric, data: Any = None, **arguments: Any) -> list[Measurement]:
        provider = SimpleNamespace(dte_metrics=hookimpl(lambda: list(metrics)))
        plugin = _register(Plugin("fake"), provider)
        monkeypatch.setattr("dte_panel.registry.load", lambda: Registry([plugin]))
        evidence: Evidence = dte_panel.assess(_frame(data or ROWS), policy=POLICY, **arguments)
        assert Evidence.from_json(evidence.to_json()).dumps() == evidence.dumps(), "it can be written"
        return list(evidence.measurements)

    return run


def _frame(columns: dict[str, Any]) -> Any:
    import pyarrow as pa

    return pa.table({k: pa.array(v, from_pandas=False) for k, v in columns.items()})


def at(
    found: list[Measurement], id: str, window: str = "current", column: str | None = None, **cohort: Any
) -> Measurement:
    (one,) = (
        m for m in found if (m.metric, m.window, dict(m.cohort), m.column) == (f"fake.{id}", window, cohort, column)
    )
    return one


def test_a_rate_of_all_rows_of_each_group_and_of_each_window(assess: Assess) -> None:
    found = assess(RATE, **ROLES, time="t", windows="1 year")
    whole = at(found, "rate")
    assert (whole.value, whole.n, whole.status) == (0.4, 5, "ok")
    assert whole.reason == "1 rows with a missing prediction left out"
    assert whole.low < 0.4 < whole.high
    assert (at(found, "rate", g="a").value, at(found, "rate", g="b").value) == (pytest.approx(1 / 3), 0.5)
    null = at(found, "rate", g=None)
    assert (null.value, null.n, null.status, null.reason) == (None, 0, "not_evaluated", "no rows")
    assert at(found, "rate", "2016-01-01", g="a").n == 3
    windows = {m.window for m in found}
    assert windows == {"current", "2016-01-01", "2017-01-01"}
    assert not [m for m in found if m.window == "2017-01-01" and m.cohort == {"g": "a"}], "no rows, no number"


def test_windows_and_cohorts_only_where_the_metric_wants_them(assess: Assess) -> None:
    plain = metric("plain", windows=False, cohorts=False)
    by_window = metric("by_window", cohorts=False)
    found = assess(plain, by_window, RATE, **ROLES, time="t", windows="1 year")
    assert [(m.window, m.cohort) for m in found if m.metric == "fake.plain"] == [("current", {})]
    assert {m.window for m in found if m.metric == "fake.by_window"} == {"current", "2016-01-01", "2017-01-01"}
    assert all(m.cohort == {} for m in found if m.metric == "fake.by_window")


@pytest.mark.parametrize(
    ("wanted", "roles", "said"),
    [
        (RATE, {}, "no prediction role is set: add roles.prediction"),
        (RECALL, {"prediction": "p"}, "no label role is set: add roles.label"),
        (metric("m", Scores()), {"label": "y", "prediction": "p"}, "no score role is set: add roles.score"),
        (
            metric("m", Sums(("label", "score"), (("d", "label - score"),))),
            {"label": "y"},
            "no score role is set: add roles.score",
        ),
        (metric("m", Counts("sensitive")), {}, "no sensitive role is set: add roles.sensitive"),
        (difference(RATE, id="gap", title="Gap"), {"prediction": "p"}, "no sensitive role is set: add roles.sensitive"),
        (
            difference(RATE, id="gap", title="Gap"),
            {"sensitive": ["g"]},
            "no prediction role is set: add roles.prediction",
        ),
        (change(RATE, id="moved", title="Moved"), {"prediction": "p"}, "there is no reference: add data.reference"),
        (metric("m", Counts("column:absent")), {}, "the data lacks a column that it reads"),
    ],
)
def test_a_role_that_is_missing_is_said_once(assess: Assess, wanted: Metric, roles: dict[str, Any], said: str) -> None:
    (only,) = assess(wanted, **roles)
    assert (only.value, only.n, only.status, only.reason) == (None, 0, "not_evaluated", said)
    assert (only.window, only.cohort, only.column) == ("current", {}, None)


def test_a_metric_for_another_task_is_left_out(assess: Assess) -> None:
    assert assess(metric(tasks=("regression",)), **ROLES) == []
    assert len(assess(metric(tasks=("binary",), cohorts=False), **ROLES)) == 1


def test_a_one_class_group_has_no_recall(assess: Assess) -> None:
    data = {**ROWS, "y": [1, 0, 1, 0, 0, 0], "p": [1, 0, 0, 0, 1, 1]}
    found = assess(RECALL, data=data, **ROLES)
    assert at(found, "recall", g="a").value == 0.5
    none = at(found, "recall", g="b")
    assert (none.value, none.low, none.high, none.status) == (None, None, None, "not_evaluated")
    assert none.reason == "no rows with label 1"


def test_gaps_name_their_groups_and_say_across_what(assess: Assess) -> None:
    data = {**ROWS, "h": ["u", "v", "u", "v", "u", "v"]}
    roles = {**ROLES, "sensitive": ["g", "h"], "cohorts": [["h", "g"]]}
    found = assess(RATE, difference(RATE, id="gap", title="Gap"), data=data, **roles)
    gaps = {m.across: m for m in found if m.metric == "fake.gap"}
    assert set(gaps) == {"g", "h", "h × g"}
    assert gaps["g"].value == pytest.approx(0.5 - 1 / 3)
    assert gaps["g"].groups == ({"g": "a"}, {"g": "b"})
    assert gaps["g"].reason == "undefined and left out: missing"
    assert gaps["h × g"].groups[1] == {"h": "u", "g": "b"}
    assert gaps["g"].cohort == {}


def test_a_comparison_may_ask_for_all_rows_and_for_crossed_groups_only(assess: Assess) -> None:
    seen: list[Any] = []

    def finish(groups: Any, overall: Any) -> Value:
        seen.append(overall["rate"].value)
        return Value(float(len(groups["rate"])), 1)

    fields: dict[str, Any] = {"reduce": (), "finish": finish, "across": "cohorts", "of": (RATE,), "overall": True}
    both = Comparison("both", "Both", "All groupings.", **fields)
    crossed = Comparison("crossed", "Crossed", "Only crossed ones.", crossed=True, **fields)
    data = {**ROWS, "h": ["u", "v", "u", "v", "u", "v"]}
    found = assess(RATE, both, crossed, data=data, **{**ROLES, "sensitive": ["g", "h"], "cohorts": [["h", "g"]]})
    assert {m.across for m in found if m.metric == "fake.both"} == {"g", "h", "h × g"}
    assert {m.across for m in found if m.metric == "fake.crossed"} == {"h × g"}
    assert set(seen) == {at(found, "rate").value}


def test_the_order_of_rows_changes_nothing(assess: Assess) -> None:
    gap = difference(RATE, id="gap", title="Gap")
    turned = {k: v[::-1] for k, v in ROWS.items()}
    assert assess(RATE, gap, RECALL, **ROLES) == assess(RATE, gap, RECALL, data=turned, **ROLES)


def test_changes_are_measured_now_and_by_window_against_the_same_group(assess: Assess) -> None:
    before = _frame({**ROWS, "g": ["a"] * 6, "p": [1, 0, 1, 0, 1, 0]})
    found = assess(change(RATE, id="moved", title="Moved"), reference=before, time="t", windows="1 year", **ROLES)
    assert {m.window for m in found} == {"current", "2016-01-01", "2017-01-01"}
    assert at(found, "moved").value == pytest.approx(0.4 - 0.5)
    assert at(found, "moved", g="a").value == pytest.approx(1 / 3 - 0.5)
    absent = at(found, "moved", g="b")
    assert (absent.value, absent.status, absent.reason) == (None, "not_evaluated", "the reference has no such rows")


def test_plain_metrics_are_measured_on_the_reference_too(assess: Assess) -> None:
    found = assess(RATE, reference=_frame({**ROWS, "p": [1] * 6}), **ROLES)
    assert at(found, "rate", "reference").value == 1.0
    assert at(found, "rate", "reference", g="a").n == 3


def test_a_feature_of_one_side_is_not_evaluated_with_its_reason(assess: Assess) -> None:
    before = {k: v for k, v in ROWS.items() if k != "x"}
    found = assess(MISSING, reference=_frame({**before, "old": [1.0] * 6}), ignore=["gone"], **ROLES)
    by_column = {m.column: m for m in found if m.column in ("x", "old")}
    assert by_column["x"].reason == "column 'x' is missing from the reference data"
    assert by_column["old"].reason == "column 'old' is missing from the current data"
    assert {m.status for m in by_column.values()} == {"not_evaluated"}


def test_a_feature_without_values_is_all_missing_not_an_error(assess: Assess) -> None:
    data = {**ROWS, "gone": np.full(6, math.nan)}
    mean = metric(
        "mean", Profile("feature"), lambda p: Value(p.mean, p.finite, reason=None if p.finite else "no value")
    )
    edges = metric("bins", Histogram("feature"), lambda h: Value(float(len(h.bins)), h.n))
    found = assess(MISSING, mean, edges, data=data, **ROLES)
    assert at(found, "missing", column="gone").value == 1.0
    assert at(found, "mean", column="gone").reason == "no value"
    assert at(found, "bins", column="gone").value == 1.0
    assert at(found, "missing", column="x").value == pytest.approx(2 / 6)


def test_columns_that_a_reduction_does_not_apply_to_have_no_number(assess: Assess) -> None:
    found = assess(metric("c", Categories("feature"), cohorts=False), ignore=["gone"], **ROLES)
    assert {m.column for m in found} == {"g"}


BAD: dict[str, tuple[Any, str]] = {
    "raises": (lambda t: 1 / 0, "ZeroDivisionError: division by zero"),
    "NaN": (lambda t: Value(math.nan, 5), "ValueError: finish gave nan, which is not a number to rely on"),
    "infinity": (lambda t: Value(math.inf, 5), "ValueError: finish gave inf"),
    "a bare number": (lambda t: 0.5, "TypeError: finish gave a float, not a Value"),
    "nothing": (lambda t: None, "TypeError: finish gave a NoneType, not a Value"),
    "text": (lambda t: Value("high", 5), "TypeError"),
    "no n": (lambda t: Value(0.5, None), "TypeError"),
    "detail that is no JSON": (lambda t: Value(0.5, 5, detail={"x": np.int64(3)}), "TypeError"),
    "detail with NaN": (lambda t: Value(0.5, 5, detail={"x": math.nan}), "ValueError"),
    "a reason that is no text": (lambda t: Value(None, 5, reason=3), "TypeError"),
}


@pytest.mark.parametrize("kind", BAD)
def test_nonsense_is_an_error_of_that_number_alone(assess: Assess, kind: str) -> None:
    finish, said = BAD[kind]
    found = assess(metric("bad", finish=finish, cohorts=False), RATE, **ROLES)
    bad = at(found, "bad")
    assert (bad.value, bad.low, bad.high, bad.n, bad.status) == (None, None, None, 0, "error")
    assert said in bad.reason
    assert at(found, "rate").status == "ok"


def test_a_gap_over_a_group_that_raises_is_an_error(assess: Assess) -> None:
    def finish(table: Any) -> Value:
        if table.n() == 2:
            raise ValueError("group b is cursed")
        return Value(0.5, 5, 0.4, 0.6)

    fussy = metric("fussy", finish=finish)
    found = assess(fussy, difference(fussy, id="gap", title="Gap"), **ROLES)
    (gap,) = (m for m in found if m.metric == "fake.gap")
    assert (gap.status, gap.reason, gap.across) == ("error", "ValueError: group b is cursed", "g")


def test_a_reduction_that_the_engine_cannot_do_is_an_error_in_words(assess: Assess) -> None:
    broken = metric("broken", Sums(("label",), (("x", "no_such_function(label)"),)))
    (only,) = (m for m in assess(broken, RATE, **ROLES) if m.metric == "fake.broken")
    assert only.status == "error"
    assert only.reason.startswith("the engine could not reduce it (")


def test_infinite_ends_are_null_and_rounding_does_not_shut_the_value_out(assess: Assess) -> None:
    found = assess(
        metric("open", finish=lambda t: Value(1.0, 5, -math.inf, math.inf), cohorts=False),
        metric("edge", finish=lambda t: Value(0.3, 5, 0.1 + 0.2, 0.5), cohorts=False),
        metric("half", finish=lambda t: Value(0.3, np.int64(5), None, np.float64(0.5)), cohorts=False),
        **ROLES,
    )
    assert (at(found, "open").low, at(found, "open").high) == (None, None)
    assert at(found, "edge").low == 0.3
    assert (at(found, "half").low, at(found, "half").high, at(found, "half").n) == (None, 0.5, 5)


def test_facts_tell_of_the_run(assess: Assess) -> None:
    seen: list[Any] = []

    def finish(state: Any) -> Value:
        seen.append(state.facts)
        return Value(1.0, 1)

    (only,) = assess(metric("facts", Facts(), finish), time="t", subject="s", **ROLES)
    assert (only.value, only.window) == (1.0, "current")
    assert seen[0]["current_end"] == "2017-01-01T00:00:00"
    assert seen[0]["roles"]["label"] == "y"
    assert seen[0]["data"][0]["rows"] == 6


def test_a_comparison_of_ones_own_gets_current_then_reference(assess: Assess) -> None:
    def finish(now: Any, before: Any) -> Value:
        return Value(float(now.n() - before.n()), now.n())

    own = Comparison(id="rows", title="Rows", definition="Rows.", reduce=Counts("prediction"), finish=finish)
    smaller = _frame({k: v[:2] for k, v in ROWS.items()})
    assert at(assess(own, reference=smaller, **ROLES), "rows").value == 4.0


def test_all_pvalues_of_an_assessment_are_one_family(assess: Assess) -> None:
    first = metric("first", finish=lambda t: Value(0.01, 5), unit="p", cohorts=False)
    second = metric("second", finish=lambda t: Value(0.04, 5), unit="p", cohorts=False)
    none = metric("none", finish=lambda t: Value(None, 0, reason="why"), unit="p", cohorts=False)
    found = assess(first, second, none, RATE, **ROLES)
    assert [at(found, m).adjusted for m in ("first", "second", "none", "rate")] == [0.02, 0.04, None, None]
    assert "adjusted" not in at(found, "rate").to_json()
