from __future__ import annotations

from typing import Any

import pytest

from dte_panel.shell import words as w
from dte_panel.shell.findings import Summary, excess, findings, headline, summarise, worst_of


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (float("nan"), "–"),
        (float("inf"), "∞"),
        (float("-inf"), "−∞"),
        (0.0, "0"),
        (-0.0, "0"),
        (1234567.0, "1,234,567"),
        (1234.56, "1,235"),
        (-1234.5, "−1,234"),
        (99.95, "99.95"),
        (123.456, "123.5"),
        (0.94, "0.94"),
        (-0.12345, "−0.123"),
        (0.00607, "0.0061"),
        (0.00012, "0.00012"),
        (0.0000012, "1.2 × 10⁻⁶"),
    ],
)
def test_numbers_have_sensible_digits(value: float | None, text: str) -> None:
    assert w.number(value) == text


def test_a_small_p_value_is_not_zero() -> None:
    assert w.number(1e-12, "p") == "< 0.001"
    assert w.number(0.04, "p") == "0.04"


def test_a_number_and_its_interval_share_their_digits() -> None:
    assert w.estimate(1.8138, 1.6301, 1.9384) == "1.81 [1.63, 1.94]"
    assert w.estimate(0.5, None, None) == "0.5"
    assert w.estimate(2643.0, None, None, "days") == "2,643 days"
    assert w.estimate(52345.0, 51000.2, 53000.7) == "52,345 [51,000, 53,001]"
    assert w.estimate(0.5, 0.1, None) == "0.5 [0.1, ∞]"


def test_digits_grow_until_an_end_differs_from_the_bound() -> None:
    assert w.estimate(-0.0311, -0.0432, -0.0196, near=-0.02) == "−0.0311 [−0.0432, −0.0196]"
    assert w.estimate(0.30, 0.2, 0.4, near=0.2) == "0.30 [0.20, 0.40]"


def test_missing_groups_are_called_missing() -> None:
    assert w.cohort_text({}) == "All rows"
    assert w.cohort_text({"race": "Black", "sex": None}) == "Black, missing"
    assert w.cohort_label({"sex": None}) == "sex: missing"
    assert w.grouping_text({"race": "x", "sex": "y"}) == "race × sex"


def test_bounds_in_words_and_what_cannot_be_read_stays() -> None:
    assert w.bound_text(">= 0.8") == "at least 0.8"
    assert w.bound_words("<= 0.2") == ("above", "0.2")
    assert w.bound_text("about 3") == "about 3"
    assert w.bound_words("") == ("", "")


def test_times_are_local_with_their_zone_or_stay_as_they_are() -> None:
    assert w.when("2026-01-02T03:04:05+00:00").startswith("2026-01-0")
    assert w.when("yesterday") == "yesterday"


@pytest.mark.parametrize(
    ("summary", "text"),
    [
        (Summary("pass", required={"pass": 14}), "Pass: all 14 required checks pass"),
        (Summary("pass", required={"pass": 1}), "Pass: the one required check passes"),
        (Summary("fail", required={"fail": 1}), "Fail: the one required check fails"),
        (Summary("not_evaluated"), "Not evaluated: no check was asked for"),
        (Summary("warn", {"warn": 2, "pass": 1}), "Warn: 2 of 3 optional checks warn"),
        (
            Summary("fail", required={"fail": 1, "error": 2, "pass": 3}),
            "Fail: 1 of 6 required checks fails, 2 ended in an error",
        ),
    ],
)
def test_headlines(summary: Summary, text: str) -> None:
    assert headline(summary) == text


def test_windows_that_fail_are_told_once_with_the_worst(evidence: Any) -> None:
    told = [f.sentence for f in findings(evidence) if f.verdict == "fail"]
    assert told == [
        "Population stability index of car_value is above 0.2 in all current rows and in 4 windows since 2019-03-01"
        " (worst: 0.60 [0.57, 0.63] in the window of 2019-06-01, n\u00a0=\u00a05,000)."
    ]


def test_an_interval_across_the_bound_may_be_beyond_it(evidence: Any) -> None:
    told = [f.sentence for f in findings(evidence) if f.verdict == "warn"]
    assert told == [
        "Population stability index of car_value may be above 0.2 in the window of 2019-02-01:"
        " 0.20 [0.19, 0.21], n\u00a0=\u00a05,000."
    ]


def test_what_could_not_be_evaluated_says_why(evidence: Any) -> None:
    told = {f.verdict: f.sentence for f in findings(evidence)}
    assert told["not_evaluated"] == (
        "Parity difference could not be evaluated: no sensitive role is set: add roles.sensitive."
    )
    assert told["error"] == "Worst group ended in an error: ZeroDivisionError: division by zero."


def test_worst_comes_first_and_passes_are_told_in_one_sentence(evidence: Any) -> None:
    found = findings(evidence)
    assert [f.verdict for f in found] == ["fail", "not_evaluated", "warn", "pass", "error"]
    assert "is at most 0.2" in found[3].sentence
    assert found[3].results == 8
    first = worst_of(found, "drift")
    assert first is not None
    assert first.verdict == "fail"
    assert worst_of(found, "nobody") is None


def test_many_places_of_one_check_are_told_in_one_sentence(samples: Any) -> None:
    many = [m for i in range(6) for m in samples.drifted(f"column_{i}", 0.3 + i / 10)]
    told = findings(_with(samples, [samples.judged(m, "fail") for m in many]))
    assert len(told) == 1
    assert "of 6 columns is above 0.2" in told[0].sentence
    assert "of column_5" in told[0].sentence
    assert told[0].results == 42


def test_reasons_that_differ_in_numbers_are_one_finding(samples: Any) -> None:
    small = [samples.measured(samples.RATE, 0.5, cohort={"sex": str(i)}, n=i) for i in (7, 8)]
    verdicts = [samples.judged(m, "not_evaluated", reason=f"{m.n} rows, 30 needed") for m in small]
    told = findings(_with(samples, verdicts))
    assert [f.sentence for f in told] == [
        "Selection rate could not be evaluated in 2 places: 7 rows, 30 needed (for example)."
    ]


def test_a_gap_names_its_two_groups(samples: Any) -> None:
    pair = [{"race": "Asian"}, {"race": None}]
    gap = samples.measured(samples.GAP, 0.31, across="race", groups=pair, low=0.29, high=0.33)
    told = findings(_with(samples, [samples.judged(gap, "fail", "<= 0.1")]))
    assert told[0].sentence == (
        "Parity difference across race is above 0.1 in all current rows:"
        " 0.31 [0.29, 0.33] between Asian and missing, n\u00a0=\u00a05,000."
    )


def test_checks_are_counted_once_with_their_worst_result(evidence: Any) -> None:
    summary = summarise(evidence.verdicts)
    assert (summary.verdict, summary.required["fail"], summary.required["not_evaluated"]) == ("fail", 1, 1)
    assert summary.counts["error"] == 1
    assert sum(summary.required.values()) == 2
    assert not summarise([]).verdict


def test_excess_knows_the_direction_of_the_bound(samples: Any) -> None:
    low = samples.measured(samples.RATE, 0.6)
    assert excess(samples.judged(low, "fail", ">= 0.8")) == pytest.approx(0.25)
    assert excess(samples.judged(low, "pass", "<= 0.8")) == pytest.approx(-0.25)
    assert not excess(samples.judged(low, "pass", "nonsense"))


def _with(samples: Any, verdicts: list[Any]) -> Any:
    from dataclasses import replace

    return replace(samples.sample(), verdicts=verdicts)
