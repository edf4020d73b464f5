"""The second opinion: agreement is counted, disagreement makes the number an error, silence is neither."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

import dte_panel
from dte_panel import Counts, Evidence, Facts, Metric, Rows, SecondOpinion, Value, change, difference, hookimpl
from dte_panel.engine.duckdb import Reducer
from dte_panel.registry import Plugin, Registry, _register
from dte_panel.second import NAMED, sentence

DATA = pd.DataFrame({"y": [1, 0, 1, 0], "p": [1, 0, 0, 0], "g": ["a", "a", "b", "b"]})
CHECK = {"title": "Test", "checks": [{"metric": "fake.rate", "bound": ">= 0", "min_n": 1}]}


def rate(compute: Any = None, **fields: Any) -> Metric:
    return Metric(
        id="rate",
        title="Rate",
        definition="Test.",
        reduce=Counts("prediction"),
        finish=lambda table: table.share(prediction=1),
        interval="Wilson",
        second=SecondOpinion("scikit-learn", compute, **fields) if compute else None,
    )


def assess(monkeypatch: pytest.MonkeyPatch, *metrics: Metric, **arguments: Any) -> Evidence:
    plugin = _register(Plugin("fake"), SimpleNamespace(dte_metrics=hookimpl(lambda: list(metrics))))
    monkeypatch.setattr("dte_panel.registry.load", lambda: Registry([plugin]))
    given = {"prediction": "p", "sensitive": ["g"], "policy": CHECK, "verify": True, **arguments}
    return dte_panel.assess(given.pop("data", DATA), label="y", **given)


def test_agreement_is_counted_once_per_number(monkeypatch: pytest.MonkeyPatch) -> None:
    evidence = assess(monkeypatch, rate(lambda table: table.n(prediction=1) / table.n()))
    second = evidence.second_opinion
    assert (second["numbers"], second["agree"], second["disagreements"]) == (3, 3, [])
    assert sentence(second).startswith("3 of 3 numbers agree with scikit-learn 1.")
    assert sentence(second).endswith(" to 1e-12")
    assert evidence.verdict == "pass"


def test_a_disagreement_is_an_error_of_its_number_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    evidence = assess(monkeypatch, rate(lambda table: 0.5 if table.n() == 2 else 0.25))
    wrong = [m for m in evidence.measurements if m.status == "error"]
    assert [m.cohort for m in wrong] == [{"g": "b"}]
    assert wrong[0].reason == "second opinion: DTE Panel has 0.0, scikit-learn says 0.5"
    assert wrong[0].value is wrong[0].low is wrong[0].high is None
    assert evidence.second_opinion["agree"] == 2
    (named,) = evidence.second_opinion["disagreements"]
    assert (named["metric"], named["cohort"], named["library"]) == ("fake.rate", {"g": "b"}, "scikit-learn")


def test_a_disagreement_is_never_a_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    assert assess(monkeypatch, rate(lambda table: 0.1)).verdict == "error"


def test_a_disagreement_shows_no_cell_when_the_evidence_is_shared(monkeypatch: pytest.MonkeyPatch) -> None:
    shared = assess(monkeypatch, rate(lambda table: 0.123456)).shared(3)
    assert shared.second_opinion["numbers"] == 3
    assert "0.123456" not in shared.dumps()


def test_a_library_that_raises_disagrees(monkeypatch: pytest.MonkeyPatch) -> None:
    evidence = assess(monkeypatch, rate(lambda table: 1 / 0))
    assert evidence.second_opinion["agree"] == 0
    assert "scikit-learn could not compute it (ZeroDivisionError" in str(evidence.measurements[0].reason)


def test_nan_is_no_agreement(monkeypatch: pytest.MonkeyPatch) -> None:
    assert assess(monkeypatch, rate(lambda table: float("nan"))).second_opinion["agree"] == 0


def test_none_is_no_opinion(monkeypatch: pytest.MonkeyPatch) -> None:
    evidence = assess(monkeypatch, rate(lambda table: None))
    assert evidence.second_opinion["numbers"] == 0
    assert sentence(evidence.second_opinion) == "No number has a library to compare with"
    assert all(m.status == "ok" for m in evidence.measurements)


def test_nobody_is_asked_without_verify(monkeypatch: pytest.MonkeyPatch) -> None:
    evidence = assess(monkeypatch, rate(lambda table: 1 / 0), verify=False)
    assert evidence.second_opinion == {}
    assert all(m.status == "ok" for m in evidence.measurements)


def test_a_wider_tolerance_is_the_one_that_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    near = rate(lambda table: table.n(prediction=1) / table.n() + 1e-7, tolerance=1e-6, why="test")
    second = assess(monkeypatch, near).second_opinion
    assert (second["agree"], second["exact"], second["tolerance"]) == (3, 0, 1e-6)
    assert sentence(second).endswith(", 0 of them to 1e-12 and the others to 1e-06")


def test_gaps_get_the_states_of_their_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []

    def gap(groups: Any) -> float:
        seen.append(groups)
        shares = [table.n(prediction=1) / table.n() for _, (table,) in groups["rate"]]
        return max(shares) - min(shares)

    metric = difference(rate(), id="gap", title="Gap", second=SecondOpinion("fairlearn", gap))
    evidence = assess(monkeypatch, metric, policy={"title": "T", "checks": [{"metric": "fake.gap", "bound": "<= 1"}]})
    assert evidence.second_opinion["agree"] == 1
    assert [cohort for cohort, _ in seen[0]["rate"]] == [{"g": "a"}, {"g": "b"}]


def spread(compute: Any, sample: int = 100) -> Metric:
    """A share whose library needs the rows themselves."""
    rows = Rows("label|prediction", sample=sample, joint=True)
    return replace(rate(), second=SecondOpinion("scikit-learn", compute, reduce=(rows,)))


def shares(table: Any, rows: Any) -> float:
    assert rows.n == table.n()
    assert list(rows.columns) == ["y", "p"]
    return float(rows.columns["p"].mean())


def test_a_library_that_takes_no_sums_gets_the_rows_of_each_window_and_cohort(monkeypatch: pytest.MonkeyPatch) -> None:
    days = DATA.assign(t=pd.to_datetime(["2026-01-01", "2026-01-02"] * 2))
    evidence = assess(monkeypatch, spread(shares), data=days, time="t", windows="1 day", reference=days)
    assert evidence.second_opinion["agree"] == len(evidence.measurements) == 3 * 4
    assert assess(monkeypatch, spread(lambda *_: -1.0)).second_opinion["agree"] == 0


def test_rows_that_are_left_out_make_no_opinion(monkeypatch: pytest.MonkeyPatch) -> None:
    def compute(table: Any, rows: Any) -> float | None:
        assert rows.sampled
        return None

    evidence = assess(monkeypatch, spread(compute, sample=3))
    assert evidence.second_opinion["numbers"] == 0
    assert all(m.status == "ok" for m in evidence.measurements)


def test_rows_are_read_only_to_verify(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Reducer, "rows", lambda *_: pytest.fail("read"))
    assert all(m.status == "ok" for m in assess(monkeypatch, spread(shares), verify=False).measurements)


def test_gaps_and_changes_get_the_rows_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def widest(groups: Any) -> float:
        found = [shares(*states) for _, states in groups["rate"]]
        return max(found) - min(found)

    gap = difference(spread(shares), id="gap", title="Gap", second=SecondOpinion("fairlearn", widest))
    moved = change(spread(shares), id="moved", title="Change")
    evidence = assess(monkeypatch, gap, moved, reference=DATA.head(3))
    # The reference has no group of its own gap but one; its change is no change.
    assert evidence.second_opinion["agree"] == sum(m.value is not None for m in evidence.measurements) >= 5
    wrong = change(spread(lambda table, rows: float(table.n())), id="moved", title="Change")
    assert assess(monkeypatch, wrong, reference=DATA.head(3)).second_opinion["agree"] == 1


def test_why_nobody_is_asked_may_be_told(monkeypatch: pytest.MonkeyPatch) -> None:
    told = replace(rate(), second="no library has it")
    evidence = assess(monkeypatch, told)
    assert evidence.second_opinion["numbers"] == 0
    assert evidence.metrics["fake.rate"]["second"] == "none: no library has it"
    assert assess(monkeypatch, rate(lambda _: 0.0)).metrics["fake.rate"]["second"] == "scikit-learn to 1e-12"


def test_so_many_disagreements_are_named_and_all_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    from dte_panel.second import Opinions

    opinions = Opinions()
    one = next(iter(assess(monkeypatch, rate(), verify=False).measurements))
    for _ in range(NAMED + 1):
        opinions.hear(rate(lambda: -1.0), one, ())
    assert opinions.record()["numbers"] == NAMED + 1
    assert len(opinions.record()["disagreements"]) == NAMED


def test_facts_hold_in_every_cohort(monkeypatch: pytest.MonkeyPatch) -> None:
    costly = Metric(
        id="cost",
        title="Cost",
        definition="Test.",
        reduce=(Counts("prediction"), Facts()),
        finish=lambda table, told: Value(table.n() * told.facts["use_case"]["costs"]["false_positive"], table.n()),
    )
    evidence = assess(monkeypatch, costly, use_case={"costs": {"false_positive": 2.5}}, verify=False)
    assert [(m.cohort, m.value) for m in evidence.measurements] == [({}, 10.0), ({"g": "a"}, 5.0), ({"g": "b"}, 5.0)]
